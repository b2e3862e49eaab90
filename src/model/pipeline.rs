//! Scaler, selection, principal components and classifier or regression, fitted together on the same rows.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Target};
use crate::error::Result;
use crate::model::components::Components;
use crate::model::learners::{Estimator, Named, Scale, Training, ValueTraining};
use crate::model::outputs::Outputs;
use crate::model::spec::{self, ModelSpec};
use crate::model::{Balance, Normalize, TrainOptions, select};
use crate::scaler::Scaler;

/// Scaler, selection, principal components, and classifier or regression.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pipeline {
    pub(super) features: usize,
    /// `None` where rows are scaled before: under protocol B each speaker by their own, under C each corpus.
    pub(super) scaler: Option<Scaler>,
    pub(super) seen: Seen,
    pub(super) estimator: Named,
}

/// What the estimator sees. In model files the first two stand as an `Option` would, and did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Seen {
    /// All features.
    All,
    /// Some.
    Selected(Vec<usize>),
    /// Principal components of all or of some.
    Components {
        selected: Option<Vec<usize>>,
        components: Components,
    },
}

impl Seen {
    /// What `spec` lets an estimator see of the scaled rows `x`.
    fn fit(x: ArrayView2<f32>, target: &Target, spec: &ModelSpec) -> Result<Seen> {
        let selected = spec.select.filter(|&k| k < x.ncols());
        let selected = selected.map(|k| select::best(x, target, k));
        let Some(most) = spec.pca else {
            return Ok(selected.map_or(Seen::All, Seen::Selected));
        };
        let components = match &selected {
            Some(columns) => Components::fit(x.select(Axis(1), columns).view(), most)?,
            None => Components::fit(x, most)?,
        };
        Ok(Seen::Components {
            selected,
            components,
        })
    }

    /// The features that are looked at; `None` for all.
    fn selected(&self) -> Option<&[usize]> {
        match self {
            Seen::All => None,
            Seen::Selected(columns) => Some(columns),
            Seen::Components { selected, .. } => selected.as_deref(),
        }
    }

    /// How many numbers are seen of so many features; `None` where they are not those that this is of.
    fn of(&self, features: usize) -> Option<usize> {
        let looked_at = match self.selected() {
            Some(columns) if columns.iter().any(|&column| column >= features) => return None,
            Some(columns) => columns.len(),
            None => features,
        };
        match self {
            Seen::Components { components, .. } => {
                components.fits(looked_at).then_some(components.len())
            }
            _ => Some(looked_at),
        }
    }

    /// What is seen of the scaled rows `x`.
    fn apply(&self, x: Array2<f32>) -> Array2<f32> {
        let x = match self.selected() {
            Some(columns) => x.select(Axis(1), columns),
            None => x,
        };
        match self {
            Seen::Components { components, .. } => components.apply(x.view()),
            _ => x,
        }
    }

    /// The names of what is seen, given those of the features.
    fn names(&self, features: &[String]) -> Vec<String> {
        match (self, self.selected()) {
            (Seen::Components { components, .. }, _) => spec::component_names(components.len()),
            (_, Some(columns)) => columns.iter().map(|&f| features[f].clone()).collect(),
            (_, None) => features.to_vec(),
        }
    }

    /// The importance to an estimator of each of the `features` features; 0 for those that it does not see.
    fn importance(&self, features: usize, estimator: &dyn Estimator) -> Vec<f64> {
        let looked_at = self.selected().map_or(features, <[usize]>::len);
        let of_those = match self {
            Seen::Components { components, .. } => {
                components.of_features(&estimator.importance(components.len()))
            }
            _ => estimator.importance(looked_at),
        };
        let Some(columns) = self.selected() else {
            return of_those;
        };
        let mut all = vec![0.0; features];
        columns
            .iter()
            .zip(of_those)
            .for_each(|(&f, value)| all[f] = value);
        all
    }
}

