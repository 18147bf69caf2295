//! Which parts of something were sent.

use std::ops::Range;

/// Parts that were sent, apart from each other and in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Coverage(Vec<Range<u64>>);

impl Coverage {
    /// Adds a part.
    pub(super) fn add(&mut self, part: Range<u64>) {
        if part.is_empty() {
            return;
        }
        let touches = |other: &Range<u64>| other.start <= part.end && part.start <= other.end;
        let (near, mut apart): (Vec<_>, Vec<_>) = self.0.drain(..).partition(touches);
        let start = near.iter().map(|other| other.start).chain([part.start]).min();
        let end = near.iter().map(|other| other.end).chain([part.end]).max();
        apart.extend(start.zip(end).map(|(start, end)| start..end));
        apart.sort_by_key(|part| part.start);
        self.0 = apart;
    }

    /// How many bytes were sent, each counted once.
    pub(super) fn bytes(&self) -> u64 {
        self.0.iter().map(|part| part.end - part.start).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_that_touch_become_one_and_none_counts_twice() {
        let mut coverage = Coverage::default();
        for (part, bytes) in [
            (0..10, 10),
            (20..30, 20),
            (5..12, 22),
            (12..12, 22),
            (12..20, 30),
            (0..30, 30),
            (40..41, 31),
        ] {
            coverage.add(part.clone());
            assert_eq!(coverage.bytes(), bytes, "{part:?}");
        }
        assert_eq!(coverage, Coverage(vec![0..30, 40..41]));
    }
}
