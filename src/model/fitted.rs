//! Scaler, selection and classifier, fitted together on the same rows.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::model::calibration::Outputs;
use crate::model::spec::{Learner, ModelSpec};
use crate::model::{Normalize, boost, forest, fusion, logistic, ridge, select, svm, tree};
use crate::scaler::Scaler;

/// A trained classifier of scaled features.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Classifier {
    /// Support vector machine.
    Svm(svm::Svm),
    /// Random forest.
    Forest(forest::Forest),
    /// Multinomial logistic regression.
    Logistic(logistic::Logistic),
    /// Ridge regression.
    Ridge(ridge::Ridge),
    /// Decision tree.
    Tree(tree::Tree),
    /// Gradient-boosted trees.
    Boost(Box<boost::Boost>),
    /// Kernel ridge regressions on views.
    Fusion(fusion::Fusion),
}

impl Classifier {
    /// Trains `learner` on the scaled rows `x`, whose columns are `names`, with labels `y` below `classes`;
    /// `speakers` numbers the speaker of each row.
    pub fn fit(
        learner: &Learner,
        x: ArrayView2<f32>,
        names: &[String],
        y: &[usize],
        classes: usize,
        speakers: &[usize],
        seed: u64,
    ) -> Result<Classifier> {
        let mut trained = Classifier::fit_each(&[learner], x, names, y, classes, speakers, seed)?;
        Ok(trained.remove(0))
    }

    /// [`fit`](Classifier::fit) of each learner. What they have in common is computed once.
    fn fit_each(
        learners: &[&Learner],
        x: ArrayView2<f32>,
        names: &[String],
        y: &[usize],
        classes: usize,
        speakers: &[usize],
        seed: u64,
    ) -> Result<Vec<Classifier>> {
        if y.iter().all(|&label| Some(&label) == y.first()) {
            return Err(Error::Data(
                "the training rows hold one class only; expected at least 2".into(),
            ));
        }
        let machines = learners.iter().filter_map(|learner| match learner {
            Learner::Svm { kernel, c } => Some((*kernel, *c)),
            _ => None,
        });
        let machines: Vec<_> = machines.collect();
        let mut machines = match machines.is_empty() {
            true => Vec::new(),
            false => svm::Svm::fit_each(x, y, classes, &machines),
        }
        .into_iter();
        let fit = |&learner: &&Learner| {
            Ok(match *learner {
                Learner::Svm { .. } => {
                    Classifier::Svm(machines.next().expect("one for each such learner"))
                }
                Learner::Forest { trees, min_leaf } => {
                    let forest = forest::Forest::fit(x, y, classes, trees, min_leaf, seed);
                    Classifier::Forest(forest)
                }
                Learner::Logistic { c } => {
                    Classifier::Logistic(logistic::Logistic::fit(x, y, classes, c))
                }
                Learner::Ridge { alpha } => {
                    Classifier::Ridge(ridge::Ridge::fit(x, y, classes, speakers, alpha)?)
                }
                Learner::Tree { max_depth } => {
                    Classifier::Tree(tree::Tree::fit(x, y, classes, max_depth))
                }
                Learner::Boost {
                    rounds,
                    rate,
                    max_depth,
                } => {
                    let settings = (rounds, rate, max_depth);
                    let boost = boost::Boost::fit(x, y, classes, settings, seed)?;
                    Classifier::Boost(Box::new(boost))
                }
                Learner::Fusion(ref settings) => {
                    let fusion = fusion::Fusion::fit(x, names, y, classes, settings, seed)?;
                    Classifier::Fusion(fusion)
                }
                Learner::Auto => {
                    return Err(Error::Usage(
                        "`auto` is a choice between classifiers, not one itself".into(),
                    ));
                }
            })
        };
        learners.iter().map(fit).collect()
    }

    /// What it says of the scaled rows `x`.
    pub fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        match self {
            Classifier::Svm(svm) => Outputs::Decisions(svm.decisions(x)),
            Classifier::Forest(forest) => Outputs::Shares(forest.scores(x)),
            Classifier::Logistic(logistic) => Outputs::Shares(logistic.scores(x)),
            Classifier::Ridge(ridge) => Outputs::Scores(ridge.scores(x)),
            Classifier::Tree(tree) => Outputs::Shares(tree.scores(x)),
            Classifier::Boost(boost) => Outputs::Shares(boost.shares(x)),
            Classifier::Fusion(fusion) => Outputs::Scores(fusion.scores(x)),
        }
    }

    /// How much it makes of each feature, in a scale of its own.
    fn relevance(&self, features: usize) -> Vec<f64> {
        match self {
            Classifier::Svm(svm) => svm.relevance(),
            Classifier::Forest(forest) => forest.relevance(),
            Classifier::Logistic(logistic) => logistic.relevance(),
            Classifier::Ridge(ridge) => ridge.relevance(),
            Classifier::Tree(tree) => tree.relevance(features),
            Classifier::Boost(boost) => boost.relevance(),
            Classifier::Fusion(fusion) => fusion.relevance(),
        }
    }
}

/// Scaler, selection and classifier.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fitted {
    features: usize,
    /// `None` under protocol B, where each speaker is scaled by their own rows before.
    scaler: Option<Scaler>,
    /// The features that the classifier sees; `None` for all.
    selected: Option<Vec<usize>>,
    classifier: Classifier,
}

impl Fitted {
    /// Fits on the rows `rows` of a dataset that was [`scaled`](crate::model::scaled) under
    /// `normalize`. Nothing else of it is looked at.
    pub fn fit(
        data: &Dataset,
        rows: &[usize],
        spec: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Result<Fitted> {
        let mut fitted = Fitted::fit_each(data, rows, &[spec], normalize, seed)?;
        Ok(fitted.remove(0))
    }

    /// [`fit`](Fitted::fit) of several specs that select alike; what they have in common is computed
    /// once.
    pub fn fit_each(
        data: &Dataset,
        rows: &[usize],
        specs: &[&ModelSpec],
        normalize: Normalize,
        seed: u64,
    ) -> Result<Vec<Fitted>> {
        let scaler = (normalize == Normalize::Corpus).then(|| Scaler::fit(data.view(), rows));
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
        let learners: Vec<&Learner> = specs.iter().map(|spec| &spec.learner).collect();
        let speakers = numbered(rows.iter().map(|&row| &data.speakers[row]));
        let (x, names) = (x.view(), &names);
        let classifiers = Classifier::fit_each(&learners, x, names, &y, classes, &speakers, seed)?;
        let fitted = classifiers.into_iter().map(|classifier| Fitted {
            features: data.feature_names.len(),
            scaler: scaler.clone(),
            selected: selected.clone(),
            classifier,
        });
        Ok(fitted.collect())
    }

    /// What it says of the rows `rows` of `x`.
    pub fn outputs(&self, x: ArrayView2<f32>, rows: &[usize]) -> Outputs {
        let x = scaled(&self.scaler, x, rows);
        match &self.selected {
            Some(columns) => self.classifier.outputs(x.select(Axis(1), columns).view()),
            None => self.classifier.outputs(x.view()),
        }
    }

    /// How much the classifier makes of each feature; 0 for those that it does not see.
    pub fn relevance(&self) -> Vec<f64> {
        let seen = self.selected.as_ref().map_or(self.features, Vec::len);
        let of_seen = self.classifier.relevance(seen);
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
