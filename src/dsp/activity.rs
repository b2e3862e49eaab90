//! Speech activity: when somebody speaks, in one channel, at any level, in steady noise.
//!
//! The likelihood ratio of speech in noise against noise alone, both Gaussian (Sohn, Kim & Sung 1999, "A statistical
//! model-based voice activity detection", IEEE Signal Processing Letters 6(1), 1-3): the mean of
//! `g x / (1 + x) - ln(1 + x)` over bands, where `g` is the power of a band over that of the noise, and `x` what of it is
//! speech, by the decision-directed estimate (Ephraim & Malah 1984). Frames of 32 ms (Hann, one every 10 ms), bands of
//! equal width on the mel scale within those of a telephone. The noise of a band is a low percentile of its smoothed power
//! in the seconds around (after Martin 2001, "Noise power spectral density estimation based on optimal smoothing and minimum
//! statistics"), so hum, hiss and tones that last are noise.
//!
//! A stretch is speech while the ratio, smoothed over 90 ms, stays above a low bound, if it reaches a high one; it is
//! lengthened at both ends. The bounds were chosen on calls made of RAVDESS, EmoDB, EMOVO and nEMO;
//! `src/audio/README.md` says what is missed and invented in these and others. Whether a stretch is a voice and not another sound that begins and ends,
//! [`speech`](crate::dsp::speech) says.

use std::ops::Range;
use std::sync::Arc;

use realfft::num_complex::Complex32;
use realfft::{RealFftPlanner, RealToComplex};

use crate::dsp::mel::{hz_to_mel, mel_to_hz};
use crate::dsp::window;

const WIDTH_S: f64 = 0.032;
/// From one frame to the next.
const HOP_S: f64 = 0.010;
const BANDS: usize = 16;
/// What a telephone lets through.
const HEARD_HZ: [f64; 2] = [120.0, 3800.0];
/// Power in which nothing is heard: -100 dB re full scale.
const SILENCE: f64 = 1e-10;
/// Frames over which power is smoothed for the noise, and the ratio for the decision; odd.
const SMOOTHED: usize = 11;
const DECIDED: usize = 9;
/// The noise is that of frames up to this many away, computed for so many frames at a time, and the share of these frames
/// that are quieter.
const AROUND: usize = 400;
const BLOCK: usize = 50;
const QUIETER: f64 = 0.1;
/// Ephraim and Malah's weight of the last frame, and the least that speech is taken for: -25 dB.
const LAST: f64 = 0.98;
const LEAST_SPEECH: f64 = 3.162e-3;
/// A frame counts as at most 30 dB above the noise.
const MOST_ABOVE: f64 = 1e3;
/// The mean ratio within speech, and that which it reaches somewhere.
const LOW: f64 = 0.15;
const HIGH: f64 = 0.6;
/// What is added at both ends of a stretch: its soft beginning and end.
pub(crate) const EDGE_S: f64 = 0.075;

type Bands = [f64; BANDS];

/// Finds the stretches of speech in samples that arrive piece by piece, in memory that does not grow with them but for 4
/// bytes for each frame.
pub struct Activity {
    sample_rate: f64,
    /// In single precision, whose rounding lies 140 dB below the loudest bin: half the time, and what is softer is no speech.
    fft: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    input: Vec<f32>,
    output: Vec<Complex32>,
    scratch: Vec<Complex32>,
    bands: Vec<Range<usize>>,
    /// By which power is to be divided, to be that of a sample.
    energy: f64,
    width: usize,
    hop: usize,
    samples: usize,
    /// Samples from the beginning of the next frame on.
    rest: Vec<f32>,
    /// The power of the frames from `first` on, as far as it is still needed, and how many frames there were.
    power: Vec<Bands>,
    first: usize,
    frames: usize,
    /// For each band the smoothed power of the frames from `smoothed_first` on.
    smoothed: Vec<Vec<f64>>,
    smoothed_first: usize,
    /// The last frame's estimate of speech.
    speech: Bands,
    /// Of each frame.
    ratios: Vec<f32>,
}

