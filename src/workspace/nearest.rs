//! The existing path that was probably meant.

use std::fs;
use std::path::{Path, PathBuf};

/// Below this similarity (0 for nothing in common, 1 for equal) a suggestion would only confuse.
const LEAST_SIMILARITY: f64 = 0.5;

/// The path below `root` that resembles `wanted` most: one with the same name in another folder, else the
/// one with the fewest letters changed. `None` when nothing resembles it.
pub(super) fn nearest_path(root: &Path, wanted: &Path, folders_too: bool) -> Option<PathBuf> {
    let mut paths = Vec::new();
    collect(root, &PathBuf::new(), folders_too, &mut paths);
    paths.sort();
    let text = wanted.to_string_lossy();
    let mut best: Option<(bool, f64, PathBuf)> = None;
    for path in paths {
        let same_name = path.file_name() == wanted.file_name();
        let similarity = strsim::normalized_damerau_levenshtein(&text, &path.to_string_lossy());
        if !same_name && similarity < LEAST_SIMILARITY {
            continue;
        }
        let better =
            best.as_ref()
                .is_none_or(|(best_name, best_similarity, _)| match same_name.cmp(best_name) {
                    std::cmp::Ordering::Equal => similarity > *best_similarity,
                    order => order.is_gt(),
                });
        if better {
            best = Some((same_name, similarity, path));
        }
    }
    best.map(|(_, _, path)| path)
}

/// Paths relative to `root`. What cannot be read is left out: this only serves a suggestion.
fn collect(root: &Path, relative: &Path, folders_too: bool, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(root.join(relative)) else {
        return;
    };
    for entry in entries.flatten() {
        let path = relative.join(entry.file_name());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if is_folder {
            collect(root, &path, folders_too, paths);
        }
        if !is_folder || folders_too {
            paths.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefers_the_same_name_then_the_fewest_changes() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["app/main.py", "app/domain.py", "docs/readme.md"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        for (wanted, folders_too, nearest) in [
            ("app/mian.py", false, Some("app/main.py")),
            ("readme.md", false, Some("docs/readme.md")),
            ("ap", false, None),
            ("ap", true, Some("app")),
            ("zzzzzzzz", true, None),
        ] {
            let found = nearest_path(folder.path(), Path::new(wanted), folders_too);
            assert_eq!(found, nearest.map(PathBuf::from), "{wanted}");
        }
    }
}
