//! What a reader must know before using the numbers.

use std::fmt;

use super::estimate::Estimate;
use super::metric::{Metric, MetricUnit};
use super::series::Series;
use super::verdict::MIN_SAMPLES;
use crate::results::{Neighbours, Run, SampleKey, Status, StopReason};

/// The smallest number of samples with an interval of the median.
const INTERVAL_SAMPLES: usize = 6;

/// What a reader must know before using the numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Warning {
    /// Nothing could be measured of a variant.
    NotMeasured {
        /// The variant.
        variant: String,
        /// Why, in words.
        reason: String,
    },
    /// Builds or starts failed.
    FailedSamples {
        /// The variant.
        variant: String,
        /// The step; absent for starts.
        step: Option<String>,
        /// How many failed.
        failed: usize,
        /// How many were tried.
        attempted: usize,
        /// Why the first of them failed.
        reason: String,
    },
    /// Builds or starts were not taken under the planned conditions.
    InvalidSamples {
        /// The variant.
        variant: String,
        /// The step; absent for starts.
        step: Option<String>,
        /// How many were invalid.
        invalid: usize,
        /// How many were tried.
        attempted: usize,
        /// The condition that the first of them did not meet.
        reason: String,
    },
    /// A value that should be the same in every repeat was not.
    UnstableMetric {
        /// The variant.
        variant: String,
        /// The metric.
        metric: Metric,
        /// The step; absent for starts.
        step: Option<String>,
        /// The smallest value.
        low: u64,
        /// The largest value.
        high: u64,
    },
    /// There are too few rounds for some statistics.
    FewSamples {
        /// The smallest number of valid samples of a timed metric.
        n: usize,
    },
    /// The machine was busy when the run began.
    BusyMachine {
        /// The load average of the last minute.
        load: f64,
        /// The processors that the daemon sees.
        cpus: u32,
    },
    /// The daemon had other work while samples were taken.
    Neighbours {
        /// Samples during which it had, warm-ups left out.
        samples: usize,
        /// All samples, warm-ups left out.
        of: usize,
        /// The most containers that ran beside one of them.
        containers: u32,
        /// The most builds that ran beside one of them.
        builds: u32,
    },
    /// The engine makes every build that stores a new layer end on a whole second.
    ExportWaits {
        /// The storage driver that it does so for.
        driver: String,
    },
    /// The run did not come to the end of its plan.
    Unfinished {
        /// Why it ended; absent where it was killed.
        stop: Option<StopReason>,
    },
    /// Own resources are still in the daemon.
    LeftBehind {
        /// Their names.
        names: Vec<String>,
    },
    /// Something that was noted while measuring.
    Noted {
        /// In words, lower-case.
        message: String,
    },
}

pub(super) fn warn(run: &Run, series: &[Series]) -> Vec<Warning> {
    let mut all = Vec::new();
    match run.end.as_ref().map(|end| end.stop) {
        Some(StopReason::Complete) => {}
        stop => all.push(Warning::Unfinished { stop }),
    }
    let environment = &run.header.environment;
    if let (Some(load), Some(cpus)) = (environment.load_1m, environment.cpus)
        && load > f64::from(cpus) / 2.0
    {
        all.push(Warning::BusyMachine { load, cpus });
    }
    if environment.export_waits_for_second {
        let driver = environment.storage_driver.clone();
        all.push(Warning::ExportWaits { driver });
    }
    all.extend(run.not_measured.iter().map(|left_out| Warning::NotMeasured {
        variant: left_out.variant.clone(),
        reason: left_out.reason.clone(),
    }));
    all.extend(neighbours(run));
    all.extend(few_samples(run, series));
    for variant in &run.header.variants {
        for step in &run.header.steps {
            let outcomes = run
                .builds
                .iter()
                .filter(|build| build.step == *step)
                .map(|build| (&build.key, &build.outcome));
            all.extend(lost(&variant.name, Some(step), outcomes));
        }
        let outcomes = run.starts.iter().map(|start| (&start.key, &start.outcome));
        let bursts = run.bursts.iter().map(|burst| (&burst.key, &burst.outcome));
        all.extend(lost(&variant.name, None, outcomes.chain(bursts)));
    }
    all.extend(series.iter().filter_map(|series| match series.estimate {
        Estimate::Unstable { low, high, .. } => Some(Warning::UnstableMetric {
            variant: series.variant.clone(),
            metric: series.metric.clone(),
            step: series.step.clone(),
            low,
            high,
        }),
        _ => None,
    }));
    all.extend(run.warnings.iter().map(|warning| Warning::Noted {
        message: warning.message.clone(),
    }));
    if let Some(end) = &run.end
        && !end.left_behind.is_empty()
    {
        all.push(Warning::LeftBehind {
            names: end.left_behind.clone(),
        });
    }
    all
}

