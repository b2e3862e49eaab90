//! Everything that can go wrong, in one enum. A message says where, what was found, what was expected and what to do.

use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};

/// Result of everything in sentire that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The step at which a recording failed: the column `stage` of `X.failures.parquet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// The file could not be opened or read.
    Open,
    /// Its content is not a recording, or does not decode completely.
    Decode,
    /// It was decoded, but the requested part could not be cut, mixed down or resampled.
    Preprocess,
    /// Its features could not be computed.
    Features,
}

impl Stage {
    /// The word written to tables.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Open => "open",
            Stage::Decode => "decode",
            Stage::Preprocess => "preprocess",
            Stage::Features => "features",
        }
    }
}

/// Everything that can go wrong.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system reported an error on a file.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A recording that cannot be used. In a batch it becomes a row of the failures table, and the rest goes on.
    #[error("{file}: {reason}")]
    Audio {
        /// The recording as the caller named it.
        file: String,
        /// Where it failed.
        stage: Stage,
        /// What was found, what was expected, what to do.
        reason: String,
        /// It is empty: no byte, or a complete header without samples.
        is_empty: bool,
    },
    /// A manifest or a folder of recordings that cannot be understood.
    #[error("{}: {reason}", path.display())]
    Manifest {
        /// The manifest or folder.
        path: PathBuf,
        /// What was found, what was expected, what to do; names the line where there is one.
        reason: String,
    },
    /// A Parquet table that cannot be read, or is not one of ours.
    #[error("{}: {reason}", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// What was found, what was expected, what to do.
        reason: String,
    },
    /// A model file that is damaged, not a sentire model, newer than this program, or does not fit the data.
    #[error("{}: {reason}", path.display())]
    Model {
        /// The model file.
        path: PathBuf,
        /// What was found, what was expected, what to do.
        reason: String,
    },
    /// Data that cannot be learned from or evaluated as asked.
    #[error("{0}")]
    Data(String),
    /// A request that cannot be met: an unknown name, a value out of range.
    #[error("{0}")]
    Usage(String),
    /// The output exists already.
    #[error("{} exists already; choose another with -o, or replace it with --force", path.display())]
    Exists {
        /// The output that exists.
        path: PathBuf,
    },
}

/// What a caught panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let string = panic.downcast_ref::<String>().map(String::as_str);
    string
        .or(panic.downcast_ref::<&str>().copied())
        .unwrap_or("panic")
}

/// Runs a computation on one recording; a panic in it becomes the recording's failure.
pub fn guarded<T>(file: &str, stage: Stage, compute: impl FnOnce() -> T) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(compute)).map_err(|panic| Error::Audio {
        file: file.to_string(),
        stage,
        reason: format!(
            "internal error ({}); please report it with the file",
            panic_text(panic.as_ref())
        ),
        is_empty: false,
    })
}

impl Error {
    /// An [`Error::Io`] at `path`; for `map_err`.
    pub fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| Error::Io { path, source }
    }

    /// An [`Error::Table`] at `path`, or an [`Error::Io`] where the operating system is the cause;
    /// for `map_err`.
    pub fn table<E: std::error::Error + 'static>(path: &Path) -> impl FnOnce(E) -> Error {
        let path = path.to_path_buf();
        move |cause| {
            let mut source: Option<&(dyn std::error::Error + 'static)> = Some(&cause);
            while let Some(error) = source {
                if let Some(io) = error.downcast_ref::<std::io::Error>() {
                    return Error::Io {
                        path,
                        source: io.kind().into(),
                    };
                }
                source = error.source();
            }
            Error::Table {
                path,
                reason: cause.to_string(),
            }
        }
    }
}
