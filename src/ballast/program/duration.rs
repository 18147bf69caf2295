//! Durations as text: a whole or decimal number and `us`, `ms`, `s` or `m`.

use std::time::Duration;

/// The longest duration that is taken; a longer one is more likely a mistake than a wish.
const LONGEST_SECONDS: f64 = 86_400.0;

/// Reads `200ms`, `1.5s`, `0ms`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let expected =
        || format!("`{text}` is not a duration, expected a number and us, ms, s or m, as in `200ms`");
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let seconds_per_unit = match &text[digits.len()..] {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(expected()),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return Err(expected());
    }
    let number: f64 = digits.parse().map_err(|_| expected())?;
    let seconds = number * seconds_per_unit;
    if seconds > LONGEST_SECONDS {
        return Err(format!("`{text}` is longer than a day"));
    }
    Duration::try_from_secs_f64(seconds).map_err(|_| expected())
}

/// The whole nanoseconds of a duration that `parse` gave.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
