//! Every cache state that a build can meet, reached and told from the daemon's own trace.

use std::fmt::Write as _;

use seatrial::results::{BuildSample, Run};

use crate::daemon::{Images, daemon, unique};
use crate::inventory::Inventory;
use crate::registry::Registry;
use crate::soak::{soaking, tell};
use crate::support::docker;
use crate::trial::{Trial, builds};
use crate::users_cache::keeps_images_in_containerd;

/// Two stages, so that a cache of the last stage alone differs from one of all.
const DOCKERFILE: &str = r#"
ARG BALLAST
FROM ${BALLAST} AS packages
COPY requirements.txt /requirements.txt
RUN ["/ballast", "work", "--cpu", "20ms", "--files", "5", "--bytes", "20KiB", "--input", "/requirements.txt", "--output", "/opt"]
FROM ${BALLAST}
COPY --from=packages /opt /opt
COPY main.txt /main.txt
RUN ["/ballast", "work", "--cpu", "5ms", "--files", "2", "--bytes", "10KiB", "--input", "/main.txt", "--output", "/out"]
"#;

const MOUNTED: &str = r#"
ARG BALLAST
FROM ${BALLAST}
COPY main.txt /main.txt
RUN --mount=type=cache,target=/cache ["/ballast", "work", "--cpu", "5ms", "--files", "2", "--bytes", "10KiB", "--input", "/main.txt", "--output", "/cache"]
"#;

fn trial(rest: &str, dockerfile: &str, token: &str) -> Trial {
    let head = "schema = 1\ntitle = \"States\"\nquestion = \"Which?\"\n[context]\npath = \"context\"\n\
                [[variant]]\nname = \"only\"\ndockerfile = \"Dockerfile\"\n";
    Trial::new(&[
        ("scenario.toml", &format!("{head}{rest}")),
        ("Dockerfile", dockerfile),
        ("context/main.txt", token),
        ("context/requirements.txt", token),
    ])
}

/// The samples of a step, all of which count.
fn valid<'run>(run: &'run Run, step: &str) -> Vec<&'run BuildSample> {
    let samples = builds(run, "only", step);
    assert!(!samples.is_empty(), "{step}");
    for sample in &samples {
        assert!(sample.outcome.is_ok(), "{step}: {:?}", sample.outcome);
    }
    samples
}

/// What ran of a sample, by instruction.
fn ran(sample: &BuildSample) -> Vec<&str> {
    sample
        .instructions
        .iter()
        .filter(|instruction| !instruction.cached)
        .map(|instruction| instruction.name.split(' ').next().unwrap_or_default())
        .collect()
}

fn layers_downloaded(sample: &BuildSample) -> u64 {
    sample.downloads.unwrap().layers.count
}

const STEPS: &str = r#"
[[build.step]]
name = "cold"
cache = { layers = "empty", mounts = "empty", context = "absent" }
export-cache = true
[[build.step]]
name = "laptop"
[[build.step]]
name = "runner"
cache = { layers = "imported", mounts = "empty", context = "absent" }
[[build.step]]
name = "runner after an edit"
cache = { layers = "imported", mounts = "empty", context = "absent" }
edit = [{ append = "main.txt", text = "{{nonce}}\n" }]
expect = { rebuilt = ["COPY main.txt"] }
[[build.step]]
name = "runner without"
cache = { layers = "empty", mounts = "empty", context = "absent" }
"#;

/// One run with a remote cache of this type in a registry, which holds one for the variant then.
fn imports_from_registry(kind: &str, mode: &str, registry: &Registry) {
    let token = unique("cache");
    let repository = registry.repository(&token);
    let run = imports(kind, &format!("repository = \"{repository}\"\n{mode}"), &token);
    let tags = registry.tags(&token);
    assert_eq!(tags.len(), 1, "{kind}");
    for sample in valid(&run, "cold") {
        let export = sample.cache_export.unwrap();
        assert_eq!(
            (export.layers, export.written_bytes),
            (registry.layers(&token, &tags[0]), None),
            "{kind}"
        );
    }
}

