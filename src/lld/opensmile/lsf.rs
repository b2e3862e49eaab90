//! Line spectral frequencies of the 25 ms stream (section 6 of the specification of emobase).
//!
//! A linear prediction of order 8, of pre-emphasised frames without a window, is written as the sum of a symmetric and an
//! antisymmetric polynomial, whose roots lie on the unit circle, in turn (F. Itakura 1975, "Line spectrum
//! representation of linear predictor coefficients of speech signals", Journal of the Acoustical Society of America 57,
//! S35). Their angles are found where the polynomials change their sign, as functions of the cosine of the angle (P. Kabal
//! & R. P. Ramachandran 1986, "The computation of line spectral frequencies using Chebyshev polynomials", IEEE Transactions
//! on Acoustics, Speech, and Signal Processing 34, 1419-1426). The search is a coarse one: the frequencies are up to 3e-4
//! off the exact ones, and openSMILE's numbers have its steps in them.

use crate::dsp::lanes::{LANES, Lanes};
use crate::dsp::lpc;

/// Order of the prediction, and number of frequencies.
pub const ORDER: usize = 8;
/// Coefficients of a polynomial in the cosine.
const COEFFICIENTS: usize = ORDER / 2 + 1;

/// The search walks in steps of this size (6.4), and once more in the second if it missed a root.
const STEPS: [f32; 2] = [0.2, 0.05];
/// How much shorter steps become towards both ends.
const SHORTER_AT_ENDS: f32 = 0.9;
/// Steps are halved where a polynomial is nearer to 0 than this. (The program compares in double precision; no number of single
/// precision lies between the two.)
const NEAR: f32 = 0.2;
/// Halvings of the interval in which a root lies.
const HALVINGS: usize = 11;

/// The line spectral frequencies of eight pre-emphasised `frames`, in radians, ascending.
#[inline(always)]
pub fn frequencies(frames: &[Lanes<f32>]) -> [Lanes<f32>; ORDER] {
    let (power, autocorrelation) = lpc::autocorrelation(frames);
    let (prediction, _) = lpc::levinson_durbin(power, &autocorrelation);
    of_prediction(&prediction)
}

/// The frequencies of the predictions whose error is `x[n] + sum_k a[k] x[n - 1 - k]`.
#[inline(always)]
fn of_prediction(a: &[Lanes<f32>; ORDER]) -> [Lanes<f32>; ORDER] {
    let polynomials = polynomials(a);
    let (mut found, has_all) = search(&polynomials, STEPS[0]);
    if has_all != [true; LANES] {
        let (again, _) = search(&polynomials, STEPS[1]);
        for (found, again) in found.iter_mut().zip(again) {
            *found = Lanes::from_fn(|lane| match has_all[lane] {
                true => found.0[lane],
                false => again.0[lane],
            });
        }
    }
    found
}

/// The symmetric and the antisymmetric polynomial without the roots that all predictions have, in the cosine (6.2).
#[inline(always)]
fn polynomials(a: &[Lanes<f32>; ORDER]) -> [Polynomial; 2] {
    let (mut p, mut q) = (
        [Lanes::splat(1.0); COEFFICIENTS],
        [Lanes::splat(1.0); COEFFICIENTS],
    );
    for i in 0..ORDER / 2 {
        let mirrored = a[ORDER - 1 - i];
        p[i + 1] = (a[i] + mirrored) - p[i];
        q[i + 1] = (a[i] - mirrored) + q[i];
    }
    for i in 0..ORDER / 2 {
        p[i] = p[i] * 2.0;
        q[i] = q[i] * 2.0;
    }
    [p, q]
}

/// The coefficients of a polynomial of each of eight frames.
type Polynomial = [Lanes<f32>; COEFFICIENTS];

