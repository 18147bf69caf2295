//! Builds that take no time.

use seatrial::results::{Downloads, Phase};
use seatrial::run::{
    BuildFault, BuildRecord, BuildReport, BuildRequest, Builder, ClassicProgress, ContextTransfer,
    EngineFault, NamelessImage, RecordKind, TracedInstruction,
};
use seatrial::unit::{ByteSize, DaemonInstant, DaemonSpan, Nanos};

use super::fake_daemon::{FakeDaemon, refused, short};
use super::script::{BuildAct, Trouble};

impl Builder for FakeDaemon {
    async fn build(&self, request: &BuildRequest) -> Result<BuildReport, EngineFault> {
        let image = short(&request.image);
        let mounts = self.log.name("mounts", &request.mount_namespace);
        let context = self.log.name("context", &request.shared_key);
        let reuse = if request.no_cache { " without cache" } else { "" };
        let args = request
            .args
            .iter()
            .map(|(name, value)| format!(", {name}={value}"));
        let args: String = args.collect();
        self.log
            .note(format!("build {image}{reuse}, {mounts}, {context}{args}"));
        let number = {
            let mut held = self.held();
            held.builds += 1;
            let number = held.builds;
            held.records.push(format!("layer-{number}"));
            if !held.records.contains(&context) {
                held.records.push(context);
            }
            number
        };
        let act = self.script.builds.get(&number).copied();
        match act {
            Some(BuildAct::EngineFault) => return Err(refused("build", image)),
            Some(BuildAct::Interrupted) => {
                // A build that is given up may have stored its image by then.
                self.held().images.insert(request.image.clone());
                return self.interrupt().await;
            }
            Some(BuildAct::Fails | BuildAct::FactsFault) | None => {}
        }
        let failed = act == Some(BuildAct::Fails);
        if !failed {
            self.held().images.insert(request.image.clone());
        }
        Ok(report(request, failed))
    }

    async fn settle(&self) -> Option<DaemonSpan> {
        None
    }

    async fn answers(&self) -> Result<(), EngineFault> {
        if self.script.has(Trouble::DaemonGone) {
            return Err(refused("answer at", "unix:///fake.sock"));
        }
        Ok(())
    }

    async fn clock(&self) -> Option<DaemonInstant> {
        None
    }

    async fn classic_news(&self) {
        std::future::pending::<()>().await;
    }

    fn classic_progress(&self) -> ClassicProgress {
        ClassicProgress::default()
    }

    async fn nameless_images(&self) -> Result<Vec<NamelessImage>, EngineFault> {
        Ok(Vec::new())
    }

    fn made_images(&self) -> Vec<String> {
        Vec::new()
    }

    async fn remove_made_images(&self, ids: &[String]) -> Result<(), EngineFault> {
        assert_eq!(ids, [""; 0], "nothing here is built by the classic builder");
        Ok(())
    }

    async fn build_records(&self) -> Result<Vec<BuildRecord>, EngineFault> {
        self.log.note("list records");
        let number = {
            let mut held = self.held();
            held.listings += 1;
            let number = held.listings;
            held.records.extend(self.script.strangers.get(&number).cloned());
            number
        };
        if self.script.failing_listings.contains(&number) {
            return Err(refused("list", "records"));
        }
        let record = |id: &String| BuildRecord {
            id: id.clone(),
            kind: if id.starts_with("context-") {
                RecordKind::Context
            } else {
                RecordKind::Layer
            },
            created: None,
        };
        Ok(self.held().records.iter().map(record).collect())
    }

    async fn settled_build_records(&self) -> Result<Vec<BuildRecord>, EngineFault> {
        self.build_records().await
    }

    fn forgets_when_pruned(&self) -> bool {
        self.script.has(Trouble::ForgetsWhenPruned)
    }

    async fn prune_build_records(&self, ids: &[String]) -> Result<(), EngineFault> {
        self.log.note(format!("prune {}", ids.join(" ")).trim_end());
        if self.script.has(Trouble::RecordsStay) {
            return Err(refused("prune", ids.join(" ")));
        }
        self.held().records.retain(|id| !ids.contains(id));
        Ok(())
    }
}

fn report(request: &BuildRequest, failed: bool) -> BuildReport {
    let instruction = |name: &str| TracedInstruction {
        vertex_name: name.to_owned(),
        cached: !request.no_cache,
        started: None,
        duration: None,
        log_bytes: ByteSize::ZERO,
    };
    let run = "[2/2] RUN install";
    BuildReport {
        duration: Nanos::from_millis(5),
        span: None,
        sent: ByteSize(7),
        tar: None,
        transfer: ContextTransfer::default(),
        downloads: Downloads::default(),
        cache_export: None,
        import_fault: None,
        instructions: vec![instruction("[1/2] COPY . /app"), instruction(run)],
        phases: vec![Phase {
            name: "instructions".to_owned(),
            started_ns: Nanos::ZERO,
            duration_ns: Nanos::from_millis(4),
        }],
        graph: None,
        image_id: (!failed).then(|| format!("id of {}", request.image)),
        fault: failed.then(|| BuildFault {
            message: "install exited with 1".to_owned(),
            timed_out: false,
            vertex_name: Some(run.to_owned()),
            log_tail: vec!["no such package".to_owned()],
        }),
    }
}
