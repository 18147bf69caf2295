//! `seatrial schema`: the JSON Schema of scenario files.

use std::io::{self, Write};

use crate::scenario::file::json_schema;

/// Writes the schema.
///
/// # Errors
///
/// Where `out` cannot be written.
pub(super) fn schema(out: &mut dyn Write) -> io::Result<()> {
    out.write_all(json_schema().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `UPDATE_EXPECT=1` writes the committed schema again.
    #[test]
    fn the_committed_schema_is_the_one_that_is_printed() {
        const PATH: &str = "docs/scenario.schema.json";
        let mut out = Vec::new();
        schema(&mut out).unwrap();
        let printed = String::from_utf8(out).unwrap();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(PATH, &printed).unwrap();
        }
        let committed = std::fs::read_to_string(PATH).unwrap_or_default();
        assert!(
            committed == printed,
            "{PATH} has drifted: run this test with UPDATE_EXPECT=1"
        );
    }
}
