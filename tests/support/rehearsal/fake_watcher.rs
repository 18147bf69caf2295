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
            Event::Planned {
                builds,
                starts,
                bursts: 0,
            } => format!("say planned {builds} builds, {starts} starts"),
            Event::Planned {
                builds,
                starts,
                bursts,
            } => format!("say planned {builds} builds, {starts} starts, {bursts} bursts"),
            Event::ProbeChosen(probe) => format!("say starts are looked at by {}", probe.tier),
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
            Event::Bursting {
                variant,
                containers,
                round,
                warmup,
            } => format!("say burst of {containers} {variant} {} {round}", kind(*warmup)),
            Event::Burst(sample) => format!("say burst #{}", sample.key.order),
            Event::LeftOut {
                variant,
                reason,
                parts,
            } => format!("say {variant} is left out, {parts} parts: {reason}"),
            Event::Warned(warning) => format!("say warning: {warning}"),
        };
        self.log.note(line);
    }
}
