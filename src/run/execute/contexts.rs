//! The contexts of builds, as the journal holds them.

use std::sync::Arc;

use super::{Execution, Halt};
use crate::context::{Manifest, ManifestDiff};
use crate::digest::Digest;
use crate::results::{ContextRecord, NamedContext, Record};
use crate::run::Daemon;
use crate::run::events::Watcher;
use crate::run::ports::{Bases, Ledger, Probe, Survey, Workshop};

impl<D, B, W, P, L, N> Execution<'_, D, B, W, P, L, N>
where
    D: Daemon,
    B: Bases,
    W: Workshop,
    P: Probe,
    L: Ledger,
    N: Watcher,
{
    /// Puts the context into the journal, as a change of the variant's last one.
    pub(super) fn record_context(&mut self, variant: &str, survey: &Survey) -> Result<Digest, Halt> {
        let digest = survey.manifest.digest();
        let last = self.manifests.get(variant);
        if self.recorded.insert(digest) {
            let empty = Manifest::default();
            let delta = ManifestDiff::between(last.map_or(&empty, |last| last), &survey.manifest);
            let base = last.map(|last| last.digest());
            self.ports.ledger.keep(&Record::Context(ContextRecord {
                manifest: digest,
                base,
                delta,
            }))?;
        }
        self.manifests
            .insert(variant.to_owned(), Arc::clone(&survey.manifest));
        Ok(digest)
    }

    /// Puts the named contexts into the journal, each once.
    pub(super) fn record_named_contexts(&mut self, survey: &Survey) -> Result<Vec<NamedContext>, Halt> {
        let mut named = Vec::new();
        for (name, manifest) in &survey.named {
            let digest = manifest.digest();
            if self.recorded.insert(digest) {
                self.ports.ledger.keep(&Record::Context(ContextRecord {
                    manifest: digest,
                    base: None,
                    delta: ManifestDiff::between(&Manifest::default(), manifest),
                }))?;
            }
            named.push(NamedContext {
                name: name.clone(),
                manifest: digest,
            });
        }
        Ok(named)
    }
}
