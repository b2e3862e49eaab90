//! `/api/live`: a WebSocket that takes sound as it is recorded, and answers with a prediction for each window of it.
//!
//! What is said of a window is what `/api/predict` says of a recording of these samples alone.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use tokio::task::spawn_blocking;
use tokio::time::{Instant, timeout, timeout_at};

use crate::audio::{Excerpt, Live, MOST_HELD};
use crate::error::{Stage, guarded};
use crate::predict::{LONG_S, Prediction};
use crate::serve::App;
use crate::serve::answer::{Refusal, text};
use crate::serve::guard::SUBPROTOCOL;
use crate::serve::hearing::Hearing;
use crate::serve::query::Asked;
use crate::serve::workers::Wait;

/// What the query may say.
const ASKED: [&str; 6] = ["format", "rate", "window", "hop", "reasons", "latest"];

/// Sockets that may be open at a time.
pub const MOST_OPEN: u32 = 32;

/// Bytes of a message: half a minute at 16 kHz.
const LARGEST_MESSAGE: usize = 1 << 20;

/// How long a client may send no sound.
const SENT_WITHIN: Duration = Duration::from_secs(60);

/// How long a client may take to close.
const CLOSED_WITHIN: Duration = Duration::from_secs(2);

/// Seconds of a window, and from one to the next, where the query does not say so.
const WINDOW_S: f64 = 3.0;
const HOP_S: f64 = 1.0;
/// Shorter ones have nothing to recognise.
const SHORTEST_S: f64 = 0.5;
/// And nobody wants more answers than ten in a second.
const SHORTEST_HOP_S: f64 = 0.1;

/// What a client says when it has sent all.
const END: &str = "end";

/// What a recording is called that has no name.
const NAME: &str = "live";

/// How sound comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// Samples of 16 bits, little-endian, one channel.
    Pcm,
    /// The chunks of a MediaRecorder.
    Webm,
}

const FORMATS: [(&str, Format); 2] = [("pcm", Format::Pcm), ("webm", Format::Webm)];

/// What is said of a window.
#[derive(Serialize)]
struct OfWindow {
    /// Seconds since the sound began.
    start: f64,
    end: f64,
    #[serde(flatten)]
    prediction: Prediction,
}

/// The windows of a sound that is coming.
struct Windows {
    sound: Live,
    window_s: f64,
    hop_s: f64,
    /// Windows that were passed over give way to the last that has come.
    latest: bool,
    next: u64,
}

impl Windows {
    fn of_query(asked: &Asked) -> Result<Windows, Refusal> {
        let bad = |text: String| Refusal::bad(format!("query: {text}"));
        let format = asked.one_of("format", &FORMATS)?;
        let rate = match asked.text("rate") {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                bad(format!(
                    "rate={text} is no rate; expected samples a second, as in rate=16000"
                ))
            })?),
        };
        let sound = match (format, rate) {
            (Format::Pcm, Some(rate)) => Live::pcm(rate)?,
            (Format::Pcm, None) => {
                return Err(bad(
                    "rate is missing; expected that of the samples, as in rate=16000".into(),
                ));
            }
            (Format::Webm, None) => Live::webm(),
            (Format::Webm, Some(_)) => {
                return Err(bad("rate is for format=pcm; WebM says it itself".into()));
            }
        };
        let within = |name: &str, otherwise: f64, range: Range<f64>| {
            let seconds = asked.seconds(name)?.unwrap_or(otherwise);
            match seconds >= range.start && seconds <= range.end {
                true => Ok(seconds),
                false => Err(bad(format!(
                    "{name}={seconds}; expected {} to {} s",
                    range.start, range.end
                ))),
            }
        };
        let window_s = within("window", WINDOW_S, SHORTEST_S..LONG_S)?;
        if let Some(rate) = rate
            && window_s * f64::from(rate) > MOST_HELD as f64 / 2.0
        {
            return Err(bad(format!(
                "window={window_s} at rate={rate}: expected {} samples at most",
                MOST_HELD / 2
            )));
        }
        Ok(Windows {
            sound,
            window_s,
            hop_s: within("hop", HOP_S.min(window_s), SHORTEST_HOP_S..LONG_S)?,
            latest: asked.flag("latest", false)?,
            next: 0,
        })
    }

    /// Where the window `number` lies, in samples; `None` before the sound's header has come.
    fn place(&self, number: u64) -> Option<Range<u64>> {
        let rate = f64::from(self.sound.sample_rate()?);
        let samples = |seconds: f64| (seconds * rate).round() as u64;
        let start = samples(number as f64 * self.hop_s);
        Some(start..start + samples(self.window_s))
    }

    /// Whether a window has come whole.
    fn is_there(&self, number: u64) -> bool {
        let place = self.place(number);
        place.is_some_and(|place| place.end <= self.sound.frames())
    }

    /// Takes a piece of the sound. What comes before the next window, or the latest where that is wanted, is let go.
    fn push(&mut self, piece: &[u8]) -> crate::error::Result<()> {
        guarded(NAME, Stage::Decode, || self.sound.push(piece))??;
        while self.latest && self.is_there(self.next + 1) {
            self.next += 1;
        }
        if let Some(place) = self.place(self.next) {
            self.sound.forget_before(place.start);
        }
        Ok(())
    }

    /// The next window that has come whole, and where it lies in seconds.
    fn ready(&mut self) -> Option<([f64; 2], Excerpt)> {
        if !self.is_there(self.next) {
            return None;
        }
        let place = self.place(self.next)?;
        let rate = f64::from(self.sound.sample_rate()?);
        let seconds = [place.start, place.end].map(|frame| frame as f64 / rate);
        let excerpt = self.sound.excerpt(place);
        self.next += 1;
        Some((seconds, excerpt))
    }
}

