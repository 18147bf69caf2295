//! The ignore file of a build context: which paths the client leaves out, and which line says so.
//!
//! The semantics are those of the current docker clients (moby/patternmatcher as `docker build` and
//! fsutil walk with it), which are not those of `.gitignore`: everything is anchored at the context
//! root, and patterns go through a rewriting into a regular expression whose quirks show. The
//! outcomes are copied, the surprising ones are reported as [`PatternWarning`].

mod beside;
mod character_class;
mod clean;
mod decision;
mod error;
mod escape;
mod expression;
mod glob;
mod ignore_file;
mod pattern;
mod rewrite;
mod rule;
mod walk;
mod warning;

pub use beside::beside;
pub use clean::{clean, parents};
pub use decision::Decision;
pub use error::{IgnoreError, PatternError};
pub use glob::{Glob, has_wildcards};
pub use ignore_file::IgnoreFile;
pub use rule::Rule;
pub use walk::{IgnoreWalk, Pruning, Visit};
pub use warning::{IgnoreWarning, PatternWarning};
