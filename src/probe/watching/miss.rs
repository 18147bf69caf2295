//! What an attempt met that did not match.

use std::fmt;

/// Why an attempt did not match. Shown, it is the class under which attempts are counted in the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Miss {
    /// Nobody listens.
    Refused,
    /// The connection was made and then reset.
    Reset,
    /// The connection was closed before the response was whole.
    Eof,
    /// The connection was made and the response did not come in time.
    Timeout,
    /// The connection was not made in time.
    ConnectTimeout,
    /// There is no way to the address.
    Unreachable,
    /// This machine could not make the attempt, for want of sockets or memory.
    Local,
    /// A response with another status.
    Status(u16),
    /// What came is no HTTP response, or its head is broken.
    Header,
    /// A response without a field that was looked for, or with another value of it.
    Field,
    /// The response's body does not hold what was looked for, or its framing is broken.
    Body,
}

impl Miss {
    /// Whether the application answered, if not as it was to.
    pub(crate) const fn is_an_answer(self) -> bool {
        matches!(self, Self::Status(_) | Self::Field | Self::Body)
    }

    /// Whether this proves that the application was not ready when the attempt began.
    ///
    /// A lost packet or a missing socket says nothing about it; such an attempt does not move the low bound, so
    /// that the stated interval stays true and only grows.
    pub(crate) const fn proves_not_ready(self) -> bool {
        !matches!(self, Self::ConnectTimeout | Self::Unreachable | Self::Local)
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => formatter.write_str("refused"),
            Self::Reset => formatter.write_str("reset"),
            Self::Eof => formatter.write_str("eof"),
            Self::Timeout => formatter.write_str("timeout"),
            Self::ConnectTimeout => formatter.write_str("connect-timeout"),
            Self::Unreachable => formatter.write_str("unreachable"),
            Self::Local => formatter.write_str("local"),
            Self::Status(status) => write!(formatter, "status:{status}"),
            Self::Header => formatter.write_str("header"),
            Self::Field => formatter.write_str("field"),
            Self::Body => formatter.write_str("body"),
        }
    }
}
