//! The same builds by this program's client and by the docker command of the same engine, in pairs and in turns.
//!
//! `cargo bench --bench beside_docker -- 30` compares thirty pairs of each of four builds of a context of 120 MB: fully
//! cached, with one file edited in the layer of all others or in one of its own, and without any cache.
//! `cargo bench --bench beside_docker -- 8 large` compares eight pairs of a context of 1 GiB in 10 000 files that the daemon
//! has nothing of and that is only mounted, so that sending it is nearly all of the work. Each side has a tree of its own,
//! which differ in one small file that is copied first: neither finds what the other built. Images, trees and build records
//! are removed in the end.
//!
//! Ours is the time of a build as it is reported; the command's includes its start, as a script would see it.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "it measures, prints, and fails loudly"
)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use seatrial::ballast::BallastImage;
use seatrial::docker::{Endpoint, Engine};
use seatrial::run::{Attribution, BuildRequest, Builder as _, prune_own_records};
use seatrial::stats::{Sorted, median, median_interval};
use seatrial::unit::Nanos;
use seatrial::workspace::ServedTree;
use tokio::runtime::Runtime;

/// How many files a context has, and how large each is.
struct Bulk {
    files: usize,
    file_bytes: usize,
}

/// 120 MB.
const ORDINARY: Bulk = Bulk {
    files: 1_200,
    file_bytes: 100_000,
};

/// 1 GiB.
const LARGE: Bulk = Bulk {
    files: 10_000,
    file_bytes: 107_375,
};

/// Pairs between two removals of what they stored.
const BLOCK: usize = 3;

/// How long the daemon has after each build for what it does once it has answered, which would be the next one's loss.
const SETTLING: Duration = Duration::from_millis(500);

/// Ratios are counted in millionths: statistics are of whole numbers.
const WHOLE: f64 = 1e6;

const DOCKERFILE: &str = "ARG BASE\nFROM ${BASE}\nCOPY side.txt /side.txt\nCOPY . /srv\n";

/// What is edited is a layer of its own.
const LAYERED: &str =
    "ARG BASE\nFROM ${BASE}\nCOPY side.txt /side.txt\nCOPY data /srv/data\nCOPY app /srv/app\n";

/// All of the context has to reach the daemon, and nothing of it is stored again.
const MOUNTING: &str = "ARG BASE\nFROM ${BASE}\n\
    RUN --mount=type=bind,target=/srv [\"/ballast\", \"work\", \"--input\", \"/srv/side.txt\", \"--output\", \"/out\"]\n";

/// What is built.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Cached,
    OneFile,
    OwnLayer,
    Cold,
    Sent,
}

impl State {
    fn no_cache(self) -> bool {
        matches!(self, Self::Cold | Self::Sent)
    }

    fn dockerfile(self) -> &'static str {
        match self {
            Self::Sent => "mounting.Dockerfile",
            Self::OwnLayer => "layered.Dockerfile",
            Self::Cached | Self::OneFile | Self::Cold => "Dockerfile",
        }
    }

    /// The file that is edited before each pair.
    fn edited(self) -> Option<&'static str> {
        match self {
            Self::OneFile => Some("data/file-0000"),
            Self::OwnLayer => Some("app/main.txt"),
            Self::Cached | Self::Cold | Self::Sent => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cached => "fully cached",
            Self::OneFile => "one file edited, all stored",
            Self::OwnLayer => "one file edited, it stored",
            Self::Cold => "no cache",
            Self::Sent => "all of it sent",
        }
    }
}

struct Bench {
    runtime: Runtime,
    engine: Engine,
    records: Attribution,
    base: String,
    name: String,
    folder: tempfile::TempDir,
    edits: u32,
    moves: u32,
    builds: u32,
    /// What is in the daemon by a name of this benchmark, the base first.
    images: Vec<String>,
    /// What the last build of ours sent.
    sent_bytes: u64,
    /// The most memory that this process held in a build of ours.
    peak_kib: u64,
}

