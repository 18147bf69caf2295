//! The scratch copies of a run, one per variant, behind the port that a run works them through.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::check_out::check_out;
use super::context_copy::ContextCopy;
use super::digest_cache::DigestCache;
use super::dockerfile_dir::DockerfileDir;
use super::edit::apply;
use super::git::Git;
use super::git_objects::GitObjects;
use super::hash::hash_files;
use super::scratch::Scratch;
use super::served_tree::ServedTree;
use super::walk::{Visited, walk, walk_with_dropped};
use crate::causes::in_one_line;
use crate::context::{ContextReport, Manifest, kept_digest};
use crate::dockerfile::Dockerfile;
use crate::dockerignore::{IgnoreFile, Pruning, beside};
use crate::run::{BuildFolders, ContextTree, Survey, Workshop, WorkshopFault};
use crate::scenario::{
    BuilderKind, Commit, ContainerMount, ContainerOptions, Edit, Nonce, Replay, Scenario, Variant,
};

/// Scratch copies on disk, removed when closed or dropped.
#[derive(Debug)]
pub struct ScratchWorkshop {
    scratch: Option<Scratch>,
    benches: BTreeMap<String, Bench>,
    /// Copies of the named contexts, by the folder that they are copies of.
    named: BTreeMap<PathBuf, NamedCopy>,
    replay: Option<Replayed>,
    /// The scenario's folder.
    scenario_dir: PathBuf,
}

/// The repository that is replayed.
#[derive(Debug)]
struct Replayed {
    git: Git,
    /// The tree that copies hold after a reset.
    base_tree: String,
}

/// One variant's copy.
#[derive(Debug)]
struct Bench {
    copy: ContextCopy,
    dockerfile: DockerfileDir,
    digests: DigestCache,
    rules: RulesOf,
    /// The folders of the named contexts, by name.
    contexts: BTreeMap<String, PathBuf>,
    /// Where the variant's local cache lies, which goes with the scratch folder.
    local_cache: PathBuf,
    /// The tree that the copy holds, where a repository is replayed.
    tree: Option<String>,
}

/// The copy of a named context, which nothing changes.
#[derive(Debug)]
struct NamedCopy {
    copy: ContextCopy,
    manifest: Arc<Manifest>,
}

impl NamedCopy {
    fn make(scratch: &Scratch, folder: &Path, number: usize) -> Result<Self, WorkshopFault> {
        // No variant can have such a name.
        let name = format!("+named-{number}");
        let copy = scratch.copy_context(folder, &[], &name).map_err(fault)?;
        let everything = |_: &str, _: bool| Visited {
            keep: true,
            enter: true,
        };
        let mut manifest = walk(copy.path(), everything).map_err(fault)?;
        hash_files(copy.path(), &mut manifest, &mut DigestCache::default()).map_err(fault)?;
        let manifest = Arc::new(manifest);
        Ok(Self { copy, manifest })
    }
}

/// Which ignore file a build of a variant applies, by what its builder reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RulesOf {
    /// The one beside the Dockerfile, else the context's.
    Dockerfile(Pruning),
    /// The context's alone: the classic builder reads no other.
    Context,
}

impl RulesOf {
    fn variant(variant: &Variant) -> Self {
        match variant.builder {
            BuilderKind::Buildkit => Self::Dockerfile(Pruning::StreamedContext),
            // One that the variant names is sent in the place of the context's.
            BuilderKind::Classic if variant.ignore.is_some() => Self::Dockerfile(Pruning::ClassicClient),
            BuilderKind::Classic => Self::Context,
        }
    }

    fn pruning(self) -> Pruning {
        match self {
            Self::Dockerfile(pruning) => pruning,
            Self::Context => Pruning::ClassicClient,
        }
    }
}

