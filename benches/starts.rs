//! What a start costs that is looked at, and what the look itself costs.
//!
//! `cargo bench --bench starts -- 30` creates and starts the same container thirty times each, in turns: by this program, which
//! looks for readiness from within the network meanwhile, and by `curl` on the daemon's socket with nobody looking, by the times
//! that curl itself tells. `cargo bench --bench starts -- 30 probe` has this program and a busy loop look, in turns, for an
//! application that listens 300 ms after its beginning, and tells the processor time and the error of each by the application's
//! own clock.
//!
//! The daemon is the one at its usual socket of this machine; entering the network takes root.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it measures, prints, and fails loudly"
)]

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use rustix::time::{ClockId, clock_gettime};
use seatrial::ballast::BallastImage;
use seatrial::docker::{Endpoint, Engine};
use seatrial::probe::ProbeThread;
use seatrial::run::{ContainerRequest, Containers as _, InsideOrder, Probe as _};
use seatrial::scenario::{ContainerOptions, HttpReadiness, NetworkReadiness, StatusPattern};
use seatrial::stats::{Sorted, median, median_interval};
use seatrial::unit::Nanos;
use tokio::runtime::Runtime;

const PORT: u16 = 8000;
const SOCKET: &str = "/var/run/docker.sock";

/// How long after its beginning the application listens whose probes are compared.
const LISTEN_AFTER_MS: u64 = 300;

/// Ratios are counted in millionths: statistics are of whole numbers.
const WHOLE: f64 = 1e6;

/// Who looks.
#[derive(Clone, Copy)]
enum Looker {
    Ours,
    BusyLoop,
}

const LOOKERS: [(Looker, &str); 2] = [(Looker::Ours, "ours"), (Looker::BusyLoop, "busy loop")];

/// What a look cost and found, in nanoseconds.
struct Looked {
    /// Processor time of this process, from before the start to the match.
    processor: u64,
    /// The time itself.
    elapsed: u64,
    /// How long after the application listened it was found to.
    late: u64,
}

struct Bench {
    runtime: Runtime,
    engine: Engine,
    image: String,
    name: String,
    /// The container that holds the network, its process, and its published port.
    holder: String,
    process: u32,
    published: SocketAddr,
    containers: u32,
}

impl Bench {
    fn new() -> Self {
        let runtime = Runtime::new().unwrap();
        let endpoint = Endpoint::from_docker_host(Some(&format!("unix://{SOCKET}"))).unwrap();
        let engine = runtime.block_on(Engine::connect(endpoint)).unwrap();
        let name = format!("seatrial-bench-{}", std::process::id());
        let image = format!("{name}:ballast");
        import(&image);
        let options = ContainerOptions {
            entrypoint: Some(["/ballast", "serve", "--never"].map(str::to_owned).to_vec()),
            ..ContainerOptions::default()
        };
        let request = request(&image, format!("{name}-holder"), options, None);
        let (holder, process, published) = runtime.block_on(async {
            let holder = engine.create_container(&request).await.unwrap();
            engine.start_container(&holder).await.unwrap();
            let process = engine.main_process(&holder).await.unwrap().unwrap();
            let addresses = engine.addresses(&holder, PORT).await.unwrap();
            (holder, process, addresses.published.unwrap())
        });
        Self {
            runtime,
            engine,
            image,
            name,
            holder,
            process,
            published,
            containers: 0,
        }
    }

    fn next_name(&mut self) -> String {
        self.containers += 1;
        format!("{}-{}", self.name, self.containers)
    }

    fn options(listen_after_ms: u64) -> ContainerOptions {
        let wait = format!("{listen_after_ms}ms");
        let entrypoint = ["/ballast", "serve", "--listen-after", &wait].map(str::to_owned);
        ContainerOptions {
            entrypoint: Some(entrypoint.to_vec()),
            ..ContainerOptions::default()
        }
    }

    /// Creates, starts, and looks meanwhile; the time of both calls.
    fn ours(&mut self) -> u64 {
        let name = self.next_name();
        let request = request(&self.image, name, Self::options(0), Some(self.holder.clone()));
        let order = self.order();
        let engine = &self.engine;
        self.runtime.block_on(async {
            let probe = ProbeThread::default();
            let before_create = now();
            let id = engine.create_container(&request).await.unwrap();
            let create = now() - before_create;
            let looking = probe.look_inside(order).await.unwrap();
            let before_start = now();
            engine.start_container(&id).await.unwrap();
            let start = now() - before_start;
            looking.await.unwrap().seen.unwrap();
            engine.remove_container(&id).await.unwrap();
            create + start
        })
    }

