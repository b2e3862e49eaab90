//! Multinomial logistic regression with an L2 penalty: minimises
//! `c * sum of w_i * -ln p(y_i | x_i) + |W|^2 / 2`, as scikit-learn's `LogisticRegression(C=c,
//! class_weight="balanced")`; the intercepts are free.
//!
//! linfa-logistic 0.8.1 solves this for equal weights only, and repeating rows balances classes only roughly. So this is
//! our own, with weights, by L-BFGS (Nocedal 1980, "Updating quasi-Newton matrices with limited storage"); a test compares
//! the two on classes of equal size.

use std::collections::VecDeque;

use faer::linalg::solvers::SelfAdjointEigen;
use faer::{Mat, Side};
use ndarray::{Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::learners::parameters::Key;
use crate::model::learners::{self, Estimator, Learner, OfClasses};
use crate::model::outputs::{Outputs, softmax};
use crate::model::products::product;
use crate::model::{are_linear, balance, linear_scores, norms_over_classes};

/// The search ends where no derivative of the mean loss is larger. scikit-learn's default is 1e-4;
/// at 1e-6 probabilities stand still to about 1e-4.
const TOLERANCE: f64 = 1e-6;
/// Or after this many steps; some hundreds are usual.
const MAX_STEPS: usize = 2000;
/// Steps that L-BFGS remembers (scipy's default).
const MEMORY: usize = 10;
/// Share of the expected descent that a step must bring (Armijo; Nocedal and Wright 2006, 3.1).
const SUFFICIENT: f64 = 1e-4;
/// Rows whose share of loss and gradient is computed at a time. The same for any number of threads,
/// and so are the sums.
const BLOCK: usize = 64;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "logistic",
    help: "multinomial logistic regression",
    keys: &[Key::positive("c", "1", "weight of the data against the penalty").tuned()],
    in_auto: &[(4, "logistic")],
    grid: |given| {
        [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
            .map(|c| given.with("c", c))
            .into()
    },
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: true,
        weighs_corpora: true,
        fit: |each, rows| {
            let fit = |c| Logistic::fit(rows.x, rows.shares, rows.corpora, c);
            learners::fit(each, |given| Ok(fit(given.get("c"))))
        },
        read: learners::read::<Logistic>,
    }),
    values: None,
};

impl Estimator for Logistic {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Shares(self.scores(x))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        self.features == features && are_linear(&self.weights, features, answers)
    }

    /// The norm of each feature's weights over the classes.
    fn importance(&self, _features: usize) -> Vec<f64> {
        norms_over_classes(&self.weights, self.features)
    }
}

/// A trained regression.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    features: usize,
    /// For each class its weights and, last, its intercept; empty for a class that training did not
    /// see.
    weights: Vec<Vec<f32>>,
}

impl Logistic {
    /// The regression with these weights: for each class those of the `features` features and, last, the intercept;
    /// none for a class that training did not see.
    #[cfg(feature = "baselines")]
    pub(super) fn of_weights(features: usize, weights: Vec<Vec<f32>>) -> Logistic {
        Logistic { features, weights }
    }

