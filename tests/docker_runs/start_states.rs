//! What of an image is there before a start: reached, proven, and told apart.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use seatrial::ballast::PROGRAM;
use seatrial::results::StartSample;
use seatrial::scenario::{ProbeTier, StartCache};

use crate::daemon::daemon;
use crate::inventory::Inventory;
use crate::started::started;
use crate::support::docker;
use crate::trial::Trial;

/// Each state once.
const START: &str = r#"samples = 1
cache = ["cold-pages", "warm", "restart"]
ready = { tcp = 8000 }"#;

/// How much lies in the image that no start needs.
const BULK_BYTES: usize = 20 << 20;

#[test]
fn an_image_is_put_out_of_memory_for_a_cold_start_and_is_there_for_the_others() {
    let Some(_daemon) = daemon() else { return };
    // The program of its own, and not that of a base: what holds the network of the start runs the base's.
    let dockerfile = "FROM scratch\nCOPY . /\nCMD [\"/ballast\", \"serve\"]\n";
    let trial = Trial::new(&[("scenario.toml", &started(START)), ("Dockerfile", dockerfile)]);
    let program = PROGRAM.unwrap();
    let context = trial.scenario().join("context");
    fs::create_dir_all(&context).unwrap();
    fs::write(context.join("ballast"), program).unwrap();
    fs::set_permissions(context.join("ballast"), fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(context.join("bulk"), vec![b'x'; BULK_BYTES]).unwrap();
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(Inventory::take(), before);

    let run = trial.journal();
    assert_eq!(run.starts.len(), 3);
    let of = |cache| -> &StartSample {
        let start = run.starts.iter().find(|start| start.cache == cache).unwrap();
        assert_eq!(start.tier, ProbeTier::Trace);
        assert!(start.outcome.is_ok(), "{start:?}");
        start
    };
    let image = (BULK_BYTES + program.len()) as u64;
    for cache in [StartCache::Warm, StartCache::ColdPages, StartCache::Restart] {
        let pages = of(cache).pages.unwrap();
        assert!(
            pages.image_bytes.0 >= image && pages.image_bytes.0 < image + 8192,
            "{pages:?}"
        );
        let ready = pages.ready_bytes.unwrap().0;
        assert!(
            ready > 0 && pages.before_bytes.0 <= pages.image_bytes.0,
            "{pages:?}"
        );
        if cache == StartCache::ColdPages {
            assert!(pages.before_bytes.0 * 200 <= pages.image_bytes.0, "{pages:?}");
            // What no start needs was not read.
            assert!(ready < BULK_BYTES as u64, "{pages:?}");
        } else {
            assert!(pages.before_bytes.0 > 0, "{pages:?}");
        }
    }
    // With that driver another program reads the files.
    if docker(&["info", "--format", "{{.Driver}}"]).trim() != "fuse-overlayfs" {
        let read = of(StartCache::ColdPages)
            .state
            .as_ref()
            .unwrap()
            .read_bytes
            .unwrap();
        assert!(read.0 > 0, "{:?}", of(StartCache::ColdPages));
    }
    let page = fs::read_to_string(trial.report().join("summary.md")).unwrap();
    for key in ["start.app", "start.app.cold-pages", "start.app.restart"] {
        assert!(page.contains(&format!(" {key} ")), "{key}: {page}");
    }
}