impl ScratchWorkshop {
    /// Copies the scenario's context once per variant into a private folder in `parent`; that of a replay is the tree
    /// of the commit before the first.
    ///
    /// # Errors
    ///
    /// Names the path that could not be read or copied; nothing is left behind.
    pub fn open(parent: &Path, scenario_dir: &Path, scenario: &Scenario) -> Result<Self, WorkshopFault> {
        let scratch = Scratch::create(parent).map_err(fault)?;
        let mut benches = BTreeMap::new();
        let mut named = BTreeMap::new();
        let replay = match &scenario.replay {
            Some(replay) => Some(Replayed::open(scenario_dir, replay)?),
            None => None,
        };
        let base = match &replay {
            Some(replay) => Some(replay.base_copy(&scratch)?),
            None => None,
        };
        let context = match &base {
            Some(base) => base.path().to_owned(),
            None => scenario_dir.join(&scenario.context.path),
        };
        for variant in &scenario.variants {
            let copy = scratch
                .copy_context(&context, &scenario.context.fill, &variant.name)
                .map_err(fault)?;
            let dockerfile = scratch
                .place_dockerfile(scenario_dir, variant, &copy)
                .map_err(fault)?;
            for folder in variant.options.contexts.values() {
                if !named.contains_key(folder) {
                    let copy = NamedCopy::make(&scratch, &scenario_dir.join(folder), named.len())?;
                    named.insert(folder.clone(), copy);
                }
            }
            let bench = Bench {
                copy,
                dockerfile,
                digests: DigestCache::default(),
                contexts: variant.options.contexts.clone(),
                rules: RulesOf::variant(variant),
                // No variant can have such a name.
                local_cache: scratch.path().join(format!("+cache-{}", variant.name)),
                tree: replay.as_ref().map(|replay| replay.base_tree.clone()),
            };
            benches.insert(variant.name.clone(), bench);
        }
        if let Some(base) = base {
            // What is left of it goes with the scratch folder.
            let _ = base.remove();
        }
        Ok(Self {
            scratch: Some(scratch),
            benches,
            named,
            replay,
            scenario_dir: scenario_dir.to_owned(),
        })
    }

    /// A folder that is not there yet, for what else a run keeps on disk until its end; absent once it is closed.
    #[must_use]
    pub fn spare_folder(&self) -> Option<PathBuf> {
        // No variant can have such a name.
        self.scratch.as_ref().map(|scratch| scratch.path().join("+spare"))
    }

    fn bench(&mut self, variant: &str) -> Result<&mut Bench, WorkshopFault> {
        self.benches.get_mut(variant).ok_or_else(|| unknown(variant))
    }
}

impl Replayed {
    fn open(scenario_dir: &Path, replay: &Replay) -> Result<Self, WorkshopFault> {
        let folder = scenario_dir.join(&replay.repo);
        Ok(Self {
            git: Git::at(&folder).map_err(|error| unreadable(&folder, error))?,
            base_tree: replay.base.tree.clone(),
        })
    }

    /// A copy that holds the tree of the commit before the first. Those of the variants are made of it, so that a file
    /// has the same time in all of them.
    fn base_copy(&self, scratch: &Scratch) -> Result<ContextCopy, WorkshopFault> {
        // No variant can have such names.
        let empty = scratch.path().join("+empty");
        fs::create_dir(&empty)
            .and_then(|()| fs::set_permissions(&empty, fs::Permissions::from_mode(0o755)))
            .map_err(|error| unreadable(&empty, error))?;
        let mut copy = scratch.copy_context(&empty, &[], "+base").map_err(fault)?;
        let tree = self.git.tree(&self.base_tree).map_err(fault)?;
        let mut objects = GitObjects::of(&self.git).map_err(fault)?;
        check_out(&mut copy, &tree, &mut objects).map_err(fault)?;
        Ok(copy)
    }
}

impl Bench {
    /// The rules that a build of this variant applies: those beside its Dockerfile, else those of the context.
    fn ignore_file(&self) -> Result<IgnoreFile, WorkshopFault> {
        let dockerfile = self.dockerfile.dir.join(&self.dockerfile.file_name);
        let beside = (self.rules != RulesOf::Context).then(|| beside(&dockerfile));
        for path in beside.into_iter().chain([self.copy.path().join(".dockerignore")]) {
            match fs::read(&path) {
                Ok(bytes) => return IgnoreFile::parse(&bytes).map_err(fault),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(unreadable(&path, error)),
            }
        }
        Ok(IgnoreFile::default())
    }
}

impl Workshop for ScratchWorkshop {
    fn reset(&mut self, variant: &str) -> Result<(), WorkshopFault> {
        let bench = self.bench(variant)?;
        bench.copy.reset().map_err(fault)?;
        bench.dockerfile.refresh(&bench.copy).map_err(fault)?;
        let base_tree = self.replay.as_ref().map(|replay| replay.base_tree.clone());
        self.bench(variant)?.tree = base_tree;
        Ok(())
    }

    fn apply(&mut self, variant: &str, edit: &Edit, nonce: &Nonce) -> Result<(), WorkshopFault> {
        let bench = self.bench(variant)?;
        apply(&mut bench.copy, edit, nonce).map_err(fault)?;
        bench.dockerfile.refresh(&bench.copy).map_err(fault)
    }

