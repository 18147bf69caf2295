//! Whole runs, and builds beside the docker command's, on the daemon that the docker command talks to.
//!
//! One program, since all of it shares the fixtures, and one test at a time: a run prunes the records of the build
//! cache that were not there when it began, so that two at a time would take each other's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

#[path = "../support/on_disk.rs"]
mod on_disk;
#[path = "../support/repository.rs"]
mod repository;
#[path = "../support/mod.rs"]
mod support;

mod agents;
mod bad_registries;
mod build_options;
mod bursts;
mod cache_states;
mod cached_flags;
mod classic;
mod classic_tar;
mod cold_pull;
mod companions;
mod company;
mod critical_path;
mod daemon;
mod edit_outcomes;
mod endpoints;
mod engine_faults;
mod failures;
mod fixture_tree;
mod hostile_trees;
mod hundred_builds;
mod interrupts;
mod inventory;
mod kills;
mod local_caches;
mod logins;
mod many_starts;
mod own_engine;
mod probe_tiers;
mod programs;
mod prunings;
mod random_trees;
mod readiness;
mod records;
mod registry;
mod replay;
mod resumes;
mod secrets;
mod sent_context;
mod side_by_side;
mod sidecar;
mod soak;
mod start_options;
mod start_states;
mod started;
mod stub_registry;
mod tls_front;
mod trial;
mod users_cache;
mod whole_run;
mod witness;
