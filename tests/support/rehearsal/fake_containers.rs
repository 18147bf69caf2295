//! Containers that do what the script says.

use std::net::{Ipv4Addr, SocketAddr};

use seatrial::run::{Addresses, ContainerEnd, ContainerRequest, Containers, EngineFault};

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
        self.log.note(format!("create {id} of {}", short(&request.image)));
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
            Some(ContainerAct::Interrupted) => self.interrupt().await,
            _ => std::future::pending().await,
        }
    }

    async fn log_tail(&self, id: &str) -> Result<Vec<String>, EngineFault> {
        self.log.note(format!("read the log of {id}"));
        Ok(vec![format!("{id} says why")])
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
