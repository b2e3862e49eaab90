//! Linear prediction: Burg's method and the autocorrelation method, and the resonances of the resulting all-pole filter.

use realfft::num_complex::Complex64;
use realfft::num_traits::Float;

use crate::dsp::lanes::Lanes;

/// Linear prediction by Burg's method (J. P. Burg 1975, "Maximum entropy spectral analysis";
/// recursion as in S. M. Kay & S. L. Marple 1981, "Spectrum analysis: a modern perspective",
/// section II-E). Keeps its working space from frame to frame.
#[derive(Debug, Clone)]
pub struct Burg {
    /// `a[k]` is the weight of `x[n - 1 - k]` in the prediction error
    /// `x[n] + sum_k a[k] x[n - 1 - k]`.
    pub coefficients: Vec<f64>,
    forward: Vec<f64>,
    backward: Vec<f64>,
    reversed: Vec<f64>,
}

impl Burg {
    /// Prediction from `order` earlier samples.
    pub fn new(order: usize) -> Burg {
        Burg {
            coefficients: vec![0.0; order],
            forward: Vec::new(),
            backward: Vec::new(),
            reversed: vec![0.0; order],
        }
    }

    /// Fits the coefficients to `x`. Coefficients that `x` does not determine are 0: all of them for silence.
    pub fn fit(&mut self, x: &[f64]) {
        self.coefficients.fill(0.0);
        // Errors of the prediction from the samples before, and of that from the samples behind.
        self.forward.clear();
        self.forward.extend(x.iter().skip(1));
        self.backward.clear();
        self.backward.extend(&x[..x.len().saturating_sub(1)]);
        for order in 0..self.coefficients.len().min(self.forward.len()) {
            // Each order has one sample less: the forward errors lose their first, the backward
            // ones their last.
            let n = self.backward.len() - order;
            let (forward, backward) = (&mut self.forward[order..], &mut self.backward[..n]);
            let (product, power) = product_and_power(forward, backward);
            if power <= f64::MIN_POSITIVE {
                return;
            }
            let reflection = -2.0 * product / power;
            self.reversed[..order].copy_from_slice(&self.coefficients[..order]);
            self.reversed[..order].reverse();
            for (a, r) in self.coefficients.iter_mut().zip(&self.reversed[..order]) {
                *a += reflection * r;
            }
            self.coefficients[order] = reflection;
            for (f, b) in forward.iter_mut().zip(backward) {
                (*f, *b) = (*f + reflection * *b, *b + reflection * *f);
            }
        }
    }
}

/// The sum of `x y`, and that of `x x + y y`; in lanes, which the processor adds at once.
fn product_and_power(x: &[f64], y: &[f64]) -> (f64, f64) {
    const LANES: usize = 8;
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let (mut product, mut power) = ([0.0; LANES], [0.0; LANES]);
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            product[lane] += x[lane] * y[lane];
            power[lane] += x[lane] * x[lane] + y[lane] * y[lane];
        }
    }
    let rest = || x_rest.iter().zip(y_rest);
    (
        product.iter().sum::<f64>() + rest().map(|(x, y)| x * y).sum::<f64>(),
        power.iter().sum::<f64>() + rest().map(|(x, y)| x * x + y * y).sum::<f64>(),
    )
}

/// The autocorrelation of eight frames at once, at lag 0 and at lags 1 to `N`: what [`levinson_durbin`] takes. Each sum is of
/// single precision and in the order of its terms, for the same reason.
#[inline(always)]
pub fn autocorrelation<const N: usize>(x: &[Lanes<f32>]) -> (Lanes<f32>, [Lanes<f32>; N]) {
    let (mut power, mut sums) = (Lanes::splat(0.0), [Lanes::splat(0.0); N]);
    for (i, &here) in x.iter().enumerate().take(N) {
        power += here * here;
        for (sum, &before) in sums.iter_mut().zip(x[..i].iter().rev()) {
            *sum += here * before;
        }
    }
    for window in x.windows(N + 1) {
        let here = window[N];
        power += here * here;
        for (lag, sum) in sums.iter_mut().enumerate() {
            *sum += here * window[N - 1 - lag];
        }
    }
    (power, sums)
}

