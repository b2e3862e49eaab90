//! Windows.

use std::f64::consts::PI;

/// The periodic Hann window of `n` samples, as short-time analysis wants it: `0.5 - 0.5 cos(2 pi i /
/// n)`.
pub fn hann(n: usize) -> Vec<f64> {
    (0..n)
        .map(|i| 0.5 - 0.5 * (2.0 * PI * i as f64 / n as f64).cos())
        .collect()
}

/// The Gaussian window of `n` samples that falls to 0 at its ends: `(exp(-48 (x - 1/2)^2) - e) / (1 -
/// e)` with `e = exp(-12)`, x from 0 to 1 (P. Boersma 1993, postscript to the paper on pitch). Half of
/// it is as good as nothing: it sees as much as a Hann window of half its length.
pub fn gaussian(n: usize) -> Vec<f64> {
    let edge = (-12.0_f64).exp();
    let at = |i: usize| {
        let x = (i as f64 + 0.5) / n as f64 - 0.5;
        ((-48.0 * x * x).exp() - edge) / (1.0 - edge)
    };
    (0..n).map(at).collect()
}

#[test]
fn the_gaussian_is_1_in_the_middle_and_nearly_0_at_its_ends() {
    let window = gaussian(1001);
    assert!((window[500] - 1.0).abs() < 1e-12);
    // A quarter from the middle: exp(-3).
    assert!((window[250] - (-3.0_f64).exp()).abs() < 1e-3);
    assert!(window[0] > 0.0 && window[0] < 1e-6 && (window[1000] - window[0]).abs() < 1e-12);
}

#[test]
fn hann_is_periodic() {
    for (found, expected) in hann(4).into_iter().zip([0.0, 0.5, 1.0, 0.5]) {
        assert!((found - expected).abs() < 1e-15);
    }
}
