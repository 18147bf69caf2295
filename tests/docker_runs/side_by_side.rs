//! The same build by the docker command and by our own client.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use seatrial::docker::{Endpoint, Engine};
use seatrial::run::{BuildRequest, Builder as _};
use seatrial::scenario::BuilderKind;
use seatrial::unit::Nanos;
use seatrial::workspace::ServedTree;
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::daemon::Images;
use crate::support::text;

/// Names a builder of new engines, whose trace is JSON; without it the docker command's own builder is asked.
const BUILDX: &str = "SEATRIAL_TEST_BUILDX";

/// Whether each instruction came from the cache, by its name with the `[stage n/m]` before it.
pub(crate) type Cached = BTreeMap<String, bool>;

/// Both builders, the base that they build on, and what they leave: removed when dropped.
pub(crate) struct Builders {
    token: String,
    base: String,
    images: Images,
    engine: Engine,
    runtime: Runtime,
    records_before: BTreeSet<String>,
}

impl Builders {
    pub(crate) fn new(token: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let host = std::env::var("DOCKER_HOST").ok();
        let endpoint = Endpoint::from_docker_host(host.as_deref()).unwrap();
        let engine = runtime.block_on(Engine::connect(endpoint)).unwrap();
        let records = runtime.block_on(engine.build_records()).unwrap();
        let mut images = Images::default();
        Self {
            token: token.to_owned(),
            base: images.import_ballast(token),
            images,
            engine,
            runtime,
            records_before: records.into_iter().map(|record| record.id).collect(),
        }
    }

    /// Builds by the docker command.
    pub(crate) fn docker_command(&mut self, folder: &Path) -> Cached {
        let image = self.images.tag(&format!("{}:command", self.token));
        let buildx = std::env::var_os(BUILDX);
        let mut command = if let Some(buildx) = &buildx {
            let mut command = Command::new(buildx);
            command.args(["build", "--progress=rawjson", "--provenance=false", "--load"]);
            command
        } else {
            let mut command = Command::new("docker");
            command
                .env("DOCKER_BUILDKIT", "1")
                .args(["build", "--progress=plain"]);
            command
        };
        let build_arg = format!("BALLAST={}", self.base);
        let output = command
            .args(["--tag", &image, "--build-arg", &build_arg])
            .arg(folder)
            .output()
            .unwrap();
        let trace = text(&output.stderr);
        assert!(output.status.success(), "{trace}");
        let cached = if buildx.is_some() {
            flags_of_json(&trace)
        } else {
            flags_of_plain_text(&trace)
        };
        assert!(!cached.is_empty(), "{trace}");
        cached
    }

    /// Builds by our own client.
    pub(crate) fn ours(&mut self, folder: &Path) -> Cached {
        let image = self.images.tag(&format!("{}:ours", self.token));
        let tree = Arc::new(ServedTree::new(folder.to_owned()));
        let request = BuildRequest {
            context: tree.clone(),
            dockerfile: tree,
            dockerfile_name: "Dockerfile".to_owned(),
            builder: BuilderKind::Buildkit,
            dockerfile_in_context: None,
            ignore_is_own: false,
            args: BTreeMap::from([("BALLAST".to_owned(), self.base.clone())]),
            target: None,
            no_cache: false,
            mount_namespace: self.token.clone(),
            shared_key: format!("{} {}", self.token, folder.display()),
            image,
            timeout: Nanos::from_secs(120),
        };
        let report = self.runtime.block_on(self.engine.build(&request)).unwrap();
        assert_eq!(report.fault, None);
        let instructions = report.instructions.into_iter();
        instructions
            .map(|instruction| (instruction.vertex_name, instruction.cached))
            .collect()
    }
}

impl Drop for Builders {
    fn drop(&mut self) {
        // The daemon lets go of records only after the images that use them.
        drop(std::mem::take(&mut self.images));
        // A drop has nobody to tell, and the daemon's own tidying gets what is left.
        let Ok(records) = self.runtime.block_on(self.engine.build_records()) else {
            return;
        };
        let new: Vec<_> = records
            .into_iter()
            .map(|record| record.id)
            .filter(|id| !self.records_before.contains(id))
            .collect();
        let _ = self.runtime.block_on(self.engine.prune_build_records(&new));
    }
}

/// Whether a vertex is an instruction that can be cached: `[2/4] COPY …`, `[stage-1 2/4] RUN …`, never a FROM.
fn is_instruction(name: &str) -> bool {
    let parts = name.strip_prefix('[').and_then(|rest| rest.split_once("] "));
    parts.is_some_and(|(position, text)| position.contains('/') && !text.starts_with("FROM "))
}

/// Reads `#7 [2/4] COPY . .` and `#7 CACHED`.
fn flags_of_plain_text(trace: &str) -> Cached {
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    let mut cached = Cached::new();
    for line in trace.lines() {
        let Some((number, said)) = line.split_once(' ').filter(|(number, _)| number.starts_with('#')) else {
            continue;
        };
        if is_instruction(said) {
            names.insert(number, said);
            cached.entry(said.to_owned()).or_insert(false);
        } else if said == "CACHED"
            && let Some(name) = names.get(number)
        {
            cached.insert((*name).to_owned(), true);
        }
    }
    cached
}

/// Reads one status message a line.
fn flags_of_json(trace: &str) -> Cached {
    let mut cached = Cached::new();
    for line in trace.lines() {
        let Ok(message) = serde_json::from_str::<Value>(line) else {
            continue;
        };
        for vertex in message["vertexes"].as_array().into_iter().flatten() {
            let name = vertex["name"].as_str().unwrap_or_default();
            if is_instruction(name) {
                *cached.entry(name.to_owned()).or_default() |= vertex["cached"].as_bool().unwrap_or_default();
            }
        }
    }
    cached
}
