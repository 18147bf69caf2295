//! Whether two runs may be held against each other, and what else changed between them.

use std::collections::{BTreeMap, BTreeSet};

use super::machine_key::{MachineParts, UNKNOWN};
use super::verdict_table::Difference;
use crate::results::{Environment, RunHeader};

/// What keeps times of one run from being compared with those of another: that they were taken on different machines, or by other
/// means. What is first met is told.
///
/// Versions are no such thing: they change by themselves, and the change is then what is seen; see [`changed_between`].
#[must_use]
pub fn incomparable(baseline: &RunHeader, candidate: &RunHeader) -> Option<Difference> {
    let of = |header: &RunHeader| {
        let environment = &header.environment;
        let mut fields = vec![("scenario", header.scenario.clone())];
        let machine = MachineParts::of(environment);
        let named = machine
            .fields()
            .iter()
            .map(|(name, value)| (words(name), value.clone()));
        fields.extend(named);
        fields.push(("builder", environment.builder.clone()));
        fields.push(("image store", environment.store.to_string()));
        fields
    };
    differences(of(baseline), of(candidate))
        .into_iter()
        // Runs of versions that did not look have nothing to say of it.
        .find(|other| {
            other.field != words("virt")
                || ![&other.baseline, &other.candidate].contains(&&UNKNOWN.to_owned())
        })
        .or_else(|| another_protocol(baseline, candidate))
}

/// What was asked for that was not asked for alike; nothing where a run does not say.
fn another_protocol(baseline: &RunHeader, candidate: &RunHeader) -> Option<Difference> {
    let fields = |header: &RunHeader| -> Option<BTreeMap<String, String>> {
        let protocol = header.protocol.as_ref()?;
        Some(protocol.fields.clone()).filter(|fields| !fields.is_empty())
    };
    let (before, after) = (fields(baseline)?, fields(candidate)?);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |fields: &BTreeMap<String, String>, name: &str| {
        fields
            .get(name)
            .cloned()
            .unwrap_or_else(|| "not there".to_owned())
    };
    names.into_iter().find_map(|name| {
        let (baseline, candidate) = (value(&before, name), value(&after, name));
        (baseline != candidate).then(|| Difference {
            field: name.clone(),
            baseline,
            candidate,
        })
    })
}

/// What changed between two runs and may be the cause of a difference between them.
#[must_use]
pub fn changed_between(baseline: &RunHeader, candidate: &RunHeader) -> Vec<Difference> {
    let of = |header: &RunHeader| {
        let environment = &header.environment;
        [
            ("seatrial", header.tool_version.clone()),
            ("engine", environment.engine.clone()),
            ("storage driver", environment.storage_driver.clone()),
            ("kernel", environment.kernel.clone()),
            ("scenario file", header.scenario_digest.to_string()),
        ]
    };
    let mut changed = differences(of(baseline), of(candidate));
    let version = |environment: &Environment, part: &str| {
        let mut components = environment.components.iter();
        components
            .find(|(name, _)| name == part)
            .map(|(_, version)| version.clone())
    };
    for (part, before) in &baseline.environment.components {
        let after = version(&candidate.environment, part);
        if let Some(after) = after.filter(|after| after != before) {
            changed.push(Difference {
                field: part.clone(),
                baseline: before.clone(),
                candidate: after,
            });
        }
    }
    for variant in &baseline.variants {
        let mut others = candidate.variants.iter();
        let same = others.find(|other| other.name == variant.name);
        if let Some(other) = same.filter(|other| other.dockerfile_digest != variant.dockerfile_digest) {
            changed.push(Difference {
                field: format!("Dockerfile of {}", variant.name),
                baseline: variant.dockerfile_digest.to_string(),
                candidate: other.dockerfile_digest.to_string(),
            });
        }
    }
    changed
}

/// A part of a machine in words.
fn words(part: &'static str) -> &'static str {
    match part {
        "arch" => "architecture",
        "os" => "operating system",
        "cpu" => "processor",
        "ncpu" => "number of processors",
        "mem_class_gib" => "memory in GiB",
        "virt" => "virtual machine",
        other => other,
    }
}

fn differences(
    baseline: impl IntoIterator<Item = (&'static str, String)>,
    candidate: impl IntoIterator<Item = (&'static str, String)>,
) -> Vec<Difference> {
    baseline
        .into_iter()
        .zip(candidate)
        .filter(|((_, before), (_, after))| before != after)
        .map(|((field, baseline), (_, candidate))| Difference {
            field: field.to_owned(),
            baseline,
            candidate,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::digest::Digest;
    use crate::unit::ByteSize;

    fn header(change: impl FnOnce(&mut RunHeader)) -> RunHeader {
        let mut specimen = Specimen::new(&["slim"], &["cold"]);
        change(specimen.header());
        specimen.run().header
    }

    fn told(differences: &[Difference]) -> Vec<String> {
        let told = differences
            .iter()
            .map(|other| format!("{}: {} and {}", other.field, other.baseline, other.candidate));
        told.collect()
    }

    #[test]
    fn another_machine_or_builder_is_named_and_a_little_memory_more_is_the_same() {
        let usual = header(|_| {});
        for (other, expected) in [
            (header(|_| {}), None),
            (
                header(|header| header.environment.cpu = None),
                Some("processor: Specimen CPU at 1 GHz and unknown"),
            ),
            (
                header(|header| header.environment.cpus = Some(8)),
                Some("number of processors: 4 and 8"),
            ),
            (
                header(|header| header.environment.builder = "classic".to_owned()),
                Some("builder: buildkit and classic"),
            ),
            (
                header(|header| header.environment.memory_bytes = Some(ByteSize((7 << 30) + (9 << 26)))),
                None,
            ),
            (
                header(|header| header.environment.memory_bytes = Some(ByteSize(11 << 30))),
                Some("memory in GiB: 8 and 12"),
            ),
            (
                header(|header| header.environment.engine = "28.5.0".to_owned()),
                None,
            ),
        ] {
            let found: Vec<_> = incomparable(&usual, &other).into_iter().collect();
            let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(told(&found), expected);
        }
    }

    #[test]
    fn versions_and_dockerfiles_that_changed_are_told() {
        let after = header(|header| {
            header.environment.engine = "28.5.0".to_owned();
            header.environment.components = vec![("containerd".to_owned(), "2.0.0".to_owned())];
            header.variants[0].dockerfile_digest = Digest::of("another");
        });
        let changed = changed_between(&header(|_| {}), &after);
        let fields: Vec<_> = changed.iter().map(|change| change.field.as_str()).collect();
        assert_eq!(fields, ["engine", "containerd", "Dockerfile of slim"]);
        assert_eq!(
            told(&changed)[..2],
            ["engine: 20.10.0 and 28.5.0", "containerd: 1.0.0 and 2.0.0"]
        );
        assert!(changed_between(&after, &after).is_empty());
    }
}
