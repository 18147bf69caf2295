//! What the docker command sends of a context, read from an image that holds nothing else.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use crate::side_by_side::BUILDX;
use crate::support::{docker, text};

/// What stands at a path: its kind as a letter of `ls -l`, its permission bits, its size or where it links to.
pub(crate) type Kept = BTreeMap<Vec<u8>, String>;

/// Whether the docker command reads contexts as the newest does. That of 20.10, whose matcher is another one, does
/// not: it is the documents that name where they differ.
pub(crate) fn reads_contexts_as_the_newest() -> bool {
    if std::env::var_os(BUILDX).is_some() {
        return true;
    }
    let version = docker(&["version", "--format", "{{.Client.Version}}"]);
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    let is_new = major.is_some_and(|major| major >= 23);
    if !is_new {
        // Past the capture of the test harness, so that it is never silent.
        let _ = writeln!(
            std::io::stderr(),
            "skipped: the docker command {version} reads contexts in an older way; set {BUILDX}"
        );
    }
    is_new
}

/// Builds `COPY . /` of the folder by the docker command; its own words where it refuses. The Dockerfile lies
/// elsewhere, so that the ignore file is that of the context and the context holds nothing else.
pub(crate) fn sent_by_the_docker_command(folder: &Path, work: &Path) -> Result<Kept, String> {
    let dockerfile = work.join("Dockerfile");
    std::fs::write(&dockerfile, "FROM scratch\nCOPY . /\n").unwrap();
    let archive = work.join("image.tar");
    let mut command = if let Some(buildx) = std::env::var_os(BUILDX) {
        Command::new(buildx)
    } else {
        let mut command = Command::new("docker");
        command.env("DOCKER_BUILDKIT", "1");
        command
    };
    let output = command
        .args(["build", "--progress=plain", "--file"])
        .arg(&dockerfile)
        .arg(format!("--output=type=tar,dest={}", archive.display()))
        .arg(folder)
        .output()
        .unwrap();
    if !output.status.success() {
        let said = text(&output.stderr);
        // Anything else is not the build's answer.
        assert!(said.contains("load .dockerignore"), "{said}");
        return Err(said);
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