    fn check_out(&mut self, variant: &str, commit: &Commit) -> Result<(), WorkshopFault> {
        let bench = self.benches.get_mut(variant).ok_or_else(|| unknown(variant))?;
        let (Some(replay), Some(tree)) = (&self.replay, &bench.tree) else {
            return Err(WorkshopFault {
                message: format!("`{}` is a commit of no repository", commit.hash),
                source: None,
            });
        };
        let changes = replay.git.difference(tree, &commit.tree).map_err(fault)?;
        let mut objects = GitObjects::of(&replay.git).map_err(fault)?;
        check_out(&mut bench.copy, &changes, &mut objects).map_err(fault)?;
        bench.tree = Some(commit.tree.clone());
        bench.dockerfile.refresh(&bench.copy).map_err(fault)
    }

    fn survey(&mut self, variant: &str) -> Result<Survey, WorkshopFault> {
        let bench = self.bench(variant)?;
        let (ignore, pruning) = (bench.ignore_file()?, bench.rules.pruning());
        let mut manifest = walk_with_dropped(bench.copy.path(), &ignore, pruning).map_err(fault)?;
        hash_files(bench.copy.path(), &mut manifest, &mut bench.digests).map_err(fault)?;
        let report = ContextReport::new(&manifest, &ignore, pruning, 0);
        let kept_digest = kept_digest(&manifest, &ignore, pruning).map_err(fault)?;
        let contexts = bench.contexts.clone();
        let named = contexts.iter().filter_map(|(name, folder)| {
            let copy = self.named.get(folder)?;
            Some((name.clone(), Arc::clone(&copy.manifest)))
        });
        Ok(Survey {
            named: named.collect(),
            manifest: Arc::new(manifest),
            kept: report.kept_bytes,
            kept_files: report.kept_files,
            kept_digest,
        })
    }

    fn folders(&self, variant: &str) -> Result<BuildFolders, WorkshopFault> {
        let bench = self.benches.get(variant).ok_or_else(|| unknown(variant))?;
        let path = bench.dockerfile.dir.join(&bench.dockerfile.file_name);
        let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?;
        let served = |root: PathBuf| Arc::new(ServedTree::new(root));
        let named = bench.contexts.iter().filter_map(|(name, folder)| {
            let copy = self.named.get(folder)?;
            let tree: Arc<dyn ContextTree> = served(copy.copy.path().to_owned());
            Some((name.clone(), tree))
        });
        Ok(BuildFolders {
            context: served(bench.copy.path().to_owned()),
            named: named.collect(),
            dockerfile: served(bench.dockerfile.dir.clone()),
            dockerfile_name: bench.dockerfile.file_name.clone(),
            dockerfile_in_context: path
                .strip_prefix(bench.copy.path())
                .ok()
                .and_then(Path::to_str)
                .map(str::to_owned),
            local_cache: bench.local_cache.clone(),
            parsed: Arc::new(Dockerfile::parse(&text).map_err(fault)?),
        })
    }

    fn placed(&self, options: &ContainerOptions) -> ContainerOptions {
        let mut placed = options.clone();
        for mount in placed.mounts.values_mut() {
            if let ContainerMount::Bind(source) = mount {
                let folder = self.scenario_dir.join(&*source);
                // A folder that is gone by now is for the daemon to name.
                *source = fs::canonicalize(&folder).unwrap_or(folder);
            }
        }
        placed
    }

    fn close(&mut self) -> Result<(), WorkshopFault> {
        self.benches.clear();
        self.named.clear();
        match self.scratch.take() {
            Some(scratch) => scratch.close().map_err(fault),
            None => Ok(()),
        }
    }
}

fn unknown(variant: &str) -> WorkshopFault {
    WorkshopFault {
        message: format!("there is no scratch copy for variant `{variant}`"),
        source: None,
    }
}

fn unreadable(path: &Path, error: std::io::Error) -> WorkshopFault {
    WorkshopFault {
        message: format!("cannot read `{}`", path.display()),
        source: Some(error.into()),
    }
}

/// Keeps an error's text, and its cause as the cause.
fn fault(error: impl Error + Send + Sync + 'static) -> WorkshopFault {
    WorkshopFault {
        message: error.to_string(),
        source: error.source().map(|cause| in_one_line(cause).into()),
    }
}
