//! Shapes in contours: how often a convolution with a fixed kernel exceeds a threshold.
//!
//! MiniRocket (Dempster, Schmidt & Webb 2021, "MiniRocket: a very fast (almost) deterministic
//! transform for time series classification", KDD): kernels of nine weights, six of -1 and three of
//! 2, dilated, on sums of some channels; the share of frames above a threshold is the feature (there
//! "proportion of positive values" above a "bias"). There the thresholds are quantiles of training data.
//! Here they are fixed, from what contours of speech are like, so that a feature depends on its recording
//! alone; measured on three corpora this costs nothing.

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Weights of a kernel.
const WEIGHTS: usize = 9;
/// Kernels: three of nine weights are 2.
const KERNELS: usize = 84;
/// Frames from weight to weight: kernels span 9 to 257 frames, 90 ms to 2.6 s.
const DILATIONS: [usize; 10] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
/// The thresholds, as multiples of the expected deviation: the quartiles of a normal distribution.
pub const THRESHOLDS: [f32; 3] = [-0.674, 0.0, 0.674];
/// Contours of speech forget themselves within this many frames: the correlation of two frames is
/// exp(-distance / 15) (level and pitch of three corpora: .92 to .97 at 1, .37 to .7 at 8).
const MEMORY: f64 = 15.0;

/// The channels that kernels run over.
pub struct Channels {
    /// The deviation of each over a recording, in its unit: what a value is divided by.
    pub scales: Vec<f32>,
    /// Most channels of one kernel.
    pub most: usize,
    /// How much two channels correlate, about.
    pub correlation: f64,
}

/// One kernel.
#[derive(Debug, Clone, PartialEq)]
pub struct Kernel {
    /// The places of the three weights of 2, of 0 to 8.
    pub places: [usize; 3],
    /// Frames from weight to weight.
    pub dilation: usize,
    /// The channels whose sum it runs over.
    pub channels: Vec<usize>,
    /// Its thresholds.
    pub thresholds: [f32; 3],
}

/// `times` kernels of each shape, in turn with a short dilation and a long one, which differ from shape to
/// shape; channels are drawn, with the same seed always: few more often than many (MiniRocket's draw).
pub fn kernels(channels: &Channels, times: usize) -> Vec<Kernel> {
    let mut random = ChaCha8Rng::seed_from_u64(0);
    let places = (0..WEIGHTS)
        .flat_map(|a| (a + 1..WEIGHTS).flat_map(move |b| (b + 1..WEIGHTS).map(move |c| [a, b, c])));
    let places: Vec<[usize; 3]> = places.collect();
    debug_assert_eq!(places.len(), KERNELS);
    let kernel = |number: usize| {
        let shape = number % KERNELS;
        let places = places[shape];
        let dilation = DILATIONS[(shape + 5 * (number / KERNELS)) % DILATIONS.len()];
        let exponent = random.gen_range(0.0..((channels.most + 1) as f64).log2());
        let count = (exponent.exp2() as usize).clamp(1, channels.most);
        let mut chosen: Vec<usize> = (0..channels.scales.len()).collect();
        chosen.shuffle(&mut random);
        chosen.truncate(count);
        let together = count as f64 * (1.0 + (count - 1) as f64 * channels.correlation);
        let deviation = (together * variance(places, dilation)).sqrt();
        Kernel {
            places,
            dilation,
            channels: chosen,
            thresholds: THRESHOLDS.map(|threshold| threshold * deviation as f32),
        }
    };
    (0..times * KERNELS).map(kernel).collect()
}

/// The variance of a kernel's output on a contour of variance 1 with the [`MEMORY`] of speech.
fn variance(places: [usize; 3], dilation: usize) -> f64 {
    let weight = |at: usize| if places.contains(&at) { 2.0 } else { -1.0 };
    let pairs = (0..WEIGHTS).flat_map(|i| (0..WEIGHTS).map(move |j| (i, j)));
    let covariance = |(i, j): (usize, usize)| {
        let frames = (i.abs_diff(j) * dilation) as f64;
        weight(i) * weight(j) * (-frames / MEMORY).exp()
    };
    pairs.map(covariance).sum()
}

