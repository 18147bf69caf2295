//! Secrets reach the builds that are to have them, and nothing else.

use std::fs;
use std::path::Path;

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::trial::{Trial, builds, start_of};
use crate::witness::{Kept, witness};

const SCENARIO: &str = r#"
schema = 1
title = "Secrets"
context = { path = "context" }
keep = ["uses"]

[[variant]]
name = "uses"
dockerfile = "uses.Dockerfile"
secrets = { token = { env = "TRIAL_TOKEN" }, netrc = { file = "../netrc" } }
args = { CODE = { env = "TRIAL_CODE", secret = true }, PLAIN = { env = "TRIAL_PLAIN" } }

[[variant]]
name = "echoes"
dockerfile = "echoes.Dockerfile"
secrets = { token = { env = "TRIAL_TOKEN" }, netrc = { file = "../netrc" } }

[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"
cache = { layers = "empty", context = "absent" }

[start]
samples = 1
warmups = 0
timeout = "5s"
ready = { http = "/", port = 8000 }
"#;

const USES: &str = r#"FROM scratch
COPY witness /witness
ARG CODE
ARG PLAIN
RUN --mount=type=secret,id=token ["/witness", "note", "token", "file", "/run/secrets/token"]
RUN --mount=type=secret,id=netrc,required=true ["/witness", "note", "netrc", "file", "/run/secrets/netrc"]
RUN ["/witness", "note", "code", "env", "CODE"]
RUN ["/witness", "note", "plain", "env", "PLAIN"]
COPY witness /${CODE}
CMD ["/witness", "tell", "/notes/token"]
"#;

const ECHOES: &str = r#"FROM scratch
COPY witness /witness
RUN --mount=type=secret,id=token ["/witness", "note", "token", "file", "/run/secrets/token"]
RUN --mount=type=secret,id=netrc ["/witness", "tell", "/run/secrets/netrc"]
"#;

/// Every file below a folder, by its path.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found
}

#[test]
fn secrets_reach_their_builds_and_no_byte_of_what_is_kept_or_said() {
    let Some(_daemon) = daemon() else { return };
    let [token, code, password] = ["token", "code", "password"].map(unique);
    let plain = unique("plain");
    let netrc = format!("machine registry.example\nlogin someone\npassword {password}\n");
    let trial = Trial::new(&[
        ("scenario.toml", SCENARIO),
        ("uses.Dockerfile", USES),
        ("echoes.Dockerfile", ECHOES),
        ("../netrc", &netrc),
        ("context/note.txt", ""),
    ])
    .with_variable("TRIAL_TOKEN", &token)
    .with_variable("TRIAL_CODE", &code)
    .with_variable("TRIAL_PLAIN", &plain);
    fs::copy(witness(), trial.scenario().join("context/witness")).unwrap();
    let before = Inventory::take();

    let ended = trial.run(&[]);
    let run = trial.journal();
    let kept = Kept::of(&run, "uses");
    assert_eq!(ended.code, Some(1), "{ended:?}");
    for (note, expected) in [
        ("token", &token),
        ("netrc", &netrc),
        ("code", &code),
        ("plain", &plain),
    ] {
        assert_eq!(kept.note(note), **expected, "{note}");
    }
    drop(kept);
    assert_eq!(Inventory::take(), before);

    // What was printed is there, and what was secret of it is marked.
    let echoes = builds(&run, "echoes", "first")[0];
    let log = echoes.failure.as_ref().unwrap().log_tail.join("\n");
    assert!(log.contains("[secret]") && log.contains("told"), "{log}");
    let start = start_of(&run, "uses");
    assert!(start.log_tail.iter().any(|line| line == "[secret]"), "{start:?}");
    let uses = builds(&run, "uses", "first")[0];
    assert!(
        uses.instructions
            .iter()
            .any(|instruction| instruction.name == "COPY witness /[secret]"),
        "{uses:?}"
    );

    // The header tells two runs apart.
    let record = run
        .header
        .variants
        .iter()
        .find(|record| record.name == "uses")
        .unwrap();
    assert_eq!(record.options.secrets.len(), 2);
    let values: Vec<_> = record
        .env_args
        .iter()
        .map(|argument| {
            (
                argument.name.as_str(),
                argument.value.as_deref(),
                argument.digest.len(),
            )
        })
        .collect();
    assert_eq!(values, [("CODE", None, 4), ("PLAIN", Some(plain.as_str()), 64)]);

    let mut said = files(&trial.report());
    assert!(said.len() > 5, "{said:?}");
    said.push(("stdout of run".to_owned(), ended.stdout.into_bytes()));
    said.push(("stderr of run".to_owned(), ended.stderr.into_bytes()));
    let scenario = trial.scenario().display().to_string();
    for arguments in [
        &["check"][..],
        &["show"],
        &["show", "--resolved"],
        &["plan"],
        &["plan", "--json"],
    ] {
        let told = trial.command(arguments, &[&scenario]);
        assert_eq!(told.code, Some(0), "{arguments:?}: {told:?}");
        said.push((format!("stdout of {arguments:?}"), told.stdout.into_bytes()));
        said.push((format!("stderr of {arguments:?}"), told.stderr.into_bytes()));
    }
    for (place, bytes) in said {
        for secret in [&token, &code, &password] {
            let found = bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes());
            assert!(!found, "{place} holds `{secret}`");
        }
    }
}

#[test]
fn a_secret_that_a_command_says_before_it_fails_is_not_told() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("token");
    let scenario = r#"
schema = 1
title = "A base that tells"
context = { path = "context" }

[base.tells]
import = ["sh", "-c", "echo \"cannot log in with $TRIAL_TOKEN\" >&2; exit 3"]

[[variant]]
name = "one"
dockerfile = "Dockerfile"
secrets = { token = { env = "TRIAL_TOKEN" } }
"#;
    let trial = Trial::new(&[
        ("scenario.toml", scenario),
        ("Dockerfile", "ARG TELLS\nFROM ${TELLS}\nCOPY . /\n"),
        ("context/note.txt", ""),
    ])
    .with_variable("TRIAL_TOKEN", &token);
    let ended = trial.run(&["--quick"]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.stderr.contains("cannot log in with [secret]"),
        "{}",
        ended.stderr
    );
    let mut said = ended.stdout + &ended.stderr;
    for (_, bytes) in files(&trial.report()) {
        said += &String::from_utf8_lossy(&bytes);
    }
    assert!(!said.contains(&token), "{said}");
}
