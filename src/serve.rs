//! The web page and the HTTP endpoint: recordings come in by POST, predictions go out.
//!
//! One thread speaks HTTP, a few compute. When all are busy and the queue is full, clients are asked to try again later.
//! What a client sends is limited before it is read (time, bytes) and before it is decoded (seconds, windows), so that
//! memory is bounded whatever is sent.

mod answer;
mod assets;
mod body;
mod connections;
mod guard;
mod hearing;
mod live;
mod metrics;
mod predict;
mod query;
mod recording;
mod routes;
mod score;
mod table;
mod workers;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

pub use answer::Answered;

use crate::error::{Error, Result};
use crate::model::Normalize;
use crate::predict::Predictor;
use crate::serve::assets::Assets;
use crate::serve::connections::Signals;
use crate::serve::guard::Guard;
use crate::serve::metrics::Metrics;
use crate::serve::recording::Intake;
use crate::serve::workers::Workers;

/// How to serve.
#[derive(Debug, Clone)]
pub struct Options {
    /// Address or name to listen on. Other machines can reach the server only if it is not a loopback address.
    pub host: String,
    /// Port; 0 picks a free one.
    pub port: u16,
    /// What clients must present, as a bearer token or as the password of any user.
    pub token: Option<String>,
    /// Size of the largest body that is read, in bytes.
    pub max_body_bytes: usize,
    /// Length of the longest recording that is decoded, in seconds.
    pub max_duration_s: f64,
    /// Number of recordings computed at the same time.
    pub workers: usize,
    /// Number of recordings that may wait for that; further requests are asked to come again.
    pub queue: usize,
    /// Origins other than its own whose pages may ask, as browsers send them: `https://example.org`.
    pub allowed_origins: Vec<String>,
    /// Names under which a proxy passes requests on to a server that listens to this machine alone.
    pub public_hosts: Vec<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            host: "127.0.0.1".into(),
            port: 8080,
            token: None,
            max_body_bytes: 50_000_000,
            max_duration_s: 600.0,
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            queue: 16,
            allowed_origins: Vec::new(),
            public_hosts: Vec::new(),
        }
    }
}

/// What all requests share.
struct App {
    predictor: Predictor,
    max_duration_s: f64,
    guard: Guard,
    intake: Intake,
    workers: Workers,
    metrics: Metrics,
    /// Live sockets that may still be opened.
    live: Arc<Semaphore>,
    /// True once the server is to end.
    ending: watch::Receiver<bool>,
    assets: Assets,
    log: Option<SyncSender<Answered>>,
}

/// A server that is bound to its port, and answers once it [`run`](Server::run)s.
pub struct Server {
    runtime: Runtime,
    listener: TcpListener,
    address: SocketAddr,
    signals: Signals,
    predictor: Predictor,
    guard: Guard,
    options: Options,
}

impl Server {
    /// Binds the port. An error if it is taken, or if the model needs the recordings of a speaker together (protocol B).
    pub fn bind(predictor: Predictor, options: Options) -> Result<Server> {
        if predictor.model().card.normalize == Normalize::Speaker {
            return Err(Error::Usage(
                "the model scales each speaker by their own recordings (--normalize speaker), and a server hears each recording \
                 alone; train one with --normalize train"
                    .into(),
            ));
        }
        if options.token.as_ref().is_some_and(String::is_empty) {
            return Err(Error::Usage(
                "the token (--token, or SENTIRE_TOKEN) is empty; expected a secret, or none".into(),
            ));
        }
        if !(options.max_duration_s.is_finite() && options.max_duration_s > 0.0) {
            return Err(Error::Usage(format!(
                "longest recording {} s: expected a number above 0",
                options.max_duration_s
            )));
        }
        let failed = |what: &str, cause: std::io::Error| {
            Error::Usage(format!("{what}: {cause}; the server cannot start"))
        };
        // One thread is enough for HTTP; those that compute are its blocking ones.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| failed("the system provides no event loop", cause))?;
        let Options { host, port, .. } = &options;
        let bound = runtime.block_on(async {
            let listener = TcpListener::bind((host.as_str(), *port)).await?;
            let address = listener.local_addr()?;
            Ok((listener, address))
        });
        let (listener, address) = bound.map_err(|cause: std::io::Error| match cause.kind() {
            std::io::ErrorKind::AddrInUse => Error::Usage(format!(
                "port {port} of {host} is taken by another program; choose another with --port, or 0 for one that is free"
            )),
            _ => failed(&format!("cannot listen on port {port} of {host}"), cause),
        })?;
        let guard = Guard::new(&options, address.ip().is_loopback())?;
        let signals = {
            let _entered = runtime.enter();
            Signals::new().map_err(|cause| failed("cannot wait for signals", cause))?
        };
        Ok(Server {
            runtime,
            listener,
            address,
            signals,
            predictor,
            guard,
            options,
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until the process is asked to end (SIGINT, SIGTERM), then finishes the requests in progress, for at most
    /// 10 s. A record of each answer is sent to `log`, unless nobody receives there.
    pub fn run(self, log: Option<SyncSender<Answered>>) {
        let options = self.options;
        let (end, ending) = watch::channel(false);
        let sockets = Arc::new(Semaphore::new(live::MOST_OPEN as usize));
        let app = Arc::new(App {
            guard: self.guard,
            intake: Intake::new(options.max_body_bytes),
            workers: Workers::new(options.workers, options.queue, &self.predictor),
            metrics: Metrics::new(),
            live: sockets.clone(),
            ending,
            assets: Assets::new(),
            predictor: self.predictor,
            max_duration_s: options.max_duration_s,
            log,
        });
        let router = routes::router(app);
        let until_told = connections::serve(self.listener, router, self.signals, end, sockets);
        self.runtime.block_on(until_told);
        // What still computes is not waited for.
        self.runtime.shutdown_background();
    }
}
