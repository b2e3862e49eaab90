//! What the regressions have in common. On classes: for each class a function that should be 1 on its rows and -1 on all
//! others (of a row whose raters differ, twice its share less 1), and balanced classes. On numbers: a function for each.
//! Free intercepts.

use faer::Mat;
use ndarray::{Array2, ArrayView2};

use crate::model::balance;
use crate::model::products::products;

/// What a regression is on.
#[derive(Debug, Clone, Copy)]
pub enum Targets<'a> {
    /// Rows x classes: the share of each class, which sum to 1 in a row. Classes weigh alike in sum, as by scikit-learn's
    /// `class_weight="balanced"`; with the number of each row's corpus, corpora do within each class.
    Shares(ArrayView2<'a, f64>, Option<&'a [usize]>),
    /// Rows x targets; rows weigh alike.
    Values(ArrayView2<'a, f64>),
}

/// Values and targets of the rows, less their weighted means and times the roots of the weights: what
/// remains is a regression without weights and intercept.
pub struct Weighted {
    /// Rows x columns.
    pub x: Mat<f64>,
    /// Rows x classes that occur, or targets.
    pub targets: Mat<f64>,
    /// The classes that occur, or all targets.
    present: Vec<usize>,
    /// The weighted mean of each column.
    pub mean: Vec<f64>,
    /// The weighted mean of each target.
    pub target_mean: Vec<f64>,
    /// Root of each row's weight.
    pub roots: Vec<f64>,
    /// Sum of the weights.
    pub total: f64,
    classes: usize,
}

impl Weighted {
    /// Of the rows `x`.
    pub fn of(x: ArrayView2<f32>, targets: Targets) -> Weighted {
        match targets {
            Targets::Shares(shares, corpora) => {
                let (weights, shares) = balance::of_shares(shares, corpora);
                Weighted::new(x, shares.view(), weights)
            }
            Targets::Values(y) => {
                let present = (0..y.ncols()).collect();
                Weighted::with(x, vec![1.0; x.nrows()], present, y.ncols(), |i, k| {
                    y[(i, k)]
                })
            }
        }
    }

    /// Of rows with these shares of the classes and these weights.
    pub fn new(x: ArrayView2<f32>, shares: ArrayView2<f64>, weights: Vec<f64>) -> Weighted {
        let classes = shares.ncols();
        let occurs = |&class: &usize| shares.column(class).iter().any(|&share| share > 0.0);
        let present: Vec<usize> = (0..classes).filter(occurs).collect();
        let roots: Vec<f64> = weights.into_iter().map(f64::sqrt).collect();
        let of_place = present.clone();
        let target = |i: usize, k: usize| 2.0 * shares[(i, of_place[k])] - 1.0;
        Weighted::with(x, roots, present, classes, target)
    }

    fn with(
        x: ArrayView2<f32>,
        roots: Vec<f64>,
        present: Vec<usize>,
        classes: usize,
        target: impl Fn(usize, usize) -> f64,
    ) -> Weighted {
        let total: f64 = roots.iter().map(|root| root * root).sum();
        let mut mean = vec![0.0; x.ncols()];
        for (row, root) in x.rows().into_iter().zip(&roots) {
            let add = |(mean, value): (&mut f64, &f32)| *mean += root * root * f64::from(*value);
            mean.iter_mut().zip(row).for_each(add);
        }
        mean.iter_mut().for_each(|mean| *mean /= total);
        let mean_target = |k: usize| {
            let weighted = |(i, root): (usize, &f64)| root * root * target(i, k);
            roots.iter().enumerate().map(weighted).sum::<f64>() / total
        };
        let target_mean: Vec<f64> = (0..present.len()).map(mean_target).collect();
        Weighted {
            x: Mat::from_fn(x.nrows(), x.ncols(), |i, j| {
                roots[i] * (f64::from(x[(i, j)]) - mean[j])
            }),
            targets: Mat::from_fn(x.nrows(), present.len(), |i, k| {
                roots[i] * (target(i, k) - target_mean[k])
            }),
            present,
            mean,
            target_mean,
            roots,
            total,
            classes,
        }
    }

    /// For each class its weights and, last, its intercept, of a solution (columns x classes that occur);
    /// empty for a class that does not occur.
    pub fn weights(&self, solution: &Mat<f64>) -> Vec<Vec<f32>> {
        let mut weights = vec![Vec::new(); self.classes];
        for (k, &class) in self.present.iter().enumerate() {
            let of_class: Vec<f64> = (0..solution.nrows()).map(|j| solution[(j, k)]).collect();
            let shift: f64 = of_class.iter().zip(&self.mean).map(|(w, m)| w * m).sum();
            let intercept = self.target_mean[k] - shift;
            let with_intercept = of_class.iter().chain([&intercept]);
            weights[class] = with_intercept.map(|&w| w as f32).collect();
        }
        weights
    }
}

/// The value of each class's function for each row; minus infinity for a class without weights.
pub fn scores(x: ArrayView2<f32>, weights: &[Vec<f32>]) -> Array2<f64> {
    let mut scores = Array2::from_elem((x.nrows(), weights.len()), f64::NEG_INFINITY);
    for (class, weights) in weights.iter().enumerate() {
        let Some((intercept, weights)) = weights.split_last() else {
            continue;
        };
        let weights = ArrayView2::from_shape((1, weights.len()), weights).expect("one row");
        let of_rows = products(x, weights);
        for (score, product) in scores.column_mut(class).iter_mut().zip(&of_rows) {
            *score = f64::from(*product) + f64::from(*intercept);
        }
    }
    scores
}

/// Made-up rows of three classes, for tests.
#[cfg(test)]
pub fn example(n: usize, width: usize) -> (Array2<f32>, Vec<usize>) {
    let x = Array2::from_shape_fn((n, width), |(i, j)| {
        ((i * 7 + j * 5 + i * j) % 11) as f32 * 0.2 - 1.0 + if i % 3 == j { 0.8 } else { 0.0 }
    });
    let label = |i| if i % 5 == 4 { 0 } else { i % 3 };
    (x, (0..n).map(label).collect())
}

/// The shares of rows of these classes.
#[cfg(test)]
pub fn one_hot(y: &[usize], classes: usize) -> Array2<f64> {
    Array2::from_shape_fn((y.len(), classes), |(i, k)| f64::from(u8::from(y[i] == k)))
}
