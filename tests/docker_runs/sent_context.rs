//! What the docker command sends of a context, read from an image that holds nothing else.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;
use std::process::Command;

use crate::support::text;

/// What stands at a path: its kind as a letter of `ls -l`, its permission bits, its size or where it links to.
pub(crate) type Kept = BTreeMap<Vec<u8>, String>;

/// Builds `COPY . /` of the folder by the docker command; its own words where it refuses. The Dockerfile lies
/// elsewhere, so that the ignore file is that of the context and the context holds nothing else.
pub(crate) fn sent_by_the_docker_command(folder: &Path, work: &Path) -> Result<Kept, String> {
    let dockerfile = work.join("Dockerfile");
    std::fs::write(&dockerfile, "FROM scratch\nCOPY . /\n").unwrap();
    let archive = work.join("image.tar");
    let output = Command::new("docker")
        .env("DOCKER_BUILDKIT", "1")
        .args(["build", "--progress=plain", "--file"])
        .arg(&dockerfile)
        .arg(format!("--output=type=tar,dest={}", archive.display()))
        .arg(folder)
        .output()
        .unwrap();
    if !output.status.success() {
        return Err(text(&output.stderr));
    }
    let mut kept = Kept::new();
    let mut links = Vec::new();
    let mut tar = tar::Archive::new(std::fs::File::open(&archive).unwrap());
    for entry in tar.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path_bytes().into_owned();
        let path = path.strip_suffix(b"/").unwrap_or(&path).to_vec();
        let header = entry.header();
        let mode = header.mode().unwrap() & 0o7777;
        let kind = header.entry_type();
        let leads_to = entry.link_name_bytes().map(std::borrow::Cow::into_owned);
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let told = match kind {
            tar::EntryType::Directory => described('d', mode, ""),
            tar::EntryType::Symlink => described(
                'l',
                0o777,
                &String::from_utf8_lossy(&leads_to.unwrap_or_default()),
            ),
            tar::EntryType::Regular => described('-', mode, &content.len().to_string()),
            tar::EntryType::Link => {
                links.push((path, leads_to.unwrap_or_default()));
                continue;
            }
            tar::EntryType::Fifo => described('p', mode, ""),
            tar::EntryType::Char => described('c', mode, ""),
            tar::EntryType::Block => described('b', mode, ""),
            other => panic!("{} is a {other:?}", String::from_utf8_lossy(&path)),
        };
        kept.insert(path, told);
    }
    for (path, first) in links {
        let told = kept[&first].clone();
        kept.insert(path, told);
    }
    Ok(kept)
}

/// One line about an entry.
pub(crate) fn described(kind: char, mode: u32, rest: &str) -> String {
    format!("{kind}{mode:04o} {rest}")
}
