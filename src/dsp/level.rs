//! Levels of a recording: how much of it is speech, how far that is above the noise, how much is clipped.
//!
//! These are simple measures for finding bad recordings, not standardised ones. They are taken at the file's own sample
//! rate: clipping on every channel, levels (RMS of successive blocks of 20 ms) on the mix. Also here is what preprocessing
//! needs: where the sound begins and ends, and the factors that bring it to a level.

use std::collections::VecDeque;
use std::ops::Range;

/// Leading and trailing frames further than this below the loudest are silence. The weakest
/// consonants lie 28 dB below the strongest vowels (Fletcher 1953, "Speech and hearing in
/// communication", chapter 4); the rest is for the fall of an utterance towards its end. The 60 dB
/// of librosa's `effects.trim` are the silence of a sound booth: they leave 97 % of EmoDB as it is.
const SOUND_RANGE_DB: f64 = 40.0;

/// The level that a gain by RMS aims at, re full scale: speech, whose crest factor is 12 to 20 dB,
/// then mostly lies within it.
const RMS_LEVEL_DB: f64 = -20.0;

/// The largest value of 16 bits, less half a step: at or above it a sample counts as clipped.
const FULL_SCALE: f32 = (32767.0 - 0.5) / 32768.0;

/// Level, speech share and signal-to-noise ratio of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Levels {
    /// Level of the loud 20 ms blocks (95th percentile) in dB re full scale; minus infinity for
    /// digital silence.
    pub loud_db: f64,
    /// Share of the 20 ms blocks within 30 dB of the loud ones (95th percentile), 0 to 1; 0 for
    /// Level of the loud blocks (95th percentile) over that of the quiet ones (5th), in dB; NaN
    /// where the quiet blocks are digital silence.
    pub snr_db: f64,
}

/// Measures the levels of `samples` (one channel) at `sample_rate` Hz.
pub fn levels(samples: &[f32], sample_rate: u32) -> Levels {
    let mut meter = LevelMeter::new(sample_rate);
    meter.push(samples);
    meter.finish()
}

/// Measures [`Levels`] of samples that arrive piece by piece.
pub struct LevelMeter {
    /// Samples of 20 ms.
    width: usize,
    /// Those of a block that is not whole yet.
    begun: Vec<f32>,
    /// The level of each block, in dB.
    levels: Vec<f32>,
}

impl LevelMeter {
    /// For one channel at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> LevelMeter {
        LevelMeter {
            width: block_len(sample_rate),
            begun: Vec::new(),
            levels: Vec::new(),
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let missing = (self.width - self.begun.len()).min(samples.len());
        let (first, rest) = match self.begun.is_empty() {
            true => (&[][..], samples),
            false => samples.split_at(missing),
        };
        self.begun.extend_from_slice(first);
        if self.begun.len() == self.width {
            self.levels.push(level(&self.begun));
            self.begun.clear();
        }
        let blocks = rest.chunks_exact(self.width);
        self.begun.extend_from_slice(blocks.remainder());
        self.levels.extend(blocks.map(level));
    }

    /// The levels of all that came.
    pub fn finish(mut self) -> Levels {
        if !self.begun.is_empty() {
            self.levels.push(level(&self.begun));
        }
        let mut sorted = self.levels;
        sorted.sort_unstable_by(f32::total_cmp);
        let at =
            |share: f64| f64::from(sorted[((sorted.len() - 1) as f64 * share).round() as usize]);
        if sorted.is_empty() || at(0.95) == f64::NEG_INFINITY {
            return Levels {
                loud_db: f64::NEG_INFINITY,
                snr_db: f64::NAN,
            };
        }
        let (loud, quiet) = (at(0.95), at(0.05));
        let snr_db = if quiet == f64::NEG_INFINITY {
            f64::NAN
        } else {
            loud - quiet
        };
        Levels {
            loud_db: loud,
            snr_db,
        }
    }
}

/// Samples of 20 ms.
fn block_len(sample_rate: u32) -> usize {
    (sample_rate as usize / 50).max(1)
}

