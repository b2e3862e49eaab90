//! Cepstral peak prominence: how far the period of the voice stands out in the cepstrum. It is low in a breathy or hoarse
//! voice.
//!
//! J. Hillenbrand & R. A. Houde 1996, "Acoustic correlates of breathy vocal quality: dysphonic voices
//! and continuous speech", Journal of Speech and Hearing Research 39, 311-321.

use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{ComplexToReal, RealFftPlanner};

use crate::dsp::frame::Framing;
use crate::dsp::spectrum::Spectrum;
use crate::lld::f0::{MAXIMUM_PITCH_HZ, MINIMUM_PITCH_HZ};

/// Width of a frame: three periods of the lowest pitch.
const WIDTH_S: f64 = 3.0 / MINIMUM_PITCH_HZ;
/// The voice is looked for in the spectrum up to here; above it there is more noise than harmonics.
const BAND_HZ: f64 = 5000.0;
/// The cepstrum's trend is a line from here on; below lies the envelope of the spectrum.
const TREND_FROM_S: f64 = 0.001;
/// The cepstrum is averaged over this span, as in the paper's smoothed variant.
const SMOOTHED_S: f64 = 0.0005;
/// Power below this, relative to full scale, reads as this when its logarithm is taken.
const FLOOR: f32 = 1e-20;

/// Planned cepstral analysis.
pub struct PeakProminence {
    framing: Framing,
    spectrum: Spectrum,
    inverse: Arc<dyn ComplexToReal<f64>>,
    frame: Vec<f32>,
    log_spectrum: Vec<Complex64>,
    cepstrum: Vec<f64>,
    sums: Vec<f64>,
    scratch: Vec<Complex64>,
    /// The logarithm of the cepstrum, smoothed, up to its middle.
    level: Vec<f64>,
    quefrency_step_s: f64,
}

impl PeakProminence {
    /// Plan for recordings at `sample_rate` Hz with a frame every `hop_s` seconds.
    pub fn new(sample_rate: u32, hop_s: f64) -> PeakProminence {
        let framing = Framing::new(sample_rate, WIDTH_S, hop_s);
        let spectrum = Spectrum::new(sample_rate, framing.width);
        let band = ((BAND_HZ / spectrum.bin_hz).floor() as usize).clamp(1, spectrum.bins() - 1);
        let inverse = RealFftPlanner::<f64>::new().plan_fft_inverse(2 * band);
        PeakProminence {
            quefrency_step_s: 1.0 / (2.0 * band as f64 * spectrum.bin_hz),
            frame: vec![0.0; framing.width],
            log_spectrum: inverse.make_input_vec(),
            cepstrum: inverse.make_output_vec(),
            scratch: inverse.make_scratch_vec(),
            sums: Vec::with_capacity(band + 1),
            level: vec![0.0; band],
            framing,
            spectrum,
            inverse,
        }
    }

    /// The contour over the frames of `f0_hz`; NaN where that is.
    pub fn track(&mut self, samples: &[f32], f0_hz: &[f32]) -> Vec<f32> {
        let frames = f0_hz.iter().enumerate();
        let prominence = frames.map(|(index, f0)| match f0.is_nan() {
            true => f32::NAN,
            false => self.prominence(samples, index) as f32,
        });
        prominence.collect()
    }

