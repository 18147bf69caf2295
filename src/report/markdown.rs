//! `summary.md`: the verdict and the tables, for a step summary or a comment.

use std::fmt::Write as _;

use super::facts;
use super::instructions::{self, instruction_tables};
use super::overview::Overview;
use super::paths;
use super::quantity::Shown;
use super::untrusted::{plain_line, plain_tail};
use crate::analyze::{Analysis, Finding};
use crate::results::Run;

/// A comment on the usual platforms holds 65,536 characters; the rest is for what a workflow puts around it.
pub(super) const LIMIT: usize = 60_000;

/// The summary of a run in Markdown.
#[must_use]
pub fn markdown(run: &Run, analysis: &Analysis) -> String {
    let marker = format!("<!-- seatrial:{} -->\n", comment_safe(&run.header.run_id));
    let mut text = String::new();
    let parts = [
        opening(run, analysis),
        tables(&Overview::of(run, analysis)),
        instructions(run, analysis),
        critical_paths(analysis),
        comparisons(analysis),
        failures(run),
        environment(run),
    ];
    let mut omitted = 0;
    for part in parts {
        if omitted == 0 && text.len() + part.len() + marker.len() + 100 <= LIMIT {
            text.push_str(&part);
        } else {
            omitted += 1;
        }
    }
    if omitted > 0 {
        let _ = writeln!(
            text,
            "_Truncated, {omitted} sections omitted; all of it is in report.html._\n"
        );
    }
    text.push_str(&marker);
    text
}

fn opening(run: &Run, analysis: &Analysis) -> String {
    let mut text = format!(
        "## {}\n\n**{}**\n\n",
        cell(&run.header.title),
        cell(&analysis.sentence.text)
    );
    for warning in &analysis.warnings {
        let _ = writeln!(text, "* ⚠ {}", cell(&warning.to_string()));
    }
    if !analysis.warnings.is_empty() {
        text.push('\n');
    }
    text
}

fn tables(overview: &Overview) -> String {
    let mut text = commits(overview);
    text.push_str("| build step | variant | time | ratio | rebuilt | sent |\n|---|---|---|--:|--:|--:|\n");
    for row in &overview.builds {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            if row.first { cell(&row.step) } else { String::new() },
            cell(&row.variant),
            value(&row.time),
            cell(&row.ratio),
            cell(&row.rebuilt),
            cell(&row.sent),
        );
    }
    if !overview.caches.is_empty() {
        text.push_str(
            "\n| remote cache | variant | imported | import | exported | export |\n|---|---|--:|---|--:|---|\n",
        );
    }
    for row in &overview.caches {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            cell(&row.step),
            cell(&row.variant),
            cell(&row.imported),
            value(&row.import_time),
            cell(&row.exported),
            value(&row.export_time),
        );
    }
    text.push_str("\n| variant | context | files | image | layers |\n|---|--:|--:|--:|--:|\n");
    for row in &overview.images {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            cell(&row.variant),
            cell(&row.context),
            cell(&row.files),
            cell(&row.image),
            cell(&row.layers),
        );
    }
    for table in &overview.starts {
        let [first, second] = &table.metrics;
        let _ = writeln!(
            text,
            "\n| variant | {first} | ratio | {second} | ratio |\n|---|---|--:|---|--:|"
        );
        for row in &table.rows {
            let [(first, first_ratio), (second, second_ratio)] = &row.cells;
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} |",
                cell(&row.variant),
                value(first),
                cell(first_ratio),
                value(second),
                cell(second_ratio),
            );
        }
    }
    text.push_str(&bursts(overview));
    if let Some(scale) = &overview.scale {
        let _ = writeln!(
            text,
            "\n| variant | packed | on disk | layers | {} | n |\n|---|--:|--:|--:|---|--:|",
            scale.metric
        );
        for row in &scale.rows {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                cell(&row.variant),
                cell(&row.packed),
                cell(&row.image),
                cell(&row.layers),
                value(&row.start),
                cell(&row.n),
            );
        }
    }
    text.push('\n');
    for note in &overview.notes {
        let _ = writeln!(text, "{}  ", cell(note));
    }
    text.push_str("\nCharts and every sample are in report.html.\n\n");
    text
}

