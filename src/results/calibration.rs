//! How exactly starts are timed on a machine, as a self-test found.

use serde::{Deserialize, Serialize};

use super::{Environment, ImageStore};
use crate::scenario::ProbeTier;
use crate::unit::Nanos;

/// What a run knew of how exactly its starts are timed when it began.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibrationRecord {
    /// What the newest self-tests of this machine and this daemon found, one for each way of looking.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibrations: Vec<Calibration>,
    /// Why there is none, in words; absent where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

impl CalibrationRecord {
    /// What of the stored self-tests is of this machine and this daemon; where that is none, says so.
    #[must_use]
    pub fn fitting(stored: &[Calibration], environment: &Environment) -> Self {
        let here = CalibratedMachine::of(environment);
        let fits = |calibration: &&Calibration| calibration.machine == here;
        let calibrations: Vec<Calibration> = stored.iter().filter(fits).cloned().collect();
        let missing = calibrations
            .is_empty()
            .then(|| "no self-test of this machine and engine".to_owned());
        Self {
            calibrations,
            missing,
        }
    }

    /// Nothing could be found out, in words.
    #[must_use]
    pub const fn missing(reason: String) -> Self {
        Self {
            calibrations: Vec::new(),
            missing: Some(reason),
        }
    }

    /// What was found of one way of looking.
    #[must_use]
    pub fn of(&self, tier: ProbeTier) -> Option<&Calibration> {
        self.calibrations
            .iter()
            .find(|calibration| calibration.errors.tier == tier)
    }
}

/// What a self-test found of one way of looking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calibration {
    /// When it ended, in UTC, as RFC 3339.
    pub finished_utc: String,
    /// The version of the program that was tested.
    pub tool_version: String,
    /// Where.
    pub machine: CalibratedMachine,
    /// What it found.
    pub errors: TierErrors,
}

/// How far off one way of looking was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TierErrors {
    /// The way.
    pub tier: ProbeTier,
    /// How many starts it was tried on.
    pub n: usize,
    /// How late a match was seen: the median.
    pub bias_ns: Nanos,
    /// How late at most, but for the share that `error_percent` leaves.
    pub error_ns: Nanos,
    /// Of how many starts in a hundred that is true: 99 from three hundred on, 90 from twenty on, else all that were seen.
    pub error_percent: u8,
    /// Whether everything that is claimed of it was kept, as far as there were enough starts to say so.
    pub kept: bool,
}

/// What makes two runs be on the same machine, and on the same daemon. Versions of the kernel and of parts are not in it: they
/// change by themselves, and a self-test tells its date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalibratedMachine {
    /// The kind of operating system that containers run on.
    pub os: String,
    /// The architecture.
    pub architecture: String,
    /// The processor's model, where it is known.
    pub cpu: Option<String>,
    /// Processors that the daemon sees.
    pub cpus: Option<u32>,
    /// Memory in whole GiB: a kernel keeps a little more or less of it for itself.
    pub memory_gib: Option<u64>,
    /// The engine's version.
    pub engine: String,
    /// Where the daemon keeps images.
    pub store: ImageStore,
    /// Its storage driver.
    pub storage_driver: String,
}

impl CalibratedMachine {
    /// The machine and the daemon of an environment.
    #[must_use]
    pub fn of(environment: &Environment) -> Self {
        let gib = |bytes: u64| bytes.saturating_add(1 << 29) >> 30;
        Self {
            os: environment.os.clone(),
            architecture: environment.architecture.clone(),
            cpu: environment.cpu.clone(),
            cpus: environment.cpus,
            memory_gib: environment.memory_bytes.map(|bytes| gib(bytes.0)),
            engine: environment.engine.clone(),
            store: environment.store,
            storage_driver: environment.storage_driver.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::ByteSize;

    fn environment() -> Environment {
        Environment {
            engine: "20.10.0".to_owned(),
            api: "1.41".to_owned(),
            builder: "buildkit".to_owned(),
            store: ImageStore::Graphdriver,
            storage_driver: "overlay2".to_owned(),
            export_waits_for_second: false,
            os: "linux".to_owned(),
            kernel: "Linux 6.1.0".to_owned(),
            architecture: "x86_64".to_owned(),
            cpu: Some("Example CPU".to_owned()),
            is_virtual: None,
            cpus: Some(2),
            memory_bytes: Some(ByteSize(8 << 30)),
            components: Vec::new(),
            load_1m: Some(0.5),
        }
    }

    fn calibration(environment: &Environment, tier: ProbeTier) -> Calibration {
        Calibration {
            finished_utc: "2001-02-03T04:05:06Z".to_owned(),
            tool_version: "0.0.0".to_owned(),
            machine: CalibratedMachine::of(environment),
            errors: TierErrors {
                tier,
                n: 300,
                bias_ns: Nanos(441_000),
                error_ns: Nanos(1_105_000),
                error_percent: 99,
                kept: true,
            },
        }
    }

    #[test]
    fn a_self_test_of_another_machine_or_daemon_is_none_of_this_one() {
        let here = environment();
        let stored = [
            calibration(&here, ProbeTier::Trace),
            calibration(&here, ProbeTier::Ip),
        ];
        let found = CalibrationRecord::fitting(&stored, &here);
        assert_eq!(found.calibrations, stored);
        assert_eq!(found.missing, None);
        assert_eq!(found.of(ProbeTier::Ip), Some(&stored[1]));
        assert_eq!(found.of(ProbeTier::Published), None);
        let others: [fn(&mut Environment); 5] = [
            |other| other.engine = "28.5.1".to_owned(),
            |other| other.store = ImageStore::Containerd,
            |other| other.storage_driver = "fuse-overlayfs".to_owned(),
            |other| other.cpus = Some(4),
            |other| other.memory_bytes = Some(ByteSize(16 << 30)),
        ];
        for change in others {
            let mut other = environment();
            change(&mut other);
            let found = CalibrationRecord::fitting(&stored, &other);
            assert_eq!(found.calibrations, []);
            assert_eq!(
                found.missing.as_deref(),
                Some("no self-test of this machine and engine")
            );
        }
    }

    #[test]
    fn what_changes_by_itself_makes_no_other_machine() {
        let stored = [calibration(&environment(), ProbeTier::Trace)];
        let mut later = environment();
        later.load_1m = Some(3.0);
        later.kernel = "Linux 6.1.9".to_owned();
        later.memory_bytes = Some(ByteSize((8 << 30) - (100 << 20)));
        assert_eq!(CalibrationRecord::fitting(&stored, &later).missing, None);
    }
}
