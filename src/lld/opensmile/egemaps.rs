//! The descriptors of eGeMAPSv02, the acoustic parameter set of the field (F. Eyben et al. 2016, "The Geneva minimalistic
//! acoustic parameter set (GeMAPS) for voice research and affective computing", IEEE Transactions on Affective Computing
//! 7, 190-202), and of the four older sets of its family.
//!
//! Loudness, MFCC, balance and formants are those of the frames of 20 ms, pitch and harmonics those of the frames of 60 ms.

use std::collections::VecDeque;
use std::ops::{Range, RangeInclusive};

use crate::catalogue::gemaps::Processing;
use crate::dsp::lanes::{LANES, Lanes, vectorised};
use crate::lld::f0::semitones;

use super::balance::Balance;
use super::f0::{CANDIDATES, Candidate};
use super::formant::{FORMANTS, Formant, Formants};
use super::harmonics::{self, Harmonics};
use super::perturbation::{self, Rules, Voice};
use super::stream::Stream;
use super::{Frames, SILENCE, copy_lane, path, powers};

/// Contours of the 20 ms stream: loudness, alpha ratio, Hammarberg index, two slopes, flux, MFCC 1 to
/// 4.
pub const SHORT: usize = 10;
/// Contours of the 60 ms stream: F0, jitter, shimmer, harmonics-to-noise ratio, H1-H2, H1-A3, and
/// frequency, bandwidth, amplitude of each of three formants.
pub const LONG: usize = 15;
/// Candidates of the pitch lie between these.
pub const F0_HZ: RangeInclusive<f32> = 55.0..=1000.0;
/// Frames whose pitch may be undecided at once.
pub const UNDECIDED: usize = 40;
/// How periods are measured.
pub const RULES: Rules = Rules {
    search: [0.9, 1.1],
    has_noise: false,
    processing: Processing::B,
};
/// MFCC that the set has.
const COEFFICIENTS: usize = 4;

/// The contours of one recording, not smoothed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    /// Loudness, alpha ratio, Hammarberg index, slopes, flux, MFCC: a value per frame of 20 ms.
    pub short: [Vec<f32>; SHORT],
    /// Mean square of each frame of 20 ms, without a window.
    pub energy: Vec<f32>,
    /// F0 in semitones, jitter, shimmer, HNR, H1-H2, H1-A3, formants: a value per frame of 60 ms. 0 is
    /// unvoiced, but for the formants' frequencies and bandwidths, which all frames have, and for
    /// their amplitudes, which are -201 dB there.
    pub long: [Vec<f32>; LONG],
    /// Frames of 60 ms whose pitch was decided before the end was known.
    pub decided: usize,
    /// Seconds from one frame to the next.
    pub hop_s: f64,
    /// Length of the recording in seconds.
    pub duration_s: f64,
}

impl Contours {
    /// Whether frame `index` of 60 ms is voiced.
    pub fn is_voiced(&self, index: usize) -> bool {
        self.long[0][index] > 1e-6
    }
}

/// What only this set needs, planned for one sample rate.
pub struct Parts {
    processing: Processing,
    balance: Balance,
    formants: Formants,
    power: Vec<Lanes<f32>>,
    autocorrelation: Vec<Lanes<f32>>,
    /// One frame of each.
    of_frame: (Vec<f32>, Vec<f32>),
    /// Spectra that are not needed any more: room for others.
    spare: Vec<Vec<Lanes<f32>>>,
}

/// The frames of a recording that have been computed so far.
pub struct Collected {
    short: [Vec<f32>; SHORT],
    /// See [`Contours::energy`].
    pub energy: Vec<f32>,
    formants: Vec<[Formant; FORMANTS]>,
    /// Candidates of the pitch of each frame of 60 ms.
    candidates: Vec<[Candidate; CANDIDATES]>,
    search: path::Search,
    /// Spectra of eight frames of 60 ms each: of those whose harmonics wait for the pitch. As few as that is undecided for,
    /// however long the recording is.
    waiting: VecDeque<Vec<Lanes<f32>>>,
    /// Of the frames that do not wait.
    f0_hz: Vec<f32>,
    harmonics: Vec<Harmonics>,
}

