//! What this machine is, and how busy it is: what stands next to numbers that were measured here.
//!
//! It says something about a measurement only where the daemon runs on this machine; the caller knows whether it
//! does. What cannot be read is absent.

mod container_state;
mod daemon_view;
mod governor;
mod machine;
mod page_cache;
mod reading;
mod root_layers;
mod way_out;

pub use governor::governors;
pub use machine::Machine;
pub use reading::{DaemonHost, Disk};
pub use way_out::WayOut;
