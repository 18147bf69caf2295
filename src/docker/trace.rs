//! Folding a build's status messages into instructions and phases.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bollard_buildkit_proto::google::protobuf::Timestamp;
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexStatus};

use super::build_part::Part;
use super::log_tail::LogTail;
use crate::results::{
    BuildGraph, CacheExport, Downloaded, Downloads, GRAPH_VERSION, GraphPart, GraphVertex, Phase, WorkSpan,
};
use crate::run::{BuildFault, TracedInstruction};
use crate::unit::{ByteSize, DaemonInstant, DaemonSpan, Nanos};

/// What a build's messages have said so far.
#[derive(Debug, Default)]
pub(super) struct Trace {
    vertices: Vec<TracedVertex>,
    by_digest: HashMap<String, usize>,
}

/// One vertex of the build graph, over all messages that named it.
#[derive(Debug, Default)]
struct TracedVertex {
    name: String,
    /// Digests of the vertices whose results it takes.
    inputs: Vec<String>,
    cached: bool,
    error: String,
    /// Completion by start, both in nanoseconds of the daemon's clock: a vertex can work in several spans, and the
    /// same span is told again in later messages.
    spans: BTreeMap<i128, Option<i128>>,
    log: LogTail,
    /// What it got from a registry, by digest.
    downloads: BTreeMap<String, Download>,
    /// Layers that it stored in a remote cache, by digest.
    stored: BTreeSet<String>,
}

/// One layer that came from a registry.
#[derive(Clone, Copy, Debug, Default)]
struct Download {
    bytes: u64,
    extracted: bool,
    span: Option<(i128, i128)>,
}

impl Trace {
    /// Takes one message in.
    pub(super) fn take(&mut self, message: StatusResponse) {
        for vertex in message.vertexes {
            self.vertex(&vertex.digest).update(vertex);
        }
        for status in message.statuses {
            self.vertex(&status.vertex).take_status(&status);
        }
        for log in message.logs {
            self.vertex(&log.vertex).log.push(&log.msg);
        }
    }

    fn vertex(&mut self, digest: &str) -> &mut TracedVertex {
        let index = *self.by_digest.entry(digest.to_owned()).or_insert_with(|| {
            self.vertices.push(TracedVertex::default());
            self.vertices.len() - 1
        });
        &mut self.vertices[index]
    }

    /// The Dockerfile's instructions, in the order in which they were named first.
    pub(super) fn instructions(&self) -> Vec<TracedInstruction> {
        let zero = self.zero();
        self.vertices
            .iter()
            .filter(|vertex| Part::of(&vertex.name) == Part::Instructions)
            .map(|vertex| TracedInstruction {
                vertex_name: vertex.name.clone(),
                cached: vertex.cached,
                started: vertex.spans.keys().next().map(|start| nanos(start - zero)),
                duration: union(vertex.complete_spans()),
                log_bytes: ByteSize(vertex.log.bytes()),
            })
            .collect()
    }

    /// What waited for what. An input that no message named, as one that no stage needs, is left out.
    pub(super) fn graph(&self) -> Option<BuildGraph> {
        let zero = self.zero();
        let is_named = |vertex: &&TracedVertex| !vertex.name.is_empty();
        let mut places = vec![None; self.vertices.len()];
        let named = self.vertices.iter().enumerate();
        for (place, (index, _)) in named.filter(|(_, vertex)| is_named(vertex)).enumerate() {
            places[index] = u32::try_from(place).ok();
        }
        let mut instructions = 0..;
        let vertices: Vec<_> = self
            .vertices
            .iter()
            .filter(is_named)
            .map(|vertex| {
                let part = Part::in_graph(&vertex.name);
                let instruction = (part == GraphPart::Instruction)
                    .then(|| instructions.next())
                    .flatten();
                let pulled = vertex.downloads.values().filter_map(|download| download.span);
                GraphVertex {
                    part,
                    instruction,
                    name: instruction.is_none().then(|| vertex.name.clone()),
                    cached: vertex.cached,
                    inputs: vertex
                        .inputs
                        .iter()
                        .filter_map(|digest| places[*self.by_digest.get(digest)?])
                        .collect(),
                    spans_ns: work(vertex.complete_spans(), zero),
                    // What a base gets from its registry is its own work.
                    pulled_ns: instruction
                        .map(|_| work(pulled.collect(), zero))
                        .unwrap_or_default(),
                }
            })
            .collect();
        (!vertices.is_empty()).then_some(BuildGraph {
            version: GRAPH_VERSION,
            vertices,
        })
    }

