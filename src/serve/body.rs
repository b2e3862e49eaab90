//! The body of a request: counted, and drained when the rest of it is not needed.
//!
//! A client that is still sending when the connection closes gets a reset, and may never see the answer that says why (too
//! large, busy, no token). So what it still sends is read and discarded for a while (the "lingering close" of RFC 9112,
//! section 9.6).

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use http_body_util::BodyExt;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};
use tokio::time::timeout;

/// How long what nobody wants is taken.
const LINGER: Duration = Duration::from_secs(2);

/// A body that counts what came of it.
pub struct Counted {
    inner: Body,
    bytes: Arc<AtomicU64>,
    /// The client waits to be told to go on (`Expect: 100-continue`), and has not been: it sends
    /// nothing, and asking for more would tell it.
    unasked: bool,
    ended: bool,
}

impl Counted {
    /// Counts into `bytes`; `expects` says whether the client waits to be asked for the body.
    pub fn new(inner: Body, bytes: Arc<AtomicU64>, expects: bool) -> Counted {
        Counted {
            ended: inner.is_end_stream(),
            inner,
            bytes,
            unasked: expects,
        }
    }
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.unasked = false;
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                let n = frame.data_ref().map_or(0, Bytes::len);
                self.bytes.fetch_add(n as u64, Ordering::Relaxed);
            }
            Some(Err(_)) | None => self.ended = true,
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        if self.ended || self.unasked || self.inner.is_end_stream() {
            return;
        }
        // Outside of the event loop the connection is gone already.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let mut rest = std::mem::take(&mut self.inner);
            runtime.spawn(timeout(LINGER, async move {
                while let Some(Ok(_)) = rest.frame().await {}
            }));
        }
    }
}
