//! Support vector machine by the crate linfa-svm. The library solves two classes at a time; here each pair of classes is
//! solved and the pairs vote, as in scikit-learn's `SVC`, with the same weights of the classes and the same tolerance.
//!
//! Its `predict` goes through the support vectors of each pair one after the other; here the solutions become a machine
//! like that of `svm`, which predicts by matrix products. It stops after ten million steps, done or not, and nothing can
//! stop it sooner: of a linear kernel that is minutes for each pair, so costs are limited. Its option for shrinking stops
//! with a panic on ordinary rows and is left alone.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Axis};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::model::balance;
use crate::model::learners::svm::{self, Kernel, Pair, Solution, Svm, pairs};
use crate::model::learners::{self, Learner, OfClasses, Training, guarded};

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "linfa-svm",
    help: "support vector machine by linfa-svm, one against one",
    keys: svm::LEARNER.keys,
    in_auto: &[],
    grid: svm::grid,
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| {
            learners::fit(each, |given| {
                let (kernel, c) = svm::setting(given);
                fit(rows, kernel, c)
            })
        },
        read: learners::read::<Svm>,
    }),
    values: None,
};

/// libsvm's and scikit-learn's; the library's own default is 1e-7.
const TOLERANCE: f64 = 1e-3;
/// The highest cost of a row. At 100 a linear kernel takes a million steps on 400 rows that overlap.
const MOST_COST: f64 = 1000.0;
/// Rows of a pair of classes: the library keeps a kernel matrix of them in double precision, 800 MB at most.
const MOST_ROWS: usize = 10_000;
/// Bytes of kernel matrices in work at a time, as far as one pair does not take more.
const MEMORY: usize = 1 << 30;

fn fit(rows: &Training, kernel: Kernel, c: f64) -> Result<Svm> {
    let weights = balance::of_classes(rows.y, rows.classes);
    let highest = c * weights.iter().copied().fold(0.0, f64::max);
    if highest > MOST_COST {
        return Err(Error::Usage(format!(
            "linfa-svm takes costs up to {MOST_COST}, but c={c} is {highest} for a row of the rarest class; take a lower c, or svm"
        )));
    }
    let gamma = kernel.width(svm::scale_gamma(rows.x));
    let rows_of = |(a, b): (usize, usize)| -> Vec<usize> {
        let is_of_pair = |&row: &usize| rows.y[row] == a || rows.y[row] == b;
        (0..rows.y.len()).filter(is_of_pair).collect()
    };
    let occur = |&(a, b): &(usize, usize)| weights[a] > 0.0 && weights[b] > 0.0;
    let pairs: Vec<(usize, usize)> = pairs(rows.classes).into_iter().filter(occur).collect();
    let largest = pairs.iter().map(|&pair| rows_of(pair).len()).max();
    let largest = largest.unwrap_or(0);
    if largest > MOST_ROWS {
        return Err(Error::Usage(format!(
            "linfa-svm takes {MOST_ROWS} rows of two classes at most, here are {largest}; take svm"
        )));
    }
    let solve = |&(a, b): &(usize, usize)| {
        let of_pair = rows_of((a, b));
        let x = rows.x.select(Axis(0), &of_pair).mapv(f64::from);
        let is_first: Array1<bool> = of_pair.iter().map(|&row| rows.y[row] == a).collect();
        let asked = linfa_svm::Svm::<f64, bool>::params()
            .eps(TOLERANCE)
            .pos_neg_weights(c * weights[a], c * weights[b]);
        let asked = match gamma {
            None => asked.linear_kernel(),
            // The library divides by what it calls the width.
            Some(gamma) => asked.gaussian_kernel(1.0 / gamma),
        };
        let theirs = guarded("linfa-svm", || asked.fit(&DatasetBase::new(x, is_first)))?;
        let solution = Solution {
            beta: theirs.alpha,
            rho: theirs.rho,
        };
        Ok(Pair {
            rows: of_pair,
            solution,
        })
    };
    let at_once = (MEMORY / (8 * largest * largest).max(1)).max(1);
    let mut solved = Vec::with_capacity(pairs.len());
    for some in pairs.chunks(at_once) {
        solved.extend(some.par_iter().map(solve).collect::<Result<Vec<Pair>>>()?);
    }
    Ok(Svm::of_pairs(rows.x, &weights, gamma, &solved))
}

#[test]
fn what_would_take_for_ever_is_refused() {
    let x = ndarray::array![[0.0_f32], [1.0], [2.0]];
    let shares = ndarray::array![[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]];
    let rows = Training {
        x: x.view(),
        names: &[],
        y: &[0, 1, 1],
        shares: shares.view(),
        classes: 2,
        speakers: &[0, 0, 0],
        corpora: None,
        seed: 0,
    };
    let said = fit(&rows, Kernel::Linear, 1e300).unwrap_err().to_string();
    assert!(said.contains("linfa-svm takes costs up to 1000"), "{said}");
    assert!(fit(&rows, Kernel::Linear, 100.0).is_ok());
}
