//! Kernel ridge regression on the classes: for each class a function in the space of a kernel that is to
//! be 1 on its rows and -1 on all others, by least squares with a penalty on its norm (Saunders,
//! Gammerman & Vovk 1998, "Ridge regression learning algorithm in dual variables"). Classes weigh alike
//! in sum, and intercepts are free.
//!
//! The penalty is a share of the rows' variance, so that one value suits feature groups of any width and corpora of any
//! size. (Choosing it by leaving one training speaker out does not work: with five speakers it came out a hundred times
//! too large.)
//!
//! A function is a sum of kernels at landmarks: all rows if they are few, else a subset (the subset of regressors; Smola &
//! Bartlett 2001, "Sparse greedy Gaussian process regression"), which bounds time and the size of a model. With a linear
//! kernel it is a weight for each feature.

use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::linalg::solvers::Solve;
use faer::{Accum, Mat, Par, Side};
use ndarray::{Array2, ArrayView2, CowArray, Ix2};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::least_squares::{self, Targets, Weighted};
use crate::model::products::{product, products};
use crate::model::radial::{norms, radial};
use crate::model::{are_linear, norms_over_classes};

/// Most landmarks: all rows of RAVDESS. In a model on the default features they take 33 MB.
const LANDMARKS: usize = 1500;
/// Added to the diagonal of what is solved, relative to its largest entry: where rows stand twice, or
/// nearly, rounding in single precision must not make it singular.
const JITTER: f64 = 1e-6;
/// Rows that differ by less than this, in the mean of their squared distances, are alike.
const CONSTANT: f64 = 1e-9;

/// What rows are compared by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Comparison {
    /// The inner product.
    Linear,
    /// `exp(-gamma |x - y|^2 / s)`, where `s` is the mean squared length of the training rows.
    Radial {
        /// Its width.
        gamma: f64,
    },
}

/// A trained regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KernelRidge {
    features: usize,
    /// `None` for a linear kernel.
    radial: Option<Radial>,
    /// For each class what each landmark or feature weighs and, last, its intercept; empty for a class
    /// that training did not see.
    weights: Vec<Vec<f32>>,
}

/// A radial kernel at some landmarks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Radial {
    /// The kernel is `exp(-gamma |x - y|^2)`.
    gamma: f32,
    /// Landmark by landmark.
    landmarks: Vec<f32>,
}

impl Radial {
    /// The kernel of each row with each landmark.
    fn of(&self, x: ArrayView2<f32>) -> Array2<f32> {
        let landmarks = ArrayView2::from_shape(
            (self.landmarks.len() / x.ncols().max(1), x.ncols()),
            &self.landmarks,
        )
        .expect("whole landmarks");
        let mut values = products(x, landmarks);
        let (of_rows, of_landmarks) = (norms(x), norms(landmarks));
        for (mut row, norm) in values.rows_mut().into_iter().zip(of_rows) {
            let row = row.as_slice_mut().expect("made in standard layout");
            radial(f64::from(self.gamma), norm, &of_landmarks, row);
        }
        values
    }
}

impl KernelRidge {
    /// Whether it is of so many features and says so many numbers, and its parts fit together.
    pub fn fits(&self, features: usize, answers: usize) -> bool {
        let inputs = match &self.radial {
            None => Some(features),
            Some(radial) => {
                let is_whole = radial.landmarks.len().is_multiple_of(features.max(1));
                is_whole.then_some(radial.landmarks.len() / features.max(1))
            }
        };
        self.features == features
            && inputs.is_some_and(|inputs| are_linear(&self.weights, inputs, answers))
    }

    /// A function that was found otherwise: of each target a weight for each feature and, last, the intercept.
    #[cfg(feature = "baselines")]
    pub fn linear(features: usize, weights: Vec<Vec<f32>>) -> KernelRidge {
        KernelRidge {
            features,
            radial: None,
            weights,
        }
    }

