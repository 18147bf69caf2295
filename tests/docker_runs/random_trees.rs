//! Random trees under random ignore files: what `seatrial context` keeps of them, and what our own client would send,
//! is what the docker command sends.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use seatrial::context::{Entry, EntryKind, Selection};
use seatrial::dockerignore::IgnoreFile;
use seatrial::run::ContextTree as _;
use seatrial::workspace::ServedTree;

use crate::daemon::daemon;
use crate::fixture_tree::set_mode;
use crate::records::Records;
use crate::sent_context::{Kept, described, reads_contexts_as_the_newest, sent_by_the_docker_command};
use crate::soak::{Dice, soaking, tell};
use crate::support::text;

/// How many trees the long form tries, and the ordinary one.
const TREES: (u64, u64) = (1_000, 20);

/// What names are made of: everything that means something in a pattern, and letters that repeat.
const NAME_PARTS: [&str; 34] = [
    "a", "b", "ab", "a", "b", "c", "A", "1", ".", "..a", "-", "_", " ", "!", "#", "*", "**", "?", "[", "]",
    "[a]", "\\", "^", "$", "+", "(", ")", "|", "{", "}", "é", "日", "~", ",",
];

/// What patterns are made of, besides names of the tree.
const PATTERN_PARTS: [&str; 56] = [
    "a",
    "b",
    "ab",
    "c",
    "A",
    "*",
    "**",
    "?",
    "*",
    "**",
    "/",
    "/",
    "/",
    "//",
    "/./",
    "/../",
    "**/",
    "/**",
    "*/",
    "/*",
    ".",
    "..",
    "!",
    "#",
    " ",
    "\\",
    "\\*",
    "\\?",
    "\\[",
    "\\\\",
    "\\a",
    "\\d",
    "\\w",
    "\\b",
    "\\!",
    "\\#",
    "\\.",
    "\\Q",
    "[ab]",
    "[a-c]",
    "[^a]",
    "[!a]",
    "[",
    "]",
    "[]a]",
    "[a-]",
    "[[:alpha:]]",
    "[\\]]",
    "^",
    "$",
    "+",
    "(a)",
    "a|b",
    "{a,b}",
    "é",
    "日",
];

fn name(dice: &mut Dice) -> String {
    let mut name = String::new();
    for _ in 0..=dice.index(3) {
        name.push_str(dice.one_of(&NAME_PARTS));
    }
    if name == "." || name == ".." {
        "dots".to_owned()
    } else {
        name
    }
}

/// Makes a tree of up to some 30 paths; returns them, folders included.
fn grow(folder: &Path, dice: &mut Dice) -> Vec<String> {
    let mut folders = vec![String::new()];
    let mut paths: Vec<String> = Vec::new();
    for _ in 0..8 + dice.index(24) {
        let parent = folders[dice.index(folders.len())].clone();
        let path = if parent.is_empty() {
            name(dice)
        } else {
            format!("{parent}/{}", name(dice))
        };
        let place = folder.join(&path);
        if fs::symlink_metadata(&place).is_ok() || path == ".dockerignore" || path.split('/').count() > 5 {
            continue;
        }
        match dice.index(12) {
            0..=4 => {
                fs::create_dir(&place).unwrap();
                set_mode(&place, [0o755, 0o755, 0o700, 0o1777][dice.index(4)]);
                folders.push(path.clone());
            }
            5 => {
                let target = match dice.index(3) {
                    0 if !paths.is_empty() => paths[dice.index(paths.len())].clone(),
                    1 => "../".repeat(dice.index(4) + 1),
                    _ => name(dice),
                };
                symlink(target, &place).unwrap();
            }
            6 if !paths.is_empty() => {
                let first = folder.join(&paths[dice.index(paths.len())]);
                if !fs::symlink_metadata(&first).unwrap().is_file() {
                    continue;
                }
                fs::hard_link(first, &place).unwrap();
            }
            _ => {
                fs::write(&place, "x".repeat(dice.index(4))).unwrap();
                set_mode(&place, [0o644, 0o644, 0o600, 0o4755][dice.index(4)]);
            }
        }
        paths.push(path);
    }
    paths
}

