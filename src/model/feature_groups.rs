//! Feature groups: features of one kind. Learners on different groups make different errors, so that `fusion` gains from
//! adding them up.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::catalogue::{self, FeatureSet, Side};

/// A feature group. Features belong to it by their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureGroup {
    /// Statistics of descriptors: every feature but those of the feature sets below.
    Statistics,
    /// Statistics of the source of speech and of its timing: pitch, level, voice quality, pauses and
    /// rhythm; also formants and zero crossings, which are few.
    Source,
    /// Statistics of the filter: spectral envelope and shape. (Source and filter: Fant 1960, "Acoustic
    /// theory of speech production".)
    Filter,
    /// The feature set `covariance`: log-correlations.
    Covariance,
    /// The feature set `spectral_kernels`.
    SpectralKernels,
    /// The feature set `prosodic_kernels`.
    ProsodicKernels,
    /// Every feature, compared by the inner product. On its own it makes a model as small as a linear
    /// machine, a weight for each feature and class; beside the others it adds nothing.
    All,
}

impl FeatureGroup {
    /// The groups that `fusion` uses by default.
    pub const DEFAULT: [FeatureGroup; 6] = [
        FeatureGroup::Statistics,
        FeatureGroup::Source,
        FeatureGroup::Filter,
        FeatureGroup::Covariance,
        FeatureGroup::SpectralKernels,
        FeatureGroup::ProsodicKernels,
    ];

    /// The name, as in `views=statistics+covariance`.
    pub fn name(self) -> &'static str {
        match self {
            FeatureGroup::Statistics => "statistics",
            FeatureGroup::Source => "source",
            FeatureGroup::Filter => "filter",
            FeatureGroup::Covariance => "covariance",
            FeatureGroup::SpectralKernels => "spectral_kernels",
            FeatureGroup::ProsodicKernels => "prosodic_kernels",
            FeatureGroup::All => "all",
        }
    }

    /// The places of its features among `names`.
    pub fn places(self, names: &[String]) -> Vec<usize> {
        (0..names.len())
            .filter(|&place| self.has(&names[place]))
            .collect()
    }

    /// A feature that the catalogue does not know is a statistic of neither side.
    fn has(self, name: &str) -> bool {
        let known = catalogue::column(name);
        let side = known.and_then(|column| column.side);
        let of_set = |set| known.is_some_and(|column| column.set == set);
        let is_list = known.is_some_and(|column| column.set.is_list());
        match self {
            FeatureGroup::Statistics => !is_list,
            FeatureGroup::Source => side == Some(Side::Source),
            FeatureGroup::Filter => side == Some(Side::Filter),
            FeatureGroup::Covariance => of_set(FeatureSet::COVARIANCE),
            FeatureGroup::SpectralKernels => of_set(FeatureSet::SPECTRAL_KERNELS),
            FeatureGroup::ProsodicKernels => of_set(FeatureSet::PROSODIC_KERNELS),
            FeatureGroup::All => true,
        }
    }
}

impl fmt::Display for FeatureGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FeatureGroup {
    type Err = String;

    fn from_str(name: &str) -> Result<FeatureGroup, String> {
        let mut known = FeatureGroup::DEFAULT.into_iter().chain([FeatureGroup::All]);
        let is_named = |group: &FeatureGroup| {
            let alias = FeatureSet::COVARIANCE
                .alias()
                .filter(|_| *group == FeatureGroup::Covariance);
            group.name() == name || alias == Some(name)
        };
        known.find(is_named).ok_or_else(|| {
            let known = FeatureGroup::DEFAULT.map(FeatureGroup::name).join(", ");
            format!("feature group {name:?}; expected some of {known}, joined by +, or all")
        })
    }
}

#[test]
fn a_feature_belongs_to_its_groups() {
    let names = [
        "f0_hz_mean",
        "mfcc_1_mean",
        "covariance_f0_semitone_cpp_db",
        "spectral_kernel_3_low",
        "spectral_flux_mean",
        "prosodic_kernel_3_low",
        "F1frequency_sma3nz_amean",
        "MeanVoicedSegmentLengthSec",
    ]
    .map(String::from);
    let places = FeatureGroup::DEFAULT.map(|group| group.places(&names));
    assert_eq!(
        places,
        [
            vec![0, 1, 4, 6, 7],
            vec![0, 6, 7],
            vec![1, 4],
            vec![2],
            vec![3],
            vec![5]
        ]
    );
    assert_eq!(FeatureGroup::All.places(&names), (0..8).collect::<Vec<_>>());
    assert_eq!("source".parse(), Ok(FeatureGroup::Source));
    assert_eq!("all".parse(), Ok(FeatureGroup::All));
    assert_eq!("log-correlation".parse(), Ok(FeatureGroup::Covariance));
}
