//! How far a recording's features lie from those of the training recordings.
//!
//! The distance is the root mean square of the features' z-scores, by mean and deviation of the training rows: about 1 for
//! a typical one. How far recordings of other speakers lie is learned from training speakers held out in turn; a recording
//! farther away than 99 in 100 of those was recorded under other conditions, or is not speech.

use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::Result;
use crate::model::Groups;
use crate::model::calibrated::inner_folds;
use crate::scaler::Scaler;

/// Share of held-out training recordings that count as near.
const NEAR: f64 = 0.99;
/// A z-score counts as no more than this: one feature alone must not make a recording foreign.
const FARTHEST: f64 = 10.0;

/// The region of the feature space in which a model was trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Domain {
    scaler: Scaler,
    /// The distance within which recordings belong to the domain.
    pub limit: f64,
}

impl Domain {
    /// The scaling of the training rows.
    pub(super) fn scaler(&self) -> &Scaler {
        &self.scaler
    }

    /// The region as far about the rows of another scaling as it is about those of the training.
    pub(super) fn moved_to(&self, scaler: &Scaler) -> Domain {
        Domain {
            scaler: scaler.clone(),
            limit: self.limit,
        }
    }

    /// Whether it is of so many features.
    pub(super) fn fits(&self, features: usize) -> bool {
        self.scaler.fits(features)
    }

    /// Learns from all unscaled rows of `data`; for recordings cut into windows the mean distance counts.
    pub fn fit(data: &Dataset) -> Result<Domain> {
        let all: Vec<usize> = (0..data.len()).collect();
        Domain::of_rows(data, &all)
    }

    /// The same of the rows `rows`.
    pub fn of_rows(data: &Dataset, all: &[usize]) -> Result<Domain> {
        let of_recordings = |scaler: &Scaler, rows: &[usize]| -> Vec<f64> {
            let recordings = data.by_recording(rows).into_iter();
            recordings
                .map(|rows| mean_distance(scaler, data.view(), &rows))
                .collect()
        };
        let mut distances = Vec::new();
        let folds = inner_folds(data, all, Groups::Speakers)?;
        for fold in folds.map_or_else(Vec::new, |(folds, _)| folds) {
            let rows = |places: &[usize]| places.iter().map(|&at| all[at]).collect::<Vec<usize>>();
            let scaler = Scaler::fit(data.view(), &rows(&fold.train));
            distances.extend(of_recordings(&scaler, &rows(&fold.test)));
        }
        let scaler = Scaler::fit(data.view(), all);
        if distances.is_empty() {
            distances = of_recordings(&scaler, all);
        }
        distances.sort_unstable_by(f64::total_cmp);
        let last = (NEAR * distances.len() as f64).ceil() as usize;
        let limit = distances[last.clamp(1, distances.len()) - 1];
        Ok(Domain { scaler, limit })
    }

    /// The mean distance of the unscaled rows of `x`, as a multiple of the limit: above 1 is out of the domain.
    pub fn distance(&self, x: ArrayView2<f32>) -> f64 {
        let rows: Vec<usize> = (0..x.nrows()).collect();
        mean_distance(&self.scaler, x, &rows) / self.limit.max(f64::MIN_POSITIVE)
    }
}

/// The mean distance of some rows.
fn mean_distance(scaler: &Scaler, x: ArrayView2<f32>, rows: &[usize]) -> f64 {
    // A missing feature has a z-score of 0 here, that of the training mean: whether it is missing
    // says more of what is said than of how it was recorded.
    let scaled = scaler.apply(x, rows);
    let square = |z: &f32| f64::from(*z).clamp(-FARTHEST, FARTHEST).powi(2);
    let distance = |row: ndarray::ArrayView1<f32>| {
        (row.iter().map(square).sum::<f64>() / row.len().max(1) as f64).sqrt()
    };
    scaled.rows().into_iter().map(distance).sum::<f64>() / rows.len() as f64
}

#[test]
fn what_lies_elsewhere_is_far() {
    use ndarray::Array2;
    let mut data = crate::dataset::tests::of_labels(&[0; 40], 2);
    data.x = Array2::from_shape_fn((40, 5), |(i, j)| ((i * (2 * j + 3)) % 13) as f32);
    data.speakers = (0..40).map(|i| Some((i % 4).to_string())).collect();
    let domain = Domain::fit(&data).unwrap();
    assert!(domain.distance(data.x.select(ndarray::Axis(0), &[3, 4, 5]).view()) < 1.0);
    assert!(domain.distance(Array2::from_elem((1, 5), 60.0).view()) > 2.0);
}
