//! Backslashes in an expression, by Go's rules.

use super::error::PatternError;

/// Reads an escape that stands for one character.
pub(super) fn parse_escape(text: &str) -> Result<(char, &str), PatternError> {
    let body = &text[1..];
    let letter = body.chars().next().ok_or(PatternError::TrailingBackslash)?;
    let rest = &body[letter.len_utf8()..];
    let unknown = PatternError::Escape { escaped: letter };
    match letter {
        'p' | 'P' => Err(PatternError::UnicodeClass),
        'a' => Ok(('\x07', rest)),
        'f' => Ok(('\x0c', rest)),
        'n' => Ok(('\n', rest)),
        'r' => Ok(('\r', rest)),
        't' => Ok(('\t', rest)),
        'v' => Ok(('\x0b', rest)),
        'x' => {
            let digits = rest
                .get(..2)
                .filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let code = digits
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
                .ok_or(unknown)?;
            Ok((char::from(code), &rest[2..]))
        }
        '0'..='7' => {
            let more = rest
                .bytes()
                .take(2)
                .take_while(|byte| (b'0'..=b'7').contains(byte))
                .count();
            if letter != '0' && more == 0 {
                return Err(unknown);
            }
            let code = u32::from_str_radix(&body[..=more], 8)
                .ok()
                .and_then(char::from_u32);
            Ok((code.ok_or(unknown)?, &rest[more..]))
        }
        other if other.is_ascii() && !other.is_ascii_alphanumeric() => Ok((other, rest)),
        _ => Err(unknown),
    }
}