impl Pipeline {
    /// Fits on the rows `rows` of a dataset that was [`scaled`](crate::model::scaled) as `options` say. Its other rows are
    /// not used.
    pub fn fit(
        data: &Dataset,
        rows: &[usize],
        spec: &ModelSpec,
        options: &TrainOptions,
    ) -> Result<Pipeline> {
        let mut pipelines = Pipeline::fit_each(data, rows, &[spec], options)?;
        Ok(pipelines.remove(0))
    }

    /// [`fit`](Pipeline::fit) for several specs that select the same number of features; what they have in common is
    /// computed once.
    pub fn fit_each(
        data: &Dataset,
        rows: &[usize],
        specs: &[&ModelSpec],
        options: &TrainOptions,
    ) -> Result<Vec<Pipeline>> {
        let seed = options.seed;
        let is_of_training = options.normalize == Normalize::Train;
        let scaler = is_of_training.then(|| Scaler::fit(data.view(), rows));
        let x = scaled(&scaler, data.view(), rows);
        let target = data.target.select(rows);
        let seen = Seen::fit(x.view(), &target, specs[0])?;
        let (x, names) = (seen.apply(x), seen.names(&data.feature_names));
        let speakers = numbered(rows.iter().map(|&row| &data.speakers[row]));
        let (scales, estimators) = match &target {
            Target::Classes(classes) => {
                let shares = classes.shares();
                let corpora = (options.balance == Balance::CorpusAndClass)
                    .then(|| numbered(rows.iter().map(|&row| &data.rows[row].corpus)));
                let rows = Training {
                    x: x.view(),
                    names: &names,
                    y: &classes.y,
                    shares: shares.view(),
                    classes: classes.names.len(),
                    speakers: &speakers,
                    corpora: corpora.as_deref(),
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
                seen: seen.clone(),
                estimator: Named {
                    learner: spec.learner,
                    scales: scales.clone(),
                    estimator,
                },
            });
        Ok(pipelines.collect())
    }

    /// Scales rows so, unless it scales them already.
    pub(super) fn scale_by(&mut self, scaler: &Scaler) {
        self.scaler.get_or_insert_with(|| scaler.clone());
    }

    /// Whether its parts fit together, and it is of so many features and classes or targets.
    pub(super) fn fits(&self, features: usize, answers: usize) -> bool {
        let scales = self.estimator.scales.as_ref();
        self.features == features
            && self
                .scaler
                .as_ref()
                .is_none_or(|scaler| scaler.fits(features))
            && scales.is_none_or(|scales| scales.len() == answers)
            && self
                .seen
                .of(features)
                .is_some_and(|seen| self.estimator.estimator.fits(seen, answers))
    }

    /// The classifier's outputs for the rows `rows` of `x`.
    pub fn outputs(&self, x: ArrayView2<f32>, rows: &[usize]) -> Outputs {
        let x = scaled(&self.scaler, x, rows);
        self.estimator.outputs(self.seen.apply(x).view())
    }

    /// The importance of each feature to the classifier; 0 for features that were not selected.
    pub fn importance(&self) -> Vec<f64> {
        let estimator = &*self.estimator.estimator;
        self.seen.importance(self.features, estimator)
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

/// A number for each speaker, or corpus, in the order in which they come.
fn numbered<'a>(names: impl Iterator<Item = &'a Option<String>>) -> Vec<usize> {
    let mut numbers = HashMap::new();
    names
        .map(|name| {
            let next = numbers.len();
            *numbers.entry(name).or_insert(next)
        })
        .collect()
}

fn scaled(scaler: &Option<Scaler>, x: ArrayView2<f32>, rows: &[usize]) -> Array2<f32> {
    match scaler {
        Some(scaler) => scaler.apply(x, rows),
        None => x.select(Axis(0), rows),
    }
}

#[test]
fn what_is_seen_stands_in_files_as_before() {
    let bytes = |seen: Seen| postcard::to_stdvec(&seen).unwrap();
    let before = |selected: Option<Vec<usize>>| postcard::to_stdvec(&selected).unwrap();
    assert_eq!(bytes(Seen::All), before(None));
    assert_eq!(
        bytes(Seen::Selected(vec![3, 300])),
        before(Some(vec![3, 300]))
    );
}
