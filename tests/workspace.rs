//! The promise to the user's sources: read, never written; and to the measurements: every round starts from
//! the same bytes. GNU tar and sha256sum are the witnesses.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::error::Error as _;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use proptest::prelude::*;
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use seatrial::scenario::{Edit, Fill, Nonce};
use seatrial::unit::{ByteSize, Nanos};
use seatrial::workspace::{AbandonedScratch, ContextCopy, CopyError, SCRATCH_PREFIX, Scratch, apply};
use tempfile::TempDir;

/// SHA-256 of the archive that GNU tar makes of a folder: names, kinds, modes, hard links, symbolic links,
/// bytes, and modification times in nanoseconds, those of the folder itself included.
fn tree_digest(folder: &Path) -> String {
    let script = "tar --create --file=- --sort=name --format=posix --owner=0 --group=0 \
                  --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime . | sha256sum";
    let output = Command::new("bash")
        .args(["-o", "pipefail", "-c", script])
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn age(path: &Path, nanoseconds: u64) {
    let time = SystemTime::UNIX_EPOCH + Duration::new(1_600_000_000 + nanoseconds % 9_999, 123_456_789);
    let file = fs::File::open(path).unwrap();
    file.set_modified(time).unwrap();
}

/// A tree with one of everything that a context may hold, and what its links lead out to.
///
/// The links lead to a decoy and never to files of the system: these tests may run as root, and they must
/// do no harm on the day when the guard that they test is broken.
struct Tree {
    folder: TempDir,
    outside: TempDir,
}

impl Tree {
    fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn tree() -> Tree {
    let folder = tempfile::tempdir().unwrap();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("passwd"), "secret").unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir_all(at("app/pkg")).unwrap();
    fs::create_dir(at("empty")).unwrap();
    for (index, (path, text)) in [
        ("app/main.py", "print('hello')\n"),
        ("app/pkg/mod.py", "old old\n"),
        ("app/tool", "#!/bin/sh\n"),
        ("data", "\u{0}binary\u{0}"),
        ("empty/.keep", ""),
    ]
    .into_iter()
    .enumerate()
    {
        fs::write(at(path), text).unwrap();
        age(&at(path), index as u64);
    }
    fs::set_permissions(at("app/tool"), fs::Permissions::from_mode(0o6755)).unwrap();
    fs::set_permissions(at("data"), fs::Permissions::from_mode(0o400)).unwrap();
    fs::hard_link(at("app/main.py"), at("twin.py")).unwrap();
    symlink("main.py", at("app/link.py")).unwrap();
    symlink("pkg", at("app/way")).unwrap();
    symlink(outside.path().join("passwd"), at("passwd")).unwrap();
    symlink(outside.path(), at("etc")).unwrap();
    symlink(outside.path().join("new"), at("new-out")).unwrap();
    symlink("../elsewhere", at("up")).unwrap();
    symlink("nothing", at("dangling")).unwrap();
    symlink("/proc/self/root", at("magic")).unwrap();
    symlink("circle", at("circle")).unwrap();
    fs::set_permissions(at("empty"), fs::Permissions::from_mode(0o1555)).unwrap();
    for (index, path) in ["app/pkg", "app", "empty", ""].into_iter().enumerate() {
        age(&at(path), 100 + index as u64);
    }
    Tree { folder, outside }
}

fn scratch() -> Scratch {
    Scratch::create(&std::env::temp_dir()).unwrap()
}

fn nonce() -> Nonce {
    Nonce::of("run", 1, "variant", "step")
}

fn append(path: &str) -> Edit {
    Edit::Append {
        path: path.into(),
        text: "{{nonce}}".to_owned(),
    }
}

fn write(path: &str) -> Edit {
    Edit::Write {
        path: path.into(),
        text: "{{nonce}}".to_owned(),
    }
}

#[test]
fn a_copy_equals_its_original_and_the_original_stays_as_it_was() {
    let source = tree();
    let before = tree_digest(source.path());
    let scratch = scratch();
    let mut copy = scratch.copy_context(source.path(), &[], "v").unwrap();
    assert_eq!(tree_digest(copy.path()), before);
    assert_eq!(tree_digest(source.path()), before);

    for edit in [
        append("app/main.py"),
        append("app/link.py"),
        write("app/way/new/file"),
        Edit::Touch { path: "app".into() },
        Edit::Delete { path: "etc".into() },
        Edit::Delete { path: "app".into() },
    ] {
        apply(&mut copy, &edit, &nonce()).unwrap();
        assert_eq!(tree_digest(source.path()), before, "{edit:?}");
    }
    assert_ne!(tree_digest(copy.path()), before);
    copy.reset().unwrap();
    assert_eq!(tree_digest(copy.path()), before);
    let path = scratch.path().to_owned();
    scratch.close().unwrap();
    assert!(!path.exists());
    assert_eq!(tree_digest(source.path()), before);
    assert!(source.outside.path().join("passwd").exists());
}

#[test]
fn a_link_to_the_context_is_followed_and_hard_links_are_kept() {
    let source = tree();
    let aside = tempfile::tempdir().unwrap();
    symlink(source.path(), aside.path().join("context")).unwrap();
    let scratch = scratch();
    let copy = scratch
        .copy_context(&aside.path().join("context"), &[], "v")
        .unwrap();
    assert_eq!(tree_digest(copy.path()), tree_digest(source.path()));
    let inode = |path: &str| fs::metadata(copy.path().join(path)).unwrap().ino();
    assert_eq!(inode("app/main.py"), inode("twin.py"));
}

#[test]
fn a_fill_comes_on_top_and_is_the_same_in_every_copy() {
    let source = tree();
    let fill = [Fill {
        path: "app/vendor".into(),
        files: 230,
        bytes: ByteSize(100_003),
        seed: 7,
    }];
    let scratch = scratch();
    let one = scratch.copy_context(source.path(), &fill, "one").unwrap();
    let other = scratch.copy_context(source.path(), &fill, "other").unwrap();
    assert_eq!(tree_digest(one.path()), tree_digest(other.path()));
    fs::remove_dir_all(one.path().join("app/vendor")).unwrap();
    age(&one.path().join("app"), 101);
    assert_eq!(tree_digest(one.path()), tree_digest(source.path()));
}

/// Patches, renames, copies and new modes of a path that leads out are refused, saying `why`.
fn refuse_patches_and_moves(copy: &mut ContextCopy, path: &str, why: &str) {
    let diff = Edit::Patch {
        file: "p.patch".into(),
        text: format!("--- {path}\n+++ {path}\n@@ -1 +1 @@\n-secret\n+x\n"),
    };
    let error = apply(copy, &diff, &nonce()).unwrap_err();
    let said = format!(
        "{error}: {}",
        error.source().map(ToString::to_string).unwrap_or_default()
    );
    assert!(said.starts_with("p.patch:1: the "), "{said}");
    for edit in [
        Edit::Copy {
            path: "app".into(),
            to: path.into(),
        },
        Edit::Rename {
            path: "app".into(),
            to: path.into(),
        },
    ] {
        let error = apply(copy, &edit, &nonce()).unwrap_err().to_string();
        let taken = "something is there already, expected a path at which nothing is";
        let whys = [why, taken].map(|why| format!("{} `{path}`: {why}", edit.kind()));
        assert!(whys.contains(&error), "{error}");
    }
    let mode = "0777".parse().unwrap();
    let chmod = Edit::Chmod {
        path: path.into(),
        mode,
    };
    let error = apply(copy, &chmod, &nonce()).unwrap_err().to_string();
    let link = "it is a symbolic link, expected a file or folder";
    assert!(
        [why, link]
            .map(|why| format!("chmod `{path}`: {why}"))
            .contains(&error),
        "{error}"
    );
}

#[test]
fn nothing_leads_out_of_the_copy() {
    let source = tree();
    let outside = source.outside.path();
    let untouched = tree_digest(outside);
    let scratch = scratch();
    let mut copy = scratch.copy_context(source.path(), &[], "v").unwrap();
    let original = tree_digest(copy.path());
    let absolute = outside.join("passwd");
    let absolute = absolute.to_str().unwrap();
    let up = format!(
        "../../../{}/passwd",
        outside.file_name().unwrap().to_str().unwrap()
    );
    let magic = format!("magic{absolute}");
    for (path, why) in [
        ("", "the path is empty, expected one relative to the context"),
        (
            absolute,
            "the path is absolute, expected one relative to the context",
        ),
        (
            &up,
            "the path contains `..`, expected one that stays in the context",
        ),
        (
            "app/../../x",
            "the path contains `..`, expected one that stays in the context",
        ),
        ("passwd", "a symbolic link in the path leads out of the context"),
        (
            "etc/passwd",
            "a symbolic link in the path leads out of the context",
        ),
        (
            "etc/seatrial/new",
            "a symbolic link in the path leads out of the context",
        ),
        ("new-out", "a symbolic link in the path leads out of the context"),
        ("up", "a symbolic link in the path leads out of the context"),
        ("up/new", "a symbolic link in the path leads out of the context"),
        (&magic, "a symbolic link in the path leads out of the context"),
        ("dangling", "the symbolic link leads to nothing"),
        (
            "circle",
            "a symbolic link in the path cannot be followed within the context",
        ),
    ] {
        let edits = [
            append(path),
            write(path),
            Edit::Touch { path: path.into() },
            Edit::Replace {
                path: path.into(),
                find: "secret".to_owned(),
                with: "x".to_owned(),
                times: 1,
            },
        ];
        for edit in edits {
            let error = apply(&mut copy, &edit, &nonce()).unwrap_err();
            assert_eq!(error.to_string(), format!("{} `{path}`: {why}", edit.kind()));
        }
        refuse_patches_and_moves(&mut copy, path, why);
        let delete = Edit::Delete { path: path.into() };
        match apply(&mut copy, &delete, &nonce()) {
            // A link itself lies in the copy.
            Ok(_) => assert!(
                fs::symlink_metadata(source.path().join(path))
                    .unwrap()
                    .is_symlink(),
                "{path}"
            ),
            Err(error) => assert_eq!(error.to_string(), format!("delete `{path}`: {why}")),
        }
        copy.reset().unwrap();
        assert_eq!(tree_digest(outside), untouched, "{path}");
        assert_eq!(tree_digest(copy.path()), original, "{path}");
    }
}

#[test]
fn sockets_and_pipes_are_copied_and_devices_are_named() {
    let source = tree();
    let scratch = scratch();
    let listener = UnixListener::bind(source.path().join("socket")).unwrap();
    let pipe = source.path().join("app/pipe");
    assert!(
        Command::new("mkfifo")
            .args(["-m", "0620"])
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    let copy = scratch.copy_context(source.path(), &[], "v").unwrap();
    // GNU tar leaves sockets out.
    assert_eq!(tree_digest(copy.path()), tree_digest(source.path()));
    let socket = |folder: &Path| {
        let metadata = fs::symlink_metadata(folder.join("socket")).unwrap();
        (metadata.mode(), metadata.mtime(), metadata.mtime_nsec())
    };
    assert_eq!(socket(copy.path()), socket(source.path()));
    drop(listener);

    let device = source.path().join("app/null");
    let made = Command::new("mknod")
        .arg(&device)
        .args(["c", "1", "3"])
        .output()
        .unwrap();
    if !made.status.success() {
        return;
    }
    let error = scratch.copy_context(source.path(), &[], "devices").unwrap_err();
    let place = fs::canonicalize(&device).unwrap();
    assert_eq!(
        error.to_string(),
        format!(
            "`{}` is a character device, which no scratch copy holds",
            place.display()
        )
    );
    assert!(!scratch.path().join("devices").exists());
}

#[test]
fn an_unreadable_file_is_named() {
    let source = tree();
    let hidden = source.path().join("app/hidden");
    fs::write(&hidden, "").unwrap();
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o000)).unwrap();
    let hidden = fs::canonicalize(hidden).unwrap();
    let scratch = scratch();
    // Root reads everything, so this thread gives up that right first.
    let refused = std::thread::scope(|scope| {
        let copying = scope.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            sets.effective &= !(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            set_capabilities(None, sets).unwrap();
            scratch.copy_context(source.path(), &[], "v").map(drop)
        });
        copying.join().unwrap()
    });
    let error = refused.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot read `{}` of the context", hidden.display())
    );
    assert!(matches!(error, CopyError::Read { .. }), "{error:?}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn read_only_folders_are_removed_without_any_privilege() {
    let source = tree();
    let parent = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        let removing = scope.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            sets.effective &= !(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            set_capabilities(None, sets).unwrap();
            let scratch = Scratch::create(parent.path()).unwrap();
            scratch.copy_context(source.path(), &[], "v").unwrap();
            assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 1);
            scratch.close().unwrap();
        });
        removing.join().unwrap();
    });
    assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
}

