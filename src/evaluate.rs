//! Evaluation on speakers that were not trained on.

use std::fmt;
use std::str::FromStr;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Row};
use crate::error::{Error, Result};
use crate::metrics;
use crate::model::{self, Fitted, ModelSpec, Normalize};
use crate::report::{FoldReport, Report};
use crate::split::{self, Fold};

/// How speakers are held out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FoldSpec {
    /// Leave one speaker out at a time.
    Loso,
    /// Leave out one of K groups of whole speakers at a time.
    K(usize),
}

impl fmt::Display for FoldSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FoldSpec::Loso => f.write_str("loso"),
            FoldSpec::K(k) => k.fmt(f),
        }
    }
}

impl FromStr for FoldSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<FoldSpec> {
        match text.parse() {
            Ok(k) if k >= 2 => Ok(FoldSpec::K(k)),
            _ if text == "loso" => Ok(FoldSpec::Loso),
            _ => Err(Error::Usage(format!(
                "folds {text:?}: expected loso, or a number of folds from 2"
            ))),
        }
    }
}

/// Which protocols to evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormalizeSpec {
    /// This protocol alone.
    One(Normalize),
    /// Both protocols, side by side in one report.
    Both,
}

impl FromStr for NormalizeSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<NormalizeSpec> {
        match text {
            "both" => Ok(NormalizeSpec::Both),
            _ => text.parse().map(NormalizeSpec::One).map_err(|_| {
                Error::Usage(format!(
                    "normalize {text:?}: expected corpus, speaker or both"
                ))
            }),
        }
    }
}

/// The prediction for one row, by a model that was not trained on its speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfFold {
    /// Where the row comes from.
    pub row: Row,
    /// The label.
    pub truth: String,
    /// The class that the model predicted.
    pub predicted: String,
    /// The fold in which the row was tested.
    pub fold: String,
}

/// A report and the predictions that it sums up, in the order of the table's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The figures.
    pub report: Report,
    /// Row by row.
    pub predictions: Vec<OutOfFold>,
}

/// Trains and tests `spec` on speaker-disjoint folds of `data`; the UAR is taken once over all
/// held-out rows pooled.
///
/// Under protocol A nothing of a fold's test rows reaches scaler or classifier; under protocol B
/// their features (not their labels) scale the speaker they belong to.
pub fn evaluate(
    data: &Dataset,
    spec: &ModelSpec,
    folds: FoldSpec,
    normalize: Normalize,
    seed: u64,
) -> Result<Evaluation> {
    let prepared = model::prepare(data, normalize)?;
    let split = match folds {
        FoldSpec::Loso => split::loso(&prepared.speakers)?,
        FoldSpec::K(k) => split::grouped_k_fold(&prepared.speakers, k)?,
    };
    let tested: Vec<Vec<usize>> = split
        .par_iter()
        .map(|fold| test(&prepared, fold, spec, normalize, seed))
        .collect::<Result<_>>()?;
    let classes = prepared.classes.len();
    let mut predicted = vec![0; prepared.len()];
    let mut fold_of = vec![0; prepared.len()];
    let mut fold_reports = Vec::new();
    for (index, (fold, said)) in split.iter().zip(&tested).enumerate() {
        for (&row, &class) in fold.test.iter().zip(said) {
            (predicted[row], fold_of[row]) = (class, index);
        }
        let truth: Vec<usize> = fold.test.iter().map(|&row| prepared.y[row]).collect();
        let mut speakers: Vec<String> = fold
            .test
            .iter()
            .map(|&row| prepared.speakers[row].clone().unwrap_or("unknown".into()))
            .collect();
        speakers.sort_unstable();
        speakers.dedup();
        fold_reports.push(FoldReport {
            name: fold.name.clone(),
            speakers,
            train: fold.train.len(),
            test: fold.test.len(),
            uar: metrics::uar(&metrics::confusion(&truth, said, classes)),
        });
    }
    let confusion = metrics::confusion(&prepared.y, &predicted, classes);
    let report = Report {
        uar: metrics::uar(&confusion),
        uar_ci95: metrics::uar_ci95(&prepared.y, &predicted, &prepared.speakers, classes, seed),
        accuracy: metrics::accuracy(&confusion),
        macro_f1: metrics::macro_f1(&confusion),
        chance: 1.0
            / confusion
                .iter()
                .filter(|row| row.iter().any(|&n| n > 0))
                .count() as f64,
        recall: prepared
            .classes
            .iter()
            .cloned()
            .zip(metrics::recall(&confusion))
            .collect(),
        classes: prepared.classes.clone(),
        confusion,
        folds: fold_reports,
        normalize,
        features: prepared.feature_sets(),
        feature_names: prepared.feature_names.clone(),
        model: spec.clone(),
        label: prepared.label.clone(),
        corpora: prepared.corpora.clone(),
        n: prepared.len(),
        speakers: prepared.speaker_count(),
        left_out: data.unlabelled + data.len() - prepared.len(),
        speakerless: prepared.speakerless(),
        seed,
    };
    let predictions = (0..prepared.len()).map(|row| OutOfFold {
        row: prepared.rows[row].clone(),
        truth: prepared.classes[prepared.y[row]].clone(),
        predicted: prepared.classes[predicted[row]].clone(),
        fold: split[fold_of[row]].name.clone(),
    });
    Ok(Evaluation {
        predictions: predictions.collect(),
        report,
    })
}

/// The classes that a model trained on the fold's training rows gives its test rows.
fn test(
    data: &Dataset,
    fold: &Fold,
    spec: &ModelSpec,
    normalize: Normalize,
    seed: u64,
) -> Result<Vec<usize>> {
    let fitted =
        Fitted::fit(data, &fold.train, spec, normalize, seed).map_err(|error| match error {
            Error::Data(reason) => Error::Data(format!("fold {}: {reason}", fold.name)),
            other => other,
        })?;
    Ok(fitted
        .scores(data.view(), &fold.test)
        .rows()
        .into_iter()
        .map(model::best)
        .collect())
}
