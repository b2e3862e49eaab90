//! Mel bands, and what is made of them: loudness and MFCC 1 to 4 (section 5 of the specification).
//!
//! Loudness is the mean over the bands of the auditory spectrum of perceptual linear prediction (H.
//! Hermansky 1990, "Perceptual linear predictive (PLP) analysis of speech", Journal of the
//! Acoustical Society of America 87, 1738-1752: equal-loudness curve, cubic root).
//! MFCC are those of HTK (S. Young et al., "The HTK Book", section 5.6), sample scale and liftering
//! included.

use std::f64::consts::PI;

use crate::dsp::lanes::Lanes;
use crate::lld::egemaps::stream::Stream;

/// Bands.
const BANDS: usize = 26;
/// Coefficients: 1 to 4.
pub const COEFFICIENTS: usize = 4;
const LOWEST_HZ: f64 = 20.0;
const HIGHEST_HZ: f64 = 8000.0;
/// The least power of a band, for loudness.
const FLOOR: f32 = 9.3e-10;
/// The exponent of loudness: near a cubic root.
const EXPONENT: f32 = 0.33;
/// MFCC see samples on the scale of 16 bits, and no power below 1 on it.
const SIXTEEN_BITS_POWER: f32 = 32767.0 * 32767.0;
const LIFTER: f64 = 22.0;

/// HTK's mel scale.
fn mel(hz: f64) -> f64 {
    1127.0 * (1.0 + hz / 700.0).ln()
}

/// Planned mel bands, loudness and MFCC.
pub struct Mel {
    /// First of [`bins`](Mel::bins).
    first_bin: usize,
    /// The band that each bin falls into, counted from 0 below the first, and its weight there; the
    /// rest falls into the next.
    bins: Vec<(usize, f32)>,
    /// The equal-loudness curve at the centre of each band.
    equal_loudness: [f32; BANDS],
    /// The cosines, scaled and liftered, of each coefficient.
    cosines: [[f64; BANDS]; COEFFICIENTS],
}

impl Mel {
    /// Plans them for `stream`.
    pub fn new(stream: &Stream) -> Mel {
        let per_hz = stream.bins_per_hz;
        // The last bin lies at half the rate, or a little off it where a frame is no whole number of
        // samples long: at 11 025 Hz the program's bands end at 5525 Hz.
        let last_bin_hz = (stream.magnitude.len() - 1) as f64 / per_hz;
        let highest_hz = HIGHEST_HZ.min(last_bin_hz);
        let (low, high) = (mel(LOWEST_HZ), mel(highest_hz));
        let edge = |j: usize| (low + j as f64 * (high - low) / (BANDS + 1) as f64) as f32;
        let edges: Vec<f64> = (0..BANDS + 2).map(|j| f64::from(edge(j))).collect();
        let first_bin = (LOWEST_HZ * per_hz).round() as usize + 1;
        let last_bin = (highest_hz * per_hz).round() as usize;
        let weight = |bin: usize| {
            let at = mel(bin as f64 / per_hz);
            let band = edges.partition_point(|&edge| edge < at).clamp(1, BANDS + 1) - 1;
            let width = edges[band + 1] - edges[band];
            (band, ((edges[band + 1] - at) / width) as f32)
        };
        let centre_hz = |band: usize| 700.0 * ((edges[band + 1] / 1127.0).exp() - 1.0);
        let cosine = |i: usize, band: usize| {
            let lifter = 1.0 + LIFTER / 2.0 * (PI * i as f64 / LIFTER).sin();
            let phase = PI * i as f64 * (band as f64 + 0.5) / BANDS as f64;
            (2.0 / BANDS as f64).sqrt() * lifter * phase.cos()
        };
        Mel {
            first_bin,
            bins: (first_bin..last_bin.max(first_bin)).map(weight).collect(),
            equal_loudness: std::array::from_fn(|band| equal_loudness(centre_hz(band)) as f32),
            cosines: std::array::from_fn(|i| std::array::from_fn(|band| cosine(i + 1, band))),
        }
    }

    /// Power in each band.
    #[inline(always)]
    pub fn bands(&self, power: &[Lanes<f32>]) -> [Lanes<f32>; BANDS] {
        // One more on each side, which nobody reads.
        let mut bands = [Lanes::splat(0.0); BANDS + 2];
        for (&(band, weight), &power) in self.bins.iter().zip(&power[self.first_bin..]) {
            let part = power * weight;
            bands[band] += part;
            bands[band + 1] += power - part;
        }
        std::array::from_fn(|band| bands[band + 1])
    }

