//! Z-scores: training scaling, fitted on the training rows, or scaling of each speaker by their own rows.
//!
//! Missing values are replaced by the mean of the rows that the scaler is fitted on; deviations are population standard
//! deviations over all of these rows, as from scikit-learn's `SimpleImputer` followed by `StandardScaler`; constant columns
//! become 0. For a speaker who is scaled alone, missing values take that speaker's own mean, so that no other speaker has
//! an influence.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

/// Mean and scale of each feature.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scaler {
    mean: Vec<f64>,
    /// One over the standard deviation; 0 for a constant column.
    inverse_std: Vec<f64>,
}

/// Columns that vary less than this, relative to their mean, are constant. What varies in single
/// precision varies by 6e-8 at least, in one row of a million by 6e-11 of deviation; what rounding
/// in double precision leaves of equal values is below 1e-15.
const CONSTANT: f64 = 1e-12;

impl Scaler {
    /// Whether it is of so many features, and its parts fit together.
    pub(crate) fn fits(&self, features: usize) -> bool {
        self.mean.len() == features && self.inverse_std.len() == features
    }

    /// Fits mean and deviation of each column of `x` over the rows `rows`.
    pub fn fit(x: ArrayView2<f32>, rows: &[usize]) -> Scaler {
        let features = x.ncols();
        let (mut sum, mut known) = (vec![0.0_f64; features], vec![0.0_f64; features]);
        for &row in rows {
            for (f, &value) in x.row(row).iter().enumerate() {
                if !value.is_nan() {
                    sum[f] += f64::from(value);
                    known[f] += 1.0;
                }
            }
        }
        let mean: Vec<f64> = sum
            .iter()
            .zip(&known)
            .map(|(s, &n)| if n > 0.0 { s / n } else { 0.0 })
            .collect();
        let mut squares = vec![0.0_f64; features];
        for &row in rows {
            for (f, &value) in x.row(row).iter().enumerate() {
                if !value.is_nan() {
                    squares[f] += (f64::from(value) - mean[f]).powi(2);
                }
            }
        }
        let inverse =
            |(square, mean): (&f64, &f64)| inverse_std((square / rows.len() as f64).sqrt(), *mean);
        let inverse_std = squares.iter().zip(&mean).map(inverse).collect();
        Scaler { mean, inverse_std }
    }

    /// The rows `rows` of `x`, scaled.
    pub fn apply(&self, x: ArrayView2<f32>, rows: &[usize]) -> Array2<f32> {
        let mut out = Array2::zeros((rows.len(), x.ncols()));
        for (mut scaled, &row) in out.rows_mut().into_iter().zip(rows) {
            for (f, (slot, &value)) in scaled.iter_mut().zip(x.row(row)).enumerate() {
                if !value.is_nan() {
                    *slot = ((f64::from(value) - self.mean[f]) * self.inverse_std[f]) as f32;
                }
            }
        }
        out
    }
}

/// Mean and deviation of rows that come one after the other and are not kept (Welford 1962, "Note on a method for calculating
/// corrected sums of squares and products").
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    rows: usize,
    known: Vec<f64>,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    /// Of rows with so many features.
    pub fn new(features: usize) -> Moments {
        Moments {
            rows: 0,
            known: vec![0.0; features],
            mean: vec![0.0; features],
            squares: vec![0.0; features],
        }
    }

    /// One more row.
    pub fn add<'a>(&mut self, row: impl Iterator<Item = &'a f32>) {
        self.rows += 1;
        for (f, &value) in row.enumerate().filter(|(_, value)| !value.is_nan()) {
            self.known[f] += 1.0;
            let distance = f64::from(value) - self.mean[f];
            self.mean[f] += distance / self.known[f];
            self.squares[f] += distance * (f64::from(value) - self.mean[f]);
        }
    }

    /// How many rows there were.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// What [`Scaler::fit`] makes of these rows, but for rounding.
    pub fn scaler(&self) -> Scaler {
        let rows = self.rows.max(1) as f64;
        let inverse = |(square, mean): (&f64, &f64)| inverse_std((square / rows).sqrt(), *mean);
        Scaler {
            inverse_std: self.squares.iter().zip(&self.mean).map(inverse).collect(),
            mean: self.mean.clone(),
        }
    }
}

