//! The kernel's own record of which programs began and which sockets listen: tracefs, in an instance of its own.
//!
//! Nothing polls while it records, and its stamps are of `CLOCK_MONOTONIC`, so that they stand beside those of a probe.
//! The top-level buffer, which others may use, is never touched.

mod event;
mod feed;
mod lineage;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, io, process};

use event::read_trace;
pub(super) use feed::Feed;
use lineage::traced;

use crate::run::Traced;

/// Where tracefs belongs.
const ROOT: &str = "/sys/kernel/tracing";

/// What our instances are named by, before the process that made them.
const PREFIX: &str = "seatrial-";

/// The size of each processor's buffer; a start makes some hundred events of a hundred bytes.
const BUFFER_KIB: u32 = 512;

/// What is recorded.
const EVENTS: [&str; 3] = [
    "sched/sched_process_exec",
    "sched/sched_process_fork",
    "sock/inet_sock_set_state",
];

/// An instance of tracefs. Dropping it removes it, and unmounts tracefs where this mounted it.
#[derive(Debug)]
pub(super) struct Tracer {
    instance: PathBuf,
    /// Of what is recorded now.
    feed: Option<Feed>,
    _mounted: Option<Mounted>,
}

impl Tracer {
    /// Makes an instance, after those of processes that are gone are removed.
    ///
    /// # Errors
    ///
    /// Says in words what this machine does not permit.
    pub(super) fn open() -> Result<Self, String> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let root = Path::new(ROOT);
        let mounted = Mounted::where_absent(root)?;
        remove_stale(&root.join("instances"));
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}-{number}", process::id());
        let instance = root.join("instances").join(name);
        fs::create_dir(&instance)
            .map_err(|error| format!("cannot make an instance of tracefs below {ROOT}: {error}"))?;
        // From here on a failure removes it again.
        let tracer = Self {
            instance,
            feed: None,
            _mounted: mounted,
        };
        // Choosing the clock empties the buffer, so that it comes first.
        tracer.set("trace_clock", "mono")?;
        tracer.set("tracing_on", "0")?;
        tracer.set("buffer_size_kb", &BUFFER_KIB.to_string())?;
        // Who waits for events is woken by the first, not when the buffer is half full. Older kernels always do so.
        let _ = tracer.set("buffer_percent", "0");
        Ok(tracer)
    }

    /// Begins to record, with an empty buffer: every program that begins, every process that is made, and listeners and
    /// connections of `port`.
    pub(super) fn begin(&mut self, port: Option<u16>) -> Result<(), String> {
        self.feed = None;
        self.set("tracing_on", "0")?;
        self.set("trace", "")?;
        // MPTCP tells of its listener as well as of the TCP socket below it, which is the one to count.
        // Nobody listens on port zero.
        let port = port.unwrap_or_default();
        let filter = format!(
            "protocol == 6 && sport == {port} && (newstate == 10 || (oldstate == 3 && newstate == 1))"
        );
        self.set("events/sock/inet_sock_set_state/filter", &filter)?;
        for event in EVENTS {
            self.set(&format!("events/{event}/enable"), "1")?;
        }
        let feed = Feed::open(&self.instance)
            .map_err(|error| format!("cannot open the feed of {}: {error}", self.instance.display()))?;
        self.feed = Some(feed);
        self.set("tracing_on", "1")
    }

    /// What is recorded now, as it comes; `None` where nothing is.
    pub(super) fn feed(&self) -> Option<Feed> {
        self.feed.clone()
    }

    /// Ends recording, and gives what it tells of the container whose first process is `main`.
    ///
    /// # Errors
    ///
    /// Where events were lost: what is left does not tell what happened first.
    pub(super) fn end(&mut self, main: u32) -> Result<Traced, String> {
        self.stop()?;
        let lost = self.lost()?;
        if lost > 0 {
            return Err(format!("the kernel lost {lost} events of the trace"));
        }
        let feed = self.feed.take().ok_or("nothing was being recorded")?;
        Ok(traced(&read_trace(&feed.text()), main))
    }

    /// Ends recording of which nothing is wanted.
    pub(super) fn leave(&mut self) {
        if self.feed.take().is_some() {
            // What could not be ended is begun anew with an empty buffer, or goes with the instance.
            let _ = self.stop();
        }
    }

    fn stop(&self) -> Result<(), String> {
        self.set("tracing_on", "0")?;
        for event in EVENTS {
            self.set(&format!("events/{event}/enable"), "0")?;
        }
        Ok(())
    }

    /// How many events found no room.
    fn lost(&self) -> Result<u64, String> {
        let cpus = self.instance.join("per_cpu");
        let failed = |error: io::Error| format!("cannot list {}: {error}", cpus.display());
        let mut lost = 0;
        for cpu in fs::read_dir(&cpus).map_err(failed)? {
            let stats = fs::read_to_string(cpu.map_err(failed)?.path().join("stats")).map_err(failed)?;
            lost += lost_of(&stats);
        }
        Ok(lost)
    }

    fn set(&self, file: &str, value: &str) -> Result<(), String> {
        let path = self.instance.join(file);
        fs::write(&path, value)
            .map_err(|error| format!("cannot write `{value}` to {}: {error}", path.display()))
    }
}

impl Drop for Tracer {
    fn drop(&mut self) {
        let _ = self.set("tracing_on", "0");
        // A folder of tracefs goes with all that is in it.
        let _ = fs::remove_dir(&self.instance);
    }
}

/// What `per_cpu/cpu*/stats` counts as lost.
fn lost_of(stats: &str) -> u64 {
    let counts = stats.lines().filter_map(|line| line.split_once(": "));
    counts
        .filter(|(name, _)| matches!(*name, "overrun" | "commit overrun" | "dropped events"))
        .filter_map(|(_, count)| count.trim().parse::<u64>().ok())
        .sum()
}

/// Removes instances of ours whose process is gone.
fn remove_stale(instances: &Path) {
    let Ok(entries) = fs::read_dir(instances) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let made_by = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let Some(pid) = made_by.and_then(|name| name.split('-').next()) else {
            continue;
        };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            let _ = fs::remove_dir(entry.path());
        }
    }
}

/// tracefs where this mounted it.
#[derive(Debug)]
struct Mounted(PathBuf);

impl Mounted {
    /// Mounts tracefs where it is not there.
    fn where_absent(root: &Path) -> Result<Option<Self>, String> {
        match fs::metadata(root.join("instances")) {
            Ok(_) => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(format!("tracefs at {ROOT} is root's alone"));
            }
            Err(_) => {}
        }
        if !root.is_dir() {
            return Err(format!("this kernel has no tracefs: there is no {ROOT}"));
        }
        let flags = rustix::mount::MountFlags::NOSUID
            | rustix::mount::MountFlags::NODEV
            | rustix::mount::MountFlags::NOEXEC;
        rustix::mount::mount("tracefs", root, "tracefs", flags, None)
            .map_err(|errno| format!("tracefs is not mounted at {ROOT} and cannot be: {errno}"))?;
        Ok(Some(Self(root.to_owned())))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Another who uses it by now keeps it.
        let _ = rustix::mount::unmount(&self.0, rustix::mount::UnmountFlags::empty());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_was_lost_counts() {
        let stats = "entries: 103\noverrun: 2\ncommit overrun: 1\nbytes: 4832\noldest event ts:  2583.085879\n\
                     now ts:  2583.450636\ndropped events: 4\nread events: 0\n";
        assert_eq!(lost_of(stats), 7);
        assert_eq!(lost_of(""), 0);
    }
}
