//! Learners of the crate linfa, on our folds, scaling and calibration (cargo feature `baselines`). Rows go in as
//! `f64`; what predicts and stands in model files is numbers of our own, so that a newer linfa changes no model.

pub mod bayes;
pub mod elasticnet;
pub mod knn;
pub mod logistic;
pub mod svm;
pub mod svr;
pub mod tree;

use ndarray::ArrayView2;

use crate::model::kernel_ridge::KernelRidge;
use crate::model::learners::Estimator;
use crate::model::outputs::Outputs;

/// What the libraries' regressions become.
impl Estimator for KernelRidge {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Values(self.scores(x))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        self.fits(features, answers)
    }

    fn importance(&self, _features: usize) -> Vec<f64> {
        self.importance()
    }
}
