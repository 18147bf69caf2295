//! Progress on stderr, for people who wait. stdout is for data and never written here.

mod plain_lines;
mod progress;

pub use progress::Progress;
