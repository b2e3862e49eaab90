//! Corpora: which recordings there are, who speaks in them, and with which emotion.

pub mod audformat;
pub mod check;
pub mod emotion;
mod folders;
pub mod labels;
pub mod layouts;
pub mod manifest;
mod names;
pub mod scan;
pub mod shard;
pub mod side;
pub(crate) mod spelling;

pub use check::Check;
pub use layouts::Layout;
pub use manifest::{Held, Manifest, Utterance};
pub use scan::{Scan, scan};
pub use shard::Shard;

use std::path::Path;

use crate::audio::has_audio_extension;
use crate::error::{Error, Result};

/// The recordings listed by a manifest (CSV), or found in a folder and below it. A folder that holds a database of audformat is read as
/// that.
///
/// An error if `path` is a recording, does not exist, or lists no recording.
///
/// ```
/// use sentire::prelude::*;
///
/// let listed = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// assert_eq!(listed.utterances.len(), 128);
/// assert_eq!(listed.utterances[0].emotion.as_deref(), Some("angry"));
///
/// let found = corpus::open("corpora/demo")?.manifest;
/// assert_eq!(found.utterances.len(), 128);
/// # Ok::<(), Error>(())
/// ```
pub fn open(path: impl AsRef<Path>) -> Result<Scan> {
    let path = path.as_ref();
    if path.is_dir() {
        return scan(path, None);
    }
    if path.is_file() && has_audio_extension(path) {
        return Err(Error::Manifest {
            path: path.to_path_buf(),
            reason: "is a recording; expected a folder of recordings or a manifest (CSV); for one \
                     recording use `sentire describe`"
                .into(),
        });
    }
    Manifest::read(path).map(Scan::of_manifest)
}
