//! `seatrial list`: the scenarios below a folder.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::scenario_folder::find;
use super::{ExitCode, Failure};
use crate::scenario::Overrides;

/// How to list scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListFormat {
    /// A line for each.
    Text,
    /// An array of objects.
    Json,
}

/// One listed scenario.
#[derive(Debug, Serialize)]
struct Listed {
    path: String,
    /// Absent where the scenario has mistakes.
    title: Option<String>,
    tags: Vec<String>,
    variants: Vec<String>,
    mistakes: usize,
}

/// Writes the scenarios at or below `folder` that have one of `tags`; all without tags.
///
/// # Errors
///
/// Where nothing is found, with what exists; or `out` cannot be written.
pub(super) fn list(
    folder: &Path,
    tags: &[String],
    format: ListFormat,
    out: &mut dyn Write,
) -> Result<ExitCode, Failure> {
    let mut all = Vec::new();
    for found in find(folder) {
        let checked = found.check(&Overrides::default())?;
        let mistakes = checked.problems.len();
        let path = found.path().display().to_string();
        all.push(match checked.scenario {
            Some(scenario) => Listed {
                path,
                title: Some(scenario.title),
                tags: scenario.tags,
                variants: scenario
                    .variants
                    .into_iter()
                    .map(|variant| variant.name)
                    .collect(),
                mistakes,
            },
            None => Listed {
                path,
                title: None,
                tags: Vec::new(),
                variants: Vec::new(),
                mistakes,
            },
        });
    }
    if all.is_empty() {
        let message = format!("there is no scenario in `{}` or below", folder.display());
        return Err(Failure::new(ExitCode::Usage, message)
            .with_hints(["a scenario is a folder with a file `scenario.toml`".to_owned()]));
    }
    let listed = select(all, tags)?;
    match format {
        ListFormat::Json => {
            let json = serde_json::to_string_pretty(&listed);
            let json = json.map_err(|error| Failure::new(ExitCode::Failed, error))?;
            writeln!(out, "{json}")?;
        }
        ListFormat::Text => {
            for scenario in &listed {
                write_line(scenario, out)?;
            }
        }
    }
    Ok(ExitCode::Done)
}

/// Keeps the scenarios with one of the tags.
fn select(all: Vec<Listed>, tags: &[String]) -> Result<Vec<Listed>, Failure> {
    for tag in tags {
        if !all.iter().any(|scenario| scenario.tags.contains(tag)) {
            let mut existing: Vec<&str> = all
                .iter()
                .flat_map(|scenario| scenario.tags.iter().map(String::as_str))
                .collect();
            existing.sort_unstable();
            existing.dedup();
            let hint = format!("the tags are: {}", existing.join(", "));
            let message = format!("`--tag {tag}` matches no scenario");
            return Err(Failure::new(ExitCode::Usage, message).with_hints([hint]));
        }
    }
    Ok(all
        .into_iter()
        .filter(|scenario| tags.is_empty() || scenario.tags.iter().any(|tag| tags.contains(tag)))
        .collect())
}

fn write_line(scenario: &Listed, out: &mut dyn Write) -> std::io::Result<()> {
    if let Some(title) = &scenario.title {
        let tags = if scenario.tags.is_empty() {
            String::new()
        } else {
            format!("  [{}]", scenario.tags.join(", "))
        };
        writeln!(out, "{}  {title}{tags}", scenario.path)
    } else {
        let noun = if scenario.mistakes == 1 {
            "mistake"
        } else {
            "mistakes"
        };
        let count = scenario.mistakes;
        writeln!(
            out,
            "{}  {count} {noun}, which `seatrial check` names",
            scenario.path
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(tags: &[&str], format: ListFormat) -> Result<String, String> {
        let tags: Vec<String> = tags.iter().map(|tag| (*tag).to_owned()).collect();
        let mut out = Vec::new();
        match list(Path::new("tests/fixtures/scenarios"), &tags, format, &mut out) {
            Ok(_) => Ok(String::from_utf8(out).unwrap()),
            Err(failure) => {
                let mut text = Vec::new();
                failure.render(&mut text).unwrap();
                Err(String::from_utf8(text).unwrap())
            }
        }
    }

    #[test]
    fn lists_what_checks_and_says_what_does_not() {
        insta::assert_snapshot!(listed(&[], ListFormat::Text).unwrap(), @"
        tests/fixtures/scenarios/five-mistakes  5 mistakes, which `seatrial check` names
        tests/fixtures/scenarios/small  A small scenario: one edit, two orders  [cache, small]
        ");
        insta::assert_snapshot!(listed(&["cache"], ListFormat::Json).unwrap(), @r#"
        [
          {
            "path": "tests/fixtures/scenarios/small",
            "title": "A small scenario: one edit, two orders",
            "tags": [
              "cache",
              "small"
            ],
            "variants": [
              "plain",
              "ordered"
            ],
            "mistakes": 0
          }
        ]
        "#);
    }

    #[test]
    fn a_tag_that_nothing_has_is_an_error_that_lists_the_tags() {
        insta::assert_snapshot!(listed(&["nightly"], ListFormat::Text).unwrap_err(), @"
        error: `--tag nightly` matches no scenario
          hint: the tags are: cache, small
        ");
    }
}
