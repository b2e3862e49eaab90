//! Jitter and shimmer (section 10 of the specification): periods are found one after the other by correlating the waveform
//! with itself, near the length that the pitch of the frame predicts.

use std::ops::RangeInclusive;

use crate::dsp::lanes::{LANES, Lanes, vectorised};
use crate::dsp::stats::parabola;
use crate::lld::egemaps::FULL_SCALE;
use crate::lld::egemaps::stream::{HOP_S, Stream};

/// Periods are looked for between these shares of the expected one.
const SEARCH: (f64, f64) = (0.9, 1.1);
/// A period that resembles the next one less than this does not count.
const LEAST_CORRELATION: f64 = 0.5;

/// Jitter (ratio, 0 to 1) and shimmer (dB) of each frame; 0 where unvoiced. Samples are whole numbers of
/// 16 bits over 32767.
pub fn jitter_and_shimmer(
    samples: &[f32],
    sample_rate: u32,
    stream: &Stream,
    f0_hz: &[f32],
) -> (Vec<f32>, Vec<f32>) {
    let period_s = 1.0 / f64::from(sample_rate);
    let mut reader = Reader {
        samples,
        period_s,
        step: (HOP_S / period_s).ceil() as usize,
        stream,
        position: 0,
        lead: 0,
        last_period_s: 0.0,
        jitter: 0.0,
        shimmer: 0.0,
        part: Vec::new(),
        correlations: Vec::new(),
    };
    let frames = f0_hz.iter().enumerate();
    frames
        .map(|(frame, &f0_hz)| reader.frame(frame, f0_hz))
        .unzip()
}

/// Reads the waveform frame by frame, from one period to the next within a voiced stretch.
struct Reader<'a> {
    samples: &'a [f32],
    /// Of a sample.
    period_s: f64,
    /// Samples that a frame takes forward.
    step: usize,
    stream: &'a Stream,
    /// The next sample to read.
    position: usize,
    /// How far that lies behind the beginning of the frame.
    lead: usize,
    /// The last period of this voiced stretch; 0 where there is none.
    last_period_s: f32,
    /// What is said where nothing is measured.
    jitter: f32,
    shimmer: f32,
    /// The samples that a frame needs, as the whole numbers of 16 bits that they are.
    part: Vec<f64>,
    /// By lag.
    correlations: Vec<f64>,
}

/// Sums over the periods of a frame.
#[derive(Default)]
struct Periods {
    n: u32,
    length_s: f32,
    differences: u32,
    difference_s: f32,
    amplitude: f32,
    amplitude_difference: f32,
}

