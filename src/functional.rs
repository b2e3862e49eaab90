//! Statistics of contours: what turns descriptors of any length into features of one recording.

pub mod covariance;
pub mod kernels;
pub mod opensmile;
pub mod rhythm;
pub mod speech;

use crate::dsp::stats;

/// Buffers for the statistics, kept from contour to contour.
#[derive(Debug, Default)]
pub struct Scratch {
    values: Vec<f32>,
    sorted: Vec<f32>,
}

impl Scratch {
    /// Appends the statistics [`CONTOUR`](crate::catalogue::statistics::CONTOUR) of `contour` to `out`. NaN frames are left out; what is
    /// undefined is NaN.
    pub fn contour_statistics(&mut self, contour: &[f32], hop_s: f64, out: &mut Vec<f32>) {
        self.load(contour);
        let [mean, std, skewness, kurtosis] = stats::moments(&self.values);
        let [p1, p10, p25, p50, p75, p90, p99] =
            [1.0, 10.0, 25.0, 50.0, 75.0, 90.0, 99.0].map(|q| stats::percentile(&self.sorted, q));
        let slope = stats::slope(contour) / hop_s;
        let values = [
            mean,
            std,
            skewness,
            kurtosis,
            p1,
            p10,
            p25,
            p50,
            p75,
            p90,
            p99,
            p99 - p1,
            p90 - p10,
            p75 - p25,
            slope,
        ];
        out.extend(values.map(|value| value as f32));
    }

    /// Appends the statistics [`DELTA`](crate::catalogue::statistics::DELTA) of the delta of a contour to `out`.
    pub fn delta_statistics(&mut self, delta: &[f32], out: &mut Vec<f32>) {
        self.load(delta);
        let [mean, std, skewness, kurtosis] = stats::moments(&self.values);
        let [p10, p50, p90] = [10.0, 50.0, 90.0].map(|q| stats::percentile(&self.sorted, q));
        out.extend([mean, std, skewness, kurtosis, p10, p50, p90].map(|value| value as f32));
    }

    /// Appends the statistics [`VOICED_DELTA`](crate::catalogue::statistics::VOICED_DELTA) of a delta that is NaN on unvoiced frames to `out`.
    pub fn voiced_delta_statistics(&mut self, delta: &[f32], out: &mut Vec<f32>) {
        self.load_values(delta);
        let [_, std, ..] = stats::moments(&self.values);
        self.values.iter_mut().for_each(|x| *x = x.abs());
        out.extend([stats::mean(&self.values) as f32, std as f32]);
    }

    /// Appends the statistics [`BRIEF`](crate::catalogue::statistics::BRIEF) of a contour to `out`.
    pub fn brief_statistics(&mut self, contour: &[f32], out: &mut Vec<f32>) {
        self.load_values(contour);
        let [mean, std, ..] = stats::moments(&self.values);
        out.extend([mean as f32, std as f32]);
    }

    fn load_values(&mut self, contour: &[f32]) {
        self.values.clear();
        self.values.extend(contour.iter().filter(|x| !x.is_nan()));
    }

    fn load(&mut self, contour: &[f32]) {
        self.load_values(contour);
        self.sorted.clone_from(&self.values);
        self.sorted.sort_unstable_by(f32::total_cmp);
    }
}

#[cfg(test)]
mod tests {
    use super::Scratch;
    use crate::catalogue::statistics::{CONTOUR, DELTA};

    #[test]
    fn contours_with_gaps_are_described_by_what_is_there() {
        let mut out = Vec::new();
        Scratch::default().contour_statistics(&[f32::NAN, 2.0, 4.0, f32::NAN, 8.0], 0.5, &mut out);
        assert_eq!(out.len(), CONTOUR.len());
        let get = |name: &str| out[CONTOUR.iter().position(|c| c.name == name).unwrap()];
        assert!((get("mean") - 14.0 / 3.0).abs() < 1e-6);
        assert_eq!(get("p50"), 4.0);
        assert_eq!(get("range_25_75"), 3.0);
        // Values 2, 4, 8 at frames 1, 2, 4 lie on a line of slope 2 per frame: 4 per second.
        assert_eq!(get("slope_per_s"), 4.0);
    }

    #[test]
    fn an_empty_contour_has_no_statistics() {
        let mut out = Vec::new();
        Scratch::default().contour_statistics(&[f32::NAN; 3], 0.01, &mut out);
        Scratch::default().delta_statistics(&[], &mut out);
        assert!(out.iter().all(|x| x.is_nan()));
        assert_eq!(out.len(), CONTOUR.len() + DELTA.len());
    }
}
