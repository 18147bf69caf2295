//! A hundred builds in one process: neither descriptors nor memory grow.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use seatrial::docker::{Endpoint, Engine};
use seatrial::run::{BuildRequest, Builder as _, Images as _};
use seatrial::scenario::BuilderKind;
use seatrial::unit::Nanos;
use seatrial::workspace::ServedTree;
use tokio::runtime::Runtime;

use crate::daemon::{daemon, unique};
use crate::fixture_tree::write_files;
use crate::inventory::Inventory;
use crate::records::Records;
use crate::soak::{soaking, tell};
use crate::support::{output_of, text};

const BUILDS: u32 = 100;

/// The build after which everything that is made once has been made.
const SETTLED: u32 = 20;

/// How much more memory the process may have at the end.
const MOST_GROWTH_KIB: i64 = 2 * 1024;

/// The variable that tells the process of its own what to build: the builder, and how often a file changes.
const CHILD: &str = "SEATRIAL_TEST_HUNDRED_BUILDS";

#[test]
fn a_hundred_builds_in_one_process_keep_neither_descriptors_nor_memory() {
    if let Ok(told) = std::env::var(CHILD) {
        build_and_tell(&told);
        return;
    }
    let Some(_daemon) = daemon() else { return };
    // A build that stores an image takes a second on some engines.
    let forms: &[&str] = if soaking() {
        &["buildkit 1", "buildkit 100", "classic 1", "classic 100"]
    } else {
        &["buildkit 100"]
    };
    for form in forms {
        let records = Records::new();
        let before = Inventory::take();
        let output = output_of(
            Command::new(std::env::current_exe().unwrap())
                .args([
                    "--exact",
                    "hundred_builds::a_hundred_builds_in_one_process_keep_neither_descriptors_nor_memory",
                    "--nocapture",
                ])
                .env(CHILD, form),
        );
        assert!(output.status.success(), "{}", text(&output.stderr));
        records.prune();
        assert_eq!(Inventory::take().since(&before), [""; 0], "{form}");
        let told: BTreeMap<u32, (i64, i64)> = text(&output.stderr)
            .lines()
            .filter_map(|line| {
                let mut words = line
                    .split("after build ")
                    .nth(1)?
                    .split(' ')
                    .map(str::parse::<i64>);
                let mut next = || words.next()?.ok();
                Some((u32::try_from(next()?).ok()?, (next()?, next()?)))
            })
            .collect();
        let ((files, memory), (files_last, memory_last)) = (told[&SETTLED], told[&BUILDS]);
        tell(&format!(
            "{form}: descriptors {files} and {files_last}, memory {memory} KiB and {memory_last} KiB after {SETTLED} and \
             {BUILDS} builds"
        ));
        assert_eq!(files, files_last, "{form}: {told:?}");
        assert!(memory_last - memory <= MOST_GROWTH_KIB, "{form}: {told:?}");
    }
}

/// Builds in this process, which nothing else uses, and prints descriptors and KiB of memory after some of them.
fn build_and_tell(told: &str) {
    let (builder, every) = told.split_once(' ').unwrap();
    let every: u32 = every.parse().unwrap();
    let builder = match builder {
        "classic" => BuilderKind::Classic,
        _ => BuilderKind::Buildkit,
    };
    let runtime = Runtime::new().unwrap();
    let host = std::env::var("DOCKER_HOST").ok();
    let endpoint = Endpoint::from_docker_host(host.as_deref()).unwrap();
    let engine = runtime.block_on(Engine::connect(endpoint)).unwrap();
    let token = unique("hundred");
    let folder = tempfile::tempdir().unwrap();
    let image = format!("seatrial-test/{token}:built");
    write_files(
        folder.path(),
        &[
            ("Dockerfile", "FROM scratch\nCOPY input.txt other.txt /\n"),
            ("input.txt", &token),
            ("other.txt", "the same each time\n"),
        ],
    );
    let tree = Arc::new(ServedTree::new(folder.path().to_owned()));
    let request = BuildRequest {
        builder,
        dockerfile_in_context: Some("Dockerfile".to_owned()),
        ..BuildRequest::of_folder(tree, &token, image.clone(), Nanos::from_secs(60))
    };
    for build in 1..=BUILDS {
        runtime.block_on(async {
            if build == 1 || build % every == 0 {
                fs::write(folder.path().join("input.txt"), format!("{token} {build}")).unwrap();
                // The image before would stay without a name.
                engine.remove_image(&image).await.unwrap();
            }
            let report = engine.build(&request).await.unwrap();
            assert_eq!(report.fault, None, "build {build}");
        });
        if [1, SETTLED, 40, 60, 80, BUILDS].contains(&build) {
            let files = descriptors();
            // Not captured, and the only thing that this process is for.
            tell(&format!("after build {build} {files} {} end", memory_kib()));
        }
    }
    runtime.block_on(async {
        engine.remove_image(&image).await.unwrap();
        let made = engine.made_images();
        engine.remove_made_images(&made).await.unwrap();
    });
}

/// How many descriptors the process has, once connections that are closed are gone.
fn descriptors() -> usize {
    let count = || fs::read_dir("/proc/self/fd").unwrap().count();
    let began = Instant::now();
    let (mut last, mut since) = (count(), Instant::now());
    while since.elapsed() < Duration::from_millis(300) && began.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(20));
        let now = count();
        if now != last {
            (last, since) = (now, Instant::now());
        }
    }
    last
}

fn memory_kib() -> i64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
