//! The rows that the terminal, the page and Markdown show, each in its own form.

use std::collections::{BTreeMap, BTreeSet};

use super::quantity::{self, Shown};
use crate::analyze::{
    Analysis, BurstMetric, CacheTraffic, Metric, MetricUnit, ReplayCosts, StartMetric, VariantCost,
};
use crate::results::{Calibration, Run};
use crate::scenario::{ProbeTier, StartCache};
use crate::stats::Summary;
use crate::unit::Ratio;

/// What stands for a ratio where no difference can be told.
pub(super) const NO_DIFFERENCE: &str = "~";

/// The rows of a run, with texts as the scenario has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Overview {
    /// What the commits of a replay cost; empty for any other run.
    pub(super) commits: Vec<CommitsRow>,
    pub(super) builds: Vec<BuildRow>,
    /// What builds read from remote caches and stored in them; empty for a run without any.
    pub(super) caches: Vec<CacheRow>,
    pub(super) images: Vec<ImageRow>,
    pub(super) starts: Vec<StartTable>,
    /// What bursts took; empty for a run without any.
    pub(super) bursts: Vec<BurstRow>,
    /// What each image weighs and how fast it starts; absent where images were not weighed as a registry keeps them.
    pub(super) scale: Option<Scale>,
    /// What the numbers are, a sentence each.
    pub(super) notes: Vec<String>,
}

/// The commits of a replay with a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CommitsRow {
    pub(super) variant: String,
    pub(super) commits: String,
    pub(super) free: String,
    pub(super) per_commit: Shown,
    pub(super) quartiles: String,
    /// From the cheapest commit to the dearest.
    pub(super) range: String,
    pub(super) total: Shown,
    /// How many times the baseline, for one and the same commit.
    pub(super) ratio: String,
}

/// A variant at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BuildRow {
    pub(super) step: String,
    /// Whether this is the first row of its step.
    pub(super) first: bool,
    pub(super) variant: String,
    pub(super) time: Shown,
    /// How many times the baseline.
    pub(super) ratio: String,
    pub(super) rebuilt: String,
    pub(super) sent: String,
}

/// The remote cache in the builds of a variant at a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CacheRow {
    pub(super) step: String,
    pub(super) variant: String,
    /// Layers and their bytes.
    pub(super) imported: String,
    pub(super) import_time: Shown,
    pub(super) exported: String,
    pub(super) export_time: Shown,
}

/// The context and the image of a variant before any edit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ImageRow {
    pub(super) variant: String,
    pub(super) context: String,
    pub(super) files: String,
    pub(super) image: String,
    pub(super) layers: String,
}

/// Two metrics of starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StartTable {
    /// Their keys.
    pub(super) metrics: [String; 2],
    pub(super) rows: Vec<StartRow>,
}

/// Two metrics of the starts of a variant, each with its ratio.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StartRow {
    pub(super) variant: String,
    pub(super) cells: [(Shown, String); 2],
}

/// The bursts of so many containers of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BurstRow {
    pub(super) containers: u32,
    /// Whether this is the first row of so many containers.
    pub(super) first: bool,
    pub(super) variant: String,
    /// Until the first, half and all of them were ready.
    pub(super) times: [Shown; 3],
    /// How many times the baseline, until all were.
    pub(super) ratio: String,
    /// Memory, and how many times that of one container by itself; and the same of what they wrote to their own layers.
    pub(super) sizes: [String; 4],
}

/// What each image weighs, packed and on the disk, beside one metric of its starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Scale {
    /// The metric's key.
    pub(super) metric: String,
    pub(super) rows: Vec<ScaleRow>,
}

/// An image on the scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScaleRow {
    pub(super) variant: String,
    pub(super) packed: String,
    pub(super) image: String,
    pub(super) layers: String,
    pub(super) start: Shown,
    /// Starts that count.
    pub(super) n: String,
}