impl Reader<'_> {
    fn frame(&mut self, frame: usize, f0_hz: f32) -> (f32, f32) {
        let start = frame * self.stream.hop;
        let least = self.step + self.lead;
        let expected = match f0_hz > 0.0 {
            true => 1.0 / f64::from(f0_hz) / self.period_s,
            false => 0.0,
        };
        let (shortest, longest) = (
            (SEARCH.0 * expected).floor() as usize,
            (SEARCH.1 * expected).ceil() as usize,
        );
        let mut needed = least;
        if f0_hz > 0.0 {
            needed = needed.max(2 * longest + 2);
        }
        needed = needed.min(self.lead + self.stream.width);
        if start != self.position + self.lead {
            self.position = start;
            needed = needed.min(self.stream.width);
        }
        if f0_hz <= 0.0 {
            self.position += least;
            self.lead = 0;
            self.last_period_s = 0.0;
            (self.jitter, self.shimmer) = (0.0, 0.0);
            return (0.0, 0.0);
        }
        let Some(part) = self.samples.get(self.position..self.position + needed) else {
            return (0.0, 0.0);
        };
        self.part.clear();
        self.part.extend(part.iter().map(|&x| whole(x)));
        let (periods, last_start) = self.periods(least, expected, shortest..=longest);
        self.lead = least - last_start;
        self.position += last_start;
        self.results(&periods)
    }

    /// Goes through the samples of a frame period by period. Returns the sums over them, and where the
    /// last one began that begins within the frame's own part, the first `least` samples.
    fn periods(
        &mut self,
        least: usize,
        expected: f64,
        lags: RangeInclusive<usize>,
    ) -> (Periods, usize) {
        let longest = *lags.end();
        let mut periods = Periods::default();
        let (mut start, mut last_start) = (0, 0);
        while start + 2 * longest + 1 < self.part.len() {
            match self.best_lag(start, &lags) {
                None => start += (expected.round() as usize).max(1),
                Some((lag, refined, correlation)) => {
                    let rest = &self.part[start..];
                    start += lag;
                    if correlation > LEAST_CORRELATION {
                        let period_s = (refined * self.period_s) as f32;
                        periods.n += 1;
                        periods.length_s += period_s;
                        if self.last_period_s > 0.0 {
                            periods.differences += 1;
                            periods.difference_s += (self.last_period_s - period_s).abs();
                        }
                        self.last_period_s = period_s;
                        let (here, next) =
                            (amplitude(&rest[..lag]), amplitude(&rest[lag..2 * lag]));
                        periods.amplitude += (here + next) / 2.0;
                        periods.amplitude_difference += (here - next).abs();
                    }
                }
            }
            if start + 1 < least {
                last_start = start;
            }
        }
        (periods, last_start)
    }

    /// The lag at which the waveform from `start` on resembles itself most, the same refined, and the
    /// correlation there; only local maxima count, and the two longest lags never do.
    fn best_lag(
        &mut self,
        start: usize,
        lags: &RangeInclusive<usize>,
    ) -> Option<(usize, f64, f64)> {
        let (shortest, longest) = (*lags.start(), *lags.end());
        let (samples, correlations) = (&self.part[start..], &mut self.correlations);
        vectorised(
            #[inline(always)]
            || correlate(samples, lags.clone(), correlations),
        );
        let at = |lag: usize| self.correlations[lag - shortest];
        let is_peak = |lag: usize| at(lag) > at(lag - 1) && at(lag) > at(lag + 1);
        let mut best = None;
        for lag in (shortest + 1..longest.saturating_sub(1)).filter(|&lag| is_peak(lag)) {
            if best.is_none_or(|best| at(lag) > at(best)) {
                best = Some(lag);
            }
        }
        let lag = best?;
        let point = |lag: usize| (lag as f64, at(lag));
        let (refined, correlation) = parabola(point(lag - 1), point(lag), point(lag + 1));
        Some((lag, refined, correlation))
    }

    fn results(&mut self, periods: &Periods) -> (f32, f32) {
        let mut jitter = self.jitter;
        if periods.n > 0 {
            if periods.differences > 0 {
                let difference = periods.difference_s / periods.differences as f32;
                self.jitter = (difference / (periods.length_s / periods.n as f32)).min(1.0);
                jitter = self.jitter;
            } else {
                jitter = 0.0;
            }
            self.shimmer = match periods.amplitude {
                0.0 => 0.0,
                amplitude => (periods.amplitude_difference / amplitude).min(1.0),
            };
        }
        (
            jitter,
            (20.0 * (1.0 + f64::from(self.shimmer)).log10()) as f32,
        )
    }
}

/// A sample on the scale of 1 as the whole number of 16 bits that it was.
fn whole(x: f32) -> f64 {
    let x = x * FULL_SCALE;
    f64::from((x + 0.5_f32.copysign(x)) as i16)
}

/// How far the samples between the first and the last of a period spread. On the scale of 1, whose
/// rounding tells equal amplitudes apart: a shimmer of exactly 0 would count as missing.
fn amplitude(period: &[f64]) -> f32 {
    let inner = match period {
        [_, inner @ .., _] if !inner.is_empty() => inner,
        _ => return 0.0,
    };
    let (low, high) = inner.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| {
        (low.min(x), high.max(x))
    });
    high as f32 / FULL_SCALE - low as f32 / FULL_SCALE
}

/// Pearson's correlation of the first `lag` samples with the next `lag`, for each of the lags; NaN where
/// either are constant.
///
/// Samples are whole numbers of 16 bits, so that the sums are exact up to periods of thousands of
/// samples, and those of one lag follow from those of the lag before.
#[inline(always)]
fn correlate(samples: &[f64], lags: RangeInclusive<usize>, correlations: &mut Vec<f64>) {
    let shortest = *lags.start();
    let sums = |x: &[f64]| (x.iter().sum::<f64>(), dot(x, x));
    let (mut sum_a, mut square_a) = sums(&samples[..shortest]);
    let (mut sum_b, mut square_b) = sums(&samples[shortest..2 * shortest]);
    correlations.clear();
    for lag in lags {
        if lag > shortest {
            let (moves, new, newer) =
                (samples[lag - 1], samples[2 * lag - 2], samples[2 * lag - 1]);
            sum_a += moves;
            square_a += moves * moves;
            sum_b += new + newer - moves;
            square_b += new * new + newer * newer - moves * moves;
        }
        let n = lag as f64;
        let covariance = n * dot(&samples[..lag], &samples[lag..2 * lag]) - sum_a * sum_b;
        let (variance_a, variance_b) = (n * square_a - sum_a * sum_a, n * square_b - sum_b * sum_b);
        correlations.push(covariance / (variance_a * variance_b).sqrt());
    }
}

