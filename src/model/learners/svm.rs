//! Support vector machine: one machine for each pair of classes, votes as scikit-learn's `SVC`
//! counts them.
//!
//! The inner products of all rows are computed once and serve all pairs, costs and widths (see
//! `smo` for what linfa-svm takes instead). Against scikit-learn 1.9.1's `SVC` the class of every
//! row is the same.

mod problem;
mod smo;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::model::learners::parameters::{self, Key, Kind, Parameters};
use crate::model::learners::{self, Estimator, Learner, OfClasses};
use crate::model::outputs::Outputs;
use crate::model::products::products;
use crate::model::radial::{norms, radial};
use problem::Problem;

pub(super) use problem::Pair;
#[cfg(feature = "baselines")]
pub(super) use smo::Solution;

/// Rows that are predicted at a time.
const BLOCK: usize = 256;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "svm",
    help: "support vector machine, one against one",
    // Each kernel has its own default of the cost: the recipe's, and scikit-learn's.
    keys: &[
        Key::new("kernel", "linear", Kind::Word(&["linear", "rbf"]), "kernel"),
        Key::positive("c", "0.01", COST)
            .tuned()
            .beside("kernel", "linear"),
        Key::positive("c", "1", COST)
            .tuned()
            .beside("kernel", "rbf"),
        Key::new("gamma", "scale", GAMMA, "width of the kernel")
            .tuned()
            .beside("kernel", "rbf"),
    ],
    in_auto: &[(1, "svm"), (2, "svm:kernel=rbf")],
    grid,
    for_features: learners::whatever_features,
    // All machines share one matrix of inner products.
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| {
            let settings: Vec<(Kernel, f64)> = each.iter().map(|given| setting(given)).collect();
            let machines = Svm::fit_each(rows.x, rows.y, rows.classes, &settings).into_iter();
            Ok(machines.map(|svm| Arc::new(svm) as _).collect())
        },
        read: learners::read::<Svm>,
    }),
    values: None,
};

const COST: &str = "cost of a violated margin";
pub(super) const GAMMA: Kind = Kind::Own(
    "a number above 0, or scikit-learn's scale, or times it as in 0.3*scale",
    parameters::canonical::<Gamma>,
);

/// What it tunes, whoever solves it.
pub(super) fn grid(given: &Parameters) -> Vec<Parameters> {
    if given.word("kernel") == "linear" {
        return [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 1.0]
            .map(|c| given.with("c", c))
            .into();
    }
    let widths = [0.3, 1.0, 3.0].map(|times| given.with("gamma", Gamma::Scale(times)));
    let costs = [0.3, 1.0, 3.0, 10.0];
    widths
        .iter()
        .flat_map(|given| costs.map(|c| given.with("c", c)))
        .collect()
}

/// Kernel and cost.
pub(super) fn setting(given: &Parameters) -> (Kernel, f64) {
    let kernel = match given.word("kernel") {
        "linear" => Kernel::Linear,
        _ => Kernel::Rbf {
            gamma: given.get("gamma"),
        },
    };
    (kernel, given.get("c"))
}

/// What rows are compared by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kernel {
    /// Inner product.
    Linear,
    /// `exp(-gamma |x - y|^2)`.
    Rbf {
        /// Its width.
        gamma: Gamma,
    },
}

/// Width of a radial kernel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Gamma {
    /// This many times one over the number of features times the variance of all training values
    /// (scikit-learn's `gamma="scale"`).
    Scale(f64),
    /// This.
    Value(f64),
}

impl Kernel {
    /// The width of a radial kernel, `scale` being scikit-learn's; `None` of the linear one.
    pub(super) fn width(self, scale: f64) -> Option<f64> {
        match self {
            Kernel::Linear => None,
            Kernel::Rbf {
                gamma: Gamma::Value(gamma),
            } => Some(gamma),
            Kernel::Rbf {
                gamma: Gamma::Scale(times),
            } => Some(times * scale),
        }
    }
}