/// Linear prediction by the autocorrelation method, of eight frames at once: the Levinson-Durbin
/// recursion (J. Makhoul 1975, "Linear prediction: a tutorial review", Proceedings of the IEEE 63,
/// 561-580) on the autocorrelation at lag 0 and at lags 1 to `N`.
///
/// Number k of the result is the weight of `x[n - 1 - k]` in the prediction error. Computed in single precision, with each
/// sum in the order of its terms: nearly singular equations have as many solutions as there are ways to round. Coefficients
/// that a frame does not determine are 0: all of them for silence. With them comes the power of the prediction error.
#[inline(always)]
pub fn levinson_durbin<const N: usize>(
    power: Lanes<f32>,
    r: &[Lanes<f32>; N],
) -> ([Lanes<f32>; N], Lanes<f32>) {
    let mut a = [Lanes::splat(0.0); N];
    let mut error = power;
    for m in 0..N {
        let mut sum = r[m];
        for i in 0..m {
            sum += a[i] * r[m - 1 - i];
        }
        let reflection = Lanes::from_fn(|lane| match error.0[lane] {
            0.0 => 0.0,
            error => -1.0 / error * sum.0[lane],
        });
        let before = a;
        for i in 0..m {
            a[i] += reflection * before[m - 1 - i];
        }
        a[m] = reflection;
        error = error * (Lanes::splat(1.0) - reflection * reflection);
    }
    (a, error)
}

/// Steps after which roots that still move are taken as they are. Ten roots of a speech frame stand
/// still after 8 to 15.
const MOST_STEPS: usize = 50;
/// A root stands still when it moves by less than this.
const STILL: f64 = 1e-10;
/// The same in single precision, before double precision takes over.
const ROUGHLY_STILL: f32 = 1e-3;
/// The same in double precision then: the error left is the cube of the move.
const NEARLY_STILL: f64 = 1e-6;

/// The roots of `z^p + c[0] z^(p-1) + ... + c[p-1]`, in no particular order, by the simultaneous
/// iteration of O. Aberth 1973, "Iteration methods for finding all zeros of a polynomial
/// simultaneously", Mathematics of Computation 27, 339-344.
pub fn roots(c: &[f64], roots: &mut Vec<Complex64>) {
    roots.clear();
    // On a circle, off the axis of symmetry, so that no two start as conjugates of each other.
    let step = 2.0 * std::f64::consts::PI / c.len() as f64;
    roots.extend((0..c.len()).map(|k| Complex64::from_polar(0.9, step * k as f64 + 0.4)));
    for _ in 0..MOST_STEPS {
        let mut largest_move: f64 = 0.0;
        for k in 0..roots.len() {
            let z = roots[k];
            let (mut value, mut slope) = (Complex64::new(1.0, 0.0), Complex64::new(0.0, 0.0));
            for &c in c {
                slope = slope * z + value;
                value = value * z + c;
            }
            let newton = slope / value;
            if !newton.is_finite() {
                // On a root, exactly.
                continue;
            }
            let others = roots.iter().enumerate().filter(|(other, _)| *other != k);
            let repulsion: Complex64 = others.map(|(_, other)| (z - other).inv()).sum();
            let change = (newton - repulsion).inv();
            if change.is_finite() {
                roots[k] -= change;
                largest_move = largest_move.max(change.norm_sqr());
            }
        }
        if largest_move < STILL * STILL {
            break;
        }
    }
}

/// The roots of eight polynomials at once, as [`roots`] has them, by the same iteration: real parts
/// and imaginary parts. Single precision, which is four times as fast, goes most of the way.
#[inline(always)]
pub fn roots_of_eight<const N: usize>(c: &[Lanes<f64>; N]) -> [[Lanes<f64>; 2]; N] {
    let step = 2.0 * std::f64::consts::PI / N as f64;
    let mut rough: [[Lanes<f32>; 2]; N] = std::array::from_fn(|k| {
        let start = Complex64::from_polar(0.75, step * (k as f64 + 0.5));
        [start.re, start.im].map(|part| Lanes::splat(part as f32))
    });
    let rough_c = c.map(Lanes::<f64>::to_f32);
    for _ in 0..MOST_STEPS {
        if aberth_step(&rough_c, &mut rough)
            .0
            .iter()
            .all(|&moved| moved < ROUGHLY_STILL * ROUGHLY_STILL)
        {
            break;
        }
    }
    let mut roots = rough.map(|[re, im]| [re.to_f64(), im.to_f64()]);
    for _ in 0..MOST_STEPS {
        if aberth_step(c, &mut roots)
            .0
            .iter()
            .all(|&moved| moved < NEARLY_STILL * NEARLY_STILL)
        {
            break;
        }
    }
    roots
}

/// A number of the iteration for the roots: the one place where single and double precision do the same.
trait Real: Float + Default {}

impl Real for f32 {}
impl Real for f64 {}

