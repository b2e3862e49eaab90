//! Support vector machine: one machine for each pair of classes (linfa-svm), votes as
//! scikit-learn's `SVC` counts them.
//!
//! linfa-svm trains, pair by pair over Rayon. It builds its kernel matrix entry by entry from the
//! records, each time for the whole width; so, where there are more features than rows, it is given
//! the rows of the Cholesky factor of the pair's Gram matrix instead: the same inner products and
//! distances in as many dimensions as there are rows. One matrix product makes the Gram matrix for
//! all pairs. Prediction is ours: linfa-svm's loops over support vectors one at a time.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::balanced_weights;
use crate::model::spec::{Gamma, Kernel};

/// Largest violation of the optimality conditions at which a machine is done (libsvm's default).
const TOLERANCE: f64 = 1e-3;

/// A trained machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Svm {
    classes: usize,
    features: usize,
    /// Whether each class occurred in training.
    seen: Vec<bool>,
    /// The classes of each pair; a positive decision is for the first.
    pairs: Vec<(usize, usize)>,
    /// Subtracted from each pair's sum.
    rho: Vec<f64>,
    machine: Machine,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Machine {
    /// One weight per pair and feature.
    Linear { weights: Vec<f32> },
    /// Rows that support any pair, and one coefficient per pair and such row.
    Rbf {
        gamma: f64,
        support: Vec<f32>,
        coefficients: Vec<f32>,
    },
}

/// The solution of one pair: coefficients of its rows, and rho.
struct Pair {
    rows: Vec<usize>,
    alpha: Vec<f64>,
    rho: f64,
}

impl Svm {
    /// Trains on the scaled rows `x`. Classes are weighted as by scikit-learn's
    /// `class_weight="balanced"`.
    pub fn fit(
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        kernel: Kernel,
        c: f64,
    ) -> Result<Svm> {
        let counts: Vec<usize> = (0..classes)
            .map(|class| y.iter().filter(|&&label| label == class).count())
            .collect();
        let seen: Vec<bool> = counts.iter().map(|&n| n > 0).collect();
        let weights = balanced_weights(y, classes);
        let cost = |class: usize| c * weights[class];
        let pairs: Vec<(usize, usize)> = (0..classes)
            .flat_map(|a| (a + 1..classes).map(move |b| (a, b)))
            .filter(|&(a, b)| seen[a] && seen[b])
            .collect();

        let x64 = x.mapv(f64::from);
        let gamma = match kernel {
            Kernel::Linear => f64::NAN,
            Kernel::Rbf {
                gamma: Gamma::Value(gamma),
            } => gamma,
            Kernel::Rbf {
                gamma: Gamma::Scale,
            } => scale_gamma(&x64),
        };
        // Only where some pair has fewer rows than features; see [`records`].
        let is_wide = pairs
            .iter()
            .any(|&(a, b)| counts[a] + counts[b] < x.ncols());
        let gram = if is_wide {
            x64.dot(&x64.t())
        } else {
            Array2::zeros((0, 0))
        };
        let solve = |&(a, b): &(usize, usize)| {
            let rows: Vec<usize> = (0..y.len())
                .filter(|&row| y[row] == a || y[row] == b)
                .collect();
            let records = records(&x64, &gram, &rows);
            let is_first = Array1::from_iter(rows.iter().map(|&row| y[row] == a));
            let params = linfa_svm::Svm::<f64, bool>::params()
                .pos_neg_weights(cost(a), cost(b))
                .eps(TOLERANCE);
            let params = match kernel {
                Kernel::Linear => params.linear_kernel(),
                Kernel::Rbf { .. } => params.gaussian_kernel(1.0 / gamma),
            };
            let machine = params
                .fit(&DatasetBase::new(records, is_first))
                .map_err(|cause| {
                    Error::Data(format!(
                        "the support vector machine cannot be trained: {cause}"
                    ))
                })?;
            Ok(Pair {
                rows,
                alpha: machine.alpha,
                rho: machine.rho,
            })
        };
        let solved: Vec<Pair> = pairs.par_iter().map(solve).collect::<Result<_>>()?;
        let rho = solved.iter().map(|pair| pair.rho).collect();
        let machine = match kernel {
            Kernel::Linear => linear(&x64, &solved),
            Kernel::Rbf { .. } => rbf(x, &solved, gamma),
        };
        Ok(Svm {
            classes,
            features: x.ncols(),
            seen,
            pairs,
            rho,
            machine,
        })
    }

