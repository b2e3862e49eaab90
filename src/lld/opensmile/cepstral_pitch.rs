//! Voicing probability and pitch from the autocorrelation and the cepstrum of a frame (section 7 of the specification of
//! emobase, 5 of that of IS09), and the contour of the pitch, which has a memory.
//!
//! The idea is A. M. Noll's (1967, "Cepstrum pitch determination", Journal of the Acoustical Society of America 41,
//! 293-309); the numbers are openSMILE's. The pitch is the first lag at which the cepstrum rises above a threshold, so it is
//! the sample rate over a whole number.

use crate::dsp::lanes::{LANES, Lanes, vectorised};
use crate::lld::opensmile::stream::Stream;

/// Lags shorter than a period of this are skipped (7.3).
const HIGHEST_HZ: f64 = 500.0;
/// A peak of the cepstrum is a candidate above this share of maximum and mean together (7.5).
const THRESHOLD: f64 = 0.6;
/// Frames are voiced from this voicing probability on (7.6).
const VOICED: f64 = 0.55;

/// Which spectrum the cepstrum is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cepstrum {
    /// That of emobase: the logarithm of the power, but at both ends the power itself. Absolute values.
    Power,
    /// That of IS09: the logarithm of 1 more than the power, everywhere. Divided by the number of bins; with its sign.
    OneMore,
}

/// What a frame tells of its pitch.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pitch {
    /// Highest autocorrelation on a rising slope, over that at lag 0.
    pub voicing: f64,
    /// The candidate of the pitch; 0 if there is none.
    pub f0_hz: f32,
}

/// The pitch of the frames of a stream, planned for one sample rate.
pub struct CepstralPitch {
    cepstrum: Cepstrum,
    /// Seconds from one lag to the next.
    lag_s: f64,
    /// The shortest lag.
    shortest: usize,
    bins: Vec<Lanes<f32>>,
    /// Of each lag up to half the length of the transform.
    autocorrelation: Vec<Lanes<f32>>,
    cepstra: Vec<Lanes<f32>>,
}

impl CepstralPitch {
    /// Plans it for `stream`.
    pub fn new(stream: &Stream, cepstrum: Cepstrum) -> CepstralPitch {
        let length = stream.transform_length();
        // In single precision, at 16 kHz 0.064 s are a little longer: 7.3.
        let lag_s = f64::from(stream.bins_per_hz as f32) / length as f64;
        CepstralPitch {
            cepstrum,
            lag_s,
            shortest: ((1.0 / (HIGHEST_HZ * lag_s)).floor() as usize).max(1),
            bins: vec![Lanes::default(); length / 2 + 1],
            autocorrelation: vec![Lanes::default(); length / 2],
            cepstra: vec![Lanes::default(); length / 2],
        }
    }

    /// The pitch of the frames with the `power` spectra; `stream` is used to transform them.
    // (Not inlined: it is long, and two sets call it.)
    pub fn compute(&mut self, stream: &mut Stream, power: &[Lanes<f32>]) -> [Pitch; LANES] {
        vectorised(
            #[inline(always)]
            || {
                self.transform_back(stream, power);
                let (voicing, lags) = (self.voicing(), self.lags());
                std::array::from_fn(|lane| Pitch {
                    voicing: voicing[lane],
                    f0_hz: match lags.0[lane] {
                        0.0 => 0.0,
                        lag => 1.0 / (lag * self.lag_s as f32),
                    },
                })
            },
        )
    }

    /// The autocorrelation, from the power (7.1), and the cepstrum, from the levels of the bins (7.2).
    #[inline(always)]
    fn transform_back(&mut self, stream: &mut Stream, power: &[Lanes<f32>]) {
        self.take_levels(power);
        let n = match self.cepstrum {
            Cepstrum::Power => 1.0,
            Cepstrum::OneMore => power.len() as f32,
        };
        for (bins, to) in [
            (power, &mut self.autocorrelation),
            (&self.bins, &mut self.cepstra),
        ] {
            stream.inverse(
                bins,
                #[inline(always)]
                |lag, sum| {
                    if let Some(to) = to.get_mut(lag) {
                        *to = sum / n;
                    }
                },
            );
        }
        for r in &mut self.autocorrelation {
            *r = r.map(f32::abs);
        }
        if self.cepstrum == Cepstrum::Power {
            for c in &mut self.cepstra {
                *c = c.map(f32::abs);
            }
        }
    }

    /// The levels of the bins.
    #[inline(always)]
    fn take_levels(&mut self, power: &[Lanes<f32>]) {
        let bins = &mut self.bins[..power.len()];
        match self.cepstrum {
            Cepstrum::Power => {
                for (bin, &p) in bins.iter_mut().zip(power) {
                    *bin = p.ln().to_f32() * p.exceeds(Lanes::splat(0.0));
                }
                let last = power.len() - 1;
                (bins[0], bins[last]) = (power[0], power[last]);
            }
            Cepstrum::OneMore => {
                for (bin, &p) in bins.iter_mut().zip(power) {
                    *bin = p.ln_of_one_more().to_f32();
                }
            }
        }
    }

