//! `[hooks]`.

use super::findings::Findings;
use crate::scenario::Hooks;
use crate::scenario::file::{Cursor, HooksTable};

/// Resolves `[hooks]`.
pub(super) fn hooks(table: HooksTable, at: &Cursor<'_>, findings: &mut Findings<'_>) -> Hooks {
    let mut commands = |key: &str, commands: Option<Vec<String>>| {
        let commands = commands.unwrap_or_default();
        for (index, command) in commands.iter().enumerate() {
            if command.trim().is_empty() {
                findings.at(
                    &at.key(key).index(index),
                    format!("a command of `{key}` is empty"),
                );
            }
        }
        commands
    };
    Hooks {
        setup: commands("setup", table.setup),
        prepare: commands("prepare", table.prepare),
        cleanup: commands("cleanup", table.cleanup),
        timeout: table.timeout.map_or(Hooks::DEFAULT_TIMEOUT, |timeout| timeout.0),
    }
}
