//! One file per subcommand. Here is what they share: the console, exit codes, the loading of tables and models.

pub mod adapt;
pub mod corpus;
pub mod demo;
pub mod describe;
pub mod evaluate;
pub mod export;
pub mod extract;
pub mod import;
#[cfg(feature = "mic")]
pub mod listen;
pub mod predict;
pub mod score;
#[cfg(feature = "serve")]
pub mod serve;
pub mod split;
#[cfg(feature = "frame")]
pub mod summary;
pub mod train;
pub mod verify;
pub mod version;

use std::io::{IsTerminal, Write};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sentire::error::{Error, Result, panic_text};
use sentire::evaluate::OnFold;
use sentire::extract::Recognised;
use sentire::job::Earlier;
use sentire::model::Model;
use sentire::predict::Predictor;
use sentire::table::Table;

use crate::cli::Global;

/// How a command ended. If nothing could be done, that is an error, and exits with 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All done: 0.
    Done,
    /// Done, but some inputs failed, or a figure was below its limit: 1.
    Partly,
}

impl Outcome {
    /// The outcome if this many inputs failed, and others did not.
    pub fn after(failed: usize) -> Outcome {
        match failed {
            0 => Outcome::Done,
            _ => Outcome::Partly,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> ExitCode {
        ExitCode::from(match outcome {
            Outcome::Done => 0,
            Outcome::Partly => 1,
        })
    }
}

/// What goes to the terminal and how.
pub struct Console {
    pub quiet: bool,
    pub force: bool,
}

impl Console {
    /// Prints a result to standard output. A reader that has gone away (`| head`) ends the program
    /// quietly.
    pub fn print(&self, text: &str) -> Result<()> {
        let mut stdout = std::io::stdout().lock();
        match stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
        {
            Err(cause) if cause.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
            written => written.map_err(Error::io("standard output".as_ref())),
        }
    }

    /// A line on standard error, unless quiet.
    pub fn note(&self, text: &str) {
        if !self.quiet {
            say(text);
        }
    }

    /// A line about an input that was used, but is odd; unless quiet.
    pub fn warn(&self, warning: &str) {
        self.note(&format!("warning: {warning}"));
    }

    /// A line about an input that failed; even when quiet.
    pub fn failed(&self, error: &Error) {
        say(&format!("failed: {error}"));
    }

    /// What becomes of the work that earlier runs left.
    pub fn earlier(&self, fresh: bool) -> Earlier {
        match (self.force, fresh) {
            (true, _) => Earlier::Replace,
            (false, true) => Earlier::Ignore,
            (false, false) => Earlier::Use,
        }
    }

    /// A progress bar of `len` recordings on a terminal, invisible elsewhere.
    pub fn progress(&self, len: usize) -> ProgressBar {
        self.progress_of(len, "recordings")
    }

    /// Runs what is told of each fold that is done, under a progress bar of them.
    pub fn in_folds<T>(&self, run: impl FnOnce(OnFold) -> T) -> T {
        // How many there are is known with the first.
        let bar = self.progress_of(0, "folds");
        let done = run(&|folds| {
            bar.set_length(folds as u64);
            bar.inc(1);
        });
        bar.finish_and_clear();
        done
    }

    fn progress_of(&self, len: usize, what: &str) -> ProgressBar {
        let visible = !self.quiet && std::io::stderr().is_terminal();
        let target = if visible {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(len as u64), target);
        let template = format!("{{bar:30}} {{pos}}/{{len}} {what}, {{eta}} left");
        let style = ProgressStyle::with_template(&template);
        bar.with_style(style.expect("the template is well-formed"))
    }
}

/// Reads a whole table; says what is taken for granted of one that another program wrote.
pub fn read_table(path: &Path, console: &Console) -> Result<Table> {
    let (table, recognised) = sentire::extract::read_table(path)?;
    note_recognised(path, recognised.as_ref(), console);
    Ok(table)
}

/// Says what is taken for granted of the table at `path`.
pub fn note_recognised(path: &Path, recognised: Option<&Recognised>, console: &Console) {
    if let Some(recognised) = recognised {
        console.note(&format!("note: {}: {recognised}", path.display()));
    }
}

/// A line on standard error. Nobody may be listening: that is no reason to stop.
pub fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The model at `path`, or the one that is built in, ready to predict.
pub fn load_predictor(path: Option<&Path>, console: &Console) -> Result<Predictor> {
    let Some(path) = path else {
        return Predictor::new(built_in(console)?);
    };
    Predictor::new(Model::load(path)?).map_err(|error| match error {
        Error::Data(reason) => Error::Model {
            path: path.to_path_buf(),
            reason,
        },
        other => other,
    })
}

/// Says that a model for batches answers for recordings alone, where it does.
pub fn note_alone(predictor: &Predictor, path: Option<&Path>, console: &Console) {
    if let (true, Some(path)) = (predictor.is_for_batches(), path) {
        console.note(&format!(
            "note: {} scales a folder by its own recordings (sentire score); recordings alone are scaled as its training recordings were",
            path.display()
        ));
    }
}

/// The model that is built in, with a line that says what it is.
#[cfg(feature = "default-model")]
fn built_in(console: &Console) -> Result<Model> {
    let model = sentire::model::built_in()?;
    console.note(
        "note: by the model that is built in, of acted and prompted speech in five languages; a first answer, not for judging people. To fit it \
         to one place: sentire adapt --help; to train one on speech like yours: sentire train --help",
    );
    Ok(model)
}

#[cfg(not(feature = "default-model"))]
fn built_in(_: &Console) -> Result<Model> {
    Err(Error::Usage(
        "no model: none is built into this program; train one with `sentire train FEATURES.parquet -o model.sentire` and name it with \
         -m model.sentire"
            .into(),
    ))
}

/// [`Table::joined`], where this program has polars.
#[cfg(feature = "frame")]
pub fn joined(table: &Table, other: &Table) -> Result<Table> {
    table.joined(other)
}

/// [`Table::stacked`], where this program has polars.
#[cfg(feature = "frame")]
pub fn stacked(table: &Table) -> Result<Table> {
    table.stacked()
}

#[cfg(not(feature = "frame"))]
pub fn joined(_: &Table, _: &Table) -> Result<Table> {
    Err(without_frame("--join"))
}

#[cfg(not(feature = "frame"))]
pub fn stacked(_: &Table) -> Result<Table> {
    Err(without_frame("--long"))
}

#[cfg(not(feature = "frame"))]
fn without_frame(flag: &str) -> Error {
    Error::Usage(format!(
        "{flag} is not part of this program; build it with the cargo feature `frame`"
    ))
}

/// Sets up threads and the treatment of panics.
pub fn set_up(global: &Global) {
    if let Some(jobs) = global.jobs {
        // Fails only where a pool exists already; this is the first use.
        let _ = rayon::ThreadPoolBuilder::new()
            .num_threads(usize::from(jobs))
            .build_global();
    }
    if !global.verbose {
        // A caught panic prints one line of ours.
        std::panic::set_hook(Box::new(|_| {}));
    }
}

/// Runs a command; a panic in it becomes an error.
pub fn caught(command: impl FnOnce() -> Result<Outcome>) -> Result<Outcome> {
    std::panic::catch_unwind(AssertUnwindSafe(command)).unwrap_or_else(|panic| {
        Err(Error::Usage(format!(
            "internal error ({}); run again with --verbose and report what it prints",
            panic_text(panic.as_ref())
        )))
    })
}

/// ` of model.sentire`, where the model has a file.
pub fn of_file(model: Option<&Path>) -> String {
    model.map_or(String::new(), |path| format!(" of {}", path.display()))
}

/// A result as JSON, on several lines.
pub fn to_json(result: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(result).expect("results are plain data") + "\n"
}

/// `1 recording`, `2 recordings`, `3 classes`.
pub fn count(n: usize, noun: &str) -> String {
    match noun {
        _ if n == 1 => format!("1 {noun}"),
        _ if noun == "corpus" => format!("{n} corpora"),
        _ if noun.ends_with('s') => format!("{n} {noun}es"),
        _ => format!("{n} {noun}s"),
    }
}