/// What bursts took, and what they used.
fn bursts(overview: &Overview) -> String {
    if overview.bursts.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "\n| burst | variant | first | half | all | ratio | memory | of one | disk | of one |\n\
         |--:|---|---|---|---|--:|--:|--:|--:|--:|\n",
    );
    for row in &overview.bursts {
        let containers = if row.first {
            row.containers.to_string()
        } else {
            String::new()
        };
        let times: Vec<String> = row.times.iter().map(value).collect();
        let sizes: Vec<String> = row.sizes.iter().map(|size| cell(size)).collect();
        let _ = writeln!(
            text,
            "| {containers} | {} | {} | {} | {} |",
            cell(&row.variant),
            times.join(" | "),
            cell(&row.ratio),
            sizes.join(" | "),
        );
    }
    text
}

/// How many instructions of a step are shown; the page has all of them.
const HEAVIEST: usize = 8;
/// How many characters of an instruction are shown.
const NAME: usize = 72;

fn instructions(run: &Run, analysis: &Analysis) -> String {
    let tables = instruction_tables(run, analysis);
    if tables.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "<details><summary>Instructions, heaviest first</summary>\n\n\
         | build step | instruction | variant | time | cached | log |\n|---|---|---|---|--:|--:|\n",
    );
    let mut left_out = 0;
    for table in tables {
        let ran: Vec<_> = table.rows.iter().filter(|row| row.ran()).collect();
        left_out += table.rows.len() - ran.len().min(HEAVIEST);
        let mut step = cell(table.step);
        for row in ran.into_iter().take(HEAVIEST) {
            let mut name = cell(&shortened(row.name));
            for series in row.cells.iter().flatten() {
                let _ = writeln!(
                    text,
                    "| {} | {} | {} | {} | {} | {} |",
                    std::mem::take(&mut step),
                    std::mem::take(&mut name),
                    cell(&series.variant),
                    instructions::time(series),
                    instructions::cached(series),
                    instructions::log(series),
                );
            }
        }
    }
    text.push_str(
        "\nTime and log: medians of the builds in which it ran (95 % interval; below six, smallest to largest).\n",
    );
    if left_out > 0 {
        let _ = writeln!(
            text,
            "Lighter ones and those that never ran, {left_out} in all, are in report.html."
        );
    }
    text.push_str("\n</details>\n\n");
    text
}

fn shortened(name: &str) -> String {
    let name = plain_line(name);
    if name.chars().count() <= NAME {
        return name;
    }
    let kept: String = name.chars().take(NAME - 1).collect();
    format!("{}…", kept.trim_end())
}

fn critical_paths(analysis: &Analysis) -> String {
    let rows = paths::rows(analysis);
    if rows.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "<details><summary>Critical paths</summary>\n\n\
         | build step | variant | path | build | stages at once | longest on it |\n|---|---|--:|--:|--:|---|\n",
    );
    for row in rows {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            cell(row.step),
            cell(row.variant),
            row.length,
            row.total,
            row.at_once,
            cell(&row.chain),
        );
    }
    text.push_str("\nOf the build whose time is nearest to the median of its step.\n\n</details>\n\n");
    text
}

/// What the commits of a replay cost.
fn commits(overview: &Overview) -> String {
    if overview.commits.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "| variant | commits | free | per commit | quartiles | lowest to highest | total | ratio |\n\
         |---|--:|--:|---|---|---|---|--:|\n",
    );
    for row in &overview.commits {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            cell(&row.variant),
            row.commits,
            row.free,
            value(&row.per_commit),
            cell(&row.quartiles),
            cell(&row.range),
            value(&row.total),
            cell(&row.ratio),
        );
    }
    text.push('\n');
    text
}

fn comparisons(analysis: &Analysis) -> String {
    if analysis.comparisons.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "<details><summary>Every comparison</summary>\n\n| metric | variant | to | ratio | interval | n | finding |\n\
         |---|---|---|--:|---|---|---|\n",
    );
    for comparison in &analysis.comparisons {
        let numbers = facts::comparison_numbers(comparison);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            cell(&comparison.metric.to_string()),
            cell(&comparison.other),
            cell(&comparison.baseline),
            numbers.ratio,
            numbers.interval,
            numbers.n,
            cell(&words(&comparison.finding)),
        );
    }
    text.push_str("\n</details>\n\n");
    text
}

fn words(finding: &Finding) -> String {
    match finding {
        Finding::OtherSlower => "slower".to_owned(),
        Finding::OtherFaster => "faster".to_owned(),
        other => other.reason(),
    }
}

