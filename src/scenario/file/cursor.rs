//! Walking a document beside its types, to know where each value stands.

use std::ops::Range;

use super::node::{Node, Value};

/// A place in a document. Going to what is not there stays at the last place that is.
#[derive(Clone, Debug)]
pub(crate) struct Cursor<'tree> {
    node: Option<&'tree Node>,
    span: Range<usize>,
    key_span: Range<usize>,
}

impl<'tree> Cursor<'tree> {
    /// The whole document.
    pub(crate) fn new(root: &'tree Node) -> Self {
        Self {
            node: Some(root),
            span: root.span.clone(),
            key_span: root.span.clone(),
        }
    }

    /// Goes to the value below `key`.
    pub(crate) fn key(&self, key: &str) -> Self {
        match self.node.and_then(|node| node.entry(key)) {
            Some(entry) => Self {
                node: Some(&entry.node),
                span: entry.node.span.clone(),
                key_span: entry.key_span.clone(),
            },
            None => self.absent(),
        }
    }

    /// Goes to the value at `index`.
    pub(crate) fn index(&self, index: usize) -> Self {
        match self.node.and_then(|node| node.item(index)) {
            Some(node) => Self {
                node: Some(node),
                span: node.span.clone(),
                key_span: node.span.clone(),
            },
            None => self.absent(),
        }
    }

    /// The bytes of the value.
    pub(crate) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The bytes of the key before the value.
    pub(crate) fn key_span(&self) -> Range<usize> {
        self.key_span.clone()
    }

    /// Whether this table has the key, even where its value was cut.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.node.is_some_and(|node| node.entry(key).is_some())
    }

    /// Whether this value, or anything below it, was cut.
    pub(crate) fn has_cut(&self) -> bool {
        self.node.is_some_and(Node::holds_cut)
    }

    /// The keys of this table in the file's order, those of cut values included.
    pub(crate) fn keys(&self) -> Vec<&'tree str> {
        match self.node.map(|node| &node.value) {
            Some(Value::Table(entries)) => entries.iter().map(|entry| entry.key.as_str()).collect(),
            _ => Vec::new(),
        }
    }

    fn absent(&self) -> Self {
        Self {
            node: None,
            span: self.span.clone(),
            key_span: self.key_span.clone(),
        }
    }
}
