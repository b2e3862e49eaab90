//! Calibration: turns the outputs of a classifier into probabilities, fitted on held-out speakers.
//!
//! One factor, the sharpness, is fitted by maximum likelihood for all classes ("temperature scaling", Guo et al. 2017,
//! "On calibration of modern neural networks"). Then the probability of the predicted class is set to how often such a
//! probability was right, by a sigmoid of its log-odds (Gupta and Ramdas 2022, "Top-label calibration"), and the other
//! classes share the rest in their former proportions. The predicted class stays the most probable one. Pairwise
//! decisions are coupled first (see `coupling`).

use ndarray::{Array2, ArrayView1, ArrayViewMut1};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::coupling::{Sigmoid, coupled};
use crate::model::learners::svm;
use crate::model::outputs::{Outputs, softmax};
use crate::model::{best, mean};

/// Bounds of the sharpness: from nearly uniform to nearly certain.
const LOWEST: f64 = 1e-2;
const HIGHEST: f64 = 1e2;
/// No probability that is learned from is smaller: one recording must not decide everything.
const SMALLEST: f64 = 1e-6;

/// The fitted mapping from outputs to probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    classes: usize,
    /// One for each pair, of a classifier that decides between pairs.
    sigmoids: Vec<Sigmoid>,
    /// Classes that training did not see have no probability.
    seen: Vec<bool>,
    sharpness: f64,
    /// From the log-odds of the most probable class to how often it is right; `None` where that could
    /// not be learned.
    top: Option<Sigmoid>,
}

impl Calibration {
    /// How many classes it is of.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// The default for when no speaker can be held out. `seen` tells for each class whether it occurred in training.
    pub fn unfitted(seen: &[bool]) -> Calibration {
        Calibration {
            classes: seen.len(),
            sigmoids: vec![Sigmoid::default(); svm::pairs(seen.len()).len()],
            seen: seen.to_vec(),
            sharpness: 1.0,
            top: None,
        }
    }

    /// Whether it is of so many classes, and its parts fit together.
    pub fn fits(&self, classes: usize) -> bool {
        self.classes == classes
            && self.seen.len() == classes
            && self.sigmoids.len() == svm::count_of_pairs(classes)
    }

    /// Fits to the outputs for rows that were not trained on, and their labels `y`. `recordings` holds the rows of each
    /// recording, its windows; the mean of their probabilities is what is calibrated.
    pub fn fit(
        outputs: &Outputs,
        y: &[usize],
        seen: &[bool],
        recordings: &[Vec<usize>],
    ) -> Calibration {
        let mut calibration = Calibration::unfitted(seen);
        if let Outputs::Decisions(decisions) = outputs {
            let fit = |(pair, (a, b)): (usize, (usize, usize))| {
                let known = recordings
                    .iter()
                    .flatten()
                    .copied()
                    .filter(|&row| y[row] == a || y[row] == b)
                    .map(|row| (decisions[(row, pair)], y[row] == a))
                    .filter(|(decision, _)| !decision.is_nan());
                let (decisions, is_first): (Vec<f64>, Vec<bool>) = known.unzip();
                Sigmoid::fit_balanced(&decisions, &is_first)
            };
            let pairs: Vec<_> = svm::pairs(seen.len()).into_iter().enumerate().collect();
            calibration.sigmoids = pairs.into_par_iter().map(fit).collect();
        }
        let logits = calibration.logits(outputs);
        let of_recordings: Vec<(Vec<ArrayView1<f64>>, usize)> = recordings
            .iter()
            .map(|rows| {
                (
                    rows.iter().map(|&row| logits.row(row)).collect(),
                    y[rows[0]],
                )
            })
            .collect();
        calibration.sharpness = fit_sharpness(&of_recordings);
        let p = calibration.of_logits(&logits, recordings);
        let (odds, is_right): (Vec<f64>, Vec<bool>) = p
            .rows()
            .into_iter()
            .zip(recordings)
            .map(|(p, rows)| {
                let said = best(p);
                (log_odds(p[said]), said == y[rows[0]])
            })
            .unzip();
        // Where a surer answer is not more often right, or all are, there is nothing to learn.
        let top = Sigmoid::fit_plain(&odds, &is_right);
        let says_something = is_right.contains(&true) && is_right.contains(&false);
        calibration.top = (says_something && top.rises()).then_some(top);
        calibration
    }

    /// Calibrated probabilities, recordings x classes: the mean over the rows of each recording, its windows, calibrated
    /// as a mean. Each row sums to 1, and its largest probability is that of the predicted class.
    pub fn probabilities(&self, outputs: &Outputs, recordings: &[Vec<usize>]) -> Array2<f64> {
        self.of_logits(&self.logits(outputs), recordings)
    }