fn failures(run: &Run) -> String {
    let failures = facts::failures(run);
    if failures.is_empty() {
        return String::new();
    }
    let mut text = String::from("<details><summary>Failed samples</summary>\n\n");
    for failure in failures {
        let instruction = failure.instruction.as_deref();
        let at = instruction.map(|instruction| format!("; at {}", cell(instruction)));
        let _ = writeln!(
            text,
            "* {}: {}{}",
            cell(&failure.place),
            cell(&failure.message),
            at.unwrap_or_default()
        );
        let tail = plain_tail(&failure.log_tail);
        if !tail.is_empty() {
            text.push_str("\n  <pre>\n");
            for line in tail.lines() {
                // An empty line would end the block of HTML, and with it the quotation.
                let line = if line.is_empty() {
                    "&#32;".to_owned()
                } else {
                    html(line)
                };
                let _ = writeln!(text, "{line}");
            }
            text.push_str("</pre>\n\n");
        }
    }
    text.push_str("\n</details>\n\n");
    text
}

fn environment(run: &Run) -> String {
    let mut text = String::from("<details><summary>Environment</summary>\n\n| | |\n|---|---|\n");
    for fact in facts::environment(run) {
        let _ = writeln!(text, "| {} | {} |", cell(&fact.name), cell(&fact.value));
    }
    text.push_str("\n</details>\n\n");
    text
}

fn value(shown: &Shown) -> String {
    match &shown.lost {
        Some(lost) => cell(&format!("{}, {lost}", shown.line())),
        None => cell(&shown.line()),
    }
}

