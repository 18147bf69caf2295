//! Where a build finds its Dockerfile and the ignore file that goes with it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

use super::clone_file::FileCloner;
use super::context_copy::ContextCopy;
use super::file_facts::{FileFacts, set_mode, set_mtime};
use super::scratch::Scratch;
use crate::dockerignore::beside;
use crate::scenario::Variant;

/// The folder that a build reads its Dockerfile from.
///
/// A Dockerfile that lies in the context is read from the copy, so that edits of it count. Where the variant
/// brings an ignore file of its own, the two stand in a folder of their own instead, as putting the ignore
/// file beside the Dockerfile would add a file to the context. [`refresh`](Self::refresh) brings edits there.
#[derive(Debug)]
pub struct DockerfileDir {
    /// The folder.
    pub dir: PathBuf,
    /// The Dockerfile's name in it; the ignore file, if any, has `.dockerignore` after that.
    pub file_name: String,
    /// What has to follow the copy: the path in it, and the file here.
    mirrored: Vec<Mirror>,
}

#[derive(Debug)]
struct Mirror {
    inside: PathBuf,
    placed: PathBuf,
}

/// The Dockerfile or its ignore file could not be put in place.
#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    /// The path does not end in a name, or in one that is not UTF-8, as the builder needs it.
    #[error("`{}` does not name a Dockerfile, expected a file name in UTF-8", .path.display())]
    Name {
        /// The path as given.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The copy of it cannot be written.
    #[error("cannot write `{}`", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Scratch {
    /// Puts the variant's Dockerfile and ignore file where a build of `copy` can read them.
    ///
    /// Paths of the variant are relative to `scenario_dir`. A variant without an ignore file of its own uses
    /// the one beside its Dockerfile, named after it, where there is one, as the docker command does.
    /// To be called once per copy, before its edits.
    ///
    /// # Errors
    ///
    /// [`PlaceError`] names the file.
    pub fn place_dockerfile(
        &self,
        scenario_dir: &Path,
        variant: &Variant,
        copy: &ContextCopy,
    ) -> Result<DockerfileDir, PlaceError> {
        let dockerfile = scenario_dir.join(&variant.dockerfile);
        let file_name = dockerfile.file_name().and_then(|name| name.to_str());
        let Some(file_name) = file_name.map(str::to_owned) else {
            return Err(PlaceError::Name { path: dockerfile });
        };
        let default_ignore = beside(&dockerfile);
        let ignore = match &variant.ignore {
            Some(ignore) => Some(scenario_dir.join(ignore)),
            None => default_ignore.exists().then_some(default_ignore),
        };
        let inside = path_in_copy(&dockerfile, copy);
        let ignore_inside = ignore.as_deref().and_then(|ignore| path_in_copy(ignore, copy));
        let ignore_is_beside =
            ignore.is_none() || ignore_inside == inside.as_deref().map(beside) && inside.is_some();
        if let Some(inside) = &inside
            && ignore_is_beside
            && fs::symlink_metadata(copy.path().join(inside)).is_ok_and(|metadata| metadata.is_file())
        {
            return Ok(DockerfileDir {
                dir: copy.path().join(inside.parent().unwrap_or(Path::new(""))),
                file_name,
                mirrored: Vec::new(),
            });
        }
        let mut placed = DockerfileDir {
            dir: copy.home().join("dockerfile"),
            file_name,
            mirrored: Vec::new(),
        };
        fs::create_dir(&placed.dir).map_err(|source| PlaceError::Write {
            path: placed.dir.clone(),
            source,
        })?;
        let target = placed.dir.join(&placed.file_name);
        let ignore_target = beside(&target);
        placed.place(&dockerfile, inside, target, copy)?;
        if let Some(ignore) = ignore {
            placed.place(&ignore, ignore_inside, ignore_target, copy)?;
        }
        Ok(placed)
    }
}

