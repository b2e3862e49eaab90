//! The set `rich`: energy, pitch, voice quality, formants, MFCC, mel bands, spectral shape, contrast
//! and chroma, with their deltas, times statistics, some of them over voiced frames alone; jitter and
//! shimmer of the whole recording; and how voice, pauses and syllables are spread over it.
//!
//! Frames of 25 ms (periodic Hann), one every 10 ms, centred, in an FFT of the next power of two
//! (512 at 16 kHz); pitch, voice quality and formants on frames of 50 ms at the same centres.

use crate::dsp::frame::Framing;
use crate::dsp::spectrum::Spectrum;
use crate::dsp::stats;
use crate::features::{Feature, StatisticGroup};
use crate::functional::rhythm::{self, Segments, Syllables};
use crate::functional::{self, Scratch, Statistic, speech};
use crate::lld::chroma::{self, Chroma};
use crate::lld::cpp::{self, PeakProminence};
use crate::lld::energy;
use crate::lld::f0::{self, PitchTracker};
use crate::lld::formant::{self, FormantTracker};
use crate::lld::mfcc::{self, Mfcc};
use crate::lld::perturbation::{self, Perturbation};
use crate::lld::spectral::{self, Contrast, Shape};
use crate::lld::{Lld, LldTable};

const WIDTH_S: f64 = 0.025;
const HOP_S: f64 = 0.010;

/// Frames this far below the recording's 95th percentile of the level count as pause: speech spans
/// about 30 dB (ANSI S3.5-1997), its weak consonants the lowest 5.
const PAUSE_BELOW_DB: f32 = 25.0;
/// A pause lasts at least this many frames (100 ms): shorter ones are closures of plosives
/// (Goldman-Eisler 1968).
const SHORTEST_PAUSE: usize = 10;
/// A voiced segment lasts at least this many frames (30 ms).
const SHORTEST_VOICED: usize = 3;

/// How a group of descriptors is summarised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Treatment {
    /// All statistics of the contour and of its delta.
    Full,
    /// As [`Full`](Treatment::Full), and the delta on voiced frames.
    VoicedDelta,
    /// As [`VoicedDelta`](Treatment::VoicedDelta), and the contour on voiced frames: a spectrum's
    /// shape, or noise, means one thing in a vowel and another in a fricative or a pause.
    VoicedShape,
    /// Mean and deviation of the contour: what voice quality and formants tell of an emotion is
    /// small, and their other statistics drown it (measured on three corpora).
    Plain,
    /// Mean and deviation of contour and delta: with 31 Hz between bins these descriptors are
    /// coarse.
    Brief,
}

/// The groups of descriptors in the order of the contours: how many, and how they are summarised.
const GROUPS: [(usize, Treatment); 11] = [
    (energy::ENERGIES, Treatment::VoicedDelta),
    (f0::PITCHES - 1, Treatment::Full),
    (1, Treatment::VoicedShape), // the harmonics-to-noise ratio
    (perturbation::PERTURBATIONS, Treatment::Plain),
    (1, Treatment::Plain), // the cepstral peak
    (2 * formant::FORMANTS, Treatment::Plain),
    (mfcc::COEFFICIENTS, Treatment::VoicedDelta),
    (mfcc::BANDS, Treatment::Full),
    (spectral::SHAPES, Treatment::VoicedShape),
    (spectral::CONTRAST_BANDS, Treatment::Brief),
    (chroma::CLASSES, Treatment::Brief),
];

/// The treatment of each descriptor.
fn treatments() -> impl Iterator<Item = Treatment> {
    GROUPS
        .into_iter()
        .flat_map(|(n, treatment)| std::iter::repeat_n(treatment, n))
}

/// The descriptors, in the order of the contours.
pub fn llds() -> Vec<Lld> {
    [
        energy::llds(),
        f0::llds(),
        perturbation::llds(),
        vec![cpp::lld()],
        formant::llds(),
        mfcc::llds(),
        spectral::llds(),
        chroma::llds(),
    ]
    .concat()
}

/// Those of the descriptors that are named, in that order.
pub fn named(names: &[impl AsRef<str>]) -> Vec<Lld> {
    let llds = llds();
    let find = |name: &str| llds.iter().find(|lld| lld.name == name);
    let named = names
        .iter()
        .map(|name| find(name.as_ref()).expect("a descriptor of rich"));
    named.cloned().collect()
}

