//! Sea trials for container images.

pub mod digest;
pub mod dockerignore;
pub mod unit;
