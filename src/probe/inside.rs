//! Looking from within a container's network namespace, which is there before the container is.
//!
//! The namespace is that of a container that only holds it. From within, nothing stands between the probe and the
//! application: no port forwarding, which takes connections long before anybody answers them, and no start call to wait
//! for, so that the very first moment is seen.

use std::fs::File;
use std::io;
use std::os::fd::AsFd as _;
use std::sync::atomic::Ordering;

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use super::kernel::sharpen_sleeps;
use super::start::met;
use super::trace::Feed;
use super::watching::{
    BETWEEN_QUESTIONS, Ended, Listeners, Look, Request, Schedule, Seen, SocketCount, Stamp,
};
use crate::results::Attempts;
use crate::run::{InsideOrder, LookedInside, Sighting};
use crate::unit::Nanos;

/// A thread that has entered a network namespace and is about to look.
#[derive(Debug)]
pub(super) struct Inside {
    listeners: Listeners,
    sockets: Option<SocketCount>,
}

impl Inside {
    /// Enters the network namespace of a process, with this thread alone: it never comes back, so that it must be a thread
    /// of its own.
    ///
    /// # Errors
    ///
    /// Says in words what is not permitted.
    pub(super) fn enter(process: u32) -> Result<Self, String> {
        let path = format!("/proc/{process}/ns/net");
        let namespace = File::open(&path).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => {
                format!("the network namespace of another user's process cannot be opened ({path})")
            }
            _ => format!("cannot open {path}: {error}"),
        })?;
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network)).map_err(|errno| {
            match errno {
                rustix::io::Errno::PERM => {
                    "entering a network namespace needs the capability CAP_SYS_ADMIN".to_owned()
                }
                errno => format!("cannot enter the network namespace {path}: {errno}"),
            }
        })?;
        let entered = Self::here()?;
        sharpen_sleeps();
        Ok(entered)
    }

    /// In the network namespace in which this thread is.
    fn here() -> Result<Self, String> {
        let listeners = Listeners::open()
            .map_err(|error| format!("the kernel does not tell who listens (sock_diag): {error}"))?;
        // Without it more is asked than would be needed.
        let sockets = SocketCount::open().ok();
        Ok(Self { listeners, sockets })
    }

    /// Looks until a response matches, the deadline has passed, or it is cancelled.
    ///
    /// Where there is a feed of what the kernel records, nobody is asked before it tells of a listener, so that looking
    /// takes nothing from the application.
    pub(super) fn look(mut self, order: &InsideOrder, feed: Option<&Feed>) -> LookedInside {
        let armed = Stamp::now();
        let deadline = Stamp::from(order.deadline);
        let request = Request::new(&order.ready);
        // Everything that takes time is done before there is anybody to ask.
        let schedule = Schedule::of_looks(1);
        let known_not_ready = feed.map(|feed| self.wait_for_listener(order, feed));
        let look = Look {
            listeners: &mut self.listeners,
            sockets: self.sockets.as_ref(),
            port: order.ready.port(),
            request: &request,
            schedule,
            armed,
            deadline,
            cancel: &order.cancel,
        };
        looked(look.run(known_not_ready), deadline.since(armed))
    }

    /// Waits for the record of a listener, and gives the last instant at which there was none. The kernel is asked as well,
    /// since what is not recorded would be waited for in vain.
    fn wait_for_listener(&mut self, order: &InsideOrder, feed: &Feed) -> Stamp {
        let deadline = Stamp::from(order.deadline);
        let mut none_at = Stamp::now();
        loop {
            let began = Stamp::now();
            let is_over = began >= deadline || order.cancel.load(Ordering::Relaxed);
            if is_over || feed.waits_for_listener(BETWEEN_QUESTIONS) {
                return none_at;
            }
            let asked = Stamp::now();
            match self.listeners.on(order.ready.port()) {
                Ok(addresses) if addresses.is_empty() => none_at = asked,
                Ok(_) => return none_at,
                Err(_) => {}
            }
        }
    }
}

