//! Jitter and shimmer (section 10 of the specification of eGeMAPS), and the ratio of harmonics to noise in the waveform
//! (section 8 of that of ComParE): periods are found one after the other by correlating the waveform with itself, near the
//! length that the pitch of the frame predicts.

use std::ops::RangeInclusive;

use crate::catalogue::gemaps::Processing;
use crate::dsp::lanes::{LANES, Lanes, vectorised};
use crate::dsp::stats::parabola;
use crate::lld::opensmile::FULL_SCALE;
use crate::lld::opensmile::correlation;
use crate::lld::opensmile::stream::{HOP_S, Stream};

/// A period that resembles the next one less than this does not count.
const LEAST_CORRELATION: f64 = 0.5;

/// The ratio of an unvoiced frame, and the least of a voiced one, in dB.
const LEAST_HNR_DB: f32 = -100.0;

/// What a set asks of the periods.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    /// They are looked for between these shares of the expected length.
    pub search: [f64; 2],
    /// Whether the ratio of harmonics to noise is measured.
    pub has_noise: bool,
    /// Which periods count.
    pub processing: Processing,
}

/// The voice of a frame.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Voice {
    /// Mean difference of the lengths of successive periods over their mean length, 0 to 1; 0 where unvoiced.
    pub jitter: f32,
    /// Mean difference of these differences over the mean length, 0 to 1; 0 where unvoiced.
    pub jitter_ddp: f32,
    /// Mean difference of the amplitudes of successive periods over their mean, 0 to 1; 0 where unvoiced.
    pub shimmer: f32,
    /// How much the mean period stands out of what departs from it, in dB; 0 where nothing does, -100 where unvoiced.
    pub hnr_db: f32,
}

impl Voice {
    /// Shimmer in dB.
    pub fn shimmer_db(&self) -> f32 {
        (20.0 * (1.0 + f64::from(self.shimmer)).log10()) as f32
    }
}

/// The voice of each frame. Samples are whole numbers of 16 bits over 32767.
pub fn voices(
    samples: &[f32],
    sample_rate: u32,
    stream: &Stream,
    f0_hz: &[f32],
    rules: Rules,
) -> Vec<Voice> {
    let mut reader = Reader::new(samples, sample_rate, stream, rules);
    let frames = f0_hz.iter().enumerate();
    frames
        .map(|(frame, &f0_hz)| reader.frame(frame, f0_hz))
        .collect()
}

/// Reads the waveform frame by frame, from one period to the next within a voiced stretch.
struct Reader<'a> {
    samples: &'a [f32],
    rules: Rules,
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
    /// How far that was from the one before; 0 where there is none.
    last_difference_s: f32,
    /// What is said where nothing is measured.
    held: Voice,
    /// The samples that a frame needs, as the whole numbers of 16 bits that they are.
    part: Vec<f64>,
    /// By lag.
    correlations: Vec<f64>,
    /// Where the periods of a frame begin in `part`, and where the last of them ends.
    marks: Vec<usize>,
    /// The length of the step that ends there.
    last_step: usize,
    /// The mean of its periods.
    mean_period: Vec<f32>,
    /// The samples that a frame needs on the scale of 1, and zeros behind them: for correlations that are to be rounded as
    /// the program rounds them.
    as_read: Vec<f64>,
}

/// Sums over the periods of a frame.
#[derive(Default)]
struct Periods {
    n: u32,
    length_s: f32,
    differences: u32,
    difference_s: f32,
    second_differences: u32,
    second_difference_s: f32,
    amplitude: f32,
    amplitude_difference: f32,
}

