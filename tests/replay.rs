//! Replays without a daemon: the commits of a repository in a scratch copy, held against `git archive`, and what is
//! said where there is no such history.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[path = "support/on_disk.rs"]
mod on_disk;
#[path = "support/repository.rs"]
mod repository;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::ffi::OsStringExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use on_disk::OnDisk;
use repository::{COMMITS, Repository, git};
use seatrial::run::Workshop as _;
use seatrial::scenario::{Checked, Overrides, Scenario, ScenarioInput, Source, check};
use seatrial::workspace::{ScratchWorkshop, tree_digest};

/// A folder for one test: the repository in `repo`, the scenario in `s`, scratch copies in `tmp`.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["s", "tmp"] {
            fs::create_dir(folder.path().join(name)).unwrap();
        }
        fs::write(folder.path().join("s/Dockerfile"), "FROM scratch\nCOPY . /\n").unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn check(&self, rest: &str) -> Checked {
        let text = format!(
            "schema = 1\ntitle = \"t\"\n[[variant]]\nname = \"only\"\ndockerfile = \"Dockerfile\"\n{rest}"
        );
        let files = OnDisk(self.path("s"));
        let source = Source {
            path: PathBuf::from("s/scenario.toml"),
            text,
        };
        let input = ScenarioInput {
            name: "s",
            source,
            defaults: None,
            files: &files,
            surroundings: &files,
        };
        check(&input, &Overrides::default())
    }

    fn scenario(&self, rest: &str) -> Scenario {
        let checked = self.check(rest);
        assert_eq!(checked.problems, []);
        checked.scenario.unwrap()
    }

    fn open(&self, scenario: &Scenario) -> ScratchWorkshop {
        ScratchWorkshop::open(&self.path("tmp"), &self.path("s"), scenario).unwrap()
    }

    /// The only scratch copy's context.
    fn copy(&self) -> PathBuf {
        let scratch = fs::read_dir(self.path("tmp")).unwrap().next().unwrap().unwrap();
        scratch.path().join("only/context")
    }

    /// What is said about a replay of this range.
    fn said(&self, replay: &str) -> String {
        let problems = self.check(&format!("[replay]\n{replay}\n")).problems;
        let [problem] = problems.as_slice() else {
            panic!("one mistake was expected: {problems:?}");
        };
        let place = problem.place.as_ref().unwrap();
        let hint = problem.hint.as_deref().unwrap_or_default();
        format!("{}:{} {} | {hint}", place.line, place.column, problem.message)
    }
}

const REPLAY: &str = "[replay]\nrepo = \"../repo\"\nrange = \"begin..main\"\n";

fn printed(command: &mut Command) -> String {
    let Output { status, stdout, .. } = command.output().unwrap();
    assert!(status.success(), "{command:?}");
    String::from_utf8(stdout).unwrap()
}

/// Paths with kind, mode and target, and the sums of files, as other programs tell them.
fn listing(folder: &Path) -> String {
    let mut find = Command::new("find");
    find.args([".", "-mindepth", "1", "-printf", "%y %m %p -> %l\\n"]);
    let mut lines: Vec<String> = printed(find.current_dir(folder))
        .lines()
        .map(str::to_owned)
        .collect();
    let mut sums = Command::new("sh");
    sums.args(["-c", "find . -type f -print0 | xargs -0 -r sha256sum"]);
    lines.extend(printed(sums.current_dir(folder)).lines().map(str::to_owned));
    lines.sort();
    lines.join("\n")
}

fn times(folder: &Path) -> BTreeMap<PathBuf, (i64, i64)> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().unwrap().is_file());
    files
        .map(|entry| {
            let meta = entry.metadata().unwrap();
            (entry.path(), (meta.mtime(), meta.mtime_nsec()))
        })
        .collect()
}

