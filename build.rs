//! Compiles the test cargo, the static Linux program under `src/ballast/program`, for the target the
//! crate is built for and leaves it in `OUT_DIR`, from where `src/ballast/mod.rs` embeds it.
//!
//! A target without the program (not Linux, or no static standard library) is no reason to refuse the
//! whole build: the program is left empty, beside it the reason, which the crate gives as its error.

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

const SOURCES: &str = "src/ballast/program";

/// What of the library it is compiled with besides.
const SHARED: [&str; 3] = ["src/probe/watching", "src/unit/nanos.rs", "src/unit/parse.rs"];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    for sources in SHARED.iter().chain([&SOURCES]) {
        println!("cargo::rerun-if-changed={sources}");
    }

    let out_dir = env::var("OUT_DIR")?;
    let program = Path::new(&out_dir).join("ballast");
    let is_linux = env::var("CARGO_CFG_TARGET_OS")? == "linux";
    let absent = if is_linux && env::var("CARGO_CFG_TARGET_POINTER_WIDTH")? == "64" {
        compile(&program)?
    } else {
        let target = env::var("TARGET")?;
        Some(format!(
            "the target {target} is not a 64-bit Linux, which a container of the test cargo needs"
        ))
    };

    if let Some(reason) = &absent {
        for line in reason.lines() {
            println!("cargo::warning={line}");
        }
        fs::write(&program, [])?;
    }
    fs::write(
        Path::new(&out_dir).join("ballast-absent.txt"),
        absent.unwrap_or_default(),
    )?;
    Ok(())
}

/// Compiles the program to `output`; says why when the compiler refuses.
fn compile(output: &Path) -> Result<Option<String>, Box<dyn Error>> {
    let target = env::var("TARGET")?;
    let mut rustc = Command::new(env::var("RUSTC")?);
    rustc
        .current_dir(env::var("CARGO_MANIFEST_DIR")?)
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "bin",
            "--crate-name",
            "ballast",
        ])
        // A `FROM scratch` image holds no shared library, so the C library is linked in.
        .args(["-C", "target-feature=+crt-static"])
        .args(["-C", "opt-level=s", "-C", "panic=abort", "-C", "strip=symbols"])
        .args(["--target", &target, "-o"])
        .arg(output);
    if let Ok(linker) = env::var("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={linker}"));
    }
    let outcome = rustc.arg(format!("{SOURCES}/main.rs")).output()?;
    let said = String::from_utf8_lossy(&outcome.stderr);
    if !outcome.status.success() {
        return Ok(Some(format!(
            "the test cargo could not be compiled as a static program for {target}; it needs the Rust \
             standard library of that target and a static C library (libc6-dev, glibc-static):\n{said}"
        )));
    }
    for line in said.lines() {
        println!("cargo::warning={line}");
    }
    Ok(None)
}
