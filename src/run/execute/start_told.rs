//! One start whose readiness the engine tells: by the log, a health check, a command or the container's end.

use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use super::observed::{Calls, Observed};
use super::starts::{Attempted, ended_early};
use super::{Execution, Halt};
use crate::causes::in_one_line;
use crate::results::{Attempts, Phase, Status};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::log_match::LogMatch;
use crate::run::ports::{
    Bases, ContainerEnd, EngineFault, Health, LONGEST_FORWARDED_WAY, Ledger, Printed, Probe, Sighting,
    Workshop,
};
use crate::scenario::{EngineReadiness, ProbeTier};
use crate::unit::Nanos;

/// How long nobody looks at a container's health without being told that it has changed.
const LOOK_ANYWAY: Nanos = Nanos::from_secs(1);

/// What listening to a container came to.
#[derive(Default)]
struct Told {
    seen: Option<Sighting>,
    attempts: Attempts,
    /// Why there is nothing seen, where that is not that the time was up.
    miss: Option<String>,
}

/// Listens to one container.
struct Listener<'a, D, P> {
    daemon: &'a D,
    probe: &'a P,
    id: &'a str,
    start: Nanos,
    cancel: &'a AtomicBool,
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
    /// Starts a created container and listens to what the engine tells of it, for `timeout` at most; with `by_record` beside
    /// the kernel's record of its begin.
    pub(super) async fn start_told(
        &mut self,
        id: &str,
        readiness: &EngineReadiness,
        timeout: Nanos,
        create_call: Nanos,
        by_record: bool,
        phases: &mut Vec<Phase>,
    ) -> Result<Attempted, Halt> {
        let (daemon, probe) = (self.ports.daemon, self.ports.probe);
        let readiness = &readiness.with_addresses(&self.companion_addresses);
        let tier = ProbeTier::Engine;
        if by_record && let Err(reason) = probe.begin_trace(None) {
            return Ok(Attempted::invalid(tier, reason));
        }
        let printed = match readiness {
            EngineReadiness::Log(_) | EngineReadiness::Exit(_) => Some(daemon.attach(id).await?),
            EngineReadiness::Health { .. } | EngineReadiness::Exec { .. } => None,
        };
        let start = probe.now();
        if let Err(fault) = daemon.start_container(id).await {
            return Ok(Attempted::failed(tier, in_one_line(&fault)));
        }
        let calls = Calls {
            create: create_call,
            start,
            started: probe.now(),
        };
        phases.push(calls.phase("start", calls.start, calls.started));
        let process = daemon.main_process(id).await?;
        let cancel = AtomicBool::new(false);
        let listener = Listener {
            daemon,
            probe,
            id,
            start,
            cancel: &cancel,
        };
        let listening = async {
            tokio::select! {
                told = listener.listen(readiness, printed) => told,
                () = probe.wait_until(start + timeout) => Ok(Told::default()),
            }
        };
        let (told, ended) = self.watched(id, listening, &cancel).await?;
        let told = told?;
        let ended = match (readiness, ended) {
            // What is waited for is heard before the daemon tells how it came about.
            (EngineReadiness::Exit(_), None) if told.seen.is_some() => Some(daemon.wait_for_end(id).await?),
            (_, ended) => ended,
        };
        let state = match (self.ports.host, process) {
            (Some(host), Some(process)) if ended.is_none() && told.seen.is_some() => {
                Some(host.container(process))
            }
            _ => None,
        };
        // Of what ended at once there is no process, and no record that could be told to be its own.
        let traced = match (by_record, told.seen, process) {
            (true, Some(_), Some(_)) => self.traced(process).map(Some),
            _ => Ok(None),
        };
        let outcome = match &traced {
            Err(reason) => Status::Invalid {
                reason: format!("the kernel's record cannot be used: {reason}"),
            },
            Ok(_) => verdict(readiness, &told, ended, timeout),
        };
        let observed = Observed {
            calls,
            seen: told.seen,
            longest_way: LONGEST_FORWARDED_WAY,
            traced: traced.unwrap_or_default(),
            state,
        };
        Ok(Attempted {
            attempts: told.attempts,
            exit_code: ended.map(|end| end.exit_code),
            ..observed.attempted(tier, outcome, phases)
        })
    }
}

/// Whether a start counts.
fn verdict(readiness: &EngineReadiness, told: &Told, ended: Option<ContainerEnd>, timeout: Nanos) -> Status {
    match (readiness, ended) {
        (EngineReadiness::Exit(codes), Some(end)) if told.seen.is_some() => {
            if codes.contains(&end.exit_code) && !end.out_of_memory {
                return Status::Ok;
            }
            let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
            let how = if end.out_of_memory {
                ", killed for want of memory"
            } else {
                ""
            };
            let reason = format!(
                "the container ended with exit code {}{how}, expected {}",
                end.exit_code,
                codes.join(" or ")
            );
            Status::Failed { reason }
        }
        _ if told.seen.is_some() => Status::Ok,
        (_, Some(end)) => ended_early(end),
        (_, None) => {
            let awaited = match readiness {
                EngineReadiness::Log(log) => format!("no line that holds {:?} was printed", log.contains),
                EngineReadiness::Health { .. } => "no health check passed".to_owned(),
                EngineReadiness::Exec { command, .. } => {
                    format!("the command `{}` did not end with 0", command.join(" "))
                }
                EngineReadiness::Exit(_) => "the container did not end".to_owned(),
            };
            let reason = told
                .miss
                .clone()
                .unwrap_or_else(|| format!("{awaited} within {timeout}"));
            Status::Failed { reason }
        }
    }
}

