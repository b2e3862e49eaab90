//! Fundamental frequency by subharmonic summation (section 7 of the specification): how candidates
//! are found. [`path`](super::path) chooses among them.
//!
//! The spectrum is put on a logarithmic scale of frequency, where harmonics lie at fixed distances
//! from their fundamental, and summed over these (D. J. Hermes 1988, "Measurement of pitch by
//! subharmonic summation", Journal of the Acoustical Society of America 83, 257-264, which has
//! the enhancement of peaks, the smoothing, the spline and the auditory weight too).

use std::f64::consts::PI;
use std::ops::RangeInclusive;

use crate::dsp::lanes::{LANES, Lanes};
use crate::dsp::spline::NaturalSpline;
use crate::dsp::stats::parabola;
use crate::lld::opensmile::stream::Stream;

/// The logarithmic scale begins here.
const LOWEST_HZ: f64 = 25.0;
/// The auditory weight rises with the octaves as `1/2 + atan(3 octaves) / pi`, from where it is one
/// half: as many octaves above the beginning of the scale (less two places) as lie between these.
const WEIGHT_HZ: f64 = 65.0;
const WEIGHT_REFERENCE_HZ: f64 = 50.0;
/// Harmonics that are summed.
const HARMONICS: usize = 15;
/// Each of them counts this share of the one below it.
const COMPRESSION: f32 = 0.85;
/// Places whose harmonics are summed side by side.
const BLOCK: usize = 8;
/// Bins on either side of a peak that survive the enhancement.
const PEAK_REACH: usize = 2;

/// Candidates of a frame.
pub const CANDIDATES: usize = 6;

/// A frequency that a frame may have.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Candidate {
    /// In Hz; 0 where there is none.
    pub f0_hz: f32,
    /// How far its sum stands out, 0 to 1.
    pub voicing: f32,
    /// Its sum.
    pub score: f32,
}

/// Planned subharmonic summation.
pub struct Summation {
    spline: NaturalSpline,
    /// The auditory weight at each place of the logarithmic scale.
    weights: Vec<f64>,
    /// Where each harmonic from the second on lies above the fundamental.
    shifts: [usize; HARMONICS - 1],
    /// The scale in single precision: where it begins, and how far its places lie apart, in octaves.
    origin: f32,
    step: f32,
    enhanced: Vec<Lanes<f32>>,
    smoothed: Vec<Lanes<f64>>,
    /// 1 where a bin is a peak, else 0; there are [`PEAK_REACH`] bins more on each side.
    peaks: Vec<Lanes<f32>>,
    /// The octave spectrum, and zeros behind it: as far as the highest harmonic of the last block reaches.
    octaves: Vec<Lanes<f32>>,
    sums: Vec<Lanes<f32>>,
    /// The mean of the sums of each frame.
    mean: Lanes<f64>,
    /// The largest maxima of the sums of each frame: place and sum, largest first.
    largest: [[(usize, f32); CANDIDATES]; LANES],
}

impl Summation {
    /// Plans it for `stream`.
    pub fn new(stream: &Stream) -> Summation {
        let n = stream.magnitude.len();
        let bin_hz = 1.0 / f64::from(stream.bins_per_hz as f32);
        let highest_hz = bin_hz * (n - 1) as f64;
        let octaves = (highest_hz / LOWEST_HZ).log2();
        let per_octave = n as f64 / octaves;
        let mut from: Vec<f64> = (0..n).map(|i| (i as f64 * bin_hz).log2()).collect();
        from[0] = 2.0 * from[1] - from[2];
        let step = (highest_hz.log2() - LOWEST_HZ.log2()) / (n - 1) as f64;
        // Rounding must not carry the last place beyond the last bin.
        let place = |j: usize| (LOWEST_HZ.log2() + j as f64 * step).min(from[n - 1]);
        let to: Vec<f64> = (0..n).map(place).collect();
        let half = per_octave * (WEIGHT_HZ / WEIGHT_REFERENCE_HZ).log2() - 1.0;
        let weight = |j: usize| 0.5 + (3.0 * ((j + 1) as f64 - half) / per_octave).atan() / PI;
        let shift = |h: usize| (f64::from(per_octave as f32) * (h as f64).log2()).floor() as usize;
        let shifts = std::array::from_fn(|h| shift(h + 2));
        Summation {
            spline: NaturalSpline::new(&from, &to),
            weights: (0..n).map(weight).collect(),
            origin: to[0] as f32,
            step: (to[n - 1] as f32 - to[0] as f32) / (n - 1) as f32,
            enhanced: vec![Lanes::default(); n],
            smoothed: vec![Lanes::default(); n],
            peaks: vec![Lanes::default(); n + 2 * PEAK_REACH],
            octaves: vec![Lanes::default(); n + shifts[HARMONICS - 2] + BLOCK],
            sums: vec![Lanes::default(); n],
            mean: Lanes::default(),
            largest: Default::default(),
            shifts,
        }
    }

    /// Sums the harmonics of eight frames.
    #[inline(always)]
    pub fn sum(&mut self, magnitude: &[Lanes<f32>]) {
        self.enhance(magnitude);
        self.smooth();
        self.octave_spectrum();
        self.mean = self.sum_harmonics();
        self.largest = self.find_largest();
    }

