//! Root file systems made by a scenario's recipe, kept on disk so that the recipe runs once.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;

use crate::digest::Digest;
use crate::scenario::BaseSource;

/// How many of a recipe's last error lines are shown when it fails.
const ERROR_LINES: usize = 20;

/// A recipe and the folder where root file systems are kept.
#[derive(Clone, Debug)]
pub struct BaseTar {
    command: Vec<String>,
    scenario_dir: PathBuf,
    kept: PathBuf,
    recipe: Digest,
}

/// Why there is no root file system.
#[derive(Debug, thiserror::Error)]
pub enum MakeBase {
    /// The script that the recipe calls.
    #[error("cannot read the recipe's script `{}`", path.display())]
    ReadScript {
        /// The script.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The recipe could not be run at all.
    #[error("cannot run the recipe `{command}`")]
    RunRecipe {
        /// The command.
        command: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The recipe ran and failed.
    #[error("the recipe `{command}` failed ({status}); it said last:\n{said}")]
    FinishRecipe {
        /// The command.
        command: String,
        /// How it ended.
        status: String,
        /// The end of its error output.
        said: String,
    },
    /// What the recipe printed is no tar.
    #[error("the recipe `{command}` printed {bytes} bytes that are not a tar of a root file system")]
    ReadTar {
        /// The command.
        command: String,
        /// How much it printed.
        bytes: u64,
    },
    /// The file could not be kept.
    #[error("cannot keep the root file system in `{}`", path.display())]
    KeepTar {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl BaseTar {
    /// Reads the recipe of an imported base: the command, and the script in the scenario's folder that it calls, if
    /// it calls one. `kept` is where root file systems are kept.
    ///
    /// # Errors
    ///
    /// Where the script cannot be read.
    pub fn new(command: &[String], scenario_dir: &Path, kept: &Path) -> Result<Self, MakeBase> {
        let mut script = Vec::new();
        // A program found by PATH is named without a slash; what has one is a file of the scenario.
        if let Some(program) = command.first().filter(|program| program.contains('/')) {
            let path = scenario_dir.join(program);
            script = fs::read(&path).map_err(|source| MakeBase::ReadScript { path, source })?;
        }
        // The recipe runs in that folder, where a relative path to it would lead elsewhere.
        let scenario_dir = fs::canonicalize(scenario_dir).map_err(|source| MakeBase::ReadScript {
            path: scenario_dir.to_owned(),
            source,
        })?;
        Ok(Self {
            command: command.to_vec(),
            scenario_dir,
            kept: kept.to_owned(),
            recipe: BaseSource::recipe_digest(command, &script),
        })
    }

    /// What the recipe is known by.
    #[must_use]
    pub fn recipe(&self) -> Digest {
        self.recipe
    }

    /// The tar, made now or found where it was kept. A tar appears there whole or not at all.
    ///
    /// # Errors
    ///
    /// Where the recipe fails, prints something else than a tar, or the disk is full; nothing is kept then.
    pub async fn get(&self) -> Result<PathBuf, MakeBase> {
        let path = self.kept.join(format!("{}.tar", self.recipe.short()));
        if path.exists() {
            return Ok(path);
        }
        let keep = |path: &Path| {
            let path = path.to_owned();
            move |source| MakeBase::KeepTar { path, source }
        };
        fs::create_dir_all(&self.kept).map_err(keep(&self.kept))?;
        let partial = tempfile::NamedTempFile::new_in(&self.kept).map_err(keep(&self.kept))?;
        let out = partial.reopen().map_err(keep(partial.path()))?;
        self.run(out).await?;
        self.check(partial.path())?;
        partial.persist(&path).map_err(|error| MakeBase::KeepTar {
            path: path.clone(),
            source: error.error,
        })?;
        Ok(path)
    }

    async fn run(&self, out: File) -> Result<(), MakeBase> {
        let command = self.shown();
        let refused = |source| MakeBase::RunRecipe {
            command: self.shown(),
            source,
        };
        let Some((program, arguments)) = self.command.split_first() else {
            return Err(refused(io::Error::other("it is empty")));
        };
        let program = if program.contains('/') {
            self.scenario_dir.join(program)
        } else {
            PathBuf::from(program)
        };
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(&self.scenario_dir)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(refused)?;
        let mut said = VecDeque::new();
        if let Some(errors) = child.stderr.take() {
            let mut lines = BufReader::new(errors).split(b'\n');
            while let Ok(Some(line)) = lines.next_segment().await {
                if said.len() == ERROR_LINES {
                    said.pop_front();
                }
                said.push_back(String::from_utf8_lossy(&line).into_owned());
            }
        }
        let status = child.wait().await.map_err(refused)?;
        if status.success() {
            return Ok(());
        }
        let said = Vec::from(said).join("\n");
        Err(MakeBase::FinishRecipe {
            command,
            status: status.to_string(),
            said,
        })
    }

    /// Refuses what is clearly no tar before the daemon sees it: its own words for that do not name the recipe.
    fn check(&self, path: &Path) -> Result<(), MakeBase> {
        let read = || -> io::Result<(u64, [u8; 5])> {
            let mut file = File::open(path)?;
            let bytes = file.metadata()?.len();
            let mut header = [0; 512];
            file.read_exact(&mut header)?;
            let mut magic = [0; 5];
            magic.copy_from_slice(&header[257..262]);
            Ok((bytes, magic))
        };
        let bytes = fs::metadata(path)
            .map(|metadata| metadata.len())
            .unwrap_or_default();
        match read() {
            Ok((_, magic)) if &magic == b"ustar" => Ok(()),
            _ => Err(MakeBase::ReadTar {
                command: self.shown(),
                bytes,
            }),
        }
    }

    fn shown(&self) -> String {
        self.command.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(script: &str, folder: &Path) -> BaseTar {
        let command = ["sh", "-c", script].map(str::to_owned);
        BaseTar::new(&command, folder, &folder.join("kept")).unwrap()
    }

    #[tokio::test]
    async fn a_recipe_runs_once_and_its_tar_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "x").unwrap();
        let base = recipe("echo ran >>log; tar -cf - file", folder.path());
        let first = base.get().await.unwrap();
        assert_eq!(base.get().await.unwrap(), first);
        assert_eq!(fs::read_to_string(folder.path().join("log")).unwrap(), "ran\n");
        let listed = std::process::Command::new("tar")
            .arg("-tf")
            .arg(&first)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&listed.stdout), "file\n");
    }

    #[tokio::test]
    async fn a_recipe_that_fails_or_prints_no_tar_says_so_and_keeps_nothing() {
        let folder = tempfile::tempdir().unwrap();
        for (script, expected) in [
            (
                "echo no mirror >&2; exit 3",
                "failed (exit status: 3); it said last:\nno mirror",
            ),
            ("echo hello", "printed 6 bytes that are not a tar"),
            ("true", "printed 0 bytes that are not a tar"),
        ] {
            let error = recipe(script, folder.path()).get().await.unwrap_err().to_string();
            assert!(error.contains(expected), "{script}: {error}");
            assert_eq!(
                fs::read_dir(folder.path().join("kept")).unwrap().count(),
                0,
                "{script}"
            );
        }
        let missing = ["no-such-program-here".to_owned()];
        let base = BaseTar::new(&missing, folder.path(), &folder.path().join("kept")).unwrap();
        assert!(
            base.get()
                .await
                .unwrap_err()
                .to_string()
                .contains("cannot run the recipe")
        );
    }

    #[tokio::test]
    async fn a_script_of_a_scenario_named_by_a_relative_path_is_found() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir_in(".").unwrap();
        let script = folder.path().join("make");
        fs::write(&script, "#!/bin/sh\ntar -cf - make\n").unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let relative = Path::new(folder.path().file_name().unwrap());
        let base = BaseTar::new(&["./make".to_owned()], relative, &folder.path().join("kept")).unwrap();
        assert!(base.get().await.unwrap().is_file());
    }

    #[test]
    fn a_changed_script_is_another_recipe() {
        let folder = tempfile::tempdir().unwrap();
        let command = ["base/make".to_owned()];
        let made = || BaseTar::new(&command, folder.path(), folder.path());
        assert!(made().unwrap_err().to_string().contains("base/make"));
        fs::create_dir(folder.path().join("base")).unwrap();
        fs::write(folder.path().join("base/make"), "one").unwrap();
        let one = made().unwrap().recipe();
        fs::write(folder.path().join("base/make"), "two").unwrap();
        assert_ne!(made().unwrap().recipe(), one);
    }
}
