//! Connecting to the daemon, and the async runtime that talks to it.

use std::time::Duration;

use super::args::DaemonArgs;
use super::load::Loaded;
use super::{ExitCode, Failure};
use crate::docker::{ConnectEngine, DaemonChoice, Endpoint, Engine};

/// The runtime; only commands that talk to a daemon make one.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ExitCode::Failed, error))
}

/// How long a connection to a daemon elsewhere may take.
const PATIENCE: Duration = Duration::from_secs(45);

/// The daemon that the command line, the environment or a context names, or the default one.
pub(super) async fn connect(args: &DaemonArgs) -> Result<Engine, Failure> {
    let choice = choice(args);
    let opened = tokio::time::timeout(PATIENCE, Endpoint::open(&choice)).await;
    let opened = opened.map_err(|_| {
        let text = format!("the daemon was not reached within {} s", PATIENCE.as_secs());
        Failure::new(ExitCode::NoDaemon, text)
            .with_hints(["see whether `docker version` reaches it".to_owned()])
    })?;
    let endpoint = opened.map_err(unusable)?;
    Engine::connect(endpoint).await.map_err(unusable)
}

/// Holds a scenario against an engine, where not every engine can do what it asks for.
pub(super) async fn hold_against(loaded: &mut Loaded, engine: &Engine) -> Result<(), Failure> {
    if loaded.checked.depends_on_engine() {
        let facts = engine.facts().await;
        let facts = facts.map_err(|fault| Failure::new(ExitCode::NoDaemon, fault))?;
        loaded.checked.hold_against(&facts);
    }
    Ok(())
}

/// Whether the daemon that is meant is on another machine; one that is not rightly named is told by who connects to it.
pub(super) fn is_elsewhere(args: &DaemonArgs) -> bool {
    Endpoint::leads_elsewhere(&choice(args)).unwrap_or(false)
}

fn choice(args: &DaemonArgs) -> DaemonChoice {
    DaemonChoice {
        host: args.host.clone(),
        context: args.context.clone(),
    }
}

/// No usable daemon, with what may help.
pub(super) fn unusable(error: ConnectEngine) -> Failure {
    let hints = error.hints();
    Failure::new(ExitCode::NoDaemon, error).with_hints(hints)
}
