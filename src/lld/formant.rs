//! Formants: resonances of the vocal tract, by linear prediction (Burg's method) on voiced frames.
//!
//! The recipe is that of Praat's manual ("Sound: To Formant (burg)..."), with its defaults: the sound is resampled to
//! twice 5500 Hz and pre-emphasised from 50 Hz, five pairs of poles are fitted to each frame of 50 ms under a Gaussian
//! window, and resonances within 50 Hz of the ends of the band are left out.

use realfft::num_complex::Complex64;

use crate::dsp::frame::Framing;
use crate::dsp::lpc::{self, Burg};
use crate::dsp::resample::ResamplePlan;
use crate::dsp::window;

/// Formants lie below this, in Hz: the value for a woman's voice (Praat's manual); men's fifth
/// formant then falls into the band, and is left out by its number.
const CEILING_HZ: f64 = 5500.0;
/// Resonances in the band up to [`CEILING_HZ`].
const RESONANCES: f64 = 5.0;
/// Width of a frame: Gaussian windows are twice as long as they are effective (25 ms).
const WIDTH_S: f64 = 0.050;
/// The filter that resamples must be steep: on a slope just below the ceiling poles are spent, and
/// formants are numbered wrongly.
const RESAMPLING_BLOCK: usize = 2048;
/// Emphasis rises by 6 dB per octave from here.
const EMPHASIS_HZ: f64 = 50.0;
/// Resonances nearer to the ends of the band than this are tilt of the spectrum, not formants.
const MARGIN_HZ: f64 = 50.0;

/// Formants that are reported.
pub const FORMANTS: usize = 4;

/// The names of the contours: frequencies first, then bandwidths.
pub fn names() -> [String; 2 * FORMANTS] {
    std::array::from_fn(|i| match i < FORMANTS {
        true => format!("f{}_hz", i + 1),
        false => format!("f{}_bandwidth_hz", i + 1 - FORMANTS),
    })
}

/// Planned formant analysis.
pub struct FormantTracker {
    resampling: ResamplePlan,
    /// Rate of the analysis in Hz: twice the ceiling, or that of the recording where it is lower.
    analysis_rate: u32,
    framing: Framing,
    window: Vec<f64>,
    frame: Vec<f32>,
    windowed: Vec<f64>,
    burg: Burg,
    poles: Vec<Complex64>,
    resonances: Vec<lpc::Resonance>,
}

impl FormantTracker {
    /// Plan for recordings at `sample_rate` Hz with a frame every `hop_s` seconds.
    pub fn new(sample_rate: u32, hop_s: f64) -> FormantTracker {
        let analysis_rate = sample_rate.min(2 * CEILING_HZ as u32);
        let framing = Framing::new(analysis_rate, WIDTH_S, hop_s);
        let band_hz = f64::from(analysis_rate) / 2.0;
        let resonances = (RESONANCES * band_hz / CEILING_HZ).round().max(1.0) as usize;
        FormantTracker {
            resampling: ResamplePlan::new(sample_rate, analysis_rate, RESAMPLING_BLOCK),
            analysis_rate,
            framing,
            window: window::gaussian(framing.width),
            frame: vec![0.0; framing.width],
            windowed: vec![0.0; framing.width],
            burg: Burg::new(2 * resonances),
            poles: Vec::new(),
            resonances: Vec::new(),
        }
    }

    /// Frequencies and bandwidths in the order of [`names`], one contour each with as many frames as
    /// `f0_hz`; NaN where that is, and where a frame has fewer formants.
    pub fn track(&mut self, samples: &[f32], f0_hz: &[f32]) -> Vec<Vec<f32>> {
        let rate = f64::from(self.analysis_rate);
        let emphasised = emphasise(&self.resampling.apply(samples), rate);
        let mut contours = vec![vec![f32::NAN; f0_hz.len()]; 2 * FORMANTS];
        for index in (0..f0_hz.len()).filter(|&index| !f0_hz[index].is_nan()) {
            self.framing.copy(&emphasised, index, &mut self.frame);
            for ((out, x), w) in self.windowed.iter_mut().zip(&self.frame).zip(&self.window) {
                *out = f64::from(*x) * w;
            }
            self.burg.fit(&self.windowed);
            if self.burg.coefficients.iter().all(|&a| a == 0.0) {
                continue;
            }
            lpc::roots(&self.burg.coefficients, &mut self.poles);
            let band = MARGIN_HZ..=rate / 2.0 - MARGIN_HZ;
            self.resonances.clear();
            // Of each pair of conjugate poles the upper one.
            let upper = self.poles.iter().filter(|pole| pole.im > 0.0);
            let resonances = upper.map(|&pole| lpc::resonance(pole, rate));
            self.resonances
                .extend(resonances.filter(|r| band.contains(&r.frequency_hz)));
            self.resonances
                .sort_unstable_by(|a, b| a.frequency_hz.total_cmp(&b.frequency_hz));
            for (n, resonance) in self.resonances.iter().take(FORMANTS).enumerate() {
                contours[n][index] = resonance.frequency_hz as f32;
                contours[FORMANTS + n][index] = resonance.bandwidth_hz as f32;
            }
        }
        contours
    }
}

