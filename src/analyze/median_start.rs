//! The start that stands for a variant in one state of its image.

use crate::results::{Run, StartSample};
use crate::scenario::{ProbeTier, StartCache};
use crate::stats::{Sorted, Summary, median};
use crate::unit::Nanos;

/// The start that stands for a variant in one state of its image, and what it stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct MedianStart<'run> {
    /// The valid start whose total is nearest to the median; the earlier of two that are equally near. The parts of one start
    /// add up to its total, which medians of parts would not.
    pub start: &'run StartSample,
    /// How all that was timed of it took in all such starts.
    pub totals: Summary,
    /// The median width of the intervals in which the starts lie, in nanoseconds.
    pub uncertainty: f64,
}

/// The start that stands for those of a variant in a state that were looked at in one way.
#[must_use]
pub fn median_start<'run>(
    run: &'run Run,
    variant: &str,
    cache: StartCache,
    tier: ProbeTier,
) -> Option<MedianStart<'run>> {
    let is_one = |start: &&StartSample| {
        start.counts() && start.key.variant == variant && start.cache == cache && start.tier == tier
    };
    let starts = run.starts.iter().filter(is_one);
    let starts: Vec<(Nanos, &StartSample)> =
        starts.filter_map(|start| Some((start.total()?, start))).collect();
    let values: Vec<u64> = starts.iter().map(|(total, _)| total.0).collect();
    let totals = Summary::of(&values)?;
    let seen = starts.iter().filter_map(|(_, start)| start.seen());
    let widths: Vec<u64> = seen
        .map(|seen| seen.value_ns.saturating_since(seen.low_ns).0)
        .collect();
    let off = |total: Nanos| (total.0 as f64 - totals.median).abs();
    let nearest = starts
        .iter()
        .reduce(|best, next| if off(next.0) < off(best.0) { next } else { best })?;
    Some(MedianStart {
        start: nearest.1,
        totals,
        uncertainty: median(&Sorted::of(&widths)?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::results::{Phase, Pull};
    use crate::scenario::PullShape;
    use crate::unit::ByteSize;

    /// Starts whose parts vary against each other: pull, create, ready in milliseconds.
    fn specimen(cache: StartCache, parts: &[[u64; 3]]) -> Specimen {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        for (index, [pull, create, ready]) in parts.iter().enumerate() {
            let width = Nanos::from_millis(index as u64 + 1);
            let start = specimen.start("a", Nanos::from_millis(*ready), width);
            start.cache = cache;
            start.phases = vec![Phase {
                name: "create".to_owned(),
                started_ns: Nanos::ZERO,
                duration_ns: Nanos::from_millis(*create),
            }];
            start.pull = (*pull > 0).then(|| Pull {
                duration_ns: Nanos::from_millis(*pull),
                bytes: ByteSize(1),
                layers: Vec::new(),
                shape: PullShape::default(),
            });
        }
        specimen
    }

    fn ready_of(run: &Run, cache: StartCache) -> Option<(u64, f64, f64)> {
        let found = median_start(run, "a", cache, ProbeTier::Ip)?;
        let ready = found.start.ready.unwrap().value_ns.0 / 1_000_000;
        Some((ready, found.totals.median / 1e6, found.uncertainty / 1e6))
    }

    #[test]
    fn the_total_decides_and_not_a_part_of_it() {
        // Totals 1020, 1000 and 900: the last has the median of none of its parts.
        let parts = [[600, 20, 400], [650, 50, 300], [100, 100, 700]];
        let run = specimen(StartCache::ColdPull, &parts).run();
        assert_eq!(ready_of(&run, StartCache::ColdPull), Some((300, 1_000.0, 2.0)));
        assert_eq!(ready_of(&run, StartCache::Warm), None, "another state");
        assert_eq!(
            median_start(&run, "a", StartCache::ColdPull, ProbeTier::Published),
            None,
            "another way"
        );
    }

    #[test]
    fn the_creation_of_a_container_that_is_started_again_is_no_part_of_it() {
        let parts = [[0, 900, 100], [0, 10, 300], [0, 20, 200]];
        let again = specimen(StartCache::Restart, &parts).run();
        assert_eq!(ready_of(&again, StartCache::Restart), Some((200, 200.0, 2.0)));
        let warm = specimen(StartCache::Warm, &parts).run();
        assert_eq!(ready_of(&warm, StartCache::Warm), Some((300, 310.0, 2.0)));
    }

    #[test]
    fn warm_ups_and_what_does_not_count_are_left_out_and_the_earlier_of_equals_stands() {
        let mut specimen = specimen(StartCache::Warm, &[[0, 0, 100], [0, 0, 200]]);
        specimen
            .start("a", Nanos::from_millis(5_000), Nanos(1))
            .key
            .warmup = true;
        specimen.failed_start("a", "it ended");
        assert_eq!(
            ready_of(&specimen.run(), StartCache::Warm),
            Some((100, 150.0, 1.5))
        );
    }
}
