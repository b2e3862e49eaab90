//! The statistics of ComParE_2016 (section 11 of its specification), of eight contours side by side where they are of one
//! length.
//!
//! Sums of single precision are taken in the order of the frames, because linear prediction depends on it (section 14.1).

use super::extrema::{Extremum, extrema, slopes};
use super::limiter::soft_limit;
use super::regression::{Line, sums_of_powers};
use super::{FRAME_S, percentile, stretches};
use crate::dsp::lanes::{LANES, Lanes};
use crate::dsp::lpc;
use crate::dsp::sort::sort;

/// Order of the linear prediction of contours.
const ORDER: usize = 5;
/// Statistics of a contour in [`levels`].
pub const LEVELS: usize = 31;
/// Those in [`voices`].
pub const VOICES: usize = 39;
/// Those in [`means`].
pub const MEANS: usize = 3 + PEAKS + REGRESSION;
/// Those in [`delta_means`].
pub const DELTA_MEANS: usize = 3 + PEAKS;
/// Statistics of peaks, and of regression.
const PEAKS: usize = 12;
const REGRESSION: usize = 8;
/// Segments behind these are not counted.
const MOST_SEGMENTS: usize = 100;
/// Shares of the range above which time is counted.
const UP_LEVELS: [f32; 4] = [0.25, 0.5, 0.75, 0.9];
/// Percentiles that are taken.
const QUARTILES: [f64; 3] = [0.25, 0.5, 0.75];
const OUTER: [f64; 2] = [0.01, 0.99];
/// Thresholds of segments, as shares of the range.
const CROSSED: [f32; 2] = [0.25, 0.75];
/// Coefficients of a regression are limited to this share of the range.
const LIMITED_TO: f32 = 10.0;
const LIMIT_EXCESS: f32 = 0.01;
/// A mean of peaks relative to the mean of all is limited to this.
const PEAKS_LIMITED_TO: f32 = 10.0;

/// Coefficients of a regression are per second where there are this many frames in one.
const FRAMES_PER_S: f64 = 100.0;

/// Contours side by side, frame by frame.
pub type Contours = [Lanes<f32>];

/// What several statistics are made of.
struct Basics {
    n: usize,
    low: Lanes<f32>,
    range: Lanes<f32>,
    /// First frames of the maximum and of the minimum.
    highest_at: Lanes<f32>,
    lowest_at: Lanes<f32>,
    mean: Lanes<f32>,
}

impl Basics {
    #[inline(always)]
    fn new(x: &Contours) -> Basics {
        let (mut low, mut high) = (x[0], x[0]);
        let (mut lowest_at, mut highest_at) = (Lanes::splat(0.0), Lanes::splat(0.0));
        let mut sum = Lanes::splat(0.0);
        for (i, &x) in x.iter().enumerate() {
            sum += x.to_f64();
            let (rises, falls) = (x.exceeds(high), low.exceeds(x));
            let at = Lanes::splat(i as f32);
            highest_at = choose(rises, at, highest_at);
            lowest_at = choose(falls, at, lowest_at);
            high = choose(rises, x, high);
            low = choose(falls, x, low);
        }
        Basics {
            n: x.len(),
            range: high - low,
            mean: (sum / x.len() as f64).to_f32(),
            low,
            highest_at,
            lowest_at,
        }
    }

    /// Range, and the places of the extremes as shares of the length (11.2).
    #[inline(always)]
    fn extremes(&self) -> [Lanes<f32>; 3] {
        let place = |at: Lanes<f32>| at / self.n as f32;
        [self.range, place(self.highest_at), place(self.lowest_at)]
    }
}

/// `a` where `which` is 1, else `b`.
#[inline(always)]
fn choose(which: Lanes<f32>, a: Lanes<f32>, b: Lanes<f32>) -> Lanes<f32> {
    Lanes::from_fn(|lane| match which.0[lane] > 0.0 {
        true => a.0[lane],
        false => b.0[lane],
    })
}

