//! `ready` of `[start]` and of companions.

use super::findings::Findings;
use crate::scenario::file::{Cursor, ReadyTable, StatusWord};
use crate::scenario::{
    DEFAULT_METHOD, EngineReadiness, HttpReadiness, LogReadiness, NetworkReadiness, Readiness, StatusPattern,
};
use crate::unit::Nanos;

/// The status code that counts as ready where the scenario names none.
const READY_STATUS: u16 = 200;

/// The time between two commands where the scenario names none.
const BETWEEN_COMMANDS: Nanos = Nanos::from_millis(100);

/// The least of it: each is a container's process that the engine begins, which takes from the application.
const LEAST_BETWEEN_COMMANDS: Nanos = Nanos::from_millis(50);

/// Each kind and the keys that belong to it.
const KINDS: [(&str, &[&str]); 6] = [
    ("http", &["port", "method", "status", "headers", "body-contains"]),
    ("tcp", &[]),
    ("log", &["times", "stream"]),
    ("health", &["every"]),
    ("exec", &["every"]),
    ("exit", &[]),
];

/// Resolves what counts as started, by the key `name`; that it is absent was noted before.
pub(super) fn ready(
    table: Option<ReadyTable>,
    name: &str,
    at: &Cursor<'_>,
    findings: &mut Findings<'_>,
) -> Readiness {
    if let Some(table) = &table {
        check_kind(table, name, at, findings);
    }
    let table = table.unwrap_or_default();
    if let Some(port) = table.tcp {
        return Readiness::Network(NetworkReadiness::Tcp(port));
    }
    let engine = if let Some(contains) = table.log {
        check_text(&contains, &at.key("log"), findings);
        EngineReadiness::Log(LogReadiness {
            contains,
            times: table.times.unwrap_or(1),
            stream: table.stream,
        })
    } else if table.health.is_some() {
        EngineReadiness::Health {
            every: table.every.map(|every| every.0),
        }
    } else if let Some(command) = table.exec {
        let every = table.every.map_or(BETWEEN_COMMANDS, |every| every.0);
        check_command(&command, every, at, findings);
        EngineReadiness::Exec { command, every }
    } else if let Some(codes) = table.exit {
        if codes.is_empty() && !at.key("exit").has_cut() {
            findings
                .at(&at.key("exit"), "`exit` accepts no exit code")
                .hint("a container that has done its work ends with 0: `exit = [0]`");
        }
        EngineReadiness::Exit(codes)
    } else {
        return Readiness::Network(NetworkReadiness::Http(http(table, at, findings)));
    };
    Readiness::Engine(engine)
}

/// Notes a table of no kind or several, and keys that belong to another one.
fn check_kind(table: &ReadyTable, name: &str, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let given: Vec<&str> = given(table);
    let kinds: Vec<&str> = KINDS
        .iter()
        .map(|(kind, _)| *kind)
        .filter(|kind| given.contains(kind))
        .collect();
    let kind = match kinds[..] {
        [kind] => kind,
        [] => {
            if !at.has_cut() {
                findings
                    .at(at, format!("`{name}` does not say what counts as started"))
                    .hint(
                        "give exactly one of `http`, `tcp`, `log`, `health`, `exec` and `exit`, such as \
                     `ready = { http = \"/health\", port = 8000 }`",
                    );
            }
            return;
        }
        [first, second, ..] => {
            findings
                .at_key(
                    &at.key(second),
                    format!("`{name}` says both `{first}` and `{second}`"),
                )
                .label("expected one of them");
            return;
        }
    };
    for key in given.iter().filter(|key| **key != kind) {
        let belongs_to: Vec<&str> = KINDS
            .iter()
            .filter(|(_, keys)| keys.contains(key))
            .map(|(kind, _)| *kind)
            .collect();
        if !belongs_to.contains(&kind) {
            findings
                .at_key(&at.key(key), format!("`{key}` has no meaning with `{kind}`"))
                .label(format!("belongs to `{}`", belongs_to.join("` and `")));
        }
    }
    if kind == "http" && table.port.is_none() && !at.key("port").has_cut() {
        findings
            .at(at, format!("`{name}` lacks the key `port`"))
            .hint("`port`: the port that the application listens on inside the container");
    }
    if table.health == Some(false) {
        findings
            .at(&at.key("health"), "`health = false` says nothing about readiness")
            .hint("give `health = true`, or another kind of readiness");
    }
}

/// The keys that the table has.
fn given(table: &ReadyTable) -> Vec<&'static str> {
    let keys = [
        ("http", table.http.is_some()),
        ("tcp", table.tcp.is_some()),
        ("log", table.log.is_some()),
        ("health", table.health.is_some()),
        ("exec", table.exec.is_some()),
        ("exit", table.exit.is_some()),
        ("port", table.port.is_some()),
        ("method", table.method.is_some()),
        ("status", table.status.is_some()),
        ("headers", table.headers.is_some()),
        ("body-contains", table.body_contains.is_some()),
        ("times", table.times.is_some()),
        ("stream", table.stream.is_some()),
        ("every", table.every.is_some()),
    ];
    keys.into_iter()
        .filter_map(|(key, is_given)| is_given.then_some(key))
        .collect()
}

/// Notes text of which no line could be found.
fn check_text(text: &str, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    if text.is_empty() {
        findings
            .at(at, "`log` is empty, which every line holds")
            .hint("give a part of the line that is printed last, such as `log = \"Listening on\"`");
    } else if text.contains(['\n', '\r']) {
        findings
            .at(at, format!("{text:?} is more than one line"))
            .label("expected a part of one line");
    }
}

fn check_command(command: &[String], every: Nanos, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    if command.is_empty() && !at.key("exec").has_cut() {
        findings
            .at(&at.key("exec"), "`exec` is empty")
            .hint("give a command of the image, such as `exec = [\"pg_isready\"]`");
    }
    if every < LEAST_BETWEEN_COMMANDS {
        findings
            .at(
                &at.key("every"),
                format!("commands {every} apart would slow down what is measured"),
            )
            .label(format!("expected at least {LEAST_BETWEEN_COMMANDS}"));
    }
}

fn http(table: ReadyTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> HttpReadiness {
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
    let method = table.method.unwrap_or_else(|| DEFAULT_METHOD.to_owned());
    if !is_token(&method) {
        findings
            .at(&at.key("method"), format!("{method:?} is no method of a request"))
            .label("expected a word such as `GET` or `HEAD`");
    }
    if method == "HEAD" && table.body_contains.is_some() {
        findings
            .at_key(&at.key("body-contains"), "the response to `HEAD` has no body")
            .label("would never be found");
    }
    for name in table.headers.iter().flatten().map(|(name, _)| name) {
        if !is_token(name) {
            findings.at_key(
                &at.key("headers").key(name),
                format!("{name:?} is no name of a header field"),
            );
        }
    }
    let mut readiness = HttpReadiness::of(table.http.unwrap_or_default(), table.port.unwrap_or_default());
    if let Some(status) = table.status {
        readiness.status = status.into_iter().map(pattern).collect();
    }
    readiness.method = method;
    readiness.headers = table.headers.unwrap_or_default();
    readiness.body_contains = table.body_contains;
    readiness
}

fn pattern(word: StatusWord) -> StatusPattern {
    match word {
        StatusWord::Code(code) => StatusPattern::Code(code),
        StatusWord::Class(class) => StatusPattern::Class(class),
    }
}

/// Whether `text` is a token of RFC 9110, section 5.6.2: what methods and names of fields are made of.
fn is_token(text: &str) -> bool {
    let is_mark = |byte: u8| b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || is_mark(byte))
}
