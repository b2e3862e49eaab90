//! The learners: each is one file that declares everything about it, and a line of [`LEARNERS`]. Help texts, `auto`, the
//! table in `src/evaluate/README.md` and the tests that hold for every learner are made from the list.

pub mod boost;
pub mod forest;
pub mod fusion;
pub mod lda;
#[cfg(feature = "baselines")]
pub mod linfa;
pub mod logistic;
pub mod parameters;
pub mod ridge;
#[cfg(feature = "baselines")]
pub mod smartcore;
pub mod svm;
pub mod tree;

use std::fmt::Debug;
#[cfg(feature = "baselines")]
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use ndarray::ArrayView2;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Result;
#[cfg(feature = "baselines")]
use crate::error::{Error, panic_text};
use crate::model::outputs::Outputs;
use parameters::{Key, Parameters};

/// All learners, in the order in which they are listed. The first is the default.
pub const LEARNERS: &[Learner] = &[
    fusion::LEARNER,
    svm::LEARNER,
    forest::LEARNER,
    logistic::LEARNER,
    ridge::LEARNER,
    lda::LEARNER,
    tree::LEARNER,
    boost::LEARNER,
    #[cfg(feature = "baselines")]
    linfa::bayes::LEARNER,
    #[cfg(feature = "baselines")]
    linfa::elasticnet::LEARNER,
    #[cfg(feature = "baselines")]
    linfa::knn::LEARNER,
    #[cfg(feature = "baselines")]
    linfa::logistic::LEARNER,
    #[cfg(feature = "baselines")]
    linfa::svm::LEARNER,
    #[cfg(feature = "baselines")]
    linfa::svr::LEARNER,
    #[cfg(feature = "baselines")]
    linfa::tree::LEARNER,
    #[cfg(feature = "baselines")]
    smartcore::forest::LEARNER,
];

/// The name that stands for the best of several learners.
pub const AUTO: &str = "auto";

/// A way to train classifiers: a learning algorithm with its parameters.
#[derive(Debug)]
pub struct Learner {
    /// As in `--model NAME`, and the tag of its classifiers in model files.
    pub name: &'static str,
    /// What it is, in one line.
    pub help: &'static str,
    /// Its parameters, in the order in which they are printed.
    pub keys: &'static [Key],
    /// What `auto` tries, as written after `--model`, each with its place in the order: simple models come first, because
    /// the first of equally good ones is taken.
    pub in_auto: &'static [(u32, &'static str)],
    /// The candidates when these parameters are tuned: at least one, the simplest model first.
    pub grid: fn(&Parameters) -> Vec<Parameters>,
    /// The parameters for a table whose features have these names; the error says what is missing.
    pub for_features: fn(&Parameters, &[String]) -> Result<Parameters, String>,
    /// How it learns classes, if it can.
    pub classes: Option<OfClasses>,
    /// How it learns numbers, if it can.
    pub values: Option<OfValues>,
}

impl Learner {
    /// What it learns, in words.
    pub fn learns(&self) -> &'static str {
        match (&self.classes, &self.values) {
            (Some(_), Some(_)) => "classes, numbers",
            (None, _) => "numbers",
            (_, None) => "classes",
        }
    }
}

/// How classes are learned.
#[derive(Debug)]
pub struct OfClasses {
    /// Whether it learns the shares of the classes of each row; otherwise the class with the largest.
    pub learns_shares: bool,
    /// Whether it can weigh corpora alike.
    pub weighs_corpora: bool,
    /// Trains a classifier with each of these parameters, on rows of at least two classes; what they have in common is
    /// computed once.
    pub fit: fn(&[&Parameters], &Training) -> Result<Vec<AnyEstimator>>,
    /// Reads a classifier that was [written](Written::write); the error says what is wrong.
    pub read: Read,
}

/// How numbers are learned.
#[derive(Debug)]
pub struct OfValues {
    /// Trains a regression with each of these parameters; what they have in common is computed once. Its
    /// [outputs](Estimator::outputs) are rows x targets.
    pub fit: fn(&[&Parameters], &ValueTraining) -> Result<Vec<AnyEstimator>>,
    /// Reads a regression that was [written](Written::write); the error says what is wrong.
    pub read: Read,
}

/// Reads an estimator from its bytes in a model file.
pub type Read = fn(&[u8]) -> Result<AnyEstimator, String>;

/// The rows that a classifier is trained on.
#[derive(Debug, Clone, Copy)]
pub struct Training<'a> {
    /// Rows x features, scaled and finite.
    pub x: ArrayView2<'a, f32>,
    /// The name of each feature.
    pub names: &'a [String],
    /// The class of each row.
    pub y: &'a [usize],
    /// Rows x classes: the share of each, which is 1 of the row's class where labels are words.
    pub shares: ArrayView2<'a, f64>,
    /// The number of classes, including those without a row.
    pub classes: usize,
    /// The number of each row's speaker.
    pub speakers: &'a [usize],
    /// The number of each row's corpus, where corpora are to weigh alike.
    pub corpora: Option<&'a [usize]>,
    /// Seed of everything random.
    pub seed: u64,
}

