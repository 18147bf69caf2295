//! Scenarios on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::read_file::read_file;
use super::surroundings::ProcessSurroundings;
use super::{ExitCode, Failure};
use crate::scenario::{Checked, Overrides, ReadFailure, ScenarioFiles, ScenarioInput, Source, check};

/// The name of a scenario's file.
const SCENARIO_FILE: &str = "scenario.toml";

/// The name of a file of defaults.
const DEFAULTS_FILE: &str = "seatrial.toml";

/// A folder that holds a scenario.
#[derive(Clone, Debug)]
pub(super) struct ScenarioFolder {
    folder: PathBuf,
}

impl ScenarioFolder {
    /// The scenario at `path`, which is its folder or the file in it.
    pub(super) fn at(path: &Path) -> Self {
        let folder = if path.file_name().is_some_and(|name| name == SCENARIO_FILE) {
            path.parent().unwrap_or(Path::new(""))
        } else {
            path
        };
        Self {
            folder: folder.to_owned(),
        }
    }

    /// The folder, as the user named it.
    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Reads and checks the scenario; mistakes in it are part of the answer.
    ///
    /// # Errors
    ///
    /// Where there is no scenario to read.
    pub(super) fn check(&self, overrides: &Overrides) -> Result<Checked, Failure> {
        let absolute = self.absolute()?;
        let name = absolute
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default();
        let path = self.folder.join(SCENARIO_FILE);
        let text = read_text(&path).map_err(|failure| self.cannot_read(&path, &failure))?;
        let input = ScenarioInput {
            name: &name,
            source: Source { path, text },
            defaults: self.defaults(&absolute)?,
            files: self,
            surroundings: &self.surroundings(),
        };
        Ok(check(&input, overrides))
    }

    /// What lies around the folder.
    pub(super) fn surroundings(&self) -> ProcessSurroundings {
        ProcessSurroundings {
            folder: self.folder.clone(),
        }
    }

    fn absolute(&self) -> Result<PathBuf, Failure> {
        let folder = if self.folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &self.folder
        };
        fs::canonicalize(folder).map_err(|error| {
            let message = format!("cannot find the scenario `{}`", self.folder.display());
            Failure::new(ExitCode::Usage, Unreadable { message, error }).with_hints(self.neighbours())
        })
    }

    fn cannot_read(&self, path: &Path, failure: &ReadFailure) -> Failure {
        let message = format!("cannot read `{}`: {failure}", path.display());
        Failure::new(ExitCode::Usage, message).with_hints(self.neighbours())
    }

    /// A hint that names the scenarios near the path that holds none.
    fn neighbours(&self) -> Option<String> {
        let beside = self.folder.parent().unwrap_or(Path::new(""));
        let near = [find(&self.folder), find(beside)]
            .into_iter()
            .find(|found| !found.is_empty())?;
        let near: Vec<String> = near
            .iter()
            .map(|folder| format!("`{}`", folder.path().display()))
            .collect();
        Some(format!("scenarios near it: {}", near.join(", ")))
    }

    /// The file of defaults that is nearest above, in the repository that holds the scenario.
    fn defaults(&self, absolute: &Path) -> Result<Option<Source>, Failure> {
        for folder in absolute.ancestors() {
            let path = folder.join(DEFAULTS_FILE);
            match read_text(&path) {
                Ok(text) => {
                    let path = shown(&path);
                    return Ok(Some(Source { path, text }));
                }
                Err(ReadFailure::Missing) => {}
                Err(failure) => return Err(self.cannot_read(&path, &failure)),
            }
            if folder.join(".git").exists() {
                break;
            }
        }
        Ok(None)
    }
}

/// The path from the working folder, where it is below it.
fn shown(path: &Path) -> PathBuf {
    std::env::current_dir()
        .ok()
        .and_then(|current| path.strip_prefix(current).ok())
        .unwrap_or(path)
        .to_owned()
}

