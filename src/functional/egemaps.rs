//! The statistics of eGeMAPSv02 (section 12 of the specification that
//! [`lld::egemaps`](crate::lld::egemaps) follows): mean and deviation, percentiles, slopes between
//! extrema, voiced and unvoiced segments.
//!
//! They are as openSMILE computes them, oddities included: the deviation is divided by the signed mean, without protection
//! against means near 0; the last slope of a contour enters the mean but not the sum of squares; a segment is counted one
//! frame short.

use crate::dsp::stats;

/// Frames are taken to lie this far apart, in seconds, even where they do not quite.
const FRAME_S: f32 = 0.01;
/// An extremum counts if it stands out by this share of the contour's range.
const LEAST_SHARE: f32 = 0.1;
/// A weak maximum replaces the one before if it is higher by this factor.
const HIGHER: f64 = 1.05;
/// A segment has at least this many frames.
const SHORTEST_SEGMENT: usize = 3;
/// Stretches behind these are not counted, whatever the length of the recording.
const MOST_SEGMENTS: usize = 1000;
/// The least mean square for the sound level: -120 dB.
const LEAST_POWER: f64 = 1e-12;

/// Arithmetic mean, and standard deviation over the mean; 0 of nothing.
pub fn mean_and_deviation(x: &[f32]) -> [f32; 2] {
    if x.is_empty() {
        return [0.0, 0.0];
    }
    let mean = stats::mean(x);
    let square = |&x: &f32| (f64::from(x) - mean) * (f64::from(x) - mean);
    let variance = x.iter().map(square).sum::<f64>() / x.len() as f64;
    let over = if mean as f32 == 0.0 { 1.0 } else { mean };
    let deviation = if variance > 0.0 {
        variance.sqrt() / over
    } else {
        0.0
    };
    [mean as f32, deviation as f32]
}

/// Mean and deviation; percentiles 20, 50 and 80 and the distance of the outer two; mean and
/// deviation of rising slopes, then of falling ones. All 0 of nothing.
pub fn ten_statistics(x: &[f32]) -> [f32; 10] {
    if x.is_empty() {
        return [0.0; 10];
    }
    let [mean, deviation] = mean_and_deviation(x);
    let mut sorted = x.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let [p20, p50, p80] = [0.2, 0.5, 0.8].map(|share| percentile(&sorted, share));
    let [rising, falling] = slopes(x, &extrema(x));
    [
        mean,
        deviation,
        p20,
        p50,
        p80,
        (p80 - p20).abs(),
        rising[0],
        rising[1],
        falling[0],
        falling[1],
    ]
}

/// Peaks per second: the maxima among the extrema of the contour.
pub fn peaks_per_s(x: &[f32]) -> f32 {
    let peaks = extrema(x).iter().filter(|e| e.is_maximum).count();
    match x.len() {
        0 => 0.0,
        n => peaks as f32 / (n as f32 * FRAME_S),
    }
}

/// The equivalent sound level in dB re full scale, of the mean square of each frame.
pub fn equivalent_level_db(mean_squares: &[f32]) -> f32 {
    (10.0 * stats::mean(mean_squares).max(LEAST_POWER).log10()) as f32
}

/// Of a sorted contour, between its neighbours in a straight line.
fn percentile(sorted: &[f32], share: f64) -> f32 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor(), place.ceil());
    if below == above {
        return sorted[below as usize];
    }
    let (to_below, to_above) = ((above - place) as f32, (place - below) as f32);
    sorted[below as usize] * to_below + sorted[above as usize] * to_above
}

/// A maximum or minimum of a contour.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Extremum {
    is_maximum: bool,
    value: f32,
    index: usize,
}

/// The extrema of a contour that stand out, maxima and minima in turn.
fn extrema(x: &[f32]) -> Vec<Extremum> {
    let Some(&first) = x.first() else {
        return Vec::new();
    };
    let (low, high) = x
        .iter()
        .fold((first, first), |(low, high), &x| (low.min(x), high.max(x)));
    let least = LEAST_SHARE * (high - low);
    let mut list = Vec::new();
    for index in 2..x.len().saturating_sub(2) {
        let (before, value, after) = (x[index - 1], x[index], x[index + 1]);
        let is_maximum = value > before && value > after;
        if is_maximum || (value < before && value < after) {
            list.push(Extremum {
                is_maximum,
                value,
                index,
            });
        }
    }
    drop_weak_maxima(&mut list, first, least);
    drop_weak_minima(&mut list, first, least);
    alternate(list)
}

