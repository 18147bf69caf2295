//! What a container is started with, as the docker command tells it while the container runs.

use std::fs;

use serde_json::{Value, json};

use crate::daemon::{daemon, unique};
use crate::inventory::Inventory;
use crate::started::started;
use crate::support::{docker, docker_output};
use crate::trial::{Trial, start_of, until};

/// A network of the user's, removed when dropped.
struct Network(String);

impl Network {
    fn create(name: &str) -> Self {
        docker(&["network", "create", name]);
        Self(name.to_owned())
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        docker_output(&["network", "rm", &self.0]);
    }
}

#[test]
fn a_container_is_started_with_what_the_scenario_says() {
    let Some(_daemon) = daemon() else { return };
    let token = unique("options");
    let scenario = started(&format!(
        r#"samples = 1
entrypoint = ["/ballast", "serve"]
command = ["--ready-after", "3s", "--body", "{token}"]
env = {{ TIDE = "high" }}
user = "4242:4243"
network = "{token}"
mounts = {{ "/data" = {{ bind = "data" }}, "/scratch" = {{ tmpfs = "3MiB" }} }}
limits = {{ cpus = 0.5, memory = "64MiB", processes = 50 }}
ready = {{ http = "/health", port = 8000, body-contains = "{token}" }}"#
    ));
    let trial = Trial::new(&[
        ("scenario.toml", &scenario),
        (
            "Dockerfile",
            "ARG BALLAST\nFROM ${BALLAST}\nCOPY input.txt /\nCMD [\"never run\"]\n",
        ),
        ("context/input.txt", &token),
        ("data/tide.txt", &token),
    ]);
    let before = Inventory::take();
    let network = Network::create(&token);

    let running = trial.start(&["--probe", "ip"]);
    let mut told = String::new();
    until("the container runs", || {
        let listed = docker(&["ps", "--no-trunc", "--format", "{{.ID}} {{.Command}}"]);
        let id = listed.lines().find(|line| line.contains("--ready-after"));
        id.is_some_and(|line| {
            let id = line.split(' ').next().unwrap_or_default();
            told = docker(&["inspect", "--format", "{{json .}}", id]);
            let copy = trial.scenario().join("copy");
            docker(&["cp", &format!("{id}:/data/tide.txt"), &copy.display().to_string()]);
            true
        })
    });
    let ended = running.wait();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    drop(network);
    assert_eq!(Inventory::take(), before);

    let told: Value = serde_json::from_str(&told).unwrap();
    let (config, host) = (&told["Config"], &told["HostConfig"]);
    assert_eq!(config["Entrypoint"], json!(["/ballast", "serve"]));
    assert_eq!(config["Cmd"], json!(["--ready-after", "3s", "--body", token]));
    assert_eq!(config["User"], "4242:4243");
    assert!(
        config["Env"].as_array().unwrap().contains(&json!("TIDE=high")),
        "{config}"
    );
    assert_eq!(host["NanoCpus"], 500_000_000);
    assert_eq!(
        (&host["Memory"], &host["MemorySwap"]),
        (&json!(64 << 20), &json!(64 << 20))
    );
    assert_eq!(host["PidsLimit"], 50);
    let networks: Vec<_> = told["NetworkSettings"]["Networks"]
        .as_object()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(networks, [&token]);
    let mut mounts: Vec<_> = told["Mounts"].as_array().unwrap().iter().collect();
    mounts.sort_by_key(|mount| mount["Destination"].to_string());
    let mounted: Vec<_> = mounts
        .iter()
        .map(|mount| {
            (
                mount["Destination"].as_str().unwrap(),
                mount["RW"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(mounted, [("/data", false), ("/scratch", true)]);
    let asked = host["Mounts"].as_array().unwrap().iter();
    let sizes: Vec<_> = asked
        .filter_map(|mount| mount["TmpfsOptions"]["SizeBytes"].as_u64())
        .collect();
    assert_eq!(sizes, [3 << 20]);
    assert_eq!(fs::read_to_string(trial.scenario().join("copy")).unwrap(), token);

    let run = trial.journal();
    let start = start_of(&run, "only");
    assert!(start.outcome.is_ok() && start.ready.is_some(), "{start:?}");
}
