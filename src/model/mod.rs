//! Models: what to train ([`ModelSpec`]), what comes of it ([`Model`]), and its file.

pub mod calibration;
pub mod file;
pub mod forest;
pub mod logistic;
pub mod spec;
pub mod svm;
pub mod tree;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

pub use spec::{Gamma, Kernel, ModelSpec};

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::scaler::{self, Scaler};
use crate::split;

/// Whose recordings the features are scaled by: the two protocols, never to be mixed up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalize {
    /// Protocol A: by mean and deviation of the training speakers.
    Corpus,
    /// Protocol B: each speaker by their own recordings, at prediction too. Uses the test speaker's
    /// unlabelled audio.
    Speaker,
}

impl fmt::Display for Normalize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Normalize::Corpus => "corpus",
            Normalize::Speaker => "speaker",
        })
    }
}

impl FromStr for Normalize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Normalize> {
        match text {
            "corpus" => Ok(Normalize::Corpus),
            "speaker" => Ok(Normalize::Speaker),
            _ => Err(Error::Usage(format!(
                "normalize {text:?}: expected corpus or speaker"
            ))),
        }
    }
}

/// A trained classifier of scaled features.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Classifier {
    /// Support vector machine.
    Svm(svm::Svm),
    /// Random forest.
    Forest(forest::Forest),
    /// Multinomial logistic regression.
    Logistic(logistic::Logistic),
    /// Decision tree.
    Tree(tree::Tree),
}

impl Classifier {
    /// Trains on the scaled rows `x` with labels `y` below `classes`.
    pub fn fit(
        spec: &ModelSpec,
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        seed: u64,
    ) -> Result<Classifier> {
        if y.iter().all(|&label| Some(&label) == y.first()) {
            return Err(Error::Data(
                "the training rows hold one class only; expected at least 2".into(),
            ));
        }
        Ok(match spec {
            ModelSpec::Svm { kernel, c } => {
                Classifier::Svm(svm::Svm::fit(x, y, classes, *kernel, *c)?)
            }
            ModelSpec::Forest { trees } => {
                Classifier::Forest(forest::Forest::fit(x, y, classes, *trees, seed)?)
            }
            ModelSpec::Logistic { c } => {
                Classifier::Logistic(logistic::Logistic::fit(x, y, classes, *c))
            }
            ModelSpec::Tree { max_depth } => {
                Classifier::Tree(tree::Tree::fit(x, y, classes, *max_depth))
            }
        })
    }

    /// A score for each row and class; the largest names the class.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        match self {
            Classifier::Svm(svm) => svm.scores(x),
            Classifier::Forest(forest) => forest.scores(x),
            Classifier::Logistic(logistic) => logistic.scores(x),
            Classifier::Tree(tree) => tree.scores(x),
        }
    }

    /// Whether the scores are probabilities as they are.
    fn scores_are_probabilities(&self) -> bool {
        match self {
            Classifier::Svm(_) => false,
            Classifier::Forest(_) | Classifier::Logistic(_) | Classifier::Tree(_) => true,
        }
    }
}

/// What a row of each class weighs by scikit-learn's `class_weight="balanced"`: classes that occur
/// weigh alike in sum, rows 1 in the mean. 0 for a class that does not occur.
fn balanced_weights(y: &[usize], classes: usize) -> Vec<f64> {
    let mut counts = vec![0_usize; classes];
    y.iter().for_each(|&class| counts[class] += 1);
    let present = counts.iter().filter(|&&n| n > 0).count();
    let weight = |&n: &usize| match n {
        0 => 0.0,
        n => y.len() as f64 / (present * n) as f64,
    };
    counts.iter().map(weight).collect()
}

/// The class with the largest score, the first of equals.
pub fn best(scores: ArrayView1<f64>) -> usize {
    (0..scores.len())
        .reduce(|best, class| {
            if scores[class] > scores[best] {
                class
            } else {
                best
            }
        })
        .unwrap_or(0)
}

