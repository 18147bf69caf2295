//! Whether two runs may be held against each other, and what else changed between them.

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
        [
            ("scenario", header.scenario.clone()),
            ("operating system", environment.os.clone()),
            ("architecture", environment.architecture.clone()),
            ("processor", shown(environment.cpu.as_deref())),
            ("processors", shown(environment.cpus)),
            ("memory", memory_class(environment)),
            ("builder", environment.builder.clone()),
            ("image store", environment.store.to_string()),
        ]
    };
    differences(of(baseline), of(candidate)).into_iter().next()
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

fn differences<const N: usize>(
    baseline: [(&'static str, String); N],
    candidate: [(&'static str, String); N],
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

fn shown(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "unknown".to_owned(), |value| value.to_string())
}

/// Memory to the nearest of 2^k and 1.5 * 2^k GiB: kernels keep more or less of it for themselves.
fn memory_class(environment: &Environment) -> String {
    let Some(bytes) = environment.memory_bytes else {
        return shown(None::<u64>);
    };
    let gib = bytes.0 as f64 / f64::from(1 << 30);
    let classes = (0..24).flat_map(|power| {
        let whole = f64::from(1 << power);
        [whole, 1.5 * whole]
    });
    let nearest = classes.min_by(|one, other| (one - gib).abs().total_cmp(&(other - gib).abs()));
    format!("{} GiB", nearest.unwrap_or(gib))
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
                Some("processors: 4 and 8"),
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
                Some("memory: 8 GiB and 12 GiB"),
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