fn neighbours(run: &Run) -> Option<Warning> {
    let builds = run.builds.iter().map(|build| (&build.key, build.neighbours));
    let starts = run.starts.iter().map(|start| (&start.key, start.neighbours));
    let measured: Vec<_> = builds
        .chain(starts)
        .chain(run.bursts.iter().map(|burst| (&burst.key, burst.neighbours)))
        .filter(|(key, _)| !key.warmup)
        .map(|(_, neighbours)| neighbours.unwrap_or_default())
        .collect();
    let samples = measured.iter().filter(|neighbours| neighbours.any()).count();
    let most = |count: fn(&Neighbours) -> Option<u32>| measured.iter().filter_map(count).max();
    (samples > 0).then(|| Warning::Neighbours {
        samples,
        of: measured.len(),
        containers: most(|neighbours| neighbours.containers).unwrap_or_default(),
        builds: most(|neighbours| neighbours.builds).unwrap_or_default(),
    })
}

/// A quick run says so in its stamp already. A replay is judged over its commits, so that one round of builds is enough.
fn few_samples(run: &Run, series: &[Series]) -> Option<Warning> {
    if run.header.quick {
        return None;
    }
    let replays = run.header.replay.is_some();
    let n = series
        .iter()
        .filter(|series| !(replays && series.metric.is_step_time()))
        .filter_map(|series| series.estimate.timed().map(|summary| summary.n))
        .min()?;
    (n < INTERVAL_SAMPLES).then_some(Warning::FewSamples { n })
}

fn lost<'a>(
    variant: &str,
    step: Option<&String>,
    outcomes: impl Iterator<Item = (&'a SampleKey, &'a Status)>,
) -> Vec<Warning> {
    let outcomes: Vec<&Status> = outcomes
        .filter(|(key, _)| key.variant == variant && !key.warmup)
        .map(|(_, outcome)| outcome)
        .collect();
    let reasons = |wanted: fn(&Status) -> bool| -> Vec<&str> {
        outcomes
            .iter()
            .filter(|outcome| wanted(outcome))
            .filter_map(|outcome| outcome.reason())
            .collect()
    };
    let failed = reasons(|outcome| matches!(outcome, Status::Failed { .. }));
    let invalid = reasons(|outcome| matches!(outcome, Status::Invalid { .. }));
    let mut all = Vec::new();
    if let Some(reason) = failed.first() {
        all.push(Warning::FailedSamples {
            variant: variant.to_owned(),
            step: step.cloned(),
            failed: failed.len(),
            attempted: outcomes.len(),
            reason: (*reason).to_owned(),
        });
    }
    if let Some(reason) = invalid.first() {
        all.push(Warning::InvalidSamples {
            variant: variant.to_owned(),
            step: step.cloned(),
            invalid: invalid.len(),
            attempted: outcomes.len(),
            reason: (*reason).to_owned(),
        });
    }
    all
}

/// "in `cold`" for a step, "at start" for a start.
fn at(step: Option<&String>) -> String {
    step.map_or_else(|| "at start".to_owned(), |step| format!("in `{step}`"))
}

