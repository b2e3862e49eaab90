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
    functionals: fn(&mut Analyses, &Audio, &mut Vec<f32>),
    /// The contours of its descriptors.
    contours: fn(&mut Analyses, &Audio) -> LldTable,
    /// The contours of their changes, for a set that has a table of these.
    deltas: Option<fn(&mut Analyses, &Audio) -> LldTable>,
    /// The parts of openSMILE's analysis that it is made of.
    wanted: Wanted,
}

static COMPUTATIONS: &[Computation] = &[
    rich::COMPUTATION,
    covariance::COMPUTATION,
    kernels::SPECTRAL_COMPUTATION,
    kernels::PROSODIC_COMPUTATION,
    gemaps::GEMAPS_COMPUTATION,
    gemaps::GEMAPS_V01A_COMPUTATION,
    gemaps::EGEMAPS_V01A_COMPUTATION,
    gemaps::EGEMAPS_V01B_COMPUTATION,
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
    opensmile: HashMap<u32, opensmile::Plan>,
    /// With the processing of the sets of the GeMAPS family whose version ends in "a".
    opensmile_a: HashMap<u32, opensmile::Plan>,
    emobase: HashMap<u32, opensmile::emobase::Plan>,
    /// What the sets at hand need.
    wanted: Wanted,
    wanted_of_emobase: opensmile::emobase::Wanted,
    /// Those of the recording at hand, once a set has asked for them.
    of_rich: Option<rich::Analysis>,
    of_opensmile: Option<opensmile::Analysis>,
    of_opensmile_a: Option<opensmile::Analysis>,
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

    fn opensmile(&mut self, audio: &Audio) -> &opensmile::Analysis {
        let (plans, wanted) = (&mut self.opensmile, self.wanted);
        self.of_opensmile.get_or_insert_with(|| {
            let plan = plans.entry(audio.sample_rate);
            let plan = plan.or_insert_with(|| opensmile::Plan::new(audio.sample_rate));
            plan.analyse(&audio.samples, wanted)
        })
    }

    fn opensmile_a(&mut self, audio: &Audio) -> &opensmile::Analysis {
        let plans = &mut self.opensmile_a;
        self.of_opensmile_a.get_or_insert_with(|| {
            let plan = plans.entry(audio.sample_rate);
            let plan =
                plan.or_insert_with(|| opensmile::Plan::with(audio.sample_rate, Processing::A));
            let wanted = Wanted {
                egemaps: true,
                ..Wanted::NOTHING
            };
            plan.analyse(&audio.samples, wanted)
        })
    }

    /// What `emobase` and `is09` are made of.
    fn emobase(&mut self, audio: &Audio) -> &opensmile::emobase::Analysis {
        let (plans, wanted) = (&mut self.emobase, self.wanted_of_emobase);
        self.of_emobase.get_or_insert_with(|| {
            let plan = plans.entry(audio.sample_rate);
            let plan = plan.or_insert_with(|| opensmile::emobase::Plan::new(audio.sample_rate));
            plan.analyse(&audio.samples, wanted)
        })
    }

    /// Forgets the recording at hand.
    fn forget(&mut self) {
        self.of_rich = None;
        self.of_opensmile = None;
        self.of_opensmile_a = None;
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
    /// Whether each of their features is kept: one that an earlier set has with the same value is not.
    keeps: Vec<bool>,
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
                wanted_of_emobase: opensmile::emobase::Wanted {
                    emobase: sets.contains(&FeatureSet::EMOBASE),
                    is09: sets.contains(&FeatureSet::IS09),
                },
                ..Analyses::default()
            },
            computations,
            keeps: catalogue::placed(sets).map(|name| name.is_some()).collect(),
        }
    }

    /// The features of one recording: one value per [column](FeatureSet::columns) of each set, set after set; NaN where
    /// undefined. What an earlier set has with the same name and value is not repeated; see
    /// [`names_of`](catalogue::names_of).
    pub fn functionals(&mut self, audio: &Audio) -> Vec<f32> {
        let mut out = Vec::new();
        for computation in &self.computations {
            (computation.functionals)(&mut self.analyses, audio, &mut out);
        }
        self.analyses.forget();
        let mut keeps = self.keeps.iter();
        out.retain(|_| keeps.next().copied().unwrap_or(true));
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
        let contours = (self.computations[0].contours)(&mut self.analyses, audio);
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
        let deltas = self.computations[0].deltas.expect("the set has deltas");
        let contours = deltas(&mut self.analyses, audio);
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
