//! Runs the embedded test cargo as a process of this machine, without Docker.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, LazyLock};
use std::thread;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use rustix::process::{Pid, Signal, kill_process};
use seatrial::ballast::PROGRAM;
use seatrial::probe::ProbeThread;
use seatrial::run::{Conversation, LookedInside, Printed, Probe as _, WatchOrder};
use seatrial::scenario::{HttpReadiness, LogStream, NetworkReadiness, StatusClass, StatusPattern};
use seatrial::unit::Nanos;

/// The program on disk, written once and before any test starts a process: a process started meanwhile
/// would inherit the open file, and a file that is open for writing cannot be executed.
static PROGRAM_ON_DISK: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let written = folder.join(format!("ballast-{}", std::process::id()));
    let mut file = File::create(&written).unwrap();
    file.write_all(PROGRAM.expect("the program is built in")).unwrap();
    file.set_permissions(fs::Permissions::from_mode(0o755)).unwrap();
    drop(file);
    let program = folder.join("ballast");
    fs::rename(&written, &program).unwrap();
    program
});

fn ballast(arguments: &[&str]) -> Output {
    Command::new(&*PROGRAM_ON_DISK).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// A running `ballast serve` on a free port of the loopback, ended when it is dropped.
struct Service {
    child: Child,
    address: String,
}

impl Service {
    fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(&*PROGRAM_ON_DISK)
            .args(["serve", "--bind", "127.0.0.1", "--port", "0"])
            .args(flags)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_default();
        Self {
            address: address.to_owned(),
            child,
        }
    }

    fn send(&self, request: &str) -> Response {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        Response {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    fn get(&self, path: &str) -> Response {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: ballast\r\n\r\n"))
    }

    fn timeline(&self) -> serde_json::Value {
        let response = self.get("/timeline");
        assert_eq!(response.status, 200);
        serde_json::from_str(&response.body).unwrap()
    }

    fn end(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        self.child.wait().unwrap()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Response {
    status: u16,
    head: String,
    body: String,
}

#[test]
fn a_service_that_is_to_ask_another_one_serves_only_where_that_answers() {
    let other = Service::start(&[]);
    let service = Service::start(&["--ask", &other.address]);
    assert_eq!(service.get("/health").status, 200);
    let broken = Service::start(&["--broken"]);
    for (address, expected) in [
        (broken.address.as_str(), "answers `HTTP/1.1 500"),
        // Port 1 of another address of the loopback, where nobody listens.
        ("127.0.0.2:1", "no answer at 127.0.0.2:1"),
    ] {
        let ended = ballast(&["serve", "--port", "0", "--ask", address]);
        assert_eq!(ended.status.code(), Some(1), "{address}");
        let said = text(&ended.stderr);
        assert!(said.contains(expected), "{said}");
    }
    let ended = ballast(&["serve", "--ask", "localhost:80"]);
    assert_eq!(ended.status.code(), Some(2));
    let said = text(&ended.stderr);
    assert!(
        said.contains("`localhost:80` is not an address with a port"),
        "{said}"
    );
}

#[test]
fn serve_answers_503_while_it_is_not_ready() {
    let service = Service::start(&["--ready-after", "60m"]);
    assert_eq!(service.get("/health").status, 503);
    assert_eq!(service.get("/").status, 503);
    let timeline = service.timeline();
    assert_eq!(timeline["ready_ns"], serde_json::Value::Null);
    assert_eq!(timeline["first_ok_ns"], serde_json::Value::Null);
}

#[test]
fn serve_answers_200_from_the_instant_its_timeline_calls_ready() {
    let service = Service::start(&["--ready-after", "300ms"]);
    let mut response = service.get("/health");
    while response.status != 200 {
        assert_eq!(response.status, 503);
        thread::sleep(Duration::from_millis(10));
        response = service.get("/health");
    }
    assert_eq!(response.body, "ok");

    let timeline = service.timeline();
    assert_eq!(timeline["clock"], "CLOCK_MONOTONIC");
    let instants = [
        "main_ns",
        "listen_call_ns",
        "listen_ns",
        "first_accept_ns",
        "ready_ns",
        "first_ok_ns",
    ];
    let instants = instants.map(|name| timeline[name].as_u64().unwrap());
    let [main, call, listen, first_accept, ready, first_ok] = instants;
    assert!(
        main <= call && call <= listen && listen <= first_accept,
        "{timeline}"
    );
    assert!(ready >= main + 300_000_000 && ready <= first_ok, "{timeline}");
}

#[test]
fn serve_listens_no_earlier_than_told() {
    let service = Service::start(&["--listen-after", "200ms"]);
    let timeline = service.timeline();
    let main = timeline["main_ns"].as_u64().unwrap();
    let listen = timeline["listen_ns"].as_u64().unwrap();
    assert!(listen >= main + 200_000_000, "{timeline}");
    // Nothing was asked about readiness, and a service is not ready before it listens.
    assert_eq!(timeline["ready_ns"], timeline["listen_ns"]);
}

#[test]
fn the_timeline_uses_the_clock_other_processes_read() {
    let now = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap()
    };
    let before = now();
    let service = Service::start(&[]);
    let timeline = service.timeline();
    let after = now();
    assert!(before <= timeline["main_ns"].as_u64().unwrap(), "{timeline}");
    assert!(timeline["now_ns"].as_u64().unwrap() <= after, "{timeline}");
}

#[test]
fn serve_answers_on_the_path_it_is_told_with_the_body_it_is_told() {
    let service = Service::start(&["--path", "/live", "--body", "up and running"]);
    let response = service.get("/live?verbose=1");
    assert_eq!(response.status, 200);
    assert_eq!(response.body, "up and running");
    assert!(response.head.contains("Content-Length: 14"), "{}", response.head);
    assert!(response.head.contains("Connection: close"), "{}", response.head);
    assert_eq!(service.get("/health").status, 404);
}

#[test]
fn serve_answers_bad_requests_with_a_status() {
    let service = Service::start(&[]);
    for (request, status) in [
        ("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", 405),
        ("GET /health\r\n\r\n", 400),
        ("GET health HTTP/1.1\r\n\r\n", 400),
        ("\r\n\r\n", 400),
        (
            &format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(40_000)),
            400,
        ),
        ("GET /health HTTP/1.0\n\n", 200),
    ] {
        let request_line = request.lines().next().unwrap();
        assert_eq!(service.send(request).status, status, "{request_line}");
    }
    // A client that leaves at once is no reason to end.
    drop(TcpStream::connect(&service.address).unwrap());
    assert_eq!(service.get("/health").status, 200);
}

#[test]
fn serve_answers_many_clients_while_one_is_silent() {
    let service = Service::start(&[]);
    let _silent = TcpStream::connect(&service.address).unwrap();
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| assert_eq!(service.get("/health").status, 200));
        }
    });
}

