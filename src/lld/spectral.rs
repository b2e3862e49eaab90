//! Shape of a frame's spectrum: where its energy lies, how widely it is spread, how peaked it is and how much it changes.
//!
//! Centroid, bandwidth, roll-off, flatness and contrast are librosa 0.11's (`feature.spectral_*`,
//! default parameters, on the magnitude spectrum). The shape does not depend on the recording's gain, except that flatness
//! and slope have a floor below which near silence falls. Undefined (NaN) on digital silence.

/// Number of octave-wide bands of the spectral contrast.
pub const CONTRAST_BANDS: usize = 7;
/// Upper edge of the lowest contrast band in Hz; every further band is one octave wide (librosa
/// `fmin`).
const CONTRAST_LOW_HZ: f64 = 200.0;
/// Share of a band's bins that make its peak and its valley (librosa `quantile`).
const CONTRAST_QUANTILE: f64 = 0.02;
/// Shares of the summed magnitude at which the roll-off is taken.
const ROLLOFF: [(u32, f64); 4] = [(25, 0.25), (50, 0.50), (75, 0.75), (90, 0.90)];
/// Floor of a bin's power, as in librosa's `spectral_flatness` and `power_to_db`.
const FLOOR: f32 = 1e-10;
/// Number of descriptors of [`Shape::compute`].
pub const SHAPES: usize = 12;

/// Their names.
pub const SHAPE_NAMES: [&str; SHAPES] = [
    "spectral_centroid_hz",
    "spectral_bandwidth_hz",
    "spectral_rolloff_25_hz",
    "spectral_rolloff_50_hz",
    "spectral_rolloff_75_hz",
    "spectral_rolloff_90_hz",
    "spectral_flatness",
    "spectral_flux",
    "spectral_entropy",
    "spectral_slope_db_per_khz",
    "spectral_skewness",
    "spectral_kurtosis",
];

/// The names of the bands of contrast.
pub fn contrast_names() -> [String; CONTRAST_BANDS] {
    std::array::from_fn(|k| format!("spectral_contrast_{k}_db"))
}

/// Planned spectral shape of frames whose bins lie `bin_hz` apart; remembers the frame before for
/// the flux.
pub struct Shape {
    hz: Vec<f32>,
    previous: Vec<f32>,
    has_previous: bool,
    slope_weights: Vec<f32>,
}

impl Shape {
    /// Plan for spectra of `bins` bins.
    pub fn new(bins: usize, bin_hz: f64) -> Shape {
        let hz: Vec<f32> = (0..bins).map(|bin| (bin as f64 * bin_hz) as f32).collect();
        // Weights whose sum with the levels is the least-squares slope per kHz.
        let khz = |bin: usize| bin as f64 * bin_hz / 1000.0;
        let middle = khz(bins - 1) / 2.0;
        let squares: f64 = (0..bins).map(|bin| (khz(bin) - middle).powi(2)).sum();
        let slope_weights = (0..bins)
            .map(|bin| ((khz(bin) - middle) / squares) as f32)
            .collect();
        Shape {
            hz,
            previous: vec![0.0; bins],
            has_previous: false,
            slope_weights,
        }
    }

    /// Forgets the frame before; call at the start of a recording.
    pub fn reset(&mut self) {
        self.has_previous = false;
    }

    /// The [`SHAPES`] descriptors of one frame, in the order of [`SHAPE_NAMES`].
    pub fn compute(&mut self, magnitude: &[f32], power: &[f32]) -> [f32; SHAPES] {
        let total: f64 = magnitude.iter().map(|&m| f64::from(m)).sum();
        let energy: f64 = power.iter().map(|&p| f64::from(p)).sum();
        if !(total > 0.0 && energy > 0.0) {
            self.has_previous = false;
            return [f32::NAN; SHAPES];
        }
        let weighted: f64 = magnitude
            .iter()
            .zip(&self.hz)
            .map(|(&m, &f)| f64::from(m * f))
            .sum();
        let centroid = weighted / total;
        let [m2, m3, m4] = self.central_moments(magnitude, centroid).map(|m| m / total);
        let bandwidth = m2.sqrt();
        let [r25, r50, r75, r90] = self.rolloff(magnitude, total);
        let flux = self.flux(magnitude, energy);
        let (log_mean, entropy, slope) = self.levels(power, energy);
        let floored: f64 = power.iter().map(|&p| f64::from(p.max(FLOOR))).sum();
        let flatness = log_mean.exp() / (floored / power.len() as f64);
        [
            centroid as f32,
            bandwidth as f32,
            r25,
            r50,
            r75,
            r90,
            flatness as f32,
            flux,
            entropy as f32,
            slope as f32,
            (m3 / (m2 * bandwidth)) as f32,
            (m4 / (m2 * m2)) as f32,
        ]
    }

