//! Principal components: the plane in which rows differ most (Pearson 1901, "On lines and planes of
//! closest fit to systems of points in space").

use faer::Mat;

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::model::products::{Directions, directions, product};
use crate::model::{Normalize, participants, scaled};
use crate::scaler::Scaler;

/// The rows of a dataset as points in a plane.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// First component of each row, in units in which every feature has a standard deviation of 1.
    pub first: Vec<f64>,
    /// Second component.
    pub second: Vec<f64>,
    /// Share of the features' variance that each of the two explains, 0 to 1.
    pub explained: [f64; 2],
    /// The label of each row.
    pub labels: Vec<String>,
    /// Who speaks in each row.
    pub speakers: Vec<String>,
}

impl Projection {
    /// The first two principal components of the features, scaled by all rows (protocol A) or each speaker by their own
    /// (protocol B, which leaves out rows without a speaker).
    ///
    /// It is meant for pictures: it uses all rows, so nothing that is to be evaluated may be fitted on it.
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
    /// let plane = Projection::of(&data, Normalize::Speaker)?;
    /// assert_eq!((plane.first.len(), plane.labels.len()), (128, 128));
    /// let [first, second] = plane.explained;
    /// assert!(first >= second && first + second <= 1.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn of(data: &Dataset, normalize: Normalize) -> Result<Projection> {
        let data = participants(data, normalize)?;
        let prepared = scaled(&data, normalize);
        let rows: Vec<usize> = (0..prepared.len()).collect();
        let x = Scaler::fit(prepared.view(), &rows).apply(prepared.view(), &rows);
        let x = Mat::from_fn(x.nrows(), x.ncols(), |i, f| f64::from(x[(i, f)]));
        let Directions {
            of_rows,
            values,
            vectors,
        } = directions(x.as_ref())
            .map_err(|cause| Error::Data(format!("no principal components: {cause}")))?;
        let total: f64 = values.iter().sum();
        // Ascending, the largest are the last.
        let component = |k: usize| -> (Vec<f64>, f64) {
            let Some(place) = values.len().checked_sub(1 + k) else {
                return (vec![0.0; x.nrows()], 0.0);
            };
            let value = values[place];
            let mut along: Vec<f64> = match of_rows {
                true => (0..x.nrows())
                    .map(|i| vectors[(i, place)] * value.sqrt())
                    .collect(),
                false => {
                    let axis = Mat::from_fn(x.ncols(), 1, |f, _| vectors[(f, place)]);
                    let along = product(x.as_ref(), axis.as_ref());
                    (0..x.nrows()).map(|i| along[(i, 0)]).collect()
                }
            };
            // An axis has no direction of its own: the farthest row is to lie on its positive side.
            let farthest = along
                .iter()
                .fold(0.0_f64, |f, &a| if a.abs() > f.abs() { a } else { f });
            along
                .iter_mut()
                .for_each(|a| *a *= 1.0_f64.copysign(farthest));
            (along, if total > 0.0 { value / total } else { 0.0 })
        };
        let ((first, of_first), (second, of_second)) = (component(0), component(1));
        Ok(Projection {
            first,
            second,
            explained: [of_first, of_second],
            labels: prepared.labels(),
            speakers: prepared.speaker_names(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_first_component_follows_what_varies_together() {
        // Two features that rise together, one that alternates: eigenvalues of the correlation matrix
        // 2, 1 and 0.
        let mut data = crate::dataset::tests::of_labels(&[0, 1, 0, 1, 0, 1, 0, 1], 2);
        data.x = Array2::from_shape_fn((8, 3), |(i, f)| match f {
            0 => (i / 2) as f32,
            1 => 10.0 - 3.0 * (i / 2) as f32,
            _ => (i % 2) as f32,
        });
        data.feature_names = ["a", "b", "c"].map(String::from).to_vec();
        data.speakers = vec![Some("s".into()); 8];
        let found = Projection::of(&data, Normalize::Train).unwrap();
        assert!(
            (found.explained[0] - 2.0 / 3.0).abs() < 1e-6,
            "{:?}",
            found.explained
        );
        assert!((found.explained[1] - 1.0 / 3.0).abs() < 1e-6);
        // z-scores of 0, 1, 2, 3, twice: the farthest is 1.5 / sqrt(1.25) on both features.
        let farthest = 2.0_f64.sqrt() * 1.5 / 1.25_f64.sqrt();
        assert!((found.first[0].abs() - farthest).abs() < 1e-6);
        assert!((found.second[0] + found.second[1]).abs() < 1e-6);
        assert!((found.second[0].abs() - 1.0).abs() < 1e-6);

        // More features than rows: the same plane, by the other inner products.
        let mut wide = data.clone();
        wide.x = Array2::from_shape_fn((8, 12), |(i, f)| data.x[(i, f / 4)]);
        wide.feature_names = (0..12).map(|f| f.to_string()).collect();
        let wide = Projection::of(&wide, Normalize::Train).unwrap();
        assert!((wide.explained[0] - found.explained[0]).abs() < 1e-6);
        for (a, b) in wide.first.iter().zip(&found.first) {
            assert!((a.abs() - 2.0 * b.abs()).abs() < 1e-6);
        }
    }
}
