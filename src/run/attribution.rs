//! Telling the run's own records of the build cache from everybody else's.
//!
//! A record names neither its build nor its session. What appears between a look right before one of our builds and a
//! look right after it is ours, as long as nobody else builds; what appears at any other time is somebody else's, and
//! shows that somebody builds, so that what appeared in the builds next to it is doubtful. Only what is ours for
//! certain is ever removed.

use std::collections::BTreeSet;

use super::ports::BuildRecord;

/// Whose records are whose.
#[derive(Clone, Debug, Default)]
pub(super) struct Attribution {
    foreign: BTreeSet<String>,
    /// Ours for certain.
    own: BTreeSet<String>,
    doubtful: BTreeSet<String>,
    /// What appeared in the last of our builds.
    last_build: BTreeSet<String>,
    /// Whether somebody else's record appeared since the last of our builds.
    company: bool,
}

impl Attribution {
    /// Takes every record that is there before the run as somebody else's.
    pub(super) fn before_run(records: &[BuildRecord]) -> Self {
        Self {
            foreign: records.iter().map(|record| record.id.clone()).collect(),
            ..Self::default()
        }
    }

    /// Takes a look right before one of our builds.
    pub(super) fn before_build(&mut self, records: &[BuildRecord]) {
        let strangers: Vec<_> = self.unknown(records).map(|record| record.id.clone()).collect();
        self.company = !strangers.is_empty();
        if self.company {
            // Whoever left them may have been building while we did.
            for id in std::mem::take(&mut self.last_build) {
                self.own.remove(&id);
                // One that was removed in the meantime was ours by the knowledge of that time, and is not left.
                if records.iter().any(|record| record.id == id) {
                    self.doubtful.insert(id);
                }
            }
        }
        self.foreign.extend(strangers);
    }

    /// Takes a look right after one of our builds.
    pub(super) fn after_build(&mut self, records: &[BuildRecord]) {
        self.last_build = self.unknown(records).map(|record| record.id.clone()).collect();
        if self.company {
            self.doubtful.append(&mut self.last_build);
        } else {
            self.own.extend(self.last_build.iter().cloned());
        }
    }

    /// Those of the records that are ours for certain. One that was to be removed and stayed, because something else
    /// needs it, is ours still.
    pub(super) fn own<'records>(
        &self,
        records: &'records [BuildRecord],
    ) -> impl Iterator<Item = &'records BuildRecord> {
        records.iter().filter(|record| self.own.contains(&record.id))
    }

    /// How many records may be ours, and are left because they may be somebody else's.
    pub(super) fn doubtful(&self) -> usize {
        self.doubtful.len()
    }

    fn unknown<'records>(
        &self,
        records: &'records [BuildRecord],
    ) -> impl Iterator<Item = &'records BuildRecord> {
        records.iter().filter(|record| {
            !self.foreign.contains(&record.id)
                && !self.own.contains(&record.id)
                && !self.doubtful.contains(&record.id)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(ids: &[&str]) -> Vec<BuildRecord> {
        ids.iter()
            .map(|id| BuildRecord {
                id: (*id).to_owned(),
                is_context: id.starts_with("context"),
            })
            .collect()
    }

    fn own(attribution: &Attribution, ids: &[&str]) -> Vec<String> {
        let records = records(ids);
        attribution
            .own(&records)
            .map(|record| record.id.clone())
            .collect()
    }

    #[test]
    fn what_appears_in_a_build_is_ours_and_what_was_there_before_never_is() {
        let mut attribution = Attribution::before_run(&records(&["user"]));
        attribution.before_build(&records(&["user"]));
        attribution.after_build(&records(&["user", "a", "context-b"]));
        attribution.before_build(&records(&["user", "a", "context-b"]));
        attribution.after_build(&records(&["user", "a", "context-b", "c"]));
        assert_eq!(
            own(&attribution, &["user", "a", "context-b", "c"]),
            ["a", "context-b", "c"]
        );
        assert_eq!(attribution.doubtful(), 0);
    }

    #[test]
    fn a_stranger_between_builds_makes_the_builds_next_to_it_doubtful_and_no_other() {
        let mut attribution = Attribution::before_run(&[]);
        attribution.before_build(&[]);
        attribution.after_build(&records(&["first"]));
        attribution.before_build(&records(&["first"]));
        attribution.after_build(&records(&["first", "second"]));
        attribution.before_build(&records(&["first", "second", "stranger"]));
        attribution.after_build(&records(&["first", "second", "stranger", "third"]));
        attribution.before_build(&records(&["first", "second", "stranger", "third"]));
        attribution.after_build(&records(&["first", "second", "stranger", "third", "fourth"]));
        let all = ["first", "second", "stranger", "third", "fourth"];
        assert_eq!(own(&attribution, &all), ["first", "fourth"]);
        assert_eq!(attribution.doubtful(), 2);
    }
}
