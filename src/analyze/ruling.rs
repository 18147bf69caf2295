//! What the gates of a run decide.

use super::comparison::MAX_LOST_SHARE;
use super::control::Control;
use super::instruction_shift::{InstructionShift, slowest_shift};
use super::metric::{Metric, MetricKind};
use super::night_series::NightHistory;
use super::nightly::NightVerdict;
use super::series::Series;
use super::start_metric::StartMetric;
use super::verdict::Verdict;
use super::verdict_table::{Outcome, VerdictRow, VerdictTable};
use super::{Analysis, Estimate};
use crate::results::{GateRecord, RunHeader};

/// What one gate decides about one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct Ruling {
    /// The gate.
    pub gate: GateRecord,
    /// The variant.
    pub variant: String,
    /// What the gate found.
    pub finding: Found,
}

/// What a gate found.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// How it stands against the baseline, and where a build is slower, which instruction it is.
    Against(Box<VerdictRow>, Option<InstructionShift>),
    /// How it stands against its budget.
    Budget {
        /// The metric.
        metric: Metric,
        /// The step, where the metric's key names none.
        step: Option<String>,
        /// The budget, in the metric's stored unit.
        at_most: u64,
        /// What was measured.
        measured: Measured,
    },
    /// How the newest night of a history stands against those before it.
    Night {
        /// The nights.
        history: Box<NightHistory>,
        /// Whether the machine was slower than usual that night, by its control series.
        machine_moved: bool,
    },
    /// There is nothing to hold it against.
    NoBaseline,
    /// The metric was not measured of the variant.
    Nothing,
}

/// A value against a budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Measured {
    /// It is the same in every repeat.
    Value(u64),
    /// It varies: the median and the interval that it lies in.
    Between {
        /// The median.
        median: f64,
        /// The lower end of its interval.
        low: f64,
        /// The upper end.
        high: f64,
        /// The level of the interval.
        level: f64,
    },
    /// It should be the same in every repeat, and is not: the smallest and the largest value.
    Unstable(u64, u64),
    /// There are too few for an interval: so many.
    Few(usize),
    /// Too many samples failed or do not count: so many, of so many.
    Lost(usize, usize),
}

/// What all gates of a run come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateOutcome {
    /// Nothing is worse than is allowed.
    Passed,
    /// Something is worse than is allowed, or over its budget.
    Regressed,
    /// Nothing could be judged, or not everything where that was asked for.
    NotJudged,
    /// What was to be measured failed, and nothing that was measured is worse.
    Failed,
}

/// How strictly rulings are read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Strictness {
    /// Whether what cannot be told counts as worse.
    pub doubt_fails: bool,
    /// Whether what is out of the ordinary for the first time counts as worse.
    pub suspicion_fails: bool,
    /// Whether every gate has to be judged.
    pub all_judged: bool,
}

impl Strictness {
    /// Whether a ruling keeps the run from passing.
    #[must_use]
    pub fn fails(self, decision: Decision) -> bool {
        match decision {
            Decision::Passed => false,
            Decision::CannotTell => self.doubt_fails,
            Decision::Suspected | Decision::Machine => self.suspicion_fails,
            Decision::NotJudged => self.all_judged,
            Decision::Failed | Decision::Exceeded => true,
        }
    }
}

impl GateOutcome {
    /// Its name in stored files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Regressed => "regressed",
            Self::NotJudged => "not_judged",
            Self::Failed => "failed",
        }
    }

    /// What the rulings come to.
    #[must_use]
    pub fn of(rulings: &[Ruling], strictness: Strictness) -> Self {
        let any = |wanted: Decision| rulings.iter().any(|ruling| ruling.decision() == wanted);
        let judged = [
            Decision::Passed,
            Decision::CannotTell,
            Decision::Suspected,
            Decision::Machine,
        ]
        .into_iter()
        .any(any);
        let fails = any(Decision::Exceeded)
            || (strictness.doubt_fails && any(Decision::CannotTell))
            || (strictness.suspicion_fails && (any(Decision::Suspected) || any(Decision::Machine)));
        if fails {
            Self::Regressed
        } else if any(Decision::Failed) {
            Self::Failed
        } else if !judged || (strictness.all_judged && any(Decision::NotJudged)) {
            Self::NotJudged
        } else {
            Self::Passed
        }
    }
}

