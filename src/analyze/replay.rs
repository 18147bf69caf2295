//! What the commits of a replay cost: each by itself, as a distribution, and together.

use std::collections::BTreeMap;

use super::metric::whole;
use crate::results::{BuildSample, Run};
use crate::stats::{RatioEstimate, Sorted, Summary, compare_unpaired, median, median_interval};
use crate::unit::Ratio;

/// What the commits of a replay cost.
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayCosts {
    /// By variant, in the header's order.
    pub variants: Vec<VariantCost>,
    /// The baseline against each other variant.
    pub comparisons: Vec<CostComparison>,
}

/// What the commits cost with one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct VariantCost {
    /// The variant.
    pub variant: String,
    /// Every commit, oldest first.
    pub commits: Vec<CommitCost>,
    /// The costs of the commits that have one, in nanoseconds, free ones as zero; `None` where none has.
    pub per_commit: Option<Summary>,
    /// What all commits cost together, in nanoseconds, one for each round in which every one of them counts.
    pub totals: Vec<u64>,
}

/// What one commit costs with one variant.
#[derive(Clone, Debug, PartialEq)]
pub struct CommitCost {
    /// The step.
    pub step: String,
    /// The builds that count, in nanoseconds, in the order in which they were taken; a free one is zero.
    pub samples: Vec<u64>,
    /// Why there was nothing to build, where that is so.
    pub free: Option<String>,
}

/// How many times the baseline's cost another variant's is.
#[derive(Clone, Debug, PartialEq)]
pub struct CostComparison {
    /// The variant that is held against the baseline.
    pub other: String,
    /// The baseline.
    pub baseline: String,
    /// The ratio for one and the same commit; `None` where no commit was built with both.
    pub per_commit: Option<PairedRatio>,
    /// The ratio of the totals, over rounds; `None` where a side has none, or one of zero.
    pub total: Option<RatioEstimate>,
}

/// The median of ratios, one for each commit that both variants built.
///
/// The same commits on both sides are pairs, so that what differs between commits does not hide what differs between
/// variants. The interval is that of the median of these ratios, by order statistics: it speaks of commits such as these.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PairedRatio {
    /// The median.
    pub median: Ratio,
    /// Its exact interval with the level that it has; `None` below six commits.
    pub interval: Option<(Ratio, Ratio, f64)>,
    /// How many commits both built.
    pub commits: usize,
}

impl CommitCost {
    /// The median of its builds, in nanoseconds; `None` where none counts.
    #[must_use]
    pub fn cost(&self) -> Option<f64> {
        Sorted::of(&self.samples).map(|sorted| median(&sorted))
    }
}

impl VariantCost {
    /// The commits that there was nothing to build of.
    #[must_use]
    pub fn free(&self) -> usize {
        self.commits.iter().filter(|commit| commit.free.is_some()).count()
    }

    /// The median of the totals, in nanoseconds.
    #[must_use]
    pub fn total(&self) -> Option<Summary> {
        Summary::of(&self.totals)
    }

    fn of(run: &Run, variant: &str, steps: &[&str]) -> Self {
        let builds: Vec<&BuildSample> = run
            .builds
            .iter()
            .filter(|build| build.key.variant == variant && build.counts())
            .collect();
        let cost_of = |build: &BuildSample| match build.free {
            Some(_) => Some(0),
            None => build.duration_ns.map(|duration| duration.0),
        };
        let mut rounds: BTreeMap<u32, Vec<u64>> = BTreeMap::new();
        let mut commits = Vec::new();
        for step in steps {
            let of_step = || builds.iter().filter(|build| build.step == *step);
            for build in of_step() {
                if let Some(cost) = cost_of(build) {
                    rounds.entry(build.key.round).or_default().push(cost);
                }
            }
            commits.push(CommitCost {
                step: (*step).to_owned(),
                samples: of_step().filter_map(|build| cost_of(build)).collect(),
                free: of_step().find_map(|build| build.free.clone()),
            });
        }
        let complete = rounds.into_values().filter(|costs| costs.len() == steps.len());
        let totals = complete.map(|costs| costs.iter().sum()).collect();
        let medians: Vec<u64> = commits.iter().filter_map(CommitCost::cost).map(whole).collect();
        Self {
            variant: variant.to_owned(),
            per_commit: Summary::of(&medians),
            commits,
            totals,
        }
    }
}

impl ReplayCosts {
    /// The costs of a run that replayed a repository; `None` for any other.
    pub(super) fn of(run: &Run) -> Option<Self> {
        let replay = run.header.replay.as_ref()?;
        let steps: Vec<&str> = replay.commits.iter().map(|commit| commit.step.as_str()).collect();
        if steps.is_empty() {
            return None;
        }
        let variants: Vec<VariantCost> = run
            .header
            .variants
            .iter()
            .map(|variant| VariantCost::of(run, &variant.name, &steps))
            .collect();
        let baseline = variants.iter().find(|cost| cost.variant == run.header.baseline);
        let comparisons = baseline.into_iter().flat_map(|baseline| {
            let others = variants.iter().filter(|cost| cost.variant != baseline.variant);
            others.map(|other| compare(baseline, other))
        });
        Some(Self {
            comparisons: comparisons.collect(),
            variants,
        })
    }