/// One lower-case sentence without a full stop.
impl fmt::Display for Warning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FailedSamples {
                variant,
                step,
                failed,
                attempted,
                reason,
            } => write!(
                formatter,
                "{variant} failed {failed} of {attempted} times {}: {reason}",
                at(step.as_ref())
            ),
            Self::InvalidSamples {
                variant,
                step,
                invalid,
                attempted,
                reason,
            } => write!(
                formatter,
                "{invalid} of {attempted} samples of {variant} {} are invalid and not used: {reason}",
                at(step.as_ref())
            ),
            Self::UnstableMetric {
                variant,
                metric,
                step,
                low,
                high,
            } => write!(
                formatter,
                "`{metric}` of {variant} {} should be the same in every round: expected one value, saw {low} and {high}{}",
                at(step.as_ref()),
                if metric.unit() == MetricUnit::Bytes {
                    " bytes"
                } else {
                    ""
                }
            ),
            Self::FewSamples { n } if *n < MIN_SAMPLES => write!(
                formatter,
                "with {n} valid samples nothing can be told apart; a comparison needs {MIN_SAMPLES}, an interval of \
                 a median {INTERVAL_SAMPLES}"
            ),
            Self::FewSamples { n } => write!(
                formatter,
                "with {n} valid samples a median has no 95 % interval; that needs {INTERVAL_SAMPLES}"
            ),
            Self::BusyMachine { load, cpus } => write!(
                formatter,
                "the machine was busy when the run began: load {load:.2} on {cpus} processors"
            ),
            Self::Neighbours {
                samples,
                of,
                containers,
                builds,
            } => write!(
                formatter,
                "the daemon had other work during {samples} of {of} samples (up to {containers} containers and \
                 {builds} builds that are not the run's): their times may be too long"
            ),
            Self::ExportWaits { driver } => write!(
                formatter,
                "with the storage driver {driver} this engine ends every build that stores a new layer on a whole \
                 second of its clock: such times are up to one second too long, here as with the docker command"
            ),
            Self::Unfinished { stop: None } => formatter.write_str("the run was killed before its end"),
            Self::Unfinished {
                stop: Some(StopReason::Aborted),
            } => formatter.write_str("the run was given up before its end"),
            Self::Unfinished {
                stop: Some(StopReason::TimeBudget),
            } => formatter.write_str("the run ended with its time budget, before all rounds were measured"),
            Self::Unfinished {
                stop: Some(StopReason::FailFast),
            } => formatter.write_str("the run ended at the first sample that is not good, as it was told to"),
            Self::Unfinished {
                stop: Some(StopReason::Interrupted | StopReason::Complete),
            } => formatter.write_str("the run was interrupted before its end"),
            Self::LeftBehind { names } => {
                write!(formatter, "still in the daemon: {}", names.join(", "))
            }
            Self::NotMeasured { variant, reason } => {
                write!(formatter, "`{variant}` is not measured: {reason}")
            }
            Self::Noted { message } => formatter.write_str(message),
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use crate::analyze::Analysis;
    use crate::analyze::specimen::Specimen;
    use crate::results::{Neighbours, StopReason};

    fn warnings(specimen: &Specimen) -> String {
        let mut text = String::new();
        for warning in Analysis::of(&specimen.run()).warnings {
            text.push_str(&warning.to_string());
            text.push('\n');
        }
        text
    }

    #[test]
    fn a_sound_run_has_no_warning() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        for millis in [100, 101, 102, 103, 104, 105] {
            specimen.build("a", "cold", millis);
        }
        assert_eq!(warnings(&specimen), "");
    }

    #[test]
    fn every_trouble_of_a_run_is_named() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        for millis in [100, 101, 102] {
            specimen.build("a", "cold", millis);
        }
        specimen.failed("a", "cold", "`RUN make` ended with exit code 2");
        specimen.invalid("a", "cold", 5, "it was fully cached");
        let mut specimen = specimen.load(1.75).ended(Some(StopReason::Interrupted));
        specimen.last_build().image.as_mut().unwrap().layers = 9;
        specimen.last_valid_build().image.as_mut().unwrap().layers = 9;
        assert_snapshot!(warnings(&specimen), @r#"
the run was interrupted before its end
the machine was busy when the run began: load 1.75 on 2 processors
with 3 valid samples nothing can be told apart; a comparison needs 4, an interval of a median 6
a failed 1 of 5 times in `cold`: `RUN make` ended with exit code 2
1 of 5 samples of a in `cold` are invalid and not used: it was fully cached
`image.layers` of a in `cold` should be the same in every round: expected one value, saw 3 and 9
"#);
    }

    #[test]
    fn other_work_of_the_daemon_is_told_once() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        for millis in [100, 101, 102, 103, 104, 105] {
            specimen.build("a", "cold", millis).neighbours = Some(Neighbours {
                containers: Some(u32::from(millis > 103) * 2),
                builds: (millis == 100).then_some(1),
            });
        }
        specimen.warm_up("a", "cold", 99).neighbours = Some(Neighbours {
            containers: Some(7),
            builds: None,
        });
        assert_snapshot!(warnings(&specimen), @"the daemon had other work during 3 of 6 samples (up to 2 containers and 1 builds that are not the run's): their times may be too long");
    }

    #[test]
    fn a_killed_run_is_told_from_an_interrupted_one() {
        let specimen = Specimen::new(&["a"], &[]).ended(None);
        assert_eq!(warnings(&specimen), "the run was killed before its end\n");
    }
}
