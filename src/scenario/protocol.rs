//! What of a scenario decides what its numbers mean.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{BuildSettings, Scenario, StartSettings, Step};
use crate::digest::Digest;

/// A value that is longer than this is told by its digest alone.
const LONGEST: usize = 200;

impl Scenario {
    /// What decides what the scenario's numbers mean, by name: two runs in which one of these differs measured something else. What
    /// is measured (sources, Dockerfiles, bases), how often, and what is made of it (titles, gates) is none of it.
    #[must_use]
    pub fn protocol(&self) -> BTreeMap<String, String> {
        let mut fields = BTreeMap::new();
        let BuildSettings {
            remote_cache, steps, ..
        } = &self.build;
        // The commits of a replay are what is measured; that they are replayed is how.
        if self.replay.is_some() {
            fields.insert("steps".to_owned(), "commits".to_owned());
        } else {
            fields.extend(steps.iter().map(|step| {
                let Step {
                    cache,
                    export_cache,
                    edits,
                    ..
                } = step;
                (
                    format!("step `{}`", step.name),
                    told(&(cache, export_cache, edits)),
                )
            }));
        }
        if let Some(cache) = remote_cache {
            fields.insert("remote cache".to_owned(), told(cache));
        }
        if let Some(start) = &self.start {
            let StartSettings {
                caches,
                bursts,
                pull,
                ready,
                container,
                ..
            } = start;
            let of_start = [
                ("start.cache", told(caches)),
                ("start.burst", told(bursts)),
                ("start.pull", told(pull)),
                ("start.ready", told(ready)),
                ("start.network", told(&container.network)),
                ("start.limits", told(&container.limits)),
            ];
            fields.extend(of_start.map(|(name, value)| (name.to_owned(), value)));
        }
        fields
    }
}

/// A setting as JSON, or its digest where that is long.
fn told(setting: &impl Serialize) -> String {
    match serde_json::to_string(setting) {
        Ok(text) if text.len() <= LONGEST => text,
        Ok(text) => Digest::of(text).short(),
        // Nothing that a scenario holds has no JSON; if it had, it would be told alike.
        Err(error) => error.to_string(),
    }
}
