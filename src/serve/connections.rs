//! Connections: how many there may be, how slow they may be, and how they end.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_io_timeout::TimeoutStream;

use crate::serve::live::MOST_OPEN;

/// Connections at a time; more wait in the system's queue. Below the 1024 files that a process may
/// have open by default.
const CONNECTIONS: u32 = 900;

/// In which a head must have come, counted from the connection or from the answer before: so this
/// is also how long an idle connection is kept.
const HEAD_WITHIN: Duration = Duration::from_secs(10);

/// Bytes of a head at which hyper reads no further, and answers 431; the last read may bring as many again.
const LARGEST_HEAD: usize = 32 * 1024;

/// How long a client may take no byte of its answer.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// How long what has begun may take once the server is to end.
const FINISHED_WITHIN: Duration = Duration::from_secs(10);

/// Before the next connection is tried after the system refused one: there are too many open files, and
/// time closes some.
const AFTER_REFUSAL: Duration = Duration::from_millis(50);

/// Answers connections until a signal comes.
///
/// `end` tells those who wait for it that the server is to end, and `sockets` are given back when none is open.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    mut signals: Signals,
    end: watch::Sender<bool>,
    sockets: Arc<Semaphore>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(LARGEST_HEAD);
    let free = Arc::new(Semaphore::new(CONNECTIONS as usize));
    loop {
        let accepted = async {
            let place = free.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = signals.next() => break,
        };
        let Ok((stream, _)) = accepted else {
            sleep(AFTER_REFUSAL).await;
            continue;
        };
        // Answers are written whole; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(TAKEN_WITHIN));
        let service = TowerToHyperService::new(router.clone());
        let connection = http
            .serve_connection(TokioIo::new(Box::pin(stream)), service)
            .with_upgrades();
        let mut ending = end.subscribe();
        tokio::spawn(async move {
            let mut connection = pin!(connection);
            // A client that breaks off is no concern of ours.
            tokio::select! {
                _ = connection.as_mut() => {}
                () = async { let _ = ending.wait_for(|is_over| *is_over).await; } => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                }
            }
            drop(place);
        });
    }
    drop(listener);
    let _ = end.send(true);
    tokio::select! {
        _ = timeout(FINISHED_WITHIN, async {
            let _ = free.acquire_many(CONNECTIONS).await;
            let _ = sockets.acquire_many(MOST_OPEN).await;
        }) => {}
        // Asked twice: at once.
        () = signals.next() => {}
    }
}

/// The signals that end the server.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// From here on they no longer end the process by themselves.
    #[cfg(unix)]
    pub fn new() -> std::io::Result<Signals> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Signals {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next of them.
    #[cfg(unix)]
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// There is one alone, and it needs no preparation.
    #[cfg(not(unix))]
    pub fn new() -> std::io::Result<Signals> {
        Ok(Signals {})
    }

    /// The next of them.
    #[cfg(not(unix))]
    pub async fn next(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
