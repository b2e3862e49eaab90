//! Learners of the crate smartcore, on our folds, scaling and calibration (cargo feature `baselines`). What predicts and
//! stands in model files is numbers of our own, so that a newer smartcore changes no model.

pub mod forest;
mod values;

/// Bytes of trees in work at a time, as far as one does not take more.
const MEMORY: usize = 2 << 30;

/// The largest number of single precision that is not above `value`: features of single precision lie on the same side of
/// both.
fn at_most(value: f64) -> f32 {
    let near = value as f32;
    if f64::from(near) > value {
        near.next_down()
    } else {
        near
    }
}

#[test]
fn thresholds_part_as_before() {
    for value in [0.1, -0.1, 1.5, 1.0 + 1e-12, 1.0 - 1e-12, -1e-60, 0.0] {
        let threshold = at_most(value);
        assert!(f64::from(threshold) <= value && f64::from(threshold.next_up()) > value);
    }
}
