//! Speech detection: a voice is periodic, has many harmonics, and changes over time.
//!
//! Frames of 40 ms (Hann, one every 10 ms), their spectra raised by 3 dB an octave, about half of what a voice falls by.
//! A frame is voiced where the magnitudes from 100 to 2000 Hz, without the two strongest lines, still repeat
//! themselves: where their transform, an autocorrelation with compressed amplitudes (Tolonen & Karjalainen 2000, "A
//! computationally efficient multipitch analysis model", IEEE Transactions on Speech and Audio Processing 8(6), 708-716;
//! theirs is of magnitudes to the power of 0.67), has a maximum at a lag of 60 to 500 Hz. That excludes noise of any
//! colour, clicks, and telephone tones, which have one or two frequencies at a time (ITU-T E.180, Q.23). Sounds that have
//! harmonics without being a voice (mains hum, a buzzer, fan blades) hardly change, so the spectra of voiced frames must
//! differ.
//!
//! The bounds below were chosen on generated sounds (tests/no_speech.rs), the demo corpus and one-word clips of lay
//! speakers recorded by telephone in homes, streets and trains (of 300, 7 count as none). Of 300 recordings each of RAVDESS,
//! EmoDB, EMOVO and nEMO 0, 2, 8 and 1 count as none; of 150 each, 10 of 600 with white noise 20 dB below the speech, and 32
//! with noise 10 dB below it. Whispered speech has no voice, and counts as none; music counts as speech, and so does a
//! siren or a data signal with a comb of lines.

use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex64;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};

use crate::dsp::window;

/// Two periods of a low voice; a syllable changes little in it.
const WIDTH_S: f64 = 0.040;
const HOP_S: f64 = 0.010;
/// Where the harmonics of a voice stand out of noise, and a telephone lets them through.
const PERIODIC_HZ: [f64; 2] = [100.0, 2000.0];
/// Where spectra are compared: the first formants.
const COMPARED_HZ: [f64; 2] = [100.0, 3000.0];
/// The pitch of a voice.
const PITCH_HZ: [f64; 2] = [60.0, 500.0];
/// The main lobe of a Hann window reaches this many times the inverse of its width to each side (Harris 1978).
const LOBE: f64 = 2.0;
/// Lines that are left out: a telephone's tone has no more.
const LINES: usize = 2;
/// What is then left holds at least this share of the energy from 100 to 2000 Hz, and this of all above 100 Hz, -16 dB:
/// half of the loud frames of the demo corpus have more than -7 dB without raising, a tone that glides by 3 kHz a second has -18 dB.
const LEAST_REST: f64 = 0.025;
/// The maximum over the value at lag 0, and what one of the frames in a row must reach. In 3 minutes each of noise that
/// falls by 0 to 6 dB an octave no three frames in a row do; half of the frames of the demo corpus have more than 0.3.
const LEAST_PERIODIC: f64 = 0.26;
const LEAST_OF_A_ROW: f64 = 0.3;
/// Frames in a row that are voiced: the sound lasts at least 70 ms. Where one tone follows another, some of the four frames
/// that have both look voiced, three at most of the information tone of ITU-T E.180.
const LEAST_IN_A_ROW: usize = 4;
/// Such frames in all.
const LEAST_VOICED: usize = 5;
/// The mean cosine between the spectra (magnitudes) of two voiced frames. It is 1 for what stays the same, pi / 4 for
/// stationary noise, whose magnitudes follow Rayleigh's distribution, and 0.889 at least for buzzers and fans in noise, as
/// long as they are periodic in the above sense. Half of the recordings of speech have less than 0.6.
const MOST_ALIKE: f64 = 0.88;

/// Whether somebody speaks aloud in `samples` (one channel, at `sample_rate` Hz, at any level).
pub fn has_speech(samples: &[f32], sample_rate: u32) -> bool {
    let mut spectrum = Spectrum::new(sample_rate);
    let hop = ((HOP_S * f64::from(sample_rate)).round() as usize).max(1);
    let mut voice = Voice::default();
    for frame in samples.windows(spectrum.width()).step_by(hop) {
        let periodicity = spectrum.periodicity(frame);
        match periodicity > LEAST_PERIODIC {
            true => voice.goes_on(&spectrum.magnitude[spectrum.compared.clone()], periodicity),
            false => voice.ends(),
        }
    }
    voice.ends();
    voice.is_speech()
}

/// The voiced frames so far.
#[derive(Default)]
struct Voice {
    /// The sum of their spectra, each of unit length.
    sum: Vec<f64>,
    frames: usize,
    /// The same of those in a row up to now.
    sum_of_row: Vec<f64>,
    in_a_row: usize,
    /// The largest periodicity of these.
    most_of_row: f64,
}

