//! Log-correlation, the set `covariance`: how descriptors of `rich` and their deltas vary together in the speech of a
//! recording.

use super::statistics::{LOG_CORRELATION, StatisticGroup};
use super::{Column, Family, FeatureSet, Lld, Region, SetInfo, Storage, rich};

pub(super) static INFO: SetInfo = SetInfo {
    name: "covariance",
    version: 2,
    help: "log-correlations of 30 descriptors of rich and their deltas",
    storage: Storage::List,
    edition: None,
    llds,
    deltas: None,
    columns,
    statistics,
    dictionary: None,
};

/// Descriptors that hardly repeat one another: the envelope by MFCC rather than by mel bands, which are
/// the same, and of voice quality what is known on every frame or from vowel to vowel.
pub const DESCRIPTORS: [&str; 30] = [
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

fn llds() -> Vec<Lld> {
    rich::named(&DESCRIPTORS.map(str::to_string))
}

/// A row of the matrix: a descriptor, or its delta.
struct Row {
    name: String,
    words: String,
}

/// The upper triangle of the matrix, row by row: descriptors, then their deltas.
fn columns(set: FeatureSet) -> Vec<Column> {
    let descriptor = |name: &str| Row {
        name: name.to_string(),
        words: name.to_string(),
    };
    let delta = |name: &str| Row {
        name: format!("{name}_delta"),
        words: format!("the change of {name}"),
    };
    let rows = DESCRIPTORS.iter().map(|name| descriptor(name));
    let rows: Vec<Row> = rows
        .chain(DESCRIPTORS.iter().map(|name| delta(name)))
        .collect();
    let column = |a: &Row, b: &Row| {
        let (name, of, meaning) = match a.name == b.name {
            true => (
                format!("covariance_{}", a.name),
                a.name.clone(),
                format!("how much of {} goes its own way", a.words),
            ),
            false => (
                format!("covariance_{}_{}", a.name, b.name),
                format!("{}, {}", a.name, b.name),
                format!("how far {} and {} move together", a.words, b.words),
            ),
        };
        Column {
            name,
            set,
            of,
            functional: LOG_CORRELATION[0].name,
            region: Region::All,
            is_delta: false,
            unit: LOG_CORRELATION[0].unit_of("1"),
            meaning,
            family: Family::Interplay,
            side: None,
            plain: None,
        }
    };
    let column = &column;
    let row = |i: usize| {
        let rows = &rows;
        (i..rows.len()).map(move |j| column(&rows[i], &rows[j]))
    };
    (0..rows.len()).flat_map(row).collect()
}

fn statistics() -> Vec<StatisticGroup> {
    vec![StatisticGroup {
        name: "covariance",
        title: "Of each pair of descriptors or deltas: covariance_NAME_NAME, and covariance_NAME on the diagonal (Arsigny et al. \
             2007; Ye et al. 2008)",
        statistics: &LOG_CORRELATION,
    }]
}
