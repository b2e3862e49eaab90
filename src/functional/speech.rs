//! Contours cut to the speech and without gaps, as statistics over several contours need them.

use std::ops::Range;

use crate::dsp::stats;

/// Frames this far below the recording's 95th percentile of the level are silence before the speech
/// or after it: its dynamic range of 30 dB (ANSI S3.5-1997) and 5 for the tails of sounds.
const SILENCE_BELOW_DB: f64 = 35.0;

/// From the first frame to the last whose level, in dB, is that of speech.
pub fn speech(level_db: &[f32]) -> Range<usize> {
    let mut sorted = level_db.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let least = stats::percentile(&sorted, 95.0) - SILENCE_BELOW_DB;
    let is_speech = |&db: &f32| f64::from(db) > least;
    match level_db.iter().position(is_speech) {
        Some(first) => first..level_db.iter().rposition(is_speech).unwrap_or(first) + 1,
        None => 0..0,
    }
}

/// The contour with its gaps (NaN) bridged by straight lines; before the first value and after the
/// last it stays level. All 0 where there is no value.
pub fn bridged(contour: &[f32]) -> Vec<f32> {
    let known: Vec<usize> = (0..contour.len())
        .filter(|&t| !contour[t].is_nan())
        .collect();
    let (Some(&first), Some(&last)) = (known.first(), known.last()) else {
        return vec![0.0; contour.len()];
    };
    let mut out = contour.to_vec();
    out[..first].fill(contour[first]);
    out[last..].fill(contour[last]);
    for pair in known.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let step = (contour[to] - contour[from]) / (to - from) as f32;
        for (frames, value) in out[from..to].iter_mut().enumerate() {
            *value = contour[from] + step * frames as f32;
        }
    }
    out
}

#[test]
fn gaps_are_bridged_and_silence_is_cut() {
    let gap = f32::NAN;
    assert_eq!(
        bridged(&[gap, 1.0, gap, gap, 4.0, gap]),
        [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    );
    assert_eq!(bridged(&[gap, gap]), [0.0, 0.0]);
    assert_eq!(speech(&[-90.0, -20.0, -70.0, -25.0, -80.0]), 1..4);
    assert_eq!(speech(&[]), 0..0);
}
