//! `/api/predict`: the emotion of one recording as an object, of several as lines of JSON in the order in which they are done.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use hyper::body::{Body as HttpBody, Bytes, Frame};
use serde::Serialize;
use tokio::sync::mpsc;

use crate::predict::{Failed, Prediction};
use crate::serve::App;
use crate::serve::answer::{Refusal, json, text};
use crate::serve::hearing::{HEARD, Hearing};
use crate::serve::query::Asked;
use crate::serve::recording::Upload;
use crate::serve::workers::{Wait, each};

/// One object to a line (<https://jsonlines.org>).
const JSON_LINES: &str = "application/x-ndjson";

/// The answer where each channel is asked for.
#[derive(Serialize)]
struct EachChannel {
    file: String,
    /// In their order. One that repeats another says so, and has no windows.
    channels: Vec<Prediction>,
}

/// What is said of a recording: one prediction, or one for each channel.
#[derive(Serialize)]
#[serde(untagged)]
enum Said {
    One(Box<Prediction>),
    Each(EachChannel),
}

/// A line of several.
#[derive(Serialize)]
struct Line<T> {
    /// The place of the recording in the form, from 0.
    index: usize,
    #[serde(flatten)]
    said: T,
}

/// The predictions for the recordings of a request.
pub async fn predict(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let asked = Asked::of(request.uri(), &[&HEARD[..], &["reasons"]].concat())?;
    // Reasons are most of the work, and a client that asks every second may do without.
    let reasons = asked.flag("reasons", true)?;
    let hearing = Hearing::of_query(&app, &asked)?;
    app.workers.has_place()?;
    let wants_lines = accepts_lines(request.headers());
    let mut uploads = app.intake.receive_all(request).await?;
    match (uploads.pop(), uploads.is_empty()) {
        (Some(only), true) if !wants_lines => {
            let said = said(&app, hearing, only, reasons, Wait::InQueue).await?;
            Ok(json(&said))
        }
        (last, _) => {
            uploads.extend(last);
            Ok(lines(app, hearing, uploads, reasons))
        }
    }
}

fn accepts_lines(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains(JSON_LINES))
}

async fn said(
    app: &App,
    hearing: Hearing,
    upload: Upload,
    reasons: bool,
    wait: Wait,
) -> Result<Said, Refusal> {
    let computed = app.workers.compute(wait, move |worker| {
        let file = upload.name.clone();
        let mut channels = hearing.answer(upload, reasons, worker)?;
        Ok(match hearing.is_of_each_channel() {
            true => Said::Each(EachChannel { file, channels }),
            false => Said::One(Box::new(channels.remove(0))),
        })
    });
    let said = computed.await;
    app.metrics.recording(match &said {
        Ok(Said::One(prediction)) => Ok(std::slice::from_ref(&**prediction)),
        Ok(Said::Each(each)) => Ok(&each.channels),
        Err(refusal) => Err(refusal),
    });
    said
}

/// An answer whose lines come as recordings are done. A client that goes away ends it.
fn lines(app: Arc<App>, hearing: Hearing, uploads: Vec<Upload>, reasons: bool) -> Response {
    let lines = each(app.workers.number(), uploads, move |index, upload| {
        let (app, hearing) = (app.clone(), hearing.clone());
        async move {
            let file = upload.name.clone();
            match said(&app, hearing, upload, reasons, Wait::Behind).await {
                Ok(said) => line(&Line { index, said }),
                Err(refusal) => {
                    let said = Failed {
                        file,
                        channel: None,
                        error: refusal.error().to_string(),
                    };
                    line(&Line { index, said })
                }
            }
        }
    });
    let headers = [(header::CONTENT_TYPE, JSON_LINES)];
    (headers, Body::new(Lines(lines))).into_response()
}

fn line(value: &impl Serialize) -> Bytes {
    Bytes::from(text(value) + "\n")
}

/// A body that has each line as it comes.
struct Lines(mpsc::Receiver<Bytes>);

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let line = std::task::ready!(self.0.poll_recv(context));
        Poll::Ready(line.map(|line| Ok(Frame::data(line))))
    }
}
