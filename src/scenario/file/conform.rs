//! Holding a document against its JSON Schema: every mistake is noted and cut, so that what is left can be
//! read, and checked for what a schema cannot say.

use std::ops::Range;

use serde_json::Value as Json;

use super::literal_secrets::is_secret;
use super::node::{Entry, Node, Value};
use super::unsupported;
use super::{FolderPath, RelativePath};
use crate::scenario::nearest::{hint, nearest, quoted_list};
use crate::unit::{Bandwidth, ByteSize, Cpus, Nanos};

/// One mistake.
#[derive(Clone, Debug)]
pub(super) struct Mistake {
    pub(super) span: Range<usize>,
    pub(super) message: String,
    pub(super) label: Option<String>,
    pub(super) hint: Option<String>,
}

/// A document without its mistakes, and the mistakes.
#[derive(Debug)]
pub(super) struct Conformed {
    pub(super) document: Node,
    pub(super) mistakes: Vec<Mistake>,
}

/// Holds `document` against `schema`.
pub(super) fn conform(document: &Node, schema: &Json) -> Conformed {
    let mut walk = Walk {
        root: schema,
        keys: Vec::new(),
        mistakes: Vec::new(),
    };
    Conformed {
        document: walk.value(document, schema),
        mistakes: walk.mistakes,
    }
}

struct Walk<'schema> {
    root: &'schema Json,
    /// The keys that lead to the current value; an index is no key.
    keys: Vec<String>,
    mistakes: Vec<Mistake>,
}

impl<'schema> Walk<'schema> {
    /// `node` with each part cut that does not conform to `schema`.
    fn value(&mut self, node: &Node, schema: &'schema Json) -> Node {
        let schema = self.resolve(schema);
        let branches = self.branches(schema);
        let words: Vec<&str> = branches.iter().flat_map(|branch| words_of(branch)).collect();
        let branch = branches
            .iter()
            .copied()
            .find(|branch| words_of(branch).is_empty() && is_of_type(node, branch));
        match (&node.value, branch) {
            (Value::String(text), None) if words.contains(&text.as_str()) => node.clone(),
            (Value::Table(entries), Some(branch)) => {
                let table = self.table(node, entries, branch);
                // One form of several cannot be read without what tells it from the others.
                if branches.len() > 1 && !is_complete(&table, branch) {
                    return node.cut();
                }
                table
            }
            (Value::Array(items), Some(branch)) => self.array(node, items, branch),
            (Value::String(text), Some(branch)) => self.text(node, text, branch),
            (Value::Integer(number), Some(branch)) if is_cpus(branch) => self.cpus(node, &number.to_string()),
            (Value::Float(number), Some(_)) => self.cpus(node, number),
            (Value::Integer(number), Some(branch)) => self.number(node, *number, branch),
            (_, Some(_)) => node.clone(),
            (value, None) => {
                self.wrong_value(node, value, &branches, &words);
                node.cut()
            }
        }
    }

    fn table(&mut self, node: &Node, entries: &[Entry], schema: &'schema Json) -> Node {
        let properties = schema.get("properties").and_then(Json::as_object);
        let others = schema
            .get("additionalProperties")
            .filter(|others| others.is_object());
        let mut kept = Vec::new();
        let mut explained = false;
        for entry in entries {
            let known = properties.and_then(|properties| properties.get(&entry.key));
            let Some(schema) = known.or(others) else {
                explained |= self.unknown_key(entry, schema);
                kept.push(entry.with(entry.node.cut()));
                continue;
            };
            self.keys.push(entry.key.clone());
            kept.push(entry.with(self.value(&entry.node, schema)));
            self.keys.pop();
        }
        let required = schema.get("required").and_then(Json::as_array);
        for key in required.into_iter().flatten().filter_map(Json::as_str) {
            if !explained
                && !entries
                    .iter()
                    .any(|entry| entry.key == key || is_meant(entry, key, properties))
            {
                let message = format!("{} lacks the key `{key}`", self.table_name());
                let description = properties
                    .and_then(|properties| properties[key].get("description"))
                    .and_then(Json::as_str)
                    .map(|description| format!("`{key}`: {}", lower_first(description)));
                self.note(node.span.clone(), message, None, description);
            }
        }
        Node {
            span: node.span.clone(),
            value: Value::Table(kept),
        }
    }

