//! A folder as a build reads it: listed by what the daemon asks for, opened by path, never left.

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::walk::{Visited, keeping, walk, walk_each, walk_ignoring};
use crate::causes::in_one_line;
use crate::context::{Entry, Manifest, Selection, classic_entries, classic_rules, follow_links};
use crate::dockerignore::{IgnoreFile, Pruning};
use crate::run::{ContextTree, TreeFault};

/// A folder on disk that is served to a build.
#[derive(Clone, Debug)]
pub struct ServedTree {
    root: PathBuf,
}

impl ServedTree {
    /// Serves the folder at `root`.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Lists what the ignore rules keep. Where only some paths are asked for, folders that hold none of them are not
    /// entered: the daemon asks for the ignore file alone before it knows what to ignore.
    fn list(&self, ignore: &IgnoreFile, asked: Option<&IgnoreFile>) -> Result<Manifest, TreeFault> {
        let mut rules = ignore.walk(Pruning::StreamedContext);
        self.visit(|path, is_directory| {
            let visit = rules.visit(path, is_directory);
            let wanted = asked.is_none_or(|asked| {
                asked.decide(path).excluded || is_directory && asked.can_match_below(path)
            });
            Visited {
                keep: !visit.decision.excluded && wanted,
                enter: visit.enter && wanted,
            }
        })
    }

    /// The paths that are asked for, and those that links among them lead to; `None` where that is everything. Links
    /// are followed through ignored folders too, as the docker command does.
    fn resolve(&self, asked: &[String]) -> Result<Option<Vec<String>>, TreeFault> {
        let mut paths = asked.to_vec();
        loop {
            let patterns = IgnoreFile::from_patterns(&paths).map_err(|error| in_words(&error))?;
            // What lies below a path that is asked for is no part of the way to it.
            let ways = self.visit(|path, _| {
                let is_asked = patterns.decide(path).excluded;
                let leads = patterns.can_match_below(path);
                Visited {
                    keep: is_asked || leads,
                    enter: leads && !is_asked,
                }
            })?;
            let Some(found) = follow_links(&ways, asked) else {
                return Ok(None);
            };
            let new: Vec<_> = found.into_iter().filter(|path| !paths.contains(path)).collect();
            if new.is_empty() {
                return Ok(Some(paths));
            }
            paths.extend(new);
        }
    }

    fn visit(&self, visit: impl FnMut(&str, bool) -> Visited) -> Result<Manifest, TreeFault> {
        walk(&self.root, visit).map_err(|error| in_words(&error))
    }
}

impl ContextTree for ServedTree {
    fn walk(
        &self,
        selection: &Selection,
        found: &mut dyn FnMut(Entry) -> ControlFlow<()>,
    ) -> Result<(), TreeFault> {
        let ignore =
            IgnoreFile::from_patterns(&selection.exclude_patterns).map_err(|error| in_words(&error))?;
        if selection.include_patterns.is_empty() && selection.follow_paths.is_empty() {
            // The daemon looks at the first entries while the last are still being found.
            let walked = walk_each(&self.root, keeping(&ignore, Pruning::StreamedContext), found);
            return walked.map_err(|error| in_words(&error));
        }
        let mut resolved = selection.clone();
        if !selection.follow_paths.is_empty() {
            resolved.follow_paths.clear();
            match self.resolve(&selection.follow_paths)? {
                Some(paths) => resolved.include_patterns.extend(paths),
                None => resolved.include_patterns.clear(),
            }
        }
        let asked =
            IgnoreFile::from_patterns(&resolved.include_patterns).map_err(|error| in_words(&error))?;
        let asked = (!resolved.include_patterns.is_empty()).then_some(&asked);
        let manifest = self.list(&ignore, asked)?;
        let selected = resolved.select(&manifest).map_err(|error| in_words(&error))?;
        // Whether it broke off matters to the caller alone.
        let _ = selected.into_iter().map(Cow::into_owned).try_for_each(found);
        Ok(())
    }

    fn walk_as_classic(
        &self,
        ignore: &IgnoreFile,
        dockerfile: Option<&str>,
    ) -> Result<Vec<Entry>, TreeFault> {
        let rules = classic_rules(ignore, dockerfile).map_err(|error| in_words(&error))?;
        let kept = walk_ignoring(&self.root, &rules, Pruning::ClassicClient);
        let manifest = kept.map_err(|error| in_words(&error))?;
        let entries = classic_entries(&manifest, &rules);
        Ok(entries.into_iter().map(Cow::into_owned).collect())
    }

    fn open(&self, path: &str) -> io::Result<File> {
        let path = self.root.join(path);
        // The path comes from our own listing, and still it is the daemon that asks: no link is followed.
        // A pipe that took the place of a file meanwhile would be waited for.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NOFOLLOW | OFlags::NONBLOCK;
        let opened = match rustix::fs::openat2(CWD, &path, flags, Mode::empty(), ResolveFlags::NO_MAGICLINKS)
        {
            Err(Errno::NOSYS | Errno::PERM) => rustix::fs::open(&path, flags, Mode::empty()),
            opened => opened,
        };
        let file = File::from(opened?);
        if file.metadata()?.is_file() {
            return Ok(file);
        }
        Err(io::Error::other("it is no regular file"))
    }
}