/// The features, in the order of [`functionals`].
pub fn features() -> Vec<Feature> {
    let mut features = Vec::new();
    let mut push = |descriptor: &str, statistics: &[Statistic]| {
        features.extend(Feature::of(descriptor, statistics));
    };
    for (lld, treatment) in llds().into_iter().zip(treatments()) {
        let name = lld.name;
        if matches!(treatment, Treatment::Plain | Treatment::Brief) {
            push(&name, &functional::BRIEF);
            if treatment == Treatment::Brief {
                push(&format!("{name}_delta"), &functional::BRIEF);
            }
            continue;
        }
        push(&name, &functional::CONTOUR);
        push(&format!("{name}_delta"), &functional::DELTA);
        if treatment == Treatment::VoicedShape {
            push(&format!("{name}_voiced"), &functional::CONTOUR);
        }
        if treatment != Treatment::Full {
            push(&format!("{name}_delta_voiced"), &functional::VOICED_DELTA);
        }
    }
    push("jitter", &perturbation::JITTER);
    push("shimmer", &perturbation::SHIMMER);
    push("voiced", &rhythm::SEGMENTS);
    push("pause", &rhythm::SEGMENTS);
    push("inner_pause", &rhythm::SEGMENTS);
    push("syllable", &rhythm::SYLLABLES);
    features
}

/// The statistics, by what they are taken of.
pub fn statistics() -> Vec<StatisticGroup> {
    let group = StatisticGroup::new;
    vec![
        group(
            "contour",
            "Statistics of a descriptor: NAME_STATISTIC; of the spectral shape and the harmonics-to-noise ratio also over voiced frames, NAME_voiced_STATISTIC",
            &functional::CONTOUR,
        ),
        group(
            "delta",
            "Statistics of its delta, the change over five frames: NAME_delta_STATISTIC",
            &functional::DELTA,
        ),
        group(
            "voiced_delta",
            "Of energy, harmonics-to-noise ratio, MFCC and spectral shape, the delta over voiced frames: NAME_delta_voiced_STATISTIC",
            &functional::VOICED_DELTA,
        ),
        group(
            "brief",
            "Of voice quality, formants, contrast and chroma these alone: NAME_STATISTIC; of contrast and chroma also NAME_delta_STATISTIC",
            &functional::BRIEF,
        ),
        group(
            "jitter",
            "Jitter of the whole recording, its periods found by waveform matching: jitter_STATISTIC",
            &perturbation::JITTER,
        ),
        group(
            "shimmer",
            "Shimmer of the whole recording, of the same periods: shimmer_STATISTIC",
            &perturbation::SHIMMER,
        ),
        group(
            "segment",
            "Statistics of voiced and pause segments: voiced_STATISTIC, pause_STATISTIC, and inner_pause_STATISTIC for what lies between the first sound and the last",
            &rhythm::SEGMENTS,
        ),
        group(
            "syllable",
            "Statistics of syllables (voiced peaks of the level): syllable_STATISTIC",
            &rhythm::SYLLABLES,
        ),
    ]
}

/// Everything planned for one sample rate.
pub struct Plan {
    sample_rate: u32,
    framing: Framing,
    frame: Vec<f32>,
    spectrum: Spectrum,
    mfcc: Mfcc,
    shape: Shape,
    contrast: Contrast,
    chroma: Chroma,
    pitch: PitchTracker,
    peak_prominence: PeakProminence,
    formants: FormantTracker,
}

/// What is known of one recording: its contours, and what is measured over the whole of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// The contours of [`llds`].
    pub llds: LldTable,
    /// Jitter and shimmer of the whole recording: [`perturbation::JITTER`],
    /// [`perturbation::SHIMMER`].
    pub perturbation: [f32; perturbation::MEASURES],
}

