//! What is asked of the classic builder, as the query of `POST /build`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::run::BuildRequest;

/// The path and query that ask for a build; `dockerfile` is the Dockerfile's path in the context.
pub(super) fn query(request: &BuildRequest, dockerfile: &str) -> String {
    let given = request.args.iter();
    let mut args: BTreeMap<_, _> = given
        .map(|(name, value)| (name, Cow::Borrowed(value.as_str())))
        .collect();
    let granted = request.grants.args.iter();
    args.extend(granted.map(|(name, value)| (name, value.reveal_text())));
    let args = serde_json::to_string(&args).unwrap_or_default();
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
    let options = &request.options;
    if let Some(platform) = &options.platform {
        add("platform", platform);
    }
    if let Some(network) = options.forced_network() {
        add("networkmode", network.as_str());
    }
    if let Some(size) = options.shm_size {
        add("shmsize", &size.0.to_string());
    }
    for (host, address) in &options.add_hosts {
        // The daemon itself knows what stands for its host.
        add("extrahosts", &format!("{host}:{address}"));
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
