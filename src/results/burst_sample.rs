//! One burst: several containers of one image, started at once.

use serde::{Deserialize, Serialize};

use super::{Bounded, HostConditions, Neighbours, SampleKey, Status};
use crate::unit::{ByteSize, Nanos};

/// Several containers of a variant's image, created before and released at one instant, up to the readiness of all.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BurstSample {
    /// Where in the run it was taken.
    pub key: SampleKey,
    /// Whether it counts: whether all of them became ready.
    pub outcome: Status,
    /// How many containers were released.
    pub containers: u32,
    /// What is known of each, in the order in which they were called.
    pub members: Vec<BurstMember>,
    /// The memory of all of them once all were ready; absent where this machine does not tell it of each.
    pub memory_bytes: Option<ByteSize>,
    /// What all of them had written to their own layers by then; absent where the engine does not tell it of each.
    pub written_bytes: Option<ByteSize>,
    /// The last lines that the first one that failed logged.
    pub log_tail: Vec<String>,
    /// How busy the machine was; absent where it was not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<HostConditions>,
    /// What else the daemon did; absent likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub neighbours: Option<Neighbours>,
}

/// One container of a burst. All instants count from the release, so that a daemon that is slow to take calls cannot hide
/// its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BurstMember {
    /// When its start call was made.
    pub called_ns: Nanos,
    /// When that call had returned; absent where it failed.
    pub started_ns: Option<Nanos>,
    /// The first match through its published port.
    pub ready: Option<Bounded>,
}

impl BurstSample {
    /// When the first of them was ready.
    #[must_use]
    pub fn first(&self) -> Option<Bounded> {
        self.ready_by(1)
    }

    /// When half of them were.
    #[must_use]
    pub fn median(&self) -> Option<Bounded> {
        self.ready_by((self.containers as usize).div_ceil(2))
    }

    /// When all of them were.
    #[must_use]
    pub fn last(&self) -> Option<Bounded> {
        self.ready_by(self.containers as usize)
    }

    /// When so many of them were ready: the `count`-th readiness in order of time, with the same of the lower ends as its
    /// lower end. Absent where fewer were.
    #[must_use]
    pub fn ready_by(&self, count: usize) -> Option<Bounded> {
        let ready = || self.members.iter().filter_map(|member| member.ready);
        let mut values: Vec<Nanos> = ready().map(|ready| ready.value_ns).collect();
        let mut lows: Vec<Nanos> = ready().map(|ready| ready.low_ns).collect();
        values.sort_unstable();
        lows.sort_unstable();
        let index = count.checked_sub(1)?;
        let value_ns = *values.get(index)?;
        Some(Bounded {
            value_ns,
            low_ns: lows[index],
            left_censored: ready().any(|ready| ready.value_ns == value_ns && ready.left_censored),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_ready_by_the_value_of_that_rank() {
        let member = |value, low| BurstMember {
            called_ns: Nanos(1),
            started_ns: Some(Nanos(2)),
            ready: Some(Bounded {
                value_ns: Nanos(value),
                low_ns: Nanos(low),
                left_censored: value == 30,
            }),
        };
        let sample = BurstSample {
            key: SampleKey {
                variant: "a".to_owned(),
                round: 1,
                order: 1,
                warmup: false,
            },
            outcome: Status::Ok,
            containers: 3,
            members: vec![member(30, 9), member(10, 8), member(20, 19)],
            memory_bytes: None,
            written_bytes: None,
            log_tail: Vec::new(),
            host: None,
            neighbours: None,
        };
        let by = |count| {
            sample
                .ready_by(count)
                .map(|ready| (ready.value_ns.0, ready.low_ns.0))
        };
        assert_eq!(
            [0, 1, 2, 3, 4].map(by),
            [None, Some((10, 8)), Some((20, 9)), Some((30, 19)), None]
        );
        let named = [sample.first(), sample.median(), sample.last()];
        assert_eq!(
            named.map(|ready| ready.map(|ready| ready.value_ns.0)),
            [Some(10), Some(20), Some(30)]
        );
        let censored = [1, 3].map(|count| sample.ready_by(count).map(|ready| ready.left_censored));
        assert_eq!(censored, [Some(false), Some(true)]);
    }
}
