//! Evaluation on speakers that were not trained on.

use std::collections::{BTreeSet, HashMap};
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
    /// The one fold that the column `split` marks: train on `train`, test on `test`.
    Split,
}

impl fmt::Display for FoldSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FoldSpec::Loso => f.write_str("loso"),
            FoldSpec::K(k) => k.fmt(f),
            FoldSpec::Split => f.write_str("split"),
        }
    }
}

impl FromStr for FoldSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<FoldSpec> {
        match text.parse() {
            Ok(k) if k >= 2 => Ok(FoldSpec::K(k)),
            _ if text == "loso" => Ok(FoldSpec::Loso),
            _ if text == "split" => Ok(FoldSpec::Split),
            _ => Err(Error::Usage(format!(
                "folds {text:?}: expected loso, split, or a number of folds from 2"
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

/// The prediction for one recording, by a model that was not trained on its speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfFold {
    /// The recording.
    pub row: Row,
    /// The label.
    pub truth: String,
    /// The class that the model predicted.
    pub predicted: String,
    /// The fold in which it was tested.
    pub fold: String,
}

/// A report and the predictions that it sums up, in the order of the table's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The figures.
    pub report: Report,
    /// Recording by recording.
    pub predictions: Vec<OutOfFold>,
}

/// One held-out recording.
struct Tested {
    /// The first of its rows.
    row: usize,
    predicted: usize,
    fold: usize,
}

/// Trains and tests `spec` on speaker-disjoint folds of `data`; the UAR is taken once over all
/// held-out recordings pooled.
///
/// Under protocol A nothing of a fold's test rows reaches scaler or classifier; under protocol B
/// their features (not their labels) scale the speaker they belong to. Where recordings have
/// several rows, their windows, a recording counts once, by the mean of its windows' probabilities.
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
        FoldSpec::K(k) => k_folds(&prepared, k)?,
        FoldSpec::Split => {
            let marks = prepared.rows.iter().map(|row| row.split.as_deref());
            vec![split::marked(
                &marks.collect::<Vec<_>>(),
                &prepared.speakers,
            )?]
        }
    };
    let has_windows = prepared.has_windows();
    let of_folds: Vec<Vec<Tested>> = split
        .par_iter()
        .enumerate()
        .map(|(number, fold)| {
            let tested = test(&prepared, fold, has_windows, spec, normalize, seed)?;
            let tested = tested.into_iter().map(|(row, predicted)| Tested {
                row,
                predicted,
                fold: number,
            });
            Ok(tested.collect())
        })
        .collect::<Result<_>>()?;

    let classes = prepared.classes.len();
    let truth = |tested: &[Tested]| tested.iter().map(|t| prepared.y[t.row]).collect::<Vec<_>>();
    let said = |tested: &[Tested]| tested.iter().map(|t| t.predicted).collect::<Vec<_>>();
    let fold_report = |(fold, tested): (&Fold, &Vec<Tested>)| {
        let mut speakers: Vec<String> = tested
            .iter()
            .map(|t| prepared.speakers[t.row].clone().unwrap_or("unknown".into()))
            .collect();
        speakers.sort_unstable();
        speakers.dedup();
        FoldReport {
            name: fold.name.clone(),
            speakers,
            train: prepared.recording_count(fold.train.iter().copied()),
            test: tested.len(),
            uar: metrics::uar(&metrics::confusion(&truth(tested), &said(tested), classes)),
        }
    };
    let fold_reports: Vec<FoldReport> = split.iter().zip(&of_folds).map(fold_report).collect();

    let mut tested: Vec<Tested> = of_folds.into_iter().flatten().collect();
    tested.sort_by_key(|t| t.row);
    let (truth, said) = (truth(&tested), said(&tested));
    let windows = split.iter().map(|fold| fold.test.len()).sum();
    let speakers: Vec<Option<String>> = tested
        .iter()
        .map(|t| prepared.speakers[t.row].clone())
        .collect();
    let confusion = metrics::confusion(&truth, &said, classes);
    let usable = prepared.recording_count(0..prepared.len());
    // Under cross-validation every recording is tested once; a marked split leaves some out.
    let held_back = match folds {
        FoldSpec::Split => usable - tested.len() - fold_reports[0].train,
        FoldSpec::Loso | FoldSpec::K(_) => 0,
    };
    let report = Report {
        uar: metrics::uar(&confusion),
        uar_ci95: metrics::uar_ci95(&truth, &said, &speakers, classes, seed),
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
        n: tested.len(),
        windows: has_windows.then_some(windows),
        speakers: speakers.iter().collect::<BTreeSet<_>>().len(),
        held_back,
        left_out: data.unlabelled + data.recording_count(0..data.len()) - usable,
        speakerless: tested
            .iter()
            .filter(|t| prepared.speakers[t.row].is_none())
            .count(),
        seed,
    };
    let predictions = tested.iter().map(|t| OutOfFold {
        row: prepared.rows[t.row].clone(),
        truth: prepared.classes[prepared.y[t.row]].clone(),
        predicted: prepared.classes[t.predicted].clone(),
        fold: split[t.fold].name.clone(),
    });
    Ok(Evaluation {
        predictions: predictions.collect(),
        report,
    })
}

/// Folds with about as many recordings each, however many windows these have.
fn k_folds(data: &Dataset, k: usize) -> Result<Vec<Fold>> {
    let recordings = data.by_recording(&(0..data.len()).collect::<Vec<_>>());
    let speaker = |rows: &Vec<usize>| data.speakers[rows[0]].clone();
    let speakers: Vec<Option<String>> = recordings.iter().map(speaker).collect();
    let rows = |of: &[usize]| {
        let mut rows: Vec<usize> = of
            .iter()
            .flat_map(|&place| &recordings[place])
            .copied()
            .collect();
        rows.sort_unstable();
        rows
    };
    let folds = split::grouped_k_fold(&speakers, k)?.into_iter();
    Ok(folds
        .map(|fold| Fold {
            train: rows(&fold.train),
            test: rows(&fold.test),
            name: fold.name,
        })
        .collect())
}

/// The first row of each of the fold's test recordings, and the class that a model trained on the
/// fold's training rows gives it.
fn test(
    data: &Dataset,
    fold: &Fold,
    has_windows: bool,
    spec: &ModelSpec,
    normalize: Normalize,
    seed: u64,
) -> Result<Vec<(usize, usize)>> {
    let named = |error| match error {
        Error::Data(reason) => Error::Data(format!("fold {}: {reason}", fold.name)),
        other => other,
    };
    let fitted = Fitted::fit(data, &fold.train, spec, normalize, seed).map_err(named)?;
    let scores = fitted.scores(data.view(), &fold.test);
    if !has_windows {
        let classes = scores.rows().into_iter().map(model::best);
        return Ok(fold.test.iter().copied().zip(classes).collect());
    }
    // As a trained model does it: scores of windows become probabilities by a calibration within
    // the training speakers, and their mean is the recording's. Means of scores as they are, or of
    // a softmax of any sharpness, would measure another rule than the one that predicts.
    let sharpness = fitted
        .sharpness(&data.select(&fold.train), spec, normalize, seed)
        .map_err(named)?;
    let probabilities = model::probabilities(scores, sharpness);
    let place: HashMap<usize, usize> = fold.test.iter().copied().zip(0..).collect();
    let class = |rows: Vec<usize>| {
        let windows: Vec<usize> = rows.iter().map(|row| place[row]).collect();
        let mean = model::mean(probabilities.view(), &windows);
        (rows[0], model::best(mean.view()))
    };
    Ok(data
        .by_recording(&fold.test)
        .into_iter()
        .map(class)
        .collect())
}