impl DockerfileDir {
    /// Brings what edits did to the Dockerfile and its ignore file to this folder. To be called before each
    /// build; does nothing where the build reads them from the copy itself, or where edits cannot reach them.
    ///
    /// # Errors
    ///
    /// [`PlaceError`] names the file. One that an edit deleted is removed here as well, and is no error.
    pub fn refresh(&self, copy: &ContextCopy) -> Result<(), PlaceError> {
        for mirror in &self.mirrored {
            match copy.enclosure.open(&mirror.inside, OFlags::RDONLY) {
                Ok(file) => write_over(&file, &copy.path().join(&mirror.inside), &mirror.placed)?,
                Err(error) if error.kind() == io::ErrorKind::NotFound => remove(&mirror.placed)?,
                Err(source) => {
                    return Err(PlaceError::Read {
                        path: copy.path().join(&mirror.inside),
                        source,
                    });
                }
            }
        }
        Ok(())
    }

    /// Places a file of the copy, which `inside` names, else the original.
    fn place(
        &mut self,
        original: &Path,
        inside: Option<PathBuf>,
        placed: PathBuf,
        copy: &ContextCopy,
    ) -> Result<(), PlaceError> {
        if let Some(inside) = inside
            // Not so for a link in the context to a Dockerfile outside.
            && let Ok(file) = copy.enclosure.open(&inside, OFlags::RDONLY)
        {
            write_over(&file, original, &placed)?;
            self.mirrored.push(Mirror { inside, placed });
            return Ok(());
        }
        let file = File::open(original).map_err(|source| PlaceError::Read {
            path: original.to_owned(),
            source,
        })?;
        write_over(&file, original, &placed)
    }
}

/// Where the copy has the file, if the file lies in the folder that was copied.
fn path_in_copy(file: &Path, copy: &ContextCopy) -> Option<PathBuf> {
    let folder = file.parent()?;
    let folder = if folder.as_os_str().is_empty() {
        Path::new(".")
    } else {
        folder
    };
    // Not the file itself: its own name decides, also where it is a link.
    let path = fs::canonicalize(folder).ok()?.join(file.file_name()?);
    path.strip_prefix(copy.source()).ok().map(Path::to_owned)
}

/// Copies content, mode and time, the latter so that a builder sees a change, and none where there is none.
fn write_over(from: &File, original: &Path, placed: &Path) -> Result<(), PlaceError> {
    let facts = match FileFacts::of(from) {
        Ok(facts) if facts.is_folder => Err(io::ErrorKind::IsADirectory.into()),
        facts => facts,
    };
    let facts = facts.map_err(|source| PlaceError::Read {
        path: original.to_owned(),
        source,
    })?;
    let write = || {
        let to = File::create(placed)?;
        FileCloner::new().clone_content(from, &to)?;
        // Readable for us in any case, as it is written over again.
        set_mode(&to, facts.mode | 0o600)?;
        set_mtime(&to, facts.mtime)
    };
    write().map_err(|source| PlaceError::Write {
        path: placed.to_owned(),
        source,
    })
}

