//! Frame arithmetic, in one place: how many frames a recording has and which samples belong to each; and the same for the
//! windows that a long recording is cut into.
//!
//! Frames are centred: frame `t` has its middle at sample `t * hop`, samples outside the recording
//! count as zero, and there are `1 + len / hop` of them. This is what librosa 0.11 does with
//! `center=True, pad_mode="constant"`.

use std::ops::Range;

/// Width and hop of a short-time analysis, in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framing {
    /// Samples in a frame.
    pub width: usize,
    /// Samples from one frame to the next.
    pub hop: usize,
}

impl Framing {
    /// Framing of `width_s` and `hop_s` seconds at `sample_rate` Hz, each rounded to whole samples.
    pub fn new(sample_rate: u32, width_s: f64, hop_s: f64) -> Framing {
        let samples = |seconds: f64| ((seconds * f64::from(sample_rate)).round() as usize).max(1);
        Framing {
            width: samples(width_s),
            hop: samples(hop_s),
        }
    }

    /// Number of frames of a recording of `len` samples.
    pub fn count(&self, len: usize) -> usize {
        1 + len / self.hop
    }

    /// The samples of a recording of `len` that lie in frame `index`; what it has beyond them is
    /// zero.
    pub fn inside(&self, len: usize, index: usize) -> Range<usize> {
        let (middle, half) = (index * self.hop, self.width / 2);
        let end = (middle + self.width - half).min(len);
        middle.saturating_sub(half).min(end)..end
    }

    /// Copies frame `index` to `out`, whose length must be [`width`](Framing::width); zero outside
    /// the recording.
    pub fn copy(&self, samples: &[f32], index: usize, out: &mut [f32]) {
        debug_assert_eq!(out.len(), self.width);
        let inside = self.inside(samples.len(), index);
        let before = (self.width / 2).saturating_sub(index * self.hop);
        let after = before + inside.len();
        out[..before].fill(0.0);
        out[before..after].copy_from_slice(&samples[inside]);
        out[after..].fill(0.0);
    }
}

/// The samples of each window of `width_s` seconds that begins every `hop_s` (at most `width_s`)
/// seconds of a recording of `len` samples.
///
/// The last window is the one that reaches the end, where it is cut; if that leaves less than half of it, it is left out.
/// A recording shorter than a window is one window.
pub fn windows(len: usize, sample_rate: u32, width_s: f64, hop_s: f64) -> Vec<Range<usize>> {
    let samples = |seconds: f64| (seconds * f64::from(sample_rate)).round() as usize;
    let width = samples(width_s).max(1);
    let mut windows = Vec::new();
    loop {
        let start = samples(windows.len() as f64 * hop_s).min(len);
        let end = start.saturating_add(width).min(len);
        if !windows.is_empty() && 2 * (end - start) < width {
            return windows;
        }
        windows.push(start..end);
        if end == len {
            return windows;
        }
    }
}

#[test]
fn windows_reach_the_end_and_no_stump_remains() {
    let table = [
        // Length, width, hop in samples of 1 Hz -> bounds.
        (6, 2.0, 2.0, vec![(0, 2), (2, 4), (4, 6)]),
        (7, 4.0, 4.0, vec![(0, 4), (4, 7)]),
        (6, 4.0, 4.0, vec![(0, 4), (4, 6)]),
        (5, 4.0, 4.0, vec![(0, 4)]),
        (6, 4.0, 2.0, vec![(0, 4), (2, 6)]),
        (7, 4.0, 2.0, vec![(0, 4), (2, 6), (4, 7)]),
        (5, 4.0, 3.0, vec![(0, 4), (3, 5)]),
        (4, 4.0, 1.0, vec![(0, 4)]),
        (1, 4.0, 1.0, vec![(0, 1)]),
        (5, 2.0, 1.5, vec![(0, 2), (2, 4), (3, 5)]),
    ];
    for (len, width, hop, bounds) in table {
        let found: Vec<_> = windows(len, 1, width, hop)
            .iter()
            .map(|w| (w.start, w.end))
            .collect();
        assert_eq!(found, bounds, "{len} {width} {hop}");
    }
    assert_eq!(windows(16000 * 3, 16000, 2.0, 1.0).len(), 2);
}

#[test]
fn frames_are_centred_and_zero_padded() {
    let framing = Framing { width: 4, hop: 3 };
    let samples = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    assert_eq!(framing.count(samples.len()), 3);
    let mut frame = [9.0; 4];
    framing.copy(&samples, 0, &mut frame);
    assert_eq!(frame, [0.0, 0.0, 1.0, 2.0]);
    framing.copy(&samples, 1, &mut frame);
    assert_eq!(frame, [2.0, 3.0, 4.0, 5.0]);
    framing.copy(&samples, 2, &mut frame);
    assert_eq!(frame, [5.0, 6.0, 0.0, 0.0]);
    assert_eq!(
        [0, 1, 2].map(|index| framing.inside(6, index)),
        [0..2, 1..5, 4..6]
    );
}

#[test]
fn a_recording_shorter_than_a_frame_has_one_frame() {
    let framing = Framing::new(16000, 0.025, 0.010);
    assert_eq!(
        framing,
        Framing {
            width: 400,
            hop: 160
        }
    );
    assert_eq!(framing.count(1), 1);
    let mut frame = vec![9.0; 400];
    framing.copy(&[0.5], 0, &mut frame);
    assert_eq!(frame.iter().sum::<f32>(), 0.5);
}