impl Reader<'_> {
    fn new<'a>(
        samples: &'a [f32],
        sample_rate: u32,
        stream: &'a Stream,
        rules: Rules,
    ) -> Reader<'a> {
        let period_s = 1.0 / f64::from(sample_rate);
        Reader {
            samples,
            rules,
            period_s,
            step: (HOP_S / period_s).ceil() as usize,
            stream,
            position: 0,
            lead: 0,
            last_period_s: 0.0,
            last_difference_s: 0.0,
            held: Voice::default(),
            part: Vec::new(),
            correlations: Vec::new(),
            marks: Vec::new(),
            last_step: 0,
            mean_period: Vec::new(),
            as_read: Vec::new(),
        }
    }

    fn frame(&mut self, frame: usize, f0_hz: f32) -> Voice {
        let start = frame * self.stream.hop;
        let least = self.step + self.lead;
        let expected = match f0_hz > 0.0 {
            true => 1.0 / f64::from(f0_hz) / self.period_s,
            false => 0.0,
        };
        let [shortest, longest] = self.rules.search;
        let (shortest, longest) = (
            (shortest * expected).floor() as usize,
            (longest * expected).ceil() as usize,
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
            (self.last_period_s, self.last_difference_s) = (0.0, 0.0);
            self.held = Voice {
                hnr_db: LEAST_HNR_DB,
                ..Voice::default()
            };
            return self.held;
        }
        let first = self.position;
        let Some(part) = self.samples.get(first..first + needed) else {
            return Voice::default();
        };
        self.part.clear();
        self.part.extend(part.iter().map(|&x| whole(x)));
        let period = (expected.round() as usize).max(1);
        if self.rules.processing == Processing::A {
            self.as_read.clear();
            self.as_read.extend(part.iter().map(|&x| f64::from(x)));
            self.as_read.extend([0.0; correlation::ZEROS]);
        }
        let (periods, last_start) = self.periods(least, period, shortest..=longest);
        self.lead = least - last_start;
        self.position += last_start;
        Voice {
            hnr_db: match self.rules.has_noise {
                true => self.hnr_db(&self.samples[first..first + needed], period),
                false => 0.0,
            },
            ..self.perturbation(&periods)
        }
    }

    /// Goes through the samples of a frame period by period. Returns the sums over them, and where the
    /// last one began that begins within the frame's own part, the first `least` samples.
    fn periods(
        &mut self,
        least: usize,
        period: usize,
        lags: RangeInclusive<usize>,
    ) -> (Periods, usize) {
        let longest = *lags.end();
        self.marks.clear();
        self.last_step = period;
        let mut periods = Periods::default();
        let mut least_rounded = f32::INFINITY;
        let (mut start, mut last_start) = (0, 0);
        while start + 2 * longest + 1 < self.part.len() {
            match self.best_lag(start, &lags) {
                None => {
                    start += period;
                    self.last_step = period;
                }
                Some((lag, refined, correlation)) => {
                    let rest = &self.part[start..];
                    self.marks.push(start);
                    start += lag;
                    self.last_step = lag;
                    if self.counts(correlation, &mut least_rounded) {
                        let period_s = (refined * self.period_s) as f32;
                        periods.n += 1;
                        periods.length_s += period_s;
                        if self.last_period_s > 0.0 {
                            let difference_s = (self.last_period_s - period_s).abs();
                            periods.differences += 1;
                            periods.difference_s += difference_s;
                            if self.last_difference_s > 0.0 {
                                periods.second_differences += 1;
                                periods.second_difference_s +=
                                    (self.last_difference_s - difference_s).abs();
                            }
                            self.last_difference_s = difference_s;
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
        self.marks.push(start);
        (periods, last_start)
    }

    /// Whether a period counts that resembles the next one so much.
    ///
    /// In the sets of processing "a" it does if its correlation is above the least of its frame, itself included, whose
    /// correlations are kept in single precision: so the first period of a frame counts if rounding happens to lower its
    /// correlation (section 3.3 of the specification of the family).
    fn counts(&self, correlation: f64, least_rounded: &mut f32) -> bool {
        match self.rules.processing {
            Processing::A => {
                *least_rounded = least_rounded.min(correlation as f32);
                correlation > f64::from(*least_rounded)
            }
            Processing::B => correlation > LEAST_CORRELATION,
        }
    }

    /// The lag at which the waveform from `start` on resembles itself most, the same refined, and the
    /// correlation there; only local maxima count, and the two longest lags never do.
    fn best_lag(
        &mut self,
        start: usize,
        lags: &RangeInclusive<usize>,
    ) -> Option<(usize, f64, f64)> {
        let (shortest, longest) = (*lags.start(), *lags.end());
        let (samples, as_read) = (&self.part[start..], self.as_read.get(start..));
        let (processing, correlations) = (self.rules.processing, &mut self.correlations);
        vectorised(
            #[inline(always)]
            || match (processing, as_read) {
                (Processing::A, Some(samples)) => {
                    correlation::in_order(samples, lags.clone(), correlations)
                }
                _ => correlate(samples, lags.clone(), correlations),
            },
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
        if processing == Processing::A {
            let (offset, correlation) =
                correlation::vertex(lag - shortest, [at(lag - 1), at(lag), at(lag + 1)]);
            return Some((lag, shortest as f64 + offset, correlation));
        }
        let point = |lag: usize| (lag as f64, at(lag));
        let (refined, correlation) = parabola(point(lag - 1), point(lag), point(lag + 1));
        Some((lag, refined, correlation))
    }

    /// Jitter and shimmer. Of a frame without two periods the last ones are said again.
    fn perturbation(&mut self, periods: &Periods) -> Voice {
        let held = &mut self.held;
        if periods.n == 0 {
            return *held;
        }
        let length_s = periods.length_s / periods.n as f32;
        let over_length = |sum_s: f32, n: u32| (sum_s / n as f32 / length_s).min(1.0);
        let mut voice = Voice::default();
        if periods.differences > 0 {
            held.jitter = over_length(periods.difference_s, periods.differences);
            voice.jitter = held.jitter;
        }
        if periods.second_differences > 0 {
            held.jitter_ddp = over_length(periods.second_difference_s, periods.second_differences);
            voice.jitter_ddp = held.jitter_ddp;
        }
        held.shimmer = match periods.amplitude {
            0.0 => 0.0,
            amplitude => (periods.amplitude_difference / amplitude).min(1.0),
        };
        voice.shimmer = held.shimmer;
        voice
    }

    /// The level of the mean period over that of what departs from it (section 8.5 of the specification of ComParE), of a
    /// frame whose expected period is `period` samples long. Its ends are left out, oddly.
    fn hnr_db(&mut self, samples: &[f32], period: usize) -> f32 {
        if self.marks.len() < 2 || period < 6 {
            return 0.0;
        }
        let mean = &mut self.mean_period;
        mean.clear();
        for i in 0..period {
            let sum = self
                .marks
                .iter()
                .fold(0.0, |sum, mark| sum + samples[mark + i]);
            mean.push(sum / self.marks.len() as f32);
        }
        let squares = mean[3..period - 2].iter().fold(0.0, |sum, w| sum + w * w);
        let harmonic = (f64::from(squares) / (period - 4) as f64).sqrt() as f32;
        let (mut squares, mut n) = (0.0_f32, 0);
        let last = self.marks[self.marks.len() - 1];
        let ends = self.marks[1..]
            .iter()
            .copied()
            .chain([last + self.last_step]);
        for (&mark, next) in self.marks.iter().zip(ends) {
            let end = next.min(mark + period);
            for j in mark + 2..(end.max(2) - 2).max(mark + 2) {
                let departs = samples[j] - mean[j - mark];
                squares += departs * departs;
                n += 1;
            }
        }
        if n == 0 {
            return 0.0;
        }
        let noise = f64::from(squares / n as f32).sqrt() as f32;
        if noise == 0.0 {
            return 0.0;
        }
        let db = 20.0 * f64::from(harmonic / noise).log10();
        (db as f32).max(LEAST_HNR_DB)
    }
}

/// A sample on the scale of 1 as the whole number of 16 bits that it was.
fn whole(x: f32) -> f64 {
    // Added to a number, this leaves it rounded to a whole one.
    const TO_WHOLE: f32 = 1.5 * (1 << 23) as f32;
    f64::from((x * FULL_SCALE + TO_WHOLE) - TO_WHOLE)
}

/// How far the samples between the first and the last of a period spread. On the scale of 1, whose
/// rounding tells equal amplitudes apart: a shimmer of exactly 0 would count as missing.
fn amplitude(period: &[f64]) -> f32 {
    let inner = match period {
        [_, inner @ .., _] if !inner.is_empty() => inner,
        _ => return 0.0,
    };
    let (lanes, rest) = inner.as_chunks::<LANES>();
    let (mut lows, mut highs) = ([inner[0]; LANES], [inner[0]; LANES]);
    let lower = |x: f64, y: f64| if x < y { x } else { y };
    let higher = |x: f64, y: f64| if x > y { x } else { y };
    for x in lanes {
        for lane in 0..LANES {
            lows[lane] = lower(x[lane], lows[lane]);
            highs[lane] = higher(x[lane], highs[lane]);
        }
    }
    let low = lows
        .into_iter()
        .chain(rest.iter().copied())
        .fold(inner[0], lower);
    let high = highs
        .into_iter()
        .chain(rest.iter().copied())
        .fold(inner[0], higher);
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
    use crate::lld::opensmile::example;
    use crate::lld::opensmile::stream::gauss;
    use crate::lld::opensmile::{Plan, Wanted};

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

    const RULES: Rules = Rules {
        search: [0.9, 1.1],
        has_noise: true,
        processing: Processing::B,
    };

    fn of_frames(samples: &[f32], f0_hz: f32) -> Vec<Voice> {
        let stream = Stream::new(16_000, 0.060, gauss);
        let f0_hz = vec![f0_hz; stream.frames(samples.len())];
        voices(samples, 16_000, &stream, &f0_hz, RULES)
    }

    /// In the middle of a second.
    fn mean(voices: &[Voice], value: fn(&Voice) -> f32) -> f32 {
        voices[20..70].iter().map(value).sum::<f32>() / 50.0
    }

    /// Jitter and shimmer in the middle of a second.
    fn measured(samples: &[f32], f0_hz: f32) -> (f32, f32) {
        let voices = of_frames(samples, f0_hz);
        (
            mean(&voices, |v| v.jitter),
            mean(&voices, Voice::shimmer_db),
        )
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
    fn differences_that_change_are_the_second_jitter() {
        // Periods of 100, 100, 104, 100, 100, 104 ... samples differ by 0, 4, 4, 0, 4, 4 ...; where one does not differ at
        // all, no second difference is formed from it: what remains is 0 (of 4 and 4) and 4 (of 4 and 0), in turn.
        let samples = pulses(|n| if n % 3 == 2 { 104 } else { 100 }, |_| 1.0);
        let ddp = mean(&of_frames(&samples, 158.0), |v| v.jitter_ddp);
        assert!(ddp > 0.005 && ddp < 0.04, "{ddp}");
        let even = mean(&of_frames(&pulses(|_| 100, |_| 1.0), 160.0), |v| {
            v.jitter_ddp
        });
        assert!(even < 1e-3, "{even}");
    }

    #[test]
    fn noise_on_a_train_lowers_the_ratio_of_harmonics_to_it() {
        // The noise has a hundredth of the power of the train, or a ten-thousandth: 20 dB less or 40.
        let train: Vec<f32> = (0..16_000)
            .map(|i| (2.0 * std::f32::consts::PI * i as f32 / 100.0).sin() * 0.2)
            .collect();
        let mut seed: u32 = 1;
        let mut ratio = |share: f32| {
            let noisy: Vec<f32> = train
                .iter()
                .map(|x| {
                    // Numerical Recipes' quick generator; a uniform number's mean square is a third.
                    seed = seed.wrapping_mul(1664525).wrapping_add(1013904223);
                    let noise = seed as f32 / 2_147_483_648.0 - 1.0;
                    let x = x + noise * 0.2 * (1.5 * share).sqrt();
                    (x * 32767.0).round() / 32767.0
                })
                .collect();
            mean(&of_frames(&noisy, 160.0), |v| v.hnr_db)
        };
        let (worse, better) = (ratio(0.01), ratio(0.0001));
        // Five periods in the mean take a fifth of the noise with them.
        assert!((worse - 20.0).abs() < 2.5, "{worse}");
        assert!((better - worse - 20.0).abs() < 1.5, "{better} and {worse}");
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
        let none = Voice {
            hnr_db: -100.0,
            ..Voice::default()
        };
        assert!(of_frames(&samples, 0.0).iter().all(|voice| *voice == none));
        assert_eq!(measured(&[0.0; 16_000], 160.0), (0.0, 0.0));
        assert_eq!(measured(&[7.0 / FULL_SCALE; 16_000], 160.0), (0.0, 0.0));
    }

    #[test]
    fn periods_of_processing_a_are_those_of_the_example() {
        // Section 6 of the specification of the family: frame, lag, correlation, whether it counts.
        let expected = [
            (20, 111, 0.999_893_023_194_353_1, true),
            (21, 111, 0.999_877_044_333_442_9, true),
            (21, 112, 0.999_902_541_865_782_8, true),
            (22, 113, 0.999_915_809_959_460_8, false),
            (23, 113, 0.999_912_011_280_132_3, false),
            (24, 114, 0.999_952_595_881_360_4, false),
            (24, 114, 0.999_955_714_806_059_9, true),
            (25, 114, 0.999_960_163_852_307_7, false),
            (26, 114, 0.999_961_589_238_392_3, false),
            (26, 114, 0.999_969_353_873_143, true),
        ];
        let samples = example::samples();
        let wanted = Wanted {
            egemaps: true,
            ..Wanted::NOTHING
        };
        let recording = example::signal().into_iter();
        let recording: Vec<f32> = recording.map(|x| f32::from(x) / 32768.0).collect();
        let analysis = Plan::new(16_000, Processing::A).analyse(&recording, wanted);
        let pitch = &analysis.egemaps.unwrap().long[0];
        let stream = Stream::new(16_000, 0.060, gauss);
        let of_a = Rules {
            processing: Processing::A,
            ..RULES
        };
        let mut reader = Reader::new(&samples, 16_000, &stream, of_a);
        let mut found = Vec::new();
        for (frame, &semitones) in pitch.iter().enumerate().take(27) {
            let f0_hz = match semitones {
                0.0 => 0.0,
                _ => 27.5 * (semitones / 12.0).exp2(),
            };
            reader.frame(frame, f0_hz);
            if frame < 20 {
                continue;
            }
            // The same samples once more, period by period.
            let expected = 16_000.0 / f64::from(f0_hz);
            let (shortest, longest) = (
                (RULES.search[0] * expected).floor() as usize,
                (RULES.search[1] * expected).ceil() as usize,
            );
            let (mut start, mut least) = (0, f32::INFINITY);
            while start + 2 * longest + 1 < reader.part.len() {
                let (lag, _, correlation) = reader.best_lag(start, &(shortest..=longest)).unwrap();
                let counts = reader.counts(correlation, &mut least);
                found.push((frame, lag, correlation, counts));
                start += lag;
            }
        }
        assert_eq!(found, expected);
    }

    #[test]
    fn of_processing_a_the_least_correlation_counts_only_if_rounding_lowered_it() {
        let stream = Stream::new(16_000, 0.060, gauss);
        let of_a = Rules {
            processing: Processing::A,
            ..RULES
        };
        let reader = Reader::new(&[], 16_000, &stream, of_a);
        let mut least = f32::INFINITY;
        // 0.1 and 0.3 become larger in single precision, 0.7 and 0.45 smaller.
        for (correlation, counts) in [
            (0.7, true),
            (0.3, false),
            (0.45, true),
            (0.9, true),
            (0.1, false),
            (0.1, false),
            (-0.7, false),
            (-0.1, true),
        ] {
            assert_eq!(
                reader.counts(correlation, &mut least),
                counts,
                "{correlation}"
            );
        }
        let reader = Reader::new(&[], 16_000, &stream, RULES);
        assert!(reader.counts(0.51, &mut least) && !reader.counts(0.5, &mut least));
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
