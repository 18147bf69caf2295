//! Serving ssh agents to `RUN --mount=type=ssh`: `moby.sshforward.v1.SSH`.
//!
//! As with the docker command, a build may ask an agent for its keys and have it sign, and nothing else: it cannot
//! add keys, remove them or lock the agent.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use bollard_buildkit_proto::moby::sshforward::v1::ssh_server::Ssh;
use bollard_buildkit_proto::moby::sshforward::v1::{BytesMessage, CheckAgentRequest, CheckAgentResponse};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use crate::run::BuildGrants;

/// The methods, as a session announces them.
pub(super) const METHODS: [&str; 2] = [
    "/moby.sshforward.v1.SSH/CheckAgent",
    "/moby.sshforward.v1.SSH/ForwardAgent",
];

/// The metadata key that names an agent (`KeySSHID` of buildkit's `session/sshforward`).
const ID_KEY: &str = "buildkit.ssh.id";

/// The id that is meant where none is named.
const DEFAULT_ID: &str = "default";

/// Answers that wait for the wire.
const ANSWERS_AHEAD: usize = 4;

/// The longest message of the agent's protocol, in bytes (`maxAgentResponseBytes` of Go's `ssh/agent`).
const LONGEST_MESSAGE: usize = 16 << 20;

/// Messages of the agent's protocol that are passed on (draft-miller-ssh-agent, section 5.1).
const REQUEST_IDENTITIES: u8 = 11;
const SIGN_REQUEST: u8 = 13;

/// The agent's "no" to everything else, with its length before it.
const FAILURE: [u8; 5] = [0, 0, 0, 1, 5];

/// The agents of one build.
#[derive(Clone, Debug)]
pub(super) struct ServedAgents(pub(super) Arc<BuildGrants>);

impl ServedAgents {
    fn socket(&self, id: &str) -> Result<&PathBuf, Status> {
        let id = if id.is_empty() { DEFAULT_ID } else { id };
        let agents: &BTreeMap<String, PathBuf> = &self.0.agents;
        agents
            .get(id)
            .ok_or_else(|| Status::not_found(format!("the variant gives no ssh agent `{id}`")))
    }
}

#[tonic::async_trait]
impl Ssh for ServedAgents {
    async fn check_agent(
        &self,
        request: Request<CheckAgentRequest>,
    ) -> Result<Response<CheckAgentResponse>, Status> {
        self.socket(&request.into_inner().id)?;
        Ok(Response::new(CheckAgentResponse {}))
    }

    type ForwardAgentStream = Pin<Box<dyn Stream<Item = Result<BytesMessage, Status>> + Send>>;

    async fn forward_agent(
        &self,
        request: Request<Streaming<BytesMessage>>,
    ) -> Result<Response<Self::ForwardAgentStream>, Status> {
        let id = request.metadata().get(ID_KEY);
        let id = id.and_then(|id| id.to_str().ok()).unwrap_or(DEFAULT_ID);
        let socket = self.socket(id)?;
        let agent = UnixStream::connect(socket).await.map_err(|error| {
            let socket = socket.display();
            Status::unavailable(format!("the ssh agent does not answer at `{socket}`: {error}"))
        })?;
        let (answers, stream) = mpsc::channel(ANSWERS_AHEAD);
        let requests = request.into_inner();
        tokio::spawn(async move {
            if let Err(error) = forward(agent, requests, &answers).await {
                // The build may have closed its end already.
                let _ = answers.send(Err(Status::unavailable(error.to_string()))).await;
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }
}

/// Passes requests to the agent and its answers back, one after the other, until the build has no more.
async fn forward(
    mut agent: UnixStream,
    mut requests: Streaming<BytesMessage>,
    answers: &mpsc::Sender<Result<BytesMessage, Status>>,
) -> io::Result<()> {
    let mut received: Vec<u8> = Vec::new();
    while let Some(message) = requests.next().await {
        received.extend(message.map_err(io::Error::other)?.data);
        while let Some(length) = complete(&received)? {
            let rest = received.split_off(length);
            let request = std::mem::replace(&mut received, rest);
            let data = if is_allowed(&request) {
                ask(&mut agent, &request).await?
            } else {
                FAILURE.to_vec()
            };
            if answers.send(Ok(BytesMessage { data })).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// How many bytes the first message has, its length included; `None` where it is not there as a whole.
fn complete(received: &[u8]) -> io::Result<Option<usize>> {
    let Some((length, rest)) = received.split_first_chunk::<4>() else {
        return Ok(None);
    };
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    if length > LONGEST_MESSAGE {
        return Err(io::Error::other(format!(
            "a message to the ssh agent has {length} bytes"
        )));
    }
    Ok((rest.len() >= length).then_some(length + 4))
}

/// Whether a message only asks for keys or a signature.
fn is_allowed(request: &[u8]) -> bool {
    matches!(request.get(4), Some(&(REQUEST_IDENTITIES | SIGN_REQUEST)))
}

/// Asks the agent, and gives its answer with its length before it.
async fn ask(agent: &mut UnixStream, request: &[u8]) -> io::Result<Vec<u8>> {
    agent.write_all(request).await?;
    let length = agent.read_u32().await?;
    let bytes = usize::try_from(length).unwrap_or(usize::MAX);
    if bytes > LONGEST_MESSAGE {
        return Err(io::Error::other(format!(
            "the ssh agent's answer has {bytes} bytes"
        )));
    }
    let mut answer = length.to_be_bytes().to_vec();
    answer.resize(bytes + 4, 0);
    agent.read_exact(&mut answer[4..]).await?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_whole_before_they_are_passed_on() {
        for (received, length) in [
            (&[][..], None),
            (&[0, 0, 0], None),
            (&[0, 0, 0, 1], None),
            (&[0, 0, 0, 1, 11], Some(5)),
            (&[0, 0, 0, 1, 11, 0], Some(5)),
            (&[0, 0, 0, 0], Some(4)),
        ] {
            assert_eq!(complete(received).unwrap(), length, "{received:?}");
        }
        assert!(complete(&[0xff; 8]).is_err());
    }

    #[test]
    fn a_build_can_ask_for_keys_and_signatures_and_change_nothing() {
        // Identities, sign; add, remove, remove all, lock, unlock, add with constraints, extension; nothing at all.
        for (kind, allowed) in [
            (Some(11), true),
            (Some(13), true),
            (Some(17), false),
            (Some(18), false),
            (Some(19), false),
            (Some(22), false),
            (Some(23), false),
            (Some(25), false),
            (Some(27), false),
            (None, false),
        ] {
            let message: Vec<u8> = [0, 0, 0, 1].into_iter().chain(kind).collect();
            assert_eq!(is_allowed(&message), allowed, "{kind:?}");
        }
    }
}