/// What was seen from within, as a run has it. `patience` is how long it was looked for.
pub(super) fn looked(seen: Seen, patience: Nanos) -> LookedInside {
    let Seen { polled, listens_on } = seen;
    let attempts = Attempts(polled.met);
    let (seen, miss) = match polled.ended {
        Ended::Match(found) => {
            let sighting = Sighting {
                not_before: found.not_before.map(Nanos::from),
                answered_otherwise: found.answered_otherwise.map(Nanos::from),
                sent: found.sent.into(),
                first_byte: found.first_byte.into(),
                clock_error: Nanos::ZERO,
            };
            (Some(sighting), None)
        }
        Ended::TimedOut => (None, Some(format!("no matching response within {patience}"))),
        Ended::Cancelled => (None, Some("given up before a response matched".to_owned())),
    };
    LookedInside {
        seen,
        listens_on,
        miss: miss.map(|miss| format!("{miss}; attempts met {}", met(&attempts))),
        attempts,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use super::*;
    use crate::probe::loopback::{self, Behaviour, Server};
    use crate::scenario::{HttpReadiness, NetworkReadiness};

    /// Looks in the namespace of this process, which needs no privilege but that of entering at all; where that is not
    /// given, the namespace is entered already.
    fn look(port: u16, patience: Nanos, cancelled: bool) -> LookedInside {
        let order = InsideOrder {
            process: std::process::id(),
            ready: NetworkReadiness::Http(HttpReadiness::of("/", port)),
            deadline: Stamp::now().plus(patience).into(),
            cancel: Arc::new(AtomicBool::new(cancelled)),
        };
        let here = Inside::here().unwrap();
        std::thread::spawn(move || here.look(&order, None))
            .join()
            .unwrap()
    }

    #[test]
    fn an_application_that_warms_up_is_seen_when_it_is_ready_and_not_before() {
        let server = Server::start(Behaviour::WarmingUp(Nanos::from_millis(30)));
        let looked = look(server.address().port(), Nanos::from_secs(60), false);
        let seen = looked.seen.unwrap();
        let ready = Nanos::from(server.ready());
        assert!(
            seen.not_before.unwrap() <= ready && ready <= seen.first_byte,
            "{seen:?}"
        );
        assert_eq!(looked.listens_on, [server.address().ip()]);
        assert!(looked.attempts.0["status:503"] > 0, "{:?}", looked.attempts);
        assert_eq!(looked.miss, None);
    }

    #[test]
    fn a_port_on_which_nobody_listens_is_looked_at_until_the_end() {
        let port = loopback::unused_address().port();
        let looked = look(port, Nanos::from_millis(30), false);
        assert_eq!(looked.seen, None);
        let miss = looked.miss.unwrap();
        assert!(
            miss.starts_with("no matching response within ") && miss.contains("; attempts met refused ("),
            "{miss}"
        );
        let looked = look(port, Nanos::from_secs(60), true);
        let miss = looked.miss.unwrap();
        assert_eq!(miss, "given up before a response matched; attempts met nothing");
    }

    #[test]
    fn who_listens_for_another_family_alone_is_found_by_asking_the_kernel() {
        let Ok(listener) = std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)) else {
            // This machine has no IPv6.
            return;
        };
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || {
            use std::io::{Read as _, Write as _};
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 1024]);
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
        });
        let looked = look(port, Nanos::from_secs(60), false);
        serving.join().unwrap();
        assert!(looked.seen.is_some(), "{looked:?}");
        assert!(looked.attempts.0["refused"] > 0, "{looked:?}");
    }

    #[test]
    fn a_process_that_is_not_there_cannot_be_entered() {
        let entered = std::thread::spawn(|| Inside::enter(u32::MAX)).join().unwrap();
        let refusal = entered.unwrap_err();
        assert!(
            refusal.starts_with("cannot open /proc/4294967295/ns/net: "),
            "{refusal}"
        );
    }
}
