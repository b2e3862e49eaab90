//! Named feature sets: descriptors times statistics, a fixed function of one recording.

#[cfg(feature = "aubio")]
pub mod aubio;
mod covariance;
pub mod egemaps;
mod family;
mod kernels;
pub mod rich;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use family::Family;

use crate::audio::Audio;
use crate::error::{Error, Result};
use crate::functional::Statistic;
use crate::lld::{Lld, LldTable};

/// Version of the feature values. It rises when a value changes for the same audio; tables and
/// models of another version do not mix.
pub const FEATURES_VERSION: u32 = 2;

/// A named feature set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureSet {
    /// MFCC, mel bands, energy, pitch, spectral shape and chroma with deltas, times statistics.
    Rich,
    /// How descriptors of `rich` vary together: logarithms of their correlations.
    Covariance,
    /// Shapes of the contours of `rich`'s mel bands, and of pitch, by convolution kernels.
    SpectralKernels,
    /// The same of level, pitch and voicing.
    ProsodicKernels,
    /// eGeMAPSv02 as openSMILE computes it.
    Egemaps,
    /// Pitch, onsets and spectral descriptors by aubio, times statistics.
    #[cfg(feature = "aubio")]
    Aubio,
}

impl FeatureSet {
    /// Every set that this program computes.
    pub const ALL: &[FeatureSet] = &[
        FeatureSet::Rich,
        FeatureSet::Covariance,
        FeatureSet::SpectralKernels,
        FeatureSet::ProsodicKernels,
        FeatureSet::Egemaps,
        #[cfg(feature = "aubio")]
        FeatureSet::Aubio,
    ];
    /// What `default` stands for.
    pub const DEFAULT: [FeatureSet; 4] = [
        FeatureSet::Rich,
        FeatureSet::Covariance,
        FeatureSet::SpectralKernels,
        FeatureSet::ProsodicKernels,
    ];

    /// The name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            FeatureSet::Rich => "rich",
            FeatureSet::Covariance => "covariance",
            FeatureSet::SpectralKernels => "spectral_kernels",
            FeatureSet::ProsodicKernels => "prosodic_kernels",
            FeatureSet::Egemaps => "egemaps",
            #[cfg(feature = "aubio")]
            FeatureSet::Aubio => "aubio",
        }
    }

    /// Whether a table keeps its features in one column of lists, as no single one of them says much.
    pub fn is_view(self) -> bool {
        use FeatureSet::{Covariance, ProsodicKernels, SpectralKernels};
        matches!(self, Covariance | SpectralKernels | ProsodicKernels)
    }

    /// The descriptors of the set.
    pub fn llds(self) -> Vec<Lld> {
        match self {
            FeatureSet::Rich => rich::llds(),
            FeatureSet::Covariance => covariance::llds(),
            FeatureSet::SpectralKernels => kernels::SPECTRAL.llds(),
            FeatureSet::ProsodicKernels => kernels::PROSODIC.llds(),
            FeatureSet::Egemaps => egemaps::llds(),
            #[cfg(feature = "aubio")]
            FeatureSet::Aubio => aubio::llds(),
        }
    }

    /// The features of the set, in the order of their columns.
    pub fn features(self) -> Vec<Feature> {
        match self {
            FeatureSet::Rich => rich::features(),
            FeatureSet::Covariance => covariance::features(),
            FeatureSet::SpectralKernels => kernels::SPECTRAL.features(),
            FeatureSet::ProsodicKernels => kernels::PROSODIC.features(),
            FeatureSet::Egemaps => egemaps::features(),
            #[cfg(feature = "aubio")]
            FeatureSet::Aubio => aubio::features(),
        }
    }

    /// The statistics that the features are, by what they are taken of. Empty for a set whose
    /// [`dictionary`](FeatureSet::dictionary) says it feature by feature.
    pub fn statistics(self) -> Vec<StatisticGroup> {
        match self {
            FeatureSet::Rich => rich::statistics(),
            FeatureSet::Covariance => covariance::statistics(),
            FeatureSet::SpectralKernels => kernels::SPECTRAL.statistics(),
            FeatureSet::ProsodicKernels => kernels::PROSODIC.statistics(),
            FeatureSet::Egemaps => Vec::new(),
            #[cfg(feature = "aubio")]
            FeatureSet::Aubio => aubio::statistics(),
        }
    }

    /// The set's dictionary, where it has one.
    pub fn dictionary(self) -> Option<Dictionary> {
        match self {
            FeatureSet::Egemaps => Some(egemaps::dictionary()),
            _ => None,
        }
    }

    /// Parses `NAME[,NAME]`, where `default` stands for [`DEFAULT`](FeatureSet::DEFAULT).
    pub fn parse_list(text: &str) -> Result<Vec<FeatureSet>> {
        let mut sets = Vec::new();
        for name in text.split(',').map(str::trim) {
            let named = match name {
                "default" => FeatureSet::DEFAULT.to_vec(),
                _ => vec![name.parse()?],
            };
            let new: Vec<FeatureSet> = named
                .into_iter()
                .filter(|set| !sets.contains(set))
                .collect();
            sets.extend(new);
        }
        Ok(sets)
    }
}

