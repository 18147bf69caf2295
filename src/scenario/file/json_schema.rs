//! The JSON Schema of the scenario file, generated from its types.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::ScenarioDocument;

/// The JSON Schema of the scenario file, as `seatrial schema` prints it.
///
/// The formats `relative-path`, `duration-with-unit` and `byte-size` are this program's own.
#[must_use]
pub fn json_schema() -> String {
    let mut text = format!("{:#}", schema_of::<ScenarioDocument>());
    text.push('\n');
    text
}

/// The schema of one document type.
pub(super) fn schema_of<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value();
    drop_null(&mut schema);
    schema
}

/// TOML has no null: an optional key is absent. Takes the null that stands for absence out of every schema.
fn drop_null(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(drop_null),
        Value::Object(keys) => {
            if let Some(Value::Array(types)) = keys.get_mut("type") {
                types.retain(|name| name != "null");
                if let [only] = &types[..] {
                    let only = only.clone();
                    keys.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(branches)) = keys.get_mut("anyOf") {
                branches.retain(|branch| branch.get("type") != Some(&Value::from("null")));
                if let [Value::Object(only)] = &branches[..] {
                    let only = only.clone();
                    keys.remove("anyOf");
                    keys.extend(only);
                }
            }
            keys.values_mut().for_each(drop_null);
        }
        _ => {}
    }
}
