//! Consumers of a run and its analysis: tables, charts, the page, Markdown and JSON.
//!
//! Nothing here measures or judges. Text from outside, such as names and logs, is made harmless before it is escaped
//! for a format; see `untrusted`.

pub mod charts;
pub mod export;
mod facts;
mod files;
mod gate_json;
mod gate_markdown;
mod gate_text;
mod history_text;
mod html;
mod instructions;
mod markdown;
mod moment;
mod overview;
mod paragraph;
mod paths;
mod quantity;
mod summary_json;
mod table;
mod untrusted;
mod verdict_json;
mod verdict_text;

pub use files::{ReportError, render_all, save};
pub use gate_json::gate_json;
pub use gate_markdown::gate_markdown;
pub use gate_text::gate_text;
pub use history_text::{history_text, nights_text};
pub use html::{RenderPage, html};
pub use markdown::markdown;
pub use paragraph::paragraph;
pub use summary_json::{SUMMARY_SCHEMA, WriteSummary, summary_json};
pub use table::{Terminal, tables};
pub use verdict_json::{VERDICT_SCHEMA, verdict_json};
pub use verdict_text::{Than, changes_text, verdict_text};
