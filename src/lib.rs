//! Sea trials for container images.
//!
//! `seatrial` builds Dockerfile variants on a real Docker daemon from stated cache states, edits their sources between
//! builds, starts them, and says with an interval beside each number what every choice costs.
//!
//! # Layout
//!
//! A module uses only what stands above it here; edges never use each other, they meet at the ports of [`run`].
//! `tests/layering.rs` holds the code to it.
//!
//! * values: [`mod@unit`], [`digest`], [`causes`]
//! * pure domain: [`dockerfile`], [`dockerignore`], [`context`], [`scenario`], [`stats`], [`results`]
//! * pure reasoning: [`analyze`]
//! * application: [`run`]
//! * edges: [`docker`], [`probe`], [`host`], [`workspace`], [`registry`], [`ballast`], [`store`], [`report`], [`console`]
//! * [`cli`] uses all of them and wires ports to edges

pub mod unit;

pub mod digest;

pub mod causes;

pub mod dockerfile;

pub mod dockerignore;

pub mod context;

pub mod scenario;

pub mod stats;

pub mod results;

pub mod analyze;

pub mod run;

pub mod docker;

pub mod probe;

pub mod host;

pub mod workspace;

pub mod registry;

pub mod ballast;

pub mod store;

pub mod report;

pub mod console;

pub mod cli;
