//! Sea trials for container images.

pub mod digest;
pub mod unit;
