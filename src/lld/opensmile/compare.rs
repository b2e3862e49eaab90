//! The descriptors of ComParE_2016, the set of the challenges of the field (B. Schuller et al. 2016, "The INTERSPEECH 2016
//! computational paralinguistics challenge: deception, sincerity & native language", Interspeech, 2001-2005; F. Weninger et
//! al. 2013, "On the acoustics of emotion in audio", Frontiers in Psychology 4, 292, has its descriptors).
//!
//! Pitch and voice are those of the frames of 60 ms, all else, but for the zero crossings, that of the frames of 20 ms.

use std::ops::RangeInclusive;

use crate::catalogue::gemaps::Processing;
use crate::dsp::lanes::Lanes;

use super::band_pass::BandPass;
use super::f0::{CANDIDATES, Candidate};
use super::mel::{self, BANDS, COEFFICIENTS, Mel};
use super::perturbation::{self, Rules};
use super::spectral::{SHAPES, Shape};
use super::stream::Stream;
use super::zero_crossings::ZeroCrossings;
use super::{Frames, SILENCE, path};

/// Contours of pitch: F0 in Hz, voicing.
pub const PITCH: usize = 2;
/// Contours of the voice: jitter, its second difference, shimmer, ratio of harmonics to noise.
pub const VOICE: usize = 4;
/// Contours of level: loudness, filtered loudness, root mean square, zero crossing rate.
pub const LEVEL: usize = 4;
/// Contours of the spectrum: filtered loudness of each band, its shape, MFCC.
pub const SPECTRUM: usize = BANDS + SHAPES + COEFFICIENTS;
/// Candidates of the pitch lie between these.
pub const F0_HZ: RangeInclusive<f32> = 52.0..=620.0;
/// Frames whose pitch may be undecided at once.
pub const UNDECIDED: usize = 30;
/// How periods are measured.
pub const RULES: Rules = Rules {
    search: [0.75, 1.25],
    has_noise: true,
    processing: Processing::B,
};

/// The contours of one recording, not smoothed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    /// F0 in Hz, 0 where unvoiced, and voicing: a value per frame of 60 ms.
    pub pitch: [Vec<f32>; PITCH],
    /// Jitter, its second difference, shimmer, HNR: a value per frame of 60 ms.
    pub voice: [Vec<f32>; VOICE],
    /// Loudness, filtered loudness, root mean square: a value per frame of 20 ms. Zero crossing rate: one per frame of 60
    /// ms.
    pub level: [Vec<f32>; LEVEL],
    /// Filtered loudness of each band, shape of the spectrum, MFCC: a value per frame of 20 ms.
    pub spectrum: [Vec<f32>; SPECTRUM],
    /// Frames of 60 ms whose pitch was decided before the end was known.
    pub decided: usize,
    /// Seconds from one frame to the next.
    pub hop_s: f64,
    /// Length of the recording in seconds.
    pub duration_s: f64,
}

/// What only this set needs, planned for one sample rate.
pub struct Parts {
    band_pass: BandPass,
    shape: Shape,
}

/// The frames of a recording that have been computed so far.
pub struct Collected {
    level: [Vec<f32>; 3],
    spectrum: [Vec<f32>; SPECTRUM],
    /// Candidates of the pitch of each frame of 60 ms.
    pub candidates: Vec<[Candidate; CANDIDATES]>,
}

impl Parts {
    /// Plans them for the stream of 20 ms.
    pub fn new(short: &Stream, mel: &Mel) -> Parts {
        Parts {
            band_pass: BandPass::new(mel),
            shape: Shape::new(short),
        }
    }

    /// Room for the frames of a recording: so many of 20 and of 60 ms.
    pub fn begin(&mut self, n_short: usize, n_long: usize) -> Collected {
        self.band_pass.reset();
        self.shape.reset();
        Collected {
            level: std::array::from_fn(|_| Vec::with_capacity(n_short)),
            spectrum: std::array::from_fn(|_| Vec::with_capacity(n_short)),
            candidates: Vec::with_capacity(n_long),
        }
    }

    /// Adds the frames of 20 ms that were transformed last: `rms` has a value for each.
    #[inline(always)]
    pub fn short_frames(
        &mut self,
        frames: &Frames,
        bands: &[Lanes<f32>; BANDS],
        loudness: Lanes<f32>,
        rms: &[f32],
        to: &mut Collected,
    ) {
        let n = rms.len();
        let filtered = self.band_pass.filter(bands, n);
        to.level[0].extend(&loudness.0[..n]);
        to.level[1].extend(&mel::mean(&filtered).0[..n]);
        to.level[2].extend(rms);
        let shape = self.shape.compute(&frames.short.magnitude, &frames.power);
        let mfcc = frames.mel.mfcc::<COEFFICIENTS>(bands);
        let values = filtered.iter().chain(&shape).chain(&mfcc);
        for (contour, values) in to.spectrum.iter_mut().zip(values) {
            contour.extend(&values.0[..n]);
        }
    }

    /// The contours, once all frames have been added.
    pub fn finish(
        &mut self,
        frames: &Frames,
        samples: &[f32],
        rms: &[f32],
        collected: Collected,
    ) -> Contours {
        let Collected {
            level: [loudness, filtered, energy],
            spectrum,
            candidates,
        } = collected;
        let path = path::cheapest(&candidates, UNDECIDED);
        let of_frame =
            |((&state, candidates), &rms): ((&usize, &[Candidate; CANDIDATES]), &f32)| {
                // Frames without a voice have the voicing of the first candidate, but for silent ones.
                let found = candidates.get(state);
                match rms > SILENCE {
                    true => (
                        found.map_or(0.0, |found| found.f0_hz),
                        found.unwrap_or(&candidates[0]).voicing,
                    ),
                    false => (0.0, 0.0),
                }
            };
        let frames_of_60_ms = path.states.iter().zip(&candidates).zip(rms);
        let (f0_hz, voicing): (Vec<f32>, Vec<f32>) = frames_of_60_ms.map(of_frame).unzip();
        let voices = perturbation::voices(samples, frames.sample_rate, &frames.long, &f0_hz, RULES);
        let crossings = ZeroCrossings::new(samples);
        let rate = |frame: usize| crossings.rate(frame * frames.long.hop, frames.long.width);
        Contours {
            level: [
                loudness,
                filtered,
                energy,
                (0..f0_hz.len()).map(rate).collect(),
            ],
            pitch: [f0_hz, voicing],
            voice: [
                voices.iter().map(|voice| voice.jitter).collect(),
                voices.iter().map(|voice| voice.jitter_ddp).collect(),
                voices.iter().map(|voice| voice.shimmer).collect(),
                voices.iter().map(|voice| voice.hnr_db).collect(),
            ],
            spectrum,
            decided: path.decided,
            hop_s: frames.short.hop as f64 / f64::from(frames.sample_rate),
            duration_s: samples.len() as f64 / f64::from(frames.sample_rate),
        }
    }
}
