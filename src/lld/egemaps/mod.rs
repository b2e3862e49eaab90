//! The low-level descriptors of eGeMAPSv02, the acoustic parameter set of the field (F. Eyben et al.
//! 2016, "The Geneva minimalistic acoustic parameter set (GeMAPS) for voice research and affective
//! computing", IEEE Transactions on Affective Computing 7, 190-202), as openSMILE 3 computes them.
//!
//! The paper gives names and ideas, openSMILE the numbers that everybody uses. This module follows a functional
//! specification of the program's behaviour; where the program departs from the paper, so does this module, and says so.
//! Section numbers are those of that specification.
//!
//! Two streams of frames run over the recording, both with a frame every 10 ms, neither centred: 20 ms
//! under a Hamming window for loudness, MFCC, balance and formants; 60 ms under a Gaussian one for
//! pitch and harmonics. Eight frames are computed side by side ([`Lanes`]).

pub mod balance;
pub mod f0;
pub mod formant;
pub mod harmonics;
pub mod loudness;
pub mod path;
pub mod perturbation;
pub mod smooth;
pub mod stream;

use crate::dsp::lanes::{LANES, Lanes, vectorised};
use crate::lld::f0::semitones;

use balance::Balance;
use f0::{CANDIDATES, Candidate, Summation};
use formant::{FORMANTS, Formant, Formants};
use harmonics::Harmonics;
use loudness::Mel;
use stream::Stream;

/// Contours of the 20 ms stream: loudness, alpha ratio, Hammarberg index, two slopes, flux, MFCC 1 to
/// 4.
pub const SHORT: usize = 10;
/// Contours of the 60 ms stream: F0, jitter, shimmer, harmonics-to-noise ratio, H1-H2, H1-A3, and
/// frequency, bandwidth, amplitude of each of three formants.
pub const LONG: usize = 15;
/// Frames whose root mean square under the Gaussian window is not above this are unvoiced.
const SILENCE: f32 = 0.001;
/// Full scale of 16 bits: samples are `s / 32767`.
const FULL_SCALE: f32 = 32767.0;

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

/// Everything planned for one sample rate.
pub struct Plan {
    sample_rate: u32,
    short: Stream,
    long: Stream,
    mel: Mel,
    balance: Balance,
    formants: Formants,
    summation: Summation,
    power: Vec<Lanes<f32>>,
    autocorrelation: Vec<Lanes<f32>>,
}

impl Plan {
    /// Plans the descriptors at `sample_rate` Hz: 1 kHz or more, as recordings have.
    pub fn new(sample_rate: u32) -> Plan {
        let short = Stream::new(sample_rate, 0.020, stream::hamming);
        let long = Stream::new(sample_rate, 0.060, stream::gauss);
        Plan {
            sample_rate,
            mel: Mel::new(&short),
            balance: Balance::new(&short),
            formants: Formants::new(sample_rate, &short),
            summation: Summation::new(&long),
            power: Vec::new(),
            autocorrelation: vec![Lanes::default(); long.magnitude.len()],
            short,
            long,
        }
    }

    /// The contours of `samples` (-1 to 1), which are brought to 16 bits first.
    pub fn analyse(&mut self, samples: &[f32]) -> Contours {
        let samples: Vec<f32> = samples
            .iter()
            .map(|&x| f32::from(sixteen_bits(x)) / FULL_SCALE)
            .collect();
        let (n_short, n_long) = (
            self.short.frames(samples.len()),
            self.long.frames(samples.len()),
        );
        let mut short: [Vec<f32>; SHORT] = std::array::from_fn(|_| Vec::with_capacity(n_short));
        let mut energy = Vec::with_capacity(n_short);
        let mut formants = Vec::with_capacity(n_short);
        let mut candidates: Vec<[Candidate; CANDIDATES]> = Vec::with_capacity(n_long);
        let mut rms: Vec<f32> = Vec::with_capacity(n_long);
        self.balance.reset();
        vectorised(
            #[inline(always)]
            || {
                for first in (0..n_short).step_by(LANES) {
                    let starts = |n: usize| -> Vec<usize> {
                        (first..n.min(first + LANES))
                            .map(|i| i * self.short.hop)
                            .collect()
                    };
                    let (in_short, in_long) = (starts(n_short), starts(n_long));
                    for &start in &in_short {
                        energy.push(mean_square(&samples[start..start + self.short.width]));
                    }
                    let (descriptors, found) = self.short_frames(&samples, &in_short);
                    for (contour, values) in short.iter_mut().zip(descriptors) {
                        contour.extend(&values.0[..in_short.len()]);
                    }
                    formants.extend(&found[..in_short.len()]);
                    if !in_long.is_empty() {
                        self.long.load(&samples, &in_long);
                        rms.extend(&self.long.rms().0[..in_long.len()]);
                        self.long.transform();
                        let found = self.summation.candidates(&self.long.magnitude);
                        candidates.extend(&found[..in_long.len()]);
                    }
                }
            },
        );
        formants.truncate(n_long);
        let path = path::cheapest(&candidates);
        let gated = path.f0_hz.iter().zip(&rms);
        let f0_hz: Vec<f32> = gated
            .map(|(&f0_hz, &rms)| if rms > SILENCE { f0_hz } else { 0.0 })
            .collect();
        Contours {
            long: self.long_contours(&samples, &f0_hz, &formants),
            short,
            energy,
            decided: path.decided,
            hop_s: self.short.hop as f64 / f64::from(self.sample_rate),
            duration_s: samples.len() as f64 / f64::from(self.sample_rate),
        }
    }

