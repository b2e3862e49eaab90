#![doc = include_str!("../README.md")]
//!
//! # The modules, in the order in which data flow
//!
//! [`catalogue`] describes what can be computed. [`audio`] reads a recording; [`lld`] (on [`dsp`]) computes its contours,
//! [`functional`] their statistics, and [`features`] the named sets. [`corpus`] lists recordings, and [`extract`] turns a
//! list into a [`table`]. There the signal half ends. The learning half reads the table: [`dataset`], [`split`],
//! [`scaler`], [`model`], [`metrics`], [`audit`], [`evaluate`], [`report`]. [`predict`] joins both halves, [`score`]
//! does so for many recordings, and `serve` over HTTP; [`plot`] draws figures.

// What everything builds on, and what can be computed, as data.
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

// Leakage between training and test, and how well a model does.
pub mod audit;
pub mod evaluate;
pub mod metrics;
pub mod plot;
pub mod report;

// Model and recording together: one, and many.
pub mod predict;
pub mod score;
#[cfg(feature = "serve")]
pub mod serve;
#[cfg(feature = "frame")]
pub mod summary;

// How values are shown in a notebook.
#[cfg(any(test, feature = "notebook"))]
pub mod notebook;

pub mod prelude {
    //! What most programs and notebooks need: `use sentire::prelude::*`. With the cargo features
    //! `notebook` and `frame` it includes polars' prelude.
    //!
    //! # From recordings to a table
    //!
    //! [`extract::update`] computes the features of every recording that a manifest lists; the same
    //! call again computes only what has changed. What fails is a row of a second table.
    //! ```
    //! use sentire::prelude::*;
    //!
    //! # let dir = tempfile::tempdir().unwrap();
    //! # let out = dir.path().join("demo.parquet");
    //! let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    //! let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    //! let first = extract::update(&demo, &egemaps, &out)?;
    //! assert_eq!((first.rows, first.features, first.failed), (128, 88, 0));
    //! assert!(!extract::failures_path(&out).exists());
    //!
    //! let again = extract::update(&demo, &egemaps, &out)?;
    //! assert_eq!(again.reused, 128);
    //! # Ok::<(), Error>(())
    //! ```
    //!
    //! A row for each window of a recording, with other settings:
    //! ```
    //! use sentire::prelude::*;
    //!
    //! let settings = Settings {
    //!     sets: vec![FeatureSet::EGEMAPS],
    //!     segmentation: Segmentation::from_flags(Some(0.5), None)?,
    //!     ..Settings::default()
    //! };
    //! let options = settings.read_options(None, None);
    //! let recording = audio::read("corpora/demo/f1_angry_s1.flac", &options)?;
    //! let mut extractor = Extractor::new(&settings.sets);
    //! let rows = extract::features_of(&recording, &mut extractor, "f1_angry_s1.flac")?;
    //! assert_eq!(rows.len(), recording.windows.len());
    //! assert!(rows.iter().all(|row| row.len() == settings.feature_names().len()));
    //! assert_eq!(extract::places(&recording, &settings)[0], (0.0, 0.5));
    //! assert_eq!(Settings::from_metadata(&settings.to_metadata())?, settings);
    //! # Ok::<(), Error>(())
    //! ```
    //!
    //! A table that went through a program that drops metadata is recognised by the names of its
    //! columns:
    //! ```
    //! use sentire::prelude::*;
    //!
    //! # let dir = tempfile::tempdir().unwrap();
    //! # let path = dir.path().join("from_pandas.parquet");
    //! let column = |name: String| (name, Column::Float(vec![0.5]));
    //! let columns = FeatureSet::EGEMAPS.names().map(column).collect();
    //! Table { columns, ..Table::default() }.write(&path)?;
    //! let (table, recognised) = extract::read_table(&path)?;
    //! assert_eq!(recognised.expect("it has no metadata").features, 88);
    //! assert_eq!(table.feature_names().expect("known now").len(), 88);
    //! # Ok::<(), Error>(())
    //! ```
    //!
    //! # From a table to a data set
    //!
    //! [`Dataset::new`] takes the labelled rows of a table in memory, [`Dataset::read`] those of files:
    //! ```
    //! use sentire::prelude::*;
    //!
    //! let words = |words: [&str; 4]| Column::Text(words.map(|word| Some(word.into())).into());
    //! let table = Table {
    //!     columns: vec![
    //!         ("file".into(), words(["a.wav", "b.wav", "c.wav", "d.wav"])),
    //!         ("speaker".into(), words(["anna", "ben", "anna", "ben"])),
    //!         ("emotion".into(), words(["angry", "angry", "sad", "sad"])),
    //!         ("loudness".into(), Column::Float(vec![3.0, 5.0, 1.0, 3.0])),
    //!     ],
    //!     metadata: [("sentire.features".into(), "[\"loudness\"]".into())].into(),
    //! };
    //! let data = Dataset::new(&table, "emotion")?;
    //! assert_eq!((data.len(), data.speaker_count()), (4, 2));
    //! assert_eq!(data.classes(), ["angry", "sad"]);
    //! assert_eq!(data.y(), [0, 0, 1, 1]);
    //!
    //! // Means 4 and 2, both with a variance of 2: Cohen's d is 2 / sqrt(2).
    //! let contrast = &data.contrasts(&[0, 1])[0];
    //! assert!((contrast.d - 2.0_f64.sqrt()).abs() < 1e-9);
    //! # Ok::<(), Error>(())
    //! ```
    //!
    //! Some of its rows, or classes under other names:
    //! ```
    //! use sentire::prelude::*;
    //!
    //! # let dir = tempfile::tempdir().unwrap();
    //! # let features = dir.path().join("demo.parquet");
    //! # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    //! # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    //! # extract::update(&demo, &egemaps, &features)?;
    //! let data = Dataset::read(&[&features], "emotion")?;
    //! assert_eq!(data.view().dim(), (128, 88));
    //! let of_f1: Vec<usize> = (0..128).filter(|&row| data.speaker_names()[row] == "f1").collect();
    //! assert_eq!(data.select(&of_f1).len(), 16);
    //!
    //! let map = [("happy".to_string(), "excited".to_string()), ("angry".into(), "excited".into())];
    //! let mapped = data.with_classes_mapped(&map)?;
    //! assert_eq!(mapped.classes(), ["excited", "neutral", "sad"]);
    //! # Ok::<(), Error>(())
    //! ```
    //!
    //! # From a data set to a report
    //!
    //! ```
    //! use sentire::prelude::*;
    //!
    //! # let dir = tempfile::tempdir().unwrap();
    //! # let features = dir.path().join("demo.parquet");
    //! # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    //! # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    //! # extract::update(&demo, &egemaps, &features)?;
    //! let data = Dataset::read(&[&features], "emotion")?;
    //! let protocol = Protocol { normalize: Normalize::Speaker, ..Protocol::default() };
    //! let report = evaluate(&data, &"ridge".parse()?, &protocol)?.report;
    //! println!("UAR {:.3} ({:.3} to {:.3})", report.uar, report.uar_ci95[0], report.uar_ci95[1]);
    //! assert!(report.uar > report.chance);
    //! # Ok::<(), Error>(())
    //! ```
    //!
    //! # Numbers instead of classes
    //!
    //! Columns of numbers are learned as numbers, several of them together:
    //! ```
    //! use sentire::prelude::*;
    //!
    //! // Eight speakers with five recordings each; arousal follows loudness.
    //! let loudness = |row: usize| (row * 7 % 11) as f32 + 0.01 * row as f32;
    //! let words = |of: fn(usize) -> String| Column::Text((0..40).map(|row| Some(of(row))).collect());
    //! let table = Table {
    //!     columns: vec![
    //!         ("file".into(), words(|row| format!("{row}.wav"))),
    //!         ("speaker".into(), words(|row| format!("s{}", row / 5))),
    //!         ("arousal".into(), Column::Double((0..40).map(|row| f64::from(loudness(row)) + (row % 3) as f64).collect())),
    //!         ("loudness".into(), Column::Float((0..40).map(loudness).collect())),
    //!     ],
    //!     metadata: [("sentire.features".into(), "[\"loudness\"]".into())].into(),
    //! };
    //! let data = Dataset::new(&table, "arousal")?;
    //! assert!(matches!(data.target, Target::Values(_)));
    //! let report = evaluate_values(&data, &"ridge".parse()?, &Protocol::default())?.report;
    //! assert!(report.targets[0].figures.ccc > 0.9);
    //!
    //! let model = Model::train(&data, &"ridge".parse()?, Normalize::Train, 0)?;
    //! assert_eq!(model.values(data.view(), &[vec![0], vec![1]]).dim(), (2, 1));
    //! # Ok::<(), Error>(())
    //! ```
    //!
    //! [`Predictor`] joins a [`Model`] and recordings; [`plot`] draws.

