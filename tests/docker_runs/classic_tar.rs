//! The tar of a context beside the one that the docker command sends: it is recorded at a socket of our own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, SystemTime};

use seatrial::digest::Digest;
use seatrial::docker::{ContextTar, HeaderForm};
use seatrial::dockerignore::IgnoreFile;
use seatrial::run::ContextTree as _;
use seatrial::workspace::ServedTree;

use crate::daemon::unique;
use crate::fixture_tree::{odd_tree, write_files};
use crate::support::{docker, docker_or_skip, text};

/// How long a request may be waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that builds nothing, and keeps the context of what it was asked to build.
struct Recorder {
    socket: PathBuf,
    contexts: Receiver<Vec<u8>>,
}

impl Recorder {
    fn listen(folder: &Path) -> Self {
        let socket = folder.join("recorder.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        let (sender, contexts) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                std::thread::spawn(move || {
                    serve(&stream, |context| {
                        // The test may be over.
                        let _ = sender.send(context);
                    })
                });
            }
        });
        Self { socket, contexts }
    }
}

/// Answers requests of one connection.
fn serve(stream: &UnixStream, mut keep: impl FnMut(Vec<u8>)) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = Vec::new();
        while head.last().is_none_or(|line: &String| line != "\r\n") {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            head.push(line);
        }
        let body = if head
            .iter()
            .any(|line| line.to_lowercase().starts_with("transfer-encoding: chunked"))
        {
            chunked(&mut reader)?
        } else {
            Vec::new()
        };
        let (kind, answer) = if head[0].contains("/build") {
            keep(body);
            (
                "application/json",
                "{\"stream\":\"Successfully built 111111111111\\n\"}\n",
            )
        } else {
            ("text/plain", "OK")
        };
        let length = answer.len();
        // An answer to HEAD has no body; what came all the same would be taken for the begin of the next answer.
        let asks_head = head[0].starts_with("HEAD ");
        let head = format!(
            "HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nBuilder-Version: 1\r\nOstype: linux\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n\r\n"
        );
        let answer = if asks_head { "" } else { answer };
        (&*stream).write_all(format!("{head}{answer}").as_bytes())?;
    }
}

fn chunked(reader: &mut impl std::io::BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let length = usize::from_str_radix(line.trim(), 16).unwrap();
        let start = body.len();
        body.resize(start + length + 2, 0);
        reader.read_exact(&mut body[start..])?;
        body.truncate(start + length);
        if length == 0 {
            return Ok(body);
        }
    }
}

/// What stands in the headers of a tar, and the content of its files.
fn entries(tar: &[u8]) -> Vec<String> {
    let mut archive = tar::Archive::new(tar);
    let entries = archive.entries().unwrap();
    entries
        .map(|entry| {
            let mut entry = entry.unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            let content = Digest::of(content);
            let header = entry.header();
            format!(
                "{} {:?} mode {:o} owner {}:{} size {} link {:?} content {content}",
                String::from_utf8_lossy(&entry.path_bytes()),
                header.entry_type(),
                header.mode().unwrap(),
                header.uid().unwrap(),
                header.gid().unwrap(),
                header.size().unwrap(),
                entry
                    .link_name_bytes()
                    .map(|name| String::from_utf8_lossy(&name).into_owned()),
            )
        })
        .collect()
}

/// The list that GNU tar makes of it, times included.
fn listed(folder: &Path, name: &str, tar: &[u8]) -> String {
    let path = folder.join(name);
    fs::write(&path, tar).unwrap();
    let output = Command::new("tar")
        .args(["--list", "--verbose", "--full-time", "--numeric-owner", "--file"])
        .arg(path)
        .env("TZ", "UTC")
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

fn hostile_tree(folder: &Path) {
    odd_tree(folder, "token");
    let long = "long-".repeat(24);
    write_files(
        folder,
        &[
            (&format!("{long}/{long}"), "deep below long names"),
            (&"x".repeat(100), "a name that just fits"),
            (
                &format!("{}/y", "z".repeat(98)),
                "a name that just fits, with a slash",
            ),
            ("block", &"b".repeat(512)),
            ("block-and-more", &"b".repeat(513)),
            ("a/b", "before a-b"),
            ("a-b", "after a/b"),
        ],
    );
    symlink("to/".repeat(60), folder.join("long-link")).unwrap();
    fs::hard_link(folder.join("kept/no/gone.txt"), folder.join("not-gone.txt")).unwrap();
    let old = SystemTime::UNIX_EPOCH - Duration::from_secs(86_400);
    let file = File::options().append(true).open(folder.join("a-b")).unwrap();
    file.set_modified(old).unwrap();
    let fraction = SystemTime::UNIX_EPOCH + Duration::from_millis(1_600_000_000_900);
    let file = File::options().append(true).open(folder.join("block")).unwrap();
    file.set_modified(fraction).unwrap();
}

#[test]
fn the_docker_command_sends_the_same_entries_in_the_same_order() {
    if !docker_or_skip() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join(unique("tree"));
    hostile_tree(&tree);
    let recorder = Recorder::listen(folder.path());
    for (rules, dockerfile) in [
        (None, "Dockerfile"),
        (Some("*\n!kept/no/but.txt\n!deep/a/b\n"), "Dockerfile"),
        (Some("**/*.txt\nDockerfile\n.dockerignore\n"), "Dockerfile"),
        (
            Some("kept\n!kept/deep/Dockerfile.other\n"),
            "kept/deep/Dockerfile.other",
        ),
        (Some("kept\n"), "kept/deep/Dockerfile.other"),
    ] {
        if let Some(rules) = rules {
            fs::write(tree.join(".dockerignore"), rules).unwrap();
        }
        write_files(&tree, &[(dockerfile, "FROM scratch\n")]);
        let output = Command::new("docker")
            .env("DOCKER_BUILDKIT", "0")
            .env("DOCKER_HOST", format!("unix://{}", recorder.socket.display()))
            .arg("build")
            .arg("--file")
            .arg(tree.join(dockerfile))
            .arg(&tree)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let theirs = recorder.contexts.recv_timeout(PATIENCE).unwrap();

        let served = Arc::new(ServedTree::new(tree.clone()));
        let ignore = IgnoreFile::parse(&fs::read(tree.join(".dockerignore")).unwrap()).unwrap();
        let tar = ContextTar {
            entries: served.walk_as_classic(&ignore, Some(dockerfile)).unwrap(),
            tree: served,
            placed: Vec::new(),
            form: HeaderForm::of_engine(&docker(&["version", "--format", "{{.Client.Version}}"])),
        };
        let mut ours = Vec::new();
        let length = tar
            .write(|chunk| {
                ours.extend_from_slice(&chunk);
                true
            })
            .unwrap();
        assert_eq!(length.0, ours.len() as u64);
        for (ours, theirs) in entries(&ours).iter().zip(&entries(&theirs)) {
            assert_eq!(ours, theirs, "{rules:?}");
        }
        let [ours, theirs] =
            [("ours", &ours), ("theirs", &theirs)].map(|(name, tar)| listed(folder.path(), name, tar));
        assert_eq!(ours, theirs, "{rules:?}");
    }
}
