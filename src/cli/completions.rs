//! `seatrial completions`: what a shell needs to complete commands, options and their values.

use std::io::{self, Write};

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::args::CommandLine;

/// Writes the script for a shell.
pub(super) fn completions(shell: Shell, out: &mut dyn Write) -> io::Result<()> {
    // The generator cannot tell of a reader that went away, and panics where one does: it writes to memory.
    let mut script = Vec::new();
    generate(shell, &mut CommandLine::command(), "seatrial", &mut script);
    out.write_all(&script)
}
