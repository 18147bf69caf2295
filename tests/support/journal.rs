//! Journals of real runs, read as plain JSON.

use std::fs;
use std::path::Path;

use serde_json::Value;

/// The journal of one real run.
#[derive(Debug)]
pub(crate) struct Fixture {
    /// The folder's name: the scenario, the engine and its image store.
    pub(crate) name: String,
    pub(crate) text: String,
    records: Vec<Value>,
}

/// Every journal of the fixtures.
pub(crate) fn fixtures() -> Vec<Fixture> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs");
    let entries = fs::read_dir(&folder).expect("a folder with journals of real runs");
    let mut fixtures: Vec<_> = entries
        .map(|entry| entry.expect("an entry of it").path())
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            let journal = path.join("journal.jsonl");
            let text = fs::read_to_string(&journal);
            let text = text.unwrap_or_else(|error| panic!("{}: {error}", journal.display()));
            let records = text
                .lines()
                .map(|line| serde_json::from_str(line).expect("a record"));
            Fixture {
                name,
                records: records.collect(),
                text,
            }
        })
        .collect();
    assert!(!fixtures.is_empty(), "{} holds no journal", folder.display());
    fixtures.sort_by(|a, b| a.name.cmp(&b.name));
    fixtures
}

impl Fixture {
    pub(crate) fn header(&self) -> &Value {
        &self.records[0]
    }

    /// Builds and starts.
    pub(crate) fn samples(&self) -> impl Iterator<Item = &Value> {
        self.records
            .iter()
            .filter(|record| record["kind"] == "build" || record["kind"] == "start")
    }

    /// The values of a metric that count, in ascending order; `None` for a metric that is not of a step's build or of
    /// a start.
    pub(crate) fn counted(&self, variant: &str, metric: &str) -> Option<Vec<u64>> {
        let (step, field) = match metric.strip_prefix("step.") {
            Some(rest) => rest.rsplit_once('.')?,
            None => ("", metric.strip_prefix("start.")?),
        };
        let counted = self.samples().filter(|sample| {
            sample["key"]["variant"] == variant
                && sample["key"]["warmup"] == false
                && sample["outcome"]["status"] == "ok"
                && sample["step"].as_str().unwrap_or_default() == step
        });
        let mut values: Vec<u64> = counted
            .filter_map(|sample| match field {
                "time" => sample["duration_ns"].as_u64(),
                "sent" => sample["context"]["sent_bytes"].as_u64(),
                "rebuilt" => {
                    let instructions = sample["instructions"].as_array()?;
                    let ran = instructions
                        .iter()
                        .filter(|instruction| instruction["cached"] == false);
                    u64::try_from(ran.count()).ok()
                }
                _ => sample[field]["value_ns"].as_u64(),
            })
            .collect();
        values.sort_unstable();
        Some(values)
    }
}
