//! What a scenario needs of the engine that it is run on.

use super::{Place, Problem};

/// What an engine can do, as far as scenarios depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineFacts {
    /// The engine's version.
    pub version: String,
    /// The version of its API, such as `1.41`.
    pub api: String,
    /// The platforms that it can build for; empty where it does not say.
    pub platforms: Vec<String>,
    /// Whether it keeps images in containerd's store, not by a storage driver.
    pub containerd_store: bool,
    /// Whether it runs on this machine's own kernel, so that its loopback address is this machine's. Also where it is
    /// reached by a tunnel: there nothing is started at all, which is said elsewhere.
    pub pulls_from_here: bool,
}

/// Something that a scenario needs of the engine, and where it says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineNeed {
    pub(super) place: Place,
    pub(super) what: Needed,
}

/// What is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Needed {
    /// An API of at least this version, for what is named.
    Api {
        for_what: &'static str,
        least: (u32, u32),
    },
    /// A platform to build for.
    Platform(String),
    /// The export of a remote cache of this type, other than inline.
    CacheExport(&'static str),
    /// Cache mounts that are emptied while layers stay.
    MountsEmptiedAlone,
    /// That it can pull from the loopback address of this machine.
    PullsFromHere,
}

impl EngineNeed {
    /// What is wrong where an engine does not have it.
    #[must_use]
    pub fn unmet_by(&self, engine: &EngineFacts) -> Option<Problem> {
        match &self.what {
            Needed::Api { for_what, least } => {
                let api = version(&engine.api)?;
                (api < *least).then(|| {
                    let (major, minor) = least;
                    let mut problem = Problem::at(
                        self.place.clone(),
                        format!(
                            "{for_what} cannot be had from engine {}: its API is {}, expected at least {major}.{minor}",
                            engine.version, engine.api
                        ),
                    );
                    problem.hint("Docker Engine 23 and newer have it");
                    problem
                })
            }
            // Engines 20.10 and 28.5 answer `unknown cache exporter` where a storage driver keeps the images.
            Needed::CacheExport(kind) => (!engine.containerd_store).then(|| {
                let message = format!(
                    "a `{kind}` cache cannot be exported by engine {}, which keeps its images by a storage driver",
                    engine.version
                );
                let mut problem = Problem::at(self.place.clone(), message);
                problem.hint("take `type = \"inline\"`, or turn the containerd image store on");
                problem
            }),
            // Seen with 28.5, and with the docker command alone; `docs/faults.md` has the commands.
            Needed::MountsEmptiedAlone => engine.containerd_store.then(|| {
                let message = format!(
                    "engine {} cannot empty cache mounts beside layers that stay: with the containerd image store it forgets \
                     layers on local images when any record of its build cache goes",
                    engine.version
                );
                let mut problem = Problem::at(self.place.clone(), message);
                problem.hint("`layers = \"empty\"` empties both, and a storage driver forgets nothing");
                problem
            }),
            Needed::PullsFromHere => (!engine.pulls_from_here).then(|| {
                let message = format!(
                    "engine {} runs in a virtual machine, and cannot pull from the registry of this program, which is on the \
                     loopback address of this machine",
                    engine.version
                );
                let mut problem = Problem::at(self.place.clone(), message);
                problem.hint("leave `cold-pull` out, or run it on the machine of an engine");
                problem
            }),
            Needed::Platform(platform) => {
                let known = &engine.platforms;
                let can =
                    known.is_empty() || known.iter().any(|known| canonical(known) == canonical(platform));
                (!can).then(|| {
                    let mut problem = Problem::at(
                        self.place.clone(),
                        format!("engine {} cannot run the platform `{platform}`", engine.version),
                    );
                    problem
                        .label(format!("it runs {}", known.join(", ")))
                        .hint("its host needs an emulator for it, registered with binfmt_misc");
                    problem
                })
            }
        }
    }
}