/// Moves each root in turn; returns the square of the largest move.
#[inline(always)]
fn aberth_step<T: Real, const N: usize>(
    c: &[Lanes<T>; N],
    roots: &mut [[Lanes<T>; 2]; N],
) -> Lanes<T> {
    let (zero, one) = (Lanes::splat(T::zero()), Lanes::splat(T::one()));
    let mut largest_move = zero;
    for k in 0..N {
        let [x, y] = roots[k];
        // Division by (z - x - iy)(z - x + iy) = z^2 - 2x z + (x^2 + y^2), twice, in real numbers:
        // the remainders give value and slope at x + iy.
        let (double, norm) = (x + x, x * x + y * y);
        let (mut b1, mut b2) = (one, zero);
        let (mut d1, mut d2) = (zero, zero);
        for (i, &c) in c.iter().enumerate() {
            // b1, b2: the last two coefficients of the quotient; d1, d2: those of its own quotient.
            if i + 1 < N {
                (d1, d2) = (b1 + double * d1 - norm * d2, d1);
                (b1, b2) = (c + double * b1 - norm * b2, b1);
            } else {
                (b1, b2) = (c + x * b1 - norm * b2, b1);
            }
        }
        let value = [b1, y * b2];
        // Slope: b2 + 2iy q(z), and q(z) likewise from the second division.
        let q = [d1 - x * d2, y * d2];
        let slope = [b2 - (y + y) * q[1], (y + y) * q[0]];
        let newton = quotient(slope, value);
        let mut repulsion = [zero; 2];
        for (other, root) in roots.iter().enumerate() {
            if other != k {
                let [u, v] = [x - root[0], y - root[1]];
                let inverse = one / (u * u + v * v);
                repulsion = [repulsion[0] + u * inverse, repulsion[1] - v * inverse];
            }
        }
        let pull = [newton[0] - repulsion[0], newton[1] - repulsion[1]];
        // A root that is met exactly stays: its quotients are not finite.
        let finite = |x: T| if x.is_finite() { x } else { T::zero() };
        let change = quotient([one, zero], pull).map(|part| part.map(finite));
        roots[k] = [x - change[0], y - change[1]];
        let moved = change[0] * change[0] + change[1] * change[1];
        largest_move = Lanes::from_fn(|lane| largest_move.0[lane].max(moved.0[lane]));
    }
    largest_move
}

/// `(a + i b) / (c + i d)`.
#[inline(always)]
fn quotient<T: Real>([a, b]: [Lanes<T>; 2], [c, d]: [Lanes<T>; 2]) -> [Lanes<T>; 2] {
    let inverse = Lanes::splat(T::one()) / (c * c + d * d);
    [(a * c + b * d) * inverse, (b * c - a * d) * inverse]
}

/// A resonance of an all-pole filter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resonance {
    /// In Hz.
    pub frequency_hz: f64,
    /// Width at 3 dB below the peak, in Hz.
    pub bandwidth_hz: f64,
}

