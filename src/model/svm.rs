//! Support vector machine: one machine for each pair of classes, votes as scikit-learn's `SVC`
//! counts them.
//!
//! The inner products of all rows are computed once and serve all pairs, costs and widths (see
//! `smo` for what linfa-svm takes instead). Against scikit-learn 1.9.1's `SVC` the class of every
//! row is the same.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use ndarray::{Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::balanced_weights;
use crate::model::products::{gram, products};
use crate::model::radial::{norms, radial};
use crate::model::smo::{self, Solution};
use crate::model::spec::{Gamma, Kernel};

/// Up to so many rows the inner products of all are kept, 256 MiB of them; beyond, each pair of
/// classes computes its own.
const ROWS_AT_ONCE: usize = 8192;
/// Bytes of kernel matrices of pairs in work at a time, as far as one pair does not take more.
const MEMORY: usize = 512 << 20;
/// A pair with more rows than this computes rows of its kernel matrix as they are asked for.
const ROWS_OF_PAIR: usize = 11_000;
/// Rows of the kernel matrix that such a pair keeps: 704 MiB at 20 000 rows.
const ROWS_KEPT: usize = 9216;
/// Rows that are predicted at a time.
const BLOCK: usize = 256;

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

/// The solution of one pair, and the rows it is about.
struct Pair {
    rows: Vec<usize>,
    solution: Solution,
}

