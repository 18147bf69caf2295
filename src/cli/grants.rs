//! Taking from the environment what a scenario's builds are given.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{ExitCode, Failure};
use crate::results::EnvArgumentRecord;
use crate::run::{BuildGrants, Grants, Redactor, Secret};
use crate::scenario::{Scenario, SecretSource, Surroundings, Variant};

/// Reads every secret, agent and value that the variants name. The check has said what is missing; here that is only
/// what went away since.
pub(super) fn grants(scenario: &Scenario, surroundings: &dyn Surroundings) -> Result<Grants, Failure> {
    let mut by_variant = BTreeMap::new();
    for variant in &scenario.variants {
        by_variant.insert(variant.name.clone(), Arc::new(of_variant(variant, surroundings)?));
    }
    Ok(Grants::new(by_variant, redactor(scenario, surroundings)))
}

/// Knows every secret of a scenario that is there, also where others are missing.
pub(super) fn redactor(scenario: &Scenario, surroundings: &dyn Surroundings) -> Redactor {
    let options = || scenario.variants.iter().map(|variant| &variant.options);
    let args = options()
        .flat_map(|options| options.env_args.values())
        .filter(|source| source.secret)
        .filter_map(|source| surroundings.variable(&source.env));
    let secrets = options()
        .flat_map(|options| options.secrets.values())
        .filter_map(|source| match source {
            SecretSource::Env(env) => surroundings.variable(env),
            SecretSource::File(path) => surroundings.secret_file(path).ok(),
        });
    let secrets: Vec<Vec<u8>> = args.chain(secrets).collect();
    Redactor::new(secrets.iter().map(Vec::as_slice))
}

fn of_variant(variant: &Variant, surroundings: &dyn Surroundings) -> Result<BuildGrants, Failure> {
    let options = &variant.options;
    let variable = |env: &String, what: &str| {
        surroundings.variable(env).ok_or_else(|| {
            Failure::new(
                ExitCode::Usage,
                format!("the environment has no `{env}` for {what}"),
            )
        })
    };
    let mut grants = BuildGrants::default();
    for (name, source) in &options.env_args {
        let value = variable(&source.env, &format!("the build argument `{name}`"))?;
        grants.args.insert(name.clone(), Secret::new(value));
    }
    for (id, source) in &options.secrets {
        let value = match source {
            SecretSource::Env(env) => variable(env, &format!("the secret `{id}`"))?,
            SecretSource::File(path) => surroundings.secret_file(path).map_err(|failure| {
                let message = format!(
                    "cannot read `{}` for the secret `{id}`: {failure}",
                    path.display()
                );
                Failure::new(ExitCode::Usage, message)
            })?,
        };
        grants.secrets.insert(id.clone(), Secret::new(value));
    }
    for (id, env) in &options.ssh {
        let socket = variable(env, &format!("the ssh agent `{id}`"))?;
        let socket = String::from_utf8_lossy(&socket).into_owned();
        grants.agents.insert(id.clone(), PathBuf::from(socket));
    }
    Ok(grants)
}

/// What a journal says of a variant's arguments from the environment.
pub(super) fn env_args(variant: &Variant, grants: &Grants) -> Vec<EnvArgumentRecord> {
    let granted = grants.of(&variant.name);
    variant
        .options
        .env_args
        .iter()
        .filter_map(|(name, source)| {
            let value = granted.args.get(name)?;
            Some(EnvArgumentRecord::of(
                name,
                &source.env,
                value.reveal(),
                source.secret,
            ))
        })
        .collect()
}
