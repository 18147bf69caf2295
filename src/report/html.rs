//! `report.html`: one file, without scripts and without anything from the network.
//!
//! The template escapes every text; only the charts, which are made here, are inserted as they are.

use askama::Template;

use super::charts::Chart;
use super::facts;
use super::instructions::{self, instruction_tables};
use super::moment::moment;
use super::overview::{Overview, Scale};
use super::paths;
use super::quantity::Shown;
use super::untrusted::{plain_line, plain_tail};
use crate::analyze::{Analysis, Finding, InstructionSeries, Sentence};
use crate::results::Run;

/// The page could not be rendered.
#[derive(Debug, thiserror::Error)]
#[error("cannot render the page")]
pub struct RenderPage(#[source] askama::Error);

/// The page of a run.
///
/// # Errors
///
/// Where the template engine fails.
pub fn html(run: &Run, analysis: &Analysis, charts: &[Chart]) -> Result<String, RenderPage> {
    Page::of(run, analysis, charts).render().map_err(RenderPage)
}

/// What the template shows. Every text is harmless and not yet escaped.
#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    title: String,
    question: Option<String>,
    when: String,
    verdict: Vec<Span>,
    stamp: Option<String>,
    warnings: Vec<Vec<Span>>,
    overview: OverviewRows,
    charts: ChartsByName<'a>,
    variants: Vec<String>,
    paths: Vec<PathRow>,
    instructions: Vec<InstructionSection>,
    comparisons: Vec<ComparisonRow>,
    failures: Vec<FailureBlock>,
    environment: Vec<facts::Fact>,
    run_id: String,
    rounds: u32,
    starts: u32,
    seed: u64,
    tool_version: String,
}

/// A part of a sentence.
struct Span {
    text: String,
    /// Whether it is a name, which stands in code letters.
    code: bool,
    /// Whether it is what a number rests on, which stands back.
    numbers: bool,
}

impl Span {
    fn words(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            code: false,
            numbers: false,
        }
    }
}

struct OverviewRows {
    commits: Vec<CommitsCells>,
    builds: Vec<BuildCells>,
    caches: Vec<CacheCells>,
    images: Vec<Vec<String>>,
    starts: Vec<StartCellsTable>,
    bursts: Vec<BurstCells>,
    scale: Option<ScaleCells>,
    notes: Vec<String>,
}

struct ScaleCells {
    metric: String,
    rows: Vec<ScaleRowCells>,
}

struct ScaleRowCells {
    variant: String,
    /// Packed, on the disk, and layers.
    sizes: [String; 3],
    start: TimeCell,
    n: String,
}

struct BurstCells {
    containers: u32,
    /// Whether this is the first row of so many containers.
    first: bool,
    variant: String,
    times: [TimeCell; 3],
    ratio: String,
    sizes: [String; 4],
}

struct CommitsCells {
    variant: String,
    commits: String,
    free: String,
    per_commit: TimeCell,
    quartiles: String,
    range: String,
    total: TimeCell,
    ratio: String,
}

struct BuildCells {
    step: String,
    /// Whether this is the first row of its step, which has a heading above it.
    first: bool,
    variant: String,
    time: TimeCell,
    ratio: String,
    rebuilt: String,
    sent: String,
}

struct CacheCells {
    step: String,
    variant: String,
    imported: String,
    import_time: TimeCell,
    exported: String,
    export_time: TimeCell,
}

struct StartCellsTable {
    metrics: [String; 2],
    rows: Vec<StartCells>,
}

struct StartCells {
    variant: String,
    cells: Vec<(TimeCell, String)>,
}

struct TimeCell {
    line: String,
    lost: Option<String>,
}

struct ChartsByName<'a> {
    commits: Option<&'a Chart>,
    builds: Option<&'a Chart>,
    phases: Option<&'a Chart>,
    timeline: Option<&'a Chart>,
    layers: Option<&'a Chart>,
    size_start: Option<&'a Chart>,
    starts: Option<&'a Chart>,
    start_phases: Option<&'a Chart>,
    start_shares: Option<&'a Chart>,
    burst: Option<&'a Chart>,
}

