//! Byte sizes as text: a whole number and `B`, `KiB`, `MiB` or `GiB`.

/// Reads `20KiB`, `512B`, `512`.
pub(crate) fn parse(text: &str) -> Result<usize, String> {
    let expected = || {
        format!("`{text}` is not a byte size, expected a whole number and B, KiB, MiB or GiB, as in `20KiB`")
    };
    let digits = text.trim_end_matches(|character: char| character.is_ascii_alphabetic());
    let bytes_per_unit: usize = match &text[digits.len()..] {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(expected()),
    };
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(expected());
    }
    let number: usize = digits.parse().map_err(|_| expected())?;
    number
        .checked_mul(bytes_per_unit)
        .ok_or_else(|| format!("`{text}` is more than this machine can address"))
}
