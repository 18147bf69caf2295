//! What the terminal that is written to allows.

use std::io::{self, IsTerminal as _};

use rustix::termios::tcgetwinsize;

use crate::report::Terminal;

/// What standard output allows.
pub(super) fn terminal() -> Terminal {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return Terminal::PIPE;
    }
    let columns = tcgetwinsize(&stdout).map_or(Terminal::PIPE.columns, |size| size.ws_col);
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    Terminal {
        columns: columns.max(Terminal::PIPE.columns),
        styled: !refused,
    }
}