    /// The same by `curl`, by its own clock, so that its beginning as a process is not counted.
    fn curl(&mut self) -> u64 {
        let name = self.next_name();
        // What our own request says, word for word.
        let body = format!(
            r#"{{"Image":"{}","Entrypoint":["/ballast","serve","--listen-after","0ms"],"Env":[],"Labels":{{"seatrial.run":"bench"}},"HostConfig":{{"NetworkMode":"container:{}","Mounts":[]}}}}"#,
            self.image, self.holder
        );
        let (create, told) = post(&format!("/containers/create?name={name}"), Some(&body));
        let id = told.split('"').nth(3).unwrap().to_owned();
        let (start, _) = post(&format!("/containers/{id}/start"), None);
        self.runtime.block_on(self.engine.remove_container(&id)).unwrap();
        create + start
    }

    fn order(&self) -> InsideOrder {
        let ready = HttpReadiness {
            path: "/".to_owned(),
            port: PORT,
            method: "GET".to_owned(),
            status: vec![StatusPattern::Code(200)],
            headers: std::collections::BTreeMap::default(),
            body_contains: None,
        };
        InsideOrder {
            process: self.process,
            ready: NetworkReadiness::Http(ready),
            deadline: Nanos(now()) + Nanos::from_secs(30),
            cancel: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Starts an application that listens later, and has it found.
    fn look(&mut self, by: Looker) -> Looked {
        let name = self.next_name();
        let options = Self::options(LISTEN_AFTER_MS);
        let request = request(&self.image, name, options, Some(self.holder.clone()));
        let order = self.order();
        let (engine, process) = (&self.engine, self.process);
        self.runtime.block_on(async {
            let id = engine.create_container(&request).await.unwrap();
            let (began, worked) = (now(), processor_time());
            let found = match by {
                Looker::Ours => {
                    let probe = ProbeThread::default();
                    let looking = probe.look_inside(order).await.unwrap();
                    engine.start_container(&id).await.unwrap();
                    looking.await.unwrap().seen.unwrap().first_byte.0
                }
                Looker::BusyLoop => {
                    let looking = thread::spawn(move || busily(process));
                    engine.start_container(&id).await.unwrap();
                    let wait = tokio::task::spawn_blocking(|| looking.join().unwrap());
                    wait.await.unwrap()
                }
            };
            let looked = Looked {
                processor: processor_time() - worked,
                elapsed: now() - began,
                late: found - listened(self.published),
            };
            engine.remove_container(&id).await.unwrap();
            looked
        })
    }

    fn remove(self) {
        self.runtime
            .block_on(self.engine.remove_container(&self.holder))
            .unwrap();
        Command::new("docker")
            .args(["rmi", &self.image])
            .output()
            .unwrap();
    }
}

fn request(
    image: &str,
    name: String,
    options: ContainerOptions,
    network_of: Option<String>,
) -> ContainerRequest {
    ContainerRequest {
        name,
        run_id: "bench".to_owned(),
        image: image.to_owned(),
        options,
        port: Some(PORT),
        network_of,
        health_every: None,
        takes_input: false,
    }
}

fn import(image: &str) {
    let mut import = Command::new("docker")
        .args(["import", "-", image])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ballast = BallastImage::embedded().unwrap();
    import.stdin.take().unwrap().write_all(ballast.rootfs()).unwrap();
    assert!(import.wait().unwrap().success());
}

/// A call of the daemon's interface by `curl`: how long it took by curl's clock, and the answer.
fn post(path: &str, body: Option<&str>) -> (u64, String) {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--fail", "--unix-socket", SOCKET]);
    curl.args(["--request", "POST", "--write-out", "\n%{time_total}"]);
    if let Some(body) = body {
        curl.args(["--header", "Content-Type: application/json", "--data", body]);
    }
    let output = curl.arg(format!("http://localhost{path}")).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let (answer, seconds) = text.rsplit_once('\n').unwrap();
    (whole(seconds.parse::<f64>().unwrap() * 1e9), answer.to_owned())
}

/// Connects from within the network of a process until somebody listens, without a pause.
fn busily(process: u32) -> u64 {
    let network = File::open(format!("/proc/{process}/ns/net")).unwrap();
    move_into_link_name_space(network.as_fd(), Some(LinkNameSpaceType::Network)).unwrap();
    loop {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", PORT)) else {
            continue;
        };
        write!(stream, "GET / HTTP/1.0\r\n\r\n").unwrap();
        stream.read_exact(&mut [0]).unwrap();
        return now();
    }
}

/// When the application listened, by its own clock, which is this machine's.
fn listened(published: SocketAddr) -> u64 {
    let mut stream = TcpStream::connect(published).unwrap();
    write!(stream, "GET /timeline HTTP/1.0\r\n\r\n").unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    let (_, rest) = told.split_once("\"listen_ns\":").unwrap();
    let digits = rest.split(|character: char| !character.is_ascii_digit()).next();
    digits.unwrap().parse().unwrap()
}

fn nanos_of(clock: ClockId) -> u64 {
    let time = clock_gettime(clock);
    u64::try_from(time.tv_sec * 1_000_000_000 + time.tv_nsec).unwrap()
}

fn now() -> u64 {
    nanos_of(ClockId::Monotonic)
}

fn processor_time() -> u64 {
    nanos_of(ClockId::ProcessCPUTime)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "none is negative, nor large"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

/// The median in units of `unit`, with its interval.
fn shown(samples: &[u64], unit: f64) -> String {
    let sorted = Sorted::of(samples).unwrap();
    let middle = median(&sorted) / unit;
    median_interval(&sorted).map_or_else(
        || format!("{middle:.3} (too few for an interval)"),
        |interval| {
            let (low, high) = (interval.low as f64 / unit, interval.high as f64 / unit);
            format!(
                "{middle:.3} ({low:.3} to {high:.3}, {:.1} %)",
                interval.level * 100.0
            )
        },
    )
}

fn beside_curl(bench: &mut Bench, pairs: usize) {
    // Of both the first is another thing.
    bench.ours();
    bench.curl();
    let (mut ratios, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..pairs {
        let (own, curl) = if pair % 2 == 0 {
            let own = bench.ours();
            (own, bench.curl())
        } else {
            let curl = bench.curl();
            (bench.ours(), curl)
        };
        ratios.push(whole(own as f64 / curl as f64 * WHOLE));
        ours.push(own);
        theirs.push(curl);
    }
    println!("create and start, looked at: {} ms", shown(&ours, 1e6));
    println!("the same by curl:            {} ms", shown(&theirs, 1e6));
    println!("ratio, {pairs} pairs: {}", shown(&ratios, WHOLE));
}

fn beside_busy_loop(bench: &mut Bench, pairs: usize) {
    bench.look(Looker::Ours);
    let mut looks = [Vec::new(), Vec::new()];
    for pair in 0..pairs {
        let first = pair % 2;
        for side in [first, 1 - first] {
            looks[side].push(bench.look(LOOKERS[side].0));
        }
    }
    for ((_, name), looks) in LOOKERS.iter().zip(&looks) {
        let shares: Vec<u64> = looks
            .iter()
            .map(|looked| whole(looked.processor as f64 / looked.elapsed as f64 * WHOLE))
            .collect();
        let late: Vec<u64> = looks.iter().map(|looked| looked.late).collect();
        println!("{name}: {} % of a processor", shown(&shares, WHOLE / 100.0));
        println!("{name}: {} ms after it listened", shown(&late, 1e6));
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let pairs = arguments.iter().find_map(|argument| argument.parse().ok());
    let Some(pairs) = pairs else {
        // With all other benchmarks it would take minutes, and work on a daemon that nobody named.
        println!("starts: name the number of pairs, `cargo bench --bench starts -- 30`");
        return;
    };
    assert!(fs::exists(SOCKET).unwrap(), "there is no daemon at {SOCKET}");
    let mut bench = Bench::new();
    if arguments.iter().any(|argument| argument == "probe") {
        beside_busy_loop(&mut bench, pairs);
    } else {
        beside_curl(&mut bench, pairs);
    }
    bench.remove();
}
