//! Formants of the 20 ms stream (section 8 of the specification).
//!
//! The frame is resampled to 11 kHz by a truncated inverse Fourier transform and predicted linearly from 11 samples by the
//! autocorrelation method; the roots of the prediction are taken as formants. What the program does is not what the
//! paper says: only a part of the band and of the frame reaches the prediction, and the polynomial has its signs
//! reversed. So these are not the resonances of the vocal tract (those are in the set `rich`), but they are the numbers
//! that papers report under this name.
//!
//! The sound at 11 kHz is empty above 3.4 kHz (for recordings at 16 kHz; section 13 has other rates), so the equations are
//! nearly singular, and rounding decides the roots: the last bits of the spectrum ([`SplitRadix`]), and sums in single
//! precision in a fixed order, here over eight frames side by side.
//!
//! At sample rates below 7 kHz the inverse transform has one more term, which nobody has verified; it is left out.
//!
//! [`SplitRadix`]: crate::dsp::split_radix::SplitRadix

use std::f64::consts::PI;

use realfft::num_complex::Complex64;

use crate::dsp::lanes::{LANES, Lanes};
use crate::dsp::lpc;
use crate::dsp::split_radix::Complex;
use crate::lld::egemaps::stream::Stream;

/// The rate that the prediction sees, in Hz.
const RATE: f64 = 11_000.0;
/// Order of the prediction.
pub const ORDER: usize = 11;
/// Roots nearer than this to the ends of the band are no formants.
const MARGIN_HZ: f64 = 50.0;

/// Formants that are reported.
pub const FORMANTS: usize = 3;
/// Formants that a frame has at most.
const MOST: usize = 5;

/// Frequency and bandwidth in Hz; 0 where there is none.
pub type Formant = (f32, f32);

/// Samples of the resampled frame that are computed side by side.
const TILE: usize = 4;

/// Planned formants.
pub struct Formants {
    /// Bins that the resampled frame is made of, besides the first.
    bins: usize,
    /// Samples of the resampled frame.
    samples: usize,
    /// Cosine and sine of each sample of a tile, for each bin; tile after tile.
    waves: Vec<[[f32; 2]; TILE]>,
    scale: f32,
    resampled: Vec<Lanes<f32>>,
}

impl Formants {
    /// Plans them for `stream` at `sample_rate` Hz.
    pub fn new(sample_rate: u32, stream: &Stream) -> Formants {
        let length = stream.transform_length();
        let samples = (RATE / f64::from(sample_rate) * stream.width as f64).round() as usize;
        // As many as fit into both, an even number.
        let limit = length.min(samples) & !1;
        let period = length as f64 * samples as f64 / stream.width as f64;
        let bins = (limit / 2).saturating_sub(1);
        let wave = |bin: usize, sample: usize| {
            let phase = 2.0 * PI * bin as f64 * sample as f64 / period;
            [phase.cos() as f32, phase.sin() as f32]
        };
        let tile =
            |tile: usize, bin: usize| std::array::from_fn(|sample| wave(bin, tile * TILE + sample));
        let tiles = samples.div_ceil(TILE);
        let waves = (0..tiles).flat_map(|t| (1..=bins).map(move |bin| tile(t, bin)));
        Formants {
            bins,
            samples,
            waves: waves.collect(),
            scale: (length / 2) as f32,
            resampled: vec![Lanes::default(); tiles * TILE],
        }
    }

