//! Jitter and shimmer: how much one period of the voice differs from the next, in length and in
//! amplitude.
//!
//! Periods are found by waveform matching and measured as in Praat's manual ("Sound & Pitch: To PointProcess (cc)",
//! "Voice 2. Jitter", "Voice 3. Shimmer"), with its default limits.

use std::f64::consts::PI;
use std::ops::RangeInclusive;

use crate::catalogue::statistics::{JITTER, SHIMMER};

/// The next period lies at 0.8 to 1.25 times the length that the pitch contour expects.
const SEARCH: (f64, f64) = (0.8, 1.25);
/// A period that resembles the one before less than this is none.
const LEAST_CORRELATION: f64 = 0.3;
/// One more period beyond the end of a voiced stretch counts if it resembles its neighbour so much.
const CORRELATION_BEYOND: f64 = 0.7;
/// Lengths of a period in seconds.
const PERIODS_S: RangeInclusive<f64> = 0.0001..=0.02;
/// Of two periods in sequence the longer one is at most this many times as long.
const MAX_PERIOD_RATIO: f64 = 1.3;
/// Of two periods in sequence the louder one has at most this many times the amplitude.
const MAX_AMPLITUDE_RATIO: f64 = 1.6;
/// The amplitude of a period is that within this share of the neighbouring periods around its pulse.
/// The manual does not say how it is measured; this equals Praat 6.1.38's `To AmplitudeTier
/// (period)` within its printed digits.
const AMPLITUDE_REACH: f64 = 0.2;
/// Frames reach this far to each side, as those of the pitch do.
const REACH_S: f64 = 0.025;

/// Measures of a whole recording.
pub const MEASURES: usize = JITTER.len() + SHIMMER.len();

/// Jitter and shimmer of a recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Perturbation {
    /// Relative difference between successive periods' lengths, per frame; NaN where there are no
    /// two periods.
    pub jitter: Vec<f32>,
    /// Relative difference between successive periods' amplitudes, per frame; NaN likewise.
    pub shimmer: Vec<f32>,
    /// The whole recording: [`JITTER`], then [`SHIMMER`]; NaN where it has too few periods.
    pub measures: [f32; MEASURES],
}

impl Perturbation {
    /// Measures `samples`, whose pitch, `hop_s` seconds from frame to frame, is `f0_hz` (NaN:
    /// unvoiced).
    pub fn measure(samples: &[f32], sample_rate: u32, f0_hz: &[f32], hop_s: f64) -> Perturbation {
        let rate = f64::from(sample_rate);
        let (mut lengths, mut amplitudes) = (Vec::new(), Vec::new());
        for stretch in voiced_stretches(f0_hz) {
            let contour = Contour {
                f0_hz: &f0_hz[stretch.clone()],
                first_s: stretch.start as f64 * hop_s,
                hop_s,
            };
            let pulses = pulses(samples, rate, &contour);
            // A period with no neighbour to be compared with does not count.
            lengths.extend(period_runs(&pulses).into_iter().filter(|run| run.len() > 1));
            amplitudes.extend(amplitude_runs(samples, rate, &pulses));
        }
        let (jitter, shimmer) = (Series::new(lengths), Series::new(amplitudes));
        Perturbation {
            jitter: jitter.contour(f0_hz, hop_s),
            shimmer: shimmer.contour(f0_hz, hop_s),
            measures: [
                jitter.local(),
                jitter.quotient(3),
                jitter.quotient(5),
                shimmer.local(),
                shimmer.quotient(3),
                shimmer.quotient(5),
                shimmer.quotient(11),
            ]
            .map(|value| value as f32),
        }
    }
}

