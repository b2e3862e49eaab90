//! The shape of a frame's spectrum in fifteen numbers (section 6 of the specification of ComParE).
//!
//! Bins run from the first above 0 Hz to the last, half the sample rate; power is not that of a density, so that values are
//! not comparable between sample rates. Sums are of double precision and in the order of the bins (section 14.5).

use std::f64::consts::LN_2;

use crate::dsp::lanes::{LANES, Lanes};
use crate::lld::opensmile::band::Band;
use crate::lld::opensmile::stream::Stream;

/// Number of descriptors of this file.
pub const SHAPES: usize = 15;
/// Bands whose energy is taken.
const BANDS_HZ: [(f64, f64); 2] = [(250.0, 650.0), (1000.0, 4000.0)];
/// Shares of the power below the roll-off points.
const ROLL_OFFS: [f64; 4] = [0.25, 0.5, 0.75, 0.9];
/// The least power of a bin for the entropy, and of a frame: the latter is of single precision.
const ENTROPY_FLOOR: f64 = 1e-7;
const LEAST_TOTAL: f32 = 1e-7;
/// Scale of the sharpness (E. Zwicker & H. Fastl 1999, "Psychoacoustics", section 9.1).
const SHARPNESS: f64 = 0.11;
/// Above this many bark sharpness rises more than the bark scale.
const SHARP_BARK: f64 = 16.0;
const SHARP_EXPONENT: f64 = 1.584_962_5;

/// Planned measures of the shape of a spectrum.
pub struct Shape {
    /// Frequency of each bin from the first above 0 Hz on.
    hz: Vec<f64>,
    /// How sharp each of them is.
    sharpness: Vec<f64>,
    bands: [Band; 2],
    /// Sum of the frequencies, and the denominator of the slope.
    sum_hz: f64,
    slope_denominator: f64,
    /// Magnitudes in the frame before the next eight.
    before: Vec<f32>,
    has_before: bool,
    /// Power up to each bin.
    cumulated: Vec<Lanes<f64>>,
}

impl Shape {
    /// Plans them for `stream`.
    pub fn new(stream: &Stream) -> Shape {
        let bins = stream.magnitude.len();
        let frequency = |bin: usize| bin as f64 / stream.bins_per_hz;
        let hz: Vec<f64> = (1..bins).map(frequency).collect();
        let n = hz.len() as f64;
        let sum_hz: f64 = hz.iter().sum();
        let squares: f64 = hz.iter().map(|hz| hz * hz).sum();
        Shape {
            sharpness: hz.iter().map(|&hz| sharpness(hz)).collect(),
            bands: BANDS_HZ.map(|(low, high)| Band::new(low, high, bins, frequency)),
            sum_hz,
            slope_denominator: n * squares - sum_hz * sum_hz,
            before: vec![0.0; hz.len()],
            has_before: false,
            cumulated: vec![Lanes::default(); hz.len()],
            hz,
        }
    }

    /// Forgets the frame before: the next one is the first of its recording.
    pub fn reset(&mut self) {
        self.has_before = false;
    }

    /// Of eight frames in sequence: the energy of two bands; four roll-off points (Hz); flux, centroid (Hz), entropy (bit),
    /// variance (Hz^2), skewness, kurtosis, slope; sharpness, harmonicity.
    #[inline(always)]
    pub fn compute(
        &mut self,
        magnitude: &[Lanes<f32>],
        power: &[Lanes<f32>],
    ) -> [Lanes<f32>; SHAPES] {
        let n = self.hz.len() as f64;
        let flux = self.flux(&magnitude[1..]);
        let bands = [0, 1].map(|k| energy(&self.bands[k], power).map(|sum| (sum / n) as f32));
        let power = &power[1..];
        let (mut sum, mut moment) = (Lanes::splat(0.0), Lanes::splat(0.0));
        let mut sharp = Lanes::splat(0.0_f32);
        let [mut count, mut floored, mut logs] = [Lanes::splat(0.0); 3];
        let bins = power.iter().zip(&self.hz).zip(&self.sharpness);
        for (((&power, &hz), &sharpness), cumulated) in bins.zip(&mut self.cumulated) {
            let p = power.to_f64();
            sum += p;
            *cumulated = sum;
            moment += p * hz;
            sharp += (p * sharpness).to_f32();
            // `P ln P`, where the power is above its floor.
            let is_above = -Lanes::splat(LEAST_TOTAL).exceeds(power) + 1.0;
            let above = power.max(Lanes::splat(LEAST_TOTAL));
            let (is_above, log) = (is_above.to_f64(), above.ln());
            count += is_above;
            floored += is_above * p;
            logs += is_above * p * log;
        }
        let centroid = moments_over(moment, sum).to_f32();
        let [variance, skewness, kurtosis] = self.moments(power, centroid.to_f64(), sum);
        let slope = (moment * n - sum * self.sum_hz) * ((n - 1.0) / self.slope_denominator);
        let sharpness = Lanes::from_fn(|lane| match sum.0[lane] {
            0.0 => 0.0,
            sum => {
                let over = (f64::from(sharp.0[lane]) / sum) as f32;
                (SHARPNESS * f64::from(over)) as f32
            }
        });
        let [r25, r50, r75, r90] = ROLL_OFFS.map(|share| self.roll_off(sum, share));
        [
            bands[0],
            bands[1],
            r25,
            r50,
            r75,
            r90,
            flux,
            centroid,
            entropy(sum, -count + n, floored, logs),
            variance,
            skewness,
            kurtosis,
            slope.to_f32(),
            sharpness,
            harmonicity(power),
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
            let change = magnitude.to_f64() - Lanes::from_fn(earlier).to_f64();
            sum += change * change;
            *before = magnitude.0[LANES - 1];
        }
        let n = self.hz.len() as f64;
        let mut flux = sum.map(|sum: f64| (sum / n).sqrt() as f32);
        if !self.has_before {
            flux.0[0] = 0.0;
        }
        self.has_before = true;
        flux
    }

