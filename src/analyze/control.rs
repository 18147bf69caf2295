//! The control series of a night: what never changes but with the machine.

use jiff::{SignedDuration, Timestamp};

use super::metric::MetricKind;
use super::night_series::NightHistory;
use super::nightly::NightVerdict;
use crate::results::{Acceptance, Night};

/// So long before or after a run its control was measured at most.
const SAME_NIGHT: SignedDuration = SignedDuration::from_hours(12);

/// What the control series says of the machine in the night of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The run of the control scenario.
    pub run_id: String,
    /// Those of its metrics that were worse than usual, each with its variant: `control · start.app`. Where there are any, it is the
    /// machine.
    pub worse: Vec<String>,
}

impl Control {
    /// What the scenario `control` says of the night of a run: by its run on the same machine that began nearest to it, and those before
    /// that. `None` where there is none within twelve hours.
    #[must_use]
    pub fn of(nights: &[Night], acceptances: &[Acceptance], control: &str, run: &Night) -> Option<Self> {
        let began = |night: &Night| night.header.started_utc.parse::<Timestamp>().ok();
        let this = began(run)?;
        let of_control: Vec<Night> = nights
            .iter()
            .filter(|night| night.header.scenario == control && night.machine_key == run.machine_key)
            .cloned()
            .collect();
        let distance = |night: &Night| Some(began(night)?.duration_since(this).abs());
        let (nearest, _) = of_control
            .iter()
            .enumerate()
            .filter_map(|(place, night)| Some((place, distance(night)?)))
            .filter(|(_, distance)| *distance <= SAME_NIGHT)
            .min_by_key(|(_, distance)| *distance)?;
        let until = &of_control[..=nearest];
        let gates = &of_control[nearest].header.gates;
        let worse = NightHistory::of_newest(until, acceptances, gates)
            .into_iter()
            .filter(|history| history.metric.kind() == MetricKind::Timed)
            .filter(|history| {
                let newest = history.newest().0.map(|newest| newest.judged.verdict);
                matches!(
                    newest,
                    Some(NightVerdict::SuspectedWorse | NightVerdict::Regressed)
                )
            })
            .map(|history| format!("{} · {}", history.variant, history.metric))
            .collect();
        Some(Self {
            run_id: of_control[nearest].header.run_id.clone(),
            worse,
        })
    }

    /// Whether the machine was slower than usual.
    #[must_use]
    pub fn moved(&self) -> bool {
        !self.worse.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::analyze::{Analysis, night_of};

    fn night(scenario: &str, day: usize, hour: u32, millis: u64) -> Night {
        let mut specimen = Specimen::new(&["only"], &["cold"]);
        for more in 0..5 {
            specimen.build("only", "cold", millis + more);
        }
        let header = specimen.header();
        header.scenario = scenario.to_owned();
        header.run_id = format!("{scenario}-{day}");
        header.started_utc = format!("2026-03-{day:02}T{hour:02}:00:00Z");
        let run = specimen.run();
        night_of(&run, &Analysis::of(&run))
    }

    #[test]
    fn the_control_that_is_nearest_tells_whether_it_was_the_machine() {
        let mut nights: Vec<Night> = (1..=12).map(|day| night("control", day, 2, 4_000)).collect();
        nights.push(night("control", 13, 2, 5_000));
        nights.push(night("control", 14, 2, 4_000));
        for (day, hour, expected) in [
            (12, 3, Some(false)),
            (13, 3, Some(true)),
            (14, 1, Some(false)),
            // Nothing was measured that night.
            (20, 3, None),
        ] {
            let run = night("project", day, hour, 4_000);
            let control = Control::of(&nights, &[], "control", &run);
            assert_eq!(
                control.as_ref().map(Control::moved),
                expected,
                "{day}: {control:?}"
            );
        }
        let run = night("project", 13, 3, 4_000);
        let control = Control::of(&nights, &[], "control", &run).unwrap();
        assert_eq!(control.worse, ["only · step.cold.time"]);
        assert_eq!(Control::of(&nights, &[], "another", &run), None);
        let mut elsewhere = run;
        elsewhere.machine_key = "another".to_owned();
        assert_eq!(Control::of(&nights, &[], "control", &elsewhere), None);
    }
}
