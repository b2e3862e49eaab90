//! Fundamental frequency by the autocorrelation method of P. Boersma 1993, "Accurate short-term
//! analysis of the fundamental frequency and the harmonics-to-noise ratio of a sampled sound", IFA
//! Proceedings 17, 97-110.
//!
//! Each frame is windowed (Hann, three periods of the lowest pitch), its autocorrelation is divided
//! by that of the window, the maxima become candidates, and the cheapest path through the
//! candidates of all frames is taken. Names and costs are the paper's; values are the defaults
//! given there and in Praat's manual ("Sound: To Pitch (ac)..."). What both leave open was determined by test sounds
//! given to Praat 6.1.38: the mean that is subtracted is that of the middle two longest periods, the peak of a frame is
//! that of the middle longest period under the window, and the octave cost counts from the highest pitch.

use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::f64::consts::PI;
use std::ops::Range;
use std::sync::Arc;

use crate::dsp::frame::Framing;
use crate::dsp::window;

/// Lowest pitch looked for, in Hz.
pub const MINIMUM_PITCH_HZ: f64 = 60.0;
/// Highest pitch looked for, in Hz.
pub const MAXIMUM_PITCH_HZ: f64 = 500.0;
const PERIODS_PER_WINDOW: f64 = 3.0;
const MAX_CANDIDATES: usize = 15;
const SILENCE_THRESHOLD: f64 = 0.03;
const VOICING_THRESHOLD: f64 = 0.45;
const OCTAVE_COST: f64 = 0.01;
const OCTAVE_JUMP_COST: f64 = 0.35;
const VOICED_UNVOICED_COST: f64 = 0.14;
/// Samples on each side that the interpolation of the autocorrelation looks at.
const INTERPOLATION_DEPTH: usize = 24;
/// Reference of the semitone scale: A0, as in GeMAPS (Eyben et al. 2016).
const SEMITONE_REFERENCE_HZ: f64 = 27.5;

/// Frames whose peak is below this share of the recording's are silent to the harmonics-to-noise
/// ratio (Praat's manual, "Sound: To Harmonicity (ac)...").
const HNR_SILENCE_THRESHOLD: f64 = 0.1;
/// Bounds of the autocorrelation in the harmonics-to-noise ratio: -30 to 60 dB.
const HNR_BOUNDS: [f32; 2] = [0.001, 0.999_999];
/// The pitch of one recording, one value per frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Pitch {
    /// Fundamental frequency in Hz; NaN where the frame is unvoiced.
    pub f0_hz: Vec<f32>,
    /// The same in semitones above 27.5 Hz.
    pub f0_semitone: Vec<f32>,
    /// Largest maximum of the normalised autocorrelation, 0 to 1, voiced or not.
    pub voicing: Vec<f32>,
    /// Harmonics-to-noise ratio in dB, voiced or not; NaN where the frame is silent.
    pub hnr_db: Vec<f32>,
}

/// Semitones above 27.5 Hz; NaN for NaN.
pub fn semitones(f0_hz: f32) -> f32 {
    (12.0 * (f64::from(f0_hz) / SEMITONE_REFERENCE_HZ).log2()) as f32
}

/// A place on the path: a lag at which the frame repeats itself, or none.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Candidate {
    /// In Hz; 0 for the unvoiced candidate.
    f0_hz: f64,
    /// What the path gains here (R in the paper).
    strength: f64,
}

/// What one frame says of its pitch.
struct Frame {
    /// The unvoiced one first.
    candidates: Vec<Candidate>,
    /// The largest maximum of the autocorrelation, 0 to 1; 0 where there is none.
    strongest: f32,
    /// The same over all lags from two samples on.
    periodicity: f32,
    /// The frame's largest excursion over that of the recording.
    relative_peak: f64,
}

