//! Mel bands: triangular filters, equally spaced on Slaney's mel scale, each of unit area.
//!
//! The scale is linear (3 mel per 200 Hz) to 1 kHz and logarithmic above (27 steps for a factor of
//! 6.4): M. Slaney, "Auditory Toolbox", 1998. It is the default of librosa 0.11 (`htk=False,
//! norm="slaney"`).

use crate::dsp::frame::Framing;
use crate::dsp::spectrum::Spectrum;

/// Frequency in Hz to mel.
pub fn hz_to_mel(hz: f64) -> f64 {
    if hz < 1000.0 {
        hz * 3.0 / 200.0
    } else {
        15.0 + (hz / 1000.0).ln() * 27.0 / 6.4_f64.ln()
    }
}

/// Mel to frequency in Hz.
pub fn mel_to_hz(mel: f64) -> f64 {
    if mel < 15.0 {
        mel * 200.0 / 3.0
    } else {
        1000.0 * ((mel - 15.0) * 6.4_f64.ln() / 27.0).exp()
    }
}

/// A bank of triangular mel filters; each keeps only the bins it covers.
#[derive(Debug, Clone)]
pub struct MelBank {
    filters: Vec<Filter>,
}

#[derive(Debug, Clone)]
struct Filter {
    first_bin: usize,
    weights: Vec<f32>,
}

impl MelBank {
    /// `n` filters between `low_hz` and `high_hz` for spectra of `bins` bins that lie `bin_hz`
    /// apart.
    pub fn new(n: usize, low_hz: f64, high_hz: f64, bins: usize, bin_hz: f64) -> MelBank {
        let (low, high) = (hz_to_mel(low_hz), hz_to_mel(high_hz));
        let edges: Vec<f64> = (0..n + 2)
            .map(|i| mel_to_hz(low + (high - low) * i as f64 / (n + 1) as f64))
            .collect();
        let filters = edges
            .windows(3)
            .map(|edge| {
                let area = 2.0 / (edge[2] - edge[0]);
                let weight = |bin: usize| {
                    let hz = bin as f64 * bin_hz;
                    let rising = (hz - edge[0]) / (edge[1] - edge[0]);
                    let falling = (edge[2] - hz) / (edge[2] - edge[1]);
                    area * rising.min(falling).max(0.0)
                };
                let first_bin = (0..bins).find(|&bin| weight(bin) > 0.0).unwrap_or(0);
                let weights = (first_bin..bins)
                    .map(weight)
                    .take_while(|&w| w > 0.0)
                    .map(|w| w as f32)
                    .collect();
                Filter { first_bin, weights }
            })
            .collect();
        MelBank { filters }
    }

    /// Number of filters.
    pub fn len(&self) -> usize {
        self.filters.len()
    }

    /// Whether the bank has no filter.
    pub fn is_empty(&self) -> bool {
        self.filters.is_empty()
    }

    /// Power in each band: the weighted sums of a power spectrum.
    pub fn apply(&self, power: &[f32], out: &mut [f32]) {
        for (filter, out) in self.filters.iter().zip(out) {
            let bins = &power[filter.first_bin..];
            *out = filter.weights.iter().zip(bins).map(|(w, p)| w * p).sum();
        }
    }
}

/// Levels over time and mel bands, for figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrogram {
    /// One row per frame: the level of each band in dB (re a power of 1), from the lowest band up.
    pub level_db: Vec<Vec<f32>>,
    /// Seconds from one frame to the next.
    pub hop_s: f64,
    /// Centre of each band in Hz.
    pub band_hz: Vec<f64>,
}

/// The mel spectrogram of `samples`: 80 bands up to half the sample rate, 25 ms Hann windows, one every
/// 10 ms, the first centred on the first sample.
pub fn spectrogram(samples: &[f32], sample_rate: u32) -> Spectrogram {
    const BANDS: usize = 80;
    let (width_s, hop_s) = (0.025, 0.010);
    let framing = Framing::new(sample_rate, width_s, hop_s);
    let mut spectrum = Spectrum::new(sample_rate, framing.width);
    let highest_hz = f64::from(sample_rate) / 2.0;
    let bank = MelBank::new(BANDS, 0.0, highest_hz, spectrum.bins(), spectrum.bin_hz);
    let mut frame = vec![0.0; framing.width];
    let mut power = vec![0.0; BANDS];
    let mut level = |index: usize| {
        framing.copy(samples, index, &mut frame);
        spectrum.compute(&frame);
        bank.apply(&spectrum.power, &mut power);
        power
            .iter()
            .map(|power| 10.0 * power.max(1e-10).log10())
            .collect()
    };
    let centre =
        |band: usize| mel_to_hz(hz_to_mel(highest_hz) * (band + 1) as f64 / (BANDS + 1) as f64);
    Spectrogram {
        level_db: (0..framing.count(samples.len())).map(&mut level).collect(),
        hop_s,
        band_hz: (0..BANDS).map(centre).collect(),
    }
}

#[test]
fn a_tone_is_loudest_in_the_band_around_it() {
    let tone: Vec<f32> = (0..16_000)
        .map(|k| (std::f32::consts::TAU * 1000.0 * k as f32 / 16_000.0).sin())
        .collect();
    let spectrogram = spectrogram(&tone, 16_000);
    let middle = &spectrogram.level_db[50];
    let loudest = (0..middle.len())
        .max_by(|&a, &b| middle[a].total_cmp(&middle[b]))
        .unwrap();
    assert!(
        (spectrogram.band_hz[loudest] - 1000.0).abs() < 40.0,
        "{}",
        spectrogram.band_hz[loudest]
    );
    assert_eq!(spectrogram.level_db.len(), 101);
}

#[test]
fn the_two_halves_of_the_scale_meet_at_1_khz() {
    assert_eq!(hz_to_mel(1000.0), 15.0);
    assert!((mel_to_hz(hz_to_mel(6400.0)) - 6400.0).abs() < 1e-9);
    // One factor of 6.4 is 27 steps.
    assert!((hz_to_mel(6400.0) - 42.0).abs() < 1e-12);
}

#[test]
fn a_flat_spectrum_gives_every_wide_band_the_same_power() {
    // Unit area: the weights of a filter that covers many bins sum to 1 / bin_hz.
    let bank = MelBank::new(10, 0.0, 8000.0, 8001, 1.0);
    let mut bands = vec![0.0; 10];
    bank.apply(&vec![1.0; 8001], &mut bands);
    for band in bands {
        assert!((band - 1.0).abs() < 1e-3, "{band}");
    }
}
