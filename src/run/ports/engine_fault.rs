//! The daemon did not do what it was asked for.

/// The daemon did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
#[error("the docker daemon did not {operation} `{subject}`")]
pub struct EngineFault {
    /// What it was asked to do.
    pub operation: &'static str,
    /// With what.
    pub subject: String,
    /// The HTTP status of its answer, where it gave one.
    pub status: Option<u16>,
    /// Its own words, or why it did not answer.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}
