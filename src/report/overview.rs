//! The rows that the terminal, the page and Markdown show, each in its own form.

use std::collections::BTreeMap;

use super::quantity::{self, Shown};
use crate::analyze::{Analysis, CacheTraffic, Metric, MetricUnit, ReplayCosts, VariantCost};
use crate::results::Run;
use crate::stats::Summary;

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
    pub(super) starts: Vec<StartRow>,
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

/// The starts of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct StartRow {
    pub(super) variant: String,
    pub(super) ready: Shown,
    pub(super) ready_ratio: String,
    pub(super) client: Shown,
    pub(super) client_ratio: String,
}

impl Overview {
    pub(super) fn of(run: &Run, analysis: &Analysis) -> Self {
        let source = Source { run, analysis };
        Self {
            commits: source.commits(),
            builds: source.builds(),
            caches: source.caches(),
            images: source.images(),
            starts: source.starts(),
            notes: source.notes(),
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

    fn starts(self) -> Vec<StartRow> {
        let is_measured = |variant: &&str| {
            [Metric::StartReady, Metric::StartClient]
                .iter()
                .any(|metric| self.analysis.series(variant, metric).is_some())
        };
        self.variants()
            .filter(is_measured)
            .map(|variant| StartRow {
                variant: variant.to_owned(),
                ready: self.shown(variant, &Metric::StartReady),
                ready_ratio: self.ratio(variant, &Metric::StartReady),
                client: self.shown(variant, &Metric::StartClient),
                client_ratio: self.ratio(variant, &Metric::StartClient),
            })
            .collect()
    }

    fn notes(self) -> Vec<String> {
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