impl fmt::Display for Gamma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Gamma::Scale(1.0) => f.write_str("scale"),
            Gamma::Scale(times) => write!(f, "{times}*scale"),
            Gamma::Value(gamma) => gamma.fmt(f),
        }
    }
}

impl FromStr for Gamma {
    type Err = String;

    fn from_str(text: &str) -> Result<Gamma, String> {
        match (text, text.strip_suffix("*scale")) {
            ("scale", _) => Ok(Gamma::Scale(1.0)),
            (_, Some(times)) => parameters::positive("gamma", times).map(Gamma::Scale),
            (_, None) => parameters::positive("gamma", text).map(Gamma::Value),
        }
    }
}

impl Estimator for Svm {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Decisions(self.decisions(x))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        let present = self.seen.iter().filter(|seen| **seen).count();
        let pairs = self.rho.len();
        let machine_fits = match &self.machine {
            Machine::Linear { weights } => weights.len() == pairs * features,
            Machine::Rbf {
                support,
                coefficients,
                ..
            } => {
                let rows = support.len() / features.max(1);
                support.len() == rows * features && coefficients.len() == pairs * rows
            }
        };
        self.features == features
            && self.classes == answers
            && self.seen.len() == answers
            && pairs == count_of_pairs(present)
            && machine_fits
    }

    /// The norm of each feature's weights over the pairs; of a radial kernel, of the weights that the support
    /// vectors would have in a linear one.
    fn importance(&self, _features: usize) -> Vec<f64> {
        let mut squares = vec![0.0; self.features];
        let mut add = |weights: &[f32]| {
            for (square, &w) in squares.iter_mut().zip(weights) {
                *square += f64::from(w).powi(2);
            }
        };
        match &self.machine {
            Machine::Linear { weights } => {
                weights
                    .chunks_exact(self.features.max(1))
                    .for_each(&mut add);
            }
            Machine::Rbf {
                support,
                coefficients,
                ..
            } => {
                let rows = support.len() / self.features.max(1);
                let view = |rows, values| {
                    ArrayView2::from_shape((rows, values_per(rows, values)), values)
                        .expect("whole rows")
                };
                let weights = view(self.rho.len(), coefficients).dot(&view(rows, support));
                for row in weights.rows() {
                    add(row.as_slice().expect("a product has standard layout"));
                }
            }
        }
        squares.into_iter().map(f64::sqrt).collect()
    }
}

/// A trained machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Svm {
    classes: usize,
    features: usize,
    /// Whether each class occurred in training.
    seen: Vec<bool>,
    /// Subtracted from each pair's sum; pairs of classes that were seen, in the order of [`pairs`].
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

/// The pairs of `classes` classes: (0, 1), (0, 2), ... A positive decision is for the first.
pub fn pairs(classes: usize) -> Vec<(usize, usize)> {
    let with = |a| (a + 1..classes).map(move |b| (a, b));
    (0..classes).flat_map(with).collect()
}

/// How many [`pairs`] there are.
pub fn count_of_pairs(classes: usize) -> usize {
    classes * classes.saturating_sub(1) / 2
}

impl Svm {
    /// Trains on the scaled rows `x`. Classes are weighted as by scikit-learn's
    /// `class_weight="balanced"`.
    pub fn fit(x: ArrayView2<f32>, y: &[usize], classes: usize, kernel: Kernel, c: f64) -> Svm {
        let mut trained = Svm::fit_each(x, y, classes, &[(kernel, c)]);
        trained.pop().expect("one for each kernel and cost")
    }

    /// A machine for each kernel and cost, on the same rows.
    pub fn fit_each(
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        settings: &[(Kernel, f64)],
    ) -> Vec<Svm> {
        let problem = Problem::new(x, y, classes);
        let scale = scale_gamma(x);
        let widths: Vec<(Option<f64>, f64)> = settings
            .iter()
            .map(|&(kernel, c)| (kernel.width(scale), c))
            .collect();
        let mut solved = problem.solve_each(&widths);
        let assemble = |(at, &(gamma, _)): (usize, &(Option<f64>, f64))| {
            let of_setting: Vec<Pair> = solved.iter_mut().map(|pair| pair.take(at)).collect();
            Svm::of_pairs(x, &problem.weights, gamma, &of_setting)
        };
        widths.iter().enumerate().map(assemble).collect()
    }

