//! The words that state a judgement.

use super::comparative::Comparative;
use super::verdict::{Judgement, MIN_SAMPLES, Status, Verdict};
use crate::stats::{ALPHA, Method, RatioInterval};

/// The largest number of samples that is suggested as enough to settle what is open.
const MOST_SUGGESTED: usize = 100;

impl Judgement {
    /// What was found, as a fragment.
    ///
    /// A difference reads `6.5 % to 13.2 % slower`, to stand between "is" and "than" with the name of the
    /// baseline; the other outcomes are complete: `no material change: ...`, `cannot tell: ...`,
    /// `too few samples: ...`. Percentages are of the baseline's value.
    #[must_use]
    pub fn finding(&self, words: Comparative) -> String {
        let (Status::Judged(verdict), Some(interval)) = (self.status, self.estimate.interval) else {
            return format!(
                "too few samples: {}, at least {MIN_SAMPLES} on each side are needed",
                self.sample_counts()
            );
        };
        let (low, high) = (interval.low.0 - 1.0, interval.high.0 - 1.0);
        match verdict {
            Verdict::Regressed => format!("{} to {} {}", percent(low), percent(high), words.higher),
            Verdict::Improved => format!("{} to {} {}", percent(-high), percent(-low), words.lower),
            Verdict::Same => format!(
                "no material change: {} to {}, band {}",
                signed_percent(low),
                signed_percent(high),
                self.band
            ),
            Verdict::Inconclusive => format!(
                "cannot tell: {} to {} {}",
                signed_percent(low),
                signed_percent(high),
                self.obstacle(interval)
            ),
        }
    }

    /// How sure it is, as a fragment for parentheses: `95.7 % CI, n 10/10`, baseline first.
    #[must_use]
    pub fn evidence(&self) -> String {
        let counts = self.sample_counts();
        let approximation = match self.estimate.method {
            Method::Exact => "",
            Method::Asymptotic => ", asymptotic",
        };
        match self.estimate.interval {
            Some(interval) => format!("{} CI, {counts}{approximation}", percent(interval.level)),
            None => format!("no interval, {counts}{approximation}"),
        }
    }

    /// About how many samples per side would settle an inconclusive comparison, if the noise stays as it is.
    ///
    /// The half-width of the interval shrinks with the root of the number of samples; what is wanted is
    /// that it equals the distance of the estimate from the nearer end of the band, both on the log scale.
    /// `None` for any other status, where it would take more than a hundred, and where the interval is already
    /// outside the band and only the p-value is too high.
    #[must_use]
    pub fn samples_to_settle(&self) -> Option<usize> {
        if self.status != Status::Judged(Verdict::Inconclusive) {
            return None;
        }
        let interval = self
            .estimate
            .interval
            .filter(|interval| !self.is_outside(*interval))?;
        let half_width = (interval.high.0.ln() - interval.low.0.ln()) / 2.0;
        let wanted = (self.estimate.ratio.0.ln().abs() - self.band.high().0.ln()).abs();
        let present = self
            .estimate
            .baseline_samples
            .min(self.estimate.candidate_samples);
        let needed = present as f64 * (half_width / wanted).powi(2);
        // An interval that is not centred on its estimate can ask for no more samples than there are.
        (present + 1..=MOST_SUGGESTED).find(|count| *count as f64 >= needed)
    }

    /// Why an inconclusive interval does not tell.
    fn obstacle(&self, interval: RatioInterval) -> String {
        if self.is_outside(interval) && self.estimate.p_value < ALPHA.as_f64() {
            return format!(
                "is outside the {} band, significant alone and not among {} rows; {}",
                self.band,
                self.family,
                self.sample_counts()
            );
        }
        if self.is_outside(interval) {
            return format!(
                "is outside the {} band, but p is {:.3}; {}",
                self.band,
                self.estimate.p_value,
                self.sample_counts()
            );
        }
        let remedy = match self.samples_to_settle() {
            Some(count) => format!("about {count} would settle it"),
            None => "the band is too narrow for this noise".to_owned(),
        };
        format!(
            "crosses the {} band; {}, {remedy}",
            self.band,
            self.sample_counts()
        )
    }

    fn is_outside(&self, interval: RatioInterval) -> bool {
        self.band.is_below(interval) || self.band.is_above(interval)
    }

    fn sample_counts(&self) -> String {
        format!(
            "n {}/{}",
            self.estimate.baseline_samples, self.estimate.candidate_samples
        )
    }
}

