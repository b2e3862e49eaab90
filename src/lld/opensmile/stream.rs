//! Frames and their spectra (sections 3 and 4 of the specification): frame `i` begins at sample
//! `i * hop`, and an incomplete one at the end is dropped.

use crate::dsp::lanes::{LANES, Lanes};
use crate::dsp::split_radix::{Complex, SplitRadix};

/// Seconds from one frame to the next.
pub const HOP_S: f64 = 0.010;

/// Hops that are kept side by side: those of eight frames in sequence, each up to nine hops long.
const HOPS: usize = 16;

/// A stretch of a recording, hop beside hop, so that the same sample of eight frames in sequence is one load.
pub struct Hops {
    /// Sample n of each hop.
    rows: Vec<Row>,
}

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
struct Row([f32; HOPS]);

impl Hops {
    /// Hops of so many samples.
    pub fn new(hop: usize) -> Hops {
        Hops {
            rows: vec![Row([0.0; HOPS]); hop],
        }
    }

    /// Takes the hops from number `first` on; behind the end there are zeros.
    #[inline(always)]
    pub fn fill(&mut self, samples: &[f32], first: usize) {
        let hop = self.rows.len();
        for column in 0..HOPS {
            let samples = samples.get((first + column) * hop..).unwrap_or(&[]);
            let n = samples.len().min(hop);
            for (row, &x) in self.rows.iter_mut().zip(samples) {
                row.0[column] = x;
            }
            for row in &mut self.rows[n..] {
                row.0[column] = 0.0;
            }
        }
    }
}

/// One of the two streams of frames, at one sample rate: eight frames of it at a time.
pub struct Stream {
    /// Samples in a frame.
    pub width: usize,
    /// Samples from one frame to the next.
    pub hop: usize,
    /// Bins per hertz: bin k lies at `k / bins_per_hz` Hz.
    pub bins_per_hz: f64,
    window: Vec<f32>,
    /// Zeros before a frame in its transform; the others lie behind it.
    zeros_before: usize,
    transform: SplitRadix,
    numbers: Vec<Lanes<f32>>,
    /// Bins 0 to half the length of the transform; imaginary parts as [`SplitRadix`] has them. Not
    /// scaled.
    pub spectrum: Vec<Complex>,
    /// Their magnitudes.
    pub magnitude: Vec<Lanes<f32>>,
}

impl Stream {
    /// Frames of `width_s` seconds at `sample_rate` Hz under `window`, which is asked for number n
    /// of N.
    pub fn new(sample_rate: u32, width_s: f64, window: fn(f64, f64) -> f64) -> Stream {
        let (width, hop) = (
            samples(width_s, sample_rate).max(2),
            samples(HOP_S, sample_rate).max(1),
        );
        let length = width.next_power_of_two().max(32);
        let at = |n: usize| window(n as f64, width as f64) as f32;
        Stream {
            width,
            hop,
            bins_per_hz: width_s * length as f64 / width as f64,
            window: (0..width).map(at).collect(),
            zeros_before: (length - width) / 2,
            transform: SplitRadix::new(length),
            numbers: vec![Lanes::default(); length],
            spectrum: vec![[Lanes::default(); 2]; length / 2 + 1],
            magnitude: vec![Lanes::default(); length / 2 + 1],
        }
    }

    /// The same frames at the beginning of their transforms, all zeros behind them, instead of in the middle: magnitudes
    /// stay, phases do not.
    pub fn zeros_behind(self) -> Stream {
        Stream {
            zeros_before: 0,
            ..self
        }
    }

    /// Frames of a recording of `len` samples.
    pub fn frames(&self, len: usize) -> usize {
        len.checked_sub(self.width)
            .map_or(0, |rest| rest / self.hop + 1)
    }

    /// Length of the transform.
    pub fn transform_length(&self) -> usize {
        self.numbers.len()
    }

    /// Loads the frames that begin at `starts`, eight at most, windowed; those that are missing are
    /// zero. Frames lie in the middle of the transform, zeros before and behind them, or at its beginning
    /// ([`zeros_behind`](Stream::zeros_behind)).
    #[inline(always)]
    pub fn load(&mut self, samples: &[f32], starts: &[usize]) {
        debug_assert!(starts.len() <= LANES);
        self.numbers.fill(Lanes::splat(0.0));
        let numbers = &mut self.numbers[self.zeros_before..][..self.width];
        for (lane, &start) in starts.iter().enumerate() {
            let frame = &samples[start..start + self.width];
            for ((number, x), w) in numbers.iter_mut().zip(frame).zip(&self.window) {
                number.0[lane] = x * w;
            }
        }
    }