    /// For each row and class, the number of pairs that it wins, and up to a third of a vote more
    /// or less for the sum of its margins (scikit-learn's `decision_function`). A class that
    /// training did not see has -1.
    ///
    /// The largest score is that of the class with the most votes, the first of equals, as libsvm
    /// and `SVC.predict` have it: where the margins of another class with as many votes are larger,
    /// the two change scores.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let rows: Vec<usize> = (0..x.nrows()).collect();
        let scored: Vec<Vec<f64>> = rows
            .par_iter()
            .map(|&row| self.score(&x.row(row).to_vec()))
            .collect();
        Array2::from_shape_fn((x.nrows(), self.classes), |(row, class)| scored[row][class])
    }

    fn score(&self, row: &[f32]) -> Vec<f64> {
        let (mut votes, mut margins) = (vec![0_usize; self.classes], vec![0.0_f64; self.classes]);
        for (&(a, b), decision) in self.pairs.iter().zip(self.decisions(row)) {
            votes[if decision > 0.0 { a } else { b }] += 1;
            margins[a] += decision;
            margins[b] -= decision;
        }
        let score = |class: usize| {
            let margin = margins[class];
            if self.seen[class] {
                votes[class] as f64 + margin / (3.0 * (margin.abs() + 1.0))
            } else {
                -1.0
            }
        };
        let mut scores: Vec<f64> = (0..self.classes).map(score).collect();
        let first = |better: &dyn Fn(usize, usize) -> bool| {
            let classes = (0..self.classes).filter(|&class| self.seen[class]);
            classes
                .reduce(|best, class| if better(class, best) { class } else { best })
                .unwrap_or(0)
        };
        let (winner, highest) = (
            first(&|a, b| votes[a] > votes[b]),
            first(&|a, b| scores[a] > scores[b]),
        );
        scores.swap(winner, highest);
        scores
    }

    /// The decision value of each pair.
    fn decisions(&self, row: &[f32]) -> Vec<f64> {
        match &self.machine {
            Machine::Linear { weights } => {
                let pairs = weights.chunks_exact(self.features).zip(&self.rho);
                pairs
                    .map(|(weights, rho)| dot(weights, row) - rho)
                    .collect()
            }
            Machine::Rbf {
                gamma,
                support,
                coefficients,
            } => {
                let kernel: Vec<f64> = support
                    .chunks_exact(self.features)
                    .map(|support| (-gamma * squared_distance(support, row)).exp())
                    .collect();
                let sum = |coefficients: &[f32]| -> f64 {
                    coefficients
                        .iter()
                        .zip(&kernel)
                        .map(|(&c, k)| f64::from(c) * k)
                        .sum()
                };
                let pairs = coefficients
                    .chunks_exact(kernel.len().max(1))
                    .zip(&self.rho);
                pairs
                    .map(|(coefficients, rho)| sum(coefficients) - rho)
                    .collect()
            }
        }
    }
}

/// scikit-learn's `gamma="scale"`.
fn scale_gamma(x: &Array2<f64>) -> f64 {
    let variance = x.var(0.0);
    if variance > 0.0 {
        1.0 / (x.ncols() as f64 * variance)
    } else {
        1.0
    }
}

/// What linfa-svm sees of the rows `rows`: themselves, or fewer dimensions with the same inner
/// products.
fn records(x: &Array2<f64>, gram: &Array2<f64>, rows: &[usize]) -> Array2<f64> {
    if x.ncols() <= rows.len() {
        return x.select(ndarray::Axis(0), rows);
    }
    cholesky(Array2::from_shape_fn((rows.len(), rows.len()), |(i, j)| {
        gram[(rows[i], rows[j])]
    }))
}

/// The lower triangular L with L L' = `a`, for a positive semi-definite `a`. Where rows depend on
/// those before, the column is 0.
fn cholesky(mut a: Array2<f64>) -> Array2<f64> {
    const DEPENDENT: f64 = 1e-12;
    let n = a.nrows();
    for i in 0..n {
        for j in 0..=i {
            let (row_i, row_j) = (a.row(i), a.row(j));
            let (done_i, done_j) = (
                row_i.as_slice().expect("rows are contiguous"),
                row_j.as_slice().expect("so are these"),
            );
            let rest = a[(i, j)]
                - done_i[..j]
                    .iter()
                    .zip(&done_j[..j])
                    .map(|(x, y)| x * y)
                    .sum::<f64>();
            a[(i, j)] = if i == j {
                if rest > DEPENDENT * a[(i, i)] {
                    rest.sqrt()
                } else {
                    0.0
                }
            } else if a[(j, j)] > 0.0 {
                rest / a[(j, j)]
            } else {
                0.0
            };
        }
        a.row_mut(i)
            .iter_mut()
            .skip(i + 1)
            .for_each(|above| *above = 0.0);
    }
    a
}

