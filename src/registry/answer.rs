//! What a request comes to.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyper::body::Incoming;
use hyper::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderValue, RANGE,
};
use hyper::{Method, Request, Response, StatusCode};

use super::body::{self, Body};
use super::byte_range::{Asked, asked};
use super::offer::Offer;
use super::packaging::{MANIFEST_TYPE, Text};
use super::route::Route;
use super::shape::Shape;
use crate::digest::Digest;

/// What is offered, by repository.
#[derive(Debug, Default)]
pub(super) struct Shelf(Mutex<BTreeMap<String, Arc<Offer>>>);

impl Shelf {
    /// Offers an image; the one before it is withdrawn.
    pub(super) fn put(&self, repository: &str, offer: Offer) {
        self.offers().insert(repository.to_owned(), Arc::new(offer));
    }

    /// Ends an offer.
    pub(super) fn take(&self, repository: &str) -> Option<Arc<Offer>> {
        self.offers().remove(repository)
    }

    fn find(&self, repository: &str) -> Option<Arc<Offer>> {
        self.offers().get(repository).cloned()
    }

    fn offers(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Offer>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers a request, once the line's latency has gone by.
pub(super) async fn answer(
    request: Request<Incoming>,
    shelf: Arc<Shelf>,
    shape: Shape,
) -> Result<Response<Body>, Infallible> {
    if let Some(held) = shape.hold() {
        // A sleep of the runtime's is one of whole milliseconds.
        let _ = tokio::task::spawn_blocking(move || std::thread::sleep(held.into())).await;
    }
    let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok());
    let mut response = respond(request.method(), request.uri().path(), range, &shelf, &shape);
    response.headers_mut().insert(
        "docker-distribution-api-version",
        HeaderValue::from_static("registry/2.0"),
    );
    Ok(response)
}

fn respond(method: &Method, path: &str, range: Option<&str>, shelf: &Shelf, shape: &Shape) -> Response<Body> {
    if method != Method::GET && method != Method::HEAD {
        let mut refused = error(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            "this registry can only be read",
        );
        let allowed = HeaderValue::from_static("GET, HEAD");
        refused.headers_mut().insert(ALLOW, allowed);
        return refused;
    }
    let only_head = method == Method::HEAD;
    match Route::of(path) {
        Route::Base => json(StatusCode::OK, "{}"),
        Route::Tagged { repository, tag } => match shelf.find(repository) {
            Some(offer) => manifest(offer.tagged(tag), only_head),
            None => unknown_name(),
        },
        Route::Manifest { repository, digest } => match shelf.find(repository) {
            Some(offer) => manifest(offer.manifest(digest), only_head),
            None => unknown_name(),
        },
        Route::Blob { repository, digest } => match shelf.find(repository) {
            Some(offer) => blob(offer, digest, range, only_head, shape),
            None => unknown_name(),
        },
        Route::Nothing => error(
            StatusCode::NOT_FOUND,
            "UNSUPPORTED",
            "there is nothing at this path",
        ),
    }
}

fn manifest(manifest: Option<&Text>, only_head: bool) -> Response<Body> {
    let Some(Text { bytes, digest }) = manifest else {
        return error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "manifest unknown");
    };
    let body = if only_head {
        body::text("")
    } else {
        body::text(bytes.clone())
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MANIFEST_TYPE));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    name_content(&mut response, *digest);
    response
}

fn blob(
    offer: Arc<Offer>,
    digest: Digest,
    range: Option<&str>,
    only_head: bool,
    shape: &Shape,
) -> Response<Body> {
    let Some((content, size)) = offer.blob(digest) else {
        return error(StatusCode::NOT_FOUND, "BLOB_UNKNOWN", "blob unknown to registry");
    };
    let (status, part) = match asked(range, size) {
        _ if only_head => (StatusCode::OK, 0..size),
        Asked::Whole => (StatusCode::OK, 0..size),
        Asked::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Asked::Beyond => {
            let mut refused = error(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "RANGE_INVALID",
                "beyond the blob's end",
            );
            let has = HeaderValue::from_str(&format!("bytes */{size}"));
            refused
                .headers_mut()
                .extend(has.ok().map(|has| (CONTENT_RANGE, has)));
            return refused;
        }
    };
    let length = part.end - part.start;
    let content_range = (status == StatusCode::PARTIAL_CONTENT)
        .then(|| format!("bytes {}-{}/{size}", part.start, part.end - 1))
        .and_then(|range| HeaderValue::from_str(&range).ok());
    let body = if only_head {
        body::text("")
    } else {
        body::blob(offer, digest, content, part, shape)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.extend(content_range.map(|range| (CONTENT_RANGE, range)));
    name_content(&mut response, digest);
    response
}

fn name_content(response: &mut Response<Body>, digest: Digest) {
    if let (Ok(name), Ok(tag)) = (
        HeaderValue::from_str(&digest.to_string()),
        HeaderValue::from_str(&format!("\"{digest}\"")),
    ) {
        response.headers_mut().insert("docker-content-digest", name);
        response.headers_mut().insert(ETAG, tag);
    }
}

fn unknown_name() -> Response<Body> {
    error(
        StatusCode::NOT_FOUND,
        "NAME_UNKNOWN",
        "repository name not known to registry",
    )
}

/// An error as registries tell it.
fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let text = serde_json::json!({ "errors": [{ "code": code, "message": message }] });
    json(status, &text.to_string())
}

fn json(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(body::text(text.to_owned()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
