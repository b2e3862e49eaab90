//! Speech emotion recognition with classical means.

// What everything stands on.
pub mod error;
pub mod output;

// A recording, its contours...
pub mod audio;
pub mod dsp;
pub mod lld;

// ...their statistics...
pub mod functional;

// ...and named sets of these.
pub mod features;

// Many recordings, into a table.
pub mod corpus;
pub mod extract;
pub mod table;

// The table as a learner sees it, and as a frame.
pub mod dataset;
#[cfg(feature = "frame")]
pub mod frame;

// Speakers apart, features to scale, a model to fit.
pub mod model;
pub mod scaler;
pub mod split;

// How well it does.
pub mod evaluate;
pub mod metrics;
pub mod report;

// Model and recording, together again.
pub mod predict;
