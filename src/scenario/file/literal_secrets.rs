//! Secrets that somebody wrote into a scenario: they are refused, and never shown.

use std::ops::Range;

use super::node::{Node, Value};
use crate::scenario::check::is_variable;

/// Whether the value below these keys is about a secret.
pub(super) fn is_secret(keys: &[String]) -> bool {
    matches!(keys, [table, key, ..] if table == "variant" && key == "secrets")
}

/// The bytes of a document's values that are, or may be, secrets: everything below `secrets` that is neither the name
/// of a variable nor a path.
pub(super) fn in_document(document: &Node) -> Vec<Range<usize>> {
    let mut literals = Vec::new();
    let Some(variants) = document.entry("variant") else {
        return literals;
    };
    let tables = match &variants.node.value {
        Value::Array(tables) => tables.iter().collect(),
        _ => vec![&variants.node],
    };
    for table in tables {
        if let Some(secrets) = table.entry("secrets") {
            collect(&secrets.node, "", &mut literals);
        }
        // A literal may stand where an argument names its variable.
        for argument in table
            .entry("args")
            .into_iter()
            .flat_map(|args| entries(&args.node))
        {
            if argument.node.entry("secret").is_some() {
                collect(&argument.node, "", &mut literals);
            }
        }
    }
    literals
}

fn entries(node: &Node) -> &[super::node::Entry] {
    match &node.value {
        Value::Table(entries) => entries,
        _ => &[],
    }
}

fn collect(node: &Node, key: &str, literals: &mut Vec<Range<usize>>) {
    match &node.value {
        Value::Table(entries) => {
            for entry in entries {
                collect(&entry.node, &entry.key, literals);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect(item, key, literals);
            }
        }
        Value::String(name) if key == "env" && is_variable(name) => {}
        Value::String(_) if key == "file" => {}
        Value::Boolean(_) if key == "secret" => {}
        _ => literals.push(node.span.clone()),
    }
}

/// The same of a text that is no TOML: what stands behind an equals sign in a line that speaks of secrets, and in the
/// lines of a table of them.
pub(super) fn in_broken(text: &str) -> Vec<Range<usize>> {
    let mut literals = Vec::new();
    let mut start = 0;
    let mut in_table = false;
    for line in text.split_inclusive('\n') {
        let is_header = line.trim_start().starts_with('[');
        if is_header {
            in_table = line.contains("secret");
        }
        if (in_table && !is_header) || (line.contains("secret") && line.contains('=')) {
            let value = line.find('=').map_or(0, |equals| equals + 1);
            literals.push(start + value..start + line.trim_end().len().max(value));
        }
        start += line.len();
    }
    literals
}

/// The text with these bytes made unreadable, each place where it was.
pub(crate) fn masked(text: &str, literals: &[Range<usize>]) -> String {
    let mut masked = text.as_bytes().to_vec();
    for literal in literals {
        for byte in masked.get_mut(literal.clone()).into_iter().flatten() {
            if *byte != b'\n' {
                *byte = b'*';
            }
        }
    }
    // The bytes of a value begin and end with whole characters.
    String::from_utf8(masked).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_no_toml_is_masked_where_it_speaks_of_secrets() {
        let text = "title = \"t\nsecrets = { pip = \"hunter2 }\n[variant.secrets]\npip = \"hunter2\nlone hunter2\n[build]\nrounds = 1\n";
        let shown = masked(text, &in_broken(text));
        assert!(!shown.contains("hunter2"), "{shown}");
        assert_eq!(shown.len(), text.len());
        assert!(
            shown.contains("title = \"t\nsecrets =") && shown.ends_with("rounds = 1\n"),
            "{shown}"
        );
    }
}
