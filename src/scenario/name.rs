//! Which names may be used: they end up in image references, metric keys, file names and build arguments.

/// The longest name of a variant, a step or a base, in bytes: an image reference holds 255.
const LONGEST: usize = 64;

/// Checks the name of a variant, or of a scenario's folder, which become components of an image reference
/// (`distribution/reference`: lower-case letters and digits, separated by `.`, `_`, `__` or dashes).
///
/// # Errors
///
/// What is expected, as a fragment that follows "expected".
pub(super) fn check_reference(name: &str) -> Result<(), &'static str> {
    const EXPECTED: &str =
        "at most 64 lower-case letters and digits, with single `.`, `_` or `-` between them";
    let ends = [name.chars().next(), name.chars().last()];
    let fits = name.len() <= LONGEST
        && ends
            .into_iter()
            .all(|end| end.is_some_and(|end| end.is_ascii_lowercase() || end.is_ascii_digit()))
        && name.chars().all(|character| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || "._-".contains(character)
        })
        && !name
            .as_bytes()
            .windows(2)
            .any(|pair| b"._-".contains(&pair[0]) && b"._-".contains(&pair[1]));
    fits.then_some(()).ok_or(EXPECTED)
}

/// Checks the name of a step, which stands in metric keys such as `step.edit source.time`.
///
/// # Errors
///
/// What is expected, as a fragment that follows "expected".
pub(super) fn check_step(name: &str) -> Result<(), &'static str> {
    const EXPECTED: &str =
        "at most 64 letters, digits, spaces, `-`, `_` and `+`, with no space at either end";
    let fits = !name.is_empty()
        && name.len() <= LONGEST
        && name.trim() == name
        && name
            .chars()
            .all(|character| character.is_alphanumeric() || " -_+".contains(character));
    fits.then_some(()).ok_or(EXPECTED)
}

/// Checks the name of a base, which becomes a build argument.
///
/// # Errors
///
/// What is expected, as a fragment that follows "expected".
pub(super) fn check_base(name: &str) -> Result<(), &'static str> {
    const EXPECTED: &str = "at most 64 lower-case letters, digits, `-` and `_`, beginning with a letter";
    let fits = name.len() <= LONGEST
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.chars().all(|character| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || "-_".contains(character)
        });
    fits.then_some(()).ok_or(EXPECTED)
}

/// Checks the name of a companion, which becomes part of a container's name and could be that of a host (RFC 1123,
/// section 2.1).
///
/// # Errors
///
/// What is expected, as a fragment that follows "expected".
pub(super) fn check_companion(name: &str) -> Result<(), &'static str> {
    const EXPECTED: &str = "at most 63 lower-case letters, digits and `-`, with no `-` at either end";
    const LONGEST_LABEL: usize = 63;
    let fits = !name.is_empty()
        && name.len() <= LONGEST_LABEL
        && !name.starts_with('-')
        && !name.ends_with('-')
        && name.chars().all(|character| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-'
        });
    fits.then_some(()).ok_or(EXPECTED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_what_the_place_of_use_accepts() {
        for (name, reference, step, base, companion) in [
            ("naive", true, true, true, true),
            ("cache-mount", true, true, true, true),
            ("py3.12", true, false, false, false),
            ("edit source", false, true, false, false),
            ("Naive", false, true, false, false),
            ("-x", false, true, false, false),
            ("x-", false, true, true, false),
            ("a--b", false, true, true, true),
            ("a_b", true, true, true, false),
            ("3a", true, true, false, true),
            ("", false, false, false, false),
            (" a", false, false, false, false),
            ("a/b", false, false, false, false),
            ("a\nb", false, false, false, false),
            ("größe", false, true, false, false),
        ] {
            assert_eq!(check_reference(name).is_ok(), reference, "reference {name:?}");
            assert_eq!(check_step(name).is_ok(), step, "step {name:?}");
            assert_eq!(check_base(name).is_ok(), base, "base {name:?}");
            assert_eq!(check_companion(name).is_ok(), companion, "companion {name:?}");
        }
        assert!(check_reference(&"a".repeat(65)).is_err());
        assert!(check_companion(&"a".repeat(63)).is_ok() && check_companion(&"a".repeat(64)).is_err());
    }
}
