//! The charts of a run.

use super::builds::Builds;
use super::canvas::ChartError;
use super::layers::Layers;
use super::phases::Phases;
use super::sheet::{Body, DataTable, Width, render};
use super::size_start::SizeStart;
use crate::analyze::{Analysis, Comparison, Metric};
use crate::report::untrusted::plain_line;
use crate::results::{ImageFacts, Run};

/// A chart, drawn at two widths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// The name of its file, such as `builds.svg`.
    pub file: String,
    /// The finding that it shows.
    pub title: String,
    /// The SVG for a desktop, which is the one written to a file.
    pub wide: String,
    /// The SVG for a phone.
    pub narrow: String,
    /// What it shows, as a table.
    pub data: DataTable,
}

/// Draws every chart of a run. One without data says why there is nothing to see.
///
/// # Errors
///
/// Where the drawing library refuses.
pub fn draw_all(run: &Run, analysis: &Analysis) -> Result<Vec<Chart>, ChartError> {
    let source = Source { run, analysis };
    let bodies: [Box<dyn Body>; 4] = [
        Box::new(Builds::of(&source)),
        Box::new(Phases::of(&source)),
        Box::new(Layers::of(&source)),
        Box::new(SizeStart::of(&source)),
    ];
    bodies
        .iter()
        .map(|body| {
            Ok(Chart {
                file: format!("{}.svg", body.texts().name),
                title: plain_line(&body.texts().title),
                wide: render(body.as_ref(), Width::Wide)?,
                narrow: render(body.as_ref(), Width::Narrow)?,
                data: body.data(),
            })
        })
        .collect()
}

/// What charts are prepared from.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub(super) run: &'a Run,
    pub(super) analysis: &'a Analysis,
}

impl<'a> Source<'a> {
    /// The variants with their position, which gives colour and shape.
    pub(super) fn variants(&self) -> impl Iterator<Item = (usize, &'a str)> + use<'a> {
        self.run
            .header
            .variants
            .iter()
            .enumerate()
            .map(|(index, variant)| (index, variant.name.as_str()))
    }

    /// Whether the verdict is about the time of a build.
    pub(super) fn leads_with_a_build(&self) -> bool {
        let metric = self.analysis.sentence.metric.as_ref();
        metric.is_some_and(Metric::is_step_time)
    }

    /// The comparison of a metric, where there are just two variants.
    pub(super) fn only_comparison(&self, metric: &Metric) -> Option<&'a Comparison> {
        let mut compared = self
            .analysis
            .comparisons
            .iter()
            .filter(|comparison| comparison.metric == *metric);
        compared.next().filter(|_| compared.next().is_none())
    }

    /// Scenario, counts, engine and date.
    pub(super) fn subtitle(&self) -> String {
        let header = &self.run.header;
        let environment = &header.environment;
        let mut parts = Vec::new();
        if let Some(stamp) = self.analysis.sentence.stamp {
            parts.push(stamp.to_string());
        }
        parts.push(header.scenario.clone());
        parts.push(plural(header.rounds, "round"));
        if header.starts > 0 {
            parts.push(plural(header.starts, "start"));
        }
        parts.push(format!("engine {}", environment.engine));
        parts.push(format!("{} store", environment.store));
        if let Some(cpu) = &environment.cpu {
            parts.push(cpu.clone());
        }
        let date = header.started_utc.get(..10).unwrap_or(&header.started_utc);
        parts.push(date.to_owned());
        parts.join(" · ")
    }

    /// Why a chart is empty.
    pub(super) fn nothing(&self, reason: &str) -> String {
        let failed = self
            .run
            .builds
            .iter()
            .filter(|build| !build.outcome.is_ok())
            .count()
            + self
                .run
                .starts
                .iter()
                .filter(|start| !start.outcome.is_ok())
                .count();
        if failed == 0 {
            format!("{reason} The run holds no sample of it.")
        } else {
            format!(
                "{reason} Of all samples of the run, {failed} failed or were invalid; see the report for why."
            )
        }
    }
}

fn plural(count: u32, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

/// The image of a variant's last valid build that has one.
pub(super) fn last_image<'a>(run: &'a Run, variant: &str) -> Option<&'a ImageFacts> {
    run.builds
        .iter()
        .rev()
        .filter(|build| build.key.variant == variant && build.outcome.is_ok())
        .find_map(|build| build.image.as_ref())
}

/// A sentence as a title: its first letter large, names without the backticks around them.
pub(super) fn sentence_case(sentence: &str) -> String {
    let mut rest = sentence.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    let rest: String = rest.filter(|character| *character != '`').collect();
    format!("{first}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, layer_order, quick_start};

    fn charts(specimen: &Specimen) -> Vec<Chart> {
        let run = specimen.run();
        draw_all(&run, &Analysis::of(&run)).unwrap()
    }

    fn count(svg: &str, part: &str) -> usize {
        svg.matches(part).count()
    }

    /// Leaves the charts in the target folder for a look at them.
    #[test]
    fn charts_are_left_to_be_looked_at() {
        for (name, specimen) in [
            ("quick-start", quick_start()),
            ("layer-order", layer_order()),
            ("empty", Specimen::new(&["a", "b"], &["cold"])),
        ] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("target/looks")
                .join(name);
            std::fs::create_dir_all(&folder).unwrap();
            for chart in charts(&specimen) {
                std::fs::write(folder.join(&chart.file), &chart.wide).unwrap();
                std::fs::write(folder.join(format!("narrow-{}", chart.file)), &chart.narrow).unwrap();
            }
        }
    }

    #[test]
    fn the_builds_chart_shows_every_sample_with_title_and_unit() {
        let svg = &charts(&quick_start())[0].wide;
        // Twenty counted builds of the first variant and its key mark in four lanes; rings are warm-ups.
        assert_eq!(count(svg, "class=\"f-v0\" stroke"), 24, "{svg}");
        assert_eq!(count(svg, "<polygon"), 24);
        assert_eq!(count(svg, "class=\"s-mu\""), 2);
        assert!(svg.contains("After edit source, naive takes"), "{svg}");
        assert!(svg.contains("build time, s, logarithmic scale"), "{svg}");
    }
}
