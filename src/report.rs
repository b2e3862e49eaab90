//! Reports: the figures of an evaluation, as JSON, text and HTML. The JSON is the struct [`Report`].

mod cross;
mod figures;
mod html;
mod results;
mod text;
mod values;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use figures::plot_uars;
pub use html::{About, cross_to_html, to_html, values_to_html};
pub use results::Results;
pub use text::described;
pub use values::{
    ComparedValues, TargetReport, ValueFold, ValueGroup, ValueImportance, ValueReport,
};

use crate::audit::Finding;
use crate::metrics::{Calibration, Comparison, Confusion};
use crate::model::{ModelSpec, Normalize};

/// The figures of one evaluation.
///
/// ```
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # extract::update(&demo, &egemaps, &features)?;
/// let data = Dataset::read(&[&features], "emotion")?;
/// let report = evaluate(&data, &"ridge".parse()?, &Protocol::default())?.report;
/// let correct: usize = (0..4).map(|class| report.confusion[class][class]).sum();
/// assert_eq!(report.accuracy, correct as f64 / report.n as f64);
/// assert!(report.to_text().contains("UAR"));
/// assert!(report.plot_confusion().title().contains("4 classes and 128 recordings"));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Unweighted average recall over all held-out recordings pooled, 0 to 1.
    pub uar: f64,
    /// 95 % interval of the UAR, by resampling speakers.
    pub uar_ci95: [f64; 2],
    /// Share of recordings recognised, 0 to 1.
    pub accuracy: f64,
    /// Mean F1 of the classes, 0 to 1.
    pub macro_f1: f64,
    /// UAR of guessing: one over the number of classes that occur.
    pub chance: f64,
    /// The classes, sorted.
    pub classes: Vec<String>,
    /// Share of each class that was recognised, 0 to 1.
    pub recall: BTreeMap<String, f64>,
    /// 95 % interval of each recall, by resampling speakers.
    pub recall_ci95: BTreeMap<String, [f64; 2]>,
    /// Rows: truth, columns: prediction, both in the order of `classes`.
    pub confusion: Confusion,
    /// How far the probabilities can be believed.
    pub calibration: Calibration,
    /// How the verdict `unsure` does.
    pub unsure: Unsure,
    /// Each speaker, by name.
    pub by_speaker: Vec<Group>,
    /// Each sex, if known.
    pub by_sex: Vec<Group>,
    /// Each corpus, if there are several.
    pub by_corpus: Vec<Group>,
    /// The folds.
    pub folds: Vec<FoldReport>,
    /// How speakers were held out: `loso`, `corpus`, `split`, or the number of folds.
    pub held_out: String,
    /// The protocol.
    pub normalize: Normalize,
    /// Feature sets.
    pub features: String,
    /// Feature columns.
    pub feature_names: Vec<String>,
    /// Classifier and parameters, as requested.
    pub model: ModelSpec,
    /// Whether each fold chose its parameters in folds of its own training speakers.
    pub tuned: bool,
    /// The most important features, if requested.
    pub importance: Vec<Importance>,
    /// The comparison with another model or feature set on the same folds, if requested: the first of `comparisons`.
    pub comparison: Option<Compared>,
    /// The comparisons with all of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Compared>,
    /// What it does with fewer training speakers, if requested.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub learning_curve: Vec<CurvePoint>,
    /// UAR of a random split that ignores speakers, if requested: the difference is due to leakage.
    pub random_split_uar: Option<f64>,
    /// What the leakage audit found.
    pub leakage: Vec<Finding>,
    /// The column that was learned.
    pub label: String,
    /// Where labels are shares of raters, whether they were learned as shares, or as the class that most chose; by the
    /// latter figures are taken in any case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shares_learned: Option<bool>,
    /// Names of the corpora.
    pub corpora: Vec<String>,
    /// Recordings tested; all figures count recordings.
    pub n: usize,
    /// Windows tested, if recordings were cut into windows; a recording is then recognised by the mean of its windows'
    /// probabilities.
    pub windows: Option<usize>,
    /// Speakers tested; all unknown ones count as one.
    pub speakers: usize,
    /// Recordings neither trained nor tested on, because the column `split` marks them otherwise (validation), or because
    /// another corpus does not have their class.
    pub held_back: usize,
    /// Recordings left out because they have no label or, under protocol B, no speaker.
    pub left_out: usize,
    /// Recordings without a speaker that took part as one group.
    pub speakerless: usize,
    /// Seed of everything random.
    pub seed: u64,
}

