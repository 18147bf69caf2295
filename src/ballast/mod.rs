//! The ballast: the test cargo that is built in, so that a first run needs nothing but a Docker daemon.
//!
//! [`PROGRAM`] is a static Linux program that stands for an install step (`ballast work`) and for a
//! service (`ballast serve`), compiled by the build script from the sources under `program/`, which are
//! no part of the library. [`BallastImage`] is the image made of it. `ballast --help` lists what the
//! program does on request.

mod architecture;
mod image;
mod unavailable;

pub use architecture::Architecture;
pub use image::BallastImage;
pub use unavailable::BallastUnavailable;

const COMPILED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/ballast"));

/// Why the build script left the program empty; empty itself where the program is there.
const WHY_ABSENT: &str = include_str!(concat!(env!("OUT_DIR"), "/ballast-absent.txt"));

/// The program's executable, for the architecture this crate was compiled for; absent where that is
/// not Linux or where no static program could be compiled.
pub const PROGRAM: Option<&[u8]> = if WHY_ABSENT.is_empty() {
    Some(COMPILED)
} else {
    None
};
