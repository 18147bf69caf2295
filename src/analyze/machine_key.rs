//! What makes times of one machine incomparable with those of another, and its short name.

use crate::digest::Digest;
use crate::results::Environment;

/// The first line of what is hashed; another set of fields gets another one.
const VERSION: &str = "seatrial-machine-v1";

/// The machine of a daemon, as far as times depend on it: never its name, and nothing that changes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MachineParts {
    fields: [(&'static str, String); 6],
}

impl MachineParts {
    /// The machine of an environment.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let shown = |value: Option<String>| value.unwrap_or_else(|| UNKNOWN.to_owned());
        Self {
            fields: [
                ("arch", architecture(&environment.architecture).to_owned()),
                ("os", environment.os.clone()),
                ("cpu", shown(environment.cpu.clone())),
                ("ncpu", shown(environment.cpus.map(|cpus| cpus.to_string()))),
                ("mem_class_gib", shown(memory_class(environment))),
                (
                    "virt",
                    shown(environment.is_virtual.map(|is_virtual| {
                        let word = if is_virtual { "vm" } else { "none" };
                        word.to_owned()
                    })),
                ),
            ],
        }
    }

    /// Its parts with their names: architecture, operating system, processor, number of processors, class of memory in GiB, and
    /// whether it is a virtual one.
    #[must_use]
    pub fn fields(&self) -> &[(&'static str, String)] {
        &self.fields
    }

    /// The first twelve hexadecimal digits of the SHA-256 of the parts, one `name=value` a line after the line of the version.
    #[must_use]
    pub fn key(&self) -> String {
        let lines = self.fields.iter().map(|(name, value)| {
            // A value is one line, whatever a daemon says.
            let value: String = value
                .chars()
                .filter(|character| !character.is_control())
                .collect();
            format!("{name}={value}\n")
        });
        let text = format!("{VERSION}\n{}", lines.collect::<String>());
        Digest::of(text).short()
    }
}

/// What stands for a part that nobody tells.
pub(super) const UNKNOWN: &str = "unknown";

/// The architecture as images name it, for what kernels call it.
fn architecture(kernel: &str) -> &str {
    match kernel {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// Memory to the nearest of 2^k and 1.5 * 2^k GiB: kernels keep more or less of it for themselves.
fn memory_class(environment: &Environment) -> Option<String> {
    let gib = environment.memory_bytes?.0 as f64 / f64::from(1 << 30);
    let classes = (0..24).flat_map(|power| {
        let whole = f64::from(1 << power);
        [whole, 1.5 * whole]
    });
    let nearest = classes.min_by(|one, other| (one - gib).abs().total_cmp(&(other - gib).abs()));
    Some(nearest.unwrap_or(gib).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::unit::ByteSize;

    fn environment() -> Environment {
        let mut environment = Specimen::new(&["slim"], &["cold"]).run().header.environment;
        environment.architecture = "x86_64".to_owned();
        environment.os = "linux".to_owned();
        environment.cpu = Some("AMD EPYC 7763 64-Core Processor".to_owned());
        environment.cpus = Some(4);
        environment.memory_bytes = Some(ByteSize((16 << 30) - (300 << 20)));
        environment.is_virtual = Some(true);
        environment
    }

    /// From the same lines by `sha256sum`.
    #[test]
    fn the_key_of_a_known_machine_is_the_published_one() {
        assert_eq!(MachineParts::of(&environment()).key(), "63dd7491618e");
    }

    #[test]
    fn each_part_makes_another_key_and_a_little_memory_does_not() {
        type Change = fn(&mut Environment);
        let changes: [(Change, bool); 7] = [
            (
                |environment| environment.architecture = "aarch64".to_owned(),
                true,
            ),
            (|environment| environment.cpu = None, true),
            (|environment| environment.cpus = Some(8), true),
            (
                |environment| environment.memory_bytes = Some(ByteSize(24 << 30)),
                true,
            ),
            (|environment| environment.is_virtual = None, true),
            (
                |environment| environment.memory_bytes = Some(ByteSize(16 << 30)),
                false,
            ),
            (|environment| environment.kernel = "another".to_owned(), false),
        ];
        let usual = MachineParts::of(&environment()).key();
        for (number, (change, is_another)) in changes.into_iter().enumerate() {
            let mut other = environment();
            change(&mut other);
            assert_eq!(MachineParts::of(&other).key() != usual, is_another, "{number}");
        }
    }
}
