//! Progress on stderr, for people who wait. stdout is for data and never written here.

mod plain_lines;
mod progress;
mod run_watcher;

pub use progress::Progress;
pub use run_watcher::RunWatcher;