impl<D: Daemon, P: Probe> Listener<'_, D, P> {
    async fn listen(
        &self,
        readiness: &EngineReadiness,
        printed: Option<BoxStream<'static, Result<Printed, EngineFault>>>,
    ) -> Result<Told, EngineFault> {
        match (readiness, printed) {
            (EngineReadiness::Log(log), Some(printed)) => self.hear(LogMatch::new(log), printed).await,
            (EngineReadiness::Exit(_), Some(printed)) => self.outlast(printed).await,
            (EngineReadiness::Exec { command, every }, _) => self.try_command(command, *every).await,
            (EngineReadiness::Health { .. } | EngineReadiness::Log(_) | EngineReadiness::Exit(_), _) => {
                self.look_at_health().await
            }
        }
    }

    /// Told at this instant, by the way that everything comes from the container over the engine to us.
    fn told_now(&self) -> Sighting {
        let now = self.probe.now();
        let sent = now.saturating_since(LONGEST_FORWARDED_WAY).max(self.start);
        Sighting {
            not_before: Some(sent),
            answered_otherwise: None,
            sent,
            first_byte: now,
            clock_error: Nanos::ZERO,
        }
    }

    async fn hear(
        &self,
        mut log: LogMatch<'_>,
        mut printed: BoxStream<'static, Result<Printed, EngineFault>>,
    ) -> Result<Told, EngineFault> {
        while let Some(piece) = printed.next().await {
            let told = self.told_now();
            let piece = piece?;
            if log.push(piece.stream, &piece.bytes) {
                return Ok(Told {
                    seen: Some(told),
                    ..Told::default()
                });
            }
        }
        Ok(self.until_cancelled().await)
    }

    /// Listens until the container has no more to print, which is when it has ended.
    async fn outlast(
        &self,
        mut printed: BoxStream<'static, Result<Printed, EngineFault>>,
    ) -> Result<Told, EngineFault> {
        while let Some(piece) = printed.next().await {
            piece?;
        }
        Ok(Told {
            seen: Some(self.told_now()),
            ..Told::default()
        })
    }

    /// There is nothing more to hear. The daemon is about to say how it ended.
    async fn until_cancelled(&self) -> Told {
        while !self.is_cancelled() {
            self.probe
                .wait_until(self.probe.now() + Nanos::from_millis(1))
                .await;
        }
        Told::default()
    }

    fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::Relaxed)
    }

    async fn try_command(&self, command: &[String], every: Nanos) -> Result<Told, EngineFault> {
        let mut attempts = Attempts::default();
        let mut not_before = None;
        while !self.is_cancelled() {
            let sent = self.probe.now();
            match self.daemon.run_inside(self.id, command).await {
                Ok(0) => {
                    let seen = Some(Sighting {
                        not_before,
                        answered_otherwise: None,
                        sent,
                        first_byte: self.probe.now(),
                        clock_error: Nanos::ZERO,
                    });
                    return Ok(Told {
                        seen,
                        attempts,
                        miss: None,
                    });
                }
                Ok(code) => attempts.count(&format!("exit:{code}")),
                // It has ended, which the daemon is about to say.
                Err(fault) if fault.status == Some(409) => attempts.count("not-running"),
                // It cannot be run at all, as where the image has no such program.
                Err(fault) if fault.status.is_some() => {
                    return Ok(Told {
                        attempts,
                        miss: Some(in_one_line(&fault)),
                        seen: None,
                    });
                }
                Err(fault) => return Err(fault),
            }
            not_before = Some(sent);
            self.probe.wait_until(self.probe.now() + every).await;
        }
        Ok(Told {
            attempts,
            ..Told::default()
        })
    }

    async fn look_at_health(&self) -> Result<Told, EngineFault> {
        let mut changes = self.daemon.health_changes(self.id);
        while !self.is_cancelled() {
            let told_at = self.probe.now();
            let Some(health) = self.daemon.health(self.id).await? else {
                return Ok(Told {
                    miss: Some("the image has no health check".to_owned()),
                    ..Told::default()
                });
            };
            if health.healthy {
                return Ok(Told {
                    seen: Some(self.healthy_at(told_at, &health)),
                    ..Told::default()
                });
            }
            tokio::select! {
                change = changes.next() => {
                    change.transpose()?;
                }
                () = self.probe.wait_until(told_at + LOOK_ANYWAY) => {}
            }
        }
        Ok(Told::default())
    }

    /// By the daemon's clock only differences are taken: how long the check took that passed, and how long before it the last
    /// one began that did not.
    fn healthy_at(&self, told_at: Nanos, health: &Health) -> Sighting {
        let passed = health.checks.iter().rposition(|check| !check.passed);
        let passing = health.checks.get(passed.map_or(0, |failed| failed + 1));
        let took = passing.map_or(Nanos::ZERO, |check| check.ended.saturating_since(check.began));
        let sent = told_at.saturating_since(took).max(self.start);
        let gap = match (passed.and_then(|failed| health.checks.get(failed)), passing) {
            (Some(failed), Some(passing)) => Some(passing.began.saturating_since(failed.began)),
            _ => None,
        };
        Sighting {
            not_before: gap.map(|gap| sent.saturating_since(gap).max(self.start)),
            answered_otherwise: None,
            sent,
            first_byte: told_at,
            clock_error: Nanos::ZERO,
        }
    }
}
