//! The recordings in the body of a request: the fields `file` of a form, or the body itself.

use std::sync::Arc;
use std::time::Duration;

use axum::RequestExt;
use axum::extract::Request;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::http::{HeaderMap, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::serve::answer::Refusal;

/// In which a body must have come whole.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// All bodies that are held at a time may be as long as so many of the largest together.
const LARGEST_HELD: usize = 4;

/// What bodies are counted in, so that the count fits the semaphore's.
const KIB: usize = 1024;

/// Bytes of the longest file name; file systems have 255.
const LONGEST_NAME: usize = 1024;

/// Recordings in one form.
const MOST_FILES: usize = 1000;

/// What a recording is called that comes without a name.
const NAMELESS: &str = "recording";

/// How much is read, and how much is held.
pub struct Intake {
    max_body_bytes: usize,
    within: Duration,
    /// KiB that may still be held. Slow clients hold what they have sent, and nothing else.
    held: Arc<Semaphore>,
}

/// A recording that came in.
pub struct Upload {
    /// The file's name as the client gave it.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Room for the content, until it is let go.
    pub held: Option<OwnedSemaphorePermit>,
}

impl Intake {
    /// Reads bodies of at most `max_body_bytes`.
    pub fn new(max_body_bytes: usize) -> Intake {
        let kib = (LARGEST_HELD * max_body_bytes).div_ceil(KIB);
        Intake {
            max_body_bytes,
            within: BODY_WITHIN,
            held: Arc::new(Semaphore::new(kib.min(Semaphore::MAX_PERMITS))),
        }
    }

    /// Bytes of the largest body.
    pub fn max_body_bytes(&self) -> usize {
        self.max_body_bytes
    }

    /// Reads a request's body, which holds one recording.
    pub async fn receive(&self, request: Request) -> Result<Upload, Refusal> {
        let path = request.uri().path().to_string();
        let mut uploads = self.receive_all(request).await?;
        match (uploads.pop(), uploads.is_empty()) {
            (Some(only), true) => Ok(only),
            _ => Err(Refusal::bad(format!(
                "the form has several fields `file`; {path} takes one recording, /api/predict and /api/score several"
            ))),
        }
    }

    /// Reads a request's body, which holds one recording or more.
    pub async fn receive_all(&self, request: Request) -> Result<Vec<Upload>, Refusal> {
        let length = content_length(request.headers());
        if length.is_some_and(|length| length > self.max_body_bytes as u64) {
            return Err(self.too_large());
        }
        let coding = request.headers().get(header::CONTENT_ENCODING);
        if coding.is_some_and(|coding| coding != "identity") {
            return Err(Refusal::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body has a `Content-Encoding`; send the recording as it is",
            ));
        }
        let read = async {
            match is_form(request.headers()) {
                true => self.form(request).await,
                false => self.whole_body(request).await.map(|only| vec![only]),
            }
        };
        timeout(self.within, read).await.unwrap_or_else(|_| {
            Err(Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                format!(
                    "the body did not come within {} s; send a shorter or compressed recording",
                    self.within.as_secs_f64()
                ),
            ))
        })
    }

    async fn whole_body(&self, request: Request) -> Result<Upload, Refusal> {
        let mut upload = Upload::named(NAMELESS);
        let mut body = request.into_body();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Refusal::bad("the body breaks off; send it again"))?;
            if let Some(chunk) = frame.data_ref() {
                self.take(&mut upload, chunk, self.max_body_bytes)?;
            }
        }
        match upload.bytes.is_empty() {
            true => Err(Refusal::bad(
                "the body is empty; send a recording, or a form (multipart/form-data) with one in the field `file`",
            )),
            false => Ok(upload),
        }
    }

    async fn form(&self, request: Request) -> Result<Vec<Upload>, Refusal> {
        let mut form: Multipart = request.extract().await.map_err(|_| {
            Refusal::bad("`Content-Type: multipart/form-data` names no boundary, or one that cannot be; let the client set it")
        })?;
        let mut found: Vec<Upload> = Vec::new();
        let mut room = self.max_body_bytes;
        loop {
            let field = form
                .next_field()
                .await
                .map_err(|cause| self.broken(&cause))?;
            let Some(mut field) = field else { break };
            let mut upload = match field.name() {
                Some("file") if found.len() == MOST_FILES => {
                    return Err(Refusal::bad(format!(
                        "the form has more than {MOST_FILES} fields `file`; send them in several requests"
                    )));
                }
                Some("file") => Some(Upload::named(field.file_name().unwrap_or(NAMELESS))),
                _ => None,
            };
            if upload
                .as_ref()
                .is_some_and(|upload| upload.name.len() > LONGEST_NAME)
            {
                return Err(Refusal::bad(format!(
                    "the name of the file is longer than {LONGEST_NAME} bytes; give it a shorter one"
                )));
            }
            while let Some(chunk) = field.chunk().await.map_err(|cause| self.broken(&cause))? {
                if let Some(upload) = &mut upload {
                    self.take(upload, &chunk, room)?;
                }
            }
            if let Some(upload) = upload {
                room -= upload.bytes.len();
                found.push(upload);
            }
        }
        match found.is_empty() {
            true => Err(Refusal::bad(
                "the form has no field `file`; expected the recording in it",
            )),
            false => Ok(found),
        }
    }

    /// Adds a chunk, if there is room for it: `room` bytes, and what may be held.
    fn take(&self, upload: &mut Upload, chunk: &[u8], room: usize) -> Result<(), Refusal> {
        let n = upload.bytes.len() + chunk.len();
        if n > room {
            return Err(self.too_large());
        }
        let has = upload
            .held
            .as_ref()
            .map_or(0, OwnedSemaphorePermit::num_permits);
        if let Some(more @ 1..) = n.div_ceil(KIB).checked_sub(has) {
            let more = self.held.clone().try_acquire_many_owned(more as u32);
            let more = more.map_err(|_| Refusal::busy())?;
            match &mut upload.held {
                Some(held) => held.merge(more),
                held => *held = Some(more),
            }
        }
        upload.bytes.extend_from_slice(chunk);
        Ok(())
    }

    fn too_large(&self) -> Refusal {
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!(
                "the body is larger than {} MB, the most that this server reads (--max-body-mb); send a shorter or compressed recording",
                self.max_body_bytes as f64 / 1e6
            ),
        )
    }

    fn broken(&self, cause: &MultipartError) -> Refusal {
        match cause.status() {
            StatusCode::PAYLOAD_TOO_LARGE => self.too_large(),
            _ => Refusal::bad(format!(
                "the form (multipart/form-data) is broken: {}",
                cause.body_text()
            )),
        }
    }
}