#[test]
fn every_commit_is_in_the_copy_as_git_archives_it() {
    let place = Place::new();
    let repository = Repository::with_history(&place.path("repo"), "x");
    let scenario = place.scenario(REPLAY);
    let steps = &scenario.build.steps;
    let named: Vec<&str> = steps[1..].iter().map(|step| &step.name[9..]).collect();
    assert_eq!(named, COMMITS);
    assert_eq!(steps[0].name, "base");

    let status = repository.git(&["status", "--porcelain"]);
    let before = tree_digest(&place.path("repo")).unwrap();
    let mut workshop = place.open(&scenario);
    let held_to = |commit: &str| {
        let archive = tempfile::tempdir().unwrap();
        let folder = archive.path().join("tree");
        repository.archive(commit, &folder);
        assert_eq!(listing(&place.copy()), listing(&folder), "{commit}");
    };
    for round in 0..2 {
        workshop.reset("only").unwrap();
        held_to("begin");
        for step in &steps[1..] {
            let commit = step.commit.as_ref().unwrap();
            workshop.check_out("only", commit).unwrap();
            held_to(&commit.hash);
            assert_eq!(
                commit.tree,
                repository.git(&["rev-parse", &format!("{}^{{tree}}", commit.hash)])
            );
            assert!(commit.authored_unix_s > 1_500_000_000, "{round}: {commit:?}");
        }
    }
    workshop.close().unwrap();
    assert_eq!(tree_digest(&place.path("repo")).unwrap(), before);
    assert_eq!(repository.git(&["status", "--porcelain"]), status);
    assert_eq!(fs::read_dir(place.path("tmp")).unwrap().count(), 0);
}

#[test]
fn a_file_that_a_commit_leaves_alone_keeps_its_time_and_one_that_it_changes_does_not() {
    let place = Place::new();
    Repository::with_history(&place.path("repo"), "x");
    let scenario = place.scenario(REPLAY);
    let mut workshop = place.open(&scenario);
    workshop.reset("only").unwrap();
    let before = times(&place.copy());
    let commits: Vec<_> = scenario
        .build
        .steps
        .iter()
        .filter_map(|step| step.commit.as_ref())
        .collect();
    workshop.check_out("only", commits[0]).unwrap();
    assert_eq!(times(&place.copy()), before);
    workshop.check_out("only", commits[1]).unwrap();
    let after = times(&place.copy());
    let changed: Vec<_> = after
        .iter()
        .filter(|(path, time)| before.get(*path) != Some(time))
        .collect();
    assert_eq!(changed.len(), 1, "{changed:?}");
    assert!(changed[0].0.ends_with("requirements.txt"));
}

#[test]
fn what_a_build_can_see_changes_with_what_the_ignore_rules_keep_alone() {
    let place = Place::new();
    Repository::with_history(&place.path("repo"), "x");
    let scenario = place.scenario(REPLAY);
    let mut workshop = place.open(&scenario);
    workshop.reset("only").unwrap();
    let mut last = workshop.survey("only").unwrap().kept_digest;
    for (step, subject) in scenario.build.steps[1..].iter().zip(COMMITS) {
        workshop.check_out("only", step.commit.as_ref().unwrap()).unwrap();
        let kept = workshop.survey("only").unwrap().kept_digest;
        assert_eq!(kept == last, subject == "Edit an ignored file", "{subject}");
        last = kept;
    }
}

#[test]
fn a_folder_of_the_repository_can_be_the_context() {
    let place = Place::new();
    let repository = Repository::with_history(&place.path("repo"), "x");
    let scenario = place.scenario(&format!("{REPLAY}path = \"./app\"\n"));
    assert_eq!(scenario.replay.as_ref().unwrap().path, Path::new("app"));
    let mut workshop = place.open(&scenario);
    for step in &scenario.build.steps[1..] {
        let commit = step.commit.as_ref().unwrap();
        workshop.check_out("only", commit).unwrap();
        let archive = tempfile::tempdir().unwrap();
        let folder = archive.path().join("tree");
        repository.archive(&format!("{}:app", commit.hash), &folder);
        assert_eq!(listing(&place.copy()), listing(&folder), "{}", step.name);
    }
}