    /// The candidates within `f0_hz` of the eight frames that were summed last.
    #[inline(always)]
    pub fn candidates(&self, f0_hz: RangeInclusive<f32>) -> [[Candidate; CANDIDATES]; LANES] {
        std::array::from_fn(|lane| self.refine(lane, &f0_hz))
    }

    /// Keeps the bins near a maximum, and those before the first and behind the last one. Of a
    /// single maximum nothing is kept from bin 3 on.
    #[inline(always)]
    fn enhance(&mut self, magnitude: &[Lanes<f32>]) {
        let count = self.find_peaks(magnitude);
        let is_alone = count.equals(Lanes::splat(1.0));
        let mut seen = Lanes::splat(0.0);
        // Peaks lie `PEAK_REACH` behind their bins: this is the part around each bin in turn.
        let around = self.peaks.windows(2 * PEAK_REACH + 1);
        let bins = around.zip(magnitude).zip(&mut self.enhanced);
        for (i, ((peaks, &here), enhanced)) in bins.enumerate() {
            let near = peaks[1..]
                .iter()
                .fold(peaks[0], |near, &peak| near.max(peak));
            seen += peaks[PEAK_REACH];
            let outside = seen.equals(Lanes::splat(0.0)).max(seen.equals(count));
            let keeps = near.max(outside);
            *enhanced = here
                * if i < 3 {
                    keeps.max(is_alone)
                } else {
                    keeps * (-is_alone + 1.0)
                };
        }
    }

    /// Marks the maxima of the spectrum, each end held against its one neighbour, and counts them.
    #[inline(always)]
    fn find_peaks(&mut self, magnitude: &[Lanes<f32>]) -> Lanes<f32> {
        let n = magnitude.len();
        let peaks = &mut self.peaks[PEAK_REACH..PEAK_REACH + n];
        let mut count = Lanes::splat(0.0);
        for (peak, window) in peaks[1..].iter_mut().zip(magnitude.windows(3)) {
            // Not lower than the one behind.
            let rises = window[1].exceeds(window[0]);
            let falls = -window[2].exceeds(window[1]) + 1.0;
            *peak = rises * falls;
            count += *peak;
        }
        peaks[0] = magnitude[0].exceeds(magnitude[1]);
        peaks[n - 1] = magnitude[n - 1].exceeds(magnitude[n - 2]);
        count + peaks[0] + peaks[n - 1]
    }

    #[inline(always)]
    fn smooth(&mut self) {
        let n = self.enhanced.len();
        let (mut before, mut here) = (Lanes::splat(0.0), self.enhanced[0].to_f64());
        for (smoothed, after) in self.smoothed.iter_mut().zip(&self.enhanced[1..]) {
            let after = after.to_f64();
            *smoothed = (before + here * 2.0 + after) * 0.25;
            (before, here) = (here, after);
        }
        self.smoothed[n - 1] = here;
    }

    #[inline(always)]
    fn octave_spectrum(&mut self) {
        let (weights, octaves) = (&self.weights, &mut self.octaves);
        self.spline.evaluate(
            &self.smoothed,
            #[inline(always)]
            |j, value| {
                let weighted = value.to_f32().max(Lanes::splat(0.0)).to_f64() * weights[j];
                octaves[j] = weighted.to_f32();
            },
        );
    }

    /// Sums the harmonics; returns the mean of the sums.
    #[inline(always)]
    fn sum_harmonics(&mut self) -> Lanes<f64> {
        let n = self.sums.len();
        let block_at = |place: usize| *self.octaves[place..].first_chunk::<BLOCK>().expect("zeros");
        let mut mean = Lanes::splat(0.0);
        for (places, first) in self.sums.chunks_mut(BLOCK).zip((0..).step_by(BLOCK)) {
            let mut sums = block_at(first);
            let mut gain = COMPRESSION;
            // Beyond the end there are zeros.
            let harmonics = self.shifts.iter().map(|shift| first + shift);
            for harmonic in harmonics.take_while(|&harmonic| harmonic < n) {
                for (sum, harmonic) in sums.iter_mut().zip(block_at(harmonic)) {
                    *sum += harmonic * gain;
                }
                gain *= COMPRESSION;
            }
            for (place, sum) in places.iter_mut().zip(sums) {
                *place = (sum / HARMONICS as f32).max(Lanes::splat(0.0));
                mean += place.to_f64();
            }
        }
        mean / n as f64
    }

    /// The largest maxima of the sums of each frame: place and sum, largest first; of equals the first.
    #[inline(always)]
    fn find_largest(&self) -> [[(usize, f32); CANDIDATES]; LANES] {
        let mut largest = [[(0, 0.0); CANDIDATES]; LANES];
        let mut least = Lanes::splat(0.0);
        for (before, window) in self.sums.windows(3).enumerate() {
            let here = window[1];
            let above = here.exceeds(least.max(window[0]).max(window[2]));
            if above.is_zero() {
                continue;
            }
            for lane in (0..LANES).filter(|&lane| above.0[lane] != 0.0) {
                let (largest, here) = (&mut largest[lane], here.0[lane]);
                let mut rank = CANDIDATES - 1;
                while rank > 0 && largest[rank - 1].1 < here {
                    largest[rank] = largest[rank - 1];
                    rank -= 1;
                }
                largest[rank] = (before + 1, here);
                least.0[lane] = largest[CANDIDATES - 1].1;
            }
        }
        largest
    }