/// The probabilities of a recording: the mean of those of its windows, which are the rows `rows`.
///
/// The mean rule of combining classifiers: the least moved by one window that is sure and wrong
/// (Kittler et al. 1998, "On combining classifiers").
pub fn mean(probabilities: ArrayView2<f64>, rows: &[usize]) -> Array1<f64> {
    let sum = rows
        .iter()
        .fold(Array1::zeros(probabilities.ncols()), |sum, &row| {
            sum + probabilities.row(row)
        });
    sum / rows.len() as f64
}

/// Rows that a protocol can use, and their features as far as they may be scaled before the folds
/// are known.
///
/// Under protocol B each speaker is scaled by their own rows here, once, and rows of unknown
/// speakers are left out; under protocol A nothing is scaled yet.
pub fn prepare(data: &Dataset, normalize: Normalize) -> Result<Cow<'_, Dataset>> {
    match normalize {
        Normalize::Corpus => Ok(Cow::Borrowed(data)),
        Normalize::Speaker => {
            let known: Vec<usize> = (0..data.len())
                .filter(|&row| data.speakers[row].is_some())
                .collect();
            if known.is_empty() {
                return Err(Error::Data(
                    "no row names its speaker; --normalize speaker needs the column `speaker`"
                        .into(),
                ));
            }
            let data = data.select(&known);
            let x = scaler::per_speaker(data.view(), &data.speakers);
            Ok(Cow::Owned(Dataset { x, ..data }.without_empty_classes()))
        }
    }
}

/// Scaler and classifier, fitted together on the same rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fitted {
    /// `None` under protocol B, where each speaker is scaled by their own rows before.
    scaler: Option<Scaler>,
    classifier: Classifier,
}

impl Fitted {
    /// Fits on the rows `rows` of a dataset that was [`prepare`]d under `normalize`. Nothing else
    /// of it is looked at.
    pub fn fit(
        data: &Dataset,
        rows: &[usize],
        spec: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Result<Fitted> {
        let scaler = (normalize == Normalize::Corpus).then(|| Scaler::fit(data.view(), rows));
        let x = scaled(&scaler, data.view(), rows);
        let y: Vec<usize> = rows.iter().map(|&row| data.y[row]).collect();
        let classifier = Classifier::fit(spec, x.view(), &y, data.classes.len(), seed)?;
        Ok(Fitted { scaler, classifier })
    }

    /// Scores of the rows `rows` of `x`.
    pub fn scores(&self, x: ArrayView2<f32>, rows: &[usize]) -> Array2<f64> {
        self.classifier.scores(scaled(&self.scaler, x, rows).view())
    }

    /// The factor on the scores before the softmax that makes probabilities of them, fitted on
    /// `data`, which must be the rows that `self` was fitted on; `None` where scores are
    /// probabilities.
    pub fn sharpness(
        &self,
        data: &Dataset,
        spec: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Result<Option<f64>> {
        if self.classifier.scores_are_probabilities() {
            return Ok(None);
        }
        calibrated_sharpness(data, spec, normalize, seed).map(Some)
    }
}

/// The probabilities that `scores` stand for, given [`Fitted::sharpness`].
pub fn probabilities(scores: Array2<f64>, sharpness: Option<f64>) -> Array2<f64> {
    match sharpness {
        Some(sharpness) => calibration::softmax(scores.view(), sharpness),
        None => scores,
    }
}

fn scaled(scaler: &Option<Scaler>, x: ArrayView2<f32>, rows: &[usize]) -> Array2<f32> {
    match scaler {
        Some(scaler) => scaler.apply(x, rows),
        None => x.select(Axis(0), rows),
    }
}

/// What a person should know of a model: what it was made of and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of sentire that trained it.
    pub sentire: String,
    /// The classifier and its parameters.
    pub model: ModelSpec,
    /// The protocol.
    pub normalize: Normalize,
    /// The column that was learned.
    pub label: String,
    /// What it tells apart, sorted.
    pub classes: Vec<String>,
    /// Training recordings of each class.
    pub class_counts: Vec<usize>,
    /// Names of the training corpora.
    pub corpora: Vec<String>,
    /// Training recordings; with windows in [`features`](Card::features) each has several rows.
    pub n: usize,
    /// Training speakers.
    pub speakers: usize,
    /// Seed of everything random.
    pub seed: u64,
    /// Date of training, from `SOURCE_DATE_EPOCH`; absent without it, so that the same data give
    /// the same bytes.
    pub date: Option<String>,
    /// How the features were made, as the table's metadata have it.
    pub features: BTreeMap<String, String>,
}

/// A trained model: features of a recording in, probabilities of the classes out.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Model {
    /// What it is.
    pub card: Card,
    /// Names of the features, in the order in which it wants them.
    pub feature_names: Vec<String>,
    fitted: Fitted,
    /// Factor on the scores before the softmax; `None` where the scores are probabilities.
    sharpness: Option<f64>,
}