/// The level of a block in dB re full scale.
fn level(block: &[f32]) -> f32 {
    let energy = block.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / block.len() as f64;
    (10.0 * energy.log10()) as f32
}

/// The samples of a recording (one channel) between its leading and its trailing silence; all of
/// them for digital silence.
///
/// Frames of 20 ms, one from each sample, zero outside the recording: sound is from the first to
/// the last frame within 40 dB of the loudest, and within these from the first to the last sample
/// that reaches the same level. More digital silence around a recording does not move a bound by a
/// single sample: hence frames at every sample, and the loudest frame as reference rather than a
/// percentile.
pub fn sounding(samples: &[f32], sample_rate: u32) -> Range<usize> {
    let mut loudness = Loudness::new(sample_rate);
    loudness.push(samples);
    let mut sounding = loudness.finish();
    sounding.push(samples);
    sounding.finish()
}

/// The energies of the frames of 20 ms, one that ends at each sample, of samples that come piece by piece.
struct Energies {
    /// The squares of a frame's samples, the oldest at `at`.
    squares: Vec<f64>,
    at: usize,
    energy: f64,
}

impl Energies {
    fn new(width: usize) -> Energies {
        Energies {
            squares: vec![0.0; width],
            at: 0,
            energy: 0.0,
        }
    }

    /// Calls `take` with the energy of each frame that ends with one of `samples`. From the front, since they
    /// are a running sum.
    fn push(&mut self, samples: &[f32], mut take: impl FnMut(f64)) {
        for &x in samples {
            let square = f64::from(x).powi(2);
            self.energy += square - std::mem::replace(&mut self.squares[self.at], square);
            self.at += 1;
            if self.at == self.squares.len() {
                self.at = 0;
            }
            take(self.energy);
        }
    }

    /// The frames that end behind the last sample.
    fn finish(&mut self, take: impl FnMut(f64)) {
        let behind = vec![0.0; self.squares.len() - 1];
        self.push(&behind, take);
    }
}

/// The first of two passes of [`sounding`], for samples that arrive piece by piece.
pub struct Loudness {
    energies: Energies,
    loudest: f64,
}

impl Loudness {
    /// For one channel at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> Loudness {
        Loudness {
            energies: Energies::new(block_len(sample_rate)),
            loudest: 0.0,
        }
    }

    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        let Loudness { energies, loudest } = self;
        energies.push(samples, |energy| *loudest = loudest.max(energy));
    }

    /// The second pass, which takes the same samples again.
    pub fn finish(mut self) -> Sounding {
        let loudest = &mut self.loudest;
        self.energies
            .finish(|energy| *loudest = loudest.max(energy));
        Sounding {
            energies: Energies::new(self.energies.squares.len()),
            threshold: self.loudest * 10.0_f64.powf(-SOUND_RANGE_DB / 10.0),
            len: 0,
            first: None,
            last: 0,
            start: None,
            reaching: VecDeque::new(),
            end: None,
        }
    }
}

/// The second of two passes of [`sounding`].
pub struct Sounding {
    energies: Energies,
    threshold: f64,
    /// Samples so far.
    len: usize,
    /// The last sample of the first loud frame, and that of the last.
    first: Option<usize>,
    last: usize,
    /// The first sample from the first loud frame on that reaches the same level.
    start: Option<usize>,
    /// Before that frame is found, the samples of the current one that reach it; then the last alone.
    reaching: VecDeque<usize>,
    /// The last sample up to the last loud frame that reaches it.
    end: Option<usize>,
}

impl Sounding {
    /// Takes the next samples.
    pub fn push(&mut self, samples: &[f32]) {
        for x in samples {
            let mut energy = 0.0;
            self.energies.push(std::slice::from_ref(x), |e| energy = e);
            let width = self.energies.squares.len();
            if self.threshold > 0.0 && f64::from(*x).powi(2) * width as f64 >= self.threshold {
                if self.first.is_some() {
                    self.start = self.start.or(Some(self.len));
                    self.reaching.clear();
                }
                let gone = |index: &usize| index + width <= self.len;
                while self.reaching.front().is_some_and(gone) {
                    self.reaching.pop_front();
                }
                self.reaching.push_back(self.len);
            }
            self.frame(self.len, energy);
            self.len += 1;
        }
    }