/// Runs of voiced frames.
fn voiced_stretches(f0_hz: &[f32]) -> Vec<std::ops::Range<usize>> {
    let mut stretches: Vec<std::ops::Range<usize>> = Vec::new();
    for frame in (0..f0_hz.len()).filter(|&frame| !f0_hz[frame].is_nan()) {
        match stretches.last_mut() {
            Some(stretch) if stretch.end == frame => stretch.end = frame + 1,
            _ => stretches.push(frame..frame + 1),
        }
    }
    stretches
}

/// The pitch of one voiced stretch.
struct Contour<'a> {
    f0_hz: &'a [f32],
    first_s: f64,
    hop_s: f64,
}

impl Contour<'_> {
    /// From half a hop before the first frame to half a hop behind the last.
    fn span_s(&self) -> (f64, f64) {
        let half = self.hop_s / 2.0;
        (
            self.first_s - half,
            self.first_s + (self.f0_hz.len() - 1) as f64 * self.hop_s + half,
        )
    }

    /// The expected length of a period, interpolated between frames.
    fn period_s(&self, time_s: f64) -> f64 {
        let last = self.f0_hz.len() - 1;
        let place = ((time_s - self.first_s) / self.hop_s).clamp(0.0, last as f64);
        let (below, share) = (place as usize, place.fract());
        let (a, b) = (
            f64::from(self.f0_hz[below]),
            f64::from(self.f0_hz[(below + 1).min(last)]),
        );
        1.0 / (a + (b - a) * share)
    }
}

/// The times of the glottal pulses of a voiced stretch, in seconds, ascending.
///
/// The first is the largest excursion within a period of the stretch's middle; from there, to both
/// sides, the next pulse is where the sound around it resembles that around the last one most.
fn pulses(samples: &[f32], rate: f64, contour: &Contour) -> Vec<f64> {
    let (start_s, end_s) = contour.span_s();
    let middle_s = (start_s + end_s) / 2.0;
    let half_s = contour.period_s(middle_s) / 2.0;
    let from = ((middle_s - half_s) * rate).round().max(0.0) as usize;
    let to = (((middle_s + half_s) * rate).round() as usize).min(samples.len());
    let Some(loudest) = (from..to).reduce(|a, b| {
        if samples[b].abs() > samples[a].abs() {
            b
        } else {
            a
        }
    }) else {
        return Vec::new();
    };
    let first_s = loudest as f64 / rate;
    let follow = |direction: f64| {
        let mut found = Vec::new();
        let mut at_s = first_s;
        loop {
            let period_s = contour.period_s(at_s);
            let (next_s, correlation) = match next_pulse(samples, rate, at_s, period_s, direction) {
                Some(found) => found,
                None => break found,
            };
            let inside = (start_s..=end_s).contains(&next_s);
            if correlation
                > if inside {
                    LEAST_CORRELATION
                } else {
                    CORRELATION_BEYOND
                }
            {
                found.push(next_s);
            }
            if !inside {
                break found;
            }
            at_s = next_s;
        }
    };
    let mut times: Vec<f64> = follow(-1.0);
    times.reverse();
    times.push(first_s);
    times.extend(follow(1.0));
    times
}

