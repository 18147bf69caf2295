//! A real registry of this machine, for one test.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::programs::program_or_skip;
use crate::trial::until;

/// What a registry is asked for, which would else answer with the form of long ago.
const MANIFESTS: &str = "application/json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// A registry that is gone with all it holds when this is dropped.
pub(crate) struct Registry {
    address: String,
    program: Child,
    _folder: TempDir,
}

impl Registry {
    /// Starts the registry of Debian's `docker-registry` on a free port of the loopback address, which daemons talk to
    /// without TLS; `None` where that is not installed and the test is to be skipped.
    pub(crate) fn start() -> Option<Self> {
        if !program_or_skip("docker-registry", "docker-registry") {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .to_string();
        let data = folder.path().join("data");
        let config = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: {address}\n",
            data.display()
        );
        fs::write(folder.path().join("config.yml"), config).unwrap();
        let program = Command::new("docker-registry")
            .arg("serve")
            .arg(folder.path().join("config.yml"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let registry = Self {
            address,
            program,
            _folder: folder,
        };
        until("the registry answers", || {
            registry.get("/v2/").starts_with("HTTP/1.1 200")
        });
        Some(registry)
    }

    /// A repository of it.
    pub(crate) fn repository(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// The tags of a repository, as the registry lists them.
    pub(crate) fn tags(&self, name: &str) -> Vec<String> {
        let json = self.get_json(&format!("/v2/{name}/tags/list"));
        let tags = json["tags"].as_array().cloned().unwrap_or_default();
        tags.iter()
            .filter_map(|tag| tag.as_str().map(str::to_owned))
            .collect()
    }

    /// How many layers the manifest of a tag lists.
    pub(crate) fn layers(&self, name: &str, tag: &str) -> u64 {
        let manifest = self.get_json(&format!("/v2/{name}/manifests/{tag}"));
        manifest["layers"].as_array().unwrap().len() as u64
    }

    fn get_json(&self, path: &str) -> Value {
        let answer = self.get(path);
        let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
        serde_json::from_str(body.trim()).unwrap_or_default()
    }

    /// An answer with its head; empty where there is none.
    fn get(&self, path: &str) -> String {
        let mut answer = String::new();
        if let Ok(mut stream) = TcpStream::connect(&self.address) {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let host = &self.address;
            let _ = write!(
                stream,
                "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept: {MANIFESTS}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.read_to_string(&mut answer);
        }
        answer
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
