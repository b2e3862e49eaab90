//! The logarithm of a symmetric matrix.

use faer::{Mat, Side};

/// Eigenvalues below this count as this: rounding must not make a logarithm infinite.
const LEAST: f64 = 1e-10;

/// The logarithm of a symmetric, positive definite matrix of `n` rows, stored row by row: it has the same eigenvectors and
/// the logarithms of the eigenvalues. `None` if a value is not finite.
pub fn logarithm(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    if matrix.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let matrix = Mat::from_fn(n, n, |i, j| matrix[i * n + j]);
    let eigen = matrix.self_adjoint_eigen(Side::Lower).ok()?;
    let (values, vectors) = (eigen.S().column_vector(), eigen.U());
    let scaled = Mat::from_fn(n, n, |i, k| vectors[(i, k)] * values[k].max(LEAST).ln());
    let logarithm = scaled * vectors.transpose();
    Some((0..n * n).map(|at| logarithm[(at / n, at % n)]).collect())
}

#[test]
fn the_logarithm_of_a_rotated_scaling_is_that_of_its_factors() {
    // Factors e and e^3 along axes turned by 30 degrees: the logarithm has 1 and 3 there.
    let (sin, cos) = (0.5_f64, 0.75_f64.sqrt());
    let turned = |a: f64, b: f64| {
        let off = (a - b) * sin * cos;
        [
            a * cos * cos + b * sin * sin,
            off,
            off,
            a * sin * sin + b * cos * cos,
        ]
    };
    let e = std::f64::consts::E;
    let found = logarithm(&turned(e, e.powi(3)), 2).unwrap();
    let expected = turned(1.0, 3.0);
    assert!(
        found
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-12),
        "{found:?}"
    );
    assert_eq!(logarithm(&[f64::NAN], 1), None);
}
