//! Reading a document with all its mistakes.

use std::ops::Range;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use toml::de::DeTable;

use super::conform::conform;
use super::json_schema::schema_of;
use super::literal_secrets::{in_broken, in_document};
use super::node::{Node, Value};
use crate::scenario::{Place, Problem, Source};

/// What could be read of a document.
#[derive(Debug)]
pub(crate) struct Read<T> {
    /// The document without its mistakes; `None` where the text is no TOML.
    pub(crate) document: Option<T>,
    /// The places of what the document holds.
    pub(crate) tree: Node,
    /// The mistakes.
    pub(crate) problems: Vec<Problem>,
    /// The bytes that look like secrets, which must not be shown.
    pub(crate) literals: Vec<Range<usize>>,
}

/// Reads a document of type `T`.
pub(crate) fn read<T: DeserializeOwned + JsonSchema>(source: &Source) -> Read<T> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if !errors.is_empty() {
        // What recovery makes of a broken text would bring mistakes that nobody made.
        let problems = errors
            .iter()
            .map(|error| {
                let place = Place::new(source, error.span().unwrap_or_default());
                Problem::at(place, format!("not valid TOML: {}", error.message()))
            })
            .collect();
        return Read {
            document: None,
            tree: Node {
                span: 0..0,
                value: Value::Table(Vec::new()),
            },
            problems,
            literals: in_broken(&source.text),
        };
    }
    let whole = Node::of_document(table);
    let conformed = conform(&whole, &schema_of::<T>());
    let mut problems: Vec<Problem> = conformed
        .mistakes
        .into_iter()
        .map(|mistake| Problem {
            label: mistake.label,
            hint: mistake.hint,
            ..Problem::at(Place::new(source, mistake.span), mistake.message)
        })
        .collect();
    let document = match serde_json::from_value(conformed.document.to_json()) {
        Ok(document) => Some(document),
        Err(error) => {
            // The schema is made from the same type, so this is a slip of the program; it is still no panic.
            let message = format!("what is left of the file without its mistakes cannot be read: {error}");
            problems.push(Problem::at(Place::new(source, 0..0), message));
            None
        }
    };
    Read {
        document,
        tree: conformed.document,
        problems,
        literals: in_document(&whole),
    }
}
