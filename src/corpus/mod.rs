//! Corpora: which recordings there are, who speaks, with which emotion.

pub mod check;
pub mod emotion;
pub mod layouts;
pub mod manifest;
pub mod scan;

pub use check::Check;
pub use layouts::Layout;
pub use manifest::{Manifest, Utterance};
pub use scan::{Scan, scan};
