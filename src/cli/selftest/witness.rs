//! A probe that looks as every other and, once it has seen a match, asks the server what was true.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt as _;

use super::timeline::ask_server;
use crate::analyze::Witnessed;
use crate::probe::ProbeThread;
use crate::results::Bounded;
use crate::run::{
    Conversation, InsideOrder, LONGEST_WAY, LookOrder, Looked, Looking, Probe, Sighting, Traced, WatchOrder,
};
use crate::scenario::{NetworkReadiness, ProbeTier};
use crate::unit::Nanos;

/// A probe that looks as every other and, once it has seen a match, asks the server what was true.
#[derive(Debug, Default)]
pub(super) struct Witness {
    probe: ProbeThread,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// What was seen from within and how, until the server is asked through its published port.
    inside: Option<(ProbeTier, Sighting)>,
    traced: Option<Traced>,
    seen: Vec<Witnessed>,
    faults: Vec<String>,
}

impl Witness {
    /// Every start that was seen, and what kept others from being asked.
    pub(super) fn into_seen(self) -> (Vec<Witnessed>, Vec<String>) {
        let mut state = self.state();
        (std::mem::take(&mut state.seen), std::mem::take(&mut state.faults))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// What was claimed of a start before the server was asked.
    fn claimed(&self, start_call: Nanos, start_done: Nanos, looked: &Looked) -> Option<Claim> {
        let mut state = self.state();
        if let Some((seen_by, sighting)) = state.inside.take() {
            let traced = state.traced.take();
            let tier = if traced.is_some() {
                ProbeTier::Trace
            } else {
                seen_by
            };
            let traced = traced.unwrap_or_default();
            let bounded = sighting.sharpened(&traced).bounded(Nanos::ZERO, LONGEST_WAY);
            return Some(Claim {
                tier,
                start_call: Nanos::ZERO,
                floor: None,
                bounded,
                traced,
            });
        }
        let bounded = match looked.tier {
            ProbeTier::Ip => looked.ready,
            _ => looked.client,
        }?;
        Some(Claim {
            tier: looked.tier,
            start_call,
            floor: (looked.tier == ProbeTier::Published).then_some(start_done),
            bounded,
            traced: Traced::default(),
        })
    }

    /// Notes what is seen from within.
    fn noting(&self, tier: ProbeTier, looking: Looking) -> Looking {
        let state = Arc::clone(&self.state);
        // What was recorded before is of another container.
        locked(&state).traced = None;
        let noting = async move {
            let looked = looking.await;
            let seen = looked.as_ref().ok().and_then(|looked| looked.seen);
            let mut state = locked(&state);
            if seen.is_some_and(|seen| seen.clock_error > Nanos::ZERO) {
                // The server's instants are of its own clock.
                state
                    .faults
                    .push("a server's clock is not this machine's".to_owned());
            }
            state.inside = seen.map(|seen| (tier, seen));
            drop(state);
            looked
        };
        noting.boxed()
    }

    async fn ask(&self, address: SocketAddr, claim: Claim) {
        let asked = tokio::task::spawn_blocking(move || ask_server(address)).await;
        let mut state = self.state();
        match asked.map_err(std::io::Error::other).and_then(|asked| asked) {
            Ok((variant, own)) => state.seen.push(Witnessed {
                tier: claim.tier,
                variant,
                low: claim.start_call + claim.bounded.low_ns,
                first_byte: claim.start_call + claim.bounded.value_ns,
                floor: claim.floor,
                left_censored: claim.bounded.left_censored,
                exec: claim.traced.exec,
                listen: claim.traced.listen,
                own,
            }),
            Err(error) => state
                .faults
                .push(format!("a server did not tell its instants: {error}")),
        }
    }
}

/// What a probe claims of a start.
struct Claim {
    tier: ProbeTier,
    start_call: Nanos,
    /// When the start call had returned, where only who waited for it is answered.
    floor: Option<Nanos>,
    bounded: Bounded,
    traced: Traced,
}

impl Probe for Witness {
    fn now(&self) -> Nanos {
        self.probe.now()
    }

    async fn look(&self, order: LookOrder) -> Looked {
        let (published, start_call, start_done) =
            (order.addresses.published, order.start_call, order.start_done);
        let looked = self.probe.look(order).await;
        if let (Some(address), None) = (published, &looked.miss)
            && let Some(claim) = self.claimed(start_call, start_done, &looked)
        {
            self.ask(address, claim).await;
        }
        looked
    }

    async fn look_inside(&self, order: InsideOrder) -> Result<Looking, String> {
        let looking = self.probe.look_inside(order).await?;
        Ok(self.noting(ProbeTier::Netns, looking))
    }

    fn watch_arguments(&self, ready: &NetworkReadiness, patience: Nanos) -> Vec<String> {
        self.probe.watch_arguments(ready, patience)
    }

    async fn watch(&self, order: WatchOrder, conversation: Conversation) -> Result<Looking, String> {
        let looking = self.probe.watch(order, conversation).await?;
        Ok(self.noting(ProbeTier::Sidecar, looking))
    }

    async fn wait_until(&self, instant: Nanos) {
        self.probe.wait_until(instant).await;
    }

    fn begin_trace(&self, port: Option<u16>) -> Result<(), String> {
        self.state().traced = None;
        self.probe.begin_trace(port)
    }

    fn end_trace(&self, main_process: u32) -> Result<Traced, String> {
        let traced = self.probe.end_trace(main_process)?;
        self.state().traced = Some(traced.clone());
        Ok(traced)
    }

    fn leave_trace(&self) {
        self.probe.leave_trace();
    }
}

/// Nothing here leaves a half-made value behind when it panics.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
