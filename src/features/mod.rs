//! Computes the named feature sets, each a fixed function of one recording. [`catalogue`] describes what
//! they consist of.
//!
//! A set is one file and one line of `COMPUTATIONS`.

#[cfg(feature = "aubio")]
pub mod aubio;
mod compare;
mod covariance;
pub mod egemaps;
pub mod emobase;
mod gemaps;
pub mod is09;
mod kernels;
pub mod rich;

use std::collections::HashMap;

use crate::audio::Audio;
use crate::catalogue::gemaps::Processing;
use crate::catalogue::{self, FeatureSet};
use crate::lld::LldTable;
use crate::lld::opensmile::{self, Wanted};

/// How a set is computed.
struct Computation {
    set: FeatureSet,
    /// Appends a value for each of its columns; NaN where undefined.
    functionals: fn(FeatureSet, &mut Analyses, &Audio, &mut Vec<f32>),
    /// The contours of its descriptors.
    contours: fn(FeatureSet, &mut Analyses, &Audio) -> LldTable,
    /// The contours of their changes, for a set that has a table of these.
    deltas: Option<fn(FeatureSet, &mut Analyses, &Audio) -> LldTable>,
    /// The contours of openSMILE's that it is made of.
    wanted: Wanted,
}

static COMPUTATIONS: &[Computation] = &[
    rich::COMPUTATION,
    covariance::COMPUTATION,
    kernels::SPECTRAL_COMPUTATION,
    kernels::PROSODIC_COMPUTATION,
    gemaps::computation(FeatureSet::GEMAPS, Processing::B),
    gemaps::computation(FeatureSet::EGEMAPS_V01B, Processing::B),
    gemaps::computation(FeatureSet::GEMAPS_V01A, Processing::A),
    gemaps::computation(FeatureSet::EGEMAPS_V01A, Processing::A),
    egemaps::COMPUTATION,
    compare::COMPUTATION,
    emobase::COMPUTATION,
    is09::COMPUTATION,
    #[cfg(feature = "aubio")]
    aubio::COMPUTATION,
];

/// What several sets are made of: planned once for each sample rate, and computed once for each recording.
#[derive(Default)]
struct Analyses {
    rich: HashMap<u32, rich::Plan>,
    opensmile: HashMap<(u32, Processing), opensmile::Plan>,
    emobase: HashMap<u32, opensmile::emobase::Plan>,
    /// What the sets at hand need.
    wanted: Wanted,
    /// Those of the recording at hand, once a set has asked for them.
    of_rich: Option<rich::Analysis>,
    of_opensmile: HashMap<Processing, opensmile::Analysis>,
    of_emobase: Option<opensmile::emobase::Analysis>,
}

impl Analyses {
    fn rich(&mut self, audio: &Audio) -> &rich::Analysis {
        let plans = &mut self.rich;
        self.of_rich.get_or_insert_with(|| {
            let plan = plans.entry(audio.sample_rate);
            let plan = plan.or_insert_with(|| rich::Plan::new(audio.sample_rate));
            plan.analyse(&audio.samples)
        })
    }

    /// What the GeMAPS family and `compare` are made of.
    fn opensmile(&mut self, audio: &Audio, processing: Processing) -> &opensmile::Analysis {
        let wanted = match processing {
            // That of some sets of the family alone.
            Processing::A => egemaps::COMPUTATION.wanted,
            Processing::B => self.wanted,
        };
        let (plans, rate) = (&mut self.opensmile, audio.sample_rate);
        self.of_opensmile.entry(processing).or_insert_with(|| {
            let plan = plans.entry((rate, processing));
            let plan = plan.or_insert_with(|| opensmile::Plan::new(rate, processing));
            plan.analyse(&audio.samples, wanted)
        })
    }

    /// What `emobase` and `is09` are made of.
    fn emobase(&mut self, audio: &Audio) -> &opensmile::emobase::Analysis {
        let (plans, wanted) = (&mut self.emobase, self.wanted);
        self.of_emobase.get_or_insert_with(|| {
            let plan = plans.entry(audio.sample_rate);
            let plan = plan.or_insert_with(|| opensmile::emobase::Plan::new(audio.sample_rate));
            plan.analyse(&audio.samples, wanted)
        })
    }

    /// Forgets the recording at hand.
    fn forget(&mut self) {
        self.of_rich = None;
        self.of_opensmile.clear();
        self.of_emobase = None;
    }
}

/// Computes feature sets. It keeps plans and buffers: make one per thread, and use it for many recordings.
///
/// ```
/// use sentire::prelude::*;
///
/// let recording = audio::read("corpora/demo/f1_angry_s1.flac", &ReadOptions::default())?;
/// let mut extractor = Extractor::new(&[FeatureSet::EGEMAPS]);
/// let features = extractor.functionals(&recording.audio);
/// assert_eq!(features.len(), FeatureSet::EGEMAPS.columns().len());
/// # Ok::<(), Error>(())
/// ```
pub struct Extractor {
    computations: Vec<&'static Computation>,
    /// Numbers of the features that an earlier set has with the same value, ascending: they are left out.
    repeated: Vec<usize>,
    analyses: Analyses,
}

