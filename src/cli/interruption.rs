//! Ctrl-C and the request to terminate.

use std::io::Write as _;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::{ExitCode, Failure};

/// Turns true with the first signal; the second ends the program at once.
pub(super) fn watch_signals() -> Result<watch::Receiver<bool>, Failure> {
    let failed = |error: std::io::Error| Failure::new(ExitCode::Failed, error);
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let (sender, receiver) = watch::channel(false);
    tokio::spawn(async move {
        let mut asked = false;
        loop {
            tokio::select! {
                Some(()) = interrupt.recv() => {}
                Some(()) = terminate.recv() => {}
                else => return,
            }
            if asked {
                leave_at_once();
            }
            asked = true;
            // Nobody reads it where the run has ended already.
            let _ = sender.send(true);
            let text = "interrupted: what was measured is kept, the run's own is being removed; again to leave at once";
            let _ = writeln!(std::io::stderr(), "\n{text}");
        }
    });
    Ok(receiver)
}

#[expect(
    clippy::exit,
    reason = "the second signal asks for just that, whatever is still to be tidied"
)]
fn leave_at_once() -> ! {
    std::process::exit(i32::from(ExitCode::Interrupted.number()))
}