impl ScenarioFiles for ScenarioFolder {
    fn read(&self, path: &Path) -> Result<String, ReadFailure> {
        read_text(&self.folder.join(path))
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.folder.join(path).is_dir()
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        // An empty path names no folder for the system.
        names(&self.folder.join(".").join(folder))
    }
}

/// Every scenario at or below `folder`, sorted by path. Hidden folders and what a scenario holds are not searched.
pub(super) fn find(folder: &Path) -> Vec<ScenarioFolder> {
    /// A scenario lies near the top of what is searched, and links could lead round in circles.
    const DEEPEST: usize = 6;

    fn search(folder: &Path, depth: usize, found: &mut Vec<ScenarioFolder>) {
        if folder.join(SCENARIO_FILE).is_file() {
            found.push(ScenarioFolder::at(folder));
            return;
        }
        if depth == DEEPEST {
            return;
        }
        for name in names(folder) {
            let below = folder.join(&name);
            if !name.starts_with('.')
                && !["target", "node_modules"].contains(&name.as_str())
                && below.is_dir()
            {
                search(&below, depth + 1, found);
            }
        }
    }

    let mut found = Vec::new();
    search(folder, 0, &mut found);
    found
}

/// The names in a folder, sorted; none where it cannot be listed.
fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}

fn read_text(path: &Path) -> Result<String, ReadFailure> {
    String::from_utf8(read_file(path)?).map_err(|_| ReadFailure::NotText)
}

/// A path that the system did not find.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
struct Unreadable {
    message: String,
    #[source]
    error: io::Error,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_of_the_project_checks_clean() {
        let found = find(Path::new("scenarios"));
        assert!(!found.is_empty(), "no scenario was found");
        for scenario in found {
            let checked = scenario.check(&Overrides::default()).unwrap();
            assert_eq!(checked.problems, [], "{}", scenario.path().display());
        }
    }

    #[test]
    fn a_scenario_is_named_by_its_folder_or_its_file() {
        for path in [
            "tests/fixtures/scenarios/small",
            "tests/fixtures/scenarios/small/",
            "tests/fixtures/scenarios/small/scenario.toml",
            "tests/fixtures/scenarios/five-mistakes/../small",
        ] {
            let checked = ScenarioFolder::at(Path::new(path))
                .check(&Overrides::default())
                .unwrap();
            assert_eq!(checked.scenario.unwrap().name, "small", "{path}");
        }
    }

    #[test]
    fn defaults_come_from_the_nearest_folder_of_the_same_repository() {
        let outer = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = outer.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("seatrial.toml", "[defaults.build]\nrounds = 2\n");
        for folder in ["plain", "repository"] {
            let scenario = "schema = 1\ntitle = \"t\"\ncontext = { path = \"c\" }\n\
                            variant = [{ name = \"v\", dockerfile = \"D\" }]\n";
            write(&format!("{folder}/s/scenario.toml"), scenario);
            write(&format!("{folder}/s/D"), "FROM scratch\n");
            write(&format!("{folder}/s/c/f"), "");
        }
        write("repository/.git/HEAD", "");
        for (folder, rounds) in [("plain/s", 2), ("repository/s", 10)] {
            let checked = ScenarioFolder::at(&outer.path().join(folder))
                .check(&Overrides::default())
                .unwrap();
            assert_eq!(checked.problems, [], "{folder}");
            assert_eq!(checked.scenario.unwrap().build.rounds, rounds, "{folder}");
        }
        write("repository/s/seatrial.toml", "[defaults.build]\nrounds = 3\n");
        let checked = ScenarioFolder::at(&outer.path().join("repository/s"))
            .check(&Overrides::default())
            .unwrap();
        assert_eq!(checked.scenario.unwrap().build.rounds, 3);
    }

    #[test]
    fn a_folder_without_a_scenario_names_those_near_it() {
        let failure = ScenarioFolder::at(Path::new("tests/fixtures/scenarios/smal"))
            .check(&Overrides::default())
            .unwrap_err();
        let mut text = Vec::new();
        failure.render(&mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains("`tests/fixtures/scenarios/small`"), "{text}");
        assert_eq!(failure.code(), ExitCode::Usage);
    }
}