/// One fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FoldReport {
    /// The speaker or corpus left out, or the number of the fold.
    pub name: String,
    /// The speakers tested.
    pub speakers: Vec<String>,
    /// Recordings trained on.
    pub train: usize,
    /// Recordings tested on.
    pub test: usize,
    /// UAR of this fold alone.
    pub uar: f64,
    /// What was trained, with the parameters that were chosen within the fold.
    pub model: ModelSpec,
}

/// The figures of some of the recordings: those of a speaker, a sex, a corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// Who.
    pub name: String,
    /// Recordings.
    pub n: usize,
    /// UAR over the classes that occur among them.
    pub uar: f64,
    /// Share recognised.
    pub accuracy: f64,
}

/// The verdict `unsure`, on held-out recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unsure {
    /// Share of recordings whose largest probability is below the threshold of their fold.
    pub share: f64,
    /// Share of the other recordings that were recognised; `None` if there are none.
    pub accuracy_of_sure: Option<f64>,
}

/// The importance of a feature on speakers that were not trained on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Importance {
    /// The feature.
    pub feature: String,
    /// The mean drop in the probability of the true class when the feature's values are shuffled among the held-out
    /// recordings of a fold (Breiman 2001).
    pub loss: f64,
    /// The class with which the feature correlates most, positively or negatively.
    pub class: String,
    /// That correlation, over all recordings tested, -1 to 1.
    pub correlation: f64,
}

/// A comparison of two models on the same recordings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The other model in words: its classifier, its features, its table if it has one of its own.
    pub other: String,
    /// Its classifier and parameters, as requested.
    pub model: ModelSpec,
    /// Its feature sets.
    pub features: String,
    /// How many features it has.
    pub feature_count: usize,
    /// UAR of the other.
    pub uar: f64,
    /// 95 % interval of that, by resampling speakers.
    pub uar_ci95: [f64; 2],
    /// Share of recordings that the other recognised.
    pub accuracy: f64,
    /// Its mean F1 of the classes.
    pub macro_f1: f64,
    /// Its recall of each class.
    pub recall: BTreeMap<String, f64>,
    /// The difference of the two, with its interval and p-value.
    pub test: Comparison,
    /// The p-value after Holm's correction over all comparisons under its protocol ([`metrics::holm`](crate::metrics::holm)).
    pub p_holm: f64,
}

/// What a model does that has learned from some of the training speakers of each fold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CurvePoint {
    /// Which share of the training speakers, 0 to 1.
    pub share: f64,
    /// How many these are, in the mean over the folds.
    pub speakers: f64,
    /// How many recordings they have, in the mean over the folds.
    pub recordings: f64,
    /// UAR over all held-out recordings pooled.
    pub uar: f64,
    /// 95 % interval of that, by resampling speakers.
    pub uar_ci95: [f64; 2],
}

/// The same of one predicted number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ValueCurvePoint {
    /// Which share of the training speakers, 0 to 1.
    pub share: f64,
    /// How many these are, in the mean over the folds.
    pub speakers: f64,
    /// How many recordings they have, in the mean over the folds.
    pub recordings: f64,
    /// What is predicted.
    pub target: String,
    /// CCC over all held-out recordings pooled.
    pub ccc: f64,
    /// 95 % interval of that, by resampling speakers.
    pub ccc_ci95: [f64; 2],
}

/// How models trained on one corpus, or on all but one, do on another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossCorpus {
    /// The corpora.
    pub corpora: Vec<String>,
    /// The classes that all of them have.
    pub classes: Vec<String>,
    /// Recordings of each corpus in these classes.
    pub recordings: BTreeMap<String, usize>,
    /// Recordings of other classes, or without a corpus or a speaker if that is needed.
    pub left_out: usize,
    /// Every combination.
    pub cells: Vec<CrossCell>,
    /// How speakers were held out where a corpus is tested on itself.
    pub within: String,
    /// The protocol.
    pub normalize: Normalize,
    /// Feature sets.
    pub features: String,
    /// Classifier and parameters, as they were asked for.
    pub model: ModelSpec,
    /// The column that was learned.
    pub label: String,
    /// What the leakage audit found.
    pub leakage: Vec<Finding>,
    /// Seed of everything random.
    pub seed: u64,
}

