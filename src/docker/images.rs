//! Images: bases that are pulled or imported, facts about what was built, removal.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use bollard::body_try_stream;
use bollard::errors::Error as Refusal;
use bollard::models::ImageInspect;
use bollard::query_parameters::{
    CreateImageOptionsBuilder, ListImagesOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptionsBuilder,
    TagImageOptionsBuilder,
};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::Engine;
use super::builds::failed;
use super::engine::CALL_TIMEOUT;
use super::progress::{LONGEST_SILENCE, silent, to_the_end};
use super::registry_logins::credentials_for;
use crate::results::{ImageFacts, InstructionSize};
use crate::run::{BaseImage, EngineFault, Images, PullState, PullStep, RootFs};
use crate::unit::ByteSize;

/// How long an engine may take to put an image together that it is to export.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(1_800);

impl Images for Engine {
    async fn find_base(&self, reference: &str) -> Result<Option<BaseImage>, EngineFault> {
        let inspected = match self.docker.inspect_image(reference).await {
            Err(refusal) if status(&refusal) == Some(404) => return Ok(None),
            answer => answer.map_err(|refusal| fault("inspect image", reference, refusal))?,
        };
        let history = self
            .docker
            .image_history(reference)
            .await
            .map_err(|refusal| fault("read the history of image", reference, refusal))?;
        Ok(Some(BaseImage {
            id: inspected.id.clone().unwrap_or_default(),
            repo_digest: repo_digest(&inspected, reference),
            size: size(&inspected),
            layers: layers(&inspected),
            history_entries: history.len(),
        }))
    }

    async fn pull(&self, reference: &str) -> Result<(), EngineFault> {
        // A reference without a tag would pull all of them.
        let tagged = reference
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .contains([':', '@']);
        let reference = if tagged {
            reference.to_owned()
        } else {
            format!("{reference}:latest")
        };
        let options = CreateImageOptionsBuilder::new().from_image(&reference).build();
        let login = credentials_for(&reference)
            .await
            .map_err(|error| failed("pull", &reference, error))?;
        let progress = self.docker.create_image(Some(options), None, login);
        to_the_end("pull", &reference, progress, LONGEST_SILENCE).await
    }

