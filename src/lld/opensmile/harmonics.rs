//! Harmonics and noise of voiced frames (section 9 of the specification): harmonics-to-noise ratio,
//! differences between levels of harmonics, levels of the formants.
//!
//! "H1" here is the harmonic at twice the fundamental frequency and "H2" the one at three times, which deviates from the
//! paper: openSMILE numbers them so.

use crate::dsp::lanes::Lanes;
use crate::dsp::stats::parabola;
use crate::lld::opensmile::formant::{FORMANTS, Formant};
use crate::lld::opensmile::stream::Stream;

/// Harmonics that are looked for.
const HARMONICS: usize = 100;
/// A harmonic belongs to a formant between these shares of its frequency.
const NEAR_FORMANT: (f32, f32) = (0.8, 1.2);
/// The level, in dB, of what does not exist: a formant in an unvoiced frame, a harmonic that was not found.
pub const NOTHING_DB: f32 = -201.0;
/// The lowest level of a harmonic, in dB.
const LOWEST_DB: f64 = -200.0;
/// Bounds of the ratio of harmonics to noise: -90 and 110 dB.
const HNR_BOUNDS: (f64, f64) = (1e-9, 1e11);

/// Measures of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Harmonics {
    /// Harmonics-to-noise ratio in dB.
    pub hnr_db: f32,
    /// Level of the harmonic at 2 F0 over that at 3 F0, in dB.
    pub h1_h2_db: f32,
    /// Level of the harmonic at 2 F0 over that of the third formant, in dB.
    pub h1_a3_db: f32,
    /// Level of each formant over that of the fundamental, in dB.
    pub amplitudes_db: [f32; FORMANTS],
}

impl Harmonics {
    /// The values of unvoiced frames.
    pub const NONE: Harmonics = Harmonics {
        hnr_db: 0.0,
        h1_h2_db: 0.0,
        h1_a3_db: 0.0,
        amplitudes_db: [NOTHING_DB; FORMANTS],
    };

    /// Measures a voiced frame: `magnitude` and `autocorrelation` (of [`autocorrelations`]) are those
    /// of the 60 ms stream, whose bins lie `1 / bins_per_hz` apart.
    pub fn measure(
        magnitude: &[f32],
        autocorrelation: &[f32],
        bins_per_hz: f64,
        f0_hz: f32,
        formants: &[Formant; FORMANTS],
    ) -> Harmonics {
        let table = Table::new(magnitude, bins_per_hz, f0_hz);
        let nearest = formants.map(|(hz, _)| table.strongest_near(hz));
        let level_db = |index: usize| table.level_db(index);
        let difference = |from: f32, to: f32| (from - to).clamp(NOTHING_DB, -NOTHING_DB);
        Harmonics {
            hnr_db: hnr_db(autocorrelation, magnitude.len() - 1, bins_per_hz, f0_hz),
            h1_h2_db: difference(level_db(1), level_db(2)),
            h1_a3_db: match nearest[2] {
                Some(index) => difference(level_db(1), level_db(index)),
                None => difference(level_db(1), -NOTHING_DB),
            },
            amplitudes_db: nearest.map(|index| index.map_or(0.0, level_db)),
        }
    }
}

/// The autocorrelation of eight frames, from their power spectra: at each lag up to half the length of
/// the transform, without its sign.
#[inline(always)]
pub fn autocorrelations(stream: &mut Stream, power: &[Lanes<f32>], out: &mut [Lanes<f32>]) {
    let lags = power.len();
    stream.inverse(
        power,
        #[inline(always)]
        |lag, x| {
            if lag < lags {
                out[lag] = x.map(f32::abs) / lags as f32;
            }
        },
    );
}

/// Harmonics-to-noise ratio: the autocorrelation at the period, or at its local maximum nearest to
/// it, against what is missing from that of lag 0.
fn hnr_db(autocorrelation: &[f32], half: usize, bins_per_hz: f64, f0_hz: f32) -> f32 {
    let acf = autocorrelation;
    let period = (2.0 * (half as f64 / bins_per_hz) / f64::from(f0_hz)).floor() as usize;
    let is_peak =
        |lag: usize| lag > 0 && lag < half && acf[lag] > acf[lag - 1] && acf[lag] > acf[lag + 1];
    let outward = (0..half).flat_map(|o| [period.checked_sub(o), Some(period + o)]);
    let Some(lag) = outward.flatten().find(|&lag| is_peak(lag)) else {
        return 0.0;
    };
    let noise = acf[0] - acf[lag];
    let (lowest, highest) = HNR_BOUNDS;
    let ratio = match noise {
        0.0 => highest,
        noise => (f64::from(acf[lag]) / f64::from(noise)).clamp(lowest, highest),
    };
    (10.0 * ratio.log10()) as f32
}