/// The place at 0.8 to 1.25 periods before or behind `at_s` where the sound within half a period
/// correlates best with that around `at_s`, and the correlation, 0 where it has no maximum; `None`
/// at the recording's ends.
fn next_pulse(
    samples: &[f32],
    rate: f64,
    at_s: f64,
    period_s: f64,
    direction: f64,
) -> Option<(f64, f64)> {
    let half = (period_s * rate / 2.0).round().max(1.0) as isize;
    let middle = (at_s * rate).round() as isize;
    let around = |middle: isize| {
        let (from, to) = (middle - half, middle + half + 1);
        (from >= 0 && to as usize <= samples.len()).then(|| &samples[from as usize..to as usize])
    };
    let here = around(middle)?;
    let energy = dot(here, here);
    let nearest = (SEARCH.0 * period_s * rate).ceil() as isize;
    let farthest = (SEARCH.1 * period_s * rate).floor() as isize;
    let sign = direction as isize;
    // One lag more on each side, for the parabola.
    let correlations: Vec<f64> = (nearest - 1..=farthest + 1)
        .map_while(|lag| Some(correlation(here, energy, around(middle + sign * lag)?)))
        .collect();
    let inner = 1..correlations.len().checked_sub(1)?;
    if inner.is_empty() {
        return None;
    }
    let neighbours = |i: usize| [correlations[i - 1], correlations[i], correlations[i + 1]];
    let maxima = inner.filter(|&i| {
        let [before, at, behind] = neighbours(i);
        at > before && at >= behind
    });
    let Some(best) = maxima.reduce(|a, b| {
        if correlations[b] > correlations[a] {
            b
        } else {
            a
        }
    }) else {
        // Nothing stands out: no pulse here, and the search goes on a period further.
        return Some((at_s + direction * period_s, 0.0));
    };
    // Parabola through the maximum and its neighbours.
    let [before, at, behind] = neighbours(best);
    let shift = 0.5 * (behind - before) / (2.0 * at - before - behind);
    let lag = (nearest - 1) as f64 + best as f64 + shift;
    Some((at_s + direction * lag / rate, at))
}

/// The normalised correlation of two stretches of equal length, of which the first has the energy
/// `xx`; 0 where one is silent.
fn correlation(x: &[f32], xx: f64, y: &[f32]) -> f64 {
    let (xy, yy) = (dot(x, y), dot(y, y));
    if xx * yy > 0.0 {
        xy / (xx * yy).sqrt()
    } else {
        0.0
    }
}