/// How a ruling counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// It is as good as is asked.
    Passed,
    /// The samples do not tell.
    CannotTell,
    /// It is out of the ordinary for the first time: another run confirms it or clears it.
    Suspected,
    /// It is out of the ordinary, and so is the control series: it is the machine's night, not the project's.
    Machine,
    /// There is nothing to judge, or nothing to hold it against.
    NotJudged,
    /// What was to be measured failed.
    Failed,
    /// It is worse than is allowed, or over its budget.
    Exceeded,
}

impl Ruling {
    /// How it counts.
    #[must_use]
    pub fn decision(&self) -> Decision {
        match &self.finding {
            Found::Nothing | Found::NoBaseline => Decision::NotJudged,
            Found::Against(row, _) => match (&row.outcome, row.outcome.verdict()) {
                (_, Some(Verdict::Regressed)) => Decision::Exceeded,
                (_, Some(Verdict::Inconclusive)) => Decision::CannotTell,
                (_, Some(Verdict::Same | Verdict::Improved)) => Decision::Passed,
                (
                    Outcome::Failed {
                        of_baseline: false, ..
                    },
                    None,
                ) => Decision::Failed,
                (_, None) => Decision::NotJudged,
            },
            Found::Budget {
                at_most, measured, ..
            } => measured.against(*at_most),
            Found::Night {
                history,
                machine_moved,
            } => match history.newest().0.map(|newest| newest.judged.verdict) {
                None if history.lost > 0 => Decision::Failed,
                None | Some(NightVerdict::WarmingUp) => Decision::NotJudged,
                Some(NightVerdict::Usual | NightVerdict::SuspectedBetter | NightVerdict::Improved) => {
                    Decision::Passed
                }
                // Bytes and counts do not depend on it.
                Some(NightVerdict::SuspectedWorse | NightVerdict::Regressed)
                    if *machine_moved && history.metric.kind() == MetricKind::Timed =>
                {
                    Decision::Machine
                }
                Some(NightVerdict::SuspectedWorse) => Decision::Suspected,
                Some(NightVerdict::Regressed) => Decision::Exceeded,
            },
        }
    }
}

impl Measured {
    fn of(series: &Series) -> Self {
        let lost = series.failed + series.invalid;
        if lost as f64 > MAX_LOST_SHARE * series.attempted() as f64 {
            return Self::Lost(lost, series.attempted());
        }
        match series.estimate {
            Estimate::Exact { value, .. } => Self::Value(value),
            Estimate::Timed(summary) => {
                summary
                    .interval
                    .map_or(Self::Few(summary.n), |interval| Self::Between {
                        median: summary.median,
                        low: interval.low as f64,
                        high: interval.high as f64,
                        level: interval.level,
                    })
            }
            Estimate::Unstable { low, high, .. } => Self::Unstable(low, high),
            Estimate::Missing => Self::Few(0),
        }
    }

    fn against(self, at_most: u64) -> Decision {
        let budget = at_most as f64;
        match self {
            Self::Value(value) if value > at_most => Decision::Exceeded,
            Self::Value(_) => Decision::Passed,
            Self::Between { low, .. } if low > budget => Decision::Exceeded,
            Self::Between { high, .. } if high <= budget => Decision::Passed,
            Self::Unstable(low, _) if low > at_most => Decision::Exceeded,
            Self::Unstable(_, high) if high <= at_most => Decision::Passed,
            Self::Between { .. } | Self::Unstable(..) => Decision::CannotTell,
            Self::Few(_) => Decision::NotJudged,
            Self::Lost(..) => Decision::Failed,
        }
    }
}

/// What a run is held against.
#[derive(Clone, Copy, Debug)]
pub enum Against<'a> {
    /// Nothing: there are budgets alone.
    Nothing,
    /// Another run, and the table of verdicts of the two.
    Run(&'a Analysis, &'a VerdictTable),
    /// The nights of a history, the run's own the newest of each, and what the control series says of that.
    Nights(&'a [NightHistory], Option<&'a Control>),
}

