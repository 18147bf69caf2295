//! The unit of the library that the parts which are compiled into both use.

#[path = "../../unit/nanos.rs"]
mod nanos;
#[path = "../../unit/parse.rs"]
mod parse;

pub(crate) use nanos::Nanos;
