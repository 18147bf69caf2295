//! What an ignore file says about a path, and why.

use super::rule::Rule;

/// Whether a path is left out, and the line that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'a> {
    /// Whether the path is left out of the context.
    pub excluded: bool,
    /// The last rule that turned the decision; none when no rule applied.
    pub rule: Option<&'a Rule>,
    /// Whether that rule matched a directory above the path, not the path itself.
    pub by_parent: bool,
}
