//! Contexts that hold what hardly any does: the docker command's outcome, or an error that names the path.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use seatrial::context::{Entry, Selection};
use seatrial::dockerignore::IgnoreFile;
use seatrial::run::{ContextTree, TreeFault};
use seatrial::scenario::BuilderKind;
use seatrial::workspace::ServedTree;

use crate::daemon::{daemon, unique};
use crate::fixture_tree::{set_mode, write_files};
use crate::random_trees::{kept_by_seatrial, served};
use crate::records::Records;
use crate::sent_context::{reads_contexts_as_the_newest, sent_by_the_docker_command};
use crate::side_by_side::Builders;
use crate::soak::soaking;
use crate::support::{docker, docker_output};
use crate::trial::{Trial, builds};

/// A context, and a folder for what its build needs besides.
struct Hostile {
    work: tempfile::TempDir,
}

impl Hostile {
    fn new() -> Self {
        let work = tempfile::tempdir().unwrap();
        write_files(&work.path().join("tree"), &[("plain", "x")]);
        Self { work }
    }

    fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.work.path().join("tree").join(path)
    }

    /// Holds what the docker command sends against what we keep and would send; `None` where all three refuse.
    fn sent(&self, what: &str) -> Option<BTreeSet<Vec<u8>>> {
        let folder = self.work.path().join("tree");
        let command = sent_by_the_docker_command(&folder, self.work.path());
        let (context, client) = (kept_by_seatrial(&folder), served(&folder));
        if command.is_err() && context.is_err() && client.is_err() {
            return None;
        }
        let command = command.unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(client.as_ref(), Ok(&command), "{what}");
        let paths: BTreeSet<_> = command.into_keys().collect();
        assert_eq!(context.as_ref(), Ok(&paths), "{what}");
        Some(paths)
    }
}

#[test]
fn links_in_loops_sockets_pipes_devices_and_odd_names_arrive_as_from_the_docker_command() {
    let Some(_daemon) = daemon() else { return };
    if !reads_contexts_as_the_newest() {
        return;
    }
    let _records = Records::new();
    let tree = Hostile::new();
    for (target, link) in [
        ("l2", "l1"),
        ("l1", "l2"),
        (".", "self"),
        ("..", "up"),
        ("/", "root"),
        ("gone/x", "to"),
    ] {
        symlink(target, tree.at(link)).unwrap();
    }
    fs::create_dir_all(tree.at("deep/".repeat(40))).unwrap();
    symlink("../deep", tree.at("deep/deep/around")).unwrap();
    for name in [
        "new\nline",
        "tab\t",
        "\u{1}",
        "\u{7f}",
        "'\"`$(x)",
        " ",
        "-rf",
        "%41+",
        "e\u{301}",
        "🚢",
        &"n".repeat(255),
    ] {
        fs::write(tree.at(name), name).unwrap();
    }
    let listener = UnixListener::bind(tree.at("socket")).unwrap();
    set_mode(&tree.at("socket"), 0o640);
    assert!(
        Command::new("mkfifo")
            .args(["-m", "620"])
            .arg(tree.at("pipe"))
            .status()
            .unwrap()
            .success()
    );
    // Only root makes devices.
    let made = Command::new("mknod")
        .arg(tree.at("device"))
        .args(["c", "1", "3"])
        .output()
        .unwrap();
    fs::write(tree.at(".dockerignore"), "first\nhard/one\n").unwrap();
    fs::create_dir(tree.at("hard")).unwrap();
    fs::write(tree.at("hard/one"), "hard").unwrap();
    fs::hard_link(tree.at("hard/one"), tree.at("hard/three")).unwrap();
    fs::hard_link(tree.at("hard/one"), tree.at("hard/two")).unwrap();
    fs::hard_link(tree.at("l1"), tree.at("l3")).unwrap();
    let paths = tree.sent("one of everything").unwrap();
    for path in [
        "l1",
        "l3",
        "up",
        "deep/deep/around",
        "new\nline",
        "socket",
        "pipe",
        "hard/two",
    ] {
        assert!(paths.contains(path.as_bytes()), "{path:?}");
    }
    assert_eq!(paths.contains(&b"device"[..]), made.status.success());
    assert!(!paths.contains(&b"hard/one"[..]));
    drop(listener);
}

#[test]
fn what_is_not_utf8_is_refused_unless_it_is_ignored() {
    let Some(_daemon) = daemon() else { return };
    if !reads_contexts_as_the_newest() {
        return;
    }
    let _records = Records::new();
    for (is_link, ignore) in [(false, "caf?\n"), (true, "link\n")] {
        let tree = Hostile::new();
        let odd = OsStr::from_bytes(b"caf\xe9");
        if is_link {
            symlink(odd, tree.at("link")).unwrap();
        } else {
            fs::write(tree.at(odd), "").unwrap();
        }
        assert_eq!(tree.sent("what is not UTF-8"), None);
        fs::write(tree.at(".dockerignore"), ignore).unwrap();
        assert_eq!(tree.sent(ignore).map(|paths| paths.len()), Some(2));
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named_where_the_docker_command_sends_it_empty() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("unreadable");
    let folder = tempfile::tempdir().unwrap();
    write_files(
        folder.path(),
        &[
            ("Dockerfile", "ARG BALLAST\nFROM ${BALLAST}\nCOPY . /all\n"),
            ("token", &token),
            ("app/hidden", "secret"),
        ],
    );
    set_mode(&folder.path().join("app/hidden"), 0o000);
    // Root reads everything, so this thread, and those that it starts, give up that right first.
    let fault = std::thread::scope(|scope| {
        let building = scope.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            sets.effective &= !(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            set_capabilities(None, sets).unwrap();
            Builders::new(&token).our_report(folder.path()).fault
        });
        building.join().unwrap()
    });
    let message = fault.unwrap().message;
    assert!(
        message.contains("cannot read `app/hidden` of the context"),
        "{message}"
    );
}

