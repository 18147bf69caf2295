//! Serving a build's folders to the daemon: `moby.filesync.v1.FileSync/DiffCopy`.
//!
//! The daemon names a folder and what it wants of it. We list the entries, each as a `STAT` packet, parents first,
//! then one without a stat. It compares them with what it keeps under the session's shared key and asks by index
//! for the files that differ; each is answered with `DATA` packets and an empty one. Its `FIN` is answered by ours.

use std::collections::HashMap;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bollard_buildkit_proto::fsutil::types::packet::PacketType;
use bollard_buildkit_proto::fsutil::types::{Packet, Stat};
use bollard_buildkit_proto::moby::filesync::packet::file_sync_server::FileSync;
use tokio::sync::mpsc;
use tokio::task::JoinError;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status, Streaming};

use crate::context::{Entry, EntryKind, Selection, compare_paths};
use crate::run::{ContextTransfer, ContextTree};
use crate::unit::ByteSize;

/// The size of one `DATA` packet, as the docker command sends it.
const CHUNK_BYTES: usize = 32 * 1024;

/// Packets that wait for the wire; enough to keep it busy while the next file is opened.
const PACKETS_AHEAD: usize = 64;

/// A folder that is served, and how much of it was sent.
#[derive(Clone, Debug)]
pub(super) struct ServedFolder {
    tree: Arc<dyn ContextTree>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    sent_bytes: AtomicU64,
    offered_files: AtomicU64,
    requested_files: AtomicU64,
}

impl ServedFolder {
    pub(super) fn new(tree: Arc<dyn ContextTree>) -> Self {
        Self {
            tree,
            counts: Arc::default(),
        }
    }

    /// Bytes of file content that were sent so far.
    pub(super) fn sent(&self) -> ByteSize {
        ByteSize(self.counts.sent_bytes.load(Ordering::Relaxed))
    }

    /// How the daemon asked for files so far.
    pub(super) fn transfer(&self) -> ContextTransfer {
        ContextTransfer {
            offered_files: self.counts.offered_files.load(Ordering::Relaxed),
            requested_files: self.counts.requested_files.load(Ordering::Relaxed),
        }
    }
}

/// The folders of one build by the names that the daemon asks for: `context`, `dockerfile`, and those of named contexts.
#[derive(Debug)]
pub(super) struct Folders(pub(super) HashMap<String, ServedFolder>);

type PacketStream = Pin<Box<dyn Stream<Item = Result<Packet, Status>> + Send>>;

#[tonic::async_trait]
impl FileSync for Folders {
    type DiffCopyStream = PacketStream;

