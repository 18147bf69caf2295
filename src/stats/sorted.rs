//! Samples in ascending order.

/// At least one sample, in ascending order: what quantiles are read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted(Vec<u64>);

impl Sorted {
    /// Sorts a copy of `samples`; `None` where there are none.
    #[must_use]
    pub fn of(samples: &[u64]) -> Option<Self> {
        if samples.is_empty() {
            return None;
        }
        let mut values = samples.to_vec();
        values.sort_unstable();
        Some(Self(values))
    }

    /// The samples, smallest first.
    #[must_use]
    pub fn values(&self) -> &[u64] {
        &self.0
    }

    /// The smallest sample.
    #[must_use]
    pub fn min(&self) -> u64 {
        self.0[0]
    }

    /// The largest sample.
    #[must_use]
    pub fn max(&self) -> u64 {
        self.0[self.0.len() - 1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_samples_are_none_and_others_are_put_in_order() {
        assert_eq!(Sorted::of(&[]), None);
        let sorted = Sorted::of(&[5, 1, 9, 1]).unwrap();
        assert_eq!(sorted.values(), [1, 1, 5, 9]);
        assert_eq!((sorted.min(), sorted.max()), (1, 9));
    }
}
