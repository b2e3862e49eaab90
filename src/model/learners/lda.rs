//! Linear discriminant analysis: all classes are normally distributed with one covariance and equally probable
//! beforehand (Rao 1948, "The utilization of multiple measurements in problems of biological classification"). As
//! scikit-learn's `LinearDiscriminantAnalysis(solver="lsqr", shrinkage=...)` with equal priors; no library has it.
//!
//! The covariance of each class is shrunk towards its diagonal, by a given share or by that of Ledoit and Wolf 2004 ("A
//! well-conditioned estimator for large-dimensional covariance matrices"). The mean of these is a diagonal plus the
//! products of the centred rows, so that where there are more features than rows a matrix of rows x rows is factored,
//! and none of features x features is made (Woodbury 1950, "Inverting modified matrices").

use std::fmt;
use std::str::FromStr;

use faer::linalg::solvers::{Llt, Solve};
use faer::{Mat, Side};
use ndarray::ArrayView2;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::learners::parameters::{self, Key, Kind};
use crate::model::learners::{self, Estimator, Learner, OfClasses};
use crate::model::outputs::Outputs;
use crate::model::products::product;
use crate::model::{are_linear, linear_scores, norms_over_classes};

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "lda",
    help: "linear discriminant analysis, all classes equally probable beforehand",
    keys: &[Key::new(
        "shrinkage",
        "auto",
        Kind::Own(SHRINKAGE, parameters::canonical::<Shrinkage>),
        "share of the covariance that is replaced by its diagonal",
    )
    .tuned()],
    in_auto: &[],
    grid: |given| {
        let shares = [0.9, 0.5, 0.2, 0.05].map(Shrinkage::Share);
        let all = shares.into_iter().chain([Shrinkage::Auto]);
        all.map(|share| given.with("shrinkage", share)).collect()
    },
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| {
            let fit = |shrinkage| Lda::fit(rows.x, rows.y, rows.classes, shrinkage);
            learners::fit(each, |given| fit(given.get("shrinkage")))
        },
        read: learners::read::<Lda>,
    }),
    values: None,
};

const SHRINKAGE: &str = "a number above 0, at most 1, or auto: Ledoit and Wolf's";
/// The least variance of a feature within classes, as a share of the mean of all: below it rounding is divided by.
const FLOOR: f64 = 1e-9;

/// What share of a covariance is replaced by its diagonal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Shrinkage {
    /// Of each class that of Ledoit and Wolf, after scaling its features, as scikit-learn has it.
    Auto,
    /// This; the variances become their mean.
    Share(f64),
}

impl fmt::Display for Shrinkage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shrinkage::Auto => f.write_str("auto"),
            Shrinkage::Share(share) => share.fmt(f),
        }
    }
}

impl FromStr for Shrinkage {
    type Err = String;

    fn from_str(text: &str) -> Result<Shrinkage, String> {
        let share = match text {
            "auto" => return Ok(Shrinkage::Auto),
            _ => text
                .parse()
                .ok()
                .filter(|&share: &f64| share > 0.0 && share <= 1.0),
        };
        let wrong = || format!("shrinkage {text:?}; expected {SHRINKAGE}");
        share.map(Shrinkage::Share).ok_or_else(wrong)
    }
}

/// A trained analysis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lda {
    features: usize,
    /// For each class its weights and, last, its intercept; empty for a class that training did not see.
    weights: Vec<Vec<f32>>,
}

impl Estimator for Lda {
    /// The logarithm of each class's probability, up to what all classes have in common.
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Scores(linear_scores(x, &self.weights))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        self.features == features && are_linear(&self.weights, features, answers)
    }

    /// The norm of each feature's weights over the classes.
    fn importance(&self, _features: usize) -> Vec<f64> {
        norms_over_classes(&self.weights, self.features)
    }
}

