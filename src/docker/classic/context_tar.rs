//! A build context as the tar that the classic builder is sent, never whole in memory.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::Arc;

use bytes::Bytes;

use super::packing::{NobodyTakes, Packing};
use super::tar_header::{BLOCK, HeaderForm, put_header};
use crate::context::{Entry, EntryKind};
use crate::run::ContextTree;
use crate::unit::ByteSize;

/// A context that is about to be sent.
#[derive(Clone, Debug)]
pub struct ContextTar {
    /// The folder.
    pub tree: Arc<dyn ContextTree>,
    /// What of it is sent, in this order.
    pub entries: Vec<Entry>,
    /// Files that are not the folder's, in place of its own where it has them, else at the end.
    pub placed: Vec<PlacedFile>,
    /// Which bits of a mode are sent.
    pub form: HeaderForm,
}

/// A file that is put into a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedFile {
    /// Its path in the context.
    pub path: String,
    /// Its content.
    pub content: Vec<u8>,
}

/// A context cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// A device or a named pipe.
    #[error("`{path}` of the context is {kind}, which a build cannot be sent")]
    Kind {
        /// The path.
        path: String,
        /// What it is.
        kind: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read `{path}` of the context")]
    Read {
        /// The path.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not what was listed.
    #[error(
        "`{path}` of the context changed while it was sent: {listed} bytes were listed, and it has {found}"
    )]
    Changed {
        /// The path.
        path: String,
        /// Its size when it was listed, in bytes.
        listed: u64,
        /// What it has, in words.
        found: &'static str,
    },
    /// The other end is gone.
    #[error("nobody takes the context any more")]
    Cancelled,
}

impl From<NobodyTakes> for Unsendable {
    fn from(_: NobodyTakes) -> Self {
        Self::Cancelled
    }
}

impl ContextTar {
    /// Writes the tar in chunks to `give`, which says whether to go on. Blocking. Returns how long it is.
    ///
    /// # Errors
    ///
    /// Names the file that cannot be sent; what was given before is no whole tar.
    pub fn write(self, mut give: impl FnMut(Bytes) -> bool) -> Result<ByteSize, Unsendable> {
        let mut packing = Packing::new(|chunk| if give(chunk) { Ok(()) } else { Err(NobodyTakes) });
        let mut left: Vec<&PlacedFile> = self.placed.iter().collect();
        for entry in &self.entries {
            if let Some(index) = left.iter().position(|placed| placed.path == entry.path) {
                put_placed(&mut packing, left.remove(index), entry.mode, self.form)?;
                continue;
            }
            put_entry(&mut packing, entry, self.form)?;
            if let EntryKind::File { size_bytes, .. } = entry.kind {
                self.put_content(&mut packing, &entry.path, size_bytes.0)?;
            }
        }
        for placed in left {
            put_placed(&mut packing, placed, PLACED_MODE, self.form)?;
        }
        packing.put(&[0; 2 * BLOCK])?;
        packing.flush()?;
        Ok(ByteSize(packing.total_bytes()))
    }

    /// Bytes of the files that are sent.
    #[must_use]
    pub fn content_size(&self) -> ByteSize {
        let own = |entry: &&Entry| !self.placed.iter().any(|placed| placed.path == entry.path);
        let own: ByteSize = self.entries.iter().filter(own).map(Entry::size).sum();
        let placed: u64 = self.placed.iter().map(|placed| placed.content.len() as u64).sum();
        own + ByteSize(placed)
    }

    fn put_content<F>(&self, packing: &mut Packing<F>, path: &str, size: u64) -> Result<(), Unsendable>
    where
        F: FnMut(Bytes) -> Result<(), NobodyTakes>,
    {
        let unreadable = |source| Unsendable::Read {
            path: path.to_owned(),
            source,
        };
        let changed = |found| Unsendable::Changed {
            path: path.to_owned(),
            listed: size,
            found,
        };
        let mut file = self.tree.open(path).map_err(unreadable)?;
        let mut remaining = size;
        while remaining > 0 {
            let room = packing.room()?;
            // One byte more than is due tells of a file that grew, without another look.
            let longest = usize::try_from(remaining.saturating_add(1)).unwrap_or(usize::MAX);
            let length = room.len().min(longest);
            let read = match file.read(&mut room[..length]) {
                Ok(0) => return Err(changed("fewer")),
                Ok(read) => read as u64,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(unreadable(error)),
            };
            if read > remaining {
                return Err(changed("more"));
            }
            remaining -= read;
            packing.fill(usize::try_from(read).unwrap_or_default());
        }
        pad(packing, size)
    }
}

/// The mode of a file that the context itself does not have, as the docker command gives it.
const PLACED_MODE: u32 = 0o600;

fn put_placed<F>(
    packing: &mut Packing<F>,
    placed: &PlacedFile,
    mode: u32,
    form: HeaderForm,
) -> Result<(), Unsendable>
where
    F: FnMut(Bytes) -> Result<(), NobodyTakes>,
{
    let size = placed.content.len() as u64;
    let entry = Entry {
        path: placed.path.clone(),
        kind: EntryKind::File {
            size_bytes: ByteSize(size),
            digest: None,
        },
        mode,
        uid: 0,
        gid: 0,
        mtime_ns: 0,
        attributes: BTreeMap::new(),
    };
    put_entry(packing, &entry, form)?;
    packing.put(&placed.content)?;
    pad(packing, size)
}

fn put_entry<F>(packing: &mut Packing<F>, entry: &Entry, form: HeaderForm) -> Result<(), Unsendable>
where
    F: FnMut(Bytes) -> Result<(), NobodyTakes>,
{
    if entry.kind == EntryKind::Socket {
        // A tar has no form for it; the docker command leaves it out as well.
        return Ok(());
    }
    let mut taken = Ok(());
    let put = put_header(entry, form, |bytes| {
        if taken.is_ok() {
            taken = packing.put(bytes);
        }
    });
    taken?;
    put.ok_or_else(|| Unsendable::Kind {
        path: entry.path.clone(),
        kind: match entry.kind {
            EntryKind::Fifo => "a named pipe",
            _ => "a device",
        },
    })
}

/// Fills the last block of a file.
fn pad<F>(packing: &mut Packing<F>, size: u64) -> Result<(), Unsendable>
where
    F: FnMut(Bytes) -> Result<(), NobodyTakes>,
{
    let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
    if over > 0 {
        packing.put(&[0; BLOCK][over..])?;
    }
    Ok(())
}
