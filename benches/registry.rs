//! The registry in this program beside Debian's `docker-registry`, on the loopback address of the same machine, and the lines
//! that it is to be as slow as.
//!
//! `cargo bench --bench registry -- 10` reads a blob of 512 MiB ten times from each, in turns, by one client, and tells the
//! ratio of the times, and the most memory that each held. `cargo bench --bench registry -- 5 lines` asks for two seconds'
//! worth of it over each named line five times, by `curl`.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it measures, prints, and fails loudly"
)]

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt as _;
use futures_util::stream;
use seatrial::digest::Digest;
use seatrial::registry::LocalRegistry;
use seatrial::run::Registry as _;
use seatrial::scenario::{PullProfile, PullShape};
use seatrial::stats::{Sorted, median, median_interval};
use seatrial::unit::ByteSize;

/// How large the blob is.
const BLOB_BYTES: usize = 512 << 20;

/// Ratios are counted in millionths: statistics are of whole numbers.
const WHOLE: f64 = 1e6;

/// The variable that makes this program a registry: it names the export that is served.
const SERVE: &str = "SEATRIAL_BENCH_SERVE";

/// And the one that names the line.
const LINE: &str = "SEATRIAL_BENCH_LINE";

const PROFILES: [(&str, PullProfile); 4] = [
    ("lan", PullProfile::Lan),
    ("cloud", PullProfile::Cloud),
    ("office", PullProfile::Office),
    ("edge", PullProfile::Edge),
];

/// A registry in a process of its own.
struct Serving {
    process: Child,
    /// Host and port, and the path of the blob.
    address: String,
    path: String,
}

impl Serving {
    /// This program as the registry, over a line where one is named.
    fn ours(export: &Path, line: &str) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .env(SERVE, export)
            .env(LINE, line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut told = String::new();
        let mut output = BufReader::new(process.stdout.take().unwrap());
        output.read_line(&mut told).unwrap();
        let (address, path) = told.trim().split_once(' ').unwrap();
        Self {
            address: address.to_owned(),
            path: path.to_owned(),
            process,
        }
    }

    /// Debian's, which gets the blob by an upload.
    fn debians(folder: &Path, blob: &Path) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let config = folder.join("config.yml");
        let data = folder.join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            data.display()
        );
        fs::write(&config, text).unwrap();
        let process = Command::new("docker-registry")
            .arg("serve")
            .arg(&config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while TcpStream::connect(&address).is_err() {
            assert!(
                began.elapsed() < Duration::from_secs(20),
                "docker-registry does not answer"
            );
            std::thread::sleep(Duration::from_millis(50));
        }
        let digest = digest_of(blob);
        let upload = curl(
            &["--request", "POST", "--dump-header", "-", "--output", "/dev/null"],
            &format!("http://{address}/v2/bench/blobs/uploads/"),
        );
        let location = upload.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("location")
                .then(|| value.trim().to_owned())
        });
        let target = format!("{}&digest={digest}", location.unwrap());
        curl(
            &[
                "--fail",
                "--upload-file",
                blob.to_str().unwrap(),
                "--header",
                "Content-Type: application/octet-stream",
            ],
            &target,
        );
        Self {
            path: format!("/v2/bench/blobs/{digest}"),
            address,
            process,
        }
    }

    /// How long the blob takes to a client that throws it away.
    fn read(&self) -> Duration {
        let began = Instant::now();
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let (path, host) = (&self.path, &self.address);
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut buffer = vec![0; 1 << 20];
        let mut read = 0;
        loop {
            match stream.read(&mut buffer).unwrap() {
                0 => break,
                length => read += length,
            }
        }
        let took = began.elapsed();
        assert!(read > BLOB_BYTES, "{read} bytes came");
        took
    }

    /// The most memory that it held.
    fn peak(&self) -> ByteSize {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:"))
            .unwrap();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        ByteSize(kib << 10)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn curl(arguments: &[&str], url: &str) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*"])
        .args(arguments)
        .arg(url)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{url}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn digest_of(file: &Path) -> String {
    let output = Command::new("sha256sum").arg(file).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    format!("sha256:{}", text.split(' ').next().unwrap())
}

/// Writes a layer of noise, packed, and an export of an image that has it alone.
fn make(folder: &Path) {
    let noise: Vec<u8> = {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        };
        (0..1 << 20).map(|_| next()).collect()
    };
    let mut packed = GzEncoder::new(File::create(folder.join("layer")).unwrap(), Compression::none());
    let mut plain = File::create(folder.join("plain")).unwrap();
    let mut header = tar::Header::new_ustar();
    header.set_path("noise").unwrap();
    header.set_size(BLOB_BYTES as u64);
    header.set_cksum();
    let mut put = |bytes: &[u8]| {
        packed.write_all(bytes).unwrap();
        plain.write_all(bytes).unwrap();
    };
    put(header.as_bytes());
    for _ in 0..BLOB_BYTES / noise.len() {
        put(&noise);
    }
    put(&[0; 1024]);
    packed.finish().unwrap();
    let config = format!(
        r#"{{"rootfs":{{"diff_ids":["{}"]}}}}"#,
        digest_of(&folder.join("plain"))
    );
    fs::remove_file(folder.join("plain")).unwrap();
    fs::write(folder.join("config"), config).unwrap();
    let manifest = r#"[{"Config":"config","Layers":["layer"]}]"#;
    fs::write(folder.join("manifest.json"), manifest).unwrap();
    let mut export = tar::Builder::new(File::create(folder.join("export.tar")).unwrap());
    for name in ["layer", "config", "manifest.json"] {
        export.append_path_with_name(folder.join(name), name).unwrap();
    }
    export.into_inner().unwrap();
}