    /// Variance, skewness and kurtosis about `centroid`, where the power is `sum`.
    #[inline(always)]
    fn moments(
        &self,
        power: &[Lanes<f32>],
        centroid: Lanes<f64>,
        sum: Lanes<f64>,
    ) -> [Lanes<f32>; 3] {
        let [mut second, mut third, mut fourth] = [Lanes::splat(0.0_f64); 3];
        for (&power, &hz) in power.iter().zip(&self.hz) {
            let d = -centroid + hz;
            let term = d * d * power.to_f64();
            second += term;
            let term = term * d;
            third += term;
            fourth += term * d;
        }
        let variance = moments_over(second, sum);
        let over = |moment: f64, lane: usize, norm: fn(f64) -> f64| match variance.0[lane] {
            v if v > 0.0 => (moment / (sum.0[lane] * norm(v))) as f32,
            _ => 0.0,
        };
        [
            variance.map(|v| v.max(0.0) as f32),
            Lanes::from_fn(|lane| over(third.0[lane], lane, |v| v * v.sqrt())),
            Lanes::from_fn(|lane| over(fourth.0[lane], lane, |v| v * v)),
        ]
    }

    /// The frequency up to which `share` of the power lies.
    #[inline(always)]
    fn roll_off(&self, sum: Lanes<f64>, share: f64) -> Lanes<f32> {
        Lanes::from_fn(|lane| {
            let least = share * sum.0[lane];
            let bin = self
                .cumulated
                .partition_point(|up_to| up_to.0[lane] < least);
            self.hz[bin.min(self.hz.len() - 1)] as f32
        })
    }
}

/// 0 where there is no power.
#[inline(always)]
fn moments_over(moment: Lanes<f64>, sum: Lanes<f64>) -> Lanes<f64> {
    Lanes::from_fn(|lane| match sum.0[lane] {
        0.0 => 0.0,
        sum => moment.0[lane] / sum,
    })
}

/// Entropy in bits of the power in all bins, no less than a floor each, over the power of the frame. (The floor is not part of
/// that, so that the entropy of quiet frames exceeds that of noise.) `at_floor` bins lie below it; `above` is the power of
/// the others, `logs` their sum of `P ln P`.
#[inline(always)]
fn entropy(
    sum: Lanes<f64>,
    at_floor: Lanes<f64>,
    above: Lanes<f64>,
    logs: Lanes<f64>,
) -> Lanes<f32> {
    Lanes::from_fn(|lane| {
        let total = sum.0[lane].max(f64::from(LEAST_TOTAL));
        // - sum q log2 q with q = P / total.
        let log_total = total.ln();
        let floor = at_floor.0[lane] * ENTROPY_FLOOR * (ENTROPY_FLOOR.ln() - log_total);
        let nats = (logs.0[lane] - above.0[lane] * log_total + floor) / total;
        (-nats / LN_2) as f32
    })
}

/// How far successive extrema of the power lie apart, in the mean over bins and halved: large where harmonics stand out.
#[inline(always)]
fn harmonicity(power: &[Lanes<f32>]) -> Lanes<f32> {
    let mut sum = Lanes::splat(0.0);
    let mut last = Lanes::splat(f32::NAN);
    for around in power.windows(5) {
        let here = around[2];
        let [a, b, c, d] = [around[0], around[1], around[3], around[4]];
        let is_above = here.exceeds(a.max(b).max(c.max(d)));
        let is_below = (-here).exceeds((-a).max(-b).max((-c).max(-d)));
        let is_extremum = is_above + is_below;
        let change = (here - last).map(f32::abs);
        sum += Lanes::from_fn(
            |lane| match is_extremum.0[lane] > 0.0 && change.0[lane] >= 0.0 {
                true => change.0[lane],
                false => 0.0,
            },
        );
        last = Lanes::from_fn(|lane| match is_extremum.0[lane] > 0.0 {
            true => here.0[lane],
            false => last.0[lane],
        });
    }
    sum / 2.0 / power.len() as f32
}

