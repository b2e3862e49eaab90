//! The paths of the server and their handlers.

use std::ops::Range;
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Query, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tower_http::catch_panic::CatchPanicLayer;

use crate::audio::{self, Channel, ReadOptions, Segmentation, Turns};
use crate::error::{Error, Stage, guarded};
use crate::predict::{Features, Prediction, Predictor, REASONS};
use crate::serve::App;
use crate::serve::answer::{Refusal, answer, json, json_text};
use crate::serve::guard::guard;
use crate::serve::recording::Upload;
use crate::serve::table::{self, Format};
use crate::serve::workers::Worker;

/// Channels of a recording of which each is asked for: those of a surround mix.
const MOST_CHANNELS: usize = 8;
/// Windows that a recording may be cut into.
const MOST_WINDOWS: usize = 1024;

/// The seconds of all windows together, as a multiple of the longest recording's: how often each second may be
/// computed, so that nobody asks for hours of work in one request.
const MOST_OVERLAP: f64 = 4.0;

/// All paths, behind the guard.
pub fn router(app: Arc<App>) -> Router {
    let max_body_bytes = app.intake.max_body_bytes();
    Router::new()
        .route("/", get(page))
        .route("/assets/{*name}", get(asset))
        .route("/health", get(health))
        .route("/api/model", get(model))
        .route("/api/openapi.json", get(openapi))
        .route("/api/predict", post(predict))
        .route("/api/contours", post(contours))
        .route("/api/features", post(features))
        .fallback(nothing_there)
        .method_not_allowed_fallback(not_that_way)
        // The last is the outermost.
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(CatchPanicLayer::custom(
            |panic: Box<dyn std::any::Any + Send>| {
                Refusal::internal(panic.as_ref()).into_response()
            },
        ))
        .layer(from_fn_with_state(app.clone(), answer))
        .layer(DefaultBodyLimit::max(max_body_bytes))
        .with_state(app)
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

/// `?channel=N&segment=speech&window=S&hop=S&accept_truncated=true&reasons=false`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    window: Option<f64>,
    hop: Option<f64>,
    segment: Option<String>,
    channel: Option<String>,
    #[serde(default)]
    accept_truncated: bool,
    /// Reasons are most of the work, and a client that asks every second may do without.
    #[serde(default = "wanted")]
    reasons: bool,
}

fn wanted() -> bool {
    true
}

/// `?channel=N&segment=speech&window=S&hop=S&accept_truncated=true&format=csv|parquet`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Download {
    window: Option<f64>,
    hop: Option<f64>,
    segment: Option<String>,
    channel: Option<String>,
    #[serde(default)]
    accept_truncated: bool,
    #[serde(default)]
    format: Format,
}

/// `?accept_truncated=true`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Drawn {
    #[serde(default)]
    accept_truncated: bool,
}

fn query<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    let Query(asked) = Query::try_from_uri(request.uri())
        .map_err(|cause| Refusal::bad(format!("query: {}", cause.body_text())))?;
    Ok(asked)
}

impl App {
    /// How a recording is heard that is to be read and cut as a client asks.
    fn hearing(&self, cut: Cut, accept_truncated: bool) -> Result<Hearing, Refusal> {
        let bad = |error: Error| Refusal::bad(format!("query: {error}"));
        if cut.window.is_none() && cut.hop.is_some() {
            return Err(Refusal::bad(
                "query: hop without window; give window too, in seconds",
            ));
        }
        let windows = Segmentation::from_flags(cut.window, cut.hop).map_err(bad)?;
        let turns: Option<Result<Turns, Error>> = cut.segment.map(|text| text.parse());
        let mut predictor = self.predictor.clone();
        match turns.transpose().map_err(bad)? {
            Some(turns) => predictor = predictor.with_segmentation(windows.within(turns)),
            None if windows != Segmentation::Whole => {
                predictor = predictor.with_segmentation(windows);
            }
            None => {}
        }
        let channel: Option<Result<Channel, Error>> = cut.channel.map(|text| text.parse());
        if let Some(channel) = channel.transpose().map_err(bad)? {
            predictor = predictor.with_channel(channel);
        }
        if accept_truncated {
            predictor = predictor.accepting_truncated();
        }
        Ok(Hearing {
            predictor,
            max_duration_s: self.max_duration_s,
        })
    }
}

/// Which channel of a recording, and how it is cut.
struct Cut {
    channel: Option<String>,
    segment: Option<String>,
    window: Option<f64>,
    hop: Option<f64>,
}

/// What is wanted of a recording: the features of the model, and no more than the server can bear.
struct Hearing {
    predictor: Predictor,
    max_duration_s: f64,
}

impl Hearing {
    /// The features of a recording that came in; its bytes are let go.
    fn of(&self, upload: Upload, worker: &mut Worker) -> Result<Features, Refusal> {
        let Upload { name, bytes, held } = upload;
        let options = self.options();
        let (heard, _) = self.read(bytes, &name, &options, worker)?;
        drop(held);
        Ok(heard)
    }