/// The resonance of a pole: `f = angle / 2 pi`, `b = -ln |z| / pi`, both times the sample rate
/// (J. D. Markel & A. H. Gray 1976, "Linear prediction of speech", section 7.1). A pole outside the
/// unit circle counts as its mirror image inside.
pub fn resonance(pole: Complex64, sample_rate: f64) -> Resonance {
    let pi = std::f64::consts::PI;
    Resonance {
        frequency_hz: pole.arg().abs() * sample_rate / (2.0 * pi),
        bandwidth_hz: pole.norm().ln().abs() * sample_rate / pi,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The response of an all-pole filter to white noise.
    fn filtered_noise(a: &[f64], n: usize) -> Vec<f64> {
        let mut seed = 1_u32;
        let mut x: Vec<f64> = Vec::new();
        for i in 0..n {
            // Numerical Recipes' quick generator.
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            let noise = f64::from(seed) / f64::from(u32::MAX) - 0.5;
            let before = a.iter().enumerate().filter(|(k, _)| *k < i);
            x.push(noise - before.map(|(k, a)| a * x[i - 1 - k]).sum::<f64>());
        }
        x
    }

    #[test]
    fn burg_finds_the_filter_that_made_the_noise() {
        let a = [-1.2, 0.9, -0.3, 0.2];
        let mut burg = Burg::new(4);
        burg.fit(&filtered_noise(&a, 20_000));
        for (found, expected) in burg.coefficients.iter().zip(a) {
            assert!((found - expected).abs() < 0.03, "{:?}", burg.coefficients);
        }
    }

    #[test]
    fn a_decay_is_predicted_from_one_sample_and_silence_from_none() {
        let mut burg = Burg::new(2);
        burg.fit(&[0.0; 100]);
        assert_eq!(burg.coefficients, [0.0, 0.0]);
        // x[n] = -x[n-1] has no error left for the second coefficient.
        let alternating: Vec<f64> = (0..100)
            .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        burg.fit(&alternating);
        assert!((burg.coefficients[0] - 1.0).abs() < 1e-12);
        burg.fit(&[0.3]);
        assert_eq!(burg.coefficients, [0.0, 0.0]);
    }

    #[test]
    fn the_autocorrelation_is_the_sum_of_products_at_each_lag() {
        let x: Vec<Lanes<f32>> = [1.0, 2.0, -1.0, 3.0].map(Lanes::splat).into();
        let (power, sums) = autocorrelation::<2>(&x);
        assert_eq!(
            [power, sums[0], sums[1]],
            [15.0, -3.0, 5.0].map(Lanes::splat)
        );
        // Lags that are as long as it have none.
        let (power, sums) = autocorrelation::<2>(&x[..1]);
        assert_eq!([power, sums[0], sums[1]], [1.0, 0.0, 0.0].map(Lanes::splat));
    }

    #[test]
    fn levinson_durbin_solves_the_example_of_the_specification() {
        let lag = |x: f32| Lanes::from_fn(|lane| if lane == 7 { 0.0 } else { x });
        let (a, _) = levinson_durbin(lag(1.0), &[0.9, 0.7, 0.4].map(lag));
        for (found, expected) in a.iter().zip([-1.083333, -0.250001, 0.583334_f32]) {
            assert!((found.0[2] - expected).abs() < 2e-6, "{a:?}");
            // Silence.
            assert_eq!(found.0[7], 0.0);
        }
    }

    #[test]
    fn roots_of_eight_polynomials_are_those_of_each() {
        // z^5 + c: five roots on a circle; a different radius in each lane; silence in the last.
        let radius = |lane: usize| 0.3 + 0.1 * lane as f64;
        let last = Lanes::from_fn(|lane| {
            if lane == 7 {
                0.0
            } else {
                -radius(lane).powi(5)
            }
        });
        let mut c = [Lanes::splat(0.0); 5];
        c[4] = last;
        let found = roots_of_eight(&c);
        for lane in 0..7 {
            for k in 0..5 {
                let angle = 2.0 * std::f64::consts::PI * f64::from(k) / 5.0;
                let root = Complex64::from_polar(radius(lane), angle);
                let is_root = |[re, im]: &[Lanes<f64>; 2]| {
                    (Complex64::new(re.0[lane], im.0[lane]) - root).norm() < 1e-9
                };
                assert!(found.iter().any(is_root), "{root} in lane {lane}");
            }
        }
        // All roots of silence are 0; the iteration comes near.
        for [re, im] in found {
            assert!(re.0[7].hypot(im.0[7]) < 1e-3);
        }
    }

    #[test]
    fn roots_of_a_product_are_those_of_its_factors() {
        // (z - 0.5)(z + 0.25)(z^2 - 2 * 0.9 cos(0.3) z + 0.81)
        let mut polynomial = vec![1.0];
        for factor in [
            vec![1.0, -0.5],
            vec![1.0, 0.25],
            vec![1.0, -1.8 * 0.3_f64.cos(), 0.81],
        ] {
            let mut product = vec![0.0; polynomial.len() + factor.len() - 1];
            for (i, a) in polynomial.iter().enumerate() {
                for (j, b) in factor.iter().enumerate() {
                    product[i + j] += a * b;
                }
            }
            polynomial = product;
        }
        let mut found = Vec::new();
        roots(&polynomial[1..], &mut found);
        let expected = [
            Complex64::new(0.5, 0.0),
            Complex64::new(-0.25, 0.0),
            Complex64::from_polar(0.9, 0.3),
            Complex64::from_polar(0.9, -0.3),
        ];
        for root in expected {
            assert!(
                found.iter().any(|z| (z - root).norm() < 1e-9),
                "{root} in {found:?}"
            );
        }
    }

    #[test]
    fn a_pole_has_its_frequency_and_bandwidth() {
        // 500 Hz and 80 Hz at 10 kHz.
        let radius = (-std::f64::consts::PI * 80.0 / 10_000.0).exp();
        let angle = 2.0 * std::f64::consts::PI * 500.0 / 10_000.0;
        for pole in [
            Complex64::from_polar(radius, -angle),
            Complex64::from_polar(1.0 / radius, angle),
        ] {
            let found = resonance(pole, 10_000.0);
            assert!((found.frequency_hz - 500.0).abs() < 1e-9);
            assert!((found.bandwidth_hz - 80.0).abs() < 1e-9);
        }
    }
}
