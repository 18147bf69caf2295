//! The disk as the daemon sees it, where it has mounts of its own.

use std::fs::{self, File};
use std::os::fd::AsRawFd as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// A way to the daemon's view of the disk.
#[derive(Clone, Debug, Default)]
pub(super) struct DaemonView {
    /// Its root, once one was needed. As long as it is open its mounts can be reached, whatever becomes of the process that
    /// led to it.
    root: Arc<OnceLock<File>>,
}

impl DaemonView {
    /// Folders of the daemon's, as this program can read them.
    pub(super) fn shown(&self, folders: Vec<PathBuf>, process: Option<u32>) -> Option<Vec<PathBuf>> {
        let are_there = |folders: &[PathBuf]| folders.iter().all(|folder| folder.is_dir());
        if are_there(&folders) {
            return Some(folders);
        }
        if self.root.get().is_none() {
            // What started the container is the daemon's: it sees what that sees.
            let starter = parent(process?)?;
            let root = File::open(format!("/proc/{starter}/root")).ok()?;
            // Another thread's is as good.
            let _ = self.root.set(root);
        }
        let root = PathBuf::from(format!("/proc/self/fd/{}", self.root.get()?.as_raw_fd()));
        let below = |folder: &PathBuf| Some(root.join(folder.strip_prefix("/").ok()?));
        let folders: Vec<_> = folders.iter().filter_map(below).collect();
        are_there(&folders).then_some(folders)
    }
}

/// The process that began another (proc(5)): the fourth field of `stat`, of which the second may hold anything.
fn parent(process: u32) -> Option<u32> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat")).ok()?;
    let (_, after) = stat.rsplit_once(')')?;
    after.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_shown_as_it_is_and_what_is_nowhere_is_not() {
        let view = DaemonView::default();
        let own = std::process::id();
        let there = vec![PathBuf::from("/proc"), PathBuf::from("/")];
        assert_eq!(view.shown(there.clone(), None), Some(there));
        let nowhere = vec![PathBuf::from("/no/such/folder")];
        assert_eq!(view.shown(nowhere.clone(), None), None);
        assert_eq!(view.shown(nowhere.clone(), Some(own)), None);
        assert_eq!(view.shown(nowhere, Some(u32::MAX)), None);
    }

    #[test]
    fn the_process_that_began_another_is_its_parent() {
        assert_eq!(
            parent(std::process::id()),
            Some(std::os::unix::process::parent_id())
        );
        assert_eq!(parent(u32::MAX), None);
    }
}
