//! Edits of every kind, against the tools of the system that do the same.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::error::Error as _;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use seatrial::scenario::{Edit, Nonce};
use seatrial::unit::Nanos;
use seatrial::workspace::{ContextCopy, Scratch, apply};

const MAIN: &str = "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n";

/// A copy of a context with a little of everything.
fn copy() -> (Scratch, ContextCopy) {
    let source = tempfile::tempdir().unwrap();
    let at = |path: &str| source.path().join(path);
    for folder in ["app/pkg", "docs"] {
        fs::create_dir_all(at(folder)).unwrap();
    }
    for (path, text) in [
        ("app/main.py", MAIN),
        ("app/pkg/mod.py", "old\n"),
        ("docs/a.md", "a\n"),
        ("tool", "#!\n"),
    ] {
        fs::write(at(path), text).unwrap();
        fs::File::options()
            .append(true)
            .open(at(path))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH + Duration::new(1_700_000_000, 7))
            .unwrap();
    }
    symlink("app/main.py", at("link")).unwrap();
    let aged = Command::new("touch")
        .args(["-h", "-d", "@1700000000.5"])
        .arg(at("link"))
        .status();
    assert!(aged.unwrap().success());
    fs::hard_link(at("app/pkg/mod.py"), at("app/pkg/twin.py")).unwrap();
    let scratch = Scratch::create(&std::env::temp_dir()).unwrap();
    let copy = scratch.copy_context(source.path(), &[], "v").unwrap();
    (scratch, copy)
}

fn nonce() -> Nonce {
    Nonce::of("run", 1, "variant", "step")
}

