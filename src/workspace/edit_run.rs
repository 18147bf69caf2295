//! Letting a command change the copy.

use std::fs;

use super::command::{CommandError, run};
use super::edit_error::EditError;
use super::editor::Editor;
use super::remove_tree::remove_tree;
use crate::scenario::Nonce;
use crate::unit::Nanos;

/// The folder beside the context that a command has for itself.
const COMMAND_HOME: &str = "command";

impl Editor<'_> {
    /// Runs a command in the context. Since nobody knows what it changes, it works on an exact copy of the context,
    /// and the reset brings the untouched one back.
    pub(super) fn run(&mut self, command: &str, nonce: &Nonce, timeout: Nanos) -> Result<(), EditError> {
        let failed = |source| EditError::Run {
            command: command.to_owned(),
            source,
        };
        self.copy
            .replace_by_copy()
            .map_err(|source| EditError::Duplicate {
                edit: self.word,
                path: self.copy.source().to_owned(),
                source,
            })?;
        let home = self.copy.home().join(COMMAND_HOME);
        let prepared = remove_tree(&home).and_then(|()| fs::create_dir(&home));
        prepared.map_err(|source| failed(CommandError::Prepare { source }))?;
        let ended = run(&nonce.fill_in(command), self.copy.path(), &home, nonce, timeout);
        let cleared = remove_tree(&home).map_err(|source| CommandError::Prepare { source });
        ended.and(cleared).map_err(failed)
    }
}
