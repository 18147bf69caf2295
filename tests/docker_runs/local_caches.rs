//! A local cache that our client exports is one that the docker command imports, and the other way round.

use std::fs;
use std::path::Path;

use seatrial::run::CacheLocation;
use seatrial::scenario::CacheMode;
use serde_json::Value;

use crate::daemon::{daemon, unique};
use crate::fixture_tree::write_files;
use crate::side_by_side::{BUILDX, Builders, Cached};
use crate::support::tell_skip;
use crate::users_cache::keeps_images_in_containerd;

/// Two stages, so that a cache of the image's layers alone is not enough.
const DOCKERFILE: &str = r#"ARG BALLAST
FROM ${BALLAST} AS packages
COPY requirements.txt /requirements.txt
RUN ["/ballast", "work", "--input", "/requirements.txt", "--output", "/opt", "--files", "3", "--bytes", "2MiB"]
FROM ${BALLAST}
COPY --from=packages /opt /opt
COPY main.txt /main.txt
"#;

fn local(folder: &Path) -> CacheLocation {
    CacheLocation::Local {
        folder: folder.to_owned(),
        mode: CacheMode::Max,
    }
}

/// How many layers the newest cache of a folder lists.
fn listed_layers(folder: &Path) -> u64 {
    let read =
        |path: &str| -> Value { serde_json::from_slice(&fs::read(folder.join(path)).unwrap()).unwrap() };
    let index = read("index.json");
    let digest = index["manifests"][0]["digest"].as_str().unwrap().to_owned();
    let manifest = read(&format!("blobs/sha256/{}", digest.trim_start_matches("sha256:")));
    let layers = [&manifest["layers"], &manifest["manifests"]];
    let listed = layers.iter().find_map(|listed| listed.as_array()).unwrap();
    listed
        .iter()
        .filter(|layer| !layer["mediaType"].as_str().unwrap().contains("cacheconfig"))
        .count() as u64
}

/// Instructions that came from the cache, of how many.
fn hits(cached: &Cached) -> (usize, usize) {
    (cached.values().filter(|cached| **cached).count(), cached.len())
}

#[test]
fn either_side_imports_what_the_other_has_exported() {
    let Some(_daemon) = daemon() else { return };
    if !keeps_images_in_containerd() || std::env::var_os(BUILDX).is_none() {
        // No engine of the other kind exports such a cache, and no docker command without buildx knows it.
        tell_skip(&format!(
            "it needs the containerd image store, and buildx by {BUILDX}"
        ));
        return;
    }
    let token = unique("exchange");
    let builders = Builders::new(&token);
    let work = tempfile::tempdir().unwrap();
    let context = work.path().join("context");
    fs::create_dir(&context).unwrap();
    write_files(
        &context,
        &[
            ("Dockerfile", DOCKERFILE),
            ("requirements.txt", &token),
            ("main.txt", &token),
        ],
    );
    let (ours, theirs) = (work.path().join("ours"), work.path().join("theirs"));

    let exported = builders.our_report_with(&context, None, Some(local(&ours)));
    assert_eq!(exported.fault, None);
    assert!(exported.phases.iter().any(|phase| phase.name == "cache-export"));
    assert_eq!(exported.downloads.layers.count, 0);
    let export = exported.cache_export.unwrap();
    let on_disk: u64 = fs::read_dir(ours.join("blobs/sha256"))
        .unwrap()
        .map(|blob| blob.unwrap().metadata().unwrap().len())
        .sum();
    assert_eq!(
        (export.layers, export.written_bytes.unwrap().0),
        (listed_layers(&ours), on_disk)
    );
    builders.forget();
    let from_ours = [format!("--cache-from=type=local,src={}", ours.display())];
    assert_eq!(hits(&builders.docker_command_with(&context, &from_ours)), (4, 4));

    builders.forget();
    let to_theirs = [format!(
        "--cache-to=type=local,dest={},mode=max",
        theirs.display()
    )];
    assert_eq!(hits(&builders.docker_command_with(&context, &to_theirs)), (0, 4));
    builders.forget();
    let imported = builders.our_report_with(&context, Some(local(&theirs)), None);
    assert_eq!((imported.fault, imported.import_fault), (None, None));
    let instructions = &imported.instructions;
    assert!(
        instructions.iter().all(|instruction| instruction.cached),
        "{instructions:?}"
    );
    // Those of the last stage alone: nothing needs the others. Made-up bytes do not get smaller.
    let layers = imported.downloads.layers;
    assert_eq!(layers.count, 2);
    assert!(layers.bytes.is_some_and(|bytes| bytes.0 > 2 << 20), "{layers:?}");

    builders.forget();
    let nothing = work.path().join("nothing");
    let alone = builders.our_report_with(&context, Some(local(&nothing)), None);
    assert_eq!(alone.fault, None);
    assert_eq!(
        alone.import_fault,
        Some(format!("nothing was exported to `{}`", nothing.display()))
    );
    assert!(
        alone.instructions.iter().all(|instruction| !instruction.cached),
        "{:?}",
        alone.instructions
    );
    assert!(!nothing.exists());
}
