//! What is measured, and how repeats of it are to be read.

use std::fmt;

use super::band::Materiality;
use super::burst_metric::BurstMetric;
use super::comparative::Comparative;
use super::start_metric::StartMetric;
use crate::scenario::StartCache;
use crate::unit::{ByteSize, Nanos};

/// A metric of a run. Shown as its key, such as `step.edit source.time`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Metric {
    /// `step.<name>.time`: wall time of that build.
    StepTime(String),
    /// `step.<name>.rebuilt`: instructions that ran instead of coming from the cache.
    StepRebuilt(String),
    /// `step.<name>.sent`: bytes of file content sent for that build.
    StepSent(String),
    /// `context.size`: bytes that the ignore rules keep.
    ContextSize,
    /// `context.files`: files that the ignore rules keep.
    ContextFiles,
    /// `context.tar`: bytes of the tar that the classic builder is sent.
    ContextTar,
    /// `image.size`: bytes of the image as its store counts.
    ImageSize,
    /// `image.layers`: file-system layers of the image.
    ImageLayers,
    /// `start.<what>`, and the state that the image was in where that is not the usual one and not said by the metric itself: what is
    /// measured of starts.
    Start(StartMetric, StartCache),
    /// `burst.<n>.<what>`: what is measured of so many containers that are started at once.
    Burst(BurstMetric, u32),
}

/// Whether repeats of a metric must be identical.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// Repeats vary; they are summarised and compared with an interval.
    Timed,
    /// Repeats are identical, or the metric is unstable.
    Exact,
}

/// The unit of a metric's stored integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricUnit {
    /// Nanoseconds.
    Nanoseconds,
    /// Bytes.
    Bytes,
    /// A plain number of things.
    Count,
}

impl Metric {
    /// The metric of a key; `None` where this version knows none of that name.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let of_step = key.strip_prefix("step.").and_then(|rest| {
            let (step, what) = rest.rsplit_once('.')?;
            let step = step.to_owned();
            match what {
                "time" => Some(Self::StepTime(step)),
                "rebuilt" => Some(Self::StepRebuilt(step)),
                "sent" => Some(Self::StepSent(step)),
                _ => None,
            }
        });
        let of_burst = || {
            let (containers, word) = key.strip_prefix("burst.")?.split_once('.')?;
            let what = BurstMetric::ALL.into_iter().find(|what| what.word() == word)?;
            Some(Self::Burst(what, containers.parse().ok()?))
        };
        let plain = [
            Self::ContextSize,
            Self::ContextFiles,
            Self::ContextTar,
            Self::ImageSize,
            Self::ImageLayers,
        ];
        let starts = StartMetric::ALL
            .into_iter()
            .flat_map(|what| StartCache::ALL.map(|cache| Self::Start(what, cache)));
        of_step.or_else(of_burst).or_else(|| {
            // What is of pulls alone has one key for all states; that of pulls is the one that is measured.
            let mut all = plain.into_iter().chain(starts.rev());
            all.find(|metric| metric.to_string() == key)
        })
    }

    /// Whether repeats must be identical.
    #[must_use]
    pub const fn kind(&self) -> MetricKind {
        match self {
            Self::StepRebuilt(_)
            | Self::StepSent(_)
            | Self::ContextSize
            | Self::ContextFiles
            | Self::ContextTar
            | Self::ImageSize
            | Self::ImageLayers => MetricKind::Exact,
            Self::StepTime(_) | Self::Start(..) | Self::Burst(..) => MetricKind::Timed,
        }
    }

    /// The unit of the stored integers.
    #[must_use]
    pub const fn unit(&self) -> MetricUnit {
        match self {
            Self::StepTime(_) => MetricUnit::Nanoseconds,
            Self::StepSent(_) | Self::ContextSize | Self::ContextTar | Self::ImageSize => MetricUnit::Bytes,
            Self::StepRebuilt(_) | Self::ContextFiles | Self::ImageLayers => MetricUnit::Count,
            Self::Start(what, _) => what.unit(),
            Self::Burst(what, _) => what.unit(),
        }
    }

    /// What higher and lower values of it are called.
    #[must_use]
    pub const fn words(&self) -> Comparative {
        match (self, self.unit()) {
            (Self::Start(StartMetric::Cpu, _), _) => Comparative::USE,
            (_, MetricUnit::Nanoseconds) => Comparative::TIME,
            (_, MetricUnit::Bytes) => Comparative::SIZE,
            (_, MetricUnit::Count) => Comparative::COUNT,
        }
    }

    /// How large a change of it must be to matter, where nobody says otherwise. Of an exact metric every change matters.
    #[must_use]
    pub const fn materiality(&self) -> Materiality {
        match self {
            Self::StepTime(_) => Materiality {
                delta: 0.03,
                floor: 50_000_000,
            },
            Self::Start(what, _) => what.materiality(),
            Self::Burst(what, _) => what.materiality(),
            _ => Materiality { delta: 0.0, floor: 0 },
        }
    }

    /// Whether 0 is a value of it like others, as of bytes that were read: a ratio is then taken with the floor added to both
    /// sides.
    #[must_use]
    pub const fn may_be_zero(&self) -> bool {
        match self {
            Self::Start(what, _) => what.may_be_zero(),
            Self::Burst(what, _) => matches!(what, BurstMetric::Memory | BurstMetric::Disk),
            _ => false,
        }
    }

    /// Whether it is taken of starts.
    #[must_use]
    pub const fn is_start(&self) -> bool {
        matches!(self, Self::Start(..))
    }

    /// Whether it is taken at every step without naming one in its key.
    #[must_use]
    pub const fn step_is_implied(&self) -> bool {
        matches!(
            self,
            Self::ContextSize | Self::ContextFiles | Self::ContextTar | Self::ImageSize | Self::ImageLayers
        )
    }

    /// Whether it is the wall time of a step.
    #[must_use]
    pub const fn is_step_time(&self) -> bool {
        matches!(self, Self::StepTime(_))
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::StepTime(step) => format!("step.{step}.time"),
            Self::StepRebuilt(step) => format!("step.{step}.rebuilt"),
            Self::StepSent(step) => format!("step.{step}.sent"),
            Self::ContextSize => "context.size".to_owned(),
            Self::ContextFiles => "context.files".to_owned(),
            Self::ContextTar => "context.tar".to_owned(),
            Self::ImageSize => "image.size".to_owned(),
            Self::ImageLayers => "image.layers".to_owned(),
            Self::Burst(what, containers) => format!("burst.{containers}.{}", what.word()),
            Self::Start(what, _) if what.is_of_pull() => what.key().to_owned(),
            Self::Start(what, cache) => format!("{}{}", what.key(), cache.suffix()),
        };
        formatter.pad(&text)
    }
}

