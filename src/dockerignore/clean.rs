//! Lexical path cleaning, as the docker clients apply it to patterns and link targets.

/// The shortest path that means the same without looking at a disk: `./x`, `x/`, `x//y` and `a/b/../c`
/// become `x`, `x`, `x/y` and `a/c`. The empty path becomes `.`, and `..` above a leading slash is
/// dropped, as Go's `path.Clean` does.
#[must_use]
pub fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut kept: Vec<&str> = Vec::new();
    for component in path.split('/') {
        match component {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if rooted => {}
            other => kept.push(other),
        }
    }
    match (rooted, kept.is_empty()) {
        (true, _) => format!("/{}", kept.join("/")),
        (false, true) => ".".to_owned(),
        (false, false) => kept.join("/"),
    }
}

/// The directories above a relative path, outermost first: `a`, `a/b` for `a/b/c`.
pub fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').map(|(at, _)| &path[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_lexically() {
        for (path, cleaned) in [
            ("", "."),
            (".", "."),
            ("/", "/"),
            ("//x", "/x"),
            ("./x", "x"),
            ("x/", "x"),
            ("x//y", "x/y"),
            ("a/b/../c", "a/c"),
            ("a/..", "."),
            ("../x", "../x"),
            ("../../x/..", "../.."),
            ("/../x", "/x"),
            ("!./x", "!./x"),
        ] {
            assert_eq!(clean(path), cleaned, "{path:?}");
        }
    }

    #[test]
    fn names_the_parents_from_the_outside_in() {
        assert_eq!(parents("a/b/c").collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(parents("a").count(), 0);
    }
}
