//! Shapes in contours: how often a convolution with a fixed kernel exceeds a threshold.
//!
//! MiniRocket (Dempster, Schmidt & Webb 2021, "MiniRocket: a very fast (almost) deterministic
//! transform for time series classification", KDD): kernels of nine weights, six of -1 and three of
//! 2, dilated, on sums of some channels; the share of frames above a threshold is the feature (in the paper "proportion of
//! positive values" above a "bias"). In the paper the thresholds are quantiles of training data. Here they are fixed,
//! chosen to suit contours of speech, so that a feature depends on its recording alone; on three corpora this cost
//! nothing.

use crate::catalogue::kernels::Kernel;
use crate::catalogue::statistics::SHARES;

/// Weights of a kernel.
const WEIGHTS: usize = 9;
/// For each kernel and threshold the share of frames at which the kernel's output exceeds it.
/// `contours` are those of the channels, without gaps, and are divided by `scales`; beyond their ends they are at their
/// means. NaN where there is no frame.
pub fn shares_above(kernels: &[Kernel], scales: &[f32], contours: &[Vec<f32>], out: &mut Vec<f32>) {
    let frames = contours.first().map_or(0, Vec::len);
    if frames == 0 {
        out.extend(vec![f32::NAN; kernels.len() * SHARES.len()]);
        return;
    }
    let scaled: Vec<Vec<f32>> = contours.iter().zip(scales).map(scale).collect();
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
            &[1.0, 2.0],
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
}