    /// The descriptors and formants of eight frames of the 20 ms stream.
    #[inline(always)]
    fn short_frames(
        &mut self,
        samples: &[f32],
        starts: &[usize],
    ) -> ([Lanes<f32>; SHORT], [[Formant; FORMANTS]; LANES]) {
        self.short.load(samples, starts);
        self.short.transform_to_spectrum();
        let magnitude = &self.short.magnitude;
        powers(magnitude, &mut self.power);
        let bands = self.mel.bands(&self.power);
        let (loudness, [m1, m2, m3, m4]) = self.mel.loudness_and_mfcc(&bands);
        let [alpha, hammarberg, low, high, flux] = self.balance.compute(magnitude, &self.power);
        let formants = self.formants.compute(&self.short.spectrum);
        let descriptors = [loudness, alpha, hammarberg, low, high, flux, m1, m2, m3, m4];
        (descriptors, formants)
    }

    /// The contours of the 60 ms stream, once the pitch is known: voiced frames are transformed
    /// again, eight at a time, so that memory does not grow with all their spectra.
    fn long_contours(
        &mut self,
        samples: &[f32],
        f0_hz: &[f32],
        formants: &[[Formant; FORMANTS]],
    ) -> [Vec<f32>; LONG] {
        let voiced: Vec<usize> = (0..f0_hz.len()).filter(|&i| f0_hz[i] > 0.0).collect();
        let mut harmonics = vec![Harmonics::NONE; f0_hz.len()];
        let (mut magnitude, mut autocorrelation) = (Vec::new(), Vec::new());
        vectorised(
            #[inline(always)]
            || {
                for frames in voiced.chunks(LANES) {
                    let starts: Vec<usize> = frames.iter().map(|i| i * self.long.hop).collect();
                    self.long.load(samples, &starts);
                    self.long.transform();
                    powers(&self.long.magnitude, &mut self.power);
                    let acf = &mut self.autocorrelation;
                    harmonics::autocorrelations(&mut self.long, &self.power, acf);
                    for (lane, &frame) in frames.iter().enumerate() {
                        copy_lane(&self.long.magnitude, lane, &mut magnitude);
                        copy_lane(acf, lane, &mut autocorrelation);
                        harmonics[frame] = Harmonics::measure(
                            &magnitude,
                            &autocorrelation,
                            self.long.bins_per_hz,
                            f0_hz[frame],
                            &formants[frame],
                        );
                    }
                }
            },
        );
        let (jitter, shimmer) =
            perturbation::jitter_and_shimmer(samples, self.sample_rate, &self.long, f0_hz);
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
            jitter,
            shimmer,
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

/// A sample as 16 bits hold it, cut off towards 0 as opensmile-python cuts it; what is beyond full
/// scale is clipped. (opensmile-python lets it wrap around.)
fn sixteen_bits(x: f32) -> i16 {
    // The cast does both.
    (x * 32768.0) as i16
}

#[inline(always)]
fn mean_square(frame: &[f32]) -> f32 {
    let (lanes, rest) = frame.as_chunks::<LANES>();
    let mut sum = Lanes::splat(0.0);
    for &x in lanes {
        let x = Lanes(x).to_f64();
        sum += x * x;
    }
    let rest: f64 = rest.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    ((sum.0.iter().sum::<f64>() + rest) / frame.len() as f64) as f32
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

/// Semitones above 27.5 Hz; 0 where unvoiced, and 1 for all below 29.136 Hz, so that 0 is free.
fn marked_semitones(f0_hz: f32) -> f32 {
    match f64::from(f0_hz) {
        f if f <= 0.0 => 0.0,
        f if f <= 29.136 => 1.0,
        _ => semitones(f0_hz),
    }
}

#[test]
fn samples_are_cut_to_16_bits_towards_0_and_clipped() {
    let cases = [
        (0.0, 0),
        (1.9 / 32768.0, 1),
        (-1.9 / 32768.0, -1),
        (1.0, 32767),
        (7.0, 32767),
        (-1.0, -32768),
        (-7.0, -32768),
    ];
    for (x, expected) in cases {
        assert_eq!(sixteen_bits(x), expected, "{x}");
    }
}
