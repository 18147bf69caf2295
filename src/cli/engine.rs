//! Connecting to the daemon, and the async runtime that talks to it.

use super::load::Loaded;
use super::{ExitCode, Failure};
use crate::docker::{ConnectEngine, Endpoint, Engine};

/// The runtime; only commands that talk to a daemon make one.
pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new(ExitCode::Failed, error))
}

/// The daemon that `DOCKER_HOST` names, or the default one.
pub(super) async fn connect() -> Result<Engine, Failure> {
    let host = std::env::var("DOCKER_HOST").ok();
    let endpoint = Endpoint::from_docker_host(host.as_deref()).map_err(unusable)?;
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

/// No usable daemon, with what may help.
pub(super) fn unusable(error: ConnectEngine) -> Failure {
    let hints = error.hints();
    Failure::new(ExitCode::NoDaemon, error).with_hints(hints)
}
