//! One build by the classic builder.

use std::io::{self, Read as _};
use std::sync::Arc;
use std::time::Instant;

use super::connection::Connection;
use super::context_tar::{ContextTar, PlacedFile};
use super::made_images::MadeImages;
use super::query::query;
use super::tar_header::HeaderForm;
use crate::causes::in_one_line;
use crate::docker::Endpoint;
use crate::docker::watched_build::GivenUpBuilds;
use crate::dockerignore::{IgnoreFile, beside};
use crate::results::Downloads;
use crate::run::{BuildFault, BuildReport, BuildRequest, ContextTransfer, ContextTree, TreeFault};
use crate::unit::{ByteSize, Nanos};

/// The name of a context's ignore file.
const IGNORE_FILE: &str = ".dockerignore";

/// Where a Dockerfile stands in the tar that lies outside of the context. The docker command makes up a new name for
/// each build, so that a COPY of everything misses each time where the context has an ignore file; ours stays.
const PLACED_DOCKERFILE: &str = ".dockerfile.seatrial";

/// The build could not be asked for; nothing was measured.
#[derive(Debug, thiserror::Error)]
pub(in crate::docker) enum AskClassic {
    /// The connection.
    #[error("the daemon does not take a connection for a build")]
    Connect(#[source] io::Error),
    /// The request.
    #[error("the build cannot be asked for")]
    Address(#[source] http::Error),
}

/// Builds. A build that fails is a report with a fault; dropping the future ends the build at the daemon.
pub(in crate::docker) async fn build(
    endpoint: &Endpoint,
    request: &BuildRequest,
    form: HeaderForm,
    given_up: &GivenUpBuilds,
    made: &MadeImages,
) -> Result<BuildReport, AskClassic> {
    let began = Instant::now();
    let packed = {
        let request = request.clone();
        tokio::task::spawn_blocking(move || packed(&request, form)).await
    };
    let packed = packed.map_err(|error| TreeFault {
        message: error.to_string(),
    });
    let (tar, dockerfile) = match packed.and_then(|packed| packed) {
        Ok(packed) => packed,
        Err(fault) => return Ok(unsent(fault, began)),
    };
    let sent = tar.content_size();
    let path = query(request, &dockerfile);
    let mut connection = Connection::open(endpoint, &path, tar, began, given_up, made).await?;
    let ended = tokio::time::timeout(request.timeout.into(), connection.ended()).await;
    let duration: Nanos = began.elapsed().into();
    let fault = if ended.is_err() {
        let message = format!("the build was ended after {}", request.timeout);
        let fault = connection.told().log.fault(message, true);
        // The next build is not to be timed while the daemon still ends this one.
        connection.give_up().await;
        Some(fault)
    } else {
        let told = connection.told();
        let message = match (told.log.error(), told.broken.as_deref()) {
            (Some(error), _) | (None, Some(error)) => Some(error.to_owned()),
            (None, None) if told.log.image_id().is_none() => {
                Some("the daemon ended the build without a word".to_owned())
            }
            (None, None) => None,
        };
        message.map(|message| told.log.fault(message, false))
    };
    let told = connection.told();
    Ok(BuildReport {
        duration,
        // This builder tells neither when it worked nor what it got from where.
        span: None,
        transfer: ContextTransfer::default(),
        downloads: Downloads::default(),
        cache_export: None,
        import_fault: None,
        sent,
        tar: told.tar,
        instructions: told.log.instructions(),
        phases: told.log.phases(),
        // One after another, by design.
        graph: None,
        image_id: told.log.image_id().filter(|_| fault.is_none()),
        fault,
    })
}

/// The report of a build whose context cannot be read.
fn unsent(fault: TreeFault, began: Instant) -> BuildReport {
    BuildReport {
        duration: began.elapsed().into(),
        span: None,
        transfer: ContextTransfer::default(),
        downloads: Downloads::default(),
        cache_export: None,
        import_fault: None,
        sent: ByteSize::ZERO,
        tar: None,
        instructions: Vec::new(),
        phases: Vec::new(),
        graph: None,
        image_id: None,
        fault: Some(BuildFault {
            message: fault.message,
            timed_out: false,
            vertex_name: None,
            log_tail: Vec::new(),
        }),
    }
}

/// The context as it is sent, and the Dockerfile's path in it.
fn packed(request: &BuildRequest, form: HeaderForm) -> Result<(ContextTar, String), TreeFault> {
    let context = &request.context;
    let own_rules = if request.ignore_is_own {
        let name = beside(request.dockerfile_name.as_ref());
        read(&request.dockerfile, &name.to_string_lossy())?
    } else {
        None
    };
    let rules = match &own_rules {
        Some(own) => Some(own.clone()),
        None => read(context, IGNORE_FILE)?,
    };
    let ignore = IgnoreFile::parse(rules.as_deref().unwrap_or_default()).map_err(|error| TreeFault {
        message: in_one_line(&error),
    })?;
    let entries = context.walk_as_classic(&ignore, request.dockerfile_in_context.as_deref())?;
    let (dockerfile, placed) = if let Some(path) = &request.dockerfile_in_context {
        // The variant's own rules stand in the context's place.
        let placed: Vec<_> = own_rules.map(|own| (IGNORE_FILE, own)).into_iter().collect();
        (path.clone(), placed)
    } else {
        let text = read(&request.dockerfile, &request.dockerfile_name)?.unwrap_or_default();
        // The builder takes both files out of the context before it copies anything, as the ignore file says.
        let mut rules = rules.unwrap_or_else(|| IGNORE_FILE.into());
        rules.extend_from_slice(format!("\n{PLACED_DOCKERFILE}\n").as_bytes());
        let placed = vec![(IGNORE_FILE, rules), (PLACED_DOCKERFILE, text)];
        (PLACED_DOCKERFILE.to_owned(), placed)
    };
    let placed = placed.into_iter().map(|(path, content)| PlacedFile {
        path: path.to_owned(),
        content,
    });
    let tar = ContextTar {
        tree: Arc::clone(context),
        entries,
        placed: placed.collect(),
        form,
    };
    Ok((tar, dockerfile))
}

/// The content of a file of a folder; `None` where it is not there.
fn read(tree: &Arc<dyn ContextTree>, path: &str) -> Result<Option<Vec<u8>>, TreeFault> {
    let unreadable = |error: io::Error| TreeFault {
        message: format!("cannot read `{path}`: {error}"),
    };
    let mut file = match tree.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let mut content = Vec::new();
    file.read_to_end(&mut content).map_err(unreadable)?;
    Ok(Some(content))
}

/// What is said of a build whose connection ended before the daemon had answered, as when that was killed.
pub(in crate::docker) fn broken_off(cause: &dyn std::error::Error) -> String {
    format!("the connection to the daemon broke: {}", in_one_line(cause))
}
