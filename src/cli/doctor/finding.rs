//! What was looked at, and what it means for measurements.

use std::io::{self, Write};

use serde::Serialize;
use textwrap::Options;

/// Columns of the text.
const WIDTH: usize = 80;

/// Columns before what was found: the topic and the level.
const INDENT: usize = 18;

/// How a finding stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Level {
    /// Nothing that spoils measurements.
    Ok,
    /// It could not be found out.
    Unknown,
    /// It spoils measurements.
    Warning,
    /// Nothing can be measured.
    Error,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "?",
            Self::Warning => "warn",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Finding {
    /// What was looked at, in one word.
    pub(super) topic: &'static str,
    pub(super) level: Level,
    /// What it is, in words.
    pub(super) found: String,
    /// What it does to measurements; absent where nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) spoils: Option<String>,
    /// What to do about it.
    #[serde(rename = "do", skip_serializing_if = "Option::is_none")]
    pub(super) advice: Option<String>,
}

impl Finding {
    pub(super) fn ok(topic: &'static str, found: impl Into<String>) -> Self {
        Self {
            topic,
            level: Level::Ok,
            found: found.into(),
            spoils: None,
            advice: None,
        }
    }

    pub(super) fn unknown(topic: &'static str, found: impl Into<String>) -> Self {
        Self {
            level: Level::Unknown,
            ..Self::ok(topic, found)
        }
    }

    pub(super) fn warning(
        topic: &'static str,
        found: impl Into<String>,
        spoils: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Warning,
            spoils: Some(spoils.into()),
            advice: Some(advice.into()),
            ..Self::ok(topic, found)
        }
    }
}

/// Writes findings for people, below each other, within 80 columns.
pub(super) fn write_findings(findings: &[Finding], out: &mut dyn Write) -> io::Result<()> {
    let indent = " ".repeat(INDENT);
    for finding in findings {
        let head = format!("{:<11}{:<7}", finding.topic, finding.level.word());
        writeln!(out, "{}", wrapped(&finding.found, &head, &indent))?;
        if let Some(spoils) = &finding.spoils {
            writeln!(out, "{}", wrapped(&format!("spoils: {spoils}"), &indent, &indent))?;
        }
        if let Some(advice) = &finding.advice {
            writeln!(out, "{}", wrapped(&format!("do: {advice}"), &indent, &indent))?;
        }
    }
    let count = |level| findings.iter().filter(|finding| finding.level == level).count();
    let warnings = count(Level::Warning) + count(Level::Error);
    match warnings {
        0 => writeln!(out, "\nnothing here spoils measurements"),
        1 => writeln!(out, "\n1 thing here spoils measurements"),
        _ => writeln!(out, "\n{warnings} things here spoil measurements"),
    }
}

fn wrapped(text: &str, first: &str, rest: &str) -> String {
    let options = Options::new(WIDTH).initial_indent(first).subsequent_indent(rest);
    textwrap::fill(text, options)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_finding_says_what_it_spoils_and_what_to_do() {
        let findings = [
            Finding::ok("daemon", "Docker Engine 20.10.24"),
            Finding::unknown("governor", "the kernel shows none"),
            Finding::warning(
                "disk",
                "1.00 GiB of 40.0 GiB is free at /var/lib/docker, with a path that is too long for one line",
                "a build fails where the disk is full, and before that the builder removes records",
                "make room",
            ),
        ];
        let mut out = Vec::new();
        write_findings(&findings, &mut out).unwrap();
        insta::assert_snapshot!(String::from_utf8(out).unwrap(), @"
        daemon     ok     Docker Engine 20.10.24
        governor   ?      the kernel shows none
        disk       warn   1.00 GiB of 40.0 GiB is free at /var/lib/docker, with a path
                          that is too long for one line
                          spoils: a build fails where the disk is full, and before that
                          the builder removes records
                          do: make room

        1 thing here spoils measurements
        ");
    }
}
