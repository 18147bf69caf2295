//! Telling the run's own records of the build cache from everybody else's.
//!
//! A record names neither its build nor its session. What appears between a look right before one of our builds and a
//! look right after it is ours, as long as nobody else builds. What appears later and was made while that build ran is
//! ours as well: a busy daemon lists some records late. What appears at any other time is somebody else's, and shows
//! that somebody builds, so that what appeared in the builds next to it is doubtful. Only what is ours for certain is
//! ever removed.

use std::collections::BTreeSet;
use std::mem::take;

use super::ports::BuildRecord;
use crate::results::{BuildRecordsSeen, Neighbours};
use crate::unit::{DaemonInstant, DaemonSpan};

/// Whose records are whose.
#[derive(Clone, Debug, Default)]
pub struct Attribution {
    foreign: BTreeSet<String>,
    /// Ours for certain.
    own: BTreeSet<String>,
    doubtful: BTreeSet<String>,
    /// The last of our builds.
    last: LastBuild,
    /// Whether somebody else's record appeared since the last of our builds.
    company: bool,
    /// When the newest record that was ever seen was made.
    newest: Option<DaemonInstant>,
    /// What is not in the journal yet.
    news: News,
}

#[derive(Clone, Debug, Default)]
struct LastBuild {
    /// What appeared in it, unless it is doubtful already.
    own: BTreeSet<String>,
    span: Option<DaemonSpan>,
    is_doubtful: bool,
}

#[derive(Clone, Debug, Default)]
struct News {
    own: BTreeSet<String>,
    doubtful: BTreeSet<String>,
    newest: bool,
    last_build: bool,
}

impl Attribution {
    /// Takes every record that is there before the run as somebody else's.
    #[must_use]
    pub fn before_run(records: &[BuildRecord]) -> Self {
        let mut attribution = Self {
            foreign: records.iter().map(|record| record.id.clone()).collect(),
            ..Self::default()
        };
        attribution.see(records);
        attribution
    }

    /// What the journal of a run says, as far as it came.
    #[must_use]
    pub fn of_journal(seen: &[BuildRecordsSeen]) -> Self {
        let mut attribution = Self::default();
        for look in seen {
            attribution.own.extend(look.own.iter().cloned());
            for id in &look.doubtful {
                attribution.own.remove(id);
            }
            attribution.doubtful.extend(look.doubtful.iter().cloned());
            attribution.newest = attribution.newest.max(look.newest_daemon_ns);
            attribution.last.span = look.last_build_daemon_ns;
        }
        attribution
    }

    /// Takes a look at a time at which none of our builds runs.
    pub fn between_builds(&mut self, records: &[BuildRecord]) {
        let (late, strangers): (Vec<_>, Vec<_>) = self
            .unknown(records)
            .into_iter()
            .partition(|record| self.last.made(record));
        self.of_last_build(late.into_iter().map(|record| record.id));
        if !strangers.is_empty() {
            self.company = true;
            // Whoever left them may have been building while we did.
            self.doubt_last_build(|id| records.iter().any(|record| record.id == id));
        }
        self.foreign.extend(strangers.into_iter().map(|record| record.id));
        self.see(records);
    }

    /// Takes a look right after one of our builds, which the look before it was right before; `span` is when the
    /// daemon worked on the build.
    pub fn after_build(&mut self, records: &[BuildRecord], span: Option<DaemonSpan>) {
        self.last = LastBuild {
            own: BTreeSet::new(),
            span,
            is_doubtful: take(&mut self.company),
        };
        self.news.last_build = true;
        let appeared = self.unknown(records);
        self.of_last_build(appeared.into_iter().map(|record| record.id));
        self.see(records);
    }

    /// Takes a look after a kill: what is listed late of the last build is ours, as long as nobody else is known to have
    /// built then.
    #[must_use]
    pub fn after_kill(mut self, records: &[BuildRecord]) -> Self {
        for record in self.unknown(records) {
            if self.last.made(&record) {
                self.own.insert(record.id);
            }
        }
        self
    }

    /// Takes the word of somebody who saw that others built during the last of our builds: what appeared in it may be
    /// theirs.
    pub fn others_built(&mut self) {
        self.doubt_last_build(|_| true);
    }