/// Planned pitch analysis.
pub struct PitchTracker {
    sample_rate: f64,
    framing: Framing,
    window: Vec<f32>,
    /// The longest period in the middle of the frame, whose peak counts as the frame's.
    middle_period: Range<usize>,
    /// The two longest periods there, whose mean is taken off.
    middle_periods: Range<usize>,
    /// Autocorrelation of the window at each lag, 1 at lag 0.
    window_autocorrelation: Vec<f64>,
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    frame: Vec<f32>,
    input: Vec<f32>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    /// Normalised autocorrelation of the frame at lags 0 to the longest looked at.
    autocorrelation: Vec<f64>,
    sinc: SincTable,
}

impl PitchTracker {
    /// Plan for recordings at `sample_rate` Hz with a frame every `hop_s` seconds.
    pub fn new(sample_rate: u32, hop_s: f64) -> PitchTracker {
        let framing = Framing::new(sample_rate, PERIODS_PER_WINDOW / MINIMUM_PITCH_HZ, hop_s);
        let width = framing.width;
        let longest = (f64::from(sample_rate) / MINIMUM_PITCH_HZ).ceil() as usize;
        let lags = longest + INTERPOLATION_DEPTH + 2;
        // Zeros behind the frame, so that the circular autocorrelation of the transform is the
        // plain one up to `lags`.
        let n_fft = fast_length(width + lags);
        let mut planner = RealFftPlanner::<f32>::new();
        let (forward, inverse) = (
            planner.plan_fft_forward(n_fft),
            planner.plan_fft_inverse(n_fft),
        );
        let scratch_len = forward.get_scratch_len().max(inverse.get_scratch_len());
        // The autocorrelation of the Hann window (paper, equation 8).
        let window_autocorrelation = (0..lags)
            .map(|lag| {
                let x = lag as f64 / width as f64;
                (1.0 - x) * (2.0 / 3.0 + (2.0 * PI * x).cos() / 3.0)
                    + (2.0 * PI * x).sin() / (2.0 * PI)
            })
            .collect();
        let middle = |periods: f64| {
            let half = (periods * f64::from(sample_rate) / MINIMUM_PITCH_HZ / 2.0).round() as usize;
            let half = half.clamp(1, width / 2);
            width / 2 - half..width / 2 + half
        };
        PitchTracker {
            sample_rate: f64::from(sample_rate),
            middle_period: middle(1.0),
            middle_periods: middle(2.0),
            framing,
            window: window::hann(width).into_iter().map(|w| w as f32).collect(),
            window_autocorrelation,
            input: forward.make_input_vec(),
            spectrum: forward.make_output_vec(),
            scratch: vec![Complex32::default(); scratch_len],
            forward,
            inverse,
            frame: vec![0.0; width],
            autocorrelation: vec![0.0; lags],
            sinc: SincTable::new(),
        }
    }

    /// The pitch of `samples`.
    pub fn track(&mut self, samples: &[f32]) -> Pitch {
        let mean = crate::dsp::stats::mean(samples) as f32;
        let global_peak = samples
            .iter()
            .fold(0.0_f32, |peak, &x| peak.max((x - mean).abs()));
        let n = self.framing.count(samples.len());
        let frames: Vec<Frame> = (0..n)
            .map(|index| self.frame(samples, index, f64::from(global_peak)))
            .collect();
        let f0_hz = cheapest_path(&frames);
        let f0_semitone = f0_hz.iter().map(|&f0| semitones(f0)).collect();
        let hnr_db = frames.iter().map(|frame| {
            match frame.relative_peak >= HNR_SILENCE_THRESHOLD && frame.periodicity > 0.0 {
                true => hnr_db(frame.periodicity),
                false => f32::NAN,
            }
        });
        let hnr_db = hnr_db.collect();
        let voicing = frames.iter().map(|frame| frame.strongest).collect();
        Pitch {
            f0_hz,
            f0_semitone,
            voicing,
            hnr_db,
        }
    }