    /// The same of each channel.
    fn of_each(&self, upload: Upload, worker: &mut Worker) -> Result<Vec<Features>, Refusal> {
        let Upload { name, bytes, held } = upload;
        let mut all = Vec::new();
        let mut channels = 1;
        while all.len() < channels {
            let channel = Some(all.len());
            let options = ReadOptions {
                channel,
                ..self.options()
            };
            let (heard, of_file) = self.read(bytes.clone(), &name, &options, worker)?;
            if of_file > MOST_CHANNELS {
                return Err(Refusal::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    format!(
                        "{name}: has {of_file} channels; expected at most {MOST_CHANNELS}, ask for one by its number, as in channel=0"
                    ),
                ));
            }
            channels = of_file;
            all.push(Features { channel, ..heard });
        }
        drop(held);
        Ok(all)
    }

    fn options(&self) -> ReadOptions {
        ReadOptions {
            max_duration_s: Some(self.max_duration_s),
            // `check_windows` sees to that.
            max_memory: None,
            ..self.predictor.settings().read_options(None, None)
        }
    }

    /// The features, and how many channels the file has.
    fn read(
        &self,
        bytes: Vec<u8>,
        name: &str,
        options: &ReadOptions,
        worker: &mut Worker,
    ) -> Result<(Features, usize), Refusal> {
        let recording = audio::read_bytes(bytes, name, options)?;
        let sample_rate = recording.audio.sample_rate;
        check_windows(&recording.windows, sample_rate, name, self.max_duration_s)?;
        let heard = self
            .predictor
            .features(&recording, name, &mut worker.features)?;
        Ok((heard, recording.channels))
    }

    /// What is said of what was heard.
    fn predictions(&self, heard: &[Features], reasons: bool) -> Result<Vec<Prediction>, Refusal> {
        let each = heard.iter().map(|one| {
            let one = std::slice::from_ref(one);
            let mut said = match reasons {
                true => self.predictor.explained(one, REASONS)?,
                false => self.predictor.predict(one)?,
            };
            Ok(said.pop().expect("one recording, one prediction"))
        });
        each.collect()
    }
}

/// The answer where each channel is asked for.
#[derive(Serialize)]
struct EachChannel {
    file: String,
    /// In their order. One that repeats another says so, and has no windows.
    channels: Vec<Prediction>,
}

/// Refuses a recording in windows that would take too long, or too much memory.
fn check_windows(
    windows: &[Range<usize>],
    sample_rate: u32,
    name: &str,
    max_duration_s: f64,
) -> Result<(), Refusal> {
    let n = windows.len();
    let samples: usize = windows.iter().map(ExactSizeIterator::len).sum();
    let seconds = samples as f64 / f64::from(sample_rate);
    let most_s = MOST_OVERLAP * max_duration_s;
    if n <= MOST_WINDOWS && seconds <= most_s {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!(
            "{name}: would be cut into {n} windows of {seconds:.0} s together; expected at most {MOST_WINDOWS}, and {most_s} s; \
             choose a longer hop"
        ),
    ))
}

async fn predict(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let Asked {
        window,
        hop,
        segment,
        channel,
        accept_truncated,
        reasons,
    } = query(&request)?;
    let cut = Cut {
        channel,
        segment,
        window,
        hop,
    };
    let hearing = app.hearing(cut, accept_truncated)?;
    app.workers.has_place()?;
    let upload = app.intake.receive(request).await?;
    let predicted = app.workers.compute(move |worker| {
        if hearing.predictor.settings().channel == Channel::Each {
            let file = upload.name.clone();
            let heard = hearing.of_each(upload, worker)?;
            let channels = hearing.predictions(&heard, reasons)?;
            return Ok(json(&EachChannel { file, channels }));
        }
        let heard = hearing.of(upload, worker)?;
        let mut predictions = hearing.predictions(&[heard], reasons)?;
        Ok(json(&predictions.remove(0)))
    });
    predicted.await
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
    let Drawn { accept_truncated } = query(&request)?;
    app.workers.has_place()?;
    let upload = app.intake.receive(request).await?;
    // Of the recording as it is, whatever the model does to it: a picture of the whole.
    let options = ReadOptions {
        accept_truncated,
        max_duration_s: Some(app.max_duration_s),
        ..ReadOptions::default()
    };
    let drawn = app.workers.compute(move |worker| {
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
    let Download {
        window,
        hop,
        segment,
        channel,
        accept_truncated,
        format,
    } = query(&request)?;
    let cut = Cut {
        channel,
        segment,
        window,
        hop,
    };
    let hearing = app.hearing(cut, accept_truncated)?;
    if hearing.predictor.settings().channel == Channel::Each {
        return Err(Refusal::bad(
            "query: the table is of one channel; ask for each by its number, as in channel=0",
        ));
    }
    app.workers.has_place()?;
    let upload = app.intake.receive(request).await?;
    let written = app.workers.compute(move |worker| {
        let heard = hearing.of(upload, worker)?;
        let table = table::table(&heard, hearing.predictor.settings());
        let bytes = table::to_bytes(&table, format)?;
        let name = table::file_name(&heard.file, format);
        let headers = [
            (header::CONTENT_TYPE, format.content_type().to_string()),
            (
                header::CONTENT_DISPOSITION,
                format!("attachment; filename=\"{name}\""),
            ),
        ];
        Ok((headers, bytes).into_response())
    });
    written.await
}

#[test]
fn windows_are_bounded_in_number_and_in_seconds() {
    let fine = |n, len| check_windows(&vec![0..len; n], 16_000, "x.wav", 600.0).is_ok();
    assert!(fine(1, 600 * 16_000) && fine(1024, 1600) && fine(4, 600 * 16_000));
    assert!(!fine(1025, 160) && !fine(5, 600 * 16_000));
}
