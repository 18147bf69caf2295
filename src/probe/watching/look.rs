//! Looking from within a network namespace for whoever comes to listen there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::AtomicBool;

use super::listeners::Listeners;
use super::outlook::Outlook;
use super::poll::{NEAR_CONNECT_LIMIT, Poll, Polled};
use super::request::Request;
use super::schedule::Schedule;
use super::socket_count::SocketCount;
use super::stamp::Stamp;
use crate::unit::Nanos;

/// How long it takes at least from one question to the kernel to the next: each costs as much as several attempts.
pub(crate) const BETWEEN_QUESTIONS: Nanos = Nanos::from_millis(5);

/// What is looked for from within the network namespace that this thread is in.
#[derive(Debug)]
pub(crate) struct Look<'a> {
    /// Tells who listens there.
    pub(crate) listeners: &'a mut Listeners,
    /// Tells how many sockets there are, where the kernel counts them.
    pub(crate) sockets: Option<&'a SocketCount>,
    /// The port of the application.
    pub(crate) port: u16,
    /// What it is asked.
    pub(crate) request: &'a Request,
    /// How often.
    pub(crate) schedule: Schedule,
    /// When looking began.
    pub(crate) armed: Stamp,
    /// When to give up.
    pub(crate) deadline: Stamp,
    /// Set from outside to give up at once.
    pub(crate) cancel: &'a AtomicBool,
}

/// What was seen from within.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// How asking ended.
    pub(crate) polled: Polled,
    /// The addresses that the application listens on.
    pub(crate) listens_on: Vec<IpAddr>,
}

impl Look<'_> {
    /// Looks until a response matches, the deadline has passed, or it is cancelled. `known_not_ready` is an instant at which
    /// nobody listened yet.
    ///
    /// The loopback of the namespace is asked, which costs next to nothing as long as nobody listens and finds whoever
    /// listens on every address. Who listens on another address alone, or for IPv6 alone, is found by asking the kernel.
    pub(crate) fn run(self, known_not_ready: Option<Stamp>) -> Seen {
        let port = self.port;
        let poll = Poll {
            target: SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port),
            request: self.request,
            schedule: self.schedule,
            connect: NEAR_CONNECT_LIMIT,
            start_call: self.armed,
            last_begin: self.deadline,
            deadline: self.deadline,
            cancel: self.cancel,
        };
        let mut outlook = Within {
            port,
            asked: self.armed,
            listeners: self.listeners,
            sockets: self.sockets,
        };
        let polled = poll.run(known_not_ready, &mut outlook);
        Seen {
            polled,
            listens_on: outlook.listeners.on(port).unwrap_or_default(),
        }
    }
}

/// What the kernel tells of a network namespace.
struct Within<'a> {
    port: u16,
    /// When it was asked last who listens.
    asked: Stamp,
    listeners: &'a mut Listeners,
    sockets: Option<&'a SocketCount>,
}

impl Outlook for Within<'_> {
    fn sockets(&mut self) -> Option<u64> {
        self.sockets?.now()
    }

    fn elsewhere(&mut self) -> Option<SocketAddr> {
        if Stamp::now().since(self.asked) < BETWEEN_QUESTIONS {
            return None;
        }
        self.asked = Stamp::now();
        // A question that fails is asked again soon.
        let address = reached_at(&self.listeners.on(self.port).unwrap_or_default())?;
        Some(SocketAddr::new(address, self.port))
    }
}

/// The address by which a listener on these is reached from within; `None` where nobody listens.
fn reached_at(listens_on: &[IpAddr]) -> Option<IpAddr> {
    let four = listens_on.iter().find(|address| address.is_ipv4());
    let address = four.or(listens_on.first())?;
    Some(match address {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => Ipv6Addr::LOCALHOST.into(),
        address => *address,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_is_reached_by_the_address_that_it_has_from_within() {
        let at = |addresses: &[&str]| {
            let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
            reached_at(&addresses).map(|address| address.to_string())
        };
        assert_eq!(at(&["0.0.0.0"]).as_deref(), Some("127.0.0.1"));
        assert_eq!(at(&["::"]).as_deref(), Some("::1"));
        assert_eq!(at(&["::1", "127.0.0.1"]).as_deref(), Some("127.0.0.1"));
        assert_eq!(at(&["172.17.0.2"]).as_deref(), Some("172.17.0.2"));
        assert_eq!(at(&[]), None);
    }
}
