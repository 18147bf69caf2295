//! One start that is looked at from within a network namespace that is there before the container.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::holder::Holder;
use super::observed::{Calls, Observed};
use super::sidecar::Vantage;
use super::starts::{Attempted, ended_early};
use super::{Execution, Halt};
use crate::causes::in_one_line;
use crate::results::{Phase, Status};
use crate::run::events::Watcher;
use crate::run::ports::{
    Addresses, Bases, LONGEST_WAY, Ledger, LookOrder, LookedInside, Looking, Probe, Traced, Workshop,
};
use crate::run::{Daemon, Reach};
use crate::scenario::{NetworkReadiness, ProbeTier};
use crate::unit::Nanos;

/// How long the published port is given to answer once the application has. Nothing of it is timed.
const PUBLISHED_PATIENCE: Nanos = Nanos::from_secs(1);

/// A container that is to be started in a holder's network.
#[derive(Clone, Copy)]
pub(super) struct InsideStart<'a> {
    pub(super) id: &'a str,
    pub(super) holder: &'a Holder,
    /// What counts as started.
    pub(super) ready: &'a NetworkReadiness,
    /// How long it is waited for.
    pub(super) timeout: Nanos,
    /// When it was asked to be created.
    pub(super) create_call: Nanos,
}

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// Starts a created container in the holder's network, looking from within before it is started, until readiness is
    /// found, the container has ended, or the time is up.
    pub(super) async fn start_inside(
        &mut self,
        start: InsideStart<'_>,
        phases: &mut Vec<Phase>,
    ) -> Result<Attempted, Halt> {
        let by_record = self.tier == ProbeTier::Trace;
        if by_record && let Err(reason) = self.ports.probe.begin_trace(Some(start.ready.port())) {
            return Ok(Attempted::invalid(self.tier, reason));
        }
        let cancel = Arc::new(AtomicBool::new(false));
        let begun = self.begin_to_look(self.tier, start.holder, start.ready, start.timeout, &cancel);
        let Vantage { looking, sidecar } = match begun.await? {
            Ok(vantage) => vantage,
            Err(reason) => return Ok(Attempted::invalid(self.tier, reason)),
        };
        let attempted = self.start_watched(start, looking, &cancel, phases).await;
        self.end_sidecar(sidecar).await?;
        attempted
    }

    /// Starts the container that is looked at by now.
    async fn start_watched(
        &mut self,
        start: InsideStart<'_>,
        looking: Looking,
        cancel: &AtomicBool,
        phases: &mut Vec<Phase>,
    ) -> Result<Attempted, Halt> {
        let (daemon, probe) = (self.ports.daemon, self.ports.probe);
        let InsideStart {
            id, holder, ready, ..
        } = start;
        let by_record = self.tier == ProbeTier::Trace;
        let start_call = probe.now();
        if let Err(fault) = daemon.start_container(id).await {
            return Ok(Attempted::failed(self.tier, in_one_line(&fault)));
        }
        let calls = Calls {
            create: start.create_call,
            start: start_call,
            started: probe.now(),
        };
        phases.push(calls.phase("start", calls.start, calls.started));
        // It is looked at meanwhile, by others than this task. Of what ended at once there is no process.
        let process = daemon.main_process(id).await?;
        let (looked, ended) = self.watched(id, looking, cancel).await?;
        let looked = match looked {
            Ok(looked) => looked,
            Err(reason) if ended.is_none() => return Ok(Attempted::invalid(self.tier, reason)),
            // How it ended is the better reason.
            Err(_) => LookedInside::default(),
        };
        // At once: what it uses from here on is not the start's.
        let state = match (self.ports.host, process) {
            (Some(host), Some(process)) if ended.is_none() => Some(host.container(process)),
            _ => None,
        };
        let traced = if by_record && ended.is_none() {
            self.traced(process)
        } else {
            Ok(Traced::default())
        };
        let outcome = match (ended, looked.seen, &traced) {
            (Some(end), _, _) => ended_early(end),
            (None, None, _) => Status::Failed {
                reason: looked.miss.clone().unwrap_or_default(),
            },
            (None, Some(_), Err(reason)) => Status::Invalid {
                reason: format!("the kernel's record cannot be used: {reason}"),
            },
            (None, Some(_), Ok(_)) => self.reached_from_outside(holder, ready, &looked).await?,
        };
        let observed = Observed {
            calls,
            seen: looked.seen,
            longest_way: LONGEST_WAY,
            traced: by_record.then(|| traced.unwrap_or_default()),
            state,
        };
        Ok(Attempted {
            attempts: looked.attempts,
            exit_code: ended.map(|end| end.exit_code),
            ..observed.attempted(self.tier, outcome, phases)
        })
    }

    /// What the kernel recorded of the container of a process.
    pub(super) fn traced(&self, process: Option<u32>) -> Result<Traced, String> {
        let process = process.ok_or("the container's first process was not seen")?;
        let traced = self.ports.probe.end_trace(process)?;
        match traced.exec {
            Some(_) => Ok(traced),
            None => Err("the begin of the container's program is not in it".to_owned()),
        }
    }

    /// Whether users reach the application as well: what listens on loopback alone is never reached by a published port.
    async fn reached_from_outside(
        &self,
        holder: &Holder,
        ready: &NetworkReadiness,
        looked: &LookedInside,
    ) -> Result<Status, Halt> {
        if !looked.listens_on.is_empty() && looked.listens_on.iter().all(IpAddr::is_loopback) {
            let addresses: Vec<String> = looked.listens_on.iter().map(ToString::to_string).collect();
            let reason = format!(
                "listens on {} only, where no published port reaches it; let it listen on 0.0.0.0",
                addresses.join(" and ")
            );
            return Ok(Status::Invalid { reason });
        }
        if self.reach == Reach::DaemonAlone {
            // No port of another machine is reached from here.
            return Ok(Status::Ok);
        }
        let addresses = self.ports.daemon.addresses(&holder.id, ready.port()).await?;
        if addresses.published.is_none() {
            let reason = "the port was not published".to_owned();
            return Ok(Status::Invalid { reason });
        }
        if matches!(ready, NetworkReadiness::Tcp(_)) {
            // Through the port everything is taken, whether anybody listens or not.
            return Ok(Status::Ok);
        }
        let now = self.ports.probe.now();
        let look = self.ports.probe.look(LookOrder {
            addresses: Addresses {
                container: None,
                ..addresses
            },
            ready: ready.clone(),
            start_call: now,
            start_done: now,
            deadline: now + PUBLISHED_PATIENCE,
            looks: 1,
            cancel: Arc::new(AtomicBool::new(false)),
        });
        Ok(match look.await.miss {
            None => Status::Ok,
            Some(miss) => Status::Invalid {
                reason: format!("answers from within but not through the published port: {miss}"),
            },
        })
    }
}
