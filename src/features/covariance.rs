//! The set `covariance`: how descriptors of `rich` and their deltas vary together in the speech of a
//! recording. See [`covariance`] of the functionals for the method and its source.

use std::collections::BTreeMap;

use crate::features::rich::Analysis;
use crate::features::{Feature, StatisticGroup};
use crate::functional::{Statistic, covariance};
use crate::lld::Lld;

/// Descriptors that hardly repeat one another: the envelope by MFCC rather than by mel bands, which are
/// the same, and of voice quality what is known on every frame or from vowel to vowel.
const DESCRIPTORS: [&str; 30] = [
    "mfcc_0",
    "mfcc_1",
    "mfcc_2",
    "mfcc_3",
    "mfcc_4",
    "mfcc_5",
    "mfcc_6",
    "mfcc_7",
    "mfcc_8",
    "mfcc_9",
    "mfcc_10",
    "mfcc_11",
    "mfcc_12",
    "log_energy_db",
    "zcr",
    "voicing",
    "spectral_centroid_hz",
    "spectral_bandwidth_hz",
    "spectral_rolloff_25_hz",
    "spectral_rolloff_50_hz",
    "spectral_rolloff_75_hz",
    "spectral_rolloff_90_hz",
    "spectral_flatness",
    "spectral_flux",
    "spectral_entropy",
    "spectral_slope_db_per_khz",
    "spectral_skewness",
    "f0_semitone",
    "hnr_db",
    "cpp_db",
];

const LOG_CORRELATION: [Statistic; 1] = [(
    "log_correlation",
    "entry of the matrix logarithm of the correlations of all descriptors and deltas, times the root of 2 beside the \
     diagonal: 0 where two have nothing in common; the diagonal falls the more the others say of one",
)];

/// The descriptors, in the order of the matrix.
pub fn llds() -> Vec<Lld> {
    super::rich::named(&DESCRIPTORS)
}

/// The statistic.
pub fn statistics() -> Vec<StatisticGroup> {
    vec![StatisticGroup::new(
        "covariance",
        "Of each pair of descriptors or deltas: covariance_NAME_NAME, and covariance_NAME on the diagonal (Arsigny et al. \
         2007; Ye et al. 2008)",
        &LOG_CORRELATION,
    )]
}

/// The rows of the matrix: descriptors, then their deltas.
fn rows() -> Vec<String> {
    let deltas = DESCRIPTORS.iter().map(|name| format!("{name}_delta"));
    DESCRIPTORS
        .map(str::to_string)
        .into_iter()
        .chain(deltas)
        .collect()
}

/// The places of the upper triangle, row by row, with the names of row and column.
fn pairs(rows: &[String]) -> impl Iterator<Item = (&str, &str)> {
    (0..rows.len()).flat_map(move |i| (i..rows.len()).map(move |j| (&*rows[i], &*rows[j])))
}

/// The features, in the order of [`values`].
pub fn features() -> Vec<Feature> {
    let rows = rows();
    let feature = |(a, b): (&str, &str)| Feature {
        name: name(a, b),
        descriptor: if a == b {
            a.to_string()
        } else {
            format!("{a}, {b}")
        },
        functional: LOG_CORRELATION[0].0.to_string(),
    };
    pairs(&rows).map(feature).collect()
}

fn name(a: &str, b: &str) -> String {
    match a == b {
        true => format!("covariance_{a}"),
        false => format!("covariance_{a}_{b}"),
    }
}

/// What each feature is, in plain words.
pub fn meanings() -> BTreeMap<String, String> {
    let rows = rows();
    let meaning = |(a, b): (&str, &str)| {
        let meaning = match a == b {
            true => format!("how much of {} goes its own way", plain(a)),
            false => format!("how far {} and {} move together", plain(a), plain(b)),
        };
        (name(a, b), meaning)
    };
    pairs(&rows).map(meaning).collect()
}

fn plain(row: &str) -> String {
    match row.strip_suffix("_delta") {
        Some(name) => format!("the change of {name}"),
        None => row.to_string(),
    }
}

/// Appends the values of [`features`] to `out`; NaN where there are no two frames of speech.
pub fn values(analysis: &Analysis, out: &mut Vec<f32>) {
    covariance::log_correlations(&analysis.in_speech(&DESCRIPTORS), out);
}
