//! Registries that answer wrongly or not at all: what was asked of which, and what it answered, is told, once.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use seatrial::results::{Status, StopReason};

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::registry::Registry;
use crate::soak::soaking;
use crate::stub_registry::{Answer, Asked, StubRegistry};
use crate::trial::{Trial, builds};
use crate::users_cache::keeps_images_in_containerd;

const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// How long a build may take here.
const LIMIT: Duration = Duration::from_secs(15);

/// How long a registry says nothing to a build: longer than that may take. Engine 20.10 waits for it all the same, and
/// lets no other build ask any registry meanwhile, whoever began it.
const SILENCE: Duration = Duration::from_secs(20);

/// A base of which the manifest, or something that it names, is not to be had. `Some` is what the engine is told.
fn bad_base(fault: &'static str) -> StubRegistry {
    StubRegistry::start(move |asked| {
        let is_manifest = asked.path.contains("/manifests/");
        match fault {
            "silent" if is_manifest => Answer::Silence(Duration::from_secs(600)),
            "401" => Answer::Says(
                "401 Unauthorized",
                "WWW-Authenticate: Basic realm=\"trial\"\r\n".to_owned(),
                Vec::new(),
            ),
            "500" if is_manifest => Answer::status("500 Internal Server Error"),
            "digest" if is_manifest => {
                let (one, other) = ("1".repeat(64), "2".repeat(64));
                let manifest = format!(
                    r#"{{"schemaVersion":2,"mediaType":"{MANIFEST}",
                    "config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":2,"digest":"sha256:{one}"}},
                    "layers":[{{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":2,"digest":"sha256:{other}"}}]}}"#
                );
                let headers = format!("Content-Type: {MANIFEST}\r\n");
                Answer::Says("200 OK", headers, manifest.into_bytes())
            }
            "digest" if asked.path.contains("/blobs/") => {
                Answer::Says("200 OK", String::new(), b"{}".to_vec())
            }
            // As registries say it: an engine has no words of its own for it.
            "404" if is_manifest => Answer::Says(
                "404 Not Found",
                "Content-Type: application/json\r\n".to_owned(),
                br#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#.to_vec(),
            ),
            _ if asked.path == "/v2/" => Answer::status("200 OK"),
            _ => Answer::status("404 Not Found"),
        }
    })
}

#[test]
fn a_base_that_its_registry_refuses_ends_the_run_with_its_name_and_the_answer() {
    let Some(_daemon) = daemon() else { return };
    let faults = [
        ("401", &["no basic auth credentials", "401"][..]),
        ("404", &["not found", "manifest unknown", "HTTP 404"]),
        ("500", &["500 Internal Server Error"]),
        ("digest", &["verification failed", "unexpected commit digest"]),
        ("silent", &["no answer within 120 s", "nothing was heard"]),
    ];
    let before = Inventory::take();
    // The limit of what is silent is two minutes.
    for (fault, told) in faults
        .into_iter()
        .filter(|(fault, _)| soaking() || *fault != "silent")
    {
        let registry = bad_base(fault);
        let reference = format!("{}/trial/{}:1", registry.address, unique("base"));
        let scenario = format!(
            "schema = 1\ntitle = \"t\"\ncontext.path = \"context\"\n[base.b]\nimage = \"{reference}\"\n\
             [[variant]]\nname = \"one\"\ndockerfile = \"Dockerfile\"\n"
        );
        let trial = Trial::new(&[
            ("scenario.toml", &scenario),
            ("Dockerfile", "ARG B\nFROM ${B}\nCOPY . /\n"),
            ("context/note.txt", ""),
        ]);
        let ended = trial.run(&["--quick"]);
        assert_eq!(ended.code, Some(1), "{fault}: {ended:?}");
        for told in ["base `b` cannot be had", &reference] {
            assert!(ended.stderr.contains(told), "{fault}: {}", ended.stderr);
        }
        assert!(
            told.iter().any(|told| ended.stderr.contains(told)),
            "{fault}: {}",
            ended.stderr
        );
        let asked = registry.asked();
        assert!(asked.len() < 12, "{fault}: a storm of {asked:?}");
        assert_eq!(trial.journal().end.unwrap().stop, StopReason::Aborted);
    }
    assert_eq!(Inventory::take(), before);
}

/// What stands before a registry that works, and does to the manifest of the cache what the step before whose build its
/// file was written is named after.
fn before_registry(registry: &Registry, step: PathBuf) -> StubRegistry {
    let real = registry.repository("");
    let real = real.trim_end_matches('/').to_owned();
    StubRegistry::start(move |asked: &Asked| {
        let step = fs::read_to_string(&step).unwrap_or_default();
        let is_manifest = asked.path.contains("/manifests/");
        let reads = ["GET", "HEAD"].contains(&asked.method.as_str());
        match step.trim() {
            "refuse push" if is_manifest && asked.method == "PUT" => {
                Answer::status("500 Internal Server Error")
            }
            "401" if is_manifest && reads => Answer::Says(
                "401 Unauthorized",
                "WWW-Authenticate: Basic realm=\"trial\"\r\n".to_owned(),
                Vec::new(),
            ),
            "404" if is_manifest && reads => Answer::status("404 Not Found"),
            "500" if is_manifest && reads => Answer::status("500 Internal Server Error"),
            "digest" if is_manifest && reads => {
                let headers = format!(
                    "Content-Type: {MANIFEST}\r\nDocker-Content-Digest: sha256:{}\r\n",
                    "3".repeat(64)
                );
                Answer::Says("200 OK", headers, b"{\"schemaVersion\":2}".to_vec())
            }
            "silent" if is_manifest && reads => Answer::Silence(SILENCE),
            _ => Answer::Passes(real.clone()),
        }
    })
}

/// A run whose remote cache is at a registry that does what the steps are named after.
fn cached(kind: &str, steps: &[&str], registry: &Registry) -> (Trial, StubRegistry) {
    let token = unique("bad");
    let named = tempfile::tempdir().unwrap().keep();
    let stub = before_registry(registry, named.join("step"));
    let steps: Vec<String> = steps
        .iter()
        .map(|step| {
            let layers = if *step == "cold" || *step == "refuse push" {
                "layers = \"empty\" }\nexport-cache = true"
            } else {
                "layers = \"imported\" }"
            };
            format!("[[build.step]]\nname = \"{step}\"\ncache = {{ context = \"absent\", {layers}\n")
        })
        .collect();
    let scenario = format!(
        "schema = 1\ntitle = \"t\"\ncontext.path = \"context\"\n[[variant]]\nname = \"only\"\ndockerfile = \"Dockerfile\"\n\
         [hooks]\nprepare = [\"printenv SEATRIAL_STEP > {0}/step\"]\ncleanup = [\"rm -r {0}\"]\n\
         [build]\nrounds = 1\nwarmups = 0\ntimeout = \"{2}s\"\n[build.remote-cache]\ntype = \"{kind}\"\n\
         repository = \"{1}/{token}\"\n{3}",
        named.display(),
        stub.address,
        LIMIT.as_secs(),
        steps.concat()
    );
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", "FROM scratch\nCOPY main.txt /\n"),
        ("context/main.txt", &token),
    ]);
    (trial, stub)
}

