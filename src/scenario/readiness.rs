//! What counts as started.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::RangeInclusive;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::unit::Nanos;

/// What counts as started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Readiness {
    /// What is asked over the network.
    Network(NetworkReadiness),
    /// What the engine tells.
    Engine(EngineReadiness),
}

/// Readiness that is asked over the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkReadiness {
    /// The first response that matches.
    Http(HttpReadiness),
    /// The port listens. The engine's port forwarding takes connections for an application that is not there yet, so that
    /// only the container's own network tells.
    Tcp(u16),
}

/// Readiness by HTTP: the first response that matches.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HttpReadiness {
    /// The path that is asked for, beginning with `/`.
    pub path: String,
    /// The port that the application listens on inside the container.
    pub port: u16,
    /// The method of the request.
    pub method: String,
    /// The accepted statuses; a redirect is its own status and never followed.
    pub status: Vec<StatusPattern>,
    /// Text that the value of each of these fields must hold, by the field's name; the empty text is in every one.
    pub headers: BTreeMap<String, String>,
    /// Text that the body must hold.
    pub body_contains: Option<String>,
}

/// A status, or all of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum StatusPattern {
    /// This one.
    Code(u16),
    /// Every status of the class.
    Class(StatusClass),
}

/// A class of statuses, by its first digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StatusClass {
    /// 200 to 299: it succeeded.
    #[serde(rename = "2xx")]
    Success,
    /// 300 to 399: it is elsewhere.
    #[serde(rename = "3xx")]
    Redirection,
    /// 400 to 499: the request is wrong.
    #[serde(rename = "4xx")]
    ClientError,
    /// 500 to 599: the server failed.
    #[serde(rename = "5xx")]
    ServerError,
}

/// Readiness that the engine tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EngineReadiness {
    /// A line of what the container logs.
    Log(LogReadiness),
    /// The image's own health check passes.
    Health {
        /// How often the check is made instead of as often as the image says.
        every: Option<Nanos>,
    },
    /// A command in the container ends with zero.
    Exec {
        /// The command.
        command: Vec<String>,
        /// The time from the end of one to the begin of the next, which takes processor time from the application.
        every: Nanos,
    },
    /// The container ends with one of these exit codes.
    Exit(Vec<i64>),
}

/// Readiness by a line of the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogReadiness {
    /// The text that the line holds.
    pub contains: String,
    /// The how manieth such line it is, from 1.
    pub times: u32,
    /// Where it is printed; `None` takes both.
    pub stream: Option<LogStream>,
}

/// Where an application prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// The standard output.
    Stdout,
    /// The standard error.
    Stderr,
}

/// The method of the request where nothing else is said.
pub const DEFAULT_METHOD: &str = "GET";

impl Readiness {
    /// The port that the application listens on inside the container; `None` where nobody asks it.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Network(network) => Some(network.port()),
            Self::Engine(_) => None,
        }
    }

    /// The word for its kind.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Network(NetworkReadiness::Http(_)) => "http",
            Self::Network(NetworkReadiness::Tcp(_)) => "tcp",
            Self::Engine(EngineReadiness::Log(_)) => "log",
            Self::Engine(EngineReadiness::Health { .. }) => "health",
            Self::Engine(EngineReadiness::Exec { .. }) => "exec",
            Self::Engine(EngineReadiness::Exit(_)) => "exit",
        }
    }

    /// Whether a published port tells it, so that there is a `start.client`.
    #[must_use]
    pub const fn is_seen_through_published_ports(&self) -> bool {
        match self {
            Self::Network(network) => network.is_seen_through_published_ports(),
            Self::Engine(_) => false,
        }
    }
}

impl NetworkReadiness {
    /// The port that the application listens on inside the container.
    #[must_use]
    pub const fn port(&self) -> u16 {
        match self {
            Self::Http(http) => http.port,
            Self::Tcp(port) => *port,
        }
    }

    /// Whether a published port tells it: forwarding takes connections for an application that is not there yet.
    #[must_use]
    pub const fn is_seen_through_published_ports(&self) -> bool {
        matches!(self, Self::Http(_))
    }
}

impl HttpReadiness {
    /// What is asked where nothing else is said: a `GET` of this path, answered with 200.
    #[must_use]
    pub fn of(path: impl Into<String>, port: u16) -> Self {
        Self {
            path: path.into(),
            port,
            method: DEFAULT_METHOD.to_owned(),
            status: vec![StatusPattern::Code(200)],
            headers: BTreeMap::new(),
            body_contains: None,
        }
    }
}

impl StatusPattern {
    /// The statuses that it accepts.
    #[must_use]
    pub const fn statuses(self) -> RangeInclusive<u16> {
        match self {
            Self::Code(code) => code..=code,
            Self::Class(class) => class.hundreds() * 100..=class.hundreds() * 100 + 99,
        }
    }
}

impl StatusClass {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        }
    }

    const fn hundreds(self) -> u16 {
        match self {
            Self::Success => 2,
            Self::Redirection => 3,
            Self::ClientError => 4,
            Self::ServerError => 5,
        }
    }
}

impl LogStream {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

impl fmt::Display for Readiness {
    /// What has to happen, in words.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(NetworkReadiness::Http(http)) => {
                write!(formatter, "ready at {} on port {}", http.path, http.port)
            }
            Self::Network(NetworkReadiness::Tcp(port)) => {
                write!(formatter, "ready when something listens on port {port}")
            }
            Self::Engine(EngineReadiness::Log(log)) => {
                write!(formatter, "ready with a line that holds {:?}", log.contains)?;
                match log.times {
                    1 => Ok(()),
                    times => write!(formatter, " ({times} times)"),
                }
            }
            Self::Engine(EngineReadiness::Health { .. }) => {
                formatter.write_str("ready when the image's health check passes")
            }
            Self::Engine(EngineReadiness::Exec { command, .. }) => {
                write!(formatter, "ready when `{}` ends with 0", command.join(" "))
            }
            Self::Engine(EngineReadiness::Exit(codes)) => {
                let codes: Vec<String> = codes.iter().map(ToString::to_string).collect();
                write!(formatter, "ready when it ends with {}", codes.join(" or "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_accepts_its_hundred_statuses_and_no_other() {
        let class = StatusPattern::Class(StatusClass::Redirection);
        assert_eq!(class.statuses(), 300..=399);
        assert_eq!(StatusPattern::Code(301).statuses(), 301..=301);
    }

    #[test]
    fn only_what_http_answers_is_seen_through_a_published_port() {
        let of = |readiness: Readiness| {
            (
                readiness.kind(),
                readiness.port(),
                readiness.is_seen_through_published_ports(),
            )
        };
        let http = NetworkReadiness::Http(HttpReadiness::of("/", 80));
        assert_eq!(of(Readiness::Network(http)), ("http", Some(80), true));
        let tcp = NetworkReadiness::Tcp(5432);
        assert_eq!(of(Readiness::Network(tcp)), ("tcp", Some(5432), false));
        let exit = EngineReadiness::Exit(vec![0]);
        assert_eq!(of(Readiness::Engine(exit)), ("exit", None, false));
    }
}