impl Overview {
    pub(super) fn of(run: &Run, analysis: &Analysis) -> Self {
        let source = Source { run, analysis };
        let scale = source.scale();
        Self {
            commits: source.commits(),
            builds: source.builds(),
            caches: source.caches(),
            images: source.images(),
            starts: source.starts(),
            bursts: source.bursts(),
            notes: source.notes(scale.is_some()),
            scale,
        }
    }
}

#[derive(Clone, Copy)]
struct Source<'a> {
    run: &'a Run,
    analysis: &'a Analysis,
}

impl<'a> Source<'a> {
    fn commits(self) -> Vec<CommitsRow> {
        let Some(costs) = &self.analysis.replay else {
            return Vec::new();
        };
        let unit = MetricUnit::Nanoseconds;
        let row = |cost: &VariantCost| {
            let lost = cost
                .commits
                .iter()
                .filter(|commit| commit.samples.is_empty())
                .count();
            CommitsRow {
                variant: cost.variant.clone(),
                commits: cost.commits.len().to_string(),
                free: cost.free().to_string(),
                per_commit: Shown {
                    lost: (lost > 0).then(|| format!("{lost} without a valid build")),
                    ..Shown::of_summary(unit, cost.per_commit.as_ref())
                },
                quartiles: cost.per_commit.map_or_else(String::new, |summary| {
                    format!(
                        "{} to {}",
                        unit.show_rounded(summary.q1),
                        unit.show_rounded(summary.q3)
                    )
                }),
                range: cost.per_commit.map_or_else(String::new, |summary| {
                    quantity::span(unit, summary.min, summary.max)
                }),
                total: Shown::of_summary(unit, cost.total().as_ref()),
                ratio: self.commit_ratio(costs, &cost.variant),
            }
        };
        costs.variants.iter().map(row).collect()
    }

    fn commit_ratio(self, costs: &ReplayCosts, variant: &str) -> String {
        if !self.shows_ratios() {
            return String::new();
        }
        if variant == self.run.header.baseline {
            return "1".to_owned();
        }
        let comparison = costs
            .comparisons
            .iter()
            .find(|comparison| comparison.other == variant);
        let Some(paired) = comparison.and_then(|comparison| comparison.per_commit) else {
            return String::new();
        };
        match paired.interval {
            Some((low, high, _)) if low.0 <= 1.0 && high.0 >= 1.0 => NO_DIFFERENCE.to_owned(),
            _ => quantity::times(paired.median),
        }
    }

    /// The time of a step, or that there was nothing to build.
    fn step_time(self, variant: &str, step: &str, time: &Metric) -> Shown {
        let shown = self.shown(variant, time);
        let cost = self
            .analysis
            .replay
            .as_ref()
            .and_then(|costs| costs.variant(variant));
        let commit = cost.and_then(|cost| cost.commits.iter().find(|commit| commit.step == step));
        if commit.is_some_and(|commit| commit.free.is_some()) && self.analysis.series(variant, time).is_none()
        {
            return Shown {
                value: "free".to_owned(),
                ..shown
            };
        }
        shown
    }

    fn builds(self) -> Vec<BuildRow> {
        let mut rows = Vec::new();
        for step in &self.run.header.steps {
            let time = Metric::StepTime(step.clone());
            for (index, variant) in self.variants().enumerate() {
                rows.push(BuildRow {
                    step: step.clone(),
                    first: index == 0,
                    variant: variant.to_owned(),
                    time: self.step_time(variant, step, &time),
                    ratio: self.ratio(variant, &time),
                    rebuilt: self.shown(variant, &Metric::StepRebuilt(step.clone())).value,
                    sent: self.shown(variant, &Metric::StepSent(step.clone())).value,
                });
            }
        }
        rows
    }

    fn caches(self) -> Vec<CacheRow> {
        let time = |summary: Option<&Summary>| Shown::of_summary(MetricUnit::Nanoseconds, summary);
        let row = |traffic: &CacheTraffic| CacheRow {
            step: traffic.step.clone(),
            variant: traffic.variant.clone(),
            imported: layers(traffic.imported_layers.as_ref(), traffic.imported_bytes.as_ref()),
            import_time: time(traffic.import_ns.as_ref()),
            exported: layers(traffic.exported_layers.as_ref(), traffic.exported_bytes.as_ref()),
            export_time: time(traffic.export_ns.as_ref()),
        };
        self.analysis.cache_traffic.iter().map(row).collect()
    }

