//! A daemon that remembers what it holds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use seatrial::run::EngineFault;
use tokio::sync::watch;

use super::RUN_ID;
use super::log_book::LogBook;
use super::script::{ContainerAct, Script};

/// A daemon without Docker.
#[derive(Debug)]
pub(crate) struct FakeDaemon {
    pub(super) log: LogBook,
    pub(super) script: Script,
    pub(super) interrupt: watch::Sender<bool>,
    held: Mutex<Held>,
}

/// What the daemon holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Held {
    pub(crate) images: BTreeSet<String>,
    /// Records of the build cache; those of a context begin with `context-`.
    pub(crate) records: Vec<String>,
    /// What each container does, by its id.
    pub(super) containers: BTreeMap<String, Option<ContainerAct>>,
    pub(super) builds: u32,
    pub(super) created: u32,
    /// How often each container was asked for its process.
    pub(super) asked: BTreeMap<String, u32>,
    /// Looks at the records of the build cache so far.
    pub(super) listings: u32,
    /// Looks at what else the daemon does so far.
    pub(super) looks: u32,
}

impl FakeDaemon {
    pub(super) fn new(log: LogBook, script: Script, interrupt: watch::Sender<bool>) -> Self {
        let held = Held {
            images: script.images_before.clone(),
            records: script.records_before.clone(),
            ..Held::default()
        };
        Self {
            log,
            script,
            interrupt,
            held: Mutex::new(held),
        }
    }

    pub(super) fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the run to end, and never returns.
    pub(super) async fn interrupt<T>(&self) -> T {
        self.interrupt.send_replace(true);
        std::future::pending().await
    }
}

/// A reference without what all images of the run begin with.
pub(super) fn short(reference: &str) -> &str {
    reference
        .strip_prefix("seatrial/")
        .and_then(|rest| rest.strip_prefix(RUN_ID)?.strip_prefix('/'))
        .unwrap_or(reference)
}

/// A daemon that does not do what it is asked for.
pub(super) fn refused(operation: &'static str, subject: impl fmt::Display) -> EngineFault {
    EngineFault {
        operation,
        subject: subject.to_string(),
        status: None,
        source: "as the script has it".into(),
    }
}