    /// Those of the records that are ours for certain. One that was to be removed and stayed, because something else
    /// needs it, is ours still.
    pub fn own<'records>(
        &self,
        records: &'records [BuildRecord],
    ) -> impl Iterator<Item = &'records BuildRecord> {
        records.iter().filter(|record| self.is_own(record))
    }

    /// Whether a record is ours for certain.
    pub(super) fn is_own(&self, record: &BuildRecord) -> bool {
        self.own.contains(&record.id)
    }

    /// Those of the records that may be ours, and are left because they may be somebody else's.
    pub fn doubtful<'records>(
        &self,
        records: &'records [BuildRecord],
    ) -> impl Iterator<Item = &'records BuildRecord> {
        records
            .iter()
            .filter(|record| self.doubtful.contains(&record.id) || self.is_unseen(record))
    }

    /// What is to be put into the journal, if there is anything new.
    pub fn news(&mut self) -> Option<BuildRecordsSeen> {
        let News {
            own,
            doubtful,
            newest,
            last_build,
        } = take(&mut self.news);
        (newest || last_build || !own.is_empty() || !doubtful.is_empty()).then(|| BuildRecordsSeen {
            own: own.into_iter().collect(),
            doubtful: doubtful.into_iter().collect(),
            newest_daemon_ns: self.newest,
            last_build_daemon_ns: self.last.span.filter(|_| !self.last.is_doubtful),
        })
    }

    /// What else the daemon did during the last of our builds, as far as records of somebody else's tell more than is
    /// known already.
    pub(super) fn neighbours_of_last_build(&self, known: Option<Neighbours>) -> Option<Neighbours> {
        if !self.last.is_doubtful {
            return known;
        }
        let known = known.unwrap_or_default();
        Some(Neighbours {
            builds: Some(known.builds.unwrap_or_default().max(1)),
            ..known
        })
    }

    /// Whether it is newer than everything that was there when the run looked last.
    fn is_unseen(&self, record: &BuildRecord) -> bool {
        self.newest.is_some() && record.created > self.newest && !self.own.contains(&record.id)
    }

    fn doubt_last_build(&mut self, is_there: impl Fn(&str) -> bool) {
        for id in take(&mut self.last.own) {
            self.own.remove(&id);
            self.news.own.remove(&id);
            // One that was removed in the meantime was ours by the knowledge of that time, and is not left.
            if is_there(&id) {
                self.doubt(id);
            }
        }
        self.last.is_doubtful = true;
        self.news.last_build = true;
    }

    fn of_last_build(&mut self, ids: impl Iterator<Item = String>) {
        for id in ids {
            if self.last.is_doubtful {
                self.doubt(id);
            } else {
                self.own.insert(id.clone());
                self.news.own.insert(id.clone());
                self.last.own.insert(id);
            }
        }
    }

    fn doubt(&mut self, id: String) {
        self.news.doubtful.insert(id.clone());
        self.doubtful.insert(id);
    }

    fn see(&mut self, records: &[BuildRecord]) {
        let newest = records.iter().filter_map(|record| record.created).max();
        if newest > self.newest {
            self.newest = newest;
            self.news.newest = true;
        }
    }

    fn unknown(&self, records: &[BuildRecord]) -> Vec<BuildRecord> {
        let is_known =
            |id: &String| self.foreign.contains(id) || self.own.contains(id) || self.doubtful.contains(id);
        records
            .iter()
            .filter(|record| !is_known(&record.id))
            .cloned()
            .collect()
    }
}

impl LastBuild {
    fn made(&self, record: &BuildRecord) -> bool {
        self.span
            .zip(record.created)
            .is_some_and(|(span, created)| span.covers(created))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::ports::RecordKind;

    /// Records `NAME@CREATED`, in nanoseconds of the daemon's clock.
    fn records(ids: &[&str]) -> Vec<BuildRecord> {
        ids.iter()
            .map(|id| {
                let (id, created) = id.split_once('@').unwrap_or((id, ""));
                BuildRecord {
                    id: id.to_owned(),
                    kind: RecordKind::Layer,
                    created: created.parse().ok().map(DaemonInstant),
                }
            })
            .collect()
    }

    fn span(began: i64, ended: i64) -> DaemonSpan {
        DaemonSpan {
            began: DaemonInstant(began),
            ended: DaemonInstant(ended),
        }
    }

    fn ids<'a>(records: impl Iterator<Item = &'a BuildRecord>) -> Vec<String> {
        records.map(|record| record.id.clone()).collect()
    }

    #[test]
    fn what_appears_in_a_build_is_ours_and_what_was_there_before_never_is() {
        let mut attribution = Attribution::before_run(&records(&["user"]));
        attribution.between_builds(&records(&["user"]));
        attribution.after_build(&records(&["user", "a", "b"]), None);
        attribution.between_builds(&records(&["user", "a", "b"]));
        attribution.after_build(&records(&["user", "a", "b", "c"]), None);
        let all = records(&["user", "a", "b", "c"]);
        assert_eq!(ids(attribution.own(&all)), ["a", "b", "c"]);
        assert_eq!(attribution.doubtful(&all).count(), 0);
    }

