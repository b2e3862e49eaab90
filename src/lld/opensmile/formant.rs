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

use crate::catalogue::gemaps::Processing;
use crate::dsp::lanes::{LANES, Lanes};
use crate::dsp::lpc;
use crate::dsp::split_radix::Complex;
use crate::lld::opensmile::stream::Stream;

/// The rate that the prediction sees, in Hz.
const RATE: f64 = 11_000.0;
/// Order of the prediction.
pub const ORDER: usize = 11;
/// Roots below this are no formants.
const LOWEST_HZ: f64 = 50.0;
/// A root whose imaginary part is less than this share of it is real. (The search leaves an error of 1e-12 at most in it.)
const REAL: f64 = 1e-9;

/// Formants that are reported.
pub const FORMANTS: usize = 3;
/// Frequency and bandwidth in Hz; 0 where there is none.
pub type Formant = (f32, f32);

/// Samples of the resampled frame that are computed side by side: with fewer the processor waits for the sums, more do not
/// fit into its registers.
const TILE: usize = 10;

/// Planned formants.
pub struct Formants {
    /// Bins that the resampled frame is made of, besides the first.
    bins: usize,
    /// Samples of the resampled frame.
    samples: usize,
    /// Cosine and sine of each sample of a tile, for each bin; tile after tile.
    waves: Vec<[[f32; 2]; TILE]>,
    scale: f32,
    /// Roots above this are no formants, in Hz.
    highest_hz: f64,
    resampled: Vec<Lanes<f32>>,
}

impl Formants {
    /// Plans them for `stream` at `sample_rate` Hz.
    pub fn new(sample_rate: u32, stream: &Stream, processing: Processing) -> Formants {
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
            highest_hz: match processing {
                // Section 3.2 of the specification of the family.
                Processing::A => RATE / 2.0,
                Processing::B => RATE / 2.0 - LOWEST_HZ,
            },
            resampled: vec![Lanes::default(); tiles * TILE],
        }
    }

    /// The formants of eight frames.
    #[inline(always)]
    pub fn compute(&mut self, spectrum: &[Complex]) -> [[Formant; FORMANTS]; LANES] {
        self.resample(spectrum);
        let frame = &self.resampled[..self.samples];
        let (power, autocorrelation) = lpc::autocorrelation(frame);
        let (prediction, _) = lpc::levinson_durbin(power, &autocorrelation);
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
            false => formants(&roots, lane, self.highest_hz),
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
}

