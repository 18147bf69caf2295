//! The chain of work that determined when a build ended.
//!
//! The trace names the inputs of each vertex. What it leaves out follows from how every build goes: nothing of the
//! Dockerfile is worked on before it is read and its bases are looked up, which are done one after another, and
//! nothing is exported before all of that is over. A vertex waited for another only where that one had ended when it
//! began: so no moment counts twice on a chain, and no chain is longer than the build.

use std::collections::HashSet;

use crate::results::{BuildGraph, GRAPH_VERSION, GraphPart, WorkSpan};
use crate::unit::Nanos;

/// The longest chain of work in which each waited for the one before, and what the rest had to spare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriticalPath {
    /// The work on the chain: at most the time from the build's first work to its last, and at least that of every
    /// vertex by itself.
    pub length: Nanos,
    /// Its vertices in the order in which they worked, by their place in the graph.
    pub vertices: Vec<usize>,
    /// For each vertex of the graph, how much longer it may work before a chain through it becomes the longest; zero on
    /// the path, absent for one that did not work.
    pub slack: Vec<Option<Nanos>>,
}

/// A stretch of work of a vertex.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    vertex: usize,
    start: u64,
    end: u64,
    rank: usize,
}

impl Stretch {
    const fn work(&self) -> u64 {
        self.end - self.start
    }
}

/// Getting ready, what the Dockerfile says, storing the image, storing the cache.
const RANKS: usize = 4;
/// The rank whose vertices tell their inputs themselves.
const TOLD: usize = 1;

const fn rank(part: GraphPart) -> usize {
    match part {
        GraphPart::Resolve | GraphPart::CacheImport => 0,
        GraphPart::Base | GraphPart::Context | GraphPart::Instruction | GraphPart::Other => TOLD,
        GraphPart::Export => 2,
        GraphPart::CacheExport => 3,
    }
}

/// Whether work of rank `later` waits for all of rank `earlier`, whatever its inputs are.
const fn waits(later: usize, earlier: usize) -> bool {
    earlier < later || (earlier == later && later != TOLD)
}

impl CriticalPath {
    /// The critical path of a build; `None` where nothing in it worked, or a later version stored it.
    #[must_use]
    pub fn of(graph: &BuildGraph) -> Option<Self> {
        if graph.version != GRAPH_VERSION {
            return None;
        }
        let stretches = stretches(graph);
        let earlier = told_predecessors(graph, &stretches);
        let (before, chosen) = lengths_before(&stretches, &earlier);
        let after = lengths_after(&stretches, &earlier);
        // Of equal chains the one that ended last is the one that people waited for.
        let last = (0..stretches.len()).max_by_key(|index| (before[*index], stretches[*index].end))?;
        let length = before[last];
        let mut vertices = Vec::new();
        let mut at = Some(last);
        while let Some(index) = at {
            if vertices.last() != Some(&stretches[index].vertex) {
                vertices.push(stretches[index].vertex);
            }
            at = chosen[index];
        }
        vertices.reverse();
        let mut slack = vec![None; graph.vertices.len()];
        for (index, stretch) in stretches.iter().enumerate() {
            let through = before[index] + after[index] - stretch.work();
            let spare = Nanos(length.saturating_sub(through));
            let of_vertex: &mut Option<Nanos> = &mut slack[stretch.vertex];
            *of_vertex = Some(of_vertex.map_or(spare, |least| least.min(spare)));
        }
        Some(Self {
            length: Nanos(length),
            vertices,
            slack,
        })
    }
}

/// All work in an order in which nothing stands before what it waited for.
fn stretches(graph: &BuildGraph) -> Vec<Stretch> {
    let mut all: Vec<Stretch> = graph
        .vertices
        .iter()
        .enumerate()
        .flat_map(|(vertex, known)| {
            let rank = rank(known.part);
            WorkSpan::merged(known.spans_ns.clone())
                .into_iter()
                .map(move |span| Stretch {
                    vertex,
                    start: span.started.0,
                    end: span.ended().0,
                    rank,
                })
        })
        .collect();
    all.sort_by_key(|stretch| (stretch.start, stretch.end, stretch.vertex));
    all
}