    #[test]
    fn a_stranger_between_builds_makes_the_builds_next_to_it_doubtful_and_no_other() {
        let mut attribution = Attribution::before_run(&[]);
        attribution.between_builds(&[]);
        attribution.after_build(&records(&["first"]), None);
        attribution.between_builds(&records(&["first"]));
        attribution.after_build(&records(&["first", "second"]), None);
        attribution.between_builds(&records(&["first", "second", "stranger"]));
        attribution.after_build(&records(&["first", "second", "stranger", "third"]), None);
        attribution.between_builds(&records(&["first", "second", "stranger", "third"]));
        let all = records(&["first", "second", "stranger", "third", "fourth"]);
        attribution.after_build(&all, None);
        assert_eq!(ids(attribution.own(&all)), ["first", "fourth"]);
        assert_eq!(ids(attribution.doubtful(&all)), ["second", "third"]);
    }

    #[test]
    fn a_record_that_is_listed_late_is_of_the_build_that_ran_when_it_was_made() {
        let mut attribution = Attribution::before_run(&records(&["user@5"]));
        attribution.between_builds(&records(&["user@5"]));
        attribution.after_build(&records(&["user@5", "a@12"]), Some(span(10, 20)));
        attribution.between_builds(&records(&["user@5", "a@12", "late@20"]));
        attribution.after_build(
            &records(&["user@5", "a@12", "late@20", "b@31"]),
            Some(span(30, 40)),
        );
        let all = records(&["user@5", "a@12", "late@20", "b@31"]);
        assert_eq!(ids(attribution.own(&all)), ["a", "late", "b"]);
        assert_eq!(attribution.doubtful(&all).count(), 0);

        // Made after the build: somebody else's, so that the build is doubtful, and so is what it lists later still.
        let all = records(&["a@12", "b@31", "stranger@41", "later@39"]);
        attribution.between_builds(&all[..3]);
        attribution.between_builds(&all);
        assert_eq!(ids(attribution.own(&all)), ["a"]);
        assert_eq!(ids(attribution.doubtful(&all)), ["b", "later"]);
    }

    #[test]
    fn a_build_that_somebody_saw_beside_ours_makes_ours_doubtful_and_no_other() {
        let mut attribution = Attribution::before_run(&[]);
        attribution.between_builds(&[]);
        attribution.after_build(&records(&["first"]), None);
        attribution.between_builds(&records(&["first"]));
        let all = records(&["first", "second"]);
        attribution.after_build(&all, None);
        attribution.others_built();
        assert_eq!(ids(attribution.own(&all)), ["first"]);
        assert_eq!(ids(attribution.doubtful(&all)), ["second"]);
        attribution.between_builds(&all);
        let all = records(&["first", "second", "third"]);
        attribution.after_build(&all, None);
        assert_eq!(ids(attribution.own(&all)), ["first", "third"]);
    }

    #[test]
    fn the_journal_tells_after_a_kill_what_was_known_before_it() {
        let mut attribution = Attribution::before_run(&records(&["user@5"]));
        let mut journal = Vec::from_iter(attribution.news());
        attribution.between_builds(&records(&["user@5"]));
        assert_eq!(attribution.news(), None);
        attribution.after_build(&records(&["user@5", "a@12"]), Some(span(10, 20)));
        journal.extend(attribution.news());
        attribution.between_builds(&records(&["user@5", "a@12"]));
        attribution.after_build(&records(&["user@5", "a@12", "b@31"]), Some(span(30, 40)));
        journal.extend(attribution.news());
        attribution.between_builds(&records(&["user@5", "a@12", "b@31", "stranger@50"]));
        journal.extend(attribution.news());
        assert_eq!(journal.len(), 4);

        let after_kill = records(&["user@5", "a@12", "b@31", "late@32", "stranger@50", "unseen@51"]);
        let told = |journal: &[_]| Attribution::of_journal(journal).after_kill(&after_kill);
        assert_eq!(ids(told(&journal).own(&after_kill)), ["a"]);
        assert_eq!(ids(told(&journal).doubtful(&after_kill)), ["b", "unseen"]);
        // As long as no stranger was seen, what the last build made is ours, also where it is listed late.
        assert_eq!(ids(told(&journal[..3]).own(&after_kill)), ["a", "b", "late"]);
        assert_eq!(
            ids(told(&journal[..3]).doubtful(&after_kill)),
            ["stranger", "unseen"]
        );
        assert_eq!(ids(attribution.own(&after_kill)), ["a"]);
    }
}