/// One run with a remote cache of this type.
fn imports(kind: &str, settings: &str, token: &str) -> Run {
    let cache = format!("type = \"{kind}\"\n{settings}");
    let rest = format!(
        "[base.ballast]\nballast = true\n[build]\nrounds = 2\nwarmups = 0\n[build.remote-cache]\n{cache}{STEPS}"
    );
    let trial = trial(&rest, DOCKERFILE, token);
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{kind}: {ended:?}");
    assert_eq!(Inventory::take(), before, "{kind}");
    assert_eq!(trial.scratch_copies(), [""; 0], "{kind}");

    let run = trial.journal();
    for sample in valid(&run, "cold") {
        assert_eq!(ran(sample).len(), 5, "{kind}: {sample:?}");
        assert!(sample.phases.iter().any(|phase| phase.name == "cache-export"));
    }
    for step in ["laptop", "runner", "runner after an edit", "runner without"] {
        for sample in valid(&run, step) {
            assert_eq!(sample.cache_export, None, "{kind}: {sample:?}");
        }
    }
    for sample in valid(&run, "laptop") {
        assert_eq!(
            (ran(sample).len(), layers_downloaded(sample)),
            (0, 0),
            "{kind}: {sample:?}"
        );
    }
    for sample in valid(&run, "runner") {
        assert_eq!(ran(sample), [""; 0], "{kind}: {sample:?}");
        assert!(layers_downloaded(sample) > 0, "{kind}: {sample:?}");
        assert!(sample.phases.iter().any(|phase| phase.name == "cache-import"));
    }
    for sample in valid(&run, "runner after an edit") {
        assert_eq!(ran(sample), ["COPY", "RUN"], "{kind}: {sample:?}");
        assert!(layers_downloaded(sample) > 0, "{kind}: {sample:?}");
    }
    for sample in valid(&run, "runner without") {
        assert_eq!(
            (ran(sample).len(), layers_downloaded(sample)),
            (5, 0),
            "{kind}: {sample:?}"
        );
    }
    run
}

/// Samples of the runner tell how many bytes they read of their cache, and read some.
fn downloads_have_sizes(run: &Run) {
    for step in ["runner", "runner after an edit"] {
        for sample in valid(run, step) {
            let layers = sample.downloads.unwrap().layers;
            assert!(
                layers.bytes.is_some_and(|bytes| bytes.0 > 0),
                "{step}: {layers:?}"
            );
        }
    }
}

#[test]
fn layers_are_imported_from_a_remote_cache_by_a_daemon_that_holds_none() {
    let Some(_daemon) = daemon() else { return };
    let Some(registry) = Registry::start() else {
        return;
    };
    imports_from_registry("inline", "", &registry);
    if keeps_images_in_containerd() {
        imports_from_registry("registry", "mode = \"max\"\n", &registry);
        return;
    }
    // The other store says so before anything is built.
    let token = unique("refused");
    let rest = format!(
        "[base.ballast]\nballast = true\n[build.remote-cache]\ntype = \"registry\"\nrepository = \"{}\"\n{STEPS}",
        registry.repository(&token)
    );
    let ended = trial(&rest, DOCKERFILE, &token).run(&[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("a `registry` cache cannot be exported by engine"),
        "{}",
        ended.stderr
    );
    assert_eq!(registry.tags(&token), [""; 0]);
}

#[test]
fn layers_are_imported_from_a_local_cache_that_goes_with_the_run() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("local");
    if keeps_images_in_containerd() {
        downloads_have_sizes(&imports("local", "mode = \"max\"\n", &token));
        return;
    }
    // The other store says so before anything is built.
    let rest = format!("[base.ballast]\nballast = true\n[build.remote-cache]\ntype = \"local\"\n{STEPS}");
    let trial = trial(&rest, DOCKERFILE, &token);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    let expected = "a `local` cache cannot be exported by engine";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert_eq!(trial.scratch_copies(), [""; 0]);
}

