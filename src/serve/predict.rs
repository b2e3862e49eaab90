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
use tokio::task::JoinSet;

use crate::predict::{Failed, Prediction};
use crate::serve::App;
use crate::serve::answer::{Refusal, json};
use crate::serve::hearing::{HEARD, Hearing};
use crate::serve::query::Asked;
use crate::serve::recording::Upload;
use crate::serve::workers::Wait;

/// One object to a line (<https://jsonlines.org>).
const JSON_LINES: &str = "application/x-ndjson";

/// Lines that may wait to be sent.
const LINES_WAITING: usize = 16;

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

/// An answer whose lines come as recordings are done. As many are computed at a time as there are workers, so that
/// requests for one recording are answered between them. A client that goes away ends it.
fn lines(app: Arc<App>, hearing: Hearing, uploads: Vec<Upload>, reasons: bool) -> Response {
    let (sender, receiver) = mpsc::channel(LINES_WAITING);
    tokio::spawn(async move {
        let mut at_work = JoinSet::new();
        for (index, upload) in uploads.into_iter().enumerate() {
            if at_work.len() == app.workers.number() && !pass_on(&mut at_work, &sender).await {
                return;
            }
            let (app, hearing) = (app.clone(), hearing.clone());
            at_work.spawn(async move {
                let file = upload.name.clone();
                match said(&app, hearing, upload, reasons, Wait::Behind).await {
                    Ok(said) => line(&Line { index, said }),
                    Err(refusal) => {
                        let error = refusal.error().to_string();
                        let said = Failed {
                            file,
                            channel: None,
                            error,
                        };
                        line(&Line { index, said })
                    }
                }
            });
        }
        while pass_on(&mut at_work, &sender).await {}
    });
    let headers = [(header::CONTENT_TYPE, JSON_LINES)];
    (headers, Body::new(Lines(receiver))).into_response()
}

/// Sends the next line that is done; `false` where there is none, or nobody to take it.
async fn pass_on(at_work: &mut JoinSet<Bytes>, sender: &mpsc::Sender<Bytes>) -> bool {
    match at_work.join_next().await {
        Some(Ok(line)) => sender.send(line).await.is_ok(),
        Some(Err(_)) | None => false,
    }
}

fn line(value: &impl Serialize) -> Bytes {
    let text = serde_json::to_string(value).expect("answers are plain data");
    Bytes::from(text + "\n")
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
