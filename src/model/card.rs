//! The model card: what to know about a model before relying on it (Mitchell et al. 2019, "Model cards for model
//! reporting").

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::metrics;
use crate::model::calibrated::{CalibratedPipeline, HeldOut};
use crate::model::{LearnedValue, ModelSpec, Normalize, ValuePipeline, best};
use crate::table;

/// What every card says unless somebody who knows better replaces it.
const INTENDED_USE: &str = "Research and statistics on speech like that of the training corpora. Corpora of acted speech \
     teach how actors sound; on people who do not act, other languages and other microphones expect much \
     less. Not for judging people.";

/// What a model was trained on, how, and how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of sentire that trained it.
    pub sentire: String,
    /// What was requested.
    pub model: ModelSpec,
    /// What was trained: the same, or what was chosen in training.
    pub trained: ModelSpec,
    /// The protocol.
    pub normalize: Normalize,
    /// The column that was learned.
    pub label: String,
    /// The classes that it distinguishes, sorted.
    pub classes: Vec<String>,
    /// Training recordings of each class.
    pub class_counts: Vec<usize>,
    /// The corpora's own words for each class, as `corpus: word`, where known.
    pub label_meaning: BTreeMap<String, Vec<String>>,
    /// Names of the training corpora.
    pub corpora: Vec<String>,
    /// Licence of each training corpus, where it is known.
    pub licences: BTreeMap<String, String>,
    /// Training recordings; with windows in [`features`](Card::features) each has several rows.
    pub n: usize,
    /// Training speakers.
    pub speakers: usize,
    /// How well it does on training speakers that were held out; `None` if nobody could be.
    pub held_out: Option<Figures>,
    /// How well it does on corpora that it has not seen, by their names, in the classes that both have.
    pub unseen: BTreeMap<String, Figures>,
    /// An answer whose probability is below this is unsure.
    pub unsure_below: f64,
    /// What it is for, and what it is not for.
    pub intended_use: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Date of training, from `SOURCE_DATE_EPOCH`; absent without it, so that the same data give
    /// the same bytes.
    pub date: Option<String>,
    /// How the features were computed, from the table's metadata.
    pub features: BTreeMap<String, String>,
}

/// A model as JSON describes it: its card, and what is known of the numbers that it predicts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description<'a> {
    /// The card.
    #[serde(flatten)]
    pub card: &'a Card,
    /// The numbers; absent for a model of classes.
    #[serde(skip_serializing_if = "<[LearnedValue]>::is_empty")]
    pub targets: &'a [LearnedValue],
}

/// Figures on speakers that the classifier was not trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Groups of training speakers that were held out in turn; 0 for a corpus that the model has not seen.
    pub folds: usize,
    /// Unweighted average recall, 0 to 1.
    pub uar: f64,
    /// 95 % interval of the UAR, by resampling speakers.
    pub uar_ci95: [f64; 2],
    /// Share of recordings recognised, 0 to 1.
    pub accuracy: f64,
    /// Expected calibration error, 0 to 1.
    pub ece: f64,
    /// Recall of each class.
    pub recall: BTreeMap<String, f64>,
}

impl Card {
    /// The card of a model trained on `data`, which was prepared under `normalize`.
    pub fn new(
        data: &Dataset,
        model: &ModelSpec,
        pipeline: &CalibratedPipeline,
        normalize: Normalize,
        seed: u64,
        held_out: Option<&HeldOut>,
    ) -> Card {
        let of_class = |class: usize| (0..data.len()).filter(move |&row| data.y()[row] == class);
        let classes = 0..data.classes().len();
        Card {
            class_counts: classes
                .map(|class| data.recording_count(of_class(class)))
                .collect(),
            label_meaning: meaning(data),
            classes: data.classes().to_vec(),
            held_out: held_out.map(|held_out| {
                Figures::new(
                    data,
                    &held_out.rows,
                    &held_out.probabilities,
                    held_out.folds,
                    seed,
                )
            }),
            unsure_below: pipeline.unsure_below,
            ..Card::of_any(data, model, &pipeline.spec, normalize, seed)
        }
    }

    /// The card of a model of numbers; what is known of these stands in [`targets`](crate::model::Model::targets).
    pub fn of_values(
        data: &Dataset,
        model: &ModelSpec,
        pipeline: &ValuePipeline,
        normalize: Normalize,
        seed: u64,
    ) -> Card {
        Card::of_any(data, model, &pipeline.spec, normalize, seed)
    }

    fn of_any(
        data: &Dataset,
        model: &ModelSpec,
        trained: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Card {
        Card {
            sentire: env!("CARGO_PKG_VERSION").into(),
            model: model.clone(),
            trained: trained.clone(),
            normalize,
            label: data.label.clone(),
            classes: Vec::new(),
            class_counts: Vec::new(),
            label_meaning: BTreeMap::new(),
            corpora: data.corpora.clone(),
            licences: BTreeMap::new(),
            n: data.recording_count(0..data.len()),
            speakers: data.speaker_count(),
            held_out: None,
            unseen: BTreeMap::new(),
            unsure_below: 0.0,
            intended_use: INTENDED_USE.into(),
            seed,
            date: source_date(),
            features: table::without_names(data.metadata.clone()),
        }
    }
}

impl Figures {
    /// The figures of predictions for recordings of `data`: `rows` holds the first row of each recording, and
    /// `probabilities` is recordings x classes.
    pub fn new(
        data: &Dataset,
        rows: &[usize],
        probabilities: &Array2<f64>,
        folds: usize,
        seed: u64,
    ) -> Figures {
        let truth: Vec<usize> = rows.iter().map(|&row| data.y()[row]).collect();
        let predicted: Vec<usize> = probabilities.rows().into_iter().map(best).collect();
        let speakers: Vec<Option<String>> =
            rows.iter().map(|&row| data.speakers[row].clone()).collect();
        let classes = data.classes().len();
        let confusion = metrics::confusion(&truth, &predicted, classes);
        let probabilities = probabilities.rows().into_iter();
        let probabilities: Vec<Vec<f64>> = probabilities.map(|row| row.to_vec()).collect();
        let recall = data
            .classes()
            .iter()
            .cloned()
            .zip(metrics::recall(&confusion));
        Figures {
            folds,
            uar: metrics::uar(&confusion),
            uar_ci95: metrics::intervals(&truth, &predicted, &speakers, classes, seed).uar,
            accuracy: metrics::accuracy(&confusion),
            ece: metrics::calibration(&probabilities, &truth, &predicted, &speakers, seed).ece,
            recall: recall.filter(|(_, recall)| !recall.is_nan()).collect(),
        }
    }
}

/// The corpora's own words for each class.
fn meaning(data: &Dataset) -> BTreeMap<String, Vec<String>> {
    let mut words: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (row, &class) in data.rows.iter().zip(data.y()) {
        if let Some(word) = &row.label_original {
            let word = match &row.corpus {
                Some(corpus) => format!("{corpus}: {word}"),
                None => word.clone(),
            };
            words
                .entry(data.classes()[class].clone())
                .or_default()
                .insert(word);
        }
    }
    let listed = |(class, words): (String, BTreeSet<String>)| (class, words.into_iter().collect());
    words.into_iter().map(listed).collect()
}

/// The date that `SOURCE_DATE_EPOCH` names
/// (<https://reproducible-builds.org/specs/source-date-epoch/>).
pub fn source_date() -> Option<String> {
    let seconds = std::env::var("SOURCE_DATE_EPOCH").ok()?;
    let time = DateTime::from_timestamp(seconds.trim().parse().ok()?, 0)?;
    Some(time.format("%Y-%m-%d").to_string())
}
