//! Images that are names alone.

use seatrial::results::{ImageFacts, ImageStore};
use seatrial::run::{BaseImage, EngineFault, Images, RootFs};
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