#[test]
fn a_scratch_folder_is_abandoned_when_nobody_holds_it_any_more() {
    let parent = tempfile::tempdir().unwrap();
    let used = Scratch::create(parent.path()).unwrap();
    let left = parent.path().join(format!("{SCRATCH_PREFIX}left"));
    fs::create_dir_all(left.join("copy/app")).unwrap();
    fs::write(left.join("copy/app/main.py"), "").unwrap();
    fs::set_permissions(left.join("copy/app"), fs::Permissions::from_mode(0o500)).unwrap();
    fs::create_dir(parent.path().join("somebody-elses")).unwrap();
    symlink(
        parent.path().join("somebody-elses"),
        parent.path().join(format!("{SCRATCH_PREFIX}link")),
    )
    .unwrap();
    let mut found = Scratch::abandoned(parent.path()).unwrap();
    assert_eq!(
        found.iter().map(AbandonedScratch::path).collect::<Vec<_>>(),
        [&left]
    );
    found.remove(0).remove().unwrap();
    assert!(!left.exists());
    assert!(Scratch::abandoned(parent.path()).unwrap().is_empty());
    assert!(used.path().exists() && parent.path().join("somebody-elses").exists());
}

#[test]
fn a_scratch_folder_is_private_and_goes_when_dropped() {
    let parent = tempfile::tempdir().unwrap();
    let scratch = Scratch::create(parent.path()).unwrap();
    let path = scratch.path().to_owned();
    assert!(
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(SCRATCH_PREFIX)
    );
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o700);
    let source = tree();
    for (name, expected) in [
        ("", "`` cannot name a copy, expected a single file name"),
        ("..", "`..` cannot name a copy, expected a single file name"),
        ("a/b", "`a/b` cannot name a copy, expected a single file name"),
    ] {
        let error = scratch.copy_context(source.path(), &[], name).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let error = scratch.copy_context(parent.path(), &[], "v").unwrap_err();
    assert!(matches!(error, CopyError::Overlap { .. }), "{error:?}");
    scratch.copy_context(source.path(), &[], "v").unwrap();
    let error = scratch.copy_context(source.path(), &[], "v").unwrap_err();
    assert!(matches!(error, CopyError::Make { .. }), "{error:?}");
    // The name is still that of the first copy.
    assert!(path.join("v").exists());
    drop(scratch);
    assert!(!path.exists());
    let error = Scratch::create(&parent.path().join("absent")).unwrap_err();
    let expected = format!(
        "cannot make a scratch folder in `{}`",
        parent.path().join("absent").display()
    );
    assert_eq!(error.to_string(), expected);
}