    /// The build's parts: when each began and how long at least one of its vertices worked.
    pub(super) fn phases(&self) -> Vec<Phase> {
        let zero = self.zero();
        let mut spans: BTreeMap<Part, Vec<(i128, i128)>> = BTreeMap::new();
        for vertex in &self.vertices {
            // A cached vertex is given a span as well; it stands for a look-up, not for work of that part.
            if !vertex.cached {
                spans
                    .entry(Part::of(&vertex.name))
                    .or_default()
                    .extend(vertex.complete_spans());
            }
            if Part::of(&vertex.name) == Part::Instructions {
                let got = vertex.downloads.values().filter_map(|download| download.span);
                spans.entry(Part::CacheImport).or_default().extend(got);
            }
        }
        spans
            .into_iter()
            .filter_map(|(part, spans)| {
                let started = spans.iter().map(|(start, _)| *start).min()?;
                Some(Phase {
                    name: part.name()?.to_owned(),
                    started_ns: nanos(started - zero),
                    duration_ns: union(spans)?,
                })
            })
            .collect()
    }

    /// What came from registries: layers of a remote cache with the instructions, those of the base with FROM.
    pub(super) fn downloads(&self) -> Downloads {
        let of = |wanted: Part| {
            let vertices = self.vertices.iter();
            let downloads = vertices
                .filter(|vertex| Part::of(&vertex.name) == wanted)
                .flat_map(|vertex| vertex.downloads.iter());
            // Two instructions that need the same layer both tell of it. With a base come its manifest and its
            // configuration, which are never extracted.
            let is_layer =
                |(_, download): &(&String, &Download)| wanted != Part::Resolve || download.extracted;
            let by_digest: BTreeMap<_, _> = downloads.filter(is_layer).collect();
            let bytes = by_digest.values().map(|download| download.bytes);
            Downloaded {
                count: by_digest.len() as u64,
                // Storage drivers of the older kind tell of each layer, and not how big it is.
                bytes: bytes
                    .map(|bytes| (bytes > 0).then_some(ByteSize(bytes)))
                    .sum::<Option<_>>(),
            }
        };
        Downloads {
            layers: of(Part::Instructions),
            base: of(Part::Resolve),
        }
    }

    /// What was stored in a remote cache, where the daemon told of an export. It tells of layers and of no sizes.
    pub(super) fn cache_export(&self) -> Option<CacheExport> {
        let mut exports = self
            .vertices
            .iter()
            .filter(|vertex| Part::of(&vertex.name) == Part::CacheExport)
            .peekable();
        exports.peek()?;
        let layers: BTreeSet<_> = exports.flat_map(|vertex| &vertex.stored).collect();
        Some(CacheExport {
            layers: layers.len() as u64,
            written_bytes: None,
        })
    }

    /// Why a remote cache could not be read, in the daemon's words. The build goes on without it.
    pub(super) fn import_fault(&self) -> Option<String> {
        self.vertices
            .iter()
            .find(|vertex| Part::of(&vertex.name) == Part::CacheImport && !vertex.error.is_empty())
            .map(|vertex| vertex.error.clone())
    }

    /// What went wrong: the first vertex with an error, or, where the time was up, the one that was at work; and what
    /// it logged last.
    pub(super) fn fault(&self, message: String, timed_out: bool) -> BuildFault {
        // A vertex that was only stopped because another one failed says so in its own error.
        let failed = self
            .vertices
            .iter()
            .filter(|vertex| !vertex.error.is_empty() && Part::of(&vertex.name) != Part::CacheImport)
            .min_by_key(|vertex| vertex.error.contains("context canceled"))
            .or_else(|| self.at_work().filter(|_| timed_out));
        BuildFault {
            message,
            timed_out,
            vertex_name: failed.map(|vertex| vertex.name.clone()),
            log_tail: failed.map(|vertex| vertex.log.lines()).unwrap_or_default(),
        }
    }

    /// The vertex that began last among those that have not ended.
    fn at_work(&self) -> Option<&TracedVertex> {
        self.vertices
            .iter()
            .filter_map(|vertex| {
                let unfinished = vertex.spans.iter().rfind(|(_, end)| end.is_none());
                Some((unfinished?.0, vertex))
            })
            .max_by_key(|(start, _)| **start)
            .map(|(_, vertex)| vertex)
    }

    /// From the first thing that the daemon began on to the last that it ended, as far as it was told.
    pub(super) fn span(&self) -> Option<DaemonSpan> {
        let instant = |nanoseconds: i128| i64::try_from(nanoseconds).ok().map(DaemonInstant);
        let spans = || self.vertices.iter().flat_map(|vertex| &vertex.spans);
        let ended = spans().map(|(start, end)| end.unwrap_or(*start)).max()?;
        Some(DaemonSpan {
            began: instant(self.zero())?,
            ended: instant(ended)?,
        })
    }