    /// What frame `index` says of its pitch.
    fn frame(&mut self, samples: &[f32], index: usize, global_peak: f64) -> Frame {
        self.framing.copy(samples, index, &mut self.frame);
        let mean = crate::dsp::stats::mean(&self.frame[self.middle_periods.clone()]) as f32;
        for ((slot, x), w) in self.input.iter_mut().zip(&self.frame).zip(&self.window) {
            *slot = (x - mean) * w;
        }
        let local_peak = self.input[self.middle_period.clone()]
            .iter()
            .fold(0.0_f32, |peak, x| peak.max(x.abs()));
        let relative_peak = if global_peak > 0.0 {
            f64::from(local_peak) / global_peak
        } else {
            0.0
        };
        // Equation 23: a quiet frame is readily unvoiced.
        let unvoiced = VOICING_THRESHOLD
            + (2.0 - relative_peak / (SILENCE_THRESHOLD / (1.0 + VOICING_THRESHOLD))).max(0.0);
        let mut candidates = vec![Candidate {
            f0_hz: 0.0,
            strength: unvoiced,
        }];
        if local_peak == 0.0 {
            return Frame {
                candidates,
                strongest: 0.0,
                periodicity: 0.0,
                relative_peak,
            };
        }
        self.autocorrelate();
        let r = &self.autocorrelation;
        let shortest = (self.sample_rate / MAXIMUM_PITCH_HZ).floor() as usize;
        let longest = (self.sample_rate / MINIMUM_PITCH_HZ).ceil() as usize;
        // What falls from lag 0 on without a maximum does not repeat itself.
        let (mut strongest, mut periodicity) = (0.0_f64, 0.0_f64);
        for lag in 2..=longest {
            let is_maximum = r[lag] > r[lag - 1] && r[lag] >= r[lag + 1];
            if !is_maximum || (lag < shortest && r[lag] <= periodicity) {
                continue;
            }
            // Parabola through the maximum and its neighbours for the place, sinc interpolation for
            // the height where it matters.
            let curvature = 2.0 * r[lag] - r[lag - 1] - r[lag + 1];
            let place = lag as f64 + 0.5 * (r[lag + 1] - r[lag - 1]) / curvature;
            let is_weak = r[lag] <= 0.5 * VOICING_THRESHOLD;
            let height = match is_weak {
                true => r[lag].max(0.0),
                false => reflected(self.sinc.interpolate(r, place)),
            };
            periodicity = periodicity.max(height);
            if lag < shortest {
                continue;
            }
            strongest = strongest.max(height);
            if is_weak {
                continue;
            }
            let f0_hz = self.sample_rate / place;
            if !(MINIMUM_PITCH_HZ..=MAXIMUM_PITCH_HZ).contains(&f0_hz) {
                continue;
            }
            // Equation 24, but counted from the highest pitch: of two equal maxima the shorter lag
            // wins.
            let strength = height - OCTAVE_COST * (MAXIMUM_PITCH_HZ / f0_hz).log2();
            candidates.push(Candidate { f0_hz, strength });
        }
        if candidates.len() > MAX_CANDIDATES {
            candidates[1..].sort_by(|a, b| b.strength.total_cmp(&a.strength));
            candidates.truncate(MAX_CANDIDATES);
        }
        Frame {
            candidates,
            strongest: strongest as f32,
            periodicity: periodicity as f32,
            relative_peak,
        }
    }

    /// Normalised autocorrelation of the windowed frame, divided by that of the window (equation 9).
    fn autocorrelate(&mut self) {
        self.input[self.frame.len()..].fill(0.0);
        let fits = "the buffers were made by the plan";
        self.forward
            .process_with_scratch(&mut self.input, &mut self.spectrum, &mut self.scratch)
            .expect(fits);
        for bin in &mut self.spectrum {
            *bin = Complex32::new(bin.norm_sqr(), 0.0);
        }
        self.inverse
            .process_with_scratch(&mut self.spectrum, &mut self.input, &mut self.scratch)
            .expect(fits);
        let energy = f64::from(self.input[0]);
        // Samples so small that their squares vanish are as good as silence.
        let scale = if energy > 0.0 { 1.0 / energy } else { 0.0 };
        for ((r, &a), w) in self
            .autocorrelation
            .iter_mut()
            .zip(&self.input)
            .zip(&self.window_autocorrelation)
        {
            *r = f64::from(a) * scale / w;
        }
    }
}

