//! The order in which the clients walk a context.

use std::cmp::Ordering;

/// Compares two relative paths component by component, bytewise: a directory comes directly before
/// what is below it, so `a`, `a/b`, `a-b`. This is the order of a sorted walk, in which `/` is lower
/// than every other byte.
#[must_use]
pub fn compare_paths(a: &str, b: &str) -> Ordering {
    let key = |byte: u8| if byte == b'/' { 0 } else { u16::from(byte) + 1 };
    a.bytes().map(key).cmp(b.bytes().map(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_below_a_directory_comes_before_its_longer_siblings() {
        let mut paths = ["b", "a-b", "a/b", "a.b", "a", "a/b/c", "a/B", "é"];
        paths.sort_by(|a, b| compare_paths(a, b));
        assert_eq!(paths, ["a", "a/B", "a/b", "a/b/c", "a-b", "a.b", "b", "é"]);
    }
}
