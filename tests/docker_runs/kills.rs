//! The program killed at any moment: what was flushed stays, `clean` removes what was the run's own, and nothing else is
//! touched.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::process::Signal;
use seatrial::results::StopReason;
use seatrial::store::load;

use crate::daemon::{Images, daemon, unique};
use crate::inventory::Inventory;
use crate::records::Records;
use crate::soak::{Dice, soaking, tell};
use crate::trial::{Running, Trial, process_runs, until};
use crate::users_cache::UsersBuild;

/// Kills of the long form.
const KILLS: u32 = 50;

/// A scenario of these builders; its instructions have `token` in their command lines. A base is the user's own, or the
/// ballast that the run imports itself.
fn trial(token: &str, builders: &str, sleep_ms: u64, base: Option<&str>) -> Trial {
    let base = base.map_or_else(
        || "ballast = true".to_owned(),
        |image| format!("image = \"{image}\""),
    );
    let scenario = format!(
        r#"
schema = 1
title = "Killed"
question = "What is left?"
context.path = "context"

[base.ballast]
{base}

[[variant]]
name = "only"
dockerfile = "Dockerfile"

[matrix]
builder = [{builders}]

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"
cache = {{ layers = "empty", context = "absent" }}

[[build.step]]
name = "second"
edit = [{{ append = "input.txt", text = "{{{{nonce}}}}\n" }}]

[start]
samples = 1
warmups = 0
ready = {{ http = "/health", port = 8000 }}
"#
    );
    let dockerfile = format!(
        r#"ARG BALLAST
FROM ${{BALLAST}}
COPY input.txt /input.txt
RUN ["/ballast", "work", "--sleep", "{sleep_ms}ms", "--files", "20", "--output", "/{token}"]
COPY input.txt /again.txt
CMD ["/ballast", "serve"]
"#
    );
    Trial::new(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", &dockerfile),
        ("context/input.txt", token),
    ])
}

/// The journal of the only run, where it came that far.
fn journal_of(trial: &Trial) -> Option<PathBuf> {
    let mut runs = fs::read_dir(trial.reports()).ok()?.flatten();
    let journal = runs.next()?.path().join("journal.jsonl");
    journal.exists().then_some(journal)
}

/// Everything of a tree that an edit could change.
fn tree(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let meta = fs::symlink_metadata(&path).unwrap();
            let content = if meta.is_dir() {
                folders.push(path.clone());
                Vec::new()
            } else {
                fs::read(&path).unwrap()
            };
            found.insert(path, (meta.mode(), meta.mtime(), meta.mtime_nsec(), content));
        }
    }
    found
}

/// What a scenario was like before it ran, and the daemon.
struct Before {
    inventory: Inventory,
    tree: BTreeMap<PathBuf, (u32, i64, i64, Vec<u8>)>,
}

impl Before {
    fn look(trial: &Trial) -> Self {
        Self {
            inventory: Inventory::take(),
            tree: tree(&trial.scenario()),
        }
    }

    /// Kills the run, cleans at once, and looks at what is left. Gives how many records of the build cache `clean` left
    /// because they may be somebody else's, or because others would lose their cache with them.
    fn kill_and_clean(&self, trial: &Trial, running: Running, when: &str) -> usize {
        let flushed = kill(trial, running, when);
        self.clean(trial, flushed, 0, when)
    }

    /// Kills the run and goes on with it, where it came as far as to say what it is to do. Gives whether it did, and what
    /// `clean` leaves after that.
    fn kill_and_resume(&self, trial: &Trial, running: Running, when: &str) -> (bool, usize) {
        let flushed = kill(trial, running, when);
        let begun = flushed.as_ref().filter(|text| text.contains(&b'\n'));
        let Some(journal) = begun.and_then(|_| journal_of(trial)) else {
            return (false, self.clean(trial, flushed, 0, when));
        };
        let folder = journal.parent().unwrap();
        let ended = trial.command(&["resume"], &[&folder.display().to_string()]);
        let resumed = ended.code == Some(0);
        if resumed {
            let run = load(folder).unwrap();
            assert_eq!(run.end.as_ref().unwrap().stop, StopReason::Complete, "{when}");
            assert_eq!((run.builds.len(), run.starts.len()), (4, 4), "{when}: {ended:?}");
            assert!(
                run.builds.iter().all(|build| build.outcome.is_ok()),
                "{when}: {run:#?}"
            );
            assert!(
                run.starts.iter().all(|start| start.outcome.is_ok()),
                "{when}: {run:#?}"
            );
        } else {
            // It was killed before its plan was on disk, or when all of it was done.
            let (early, late) = (
                "it was stopped before anything was measured",
                "its plan is complete",
            );
            let told = ended.code == Some(2) && (ended.stderr.contains(early) || ended.stderr.contains(late));
            assert!(told, "{when}: {ended:?}");
        }
        // It leaves what may be somebody else's as `clean` does, and says so once.
        let left = records_left(&ended.stderr);
        (resumed, self.clean(trial, flushed, left, when))
    }

    /// Cleans, and looks at what is left; `told` is how many records of the build cache it is known already to leave.
    fn clean(&self, trial: &Trial, flushed: Option<Vec<u8>>, told: usize, when: &str) -> usize {
        let ended = trial.clean(&[]);
        assert_eq!(ended.code, Some(0), "{when}: {ended:?}");
        assert_eq!(ended.stderr, "", "{when}");

        if let Some(path) = journal_of(trial) {
            let flushed = flushed.unwrap_or_default();
            let whole = flushed
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let now = fs::read(&path).unwrap();
            assert!(
                now.starts_with(&flushed[..whole]),
                "{when}: a flushed record is lost"
            );
            // A run that was killed before its first record has none to lose.
            if whole > 0 {
                load(path.parent().unwrap()).unwrap();
            }
        }
        assert_eq!(tree(&trial.scenario()), self.tree, "{when}");
        assert_eq!(trial.scratch_copies(), [""; 0], "{when}");
        let left = Inventory::take().since(&self.inventory);
        let (records, others): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|thing| thing.starts_with("build record "));
        assert_eq!(others, [""; 0], "{when}: {}", ended.stdout);
        let told = told + records_left(&ended.stdout);
        assert_eq!(records.len(), told, "{when}: {}", ended.stdout);
        records.len()
    }
}

