//! Evaluation on speakers that were not trained on.

mod compare;
mod cross;
mod curve;
mod folds;
mod importance;
mod table;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use ndarray::Axis;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

pub use compare::{compare, compare_all};
pub use cross::{cross_corpus, cross_leakage};
pub use curve::{check_learning_curve, learning_curve, learning_curve_of_values};
pub use table::predictions_table;
pub use values::{
    ValueEvaluation, ValueOutOfFold, compare_all_values, compare_values, evaluate_values,
    evaluate_values_with, random_split_ccc, value_predictions_table,
};

use crate::audit::{self, Finding};
use crate::dataset::{Dataset, Row, Target};
use crate::error::{Error, Result};
use crate::metrics::{self, Confusion};
use crate::model::{
    self, Balance, CalibratedPipeline, Domain, Groups, ModelSpec, Normalize, TrainOptions,
};
use crate::report::{FoldReport, Group, Report, Unsure};
use crate::split::Fold;

/// How speakers are held out.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("6".parse::<FoldSpec>()?, FoldSpec::K(6));
/// assert_eq!("loso".parse::<FoldSpec>()?, FoldSpec::Loso);
/// assert!("1".parse::<FoldSpec>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum FoldSpec {
    /// Leave one speaker out at a time.
    Loso,
    /// Leave out one of K groups of whole speakers at a time; K is at least 2.
    K(usize),
    /// The one fold that the column `split` marks: train on `train`, test on `test`.
    Split,
    /// Leave one corpus out at a time.
    Corpus,
    /// Train on all corpora but this one, test on it.
    TestCorpus(String),
}

impl fmt::Display for FoldSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FoldSpec::Loso => f.write_str("loso"),
            FoldSpec::K(k) => k.fmt(f),
            FoldSpec::Split => f.write_str("split"),
            FoldSpec::Corpus => f.write_str("corpus"),
            FoldSpec::TestCorpus(name) => write!(f, "test corpus {name}"),
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
            _ if text == "corpus" => Ok(FoldSpec::Corpus),
            _ => Err(Error::Usage(format!(
                "folds {text:?}: expected loso, split, corpus, or a number of folds from 2"
            ))),
        }
    }
}

/// Which protocols to evaluate.
///
/// ```
/// use sentire::evaluate::NormalizeSpec;
/// use sentire::model::Normalize;
///
/// assert_eq!("both".parse::<NormalizeSpec>()?, NormalizeSpec::Both);
/// assert_eq!("speaker".parse::<NormalizeSpec>()?, NormalizeSpec::One(Normalize::Speaker));
/// # Ok::<(), sentire::error::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NormalizeSpec {
    /// This protocol alone.
    One(Normalize),
    /// Protocols A and B, side by side in one report.
    Both,
}

impl FromStr for NormalizeSpec {
    type Err = Error;

    fn from_str(text: &str) -> Result<NormalizeSpec> {
        match text {
            "both" => Ok(NormalizeSpec::Both),
            _ => text.parse().map(NormalizeSpec::One).map_err(|_| {
                Error::Usage(format!(
                    "normalize {text:?}: expected train, speaker, batch or both"
                ))
            }),
        }
    }
}

/// How to evaluate.
#[derive(Debug, Clone, PartialEq)]
pub struct Protocol {
    /// How speakers are held out.
    pub folds: FoldSpec,
    /// Whose recordings scale the features.
    pub normalize: Normalize,
    /// What weighs alike in training.
    pub balance: Balance,
    /// Seed of everything random.
    pub seed: u64,
    /// Whether to go on even if the leakage audit finds that the figures cannot be trusted.
    pub allow_leakage: bool,
    /// Whether to measure the importance of features, which takes about as long as the rest.
    pub importance: bool,
}

impl Default for Protocol {
    /// Protocol A, one speaker left out at a time.
    fn default() -> Protocol {
        Protocol {
            folds: FoldSpec::Loso,
            normalize: Normalize::Train,
            balance: Balance::Class,
            seed: 0,
            allow_leakage: false,
            importance: false,
        }
    }
}