#[test]
fn trees_that_are_odd_are_taken_as_they_are() {
    let place = Place::new();
    let repository = Repository::new(&place.path("repo"));
    let other = Repository::new(&place.path("other"));
    other.write("inner.txt", "inner\n");
    other.commit("Inner");
    repository.write("a b/ü \"q\"\t\\.txt", "1\r\n");
    repository.write(
        ".gitattributes",
        "* text eol=lf filter=loud\n*.bin export-ignore\n",
    );
    repository.write(
        "big.psd",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n",
    );
    repository.commit("Begin");
    repository.git(&["tag", "begin"]);
    repository.git(&["submodule", "--quiet", "add", "../other", "vendor/other"]);
    repository.write("a b/ü \"q\"\t\\.txt", "2\r\n");
    repository.write("empty", "");
    repository.commit("Add a submodule");
    repository.git(&["rm", "--quiet", "-f", "vendor/other"]);
    // git leaves the folder of the folder, or not.
    let _ = fs::remove_dir(place.path("repo/vendor"));
    repository.write("vendor", "a file now\n");
    repository.commit("Put a file where the submodule was");
    // What a checkout would run.
    repository.git(&["config", "filter.loud.smudge", "touch ../ran; cat"]);
    repository.git(&["config", "filter.loud.clean", "touch ../ran; cat"]);
    repository.git(&["config", "core.fsmonitor", "touch ../ran"]);
    repository.git(&["config", "diff.external", "touch ../ran"]);
    let hook = place.path("repo/.git/hooks/post-checkout");
    fs::write(&hook, "#!/bin/sh\ntouch ../ran\n").unwrap();
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).unwrap();

    let scenario = place.scenario(REPLAY);
    let mut workshop = place.open(&scenario);
    workshop.reset("only").unwrap();
    let read = |path: &str| fs::read(place.copy().join(path)).unwrap();
    assert!(read("big.psd").starts_with(b"version https://git-lfs"));
    let commits: Vec<_> = scenario
        .build
        .steps
        .iter()
        .filter_map(|step| step.commit.as_ref())
        .collect();
    workshop.check_out("only", commits[0]).unwrap();
    // The bytes that the repository holds, whatever a checkout makes of them.
    let stored = repository.git(&["rev-parse", "HEAD~1:a b/ü \"q\"\t\\.txt"]);
    let mut cat = Command::new("git");
    let blob = cat
        .args(["cat-file", "blob", &stored])
        .current_dir(place.path("repo"));
    assert_eq!(read("a b/ü \"q\"\t\\.txt"), blob.output().unwrap().stdout);
    assert_eq!(read("empty"), b"");
    assert_eq!(
        fs::read_dir(place.copy().join("vendor/other")).unwrap().count(),
        0
    );
    workshop.check_out("only", commits[1]).unwrap();
    assert_eq!(read("vendor"), b"a file now\n");
    assert!(
        !place.path("ran").exists(),
        "something of the user's configuration ran"
    );
}

#[test]
fn a_name_that_is_not_utf_8_is_the_error_that_contexts_have() {
    let place = Place::new();
    let repository = Repository::new(&place.path("repo"));
    repository.write("a", "1\n");
    repository.commit("Begin");
    repository.git(&["tag", "begin"]);
    let name = std::ffi::OsString::from_vec(b"caf\xe9".to_vec());
    fs::write(place.path("repo").join(name), "").unwrap();
    repository.commit("Add a name in another encoding");
    let scenario = place.scenario(REPLAY);
    let mut workshop = place.open(&scenario);
    workshop
        .check_out("only", scenario.build.steps[1].commit.as_ref().unwrap())
        .unwrap();
    let fault = workshop.survey("only").unwrap_err();
    assert!(fault.to_string().contains("UTF-8"), "{fault}");
}

#[test]
fn an_object_that_is_gone_since_the_check_is_named_and_the_copy_is_as_it_was() {
    let place = Place::new();
    let repository = Repository::with_history(&place.path("repo"), "x");
    let scenario = place.scenario(REPLAY);
    let mut workshop = place.open(&scenario);
    workshop.reset("only").unwrap();
    let before = listing(&place.copy());
    let blob = repository.git(&["rev-parse", "begin~0:app/main.txt"]);
    let edited = repository.git(&[
        "rev-parse",
        &format!(
            "{}:app/main.txt",
            scenario.build.steps[1].commit.as_ref().unwrap().hash
        ),
    ]);
    assert_ne!(blob, edited);
    fs::remove_file(
        place
            .path("repo/.git/objects")
            .join(&edited[..2])
            .join(&edited[2..]),
    )
    .unwrap();
    let fault = workshop
        .check_out("only", scenario.build.steps[1].commit.as_ref().unwrap())
        .unwrap_err();
    assert!(
        fault.to_string().contains(&format!("no object `{edited}`")),
        "{fault}"
    );
    assert_eq!(listing(&place.copy()), before);
}

