//! What share of starts was ready by when: the empirical distribution of each variant, with what is not known of it.

use super::canvas::{Area, Canvas, ChartError};
use super::chart::Source;
use super::key;
use super::share_plot::{self, ShareCurve, at_share};
use super::sheet::{Body, DataTable, Texts, described_by};
use crate::analyze::{Metric, StartMetric};
use crate::report::quantity::Shown;
use crate::scenario::StartCache;
use crate::unit::Nanos;

/// From so many starts on a distribution is drawn: below, each step of it is more than a twentieth.
const ENOUGH: usize = 20;

/// The height of the plot, and of what stands below it.
const PLOT: i32 = 230;
const AXIS: i32 = 44;

/// The distribution of a start's time by variant, in the usual state.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StartShares {
    texts: Texts,
    metric: Metric,
    curves: Vec<Curve>,
}

/// The starts of a variant.
#[derive(Clone, Debug, PartialEq)]
struct Curve {
    name: String,
    label: String,
    shares: ShareCurve,
}

impl StartShares {
    /// `None` where no variant has enough starts.
    pub(super) fn of(source: &Source<'_>) -> Option<Self> {
        let metrics = [StartMetric::App, StartMetric::Ready, StartMetric::Client];
        let mut metrics = metrics
            .map(|what| Metric::Start(what, StartCache::Warm))
            .into_iter();
        let (metric, curves) = metrics.find_map(|metric| {
            let curves: Vec<_> = source
                .variants()
                .filter_map(|(variant, name)| curve(source, &metric, variant, name))
                .collect();
            (!curves.is_empty()).then_some((metric, curves))
        })?;
        let described: Vec<String> = curves
            .iter()
            .map(|curve| format!("{}: {}", curve.name, curve.label))
            .collect();
        let slowest = curves
            .iter()
            .max_by_key(|curve| curve.shares.values.last().copied());
        let title = slowest.map_or_else(String::new, |curve| {
            let last = curve.shares.values.last().copied().unwrap_or_default();
            format!(
                "All starts are ready within {}, the last of {}",
                Nanos(last),
                curve.name
            )
        });
        Some(Self {
            texts: Texts {
                name: "start-shares",
                title,
                subtitle: source.subtitle(),
                caption: format!(
                    "How large a share of the starts was ready by then, by {metric}; the marks are at a quarter, half and \
                     three quarters. The band is what the intervals of the starts leave open. Variants with fewer than \
                     {ENOUGH} starts are left out."
                ),
                description: described_by("Shares of starts that were ready", &described),
            },
            metric,
            curves,
        })
    }
}

fn curve(source: &Source<'_>, metric: &Metric, variant: usize, name: &str) -> Option<Curve> {
    let series = source.analysis.series(name, metric)?;
    let mut values = series.counted();
    if values.len() < ENOUGH {
        return None;
    }
    let lows = series.counted_samples();
    let mut lows: Vec<u64> = lows.map(|sample| sample.low.unwrap_or(sample.value)).collect();
    values.sort_unstable();
    lows.sort_unstable();
    let label = format!("{}, n {}", Shown::of(Some(series)).value, values.len());
    Some(Curve {
        name: name.to_owned(),
        label,
        shares: ShareCurve {
            variant,
            latest: values.clone(),
            values,
            earliest: lows,
        },
    })
}

impl Body for StartShares {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        None
    }

    fn data(&self) -> DataTable {
        let mut table = DataTable::new(&["variant", "n", "a quarter", "half", "three quarters", "all"]);
        for curve in &self.curves {
            let by = |quarters: usize| {
                Nanos(curve.shares.values[at_share(curve.shares.values.len(), quarters)]).to_string()
            };
            let n = curve.shares.values.len().to_string();
            table.row(&[&curve.name, &n, &by(1), &by(2), &by(3), &by(4)]);
        }
        table
    }

    fn height(&self, _width: i32) -> i32 {
        key::height(self.curves.len()) + PLOT + AXIS
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let lines = self
            .curves
            .iter()
            .map(|curve| (curve.shares.variant, format!("{}: {}", curve.name, curve.label)));
        let plot = key::above_plot(canvas, area, AXIS, lines)?;
        let curves: Vec<&ShareCurve> = self.curves.iter().map(|curve| &curve.shares).collect();
        share_plot::draw(canvas, plot, &self.metric.to_string(), &curves)
    }
}