impl FeatureSet {
    /// What each feature is, in plain words with its unit.
    pub fn meanings(self) -> BTreeMap<String, String> {
        let with_unit = |meaning: &str, unit: &str| match unit {
            "1" | "" => meaning.to_string(),
            unit => format!("{meaning} ({unit})"),
        };
        match self {
            FeatureSet::Covariance => return covariance::meanings(),
            FeatureSet::SpectralKernels => return kernels::SPECTRAL.meanings(),
            FeatureSet::ProsodicKernels => return kernels::PROSODIC.meanings(),
            _ => {}
        }
        if let Some(dictionary) = self.dictionary() {
            let entry = |entry: Entry| {
                let meaning = with_unit(&entry.meaning, &entry.unit);
                (entry.name, meaning)
            };
            return dictionary.features.into_iter().map(entry).collect();
        }
        let descriptors: HashMap<String, Lld> = self
            .llds()
            .into_iter()
            .map(|lld| (lld.name.clone(), lld))
            .collect();
        let groups = self.statistics();
        let statistic = |feature: &Feature| {
            // Words such as `local` mean one thing of jitter and another of shimmer.
            let own = groups
                .iter()
                .filter(|group| group.name == feature.descriptor);
            let statistics = own.chain(&groups).flat_map(|group| group.statistics);
            let named = statistics
                .into_iter()
                .find(|(name, _)| *name == feature.functional);
            named.map_or("", |(_, text)| plain(text))
        };
        let said = |feature: Feature| {
            let statistic = statistic(&feature);
            let parts = feature.descriptor.split_once("_delta");
            let (base, rest) = parts.unwrap_or((&feature.descriptor, ""));
            let base = base.strip_suffix("_voiced").unwrap_or(base);
            let of = match parts {
                Some(_) => "change from frame to frame of the ",
                None => "",
            };
            let meaning = match descriptors.get(base) {
                Some(lld) => {
                    let what = with_unit(plain(&lld.definition), lld.unit);
                    format!("{statistic} of the {of}{what}")
                }
                None => format!("{}: {statistic}", base.replace('_', " ")),
            };
            let voiced = feature.descriptor.ends_with("_voiced") || rest == "_voiced";
            let where_from = if voiced { ", in voiced frames" } else { "" };
            (feature.name, meaning + where_from)
        };
        self.features().into_iter().map(said).collect()
    }
}

/// A definition up to its first remark.
fn plain(definition: &str) -> &str {
    let end = [" (", ";", ":", ", 0 to 1"]
        .iter()
        .filter_map(|mark| definition.find(mark))
        .min();
    &definition[..end.unwrap_or(definition.len())]
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FeatureSet {
    type Err = Error;

    fn from_str(name: &str) -> Result<FeatureSet> {
        let known = FeatureSet::ALL.iter().copied();
        known.clone().find(|set| set.name() == name).ok_or_else(|| {
            let known = known.map(FeatureSet::name).collect::<Vec<_>>().join(", ");
            let missing = if name == "aubio" {
                "; this program was built without it (cargo feature `aubio`)"
            } else {
                ""
            };
            Error::Usage(format!(
                "unknown feature set {name:?}{missing}; available: {known}, default"
            ))
        })
    }
}

/// What each feature of some sets is, in plain words with its unit.
pub fn meanings(sets: &[FeatureSet]) -> BTreeMap<String, String> {
    sets.iter().flat_map(|set| set.meanings()).collect()
}

/// What a feature is: one entry of the dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Feature {
    /// Column name: `descriptor_functional`, but in the set `egemaps`, which has openSMILE's names.
    pub name: String,
    /// The descriptor it summarises.
    pub descriptor: String,
    /// The statistic.
    pub functional: String,
}

