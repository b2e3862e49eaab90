//! Contrasts: which features distinguish some rows from the rest.

use ndarray::Axis;

use super::Dataset;

/// How far the values of a feature in some rows lie from those in the other rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Contrast {
    /// The feature.
    pub feature: String,
    /// Difference of the means in pooled standard deviations: Cohen's d (Cohen 1988, "Statistical power analysis for the
    /// behavioral sciences"). By his convention 0.2 is small, 0.8 large.
    pub d: f64,
    /// Mean of the rows.
    pub mean: f64,
    /// Mean of the others.
    pub mean_of_others: f64,
}

impl Dataset {
    /// The contrast of `rows` (places, from 0) with all other rows in every feature that varies within the two, the
    /// largest first. Missing values are left out. Panics if a row does not exist.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let features = dir.path().join("demo.parquet");
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    /// # extract::update(&demo, &egemaps, &features)?;
    /// let data = Dataset::read(&[&features], "emotion")?;
    /// let is_angry = |&row: &usize| data.classes()[data.y()[row]] == "angry";
    /// let angry: Vec<usize> = (0..data.len()).filter(is_angry).collect();
    /// let contrasts = data.contrasts(&angry);
    /// let loudness = contrasts.iter().find(|c| c.feature == "loudness_sma3_amean").unwrap();
    /// assert!(loudness.d > 0.8, "anger is loud in the demo corpus");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn contrasts(&self, rows: &[usize]) -> Vec<Contrast> {
        let mut inside = vec![false; self.len()];
        rows.iter().for_each(|&row| inside[row] = true);
        let columns = self.x.axis_iter(Axis(1)).zip(&self.feature_names);
        let mut contrasts: Vec<Contrast> = columns
            .filter_map(|(column, feature)| {
                let of = |side: bool| {
                    let values = column.iter().zip(&inside);
                    let values = values.filter(|(value, is)| **is == side && !value.is_nan());
                    moments(values.map(|(&value, _)| f64::from(value)))
                };
                let ((n, mean, squares), (others, mean_of_others, squares_of_others)) =
                    (of(true), of(false));
                let freedom = (n + others).checked_sub(2).filter(|&f| f > 0)?;
                let deviation = ((squares + squares_of_others) / freedom as f64).sqrt();
                let d = (mean - mean_of_others) / deviation;
                (n > 0 && others > 0 && d.is_finite()).then(|| Contrast {
                    feature: feature.clone(),
                    d,
                    mean,
                    mean_of_others,
                })
            })
            .collect();
        contrasts.sort_by(|a, b| b.d.abs().total_cmp(&a.d.abs()));
        contrasts
    }
}

/// Number, mean, and sum of squared deviations.
fn moments(values: impl Iterator<Item = f64> + Clone) -> (usize, f64, f64) {
    let n = values.clone().count();
    let mean = values.clone().sum::<f64>() / n as f64;
    (n, mean, values.map(|value| (value - mean).powi(2)).sum())
}

#[test]
fn the_feature_that_differs_comes_first() {
    use ndarray::array;
    let mut data = crate::dataset::tests::of_labels(&[0, 0, 1, 1], 2);
    data.x = array![
        [1.0, 5.0, 0.0],
        [3.0, 5.0, 4.0],
        [11.0, 5.0, 2.0],
        [13.0, 5.0, f32::NAN]
    ];
    data.feature_names = ["a", "constant", "b"].map(String::from).to_vec();
    let found = data.contrasts(&[2, 3]);
    // Means 12 and 2, deviation sqrt((2 + 2) / 2).
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].feature.as_str(), found[0].mean), ("a", 12.0));
    assert!((found[0].d - 10.0 / 2.0_f64.sqrt()).abs() < 1e-12);
    assert_eq!((found[1].feature.as_str(), found[1].d), ("b", 0.0));
}
