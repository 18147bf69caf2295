//! What is asked of the classic builder, as the query of `POST /build`.

use std::fmt::Write as _;

use crate::run::BuildRequest;

/// The path and query that ask for a build; `dockerfile` is the Dockerfile's path in the context.
pub(super) fn query(request: &BuildRequest, dockerfile: &str) -> String {
    let args = serde_json::to_string(&request.args).unwrap_or_default();
    // Containers of steps are removed also where the step failed: nothing of a build is to stay.
    let mut query = "/build?version=1&rm=1&forcerm=1".to_owned();
    let mut add = |key: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = write!(query, "&{key}={}", escaped(value));
    };
    add("dockerfile", dockerfile);
    add("t", &request.image);
    add("buildargs", &args);
    if let Some(target) = &request.target {
        add("target", target);
    }
    if request.no_cache {
        add("nocache", "1");
    }
    query
}

/// A value of a query: everything but letters, digits and `-._~` as `%` and two hex digits.
fn escaped(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_bytewise() {
        assert_eq!(
            escaped("a-b_c.d~e/f:{\"ä\"} +&="),
            "a-b_c.d~e%2Ff%3A%7B%22%C3%A4%22%7D%20%2B%26%3D"
        );
    }
}
