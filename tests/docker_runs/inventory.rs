//! What a daemon holds, as the docker command tells it.

use std::collections::BTreeSet;

use crate::support::docker;

/// Images, containers, volumes, networks, and records of the build cache.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Inventory(BTreeSet<String>);

impl Inventory {
    /// Asks the docker command.
    pub(crate) fn take() -> Self {
        let kinds: [(&str, &[&str], &str); 4] = [
            (
                "image",
                &["image", "ls", "--all", "--no-trunc"],
                "{{.Repository}}:{{.Tag}} {{.ID}}",
            ),
            (
                "container",
                &["container", "ls", "--all", "--no-trunc"],
                "{{.Names}} {{.Image}} {{.ID}}",
            ),
            ("volume", &["volume", "ls"], "{{.Name}}"),
            ("network", &["network", "ls", "--no-trunc"], "{{.Name}} {{.ID}}"),
        ];
        let list = |(kind, arguments, format): (&str, &[&str], &str)| -> Vec<String> {
            let text = docker(&[arguments, &["--format", format]].concat());
            text.lines().map(|line| format!("{kind} {line}")).collect()
        };
        let mut things: BTreeSet<_> = kinds.into_iter().flat_map(list).collect();
        let usage = docker(&[
            "system",
            "df",
            "--verbose",
            "--format",
            "{{range .BuildCache}}{{.ID}} ({{.CacheType}})\n{{end}}",
        ]);
        things.extend(usage.lines().map(|record| format!("build record {record}")));
        Self(things)
    }

    /// What is in this one and not in `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Vec<String> {
        self.0.difference(&earlier.0).cloned().collect()
    }
}