impl Plan {
    /// Plans the descriptors at `sample_rate` Hz.
    pub fn new(sample_rate: u32) -> Plan {
        let framing = Framing::new(sample_rate, WIDTH_S, HOP_S);
        let spectrum = Spectrum::new(sample_rate, framing.width);
        let (bins, bin_hz) = (spectrum.bins(), spectrum.bin_hz);
        Plan {
            framing,
            frame: vec![0.0; framing.width],
            spectrum,
            mfcc: Mfcc::new(bins, bin_hz),
            shape: Shape::new(bins, bin_hz),
            contrast: Contrast::new(bins, bin_hz),
            chroma: Chroma::new(bins, bin_hz),
            pitch: PitchTracker::new(sample_rate, HOP_S),
            peak_prominence: PeakProminence::new(sample_rate, HOP_S),
            formants: FormantTracker::new(sample_rate, HOP_S),
            sample_rate,
        }
    }

    /// Analyses `samples`.
    pub fn analyse(&mut self, samples: &[f32]) -> Analysis {
        let n = self.framing.count(samples.len());
        let mut energies = Vec::with_capacity(n);
        let mut mel = Vec::with_capacity(n);
        let mut shapes = Vec::with_capacity(n);
        let (mut valleys, mut peaks) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut chromas = Vec::with_capacity(n);
        self.shape.reset();
        for index in 0..n {
            self.framing.copy(samples, index, &mut self.frame);
            let inside = self.framing.inside(samples.len(), index);
            energies.push(energy::energy(&samples[inside], self.framing.width));
            self.spectrum.compute(&self.frame);
            let (magnitude, power) = (&self.spectrum.magnitude, &self.spectrum.power);
            mel.push(self.mfcc.mel(power));
            shapes.push(self.shape.compute(magnitude, power));
            let (valley, peak) = self.contrast.valley_and_peak(magnitude);
            valleys.push(valley);
            peaks.push(peak);
            chromas.push(self.chroma.compute(power));
        }
        mfcc::power_to_db(&mut mel);
        mfcc::power_to_db(&mut valleys);
        mfcc::power_to_db(&mut peaks);
        let cepstra: Vec<_> = mel
            .iter()
            .map(|log_mel| self.mfcc.cepstrum(log_mel))
            .collect();
        let contrasts: Vec<_> = peaks
            .iter()
            .zip(&valleys)
            .map(|(p, v)| {
                std::array::from_fn::<f32, { spectral::CONTRAST_BANDS }, _>(|k| p[k] - v[k])
            })
            .collect();
        let pitch = self.pitch.track(samples);
        let voice = Perturbation::measure(samples, self.sample_rate, &pitch.f0_hz, HOP_S);
        let cpp_db = self.peak_prominence.track(samples, &pitch.f0_hz);
        let formants = self.formants.track(samples, &pitch.f0_hz);

        let llds = llds();
        let mut contours = Vec::with_capacity(llds.len());
        push_columns(&energies, &mut contours);
        contours.extend([pitch.f0_hz, pitch.f0_semitone, pitch.voicing, pitch.hnr_db]);
        contours.extend([voice.jitter, voice.shimmer, cpp_db]);
        contours.extend(formants);
        push_columns(&cepstra, &mut contours);
        push_columns(&mel, &mut contours);
        push_columns(&shapes, &mut contours);
        push_columns(&contrasts, &mut contours);
        push_columns(&chromas, &mut contours);
        debug_assert_eq!(contours.len(), llds.len());
        debug_assert_eq!(contours.len(), treatments().count());
        Analysis {
            llds: LldTable {
                llds,
                hop_s: HOP_S,
                row_s: HOP_S,
                last_end_s: None,
                contours,
            },
            perturbation: voice.measures,
        }
    }
}

impl Analysis {
    /// The contours so named, without gaps, from the first frame of speech to the last.
    pub fn in_speech(&self, names: &[impl AsRef<str>]) -> Vec<Vec<f32>> {
        let contour = |name: &str| self.llds.contour(name).expect("a descriptor of rich");
        let speech = speech::speech(contour("log_energy_db"));
        let in_speech = |name| speech::bridged(contour(name))[speech.clone()].to_vec();
        names.iter().map(|name| in_speech(name.as_ref())).collect()
    }
}

/// Rows of frames to one contour per descriptor.
fn push_columns<const N: usize>(frames: &[[f32; N]], contours: &mut Vec<Vec<f32>>) {
    contours.extend((0..N).map(|k| frames.iter().map(|frame| frame[k]).collect::<Vec<f32>>()));
}