    fn array(&mut self, node: &Node, items: &[Node], schema: &'schema Json) -> Node {
        let kept = match schema.get("items") {
            Some(schema) => items.iter().map(|item| self.value(item, schema)).collect(),
            None => items.to_vec(),
        };
        Node {
            span: node.span.clone(),
            value: Value::Array(kept),
        }
    }

    fn text(&mut self, node: &Node, text: &str, schema: &Json) -> Node {
        let name = self.value_name();
        let fault = match schema.get("format").and_then(Json::as_str) {
            Some("duration-with-unit") => text
                .parse::<Nanos>()
                .err()
                .map(|error| format!("{name}: {error}")),
            Some("byte-size") => text
                .parse::<ByteSize>()
                .err()
                .map(|error| format!("{name}: {error}")),
            Some("bandwidth") => text
                .parse::<Bandwidth>()
                .err()
                .map(|error| format!("{name}: {error}")),
            Some("relative-path") => {
                RelativePath::fault(text).map(|fault| format!("{name}: the path {text:?} {fault}"))
            }
            Some("folder-path") => {
                FolderPath::fault(text).map(|fault| format!("{name}: the path {text:?} {fault}"))
            }
            _ => None,
        };
        let Some(message) = fault else {
            return node.clone();
        };
        let (label, hint) = match schema.get("format").and_then(Json::as_str) {
            Some("relative-path") if self.is_in_context() => (
                "expected a path inside the context",
                Some("paths of edits and fills are relative to the context and never leave it".to_owned()),
            ),
            Some("relative-path") if self.keys.first().is_some_and(|key| key == "replay") => (
                "expected a path inside the repository",
                Some(
                    "the path is relative to the top folder of the repository and never leaves it".to_owned(),
                ),
            ),
            Some("relative-path") => (
                "expected a path inside the scenario's folder",
                Some("paths are relative to the scenario's folder and never leave it".to_owned()),
            ),
            Some("folder-path") => (
                "expected a relative path",
                Some("paths are relative to the scenario's folder".to_owned()),
            ),
            _ => ("expected a number with its unit", None),
        };
        self.note(node.span.clone(), message, Some(label.to_owned()), hint);
        node.cut()
    }

    /// Whether the current value is a path in the context; a patch lies in the scenario's folder.
    fn is_in_context(&self) -> bool {
        let of_context = |key: &String| key == "edit" || key == "fill";
        self.keys.iter().any(of_context) && self.keys.last().is_none_or(|key| key != "patch")
    }

    fn number(&mut self, node: &Node, number: i64, schema: &Json) -> Node {
        let bound = |key: &str| schema.get(key).and_then(Json::as_i64);
        let most = bound("maximum").or_else(|| match schema.get("format").and_then(Json::as_str) {
            Some("uint32") => Some(i64::from(u32::MAX)),
            _ => None,
        });
        let least = bound("minimum");
        let expected = match (least, most) {
            (Some(least), _) if number < least => format!("at least {least}"),
            (_, Some(most)) if number > most => format!("at most {most}"),
            _ => return node.clone(),
        };
        let expected = match (least, most) {
            (Some(least), Some(most)) if least == most => least.to_string(),
            _ => expected,
        };
        let message = format!("{} is {number}, expected {expected}", self.value_name());
        self.note(
            node.span.clone(),
            message,
            Some(format!("expected {expected}")),
            None,
        );
        node.cut()
    }