/// The power of a band.
#[inline(always)]
fn energy(band: &Band, power: &[Lanes<f32>]) -> Lanes<f64> {
    let Band {
        first,
        last,
        weights,
    } = *band;
    if first == last {
        // Half the sample rate lies below it.
        return Lanes::splat(0.0);
    }
    let mut sum = power[first].to_f64() * weights[0];
    for &power in &power[first + 1..last] {
        sum += power.to_f64();
    }
    sum + power[last].to_f64() * weights[1]
}

/// The weight of a frequency in the sharpness: its place on the bark scale (H. Traunmüller 1990, "Analytical expressions for
/// the tonotopic sensory scale", Journal of the Acoustical Society of America 88, 97-100, with his corrections at both
/// ends), and more above 16 bark.
fn sharpness(hz: f64) -> f64 {
    let bark = match 26.81 / (1.0 + 1960.0 / hz) - 0.53 {
        z if z < 2.0 => 0.85 * z + 0.3,
        z if z > 20.1 => 1.22 * z - 4.422,
        z => z,
    };
    let more = match bark > SHARP_BARK {
        true => ((bark - SHARP_BARK) / 4.0).powf(SHARP_EXPONENT) + 1.0,
        false => 1.0,
    };
    bark * more
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lld::opensmile::stream::hamming;

    /// At 16 kHz: 257 bins, 31.25 Hz apart.
    fn planned() -> Shape {
        Shape::new(&Stream::new(16_000, 0.020, hamming))
    }

    fn of_power(power: impl Fn(usize) -> f32) -> [f32; SHAPES] {
        let power: Vec<Lanes<f32>> = (0..257).map(|k| Lanes::splat(power(k))).collect();
        let magnitude: Vec<Lanes<f32>> = power.iter().map(|p| p.sqrt()).collect();
        planned().compute(&magnitude, &power).map(|x| x.0[0])
    }

    #[track_caller]
    fn near(found: f32, expected: f64) {
        let difference = (f64::from(found) - expected).abs();
        assert!(
            difference <= 1e-5 * expected.abs().max(1e-3),
            "{found}, not {expected}"
        );
    }

    #[test]
    fn a_line_has_its_frequency_and_no_width() {
        // 500 Hz.
        let found = of_power(|k| if k == 16 { 4.0 } else { 0.0 });
        near(found[0], 4.0 / 256.0);
        near(found[1], 0.0);
        for roll_off in &found[2..6] {
            near(*roll_off, 500.0);
        }
        near(found[7], 500.0);
        assert_eq!(found[9..12], [0.0; 3]);
        near(found[13], 0.11 * sharpness(500.0));
    }

    #[test]
    fn two_lines_lie_about_their_mean() {
        // 1000 and 3000 Hz, alike: 1000 Hz from their mean, without skew, a kurtosis of 1.
        let found = of_power(|k| if k == 32 || k == 96 { 2.0 } else { 0.0 });
        near(found[1], 4.0 / 256.0);
        near(found[7], 2000.0);
        near(found[9], 1e6);
        near(found[10], 0.0);
        near(found[11], 1.0);
        assert_eq!(found[2..6], [1000.0, 1000.0, 3000.0, 3000.0]);
        // From one maximum to the other: no change; their values are the same.
        near(found[14], 0.0);
    }

    #[test]
    fn a_flat_spectrum_has_the_entropy_of_its_bins_and_a_ramp_its_slope() {
        let flat = of_power(|_| 1.0);
        near(flat[8], 8.0);
        near(flat[12], 0.0);
        assert_eq!(flat[14], 0.0);
        // One per hertz, times the number of bins less one.
        let ramp = of_power(|k| k as f32 * 31.25);
        near(ramp[12], 255.0);
    }

    #[test]
    fn silence_has_the_values_of_the_specification() {
        // Section 13.
        let found = of_power(|_| 0.0);
        assert_eq!(found[2..6], [31.25; 4]);
        near(found[8] * 1e6, 4.316025);
        for k in [0, 1, 6, 7, 9, 10, 11, 12, 13, 14] {
            assert_eq!(found[k], 0.0, "{k}");
        }
    }

    #[test]
    fn harmonics_and_the_dips_between_them_are_harmonicity() {
        // Maxima of 3 every 8 bins, minima of 1 between them: of bins 3 to 254 there are 63, each 2 from the next.
        let found = of_power(|k| 1.0 + ((k % 8) as f32 - 4.0).abs() / 2.0);
        near(found[14], 62.0 * 2.0 / 2.0 / 256.0);
    }

    #[test]
    fn flux_is_the_change_of_magnitudes_over_all_bins() {
        let mut shape = planned();
        let magnitude = vec![Lanes::from_fn(|lane| lane as f32 * 2.0); 257];
        let flux = shape.compute(&magnitude, &magnitude)[6];
        assert_eq!(flux.0[..3], [0.0, 2.0, 2.0]);
    }
}
