//! Computes the named feature sets, each a fixed function of one recording. [`catalogue`](crate::catalogue) describes what
//! they consist of.
//!
//! A set is one file and one line of `COMPUTATIONS`.

#[cfg(feature = "aubio")]
pub mod aubio;
mod covariance;
pub mod egemaps;
mod kernels;
pub mod rich;

use std::collections::HashMap;

use crate::audio::Audio;
use crate::catalogue::FeatureSet;
use crate::lld::LldTable;

/// How a set is computed.
struct Computation {
    set: FeatureSet,
    /// Appends a value for each of its columns; NaN where undefined.
    functionals: fn(&mut Analyses, &Audio, &mut Vec<f32>),
    /// The contours of its descriptors.
    contours: fn(&mut Analyses, &Audio) -> LldTable,
}

static COMPUTATIONS: &[Computation] = &[
    rich::COMPUTATION,
    covariance::COMPUTATION,
    kernels::SPECTRAL_COMPUTATION,
    kernels::PROSODIC_COMPUTATION,
    egemaps::COMPUTATION,
    #[cfg(feature = "aubio")]
    aubio::COMPUTATION,
];

/// What several sets are made of: planned once for each sample rate, and computed once for each recording.
#[derive(Default)]
struct Analyses {
    rich: HashMap<u32, rich::Plan>,
    egemaps: HashMap<u32, egemaps::Plan>,
    /// That of the recording at hand, once a set has asked for it.
    of_rich: Option<rich::Analysis>,
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

    fn egemaps(&mut self, sample_rate: u32) -> &mut egemaps::Plan {
        self.egemaps
            .entry(sample_rate)
            .or_insert_with(|| egemaps::Plan::new(sample_rate))
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
        Extractor {
            computations: sets.iter().map(computation).collect(),
            analyses: Analyses::default(),
        }
    }

    /// The features of one recording: one value per [column](FeatureSet::columns) of each set, set after set; NaN where
    /// undefined.
    pub fn functionals(&mut self, audio: &Audio) -> Vec<f32> {
        let mut out = Vec::new();
        for computation in &self.computations {
            (computation.functionals)(&mut self.analyses, audio, &mut out);
        }
        self.analyses.of_rich = None;
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
        self.analyses.of_rich = None;
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
                    // `egemaps` has values of all that is as long as its longer frame, or none.
                    let has_frame = samples.len() >= (0.06 * f64::from(rate)).round() as usize;
                    assert!(
                        set != FeatureSet::EGEMAPS || value.is_finite() == has_frame,
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
