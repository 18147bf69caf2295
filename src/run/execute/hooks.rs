//! The user's commands around the run and its builds.

use super::{Execution, Halt, interruption};
use crate::results::SampleKey;
use crate::run::Daemon;
use crate::run::events::{Event, Watcher};
use crate::run::ports::{Bases, HookCall, HookFault, Ledger, Probe, Workshop};
use crate::scenario::{HookKind, Step};

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// Runs those of `setup`; from then on those of `cleanup` are owed.
    pub(super) async fn set_up(&mut self) -> Result<(), Halt> {
        let scenario = self.scenario;
        self.owes_cleanup = true;
        for command in &scenario.hooks.setup {
            let call = self.call(HookKind::Setup, command, None);
            self.hook(&call).await??;
        }
        Ok(())
    }

    /// Runs those of `prepare`; a fault of one is the outer result's value.
    pub(super) async fn prepare_build(
        &mut self,
        step: &Step,
        key: &SampleKey,
    ) -> Result<Result<(), HookFault>, Halt> {
        let scenario = self.scenario;
        for command in &scenario.hooks.prepare {
            let call = self.call(HookKind::Prepare, command, Some((step, key)));
            if let Err(fault) = self.hook(&call).await? {
                return Ok(Err(fault));
            }
        }
        Ok(Ok(()))
    }

    /// Runs those of `cleanup`, the last one first; returns what they could not do.
    pub(super) async fn tear_down(&mut self) -> Vec<String> {
        let scenario = self.scenario;
        let mut left = Vec::new();
        if !std::mem::take(&mut self.owes_cleanup) {
            return left;
        }
        for command in scenario.hooks.cleanup.iter().rev() {
            let call = self.call(HookKind::Cleanup, command, None);
            self.say(&call);
            // An interruption ends what is measured, and not the tidying up after it.
            if let Err(fault) = self.ports.hooks.run(&call).await {
                let text = format!("what `{command}` cleans up: {}", fault.source);
                left.push(self.ports.grants.redactor.text(&text).into_owned());
            }
        }
        left
    }

    async fn hook(&mut self, call: &HookCall<'_>) -> Result<Result<(), HookFault>, Halt> {
        self.say(call);
        let hooks = self.ports.hooks;
        tokio::select! {
            ended = hooks.run(call) => Ok(ended),
            () = interruption(&mut self.interrupted) => Err(Halt::Interrupted),
        }
    }

    fn say(&mut self, call: &HookCall<'_>) {
        let what = format!("{} hook: {}", call.kind, call.command);
        let what = self.ports.grants.redactor.text(&what).into_owned();
        self.ports.watcher.notice(&Event::Preparing { what });
    }

    fn call<'call>(
        &self,
        kind: HookKind,
        command: &'call str,
        build: Option<(&Step, &SampleKey)>,
    ) -> HookCall<'call> {
        let mut variables = vec![
            ("SEATRIAL_HOOK", kind.to_string()),
            ("SEATRIAL_RUN", self.run_id.to_owned()),
        ];
        if let Some((step, key)) = build {
            variables.extend([
                ("SEATRIAL_VARIANT", key.variant.clone()),
                ("SEATRIAL_STEP", step.name.clone()),
                ("SEATRIAL_ROUND", key.round.to_string()),
                ("SEATRIAL_WARMUP", u8::from(key.warmup).to_string()),
            ]);
        }
        HookCall {
            kind,
            command,
            variables,
            timeout: self.scenario.hooks.timeout,
        }
    }
}
