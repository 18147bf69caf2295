//! One build by `Control/Solve`, watched by `Control/Status`.

use std::collections::HashMap;
use std::error::Error as _;
use std::io;
use std::time::Instant;

use bollard_buildkit_proto::moby::buildkit::v1::control_client::ControlClient;
use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry, SolveRequest};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tonic::transport::{Channel, Endpoint as ChannelEndpoint, Uri};
use tower::service_fn;

use super::Endpoint;
use super::build_options::{self, HostGateway};
use super::classic::broken_off;
use super::hijack::upgrade;
use super::local_cache::{self, LocalCache};
use super::session::Session;
use super::watched_build::{GivenUpBuilds, WatchedBuild};
use crate::run::{BuildReport, BuildRequest, CacheLocation};

/// The build could not be asked for; nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskBuilder {
    /// The connection for the build.
    #[error("the daemon does not take a build over `/grpc`")]
    OpenControl(#[source] tonic::transport::Error),
    /// The connection for the build's folders.
    #[error("the daemon does not take a session over `/session`")]
    OpenSession(#[source] io::Error),
}

/// Opens the daemon's build service.
pub(super) async fn control(endpoint: &Endpoint) -> Result<ControlClient<Channel>, AskBuilder> {
    let endpoint = endpoint.clone();
    // The address is never resolved: the connector below goes to the socket.
    let channel = ChannelEndpoint::from_static("http://docker")
        .connect_with_connector(service_fn(move |_: Uri| {
            let endpoint = endpoint.clone();
            async move { upgrade(&endpoint, "/grpc", &[]).await.map(TokioIo::new) }
        }))
        .await
        .map_err(AskBuilder::OpenControl)?;
    Ok(ControlClient::new(channel).max_decoding_message_size(usize::MAX))
}

/// Builds. A build that fails is a report with a fault; dropping the future ends the build at the daemon.
pub(super) async fn solve(
    endpoint: &Endpoint,
    id: &str,
    request: &BuildRequest,
    gateway: Option<HostGateway>,
    given_up: &GivenUpBuilds,
) -> Result<BuildReport, AskBuilder> {
    // Everything that the docker command does for a build is inside the timed part, its connections included.
    let began = Instant::now();
    let cache = LocalCache::of(request);
    let session = Session::open(endpoint, format!("{id}s"), request, cache.as_ref())
        .await
        .map_err(AskBuilder::OpenSession)?;
    let control = control(endpoint).await?;

    let mut client = control.clone();
    let mut watched = WatchedBuild::watch(control, id, given_up);
    let solve = client.solve(solve_request(id, session.id(), request, cache.as_ref(), gateway));
    let solved = tokio::time::timeout(request.timeout.into(), solve).await;
    let kept = match (&solved, &cache) {
        (Ok(Ok(response)), Some(cache)) => cache.keep_export(&response.get_ref().exporter_response),
        _ => Ok(()),
    };
    let duration = began.elapsed().into();

    let mut cache_export = None;
    let (image_id, fault) = if let Ok(answer) = solved {
        watched.answered().await;
        match answer.map(|response| response.into_inner().exporter_response) {
            Ok(mut exported) => match kept {
                Ok(()) => {
                    cache_export = cache.as_ref().and_then(|cache| cache.settle_export(&exported));
                    (exported.remove("containerimage.digest"), None)
                }
                Err(error) => {
                    let message = format!("cannot keep the local cache: {error}");
                    (None, Some(watched.trace().fault(message, false)))
                }
            },
            Err(status) => {
                // What the daemon answered has no cause on this side.
                let message = match status.source() {
                    None => status.message().to_owned(),
                    Some(cause) => broken_off(cause),
                };
                (None, Some(watched.trace().fault(message, false)))
            }
        }
    } else {
        let message = format!("the build was ended after {}", request.timeout);
        let fault = watched.trace().fault(message, true);
        // The next build is not to be timed while the daemon still ends this one.
        watched.given_up().await;
        (None, Some(fault))
    };
    let trace = watched.trace();
    let mut downloads = trace.downloads();
    // What was read of a local cache is known to the byte, whatever the daemon tells of it.
    if let Some(layers) = cache.as_ref().and_then(LocalCache::downloaded) {
        downloads.layers = layers;
    }
    let import_fault = cache.as_ref().and_then(LocalCache::import_fault);
    Ok(BuildReport {
        duration,
        span: trace.span(),
        sent: session.context_sent(),
        tar: None,
        transfer: session.context_transfer(),
        downloads,
        // What was written to a local cache is known to the byte as well.
        cache_export: cache_export.or_else(|| trace.cache_export()),
        import_fault: import_fault.or_else(|| trace.import_fault()),
        instructions: trace.instructions(),
        phases: trace.phases(),
        graph: trace.graph(),
        image_id,
        fault,
    })
}

fn solve_request(
    id: &str,
    session: &str,
    request: &BuildRequest,
    cache: Option<&LocalCache>,
    gateway: Option<HostGateway>,
) -> SolveRequest {
    let mut attributes = HashMap::from([("filename".to_owned(), request.dockerfile_name.clone())]);
    for (name, value) in &request.args {
        attributes.insert(format!("build-arg:{name}"), value.clone());
    }
    // `no-cache` empties cache mounts as well, for the whole daemon: in a namespace of our own they are ours.
    attributes.insert(
        "build-arg:BUILDKIT_CACHE_MOUNT_NS".to_owned(),
        request.mount_namespace.clone(),
    );
    attributes.extend(build_options::attributes(request, gateway));
    if let Some(target) = &request.target {
        attributes.insert("target".to_owned(), target.clone());
    }
    if request.no_cache {
        // An empty value means every stage.
        attributes.insert("no-cache".to_owned(), String::new());
    }
    if let Some(import) = &request.cache_import {
        attributes.extend(import_attributes(import, cache));
    }
    let exports = request.cache_export.iter().map(export_entry).collect();
    SolveRequest {
        r#ref: id.to_owned(),
        session: session.to_owned(),
        frontend: "dockerfile.v0".to_owned(),
        frontend_attrs: attributes,
        // The newer field for exporters is unknown to older engines, which would then export nothing.
        exporter_deprecated: "moby".to_owned(),
        exporter_attrs_deprecated: HashMap::from([("name".to_owned(), request.image.clone())]),
        entitlements: build_options::entitlements(request),
        cache: Some(CacheOptions {
            exports,
            ..CacheOptions::default()
        }),
        ..SolveRequest::default()
    }
}

/// How a front end is told of a cache to import: as JSON, and by older ones as a list of references. Of a local one that
/// holds nothing it is told nothing.
fn import_attributes(cache: &CacheLocation, local: Option<&LocalCache>) -> Vec<(String, String)> {
    let imports = |kind: &str, attributes: Value| {
        let entries = json!([{ "Type": kind, "Attrs": attributes }]);
        ("cache-imports".to_owned(), entries.to_string())
    };
    match cache {
        // The cache in an image is read as any other in a registry.
        CacheLocation::Inline { reference } | CacheLocation::Registry { reference, .. } => vec![
            imports("registry", json!({ "ref": reference })),
            ("cache-from".to_owned(), reference.clone()),
        ],
        CacheLocation::Local { .. } => local
            .and_then(LocalCache::import_attributes)
            .map(|attributes| imports("local", json!(attributes)))
            .into_iter()
            .collect(),
    }
}

fn export_entry(cache: &CacheLocation) -> CacheOptionsEntry {
    let entry = |kind: &str, attributes: &[(&str, String)]| CacheOptionsEntry {
        r#type: kind.to_owned(),
        attrs: attributes
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.clone()))
            .collect(),
    };
    match cache {
        CacheLocation::Inline { .. } => entry("inline", &[]),
        CacheLocation::Registry { reference, mode } => entry(
            "registry",
            &[("ref", reference.clone()), ("mode", mode.name().to_owned())],
        ),
        CacheLocation::Local { mode, .. } => local_cache::export_entry(*mode),
    }
}
