//! Learners of the crate linfa, on our folds, scaling and calibration (cargo feature `baselines`). Rows go in as
//! `f64`; what predicts and stands in model files is numbers of our own, so that a newer linfa changes no model.

pub mod bayes;
pub mod knn;
pub mod logistic;
pub mod svm;
pub mod tree;
