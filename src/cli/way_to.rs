//! The way from one folder to another.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

/// The path of `folder` from `from`: it stays right where both are moved together, and from any working folder.
pub(super) fn way_to(folder: &Path, from: &Path) -> io::Result<PathBuf> {
    let named = |path: &Path| {
        fs::canonicalize(if path.as_os_str().is_empty() {
            Path::new(".")
        } else {
            path
        })
    };
    let (folder, from) = (named(folder)?, named(from)?);
    let common = folder
        .components()
        .zip(from.components())
        .take_while(|(one, other)| one == other)
        .count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    Ok(up.chain(folder.components().skip(common)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_up_and_down_again() {
        let top = tempfile::tempdir().unwrap();
        let path = |name: &str| top.path().join(name);
        for name in ["scenarios/quick", "reports/run"] {
            fs::create_dir_all(path(name)).unwrap();
        }
        for (folder, from, way) in [
            ("scenarios/quick", "reports/run", "../../scenarios/quick"),
            ("scenarios/quick", "scenarios", "quick"),
            ("scenarios", "scenarios/quick", ".."),
            ("scenarios", "reports/../scenarios", ""),
        ] {
            assert_eq!(
                way_to(&path(folder), &path(from)).unwrap(),
                Path::new(way),
                "{folder}"
            );
        }
        way_to(&path("none"), top.path()).unwrap_err();
    }
}