impl Extractor {
    /// An extractor of `sets`. Panics on a set that this program was built without; see
    /// [`computed`](crate::catalogue::computed).
    pub fn new(sets: &[FeatureSet]) -> Extractor {
        let computation = |set: &FeatureSet| {
            let mut all = COMPUTATIONS.iter();
            let found = all.find(|computation| computation.set == *set);
            found.expect("every set is computed")
        };
        let computations: Vec<_> = sets.iter().map(computation).collect();
        let parts = computations.iter().map(|computation| computation.wanted);
        Extractor {
            analyses: Analyses {
                wanted: parts.fold(Wanted::NOTHING, Wanted::and),
                ..Analyses::default()
            },
            computations,
            repeated: catalogue::repeated(sets),
        }
    }

    /// The features of one recording: one value per [column](FeatureSet::columns) of each set, set after set; NaN where
    /// undefined. What an earlier set has with the same name and value is not repeated; see
    /// [`names_of`](catalogue::names_of).
    pub fn functionals(&mut self, audio: &Audio) -> Vec<f32> {
        let mut out = Vec::new();
        for computation in &self.computations {
            let Computation {
                set, functionals, ..
            } = computation;
            functionals(*set, &mut self.analyses, audio, &mut out);
        }
        self.analyses.forget();
        for &number in self.repeated.iter().rev() {
            out.remove(number);
        }
        out
    }

    /// The descriptor contours of one recording, of the first of the sets only. Panics if there is no set.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// // One second of a sawtooth that repeats itself 200 times a second.
    /// let samples = (0..16_000).map(|n| (n % 80) as f32 / 80.0 - 0.5).collect();
    /// let contours = Extractor::new(&[FeatureSet::RICH]).llds(&Audio { samples, sample_rate: 16_000 });
    /// let f0_hz = contours.contour("f0_hz").expect("rich has a pitch");
    /// assert!((f0_hz[50] - 200.0).abs() < 1.0);
    /// ```
    pub fn llds(&mut self, audio: &Audio) -> LldTable {
        let Computation { set, contours, .. } = self.computations[0];
        let contours = contours(*set, &mut self.analyses, audio);
        self.analyses.forget();
        contours
    }

    /// How the descriptors of one recording change from frame to frame, of the first of the sets only. Panics if there is no
    /// set, or if it has [no such table](FeatureSet::deltas).
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let silence = Audio { samples: vec![0.0; 16_000], sample_rate: 16_000 };
    /// let deltas = Extractor::new(&[FeatureSet::COMPARE]).deltas(&silence);
    /// let level = deltas.contour("pcm_RMSenergy_sma_de").expect("a delta of compare");
    /// assert!(level.iter().all(|&change| change == 0.0));
    /// ```
    pub fn deltas(&mut self, audio: &Audio) -> LldTable {
        let Computation { set, deltas, .. } = self.computations[0];
        let deltas = deltas.expect("the set has deltas");
        let contours = deltas(*set, &mut self.analyses, audio);
        self.analyses.forget();
        contours
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::computed;

    fn features_of(set: FeatureSet, samples: &[f32], sample_rate: u32) -> Vec<f32> {
        let samples = samples.to_vec();
        Extractor::new(&[set]).functionals(&Audio {
            samples,
            sample_rate,
        })
    }

    #[test]
    fn there_are_as_many_values_as_columns_and_contours_as_descriptors() {
        let audio = Audio {
            samples: vec![0.1; 4000],
            sample_rate: 16_000,
        };
        for set in computed() {
            let mut extractor = Extractor::new(&[set]);
            assert_eq!(
                extractor.functionals(&audio).len(),
                set.columns().len(),
                "{set}"
            );
            let contours = extractor.llds(&audio);
            assert_eq!(contours.llds, set.llds());
            assert_eq!(contours.contours.len(), contours.llds.len());
        }
    }

    #[test]
    fn odd_recordings_give_finite_values_or_none() {
        let noise: Vec<f32> = (0..8000)
            .map(|i| (i as f32 * 12.9898).sin() * 43758.547 % 1.0)
            .collect();
        let clipped: Vec<f32> = (0..8000)
            .map(|i| if i / 40 % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        for (set, rate) in computed()
            .flat_map(|set| [1000, 4000, 11_025, 16_000, 44_100, 192_000].map(|rate| (set, rate)))
        {
            for samples in [
                &[0.0; 1][..],
                &[0.7; 1],
                &[0.0; 5000],
                &[0.5; 5000],
                &noise,
                &clipped,
                &noise[..160],
            ] {
                let values = features_of(set, samples, rate);
                for (value, column) in values.iter().zip(set.columns()) {
                    // Sets of the GeMAPS family have values of all that is as long as its longer frame, or none.
                    let has_frame = samples.len() >= (0.06 * f64::from(rate)).round() as usize;
                    assert!(
                        Processing::of(set).is_none() || value.is_finite() == has_frame,
                        "{} of {} samples at {rate} Hz is {value}",
                        column.name,
                        samples.len()
                    );
                    assert!(
                        !value.is_infinite(),
                        "{} of {} samples at {rate} Hz",
                        column.name,
                        samples.len()
                    );
                }
            }
        }
    }
}