    /// The highest autocorrelation that is higher than that of the lag before, or the last, over that at lag 0 (7.4).
    #[inline(always)]
    fn voicing(&self) -> [f64; LANES] {
        let r = &self.autocorrelation;
        let mut highest = r[r.len() - 1];
        for pair in r[self.shortest - 1..].windows(2) {
            let (before, here) = (pair[0], pair[1]);
            // 0 where it does not rise: no autocorrelation is less.
            highest = highest.max(here * here.exceeds(before));
        }
        std::array::from_fn(|lane| match r[0].0[lane] {
            0.0 => 0.0,
            power => f64::from(highest.0[lane]) / f64::from(power),
        })
    }

    /// The first lag at which the cepstrum has a peak above the threshold; 0 if it has none (7.5).
    #[inline(always)]
    fn lags(&self) -> Lanes<f32> {
        let c = &self.cepstra[..];
        let first = self.shortest + 1;
        let mut sum = Lanes::splat(0.0_f64);
        for c in c {
            sum += c.map(f32::abs).to_f64();
        }
        let mut highest = c[c.len() - 1];
        for &c in &c[first..] {
            highest = highest.max(c);
        }
        let threshold = (highest.to_f64() + sum / c.len() as f64) * THRESHOLD;
        // Of single precision, the same numbers are above it.
        let threshold = threshold.map(|x| match x as f32 {
            rounded if f64::from(rounded) > x => rounded.next_down(),
            rounded => rounded,
        });
        let mut found = Lanes::splat(0.0);
        // From the last lag to the first, which stays.
        for (i, peak) in c[first..].windows(3).enumerate().rev() {
            let [before, here, after] = [peak[0], peak[1], peak[2]];
            let lag = (first + 1 + i) as f32;
            found = Lanes::from_fn(
                #[inline(always)]
                |lane| {
                    let x = here.0[lane];
                    let is_peak = (x > before.0[lane]) & (x > after.0[lane]);
                    match is_peak & (x > threshold.0[lane]) {
                        true => lag,
                        false => found.0[lane],
                    }
                },
            );
        }
        found
    }
}

/// Outliers are further from the running mean than this share of it (7.6).
const OUTLIER: f32 = 0.4;
/// The weight of a new value in the running mean; that of an outlier is a third of it.
const NEW: f32 = 0.3;
/// By how much the last value of a voiced stretch is lowered where the next is lower.
const LOWERED: f32 = 0.85;
/// The weight of the past in the envelope.
const PAST: f32 = 0.75;

/// Where voicing begins or ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Change {
    #[default]
    None,
    Onset,
    Offset,
}

/// The contour of the pitch, and what it remembers of the frames before (7.6). It is one frame late.
#[derive(Debug, Clone, Default)]
pub struct Contour {
    /// The values of the last frame, and of the one before.
    last: f32,
    last_but_one: f32,
    mean: f32,
    envelope: f32,
    change: Change,
}

