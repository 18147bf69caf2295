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
    let redactor = {
        let secrets = scenario
            .variants
            .iter()
            .flat_map(|variant| secrets_of(variant, &by_variant[&variant.name]));
        Redactor::new(secrets)
    };
    Ok(Grants::new(by_variant, redactor))
}

/// What of a variant's grants nothing may show.
fn secrets_of<'grants>(
    variant: &'grants Variant,
    grants: &'grants BuildGrants,
) -> impl Iterator<Item = &'grants [u8]> {
    let is_secret = |name: &str| {
        let source = variant.options.env_args.get(name);
        source.is_some_and(|source| source.secret)
    };
    let args = grants
        .args
        .iter()
        .filter(move |(name, _)| is_secret(name.as_str()));
    args.map(|(_, value)| value)
        .chain(grants.secrets.values())
        .map(Secret::reveal)
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
