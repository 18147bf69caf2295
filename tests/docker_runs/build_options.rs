//! What a build is asked for besides its Dockerfile, seen from inside its instructions.

use std::fs;

use seatrial::scenario::NetworkMode;

use crate::daemon::daemon;
use crate::inventory::Inventory;
use crate::support::docker;
use crate::trial::{Trial, builds};
use crate::witness::{Kept, witness};

const HEAD: &str = r#"
schema = 1
title = "Build options"
context = { path = "context" }
"#;

const NAMED: &str = r#"
schema = 1
title = "Named contexts"
keep = ["named"]

[context]
path = "context"
named = { assets = "../assets" }

[[variant]]
name = "named"
dockerfile = "Dockerfile"
contexts = { context = "more" }
shm-size = "12MiB"
"#;

const STEPS: &str = r#"
[build]
rounds = 1
warmups = 0

[[build.step]]
name = "first"
cache = { layers = "empty", context = "absent" }

[[build.step]]
name = "unchanged"
expect = "cached"
"#;

/// Whether the engine's API has this version at least.
fn has_api(least: (u32, u32)) -> bool {
    let version = docker(&["version", "--format", "{{.Server.APIVersion}}"]);
    let (major, minor) = version.split_once('.').unwrap();
    (major.parse().unwrap(), minor.parse().unwrap()) >= least
}

fn trial(files: &[(&str, &str)]) -> Trial {
    let trial = Trial::new(files);
    fs::copy(witness(), trial.scenario().join("context/witness")).unwrap();
    trial
}

/// The names of the network interfaces in `/proc/net/dev`.
fn interfaces(table: &str) -> Vec<&str> {
    let lines = table
        .lines()
        .filter_map(|line| Some(line.split_once(':')?.0.trim()));
    let mut names: Vec<_> = lines.collect();
    names.sort_unstable();
    names
}

/// The address of a name in `/etc/hosts`.
fn address_of<'hosts>(hosts: &'hosts str, name: &str) -> Option<&'hosts str> {
    hosts.lines().find_map(|line| {
        let (address, names) = line.split_once(char::is_whitespace)?;
        names
            .split_whitespace()
            .any(|known| known == name)
            .then_some(address)
    })
}

/// An instruction found the names `registry` and `machine`, which stands for the engine's host.
fn assert_hosts(kept: &Kept) {
    let hosts = kept.note("hosts");
    assert_eq!(address_of(&hosts, "registry"), Some("192.0.2.7"), "{hosts}");
    // What the engine itself makes of the word for a container.
    let told = kept.run(&["--add-host", "machine:host-gateway"], &["tell", "/etc/hosts"]);
    let gateway = address_of(&told, "machine");
    assert!(gateway.is_some(), "{told}");
    assert_eq!(address_of(&hosts, "machine"), gateway, "{hosts}");
}

/// An instruction had 12 MiB of shared memory.
fn assert_shared_memory(kept: &Kept) {
    let mounts = kept.note("mounts");
    let shared = mounts.lines().find(|line| line.contains(" /dev/shm ")).unwrap();
    assert!(shared.contains("size=12288k"), "{shared}");
}