/// An error and its causes in one line.
fn in_words(error: &dyn std::error::Error) -> TreeFault {
    TreeFault {
        message: in_one_line(error),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn tree() -> (tempfile::TempDir, ServedTree) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("app/deep")).unwrap();
        fs::create_dir_all(root.join("node_modules/x")).unwrap();
        for path in [
            ".dockerignore",
            "a.txt",
            "app/main.py",
            "app/deep/far.py",
            "node_modules/x/index.js",
        ] {
            fs::write(root.join(path), path).unwrap();
        }
        symlink("app/deep/far.py", root.join("link")).unwrap();
        let served = ServedTree::new(root.to_owned());
        (folder, served)
    }

    fn paths(served: &ServedTree, selection: &Selection) -> Vec<String> {
        listed(served, selection).unwrap()
    }

    fn listed(served: &ServedTree, selection: &Selection) -> Result<Vec<String>, TreeFault> {
        let mut paths = Vec::new();
        served.walk(selection, &mut |entry| {
            paths.push(entry.path);
            ControlFlow::Continue(())
        })?;
        Ok(paths)
    }

    #[test]
    fn a_listing_ends_where_it_is_broken_off() {
        let (_folder, served) = tree();
        for (follow, expected) in [
            (&[][..], [".dockerignore", "a.txt", "app"]),
            (&["app", "link"], ["app", "app/deep", "app/deep/far.py"]),
        ] {
            let selection = Selection {
                follow_paths: strings(follow),
                ..Selection::default()
            };
            let mut paths = Vec::new();
            let walked = served.walk(&selection, &mut |entry| {
                paths.push(entry.path);
                if paths.len() == 3 {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            });
            assert!(walked.is_ok());
            assert_eq!(paths, expected);
        }
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn everything_is_listed_where_nothing_is_asked_for() {
        let (_folder, served) = tree();
        let expected = [
            ".dockerignore",
            "a.txt",
            "app",
            "app/deep",
            "app/deep/far.py",
            "app/main.py",
            "link",
            "node_modules",
            "node_modules/x",
            "node_modules/x/index.js",
        ];
        assert_eq!(paths(&served, &Selection::default()), expected);
    }

    #[test]
    fn ignored_folders_are_left_out_and_links_lead_to_what_they_name() {
        let (_folder, served) = tree();
        for (exclude, follow, expected) in [
            (
                &["node_modules", "app"][..],
                &[][..],
                &[".dockerignore", "a.txt", "link"][..],
            ),
            (&[], &[".dockerignore"], &[".dockerignore"]),
            (&[], &["link"], &["app", "app/deep", "app/deep/far.py", "link"]),
            (
                &["node_modules"],
                &["app"],
                &["app", "app/deep", "app/deep/far.py", "app/main.py"],
            ),
            (&[], &["nothing"], &[]),
        ] {
            let selection = Selection {
                exclude_patterns: strings(exclude),
                follow_paths: strings(follow),
                ..Selection::default()
            };
            assert_eq!(paths(&served, &selection), expected, "{exclude:?} {follow:?}");
        }
    }

    #[test]
    fn folders_that_hold_nothing_asked_for_are_not_entered() {
        use std::os::unix::fs::PermissionsExt as _;
        let (folder, served) = tree();
        // Removed behind the walk's back, an entered folder would be an error; root reads any mode, so a mode would not.
        let closed = folder.path().join("node_modules");
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o755)).unwrap();
        let raw = std::ffi::OsStr::new("not-utf8-\u{fffd}");
        let odd: std::ffi::OsString =
            std::os::unix::ffi::OsStringExt::from_vec([raw.as_encoded_bytes(), &[0xff]].concat());
        fs::write(closed.join(odd), "").unwrap();
        let everything = listed(&served, &Selection::default());
        assert!(everything.unwrap_err().message.contains("UTF-8"));
        let selection = Selection {
            follow_paths: strings(&[".dockerignore"]),
            ..Selection::default()
        };
        assert_eq!(paths(&served, &selection), [".dockerignore"]);
    }

    #[test]
    fn what_is_no_file_any_more_is_never_opened() {
        let (folder, served) = tree();
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(CWD, &pipe, rustix::fs::FileType::Fifo, Mode::RUSR, 0).unwrap();
        // Nobody writes to the pipe: it is not waited for.
        for path in ["pipe", "app"] {
            assert_eq!(
                served.open(path).unwrap_err().to_string(),
                "it is no regular file"
            );
        }
        assert!(served.open("a.txt").is_ok());
        assert!(served.open("link").is_err());
    }
}