impl Lda {
    /// Trains on the scaled rows `x` with labels `y` below `classes`.
    pub fn fit(
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        shrinkage: Shrinkage,
    ) -> Result<Lda> {
        let mut rows_of = vec![Vec::new(); classes];
        y.iter()
            .enumerate()
            .for_each(|(row, &class)| rows_of[class].push(row));
        let present: Vec<usize> = (0..classes).filter(|&k| !rows_of[k].is_empty()).collect();
        let prior = 1.0 / present.len() as f64;
        let features = x.ncols();
        // The covariance is this diagonal plus `centred' centred`.
        let mut diagonal = vec![0.0; features];
        let mut centred = Mat::zeros(x.nrows(), features);
        let mut means = Mat::zeros(features, present.len());
        let mut from = 0;
        for (k, &class) in present.iter().enumerate() {
            let rows = &rows_of[class];
            let n = rows.len() as f64;
            let mut of_class =
                Mat::from_fn(rows.len(), features, |i, f| f64::from(x[(rows[i], f)]));
            let mut scales = vec![1.0; features];
            for (f, scale) in scales.iter_mut().enumerate() {
                let column = of_class.col_as_slice_mut(f);
                let mean = column.iter().sum::<f64>() / n;
                column.iter_mut().for_each(|value| *value -= mean);
                means[(f, k)] = mean;
                let variance = column.iter().map(|value| value * value).sum::<f64>() / n;
                // Less is the rounding of a constant (scikit-learn's bound).
                let rounding = (n * mean * f64::EPSILON).powi(2) + n * f64::EPSILON * variance;
                if shrinkage == Shrinkage::Auto && variance > rounding {
                    *scale = variance.sqrt();
                    column.iter_mut().for_each(|value| *value /= *scale);
                }
            }
            let (share, variance) = match shrinkage {
                Shrinkage::Auto => ledoit_wolf(&of_class),
                Shrinkage::Share(share) => (share, mean_variance(&of_class)),
            };
            let weight = (prior * (1.0 - share) / n).sqrt();
            for (f, &scale) in scales.iter().enumerate() {
                diagonal[f] += prior * share * variance * scale * scale;
                let column = &mut centred.col_as_slice_mut(f)[from..from + rows.len()];
                for (to, value) in column.iter_mut().zip(of_class.col_as_slice(f)) {
                    *to = weight * scale * value;
                }
            }
            from += rows.len();
        }
        let total = diagonal.iter().sum::<f64>() + squares(&centred);
        let least = if total > 0.0 {
            FLOOR * total / features as f64
        } else {
            1.0
        };
        diagonal.iter_mut().for_each(|d| *d = d.max(least));
        // Apart from what all have in common.
        let centre: Vec<f64> = (0..features)
            .map(|f| (0..present.len()).map(|k| means[(f, k)]).sum::<f64>() * prior)
            .collect();
        let apart = Mat::from_fn(features, present.len(), |f, k| means[(f, k)] - centre[f]);
        let solved = solve(&diagonal, centred, &apart)
            .map_err(|cause| Error::Data(format!("no linear discriminants: {cause}")))?;
        let mut weights = vec![Vec::new(); classes];
        for (k, &class) in present.iter().enumerate() {
            let of_class = solved.col_as_slice(k);
            let halfway = of_class.iter().zip(apart.col_as_slice(k)).zip(&centre);
            let intercept = halfway.map(|((w, apart), centre)| -w * (apart / 2.0 + centre));
            let intercept: f64 = intercept.sum();
            let all = of_class.iter().chain([&intercept]);
            weights[class] = all.map(|&w| w as f32).collect();
        }
        Ok(Lda { features, weights })
    }
}

fn squares(x: &Mat<f64>) -> f64 {
    x.squared_norm_l2()
}

/// The mean over the columns of the variance, where the mean is 0.
fn mean_variance(x: &Mat<f64>) -> f64 {
    squares(x) / (x.nrows() * x.ncols()) as f64
}