/// Statistics of eight contours: 31 each, of level or of the spectrum and of their deltas.
#[inline(always)]
pub fn levels(x: &Contours, out: &mut [[f32; LEVELS]; LANES]) {
    let basics = Basics::new(x);
    let (extremes, percentiles) = (basics.extremes(), percentiles(x));
    let (moments, times, prediction) = (moments(x, &basics), times(x, &basics), prediction(x));
    let segments = segments(x, &basics);
    for (lane, values) in out.iter_mut().enumerate() {
        let mut values = values.iter_mut();
        let mut put = |value: f32| *values.next().expect("there is room") = value;
        extremes.iter().for_each(|x| put(x.0[lane]));
        percentiles.iter().for_each(|x| put(x.0[lane]));
        moments.iter().for_each(|x| put(x.0[lane]));
        segments[lane].into_iter().for_each(&mut put);
        times.iter().for_each(|x| put(x.0[lane]));
        prediction.iter().for_each(|x| put(x.0[lane]));
    }
}

/// Statistics of the values of one contour that are not zero: 39, of pitch or of the voice and of their deltas (block 3); all
/// 0 where there is none.
#[inline(always)]
pub fn voices(values: &[f32]) -> [f32; VOICES] {
    let mut out = [0.0; VOICES];
    if values.is_empty() {
        return out;
    }
    let x: Vec<Lanes<f32>> = values.iter().map(|&x| Lanes::splat(x)).collect();
    let basics = Basics::new(&x);
    let means = Means::new(&x, &basics);
    let first = [basics.mean, means.flatness, means.positive, means.root];
    let (extremes, regression) = (basics.extremes(), regression(&x, &basics, 1.0));
    let (moments, times, prediction) = (moments(&x, &basics), times(&x, &basics), prediction(&x));
    let lane = |x: &Lanes<f32>| x.0[0];
    let all = first.iter().map(lane);
    let all = all.chain(extremes.iter().map(lane));
    let all = all.chain(regression.iter().map(lane));
    let percentiles = percentiles(&x);
    let all = all.chain(percentiles.iter().map(lane));
    let all = all.chain(moments.iter().map(lane));
    let all = all.chain(times.iter().map(lane));
    let all = all.chain(prediction.iter().map(lane));
    for (out, value) in out.iter_mut().zip(all) {
        *out = value;
    }
    out
}

/// Of a pitch contour with its zeros: the share of frames that have a pitch; mean, largest and smallest length of the
/// stretches that have one, and their deviation, in seconds (11.10).
pub fn voiced_stretches(f0: &[f32]) -> [f32; 5] {
    let voiced = f0.iter().filter(|&&f0| f0 != 0.0).count();
    let mut lengths = stretches::lengths(f0.iter().map(|&f0| f0 != 0.0));
    lengths.truncate(MOST_SEGMENTS);
    let [mean, largest, smallest, deviation] = lengths_in_s(&lengths);
    [
        voiced as f32 / f0.len() as f32,
        mean,
        largest,
        smallest,
        deviation,
    ]
}

/// Statistics of eight contours of level or of the spectrum: mean, flatness, quadratic mean, peaks, regression per second
/// (block 5). `columns` are the same contours one by one.
#[inline(always)]
pub fn means(x: &Contours, columns: &[&[f32]], out: &mut [[f32; MEANS]; LANES]) {
    let basics = Basics::new(x);
    let means = Means::new(x, &basics);
    let regression = regression(x, &basics, FRAMES_PER_S);
    for (lane, column) in columns.iter().enumerate() {
        let mut values = out[lane].iter_mut();
        let mut put = |value: f32| *values.next().expect("there is room") = value;
        [basics.mean, means.flatness, means.root]
            .iter()
            .for_each(|x| put(x.0[lane]));
        let peaks = peaks(column, basics.mean.0[lane], basics.range.0[lane]);
        peaks.into_iter().for_each(&mut put);
        regression.iter().for_each(|x| put(x.0[lane]));
    }
}