/// What is computed of a window: a message.
type AtWork = Pin<Box<dyn Future<Output = String> + Send>>;

/// Opens the socket.
pub async fn live(
    State(app): State<Arc<App>>,
    socket: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    request: Request,
) -> Result<Response, Refusal> {
    let asked = Asked::of(request.uri(), &ASKED)?;
    let windows = Windows::of_query(&asked)?;
    let reasons = asked.flag("reasons", false)?;
    let socket = socket.map_err(|_| {
        Refusal::new(
            StatusCode::UPGRADE_REQUIRED,
            "this is a WebSocket; open it with a client that speaks that, as in `new WebSocket(\"ws://HOST/api/live?rate=16000\")`",
        )
    })?;
    let place = app.live.clone().try_acquire_owned();
    let place = place.map_err(|_| Refusal::busy())?;
    let hearing = Hearing {
        predictor: app.predictor.clone(),
        max_duration_s: app.max_duration_s,
    };
    let opened = socket
        .protocols([SUBPROTOCOL])
        .max_message_size(2 * LARGEST_MESSAGE)
        .on_upgrade(move |socket| async move {
            let _counted = app.metrics.live();
            listen(app, socket, windows, hearing, reasons).await;
            drop(place);
        });
    Ok(opened)
}

/// Answers until the client has sent all, goes away, or sends what is no sound. A window at a time is computed; what comes
/// meanwhile waits in the client, unless it wants the latest.
async fn listen(
    app: Arc<App>,
    mut socket: WebSocket,
    mut windows: Windows,
    hearing: Hearing,
    reasons: bool,
) {
    let mut ending = app.ending.clone();
    let mut silent_since = Instant::now();
    let mut at_work: Option<AtWork> = None;
    let (mut is_over, mut code) = (false, close_code::NORMAL);
    let (code, error) = loop {
        if at_work.is_none()
            && code != close_code::AWAY
            && let Some((seconds, excerpt)) = windows.ready()
        {
            let work = said(app.clone(), hearing.clone(), seconds, excerpt, reasons);
            at_work = Some(Box::pin(work));
        }
        if is_over && at_work.is_none() {
            break (code, String::new());
        }
        let reads = !is_over && (windows.latest || at_work.is_none());
        tokio::select! {
            message = timeout_at(silent_since + SENT_WITHIN, socket.recv()), if reads => match message {
                Ok(Some(Ok(Message::Binary(piece)))) if piece.len() > LARGEST_MESSAGE => {
                    let error = format!("a message has {} bytes; expected at most {LARGEST_MESSAGE}", piece.len());
                    break (close_code::SIZE, error);
                }
                Ok(Some(Ok(Message::Binary(piece)))) => {
                    if !piece.is_empty() {
                        silent_since = Instant::now();
                    }
                    // Not on the thread that speaks HTTP.
                    let pushed = spawn_blocking(move || (windows.push(&piece), windows)).await;
                    let Ok((pushed, back)) = pushed else { return };
                    windows = back;
                    if let Err(error) = pushed {
                        break (close_code::UNSUPPORTED, error.to_string());
                    }
                }
                Ok(Some(Ok(Message::Text(text)))) if text.as_str() == END => is_over = true,
                Ok(Some(Ok(Message::Text(_)))) => {
                    break (close_code::UNSUPPORTED, format!("a text came; expected bytes of sound, or {END:?}"));
                }
                Ok(Some(Ok(Message::Ping(_) | Message::Pong(_)))) => {}
                Ok(Some(Ok(Message::Close(_)))) => return drained(socket).await,
                Ok(Some(Err(error))) => break (close_code::PROTOCOL, format!("a message cannot be taken: {error}")),
                Ok(None) => return,
                Err(_) => break (close_code::POLICY, format!("nothing came for {} s", SENT_WITHIN.as_secs())),
            },
            () = async { let _ = ending.wait_for(|is_over| *is_over).await; }, if !is_over => {
                (is_over, code) = (true, close_code::AWAY);
            }
            text = async { at_work.as_mut().expect("it is at work").await }, if at_work.is_some() => {
                at_work = None;
                if socket.send(Message::Text(text.into())).await.is_err() {
                    return;
                }
            }
        }
    };
    if !error.is_empty() {
        let said = text(&Refusal::bad(error));
        let _ = socket.send(Message::Text(said.into())).await;
    }
    let close = CloseFrame {
        code,
        reason: "".into(),
    };
    let _ = socket.send(Message::Close(Some(close))).await;
    drained(socket).await;
}

/// Takes what a client still sends until it has answered the close, for a while: a connection that ends before would take
/// with it what was said last. A close of its own is answered by that.
async fn drained(mut socket: WebSocket) {
    let rest = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = timeout(CLOSED_WITHIN, rest).await;
}

/// What is said of a window, as a message.
async fn said(
    app: Arc<App>,
    hearing: Hearing,
    [start, end]: [f64; 2],
    excerpt: Excerpt,
    reasons: bool,
) -> String {
    let computed = app.workers.compute(Wait::Behind, move |worker| {
        hearing.answer_excerpt(excerpt, NAME, reasons, worker)
    });
    match computed.await {
        Ok(prediction) => {
            app.metrics.recording(Ok(std::slice::from_ref(&prediction)));
            text(&OfWindow {
                start,
                end,
                prediction,
            })
        }
        Err(refusal) => {
            app.metrics.recording(Err(&refusal));
            text(&refusal)
        }
    }
}
