//! Builds.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{ContextTree, EngineFault};
use crate::results::{BuildGraph, CacheExport, Downloads, Phase};
use crate::run::BuildGrants;
use crate::scenario::{BuildOptions, BuilderKind, CacheMode};
use crate::unit::{ByteSize, DaemonInstant, DaemonSpan, Nanos};

/// Builds, and the records that they leave in the daemon's build cache.
pub trait Builder: Sync {
    /// Builds an image. A build that fails is a report with a fault; dropping the future ends it at the daemon.
    fn build(&self, request: &BuildRequest) -> impl Future<Output = Result<BuildReport, EngineFault>> + Send;

    /// Waits until the daemon has ended the builds that were given up: until then it may still store their images.
    /// Gives the time in which it worked on them, where there are any and it told of it.
    fn settle(&self) -> impl Future<Output = Option<DaemonSpan>> + Send;

    /// All records of the build cache, in the order of their ids.
    fn build_records(&self) -> impl Future<Output = Result<Vec<BuildRecord>, EngineFault>> + Send;

    /// The same, once the daemon has stopped changing them, or after a while: those of a build can show up, and get
    /// their final id, after the build has ended.
    fn settled_build_records(&self) -> impl Future<Output = Result<Vec<BuildRecord>, EngineFault>> + Send;

    /// Asks for a sign of life, which an idle daemon gives at once.
    fn answers(&self) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// The daemon's time; `None` where it does not tell.
    fn clock(&self) -> impl Future<Output = Option<DaemonInstant>> + Send;

    /// Waits until a build of the classic builder tells of an image or a container that it had not told of before.
    fn classic_news(&self) -> impl Future<Output = ()> + Send;

    /// Where the build of the classic builder that is under way stands, as it tells; nothing where none is.
    fn classic_progress(&self) -> ClassicProgress;

    /// Images without a name, those that others are made of included.
    fn nameless_images(&self) -> impl Future<Output = Result<Vec<NamelessImage>, EngineFault>> + Send;

    /// Images without a name that builds of the classic builder made through this so far, oldest first: one per
    /// instruction that ran, in builds that were given up too.
    fn made_images(&self) -> Vec<String>;

    /// Removes those of these images that have no name and that nothing else needs.
    fn remove_made_images(&self, ids: &[String]) -> impl Future<Output = Result<(), EngineFault>> + Send;

    /// Whether removing any record makes the daemon forget what it has cached of builds on images in its store,
    /// everybody's: the records stay, and the next such build runs anew.
    fn forgets_when_pruned(&self) -> bool;

    /// Removes records by id. One that something else needs stays.
    fn prune_build_records(&self, ids: &[String]) -> impl Future<Output = Result<(), EngineFault>> + Send;
}

/// Where a build of the classic builder stands. Ids are short, as the builder tells them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassicProgress {
    /// The image that the next instruction starts from; empty where it starts from nothing.
    pub parent: Option<String>,
    /// The container of the instruction at work.
    pub container: Option<String>,
}

/// An image without a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamelessImage {
    /// Its id, with the algorithm before it.
    pub id: String,
    /// The id of the image that it was made of; empty where there is none, or the daemon does not know it.
    pub parent: String,
    /// When it was made, cut to the second.
    pub created: Option<DaemonInstant>,
}

/// One record of the build cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildRecord {
    /// Its id.
    pub id: String,
    /// What it holds.
    pub kind: RecordKind,
    /// When it was made, where the daemon says so.
    pub created: Option<DaemonInstant>,
}

/// What a record of the build cache holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// Files of a context, as the daemon keeps them between builds.
    Context,
    /// What a cache mount holds.
    CacheMount,
    /// Anything else: mostly what an instruction made.
    Layer,
}

