//! An image that is pulled before each start, as one that the engine has never seen.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::Signal;
use seatrial::results::StartSample;
use seatrial::scenario::StartCache;
use seatrial::unit::{Bandwidth, Nanos};

use crate::daemon::{Daemon, Images, daemon, unique};
use crate::inventory::Inventory;
use crate::support::{docker, docker_output};
use crate::trial::{Trial, until};

/// How much lies in the image that cannot be packed.
const BULK_BYTES: usize = 3 << 20;

fn scenario(base: &str, samples: u32, pull: &str) -> String {
    format!(
        r#"
schema = 1
title = "Pulled"
question = "How long does it take to come?"
context.path = "context"
base.ballast.image = "{base}"
variant = [{{ name = "only", dockerfile = "Dockerfile" }}]

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"
cache = {{ layers = "empty", context = "absent" }}

[start]
samples = {samples}
warmups = 0
cache = ["cold-pull"]
ready = {{ http = "/health", port = 8000 }}
{pull}

[gate]
"start.pull" = {{ at-most = "10m" }}
"#
    )
}

/// A layer with a file that is hard to pack, one that another one hides part of, and one that only writes.
const DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST}
COPY bulk /data/bulk
COPY tree /data/tree
RUN ["/ballast", "work", "--files", "20", "--output", "/worked"]
COPY over /data/tree/deep
CMD ["/ballast", "serve"]
"#;

/// A base of the test's own and a scenario that builds on it: what is the user's shares its layers with what is pulled.
fn prepared(samples: u32, pull: &str) -> Option<(Daemon, Images, Trial)> {
    let daemon = daemon()?;
    let images = Images::default();
    let base = images.import_ballast(&unique("cold-pull"));
    let trial = Trial::new(&[
        ("scenario.toml", &scenario(&base, samples, pull)),
        ("Dockerfile", DOCKERFILE),
        ("context/tree/deep/one", "1"),
        ("context/tree/two", "2"),
        ("context/over/three", "3"),
    ]);
    let mut state = 7_u64;
    let noise: Vec<u8> = (0..BULK_BYTES)
        .map(|_| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            state.to_be_bytes()[0]
        })
        .collect();
    fs::write(trial.scenario().join("context/bulk"), noise).unwrap();
    std::os::unix::fs::symlink("two", trial.scenario().join("context/tree/link")).unwrap();
    Some((daemon, images, trial))
}

fn is_pulled(start: &StartSample) -> bool {
    start.cache == StartCache::ColdPull && start.outcome.is_ok()
}

#[test]
fn every_layer_comes_from_the_registry_before_every_start_and_nothing_stays() {
    let Some((_daemon, _images, trial)) = prepared(2, "") else {
        return;
    };
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(
        Inventory::take(),
        before,
        "the user's images are as they were, and none is there besides"
    );
    assert!(trial.scratch_copies().is_empty());

    let run = trial.journal();
    assert!(
        run.starts.len() == 2 || run.starts.len() == 4,
        "one or two ways: {:?}",
        run.starts
    );
    assert!(run.starts.iter().all(is_pulled), "{:?}", run.starts);
    let mut digests = Vec::new();
    for start in &run.starts {
        let pull = start.pull.as_ref().unwrap();
        assert_eq!(
            pull.layers.len(),
            5,
            "the base, three copies and what was worked: {pull:?}"
        );
        let layers: u64 = pull.layers.iter().map(|layer| layer.size_bytes.0).sum();
        assert!(
            pull.bytes.0 > layers && pull.bytes.0 < layers + 20_000,
            "with the configuration: {pull:?}"
        );
        assert!(layers > BULK_BYTES as u64, "{pull:?}");
        for layer in &pull.layers {
            let download = layer.download.expect("every layer was fetched");
            assert!(download.started_ns > Nanos::ZERO);
            assert!(
                download.started_ns + download.duration_ns < pull.duration_ns,
                "{pull:?}"
            );
            if let Some(extract) = layer.extract {
                assert!(
                    extract.started_ns + extract.duration_ns <= pull.duration_ns,
                    "{pull:?}"
                );
                assert!(extract.started_ns >= download.started_ns, "{pull:?}");
            }
        }
        digests.extend(pull.layers.iter().map(|layer| layer.digest));
        let answered = start.client.or(start.ready).unwrap();
        assert!(answered.value_ns > Nanos::ZERO);
    }
    let all = digests.len();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), all, "no layer was there twice");

    let page = fs::read_to_string(trial.report().join("summary.md")).unwrap();
    for key in ["start.pull", "pull.bytes", "start.client.cold-pull"] {
        assert!(page.contains(key), "{key}: {page}");
    }
    let table = fs::read_to_string(trial.report().join("samples.csv")).unwrap();
    assert!(
        table.contains(",start.pull,timed,ns,") && table.contains(",pull.layers,exact,count,"),
        "{table}"
    );
}

