//! Sea trials for container images.

pub mod unit;

pub mod digest;

pub mod dockerfile;

pub mod context;

pub mod scenario;

pub mod results;

pub mod run;

pub mod docker;
