//! What a comparison of two sides costs; a table has one for every row.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion};
use seatrial::stats::compare_unpaired;

/// Times in nanoseconds around one second, all different, spread by a fixed multiplier.
fn samples(count: u64, start: u64) -> Vec<u64> {
    (0..count)
        .map(|index| 1_000_000_000 + (start + index) * 2_654_435_761 % 100_000_007)
        .collect()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("compare_unpaired");
    for per_side in [20, 50] {
        let baseline = samples(per_side, 0);
        let candidate = samples(per_side, 1_000);
        group.bench_function(BenchmarkId::from_parameter(per_side), |bencher| {
            bencher.iter(|| compare_unpaired(black_box(&baseline), black_box(&candidate)));
        });
    }
    group.finish();
    criterion.final_summary();
}
