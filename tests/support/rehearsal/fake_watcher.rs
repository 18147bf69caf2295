//! A watcher that notes what it is told.

use seatrial::run::{Event, Watcher};

use super::log_book::LogBook;

/// Notes every event.
#[derive(Debug)]
pub(crate) struct FakeWatcher {
    pub(super) log: LogBook,
}

impl Watcher for FakeWatcher {
    fn notice(&mut self, event: &Event<'_>) {
        let kind = |warmup: bool| if warmup { "warm-up" } else { "round" };
        let line = match event {
            Event::Planned { builds, starts } => format!("say planned {builds} builds, {starts} starts"),
            Event::Preparing { what } => format!("say {what}"),
            Event::Building {
                variant,
                step,
                round,
                warmup,
            } => format!("say building {variant} {} {round}, {step}", kind(*warmup)),
            Event::Built(sample) => format!("say built #{}", sample.key.order),
            Event::Starting {
                variant,
                round,
                warmup,
            } => format!("say starting {variant} {} {round}", kind(*warmup)),
            Event::Started(sample) => format!("say started #{}", sample.key.order),
            Event::Warned(warning) => format!("say warning: {warning}"),
        };
        self.log.note(line);
    }
}