/// The rows that a regression is trained on.
#[derive(Debug, Clone, Copy)]
pub struct ValueTraining<'a> {
    /// Rows x features, scaled and finite.
    pub x: ArrayView2<'a, f32>,
    /// The name of each feature.
    pub names: &'a [String],
    /// Rows x targets, each of mean 0 and deviation 1 over the rows.
    pub y: ArrayView2<'a, f64>,
    /// The number of each row's speaker.
    pub speakers: &'a [usize],
    /// Seed of everything random.
    pub seed: u64,
}

/// A trained classifier, or regression, of scaled features.
pub trait Estimator: Written + Debug + Send + Sync {
    /// What it says of the scaled rows `x`.
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs;

    /// Whether its parts fit together: it takes rows of so many `features`, and answers for so many classes, or targets.
    /// A file may say anything, and what it says is not computed with, nor is memory taken for it, before.
    fn fits(&self, features: usize, answers: usize) -> bool;

    /// The importance of each of its `features` features, on a scale of its own; all 0 if it has no such measure.
    fn importance(&self, features: usize) -> Vec<f64> {
        vec![0.0; features]
    }
}

/// An estimator of any learner; copies share it.
pub type AnyEstimator = Arc<dyn Estimator>;

/// A classifier or a regression, and the name of the learner that trained it.
#[derive(Debug, Clone)]
pub struct Named {
    /// The name.
    pub learner: &'static str,
    /// The scale of each target of a regression; `None` of a classifier.
    pub scales: Option<Vec<Scale>>,
    /// What was trained.
    pub estimator: AnyEstimator,
}

/// The mean and the deviation of a target over the training rows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scale {
    /// In the target's own unit.
    pub mean: f64,
    /// Above 0.
    pub deviation: f64,
}

impl Named {
    /// What it says of the scaled rows `x`; of targets in their own units.
    pub fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        let outputs = self.estimator.outputs(x);
        let Some(scales) = &self.scales else {
            return outputs;
        };
        let mut values = outputs.into_values();
        for (mut column, scale) in values.columns_mut().into_iter().zip(scales) {
            column.mapv_inplace(|value| scale.mean + scale.deviation * value);
        }
        Outputs::Values(values)
    }
}

/// Stands behind the name of the learner of a regression.
const OF_VALUES: &str = " of values";

/// In a model file the name stands before what the estimator wrote, and before that the scales of a regression.
impl Serialize for Named {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let bytes = self.estimator.write();
        match &self.scales {
            None => (self.learner, bytes).serialize(serializer),
            Some(scales) => {
                let tag = format!("{}{OF_VALUES}", self.learner);
                let scaled = postcard::to_stdvec(&(scales, bytes)).map_err(S::Error::custom)?;
                (tag, scaled).serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Named, D::Error> {
        let (tag, bytes) = <(&str, &[u8])>::deserialize(deserializer)?;
        let unknown = || D::Error::custom("an unknown learner");
        let (name, is_of_values) = match tag.strip_suffix(OF_VALUES) {
            Some(name) => (name, true),
            None => (tag, false),
        };
        let learner = named(name).ok_or_else(unknown)?;
        if !is_of_values {
            let classes = learner.classes.as_ref().ok_or_else(unknown)?;
            return Ok(Named {
                learner: learner.name,
                scales: None,
                estimator: (classes.read)(bytes).map_err(D::Error::custom)?,
            });
        }
        let values = learner.values.as_ref().ok_or_else(unknown)?;
        let (scales, bytes): (Vec<Scale>, Vec<u8>) =
            postcard::from_bytes(bytes).map_err(D::Error::custom)?;
        Ok(Named {
            learner: learner.name,
            scales: Some(scales),
            estimator: (values.read)(&bytes).map_err(D::Error::custom)?,
        })
    }
}

/// What can be written to a model file: everything that serde can serialise, as postcard.
pub trait Written {
    /// Its bytes in the file.
    fn write(&self) -> Vec<u8>;
}

impl<T: Serialize> Written for T {
    fn write(&self) -> Vec<u8> {
        postcard::to_stdvec(self).expect("a classifier can be written to memory")
    }
}

/// [`Learner::read`] of a type.
fn read<C: Estimator + DeserializeOwned + 'static>(bytes: &[u8]) -> Result<AnyEstimator, String> {
    match postcard::from_bytes::<C>(bytes) {
        Ok(classifier) => Ok(Arc::new(classifier)),
        Err(cause) => Err(cause.to_string()),
    }
}

/// [`Learner::fit`] of what has nothing in common.
fn fit<C: Estimator + 'static>(
    each: &[&Parameters],
    fit: impl Fn(&Parameters) -> Result<C>,
) -> Result<Vec<AnyEstimator>> {
    let fit = |given: &&Parameters| Ok(Arc::new(fit(given)?) as _);
    each.iter().map(fit).collect()
}

