//! The build options of a variant: what they name must be there.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::path::Path;

use super::findings::Findings;
use super::input::ScenarioInput;
use super::variants::Common;
use crate::scenario::file::{ArgumentValue, Cursor, FolderPath, SecretTable, SshValue, VariantTable};
use crate::scenario::nearest::nearest;
use crate::scenario::{BuildOptions, EnvArgument, SecretSource, name};

/// The variable that names the socket of the user's own agent.
const AGENT_SOCKET: &str = "SSH_AUTH_SOCK";

/// The longest secret that the builder takes, in bytes (`MaxSecretSize` of buildkit's `session/secrets`).
const LONGEST_SECRET: usize = 500 * 1024;

/// The shortest secret that can be told from other text, in bytes.
const SHORTEST_SECRET: usize = 4;

/// The options of one variant's table.
#[derive(Debug)]
pub(super) struct Resolved {
    pub(super) options: BuildOptions,
    /// Build arguments that the scenario gives a value.
    pub(super) args: BTreeMap<String, String>,
}

/// Resolves the options of a variant's table.
pub(super) fn options(
    table: &VariantTable,
    at: &Cursor<'_>,
    common: &Common<'_>,
    findings: &mut Findings<'_>,
) -> Resolved {
    let mut check = Check {
        input: common.input,
        findings,
    };
    let (defaults, _) = common.defaults;
    let (args, env_args) = check.arguments(table.args.as_ref(), &at.key("args"));
    let mut contexts = common.named.clone();
    contexts.extend(check.contexts(table.contexts.as_ref(), &at.key("contexts")));
    let options = BuildOptions {
        env_args,
        contexts,
        secrets: check.secrets(table.secrets.as_ref(), &at.key("secrets")),
        ssh: check.agents(table.ssh.as_ref(), &at.key("ssh")),
        platform: table.platform.clone().or_else(|| defaults.platform.clone()),
        network: table.network.or(defaults.network),
        shm_size: table.shm_size.or(defaults.shm_size).map(|size| size.0),
        add_hosts: check.hosts(table.add_hosts.as_ref(), &at.key("add-hosts")),
    };
    if let Some(platform) = &options.platform {
        check_platform(platform, &at.key("platform"), check.findings);
    }
    Resolved { options, args }
}

/// Checks named contexts, and gives those that can be used.
pub(super) fn named_contexts(
    table: Option<&BTreeMap<String, FolderPath>>,
    at: &Cursor<'_>,
    input: &ScenarioInput<'_>,
    findings: &mut Findings<'_>,
) -> BTreeMap<String, std::path::PathBuf> {
    Check { input, findings }.contexts(table, at)
}

/// Notes what is no platform.
pub(super) fn check_platform(platform: &str, at: &Cursor<'_>, findings: &mut Findings<'_>) {
    let parts: Vec<&str> = platform.split('/').collect();
    let is_word = |part: &&str| {
        !part.is_empty()
            && part.chars().all(|character| {
                character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_'
            })
    };
    if !(2..=3).contains(&parts.len()) || !parts.iter().all(is_word) {
        findings
            .at(at, format!("{platform:?} is no platform"))
            .label("expected a system and an architecture, such as `linux/arm64`");
    }
}

struct Check<'check, 'input, 'source> {
    input: &'check ScenarioInput<'input>,
    findings: &'check mut Findings<'source>,
}

