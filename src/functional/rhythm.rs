//! Rhythm: how voice, pauses and syllables are distributed over a recording.

use crate::dsp::stats;

/// Runs of frames for which something holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Segments {
    /// Length of each run in frames.
    pub lengths: Vec<usize>,
    /// Number of frames in all, in runs or not.
    pub frames: usize,
}

impl Segments {
    /// Runs of at least `shortest` frames for which `holds` is true.
    pub fn of(holds: impl Iterator<Item = bool>, shortest: usize) -> Segments {
        let (mut lengths, mut run, mut frames) = (Vec::new(), 0, 0);
        for holds in holds.chain([false]) {
            frames += 1;
            if holds {
                run += 1;
            } else {
                if run >= shortest.max(1) {
                    lengths.push(run);
                }
                run = 0;
            }
        }
        Segments {
            lengths,
            frames: frames - 1,
        }
    }

    /// Appends the statistics [`SEGMENTS`](crate::catalogue::statistics::SEGMENTS) to `out`.
    pub fn statistics(&self, hop_s: f64, out: &mut Vec<f32>) {
        let lengths_s: Vec<f32> = self
            .lengths
            .iter()
            .map(|&n| (n as f64 * hop_s) as f32)
            .collect();
        let covered: usize = self.lengths.iter().sum();
        let [mean, std, ..] = stats::moments(&lengths_s);
        let longest = lengths_s.iter().copied().fold(f32::NAN, f32::max);
        out.extend([
            (covered as f64 / self.frames as f64) as f32,
            (lengths_s.len() as f64 / (self.frames as f64 * hop_s)) as f32,
            mean as f32,
            std as f32,
            longest,
        ]);
    }
}

/// Syllables count if they are louder than the loudest frames (99th percentile) less this, and if
/// the level falls by [`DIP_DB`] between them (N. H. de Jong & T. Wempe 2009, "Praat script to
/// detect syllable nuclei and measure speech rate automatically", Behavior Research Methods 41).
const NUCLEUS_WITHIN_DB: f32 = 25.0;
/// The least dip of the level between two syllables.
const DIP_DB: f32 = 2.0;
/// The level is averaged over this many frames to each side (70 ms at 10 ms per frame), as wide as
/// the window of the intensity in that script.
const SMOOTHED: usize = 3;

/// The nuclei of syllables: voiced peaks of the level.
#[derive(Debug, Clone, PartialEq)]
pub struct Syllables {
    /// Frames of the nuclei, ascending.
    pub nuclei: Vec<usize>,
}

impl Syllables {
    /// Finds the nuclei in a contour of the level in dB.
    pub fn of(level_db: &[f32], is_voiced: impl Fn(usize) -> bool) -> Syllables {
        let smooth: Vec<f32> = (0..level_db.len())
            .map(|t| {
                let span =
                    &level_db[t.saturating_sub(SMOOTHED)..(t + SMOOTHED + 1).min(level_db.len())];
                stats::mean(span) as f32
            })
            .collect();
        let mut sorted = smooth.clone();
        sorted.sort_unstable_by(f32::total_cmp);
        let least = stats::percentile(&sorted, 99.0) as f32 - NUCLEUS_WITHIN_DB;
        let mut nuclei = Vec::new();
        // The highest frame since the last dip, and the lowest since that.
        let (mut peak, mut valley_db) = (0, f32::INFINITY);
        let mut take = |peak: usize| {
            if smooth[peak] >= least && is_voiced(peak) {
                nuclei.push(peak);
            }
        };
        let mut rising = true;
        for (t, &db) in smooth.iter().enumerate() {
            if rising {
                if db > smooth[peak] {
                    peak = t;
                } else if db <= smooth[peak] - DIP_DB {
                    take(peak);
                    (rising, valley_db) = (false, db);
                }
            } else {
                valley_db = valley_db.min(db);
                if db >= valley_db + DIP_DB {
                    (rising, peak) = (true, t);
                }
            }
        }
        if rising && !smooth.is_empty() {
            take(peak);
        }
        Syllables { nuclei }
    }

    /// Appends the statistics [`SYLLABLES`](crate::catalogue::statistics::SYLLABLES) to `out`; `phonation_s` is the time outside pauses.
    pub fn statistics(&self, recording_s: f64, phonation_s: f64, hop_s: f64, out: &mut Vec<f32>) {
        let n = self.nuclei.len() as f64;
        let intervals: Vec<f32> = self
            .nuclei
            .windows(2)
            .map(|pair| ((pair[1] - pair[0]) as f64 * hop_s) as f32)
            .collect();
        let [mean, std, ..] = stats::moments(&intervals);
        let variability: Vec<f32> = intervals
            .windows(2)
            .map(|pair| 2.0 * (pair[1] - pair[0]).abs() / (pair[0] + pair[1]))
            .collect();
        let per_phonation_s = if phonation_s > 0.0 {
            n / phonation_s
        } else {
            f64::NAN
        };
        out.extend(
            [
                n / recording_s,
                per_phonation_s,
                mean,
                std,
                stats::mean(&variability),
            ]
            .map(|value| value as f32),
        );
    }
}

#[test]
fn syllables_are_voiced_peaks_with_dips_between() {
    // Three bumps of 30 dB, 200 ms apart; a ripple of 1 dB on them is none.
    let level = |t: usize| {
        let phase = t as f32 / 20.0 * 2.0 * std::f32::consts::PI;
        -40.0 - 15.0 * phase.cos() + (t % 2) as f32
    };
    let level: Vec<f32> = (0..60).map(level).collect();
    let found = Syllables::of(&level, |_| true);
    assert_eq!(found.nuclei.len(), 3, "{:?}", found.nuclei);
    for (nucleus, middle) in found.nuclei.iter().zip([10, 30, 50]) {
        assert!(nucleus.abs_diff(middle) <= 1, "{:?}", found.nuclei);
    }
    let mut out = Vec::new();
    Syllables {
        nuclei: vec![10, 30, 60],
    }
    .statistics(1.0, 0.5, 0.01, &mut out);
    // Intervals of 0.2 and 0.3 s differ by 0.1 of 0.25.
    for (found, expected) in out.iter().zip([3.0, 6.0, 0.25, 0.05, 0.4]) {
        assert!((found - expected).abs() < 1e-5, "{out:?}");
    }
    assert_eq!(
        Syllables::of(&level, |t| t > 40).nuclei.len(),
        1,
        "the others are unvoiced"
    );
}

#[test]
fn silence_has_no_syllable() {
    assert_eq!(Syllables::of(&[], |_| true).nuclei.len(), 0);
    let mut out = Vec::new();
    Syllables::of(&[-120.0; 50], |_| false).statistics(0.5, 0.0, 0.01, &mut out);
    assert_eq!(out[0], 0.0);
    assert!(out[1..].iter().all(|x| x.is_nan()));
}

#[test]
fn segments_are_runs() {
    let marks = [
        true, true, false, true, false, false, true, true, true, true,
    ];
    let segments = Segments::of(marks.into_iter(), 2);
    assert_eq!(
        segments,
        Segments {
            lengths: vec![2, 4],
            frames: 10
        }
    );
    let mut out = Vec::new();
    segments.statistics(0.1, &mut out);
    assert_eq!(out, [0.6, 2.0, 0.3, 0.1, 0.4]);
}
