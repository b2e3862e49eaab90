//! The auditory spectrum, band-pass filtered along time (section 4.3 of the specification of ComParE).
//!
//! The idea is that of RASTA (H. Hermansky & N. Morgan 1994, "RASTA processing of speech", IEEE Transactions on Speech and
//! Audio Processing 2, 578-589): what changes slower or faster than speech is taken out of the logarithm of each band. The
//! filter is not that of the paper (its pole is at 1 Hz, its zeros at 0, 29 and 50 Hz), and what comes out is not a
//! logarithm but a loudness again. In the first five frames it is that of silence.
//!
//! All sums are of single precision and in a fixed order: the linear prediction of the contours depends on it (section
//! 14.1).

use crate::dsp::lanes::{LANES, Lanes};
use crate::lld::opensmile::mel::{BANDS, EXPONENT, FLOOR, Mel};
use crate::lld::opensmile::stream::HOP_S;

/// Below this modulation is attenuated; here is the last zero but one.
const POLE_HZ: f64 = 1.0;
const ZERO_HZ: f64 = 29.0;
/// Frames until the filter feeds back, and is heard.
const SETTLING: usize = 5;
/// Bands are filtered side by side: so many [`Lanes`] hold them.
const GROUPS: usize = BANDS.div_ceil(LANES);

type Bands = [Lanes<f32>; GROUPS];

/// The filter of all bands of a recording.
pub struct BandPass {
    /// Of the numerator, which is antisymmetric: `c0 + c1/z - c1/z^3 - c0/z^4`.
    c: [f32; 2],
    /// Where the pole lies.
    pole: f32,
    /// The logarithm of the equal-loudness curve.
    log_weights: Bands,
    states: [Bands; 4],
    /// Frames that were filtered.
    frames: usize,
}

impl BandPass {
    /// Plans the filter for the bands of `mel`.
    pub fn new(mel: &Mel) -> BandPass {
        let angle = |hz: f64| 2.0 * std::f64::consts::PI * hz * HOP_S;
        let zero = angle(ZERO_HZ).cos() as f32;
        let square = f64::from(zero) * f64::from(zero);
        let norm = f64::from((10.0 * (32.0 * square + 8.0)).sqrt() as f32);
        let log_weight = |band: usize| f64::from(mel.equal_loudness[band]).ln() as f32;
        BandPass {
            c: [(2.0 / norm) as f32, (-4.0 * f64::from(zero) / norm) as f32],
            pole: (1.0 - angle(POLE_HZ).sin()) as f32,
            log_weights: grouped(log_weight),
            states: Default::default(),
            frames: 0,
        }
    }

    /// Forgets all frames.
    pub fn reset(&mut self) {
        self.states = Default::default();
        self.frames = 0;
    }

    /// The filtered loudness of the next `n` frames, from the sums in their mel bands.
    #[inline(always)]
    pub fn filter(&mut self, bands: &[Lanes<f32>; BANDS], n: usize) -> [Lanes<f32>; BANDS] {
        let levels = bands.map(
            #[inline(always)]
            |band| band.max(Lanes::splat(FLOOR)).ln().to_f32(),
        );
        let mut filtered = [Lanes::splat(0.0); BANDS];
        for frame in 0..n {
            let loudness = self.step(&grouped(
                #[inline(always)]
                |band| levels[band].0[frame],
            ));
            for (band, filtered) in filtered.iter_mut().enumerate() {
                filtered.0[frame] = loudness[band / LANES].0[band % LANES];
            }
        }
        filtered
    }

    /// The bands of one frame: a filter of transposed direct form II each.
    #[inline(always)]
    fn step(&mut self, levels: &Bands) -> Bands {
        let is_settled = self.frames >= SETTLING;
        self.frames += 1;
        let [c0, c1] = self.c;
        let mut loudness = Bands::default();
        for group in 0..GROUPS {
            let level = levels[group];
            let [s0, s1, s2, s3] = [0, 1, 2, 3].map(|k| self.states[k][group]);
            let y = level * c0 + s0;
            let fed_back = match is_settled {
                true => y * self.pole,
                false => Lanes::splat(0.0),
            };
            self.states[0][group] = level * c1 + s1 + fed_back;
            self.states[1][group] = s2;
            self.states[2][group] = level * -c1 + s3;
            self.states[3][group] = level * -c0;
            let heard = match is_settled {
                true => y,
                false => Lanes::splat(0.0),
            };
            let log = (heard + self.log_weights[group]) * EXPONENT;
            loudness[group] = log.to_f64().exp().to_f32();
        }
        loudness
    }
}

/// A number of each band, side by side.
#[inline(always)]
fn grouped(number: impl Fn(usize) -> f32) -> Bands {
    let mut bands = Bands::default();
    for band in 0..BANDS {
        bands[band / LANES].0[band % LANES] = number(band);
    }
    bands
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::LOWEST_BAND_HZ;
    use crate::lld::opensmile::stream::{Stream, hamming};

    fn planned() -> BandPass {
        let stream = Stream::new(16_000, 0.020, hamming);
        BandPass::new(&Mel::new(&stream, LOWEST_BAND_HZ))
    }

    #[test]
    fn coefficients_are_those_of_the_specification() {
        // Section 15.1.
        let filter = planned();
        for (found, expected) in [
            (filter.c[0], 0.2002094),
            (filter.c[1], 0.0995801),
            (filter.pole, 0.9372095),
        ] {
            assert!((found - expected).abs() < 5e-8, "{found}, not {expected}");
        }
    }

    #[test]
    fn silence_and_the_first_frames_have_the_loudness_of_the_curve() {
        // Section 13.
        let mut filter = planned();
        let silence = [Lanes::splat(0.0); BANDS];
        for _ in 0..40 {
            filter.filter(&silence, LANES);
        }
        let settled = filter.filter(&silence, LANES);
        filter.reset();
        let first = filter.filter(&[Lanes::splat(100.0); BANDS], 5);
        for (band, expected) in [
            (0, 0.1292162),
            (1, 0.2720484),
            (2, 0.4195279),
            (25, 0.5943311),
        ] {
            for found in [settled[band].0[7], first[band].0[0], first[band].0[4]] {
                assert!((found - expected).abs() < 2e-6, "band {band}: {found}");
            }
        }
    }

    #[test]
    fn a_modulation_of_29_hz_is_taken_out_and_one_of_4_hz_is_not() {
        // Bands whose logarithm swings by 1, after a second.
        let swing = |hz: f64| {
            let mut filter = planned();
            let mut heard = (f32::MAX, f32::MIN);
            for batch in 0..40 {
                let level = |lane: usize| {
                    let t = (batch * LANES + lane) as f64 * HOP_S;
                    (2.0 * std::f64::consts::PI * hz * t).sin().exp() as f32
                };
                let loudness = filter.filter(&[Lanes::from_fn(level); BANDS], LANES);
                if batch >= 25 {
                    for x in loudness[12].0 {
                        heard = (heard.0.min(x.ln()), heard.1.max(x.ln()));
                    }
                }
            }
            (heard.1 - heard.0) / (2.0 * EXPONENT)
        };
        assert!(swing(29.0) < 0.01, "{}", swing(29.0));
        assert!(swing(4.0) > 0.8, "{}", swing(4.0));
    }
}