impl Feature {
    /// The features that `statistics` make of a descriptor.
    fn of(descriptor: &str, statistics: &[Statistic]) -> Vec<Feature> {
        let feature = |(functional, _): &Statistic| Feature {
            name: format!("{descriptor}_{functional}"),
            descriptor: descriptor.to_string(),
            functional: functional.to_string(),
        };
        statistics.iter().map(feature).collect()
    }
}

/// All that is to be said of a descriptor or a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Column name.
    pub name: String,
    /// Unit in words or symbols; "1" for a pure number.
    pub unit: String,
    /// What it tells, in plain words.
    pub meaning: String,
    /// How it is computed: a formula, and where the whole of it is written.
    pub definition: String,
    /// The values that it takes.
    pub range: String,
    /// Where it departs from the paper that defines it, or from what its name promises.
    pub deviation: Option<String>,
}

/// What a set consists of, entry by entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dictionary {
    /// Where the definitions are written in full; numbers in brackets are its sections.
    pub source: &'static str,
    /// The descriptors, in the order of their columns.
    pub descriptors: Vec<Entry>,
    /// The features, in the order of their columns.
    pub features: Vec<Entry>,
}

/// Statistics that are taken of the same things: a part of the dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatisticGroup {
    /// One word for it, as in `contour`.
    pub name: &'static str,
    /// What the statistics are taken of, and how the columns are named.
    pub title: &'static str,
    /// The statistics.
    pub statistics: &'static [Statistic],
}

impl StatisticGroup {
    fn new(
        name: &'static str,
        title: &'static str,
        statistics: &'static [Statistic],
    ) -> StatisticGroup {
        StatisticGroup {
            name,
            title,
            statistics,
        }
    }
}

/// Computes feature sets; planned once and reused, one per thread.
pub struct Extractor {
    sets: Vec<FeatureSet>,
    /// The plans of `rich`, one per sample rate met.
    rich: HashMap<u32, rich::Plan>,
    /// Those of `egemaps`.
    egemaps: HashMap<u32, egemaps::Plan>,
}

impl Extractor {
    /// An extractor of `sets`.
    pub fn new(sets: &[FeatureSet]) -> Extractor {
        Extractor {
            sets: sets.to_vec(),
            rich: HashMap::new(),
            egemaps: HashMap::new(),
        }
    }

    /// The features of one recording, one value per [`FeatureSet::features`] of each set; NaN where
    /// undefined.
    pub fn functionals(&mut self, audio: &Audio) -> Vec<f32> {
        let mut out = Vec::new();
        // Several sets want it.
        let of_rich = |set: &FeatureSet| *set == FeatureSet::Rich || set.is_view();
        let analysis = self.sets.iter().any(of_rich).then(|| self.analysis(audio));
        let analysis = || analysis.as_ref().expect("one of these sets is wanted");
        for set in self.sets.clone() {
            match set {
                FeatureSet::Rich => rich::functionals(analysis(), &mut out),
                FeatureSet::Covariance => covariance::values(analysis(), &mut out),
                FeatureSet::SpectralKernels => kernels::SPECTRAL.values(analysis(), &mut out),
                FeatureSet::ProsodicKernels => kernels::PROSODIC.values(analysis(), &mut out),
                FeatureSet::Egemaps => {
                    let contours = self.egemaps(audio.sample_rate).analyse(&audio.samples);
                    egemaps::functionals(&contours, &mut out);
                }
                #[cfg(feature = "aubio")]
                FeatureSet::Aubio => {
                    let table = aubio::table(&audio.samples, audio.sample_rate);
                    aubio::functionals(&table, &mut out);
                }
            }
        }
        out
    }