impl Check<'_, '_, '_> {
    fn arguments(
        &mut self,
        table: Option<&BTreeMap<String, ArgumentValue>>,
        at: &Cursor<'_>,
    ) -> (BTreeMap<String, String>, BTreeMap<String, EnvArgument>) {
        let (mut texts, mut from_env) = (BTreeMap::new(), BTreeMap::new());
        for (argument, value) in table.into_iter().flatten() {
            match value {
                ArgumentValue::Text(text) => {
                    texts.insert(argument.clone(), text.clone());
                }
                ArgumentValue::Env(table) => {
                    let at = at.key(argument).key("env");
                    let Some(env) = table.env.clone() else { continue };
                    let secret = table.secret == Some(true);
                    let what = format!("the build argument `{argument}`");
                    match self.variable(&env, &what, &at) {
                        Some(value) if secret => self.length(&value, &what, &at),
                        Some(value) if std::str::from_utf8(&value).is_err() => {
                            let message = format!("the value of `{env}` for {what} is not a text in UTF-8");
                            self.findings.at(&at, message);
                        }
                        _ => {}
                    }
                    from_env.insert(argument.clone(), EnvArgument { env, secret });
                }
            }
        }
        (texts, from_env)
    }

    fn contexts(
        &mut self,
        table: Option<&BTreeMap<String, FolderPath>>,
        at: &Cursor<'_>,
    ) -> BTreeMap<String, std::path::PathBuf> {
        let mut contexts = BTreeMap::new();
        for (key, path) in table.into_iter().flatten() {
            let at = at.key(key);
            if let Err(expected) = name::check_reference(key) {
                let message = format!("a context cannot be named {key:?}, expected {expected}");
                self.findings.at_key(&at, message);
            } else if !self.input.surroundings.is_folder(&path.0) {
                let message = format!(
                    "the context `{key}` names `{}`, which is no folder",
                    path.0.display()
                );
                self.findings.at(&at, message).label("no such folder");
            }
            contexts.insert(key.clone(), path.0.clone());
        }
        contexts
    }

    fn secrets(
        &mut self,
        table: Option<&BTreeMap<String, SecretTable>>,
        at: &Cursor<'_>,
    ) -> BTreeMap<String, SecretSource> {
        let mut secrets = BTreeMap::new();
        for (id, table) in table.into_iter().flatten() {
            let at = at.key(id);
            if id.is_empty() || id.contains(|character: char| character.is_whitespace() || character == ',') {
                let message = format!("a secret cannot have the id {id:?}, expected no blanks and no commas");
                self.findings.at_key(&at, message);
            }
            let what = format!("the secret `{id}`");
            let source = match (&table.env, &table.file) {
                (Some(env), None) => {
                    let at = at.key("env");
                    if let Some(value) = self.variable(env, &what, &at) {
                        self.length(&value, &what, &at);
                    }
                    SecretSource::Env(env.clone())
                }
                (None, Some(file)) => {
                    self.secret_file(file, &what, &at.key("file"));
                    SecretSource::File(file.clone())
                }
                _ if at.has_cut() => continue,
                (one, _) => {
                    let told = if one.is_some() { "two sources" } else { "no source" };
                    self.findings
                        .at(&at, format!("{what} has {told}"))
                        .hint("give exactly one: `env = \"NAME\"` or `file = \"path\"`");
                    continue;
                }
            };
            secrets.insert(id.clone(), source);
        }
        secrets
    }

    fn agents(&mut self, value: Option<&SshValue>, at: &Cursor<'_>) -> BTreeMap<String, String> {
        let agents: Vec<(String, String, Cursor<'_>)> = match value {
            None => Vec::new(),
            Some(SshValue::Id(id)) => vec![(id.clone(), AGENT_SOCKET.to_owned(), at.clone())],
            Some(SshValue::Agents(agents)) => agents
                .iter()
                .filter_map(|(id, agent)| Some((id.clone(), agent.env.clone()?, at.key(id).key("env"))))
                .collect(),
        };
        let mut known = BTreeMap::new();
        for (id, env, at) in agents {
            if id.is_empty()
                || id.contains(|character: char| !character.is_ascii_graphic() || character == ',')
            {
                let message =
                    format!("an ssh agent cannot have the id {id:?}, expected a word such as `default`");
                self.findings.at(&at, message);
            }
            let what = format!("the ssh agent `{id}`");
            if let Some(socket) = self.variable(&env, &what, &at) {
                let socket = String::from_utf8_lossy(&socket).into_owned();
                if !self.input.surroundings.listens(Path::new(&socket)) {
                    let message = format!("{what} does not answer at `{socket}`, which `{env}` names");
                    self.findings
                        .at(&at, message)
                        .hint("start one with `eval $(ssh-agent)` and give it a key with `ssh-add`");
                }
            }
            known.insert(id, env);
        }
        known
    }

    fn hosts(
        &mut self,
        table: Option<&BTreeMap<String, String>>,
        at: &Cursor<'_>,
    ) -> BTreeMap<String, String> {
        for (host, address) in table.into_iter().flatten() {
            let at = at.key(host);
            let fits = !host.is_empty()
                && host
                    .chars()
                    .all(|character| character.is_ascii_alphanumeric() || "._-".contains(character));
            if !fits {
                self.findings
                    .at_key(&at, format!("{host:?} is no name of a host"));
            }
            if address != BuildOptions::HOST_GATEWAY && address.parse::<IpAddr>().is_err() {
                let problem = self
                    .findings
                    .at(&at, format!("{address:?} is no address for the host `{host}`"));
                problem.label("expected an IP address or `host-gateway`");
                problem.hint = nearest(address, [BuildOptions::HOST_GATEWAY])
                    .map(|word| format!("did you mean `{word}`?"));
            }
        }
        table.cloned().unwrap_or_default()
    }

    /// The value of a variable that the scenario needs. What cannot be a variable's name may be the value itself, and
    /// is not quoted.
    fn variable(&mut self, env: &str, what: &str, at: &Cursor<'_>) -> Option<Vec<u8>> {
        if !is_variable(env) {
            let message = format!("{what}: `env` holds no name of an environment variable");
            self.findings
                .at(at, message)
                .label("expected letters, digits and `_`, not beginning with a digit");
            return None;
        }
        let value = self.input.surroundings.variable(env);
        if value.is_none() {
            let message = format!("the environment has no `{env}` for {what}");
            self.findings
                .at(at, message)
                .hint("set the variable for this command, or take the option out");
        }
        value
    }

    fn secret_file(&mut self, file: &Path, what: &str, at: &Cursor<'_>) {
        match self.input.surroundings.secret_file(file) {
            Ok(content) => self.length(&content, what, at),
            Err(failure) => {
                let message = format!("cannot read `{}` for {what}: {failure}", file.display());
                self.findings
                    .at(at, message)
                    .hint("the path is relative to the scenario's folder, or begins with `~/`");
            }
        }
    }

    fn length(&mut self, value: &[u8], what: &str, at: &Cursor<'_>) {
        let length = value.trim_ascii().len();
        if length < SHORTEST_SECRET {
            let message = format!(
                "{what} has {length} bytes, expected at least {SHORTEST_SECRET}: a shorter one cannot be kept out of what \
                 is recorded"
            );
            self.findings.at(at, message);
        }
        if value.len() > LONGEST_SECRET {
            let message = format!(
                "{what} has {} bytes, expected at most {LONGEST_SECRET}, which is all that the builder takes",
                value.len()
            );
            self.findings.at(at, message);
        }
    }
}

/// Whether a text can be the name of an environment variable.
pub(crate) fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || character == '_')
}
