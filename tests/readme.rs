//! What the README shows is true: its example scenario has no mistakes.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The first fenced block of a language.
fn block<'text>(text: &'text str, language: &str) -> &'text str {
    let open = format!("```{language}\n");
    let start = text.find(&open).expect("the README has such a block") + open.len();
    let length = text[start..].find("```").expect("a block ends");
    &text[start..start + length]
}

#[test]
fn the_example_scenario_of_the_readme_has_no_mistakes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("there is a README");
    let folder = tempfile::tempdir().expect("a folder can be made");
    let write = |path: &str, text: &str| {
        let path = folder.path().join("layer-order").join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    write("scenario.toml", block(&readme, "toml"));
    write("context/app/main.py", "print('ahoy')\n");
    for name in ["naive", "ordered"] {
        let text = "ARG PYTHON\nFROM ${PYTHON}\nCOPY . .\nRUN pip install -r requirements.txt\n";
        write(&format!("{name}.Dockerfile"), text);
    }
    let checked = Command::new(env!("CARGO_BIN_EXE_seatrial"))
        .arg("check")
        .arg(folder.path().join("layer-order"))
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&checked.stderr);
    assert!(checked.status.success(), "{said}");
}