    /// The machine of what was solved on the rows `x` for each pair of classes that occur, those of a weight above 0;
    /// `gamma` is the width of a radial kernel, `None` for the linear one.
    pub(super) fn of_pairs(
        x: ArrayView2<f32>,
        weights: &[f64],
        gamma: Option<f64>,
        solved: &[Pair],
    ) -> Svm {
        Svm {
            classes: weights.len(),
            features: x.ncols(),
            seen: weights.iter().map(|&w| w > 0.0).collect(),
            rho: solved.iter().map(|pair| pair.solution.rho).collect(),
            machine: match gamma {
                None => linear(x, solved),
                Some(gamma) => rbf(x, solved, gamma),
            },
        }
    }

    /// The decision value of each pair of classes for each row; NaN where training did not see both.
    pub fn decisions(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let all = pairs(self.classes);
        let mut out = Array2::from_elem((x.nrows(), all.len()), f64::NAN);
        let places: Vec<usize> = (0..all.len())
            .filter(|&at| self.seen[all[at].0] && self.seen[all[at].1])
            .collect();
        let blocks: Vec<ArrayView2<f32>> = x.axis_chunks_iter(Axis(0), BLOCK).collect();
        let blocks: Vec<Array2<f32>> = blocks.into_par_iter().map(|rows| self.sums(rows)).collect();
        let rows = blocks.iter().flat_map(|block| block.rows());
        for (mut decisions, sums) in out.rows_mut().into_iter().zip(rows) {
            for ((&place, &sum), rho) in places.iter().zip(sums).zip(&self.rho) {
                decisions[place] = f64::from(sum) - rho;
            }
        }
        out
    }

    /// Rows x trained pairs: the sums over support vectors.
    fn sums(&self, x: ArrayView2<f32>) -> Array2<f32> {
        let pairs = self.rho.len();
        let matrix = |values| ArrayView2::from_shape((pairs, values_per(pairs, values)), values);
        match &self.machine {
            Machine::Linear { weights } => {
                products(x, matrix(weights).expect("weights of each pair"))
            }
            Machine::Rbf {
                gamma,
                support,
                coefficients,
            } => {
                let rows = support.len() / self.features.max(1);
                let support = ArrayView2::from_shape((rows, self.features), support)
                    .expect("whole support vectors");
                let mut kernel = products(x, support);
                let (norms, own) = (norms(support), norms(x));
                for (mut kernel, own) in kernel.rows_mut().into_iter().zip(own) {
                    let kernel = kernel.as_slice_mut().expect("made in standard layout");
                    radial(*gamma, own, &norms, kernel);
                }
                products(
                    kernel.view(),
                    matrix(coefficients).expect("coefficients of each pair"),
                )
            }
        }
    }
}

fn values_per(rows: usize, values: &[f32]) -> usize {
    values.len().checked_div(rows).unwrap_or(0)
}

/// The class that each row of decision values elects: that with the most votes, the first of
/// equals, as libsvm and `SVC.predict` have it. A class that training did not see gets none.
pub fn elected(decisions: &[f64], classes: usize) -> usize {
    let mut votes = vec![0_usize; classes];
    for (&(a, b), &decision) in pairs(classes).iter().zip(decisions) {
        if !decision.is_nan() {
            votes[if decision > 0.0 { a } else { b }] += 1;
        }
    }
    let most = *votes.iter().max().unwrap_or(&0);
    votes.iter().position(|&n| n == most).unwrap_or(0)
}

/// scikit-learn's `gamma="scale"`.
pub(super) fn scale_gamma(x: ArrayView2<f32>) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    let variance = x
        .iter()
        .map(|&v| (f64::from(v) - mean).powi(2))
        .sum::<f64>()
        / n;
    if variance > 0.0 {
        1.0 / (x.ncols() as f64 * variance)
    } else {
        1.0
    }
}

