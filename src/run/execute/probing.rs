//! Deciding how readiness is looked for: the best way that this machine permits, tried on a container of our own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::holder::Holder;
use super::sidecar::Vantage;
use super::{Execution, Halt, RunFault};
use crate::causes::in_one_line;
use crate::results::{ProbeRecord, ProbeRefusal, Record};
use crate::run::earlier::Earlier;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, Ledger, Probe, Workshop};
use crate::run::{Daemon, Reach};
use crate::scenario::{NetworkReadiness, ProbeTier, Readiness, StartSettings};
use crate::unit::Nanos;

/// Why ways that need the daemon's own machine are not gone: it is another one, or a machine within this one.
const NOT_HERE: &str = "the daemon is not on this machine";

/// Why a way was not tried.
const NOT_ASKED_FOR: &str = "another way was asked for";

/// What is permitted of looking from within; refused is told in words.
struct Permitted {
    trace: Result<(), String>,
    netns: Result<(), String>,
    sidecar: Result<(), String>,
}

impl Permitted {
    fn none(reason: &str) -> Self {
        Self {
            trace: Err(reason.to_owned()),
            netns: Err(reason.to_owned()),
            sidecar: Err(reason.to_owned()),
        }
    }

    /// The ways that are refused of those that are better than `tier`.
    fn refused_before(&self, tier: ProbeTier) -> Vec<ProbeRefusal> {
        let inside = [
            (ProbeTier::Trace, &self.trace),
            (ProbeTier::Netns, &self.netns),
            (ProbeTier::Sidecar, &self.sidecar),
        ];
        inside
            .into_iter()
            .filter(|(refused, _)| *refused < tier)
            .filter_map(|(tier, permitted)| {
                let reason = permitted.as_ref().err()?.clone();
                Some(ProbeRefusal { tier, reason })
            })
            .collect()
    }

    fn refusal(&self, tier: ProbeTier) -> Option<&String> {
        match tier {
            ProbeTier::Trace => self.trace.as_ref().err(),
            ProbeTier::Netns => self.netns.as_ref().err(),
            ProbeTier::Sidecar => self.sidecar.as_ref().err(),
            ProbeTier::Ip | ProbeTier::Published | ProbeTier::Engine => None,
        }
    }
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
    /// Decides once for the whole run, and tells what was decided. A run that is resumed goes on as it began.
    pub(super) async fn choose_probe(&mut self, earlier: &Earlier) -> Result<Option<ProbeRecord>, Halt> {
        let Some(settings) = &self.scenario.start else {
            return Ok(None);
        };
        let wanted = earlier.probe().or(settings.probe);
        let fault = |tier, reason| Halt::Fault(RunFault::LookAs { tier, reason });
        let kind = settings.ready.kind();
        let told = matches!(settings.ready, Readiness::Engine(_));
        match wanted {
            Some(tier) if told != (tier == ProbeTier::Engine) => {
                let by = if told {
                    "told by the engine alone"
                } else {
                    "asked over the network"
                };
                return Err(fault(tier, format!("readiness by `{kind}` is {by}")));
            }
            // A run that found no other way may have come to this by itself, and goes on without starts.
            Some(tier @ (ProbeTier::Ip | ProbeTier::Published))
                if self.reach == Reach::DaemonAlone && settings.probe == Some(tier) =>
            {
                return Err(fault(tier, NOT_HERE.to_owned()));
            }
            Some(ProbeTier::Published) if !settings.ready.is_seen_through_published_ports() => {
                let reason =
                    "the engine's port forwarding takes connections for an application that is not there yet";
                return Err(fault(ProbeTier::Published, reason.to_owned()));
            }
            _ => {}
        }
        let permitted = match wanted {
            // Nothing has to be tried for what is always permitted.
            Some(ProbeTier::Ip | ProbeTier::Published) => Permitted::none(NOT_ASKED_FOR),
            _ => self.permitted(settings, wanted).await?,
        };
        let tier = match wanted {
            Some(tier) => match permitted.refusal(tier) {
                Some(reason) => return Err(fault(tier, reason.clone())),
                None => tier,
            },
            None if told => ProbeTier::Engine,
            None => [ProbeTier::Trace, ProbeTier::Netns, ProbeTier::Sidecar]
                .into_iter()
                .find(|tier| permitted.refusal(*tier).is_none())
                .unwrap_or(ProbeTier::Ip),
        };
        self.tier = tier;
        self.records_told = told && permitted.trace.is_ok();
        if earlier.probe().is_some() {
            return Ok(None);
        }
        let record = ProbeRecord {
            tier,
            forced: settings.probe.is_some(),
            refused: match wanted {
                Some(_) => Vec::new(),
                None if told => Vec::new(),
                None => permitted.refused_before(tier),
            },
        };
        self.ports.ledger.keep(&Record::Probe(record.clone()))?;
        Ok(Some(record))
    }