    /// Loudness and MFCC 1 to 4 of the power in each band.
    #[inline(always)]
    pub fn loudness_and_mfcc(
        &self,
        bands: &[Lanes<f32>; BANDS],
    ) -> (Lanes<f32>, [Lanes<f32>; COEFFICIENTS]) {
        let mut loudness = Lanes::splat(0.0);
        let mut mfcc = [Lanes::splat(0.0); COEFFICIENTS];
        for (band, (&power, &weight)) in bands.iter().zip(&self.equal_loudness).enumerate() {
            let weighted = power.max(Lanes::splat(FLOOR)) * weight;
            loudness += (weighted.ln() * f64::from(EXPONENT)).exp().to_f32();
            let level = (power * SIXTEEN_BITS_POWER).max(Lanes::splat(1.0)).ln();
            for (mfcc, cosines) in mfcc.iter_mut().zip(&self.cosines) {
                *mfcc += level * cosines[band];
            }
        }
        (
            loudness * (1.0 / BANDS as f32),
            mfcc.map(Lanes::<f64>::to_f32),
        )
    }
}

/// The equal-loudness curve of Hermansky 1990, equation 5, with the fourth term that he adds for
/// sound above 5 kHz. Its exponent is 7 where a power of 6 would be expected: so the program has it.
fn equal_loudness(hz: f64) -> f64 {
    let w = 2.0 * PI * hz;
    let w2 = w * w;
    let below = (w2 + 6.3e6).powi(2) * (w2 + 0.38e9) * (w.powi(7) + 1.7e31);
    1e32 * w2 * w2 * (w2 + 56.8e6) / below
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::egemaps::stream::hamming;

    fn planned() -> Mel {
        Mel::new(&Stream::new(16_000, 0.020, hamming))
    }

    #[test]
    fn the_equal_loudness_curve_has_the_values_of_the_specification() {
        let found = planned().equal_loudness;
        for (band, expected) in [
            (1, 0.0020278),
            (2, 0.0193556),
            (3, 0.0719203),
            (13, 1.8138347),
            (25, 0.3921603),
            (26, 0.2066511),
        ] {
            let found = found[band - 1];
            assert!(
                (found / expected - 1.0).abs() < 1e-4,
                "band {band}: {found}"
            );
        }
    }

    #[test]
    fn every_bin_is_shared_between_two_bands_and_none_is_lost() {
        let mel = planned();
        // A flat spectrum: what the bands hold, and what falls outside of the first and last
        // centre, is all of it.
        let bands: f32 = mel
            .bands(&[Lanes::splat(1.0); 257])
            .iter()
            .map(|b| b.0[0])
            .sum();
        let outside: f32 = mel
            .bins
            .iter()
            .map(|&(band, weight)| match band {
                0 => weight,
                BANDS => 1.0 - weight,
                _ => 0.0,
            })
            .sum();
        assert!((bands + outside - mel.bins.len() as f32).abs() < 1e-3);
        // Bins 2 to 255: 62.5 Hz is the first above 20 Hz rounded up, 7968.75 the last below 8 kHz.
        assert_eq!((mel.first_bin, mel.bins.len()), (2, 254));
    }

    #[test]
    fn silence_has_the_loudness_of_the_floor_and_no_cepstrum() {
        let mel = planned();
        let (loudness, mfcc) = mel.loudness_and_mfcc(&[Lanes::splat(0.0); BANDS]);
        // Section 14: 0.00103397 for digital silence.
        assert!((loudness.0[0] - 0.00103397).abs() < 1e-8, "{loudness:?}");
        assert!(mfcc.iter().all(|m| m.0.iter().all(|&x| x.abs() < 1e-6)));
    }

    #[test]
    fn a_cosine_over_the_bands_is_one_coefficient() {
        // Log power cos(2 pi (b - 1/2) / 26) has DCT coefficient 2 alone: sqrt(2/26) 13 times
        // the lifter 1 + 11 sin(pi 2 / 22).
        let bands = std::array::from_fn(|band| {
            let level = (PI * 2.0 * (band as f64 + 0.5) / 26.0).cos() + 3.0;
            Lanes::splat((level.exp() / f64::from(SIXTEEN_BITS_POWER)) as f32)
        });
        let (_, mfcc) = planned().loudness_and_mfcc(&bands);
        let expected = (2.0_f64 / 26.0).sqrt() * 13.0 * (1.0 + 11.0 * (PI / 11.0).sin());
        for (i, expected) in [0.0, expected, 0.0, 0.0].into_iter().enumerate() {
            assert!(
                (f64::from(mfcc[i].0[5]) - expected).abs() < 1e-4,
                "{i}: {:?}",
                mfcc[i]
            );
        }
    }
}
