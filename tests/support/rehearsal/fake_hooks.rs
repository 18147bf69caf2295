//! Hooks that are noted, and fail where the script says.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use seatrial::run::{HookCall, HookFault, Hooks};

use super::log_book::LogBook;
use super::script::Script;

/// Hooks that run nothing.
#[derive(Debug)]
pub(crate) struct FakeHooks {
    pub(super) log: LogBook,
    pub(super) script: Script,
}

impl Hooks for FakeHooks {
    fn run<'a>(&'a self, call: &'a HookCall<'a>) -> BoxFuture<'a, Result<(), HookFault>> {
        let told: Vec<_> = call
            .variables
            .iter()
            .skip(2)
            .map(|(_, value)| value.as_str())
            .collect();
        let line = format!("hook {} {} {}", call.kind, call.command, told.join(" "));
        self.log.note(line.trim_end().to_owned());
        let fails = self.script.failing_hooks.contains(call.command);
        async move {
            if !fails {
                return Ok(());
            }
            Err(HookFault {
                kind: call.kind,
                command: call.command.to_owned(),
                source: "as the script has it".into(),
            })
        }
        .boxed()
    }
}
