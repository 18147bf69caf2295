//! Sea trials for container images.

pub mod unit;

pub mod digest;

pub mod context;
pub mod results;
pub mod scenario;

pub mod probe;

pub mod host;

pub mod store;

pub mod console;
