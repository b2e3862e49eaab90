//! Levels of a recording: how much of it is speech, how far above the noise, how much is clipped.
//!
//! Simple measures that find bad recordings, not standards. They look at the file's own sample
//! rate: clipping at every channel, levels (RMS of successive blocks of 20 ms) at the mix.

/// Blocks quieter than this below the loud ones count as pause: the dynamic range of running speech
/// is about 30 dB (ANSI S3.5-1997, section 4).
const SPEECH_RANGE_DB: f64 = 30.0;

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

/// Share of samples at full scale, 0 to 1.
pub fn clipped_ratio(samples: &[f32]) -> f64 {
    let clipped = samples.iter().filter(|x| x.abs() >= FULL_SCALE).count();
    clipped as f64 / samples.len().max(1) as f64
}

/// Share of samples on a flat top, 0 to 1: three or more in a row that are all exactly the largest
/// value of the recording, or all its negative. Speech hardly has such; a recording that was
/// clipped and then made quieter has many, none of them at full scale.
pub fn flat_top_ratio(samples: &[f32]) -> f64 {
    let peak = samples.iter().fold(0.0_f32, |peak, x| peak.max(x.abs()));
    let runs = samples.chunk_by(|a, b| a == b);
    let flat: usize = runs
        .filter(|run| run.len() >= 3 && peak > 0.0 && run[0].abs() == peak)
        .map(<[f32]>::len)
        .sum();
    flat as f64 / samples.len().max(1) as f64
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
    assert_eq!(flat_top_ratio(&clipped), 0.3);
    let sine: Vec<f32> = (0..1000).map(|i| (i as f32 * 0.2).sin()).collect();
    assert_eq!(flat_top_ratio(&sine), 0.0);
    assert_eq!(flat_top_ratio(&[0.0; 10]), 0.0);
}
