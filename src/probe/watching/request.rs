//! A request, ready to be written, and what its response has to be.

use std::ops::RangeInclusive;

/// A request, ready to be written, and what its response has to be.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// What goes over the wire.
    pub(crate) bytes: Vec<u8>,
    /// What the response has to be; `None` where the connection itself is what is looked for.
    pub(crate) response: Option<Expected>,
}

/// What a response has to be.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    /// The accepted statuses.
    pub(crate) statuses: Vec<RangeInclusive<u16>>,
    /// Fields that have to be there, and what the value of each must hold.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// What the body must hold; `None` leaves the body unread.
    pub(crate) body_contains: Option<Vec<u8>>,
    /// Whether no body follows whatever the head says, as with the answer to `HEAD`.
    pub(crate) bodiless: bool,
}
