//! `[start]`.

use super::container_options;
use super::findings::Findings;
use super::input::ScenarioInput;
use super::settings::StartCounts;
use crate::scenario::file::{Cursor, ReadyTable, StartTable};
use crate::scenario::{HttpReadiness, StartSettings};

/// The status code that counts as ready where the scenario names none.
const READY_STATUS: u16 = 200;

/// Resolves `[start]`.
pub(super) fn start(
    mut table: StartTable,
    counts: StartCounts,
    at: &Cursor<'_>,
    input: &ScenarioInput<'_>,
    findings: &mut Findings<'_>,
) -> StartSettings {
    let table_of_ready = table.ready.take().unwrap_or_default();
    StartSettings {
        samples: counts.samples,
        warmups: counts.warmups,
        ready: ready(table_of_ready, &at.key("ready"), findings),
        timeout: counts.timeout,
        container: container_options::options(table, at, input, findings),
    }
}

fn ready(table: ReadyTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> HttpReadiness {
    if let Some(path) = &table.http {
        let fault = if path.starts_with('/') {
            (!path.chars().all(|character| character.is_ascii_graphic()))
                .then_some("expected no spaces and no letters beyond ASCII; write them as `%20`")
        } else {
            Some("expected a path that begins with `/`")
        };
        if let Some(expected) = fault {
            let problem = findings.at(&at.key("http"), format!("{path:?} is no path to ask for"));
            problem.label(expected);
            if !path.contains("://") && !path.starts_with('/') {
                problem.hint(format!("did you mean \"/{path}\"?"));
            }
        }
    }
    if table.status.as_ref().is_some_and(Vec::is_empty) && !at.key("status").has_cut() {
        findings
            .at(&at.key("status"), "`status` accepts no status code")
            .hint(format!("leave it out to accept {READY_STATUS}"));
    }
    HttpReadiness {
        path: table.http.unwrap_or_default(),
        port: table.port.unwrap_or_default(),
        status: table.status.unwrap_or_else(|| vec![READY_STATUS]),
        body_contains: table.body_contains,
    }
}
