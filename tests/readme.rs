//! What the README and its guides show is true: the example scenario has no mistakes, and the example jobs are well-formed and ask for
//! what there is.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use saphyr::{LoadableYamlNode as _, Yaml};

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

/// Every text in a YAML document.
fn texts<'yaml>(yaml: &'yaml Yaml<'_>, found: &mut Vec<&'yaml str>) {
    if let Some(text) = yaml.as_str() {
        found.push(text);
    }
    for part in yaml.as_sequence().into_iter().flatten() {
        texts(part, found);
    }
    for (key, value) in yaml.as_mapping().into_iter().flatten() {
        texts(key, found);
        texts(value, found);
    }
}

#[test]
fn the_example_jobs_are_well_formed_and_ask_for_what_there_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/ci");
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let mut commands = 0;
    for name in ["github-actions.yml", "gitlab-ci.yml"] {
        let text = fs::read_to_string(folder.join(name)).expect("an example");
        let documents = Yaml::load_from_str(&text).expect("YAML");
        assert_eq!(documents.len(), 1, "{name}");
        let mut found = Vec::new();
        texts(&documents[0], &mut found);
        for script in found.into_iter().filter(|text| text.contains("seatrial ")) {
            let mut shell = Command::new("bash")
                .arg("-n")
                .stdin(Stdio::piped())
                .spawn()
                .expect("bash");
            let mut input = shell.stdin.take().expect("a pipe");
            std::io::Write::write_all(&mut input, script.as_bytes()).expect("bash reads");
            drop(input);
            assert!(shell.wait().expect("bash ends").success(), "{name}: {script}");
            for line in script.lines().filter(|line| line.contains("seatrial ")) {
                let from = line.find("seatrial ").expect("it is there") + "seatrial ".len();
                let words: Vec<&str> = line[from..].split_whitespace().collect();
                let subcommands = if words[0] == "history" {
                    &words[..2]
                } else {
                    &words[..1]
                };
                let command = subcommands.join(" ");
                let help = helps.entry(command.clone()).or_insert_with(|| {
                    let output = Command::new(env!("CARGO_BIN_EXE_seatrial"))
                        .args(subcommands)
                        .arg("--help")
                        .output()
                        .expect("the program runs");
                    assert!(output.status.success(), "{command}");
                    String::from_utf8(output.stdout).expect("text")
                });
                for option in words.iter().filter(|word| word.starts_with("--")) {
                    let option = option.trim_end_matches(';');
                    assert!(help.contains(option), "{name}: `{command}` has no {option}");
                }
                commands += 1;
            }
        }
    }
    assert!(commands > 15, "{commands}");
}