impl Protocol {
    /// How each fold trains: where corpora are held out, inner folds hold them out too.
    pub fn train_options(&self) -> TrainOptions {
        TrainOptions {
            normalize: self.normalize,
            inner: match self.folds {
                FoldSpec::Corpus | FoldSpec::TestCorpus(_) => Groups::Corpora,
                FoldSpec::Loso | FoldSpec::K(_) | FoldSpec::Split => Groups::Speakers,
            },
            balance: self.balance,
            seed: self.seed,
        }
    }

    /// An error where training and test rows would be scaled together.
    fn check(&self) -> Result<()> {
        let leaves_corpora_out = matches!(self.folds, FoldSpec::Corpus | FoldSpec::TestCorpus(_));
        if self.normalize == Normalize::Batch && !leaves_corpora_out {
            return Err(Error::Usage(format!(
                "--normalize batch scales each corpus by all of its recordings, so whole corpora are to be held out, not {}; expected \
                 --folds corpus, --test-corpus NAME or --cross-corpus",
                self.folds
            )));
        }
        Ok(())
    }
}

/// The prediction for one recording, by a model that was not trained on its speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct OutOfFold {
    /// The recording.
    pub row: Row,
    /// Who speaks, as the folds have it: with the corpus, where there are several.
    pub speaker: Option<String>,
    /// The label.
    pub truth: usize,
    /// The class that the model predicted; both are places in [`Report::classes`].
    pub predicted: usize,
    /// Probability of each class.
    pub probabilities: Vec<f64>,
    /// Whether the model called it unsure.
    pub unsure: bool,
    /// The fold in which it was tested.
    pub fold: String,
}

/// A report and the predictions that it sums up, in the order of the table's rows.
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
/// let evaluation = evaluate(&data, &"ridge".parse()?, &Protocol::default())?;
/// let table = evaluation.to_table();
/// assert_eq!(table.rows(), data.len());
/// let worst = &evaluation.predictions[evaluation.worst()[0]];
/// assert!(evaluation.predictions.iter().all(|p| p.probabilities[p.truth] >= worst.probabilities[worst.truth]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluation {
    /// The figures.
    pub report: Report,
    /// Recording by recording.
    pub predictions: Vec<OutOfFold>,
}

/// The rows that take part in an evaluation: as they were read, and as the classifier gets them.
struct Participants {
    raw: Dataset,
    scaled: Dataset,
    /// Recordings of classes that only some corpora have.
    unshared: usize,
}

impl Participants {
    fn of(data: &Dataset, protocol: &Protocol) -> Result<Participants> {
        let known = model::participants(data, protocol.normalize)?;
        // Speakers are scaled by all of their recordings: which of these are of a class that others
        // share is known from labels alone.
        let scaled = model::scaled(&known, protocol.normalize);
        let rows = folds::shared_classes(&known, &protocol.folds)?;
        Ok(match rows {
            None => Participants {
                raw: known.clone().into_owned(),
                scaled: scaled.into_owned(),
                unshared: 0,
            },
            Some(rows) => Participants {
                raw: known.select(&rows).without_empty_classes(),
                scaled: scaled.select(&rows).without_empty_classes(),
                unshared: known.recording_count(0..known.len())
                    - known.recording_count(rows.iter().copied()),
            },
        })
    }
}

/// What the leakage audit finds in the rows and folds of an evaluation.
///
/// ```
/// use sentire::evaluate::leakage;
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # extract::update(&demo, &egemaps, &features)?;
/// let data = Dataset::read(&[&features], "emotion")?;
/// assert!(leakage(&data, &Protocol::default())?.iter().all(|finding| !finding.is_error));
///
/// let doubled = data.select(&(0..data.len()).chain(0..data.len()).collect::<Vec<_>>());
/// assert!(leakage(&doubled, &Protocol::default())?.iter().any(|finding| finding.is_error));
/// # Ok::<(), Error>(())
/// ```
pub fn leakage(data: &Dataset, protocol: &Protocol) -> Result<Vec<Finding>> {
    let participants = Participants::of(data, protocol)?;
    let folds = folds::folds(&participants.raw, &protocol.folds)?;
    Ok(audit::audit(&participants.raw, &folds))
}

