//! Windows. All are periodic (one period of the cosine is `n` samples), as short-time analysis
//! wants them.

use std::f64::consts::PI;

/// The periodic Hann window of `n` samples: `0.5 - 0.5 cos(2 pi i / n)`.
pub fn hann(n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| 0.5 - 0.5 * (2.0 * PI * i as f64 / n as f64).cos())
        .collect()
}

#[test]
fn hann_is_periodic() {
    for (found, expected) in hann(4).into_iter().zip([0.0, 0.5, 1.0, 0.5]) {
        assert!((found - expected).abs() < 1e-15);
    }
}