/// A pattern: a name of the tree, one that was changed somewhere, or anything.
fn pattern(paths: &[String], dice: &mut Dice) -> String {
    let mut pattern = match dice.index(8) {
        0..=4 if !paths.is_empty() => paths[dice.index(paths.len())].clone(),
        _ => String::new(),
    };
    match dice.index(5) {
        0 if !pattern.is_empty() => {}
        1 | 2 if !pattern.is_empty() => {
            // One component, or one character, becomes something else.
            let mut parts: Vec<String> = pattern.split('/').map(str::to_owned).collect();
            let part = dice.index(parts.len());
            if dice.index(2) == 0 {
                let other = dice.one_of(&["*", "**", "?", "?*", "*?", "", ".", "[^b]*", "**a", "a**"]);
                parts[part].clear();
                parts[part].push_str(other);
            } else {
                let at = dice.index(parts[part].chars().count() + 1);
                let (before, after): (Vec<_>, Vec<_>) = parts[part]
                    .chars()
                    .enumerate()
                    .partition(|(index, _)| *index < at);
                let text =
                    |half: Vec<(usize, char)>| half.into_iter().map(|(_, char)| char).collect::<String>();
                let keep_one = dice.index(2);
                let after: String = text(after).chars().skip(keep_one).collect();
                parts[part] = format!("{}{}{after}", text(before), dice.one_of(&PATTERN_PARTS));
            }
            pattern = parts.join("/");
        }
        _ => {
            for _ in 0..=dice.index(4) {
                pattern.push_str(dice.one_of(&PATTERN_PARTS));
            }
        }
    }
    let before = dice.one_of(&["", "", "", "", "/", "./", "**/", " "]);
    let after = dice.one_of(&["", "", "", "", "/", "/**", "/*", " "]);
    format!("{before}{pattern}{after}")
}

fn ignore_file(paths: &[String], dice: &mut Dice) -> String {
    let mut text = dice.one_of(&["", "", "", "\u{feff}"]).to_owned();
    let end = dice.one_of(&["\n", "\n", "\r\n"]);
    for _ in 0..=dice.index(6) {
        let line = match dice.index(16) {
            0 => "# a comment".to_owned(),
            1 => String::new(),
            2..=6 => format!("!{}", pattern(paths, dice)),
            7 => format!("! {}", pattern(paths, dice)),
            _ => pattern(paths, dice),
        };
        text.push_str(&line);
        text.push_str(end);
    }
    text
}

/// What `seatrial context --list` keeps; its own words where it refuses.
pub(crate) fn kept_by_seatrial(folder: &Path) -> Result<BTreeSet<Vec<u8>>, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_seatrial"))
        .args(["context", "--list", "-0"])
        .arg(folder)
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(text(&output.stderr));
    }
    let paths = output
        .stdout
        .split(|byte| *byte == 0)
        .filter(|path| !path.is_empty());
    Ok(paths.map(<[u8]>::to_vec).collect())
}

/// What our own client sends when the builder asks as it does for `COPY . /`.
pub(crate) fn served(folder: &Path) -> Result<Kept, String> {
    let rules = fs::read(folder.join(".dockerignore")).unwrap_or_default();
    let ignore = IgnoreFile::parse(&rules).map_err(|error| error.to_string())?;
    let selection = Selection {
        exclude_patterns: ignore.exclude_patterns(),
        ..Selection::default()
    };
    let mut entries = Vec::new();
    let walked = ServedTree::new(folder.to_owned()).walk(&selection, &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    });
    walked.map_err(|fault| fault.to_string())?;
    let size_of = |path: &str| {
        let found = entries.iter().find(|entry| entry.path == path);
        found.map_or(0, |entry| entry.size().0)
    };
    let told = |entry: &Entry| match &entry.kind {
        EntryKind::File { size_bytes, .. } => described('-', entry.mode, &size_bytes.0.to_string()),
        EntryKind::Hardlink { target } => described('-', entry.mode, &size_of(target).to_string()),
        EntryKind::Directory => described('d', entry.mode, ""),
        EntryKind::Symlink { target } => described('l', 0o777, target),
        EntryKind::Socket => described('-', entry.mode, "0"),
        EntryKind::Fifo => described('p', entry.mode, ""),
        EntryKind::CharDevice { .. } => described('c', entry.mode, ""),
        EntryKind::BlockDevice { .. } => described('b', entry.mode, ""),
    };
    let told = entries
        .iter()
        .map(|entry| (entry.path.clone().into_bytes(), told(entry)));
    Ok(told.collect())
}