    fn prominence(&mut self, samples: &[f32], index: usize) -> f64 {
        self.framing.copy(samples, index, &mut self.frame);
        self.spectrum.compute(&self.frame);
        for (slot, &power) in self.log_spectrum.iter_mut().zip(&self.spectrum.power) {
            *slot = Complex64::new(f64::from(power.max(FLOOR).ln()), 0.0);
        }
        self.inverse
            .process_with_scratch(
                &mut self.log_spectrum,
                &mut self.cepstrum,
                &mut self.scratch,
            )
            .expect("the buffers were made by the plan, and the spectrum is real");
        let at = |seconds: f64| (seconds / self.quefrency_step_s).round() as usize;
        let last = self.level.len() - 1;
        // The average over 2 half + 1 values, from sums of all values up to each.
        let half = (SMOOTHED_S / 2.0 / self.quefrency_step_s) as usize;
        let mut sum = 0.0;
        self.sums.clear();
        self.sums.push(sum);
        self.sums.extend(self.cepstrum[..=last].iter().map(|c| {
            sum += c.abs();
            sum
        }));
        for (q, level) in self.level.iter_mut().enumerate() {
            let (from, to) = (q.saturating_sub(half), (q + half).min(last) + 1);
            let mean = (self.sums[to] - self.sums[from]) / (to - from) as f64;
            *level = f64::from((mean as f32).max(FLOOR).ln());
        }
        let peaks = at(1.0 / MAXIMUM_PITCH_HZ)..=at(1.0 / MINIMUM_PITCH_HZ).min(last);
        let peak = peaks.reduce(|a, b| if self.level[b] > self.level[a] { b } else { a });
        let trend = Line::through(&self.level, at(TREND_FROM_S).min(last));
        // A factor on the logarithm of the spectrum shifts peak and trend alike.
        let to_db = 20.0 / std::f64::consts::LN_10;
        peak.map_or(f64::NAN, |peak| to_db * (self.level[peak] - trend.at(peak)))
    }
}

/// A least-squares line.
struct Line {
    middle: f64,
    mean: f64,
    slope: f64,
}

impl Line {
    /// Through the values of `y` from index `from` on.
    fn through(y: &[f64], from: usize) -> Line {
        let n = (y.len() - from) as f64;
        let middle = (from + y.len() - 1) as f64 / 2.0;
        let mean = y[from..].iter().sum::<f64>() / n;
        let (mut xy, mut xx) = (0.0, 0.0);
        for (i, y) in y.iter().enumerate().skip(from) {
            let x = i as f64 - middle;
            xy += x * (y - mean);
            xx += x * x;
        }
        Line {
            middle,
            mean,
            slope: xy / xx,
        }
    }

    fn at(&self, index: usize) -> f64 {
        self.mean + self.slope * (index as f64 - self.middle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pulses at 125 Hz and noise of this amplitude, at 16 kHz.
    fn voice(noise: f32) -> Vec<f32> {
        let mut seed = 1_u32;
        let sample = |i: usize| {
            // Numerical Recipes' quick generator.
            seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
            let pulse = if i.is_multiple_of(128) { 0.5 } else { 0.0 };
            pulse + noise * (seed as f32 / u32::MAX as f32 - 0.5)
        };
        (0..8000).map(sample).collect()
    }

    #[test]
    fn noise_lowers_the_peak() {
        let mean = |noise: f32| {
            let found = PeakProminence::new(16000, 0.01).track(&voice(noise), &[125.0; 50]);
            found[5..45].iter().sum::<f32>() / 40.0
        };
        let [clear, breathy, noisy] = [0.001, 0.03, 0.5].map(mean);
        assert!(
            clear > breathy + 5.0 && breathy > noisy + 1.0,
            "{clear} {breathy} {noisy}"
        );
    }

    #[test]
    fn a_line_is_its_own_trend() {
        let y: Vec<f64> = (0..20).map(|i| 3.0 - 0.5 * f64::from(i)).collect();
        let trend = Line::through(&y, 4);
        assert!((trend.at(7) - y[7]).abs() < 1e-12 && (trend.slope + 0.5).abs() < 1e-12);
    }

    #[test]
    fn silence_and_any_rate_are_survived() {
        for rate in [4000, 8000, 44100, 192000] {
            let found = PeakProminence::new(rate, 0.01).track(&[0.0; 100], &[100.0, f32::NAN]);
            assert!(
                found[0].is_finite() && found[1].is_nan(),
                "{rate} Hz: {found:?}"
            );
        }
    }
}