/// The sum of products, in lanes, which the processor adds at once.
fn dot(x: &[f32], y: &[f32]) -> f64 {
    const LANES: usize = 8;
    let ((x, x_rest), (y, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    let mut sums = [0.0_f32; LANES];
    for (x, y) in x.iter().zip(y) {
        for lane in 0..LANES {
            sums[lane] += x[lane] * y[lane];
        }
    }
    let rest: f32 = x_rest.iter().zip(y_rest).map(|(x, y)| x * y).sum();
    sums.iter().map(|&sum| f64::from(sum)).sum::<f64>() + f64::from(rest)
}

/// A time and the value there.
type Point = (f64, f64);

/// Lengths of the periods between pulses, at their middles: runs in which each may follow on the
/// one before.
fn period_runs(pulses: &[f64]) -> Vec<Vec<Point>> {
    let periods = pulses
        .windows(2)
        .map(|pair| ((pair[0] + pair[1]) / 2.0, pair[1] - pair[0]));
    runs(
        periods.map(|(time_s, length_s)| (time_s, length_s, PERIODS_S.contains(&length_s))),
        MAX_PERIOD_RATIO,
    )
}

/// Amplitudes of the periods, at their pulses, likewise.
fn amplitude_runs(samples: &[f32], rate: f64, pulses: &[f64]) -> Vec<Vec<Point>> {
    let periods = pulses.windows(3).map(|three| {
        let (left, right) = (three[1] - three[0], three[2] - three[1]);
        let fits = PERIODS_S.contains(&left)
            && PERIODS_S.contains(&right)
            && left.max(right) <= MAX_PERIOD_RATIO * left.min(right);
        let amplitude = amplitude(samples, rate, three[1], left, right);
        (three[1], amplitude, fits && amplitude > 0.0)
    });
    runs(periods, MAX_AMPLITUDE_RATIO)
}

/// Root mean square of the sound around a pulse, under a Hann window that falls to 0 within
/// [`AMPLITUDE_REACH`] of the period before and of the one behind.
fn amplitude(samples: &[f32], rate: f64, at_s: f64, before_s: f64, behind_s: f64) -> f64 {
    let (from_s, to_s) = (
        at_s - AMPLITUDE_REACH * before_s,
        at_s + AMPLITUDE_REACH * behind_s,
    );
    let first = (from_s * rate).ceil().max(0.0) as usize;
    let last = ((to_s * rate).floor().max(0.0) as usize).min(samples.len().saturating_sub(1));
    let (mut power, mut weight) = (0.0, 0.0);
    for (i, &x) in samples.iter().enumerate().take(last + 1).skip(first) {
        let offset_s = i as f64 / rate - at_s;
        let reach_s = AMPLITUDE_REACH * if offset_s < 0.0 { before_s } else { behind_s };
        let w = 0.5 + 0.5 * (PI * offset_s / reach_s).cos();
        power += (w * f64::from(x)).powi(2);
        weight += w * w;
    }
    if weight > 0.0 {
        (power / weight).sqrt()
    } else {
        0.0
    }
}

/// Cuts a sequence of time, value, whether it counts, where one does not count, or is more than
/// `max_ratio` times its neighbour.
fn runs(values: impl Iterator<Item = (f64, f64, bool)>, max_ratio: f64) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = vec![Vec::new()];
    for (time_s, value, counts) in values {
        let run = runs.last_mut().expect("there is always one");
        let follows = run
            .last()
            .is_none_or(|&(_, last)| value.max(last) <= max_ratio * value.min(last));
        match (counts, follows) {
            (true, true) => run.push((time_s, value)),
            (true, false) => runs.push(vec![(time_s, value)]),
            (false, _) => runs.push(Vec::new()),
        }
    }
    runs
}

/// Runs of values, of which each is compared with its neighbours.
struct Series {
    runs: Vec<Vec<Point>>,
    mean: f64,
}

impl Series {
    fn new(runs: Vec<Vec<Point>>) -> Series {
        let values = || runs.iter().flatten().map(|(_, value)| value);
        let mean = values().sum::<f64>() / values().count() as f64;
        Series { mean, runs }
    }

    /// Mean difference between neighbours over the mean.
    fn local(&self) -> f64 {
        let pairs = || self.runs.iter().flat_map(|run| run.windows(2));
        let sum: f64 = pairs().map(|pair| (pair[1].1 - pair[0].1).abs()).sum();
        sum / pairs().count() as f64 / self.mean
    }

    /// Mean difference of a value from the mean of the `n` around it, over the mean.
    fn quotient(&self, n: usize) -> f64 {
        let parts = || self.runs.iter().flat_map(|run| run.windows(n));
        let deviation = |part: &[Point]| {
            let mean = part.iter().map(|(_, value)| value).sum::<f64>() / n as f64;
            (part[n / 2].1 - mean).abs()
        };
        parts().map(deviation).sum::<f64>() / parts().count() as f64 / self.mean
    }

    /// The mean difference between neighbours over their mean, within reach of each voiced frame.
    fn contour(&self, f0_hz: &[f32], hop_s: f64) -> Vec<f32> {
        let pairs = self.runs.iter().flat_map(|run| run.windows(2)).map(|pair| {
            let ((time_a, a), (time_b, b)) = (pair[0], pair[1]);
            ((time_a + time_b) / 2.0, (b - a).abs(), (a + b) / 2.0)
        });
        let mut sums = vec![(0.0, 0.0); f0_hz.len()];
        for (time_s, difference, mean) in pairs {
            let first = ((time_s - REACH_S) / hop_s).ceil().max(0.0) as usize;
            let last = ((time_s + REACH_S) / hop_s).floor() as usize;
            for (differences, means) in sums.iter_mut().take(last + 1).skip(first) {
                *differences += difference;
                *means += mean;
            }
        }
        let value = |((differences, means), f0): (&(f64, f64), &f32)| match f0.is_nan() {
            true => f32::NAN,
            // 0 / 0 where no pair is in reach.
            false => (differences / means) as f32,
        };
        sums.iter().zip(f0_hz).map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Decaying pulses whose periods and amplitudes are given in turn, at 16 kHz.
    fn pulse_train(periods_s: &[f64], amplitudes: &[f64], seconds: f64) -> Vec<f32> {
        let rate = 16000.0;
        let mut samples = vec![0.0_f64; (seconds * rate) as usize];
        let (mut time_s, mut k) = (0.003, 0);
        while time_s < seconds {
            let amplitude = amplitudes[k % amplitudes.len()];
            for (i, x) in samples
                .iter_mut()
                .enumerate()
                .skip((time_s * rate) as usize)
                .take(100)
            {
                let t = i as f64 / rate - time_s;
                if t >= 0.0 {
                    *x += amplitude
                        * (-t / 0.0012).exp()
                        * (2.0 * std::f64::consts::PI * 600.0 * t).sin();
                }
            }
            time_s += periods_s[k % periods_s.len()];
            k += 1;
        }
        samples.into_iter().map(|x| x as f32).collect()
    }

    fn measure(periods_s: &[f64], amplitudes: &[f64]) -> Perturbation {
        Perturbation::measure(
            &pulse_train(periods_s, amplitudes, 1.0),
            16000,
            &[100.0; 95],
            0.01,
        )
    }

    #[test]
    fn a_steady_voice_has_no_perturbation() {
        let found = measure(&[0.01], &[0.5]);
        assert!(
            found.measures.iter().all(|x| x.abs() < 2e-3),
            "{:?}",
            found.measures
        );
        assert!(
            found.jitter[5..90]
                .iter()
                .chain(&found.shimmer[5..90])
                .all(|x| x.abs() < 2e-3)
        );
    }

    #[test]
    fn periods_in_turn_have_the_jitter_they_were_made_with() {
        // 9.9 and 10.1 ms in turn: successive ones differ by 0.2 of 10 ms. Of three in sequence the
        // mean is 10 -+ 1/30 ms, from which the middle one differs by 2/15 ms.
        let found = measure(&[0.0099, 0.0101], &[0.5]);
        let [local, rap, ..] = found.measures;
        assert!((local - 0.02).abs() < 1e-3, "{local}");
        assert!((rap - 0.02 * 2.0 / 3.0).abs() < 1e-3, "{rap}");
        assert!(
            (found.jitter[50] - 0.02).abs() < 2e-3,
            "{}",
            found.jitter[50]
        );
    }

    #[test]
    fn amplitudes_in_turn_have_the_shimmer_they_were_made_with() {
        // 0.45 and 0.55 in turn: successive ones differ by 0.1 of 0.5.
        let found = measure(&[0.01], &[0.45, 0.55]);
        let [_, _, _, local, apq3, ..] = found.measures;
        assert!((local - 0.2).abs() < 0.02, "{local}");
        assert!((apq3 - 0.2 * 2.0 / 3.0).abs() < 0.015, "{apq3}");
        assert!(
            (found.shimmer[50] - 0.2).abs() < 0.02,
            "{}",
            found.shimmer[50]
        );
    }

    #[test]
    fn what_has_no_periods_has_no_perturbation() {
        for samples in [&[0.0_f32; 800][..], &[0.5; 1]] {
            for f0_hz in [&[f32::NAN; 6][..], &[100.0; 6]] {
                let found = Perturbation::measure(samples, 16000, f0_hz, 0.01);
                assert!(
                    found.measures.iter().all(|x| x.is_nan() || *x == 0.0),
                    "{:?}",
                    found.measures
                );
            }
        }
    }

    #[test]
    fn a_run_ends_where_a_value_does_not_follow() {
        let values = [
            (0.0, 1.0, true),
            (1.0, 1.2, true),
            (2.0, 2.0, true),
            (3.0, 2.0, false),
            (4.0, 2.0, true),
        ];
        let lengths: Vec<usize> = runs(values.into_iter(), 1.3).iter().map(Vec::len).collect();
        assert_eq!(lengths, [2, 1, 1]);
    }
}