#[test]
fn a_history_that_is_not_to_be_had_is_named_with_its_place() {
    let place = Place::new();
    let repository = Repository::with_history(&place.path("repo"), "x");
    let old = repository.git(&["rev-parse", "main"]);
    repository.git(&["commit", "--quiet", "--amend", "-m", "Rewritten"]);
    repository.git(&["reflog", "expire", "--expire=now", "--all"]);
    repository.git(&["gc", "--quiet", "--prune=now"]);
    git(
        &place.path("."),
        &[
            "clone",
            "--quiet",
            "--depth=3",
            &format!("file://{}", place.path("repo").display()),
            "shallow",
        ],
    );
    fs::create_dir(place.path("plain")).unwrap();
    let said = |rest: &str| place.said(rest).replace(&old, "OLD");
    let repo = "repo = \"../repo\"\n";
    for (replay, expected) in [
        (
            format!("{repo}range = \"main..main\""),
            "8:9 the range `main..main` holds no commit | it is `FROM..TO`",
        ),
        (
            format!("{repo}range = \"{old}..main\""),
            "8:9 the repository has no commit `OLD` | there are fewer commits, or the history was rewritten since",
        ),
        (
            format!("{repo}range = \"main~99..main\""),
            "8:9 the repository has no commit `main~99` | there are fewer",
        ),
        (
            format!("{repo}range = \"main\""),
            "8:9 `replay.range` is \"main\", expected `FROM..TO` | the commits of TO",
        ),
        (
            format!("{repo}range = \"--output=x..main\""),
            "8:9 `replay.range` is \"--output=x..main\", expected `FROM..TO`",
        ),
        (
            format!("{repo}range = \"begin..main\"\npath = \"spot\""),
            "9:8 the commit `",
        ),
        (
            format!("{repo}range = \"begin..main\"\npath = \"app/gone\""),
            "9:8 the commit `",
        ),
        (
            "repo = \"../plain\"\nrange = \"begin..main\"".to_owned(),
            "7:8 `../plain` is not a repository that git reads: not a git repository",
        ),
        (
            "repo = \"../absent\"\nrange = \"begin..main\"".to_owned(),
            "7:8 `../absent` is not a repository that git reads: No such file",
        ),
        // A folder inside a repository is not that repository.
        (
            "repo = \"../repo/app\"\nrange = \"begin..main\"".to_owned(),
            "7:8 `../repo/app` is not a repository that git reads: not a git repository",
        ),
        (
            "repo = \"../shallow\"\nrange = \"main~5..main\"".to_owned(),
            "8:9 the repository has no commit `main~5` | the repository is shallow",
        ),
    ] {
        let said = said(&replay);
        assert!(
            said.starts_with(expected),
            "{replay}\n gave {said}\n not {expected}"
        );
    }
    let said = place.said(&format!("{repo}range = \"feature..main~2\""));
    let parted = repository.git(&["rev-parse", "--short=12", "feature~2"]);
    assert_eq!(
        said,
        format!(
            "8:9 `feature` is no ancestor of `main~2`, so that the range would begin elsewhere | the history was \
             rewritten since, or these are two branches; `{parted}..main~2` holds the commits since they parted"
        )
    );
    // A branch without the other's root.
    repository.git(&["checkout", "--quiet", "--orphan", "alone"]);
    repository.commit("Alone");
    let said = place.said(&format!("{repo}range = \"main..alone\""));
    assert!(said.starts_with("8:9 `main` is no ancestor of `alone`"), "{said}");
    assert!(said.ends_with("| the two have no commit in common"), "{said}");
    // By first parents nothing comes before its first commit, though the other is part of it now.
    repository.git(&[
        "merge",
        "--quiet",
        "--strategy=ours",
        "--allow-unrelated-histories",
        "-m",
        "Join",
        "main",
    ]);
    let said = place.said(&format!("{repo}range = \"main..alone\""));
    assert!(
        said.starts_with("8:9 the repository has no parent of `"),
        "{said}"
    );
    assert!(said.ends_with("| begin the range one commit later"), "{said}");
}