    /// As [`load`](Stream::load), but each frame is pre-emphasised, and no window is applied yet: number n less `factor` times
    /// the one before it. The first of a frame counts as its own predecessor.
    #[inline(always)]
    pub fn load_emphasised(&mut self, samples: &[f32], starts: &[usize], factor: f32) {
        debug_assert!(starts.len() <= LANES);
        self.numbers.fill(Lanes::splat(0.0));
        let numbers = &mut self.numbers[self.zeros_before..][..self.width];
        for (lane, &start) in starts.iter().enumerate() {
            let frame = &samples[start..start + self.width];
            numbers[0].0[lane] = (1.0 - factor) * frame[0];
            for (number, pair) in numbers[1..].iter_mut().zip(frame.windows(2)) {
                number.0[lane] = pair[1] - factor * pair[0];
            }
        }
    }

    /// Loads eight frames in sequence, of which `hops` has the first at its beginning. (As [`load`](Stream::load) does, but
    /// for frames that the recording has only a part of: they are that part.)
    #[inline(always)]
    pub fn load_in_sequence(&mut self, hops: &Hops) {
        assert!(hops.rows.len() == self.hop && self.width <= (HOPS - LANES + 1) * self.hop);
        let (before, rest) = self.numbers.split_at_mut(self.zeros_before);
        let (frame, behind) = rest.split_at_mut(self.width);
        before.fill(Lanes::splat(0.0));
        behind.fill(Lanes::splat(0.0));
        let parts = frame.chunks_mut(self.hop);
        for (first, (numbers, window)) in parts.zip(self.window.chunks(self.hop)).enumerate() {
            for ((number, &w), Row(row)) in numbers.iter_mut().zip(window).zip(&hops.rows) {
                let samples = row[first..].first_chunk().expect("as many as hops");
                *number = Lanes(*samples) * w;
            }
        }
    }

    /// The loaded frames.
    #[inline(always)]
    pub fn loaded(&self) -> &[Lanes<f32>] {
        &self.numbers[self.zeros_before..][..self.width]
    }

    /// Applies the window to frames that were loaded without.
    #[inline(always)]
    pub fn apply_window(&mut self) {
        let numbers = &mut self.numbers[self.zeros_before..][..self.width];
        for (number, &w) in numbers.iter_mut().zip(&self.window) {
            *number = *number * w;
        }
    }

    /// The root mean square of the loaded frames under their window. Squares are of single precision, their sum is not (section
    /// 9.1 of the specification of ComParE, 3 of that of IS09).
    #[inline(always)]
    pub fn rms(&self) -> Lanes<f32> {
        let mut sum = Lanes::splat(0.0);
        for &x in self.loaded() {
            sum += (x * x).to_f64();
        }
        sum.map(|sum: f64| (sum / self.width as f64).sqrt() as f32)
    }

    /// Transforms the loaded frames: [`magnitude`](Stream::magnitude).
    #[inline(always)]
    pub fn transform(&mut self) {
        let magnitude = &mut self.magnitude[..];
        self.transform.transform(
            &mut self.numbers,
            #[inline(always)]
            |k, [re, im]| magnitude[k] = (re * re + im * im).sqrt(),
        );
    }

    /// Transforms the loaded frames: [`magnitude`](Stream::magnitude) and
    /// [`spectrum`](Stream::spectrum).
    #[inline(always)]
    pub fn transform_to_spectrum(&mut self) {
        let (magnitude, spectrum) = (&mut self.magnitude[..], &mut self.spectrum[..]);
        self.transform.transform(
            &mut self.numbers,
            #[inline(always)]
            |k, bin| {
                let [re, im] = bin;
                magnitude[k] = (re * re + im * im).sqrt();
                spectrum[k] = bin;
            },
        );
    }

    /// Calls `with` for each number of the inverse transform of real `bins`, in place of frames.
    #[inline(always)]
    pub fn inverse(&mut self, bins: &[Lanes<f32>], with: impl FnMut(usize, Lanes<f32>)) {
        self.transform.inverse(bins, &mut self.numbers, with);
    }
}