    /// Notes the frame whose last sample is `last`.
    fn frame(&mut self, last: usize, energy: f64) {
        if !(self.threshold > 0.0 && energy >= self.threshold) {
            return;
        }
        if self.first.is_none() {
            let from = (last + 1).saturating_sub(self.energies.squares.len());
            self.reaching.retain(|&index| index >= from);
            self.first = Some(last);
            self.start = self.reaching.front().copied();
        }
        self.last = last;
        self.end = self.reaching.back().copied();
    }

    /// Where the sound lies.
    pub fn finish(mut self) -> Range<usize> {
        let mut behind = Vec::new();
        self.energies.finish(|energy| behind.push(energy));
        for (after, energy) in behind.into_iter().enumerate() {
            self.frame(self.len + after, energy);
        }
        let Some(first) = self.first else {
            return 0..self.len;
        };
        let from = (first + 1).saturating_sub(self.energies.squares.len());
        let to = (self.last + 1).min(self.len);
        let start = self.start.filter(|&index| index < to).unwrap_or(from);
        let end = self.end.filter(|&index| index >= start);
        start..end.map_or(to, |index| index + 1)
    }
}

/// The factor that brings the largest magnitude to full scale; 1 for digital silence.
pub fn peak_gain(samples: &[f32]) -> f64 {
    gain_of_peak(larger_peak(0.0, samples))
}

/// The larger of `peak` and the largest magnitude.
pub fn larger_peak(peak: f32, samples: &[f32]) -> f32 {
    samples.iter().fold(peak, |peak, x| peak.max(x.abs()))
}

/// [`peak_gain`] where the largest magnitude is known.
pub fn gain_of_peak(peak: f32) -> f64 {
    if peak > 0.0 {
        1.0 / f64::from(peak)
    } else {
        1.0
    }
}

/// The factor that brings the root mean square to -20 dB re full scale; 1 for digital silence.
/// Samples may then exceed full scale; as floats they are not clipped (but the set `egemaps` converts them to 16 bits, and
/// clips them).
pub fn rms_gain(samples: &[f32]) -> f64 {
    gain_of_squares(more_squares(0.0, samples), samples.len())
}

/// The sum of `sum` and the squares.
pub fn more_squares(sum: f64, samples: &[f32]) -> f64 {
    samples
        .iter()
        .fold(sum, |sum, &x| sum + f64::from(x).powi(2))
}

/// [`rms_gain`] where the sum of the squares of `n` samples is known.
pub fn gain_of_squares(sum: f64, n: usize) -> f64 {
    if sum > 0.0 {
        10.0_f64.powf(RMS_LEVEL_DB / 20.0) / (sum / n as f64).sqrt()
    } else {
        1.0
    }
}

/// Share of samples at full scale, 0 to 1.
pub fn clipped_ratio(samples: &[f32]) -> f64 {
    clipped(samples) as f64 / samples.len().max(1) as f64
}

/// Number of samples at full scale.
pub fn clipped(samples: &[f32]) -> usize {
    samples.iter().filter(|x| x.abs() >= FULL_SCALE).count()
}

/// Share of samples on a flat top, 0 to 1, in the channel that has most of them: three or more in a row that are all exactly
/// the largest magnitude of the channel, with the same sign. They are rare in speech; a recording that was clipped and then
/// made quieter has many of them below full scale.
pub fn flat_top_ratio(interleaved: &[f32], channels: usize) -> f64 {
    let mut tops = FlatTops::new(channels);
    tops.push(interleaved);
    tops.ratio(interleaved.len())
}

