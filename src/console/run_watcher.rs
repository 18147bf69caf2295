//! Showing a run's events as progress.

use super::Progress;
use crate::results::{BuildFailure, Status};
use crate::run::{Event, Watcher};

/// How many of the last lines of a failed instruction's log are shown; the journal has more.
const SHOWN_LOG_LINES: usize = 10;

/// Shows on standard error what a run does.
#[derive(Debug, Default)]
pub struct RunWatcher {
    progress: Option<Progress>,
}

impl RunWatcher {
    /// Watches; shows nothing before the plan is known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn note(&mut self, text: &str) {
        if let Some(progress) = &mut self.progress {
            progress.note(text);
        }
    }
}

impl Watcher for RunWatcher {
    fn notice(&mut self, event: &Event<'_>) {
        match event {
            Event::Planned {
                builds,
                starts,
                bursts,
            } => {
                self.progress = Some(Progress::new((builds + starts + bursts) as u64));
                let planned = match bursts {
                    0 => format!("{builds} builds and {starts} starts"),
                    bursts => format!("{builds} builds, {starts} starts and {bursts} bursts"),
                };
                self.note(&format!("{planned}, warm-ups included"));
            }
            Event::ProbeChosen(probe) => {
                self.note(&format!("starts are looked at by `{}`", probe.tier));
                for refused in &probe.refused {
                    self.note(&format!("  not by `{}`: {}", refused.tier, refused.reason));
                }
            }
            Event::Preparing { what } => self.note(what),
            Event::Building {
                variant,
                step,
                round,
                warmup,
            } => {
                let text = format!("{}: build `{variant}`, {step}", label(*round, *warmup));
                self.begin(&text);
            }
            Event::Starting {
                variant,
                round,
                warmup,
            } => {
                let text = format!("{}: start `{variant}`", label(*round, *warmup));
                self.begin(&text);
            }
            Event::Built(sample) => {
                let text = format!("build `{}`, {}", sample.key.variant, sample.step);
                self.end(&text, &sample.outcome);
                for line in sample.failure.iter().flat_map(failure_lines) {
                    self.note(&line);
                }
            }
            Event::Started(sample) => {
                let text = format!("start `{}`", sample.key.variant);
                self.end(&text, &sample.outcome);
            }
            Event::Bursting {
                variant,
                containers,
                round,
                warmup,
            } => {
                let text = format!("{}: burst of {containers} `{variant}`", label(*round, *warmup));
                self.begin(&text);
            }
            Event::Burst(sample) => {
                let text = format!("burst of {} `{}`", sample.containers, sample.key.variant);
                self.end(&text, &sample.outcome);
            }
            Event::LeftOut {
                variant,
                reason,
                parts,
            } => {
                self.note(&format!("`{variant}` is not measured: {reason}"));
                if let Some(progress) = &mut self.progress {
                    progress.left_out(*parts as u64);
                }
            }
            Event::Warned(message) => self.note(&format!("warning: {message}")),
        }
    }
}

impl RunWatcher {
    fn begin(&mut self, text: &str) {
        if let Some(progress) = &mut self.progress {
            progress.started(text);
        }
    }

    fn end(&mut self, text: &str, outcome: &Status) {
        if let Some(reason) = outcome.reason() {
            let word = if matches!(outcome, Status::Failed { .. }) {
                "failed"
            } else {
                "invalid"
            };
            self.note(&format!("{word}: {text}: {reason}"));
        }
        if let Some(progress) = &mut self.progress {
            progress.finished(text);
        }
    }
}

/// Where a build failed, and the end of what was logged there.
fn failure_lines(failure: &BuildFailure) -> Vec<String> {
    let place = match (&failure.file, failure.line) {
        (Some(file), Some(line)) => Some(format!("{file}:{line}")),
        _ => None,
    };
    let parts = [place, failure.instruction.clone()];
    let at: Vec<_> = parts.into_iter().flatten().collect();
    let log = &failure.log_tail;
    let shown = &log[log.len().saturating_sub(SHOWN_LOG_LINES)..];
    let mut lines = Vec::new();
    if !at.is_empty() {
        lines.push(format!("  at {}", at.join(": ")));
    }
    lines.extend(shown.iter().map(|line| format!("  | {line}")));
    lines
}

fn label(round: u32, warmup: bool) -> String {
    if warmup {
        format!("warm-up {round}")
    } else {
        format!("round {round}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_shown_with_its_place_and_the_end_of_its_log() {
        let failure = BuildFailure {
            message: "exit code: 1".to_owned(),
            instruction: Some("RUN make".to_owned()),
            file: Some("slim.Dockerfile".to_owned()),
            line: Some(6),
            log_tail: (1..=12).map(|line| format!("line {line}")).collect(),
        };
        let lines = failure_lines(&failure);
        assert_eq!(lines[0], "  at slim.Dockerfile:6: RUN make");
        assert_eq!((lines[1].as_str(), lines.len()), ("  | line 3", 11));
        let unknown = BuildFailure {
            instruction: None,
            line: None,
            log_tail: Vec::new(),
            ..failure
        };
        assert_eq!(failure_lines(&unknown), [""; 0]);
    }
}
