//! The same build by the docker command and by our own client.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use seatrial::run::{BuildReport, BuildRequest, Builder as _, CacheLocation, ContextTree};
use seatrial::scenario::BuilderKind;
use seatrial::unit::Nanos;
use seatrial::workspace::ServedTree;
use serde_json::Value;

use crate::daemon::Images;
use crate::records::Records;
use crate::support::{docker, output_of, text};

/// Names a builder of new engines, whose trace is JSON; without it the docker command's own builder is asked.
pub(crate) const BUILDX: &str = "SEATRIAL_TEST_BUILDX";

/// Whether each instruction came from the cache, by its name with the `[stage n/m]` before it.
pub(crate) type Cached = BTreeMap<String, bool>;

/// What the docker command told while it built.
pub(crate) enum Trace {
    /// One status message a line.
    Json(String),
    /// For people.
    Plain(String),
}

/// Both builders, the base that they build on, and what they leave: removed when dropped.
pub(crate) struct Builders {
    token: String,
    base: String,
    images: Images,
    /// Dropped last: the daemon lets go of records only after the images that use them.
    records: Records,
}

impl Builders {
    pub(crate) fn new(token: &str) -> Self {
        let records = Records::new();
        let images = Images::default();
        Self {
            token: token.to_owned(),
            base: images.import_ballast(token),
            images,
            records,
        }
    }

    /// Builds by the docker command.
    pub(crate) fn docker_command(&self, folder: &Path) -> Cached {
        self.docker_command_with(folder, &[])
    }

    /// Builds by the docker command with these options besides.
    pub(crate) fn docker_command_with(&self, folder: &Path, options: &[String]) -> Cached {
        let (cached, trace) = match self.docker_trace_with(folder, options) {
            Trace::Json(trace) => (flags_of_json(&trace), trace),
            Trace::Plain(trace) => (flags_of_plain_text(&trace), trace),
        };
        assert!(!cached.is_empty(), "{trace}");
        cached
    }

    /// Builds by the docker command; what it told.
    pub(crate) fn docker_trace(&self, folder: &Path) -> Trace {
        self.docker_trace_with(folder, &[])
    }

    fn docker_trace_with(&self, folder: &Path, options: &[String]) -> Trace {
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
        let output = output_of(
            command
                .args(["--tag", &image, "--build-arg", &build_arg])
                .args(options)
                .arg(folder),
        );
        let trace = text(&output.stderr);
        assert!(output.status.success(), "{trace}");
        if buildx.is_some() {
            Trace::Json(trace)
        } else {
            Trace::Plain(trace)
        }
    }

    /// Builds by our own client.
    pub(crate) fn ours(&self, folder: &Path) -> Cached {
        let report = self.our_report(folder);
        assert_eq!(report.fault, None);
        let instructions = report.instructions.into_iter();
        instructions
            .map(|instruction| (instruction.vertex_name, instruction.cached))
            .collect()
    }

    /// Builds by our own client, whatever comes of it.
    pub(crate) fn our_report(&self, folder: &Path) -> BuildReport {
        self.report_of(&self.request(folder))
    }

    /// Builds by our own client with these remote caches, whatever comes of it.
    pub(crate) fn our_report_with(
        &self,
        folder: &Path,
        cache_import: Option<CacheLocation>,
        cache_export: Option<CacheLocation>,
    ) -> BuildReport {
        self.report_of(&BuildRequest {
            cache_import,
            cache_export,
            ..self.request(folder)
        })
    }

    /// Builds a folder that may do anything by our own client, whatever comes of it, with the image's name. The key stands
    /// for the folder at the daemon.
    pub(crate) fn our_report_of(
        &self,
        tree: Arc<dyn ContextTree>,
        key: &str,
        builder: BuilderKind,
    ) -> (BuildReport, String) {
        let request = BuildRequest {
            builder,
            ..self.request_of(tree, key)
        };
        (self.report_of(&request), request.image)
    }

    fn request(&self, folder: &Path) -> BuildRequest {
        let tree = Arc::new(ServedTree::new(folder.to_owned()));
        self.request_of(tree, &folder.display().to_string())
    }

    fn request_of(&self, tree: Arc<dyn ContextTree>, key: &str) -> BuildRequest {
        let image = self.images.tag(&format!("{}:ours", self.token));
        BuildRequest {
            dockerfile_in_context: Some("Dockerfile".to_owned()),
            args: BTreeMap::from([("BALLAST".to_owned(), self.base.clone())]),
            mount_namespace: self.token.clone(),
            ..BuildRequest::of_folder(
                tree,
                &format!("{} {key}", self.token),
                image,
                Nanos::from_secs(120),
            )
        }
    }

    fn report_of(&self, request: &BuildRequest) -> BuildReport {
        let Records { runtime, engine, .. } = &self.records;
        runtime.block_on(engine.build(request)).unwrap()
    }

    /// Removes what the builds made, so that the daemon holds nothing of them but what they were built on.
    pub(crate) fn forget(&self) {
        for image in self.images.take_those_of(&[":ours", ":command"]) {
            docker(&["rmi", &image]);
        }
        self.records.prune();
        assert_eq!(self.records.new_layers(), 0);
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