#[inline(always)]
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    let mut sums = Lanes::splat(0.0);
    for (&a, &b) in a.iter().zip(b) {
        sums += Lanes(a) * Lanes(b);
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.0.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::egemaps::stream::gauss;

    /// A train of damped pulses, `length(n)` samples from pulse n to the next, of `amplitude(n)`.
    fn pulses(length: impl Fn(usize) -> usize, amplitude: impl Fn(usize) -> f64) -> Vec<f32> {
        let mut samples = vec![0.0; 16_000];
        // Periods are read from sample 0 on: between two pulses.
        let (mut at, mut n) = (45, 0);
        while at < samples.len() {
            for (i, sample) in samples[at..].iter_mut().enumerate().take(40) {
                let i = i as f64;
                *sample += amplitude(n) * (-i / 6.0).exp() * (i * 0.6).sin();
            }
            at += length(n);
            n += 1;
        }
        samples
            .iter()
            .map(|x| ((x * 20_000.0_f64) as i16) as f32 / FULL_SCALE)
            .collect()
    }

    /// Jitter and shimmer in the middle of a second.
    fn measured(samples: &[f32], f0_hz: f32) -> (f32, f32) {
        let stream = Stream::new(16_000, 0.060, gauss);
        let f0_hz = vec![f0_hz; stream.frames(samples.len())];
        let (jitter, shimmer) = jitter_and_shimmer(samples, 16_000, &stream, &f0_hz);
        let mean = |x: &[f32]| x[20..70].iter().sum::<f32>() / 50.0;
        (mean(&jitter), mean(&shimmer))
    }

    #[test]
    fn an_even_train_has_neither_jitter_nor_shimmer() {
        let (jitter, shimmer) = measured(&pulses(|_| 100, |_| 1.0), 160.0);
        assert!(jitter < 1e-3 && shimmer < 1e-3, "{jitter}, {shimmer}");
    }

    #[test]
    fn a_train_of_known_jitter_has_it() {
        // Periods of 98 and 102 samples in turn: they differ by 4, their mean is 100.
        let (jitter, _) = measured(&pulses(|n| 98 + 4 * (n % 2), |_| 1.0), 160.0);
        assert!((jitter - 0.04).abs() < 0.002, "{jitter}");
    }

    #[test]
    fn a_train_of_known_shimmer_has_it() {
        // Amplitudes of 1 and 0.9 in turn: they differ by 0.1, their mean is 0.95.
        let (_, shimmer) = measured(&pulses(|_| 100, |n| 1.0 - 0.1 * (n % 2) as f64), 160.0);
        let expected = 20.0 * (1.0_f32 + 0.1 / 0.95).log10();
        assert!(
            (shimmer - expected).abs() < 0.05,
            "{shimmer} for {expected}"
        );
    }

    #[test]
    fn unvoiced_frames_have_none_and_silence_that_is_called_voiced_has_none_either() {
        let samples = pulses(|n| 98 + 4 * (n % 2), |_| 1.0);
        let stream = Stream::new(16_000, 0.060, gauss);
        let (jitter, shimmer) = jitter_and_shimmer(&samples, 16_000, &stream, &[0.0; 95]);
        assert!(jitter.iter().chain(&shimmer).all(|&x| x == 0.0));
        assert_eq!(measured(&[0.0; 16_000], 160.0), (0.0, 0.0));
        assert_eq!(measured(&[7.0 / FULL_SCALE; 16_000], 160.0), (0.0, 0.0));
    }

    #[test]
    fn every_sample_is_known_as_the_whole_number_that_it_was() {
        for s in i16::MIN..=i16::MAX {
            assert_eq!(whole(f32::from(s) / FULL_SCALE), f64::from(s));
        }
    }

    #[test]
    fn correlations_are_pearsons() {
        let samples: Vec<f64> = (0..400)
            .map(|i| f64::from((i * i * 7919) % 1000 - 300))
            .collect();
        let mut found = Vec::new();
        correlate(&samples, 90..=110, &mut found);
        for (lag, found) in (90..=110).zip(found) {
            let (a, b) = (&samples[..lag], &samples[lag..2 * lag]);
            let mean = |x: &[f64]| x.iter().sum::<f64>() / lag as f64;
            let (a_mean, b_mean) = (mean(a), mean(b));
            let sum = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
                a.iter()
                    .zip(b)
                    .map(|(a, b)| f(a - a_mean, b - b_mean))
                    .sum()
            };
            let scale = (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt();
            assert!(
                (found - sum(&|a, b| a * b) / scale).abs() < 1e-12,
                "lag {lag}"
            );
        }
    }
}
