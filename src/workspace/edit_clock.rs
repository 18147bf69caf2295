//! Modification times that a builder cannot mistake for earlier ones.

use std::fs::File;
use std::io;

use rustix::fs::Timespec;
use rustix::time::{ClockId, clock_gettime};

use super::file_facts::{FileFacts, set_mtime};

/// How far a new time is moved ahead, in growing steps, until the file system keeps it apart from the
/// earlier ones. Some store whole seconds, a few only even ones.
const STEPS: [Timespec; 3] = [
    Timespec {
        tv_sec: 0,
        tv_nsec: 1,
    },
    Timespec {
        tv_sec: 1,
        tv_nsec: 0,
    },
    Timespec {
        tv_sec: 2,
        tv_nsec: 0,
    },
];

/// Gives out times that grow strictly over the life of a copy, resets included.
///
/// `BuildKit` transfers a file when its size or modification time differs from what it saw last. The nonce
/// keeps sizes equal and the kernel's own stamps have the resolution of a timer tick, so that two rounds of
/// one edit could look the same.
#[derive(Debug, Default)]
pub(super) struct EditClock {
    last: Timespec,
}

impl EditClock {
    /// Sets the modification time of `file` to now, or just after the last time given out or `previous`,
    /// whichever is needed to differ from both.
    pub(super) fn stamp(&mut self, file: &File, previous: Option<Timespec>) -> io::Result<()> {
        for step in STEPS {
            let mut time = clock_gettime(ClockId::Realtime).max(add(self.last, step));
            if previous == Some(time) {
                time = add(time, step);
            }
            set_mtime(file, time)?;
            let kept = FileFacts::of(file)?.mtime;
            if kept > self.last && previous != Some(kept) {
                self.last = kept;
                return Ok(());
            }
        }
        Err(io::Error::other(
            "the file system does not keep a new modification time",
        ))
    }
}

fn add(time: Timespec, step: Timespec) -> Timespec {
    time.checked_add(step).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_every_stamp_and_differs_from_the_previous_time() {
        let file = tempfile::tempfile().unwrap();
        let mut clock = EditClock::default();
        let mut last = Timespec::default();
        for _ in 0..1000 {
            clock.stamp(&file, Some(last)).unwrap();
            let now = FileFacts::of(&file).unwrap().mtime;
            assert!(now > last, "{now:?} after {last:?}");
            last = now;
        }
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_is_no_excuse() {
        let ahead = Timespec {
            tv_sec: 4_000_000_000,
            tv_nsec: 999_999_999,
        };
        let file = tempfile::tempfile().unwrap();
        let mut clock = EditClock { last: ahead };
        clock.stamp(&file, None).unwrap();
        let expected = Timespec {
            tv_sec: 4_000_000_001,
            tv_nsec: 0,
        };
        assert_eq!(FileFacts::of(&file).unwrap().mtime, expected);
    }
}
