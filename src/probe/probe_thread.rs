//! The port of a run through which it looks for readiness.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{io, thread};

use futures_util::FutureExt as _;
use tokio::sync::oneshot;

use super::inside::Inside;
use super::sidecar;
use super::start::measure_start;
use super::trace::Tracer;
use super::watching::Stamp;
use crate::results::Attempts;
use crate::run::{Conversation, InsideOrder, LookOrder, Looked, Looking, Probe, Traced, WatchOrder};
use crate::scenario::{NetworkReadiness, ProbeTier};
use crate::unit::Nanos;

/// Looks for readiness on a thread of its own per start. The run only waits for the thread's result, and nothing of
/// what is timed passes through its async runtime.
#[derive(Debug, Default)]
pub struct ProbeThread {
    /// Opened when it is first asked for.
    tracer: Mutex<Option<Tracer>>,
}

impl ProbeThread {
    fn tracer(&self) -> MutexGuard<'_, Option<Tracer>> {
        // Nothing leaves it half made.
        self.tracer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs `measuring` on a thread of its own, which comes before others where that is permitted: it works for microseconds
/// and sleeps for the rest, and what it waits for a processor would be an error of what it measures.
fn on_a_thread(measuring: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let measuring = move || {
        // Of this thread alone.
        let _ = rustix::process::setpriority_process(None, -20);
        measuring();
    };
    thread::Builder::new()
        .name("probe".to_owned())
        .spawn(measuring)
        .map(drop)
}

impl Probe for ProbeThread {
    fn now(&self) -> Nanos {
        Stamp::now().into()
    }

    /// Looks for readiness. The thread ends within about 50 ms of `cancel` being set, or of this being dropped.
    async fn look(&self, order: LookOrder) -> Looked {
        let _over = CancelOnDrop(Arc::clone(&order.cancel));
        let (sender, receiver) = oneshot::channel();
        let measuring = move || {
            // Nobody receives where the run has dropped its end, and then nobody needs the result.
            let _ = sender.send(measure_start(&order));
        };
        let failed = |miss: String| Looked {
            tier: ProbeTier::Published,
            ready: None,
            client: None,
            attempts: Attempts::default(),
            miss: Some(miss),
        };
        match on_a_thread(measuring) {
            Ok(()) => receiver.await.unwrap_or_else(|_| failed(NO_RESULT.to_owned())),
            Err(error) => failed(no_thread(&error)),
        }
    }

    async fn look_inside(&self, order: InsideOrder) -> Result<Looking, String> {
        let over = CancelOnDrop(Arc::clone(&order.cancel));
        let feed = self.tracer().as_ref().and_then(Tracer::feed);
        let (entered, has_entered) = oneshot::channel();
        let (sender, receiver) = oneshot::channel();
        // A thread that is in another namespace never comes back from it, so that it must not be one of a pool.
        let looking = move || match Inside::enter(order.process) {
            Ok(inside) => {
                let _ = entered.send(Ok(()));
                let _ = sender.send(inside.look(&order, feed.as_ref()));
            }
            Err(refusal) => {
                let _ = entered.send(Err(refusal));
            }
        };
        on_a_thread(looking).map_err(|error| no_thread(&error))?;
        has_entered.await.unwrap_or_else(|_| Err(NO_RESULT.to_owned()))?;
        let looked = async move {
            let _over = over;
            receiver.await.map_err(|_| NO_RESULT.to_owned())
        };
        Ok(looked.boxed())
    }

    fn watch_arguments(&self, ready: &NetworkReadiness, patience: Nanos) -> Vec<String> {
        sidecar::arguments(ready, patience)
    }

    async fn watch(&self, order: WatchOrder, conversation: Conversation) -> Result<Looking, String> {
        sidecar::watch(order, conversation).await
    }

    async fn wait_until(&self, instant: Nanos) {
        tokio::time::sleep(instant.saturating_since(self.now()).into()).await;
    }

    fn begin_trace(&self, port: Option<u16>) -> Result<(), String> {
        let mut tracer = self.tracer();
        if tracer.is_none() {
            *tracer = Some(Tracer::open()?);
        }
        match tracer.as_mut() {
            Some(tracer) => tracer.begin(port),
            None => Err(NO_TRACE.to_owned()),
        }
    }

    fn end_trace(&self, main_process: u32) -> Result<Traced, String> {
        match self.tracer().as_mut() {
            Some(tracer) => tracer.end(main_process),
            None => Err(NO_TRACE.to_owned()),
        }
    }

    fn leave_trace(&self) {
        if let Some(tracer) = self.tracer().as_mut() {
            tracer.leave();
        }
    }
}

/// What is said where a thread came to no end of its own.
const NO_RESULT: &str = "the probe ended without a result";

/// What is said where recording was never begun.
const NO_TRACE: &str = "no trace was begun";

fn no_thread(error: &io::Error) -> String {
    format!("the system has no thread for the probe: {error}")
}

/// Ends the thread with the future that waits for it. Once there is a result this has no effect.
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probe::loopback::{Behaviour, Server};
    use crate::run::Addresses;
    use crate::scenario::{HttpReadiness, NetworkReadiness};

    fn order(server: &Server) -> LookOrder {
        let start_call = ProbeThread::default().now();
        LookOrder {
            addresses: Addresses {
                container: None,
                published: Some(server.address()),
            },
            ready: NetworkReadiness::Http(HttpReadiness::of("/", 80)),
            start_call,
            start_done: start_call,
            deadline: start_call + Nanos::from_secs(3_600),
            looks: 1,
            cancel: Arc::new(AtomicBool::new(false)),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_run_gets_the_result_of_the_thread() {
        let server = Server::start(Behaviour::WarmingUp(Nanos::from_millis(5)));
        let looked = ProbeThread::default().look(order(&server)).await;
        assert!(looked.client.is_some() && looked.miss.is_none(), "{looked:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_run_can_give_up_while_a_request_is_outstanding() {
        let server = Server::start(Behaviour::Silent);
        let order = order(&server);
        let cancel = Arc::clone(&order.cancel);
        let look = tokio::spawn(async move { ProbeThread::default().look(order).await });
        server.await_connection();
        cancel.store(true, Ordering::Relaxed);
        let looked = look.await.unwrap();
        assert_eq!(
            looked.miss.as_deref(),
            Some("given up before a response matched; attempts met nothing")
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_dropped_look_ends_its_thread() {
        let server = Server::start(Behaviour::Silent);
        let order = order(&server);
        let cancel = Arc::clone(&order.cancel);
        let look = tokio::spawn(async move { ProbeThread::default().look(order).await });
        server.await_connection();
        look.abort();
        assert!(look.await.unwrap_err().is_cancelled());
        assert!(cancel.load(Ordering::Relaxed));
    }
}
