//! One run at a time on one daemon.

use std::io::{self, Write as _};
use std::time::Duration;

use tokio::sync::watch;

use super::{ExitCode, Failure};
use crate::docker::Engine;
use crate::store::{DaemonLock, HoldDaemon};

/// Holds the daemon for this process, which works on `what`; nothing where the wait for it was interrupted.
pub(super) async fn hold(
    engine: &Engine,
    what: &str,
    wait: bool,
    mut interrupted: watch::Receiver<bool>,
) -> Result<Option<DaemonLock>, Failure> {
    const LOOK_AGAIN: Duration = Duration::from_millis(500);
    let holder = format!("process {}, {}", std::process::id(), what);
    let mut told = false;
    loop {
        match DaemonLock::hold(&std::env::temp_dir(), engine.id(), &holder) {
            Ok(held) => return Ok(Some(held)),
            Err(held @ HoldDaemon::Held { .. }) if wait => {
                if !told {
                    writeln!(io::stderr().lock(), "waiting: {held}")?;
                    told = true;
                }
                tokio::select! {
                    () = tokio::time::sleep(LOOK_AGAIN) => {}
                    _ = interrupted.wait_for(|interrupted| *interrupted) => return Ok(None),
                }
            }
            Err(error) => {
                let hints = error.hints();
                return Err(Failure::new(ExitCode::NoDaemon, error).with_hints(hints));
            }
        }
    }
}
