//! What stands for the address of a companion in the texts that a container is started with.

use std::collections::BTreeMap;

use super::{ContainerOptions, EngineReadiness};

/// How every placeholder begins.
const OPENING: &str = "{{companion.";

/// How it ends.
const CLOSING: &str = "}}";

/// The names in the placeholders of `text`, in order; `None` for one that is not closed.
pub(super) fn named_in(text: &str) -> impl Iterator<Item = Option<&str>> {
    let pieces = text.split(OPENING).skip(1);
    pieces.map(|piece| piece.split_once(CLOSING).map(|(name, _)| name))
}

/// `text` with the addresses in the place of the placeholders that name them.
fn fill_in(text: &str, addresses: &BTreeMap<String, String>) -> String {
    let mut filled = text.to_owned();
    for (name, address) in addresses {
        filled = filled.replace(&format!("{OPENING}{name}{CLOSING}"), address);
    }
    filled
}

impl ContainerOptions {
    /// The same with the addresses of companions, each `ADDRESS:PORT` by the companion's name, filled in wherever a text
    /// names one: in the entrypoint, the command and the values of the environment.
    #[must_use]
    pub fn with_addresses(&self, addresses: &BTreeMap<String, String>) -> Self {
        let mut filled = self.clone();
        let words = [&mut filled.entrypoint, &mut filled.command];
        let words = words.into_iter().flatten().flatten();
        for text in words.chain(filled.env.values_mut()) {
            *text = fill_in(text, addresses);
        }
        filled
    }
}

impl EngineReadiness {
    /// The same with the addresses of companions filled in where a command in the container asks for readiness.
    #[must_use]
    pub fn with_addresses(&self, addresses: &BTreeMap<String, String>) -> Self {
        let mut filled = self.clone();
        if let Self::Exec { command, .. } = &mut filled {
            for text in command {
                *text = fill_in(text, addresses);
            }
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::Nanos;

    #[test]
    fn placeholders_are_found_wherever_they_stand() {
        let names = |text: &'static str| named_in(text).collect::<Vec<_>>();
        assert_eq!(names("http://{{companion.a-b}}/x"), [Some("a-b")]);
        assert_eq!(
            names("{{companion.a}}{{companion.}} {{companion.b"),
            [Some("a"), Some(""), None]
        );
        assert_eq!(names("{{nonce}} companion.a {companion.a}"), []);
    }

    #[test]
    fn addresses_go_into_commands_and_values_and_nowhere_else() {
        let options = ContainerOptions {
            entrypoint: Some(vec!["/serve".to_owned(), "--db={{companion.db}}".to_owned()]),
            command: Some(vec!["{{companion.db}} {{companion.weights}}".to_owned()]),
            env: BTreeMap::from([(
                "{{companion.db}}".to_owned(),
                "http://{{companion.weights}}/{{nonce}}".to_owned(),
            )]),
            user: Some("{{companion.db}}".to_owned()),
            ..ContainerOptions::default()
        };
        let addresses = BTreeMap::from([
            ("db".to_owned(), "10.0.0.2:5432".to_owned()),
            ("weights".to_owned(), "[fd00::3]:80".to_owned()),
        ]);
        let filled = options.with_addresses(&addresses);
        assert_eq!(filled.entrypoint.unwrap(), ["/serve", "--db=10.0.0.2:5432"]);
        assert_eq!(filled.command.unwrap(), ["10.0.0.2:5432 [fd00::3]:80"]);
        assert_eq!(
            filled.env,
            BTreeMap::from([(
                "{{companion.db}}".to_owned(),
                "http://[fd00::3]:80/{{nonce}}".to_owned()
            )])
        );
        assert_eq!(filled.user.unwrap(), "{{companion.db}}");

        let asks = |address: &str| EngineReadiness::Exec {
            command: vec!["/ask".to_owned(), format!("tcp://{address}")],
            every: Nanos::from_millis(50),
        };
        assert_eq!(
            asks("{{companion.db}}").with_addresses(&addresses),
            asks("10.0.0.2:5432")
        );
    }
}