struct PathRow {
    step: String,
    variant: String,
    length: String,
    total: String,
    chain: String,
    at_once: String,
}

struct InstructionSection {
    step: String,
    open: bool,
    rows: Vec<InstructionLine>,
}

struct InstructionLine {
    name: String,
    cells: Vec<InstructionState>,
}

struct InstructionState {
    class: &'static str,
    time: String,
    /// How often it was cached, what it logged, and its line.
    detail: String,
}

struct ComparisonRow {
    metric: String,
    other: String,
    baseline: String,
    numbers: facts::ComparisonNumbers,
    finding: String,
}

struct FailureBlock {
    place: String,
    message: Vec<Span>,
    instruction: Option<String>,
    log: String,
}

impl<'a> Page<'a> {
    fn of(run: &Run, analysis: &Analysis, charts: &'a [Chart]) -> Self {
        let header = &run.header;
        let chart = |file: &str| charts.iter().find(|chart| chart.file == file);
        Self {
            title: plain_line(&header.title),
            question: header.question.as_deref().map(plain_line),
            when: moment(&header.started_utc),
            verdict: verdict(&analysis.sentence),
            stamp: analysis.sentence.stamp.map(|stamp| stamp.to_string()),
            warnings: analysis
                .warnings
                .iter()
                .map(|warning| spans(&warning.to_string()))
                .collect(),
            overview: overview(&Overview::of(run, analysis)),
            charts: ChartsByName {
                commits: chart("commits.svg"),
                builds: chart("builds.svg"),
                phases: chart("phases.svg"),
                timeline: chart("timeline.svg"),
                layers: chart("layers.svg"),
                size_start: chart("size-start.svg"),
                starts: chart("starts.svg"),
                start_phases: chart("start-phases.svg"),
                start_shares: chart("start-shares.svg"),
                burst: chart("burst.svg"),
            },
            variants: header
                .variants
                .iter()
                .map(|variant| plain_line(&variant.name))
                .collect(),
            paths: paths::rows(analysis).iter().map(path).collect(),
            instructions: instructions(run, analysis),
            comparisons: analysis.comparisons.iter().map(comparison).collect(),
            failures: facts::failures(run)
                .into_iter()
                .map(|failure| FailureBlock {
                    place: plain_line(&failure.place),
                    message: spans(&failure.message),
                    instruction: failure.instruction.as_deref().map(plain_line),
                    log: plain_tail(&failure.log_tail),
                })
                .collect(),
            environment: facts::environment(run)
                .into_iter()
                .map(|fact| facts::Fact {
                    name: plain_line(&fact.name),
                    value: plain_line(&fact.value),
                })
                .collect(),
            run_id: plain_line(&header.run_id),
            rounds: header.rounds,
            starts: header.starts,
            seed: header.seed,
            tool_version: plain_line(&header.tool_version),
        }
    }
}