/// What `seatrial check` says of a scenario on disk, and how it ends.
fn checked_by_program(place: &Place, rest: &str, path: Option<&str>) -> (Option<i32>, String) {
    let text = format!(
        "schema = 1\ntitle = \"t\"\n[[variant]]\nname = \"only\"\ndockerfile = \"Dockerfile\"\n{rest}"
    );
    fs::write(place.path("s/scenario.toml"), text).unwrap();
    let mut check = Command::new(env!("CARGO_BIN_EXE_seatrial"));
    check.args(["check", "s"]).current_dir(place.path("."));
    if let Some(path) = path {
        check.env("PATH", path);
    }
    let output = check.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

#[test]
fn without_git_a_replay_is_a_mistake_that_says_so() {
    let place = Place::new();
    Repository::with_history(&place.path("repo"), "x");
    let (code, said) = checked_by_program(&place, REPLAY, Some("/nonexistent"));
    assert_eq!(code, Some(2), "{said}");
    for told in [
        "s/scenario.toml:7:8",
        "cannot start `git`, which reads the history of a repository",
        "install git",
    ] {
        assert!(said.contains(told), "{said}");
    }
}

#[test]
fn a_fill_that_some_commit_leaves_no_room_for_is_named_with_the_commit() {
    let place = Place::new();
    let repository = Repository::with_history(&place.path("repo"), "x");
    let hash = |revision: &str| repository.git(&["rev-parse", revision]);
    for (fill, commit, path) in [
        // A file of the base, one below, and one that a later commit brings.
        ("spot/bulk", Some("begin"), "spot"),
        ("app", Some("begin"), "app/gone/deep.txt"),
        ("app/new.txt", Some("main~4"), "app/new.txt"),
        ("spot/inside.txt/x", Some("begin"), "spot"),
        ("link/x", Some("main~2"), "link"),
        ("app/bulk", None, ""),
    ] {
        let scenario =
            format!("{REPLAY}[context]\nfill = [{{ path = \"{fill}\", files = 3, bytes = \"9B\" }}]\n");
        let (code, said) = checked_by_program(&place, &scenario, None);
        let Some(commit) = commit else {
            assert_eq!(code, Some(0), "{fill}: {said}");
            // What is let through can be worked with: the made-up files stay over all commits.
            let scenario = place.scenario(&scenario);
            let mut workshop = place.open(&scenario);
            for step in &scenario.build.steps[1..] {
                workshop.check_out("only", step.commit.as_ref().unwrap()).unwrap();
                let made = fs::read_dir(place.copy().join(fill).join("0000")).unwrap();
                assert_eq!(made.count(), 3, "{}", step.name);
            }
            continue;
        };
        assert_eq!(code, Some(2), "{fill}: {said}");
        let told = format!(
            "cannot fill `{fill}`: the commit `{}` has `{path}`, expected a new folder in every commit",
            hash(commit)
        );
        let line: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(line.contains(&told), "{fill}: {said}\n not {told}");
        assert!(said.contains("s/scenario.toml:10:18"), "{fill}: {said}");
    }
}

#[test]
fn a_worktree_a_bare_clone_and_a_shallow_one_that_has_the_range_are_read() {
    let place = Place::new();
    let repository = Repository::with_history(&place.path("repo"), "x");
    let url = format!("file://{}", place.path("repo").display());
    git(&place.path("."), &["clone", "--quiet", "--bare", &url, "bare"]);
    git(
        &place.path("."),
        &["clone", "--quiet", "--depth=3", &url, "shallow"],
    );
    repository.git(&["worktree", "add", "--quiet", "--detach", "../tree", "main~1"]);
    for (repo, range, commits) in [
        ("../bare", "begin..main", COMMITS.len()),
        ("../tree", "begin..HEAD", COMMITS.len() - 1),
        ("../shallow", "main~2..main", 2),
    ] {
        let scenario = place.scenario(&format!("[replay]\nrepo = \"{repo}\"\nrange = \"{range}\"\n"));
        assert_eq!(scenario.build.steps.len(), commits + 1, "{repo}");
    }
}
