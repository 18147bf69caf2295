//! Showing what is wrong with a scenario: file, line and column, the offending text, and what may help.

use std::io::{self, IsTerminal as _, Write};

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};

use crate::scenario::{Checked, Place, Problem};

/// How problems are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProblemStyle {
    /// Text alone.
    Plain,
    /// With colours.
    Coloured,
}

impl ProblemStyle {
    /// Colours on a terminal, unless `NO_COLOR` is set to anything.
    pub(super) fn of_stderr() -> Self {
        let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        if io::stderr().is_terminal() && !refused {
            Self::Coloured
        } else {
            Self::Plain
        }
    }

    fn renderer(self) -> Renderer {
        match self {
            Self::Plain => Renderer::plain(),
            Self::Coloured => Renderer::styled(),
        }
    }
}

/// Writes every problem of a scenario, with an empty line behind each.
///
/// # Errors
///
/// Where `out` cannot be written.
pub(super) fn write_problems(checked: &Checked, style: ProblemStyle, out: &mut dyn Write) -> io::Result<()> {
    for problem in &checked.problems {
        write_problem(problem, checked, style, out)?;
    }
    Ok(())
}

/// Writes one problem, such as an edit that could not be applied to a trial copy.
///
/// # Errors
///
/// Where `out` cannot be written.
pub(super) fn write_problem(
    problem: &Problem,
    checked: &Checked,
    style: ProblemStyle,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut group = Level::ERROR.primary_title(problem.message.as_str()).elements(
        problem
            .hint
            .iter()
            .filter(|_| problem.place.is_none())
            .map(|hint| Level::HELP.with_name("hint").message(hint.as_str())),
    );
    if let Some(place) = &problem.place {
        let path = place.file.to_string_lossy();
        if let Some(text) = checked.text_of(&place.file) {
            let span = shown_span(text, place);
            let annotation = AnnotationKind::Primary.span(span).label(problem.label.as_deref());
            let snippet = Snippet::source(text).path(path.into_owned());
            group = group.element(snippet.annotation(annotation));
        } else {
            let origin = Origin::path(path.into_owned())
                .line(place.line as usize)
                .char_column(place.column as usize);
            group = group.element(origin);
        }
        if let Some(hint) = &problem.hint {
            group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
        }
    }
    writeln!(out, "{}\n", style.renderer().render(&[group]))
}

/// The bytes to mark: the first line of what is wrong, because a whole block marked says nothing.
fn shown_span(text: &str, place: &Place) -> std::ops::Range<usize> {
    let span = &place.span;
    let first_line = text
        .get(span.clone())
        .and_then(|marked| marked.lines().next())
        .map_or(0, |line| line.trim_end().len());
    span.start..span.start + first_line
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::cli::scenario_folder::ScenarioFolder;
    use crate::scenario::{Overrides, Source};

    fn fixture(name: &str) -> PathBuf {
        Path::new("tests/fixtures/scenarios").join(name)
    }

    fn rendered(checked: &Checked) -> String {
        let mut out = Vec::new();
        write_problems(checked, ProblemStyle::Plain, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn five_mistakes_are_all_shown_where_they_stand() {
        let checked = ScenarioFolder::at(&fixture("five-mistakes"))
            .check(&Overrides::default())
            .unwrap();
        assert_eq!(checked.scenario, None);
        insta::assert_snapshot!(rendered(&checked), @r#"
        error: unknown key `platfrom` in `variant`
          --> tests/fixtures/scenarios/five-mistakes/scenario.toml:13:1
           |
        13 | platfrom = "linux/amd64"
           | ^^^^^^^^ unknown key
           |
           = hint: the keys here are: `args`, `base`, `baseline`, `builder`, `dockerfile`, `ignore`, `name`, `target`

        error: two variants are named `plain`
          --> tests/fixtures/scenarios/five-mistakes/scenario.toml:16:8
           |
        16 | name = "plain"
           |        ^^^^^^^ the first one stands in line 11

        error: `build.rounds` is the string "ten", expected a whole number
          --> tests/fixtures/scenarios/five-mistakes/scenario.toml:20:10
           |
        20 | rounds = "ten"
           |          ^^^^^ expected a whole number

        error: `build.step.edit.append`: the path "/etc/motd" is an absolute path
          --> tests/fixtures/scenarios/five-mistakes/scenario.toml:24:20
           |
        24 | edit = [{ append = "/etc/motd", text = "{{nonce}}\n" }]
           |                    ^^^^^^^^^^^ expected a path inside the context
           |
           = hint: paths of edits and fills are relative to the context and never leave it

        error: unknown instruction `COPPY`
         --> tests/fixtures/scenarios/five-mistakes/Dockerfile:3:1
          |
        3 | COPPY . .
          | ^^^^^^^^^
          |
          = hint: did you mean `COPY`?
        "#);
    }

    #[test]
    fn a_problem_of_the_command_line_has_no_place() {
        let overrides = Overrides {
            steps: vec!["edit sauce".to_owned()],
            ..Overrides::default()
        };
        let checked = ScenarioFolder::at(&fixture("small")).check(&overrides).unwrap();
        insta::assert_snapshot!(rendered(&checked), @"
        error: `--step edit sauce` matches no step
         |
         = hint: did you mean `edit source`? the steps are: `cold`, `edit source`, `touch only`
        ");
    }

    #[test]
    fn places_at_the_end_of_a_text_and_in_unread_files_are_shown() {
        let mut checked = ScenarioFolder::at(&fixture("small"))
            .check(&Overrides::default())
            .unwrap();
        for (path, text) in [("empty.toml", ""), ("short.toml", "a = 1\n")] {
            let source = Source {
                path: path.into(),
                text: text.to_owned(),
            };
            let place = Place::new(&source, text.len()..text.len());
            checked.problems.push(Problem::at(place, "it ends here"));
            checked.sources.push(source);
        }
        let unread = Source {
            path: "unread.toml".into(),
            text: "a\nb".to_owned(),
        };
        checked
            .problems
            .push(Problem::at(Place::new(&unread, 2..3), "nobody kept the text"));
        insta::assert_snapshot!(rendered(&checked), @"
        error: it ends here
         --> empty.toml:1:1
          |
        1 |
          | ^

        error: it ends here
         --> short.toml:1:7
          |
        1 | a = 1
          |      ^

        error: nobody kept the text
        --> unread.toml:2:1
        ");
    }
}