    /// Trains on the scaled rows `x` with these shares of the classes (rows x classes, which sum to 1 in a row). Classes
    /// are weighted as by scikit-learn's `class_weight="balanced"`, within them corpora, where these are told.
    pub fn fit(
        x: ArrayView2<f32>,
        shares: ArrayView2<f64>,
        corpora: Option<&[usize]>,
        c: f64,
    ) -> Logistic {
        let classes = shares.ncols();
        let occurs = |&class: &usize| shares.column(class).iter().any(|&share| share > 0.0);
        let present: Vec<usize> = (0..classes).filter(occurs).collect();
        let (row_weights, shares) = balance::of_shares(shares, corpora);
        let total: f64 = row_weights.iter().sum();
        let narrow = (x.ncols() > x.nrows()).then(|| Narrow::of(x)).flatten();
        let problem = Problem {
            x: narrow
                .as_ref()
                .map_or_else(|| x.mapv(f64::from), |narrow| narrow.rows.clone()),
            shares: shares.select(Axis(1), &present),
            row_weights: row_weights.iter().map(|weight| weight / total).collect(),
            classes: present.len(),
            // Of two classes scikit-learn fits the one log-odds, whose squared norm is twice that
            // of the two halves with opposite signs that are fitted here.
            penalty: if present.len() == 2 { 2.0 } else { 1.0 } / (c * total),
        };
        let solution = minimise(|w| problem.loss_and_gradient(w), problem.size());
        let mut weights = vec![Vec::new(); classes];
        let width = problem.x.ncols() + 1;
        for (&class, solution) in present.iter().zip(solution.chunks_exact(width)) {
            let (intercept, of_features) = solution.split_last().expect("an intercept at least");
            let of_features = match &narrow {
                Some(narrow) => narrow.widened(x, of_features),
                None => of_features.to_vec(),
            };
            weights[class] = of_features
                .iter()
                .chain([intercept])
                .map(|&w| w as f32)
                .collect();
        }
        Logistic {
            features: x.ncols(),
            weights,
        }
    }

    /// The probability of each class for each row; 0 for a class that training did not see.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        softmax(linear_scores(x, &self.weights).view(), 1.0)
    }
}

/// Rows in as many dimensions as there are rows, with the same inner products: all that loss and
/// penalty depend on.
struct Narrow {
    rows: Array2<f64>,
    /// Rows x dimensions: what each row contributes to each dimension's direction.
    back: Mat<f64>,
}

impl Narrow {
    /// `None` where the eigenvectors of the inner products cannot be found.
    fn of(x: ArrayView2<f32>) -> Option<Narrow> {
        let wide = Mat::from_fn(x.nrows(), x.ncols(), |i, f| f64::from(x[(i, f)]));
        let gram = product(wide.as_ref(), wide.transpose());
        let eigen = SelfAdjointEigen::new(gram.as_ref(), Side::Lower).ok()?;
        let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        let largest = values.iter().copied().fold(0.0, f64::max);
        // Directions without extent are rounding; ascending, the others are the last.
        let first = values.iter().position(|&value| value > 1e-12 * largest)?;
        let (vectors, roots) = (eigen.U(), |d: usize| values[first + d].sqrt());
        let shape = (x.nrows(), values.len() - first);
        Some(Narrow {
            rows: Array2::from_shape_fn(shape, |(i, d)| vectors[(i, first + d)] * roots(d)),
            back: Mat::from_fn(shape.0, shape.1, |i, d| vectors[(i, first + d)] / roots(d)),
        })
    }

    /// Weights of the features, given those of the dimensions.
    fn widened(&self, x: ArrayView2<f32>, weights: &[f64]) -> Vec<f64> {
        let weights = Mat::from_fn(weights.len(), 1, |d, _| weights[d]);
        let of_rows = product(self.back.as_ref(), weights.as_ref());
        let mut wide = vec![0.0; x.ncols()];
        for (i, row) in x.rows().into_iter().enumerate() {
            for (w, &value) in wide.iter_mut().zip(row) {
                *w += of_rows[(i, 0)] * f64::from(value);
            }
        }
        wide
    }
}

/// What is to be minimised: a function of the weights of each class, intercept last.
struct Problem {
    x: Array2<f64>,
    /// Rows x classes.
    shares: Array2<f64>,
    /// Sum to 1.
    row_weights: Vec<f64>,
    classes: usize,
    penalty: f64,
}

impl Problem {
    fn size(&self) -> usize {
        self.classes * (self.x.ncols() + 1)
    }

