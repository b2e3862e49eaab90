//! The model card: what to know about a model before relying on it (Mitchell et al. 2019, "Model cards for model
//! reporting").

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use ndarray::{Array2, ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::metrics;
use crate::model::calibrated::{CalibratedPipeline, HeldOut};
use crate::model::{
    Balance, Groups, Labelled, LearnedValue, ModelSpec, Normalize, Sureness, TrainOptions,
    ValuePipeline, best,
};
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
    /// What weighed alike in training.
    pub balance: Balance,
    /// What was held out to calibrate probabilities and to find what is unsure.
    pub held_out_by: Groups,
    /// How well it does on each training corpus, when that was held out; empty where speakers were.
    pub by_corpus: BTreeMap<String, Figures>,
    /// Of a model for batches: how well it does on recordings alone that were held out.
    pub alone: Option<Figures>,
    /// The same for each training corpus that was held out.
    pub alone_by_corpus: BTreeMap<String, Figures>,
    /// What it was adapted by, if it was.
    pub adapted: Option<Adapted>,
}

/// The recordings of the place that a model was adapted to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Adapted {
    /// Rows that scale the features.
    pub rows: usize,
    /// Recordings with a label, by which probabilities were calibrated again; 0 if there were none or too few.
    pub labelled: usize,
    /// How well it does on these, each by the calibration that the others want.
    pub figures: Option<Figures>,
}

/// A model as JSON describes it: its card, and what is known of the numbers that it predicts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Description<'a> {
    /// The card.
    #[serde(flatten)]
    pub card: &'a Card,
    /// The numbers; absent for a model of classes.
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
    /// Of the answers that are sure; `None` where not all classes of the model are there to be taken for one another.
    pub sure: Option<Sure>,
}

/// The answers that are sure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sure {
    /// Their share of all answers, 0 to 1.
    pub share: f64,
    /// The share of them that is right, 0 to 1; `None` where there is none.
    pub accuracy: Option<f64>,
}

impl Card {
    /// The card of a model trained on `data`, which was prepared under `normalize`.
    pub fn new(
        data: &Dataset,
        model: &ModelSpec,
        pipeline: &CalibratedPipeline,
        options: &TrainOptions,
        [held_out, alone]: [Option<HeldOut>; 2],
    ) -> Card {
        let of_class = |class: usize| (0..data.len()).filter(move |&row| data.y()[row] == class);
        let classes = 0..data.classes().len();
        Card {
            class_counts: classes
                .map(|class| data.recording_count(of_class(class)))
                .collect(),
            label_meaning: meaning(data),
            classes: data.classes().to_vec(),
            held_out_by: held_out
                .as_ref()
                .map_or(options.inner, |held_out| held_out.groups),
            by_corpus: match &held_out {
                Some(held_out) if held_out.groups == Groups::Corpora => {
                    by_corpus(data, held_out, pipeline.sureness, options.seed)
                }
                _ => BTreeMap::new(),
            },
            alone_by_corpus: match (&alone, &pipeline.alone) {
                (Some(held_out), Some(alone)) if held_out.groups == Groups::Corpora => {
                    by_corpus(data, held_out, alone.sureness, options.seed)
                }
                _ => BTreeMap::new(),
            },
            held_out: held_out
                .map(|held_out| figures(data, &held_out, pipeline.sureness, options.seed)),
            alone: alone
                .zip(pipeline.alone.as_ref())
                .map(|(held_out, alone)| figures(data, &held_out, alone.sureness, options.seed)),
            unsure_below: pipeline.sureness.unsure_below,
            ..Card::of_any(data, model, &pipeline.spec, options)
        }
    }

    /// The card of a model of numbers; what is known of these stands in [`targets`](crate::model::Model::targets).
    pub fn of_values(
        data: &Dataset,
        model: &ModelSpec,
        pipeline: &ValuePipeline,
        options: &TrainOptions,
    ) -> Card {
        Card::of_any(data, model, &pipeline.spec, options)
    }

    fn of_any(
        data: &Dataset,
        model: &ModelSpec,
        trained: &ModelSpec,
        options: &TrainOptions,
    ) -> Card {
        Card {
            sentire: env!("CARGO_PKG_VERSION").into(),
            model: model.clone(),
            trained: trained.clone(),
            normalize: options.normalize,
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
            seed: options.seed,
            date: source_date(),
            features: table::without_names(data.metadata.clone()),
            balance: options.balance,
            held_out_by: options.inner,
            by_corpus: BTreeMap::new(),
            alone: None,
            alone_by_corpus: BTreeMap::new(),
            adapted: None,
        }
    }
}