#[test]
fn a_remote_cache_whose_registry_answers_wrongly_makes_samples_that_say_so() {
    let Some(_daemon) = daemon() else { return };
    let Some(registry) = Registry::start() else {
        return;
    };
    let before = Inventory::take();
    let mut steps = vec!["cold", "401", "404", "500", "digest"];
    if soaking() {
        steps.push("silent");
    }
    let (trial, stub) = cached("inline", &steps, &registry);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert_eq!(Inventory::take(), before, "{ended:?}");
    let run = trial.journal();
    assert_eq!(run.end.as_ref().unwrap().stop, StopReason::Complete);
    let one = |step: &str| builds(&run, "only", step)[0];
    assert!(one("cold").outcome.is_ok(), "{:?}", one("cold"));
    for (step, told) in [("401", "401"), ("404", "not found"), ("500", "500")] {
        let Status::Invalid { reason } = &one(step).outcome else {
            panic!("{step}: {:?}", one(step));
        };
        assert!(
            reason.contains(&stub.address) && reason.contains(told),
            "{step}: {reason}"
        );
    }
    // Engine 20.10 does not look at the digest of a cache's manifest, and finds none in it.
    let digest = one("digest");
    match &digest.outcome {
        Status::Invalid { reason } => assert!(reason.contains("digest"), "{reason}"),
        outcome => assert!(
            outcome.is_ok() && !digest.instructions[0].cached && digest.downloads.unwrap().layers.count == 0,
            "{digest:?}"
        ),
    }
    if soaking() {
        let Status::Failed { reason } = &one("silent").outcome else {
            panic!("{:?}", one("silent"));
        };
        let failure = one("silent").failure.clone().unwrap();
        assert!(reason.contains("ended after 15"), "{reason}");
        assert!(failure.instruction.unwrap().contains(&stub.address));
    }
    let asked = stub.asked();
    assert!(asked.len() < 60, "a storm of {asked:?}");
}

#[test]
fn a_registry_that_does_not_take_the_cache_is_named_with_its_answer() {
    let Some(_daemon) = daemon() else { return };
    let Some(registry) = Registry::start() else {
        return;
    };
    let before = Inventory::take();
    let (trial, stub) = cached("inline", &["refuse push"], &registry);
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for told in ["push", &stub.address, "500 Internal Server Error"] {
        assert!(ended.stderr.contains(told), "{}", ended.stderr);
    }
    let asked = stub.asked();
    assert!(asked.len() < 30, "a storm of {asked:?}");

    // A cache of its own is exported by the builder, so that the build itself fails.
    if keeps_images_in_containerd() {
        let (trial, stub) = cached("registry", &["refuse push"], &registry);
        let ended = trial.run(&[]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let run = trial.journal();
        let Status::Failed { reason } = &builds(&run, "only", "refuse push")[0].outcome else {
            panic!("{run:?}");
        };
        assert!(
            reason.contains(&stub.address) && reason.contains("500"),
            "{reason}"
        );
        let asked = stub.asked();
        assert!(asked.len() < 60, "a storm of {asked:?}");
    }
    assert_eq!(Inventory::take(), before);
}
