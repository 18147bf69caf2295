//! Commands of the user's.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::scenario::HookKind;
use crate::unit::Nanos;

/// Runs the scenario's hooks.
pub trait Hooks: fmt::Debug + Send + Sync {
    /// Runs one command and waits for its end; one that is not waited for any longer is ended.
    ///
    /// # Errors
    ///
    /// Where it cannot be started, does not end in time, or ends with another exit code than 0.
    fn run<'a>(&'a self, call: &'a HookCall<'a>) -> BoxFuture<'a, Result<(), HookFault>>;
}

/// One command to be run.
#[derive(Clone, Debug)]
pub struct HookCall<'a> {
    /// When it runs.
    pub kind: HookKind,
    /// The command, for a shell.
    pub command: &'a str,
    /// What it is told by its environment, besides that of this program.
    pub variables: Vec<(&'static str, String)>,
    /// How long it may take.
    pub timeout: Nanos,
}

/// A hook did not end well.
#[derive(Debug, thiserror::Error)]
#[error("the {kind} hook `{command}` failed")]
pub struct HookFault {
    /// When it ran.
    pub kind: HookKind,
    /// The command.
    pub command: String,
    /// How it ended.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