    /// Why the ways that need the daemon's own machine are not tried.
    fn not_tried(&self, wanted: Option<ProbeTier>) -> Option<&'static str> {
        if self.ports.host.is_none() {
            Some(NOT_HERE)
        } else {
            (wanted == Some(ProbeTier::Sidecar)).then_some(NOT_ASKED_FOR)
        }
    }

    /// Tries to look from within at a container that does nothing.
    async fn permitted(
        &mut self,
        settings: &StartSettings,
        wanted: Option<ProbeTier>,
    ) -> Result<Permitted, Halt> {
        if let Err(reason) = self.prepare_holder().await? {
            return Ok(Permitted::none(&reason));
        }
        let trace = match self.not_tried(wanted) {
            Some(why) => Err(why.to_owned()),
            None => self.ports.probe.begin_trace(settings.ready.port()),
        };
        let name = format!("seatrial-{}-trial", self.run_id.to_lowercase());
        let permitted = match self.hold_network(name, settings).await {
            Ok(holder) => {
                let permitted = self.tried(&holder, trace, settings, wanted).await;
                self.ports.daemon.remove_container(&holder.id).await?;
                permitted
            }
            Err(Halt::Fault(RunFault::AskEngine(fault))) => Ok(Permitted::none(&in_one_line(&fault))),
            Err(halt) => Err(halt),
        };
        self.ports.probe.leave_trace();
        permitted
    }

    /// Tries the ways from within at a holder, before whose start the kernel was asked to record. One that looks by a
    /// container is tried only where it is asked for or no better one is permitted.
    async fn tried(
        &self,
        holder: &Holder,
        trace: Result<(), String>,
        settings: &StartSettings,
        wanted: Option<ProbeTier>,
    ) -> Result<Permitted, Halt> {
        let trace = trace.and_then(|()| match self.ports.probe.end_trace(holder.process)?.exec {
            Some(_) => Ok(()),
            // Its processes are another kernel's, or have other numbers there.
            None => Err("the kernel of this machine does not see the daemon's containers begin".to_owned()),
        });
        let Readiness::Network(ready) = &settings.ready else {
            // Nobody has to look.
            return Ok(Permitted {
                trace,
                netns: Ok(()),
                sidecar: Ok(()),
            });
        };
        let netns = match self.not_tried(wanted) {
            Some(why) => Err(why.to_owned()),
            None => self.looks_by(ProbeTier::Netns, holder, ready).await?,
        };
        let sidecar = match wanted {
            None if netns.is_ok() => Err("a better way is permitted".to_owned()),
            None | Some(ProbeTier::Sidecar) => self.looks_by(ProbeTier::Sidecar, holder, ready).await?,
            Some(_) => Err(NOT_ASKED_FOR.to_owned()),
        };
        // Without the second nobody answers the request that the first only complements.
        let trace = trace.and_then(|()| netns.clone());
        Ok(Permitted {
            trace,
            netns,
            sidecar,
        })
    }

    /// Whether a holder's network can be looked at from within in this way. Nothing is waited for there.
    async fn looks_by(
        &self,
        tier: ProbeTier,
        holder: &Holder,
        ready: &NetworkReadiness,
    ) -> Result<Result<(), String>, Halt> {
        let cancel = Arc::new(AtomicBool::new(false));
        let begun = self.begin_to_look(tier, holder, ready, Nanos::from_secs(1), &cancel);
        let Vantage { looking, sidecar } = match begun.await? {
            Ok(vantage) => vantage,
            Err(reason) => return Ok(Err(reason)),
        };
        cancel.store(true, Ordering::Relaxed);
        let looked = looking.await;
        self.end_sidecar(sidecar).await?;
        Ok(looked.map(drop))
    }
}
