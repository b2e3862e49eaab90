//! The descriptors of two older sets of openSMILE: emobase, and IS09, that of the Interspeech 2009 emotion challenge (B.
//! Schuller, S. Steidl & A. Batliner 2009, "The INTERSPEECH 2009 emotion challenge", Proc. Interspeech, 312-315).
//!
//! Both have frames of 25 ms every 10 ms, pre-emphasised one by one; emobase takes its pitch from frames of 40 ms, IS09 from
//! those of 25 ms. What both need of a frame is computed once. Section numbers are those of the specification of emobase.

use crate::dsp::lanes::{LANES, Lanes, vectorised};

use super::cepstral_pitch::{self, CepstralPitch, Cepstrum};
use super::mel::{self, Mel};
use super::stream::{self, Hops, Stream};
use super::zero_crossings::ZeroCrossings;
use super::{FULL_SCALE, Wanted, in_16_bits, lsf, powers};

/// Seconds in a frame: of all but the pitch of emobase, and of that.
const SHORT_S: f64 = 0.025;
const LONG_S: f64 = 0.040;
/// Pre-emphasis (3.3).
const PRE_EMPHASIS: f32 = 0.97;
/// The lowest mel band begins here (5).
const LOWEST_BAND_HZ: f32 = 0.0;
/// MFCC that both sets have.
const MFCC: usize = 12;
/// Loudness is a power of intensity (4.2): over this intensity, with this exponent.
const INTENSITY_AT_1: f64 = 1e-6;
const LOUDNESS_EXPONENT: f64 = 0.3;

/// Contours of emobase: intensity, loudness, 12 MFCC, 8 line spectral frequencies, zero crossing rate; voicing probability,
/// F0, its envelope.
pub const EMOBASE: usize = 26;
/// The first of them that are of frames of 25 ms.
const EMOBASE_SHORT: usize = 2 + MFCC + lsf::ORDER + 1;
/// Contours of IS09: energy, 12 MFCC, zero crossing rate, voicing probability, F0.
pub const IS09: usize = 1 + MFCC + 3;

/// The contours of one recording that somebody needs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Analysis {
    /// Those of emobase.
    pub emobase: Option<Contours>,
    /// Those of IS09.
    pub is09: Option<Contours>,
}

/// The contours of one set, not smoothed yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Contours {
    /// In the order of the set's descriptors. Those of frames of 25 ms have one or two values more where the set has frames of
    /// 40 ms, too.
    pub contours: Vec<Vec<f32>>,
    /// Frames of the longest kind that the set has.
    pub frames: usize,
    /// Seconds from one frame to the next.
    pub hop_s: f64,
    /// Length of a frame of 25 ms in seconds, as it is in whole samples.
    pub frame_s: f64,
    /// Length of the recording in seconds.
    pub duration_s: f64,
}

impl Contours {
    /// Room for so many contours of a recording.
    fn new(n: usize, sample_rate: u32, samples: usize, short: &Stream, frames: usize) -> Contours {
        let seconds = |samples: usize| samples as f64 / f64::from(sample_rate);
        Contours {
            contours: vec![Vec::with_capacity(short.frames(samples)); n],
            frames,
            hop_s: seconds(short.hop),
            frame_s: seconds(short.width),
            duration_s: seconds(samples),
        }
    }

    /// Adds the first `n` of eight values to contour `index`, and to those behind it.
    #[inline(always)]
    fn extend(&mut self, index: usize, values: &[Lanes<f32>], n: usize) {
        for (contour, values) in self.contours[index..].iter_mut().zip(values) {
            contour.extend(&values.0[..n]);
        }
    }
}

/// Both sets, planned for one sample rate.
pub struct Plan {
    sample_rate: u32,
    short: Stream,
    long: Stream,
    mel: Mel,
    intensity: Intensity,
    short_pitch: CepstralPitch,
    long_pitch: CepstralPitch,
    /// The samples of eight frames of 40 ms.
    hops: Hops,
    power: Vec<Lanes<f32>>,
}

impl Plan {
    /// Plans the descriptors at `sample_rate` Hz: 1 kHz or more, as recordings have.
    pub fn new(sample_rate: u32) -> Plan {
        let stream = |width_s| Stream::new(sample_rate, width_s, stream::hamming).zeros_behind();
        let (short, long) = (stream(SHORT_S), stream(LONG_S));
        Plan {
            sample_rate,
            mel: Mel::new(&short, LOWEST_BAND_HZ),
            intensity: Intensity::new(short.width),
            short_pitch: CepstralPitch::new(&short, Cepstrum::OneMore),
            long_pitch: CepstralPitch::new(&long, Cepstrum::Power),
            power: Vec::new(),
            hops: Hops::new(long.hop),
            short,
            long,
        }
    }