fn overview(overview: &Overview) -> OverviewRows {
    OverviewRows {
        commits: overview
            .commits
            .iter()
            .map(|row| CommitsCells {
                variant: plain_line(&row.variant),
                commits: row.commits.clone(),
                free: row.free.clone(),
                per_commit: time(&row.per_commit),
                quartiles: row.quartiles.clone(),
                range: row.range.clone(),
                total: time(&row.total),
                ratio: row.ratio.clone(),
            })
            .collect(),
        builds: overview
            .builds
            .iter()
            .map(|row| BuildCells {
                step: plain_line(&row.step),
                first: row.first,
                variant: plain_line(&row.variant),
                time: time(&row.time),
                ratio: row.ratio.clone(),
                rebuilt: row.rebuilt.clone(),
                sent: row.sent.clone(),
            })
            .collect(),
        caches: overview
            .caches
            .iter()
            .map(|row| CacheCells {
                step: plain_line(&row.step),
                variant: plain_line(&row.variant),
                imported: row.imported.clone(),
                import_time: time(&row.import_time),
                exported: row.exported.clone(),
                export_time: time(&row.export_time),
            })
            .collect(),
        images: overview
            .images
            .iter()
            .map(|row| {
                vec![
                    plain_line(&row.variant),
                    row.context.clone(),
                    row.files.clone(),
                    row.image.clone(),
                    row.layers.clone(),
                ]
            })
            .collect(),
        starts: overview
            .starts
            .iter()
            .map(|table| StartCellsTable {
                metrics: table.metrics.clone(),
                rows: table
                    .rows
                    .iter()
                    .map(|row| StartCells {
                        variant: plain_line(&row.variant),
                        cells: row
                            .cells
                            .iter()
                            .map(|(shown, ratio)| (time(shown), ratio.clone()))
                            .collect(),
                    })
                    .collect(),
            })
            .collect(),
        bursts: bursts(overview),
        scale: overview.scale.as_ref().map(scale),
        notes: overview
            .notes
            .iter()
            .map(|note| first_large(&plain_line(note)))
            .collect(),
    }
}

fn bursts(overview: &Overview) -> Vec<BurstCells> {
    let rows = overview.bursts.iter().map(|row| BurstCells {
        containers: row.containers,
        first: row.first,
        variant: plain_line(&row.variant),
        times: row.times.each_ref().map(time),
        ratio: row.ratio.clone(),
        sizes: row.sizes.clone(),
    });
    rows.collect()
}

fn scale(scale: &Scale) -> ScaleCells {
    let rows = scale.rows.iter().map(|row| ScaleRowCells {
        variant: plain_line(&row.variant),
        sizes: [row.packed.clone(), row.image.clone(), row.layers.clone()],
        start: time(&row.start),
        n: row.n.clone(),
    });
    ScaleCells {
        metric: scale.metric.clone(),
        rows: rows.collect(),
    }
}

fn time(shown: &Shown) -> TimeCell {
    TimeCell {
        line: shown.line(),
        lost: shown.lost.clone(),
    }
}

/// The step of the verdict is open, or the last one where the verdict is about something else.
fn instructions(run: &Run, analysis: &Analysis) -> Vec<InstructionSection> {
    let tables = instruction_tables(run, analysis);
    let leading = analysis.sentence.metric.as_ref().and_then(|lead| {
        tables
            .iter()
            .position(|table| *lead == crate::analyze::Metric::StepTime(table.step.to_owned()))
    });
    let open = leading.unwrap_or(tables.len().saturating_sub(1));
    tables
        .into_iter()
        .enumerate()
        .map(|(index, table)| InstructionSection {
            step: plain_line(table.step),
            open: index == open,
            rows: table
                .rows
                .into_iter()
                .map(|row| InstructionLine {
                    name: plain_line(row.name),
                    cells: row.cells.iter().map(|cell| state(*cell)).collect(),
                })
                .collect(),
        })
        .collect()
}

fn state(cell: Option<&InstructionSeries>) -> InstructionState {
    let Some(cell) = cell else {
        return InstructionState {
            class: "absent",
            time: "–".to_owned(),
            detail: String::new(),
        };
    };
    let mut detail = vec![format!("cached {}", instructions::cached(cell))];
    let log = instructions::log(cell);
    if log != "–" {
        detail.push(format!("log {log}"));
    }
    detail.extend(cell.line.map(|line| format!("line {line}")));
    InstructionState {
        class: if cell.ran() == 0 { "cached" } else { "rebuilt" },
        time: instructions::time(cell),
        detail: detail.join(", "),
    }
}

fn path(row: &paths::PathRow) -> PathRow {
    PathRow {
        step: plain_line(row.step),
        variant: plain_line(row.variant),
        length: row.length.clone(),
        total: row.total.clone(),
        chain: plain_line(&row.chain),
        at_once: row.at_once.clone(),
    }
}

