//! A registry that offers a layer and serves what the script says.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use seatrial::digest::Digest;
use seatrial::run::{EngineFault, OfferedLayer, Registry, RegistryFault, Served, ServedBlob};
use seatrial::unit::{ByteSize, Nanos};

use super::log_book::LogBook;
use super::script::{Script, Trouble};

/// A registry without images.
#[derive(Debug)]
pub(crate) struct FakeRegistry {
    pub(super) log: LogBook,
    pub(super) script: Script,
}

impl Registry for FakeRegistry {
    fn take<'a>(
        &'a self,
        name: &'a str,
        mut export: BoxStream<'static, Result<Bytes, EngineFault>>,
    ) -> BoxFuture<'a, Result<String, RegistryFault>> {
        Box::pin(async move {
            while let Some(chunk) = export.next().await {
                chunk.map_err(|fault| RegistryFault {
                    image: name.to_owned(),
                    source: fault.into(),
                })?;
            }
            self.log.note(format!("take in {name}"));
            Ok(format!("registry/{name}"))
        })
    }

    fn offer(&self, repository: &str, tag: &str, _salt: &str) -> Result<Vec<OfferedLayer>, RegistryFault> {
        self.log.note(format!("offer {repository}:{tag}"));
        Ok(vec![OfferedLayer {
            digest: Digest::of("layer"),
            size: ByteSize(10),
            times: 1,
        }])
    }

    fn withdraw(&self, repository: &str) -> Served {
        self.log.note(format!("withdraw {repository}"));
        let sent = if self.script.has(Trouble::HadLayer) { 0 } else { 10 };
        Served {
            blobs: vec![ServedBlob {
                digest: Digest::of("layer"),
                size: ByteSize(10),
                sent: ByteSize(sent),
                span: (sent > 0).then_some((Nanos(1), Nanos(2))),
            }],
        }
    }
}
