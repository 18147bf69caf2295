//! Removing images without a name that classic builds made.

use bollard::query_parameters::{ListImagesOptionsBuilder, RemoveImageOptionsBuilder};

use crate::docker::Engine;
use crate::docker::images::{fault, status};
use crate::run::{EngineFault, NamelessImage};
use crate::unit::DaemonInstant;

/// What the daemon answers where something else needs the image: a name, an image made of it, a container.
const NEEDED: u16 = 409;

/// What the daemon says of an image without a name.
const NO_NAME: [&str; 2] = ["<none>:<none>", "<none>@<none>"];

impl Engine {
    /// All images without a name, those that others are made of included.
    pub(in crate::docker) async fn list_nameless(&self) -> Result<Vec<NamelessImage>, EngineFault> {
        let options = ListImagesOptionsBuilder::new().all(true).build();
        let images = self.docker.list_images(Some(options)).await;
        let images = images.map_err(|refusal| fault("list", "images", refusal))?;
        let is_name = |name: &String| !NO_NAME.contains(&name.as_str());
        Ok(images
            .into_iter()
            .filter(|image| !image.repo_tags.iter().chain(&image.repo_digests).any(is_name))
            .map(|image| NamelessImage {
                id: image.id,
                parent: image.parent_id,
                created: DaemonInstant::at(image.created, 0),
            })
            .collect())
    }

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