    fn images(self) -> Vec<ImageRow> {
        self.variants()
            .map(|variant| {
                let value = |metric| self.shown(variant, &metric).value;
                ImageRow {
                    variant: variant.to_owned(),
                    context: value(Metric::ContextSize),
                    files: value(Metric::ContextFiles),
                    image: value(Metric::ImageSize),
                    layers: value(Metric::ImageLayers),
                }
            })
            .collect()
    }

    /// What starts took for users, and, where the kernel's record was to be had, what of it was the image's own.
    fn starts(self) -> Vec<StartTable> {
        let pairs = [
            [StartMetric::Ready, StartMetric::Client],
            [StartMetric::App, StartMetric::Runtime],
            [StartMetric::Cpu, StartMetric::Memory],
            [StartMetric::MajorFaults, StartMetric::Read],
            [StartMetric::Pull, StartMetric::PulledBytes],
        ];
        let of_state = |cache| pairs.map(|pair| pair.map(|what| Metric::Start(what, cache)));
        let tables = StartCache::ALL.into_iter().flat_map(of_state).map(|metrics| {
            let is_measured = |variant: &&str| {
                let mut metrics = metrics.iter();
                metrics.any(|metric| self.analysis.series(variant, metric).is_some())
            };
            let rows = self.variants().filter(is_measured).map(|variant| StartRow {
                variant: variant.to_owned(),
                cells: [0, 1].map(|index| {
                    let metric = &metrics[index];
                    (self.shown(variant, metric), self.ratio(variant, metric))
                }),
            });
            StartTable {
                rows: rows.collect(),
                metrics: metrics.map(|metric| metric.to_string()),
            }
        });
        tables.filter(|table| !table.rows.is_empty()).collect()
    }

    fn bursts(self) -> Vec<BurstRow> {
        let sizes: BTreeSet<u32> = self.run.bursts.iter().map(|burst| burst.containers).collect();
        let mut rows = Vec::new();
        for containers in sizes {
            for (index, variant) in self.variants().enumerate() {
                let metric = |what| Metric::Burst(what, containers);
                let times = [BurstMetric::First, BurstMetric::Median, BurstMetric::Last];
                let [memory, memory_times] = self.beside_one(variant, BurstMetric::Memory, containers);
                let [disk, disk_times] = self.beside_one(variant, BurstMetric::Disk, containers);
                rows.push(BurstRow {
                    containers,
                    first: index == 0,
                    variant: variant.to_owned(),
                    times: times.map(|what| self.shown(variant, &metric(what))),
                    ratio: self.ratio(variant, &metric(BurstMetric::Last)),
                    sizes: [memory, memory_times, disk, disk_times],
                });
            }
        }
        rows
    }

    /// The metric is that of the verdict where that is of starts, else `start.app` or `start.ready` of images on the disk or
    /// in memory.
    fn scale(self) -> Option<Scale> {
        let packed = Metric::Start(StartMetric::PulledBytes, StartCache::ColdPull);
        let is_measured = |metric: &Metric| {
            let mut variants = self.variants();
            variants.any(|variant| self.analysis.series(variant, metric).is_some())
        };
        if !is_measured(&packed) {
            return None;
        }
        let lead = self.analysis.sentence.metric.clone();
        let lead = lead.filter(|metric| matches!(metric, Metric::Start(..)));
        let usual = [StartCache::ColdPages, StartCache::ColdPull, StartCache::Warm]
            .into_iter()
            .flat_map(|cache| [StartMetric::App, StartMetric::Ready].map(|what| Metric::Start(what, cache)));
        let metric = lead.into_iter().chain(usual).find(is_measured)?;
        let rows = self.variants().map(|variant| {
            let value = |metric| self.shown(variant, &metric).value;
            let n = self
                .analysis
                .series(variant, &metric)
                .map(|series| series.estimate.n());
            ScaleRow {
                variant: variant.to_owned(),
                packed: value(packed.clone()),
                image: value(Metric::ImageSize),
                layers: value(Metric::ImageLayers),
                start: self.shown(variant, &metric),
                n: n.map_or_else(|| Shown::of(None).value, |n| n.to_string()),
            }
        });
        Some(Scale {
            metric: metric.to_string(),
            rows: rows.collect(),
        })
    }