impl MetricUnit {
    /// The unit's name in stored files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nanoseconds => "ns",
            Self::Bytes => "B",
            Self::Count => "count",
        }
    }

    /// A value in this unit in the form that a reader would choose.
    #[must_use]
    pub fn show(self, value: u64) -> String {
        match self {
            Self::Nanoseconds => Nanos(value).to_string(),
            Self::Bytes => ByteSize(value).to_string(),
            Self::Count => value.to_string(),
        }
    }

    /// Like [`show`](Self::show), rounded to a whole unit: a median may fall between two integers.
    #[must_use]
    pub fn show_rounded(self, value: f64) -> String {
        self.show(whole(value))
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Timed => "timed",
            Self::Exact => "exact",
        })
    }
}

/// The nearest integer; values of ours are never negative, and a half is rounded up.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, and summaries of unsigned samples are not negative"
)]
pub(crate) fn whole(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_those_of_the_scenario_format() {
        for (metric, key) in [
            (
                Metric::StepTime("edit source".to_owned()),
                "step.edit source.time",
            ),
            (Metric::StepRebuilt("a.b".to_owned()), "step.a.b.rebuilt"),
            (Metric::StepSent("cold".to_owned()), "step.cold.sent"),
            (Metric::ImageLayers, "image.layers"),
            (Metric::Start(StartMetric::Ready, StartCache::Warm), "start.ready"),
            (Metric::Burst(BurstMetric::Last, 16), "burst.16.last"),
            (
                Metric::Start(StartMetric::MajorFaults, StartCache::ColdPages),
                "start.majflt.cold-pages",
            ),
            (
                Metric::Start(StartMetric::App, StartCache::ColdPull),
                "start.app.cold-pull",
            ),
            (
                Metric::Start(StartMetric::Pull, StartCache::ColdPull),
                "start.pull",
            ),
            (
                Metric::Start(StartMetric::PulledBytes, StartCache::ColdPull),
                "pull.bytes",
            ),
        ] {
            assert_eq!(metric.to_string(), key);
            assert_eq!(Metric::parse(key), Some(metric), "{key}");
        }
        for key in [
            "",
            "step.cold",
            "step.cold.size",
            "burst.x.last",
            "start.app.hot",
            "image",
        ] {
            assert_eq!(Metric::parse(key), None, "{key}");
        }
    }

    #[test]
    fn a_median_between_two_integers_is_shown_as_the_next_one() {
        assert_eq!(MetricUnit::Nanoseconds.show_rounded(4_250_000_000.5), "4.25 s");
        assert_eq!(MetricUnit::Count.show_rounded(2.5), "3");
    }
}