    /// The candidates of one frame, from its largest maxima.
    fn refine(&self, lane: usize, range_hz: &RangeInclusive<f32>) -> [Candidate; CANDIDATES] {
        let (largest, mean) = (&self.largest[lane], self.mean.0[lane]);
        let sum = |j: usize| self.sums[j].0[lane];
        let mut candidates = [Candidate::default(); CANDIDATES];
        let mut kept = 0;
        for &(j, _) in largest.iter().take_while(|(j, _)| *j > 0) {
            let at = |j: usize| {
                (
                    f64::from(j as f32 * self.step + self.origin),
                    f64::from(sum(j)),
                )
            };
            let (octave, score) = parabola(at(j - 1), at(j), at(j + 1));
            let f0_hz = octave.exp2() as f32;
            if range_hz.contains(&f0_hz) {
                let stands_out = score > 0.0 && score > mean;
                candidates[kept] = Candidate {
                    f0_hz,
                    voicing: if stands_out {
                        (1.0 - mean / score) as f32
                    } else {
                        0.0
                    },
                    score: score as f32,
                };
                kept += 1;
            }
        }
        let mut best = 0;
        for k in 1..kept {
            if candidates[k].score > candidates[best].score {
                best = k;
            }
        }
        candidates.swap(0, best);
        candidates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::egemaps::F0_HZ;
    use crate::lld::opensmile::stream::gauss;

    /// The candidates of a frame of 60 ms at `rate` Hz.
    fn candidates(rate: u32, sample: impl Fn(f64) -> f64) -> [Candidate; CANDIDATES] {
        let mut stream = Stream::new(rate, 0.060, gauss);
        let samples = (0..stream.width).map(|i| sample(i as f64 / f64::from(rate)) as f32);
        stream.load(&samples.collect::<Vec<f32>>(), &[0]);
        stream.transform();
        let mut summation = Summation::new(&stream);
        summation.sum(&stream.magnitude);
        summation.candidates(F0_HZ)[0]
    }

    /// A tone with ten harmonics that fall by 6 dB per octave.
    fn voice(f0_hz: f64) -> impl Fn(f64) -> f64 {
        let harmonic = move |h: u32, t: f64| {
            let h = f64::from(h);
            (2.0 * PI * h * f0_hz * t).sin() / h
        };
        move |t| 0.1 * (1..=10).map(|h| harmonic(h, t)).sum::<f64>()
    }

    #[test]
    fn the_first_candidate_of_a_harmonic_tone_is_its_fundamental() {
        for rate in [8000, 16_000, 44_100] {
            for f0_hz in [80.0, 123.0, 220.0, 310.0] {
                let best = candidates(rate, voice(f0_hz))[0];
                let error = f64::from(best.f0_hz) / f0_hz - 1.0;
                assert!(
                    error.abs() < 0.02,
                    "{} for {f0_hz} Hz at {rate} Hz",
                    best.f0_hz
                );
                assert!(best.voicing > 0.7, "{best:?}");
            }
        }
    }

    #[test]
    fn silence_has_no_candidate_and_none_lies_outside_the_range() {
        assert_eq!(
            candidates(16_000, |_| 0.0),
            [Candidate::default(); CANDIDATES]
        );
        // The fundamental is too low; only what lies within 55 to 1000 Hz remains.
        for candidate in candidates(16_000, voice(40.0)) {
            assert!(
                candidate.f0_hz == 0.0 || F0_HZ.contains(&candidate.f0_hz),
                "{candidate:?}"
            );
        }
    }

    #[test]
    fn bins_far_from_maxima_are_emptied() {
        let mut stream = Stream::new(16_000, 0.060, gauss);
        // Maxima at bins 100 and 200, and a ramp on both sides of each.
        for (k, magnitude) in stream.magnitude.iter_mut().enumerate() {
            let nearest = k.abs_diff(100).min(k.abs_diff(200));
            *magnitude = Lanes::splat(1000.0 - nearest as f32);
        }
        let mut summation = Summation::new(&stream);
        summation.enhance(&stream.magnitude);
        let kept = |k: usize| summation.enhanced[k].0[3] != 0.0;
        // Two bins on either side; all before the first and behind the last.
        assert!((0..=102).all(kept) && (198..513).all(kept));
        assert!(!(103..198).any(kept));
        // With one maximum alone nothing is kept from bin 3 on.
        for (k, magnitude) in stream.magnitude.iter_mut().enumerate() {
            *magnitude = Lanes::splat(1000.0 - k.abs_diff(100) as f32);
        }
        summation.enhance(&stream.magnitude);
        assert!((0..513).all(|k| (summation.enhanced[k].0[3] != 0.0) == (k < 3)));
    }
}