    /// The daemon's clock when it began on the first vertex.
    fn zero(&self) -> i128 {
        let starts = self
            .vertices
            .iter()
            .filter_map(|vertex| vertex.spans.keys().next());
        starts.min().copied().unwrap_or_default()
    }
}

impl TracedVertex {
    fn update(&mut self, vertex: Vertex) {
        self.name = vertex.name;
        // Messages of a vertex that is at work may leave out what the first one told.
        if !vertex.inputs.is_empty() {
            self.inputs = vertex.inputs;
        }
        self.cached |= vertex.cached;
        if !vertex.error.is_empty() {
            self.error = vertex.error;
        }
        if let Some(started) = vertex.started {
            let completed = self.spans.entry(stamp(started)).or_default();
            if let Some(end) = vertex.completed {
                *completed = Some(stamp(end));
            }
        }
    }

    fn take_status(&mut self, status: &VertexStatus) {
        if let Some(digest) = status.id.strip_prefix("writing layer ") {
            self.stored.insert(digest.to_owned());
            return;
        }
        // A layer of a base is told as `sha256:…` and, once it is there, as `extracting sha256:…`; one of a remote
        // cache by its digest alone, or as `pulling sha256:…` where images are kept by a storage driver.
        let (verb, digest) = status.id.split_once(' ').unwrap_or(("", &status.id));
        if !digest.starts_with("sha256:") || !["", "pulling", "extracting"].contains(&verb) {
            return;
        }
        let download = self.downloads.entry(digest.to_owned()).or_default();
        if verb == "extracting" {
            download.extracted = true;
            return;
        }
        let told = status.current.max(status.total);
        download.bytes = download.bytes.max(u64::try_from(told).unwrap_or_default());
        if let (Some(started), Some(completed)) = (status.started, status.completed) {
            download.span = Some((stamp(started), stamp(completed)));
        }
    }

    fn complete_spans(&self) -> Vec<(i128, i128)> {
        self.spans
            .iter()
            .filter_map(|(start, end)| Some((*start, (*end)?)))
            .collect()
    }
}

fn stamp(time: Timestamp) -> i128 {
    i128::from(time.seconds) * 1_000_000_000 + i128::from(time.nanos)
}

fn nanos(difference: i128) -> Nanos {
    Nanos(u64::try_from(difference).unwrap_or_default())
}

/// Spans as they are stored.
fn work(spans: Vec<(i128, i128)>, zero: i128) -> Vec<WorkSpan> {
    let spans = spans.into_iter().map(|(start, end)| WorkSpan {
        started: nanos(start - zero),
        duration: nanos(end - start),
    });
    WorkSpan::merged(spans.collect())
}