#[test]
fn a_remote_cache_that_cannot_be_read_makes_the_sample_invalid_with_the_reason() {
    let Some(_daemon) = daemon() else { return };
    let Some(registry) = Registry::start() else {
        return;
    };
    let token = unique("gone");
    let repository = registry.repository(&token);
    drop(registry);
    let rest = format!(
        "[base.ballast]\nballast = true\n[build]\nrounds = 1\nwarmups = 0\n[build.remote-cache]\ntype = \"inline\"\n\
         repository = \"{repository}\"\n[[build.step]]\nname = \"cold\"\n\
         cache = {{ layers = \"empty\", context = \"absent\" }}\nexport-cache = true\n"
    );
    let before = Inventory::take();
    let trial = trial(&rest, DOCKERFILE, &token);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.stderr.contains("push"), "{}", ended.stderr);
    assert!(ended.stderr.contains(&repository), "{}", ended.stderr);
    assert_eq!(Inventory::take(), before);
}

#[test]
fn cache_mounts_are_empty_or_kept_as_the_step_says() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("mounts");
    // The step `kept` reads what the one before it put into the mount, and fails where that is gone.
    let scenario = r#"
schema = 1
title = "Mounts"
question = "Kept?"
context.path = "context"
base.ballast.ballast = true
variant = [{ name = "only", dockerfile = "context/Dockerfile" }]
[build]
rounds = 2
warmups = 0
[[build.step]]
name = "empty"
cache = { layers = "empty", mounts = "empty" }
[[build.step]]
name = "empty again"
cache = { layers = "empty" }
[[build.step]]
name = "kept"
cache = { layers = "empty", mounts = "kept" }
edit = [{ replace = "Dockerfile", find = '"/main.txt", "--output"', with = '"/cache/part-0000/file-000000.txt", "--output"' }]
[[build.step]]
name = "emptied under its layers"
cache = { mounts = "empty" }
expect = "cached"
[[build.step]]
name = "emptied and used"
cache = { mounts = "empty" }
edit = [{ replace = "Dockerfile", find = '"/cache/part-0000/file-000000.txt", "--output"', with = '"/main.txt", "--output"' }]
"#;
    let trial = Trial::new(&[
        ("scenario.toml", scenario),
        ("context/Dockerfile", MOUNTED),
        ("context/main.txt", &token),
    ]);
    let alone = ["emptied under its layers", "emptied and used"];
    let can = !keeps_images_in_containerd();
    if !can {
        let scenario = trial.scenario().display().to_string();
        let told = trial.command(&["check"], &[&scenario]);
        assert_eq!(told.code, Some(2), "{told:?}");
        assert!(
            told.stderr.contains("scenario.toml:23:20") && told.stderr.contains("cannot empty cache mounts"),
            "{}",
            told.stderr
        );
    }
    let before = Inventory::take();
    let ended = trial.run(&["--step", if can { alone[1] } else { "kept" }]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);
    let run = trial.journal();
    for step in ["empty", "empty again", "kept"] {
        for sample in valid(&run, step) {
            assert_eq!(ran(sample), ["COPY", "RUN"], "{step}");
        }
    }
    for (step, expected) in alone.iter().zip([&[][..], &["RUN"]]).filter(|_| can) {
        for sample in valid(&run, step) {
            assert_eq!(ran(sample), expected, "{step}");
        }
    }
}

/// Pushes a base with a layer that is in no other image of the daemon, so that it has to be downloaded. Its reference;
/// what it was made of is in the daemon until the rest is dropped.
fn push_base(registry: &Registry, token: &str) -> (String, Images) {
    let reference = format!("{}:1", registry.repository(token));
    let images = Images::default();
    let local = images.import_ballast(token);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), token).unwrap();
    let container = docker(&["create", &local, "/ballast"]);
    let token_file = folder.path().join("token").display().to_string();
    docker(&["cp", &token_file, &format!("{container}:/token")]);
    docker(&["commit", &container, &reference]);
    docker(&["rm", &container]);
    docker(&["push", &reference]);
    (reference, images)
}