impl Parts {
    /// Plans them for both streams.
    pub fn new(sample_rate: u32, short: &Stream, long: &Stream, processing: Processing) -> Parts {
        Parts {
            processing,
            balance: Balance::new(short),
            formants: Formants::new(sample_rate, short, processing),
            power: Vec::new(),
            autocorrelation: vec![Lanes::default(); long.magnitude.len()],
            of_frame: Default::default(),
            spare: Vec::new(),
        }
    }

    /// Room for the frames of a recording: so many of 20 and of 60 ms.
    pub fn begin(&mut self, n_short: usize, n_long: usize) -> Collected {
        self.balance.reset();
        Collected {
            short: std::array::from_fn(|_| Vec::with_capacity(n_short)),
            energy: Vec::with_capacity(n_short),
            formants: Vec::with_capacity(n_short),
            candidates: Vec::with_capacity(n_long),
            search: path::Search::new(UNDECIDED),
            waiting: VecDeque::new(),
            f0_hz: Vec::with_capacity(n_long),
            harmonics: Vec::with_capacity(n_long),
        }
    }

    /// Adds the `n` frames of 20 ms that were transformed last.
    #[inline(always)]
    pub fn short_frames(
        &mut self,
        frames: &Frames,
        loudness: Lanes<f32>,
        [m1, m2, m3, m4]: [Lanes<f32>; COEFFICIENTS],
        n: usize,
        to: &mut Collected,
    ) {
        let balance = self.balance.compute(&frames.short.magnitude, &frames.power);
        let [alpha, hammarberg, low, high, flux] = balance;
        let formants = self.formants.compute(&frames.short.spectrum);
        to.formants.extend(&formants[..n]);
        let descriptors = [loudness, alpha, hammarberg, low, high, flux, m1, m2, m3, m4];
        for (contour, values) in to.short.iter_mut().zip(descriptors) {
            contour.extend(&values.0[..n]);
        }
    }

    /// Adds the frames of 60 ms that were transformed last, whose candidates of the pitch these are; `rms` has those of all
    /// frames up to there.
    pub fn long_frames(
        &mut self,
        frames: &mut Frames,
        candidates: &[[Candidate; CANDIDATES]],
        rms: &[f32],
        to: &mut Collected,
    ) {
        let mut spectra = self.spare.pop().unwrap_or_default();
        spectra.clear();
        spectra.extend(&frames.long.magnitude);
        to.waiting.push_back(spectra);
        for candidates in candidates {
            to.search.add(candidates);
        }
        to.candidates.extend(candidates);
        while to.search.states.len() >= to.f0_hz.len() + LANES {
            let first = to.f0_hz.len();
            let pitch = pitch(&to.search.states, &to.candidates, rms, first..first + LANES);
            self.harmonics_of_eight(&mut frames.long, pitch, to);
        }
    }

    /// The contours, once all frames have been added.
    pub fn finish(
        &mut self,
        frames: &mut Frames,
        samples: &[f32],
        rms: &[f32],
        mut collected: Collected,
    ) -> Contours {
        let to = &mut collected;
        let path = std::mem::take(&mut to.search).finish();
        while to.f0_hz.len() < path.states.len() {
            let first = to.f0_hz.len();
            let last = path.states.len().min(first + LANES);
            let pitch = pitch(&path.states, &to.candidates, rms, first..last);
            self.harmonics_of_eight(&mut frames.long, pitch, to);
        }
        Contours {
            long: self.long_contours(frames, samples, &collected),
            short: collected.short,
            energy: collected.energy,
            decided: path.decided,
            hop_s: frames.short.hop as f64 / f64::from(frames.sample_rate),
            duration_s: samples.len() as f64 / f64::from(frames.sample_rate),
        }
    }