/// What `find` says of every path: kind, mode, size, time, number of names, where it links to.
fn listing(folder: &Path) -> String {
    let output = Command::new("find")
        .arg(folder)
        .args(["-printf", "%P %y %m %s %T@ %n %l\\n"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// An error and its causes.
fn said(error: &seatrial::workspace::EditError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn run(command: &str) -> Edit {
    Edit::Run {
        command: command.to_owned(),
        timeout: Nanos::from_secs(60),
    }
}

fn patch(text: &str) -> Edit {
    Edit::Patch {
        file: "edits/01.patch".into(),
        text: text.to_owned(),
    }
}

#[test]
fn rename_copy_and_chmod_do_what_mv_cp_and_chmod_do() {
    let rename = |path: &str, to: &str| Edit::Rename {
        path: path.into(),
        to: to.into(),
    };
    let copied = |path: &str, to: &str| Edit::Copy {
        path: path.into(),
        to: to.into(),
    };
    let chmod = |path: &str, mode: &str| Edit::Chmod {
        path: path.into(),
        mode: mode.parse().unwrap(),
    };
    for (edit, command) in [
        (
            rename("app/main.py", "app/start.py"),
            "mv app/main.py app/start.py",
        ),
        (rename("app", "src"), "mv app src"),
        (rename("link", "docs/link"), "mv link docs/link"),
        (
            rename("tool", "bin/deep/tool"),
            "mkdir -m 755 bin bin/deep && mv tool bin/deep/tool",
        ),
        (copied("app", "docs/app"), "cp -a app docs/app"),
        (copied("app/main.py", "main.py"), "cp -a app/main.py main.py"),
        (copied("link", "docs/link"), "cp -a link docs/link"),
        (chmod("tool", "4755"), "chmod 4755 tool"),
        (chmod("app", "0700"), "chmod 0700 app"),
    ] {
        let (_scratch, mut ours) = copy();
        let (_other, other) = copy();
        let before = listing(ours.path());
        apply(&mut ours, &edit, &nonce()).unwrap();
        let status = Command::new("sh")
            .args(["-c", command])
            .current_dir(other.path())
            .status();
        assert!(status.unwrap().success(), "{command}");
        // The times of folders whose entries changed are this moment's.
        let without_folders = |folder: &Path| {
            let lines = listing(folder);
            let kept: Vec<_> = lines
                .lines()
                .map(|line| match line.split_once(" d ") {
                    Some((path, rest)) => format!("{path} d {}", &rest[..3]),
                    None => line.to_owned(),
                })
                .collect();
            kept.join("\n")
        };
        assert_eq!(
            without_folders(ours.path()),
            without_folders(other.path()),
            "{command}"
        );
        ours.reset().unwrap();
        assert_eq!(listing(ours.path()), before, "{command}");
    }
}

#[test]
fn what_cannot_be_moved_or_copied_is_named_and_stays() {
    let (_scratch, mut copy) = copy();
    let before = listing(copy.path());
    for (path, to, why) in [
        (
            "mian.py",
            "x",
            "`mian.py`: the context has no such file or folder, the nearest is `app/main.py`",
        ),
        (
            "tool",
            "link",
            "`link`: something is there already, expected a path at which nothing is",
        ),
        (
            "tool",
            "docs",
            "`docs`: something is there already, expected a path at which nothing is",
        ),
        (
            "tool",
            "tool",
            "`tool`: something is there already, expected a path at which nothing is",
        ),
        ("app", "app/pkg/app", "`app`: `app/pkg/app` lies inside it"),
        (
            "tool",
            "docs/a.md/x",
            "`docs/a.md`: it is a file, expected a folder",
        ),
        (
            "tool",
            "new/../../x",
            "`new/../../x`: the path contains `..`, expected one that stays in the context",
        ),
    ] {
        for (word, edit) in [
            (
                "rename",
                Edit::Rename {
                    path: path.into(),
                    to: to.into(),
                },
            ),
            (
                "copy",
                Edit::Copy {
                    path: path.into(),
                    to: to.into(),
                },
            ),
        ] {
            let error = apply(&mut copy, &edit, &nonce()).unwrap_err();
            assert_eq!(error.to_string(), format!("{word} {why}"));
            assert_eq!(listing(copy.path()), before, "{edit:?}");
        }
    }
    // The text of the path hides that it lies in the folder that is copied.
    symlink("app", copy.path().join("way")).unwrap();
    let inside = Edit::Copy {
        path: "app".into(),
        to: "way/copy".into(),
    };
    let error = apply(&mut copy, &inside, &nonce()).unwrap_err();
    assert!(
        said(&error).ends_with("a folder cannot be copied into itself"),
        "{}",
        said(&error)
    );
    assert!(!copy.path().join("app/copy").exists());
}

#[test]
fn a_patch_does_what_git_apply_does() {
    for text in [
        // Two hunks, the second of which has moved by the first.
        "--- a/app/main.py\n+++ b/app/main.py\n@@ -1,3 +1,4 @@\n one\n+{{nonce}}\n two\n three\n\
         @@ -8,3 +9,2 @@\n eight\n-nine\n ten\n",
        // Lines that have moved since.
        "--- a/app/main.py\n+++ b/app/main.py\n@@ -3,3 +3,3 @@\n six\n-seven\n+SEVEN\n eight\n",
        "--- /dev/null\n+++ b/new/deep/file\n@@ -0,0 +1,2 @@\n+a\n+b\n\\ No newline at end of file\n",
        "--- a/docs/a.md\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n",
        "diff --git a/app/pkg/mod.py b/app/mod.py\nsimilarity index 100%\nrename from app/pkg/mod.py\nrename to app/mod.py\n",
        "diff --git a/tool b/tool\nold mode 100644\nnew mode 100755\n",
        "diff --git a/app/main.py b/app/copy.py\nsimilarity index 80%\ncopy from app/main.py\ncopy to app/copy.py\n\
         --- a/app/main.py\n+++ b/app/copy.py\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n",
        "diff --git a/run b/run\nnew file mode 100755\n--- /dev/null\n+++ b/run\n@@ -0,0 +1 @@\n+#!\n",
    ] {
        let (_scratch, mut ours) = copy();
        let (_other, other) = copy();
        let before = listing(ours.path());
        apply(&mut ours, &patch(text), &nonce()).unwrap_or_else(|error| panic!("{text}: {}", said(&error)));
        let filled = other.path().with_file_name("filled.patch");
        fs::write(&filled, nonce().fill_in(text)).unwrap();
        let status = Command::new("git")
            .args(["apply", "--unsafe-paths", "--whitespace=nowarn"])
            .arg(&filled)
            .current_dir(other.path())
            .env("GIT_CEILING_DIRECTORIES", other.path().parent().unwrap())
            .status();
        assert!(status.unwrap().success(), "{text}");
        let compared = Command::new("diff")
            .arg("-r")
            .args([ours.path(), other.path()])
            .output()
            .unwrap();
        assert!(
            compared.status.success(),
            "{text}: {}",
            String::from_utf8_lossy(&compared.stdout)
        );
        for path in ["tool", "run", "app/main.py", "new/deep/file"] {
            let mode = |copy: &ContextCopy| {
                let metadata = fs::metadata(copy.path().join(path));
                metadata.map(|metadata| metadata.mode() & 0o7111).ok()
            };
            assert_eq!(mode(&ours), mode(&other), "{path} by {text}");
        }
        ours.reset().unwrap();
        assert_eq!(listing(ours.path()), before, "{text}");
    }
}

#[test]
fn a_patch_that_does_not_fit_names_its_hunk_and_changes_nothing() {
    let good = "--- a/docs/a.md\n+++ b/docs/a.md\n@@ -1 +1 @@\n-a\n+b\n";
    let (_scratch, mut copy) = copy();
    let before = listing(copy.path());
    for (bad, why) in [
        (
            "--- a/app/main.py\n+++ b/app/main.py\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n@@ -8,2 +8,2 @@\n eight\n-NINE\n+9\n",
            "edits/01.patch:12: the hunk does not fit `app/main.py`",
        ),
        (
            "--- a/app/main.py\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-two\n",
            "edits/01.patch:8: the hunk does not fit `app/main.py`",
        ),
        (
            "--- a/app/mian.py\n+++ b/app/mian.py\n@@ -1 +1 @@\n-one\n+1\n",
            "edits/01.patch:6: the patch cannot be applied: patch `app/mian.py`: the context has no such file, \
             the nearest is `app/main.py`",
        ),
        (
            "--- /dev/null\n+++ b/link\n@@ -0,0 +1 @@\n+one\n",
            "edits/01.patch:6: the patch cannot be applied: patch `link`: something is there already, expected a path \
             at which nothing is",
        ),
        (
            "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n",
            "edits/01.patch:8: the hunk ends early: its header promises 0 old and 1 new lines more",
        ),
    ] {
        let error = apply(&mut copy, &patch(&format!("{good}{bad}")), &nonce()).unwrap_err();
        assert_eq!(said(&error), why);
        assert_eq!(listing(copy.path()), before, "{bad}");
    }
}

#[test]
fn a_command_works_in_the_copy_and_all_it_did_is_taken_back() {
    let (_scratch, mut copy) = copy();
    let before = listing(copy.path());
    let inodes = |copy: &ContextCopy| fs::metadata(copy.path().join("app/main.py")).unwrap().ino();
    let inode = inodes(&copy);
    let first = Edit::Write {
        path: "app/first".into(),
        text: "first".to_owned(),
    };
    apply(&mut copy, &first, &nonce()).unwrap();
    let command = "set -e; sed -i s/one/{{nonce}}/ app/main.py; echo \"$SEATRIAL_NONCE\" > made; rm -r docs; \
                   chmod 700 .; mkfifo pipe; test \"$PWD\" -ef .; test -z \"$(ls -A \"$HOME\")\"; \
                   test \"$HOME\" = \"$TMPDIR\"; echo x > \"$TMPDIR/x\"; env > environment; echo done";
    apply(&mut copy, &run(command), &nonce()).unwrap_or_else(|error| panic!("{}", said(&error)));
    let read = |path: &str| fs::read_to_string(copy.path().join(path)).unwrap();
    let nonce_text = nonce().as_str().to_owned();
    assert_eq!(read("app/main.py"), MAIN.replace("one", &nonce_text));
    assert_eq!(read("made"), format!("{nonce_text}\n"));
    assert_eq!(read("app/first"), "first");
    let environment = read("environment");
    let mut names: Vec<_> = environment
        .lines()
        .filter_map(|line| Some(line.split_once('=')?.0))
        .collect();
    names.sort_unstable();
    // The shell adds `PWD`, and some shells more of their own.
    names.retain(|name| !["_", "OLDPWD", "SHLVL"].contains(name));
    assert_eq!(names, ["HOME", "LANG", "PATH", "PWD", "SEATRIAL_NONCE", "TMPDIR"]);
    assert!(!copy.path().join("docs").exists());
    // Edits go on on what the command left.
    let append = Edit::Append {
        path: "made".into(),
        text: "more".to_owned(),
    };
    apply(&mut copy, &append, &nonce()).unwrap();
    assert_eq!(
        fs::read_to_string(copy.path().join("made")).unwrap(),
        format!("{nonce_text}\nmore")
    );
    copy.reset().unwrap();
    assert_eq!(listing(copy.path()), before);
    assert_eq!(inodes(&copy), inode);
    assert!(
        fs::symlink_metadata(copy.path().join("link"))
            .unwrap()
            .is_symlink()
    );
}

#[test]
fn a_command_that_fails_says_how_and_leaves_the_copy_as_it_was() {
    let (_scratch, mut copy) = copy();
    let before = listing(copy.path());
    let ten = "for i in 1 2 3 4 5 6 7 8 9 10; do echo line $i; done; rm -r app; exit 3";
    for (command, why) in [
        (
            "false",
            "run `false`: it ended with exit code 1, expected exit code 0; it printed nothing",
        ),
        (
            ten,
            "it ended with exit code 3, expected exit code 0; its log ends in `line 3`, `line 4`, `line 5`, `line 6`, \
             `line 7`, `line 8`, `line 9`, `line 10`",
        ),
        (
            "echo gone >&2; kill -9 $$",
            "it ended with signal 9, expected exit code 0; its log ends in `gone`",
        ),
        (
            "printf '\\033[31mred\\n'; exit 1",
            "its log ends in `\\u{1b}[31mred`",
        ),
    ] {
        let error = apply(&mut copy, &run(command), &nonce()).unwrap_err();
        assert!(said(&error).ends_with(why), "{}", said(&error));
        assert_eq!(listing(copy.path()), before, "{command}");
    }
    assert_eq!(
        fs::read_dir(copy.path().parent().unwrap()).unwrap().count(),
        2,
        "context and originals"
    );
}

#[test]
fn a_command_that_takes_too_long_is_killed_with_all_that_it_started() {
    let (_scratch, mut copy) = copy();
    let before = listing(copy.path());
    let slow = Edit::Run {
        command: "(sleep 1000; touch late) & echo waiting; wait".to_owned(),
        timeout: Nanos::from_millis(300),
    };
    let began = Instant::now();
    let error = apply(&mut copy, &slow, &nonce()).unwrap_err();
    assert!(
        said(&error).ends_with("it was killed after its timeout of 300 ms; its log ends in `waiting`"),
        "{}",
        said(&error)
    );
    assert!(
        began.elapsed() < Duration::from_secs(60),
        "the child was waited for"
    );
    assert_eq!(listing(copy.path()), before);
    // What is left behind in the group ends with the command, too.
    let token = format!("{}", std::process::id());
    apply(
        &mut copy,
        &run(&format!("sleep 987{token} & echo $! > child")),
        &nonce(),
    )
    .unwrap();
    let child = fs::read_to_string(copy.path().join("child")).unwrap();
    let proc = Path::new("/proc").join(child.trim());
    let limit = Instant::now() + Duration::from_secs(60);
    let is_alive = || fs::read_to_string(proc.join("stat")).is_ok_and(|stat| !stat.contains(") Z "));
    while is_alive() {
        assert!(Instant::now() < limit, "the child lives on");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_command_cannot_write_outside_of_its_folders() {
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "kept").unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o666)).unwrap();
    let (_scratch, mut copy) = copy();
    let secret = secret.display();
    for command in [
        format!("echo x > {secret}"),
        format!("rm {secret}"),
        format!("ln -s {secret} way; echo x > way"),
        format!("mv {secret} here"),
        "echo x > ../originals/x".to_owned(),
        "rm -r ../originals".to_owned(),
        "mv app ../app".to_owned(),
        format!("kill -0 {}", std::process::id()),
    ] {
        assert!(apply(&mut copy, &run(&command), &nonce()).is_err(), "{command}");
        assert_eq!(
            fs::read_to_string(outside.path().join("secret")).unwrap(),
            "kept",
            "{command}"
        );
    }
    // This process itself gave up nothing.
    fs::write(outside.path().join("secret"), "written").unwrap();
    apply(
        &mut copy,
        &run("echo x > /dev/null; cat /etc/passwd > users"),
        &nonce(),
    )
    .unwrap();
}
