//! The `seatrial` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(seatrial::cli::main().number())
}
