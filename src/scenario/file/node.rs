//! A TOML document with the bytes where each key and value stands.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A value.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Its bytes; those of its header for a table with one.
    pub(crate) span: Range<usize>,
    /// The value itself.
    pub(crate) value: Value,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    String(String),
    Integer(i64),
    /// An integer beyond 64 bits, as written.
    HugeInteger(String),
    Float(String),
    Boolean(bool),
    Datetime(String),
    Array(Vec<Node>),
    /// Entries in the file's order.
    Table(Vec<Entry>),
    /// A mistake that was noted: its place is known, its value is not read.
    Cut,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_span: Range<usize>,
    pub(crate) node: Node,
}

impl Node {
    /// The document as a node that spans no bytes.
    pub(crate) fn of_document(table: Spanned<DeTable<'_>>) -> Self {
        Self {
            span: 0..0,
            value: Value::of_table(table.into_inner()),
        }
    }

    fn of(value: Spanned<DeValue<'_>>) -> Self {
        Self {
            span: value.span(),
            value: match value.into_inner() {
                DeValue::String(text) => Value::String(text.into_owned()),
                DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
                    .map_or_else(|_| Value::HugeInteger(integer.to_string()), Value::Integer),
                DeValue::Float(float) => Value::Float(float.as_str().to_owned()),
                DeValue::Boolean(boolean) => Value::Boolean(boolean),
                DeValue::Datetime(datetime) => Value::Datetime(datetime.to_string()),
                DeValue::Array(array) => Value::Array(array.into_iter().map(Self::of).collect()),
                DeValue::Table(table) => Value::of_table(table),
            },
        }
    }

    /// The value below `key`, where this is a table that has it.
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|entry| entry.key == key),
            _ => None,
        }
    }

    /// The value at `index`, where this is an array that has it; what was cut does not count.
    pub(crate) fn item(&self, index: usize) -> Option<&Self> {
        match &self.value {
            Value::Array(items) => items.iter().filter(|item| !item.is_cut()).nth(index),
            _ => None,
        }
    }

    /// The same place without its value.
    pub(crate) fn cut(&self) -> Self {
        Self {
            span: self.span.clone(),
            value: Value::Cut,
        }
    }

    /// Whether the value was a mistake.
    pub(crate) fn is_cut(&self) -> bool {
        matches!(self.value, Value::Cut)
    }

    /// Whether this value, or anything below it, was a mistake.
    pub(crate) fn holds_cut(&self) -> bool {
        match &self.value {
            Value::Cut => true,
            Value::Array(items) => items.iter().any(Self::holds_cut),
            Value::Table(entries) => entries.iter().any(|entry| entry.node.holds_cut()),
            _ => false,
        }
    }

    /// The value for a reader of JSON, without what was cut. Dates, which no key takes, become texts.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Cut => serde_json::Value::Null,
            Value::String(text) | Value::HugeInteger(text) | Value::Datetime(text) => text.clone().into(),
            Value::Float(text) => text.parse::<f64>().map_or(serde_json::Value::Null, Into::into),
            Value::Integer(integer) => (*integer).into(),
            Value::Boolean(boolean) => (*boolean).into(),
            Value::Array(items) => items
                .iter()
                .filter(|item| !item.is_cut())
                .map(Self::to_json)
                .collect::<Vec<_>>()
                .into(),
            Value::Table(entries) => entries
                .iter()
                .filter(|entry| !entry.node.is_cut())
                .map(|entry| (entry.key.clone(), entry.node.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}

impl Entry {
    /// The same key with another value.
    pub(crate) fn with(&self, node: Node) -> Self {
        Self {
            key: self.key.clone(),
            key_span: self.key_span.clone(),
            node,
        }
    }
}

impl Value {
    fn of_table(table: DeTable<'_>) -> Self {
        let mut entries: Vec<Entry> = table
            .into_iter()
            .map(|(key, value)| Entry {
                key_span: key.span(),
                key: key.into_inner().into_owned(),
                node: Node::of(value),
            })
            .collect();
        entries.sort_by_key(|entry| entry.key_span.start);
        Self::Table(entries)
    }

    /// What was read, for "is ..., expected ...".
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::String(text) => format!("the string {text:?}"),
            Self::Integer(integer) => format!("the number {integer}"),
            Self::HugeInteger(text) | Self::Float(text) => format!("the number {text}"),
            Self::Boolean(boolean) => format!("`{boolean}`"),
            Self::Datetime(text) => format!("the date {text}"),
            Self::Array(_) => "an array".to_owned(),
            Self::Table(_) => "a table".to_owned(),
            Self::Cut => "a mistake".to_owned(),
        }
    }
}
