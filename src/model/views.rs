//! Feature groups, here called views: they look at a recording from different sides, and err differently.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::catalogue::{self, FeatureSet, Side};

/// A feature group, by the names of its features: a view of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum View {
    /// Statistics of descriptors: every feature but those of the feature sets below.
    Statistics,
    /// Those of the statistics that tell of the source of speech and of its time: pitch, level, voice
    /// quality, pauses and rhythm; with them formants and zero crossings, in few numbers.
    Source,
    /// The other statistics, those of the filter: spectral envelope and shape. (Source and filter: Fant
    /// 1960, "Acoustic theory of speech production".)
    Filter,
    /// The feature set `covariance`.
    Covariance,
    /// The feature set `spectral_kernels`.
    SpectralKernels,
    /// The feature set `prosodic_kernels`.
    ProsodicKernels,
    /// Every feature there is, compared by the inner product. Alone it makes a model as small as a linear
    /// machine, a weight for each feature and class; beside the others it says nothing new.
    All,
}

impl View {
    /// Those that the classifier takes unless told otherwise.
    pub const DEFAULT: [View; 6] = [
        View::Statistics,
        View::Source,
        View::Filter,
        View::Covariance,
        View::SpectralKernels,
        View::ProsodicKernels,
    ];

    /// The name, as in `views=statistics+covariance`.
    pub fn name(self) -> &'static str {
        match self {
            View::Statistics => "statistics",
            View::Source => "source",
            View::Filter => "filter",
            View::Covariance => "covariance",
            View::SpectralKernels => "spectral_kernels",
            View::ProsodicKernels => "prosodic_kernels",
            View::All => "all",
        }
    }

    /// The places of its features among `names`.
    pub fn places(self, names: &[String]) -> Vec<usize> {
        (0..names.len())
            .filter(|&place| self.has(&names[place]))
            .collect()
    }

    /// A name that the catalogue does not know is a statistic of neither side.
    fn has(self, name: &str) -> bool {
        let known = catalogue::column(name);
        let side = known.and_then(|column| column.side);
        let of_set = |set| known.is_some_and(|column| column.set == set);
        let is_list = known.is_some_and(|column| column.set.is_list());
        match self {
            View::Statistics => !is_list,
            View::Source => side == Some(Side::Source),
            View::Filter => side == Some(Side::Filter),
            View::Covariance => of_set(FeatureSet::COVARIANCE),
            View::SpectralKernels => of_set(FeatureSet::SPECTRAL_KERNELS),
            View::ProsodicKernels => of_set(FeatureSet::PROSODIC_KERNELS),
            View::All => true,
        }
    }
}

impl fmt::Display for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for View {
    type Err = String;

    fn from_str(name: &str) -> Result<View, String> {
        let mut known = View::DEFAULT.into_iter().chain([View::All]);
        known.find(|view| view.name() == name).ok_or_else(|| {
            let known = View::DEFAULT.map(View::name).join(", ");
            format!("feature group {name:?}; expected some of {known}, joined by +, or all")
        })
    }
}

#[test]
fn a_feature_is_seen_from_its_sides() {
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
    let places = View::DEFAULT.map(|view| view.places(&names));
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
    assert_eq!(View::All.places(&names), (0..8).collect::<Vec<_>>());
    assert_eq!("source".parse(), Ok(View::Source));
    assert_eq!("all".parse(), Ok(View::All));
}
