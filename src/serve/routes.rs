//! The paths of the server and their handlers.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Serialize;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;

use crate::audio::{self, ReadOptions};
use crate::error::{Stage, guarded};
use crate::serve::App;
use crate::serve::answer::{Refusal, answer, json, json_text};
use crate::serve::guard::guard;
use crate::serve::hearing::{HEARD, Hearing};
use crate::serve::live::live;
use crate::serve::metrics::metrics;
use crate::serve::predict::predict;
use crate::serve::query::Asked;
use crate::serve::recording::Upload;
use crate::serve::score::score;
use crate::serve::table::{self, FORMATS};
use crate::serve::workers::Wait;

/// How long a browser remembers that a page of another origin may ask.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(600);

/// All paths, behind the guard.
pub fn router(app: Arc<App>) -> Router {
    let max_body_bytes = app.intake.max_body_bytes();
    let router = Router::new()
        .route("/", get(page))
        .route("/assets/{*name}", get(asset))
        .route("/health", get(health))
        .route("/metrics", get(metrics))
        .route("/api/model", get(model))
        .route("/api/openapi.json", get(openapi))
        .route("/api/predict", post(predict))
        .route("/api/score", post(score))
        .route("/api/live", get(live))
        .route("/api/contours", post(contours))
        .route("/api/features", post(features))
        .fallback(nothing_there)
        .method_not_allowed_fallback(not_that_way)
        // The last is the outermost.
        .layer(from_fn_with_state(app.clone(), guard));
    let router = match app.guard.origins() {
        [] => router,
        origins => router.layer(other_origins(origins)),
    };
    router
        .layer(CatchPanicLayer::custom(
            |panic: Box<dyn std::any::Any + Send>| {
                Refusal::internal(panic.as_ref()).into_response()
            },
        ))
        .layer(from_fn_with_state(app.clone(), answer))
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .with_state(app)
}

/// Lets pages of these origins read answers, and asks no token of the question whether they may.
fn other_origins(origins: &[HeaderValue]) -> CorsLayer {
    CorsLayer::new()
        .allow_origin(origins.to_vec())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([header::RETRY_AFTER, header::CONTENT_DISPOSITION])
        // A page on the internet asks a server in the house.
        .allow_private_network(true)
        .max_age(ASKED_AGAIN_AFTER)
}

async fn page(State(app): State<Arc<App>>, request: Request) -> Response {
    app.assets.get("index.html", request.headers())
}

async fn asset(State(app): State<Arc<App>>, request: Request) -> Response {
    let name = request.uri().path().trim_start_matches("/assets/");
    app.assets.get(name, request.headers())
}

async fn health() -> Response {
    json_text(r#"{"status":"ok"}"#)
}

async fn model(State(app): State<Arc<App>>) -> Response {
    json(&app.predictor.model().description())
}

async fn openapi() -> Response {
    json_text(include_str!("openapi.json"))
}

async fn nothing_there(uri: Uri) -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        format!(
            "there is nothing at {}; the page is at /, and /api/openapi.json lists the rest",
            uri.path()
        ),
    )
}

async fn not_that_way(request: Request) -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        format!(
            "{} does not answer to {}; the header `Allow` names what it does",
            request.uri().path(),
            request.method()
        ),
    )
}

/// The pitch of a recording.
#[derive(Serialize)]
struct Contours {
    /// Seconds from one value to the next; the first is that of 0 s.
    step_s: f64,
    /// Null where nothing is voiced.
    f0_hz: Vec<f32>,
}

async fn contours(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::of(request.uri(), &["accept_truncated"])?;
    let accept_truncated = asked.flag("accept_truncated", false)?;
    app.workers.has_place()?;
    let upload = app.intake.receive(request).await?;
    // Of the recording as it is, whatever the model does to it: a picture of the whole.
    let options = ReadOptions {
        accept_truncated,
        max_duration_s: Some(app.max_duration_s),
        ..ReadOptions::default()
    };
    let drawn = app.workers.compute(Wait::InQueue, move |worker| {
        let Upload { name, bytes, held } = upload;
        let recording = audio::read_bytes(bytes, &name, &options)?;
        let llds = || worker.contours.llds(&recording.audio);
        let llds = guarded(&name, Stage::Features, llds)?;
        drop(held);
        let f0_hz = llds.contour("f0_hz").expect("rich has a pitch").to_vec();
        Ok(json(&Contours {
            step_s: llds.hop_s,
            f0_hz,
        }))
    });
    drawn.await
}

async fn features(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::of(request.uri(), &[&HEARD[..], &["format"]].concat())?;
    let format = asked.one_of("format", &FORMATS)?;
    let hearing = Hearing::of_query(&app, &asked)?;
    if hearing.is_of_each_channel() {
        return Err(Refusal::bad(
            "query: the table is of one channel; ask for each by its number, as in channel=0",
        ));
    }
    app.workers.has_place()?;
    let upload = app.intake.receive(request).await?;
    let written = app.workers.compute(Wait::InQueue, move |worker| {
        let heard = hearing.of(upload, worker)?;
        let table = table::table(&heard, hearing.predictor.settings());
        let name = table::file_name(&heard.file, format);
        Ok(table::download(&table, format, &name)?)
    });
    written.await
}