fn linear(x: &Array2<f64>, solved: &[Pair]) -> Machine {
    let weights = |pair: &Pair| {
        let mut weights = Array1::<f64>::zeros(x.ncols());
        for (&row, &alpha) in pair.rows.iter().zip(&pair.alpha) {
            if alpha != 0.0 {
                weights.scaled_add(alpha, &x.row(row));
            }
        }
        weights.into_iter().map(|w| w as f32).collect::<Vec<f32>>()
    };
    Machine::Linear {
        weights: solved.par_iter().flat_map_iter(weights).collect(),
    }
}

fn rbf(x: ArrayView2<f32>, solved: &[Pair], gamma: f64) -> Machine {
    let supports =
        |pair: &Pair, row: usize| pair.rows.binary_search(&row).ok().map(|at| pair.alpha[at]);
    let is_support = |&row: &usize| {
        solved
            .iter()
            .any(|pair| supports(pair, row).is_some_and(|alpha| alpha != 0.0))
    };
    let rows: Vec<usize> = (0..x.nrows()).filter(is_support).collect();
    let support = rows.iter().flat_map(|&row| x.row(row).to_vec()).collect();
    let coefficient = |pair: &Pair, row: usize| supports(pair, row).unwrap_or(0.0) as f32;
    let coefficients = solved.iter().flat_map(|pair| {
        rows.iter()
            .map(|&row| coefficient(pair, row))
            .collect::<Vec<_>>()
    });
    Machine::Rbf {
        gamma,
        support,
        coefficients: coefficients.collect(),
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| f64::from(x) * f64::from(y))
        .sum()
}

fn squared_distance(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(&x, &y)| (f64::from(x) - f64::from(y)).powi(2))
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_cholesky_factor_keeps_inner_products_even_of_dependent_rows() {
        let x = array![[1.0, 2.0, 0.5], [2.0, 4.0, 1.0], [0.0, 1.0, -1.0]];
        let gram: Array2<f64> = x.dot(&x.t());
        let factor = cholesky(gram.clone());
        assert!(
            (factor.dot(&factor.t()) - gram)
                .iter()
                .all(|d| d.abs() < 1e-12)
        );
        assert_eq!(factor[(1, 1)], 0.0, "row 1 is twice row 0");
    }

    #[test]
    fn two_points_have_the_margin_between_them() {
        // Points at -1 and 1 on one axis: with a large cost w = 1, rho = 0, and the decision at 0.5
        // is 0.5.
        let x = array![[-1.0_f32], [1.0]];
        let svm = Svm::fit(x.view(), &[0, 1], 2, Kernel::Linear, 100.0).unwrap();
        assert!((svm.decisions(&[0.5])[0] + 0.5).abs() < 1e-3);
        let scores = svm.scores(array![[-0.9_f32], [0.9]].view());
        assert!(scores[(0, 0)] > scores[(0, 1)] && scores[(1, 1)] > scores[(1, 0)]);
    }

    #[test]
    fn wide_rows_are_solved_as_narrow_ones() {
        // The same rows with columns of zeros behind: more features than rows, hence by way of the
        // Cholesky factor.
        let narrow =
            Array2::from_shape_fn((12, 2), |(i, j)| ((i * 7 + j * 5) % 11) as f32 * 0.3 - 1.0);
        let wide =
            Array2::from_shape_fn((12, 30), |(i, j)| if j < 2 { narrow[(i, j)] } else { 0.0 });
        let y: Vec<usize> = (0..12).map(|i| i % 3).collect();
        for kernel in [
            Kernel::Linear,
            Kernel::Rbf {
                gamma: Gamma::Value(0.5),
            },
        ] {
            let a = Svm::fit(narrow.view(), &y, 3, kernel, 1.0)
                .unwrap()
                .scores(narrow.view());
            let b = Svm::fit(wide.view(), &y, 3, kernel, 1.0)
                .unwrap()
                .scores(wide.view());
            assert!(
                (&a - &b).iter().all(|d| d.abs() < 1e-2),
                "{kernel:?}: {a} against {b}"
            );
        }
    }

    #[test]
    fn an_unseen_class_is_never_named() {
        let x = array![[-1.0_f32], [1.0], [-2.0], [2.0]];
        let svm = Svm::fit(x.view(), &[1, 2, 1, 2], 4, Kernel::Linear, 1.0).unwrap();
        assert_eq!(svm.scores(x.view()).row(0)[0], -1.0);
        assert_eq!(crate::model::best(svm.scores(x.view()).row(0)), 1);
    }
}
