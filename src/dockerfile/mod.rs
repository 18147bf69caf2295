//! Dockerfiles: stages and instructions with the lines where they stand.
//!
//! The grammar is that of the crate `parse-dockerfile`; here-documents are read by this module, because a
//! shell word such as `<<EOF` may stand anywhere in a RUN. Reference: the Dockerfile reference and `BuildKit`'s
//! `frontend/dockerfile/parser`.

mod error;
mod heredoc;
mod instruction;
mod keyword;
mod locate;
mod parse;
mod stage;
mod variable;
mod vertex;

pub use error::DockerfileError;
pub use heredoc::Heredoc;
pub use instruction::Instruction;
pub use keyword::Keyword;
pub use parse::Dockerfile;
pub use stage::{Argument, Stage};
pub use variable::{Expanded, expand};
pub use vertex::{VertexName, VertexPosition};
