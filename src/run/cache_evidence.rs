//! Whether a build found the cache state that its step is meant to measure, told from the build itself.
//!
//! A state is reached by what is done before a build: own records removed, a fresh key, an image
//! removed. Whether that was enough is not assumed: the daemon's trace, what it asked of the context, what it
//! downloaded, and the records that appeared say what the build found.

use crate::results::{Downloads, InstructionResult};
use crate::scenario::{BaseState, BuildCacheState, ContextState, LayerState, MountState};

use super::ports::ContextTransfer;

/// What a build tells of the state that it found.
#[derive(Clone, Debug, Default)]
pub(super) struct CacheEvidence {
    /// How the daemon asked for the context's files.
    pub(super) transfer: ContextTransfer,
    /// Files that differ from those that the daemon was sent under the same key; `None` where it was sent none, or
    /// where that is not known.
    pub(super) changed_files: Option<u64>,
    /// What came from registries.
    pub(super) downloads: Downloads,
    /// Why the remote cache could not be read.
    pub(super) import_fault: Option<String>,
    /// Own layer records that were still there before a build which was to find none at all, or none but imported ones.
    pub(super) own_layers_left: usize,
    /// Whether the build before in this turn was of the very same context, so that all of it is there to be reused.
    pub(super) nothing_changed: bool,
    /// Records of cache mounts that appeared.
    pub(super) mounts_made: usize,
    /// Whether an instruction with a cache mount ran.
    pub(super) mounts_used: bool,
    /// Whether an instruction that ran in this turn has filled its cache mounts, and nothing has emptied them since.
    pub(super) mounts_filled: bool,
}

/// Why a build did not find the state that was asked for; `None` where it did.
pub(super) fn unreached(
    state: BuildCacheState,
    instructions: &[InstructionResult],
    evidence: &CacheEvidence,
) -> Option<String> {
    layers(state.layers, instructions, evidence)
        .or_else(|| mounts(state.mounts, evidence))
        .or_else(|| context(state.context, evidence))
        .or_else(|| base(state.base, instructions, evidence))
}

fn layers(state: LayerState, instructions: &[InstructionResult], evidence: &CacheEvidence) -> Option<String> {
    match state {
        LayerState::Empty => {
            if evidence.own_layers_left > 0 {
                return Some(layers_stayed(evidence.own_layers_left));
            }
            let cached = instructions
                .iter()
                .find(|instruction| instruction.cached && obeys_no_cache(instruction))?;
            Some(format!(
                "no layer was to be reused, yet `{}` came from the cache",
                cached.name
            ))
        }
        LayerState::Primed => {
            let ran = instructions.iter().find(|instruction| !instruction.cached)?;
            evidence.nothing_changed.then(|| {
                format!(
                    "the layers of the build before were to be there, yet `{}` ran though nothing had changed",
                    ran.name
                )
            })
        }
        LayerState::Imported => {
            if let Some(fault) = &evidence.import_fault {
                return Some(format!("the remote cache could not be imported: {fault}"));
            }
            if evidence.own_layers_left > 0 {
                return Some(layers_stayed(evidence.own_layers_left));
            }
            let cached = instructions
                .iter()
                .find(|instruction| instruction.cached && obeys_no_cache(instruction))?;
            (evidence.downloads.layers.count == 0).then(|| {
                format!(
                    "layers were to be imported, yet `{}` came from the cache and nothing was downloaded: the daemon \
                     has its layer from elsewhere",
                    cached.name
                )
            })
        }
    }
}

fn layers_stayed(count: usize) -> String {
    format!(
        "the daemon was to hold no layer, yet {count} records of earlier builds stayed, because something else uses them"
    )
}

fn mounts(state: MountState, evidence: &CacheEvidence) -> Option<String> {
    if !evidence.mounts_used {
        return None;
    }
    match state {
        MountState::Empty => (evidence.mounts_made == 0)
            .then(|| "cache mounts were to be empty, yet no new one appeared".to_owned()),
        MountState::Kept => (evidence.mounts_filled && evidence.mounts_made > 0)
            .then(|| "cache mounts of the build before were to be there, yet new ones appeared".to_owned()),
    }
}