    /// What so many containers use, and how many times what one uses that is released alone.
    fn beside_one(self, variant: &str, what: BurstMetric, containers: u32) -> [String; 2] {
        let median = |containers| {
            let series = self.analysis.series(variant, &Metric::Burst(what, containers))?;
            Some(series.estimate.timed()?.median)
        };
        let shown = self.shown(variant, &Metric::Burst(what, containers)).value;
        let times = match (median(containers), median(1)) {
            (Some(all), Some(one)) if one > 0.0 && containers > 1 => quantity::times(Ratio(all / one)),
            _ => String::new(),
        };
        [shown, times]
    }

    /// How exactly starts are known, a line for each state: the median width of the samples' own intervals, the widest of
    /// the variants.
    fn uncertainty(self) -> impl Iterator<Item = String> {
        StartCache::ALL.into_iter().filter_map(move |cache| {
            let metrics = [StartMetric::Ready, StartMetric::Client, StartMetric::App];
            let known = metrics.into_iter().filter_map(|what| {
                let metric = Metric::Start(what, cache);
                let widths = self
                    .variants()
                    .filter_map(|variant| self.analysis.series(variant, &metric)?.uncertainty());
                let widest = widths.max_by(f64::total_cmp)?;
                Some(format!("{} {}", what.key(), metric.unit().show_rounded(widest)))
            });
            let known: Vec<String> = known.collect();
            let state = if cache.is_usual() {
                String::new()
            } else {
                format!(" ({cache})")
            };
            (!known.is_empty()).then(|| format!("known to{state}: {}", known.join(", ")))
        })
    }

    /// How far off the ways were by which starts were looked at, as a self-test of this machine found, or that none did.
    fn calibration(self) -> Vec<String> {
        let Some(record) = &self.run.calibration else {
            return Vec::new();
        };
        let tiers: BTreeSet<ProbeTier> = self.run.starts.iter().map(|start| start.tier).collect();
        // What the engine tells is nobody's look, and in no self-test.
        let tiers: Vec<ProbeTier> = tiers
            .into_iter()
            .filter(|tier| *tier != ProbeTier::Engine)
            .collect();
        if let (Some(missing), false) = (&record.missing, tiers.is_empty()) {
            return vec![format!("not calibrated: {missing}; `seatrial selftest`")];
        }
        let told = tiers.into_iter().flat_map(|tier| match record.of(tier) {
            Some(calibration) => calibrated(calibration),
            None => vec![format!(
                "not calibrated: no stored self-test looked by {tier}; `seatrial selftest`"
            )],
        });
        told.collect()
    }

    /// `weighed`: whether images were weighed as a registry keeps them.
    fn notes(self, weighed: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(note) = quantity::span_note(&self.analysis.series) {
            notes.push(format!("time: {note}"));
        }
        if self.shows_ratios() {
            notes.push(format!(
                "ratio: how many times the baseline, {}; {NO_DIFFERENCE} where no difference can be told",
                self.run.header.baseline
            ));
        }
        let known = notes.len();
        notes.extend(self.uncertainty());
        if notes.len() > known {
            notes.push(
                "known to: the width in which a start lies; less than twice is never claimed".to_owned(),
            );
        }
        notes.extend(self.calibration());
        notes.extend(self.utilisation());
        if !self.run.bursts.is_empty() {
            let sentences = [
                "burst: containers released at once; first, half, all: from the release until ready",
                "of one: how many times what one container uses that is released alone",
            ];
            notes.extend(sentences.map(str::to_owned));
        }
        notes.extend(self.line());
        if weighed {
            notes.push(
                "packed: as pulled, gzip; layers that the engine keeps unpacked are packed at level 6"
                    .to_owned(),
            );
        }
        if let Some(costs) = &self.analysis.replay {
            let sentences = [
                "per commit: median over commits, a free one as 0; total: of a whole round",
                "ratio of a commit: median over the commits that both variants built",
            ];
            notes.extend(sentences.map(str::to_owned));
            for (reason, count) in free_reasons(costs) {
                let times = if count == 1 {
                    "once"
                } else {
                    &format!("{count} times")
                };
                notes.push(format!("free, {times}: {reason}"));
            }
        }
        if !self.analysis.cache_traffic.is_empty() {
            let sentence = "imported: layers read; exported: layers then held; bytes where told; medians";
            notes.push(sentence.to_owned());
        }
        let lost = |series: &crate::analyze::Series| series.failed + series.invalid > 0;
        if self.analysis.series.iter().any(lost) {
            notes.push("failed and invalid samples are not in any number; the report says why".to_owned());
        }
        notes
    }

