//! What of a scenario is measured where the daemon is on another machine.

use crate::scenario::{Readiness, Scenario};

/// A scenario as it is measured there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FromAfar {
    pub(super) scenario: Scenario,
    /// What is not measured, and why.
    pub(super) warning: String,
}

/// What is left of a scenario; `None` where nothing has to be left out. Containers there are looked at by one of their own
/// machine, so that readiness which is asked over the network is found. What users see through published ports is another
/// machine's to tell, and so are bursts, which are looked at through them; what the engine tells comes as much later as its way
/// here takes, which nobody knows.
pub(super) fn from_afar(scenario: &Scenario) -> Option<FromAfar> {
    let start = scenario.start.as_ref()?;
    let mut left = scenario.clone();
    let warning = match (&start.ready, start.bursts.is_empty()) {
        (Readiness::Engine(_), _) => {
            left.start = None;
            left.gates.retain(|gate| !gate.metric.starts_with("start."));
            format!(
                "the daemon is on another machine: starts are not measured, since readiness by `{}` is told by the engine, as much \
                 later as the way from there takes",
                start.ready.kind()
            )
        }
        (Readiness::Network(_), alone) => {
            if let Some(start) = &mut left.start {
                start.bursts.clear();
            }
            let bursts = if alone { "" } else { ", and bursts are left out" };
            format!(
                "the daemon is on another machine: starts are looked at by a container there, what users see through published \
                 ports is not measured{bursts}"
            )
        }
    };
    left.gates
        .retain(|gate| gate.metric != "start.client" && !gate.metric.starts_with("burst."));
    Some(FromAfar {
        scenario: left,
        warning,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::load::load;
    use super::*;
    use crate::scenario::Overrides;

    /// What is left of a scenario with these starts.
    fn left_of(start: &str) -> FromAfar {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("afar");
        fs::create_dir(&folder).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
        write("Dockerfile", "FROM scratch\nCOPY scenario.toml /\n");
        write(
            "scenario.toml",
            &format!(
                "schema = 1\ntitle = \"t\"\nquestion = \"q?\"\ncontext.path = \".\"\n\
                 variant = [{{ name = \"only\", dockerfile = \"Dockerfile\" }}]\n[[build.step]]\nname = \"cold\"\n\
                 [start]\n{start}\n[gate]\n\"image.size\" = {{ worse-by = \"0\" }}\n\
                 \"start.ready\" = {{ worse-by = \"5%\" }}\n"
            ),
        );
        let loaded = load(&folder, &Overrides::default()).unwrap();
        let scenario = loaded.checked.runnable();
        from_afar(scenario.unwrap_or_else(|| panic!("{:?}", loaded.checked.problems))).unwrap()
    }

    fn gates(left: &FromAfar) -> Vec<&str> {
        left.scenario
            .gates
            .iter()
            .map(|gate| gate.metric.as_str())
            .collect()
    }

    #[test]
    fn what_is_asked_over_the_network_is_left_but_for_bursts() {
        let left = left_of("ready = { http = \"/\", port = 80 }");
        assert!(left.scenario.start.is_some());
        assert_eq!(gates(&left), ["image.size", "start.ready"]);
        assert!(!left.warning.contains("bursts"), "{}", left.warning);

        let left = left_of("ready = { http = \"/\", port = 80 }\nburst = [1, 4]");
        assert_eq!(left.scenario.start.as_ref().unwrap().bursts, [0; 0]);
        assert!(
            left.warning.ends_with(", and bursts are left out"),
            "{}",
            left.warning
        );
    }

    #[test]
    fn what_the_engine_tells_is_not_measured() {
        let left = left_of("ready = { log = \"up\" }");
        assert_eq!((&left.scenario.start, gates(&left)), (&None, vec!["image.size"]));
        assert_eq!(
            left.warning,
            "the daemon is on another machine: starts are not measured, since readiness by `log` is told by the engine, as much later \
             as the way from there takes"
        );
    }
}
