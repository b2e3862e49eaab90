//! Prediction: model and recording to emotion. The same reading, mixing, resampling and features as
//! the model was trained on.

use std::collections::BTreeMap;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::extract::Settings;
use crate::features::Extractor;
use crate::model::{self, Model, Normalize};

/// A protocol-B model scales a speaker by their own recordings and wants at least this many.
pub const SMALLEST_CALL: usize = 8;

/// What a model says of one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The recording as the caller named it.
    pub file: String,
    /// The most probable class.
    pub label: String,
    /// Probability of each class; they sum to 1.
    pub probabilities: BTreeMap<String, f64>,
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

    /// How recordings must be read for this model.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// An extractor of the model's features, for [`features_of`](crate::extract::features_of). Plan
    /// one per thread.
    pub fn extractor(&self) -> Extractor {
        Extractor::new(&self.settings.sets)
    }

    /// Predictions for recordings: name, length in seconds and features of each. A protocol-B model
    /// takes them as those of one speaker and needs at least [`SMALLEST_CALL`].
    pub fn predict(&self, recordings: &[(String, f64, Vec<f32>)]) -> Result<Vec<Prediction>> {
        if self.model.card.normalize == Normalize::Speaker && recordings.len() < SMALLEST_CALL {
            return Err(Error::Usage(format!(
                "the model scales each speaker by their own recordings (--normalize speaker) and needs at least {SMALLEST_CALL} of one \
                 speaker, not {}; give more, use `sentire score --speaker-column`, or train with --normalize corpus",
                recordings.len()
            )));
        }
        let width = self.model.feature_names.len();
        let values: Vec<f32> = recordings
            .iter()
            .flat_map(|(_, _, features)| features.iter().copied())
            .collect();
        let x = Array2::from_shape_vec((recordings.len(), width), values)
            .map_err(|cause| Error::Data(format!("features do not fit the model: {cause}")))?;
        let probabilities = self.model.probabilities(x.view());
        let classes = &self.model.card.classes;
        let prediction =
            |((file, duration_s, _), row): (&(String, f64, Vec<f32>), ndarray::ArrayView1<f64>)| {
                Prediction {
                    file: file.clone(),
                    label: classes[model::best(row)].clone(),
                    probabilities: classes.iter().cloned().zip(row.iter().copied()).collect(),
                    model: self.model.card.model.to_string(),
                    duration_s: *duration_s,
                }
            };
        Ok(recordings
            .iter()
            .zip(probabilities.rows())
            .map(prediction)
            .collect())
    }
}
