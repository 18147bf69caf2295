//! What builds read from remote caches and stored in them.

use crate::results::{BuildSample, Run};
use crate::stats::Summary;

/// The remote cache in the builds of one variant at one step, over its valid builds. What no build did is absent.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheTraffic {
    /// The variant.
    pub variant: String,
    /// The step.
    pub step: String,
    /// Layers that were read.
    pub imported_layers: Option<Summary>,
    /// Their bytes, compressed as they came; absent where a build did not tell.
    pub imported_bytes: Option<Summary>,
    /// Nanoseconds that it took to read what the cache holds. Layers are read later, by the instruction that needs them.
    pub import_ns: Option<Summary>,
    /// Layers that the cache held in the end.
    pub exported_layers: Option<Summary>,
    /// Bytes that were written for it; absent where a build did not tell.
    pub exported_bytes: Option<Summary>,
    /// Nanoseconds that storing it took.
    pub export_ns: Option<Summary>,
}

impl CacheTraffic {
    /// By step and variant in the header's order; those which had nothing to do with a remote cache are left out.
    pub(super) fn of(run: &Run) -> Vec<Self> {
        let steps = run.header.steps.iter();
        steps
            .flat_map(|step| {
                let variants = run.header.variants.iter();
                variants.filter_map(move |variant| Self::of_builds(run, &variant.name, step))
            })
            .collect()
    }

    fn of_builds(run: &Run, variant: &str, step: &str) -> Option<Self> {
        let builds: Vec<_> = run
            .counted_builds(variant, step)
            .filter(|build| build.free.is_none())
            .collect();
        let imported = |build: &BuildSample| build.downloads.map(|downloads| downloads.layers);
        let phase = |build: &BuildSample, name: &str| {
            let phase = build.phases.iter().find(|phase| phase.name == name);
            phase.map(|phase| phase.duration_ns.0)
        };
        let imports = builds.iter().any(|build| {
            phase(build, "cache-import").is_some() || imported(build).is_some_and(|layers| layers.count > 0)
        });
        let exports = builds.iter().any(|build| build.cache_export.is_some());
        if !imports && !exports {
            return None;
        }
        let over = |value: &dyn Fn(&BuildSample) -> Option<u64>| {
            // A median over some of the builds would pass for one over all.
            let values: Option<Vec<u64>> = builds.iter().map(|build| value(build)).collect();
            Summary::of(&values?)
        };
        let import = |value: &dyn Fn(&BuildSample) -> Option<u64>| if imports { over(value) } else { None };
        Some(Self {
            variant: variant.to_owned(),
            step: step.to_owned(),
            imported_layers: import(&|build| Some(imported(build)?.count)),
            imported_bytes: import(&|build| Some(imported(build)?.bytes?.0)),
            import_ns: import(&|build| phase(build, "cache-import")),
            exported_layers: over(&|build| Some(build.cache_export?.layers)),
            exported_bytes: over(&|build| Some(build.cache_export?.written_bytes?.0)),
            export_ns: over(&|build| phase(build, "cache-export").filter(|_| build.cache_export.is_some())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::remote_cache;

    #[test]
    fn what_was_moved_is_told_of_steps_with_a_remote_cache_alone() {
        let traffic = CacheTraffic::of(&remote_cache().run());
        let [push, pull] = &traffic[..] else {
            panic!("{traffic:?}");
        };
        let median = |summary: &Option<Summary>| summary.as_ref().map(|summary| summary.median);
        assert_eq!(push.step, "push");
        assert_eq!(median(&push.exported_layers), Some(4.0));
        assert_eq!(median(&push.exported_bytes), Some(f64::from(1 << 20)));
        assert_eq!(median(&push.export_ns), Some(301e6));
        assert_eq!((&push.imported_layers, &push.import_ns), (&None, &None));
        assert_eq!(pull.step, "pull");
        assert_eq!(median(&pull.imported_layers), Some(3.0));
        assert_eq!(pull.imported_bytes, None);
        assert_eq!(median(&pull.import_ns), Some(20e6));
        assert_eq!((&pull.exported_layers, &pull.export_ns), (&None, &None));
    }
}