/// The share of Ledoit and Wolf for rows whose mean is 0, and the mean variance, which the diagonal becomes.
fn ledoit_wolf(x: &Mat<f64>) -> (f64, f64) {
    let (n, features) = (x.nrows() as f64, x.ncols() as f64);
    let variance = mean_variance(x);
    if x.ncols() == 1 {
        return (0.0, variance);
    }
    // Rows' products have the same sum of squares as columns'.
    let products = match x.ncols() > x.nrows() {
        true => product(x.as_ref(), x.transpose()),
        false => product(x.transpose(), x.as_ref()),
    };
    let of_covariance = squares(&products) / (n * n);
    let of_row = |i: usize| {
        (0..x.ncols())
            .map(|f| x[(i, f)].powi(2))
            .sum::<f64>()
            .powi(2)
    };
    let of_rows: f64 = (0..x.nrows()).map(of_row).sum();
    let error = (of_rows / n - of_covariance) / (features * n);
    let distance = of_covariance / features - variance * variance;
    let share = if distance > 0.0 {
        (error / distance).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (share, variance)
}

/// The `x` for which `(diagonal + rows' rows) x` is `right`.
fn solve(diagonal: &[f64], mut rows: Mat<f64>, right: &Mat<f64>) -> Result<Mat<f64>, String> {
    let factor = |matrix: Mat<f64>| {
        Llt::new(matrix.as_ref(), Side::Lower).map_err(|cause| format!("{cause:?}"))
    };
    if rows.ncols() <= rows.nrows() {
        let mut all = product(rows.transpose(), rows.as_ref());
        (0..all.nrows()).for_each(|f| all[(f, f)] += diagonal[f]);
        return Ok(factor(all)?.solve(right));
    }
    // With rows and x in units in which the diagonal is 1: (1 + r'r)^-1 = 1 - r' (1 + rr')^-1 r.
    let roots: Vec<f64> = diagonal.iter().map(|d| d.sqrt()).collect();
    for (f, root) in roots.iter().enumerate() {
        rows.col_as_slice_mut(f)
            .iter_mut()
            .for_each(|value| *value /= root);
    }
    let scaled = Mat::from_fn(right.nrows(), right.ncols(), |f, k| {
        right[(f, k)] / roots[f]
    });
    let mut inner = product(rows.as_ref(), rows.transpose());
    (0..inner.nrows()).for_each(|i| inner[(i, i)] += 1.0);
    let of_rows = factor(inner)?.solve(product(rows.as_ref(), scaled.as_ref()));
    let back = product(rows.transpose(), of_rows.as_ref());
    Ok(Mat::from_fn(right.nrows(), right.ncols(), |f, k| {
        (scaled[(f, k)] - back[(f, k)]) / roots[f]
    }))
}

#[test]
fn both_ways_solve_the_same_equations() {
    let value = |i: usize, f: usize| ((i * 7 + f * 5) % 11) as f64 - 5.0;
    for (n, features) in [(12, 4), (4, 12), (5, 5)] {
        let rows = Mat::from_fn(n, features, value);
        let diagonal: Vec<f64> = (0..features).map(|f| 0.5 + f as f64).collect();
        let right = Mat::from_fn(features, 2, |f, k| value(f, k + 3));
        let x = solve(&diagonal, rows.clone(), &right).unwrap();
        let back = product(
            rows.transpose(),
            product(rows.as_ref(), x.as_ref()).as_ref(),
        );
        for f in 0..features {
            for k in 0..2 {
                let found = back[(f, k)] + diagonal[f] * x[(f, k)];
                assert!(
                    (found - right[(f, k)]).abs() < 1e-9,
                    "{n} x {features}: {found}"
                );
            }
        }
    }
}

#[test]
fn what_says_nothing_does_no_harm() {
    // A constant feature, one that is 0, a class of one row, and one that does not occur.
    let x = ndarray::array![
        [7.0_f32, 0.0, -1.0],
        [7.0, 0.0, -1.1],
        [7.0, 0.0, 1.0],
        [7.0, 0.0, 9.0]
    ];
    for shrinkage in [
        Shrinkage::Auto,
        Shrinkage::Share(0.1),
        Shrinkage::Share(1.0),
    ] {
        let lda = Lda::fit(x.view(), &[0, 0, 1, 3], 4, shrinkage).unwrap();
        let Outputs::Scores(scores) = lda.outputs(x.view()) else {
            panic!("scores")
        };
        for (row, class) in scores.rows().into_iter().zip([0, 0, 1, 3]) {
            assert_eq!(crate::model::best(row), class, "{shrinkage}: {scores}");
            assert!(row[2] == f64::NEG_INFINITY && row[class].is_finite());
        }
    }
}
