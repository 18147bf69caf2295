//! Serving secrets to `RUN --mount=type=secret`: `moby.buildkit.secrets.v1.Secrets/GetSecret`.

use std::sync::Arc;

use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::Secrets;
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use tonic::{Request, Response, Status};

use crate::run::BuildGrants;

/// The method, as a session announces it.
pub(super) const METHODS: [&str; 1] = ["/moby.buildkit.secrets.v1.Secrets/GetSecret"];

/// The secrets of one build.
#[derive(Clone, Debug)]
pub(super) struct ServedSecrets(pub(super) Arc<BuildGrants>);

#[tonic::async_trait]
impl Secrets for ServedSecrets {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let id = request.into_inner().id;
        match self.0.secrets.get(&id) {
            Some(secret) => Ok(Response::new(GetSecretResponse {
                data: secret.reveal().to_vec(),
            })),
            None => Err(Status::not_found(format!("the variant gives no secret `{id}`"))),
        }
    }
}
