//! The text that makes an edit unique.

use crate::digest::Digest;

/// Text unique to a run, round, variant and step, of fixed length so that byte counts repeat over rounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce(String);

impl Nonce {
    /// What stands for the nonce in an edit's text.
    pub const PLACEHOLDER: &'static str = "{{nonce}}";

    /// The environment variable that holds the nonce for a command.
    pub const VARIABLE: &'static str = "SEATRIAL_NONCE";

    /// The nonce of one build: 16 hex digits, the same for the same four parts.
    #[must_use]
    pub fn of(run_id: &str, round: u32, variant: &str, step: &str) -> Self {
        let parts = format!("{run_id}\0{round}\0{variant}\0{step}");
        Self(Digest::of(parts).hex()[..16].to_owned())
    }

    /// `text` with every placeholder replaced.
    #[must_use]
    pub fn fill_in(&self, text: &str) -> String {
        text.replace(Self::PLACEHOLDER, &self.0)
    }

    /// The nonce itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differs_with_each_part_and_keeps_its_length() {
        let nonces = [
            Nonce::of("run", 1, "naive", "edit"),
            Nonce::of("ran", 1, "naive", "edit"),
            Nonce::of("run", 2, "naive", "edit"),
            Nonce::of("run", 1, "ordered", "edit"),
            Nonce::of("run", 1, "naive", "edits"),
        ];
        for (index, nonce) in nonces.iter().enumerate() {
            assert_eq!(nonce.as_str().len(), 16);
            assert!(!nonces[..index].contains(nonce), "{nonce:?} repeats");
        }
    }

    #[test]
    fn fills_every_placeholder() {
        let nonce = Nonce::of("run", 1, "naive", "edit");
        let expected = format!("# {0} {0}\n", nonce.as_str());
        assert_eq!(nonce.fill_in("# {{nonce}} {{nonce}}\n"), expected);
    }
}