/// A percentage with one decimal: `6.5 %`.
fn percent(part: f64) -> String {
    format!("{:.1} %", part * 100.0)
}

/// A percentage with one decimal and its sign, which is a minus sign and not a hyphen; a value that rounds
/// to zero has none.
fn signed_percent(part: f64) -> String {
    let size = percent(part.abs());
    match size.as_str() {
        "0.0 %" => size,
        _ if part < 0.0 => format!("−{size}"),
        _ => format!("+{size}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::Band;
    use crate::stats::compare_unpaired;
    use crate::unit::Ratio;

    const A: &[u64] = &[412, 398, 405, 439, 401, 409, 395, 417, 403, 424];
    const B: &[u64] = &[451, 440, 463, 435, 448, 459, 472, 444, 455, 431];
    const C: &[u64] = &[410, 402, 421, 399, 415, 407, 404, 432, 419, 397];

    fn judge(baseline: &[u64], candidate: &[u64], delta: f64) -> Judgement {
        Judgement::of(
            compare_unpaired(baseline, candidate).unwrap(),
            Band::new(delta).unwrap(),
        )
    }

    #[test]
    fn findings_say_how_much_and_what_is_missing() {
        for (baseline, candidate, delta, finding) in [
            (A, B, 0.03, "6.5 % to 13.2 % slower"),
            (B, A, 0.03, "6.1 % to 11.7 % faster"),
            (A, C, 0.05, "no material change: −2.4 % to +3.0 %, band ±5 %"),
            (
                A,
                C,
                0.03,
                "cannot tell: −2.4 % to +3.0 % crosses the ±3 % band; n 10/10, about 11 would settle it",
            ),
            (
                A,
                C,
                0.003,
                "cannot tell: −2.4 % to +3.0 % crosses the ±0.3 % band; n 10/10, \
                 the band is too narrow for this noise",
            ),
            (
                &[5; 4],
                &[5; 4],
                0.03,
                "no material change: 0.0 % to 0.0 %, band ±3 %",
            ),
            (
                &[5; 3],
                &[5; 4],
                0.03,
                "too few samples: n 3/4, at least 4 on each side are needed",
            ),
        ] {
            assert_eq!(
                judge(baseline, candidate, delta).finding(Comparative::TIME),
                finding
            );
        }
        assert_eq!(
            judge(A, B, 0.03).finding(Comparative::SIZE),
            "6.5 % to 13.2 % larger"
        );
    }

    #[test]
    fn an_interval_outside_the_band_with_a_high_p_is_not_called_a_crossing() {
        for (baseline, candidate, finding) in [
            (
                A,
                B,
                "cannot tell: +6.5 % to +13.2 % is outside the ±3 % band, but p is 0.061; n 10/10",
            ),
            (
                B,
                A,
                "cannot tell: −11.7 % to −6.1 % is outside the ±3 % band, but p is 0.061; n 10/10",
            ),
        ] {
            let mut estimate = compare_unpaired(baseline, candidate).unwrap();
            estimate.p_value = 0.0612;
            let found = Judgement::of(estimate, Band::new(0.03).unwrap());
            assert_eq!(found.status, Status::Judged(Verdict::Inconclusive));
            assert_eq!(found.finding(Comparative::TIME), finding);
            assert_eq!(
                found.samples_to_settle(),
                None,
                "more samples are not what is missing"
            );
        }
    }

    #[test]
    fn more_samples_than_there_are_would_settle_an_interval_off_its_centre() {
        let mut estimate = compare_unpaired(A, C).unwrap();
        let interval = estimate.interval.as_mut().unwrap();
        interval.low = Ratio(0.999);
        interval.high = Ratio(1.031);
        estimate.ratio = Ratio(1.0);
        let found = Judgement::of(estimate, Band::new(0.03).unwrap());
        assert_eq!(found.samples_to_settle(), Some(11));
    }

    #[test]
    fn evidence_states_level_counts_and_approximation() {
        let (long, other) = ([7; 60], [9; 50]);
        for (baseline, candidate, evidence) in [
            (A, B, "95.7 % CI, n 10/10"),
            (&A[..3], &B[..3], "no interval, n 3/3"),
            (&long, &other, "95.0 % CI, n 60/50, asymptotic"),
        ] {
            assert_eq!(judge(baseline, candidate, 0.03).evidence(), evidence);
        }
    }
}
