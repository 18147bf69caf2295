//! Consumers of a run and its analysis: tables, charts, the page, Markdown and JSON.
//!
//! Nothing here measures or judges. Text from outside, such as names and logs, is made harmless before it is escaped
//! for a format; see `untrusted`.

pub mod charts;
mod overview;
mod quantity;
mod table;
mod untrusted;

pub use table::{Terminal, tables};