    /// The only number that need not be whole.
    fn cpus(&mut self, node: &Node, number: &str) -> Node {
        let Err(error) = number.parse::<Cpus>() else {
            return node.clone();
        };
        let message = format!("{}: {error}", self.value_name());
        let label = "expected a number of processors".to_owned();
        self.note(node.span.clone(), message, Some(label), None);
        node.cut()
    }

    /// Notes a key that is not of this version, and says whether it explains why a required one is missing.
    fn unknown_key(&mut self, entry: &Entry, schema: &Json) -> bool {
        let table = self.keys.join(".");
        if unsupported::is_key(&table, &entry.key) {
            let message = format!(
                "`{}` is not supported by this version",
                joined(&table, &entry.key)
            );
            self.note(entry.key_span.clone(), message, None, None);
            return unsupported::stands_for_required(&table);
        }
        let known: Vec<&str> = schema
            .get("properties")
            .and_then(Json::as_object)
            .map(|properties| properties.keys().map(String::as_str).collect())
            .unwrap_or_default();
        let message = if self.keys.is_empty() {
            format!("unknown key `{}`", entry.key)
        } else {
            format!("unknown key `{}` in {}", entry.key, self.table_name())
        };
        let hint = hint(&entry.key, "the keys here are", &known);
        self.note(
            entry.key_span.clone(),
            message,
            Some("unknown key".to_owned()),
            hint,
        );
        false
    }

    fn wrong_value(&mut self, node: &Node, value: &Value, branches: &[&Json], words: &[&str]) {
        let name = self.value_name();
        if let Value::String(text) = value
            && unsupported::is_word(&self.keys.join("."), text)
        {
            let message = format!("{name} = {text:?} is not supported by this version");
            self.note(node.span.clone(), message, None, None);
            return;
        }
        if is_secret(&self.keys) {
            let message = format!("{name} is no place to find a secret at");
            let label = "expected `{ env = \"NAME\" }` or `{ file = \"path\" }`".to_owned();
            let hint = "a secret never stands in a scenario; what stands here is not shown".to_owned();
            self.note(node.span.clone(), message, Some(label), Some(hint));
            return;
        }
        let mut expected: Vec<String> = Vec::new();
        if !words.is_empty() {
            expected.push(match words {
                [only] => format!("`{only}`"),
                _ => format!("one of {}", quoted_list(words)),
            });
        }
        expected.extend(
            branches
                .iter()
                .filter(|branch| words_of(branch).is_empty())
                .map(|branch| expectation(branch)),
        );
        let expected = expected.join(" or ");
        let message = format!("{name} is {}, expected {expected}", value.describe());
        let hint = match value {
            Value::String(text) if !words.is_empty() => {
                unsupported::why_unmeasurable(&self.keys.join("."), text)
                    .map(str::to_owned)
                    .or_else(|| hint(text, "the words here are", words))
            }
            Value::HugeInteger(_) => Some("the number does not fit into 64 bits".to_owned()),
            _ => None,
        };
        self.note(
            node.span.clone(),
            message,
            Some(format!("expected {expected}")),
            hint,
        );
    }

    fn note(&mut self, span: Range<usize>, message: String, label: Option<String>, hint: Option<String>) {
        self.mistakes.push(Mistake {
            span,
            message,
            label,
            hint,
        });
    }

    /// The current value in a message.
    fn value_name(&self) -> String {
        format!("`{}`", self.keys.join("."))
    }

    /// The current table in a message.
    fn table_name(&self) -> String {
        if self.keys.is_empty() {
            "the file".to_owned()
        } else {
            self.value_name()
        }
    }

