//! Reads every Dockerfile below `tests/dockerfile` and compares it with the `expected` beside it, and every one
//! below `tests/dockerfile-negative` with its `error`. A new folder is a new case; `UPDATE_EXPECT=1` writes the
//! second file, which is then to be read.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use seatrial::dockerfile::{Dockerfile, Instruction};

#[test]
fn every_dockerfile_reads_as_expected() {
    walk("tests/dockerfile", "expected", |text| {
        describe(&Dockerfile::parse(text).expect("a case that parses"))
    });
}

#[test]
fn every_bad_dockerfile_is_refused_as_expected() {
    walk("tests/dockerfile-negative", "error", |text| {
        let error = Dockerfile::parse(text).expect_err("a case that does not parse");
        let hint = error
            .hint
            .as_ref()
            .map_or(String::new(), |hint| format!("hint: {hint}\n"));
        format!("{error}\noffending: {:?}\n{hint}", &text[error.span.clone()])
    });
}

/// One line per instruction: its lines, its number in its stage, its text, its here-documents.
fn describe(dockerfile: &Dockerfile) -> String {
    let mut description = String::new();
    if let Some(syntax) = &dockerfile.syntax {
        writeln!(description, "syntax {syntax}").expect("a string takes everything");
    }
    writeln!(description, "escape {}", dockerfile.escape).expect("a string takes everything");
    for argument in dockerfile.global_arguments() {
        writeln!(description, "argument {} = {:?}", argument.name, argument.default)
            .expect("a string takes everything");
    }
    for stage in &dockerfile.stages {
        let name = stage.name.as_deref().unwrap_or("-");
        writeln!(description, "stage {} {name}: {}", stage.index, stage.base)
            .expect("a string takes everything");
        let numbered: Vec<&Instruction> = stage.numbered().collect();
        for instruction in std::iter::once(&stage.from).chain(&stage.instructions) {
            let number = numbered.iter().position(|other| *other == instruction);
            let number = number.map_or("-".to_owned(), |at| format!("{}/{}", at + 1, numbered.len()));
            let (first, last) = (instruction.lines.start(), instruction.lines.end());
            writeln!(description, "  {first}-{last} {number} {}", instruction.text)
                .expect("a string takes everything");
            for heredoc in &instruction.heredocs {
                let (name, expand, tabs) = (&heredoc.name, heredoc.expand, heredoc.strip_tabs);
                let body = &heredoc.body;
                writeln!(
                    description,
                    "    {name} expand={expand} strip_tabs={tabs} {body:?}"
                )
                .expect("a string takes everything");
            }
        }
    }
    description
}

fn walk(folder: &str, expectation: &str, read: impl Fn(&str) -> String) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut cases: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("a folder of cases can be read and written")
        .map(|entry| entry.expect("a folder of cases can be read and written").path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "{} holds no case", folder.display());
    for case in cases {
        let text =
            fs::read_to_string(case.join("Dockerfile")).expect("a folder of cases can be read and written");
        let found = read(&text);
        let path = case.join(expectation);
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &found).expect("a folder of cases can be read and written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(found, expected, "{}", path.display());
    }
}
