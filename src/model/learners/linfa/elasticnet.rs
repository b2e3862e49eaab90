//! Linear regression with a penalty on the weights and on their squares by the crate linfa-elasticnet, as scikit-learn's
//! `ElasticNet` on targets of mean 0 and deviation 1 (Zou & Hastie 2005, "Regularization and variable selection via the
//! elastic net").

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use ndarray::{Array1, ArrayView1};
use rayon::prelude::*;

use crate::error::{Error, Result};
use crate::model::kernel_ridge::KernelRidge;
use crate::model::learners::parameters::{Key, Kind, Parameters};
use crate::model::learners::{self, Learner, OfValues, ValueTraining, guarded};

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "linfa-elasticnet",
    help: "elastic net by linfa-elasticnet: few features, linearly",
    keys: &[
        Key::positive("alpha", "0.1", "penalty").tuned(),
        Key::new(
            "l1_ratio",
            "0.5",
            RATIO,
            "share of the penalty that is on the weights, not their squares",
        )
        .quiet(),
    ],
    in_auto: &[],
    grid: |given| {
        [1.0, 0.3, 0.1, 0.03, 0.01]
            .map(|alpha| given.with("alpha", alpha))
            .into()
    },
    for_features: learners::whatever_features,
    classes: None,
    values: Some(OfValues {
        fit: |each, rows| learners::fit(each, |given| fit(rows, given)),
        read: learners::read::<KernelRidge>,
    }),
};

const RATIO: Kind = Kind::Own("0 to 1", ratio);

fn ratio(text: &str) -> Result<String, String> {
    match text.parse::<f64>() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => Ok(ratio.to_string()),
        _ => Err(format!("l1_ratio {text:?}; expected 0 to 1")),
    }
}

/// scikit-learn's.
const TOLERANCE: f64 = 1e-4;
/// Passes over all features; each takes as long as it takes to read the rows once.
const MOST_PASSES: u32 = 10_000;

fn fit(rows: &ValueTraining, given: &Parameters) -> Result<KernelRidge> {
    let x = rows.x.mapv(f64::from);
    let fit = |y: &Array1<f64>| {
        let asked = ElasticNet::<f64>::params()
            .penalty(given.get("alpha"))
            .l1_ratio(given.get("l1_ratio"))
            .tolerance(TOLERANCE)
            .max_iterations(MOST_PASSES);
        let rows = DatasetBase::new(x.view(), y.view());
        let theirs = guarded("linfa-elasticnet", || asked.fit(&rows))?;
        let intercept = theirs.intercept();
        let weights = theirs.hyperplane().iter().chain([&intercept]);
        let weights: Vec<f32> = weights.map(|&w| w as f32).collect();
        match weights.iter().all(|w| w.is_finite()) {
            true => Ok(weights),
            false => Err(Error::Data(
                "linfa-elasticnet finds no weights for these rows; take a larger alpha, or ridge"
                    .into(),
            )),
        }
    };
    let targets = rows.y.columns().into_iter();
    let targets: Vec<Array1<f64>> = targets.map(|y: ArrayView1<f64>| y.to_owned()).collect();
    let weights = targets.par_iter().map(fit).collect::<Result<_>>()?;
    Ok(KernelRidge::linear(rows.x.ncols(), weights))
}
