//! Keys and words of the format that this version does not read yet.
//!
//! They are named apart from mistakes, so that nobody looks for a slip in a word that is right.

/// Keys by the table in which they stand, with `.` between the tables and `*` for a name that the file chooses.
const KEYS: &[(&str, &[&str])] = &[
    ("matrix", &["platform"]),
    ("matrix.exclude", &["platform"]),
    ("matrix.include", &["platform"]),
    ("build", &["analysis", "ci-target", "max-rounds"]),
    ("start", &["cache", "burst", "limits", "link", "companion"]),
    ("start.ready", &["tcp", "log", "health", "exec", "exit"]),
];

/// Words by the key that takes them.
const WORDS: &[(&str, &[&str])] = &[
    ("build.remote-cache.type", &["local"]),
    ("build.rounds", &["auto"]),
];

/// Whether a later version reads `key` in `table`.
pub(super) fn is_key(table: &str, key: &str) -> bool {
    listed(KEYS, table, key)
}

/// Whether a later version reads `word` as the value of `key`.
pub(super) fn is_word(key: &str, word: &str) -> bool {
    listed(WORDS, key, word)
}

/// Whether a key of a later version stands in `table` for keys that this version requires.
pub(super) fn stands_for_required(table: &str) -> bool {
    table == "start.ready"
}

fn listed(list: &[(&str, &[&str])], place: &str, word: &str) -> bool {
    list.iter()
        .any(|(listed, words)| *listed == place && words.contains(&word))
}
