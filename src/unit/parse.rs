//! Splitting a written quantity such as `40MiB` or `10m` into its number and its suffix.
//!
//! The ballast is compiled with this file too, which therefore uses the standard library alone.

use std::error::Error;
use std::fmt;

/// Says what was read, and what a quantity of that unit looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseUnitError {
    /// The text as it was written.
    pub text: String,
    /// The accepted form, as a fragment that follows "expected".
    pub expected: &'static str,
}

impl fmt::Display for ParseUnitError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` is not valid, expected {}",
            self.text, self.expected
        )
    }
}

impl Error for ParseUnitError {}

/// Reads `text` as a decimal number followed by one of `suffixes`, and scales it to the base unit.
///
/// The result is rounded to the nearest whole base unit. A negative number, a number without digits,
/// an unknown suffix and a result beyond `u64` are all `None`.
pub(super) fn scaled(text: &str, suffixes: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let split = text
        .find(|character: char| !character.is_ascii_digit() && character != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(split);
    let suffix = suffix.trim_start();
    let (_, factor) = suffixes.iter().find(|(name, _)| *name == suffix)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || (number.contains('.') && fraction.is_empty()) || fraction.len() > 18 {
        return None;
    }
    let whole: u128 = whole.parse().ok()?;
    let mut total = whole.checked_mul(u128::from(*factor))?;
    if !fraction.is_empty() {
        let digits: u128 = fraction.parse().ok()?;
        let scale = 10_u128.pow(u32::try_from(fraction.len()).ok()?);
        total = total.checked_add((digits * u128::from(*factor) + scale / 2) / scale)?;
    }
    u64::try_from(total).ok()
}