/// Serves until nobody wants it any more.
fn serve(export: &Path) {
    let line = std::env::var(LINE).unwrap_or_default();
    let named = PROFILES.iter().find(|(name, _)| *name == line);
    let shape = named.map_or_else(PullShape::default, |(_, profile)| profile.shape());
    let folder = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let registry = LocalRegistry::new(folder.path(), shape);
        let file = File::open(export).unwrap();
        let chunks = stream::unfold(file, |mut file| async move {
            let mut chunk = vec![0; 1 << 20];
            let length = file.read(&mut chunk).unwrap();
            chunk.truncate(length);
            (length > 0).then_some((Ok(Bytes::from(chunk)), file))
        });
        let repository = registry.take("bench", chunks.boxed()).await.unwrap();
        let layer: Digest = registry.offer(&repository, "1", "bench").unwrap()[0].digest;
        let (address, path) = repository.split_once('/').unwrap();
        println!("{address} /v2/{path}/blobs/{layer}");
        io::stdout().flush().unwrap();
        let wait = || io::stdin().read(&mut [0]);
        tokio::task::spawn_blocking(wait).await.unwrap().unwrap();
    });
}

/// Both in turns.
fn beside(folder: &Path, rounds: usize) {
    let ours = Serving::ours(&folder.join("export.tar"), "");
    let theirs = Serving::debians(folder, &folder.join("layer"));
    // Once each, so that both read from memory.
    ours.read();
    theirs.read();
    let mut ratios = Vec::new();
    let mut rates = [Vec::new(), Vec::new()];
    for round in 0..rounds {
        let (one, other) = if round % 2 == 0 {
            let one = ours.read();
            (one, theirs.read())
        } else {
            let other = theirs.read();
            (ours.read(), other)
        };
        for (rates, took) in rates.iter_mut().zip([one, other]) {
            rates.push(whole(BLOB_BYTES as f64 / 1e6 / took.as_secs_f64()));
        }
        ratios.push(whole(one.as_secs_f64() / other.as_secs_f64() * WHOLE));
    }
    let [ours_rate, theirs_rate] = rates.map(|rates| middle(&rates));
    println!("ours {ours_rate:.0} MB/s, docker-registry {theirs_rate:.0} MB/s, medians of {rounds}");
    let sorted = Sorted::of(&ratios).unwrap();
    let middle = median(&sorted) / WHOLE;
    match median_interval(&sorted) {
        Some(interval) => println!(
            "time by time {middle:.3} ({:.3} to {:.3}, {:.1} %)",
            interval.low as f64 / WHOLE,
            interval.high as f64 / WHOLE,
            interval.level * 100.0
        ),
        None => println!("time by time {middle:.3}"),
    }
    println!(
        "memory at most: ours {}, docker-registry {}",
        ours.peak(),
        theirs.peak()
    );
}

/// Each named line by what `curl` measures.
fn lines(folder: &Path, rounds: usize) {
    for (name, profile) in PROFILES {
        let shape = profile.shape();
        let (bandwidth, latency) = (shape.bandwidth.unwrap(), shape.latency.unwrap());
        let ours = Serving::ours(&folder.join("export.tar"), name);
        let asked = (bandwidth.0 / 4).min(BLOB_BYTES as u64);
        let range = format!("0-{}", asked - 1);
        let url = format!("http://{}{}", ours.address, ours.path);
        let format = "%{time_pretransfer} %{time_starttransfer} %{time_total}";
        let [mut rates, mut waits] = [Vec::new(), Vec::new()];
        for _ in 0..rounds {
            let told = curl(
                &["--range", &range, "--output", "/dev/null", "--write-out", format],
                &url,
            );
            let times: Vec<f64> = told.split(' ').map(|time| time.parse().unwrap()).collect();
            rates.push(whole(
                asked as f64 * 8.0 / (times[2] - times[1]) / bandwidth.0 as f64 * WHOLE,
            ));
            waits.push(whole((times[1] - times[0]) * 1e6));
        }
        let rate = middle(&rates) / WHOLE;
        let wait = middle(&waits) / 1e3;
        println!(
            "{name}: {rate:.4} of {bandwidth}, first byte after {wait:.2} ms of {latency}, medians of {rounds}"
        );
    }
}

fn middle(samples: &[u64]) -> f64 {
    median(&Sorted::of(samples).unwrap())
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is measured is positive and small"
)]
fn whole(value: f64) -> u64 {
    value.round() as u64
}

fn main() {
    if let Some(export) = std::env::var_os(SERVE) {
        return serve(Path::new(&export));
    }
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|argument| argument != "--bench")
        .collect();
    let rounds = arguments.first().map_or(10, |rounds| rounds.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    make(folder.path());
    if arguments.iter().any(|argument| argument == "lines") {
        lines(folder.path(), rounds);
    } else {
        beside(folder.path(), rounds);
    }
}
