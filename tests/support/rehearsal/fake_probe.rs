//! A probe that finds what the script says.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use seatrial::results::{Attempts, Bounded};
use seatrial::run::{Conversation, InsideOrder, LookOrder, Looked, Looking, Probe, Traced, WatchOrder};
use seatrial::scenario::{NetworkReadiness, ProbeTier};
use seatrial::unit::Nanos;

use super::log_book::LogBook;
use super::script::{ContainerAct, Script};

/// A probe without a network. Its clock goes on by a millisecond whenever it is read.
#[derive(Debug)]
pub(crate) struct FakeProbe {
    pub(super) log: LogBook,
    pub(super) script: Script,
    pub(super) clock: AtomicU64,
    pub(super) looks: AtomicU32,
    /// The deadline of each look, from its start call on.
    pub(super) patience: Mutex<Vec<Nanos>>,
}

impl Probe for FakeProbe {
    fn now(&self) -> Nanos {
        Nanos::from_millis(self.clock.fetch_add(1, Ordering::Relaxed))
    }

    async fn look(&self, order: LookOrder) -> Looked {
        self.log.note("look");
        let number = self.looks.fetch_add(1, Ordering::Relaxed) + 1;
        if let Ok(mut patience) = self.patience.lock() {
            patience.push(order.deadline - order.start_call);
        }
        let waits = matches!(
            self.script.containers.get(&number),
            Some(ContainerAct::Ends(_) | ContainerAct::Interrupted)
        );
        while waits && !order.cancel.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        let missed = waits || self.script.missing_looks.contains(&number);
        let found = (!missed).then_some(Bounded {
            value_ns: Nanos::from_millis(30),
            low_ns: Nanos::from_millis(29),
            left_censored: false,
        });
        Looked {
            tier: ProbeTier::Ip,
            ready: found,
            client: found.filter(|_| order.addresses.published.is_some()),
            attempts: Attempts::default(),
            miss: missed.then(|| "nothing answered in time".to_owned()),
        }
    }

    async fn look_inside(&self, _: InsideOrder) -> Result<Looking, String> {
        Err("there is no network".to_owned())
    }

    fn watch_arguments(&self, _: &NetworkReadiness, _: Nanos) -> Vec<String> {
        vec!["watch".to_owned()]
    }

    async fn watch(&self, _: WatchOrder, _: Conversation) -> Result<Looking, String> {
        Err("there is no network".to_owned())
    }

    async fn wait_until(&self, _: Nanos) {
        tokio::task::yield_now().await;
    }

    fn begin_trace(&self, _: Option<u16>) -> Result<(), String> {
        Err("there is no kernel".to_owned())
    }

    fn end_trace(&self, _: u32) -> Result<Traced, String> {
        Err("there is no kernel".to_owned())
    }

    fn leave_trace(&self) {}
}
