//! Showing a run's events as progress.

use super::Progress;
use crate::results::Status;
use crate::run::{Event, Watcher};

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
            Event::Planned { builds, starts, .. } => {
                self.progress = Some(Progress::new((builds + starts) as u64));
                self.note(&format!("{builds} builds and {starts} starts, warm-ups included"));
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
            }
            Event::Started(sample) => {
                let text = format!("start `{}`", sample.key.variant);
                self.end(&text, &sample.outcome);
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

fn label(round: u32, warmup: bool) -> String {
    if warmup {
        format!("warm-up {round}")
    } else {
        format!("round {round}")
    }
}
