//! The valid name that a wrong one is a slip of.

/// The candidate that is nearest to `word`, if one is near enough to be meant.
pub(super) fn nearest<'name>(
    word: &str,
    candidates: impl IntoIterator<Item = &'name str>,
) -> Option<&'name str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(&word, &candidate.to_lowercase()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= word.chars().count().max(candidate.chars().count()).div_ceil(3)
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// A hint that names the nearest candidate, else all of them as `what`; `None` where there are none.
pub(super) fn hint(word: &str, what: &str, candidates: &[&str]) -> Option<String> {
    if let Some(nearest) = nearest(word, candidates.iter().copied()) {
        return Some(format!("did you mean `{nearest}`?"));
    }
    (!candidates.is_empty()).then(|| format!("{what}: {}", quoted_list(candidates)))
}

/// Names in backticks, with commas.
pub(super) fn quoted_list(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_a_slip_and_lists_otherwise() {
        let names = ["dockerfile", "ignore", "args"];
        for (word, expected) in [
            ("dokcerfile", "did you mean `dockerfile`?"),
            ("Args", "did you mean `args`?"),
            ("platform", "keys: `dockerfile`, `ignore`, `args`"),
        ] {
            assert_eq!(hint(word, "keys", &names).as_deref(), Some(expected), "{word}");
        }
        assert_eq!(hint("word", "keys", &[]), None);
    }
}
