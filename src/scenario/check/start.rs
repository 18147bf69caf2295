//! `[start]`.

use super::companions;
use super::container_options::{self, GivenOptions};
use super::findings::Findings;
use super::input::ScenarioInput;
use super::ready;
use super::settings::StartCounts;
use crate::scenario::file::{Cursor, PullTable, StartTable};
use crate::scenario::{Base, Provenance, PullProfile, PullShape, Readiness, StartCache, StartSettings};

/// Resolves `[start]`.
pub(super) fn start(
    mut table: StartTable,
    counts: StartCounts,
    at: &Cursor<'_>,
    bases: &[Base],
    input: &ScenarioInput<'_>,
    provenance: &mut Provenance,
    findings: &mut Findings<'_>,
) -> StartSettings {
    let ready = table.ready.take();
    let caches = caches(table.cache.take(), &at.key("cache"), findings);
    let ready = ready::ready(ready, "start.ready", &at.key("ready"), findings);
    let bursts = bursts(table.burst.take(), &ready, &at.key("burst"), findings);
    let pull = pull(table.pull.take(), &caches, at, findings);
    let tables = table.companion.take().unwrap_or_default();
    let companions = companions::companions(tables, counts.timeout, at, bases, input, provenance, findings);
    let container = container_options::options(GivenOptions::of_start(table), at, input, findings);
    companions::check_named(&container, &ready, &companions, at, findings);
    StartSettings {
        samples: counts.samples,
        warmups: counts.warmups,
        caches,
        bursts,
        pull,
        ready,
        timeout: counts.timeout,
        probe: counts.probe,
        container,
        companions,
    }
}

/// What lies between registry and engine.
fn pull(
    table: Option<PullTable>,
    caches: &[StartCache],
    at: &Cursor<'_>,
    findings: &mut Findings<'_>,
) -> PullShape {
    let Some(table) = table else {
        return PullShape::default();
    };
    if !caches.contains(&StartCache::ColdPull) && !at.key("cache").has_cut() {
        findings
            .at_key(
                &at.key("pull"),
                "`pull` says how images are pulled, and no start is from one",
            )
            .hint("name `cold-pull` in `cache`, or leave it out");
    }
    let named = table.profile.map(PullProfile::shape).unwrap_or_default();
    let shape = PullShape {
        bandwidth: table.bandwidth.map(|text| text.0).or(named.bandwidth),
        latency: table.latency.map(|text| text.0).or(named.latency),
        jitter: table.jitter.map(|text| text.0),
    };
    if shape.is_none() && !at.key("pull").has_cut() {
        findings
            .at_key(
                &at.key("pull"),
                "`pull` has neither a `profile` nor a `bandwidth`, a `latency` or a `jitter`",
            )
            .hint("leave it out to pull as fast as this machine can");
    }
    shape
}

/// The states to start in, each once.
fn caches(given: Option<Vec<StartCache>>, at: &Cursor<'_>, findings: &mut Findings<'_>) -> Vec<StartCache> {
    let given = given.unwrap_or_else(|| vec![StartCache::Warm]);
    if given.is_empty() && !at.has_cut() {
        findings
            .at(at, "`cache` names no state to start in")
            .hint("leave it out to start warm images");
    }
    let mut caches = Vec::new();
    for (index, cache) in given.into_iter().enumerate() {
        if caches.contains(&cache) {
            findings
                .at(&at.index(index), format!("`{cache}` is named twice"))
                .label("expected each state once");
        } else {
            caches.push(cache);
        }
    }
    caches
}

/// As many containers at once as one machine is thought to be asked for.
const MOST_AT_ONCE: u32 = 256;

/// The numbers of containers to start at once, each once.
fn bursts(
    given: Option<Vec<u32>>,
    ready: &Readiness,
    at: &Cursor<'_>,
    findings: &mut Findings<'_>,
) -> Vec<u32> {
    let given = given.unwrap_or_default();
    if !given.is_empty() && !ready.is_seen_through_published_ports() {
        findings
            .at(
                at,
                format!(
                    "a burst is seen through published ports, where readiness by `{}` is not",
                    ready.kind()
                ),
            )
            .hint("let `ready` ask by `http`, or leave `burst` out");
    }
    let mut bursts = Vec::new();
    for (index, containers) in given.into_iter().enumerate() {
        let at = at.index(index);
        if !(1..=MOST_AT_ONCE).contains(&containers) {
            findings
                .at(&at, format!("a burst cannot be of {containers} containers"))
                .label(format!("expected 1 to {MOST_AT_ONCE}"));
        } else if bursts.contains(&containers) {
            findings
                .at(&at, format!("{containers} is named twice"))
                .label("expected each number once");
        } else {
            bursts.push(containers);
        }
    }
    bursts
}