    /// Second, third and fourth moments of frequency about `centroid`, not yet divided by the total
    /// magnitude.
    fn central_moments(&self, magnitude: &[f32], centroid: f64) -> [f64; 3] {
        let mut moments = [0.0; 3];
        for (&m, &f) in magnitude.iter().zip(&self.hz) {
            let d = f64::from(f) - centroid;
            let md2 = f64::from(m) * d * d;
            moments[0] += md2;
            moments[1] += md2 * d;
            moments[2] += md2 * d * d;
        }
        moments
    }

    /// The lowest frequencies at which the running sum of the magnitude reaches each share of
    /// [`ROLLOFF`].
    fn rolloff(&self, magnitude: &[f32], total: f64) -> [f32; 4] {
        let mut out = [f32::NAN; 4];
        let (mut sum, mut next) = (0.0, 0);
        for (&m, &hz) in magnitude.iter().zip(&self.hz) {
            sum += f64::from(m);
            while next < 4 && sum >= ROLLOFF[next].1 * total {
                out[next] = hz;
                next += 1;
            }
        }
        out
    }

    /// Distance from the frame before, both scaled to unit length; keeps this frame for the next
    /// call.
    fn flux(&mut self, magnitude: &[f32], energy: f64) -> f32 {
        let scale = (1.0 / energy.sqrt()) as f32;
        let mut distance = 0.0_f32;
        for (before, &m) in self.previous.iter_mut().zip(magnitude) {
            let now = m * scale;
            distance += (now - *before) * (now - *before);
            *before = now;
        }
        if std::mem::replace(&mut self.has_previous, true) {
            distance.sqrt()
        } else {
            f32::NAN
        }
    }

    /// What needs the logarithm of every bin, in one pass: mean natural logarithm of the floored
    /// power, normalised entropy, slope in dB/kHz.
    fn levels(&self, power: &[f32], energy: f64) -> (f64, f64, f64) {
        let (mut sum, mut p_log_p, mut slope) = (0.0, 0.0, 0.0);
        for (&p, &w) in power.iter().zip(&self.slope_weights) {
            let log = f64::from(p.max(FLOOR).ln());
            sum += log;
            slope += f64::from(w) * log;
            // The entropy takes the powers as they are, so that it does not depend on the gain.
            let own_log = if p < FLOOR && p > 0.0 {
                f64::from(p.ln())
            } else {
                log
            };
            p_log_p += f64::from(p) * own_log;
        }
        let n = power.len() as f64;
        // -sum (p/E) ln (p/E) = ln E - (sum p ln p) / E
        let entropy = ((energy.ln() - p_log_p / energy) / n.ln()).clamp(0.0, 1.0);
        (sum / n, entropy, slope * 10.0 / std::f64::consts::LN_10)
    }
}

/// Lower and upper edge of contrast band `k` in Hz.
fn contrast_edges(k: usize) -> (f64, f64) {
    let edge = |k: usize| {
        if k == 0 {
            0.0
        } else {
            CONTRAST_LOW_HZ * f64::from(1 << (k - 1))
        }
    };
    (edge(k), edge(k + 1))
}

/// Planned spectral contrast: the bins of each band.
pub struct Contrast {
    bands: Vec<Option<Band>>,
    scratch: Vec<f32>,
}

struct Band {
    bins: std::ops::Range<usize>,
    /// How many bins make the peak, and the valley.
    quantile: usize,
}

impl Contrast {
    /// Plan for spectra of `bins` bins that lie `bin_hz` apart.
    pub fn new(bins: usize, bin_hz: f64) -> Contrast {
        let band = |k: usize| {
            let (low, high) = contrast_edges(k);
            let first = (0..bins).find(|&bin| bin as f64 * bin_hz >= low)?;
            let last = (first..bins)
                .take_while(|&bin| bin as f64 * bin_hz <= high)
                .last()?;
            // As librosa has it: a band takes the bin before its first; the last band takes all
            // that is left, every other leaves its last bin to the next.
            let first = if k > 0 { first - 1 } else { first };
            let is_last = k + 1 == CONTRAST_BANDS;
            let count = if is_last {
                bins - first
            } else {
                last + 1 - first
            };
            let quantile = ((CONTRAST_QUANTILE * count as f64).round_ties_even() as usize).max(1);
            let end = if is_last { bins } else { last };
            (low < (bins - 1) as f64 * bin_hz && end >= first + quantile).then_some(Band {
                bins: first..end,
                quantile,
            })
        };
        Contrast {
            bands: (0..CONTRAST_BANDS).map(band).collect(),
            scratch: Vec::new(),
        }
    }

