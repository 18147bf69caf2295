//! The registry of a run, behind the port that a run uses it through.

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Buf as _, Bytes};
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use tokio::sync::{OnceCell, mpsc};

use super::answer::Shelf;
use super::export::{self, TakeExport};
use super::offer::Offer;
use super::server::Server;
use super::shape::Shape;
use super::{StoredImage, StoredLayer};
use crate::digest::Digest;
use crate::run::{EngineFault, OfferedLayer, Registry, RegistryFault, Served};
use crate::scenario::PullShape;

/// A registry on the loopback address, in this process. It begins to serve with the first image that it takes in, and ends
/// when this is dropped; what it keeps on disk goes then too.
#[derive(Debug)]
pub struct LocalRegistry {
    folder: PathBuf,
    shape: Shape,
    shelf: Arc<Shelf>,
    server: OnceCell<Server>,
    /// A name that nobody guesses: every user of this machine reaches the loopback address, and what an image holds may not
    /// be for all of them.
    secret: String,
    /// Exports that were read so far.
    exports: AtomicUsize,
    images: Mutex<BTreeMap<String, StoredImage>>,
}

impl LocalRegistry {
    /// A registry that keeps layers in `folder`, which is made where it is missing and this run's alone.
    #[must_use]
    pub fn new(folder: &Path, shape: PullShape) -> Self {
        Self {
            folder: folder.to_owned(),
            shape: Shape::new(shape),
            shelf: Arc::default(),
            server: OnceCell::new(),
            secret: secret(),
            exports: AtomicUsize::new(0),
            images: Mutex::default(),
        }
    }

    async fn take_in(
        &self,
        name: &str,
        mut chunks: BoxStream<'static, Result<Bytes, EngineFault>>,
    ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let start = || Server::start(self.shelf.clone(), self.shape.clone());
        let server = self.server.get_or_try_init(start).await?;
        std::fs::create_dir_all(&self.folder)?;
        let (sender, receiver) = mpsc::channel(4);
        let folder = self.folder.clone();
        let prefix = format!("export-{}", self.exports.fetch_add(1, Ordering::Relaxed));
        let reading = tokio::task::spawn_blocking(move || {
            let export = Chunks {
                receiver,
                rest: Bytes::new(),
            };
            export::take(export, &folder, &prefix)
        });
        let mut refused = None;
        while let Some(chunk) = chunks.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(fault) => {
                    refused = Some(fault);
                    break;
                }
            };
            // Who reads has ended early; why, is told below.
            if sender.send(chunk).await.is_err() {
                break;
            }
        }
        drop(sender);
        let taken: Result<StoredImage, TakeExport> = reading.await?;
        // That it was cut off is then only what followed.
        if let Some(fault) = refused {
            return Err(fault.into());
        }
        let mut image = taken?;
        let repository = format!("{name}/{}", self.secret);
        let mut images = self.images();
        share(&mut image, images.values());
        images.insert(repository.clone(), image);
        Ok(format!("{}/{repository}", server.address()))
    }

    /// A repository as it is asked for by path, of one as a daemon is told it.
    fn path_of<'a>(&self, repository: &'a str) -> &'a str {
        let address = self.server.get().map(|server| format!("{}/", server.address()));
        address
            .and_then(|address| repository.strip_prefix(&address))
            .unwrap_or(repository)
    }

    fn images(&self) -> MutexGuard<'_, BTreeMap<String, StoredImage>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Registry for LocalRegistry {
    fn take<'a>(
        &'a self,
        name: &'a str,
        export: BoxStream<'static, Result<Bytes, EngineFault>>,
    ) -> BoxFuture<'a, Result<String, RegistryFault>> {
        Box::pin(async move {
            let taken = self.take_in(name, export).await;
            taken.map_err(|source| RegistryFault {
                image: name.to_owned(),
                source,
            })
        })
    }

    fn offer(&self, repository: &str, tag: &str, salt: &str) -> Result<Vec<OfferedLayer>, RegistryFault> {
        let path = self.path_of(repository);
        let images = self.images();
        let image = images.get(path).ok_or_else(|| RegistryFault {
            image: repository.to_owned(),
            source: "it was never taken in".into(),
        })?;
        let offer = Offer::new(image, tag, &format!("{} {salt}", self.secret));
        let layers = offer.layers().to_vec();
        self.shelf.put(path, offer);
        Ok(layers)
    }

    fn withdraw(&self, repository: &str) -> Served {
        let offer = self.shelf.take(self.path_of(repository));
        offer.map(|offer| offer.served()).unwrap_or_default()
    }
}