impl Activity {
    /// For sound at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> Activity {
        let rate = f64::from(sample_rate);
        let samples = |seconds: f64| ((seconds * rate).round() as usize).max(1);
        let width = samples(WIDTH_S);
        let n_fft = width.next_power_of_two().max(2);
        let fft = RealFftPlanner::<f32>::new().plan_fft_forward(n_fft);
        let (bins, bin_hz) = (n_fft / 2 + 1, rate / n_fft as f64);
        let [low, high] = HEARD_HZ.map(hz_to_mel);
        let bin = |edge: usize| {
            let hz = mel_to_hz(low + (high - low) * edge as f64 / BANDS as f64);
            ((hz / bin_hz).ceil() as usize).min(bins - 1)
        };
        // A window's energy is three eighths of its length (Hann).
        let energy = 0.375 * width as f64;
        Activity {
            bands: (0..BANDS)
                .map(|band| bin(band)..bin(band + 1).max(bin(band) + 1))
                .collect(),
            sample_rate: rate,
            window: window::hann(width).into_iter().map(|w| w as f32).collect(),
            input: fft.make_input_vec(),
            output: fft.make_output_vec(),
            scratch: fft.make_scratch_vec(),
            fft,
            energy,
            width,
            hop: samples(HOP_S),
            samples: 0,
            rest: Vec::new(),
            power: Vec::new(),
            first: 0,
            frames: 0,
            smoothed: vec![Vec::new(); BANDS],
            smoothed_first: 0,
            speech: [0.0; BANDS],
            ratios: Vec::new(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        self.samples += samples.len();
        self.rest.extend_from_slice(samples);
        let mut start = 0;
        while start + self.width <= self.rest.len() {
            let bands = self.bands_of(start);
            self.power.push(bands);
            self.frames += 1;
            start += self.hop;
            if self.frames >= self.ratios.len() + BLOCK + AROUND + SMOOTHED / 2 {
                self.judge();
            }
        }
        self.rest.drain(..start.min(self.rest.len()));
    }

    /// The power of each band in the frame that begins at this sample of the rest.
    fn bands_of(&mut self, start: usize) -> Bands {
        let frame = self.rest[start..start + self.width].iter();
        for ((slot, x), w) in self.input.iter_mut().zip(frame).zip(&self.window) {
            *slot = x * w;
        }
        // The transform may use its input as working space.
        self.input[self.width..].fill(0.0);
        self.fft
            .process_with_scratch(&mut self.input, &mut self.output, &mut self.scratch)
            .expect("the buffers were made by the plan");
        let mut bands = [0.0; BANDS];
        for (power, band) in bands.iter_mut().zip(&self.bands) {
            let bins = self.output[band.clone()].iter();
            let sum: f64 = bins.map(|bin| f64::from(bin.norm_sqr())).sum();
            *power = sum / (band.len() as f64 * self.energy);
        }
        bands
    }

    /// Computes the ratios of the next block of frames.
    fn judge(&mut self) {
        let block = self.ratios.len()..(self.ratios.len() + BLOCK).min(self.frames);
        let around = block.start.saturating_sub(AROUND)..(block.end + AROUND).min(self.frames);
        for frame in self.smoothed_first + self.smoothed[0].len()..around.end {
            let smoothed = self.smoothed(frame);
            let of_bands = self.smoothed.iter_mut().zip(smoothed);
            of_bands.for_each(|(band, power)| band.push(power));
        }
        let around = around.start - self.smoothed_first..around.end - self.smoothed_first;
        let mut noise = [0.0; BANDS];
        let mut of_band = Vec::with_capacity(around.len());
        for (noise, smoothed) in noise.iter_mut().zip(&self.smoothed) {
            of_band.clear();
            of_band.extend_from_slice(&smoothed[around.clone()]);
            let place = (QUIETER * (of_band.len() - 1) as f64).round() as usize;
            *noise = *of_band.select_nth_unstable_by(place, f64::total_cmp).1 + SILENCE;
        }
        for frame in block {
            let power = self.power[frame - self.first];
            let mut sum = 0.0;
            for ((speech, power), noise) in self.speech.iter_mut().zip(power).zip(noise) {
                let above = (power / noise).min(MOST_ABOVE);
                let prior = LAST * *speech + (1.0 - LAST) * (above - 1.0).max(0.0);
                let prior = prior.max(LEAST_SPEECH);
                let share = prior / (1.0 + prior);
                sum += above * share - prior.ln_1p();
                *speech = share * share * above;
            }
            self.ratios.push((sum / BANDS as f64) as f32);
        }
        // What blocks to come look at.
        let judged = self.ratios.len();
        let needed = judged.saturating_sub(AROUND).max(self.smoothed_first);
        for band in &mut self.smoothed {
            band.drain(..needed - self.smoothed_first);
        }
        self.smoothed_first = needed;
        // All frames that are smoothed from now on are beyond these by more than the smoothing.
        let needed = judged.saturating_sub(SMOOTHED).max(self.first);
        self.power.drain(..needed - self.first);
        self.first = needed;
    }

    /// The mean power of the frames around one; the first and the last stand for those beyond.
    fn smoothed(&self, frame: usize) -> Bands {
        let mut mean = [0.0; BANDS];
        for at in frame as isize - (SMOOTHED / 2) as isize..=(frame + SMOOTHED / 2) as isize {
            let at = at.clamp(self.first as isize, self.frames as isize - 1) as usize;
            let of_frame = &self.power[at - self.first];
            let sums = mean.iter_mut().zip(of_frame);
            sums.for_each(|(mean, power)| *mean += power / SMOOTHED as f64);
        }
        mean
    }

    /// The stretches of samples in which somebody speaks, in the order of time, apart from each other. `is_other` says of
    /// a time in seconds whether what is heard then is somebody else.
    pub fn finish(mut self, is_other: impl Fn(f64) -> bool) -> Vec<Range<usize>> {
        while self.ratios.len() < self.frames {
            self.judge();
        }
        let n = self.ratios.len();
        let ratio = |frame: usize| {
            let around = frame.saturating_sub(DECIDED / 2)..(frame + DECIDED / 2 + 1).min(n);
            let len = around.len() as f64;
            self.ratios[around]
                .iter()
                .map(|&r| f64::from(r))
                .sum::<f64>()
                / len
        };
        let ratios: Vec<f64> = (0..n).map(ratio).collect();
        let hop_s = self.hop as f64 / self.sample_rate;
        let middle_s = |frame: usize| frame as f64 * hop_s + WIDTH_S / 2.0;
        let mut stretches: Vec<Range<usize>> = Vec::new();
        let sample = |seconds: f64| {
            ((seconds * self.sample_rate).round().max(0.0) as usize).min(self.samples)
        };
        for loud in ratios
            .chunk_by(|a, b| (*a > LOW) == (*b > LOW))
            .scan(0, |at, chunk| {
                let start = *at;
                *at += chunk.len();
                Some(start..*at)
            })
        {
            if ratios[loud.start] <= LOW || !ratios[loud.clone()].iter().any(|&ratio| ratio > HIGH)
            {
                continue;
            }
            let frames: Vec<usize> = loud.filter(|&frame| !is_other(middle_s(frame))).collect();
            for own in frames.chunk_by(|a, b| a + 1 == *b) {
                let (first, last) = (own[0], own[own.len() - 1]);
                let start = sample(middle_s(first) - HOP_S / 2.0 - EDGE_S);
                let end = sample(middle_s(last) + HOP_S / 2.0 + EDGE_S);
                match stretches.last_mut() {
                    Some(before) if before.end >= start => before.end = end,
                    _ => stretches.push(start..end),
                }
            }
        }
        stretches
    }
}

/// The stretches of speech as turns: pauses shorter than `gap_s` belong to a turn, what is then shorter than `min_s` is
/// none, and one longer than `max_s` is parted at its longest pause, or in the middle.
pub fn turns(
    speech: &[Range<usize>],
    sample_rate: u32,
    [min_s, max_s, gap_s]: [f64; 3],
) -> Vec<Range<usize>> {
    let samples = |seconds: f64| (seconds * f64::from(sample_rate)).round() as usize;
    let (min, max, gap) = (samples(min_s), samples(max_s).max(1), samples(gap_s));
    let together = speech.chunk_by(|a, b| b.start - a.end < gap);
    let mut turns = Vec::new();
    for stretches in together {
        part(stretches, max, &mut turns);
    }
    turns.retain(|turn| turn.len() >= min);
    turns
}

/// Parts the stretches of one turn until none is longer than `max`.
fn part(stretches: &[Range<usize>], max: usize, turns: &mut Vec<Range<usize>>) {
    let (first, last) = (&stretches[0], &stretches[stretches.len() - 1]);
    let whole = first.start..last.end;
    if whole.len() <= max {
        turns.push(whole);
        return;
    }
    if stretches.len() == 1 {
        let n = whole.len().div_ceil(max);
        let edge = |i: usize| whole.start + whole.len() * i / n;
        turns.extend((0..n).map(|i| edge(i)..edge(i + 1)));
        return;
    }
    let pause = |at: usize| stretches[at].start - stretches[at - 1].end;
    let longer = |best, at| if pause(at) > pause(best) { at } else { best };
    let at = (1..stretches.len()).reduce(longer).unwrap_or(1);
    part(&stretches[..at], max, turns);
    part(&stretches[at..], max, turns);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::TAU;

    const RATE: u32 = 8000;

    /// Noise, at this level in dB re full scale.
    fn noise(seconds: f64, level_db: f64, seed: u32) -> Vec<f32> {
        let mut state = seed;
        let amplitude = 10_f64.powf(level_db / 20.0) * 3_f64.sqrt();
        let sample = |_| {
            // Numerical Recipes' quick generator.
            state = state.wrapping_mul(1664525).wrapping_add(1013904223);
            (amplitude * (2.0 * f64::from(state) / f64::from(u32::MAX) - 1.0)) as f32
        };
        (0..(seconds * f64::from(RATE)) as usize)
            .map(sample)
            .collect()
    }

    /// A voice that says syllables from `start_s` to `end_s`, added at this level.
    fn speak(samples: &mut [f32], [start_s, end_s]: [f64; 2], level_db: f64) {
        let amplitude = 10_f64.powf(level_db / 20.0);
        for (i, x) in samples.iter_mut().enumerate() {
            let t = i as f64 / f64::from(RATE);
            if !(start_s..end_s).contains(&t) {
                continue;
            }
            let syllable = 0.6 + 0.4 * (TAU * 4.0 * t).sin();
            let pitch = 140.0 + 20.0 * (TAU * 0.8 * t).sin();
            let sum: f64 = (1..20)
                .map(|h| (TAU * pitch * f64::from(h) * t).sin() / f64::from(h))
                .sum();
            *x += (amplitude * syllable * sum) as f32;
        }
    }

    fn found(samples: &[f32], piece: usize) -> Vec<[f64; 2]> {
        let mut activity = Activity::new(RATE);
        samples.chunks(piece).for_each(|piece| activity.push(piece));
        let stretches = activity.finish(|_| false);
        let seconds = |sample: usize| sample as f64 / f64::from(RATE);
        stretches
            .iter()
            .map(|s| [seconds(s.start), seconds(s.end)])
            .collect()
    }

    #[test]
    fn speech_is_found_in_noise_at_any_level() {
        for (noise_db, speech_db) in [
            (-60.0, -25.0),
            (-45.0, -25.0),
            (-90.0, -60.0),
            (-30.0, -15.0),
        ] {
            let mut samples = noise(12.0, noise_db, 1);
            for place in [[2.0, 3.5], [5.0, 5.6], [8.0, 10.5]] {
                speak(&mut samples, place, speech_db);
            }
            let found = found(&samples, samples.len());
            assert_eq!(found.len(), 3, "{noise_db} {found:?}");
            for (found, meant) in found.iter().zip([[2.0, 3.5], [5.0, 5.6], [8.0, 10.5]]) {
                let apart = found.iter().zip(meant).map(|(a, b)| (a - b).abs());
                assert!(
                    apart.fold(0.0, f64::max) < 0.15,
                    "{noise_db}: {found:?} {meant:?}"
                );
            }
        }
    }

    #[test]
    fn pieces_change_nothing() {
        let mut samples = noise(15.0, -50.0, 3);
        speak(&mut samples, [1.0, 4.0], -25.0);
        speak(&mut samples, [9.0, 12.0], -30.0);
        let whole = found(&samples, samples.len());
        for piece in [1, 79, 256, 10_000] {
            assert_eq!(found(&samples, piece), whole, "{piece}");
        }
    }

    #[test]
    fn what_lasts_is_no_speech() {
        let tone: Vec<f32> = (0..80_000)
            .map(|i| (0.3 * (TAU * 425.0 * f64::from(i) / 8000.0).sin()) as f32)
            .collect();
        let hum: Vec<f32> = (0..80_000)
            .map(|i| {
                let t = f64::from(i) / 8000.0;
                let sum: f64 = (1..12).map(|h| (TAU * 50.0 * f64::from(h) * t).sin()).sum();
                (0.03 * sum) as f32
            })
            .collect();
        let silence = vec![0.0; 80_000];
        for (name, samples) in [
            ("tone", tone),
            ("hum", hum),
            ("silence", silence),
            ("hiss", noise(10.0, -20.0, 5)),
        ] {
            let found = found(&samples, samples.len());
            let seconds: f64 = found.iter().map(|[start, end]| end - start).sum();
            assert!(seconds < 0.3, "{name}: {found:?}");
        }
        for len in [0, 1, 100, 255, 256, 300, 2000] {
            found(&vec![0.1; len], 64);
        }
        for rate in [1, 100, 1000, 4000, 192_000] {
            let mut activity = Activity::new(rate);
            activity.push(&[0.5; 1000]);
            activity.finish(|_| false);
        }
    }

    #[test]
    fn what_another_says_is_left_out() {
        let mut samples = noise(8.0, -60.0, 1);
        speak(&mut samples, [1.0, 3.0], -25.0);
        speak(&mut samples, [5.0, 7.0], -45.0);
        let mut activity = Activity::new(RATE);
        activity.push(&samples);
        let own = activity.finish(|seconds| (4.5..7.5).contains(&seconds));
        assert_eq!(own.len(), 1);
        assert!(own[0].end < 4 * RATE as usize);
    }

    #[test]
    fn pauses_part_turns() {
        let of = |speech: &[[usize; 2]], bounds| {
            let speech: Vec<Range<usize>> = speech.iter().map(|&[start, end]| start..end).collect();
            let turns = turns(&speech, 10, bounds);
            turns
                .iter()
                .map(|turn| [turn.start, turn.end])
                .collect::<Vec<_>>()
        };
        // Of ten samples a second.
        let speech = [[10, 20], [23, 30], [36, 37], [50, 90]];
        assert_eq!(of(&speech, [0.3, 15.0, 0.5]), [[10, 30], [50, 90]]);
        assert_eq!(of(&speech, [0.1, 15.0, 1.0]), [[10, 37], [50, 90]]);
        assert_eq!(
            of(&speech, [0.3, 1.5, 0.5]),
            [[10, 20], [23, 30], [50, 63], [63, 76], [76, 90]]
        );
        assert_eq!(of(&[], [0.3, 15.0, 0.5]), Vec::<[usize; 2]>::new());
    }
}
