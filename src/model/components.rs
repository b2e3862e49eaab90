//! Principal components as a step before a learner: the directions in which training rows vary most (Pearson 1901, "On lines
//! and planes of closest fit to systems of points in space"), as scikit-learn's `PCA(svd_solver="covariance_eigh")`.
//!
//! linfa-reduction 0.8.1 has them too, by an iteration for few of many: of 60 of 88 features it answers `Ok` with a first
//! singular value that is 12 % too low, of 30 some components are none. These are exact.

use faer::Mat;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::products::{Directions, directions, product, products};

/// Variance, as a share of the largest, below which a direction is rounding.
const ROUNDING: f64 = 1e-12;

/// Features to components.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Components {
    features: usize,
    /// For each component the weight of each feature, in sum of squares 1.
    axes: Vec<f32>,
    /// What is subtracted from each component, so that its mean in training is 0.
    means: Vec<f32>,
}

impl Components {
    /// The first `most` components of the rows `x`, fewer where these vary in fewer directions, but one at least.
    pub fn fit(x: ArrayView2<f32>, most: usize) -> Result<Components> {
        let (n, features) = x.dim();
        let mut centred = Mat::from_fn(n, features, |i, f| f64::from(x[(i, f)]));
        let mut means = vec![0.0; features];
        for (f, mean) in means.iter_mut().enumerate() {
            let column = centred.col_as_slice_mut(f);
            *mean = column.iter().sum::<f64>() / n as f64;
            column.iter_mut().for_each(|value| *value -= *mean);
        }
        let Directions {
            of_rows,
            values,
            vectors,
        } = directions(centred.as_ref())
            .map_err(|cause| Error::Data(format!("no principal components: {cause}")))?;
        // Rising: the last are the first components.
        let largest = values.last().copied().unwrap_or(0.0);
        let is_rounding = |value: &&f64| **value <= ROUNDING * largest;
        let kept = values.len() - values.iter().take_while(is_rounding).count();
        let kept = kept.clamp(1, most);
        let mut axes = match of_rows {
            true => {
                let of_rows = Mat::from_fn(n, kept, |i, k| vectors[(i, values.len() - 1 - k)]);
                product(centred.transpose(), of_rows.as_ref())
            }
            false => Mat::from_fn(features, kept, |f, k| vectors[(f, values.len() - 1 - k)]),
        };
        for k in 0..kept {
            let axis = axes.col_as_slice_mut(k);
            let length = axis.iter().map(|a| a * a).sum::<f64>().sqrt();
            // An axis has no direction of its own: its largest weight is to be positive.
            let farthest = axis
                .iter()
                .fold(0.0_f64, |f, &a| if a.abs() > f.abs() { a } else { f });
            if length > 0.0 {
                axis.iter_mut()
                    .for_each(|a| *a /= length.copysign(farthest));
            }
        }
        let mean = |k: usize| {
            axes.col_as_slice(k)
                .iter()
                .zip(&means)
                .map(|(a, m)| a * m)
                .sum()
        };
        let means: Vec<f64> = (0..kept).map(mean).collect();
        let in_row = |k: usize| axes.col_as_slice(k).iter().map(|&a| a as f32);
        Ok(Components {
            features,
            means: means.into_iter().map(|mean| mean as f32).collect(),
            axes: (0..kept).flat_map(in_row).collect(),
        })
    }

    /// Whether they are of so many features, and their parts fit together.
    pub fn fits(&self, features: usize) -> bool {
        self.features == features && self.axes.len() == self.means.len() * features
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.means.len()
    }

    /// Rows x components, of rows x features.
    pub fn apply(&self, x: ArrayView2<f32>) -> Array2<f32> {
        let mut components = products(x, self.axes());
        for mut row in components.rows_mut() {
            row.iter_mut()
                .zip(&self.means)
                .for_each(|(value, mean)| *value -= mean);
        }
        components
    }

    /// How much is made of each feature, given that of each component: the root of what its weights say in squares.
    pub fn of_features(&self, importance: &[f64]) -> Vec<f64> {
        let axes = self.axes();
        let square = |f: usize| {
            let weights = axes.column(f);
            let products = weights
                .iter()
                .zip(importance)
                .map(|(&a, i)| f64::from(a) * i);
            products
                .map(|product| product * product)
                .sum::<f64>()
                .sqrt()
        };
        (0..self.features).map(square).collect()
    }

    /// Components x features.
    fn axes(&self) -> ArrayView2<'_, f32> {
        ArrayView2::from_shape((self.len(), self.features), &self.axes).expect("whole axes")
    }
}

#[test]
fn rows_on_a_line_have_one_component() {
    let x = ndarray::array![
        [1.0_f32, 2.0, 7.0],
        [2.0, 4.0, 7.0],
        [3.0, 6.0, 7.0],
        [6.0, 12.0, 7.0]
    ];
    let root = 5.0_f32.sqrt();
    let wide = x.select(ndarray::Axis(0), &[0, 1]);
    for (rows, most) in [(x.view(), 3), (wide.view(), 2)] {
        let components = Components::fit(rows, most).unwrap();
        assert_eq!(components.len(), 1);
        let apart = components.apply(x.view());
        assert!(
            (apart[(2, 0)] - apart[(1, 0)] - root).abs() < 1e-5,
            "{apart}"
        );
        assert!(components.apply(rows).sum().abs() < 1e-5);
        let of_features = components.of_features(&[2.0]);
        assert!((of_features[1] - 2.0 * of_features[0]).abs() < 1e-6 && of_features[2] == 0.0);
    }
    // Rows that do not differ at all.
    let same = Components::fit(ndarray::Array2::ones((3, 4)).view(), 2).unwrap();
    assert_eq!(
        same.apply(x.select(ndarray::Axis(1), &[0, 1, 2, 0]).view())
            .dim(),
        (4, 1)
    );
}

#[test]
fn components_are_scikit_learns() {
    // scikit-learn 1.9.1: the magnitudes of PCA(2).fit_transform of these rows.
    let x = ndarray::array![
        [1.0_f32, 0.0, 5.0, 2.0],
        [2.0, 1.0, 5.0, -1.0],
        [3.0, 4.0, 5.0, 0.0],
        [2.0, 5.0, 5.0, 3.0],
        [3.0, 2.0, 5.0, 1.0],
        [5.0, 1.0, 5.0, -2.0]
    ];
    let expected = [
        [0.3795868_f32, 3.0868583],
        [1.5554862, 0.7174865],
        [0.6087401, 1.7446446],
        [3.7299762, 0.8844873],
        [0.1508609, 0.1186838],
        [3.3136777, 1.2938967],
    ];
    let found = Components::fit(x.view(), 2).unwrap().apply(x.view());
    for (found, expected) in found.iter().zip(expected.iter().flatten()) {
        assert!(
            (found.abs() - expected).abs() < 1e-5,
            "{found} for {expected}"
        );
    }
}
