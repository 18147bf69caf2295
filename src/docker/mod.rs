//! The engine: the only user of bollard, and the gRPC build client with its session.
//!
//! Builds go the way `docker build` itself goes: `Solve` and `Status` of `moby.buildkit.v1.Control` over an upgraded
//! connection, and a session of our own that serves the context by `DiffCopy`. The API's build endpoint would send
//! the whole context as a tar every time, which measures the harness and not the user's build.

mod address;
mod agents;
mod build_options;
mod build_part;
mod builds;
mod capabilities;
mod checkup;
mod choice;
mod classic;
mod containers;
mod dial;
mod diff_copy;
mod endpoint;
mod engine;
mod health;
mod hijack;
mod images;
mod local_cache;
mod log_tail;
mod neighbours;
mod place;
mod progress;
mod registry_logins;
mod secrets;
mod session;
mod solve;
mod trace;
mod tunnel;
mod watched_build;

pub use checkup::{Checkup, ClockOffset};
pub use choice::DaemonChoice;
pub use classic::{ContextTar, HeaderForm, NoClassicBuilder, PlacedFile, Unsendable};
pub use endpoint::{ConnectEngine, Endpoint};
pub use engine::Engine;