/// Folds of the training speakers on whose scores the probabilities are calibrated.
const CALIBRATION_FOLDS: usize = 5;

impl Model {
    /// Trains on all rows of `data`. Same data, same seed: same model, for any number of threads.
    pub fn train(
        data: &Dataset,
        spec: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Result<Model> {
        let data = prepare(data, normalize)?;
        let rows: Vec<usize> = (0..data.len()).collect();
        let fitted = Fitted::fit(&data, &rows, spec, normalize, seed)?;
        let sharpness = fitted.sharpness(&data, spec, normalize, seed)?;
        let mut features = data.metadata.clone();
        features.remove(crate::table::FEATURES_KEY);
        let class_counts = (0..data.classes.len())
            .map(|class| data.recording_count((0..data.len()).filter(|&row| data.y[row] == class)));
        let card = Card {
            sentire: env!("CARGO_PKG_VERSION").into(),
            model: spec.clone(),
            normalize,
            label: data.label.clone(),
            class_counts: class_counts.collect(),
            classes: data.classes.clone(),
            corpora: data.corpora.clone(),
            n: data.recording_count(0..data.len()),
            speakers: data.speaker_count(),
            seed,
            date: source_date(),
            features,
        };
        Ok(Model {
            card,
            feature_names: data.feature_names.clone(),
            fitted,
            sharpness,
        })
    }

    /// Probabilities of the classes for each row of features; the largest names the class, and the
    /// [`mean`] over its windows is a recording's. Under protocol B all rows are those of one
    /// speaker, who is scaled by them.
    pub fn probabilities(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let rows: Vec<usize> = (0..x.nrows()).collect();
        let scores = match self.card.normalize {
            Normalize::Corpus => self.fitted.scores(x, &rows),
            Normalize::Speaker => self
                .fitted
                .scores(scaler::per_speaker(x, &vec![None; x.nrows()]).view(), &rows),
        };
        probabilities(scores, self.sharpness)
    }
}

/// The sharpness that makes the scores of held-out training speakers the most likely. With one
/// speaker there is nobody to hold out, and it is 1.
fn calibrated_sharpness(
    data: &Dataset,
    spec: &ModelSpec,
    normalize: Normalize,
    seed: u64,
) -> Result<f64> {
    let folds = data.speaker_count().min(CALIBRATION_FOLDS);
    if folds < 2 {
        return Ok(1.0);
    }
    let mut scores = Array2::zeros((data.len(), data.classes.len()));
    for fold in split::grouped_k_fold(&data.speakers, folds)? {
        let fitted = match Fitted::fit(data, &fold.train, spec, normalize, seed) {
            Ok(fitted) => fitted,
            // A fold whose training speakers have one class says nothing about confidence.
            Err(Error::Data(_)) => return Ok(1.0),
            Err(other) => return Err(other),
        };
        for (scored, &row) in fitted
            .scores(data.view(), &fold.test)
            .rows()
            .into_iter()
            .zip(&fold.test)
        {
            scores.row_mut(row).assign(&scored);
        }
    }
    Ok(calibration::fit_sharpness(scores.view(), &data.y))
}

/// The date that `SOURCE_DATE_EPOCH` names
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
fn source_date() -> Option<String> {
    let seconds: i64 = std::env::var("SOURCE_DATE_EPOCH")
        .ok()?
        .trim()
        .parse()
        .ok()?;
    // Civil date from days (Hinnant, "chrono-compatible low-level date algorithms").
    let z = seconds.div_euclid(86_400) + 719_468;
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + z.div_euclid(146_097) * 400 + i64::from(month <= 2);
    Some(format!("{year:04}-{month:02}-{day:02}"))
}