    /// The contours of `samples` (-1 to 1), which are brought to 16 bits first.
    pub fn analyse(&mut self, samples: &[f32], wanted: Wanted) -> Analysis {
        let samples = in_16_bits(samples);
        let n_short = self.short.frames(samples.len());
        let n_long = self.long.frames(samples.len());
        let room =
            |n, frames| Contours::new(n, self.sample_rate, samples.len(), &self.short, frames);
        let mut emobase = wanted.emobase.then(|| room(EMOBASE, n_long));
        let mut is09 = wanted.is09.then(|| room(IS09, n_short));
        let all_crossings = ZeroCrossings::new(&samples);
        let mut memories: [cepstral_pitch::Contour; 2] = Default::default();
        let [emobase_memory, is09_memory] = &mut memories;
        vectorised(
            #[inline(always)]
            || {
                for first in (0..n_short).step_by(LANES) {
                    let in_short: Vec<usize> = (first..n_short.min(first + LANES))
                        .map(|i| i * self.short.hop)
                        .collect();
                    let in_long = n_long.saturating_sub(first).min(LANES);
                    let crossings = Lanes::from_fn(|lane| {
                        let start = in_short.get(lane);
                        start.map_or(0.0, |&start| all_crossings.rate(start, self.short.width))
                    });
                    self.short
                        .load_emphasised(&samples, &in_short, PRE_EMPHASIS);
                    let frequencies = match wanted.emobase {
                        true => lsf::frequencies(self.short.loaded()),
                        false => [Lanes::default(); lsf::ORDER],
                    };
                    self.short.apply_window();
                    let rms = match wanted.is09 {
                        true => self.short.rms(),
                        false => Lanes::default(),
                    };
                    transform(&mut self.short, &mut self.power);
                    if let Some(to) = &mut emobase {
                        let n = in_short.len();
                        to.extend(0, &self.intensity.and_loudness(&samples, &in_short), n);
                        let mfcc: [_; MFCC] = self.mel.mfcc(&self.mel.bands(&self.power));
                        to.extend(2, &mfcc, n);
                        to.extend(2 + MFCC, &frequencies, n);
                        to.extend(EMOBASE_SHORT - 1, &[crossings], n);
                    }
                    if let Some(to) = &mut is09 {
                        let n = in_short.len();
                        to.extend(0, &[rms], n);
                        let bands = self.mel.bands(&self.short.magnitude);
                        let levels = mel::levels(&bands, FULL_SCALE);
                        let mfcc: [_; MFCC] = self.mel.mfcc_of_levels(&levels);
                        to.extend(1, &mfcc, n);
                        to.extend(1 + MFCC, &[crossings], n);
                        let found = self.short_pitch.compute(&mut self.short, &self.power);
                        for pitch in &found[..n] {
                            let [f0_hz, _] = is09_memory.next(*pitch);
                            to.contours[IS09 - 2].push(pitch.voicing as f32);
                            to.contours[IS09 - 1].push(f0_hz);
                        }
                    }
                    if let Some(to) = &mut emobase
                        && in_long > 0
                    {
                        self.hops.fill(&samples, first);
                        self.long.load_in_sequence(&self.hops);
                        transform(&mut self.long, &mut self.power);
                        let found = self.long_pitch.compute(&mut self.long, &self.power);
                        for pitch in &found[..in_long] {
                            let [f0_hz, envelope_hz] = emobase_memory.next(*pitch);
                            let values = [pitch.voicing as f32, f0_hz, envelope_hz];
                            for (contour, value) in
                                to.contours[EMOBASE_SHORT..].iter_mut().zip(values)
                            {
                                contour.push(value);
                            }
                        }
                    }
                }
            },
        );
        Analysis { emobase, is09 }
    }
}

/// Transforms the frames that `stream` has loaded: their magnitudes, and their `power`.
// (Not inlined: it is long, and called twice.)
fn transform(stream: &mut Stream, power: &mut Vec<Lanes<f32>>) {
    vectorised(
        #[inline(always)]
        || {
            stream.transform();
            powers(&stream.magnitude, power);
        },
    );
}

/// Intensity and loudness (4). Only the first two samples of a frame reach them: as many as the program has results here.
struct Intensity {
    /// The window of these two samples, over the sum of the whole window.
    weights: [f64; 2],
}