/// Keeps layers that another image has as well once.
fn share<'a>(image: &mut StoredImage, others: impl Iterator<Item = &'a StoredImage>) {
    let kept: BTreeMap<Digest, &Arc<StoredLayer>> = others
        .flat_map(|other| &other.layers)
        .map(|layer| (layer.digest(), layer))
        .collect();
    for layer in &mut image.layers {
        if let Some(kept) = kept.get(&layer.digest()) {
            *layer = Arc::clone(kept);
        }
    }
}

/// Thirty-two digits that nobody guesses.
fn secret() -> String {
    let mut random = [0_u8; 16];
    // Where the kernel had none, the digest below is still another one each time.
    let _ = rustix::rand::getrandom(&mut random, rustix::rand::GetRandomFlags::empty());
    let unique = format!("{random:?} {} {:?}", std::process::id(), super::clock::now());
    Digest::of(unique).hex()[..32].to_owned()
}

/// Chunks that come from elsewhere, read as a file.
struct Chunks {
    receiver: mpsc::Receiver<Bytes>,
    rest: Bytes,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.rest.is_empty() {
            match self.receiver.blocking_recv() {
                Some(chunk) => self.rest = chunk,
                None => return Ok(0),
            }
        }
        let length = self.rest.len().min(buffer.len());
        self.rest.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write as _;
    use std::net::{Shutdown, TcpStream};
    use std::process::Command;
    use std::time::{Duration, Instant};

    use futures_util::stream;
    use serde_json::Value;

    use super::super::export::tests::{classic, tar_of};
    use super::*;
    use crate::unit::{Bandwidth, ByteSize, Nanos};

    /// What `curl` gets: status, head and body.
    fn curl(arguments: &[&str], url: &str) -> (u16, String, Vec<u8>) {
        let dir = tempfile::tempdir().unwrap();
        let [head, body] = ["head", "body"].map(|name| dir.path().join(name));
        fs::write(&body, "").unwrap();
        let asked = Command::new("curl")
            .args([
                "--silent",
                "--show-error",
                "--noproxy",
                "*",
                "--path-as-is",
                "--max-time",
                "60",
            ])
            .args(["--write-out", "%{http_code}"])
            .arg("--dump-header")
            .arg(&head)
            .arg("--output")
            .arg(&body)
            .args(arguments)
            .arg(format!("http://{url}"))
            .output()
            .unwrap();
        assert!(
            asked.status.success(),
            "{url}: {}",
            String::from_utf8_lossy(&asked.stderr)
        );
        let status = String::from_utf8(asked.stdout).unwrap().parse().unwrap();
        let head = fs::read_to_string(head).unwrap().to_lowercase();
        (status, head, fs::read(body).unwrap())
    }

