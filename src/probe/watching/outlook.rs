//! What can be told of an application's network without asking the application.

use std::net::SocketAddr;

/// What can be told of an application's network without asking the application; by itself nothing.
pub(crate) trait Outlook {
    /// How many TCP sockets there are: with none nobody listens, and with another number than before it is worth asking.
    fn sockets(&mut self) -> Option<u64> {
        None
    }

    /// Where somebody listens, once nobody does at the address that is asked.
    fn elsewhere(&mut self) -> Option<SocketAddr> {
        None
    }
}