fn remove(placed: &Path) -> Result<(), PlaceError> {
    match fs::remove_file(placed) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(PlaceError::Write {
            path: placed.to_owned(),
            source,
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::scenario::{BuilderKind, Edit, Nonce};
    use crate::workspace::apply;

    fn variant(dockerfile: &str, ignore: Option<&str>) -> Variant {
        Variant {
            name: "v".to_owned(),
            dockerfile: dockerfile.into(),
            ignore: ignore.map(PathBuf::from),
            args: BTreeMap::new(),
            base: None,
            target: None,
            builder: BuilderKind::Buildkit,
            baseline: false,
        }
    }

    /// A scenario with a Dockerfile inside its context and one outside, each with an ignore file beside it.
    fn scenario() -> tempfile::TempDir {
        let scenario = tempfile::tempdir().unwrap();
        let at = |path: &str| scenario.path().join(path);
        fs::create_dir_all(at("context/docker")).unwrap();
        for (path, text) in [
            ("out.Dockerfile", "FROM outside"),
            ("out.Dockerfile.dockerignore", "beside outside"),
            ("own.dockerignore", "own"),
            ("bare.Dockerfile", "FROM bare"),
            ("context/docker/Dockerfile", "FROM inside"),
            ("context/docker/Dockerfile.dockerignore", "beside inside"),
        ] {
            fs::write(at(path), text).unwrap();
        }
        symlink("../out.Dockerfile", at("context/linked")).unwrap();
        scenario
    }

    fn read(dir: &DockerfileDir, suffix: &str) -> Option<String> {
        fs::read_to_string(dir.dir.join(format!("{}{suffix}", dir.file_name))).ok()
    }

    #[test]
    fn places_each_dockerfile_with_the_ignore_file_that_goes_with_it() {
        let scenario = scenario();
        for (dockerfile, ignore, in_copy, expected, expected_ignore) in [
            (
                "out.Dockerfile",
                None,
                false,
                "FROM outside",
                Some("beside outside"),
            ),
            (
                "out.Dockerfile",
                Some("own.dockerignore"),
                false,
                "FROM outside",
                Some("own"),
            ),
            ("bare.Dockerfile", None, false, "FROM bare", None),
            (
                "context/docker/Dockerfile",
                None,
                true,
                "FROM inside",
                Some("beside inside"),
            ),
            (
                "context/docker/Dockerfile",
                Some("context/docker/Dockerfile.dockerignore"),
                true,
                "FROM inside",
                Some("beside inside"),
            ),
            (
                "context/docker/Dockerfile",
                Some("own.dockerignore"),
                false,
                "FROM inside",
                Some("own"),
            ),
            ("context/linked", None, false, "FROM outside", None),
        ] {
            let scratch = Scratch::create(&std::env::temp_dir()).unwrap();
            let copy = scratch
                .copy_context(&scenario.path().join("context"), &[], "v")
                .unwrap();
            let variant = variant(dockerfile, ignore);
            let dir = scratch
                .place_dockerfile(scenario.path(), &variant, &copy)
                .unwrap();
            let row = format!("{dockerfile} with {ignore:?}");
            assert_eq!(dir.dir.starts_with(copy.path()), in_copy, "{row}");
            assert_eq!(read(&dir, "").as_deref(), Some(expected), "{row}");
            assert_eq!(read(&dir, ".dockerignore").as_deref(), expected_ignore, "{row}");
            assert!(!copy.path().join("docker/own.dockerignore").exists(), "{row}");
        }
    }

    #[test]
    fn edits_in_the_context_reach_a_dockerfile_placed_elsewhere() {
        let scenario = scenario();
        let scratch = Scratch::create(&std::env::temp_dir()).unwrap();
        let mut copy = scratch
            .copy_context(&scenario.path().join("context"), &[], "v")
            .unwrap();
        let variant = variant("context/docker/Dockerfile", Some("own.dockerignore"));
        let dir = scratch
            .place_dockerfile(scenario.path(), &variant, &copy)
            .unwrap();
        let path = PathBuf::from("docker/Dockerfile");
        let nonce = Nonce::of("run", 1, "v", "step");
        let append = Edit::Append {
            path: path.clone(),
            text: "\nRUN {{nonce}}".to_owned(),
        };
        apply(&mut copy, &append, &nonce).unwrap();
        dir.refresh(&copy).unwrap();
        assert_eq!(
            read(&dir, ""),
            Some(format!("FROM inside\nRUN {}", nonce.as_str()))
        );
        let time = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(
            time(&dir.dir.join("Dockerfile")),
            time(&copy.path().join("docker/Dockerfile"))
        );
        apply(&mut copy, &Edit::Delete { path }, &nonce).unwrap();
        dir.refresh(&copy).unwrap();
        assert_eq!(read(&dir, ""), None);
        copy.reset().unwrap();
        dir.refresh(&copy).unwrap();
        assert_eq!(read(&dir, "").as_deref(), Some("FROM inside"));
        assert_eq!(read(&dir, ".dockerignore").as_deref(), Some("own"));
    }

    #[test]
    fn a_file_that_is_missing_or_none_is_named() {
        let scenario = scenario();
        let scratch = Scratch::create(&std::env::temp_dir()).unwrap();
        for (index, (dockerfile, ignore, message)) in [
            ("none", None, "cannot read `S/none`"),
            ("context", None, "cannot read `S/context`"),
            ("out.Dockerfile", Some("none"), "cannot read `S/none`"),
            (
                "..",
                None,
                "`S/..` does not name a Dockerfile, expected a file name in UTF-8",
            ),
        ]
        .into_iter()
        .enumerate()
        {
            let copy = scratch
                .copy_context(&scenario.path().join("context"), &[], &index.to_string())
                .unwrap();
            let error = scratch
                .place_dockerfile(scenario.path(), &variant(dockerfile, ignore), &copy)
                .unwrap_err();
            let message = message.replace('S', scenario.path().to_str().unwrap());
            assert_eq!(error.to_string(), message);
        }
    }
}
