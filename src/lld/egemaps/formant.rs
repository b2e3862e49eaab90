//! Formants of the 20 ms stream (section 8 of the specification).
//!
//! The frame is brought to 11 kHz by an inverse Fourier transform cut short, predicted linearly from
//! 11 samples by the autocorrelation method, and the roots of the prediction are taken for
//! formants. What the program does is not what the paper says: only a part of the band and of the
//! frame reaches the prediction, and the polynomial has its signs reversed. So these are not the
//! resonances of the vocal tract (those are in the set `rich`), but they are the numbers that
//! papers report under this name.
//!
//! There is nothing in the sound at 11 kHz above 3.4 kHz, so the equations are nearly singular, and the
//! roots are decided by rounding: by the last bits of the spectrum ([`SplitRadix`]), and by sums
//! in single precision in a fixed order, which are here sums over eight frames side by side.
//!
//! [`SplitRadix`]: crate::dsp::split_radix::SplitRadix

use std::f64::consts::PI;

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
        let polynomial = prediction.map(|a| -a.to_f64());
        let roots = lpc::roots_of_eight(&polynomial);
        std::array::from_fn(|lane| {
            // Nothing was predicted from silence.
            match polynomial.iter().all(|a| a.0[lane] == 0.0) {
                true => [(0.0, 0.0); FORMANTS],
                false => formants(&roots, lane),
            }
        })
    }

    /// The frame at 11 kHz: each sample a sum over the bins in sequence.
    #[inline(always)]
    fn resample(&mut self, spectrum: &[Complex]) {
        let bins = &spectrum[1..=self.bins];
        let tiles = self.resampled.chunks_exact_mut(TILE);
        for (tile, waves) in tiles.zip(self.waves.chunks_exact(self.bins.max(1))) {
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
        let (re, im) = (re.0[lane], im.0[lane]);
        if im < 0.0 || n == MOST {
            continue;
        }
        let frequency_hz = im.atan2(re).abs() * RATE / (2.0 * PI);
        if (MARGIN_HZ..=RATE / 2.0 - MARGIN_HZ).contains(&frequency_hz) {
            // A root outside the unit circle counts as its mirror image inside.
            let bandwidth_hz = (re * re + im * im).ln().abs() / 2.0 * RATE / PI;
            found[n] = (frequency_hz, bandwidth_hz);
            n += 1;
        }
    }
    found.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    std::array::from_fn(|k| match found[k].0 {
        f64::INFINITY => (0.0, 0.0),
        frequency_hz => (frequency_hz as f32, found[k].1 as f32),
    })
}
