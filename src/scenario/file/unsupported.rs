//! Keys and words of the format that this version does not read yet, and words that no version can.
//!
//! They are named apart from mistakes, so that nobody looks for a slip in a word that is right.

/// Keys by the table in which they stand, with `.` between the tables and `*` for a name that the file chooses.
const KEYS: &[(&str, &[&str])] = &[("build", &["analysis", "ci-target", "max-rounds"])];

/// Words by the key that takes them.
const WORDS: &[(&str, &[&str])] = &[("build.rounds", &["auto"])];

/// Words that Docker takes and that stand for nothing which could be measured here, and why.
const UNMEASURABLE: &[(&str, &str, &str)] = &[(
    "build.remote-cache.type",
    "gha",
    "the cache of GitHub Actions can only be reached from within its service, so it cannot be measured here; \
     `registry` and `local` are the nearest to it",
)];

/// Whether a later version reads `key` in `table`.
pub(super) fn is_key(table: &str, key: &str) -> bool {
    listed(KEYS, table, key)
}

/// Whether a later version reads `word` as the value of `key`.
pub(super) fn is_word(key: &str, word: &str) -> bool {
    listed(WORDS, key, word)
}

/// Why `word` cannot be the value of `key`, where Docker takes it.
pub(super) fn why_unmeasurable(key: &str, word: &str) -> Option<&'static str> {
    let mut listed = UNMEASURABLE.iter();
    listed
        .find(|(at, unmeasurable, _)| *at == key && *unmeasurable == word)
        .map(|(.., why)| *why)
}

/// Whether a key of a later version stands in `table` for keys that this version requires.
pub(super) fn stands_for_required(table: &str) -> bool {
    table == "start.ready"
}

fn listed(list: &[(&str, &[&str])], place: &str, word: &str) -> bool {
    list.iter()
        .any(|(listed, words)| *listed == place && words.contains(&word))
}