/// The pairs of `classes` classes: (0, 1), (0, 2), ... A positive decision is for the first.
pub fn pairs(classes: usize) -> Vec<(usize, usize)> {
    let with = |a| (a + 1..classes).map(move |b| (a, b));
    (0..classes).flat_map(with).collect()
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
        let gammas = settings.iter().map(|(kernel, _)| match kernel {
            Kernel::Linear => None,
            Kernel::Rbf {
                gamma: Gamma::Value(gamma),
            } => Some(*gamma),
            Kernel::Rbf {
                gamma: Gamma::Scale(times),
            } => Some(times * scale),
        });
        let widths: Vec<(Option<f64>, f64)> = gammas
            .zip(settings)
            .map(|(gamma, &(_, c))| (gamma, c))
            .collect();
        let mut solved = problem.solve_each(&widths);
        let seen: Vec<bool> = problem.weights.iter().map(|&w| w > 0.0).collect();
        let assemble = |(at, &(gamma, _)): (usize, &(Option<f64>, f64))| {
            let of_setting: Vec<Pair> = solved.iter_mut().map(|pair| pair.take(at)).collect();
            Svm {
                classes,
                features: x.ncols(),
                seen: seen.clone(),
                rho: of_setting.iter().map(|pair| pair.solution.rho).collect(),
                machine: match gamma {
                    None => linear(x, &of_setting),
                    Some(gamma) => rbf(x, &of_setting, gamma),
                },
            }
        };
        widths.iter().enumerate().map(assemble).collect()
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

    /// How much each feature weighs in the decisions: the norm of its weights over the pairs; of a
    /// radial kernel, of the weights that the support vectors would have in a linear one.
    pub fn relevance(&self) -> Vec<f64> {
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

/// What is to be solved for each pair of classes.
struct Problem<'a> {
    x: ArrayView2<'a, f32>,
    rows_of: Vec<Vec<usize>>,
    /// What a row of each class weighs.
    weights: Vec<f64>,
}

/// The solutions of one pair for each setting.
struct Solved {
    rows: Vec<usize>,
    solutions: Vec<Solution>,
}

impl Solved {
    fn take(&mut self, setting: usize) -> Pair {
        Pair {
            rows: self.rows.clone(),
            solution: std::mem::replace(&mut self.solutions[setting], Solution::none()),
        }
    }
}

/// Width of the radial kernel, `None` for the linear one, and cost.
type Setting = (Option<f64>, f64);

impl<'a> Problem<'a> {
    fn new(x: ArrayView2<'a, f32>, y: &[usize], classes: usize) -> Problem<'a> {
        let mut rows_of = vec![Vec::new(); classes];
        for (row, &class) in y.iter().enumerate() {
            rows_of[class].push(row);
        }
        Problem {
            x,
            rows_of,
            weights: balanced_weights(y, classes),
        }
    }

    /// The pairs of classes that occur, each solved for every setting.
    fn solve_each(&self, settings: &[Setting]) -> Vec<Solved> {
        let seen = |class: usize| !self.rows_of[class].is_empty();
        let pairs = pairs(self.rows_of.len())
            .into_iter()
            .filter(|&(a, b)| seen(a) && seen(b));
        let mut solved: Vec<((usize, usize), Solved)> = pairs
            .map(|(a, b)| {
                let mut rows = [&self.rows_of[a][..], &self.rows_of[b]].concat();
                rows.sort_unstable();
                let solutions = vec![Solution::none(); settings.len()];
                ((a, b), Solved { rows, solutions })
            })
            .collect();
        // Settings of one width share a kernel.
        let mut widths: Vec<Option<f64>> = Vec::new();
        for (gamma, _) in settings {
            if !widths.contains(gamma) {
                widths.push(*gamma);
            }
        }
        let mut products = (self.x.nrows() <= ROWS_AT_ONCE).then(|| gram(self.x));
        for (at, &gamma) in widths.iter().enumerate() {
            let (places, costs): (Vec<usize>, Vec<f64>) = settings
                .iter()
                .enumerate()
                .filter(|(_, setting)| setting.0 == gamma)
                .map(|(place, setting)| (place, setting.1))
                .unzip();
            let is_last = at + 1 == widths.len();
            let kernel = if is_last {
                products.take()
            } else {
                products.clone()
            };
            let kernel = kernel.map(|products| kernel_of(products, gamma));
            let solve = |((a, b), solved): &mut ((usize, usize), Solved)| {
                let solutions = self.solve((*a, *b), &solved.rows, kernel.as_ref(), gamma, &costs);
                for (&place, solution) in places.iter().zip(solutions) {
                    solved.solutions[place] = solution;
                }
            };
            for some in solved.chunks_mut(self.pairs_at_once()) {
                some.par_iter_mut().for_each(solve);
            }
        }
        solved.into_iter().map(|(_, solved)| solved).collect()
    }

    /// As many pairs as memory allows to be in work.
    fn pairs_at_once(&self) -> usize {
        let mut counts: Vec<usize> = self.rows_of.iter().map(Vec::len).collect();
        counts.sort_unstable();
        let largest: usize = counts.iter().rev().take(2).sum();
        let bytes = largest.min(ROWS_OF_PAIR).pow(2) * size_of::<f32>();
        (MEMORY / bytes.max(1)).max(1)
    }

    /// Solves one pair of classes for each cost. `kernel` is that of all rows, where these are few
    /// enough.
    fn solve(
        &self,
        (a, b): (usize, usize),
        rows: &[usize],
        kernel: Option<&Array2<f32>>,
        gamma: Option<f64>,
        costs: &[f64],
    ) -> Vec<Solution> {
        let is_first: Vec<bool> = rows
            .iter()
            .map(|row| self.rows_of[a].binary_search(row).is_ok())
            .collect();
        let costs = costs
            .iter()
            .map(|c| [c * self.weights[a], c * self.weights[b]]);
        let of_pair = match kernel {
            Some(kernel) => {
                let mut of_pair = Vec::with_capacity(rows.len() * rows.len());
                for &row in rows {
                    let row = kernel.row(row);
                    let row = row.as_slice().expect("made in standard layout");
                    of_pair.extend(rows.iter().map(|&column| row[column]));
                }
                of_pair
            }
            None if rows.len() <= ROWS_OF_PAIR => {
                let products = gram(self.x.select(Axis(0), rows).view());
                kernel_of(products, gamma).into_raw_vec_and_offset().0
            }
            None => {
                let x = self.x.select(Axis(0), rows);
                return costs
                    .map(|c| solve_by_rows(x.view(), &is_first, gamma, c))
                    .collect();
            }
        };
        costs
            .map(|c| solve_by_matrix(&of_pair, &is_first, c))
            .collect()
    }
}

/// Solves one pair, given the kernel matrix of its rows.
fn solve_by_matrix(kernel: &[f32], is_first: &[bool], costs: [f64; 2]) -> Solution {
    let n = is_first.len();
    let diagonal: Vec<f32> = (0..n).map(|i| kernel[i * n + i]).collect();
    smo::solve(is_first, |i| &kernel[i * n..(i + 1) * n], &diagonal, costs)
}

/// Solves one pair whose kernel matrix would be too large: its rows are computed when they are
/// asked for, and the latest kept.
fn solve_by_rows(
    x: ArrayView2<f32>,
    is_first: &[bool],
    gamma: Option<f64>,
    costs: [f64; 2],
) -> Solution {
    let norms = norms(x);
    let compute = |i: usize| -> Rc<[f32]> {
        let row = products(x.slice_axis(Axis(0), Slice::from(i..i + 1)), x);
        let mut row = row.into_raw_vec_and_offset().0;
        if let Some(gamma) = gamma {
            radial(gamma, norms[i], &norms, &mut row);
        }
        row.into()
    };
    let mut kept: HashMap<usize, Rc<[f32]>> = HashMap::new();
    let mut order = VecDeque::new();
    let row = |i: usize| {
        if let Some(row) = kept.get(&i) {
            return Rc::clone(row);
        }
        if order.len() == ROWS_KEPT {
            let oldest = order.pop_front().expect("it is full");
            kept.remove(&oldest);
        }
        order.push_back(i);
        Rc::clone(kept.entry(i).or_insert_with(|| compute(i)))
    };
    let diagonal = match gamma {
        None => norms.clone(),
        Some(_) => vec![1.0; norms.len()],
    };
    smo::solve(is_first, row, &diagonal, costs)
}

/// The kernel matrix that inner products of rows make, linear or radial.
fn kernel_of(mut products: Array2<f32>, gamma: Option<f64>) -> Array2<f32> {
    if let Some(gamma) = gamma {
        let norms = products.diag().to_vec();
        let columns = products.ncols().max(1);
        let values = products.as_slice_mut().expect("made in standard layout");
        values
            .par_chunks_mut(columns)
            .zip(&norms)
            .for_each(|(row, &norm)| radial(gamma, norm, &norms, row));
    }
    products
}

/// scikit-learn's `gamma="scale"`.
fn scale_gamma(x: ArrayView2<f32>) -> f64 {
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

    fn overlapping() -> (Array2<f32>, Vec<usize>) {
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
        assert_eq!(svm.relevance().len(), 1);
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
    fn rows_computed_when_asked_for_give_the_same_machine() {
        let (x, y) = overlapping();
        let is_first: Vec<bool> = y.iter().map(|&class| class == 0).collect();
        for gamma in [None, Some(0.5)] {
            let by_rows = solve_by_rows(x.view(), &is_first, gamma, [1.0; 2]);
            let kernel = kernel_of(gram(x.view()), gamma);
            let by_matrix = solve_by_matrix(kernel.as_slice().unwrap(), &is_first, [1.0; 2]);
            assert!((by_rows.rho - by_matrix.rho).abs() < 1e-3);
            // Rows that are alike may share their coefficients in any way; decisions are the same.
            let decisions = |solution: &Solution| {
                let beta: Vec<f32> = solution.beta.iter().map(|&beta| beta as f32).collect();
                kernel.dot(&ndarray::Array1::from_vec(beta)) - solution.rho as f32
            };
            let differences = decisions(&by_rows) - decisions(&by_matrix);
            assert!(differences.iter().all(|d| d.abs() < 5e-3), "{differences}");
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