impl Voice {
    fn goes_on(&mut self, magnitude: &[f64], periodicity: f64) {
        let length = magnitude.iter().map(|m| m * m).sum::<f64>().sqrt();
        self.sum_of_row.resize(magnitude.len(), 0.0);
        for (sum, m) in self.sum_of_row.iter_mut().zip(magnitude) {
            *sum += m / length;
        }
        self.in_a_row += 1;
        self.most_of_row = self.most_of_row.max(periodicity);
    }

    fn ends(&mut self) {
        if self.in_a_row >= LEAST_IN_A_ROW && self.most_of_row > LEAST_OF_A_ROW {
            self.sum.resize(self.sum_of_row.len(), 0.0);
            for (sum, of_row) in self.sum.iter_mut().zip(&self.sum_of_row) {
                *sum += of_row;
            }
            self.frames += self.in_a_row;
        }
        self.sum_of_row.fill(0.0);
        (self.in_a_row, self.most_of_row) = (0, 0.0);
    }

    fn is_speech(&self) -> bool {
        let n = self.frames as f64;
        // The square of a sum of unit vectors is n and the cosines of all pairs.
        let square: f64 = self.sum.iter().map(|x| x * x).sum();
        self.frames >= LEAST_VOICED && (square - n) / (n * (n - 1.0)) < MOST_ALIKE
    }
}

/// A planned spectrum, and what repeats itself in it.
struct Spectrum {
    window: Vec<f64>,
    forward: Arc<dyn RealToComplex<f64>>,
    inverse: Arc<dyn ComplexToReal<f64>>,
    signal: Vec<f64>,
    bins: Vec<Complex64>,
    scratch: Vec<Complex64>,
    /// What magnitudes are multiplied by.
    raised: Vec<f64>,
    /// Those of the last frame, raised.
    magnitude: Vec<f64>,
    /// Those that are looked at, without the strongest lines.
    rest: Vec<f64>,
    /// Bins of [`PERIODIC_HZ`], of [`COMPARED_HZ`], and those to each side of a line that belong to it.
    periodic: Range<usize>,
    compared: Range<usize>,
    lobe: usize,
    lags: Range<usize>,
}

impl Spectrum {
    fn new(sample_rate: u32) -> Spectrum {
        let rate = f64::from(sample_rate);
        let width = ((WIDTH_S * rate).round() as usize).max(1);
        let [lowest, highest] = PITCH_HZ;
        let lags = ((rate / highest) as usize).max(1)..(rate / lowest).ceil() as usize + 1;
        // Zeros behind the frame, so that what repeats itself does so by itself.
        let n = (width + lags.end + 1).next_power_of_two();
        let mut planner = RealFftPlanner::<f64>::new();
        let (forward, inverse) = (planner.plan_fft_forward(n), planner.plan_fft_inverse(n));
        let scratch = forward.get_scratch_len().max(inverse.get_scratch_len());
        let bin_hz = rate / n as f64;
        let bins = n / 2 + 1;
        let between = |[from, to]: [f64; 2]| {
            let end = ((to / bin_hz) as usize + 1).min(bins);
            ((from / bin_hz).ceil() as usize).min(end)..end
        };
        Spectrum {
            window: window::hann(width),
            signal: forward.make_input_vec(),
            bins: forward.make_output_vec(),
            scratch: vec![Complex64::default(); scratch],
            forward,
            inverse,
            raised: (0..bins).map(|bin| (bin as f64 * bin_hz).sqrt()).collect(),
            magnitude: vec![0.0; bins],
            rest: vec![0.0; bins],
            periodic: between(PERIODIC_HZ),
            compared: between(COMPARED_HZ),
            lobe: (LOBE / WIDTH_S / bin_hz).ceil() as usize,
            lags,
        }
    }

    fn width(&self) -> usize {
        self.window.len()
    }