    async fn diff_copy(
        &self,
        request: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::DiffCopyStream>, Status> {
        let metadata = request.metadata();
        let name = values(metadata, "dir-name").pop().unwrap_or_default();
        let Some(folder) = self.0.get(name.as_str()) else {
            return Err(Status::not_found(format!("no folder is served as `{name}`")));
        };
        let selection = Selection {
            include_patterns: values(metadata, "include-patterns"),
            exclude_patterns: values(metadata, "exclude-patterns"),
            follow_paths: values(metadata, "followpaths"),
        };
        let (packets, stream) = mpsc::channel(PACKETS_AHEAD);
        let sender = Sender {
            folder: folder.clone(),
            counted: !asks_for_the_rules_alone(&selection),
            packets,
        };
        let requests = request.into_inner();
        tokio::spawn(async move {
            if let Err(status) = sender.clone().serve(selection, requests).await {
                // The daemon may be gone already; then nobody needs the reason.
                let _ = sender.packets.send(Err(status)).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    type TarStreamStream = PacketStream;

    async fn tar_stream(
        &self,
        _request: Request<Streaming<Packet>>,
    ) -> Result<Response<Self::TarStreamStream>, Status> {
        Err(Status::unimplemented("folders are served by DiffCopy"))
    }
}

/// Whether the daemon looks for the ignore rules before it asks for the context. Newer builders get that file anew in every
/// build, whatever they keep of the context.
fn asks_for_the_rules_alone(selection: &Selection) -> bool {
    selection.follow_paths == [".dockerignore"]
}

/// One transfer of one folder.
#[derive(Clone, Debug)]
struct Sender {
    folder: ServedFolder,
    /// Whether its files tell what the daemon kept of the context.
    counted: bool,
    packets: mpsc::Sender<Result<Packet, Status>>,
}

impl Sender {
    async fn serve(self, selection: Selection, mut requests: Streaming<Packet>) -> Result<(), Status> {
        let lister = self.clone();
        let entries = tokio::task::spawn_blocking(move || lister.list(&selection));
        let (wanted, queue) = mpsc::unbounded_channel();
        // The daemon asks for files while it still receives stats, so both run at once.
        let reader = self.clone();
        let mut files = tokio::spawn(async move {
            let entries = Arc::new(entries.await.map_err(|error| internal(&error))??);
            tokio::task::spawn_blocking(move || reader.send_files(&entries, queue))
                .await
                .map_err(|error| internal(&error))?
        });
        loop {
            let packet = tokio::select! {
                packet = requests.next() => packet,
                // As long as there can be requests it ends by itself only where something cannot be read. The daemon
                // would wait for it in vain.
                ended = &mut files => {
                    ended.map_err(|error| internal(&error))??;
                    return Err(Status::internal("the files of the folder are read no longer"));
                }
            };
            let Some(packet) = packet.transpose()? else { break };
            match packet.r#type() {
                PacketType::PacketReq => {
                    // The reader only ends before us after an error, which it returns below.
                    let _ = wanted.send(packet.id);
                }
                PacketType::PacketFin => break,
                PacketType::PacketErr => {
                    let message = String::from_utf8_lossy(&packet.data);
                    return Err(Status::aborted(format!("the daemon gave up: {message}")));
                }
                PacketType::PacketStat | PacketType::PacketData => {
                    return Err(Status::invalid_argument("only the sender sends stats and data"));
                }
            }
        }
        drop(wanted);
        files.await.map_err(|error| internal(&error))??;
        let _ = self.packets.send(Ok(packet(PacketType::PacketFin))).await;
        Ok(())
    }

    /// Lists the folder and sends a stat per entry. Blocking.
    fn list(&self, selection: &Selection) -> Result<Vec<Entry>, Status> {
        let mut listing = Listing::default();
        let mut sent = Ok(());
        let walked = self.folder.tree.walk(selection, &mut |entry| {
            sent = self.send(Packet {
                stat: Some(listing.stat(&entry)),
                ..packet(PacketType::PacketStat)
            });
            listing.entries.push(entry);
            match sent {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        });
        walked.map_err(|fault| Status::failed_precondition(fault.to_string()))?;
        sent?;
        let offered = &self.folder.counts.offered_files;
        if self.counted {
            offered.fetch_add(listing.files, Ordering::Relaxed);
        }
        self.send(packet(PacketType::PacketStat))?;
        Ok(listing.entries)
    }

    /// Answers requests for files until there are no more. Blocking.
    fn send_files(&self, entries: &[Entry], mut queue: mpsc::UnboundedReceiver<u32>) -> Result<(), Status> {
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Some(id) = queue.blocking_recv() {
            let entry = usize::try_from(id).ok().and_then(|index| entries.get(index));
            let Some(entry) = entry else {
                return Err(Status::invalid_argument(format!("no entry has the index {id}")));
            };
            let unreadable = |error: std::io::Error| {
                Status::failed_precondition(format!("cannot read `{}` of the context: {error}", entry.path))
            };
            let requested = &self.folder.counts.requested_files;
            if self.counted {
                requested.fetch_add(1, Ordering::Relaxed);
            }
            let mut file = match entry.kind {
                EntryKind::Socket => None,
                _ => Some(self.folder.tree.open(&entry.path).map_err(unreadable)?),
            };
            loop {
                let length = match &mut file {
                    Some(file) => file.read(&mut chunk).map_err(unreadable)?,
                    None => 0,
                };
                // An empty packet ends the file.
                self.send(Packet {
                    id,
                    data: chunk[..length].to_vec(),
                    ..packet(PacketType::PacketData)
                })?;
                if length == 0 {
                    break;
                }
                let sent = &self.folder.counts.sent_bytes;
                sent.fetch_add(length as u64, Ordering::Relaxed);
            }
        }
        Ok(())
    }

    fn send(&self, packet: Packet) -> Result<(), Status> {
        self.packets
            .blocking_send(Ok(packet))
            .map_err(|_| Status::cancelled("the daemon ended the transfer"))
    }
}

/// What was listed of a folder so far.
#[derive(Default)]
struct Listing {
    entries: Vec<Entry>,
    /// How many of them the daemon can ask for.
    files: u64,
}

impl Listing {
    /// What is told of an entry. A further name says the size of the file, as with the docker command.
    fn stat(&mut self, entry: &Entry) -> Stat {
        let mut stat = stat(entry);
        match &entry.kind {
            EntryKind::File { .. } | EntryKind::Socket => self.files += 1,
            EntryKind::Hardlink { target } => {
                let first = self
                    .entries
                    .binary_search_by(|earlier| compare_paths(&earlier.path, target));
                let size = first.map_or(0, |index| self.entries[index].size().0);
                stat.size = i64::try_from(size).unwrap_or(i64::MAX);
            }
            _ => {}
        }
        stat
    }
}

fn internal(error: &JoinError) -> Status {
    Status::internal(error.to_string())
}

/// A packet of a kind with nothing in it.
fn packet(kind: PacketType) -> Packet {
    Packet {
        r#type: kind.into(),
        ..Packet::default()
    }
}

/// The header fields of an entry as the docker command sends them: owner always root, modes in the bits of Go's
/// `os.FileMode`.
fn stat(entry: &Entry) -> Stat {
    const GO_DIRECTORY: u32 = 1 << 31;
    const GO_SYMLINK: u32 = 1 << 27;
    const GO_DEVICE: u32 = 1 << 26;
    const GO_NAMED_PIPE: u32 = 1 << 25;
    const GO_CHAR_DEVICE: u32 = 1 << 21;
    const GO_SETUID: u32 = 1 << 23;
    const GO_SETGID: u32 = 1 << 22;
    const GO_STICKY: u32 = 1 << 20;

    let mut mode = entry.mode & 0o777;
    for (unix, go) in [(0o4000, GO_SETUID), (0o2000, GO_SETGID), (0o1000, GO_STICKY)] {
        if entry.mode & unix != 0 {
            mode |= go;
        }
    }
    let mut stat = Stat {
        path: entry.path.clone(),
        mod_time: entry.mtime_ns,
        xattrs: entry.attributes.clone().into_iter().collect(),
        ..Stat::default()
    };
    match &entry.kind {
        EntryKind::File { size_bytes, .. } => stat.size = i64::try_from(size_bytes.0).unwrap_or(i64::MAX),
        EntryKind::Directory => mode |= GO_DIRECTORY,
        EntryKind::Symlink { target } => {
            mode |= GO_SYMLINK;
            stat.size = i64::try_from(target.len()).unwrap_or(i64::MAX);
            stat.linkname.clone_from(target);
        }
        EntryKind::Hardlink { target } => stat.linkname.clone_from(target),
        // Without a bit for its kind it is a file, and an empty one.
        EntryKind::Socket => {}
        EntryKind::Fifo => mode |= GO_NAMED_PIPE,
        EntryKind::CharDevice { major, minor } => {
            mode |= GO_DEVICE | GO_CHAR_DEVICE;
            (stat.devmajor, stat.devminor) = (i64::from(*major), i64::from(*minor));
        }
        EntryKind::BlockDevice { major, minor } => {
            mode |= GO_DEVICE;
            (stat.devmajor, stat.devminor) = (i64::from(*major), i64::from(*minor));
        }
    }
    stat.mode = mode;
    stat
}

/// All values of a metadata key. Newer daemons escape values beyond ASCII as in a URL's query, and say so in
/// `<key>-encoded`; older ones send them raw.
fn values(metadata: &MetadataMap, key: &str) -> Vec<String> {
    let escaped = metadata
        .get(format!("{key}-encoded"))
        .is_some_and(|value| value.as_encoded_bytes() == b"1");
    metadata
        .get_all(key)
        .iter()
        .map(|value| {
            let bytes = value.as_encoded_bytes();
            let bytes = if escaped { unescape(bytes) } else { bytes.to_vec() };
            String::from_utf8_lossy(&bytes).into_owned()
        })
        .collect()
}

/// Undoes the escaping of a URL's query: `+` is a blank, `%41` is `A`; what is no escape stays as it is.
fn unescape(bytes: &[u8]) -> Vec<u8> {
    let hex = |byte: u8| char::from(byte).to_digit(16);
    let mut plain = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    loop {
        rest = match rest {
            [] => return plain,
            [b'%', high, low, tail @ ..] if hex(*high).is_some() && hex(*low).is_some() => {
                let value = hex(*high).unwrap_or_default() * 16 + hex(*low).unwrap_or_default();
                plain.push(u8::try_from(value).unwrap_or_default());
                tail
            }
            [byte, tail @ ..] => {
                plain.push(if *byte == b'+' { b' ' } else { *byte });
                tail
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_metadata_is_read_back() {
        for (escaped, plain) in [
            ("a", "a"),
            ("a+b", "a b"),
            ("%C3%A9.txt", "é.txt"),
            ("100%", "100%"),
            ("%zz", "%zz"),
        ] {
            assert_eq!(unescape(escaped.as_bytes()), plain.as_bytes(), "{escaped}");
        }
    }

    #[test]
    fn metadata_is_unescaped_only_where_it_says_so() {
        let mut metadata = MetadataMap::new();
        metadata.append("followpaths", "a+b".parse().unwrap());
        metadata.append("followpaths", "c".parse().unwrap());
        assert_eq!(values(&metadata, "followpaths"), ["a+b", "c"]);
        metadata.insert("followpaths-encoded", "1".parse().unwrap());
        assert_eq!(values(&metadata, "followpaths"), ["a b", "c"]);
    }

    #[test]
    fn a_look_for_the_ignore_rules_is_told_from_a_look_at_the_context() {
        for (follow_paths, alone) in [
            (&[".dockerignore"][..], true),
            (&[], false),
            (&["app", ".dockerignore"], false),
            (&["app/.dockerignore"], false),
        ] {
            let selection = Selection {
                follow_paths: follow_paths.iter().map(|path| (*path).to_owned()).collect(),
                ..Selection::default()
            };
            assert_eq!(asks_for_the_rules_alone(&selection), alone, "{follow_paths:?}");
        }
    }

    #[test]
    fn stats_carry_the_bits_of_go_file_modes() {
        let entry = |kind, mode| Entry {
            path: "p".to_owned(),
            kind,
            mode,
            uid: 1,
            gid: 1,
            mtime_ns: 7,
            attributes: std::collections::BTreeMap::new(),
        };
        let file = EntryKind::File {
            size_bytes: ByteSize(5),
            digest: None,
        };
        let device = EntryKind::CharDevice { major: 1, minor: 3 };
        for (entry, mode, size, link) in [
            (entry(file, 0o4755), 0o755 | 1 << 23, 5, ""),
            (entry(device, 0o600), 0o600 | 1 << 26 | 1 << 21, 0, ""),
            (entry(EntryKind::Fifo, 0o600), 0o600 | 1 << 25, 0, ""),
            (entry(EntryKind::Socket, 0o755), 0o755, 0, ""),
            (
                entry(EntryKind::Directory, 0o1777),
                0o777 | 1 << 31 | 1 << 20,
                0,
                "",
            ),
            (
                entry(
                    EntryKind::Symlink {
                        target: "to".to_owned(),
                    },
                    0o777,
                ),
                0o777 | 1 << 27,
                2,
                "to",
            ),
            (
                entry(
                    EntryKind::Hardlink {
                        target: "a".to_owned(),
                    },
                    0o644,
                ),
                0o644,
                0,
                "a",
            ),
        ] {
            let sent = stat(&entry);
            assert_eq!(
                (sent.mode, sent.size, sent.linkname.as_str(), sent.mod_time),
                (mode, size, link, 7)
            );
            assert_eq!((sent.uid, sent.gid), (0, 0));
        }
    }
}
