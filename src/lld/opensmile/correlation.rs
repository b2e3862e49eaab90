//! How much a period resembles the next one, to the last bit: with the operations of openSMILE in their order (section 3.3
//! of the specification of the GeMAPS family).
//!
//! The sets of processing "a" ask whether a correlation became smaller or larger when it was rounded to single precision,
//! so an error of 1e-9 decides. Within a lag every sum runs in the order of time; eight lags are summed side by side.

use std::ops::RangeInclusive;

use crate::dsp::lanes::{LANES, Lanes};

/// Zeros that have to lie behind the samples, for lags that only fill up the last eight.
pub const ZEROS: usize = 2 * LANES;

/// Pearson's correlation of the first `lag` samples with the next `lag`, for each of the lags; NaN where either are
/// constant. Behind the samples there are [`ZEROS`].
#[inline(always)]
pub fn in_order(samples: &[f64], lags: RangeInclusive<usize>, correlations: &mut Vec<f64>) {
    let (shortest, longest) = (*lags.start(), *lags.end());
    correlations.clear();
    // Of the samples up to the first of eight lags.
    let mut sum_before: f64 = samples[..shortest].iter().sum();
    for first in lags.step_by(LANES) {
        let next = |n: usize| Lanes::from_fn(|lane| samples[first + n + lane]);
        let lag = |lane: usize| (first + lane) as f64;
        let mut sum = Lanes::splat(0.0);
        for lane in 0..LANES {
            sum.0[lane] = sum_before;
            sum_before += samples[first + lane];
        }
        let mut next_sum = Lanes::splat(0.0);
        for n in 0..first {
            next_sum += next(n);
        }
        // The samples in which the longer of the eight lags exceed the first.
        for lane in 0..LANES {
            for n in first..first + lane {
                next_sum.0[lane] += samples[first + lane + n];
            }
        }
        let mean = Lanes::from_fn(|lane| sum.0[lane] / lag(lane));
        let next_mean = Lanes::from_fn(|lane| next_sum.0[lane] / lag(lane));
        let mut products = [Lanes::splat(0.0); 3];
        for (n, &x) in samples[..first].iter().enumerate() {
            let (x, y) = (-mean + x, next(n) - next_mean);
            products[0] += x * y;
            products[1] += x * x;
            products[2] += y * y;
        }
        for lane in 0..LANES {
            for n in first..first + lane {
                let x = samples[n] - mean.0[lane];
                let y = samples[first + lane + n] - next_mean.0[lane];
                products[0].0[lane] += x * y;
                products[1].0[lane] += x * x;
                products[2].0[lane] += y * y;
            }
        }
        let [xy, xx, yy] = products;
        let correlation = |lane: usize| xy.0[lane] / (xx.0[lane].sqrt() * yy.0[lane].sqrt());
        correlations.extend((0..LANES.min(longest + 1 - first)).map(correlation));
    }
}

/// The vertex of the parabola through `y` at the places `middle - 1`, `middle` and `middle + 1`; the middle point where they
/// lie on a line. Cramer's rule for the coefficients of 1, x and x^2: its cancellations are part of the result.
pub fn vertex(middle: usize, y: [f64; 3]) -> (f64, f64) {
    let [y1, y2, y3] = y;
    let q = middle as f64;
    let (p, r) = (q - 1.0, q + 1.0);
    let (p2, q2, r2) = (p * p, q * q, r * r);
    let d = p2 * q + q2 * r + r2 * p - r2 * q - q2 * p - p2 * r;
    let a = (y1 * q + y2 * r + y3 * p - y3 * q - y2 * p - y1 * r) / d;
    let b = (p2 * y2 + q2 * y3 + r2 * y1 - r2 * y2 - q2 * y1 - p2 * y3) / d;
    let c = (p2 * q * y3 + q2 * r * y1 + r2 * p * y2 - r2 * q * y1 - q2 * p * y3 - p2 * r * y2) / d;
    if a == 0.0 {
        return (q, y2);
    }
    let x = -b / (2.0 * a);
    (x, c - (a * x) * x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lag_is_summed_in_the_order_of_time() {
        let mut samples: Vec<f64> = (0..260)
            .map(|i| f64::from((i * i * 7919) % 1000 - 300) / 32767.0)
            .collect();
        samples.extend([0.0; ZEROS]);
        let mut found = Vec::new();
        in_order(&samples, 97..=130, &mut found);
        assert_eq!(found.len(), 34);
        for (lag, found) in (97..=130).zip(found) {
            let (x, y) = (&samples[..lag], &samples[lag..2 * lag]);
            let mean = |x: &[f64]| {
                let mut sum = 0.0;
                for x in x {
                    sum += x;
                }
                sum / lag as f64
            };
            let (x_mean, y_mean) = (mean(x), mean(y));
            let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
            for (x, y) in x.iter().zip(y) {
                let (x, y) = (x - x_mean, y - y_mean);
                xy += x * y;
                xx += x * x;
                yy += y * y;
            }
            // To the last bit.
            assert_eq!(found, xy / (xx.sqrt() * yy.sqrt()), "lag {lag}");
        }
    }

    #[test]
    fn a_constant_has_no_correlation_and_a_repetition_a_perfect_one() {
        let mut found = Vec::new();
        in_order(&[0.5; 48 + ZEROS], 20..=24, &mut found);
        assert!(found.len() == 5 && found.iter().all(|x| x.is_nan()));
        let saw: Vec<f64> = (0..48 + ZEROS).map(|i| (i % 8) as f64).collect();
        in_order(&saw, 15..=17, &mut found);
        assert_eq!(found[1], 1.0);
        assert!(found[0] < 1.0 && found[2] < 1.0);
    }

    #[test]
    fn a_parabola_has_its_vertex_and_a_line_its_middle_point() {
        // Section 16.2: through 0.8, 1 and 0.9 the vertex lies 1/6 behind the middle, 1/240 above it.
        let (x, y) = vertex(7, [0.8, 1.0, 0.9]);
        assert!((x - 7.0 - 1.0 / 6.0).abs() < 1e-12 && (y - (1.0 + 1.0 / 240.0)).abs() < 1e-12);
        assert_eq!(vertex(3, [0.25, 0.5, 0.75]), (3.0, 0.5));
    }
}
