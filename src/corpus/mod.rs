//! Corpora: which recordings there are, who speaks, with which emotion.

pub mod layouts;
pub mod manifest;

pub use layouts::{Layout, Scan, scan};
pub use manifest::{Manifest, Utterance};
