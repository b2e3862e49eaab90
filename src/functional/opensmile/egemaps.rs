//! The statistics of eGeMAPSv02 (section 12 of its specification): mean and deviation, percentiles, slopes between extrema.
//! The deviation is divided by the signed mean, without protection against means near 0.

use super::extrema::{extrema, slopes};
use super::{FRAME_S, percentile};
use crate::dsp::stats;

/// The least mean square for the sound level: -120 dB.
const LEAST_POWER: f64 = 1e-12;

/// Arithmetic mean, and standard deviation over the mean; 0 of nothing.
pub fn mean_and_deviation(x: &[f32]) -> [f32; 2] {
    if x.is_empty() {
        return [0.0, 0.0];
    }
    let mean = stats::mean(x);
    let square = |&x: &f32| (f64::from(x) - mean) * (f64::from(x) - mean);
    let variance = x.iter().map(square).sum::<f64>() / x.len() as f64;
    let over = if mean as f32 == 0.0 { 1.0 } else { mean };
    let deviation = if variance > 0.0 {
        variance.sqrt() / over
    } else {
        0.0
    };
    [mean as f32, deviation as f32]
}

/// Mean and deviation; percentiles 20, 50 and 80 and the distance of the outer two; mean and
/// deviation of rising slopes, then of falling ones. All 0 of nothing.
pub fn ten_statistics(x: &[f32]) -> [f32; 10] {
    if x.is_empty() {
        return [0.0; 10];
    }
    let [mean, deviation] = mean_and_deviation(x);
    let mut sorted = x.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let [p20, p50, p80] = [0.2, 0.5, 0.8].map(|share| percentile(&sorted, share));
    let range = sorted[sorted.len() - 1] - sorted[0];
    let [rising, falling] = slopes(x, &extrema(x, range));
    [
        mean,
        deviation,
        p20,
        p50,
        p80,
        (p80 - p20).abs(),
        rising[0],
        rising[1],
        falling[0],
        falling[1],
    ]
}

/// Peaks per second: the maxima among the extrema of the contour.
pub fn peaks_per_s(x: &[f32]) -> f32 {
    let low = x.iter().copied().fold(f32::INFINITY, f32::min);
    let high = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let peaks = extrema(x, high - low)
        .iter()
        .filter(|e| e.is_maximum)
        .count();
    match x.len() {
        0 => 0.0,
        n => peaks as f32 / (n as f32 * FRAME_S),
    }
}

/// The equivalent sound level in dB re full scale, of the mean square of each frame.
pub fn equivalent_level_db(mean_squares: &[f32]) -> f32 {
    (10.0 * stats::mean(mean_squares).max(LEAST_POWER).log10()) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::functional::opensmile::stretches::Stretches;

    fn near(found: &[f32], expected: &[f32]) {
        for (f, e) in found.iter().zip(expected) {
            assert!(
                (f - e).abs() <= 1e-6 * e.abs().max(1.0),
                "{found:?}, not {expected:?}"
            );
        }
    }

    #[test]
    fn the_example_of_the_specification_has_its_statistics() {
        // Section 16.2.
        let v = [
            1.0, 2.0, 4.0, 3.0, 3.5, 6.0, 5.0, 2.0, 1.0, 1.5, 3.0, 7.0, 6.5, 6.6, 4.0, 2.0, 2.5,
            1.0,
        ];
        let expected = [
            3.422_222_1,
            0.579_324_9,
            1.7,
            3.0,
            5.6,
            3.9,
            112.5,
            51.158_455,
            130.555_56,
            27.498_6,
        ];
        near(&ten_statistics(&v), &expected);
        let places: Vec<usize> = extrema(&v, 6.0).iter().map(|e| e.index).collect();
        assert_eq!(places, [2, 3, 5, 8, 11, 15]);
        near(&[peaks_per_s(&v)], &[3.0 / 0.18]);
    }

    #[test]
    fn segments_bridge_one_frame_and_are_counted_from_first_to_last() {
        // Section 16.2.
        let f0 = [0, 5, 5, 5, 0, 5, 0, 0, 5, 5, 0, 0, 0, 5, 5, 5, 5, 0];
        let voiced = Stretches::of(f0.iter().map(|&f| f != 0));
        near(&[voiced.mean_s, voiced.deviation_s], &[0.035, 0.005]);
        near(&[voiced.per_s], &[2.0 / 0.18]);
        let unvoiced = Stretches::of(f0.iter().map(|&f| f == 0));
        near(&[unvoiced.mean_s, unvoiced.deviation_s], &[0.025, 0.005]);
        assert_eq!(
            Stretches::of([true, true].into_iter()),
            Stretches::default()
        );
        // 1500 segments of three frames, two frames apart, in 75 s.
        let many = Stretches::of((0..7500).map(|i| i % 5 < 3));
        near(&[many.per_s, many.mean_s], &[1000.0 / 75.0, 0.02]);
    }

    #[test]
    fn a_ramp_has_one_slope_and_a_constant_none() {
        let ramp: Vec<f32> = (0..11).map(|i| i as f32).collect();
        // 10 over 11 frames: the program divides by the number of frames, not by the time.
        near(&ten_statistics(&ramp)[6..], &[10.0 / 11.0, 0.0, 0.0, 0.0]);
        let falling: Vec<f32> = ramp.iter().map(|x| -x).collect();
        near(
            &ten_statistics(&falling)[6..],
            &[0.0, 0.0, -10.0 / 11.0, 0.0],
        );
        near(
            &ten_statistics(&[2.0; 9]),
            &[2.0, 0.0, 2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        );
    }

    #[test]
    fn deviations_bear_the_sign_of_the_mean_and_nothing_has_none() {
        near(&mean_and_deviation(&[-1.0, -3.0]), &[-2.0, -0.5]);
        near(&mean_and_deviation(&[-1.0, 1.0]), &[0.0, 1.0]);
        assert_eq!(mean_and_deviation(&[]), [0.0, 0.0]);
        assert_eq!(ten_statistics(&[]), [0.0; 10]);
        assert_eq!(peaks_per_s(&[]), 0.0);
        assert_eq!(equivalent_level_db(&[0.0, 0.0]), -120.0);
        near(
            &[equivalent_level_db(&[0.001, 0.003])],
            &[10.0 * 0.002_f32.log10()],
        );
    }
}