    /// Measures the harmonics of the eight frames that have waited longest, or of as many as there are, now that their pitch
    /// is known.
    fn harmonics_of_eight(&mut self, long: &mut Stream, pitch: Vec<f32>, to: &mut Collected) {
        let first = to.f0_hz.len();
        let spectra = to.waiting.pop_front().expect("as many as frames");
        to.harmonics.resize(first + pitch.len(), Harmonics::NONE);
        if pitch.iter().any(|&f0_hz| f0_hz > 0.0) {
            vectorised(
                #[inline(always)]
                || {
                    powers(&spectra, &mut self.power);
                    harmonics::autocorrelations(long, &self.power, &mut self.autocorrelation);
                    let (magnitude, autocorrelation) = &mut self.of_frame;
                    for (lane, &f0_hz) in
                        pitch.iter().enumerate().filter(|(_, f0_hz)| **f0_hz > 0.0)
                    {
                        copy_lane(&spectra, lane, magnitude);
                        copy_lane(&self.autocorrelation, lane, autocorrelation);
                        to.harmonics[first + lane] = Harmonics::measure(
                            magnitude,
                            autocorrelation,
                            long.bins_per_hz,
                            f0_hz,
                            &to.formants[first + lane],
                        );
                    }
                },
            );
        }
        to.f0_hz.extend(pitch);
        self.spare.push(spectra);
    }

    /// The contours of the 60 ms stream.
    fn long_contours(
        &self,
        frames: &Frames,
        samples: &[f32],
        collected: &Collected,
    ) -> [Vec<f32>; LONG] {
        let Collected {
            f0_hz, harmonics, ..
        } = collected;
        let formants = &collected.formants[..f0_hz.len()];
        let rules = Rules {
            processing: self.processing,
            ..RULES
        };
        let voices = perturbation::voices(samples, frames.sample_rate, &frames.long, f0_hz, rules);
        let of_harmonics = |value: fn(&Harmonics) -> f32| harmonics.iter().map(value).collect();
        let formant = |k: usize| -> [Vec<f32>; 3] {
            [
                formants.iter().map(|f| f[k].0).collect(),
                formants.iter().map(|f| f[k].1).collect(),
                harmonics.iter().map(|h| h.amplitudes_db[k]).collect(),
            ]
        };
        let [f1, b1, a1] = formant(0);
        let [f2, b2, a2] = formant(1);
        let [f3, b3, a3] = formant(2);
        [
            f0_hz.iter().map(|&f0_hz| marked_semitones(f0_hz)).collect(),
            voices.iter().map(|voice| voice.jitter).collect(),
            voices.iter().map(Voice::shimmer_db).collect(),
            of_harmonics(|h| h.hnr_db),
            of_harmonics(|h| h.h1_h2_db),
            of_harmonics(|h| h.h1_a3_db),
            f1,
            b1,
            a1,
            f2,
            b2,
            a2,
            f3,
            b3,
            a3,
        ]
    }
}

/// The pitch of `range` of the frames, whose states are decided, in Hz; 0 where unvoiced.
fn pitch(
    states: &[usize],
    candidates: &[[Candidate; CANDIDATES]],
    rms: &[f32],
    range: Range<usize>,
) -> Vec<f32> {
    let frame = |frame: usize| match candidates[frame].get(states[frame]) {
        Some(candidate) if rms[frame] > SILENCE => candidate.f0_hz,
        _ => 0.0,
    };
    range.map(frame).collect()
}

/// Semitones above 27.5 Hz; 0 where unvoiced, and 1 for all below 29.136 Hz, so that 0 is free.
fn marked_semitones(f0_hz: f32) -> f32 {
    match f64::from(f0_hz) {
        f if f <= 0.0 => 0.0,
        f if f <= 29.136 => 1.0,
        _ => semitones(f0_hz),
    }
}
