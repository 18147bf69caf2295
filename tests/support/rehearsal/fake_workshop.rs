//! Scratch copies that hold one file, made of the edits so far.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use seatrial::context::{Entry, EntryKind, Manifest, Selection};
use seatrial::digest::Digest;
use seatrial::dockerfile::Dockerfile;
use seatrial::dockerignore::IgnoreFile;
use seatrial::run::{BuildFolders, ContextTree, Survey, TreeFault, Workshop, WorkshopFault};
use seatrial::scenario::{Commit, ContainerOptions, Edit, Nonce};
use seatrial::unit::ByteSize;

use super::log_book::LogBook;
use super::script::{Script, Trouble};

/// Copies in memory.
#[derive(Debug)]
pub(crate) struct FakeWorkshop {
    pub(super) log: LogBook,
    pub(super) texts: BTreeMap<String, String>,
    pub(super) script: Script,
    /// Every nonce, in order.
    pub(super) nonces: Vec<String>,
}

impl Workshop for FakeWorkshop {
    fn reset(&mut self, variant: &str) -> Result<(), WorkshopFault> {
        self.log.note(format!("reset {variant}"));
        self.texts.insert(variant.to_owned(), String::new());
        Ok(())
    }

    fn apply(&mut self, variant: &str, edit: &Edit, nonce: &Nonce) -> Result<(), WorkshopFault> {
        let name = self.log.name("nonce", nonce.as_str());
        self.log.note(format!("edit {variant}: {edit}, {name}"));
        if self.script.has(Trouble::EditsFail) {
            return Err(fault("the edit matches nothing"));
        }
        self.nonces.push(nonce.as_str().to_owned());
        let text = self.texts.entry(variant.to_owned()).or_default();
        text.push_str(nonce.as_str());
        Ok(())
    }

    fn check_out(&mut self, variant: &str, commit: &Commit) -> Result<(), WorkshopFault> {
        self.log.note(format!("check out {variant}: {}", commit.hash));
        if self.script.has(Trouble::EditsFail) {
            return Err(fault("the repository has no object"));
        }
        self.texts.insert(variant.to_owned(), commit.tree.clone());
        Ok(())
    }

    fn survey(&mut self, variant: &str) -> Result<Survey, WorkshopFault> {
        self.log.note(format!("survey {variant}"));
        let text = self.texts.get(variant).cloned().unwrap_or_default();
        let size = ByteSize(text.len() as u64);
        let digest = Digest::of(&text);
        let entry = Entry {
            path: "main.txt".to_owned(),
            kind: EntryKind::File {
                size_bytes: size,
                digest: Some(digest),
            },
            mode: 0o644,
            uid: 0,
            gid: 0,
            mtime_ns: 0,
            attributes: BTreeMap::new(),
        };
        Ok(Survey {
            manifest: Arc::new(Manifest::new(vec![entry]).map_err(|error| fault(&error.to_string()))?),
            kept: size,
            kept_files: 1,
            kept_digest: digest,
            named: BTreeMap::new(),
        })
    }

    fn folders(&self, _variant: &str) -> Result<BuildFolders, WorkshopFault> {
        let parsed = Dockerfile::parse("FROM scratch\nCOPY . /app\nRUN install\n");
        Ok(BuildFolders {
            context: Arc::new(EmptyTree),
            named: BTreeMap::new(),
            dockerfile: Arc::new(EmptyTree),
            dockerfile_name: "Dockerfile".to_owned(),
            dockerfile_in_context: None,
            local_cache: "cache".into(),
            parsed: Arc::new(parsed.map_err(|error| fault(&error.to_string()))?),
        })
    }

    fn placed(&self, options: &ContainerOptions) -> ContainerOptions {
        options.clone()
    }

    fn close(&mut self) -> Result<(), WorkshopFault> {
        self.log.note("remove copies");
        if self.script.has(Trouble::CopiesStay) {
            return Err(fault("the folder is in use"));
        }
        Ok(())
    }
}

fn fault(message: &str) -> WorkshopFault {
    WorkshopFault {
        message: message.to_owned(),
        source: None,
    }
}

/// A folder that nobody reads.
#[derive(Debug)]
struct EmptyTree;

impl ContextTree for EmptyTree {
    fn walk(
        &self,
        _selection: &Selection,
        _found: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), TreeFault> {
        Ok(())
    }

    fn walk_as_classic(
        &self,
        _ignore: &IgnoreFile,
        _dockerfile: Option<&str>,
    ) -> Result<Vec<Entry>, TreeFault> {
        Ok(Vec::new())
    }

    fn open(&self, _path: &str) -> io::Result<File> {
        Err(io::ErrorKind::NotFound.into())
    }
}
