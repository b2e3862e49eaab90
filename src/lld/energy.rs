//! Energy of a frame in the time domain: RMS, its level in dB, zero-crossing rate.
//!
//! As librosa 0.11 defines them (`feature.rms`, `feature.zero_crossing_rate`), on frames of the
//! analysis width without a window.

/// Samples closer to zero than this have no sign (librosa's default threshold).
const ZERO: f32 = 1e-10;

/// RMS below this reads as this when it is turned into dB: -120 dB, below the noise of 16 bits (-98
/// dB).
const FLOOR: f64 = 1e-6;

/// The level of digital silence.
pub const SILENCE_DB: f32 = -120.0;

/// Number of descriptors of this file.
pub const ENERGIES: usize = 3;

/// Their names, in the order of [`energy`].
pub const NAMES: [&str; ENERGIES] = ["rms", "log_energy_db", "zcr"];

/// RMS, level in dB and zero-crossing rate of a frame of `width` samples, of which `inside` lie in
/// the recording.
///
/// What lies outside has no energy and crosses nothing.
pub fn energy(inside: &[f32], width: usize) -> [f32; ENERGIES] {
    let sum: f64 = inside.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let rms = (sum / width as f64).sqrt();
    let crossings = inside
        .windows(2)
        .filter(|pair| (pair[0] < -ZERO) != (pair[1] < -ZERO))
        .count();
    [
        rms as f32,
        (20.0 * rms.max(FLOOR).log10()) as f32,
        crossings as f32 / width as f32,
    ]
}

#[test]
fn energy_of_a_square_wave() {
    // Amplitude 0.1, sign change every 4 samples: 3 changes in 16 samples.
    let frame: Vec<f32> = (0..16)
        .map(|i| if i / 4 % 2 == 0 { 0.1 } else { -0.1 })
        .collect();
    let [rms, level, zcr] = energy(&frame, 16);
    assert!((rms - 0.1).abs() < 1e-7);
    assert!((level + 20.0).abs() < 1e-5);
    assert_eq!(zcr, 3.0 / 16.0);
}

#[test]
fn what_lies_outside_the_recording_crosses_nothing() {
    // Half a frame of negative samples: a zero before them would be a crossing that is not there.
    assert_eq!(energy(&[-0.5; 8], 16)[2], 0.0);
}

#[test]
fn energy_of_silence_is_the_floor() {
    assert_eq!(energy(&[0.0; 8], 8), [0.0, -120.0, 0.0]);
}
