//! The classic builder: a build whose context is sent as a tar, and which tells what it does in text.

mod available;
mod build;
mod connection;
mod context_tar;
mod made_images;
mod nameless;
mod packing;
mod query;
mod step_log;
mod tar_header;

pub use available::NoClassicBuilder;
pub use context_tar::{ContextTar, PlacedFile, Unsendable};
pub use tar_header::HeaderForm;

pub(super) use build::{AskClassic, broken_off, build};
pub(super) use made_images::MadeImages;
