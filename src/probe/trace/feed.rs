//! What the kernel records, read as it comes.

use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use super::event::{TraceEventKind, read_trace};
use crate::unit::Nanos;

/// What the kernel records, read as it comes: what is read here is gone there, so that all of it is kept.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Feed(Arc<Mutex<Reading>>);

#[derive(Debug)]
struct Reading {
    pipe: File,
    bytes: Vec<u8>,
}

impl Feed {
    /// Opens the feed of an instance.
    pub(super) fn open(instance: &Path) -> std::io::Result<Self> {
        let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
        let pipe = File::options()
            .read(true)
            .custom_flags(flags)
            .open(instance.join("trace_pipe"))?;
        let bytes = Vec::new();
        Ok(Self(Arc::new(Mutex::new(Reading { pipe, bytes }))))
    }

    /// Waits until somebody listens on the watched port, or for that long. It need not be the container that does.
    pub(in crate::probe) fn waits_for_listener(&self, longest: Nanos) -> bool {
        let mut reading = self.reading();
        let from = reading.bytes.len();
        let timeout = Timespec {
            tv_sec: 0,
            tv_nsec: i64::try_from(longest.0).unwrap_or(0).min(999_999_999),
        };
        // One that fails is one that brings nothing.
        let _ = poll(&mut [PollFd::new(&reading.pipe, PollFlags::IN)], Some(&timeout));
        reading.read();
        // A line that was read in two parts is looked at whole.
        let line = reading.bytes[..from]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        let text = String::from_utf8_lossy(&reading.bytes[line..]);
        let mut events = read_trace(&text).into_iter();
        events.any(|event| matches!(event.kind, TraceEventKind::Listen { .. }))
    }

    /// Everything so far.
    pub(super) fn text(&self) -> String {
        let mut reading = self.reading();
        reading.read();
        // The name of a program is whatever its user chose.
        String::from_utf8_lossy(&reading.bytes).into_owned()
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        // What was read is kept whatever panicked meanwhile.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    /// Reads what is there.
    fn read(&mut self) {
        let mut chunk = [0; 16 << 10];
        loop {
            match self.pipe.read(&mut chunk) {
                Ok(0) => return,
                Ok(length) => self.bytes.extend_from_slice(&chunk[..length]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }
}
