//! A scenario that is about starts: one image that is built once.

/// The scenario, with these lines of `[start]` and what follows them. Its Dockerfile builds on `BALLAST`, from `context`.
pub(crate) fn started(start: &str) -> String {
    format!(
        r#"
schema = 1
title = "Started"
question = "How?"
context.path = "context"
base.ballast.ballast = true
variant = [{{ name = "only", dockerfile = "Dockerfile" }}]

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"
cache = {{ layers = "empty", context = "absent" }}

[start]
warmups = 0
{start}
"#
    )
}
