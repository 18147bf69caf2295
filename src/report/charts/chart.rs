//! The charts of a run.

use super::builds::Builds;
use super::burst::Burst;
use super::canvas::ChartError;
use super::commits::Commits;
use super::layers::Layers;
use super::phases::Phases;
use super::sheet::{Body, DataTable, Width, render};
use super::size_start::SizeStart;
use super::start_phases::StartPhases;
use super::start_shares::StartShares;
use super::starts::Starts;
use super::timeline::TimelineChart;
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
    let mut bodies: Vec<Box<dyn Body>> = vec![
        Box::new(Builds::of(&source)),
        Box::new(Phases::of(&source)),
        Box::new(TimelineChart::of(&source)),
        Box::new(Layers::of(&source)),
        Box::new(SizeStart::of(&source)),
        Box::new(Starts::of(&source)),
    ];
    if let Some(phases) = StartPhases::of(&source) {
        bodies.push(Box::new(phases));
    }
    if let Some(shares) = StartShares::of(&source) {
        bodies.push(Box::new(shares));
    }
    if let Some(burst) = Burst::of(&source) {
        bodies.push(Box::new(burst));
    }
    if let Some(costs) = &analysis.replay {
        bodies.push(Box::new(Commits::of(&source, costs)));
    }
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
    use crate::analyze::specimen::{Specimen, hostile, layer_order, quick_start, two_stages};

    fn charts(specimen: &Specimen) -> Vec<Chart> {
        let run = specimen.run();
        draw_all(&run, &Analysis::of(&run)).unwrap()
    }

    fn count(svg: &str, part: &str) -> usize {
        svg.matches(part).count()
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

    #[test]
    fn the_other_charts_have_title_unit_and_marks() {
        let charts = charts(&quick_start());
        let expect = |index: usize, texts: &[&str]| {
            let svg = &charts[index].wide;
            for text in texts {
                assert!(svg.contains(text), "{} lacks {text}", charts[index].file);
            }
        };
        expect(
            1,
            &[
                "Instructions take 73 % of the longest build",
                "build time, s",
                ">\ninstructions\n",
            ],
        );
        expect(
            2,
            &[
                "RUN make takes the longest in the build of naive, edit source",
                "time of the build, s",
                ">\nCOPY . /app\n",
            ],
        );
        expect(
            3,
            &["All images are about 45.0 MiB", "image size, MiB", "COPY . /app"],
        );
        expect(
            4,
            &[
                "No difference in start time can be told",
                "start.ready, ms, not from zero",
                "fewer than three sizes of images: no slope is claimed",
                "image size on disk, MiB",
            ],
        );
        // Ten starts of the first variant and its mark in the key.
        assert_eq!(count(&charts[4].wide, "<circle"), 11);
        // Two own layers and a base for each of two variants, filled and outlined.
        assert_eq!(count(&charts[3].wide, "<rect"), 12);
    }

    #[test]
    fn the_starts_chart_shows_every_start_with_its_interval() {
        let starts = &charts(&quick_start())[5];
        assert_eq!(starts.file, "starts.svg");
        for text in [">\nstart.ready\n", ">\nstart.client\n", "time, ms"] {
            assert!(starts.wide.contains(text), "{text}: {}", starts.wide);
        }
        let samples = starts.data.rows[0].last().unwrap();
        assert_eq!(samples.matches(" (from ").count(), 10, "{samples}");
    }

    #[test]
    fn a_distribution_is_drawn_from_twenty_starts_on() {
        let shares = |specimen: &Specimen| {
            let mut charts = charts(specimen).into_iter();
            charts.find(|chart| chart.file == "start-shares.svg")
        };
        assert_eq!(shares(&quick_start()), None, "ten starts");
        let drawn = shares(&layer_order()).unwrap();
        assert!(
            drawn.title.starts_with("All starts are ready within "),
            "{}",
            drawn.title
        );
        assert_eq!(drawn.data.rows[0][1], "20");
        // A band and a curve for each of the variants.
        let variants = drawn.data.rows.len();
        assert_eq!(count(&drawn.wide, "opacity=\"0.18\""), variants, "{}", drawn.wide);
    }

    #[test]
    fn every_chart_describes_itself() {
        for chart in charts(&layer_order()) {
            for svg in [&chart.wide, &chart.narrow] {
                assert!(svg.contains("role=\"img\""), "{}", chart.file);
                assert!(svg.contains("<title id="), "{}", chart.file);
                assert!(svg.contains("<desc id="), "{}", chart.file);
                assert!(svg.contains("prefers-color-scheme:dark"), "{}", chart.file);
                assert!(!svg.contains("#01FE"), "{} has a sentinel left", chart.file);
            }
            assert!(!chart.data.rows.is_empty(), "{}", chart.file);
            for row in &chart.data.rows {
                assert_eq!(row.len(), chart.data.columns.len(), "{row:?}");
            }
        }
    }

    #[test]
    fn a_chart_without_data_is_described_without_it() {
        for chart in charts(&Specimen::new(&["a", "b"], &["cold"])) {
            let (_, rest) = chart.wide.split_once("<desc id=").unwrap();
            let (_, rest) = rest.split_once('>').unwrap();
            let (description, _) = rest.split_once("</desc>").unwrap();
            let words = description.trim_end_matches('.');
            assert!(
                words.len() + 1 == description.len() && words.ends_with(char::is_alphanumeric),
                "{}: {description}",
                chart.file
            );
        }
    }

    #[test]
    fn a_truncated_label_keeps_its_full_text() {
        let name =
            "a variant whose name is so long that no chart could ever show the whole of it in one line";
        let mut specimen = Specimen::new(&[name, "b"], &["cold"]);
        specimen.build(name, "cold", 100);
        for chart in charts(&specimen).iter().take(3) {
            assert!(
                chart.narrow.contains(&format!("<title>{name}</title>")),
                "{}",
                chart.file
            );
        }
    }

    /// Every text with its place: where it begins, where it ends, by the widest measure that we have.
    fn texts(svg: &str) -> Vec<(String, i32, i32)> {
        let attribute = |tag: &str, name: &str| {
            let tag = format!(" {tag}");
            let rest = tag.split(&format!(" {name}=\"")).nth(1).unwrap();
            rest.split('"').next().unwrap().to_owned()
        };
        svg.split("<text ")
            .skip(1)
            .map(|part| {
                let (tag, rest) = part.split_once('>').unwrap();
                let text = rest.split("</text>").next().unwrap();
                let text = text.split("<title>").next().unwrap().trim();
                let text = text
                    .replace("&lt;", "<")
                    .replace("&gt;", ">")
                    .replace("&quot;", "\"")
                    .replace("&apos;", "'")
                    .replace("&amp;", "&");
                let x: i32 = attribute(tag, "x").parse().unwrap();
                let size: f64 = attribute(tag, "font-size").parse().unwrap();
                let width =
                    crate::report::charts::lettering::width(&text, crate::report::charts::canvas::px(size));
                match attribute(tag, "text-anchor").as_str() {
                    "start" => (text, x, x + width),
                    "end" => (text, x - width, x),
                    _ => (text, x - width / 2, x + width / 2),
                }
            })
            .collect()
    }

    #[test]
    fn no_text_is_clipped() {
        for specimen in [quick_start(), layer_order(), hostile(), two_stages()] {
            for chart in charts(&specimen) {
                for (svg, width) in [(&chart.wide, 800), (&chart.narrow, 352)] {
                    let all = texts(svg);
                    assert!(all.len() > 5, "{}", chart.file);
                    for (text, from, to) in all {
                        // Half a tick label may stand beyond the end of its axis by a few pixels.
                        assert!(
                            from >= -2 && to <= width + 4,
                            "{} at {from} to {to}: {text}",
                            chart.file
                        );
                    }
                }
            }
        }
    }
}