/// Trained on some corpora, tested on one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CrossCell {
    /// Where it was trained.
    pub train: Vec<String>,
    /// Where it was tested. If it is the only corpus in `train`, on held-out speakers.
    pub test: String,
    /// Unweighted average recall.
    pub uar: f64,
    /// 95 % interval of it, by resampling speakers.
    pub uar_ci95: [f64; 2],
    /// Share recognised.
    pub accuracy: f64,
    /// Mean F1 of the classes.
    pub macro_f1: f64,
    /// Share of each class that was recognised.
    pub recall: BTreeMap<String, f64>,
    /// Rows: truth, columns: prediction.
    pub confusion: Confusion,
    /// Expected calibration error.
    pub ece: f64,
    /// Which answers were sure, and how often these were right.
    pub unsure: Unsure,
    /// Recordings tested.
    pub n: usize,
}

#[cfg(test)]
fn example(normalize: Normalize) -> Report {
    let classes = ["angry", "calm", "sad"].map(String::from);
    let group = |name: &str, n, uar| Group {
        name: name.into(),
        n,
        uar,
        accuracy: uar,
    };
    let spec = |text: &str| text.parse::<ModelSpec>().expect("a model");
    let fold = |name: &str, model: &str| FoldReport {
        name: name.into(),
        speakers: vec![name.into()],
        train: 60,
        test: 30,
        uar: 0.5,
        model: spec(model),
    };
    Report {
        uar: 0.6,
        uar_ci95: [0.5, 0.7],
        accuracy: 0.61,
        macro_f1: 0.59,
        chance: 1.0 / 3.0,
        classes: classes.to_vec(),
        recall: classes.iter().cloned().zip([0.8, 0.6, 0.4]).collect(),
        recall_ci95: classes.iter().cloned().zip([[0.4, 0.9]; 3]).collect(),
        confusion: vec![vec![24, 3, 3], vec![6, 18, 6], vec![9, 9, 12]],
        calibration: Calibration {
            ece: 0.041,
            ece_ci95: [0.03, 0.06],
            brier: 0.56,
            bins: [(0.4, 0.5), (0.6, 0.55), (0.8, 0.75)]
                .map(|(confidence, accuracy)| crate::metrics::Bin {
                    confidence,
                    accuracy,
                    n: 30,
                })
                .to_vec(),
        },
        unsure: Unsure {
            share: 0.1,
            accuracy_of_sure: Some(0.66),
        },
        by_speaker: vec![
            group("s1", 30, 0.5),
            group("s2", 30, 0.7),
            group("s3", 30, 0.6),
        ],
        by_sex: vec![group("female", 60, 0.65), group("male", 30, 0.55)],
        by_corpus: Vec::new(),
        folds: vec![
            fold("s1", "svm:c=0.1"),
            fold("s2", "svm:c=1"),
            fold("s3", "svm:c=1"),
        ],
        held_out: "loso".into(),
        normalize,
        features: "rich".into(),
        feature_names: vec!["f0_hz_mean".into(), "pause_rate".into()],
        model: spec("svm"),
        tuned: true,
        shares_learned: None,
        importance: vec![Importance {
            feature: "f0_hz_mean".into(),
            loss: 0.03,
            class: "angry".into(),
            correlation: 0.6,
        }],
        comparison: Some(compared("logistic:c=1", 0.57, 0.21)),
        comparisons: vec![compared("logistic:c=1", 0.57, 0.21)],
        learning_curve: Vec::new(),
        random_split_uar: Some(0.75),
        leakage: Vec::new(),
        label: "emotion".into(),
        corpora: vec!["demo".into()],
        n: 90,
        windows: None,
        speakers: 3,
        held_back: 0,
        left_out: 0,
        speakerless: 0,
        seed: 7,
    }
}

/// A comparison of the example with a model of this UAR, with this p-value.
#[cfg(test)]
fn compared(model: &str, uar: f64, p_value: f64) -> Compared {
    let difference = 0.6 - uar;
    Compared {
        other: model.into(),
        model: model.parse().expect("a model"),
        features: "rich".into(),
        feature_count: 2,
        uar,
        uar_ci95: [uar - 0.1, uar + 0.1],
        accuracy: uar,
        macro_f1: uar,
        recall: ["angry", "calm", "sad"]
            .map(|class| (class.to_string(), uar))
            .into(),
        test: Comparison {
            difference,
            difference_ci95: [difference - 0.04, difference + 0.04],
            p_value,
        },
        p_holm: p_value,
    }
}

/// A report that holds the headline and nothing that came later, as old evaluations do.
#[cfg(test)]
fn bare(normalize: Normalize) -> Report {
    let mut report = example(normalize);
    report.recall_ci95.clear();
    report.calibration.bins.clear();
    report.by_speaker.clear();
    report.by_sex.clear();
    report.importance.clear();
    report.comparison = None;
    report.comparisons.clear();
    report.random_split_uar = None;
    report.tuned = false;
    report
}