/// One build, as it is asked for.
#[derive(Clone, Debug)]
pub struct BuildRequest {
    /// The build context.
    pub context: Arc<dyn ContextTree>,
    /// The folder of the Dockerfile and of the ignore file that goes with it.
    pub dockerfile: Arc<dyn ContextTree>,
    /// The Dockerfile's name in that folder.
    pub dockerfile_name: String,
    /// The other contexts that the Dockerfile reads, by name.
    pub named: BTreeMap<String, Arc<dyn ContextTree>>,
    /// Which builder builds.
    pub builder: BuilderKind,
    /// The Dockerfile's path in the context, where it is the context's own; the classic builder reads it there.
    pub dockerfile_in_context: Option<String>,
    /// Whether the variant names the ignore file beside the Dockerfile: the classic builder reads no other but the
    /// context's.
    pub ignore_is_own: bool,
    /// Build arguments.
    pub args: BTreeMap<String, String>,
    /// The stage to build; `None` builds the last.
    pub target: Option<String>,
    /// How it is asked for besides.
    pub options: BuildOptions,
    /// What it is given that nothing may show.
    pub grants: Arc<BuildGrants>,
    /// Whether results of earlier instructions must not be used.
    pub no_cache: bool,
    /// The namespace of cache mounts; builds of another namespace see none of their content.
    pub mount_namespace: String,
    /// What the daemon keeps the context's files under: the same key again sends only what changed.
    pub shared_key: String,
    /// The remote cache that earlier results may come from.
    pub cache_import: Option<CacheLocation>,
    /// The remote cache that the results go to.
    pub cache_export: Option<CacheLocation>,
    /// The reference that the image is stored under.
    pub image: String,
    /// The longest that the build may take.
    pub timeout: Nanos,
}

impl BuildRequest {
    /// A build by `BuildKit` of a folder with a `Dockerfile` in it, with nothing asked for besides. `key` is its
    /// namespace of cache mounts, and what the daemon keeps the context's files under.
    #[must_use]
    pub fn of_folder(folder: Arc<dyn ContextTree>, key: &str, image: String, timeout: Nanos) -> Self {
        Self {
            context: Arc::clone(&folder),
            dockerfile: folder,
            dockerfile_name: "Dockerfile".to_owned(),
            named: BTreeMap::new(),
            builder: BuilderKind::Buildkit,
            dockerfile_in_context: None,
            ignore_is_own: false,
            args: BTreeMap::new(),
            target: None,
            options: BuildOptions::default(),
            grants: Arc::default(),
            no_cache: false,
            mount_namespace: key.to_owned(),
            shared_key: key.to_owned(),
            cache_import: None,
            cache_export: None,
            image,
            timeout,
        }
    }
}

/// One remote cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CacheLocation {
    /// In an image of this reference.
    Inline {
        /// The reference.
        reference: String,
    },
    /// In a registry, under this reference.
    Registry {
        /// The reference.
        reference: String,
        /// What it holds.
        mode: CacheMode,
    },
    /// In a folder of this machine.
    Local {
        /// The folder; the first export makes it.
        folder: PathBuf,
        /// What it holds.
        mode: CacheMode,
    },
}

/// How the daemon asked for the files of a context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContextTransfer {
    /// Files that it was told of and that have content of their own.
    pub offered_files: u64,
    /// Files among them whose content it asked for.
    pub requested_files: u64,
}

/// What a build did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildReport {
    /// From the request to the answer, on this machine's monotonic clock.
    pub duration: Nanos,
    /// From the first thing that the daemon began on to the last that it ended, where it did anything.
    pub span: Option<DaemonSpan>,
    /// Bytes of file content that were sent for the context and the named ones.
    pub sent: ByteSize,
    /// The length of the tar that held them, where the builder takes one and it was sent to its end.
    pub tar: Option<ByteSize>,
    /// How the daemon asked for them.
    pub transfer: ContextTransfer,
    /// What came from registries, and from a local cache.
    pub downloads: Downloads,
    /// What was stored in a remote cache, where something was to be.
    pub cache_export: Option<CacheExport>,
    /// Why the remote cache that was to be imported could not be read.
    pub import_fault: Option<String>,
    /// The Dockerfile's instructions, in the order in which the daemon listed them.
    pub instructions: Vec<TracedInstruction>,
    /// Named spans.
    pub phases: Vec<Phase>,
    /// What waited for what, where the builder tells it; its instructions are the ones above.
    pub graph: Option<BuildGraph>,
    /// The id of the image, where the build succeeded.
    pub image_id: Option<String>,
    /// Why it did not.
    pub fault: Option<BuildFault>,
}

/// One instruction as the trace tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TracedInstruction {
    /// The vertex's name with its `[stage n/m]` prefix.
    pub vertex_name: String,
    /// Whether its result came from the cache.
    pub cached: bool,
    /// When it began, from the first thing that the daemon began on.
    pub started: Option<Nanos>,
    /// How long it worked, distinct spans summed.
    pub duration: Option<Nanos>,
    /// Bytes that it logged.
    pub log_bytes: ByteSize,
}

/// Why a build did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BuildFault {
    /// What the daemon said.
    pub message: String,
    /// Whether it was ended because its time was up.
    pub timed_out: bool,
    /// The name of the vertex that failed.
    pub vertex_name: Option<String>,
    /// The last lines that this vertex logged.
    pub log_tail: Vec<String>,
}
