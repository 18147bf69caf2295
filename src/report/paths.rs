//! The critical path of the build that stands for each step and variant, in words.

use crate::analyze::{Analysis, Bar, Timeline, Waits};

/// How many parts of a path are named.
const NAMED: usize = 3;
/// How many characters of a part are shown.
const NAME: usize = 56;

/// The critical path of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PathRow<'a> {
    pub(super) step: &'a str,
    pub(super) variant: &'a str,
    /// The work on the path.
    pub(super) length: String,
    /// The wall time of the build.
    pub(super) total: String,
    /// What takes longest on the path, in the order in which it is worked on, each with its time.
    pub(super) chain: String,
    /// How long stages worked at the same time; a dash where they did not.
    pub(super) at_once: String,
}

/// A row for each build whose critical path is known.
pub(super) fn rows(analysis: &Analysis) -> Vec<PathRow<'_>> {
    let timelines = analysis.timelines.iter();
    timelines
        .filter_map(|timeline| {
            let length = timeline.path?;
            Some(PathRow {
                step: &timeline.step,
                variant: &timeline.variant,
                length: length.to_string(),
                total: timeline.total.to_string(),
                chain: chain(timeline),
                at_once: match timeline.waits {
                    Waits::OneAfterAnother => "one after another".to_owned(),
                    _ if timeline.stages_at_once.0 == 0 => "–".to_owned(),
                    _ => timeline.stages_at_once.to_string(),
                },
            })
        })
        .collect()
}

fn chain(timeline: &Timeline) -> String {
    let on_path: Vec<&Bar> = timeline.on_path().collect();
    let mut by_weight: Vec<usize> = (0..on_path.len()).collect();
    by_weight.sort_by_key(|index| std::cmp::Reverse(on_path[*index].work()));
    by_weight.truncate(NAMED);
    by_weight.sort_unstable();
    let named: Vec<String> = by_weight
        .into_iter()
        .map(|index| {
            let bar = on_path[index];
            let name: String = if bar.name.chars().count() > NAME {
                bar.name.chars().take(NAME - 1).chain(['…']).collect()
            } else {
                bar.name.clone()
            };
            format!("{name} ({})", bar.work())
        })
        .collect();
    named.join(" → ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyze::specimen::{Specimen, two_stages};

    #[test]
    fn a_path_is_told_by_what_takes_longest_on_it() {
        let run = two_stages().run();
        let analysis = Analysis::of(&run);
        let rows = rows(&analysis);
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (rows[0].length.as_str(), rows[0].total.as_str()),
            ("2.40 s", "2.48 s")
        );
        assert_eq!(
            rows[0].chain,
            "FROM specimen/base:1 (40.0 ms) → RUN make service (2.00 s) → exporting to image (300 ms)"
        );
        assert_eq!(rows[0].at_once, "890 ms");
    }

    #[test]
    fn without_a_known_path_there_is_no_row() {
        let mut specimen = Specimen::new(&["a"], &["cold"]);
        specimen.build("a", "cold", 1_000);
        assert_eq!(rows(&Analysis::of(&specimen.run())), []);
    }
}
