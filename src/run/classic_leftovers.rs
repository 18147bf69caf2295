//! Images without a name that a build of the classic builder made and that nobody heard of any more, since the run was
//! killed in the middle of it.
//!
//! The builder tells each image once it is made, and that goes into the journal at once. What it made after that is a
//! child of the image that it told last, or a child of such a child, has no name, and was made while that build could
//! run. Where two images fit as the first of them, somebody else built from the same image at the same time; nothing
//! tells whose is whose then, and both are doubtful. Only what is ours for certain is ever removed.

use std::collections::BTreeSet;

use super::ports::NamelessImage;
use crate::results::ClassicStand;
use crate::unit::{DaemonInstant, DaemonSpan};

/// Images that a killed build made and did not come to tell, by their full ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClassicLeftovers {
    /// Ours for certain, oldest first.
    pub own: Vec<String>,
    /// Ours or somebody else's.
    pub doubtful: Vec<String>,
}

impl ClassicLeftovers {
    /// Looks for them among the daemon's images without a name; `told` are the short ids of those that the run's builds
    /// told of.
    #[must_use]
    pub fn find(stand: &ClassicStand, told: &[String], images: &[NamelessImage]) -> Self {
        let (Some(parent), Some(began), Some(ended)) =
            (&stand.parent, stand.asked_daemon_ns, stand.over_daemon_ns)
        else {
            return Self::default();
        };
        let span = DaemonSpan {
            began: to_the_second(began),
            ended,
        };
        let is_told = |image: &NamelessImage| told.iter().any(|told| is_short_for(told, &image.id));
        let children = |is_parent: &dyn Fn(&str) -> bool| -> Vec<&NamelessImage> {
            let in_time = |image: &&NamelessImage| image.created.is_some_and(|created| span.covers(created));
            images
                .iter()
                .filter(|image| is_parent(&image.parent))
                .filter(in_time)
                .collect()
        };
        let first = children(&|id: &str| is_short_for(parent, id));
        let untold_first = first.iter().filter(|image| !is_told(image)).count();
        let mut ids: Vec<String> = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = first;
        while let Some(image) = next.pop() {
            if seen.insert(&image.id) {
                // One that was told is known by that already; what was made of it may not be.
                if !is_told(image) {
                    ids.push(image.id.clone());
                }
                next.extend(children(&|id: &str| id == image.id));
            }
        }
        if untold_first > 1 {
            return Self {
                own: Vec::new(),
                doubtful: ids,
            };
        }
        Self {
            own: ids,
            doubtful: Vec::new(),
        }
    }
}

/// Whether a short id stands for this one; nothing stands for no image.
fn is_short_for(short: &str, id: &str) -> bool {
    let id = id.strip_prefix("sha256:").unwrap_or(id);
    if short.is_empty() {
        id.is_empty()
    } else {
        id.starts_with(short)
    }
}

/// The daemon lists images by the second in which they were made.
fn to_the_second(instant: DaemonInstant) -> DaemonInstant {
    DaemonInstant(instant.0 - instant.0.rem_euclid(1_000_000_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `ID PARENT SECONDS`.
    fn images(lines: &[&str]) -> Vec<NamelessImage> {
        lines
            .iter()
            .map(|line| {
                let words: Vec<_> = line.split(' ').collect();
                let id = |word: &str| match word {
                    "-" => String::new(),
                    word => format!("sha256:{word}"),
                };
                NamelessImage {
                    id: id(words[0]),
                    parent: id(words[1]),
                    created: DaemonInstant::at(words[2].parse().unwrap(), 0),
                }
            })
            .collect()
    }

    fn stand(parent: &str) -> ClassicStand {
        ClassicStand {
            parent: Some(parent.to_owned()),
            container: None,
            asked_daemon_ns: DaemonInstant::at(100, 900_000_000),
            over_daemon_ns: DaemonInstant::at(160, 0),
        }
    }

    fn found(stand: &ClassicStand, told: &[&str], lines: &[&str]) -> (Vec<String>, Vec<String>) {
        let told: Vec<_> = told.iter().map(|id| (*id).to_owned()).collect();
        let found = ClassicLeftovers::find(stand, &told, &images(lines));
        (found.own, found.doubtful)
    }

    #[test]
    fn children_of_the_last_image_made_while_the_build_could_run_are_ours() {
        let lines = [
            "aaaa11 base11 100",
            "bbbb22 aaaa11 101",
            "older33 base11 99",
            "later44 base11 161",
            "other55 base99 130",
        ];
        let (own, doubtful) = found(&stand("base11"), &[], &lines);
        assert_eq!(
            (own, doubtful.len()),
            (vec!["sha256:aaaa11".to_owned(), "sha256:bbbb22".to_owned()], 0)
        );
        // One that was told is in the journal by itself.
        let (own, _) = found(&stand("aaaa"), &["aaaa11"], &lines);
        assert_eq!(own, ["sha256:bbbb22"]);
        let (own, _) = found(&stand("base11"), &["aaaa11"], &lines);
        assert_eq!(own, ["sha256:bbbb22"]);
        let (own, _) = found(&stand("base11"), &["aaaa11", "bbbb22"], &lines);
        assert_eq!(own, [""; 0]);
    }

    #[test]
    fn of_two_first_images_neither_is_ours_for_certain() {
        let lines = ["aaaa11 base11 101", "bbbb22 base11 102", "cccc33 bbbb22 103"];
        let (own, mut doubtful) = found(&stand("base11"), &[], &lines);
        doubtful.sort();
        assert_eq!(own, [""; 0]);
        assert_eq!(doubtful, ["sha256:aaaa11", "sha256:bbbb22", "sha256:cccc33"]);
    }

    #[test]
    fn a_build_from_nothing_has_no_parent_and_a_build_that_is_over_leaves_nothing() {
        let lines = ["aaaa11 - 101", "bbbb22 base11 101"];
        assert_eq!(found(&stand(""), &[], &lines).0, ["sha256:aaaa11"]);
        assert_eq!(
            found(&ClassicStand::default(), &[], &lines),
            (Vec::new(), Vec::new())
        );
        let untimed = ClassicStand {
            asked_daemon_ns: None,
            ..stand("base11")
        };
        assert_eq!(found(&untimed, &[], &lines), (Vec::new(), Vec::new()));
    }
}
