//! The problems of all pairs of classes, solved for several kernels and costs at once.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use ndarray::{Array2, ArrayView2, Axis, Slice};
use rayon::prelude::*;

use super::pairs;
use super::smo::{self, Solution};
use crate::model::balance;
use crate::model::products::{gram, products};
use crate::model::radial::{norms, radial};

/// Up to so many rows the inner products of all are kept, 256 MiB of them; beyond, each pair of
/// classes computes its own.
const ROWS_AT_ONCE: usize = 8192;
/// Bytes of kernel matrices of pairs in work at a time, as far as one pair does not take more.
const MEMORY: usize = 512 << 20;
/// A pair with more rows than this computes rows of its kernel matrix as they are asked for.
const ROWS_OF_PAIR: usize = 11_000;
/// Rows of the kernel matrix that such a pair keeps: 704 MiB at 20 000 rows.
const ROWS_KEPT: usize = 9216;
/// The solution of one pair, and the rows it is about.
pub struct Pair {
    pub rows: Vec<usize>,
    pub solution: Solution,
}

/// What is to be solved for each pair of classes.
pub struct Problem<'a> {
    x: ArrayView2<'a, f32>,
    rows_of: Vec<Vec<usize>>,
    /// What a row of each class weighs.
    pub weights: Vec<f64>,
}

/// The solutions of one pair for each setting.
pub struct Solved {
    rows: Vec<usize>,
    solutions: Vec<Solution>,
}

impl Solved {
    pub fn take(&mut self, setting: usize) -> Pair {
        Pair {
            rows: self.rows.clone(),
            solution: std::mem::replace(&mut self.solutions[setting], Solution::none()),
        }
    }
}

/// Width of the radial kernel, `None` for the linear one, and cost.
pub type Setting = (Option<f64>, f64);

impl<'a> Problem<'a> {
    pub fn new(x: ArrayView2<'a, f32>, y: &[usize], classes: usize) -> Problem<'a> {
        let mut rows_of = vec![Vec::new(); classes];
        for (row, &class) in y.iter().enumerate() {
            rows_of[class].push(row);
        }
        Problem {
            x,
            rows_of,
            weights: balance::of_classes(y, classes),
        }
    }

    /// The pairs of classes that occur, each solved for every setting.
    pub fn solve_each(&self, settings: &[Setting]) -> Vec<Solved> {
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

#[test]
fn rows_computed_when_asked_for_give_the_same_machine() {
    let (x, y) = super::tests::overlapping();
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
