//! Scaler, selection and classifier or regression, fitted together on the same rows.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Target};
use crate::error::Result;
use crate::model::learners::{Named, Scale, Training, ValueTraining};
use crate::model::outputs::Outputs;
use crate::model::spec::{self, ModelSpec};
use crate::model::{Normalize, select};
use crate::scaler::Scaler;

/// Scaler, selection, and classifier or regression.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pipeline {
    pub(super) features: usize,
    /// `None` under protocol B, where each speaker is scaled by their own rows before.
    pub(super) scaler: Option<Scaler>,
    /// The features that the estimator sees; `None` for all.
    pub(super) selected: Option<Vec<usize>>,
    pub(super) estimator: Named,
}

impl Pipeline {
    /// Fits on the rows `rows` of a dataset that was [`scaled`](crate::model::scaled) under `normalize`. Its other rows are
    /// not used.
    pub fn fit(
        data: &Dataset,
        rows: &[usize],
        spec: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Result<Pipeline> {
        let mut pipelines = Pipeline::fit_each(data, rows, &[spec], normalize, seed)?;
        Ok(pipelines.remove(0))
    }

    /// [`fit`](Pipeline::fit) for several specs that select the same number of features; what they have in common is
    /// computed once.
    pub fn fit_each(
        data: &Dataset,
        rows: &[usize],
        specs: &[&ModelSpec],
        normalize: Normalize,
        seed: u64,
    ) -> Result<Vec<Pipeline>> {
        let scaler = (normalize == Normalize::Train).then(|| Scaler::fit(data.view(), rows));
        let mut x = scaled(&scaler, data.view(), rows);
        let target = data.target.select(rows);
        let selected = specs[0].select.filter(|&k| k < x.ncols());
        let selected = selected.map(|k| select::best(x.view(), &target, k));
        let mut names = data.feature_names.clone();
        if let Some(columns) = &selected {
            x = x.select(Axis(1), columns);
            names = columns.iter().map(|&f| names[f].clone()).collect();
        }
        let speakers = numbered(rows.iter().map(|&row| &data.speakers[row]));
        let (scales, estimators) = match &target {
            Target::Classes(classes) => {
                let rows = Training {
                    x: x.view(),
                    names: &names,
                    y: &classes.y,
                    classes: classes.names.len(),
                    speakers: &speakers,
                    seed,
                };
                (None, spec::fit_each(specs, &rows)?)
            }
            Target::Values(values) => {
                let (scales, y) = standardised(&values.y);
                let rows = ValueTraining {
                    x: x.view(),
                    names: &names,
                    y: y.view(),
                    speakers: &speakers,
                    seed,
                };
                (Some(scales), spec::fit_each_to_values(specs, &rows)?)
            }
        };
        let pipelines = specs
            .iter()
            .zip(estimators)
            .map(|(spec, estimator)| Pipeline {
                features: data.feature_names.len(),
                scaler: scaler.clone(),
                selected: selected.clone(),
                estimator: Named {
                    learner: spec.learner,
                    scales: scales.clone(),
                    estimator,
                },
            });
        Ok(pipelines.collect())
    }

    /// The classifier's outputs for the rows `rows` of `x`.
    pub fn outputs(&self, x: ArrayView2<f32>, rows: &[usize]) -> Outputs {
        let x = scaled(&self.scaler, x, rows);
        match &self.selected {
            Some(columns) => self.estimator.outputs(x.select(Axis(1), columns).view()),
            None => self.estimator.outputs(x.view()),
        }
    }

    /// The importance of each feature to the classifier; 0 for features that were not selected.
    pub fn importance(&self) -> Vec<f64> {
        let seen = self.selected.as_ref().map_or(self.features, Vec::len);
        let of_seen = self.estimator.estimator.importance(seen);
        match &self.selected {
            None => of_seen,
            Some(columns) => {
                let mut all = vec![0.0; self.features];
                columns
                    .iter()
                    .zip(of_seen)
                    .for_each(|(&f, value)| all[f] = value);
                all
            }
        }
    }
}

/// Targets of mean 0 and deviation 1, and what they were scaled by; what does not vary is centred alone.
fn standardised(y: &Array2<f64>) -> (Vec<Scale>, Array2<f64>) {
    let scale = |column: ArrayView1<f64>| {
        let mean = column.mean().unwrap_or(0.0);
        let deviation = column.mapv(|value| (value - mean).powi(2)).mean();
        let deviation = deviation.unwrap_or(0.0).sqrt();
        Scale {
            mean,
            deviation: if deviation > 0.0 { deviation } else { 1.0 },
        }
    };
    let scales: Vec<Scale> = y.columns().into_iter().map(scale).collect();
    let mut scaled = y.clone();
    for (mut column, scale) in scaled.columns_mut().into_iter().zip(&scales) {
        column.mapv_inplace(|value| (value - scale.mean) / scale.deviation);
    }
    (scales, scaled)
}

/// A number for each speaker, in the order in which they come.
fn numbered<'a>(speakers: impl Iterator<Item = &'a Option<String>>) -> Vec<usize> {
    let mut numbers = HashMap::new();
    speakers
        .map(|speaker| {
            let next = numbers.len();
            *numbers.entry(speaker).or_insert(next)
        })
        .collect()
}

fn scaled(scaler: &Option<Scaler>, x: ArrayView2<f32>, rows: &[usize]) -> Array2<f32> {
    match scaler {
        Some(scaler) => scaler.apply(x, rows),
        None => x.select(Axis(0), rows),
    }
}