/// The value of the polynomial of frame `lane` where the cosine is `x`.
#[inline(always)]
fn value(polynomial: &Polynomial, lane: usize, x: f32) -> f32 {
    let (twice, mut b, mut before) = (2.0 * x, 0.0, 0.0);
    for c in &polynomial[..COEFFICIENTS - 1] {
        (b, before) = ((twice * b - before) + c.0[lane], b);
    }
    (-before + (0.5 * twice) * b) + polynomial[COEFFICIENTS - 1].0[lane]
}

/// Where the search is in each of eight frames.
struct Search {
    /// The cosines between which the next root is sought; it falls from 1 to -1.
    high: Lanes<f32>,
    low: Lanes<f32>,
    /// The value of the polynomial at `high`.
    value: Lanes<f32>,
    /// 1 where steps have to be made, else 0.
    walks: Lanes<u32>,
    /// 1 where the polynomial changes its sign between `low` and `high`, else 0.
    has_root: Lanes<u32>,
}

impl Search {
    /// Steps towards -1 to the first change of sign of the polynomial.
    #[inline(always)]
    fn walk(&mut self, polynomial: &Polynomial, step: f32) {
        // (Loops over frames around all operations: the compiler computes the frames side by side.)
        for lane in 0..LANES {
            self.value.0[lane] = value(polynomial, lane, self.high.0[lane]);
            self.walks.0[lane] = u32::from(self.low.0[lane] >= -1.0);
            self.has_root.0[lane] = 0;
        }
        while self.walks.0.contains(&1) {
            for lane in 0..LANES {
                let (high, before) = (self.high.0[lane], self.value.0[lane]);
                let shorter = if before.abs() < NEAR { 0.5 } else { 1.0 };
                let x = high - step * (1.0 - (SHORTER_AT_ENDS * high) * high) * shorter;
                let here = value(polynomial, lane, x);
                let walks = self.walks.0[lane] == 1;
                let has_root = walks & (here * before < 0.0);
                let walks_on = walks & !has_root;
                self.low.0[lane] = if walks { x } else { self.low.0[lane] };
                self.high.0[lane] = if walks_on { x } else { high };
                self.value.0[lane] = if walks_on { here } else { before };
                self.walks.0[lane] = u32::from(walks_on & (x >= -1.0));
                self.has_root.0[lane] |= u32::from(has_root);
            }
        }
    }

    /// Halves the interval with the change of sign; its last middle is the root, and the next search begins there.
    #[inline(always)]
    fn halve(&mut self, polynomial: &Polynomial) {
        let mut middle = Lanes::splat(0.0);
        for _ in 0..HALVINGS {
            for lane in 0..LANES {
                let (high, low, before) = (self.high.0[lane], self.low.0[lane], self.value.0[lane]);
                let x = (high + low) / 2.0;
                let here = value(polynomial, lane, x);
                let is_above = here * before < 0.0;
                self.low.0[lane] = if is_above { x } else { low };
                self.high.0[lane] = if is_above { high } else { x };
                self.value.0[lane] = if is_above { before } else { here };
                middle.0[lane] = x;
            }
        }
        self.high = middle.map(|x| x.clamp(-1.0, 1.0));
    }
}