#[test]
fn networks_and_hosts_are_those_that_were_asked_for() {
    let Some(_daemon) = daemon() else { return };
    let variant = |name: &str, options: &str| {
        format!("[[variant]]\nname = \"{name}\"\ndockerfile = \"Dockerfile\"\n{options}\n")
    };
    let scenario = [
        HEAD,
        "keep = [\"alone\", \"host\", \"usual\"]\n",
        &variant("alone", "network = \"none\""),
        &variant("host", "network = \"host\""),
        &variant(
            "usual",
            "add-hosts = { registry = \"192.0.2.7\", six = \"2001:db8::7\", machine = \"host-gateway\" }",
        ),
        STEPS,
    ]
    .concat();
    let dockerfile = "FROM scratch\nCOPY witness /witness\n\
                      RUN [\"/witness\", \"note\", \"network\", \"file\", \"/proc/net/dev\"]\n\
                      RUN [\"/witness\", \"note\", \"hosts\", \"file\", \"/etc/hosts\"]\n";
    let trial = trial(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", dockerfile),
        ("context/note.txt", ""),
    ]);
    let before = Inventory::take();
    let ended = trial.run(&[]);
    let run = trial.journal();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let kept = ["alone", "host", "usual"].map(|variant| Kept::of(&run, variant));
    let [alone, host, usual] = &kept;

    let [alone, host, inside] = [alone, host, usual].map(|kept| kept.note("network"));
    assert_eq!(interfaces(&alone), ["lo"]);
    assert!(interfaces(&inside).len() == 2, "{inside}");
    // The host's has the engine's own bridge, and whatever else this machine has.
    assert!(
        interfaces(&host).len() > 1 && interfaces(&host) != interfaces(&inside),
        "{host}"
    );

    assert_hosts(usual);
    let hosts = usual.note("hosts");
    assert_eq!(address_of(&hosts, "six"), Some("2001:db8::7"), "{hosts}");
    drop(kept);
    assert_eq!(Inventory::take(), before);

    // What tells the variants apart is in the journal.
    let networks: Vec<_> = run
        .header
        .variants
        .iter()
        .map(|variant| variant.options.network.map(NetworkMode::as_str))
        .collect();
    assert_eq!(networks, [Some("none"), Some("host"), None]);
}

#[test]
fn the_classic_builder_takes_what_it_has_a_word_for() {
    let Some(_daemon) = daemon() else { return };
    let scenario = [
        HEAD,
        "keep = [\"classic\"]\n[[variant]]\nname = \"classic\"\ndockerfile = \"Dockerfile\"\nbuilder = \"classic\"\n\
         network = \"none\"\nshm-size = \"12MiB\"\nplatform = \"linux/amd64\"\n\
         add-hosts = { registry = \"192.0.2.7\", machine = \"host-gateway\" }\n\
         args = { GIVEN = \"in the file\", GRANTED = { env = \"PATH\" } }\n",
        "[build]\nrounds = 1\nwarmups = 0\n[[build.step]]\nname = \"first\"\ncache = { layers = \"empty\", context = \"absent\" }\n",
    ]
    .concat()
    .replace("linux/amd64", &docker(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]));
    let dockerfile = "FROM scratch\nARG GIVEN\nARG GRANTED\nCOPY witness /witness\n\
                      RUN [\"/witness\", \"note\", \"network\", \"file\", \"/proc/net/dev\", \"and\", \
                      \"hosts\", \"file\", \"/etc/hosts\", \"and\", \"mounts\", \"file\", \"/proc/mounts\", \"and\", \
                      \"given\", \"env\", \"GIVEN\", \"and\", \"granted\", \"env\", \"GRANTED\"]\n";
    let trial = trial(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", dockerfile),
        ("context/note.txt", ""),
    ]);
    let before = Inventory::take();
    let ended = trial.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let kept = Kept::of(&trial.journal(), "classic");
    assert_eq!(interfaces(&kept.note("network")), ["lo"]);
    assert_hosts(&kept);
    assert_shared_memory(&kept);
    assert_eq!(kept.note("given"), "in the file");
    assert_eq!(kept.note("granted"), std::env::var("PATH").unwrap());
    drop(kept);
    assert_eq!(Inventory::take(), before);
}

