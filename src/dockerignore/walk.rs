//! Deciding about every path of a tree, with what is known about the parents reused.

use super::clean::parents;
use super::decision::Decision;
use super::ignore_file::IgnoreFile;
use super::rule::Rule;

/// Which excluded directories are not looked into. What is not looked into cannot be brought back by
/// an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruning {
    /// Every directory is looked into: what the patterns alone say.
    Off,
    /// As the docker command does for the classic builder: an excluded directory is looked into only if
    /// the text of some exception begins with that directory and a slash.
    ClassicClient,
    /// As the clients do for `BuildKit`: as above while every exception is a plain path, but with a
    /// wildcard in any exception every excluded directory is looked into.
    StreamedContext,
}

/// What to do with one path of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visit<'a> {
    /// Whether the path is left out, and why.
    pub decision: Decision<'a>,
    /// Whether the directory is to be entered. True for what is not a directory, too.
    pub enter: bool,
}

/// A walk over a tree, parents before children.
#[derive(Clone, Debug)]
pub struct IgnoreWalk<'a> {
    file: &'a IgnoreFile,
    pruning: Pruning,
    above: Vec<Above<'a>>,
}

/// What is known about a directory on the way to the current path.
#[derive(Clone, Debug)]
struct Above<'a> {
    /// The directory with a slash behind it.
    prefix: String,
    /// For each rule, whether it matched this directory or one above it.
    matched: Vec<bool>,
    /// The rule by which the directory is left out, if it is not entered.
    pruned_by: Option<&'a Rule>,
}

impl<'a> IgnoreWalk<'a> {
    pub(super) fn new(file: &'a IgnoreFile, pruning: Pruning) -> Self {
        Self {
            file,
            pruning,
            above: Vec::new(),
        }
    }

    /// Decides about the next path. Directories that were left out of the sequence are filled in, so
    /// a list of files alone works as well; entering a directory that was to be skipped gives
    /// excluded paths only.
    pub fn visit(&mut self, path: &str, is_directory: bool) -> Visit<'a> {
        while self
            .above
            .last()
            .is_some_and(|above| !path.starts_with(&above.prefix))
        {
            self.above.pop();
        }
        let known = self.above.last().map_or(0, |above| above.prefix.len());
        for parent in parents(path).filter(|parent| parent.len() >= known) {
            self.step(parent, true);
        }
        self.step(path, is_directory)
    }

    fn step(&mut self, path: &str, is_directory: bool) -> Visit<'a> {
        let parent = self.above.last();
        if let Some(rule) = parent.and_then(|above| above.pruned_by) {
            return Visit {
                decision: Decision {
                    excluded: true,
                    rule: Some(rule),
                    by_parent: true,
                },
                enter: false,
            };
        }
        let mut decision = Decision {
            excluded: false,
            rule: None,
            by_parent: false,
        };
        let mut matched = is_directory.then(|| vec![false; self.file.rules().len()]);
        for (index, rule) in self.file.rules().iter().enumerate() {
            let by_parent = parent.is_some_and(|above| above.matched[index]);
            // A plain rule is not even tried on what is excluded already, nor an exception on what is
            // not; but a match of the parent holds, tried or not.
            let applies = rule.is_negated() == decision.excluded;
            let passes = by_parent || applies && rule.matches(path);
            if !passes {
                continue;
            }
            if let Some(matched) = &mut matched {
                matched[index] = true;
            }
            if applies {
                decision = Decision {
                    excluded: !rule.is_negated(),
                    rule: Some(rule),
                    by_parent,
                };
            }
        }
        let enter = !is_directory || !decision.excluded || self.file.enters_excluded(path, self.pruning);
        if let Some(matched) = matched {
            self.above.push(Above {
                prefix: format!("{path}/"),
                matched,
                pruned_by: decision.rule.filter(|_| !enter),
            });
        }
        Visit { decision, enter }
    }
}
