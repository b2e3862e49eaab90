//! Features coded by quantile bins: a byte per value, once for all trees.
//!
//! A node then sorts or counts bytes instead of floats, and all of 6000 rows x 400 features lies in
//! 2.4 MB, feature by feature.

use ndarray::{ArrayView1, ArrayView2};
use rayon::prelude::*;

/// Bins of a feature at most: what a byte can tell.
pub const BINS: usize = 256;

/// A table of features, coded.
pub struct Table {
    /// Feature by feature.
    pub features: Vec<Feature>,
}

/// The values of one feature.
pub struct Feature {
    /// Bin of each row, counted from the lowest values.
    pub codes: Vec<u8>,
    /// Lowest and highest value of each bin.
    bounds: Vec<(f32, f32)>,
}

impl Table {
    /// Codes the finite values `x`.
    pub fn new(x: ArrayView2<f32>) -> Table {
        let features = (0..x.ncols()).into_par_iter();
        Table {
            features: features.map(|f| Feature::new(x.column(f))).collect(),
        }
    }
}

impl Feature {
    fn new(values: ArrayView1<f32>) -> Feature {
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f32::total_cmp);
        let bounds = bounds(&sorted);
        let code = |value: &f32| bounds.partition_point(|(_, highest)| highest < value) as u8;
        Feature {
            codes: values.iter().map(code).collect(),
            bounds,
        }
    }

    /// Midway between the highest value of bin `below` and the lowest of bin `above`.
    pub fn threshold(&self, below: u8, above: u8) -> f32 {
        let (low, high) = (self.bounds[below as usize].1, self.bounds[above as usize].0);
        let middle = ((f64::from(low) + f64::from(high)) / 2.0) as f32;
        // Rounded up to the value above, it would part nothing.
        if middle < high { middle } else { low }
    }
}

/// Lowest and highest value of each bin. Each distinct value has one where [`BINS`] are enough, so
/// that nothing is lost. Else the bins hold about equally many rows, and a value of more rows than
/// that is alone in its own.
fn bounds(sorted: &[f32]) -> Vec<(f32, f32)> {
    let is_exact = sorted.chunk_by(|a, b| a == b).count() <= BINS;
    let mut bounds = Vec::new();
    let mut rest = sorted;
    while !rest.is_empty() {
        // The last bin takes all that is left.
        let share = rest.len().div_ceil(BINS - bounds.len());
        let rows = if is_exact { 1 } else { share };
        let highest = rest[rows - 1];
        let first = rest.partition_point(|&value| value < highest);
        let end = rest.partition_point(|&value| value <= highest);
        let is_frequent = first > 0 && end - first > rows;
        let (bin, others) = rest.split_at(if is_frequent { first } else { end });
        bounds.push((bin[0], bin[bin.len() - 1]));
        rest = others;
    }
    bounds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn feature(values: &[f32]) -> Feature {
        Feature::new(ArrayView1::from(values))
    }

    #[test]
    fn few_values_are_kept_apart() {
        let few = feature(&[7.0, -1.0, 2.0, 7.0, 0.0, -0.0]);
        assert_eq!(few.codes, [3, 0, 2, 3, 1, 1]);
        assert_eq!(few.threshold(0, 1), -0.5);
        assert_eq!(few.threshold(0, 3), 3.0);
        let next = 1.0_f32.next_up();
        assert_eq!(feature(&[next, 1.0]).threshold(0, 1), 1.0);
        assert_eq!(feature(&[next, next.next_up()]).threshold(0, 1), next);
        assert_eq!(
            feature(&[f32::MAX, f32::MAX / 2.0]).threshold(0, 1),
            f32::MAX * 0.75
        );
    }

    #[test]
    fn many_values_share_bins_of_equal_size() {
        let many: Vec<f32> = (0..1000).map(|i| ((i * 7) % 1000) as f32).collect();
        let Feature { codes, bounds } = feature(&many);
        assert_eq!(bounds.len(), BINS);
        for (code, (lowest, highest)) in bounds.iter().enumerate() {
            let own = |&(_, &c): &(&f32, &u8)| c as usize == code;
            let rows = many.iter().zip(&codes).filter(own);
            assert!(
                rows.clone()
                    .all(|(value, _)| (lowest..=highest).contains(&value))
            );
            assert!((3..=4).contains(&rows.count()));
        }
    }

    #[test]
    fn a_frequent_value_is_alone() {
        let zeros = (0..700).map(|_| 0.0);
        let values: Vec<f32> = zeros
            .chain((1..=1000).map(|i| (i - 400) as f32 / 8.0))
            .collect();
        let Feature { codes, bounds } = feature(&values);
        assert!(bounds.len() <= BINS && bounds.len() > BINS - 5);
        let zero = codes[0];
        assert_eq!(bounds[zero as usize], (0.0, 0.0));
        assert_eq!(codes.iter().filter(|&&code| code == zero).count(), 701);
    }
}