impl Figures {
    /// The figures of predictions for recordings of `data`: `rows` holds the first row of each recording, and
    /// `probabilities` is recordings x classes; `sure` says which answers are.
    pub fn new(
        data: &Dataset,
        rows: &[usize],
        probabilities: &Array2<f64>,
        folds: usize,
        sure: Option<&[bool]>,
        seed: u64,
    ) -> Figures {
        let truth: Vec<usize> = rows.iter().map(|&row| data.y()[row]).collect();
        let speakers: Vec<Option<String>> =
            rows.iter().map(|&row| data.speakers[row].clone()).collect();
        let answers = Answers {
            truth: &truth,
            speakers: &speakers,
            classes: data.classes(),
        };
        Figures::of_answers(&answers, probabilities, folds, sure, seed)
    }

    fn of_answers(
        answers: &Answers,
        probabilities: &Array2<f64>,
        folds: usize,
        sure: Option<&[bool]>,
        seed: u64,
    ) -> Figures {
        let Answers {
            truth,
            speakers,
            classes: names,
        } = *answers;
        let predicted: Vec<usize> = probabilities.rows().into_iter().map(best).collect();
        let classes = names.len();
        let confusion = metrics::confusion(truth, &predicted, classes);
        let sure = sure.map(|are_sure| {
            let sure: Vec<usize> = (0..truth.len()).filter(|&at| are_sure[at]).collect();
            let right = sure.iter().filter(|&&at| predicted[at] == truth[at]);
            Sure {
                share: sure.len() as f64 / truth.len() as f64,
                accuracy: (!sure.is_empty()).then(|| right.count() as f64 / sure.len() as f64),
            }
        });
        let probabilities = probabilities.rows().into_iter();
        let probabilities: Vec<Vec<f64>> = probabilities.map(|row| row.to_vec()).collect();
        let recall = names.iter().cloned().zip(metrics::recall(&confusion));
        Figures {
            folds,
            uar: metrics::uar(&confusion),
            uar_ci95: metrics::intervals(truth, &predicted, speakers, classes, seed).uar,
            accuracy: metrics::accuracy(&confusion),
            ece: metrics::calibration(&probabilities, truth, &predicted, speakers, seed).ece,
            recall: recall.filter(|(_, recall)| !recall.is_nan()).collect(),
            sure,
        }
    }
}

impl Figures {
    /// The figures of recordings of one place: `probabilities` is recordings x classes, by the calibration that other folds want.
    pub(super) fn of_labelled(
        labelled: &Labelled,
        classes: &[String],
        probabilities: &Array2<f64>,
        folds: usize,
        sure_from: f64,
        seed: u64,
    ) -> Figures {
        let sure = probabilities.rows().into_iter();
        let sure: Vec<bool> = sure.map(|p| p[best(p)] >= sure_from).collect();
        Figures::of_answers(
            &Answers {
                truth: &labelled.y,
                speakers: &labelled.speakers,
                classes,
            },
            probabilities,
            folds,
            Some(&sure),
            seed,
        )
    }
}

/// What is known of recordings that were answered.
struct Answers<'a> {
    truth: &'a [usize],
    speakers: &'a [Option<String>],
    classes: &'a [String],
}

fn figures(data: &Dataset, held_out: &HeldOut, sureness: Sureness, seed: u64) -> Figures {
    let HeldOut {
        rows,
        probabilities,
        distances,
        folds,
        ..
    } = held_out;
    let answers = probabilities.rows().into_iter().zip(distances);
    let is_sure = |(p, &distance): (ArrayView1<f64>, &f64)| sureness.is_sure(p[best(p)], distance);
    let sure: Vec<bool> = answers.map(is_sure).collect();
    Figures::new(data, rows, probabilities, *folds, Some(&sure), seed)
}

/// The figures of each corpus.
fn by_corpus(
    data: &Dataset,
    held_out: &HeldOut,
    sureness: Sureness,
    seed: u64,
) -> BTreeMap<String, Figures> {
    let of = |name: &String| {
        let is_of = |at: &usize| data.rows[held_out.rows[*at]].corpus.as_ref() == Some(name);
        let places: Vec<usize> = (0..held_out.rows.len()).filter(is_of).collect();
        let of_corpus = HeldOut {
            rows: places.iter().map(|&at| held_out.rows[at]).collect(),
            probabilities: held_out.probabilities.select(Axis(0), &places),
            distances: places.iter().map(|&at| held_out.distances[at]).collect(),
            groups: held_out.groups,
            folds: held_out.folds,
        };
        let is_there = !places.is_empty();
        is_there.then(|| (name.clone(), figures(data, &of_corpus, sureness, seed)))
    };
    data.corpora.iter().filter_map(of).collect()
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
