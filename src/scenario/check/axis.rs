//! The axes of a matrix, and the values on them.

use std::collections::BTreeMap;

use super::build_options::check_platform;
use super::findings::Findings;
use super::placed::Placed;
use super::variants::check_argument;
use crate::scenario::file::{Cursor, MatrixTable};
use crate::scenario::nearest::hint;
use crate::scenario::{Base, BuilderKind, Origin, Provenance};

/// One axis.
#[derive(Debug)]
pub(super) struct Axis<'tree> {
    /// Its key in the matrix, such as `builder` or `args.PYTHON`.
    pub(super) name: String,
    pub(super) values: Vec<Setting<'tree>>,
}

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub(super) struct Setting<'tree> {
    pub(super) value: Value,
    at: Cursor<'tree>,
}

/// One thing that a combination sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Builder(BuilderKind),
    Base(String),
    Target(String),
    Platform(String),
    Argument { name: String, value: String },
}

impl Value {
    fn text(&self) -> &str {
        match self {
            Self::Builder(kind) => kind.as_str(),
            Self::Base(text)
            | Self::Target(text)
            | Self::Platform(text)
            | Self::Argument { value: text, .. } => text,
        }
    }

    /// The value as part of a variant's name.
    pub(super) fn slug(&self) -> String {
        let mut slug = String::new();
        for character in self.text().to_lowercase().chars() {
            let fits = character.is_ascii_lowercase() || character.is_ascii_digit();
            let separator = if "._".contains(character) { character } else { '-' };
            if fits {
                slug.push(character);
            } else if !slug.is_empty() && !slug.ends_with(['.', '_', '-']) {
                slug.push(separator);
            }
        }
        let slug = slug.trim_end_matches(['.', '_', '-']);
        if slug.is_empty() { "empty" } else { slug }.to_owned()
    }
}

impl<'tree> Setting<'tree> {
    /// Sets it.
    pub(super) fn apply(&self, placed: &mut Placed<'tree>, provenance: &mut Provenance) {
        let variant = &mut placed.variant;
        match &self.value {
            Value::Builder(kind) => {
                variant.builder = *kind;
                provenance.note(format!("variant.{}.builder", variant.name), Origin::Scenario);
            }
            Value::Base(base) => variant.base = Some(base.clone()),
            Value::Target(target) => {
                variant.target = Some(target.clone());
                placed.target = self.at.clone();
            }
            Value::Platform(platform) => {
                variant.options.platform = Some(platform.clone());
                placed.platform = self.at.clone();
                provenance.note(format!("variant.{}.platform", variant.name), Origin::Scenario);
            }
            Value::Argument { name, value } => {
                variant.args.insert(name.clone(), value.clone());
            }
        }
    }

    /// Notes a base or a platform that is none.
    pub(super) fn check(&self, bases: &[Base], findings: &mut Findings<'_>) {
        match &self.value {
            Value::Base(name) => check_base(name, &self.at, bases, findings),
            Value::Platform(platform) => check_platform(platform, &self.at, findings),
            Value::Builder(_) | Value::Target(_) | Value::Argument { .. } => {}
        }
    }
}

/// Notes a name that no base has.
pub(super) fn check_base(name: &str, at: &Cursor<'_>, bases: &[Base], findings: &mut Findings<'_>) {
    let names: Vec<&str> = bases.iter().map(|base| base.name.as_str()).collect();
    if !names.contains(&name) {
        let problem = findings.at(at, format!("the scenario has no base `{name}`"));
        problem.hint = hint(name, "its bases are", &names).or_else(|| {
            Some("a base is a table `[base.<name>]` with `image`, `import` or `ballast`".to_owned())
        });
    }
}

