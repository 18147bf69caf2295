//! Running the user's commands around a run.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

use super::command::{CommandError, in_words, tail};
use crate::run::{HookCall, HookFault, Hooks};

/// Runs hooks in the scenario's folder.
///
/// They are the user's own commands, and may do what the user may: they are not kept inside a folder as the commands of
/// edits are.
#[derive(Clone, Debug)]
pub struct ScenarioHooks {
    /// The scenario's folder.
    pub folder: PathBuf,
}

/// The processes of a hook, ended when this is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // That all are gone is no failure.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Hooks for ScenarioHooks {
    fn run<'a>(&'a self, call: &'a HookCall<'a>) -> BoxFuture<'a, Result<(), HookFault>> {
        Box::pin(async move {
            self.ended(call).await.map_err(|error| HookFault {
                kind: call.kind,
                command: call.command.to_owned(),
                source: Box::new(error),
            })
        })
    }
}

impl ScenarioHooks {
    async fn ended(&self, call: &HookCall<'_>) -> Result<(), CommandError> {
        let prepare = |source| CommandError::Prepare { source };
        let mut log = tempfile::tempfile().map_err(prepare)?;
        let output = |log: &File| log.try_clone().map(Stdio::from).map_err(prepare);
        let mut child = Command::new("/bin/sh")
            .args(["-c", call.command])
            .current_dir(if self.folder.as_os_str().is_empty() {
                ".".as_ref()
            } else {
                self.folder.as_path()
            })
            .envs(call.variables.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(output(&log)?)
            .stderr(output(&log)?)
            // Ctrl-C is for this program, which ends the hook or lets it clean up.
            .process_group(0)
            .spawn()
            .map_err(|source| CommandError::Start { source })?;
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let mut group = Group(id.and_then(Pid::from_raw));
        let waited = tokio::time::timeout(Duration::from(call.timeout), child.wait()).await;
        let ended = match waited {
            Ok(ended) => Some(ended.map_err(prepare)?),
            Err(_) => None,
        };
        if ended.is_some() {
            // What it left running in the background, such as a server, is wanted; and its number may be another's by now.
            group.0 = None;
        }
        match ended {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(CommandError::Exit {
                status: in_words(status),
                log: logged(&mut log)?,
            }),
            None => Err(CommandError::Timeout {
                timeout: call.timeout,
                log: logged(&mut log)?,
            }),
        }
    }
}

fn logged(log: &mut File) -> Result<String, CommandError> {
    tail(log).map_err(|source: io::Error| CommandError::Prepare { source })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Instant;

    use super::*;
    use crate::scenario::HookKind;
    use crate::unit::Nanos;

    fn run(command: &str, timeout: Nanos) -> (tempfile::TempDir, Result<(), String>) {
        let folder = tempfile::tempdir().unwrap();
        let hooks = ScenarioHooks {
            folder: folder.path().to_owned(),
        };
        let call = HookCall {
            kind: HookKind::Setup,
            command,
            variables: vec![("SEATRIAL_HOOK", "setup".to_owned())],
            timeout,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let ended = runtime.unwrap().block_on(hooks.run(&call));
        (
            folder,
            ended.map_err(|fault| format!("{fault}: {}", fault.source)),
        )
    }

    #[test]
    fn a_hook_works_in_the_scenarios_folder_and_is_told_what_it_is() {
        let (folder, ended) = run(
            "echo $SEATRIAL_HOOK > told; test -n \"$PATH\"",
            Nanos::from_secs(20),
        );
        assert_eq!(ended, Ok(()));
        assert_eq!(fs::read_to_string(folder.path().join("told")).unwrap(), "setup\n");
    }

    #[test]
    fn a_hook_that_fails_is_told_with_the_end_of_its_log() {
        let (_folder, ended) = run("echo no registry >&2; exit 3", Nanos::from_secs(20));
        let told = ended.unwrap_err();
        assert_eq!(
            told,
            "the setup hook `echo no registry >&2; exit 3` failed: it ended with exit code 3, expected exit code 0; \
             its log ends in `no registry`"
        );
    }

    #[test]
    fn a_hook_that_takes_too_long_is_ended_with_what_it_started() {
        let began = Instant::now();
        let (folder, ended) = run("echo $$ > group; sleep 600 & sleep 600", Nanos::from_millis(300));
        assert!(ended.unwrap_err().contains("killed after its timeout of 300 ms"));
        assert!(began.elapsed() < Duration::from_secs(20));
        let group = fs::read_to_string(folder.path().join("group")).unwrap();
        while runs_in_group(group.trim()) {
            assert!(began.elapsed() < Duration::from_secs(20), "it runs still");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether a process of the group runs. One that has ended is there until its parent asks for it, which for an orphan
    /// is when the machine's first process gets round to it.
    fn runs_in_group(group: &str) -> bool {
        let stats = fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok());
        stats.into_iter().any(|stat| {
            // `number (name) state parent group …`
            let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            let fields: Vec<_> = rest.split(' ').collect();
            fields.first() != Some(&"Z") && fields.get(2) == Some(&group)
        })
    }

    #[test]
    fn what_a_hook_starts_in_the_background_goes_on() {
        let (folder, ended) = run("sleep 600 & echo $! > server", Nanos::from_secs(20));
        assert_eq!(ended, Ok(()));
        let server = fs::read_to_string(folder.path().join("server")).unwrap();
        let server = Pid::from_raw(server.trim().parse().unwrap()).unwrap();
        rustix::process::kill_process(server, Signal::KILL).unwrap();
    }
}
