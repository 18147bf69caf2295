//! Extended attributes of files.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::path::Path;

use rustix::fs::XattrFlags;
use rustix::io::Errno;

/// What no client sends.
const NEVER_SENT: &[u8] = b"com.apple.";

/// The attributes of a path as the docker command sends them; a link is not followed. `None` where a name is not UTF-8.
pub(super) fn sent_attributes(path: &Path) -> Result<Option<BTreeMap<String, Vec<u8>>>, Errno> {
    let mut found = BTreeMap::new();
    for name in names(|buffer| rustix::fs::llistxattr(path, buffer))? {
        if name.to_bytes().starts_with(NEVER_SENT) {
            continue;
        }
        let Ok(text) = name.to_str() else { return Ok(None) };
        // One that cannot be read is left out, by the docker command as well.
        if let Ok(value) = value(|buffer| rustix::fs::lgetxattr(path, &name, buffer)) {
            found.insert(text.to_owned(), value);
        }
    }
    Ok(Some(found))
}

/// Gives `to` the attributes of `from`, but for labels that belong to this machine's own security.
pub(super) fn copy_attributes(from: &File, to: &File) -> io::Result<()> {
    for name in names(|buffer| rustix::fs::flistxattr(from, buffer))? {
        let is_capability = name.to_bytes() == b"security.capability";
        if name.to_bytes().starts_with(b"security.") && !is_capability {
            continue;
        }
        let value = value(|buffer| rustix::fs::fgetxattr(from, &name, buffer))?;
        rustix::fs::fsetxattr(to, &name, &value, XattrFlags::empty())?;
    }
    Ok(())
}

/// The names, where the file system has attributes at all.
fn names(list: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<CString>, Errno> {
    let bytes = match value(list) {
        Err(Errno::NOTSUP) => Vec::new(),
        bytes => bytes?,
    };
    let names = bytes.split_inclusive(|byte| *byte == 0);
    let names = names.filter_map(|name| CStr::from_bytes_with_nul(name).ok());
    Ok(names.map(CStr::to_owned).collect())
}

/// What a call writes that says how many bytes it wrote, or that there is too little room.
fn value(mut get: impl FnMut(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    // Nearly every file has no attribute at all, so the largest that Linux allows is not tried first.
    let mut buffer = vec![0; 256];
    let length = match get(&mut buffer) {
        Err(Errno::RANGE) => {
            buffer.resize(64 * 1024, 0);
            get(&mut buffer)?
        }
        length => length?,
    };
    buffer.truncate(length);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_and_copied() {
        let folder = tempfile::tempdir().unwrap();
        let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
        let from = File::create(&first).unwrap();
        let to = File::create(&second).unwrap();
        match rustix::fs::fsetxattr(&from, "user.note", b"tide", XattrFlags::empty()) {
            // A file system of temporary files may not have them; then there is nothing to copy either.
            Err(Errno::NOTSUP) => return assert_eq!(sent_attributes(&first).unwrap(), Some(BTreeMap::new())),
            set => set.unwrap(),
        }
        rustix::fs::fsetxattr(&from, "user.empty", b"", XattrFlags::empty()).unwrap();
        let long = [b'x'; 1000];
        rustix::fs::fsetxattr(&from, "user.long", &long, XattrFlags::empty()).unwrap();
        copy_attributes(&from, &to).unwrap();
        let found = sent_attributes(&second).unwrap().unwrap();
        let expected = [
            ("user.empty", &b""[..]),
            ("user.long", &long),
            ("user.note", b"tide"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_vec()));
        assert_eq!(found, BTreeMap::from(expected));
    }
}
