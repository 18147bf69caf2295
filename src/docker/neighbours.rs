//! What else the daemon does: containers by listing them and listening to their starts, builds by the history that
//! builders keep since engine 23.0.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bollard::query_parameters::{EventsOptionsBuilder, ListContainersOptionsBuilder};
use bollard_buildkit_proto::moby::buildkit::v1::{BuildHistoryEventType, BuildHistoryRequest};
use futures_util::StreamExt as _;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::Engine;
use super::containers::RUN_LABEL;
use super::engine::PATIENCE;
use super::solve::control;
use crate::run::{NeighbourWatch, NeighboursSeen, Seen};

/// What was heard of the daemon's other work. Shared by clones of an engine.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Ids that our own builds have.
    own_builds: BTreeSet<String>,
    /// The run that each container that was started belongs to, since the last look.
    started: BTreeMap<String, Option<String>>,
    /// Builds that run now.
    building: BTreeSet<String>,
    /// Builds that began or ran since the last look.
    built: BTreeSet<String>,
    /// Whether the daemon tells of builds; not known before it was asked.
    tells_builds: Option<bool>,
    listeners: Vec<JoinHandle<()>>,
}

impl Drop for State {
    fn drop(&mut self) {
        for listener in &self.listeners {
            listener.abort();
        }
    }
}

impl Heard {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here leaves a half-made value behind when it panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the id of a build of ours before it begins.
    pub(super) fn own_build(&self, id: &str) {
        self.state().own_builds.insert(id.to_owned());
    }

    fn build_event(&self, kind: BuildHistoryEventType, id: String) {
        let mut state = self.state();
        if state.own_builds.contains(&id) {
            return;
        }
        match kind {
            BuildHistoryEventType::Started => {
                state.built.insert(id.clone());
                state.building.insert(id);
            }
            BuildHistoryEventType::Complete | BuildHistoryEventType::Deleted => {
                state.building.remove(&id);
            }
        }
    }
}

impl Engine {
    /// Begins to listen, where it has not yet.
    async fn listen(&self) {
        if self.heard.state().tells_builds.is_some() {
            return;
        }
        // A daemon that is frozen takes connections and says nothing.
        let builds = timeout(PATIENCE, self.listen_to_builds()).await.ok().flatten();
        let starts = self.listen_to_starts();
        let mut state = self.heard.state();
        state.tells_builds = Some(builds.is_some());
        state.listeners.extend(builds);
        state.listeners.push(starts);
    }

    fn listen_to_starts(&self) -> JoinHandle<()> {
        let filters = HashMap::from([("type", vec!["container"]), ("event", vec!["start"])]);
        let options = EventsOptionsBuilder::new().filters(&filters).build();
        let mut events = self.docker.events(Some(options));
        // Weak: the listener is to end with the engine.
        let heard = Arc::downgrade(&self.heard.0);
        tokio::spawn(async move {
            while let Some(Ok(event)) = events.next().await {
                let Some(heard) = heard.upgrade().map(Heard) else {
                    break;
                };
                if let Some(actor) = event.actor
                    && let Some(id) = actor.id
                {
                    let run = actor.attributes.unwrap_or_default().remove(RUN_LABEL);
                    heard.state().started.insert(id, run);
                }
            }
        })
    }

    /// Listens to builds; nothing where the daemon does not tell of them.
    async fn listen_to_builds(&self) -> Option<JoinHandle<()>> {
        let request = BuildHistoryRequest {
            active_only: true,
            ..BuildHistoryRequest::default()
        };
        let mut control = control(&self.endpoint).await.ok()?;
        // A listener is answered with the first event, which may never come: whether there is an answer is asked first.
        let asked = BuildHistoryRequest {
            early_exit: true,
            ..request.clone()
        };
        let mut active = control.listen_build_history(asked).await.ok()?.into_inner();
        while let Some(event) = active.message().await.ok()? {
            let kind = event.r#type();
            if let Some(record) = event.record {
                self.heard.build_event(kind, record.r#ref);
            }
        }
        let heard = Arc::downgrade(&self.heard.0);
        Some(tokio::spawn(async move {
            let Ok(events) = control.listen_build_history(request).await else {
                return;
            };
            let mut events = events.into_inner();
            while let Ok(Some(event)) = events.message().await {
                let Some(heard) = heard.upgrade().map(Heard) else {
                    break;
                };
                let kind = event.r#type();
                if let Some(record) = event.record {
                    heard.build_event(kind, record.r#ref);
                }
            }
        }))
    }

    /// Containers that run now and do not belong to the run.
    async fn running_beside(&self, run_id: &str) -> Option<BTreeSet<String>> {
        let options = ListContainersOptionsBuilder::new().build();
        let running = self.docker.list_containers(Some(options)).await.ok()?;
        let is_own = |labels: Option<HashMap<String, String>>| {
            labels.is_some_and(|labels| labels.get(RUN_LABEL).is_some_and(|run| run == run_id))
        };
        let others = running
            .into_iter()
            .filter_map(|container| (!is_own(container.labels)).then_some(container.id?));
        Some(others.collect())
    }
}

impl NeighbourWatch for Engine {
    async fn neighbours(&self, run_id: &str) -> NeighboursSeen {
        self.listen().await;
        let running = self.running_beside(run_id).await;
        let mut state = self.heard.state();
        let started = std::mem::take(&mut state.started);
        let containers = running.map(|now| {
            let others = started
                .into_iter()
                .filter(|(_, run)| run.as_deref() != Some(run_id))
                .map(|(id, _)| id);
            Seen {
                since: now.iter().cloned().chain(others).collect(),
                now,
            }
        });
        let builds = (state.tells_builds == Some(true)).then(|| {
            let now = state.building.clone();
            let since = std::mem::replace(&mut state.built, now.clone());
            Seen { now, since }
        });
        NeighboursSeen { containers, builds }
    }
}
