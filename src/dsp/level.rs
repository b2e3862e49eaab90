//! Levels of a recording: how much of it is speech, how far above the noise, how much is clipped.
//!
//! Simple measures that find bad recordings, not standards. They look at the file's own sample
//! rate: clipping at every channel, levels (RMS of successive blocks of 20 ms) at the mix. And what
//! preprocessing needs: where the sound begins and ends, and the factors that bring it to a level.

use std::ops::Range;

/// Blocks quieter than this below the loud ones count as pause: the dynamic range of running speech
/// is about 30 dB (ANSI S3.5-1997, section 4).
const SPEECH_RANGE_DB: f64 = 30.0;

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
    /// digital silence.
    pub speech_ratio: f64,
    /// Level of the loud blocks (95th percentile) over that of the quiet ones (5th), in dB; NaN
    /// where the quiet blocks are digital silence.
    pub snr_db: f64,
}

/// Measures the levels of `samples` (one channel) at `sample_rate` Hz.
pub fn levels(samples: &[f32], sample_rate: u32) -> Levels {
    let block = (sample_rate as usize / 50).max(1);
    let energy = |block: &[f32]| {
        block.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>() / block.len() as f64
    };
    let level = |block: &[f32]| (10.0 * energy(block).log10()) as f32;
    let mut sorted: Vec<f32> = samples.chunks(block).map(level).collect();
    sorted.sort_unstable_by(f32::total_cmp);
    let at = |share: f64| f64::from(sorted[((sorted.len() - 1) as f64 * share).round() as usize]);
    if sorted.is_empty() || at(0.95) == f64::NEG_INFINITY {
        return Levels {
            loud_db: f64::NEG_INFINITY,
            speech_ratio: 0.0,
            snr_db: f64::NAN,
        };
    }
    let (loud, quiet) = (at(0.95), at(0.05));
    let speech = sorted
        .iter()
        .filter(|&&level| f64::from(level) >= loud - SPEECH_RANGE_DB)
        .count();
    let snr_db = if quiet == f64::NEG_INFINITY {
        f64::NAN
    } else {
        loud - quiet
    };
    Levels {
        loud_db: loud,
        speech_ratio: speech as f64 / sorted.len() as f64,
        snr_db,
    }
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
    let width = (sample_rate as usize / 50).max(1);
    let square = |index: usize| samples.get(index).map_or(0.0, |&x| f64::from(x).powi(2));
    // Frame `last` is the one whose last sample is `last`.
    let energies = || {
        let mut energy = 0.0;
        (0..samples.len() + width - 1).map(move |last| {
            energy += square(last) - last.checked_sub(width).map_or(0.0, square);
            energy
        })
    };
    let loudest = energies().fold(0.0, f64::max);
    let threshold = loudest * 10.0_f64.powf(-SOUND_RANGE_DB / 10.0);
    let mut loud = energies()
        .enumerate()
        .filter(|&(_, energy)| threshold > 0.0 && energy >= threshold)
        .map(|(last, _)| last);
    let Some(first) = loud.next() else {
        return 0..samples.len();
    };
    // From the front: the energies are a running sum.
    let last = loud.fold(first, |_, index| index);
    let reaches = |&index: &usize| square(index) * width as f64 >= threshold;
    let from = (first + 1).saturating_sub(width);
    let to = (last + 1).min(samples.len());
    let start = (from..to).find(reaches).unwrap_or(from);
    let end = (start..to).rfind(reaches).map_or(to, |index| index + 1);
    start..end
}

/// The factor that brings the largest magnitude to full scale; 1 for digital silence.
pub fn peak_gain(samples: &[f32]) -> f64 {
    let peak = samples.iter().fold(0.0, |peak: f32, x| peak.max(x.abs()));
    if peak > 0.0 {
        1.0 / f64::from(peak)
    } else {
        1.0
    }
}

/// The factor that brings the root mean square to -20 dB re full scale; 1 for digital silence.
/// Samples may come to lie beyond full scale; as floats they are not clipped (but the set `egemaps`
/// brings them to 16 bits, and clips them).
pub fn rms_gain(samples: &[f32]) -> f64 {
    let sum: f64 = samples.iter().map(|&x| f64::from(x).powi(2)).sum();
    if sum > 0.0 {
        10.0_f64.powf(RMS_LEVEL_DB / 20.0) / (sum / samples.len() as f64).sqrt()
    } else {
        1.0
    }
}

/// Share of samples at full scale, 0 to 1.
pub fn clipped_ratio(samples: &[f32]) -> f64 {
    let clipped = samples.iter().filter(|x| x.abs() >= FULL_SCALE).count();
    clipped as f64 / samples.len().max(1) as f64
}

/// Share of samples on a flat top, 0 to 1, in the channel that has most of them: three or more in a
/// row that are all exactly the largest value of the channel, or all its negative. Speech hardly has
/// such; a recording that was clipped and then made quieter has many, none of them at full scale.
pub fn flat_top_ratio(interleaved: &[f32], channels: usize) -> f64 {
    let flat_tops = |channel: usize| {
        let samples = &interleaved[channel..];
        let largest = |samples: &[f32]| {
            let magnitudes = samples.iter().step_by(channels).map(|x| x.abs());
            magnitudes.fold(0.0, |largest: f32, x| if x > largest { x } else { largest })
        };
        // Every recording is looked at: of nearly all samples no more is asked than how large they
        // are.
        let blocks: Vec<(&[f32], f32)> = samples
            .chunks(64 * channels)
            .map(|block| (block, largest(block)))
            .collect();
        let peak = blocks
            .iter()
            .fold(0.0, |peak: f32, block| peak.max(block.1));
        let (mut flat, mut run, mut previous) = (0, 0, 0.0);
        for (block, largest) in blocks {
            if largest < peak || peak == 0.0 {
                run = 0;
                continue;
            }
            for &x in block.iter().step_by(channels) {
                if x.abs() < peak {
                    run = 0;
                    continue;
                }
                run = if run > 0 && x == previous { run + 1 } else { 1 };
                flat += match run {
                    0..=2 => 0,
                    3 => 3,
                    _ => 1,
                };
                previous = x;
            }
        }
        flat
    };
    let most = (0..channels.min(interleaved.len()))
        .map(flat_tops)
        .max()
        .unwrap_or(0);
    (most * channels) as f64 / interleaved.len().max(1) as f64
}

#[test]
fn half_loud_half_quiet_is_measured_so() {
    // 1 s at amplitude 0.5 and 1 s at 0.005: 40 dB apart, half of it speech.
    let samples: Vec<f32> = (0..32000)
        .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 } * if i < 16000 { 0.5 } else { 0.005 })
        .collect();
    let levels = levels(&samples, 16000);
    assert_eq!(levels.speech_ratio, 0.5);
    assert!((levels.snr_db - 40.0).abs() < 1e-4);
    // 20 log10(0.5).
    assert!((levels.loud_db + 6.0206).abs() < 1e-4);
    assert_eq!(clipped_ratio(&[1.0, -1.0, 0.5, 32767.0 / 32768.0]), 0.75);
}

#[test]
fn digital_silence_is_no_speech() {
    let silence = levels(&[0.0; 1000], 16000);
    assert_eq!(silence.speech_ratio, 0.0);
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