/// For each kernel and threshold the share of frames at which the kernel's output exceeds it.
/// `contours` are those of the channels, without gaps; beyond their ends they are at their means. NaN
/// where there is no frame.
pub fn shares_above(
    kernels: &[Kernel],
    channels: &Channels,
    contours: &[Vec<f32>],
    out: &mut Vec<f32>,
) {
    let frames = contours.first().map_or(0, Vec::len);
    if frames == 0 {
        out.extend(vec![f32::NAN; kernels.len() * THRESHOLDS.len()]);
        return;
    }
    let scaled: Vec<Vec<f32>> = contours.iter().zip(&channels.scales).map(scale).collect();
    let (mut sum, mut output) = (vec![0.0_f32; frames], vec![0.0_f32; frames]);
    for kernel in kernels {
        sum.fill(0.0);
        for &channel in &kernel.channels {
            add(&mut sum, &scaled[channel], 0, 1.0);
        }
        output.fill(0.0);
        for at in 0..WEIGHTS {
            let weight = if kernel.places.contains(&at) {
                2.0
            } else {
                -1.0
            };
            let shift = (at as isize - (WEIGHTS / 2) as isize) * kernel.dilation as isize;
            add(&mut output, &sum, shift, weight);
        }
        out.extend(kernel.thresholds.map(|threshold| {
            let above: u32 = output
                .iter()
                .map(|&value| u32::from(value > threshold))
                .sum();
            (f64::from(above) / frames as f64) as f32
        }));
    }
}

/// A contour less its mean, in units of `scale`.
fn scale((contour, scale): (&Vec<f32>, &f32)) -> Vec<f32> {
    let mean = crate::dsp::stats::mean(contour) as f32;
    contour.iter().map(|value| (value - mean) / scale).collect()
}

/// Adds `weight` times `from`, `shift` frames earlier, to `to`; beyond its ends it is 0.
fn add(to: &mut [f32], from: &[f32], shift: isize, weight: f32) {
    let n = to.len();
    let away = shift.unsigned_abs().min(n);
    let (to, from) = match shift >= 0 {
        true => (&mut to[..n - away], &from[away..]),
        false => (&mut to[away..], &from[..n - away]),
    };
    to.iter_mut()
        .zip(from)
        .for_each(|(to, from)| *to += weight * from);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kernel_is_a_correlation_with_its_nine_weights() {
        let channels = Channels {
            scales: vec![1.0, 2.0],
            most: 2,
            correlation: 0.0,
        };
        let kernel = Kernel {
            places: [0, 4, 7],
            dilation: 2,
            channels: vec![0, 1],
            thresholds: [-1.0, 0.0, 1.5],
        };
        let contours = [3, 5].map(|step| {
            let values = (0..40).map(|t| ((t * t * step) % 17) as f32);
            values.collect::<Vec<f32>>()
        });
        let mut found = Vec::new();
        shares_above(
            std::slice::from_ref(&kernel),
            &channels,
            &contours,
            &mut found,
        );
        let mean = |c: &Vec<f32>| c.iter().sum::<f32>() / 40.0;
        let at = |t: isize| match (0..40).contains(&t) {
            true => {
                let of = |c: &Vec<f32>| c[t as usize] - mean(c);
                of(&contours[0]) + of(&contours[1]) / 2.0
            }
            false => 0.0,
        };
        let weight = |k: isize| if [0, 4, 7].contains(&k) { 2.0 } else { -1.0 };
        let output = |t: isize| (0..9).map(|k| weight(k) * at(t + (k - 4) * 2)).sum::<f32>();
        for (share, threshold) in found.iter().zip(kernel.thresholds) {
            let expected = (0..40).filter(|&t| output(t) > threshold).count() as f32 / 40.0;
            assert_eq!(*share, expected);
        }
    }

    #[test]
    fn thresholds_are_quartiles_of_what_speech_is_like() {
        // A first-order process with that memory, and a sum of two such channels.
        let channels = Channels {
            scales: vec![1.0; 4],
            most: 3,
            correlation: 0.0,
        };
        let mut random = ChaCha8Rng::seed_from_u64(3);
        let contours: Vec<Vec<f32>> = (0..4)
            .map(|_| {
                let (keep, mut value) = ((-1.0 / MEMORY).exp(), 0.0);
                let step = |_| {
                    let noise: f64 = (0..12).map(|_| random.gen_range(-0.5..0.5)).sum();
                    value = keep * value + (1.0 - keep * keep).sqrt() * noise;
                    value as f32
                };
                (0..20_000).map(step).collect()
            })
            .collect();
        let kernels = kernels(&channels, 1);
        let mut shares = Vec::new();
        shares_above(&kernels, &channels, &contours, &mut shares);
        for share in shares.chunks(3) {
            for (found, expected) in share.iter().zip([0.75, 0.5, 0.25]) {
                assert!((found - expected).abs() < 0.03, "{share:?}");
            }
        }
    }
}