fn linear(x: ArrayView2<f32>, solved: &[Pair]) -> Machine {
    let weights = |pair: &Pair| {
        let mut weights = vec![0.0_f64; x.ncols()];
        for (&row, &beta) in pair.rows.iter().zip(&pair.solution.beta) {
            if beta != 0.0 {
                for (weight, &value) in weights.iter_mut().zip(x.row(row)) {
                    *weight += beta * f64::from(value);
                }
            }
        }
        weights.into_iter().map(|w| w as f32).collect::<Vec<f32>>()
    };
    let weights: Vec<Vec<f32>> = solved.par_iter().map(weights).collect();
    Machine::Linear {
        weights: weights.concat(),
    }
}

fn rbf(x: ArrayView2<f32>, solved: &[Pair], gamma: f64) -> Machine {
    let mut by_row = vec![vec![0.0_f32; x.nrows()]; solved.len()];
    let mut is_support = vec![false; x.nrows()];
    for (coefficients, pair) in by_row.iter_mut().zip(solved) {
        for (&row, &beta) in pair.rows.iter().zip(&pair.solution.beta) {
            coefficients[row] = beta as f32;
            is_support[row] |= beta != 0.0;
        }
    }
    let rows: Vec<usize> = (0..x.nrows()).filter(|&row| is_support[row]).collect();
    Machine::Rbf {
        gamma,
        support: rows.iter().flat_map(|&row| x.row(row).to_vec()).collect(),
        coefficients: by_row
            .iter()
            .flat_map(|of_pair| rows.iter().map(|&row| of_pair[row]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    const RBF: Kernel = Kernel::Rbf {
        gamma: Gamma::Value(0.5),
    };

    pub fn overlapping() -> (Array2<f32>, Vec<usize>) {
        let x = Array2::from_shape_fn((60, 3), |(i, j)| {
            ((i * 7 + j * 5) % 11) as f32 * 0.3 - 1.0 + if i % 3 == j { 0.8 } else { 0.0 }
        });
        (x, (0..60).map(|i| i % 3).collect())
    }

    #[test]
    fn a_machine_of_two_points_decides_by_the_nearer() {
        // With a large cost w = 1, rho = 0, and the decision at 0.5 is that of class 1.
        let x = array![[-1.0_f32], [1.0]];
        let svm = Svm::fit(x.view(), &[0, 1], 2, Kernel::Linear, 100.0);
        assert!((svm.decisions(array![[0.5_f32]].view())[(0, 0)] + 0.5).abs() < 1e-3);
        assert_eq!(svm.importance(1).len(), 1);
    }

    #[test]
    fn settings_fitted_together_are_those_fitted_alone() {
        let (x, y) = overlapping();
        let settings = [(RBF, 0.1), (Kernel::Linear, 1.0), (RBF, 10.0)];
        let together = Svm::fit_each(x.view(), &y, 3, &settings);
        for (&(kernel, c), svm) in settings.iter().zip(together) {
            assert_eq!(svm, Svm::fit(x.view(), &y, 3, kernel, c));
        }
    }

    #[test]
    fn an_unseen_class_is_never_named() {
        let x = array![[-1.0_f32], [1.0], [-2.0], [2.0]];
        let svm = Svm::fit(x.view(), &[1, 2, 1, 2], 4, Kernel::Linear, 1.0);
        let decisions = svm.decisions(x.view());
        assert!(decisions[(0, 0)].is_nan());
        assert_eq!(elected(&decisions.row(0).to_vec(), 4), 1);
        assert_eq!(elected(&decisions.row(1).to_vec(), 4), 2);
    }

    #[test]
    fn of_equal_votes_the_first_class_wins() {
        // 0 beats 1, 1 beats 2, 2 beats 0.
        assert_eq!(elected(&[1.0, -1.0, 1.0], 3), 0);
    }
}