/// Roots of both polynomials in turn, by steps of `step` from angle 0 to pi (6.3), as angles; 0 for those that were not
/// found. And whether a frame has all.
#[inline(always)]
fn search(polynomials: &[Polynomial; 2], step: f32) -> ([Lanes<f32>; ORDER], [bool; LANES]) {
    let mut found = [Lanes::splat(0.0); ORDER];
    let mut has_all = [true; LANES];
    let mut search = Search {
        high: Lanes::splat(1.0),
        low: Lanes::splat(0.0),
        value: Lanes::splat(0.0),
        walks: Lanes::splat(1),
        has_root: Lanes::splat(0),
    };
    for (j, found) in found.iter_mut().enumerate() {
        let polynomial = &polynomials[j % 2];
        search.walk(polynomial, step);
        let has_root = search.has_root;
        search.halve(polynomial);
        for (lane, has_all) in has_all.iter_mut().enumerate() {
            // Whoever misses a root misses all behind it.
            *has_all &= has_root.0[lane] == 1;
            if *has_all {
                // Of single precision, as the program takes it: then all bits agree.
                found.0[lane] = search.high.0[lane].acos();
            }
        }
    }
    (found, has_all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::PI;

    #[test]
    fn no_prediction_has_frequencies_at_equal_distances() {
        // All eighth-order predictions that are 0 have the roots of z^9 + 1 and z^9 - 1. Section 6.4.
        let silence = frequencies(&[Lanes::splat(0.0); 400]);
        let expected = [
            0.349084, 0.698164, 1.047241, 1.3963, 1.745416, 2.094481, 2.443413, 2.792516,
        ];
        for (j, (found, expected)) in silence.iter().zip(expected).enumerate() {
            assert!((found.0[3] - expected).abs() < 1e-6, "{j}: {found:?}");
            let exact = (j + 1) as f64 * PI / 9.0;
            assert!((f64::from(found.0[3]) - exact).abs() < 3e-4, "{j}");
        }
    }

    #[test]
    fn the_frames_of_the_worked_example() {
        // Section 13: coefficients, and frequencies.
        for (a, expected) in [
            (
                [
                    -0.522_445_4,
                    -0.531_878_9,
                    -0.24459636,
                    0.037426665,
                    0.079550676,
                    0.1224824,
                    0.11333744,
                    0.023930317,
                ],
                [
                    0.11943652,
                    0.213_516_2,
                    0.8481887,
                    1.3285232,
                    1.7165923,
                    2.1030397,
                    2.4337265,
                    2.7834384,
                ],
            ),
            (
                [
                    0.87054384,
                    0.78445387,
                    0.711_455_3,
                    0.62621915,
                    0.58538145,
                    0.36751842,
                    0.18950622,
                    0.10193418,
                ],
                [
                    0.66288644, 0.90347314, 1.2123201, 1.5666522, 1.8921776, 2.155751, 2.514082,
                    2.840_72,
                ],
            ),
        ] {
            let found = of_prediction(&a.map(Lanes::splat));
            for (found, expected) in found.iter().zip(expected) {
                let found: f32 = found.0[1];
                assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
            }
        }
    }

    #[test]
    fn polynomials_vanish_at_known_frequencies() {
        // A(z) of four resonances; its sums and differences with its mirror image, evaluated on the unit circle, are what
        // has to be 0 there.
        let mut a = vec![1.0];
        for (angle, radius) in [(0.3, 0.95), (0.9, 0.9), (1.7, 0.8), (2.5, 0.85)] {
            let (angle, radius): (f64, f64) = (angle, radius);
            let factor = [1.0, -2.0 * radius * angle.cos(), radius * radius];
            let mut longer = vec![0.0; a.len() + 2];
            for (i, a) in a.iter().enumerate() {
                for (j, b) in factor.iter().enumerate() {
                    longer[i + j] += a * b;
                }
            }
            a = longer;
        }
        let prediction = std::array::from_fn(|k| Lanes::splat(a[k + 1] as f32));
        let found = of_prediction(&prediction).map(|w| w.0[6]);
        assert!(found.is_sorted());
        for (j, w) in found.into_iter().enumerate() {
            // The polynomial of 10 coefficients a_k +- a_(9-k), turned so that it is real (or imaginary).
            let sum = |w: f64| -> f64 {
                let coefficient = |k: usize| {
                    let at = |k: usize| a.get(k).copied().unwrap_or(0.0);
                    if j % 2 == 0 {
                        (at(k) + at(9 - k)) * ((4.5 - k as f64) * w).cos()
                    } else {
                        (at(k) - at(9 - k)) * ((4.5 - k as f64) * w).sin()
                    }
                };
                (0..10).map(coefficient).sum()
            };
            let w = f64::from(w);
            assert!(sum(w - 3e-4) * sum(w + 3e-4) < 0.0, "frequency {j}: {w}");
        }
    }
}
