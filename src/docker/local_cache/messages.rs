//! The messages of `containerd.services.content.v1.Content` that a build uses.
//!
//! Names and field numbers are those of containerd's `api/services/content/v1/content.proto`. Fields that the daemon
//! neither reads nor sets for a build are left out: labels, and when a blob was made.

/// `Info`: a blob that is there.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Info {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
    #[prost(int64, tag = "2")]
    pub(super) size: i64,
}

/// `InfoRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct InfoRequest {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
}

/// `InfoResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct InfoResponse {
    #[prost(message, optional, tag = "1")]
    pub(super) info: Option<Info>,
}

/// `ReadContentRequest`: a part of a blob.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadContentRequest {
    #[prost(string, tag = "1")]
    pub(super) digest: String,
    #[prost(int64, tag = "2")]
    pub(super) offset: i64,
    /// Zero or less stands for the rest.
    #[prost(int64, tag = "3")]
    pub(super) size: i64,
}

/// `ReadContentResponse`: the next bytes of it.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ReadContentResponse {
    #[prost(int64, tag = "1")]
    pub(super) offset: i64,
    #[prost(bytes = "vec", tag = "2")]
    pub(super) data: Vec<u8>,
}

/// `WriteAction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, prost::Enumeration)]
#[repr(i32)]
pub(super) enum WriteAction {
    /// Only asks how far the write is.
    Stat = 0,
    /// Writes.
    Write = 1,
    /// Writes what comes with it, and ends the write.
    Commit = 2,
}

/// `WriteContentRequest`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WriteContentRequest {
    #[prost(enumeration = "WriteAction", tag = "1")]
    pub(super) action: i32,
    /// The write's name, in the first message.
    #[prost(string, tag = "2")]
    pub(super) r#ref: String,
    /// How many bytes there will be; zero or less where that is not said.
    #[prost(int64, tag = "3")]
    pub(super) total: i64,
    /// The digest that they will have; empty where that is not said.
    #[prost(string, tag = "4")]
    pub(super) expected: String,
    /// Where the bytes belong; zero begins again.
    #[prost(int64, tag = "5")]
    pub(super) offset: i64,
    #[prost(bytes = "vec", tag = "6")]
    pub(super) data: Vec<u8>,
}

/// `WriteContentResponse`.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct WriteContentResponse {
    #[prost(enumeration = "WriteAction", tag = "1")]
    pub(super) action: i32,
    /// Bytes that were written so far.
    #[prost(int64, tag = "4")]
    pub(super) offset: i64,
    #[prost(int64, tag = "5")]
    pub(super) total: i64,
    /// The blob's digest, once it is there.
    #[prost(string, tag = "6")]
    pub(super) digest: String,
}