/// The sound with its spectrum raised by 6 dB per octave above [`EMPHASIS_HZ`].
fn emphasise(samples: &[f32], sample_rate: f64) -> Vec<f32> {
    let weight = (-2.0 * std::f64::consts::PI * EMPHASIS_HZ / sample_rate).exp() as f32;
    let mut before = 0.0;
    let emphasised = samples.iter().map(|&x| {
        let y = x - weight * before;
        before = x;
        y
    });
    emphasised.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::resample::resample;
    use std::f64::consts::PI;

    const RATE: f64 = 16000.0;

    /// A pulse train of 120 Hz through resonators at these frequencies and bandwidths: a vowel.
    fn vowel(formants: &[(f64, f64)]) -> Vec<f32> {
        let pulse = |i: usize| i as f64 * 120.0 / RATE;
        // Pulses fall by 12 dB per octave at the glottis, and rise by 6 at the lips.
        let mut level = 0.0;
        let mut x: Vec<f64> = (1..6400)
            .map(|i| {
                level = 0.98 * level + f64::from(pulse(i).floor() > pulse(i - 1).floor());
                level
            })
            .collect();
        for (f, b) in formants {
            let r = (-PI * b / RATE).exp();
            let (a1, a2) = (-2.0 * r * (2.0 * PI * f / RATE).cos(), r * r);
            let (mut y1, mut y2) = (0.0, 0.0);
            for x in &mut x {
                let y = *x - a1 * y1 - a2 * y2;
                (y2, y1) = (y1, y);
                *x = y;
            }
        }
        let peak = x.iter().fold(0.0_f64, |peak, x| peak.max(x.abs()));
        x.iter().map(|x| (0.5 * x / peak) as f32).collect()
    }

    #[test]
    fn a_vowel_has_the_formants_it_was_made_of() {
        // [a] of a woman (Peterson & Barney 1952), and a schwa.
        let open = [
            (850.0, 80.0),
            (1220.0, 100.0),
            (2810.0, 140.0),
            (3900.0, 200.0),
        ];
        let schwa = [
            (550.0, 60.0),
            (1650.0, 90.0),
            (2750.0, 120.0),
            (3850.0, 150.0),
        ];
        for formants in [open, schwa] {
            let samples = vowel(&[&formants[..], &[(4950.0, 250.0)]].concat());
            for rate in [16000, 44100] {
                let samples = resample(&samples, 16000, rate);
                let found = FormantTracker::new(rate, 0.01).track(&samples, &[120.0; 40]);
                for (n, (f, b)) in formants.iter().enumerate() {
                    let mean =
                        |contour: &[f32]| f64::from(contour[5..35].iter().sum::<f32>()) / 30.0;
                    let (frequency, bandwidth) = (mean(&found[n]), mean(&found[FORMANTS + n]));
                    assert!(
                        (frequency / f - 1.0).abs() < 0.05,
                        "{frequency} for {f} at {rate} Hz"
                    );
                    assert!(
                        (bandwidth / b - 1.0).abs() < 0.8,
                        "{bandwidth} for {b} at {rate} Hz"
                    );
                }
            }
        }
    }

    #[test]
    fn unvoiced_frames_and_silence_have_none() {
        let found = FormantTracker::new(16000, 0.01).track(&[0.0; 3200], &[f32::NAN, 100.0, 100.0]);
        assert!(found.iter().flatten().all(|x| x.is_nan()));
    }
}
