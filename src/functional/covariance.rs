//! Log-correlation, how contours vary together: the matrix logarithm of their correlations (log-Euclidean).
//!
//! Correlation matrices lie on a curved surface, where differences mean little; their logarithms lie
//! in a flat space, in which a linear or a radial classifier may compare them (Arsigny et al. 2007,
//! "Geometric means in a novel vector space structure on symmetric positive-definite matrices", SIAM
//! J. Matrix Analysis 29). Speech emotion by covariances of descriptors: Ye et al. 2008, "Speech
//! emotion classification on a Riemannian manifold". Correlations do not change with the gain of the
//! recording or the scale of a descriptor; deviations are statistics of their own.

use crate::dsp::{matrix, stats};

/// The correlation matrix is drawn this far towards the identity: a second of speech has 100 frames,
/// too few for 60 contours. (Ledoit & Wolf 2004, "A well-conditioned estimator for large-dimensional
/// covariance matrices"; they estimate how far, here it is fixed.)
const SHRINKAGE: f64 = 0.1;

/// Number of values for so many contours: each pair of contours and deltas once.
pub const fn size(contours: usize) -> usize {
    let n = 2 * contours;
    n * (n + 1) / 2
}

/// The upper triangle, row by row, of the logarithm of the shrunken correlation matrix of contours
/// without gaps and of their deltas. What stands beside the diagonal is multiplied by the root of 2, so
/// that Euclidean distances are those of the matrices. NaN for fewer than two frames.
pub fn log_correlations(contours: &[Vec<f32>], out: &mut Vec<f32>) {
    let frames = contours.first().map_or(0, Vec::len);
    let deltas = contours.iter().map(|contour| {
        let mut delta = Vec::new();
        stats::delta(contour, &mut delta);
        delta
    });
    let rows: Vec<Vec<f64>> = contours
        .iter()
        .cloned()
        .chain(deltas)
        .map(|c| unit(&c))
        .collect();
    let n = rows.len();
    let mut correlations = vec![0.0; n * n];
    for i in 0..n {
        correlations[i * n + i] = 1.0;
        for j in 0..i {
            let sum: f64 = rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum();
            correlations[i * n + j] = (1.0 - SHRINKAGE) * sum;
            correlations[j * n + i] = (1.0 - SHRINKAGE) * sum;
        }
    }
    let logarithm = if frames < 2 {
        None
    } else {
        matrix::logarithm(&correlations, n)
    };
    let Some(logarithm) = logarithm else {
        out.extend(vec![f32::NAN; size(contours.len())]);
        return;
    };
    for i in 0..n {
        out.push(logarithm[i * n + i] as f32);
        let beside = (i + 1..n).map(|j| (logarithm[i * n + j] * std::f64::consts::SQRT_2) as f32);
        out.extend(beside);
    }
}

/// A contour less its mean, of length 1 as a vector; all 0 for a constant one.
fn unit(contour: &[f32]) -> Vec<f64> {
    let [mean, std, ..] = stats::moments(contour);
    let is_constant = std <= f64::from(f32::EPSILON) * mean.abs() || std == 0.0;
    let length = std * (contour.len() as f64).sqrt();
    let scaled = |&value: &f32| match is_constant {
        true => 0.0,
        false => (f64::from(value) - mean) / length,
    };
    contour.iter().map(scaled).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_and_offset_change_nothing() {
        let wave = |step: f32| {
            (0..80)
                .map(|t| (t as f32 * step).sin())
                .collect::<Vec<f32>>()
        };
        let contours = [wave(0.3), wave(0.17), wave(0.05)];
        let scaled: Vec<Vec<f32>> = contours
            .iter()
            .map(|contour| contour.iter().map(|v| 3.0 * v + 7.0).collect())
            .collect();
        let of = |contours: &[Vec<f32>]| {
            let mut out = Vec::new();
            log_correlations(contours, &mut out);
            out
        };
        let (a, b) = (of(&contours), of(&scaled));
        assert_eq!(a.len(), size(3));
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4));
        assert!(of(&[vec![1.0]]).iter().all(|v| v.is_nan()));
    }

    #[test]
    fn the_largest_entry_is_that_of_what_moves_together() {
        let wave = |step: f32| {
            (0..90)
                .map(|t| (t as f32 * step).sin())
                .collect::<Vec<f32>>()
        };
        // The first row of six (three contours, three deltas): its diagonal, then what it has in common with
        // each of the others. The third contour is mostly the first.
        let mut out = Vec::new();
        let mixed = wave(0.3)
            .into_iter()
            .zip(wave(0.11))
            .map(|(a, b)| a + 0.2 * b);
        log_correlations(&[wave(0.3), wave(0.05), mixed.collect()], &mut out);
        let beside = [1, 2, 3, 4, 5];
        assert!(
            beside.iter().all(|&at| at == 2 || out[at] < out[2]),
            "{:?}",
            &out[..6]
        );
    }

    #[test]
    fn two_contours_without_correlation_have_a_logarithm_of_zero() {
        // Constant contours and deltas correlate with nothing: the identity, whose logarithm is 0.
        let mut out = Vec::new();
        log_correlations(&[vec![1.0; 5], vec![2.0; 5]], &mut out);
        assert_eq!(out, vec![0.0; size(2)]);
    }
}