/// Statistics of the deltas of eight contours of level or of the spectrum: flatness, mean of the positive ones, quadratic
/// mean, peaks (block 6). `columns` are the same contours one by one.
#[inline(always)]
pub fn delta_means(x: &Contours, columns: &[&[f32]], out: &mut [[f32; DELTA_MEANS]; LANES]) {
    let basics = Basics::new(x);
    let means = Means::new(x, &basics);
    for (lane, column) in columns.iter().enumerate() {
        let mut values = out[lane].iter_mut();
        let mut put = |value: f32| *values.next().expect("there is room") = value;
        [means.flatness, means.positive, means.root]
            .iter()
            .for_each(|x| put(x.0[lane]));
        let peaks = peaks(column, basics.mean.0[lane], basics.range.0[lane]);
        peaks.into_iter().for_each(&mut put);
    }
}

/// Means of other kinds (11.1).
struct Means {
    /// Geometric over arithmetic mean of the magnitudes.
    flatness: Lanes<f32>,
    /// Of the positive values.
    positive: Lanes<f32>,
    /// Quadratic mean.
    root: Lanes<f32>,
}

impl Means {
    #[inline(always)]
    fn new(x: &Contours, basics: &Basics) -> Means {
        let n = basics.n as f64;
        let [mut logs, mut magnitudes, mut positive, mut squares] = [Lanes::splat(0.0_f64); 4];
        let (mut others, mut positives) = (Lanes::splat(0.0_f32), Lanes::splat(0.0_f32));
        for &x in x {
            let zero = Lanes::splat(0.0);
            let magnitude = x.max(-x);
            let is_other = magnitude.exceeds(zero);
            others += is_other;
            // The logarithm of 1 where there is none to take.
            let at_least = choose(is_other, magnitude, Lanes::splat(1.0));
            logs += at_least.max(Lanes::splat(f32::MIN_POSITIVE)).ln();
            magnitudes += magnitude.to_f64();
            positives += x.exceeds(zero);
            positive += x.max(zero).to_f64();
            squares += x.to_f64() * x.to_f64();
        }
        let flatness = |lane: usize| match others.0[lane] {
            0.0 => 1.0,
            others => {
                let geometric = (logs.0[lane] / f64::from(others)).exp();
                (geometric / (magnitudes.0[lane] / n)) as f32
            }
        };
        let of_positive = |lane: usize| match positives.0[lane] {
            0.0 => 0.0,
            n => (positive.0[lane] / f64::from(n)) as f32,
        };
        Means {
            flatness: Lanes::from_fn(flatness),
            positive: Lanes::from_fn(of_positive),
            root: squares.map(|squares| (squares / n).sqrt() as f32),
        }
    }
}

/// Quartiles and their distances, the outer percentiles and their distance (11.3).
#[inline(always)]
fn percentiles(x: &Contours) -> [Lanes<f32>; 9] {
    let mut sorted = x.to_vec();
    sort(&mut sorted);
    let [q1, q2, q3] = QUARTILES.map(|share| percentile(&sorted, share));
    let [low, high] = OUTER.map(|share| percentile(&sorted, share));
    let range = (high - low).map(f32::abs);
    [q1, q2, q3, q2 - q1, q3 - q2, q3 - q1, low, high, range]
}

/// Standard deviation, skewness, kurtosis (11.4).
#[inline(always)]
fn moments(x: &Contours, basics: &Basics) -> [Lanes<f32>; 3] {
    let n = basics.n as f64;
    let mean = basics.mean.to_f64();
    let [mut second, mut third, mut fourth] = [Lanes::splat(0.0_f64); 3];
    for &x in x {
        let d = x.to_f64() - mean;
        let square = d * d;
        second += square;
        third += square * d;
        fourth += square * square;
    }
    let variance = second / n;
    let over = |moment: f64, norm: f64, lane: usize| match variance.0[lane] {
        v if v > 0.0 => (moment / (n * norm)) as f32,
        _ => 0.0,
    };
    [
        variance.map(|v: f64| v.sqrt() as f32),
        Lanes::from_fn(|lane| {
            let v: f64 = variance.0[lane];
            over(third.0[lane], v * v.sqrt(), lane)
        }),
        Lanes::from_fn(|lane| over(fourth.0[lane], variance.0[lane] * variance.0[lane], lane)),
    ]
}

