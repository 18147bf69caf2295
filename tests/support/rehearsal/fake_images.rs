//! Images that are names alone.

use std::path::PathBuf;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use seatrial::digest::Digest;
use seatrial::results::{ImageFacts, ImageStore};
use seatrial::run::{BaseImage, EngineFault, Images, PullState, PullStep, RootFs};
use seatrial::unit::ByteSize;

use super::fake_daemon::{FakeDaemon, refused, short};
use super::script::{BuildAct, Trouble};

impl Images for FakeDaemon {
    async fn find_base(&self, reference: &str) -> Result<Option<BaseImage>, EngineFault> {
        Ok(self.held().images.contains(reference).then(|| BaseImage {
            id: format!("id of {reference}"),
            repo_digest: None,
            size: ByteSize(1),
            layers: Vec::new(),
            history_entries: 1,
        }))
    }

    async fn pull(&self, reference: &str) -> Result<(), EngineFault> {
        self.log.note(format!("pull {reference}"));
        if self.script.has(Trouble::NoRegistry) {
            return Err(refused("pull", reference));
        }
        self.held().images.insert(reference.to_owned());
        Ok(())
    }

    fn pull_told(&self, reference: &str) -> BoxStream<'static, Result<PullStep, EngineFault>> {
        self.log.note(format!("pull {reference}"));
        if self.script.has(Trouble::NoRegistry) {
            let refusal = Err(refused("pull", reference));
            return stream::once(std::future::ready(refusal)).boxed();
        }
        if self.script.has(Trouble::HangingPull) {
            self.interrupt.send_replace(true);
            return stream::pending().boxed();
        }
        self.held().images.insert(reference.to_owned());
        let layer = Digest::of("layer").short();
        let states = if self.script.has(Trouble::HadLayer) {
            vec![PullState::Present]
        } else {
            vec![PullState::Fetching, PullState::Extracting, PullState::Complete]
        };
        let steps = states.into_iter().map(move |state| {
            let layer = layer.clone();
            Ok(PullStep { layer, state })
        });
        stream::iter(steps.collect::<Vec<_>>()).boxed()
    }

    fn export(&self, reference: &str) -> BoxStream<'static, Result<Bytes, EngineFault>> {
        self.log.note(format!("export {}", short(reference)));
        if self.script.has(Trouble::NoExport) {
            let refusal = Err(refused("export", short(reference)));
            return stream::once(std::future::ready(refusal)).boxed();
        }
        stream::once(std::future::ready(Ok(Bytes::from_static(b"image")))).boxed()
    }

    async fn push(&self, image: &str, reference: &str) -> Result<(), EngineFault> {
        self.log.note(format!("push {} as {reference}", short(image)));
        if self.script.has(Trouble::NoRegistry) {
            return Err(refused("push", reference));
        }
        Ok(())
    }

    async fn import(&self, reference: &str, _root: RootFs) -> Result<(), EngineFault> {
        self.log.note(format!("import {reference}"));
        self.held().images.insert(reference.to_owned());
        Ok(())
    }

    async fn image_facts(&self, reference: &str, _bases: &[BaseImage]) -> Result<ImageFacts, EngineFault> {
        self.log.note(format!("inspect {}", short(reference)));
        let number = self.held().builds;
        if self.script.builds.get(&number) == Some(&BuildAct::FactsFault) {
            return Err(refused("inspect image", short(reference)));
        }
        Ok(ImageFacts {
            id: format!("id of {reference}"),
            store: ImageStore::Graphdriver,
            size_bytes: ByteSize(100),
            layers: 2,
            empty_layers: 0,
            history: Vec::new(),
        })
    }

    async fn layer_folders(&self, _reference: &str) -> Result<Option<Vec<PathBuf>>, EngineFault> {
        Ok(None)
    }

    async fn image_references(&self, name: &str) -> Result<Vec<String>, EngineFault> {
        let held = self.held();
        Ok(held
            .images
            .iter()
            .filter(|image| image.starts_with(name))
            .cloned()
            .collect())
    }

    async fn remove_image(&self, reference: &str) -> Result<(), EngineFault> {
        self.log.note(format!("remove image {}", short(reference)));
        if self.script.stuck_images.contains(short(reference)) {
            return Err(refused("remove image", short(reference)));
        }
        self.held().images.remove(reference);
        Ok(())
    }
}