    fn of_logits(&self, logits: &Array2<f64>, recordings: &[Vec<usize>]) -> Array2<f64> {
        let of_rows = softmax(logits.view(), self.sharpness);
        let mut p = Array2::zeros((recordings.len(), self.classes));
        for (mut p, rows) in p.rows_mut().into_iter().zip(recordings) {
            p.assign(&mean(of_rows.view(), rows));
            if let Some(top) = self.top {
                with_top(p, top);
            }
        }
        p
    }

    /// What the softmax is taken of.
    fn logits(&self, outputs: &Outputs) -> Array2<f64> {
        let log = |p: f64| p.max(SMALLEST).ln();
        let mut logits = match outputs {
            Outputs::Scores(scores) => scores.clone(),
            Outputs::Shares(shares) => shares.mapv(log),
            Outputs::Values(_) => unreachable!("numbers have no probabilities"),
            Outputs::Decisions(decisions) => {
                let rows: Vec<Vec<f64>> = (0..decisions.nrows())
                    .into_par_iter()
                    .map(|row| self.coupled(&decisions.row(row).to_vec()))
                    .collect();
                Array2::from_shape_fn((rows.len(), self.classes), |(row, class)| {
                    log(rows[row][class])
                })
            }
        };
        for (class, _) in self.seen.iter().enumerate().filter(|(_, seen)| !**seen) {
            logits.column_mut(class).fill(f64::NEG_INFINITY);
        }
        logits
    }

    /// The coupled probabilities of one row. Votes decide which class is meant, as in libsvm; where
    /// coupling has another in front, the two change places.
    fn coupled(&self, decisions: &[f64]) -> Vec<f64> {
        let pairs = decisions.iter().zip(&self.sigmoids);
        let r: Vec<f64> = pairs.map(|(&d, sigmoid)| sigmoid.probability(d)).collect();
        let mut p = coupled(&r, self.classes);
        let first =
            (0..p.len()).reduce(|best, class| if p[class] > p[best] { class } else { best });
        p.swap(first.unwrap_or(0), svm::elected(decisions, self.classes));
        p
    }
}

/// Sets the largest of some probabilities to what `top` makes of it; the others share the rest as
/// they did.
fn with_top(mut p: ArrayViewMut1<f64>, top: Sigmoid) {
    let said = best(p.view());
    let others = || {
        (0..p.len())
            .filter(|&class| class != said)
            .map(|class| p[class])
    };
    // Not 1 less the largest: of a rest of 1e-10 that would be half rounding.
    let rest: f64 = others().sum();
    let second = others().fold(0.0, f64::max);
    if rest <= 0.0 || second <= 0.0 {
        return;
    }
    // However often it is wrong, it stays ahead of the second.
    let least = (second / (rest + second)) * (1.0 + 1e-9);
    let sure = top.probability(log_odds(p[said])).max(least);
    let share = (1.0 - sure) / rest;
    match share.is_finite() {
        true => p.mapv_inplace(|p| p * share),
        // Of a rest below 1e-308.
        false => p.mapv_inplace(|p| p / rest * (1.0 - sure)),
    }
    p[said] = sure;
}

fn log_odds(p: f64) -> f64 {
    let p = p.clamp(SMALLEST, 1.0 - SMALLEST);
    (p / (1.0 - p)).ln()
}

