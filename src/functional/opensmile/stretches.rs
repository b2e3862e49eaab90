//! Stretches of voiced or unvoiced frames (section 12.6 of the specification of eGeMAPSv02). A segment is counted one frame
//! short.

use super::FRAME_S;
use crate::dsp::stats;

/// A segment has at least this many frames.
const SHORTEST_SEGMENT: usize = 3;
/// Stretches behind these are not counted, whatever the length of the recording.
const MOST_SEGMENTS: usize = 1000;

/// Lengths of stretches of voiced or unvoiced frames (the paper's segments).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Stretches {
    /// Stretches per second.
    pub per_s: f32,
    /// Mean length in seconds; 0 of none.
    pub mean_s: f32,
    /// Population standard deviation of the length in seconds; 0 of fewer than 2.
    pub deviation_s: f32,
}

impl Stretches {
    /// Of the frames that `is_inside` marks; the first 1000 count.
    pub fn of(is_inside: impl Iterator<Item = bool> + Clone) -> Stretches {
        let frames = is_inside.clone().count();
        let mut lengths = lengths(is_inside);
        lengths.truncate(MOST_SEGMENTS);
        if lengths.is_empty() {
            return Stretches::default();
        }
        let lengths: Vec<f32> = lengths.iter().map(|&n| n as f32 * FRAME_S).collect();
        let [mean, deviation, ..] = stats::moments(&lengths);
        Stretches {
            per_s: lengths.len() as f32 / (frames as f32 * FRAME_S),
            mean_s: mean as f32,
            deviation_s: deviation as f32,
        }
    }
}

/// The lengths, in frames, of the stretches of frames that `is_inside` marks: frames at most one apart belong together,
/// and three are needed. A stretch is as long as from its first frame to its last.
pub fn lengths(is_inside: impl Iterator<Item = bool>) -> Vec<usize> {
    let mut lengths = Vec::new();
    // First and last frame of the segment that is growing, and its frames.
    let mut growing: Option<(usize, usize, usize)> = None;
    let mut finish = |segment: Option<(usize, usize, usize)>| {
        if let Some((first, last, n)) = segment
            && n >= SHORTEST_SEGMENT
        {
            lengths.push(last - first);
        }
    };
    for (index, _) in is_inside.enumerate().filter(|(_, is_inside)| *is_inside) {
        growing = match growing {
            Some((first, last, n)) if index - last <= 2 => Some((first, index, n + 1)),
            before => {
                finish(before);
                Some((index, index, 1))
            }
        };
    }
    finish(growing);
    lengths
}