/// Appends the values of [`features`] to `out`; NaN where undefined.
pub fn functionals(analysis: &Analysis, out: &mut Vec<f32>) {
    let table = &analysis.llds;
    let f0_hz = table.contour("f0_hz").expect("rich has a pitch");
    let voiced = |contour: &[f32]| -> Vec<f32> {
        contour
            .iter()
            .zip(f0_hz)
            .map(|(&x, f0)| if f0.is_nan() { f32::NAN } else { x })
            .collect()
    };
    let mut scratch = Scratch::default();
    let mut delta = Vec::new();
    for (contour, treatment) in table.contours.iter().zip(treatments()) {
        stats::delta(contour, &mut delta);
        if matches!(treatment, Treatment::Plain | Treatment::Brief) {
            scratch.brief_statistics(contour, out);
            if treatment == Treatment::Brief {
                scratch.brief_statistics(&delta, out);
            }
            continue;
        }
        scratch.contour_statistics(contour, table.hop_s, out);
        scratch.delta_statistics(&delta, out);
        if treatment == Treatment::VoicedShape {
            scratch.contour_statistics(&voiced(contour), table.hop_s, out);
        }
        if treatment != Treatment::Full {
            scratch.voiced_delta_statistics(&voiced(&delta), out);
        }
    }
    out.extend(analysis.perturbation);
    rhythm_statistics(table, f0_hz, out);
}

/// How voice, pauses and syllables are spread over the recording.
fn rhythm_statistics(table: &LldTable, f0_hz: &[f32], out: &mut Vec<f32>) {
    let is_voiced = |frame: usize| !f0_hz[frame].is_nan();
    Segments::of((0..f0_hz.len()).map(is_voiced), SHORTEST_VOICED).statistics(table.hop_s, out);
    let level = table.contour("log_energy_db").expect("rich has a level");
    let mut sorted = level.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let pause_db = stats::percentile(&sorted, 95.0) as f32 - PAUSE_BELOW_DB;
    let is_pause: Vec<bool> = level
        .iter()
        .map(|&db| db < pause_db || db <= energy::SILENCE_DB)
        .collect();
    let pauses = Segments::of(is_pause.iter().copied(), SHORTEST_PAUSE);
    pauses.statistics(table.hop_s, out);
    // Between the first sound and the last.
    let first = is_pause.iter().position(|&pause| !pause).unwrap_or(0);
    let last = is_pause.iter().rposition(|&pause| !pause).unwrap_or(0);
    Segments::of(is_pause[first..=last].iter().copied(), SHORTEST_PAUSE)
        .statistics(table.hop_s, out);
    let recording_s = level.len() as f64 * table.hop_s;
    let pause_s = pauses.lengths.iter().sum::<usize>() as f64 * table.hop_s;
    Syllables::of(level, is_voiced).statistics(
        recording_s,
        recording_s - pause_s,
        table.hop_s,
        out,
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contrast_above_half_the_rate_is_undefined_and_below_is_not() {
        let tone: Vec<f32> = (0..8000).map(|i| (i as f32 * 0.1).sin() * 0.3).collect();
        let table = Plan::new(8000).analyse(&tone).llds;
        let contrast = |k: usize| table.contour(&format!("spectral_contrast_{k}_db")).unwrap();
        assert!(contrast(5).iter().all(|x| x.is_finite()));
        assert!(
            contrast(6).iter().all(|x| x.is_nan()),
            "{:?}",
            &contrast(6)[..3]
        );
    }

    #[test]
    fn a_recording_does_not_depend_on_the_one_before() {
        let tone: Vec<f32> = (0..4000).map(|i| (i as f32 * 0.1).sin() * 0.3).collect();
        let mut used = Plan::new(16000);
        used.analyse(&[0.9; 3000]);
        let (a, b) = (
            used.analyse(&tone).llds,
            Plan::new(16000).analyse(&tone).llds,
        );
        let same = |a: &f32, b: &f32| a.to_bits() == b.to_bits();
        assert!(
            a.contours
                .iter()
                .flatten()
                .zip(b.contours.iter().flatten())
                .all(|(a, b)| same(a, b))
        );
    }
}
