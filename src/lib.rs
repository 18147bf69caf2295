//! Sea trials for container images.

pub mod unit;

pub mod digest;

pub mod dockerfile;

pub mod context;
pub mod results;
pub mod scenario;