    /// What a reference points at.
    fn resolve(&self, schema: &'schema Json) -> &'schema Json {
        let mut schema = schema;
        // The definitions of our own types do not go in circles; the bound says so to a reader.
        for _ in 0..8 {
            let Some(target) = schema.get("$ref").and_then(Json::as_str) else {
                break;
            };
            match target
                .strip_prefix('#')
                .and_then(|pointer| self.root.pointer(pointer))
            {
                Some(target) => schema = target,
                None => break,
            }
        }
        schema
    }

    /// The alternatives of a schema, with those of each; the schema itself where it has none.
    fn branches(&self, schema: &'schema Json) -> Vec<&'schema Json> {
        let alternatives = ["oneOf", "anyOf"]
            .into_iter()
            .find_map(|key| schema.get(key).and_then(Json::as_array));
        match alternatives {
            Some(alternatives) => {
                let resolved = alternatives.iter().map(|branch| self.resolve(branch));
                resolved.flat_map(|branch| self.branches(branch)).collect()
            }
            None => vec![schema],
        }
    }
}

/// The words that a schema of words accepts; none for another schema.
fn words_of(schema: &Json) -> Vec<&str> {
    let listed = schema.get("enum").and_then(Json::as_array);
    listed
        .into_iter()
        .flatten()
        .chain(schema.get("const"))
        .filter_map(Json::as_str)
        .collect()
}

/// Whether an unknown key is a slip of `key`.
fn is_meant(entry: &Entry, key: &str, properties: Option<&serde_json::Map<String, Json>>) -> bool {
    properties.is_some_and(|properties| {
        !properties.contains_key(&entry.key)
            && nearest(&entry.key, properties.keys().map(String::as_str)) == Some(key)
    })
}

/// Whether a table has every key that the schema requires, each with a value that can be read.
fn is_complete(table: &Node, schema: &Json) -> bool {
    let required = schema.get("required").and_then(Json::as_array);
    required
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .all(|key| table.entry(key).is_some_and(|entry| !entry.node.is_cut()))
}

/// Whether the value has the type that the schema names.
fn is_of_type(node: &Node, schema: &Json) -> bool {
    let name = match node.value {
        Value::Integer(_) | Value::Float(_) if is_cpus(schema) => return true,
        Value::String(_) => "string",
        Value::Integer(_) => "integer",
        Value::Boolean(_) => "boolean",
        Value::Array(_) => "array",
        Value::Table(_) => "object",
        Value::HugeInteger(_) | Value::Float(_) | Value::Datetime(_) | Value::Cut => return false,
    };
    schema.get("type").and_then(Json::as_str) == Some(name)
}

/// Whether a schema takes a number of processors.
fn is_cpus(schema: &Json) -> bool {
    schema.get("format").and_then(Json::as_str) == Some("cpus")
}

/// What a schema expects, for "expected ...".
fn expectation(schema: &Json) -> String {
    let text = |key: &str| schema.get(key).and_then(Json::as_str);
    match (text("type"), text("format")) {
        (_, Some("duration-with-unit")) => "a duration in quotes, such as `\"10m\"`".to_owned(),
        (_, Some("cpus")) => "a number of processors, such as `1.5`".to_owned(),
        (_, Some("byte-size")) => "a size in quotes, such as `\"40MiB\"`".to_owned(),
        (_, Some("bandwidth")) => "a bandwidth in quotes, such as `\"25Mbit/s\"`".to_owned(),
        (_, Some("relative-path" | "folder-path")) => "a relative path in quotes".to_owned(),
        (Some("string"), _) => "a string".to_owned(),
        (Some("integer"), _) => "a whole number".to_owned(),
        (Some("boolean"), _) => "`true` or `false`".to_owned(),
        (Some("array"), _) => "an array".to_owned(),
        (Some("object"), _) => match schema.get("required").and_then(Json::as_array).map(Vec::as_slice) {
            Some([only]) => format!("a table with `{}`", only.as_str().unwrap_or_default()),
            _ => "a table".to_owned(),
        },
        _ => "another value".to_owned(),
    }
}

fn joined(table: &str, key: &str) -> String {
    match table {
        "" => key.to_owned(),
        _ => format!("{table}.{key}"),
    }
}

/// A description as a fragment of a sentence.
fn lower_first(description: &str) -> String {
    let mut characters = description.trim_end_matches('.').chars();
    characters
        .next()
        .map(|first| first.to_lowercase().chain(characters).collect())
        .unwrap_or_default()
}