    /// The formants of eight frames.
    #[inline(always)]
    pub fn compute(&mut self, spectrum: &[Complex]) -> [[Formant; FORMANTS]; LANES] {
        self.resample(spectrum);
        let (power, autocorrelation) = self.autocorrelation();
        let prediction = lpc::levinson_durbin(power, &autocorrelation);
        let mut polynomial = prediction.map(|a| -a.to_f64());
        // Nothing is predicted from silence. Its roots would all be 0, to which the iteration creeps,
        // and the other frames with it: let them lie on the unit circle.
        let is_silent = Lanes::from_fn(|lane| polynomial.iter().all(|a| a.0[lane] == 0.0));
        for lane in (0..LANES).filter(|&lane| is_silent.0[lane]) {
            polynomial[ORDER - 1].0[lane] = 1.0;
        }
        let roots = lpc::roots_of_eight(&polynomial);
        std::array::from_fn(|lane| match is_silent.0[lane] {
            true => [(0.0, 0.0); FORMANTS],
            false => formants(&roots, lane),
        })
    }

    /// The frame at 11 kHz: each sample a sum over the bins in sequence.
    #[inline(always)]
    fn resample(&mut self, spectrum: &[Complex]) {
        let bins = &spectrum[1..=self.bins];
        let tiles = self.resampled.chunks_exact_mut(TILE);
        for (tile, waves) in tiles.zip(self.waves.chunks_exact(self.bins)) {
            let mut sums = [spectrum[0][0]; TILE];
            for (&[re, im], waves) in bins.iter().zip(waves) {
                for (sum, &[cos, sin]) in sums.iter_mut().zip(waves) {
                    *sum += re * cos;
                    *sum += im * sin;
                }
            }
            for (sample, sum) in tile.iter_mut().zip(sums) {
                *sample = sum / self.scale;
            }
        }
    }

    /// The autocorrelation at lag 0, and at lags 1 to [`ORDER`].
    #[inline(always)]
    fn autocorrelation(&self) -> (Lanes<f32>, [Lanes<f32>; ORDER]) {
        let y = &self.resampled[..self.samples];
        let mut sums = [Lanes::splat(0.0); ORDER + 1];
        for i in 0..y.len().min(ORDER) {
            for lag in 0..=i {
                sums[lag] += y[i] * y[i - lag];
            }
        }
        for window in y.windows(ORDER + 1) {
            let here = window[ORDER];
            for (lag, sum) in sums.iter_mut().enumerate() {
                *sum += here * window[ORDER - lag];
            }
        }
        (sums[0], std::array::from_fn(|k| sums[k + 1]))
    }
}