/// An autocorrelation above 1, which the division by the window's can make, reflected in 1 as the
/// paper does; none is below 0.
fn reflected(r: f64) -> f64 {
    if r > 1.0 { 1.0 / r } else { r.max(0.0) }
}

/// Power of the periodic part over that of the rest, from the normalised autocorrelation.
fn hnr_db(r: f32) -> f32 {
    let r = r.clamp(HNR_BOUNDS[0], HNR_BOUNDS[1]);
    10.0 * (r / (1.0 - r)).log10()
}

/// The cheapest path through the candidates (section 4.2 of the paper): what it gains in strength
/// less what its jumps cost. The costs of a jump are those of a hop of 10 ms.
fn cheapest_path(frames: &[Frame]) -> Vec<f32> {
    let mut gains: Vec<f64> = frames.first().map_or(Vec::new(), |first| {
        first.candidates.iter().map(|c| c.strength).collect()
    });
    let mut from: Vec<Vec<usize>> = vec![Vec::new()];
    for pair in frames.windows(2) {
        let (before, now) = (&pair[0].candidates, &pair[1].candidates);
        let (mut next_gains, mut next_from) =
            (Vec::with_capacity(now.len()), Vec::with_capacity(now.len()));
        for candidate in now {
            let (mut best, mut best_gain) = (0, f64::NEG_INFINITY);
            for (i, previous) in before.iter().enumerate() {
                let gain = gains[i] - jump_cost(previous.f0_hz, candidate.f0_hz);
                if gain > best_gain {
                    (best, best_gain) = (i, gain);
                }
            }
            next_gains.push(best_gain + candidate.strength);
            next_from.push(best);
        }
        gains = next_gains;
        from.push(next_from);
    }
    let mut f0_hz = vec![f32::NAN; frames.len()];
    let mut place = (0..gains.len())
        .reduce(|a, b| if gains[b] > gains[a] { b } else { a })
        .unwrap_or(0);
    for index in (0..frames.len()).rev() {
        let candidate = frames[index].candidates[place];
        if candidate.f0_hz > 0.0 {
            f0_hz[index] = candidate.f0_hz as f32;
        }
        if index > 0 {
            place = from[index][place];
        }
    }
    f0_hz
}

/// Equation 27.
fn jump_cost(from_hz: f64, to_hz: f64) -> f64 {
    match (from_hz > 0.0, to_hz > 0.0) {
        (false, false) => 0.0,
        (true, true) => OCTAVE_JUMP_COST * (from_hz / to_hz).log2().abs(),
        _ => VOICED_UNVOICED_COST,
    }
}

/// The smallest length of at least `n` that has no prime factor above 3: the transform is fastest
/// there.
fn fast_length(n: usize) -> usize {
    let smooth = |mut n: usize| {
        for p in [2, 3] {
            while n.is_multiple_of(p) {
                n /= p;
            }
        }
        n == 1
    };
    (n..)
        .find(|&n| n.is_multiple_of(2) && smooth(n))
        .expect("there is a power of two above any n")
}

/// Hann-windowed sinc, tabulated at 64 places between two samples.
struct SincTable {
    rows: Vec<[f64; 2 * INTERPOLATION_DEPTH]>,
}

impl SincTable {
    const PLACES: usize = 64;

    fn new() -> SincTable {
        let row = |place: usize| {
            let offset = place as f64 / Self::PLACES as f64;
            std::array::from_fn(|k| {
                let x = k as f64 - (INTERPOLATION_DEPTH - 1) as f64 - offset;
                let sinc = if x == 0.0 {
                    1.0
                } else {
                    (PI * x).sin() / (PI * x)
                };
                sinc * (0.5 + 0.5 * (PI * x / (INTERPOLATION_DEPTH as f64 + 0.5)).cos())
            })
        };
        SincTable {
            rows: (0..=Self::PLACES).map(row).collect(),
        }
    }

