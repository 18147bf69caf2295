//! Reading a build's status messages, also when nobody waits for the build any more.
//!
//! The messages end when the daemon is done with the build. A build that is given up is cancelled at the daemon, yet
//! what it has begun to store may still be stored: whoever wants to remove it has to wait for that end.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bollard_buildkit_proto::moby::buildkit::v1::StatusRequest;
use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use tokio::task::JoinHandle;
use tonic::transport::Channel;

use super::trace::Trace;
use crate::unit::DaemonSpan;

/// How long the rest of the messages is waited for once the build has been answered.
const REST_OF_TRACE: Duration = Duration::from_secs(2);

/// How long the end of a build that was given up is waited for; storing an image is the longest part of it.
const END_OF_BUILD: Duration = Duration::from_secs(20);

/// Builds that nobody waits for any more, while the daemon may still be at them.
#[derive(Clone, Debug, Default)]
pub(super) struct GivenUpBuilds(Arc<Mutex<Vec<GivenUp>>>);

#[derive(Debug)]
struct GivenUp {
    /// What it told; the classic builder tells no times.
    trace: Option<Arc<Mutex<Trace>>>,
    end: JoinHandle<()>,
}

impl GivenUpBuilds {
    /// Adds one, by the task that reads its answer.
    pub(super) fn add(&self, end: JoinHandle<()>) {
        locked(&self.0).push(GivenUp { trace: None, end });
    }

    /// Waits until the daemon is done with all of them, or for a while; gives the time in which it worked on them, as
    /// far as it was told.
    pub(super) async fn settle(&self) -> Option<DaemonSpan> {
        let builds = std::mem::take(&mut *locked(&self.0));
        let mut span = None;
        for GivenUp { trace, end } in builds {
            // A daemon that hangs is no reason to hang as well.
            let _ = tokio::time::timeout(END_OF_BUILD, end).await;
            let this = trace.and_then(|trace| locked(&trace).span());
            span = match (span, this) {
                (Some(one), Some(other)) => Some(DaemonSpan::over(one, other)),
                (one, other) => one.or(other),
            };
        }
        span
    }
}

/// A build whose messages are read by a task of their own. Dropped before the build's end it becomes one of the builds
/// that were given up.
#[derive(Debug)]
pub(super) struct WatchedBuild {
    trace: Arc<Mutex<Trace>>,
    end: Option<JoinHandle<()>>,
    given_up: GivenUpBuilds,
}

impl WatchedBuild {
    /// Reads the messages of the build with this id; it may begin later.
    pub(super) fn watch(mut control: ControlClient<Channel>, id: &str, given_up: &GivenUpBuilds) -> Self {
        let trace = Arc::<Mutex<Trace>>::default();
        let request = StatusRequest { r#ref: id.to_owned() };
        let taken = Arc::clone(&trace);
        let end = tokio::spawn(async move {
            // Where the status cannot be had the build's own answer says why.
            let Ok(messages) = control.status(request).await else {
                return;
            };
            let mut messages = messages.into_inner();
            while let Ok(Some(message)) = messages.message().await {
                locked(&taken).take(message);
            }
        });
        Self {
            trace,
            end: Some(end),
            given_up: given_up.clone(),
        }
    }

    /// What the messages have said so far.
    pub(super) fn trace(&self) -> MutexGuard<'_, Trace> {
        locked(&self.trace)
    }

    /// Waits for what is left of the messages of a build that was answered: it follows at once or never.
    pub(super) async fn answered(&mut self) {
        self.read_to_the_end(REST_OF_TRACE).await;
    }

    /// Waits until the daemon is done with a build that was given up.
    pub(super) async fn given_up(&mut self) {
        self.read_to_the_end(END_OF_BUILD).await;
    }

    async fn read_to_the_end(&mut self, longest: Duration) {
        if let Some(mut end) = self.end.take()
            && tokio::time::timeout(longest, &mut end).await.is_err()
        {
            end.abort();
        }
    }
}

impl Drop for WatchedBuild {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let trace = Some(Arc::clone(&self.trace));
            locked(&self.given_up.0).push(GivenUp { trace, end });
        }
    }
}

/// Nothing here leaves a half-made value behind when it panics.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
