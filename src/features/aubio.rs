//! The set `aubio`: pitch, onsets and spectral descriptors by aubio, each with its delta, times
//! statistics; and how voice is spread over the recording.
//!
//! The algorithms differ from those of [`rich`](super::rich); the frames are the same, one every 10 ms, centred.

use super::{Computation, Wanted};
use crate::audio::Audio;
use crate::catalogue::FeatureSet;
use crate::catalogue::aubio::ONSET;
use crate::dsp::stats;
use crate::functional::Scratch;
use crate::functional::rhythm::Segments;
use crate::lld::LldTable;
use crate::lld::aubio::Analysis;

pub(super) const COMPUTATION: Computation = Computation {
    set: FeatureSet::AUBIO,
    functionals: |_, _, audio, out| functionals(&table(audio), out),
    contours: |_, _, audio| table(audio),
    deltas: None,
    wanted: Wanted::NOTHING,
};

/// A voiced segment lasts at least this many frames (30 ms), as in `rich`.
const SHORTEST_VOICED: usize = 3;

fn table(audio: &Audio) -> LldTable {
    Analysis::new(audio.sample_rate).table(&audio.samples)
}

/// Appends the values of the set's columns to `out`; NaN where undefined.
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

/// Appends the statistics of marks that are 1 where a sound begins.
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
