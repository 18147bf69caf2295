//! Cache states that a daemon cannot be brought into.

use crate::results::{Environment, ImageStore};
use crate::scenario::{RemoteCache, Scenario};

/// Something that a scenario wants and this daemon does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// What, and why not; lower-case.
    pub message: String,
    /// What to do instead.
    pub hint: String,
}

/// Whether it takes a look at the daemon to tell if a scenario's states can be reached.
#[must_use]
pub fn depends_on_daemon(scenario: &Scenario) -> bool {
    scenario.build.remote_cache.is_some()
}

/// The states of a scenario that cannot be reached on a daemon.
#[must_use]
pub fn unreachable(scenario: &Scenario, environment: &Environment) -> Vec<Unreachable> {
    let cache = scenario.build.remote_cache.as_ref();
    of_cache(cache, environment).into_iter().collect()
}

fn of_cache(cache: Option<&RemoteCache>, environment: &Environment) -> Option<Unreachable> {
    let cache = cache.filter(|cache| !matches!(cache, RemoteCache::Inline { .. }))?;
    // Both 20.10 and 28.5 answer `unknown cache exporter` there.
    (environment.store == ImageStore::Graphdriver).then(|| Unreachable {
            message: format!(
                "a `{}` cache cannot be exported by Docker Engine {} with the storage driver {}: only the containerd \
                 image store does that",
                cache.type_name(),
                environment.engine,
                environment.storage_driver
            ),
            hint: "take `type = \"inline\"`, or turn the containerd image store on".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::CacheMode;

    fn daemon(store: ImageStore) -> Environment {
        Environment {
            engine: "28.5.2".to_owned(),
            api: "1.51".to_owned(),
            builder: "buildkit".to_owned(),
            store,
            storage_driver: "overlay2".to_owned(),
            export_waits_for_second: false,
            os: "linux".to_owned(),
            kernel: "6.1.0".to_owned(),
            architecture: "x86_64".to_owned(),
            cpu: None,
            cpus: None,
            memory_bytes: None,
            components: Vec::new(),
            load_1m: None,
        }
    }

    #[test]
    fn only_the_containerd_store_exports_more_than_inline_caches() {
        let inline = RemoteCache::Inline {
            repository: "r/c".to_owned(),
        };
        let registry = RemoteCache::Registry {
            repository: "r/c".to_owned(),
            mode: CacheMode::Max,
        };
        let local = RemoteCache::Local { mode: CacheMode::Max };
        for (cache, store, count) in [
            (None, ImageStore::Graphdriver, 0),
            (Some(&inline), ImageStore::Graphdriver, 0),
            (Some(&registry), ImageStore::Graphdriver, 1),
            (Some(&local), ImageStore::Graphdriver, 1),
            (Some(&registry), ImageStore::Containerd, 0),
            (Some(&local), ImageStore::Containerd, 0),
        ] {
            let environment = daemon(store);
            let found = of_cache(cache, &environment);
            assert_eq!(found.iter().count(), count, "{cache:?} {store:?}");
        }
    }
}
