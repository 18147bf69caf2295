//! What of a scenario is measured where the daemon is on another machine.

use std::borrow::Cow;

use crate::docker::Engine;
use crate::scenario::{Companion, Readiness, Scenario, StartSettings};

/// A scenario as it is measured there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FromAfar {
    pub(super) scenario: Scenario,
    /// What is not measured, and why.
    pub(super) warning: String,
}

/// A scenario as it is measured on an engine, and what is not measured of it there, in words.
pub(super) fn as_measured<'a>(
    scenario: &'a Scenario,
    engine: &Engine,
) -> (Cow<'a, Scenario>, Option<String>) {
    match from_afar(scenario).filter(|_| engine.is_elsewhere()) {
        Some(FromAfar { scenario, warning }) => (Cow::Owned(scenario), Some(warning)),
        None => (Cow::Borrowed(scenario), None),
    }
}

/// What is left of a scenario; `None` where nothing has to be left out. Containers there are looked at by one of their own
/// machine, so that readiness which is asked over the network is found. What users see through published ports is another
/// machine's to tell, and so are bursts and companions, which are looked at through them.
pub(super) fn from_afar(scenario: &Scenario) -> Option<FromAfar> {
    let start = scenario.start.as_ref()?;
    let mut left = scenario.clone();
    let what = if let Some(why) = why_no_start(start) {
        left.start = None;
        left.gates.retain(|gate| !gate.metric.starts_with("start."));
        format!("starts are not measured, since {why}")
    } else {
        if let Some(start) = &mut left.start {
            start.bursts.clear();
        }
        left.gates.retain(|gate| gate.metric != "start.client");
        let bursts = if start.bursts.is_empty() {
            ""
        } else {
            ", and bursts are left out"
        };
        format!(
            "starts are looked at by a container there, what users see through published ports is not measured{bursts}"
        )
    };
    left.gates.retain(|gate| !gate.metric.starts_with("burst."));
    Some(FromAfar {
        scenario: left,
        warning: format!("the daemon is on another machine: {what}"),
    })
}

/// Why the starts of a scenario cannot be measured from here.
fn why_no_start(start: &StartSettings) -> Option<String> {
    if let Readiness::Engine(_) = start.ready {
        let kind = start.ready.kind();
        return Some(format!(
            "readiness by `{kind}` is told by the engine, as much later as the way from there takes"
        ));
    }
    let is_asked = |companion: &&Companion| matches!(companion.ready, Readiness::Network(_));
    let asked = start.companions.iter().find(is_asked)?;
    Some(format!(
        "the companion `{}` is to be asked over the network, by which nothing there is reached",
        asked.name
    ))
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
    fn starts_are_not_measured_where_the_engine_tells_or_a_companion_is_asked() {
        let left = left_of(
            "ready = { http = \"/\", port = 80 }\ncompanion = [{ name = \"db\", image = \"x\", ready = { tcp = 1 } }]",
        );
        assert_eq!((&left.scenario.start, gates(&left)), (&None, vec!["image.size"]));
        assert!(
            left.warning
                .contains("since the companion `db` is to be asked over the network"),
            "{}",
            left.warning
        );
        let left = left_of("ready = { log = \"up\" }");
        assert_eq!((&left.scenario.start, gates(&left)), (&None, vec!["image.size"]));
        assert_eq!(
            left.warning,
            "the daemon is on another machine: starts are not measured, since readiness by `log` is told by the engine, as much later \
             as the way from there takes"
        );
    }
}