fn drop_weak_maxima(list: &mut Vec<Extremum>, first: f32, least: f32) {
    let mut keeps = vec![true; list.len()];
    let (mut before, mut low, mut saw_minimum) = (first, first, false);
    // The last maximum that was kept: its value and its place in the list.
    let (mut high, mut high_at) = (first, None);
    for (at, extremum) in list.iter().enumerate() {
        let value = extremum.value;
        let stands_out = (value - before).abs() >= least;
        before = value;
        if !extremum.is_maximum {
            if stands_out {
                (low, saw_minimum) = (value, true);
            }
            continue;
        }
        if !stands_out {
            if value - low < least {
                keeps[at] = false;
                continue;
            }
            if f64::from(value) > HIGHER * f64::from(high) {
                if let Some(lower) = high_at {
                    keeps[lower] = false;
                }
            } else if !saw_minimum {
                keeps[at] = false;
            }
        }
        saw_minimum = false;
        if keeps[at] {
            (high, high_at) = (value, Some(at));
        }
    }
    let mut keeps = keeps.into_iter();
    list.retain(|_| keeps.next().unwrap_or(true));
}

fn drop_weak_minima(list: &mut Vec<Extremum>, first: f32, least: f32) {
    let mut high = first;
    list.retain(|extremum| {
        if extremum.is_maximum {
            high = extremum.value;
        }
        extremum.is_maximum || high - extremum.value >= least
    });
}

/// Of maxima in a row the highest, of minima in a row the lowest; of equals the first.
fn alternate(list: Vec<Extremum>) -> Vec<Extremum> {
    let mut alternating: Vec<Extremum> = Vec::with_capacity(list.len());
    for extremum in list {
        match alternating.last_mut() {
            Some(last) if last.is_maximum == extremum.is_maximum => {
                let is_further = match extremum.is_maximum {
                    true => extremum.value > last.value,
                    false => extremum.value < last.value,
                };
                if is_further {
                    *last = extremum;
                }
            }
            _ => alternating.push(extremum),
        }
    }
    alternating
}

/// Mean and deviation of the slopes between extrema, per second: rising, falling (positive too).
fn slopes(x: &[f32], extrema: &[Extremum]) -> [[f32; 2]; 2] {
    let last = x.len() - 1;
    // Rising slopes begin at the last minimum, falling ones at the last maximum.
    let (mut minimum, mut maximum) = ((x[0], 0), (x[0], 0));
    let (mut rising, mut falling) = (Slopes::default(), Slopes::default());
    let slope =
        |from: (f32, usize), to: (f32, usize)| (to.0 - from.0) / ((to.1 - from.1) as f32 * FRAME_S);
    for extremum in extrema {
        let here = (extremum.value, extremum.index);
        match extremum.is_maximum {
            true => {
                rising.add(slope(minimum, here));
                maximum = here;
            }
            false => {
                falling.add(-slope(maximum, here));
                minimum = here;
            }
        }
    }
    let end = (x[last], last);
    match extrema.last() {
        // The closing slope has the sign of a rise, whichever list it joins.
        Some(extremum) if extremum.is_maximum => falling.close(slope(maximum, end)),
        Some(_) => rising.close(slope(minimum, end)),
        None => {
            let slope = (x[last] - x[0]) / x.len() as f32;
            if slope > 0.0 {
                rising.add(slope);
            } else if slope < 0.0 {
                falling.add(slope);
            }
        }
    }
    [rising.mean_and_deviation(), falling.mean_and_deviation()]
}

#[derive(Default)]
struct Slopes {
    slopes: Vec<f32>,
    closing: Option<f32>,
}

impl Slopes {
    fn add(&mut self, slope: f32) {
        self.slopes.push(slope);
    }

    fn close(&mut self, slope: f32) {
        self.closing = Some(slope);
    }