impl Upload {
    fn named(name: &str) -> Upload {
        Upload {
            name: match name {
                "" => NAMELESS.into(),
                name => name.into(),
            },
            bytes: Vec::new(),
            held: None,
        }
    }
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("multipart/form-data")
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use axum::body::Body;
    use hyper::body::{Body as HttpBody, Bytes, Frame};

    use super::*;

    /// A body that says this much, and then nothing.
    struct Stalled(Option<Bytes>);

    impl HttpBody for Stalled {
        type Data = Bytes;
        type Error = std::convert::Infallible;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
            match self.0.take() {
                Some(said) => Poll::Ready(Some(Ok(Frame::data(said)))),
                None => Poll::Pending,
            }
        }
    }

    fn receive(intake: &Intake, request: Request) -> Result<Upload, Refusal> {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime
            .enable_time()
            .build()
            .unwrap()
            .block_on(intake.receive(request))
    }

    #[test]
    fn a_body_that_does_not_come_is_not_waited_for() {
        let intake = Intake {
            within: Duration::from_millis(20),
            ..Intake::new(1000)
        };
        for kind in ["audio/wav", "multipart/form-data; boundary=b"] {
            let request = Request::builder().header(header::CONTENT_TYPE, kind);
            let stalled = Stalled(Some(Bytes::from_static(b"--b\r\nContent-")));
            let refused = receive(&intake, request.body(Body::new(stalled)).unwrap());
            let said = format!("{:?}", refused.err().unwrap());
            assert!(
                said.contains("408") && said.contains("within 0.02 s"),
                "{said}"
            );
        }
    }

    #[test]
    fn what_is_held_at_a_time_is_bounded() {
        let intake = Intake::new(10 * KIB);
        let post = |n: usize| receive(&intake, Request::new(Body::from(vec![1; n])));
        let held: Vec<Upload> = (0..4).map(|_| post(10 * KIB).unwrap()).collect();
        let refused = format!("{:?}", post(1).err().unwrap());
        assert!(refused.contains("503"), "{refused}");
        drop(held);
        assert!(post(10 * KIB).is_ok());
        let large = format!("{:?}", post(10 * KIB + 1).err().unwrap());
        assert!(large.contains("413"), "{large}");
    }
}
