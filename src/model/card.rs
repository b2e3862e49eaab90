//! The model card: what a person should know before they believe a model (Mitchell et al. 2019,
//! "Model cards for model reporting").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::metrics;
use crate::model::trained::{HeldOut, Trained};
use crate::model::{ModelSpec, Normalize};
use crate::table;

/// What every card says unless somebody who knows better replaces it.
const INTENDED_USE: &str = "Research and statistics on speech like that of the training corpora. Corpora of acted speech \
     teach how actors sound; on people who do not act, other languages and other microphones expect much \
     less. Not for judging people.";

/// What a model was made of, how, and how good it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Version of sentire that trained it.
    pub sentire: String,
    /// What was asked for.
    pub model: ModelSpec,
    /// What was trained: the same, or what was chosen.
    pub trained: ModelSpec,
    /// The protocol.
    pub normalize: Normalize,
    /// The column that was learned.
    pub label: String,
    /// What it tells apart, sorted.
    pub classes: Vec<String>,
    /// Training recordings of each class.
    pub class_counts: Vec<usize>,
    /// What each class was called by the corpora, `corpus: word`, where they say so.
    pub label_meaning: BTreeMap<String, Vec<String>>,
    /// Names of the training corpora.
    pub corpora: Vec<String>,
    /// Licence of each training corpus, where it is known.
    pub licences: BTreeMap<String, String>,
    /// Training recordings; with windows in [`features`](Card::features) each has several rows.
    pub n: usize,
    /// Training speakers.
    pub speakers: usize,
    /// How it does on training speakers that were held out.
    pub held_out: Option<Figures>,
    /// An answer whose probability is below this is unsure.
    pub unsure_below: f64,
    /// What it is for, and what not.
    pub intended_use: String,
    /// Seed of everything random.
    pub seed: u64,
    /// Date of training, from `SOURCE_DATE_EPOCH`; absent without it, so that the same data give
    /// the same bytes.
    pub date: Option<String>,
    /// How the features were made, as the table's metadata have it.
    pub features: BTreeMap<String, String>,
}

/// Figures on training speakers, each recognised by a classifier that was fitted on others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Groups of speakers that were held out in turn.
    pub folds: usize,
    /// Unweighted average recall.
    pub uar: f64,
    /// 95 % interval of it, by resampling speakers.
    pub uar_ci95: [f64; 2],
    /// Share recognised.
    pub accuracy: f64,
    /// Expected calibration error.
    pub ece: f64,
    /// Recall of each class.
    pub recall: BTreeMap<String, f64>,
}

impl Card {
    /// The card of a model that learned `data`, prepared under `normalize`.
    pub fn new(
        data: &Dataset,
        model: &ModelSpec,
        trained: &Trained,
        normalize: Normalize,
        seed: u64,
        held_out: Option<&HeldOut>,
    ) -> Card {
        let features = table::without_names(data.metadata.clone());
        let of_class = |class: usize| (0..data.len()).filter(move |&row| data.y[row] == class);
        let classes = 0..data.classes.len();
        Card {
            sentire: env!("CARGO_PKG_VERSION").into(),
            model: model.clone(),
            trained: trained.spec.clone(),
            normalize,
            label: data.label.clone(),
            class_counts: classes
                .map(|class| data.recording_count(of_class(class)))
                .collect(),
            label_meaning: meaning(data),
            classes: data.classes.clone(),
            corpora: data.corpora.clone(),
            licences: BTreeMap::new(),
            n: data.recording_count(0..data.len()),
            speakers: data.speaker_count(),
            held_out: held_out.map(|held_out| Figures::new(data, held_out, seed)),
            unsure_below: trained.unsure_below,
            intended_use: INTENDED_USE.into(),
            seed,
            date: source_date(),
            features,
        }
    }
}

impl Figures {
    fn new(data: &Dataset, held_out: &HeldOut, seed: u64) -> Figures {
        let truth: Vec<usize> = held_out.rows.iter().map(|&row| data.y[row]).collect();
        let predicted = held_out.predicted();
        let speakers: Vec<Option<String>> = held_out
            .rows
            .iter()
            .map(|&row| data.speakers[row].clone())
            .collect();
        let classes = data.classes.len();
        let confusion = metrics::confusion(&truth, &predicted, classes);
        let probabilities: Vec<Vec<f64>> = held_out
            .probabilities
            .rows()
            .into_iter()
            .map(|row| row.to_vec())
            .collect();
        let recall = data
            .classes
            .iter()
            .cloned()
            .zip(metrics::recall(&confusion));
        Figures {
            folds: held_out.folds,
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
    for (row, &class) in data.rows.iter().zip(&data.y) {
        if let Some(word) = &row.label_original {
            let word = match &row.corpus {
                Some(corpus) => format!("{corpus}: {word}"),
                None => word.clone(),
            };
            words
                .entry(data.classes[class].clone())
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