/// One over a standard deviation; 0 for a constant column.
fn inverse_std(std: f64, mean: f64) -> f64 {
    match std > CONSTANT * mean.abs() && std > 0.0 {
        true => 1.0 / std,
        false => 0.0,
    }
}

/// `x` (rows x features) with the rows of each group, a speaker or a corpus, scaled by mean and deviation of the group's own
/// rows, as far as these `count`; of a group of which none does, of all.
pub fn per_group<'a>(
    x: ArrayView2<f32>,
    groups: impl Iterator<Item = Option<&'a str>>,
    counts: impl Fn(&usize) -> bool,
) -> Array2<f32> {
    let mut rows_of: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
    for (row, group) in groups.enumerate() {
        rows_of.entry(group).or_default().push(row);
    }
    let mut out = Array2::zeros(x.dim());
    for rows in rows_of.values() {
        let own: Vec<usize> = rows.iter().copied().filter(|row| counts(row)).collect();
        let scaler = Scaler::fit(x, if own.is_empty() { rows } else { &own });
        let scaled = scaler.apply(x, rows);
        for (scaled, &row) in scaled.rows().into_iter().zip(rows) {
            out.row_mut(row).assign(&scaled);
        }
    }
    out
}

/// `x` scaled by mean and deviation of all its rows.
pub fn as_one_group(x: ArrayView2<f32>) -> Array2<f32> {
    per_group(x, (0..x.nrows()).map(|_| None), |_| true)
}

#[test]
fn columns_are_centred_scaled_and_filled() {
    use ndarray::array;
    let x = array![
        [1.0, 5.0, f32::NAN],
        [3.0, 5.0, 2.0],
        [100.0, 9.0, f32::NAN]
    ];
    let scaler = Scaler::fit(x.view(), &[0, 1]);
    // Column 1 is constant in the rows of the fit, column 2 known in one: its mean stands in, so it
    // is constant too.
    assert_eq!(
        scaler.apply(x.view(), &[0, 1, 2]),
        array![[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [98.0, 0.0, 0.0]]
    );
}

#[test]
fn each_speaker_is_scaled_alone() {
    use ndarray::array;
    let x = array![[1.0_f32], [10.0], [3.0], [30.0]];
    let speakers = ["a", "b", "a", "b"].map(|s| Some(s.to_string()));
    assert_eq!(
        per_group(x.view(), speakers.iter().map(Option::as_deref), |_| true),
        array![[-1.0], [-1.0], [1.0], [1.0]]
    );
}

#[test]
fn rows_that_are_not_kept_are_scaled_alike() {
    let x = Array2::from_shape_fn((50, 4), |(i, f)| match (i * 7 + f) % 11 {
        3 => f32::NAN,
        _ if f == 3 => 1000.1,
        rest => 1000.0 * f as f32 + rest as f32,
    });
    let all: Vec<usize> = (0..50).collect();
    let mut moments = Moments::new(4);
    x.rows().into_iter().for_each(|row| moments.add(row.iter()));
    assert_eq!(moments.rows(), 50);
    let (ours, theirs) = (moments.scaler(), Scaler::fit(x.view(), &all));
    let (ours, theirs) = (ours.apply(x.view(), &all), theirs.apply(x.view(), &all));
    assert!(theirs.column(1).iter().any(|z| z.abs() > 0.5));
    assert!(theirs.column(3).iter().all(|z| *z == 0.0));
    assert!((ours - theirs).iter().all(|d| d.abs() < 1e-5));
}