/// Shares of the time above four levels, in which the contour rises, and in which it bends upwards (11.5).
#[inline(always)]
fn times(x: &Contours, basics: &Basics) -> [Lanes<f32>; 6] {
    let thresholds = UP_LEVELS.map(|share| basics.range * share + basics.low);
    let mut above = [Lanes::splat(0.0); 4];
    for &x in x {
        for (above, &threshold) in above.iter_mut().zip(&thresholds) {
            *above += x.exceeds(threshold);
        }
    }
    let (mut rises, mut bends) = (Lanes::splat(0.0), Lanes::splat(0.0));
    for pair in x.windows(2) {
        rises += pair[1].exceeds(pair[0]);
    }
    for around in x.windows(3) {
        bends += (around[2] - around[1]).exceeds(around[1] - around[0]);
    }
    let share = |n: Lanes<f32>, of: usize| match of {
        0 => Lanes::splat(0.0),
        of => n / of as f32,
    };
    let [q25, q50, q75, q90] = above.map(|n| share(n, basics.n));
    let rises = share(rises, basics.n - 1);
    [
        q25,
        q50,
        q75,
        q90,
        rises,
        share(bends, basics.n.saturating_sub(2)),
    ]
}

/// Power of the prediction error, and the coefficients (11.6).
#[inline(always)]
fn prediction(x: &Contours) -> [Lanes<f32>; 1 + ORDER] {
    let (power, lags) = lpc::autocorrelation::<ORDER>(x);
    let (a, error) = lpc::levinson_durbin(power, &lags);
    let gain = error / x.len() as f32;
    [gain, a[0], a[1], a[2], a[3], a[4]]
}

/// Line, parabola and centre of gravity (11.8); coefficients are per unit of time, of which a frame is a `per_time`th, and
/// relative to the range.
#[inline(always)]
fn regression(x: &Contours, basics: &Basics, per_time: f64) -> [Lanes<f32>; REGRESSION] {
    let n = basics.n as f64;
    let [mut first, mut second] = [Lanes::splat(0.0_f64); 2];
    let [mut weight, mut moment] = [Lanes::splat(0.0_f64); 2];
    for (i, &x) in x.iter().enumerate() {
        let i = i as f64;
        let magnitude = x.max(-x).to_f64();
        let x = x.to_f64();
        first += x * i;
        second += x * (i * i);
        weight += magnitude;
        moment += magnitude * i;
    }
    let fits: [Fit; LANES] = std::array::from_fn(|lane| {
        Fit::new(basics.n, basics.mean.0[lane], first.0[lane], second.0[lane])
    });
    let of_fits = |value: fn(&Fit) -> f64| Lanes::from_fn(|lane| value(&fits[lane]));
    let (m, t) = (
        of_fits(|fit| fit.line.slope),
        of_fits(|fit| fit.line.offset),
    );
    let (a, b, c) = (
        of_fits(|fit| fit.a),
        of_fits(|fit| fit.b),
        of_fits(|fit| fit.c),
    );
    let per_range = Lanes::from_fn(|lane| match basics.range.0[lane] {
        0.0 => 0.0,
        range => 1.0 / f64::from(range),
    });
    let [mut line, mut parabola] = [Lanes::splat(0.0_f64); 2];
    for (i, &x) in x.iter().enumerate() {
        let i = i as f64;
        let x = x.to_f64();
        let e = (x - m * i - t) * per_range;
        line += e * e;
        let e = (x - a * (i * i) - b * i - c) * per_range;
        parabola += e * e;
    }
    let (line, parabola) = (line / n, parabola / n);
    let mut values = [Lanes::splat(0.0); REGRESSION];
    for (lane, fit) in fits.iter().enumerate() {
        let u = per_range.0[lane];
        let range = match basics.range.0[lane] {
            0.0 => 1.0,
            range => range,
        };
        let limit =
            |x: f64, limit: f32| f64::from(soft_limit(x as f32, limit, limit + LIMIT_EXCESS));
        let (steep, bent) = (range / LIMITED_TO, (range / LIMITED_TO).sqrt());
        let low = f64::from(basics.low.0[lane]);
        let centroid = match weight.0[lane] {
            0.0 => 0.0,
            weight => f64::from((moment.0[lane] / weight) as f32) / n,
        };
        let of_lane = [
            limit(fit.line.slope, steep) * per_time * u,
            (fit.line.offset - low) * u,
            line.0[lane],
            limit(fit.a, bent) * per_time * per_time * u,
            limit(fit.b, steep) * per_time * u,
            (fit.c - low) * u,
            parabola.0[lane],
            centroid,
        ];
        for (values, value) in values.iter_mut().zip(of_lane) {
            values.0[lane] = if value.is_finite() { value as f32 } else { 0.0 };
        }
    }
    values
}

