//! Containers that do what the script says.

use std::net::{Ipv4Addr, SocketAddr};

use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use seatrial::run::{
    Addresses, ContainerEnd, ContainerRequest, Containers, Conversation, EngineFault, Health, Printed,
};
use seatrial::unit::ByteSize;

use super::RUN_ID;
use super::fake_daemon::{FakeDaemon, refused, short};
use super::script::ContainerAct;

impl FakeDaemon {
    fn act(&self, id: &str) -> Option<ContainerAct> {
        self.held().containers.get(id).copied().flatten()
    }
}

impl Containers for FakeDaemon {
    async fn create_container(&self, request: &ContainerRequest) -> Result<String, EngineFault> {
        let id = {
            let mut held = self.held();
            held.created += 1;
            format!("c{}", held.created)
        };
        let env = request.options.env.iter();
        let env = env.map(|(name, value)| format!(", {name}={value}"));
        let env: String = env.collect();
        self.log
            .note(format!("create {id} of {}{env}", short(&request.image)));
        let number = self.held().created;
        let act = self.script.containers.get(&number).copied();
        if act == Some(ContainerAct::CreateFails) {
            return Err(refused("create container", &request.name));
        }
        assert_eq!(request.run_id, RUN_ID);
        self.held().containers.insert(id.clone(), act);
        Ok(id)
    }

    async fn start_container(&self, id: &str) -> Result<(), EngineFault> {
        self.log.note(format!("start {id}"));
        if self.act(id) == Some(ContainerAct::StartFails) {
            return Err(refused("start container", id));
        }
        Ok(())
    }

    async fn main_process(&self, id: &str) -> Result<Option<u32>, EngineFault> {
        let asked = {
            let mut held = self.held();
            let asked = held.asked.entry(id.to_owned()).or_default();
            *asked += 1;
            *asked
        };
        let has_ended = matches!(self.act(id), Some(ContainerAct::Outlives(asks)) if asked > asks);
        Ok((!has_ended).then_some(1))
    }

    async fn addresses(&self, id: &str, port: u16) -> Result<Addresses, EngineFault> {
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let act = self.act(id);
        if act == Some(ContainerAct::AddressFault) {
            return Err(refused("inspect container", id));
        }
        Ok(Addresses {
            container: Some(at(port)),
            published: (act != Some(ContainerAct::Unpublished)).then(|| at(port + 1)),
        })
    }

    async fn wait_for_end(&self, id: &str) -> Result<ContainerEnd, EngineFault> {
        match self.act(id) {
            Some(ContainerAct::Ends(exit_code)) => Ok(ContainerEnd {
                exit_code,
                out_of_memory: false,
            }),
            Some(ContainerAct::Outlives(asks)) if self.held().asked.get(id) > Some(&asks) => {
                Ok(ContainerEnd {
                    exit_code: 137,
                    out_of_memory: false,
                })
            }
            Some(ContainerAct::Interrupted) => self.interrupt().await,
            _ => std::future::pending().await,
        }
    }

    async fn attach(
        &self,
        id: &str,
    ) -> Result<BoxStream<'static, Result<Printed, EngineFault>>, EngineFault> {
        self.log.note(format!("attach to {id}"));
        Ok(stream::empty().boxed())
    }

    async fn converse(&self, id: &str) -> Result<Conversation, EngineFault> {
        Ok(Conversation {
            printed: self.attach(id).await?,
            input: Box::pin(tokio::io::sink()),
        })
    }

    fn health_changes(&self, _id: &str) -> BoxStream<'static, Result<(), EngineFault>> {
        stream::pending().boxed()
    }

    async fn health(&self, _id: &str) -> Result<Option<Health>, EngineFault> {
        Ok(None)
    }

    async fn run_inside(&self, id: &str, command: &[String]) -> Result<i64, EngineFault> {
        self.log.note(format!("run {} in {id}", command.join(" ")));
        Ok(0)
    }

    async fn written(&self, _id: &str) -> Result<Option<ByteSize>, EngineFault> {
        Ok(Some(ByteSize(100)))
    }

    async fn log_tail(&self, id: &str) -> Result<Vec<String>, EngineFault> {
        self.log.note(format!("read the log of {id}"));
        Ok(vec![format!("{id} says why")])
    }

    async fn stop_container(&self, id: &str) -> Result<(), EngineFault> {
        self.log.note(format!("stop {id}"));
        Ok(())
    }

    async fn remove_container(&self, id: &str) -> Result<(), EngineFault> {
        self.log.note(format!("remove container {id}"));
        if self.act(id) == Some(ContainerAct::Stays) {
            return Err(refused("remove container", id));
        }
        self.held().containers.remove(id);
        Ok(())
    }

    async fn containers_of_run(&self, run_id: &str) -> Result<Vec<String>, EngineFault> {
        assert_eq!(run_id, RUN_ID);
        Ok(self.held().containers.keys().cloned().collect())
    }
}
