//! Which recorded events are a container's: those of its first process and of all that came from it.

use std::collections::HashMap;

use super::event::{TraceEvent, TraceEventKind};
use crate::run::Traced;

/// What a trace tells of the container whose first process is `main`.
///
/// Processes and threads are followed by their forks, so that a listener counts only where it descends from the
/// container: the same port of another network namespace is another's.
pub(super) fn traced(events: &[TraceEvent], main: u32) -> Traced {
    let mut parents: HashMap<u32, u32> = HashMap::new();
    let mut execs: Vec<(u32, &TraceEvent)> = Vec::new();
    let mut traced = Traced::default();
    let ours = |parents: &HashMap<u32, u32>, pid: u32| pid == main || parents.contains_key(&pid);
    for event in events {
        match event.kind {
            TraceEventKind::Fork { parent, child } if ours(&parents, parent) => {
                parents.insert(child, parent);
            }
            TraceEventKind::Exec { pid, .. } if ours(&parents, pid) => {
                if pid == main && traced.exec.is_none() {
                    traced.exec = Some(event.at.into());
                }
                execs.push((pid, event));
            }
            TraceEventKind::Listen { by } if traced.listen.is_none() && ours(&parents, by) => {
                traced.listen = Some(event.at.into());
                traced.app_exec = last_exec(&execs, &parents, by).map(|exec| exec.at.into());
            }
            TraceEventKind::Connection if traced.listen.is_some() && traced.connection.is_none() => {
                traced.connection = Some(event.at.into());
            }
            _ => {}
        }
    }
    traced.programs = execs
        .iter()
        .filter_map(|(_, event)| match &event.kind {
            TraceEventKind::Exec { program, .. } => Some((event.at.into(), program.clone())),
            _ => None,
        })
        .collect();
    traced
}

/// The last program that a thread's process began, or else the nearest of those that it came from.
fn last_exec<'a>(
    execs: &[(u32, &'a TraceEvent)],
    parents: &HashMap<u32, u32>,
    thread: u32,
) -> Option<&'a TraceEvent> {
    let mut pid = thread;
    // Each step goes to one that was there before; the bound holds even where numbers were used again.
    for _ in 0..=parents.len() {
        if let Some((_, exec)) = execs.iter().rfind(|(of, _)| *of == pid) {
            return Some(exec);
        }
        pid = *parents.get(&pid)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::Stamp;
    use crate::unit::Nanos;

    fn events(kinds: Vec<TraceEventKind>) -> Vec<TraceEvent> {
        (1..)
            .zip(kinds)
            .map(|(at, kind)| TraceEvent { at: Stamp(at), kind })
            .collect()
    }

    fn exec(pid: u32, program: &str) -> TraceEventKind {
        TraceEventKind::Exec {
            pid,
            program: program.to_owned(),
        }
    }

    fn fork(parent: u32, child: u32) -> TraceEventKind {
        TraceEventKind::Fork { parent, child }
    }

    #[test]
    fn a_shell_that_starts_a_server_with_workers_shows_each_part() {
        let told = traced(
            &events(vec![
                exec(9, "/usr/bin/runc"),
                exec(10, "/bin/sh"),
                fork(10, 11),
                exec(11, "/usr/bin/env"),
                exec(11, "/usr/bin/python3"),
                fork(11, 12),
                TraceEventKind::Listen { by: 12 },
                TraceEventKind::Connection,
                TraceEventKind::Connection,
                TraceEventKind::Listen { by: 11 },
            ]),
            10,
        );
        let programs: Vec<_> = told
            .programs
            .iter()
            .map(|(_, program)| program.as_str())
            .collect();
        assert_eq!(programs, ["/bin/sh", "/usr/bin/env", "/usr/bin/python3"]);
        assert_eq!(
            (told.exec, told.app_exec, told.listen, told.connection),
            (Some(Nanos(2)), Some(Nanos(5)), Some(Nanos(7)), Some(Nanos(8)))
        );
    }

    #[test]
    fn a_listener_of_somebody_else_is_not_the_containers() {
        let told = traced(
            &events(vec![
                exec(10, "/app"),
                exec(77, "/other"),
                fork(77, 78),
                TraceEventKind::Listen { by: 78 },
                TraceEventKind::Connection,
            ]),
            10,
        );
        assert_eq!(told.exec, Some(Nanos(1)));
        assert_eq!((told.listen, told.connection, told.app_exec), (None, None, None));
    }

    #[test]
    fn a_first_process_that_was_not_seen_gives_nothing() {
        let told = traced(&events(vec![exec(10, "/app")]), 4_000);
        assert_eq!(told, Traced::default());
    }
}