impl Bench {
    fn new(bulk: &Bulk) -> Self {
        let runtime = Runtime::new().unwrap();
        let host = std::env::var("DOCKER_HOST").ok();
        let endpoint = Endpoint::from_docker_host(host.as_deref()).unwrap();
        let engine = runtime.block_on(Engine::connect(endpoint)).unwrap();
        let records = Attribution::before_run(&runtime.block_on(engine.build_records()).unwrap());
        let name = format!("seatrial-bench/{}", std::process::id());
        let folder = tempfile::tempdir().unwrap();
        let bench = Self {
            base: format!("{name}:base"),
            images: vec![format!("{name}:base")],
            runtime,
            engine,
            records,
            name,
            folder,
            edits: 0,
            moves: 0,
            builds: 0,
            sent_bytes: 0,
            peak_kib: 0,
        };
        bench.import_base();
        for side in ["ours", "command"] {
            make_tree(&bench.tree(side), bulk, &format!("{} {side}", bench.name));
        }
        bench
    }

    /// The folder of a side. It has another name after each move, by which the docker command names a context.
    fn tree(&self, side: &str) -> PathBuf {
        self.folder.path().join(format!("{side}-{}", self.moves))
    }

    /// Moves both trees, so that the daemon has nothing of them under their new names.
    fn move_trees(&mut self) {
        let earlier = ["ours", "command"].map(|side| self.tree(side));
        self.moves += 1;
        let now = ["ours", "command"].map(|side| self.tree(side));
        for (earlier, now) in earlier.iter().zip(&now) {
            fs::rename(earlier, now).unwrap();
        }
    }

    fn next_image(&mut self, side: &str) -> String {
        self.builds += 1;
        let image = format!("{}:{side}-{}", self.name, self.builds);
        self.images.push(image.clone());
        image
    }

    fn import_base(&self) {
        let mut import = Command::new("docker")
            .args(["import", "-", &self.base])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let image = BallastImage::embedded().unwrap();
        import.stdin.take().unwrap().write_all(image.rootfs()).unwrap();
        assert!(import.wait().unwrap().success());
    }

    /// Changes the same file of both trees.
    fn edit(&mut self, file: &str) {
        self.edits += 1;
        for side in ["ours", "command"] {
            let text = format!("{} {side} edit {}\n", self.name, self.edits);
            fs::write(self.tree(side).join(file), text).unwrap();
        }
    }

    fn ours(&mut self, state: State) -> Nanos {
        let tree = Arc::new(ServedTree::new(self.tree("ours")));
        let request = BuildRequest {
            args: BTreeMap::from([("BASE".to_owned(), self.base.clone())]),
            no_cache: state.no_cache(),
            dockerfile_name: state.dockerfile().to_owned(),
            dockerfile_in_context: Some(state.dockerfile().to_owned()),
            ..BuildRequest::of_folder(
                tree,
                &format!("{}-{}", self.name, self.moves),
                self.next_image("ours"),
                Nanos::from_secs(600),
            )
        };
        thread::sleep(SETTLING);
        // From here on the peak counts anew.
        fs::write("/proc/self/clear_refs", "5").unwrap();
        let report = self.runtime.block_on(self.engine.build(&request)).unwrap();
        assert_eq!(report.fault, None);
        self.peak_kib = self.peak_kib.max(peak_kib());
        self.sent_bytes = report.sent.0;
        report.duration
    }

    fn command(&mut self, state: State) -> Nanos {
        let mut command = Command::new("docker");
        command
            .env("DOCKER_BUILDKIT", "1")
            .args(["build", "--quiet", "--tag", &self.next_image("command")])
            .args(["--build-arg", &format!("BASE={}", self.base)])
            .args(state.no_cache().then_some("--no-cache"))
            .arg("--file")
            .arg(self.tree("command").join(state.dockerfile()))
            .arg(self.tree("command"))
            .stdin(Stdio::null());
        thread::sleep(SETTLING);
        let began = Instant::now();
        let output = command.output().unwrap();
        let took = began.elapsed();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        took.into()
    }

    fn pair(&mut self, state: State, ours_first: bool) -> (Nanos, Nanos) {
        if let Some(file) = state.edited() {
            self.edit(file);
        }
        if state == State::Sent {
            self.move_trees();
        }
        if ours_first {
            let ours = self.ours(state);
            (ours, self.command(state))
        } else {
            let command = self.command(state);
            (self.ours(state), command)
        }
    }