/// Samples in `seconds`, to the nearest whole number. (Divided by the length of a sample, as the program
/// does it: at odd rates the product rounds otherwise.)
fn samples(seconds: f64, sample_rate: u32) -> usize {
    (seconds / (1.0 / f64::from(sample_rate))).round() as usize
}

/// The Hamming window of the 20 ms stream.
pub fn hamming(n: f64, width: f64) -> f64 {
    0.54 - 0.46 * (2.0 * std::f64::consts::PI * n / (width - 1.0)).cos()
}

/// The Gaussian window of the 60 ms stream; its standard deviation is 0.4 of half its width.
pub fn gauss(n: f64, width: f64) -> f64 {
    let half = (width - 1.0) / 2.0;
    let u = (n - half) / (0.4 * half);
    (-u * u / 2.0).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_transforms_have_the_lengths_of_the_specification() {
        // Section 13: rate, N20, K20, N60, K60, hop.
        for (rate, n20, k20, n60, k60, hop) in [
            (8000, 160, 256, 480, 512, 80),
            (16000, 320, 512, 960, 1024, 160),
            (22050, 441, 512, 1323, 2048, 221),
            (24000, 480, 512, 1440, 2048, 240),
            (44100, 882, 1024, 2646, 4096, 441),
            (48000, 960, 1024, 2880, 4096, 480),
        ] {
            for (stream, width, length) in [
                (Stream::new(rate, 0.020, hamming), n20, k20),
                (Stream::new(rate, 0.060, gauss), n60, k60),
            ] {
                assert_eq!((stream.width, stream.hop), (width, hop), "{rate} Hz");
                assert_eq!(stream.transform_length(), length, "{rate} Hz");
                assert_eq!(stream.frames(width - 1), 0);
                assert_eq!(stream.frames(width), 1);
                assert_eq!(stream.frames(width + 3 * hop), 4);
            }
        }
    }

    #[test]
    fn frames_in_sequence_are_loaded_as_any_others() {
        for rate in [1000, 8000, 22_050, 48_000] {
            let samples: Vec<f32> = (0..rate / 5).map(|i| (i * i % 97) as f32).collect();
            for stream in [
                Stream::new(rate, 0.020, hamming),
                Stream::new(rate, 0.060, gauss).zeros_behind(),
            ] {
                let (mut one_by_one, mut in_sequence) = (stream, Stream::new(rate, 0.060, gauss));
                if one_by_one.width != in_sequence.width {
                    in_sequence = Stream::new(rate, 0.020, hamming);
                } else {
                    in_sequence = in_sequence.zeros_behind();
                }
                let hop = one_by_one.hop;
                let mut hops = Hops::new(hop);
                // Of the second eight some are missing.
                for first in [0, 8] {
                    let n = (one_by_one.frames(samples.len()) - first).min(LANES);
                    let starts: Vec<usize> = (first..first + n).map(|i| i * hop).collect();
                    one_by_one.load(&samples, &starts);
                    hops.fill(&samples, first);
                    in_sequence.load_in_sequence(&hops);
                    for (a, b) in one_by_one.numbers.iter().zip(&in_sequence.numbers) {
                        assert_eq!(a.0[..n], b.0[..n]);
                    }
                }
            }
        }
    }

    #[test]
    fn a_tone_has_one_peak_in_the_magnitudes_and_its_rms() {
        let samples: Vec<f32> = (0..16000)
            .map(|i| (2.0 * std::f64::consts::PI * 1000.0 * f64::from(i) / 16000.0).sin() as f32)
            .collect();
        let mut stream = Stream::new(16000, 0.060, gauss);
        stream.load(&samples, &[0, 160, 500]);
        let rms = stream.rms();
        stream.transform();
        for lane in 0..3 {
            let peak = (0..513).max_by(|&a, &b| {
                let at = |k: usize| stream.magnitude[k].0[lane];
                at(a).total_cmp(&at(b))
            });
            // 1000 Hz at 15.625 Hz a bin.
            assert_eq!(peak, Some(64));
            // Mean square of the sine, 1/2, times that of the window: 0.4 sqrt(pi) / 2 less its
            // tails, 0.3544 erf(2.5).
            assert!(
                (rms.0[lane] - (0.5_f32 * 0.3543).sqrt()).abs() < 1e-3,
                "{rms:?}"
            );
        }
        assert_eq!(rms.0[3], 0.0);
    }
}
