//! Charts as SVG: one file for light and dark, with a finding as title.
//!
//! A chart is a model, prepared from the run, and a drawing of it at a width. Drawing the same model gives the same
//! bytes. Every text is measured before it is placed, since SVG has no layout of its own.

mod axis;
mod builds;
mod burst;
mod canvas;
mod chart;
mod commits;
mod key;
mod lanes;
mod layers;
mod lettering;
mod marker;
mod phases;
mod share_plot;
mod sheet;
mod size_start;
mod stacks;
mod start_phases;
mod start_shares;
mod starts;
mod strip;
mod theme;
mod timeline;

pub use canvas::ChartError;
pub use chart::{Chart, draw_all};
pub use sheet::DataTable;