/// For each stretch, the last one before it of its own vertex, and of every input the last one that had ended when it
/// began.
fn told_predecessors(graph: &BuildGraph, stretches: &[Stretch]) -> Vec<Vec<usize>> {
    let mut of_vertex: Vec<Vec<usize>> = vec![Vec::new(); graph.vertices.len()];
    for (index, stretch) in stretches.iter().enumerate() {
        of_vertex[stretch.vertex].push(index);
    }
    let mut inputs: Vec<Option<Vec<usize>>> = vec![None; graph.vertices.len()];
    stretches
        .iter()
        .enumerate()
        .map(|(index, stretch)| {
            let inputs = inputs[stretch.vertex]
                .get_or_insert_with(|| inputs_that_worked(graph, &of_vertex, stretch.vertex));
            let last_of = |vertex: &usize| {
                let own = &of_vertex[*vertex];
                // Stretches of a vertex do not overlap, so that their ends are in order too.
                let ended =
                    own.partition_point(|other| *other < index && stretches[*other].end <= stretch.start);
                ended.checked_sub(1).map(|last| own[last])
            };
            std::iter::once(&stretch.vertex)
                .chain(inputs.iter())
                .filter_map(last_of)
                .collect()
        })
        .collect()
}

/// The inputs of a vertex; one that did not work stands for its own inputs.
fn inputs_that_worked(graph: &BuildGraph, of_vertex: &[Vec<usize>], vertex: usize) -> Vec<usize> {
    let inputs_of = |vertex: usize| {
        let inputs = graph.vertices[vertex].inputs.iter();
        inputs.filter_map(|input| usize::try_from(*input).ok())
    };
    let mut found = Vec::new();
    let mut seen = HashSet::from([vertex]);
    let mut open: Vec<usize> = inputs_of(vertex).collect();
    while let Some(input) = open.pop() {
        if input >= of_vertex.len() || !seen.insert(input) {
            continue;
        }
        if of_vertex[input].is_empty() {
            open.extend(inputs_of(input));
        } else {
            found.push(input);
        }
    }
    found
}

/// The longest chain that ends with each stretch, and the stretch before it on that chain.
fn lengths_before(stretches: &[Stretch], earlier: &[Vec<usize>]) -> (Vec<u64>, Vec<Option<usize>>) {
    let mut by_end: Vec<usize> = (0..stretches.len()).collect();
    by_end.sort_by_key(|index| (stretches[*index].end, *index));
    let mut ended = by_end.into_iter().peekable();
    let mut best: [Option<usize>; RANKS] = [None; RANKS];
    let mut lengths: Vec<u64> = Vec::with_capacity(stretches.len());
    let mut chosen = Vec::with_capacity(stretches.len());
    for (index, stretch) in stretches.iter().enumerate() {
        while let Some(other) =
            ended.next_if(|other| *other < index && stretches[*other].end <= stretch.start)
        {
            let of_rank = &mut best[stretches[other].rank];
            if of_rank.is_none_or(|best| lengths[other] > lengths[best]) {
                *of_rank = Some(other);
            }
        }
        let implied = (0..RANKS)
            .filter(|rank| waits(stretch.rank, *rank))
            .filter_map(|rank| best[rank]);
        // What the trace says comes first, and what took no time is no part of a chain.
        let before = earlier[index]
            .iter()
            .copied()
            .chain(implied)
            .filter(|other| lengths[*other] > 0)
            .reduce(
                |best, next| {
                    if lengths[next] > lengths[best] { next } else { best }
                },
            );
        lengths.push(stretch.work() + before.map_or(0, |before| lengths[before]));
        chosen.push(before);
    }
    (lengths, chosen)
}

