//! A port with TLS in front of the daemon's socket, and the certificates for it.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

/// An authority, and what it signed for the daemon and for the one who asks, as `docker` names the files.
pub(crate) struct Certificates(TempDir);

impl Certificates {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
        write("ca.pem", authority.pem());
        for (certificate, key_name) in [("server-cert.pem", "server-key.pem"), ("cert.pem", "key.pem")] {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
            write(certificate, params.signed_by(&key, &authority).unwrap().pem());
            write(key_name, key.serialize_pem());
        }
        Self(folder)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.0.path()
    }

    fn acceptor(&self) -> TlsAcceptor {
        let path = |name: &str| self.folder().join(name);
        let read = |name: &str| -> Vec<CertificateDer<'static>> {
            let all = CertificateDer::pem_file_iter(path(name)).unwrap();
            all.map(Result::unwrap).collect()
        };
        let mut roots = RootCertStore::empty();
        roots.add(read("ca.pem").remove(0)).unwrap();
        let provider = Arc::new(ring::default_provider());
        // As `dockerd --tlsverify`: who asks must show a certificate too.
        let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients.build().unwrap())
            .with_single_cert(
                read("server-cert.pem"),
                PrivateKeyDer::from_pem_file(path("server-key.pem")).unwrap(),
            )
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// A port of loopback that leads to the daemon of the tests; closed when dropped.
pub(crate) struct TlsFront {
    address: SocketAddr,
    _runtime: Runtime,
}

impl TlsFront {
    pub(crate) fn of_daemon(certificates: &Certificates) -> Self {
        let runtime = Runtime::new().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let acceptor = certificates.acceptor();
        let host = std::env::var("DOCKER_HOST").unwrap_or_default();
        let socket = PathBuf::from(host.strip_prefix("unix://").unwrap_or("/var/run/docker.sock"));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, socket) = (acceptor.clone(), socket.clone());
                tokio::spawn(async move {
                    // Who is refused sees it at the other end.
                    if let (Ok(mut far), Ok(mut near)) =
                        (acceptor.accept(stream).await, UnixStream::connect(socket).await)
                    {
                        let _ = copy_bidirectional(&mut far, &mut near).await;
                    }
                });
            }
        });
        Self {
            address,
            _runtime: runtime,
        }
    }

    pub(crate) fn address(&self) -> String {
        format!("tcp://{}", self.address)
    }
}
