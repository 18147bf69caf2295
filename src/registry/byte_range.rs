//! What part of a blob is asked for (RFC 9110, section 14).

use std::ops::Range;

/// What a `Range` field of a request comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it: there is no such field, or one that is to be ignored.
    Whole,
    /// This part.
    Part(Range<u64>),
    /// A part that is not there.
    Beyond,
}

/// Reads the field for something of `size` bytes. What is not understood, or asks for several parts at once, is ignored, as
/// the standard lets servers do.
pub(super) fn asked(field: Option<&str>, size: u64) -> Asked {
    let Some((first, last)) = field
        .and_then(|field| field.trim().strip_prefix("bytes="))
        .and_then(|range| range.split_once('-'))
    else {
        return Asked::Whole;
    };
    let (first, last) = (first.trim(), last.trim());
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // More digits than a number holds are beyond every end.
        digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
    };
    match (number(first), number(last)) {
        (None, Some(0)) if first.is_empty() => Asked::Beyond,
        (None, Some(suffix)) if first.is_empty() && size > 0 => {
            Asked::Part(size.saturating_sub(suffix)..size)
        }
        (None, Some(_)) if first.is_empty() => Asked::Beyond,
        (Some(first), last) if last.is_some() || field.is_some_and(|field| field.trim().ends_with('-')) => {
            let end = last.map_or(size, |last| last.saturating_add(1).min(size));
            match last {
                Some(last) if last < first => Asked::Whole,
                _ if first >= size => Asked::Beyond,
                _ => Asked::Part(first..end),
            }
        }
        _ => Asked::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_the_standard_has_them() {
        for (field, size, expected) in [
            ("bytes=0-0", 10, Asked::Part(0..1)),
            ("bytes=2-", 10, Asked::Part(2..10)),
            ("bytes=2-99", 10, Asked::Part(2..10)),
            ("bytes=-3", 10, Asked::Part(7..10)),
            ("bytes=-99", 10, Asked::Part(0..10)),
            (" bytes=9-9 ", 10, Asked::Part(9..10)),
            ("bytes=10-", 10, Asked::Beyond),
            ("bytes=10-12", 10, Asked::Beyond),
            ("bytes=-0", 10, Asked::Beyond),
            ("bytes=0-", 0, Asked::Beyond),
            ("bytes=-1", 0, Asked::Beyond),
            ("bytes=99999999999999999999999-", 10, Asked::Beyond),
            ("bytes=1-99999999999999999999999", 10, Asked::Part(1..10)),
            // Not understood, or more than one.
            ("bytes=5-2", 10, Asked::Whole),
            ("bytes=0-1,3-4", 10, Asked::Whole),
            ("bytes=a-b", 10, Asked::Whole),
            ("bytes=+1-2", 10, Asked::Whole),
            ("bytes=-", 10, Asked::Whole),
            ("bytes=1-2x", 10, Asked::Whole),
            ("lines=1-2", 10, Asked::Whole),
            ("", 10, Asked::Whole),
        ] {
            assert_eq!(asked(Some(field), size), expected, "{field:?} of {size}");
        }
        assert_eq!(asked(None, 10), Asked::Whole);
    }
}
