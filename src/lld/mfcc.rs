//! Log-mel bands and mel-frequency cepstral coefficients.
//!
//! As librosa 0.11 computes them with `n_mels=26, n_mfcc=20, fmin=0, fmax=8000`: power in mel
//! bands, `10 log10` with a floor at 1e-10 and at 80 dB below the loudest band of the recording,
//! then an orthonormal DCT-II over the bands. Davis & Mermelstein 1980, "Comparison of parametric
//! representations for monosyllabic word recognition".

use crate::dsp::mel::MelBank;

/// Number of mel bands: 26, as in the HTK and openSMILE traditions.
pub const BANDS: usize = 26;
/// Number of cepstral coefficients, the 0th included.
pub const COEFFICIENTS: usize = 20;
/// Upper end of the bands in Hz, or half the sample rate if that is lower.
const HIGH_HZ: f64 = 8000.0;
/// librosa's `power_to_db`: floor of the power, and the range kept below the loudest value.
const FLOOR: f32 = 1e-10;
const RANGE_DB: f32 = 80.0;

/// The names of the coefficients.
pub fn names() -> [String; COEFFICIENTS] {
    std::array::from_fn(|i| format!("mfcc_{i}"))
}

/// The names of the bands.
pub fn band_names() -> [String; BANDS] {
    std::array::from_fn(|i| format!("log_mel_{i}_db"))
}

/// Planned mel bank and cosine transform.
pub struct Mfcc {
    bank: MelBank,
    dct: Vec<[f32; BANDS]>,
}

impl Mfcc {
    /// Plan for spectra of `bins` bins that lie `bin_hz` apart.
    pub fn new(bins: usize, bin_hz: f64) -> Mfcc {
        let high_hz = HIGH_HZ.min((bins - 1) as f64 * bin_hz);
        Mfcc {
            bank: MelBank::new(BANDS, 0.0, high_hz, bins, bin_hz),
            dct: (0..COEFFICIENTS).map(dct_row).collect(),
        }
    }

    /// Power in each mel band of one frame.
    pub fn mel(&self, power: &[f32]) -> [f32; BANDS] {
        let mut bands = [0.0; BANDS];
        self.bank.apply(power, &mut bands);
        bands
    }

    /// The cepstral coefficients of one frame of levels in dB.
    pub fn cepstrum(&self, log_mel: &[f32; BANDS]) -> [f32; COEFFICIENTS] {
        std::array::from_fn(|i| self.dct[i].iter().zip(log_mel).map(|(c, x)| c * x).sum())
    }
}

/// Row `i` of the orthonormal DCT-II over [`BANDS`] values.
fn dct_row(i: usize) -> [f32; BANDS] {
    let n = BANDS as f64;
    let scale = if i == 0 {
        (1.0 / n).sqrt()
    } else {
        (2.0 / n).sqrt()
    };
    std::array::from_fn(|k| {
        (scale * (std::f64::consts::PI * i as f64 * (2 * k + 1) as f64 / (2.0 * n)).cos()) as f32
    })
}

/// Powers to levels in dB, in place: `10 log10(max(p, 1e-10))`, and nothing more than 80 dB below
/// the loudest of all (librosa `power_to_db`). The floor looks at the whole recording, so it takes
/// all frames at once.
pub fn power_to_db<const N: usize>(frames: &mut [[f32; N]]) {
    let mut loudest = f32::NEG_INFINITY;
    // NaN has no level, and would pass for the floor.
    for value in frames.iter_mut().flatten().filter(|value| !value.is_nan()) {
        *value = 10.0 * value.max(FLOOR).log10();
        loudest = loudest.max(*value);
    }
    for value in frames.iter_mut().flatten().filter(|value| !value.is_nan()) {
        *value = value.max(loudest - RANGE_DB);
    }
}

#[test]
fn the_cepstrum_of_a_flat_envelope_is_its_level_alone() {
    let cepstrum = Mfcc::new(257, 31.25).cepstrum(&[2.0; BANDS]);
    assert!((cepstrum[0] - 2.0 * (BANDS as f32).sqrt()).abs() < 1e-5);
    assert!(cepstrum[1..].iter().all(|c| c.abs() < 1e-5));
}

#[test]
fn levels_keep_80_db_below_the_loudest() {
    let mut frames = [[1.0, 1e-3], [1e-9, 0.0]];
    power_to_db(&mut frames);
    assert_eq!(frames, [[0.0, -30.0], [-80.0, -80.0]]);
}