/// How many records of the build cache a killed run is told to have left.
fn records_left(told: &str) -> usize {
    let left = told.lines().filter_map(|line| {
        let (_, rest) = line.strip_prefix("left of ")?.split_once(": ")?;
        let (count, _) = rest.split_once(" records of the build cache:")?;
        count.parse::<usize>().ok()
    });
    left.sum()
}

/// Kills the run; what its journal held right before.
fn kill(trial: &Trial, running: Running, when: &str) -> Option<Vec<u8>> {
    let flushed = journal_of(trial).map(|path| fs::read(path).unwrap());
    running.signal(Signal::KILL);
    assert_eq!(running.wait().code, None, "{when}");
    flushed
}

#[test]
fn what_a_run_killed_in_a_classic_build_left_is_found_and_removed() {
    let Some(_daemon) = daemon() else { return };
    let images = Images::default();
    let users = images.import_ballast(&unique("killed-base"));
    // In the RUN, and when the builder makes an image of what it left. The base is the run's or the user's.
    for (base, wait_for_end) in [(None, false), (Some(users.as_str()), true)] {
        let token = unique("killed-classic");
        let trial = trial(&token, "\"classic\"", 400, base);
        let before = Before::look(&trial);
        let running = trial.start(&[]);
        until("the instruction runs", || process_runs(&token));
        if wait_for_end {
            until("the instruction has run", || !process_runs(&token));
        }
        let when = format!("base {base:?}, after the instruction: {wait_for_end}");
        let records = before.kill_and_clean(&trial, running, &when);
        assert_eq!(records, 0, "{when}: the classic builder leaves no records");
        assert!(!process_runs(&token), "{when}");
    }
}

#[test]
fn a_doctor_that_is_killed_leaves_nothing_that_clean_does_not_find() {
    let Some(_daemon) = daemon() else { return };
    let records = Records::new();
    let token = unique("killed-doctor");
    let trial = trial(&token, "\"classic\"", 1, None);
    let before = Inventory::take();
    let running = trial.begin(&["doctor"]);
    until("both sides have built", || {
        let names = crate::support::docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
        ["ours", "command"].iter().all(|side| {
            names
                .lines()
                .any(|name| name.starts_with("seatrial/doctor-") && name.ends_with(&format!(":{side}")))
        })
    });
    running.signal(Signal::KILL);
    assert_eq!(running.wait().code, None);
    let dry = trial.clean(&["--dry-run"]);
    let ended = trial.clean(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stdout.contains("removed image seatrial/doctor-"),
        "{}",
        ended.stdout
    );
    assert_eq!(dry.stdout.replace("would remove", "removed"), ended.stdout);
    let left = Inventory::take().since(&before);
    let others: Vec<_> = left
        .iter()
        .filter(|thing| !thing.starts_with("build record "))
        .collect();
    assert_eq!(others, [""; 0], "{}", ended.stdout);
    let told = ended.stdout.lines().find(|line| line.starts_with("left "));
    assert_eq!(left.is_empty(), told.is_none(), "{left:?} {}", ended.stdout);
    assert_eq!(trial.scratch_copies(), [""; 0]);
    drop(records);
}

/// The long form has 50 moments, the ordinary one has one, another each time.
#[test]
fn a_run_killed_at_any_moment_loses_nothing_and_clean_leaves_only_what_is_the_users() {
    let Some(_daemon) = daemon() else { return };
    let records = Records::new();
    let token = unique("kills");
    let users = UsersBuild::make(&token);
    let images = Images::default();
    let base = images.import_ballast(&token);
    let mut dice = Dice::new("kills at random moments");
    let scenario = |name: String, own_base: bool| {
        let base = (!own_base).then_some(base.as_str());
        trial(&name, "\"buildkit\", \"classic\"", 100, base)
    };
    let kills = if soaking() { KILLS } else { 1 };
    let longest = if soaking() {
        let began = Instant::now();
        let ended = scenario(unique("whole"), true).sparing().run(&[]);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        began.elapsed()
    } else {
        Duration::from_secs(5)
    };
    let (mut left, mut done, mut resumed) = (0, 0, 0);
    for kill in 0..kills {
        let trial = scenario(unique("any"), kill % 2 == 0).sparing();
        let before = Before::look(&trial);
        let delay = Duration::from_millis(dice.below(u64::try_from(longest.as_millis()).unwrap()));
        let mut running = trial.start(&[]);
        std::thread::sleep(delay);
        if running.has_ended() {
            // A run on a quiet machine may be shorter than the one that was timed.
            done += 1;
            assert_eq!(running.wait().code, Some(0));
            continue;
        }
        let when = format!("kill {kill} after {delay:?}");
        if !soaking() || dice.below(2) == 0 {
            left += before.kill_and_clean(&trial, running, &when);
        } else {
            let (went_on, stayed) = before.kill_and_resume(&trial, running, &when);
            resumed += u32::from(went_on);
            left += stayed;
        }
        assert!(users.still_hits(), "{when}: the user's build");
    }
    tell(&format!(
        "{kills} runs of up to {longest:?}, {done} of them over before their moment, {resumed} went on; {left} records left"
    ));
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(users.mount_is_kept(), "the user's cache mount");
    drop(records);
}