fn comparison(comparison: &crate::analyze::Comparison) -> ComparisonRow {
    ComparisonRow {
        metric: plain_line(&comparison.metric.to_string()),
        other: plain_line(&comparison.other),
        baseline: plain_line(&comparison.baseline),
        numbers: facts::comparison_numbers(comparison),
        finding: match &comparison.finding {
            Finding::OtherSlower => "▲ slower".to_owned(),
            Finding::OtherFaster => "▼ faster".to_owned(),
            Finding::NoDifference => "no difference can be told".to_owned(),
            other => plain_line(&other.reason()),
        },
    }
}

/// The text with its first letter large.
fn first_large(text: &str) -> String {
    let mut rest = text.chars();
    match rest.next() {
        Some(first) => first.to_uppercase().chain(rest).collect(),
        None => String::new(),
    }
}

/// The verdict sentence with its numbers told from its words.
fn verdict(sentence: &Sentence) -> Vec<Span> {
    if sentence.clauses.is_empty() {
        return spans(&first_large(&sentence.text));
    }
    let mut all = spans(&first_large(&sentence.place));
    for (index, clause) in sentence.clauses.iter().enumerate() {
        all.push(Span::words(if index == 0 { ", " } else { "; " }));
        all.extend(spans(&clause.words));
        if let Some(numbers) = &clause.numbers {
            all.push(Span {
                numbers: true,
                ..Span::words(format!(" ({})", plain_line(numbers)))
            });
        }
    }
    all
}

/// Splits a sentence at its backticks. A name that holds one itself leaves the sentence whole.
fn spans(sentence: &str) -> Vec<Span> {
    let sentence = plain_line(sentence);
    if sentence.matches('`').count() % 2 == 1 {
        return vec![Span::words(sentence)];
    }
    sentence
        .split('`')
        .enumerate()
        .filter(|(_, text)| !text.is_empty())
        .map(|(index, text)| Span {
            code: index % 2 == 1,
            ..Span::words(text)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, layer_order, quick_start};
    use crate::report::charts::draw_all;

    fn page(specimen: &Specimen) -> String {
        let run = specimen.run();
        let analysis = Analysis::of(&run);
        html(&run, &analysis, &draw_all(&run, &analysis).unwrap()).unwrap()
    }

    #[test]
    fn the_page_leads_with_the_verdict_and_loads_nothing() {
        let page = page(&quick_start());
        let verdict = page.find("naive takes 5.18× as long as ordered").unwrap();
        assert!(verdict < page.find("<svg").unwrap());
        assert!(
            page.contains(
                "http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
                 style-src 'unsafe-inline'; img-src data:\""
            ),
            "{page}"
        );
        for foreign in ["<script", "src=", "@import", "url(", "<link"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
        // Each chart once for a desktop and once for a phone.
        assert_eq!(page.matches("<svg ").count(), 14);
    }

    #[test]
    fn ids_are_unique() {
        let page = page(&layer_order());
        let mut ids: Vec<&str> = page
            .split(" id=\"")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert!(all > 8);
        assert_eq!(ids.len(), all);
    }

    #[test]
    fn failures_are_shown_with_their_logs() {
        let page = page(&layer_order());
        assert!(page.contains("make: no rule to make target"), "{page}");
        assert!(page.contains("ImportError: no module named specimen"), "{page}");
    }

    #[test]
    fn names_in_a_sentence_stand_in_code_letters() {
        let texts = |sentence: &str| -> Vec<(String, bool)> {
            spans(sentence)
                .into_iter()
                .map(|span| (span.text, span.code))
                .collect()
        };
        assert_eq!(
            texts("after `edit`, so"),
            [
                ("after ".to_owned(), false),
                ("edit".to_owned(), true),
                (", so".to_owned(), false)
            ]
        );
        assert_eq!(texts("a ` b"), [("a ` b".to_owned(), false)]);
    }
}