/// What the gates of a run decide about it, in the order of the gates and then of the variants.
///
/// A gate on `start.app` is one on `start.ready` where not every start of both sides has the former.
#[must_use]
pub fn rulings(header: &RunHeader, candidate: &Analysis, against: Against<'_>) -> Vec<Ruling> {
    let mut rulings = Vec::new();
    for gate in &header.gates {
        for variant in &header.variants {
            let ruling = |finding| Ruling {
                gate: gate.clone(),
                variant: variant.name.clone(),
                finding,
            };
            let mut sides = vec![candidate.series.as_slice()];
            if let Against::Run(baseline, _) = against {
                sides.push(&baseline.series);
            }
            let key = deciding(&gate.metric, &variant.name, &sides);
            let mut found = Vec::new();
            if gate.worse_by.is_some() || gate.at_most.is_none() {
                found.extend(relative(&key, &variant.name, candidate, against));
            }
            if let Some(at_most) = gate.at_most {
                found.extend(budgets(&key, &variant.name, candidate, at_most));
            }
            rulings.extend(found.into_iter().map(ruling));
        }
    }
    rulings
}

/// How a metric of a variant stands against what the run is held against; one finding for each step where its key names none.
fn relative(key: &str, variant: &str, candidate: &Analysis, against: Against<'_>) -> Vec<Found> {
    let is_it =
        |its_variant: &str, its_metric: &Metric| its_variant == variant && its_metric.to_string() == key;
    let found: Vec<Found> = match against {
        Against::Nothing => return vec![Found::NoBaseline],
        Against::Run(baseline, table) => {
            let rows = table.rows.iter().filter(|row| is_it(&row.candidate, &row.metric));
            rows.map(|row| Found::Against(Box::new(row.clone()), shift(row, baseline, candidate)))
                .collect()
        }
        Against::Nights(histories, control) => {
            let nights = histories
                .iter()
                .filter(|history| is_it(&history.variant, &history.metric));
            nights
                .map(|history| Found::Night {
                    history: Box::new(history.clone()),
                    machine_moved: control.is_some_and(Control::moved),
                })
                .collect()
        }
    };
    or_nothing(found)
}

/// How a metric of a variant stands against its budget; likewise.
fn budgets(key: &str, variant: &str, candidate: &Analysis, at_most: u64) -> Vec<Found> {
    let series = candidate.series.iter();
    let found = series
        .filter(|series| series.variant == variant && series.metric.to_string() == key)
        .map(|series| Found::Budget {
            metric: series.metric.clone(),
            step: series.step.clone().filter(|_| series.metric.step_is_implied()),
            at_most,
            measured: Measured::of(series),
        });
    or_nothing(found.collect())
}

fn or_nothing(found: Vec<Found>) -> Vec<Found> {
    if found.is_empty() {
        return vec![Found::Nothing];
    }
    found
}

/// The key of the metric that decides: the gate's own, but for one on `start.app` where a side has starts without it. Those have
/// `start.ready`.
fn deciding(gate: &str, variant: &str, sides: &[&[Series]]) -> String {
    let Some(state) = gate.strip_prefix(StartMetric::App.key()) else {
        return gate.to_owned();
    };
    let ready = format!("{}{state}", StartMetric::Ready.key());
    let samples = |side: &[Series], key: &str| {
        let of_it = side
            .iter()
            .find(|series| series.variant == variant && series.metric.to_string() == key);
        of_it.map_or(0, |series| series.estimate.n())
    };
    if sides
        .iter()
        .any(|side| samples(side, gate) < samples(side, &ready))
    {
        ready
    } else {
        gate.to_owned()
    }
}

/// The series that gates decide by: what is judged together of a run is what was said before that it decides.
#[must_use]
pub fn gated_series(series: &[Series], gates: &[GateRecord]) -> Vec<Series> {
    let decides = |series: &&Series| {
        let key = series.metric.to_string();
        let state = key.strip_prefix(StartMetric::Ready.key());
        let app = state.map(|state| format!("{}{state}", StartMetric::App.key()));
        gates
            .iter()
            .any(|gate| gate.metric == key || Some(&gate.metric) == app.as_ref())
    };
    series.iter().filter(decides).cloned().collect()
}