    /// The descriptor contours of one recording, by the first of the sets.
    pub fn llds(&mut self, audio: &Audio) -> LldTable {
        match self.sets[0] {
            FeatureSet::Rich => self.analysis(audio).llds,
            set @ (FeatureSet::Covariance
            | FeatureSet::SpectralKernels
            | FeatureSet::ProsodicKernels) => self.analysis(audio).llds.only(set.llds()),
            FeatureSet::Egemaps => {
                egemaps::table(&self.egemaps(audio.sample_rate).analyse(&audio.samples))
            }
            #[cfg(feature = "aubio")]
            FeatureSet::Aubio => aubio::table(&audio.samples, audio.sample_rate),
        }
    }

    /// What `rich` and the views made of its contours want.
    fn analysis(&mut self, audio: &Audio) -> rich::Analysis {
        let plan = self.rich.entry(audio.sample_rate);
        let plan = plan.or_insert_with(|| rich::Plan::new(audio.sample_rate));
        plan.analyse(&audio.samples)
    }

    fn egemaps(&mut self, sample_rate: u32) -> &mut egemaps::Plan {
        self.egemaps
            .entry(sample_rate)
            .or_insert_with(|| egemaps::Plan::new(sample_rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features_of(set: FeatureSet, samples: &[f32], sample_rate: u32) -> Vec<f32> {
        let samples = samples.to_vec();
        Extractor::new(&[set]).functionals(&Audio {
            samples,
            sample_rate,
        })
    }

    #[test]
    fn names_are_unique_and_as_many_as_values() {
        for set in FeatureSet::ALL {
            let names: std::collections::HashSet<String> =
                set.features().into_iter().map(|f| f.name).collect();
            assert_eq!(names.len(), set.features().len(), "{set}");
            assert!(
                names.len() <= 2000,
                "{set}: {} columns: a view this wide belongs in one list column",
                names.len()
            );
            // A name of `rich` needs no prefix; those of aubio begin with its own.
            let has_prefix = |name: &String| name.starts_with("aubio_");
            assert!(
                names
                    .iter()
                    .all(|name| has_prefix(name) == (set.name() == "aubio"))
            );
            assert_eq!(
                features_of(*set, &[0.1; 4000], 16_000).len(),
                names.len(),
                "{set}"
            );
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
        for (set, rate) in FeatureSet::ALL
            .iter()
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
                let values = features_of(*set, samples, rate);
                for (value, feature) in values.iter().zip(set.features()) {
                    // `egemaps` has values of all that is as long as its longer frame, or none.
                    let has_frame = samples.len() >= (0.06 * f64::from(rate)).round() as usize;
                    assert!(
                        *set != FeatureSet::Egemaps || value.is_finite() == has_frame,
                        "{} of {} samples at {rate} Hz is {value}",
                        feature.name,
                        samples.len()
                    );
                    assert!(
                        !value.is_infinite(),
                        "{} of {} samples at {rate} Hz",
                        feature.name,
                        samples.len()
                    );
                }
            }
        }
    }

    #[test]
    fn a_set_that_was_left_out_of_the_build_is_named_as_such() {
        let parsed = "aubio".parse::<FeatureSet>();
        if cfg!(feature = "aubio") {
            assert_eq!(parsed.unwrap().name(), "aubio");
        } else {
            assert_eq!(
                parsed.unwrap_err().to_string(),
                "unknown feature set \"aubio\"; this program was built without it (cargo feature `aubio`); available: rich, covariance, spectral_kernels, prosodic_kernels, egemaps, default"
            );
        }
    }

    #[test]
    fn every_feature_is_said_in_plain_words() {
        let rich = FeatureSet::Rich.meanings();
        assert_eq!(rich.len(), FeatureSet::Rich.features().len());
        assert!(
            rich.values()
                .all(|words| words.len() > 8 && !words.starts_with(" of"))
        );
        assert_eq!(
            rich["mfcc_1_p50"],
            "median of the mel-frequency cepstral coefficient 1 of 26 log-mel bands, balance of low against high frequencies (dB)"
        );
        assert!(
            rich["shimmer_local"].contains("amplitudes"),
            "{}",
            rich["shimmer_local"]
        );
        assert!(FeatureSet::Egemaps.meanings()["loudness_sma3_amean"].len() > 8);
    }
}