    async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        tokio::task::spawn_blocking(work).await.unwrap()
    }

    fn chunked(export: &[u8]) -> BoxStream<'static, Result<Bytes, EngineFault>> {
        let chunks: Vec<_> = export.chunks(1_000).map(Bytes::copy_from_slice).map(Ok).collect();
        stream::iter(chunks).boxed()
    }

    /// An export of one layer, which holds so many bytes that cannot be packed.
    fn heavy(bytes: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let noise: Vec<u8> = (0..bytes)
            .map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            })
            .collect();
        let layer = tar_of(&[("noise", &noise)], &[]);
        let config = serde_json::json!({ "rootfs": { "diff_ids": [Digest::of(&layer)] } });
        let manifest = serde_json::json!([{ "Config": "config", "Layers": ["layer"] }]);
        tar_of(
            &[
                ("layer", &layer),
                ("config", config.to_string().as_bytes()),
                ("manifest.json", manifest.to_string().as_bytes()),
            ],
            &[],
        )
    }

    struct Opened {
        registry: LocalRegistry,
        repository: String,
        layers: Vec<OfferedLayer>,
        folder: tempfile::TempDir,
    }

    impl Opened {
        async fn new(export: &[u8], shape: PullShape) -> Self {
            let folder = tempfile::tempdir().unwrap();
            let registry = LocalRegistry::new(&folder.path().join("registry"), shape);
            let repository = registry.take("seatrial/run/a", chunked(export)).await.unwrap();
            let layers = registry.offer(&repository, "1", "sample 1").unwrap();
            Self {
                registry,
                repository,
                layers,
                folder,
            }
        }

        fn url(&self, path: &str) -> String {
            let (address, repository) = self.repository.split_once('/').unwrap();
            format!("{address}/v2/{repository}/{path}")
        }

        async fn get(&self, path: &str) -> (u16, String, Vec<u8>) {
            self.get_with(&[], path).await
        }

        async fn get_with(&self, arguments: &'static [&'static str], path: &str) -> (u16, String, Vec<u8>) {
            let url = self.url(path);
            blocking(move || curl(arguments, &url)).await
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_client_gets_what_the_manifest_names_and_all_of_it_is_counted() {
        let opened = Opened::new(&classic(), PullShape::default()).await;
        assert!(
            opened.repository.starts_with("127.0.0.1:"),
            "{}",
            opened.repository
        );
        let (status, head, manifest) = opened.get("manifests/1").await;
        assert_eq!(status, 200);
        assert!(
            head.contains("application/vnd.docker.distribution.manifest.v2+json"),
            "{head}"
        );
        let digest = Digest::of(&manifest);
        assert!(
            head.contains(&format!("docker-content-digest: {digest}")),
            "{head}"
        );
        let by_digest = opened.get(&format!("manifests/{digest}")).await;
        assert_eq!((by_digest.0, &by_digest.2), (200, &manifest));
        let (status, head, _) = opened.get_with(&["--head"], "manifests/1").await;
        assert_eq!(status, 200, "{head}");
        assert!(
            head.contains(&format!("content-length: {}", manifest.len())),
            "{head}"
        );

        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let mut listed = vec![&manifest["config"]];
        listed.extend(manifest["layers"].as_array().unwrap());
        for blob in listed {
            let digest = blob["digest"].as_str().unwrap();
            let (status, head, _) = opened.get_with(&["--head"], &format!("blobs/{digest}")).await;
            assert_eq!(status, 200);
            assert!(
                head.contains(&format!("content-length: {}", blob["size"])),
                "{head}"
            );
            let (status, _, bytes) = opened.get(&format!("blobs/{digest}")).await;
            assert_eq!(
                (status, bytes.len() as u64),
                (200, blob["size"].as_u64().unwrap())
            );
            assert_eq!(Digest::of(&bytes).to_string(), digest);
        }
        let served = opened.registry.withdraw(&opened.repository);
        assert_eq!(served.missing().count(), 0, "{served:?}");
        assert!(
            served
                .blobs
                .iter()
                .all(|blob| blob.span.is_some_and(|(first, last)| first <= last))
        );
        let layers: u64 = opened.layers.iter().map(|layer| layer.size.0).sum();
        assert_eq!(
            served.bytes(),
            ByteSize(layers + manifest["config"]["size"].as_u64().unwrap())
        );
        // What was withdrawn is gone, and another offer is another image.
        assert_eq!(opened.get("manifests/1").await.0, 404);
        let again = opened
            .registry
            .offer(&opened.repository, "2", "sample 2")
            .unwrap();
        assert_ne!(again[0].digest, opened.layers[0].digest);
        assert_eq!(
            (
                opened.get("manifests/1").await.0,
                opened.get("manifests/2").await.0
            ),
            (404, 200)
        );
        assert_eq!(opened.registry.withdraw(&opened.repository).missing().count(), 3);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn parts_are_sent_with_what_follows_the_file() {
        let opened = Opened::new(&heavy(700_000), PullShape::default()).await;
        let layer = opened.layers[0];
        let blob = format!("blobs/{}", layer.digest);
        let (_, _, whole) = opened.get(&blob).await;
        assert_eq!(whole.len() as u64, layer.size.0);
        for (range, part) in [
            ("bytes=0-9", 0..10),
            ("bytes=262143-262145", 262_143..262_146),
            ("bytes=-50", whole.len() - 50..whole.len()),
            // From the file into what follows it.
            ("bytes=-600000", whole.len() - 600_000..whole.len()),
        ] {
            let url = opened.url(&blob);
            let (status, head, body) =
                blocking(move || curl(&["--header", &format!("Range: {range}")], &url)).await;
            assert_eq!(status, 206, "{range}");
            assert_eq!(body, whole[part.clone()], "{range}");
            let told = format!(
                "content-range: bytes {}-{}/{}",
                part.start,
                part.end - 1,
                whole.len()
            );
            assert!(head.contains(&told), "{head}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn hostile_clients_get_refusals_and_others_are_served_meanwhile() {
        let opened = Opened::new(&heavy(3_000_000), PullShape::default()).await;
        fs::write(opened.folder.path().join("registry/secret"), "nobody's").unwrap();
        let layer = opened.layers[0].digest;
        let other = Digest::of("x");
        for (arguments, path, status) in [
            (
                &["--header", "Range: bytes=999999999-"][..],
                format!("blobs/{layer}"),
                416,
            ),
            (&["--header", "Range: bytes=zz"], format!("blobs/{layer}"), 200),
            (&[], format!("blobs/{other}"), 404),
            (&[], "blobs/../../../secret".to_owned(), 404),
            (&[], "blobs/%2e%2e%2fsecret".to_owned(), 404),
            (&[], "blobs/sha256:../secret".to_owned(), 404),
            (&[], "manifests/2".to_owned(), 404),
            (&[], format!("manifests/{layer}"), 404),
            (&[], "tags/list".to_owned(), 404),
            (&["--request", "POST"], "blobs/uploads/".to_owned(), 405),
            (&["--request", "DELETE"], format!("blobs/{layer}"), 405),
        ] {
            let (got, head, body) = opened.get_with(arguments, &path).await;
            assert_eq!(got, status, "{path}: {head}");
            if status != 200 {
                let told: Value = serde_json::from_slice(&body).unwrap();
                assert!(told["errors"][0]["code"].is_string(), "{told}");
            }
        }
        let address = opened.repository.split_once('/').unwrap().0.to_owned();
        // The name alone is not enough.
        let guess = format!("{address}/v2/seatrial/run/a/manifests/1");
        assert_eq!(blocking(move || curl(&[], &guess).0).await, 404);
        for path in ["", "v2/", "etc/passwd"] {
            let url = format!("{address}/{path}");
            let status = blocking(move || curl(&[], &url).0).await;
            assert_eq!(status, if path == "v2/" { 200 } else { 404 }, "{path}");
        }
        // Clients that go away in the middle, and one that says nothing.
        let mut silent = Vec::new();
        for index in 0..8 {
            let mut stream = TcpStream::connect(&address).unwrap();
            let (_, repository) = opened.repository.split_once('/').unwrap();
            let asked = format!("GET /v2/{repository}/blobs/{layer} HTTP/1.1\r\nHost: x\r\n\r\n");
            if index % 2 == 0 {
                stream.write_all(asked.as_bytes()).unwrap();
                stream.shutdown(Shutdown::Both).unwrap();
            } else {
                stream.write_all(&[0xff; 64]).unwrap();
                silent.push(stream);
            }
        }
        let again = opened
            .registry
            .offer(&opened.repository, "3", "sample 3")
            .unwrap()[0];
        let (status, _, bytes) = opened.get(&format!("blobs/{}", again.digest)).await;
        assert_eq!((status, Digest::of(bytes)), (200, again.digest));
        // Of a blob that was not taken to its end less than all was sent, or else all of it.
        let served = opened.registry.withdraw(&opened.repository);
        assert_eq!(
            served.missing().count(),
            1,
            "the configuration was never asked for: {served:?}"
        );
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_line_is_never_faster_than_it_is_said_to_be() {
        let shape = PullShape {
            bandwidth: Some(Bandwidth(40_000_000)),
            latency: Some(Nanos::from_millis(30)),
            jitter: None,
        };
        let opened = Opened::new(&heavy(1_000_000), shape).await;
        let layer = opened.layers[0];
        let began = Instant::now();
        let (status, _, bytes) = opened.get(&format!("blobs/{}", layer.digest)).await;
        let took = Nanos::from(began.elapsed());
        assert_eq!((status, Digest::of(bytes)), (200, layer.digest));
        let least = Nanos::from_millis(30) + Bandwidth(40_000_000).time_of(layer.size.0);
        assert!(took >= least, "{took} of at least {least}");
        let began = Instant::now();
        opened.get_with(&["--head"], "manifests/1").await;
        assert!(began.elapsed() >= Duration::from_millis(30));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_cannot_be_taken_in_is_refused_and_images_share_their_layers() {
        let folder = tempfile::tempdir().unwrap();
        let registry = LocalRegistry::new(folder.path(), PullShape::default());
        let error = registry.take("a", chunked(b"no tar at all")).await.unwrap_err();
        assert!(
            error.to_string().contains("image `a` cannot be offered"),
            "{error}"
        );
        let cut = stream::iter([
            Ok(Bytes::copy_from_slice(&classic()[..3_000])),
            Err(EngineFault {
                operation: "export",
                subject: "a".to_owned(),
                status: None,
                source: "it went away".into(),
            }),
        ]);
        let error = registry.take("a", cut.boxed()).await.unwrap_err();
        assert_eq!(error.source.to_string(), "the docker daemon did not export `a`");
        assert!(registry.offer("a", "1", "").is_err());
        assert_eq!(registry.withdraw("a"), Served::default());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

        let one = registry.take("a", chunked(&classic())).await.unwrap();
        let other = registry.take("b", chunked(&classic())).await.unwrap();
        assert_ne!(one, other);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "two layers, each once"
        );
        drop(registry);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
