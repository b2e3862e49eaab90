//! The low-level descriptors of openSMILE's sets, as openSMILE 3 computes them.
//!
//! Papers give names and ideas, openSMILE the numbers that everybody uses. These modules follow functional specifications
//! of the program's behaviour, which lie in `specifications/`; where the program departs from a paper, so do they, and say
//! so. Section numbers are those of the specification of the set; what sets share is in that of eGeMAPSv02.
//!
//! Two streams of frames run over the recording, both with a frame every 10 ms, neither centred: 20 ms
//! under a Hamming window and 60 ms under a Gaussian one. Eight frames are computed side by side ([`Lanes`]). What several
//! sets need of a frame is computed once ([`Plan`]).

pub mod balance;
pub mod band;
pub mod band_pass;
pub mod cepstral_pitch;
pub mod compare;
pub mod correlation;
pub mod course;
pub mod egemaps;
pub mod emobase;
#[cfg(test)]
pub(crate) mod example;
pub mod f0;
pub mod formant;
pub mod harmonics;
pub mod lsf;
pub mod mel;
pub mod path;
pub mod perturbation;
pub mod rows;
pub mod smooth;
pub mod spectral;
pub mod stream;
pub mod zero_crossings;

use crate::catalogue::gemaps::Processing;
use crate::dsp::lanes::{LANES, Lanes, vectorised};

use f0::Summation;
use mel::Mel;
use stream::{Hops, Stream};

/// Frames whose root mean square under the Gaussian window is not above this are unvoiced.
const SILENCE: f32 = 0.001;
/// Full scale of 16 bits: samples are `s / 32767`.
const FULL_SCALE: f32 = 32767.0;
/// The lowest band of the sets with frames of 20 ms begins here.
pub const LOWEST_BAND_HZ: f32 = 20.0;

/// Whose contours somebody needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Those of eGeMAPS.
    pub egemaps: bool,
    /// Those of ComParE.
    pub compare: bool,
    /// Those of emobase.
    pub emobase: bool,
    /// Those of IS09.
    pub is09: bool,
}

impl Wanted {
    /// Nobody's.
    pub const NOTHING: Wanted = Wanted {
        egemaps: false,
        compare: false,
        emobase: false,
        is09: false,
    };

    /// What either needs.
    pub fn and(self, other: Wanted) -> Wanted {
        Wanted {
            egemaps: self.egemaps || other.egemaps,
            compare: self.compare || other.compare,
            emobase: self.emobase || other.emobase,
            is09: self.is09 || other.is09,
        }
    }
}

/// The contours of one recording that somebody needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Analysis {
    /// Those of eGeMAPS.
    pub egemaps: Option<egemaps::Contours>,
    /// Those of ComParE.
    pub compare: Option<compare::Contours>,
}

/// What the sets whose frames are 20 and 60 ms long are made of, planned for one sample rate.
pub struct Plan {
    frames: Frames,
    egemaps: egemaps::Parts,
    compare: compare::Parts,
}

/// The frames of both streams, eight at a time, and what several sets make of them.
pub struct Frames {
    sample_rate: u32,
    short: Stream,
    long: Stream,
    mel: Mel,
    summation: Summation,
    /// The samples of eight frames.
    hops: Hops,
    /// Of the frames of 20 ms that were transformed last.
    power: Vec<Lanes<f32>>,
}

impl Plan {
    /// Plans the descriptors at `sample_rate` Hz: 1 kHz or more, as recordings have.
    pub fn new(sample_rate: u32, processing: Processing) -> Plan {
        let mut short = Stream::new(sample_rate, 0.020, stream::hamming);
        let mut long = Stream::new(sample_rate, 0.060, stream::gauss);
        if processing == Processing::A {
            // Section 3.1 of the specification of the family.
            (short, long) = (short.zeros_behind(), long.zeros_behind());
        }
        let mel = Mel::new(&short, LOWEST_BAND_HZ);
        Plan {
            egemaps: egemaps::Parts::new(sample_rate, &short, &long, processing),
            compare: compare::Parts::new(&short, &mel),
            frames: Frames {
                sample_rate,
                mel,
                summation: Summation::new(&long),
                power: Vec::new(),
                hops: Hops::new(short.hop),
                short,
                long,
            },
        }
    }

