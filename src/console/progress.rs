//! How far a run is.

use std::io::{self, IsTerminal as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressState, ProgressStyle};

use super::plain_lines::{PlainLines, one_line, remaining, whole_seconds};
use crate::unit::Nanos;

/// The bar redraws itself this often, for the elapsed time; rarely, since every redraw takes a little from what is
/// measured meanwhile.
const REDRAW: Duration = Duration::from_secs(1);

/// Shows on stderr what is being measured, how far the run is, and about how long it still takes.
///
/// On a terminal this is one line that is drawn over; elsewhere, or where the environment variable `NO_COLOR` is
/// set and not empty, it is a plain line every few seconds. Dropping it removes the bar.
#[derive(Debug)]
pub struct Progress {
    begun: Instant,
    /// Nanoseconds from there until the last unit ended; the bar's own thread reads it.
    reached: Arc<AtomicU64>,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Bar(ProgressBar),
    Lines(PlainLines<io::Stderr>),
}

impl Progress {
    /// Begins to show the progress of that many units: builds and starts.
    #[must_use]
    pub fn new(total_units: u64) -> Self {
        let reached = Arc::new(AtomicU64::new(0));
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let shape = if plain || !io::stderr().is_terminal() {
            Shape::Lines(PlainLines::new(io::stderr(), total_units))
        } else {
            Shape::Bar(bar(total_units, Arc::clone(&reached)))
        };
        Self {
            begun: Instant::now(),
            reached,
            shape,
        }
    }

    /// A unit has begun: `text` names its variant, step and round.
    pub fn started(&mut self, text: &str) {
        match &mut self.shape {
            Shape::Bar(bar) => bar.set_message(one_line(text)),
            Shape::Lines(lines) => lines.started(self.begun.elapsed(), text),
        }
    }

    /// A unit has ended: `text` names it, and may say how it ended.
    pub fn finished(&mut self, text: &str) {
        match &mut self.shape {
            Shape::Bar(bar) => {
                let reached = Nanos::from(self.begun.elapsed());
                self.reached.store(reached.0, Ordering::Relaxed);
                bar.inc(1);
                bar.set_message(one_line(text));
            }
            Shape::Lines(lines) => lines.finished(self.begun.elapsed(), text),
        }
    }

    /// So many units will not come.
    pub fn left_out(&mut self, units: u64) {
        match &mut self.shape {
            Shape::Bar(bar) => bar.set_length(bar.length().unwrap_or(0).saturating_sub(units)),
            Shape::Lines(lines) => lines.left_out(units),
        }
    }

    /// Shows something that must be read, above the bar; it stays.
    pub fn note(&mut self, text: &str) {
        match &mut self.shape {
            Shape::Bar(bar) => bar.println(one_line(text)),
            Shape::Lines(lines) => lines.note(text),
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Shape::Bar(bar) = &self.shape {
            bar.finish_and_clear();
        }
    }
}

fn bar(total_units: u64, reached: Arc<AtomicU64>) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {pos}/{len} {passed}{left}  {wide_msg}")
        .expect("invariant: the template is well-formed")
        .with_key(
            "passed",
            |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let _ = write!(out, "{}", whole_seconds(state.elapsed()));
            },
        )
        .with_key(
            "left",
            move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let total = state.len().unwrap_or(0);
                let reached = Duration::from_nanos(reached.load(Ordering::Relaxed));
                if let Some(left) = remaining(state.elapsed(), reached, state.pos(), total) {
                    let _ = write!(out, ", about {} left", whole_seconds(left));
                }
            },
        );
    let bar = ProgressBar::new(total_units).with_style(style);
    bar.enable_steady_tick(REDRAW);
    bar
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_shows_position_rest_and_text_in_one_line() {
        let reached = Arc::new(AtomicU64::new(0));
        let bar = bar(4, Arc::clone(&reached));
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
        let mut progress = Progress {
            begun: Instant::now(),
            reached,
            shape: Shape::Bar(bar.clone()),
        };
        progress.started("naive: cold,\nround 1");
        assert_eq!(
            (bar.position(), bar.message().as_str()),
            (0, "naive: cold, round 1")
        );
        progress.finished("naive: cold, round 1: 12.3 s");
        assert_eq!(
            (bar.position(), bar.message().as_str()),
            (1, "naive: cold, round 1: 12.3 s")
        );
        drop(progress);
        assert!(bar.is_finished());
    }
}
