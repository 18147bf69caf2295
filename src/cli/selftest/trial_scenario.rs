//! The scenario of the self-test: servers that wait for known times before they listen, or answer 503 for a while.

use std::io;
use std::path::Path;

use crate::unit::Nanos;

/// The servers that are ready as soon as they listen, with how long they wait before, the shortest first.
pub(super) const PLAIN: [(&str, Nanos); 4] = [
    ("at-once", Nanos::ZERO),
    ("after-5ms", Nanos::from_millis(5)),
    ("after-20ms", Nanos::from_millis(20)),
    ("after-200ms", Nanos::from_millis(200)),
];

/// Every server, with its flags.
pub(super) const VARIANTS: [(&str, &[&str]); 5] = [
    ("at-once", &[]),
    ("after-5ms", &["--listen-after", "5ms"]),
    ("after-20ms", &["--listen-after", "20ms"]),
    ("after-200ms", &["--listen-after", "200ms"]),
    ("warming", &["--listen-after", "20ms", "--ready-after", "120ms"]),
];

const HEAD: &str = r#"schema = 1
title = "Self-test: servers that know their own instants"
context.path = "context"
base.ballast.ballast = true

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "build"
cache = { layers = "empty" }

[start]
samples = 1
warmups = 0
timeout = "20s"
ready = { http = "/health", port = 8000 }
"#;

/// Writes the scenario into a new folder.
pub(super) fn write_scenario(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder.join("context"))?;
    std::fs::write(folder.join("context/cargo.txt"), "nothing depends on it\n")?;
    let mut text = HEAD.to_owned();
    for (name, flags) in VARIANTS {
        text.extend([
            "\n[[variant]]\nname = \"",
            name,
            "\"\ndockerfile = \"",
            name,
            ".Dockerfile\"\n",
        ]);
        // The body names the server, so that whoever asks one knows which it is.
        let fixed = ["/ballast", "serve", "--body", name];
        let words = fixed.iter().chain(flags);
        let command: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
        let dockerfile = format!(
            "ARG BALLAST\nFROM ${{BALLAST}}\nCOPY cargo.txt /\nCMD [{}]\n",
            command.join(", ")
        );
        std::fs::write(folder.join(format!("{name}.Dockerfile")), dockerfile)?;
    }
    std::fs::write(folder.join("scenario.toml"), text)
}