    fn pull_told(&self, reference: &str) -> BoxStream<'static, Result<PullStep, EngineFault>> {
        let options = CreateImageOptionsBuilder::new().from_image(reference).build();
        let progress = self.docker.create_image(Some(options), None, None);
        let reference = reference.to_owned();
        let heard = tokio_stream::StreamExt::timeout(progress, LONGEST_SILENCE);
        let steps = heard.filter_map(move |told| {
            let step = match told {
                Ok(Ok(told)) => pull_step(told.id, told.status.as_deref()).map(Ok),
                Ok(Err(refusal)) => Some(Err(fault("pull", &reference, refusal))),
                Err(_) => Some(Err(silent("pull", &reference, LONGEST_SILENCE))),
            };
            std::future::ready(step)
        });
        steps.boxed()
    }

    fn export(&self, reference: &str) -> BoxStream<'static, Result<Bytes, EngineFault>> {
        // Engines with a storage driver put the whole image together before they answer at all.
        let patient = self.docker.clone().with_timeout(EXPORT_TIMEOUT);
        let owned = reference.to_owned();
        let chunks = patient.export_image(reference);
        let chunks = chunks.map(move |chunk| chunk.map_err(|refusal| fault("export", &owned, refusal)));
        chunks.boxed()
    }

    async fn push(&self, image: &str, reference: &str) -> Result<(), EngineFault> {
        let (repository, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
        let options = TagImageOptionsBuilder::new().repo(repository).tag(tag).build();
        self.docker
            .tag_image(image, Some(options))
            .await
            .map_err(|refusal| fault("tag", reference, refusal))?;
        let options = PushImageOptionsBuilder::new().tag(tag).build();
        let login = credentials_for(reference)
            .await
            .map_err(|error| failed("push", reference, error))?;
        let progress = self.docker.push_image(repository, Some(options), login);
        to_the_end("push", reference, progress, LONGEST_SILENCE).await
    }

    async fn import(&self, reference: &str, root: RootFs) -> Result<(), EngineFault> {
        let (repository, tag) = reference.rsplit_once(':').unwrap_or((reference, "latest"));
        let options = CreateImageOptionsBuilder::new()
            .from_src("-")
            .repo(repository)
            .tag(tag)
            .build();
        let tar = match root {
            RootFs::Bytes(bytes) => bollard::body_full(bytes.into()),
            RootFs::File(path) => body_try_stream(file_chunks(&path).map_err(|source| EngineFault {
                operation: "import",
                subject: path.display().to_string(),
                status: None,
                source: Box::new(source),
            })?),
        };
        let mut progress = self.docker.create_image(Some(options), Some(tar), None);
        while let Some(step) = progress.next().await {
            step.map_err(|refusal| fault("import", reference, refusal))?;
        }
        Ok(())
    }

    async fn image_facts(&self, reference: &str, bases: &[BaseImage]) -> Result<ImageFacts, EngineFault> {
        let inspected = self
            .docker
            .inspect_image(reference)
            .await
            .map_err(|refusal| fault("inspect image", reference, refusal))?;
        let mut history = self
            .docker
            .image_history(reference)
            .await
            .map_err(|refusal| fault("read the history of image", reference, refusal))?;
        history.reverse();
        let layers = layers(&inspected);
        // The base with the most layers that this image begins with: one base may build on another.
        let base = bases
            .iter()
            .filter(|base| layers.starts_with(&base.layers))
            .max_by_key(|base| base.layers.len());
        let base_entries = base.map_or(0, |base| base.history_entries);
        let layer_count = u32::try_from(layers.len()).unwrap_or(u32::MAX);
        let entries = u32::try_from(history.len()).unwrap_or(u32::MAX);
        Ok(ImageFacts {
            id: inspected.id.clone().unwrap_or_default(),
            store: self.store,
            size_bytes: size(&inspected),
            layers: layer_count,
            empty_layers: entries.saturating_sub(layer_count),
            history: history
                .into_iter()
                .enumerate()
                .map(|(index, entry)| InstructionSize {
                    created_by: created_by(&entry.created_by),
                    size_bytes: ByteSize(u64::try_from(entry.size).unwrap_or_default()),
                    own: index >= base_entries,
                })
                .collect(),
        })
    }

    async fn image_references(&self, name: &str) -> Result<Vec<String>, EngineFault> {
        let options = ListImagesOptionsBuilder::new().build();
        let images = self.docker.list_images(Some(options)).await;
        let images = images.map_err(|refusal| fault("list", "images", refusal))?;
        let tags = images.into_iter().flat_map(|image| image.repo_tags);
        let mut references: Vec<_> = tags
            .filter(|tag| tag == name || tag.strip_prefix(name).is_some_and(|rest| rest.starts_with(':')))
            .collect();
        references.sort();
        Ok(references)
    }

    async fn layer_folders(&self, reference: &str) -> Result<Option<Vec<PathBuf>>, EngineFault> {
        let inspected = self.docker.inspect_image(reference).await;
        let inspected = inspected.map_err(|refusal| fault("inspect image", reference, refusal))?;
        // The storage drivers that lay folders over each other name them so.
        let told = inspected
            .graph_driver
            .map(|driver| driver.data)
            .unwrap_or_default();
        let folders = ["UpperDir", "LowerDir"]
            .into_iter()
            .filter_map(|key| told.get(key))
            .flat_map(|folders| folders.split(':'))
            .filter(|folder| !folder.is_empty())
            .map(PathBuf::from);
        let folders: Vec<_> = folders.collect();
        Ok((!folders.is_empty()).then_some(folders))
    }

    async fn remove_image(&self, reference: &str) -> Result<(), EngineFault> {
        // The daemon would remove nameless parents as well, which may be somebody else's.
        let options = RemoveImageOptionsBuilder::new().noprune(true).build();
        match self.docker.remove_image(reference, Some(options), None).await {
            Ok(_) => Ok(()),
            Err(refusal) if status(&refusal) == Some(404) => Ok(()),
            Err(refusal) => Err(fault("remove image", reference, refusal)),
        }
    }
}

