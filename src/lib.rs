#![doc = include_str!("../README.md")]
//!
//! # The modules, in the order in which data flow
//!
//! [`catalogue`] says what can be computed. [`audio`] reads a recording; [`lld`] (on [`dsp`]) makes contours of it, [`functional`]
//! statistics of these, [`features`] the named sets; [`corpus`] lists recordings, and [`extract`]
//! turns a list into a [`table`]. There the signal half ends. The learning half reads the table:
//! [`dataset`], [`split`], [`scaler`], [`model`], [`metrics`], [`audit`], [`evaluate`], [`report`].
//! [`predict`] joins both, [`score`] for many recordings, and `serve` answers over HTTP; [`plot`] draws for whoever asks.

// What everything stands on; what there is to compute, as data.
pub mod catalogue;
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

// Tables, and many recordings on their way into one.
pub mod corpus;
pub mod extract;
pub mod job;
pub mod table;
pub mod verify;

// The table as a learner sees it, and as a frame.
pub mod dataset;
#[cfg(feature = "frame")]
pub mod frame;

// Speakers apart, features to scale, a model to fit.
pub mod model;
pub mod scaler;
pub mod split;

// Nothing on two sides; how well it does.
pub mod audit;
pub mod evaluate;
pub mod metrics;
pub mod plot;
pub mod report;

// Model and recording, together again: one, and many.
pub mod predict;
pub mod score;
#[cfg(feature = "serve")]
pub mod serve;

// What all of it looks like under a cell.
#[cfg(any(test, feature = "notebook"))]
pub mod notebook;

pub mod prelude {
    //! What most programs and notebooks need: `use sentire::prelude::*`. With the cargo features
    //! `notebook` and `frame` all of polars' prelude is in it.

    // Names of ours go before those of polars.
    #[cfg(all(feature = "frame", feature = "notebook"))]
    pub use polars::prelude::*;

    pub use crate::audio::{self, Audio, Gain, Rate, ReadOptions, Recording, Segmentation, Window};
    pub use crate::catalogue::{self, Family, FeatureSet, Lld};
    pub use crate::corpus::{self, Layout, Manifest, Utterance, scan};
    pub use crate::dataset::{Contrast, Dataset};
    pub use crate::error::{Error, Result};
    pub use crate::evaluate::{Evaluation, FoldSpec, OutOfFold, Protocol, evaluate};
    pub use crate::extract::{self, Level, Settings};
    pub use crate::features::Extractor;
    pub use crate::lld::LldTable;
    pub use crate::model::{Model, ModelSpec, Normalize, Projection};
    #[cfg(any(test, feature = "notebook"))]
    pub use crate::notebook::{Show, Shown, plot_contrasts, plot_reasons};
    pub use crate::plot::{self, Figure};
    pub use crate::predict::{self, Features, Prediction, Predictor, Reason};
    pub use crate::report::{Report, plot_uars};
    pub use crate::table::{Column, Table};
}