    fn mean_and_deviation(&self) -> [f32; 2] {
        let all = || {
            self.slopes
                .iter()
                .chain(&self.closing)
                .map(|&s| f64::from(s))
        };
        let n = all().count();
        if n == 0 {
            return [0.0, 0.0];
        }
        let mean = all().sum::<f64>() / n as f64;
        let squares = self.slopes.iter().map(|&s| (f64::from(s) - mean).powi(2));
        let deviation = (squares.sum::<f64>() / n as f64).sqrt();
        [mean as f32, deviation as f32]
    }
}

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
    /// Stretches of the frames that `is_inside` marks: frames at most one apart belong together, and
    /// three are needed. A segment is as long as from its first frame to its last. The first 1000
    /// count.
    pub fn of(is_inside: impl Iterator<Item = bool>) -> Stretches {
        let mut lengths = Vec::new();
        // First and last frame of the segment that is growing, and its frames.
        let mut growing: Option<(usize, usize, usize)> = None;
        let mut finish = |segment: Option<(usize, usize, usize)>| {
            if let Some((first, last, n)) = segment
                && n >= SHORTEST_SEGMENT
            {
                lengths.push((last - first) as f32 * FRAME_S);
            }
        };
        let mut frames = 0;
        for (index, is_inside) in is_inside.enumerate() {
            frames = index + 1;
            if !is_inside {
                continue;
            }
            growing = match growing {
                Some((first, last, n)) if index - last <= 2 => Some((first, index, n + 1)),
                before => {
                    finish(before);
                    Some((index, index, 1))
                }
            };
        }
        finish(growing);
        lengths.truncate(MOST_SEGMENTS);
        if lengths.is_empty() {
            return Stretches::default();
        }
        let [mean, deviation, ..] = stats::moments(&lengths);
        Stretches {
            per_s: lengths.len() as f32 / (frames as f32 * FRAME_S),
            mean_s: mean as f32,
            deviation_s: deviation as f32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: &[f32], expected: &[f32]) {
        for (f, e) in found.iter().zip(expected) {
            assert!(
                (f - e).abs() <= 1e-6 * e.abs().max(1.0),
                "{found:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn the_example_of_the_specification_has_its_statistics() {
        // Section 16.2.
        let v = [
            1.0, 2.0, 4.0, 3.0, 3.5, 6.0, 5.0, 2.0, 1.0, 1.5, 3.0, 7.0, 6.5, 6.6, 4.0, 2.0, 2.5,
            1.0,
        ];
        let expected = [
            3.422_222_1,
            0.579_324_9,
            1.7,
            3.0,
            5.6,
            3.9,
            112.5,
            51.158_455,
            130.555_56,
            27.498_6,
        ];
        near(&ten_statistics(&v), &expected);
        let places: Vec<usize> = extrema(&v).iter().map(|e| e.index).collect();
        assert_eq!(places, [2, 3, 5, 8, 11, 15]);
        near(&[peaks_per_s(&v)], &[3.0 / 0.18]);
    }

    #[test]
    fn segments_bridge_one_frame_and_are_counted_from_first_to_last() {
        // Section 16.2.
        let f0 = [0, 5, 5, 5, 0, 5, 0, 0, 5, 5, 0, 0, 0, 5, 5, 5, 5, 0];
        let voiced = Stretches::of(f0.iter().map(|&f| f != 0));
        near(&[voiced.mean_s, voiced.deviation_s], &[0.035, 0.005]);
        near(&[voiced.per_s], &[2.0 / 0.18]);
        let unvoiced = Stretches::of(f0.iter().map(|&f| f == 0));
        near(&[unvoiced.mean_s, unvoiced.deviation_s], &[0.025, 0.005]);
        assert_eq!(
            Stretches::of([true, true].into_iter()),
            Stretches::default()
        );
        // 1500 segments of three frames, two frames apart, in 75 s.
        let many = Stretches::of((0..7500).map(|i| i % 5 < 3));
        near(&[many.per_s, many.mean_s], &[1000.0 / 75.0, 0.02]);
    }

    #[test]
    fn a_ramp_has_one_slope_and_a_constant_none() {
        let ramp: Vec<f32> = (0..11).map(|i| i as f32).collect();
        // 10 over 11 frames: the program divides by the number of frames, not by the time.
        near(&ten_statistics(&ramp)[6..], &[10.0 / 11.0, 0.0, 0.0, 0.0]);
        let falling: Vec<f32> = ramp.iter().map(|x| -x).collect();
        near(
            &ten_statistics(&falling)[6..],
            &[0.0, 0.0, -10.0 / 11.0, 0.0],
        );
        near(
            &ten_statistics(&[2.0; 9]),
            &[2.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        );
    }

    #[test]
    fn deviations_bear_the_sign_of_the_mean_and_nothing_has_none() {
        near(&mean_and_deviation(&[-1.0, -3.0]), &[-2.0, -0.5]);
        near(&mean_and_deviation(&[-1.0, 1.0]), &[0.0, 1.0]);
        assert_eq!(mean_and_deviation(&[]), [0.0, 0.0]);
        assert_eq!(ten_statistics(&[]), [0.0; 10]);
        assert_eq!(peaks_per_s(&[]), 0.0);
        assert_eq!(equivalent_level_db(&[0.0, 0.0]), -120.0);
        near(
            &[equivalent_level_db(&[0.001, 0.003])],
            &[10.0 * 0.002_f32.log10()],
        );
    }
}