    /// The value of the symmetric sequence `r` (lags 0, 1, ...) at a place between two lags.
    fn interpolate(&self, r: &[f64], place: f64) -> f64 {
        let below = place.floor();
        let row = &self.rows[((place - below) * Self::PLACES as f64).round() as usize];
        let first = below as isize - (INTERPOLATION_DEPTH as isize - 1);
        let last = r.len() - 1;
        row.iter()
            .enumerate()
            .map(|(k, w)| w * r[(first + k as isize).unsigned_abs().min(last)])
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulses(f0_hz: f64, seconds: f64) -> Vec<f32> {
        // A sum of harmonics up to 4 kHz, falling by 6 dB an octave, as in voiced speech.
        let n = (16000.0 * seconds) as usize;
        let harmonics = (4000.0 / f0_hz) as usize;
        (0..n)
            .map(|i| {
                let t = i as f64 / 16000.0;
                (1..=harmonics)
                    .map(|h| (2.0 * PI * f0_hz * h as f64 * t).sin() / h as f64)
                    .sum::<f64>() as f32
                    * 0.2
            })
            .collect()
    }

    #[test]
    fn a_periodic_sound_has_its_pitch() {
        let mut tracker = PitchTracker::new(16000, 0.01);
        for f0_hz in [65.0, 100.0, 157.3, 220.0, 333.0, 480.0] {
            let pitch = tracker.track(&pulses(f0_hz, 0.5));
            // Away from the ends, where the frames reach into the zeros outside.
            for (index, &f0) in pitch.f0_hz.iter().enumerate().take(45).skip(5) {
                assert!(
                    (f64::from(f0) / f0_hz - 1.0).abs() < 2e-3,
                    "{f0_hz} Hz, frame {index}: {f0}"
                );
                assert!(
                    pitch.voicing[index] > 0.99,
                    "{f0_hz} Hz, frame {index}: voicing {}",
                    pitch.voicing[index]
                );
            }
        }
    }

    #[test]
    fn an_octave_above_27_5_hz_is_12_semitones() {
        let pitch = PitchTracker::new(16000, 0.01).track(&pulses(110.0, 0.3));
        assert!((pitch.f0_semitone[15] - 24.0).abs() < 0.02);
    }

    #[test]
    fn half_the_power_in_noise_is_0_db() {
        // r = 1/2: as much periodic as not; r = 10/11: ten times as much.
        assert_eq!(hnr_db(0.5), 0.0);
        assert!((hnr_db(10.0 / 11.0) - 10.0).abs() < 1e-4);
        assert!((hnr_db(1.0) - 60.0).abs() < 0.3 && hnr_db(0.0) > -30.1);
    }

    #[test]
    fn silence_and_noise_are_unvoiced() {
        let mut tracker = PitchTracker::new(16000, 0.01);
        assert!(
            tracker
                .track(&[0.0; 8000])
                .f0_hz
                .iter()
                .all(|f0| f0.is_nan())
        );
        assert!(
            tracker.track(&[0.25; 8000]).f0_hz[5..45]
                .iter()
                .all(|f0| f0.is_nan()),
            "a constant is no voice"
        );
        // Numerical Recipes' quick generator: white enough to be no voice.
        let mut seed = 1_u32;
        let noise: Vec<f32> = (0..16000)
            .map(|_| {
                seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                seed as f32 / u32::MAX as f32 - 0.5
            })
            .collect();
        let voiced = tracker
            .track(&noise)
            .f0_hz
            .iter()
            .filter(|f0| !f0.is_nan())
            .count();
        assert!(voiced <= 2, "{voiced} of 101 frames of white noise voiced");
    }

    #[test]
    fn one_sample_and_any_rate_are_survived() {
        for rate in [8000, 11025, 44100, 192000] {
            assert_eq!(PitchTracker::new(rate, 0.01).track(&[0.5]).f0_hz.len(), 1);
        }
    }
}