/// The formants among the roots of one frame, from the lowest on; real roots are none.
#[inline(always)]
fn formants(roots: &[[Lanes<f64>; 2]; ORDER], lane: usize, highest_hz: f64) -> [Formant; FORMANTS] {
    // By falling cosine of the angle, which is by rising frequency; only some of the angles are needed.
    let mut found = [(f64::NEG_INFINITY, Complex64::ZERO); ORDER];
    let mut n = 0;
    for [re, im] in roots {
        let root = Complex64::new(re.0[lane], im.0[lane]);
        if root.im > REAL * root.re.abs() {
            found[n] = (root.re / root.norm_sqr().sqrt(), root);
            n += 1;
        }
    }
    let found = &mut found[..n];
    found.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let resonances = found.iter().map(|&(_, root)| lpc::resonance(root, RATE));
    let formants = resonances.filter(|r| (LOWEST_HZ..=highest_hz).contains(&r.frequency_hz));
    let mut lowest = [(0.0, 0.0); FORMANTS];
    for (place, formant) in lowest.iter_mut().zip(formants) {
        *place = (formant.frequency_hz as f32, formant.bandwidth_hz as f32);
    }
    lowest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::example;
    use crate::lld::opensmile::stream::hamming;

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
        let found = formants(&lpc::roots_of_eight(&coefficients), 5, 5450.0);
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
        let stream = Stream::new(16_000, 0.020, hamming);
        let mut formants = Formants::new(16_000, &stream, Processing::B);
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
        let (power, autocorrelation) =
            lpc::autocorrelation::<ORDER>(&formants.resampled[..formants.samples]);
        let (found, _) = lpc::levinson_durbin(power, &autocorrelation);
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
        let mut formants = Formants::new(16_000, &stream, Processing::B);
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
    fn without_zeros_before_it_all_of_the_frame_is_resampled() {
        // 1 kHz again: 220 samples for all 320 of 16 kHz.
        let tone = |t: f64| (2.0 * PI * 1000.0 * t).sin();
        let samples: Vec<f32> = (0..320)
            .map(|i| tone(f64::from(i) / 16_000.0) as f32)
            .collect();
        let mut stream = Stream::new(16_000, 0.020, hamming).zeros_behind();
        stream.load(&samples, &[0]);
        stream.transform_to_spectrum();
        let mut formants = Formants::new(16_000, &stream, Processing::A);
        formants.resample(&stream.spectrum);
        for i in 30..190 {
            let found = f64::from(formants.resampled[i].0[0]);
            let at_16_khz = i as f64 * 16.0 / 11.0;
            let expected = hamming(at_16_khz, 320.0) * tone(at_16_khz / 16_000.0);
            assert!(
                (found - expected).abs() < 0.01,
                "sample {i}: {found} for {expected}"
            );
        }
    }

    #[test]
    fn each_step_has_the_values_of_the_example() {
        // Section 6 of the specification of the family, and 16.1 of that of eGeMAPSv02: frames 20 and 80.
        let samples = example::samples();
        let stream = || Stream::new(16_000, 0.020, hamming);
        for (processing, mut stream, places, y, a) in [
            (
                Processing::A,
                stream().zeros_behind(),
                [0..4, 100..104, 216..220],
                [
                    [
                        [
                            -0.006_561_571_7,
                            -0.007_745_949_6,
                            -0.003_611_021_2,
                            0.000_577_533_33,
                        ],
                        [0.108_250_12, 0.097_475_499, 0.088_557_169, 0.083_721_72],
                        [
                            -0.011_331_892,
                            -0.012_912_117,
                            -0.016_671_432,
                            -0.014_564_582,
                        ],
                    ],
                    [
                        [
                            2.836_731_4e-5,
                            6.559_047_3e-5,
                            -9.255_156_3e-6,
                            -6.773_858_3e-5,
                        ],
                        [
                            8.664_246_7e-5,
                            5.732_235_7e-4,
                            4.842_641_1e-4,
                            3.644_513_8e-4,
                        ],
                        [
                            6.641_007_3e-5,
                            -6.374_968_5e-5,
                            -6.805_088_2e-5,
                            -1.768_047_9e-5,
                        ],
                    ],
                ],
                [
                    [-2.018_683, 1.085_440_3, -0.372_272_04, 0.258_984_42],
                    [-3.321_847_2, 7.242_61, -12.013_03, 16.109_436],
                ],
            ),
            (
                Processing::B,
                stream(),
                [66..70, 100..101, 100..101],
                [
                    [
                        [-0.006_562, -0.007_746, -0.003_611, 0.000_578],
                        [0.021_869_4; 4],
                        [0.021_869_4; 4],
                    ],
                    [
                        [0.000_028, 0.000_066, -0.000_009, -0.000_068],
                        [0.000_254_5; 4],
                        [0.000_254_5; 4],
                    ],
                ],
                [
                    [-1.362_579, 0.129_937, 0.092_916, 0.075_252],
                    [-1.642_931, 2.083_54, -1.815_088, 0.929_579],
                ],
            ),
        ] {
            stream.load(&samples, &[20 * 160, 80 * 160]);
            stream.transform_to_spectrum();
            let mut formants = Formants::new(16_000, &stream, processing);
            formants.resample(&stream.spectrum);
            let (power, autocorrelation) =
                lpc::autocorrelation::<ORDER>(&formants.resampled[..formants.samples]);
            let prediction = lpc::levinson_durbin(power, &autocorrelation);
            for lane in 0..2 {
                for (places, y) in places.iter().zip(y[lane]) {
                    for (place, y) in places.clone().zip(y) {
                        let found = f64::from(formants.resampled[place].0[lane]);
                        assert!((found - y).abs() < 6e-7, "{place}: {found} for {y}");
                    }
                }
                for (found, a) in prediction.0.iter().zip(a[lane]) {
                    let found = f64::from(found.0[lane]);
                    // To the last digit that is given.
                    assert!(
                        (found - a).abs() < 2e-6 * f64::max(a.abs(), 0.5),
                        "{found} for {a}"
                    );
                }
            }
        }
    }

    #[test]
    fn real_roots_are_no_formants_and_the_band_has_its_ends() {
        // -0.9, with what is left of rounding, would lie at 5500 Hz.
        let pair = |hz: f64| {
            let root = Complex64::from_polar(0.9, 2.0 * PI * hz / RATE);
            [root.re, root.im].map(Lanes::splat)
        };
        let mut roots = [[Lanes::splat(0.5), Lanes::splat(0.0)]; ORDER];
        roots[3] = [Lanes::splat(-0.9), Lanes::splat(1e-15)];
        roots[4] = pair(5470.0);
        roots[7] = pair(1200.0);
        roots[9] = pair(30.0);
        let found = |highest_hz| formants(&roots, 2, highest_hz).map(|(hz, _)| hz.round());
        assert_eq!(found(5450.0), [1200.0, 0.0, 0.0]);
        assert_eq!(found(5500.0), [1200.0, 5470.0, 0.0]);
    }

    #[test]
    fn silence_has_no_formants() {
        let mut stream = Stream::new(16_000, 0.020, hamming);
        stream.load(&[0.0; 320], &[0]);
        stream.transform_to_spectrum();
        let found = Formants::new(16_000, &stream, Processing::B).compute(&stream.spectrum);
        assert_eq!(found, [[(0.0, 0.0); FORMANTS]; LANES]);
    }
}
