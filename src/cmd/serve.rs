//! `sentire serve`: predictions in a browser, and over HTTP.

use std::sync::mpsc;
use std::time::Duration;

use sentire::error::Result;
use sentire::serve::{Answered, Options, Server};

use crate::cli::Serve;
use crate::cmd::{Console, Outcome, load_predictor, note_alone, of_file, say};

/// Lines of the log that may wait to be written; more are lost, where nobody reads standard error.
const LINES_WAITING: usize = 1024;

/// How long the end waits for them.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

pub fn run(args: &Serve, console: &Console) -> Result<Outcome> {
    let predictor = load_predictor(args.model.as_deref(), console)?;
    note_alone(&predictor, args.model.as_deref(), console);
    let model = format!(
        "{}{}",
        predictor.model().card.trained,
        of_file(args.model.as_deref())
    );
    let options = Options {
        host: args.host.clone(),
        port: args.port,
        token: args.token.clone(),
        max_body_bytes: usize::from(args.max_body_mb) * 1_000_000,
        max_duration_s: args.max_duration,
        workers: rayon::current_num_threads(),
        queue: usize::from(args.queue),
        allowed_origins: args.allow_origin.clone(),
        public_hosts: args.public_host.clone(),
    };
    let is_open = options.token.is_none();
    let server = Server::bind(predictor, options)?;
    let address = server.address();
    console.note(&format!(
        "listening on http://{address}, model {model}; Ctrl-C ends it"
    ));
    if is_open && !address.ip().is_loopback() {
        console.note(
            "note: whoever reaches this address can use it; --token SECRET asks for a password",
        );
    }
    if console.quiet {
        server.run(None);
        return Ok(Outcome::Done);
    }
    // On a thread of its own: standard error may be a pipe that is read slowly, or not at all.
    let (log, lines) = mpsc::sync_channel::<Answered>(LINES_WAITING);
    let (writing, written) = mpsc::channel::<()>();
    std::thread::spawn(move || {
        let _writing = writing;
        for line in lines {
            say(&serde_json::to_string(&line).expect("a line is plain data"));
        }
    });
    server.run(Some(log));
    // Nothing is sent: it is closed when all is written.
    let _ = written.recv_timeout(WRITTEN_WITHIN);
    Ok(Outcome::Done)
}