    /// What lay between the registry and the engine, where images were pulled.
    fn line(self) -> Option<String> {
        let mut pulls = self.run.starts.iter().filter_map(|start| start.pull.as_ref());
        let shape = pulls.next()?.shape;
        Some(format!("pulled from a registry on this machine: {shape}"))
    }

    /// How much of each image its starts from the disk brought to memory: the largest of them, since none needed more.
    fn utilisation(self) -> impl Iterator<Item = String> {
        self.variants().filter_map(move |variant| {
            let cold = self.run.starts.iter().filter(|start| {
                start.key.variant == variant && start.cache == StartCache::ColdPages && start.outcome.is_ok()
            });
            let pages = cold.filter_map(|start| start.pages);
            let most = pages.max_by_key(|pages| pages.ready_bytes)?;
            Some(format!(
                "{variant} started from the disk: {} of the image's {} came to memory, {:.1} %",
                most.ready_bytes?,
                most.image_bytes,
                most.utilisation()? * 100.0
            ))
        })
    }

    fn variants(self) -> impl Iterator<Item = &'a str> {
        self.run
            .header
            .variants
            .iter()
            .map(|variant| variant.name.as_str())
    }

    fn shows_ratios(self) -> bool {
        !self.run.header.quick && self.run.header.variants.len() > 1
    }

    fn shown(self, variant: &str, metric: &Metric) -> Shown {
        // What has no step in its key is shown as of the first step: the context and the image before any edit.
        let series = match self.run.header.steps.first() {
            Some(step) if metric.step_is_implied() => self.analysis.series_at(variant, metric, step),
            _ => self.analysis.series(variant, metric),
        };
        Shown::of(series)
    }

    fn ratio(self, variant: &str, metric: &Metric) -> String {
        if !self.shows_ratios() {
            return String::new();
        }
        if variant == self.run.header.baseline {
            let measured = self
                .analysis
                .series(variant, metric)
                .is_some_and(|series| series.estimate.n() > 0);
            return if measured { "1".to_owned() } else { String::new() };
        }
        match self.analysis.comparison(variant, metric) {
            Some(comparison) if comparison.is_difference() => comparison
                .estimate
                .map(|estimate| quantity::times(estimate.ratio))
                .unwrap_or_default(),
            Some(_) => NO_DIFFERENCE.to_owned(),
            None => String::new(),
        }
    }
}

/// "trace: late by 441 µs (p50), 1.11 ms (p99), self-test 2026-11-22, n 300"; and whether it missed a bound.
fn calibrated(calibration: &Calibration) -> Vec<String> {
    let errors = &calibration.errors;
    let share = match errors.error_percent {
        100 => "largest".to_owned(),
        percent => format!("p{percent}"),
    };
    let finished = &calibration.finished_utc;
    let mut lines = vec![format!(
        "{}: late by {} (p50), {} ({share}), self-test {}, n {}",
        errors.tier,
        errors.bias_ns,
        errors.error_ns,
        finished.get(..10).unwrap_or(finished),
        errors.n
    )];
    if !errors.kept {
        lines.push(format!("{}: missed a bound in that self-test", errors.tier));
    }
    lines
}