/// Least-squares line and parabola `a i^2 + b i + c` over the frames.
struct Fit {
    line: Line,
    a: f64,
    b: f64,
    c: f64,
}

impl Fit {
    /// Of `frames` values with this mean, and these sums of `i x` and `i^2 x`.
    fn new(frames: usize, mean: f32, y1: f64, y2: f64) -> Fit {
        let line = Line::of_sums(frames, mean, y1);
        let n = frames as f64;
        let y0 = f64::from(mean) * n;
        if frames == 1 {
            return Fit {
                line,
                a: 0.0,
                b: 0.0,
                c: y0,
            };
        }
        let [s1, s2] = sums_of_powers(frames);
        let s3 = s1 * s1;
        let s4 = s2 * (3.0 * (n - 1.0) * (n - 1.0) + 3.0 * (n - 1.0) - 1.0) / 5.0;
        let d = s4 * s2 * n + 2.0 * s3 * s1 * s2 - s2 * s2 * s2 - s3 * s3 * n - s1 * s1 * s4;
        let over_d = |x: f64| if d == 0.0 { 0.0 } else { x / d };
        let (p, q, r) = (s2 * n - s1 * s1, s1 * s2 - s3 * n, s3 * s1 - s2 * s2);
        let (u, v, w) = (s4 * n - s2 * s2, s3 * s2 - s4 * s1, s4 * s2 - s3 * s3);
        Fit {
            line,
            a: over_d(p * y2 + q * y1 + r * y0),
            b: over_d(q * y2 + u * y1 + v * y0),
            c: over_d(r * y2 + v * y1 + w * y0),
        }
    }
}

/// Mean, largest and smallest length in seconds of the stretches between two crossings of two levels, and their deviation
/// (11.9).
#[inline(always)]
fn segments(x: &Contours, basics: &Basics) -> [[f32; 4]; LANES] {
    let thresholds = CROSSED.map(|share| basics.range * share + basics.low);
    let least = (basics.n / 100).saturating_sub(1).max(2) as isize;
    let mut last = [-(least / 2); LANES];
    let mut lengths: [Vec<usize>; LANES] = Default::default();
    let (mut sum, mut before) = (Lanes::splat(0.0), Lanes::splat(0.0));
    for (i, &here) in x.iter().enumerate() {
        // The sum runs on, and keeps what rounding leaves in it.
        sum += here;
        if i >= 3 {
            sum = sum - x[i - 3];
        }
        let smooth = sum / (i + 1).min(3) as f32;
        let mut crosses = Lanes::splat(0.0);
        for threshold in thresholds {
            let up = smooth.exceeds(threshold) * (-before.exceeds(threshold) + 1.0);
            let down = threshold.exceeds(smooth) * (-threshold.exceeds(before) + 1.0);
            crosses = crosses + up + down;
        }
        before = smooth;
        if crosses == Lanes::splat(0.0) {
            continue;
        }
        for lane in (0..LANES).filter(|&lane| crosses.0[lane] > 0.0) {
            let length = i as isize - last[lane];
            if length > least {
                if lengths[lane].len() < MOST_SEGMENTS {
                    lengths[lane].push(length as usize);
                }
                last[lane] = i as isize;
            }
        }
    }
    lengths.map(|lengths| lengths_in_s(&lengths))
}

