//! Answers: refusals as JSON, the headers of every answer, and the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chrono::{SecondsFormat, Utc};
use serde::Serialize;

use crate::error::{Error, Stage};
use crate::serve::App;
use crate::serve::body::Counted;

/// Why a request is not met; as JSON what went wrong.
#[derive(Debug, Serialize)]
pub struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    error: String,
}

impl Refusal {
    /// `error` says where, what was found, what was expected, what to do.
    pub fn new(status: StatusCode, error: impl Into<String>) -> Refusal {
        Refusal {
            status,
            error: error.into(),
        }
    }

    /// The request is not one that could be met.
    pub fn bad(error: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, error)
    }

    /// More is asked than can be computed.
    pub fn busy() -> Refusal {
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the server is busy and its queue is full; ask again in a second",
        )
    }

    /// Whether it is the recording that cannot be used.
    pub fn is_of_recording(&self) -> bool {
        self.status == StatusCode::UNPROCESSABLE_ENTITY
    }

    /// What went wrong, in a line.
    pub fn error(&self) -> &str {
        &self.error
    }

    /// A panic.
    pub fn internal(panic: &(dyn std::any::Any + Send)) -> Refusal {
        let said = crate::error::panic_text(panic);
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("internal error ({said}); please report it with the recording"),
        )
    }
}

/// What went wrong with a recording. One that cannot be used is the client's; a panic over its features, or
/// a full disk, is ours.
impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let status = match &error {
            Error::Audio {
                stage: Stage::Features,
                ..
            } => StatusCode::INTERNAL_SERVER_ERROR,
            Error::Audio { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            Error::Usage(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Refusal::new(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = json(&self);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        match self.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            // Basic so that a browser asks for it by itself, Bearer for programs.
            StatusCode::UNAUTHORIZED => {
                for challenge in [
                    "Basic realm=\"sentire\", charset=\"UTF-8\"",
                    "Bearer realm=\"sentire\"",
                ] {
                    let challenge = HeaderValue::from_static(challenge);
                    headers.append(header::WWW_AUTHENTICATE, challenge);
                }
            }
            _ => {}
        }
        response
    }
}

/// `value` as JSON.
pub fn json(value: &impl Serialize) -> Response {
    json_text(text(value))
}

/// `value` as the text of JSON.
pub fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("answers are plain data")
}

/// What is JSON already.
pub fn json_text(text: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], text.into()).into_response()
}

/// The page runs its own scripts, records, and plays what it recorded; it loads nothing from elsewhere and
/// nobody frames it. Styles may stand in the page because wavesurfer.js puts one into its shadow tree.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; media-src 'self' blob:; connect-src 'self' blob:; worker-src 'self' blob:; \
     font-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const PERMISSIONS: &str = "microphone=(self), camera=(), geolocation=(), display-capture=(), midi=(), usb=(), serial=(), \
     payment=()";

/// Headers of every answer.
const HEADERS: [(HeaderName, &str); 8] = [
    (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (header::X_FRAME_OPTIONS, "DENY"),
    // Unless the answer says otherwise.
    (header::CACHE_CONTROL, "no-store"),
];

fn add_headers(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
}

/// A request and how it was answered: a line of the log.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answered {
    /// When the answer was ready (RFC 3339, UTC).
    pub time: String,
    /// The request's method.
    pub method: String,
    /// What was asked for, without the query.
    pub path: String,
    /// The answer's status.
    pub status: u16,
    /// From the request's head to the answer, in milliseconds.
    pub ms: f64,
    /// Bytes of its body that were read.
    pub bytes_in: u64,
}

/// Characters of a path that the log keeps.
const LOGGED_PATH: usize = 200;

/// Every request passes here first, and its answer last.
pub async fn answer(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().to_string();
    let path: String = request.uri().path().chars().take(LOGGED_PATH).collect();
    let bytes = Arc::new(AtomicU64::new(0));
    let expects = request.headers().contains_key(header::EXPECT);
    let request = request.map(|body| Body::new(Counted::new(body, bytes.clone(), expects)));
    let mut response = next.run(request).await;
    add_headers(response.headers_mut());
    let seconds = began.elapsed().as_secs_f64();
    app.metrics
        .answer(&path, response.status().as_u16(), seconds);
    if let Some(log) = &app.log {
        // A log that nobody takes up must not stop the server.
        let _ = log.try_send(Answered {
            time: Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            method,
            path,
            status: response.status().as_u16(),
            ms: (seconds * 1e4).round() / 10.0,
            bytes_in: bytes.load(Ordering::Relaxed),
        });
    }
    response
}