/// The time that is covered by at least one span; `None` without any.
fn union(mut spans: Vec<(i128, i128)>) -> Option<Nanos> {
    spans.sort_unstable();
    let (mut covered, mut until) = (0, spans.first()?.0);
    for (start, end) in spans {
        let start = start.max(until);
        if end > start {
            covered += end - start;
            until = end;
        }
    }
    Some(nanos(covered))
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::buildkit::v1::VertexLog;

    use super::*;

    fn time(nanos: i32) -> Timestamp {
        Timestamp {
            seconds: 1_000,
            nanos,
        }
    }

    fn vertex(name: &str, span: &[i32]) -> Vertex {
        Vertex {
            digest: format!("digest of {name}"),
            name: name.to_owned(),
            started: span.first().copied().map(time),
            completed: span.get(1).copied().map(time),
            ..Vertex::default()
        }
    }

    fn trace(vertexes: Vec<Vertex>) -> Trace {
        let mut trace = Trace::default();
        for vertex in vertexes {
            trace.take(StatusResponse {
                vertexes: vec![vertex],
                ..StatusResponse::default()
            });
        }
        trace
    }

    #[test]
    fn spans_of_a_vertex_are_summed_once_each_however_often_they_are_told() {
        let run = "[2/2] RUN make";
        let trace = trace(vec![
            vertex("[internal] load build context", &[100, 150]),
            vertex(run, &[]),
            vertex(run, &[200]),
            vertex(run, &[200, 260]),
            vertex(run, &[200, 260]),
            vertex(run, &[300, 340]),
        ]);
        let instructions = trace.instructions();
        assert_eq!(instructions.len(), 1);
        assert_eq!(instructions[0].started, Some(Nanos(100)));
        assert_eq!(instructions[0].duration, Some(Nanos(100)));
        let phases: Vec<_> = trace
            .phases()
            .into_iter()
            .map(|phase| (phase.name, phase.started_ns, phase.duration_ns))
            .collect();
        assert_eq!(
            phases,
            [
                ("context".to_owned(), Nanos(0), Nanos(50)),
                ("instructions".to_owned(), Nanos(100), Nanos(100)),
            ]
        );
    }

    #[test]
    fn the_graph_tells_inputs_by_their_place_and_instructions_by_theirs() {
        let base = vertex("[a 1/2] FROM base", &[10, 20]);
        let load = vertex("[internal] load build context", &[5, 25]);
        let inputs = vec![base.digest.clone(), load.digest.clone(), "never named".to_owned()];
        let copy = "[a 2/2] COPY . .";
        let mut trace = trace(vec![
            base,
            Vertex {
                inputs,
                ..vertex(copy, &[])
            },
            load,
            vertex(copy, &[30, 34]),
            vertex(copy, &[33, 40]),
            Vertex {
                cached: true,
                ..vertex("[b 2/2] RUN make", &[20, 20])
            },
        ]);
        // Logs of a vertex that was never named do not make one.
        trace.take(StatusResponse {
            logs: vec![VertexLog {
                vertex: "unknown".to_owned(),
                ..VertexLog::default()
            }],
            ..StatusResponse::default()
        });
        let graph = serde_json::to_value(trace.graph()).unwrap();
        assert_eq!(
            graph,
            serde_json::json!({"version": 1, "vertices": [
                {"part": "base", "name": "[a 1/2] FROM base", "spans_ns": [[5, 10]]},
                {"part": "instruction", "instruction": 0, "inputs": [0, 2], "spans_ns": [[25, 10]]},
                {"part": "context", "name": "[internal] load build context", "spans_ns": [[0, 20]]},
                {"part": "instruction", "instruction": 1, "cached": true, "spans_ns": [[15, 0]]},
            ]})
        );
        assert_eq!(Trace::default().graph(), None);
    }

    #[test]
    fn layers_that_were_stored_in_a_remote_cache_count_once_each() {
        let export = vertex("exporting cache to registry", &[10, 20]);
        let writing = [
            "writing layer sha256:a",
            "writing layer sha256:b",
            "writing layer sha256:a",
            "writing config sha256:c",
        ];
        let statuses = writing.map(|id| VertexStatus {
            id: id.to_owned(),
            vertex: export.digest.clone(),
            ..VertexStatus::default()
        });
        let mut trace = trace(vec![export]);
        trace.take(StatusResponse {
            statuses: statuses.to_vec(),
            ..StatusResponse::default()
        });
        let stored = CacheExport {
            layers: 2,
            written_bytes: None,
        };
        assert_eq!(trace.cache_export(), Some(stored));
        assert_eq!(Trace::default().cache_export(), None);
    }

    #[test]
    fn stages_that_work_at_the_same_time_count_once() {
        let trace = trace(vec![
            vertex("[a 2/2] RUN one", &[0, 100]),
            vertex("[b 2/2] RUN two", &[50, 120]),
        ]);
        assert_eq!(trace.phases()[0].duration_ns, Nanos(120));
    }

    #[test]
    fn a_fault_names_the_vertex_that_failed_and_not_the_ones_that_were_stopped_for_it() {
        let mut trace = trace(vec![
            Vertex {
                error: "context canceled".to_owned(),
                ..vertex("[a 2/2] RUN sleep", &[0, 9])
            },
            Vertex {
                error: "exit code: 1".to_owned(),
                ..vertex("[b 2/2] RUN false", &[0, 9])
            },
        ]);
        let log: String = (0..150)
            .map(|line| format!("line {line}\n"))
            .chain(["progress 1 %\rdone".to_owned()])
            .collect();
        trace.take(StatusResponse {
            logs: vec![VertexLog {
                vertex: "digest of [b 2/2] RUN false".to_owned(),
                msg: log.into_bytes(),
                ..VertexLog::default()
            }],
            ..StatusResponse::default()
        });
        let fault = trace.fault("failed".to_owned(), false);
        assert_eq!(fault.vertex_name.as_deref(), Some("[b 2/2] RUN false"));
        assert_eq!(fault.log_tail.len(), 101);
        assert_eq!(fault.log_tail[0], "line 50");
        assert_eq!(fault.log_tail[100], "done");
    }

    #[test]
    fn a_build_whose_time_was_up_was_at_what_had_not_ended() {
        let trace = trace(vec![
            vertex("[2/4] COPY . .", &[0, 100]),
            vertex("[3/4] RUN sleep", &[100]),
            vertex("[4/4] RUN never", &[]),
        ]);
        let at = |timed_out| trace.fault(String::new(), timed_out).vertex_name;
        assert_eq!(at(true).as_deref(), Some("[3/4] RUN sleep"));
        assert_eq!(at(false), None);
    }
}