/// Mean, largest, smallest and deviation of lengths in frames, in seconds; all 0 of none.
fn lengths_in_s(lengths: &[usize]) -> [f32; 4] {
    let (Some(&largest), Some(&smallest)) = (lengths.iter().max(), lengths.iter().min()) else {
        return [0.0; 4];
    };
    let n = lengths.len() as f32;
    let mean = lengths.iter().sum::<usize>() as f32 / n;
    let square = |&length: &usize| (length as f32 - mean) * (length as f32 - mean);
    let deviation = match lengths.len() {
        1 => 0.0,
        _ => (lengths.iter().map(square).sum::<f32>() / n).sqrt(),
    };
    [mean, largest as f32, smallest as f32, deviation].map(|frames| frames * FRAME_S)
}

/// Peaks of a contour, and the slopes between its extrema (11.11).
fn peaks(x: &[f32], mean: f32, range: f32) -> [f32; PEAKS] {
    let list = extrema(x, range);
    let maxima = || list.iter().filter(|extremum| extremum.is_maximum);
    let minima = || list.iter().filter(|extremum| !extremum.is_maximum);
    let n = maxima().count();
    let (distance, deviation) = distances(&list, n);
    let spread = |values: &mut dyn Iterator<Item = &Extremum>| {
        values
            .map(|extremum| extremum.value)
            .fold(None, |range: Option<(f32, f32)>, x| {
                let (low, high) = range.unwrap_or((x, x));
                Some((low.min(x), high.max(x)))
            })
            .map_or(0.0, |(low, high)| high - low)
    };
    let over_range = |spread: f32| match range {
        0.0 => spread,
        range => (spread / range).min(1.0),
    };
    let peak_range = spread(&mut maxima());
    let peak_mean = match n {
        0 => 0.0,
        n => maxima().fold(0.0, |sum, peak| sum + peak.value) / n as f32,
    };
    let relative = match mean {
        0.0 => 2.0 * PEAKS_LIMITED_TO,
        mean => soft_limit(peak_mean / mean, PEAKS_LIMITED_TO, PEAKS_LIMITED_TO),
    };
    let [rising, falling] = slopes(x, &list);
    [
        distance * FRAME_S,
        deviation * FRAME_S,
        peak_range,
        over_range(peak_range),
        peak_mean,
        peak_mean - mean,
        relative,
        over_range(spread(&mut minima())),
        rising[0],
        rising[1],
        falling[0],
        falling[1],
    ]
}

