//! Writing every output of a run into a folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::charts::{self, ChartError, draw_all};
use super::html::{RenderPage, html};
use super::markdown::markdown;
use super::summary_json::{WriteSummary, summary_json};
use crate::analyze::Analysis;
use crate::results::Run;

/// The outputs of a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A chart could not be drawn.
    #[error("cannot draw the charts")]
    DrawCharts(#[source] ChartError),
    /// The page could not be rendered.
    #[error("cannot render report.html")]
    RenderPage(#[source] RenderPage),
    /// The summary could not be made.
    #[error("cannot make summary.json")]
    MakeSummary(#[source] WriteSummary),
    /// A file could not be written.
    #[error("cannot write {}", .path.display())]
    WriteFile {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Writes `report.html`, `summary.md`, `summary.json` and the charts into a folder that exists, and returns their
/// paths in this order.
///
/// Each file is complete or as it was before: it is written beside itself first and then renamed.
///
/// # Errors
///
/// Where an output cannot be made or written. Nothing is written before all of them are made.
pub fn render_all(run: &Run, analysis: &Analysis, folder: &Path) -> Result<Vec<PathBuf>, ReportError> {
    let charts: Vec<charts::Chart> = draw_all(run, analysis).map_err(ReportError::DrawCharts)?;
    let mut files = vec![
        (
            "report.html".to_owned(),
            html(run, analysis, &charts).map_err(ReportError::RenderPage)?,
        ),
        ("summary.md".to_owned(), markdown(run, analysis)),
        (
            "summary.json".to_owned(),
            summary_json(run, analysis).map_err(ReportError::MakeSummary)?,
        ),
    ];
    files.extend(charts.into_iter().map(|chart| (chart.file, chart.wide)));
    files
        .into_iter()
        .map(|(name, text)| save(folder, &name, &text))
        .collect()
}

/// Writes a file into a folder that exists, so that it is complete or as it was before, and returns its path.
///
/// # Errors
///
/// Where it cannot be written.
pub fn save(folder: &Path, name: &str, text: &str) -> Result<PathBuf, ReportError> {
    let path = folder.join(name);
    write(folder, &path, text).map_err(|source| ReportError::WriteFile {
        path: path.clone(),
        source,
    })?;
    Ok(path)
}

fn write(folder: &Path, path: &Path, text: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(".report-").tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    make_readable(file.as_file())?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

/// A temporary file is its owner's alone; a report is for whoever may read the folder.
#[cfg(unix)]
fn make_readable(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn make_readable(_: &fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, hostile, layer_order, quick_start, replay, two_stages};
    use crate::report::{Terminal, tables};
    use crate::results::Run;

    const FILES: [&str; 9] = [
        "report.html",
        "summary.md",
        "summary.json",
        "builds.svg",
        "phases.svg",
        "timeline.svg",
        "layers.svg",
        "size-start.svg",
        "starts.svg",
    ];

    fn render(run: &Run, folder: &Path) -> Vec<String> {
        let paths = render_all(run, &Analysis::of(run), folder).unwrap();
        let names: Vec<_> = paths.iter().map(|path| path.file_name().unwrap()).collect();
        let (usual, more) = names.split_at(FILES.len());
        assert_eq!(usual, FILES);
        let commits: Vec<_> = more
            .iter()
            .filter(|name| ***name != *"start-phases.svg" && ***name != *"start-shares.svg")
            .collect();
        assert_eq!(commits.is_empty(), run.header.replay.is_none(), "{more:?}");
        paths
            .iter()
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    #[test]
    fn the_same_run_gives_the_same_bytes() {
        let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let run = layer_order().run();
        assert_eq!(render(&run, first.path()), render(&run, second.path()));
        // Written twice, and nothing temporary left.
        let written = render(&run, first.path()).len();
        assert_eq!(fs::read_dir(first.path()).unwrap().count(), written);
    }

    #[test]
    fn a_folder_that_is_missing_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing");
        let run = quick_start().run();
        let error = render_all(&run, &Analysis::of(&run), &missing).unwrap_err();
        assert!(error.to_string().ends_with("missing/report.html"), "{error}");
    }

    #[test]
    fn hostile_text_acts_in_no_output() {
        let folder = tempfile::tempdir().unwrap();
        let run = hostile().run();
        let texts = render(&run, folder.path());
        for (name, text) in FILES.iter().zip(&texts) {
            let text = if *name == "summary.json" {
                // JSON is for programs: it keeps the text, with control characters escaped.
                let summary: serde_json::Value = serde_json::from_str(text).unwrap();
                assert!(summary["scenario"]["title"].as_str().unwrap().contains('\u{1b}'));
                text.clone()
            } else {
                assert!(!text.contains("<script"), "{name} holds a tag");
                assert!(!text.contains("<img"), "{name} holds a tag");
                text.clone()
            };
            for character in text.chars() {
                let acts = character != '\n'
                    && (character.is_control()
                        || matches!(character, '\u{202e}' | '\u{fffe}' | '\u{e000}'..='\u{f8ff}'));
                let is_json = *name == "summary.json";
                assert!(
                    !acts || is_json && !character.is_control(),
                    "{name}: {character:?}"
                );
            }
        }
        let summary = &texts[1];
        assert_eq!(summary.matches("<!--").count(), 1, "{summary}");
        assert!(summary.trim_end().ends_with("-->"));
        for row in summary.lines().filter(|line| line.starts_with("| ")) {
            let bars = row.matches('|').count() - row.matches("\\|").count();
            assert!([3, 6, 7, 8].contains(&bars), "{bars} bars: {row}");
        }
        assert!(!summary.contains("@octocat"), "{summary}");
        let table = tables(&run, &Analysis::of(&run), Terminal::PIPE);
        assert!(!table.contains('\u{1b}'), "{table}");
        for svg in &texts[3..] {
            assert_eq!(svg.matches("<svg").count(), 1);
            assert_eq!(svg.matches("</svg>").count(), 1);
        }
    }

    #[test]
    fn a_run_without_a_valid_sample_is_reported() {
        let mut specimen = Specimen::new(&["a", "b"], &["cold"]);
        specimen.failed("a", "cold", "exit code 1");
        specimen.failed("b", "cold", "exit code 1");
        let folder = tempfile::tempdir().unwrap();
        let texts = render(&specimen.run(), folder.path());
        assert!(texts[0].contains("Nothing was measured"), "{}", texts[0]);
        for svg in &texts[3..] {
            assert!(svg.contains("failed or were invalid"), "{svg}");
        }
    }

    #[test]
    fn a_replay_is_told_by_commit_as_a_distribution_and_in_all() {
        let folder = tempfile::tempdir().unwrap();
        let run = replay().run();
        let texts = render(&run, folder.path());
        let (page, summary, json, chart) = (&texts[0], &texts[1], &texts[2], &texts[texts.len() - 1]);
        let sentence = "over 10 commits, a commit takes 20.9× as long with none as with cached";
        assert!(summary.contains(sentence), "{summary}");
        assert!(summary.contains("6 min 22 s"), "{summary}");
        let row = summary
            .lines()
            .find(|line| line.starts_with("| cached | 10 | 1 |"))
            .unwrap();
        assert!(row.contains("1.99 s") && row.contains("60.1 s"), "{row}");
        assert!(page.contains("<h2 id=\"h-commits\">Commits</h2>"), "{page}");
        assert!(
            page.contains("Free, 2 times: the commit changes nothing that the ignore rules keep"),
            "{page}"
        );
        // Nine built commits in four rounds and the key's mark; two rings are the free commit.
        assert_eq!(chart.matches("class=\"f-v0\" stroke").count(), 37, "{chart}");
        assert!(chart.matches("class=\"s-mu\"").count() >= 2, "{chart}");
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(json["replay"]["commits"].as_array().unwrap().len(), 10);
        assert_eq!(json["replay"]["variants"][0]["totals"][0], 382_000_000_000_u64);
        assert_eq!(json["replay"]["ratios"][0]["n"], 9);
        let table = tables(&run, &Analysis::of(&run), Terminal::PIPE);
        assert!(
            table
                .lines()
                .any(|line| line.starts_with(" none") && line.contains("6 min")),
            "{table}"
        );
        assert!(table.lines().all(|line| line.chars().count() <= 80), "{table}");
        assert!(table.contains("free"), "{table}");
    }

    /// Leaves reports in the target folder for a look at them.
    #[test]
    fn reports_are_left_to_be_looked_at() {
        for (name, specimen) in [
            ("quick-start", quick_start()),
            ("layer-order", layer_order()),
            ("two-stages", two_stages()),
            ("hostile", hostile()),
            ("replay", replay()),
            ("empty", Specimen::new(&["a", "b"], &["cold"])),
        ] {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
                .join("target/looks")
                .join(name);
            fs::create_dir_all(&folder).unwrap();
            render(&specimen.run(), &folder);
        }
    }
}