    /// Mean of the weakest and of the strongest bins of each band; NaN where the band does not
    /// exist.
    ///
    /// Their levels in dB, each by [`power_to_db`](crate::lld::mfcc::power_to_db) over the whole
    /// recording, differ by the contrast.
    pub fn valley_and_peak(
        &mut self,
        magnitude: &[f32],
    ) -> ([f32; CONTRAST_BANDS], [f32; CONTRAST_BANDS]) {
        let (mut valley, mut peak) = ([f32::NAN; CONTRAST_BANDS], [f32::NAN; CONTRAST_BANDS]);
        for (k, band) in self.bands.iter().enumerate() {
            let Some(Band { bins, quantile }) = band else {
                continue;
            };
            self.scratch.clear();
            self.scratch.extend_from_slice(&magnitude[bins.clone()]);
            let (n, q) = (self.scratch.len(), *quantile);
            let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
            if q == 1 {
                // The usual case at 16 kHz needs no sorting.
                valley[k] = self.scratch.iter().copied().fold(f32::INFINITY, f32::min);
                peak[k] = self.scratch.iter().copied().fold(0.0, f32::max);
            } else {
                self.scratch.select_nth_unstable_by(q - 1, f32::total_cmp);
                valley[k] = mean(&self.scratch[..q]);
                self.scratch.select_nth_unstable_by(n - q, f32::total_cmp);
                peak[k] = mean(&self.scratch[n - q..]);
            }
        }
        (valley, peak)
    }
}

#[test]
fn a_tone_is_where_it_is_and_has_no_width() {
    let mut magnitude = vec![0.0; 257];
    magnitude[32] = 2.0;
    let power: Vec<f32> = magnitude.iter().map(|m| m * m).collect();
    let mut shape = Shape::new(257, 31.25);
    let first = shape.compute(&magnitude, &power);
    assert_eq!(first[..6], [1000.0, 0.0, 1000.0, 1000.0, 1000.0, 1000.0]);
    assert!(first[6] < 1e-6, "flatness {}", first[6]);
    assert!(first[7].is_nan(), "no frame before the first");
    assert!(first[8].abs() < 1e-6, "entropy {}", first[8]);
    // The same tone again changes nothing; another is as far away as can be.
    assert_eq!(shape.compute(&magnitude, &power)[7], 0.0);
    magnitude.swap(32, 64);
    let power: Vec<f32> = magnitude.iter().map(|m| m * m).collect();
    assert!((shape.compute(&magnitude, &power)[7] - 2.0_f32.sqrt()).abs() < 1e-6);
}

#[test]
fn a_flat_spectrum_is_flat() {
    let ones = vec![1.0; 257];
    let flat = Shape::new(257, 31.25).compute(&ones, &ones);
    assert!((flat[0] - 4000.0).abs() < 1e-2);
    // A uniform distribution on 257 points: variance (257^2 - 1) / 12 steps, no skewness, kurtosis
    // 1.8.
    assert!((flat[1] - 31.25 * ((257.0_f32.powi(2) - 1.0) / 12.0).sqrt()).abs() < 1e-2);
    assert!(
        (flat[6] - 1.0).abs() < 1e-6 && (flat[8] - 1.0).abs() < 1e-6,
        "{flat:?}"
    );
    assert!(
        flat[9].abs() < 1e-6 && flat[10].abs() < 1e-4 && (flat[11] - 1.8).abs() < 1e-3,
        "{flat:?}"
    );
}

#[test]
fn entropy_does_not_depend_on_the_gain() {
    for gain in [1.0_f32, 1e-4, 1e-8, 1e-14] {
        let magnitude: Vec<f32> = (0..255).map(|bin| gain * (1 + bin % 5) as f32).collect();
        let power: Vec<f32> = magnitude.iter().map(|m| m * m).collect();
        let entropy = Shape::new(255, 31.25).compute(&magnitude, &power)[8];
        // 51 times the powers 1, 4, 9, 16, 25: (ln 51 - sum (k^2 / 55) ln (k^2 / 55)) / ln 255.
        assert!((entropy - 0.940055).abs() < 1e-5, "gain {gain}: {entropy}");
    }
}

#[test]
fn silence_has_no_shape() {
    assert!(
        Shape::new(257, 31.25)
            .compute(&[0.0; 257], &[0.0; 257])
            .iter()
            .all(|x| x.is_nan())
    );
}

#[test]
fn a_slope_of_6_db_per_khz_reads_as_such() {
    let power: Vec<f32> = (0..257)
        .map(|bin| 10.0_f32.powf(-0.6 * bin as f32 * 0.03125))
        .collect();
    let magnitude: Vec<f32> = power.iter().map(|p| p.sqrt()).collect();
    let slope = Shape::new(257, 31.25).compute(&magnitude, &power)[9];
    assert!((slope + 6.0).abs() < 1e-3, "{slope}");
}

#[test]
fn contrast_bands_above_half_the_rate_do_not_exist() {
    let (valley, peak) = Contrast::new(129, 31.25).valley_and_peak(&[1.0; 129]);
    assert!(valley[..6].iter().all(|&v| v == 1.0) && peak[..6].iter().all(|&p| p == 1.0));
    assert!(valley[6].is_nan() && peak[6].is_nan());
}
