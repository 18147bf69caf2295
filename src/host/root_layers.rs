//! The folders that a container's root is laid over, as the kernel tells them of a process.

use std::fs;
use std::path::{Path, PathBuf};

/// The folders of the image in an overlay that is the root of a container's process, the uppermost first; `None` where its
/// root is none. The engine lays one folder of the container's own upon them, with the places that it mounts things at
/// (`daemon/initlayer` of moby); it goes with the container.
pub(super) fn root_layers(proc: &Path, process: u32) -> Option<Vec<PathBuf>> {
    let mounts = fs::read_to_string(proc.join(process.to_string()).join("mountinfo")).ok()?;
    mounts.lines().rev().find_map(of_line)
}

/// Reads a line of `mountinfo` (proc(5)): `id parent device root place options tags - type source options`.
fn of_line(line: &str) -> Option<Vec<PathBuf>> {
    let (before, after) = line.split_once(" - ")?;
    if before.split(' ').nth(4)? != "/" {
        return None;
    }
    let mut after = after.split(' ');
    if after.next()? != "overlay" {
        return None;
    }
    let options = after.nth(1)?;
    let option = |name: &str| options.split(',').find_map(|option| option.strip_prefix(name));
    let upper = PathBuf::from(option("upperdir=")?);
    // Where there are many, they are given from the folder that holds all of them, which the upper one tells: each is
    // `<number>/fs` there.
    let common = upper.parent()?.parent()?.to_owned();
    let lower = option("lowerdir=")?;
    let folders = lower.split(':').skip(1).map(|folder| common.join(folder));
    let folders: Vec<_> = folders.collect();
    (!folders.is_empty()).then_some(folders)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(line: &str) -> Option<Vec<String>> {
        let folders = of_line(line)?;
        Some(
            folders
                .iter()
                .map(|folder| folder.display().to_string())
                .collect(),
        )
    }

    #[test]
    fn the_lower_folders_of_the_root_are_told_absolute_or_not() {
        let absolute = "610 480 0:61 / / rw,relatime - overlay overlay rw,lowerdir=/v/s/8/fs:/v/s/7/fs:/v/s/3/fs,upperdir=/v/s/9/fs,workdir=/v/s/9/work";
        assert_eq!(lines(absolute).unwrap(), ["/v/s/7/fs", "/v/s/3/fs"]);
        let relative = "610 480 0:61 / / rw - overlay overlay rw,lowerdir=8/fs:7/fs:3/fs,upperdir=/v/s/9/fs,workdir=/v/s/9/work";
        assert_eq!(lines(relative).unwrap(), ["/v/s/7/fs", "/v/s/3/fs"]);
        for other in [
            "611 610 0:61 / /data rw - overlay overlay rw,lowerdir=/a,upperdir=/b/c,workdir=/d",
            "610 480 0:61 / / rw - overlay overlay rw,lowerdir=8/fs,upperdir=/v/s/9/fs,workdir=/v/s/9/work",
            "610 480 0:61 / / rw - ext4 /dev/vda rw",
            "610 480 0:61 / / ro - overlay overlay ro,lowerdir=/a",
            "",
        ] {
            assert_eq!(lines(other), None, "{other}");
        }
    }
}
