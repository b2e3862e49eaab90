//! Support vector regression by the crate linfa-svm, as scikit-learn's `SVR` on targets of mean 0 and deviation 1.
//!
//! Predictions come from the coefficients of the rows and plain numbers of our own, not from the library's form of a model.
//! Like `linfa-svm` it stops after ten million steps whether it is done or not: costs and rows are limited.

use linfa::DatasetBase;
use linfa::traits::Fit;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::model::kernel_ridge::KernelRidge;
use crate::model::learners::parameters::{Key, Kind, Parameters};
use crate::model::learners::svm;
use crate::model::learners::{self, Learner, OfValues, ValueTraining, guarded};

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "linfa-svr",
    help: "support vector regression by linfa-svm",
    keys: &[
        Key::new("kernel", "linear", Kind::Word(&["linear", "rbf"]), "kernel"),
        Key::positive("c", "0.01", COST)
            .tuned()
            .beside("kernel", "linear"),
        Key::positive("c", "1", COST)
            .tuned()
            .beside("kernel", "rbf"),
        Key::new("gamma", "scale", svm::GAMMA, "width of the kernel")
            .tuned()
            .beside("kernel", "rbf"),
        Key::positive("epsilon", "0.1", EPSILON).quiet(),
    ],
    in_auto: &[],
    grid: svm::grid,
    for_features: learners::whatever_features,
    classes: None,
    values: Some(OfValues {
        fit: |each, rows| learners::fit(each, |given| fit(rows, given)),
        read: learners::read::<KernelRidge>,
    }),
};

const COST: &str = "cost of an error beyond epsilon";
const EPSILON: &str = "error that costs nothing, in standard deviations of the target";

/// libsvm's and scikit-learn's; the library's own default is 1e-7.
const TOLERANCE: f64 = 1e-3;
/// The highest cost.
const MOST_COST: f64 = 1e4;
/// The library keeps a kernel matrix of the rows in double precision, 800 MB at most.
const MOST_ROWS: usize = 10_000;

fn fit(rows: &ValueTraining, given: &Parameters) -> Result<KernelRidge> {
    let (kernel, c) = svm::setting(given);
    if c > MOST_COST || rows.x.nrows() > MOST_ROWS {
        return Err(Error::Usage(format!(
            "linfa-svr takes costs up to {MOST_COST} and {MOST_ROWS} rows; here are c={c} and {} rows; take a lower c, or ridge",
            rows.x.nrows()
        )));
    }
    let gamma = kernel.width(svm::scale_gamma(rows.x));
    let x = rows.x.mapv(f64::from);
    let solve = |y: ArrayView1<f64>| {
        let asked = linfa_svm::Svm::<f64, f64>::params()
            .eps(TOLERANCE)
            .c_svr(c, Some(given.get("epsilon")));
        let asked = match gamma {
            None => asked.linear_kernel(),
            // The library divides by what it calls the width.
            Some(gamma) => asked.gaussian_kernel(1.0 / gamma),
        };
        let rows = DatasetBase::new(x.view(), y);
        let theirs = guarded("linfa-svm", || asked.fit(&rows))?;
        Ok((theirs.alpha, theirs.rho))
    };
    // The library wants targets that lie side by side.
    let targets: Vec<Array1<f64>> = rows.y.columns().into_iter().map(|y| y.to_owned()).collect();
    let solved: Vec<(Vec<f64>, f64)> = targets
        .par_iter()
        .map(|y| solve(y.view()))
        .collect::<Result<_>>()?;
    Ok(match gamma {
        None => linear(rows.x, &solved),
        Some(gamma) => radial(rows.x, gamma, &solved),
    })
}

fn linear(x: ArrayView2<f32>, solved: &[(Vec<f64>, f64)]) -> KernelRidge {
    let of_target = |(alpha, rho): &(Vec<f64>, f64)| {
        let mut weights = vec![0.0_f64; x.ncols()];
        for (row, alpha) in x.rows().into_iter().zip(alpha) {
            weights
                .iter_mut()
                .zip(row)
                .for_each(|(w, &x)| *w += alpha * f64::from(x));
        }
        weights.push(-rho);
        weights.into_iter().map(|w| w as f32).collect()
    };
    KernelRidge::linear(x.ncols(), solved.iter().map(of_target).collect())
}

fn radial(x: ArrayView2<f32>, gamma: f64, solved: &[(Vec<f64>, f64)]) -> KernelRidge {
    let is_support = |row: &usize| solved.iter().any(|(alpha, _)| alpha[*row] != 0.0);
    let support: Vec<usize> = (0..x.nrows()).filter(is_support).collect();
    let of_target = |(alpha, rho): &(Vec<f64>, f64)| {
        let weights = support.iter().map(|&row| alpha[row]).chain([-rho]);
        weights.map(|w| w as f32).collect()
    };
    let landmarks: Array2<f32> = x.select(Axis(0), &support);
    KernelRidge::radial(
        gamma,
        landmarks.view(),
        solved.iter().map(of_target).collect(),
    )
}

#[test]
fn a_line_is_found_by_both_kernels() {
    let x = Array2::from_shape_fn((40, 2), |(i, f)| {
        ((i * (3 + 4 * f)) % 11) as f32 * 0.2 - 1.0
    });
    let y = Array2::from_shape_fn((40, 1), |(i, _)| f64::from(x[(i, 0)] - 0.5 * x[(i, 1)]));
    for spec in ["linfa-svr:c=10", "linfa-svr:kernel=rbf,c=100,gamma=0.1"] {
        let spec: crate::model::ModelSpec = spec.parse().unwrap();
        let names = ["a", "b"].map(String::from);
        let rows = ValueTraining {
            x: x.view(),
            names: &names,
            y: y.view(),
            speakers: &[0; 40],
            seed: 0,
        };
        let said = fit(&rows, &spec.parameters).unwrap().scores(x.view());
        let far = said
            .iter()
            .zip(&y)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        // No error beyond epsilon is worth its cost.
        assert!(far < 0.12, "{spec}: {far}");
    }
}
