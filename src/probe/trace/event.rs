//! What the kernel recorded, as `trace` tells it: one event a line, in text.

use crate::probe::Stamp;

/// One recorded event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TraceEvent {
    /// When it happened, to the microsecond.
    pub(super) at: Stamp,
    /// What happened.
    pub(super) kind: TraceEventKind,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TraceEventKind {
    /// A process began another program.
    Exec {
        /// The process.
        pid: u32,
        /// The program, by the path that was given.
        program: String,
    },
    /// A process or a thread was made.
    Fork {
        /// By whom.
        parent: u32,
        /// The new one.
        child: u32,
    },
    /// A socket of the watched port listens.
    Listen {
        /// The thread that asked for it.
        by: u32,
    },
    /// A connection to the watched port was made. Seen in whatever context the packet was handled, so by nobody.
    Connection,
}

/// Reads a trace: its events in order, without comments and without what is not known here.
pub(super) fn read_trace(text: &str) -> Vec<TraceEvent> {
    text.lines().filter_map(read_line).collect()
}

/// Reads `task-pid [cpu] flags seconds.micros: event: fields`; the name of the task may hold anything.
fn read_line(line: &str) -> Option<TraceEvent> {
    for event in ["sched_process_exec", "sched_process_fork", "inet_sock_set_state"] {
        let Some((context, fields)) = line.split_once(&format!(": {event}: ")) else {
            continue;
        };
        let (task, rest) = context.rsplit_once(" [")?;
        let (_, by) = task.trim_end().rsplit_once('-')?;
        let at = stamp(rest.split_whitespace().next_back()?)?;
        let number = |name: &str| last_field(fields, name)?.parse().ok();
        let kind = match event {
            "sched_process_exec" => TraceEventKind::Exec {
                pid: number("pid")?,
                // A path may hold spaces, so that its end is where the fields behind it begin.
                program: fields
                    .strip_prefix("filename=")?
                    .rsplit_once(" pid=")?
                    .0
                    .to_owned(),
            },
            "sched_process_fork" => TraceEventKind::Fork {
                parent: number("pid")?,
                child: number("child_pid")?,
            },
            _ if last_field(fields, "newstate")? == "TCP_LISTEN" => {
                TraceEventKind::Listen { by: by.parse().ok()? }
            }
            _ if last_field(fields, "newstate")? == "TCP_ESTABLISHED" => TraceEventKind::Connection,
            _ => return None,
        };
        return Some(TraceEvent { at, kind });
    }
    None
}

/// The value of the last field of that name, up to the next space.
fn last_field<'a>(fields: &'a str, name: &str) -> Option<&'a str> {
    let (_, value) = fields.rsplit_once(&format!(" {name}="))?;
    value.split(' ').next()
}

/// `seconds.micros`, as the trace clock `mono` gives it.
fn stamp(text: &str) -> Option<Stamp> {
    let (seconds, micros) = text.split_once('.')?;
    let (seconds, micros): (i64, i64) = (seconds.parse().ok()?, micros.parse().ok()?);
    Some(Stamp(
        seconds.checked_mul(1_000_000_000)?.checked_add(micros * 1_000)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded on Linux 6.18.
    const RECORDED: &str = include_str!("recorded.txt");

    #[test]
    fn a_recorded_trace_gives_its_events_in_order() {
        let events = read_trace(RECORDED);
        let at = |micros: i64| Stamp((2583 * 1_000_000 + micros) * 1_000);
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.at, event.kind.clone()))
            .collect();
        let fork = |parent, child| TraceEventKind::Fork { parent, child };
        let exec = |pid, program: &str| TraceEventKind::Exec {
            pid,
            program: program.to_owned(),
        };
        assert_eq!(
            told,
            [
                (at(301_369), exec(23_829, "/proc/self/exe")),
                (at(308_946), fork(23_829, 23_832)),
                (at(309_707), fork(23_832, 23_833)),
                (at(311_430), fork(23_833, 23_834)),
                (at(434_904), exec(23_833, "/my app/ballast pid=7")),
                (at(437_116), TraceEventKind::Listen { by: 23_833 }),
                (at(438_714), TraceEventKind::Connection),
            ]
        );
    }

    #[test]
    fn whatever_else_stands_there_is_left_out() {
        for line in [
            "",
            "# tracer: nop",
            "CPU:1 [LOST 25 EVENTS]",
            "x-1 [000] ..... 1.5: sched_process_exec: filename=/x",
            "x-1 [000] ..... one: sched_process_exec: filename=/x pid=1 old_pid=1",
            "sched_process_exec: filename=/x pid=1 old_pid=1",
            "x-1 [000] ..... 1.000005: inet_sock_set_state: family=AF_INET oldstate=TCP_LISTEN newstate=TCP_CLOSE",
        ] {
            assert_eq!(read_trace(line), [], "{line}");
        }
    }
}