/// Trains and tests `spec` on speaker-disjoint folds of `data`; the UAR is taken once over all
/// held-out recordings pooled.
///
/// Under protocol A nothing of a fold's test rows reaches anything that is fitted or chosen; under
/// protocol B their features (not their labels) scale the speaker they belong to. Where recordings
/// have several rows, their windows, a recording counts once, by the mean of its windows'
/// probabilities. Refused with the findings of the leakage audit, if these are errors and not
/// allowed. Numbers are evaluated by [`evaluate_values`].
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
/// let protocol = Protocol { folds: FoldSpec::K(4), ..Protocol::default() };
/// let report = evaluate(&data, &"ridge".parse()?, &protocol)?.report;
/// assert_eq!((report.n, report.speakers, report.folds.len()), (128, 8, 4));
/// assert_eq!(report.chance, 0.25);
/// assert!(report.uar_ci95[0] > report.chance);
/// # Ok::<(), Error>(())
/// ```
pub fn evaluate(data: &Dataset, spec: &ModelSpec, protocol: &Protocol) -> Result<Evaluation> {
    evaluate_with(data, spec, protocol, &|_| {})
}

/// Is told each time that a fold is done, with how many there are.
pub type OnFold<'a> = &'a (dyn Fn(usize) + Sync);

/// [`evaluate`], which says how far it is.
pub fn evaluate_with(
    data: &Dataset,
    spec: &ModelSpec,
    protocol: &Protocol,
    on_fold: OnFold,
) -> Result<Evaluation> {
    if let Target::Values(_) = data.target {
        return Err(Error::Usage(format!(
            "`{}` holds numbers; expected classes (evaluate_values, or --task classes)",
            data.label
        )));
    }
    spec.check(&data.target)?;
    spec.check_balance(&data.target, protocol.balance)?;
    protocol.check()?;
    let Participants {
        raw,
        scaled,
        unshared,
    } = Participants::of(data, protocol)?;
    let folds = folds::folds(&raw, &protocol.folds)?;
    // Of features as they are: scaled by speaker, one recording of two speakers looks like two.
    let findings = audit::audit(&raw, &folds);
    audit::refuse(&findings, protocol.allow_leakage)?;
    let spec = spec.for_features(&data.feature_names)?;
    let mut evaluation = on_folds(&scaled, &folds, &spec, protocol, on_fold)?;
    let report = &mut evaluation.report;
    report.leakage = findings;
    (report.held_back, report.left_out) = not_tested(data, &raw, unshared, &folds);
    Ok(evaluation)
}

/// Recordings that are in no fold though they could be, and those that could not.
fn not_tested(data: &Dataset, raw: &Dataset, unshared: usize, folds: &[Fold]) -> (usize, usize) {
    let usable = raw.recording_count(0..raw.len());
    // Under cross-validation every recording is tested once; a marked split leaves some out.
    let in_folds = folds
        .iter()
        .flat_map(|fold| fold.train.iter().chain(&fold.test).copied());
    let held_back = unshared + usable - raw.recording_count(in_folds);
    let recordings = data.recording_count(0..data.len());
    (held_back, data.unlabelled + recordings - usable - unshared)
}

/// UAR of the same recordings in as many folds, at most ten, that ignore speakers: what a random
/// split, which leaks, would have claimed.
///
/// ```
/// use sentire::evaluate::random_split_uar;
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # extract::update(&demo, &egemaps, &features)?;
/// let data = Dataset::read(&[&features], "emotion")?;
/// let claimed = random_split_uar(&data, &"ridge".parse()?, &Protocol::default())?;
/// assert!((0.25..=1.0).contains(&claimed));
/// # Ok::<(), Error>(())
/// ```
pub fn random_split_uar(data: &Dataset, spec: &ModelSpec, protocol: &Protocol) -> Result<f64> {
    let participants = Participants::of(data, protocol)?;
    let honest = folds::folds(&participants.raw, &protocol.folds)?;
    let folds = folds::random(&participants.raw, honest.len().clamp(2, 10), protocol.seed);
    let protocol = Protocol {
        importance: false,
        ..protocol.clone()
    };
    let evaluation = on_folds(&participants.scaled, &folds, spec, &protocol, &|_| {})?;
    Ok(evaluation.report.uar)
}

/// One held-out recording.
struct Tested {
    /// The first of its rows.
    row: usize,
    probabilities: Vec<f64>,
    predicted: usize,
    unsure: bool,
    fold: usize,
}

