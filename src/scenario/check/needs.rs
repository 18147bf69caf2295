//! What the variants of a scenario need of the engine.

use super::findings::Findings;
use super::placed::Placed;
use crate::scenario::engine_need::{EngineNeed, Needed};
use crate::scenario::file::Cursor;
use crate::scenario::{BuilderKind, LayerState, MountState, Place, RemoteCache, StartCache, Step};

/// From this version of the engine's API on `BuildKit` in it has named contexts, and takes the size of `/dev/shm`.
const NEWER_BUILDER: (u32, u32) = (1, 42);

/// What the variants, the steps and the remote cache of their builds, and the states of their starts need of the engine.
pub(super) fn needs(
    variants: &[Placed<'_>],
    steps: &[Step],
    remote_cache: Option<&RemoteCache>,
    starts: &[StartCache],
    root: &Cursor<'_>,
    findings: &Findings<'_>,
) -> Vec<EngineNeed> {
    let mut needs: Vec<EngineNeed> = Vec::new();
    if let Some(cache) = remote_cache.filter(|cache| !matches!(cache, RemoteCache::Inline { .. })) {
        let kind = root.key("build").key("remote-cache").key("type");
        needs.push(EngineNeed {
            place: Place::new(findings.source, kind.span()),
            what: Needed::CacheExport(cache.type_name()),
        });
    }
    if let Some(index) = starts.iter().position(|cache| *cache == StartCache::ColdPull) {
        let cache = root.key("start").key("cache").index(index);
        needs.push(EngineNeed {
            place: Place::new(findings.source, cache.span()),
            what: Needed::PullsFromHere,
        });
    }
    let buildkit = variants
        .iter()
        .any(|placed| placed.variant.builder == BuilderKind::Buildkit);
    let emptied_alone = |step: &&Step| {
        buildkit && step.cache.layers == LayerState::Primed && step.cache.mounts == MountState::Empty
    };
    if let Some(index) = steps.iter().position(|step| emptied_alone(&step)) {
        let cache = root.key("build").key("step").index(index).key("cache");
        needs.push(EngineNeed {
            place: Place::new(findings.source, cache.key("mounts").span()),
            what: Needed::MountsEmptiedAlone,
        });
    }
    for Placed {
        variant,
        at,
        platform: platform_at,
        ..
    } in variants
    {
        let options = &variant.options;
        let mut need = |cursor: &Cursor<'_>, what| {
            let place = Place::new(findings.source, cursor.span());
            let need = EngineNeed { place, what };
            if !needs.contains(&need) {
                needs.push(need);
            }
        };
        let of_newer = |for_what| Needed::Api {
            for_what,
            least: NEWER_BUILDER,
        };
        if !options.contexts.is_empty() {
            let own = at.has("contexts").then(|| at.key("contexts"));
            let shared = root.key("context").key("named");
            need(&own.unwrap_or(shared), of_newer("named contexts"));
        }
        // The classic builder always took it.
        if options.shm_size.is_some() && variant.builder == BuilderKind::Buildkit {
            need(&at.key("shm-size"), of_newer("a size of `/dev/shm`"));
        }
        if let Some(platform) = &options.platform {
            need(platform_at, Needed::Platform(platform.clone()));
        }
    }
    needs
}