    /// The same with a kernel `exp(-gamma |x - y|^2)` at these landmarks: a weight for each of them and the intercept.
    #[cfg(feature = "baselines")]
    pub fn radial(gamma: f64, landmarks: ArrayView2<f32>, weights: Vec<Vec<f32>>) -> KernelRidge {
        KernelRidge {
            features: landmarks.ncols(),
            radial: Some(Radial {
                gamma: gamma as f32,
                landmarks: landmarks.iter().copied().collect(),
            }),
            weights,
        }
    }

    /// Trains on the scaled rows `x`; the penalty is `alpha` times the
    /// sum of the rows' squared distances from their mean in the space of the kernel. `seed` draws the
    /// landmarks, where there are more rows.
    pub fn fit(
        x: ArrayView2<f32>,
        targets: Targets,
        comparison: Comparison,
        alpha: f64,
        seed: u64,
    ) -> Result<KernelRidge> {
        let (radial, values, chosen) = match comparison {
            Comparison::Linear => (None, x.as_standard_layout(), Vec::new()),
            Comparison::Radial { gamma } => {
                let chosen = landmarks(x.nrows(), seed);
                let length = norms(x).into_iter().map(f64::from).sum::<f64>() / x.nrows() as f64;
                let radial = Radial {
                    gamma: if length > 0.0 {
                        (gamma / length) as f32
                    } else {
                        0.0
                    },
                    landmarks: chosen.iter().flat_map(|&row| x.row(row).to_vec()).collect(),
                };
                let values = radial.of(x);
                (Some(radial), values.into(), chosen)
            }
        };
        let problem = Weighted::of(values.view(), targets);
        let n = values.ncols();
        // Between landmarks.
        let (penalty, variance) = match comparison {
            Comparison::Linear => (None, problem.x.squared_norm_l2()),
            Comparison::Radial { .. } => {
                let between = Mat::from_fn(n, n, |i, j| f64::from(values[(chosen[i], j)]));
                // A row's kernel with itself is 1; less that of two rows in the mean.
                let of_chosen: Vec<f64> = chosen
                    .iter()
                    .map(|&row| problem.roots[row].powi(2))
                    .collect();
                let sum: f64 = problem
                    .mean
                    .iter()
                    .zip(&of_chosen)
                    .map(|(m, w)| m * w)
                    .sum();
                let mean = sum / of_chosen.iter().sum::<f64>();
                (Some(between), x.nrows() as f64 * (1.0 - mean))
            }
        };
        // Where all rows are alike there is nothing to learn but how often each class occurs.
        let solution = match variance > CONSTANT * x.nrows() as f64 {
            true => solve(&problem, penalty.as_ref(), alpha * variance)?,
            false => Mat::zeros(n, problem.targets.ncols()),
        };
        Ok(KernelRidge {
            features: x.ncols(),
            radial,
            weights: problem.weights(&solution),
        })
    }

    /// The value of each class's function for each row; minus infinity for a class that training did
    /// not see.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let values: CowArray<f32, Ix2> = match &self.radial {
            Some(radial) => radial.of(x).into(),
            None => x.into(),
        };
        least_squares::scores(values.view(), &self.weights)
    }

    /// How much each feature weighs: the norm over the classes of the functions' slopes along it, at a
    /// row of zeros, the mean of the training rows.
    pub fn importance(&self) -> Vec<f64> {
        let Some(radial) = &self.radial else {
            return norms_over_classes(&self.weights, self.features);
        };
        let origin = radial.of(Array2::zeros((1, self.features)).view());
        let slopes = |weights: &Vec<f32>| {
            let mut slopes = vec![0.0_f32; self.features];
            let landmarks = radial.landmarks.chunks_exact(self.features.max(1));
            for ((landmark, weight), kernel) in landmarks.zip(weights).zip(&origin) {
                let pull = 2.0 * radial.gamma * weight * kernel;
                slopes
                    .iter_mut()
                    .zip(landmark)
                    .for_each(|(slope, at)| *slope += pull * at);
            }
            slopes
        };
        let of_classes: Vec<Vec<f32>> = self.weights.iter().map(slopes).collect();
        norms_over_classes(&of_classes, self.features)
    }
}

/// The rows that are landmarks, in their order.
fn landmarks(rows: usize, seed: u64) -> Vec<usize> {
    let mut chosen: Vec<usize> = (0..rows).collect();
    chosen.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    chosen.truncate(LANDMARKS);
    chosen.sort_unstable();
    chosen
}