/// The evaluation of `spec` on these folds of prepared rows.
fn on_folds(
    data: &Dataset,
    folds: &[Fold],
    spec: &ModelSpec,
    protocol: &Protocol,
    on_fold: OnFold,
) -> Result<Evaluation> {
    let of_folds: Vec<(ModelSpec, Option<CalibratedPipeline>, Vec<Tested>)> = folds
        .par_iter()
        .enumerate()
        .map(|(number, fold)| {
            let named = |error| match error {
                Error::Data(reason) => Error::Data(format!("fold {}: {reason}", fold.name)),
                other => other,
            };
            let options = protocol.train_options();
            let (trained, _) =
                CalibratedPipeline::fit(data, &fold.train, spec, &options).map_err(named)?;
            // Of rows that are scaled by their own mean nobody knows where they were.
            let knows_domain =
                options.normalize == Normalize::Train && trained.sureness.within.is_finite();
            let domain = knows_domain
                .then(|| Domain::of_rows(data, &fold.train))
                .transpose()?;
            let tested = test(data, fold, number, &trained, domain.as_ref());
            on_fold(folds.len());
            // A trained classifier may be large, and only importance asks it again.
            Ok((
                trained.spec.clone(),
                protocol.importance.then_some(trained),
                tested,
            ))
        })
        .collect::<Result<_>>()?;
    let asked_again: Vec<importance::TestedFold> = folds
        .iter()
        .zip(&of_folds)
        .filter_map(|(fold, (_, trained, tested))| Some((fold, trained.as_ref()?, &tested[..])))
        .collect();
    let importance = importance::importance(data, &asked_again, protocol.seed);
    let fold_report =
        |(fold, (spec, _, tested)): (&Fold, &(ModelSpec, _, Vec<Tested>))| FoldReport {
            name: fold.name.clone(),
            speakers: tested
                .iter()
                .map(|t| data.speakers[t.row].clone().unwrap_or("unknown".into()))
                .collect::<BTreeSet<_>>()
                .into_iter()
                .collect(),
            train: data.recording_count(fold.train.iter().copied()),
            test: tested.len(),
            uar: metrics::uar(&confusion_of(data, tested)),
            model: spec.clone(),
        };
    let fold_reports: Vec<FoldReport> = folds.iter().zip(&of_folds).map(fold_report).collect();
    let mut tested: Vec<Tested> = of_folds
        .into_iter()
        .flat_map(|(_, _, tested)| tested)
        .collect();
    tested.sort_by_key(|t| t.row);
    let windows: usize = folds.iter().map(|fold| fold.test.len()).sum();
    let report = Report {
        importance,
        windows: data.has_windows().then_some(windows),
        ..report(data, &tested, fold_reports, spec, protocol)
    };
    let predictions = tested.into_iter().map(|t| OutOfFold {
        row: data.rows[t.row].clone(),
        speaker: data.speakers[t.row].clone(),
        truth: data.y()[t.row],
        predicted: t.predicted,
        fold: folds[t.fold].name.clone(),
        unsure: t.unsure,
        probabilities: t.probabilities,
    });
    Ok(Evaluation {
        predictions: predictions.collect(),
        report,
    })
}

/// The fold's test recordings, as a model says that was trained on its training rows.
fn test(
    data: &Dataset,
    fold: &Fold,
    number: usize,
    trained: &CalibratedPipeline,
    domain: Option<&Domain>,
) -> Vec<Tested> {
    let recordings = data.by_recording(&fold.test);
    let probabilities = trained.probabilities(data.view(), &recordings);
    let distance = |rows: &[usize]| {
        domain.map_or(0.0, |domain| {
            domain.distance(data.x.select(Axis(0), rows).view())
        })
    };
    let tested = |(at, rows): (usize, &Vec<usize>)| {
        let p = probabilities.row(at);
        let predicted = model::best(p);
        Tested {
            row: rows[0],
            predicted,
            unsure: !trained.sureness.is_sure(p[predicted], distance(rows)),
            probabilities: p.to_vec(),
            fold: number,
        }
    };
    recordings.iter().enumerate().map(tested).collect()
}

