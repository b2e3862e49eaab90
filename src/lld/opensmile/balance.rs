//! How the power of a frame is distributed over its spectrum, and how the spectrum changes (section 6 of the
//! specification): alpha ratio, Hammarberg index, spectral slopes, flux.

use crate::dsp::lanes::{LANES, Lanes};
use crate::lld::opensmile::band::Band;
use crate::lld::opensmile::stream::Stream;

/// Floor of the power: -140 dB. The square of 1e-7, in single precision.
const FLOOR: f32 = 1e-7_f32 * 1e-7_f32;
/// Its level.
const FLOOR_DB: f64 = -140.0;
/// Alpha ratio and Hammarberg index compare what lies below these with what lies from there to
/// [`HIGHEST_HZ`].
const ALPHA_HZ: f64 = 1000.0;
const HAMMARBERG_HZ: f64 = 2000.0;
const HIGHEST_HZ: f64 = 5000.0;
/// Bands of the two slopes.
const SLOPES_HZ: [(f64, f64); 2] = [(0.0, 500.0), (500.0, 1500.0)];

/// Number of descriptors of this file.
pub const BALANCES: usize = 5;

/// Planned measures of the spectrum's balance.
pub struct Balance {
    /// Bins below 1 kHz, below 2 kHz, up to 5 kHz.
    below_1_khz: usize,
    below_2_khz: usize,
    up_to_5_khz: usize,
    slopes: [Slope; 2],
    /// Bins that flux looks at.
    flux_bins: usize,
    /// Their magnitudes in the frame before the next eight.
    before: Vec<f32>,
    /// Whether there is one.
    has_before: bool,
}

impl Balance {
    /// Plans them for `stream`.
    pub fn new(stream: &Stream) -> Balance {
        let bins = stream.magnitude.len();
        let hz = |bin: usize| bin as f64 / stream.bins_per_hz;
        let bins_where =
            |is_in: &dyn Fn(f64) -> bool| (0..bins).take_while(|&k| is_in(hz(k))).count();
        let flux_bins = bins_where(&|hz| hz < HIGHEST_HZ);
        Balance {
            below_1_khz: bins_where(&|hz| hz < ALPHA_HZ),
            below_2_khz: bins_where(&|hz| hz < HAMMARBERG_HZ),
            up_to_5_khz: bins_where(&|hz| hz <= HIGHEST_HZ),
            slopes: SLOPES_HZ.map(|(low, high)| Slope::new(low, high, bins, hz)),
            flux_bins,
            before: vec![0.0; flux_bins],
            has_before: false,
        }
    }

    /// Forgets the frame before: the next one is the first of its recording.
    pub fn reset(&mut self) {
        self.has_before = false;
    }

    /// Alpha ratio (dB), Hammarberg index (dB), slopes of 0 to 500 and of 500 to 1500 Hz (dB/Hz) and
    /// flux of eight frames in sequence.
    #[inline(always)]
    pub fn compute(
        &mut self,
        magnitude: &[Lanes<f32>],
        power: &[Lanes<f32>],
    ) -> [Lanes<f32>; BALANCES] {
        let (low, high) = (
            &power[..self.below_1_khz],
            &power[self.below_1_khz..self.up_to_5_khz],
        );
        let alpha = ratio_db(sum(high), sum(low));
        let (low, high) = (
            &power[..self.below_2_khz],
            &power[self.below_2_khz..self.up_to_5_khz],
        );
        let hammarberg = ratio_db(largest(low), largest(high));
        let [first, second] = &self.slopes;
        let slopes = [first.compute(power), second.compute(power)];
        [
            alpha,
            hammarberg,
            slopes[0],
            slopes[1],
            self.flux(magnitude),
        ]
    }

    #[inline(always)]
    fn flux(&mut self, magnitude: &[Lanes<f32>]) -> Lanes<f32> {
        let mut sum = Lanes::splat(0.0);
        for (&magnitude, before) in magnitude.iter().zip(&mut self.before) {
            let earlier = |lane: usize| match lane {
                0 => *before,
                _ => magnitude.0[lane - 1],
            };
            let change = (magnitude - Lanes::from_fn(earlier)).to_f64();
            sum += change * change;
            *before = magnitude.0[LANES - 1];
        }
        let mut flux = sum.map(|sum: f64| (sum / self.flux_bins as f64).sqrt() as f32);
        if !self.has_before {
            flux.0[0] = 0.0;
        }
        self.has_before = true;
        flux
    }
}

#[inline(always)]
fn sum(power: &[Lanes<f32>]) -> Lanes<f32> {
    let mut sum = Lanes::splat(0.0);
    for &power in power {
        sum += power;
    }
    sum
}

#[inline(always)]
fn largest(power: &[Lanes<f32>]) -> Lanes<f32> {
    let mut largest = Lanes::splat(0.0);
    for &power in power {
        largest = power.max(largest);
    }
    largest
}

/// The ratio in dB; 0 where what it is held against is 0.
#[inline(always)]
fn ratio_db(of: Lanes<f32>, to: Lanes<f32>) -> Lanes<f32> {
    Lanes::from_fn(|lane| match to.0[lane] {
        0.0 => 0.0,
        to => (10.0 * (f64::from(of.0[lane].max(FLOOR)) / f64::from(to)).log10()) as f32,
    })
}

