//! A whole ignore file.

use super::clean::clean;
use super::decision::Decision;
use super::error::IgnoreError;
use super::rule::Rule;
use super::walk::{IgnoreWalk, Pruning};
use super::warning::IgnoreWarning;

/// The rules of an ignore file, in order.
///
/// ```
/// use seatrial::dockerignore::IgnoreFile;
/// let ignore = IgnoreFile::parse(b"# build output\ntarget\n!target/release/app\n")?;
/// let decision = ignore.decide("target/debug/app");
/// assert!(decision.excluded && decision.by_parent);
/// assert_eq!(decision.rule.map(|rule| rule.line()), Some(2));
/// assert!(!ignore.decide("target/release/app").excluded);
/// # Ok::<(), seatrial::dockerignore::IgnoreError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoreFile {
    rules: Vec<Rule>,
}

impl IgnoreFile {
    /// Reads the bytes of an ignore file. Bytes that are not UTF-8 are replaced, with a warning.
    ///
    /// # Errors
    ///
    /// On a lone `!` and on malformed patterns, which make every docker client refuse the build.
    pub fn parse(bytes: &[u8]) -> Result<Self, IgnoreError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut rules = Vec::new();
        for (index, raw) in bytes.split(|byte| *byte == b'\n').enumerate() {
            if raw.starts_with(b"#") {
                continue;
            }
            let line = String::from_utf8_lossy(raw);
            let text = line.trim();
            if text.is_empty() {
                continue;
            }
            let (bang, rest) = text
                .strip_prefix('!')
                .map_or(("", text), |rest| ("!", rest.trim()));
            let cleaned = if rest.is_empty() {
                String::new()
            } else {
                clean(rest)
            };
            let relative = cleaned
                .strip_prefix('/')
                .filter(|rest| !rest.is_empty())
                .unwrap_or(&cleaned);
            rules.extend(Rule::parse(index + 1, text, &format!("{bang}{relative}"))?);
        }
        Ok(Self { rules })
    }

    /// Reads patterns as a builder hands them to a client: cleaned already, and a leading slash is not
    /// dropped any more.
    ///
    /// # Errors
    ///
    /// As [`IgnoreFile::parse`]; the line is the position in the list, from 1.
    pub fn from_patterns<S: AsRef<str>>(patterns: &[S]) -> Result<Self, IgnoreError> {
        let mut rules = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            rules.extend(Rule::parse(index + 1, pattern.as_ref(), pattern.as_ref())?);
        }
        Ok(Self { rules })
    }

    /// The rules in order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The patterns as a front end hands them to a client.
    #[must_use]
    pub fn exclude_patterns(&self) -> Vec<String> {
        self.rules.iter().map(Rule::to_exclude_pattern).collect()
    }

    /// What the patterns say about a path, by itself: as if every directory were looked into.
    #[must_use]
    pub fn decide(&self, path: &str) -> Decision<'_> {
        self.explain(path, Pruning::Off)
    }

    /// What becomes of a path in a context that is packed with this pruning.
    #[must_use]
    pub fn explain(&self, path: &str, pruning: Pruning) -> Decision<'_> {
        self.walk(pruning).visit(path, false).decision
    }

    /// Starts a walk over a tree.
    #[must_use]
    pub fn walk(&self, pruning: Pruning) -> IgnoreWalk<'_> {
        IgnoreWalk::new(self, pruning)
    }

    /// Whether an excluded directory is still to be looked into for the sake of an exception.
    #[must_use]
    pub fn enters_excluded(&self, directory: &str, pruning: Pruning) -> bool {
        let mut exceptions = self.rules.iter().filter(|rule| rule.is_negated());
        let below = |base: &str| {
            format!("{base}/")
                .strip_prefix(directory)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        match pruning {
            Pruning::Off => true,
            Pruning::ClassicClient => exceptions.any(|rule| below(rule.pattern())),
            Pruning::StreamedContext => {
                !exceptions.clone().all(Rule::is_plain_prefix) || exceptions.any(|rule| below(rule.base()))
            }
        }
    }

    /// Whether a directory that no plain rule matches can hold a path that one does. Only certain when
    /// every plain rule is a plain path; with a wildcard anywhere the answer is yes.
    #[must_use]
    pub fn can_match_below(&self, directory: &str) -> bool {
        let mut plain = self.rules.iter().filter(|rule| !rule.is_negated());
        let below = |base: &str| {
            format!("{base}/")
                .strip_prefix(directory)
                .is_some_and(|rest| rest.starts_with('/'))
        };
        !plain.clone().all(Rule::is_plain_prefix) || plain.any(|rule| below(rule.base()))
    }

    /// The lines that do something else than they seem to say.
    #[must_use]
    pub fn warnings(&self) -> Vec<IgnoreWarning> {
        let of_rule = |rule: &Rule| {
            let (line, text) = (rule.line(), rule.text().to_owned());
            rule.warnings().into_iter().map(move |warning| IgnoreWarning {
                line,
                text: text.clone(),
                warning,
            })
        };
        self.rules.iter().flat_map(of_rule).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dockerignore::{PatternError, PatternWarning};

    fn ignore(lines: &[&str]) -> IgnoreFile {
        IgnoreFile::parse(lines.join("\n").as_bytes()).unwrap_or_else(|error| panic!("{lines:?}: {error:?}"))
    }

    #[test]
    fn a_path_is_dropped_or_kept_as_by_the_current_clients() {
        use Pruning::{ClassicClient, Off, StreamedContext};
        const DROP: bool = true;
        const KEEP: bool = false;
        for (lines, path, pruning, excluded) in [
            (&["*.log"] as &[&str], "a.log", Off, DROP),
            (&["*.log"], "x/a.log", Off, KEEP),
            (&["**/*.log"], "x/y/a.log", Off, DROP),
            (&["x"], "x/y/a.log", Off, DROP),
            (&["x/"], "x/y/a.log", Off, DROP),
            (&["./x"], "x/y/a.log", Off, DROP),
            (&["x//y"], "x/y/a.log", Off, DROP),
            (&["/x"], "x/y/a.log", Off, DROP),
            (&["a/../x"], "x/y/a.log", Off, DROP),
            (&["x/**"], "x/a.log", Off, DROP),
            (&["x/**"], "x/y/a.log", Off, DROP),
            (&["x/**"], "x", Off, KEEP),
            (&["x/**/a.log"], "x/a.log", Off, DROP),
            (&["x/**/a.log"], "x/y/a.log", Off, DROP),
            (&["**foo"], "barfoo", Off, DROP),
            (&["**/foo"], "barfoo", Off, KEEP),
            (&["**/foo"], "foo", Off, DROP),
            (&["**/foo"], "x/foo", Off, DROP),
            (&["**"], "x/y", Off, DROP),
            (
                &["node_modules", "!node_modules/keep.js"],
                "node_modules/keep.js",
                ClassicClient,
                KEEP,
            ),
            (
                &["node_modules", "!node_modules/keep.js"],
                "node_modules/keep.js",
                StreamedContext,
                KEEP,
            ),
            (
                &["node_modules", "!**/keep.js"],
                "node_modules/keep.js",
                ClassicClient,
                DROP,
            ),
            (
                &["node_modules", "!**/keep.js"],
                "node_modules/keep.js",
                StreamedContext,
                KEEP,
            ),
            (
                &["node_modules", "!src/keep.js"],
                "node_modules/keep.js",
                StreamedContext,
                DROP,
            ),
            (&["x", "!x/*"], "x/y/a.log", ClassicClient, KEEP),
            (&["x", "!x/*"], "x/y/a.log", StreamedContext, KEEP),
            (&["!x/y/a.log", "x"], "x/y/a.log", Off, DROP),
            (&["**/dir", "!a/b/dir/keep"], "a/b/dir/x", StreamedContext, DROP),
            (
                &["**/dir", "!a/b/dir/keep"],
                "a/b/dir/keep",
                StreamedContext,
                KEEP,
            ),
            (&["b[^2]"], "b1", Off, DROP),
            (&["b[!2]"], "b1", Off, KEEP),
            (&["b[!2]"], "b!", Off, DROP),
            (&["[[]a]"], "[a]", Off, DROP),
            (&[r"\!c"], "!c", Off, DROP),
            (&[r"\#d"], "#d", Off, DROP),
            (&[" #d"], "#d", Off, DROP),
            (&["#d"], "#d", Off, KEEP),
            (&["f e"], "f e", Off, DROP),
            (&["a^b"], "a^b", Off, DROP),
            (&["a^*"], "a^b", Off, KEEP),
            (&[r"\d1"], "d1", Off, KEEP),
            (&["*", "!x/y"], "x/y/a.log", StreamedContext, KEEP),
            (&["*", "!x/y"], "x/a.log", StreamedContext, DROP),
            (&["."], "x", Off, KEEP),
            (&["/"], "x", Off, KEEP),
            (&["../x"], "x", Off, KEEP),
            (&["x", "! x/y "], "x/y", Off, KEEP),
            (&["x\r", "!x/y\r"], "x/y", Off, KEEP),
            (&["./!x", "y"], "!x", Off, KEEP),
        ] {
            let excluded_now = ignore(lines).explain(path, pruning).excluded;
            assert_eq!(excluded_now, excluded, "{lines:?} on {path} with {pruning:?}");
        }
    }

    #[test]
    fn an_exception_for_a_directory_does_not_reach_a_path_that_only_a_later_match_excludes() {
        // The rule for `x` was not tried on the directory, which nothing excludes, so its match is not
        // remembered for what is below: the outcome of walking, not of looking at the path alone.
        assert!(ignore(&["x/y", "!x"]).decide("x/y").excluded);
        assert!(!ignore(&["x", "!x"]).decide("x/y").excluded);
    }

    #[test]
    fn the_deciding_rule_is_named_with_its_line() {
        let file = ignore(&["# all", "", "*", "!src", "src/*.tmp"]);
        for (path, excluded, line, by_parent) in [
            ("a", true, Some(3), false),
            ("a/b", true, Some(3), true),
            ("src", false, Some(4), false),
            ("src/a.c", false, Some(4), true),
            ("src/a.tmp", true, Some(5), false),
        ] {
            let decision = file.decide(path);
            assert_eq!(
                (
                    decision.excluded,
                    decision.rule.map(Rule::line),
                    decision.by_parent
                ),
                (excluded, line, by_parent),
                "{path}"
            );
        }
        assert_eq!(ignore(&["b"]).decide("a").rule, None);
    }

    #[test]
    fn a_byte_order_mark_and_windows_line_ends_are_no_part_of_a_pattern() {
        let file = IgnoreFile::parse(b"\xef\xbb\xbf# comment\r\n*.log\r\n").unwrap();
        assert_eq!(file.exclude_patterns(), ["*.log"]);
        assert_eq!(
            IgnoreFile::parse(b"\xef\xbb\xbfa").unwrap().exclude_patterns(),
            ["a"]
        );
        assert_eq!(IgnoreFile::parse(b"").unwrap(), IgnoreFile::default());
    }

    #[test]
    fn what_the_clients_refuse_is_an_error_with_its_line() {
        let malformed = |line, pattern: &str, cause| IgnoreError::Malformed {
            line,
            pattern: pattern.to_owned(),
            cause,
        };
        for (text, error) in [
            ("a\n!", IgnoreError::LoneNegation { line: 2 }),
            ("! ", IgnoreError::LoneNegation { line: 1 }),
            ("!/", IgnoreError::LoneNegation { line: 1 }),
            ("a\n\n[b", malformed(3, "[b", PatternError::Class)),
            ("![b", malformed(1, "![b", PatternError::Class)),
            ("b\\", malformed(1, "b\\", PatternError::TrailingBackslash)),
            (
                r"a.l\og",
                malformed(1, r"a.l\og", PatternError::Escape { escaped: 'o' }),
            ),
        ] {
            let found = IgnoreFile::parse(text.as_bytes()).unwrap_err();
            assert_eq!(found, error, "{text:?}");
            assert!(!found.hints().is_empty(), "{text:?}");
        }
    }

    #[test]
    fn a_line_that_is_not_utf8_warns_and_still_excludes() {
        let file = IgnoreFile::parse(b"# caf\xe9\ncaf\xe9*\n").unwrap();
        let warnings = file.warnings();
        assert_eq!(warnings.len(), 1);
        assert_eq!(
            (warnings[0].line, warnings[0].warning),
            (2, PatternWarning::NotUtf8)
        );
        assert!(file.decide(&String::from_utf8_lossy(b"caf\xe9.txt")).excluded);
    }

    #[test]
    fn patterns_given_as_a_list_keep_their_leading_slash() {
        let file = IgnoreFile::from_patterns(&["/x", "y", " !y/z "]).unwrap();
        assert!(!file.decide("x").excluded);
        assert!(file.decide("y/a").excluded);
        assert!(!file.decide("y/z").excluded);
        assert_eq!(file.exclude_patterns(), ["/x", "y", "!y/z"]);
    }

    #[test]
    fn a_walk_enters_only_what_an_exception_can_reach() {
        for (lines, pruning, directory, enter) in [
            (&["a", "b"] as &[&str], Pruning::StreamedContext, "a", false),
            (&["a", "!a/x/y"], Pruning::StreamedContext, "a", true),
            (&["a", "!a/x/**"], Pruning::StreamedContext, "a", true),
            (&["a", "!ab/x"], Pruning::StreamedContext, "a", false),
            (&["a", "!**/y"], Pruning::StreamedContext, "a", true),
            (&["a", "!**/y"], Pruning::ClassicClient, "a", false),
            (&["a", "!a/*"], Pruning::ClassicClient, "a", true),
        ] {
            let file = ignore(lines);
            let visit = file.walk(pruning).visit(directory, true);
            assert!(visit.decision.excluded, "{lines:?}");
            assert_eq!(visit.enter, enter, "{lines:?} {pruning:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>, path in "[a-c/^!\\[*]{0,12}") {
            if let Ok(file) = IgnoreFile::parse(&bytes) {
                let _ = file.decide(&path);
            }
        }

        #[test]
        fn no_pattern_makes_it_panic(
            lines in proptest::collection::vec(r"!?[abdQE01é.*?/\[\]:^\\()\-]{0,10}", 0..6),
            path in r"[abdé01:^\[\]*]{1,3}(/[abdé01^\]]{1,3}){0,3}",
        ) {
            if let Ok(file) = IgnoreFile::parse(lines.join("\n").as_bytes()) {
                for pruning in [Pruning::Off, Pruning::ClassicClient, Pruning::StreamedContext] {
                    let _ = file.explain(&path, pruning);
                }
            }
        }

        #[test]
        fn a_walk_agrees_with_looking_at_each_path_alone(
            lines in proptest::collection::vec(r"!?(\*\*/)?[ab*]{1,2}(/[ab*]{1,2}){0,2}", 1..6),
            paths in proptest::collection::btree_set("[ab](/[ab]){0,3}", 1..12),
        ) {
            let file = IgnoreFile::parse(lines.join("\n").as_bytes()).unwrap();
            let mut walk = file.walk(Pruning::Off);
            let mut sorted: Vec<_> = paths.into_iter().collect();
            sorted.sort_by(|a, b| a.split('/').cmp(b.split('/')));
            for path in &sorted {
                let inner = sorted.iter().any(|other| other.starts_with(&format!("{path}/")));
                proptest::prop_assert_eq!(walk.visit(path, inner).decision, file.decide(path), "{}", path);
            }
        }
    }
}