    fn compare(&mut self, state: State, pairs: usize) {
        let (mut ratios, mut ours, mut commands) = (Vec::new(), Vec::new(), Vec::new());
        for pair in 0..pairs {
            if state == State::Sent {
                self.tidy();
            } else if pair % BLOCK == 0 {
                // What earlier pairs stored would fill a small disk.
                self.tidy();
                // This pair makes the state: the context at the daemon and the layers in the cache.
                self.pair(state, true);
            }
            if pair == 0 {
                self.peak_kib = 0;
            }
            let (own, command) = self.pair(state, pair % 2 == 0);
            ratios.push(own.0 * 1_000_000 / command.0);
            ours.push(own.0);
            commands.push(command.0);
        }
        let middle = |samples: &[u64]| median(&Sorted::of(samples).unwrap()) / 1e6;
        let sorted = Sorted::of(&ratios).unwrap();
        let interval = median_interval(&sorted);
        let shown = interval.map_or("too few for an interval".to_owned(), |interval| {
            let (low, high) = (interval.low as f64 / WHOLE, interval.high as f64 / WHOLE);
            format!("{low:.3} to {high:.3}, {:.1} %", interval.level * 100.0)
        });
        println!(
            "{:<27} ours {:>8.1} ms, docker command {:>8.1} ms, ratio {:.3} ({shown}, {pairs} pairs); ours sent {} bytes, \
             {} KiB of memory at most",
            state.name(),
            middle(&ours),
            middle(&commands),
            median(&sorted) / WHOLE,
            self.sent_bytes,
            self.peak_kib,
        );
    }

    /// Removes what the builds so far have left, the base aside.
    fn tidy(&mut self) {
        // Each build has an image of its own: one whose name another takes would stay without one.
        for reference in self.images.drain(1..).rev() {
            Command::new("docker").args(["rmi", &reference]).output().unwrap();
        }
        let records = self
            .runtime
            .block_on(self.engine.settled_build_records())
            .unwrap();
        // Nobody else built meanwhile, or nothing here would be a measurement.
        self.records.after_build(&records, None);
        let pruned = prune_own_records(&self.engine, &self.records, records);
        self.runtime.block_on(pruned).unwrap();
    }

    fn remove(mut self) {
        self.tidy();
        Command::new("docker").args(["rmi", &self.base]).output().unwrap();
    }
}

/// The most memory that this process has held since it was counted anew.
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.unwrap().trim().trim_end_matches(" kB");
    number.parse().unwrap()
}

fn make_tree(folder: &Path, bulk: &Bulk, side: &str) {
    fs::create_dir_all(folder.join("data")).unwrap();
    fs::write(folder.join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(folder.join("layered.Dockerfile"), LAYERED).unwrap();
    fs::create_dir(folder.join("app")).unwrap();
    fs::write(folder.join("app/main.txt"), side).unwrap();
    fs::write(folder.join("mounting.Dockerfile"), MOUNTING).unwrap();
    fs::write(folder.join("side.txt"), side).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for number in 0..bulk.files {
        let mut content = Vec::with_capacity(bulk.file_bytes + 8);
        while content.len() < bulk.file_bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            content.extend(state.to_le_bytes());
        }
        content.truncate(bulk.file_bytes);
        fs::write(folder.join(format!("data/file-{number:04}")), content).unwrap();
    }
}

fn main() {
    let pairs = std::env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let Some(pairs) = pairs else {
        // With all other benchmarks it would take minutes, and work on a daemon that nobody named.
        println!("beside_docker: name the number of pairs, `cargo bench --bench beside_docker -- 30`");
        return;
    };
    let (bulk, states): (_, &[State]) = if std::env::args().any(|argument| argument == "large") {
        (LARGE, &[State::Sent])
    } else {
        (
            ORDINARY,
            &[State::Cached, State::OneFile, State::OwnLayer, State::Cold],
        )
    };
    let mut bench = Bench::new(&bulk);
    for state in states {
        bench.compare(*state, pairs);
    }
    bench.remove();
}