    /// The costs of a variant.
    #[must_use]
    pub fn variant(&self, name: &str) -> Option<&VariantCost> {
        self.variants.iter().find(|cost| cost.variant == name)
    }
}

fn compare(baseline: &VariantCost, other: &VariantCost) -> CostComparison {
    let ratios = baseline
        .commits
        .iter()
        .zip(&other.commits)
        .filter_map(|(baseline, other)| {
            let (baseline, other) = (baseline.cost()?, other.cost()?);
            (baseline > 0.0 && other > 0.0).then(|| other / baseline)
        });
    CostComparison {
        other: other.variant.clone(),
        baseline: baseline.variant.clone(),
        per_commit: paired(ratios.collect()),
        total: compare_unpaired(&baseline.totals, &other.totals).ok(),
    }
}

fn paired(mut ratios: Vec<f64>) -> Option<PairedRatio> {
    ratios.sort_by(f64::total_cmp);
    let count = ratios.len();
    let (lower, upper) = (ratios.get(count.checked_sub(1)? / 2)?, ratios.get(count / 2)?);
    // The ranks of the bounds depend on the count alone.
    let ranks: Vec<u64> = (0..count as u64).collect();
    let interval = Sorted::of(&ranks).and_then(|ranks| median_interval(&ranks));
    Some(PairedRatio {
        // On the scale of ratios the middle of two is the geometric one.
        median: Ratio((lower * upper).sqrt()),
        interval: interval.map(|interval| {
            let (low, high) = (ratios[interval.rank - 1], ratios[count - interval.rank]);
            (Ratio(low), Ratio(high), interval.level)
        }),
        commits: count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::replay;

    fn costs() -> ReplayCosts {
        ReplayCosts::of(&replay().run()).unwrap()
    }

    #[test]
    fn a_commit_costs_the_median_of_its_rounds_and_a_free_one_nothing() {
        let costs = costs();
        let none = costs.variant("none").unwrap();
        assert_eq!(none.commits.len(), 10);
        assert_eq!(none.free(), 1);
        assert_eq!(none.commits[0].samples.len(), 4);
        assert!(
            (none.commits[0].cost().unwrap() - 40.015e9).abs() < 1.0,
            "{none:?}"
        );
        assert_eq!(none.commits[2].cost(), Some(0.0));
        let summary = none.per_commit.unwrap();
        assert_eq!((summary.n, summary.min), (10, 0));
        assert_eq!(none.totals.len(), 4);
        // 40 + 41 + 0 + 43 + 44 + 45 + 46 + 40 + 41 + 42 seconds, and ten milliseconds more a commit and round.
        assert_eq!(none.totals[0], 382_000_000_000);
        assert_eq!(none.totals[1], 382_090_000_000);
    }

    #[test]
    fn ratios_are_of_the_same_commit_and_have_the_interval_of_their_median() {
        let costs = costs();
        assert_eq!(costs.comparisons.len(), 1);
        let comparison = &costs.comparisons[0];
        assert_eq!(
            (comparison.other.as_str(), comparison.baseline.as_str()),
            ("cached", "none")
        );
        let ratio = comparison.per_commit.unwrap();
        // The free commit has no ratio; a change of requirements costs the same on both sides.
        assert_eq!(ratio.commits, 9);
        assert!((ratio.median.0 - 0.047).abs() < 0.002, "{ratio:?}");
        let (low, high, level) = ratio.interval.unwrap();
        // The second smallest and the second largest of nine.
        assert!(low.0 < ratio.median.0 && high.0 < 0.05, "{ratio:?}");
        assert!((level - 492.0 / 512.0).abs() < 1e-9);
        let total = comparison.total.unwrap();
        assert!(total.interval.is_some(), "{total:?}");
    }

    #[test]
    fn a_round_with_a_commit_that_failed_has_no_total() {
        let mut specimen = replay();
        specimen.last_build().outcome = crate::results::Status::Failed {
            reason: "exit code 1".to_owned(),
        };
        let costs = ReplayCosts::of(&specimen.run()).unwrap();
        assert_eq!(costs.variant("cached").unwrap().totals.len(), 3);
        assert_eq!(costs.variant("none").unwrap().totals.len(), 4);
    }

    #[test]
    fn medians_of_ratios_are_geometric_and_few_have_no_interval() {
        assert_eq!(paired(Vec::new()), None);
        let two = paired(vec![4.0, 1.0]).unwrap();
        assert!(
            (two.median.0 - 2.0).abs() < 1e-12 && two.interval.is_none(),
            "{two:?}"
        );
        let three = paired(vec![0.5, 8.0, 2.0]).unwrap();
        assert!((three.median.0 - 2.0).abs() < 1e-12, "{three:?}");
    }
}