/// A file system of its own that ends with the test.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this user may not mount.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(folder.path())
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_named_and_nothing_half_done_is_left() {
    let Some(disk) = SmallDisk::mount("1m") else {
        println!("SKIPPED: mounting a tmpfs is not allowed here");
        return;
    };
    let source = tempfile::tempdir().unwrap();
    fs::write(source.path().join("a-small"), vec![b'x'; 300_000]).unwrap();
    let scratch = Scratch::create(disk.0.path()).unwrap();

    // An edit that does not fit leaves the file as it was.
    let mut copy = scratch.copy_context(source.path(), &[], "edit").unwrap();
    let original = tree_digest(copy.path());
    let edit = Edit::Append {
        path: "a-small".into(),
        text: "y".repeat(600_000),
    };
    let error = apply(&mut copy, &edit, &nonce()).unwrap_err();
    assert_eq!(error.to_string(), "append `a-small`: cannot write it");
    assert!(full(&error), "{error:?}");
    assert_eq!(tree_digest(copy.path()), original);
    copy.remove().unwrap();

    // A copy that does not fit is taken away again.
    let large = fs::canonicalize(source.path()).unwrap().join("b-large");
    fs::write(&large, vec![b'x'; 2_000_000]).unwrap();
    let error = scratch.copy_context(source.path(), &[], "v").unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("cannot copy `{}` to the scratch folder", large.display())
    );
    assert!(full(&error), "{error:?}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
    fs::remove_file(large).unwrap();

    // So is one whose made-up files do not fit.
    let fill = Fill {
        path: "bulk".into(),
        files: 2,
        bytes: ByteSize(2_000_000),
        seed: 1,
    };
    let error = scratch.copy_context(source.path(), &[fill], "v").unwrap_err();
    assert_eq!(error.to_string(), "cannot write `bulk/0000/000000.bin` of a fill");
    assert!(full(&error), "{error:?}");
    assert_eq!(fs::read_dir(scratch.path()).unwrap().count(), 0);
    scratch.close().unwrap();
}

