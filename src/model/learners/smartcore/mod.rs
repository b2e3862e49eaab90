//! Learners of the crate smartcore, on our folds, scaling and calibration (cargo feature `baselines`). What predicts and
//! stands in model files is numbers of our own, so that a newer smartcore changes no model.

pub mod forest;
