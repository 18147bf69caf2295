//! Bytes as hexadecimal digits, two each.

/// Reads `6f6b`; the empty text is no bytes.
pub(crate) fn parse(text: &str) -> Result<Vec<u8>, String> {
    let broken = || format!("`{text}` is not bytes, expected two hexadecimal digits each, as in `6f6b`");
    let digits = text.as_bytes();
    if digits.len() % 2 != 0 || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(broken());
    }
    digits
        .chunks(2)
        .map(|pair| {
            let pair = str::from_utf8(pair).map_err(|_| broken())?;
            u8::from_str_radix(pair, 16).map_err(|_| broken())
        })
        .collect()
}
