//! Digests of files that were read before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::stamp::{Identity, Stamp};
use crate::digest::Digest;

/// Within this time of a look, a file may change without its change time showing it, because a file
/// system stamps files with the time of the last clock tick. Ticks are 1 to 10 ms apart.
const RACY_NS: i64 = 20_000_000;

/// Content digests by path, valid while path, device, inode, size, change time and modification time
/// are the same. Size and modification time alone never prove a file unchanged, since both can be set;
/// the change time cannot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DigestCache {
    records: BTreeMap<String, Record>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Record {
    identity: Identity,
    looked_at_ns: Stamp,
    digest: Digest,
}

impl DigestCache {
    /// The digest of an unchanged file. Nothing for a file that changed so shortly before it was read
    /// that it could have changed again unseen.
    pub(super) fn get(&self, path: &str, identity: &Identity) -> Option<Digest> {
        let record = self
            .records
            .get(path)
            .filter(|record| record.identity == *identity)?;
        let racy = identity.ctime_ns.0.saturating_add(RACY_NS) >= record.looked_at_ns.0;
        (!racy).then_some(record.digest)
    }

    /// Records what was read of a file that was looked at, at a time before the reading began.
    pub(super) fn insert(&mut self, path: &str, identity: Identity, looked_at_ns: Stamp, digest: Digest) {
        self.records.insert(
            path.to_owned(),
            Record {
                identity,
                looked_at_ns,
                digest,
            },
        );
    }

    /// Forgets the paths for which `keep` says no.
    pub(super) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.records.retain(|path, _| keep(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::unit::ByteSize;

    #[test]
    fn a_digest_is_used_again_only_for_the_same_file_that_had_settled() {
        let second = 1_000_000_000;
        let identity = |ctime_ns| Identity {
            device: 1,
            inode: 2,
            size_bytes: ByteSize(3),
            ctime_ns: Stamp(ctime_ns),
            mtime_ns: Stamp(0),
        };
        let digest = Digest::of("x");
        let mut cache = DigestCache::default();
        cache.insert("a", identity(second), Stamp(second + 20_000_001), digest);
        cache.insert("racy", identity(second), Stamp(second + 20_000_000), digest);
        cache.insert("future", identity(second), Stamp(0), digest);
        assert_eq!(cache.get("a", &identity(second)), Some(digest));
        assert_eq!(cache.get("a", &identity(second + 1)), None);
        assert_eq!(
            cache.get(
                "a",
                &Identity {
                    inode: 9,
                    ..identity(second)
                }
            ),
            None
        );
        assert_eq!(cache.get("b", &identity(second)), None);
        assert_eq!(cache.get("racy", &identity(second)), None);
        assert_eq!(cache.get("future", &identity(second)), None);
        let json = serde_json::to_string(&cache).unwrap();
        assert_eq!(serde_json::from_str::<DigestCache>(&json).unwrap(), cache);
    }
}
