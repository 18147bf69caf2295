//! The metrics that a scenario measures, by key.

use super::StartCache;

/// A metric of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its key, such as `step.edit source.time`.
    pub key: String,
    /// What its values are.
    pub unit: MetricUnit,
}

/// What the values of a metric are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricUnit {
    /// Durations.
    Time,
    /// Amounts of data.
    Bytes,
    /// Numbers of things.
    Count,
}

impl Metric {
    /// The metrics of a scenario with these steps, in the order in which they are reported; that of the classic
    /// builder's tar only where that builds, and those of starts and of bursts only where the scenario
    /// starts its images so.
    #[must_use]
    pub fn all(steps: &[&str], classic: bool, starts: &[StartCache], bursts: &[u32]) -> Vec<Self> {
        use MetricUnit::{Bytes, Count, Time};
        let metric = |key: String, unit| Self { key, unit };
        let mut metrics = Vec::new();
        for step in steps {
            metrics.push(metric(format!("step.{step}.time"), Time));
            metrics.push(metric(format!("step.{step}.rebuilt"), Count));
            metrics.push(metric(format!("step.{step}.sent"), Bytes));
        }
        let contexts = [("context.size", Bytes), ("context.files", Count)];
        let tar = classic.then_some(("context.tar", Bytes));
        let images = [("image.size", Bytes), ("image.layers", Count)];
        for (key, unit) in contexts.into_iter().chain(tar).chain(images) {
            metrics.push(metric(key.to_owned(), unit));
        }
        for cache in starts {
            let of_starts = [
                ("start.client", Time),
                ("start.ready", Time),
                ("start.app", Time),
                ("start.runtime", Time),
                ("start.cpu", Time),
                ("start.memory", Bytes),
                ("start.majflt", Count),
                ("start.read", Bytes),
                ("start.disk", Bytes),
            ];
            for (key, unit) in of_starts {
                metrics.push(metric(format!("{key}{}", cache.suffix()), unit));
            }
            if *cache == StartCache::ColdPull {
                metrics.push(metric("start.pull".to_owned(), Time));
                metrics.push(metric("pull.bytes".to_owned(), Bytes));
                metrics.push(metric("pull.download".to_owned(), Time));
                metrics.push(metric("pull.extract".to_owned(), Time));
            }
        }
        for containers in bursts {
            let of_bursts = [
                ("first", Time),
                ("median", Time),
                ("last", Time),
                ("memory", Bytes),
                ("disk", Bytes),
            ];
            for (word, unit) in of_bursts {
                metrics.push(metric(format!("burst.{containers}.{word}"), unit));
            }
        }
        metrics
    }
}

impl Metric {
    /// Whether the format has this metric and this version does not measure it.
    pub(super) fn is_planned(key: &str) -> bool {
        [
            "image.compressed",
            "image.waste",
            "image.files",
            "image.manifest",
            "image.packages",
            "image.setuid",
            "image.shell",
        ]
        .contains(&key)
    }
}