/// The instruction that made a build slower; `None` where no single one made up half of it.
fn shift(row: &VerdictRow, baseline: &Analysis, candidate: &Analysis) -> Option<InstructionShift> {
    let (Metric::StepTime(step), Some(Verdict::Regressed)) = (&row.metric, row.outcome.verdict()) else {
        return None;
    };
    let median = |analysis: &Analysis, variant: &str| {
        let series = analysis.series(variant, &row.metric)?;
        Some(series.estimate.timed()?.median)
    };
    let slower = median(candidate, &row.candidate)? - median(baseline, &row.baseline)?;
    slowest_shift(
        &baseline.instructions,
        &candidate.instructions,
        &row.candidate,
        step,
    )
    .filter(|shift| shift.gained() >= slower / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, image};
    use crate::results::Run;
    use crate::scenario::Allowance;

    fn run(times: &[u64], mib: u64, gates: &[GateRecord]) -> Run {
        let mut specimen = Specimen::new(&["slim"], &["cold"]);
        for millis in times {
            specimen.build("slim", "cold", *millis).image = Some(image(mib, &[]));
        }
        specimen.header().gates = gates.to_vec();
        specimen.run()
    }

    fn gate(metric: &str, worse_by: Option<Allowance>, at_most: Option<u64>) -> GateRecord {
        GateRecord {
            metric: metric.to_owned(),
            worse_by,
            at_least: None,
            at_most,
        }
    }

    fn ruled(before: &Run, after: &Run) -> Vec<Decision> {
        let (baseline, candidate) = (Analysis::of(before), Analysis::of(after));
        let table = VerdictTable::between(&baseline.series, &candidate.series, None, &after.header.gates);
        let ruled = rulings(&after.header, &candidate, Against::Run(&baseline, &table));
        ruled.iter().map(Ruling::decision).collect()
    }

    const USUAL: [u64; 10] = [4120, 3980, 4050, 4390, 4010, 4090, 3950, 4170, 4030, 4240];
    const SLOW: [u64; 10] = [4510, 4400, 4630, 4350, 4480, 4590, 4720, 4440, 4550, 4310];

    #[test]
    fn a_gate_decides_by_what_it_allows() {
        use Decision::{CannotTell, Exceeded, NotJudged, Passed};
        let time = |share| gate("step.cold.time", Some(Allowance::Share(share)), None);
        let size = |by| gate("image.size", Some(Allowance::Amount(by)), None);
        for (gates, expected) in [
            (vec![time(0.03)], vec![Exceeded]),
            (vec![time(0.08)], vec![CannotTell]),
            (vec![time(0.2)], vec![Passed]),
            (vec![size(0)], vec![Exceeded]),
            (vec![size(20 << 20)], vec![Passed]),
            (vec![gate("image.layers", None, None)], vec![Passed]),
            (vec![gate("start.app", None, None)], vec![NotJudged]),
            (vec![time(0.2), size(0)], vec![Passed, Exceeded]),
            (vec![], vec![]),
        ] {
            let (before, after) = (run(&USUAL, 60, &[]), run(&SLOW, 80, &gates));
            assert_eq!(ruled(&before, &after), expected, "{gates:?}");
        }
    }

    #[test]
    fn a_budget_is_held_by_the_whole_interval_of_the_median() {
        use Decision::{CannotTell, Exceeded, NotJudged, Passed};
        // The median's interval is from 3.98 s to 4.24 s.
        for (times, millis, expected) in [
            (&USUAL[..], 3_900, Exceeded),
            (&USUAL[..], 4_100, CannotTell),
            (&USUAL[..], 4_240, Passed),
            (&USUAL[..5], 4_100, NotJudged),
        ] {
            let after = run(
                times,
                80,
                &[gate("step.cold.time", None, Some(millis * 1_000_000))],
            );
            let ruled = rulings(&after.header, &Analysis::of(&after), Against::Nothing);
            let decisions: Vec<_> = ruled.iter().map(Ruling::decision).collect();
            assert_eq!(decisions, [expected], "{millis}");
        }
        for (mib, expected) in [(79, Exceeded), (80, Passed)] {
            let after = run(&USUAL, 80, &[gate("image.size", None, Some(mib << 20))]);
            let ruled = rulings(&after.header, &Analysis::of(&after), Against::Nothing);
            assert_eq!(ruled[0].decision(), expected, "{mib}");
        }
    }

    #[test]
    fn what_was_lost_fails_of_the_run_and_is_no_baseline_of_another() {
        let time = |at_most| gate("step.cold.time", None, at_most);
        let lost = |gates: &[GateRecord]| {
            let mut specimen = Specimen::new(&["slim"], &["cold"]);
            for millis in &USUAL[..6] {
                specimen.build("slim", "cold", *millis);
            }
            for _ in 0..4 {
                specimen.invalid("slim", "cold", 4_000, "somebody built meanwhile");
            }
            specimen.header().gates = gates.to_vec();
            specimen.run()
        };
        let usual = run(&USUAL, 80, &[time(None)]);
        assert_eq!(ruled(&usual, &lost(&[time(None)])), [Decision::Failed]);
        assert_eq!(ruled(&lost(&[]), &usual), [Decision::NotJudged]);
        let after = lost(&[time(Some(u64::MAX))]);
        let ruled = rulings(&after.header, &Analysis::of(&after), Against::Nothing);
        assert_eq!(ruled[0].decision(), Decision::Failed);
    }

    #[test]
    fn a_gate_on_what_not_every_start_has_is_one_on_what_they_have() {
        use crate::scenario::ProbeTier;
        use crate::unit::Nanos;
        let mut specimen = Specimen::new(&["slim"], &["cold"]);
        for _ in 0..4 {
            let start = specimen.start("slim", Nanos::from_millis(300), Nanos::from_millis(1));
            start.tier = ProbeTier::Trace;
            start.app = start.ready;
        }
        let decides = |run: &Run, gate: &str| {
            let series = Analysis::of(run).series;
            deciding(gate, "slim", &[&series, &[]])
        };
        let mut run = specimen.run();
        assert_eq!(decides(&run, "start.app"), "start.app");
        assert_eq!(decides(&run, "image.size"), "image.size");
        // One start of which nobody saw when its program began.
        run.starts[3].app = None;
        assert_eq!(decides(&run, "start.app"), "start.ready");
        assert_eq!(decides(&run, "start.app.restart"), "start.app.restart");
    }

    #[test]
    fn a_regression_outranks_a_failure_and_that_what_was_not_judged() {
        use Decision::{CannotTell, Exceeded, Failed, NotJudged, Passed};
        let ruling = |decision| {
            let measured = match decision {
                Exceeded => Measured::Value(2),
                CannotTell => Measured::Between {
                    median: 1.0,
                    low: 0.0,
                    high: 2.0,
                    level: 0.95,
                },
                _ => Measured::Value(1),
            };
            let lost = Outcome::Failed {
                variant: "slim".to_owned(),
                of_baseline: false,
                lost: 1,
                attempted: 1,
            };
            let row = |outcome| VerdictRow {
                baseline: "slim".to_owned(),
                candidate: "slim".to_owned(),
                metric: Metric::ImageLayers,
                step: None,
                outcome,
            };
            Ruling {
                gate: gate("image.layers", None, Some(1)),
                variant: "slim".to_owned(),
                finding: match decision {
                    NotJudged => Found::Nothing,
                    Failed => Found::Against(Box::new(row(lost)), None),
                    _ => Found::Budget {
                        metric: Metric::ImageLayers,
                        step: None,
                        at_most: 1,
                        measured,
                    },
                },
            }
        };
        let usual = Strictness::default();
        let strict = Strictness {
            doubt_fails: true,
            suspicion_fails: true,
            all_judged: true,
        };
        for (decisions, expected, strictly) in [
            (
                &[Passed, Exceeded, Failed][..],
                GateOutcome::Regressed,
                GateOutcome::Regressed,
            ),
            (
                &[Passed, Failed, NotJudged],
                GateOutcome::Failed,
                GateOutcome::Failed,
            ),
            (&[Passed, NotJudged], GateOutcome::Passed, GateOutcome::NotJudged),
            (&[CannotTell], GateOutcome::Passed, GateOutcome::Regressed),
            (&[NotJudged], GateOutcome::NotJudged, GateOutcome::NotJudged),
            (&[], GateOutcome::NotJudged, GateOutcome::NotJudged),
        ] {
            let rulings: Vec<_> = decisions.iter().map(|decision| ruling(*decision)).collect();
            let made: Vec<_> = rulings.iter().map(Ruling::decision).collect();
            assert_eq!(made, decisions);
            assert_eq!(GateOutcome::of(&rulings, usual), expected, "{decisions:?}");
            assert_eq!(GateOutcome::of(&rulings, strict), strictly, "{decisions:?}");
        }
    }

    #[test]
    fn without_a_baseline_there_are_budgets_alone() {
        let relative = gate("step.cold.time", Some(Allowance::Share(0.05)), None);
        let after = run(&USUAL, 80, &[relative]);
        let ruled = rulings(&after.header, &Analysis::of(&after), Against::Nothing);
        assert_eq!(ruled.len(), 1);
        assert_eq!(
            (&ruled[0].finding, ruled[0].decision()),
            (&Found::NoBaseline, Decision::NotJudged)
        );
    }
}