/// The mean distance of successive maxima, in frames; and how far the distance of each from the *minimum* before it departs
/// from that: so the program has it.
fn distances(list: &[Extremum], maxima: usize) -> (f32, f32) {
    if maxima < 2 {
        return (0.0, 0.0);
    }
    let mut places = list.iter().filter(|e| e.is_maximum).map(|e| e.index);
    let first = places.next().unwrap_or(0);
    let last = places.next_back().unwrap_or(first);
    let n = (maxima - 1) as f32;
    let mean = (last - first) as f32 / n;
    let mut squares = 0.0;
    for pair in list.windows(2) {
        if pair[1].is_maximum && pair[1].index > first {
            let distance = (pair[1].index - pair[0].index) as f32;
            squares += (distance - mean) * (distance - mean);
        }
    }
    (mean, (squares / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contour of section 15.2.
    const EXAMPLE: [f32; 18] = [
        1.0, 2.0, 4.0, 3.0, 3.5, 6.0, 5.0, 2.0, 1.0, 1.5, 3.0, 7.0, 6.5, 6.6, 4.0, 2.0, 2.5, 1.0,
    ];

    fn lanes(x: &[f32]) -> Vec<Lanes<f32>> {
        // The contour in lane 3, others beside it.
        let at = |&x: &f32| Lanes::from_fn(|lane| if lane == 3 { x } else { x * lane as f32 });
        x.iter().map(at).collect()
    }

    #[track_caller]
    fn near(found: &[f32], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            let bound = 3e-6 * e.abs().max(1e-3);
            assert!(
                (f64::from(*f) - e).abs() <= bound,
                "{found:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn the_example_of_the_specification_has_its_statistics() {
        let columns = vec![&EXAMPLE[..]; 8];
        let mut found = [[0.0; LEVELS]; LANES];
        levels(&lanes(&EXAMPLE), &mut found);
        let expected = [
            // Extremes, percentiles, moments.
            6.0,
            0.6111111,
            0.0,
            2.0,
            3.0,
            4.75,
            1.0,
            1.75,
            2.75,
            1.0,
            6.932,
            5.932,
            1.9825784,
            0.49321495,
            1.9278252,
            // Segments, times, prediction.
            0.045,
            0.06,
            0.04,
            0.00866025,
            0.5555556,
            0.2777778,
            0.2222222,
            0.1666667,
            0.5294118,
            0.625,
            2.548732,
            -1.1909572,
            0.41789091,
            -0.12635253,
            0.21820101,
            -0.23247406,
        ];
        near(&found[3], &expected);
        let per_frame = [
            0.0064327524,
            0.34902529,
            0.10806999,
            -0.0056544561,
            0.10254822,
            0.092689963,
            0.089710468,
            0.48908732,
        ];
        let means = [3.4222221, 0.82716732, 3.4222222, 3.9550249];
        let found = voices(&EXAMPLE);
        near(&found[..4], &means);
        near(&found[4..7], &expected[..3]);
        near(&found[7..15], &per_frame);
        near(&found[15..27], &expected[3..15]);
        near(&found[27..], &expected[19..]);
        let peaks = [
            0.045,
            0.020615527,
            3.0,
            0.5,
            5.6666665,
            2.2444444,
            1.6558441,
            0.33333334,
            112.5,
            51.158455,
            130.55556,
            27.4986,
        ];
        let mut found = [[0.0; MEANS]; LANES];
        super::means(&lanes(&EXAMPLE), &columns, &mut found);
        near(&found[3][..3], &[means[0], means[1], means[3]]);
        near(&found[3][3..15], &peaks);
        let mut per_second = per_frame;
        per_second[0] *= 100.0;
        per_second[3] *= 1e4;
        per_second[4] *= 100.0;
        near(&found[3][15..], &per_second);
        let mut found = [[0.0; DELTA_MEANS]; LANES];
        delta_means(&lanes(&EXAMPLE), &columns, &mut found);
        near(&found[3][..3], &means[1..]);
        near(&found[3][3..], &peaks);
    }

    #[test]
    fn a_constant_and_a_contour_of_zeros_have_the_values_of_the_specification() {
        // Section 13.
        let zeros = [0.0; 20];
        let mut found = [[1.0; MEANS]; LANES];
        means(&lanes(&zeros), &[&zeros[..]; 8], &mut found);
        let mut expected = [0.0; MEANS];
        // Flatness, and peaks relative to a mean of 0.
        (expected[1], expected[9]) = (1.0, 20.0);
        assert_eq!(found[3], expected);
        assert_eq!(voices(&[]), [0.0; VOICES]);
        let constant = [-3.0; 20];
        means(&lanes(&constant), &[&constant[..]; 8], &mut found);
        let mut expected = [0.0; MEANS];
        expected[..3].copy_from_slice(&[-3.0, 1.0, 3.0]);
        // Peaks above the mean; the middle in time.
        (expected[8], expected[MEANS - 1]) = (3.0, 19.0 / 40.0);
        assert_eq!(found[3], expected);
    }

    #[test]
    fn voiced_stretches_bridge_one_frame_and_are_counted_from_first_to_last() {
        let f0 = [0, 5, 5, 5, 0, 5, 0, 0, 5, 5, 0, 0, 0, 5, 5, 5, 5, 0].map(|x: u8| f32::from(x));
        near(
            &voiced_stretches(&f0),
            &[10.0 / 18.0, 0.035, 0.04, 0.03, 0.005],
        );
        assert_eq!(voiced_stretches(&[0.0; 9]), [0.0; 5]);
    }
}