#[test]
fn serve_ends_with_zero_when_it_is_told_to_stop() {
    for signal in [Signal::TERM, Signal::INT] {
        assert_eq!(Service::start(&[]).end(signal).code(), Some(0), "{signal:?}");
    }
}

#[test]
fn serve_crashes_as_told() {
    let code = ballast(&["serve", "--port", "0", "--crash-after", "10ms"]).status;
    assert_eq!(code.code(), Some(1));
    for (name, number) in [("abort", 6), ("kill", 9)] {
        let output = ballast(&[
            "serve",
            "--never",
            "--crash-after",
            "10ms",
            "--crash-signal",
            name,
        ]);
        assert_eq!(output.status.signal(), Some(number), "{name}");
        assert_eq!(
            text(&output.stdout),
            "never listening, as told\ncrashing as told\n"
        );
    }
}

#[test]
fn a_taken_port_fails_with_its_number() {
    let service = Service::start(&[]);
    let port = service.address.rsplit(':').next().unwrap();
    let output = ballast(&["serve", "--bind", "127.0.0.1", "--port", port]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(
        complaint.contains(&format!("cannot listen on 127.0.0.1 port {port}")),
        "{complaint}"
    );
}

/// What the program sees that watches this machine's own network, told and heard as a run tells and hears it.
fn watched(ready: &NetworkReadiness, patience: Nanos) -> LookedInside {
    let probe = ProbeThread::default();
    let began = probe.now();
    let output = ballast(
        &probe
            .watch_arguments(ready, patience)
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>(),
    );
    assert_eq!(
        (output.status.code(), text(&output.stderr)),
        (Some(0), String::new())
    );
    let printed = Printed {
        stream: LogStream::Stdout,
        bytes: output.stdout,
    };
    let order = WatchOrder {
        began,
        patience,
        cancel: Arc::new(AtomicBool::new(false)),
    };
    let conversation = Conversation {
        printed: stream::iter([Ok(printed)]).boxed(),
        input: Box::pin(tokio::io::sink()),
    };
    let heard = async { probe.watch(order, conversation).await?.await };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    runtime.unwrap().block_on(heard).unwrap()
}

/// Readiness of a service by what is asked for here.
fn ready_at(service: &Service, change: impl FnOnce(&mut HttpReadiness)) -> NetworkReadiness {
    let port = service.address.rsplit(':').next().unwrap().parse().unwrap();
    let mut http = HttpReadiness::of("/health", port);
    change(&mut http);
    NetworkReadiness::Http(http)
}

#[test]
fn watch_sees_the_instant_at_which_a_service_becomes_ready() {
    let service = Service::start(&["--ready-after", "150ms", "--body", "up é\n and more"]);
    let ready = ready_at(&service, |http| {
        http.headers = [("content-TYPE".to_owned(), "plain".to_owned())].into();
        http.body_contains = Some("é\n and".to_owned());
    });
    let looked = watched(&ready, Nanos::from_secs(60));
    let seen = looked.seen.unwrap();
    let timeline = service.timeline();
    let since = Nanos(timeline["ready_ns"].as_u64().unwrap());
    assert!(
        seen.not_before.unwrap() <= since && since <= seen.first_byte,
        "{looked:?} {timeline}"
    );
    assert!(looked.attempts.0["status:503"] > 0, "{looked:?}");
    let otherwise = seen.answered_otherwise.expect("a 503");
    assert!(
        otherwise <= since && otherwise <= seen.sent,
        "{looked:?} {timeline}"
    );
    assert_eq!(
        (looked.listens_on, looked.miss),
        (vec![Ipv4Addr::LOCALHOST.into()], None)
    );
}

#[test]
fn watch_tells_its_clock_line_by_line_while_it_looks_and_after() {
    let mut watching = Command::new(&*PROGRAM_ON_DISK)
        .args(["watch", "--port", "1", "--patience", "50ms"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = watching.stdin.take().unwrap();
    let mut lines = BufReader::new(watching.stdout.take().unwrap())
        .lines()
        .map(Result::unwrap);
    assert!(lines.next().unwrap().starts_with("watching {"));
    let probe = ProbeThread::default();
    let mut ask = || {
        let before = probe.now().0;
        input.write_all(b"\n").unwrap();
        let line = lines.by_ref().find(|line| !line.starts_with("watched ")).unwrap();
        let told: serde_json::Value = serde_json::from_str(line.strip_prefix("clock ").unwrap()).unwrap();
        let told = told["now_ns"].as_u64().unwrap();
        assert!(before < told && told < probe.now().0, "{before} {told}");
    };
    ask();
    thread::sleep(Duration::from_millis(100));
    ask();
    drop(input);
    assert!(watching.wait().unwrap().success());
}

#[test]
fn watch_tells_what_it_met_where_nothing_matches() {
    let service = Service::start(&[]);
    let patience = Nanos::from_millis(60);
    let met = |ready: &NetworkReadiness| {
        let looked = watched(ready, patience);
        assert_eq!(looked.seen, None);
        assert!(
            looked
                .miss
                .unwrap()
                .starts_with("no matching response within 60.0 ms; attempts met ")
        );
        // The last attempt may be cut off by the deadline.
        let classes = looked.attempts.0.into_keys();
        classes
            .filter(|class| !class.ends_with("timeout"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        met(&ready_at(&service, |http| http.path = "/no\r\nX: y".to_owned())),
        ["status:404"]
    );
    assert_eq!(
        met(&ready_at(&service, |http| http.status = vec![StatusPattern::Code(204)])),
        ["status:200"]
    );
    assert_eq!(
        met(&ready_at(&service, |http| http.headers =
            [("x-ready".to_owned(), String::new())].into())),
        ["field"]
    );
    assert_eq!(
        met(&ready_at(&service, |http| http.body_contains =
            Some("--elsewhere".to_owned()))),
        ["body"]
    );
    let class = StatusPattern::Class(StatusClass::ClientError);
    let refused = ready_at(&service, |http| {
        http.method = "HEAD".to_owned();
        http.status = vec![class];
    });
    assert!(
        watched(&refused, Nanos::from_secs(60)).seen.is_some(),
        "405 is of the class 4xx"
    );
}

#[test]
fn watch_takes_a_listener_for_ready_where_nothing_is_asked() {
    let service = Service::start(&["--ready-after", "60m"]);
    let port = service.address.rsplit(':').next().unwrap().parse().unwrap();
    let looked = watched(&NetworkReadiness::Tcp(port), Nanos::from_secs(60));
    assert!(looked.seen.is_some(), "{looked:?}");
}

/// The files below `folder` by their path.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).unwrap());
        }
    }
    files
}

/// What `work` writes when its input holds `requirements`: the content of every file, by its name.
fn written_for(requirements: &str) -> BTreeMap<PathBuf, Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("requirements.txt"), requirements).unwrap();
    let output = Command::new(&*PROGRAM_ON_DISK)
        .args(["work", "--files", "3", "--bytes", "2KiB"])
        .args(["--input", "requirements.txt", "--output", "packages"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let packages = folder.path().join("packages");
    files(&packages)
        .into_iter()
        .map(|(path, bytes)| (path.strip_prefix(&packages).unwrap().to_owned(), bytes))
        .collect()
}

#[test]
fn work_writes_as_many_files_of_as_many_bytes_as_told() {
    let written = written_for("flask\n");
    let sizes: Vec<(&str, usize)> = written
        .iter()
        .map(|(path, bytes)| (path.to_str().unwrap(), bytes.len()))
        .collect();
    assert_eq!(
        sizes,
        [
            ("part-0000/file-000000.txt", 2048),
            ("part-0000/file-000001.txt", 2048),
            ("part-0000/file-000002.txt", 2048),
        ]
    );
}

#[test]
fn work_writes_the_same_for_the_same_input_and_something_else_for_another() {
    let written = written_for("flask\n");
    assert_eq!(written, written_for("flask\n"));
    for (path, bytes) in written_for("flask\nhttpx\n") {
        assert_ne!(written[&path], bytes, "{}", path.display());
    }
    let contents: Vec<&Vec<u8>> = written.values().collect();
    assert_ne!(
        contents[0], contents[1],
        "files of one run differ from each other"
    );
}

#[test]
fn work_takes_a_folder_as_input_whatever_the_order_on_disk() {
    let log_of = |names: &[&str]| {
        let folder = tempfile::tempdir().unwrap();
        let input = folder.path().join("in");
        fs::create_dir_all(input.join("deep")).unwrap();
        for name in names {
            fs::write(input.join(name), *name).unwrap();
        }
        let output = Command::new(&*PROGRAM_ON_DISK)
            .args(["work", "--input", "in", "--output", "out"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let log = log_of(&["a", "b", "deep/c"]);
    assert!(
        log.starts_with("work: read 3 input file(s), fingerprint "),
        "{log}"
    );
    assert_eq!(log, log_of(&["deep/c", "b", "a"]));
    assert_ne!(log, log_of(&["a", "b", "deep/d"]));
}

#[test]
fn work_uses_the_cpu_time_it_is_told() {
    let out = tempfile::tempdir().unwrap();
    let folder = out.path().to_str().unwrap();
    // The shell's own accounting is the oracle; it prints user and system time of its children.
    let script = format!(
        "'{}' work --cpu 300ms --output '{folder}'; times",
        PROGRAM_ON_DISK.display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    let printed = text(&output.stdout);
    assert!(printed.contains("work: used 300ms of CPU time"), "{printed}");
    let children = printed.lines().last().unwrap();
    let seconds: f64 = children
        .split_whitespace()
        .map(|time| {
            let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
            60.0 * minutes.parse::<f64>().unwrap() + seconds.parse::<f64>().unwrap()
        })
        .sum();
    assert!(seconds >= 0.28, "{printed}");
}

#[test]
fn work_skips_the_lines_its_cache_knows() {
    let folder = tempfile::tempdir().unwrap();
    let log_of = |requirements: &str| {
        fs::write(folder.path().join("requirements.txt"), requirements).unwrap();
        let output = Command::new(&*PROGRAM_ON_DISK)
            .args(["work", "--cpu", "2ms", "--cache", "cache"])
            .args(["--input", "requirements.txt", "--output", "out"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let log = log_of("# web\nflask\n\nhttpx\n");
    assert!(log.contains("0 of 2 line(s) were in the cache"), "{log}");
    let log = log_of("# other words\nflask\nhttpx\njinja\n");
    assert!(log.contains("2 of 3 line(s) were in the cache"), "{log}");
    let log = log_of("flask\nhttpx\njinja\n");
    assert!(log.contains("3 of 3 line(s) were in the cache"), "{log}");
    assert!(!log.contains("CPU time"), "{log}");
}

#[test]
fn work_that_is_told_to_fail_logs_exits_with_one_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let packages = folder.path().join("packages");
    let output = ballast(&[
        "work",
        "--cpu",
        "1ms",
        "--files",
        "5",
        "--fail",
        "--output",
        packages.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let log = text(&output.stdout);
    assert_eq!(log.lines().count(), 2, "{log}");
    assert_eq!(
        text(&output.stderr),
        "ballast: the work failed, as told by `--fail`\n"
    );
    assert!(!packages.exists());
}

#[test]
fn an_input_that_is_absent_fails_with_its_name() {
    let output = ballast(&["work", "--input", "/no/such/file", "--output", "/no/such/folder"]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(
        complaint.contains("cannot read the input `/no/such/file`"),
        "{complaint}"
    );
}

/// The program says why it does not take this for a command line.
fn assert_not_understood(arguments: &[&str], complaint: &str) {
    let output = ballast(arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    assert!(said.starts_with("ballast: "), "{arguments:?}: {said}");
    assert!(said.contains(complaint), "{arguments:?}: {said}");
    assert_eq!(text(&output.stdout), "", "{arguments:?}");
}

#[test]
fn what_to_watch_for_that_is_not_understood_exits_with_two_and_says_why() {
    for (arguments, complaint) in [
        (
            vec!["watch", "--port", "70000"],
            "`--port`: `70000` is not a port, expected 1 to 65535",
        ),
        (
            vec!["watch", "--request", "474"],
            "`--request`: `474` is not bytes, expected two hexadecimal digits each",
        ),
        (
            vec!["watch", "--body", "+1"],
            "`--body`: `+1` is not bytes, expected two hexadecimal digits each",
        ),
        (
            vec!["watch", "--request", "47"],
            "`--request` expects at least one `--status` beside it",
        ),
        (
            vec!["watch", "--status", "200"],
            "`--status`: `200` are not statuses, expected the first and the last, as in `200-299`",
        ),
        (
            vec!["watch", "--field", "6f6b"],
            "`--field`: `6f6b` is not a field, expected a name, `:` and what it holds",
        ),
    ] {
        assert_not_understood(&arguments, complaint);
    }
}

#[test]
fn a_command_line_that_is_not_understood_exits_with_two_and_says_why() {
    for (arguments, complaint) in [
        (
            vec![],
            "no subcommand, expected `serve`, `work`, `ask` or `watch`",
        ),
        (
            vec!["sail"],
            "unknown subcommand `sail`, expected `serve`, `work`, `ask` or `watch`",
        ),
        (
            vec!["serve", "--prot", "1"],
            "unknown argument `--prot`, expected one of --port, ",
        ),
        (vec!["serve", "--port"], "`--port` expects a value"),
        (vec!["serve", "--port", "--never"], "`--port` expects a value"),
        (
            vec!["serve", "--port", "65536"],
            "`--port`: `65536` is not a port, expected 0 to 65535",
        ),
        (
            vec!["serve", "--port", "1", "--port", "2"],
            "`--port` is given twice",
        ),
        (
            vec!["serve", "--bind", "here"],
            "`--bind`: `here` is not an address",
        ),
        (
            vec!["serve", "--path", "health"],
            "`--path`: `health` is not a path",
        ),
        (
            vec!["serve", "--ready-after", "1"],
            "`--ready-after`: `1` is not a duration",
        ),
        (
            vec!["serve", "--ready-after", "-1s"],
            "`--ready-after`: `-1s` is not a duration",
        ),
        (
            vec!["serve", "--ready-after", "1.2.3s"],
            "`--ready-after`: `1.2.3s` is not a duration",
        ),
        (
            vec!["serve", "--ready-after", "é"],
            "`--ready-after`: `é` is not a duration",
        ),
        (
            vec!["serve", "--ready-after", "2000m"],
            "`--ready-after`: `2000m` is longer than a day",
        ),
        (
            vec!["serve", "--crash-signal", "kill"],
            "`--crash-signal` expects `--crash-after`",
        ),
        (
            vec!["serve", "--crash-after", "1s", "--crash-signal", "hup"],
            "`hup` is not a signal to crash by, expected `abort` or `kill`",
        ),
        (
            vec!["work"],
            "`--output` is missing, expected a folder to write into",
        ),
        (
            vec!["work", "--output", "x", "--files", "many"],
            "`--files`: `many` is not a count",
        ),
        (
            vec!["work", "--output", "x", "--bytes", "20KB"],
            "`--bytes`: `20KB` is not a byte size",
        ),
        (
            vec!["work", "--output", "x", "--bytes", "99999999999GiB"],
            "`--bytes`: `99999999999GiB` is more than this machine can address",
        ),
    ] {
        assert_not_understood(&arguments, complaint);
    }
}

#[test]
fn help_names_every_flag_that_is_known() {
    for (subcommand, unknown) in [
        ("serve", "--x"),
        ("work", "--x"),
        ("ask", "--x"),
        ("watch", "--x"),
    ] {
        let refusal = text(&ballast(&[subcommand, unknown]).stderr);
        let names = refusal.lines().next().unwrap().split("one of ").nth(1).unwrap();
        let help = ballast(&[subcommand, "--help"]);
        assert_eq!(help.status.code(), Some(0));
        let help = text(&help.stdout);
        for name in names.split(", ") {
            assert!(
                help.contains(&format!("\n  {name} ")) || help.contains(&format!("\n  {name}\n")),
                "{name}"
            );
        }
    }
    assert!(text(&ballast(&["--help"]).stdout).contains("usage: ballast serve"));
}