fn context(state: ContextState, evidence: &CacheEvidence) -> Option<String> {
    let ContextTransfer {
        offered_files: offered,
        requested_files: requested,
    } = evidence.transfer;
    match state {
        ContextState::Absent => (requested < offered).then(|| {
            format!(
                "the daemon was to have nothing of the context, yet it asked for {requested} of {offered} files"
            )
        }),
        ContextState::Kept => {
            let changed = evidence.changed_files?;
            (requested > changed).then(|| {
                format!(
                    "the daemon was to have the context, yet it asked for {requested} files where {changed} had changed"
                )
            })
        }
    }
}

fn base(state: BaseState, instructions: &[InstructionResult], evidence: &CacheEvidence) -> Option<String> {
    let downloaded = evidence.downloads.base.count;
    // Where every layer above it is imported, nothing is made of the base, and the builder does without it.
    let was_needed = instructions.iter().any(|instruction| !instruction.cached);
    match state {
        BaseState::Present => (downloaded > 0)
            .then(|| format!("the base was to be there, yet {downloaded} layers of it were downloaded")),
        BaseState::Absent => (was_needed && downloaded == 0)
            .then(|| "the base was to be absent, yet nothing of it was downloaded".to_owned()),
    }
}

/// Whether the builder runs an instruction again when it is told to use no cache. It never tells that to the step that
/// makes the folder of a WORKDIR, with the docker command's `--no-cache` either: a folder that the daemon has made on
/// this base before comes from the cache. It is no layer that is worth a download either.
fn obeys_no_cache(instruction: &InstructionResult) -> bool {
    instruction.name.split_whitespace().next() != Some("WORKDIR")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Downloaded;
    use crate::unit::ByteSize;

    fn instruction(name: &str, cached: bool) -> InstructionResult {
        InstructionResult {
            name: name.to_owned(),
            position: None,
            line: None,
            cached,
            started_ns: None,
            duration_ns: None,
            log_bytes: ByteSize::ZERO,
        }
    }

    fn downloads(layers: u64, base: u64) -> Downloads {
        let downloaded = |count| Downloaded { count, bytes: None };
        Downloads {
            layers: downloaded(layers),
            base: downloaded(base),
        }
    }

    fn transfer(requested_files: u64, offered_files: u64) -> ContextTransfer {
        ContextTransfer {
            offered_files,
            requested_files,
        }
    }

    /// What is said about a state of layers, with everything else as it should be.
    fn said(layers: LayerState, cached: [bool; 2], evidence: &CacheEvidence) -> String {
        let state = BuildCacheState {
            layers,
            ..BuildCacheState::default()
        };
        let instructions = [
            instruction("COPY . /app", cached[0]),
            instruction("RUN make", cached[1]),
        ];
        unreached(state, &instructions, evidence).unwrap_or_default()
    }

    #[test]
    fn empty_layers_mean_that_every_instruction_ran() {
        let none = CacheEvidence::default();
        assert_eq!(said(LayerState::Empty, [false, false], &none), "");
        assert_eq!(
            said(LayerState::Empty, [true, false], &none),
            "no layer was to be reused, yet `COPY . /app` came from the cache"
        );
    }

    #[test]
    fn a_folder_that_was_made_before_leaves_a_cold_build_cold() {
        let state = BuildCacheState {
            layers: LayerState::Empty,
            ..BuildCacheState::default()
        };
        let made_before = [instruction("WORKDIR /srv", true), instruction("COPY . .", false)];
        assert_eq!(unreached(state, &made_before, &CacheEvidence::default()), None);
    }

    #[test]
    fn primed_layers_are_all_reused_where_nothing_changed() {
        let unchanged = CacheEvidence {
            nothing_changed: true,
            ..CacheEvidence::default()
        };
        assert_eq!(said(LayerState::Primed, [true, true], &unchanged), "");
        assert_eq!(
            said(LayerState::Primed, [true, false], &unchanged),
            "the layers of the build before were to be there, yet `RUN make` ran though nothing had changed"
        );
        assert_eq!(
            said(LayerState::Primed, [true, false], &CacheEvidence::default()),
            ""
        );
    }

    #[test]
    fn imported_layers_came_from_the_remote_cache_and_from_nowhere_else() {
        let imported = CacheEvidence {
            downloads: downloads(500, 0),
            ..CacheEvidence::default()
        };
        assert_eq!(said(LayerState::Imported, [true, false], &imported), "");
        // What does not fit any more is built: that is what such a runner meets.
        assert_eq!(
            said(LayerState::Imported, [false, false], &CacheEvidence::default()),
            ""
        );
        for (evidence, expected) in [
            (
                CacheEvidence {
                    import_fault: Some("not found".to_owned()),
                    ..imported.clone()
                },
                "the remote cache could not be imported: not found",
            ),
            (
                CacheEvidence {
                    own_layers_left: 2,
                    ..imported.clone()
                },
                "yet 2 records of earlier builds stayed",
            ),
            (
                CacheEvidence::default(),
                "`COPY . /app` came from the cache and nothing was downloaded",
            ),
        ] {
            let said = said(LayerState::Imported, [true, false], &evidence);
            assert!(said.contains(expected), "{said}");
        }
    }

    #[test]
    fn mounts_context_and_base_are_told_from_what_the_daemon_did() {
        let state = |mounts, context, base| BuildCacheState {
            layers: LayerState::Primed,
            mounts,
            context,
            base,
        };
        let plain = state(MountState::Kept, ContextState::Kept, BaseState::Present);
        let mounts = |mounts_made, mounts_filled| CacheEvidence {
            mounts_used: true,
            mounts_made,
            mounts_filled,
            ..CacheEvidence::default()
        };
        let files = |requested, offered, changed_files| CacheEvidence {
            transfer: transfer(requested, offered),
            changed_files,
            ..CacheEvidence::default()
        };
        let base = |bytes| CacheEvidence {
            downloads: downloads(0, bytes),
            ..CacheEvidence::default()
        };
        let empty = state(MountState::Empty, ContextState::Kept, BaseState::Present);
        let absent = state(MountState::Kept, ContextState::Absent, BaseState::Present);
        let no_base = state(MountState::Kept, ContextState::Kept, BaseState::Absent);
        let ran = [instruction("COPY . /app", false)];
        let reached = [
            (plain, mounts(0, true)),
            // The first use of the turn finds nothing yet.
            (plain, mounts(1, false)),
            (empty, mounts(1, false)),
            (plain, files(1, 40, Some(1))),
            (plain, files(0, 40, Some(2))),
            (plain, files(40, 40, None)),
            (absent, files(40, 40, Some(0))),
            (absent, files(0, 0, None)),
            (plain, base(0)),
            (no_base, base(9)),
        ];
        for (state, evidence) in reached {
            assert_eq!(unreached(state, &ran, &evidence), None, "{state:?} {evidence:?}");
        }
        let imported = [instruction("COPY . /app", true)];
        assert_eq!(unreached(no_base, &imported, &base(0)), None, "nobody needed it");
        for (state, evidence, expected) in [
            (plain, mounts(1, true), "yet new ones appeared"),
            (empty, mounts(0, false), "yet no new one appeared"),
            (
                plain,
                files(3, 40, Some(1)),
                "asked for 3 files where 1 had changed",
            ),
            (absent, files(3, 40, Some(1)), "asked for 3 of 40 files"),
            (plain, base(2), "yet 2 layers of it were downloaded"),
            (no_base, base(0), "yet nothing of it was downloaded"),
        ] {
            let said = unreached(state, &ran, &evidence).unwrap_or_default();
            assert!(said.contains(expected), "{said:?} for {state:?} {evidence:?}");
        }
    }
}
