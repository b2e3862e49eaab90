//! The set `aubio`: pitch, onsets and spectral descriptors by aubio, each with its delta, times
//! statistics; and how voice is spread over the recording.
//!
//! A view of the recording by other algorithms than those of [`rich`](super::rich); frames are the
//! same, one every 10 ms, centred.

use crate::dsp::stats;
use crate::features::{Feature, StatisticGroup};
use crate::functional::rhythm::{self, Segments};
use crate::functional::{self, Scratch, Statistic};
use crate::lld::LldTable;
use crate::lld::aubio::{self, Analysis};

/// A voiced segment lasts at least this many frames (30 ms), as in `rich`.
const SHORTEST_VOICED: usize = 3;

/// The contour that says where sounds begin; it has statistics of its own.
const ONSET: &str = "aubio_onset";

/// Statistics of the onsets, in the order of [`onset_statistics`].
const ONSETS: [Statistic; 3] = [
    ("per_s", "onsets per second of recording"),
    (
        "interval_mean_s",
        "mean time from one to the next in seconds; null for fewer than 2",
    ),
    (
        "interval_std_s",
        "population standard deviation of these times in seconds; null for fewer than 2",
    ),
];

pub use crate::lld::aubio::llds;

/// The contours of [`llds`] over `samples` at `sample_rate` Hz.
pub fn table(samples: &[f32], sample_rate: u32) -> LldTable {
    LldTable {
        llds: llds(),
        hop_s: aubio::HOP_S,
        row_s: aubio::HOP_S,
        last_end_s: None,
        contours: Analysis::new(sample_rate).contours(samples),
    }
}

/// The features, in the order of [`functionals`].
pub fn features() -> Vec<Feature> {
    let mut features = Vec::new();
    let mut push = |descriptor: &str, statistics: &[Statistic]| {
        features.extend(Feature::of(descriptor, statistics));
    };
    for lld in llds() {
        if lld.name == ONSET {
            push(ONSET, &ONSETS);
            continue;
        }
        push(&lld.name, &functional::CONTOUR);
        push(&format!("{}_delta", lld.name), &functional::DELTA);
    }
    push("aubio_voiced", &rhythm::SEGMENTS);
    features
}

/// The statistics, by what they are taken of.
pub fn statistics() -> Vec<StatisticGroup> {
    let group = StatisticGroup::new;
    vec![
        group(
            "contour",
            "Statistics of a descriptor: NAME_STATISTIC",
            &functional::CONTOUR,
        ),
        group(
            "delta",
            "Statistics of its delta, the change over five frames: NAME_delta_STATISTIC",
            &functional::DELTA,
        ),
        group(
            "onset",
            "Of the onsets these alone: aubio_onset_STATISTIC",
            &ONSETS,
        ),
        group(
            "segment",
            "Statistics of voiced segments: aubio_voiced_STATISTIC",
            &rhythm::SEGMENTS,
        ),
    ]
}

/// Appends the values of [`features`] to `out`; NaN where undefined.
pub fn functionals(table: &LldTable, out: &mut Vec<f32>) {
    let mut scratch = Scratch::default();
    let mut delta = Vec::new();
    for (lld, contour) in table.llds.iter().zip(&table.contours) {
        if lld.name == ONSET {
            onset_statistics(contour, table.hop_s, out);
            continue;
        }
        stats::delta(contour, &mut delta);
        scratch.contour_statistics(contour, table.hop_s, out);
        scratch.delta_statistics(&delta, out);
    }
    let f0_hz = table.contour("aubio_f0_hz").expect("aubio has a pitch");
    Segments::of(f0_hz.iter().map(|f0| !f0.is_nan()), SHORTEST_VOICED).statistics(table.hop_s, out);
}

/// Appends the statistics [`ONSETS`] of marks that are 1 where a sound begins.
fn onset_statistics(marks: &[f32], hop_s: f64, out: &mut Vec<f32>) {
    let times_s: Vec<f64> = (0..marks.len())
        .filter(|&frame| marks[frame] == 1.0)
        .map(|frame| frame as f64 * hop_s)
        .collect();
    let intervals_s: Vec<f32> = times_s
        .windows(2)
        .map(|pair| (pair[1] - pair[0]) as f32)
        .collect();
    let [mean, std, ..] = stats::moments(&intervals_s);
    out.extend([
        (times_s.len() as f64 / (marks.len() as f64 * hop_s)) as f32,
        mean as f32,
        std as f32,
    ]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn onsets_are_counted_and_their_intervals_measured() {
        // Frames 10, 30 and 60 of 100, 10 ms each: 3 in a second, 0.2 and 0.3 s apart.
        let mut marks = vec![0.0; 100];
        for frame in [10, 30, 60] {
            marks[frame] = 1.0;
        }
        let mut out = Vec::new();
        onset_statistics(&marks, 0.01, &mut out);
        for (found, meant) in out.iter().zip([3.0, 0.25, 0.05]) {
            assert!((found - meant).abs() < 1e-6, "{out:?}");
        }
        out.clear();
        onset_statistics(&[0.0, 1.0], 0.01, &mut out);
        assert!((out[0] - 50.0).abs() < 1e-4 && out[1].is_nan() && out[2].is_nan());
    }
}