#[test]
fn named_contexts_and_shared_memory_need_a_newer_engine_and_are_told_to_an_older_one() {
    let Some(_daemon) = daemon() else { return };
    let scenario = [NAMED, STEPS].concat();
    let dockerfile = "FROM scratch\nCOPY witness /witness\n\
                      RUN [\"/witness\", \"note\", \"mounts\", \"file\", \"/proc/mounts\"]\n\
                      COPY --from=assets logo.txt /notes/logo\n\
                      COPY --from=context deep/extra.txt /notes/extra\n";
    let trial = trial(&[
        ("scenario.toml", &scenario),
        ("Dockerfile", dockerfile),
        ("../assets/logo.txt", "a logo\n"),
        ("../assets/unused.txt", "not asked for\n"),
        ("more/deep/extra.txt", "something else\n"),
        ("context/note.txt", ""),
    ]);
    let before = Inventory::take();
    let ended = trial.run(&[]);
    if !has_api((1, 42)) {
        assert_eq!(ended.code, Some(2), "{ended:?}");
        for told in [
            "named contexts cannot be had",
            "`/dev/shm` cannot be had",
            "scenario.toml:13:12",
        ] {
            assert!(ended.stderr.contains(told), "{}", ended.stderr);
        }
        assert_eq!(Inventory::take(), before);
        return;
    }
    let run = trial.journal();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let kept = Kept::of(&run, "named");
    assert_eq!(kept.note("logo"), "a logo\n");
    assert_eq!(kept.note("extra"), "something else\n");
    assert_shared_memory(&kept);
    drop(kept);
    assert_eq!(Inventory::take(), before);

    let first = builds(&run, "named", "first")[0].context.clone().unwrap();
    let witness = fs::metadata(witness()).unwrap().len();
    let asked_for = "a logo\nsomething else\n".len() as u64;
    assert_eq!(first.sent_bytes.0, witness + asked_for, "{first:?}");
    let names: Vec<_> = first.named.iter().map(|named| named.name.as_str()).collect();
    assert_eq!(names, ["assets", "context"]);
    for (named, file) in first.named.iter().zip(["unused.txt", "deep/extra.txt"]) {
        let record = run
            .contexts
            .iter()
            .find(|record| record.manifest == named.manifest)
            .unwrap();
        assert!(format!("{:?}", record.delta).contains(file), "{record:?}");
    }
    let unchanged = builds(&run, "named", "unchanged")[0];
    assert_eq!(
        unchanged.context.as_ref().unwrap().sent_bytes.0,
        0,
        "{unchanged:?}"
    );
}

#[test]
fn a_platform_that_the_engine_cannot_run_is_a_mistake_and_its_own_is_built() {
    let Some(_daemon) = daemon() else { return };
    let scenario = |platform: &str| {
        let variant = "[[variant]]\nname = \"one\"\ndockerfile = \"Dockerfile\"\n";
        [
            HEAD,
            "keep = [\"one\"]\n",
            variant,
            &format!("platform = \"{platform}\"\n"),
            STEPS,
        ]
        .concat()
    };
    let dockerfile = "FROM scratch\nARG TARGETPLATFORM\nCOPY witness /witness\n\
                      RUN [\"/witness\", \"note\", \"platform\", \"env\", \"TARGETPLATFORM\"]\n";
    let files = |text: &str| {
        trial(&[
            ("scenario.toml", text),
            ("Dockerfile", dockerfile),
            ("context/note.txt", ""),
        ])
    };
    // No emulator is ever registered for it.
    let foreign = files(&scenario("plan9/mips"));
    let own = docker(&["version", "--format", "{{.Server.Os}}/{{.Server.Arch}}"]);
    for command in ["check", "run"] {
        let told = match command {
            "check" => foreign.command(&["check"], &[&foreign.scenario().display().to_string()]),
            _ => foreign.run(&[]),
        };
        assert_eq!(told.code, Some(2), "{told:?}");
        for text in ["scenario.toml:9:12", "`plan9/mips`", &own] {
            assert!(told.stderr.contains(text), "{}", told.stderr);
        }
    }
    let name = format!("one-{}", own.replace('/', "-"));
    let crossed = [
        HEAD,
        &format!("keep = [\"{name}\"]\n"),
        "[[variant]]\nname = \"one\"\ndockerfile = \"Dockerfile\"\n",
        &format!("[matrix]\nplatform = [\"{own}\"]\n"),
        STEPS,
    ]
    .concat();
    let native = files(&crossed);
    let ended = native.run(&[]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let kept = Kept::of(&native.journal(), &name);
    assert_eq!(kept.note("platform"), own);
}