/// The formants among the roots of one frame, from the lowest on.
#[inline(always)]
fn formants(roots: &[[Lanes<f64>; 2]; ORDER], lane: usize) -> [Formant; FORMANTS] {
    let mut found = [(f64::INFINITY, 0.0); MOST];
    let mut n = 0;
    for [re, im] in roots {
        let root = Complex64::new(re.0[lane], im.0[lane]);
        if root.im < 0.0 || n == MOST {
            continue;
        }
        let resonance = lpc::resonance(root, RATE);
        if (MARGIN_HZ..=RATE / 2.0 - MARGIN_HZ).contains(&resonance.frequency_hz) {
            found[n] = (resonance.frequency_hz, resonance.bandwidth_hz);
            n += 1;
        }
    }
    found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    std::array::from_fn(|k| match found[k].0 {
        f64::INFINITY => (0.0, 0.0),
        frequency_hz => (frequency_hz as f32, found[k].1 as f32),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::egemaps::stream::hamming;

    /// The coefficients of the polynomial whose roots are at these frequencies and bandwidths (in
    /// pairs) and at 0.3: below the leading 1, by descending power.
    fn polynomial(resonances: &[(f64, f64); 5]) -> [f64; ORDER] {
        let mut product = vec![1.0, -0.3];
        for (frequency_hz, bandwidth_hz) in resonances {
            let radius = (-PI * bandwidth_hz / RATE).exp();
            let angle = 2.0 * PI * frequency_hz / RATE;
            let factor = [1.0, -2.0 * radius * angle.cos(), radius * radius];
            let mut longer = vec![0.0; product.len() + 2];
            for (i, a) in product.iter().enumerate() {
                for (j, b) in factor.iter().enumerate() {
                    longer[i + j] += a * b;
                }
            }
            product = longer;
        }
        std::array::from_fn(|k| product[k + 1])
    }

    #[test]
    fn the_resonances_of_an_all_pole_filter_are_its_formants() {
        let filter = [
            (520.0, 90.0),
            (1490.0, 120.0),
            (2480.0, 1200.0),
            (3500.0, 300.0),
            (4700.0, 400.0),
        ];
        let coefficients = polynomial(&filter).map(Lanes::splat);
        let found = formants(&lpc::roots_of_eight(&coefficients), 5);
        for ((frequency, bandwidth), (f, b)) in found.iter().zip(filter) {
            assert!((f64::from(*frequency) - f).abs() < 1e-2, "{found:?}");
            assert!((f64::from(*bandwidth) - b).abs() < 1e-2, "{found:?}");
        }
    }

    #[test]
    fn the_autocorrelation_of_the_filters_noise_predicts_the_filter() {
        // What the two steps before the roots are given: a long response to noise.
        let filter = polynomial(&[
            (600.0, 300.0),
            (1500.0, 400.0),
            (2500.0, 500.0),
            (3500.0, 500.0),
            (4600.0, 600.0),
        ]);
        let mut formants = Formants::new(16_000, &Stream::new(16_000, 0.020, hamming));
        let (mut seed, mut y): (u32, Vec<f64>) = (1, Vec::new());
        for i in 0..60_000 {
            // Numerical Recipes' quick generator.
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            let before = filter.iter().enumerate().filter(|(k, _)| *k < i);
            let fed_back: f64 = before.map(|(k, a)| a * y[i - 1 - k]).sum();
            y.push(f64::from(seed) / f64::from(u32::MAX) - 0.5 - fed_back);
        }
        formants.samples = y.len();
        formants.resampled = y.iter().map(|&y| Lanes::splat(y as f32)).collect();
        let (power, autocorrelation) = formants.autocorrelation();
        let found = lpc::levinson_durbin(power, &autocorrelation);
        for (found, expected) in found.iter().zip(filter) {
            assert!(
                (f64::from(found.0[0]) - expected).abs() < 0.05,
                "{found:?} for {expected}"
            );
        }
    }

    #[test]
    fn a_frame_is_resampled_to_11_khz_behind_its_zeros() {
        // A tone of 1 kHz: 11 samples a period at 11 kHz. At 16 kHz 96 zeros lie before the frame,
        // 66 samples, and 154 samples are left for its first 224.
        let tone = |t: f64| (2.0 * PI * 1000.0 * t).sin();
        let samples: Vec<f32> = (0..320)
            .map(|i| tone(f64::from(i) / 16_000.0) as f32)
            .collect();
        let mut stream = Stream::new(16_000, 0.020, hamming);
        stream.load(&samples, &[0]);
        stream.transform_to_spectrum();
        let mut formants = Formants::new(16_000, &stream);
        formants.resample(&stream.spectrum);
        assert_eq!((formants.samples, formants.bins), (220, 109));
        for i in 0..220 {
            let found = f64::from(formants.resampled[i].0[0]);
            let at_16_khz = (i as f64 - 66.0) * 16.0 / 11.0;
            let expected = match at_16_khz < 0.0 {
                true => 0.0,
                false => hamming(at_16_khz, 320.0) * tone(at_16_khz / 16_000.0),
            };
            // Not exact where the frame begins: the window does not begin at 0.
            let bound = if at_16_khz.abs() < 30.0 { 0.05 } else { 0.01 };
            assert!(
                (found - expected).abs() < bound,
                "sample {i}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn silence_has_no_formants() {
        let mut stream = Stream::new(16_000, 0.020, hamming);
        stream.load(&[0.0; 320], &[0]);
        stream.transform_to_spectrum();
        let found = Formants::new(16_000, &stream).compute(&stream.spectrum);
        assert_eq!(found, [[(0.0, 0.0); FORMANTS]; LANES]);
    }
}