    /// The contours of `samples` (-1 to 1), which are brought to 16 bits first.
    pub fn analyse(&mut self, samples: &[f32], wanted: Wanted) -> Analysis {
        let samples = in_16_bits(samples);
        let Plan {
            frames,
            egemaps,
            compare,
        } = self;
        let (n_short, n_long) = (
            frames.short.frames(samples.len()),
            frames.long.frames(samples.len()),
        );
        let mut of_egemaps = wanted.egemaps.then(|| egemaps.begin(n_short, n_long));
        let mut of_compare = wanted.compare.then(|| compare.begin(n_short, n_long));
        let mut rms: Vec<f32> = Vec::with_capacity(n_long);
        vectorised(
            #[inline(always)]
            || {
                for first in (0..n_short).step_by(LANES) {
                    let in_short = n_short.min(first + LANES) - first;
                    let in_long = n_long.saturating_sub(first).min(LANES);
                    frames.hops.fill(&samples, first);
                    frames.short.load_in_sequence(&frames.hops);
                    frames.short.transform_to_spectrum();
                    powers(&frames.short.magnitude, &mut frames.power);
                    let bands = frames.mel.bands(&frames.power);
                    let loudness = mel::mean(&frames.mel.auditory(&bands));
                    let (hop, width) = (frames.short.hop, frames.short.width);
                    let energy = (first..first + in_short)
                        .map(|frame| mean_square(&samples[frame * hop..][..width]));
                    if let Some(to) = &mut of_compare {
                        let rms: Vec<f32> = energy.clone().map(|e| e.sqrt() as f32).collect();
                        compare.short_frames(frames, &bands, loudness, &rms, to);
                    }
                    if let Some(to) = &mut of_egemaps {
                        to.energy.extend(energy.map(|energy| energy as f32));
                        let mfcc = frames.mel.mfcc(&bands);
                        egemaps.short_frames(frames, loudness, mfcc, in_short, to);
                    }
                    if in_long == 0 {
                        continue;
                    }
                    frames.long.load_in_sequence(&frames.hops);
                    rms.extend(&frames.long.rms().0[..in_long]);
                    frames.long.transform();
                    frames.summation.sum(&frames.long.magnitude);
                    if let Some(to) = &mut of_egemaps {
                        let found = frames.summation.candidates(egemaps::F0_HZ);
                        egemaps.long_frames(frames, &found[..in_long], &rms, to);
                    }
                    if let Some(to) = &mut of_compare {
                        let found = frames.summation.candidates(compare::F0_HZ);
                        to.candidates.extend(&found[..in_long]);
                    }
                }
            },
        );
        Analysis {
            compare: of_compare.map(|collected| compare.finish(frames, &samples, &rms, collected)),
            egemaps: of_egemaps.map(|collected| egemaps.finish(frames, &samples, &rms, collected)),
        }
    }
}

/// `samples` (-1 to 1) as 16 bits hold them, over 32767.
fn in_16_bits(samples: &[f32]) -> Vec<f32> {
    let samples = samples.iter();
    vectorised(
        #[inline(always)]
        || samples.map(|&x| sixteen_bits(x) / FULL_SCALE).collect(),
    )
}

/// A sample as 16 bits hold it, cut off towards 0 as opensmile-python cuts it; what is beyond full
/// scale is clipped. (opensmile-python lets it wrap around.) What is no number is 0.
#[inline(always)]
fn sixteen_bits(x: f32) -> f32 {
    let x = if x.is_nan() { 0.0 } else { x * 32768.0 };
    // There is one zero among whole numbers: the sum leaves no -0.
    x.clamp(-32768.0, 32767.0).trunc() + 0.0
}

/// The mean square of a frame without a window; the squares are of single precision.
#[inline(always)]
fn mean_square(frame: &[f32]) -> f64 {
    let (lanes, rest) = frame.as_chunks::<LANES>();
    let mut sum = Lanes::splat(0.0);
    for &x in lanes {
        sum += (Lanes(x) * Lanes(x)).to_f64();
    }
    let rest: f64 = rest.iter().map(|&x| f64::from(x * x)).sum();
    (sum.0.iter().sum::<f64>() + rest) / frame.len() as f64
}

#[inline(always)]
fn powers(magnitude: &[Lanes<f32>], power: &mut Vec<Lanes<f32>>) {
    power.clear();
    power.extend(magnitude.iter().map(|&m| m * m));
}

#[inline(always)]
fn copy_lane(lanes: &[Lanes<f32>], lane: usize, out: &mut Vec<f32>) {
    out.clear();
    out.extend(lanes.iter().map(|x| x.0[lane]));
}

#[test]
fn samples_are_cut_to_16_bits_towards_0_and_clipped() {
    let cases = [
        (0.0, 0.0),
        (1.9 / 32768.0, 1.0),
        (-1.9 / 32768.0, -1.0),
        (-0.9 / 32768.0, 0.0),
        (1.0, 32767.0),
        (7.0, 32767.0),
        (-1.0, -32768.0),
        (f32::NEG_INFINITY, -32768.0),
        (f32::NAN, 0.0),
    ];
    for (x, expected) in cases {
        assert_eq!(sixteen_bits(x).to_bits(), f32::to_bits(expected), "{x}");
    }
}
