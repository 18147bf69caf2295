//! Units as types: a duration is never a bare integer inside the program, and a stored field says
//! its unit in its name.

mod bandwidth;
mod byte_size;
mod cpus;
mod daemon_instant;
mod nanos;
mod parse;
mod ratio;
mod stored_nanos;

pub use bandwidth::Bandwidth;
pub use byte_size::ByteSize;
pub use cpus::Cpus;
pub use daemon_instant::{DaemonInstant, DaemonSpan};
pub use nanos::Nanos;
pub use parse::ParseUnitError;
pub use ratio::Ratio;
