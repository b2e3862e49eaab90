//! Signal processing on plain slices: framing, windows, spectra, mel bands, statistics. Nothing here knows about emotion.

pub mod activity;
pub mod bandwidth;
pub mod channels;
pub mod frame;
pub mod lanes;
pub mod level;
pub mod lpc;
pub mod matrix;
pub mod mel;
pub mod resample;
pub mod sort;
pub mod spectrum;
pub mod speech;
pub mod spline;
pub mod split_radix;
pub mod stats;
pub mod window;