fn full(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = error.source();
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<std::io::Error>() {
            return error.kind() == std::io::ErrorKind::StorageFull;
        }
        cause = error.source();
    }
    false
}

/// Edits of the paths of [`tree`], of paths that edits make, and of some that nobody makes.
fn any_edit() -> impl Strategy<Value = Edit> {
    let path = prop::sample::select(vec![
        "app",
        "app/main.py",
        "app/link.py",
        "app/pkg",
        "app/pkg/mod.py",
        "app/way",
        "app/way/mod.py",
        "app/way/new",
        "app/pkg/new",
        "app/tool",
        "data",
        "twin.py",
        "empty",
        "empty/.keep",
        "empty/new",
        "new",
        "new/deep",
        "new/deep/file",
        "passwd",
        "etc/x",
        "dangling",
        "circle",
        "absent/x",
    ])
    .prop_map(PathBuf::from);
    let text = "[a-z]{0,3}(\\{\\{nonce\\}\\})?";
    (path.clone(), path, text, 0..24).prop_map(|(path, to, text, kind)| match kind {
        0 | 1 => Edit::Append { path, text },
        2 => Edit::Prepend { path, text },
        3 | 4 => Edit::Replace {
            path,
            find: "old".to_owned(),
            with: text,
            times: 2,
        },
        5..=8 => Edit::Write { path, text },
        9 => Edit::Touch { path },
        10 | 11 => Edit::Delete { path },
        12..=14 => Edit::Rename { path, to },
        15..=17 => Edit::Copy { path, to },
        18 => Edit::Chmod {
            path,
            mode: "0750".parse().unwrap(),
        },
        19 => Edit::Run {
            command: format!(
                "echo '{text}' >> '{}'; rm -rf -- '{}'",
                path.display(),
                to.display()
            ),
            timeout: Nanos::from_secs(20),
        },
        _ => {
            let (path, to) = (path.display(), to.display());
            let text = format!(
                "diff --git a/{path} b/{to}\nrename from {path}\nrename to {to}\n\
                 --- a/{path}\n+++ b/{to}\n@@ -1 +1,2 @@\n old old\n+{text}\n\
                 --- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+old old\n"
            );
            Edit::Patch {
                file: "edits/any.patch".into(),
                text,
            }
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_reset_restores_the_tree_after_any_edits(
        rounds in prop::collection::vec(prop::collection::vec(any_edit(), 0..14), 1..4),
    ) {
        let source = tree();
        let scratch = scratch();
        let mut copy = scratch.copy_context(source.path(), &[], "v").unwrap();
        let original = tree_digest(copy.path());
        for edits in &rounds {
            for edit in edits {
                let before = tree_digest(copy.path());
                let applied = apply(&mut copy, edit, &nonce());
                let after = tree_digest(copy.path());
                match applied {
                    // A mode can be the same before, and commands may fail inside without a word.
                    Ok(_) => prop_assert!(
                        before != after || matches!(edit, Edit::Chmod { .. } | Edit::Run { .. }),
                        "{edit:?} changed nothing"
                    ),
                    Err(error) => prop_assert_eq!(before, after, "{:?} failed by halves: {}", edit, error),
                }
            }
            copy.reset().unwrap();
            prop_assert_eq!(tree_digest(copy.path()), original.clone());
        }
    }
}

#[test]
fn edits_reach_files_through_links_that_stay_inside() {
    let source = tree();
    let scratch = scratch();
    let mut copy = scratch.copy_context(source.path(), &[], "v").unwrap();
    let text = |path: &str| fs::read_to_string(copy.path().join(path)).unwrap();
    assert_eq!(text("app/pkg/mod.py"), "old old\n");
    for path in ["app/link.py", "app/way/mod.py"] {
        apply(&mut copy, &append(path), &nonce()).unwrap();
    }
    let nonce = nonce();
    let text = |path: &str| fs::read_to_string(copy.path().join(path)).unwrap();
    assert_eq!(text("twin.py"), format!("print('hello')\n{}", nonce.as_str()));
    assert_eq!(text("app/pkg/mod.py"), format!("old old\n{}", nonce.as_str()));
    assert!(
        fs::symlink_metadata(copy.path().join("app/link.py"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_file_with_an_unusual_name_is_copied() {
    use std::os::unix::ffi::OsStrExt as _;
    let source = tempfile::tempdir().unwrap();
    for name in [&b"new\nline"[..], b"\xff\xfe", b" ", b"-rf"] {
        let path = source.path().join(std::ffi::OsStr::from_bytes(name));
        fs::File::create(path).unwrap().write_all(name).unwrap();
    }
    let scratch = scratch();
    let copy = scratch.copy_context(source.path(), &[], "v").unwrap();
    assert_eq!(tree_digest(copy.path()), tree_digest(source.path()));
}
