//! Gaussian naive Bayes by the crate linfa-bayes: in each class every feature is normally distributed, and
//! none depends on another. As scikit-learn's `GaussianNB` with equal priors.
//!
//! The library weighs classes by how often they occur; here those that occur are equally probable, as
//! `class_weight="balanced"` has it elsewhere. Its `predict_proba` takes the exponential of the joint
//! likelihood itself, which of some hundred features is 0 for every class; so the likelihoods are computed
//! here, from numbers of our own.

use std::collections::HashMap;

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_bayes::GaussianNb;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::learners::parameters::Key;
use crate::model::learners::{self, Estimator, Learner, OfClasses};
use crate::model::outputs::Outputs;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "linfa-bayes",
    help: "Gaussian naive Bayes by linfa-bayes, all classes equally probable beforehand",
    keys: &[SMOOTHING.tuned().quiet()],
    in_auto: &[],
    grid: |given| {
        [1.0, 1e-1, 1e-2, 1e-3, 1e-6, 1e-9]
            .map(|share| given.with("var_smoothing", share))
            .into()
    },
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| {
            let fit = |smoothing| Bayes::fit(rows.x, rows.y, rows.classes, smoothing);
            learners::fit(each, |given| fit(given.get("var_smoothing")))
        },
        read: learners::read::<Bayes>,
    }),
    values: None,
};

/// As scikit-learn and the library have it.
const SMOOTHING: Key = Key::positive(
    "var_smoothing",
    "0.000000001",
    "share of the largest variance that is added to all",
);

/// Features are scaled to a variance of 1, and of single precision: smaller variances are rounding, and larger ones say
/// nothing. Between them no likelihood is infinite.
const VARIANCES: [f64; 2] = [1e-12, 1e12];

/// A trained classifier: for each class its distribution; `None` for one that training did not see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bayes {
    classes: Vec<Option<Gaussian>>,
}

/// How the rows of a class are distributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Gaussian {
    prior: f64,
    /// Of each feature.
    mean: Vec<f64>,
    /// Of each feature, above 0.
    variance: Vec<f64>,
}

/// The library's classifier as it serialises it. Its fields are private and have no accessors.
#[derive(Deserialize)]
struct Theirs {
    class_info: HashMap<usize, OfClass>,
}

/// The library's numbers of a class.
#[derive(Deserialize)]
struct OfClass {
    _class_count: usize,
    _prior: f64,
    theta: Array1<f64>,
    sigma: Array1<f64>,
}

impl Bayes {
    /// Trains on the scaled rows `x` with labels `y` below `classes`; `smoothing` times the largest variance of a
    /// feature is added to all variances.
    pub fn fit(x: ArrayView2<f32>, y: &[usize], classes: usize, smoothing: f64) -> Result<Bayes> {
        let failed = |cause: String| Error::Data(format!("naive Bayes cannot be trained: {cause}"));
        let rows = DatasetBase::new(x.mapv(f64::from), Array1::from(y.to_vec()));
        let theirs = GaussianNb::<f64, usize>::params()
            .var_smoothing(smoothing)
            .fit(&rows)
            .map_err(|cause| failed(cause.to_string()))?;
        let bytes = postcard::to_stdvec(&theirs).map_err(|cause| failed(cause.to_string()))?;
        let mut theirs: Theirs =
            postcard::from_bytes(&bytes).map_err(|cause| failed(cause.to_string()))?;
        let prior = 1.0 / theirs.class_info.len() as f64;
        // Where no feature varies nothing is added, and no variance says anything.
        let usable = |variance: f64| match variance > 0.0 {
            true => variance.clamp(VARIANCES[0], VARIANCES[1]),
            false => 1.0,
        };
        let mut ours = |class| {
            let theirs = theirs.class_info.remove(&class)?;
            Some(Gaussian {
                prior,
                mean: theirs.theta.to_vec(),
                variance: theirs.sigma.mapv(usable).to_vec(),
            })
        };
        Ok(Bayes {
            classes: (0..classes).map(&mut ours).collect(),
        })
    }

    /// The logarithm of each class's joint probability with each row; minus infinity for a class that
    /// training did not see.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let of_row = |row: usize| -> Vec<f64> {
            let of_class = |class: &Option<Gaussian>| match class {
                Some(class) => class.log_likelihood(x.row(row)),
                None => f64::NEG_INFINITY,
            };
            self.classes.iter().map(of_class).collect()
        };
        let rows: Vec<Vec<f64>> = (0..x.nrows()).into_par_iter().map(of_row).collect();
        let shape = (rows.len(), self.classes.len());
        Array2::from_shape_fn(shape, |(row, class)| rows[row][class])
    }
}

impl Gaussian {
    fn log_likelihood(&self, row: ArrayView1<f32>) -> f64 {
        let of_feature = |((x, mean), variance): ((&f32, &f64), &f64)| {
            (std::f64::consts::TAU * variance).ln() + (f64::from(*x) - mean).powi(2) / variance
        };
        let features = row.iter().zip(&self.mean).zip(&self.variance);
        self.prior.ln() - 0.5 * features.map(of_feature).sum::<f64>()
    }
}

impl Estimator for Bayes {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Scores(self.scores(x))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        let fits =
            |class: &Gaussian| class.mean.len() == features && class.variance.len() == features;
        self.classes.len() == answers && self.classes.iter().flatten().all(fits)
    }

    /// How far the classes' means of each feature lie apart, in variances within a class.
    fn importance(&self, features: usize) -> Vec<f64> {
        let classes: Vec<&Gaussian> = self.classes.iter().flatten().collect();
        let mean_of = |value: &dyn Fn(&Gaussian) -> f64| {
            classes.iter().map(|class| value(class)).sum::<f64>() / classes.len() as f64
        };
        let of_feature = |f: usize| {
            let mean = mean_of(&|class| class.mean[f]);
            let between = mean_of(&|class| (class.mean[f] - mean).powi(2));
            between / mean_of(&|class| class.variance[f])
        };
        (0..features).map(of_feature).collect()
    }
}

#[test]
fn no_smoothing_is_so_odd_that_nothing_is_probable() {
    let x = ndarray::array![[0.0_f32, 1.0], [0.0, 1.0], [1.0, 1.0], [1.0, 3e38]];
    for smoothing in [1e-320, 1e-9, 1e308] {
        let trained = Bayes::fit(x.view(), &[0, 0, 1, 1], 2, smoothing).unwrap();
        let scores = trained.scores(ndarray::array![[0.5_f32, -3e38], [0.0, 1.0]].view());
        assert!(scores.iter().all(|score| score.is_finite()), "{scores}");
    }
}
