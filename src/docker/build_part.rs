//! What a vertex of a build is about.

use crate::results::GraphPart;

/// The part of a build that a vertex belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Getting the context's files.
    Context,
    /// Reading the Dockerfile, finding and getting the base.
    Resolve,
    /// Getting what a remote cache holds.
    CacheImport,
    /// The Dockerfile's instructions.
    Instructions,
    /// Storing the image.
    Export,
    /// Writing to a remote cache.
    CacheExport,
    /// Anything else.
    Other,
}

impl Part {
    /// Reads the part off a vertex's name.
    pub(super) fn of(name: &str) -> Self {
        if name.starts_with("[internal] load build context") {
            return Self::Context;
        }
        if name.starts_with("importing cache manifest from ") {
            return Self::CacheImport;
        }
        if name.starts_with("exporting cache") {
            return Self::CacheExport;
        }
        if name.starts_with("exporting ") {
            return Self::Export;
        }
        if let Some(loaded) = name.strip_prefix("[context ") {
            return if loaded.contains("] load from client") {
                Self::Context
            } else {
                Self::Resolve
            };
        }
        if name.starts_with("[internal]") || name.starts_with("[auth]") || name.starts_with("resolve image") {
            return Self::Resolve;
        }
        match instruction_text(name) {
            Some(text) if text.starts_with("FROM ") => Self::Resolve,
            Some(_) => Self::Instructions,
            None => Self::Other,
        }
    }

    /// What a vertex of this name is in the graph that is stored, which tells bases from what is looked up for them.
    pub(super) fn in_graph(name: &str) -> GraphPart {
        match Self::of(name) {
            Self::Context => GraphPart::Context,
            Self::Resolve if instruction_text(name).is_some() => GraphPart::Base,
            Self::Resolve => GraphPart::Resolve,
            Self::CacheImport => GraphPart::CacheImport,
            Self::Instructions => GraphPart::Instruction,
            Self::Export => GraphPart::Export,
            Self::CacheExport => GraphPart::CacheExport,
            Self::Other => GraphPart::Other,
        }
    }

    /// The name of its phase.
    pub(super) fn name(self) -> Option<&'static str> {
        match self {
            Self::Context => Some("context"),
            Self::Resolve => Some("resolve"),
            Self::CacheImport => Some("cache-import"),
            Self::Instructions => Some("instructions"),
            Self::Export => Some("export"),
            Self::CacheExport => Some("cache-export"),
            Self::Other => None,
        }
    }
}

/// What follows `[stage n/m] ` in a vertex's name; `None` for a vertex that is no instruction.
fn instruction_text(name: &str) -> Option<&str> {
    let (position, text) = name.strip_prefix('[')?.split_once("] ")?;
    let (_, count) = position.rsplit(' ').next()?.split_once('/')?;
    count.parse::<u32>().is_ok().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_part_of_the_build() {
        for (name, part) in [
            ("[internal] load build definition from Dockerfile", Part::Resolve),
            ("[internal] load .dockerignore", Part::Resolve),
            (
                "[internal] load metadata for docker.io/library/python:3",
                Part::Resolve,
            ),
            ("[internal] load build context", Part::Context),
            ("[1/4] FROM docker.io/library/python:3", Part::Resolve),
            ("[builder 2/5] RUN make", Part::Instructions),
            ("[stage-1 2/2] COPY --from=builder /a /b", Part::Instructions),
            ("[2/4] RUN echo '[3/4] FROM x'", Part::Instructions),
            ("exporting to image", Part::Export),
            ("importing cache manifest from x", Part::CacheImport),
            ("exporting cache to registry", Part::CacheExport),
            ("exporting cache", Part::CacheExport),
            ("[context docs] load from client", Part::Context),
            ("[context docs] load .dockerignore", Part::Resolve),
            ("[weird", Part::Other),
        ] {
            assert_eq!(Part::of(name), part, "{name}");
            assert_eq!(Part::in_graph(name).phase(), part.name(), "{name}");
        }
        assert_eq!(
            Part::in_graph("[1/4] FROM docker.io/library/python:3"),
            GraphPart::Base
        );
        assert_eq!(
            Part::in_graph("[internal] load .dockerignore"),
            GraphPart::Resolve
        );
    }
}