/// Measures [`flat_top_ratio`] of samples that arrive piece by piece, each of whole frames.
pub struct FlatTops(Vec<FlatTop>);

/// That of one channel, as if its largest magnitude so far were the largest of all.
#[derive(Clone, Copy, Default)]
struct FlatTop {
    peak: f32,
    flat: usize,
    run: usize,
    previous: f32,
}

impl FlatTops {
    /// For so many channels.
    pub fn new(channels: usize) -> FlatTops {
        FlatTops(vec![FlatTop::default(); channels])
    }

    /// Takes the next samples, channels interleaved.
    pub fn push(&mut self, interleaved: &[f32]) {
        let channels = self.0.len();
        for (channel, top) in self.0.iter_mut().enumerate() {
            // Every recording is looked at: of nearly all samples no more is asked than how large they
            // are.
            for block in interleaved.chunks(64 * channels) {
                let of_channel = || block.iter().skip(channel).step_by(channels);
                let magnitudes = of_channel().map(|x| x.abs());
                let largest =
                    magnitudes.fold(0.0, |largest: f32, x| if x > largest { x } else { largest });
                if largest < top.peak || largest == 0.0 {
                    top.run = 0;
                    continue;
                }
                of_channel().for_each(|&x| top.push(x));
            }
        }
    }

    /// The share of `n` samples, all that came.
    pub fn ratio(&self, n: usize) -> f64 {
        let most = self.0.iter().map(|top| top.flat).max().unwrap_or(0);
        (most * self.0.len()) as f64 / n.max(1) as f64
    }
}

impl FlatTop {
    fn push(&mut self, x: f32) {
        if x.abs() > self.peak {
            *self = FlatTop {
                peak: x.abs(),
                ..FlatTop::default()
            };
        }
        if x.abs() < self.peak || self.peak == 0.0 {
            self.run = 0;
            return;
        }
        self.run = if self.run > 0 && x == self.previous {
            self.run + 1
        } else {
            1
        };
        self.flat += match self.run {
            0..=2 => 0,
            3 => 3,
            _ => 1,
        };
        self.previous = x;
    }
}

#[test]
fn half_loud_half_quiet_is_measured_so() {
    // 1 s at amplitude 0.5 and 1 s at 0.005: 40 dB apart.
    let samples: Vec<f32> = (0..32000)
        .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 } * if i < 16000 { 0.5 } else { 0.005 })
        .collect();
    let levels = levels(&samples, 16000);
    assert!((levels.snr_db - 40.0).abs() < 1e-4);
    // 20 log10(0.5).
    assert!((levels.loud_db + 6.0206).abs() < 1e-4);
    assert_eq!(clipped_ratio(&[1.0, -1.0, 0.5, 32767.0 / 32768.0]), 0.75);
}

#[test]
fn digital_silence_has_no_level() {
    let silence = levels(&[0.0; 1000], 16000);
    assert!(silence.snr_db.is_nan());
    assert_eq!(silence.loud_db, f64::NEG_INFINITY);
}

#[test]
fn flat_tops_are_runs_at_the_largest_value() {
    let clipped = [0.0, 0.3, 0.3, 0.3, 0.0, -0.3, -0.3, 0.0, -0.3, -0.3];
    assert_eq!(flat_top_ratio(&clipped, 1), 0.3);
    let sine: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.2).sin()).collect();
    assert_eq!(flat_top_ratio(&sine, 1), 0.0);
    assert_eq!(flat_top_ratio(&[0.0; 10], 1), 0.0);
    assert_eq!(flat_top_ratio(&[], 2), 0.0);
    // The other channel is louder, and clean; five equal samples are one run.
    let left = [0.1, 0.2, 0.2, 0.2, 0.2, 0.2, 0.1, -0.2, 0.2, 0.2];
    let stereo: Vec<f32> = left.iter().zip(&sine).flat_map(|(&l, &r)| [l, r]).collect();
    assert_eq!(flat_top_ratio(&stereo, 2), 0.5);
}

