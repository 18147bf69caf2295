//! `seatrial doctor`: what of this machine and its daemon spoils measurements, and what to do about it.

mod daemon_findings;
mod finding;
mod host_findings;
mod overhead;

use std::io::Write;

use serde_json::json;

use super::args::DoctorArgs;
use super::engine::{connect, runtime, unusable};
use super::interruption::watch_signals;
use super::{ExitCode, Failure};
use crate::causes::in_one_line;
use crate::docker::{ConnectEngine, Engine};
use crate::run::NeighbourWatch as _;
use crate::store::DaemonLock;
use daemon_findings::{client, daemon_findings};
use finding::{Finding, Level, write_findings};
use host_findings::host_findings;
use overhead::{docker_command, overhead};

/// Looks at everything and says it. Without a daemon the machine's own findings are said all the same.
pub(super) fn doctor(args: &DoctorArgs, out: &mut dyn Write) -> Result<ExitCode, Failure> {
    let runtime = runtime()?;
    // First, while this program does nothing else that the machine would be busy with.
    let host = host_findings();
    let engine = runtime.block_on(connect(&args.daemon));
    let (mut findings, failed) = match engine {
        Err(failure) => (vec![no_daemon(&failure)], Some(failure)),
        Ok(engine) => match runtime.block_on(ask(&engine)) {
            Ok(findings) => (findings, None),
            Err(error) => {
                let failure = unusable(error);
                (vec![no_daemon(&failure)], Some(failure))
            }
        },
    };
    findings.extend(host);
    if args.json {
        let spoils = |level| findings.iter().filter(|finding| finding.level == level).count();
        let all = json!({
            "findings": findings,
            "warnings": spoils(Level::Warning),
            "errors": spoils(Level::Error),
        });
        serde_json::to_writer_pretty(&mut *out, &all).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        write_findings(&findings, out)?;
    }
    match failed {
        Some(failure) => Err(failure),
        None => Ok(ExitCode::Done),
    }
}

async fn ask(engine: &Engine) -> Result<Vec<Finding>, ConnectEngine> {
    // No run has the empty id: whatever runs is somebody's.
    let neighbours = engine.neighbours("").await;
    let checkup = engine.checkup().await?;
    let mut findings = daemon_findings(engine, &checkup, &neighbours);
    let command = docker_command().await;
    findings.push(client(command.as_deref()));
    if command.is_some() {
        findings.push(compare(engine).await);
    }
    Ok(findings)
}

/// Builds beside the docker command, unless somebody else measures on this daemon.
async fn compare(engine: &Engine) -> Finding {
    let holder = format!("process {}, doctor", std::process::id());
    let held = DaemonLock::hold(&std::env::temp_dir(), engine.id(), &holder);
    match (held, watch_signals()) {
        (Ok(_held), Ok(interrupted)) => overhead(engine, &interrupted).await,
        (Err(held), _) => Finding::unknown("overhead", format!("not measured: {}", in_one_line(&held))),
        (_, Err(_)) => Finding::unknown("overhead", "not measured: Ctrl-C could not be listened to"),
    }
}

fn no_daemon(failure: &Failure) -> Finding {
    Finding {
        level: Level::Error,
        spoils: Some("nothing can be measured; the rest is about this machine alone".to_owned()),
        ..Finding::ok("daemon", failure.in_one_line())
    }
}