fn confusion_of<'a>(data: &Dataset, tested: impl IntoIterator<Item = &'a Tested>) -> Confusion {
    let pairs = tested.into_iter().map(|t| (data.y()[t.row], t.predicted));
    let (truth, said): (Vec<usize>, Vec<usize>) = pairs.unzip();
    metrics::confusion(&truth, &said, data.classes().len())
}

/// The figures of held-out recordings.
fn report(
    data: &Dataset,
    tested: &[Tested],
    folds: Vec<FoldReport>,
    spec: &ModelSpec,
    protocol: &Protocol,
) -> Report {
    let classes = data.classes().len();
    let truth: Vec<usize> = tested.iter().map(|t| data.y()[t.row]).collect();
    let said: Vec<usize> = tested.iter().map(|t| t.predicted).collect();
    let speakers: Vec<Option<String>> = tested
        .iter()
        .map(|t| data.speakers[t.row].clone())
        .collect();
    let probabilities: Vec<Vec<f64>> = tested.iter().map(|t| t.probabilities.clone()).collect();
    let confusion = metrics::confusion(&truth, &said, classes);
    let intervals = metrics::intervals(&truth, &said, &speakers, classes, protocol.seed);
    let occurs = |class: &usize| confusion[*class].iter().any(|&n| n > 0);
    let named = |class: usize| data.classes()[class].clone();
    let recall = metrics::recall(&confusion);
    let groups = |of: &dyn Fn(&Tested) -> Option<String>| {
        let mut members: BTreeMap<String, Vec<&Tested>> = BTreeMap::new();
        for t in tested {
            if let Some(name) = of(t) {
                members.entry(name).or_default().push(t);
            }
        }
        let group = |(name, members): (String, Vec<&Tested>)| {
            let confusion = confusion_of(data, members.iter().copied());
            Group {
                name,
                n: members.len(),
                uar: metrics::uar(&confusion),
                accuracy: metrics::accuracy(&confusion),
            }
        };
        members.into_iter().map(group).collect::<Vec<Group>>()
    };
    let by_corpus = groups(&|t| data.rows[t.row].corpus.clone());
    let sure: Vec<&Tested> = tested.iter().filter(|t| !t.unsure).collect();
    Report {
        uar: metrics::uar(&confusion),
        uar_ci95: intervals.uar,
        accuracy: metrics::accuracy(&confusion),
        macro_f1: metrics::macro_f1(&confusion),
        chance: 1.0 / (0..classes).filter(occurs).count() as f64,
        recall: (0..classes)
            .filter(occurs)
            .map(|class| (named(class), recall[class]))
            .collect(),
        recall_ci95: (0..classes)
            .filter(occurs)
            .map(|class| (named(class), intervals.recall[class]))
            .collect(),
        calibration: metrics::calibration(&probabilities, &truth, &said, &speakers, protocol.seed),
        unsure: Unsure {
            share: 1.0 - sure.len() as f64 / tested.len() as f64,
            accuracy_of_sure: (!sure.is_empty())
                .then(|| metrics::accuracy(&confusion_of(data, sure))),
        },
        by_speaker: groups(&|t| data.speakers[t.row].clone()),
        by_sex: groups(&|t| data.rows[t.row].sex.clone()),
        by_corpus: if by_corpus.len() > 1 {
            by_corpus
        } else {
            Vec::new()
        },
        classes: data.classes().to_vec(),
        confusion,
        held_out: protocol.folds.to_string(),
        folds,
        normalize: protocol.normalize,
        features: data.feature_sets(),
        feature_names: data.feature_names.clone(),
        model: spec.clone(),
        tuned: spec.candidates(&data.target).len() > 1,
        importance: Vec::new(),
        comparison: None,
        comparisons: Vec::new(),
        learning_curve: Vec::new(),
        random_split_uar: None,
        leakage: Vec::new(),
        label: data.label.clone(),
        shares_learned: data.has_shares().then(|| spec.learns_shares()),
        corpora: data.corpora.clone(),
        n: tested.len(),
        windows: None,
        speakers: speakers.iter().collect::<BTreeSet<_>>().len(),
        held_back: 0,
        left_out: 0,
        speakerless: speakers.iter().filter(|speaker| speaker.is_none()).count(),
        seed: protocol.seed,
    }
}
