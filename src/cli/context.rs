//! `seatrial context`: what a build context holds and what the ignore rules do to it.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::args::ContextArgs;
use super::{ExitCode, Failure};
use crate::context::{ContextReport, Manifest};
use crate::dockerignore::{IgnoreFile, Pruning};
use crate::workspace::{walk_ignoring, walk_with_dropped};

/// How much of the pruning of ignored folders the newest client does for a build.
const PRUNING: Pruning = Pruning::StreamedContext;

/// Prints the command's answer.
pub(super) fn context(args: &ContextArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    if let Some(why) = fs::read_dir(&args.folder).err() {
        let message = format!("cannot read the context `{}`: {why}", args.folder.display());
        return Err(Failure::new(ExitCode::Usage, message));
    }
    let (ignore, source) = read_ignore_file(args)?;
    if args.list {
        let kept = walk_ignoring(&args.folder, &ignore, PRUNING);
        let kept = kept.map_err(|error| {
            let hints = error.hints();
            Failure::new(ExitCode::Failed, error).with_hints(hints)
        })?;
        let end = if args.null { '\0' } else { '\n' };
        // Standard output is written line by line otherwise, a call each.
        let mut out = BufWriter::new(out);
        for entry in kept.entries() {
            write!(out, "{}{end}", entry.path)?;
        }
        out.flush()?;
        return Ok(ExitCode::Done);
    }
    if !args.explain.is_empty() {
        for path in &args.explain {
            explain(path, &ignore, out)?;
        }
        return Ok(ExitCode::Done);
    }
    let everything = walk_with_dropped(&args.folder, &ignore, PRUNING);
    let everything = everything.map_err(|error| {
        let hints = error.hints();
        Failure::new(ExitCode::Failed, error).with_hints(hints)
    })?;
    let report = ContextReport::new(&everything, &ignore, PRUNING, args.heaviest);
    summary(args, source.as_deref(), &everything, &report, out)?;
    Ok(ExitCode::Done)
}

/// The rules that a build with this Dockerfile applies, and the file that they come from.
fn read_ignore_file(args: &ContextArgs) -> Result<(IgnoreFile, Option<PathBuf>), Failure> {
    let beside = args.file.as_ref().map(|file| {
        let mut name = file.clone().into_os_string();
        name.push(".dockerignore");
        PathBuf::from(name)
    });
    for path in beside.into_iter().chain([args.folder.join(".dockerignore")]) {
        match fs::read(&path) {
            Ok(bytes) => {
                let ignore = IgnoreFile::parse(&bytes).map_err(|error| {
                    let hints = error.hints();
                    let place = format!("{}:{}", path.display(), error.line());
                    Failure::new(ExitCode::Usage, format!("{place}: {error}")).with_hints(hints)
                })?;
                return Ok((ignore, Some(path)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let message = format!("cannot read the ignore file `{}`: {error}", path.display());
                return Err(Failure::new(ExitCode::Failed, message));
            }
        }
    }
    Ok((IgnoreFile::default(), None))
}

fn explain(path: &str, ignore: &IgnoreFile, out: &mut dyn Write) -> io::Result<()> {
    let decision = ignore.explain(path.trim_end_matches('/'), PRUNING);
    let verdict = if decision.excluded { "dropped" } else { "kept" };
    match decision.rule {
        None => writeln!(out, "{path}: {verdict}, no rule matches"),
        Some(rule) => {
            let parent = if decision.by_parent {
                ", which matches a folder above it"
            } else {
                ""
            };
            writeln!(
                out,
                "{path}: {verdict} by line {}: `{}`{parent}",
                rule.line(),
                rule.text()
            )
        }
    }
}

fn summary(
    args: &ContextArgs,
    ignore_file: Option<&Path>,
    everything: &Manifest,
    report: &ContextReport,
    out: &mut dyn Write,
) -> io::Result<()> {
    let (total, files) = (everything.total_size(), everything.file_count());
    writeln!(out, "context {}", args.folder.display())?;
    let files = in_files(files as u64);
    writeln!(out, "  before ignoring  {total:>10}  {files}")?;
    writeln!(
        out,
        "  kept             {:>10}  {}",
        report.kept_bytes,
        in_files(report.kept_files)
    )?;
    writeln!(
        out,
        "  dropped          {:>10}  {}",
        report.dropped_bytes,
        in_files(report.dropped_files)
    )?;
    match ignore_file {
        None => writeln!(out, "\nno ignore file")?,
        Some(path) => {
            writeln!(out, "\n{}", path.display())?;
            for drop in &report.drops {
                let (line, text) = (drop.line, &drop.text);
                writeln!(
                    out,
                    "  line {line:<3} {:>10}  {}  {text}",
                    drop.dropped_bytes,
                    in_files(drop.files)
                )?;
            }
        }
    }
    for warning in &report.warnings {
        let (line, text) = (warning.line, &warning.text);
        writeln!(out, "  warning: line {line}, `{text}`: {}", warning.warning)?;
    }
    if !report.heaviest.is_empty() {
        writeln!(out, "\nheaviest kept paths")?;
        for heavy in &report.heaviest {
            writeln!(out, "  {:>10}  {}", heavy.size_bytes, heavy.path)?;
        }
    }
    Ok(())
}

/// A number of files, as wide as any other of a column.
fn in_files(count: u64) -> String {
    let noun = if count == 1 { "file" } else { "files" };
    format!("{count:>8} {noun:<5}")
}
