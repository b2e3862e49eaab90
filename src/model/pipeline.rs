//! Scaler, selection and classifier, fitted together on the same rows.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::Result;
use crate::model::learners::{Named, Training};
use crate::model::outputs::Outputs;
use crate::model::spec::{self, ModelSpec};
use crate::model::{Normalize, select};
use crate::scaler::Scaler;

/// Scaler, selection and classifier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pipeline {
    pub(super) features: usize,
    /// `None` under protocol B, where each speaker is scaled by their own rows before.
    pub(super) scaler: Option<Scaler>,
    /// The features that the classifier sees; `None` for all.
    pub(super) selected: Option<Vec<usize>>,
    pub(super) classifier: Named,
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
        let y: Vec<usize> = rows.iter().map(|&row| data.y[row]).collect();
        let classes = data.classes.len();
        let selected = specs[0].select.filter(|&k| k < x.ncols());
        let selected = selected.map(|k| select::best(x.view(), &y, classes, k));
        let mut names = data.feature_names.clone();
        if let Some(columns) = &selected {
            x = x.select(Axis(1), columns);
            names = columns.iter().map(|&f| names[f].clone()).collect();
        }
        let rows = Training {
            x: x.view(),
            names: &names,
            y: &y,
            classes,
            speakers: &numbered(rows.iter().map(|&row| &data.speakers[row])),
            seed,
        };
        let classifiers = spec::fit_each(specs, &rows)?;
        let pipelines = specs
            .iter()
            .zip(classifiers)
            .map(|(spec, classifier)| Pipeline {
                features: data.feature_names.len(),
                scaler: scaler.clone(),
                selected: selected.clone(),
                classifier: Named {
                    learner: spec.learner,
                    classifier,
                },
            });
        Ok(pipelines.collect())
    }

    /// The classifier's outputs for the rows `rows` of `x`.
    pub fn outputs(&self, x: ArrayView2<f32>, rows: &[usize]) -> Outputs {
        let x = scaled(&self.scaler, x, rows);
        let classifier = &self.classifier.classifier;
        match &self.selected {
            Some(columns) => classifier.outputs(x.select(Axis(1), columns).view()),
            None => classifier.outputs(x.view()),
        }
    }

    /// The importance of each feature to the classifier; 0 for features that were not selected.
    pub fn importance(&self) -> Vec<f64> {
        let seen = self.selected.as_ref().map_or(self.features, Vec::len);
        let of_seen = self.classifier.classifier.importance(seen);
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