    fn loss_and_gradient(&self, w: &[f64]) -> (f64, Vec<f64>) {
        let blocks: Vec<usize> = (0..self.shares.nrows()).step_by(BLOCK).collect();
        let parts: Vec<(f64, Vec<f64>)> = blocks
            .par_iter()
            .map(|&from| self.part(w, from, (from + BLOCK).min(self.shares.nrows())))
            .collect();
        let mut loss = 0.0;
        let mut gradient = vec![0.0; w.len()];
        for (part, part_gradient) in parts {
            loss += part;
            add_scaled(&mut gradient, 1.0, &part_gradient);
        }
        let width = self.x.ncols() + 1;
        for (w, gradient) in w.chunks_exact(width).zip(gradient.chunks_exact_mut(width)) {
            let (w, gradient) = (&w[..width - 1], &mut gradient[..width - 1]);
            loss += self.penalty / 2.0 * dot(w, w);
            add_scaled(gradient, self.penalty, w);
        }
        (loss, gradient)
    }

    /// What the rows from `from` to `until` bring to loss and gradient.
    fn part(&self, w: &[f64], from: usize, until: usize) -> (f64, Vec<f64>) {
        let features = self.x.ncols();
        let w = ArrayView2::from_shape((self.classes, features + 1), w)
            .expect("weights and intercept of each class");
        let (w, intercepts) = w.split_at(Axis(1), features);
        let x = self.x.slice_axis(Axis(0), Slice::from(from..until));
        let mut logits = x.dot(&w.t());
        logits += &intercepts.column(0);
        let mut residual = softmax(logits.view(), 1.0);
        let mut loss = 0.0;
        for (k, row) in (from..until).enumerate() {
            let weight = self.row_weights[row];
            // The logarithm of the probability, also where that is too small to be written.
            let largest = logits
                .row(k)
                .iter()
                .copied()
                .fold(f64::NEG_INFINITY, f64::max);
            let sum: f64 = logits
                .row(k)
                .iter()
                .map(|logit| (logit - largest).exp())
                .sum();
            let shares = self.shares.row(row);
            for (share, logit) in shares.iter().zip(logits.row(k)) {
                loss += weight * share * (sum.ln() + largest - logit);
            }
            let mut residual = residual.row_mut(k);
            residual.scaled_add(-1.0, &shares);
            residual.mapv_inplace(|r| r * weight);
        }
        let mut gradient = Array2::zeros((self.classes, features + 1));
        let (mut to_weights, mut to_intercepts) = gradient.view_mut().split_at(Axis(1), features);
        to_weights.assign(&residual.t().dot(&x));
        to_intercepts
            .column_mut(0)
            .assign(&residual.sum_axis(Axis(0)));
        (loss, gradient.into_raw_vec_and_offset().0)
    }
}

/// The minimum of a smooth convex function of `size` numbers, found from 0 on.
fn minimise(function: impl Fn(&[f64]) -> (f64, Vec<f64>), size: usize) -> Vec<f64> {
    let mut at = vec![0.0; size];
    let (mut value, mut gradient) = function(&at);
    // Steps and the changes of the gradient along them, the newest last.
    let mut memory: VecDeque<(Vec<f64>, Vec<f64>)> = VecDeque::new();
    for _ in 0..MAX_STEPS {
        if gradient.iter().all(|g| g.abs() <= TOLERANCE) {
            break;
        }
        let direction = descent(&gradient, &memory);
        let slope = dot(&direction, &gradient);
        let mut length = if memory.is_empty() {
            // Nothing is known of the scale yet.
            1.0 / dot(&gradient, &gradient).sqrt()
        } else {
            1.0
        };
        let found = loop {
            let mut next = at.clone();
            add_scaled(&mut next, length, &direction);
            let (next_value, next_gradient) = function(&next);
            if next_value <= value + SUFFICIENT * length * slope {
                break Some((next, next_value, next_gradient));
            }
            length /= 2.0;
            if length < 1e-12 {
                break None;
            }
        };
        // No step goes down any more: the rest is rounding.
        let Some((next, next_value, next_gradient)) = found else {
            break;
        };
        let difference = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect();
        let (step, change): (Vec<f64>, Vec<f64>) = (
            difference(&next, &at),
            difference(&next_gradient, &gradient),
        );
        if dot(&step, &change) > 1e-12 * dot(&change, &change) {
            memory.push_back((step, change));
            if memory.len() > MEMORY {
                memory.pop_front();
            }
        }
        (at, value, gradient) = (next, next_value, next_gradient);
    }
    at
}