/// Text that is shown as it is: one line, nothing of it Markdown or HTML.
pub(super) fn cell(text: &str) -> String {
    let mut escaped = String::new();
    for character in plain_line(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            // An at sign would notify a person, a number sign link an issue.
            '@' => escaped.push_str("&#64;"),
            '#' => escaped.push_str("&#35;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' => {
                escaped.push('\\');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    // A bare address would become a link.
    escaped.replace("://", ":&#47;&#47;").replace("www.", "www&#46;")
}

fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('@', "&#64;")
}

/// Text within an HTML comment, which ends at the first `-->`.
pub(super) fn comment_safe(text: &str) -> String {
    plain_line(text)
        .chars()
        .map(|character| match character {
            'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => character,
            _ => '_',
        })
        .collect::<String>()
        .replace("--", "-_")
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::analyze::specimen::quick_start;

    #[test]
    fn the_summary_leads_with_the_verdict() {
        let run = quick_start().run();
        assert_snapshot!(markdown(&run, &Analysis::of(&run)), @r#"
## A specimen with made-up values

**after \`edit source\`, naive takes 5.18× as long as ordered (5.07× to 5.30×, 96.8 % interval, n 5/5)**

* ⚠ with 5 valid samples a median has no 95 % interval; that needs 6

| build step | variant | time | ratio | rebuilt | sent |
|---|---|---|--:|--:|--:|
| cold | naive | 3.16 s (3.12–3.20) | 1 | 2 | 1.00 MiB |
|  | ordered | 3.18 s (3.14–3.22) | \~ | 2 | 1.00 MiB |
| unchanged | naive | 244 ms (241–248) | 1 | 0 | 0 B |
|  | ordered | 255 ms (251–258) | 1.04× | 0 | 0 B |
| edit source | naive | 2.96 s (2.92–3.00) | 1 | 2 | 1.00 MiB |
|  | ordered | 571 ms (563–578) | 0.19× | 1 | 2.00 KiB |
| edit ignored file | naive | 265 ms (261–268) | 1 | 0 | 0 B |
|  | ordered | 260 ms (256–263) | \~ | 0 | 0 B |

| variant | context | files | image | layers |
|---|--:|--:|--:|--:|
| naive | 1.00 MiB | 20 | 45.0 MiB | 3 |
| ordered | 1.00 MiB | 20 | 45.0 MiB | 3 |

| variant | start.ready | ratio | start.client | ratio |
|---|---|--:|---|--:|
| naive | 215 ms (213–218) | 1 | 215 ms (213–219) | 1 |
| ordered | 214 ms (212–217) | \~ | 214 ms (212–218) | \~ |

time: median (95 % interval; below six samples, smallest to largest)  
ratio: how many times the baseline, naive; \~ where no difference can be told  
known to: start.ready 1.00 ms, start.client 1.00 ms  
known to: the width in which a start lies; less than twice is never claimed  

Charts and every sample are in report.html.

<details><summary>Instructions, heaviest first</summary>

| build step | instruction | variant | time | cached | log |
|---|---|---|---|--:|--:|
| cold | RUN make | naive | 2.21 s (2.18–2.24) | 0 of 5 | – |
|  |  | ordered | 2.23 s (2.20–2.26) | 0 of 5 | – |
|  | COPY . /app | naive | 316 ms (312–320) | 0 of 5 | – |
|  |  | ordered | 318 ms (314–322) | 0 of 5 | – |
| edit source | RUN make | naive | 2.07 s (2.04–2.10) | 0 of 5 | – |
|  |  | ordered | cached | 5 of 5 | – |
|  | COPY . /app | naive | 295 ms (291–299) | 0 of 5 | – |
|  |  | ordered | 57.0 ms (56.0–57.0) | 0 of 5 | – |

Time and log: medians of the builds in which it ran (95 % interval; below six, smallest to largest).
Lighter ones and those that never ran, 8 in all, are in report.html.

</details>

<details><summary>Every comparison</summary>

| metric | variant | to | ratio | interval | n | finding |
|---|---|---|--:|---|---|---|
| step.cold.time | ordered | naive | 1.01× | 0.98× to 1.03× (96.8 %) | 5/5 | the interval contains 1 |
| step.unchanged.time | ordered | naive | 1.04× | 1.02× to 1.07× (96.8 %) | 5/5 | slower |
| step.edit source.time | ordered | naive | 0.19× | 0.19× to 0.20× (96.8 %) | 5/5 | faster |
| step.edit ignored file.time | ordered | naive | 0.98× | 0.96× to 1.00× (96.8 %) | 5/5 | the interval contains 1 |
| start.ready | ordered | naive | 1.00× | 0.98× to 1.01× (95.7 %) | 10/10 | the interval contains 1 |
| start.client | ordered | naive | 1.00× | 0.98× to 1.01× (95.7 %) | 10/10 | the interval contains 1 |

</details>

<details><summary>Environment</summary>

| | |
|---|---|
| run | 20010203T040506Z-specimen-0a1b |
| started | 2001-02-03 04:05:06 UTC |
| ended | 2001-02-03T04:15:06Z |
| scenario | specimen (ee26f4137f88) |
| plan | 5 rounds, 10 starts a variant, seed 7 |
| engine | 20.10.0, API 1.41, builder buildkit |
| image store | graphdriver (overlay2) |
| kernel | Linux 6.1.0, x86\_64 |
| machine | Specimen CPU at 1 GHz, 4 processors, 8.00 GiB |
| load at start | 0.50 |
| containerd | 1.0.0 |
| base base | specimen/base:1, imported, 40.0 MiB, sha256:cae662172fd450bb0cd710a769079c05bfc5d8e35efa6576edc7d0377afdd4a2 |
| variant naive | naive.Dockerfile (1ec5f4127c97) |
| variant ordered | ordered.Dockerfile (7fdbf2f7e97f) |
| seatrial | 0.0.0 |

</details>

<!-- seatrial:20010203T040506Z-specimen-0a1b -->
"#);
    }

    #[test]
    fn text_from_outside_is_neither_markdown_nor_html() {
        for (text, escaped) in [
            ("a|b\nc", "a\\|b c"),
            ("`code` *bold* [x](y)", "\\`code\\` \\*bold\\* \\[x\\](y)"),
            ("<script>", "&lt;script&gt;"),
            ("@octocat #12", "&#64;octocat &#35;12"),
            ("http://x www.y", "http:&#47;&#47;x www&#46;y"),
        ] {
            assert_eq!(cell(text), escaped);
        }
        assert_eq!(comment_safe("a --> b"), "a_-___b");
    }

    #[test]
    fn a_summary_that_is_too_long_says_what_is_missing() {
        let names: Vec<String> = (0..900).map(|index| format!("variant-{index}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let run = crate::analyze::specimen::Specimen::new(&names, &["cold"]).run();
        let text = markdown(&run, &Analysis::of(&run));
        assert!(text.len() <= LIMIT, "{}", text.len());
        assert!(text.contains("Truncated"), "{text}");
        assert!(text.ends_with("-->\n"));
    }
}