/// The sharpness under which the labels are the most likely, given the logits of the windows of
/// recordings that were not trained on.
///
/// Of single windows the negative log-likelihood is convex in it, so a golden-section search on its
/// logarithm finds the minimum; of means over windows it has been seen with one minimum only.
fn fit_sharpness(recordings: &[(Vec<ArrayView1<f64>>, usize)]) -> f64 {
    let loss = |log_sharpness: f64| -> f64 {
        let sharpness = log_sharpness.exp();
        let surprise = |(windows, label): &(Vec<ArrayView1<f64>>, usize)| {
            let sum: f64 = windows
                .iter()
                .map(|row| share(row, *label, sharpness))
                .sum();
            -(sum / windows.len() as f64).max(SMALLEST).ln()
        };
        recordings.iter().map(surprise).sum()
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

/// The softmax of one row at one place.
fn share(logits: &ArrayView1<f64>, label: usize, sharpness: f64) -> f64 {
    let largest = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits
        .iter()
        .map(|z| (sharpness * (z - largest)).exp())
        .sum();
    (sharpness * (logits[label] - largest)).exp() / sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alone(rows: usize) -> Vec<Vec<usize>> {
        (0..rows).map(|row| vec![row]).collect()
    }

    #[test]
    fn the_fitted_probability_is_the_observed_share() {
        // Two classes, scores 1 and 0; the first is right three times in four.
        let scores = Outputs::Scores(Array2::from_shape_fn((800, 2), |(_, class)| {
            1.0 - class as f64
        }));
        let y: Vec<usize> = (0..800).map(|row| usize::from(row % 4 == 3)).collect();
        let calibration = Calibration::fit(&scores, &y, &[true; 2], &alone(800));
        assert!((calibration.sharpness - 3.0_f64.ln()).abs() < 1e-4);
        assert!((calibration.probabilities(&scores, &alone(800))[(0, 0)] - 0.75).abs() < 2e-3);
    }

    #[test]
    fn what_is_always_right_is_not_called_certain() {
        let right = |(row, class): (usize, usize)| if row % 2 == class { 1.0 } else { 0.0 };
        let scores = Outputs::Scores(Array2::from_shape_fn((4, 2), right));
        let calibration = Calibration::fit(&scores, &[0, 1, 0, 1], &[true; 2], &alone(4));
        assert!(calibration.sharpness <= HIGHEST && calibration.top.is_none());
    }

    #[test]
    fn confidence_becomes_how_often_it_is_right() {
        // Three classes. Half of the answers are said at odds of 99, and right in 3 of 4 cases; half
        // at odds of 1.5, and right in 1 of 2: no sharpness serves both.
        let (far, near) = (198.0_f64.ln(), 3.0_f64.ln());
        let scores = Outputs::Scores(Array2::from_shape_fn(
            (800, 3),
            |(row, class)| match class {
                0 if row % 2 == 0 => far,
                0 => near,
                _ => 0.0,
            },
        ));
        let y: Vec<usize> = (0..800)
            .map(|row| match (row % 2, row / 2 % 4) {
                (0, 0) | (1, 0..=1) => 1 + row / 8 % 2,
                _ => 0,
            })
            .collect();
        let calibration = Calibration::fit(&scores, &y, &[true; 3], &alone(800));
        let p = calibration.probabilities(&scores, &alone(800));
        assert!((p[(0, 0)] - 0.75).abs() < 0.01, "{}", p.row(0));
        assert!((p[(1, 0)] - 0.5).abs() < 0.01, "{}", p.row(1));
        assert!((p.row(1).sum() - 1.0).abs() < 1e-12 && p[(1, 1)] == p[(1, 2)]);
    }

    #[test]
    fn parts_that_do_not_fit_are_known() {
        let calibration = Calibration::unfitted(&[true; 3]);
        assert!(calibration.fits(3) && !calibration.fits(2) && !calibration.fits(4));
        let others = [
            Calibration {
                classes: 4,
                ..calibration.clone()
            },
            Calibration {
                seen: vec![true; 4],
                ..calibration.clone()
            },
            Calibration {
                sigmoids: Vec::new(),
                ..calibration.clone()
            },
        ];
        assert!(others.iter().all(|other| !other.fits(3)));
    }

    #[test]
    fn a_class_that_was_not_trained_has_no_probability() {
        let shares = Outputs::Shares(ndarray::array![[0.5, 0.0, 0.5], [0.2, 0.0, 0.8]]);
        let calibration = Calibration::unfitted(&[true, false, true]);
        let p = calibration.probabilities(&shares, &alone(2));
        assert_eq!(p.column(1).to_vec(), [0.0, 0.0]);
        assert!((p[(1, 2)] - 0.8).abs() < 1e-9);
    }

    #[test]
    fn the_class_that_is_meant_stays_ahead() {
        let mut p = ndarray::array![0.5, 0.45, 0.05];
        let never_right = Sigmoid::fit_plain(&[0.0, 0.0, 0.0, 1.0], &[false, false, false, true]);
        with_top(p.view_mut(), never_right);
        assert_eq!(best(p.view()), 0);
        assert!((p.sum() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_rest_next_to_nothing_is_shared_too() {
        let often_right = Sigmoid::fit_plain(&[0.0, 9.0, 9.0, 9.0], &[false, true, true, false]);
        // Less than the smallest number whose reciprocal can be written.
        let mut p = ndarray::array![1.0, 3e-310, 1e-310];
        with_top(p.view_mut(), often_right);
        assert!((p.sum() - 1.0).abs() < 1e-12 && p[0] < 0.999, "{p}");
        assert!((p[1] / p[2] - 3.0).abs() < 1e-9, "{p}");
    }

    #[test]
    fn the_elected_class_is_the_most_probable() {
        // 0 beats 1 by little, 0 beats 2 by little, 1 beats 2 by far: coupling prefers 1.
        let decisions = Outputs::Decisions(ndarray::array![[0.05, 0.05, 4.0]]);
        let p = Calibration::unfitted(&[true; 3]).probabilities(&decisions, &alone(1));
        assert_eq!(best(p.row(0)), 0);
        assert!((p.sum() - 1.0).abs() < 1e-12);
    }
}
