//! What a path of a registry names.

use crate::digest::Digest;

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route<'a> {
    /// The interface itself.
    Base,
    /// A manifest by its tag.
    Tagged { repository: &'a str, tag: &'a str },
    /// A manifest by its digest.
    Manifest { repository: &'a str, digest: Digest },
    /// A blob.
    Blob { repository: &'a str, digest: Digest },
    /// Nothing that a registry has.
    Nothing,
}

impl<'a> Route<'a> {
    /// Reads a path. Names are only ever looked up as they are: none of them becomes a path of this machine.
    pub(super) fn of(path: &'a str) -> Self {
        if path == "/v2/" || path == "/v2" {
            return Self::Base;
        }
        let Some(rest) = path.strip_prefix("/v2/") else {
            return Self::Nothing;
        };
        let Some((head, reference)) = rest.rsplit_once('/') else {
            return Self::Nothing;
        };
        match (head.rsplit_once('/'), reference.parse()) {
            (Some((repository, "manifests")), Ok(digest)) => Self::Manifest { repository, digest },
            (Some((repository, "manifests")), Err(_)) => Self::Tagged {
                repository,
                tag: reference,
            },
            (Some((repository, "blobs")), Ok(digest)) => Self::Blob { repository, digest },
            _ => Self::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_from_their_end() {
        let digest = Digest::of("x");
        let (blob, manifest) = (
            format!("/v2/a/b/blobs/{digest}"),
            format!("/v2/a/manifests/{digest}"),
        );
        for (path, route) in [
            ("/v2/", Route::Base),
            ("/v2", Route::Base),
            (
                &*blob,
                Route::Blob {
                    repository: "a/b",
                    digest,
                },
            ),
            (
                &*manifest,
                Route::Manifest {
                    repository: "a",
                    digest,
                },
            ),
            (
                "/v2/a/manifests/1.2",
                Route::Tagged {
                    repository: "a",
                    tag: "1.2",
                },
            ),
            (
                "/v2/manifests/manifests/x",
                Route::Tagged {
                    repository: "manifests",
                    tag: "x",
                },
            ),
            ("/", Route::Nothing),
            ("/v1/a/manifests/x", Route::Nothing),
            ("/v2/a/tags/list", Route::Nothing),
            ("/v2/a/blobs/sha256:12", Route::Nothing),
            ("/v2/a/blobs/../../etc/passwd", Route::Nothing),
            ("/v2/manifests/x", Route::Nothing),
            ("", Route::Nothing),
        ] {
            assert_eq!(Route::of(path), route, "{path}");
        }
    }
}