impl Contour {
    /// Takes in a frame; gives F0 (of the frame before, 0 where unvoiced) and its envelope in Hz.
    pub fn next(&mut self, pitch: Pitch) -> [f32; 2] {
        let mut value = if pitch.voicing >= VOICED {
            pitch.f0_hz
        } else {
            0.0
        };
        let (was_voiced, is_voiced) = (self.last > 0.0, value > 0.0);
        if is_voiced == was_voiced {
            self.change = Change::None;
        } else if is_voiced {
            self.change = Change::Onset;
        } else if self.change == Change::None {
            self.change = Change::Offset;
        }
        // A voiced stretch of one frame is no voice.
        if !is_voiced && self.change == Change::Onset {
            self.last = 0.0;
        }
        let (candidate, mut weight) = (value, NEW);
        if is_voiced {
            if self.mean == 0.0 {
                self.mean = value;
            }
            let is_near =
                (1.0 - OUTLIER) * self.mean < value && value < (1.0 + OUTLIER) * self.mean;
            if !is_near {
                value = self.mean;
                weight = NEW / 3.0;
            }
            if self.change != Change::None && self.last > value {
                self.last *= LOWERED;
            }
            // An outlier enters the mean as it is.
            self.mean = (1.0 - weight) * self.mean + weight * candidate;
        }
        let f0_hz = match self.last != 0.0 && self.last_but_one != 0.0 {
            true => (self.last_but_one + self.last) / 2.0,
            false => self.last,
        };
        (self.last_but_one, self.last) = (self.last, value);
        if f0_hz > 0.0 {
            self.envelope = PAST * self.envelope + (1.0 - PAST) * f0_hz;
        }
        [f0_hz, self.envelope]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::example;
    use crate::lld::opensmile::stream::hamming;

    /// The pitch planned for 16 kHz, after it has seen frames of `samples` that begin at `starts`.
    fn seen(
        cepstrum: Cepstrum,
        samples: &[f32],
        starts: &[usize],
    ) -> (CepstralPitch, [Pitch; LANES]) {
        let mut stream = Stream::new(16_000, 0.040, hamming).zeros_behind();
        stream.load(samples, starts);
        stream.transform();
        let power: Vec<_> = stream.magnitude.iter().map(|&m| m * m).collect();
        let mut pitch = CepstralPitch::new(&stream, cepstrum);
        let found = pitch.compute(&mut stream, &power);
        (pitch, found)
    }

    #[track_caller]
    fn near(found: &[f32], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (f, e) in found.iter().zip(expected) {
            assert!(
                (f64::from(*f) - e).abs() <= 2e-6 * e.abs(),
                "{found:?}, not {expected:?}"
            );
        }
    }

    /// Where a frame has its highest value from `first` on, and that.
    fn highest(x: &[Lanes<f32>], first: usize, lane: usize) -> (usize, f32) {
        let values = x.iter().enumerate().skip(first);
        let values = values.map(|(i, x)| (i, x.0[lane]));
        values.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap()
    }

    #[test]
    fn the_frames_of_the_worked_example() {
        // Section 13.
        let starts = [20 * 160, 80 * 160];
        let (pitch, found) = seen(Cepstrum::Power, &example::samples(), &starts);
        assert_eq!(pitch.shortest, 31);
        let first_three = |x: &[Lanes<f32>], lane| [0, 1, 2, 3].map(|i: usize| x[i].0[lane]);
        let r = &pitch.autocorrelation;
        near(
            &first_three(r, 0),
            &[3517.2227, 3504.9905, 3469.0447, 3409.7688],
        );
        near(
            &first_three(r, 1),
            &[0.18245853, 0.0058125192, 0.0040878509, 0.0055744713],
        );
        for (lane, at, value) in [(0, 113, 2956.144), (1, 62, 0.028535448)] {
            let found = highest(r, 31, lane);
            assert_eq!(found.0, at);
            near(&[found.1], &[value]);
        }
        let c = &pitch.cepstra;
        near(
            &first_three(c, 0),
            &[3840.5134, 448.36176, 347.06625, 304.22839],
        );
        near(&first_three(c, 1)[..2], &[4334.8931, 21.85482]);
        for (lane, at, value) in [(0, 108, 120.283745), (1, 100, 88.5798)] {
            let found = highest(c, 32, lane);
            assert_eq!(found.0, at);
            near(&[found.1], &[value]);
        }
        near(
            &found.map(|p| p.voicing as f32)[..2],
            &[0.84047681, 0.15639415],
        );
    }

    #[test]
    fn a_pulse_train_has_its_period_as_lag() {
        let pulses: Vec<f32> = (0..640)
            .map(|n| f32::from(u8::from(n % 100 == 7)))
            .collect();
        for cepstrum in [Cepstrum::Power, Cepstrum::OneMore] {
            let (_, found) = seen(cepstrum, &pulses, &[0]);
            assert!((found[0].f0_hz - 160.0).abs() < 1e-3, "{found:?}");
            assert!(found[0].voicing > 0.6, "{found:?}");
            // The other frames are empty.
            assert_eq!(found[1], Pitch::default());
        }
    }

    #[test]
    fn the_contour_of_the_pitch_is_late_and_remembers() {
        // Section 7.6, by hand. In Hz; 0 is unvoiced.
        let contour = |f0_hz: &[f32]| -> Vec<[f32; 2]> {
            let mut contour = Contour::default();
            let pitch = |&f0_hz| Pitch {
                voicing: 0.55,
                f0_hz,
            };
            f0_hz
                .iter()
                .map(|f0_hz| contour.next(pitch(f0_hz)))
                .collect()
        };
        let f0 = |f0_hz: &[f32]| -> Vec<f32> { contour(f0_hz).iter().map(|x| x[0]).collect() };
        // The first frame shows up in the second, the last one in the first behind it.
        assert_eq!(
            f0(&[0.0, 100.0, 104.0, 0.0, 0.0]),
            [0.0, 0.0, 100.0, 102.0, 0.0]
        );
        // A single voiced frame is dropped.
        assert_eq!(f0(&[0.0, 100.0, 0.0, 0.0]), [0.0; 4]);
        // An outlier is replaced by the running mean.
        assert_eq!(
            f0(&[100.0, 100.0, 300.0, 100.0]),
            [0.0, 100.0, 100.0, 100.0]
        );
        // The envelope starts from 0 and is held.
        let envelope: Vec<f32> = contour(&[80.0, 80.0, 80.0, 0.0, 0.0])
            .iter()
            .map(|x| x[1])
            .collect();
        assert_eq!(envelope, [0.0, 20.0, 35.0, 46.25, 46.25]);
        // What is hardly voiced is unvoiced.
        let mut contour = Contour::default();
        let pitch = Pitch {
            voicing: 0.5499,
            f0_hz: 100.0,
        };
        assert_eq!([0; 3].map(|_| contour.next(pitch)), [[0.0; 2]; 3]);
    }
}
