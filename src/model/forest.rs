//! Random forest: single-tree forests of smartcore over Rayon; the shares of their votes are the
//! probabilities.
//!
//! smartcore grows its trees one after the other, takes no class weights and tells the winning
//! class only. So each tree is a forest of one with a seed of its own, and classes are balanced by
//! repeating the rows of the smaller ones until all are as many as the largest: each tree draws its
//! bootstrap from those.

use ndarray::{Array2, ArrayView2};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::error::{Error, Result};

type Tree = RandomForestClassifier<f32, u32, DenseMatrix<f32>, Vec<u32>>;

/// A trained forest.
#[derive(Debug, Serialize, Deserialize)]
pub struct Forest {
    classes: usize,
    trees: Vec<Tree>,
}

impl Clone for Forest {
    /// smartcore's trees cannot be cloned, but they can be written and read.
    fn clone(&self) -> Forest {
        let bytes = postcard::to_stdvec(self).expect("a forest can be written");
        postcard::from_bytes(&bytes).expect("what was written can be read")
    }
}

impl Forest {
    /// Trains `trees` trees on the rows `x`; tree `t` has seed `seed + t`.
    pub fn fit(
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        trees: usize,
        seed: u64,
    ) -> Result<Forest> {
        let rows = balanced_rows(y, classes, seed);
        let x = matrix(x.select(ndarray::Axis(0), &rows).view())?;
        let y: Vec<u32> = rows.iter().map(|&row| y[row] as u32).collect();
        let tree = |t: usize| {
            let parameters = RandomForestClassifierParameters::default()
                .with_n_trees(1)
                .with_seed(seed.wrapping_add(t as u64));
            Tree::fit(&x, &y, parameters).map_err(untrainable)
        };
        let trees = (0..trees)
            .into_par_iter()
            .map(tree)
            .collect::<Result<_>>()?;
        Ok(Forest { classes, trees })
    }

    /// For each row and class, the share of the trees that vote for it.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let (n, classes) = (x.nrows(), self.classes);
        if n == 0 {
            return Array2::zeros((0, classes));
        }
        let x = matrix(x).expect("rows of equal length");
        let votes: Vec<Vec<u32>> = self
            .trees
            .par_iter()
            .map(|tree| tree.predict(&x).expect("a trained tree predicts"))
            .collect();
        let mut shares = Array2::zeros((n, classes));
        for (row, vote) in votes.iter().flat_map(|votes| votes.iter().enumerate()) {
            shares[(row, *vote as usize)] += 1.0 / self.trees.len() as f64;
        }
        shares
    }
}

fn untrainable(cause: impl std::fmt::Display) -> Error {
    Error::Data(format!("the forest cannot be trained: {cause}"))
}

fn matrix(x: ArrayView2<f32>) -> Result<DenseMatrix<f32>> {
    let values = x.iter().copied().collect();
    DenseMatrix::new(x.nrows(), x.ncols(), values, false).map_err(untrainable)
}

/// Every row, and the rows of smaller classes again and again, whole rounds first and a random part
/// of one last, until each class has as many as the largest.
fn balanced_rows(y: &[usize], classes: usize, seed: u64) -> Vec<usize> {
    let rows_of =
        |class: usize| -> Vec<usize> { (0..y.len()).filter(|&row| y[row] == class).collect() };
    let largest = (0..classes)
        .map(|class| rows_of(class).len())
        .max()
        .unwrap_or(0);
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut rows: Vec<usize> = Vec::with_capacity(largest * classes);
    for class in 0..classes {
        let own = rows_of(class);
        if own.is_empty() {
            continue;
        }
        for _ in 0..largest / own.len() {
            rows.extend(&own);
        }
        let mut rest: Vec<usize> = own
            .choose_multiple(&mut random, largest % own.len())
            .copied()
            .collect();
        rest.sort_unstable();
        rows.extend(rest);
    }
    rows.sort_unstable();
    rows
}

#[test]
fn classes_are_balanced_by_repetition() {
    let rows = balanced_rows(&[0, 0, 0, 0, 0, 1, 1, 2], 3, 1);
    let count = |of: &[usize]| rows.iter().filter(|row| of.contains(row)).count();
    assert_eq!(
        (count(&[0, 1, 2, 3, 4]), count(&[5, 6]), count(&[7])),
        (5, 5, 5)
    );
}

#[test]
fn a_forest_separates_what_is_separable_and_repeats_itself() {
    let x = Array2::from_shape_fn((40, 3), |(i, j)| {
        if j == 0 {
            (i % 2) as f32 * 4.0
        } else {
            ((i * (j + 3)) % 7) as f32
        }
    });
    let y: Vec<usize> = (0..40).map(|i| i % 2).collect();
    let forest = Forest::fit(x.view(), &y, 2, 25, 7).unwrap();
    let scores = forest.scores(x.view());
    for (row, &label) in y.iter().enumerate() {
        assert!(scores[(row, label)] > 0.6, "row {row}: {}", scores.row(row));
        assert!((scores.row(row).sum() - 1.0).abs() < 1e-9);
    }
    assert_eq!(forest.clone().scores(x.view()), scores);
    assert_eq!(
        Forest::fit(x.view(), &y, 2, 25, 7)
            .unwrap()
            .scores(x.view()),
        scores
    );
}
