//! The set `rich`: energy, pitch, voice quality, formants, MFCC, mel bands, spectral shape, contrast
//! and chroma, with their deltas, times statistics, some of them over voiced frames alone; jitter and
//! shimmer of the whole recording; and how voice, pauses and syllables are spread over it.
//!
//! Frames of 25 ms (periodic Hann), one every 10 ms, centred, in an FFT of the next power of two
//! (512 at 16 kHz); pitch, voice quality and formants on frames of 50 ms at the same centres.

use super::{Computation, Wanted};
use crate::catalogue::rich::{DESCRIPTORS, Summary};
use crate::catalogue::{FeatureSet, Region};
use crate::dsp::frame::Framing;
use crate::dsp::spectrum::Spectrum;
use crate::dsp::stats;
use crate::functional::rhythm::{Segments, Syllables};
use crate::functional::{Scratch, speech};
use crate::lld::chroma::{self, Chroma};
use crate::lld::cpp::PeakProminence;
use crate::lld::energy;
use crate::lld::f0::PitchTracker;
use crate::lld::formant::{self, FormantTracker};
use crate::lld::mfcc::{self, Mfcc};
use crate::lld::perturbation::{self, Perturbation};
use crate::lld::spectral::{self, Contrast, Shape};
use crate::lld::{Contours, LldTable};

pub(super) const COMPUTATION: Computation = Computation {
    set: FeatureSet::RICH,
    functionals: |_, analyses, audio, out| functionals(analyses.rich(audio), out),
    contours: |_, analyses, audio| analyses.rich(audio).llds.clone(),
    deltas: None,
    wanted: Wanted::NOTHING,
};

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
    /// The contours of the set's descriptors.
    pub llds: LldTable,
    /// Jitter and shimmer of the whole recording.
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

        let mut contours = Contours::default();
        contours.add_frames(energy::NAMES, &energies);
        contours.add("f0_hz", pitch.f0_hz);
        contours.add("f0_semitone", pitch.f0_semitone);
        contours.add("voicing", pitch.voicing);
        contours.add("hnr_db", pitch.hnr_db);
        contours.add("jitter", voice.jitter);
        contours.add("shimmer", voice.shimmer);
        contours.add("cpp_db", cpp_db);
        let formants = formant::names().into_iter().zip(formants);
        formants.for_each(|(name, contour)| contours.add(name, contour));
        contours.add_frames(mfcc::names(), &cepstra);
        contours.add_frames(mfcc::band_names(), &mel);
        contours.add_frames(spectral::SHAPE_NAMES, &shapes);
        contours.add_frames(spectral::contrast_names(), &contrasts);
        contours.add_frames(chroma::NAMES, &chromas);
        Analysis {
            llds: contours.into_table(FeatureSet::RICH.llds(), HOP_S),
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

/// Appends the values of the set's columns to `out`; NaN where undefined.
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
    for (contour, descriptor) in table.contours.iter().zip(DESCRIPTORS.iter()) {
        stats::delta(contour, &mut delta);
        for part in descriptor.treatment.parts() {
            let values = if part.is_delta { &delta } else { contour };
            let values = match part.region {
                Region::Voiced => &voiced(values),
                _ => values,
            };
            match part.summary {
                Summary::Contour => scratch.contour_statistics(values, table.hop_s, out),
                Summary::Delta => scratch.delta_statistics(values, out),
                Summary::VoicedDelta => scratch.voiced_delta_statistics(values, out),
                Summary::Brief => scratch.brief_statistics(values, out),
            }
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