/// The longest chain that begins with each stretch.
fn lengths_after(stretches: &[Stretch], earlier: &[Vec<usize>]) -> Vec<u64> {
    // What follows a stretch began no earlier than it ended, so that it ended later, or stands behind it.
    let mut latest_first: Vec<usize> = (0..stretches.len()).collect();
    latest_first.sort_by_key(|index| std::cmp::Reverse((stretches[*index].end, *index)));
    let mut begun = (0..stretches.len()).rev().peekable();
    let mut best = [0; RANKS];
    let mut told = vec![0; stretches.len()];
    let mut lengths = vec![0; stretches.len()];
    for index in latest_first {
        let stretch = &stretches[index];
        while let Some(other) =
            begun.next_if(|other| *other > index && stretches[*other].start >= stretch.end)
        {
            let rank = stretches[other].rank;
            best[rank] = lengths[other].max(best[rank]);
        }
        let implied = (0..RANKS)
            .filter(|rank| waits(*rank, stretch.rank))
            .map(|rank| best[rank])
            .max();
        let following: u64 = implied.unwrap_or(0).max(told[index]);
        lengths[index] = stretch.work() + following;
        for before in &earlier[index] {
            told[*before] = lengths[index].max(told[*before]);
        }
    }
    lengths
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::results::GraphVertex;

    fn vertex(part: GraphPart, spans: &[(u64, u64)], inputs: &[u32]) -> GraphVertex {
        GraphVertex {
            part,
            inputs: inputs.to_vec(),
            spans_ns: spans
                .iter()
                .map(|(from, to)| WorkSpan {
                    started: Nanos(*from),
                    duration: Nanos(to - from),
                })
                .collect(),
            ..GraphVertex::default()
        }
    }

    fn run(spans: &[(u64, u64)], inputs: &[u32]) -> GraphVertex {
        vertex(GraphPart::Instruction, spans, inputs)
    }

    fn graph(vertices: Vec<GraphVertex>) -> BuildGraph {
        BuildGraph {
            version: GRAPH_VERSION,
            vertices,
        }
    }

    fn path(vertices: Vec<GraphVertex>) -> (u64, Vec<usize>, Vec<Option<u64>>) {
        let path = CriticalPath::of(&graph(vertices)).unwrap();
        let slack = path.slack.iter().map(|slack| slack.map(|slack| slack.0));
        (path.length.0, path.vertices.clone(), slack.collect())
    }

    #[test]
    fn of_two_stages_at_once_the_longer_one_is_the_path_and_the_other_has_slack() {
        // 0 base, 1 slow, 2 quick, 3 joins both, 4 the export.
        let found = path(vec![
            vertex(GraphPart::Base, &[(0, 2)], &[]),
            run(&[(2, 12)], &[0]),
            run(&[(2, 6)], &[0]),
            run(&[(13, 14)], &[1, 2]),
            vertex(GraphPart::Export, &[(14, 17)], &[]),
        ]);
        // 2 + 10 + 1 + 3; the wait from 12 to 13 is nobody's work.
        assert_eq!(found, (16, vec![0, 1, 3, 4], [0, 0, 6, 0, 0].map(Some).to_vec()));
    }

    #[test]
    fn the_longest_chain_counts_and_not_the_input_that_ended_last() {
        // 0 ends last before 2 begins, but 1 has more work behind it.
        let found = path(vec![
            run(&[(8, 10)], &[]),
            run(&[(0, 9)], &[]),
            run(&[(10, 11)], &[0, 1]),
        ]);
        assert_eq!(found, (10, vec![1, 2], vec![Some(7), Some(0), Some(0)]));
    }

    #[test]
    fn getting_ready_comes_first_and_the_export_waits_for_every_stage() {
        // 0 reads the Dockerfile, 1 looks up the base; 2 is of a stage that the export does not name.
        let found = path(vec![
            vertex(GraphPart::Resolve, &[(0, 1)], &[]),
            vertex(GraphPart::Resolve, &[(1, 4)], &[]),
            run(&[(5, 9)], &[]),
            vertex(GraphPart::Export, &[(9, 10)], &[]),
            vertex(GraphPart::CacheExport, &[(10, 13)], &[]),
        ]);
        assert_eq!(found.0, 1 + 3 + 4 + 1 + 3);
        assert_eq!(found.1, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn an_input_that_had_not_ended_held_nothing_up() {
        // 1 began before 0 had ended: no moment counts twice.
        let found = path(vec![run(&[(0, 10)], &[]), run(&[(4, 12)], &[0])]);
        assert_eq!(found, (10, vec![0], vec![Some(0), Some(2)]));
    }

    #[test]
    fn each_stretch_of_a_vertex_waits_for_itself() {
        // 1 looked something up first, and worked once 0 had ended.
        let found = path(vec![run(&[(0, 10)], &[]), run(&[(2, 3), (10, 14)], &[0])]);
        assert_eq!(found, (14, vec![0, 1], vec![Some(0), Some(0)]));
    }

    #[test]
    fn a_vertex_that_did_not_work_hands_on_its_inputs() {
        let found = path(vec![run(&[(0, 5)], &[]), run(&[], &[0]), run(&[(6, 7)], &[1])]);
        assert_eq!(found, (6, vec![0, 2], vec![Some(0), None, Some(0)]));
    }

    #[test]
    fn what_came_from_the_cache_in_no_time_is_no_part_of_the_path() {
        let found = path(vec![
            run(&[(3, 3)], &[]),
            run(&[(3, 3)], &[0]),
            run(&[(4, 6)], &[1]),
        ]);
        assert_eq!(found, (2, vec![2], vec![Some(0), Some(0), Some(0)]));
    }

    #[test]
    fn without_work_or_by_a_later_version_there_is_no_path() {
        assert_eq!(CriticalPath::of(&graph(vec![run(&[], &[])])), None);
        let later = BuildGraph {
            version: GRAPH_VERSION + 1,
            vertices: vec![run(&[(0, 1)], &[])],
        };
        assert_eq!(CriticalPath::of(&later), None);
    }

    #[test]
    fn inputs_that_are_not_there_and_circles_are_passed_over() {
        let found = path(vec![
            run(&[(0, 1)], &[7, 0, 1]),
            run(&[(0, 1)], &[0]),
            run(&[], &[2]),
        ]);
        assert_eq!(found.0, 1);
    }

    /// Whether the input of a vertex is another one, or leads to it through some that did not work.
    fn reaches(graph: &BuildGraph, from: usize, to: usize, depth: usize) -> bool {
        depth > 0
            && graph.vertices[from].inputs.iter().any(|input| {
                let input = *input as usize;
                input < graph.vertices.len()
                    && (input == to
                        || (graph.vertices[input].spans_ns.is_empty()
                            && reaches(graph, input, to, depth - 1)))
            })
    }

    /// By the definition, without any of the short cuts: whether the later stretch waited for the earlier one.
    fn waited(graph: &BuildGraph, all: &[Stretch], later: usize, earlier: usize) -> bool {
        let (then, now) = (&all[earlier], &all[later]);
        if earlier >= later || then.end > now.start {
            return false;
        }
        then.vertex == now.vertex
            || waits(now.rank, then.rank)
            || reaches(graph, now.vertex, then.vertex, graph.vertices.len())
    }

    fn part() -> impl Strategy<Value = GraphPart> {
        prop::sample::select(vec![
            GraphPart::Resolve,
            GraphPart::Base,
            GraphPart::Instruction,
            GraphPart::Instruction,
            GraphPart::Export,
            GraphPart::CacheExport,
        ])
    }

    prop_compose! {
        fn any_vertex()(
            part in part(),
            spans in prop::collection::vec((0_u64..30, 0_u64..8), 0..3),
            inputs in prop::collection::vec(0_u32..9, 0..4),
        ) -> GraphVertex {
            let spans: Vec<_> = spans.into_iter().map(|(from, took)| (from, from + took)).collect();
            vertex(part, &spans, &inputs)
        }
    }

    proptest! {
        #[test]
        fn a_path_is_as_long_as_its_definition_says(vertices in prop::collection::vec(any_vertex(), 1..9)) {
            let graph = graph(vertices);
            let all = stretches(&graph);
            let Some(path) = CriticalPath::of(&graph) else {
                prop_assert!(all.is_empty());
                return Ok(());
            };
            let wall = all.iter().map(|one| one.end).max().unwrap() - all.iter().map(|one| one.start).min().unwrap();
            prop_assert!(path.length.0 <= wall);
            let work = |vertex: usize| -> u64 {
                all.iter().filter(|one| one.vertex == vertex).map(Stretch::work).sum()
            };
            for vertex in 0..graph.vertices.len() {
                prop_assert!(path.length.0 >= work(vertex));
            }
            let (mut before, mut after) = (vec![0; all.len()], vec![0; all.len()]);
            for later in 0..all.len() {
                let longest = (0..later).filter(|one| waited(&graph, &all, later, *one)).map(|one| before[one]).max();
                before[later] = all[later].work() + longest.unwrap_or(0);
            }
            for earlier in (0..all.len()).rev() {
                let longest = (earlier..all.len()).filter(|one| waited(&graph, &all, *one, earlier)).map(|one| after[one]).max();
                after[earlier] = all[earlier].work() + longest.unwrap_or(0);
            }
            prop_assert_eq!(Some(path.length.0), before.iter().max().copied());
            for vertex in 0..graph.vertices.len() {
                let through = (0..all.len()).filter(|one| all[*one].vertex == vertex)
                    .map(|one| before[one] + after[one] - all[one].work()).max();
                prop_assert_eq!(path.slack[vertex].map(|slack| slack.0), through.map(|through| path.length.0 - through));
            }
            for vertex in &path.vertices {
                prop_assert_eq!(path.slack[*vertex], Some(Nanos::ZERO));
            }
        }
    }
}
