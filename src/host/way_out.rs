//! How this machine reaches the network: through which proxy, and whom it trusts beyond what its distribution does.

use std::fs;
use std::path::{Path, PathBuf};

/// Where distributions look for certificate authorities that an administrator adds: Debian and Alpine, Fedora, Arch,
/// SUSE.
const ADDED_AUTHORITIES: [&str; 4] = [
    "/usr/local/share/ca-certificates",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/ca-certificates/trust-source/anchors",
    "/etc/pki/trust/anchors",
];

/// Variables that name the proxy.
const PROXIES: [&str; 6] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// Variables that name a file of certificate authorities for programs of one kind.
const BUNDLES: [&str; 5] = [
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
];

/// How this machine reaches the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WayOut {
    /// Variables that name a proxy. Their values may hold a password and are not kept.
    pub proxies: Vec<&'static str>,
    /// Variables that name certificate authorities.
    pub bundles: Vec<&'static str>,
    /// Files of certificate authorities that an administrator added.
    pub added: Vec<PathBuf>,
}

impl WayOut {
    /// Looks at the environment and the folders of added certificate authorities.
    #[must_use]
    pub fn look() -> Self {
        let is_set = |name: &&'static str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        Self {
            proxies: PROXIES.into_iter().filter(is_set).collect(),
            bundles: BUNDLES.into_iter().filter(is_set).collect(),
            added: ADDED_AUTHORITIES
                .map(Path::new)
                .into_iter()
                .flat_map(files)
                .collect(),
        }
    }
}

/// The files of a folder, in order; none where it cannot be read.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_are_authorities() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| folder.path().join(name);
        fs::write(path("b.crt"), "").unwrap();
        fs::write(path("a.crt"), "").unwrap();
        fs::create_dir(path("distribution")).unwrap();
        assert_eq!(files(folder.path()), [path("a.crt"), path("b.crt")]);
        assert!(files(&path("missing")).is_empty());
    }
}
