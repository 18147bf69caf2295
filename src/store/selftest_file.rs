//! The outcome of the last self-test beside the runs, and what earlier ones found of other ways, machines and daemons.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::results::Calibration;

/// The name of the file in the folder of all runs.
pub const SELFTEST_FILE: &str = "selftest.json";

/// The version of its form. The first had no numbers that a run could take over.
pub const SELFTEST_SCHEMA: u32 = 2;

/// Why stored self-tests cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ReadSelftest {
    /// The file is there and cannot be read.
    #[error("cannot read the stored self-test {}", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not of the form that this program writes.
    #[error("the stored self-test {} is damaged", path.display())]
    ParseFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Another version of this program wrote it.
    #[error("the stored self-test is of schema {found}, not {SELFTEST_SCHEMA}")]
    ReadSchema {
        /// The version that was read.
        found: u32,
    },
}

/// The version alone, which every form has.
#[derive(Deserialize)]
struct Versioned {
    schema: u32,
}

/// What a run takes over; the rest of the file is for people.
#[derive(Deserialize)]
struct Calibrated {
    calibrations: Vec<Calibration>,
}

/// What self-tests have found that are stored in the folder of all runs; nothing where none is.
///
/// # Errors
///
/// Where there is such a file that is of no use.
pub fn calibrations(reports: &Path) -> Result<Vec<Calibration>, ReadSelftest> {
    let path = reports.join(SELFTEST_FILE);
    let text = match fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(ReadSelftest::ReadFile { path, source }),
    };
    let damaged = |source| ReadSelftest::ParseFile {
        path: path.clone(),
        source,
    };
    let Versioned { schema } = serde_json::from_slice(&text).map_err(damaged)?;
    if schema != SELFTEST_SCHEMA {
        return Err(ReadSelftest::ReadSchema { found: schema });
    }
    let Calibrated { calibrations } = serde_json::from_slice(&text).map_err(damaged)?;
    Ok(calibrations)
}

/// New findings with those earlier ones that none of them takes the place of: of another way, machine or daemon.
#[must_use]
pub fn with_earlier(new: Vec<Calibration>, earlier: Vec<Calibration>) -> Vec<Calibration> {
    let mut all = new;
    for calibration in earlier {
        let is_replaced = all.iter().any(|other| {
            other.errors.tier == calibration.errors.tier && other.machine == calibration.machine
        });
        if !is_replaced {
            all.push(calibration);
        }
    }
    all
}

/// Stores an outcome with its calibrations, as a whole or not at all: a run that begins meanwhile reads the one before.
///
/// # Errors
///
/// Where the folder cannot be written.
pub fn save_selftest(reports: &Path, outcome: &impl Serialize) -> io::Result<()> {
    let mut text = serde_json::to_vec_pretty(outcome).map_err(io::Error::from)?;
    text.push(b'\n');
    let partial = reports.join(format!(".{SELFTEST_FILE}.{}", std::process::id()));
    let saved = fs::write(&partial, text).and_then(|()| fs::rename(&partial, reports.join(SELFTEST_FILE)));
    if saved.is_err() {
        // What was written of it is of no use; where even this fails, the error above says enough.
        let _ = fs::remove_file(&partial);
    }
    saved
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;
    use crate::results::{CalibratedMachine, ImageStore, TierErrors};
    use crate::scenario::ProbeTier;
    use crate::unit::Nanos;

    fn calibration(engine: &str, tier: ProbeTier, bias: u64) -> Calibration {
        Calibration {
            finished_utc: "2001-02-03T04:05:06Z".to_owned(),
            tool_version: "0.0.0".to_owned(),
            machine: CalibratedMachine {
                os: "linux".to_owned(),
                architecture: "x86_64".to_owned(),
                cpu: None,
                cpus: Some(2),
                memory_gib: Some(8),
                engine: engine.to_owned(),
                store: ImageStore::Graphdriver,
                storage_driver: "overlay2".to_owned(),
            },
            errors: TierErrors {
                tier,
                n: 300,
                bias_ns: Nanos(bias),
                error_ns: Nanos(9),
                error_percent: 99,
                kept: true,
            },
        }
    }

    #[derive(Serialize)]
    struct Outcome {
        schema: u32,
        calibrations: Vec<Calibration>,
        checks: [u8; 2],
    }

    #[test]
    fn what_was_stored_is_read_back_and_nothing_half_written_is_left() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(calibrations(folder.path()).unwrap(), []);
        let stored = vec![calibration("20.10", ProbeTier::Trace, 5)];
        let outcome = Outcome {
            schema: SELFTEST_SCHEMA,
            calibrations: stored.clone(),
            checks: [1, 2],
        };
        save_selftest(folder.path(), &outcome).unwrap();
        save_selftest(folder.path(), &outcome).unwrap();
        assert_eq!(calibrations(folder.path()).unwrap(), stored);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(save_selftest(&folder.path().join("missing"), &outcome).is_err());
    }

    #[test]
    fn a_file_that_is_old_or_damaged_is_told_by_what_is_wrong_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let told = |text: &str| {
            fs::write(folder.path().join(SELFTEST_FILE), text).unwrap();
            let error = calibrations(folder.path()).unwrap_err();
            (error.to_string(), error.source().map(ToString::to_string))
        };
        // As version 0.1.0 wrote it before there were numbers in it.
        let (old, _) = told(r#"{"schema":1,"tool_version":"0.1.0","checks":[],"unasked":[]}"#);
        assert_eq!(old, "the stored self-test is of schema 1, not 2");
        let (damaged, source) = told("{\"schema\":2,");
        assert!(damaged.ends_with("selftest.json is damaged"), "{damaged}");
        assert!(source.unwrap().contains("line 1"));
        let (other, source) = told(r#"{"schema":2,"calibrations":[{}]}"#);
        assert!(other.ends_with("selftest.json is damaged"), "{other}");
        assert!(source.unwrap().contains("finished_utc"));
    }

    #[test]
    fn the_newest_of_each_way_machine_and_daemon_stays() {
        let earlier = vec![
            calibration("20.10", ProbeTier::Trace, 1),
            calibration("20.10", ProbeTier::Ip, 2),
            calibration("28.5", ProbeTier::Trace, 3),
        ];
        let new = vec![
            calibration("20.10", ProbeTier::Trace, 4),
            calibration("20.10", ProbeTier::Published, 5),
        ];
        let all = with_earlier(new, earlier);
        let told: Vec<_> = all
            .iter()
            .map(|one| (one.machine.engine.as_str(), one.errors.tier, one.errors.bias_ns.0))
            .collect();
        assert_eq!(
            told,
            [
                ("20.10", ProbeTier::Trace, 4),
                ("20.10", ProbeTier::Published, 5),
                ("20.10", ProbeTier::Ip, 2),
                ("28.5", ProbeTier::Trace, 3),
            ]
        );
    }
}
