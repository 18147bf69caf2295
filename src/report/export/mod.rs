//! A run in the forms that other programs read.

mod annotations;
mod bencher;
mod github_benchmark;
mod junit;
mod openmetrics;
mod otava;
mod point;

pub use annotations::annotations;
pub use bencher::bencher;
pub use github_benchmark::github_benchmark;
pub use junit::{WriteJunit, junit};
pub use openmetrics::openmetrics;
pub use otava::{WriteOtava, otava};