/// What a library computes; where it fails or stops with a panic, an error that names it.
#[cfg(feature = "baselines")]
fn guarded<T, E: std::fmt::Display>(
    library: &str,
    compute: impl FnOnce() -> Result<T, E>,
) -> Result<T> {
    let failed = |cause: &dyn std::fmt::Display| {
        Error::Data(format!(
            "{library} cannot be trained on these rows: {cause}"
        ))
    };
    let computed = std::panic::catch_unwind(AssertUnwindSafe(compute));
    match computed.map_err(|panic| failed(&panic_text(panic.as_ref())))? {
        Ok(computed) => Ok(computed),
        Err(cause) => Err(failed(&cause)),
    }
}

/// [`Learner::for_features`] of what takes all features as they come.
fn whatever_features(given: &Parameters, _names: &[String]) -> Result<Parameters, String> {
    Ok(given.clone())
}

/// The learner of this name.
pub fn named(name: &str) -> Option<&'static Learner> {
    LEARNERS.iter().find(|learner| learner.name == name)
}

/// The names that `--model` knows.
pub fn names() -> String {
    let names: Vec<&str> = LEARNERS.iter().map(|learner| learner.name).collect();
    format!("{}, {AUTO}, default", names.join(", "))
}

/// Those of learners of numbers.
pub fn names_of_values() -> String {
    let learners = LEARNERS.iter().filter(|learner| learner.values.is_some());
    let names: Vec<&str> = learners.map(|learner| learner.name).collect();
    names.join(", ")
}

/// What `auto` chooses from, as written behind `--model`, the simplest first.
pub fn in_auto() -> Vec<&'static str> {
    let of_all = LEARNERS.iter().flat_map(|learner| learner.in_auto);
    let mut of_all: Vec<&(u32, &str)> = of_all.collect();
    of_all.sort_by_key(|(place, _)| *place);
    of_all.into_iter().map(|(_, text)| *text).collect()
}

/// What `auto` is.
fn help_of_auto() -> String {
    let name = |text: &'static str| text.split(':').next().unwrap_or(text);
    let mut names: Vec<&str> = in_auto().into_iter().map(name).collect();
    names.dedup();
    format!(
        "the best of {}, on training speakers held out in turn",
        names.join(", ")
    )
}

/// What a key is: `c=0.01: cost of a violated margin; a number above 0`.
fn about(key: &Key, quote: &str) -> String {
    let (name, default) = (key.name, key.default);
    let beside = match key.beside {
        Some((other, value)) => format!(", with {quote}{other}={value}{quote}"),
        None => String::new(),
    };
    let (help, range) = (key.help, key.range());
    format!("{quote}{name}={default}{quote}{beside}: {help} ({range})")
}

/// What `-h` says of `--model`.
pub fn summary() -> String {
    format!(
        "Classifier: {}; with parameters as in svm:kernel=rbf,c=1 (--help lists them). select=K keeps the K \
         features that tell the training classes apart best, pca=K makes K principal components of them",
        names()
    )
}

/// What `--help` says of `--model`, a line for each learner and each of its parameters.
pub fn help() -> String {
    let mut lines = vec!["Classifier, and parameters other than these defaults:".to_string()];
    for learner in LEARNERS {
        lines.push(format!(
            "- {} ({}): {}",
            learner.name,
            learner.learns(),
            learner.help
        ));
        lines.extend(
            learner
                .keys
                .iter()
                .map(|key| format!("    {}", about(key, ""))),
        );
    }
    lines.push(format!("- {AUTO}: {}", help_of_auto()));
    lines.push(
        "select=K, with each: the K features that tell the training classes apart best".into(),
    );
    lines.push(
        "pca=K, with each: the K principal components of the training rows, of the selected features where some are"
            .into(),
    );
    lines.join("\n")
}

/// The table of `src/evaluate/README.md`.
pub fn markdown() -> String {
    let mut lines = vec![
        "| `--model` | learns | what it is | parameters and their defaults |".to_string(),
        "|---|---|---|---|".to_string(),
    ];
    for learner in LEARNERS {
        let keys: Vec<String> = learner.keys.iter().map(|key| about(key, "`")).collect();
        let (name, help) = (learner.name, learner.help);
        let learns = learner.learns();
        lines.push(format!(
            "| `{name}` | {learns} | {help} | {} |",
            keys.join("<br>")
        ));
    }
    lines.push(format!(
        "| `{AUTO}` | classes, numbers | {} | |",
        help_of_auto()
    ));
    lines.join("\n") + "\n"
}