    // Our names take precedence over those of polars.
    #[cfg(all(feature = "frame", feature = "notebook"))]
    pub use polars::prelude::*;

    pub use crate::audio::{
        self, Audio, Augmentation, Channel, Gain, Pauses, Rate, ReadOptions, Recording,
        Segmentation, Turns, Window,
    };
    pub use crate::catalogue::{self, Family, FeatureSet, Lld};
    pub use crate::corpus::{self, Layout, Manifest, Utterance, scan};
    pub use crate::dataset::{Contrast, Dataset, LabelSpec, Target, Task};
    pub use crate::error::{Error, Result};
    pub use crate::evaluate::{
        Evaluation, FoldSpec, OutOfFold, Protocol, ValueEvaluation, evaluate, evaluate_values,
    };
    pub use crate::extract::{self, Level, Settings};
    pub use crate::features::Extractor;
    pub use crate::lld::LldTable;
    pub use crate::model::{
        Balance, Groups, Model, ModelSpec, Normalize, Projection, TrainOptions,
    };
    #[cfg(any(test, feature = "notebook"))]
    pub use crate::notebook::{Show, Shown, plot_contrasts, plot_reasons};
    pub use crate::plot::{self, Figure};
    pub use crate::predict::{self, Estimate, Features, Prediction, Predictor, Reason};
    pub use crate::report::{Report, ValueReport, plot_uars};
    pub use crate::score;
    #[cfg(feature = "frame")]
    pub use crate::summary::{self, SummarySpec};
    pub use crate::table::{Column, Table};
}
