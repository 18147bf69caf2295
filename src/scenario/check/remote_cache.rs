//! `[build.remote-cache]`, and the steps that use it.

use super::findings::Findings;
use crate::scenario::file::{Cursor, RemoteCacheTable, RemoteCacheType};
use crate::scenario::{LayerState, RemoteCache, Step};

/// Resolves the remote cache. `None` where it cannot be resolved.
pub(super) fn remote_cache(
    table: RemoteCacheTable,
    at: &Cursor<'_>,
    findings: &mut Findings<'_>,
) -> Option<RemoteCache> {
    let kind = table.kind?;
    let mode = table.mode.unwrap_or_default();
    if kind == RemoteCacheType::Inline && table.mode.is_some() {
        findings
            .at(&at.key("mode"), "an inline cache has no `mode`")
            .hint("it always holds the layers of the image alone; for those of every stage take `type = \"registry\"`");
    }
    let repository = match kind {
        RemoteCacheType::Inline | RemoteCacheType::Registry => repository(table.repository, at, findings),
        RemoteCacheType::Local => {
            if table.repository.is_some() {
                findings
                    .at(&at.key("repository"), "a local cache has no `repository`")
                    .hint("it lies in a folder of the run's own, which goes with the run");
            }
            String::new()
        }
    };
    Some(match kind {
        RemoteCacheType::Inline => RemoteCache::Inline { repository },
        RemoteCacheType::Registry => RemoteCache::Registry { repository, mode },
        RemoteCacheType::Local => RemoteCache::Local { mode },
    })
}

/// The repository of a cache that is pushed.
fn repository(named: Option<String>, at: &Cursor<'_>, findings: &mut Findings<'_>) -> String {
    let Some(repository) = named else {
        if !at.has_cut() {
            findings
                .at(at, "the remote cache names no `repository`")
                .hint("name one that may be pushed to, such as `127.0.0.1:5000/team/cache`");
        }
        return String::new();
    };
    if !repository.is_empty() {
        check_repository(&repository, &at.key("repository"), findings);
    }
    repository
}

/// Notes steps that need a remote cache where there is none, and one that no step uses.
pub(super) fn check_uses(
    cache: Option<&RemoteCache>,
    steps: &[Step],
    at_build: &Cursor<'_>,
    findings: &mut Findings<'_>,
) {
    let at_steps = at_build.key("step");
    let at_cache = at_build.key("remote-cache");
    let mut used = false;
    for (index, step) in steps.iter().enumerate() {
        let at = at_steps.index(index);
        let needs = [
            (
                step.cache.layers == LayerState::Imported,
                at.key("cache"),
                "imports layers",
            ),
            (step.export_cache, at.key("export-cache"), "exports its cache"),
        ];
        for (_, place, what) in needs.into_iter().filter(|(needs, ..)| *needs) {
            used = true;
            if cache.is_none() && !at_build.has("remote-cache") {
                findings
                    .at(
                        &place,
                        format!(
                            "the step `{}` {what}, and the scenario has no remote cache",
                            step.name
                        ),
                    )
                    .hint("add `[build.remote-cache]` with `type`, and with `repository` unless that is `local`");
            }
        }
    }
    if cache.is_some() && !used {
        findings
            .at(&at_cache, "no step uses the remote cache")
            .hint("set `cache = { layers = \"imported\" }` or `export-cache = true` in a step");
    }
}

/// A repository is a host, perhaps a port, and a path; the tag is the run's.
fn check_repository(repository: &str, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let expected = if repository.contains("://") {
        Some("a repository without a scheme, as in `127.0.0.1:5000/team/cache`")
    } else if repository.contains('@')
        || repository
            .rsplit('/')
            .next()
            .is_some_and(|last| last.contains(':'))
    {
        Some("a repository without tag or digest: each run and variant takes a tag of its own")
    } else if is_repository(repository) {
        None
    } else {
        Some(
            "lower-case letters, digits and `.`, `_`, `-` between slashes, as in `127.0.0.1:5000/team/cache`",
        )
    };
    if let Some(expected) = expected {
        findings.at(
            at,
            format!("{repository:?} is no repository, expected {expected}"),
        );
    }
}

fn is_repository(text: &str) -> bool {
    let is_word = |word: &str| {
        let bytes = word.as_bytes();
        let is_inner =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(byte);
        let is_outer = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        bytes.iter().all(is_inner) && is_outer(bytes.first()) && is_outer(bytes.last())
    };
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    let (host, port) = first.split_once(':').unwrap_or((first, "0"));
    let is_host = |host: &str| is_word(&host.to_ascii_lowercase());
    let has_path = !rest.is_empty() || !first.contains(':');
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    is_host(host) && is_number && has_path && (rest.is_empty() || rest.split('/').all(is_word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repositories_are_told_from_other_texts() {
        for (text, is) in [
            ("127.0.0.1:5000/team/cache", true),
            ("registry.example/cache", true),
            ("team/cache-1_x.y", true),
            ("cache", true),
            ("LOCALHOST:5000/cache", true),
            ("127.0.0.1:5000", false),
            ("127.0.0.1:/cache", false),
            ("host/Cache", false),
            ("host//cache", false),
            ("host/cache-", false),
            ("", false),
            ("ho st/cache", false),
        ] {
            assert_eq!(is_repository(text), is, "{text:?}");
        }
    }
}