/// A folder in which a file changes when it was listed and before it is read.
#[derive(Debug)]
struct Changing {
    tree: ServedTree,
    file: PathBuf,
    change: Change,
}

/// What happens to a file.
type Change = fn(&Path);

impl ContextTree for Changing {
    fn walk(
        &self,
        selection: &Selection,
        found: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), TreeFault> {
        self.tree.walk(selection, found)
    }

    fn walk_as_classic(
        &self,
        ignore: &IgnoreFile,
        dockerfile: Option<&str>,
    ) -> Result<Vec<Entry>, TreeFault> {
        self.tree.walk_as_classic(ignore, dockerfile)
    }

    fn open(&self, path: &str) -> io::Result<File> {
        if self.file.ends_with(path) {
            (self.change)(&self.file);
        }
        self.tree.open(path)
    }
}

#[test]
fn a_file_that_changes_after_it_was_listed_arrives_as_it_is_read_or_is_named() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("changes");
    let builders = Builders::new(&token);
    let changes: [(&str, Change, _, &str); 4] = [
        (
            "gone",
            |file| fs::remove_file(file).unwrap(),
            Err("No such file or directory"),
            "No such file or directory",
        ),
        (
            "piped",
            |file| {
                fs::remove_file(file).unwrap();
                assert!(Command::new("mkfifo").arg(file).status().unwrap().success());
            },
            Err("it is no regular file"),
            "it is no regular file",
        ),
        (
            "shorter",
            |file| fs::write(file, "now").unwrap(),
            Ok("now"),
            "changed while it was sent: 6 bytes were listed, and it has fewer",
        ),
        (
            "longer",
            |file| fs::write(file, "now longer").unwrap(),
            Ok("now longer"),
            "changed while it was sent: 6 bytes were listed, and it has more",
        ),
    ];
    for (name, change, by_buildkit, by_classic) in changes {
        for (builder, expected) in [
            (BuilderKind::Buildkit, by_buildkit),
            (BuilderKind::Classic, Err(by_classic)),
        ] {
            let folder = tempfile::tempdir().unwrap();
            write_files(
                folder.path(),
                &[
                    ("Dockerfile", "ARG BALLAST\nFROM ${BALLAST}\nCOPY app /app\n"),
                    ("token", &token),
                    ("app/changes", "before"),
                ],
            );
            let tree = Changing {
                tree: ServedTree::new(folder.path().to_owned()),
                file: folder.path().join("app/changes"),
                change,
            };
            let (report, image) = builders.our_report_of(Arc::new(tree), name, builder);
            match expected {
                Err(told) => {
                    let message = report.fault.unwrap().message;
                    let is_told = message.contains("`app/changes` of the context") && message.contains(told);
                    assert!(is_told, "{name}, {builder:?}: {message}");
                }
                Ok(content) => {
                    assert_eq!(report.fault, None, "{name}, {builder:?}");
                    let container = docker(&["create", &image, "/none"]);
                    let got = folder.path().join("got");
                    let copied = docker_output(&[
                        "cp",
                        &format!("{container}:/app/changes"),
                        &got.display().to_string(),
                    ]);
                    docker(&["rm", &container]);
                    assert!(copied.status.success(), "{copied:?}");
                    assert_eq!(fs::read_to_string(got).unwrap(), content, "{name}, {builder:?}");
                }
            }
        }
    }
}

#[test]
fn a_context_of_very_many_files_is_copied_listed_and_built() {
    let Some(_daemon) = daemon() else { return };
    let folders: u64 = if soaking() { 10_000 } else { 100 };
    let token = unique("many");
    let trial = Trial::new(&[
        (
            "scenario.toml",
            "schema = 1\ntitle = \"Many\"\ncontext.path = \"context\"\n[[variant]]\nname = \"one\"\ndockerfile = \"Dockerfile\"\n",
        ),
        ("Dockerfile", "FROM scratch\nCOPY token /\n"),
        ("context/token", &token),
    ]);
    for folder in 0..folders {
        let path = trial.scenario().join(format!("context/{folder:05}"));
        fs::create_dir(&path).unwrap();
        for file in 0..99 {
            fs::write(path.join(format!("{file:02}")), "").unwrap();
        }
    }
    let files = folders * 99 + 1;
    let context = trial.scenario().join("context");
    let told = trial.command(&["context"], &[&context.display().to_string()]);
    assert_eq!(told.code, Some(0), "{told:?}");
    assert!(
        told.stdout.contains(&format!(" {files} files")),
        "{}",
        told.stdout
    );

    let ended = trial.start(&["--quick"]).wait_for(Duration::from_secs(3600));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = trial.journal();
    for step in ["cold", "unchanged"] {
        let sample = builds(&run, "one", step)[0];
        let sent = sample.context.as_ref().unwrap();
        assert_eq!((sent.kept_files, sent.total_files), (files, files), "{step}");
    }
}