/// A file in chunks, read ahead on a thread of its own.
fn file_chunks(path: &Path) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + 'static> {
    const CHUNK_BYTES: usize = 1 << 20;
    let mut file = File::open(path)?;
    let (chunks, stream) = mpsc::channel(4);
    std::thread::spawn(move || {
        loop {
            let mut chunk = vec![0; CHUNK_BYTES];
            let read = file.read(&mut chunk);
            let last = !matches!(read, Ok(length) if length > 0);
            if matches!(read, Ok(0)) {
                break;
            }
            let read = read.map(|length| {
                chunk.truncate(length);
                Bytes::from(chunk)
            });
            // Nobody reads on after the daemon refused.
            if chunks.blocking_send(read).is_err() || last {
                break;
            }
        }
    });
    Ok(ReceiverStream::new(stream))
}

/// What the engine's words say of a layer.
fn pull_step(layer: Option<String>, words: Option<&str>) -> Option<PullStep> {
    let state = match words? {
        "Already exists" => PullState::Present,
        "Pulling fs layer" | "Waiting" | "Downloading" | "Verifying Checksum" | "Download complete" => {
            PullState::Fetching
        }
        "Extracting" => PullState::Extracting,
        "Pull complete" => PullState::Complete,
        _ => return None,
    };
    Some(PullStep { layer: layer?, state })
}

fn layers(image: &ImageInspect) -> Vec<String> {
    let root = image.root_fs.as_ref();
    root.and_then(|root| root.layers.clone()).unwrap_or_default()
}

fn size(image: &ImageInspect) -> ByteSize {
    ByteSize(
        image
            .size
            .and_then(|size| u64::try_from(size).ok())
            .unwrap_or_default(),
    )
}

/// The digest that a registry gave the image under this repository.
fn repo_digest(image: &ImageInspect, reference: &str) -> Option<String> {
    let digests = image.repo_digests.as_ref()?;
    let repository = reference.split(['@', ':']).next().unwrap_or(reference);
    let own = digests.iter().find(|digest| digest.starts_with(repository));
    own.or_else(|| digests.first()).cloned()
}

/// An instruction of an image's history without what builders put before and after it.
fn created_by(text: &str) -> String {
    let text = text.strip_suffix("# buildkit").unwrap_or(text).trim();
    let text = text.strip_prefix("/bin/sh -c #(nop) ").unwrap_or(text).trim();
    text.to_owned()
}

/// The HTTP status with which the daemon refused.
pub(super) fn status(refusal: &Refusal) -> Option<u16> {
    match refusal {
        Refusal::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// A refusal with what was asked for.
pub(super) fn fault(operation: &'static str, subject: &str, refusal: Refusal) -> EngineFault {
    let message: Option<String> = match &refusal {
        // bollard prints the whole response; the daemon's own words are enough.
        Refusal::DockerResponseServerError { message, .. } => Some(message.trim().to_owned()),
        Refusal::DockerStreamError { error } => Some(error.trim().to_owned()),
        Refusal::RequestTimeoutError => {
            Some(format!("there was no answer within {} s", CALL_TIMEOUT.as_secs()))
        }
        _ => None,
    };
    EngineFault {
        operation,
        subject: subject.to_owned(),
        status: status(&refusal),
        source: message.map_or_else(|| refusal.into(), Into::into),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_is_shown_as_the_dockerfile_has_it() {
        for (text, shown) in [
            ("RUN /bin/sh -c make # buildkit", "RUN /bin/sh -c make"),
            ("/bin/sh -c #(nop)  CMD [\"a\"]", "CMD [\"a\"]"),
            ("COPY . /app # buildkit", "COPY . /app"),
            ("", ""),
        ] {
            assert_eq!(created_by(text), shown);
        }
    }
}
