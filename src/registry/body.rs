//! What is sent of a blob, piece by piece and never as a whole in memory.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

use super::clock;
use super::offer::{Content, Offer};
use super::shape::Shape;
use crate::digest::Digest;

/// The body of an answer.
pub(super) type Body = UnsyncBoxBody<Bytes, io::Error>;

/// How many pieces are read before they are taken.
const AHEAD: usize = 2;

/// A text in memory.
pub(super) fn text(text: impl Into<Bytes>) -> Body {
    Full::new(text.into())
        .map_err(|never| match never {})
        .boxed_unsync()
}

/// A part of a blob, as fast as the line is; what was handed over is noted in its offer.
pub(super) fn blob(
    offer: Arc<Offer>,
    digest: Digest,
    content: Content,
    part: Range<u64>,
    shape: &Shape,
) -> Body {
    let (pieces, body) = mpsc::channel(AHEAD);
    let shape = shape.clone();
    // Reading a file and waiting for the line are what a thread is for.
    tokio::task::spawn_blocking(move || {
        let sender = shape.enter();
        let mut at = part.start;
        let mut source = match Source::open(&content) {
            Ok(source) => source,
            Err(error) => {
                let _ = pieces.blocking_send(Err(error));
                return;
            }
        };
        while at < part.end {
            let most = usize::try_from(part.end - at).map_or(shape.chunk(), |left| left.min(shape.chunk()));
            let piece = source.read(at, most);
            if let Ok(piece) = &piece {
                sender.wait(piece.len());
                at += piece.len() as u64;
            }
            let failed = piece.is_err();
            // Nobody takes what a client that went away asked for.
            if pieces.blocking_send(piece).is_err() || failed {
                return;
            }
        }
    });
    let mut at = part.start;
    let frames = ReceiverStream::new(body).map(move |piece| {
        let piece = piece?;
        let end = at + piece.len() as u64;
        offer.note(digest, at..end, clock::now());
        at = end;
        Ok(Frame::data(piece))
    });
    StreamBody::new(frames).boxed_unsync()
}

/// An opened blob.
enum Source<'a> {
    Text(&'a Bytes),
    File { file: File, size: u64, tail: &'a [u8] },
}

impl<'a> Source<'a> {
    fn open(content: &'a Content) -> io::Result<Self> {
        Ok(match content {
            Content::Text(text) => Self::Text(text),
            Content::File { layer, tail } => Self::File {
                file: File::open(layer.path())?,
                size: layer.size(),
                tail,
            },
        })
    }

    /// The next piece from `at` on: at least a byte, and at most `most`.
    fn read(&mut self, at: u64, most: usize) -> io::Result<Bytes> {
        let within = |bytes: &[u8], from: u64| {
            let from = usize::try_from(from).unwrap_or(usize::MAX).min(bytes.len());
            let to = from.saturating_add(most).min(bytes.len());
            Bytes::copy_from_slice(&bytes[from..to])
        };
        let piece = match self {
            Self::Text(text) => within(text, at),
            Self::File { size, tail, .. } if at >= *size => within(tail, at - *size),
            Self::File { file, size, .. } => {
                let length = usize::try_from(*size - at).map_or(most, |left| left.min(most));
                let mut piece = vec![0; length];
                let read = file.read_at(&mut piece, at)?;
                piece.truncate(read);
                Bytes::from(piece)
            }
        };
        if piece.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "a layer's file was cut off",
            ));
        }
        Ok(piece)
    }
}
