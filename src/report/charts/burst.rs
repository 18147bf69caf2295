//! When the containers of a burst were ready: for each number of them a plot of what share was ready by when.

use super::canvas::{Area, Canvas, ChartError, Lettering};
use super::chart::Source;
use super::key;
use super::share_plot::{self, ShareCurve};
use super::sheet::{Body, DataTable, Texts, described_by};
use crate::analyze::{BurstMetric, Metric, whole};
use crate::report::quantity::Shown;
use crate::results::{BurstSample, Run};
use crate::stats::{Sorted, median};
use crate::unit::Nanos;

/// The height of a plot with its heading, and of what stands below it.
const PLOT: i32 = 170;
const HEADING: i32 = 22;
const AXIS: i32 = 44;

/// The bursts of a run.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Burst {
    texts: Texts,
    /// The variants with their position, which gives colour and shape.
    variants: Vec<(usize, String)>,
    panels: Vec<Panel>,
}

/// The bursts of so many containers.
#[derive(Clone, Debug, PartialEq)]
struct Panel {
    containers: u32,
    curves: Vec<Curve>,
}

/// The bursts of a variant.
#[derive(Clone, Debug, PartialEq)]
struct Curve {
    name: String,
    /// The first, the median and the last container, in words.
    told: [String; 3],
    shares: ShareCurve,
}

impl Burst {
    /// `None` where no burst of several containers was measured.
    pub(super) fn of(source: &Source<'_>) -> Option<Self> {
        let mut sizes: Vec<u32> = source.run.bursts.iter().map(|burst| burst.containers).collect();
        sizes.sort_unstable();
        sizes.dedup();
        let panels: Vec<Panel> = sizes
            .into_iter()
            .filter(|containers| *containers > 1)
            .map(|containers| Panel {
                containers,
                curves: source
                    .variants()
                    .filter_map(|(variant, name)| curve(source, containers, variant, name))
                    .collect(),
            })
            .filter(|panel| !panel.curves.is_empty())
            .collect();
        let largest = panels.last()?;
        let last = |curve: &&Curve| curve.shares.values.last().copied();
        let slowest = largest.curves.iter().max_by_key(last)?;
        let title = format!(
            "Of {} containers released at once, the last of {} is ready after {}",
            largest.containers,
            slowest.name,
            Nanos(last(&slowest)?)
        );
        let described: Vec<String> = panels
            .iter()
            .flat_map(|panel| panel.curves.iter().map(|curve| (panel.containers, curve)))
            .map(|(containers, curve)| {
                let [first, half, all] = &curve.told;
                format!(
                    "{} of {}: first {first}, half {half}, all {all}",
                    containers, curve.name
                )
            })
            .collect();
        Some(Self {
            texts: Texts {
                name: "burst",
                title,
                subtitle: source.subtitle(),
                caption: "How large a share of the containers of a burst was ready by then, by their published ports, \
                          counted from the release of all. Each point of a line is the median over the bursts, the band \
                          their smallest and largest. The marks are at a quarter, half and three quarters."
                    .to_owned(),
                description: described_by("Containers of bursts that were ready", &described),
            },
            variants: source.variants().map(|(variant, name)| (variant, name.to_owned())).collect(),
            panels,
        })
    }
}

fn curve(source: &Source<'_>, containers: u32, variant: usize, name: &str) -> Option<Curve> {
    let counted = counted(source.run, containers, name);
    if counted.is_empty() {
        return None;
    }
    let ranked = (1..=containers as usize).filter_map(|rank| {
        let by_then = counted.iter().filter_map(|burst| burst.ready_by(rank));
        let instants: Vec<u64> = by_then.map(|ready| ready.value_ns.0).collect();
        Sorted::of(&instants)
    });
    let ranked: Vec<Sorted> = ranked.collect();
    let at = |pick: fn(&Sorted) -> u64| ranked.iter().map(pick).collect();
    let metrics = [BurstMetric::First, BurstMetric::Median, BurstMetric::Last];
    Some(Curve {
        name: name.to_owned(),
        told: metrics
            .map(|what| Shown::of(source.analysis.series(name, &Metric::Burst(what, containers))).value),
        shares: ShareCurve {
            variant,
            values: at(|instants| whole(median(instants))),
            earliest: at(Sorted::min),
            latest: at(Sorted::max),
        },
    })
}

/// The bursts of a variant that enter statistics.
fn counted<'a>(run: &'a Run, containers: u32, variant: &str) -> Vec<&'a BurstSample> {
    let counts = |burst: &&BurstSample| {
        burst.containers == containers
            && burst.key.variant == variant
            && !burst.key.warmup
            && burst.outcome.is_ok()
    };
    run.bursts.iter().filter(counts).collect()
}

impl Body for Burst {
    fn texts(&self) -> &Texts {
        &self.texts
    }

    fn nothing(&self) -> Option<&str> {
        None
    }

    fn data(&self) -> DataTable {
        let mut table = DataTable::new(&["containers", "variant", "first", "half", "all"]);
        for panel in &self.panels {
            for curve in &panel.curves {
                let [first, half, all] = &curve.told;
                table.row(&[&panel.containers.to_string(), &curve.name, first, half, all]);
            }
        }
        table
    }

    fn height(&self, _width: i32) -> i32 {
        let panels = i32::try_from(self.panels.len()).unwrap_or(1);
        key::height(self.variants.len()) + panels * (HEADING + PLOT + AXIS)
    }

    fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Result<(), ChartError> {
        let lines = self.variants.iter().cloned();
        let mut panel_area = key::above_plot(canvas, area, 0, lines)?;
        for panel in &self.panels {
            let heading = format!("{} at once", panel.containers);
            canvas.text((panel_area.left, panel_area.top + 10), &heading, Lettering::SMALL)?;
            let plot = Area {
                top: panel_area.top + HEADING,
                bottom: panel_area.top + HEADING + PLOT,
                ..panel_area
            };
            let curves: Vec<&ShareCurve> = panel.curves.iter().map(|curve| &curve.shares).collect();
            share_plot::draw(canvas, plot, "ready after the release", &curves)?;
            panel_area.top = plot.bottom + AXIS;
        }
        Ok(())
    }
}
