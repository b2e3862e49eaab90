//! Prediction: model and recording to emotion. The same reading, mixing, resampling, trimming,
//! gain, windows and features as the model was trained on.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::audio::Window;
use crate::error::{Error, Result};
use crate::extract::Settings;
use crate::features::Extractor;
use crate::model::{self, Model, Normalize};

/// A protocol-B model scales a speaker by their own recordings, or the windows of them, and wants
/// at least this many.
pub const SMALLEST_CALL: usize = 8;

/// What a model is told of one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The recording as the caller names it.
    pub file: String,
    /// Its length in seconds.
    pub duration_s: f64,
    /// The features of each of its windows, as [`features_of`](crate::extract::features_of) gives
    /// them: of the whole alone, where there are no windows.
    pub windows: Vec<Vec<f32>>,
}

/// What a model says of one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The recording as the caller named it.
    pub file: String,
    /// The most probable class.
    pub label: String,
    /// Probability of each class; they sum to 1.
    pub probabilities: BTreeMap<String, f64>,
    /// Whether the largest probability is below the model's threshold, above which it was wrong at
    /// most half as often as in general.
    pub unsure: bool,
    /// Whether the features lie farther from those of the training than 99 in 100 recordings of
    /// speakers it had not heard: another kind of speech, another microphone, or no speech.
    pub out_of_domain: bool,
    /// The classifier.
    pub model: String,
    /// Length of the recording in seconds.
    pub duration_s: f64,
}

/// A model ready to predict: this program is known to compute the features it wants.
pub struct Predictor<'a> {
    model: &'a Model,
    settings: Settings,
}

impl<'a> Predictor<'a> {
    /// Checks that this program computes the features that `model` was trained on.
    pub fn new(model: &'a Model) -> Result<Predictor<'a>> {
        let settings = Settings::from_metadata(&model.card.features)?;
        if settings.feature_names() != model.feature_names {
            return Err(Error::Data(format!(
                "was trained on {} features, this sentire computes {} under that name; train it again",
                model.feature_names.len(),
                settings.feature_names().len()
            )));
        }
        Ok(Predictor { model, settings })
    }

    /// Cuts recordings into these windows, whatever those were that the model was trained on.
    pub fn with_window(mut self, window: Window) -> Predictor<'a> {
        self.settings.window = Some(window);
        self
    }

    /// How recordings must be read for this model.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// An extractor of the model's features, for [`features_of`](crate::extract::features_of). Plan
    /// one per thread.
    pub fn extractor(&self) -> Extractor {
        Extractor::new(&self.settings.sets)
    }

    /// A prediction for each recording: the mean of its windows' probabilities. A protocol-B model
    /// takes all of them as those of one speaker and needs at least [`SMALLEST_CALL`] windows; a
    /// recording that is not cut counts as one.
    pub fn predict(&self, recordings: &[Features]) -> Result<Vec<Prediction>> {
        let rows = || recordings.iter().flat_map(|recording| &recording.windows);
        let windows = rows().count();
        if self.model.card.normalize == Normalize::Speaker && windows < SMALLEST_CALL {
            return Err(Error::Usage(format!(
                "the model scales each speaker by their own recordings (--normalize speaker) and needs at least {SMALLEST_CALL} of one \
                 speaker, or as many windows of them, not {windows}; give more, use `sentire score --speaker-column`, or train with \
                 --normalize corpus"
            )));
        }
        let width = self.model.feature_names.len();
        let x = Array2::from_shape_vec((windows, width), rows().flatten().copied().collect())
            .map_err(|cause| Error::Data(format!("features do not fit the model: {cause}")))?;
        let mut next = 0..windows;
        let own = |recording: &Features| next.by_ref().take(recording.windows.len()).collect();
        let rows: Vec<Vec<usize>> = recordings.iter().map(own).collect();
        let probabilities = self.model.probabilities(x.view(), &rows);
        let classes = &self.model.card.classes;
        let prediction = |(at, recording): (usize, &Features)| {
            let p = probabilities.row(at);
            let best = model::best(p);
            let windows = x.select(ndarray::Axis(0), &rows[at]);
            Prediction {
                file: recording.file.clone(),
                label: classes[best].clone(),
                unsure: p[best] < self.model.card.unsure_below,
                out_of_domain: self.model.distance(windows.view()) > 1.0,
                probabilities: classes.iter().cloned().zip(p.iter().copied()).collect(),
                model: self.model.card.trained.to_string(),
                duration_s: recording.duration_s,
            }
        };
        Ok(recordings.iter().enumerate().map(prediction).collect())
    }
}