/// The weights that minimise the squared errors and `factor` times their norm by `penalty`, or their
/// squares.
fn solve(problem: &Weighted, penalty: Option<&Mat<f64>>, factor: f64) -> Result<Mat<f64>> {
    let x = problem.x.as_ref();
    // In as many dimensions as there are rows or features, whichever are fewer.
    let is_dual = penalty.is_none() && x.ncols() > x.nrows();
    let left = if is_dual { x } else { x.transpose() };
    let n = left.nrows();
    let mut normal = Mat::<f64>::zeros(n, n);
    triangular::matmul(
        normal.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        left,
        BlockStructure::Rectangular,
        left.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    let mut largest = 0.0_f64;
    for j in 0..n {
        match penalty {
            None => normal[(j, j)] += factor,
            Some(penalty) => (j..n).for_each(|i| normal[(i, j)] += factor * penalty[(i, j)]),
        }
        largest = largest.max(normal[(j, j)]);
    }
    let rounding = penalty.map_or(0.0, |_| factor * n as f64 * f64::from(f32::EPSILON));
    (0..n).for_each(|j| normal[(j, j)] += JITTER * largest + rounding);
    let factors = normal.llt(Side::Lower).map_err(|cause| {
        Error::Data(format!(
            "the kernel ridge regression cannot be trained: {cause:?}"
        ))
    })?;
    Ok(match is_dual {
        true => product(x.transpose(), factors.solve(&problem.targets).as_ref()),
        false => factors.solve(product(x.transpose(), problem.targets.as_ref())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::balance;
    use crate::model::learners::Estimator;
    use crate::model::learners::ridge::{Alpha, Ridge};
    use crate::model::least_squares::{example, one_hot};

    #[test]
    fn with_a_linear_kernel_it_is_the_ridge_regression() {
        // Fewer features than rows, and more.
        [6, 40].into_iter().for_each(is_the_ridge_regression);
    }

    fn is_the_ridge_regression(width: usize) {
        let (x, y) = example(24, width);
        let (comparison, alpha) = (Comparison::Linear, 0.02);
        let ours = KernelRidge::fit(
            x.view(),
            Targets::Shares(one_hot(&y, 3).view(), None),
            comparison,
            alpha,
            0,
        )
        .unwrap();
        // The penalty in its own measure: a share of the sum of squares about the weighted means.
        let weights = balance::of_rows(&y, 3, None);
        let variance: f64 = (0..width)
            .map(|f| {
                let at = |i: usize| f64::from(x[(i, f)]);
                let mean = (0..24).map(|i| weights[i] * at(i)).sum::<f64>() / 24.0;
                (0..24)
                    .map(|i| weights[i] * (at(i) - mean).powi(2))
                    .sum::<f64>()
            })
            .sum();
        let alpha = Alpha::Value(alpha * variance);
        let ridge = Ridge::fit(
            x.view(),
            Targets::Shares(one_hot(&y, 3).view(), None),
            &[0; 24],
            alpha,
        )
        .unwrap();
        let (a, b) = (ours.scores(x.view()), ridge.scores(x.view()));
        assert!((a - b).iter().all(|d| d.abs() < 1e-5));
        let (a, b) = (ours.importance(), ridge.importance(width));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-5));
    }

    #[test]
    fn it_solves_the_dual_equations() {
        // Classes of three rows each weigh alike: then the errors of the dual solution are its
        // coefficients times the penalty, t - f(x) = penalty * c.
        let (x, _) = example(9, 4);
        let y: Vec<usize> = (0..9).map(|i| i % 3).collect();
        let comparison = Comparison::Radial { gamma: 0.5 };
        let ridge = KernelRidge::fit(
            x.view(),
            Targets::Shares(one_hot(&y, 3).view(), None),
            comparison,
            0.1,
            0,
        )
        .unwrap();
        let kernel = ridge.radial.as_ref().unwrap().of(x.view());
        let mean = kernel.iter().map(|&k| f64::from(k)).sum::<f64>() / 81.0;
        let penalty = 0.1 * 9.0 * (1.0 - mean);
        let scores = ridge.scores(x.view());
        for (i, k) in (0..9).flat_map(|i| (0..3).map(move |k| (i, k))) {
            let target = if y[i] == k { 1.0 } else { -1.0 };
            let coefficient = f64::from(ridge.weights[k][i]);
            let error = target - scores[(i, k)] - penalty * coefficient;
            assert!(error.abs() < 1e-3, "{error}");
        }
        // They sum to 0, as the intercept is free.
        let sum: f32 = ridge.weights[0][..9].iter().sum();
        assert!(sum.abs() < 1e-4, "{sum}");
    }

    #[test]
    fn a_slope_is_that_of_the_function() {
        let (x, y) = example(18, 4);
        let ridge = KernelRidge::fit(
            x.view(),
            Targets::Shares(one_hot(&y, 3).view(), None),
            Comparison::Radial { gamma: 0.4 },
            0.01,
            0,
        );
        let ridge = ridge.unwrap();
        let at = |feature: usize, value: f32| {
            let mut row = Array2::zeros((1, 4));
            row[(0, feature)] = value;
            ridge.scores(row.view()).row(0).to_owned()
        };
        for (feature, importance) in ridge.importance().into_iter().enumerate() {
            let slope = (at(feature, 0.01) - at(feature, -0.01)) / 0.02;
            let norm = slope.mapv(|s| s * s).sum().sqrt();
            assert!(
                (norm - importance).abs() < 1e-2 * norm + 1e-3,
                "{norm} {importance}"
            );
        }
    }

    #[test]
    fn of_rows_that_are_alike_only_the_classes_are_learned() {
        let y = [0, 0, 1];
        for comparison in [Comparison::Linear, Comparison::Radial { gamma: 0.3 }] {
            for x in [Array2::zeros((3, 2)), Array2::from_elem((3, 2), 0.7)] {
                let ridge = KernelRidge::fit(
                    x.view(),
                    Targets::Shares(one_hot(&y, 2).view(), None),
                    comparison,
                    1e-3,
                    0,
                )
                .unwrap();
                // Balanced, both occur equally often.
                assert!(
                    ridge
                        .scores(x.view())
                        .iter()
                        .all(|score| score.abs() < 1e-6)
                );
                assert!(
                    ridge
                        .importance()
                        .iter()
                        .all(|&importance| importance == 0.0)
                );
            }
        }
    }

    #[test]
    fn penalties_of_all_sizes_are_solved() {
        // One feature, of few values: its kernel is singular.
        let x = Array2::from_shape_fn((200, 1), |(i, _)| (i % 7) as f32 * 0.5 - 1.5);
        let y: Vec<usize> = (0..200).map(|i| usize::from(i % 7 > 3)).collect();
        for alpha in [1e-6, 1e-4, 1e-2, 1.0, 10.0] {
            let comparison = Comparison::Radial { gamma: 0.3 };
            let ridge = KernelRidge::fit(
                x.view(),
                Targets::Shares(one_hot(&y, 2).view(), None),
                comparison,
                alpha,
                0,
            )
            .unwrap();
            let scores = ridge.scores(x.view());
            let is_right = |i: usize| crate::model::best(scores.row(i)) == y[i];
            assert!((0..200).all(is_right), "alpha {alpha}");
        }
    }

    #[test]
    fn of_many_rows_some_are_landmarks() {
        let chosen = landmarks(LANDMARKS + 700, 3);
        assert_eq!(chosen.len(), LANDMARKS);
        assert!(chosen.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(chosen[LANDMARKS - 1] < LANDMARKS + 700);
        assert_ne!(chosen, landmarks(LANDMARKS + 700, 4));
        let (x, y) = example(LANDMARKS + 700, 3);
        let ridge = KernelRidge::fit(
            x.view(),
            Targets::Shares(one_hot(&y, 3).view(), None),
            Comparison::Radial { gamma: 0.3 },
            1e-3,
            0,
        );
        let scores = ridge.unwrap().scores(x.view());
        let right = (0..y.len()).filter(|&i| crate::model::best(scores.row(i)) == y[i]);
        assert!(right.count() > y.len() * 6 / 10);
    }
}