impl<'tree> Axis<'tree> {
    /// Where a variant's table sets what this axis does.
    pub(super) fn set_by(&self, table: &Cursor<'tree>) -> Option<Cursor<'tree>> {
        match self.name.split_once('.') {
            None => table.has(&self.name).then(|| table.key(&self.name)),
            Some((key, argument)) => {
                let args = table.key(key);
                (table.has(key) && args.has(argument)).then(|| args.key(argument))
            }
        }
    }
}

/// The axes of a matrix in the file's order.
pub(super) fn axes<'tree>(
    table: &MatrixTable,
    at: &Cursor<'tree>,
    bases: &[Base],
    findings: &mut Findings<'_>,
) -> Vec<Axis<'tree>> {
    let texts = |texts: Option<&Vec<String>>, value: fn(String) -> Value| {
        texts.into_iter().flatten().cloned().map(value).collect()
    };
    let mut axes = Vec::new();
    for key in at.keys() {
        let at = at.key(key);
        let values: Vec<Value> = match key {
            "builder" => table
                .builder
                .iter()
                .flatten()
                .copied()
                .map(Value::Builder)
                .collect(),
            "base" => texts(table.base.as_ref(), Value::Base),
            "target" => texts(table.target.as_ref(), Value::Target),
            "platform" => texts(table.platform.as_ref(), Value::Platform),
            "args" => {
                axes.extend(argument_axes(table, &at, bases, findings));
                continue;
            }
            _ => continue,
        };
        axes.push(axis(key.to_owned(), values, &at, bases, findings));
    }
    axes
}

fn argument_axes<'tree>(
    table: &MatrixTable,
    at: &Cursor<'tree>,
    bases: &[Base],
    findings: &mut Findings<'_>,
) -> Vec<Axis<'tree>> {
    let mut axes = Vec::new();
    for name in at.keys() {
        let Some(texts) = table.args.as_ref().and_then(|args| args.get(name)) else {
            continue;
        };
        let at = at.key(name);
        check_argument(name, &at, bases, findings);
        let values = texts.iter().map(|text| Value::Argument {
            name: name.to_owned(),
            value: text.clone(),
        });
        axes.push(axis(
            format!("args.{name}"),
            values.collect(),
            &at,
            bases,
            findings,
        ));
    }
    axes
}

fn axis<'tree>(
    name: String,
    values: Vec<Value>,
    at: &Cursor<'tree>,
    bases: &[Base],
    findings: &mut Findings<'_>,
) -> Axis<'tree> {
    if values.is_empty() && !at.has_cut() {
        findings
            .at(at, format!("the axis `{name}` has no value"))
            .hint("leave the axis out, or give it a value");
    }
    for (index, value) in values.iter().enumerate() {
        if values[..index].contains(value) {
            let message = format!("the axis `{name}` has the value `{}` twice", value.text());
            findings.at(&at.index(index), message);
        }
    }
    let mut settings: Vec<Setting<'tree>> = Vec::new();
    for (index, value) in values.into_iter().enumerate() {
        // A repeated value was said; its combinations would only repeat names.
        if settings.iter().all(|setting| setting.value != value) {
            let at = at.index(index);
            settings.push(Setting { value, at });
        }
    }
    for setting in &settings {
        setting.check(bases, findings);
    }
    Axis {
        name,
        values: settings,
    }
}

/// What a table of `exclude` or `include` sets, in the order of the axes' keys in this format.
pub(super) fn settings_of<'tree>(
    builder: Option<BuilderKind>,
    base: Option<&str>,
    target: Option<&str>,
    platform: Option<&str>,
    args: Option<&BTreeMap<String, String>>,
    at: &Cursor<'tree>,
) -> Vec<Setting<'tree>> {
    let text = |text: Option<&str>, value: fn(String) -> Value| text.map(|text| value(text.to_owned()));
    let of_key = |value: Option<Value>, key: &str| {
        value.map(|value| Setting {
            value,
            at: at.key(key),
        })
    };
    let args = args.into_iter().flatten().map(|(name, value)| Setting {
        value: Value::Argument {
            name: name.clone(),
            value: value.clone(),
        },
        at: at.key("args").key(name),
    });
    [
        of_key(builder.map(Value::Builder), "builder"),
        of_key(text(base, Value::Base), "base"),
        of_key(text(target, Value::Target), "target"),
        of_key(text(platform, Value::Platform), "platform"),
    ]
    .into_iter()
    .flatten()
    .chain(args)
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_parts_of_image_references() {
        for (value, slug) in [
            ("3.12", "3.12"),
            ("3.12-slim", "3.12-slim"),
            ("linux/arm64", "linux-arm64"),
            ("A  B", "a-b"),
            ("--x--", "x"),
            ("a._b", "a.b"),
            ("größe", "gr-e"),
            ("", "empty"),
            ("///", "empty"),
        ] {
            assert_eq!(Value::Target(value.to_owned()).slug(), slug, "{value:?}");
        }
    }
}
