//! Putting small and large pieces together into chunks of one size.

use std::sync::mpsc::{Receiver, Sender, channel};

use bytes::Bytes;

/// The size of a chunk: large enough that the wire is asked seldom, small enough that a few of them are nothing.
const CHUNK_BYTES: usize = 256 * 1024;

/// Nobody takes chunks any more.
#[derive(Debug)]
pub(super) struct NobodyTakes;

/// Fills chunks and gives them away.
#[derive(Debug)]
pub(super) struct Packing<F> {
    chunk: Vec<u8>,
    filled: usize,
    give: F,
    /// Chunks that were used up come back, so that a context of any size is sent from a few of them.
    returned: Receiver<Vec<u8>>,
    back: Sender<Vec<u8>>,
    total_bytes: u64,
}

/// A chunk on its way; its memory comes back when it was used.
struct Lent {
    chunk: Vec<u8>,
    filled: usize,
    back: Sender<Vec<u8>>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.chunk[..self.filled]
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        // The packing may be over.
        let _ = self.back.send(std::mem::take(&mut self.chunk));
    }
}

impl<F: FnMut(Bytes) -> Result<(), NobodyTakes>> Packing<F> {
    pub(super) fn new(give: F) -> Self {
        let (back, returned) = channel();
        Self {
            chunk: vec![0; CHUNK_BYTES],
            filled: 0,
            give,
            returned,
            back,
            total_bytes: 0,
        }
    }

    /// Bytes that were packed.
    pub(super) fn total_bytes(&self) -> u64 {
        self.total_bytes
    }

    /// Packs a piece.
    pub(super) fn put(&mut self, mut piece: &[u8]) -> Result<(), NobodyTakes> {
        while !piece.is_empty() {
            let room = self.room()?;
            let length = room.len().min(piece.len());
            room[..length].copy_from_slice(&piece[..length]);
            self.fill(length);
            piece = &piece[length..];
        }
        Ok(())
    }

    /// Where the next bytes go: never empty.
    pub(super) fn room(&mut self) -> Result<&mut [u8], NobodyTakes> {
        if self.filled == self.chunk.len() {
            self.flush()?;
        }
        Ok(&mut self.chunk[self.filled..])
    }

    /// Says how much of the room was filled.
    pub(super) fn fill(&mut self, length: usize) {
        self.filled += length;
        self.total_bytes += length as u64;
    }

    /// Gives away what is there.
    pub(super) fn flush(&mut self) -> Result<(), NobodyTakes> {
        if self.filled == 0 {
            return Ok(());
        }
        let fresh = self.returned.try_recv().unwrap_or_else(|_| vec![0; CHUNK_BYTES]);
        let lent = Lent {
            chunk: std::mem::replace(&mut self.chunk, fresh),
            filled: std::mem::take(&mut self.filled),
            back: self.back.clone(),
        };
        (self.give)(Bytes::from_owner(lent))
    }
}