#[test]
fn sound_is_found_to_the_sample_whatever_silence_surrounds_it() {
    // Half a second of a square wave, then of one 30 dB below it, between silences; what lies 50 dB
    // below is no sound.
    let wave = |amplitude: f32, n: usize| {
        (0..n).map(move |i| {
            if i / 40 % 2 == 0 {
                amplitude
            } else {
                -amplitude
            }
        })
    };
    for (before, after) in [(0, 0), (0, 7777), (5000, 0), (1, 3), (16000, 32001)] {
        let mut samples = vec![0.0; before];
        samples.extend(wave(0.5, 8000).chain(wave(0.0158, 8000)));
        samples.extend(vec![0.0; after]);
        assert_eq!(sounding(&samples, 16000), before..before + 16000);
    }
    let hum: Vec<f32> = wave(0.00158, 16000)
        .chain(wave(0.5, 8000))
        .chain(wave(0.00158, 16000))
        .collect();
    assert_eq!(sounding(&hum, 16000), 16000..24000);
    // Pauses inside stay.
    let two: Vec<f32> = wave(0.5, 400)
        .chain([0.0; 9000])
        .chain(wave(0.5, 400))
        .collect();
    assert_eq!(sounding(&two, 16000), 0..9800);
    assert_eq!(sounding(&[0.0; 100], 16000), 0..100);
    assert_eq!(sounding(&[0.0, 0.1, 0.0], 16000), 1..2);
    assert_eq!(sounding(&[], 16000), 0..0);
}

#[test]
fn gains_bring_a_sine_to_their_level_and_leave_silence_alone() {
    // The RMS of a sine is its amplitude over the square root of 2.
    let sine: Vec<f32> = (0..16000)
        .map(|i| 0.05 * (std::f32::consts::TAU * i as f32 / 160.0).sin())
        .collect();
    assert!((peak_gain(&sine) - 20.0).abs() < 1e-5);
    assert!((rms_gain(&sine) - 0.1 / (0.05 / 2.0_f64.sqrt())).abs() < 1e-5);
    assert_eq!((peak_gain(&[0.0; 9]), rms_gain(&[0.0; 9])), (1.0, 1.0));
    assert_eq!((peak_gain(&[]), rms_gain(&[])), (1.0, 1.0));
}

#[test]
fn pieces_are_measured_as_the_whole() {
    // Clipped bursts between silences of several depths, of two channels.
    let samples: Vec<f32> = (0..20_000)
        .map(|i| {
            let loud = [0.0, 0.001, 0.2, 1.5, 0.02, 0.0][i / 4000];
            (loud * (i as f32 * 0.37).sin()).clamp(-0.9, 0.9)
        })
        .collect();
    let sound = |from: usize, to: usize| sounding(&samples[from..to], 16_000);
    for piece in [1, 7, 320, 321, 5000, 30_000] {
        let (mut meter, mut tops) = (LevelMeter::new(16_000), FlatTops::new(2));
        for piece in samples.chunks(piece) {
            meter.push(piece);
        }
        for piece in samples.chunks(2 * piece) {
            tops.push(piece);
        }
        let (pieces, whole) = (meter.finish(), levels(&samples, 16_000));
        assert_eq!(pieces.loud_db.to_bits(), whole.loud_db.to_bits());
        assert_eq!(pieces.snr_db.is_nan(), whole.snr_db.is_nan());
        let ratio = tops.ratio(samples.len());
        assert!(ratio > 0.0 && ratio == flat_top_ratio(&samples, 2));
        for (from, to) in [
            (0, 20_000),
            (0, 3000),
            (9000, 12_100),
            (0, 200),
            (7000, 7001),
        ] {
            let mut loudness = Loudness::new(16_000);
            for piece in samples[from..to].chunks(piece) {
                loudness.push(piece);
            }
            let mut sounding = loudness.finish();
            for piece in samples[from..to].chunks(piece) {
                sounding.push(piece);
            }
            assert_eq!(sounding.finish(), sound(from, to), "{piece} {from}");
        }
    }
}
