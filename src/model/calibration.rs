//! Scores to probabilities: a softmax whose sharpness is fitted on held-out scores.
//!
//! One parameter for all classes, fitted by maximum likelihood ("temperature scaling", Guo et al.
//! 2017, "On calibration of modern neural networks"). It keeps the order of the classes: the most
//! probable one is the one with the largest score.

use ndarray::{Array2, ArrayView1, ArrayView2};

/// Bounds of the sharpness: from nearly uniform to nearly certain.
const LOWEST: f64 = 1e-2;
const HIGHEST: f64 = 1e2;

/// `exp(sharpness * score)`, each row divided by its sum.
pub fn softmax(scores: ArrayView2<f64>, sharpness: f64) -> Array2<f64> {
    let mut out = scores.to_owned();
    for mut row in out.rows_mut() {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.mapv_inplace(|score| (sharpness * (score - largest)).exp());
        let sum = row.sum();
        row.mapv_inplace(|p| p / sum);
    }
    out
}

/// The sharpness under which the labels `y` are the most likely, given the scores of rows that were
/// not trained on.
///
/// The negative log-likelihood is convex in it, so a golden-section search on its logarithm finds
/// the minimum.
pub fn fit_sharpness(scores: ArrayView2<f64>, y: &[usize]) -> f64 {
    let loss = |log_sharpness: f64| -> f64 {
        let rows = scores.rows().into_iter().zip(y);
        rows.map(|(row, &label)| negative_log_likelihood(row, label, log_sharpness.exp()))
            .sum()
    };
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (LOWEST.ln(), HIGHEST.ln());
    while high - low > 1e-6 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if loss(a) <= loss(b) {
            high = b
        } else {
            low = a
        }
    }
    ((low + high) / 2.0).exp()
}

fn negative_log_likelihood(scores: ArrayView1<f64>, label: usize, sharpness: f64) -> f64 {
    let largest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = scores
        .iter()
        .map(|score| (sharpness * (score - largest)).exp())
        .sum();
    sum.ln() - sharpness * (scores[label] - largest)
}

#[test]
fn the_fitted_sharpness_gives_the_observed_share() {
    // Two classes, scores 1 and 0; the first is right three times in four: p = 3/4 where sharpness
    // = ln 3.
    let scores = Array2::from_shape_fn((8, 2), |(_, class)| 1.0 - class as f64);
    let y = [0, 0, 0, 1, 0, 0, 0, 1];
    let sharpness = fit_sharpness(scores.view(), &y);
    assert!((sharpness - 3.0_f64.ln()).abs() < 1e-4, "{sharpness}");
    assert!((softmax(scores.view(), sharpness)[(0, 0)] - 0.75).abs() < 1e-5);
}

#[test]
fn scores_that_are_always_right_are_not_called_certain() {
    let scores = Array2::from_shape_fn(
        (4, 2),
        |(row, class)| if row % 2 == class { 1.0 } else { 0.0 },
    );
    assert!(fit_sharpness(scores.view(), &[0, 1, 0, 1]) <= HIGHEST);
}
