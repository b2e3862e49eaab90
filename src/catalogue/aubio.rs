//! The set `aubio`: pitch, onsets and spectral descriptors by aubio, each with its delta, times statistics; and how voice is
//! spread over the recording. It uses other algorithms than `rich`.

use super::rich::{Summary, of_contour, of_recording};
use super::statistics::{CONTOUR, DELTA, ONSETS, SEGMENTS, StatisticGroup};
use super::{Column, Family, FeatureSet, Lld, Region, SetInfo, Side, Storage};

pub(super) static INFO: SetInfo = SetInfo {
    name: "aubio",
    version: 2,
    help: "17 descriptors by aubio and their deltas, times statistics",
    storage: Storage::Flat,
    edition: None,
    llds,
    deltas: None,
    columns,
    statistics,
    dictionary: None,
};

/// The contour that says where sounds begin; it has statistics of its own.
pub const ONSET: &str = "aubio_onset";

/// The statistics of a contour and of its delta, in the order of their columns.
const PARTS: [(bool, Summary); 2] = [(false, Summary::Contour), (true, Summary::Delta)];

fn llds() -> Vec<Lld> {
    [voice(), change(), shape(), onset()].concat()
}

fn lld(name: &str, unit: &'static str, (family, side): (Family, Side), definition: &str) -> Lld {
    Lld {
        name: format!("aubio_{name}"),
        unit,
        definition: definition.into(),
        voiced_only: false,
        family,
        side,
    }
}

const SHAPE: (Family, Side) = (Family::SpectralShape, Side::Filter);

/// Pitch and level.
fn voice() -> Vec<Lld> {
    vec![
        lld(
            "f0_hz",
            "Hz",
            (Family::Pitch, Side::Source),
            "fundamental frequency, 60 to 500 Hz, by YIN with FFT (aubio yinfast; de Cheveigné and Kawahara 2002); voiced where the \
             confidence is at least 0.5 and the level no more than 25 dB below the recording's 95th percentile",
        )
        .voiced(),
        lld(
            "f0_confidence",
            "1",
            (Family::VoiceQuality, Side::Source),
            "confidence of that pitch, 0 to 1, voiced or not: 1 less the minimum of YIN's normalised difference function",
        ),
        lld(
            "energy_db",
            "dB re full scale",
            (Family::Loudness, Side::Source),
            "10 log10 of the sum of squared magnitudes over the squared length of the spectrum, -100 at least",
        ),
        lld(
            "hfc_db",
            "dB re 1 Hz full scale",
            SHAPE,
            "high-frequency content (Masri 1996): 20 log10 of the sum of magnitudes times frequency over the length of the \
             spectrum, -100 at least",
        ),
    ]
}

/// How the spectrum changes.
fn change() -> Vec<Lld> {
    let change = "change of the spectrum from the frame before";
    vec![
        lld(
            "complex_db",
            "dB re full scale",
            SHAPE,
            &format!(
                "{change} in the complex domain (Duxbury et al. 2003), as a level, -100 at least"
            ),
        ),
        lld(
            "phase",
            "1",
            SHAPE,
            &format!("{change} in phase (Bello and Sandler 2003), mean over the bins"),
        ),
        lld(
            "specdiff_db",
            "dB re full scale",
            SHAPE,
            &format!("{change} in magnitude (Foote and Uchihashi 2001), as a level, -100 at least"),
        ),
        lld(
            "kl_db",
            "dB re full scale",
            SHAPE,
            &format!(
                "{change} by Kullback-Leibler divergence (Hainsworth and Macleod 2003), as a level, -100 at least"
            ),
        ),
        lld(
            "mkl",
            "1",
            SHAPE,
            &format!(
                "{change} by modified Kullback-Leibler divergence (Brossier 2006), mean over the bins; does not depend on the level"
            ),
        ),
        lld(
            "specflux_db",
            "dB re full scale",
            SHAPE,
            "spectral flux: sum of the increases in magnitude from the frame before (Dixon 2006), as a level, -100 at least",
        ),
    ]
}

/// How the spectrum lies.
fn shape() -> Vec<Lld> {
    vec![
        lld(
            "centroid_hz",
            "Hz",
            SHAPE,
            "mean frequency of the magnitude spectrum (Peeters 2004); null in digital silence",
        ),
        lld(
            "spread_hz",
            "Hz",
            SHAPE,
            "standard deviation of frequency around it (aubio's spread is its square); null in digital silence",
        ),
        lld(
            "skewness",
            "1",
            SHAPE,
            "third standardised moment of frequency; null in digital silence",
        ),
        lld(
            "kurtosis",
            "1",
            SHAPE,
            "fourth standardised moment of frequency, 3 for a normal shape; null in digital silence",
        ),
        lld(
            "decrease",
            "1",
            SHAPE,
            "spectral decrease (Peeters 2004): how the magnitudes rise or fall from the lowest bin; null in digital silence",
        ),
        lld(
            "rolloff_hz",
            "Hz",
            SHAPE,
            "frequency below which 95 % of the energy lie; null in digital silence",
        ),
    ]
}

fn onset() -> Vec<Lld> {
    vec![lld(
        "onset",
        "1",
        (Family::Rhythm, Side::Source),
        "1 on the frame in which a sound begins, 0 elsewhere: peaks of the high-frequency content, 50 ms apart at least (aubio onset)",
    )]
}

fn columns(set: FeatureSet) -> Vec<Column> {
    let mut columns = Vec::new();
    for lld in llds() {
        if lld.name == ONSET {
            let statistics = ONSETS.iter();
            columns.extend(statistics.map(|s| of_recording(set, ONSET, Some(&lld), lld.family, s)));
            continue;
        }
        for (is_delta, summary) in PARTS {
            let statistics = summary.statistics().iter();
            columns.extend(statistics.map(|s| of_contour(set, &lld, Region::All, is_delta, s)));
        }
    }
    let voiced = SEGMENTS.iter();
    columns.extend(voiced.map(|s| of_recording(set, "aubio_voiced", None, Family::Rhythm, s)));
    columns
}

fn statistics() -> Vec<StatisticGroup> {
    let group = StatisticGroup::new;
    vec![
        group(
            "contour",
            "Statistics of a descriptor: NAME_STATISTIC",
            &CONTOUR,
        ),
        group(
            "delta",
            "Statistics of its delta, the change over five frames: NAME_delta_STATISTIC",
            &DELTA,
        ),
        group(
            "onset",
            "Of the onsets these alone: aubio_onset_STATISTIC",
            &ONSETS,
        ),
        group(
            "segment",
            "Statistics of voiced segments: aubio_voiced_STATISTIC",
            &SEGMENTS,
        ),
    ]
}
