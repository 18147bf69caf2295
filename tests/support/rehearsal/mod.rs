//! A run with every port replaced by a fake that notes what it is asked for, so that the order of a run's work can be
//! read as text and every fault can be put where it is wanted.

mod fake_bases;
mod fake_builder;
mod fake_containers;
mod fake_daemon;
mod fake_hooks;
mod fake_images;
mod fake_ledger;
mod fake_neighbours;
mod fake_probe;
mod fake_registry;
mod fake_watcher;
mod fake_workshop;
mod finished;
mod log_book;
mod scenario;
mod script;

pub(crate) use finished::Finished;
pub(crate) use scenario::{Rehearsal, step};
pub(crate) use script::{BuildAct, ContainerAct, Trouble};

/// The id of every rehearsed run.
pub(crate) const RUN_ID: &str = "run";
