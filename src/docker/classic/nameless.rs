//! Removing images without a name that classic builds made.

use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder};

use crate::docker::Engine;
use crate::docker::images::{fault, status};
use crate::run::EngineFault;

/// What the daemon answers where something else needs the image: a name, an image made of it, a container.
const NEEDED: u16 = 409;

impl Engine {
    /// Removes those of these images, by short id, that have no name and that nothing else needs. Nameless parents of
    /// them stay, unless they are among these: they may be somebody else's.
    pub(in crate::docker) async fn remove_nameless(&self, ids: &[String]) -> Result<(), EngineFault> {
        if ids.is_empty() {
            return Ok(());
        }
        let options = ListImagesOptionsBuilder::new().all(true).build();
        let images = self.docker.list_images(Some(options)).await;
        let images = images.map_err(|refusal| fault("list", "images", refusal))?;
        let mut first_fault = None;
        // The newest are made of the older ones.
        for id in ids.iter().rev() {
            let full = format!("sha256:{id}");
            let Some(image) = images.iter().find(|image| image.id.starts_with(&full)) else {
                self.made_images.forget(id);
                continue;
            };
            let has_name = image.repo_tags.iter().any(|tag| tag != "<none>:<none>");
            if has_name {
                continue;
            }
            let options = RemoveImageOptionsBuilder::new().noprune(true).build();
            match self.docker.remove_image(&image.id, Some(options), None).await {
                Ok(_) => self.made_images.forget(id),
                Err(refusal) => match status(&refusal) {
                    Some(404) => self.made_images.forget(id),
                    Some(NEEDED) => {}
                    _ => {
                        first_fault.get_or_insert(fault("remove image", &image.id, refusal));
                    }
                },
            }
        }
        first_fault.map_or(Ok(()), Err)
    }
}