/// A harmonic: the maximum of the spectrum nearest to where it is expected.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Harmonic {
    /// Its bin, or the one where it was expected.
    bin: usize,
    /// Magnitude of that bin; 0 where there is no harmonic.
    magnitude: f32,
    /// Falls together with the harmonic before.
    is_double: bool,
}

/// The harmonics of a frame, from the fundamental on.
struct Table<'a> {
    magnitude: &'a [f32],
    bins_per_hz: f64,
    harmonics: [Harmonic; HARMONICS],
}

impl Table<'_> {
    fn new(magnitude: &[f32], bins_per_hz: f64, f0_hz: f32) -> Table<'_> {
        let last = magnitude.len() - 1;
        let bin = |multiple: f32| {
            let place = f64::from(multiple * f0_hz) * bins_per_hz;
            // Frequencies at or above the last bin have none.
            if place >= last as f64 {
                0
            } else {
                (place + 0.5) as usize
            }
        };
        let first = bin(0.5);
        let nothing = Harmonic {
            is_double: true,
            ..Harmonic::default()
        };
        let mut harmonics = [nothing; HARMONICS];
        for i in 0..HARMONICS {
            let n = i as f32;
            let expected = bin(n + 1.0);
            let mut harmonic = Harmonic {
                bin: expected,
                ..Harmonic::default()
            };
            if let Some(peak) = nearest_peak(magnitude, expected, bin(n + 0.5), bin(n + 1.5))
                && (first..last).contains(&peak)
            {
                harmonic = Harmonic {
                    bin: peak,
                    magnitude: magnitude[peak],
                    is_double: false,
                };
            }
            // Held against the entry before as it is now: of three alike only the second goes.
            if i > 0 && harmonic.bin == harmonics[i - 1].bin {
                harmonic = nothing;
            }
            harmonics[i] = harmonic;
            if expected == 0 {
                // At or above the last bin, as all that follow are: doubles of this one.
                break;
            }
        }
        Table {
            magnitude,
            bins_per_hz,
            harmonics,
        }
    }

    /// Frequency in Hz and magnitude of the vertex of a harmonic.
    fn vertex(&self, harmonic: Harmonic) -> (f32, f32) {
        vertex(self.magnitude, harmonic.bin, self.bins_per_hz)
    }

    /// The strongest harmonic near a formant.
    fn strongest_near(&self, formant_hz: f32) -> Option<usize> {
        let (low, high) = (NEAR_FORMANT.0 * formant_hz, NEAR_FORMANT.1 * formant_hz);
        // A vertex lies within half a bin of its maximum: others need not be looked for.
        let bin = |hz: f32| f64::from(hz) * self.bins_per_hz;
        let bins = (bin(low) - 1.0).max(0.0) as usize..=(bin(high) + 1.0) as usize;
        let mut strongest = None;
        let mut most = 0.0;
        for (index, &harmonic) in self.harmonics.iter().enumerate() {
            if harmonic.magnitude > most
                && bins.contains(&harmonic.bin)
                && (low..=high).contains(&self.vertex(harmonic).0)
            {
                (strongest, most) = (Some(index), harmonic.magnitude);
            }
        }
        strongest
    }

    /// Level over that of the fundamental, in dB. The fundamental counts by its bin, the others by
    /// their vertices.
    fn level_db(&self, index: usize) -> f32 {
        let (fundamental, harmonic) = (self.harmonics[0], self.harmonics[index]);
        if index == 0 {
            return 0.0;
        }
        if fundamental.magnitude == 0.0 || harmonic.is_double {
            return NOTHING_DB;
        }
        let magnitude = match harmonic.magnitude {
            0.0 => 0.0,
            _ => self.vertex(harmonic).1,
        };
        if magnitude <= 0.0 {
            return LOWEST_DB as f32;
        }
        let reference = f64::from(fundamental.magnitude).log10() as f32;
        let level = 20.0 * (f64::from(magnitude).log10() - f64::from(reference));
        level.max(LOWEST_DB) as f32
    }
}

/// The maximum of `magnitude` nearest to bin `expected`, upward first, between `low` and `high`.
fn nearest_peak(magnitude: &[f32], expected: usize, low: usize, high: usize) -> Option<usize> {
    let last = magnitude.len() - 1;
    // An end is held against its one neighbour.
    let is_peak = |k: usize| {
        (k == 0 || magnitude[k] > magnitude[k - 1])
            && (k == last || magnitude[k] > magnitude[k + 1])
    };
    if is_peak(expected) {
        return Some(expected);
    }
    let reach = (high.saturating_sub(expected)).max(expected.saturating_sub(low));
    (1..=reach).find_map(|offset| {
        let above = Some(expected + offset).filter(|&k| k <= high && k <= last && is_peak(k));
        let below = || {
            expected
                .checked_sub(offset)
                .filter(|&k| k >= low && is_peak(k))
        };
        above.or_else(below)
    })
}

