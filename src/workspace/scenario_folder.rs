//! A scenario's folder on disk: its file, the defaults that apply to it, and the files that it names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::scenario::{ReadFailure, ScenarioFiles, Source};

/// The name of a scenario's file.
const SCENARIO_FILE: &str = "scenario.toml";

/// The name of the file of defaults.
const DEFAULTS_FILE: &str = "seatrial.toml";

/// A folder with a scenario in it.
#[derive(Clone, Debug)]
pub struct ScenarioFolder {
    path: PathBuf,
    name: String,
    file: Source,
    defaults: Option<Source>,
}

/// Why there is no scenario to read.
#[derive(Debug, thiserror::Error)]
pub enum OpenScenario {
    /// The folder, or its file, is not there.
    #[error("there is no scenario in `{}`: it has no file `{SCENARIO_FILE}`", path.display())]
    FindFile {
        /// The folder as it was given.
        path: PathBuf,
        /// Scenarios nearby.
        nearby: Vec<String>,
    },
    /// A file cannot be read.
    #[error("cannot read `{}`", path.display())]
    ReadFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl OpenScenario {
    /// What may help.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        match self {
            Self::FindFile { nearby, .. } if !nearby.is_empty() => {
                vec![format!("there are scenarios in {}", nearby.join(", "))]
            }
            _ => Vec::new(),
        }
    }
}

impl ScenarioFolder {
    /// Reads the scenario's file in a folder, and the nearest file of defaults in the folder or above it, up to the
    /// top of the repository that it stands in. The scenario's file itself may be given as well.
    ///
    /// # Errors
    ///
    /// Where there is no such file, or it is no text.
    pub fn open(path: &Path) -> Result<Self, OpenScenario> {
        let folder = match path.file_name() {
            Some(name) if name == SCENARIO_FILE => path.parent().unwrap_or(Path::new("")),
            _ => path,
        };
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let file = folder.join(SCENARIO_FILE);
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let nearby = find_scenarios(folder)
                    .or_else(|_| find_scenarios(folder.parent().unwrap_or(Path::new("."))))
                    .unwrap_or_default();
                let nearby = nearby.iter().map(|path| format!("`{}`", path.display())).collect();
                return Err(OpenScenario::FindFile { path: path.to_owned(), nearby });
            }
            Err(source) => return Err(OpenScenario::ReadFile { path: file, source }),
        };
        // `.` and `..` have no name of their own.
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let name = real.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Self {
            path: folder.to_owned(),
            name,
            file: Source { path: file, text },
            defaults: find_defaults(&real)?,
        })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its name, which is the scenario's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The scenario's file.
    #[must_use]
    pub fn file(&self) -> &Source {
        &self.file
    }

    /// The file of defaults that applies.
    #[must_use]
    pub fn defaults(&self) -> Option<&Source> {
        self.defaults.as_ref()
    }
}

impl ScenarioFiles for ScenarioFolder {
    fn read(&self, path: &Path) -> Result<String, ReadFailure> {
        let path = self.path.join(path);
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => ReadFailure::Missing,
            _ if path.is_dir() => ReadFailure::Folder,
            _ => ReadFailure::Other(error.to_string()),
        })?;
        String::from_utf8(bytes).map_err(|_| ReadFailure::NotText)
    }

    fn is_folder(&self, path: &Path) -> bool {
        self.path.join(path).is_dir()
    }

    fn list(&self, folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(self.path.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }
}

/// The folders below `folder` that hold a scenario, itself included; hidden folders are not searched.
///
/// # Errors
///
/// Where `folder` cannot be listed.
pub fn find_scenarios(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.join(SCENARIO_FILE).is_file() {
        found.push(folder.to_owned());
        return Ok(found);
    }
    let mut below: Vec<_> = fs::read_dir(folder)?.collect::<io::Result<_>>()?;
    below.sort_by_key(fs::DirEntry::file_name);
    for entry in below {
        let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
        // A link may lead round in a circle.
        if !hidden && entry.file_type()?.is_dir() {
            found.extend(find_scenarios(&entry.path())?);
        }
    }
    Ok(found)
}

/// The nearest file of defaults, from `folder` up to the top of its repository.
fn find_defaults(folder: &Path) -> Result<Option<Source>, OpenScenario> {
    for folder in folder.ancestors() {
        let path = folder.join(DEFAULTS_FILE);
        match fs::read_to_string(&path) {
            Ok(text) => return Ok(Some(Source { path, text })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(OpenScenario::ReadFile { path, source }),
        }
        if folder.join(".git").exists() {
            break;
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_defaults_below_the_top_of_the_repository_apply() {
        let top = tempfile::tempdir().unwrap();
        let scenario = top.path().join("repo/scenarios/one");
        fs::create_dir_all(&scenario).unwrap();
        fs::create_dir(top.path().join("repo/.git")).unwrap();
        fs::write(scenario.join(SCENARIO_FILE), "schema = 1\n").unwrap();
        fs::write(top.path().join(DEFAULTS_FILE), "outside").unwrap();
        let defaults = |folder: &Path| {
            let folder = ScenarioFolder::open(folder).unwrap();
            folder.defaults().map(|source| source.text.clone())
        };
        assert_eq!(defaults(&scenario), None);
        fs::write(top.path().join("repo").join(DEFAULTS_FILE), "repository").unwrap();
        assert_eq!(defaults(&scenario).as_deref(), Some("repository"));
        fs::write(top.path().join("repo/scenarios").join(DEFAULTS_FILE), "nearer").unwrap();
        assert_eq!(defaults(&scenario.join(SCENARIO_FILE)).as_deref(), Some("nearer"));
    }

    #[test]
    fn a_folder_without_a_scenario_names_those_nearby() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir(top.path().join("one")).unwrap();
        fs::write(top.path().join("one").join(SCENARIO_FILE), "").unwrap();
        for wrong in [top.path().to_owned(), top.path().join("onne")] {
            let error = ScenarioFolder::open(&wrong).unwrap_err();
            assert!(error.to_string().contains("no file `scenario.toml`"), "{error}");
            assert!(error.hints()[0].contains("one`"), "{:?}", error.hints());
        }
    }
}
