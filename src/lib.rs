//! Sea trials for container images.

pub mod context;
pub mod digest;
pub mod dockerignore;
pub mod unit;
pub mod workspace;