/// Frequency in Hz and magnitude of the vertex of the parabola through bin `peak` and its neighbours.
fn vertex(magnitude: &[f32], peak: usize, bins_per_hz: f64) -> (f32, f32) {
    let Some(before) = peak.checked_sub(1) else {
        return (0.0, magnitude[0]);
    };
    let at = |k: usize| (k as f64 / bins_per_hz, f64::from(magnitude[k]));
    let (hz, magnitude) = parabola(at(before), at(peak), at(peak + 1));
    (hz as f32, magnitude as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::stream::gauss;

    /// At 16 kHz.
    const BINS_PER_HZ: f64 = 0.064;

    /// A spectrum with harmonics of 250 Hz, which lie at bins 16, 32, ..., of these magnitudes, and a
    /// slope of hardly anything between them.
    fn spectrum(harmonics: &[f32]) -> Vec<f32> {
        let mut magnitude: Vec<f32> = (0..513).map(|k| 1e-6 * (1000 - k) as f32).collect();
        for (n, harmonic) in harmonics.iter().enumerate() {
            magnitude[16 * (n + 1)] = *harmonic;
        }
        magnitude
    }

    #[test]
    fn levels_are_those_of_the_harmonics_at_2_and_3_times_the_fundamental() {
        let magnitude = spectrum(&[
            1.0, 0.1, 0.01, 1.0, 0.001, 0.0005, 0.0005, 0.1, 0.0005, 10.0,
        ]);
        let formants = [(1000.0, 0.0), (2000.0, 0.0), (2500.0, 0.0)];
        let acf = vec![1.0; 513];
        let found = Harmonics::measure(&magnitude, &acf, BINS_PER_HZ, 250.0, &formants);
        // -20 dB less -40 dB. A vertex is a little higher than its bin.
        assert!((found.h1_h2_db - 20.0).abs() < 0.1, "{found:?}");
        // The strongest harmonic within 20 %: that of 1000 Hz at 0 dB; for 2000 Hz that at -20 dB; for
        // 2500 Hz that at 20 dB.
        for (found, expected) in found.amplitudes_db.iter().zip([0.0, -20.0, 20.0]) {
            assert!((found - expected).abs() < 0.1, "{found} for {expected}");
        }
        assert!((found.h1_a3_db + 40.0).abs() < 0.1, "{found:?}");
        // No local maximum in the autocorrelation.
        assert_eq!(found.hnr_db, 0.0);
    }

    #[test]
    fn a_formant_without_a_harmonic_has_amplitude_0_and_the_lowest_difference() {
        let magnitude = spectrum(&[1.0, 0.1, 0.01]);
        let formants = [(250.0, 0.0), (0.0, 0.0), (5000.0, 0.0)];
        let found = Harmonics::measure(&magnitude, &[1.0; 513], BINS_PER_HZ, 250.0, &formants);
        assert_eq!(found.amplitudes_db[1..], [0.0, 0.0]);
        assert_eq!(found.h1_a3_db, -201.0);
    }

    #[test]
    fn the_ratio_of_harmonics_to_noise_is_read_at_the_maximum_nearest_to_the_period() {
        let mut acf = vec![0.0; 513];
        acf[0] = 1.0;
        // 250 Hz: lag 64; the maximum lies two lags above.
        acf[66] = 0.9;
        acf[30] = 0.95;
        let found = hnr_db(&acf, 512, BINS_PER_HZ, 250.0);
        assert!((found - 10.0 * 9.0_f32.log10()).abs() < 1e-4, "{found}");
        acf[66] = 1.0;
        assert_eq!(hnr_db(&acf, 512, BINS_PER_HZ, 250.0), 110.0);
    }

    #[test]
    fn the_autocorrelation_of_a_line_is_a_cosine_without_sign() {
        let mut stream = Stream::new(16_000, 0.060, gauss);
        let mut power = vec![Lanes::splat(0.0); 513];
        power[8] = Lanes::splat(513.0);
        let mut acf = vec![Lanes::splat(0.0); 513];
        autocorrelations(&mut stream, &power, &mut acf);
        for (lag, found) in acf.iter().enumerate() {
            let expected = (2.0 * std::f64::consts::PI * 8.0 * lag as f64 / 1024.0)
                .cos()
                .abs();
            assert!((f64::from(found.0[6]) - expected).abs() < 1e-5, "lag {lag}");
        }
    }

    #[test]
    fn of_equal_positions_the_second_is_no_harmonic() {
        // One maximum at bin 24, half way between the places of the first two harmonics: both find it.
        let mut magnitude = spectrum(&[]);
        magnitude[24] = 1.0;
        let table = Table::new(&magnitude, BINS_PER_HZ, 250.0);
        assert_eq!(
            (table.harmonics[0].bin, table.harmonics[0].magnitude),
            (24, 1.0)
        );
        assert!(table.harmonics[1].is_double);
        assert_eq!((table.harmonics[1].bin, table.level_db(1)), (0, NOTHING_DB));
    }
}