impl Intensity {
    fn new(width: usize) -> Intensity {
        let at = |n: usize| stream::hamming(n as f64, width as f64);
        let sum: f64 = (0..width).map(at).sum();
        Intensity {
            weights: [0, 1].map(|n| at(n) / sum),
        }
    }

    /// Intensity and loudness of each frame.
    #[inline(always)]
    fn and_loudness(&self, samples: &[f32], starts: &[usize]) -> [Lanes<f32>; 2] {
        let mut values = [Lanes::splat(0.0); 2];
        for (lane, &start) in starts.iter().enumerate() {
            let weighted = self.weights.iter().zip(&samples[start..]);
            let intensity: f64 = weighted
                .map(|(w, &x)| w * f64::from(x) * f64::from(x))
                .sum();
            values[0].0[lane] = intensity as f32;
            values[1].0[lane] = (intensity / INTENSITY_AT_1).powf(LOUDNESS_EXPONENT) as f32;
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::example;

    const BOTH: Wanted = Wanted {
        emobase: true,
        is09: true,
        ..Wanted::NOTHING
    };

    /// As equal as the digits that are given.
    #[track_caller]
    fn near(found: &[f32], expected: &[f64], bound: f64) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!(
                (f64::from(*f) - e).abs() <= bound * e.abs(),
                "{found:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn the_spectra_of_the_worked_example() {
        // Section 13, frames 20 and 80.
        let (samples, starts) = (example::samples(), [20 * 160, 80 * 160]);
        let mut plan = Plan::new(16_000);
        plan.short.load_emphasised(&samples, &starts, PRE_EMPHASIS);
        let of =
            |x: &[Lanes<f32>], lane: usize| -> Vec<f32> { x.iter().map(|x| x.0[lane]).collect() };
        let emphasised = plan.short.loaded();
        let expected = [-0.0038370886, 0.022591941, 0.026375629, 0.025305036];
        near(&of(&emphasised[..4], 0), &expected, 1e-6);
        let expected = [9.1555439e-06, -0.00063173316, 0.0020041505, -0.0013229775];
        near(&of(&emphasised[..4], 1), &expected, 1e-6);
        plan.short.apply_window();
        let windowed = &plan.short.loaded()[198..202];
        let expected = [-0.0099462317, -0.011773568, -0.013434659, -0.014769983];
        near(&of(windowed, 0), &expected, 1e-6);
        transform(&mut plan.short, &mut plan.power);
        let expected = [
            0.016179778,
            0.016008178,
            0.016455298,
            0.34063196,
            1.1086465,
            1.1655959,
        ];
        near(&of(&plan.short.magnitude[..6], 0), &expected, 1e-5);
        let bands = plan
            .mel
            .bands(&plan.power)
            .map(|band| band * (FULL_SCALE * FULL_SCALE));
        let expected = [3.9798752e8, 2.3591099e9, 1.2233288e9, 1.7789811e9];
        near(&of(&bands[..4], 0), &expected, 1e-6);
        near(&of(&bands[25..], 0), &[14263979.0], 1e-6);
        let expected = [933.08221, 2444.7561, 8138.3281, 16542.678];
        near(&of(&bands[..4], 1), &expected, 1e-6);
        near(&of(&bands[25..], 1), &[24791554.0], 1e-6);
        plan.long.load(&samples, &starts);
        transform(&mut plan.long, &mut plan.power);
        let expected = [
            0.62300634, 7.6701403, 24.126366, 34.309952, 25.975935, 9.3967066,
        ];
        near(&of(&plan.long.magnitude[6..12], 0), &expected, 1e-6);
    }

    #[test]
    fn the_contours_of_the_worked_example() {
        // Section 13.
        let found = Plan::new(16_000).analyse(&as_recorded(), BOTH);
        let found = found.emobase.unwrap();
        assert_eq!((found.frames, found.contours[0].len()), (147, 148));
        for (frame, expected) in [
            (
                20,
                [
                    9.8964538e-06,
                    1.9890417,
                    14.089473,
                    47.501171,
                    26.528393,
                    6.6581535,
                    -14.471193,
                    -28.365116,
                    -29.862215,
                    -21.409922,
                    0.056548201,
                    17.626833,
                    13.966361,
                    7.1720018,
                    0.11943652,
                    0.21351621,
                    0.8481887,
                    1.3285232,
                    1.7165923,
                    2.1030397,
                    2.4337265,
                    2.7834384,
                    0.02,
                    0.84047681,
                    147.54376,
                    177.27007,
                ],
            ),
            (
                80,
                [
                    7.6427649e-11,
                    0.05820699,
                    -35.567387,
                    -9.3707991,
                    -11.094849,
                    -3.841898,
                    -10.188145,
                    -8.0630207,
                    0.83298087,
                    -3.8987565,
                    -9.2005138,
                    -0.92760587,
                    -8.06847,
                    -6.5636725,
                    0.66288644,
                    0.90347314,
                    1.2123201,
                    1.5666522,
                    1.8921776,
                    2.155751,
                    2.514082,
                    2.8407199,
                    0.46250001,
                    0.15639415,
                    0.0,
                    155.91399,
                ],
            ),
        ] {
            let row: Vec<f32> = found.contours.iter().map(|x| x[frame]).collect();
            near(&row, &expected, 2e-5);
        }
        let [voicing, f0, envelope] = [23, 24, 25].map(|k: usize| &found.contours[k]);
        let expected = [
            0.5451, 0.8094, 0.8703, 0.8659, 0.8648, 0.8616, 0.8584, 0.8567,
        ];
        near(&voicing[8..16], &expected, 1e-4);
        let expected = [
            0.0, 0.0, 320.0, 320.0, 261.2658, 238.15985, 293.75677, 291.62314,
        ];
        near(&f0[8..16], &expected, 1e-6);
        let expected = [
            0.0, 0.0, 80.0, 140.0, 170.31645, 187.2773, 213.89717, 233.32867,
        ];
        near(&envelope[8..16], &expected, 1e-6);
        near(&f0[66..70], &[155.02307, 155.79962, 160.84058, 0.0], 1e-6);
    }

    #[test]
    fn a_set_alone_has_the_contours_that_it_has_beside_the_other() {
        let (samples, mut plan) = (as_recorded(), Plan::new(16_000));
        let both = plan.analyse(&samples, BOTH);
        for wanted in [(true, false), (false, true)] {
            let (emobase, is09) = wanted;
            let wanted = Wanted {
                emobase,
                is09,
                ..Wanted::NOTHING
            };
            let alone = plan.analyse(&samples, wanted);
            assert_eq!(alone.emobase, both.emobase.clone().filter(|_| emobase));
            assert_eq!(alone.is09, both.is09.clone().filter(|_| is09));
        }
    }

    #[test]
    fn silence_is_what_the_specification_says_it_is() {
        // Section 11; 7 of IS09.
        let found = Plan::new(16_000).analyse(&[0.0; 16_000], BOTH);
        let (emobase, is09) = (found.emobase.unwrap(), found.is09.unwrap());
        let mut expected = [0.0; EMOBASE];
        let frequencies = [
            0.349084, 0.698164, 1.047241, 1.396300, 1.745416, 2.094481, 2.443413, 2.792516,
        ];
        expected[14..22].copy_from_slice(&frequencies);
        expected[22] = 0.995;
        assert_eq!((emobase.frames, is09.frames), (97, 98));
        for (contour, expected) in emobase.contours.iter().zip(expected) {
            assert!(
                contour
                    .iter()
                    .all(|&x| (f64::from(x) - expected).abs() < 1e-6)
            );
        }
        for (k, contour) in is09.contours.iter().enumerate() {
            let expected = if k == 13 { 0.995 } else { 0.0 };
            assert!(contour.iter().all(|&x| x == expected), "{k}");
        }
    }

    #[test]
    fn a_tone_has_its_energy_and_its_crossings() {
        // 1 kHz: two crossings each 16 samples, and a pre-emphasis of |1 - 0.97 exp(-i w)|.
        let w = std::f64::consts::TAU / 16.0;
        let tone: Vec<f32> = (0..16_000)
            .map(|n| (0.5 * (w * (f64::from(n) + 0.5)).sin()) as f32)
            .collect();
        let found = Plan::new(16_000).analyse(&tone, BOTH).is09.unwrap();
        let gain = (1.0 + 0.97 * 0.97 - 2.0 * 0.97 * w.cos()).sqrt();
        // The mean square of a Hamming window is 0.54^2 + 0.46^2 / 2.
        let expected = 0.5 * gain * (0.5 * (0.54_f64.powi(2) + 0.46_f64.powi(2) / 2.0)).sqrt();
        for (&rms, &crossings) in found.contours[0].iter().zip(&found.contours[13]) {
            assert!(
                (f64::from(rms) / expected - 1.0).abs() < 5e-3,
                "{rms}, not {expected}"
            );
            assert!((crossings - 0.125).abs() < 0.003, "{crossings}");
        }
    }

    /// The worked example as a recording has it.
    fn as_recorded() -> Vec<f32> {
        let signal = example::signal().into_iter();
        signal.map(|x| f32::from(x) / 32768.0).collect()
    }
}