/// A slope of the spectrum's level over a band: the specification's formula, which is nearly, but
/// not, that of the least-squares line.
struct Slope {
    /// First bin of the band.
    first: usize,
    /// Weight and weighted frequency of each.
    bins: Vec<(f64, f64)>,
    /// One less than their number.
    n: f64,
    /// Sum of the weighted frequencies.
    sum: f64,
    /// `n` times the sum of their squares, less the square of their sum.
    denominator: f64,
}

impl Slope {
    fn new(low_hz: f64, high_hz: f64, bins: usize, hz: impl Fn(usize) -> f64) -> Slope {
        let Band {
            first,
            last,
            weights,
        } = Band::new(low_hz, high_hz, bins, &hz);
        let weight = |k: usize| match k {
            _ if k == first => weights[0],
            _ if k == last => weights[1],
            _ => 1.0,
        };
        let bins: Vec<(f64, f64)> = (first..=last)
            .map(|k| (weight(k), weight(k) * hz(k)))
            .collect();
        let n = (last - first) as f64;
        let sum: f64 = bins.iter().map(|(_, g)| g).sum();
        let squares: f64 = bins.iter().map(|(_, g)| g * g).sum();
        Slope {
            first,
            bins,
            n,
            sum,
            // A band without two bins has no slope.
            denominator: if n > 0.0 {
                n * squares - sum * sum
            } else {
                0.0
            },
        }
    }

    #[inline(always)]
    fn compute(&self, power: &[Lanes<f32>]) -> Lanes<f32> {
        if self.denominator == 0.0 {
            return Lanes::splat(0.0);
        }
        let (mut moment, mut total) = (Lanes::splat(0.0), Lanes::splat(0.0));
        for (&(weight, g), &power) in self.bins.iter().zip(&power[self.first..]) {
            let level = levels_db(power);
            moment += level * g;
            total += level * weight;
        }
        ((moment * self.n - total * self.sum) / self.denominator).to_f32()
    }
}

#[inline(always)]
fn levels_db(power: Lanes<f32>) -> Lanes<f64> {
    let level = power.max(Lanes::splat(FLOOR)).ln() * (10.0 / std::f64::consts::LN_10);
    Lanes::from_fn(|lane| {
        if power.0[lane] > FLOOR {
            level.0[lane]
        } else {
            FLOOR_DB
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::stream::hamming;

    /// At 16 kHz: 257 bins, 31.25 Hz apart.
    fn planned() -> Balance {
        Balance::new(&Stream::new(16_000, 0.020, hamming))
    }

    fn of_power(power: impl Fn(usize) -> f32) -> [f32; BALANCES] {
        let power: Vec<Lanes<f32>> = (0..257).map(|k| Lanes::splat(power(k))).collect();
        let magnitude: Vec<Lanes<f32>> = power.iter().map(|p| p.sqrt()).collect();
        planned().compute(&magnitude, &power).map(|x| x.0[0])
    }

    #[test]
    fn two_lines_have_the_ratio_of_their_powers() {
        // 500 Hz with power 1, 3 kHz with a hundredth of it.
        let [alpha, hammarberg, ..] = of_power(|k| match k {
            16 => 1.0,
            96 => 0.01,
            _ => 0.0,
        });
        assert!((alpha + 20.0).abs() < 1e-5, "{alpha}");
        assert!((hammarberg - 20.0).abs() < 1e-5, "{hammarberg}");
        // 1000 Hz is the first bin of the upper band of the one, and in the lower of the other.
        let [alpha, hammarberg, ..] = of_power(|k| match k {
            32 => 1.0,
            31 => 0.1,
            64 => 0.001,
            _ => 0.0,
        });
        assert!(
            (alpha - 10.0 * 1.001_f32.log10() - 10.0).abs() < 1e-4,
            "{alpha}"
        );
        assert!((hammarberg - 30.0).abs() < 1e-4, "{hammarberg}");
    }

    #[test]
    fn silence_has_the_slopes_of_the_specification() {
        let [alpha, hammarberg, first, second, flux] = of_power(|_| 0.0);
        assert_eq!([alpha, hammarberg, flux], [0.0; 3]);
        // Section 6.4: a constant spectrum does not give 0.
        assert!((first - 0.112).abs() < 1e-7, "{first}");
        assert!((second - 0.0763636).abs() < 1e-7, "{second}");
    }

    #[test]
    fn flux_is_the_change_from_frame_to_frame_across_batches() {
        let mut balance = planned();
        // Magnitudes of 1, 2, 3, ... in all 160 bins below 5 kHz: a change of 1 each time.
        for batch in 0..2 {
            let at = |lane: usize| (1 + batch * LANES + lane) as f32;
            let magnitude = vec![Lanes::from_fn(at); 257];
            let flux = balance.compute(&magnitude, &magnitude)[4];
            let first = if batch == 0 { 0.0 } else { 1.0 };
            assert_eq!(
                flux,
                Lanes::from_fn(|lane| if lane == 0 { first } else { 1.0 })
            );
        }
        assert_eq!(balance.flux_bins, 160);
    }
}
