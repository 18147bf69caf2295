//! What became of each Dockerfile instruction at a step, variant by variant.

use super::quantity::span;
use crate::analyze::{Analysis, InstructionSeries, MetricUnit};
use crate::results::Run;
use crate::stats::Summary;

/// The instructions of all variants at one step.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InstructionTable<'a> {
    pub(super) step: &'a str,
    /// The heaviest first: by the longest median of any variant; those that never ran in the Dockerfile's order.
    pub(super) rows: Vec<InstructionRow<'a>>,
}

/// One instruction. Those of equal name are one row; a name that stands twice in a Dockerfile is two.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct InstructionRow<'a> {
    pub(super) name: &'a str,
    /// For each variant in the run's order; absent where its Dockerfile has no such instruction.
    pub(super) cells: Vec<Option<&'a InstructionSeries>>,
}

impl InstructionRow<'_> {
    /// Whether it ran in any build of any variant.
    pub(super) fn ran(&self) -> bool {
        self.cells.iter().flatten().any(|cell| cell.ran() > 0)
    }

    fn weight(&self) -> f64 {
        let cells = self.cells.iter().flatten();
        cells.map(|cell| cell.weight()).fold(0.0, f64::max)
    }
}

/// How long an instruction worked where it ran: `2.31 s (2.20 s – 2.40 s)`, or `cached`.
pub(super) fn time(series: &InstructionSeries) -> String {
    match &series.duration {
        Some(duration) => with_span(MetricUnit::Nanoseconds, duration),
        None if series.ran() == 0 => "cached".to_owned(),
        None => "never ended".to_owned(),
    }
}

/// How often it came from the cache: `0 of 5`.
pub(super) fn cached(series: &InstructionSeries) -> String {
    format!("{} of {}", series.cached, series.listed)
}

/// What it logged where it ran; a dash where it logged nothing.
pub(super) fn log(series: &InstructionSeries) -> String {
    match &series.log_bytes {
        Some(bytes) if bytes.max > 0 => MetricUnit::Bytes.show_rounded(bytes.median),
        _ => "–".to_owned(),
    }
}

/// The median with its interval, or the range of the samples below six; the bare value of one sample.
fn with_span(unit: MetricUnit, summary: &Summary) -> String {
    let median = unit.show_rounded(summary.median);
    let (low, high) = summary.interval.map_or((summary.min, summary.max), |interval| {
        (interval.low, interval.high)
    });
    let span = span(unit, low, high);
    if span == median {
        return median;
    }
    let short = median
        .rsplit_once(' ')
        .and_then(|(_, unit)| Some(span.strip_suffix(unit)?.trim_end()))
        .filter(|short| !short.contains(' '));
    format!("{median} ({})", short.unwrap_or(&span))
}

/// A table for each step that has valid builds.
pub(super) fn instruction_tables<'a>(run: &'a Run, analysis: &'a Analysis) -> Vec<InstructionTable<'a>> {
    run.header
        .steps
        .iter()
        .map(|step| of_step(run, analysis, step))
        .filter(|table| !table.rows.is_empty())
        .collect()
}

fn of_step<'a>(run: &'a Run, analysis: &'a Analysis, step: &'a str) -> InstructionTable<'a> {
    let all: Vec<&InstructionSeries> = analysis
        .instructions
        .iter()
        .filter(|series| series.step == step)
        .collect();
    let mut rows: Vec<InstructionRow<'a>> = Vec::new();
    for series in &all {
        let key = (&series.name, series.before);
        let mut earlier = all.iter().take_while(|other| !std::ptr::eq(**other, *series));
        if earlier.any(|other| (&other.name, other.before) == key) {
            continue;
        }
        let variants = run.header.variants.iter();
        let cell = |variant: &str| {
            let mut of_key = all.iter().filter(|other| (&other.name, other.before) == key);
            of_key.find(|other| other.variant == variant).copied()
        };
        rows.push(InstructionRow {
            name: &series.name,
            cells: variants.map(|variant| cell(&variant.name)).collect(),
        });
    }
    // The order of equals stays.
    rows.sort_by(|one, other| other.weight().total_cmp(&one.weight()));
    InstructionTable { step, rows }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, instruction};
    use crate::unit::ByteSize;

    #[test]
    fn instructions_of_all_variants_share_a_row_and_the_heaviest_stands_first() {
        let mut specimen = Specimen::new(&["a", "b"], &["cold"]);
        for (millis, cached) in [(100, false), (300, false), (0, true)] {
            let mut make = instruction("RUN make", 3, cached, millis);
            make.log_bytes = ByteSize(2_048);
            specimen.build("a", "cold", 500).instructions = vec![
                instruction("COPY . /app", 2, false, 10),
                make,
                instruction("RUN make", 4, true, 0),
            ];
        }
        specimen.build("b", "cold", 500).instructions = vec![instruction("RUN make", 2, true, 0)];
        let run = specimen.run();
        let analysis = Analysis::of(&run);
        let tables = instruction_tables(&run, &analysis);
        let words: Vec<(&str, Vec<String>)> = tables[0]
            .rows
            .iter()
            .map(|row| {
                let cells = row.cells.iter().map(|cell| {
                    let words = |cell: &&InstructionSeries| {
                        format!("{}, {}, {}", time(cell), cached(cell), log(cell))
                    };
                    cell.as_ref().map_or_else(|| "-".to_owned(), words)
                });
                (row.name, cells.collect())
            })
            .collect();
        assert_eq!(
            words,
            [
                (
                    "RUN make",
                    vec![
                        "200 ms (100–300), 1 of 3, 2.00 KiB".to_owned(),
                        "cached, 1 of 1, –".to_owned()
                    ]
                ),
                (
                    "COPY . /app",
                    vec!["10.0 ms, 0 of 3, –".to_owned(), "-".to_owned()]
                ),
                ("RUN make", vec!["cached, 3 of 3, –".to_owned(), "-".to_owned()]),
            ]
        );
    }
}
