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