/// Every combination of what the layers, the cache mounts, the context and the base may be that a scenario can name.
#[test]
fn every_cell_of_the_state_is_reached_in_five_rounds() {
    if !soaking() {
        return;
    }
    let Some(_daemon) = daemon() else { return };
    let Some(registry) = Registry::start() else {
        return;
    };
    let token = unique("cells");
    let (base, images) = push_base(&registry, &token);
    docker(&["rmi", &base]);
    drop(images);
    let mut steps = String::from(
        "[[build.step]]\nname = \"export\"\ncache = { layers = \"empty\" }\nexport-cache = true\n",
    );
    let mut cells = Vec::new();
    for layers in ["primed", "empty", "imported"] {
        for mounts in ["kept", "empty"] {
            for context in ["kept", "absent"] {
                for base in ["present", "absent"] {
                    // Layers lie on the base, so that they go with it; `check` refuses it.
                    if (layers, base) == ("primed", "absent") {
                        continue;
                    }
                    // An engine that forgets layers when a mount goes is held to say so by the test of the mounts.
                    if (layers, mounts) == ("primed", "empty") && keeps_images_in_containerd() {
                        continue;
                    }
                    let name = format!("{layers} {mounts} {context} {base}");
                    writeln!(
                        steps,
                        "[[build.step]]\nname = \"{name}\"\ncache = {{ layers = \"{layers}\", mounts = \"{mounts}\", \
                         context = \"{context}\", base = \"{base}\" }}"
                    )
                    .unwrap();
                    cells.push(name);
                }
            }
        }
    }
    let rest = format!(
        "[base.ballast]\nimage = \"{base}\"\n[build]\nrounds = 5\nwarmups = 0\n[build.remote-cache]\n\
         type = \"inline\"\nrepository = \"{}\"\n{steps}",
        registry.repository(&format!("{token}-cache"))
    );
    let trial = trial(&rest, MOUNTED, &token);
    let ended = trial.start(&[]).wait_for(std::time::Duration::from_secs(1_800));
    let run = trial.journal();
    for cell in &cells {
        let samples = valid(&run, cell);
        assert_eq!(samples.len(), 5, "{cell}: {}", ended.stderr);
        let ran = ran(samples[0]).join(" ");
        tell(&format!("{cell}: reached in 5 rounds; ran: {ran}"));
    }
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_base_is_got_from_its_registry_where_it_is_to_be_absent_and_never_taken_from_the_user() {
    let Some(_daemon) = daemon() else { return };
    let Some(registry) = Registry::start() else {
        return;
    };
    let token = unique("base");
    let (reference, images) = push_base(&registry, &token);
    let rest = format!(
        "[base.ballast]\nimage = \"{reference}\"\n[build]\nrounds = 2\nwarmups = 0\n[[build.step]]\nname = \"absent\"\n\
         cache = {{ layers = \"empty\", context = \"absent\", base = \"absent\" }}\n\
         [[build.step]]\nname = \"present\"\ncache = {{ layers = \"empty\" }}\n"
    );
    let trial_of = |token: &str| trial(&rest, DOCKERFILE, token);

    // The daemon holds it: it is the user's.
    let before = Inventory::take();
    let users = trial_of(&token);
    let ended = users.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for sample in builds(&users.journal(), "only", "absent") {
        assert!(
            format!("{:?}", sample.outcome).contains("was in the daemon before the run"),
            "{:?}",
            sample.outcome
        );
    }
    assert_eq!(Inventory::take(), before);

    docker(&["rmi", &reference]);
    drop(images);
    let before = Inventory::take();
    let own = trial_of(&unique("base"));
    let ended = own.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = own.journal();
    for sample in valid(&run, "absent") {
        assert!(sample.downloads.unwrap().base.count > 0, "{sample:?}");
    }
    for sample in valid(&run, "present") {
        assert_eq!(sample.downloads.unwrap().base.count, 0, "{sample:?}");
    }
    assert_eq!(Inventory::take(), before);
}
