//! One entry of `[gate]`.

use schemars::JsonSchema;
use serde::Deserialize;

/// How much worse a metric may become.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct GateTable {
    /// The allowance relative to the baseline: `5%`, `0`, or an amount in the metric's unit.
    pub worse_by: Option<String>,
    /// A difference smaller than this is no difference: an amount in the metric's unit, such as `10ms`.
    pub at_least: Option<String>,
    /// The absolute budget: an amount in the metric's unit, such as `10MiB`.
    pub at_most: Option<String>,
}
