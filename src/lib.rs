//! Sea trials for container images.

pub mod ballast;
pub mod digest;
pub mod unit;