    /// How far a frame repeats itself at the pitch of a voice, 0 to 1; 0 where its lines are too few.
    fn periodicity(&mut self, frame: &[f32]) -> f64 {
        let mean = frame.iter().map(|&x| f64::from(x)).sum::<f64>() / frame.len() as f64;
        for ((slot, &x), w) in self.signal.iter_mut().zip(frame).zip(&self.window) {
            *slot = (f64::from(x) - mean) * w;
        }
        self.signal[frame.len()..].fill(0.0);
        let fits = "the buffers were made by the plan";
        self.forward
            .process_with_scratch(&mut self.signal, &mut self.bins, &mut self.scratch)
            .expect(fits);
        for (magnitude, bin) in self.magnitude.iter_mut().zip(&self.bins) {
            *magnitude = bin.norm_sqr().sqrt();
        }
        let energy = |magnitude: &[f64]| magnitude.iter().map(|m| m * m).sum::<f64>();
        let audible = energy(&self.magnitude[self.periodic.start..]);
        let periodic = &self.magnitude[self.periodic.clone()];
        // Silence, or a tone above.
        if audible == 0.0 || energy(periodic) < LEAST_REST * audible {
            return 0.0;
        }
        for (magnitude, raised) in self.magnitude.iter_mut().zip(&self.raised) {
            *magnitude *= raised;
        }
        let periodic = &self.magnitude[self.periodic.clone()];
        self.rest.fill(0.0);
        self.rest[self.periodic.clone()].copy_from_slice(periodic);
        for _ in 0..LINES {
            let larger = |a, b| if self.rest[b] > self.rest[a] { b } else { a };
            let line = (0..self.rest.len()).reduce(larger).unwrap_or(0);
            let to = (line + self.lobe + 1).min(self.rest.len());
            self.rest[line.saturating_sub(self.lobe)..to].fill(0.0);
        }
        if energy(&self.rest) < LEAST_REST * energy(periodic) {
            return 0.0;
        }
        for (bin, &rest) in self.bins.iter_mut().zip(&self.rest) {
            *bin = Complex64::new(rest, 0.0);
        }
        self.inverse
            .process_with_scratch(&mut self.bins, &mut self.signal, &mut self.scratch)
            .expect(fits);
        let maxima = self.lags.clone().filter_map(|lag| {
            let [before, here, after] = [lag - 1, lag, lag + 1].map(|lag| self.signal[lag]);
            (here >= before && here > after).then_some(here)
        });
        maxima.fold(0.0, f64::max) / self.signal[0]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    /// A voice that says vowels: harmonics of a pitch that moves, under two formants that do, for some seconds.
    fn vowels(pitch_hz: f64, seconds: f64, rate: u32) -> Vec<f32> {
        let n = (seconds * f64::from(rate)) as usize;
        let highest = f64::from(rate).min(8000.0) / 2.0;
        let mut phase = 0.0;
        let sample = |i: usize| {
            let t = i as f64 / f64::from(rate);
            let pitch = pitch_hz * (1.0 + 0.15 * (TAU * 0.7 * t).sin());
            phase += TAU * pitch / f64::from(rate);
            let formants = [
                500.0 + 250.0 * (TAU * 2.1 * t).sin(),
                1500.0 + 500.0 * (TAU * 1.3 * t).cos(),
            ];
            let harmonics = 1..(highest / pitch) as usize;
            let sum: f64 = harmonics
                .map(|h| {
                    let hz = h as f64 * pitch;
                    let resonance = |f: f64| 1.0 / (1.0 + ((hz - f) / 100.0).powi(2));
                    (h as f64 * phase).sin()
                        * (0.02 + resonance(formants[0]) + 0.5 * resonance(formants[1]))
                })
                .sum();
            (0.1 * sum) as f32
        };
        (0..n).map(sample).collect()
    }

    #[test]
    fn a_voice_is_speech_at_any_rate_and_level() {
        for rate in [8000, 16_000, 44_100] {
            for pitch_hz in [90.0, 150.0, 300.0] {
                let voice = vowels(pitch_hz, 1.0, rate);
                assert!(has_speech(&voice, rate), "{pitch_hz} Hz at {rate} Hz");
                let quiet: Vec<f32> = voice.iter().map(|x| 1e-4 * x).collect();
                assert!(has_speech(&quiet, rate));
            }
        }
    }

    #[test]
    fn less_than_a_syllable_is_no_speech() {
        let voice = vowels(150.0, 1.0, 16_000);
        for len in [0, 1, 160, 639, 640, 959] {
            assert!(!has_speech(&voice[..len], 16_000), "{len} samples");
        }
        for rate in [1, 100, 4000, 192_000] {
            assert!(!has_speech(&[0.5], rate) && !has_speech(&[0.5; 1000], rate));
        }
    }

    #[test]
    fn harmonics_that_never_change_are_no_voice() {
        for (pitch_hz, harmonics) in [(100.0, 11), (120.0, 30), (200.0, 4), (333.0, 10)] {
            let buzz: Vec<f32> = (0..32_000)
                .map(|i| {
                    let t = f64::from(i) / 16_000.0;
                    let sum = (1..=harmonics)
                        .map(|h| (TAU * pitch_hz * f64::from(h) * t).sin() / f64::from(h));
                    0.2 * sum.sum::<f64>() as f32
                })
                .collect();
            assert!(!has_speech(&buzz, 16_000), "{pitch_hz} Hz");
            // On and off.
            let cut: Vec<f32> = buzz
                .iter()
                .enumerate()
                .map(|(i, x)| if i / 4000 % 2 == 0 { *x } else { 0.0 })
                .collect();
            assert!(!has_speech(&cut, 16_000), "{pitch_hz} Hz on and off");
        }
    }
}