/// The names, kinds, owners, modes, times and contents of what `docker export` gives of an image, but for what an engine
/// puts into every container.
fn tree_of(image: &str, folder: &Path) -> Vec<String> {
    let id = docker(&["create", image, "/none"]);
    let tar = folder.join("tree.tar");
    docker(&["export", "--output", tar.to_str().unwrap(), id.trim()]);
    docker(&["rm", id.trim()]);
    let unpacked = folder.join("tree");
    fs::create_dir(&unpacked).unwrap();
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let listed = run(Command::new("tar")
        .args(["--numeric-owner", "--full-time", "-tvf"])
        .arg(&tar));
    run(Command::new("tar").arg("-C").arg(&unpacked).arg("-xf").arg(&tar));
    let sums = run(Command::new("sh")
        .arg("-c")
        .arg("find . -type f -exec sha256sum {} + | sort")
        .current_dir(&unpacked));
    let all: Vec<String> = listed.lines().chain(sums.lines()).map(str::to_owned).collect();
    let ends = |line: &String, names: &[&str]| names.iter().any(|name| line.contains(name));
    // Those are made with the container, and have its time.
    all.into_iter()
        .filter(|line| !ends(line, &[" dev/", " etc/", " proc/", " sys/", ".dockerenv"]))
        .collect()
}

#[test]
fn what_is_pulled_has_the_same_files() {
    let Some((_daemon, images, trial)) = prepared(1, "") else {
        return;
    };
    // While a start is under way the image that was pulled is there.
    let kept = images.tag(&unique("pulled"));
    let original = images.tag(&unique("original"));
    let scenario = fs::read_to_string(trial.scenario().join("scenario.toml")).unwrap();
    let scenario = scenario.replace(
        "ready = { http = \"/health\", port = 8000 }",
        "ready = { exec = [\"/ballast\", \"never\"], every = \"50ms\" }\ntimeout = \"8s\"",
    );
    fs::write(trial.scenario().join("scenario.toml"), scenario).unwrap();
    let running = trial.start(&[]);
    let mut pulled = None;
    until("an image was pulled and is started", || {
        let started = docker(&["container", "ls", "--format", "{{.Image}}"]);
        pulled = started
            .lines()
            .find(|image| image.starts_with("127.0.0.1:") && image.contains("/seatrial/"))
            .map(str::to_owned);
        pulled.is_some()
    });
    docker(&["tag", &pulled.unwrap(), &kept]);
    let built = docker(&["image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]);
    let built = built
        .lines()
        .find(|image| image.starts_with("seatrial/") && image.contains("/only:"));
    docker(&["tag", built.unwrap(), &original]);
    let ended = running.wait();
    assert_eq!(ended.code, Some(1), "nothing is ever ready: {ended:?}");

    let [one, other] = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let tree = tree_of(&original, one.path());
    assert!(
        tree.iter().any(|line| line.contains("data/tree/deep/three")),
        "{tree:?}"
    );
    assert_eq!(tree_of(&kept, other.path()), tree);
    let id = |image: &str| docker(&["image", "inspect", "--format", "{{.Id}}", image]);
    assert_ne!(id(&kept), id(&original), "another image by its id");
    let command = |image: &str| docker(&["image", "inspect", "--format", "{{json .Config.Cmd}}", image]);
    assert_eq!(command(&kept), command(&original));
    let layers = |image: &str| {
        let layers = docker(&["image", "inspect", "--format", "{{json .RootFS.Layers}}", image]);
        serde_json::from_str::<Vec<String>>(&layers).unwrap()
    };
    let own = layers(&original);
    assert_eq!(layers(&kept).len(), own.len());
    assert!(
        layers(&kept).iter().all(|layer| !own.contains(layer)),
        "no layer is shared"
    );
}

#[test]
fn a_line_that_is_asked_for_is_what_a_pull_takes() {
    let Some((_daemon, _images, trial)) =
        prepared(1, "pull = { bandwidth = \"40Mbit/s\", latency = \"20ms\" }")
    else {
        return;
    };
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = trial.journal();
    let pull = run.starts[0].pull.as_ref().unwrap();
    assert_eq!(pull.shape.bandwidth, Some(Bandwidth(40_000_000)));
    // Manifest, configuration and layers come one after the other.
    let least = Bandwidth(40_000_000).time_of(pull.bytes.0) + Nanos::from_millis(3 * 20);
    assert!(
        pull.duration_ns >= least,
        "{} of at least {least}",
        pull.duration_ns
    );
}

#[test]
fn a_run_that_is_killed_in_a_pull_leaves_what_clean_finds() {
    let Some((_daemon, _images, trial)) = prepared(3, "pull = { bandwidth = \"20Mbit/s\" }") else {
        return;
    };
    let before = Inventory::take();
    let running = trial.start(&[]);
    // In the pull of the second start: the registry has taken the image in, and is at it.
    until("a second pull is under way", || {
        trial.has_report() && {
            let journal = fs::read_to_string(trial.report().join("journal.jsonl")).unwrap_or_default();
            journal.contains("\"kind\":\"pulling\"") && journal.contains("\"kind\":\"start\"")
        }
    });
    std::thread::sleep(std::time::Duration::from_millis(300));
    running.signal(Signal::KILL);
    assert_eq!(running.wait().code, None);
    let cleaned = trial.clean(&[]);
    assert_eq!(cleaned.code, Some(0), "{cleaned:?}");
    assert_eq!(Inventory::take(), before, "{cleaned:?}");
    assert!(
        trial.scratch_copies().is_empty(),
        "with the layers that were kept"
    );
    let images = docker_output(&["image", "ls", "--format", "{{.Repository}}"]);
    assert!(
        !String::from_utf8_lossy(&images.stdout).contains("127.0.0.1:"),
        "{images:?}"
    );
}