/// The numbers of a version such as `1.41`.
fn version(text: &str) -> Option<(u32, u32)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// A platform without what is understood (`platforms.Normalize` of containerd).
fn canonical(platform: &str) -> String {
    let platform = platform
        .replace("/x86_64", "/amd64")
        .replace("/aarch64", "/arm64");
    for (ending, of) in [("/v8", "/arm64/v8"), ("/v1", "/amd64/v1")] {
        if platform.ends_with(of) {
            return platform.trim_end_matches(ending).to_owned();
        }
    }
    if platform.ends_with("/arm") {
        return format!("{platform}/v7");
    }
    platform
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Source;

    fn need(what: Needed) -> EngineNeed {
        let source = Source {
            path: "s.toml".into(),
            text: "x".to_owned(),
        };
        EngineNeed {
            place: Place::new(&source, 0..1),
            what,
        }
    }

    fn engine(api: &str, platforms: &[&str]) -> EngineFacts {
        EngineFacts {
            version: "20.10.24".to_owned(),
            api: api.to_owned(),
            platforms: platforms.iter().map(|&platform| platform.to_owned()).collect(),
            containerd_store: false,
            pulls_from_here: true,
        }
    }

    #[test]
    fn an_older_engine_is_told_with_both_versions() {
        let contexts = need(Needed::Api {
            for_what: "named contexts",
            least: (1, 42),
        });
        for (api, met) in [
            ("1.41", false),
            ("1.9", false),
            ("1.42", true),
            ("2.0", true),
            ("?", true),
        ] {
            let problem = contexts.unmet_by(&engine(api, &[]));
            assert_eq!(problem.is_none(), met, "{api}");
            if let Some(problem) = problem {
                assert!(
                    problem.message.contains(api) && problem.message.contains("1.42"),
                    "{problem:?}"
                );
            }
        }
    }

    #[test]
    fn only_the_containerd_store_exports_more_than_inline_caches() {
        let export = need(Needed::CacheExport("registry"));
        let old = engine("1.41", &[]);
        let new = EngineFacts {
            containerd_store: true,
            ..old.clone()
        };
        let problem = export.unmet_by(&old).unwrap();
        assert!(
            problem
                .message
                .starts_with("a `registry` cache cannot be exported by engine 20.10.24")
        );
        assert_eq!(export.unmet_by(&new), None);
    }

    #[test]
    fn only_the_containerd_store_cannot_empty_mounts_alone() {
        let mounts = need(Needed::MountsEmptiedAlone);
        let old = engine("1.41", &[]);
        assert_eq!(mounts.unmet_by(&old), None);
        let new = EngineFacts {
            version: "28.5.2".to_owned(),
            containerd_store: true,
            ..old
        };
        let problem = mounts.unmet_by(&new).unwrap();
        assert!(
            problem
                .message
                .starts_with("engine 28.5.2 cannot empty cache mounts")
        );
    }

    #[test]
    fn only_an_engine_on_this_machine_pulls_from_it() {
        let pull = need(Needed::PullsFromHere);
        let here = engine("1.41", &[]);
        assert_eq!(pull.unmet_by(&here), None);
        let elsewhere = EngineFacts {
            pulls_from_here: false,
            ..here
        };
        let problem = pull.unmet_by(&elsewhere).unwrap();
        assert!(
            problem.message.contains("cannot pull from the registry"),
            "{problem:?}"
        );
    }

    #[test]
    fn platforms_are_the_same_by_any_of_their_names() {
        for (asked, known, met) in [
            ("linux/amd64", "linux/amd64", true),
            ("linux/arm64", "linux/amd64", false),
            ("linux/arm64/v8", "linux/arm64", true),
            ("linux/aarch64", "linux/arm64", true),
            ("linux/arm", "linux/arm/v7", true),
            ("linux/arm/v6", "linux/arm/v7", false),
        ] {
            let problem = need(Needed::Platform(asked.to_owned())).unmet_by(&engine("1.41", &[known]));
            assert_eq!(problem.is_none(), met, "{asked} {known}");
        }
        assert_eq!(
            need(Needed::Platform("linux/arm64".to_owned())).unmet_by(&engine("1.41", &[])),
            None
        );
    }
}