/// "4 layers, 12.3 MiB"; a dash where none were moved.
fn layers(count: Option<&Summary>, bytes: Option<&Summary>) -> String {
    let Some(count) = count else {
        return Shown::of(None).value;
    };
    let noun = if (count.min, count.max) == (1, 1) {
        "layer"
    } else {
        "layers"
    };
    let count = MetricUnit::Count.show_rounded(count.median);
    match bytes {
        Some(bytes) => format!("{count} {noun}, {}", MetricUnit::Bytes.show_rounded(bytes.median)),
        None => format!("{count} {noun}"),
    }
}

/// Why commits are free, and how many are for that reason, over all variants.
fn free_reasons(costs: &ReplayCosts) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    let commits = costs.variants.iter().flat_map(|cost| &cost.commits);
    for reason in commits.filter_map(|commit| commit.free.as_deref()) {
        *reasons.entry(reason).or_default() += 1;
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::Specimen;
    use crate::results::{CalibratedMachine, CalibrationRecord, TierErrors};
    use crate::unit::Nanos;

    /// The notes that speak of calibration.
    fn notes(record: Option<CalibrationRecord>, tiers: &[ProbeTier]) -> Vec<String> {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        specimen.build("a", "cold", 100);
        for tier in tiers {
            specimen.start("a", Nanos::from_millis(200), Nanos(1)).tier = *tier;
        }
        let run = Run {
            calibration: record,
            ..specimen.run()
        };
        let notes = Overview::of(&run, &Analysis::of(&run)).notes;
        let about = |note: &String| note.contains("calibrated") || note.contains("self-test");
        notes.into_iter().filter(about).collect()
    }

    fn found(tier: ProbeTier, n: usize, error_percent: u8, kept: bool) -> Calibration {
        let environment = Specimen::new(&["a"], &[]).run().header.environment;
        Calibration {
            finished_utc: "2001-02-03T04:05:06.789Z".to_owned(),
            tool_version: "0.0.0".to_owned(),
            machine: CalibratedMachine::of(&environment),
            errors: TierErrors {
                tier,
                n,
                bias_ns: Nanos(441_000),
                error_ns: Nanos(1_110_000),
                error_percent,
                kept,
            },
        }
    }

    #[test]
    fn each_way_that_was_used_is_told_with_how_late_it_is() {
        let record = CalibrationRecord {
            calibrations: vec![
                found(ProbeTier::Published, 12, 100, false),
                found(ProbeTier::Trace, 300, 99, true),
                found(ProbeTier::Ip, 300, 99, true),
            ],
            missing: None,
        };
        let used = [ProbeTier::Trace, ProbeTier::Published, ProbeTier::Sidecar];
        let notes = notes(Some(record), &used);
        assert_eq!(
            notes,
            [
                "trace: late by 441 µs (p50), 1.11 ms (p99), self-test 2001-02-03, n 300",
                "not calibrated: no stored self-test looked by sidecar; `seatrial selftest`",
                "published: late by 441 µs (p50), 1.11 ms (largest), self-test 2001-02-03, n 12",
                "published: missed a bound in that self-test",
            ]
        );
    }

    #[test]
    fn a_run_without_a_self_test_says_so_in_one_line_and_an_older_one_claims_nothing() {
        let reason = "no self-test of this machine and engine";
        let record = CalibrationRecord::missing(reason.to_owned());
        let told = [format!("not calibrated: {reason}; `seatrial selftest`")];
        let used = [ProbeTier::Trace, ProbeTier::Published];
        assert_eq!(notes(Some(record.clone()), &used), told);
        assert_eq!(notes(None, &used), [""; 0]);
        // Nobody looked, or the engine told.
        assert_eq!(notes(Some(record.clone()), &[]), [""; 0]);
        assert_eq!(notes(Some(record), &[ProbeTier::Engine]), [""; 0]);
        assert!(told[0].chars().count() <= 80, "{told:?}");
    }
}
