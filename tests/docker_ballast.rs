//! Imports the ballast image into a real daemon with the docker command and runs both subcommands in it.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod support;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use seatrial::ballast::BallastImage;
use support::{docker, docker_or_skip, docker_output};

/// How long a service may take to answer; far beyond what it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// An image of one test, under a name of its own, and the containers started from it: removed when the
/// test ends, also when it fails. A daemon that held the same image under another name keeps it.
struct Imported {
    reference: String,
    containers: Vec<String>,
}

impl Imported {
    fn new(test: &str) -> Self {
        let image = BallastImage::embedded().unwrap();
        let reference = format!("seatrial-test/{test}-{}:ballast", std::process::id());
        let mut import = Command::new("docker")
            .args(["import", "-", &reference])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        import.stdin.take().unwrap().write_all(image.rootfs()).unwrap();
        assert!(import.wait().unwrap().success());
        Self {
            reference,
            containers: Vec::new(),
        }
    }

    /// Starts a container in the background and gives its name.
    fn start(&mut self, command: &[&str]) -> String {
        let test = self.reference.split(['/', ':']).nth(1).unwrap();
        let name = format!("seatrial-test-{test}-{}", self.containers.len());
        self.containers.push(name.clone());
        let publish = "127.0.0.1::8000";
        let mut arguments = vec![
            "run",
            "--detach",
            "--name",
            &name,
            "--publish",
            publish,
            &self.reference,
        ];
        arguments.extend(command);
        docker(&arguments);
        name
    }
}

impl Drop for Imported {
    fn drop(&mut self) {
        for container in &self.containers {
            docker_output(&["rm", "--force", "--volumes", container]);
        }
        docker_output(&["rmi", &self.reference]);
    }
}

/// The status line of a GET through the published port; nothing where nobody answers.
fn answer_of(container: &str, path: &str) -> String {
    let address = docker(&["port", container, "8000/tcp"]);
    let mut answer = String::new();
    if let Ok(mut stream) = TcpStream::connect(address) {
        // The port is open before the service is; then the connection is reset, closed, or silent.
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        let _ = write!(stream, "GET {path} HTTP/1.1\r\nHost: ballast\r\n\r\n");
        let _ = stream.read_to_string(&mut answer);
    }
    answer.lines().next().unwrap_or_default().to_owned()
}

/// What the kernel tells of a container's first process, where it tells it to this test: which program it runs by now,
/// what it waits in, and whether it is frozen.
fn process_of(container: &str) -> String {
    let pid = docker(&["inspect", "--format", "{{.State.Pid}}", container]);
    let process = Path::new("/proc").join(&pid);
    let program = fs::read_link(process.join("exe"));
    let read = |name: &str| fs::read_to_string(process.join(name)).unwrap_or_else(|error| error.to_string());
    let waits = ["wchan", "syscall", "stack", "cgroup"].map(|name| format!("{name}: {}", read(name)));
    format!("{pid}, {program:?}, {}\n{}", waits.join("\n"), read("status"))
}

#[test]
fn the_image_has_the_architecture_of_its_program() {
    if !docker_or_skip() {
        return;
    }
    let imported = Imported::new("architecture");
    let image = BallastImage::embedded().unwrap();
    let inspected = docker(&[
        "image",
        "inspect",
        "--format",
        "{{.Os}} {{.Architecture}}",
        &imported.reference,
    ]);
    assert_eq!(inspected, format!("linux {}", image.architecture()));
    let daemon = docker(&["version", "--format", "{{.Server.Os}} {{.Server.Arch}}"]);
    let (os, architecture) = daemon.split_once(' ').unwrap();
    assert_eq!(BallastImage::for_daemon(os, architecture).unwrap(), image);
}

#[test]
fn work_runs_in_a_container_and_leaves_its_files_in_the_writable_layer() {
    if !docker_or_skip() {
        return;
    }
    let mut imported = Imported::new("work");
    let container = imported.start(&[
        "/ballast",
        "work",
        "--cpu",
        "1ms",
        "--files",
        "2",
        "--bytes",
        "1KiB",
        "--input",
        "/etc/passwd",
        "--output",
        "/opt/packages",
    ]);
    assert_eq!(docker(&["wait", &container]), "0");
    let log = docker(&["logs", &container]);
    assert!(
        log.contains("work: wrote 2 file(s) of 1024 bytes to /opt/packages"),
        "{log}"
    );
    let changed = docker(&["diff", &container]);
    assert!(
        changed.contains("A /opt/packages/part-0000/file-000001.txt"),
        "{changed}"
    );
}

#[test]
fn serve_answers_through_the_published_port_and_stops_at_once() {
    if !docker_or_skip() {
        return;
    }
    let mut imported = Imported::new("serve");
    let container = imported.start(&["/ballast", "serve", "--ready-after", "1ms"]);
    let began = Instant::now();
    loop {
        let answer = answer_of(&container, "/health");
        if answer == "HTTP/1.1 200 OK" {
            break;
        }
        let state = docker(&[
            "inspect",
            "--format",
            "{{json .State}} {{json .NetworkSettings}}",
            &container,
        ]);
        assert!(
            began.elapsed() < PATIENCE && state.contains("\"Running\":true"),
            "`{answer}` from a container with {state}, whose process is {}, which said: {}",
            process_of(&container),
            docker(&["logs", &container])
        );
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(answer_of(&container, "/nothing"), "HTTP/1.1 404 Not Found");
    docker(&["stop", &container]);
    // A container that had to be killed would show 137.
    assert_eq!(
        docker(&["inspect", "--format", "{{.State.ExitCode}}", &container]),
        "0"
    );
}

#[test]
fn process_1_of_a_container_can_crash_and_says_what_it_cannot() {
    if !docker_or_skip() {
        return;
    }
    let mut imported = Imported::new("crash");
    let crashes = [
        (
            ["serve", "--crash-after", "1ms", "--never", "--body", "x"],
            "exit code",
        ),
        (
            [
                "serve",
                "--crash-after",
                "1ms",
                "--never",
                "--crash-signal",
                "abort",
            ],
            "abort",
        ),
        (
            [
                "serve",
                "--crash-after",
                "1ms",
                "--never",
                "--crash-signal",
                "kill",
            ],
            "kill",
        ),
    ];
    let codes = crashes.map(|(arguments, name)| {
        let container = imported.start(&[&["/ballast"], &arguments[..]].concat());
        (name, docker(&["wait", &container]))
    });
    let [exit, abort, kill] = codes.map(|(name, code)| (name, code.parse::<i32>().unwrap()));
    assert_eq!(exit.1, 1, "{}", exit.0);
    // The signal by which process 1 ends differs from architecture to architecture.
    assert!(abort.1 > 128, "{}: {}", abort.0, abort.1);
    assert_eq!(kill.1, 2, "{}", kill.0);
}
