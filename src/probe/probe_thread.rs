//! The port of a run through which it looks for readiness.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use tokio::sync::oneshot;

use super::clock::Stamp;
use super::start::measure_start;
use crate::results::{Attempts, ProbeTier};
use crate::run::{LookOrder, Looked, Probe};
use crate::unit::Nanos;

/// Looks for readiness on a thread of its own per start. The run only waits for the thread's result, and nothing of
/// what is timed passes through its async runtime.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProbeThread;

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
        let thread = thread::Builder::new().name("probe".to_owned()).spawn(measuring);
        let failed = |miss: String| Looked {
            tier: ProbeTier::Published,
            ready: None,
            client: None,
            attempts: Attempts::default(),
            miss: Some(miss),
        };
        match thread {
            Ok(_) => receiver
                .await
                .unwrap_or_else(|_| failed("the probe ended without a result".to_owned())),
            Err(error) => failed(format!("the system has no thread for the probe: {error}")),
        }
    }
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
    use crate::scenario::HttpReadiness;

    fn order(server: &Server) -> LookOrder {
        let start_call = ProbeThread.now();
        LookOrder {
            addresses: Addresses {
                container: None,
                published: Some(server.address()),
            },
            ready: HttpReadiness {
                path: "/".to_owned(),
                port: 80,
                status: vec![200],
                body_contains: None,
            },
            start_call,
            deadline: start_call + Nanos::from_secs(3_600),
            cancel: Arc::new(AtomicBool::new(false)),
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_run_gets_the_result_of_the_thread() {
        let server = Server::start(Behaviour::WarmingUp(Nanos::from_millis(5)));
        let looked = ProbeThread.look(order(&server)).await;
        assert!(looked.client.is_some() && looked.miss.is_none(), "{looked:?}");
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_run_can_give_up_while_a_request_is_outstanding() {
        let server = Server::start(Behaviour::Silent);
        let order = order(&server);
        let cancel = Arc::clone(&order.cancel);
        let look = tokio::spawn(ProbeThread.look(order));
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
        let look = tokio::spawn(ProbeThread.look(order));
        server.await_connection();
        look.abort();
        assert!(look.await.unwrap_err().is_cancelled());
        assert!(cancel.load(Ordering::Relaxed));
    }
}
