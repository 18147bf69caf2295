//! What a build did and what waited for what, as the daemon's trace tells it.

use serde::{Deserialize, Serialize};

use crate::unit::Nanos;

/// The version of a stored graph that this program writes, and the only one that it draws conclusions from.
pub const GRAPH_VERSION: u32 = 1;

/// The vertices of a build with their inputs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuildGraph {
    /// What the fields below mean; see [`GRAPH_VERSION`].
    pub version: u32,
    /// In the order in which the daemon named them first.
    pub vertices: Vec<GraphVertex>,
}

impl BuildGraph {
    /// The vertices, where this version knows what they mean.
    #[must_use]
    pub fn known(&self) -> &[GraphVertex] {
        if self.version == GRAPH_VERSION {
            &self.vertices
        } else {
            &[]
        }
    }
}

/// One thing that a build did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphVertex {
    /// What of the build it belongs to.
    pub part: GraphPart,
    /// Which of the sample's instructions it is, from 0; absent for anything else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instruction: Option<u32>,
    /// Its name; absent for an instruction, which has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether its result came from the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
    /// The vertices whose results it takes, by their place in the graph, from 0.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inputs: Vec<u32>,
    /// When it worked, in order, without overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spans_ns: Vec<WorkSpan>,
    /// When it got layers from a remote cache, in order, without overlap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pulled_ns: Vec<WorkSpan>,
}

/// What of a build a vertex belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GraphPart {
    /// Reading the Dockerfile and looking up bases.
    Resolve,
    /// Getting a base: a FROM.
    Base,
    /// Getting a context's files.
    Context,
    /// Reading what a remote cache holds.
    CacheImport,
    /// An instruction.
    Instruction,
    /// Storing the image.
    Export,
    /// Writing to a remote cache.
    CacheExport,
    /// Anything else, also what a later version calls by another name.
    #[default]
    #[serde(other)]
    Other,
}

impl GraphPart {
    /// The phase that it counts for; `None` where that is no phase of ours.
    #[must_use]
    pub const fn phase(self) -> Option<&'static str> {
        match self {
            Self::Resolve | Self::Base => Some("resolve"),
            Self::Context => Some("context"),
            Self::CacheImport => Some("cache-import"),
            Self::Instruction => Some("instructions"),
            Self::Export => Some("export"),
            Self::CacheExport => Some("cache-export"),
            Self::Other => None,
        }
    }
}

/// A stretch of work, stored as `[started, took]` in nanoseconds from the first thing that the daemon began on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "(Nanos, Nanos)", into = "(Nanos, Nanos)")]
pub struct WorkSpan {
    /// When it began.
    pub started: Nanos,
    /// How long it took.
    pub duration: Nanos,
}

impl WorkSpan {
    /// When it ended.
    #[must_use]
    pub fn ended(self) -> Nanos {
        self.started + self.duration
    }

    /// The time that is covered by at least one of the spans, in order, without overlap; a span without length stays
    /// where no other covers it.
    #[must_use]
    pub fn merged(mut spans: Vec<Self>) -> Vec<Self> {
        spans.sort_unstable();
        let mut merged: Vec<Self> = Vec::new();
        for span in spans {
            match merged.last_mut() {
                Some(last) if span.started <= last.ended() => {
                    let ended = last.ended().max(span.ended());
                    last.duration = ended.saturating_since(last.started);
                }
                _ => merged.push(span),
            }
        }
        merged
    }
}

impl From<(Nanos, Nanos)> for WorkSpan {
    fn from((started, duration): (Nanos, Nanos)) -> Self {
        Self { started, duration }
    }
}

impl From<WorkSpan> for (Nanos, Nanos) {
    fn from(span: WorkSpan) -> Self {
        (span.started, span.duration)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: u64, to: u64) -> WorkSpan {
        WorkSpan {
            started: Nanos(from),
            duration: Nanos(to - from),
        }
    }

    #[test]
    fn spans_that_touch_or_overlap_are_one() {
        let spans = vec![span(50, 60), span(0, 10), span(5, 20), span(20, 30), span(55, 58)];
        assert_eq!(WorkSpan::merged(spans), [span(0, 30), span(50, 60)]);
        assert_eq!(WorkSpan::merged(Vec::new()), []);
    }

    #[test]
    fn a_graph_is_stored_without_what_is_empty_and_read_back() {
        let graph = BuildGraph {
            version: GRAPH_VERSION,
            vertices: vec![
                GraphVertex {
                    part: GraphPart::Base,
                    name: Some("[1/2] FROM base".to_owned()),
                    cached: true,
                    ..GraphVertex::default()
                },
                GraphVertex {
                    part: GraphPart::Instruction,
                    instruction: Some(3),
                    inputs: vec![0],
                    spans_ns: vec![span(5, 12)],
                    ..GraphVertex::default()
                },
            ],
        };
        let stored = serde_json::to_string(&graph).unwrap();
        assert_eq!(
            stored,
            "{\"version\":1,\"vertices\":[{\"part\":\"base\",\"name\":\"[1/2] FROM base\",\"cached\":true},\
             {\"part\":\"instruction\",\"instruction\":3,\"inputs\":[0],\"spans_ns\":[[5,7]]}]}"
        );
        assert_eq!(serde_json::from_str::<BuildGraph>(&stored).unwrap(), graph);
        let later: GraphVertex = serde_json::from_str("{\"part\":\"signing\"}").unwrap();
        assert_eq!(later.part, GraphPart::Other);
    }
}
