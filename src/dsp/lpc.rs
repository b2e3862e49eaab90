//! Linear prediction: Burg's method, and the resonances of the all-pole filter that it finds.

use realfft::num_complex::Complex64;

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

    /// Fits the coefficients to `x`. Orders that `x` leaves undetermined are 0: all of them for
    /// silence.
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

/// Steps after which roots that still move are taken as they are. Ten roots of a speech frame stand
/// still after 8 to 15.
const MOST_STEPS: usize = 50;
/// A root stands still when it moves by less than this.
const STILL: f64 = 1e-10;

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