/// What came of one tree.
enum Outcome {
    Same,
    /// A line is refused by us that the docker command never came to try.
    RefusedByName(String),
    Differs(String),
}

/// Grows a tree and says how the three differ about it.
fn compare(seed: u64) -> Outcome {
    let work = tempfile::tempdir().unwrap();
    let folder = work.path().join("tree");
    fs::create_dir(&folder).unwrap();
    let mut dice = Dice::of(seed);
    let paths = grow(&folder, &mut dice);
    let rules = ignore_file(&paths, &mut dice);
    fs::write(folder.join(".dockerignore"), &rules).unwrap();
    set_mode(&folder.join(".dockerignore"), 0o644);

    let command = sent_by_the_docker_command(&folder, work.path());
    let context = kept_by_seatrial(&folder);
    let client = served(&folder);
    let mut told = String::new();
    match (&command, &context, &client) {
        // The docker command finds some mistakes only when it comes to try the line on a path; we find them always.
        (Err(_), Err(_), Err(_)) => {}
        (Ok(_), Err(context), Err(_)) if context.contains("is malformed") => {
            return Outcome::RefusedByName(format!("seed {seed}, rules {rules:?}: {context}"));
        }
        (Ok(command), Ok(context), Ok(client)) => {
            let by_command: BTreeSet<_> = command.keys().cloned().collect();
            if *context != by_command {
                let list = |paths: Vec<&Vec<u8>>| {
                    let texts = paths
                        .into_iter()
                        .map(|path| format!("{:?}", String::from_utf8_lossy(path)));
                    texts.collect::<Vec<_>>().join(" ")
                };
                let extra = list(context.difference(&by_command).collect());
                let missing = list(by_command.difference(context).collect());
                write!(
                    told,
                    "  kept by seatrial alone: {extra}\n  sent by the docker command alone: {missing}\n"
                )
                .unwrap();
            }
            if client != command {
                write!(
                    told,
                    "  sent by the command: {command:?}\n  by our client: {client:?}\n"
                )
                .unwrap();
            }
        }
        _ => write!(
            told,
            "  command: {command:?}\n  context: {context:?}\n  client: {client:?}\n"
        )
        .unwrap(),
    }
    if told.is_empty() {
        Outcome::Same
    } else {
        Outcome::Differs(format!("seed {seed}, rules {rules:?}, tree {paths:?}\n{told}"))
    }
}

#[test]
fn random_trees_are_kept_as_the_docker_command_sends_them() {
    let Some(_daemon) = daemon() else { return };
    if !reads_contexts_as_the_newest() {
        return;
    }
    // The ordinary form always tries the same ones.
    let (trees, seed) = if soaking() {
        (TREES.0, Dice::new("random trees").below(u64::MAX / 2))
    } else {
        (TREES.1, 1)
    };
    let records = Records::new();
    // One build at a time: of two at once, the builder can give one the ignore file of the other.
    let (mut differences, mut refused) = (Vec::new(), Vec::new());
    for seed_of_tree in seed..seed + trees {
        match compare(seed_of_tree) {
            Outcome::Same => {}
            Outcome::RefusedByName(told) => refused.push(told),
            Outcome::Differs(told) => differences.push(told),
        }
        if (seed_of_tree - seed) % 100 == 99 {
            records.prune();
        }
    }
    if soaking() {
        tell(&format!(
            "{trees} trees, {} differ, {} refused for a line that the docker command did not try\n{}",
            differences.len(),
            refused.len(),
            refused.join("\n")
        ));
    }
    assert!(
        differences.is_empty(),
        "{} of {trees}:\n{}",
        differences.len(),
        differences.join("\n")
    );
    // More than a few would mean that we refuse what is right.
    assert!(refused.len() as u64 <= 1 + trees / 20, "{}", refused.join("\n"));
}