/// Minus the gradient, multiplied by the inverse Hessian that the remembered steps suggest (Nocedal
/// and Wright 2006, algorithm 7.4).
fn descent(gradient: &[f64], memory: &VecDeque<(Vec<f64>, Vec<f64>)>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = Vec::with_capacity(memory.len());
    for (step, change) in memory.iter().rev() {
        let alpha = dot(step, &direction) / dot(step, change);
        add_scaled(&mut direction, -alpha, change);
        alphas.push(alpha);
    }
    if let Some((step, change)) = memory.back() {
        let scale = dot(step, change) / dot(change, change);
        direction.iter_mut().for_each(|d| *d *= scale);
    }
    for ((step, change), alpha) in memory.iter().zip(alphas.into_iter().rev()) {
        let beta = dot(change, &direction) / dot(step, change);
        add_scaled(&mut direction, alpha - beta, step);
    }
    direction
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add_scaled(to: &mut [f64], scale: f64, what: &[f64]) {
    to.iter_mut()
        .zip(what)
        .for_each(|(to, what)| *to += scale * what);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::least_squares::one_hot;
    use ndarray::array;

    #[test]
    fn more_features_than_rows_are_solved_as_fewer() {
        // Columns of zeros change nothing but the way; neither do rows that stand there twice.
        let value = |i: usize, j: usize| ((i * 7 + j * 5 + i * j) % 11) as f32 * 0.2 - 1.0;
        let x = Array2::from_shape_fn((26, 6), |(i, j)| value(i % 24, j));
        let wide = Array2::from_shape_fn((26, 40), |(i, j)| if j < 6 { x[(i, j)] } else { 0.0 });
        let y: Vec<usize> = (0..26).map(|i| i % 3).collect();
        let narrow = Logistic::fit(x.view(), one_hot(&y, 3).view(), None, 0.5).scores(x.view());
        let wide = Logistic::fit(wide.view(), one_hot(&y, 3).view(), None, 0.5).scores(wide.view());
        assert!((narrow - wide).iter().all(|d| d.abs() < 1e-4));
    }

    #[test]
    fn the_minimum_of_a_stretched_bowl_is_found() {
        // 50 squares with curvatures from 1 to 10 000 around k / 7.
        let curvature = |k: usize| 10_f64.powf(4.0 * k as f64 / 49.0);
        let bowl = |at: &[f64]| {
            let off: Vec<f64> = at
                .iter()
                .enumerate()
                .map(|(k, a)| a - k as f64 / 7.0)
                .collect();
            let value = off
                .iter()
                .enumerate()
                .map(|(k, o)| curvature(k) * o * o / 2.0)
                .sum();
            (
                value,
                off.iter()
                    .enumerate()
                    .map(|(k, o)| curvature(k) * o)
                    .collect(),
            )
        };
        for (k, found) in minimise(bowl, 50).into_iter().enumerate() {
            assert!((found - k as f64 / 7.0).abs() < 2e-6, "{k}: {found}");
        }
    }

    #[test]
    fn the_gradient_is_the_slope_of_the_loss() {
        let problem = Problem {
            x: Array2::from_shape_fn((130, 3), |(i, j)| ((i * (j + 2)) % 7) as f64 / 3.0 - 1.0),
            shares: Array2::from_shape_fn((130, 4), |(i, k)| [0.4, 0.3, 0.2, 0.1][(i + k) % 4]),
            row_weights: (0..130).map(|i| (1 + i % 3) as f64 / 260.0).collect(),
            classes: 4,
            penalty: 0.3,
        };
        let at: Vec<f64> = (0..problem.size()).map(|k| (k as f64).sin()).collect();
        let (_, gradient) = problem.loss_and_gradient(&at);
        for k in 0..at.len() {
            let beside = |by: f64| {
                let mut beside = at.clone();
                beside[k] += by;
                problem.loss_and_gradient(&beside).0
            };
            let slope = (beside(1e-5) - beside(-1e-5)) / 2e-5;
            assert!(
                (gradient[k] - slope).abs() < 1e-8,
                "{k}: {} for {slope}",
                gradient[k]
            );
        }
    }

    #[test]
    fn without_features_classes_are_equally_probable() {
        // Balanced weights: nine rows of the one class weigh as much as one of the other.
        let x = Array2::zeros((10, 1));
        let mut y = [0; 10];
        y[4] = 2;
        let scores = Logistic::fit(x.view(), one_hot(&y, 3).view(), None, 1.0).scores(x.view());
        for (found, meant) in scores.row(0).iter().zip([0.5, 0.0, 0.5]) {
            assert!((found - meant).abs() < 1e-6, "{scores}");
        }
    }

    #[test]
    fn separable_rows_are_separated_and_twice_the_same() {
        let x = array![
            [-2.0_f32, 0.3],
            [-1.0, -0.2],
            [1.0, 0.1],
            [2.0, 0.4],
            [0.1, 5.0],
            [0.2, 6.0]
        ];
        let y = [0, 0, 1, 1, 2, 2];
        let fit = || Logistic::fit(x.view(), one_hot(&y, 3).view(), None, 10.0);
        let scores = fit().scores(x.view());
        for (row, &class) in y.iter().enumerate() {
            assert!(scores[(row, class)] > 0.7, "row {row}: {scores}");
            assert!((scores.row(row).sum() - 1.0).abs() < 1e-12);
        }
        assert_eq!(fit(), fit());
    }

    #[test]
    fn shares_are_learned_as_a_row_for_each_rater() {
        // Of four raters 3, 2 or 1 chose the first class: the same as that many rows of each.
        let value = |i: usize, j: usize| ((i * 7 + j * 5 + i * j) % 11) as f32 * 0.2 - 1.0;
        let x = Array2::from_shape_fn((24, 3), |(i, j)| value(i, j));
        let of_first = |i: usize| [3, 3, 2, 1][i % 4];
        let shares = Array2::from_shape_fn((24, 2), |(i, k)| {
            f64::from([of_first(i), 4 - of_first(i)][k]) / 4.0
        });
        let raters: Vec<(usize, usize)> = (0..24)
            .flat_map(|i| (0..4).map(move |rater| (i, usize::from(rater >= of_first(i)))))
            .collect();
        let rows: Vec<usize> = raters.iter().map(|&(i, _)| i).collect();
        let y: Vec<usize> = raters.iter().map(|&(_, class)| class).collect();
        let repeated = x.select(Axis(0), &rows);
        // There are four times as many rows beside the same penalty.
        let ours = Logistic::fit(x.view(), shares.view(), None, 2.0).scores(x.view());
        let theirs =
            Logistic::fit(repeated.view(), one_hot(&y, 2).view(), None, 0.5).scores(x.view());
        assert!((ours - theirs).iter().all(|d| d.abs() < 1e-5));
    }

    #[test]
    fn equally_large_classes_have_the_probabilities_of_linfa() {
        use linfa::DatasetBase;
        use linfa::traits::Fit;
        let x = Array2::from_shape_fn((90, 5), |(i, j)| {
            ((i * (j + 3) * 7) % 13) as f32 / 6.0 - 1.0 + ((i % 3) * j) as f32 * 0.2
        });
        let y: Vec<usize> = (0..90).map(|i| i % 3).collect();
        for c in [0.1, 1.0, 10.0] {
            let theirs = linfa_logistic::MultiLogisticRegression::default()
                .alpha(1.0 / c)
                .max_iterations(1000)
                .gradient_tolerance(1e-8)
                .fit(&DatasetBase::new(
                    x.mapv(f64::from),
                    ndarray::Array1::from(y.clone()),
                ))
                .unwrap();
            let theirs = theirs.predict_probabilities(&x.mapv(f64::from));
            let ours = Logistic::fit(x.view(), one_hot(&y, 3).view(), None, c).scores(x.view());
            let largest = (&ours - &theirs)
                .iter()
                .fold(0.0_f64, |m, d| m.max(d.abs()));
            assert!(largest < 1e-4, "c = {c}: {largest}");
        }
    }
}
