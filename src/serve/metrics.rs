//! `/metrics`: what the server has done and what it is doing, as Prometheus reads it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::predict::{Prediction, Verdict};
use crate::serve::App;
use crate::serve::answer::Refusal;

/// Upper bounds of the classes of how long answers take, in seconds.
const SECONDS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

/// The media type of the format (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What is told apart of requests.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    path: &'static str,
    status: u16,
}

/// What is told apart of recordings: their verdicts, or that they failed.
type Outcome = [(&'static str, &'static str); 1];

/// What is counted.
pub struct Metrics {
    registry: Registry,
    requests: Family<Answer, Counter>,
    seconds: Histogram,
    recordings: Family<Outcome, Counter>,
    audio_seconds: Counter<f64, AtomicU64>,
    at_work: Gauge,
    waiting: Gauge,
    live: Gauge,
}

impl Metrics {
    /// Nothing has been done.
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("sentire");
        let requests = Family::default();
        registry.register("requests", "Requests by path and status", requests.clone());
        let seconds = Histogram::new(SECONDS);
        let help = "From the head of a request to its answer";
        registry.register_with_unit("request", help, Unit::Seconds, seconds.clone());
        let recordings = Family::default();
        let help = "Recordings, or channels of them, by verdict; `failed` could not be used";
        registry.register("recordings", help, recordings.clone());
        let audio_seconds = Counter::default();
        let help = "Length of the recordings that were predicted";
        registry.register_with_unit("audio", help, Unit::Seconds, audio_seconds.clone());
        let gauge = |registry: &mut Registry, name: &str, help: &str| {
            let gauge = Gauge::default();
            registry.register(name, help, gauge.clone());
            gauge
        };
        Metrics {
            at_work: gauge(&mut registry, "at_work", "Recordings that are computed now"),
            waiting: gauge(
                &mut registry,
                "waiting",
                "Recordings that wait for a worker",
            ),
            live: gauge(&mut registry, "live", "Live sockets that are open"),
            registry,
            requests,
            seconds,
            recordings,
            audio_seconds,
        }
    }

    /// Counts an answer to a request for a path.
    pub fn answer(&self, path: &str, status: u16, seconds: f64) {
        let path = known(path);
        self.requests.get_or_create(&Answer { path, status }).inc();
        self.seconds.observe(seconds);
    }

    /// Counts the predictions for a recording, or that it could not be used.
    pub fn recording(&self, said: Result<&[Prediction], &Refusal>) {
        match said {
            Ok(predictions) => predictions
                .iter()
                .for_each(|said| self.verdict(said.verdict.name(), said.duration_s)),
            Err(refusal) if refusal.is_of_recording() => self.failed(),
            Err(_) => {}
        }
    }

    /// Counts a prediction of so many seconds.
    pub fn verdict(&self, verdict: &str, seconds: f64) {
        let verdict = Verdict::of(verdict).map_or("other", Verdict::name);
        self.recordings.get_or_create(&[("verdict", verdict)]).inc();
        self.audio_seconds.inc_by(seconds);
    }

    /// Counts a recording that could not be used.
    pub fn failed(&self) {
        self.recordings
            .get_or_create(&[("verdict", "failed")])
            .inc();
    }

    /// Counts a live socket until what is returned is dropped.
    pub fn live(&self) -> Live {
        self.live.inc();
        Live(self.live.clone())
    }
}

/// A live socket that is open.
pub struct Live(Gauge);

impl Drop for Live {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Paths that are told apart; a client can ask for any.
fn known(path: &str) -> &'static str {
    const PATHS: [&str; 10] = [
        "/",
        "/health",
        "/metrics",
        "/api/model",
        "/api/openapi.json",
        "/api/predict",
        "/api/score",
        "/api/contours",
        "/api/features",
        "/api/live",
    ];
    let known = PATHS.into_iter().find(|known| *known == path);
    known.unwrap_or(match path.starts_with("/assets/") {
        true => "/assets",
        false => "other",
    })
}

/// The figures.
pub async fn metrics(State(app): State<Arc<App>>) -> Response {
    let (at_work, waiting) = app.workers.load();
    app.metrics.at_work.set(at_work as i64);
    app.metrics.waiting.set(waiting as i64);
    let mut text = String::new();
    encode(&mut text, &app.metrics.registry).expect("a text takes all that is written");
    ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response()
}
