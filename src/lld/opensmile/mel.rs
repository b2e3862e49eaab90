//! Mel bands, and what is made of them: loudness and MFCC (section 5 of the specification of eGeMAPS; 4 and 5 of that of
//! ComParE, which has the precision of each step).
//!
//! Loudness is the mean over the bands of the auditory spectrum of perceptual linear prediction (H.
//! Hermansky 1990, "Perceptual linear predictive (PLP) analysis of speech", Journal of the
//! Acoustical Society of America 87, 1738-1752: equal-loudness curve, cubic root).
//! MFCC are those of HTK (S. Young et al., "The HTK Book", section 5.6), sample scale and liftering
//! included.

use std::f32::consts::PI as PI_32;
use std::f64::consts::PI;

use crate::dsp::lanes::Lanes;
use crate::lld::opensmile::stream::Stream;

/// Bands.
pub const BANDS: usize = 26;
/// Coefficients that are planned: 1 to 14.
pub const COEFFICIENTS: usize = 14;
const HIGHEST_HZ: f64 = 8000.0;
/// The least power of a band, for loudness.
pub const FLOOR: f32 = 9.3e-10;
/// The exponent of loudness: near a cubic root.
pub const EXPONENT: f32 = 0.33;
/// MFCC see samples on the scale of 16 bits, and no power below 1 on it.
const SIXTEEN_BITS_POWER: f32 = 32767.0 * 32767.0;
const LIFTER: f64 = 22.0;

/// HTK's mel scale.
fn mel(hz: f32) -> f32 {
    (1127.0 * (1.0 + f64::from(hz) / 700.0).ln()) as f32
}

/// Planned mel bands, loudness and MFCC.
pub struct Mel {
    /// First of [`bins`](Mel::bins).
    first_bin: usize,
    /// The band that each bin falls into, counted from 0 below the first, and its weight there; the
    /// rest falls into the next.
    bins: Vec<(usize, f32)>,
    /// The equal-loudness curve at the centre of each band.
    pub equal_loudness: [f32; BANDS],
    /// The cosines of each coefficient, and its factor.
    cosines: [([f32; BANDS], f32); COEFFICIENTS],
}

impl Mel {
    /// Plans them for `stream`, with bands from `lowest_hz` on.
    pub fn new(stream: &Stream, lowest_hz: f32) -> Mel {
        let bin_hz = (1.0 / stream.bins_per_hz) as f32;
        // Half the rate, or a little off it where a frame is no whole number of samples long: at 11 025 Hz the program's
        // bands end at 5525 Hz.
        let rate = (stream.transform_length() as f64 / stream.bins_per_hz) as f32;
        let highest_hz = (HIGHEST_HZ as f32).min(rate / 2.0);
        let (low, high) = (mel(lowest_hz), mel(highest_hz));
        let width = (high - low) / (BANDS + 1) as f32;
        let edges: Vec<f32> = (0..BANDS + 2).map(|j| low + j as f32 * width).collect();
        let bin = |hz: f32| (hz / bin_hz).round() as usize;
        let (first_bin, last_bin) = (bin(lowest_hz) + 1, bin(highest_hz));
        let weight = |bin: usize| {
            let at = mel(bin as f32 * bin_hz);
            let band = edges.partition_point(|&edge| edge < at).clamp(1, BANDS + 1) - 1;
            let width = edges[band + 1] - edges[band];
            (band, (edges[band + 1] - at) / width)
        };
        let centre_hz = |band: usize| 700.0 * ((f64::from(edges[band + 1]) / 1127.0).exp() - 1.0);
        let cosines = |i: usize| {
            let phase = |band: usize| PI * i as f64 * (band as f64 + 0.5) / BANDS as f64;
            // The program's pi is of single precision here.
            let lifter = LIFTER / 2.0 * (f64::from(PI_32) * i as f64 / LIFTER).sin();
            let factor = (1.0 + lifter) as f32 * (2.0 / BANDS as f64).sqrt() as f32;
            (std::array::from_fn(|band| phase(band).cos() as f32), factor)
        };
        Mel {
            first_bin,
            bins: (first_bin..last_bin.max(first_bin)).map(weight).collect(),
            equal_loudness: std::array::from_fn(|band| equal_loudness(centre_hz(band)) as f32),
            cosines: std::array::from_fn(|i| cosines(i + 1)),
        }
    }

    /// The sum of `spectrum` in each band.
    #[inline(always)]
    pub fn bands(&self, spectrum: &[Lanes<f32>]) -> [Lanes<f32>; BANDS] {
        // One more on each side, which nobody reads.
        let mut bands = [Lanes::splat(0.0); BANDS + 2];
        for (&(band, weight), &value) in self.bins.iter().zip(&spectrum[self.first_bin..]) {
            let part = value * weight;
            bands[band] += part;
            bands[band + 1] += value - part;
        }
        std::array::from_fn(|band| bands[band + 1])
    }

    /// How loud each band of power is.
    #[inline(always)]
    pub fn auditory(&self, bands: &[Lanes<f32>; BANDS]) -> [Lanes<f32>; BANDS] {
        let mut auditory = *bands;
        for (band, &weight) in auditory.iter_mut().zip(&self.equal_loudness) {
            let weighted = band.max(Lanes::splat(FLOOR)) * weight;
            *band = (weighted.ln() * f64::from(EXPONENT)).exp().to_f32();
        }
        auditory
    }

    /// The first `N` MFCC, from the power in each band.
    #[inline(always)]
    pub fn mfcc<const N: usize>(&self, bands: &[Lanes<f32>; BANDS]) -> [Lanes<f32>; N] {
        self.mfcc_of_levels(&levels(bands, SIXTEEN_BITS_POWER))
    }

    /// The first `N` MFCC, from the level of each band.
    #[inline(always)]
    pub fn mfcc_of_levels<const N: usize>(&self, levels: &[Lanes<f32>; BANDS]) -> [Lanes<f32>; N] {
        let mut mfcc = [Lanes::splat(0.0); N];
        for (mfcc, (cosines, factor)) in mfcc.iter_mut().zip(&self.cosines) {
            for (&level, &cosine) in levels.iter().zip(cosines) {
                *mfcc += level * cosine;
            }
            *mfcc = *mfcc * *factor;
        }
        mfcc
    }
}

/// The natural logarithm of each band times `scale`, and no less than 0.
#[inline(always)]
pub fn levels(bands: &[Lanes<f32>; BANDS], scale: f32) -> [Lanes<f32>; BANDS] {
    bands.map(
        #[inline(always)]
        |band| (band * scale).max(Lanes::splat(1.0)).ln().to_f32(),
    )
}

/// The mean over the bands.
#[inline(always)]
pub fn mean(bands: &[Lanes<f32>; BANDS]) -> Lanes<f32> {
    let mut sum = Lanes::splat(0.0);
    for &band in bands {
        sum += band;
    }
    sum / BANDS as f32
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
    use crate::lld::opensmile::stream::hamming;

    fn planned() -> Mel {
        Mel::new(&Stream::new(16_000, 0.020, hamming), 20.0)
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
        let silence = [Lanes::splat(0.0); BANDS];
        let (loudness, mfcc) = (mean(&mel.auditory(&silence)), mel.mfcc::<14>(&silence));
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
        let mfcc = planned().mfcc::<4>(&bands);
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
