//! Models: what to train ([`ModelSpec`]), the result ([`Model`]), and its file.

mod balance;
#[cfg(feature = "default-model")]
mod built_in;
mod calibrated;
pub mod calibration;
mod card;
mod components;
mod coupling;
mod domain;
pub mod feature_groups;
mod file;
mod former;
mod kernel_ridge;
pub mod learners;
mod least_squares;
mod options;
pub mod outputs;
mod pipeline;
mod products;
mod projection;
mod radial;
mod select;
mod spec;
mod sure;
mod values;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis, CowArray, Ix2};
use serde::{Deserialize, Serialize};

#[cfg(feature = "default-model")]
pub use built_in::built_in;
pub use calibrated::{CalibratedPipeline, HeldOut};
pub use card::{Adapted, Card, Description, Figures, Sure, source_date};
pub use domain::Domain;
pub use file::is_model;
pub use learners::AUTO;
pub use options::{Balance, Groups, TrainOptions};
pub use projection::Projection;
pub use spec::{ModelSpec, fit_each, fit_each_to_values};
pub use sure::Sureness;
pub use values::{LearnedValue, REACH, ValuePipeline, values_of};

use crate::dataset::{Dataset, Target};
use crate::error::{Error, Result};
use crate::scaler::{self, Scaler};
use crate::split::{self, Fold};

/// Whose recordings scale the features: the protocols, whose figures do not compare.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("train".parse::<Normalize>()?, Normalize::Train);
/// assert_eq!("corpus".parse::<Normalize>()?, Normalize::Train, "its former name");
/// assert_eq!("batch".parse::<Normalize>()?, Normalize::Batch);
/// assert!("file".parse::<Normalize>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Normalize {
    /// Protocol A, training scaling: by mean and deviation of the training speakers. Reports, models and tables write
    /// `corpus`, its former name, which is accepted too.
    #[serde(rename = "corpus", alias = "train")]
    Train,
    /// Protocol B: each speaker by their own recordings, at prediction too. Uses the test speaker's
    /// unlabelled audio.
    Speaker,
    /// Protocol C: each corpus, at prediction the batch that is scored, by its own recordings. Uses the test corpus's
    /// unlabelled audio.
    Batch,
}

/// The fewest rows of a batch that are scaled by their own mean and deviation.
pub const SMALLEST_BATCH: usize = 30;

impl Normalize {
    /// As in metadata and reports.
    pub fn name(self) -> &'static str {
        match self {
            Normalize::Train => "corpus",
            Normalize::Speaker => "speaker",
            Normalize::Batch => "batch",
        }
    }
}

impl fmt::Display for Normalize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Normalize {
    type Err = Error;

    fn from_str(text: &str) -> Result<Normalize> {
        match text {
            "train" | "corpus" => Ok(Normalize::Train),
            "speaker" => Ok(Normalize::Speaker),
            "batch" => Ok(Normalize::Batch),
            _ => Err(Error::Usage(format!(
                "normalize {text:?}: expected train, speaker or batch"
            ))),
        }
    }
}

/// The norm over the classes of each feature's weights; `weights` holds those of each class, and none
/// of a class that training did not see.
fn norms_over_classes(weights: &[Vec<f32>], features: usize) -> Vec<f64> {
    let square = |f: usize, weights: &Vec<f32>| f64::from(*weights.get(f).unwrap_or(&0.0)).powi(2);
    let sum = |f: usize| {
        weights
            .iter()
            .map(|of_class| square(f, of_class))
            .sum::<f64>()
    };
    (0..features).map(|f| sum(f).sqrt()).collect()
}

/// Rows x classes: the sum of the features of each row of `x` times the weights of each class, plus its intercept; `weights` holds
/// those of each class, intercept last, and none of a class that training did not see, which gets minus infinity.
fn linear_scores(x: ArrayView2<f32>, weights: &[Vec<f32>]) -> Array2<f64> {
    Array2::from_shape_fn((x.nrows(), weights.len()), |(row, class)| {
        let Some((intercept, weights)) = weights[class].split_last() else {
            return f64::NEG_INFINITY;
        };
        let products = x.row(row).into_iter().zip(weights);
        let sum: f64 = products.map(|(&x, &w)| f64::from(x) * f64::from(w)).sum();
        sum + f64::from(*intercept)
    })
}

/// Whether `weights` are those of [`linear_scores`]: of so many classes or targets, each with a weight for each feature and the
/// intercept, or none.
fn are_linear(weights: &[Vec<f32>], features: usize, answers: usize) -> bool {
    let fits = |of_class: &Vec<f32>| of_class.is_empty() || of_class.len() == features + 1;
    weights.len() == answers && weights.iter().all(fits)
}

/// The class with the largest score; the first one on ties.
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
fn mean(probabilities: ArrayView2<f64>, rows: &[usize]) -> Array1<f64> {
    let sum = rows
        .iter()
        .fold(Array1::zeros(probabilities.ncols()), |sum, &row| {
            sum + probabilities.row(row)
        });
    sum / rows.len() as f64
}

/// The rows that a protocol can use: under protocol B only those whose speaker is known. An error if there is none.
pub fn participants(data: &Dataset, normalize: Normalize) -> Result<Cow<'_, Dataset>> {
    let is_known = |&row: &usize| data.speakers[row].is_some();
    if normalize != Normalize::Speaker || (0..data.len()).all(|row| is_known(&row)) {
        return Ok(Cow::Borrowed(data));
    }
    let known: Vec<usize> = (0..data.len()).filter(is_known).collect();
    if known.is_empty() {
        return Err(Error::Data(
            "no row names its speaker; --normalize speaker needs the column `speaker`".into(),
        ));
    }
    Ok(Cow::Owned(data.select(&known).without_empty_classes()))
}

/// The [`participants`] with the scaling that does not depend on folds: under protocol B each speaker is scaled by their
/// own rows, under protocol C each corpus, and copies as what they were made of; under protocol A nothing is scaled yet.
pub fn scaled(participants: &Dataset, normalize: Normalize) -> Cow<'_, Dataset> {
    let speakers = participants.speakers.iter().map(Option::as_deref);
    let corpora = participants.rows.iter().map(|row| row.corpus.as_deref());
    let is_itself = |&row: &usize| !participants.is_copy(row);
    match normalize {
        Normalize::Train => Cow::Borrowed(participants),
        Normalize::Speaker => Cow::Owned(Dataset {
            x: scaler::per_group(participants.view(), speakers, is_itself),
            ..participants.clone()
        }),
        Normalize::Batch => Cow::Owned(Dataset {
            x: scaler::per_group(participants.view(), corpora, is_itself),
            ..participants.clone()
        }),
    }
}

/// A trained model: from the features of a recording to the probabilities of the classes, or to numbers.
#[derive(Debug, Clone)]
pub struct Model {
    /// What it is, and how good.
    pub card: Card,
    /// Names of the features, in the order of its input.
    pub feature_names: Vec<String>,
    trained: Trained,
    domain: Domain,
    /// That of the file that it was read from.
    id: Option<String>,
}

/// The fewest recordings with a label by which probabilities are calibrated anew.
pub const FEWEST_LABELLED: usize = 24;

/// Recordings of one place with their classes.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// Unscaled rows x features, in the order of the model's.
    x: Array2<f32>,
    /// The rows of each recording.
    recordings: Vec<Vec<usize>>,
    /// The class of each, as a place in those of the model.
    y: Vec<usize>,
    /// Who speaks in each.
    speakers: Vec<Option<String>>,
}

impl Labelled {
    /// None yet, of so many features.
    pub fn new(features: usize) -> Labelled {
        Labelled {
            x: Array2::zeros((0, features)),
            recordings: Vec::new(),
            y: Vec::new(),
            speakers: Vec::new(),
        }
    }

    /// One more, with these rows, in which this is said and by whom; `class` is a place in those of the model.
    pub fn push(&mut self, rows: &[Cow<[f32]>], class: usize, speaker: Option<String>) {
        let first = self.x.nrows();
        for row in rows {
            self.x
                .push_row(ArrayView1::from(&row[..]))
                .expect("as many features as all have");
        }
        self.recordings.push((first..first + rows.len()).collect());
        self.y.push(class);
        self.speakers.push(speaker);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// Whether they are enough to calibrate by: 24, of two classes.
    fn are_enough(&self) -> bool {
        let is_other = |class: &&usize| Some(*class) != self.y.first();
        self.y.len() >= FEWEST_LABELLED && self.y.iter().any(|class| is_other(&class))
    }

    /// Folds of speakers; where fewer than two are known, of recordings in turn.
    fn folds(&self) -> Result<Vec<Fold>> {
        const FOLDS: usize = 5;
        let known: BTreeSet<&String> = self.speakers.iter().flatten().collect();
        if known.len() > 1 {
            return split::grouped_k_fold(&self.speakers, FOLDS.min(known.len()));
        }
        let in_turn: Vec<Option<String>> = (0..self.y.len())
            .map(|at| Some((at % FOLDS).to_string()))
            .collect();
        split::grouped_k_fold(&in_turn, FOLDS)
    }
}

/// What was trained.
#[derive(Debug, Clone)]
enum Trained {
    Classes(Box<CalibratedPipeline>),
    Values(Box<ValuePipeline>),
}

impl Model {
    /// Trains on all rows of `data`, and calibrates probabilities on training speakers held out in turn. The same data
    /// and seed give the same model, for any number of threads. An error if there is only one class, if protocol B
    /// finds no row with a speaker, or if the table lacks features that `spec` names.
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
    /// let model = Model::train(&data, &"ridge".parse()?, Normalize::Train, 0)?;
    /// assert_eq!(model.card.classes, ["angry", "happy", "neutral", "sad"]);
    /// assert_eq!((model.card.n, model.card.speakers), (128, 8));
    ///
    /// let again = Model::train(&data, &"ridge".parse()?, Normalize::Train, 0)?;
    /// assert_eq!(model.to_bytes(), again.to_bytes());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn train(
        data: &Dataset,
        spec: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Result<Model> {
        let options = TrainOptions {
            normalize,
            seed,
            ..TrainOptions::default()
        };
        Model::train_with(data, spec, &options)
    }

    /// [`train`](Model::train) with all that can be said of how.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let features = dir.path().join("demo.parquet");
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # let mut demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    /// # demo.utterances.iter_mut().for_each(|u| u.corpus = u.sex.clone());
    /// # extract::update(&demo, &egemaps, &features)?;
    /// // Of the demo corpus, the women as one corpus, the men as another.
    /// let data = Dataset::read(&[&features], "emotion")?;
    /// let options = TrainOptions {
    ///     normalize: Normalize::Batch,
    ///     inner: Groups::Corpora,
    ///     balance: Balance::CorpusAndClass,
    ///     seed: 0,
    /// };
    /// let model = Model::train_with(&data, &"ridge".parse()?, &options)?;
    /// assert_eq!(model.card.by_corpus.keys().collect::<Vec<_>>(), ["female", "male"]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn train_with(data: &Dataset, spec: &ModelSpec, options: &TrainOptions) -> Result<Model> {
        spec.check(&data.target)?;
        spec.check_balance(&data.target, options.balance)?;
        let spec = spec.for_features(&data.feature_names)?;
        let normalize = options.normalize;
        let data = participants(data, normalize)?;
        let prepared = scaled(&data, normalize);
        let rows: Vec<usize> = (0..prepared.len()).collect();
        let unscaled = (normalize == Normalize::Batch).then_some(&*data);
        let (card, trained) = match &prepared.target {
            Target::Classes(_) => {
                let (pipeline, held_out, alone) =
                    CalibratedPipeline::fit_for(&prepared, unscaled, &rows, &spec, options)?;
                let card = Card::new(&prepared, &spec, &pipeline, options, [held_out, alone]);
                (card, Trained::Classes(Box::new(pipeline)))
            }
            Target::Values(_) => {
                let (pipeline, _) = ValuePipeline::fit(&prepared, &rows, &spec, options)?;
                let card = Card::of_values(&prepared, &spec, &pipeline, options);
                (card, Trained::Values(Box::new(pipeline)))
            }
        };
        Ok(Model {
            card,
            feature_names: data.feature_names.clone(),
            trained,
            domain: Domain::fit(&data)?,
            id: None,
        })
    }

    /// What there is to be known of it.
    pub fn description(&self) -> Description<'_> {
        Description {
            card: &self.card,
            targets: self.targets(),
        }
    }

    /// The numbers that it predicts; empty for a model of classes.
    pub fn targets(&self) -> &[LearnedValue] {
        match &self.trained {
            Trained::Classes(_) => &[],
            Trained::Values(pipeline) => &pipeline.targets,
        }
    }

    /// Probabilities of the classes (recordings x classes, each row sums to 1; recordings x 0 for a model of numbers); the
    /// largest one decides. `x` has a row of unscaled features for each window, in the order of
    /// [`feature_names`](Model::feature_names); `recordings` holds the rows of each recording. Under protocol B all rows must
    /// come from one speaker, who is scaled by them; under protocol C they are the batch.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let features = dir.path().join("demo.parquet");
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    /// # extract::update(&demo, &egemaps, &features)?;
    /// # let data = Dataset::read(&[&features], "emotion")?;
    /// let model = Model::train(&data, &"ridge".parse()?, Normalize::Train, 0)?;
    /// // The first recording is row 0; the second, for once, rows 1 and 2.
    /// let p = model.probabilities(data.view(), &[vec![0], vec![1, 2]]);
    /// assert_eq!(p.dim(), (2, 4));
    /// assert!(p.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-9));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn probabilities(&self, x: ArrayView2<f32>, recordings: &[Vec<usize>]) -> Array2<f64> {
        match &self.trained {
            Trained::Classes(pipeline) => {
                pipeline.probabilities(self.prepared(x).view(), recordings)
            }
            Trained::Values(_) => Array2::zeros((recordings.len(), 0)),
        }
    }

    /// The numbers of each recording, given likewise, in the order of [`targets`](Model::targets): recordings x targets.
    pub fn values(&self, x: ArrayView2<f32>, recordings: &[Vec<usize>]) -> Array2<f64> {
        match &self.trained {
            Trained::Classes(_) => Array2::zeros((recordings.len(), 0)),
            Trained::Values(pipeline) => pipeline.values(self.prepared(x).view(), recordings),
        }
    }

    /// Of a model that scales each speaker or each batch by their own recordings, one that scales all as the training rows are,
    /// together: for recordings alone, and where there are too few. Other models stay as they are.
    pub fn scaled_by_training(&self) -> Model {
        let mut model = self.with_id();
        model.card.normalize = Normalize::Train;
        let scaler = self.domain.scaler();
        match &mut model.trained {
            Trained::Classes(trained) => trained.answer_alone(scaler),
            Trained::Values(trained) => trained.scale_by(scaler),
        }
        model.card.unsure_below = model.sureness().unsure_below;
        model
    }

    /// Of a model whose batches are scaled by their own recordings, one that scales all rows as those are that `scaler` was fitted on:
    /// a batch, or what is usual in one place. Other models stay as they are.
    pub fn scaled_by(&self, scaler: &Scaler) -> Model {
        let mut model = self.with_id();
        if self.card.normalize != Normalize::Batch {
            return model;
        }
        model.card.normalize = Normalize::Train;
        match &mut model.trained {
            Trained::Classes(trained) => {
                trained.alone = None;
                trained.pipeline.scale_by(scaler);
            }
            Trained::Values(trained) => trained.scale_by(scaler),
        }
        model
    }

    /// Of a model whose batches are scaled by their own recordings, the one for the place whose recordings `scaler` was fitted on, `rows`
    /// of them; its probabilities calibrated anew by those of `labelled`, as far as these are [enough](FEWEST_LABELLED).
    pub fn adapted(&self, scaler: &Scaler, rows: usize, labelled: &Labelled) -> Result<Model> {
        let mut model = self.scaled_by(scaler);
        model.id = None;
        let mut adapted = Adapted {
            rows,
            labelled: 0,
            figures: None,
        };
        if let (Trained::Classes(trained), true) = (&mut model.trained, labelled.are_enough()) {
            let folds = labelled.folds()?;
            let x = labelled.x.view();
            let held_out = trained.recalibrate(x, &labelled.recordings, &labelled.y, &folds);
            // What is told of labels of the place is told of recordings like those.
            model.domain = self.domain.moved_to(scaler);
            adapted.labelled = labelled.y.len();
            adapted.figures = Some(Figures::of_labelled(
                labelled,
                &model.card.classes,
                &held_out,
                folds.len(),
                trained.sureness.unsure_below,
                model.card.seed,
            ));
        }
        model.card.unsure_below = model.sureness().unsure_below;
        model.card.adapted = Some(adapted);
        Ok(model)
    }

    /// Whether labels of a place calibrated it.
    pub fn is_recalibrated(&self) -> bool {
        let adapted = self.card.adapted.as_ref();
        adapted.is_some_and(|adapted| adapted.labelled > 0)
    }

    fn with_id(&self) -> Model {
        Model {
            id: Some(self.id()),
            ..self.clone()
        }
    }

    /// What makes an answer sure.
    pub fn sureness(&self) -> Sureness {
        match &self.trained {
            Trained::Classes(trained) => trained.sureness,
            Trained::Values(_) => Sureness::ALL,
        }
    }

    /// Rows as the training rows were scaled before their folds.
    fn prepared<'a>(&self, x: ArrayView2<'a, f32>) -> CowArray<'a, f32, Ix2> {
        match self.card.normalize {
            Normalize::Train => x.into(),
            Normalize::Speaker | Normalize::Batch => scaler::as_one_group(x).into(),
        }
    }

    /// How well the model does on a corpus that it has not seen, restricted to the classes that both have: the largest
    /// probability among these decides. An error if there is no such class, or if the features are not those that it
    /// was trained on.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let features = dir.path().join("demo.parquet");
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    /// # extract::update(&demo, &egemaps, &features)?;
    /// # let data = Dataset::read(&[&features], "emotion")?;
    /// let of = |sex: &str| -> Vec<usize> {
    ///     let is_of = |&row: &usize| data.rows[row].sex.as_deref() == Some(sex);
    ///     (0..data.len()).filter(is_of).collect()
    /// };
    /// let women = Model::train(&data.select(&of("female")), &"ridge".parse()?, Normalize::Train, 0)?;
    /// let on_men = women.figures_on(&data.select(&of("male")), 0)?;
    /// assert!(on_men.uar_ci95[0] <= on_men.uar && on_men.uar <= on_men.uar_ci95[1]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn figures_on(&self, data: &Dataset, seed: u64) -> Result<Figures> {
        let classes = &self.card.classes;
        let is_shared =
            |&row: &usize| classes.contains(&data.classes()[data.y()[row]]) && !data.is_copy(row);
        let shared: Vec<usize> = (0..data.len()).filter(is_shared).collect();
        if shared.is_empty() || data.feature_names != self.feature_names {
            return Err(Error::Data(format!(
                "the model tells {} apart by {} features; expected a table with some of these classes and the same features",
                classes.join(", "),
                self.feature_names.len()
            )));
        }
        // A batch is scaled by all of its recordings, whatever their classes.
        let of_batches = self.of_batches(data);
        let data = participants(
            &data.select(&shared).without_empty_classes(),
            self.card.normalize,
        )?
        .into_owned();
        let places: Vec<usize> = data
            .classes()
            .iter()
            .filter_map(|class| classes.iter().position(|known| known == class))
            .collect();
        let together = |row: usize| match self.card.normalize {
            Normalize::Train | Normalize::Speaker => data.speakers[row].as_deref(),
            Normalize::Batch => data.rows[row].corpus.as_deref(),
        };
        let mut asked: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        for row in 0..data.len() {
            asked.entry(together(row)).or_default().push(row);
        }
        let mut first_rows = Vec::new();
        let mut probabilities = Vec::new();
        for (group, rows) in &asked {
            let model = of_batches.get(group).unwrap_or(self);
            let recordings = data.by_recording(rows);
            let place: HashMap<usize, usize> = rows.iter().copied().zip(0..).collect();
            let in_x = |rows: &Vec<usize>| rows.iter().map(|row| place[row]).collect();
            let in_x: Vec<Vec<usize>> = recordings.iter().map(in_x).collect();
            let p = model.probabilities(data.x.select(Axis(0), rows).view(), &in_x);
            for (recording, p) in recordings.iter().zip(p.rows()) {
                let of_shared: Vec<f64> = places.iter().map(|&class| p[class]).collect();
                let sum: f64 = of_shared.iter().sum();
                probabilities.extend(of_shared.iter().map(|p| p / sum));
                first_rows.push(recording[0]);
            }
        }
        let shape = (first_rows.len(), places.len());
        let probabilities = Array2::from_shape_vec(shape, probabilities).expect("whole rows");
        Ok(Figures::new(
            &data,
            &first_rows,
            &probabilities,
            0,
            None,
            seed,
        ))
    }

    /// Of a model for batches, the one for each corpus; of other models none.
    fn of_batches<'a>(&self, data: &'a Dataset) -> BTreeMap<Option<&'a str>, Model> {
        let mut batches: BTreeMap<Option<&str>, Vec<usize>> = BTreeMap::new();
        if self.card.normalize == Normalize::Batch {
            for row in (0..data.len()).filter(|&row| !data.is_copy(row)) {
                let corpus = data.rows[row].corpus.as_deref();
                batches.entry(corpus).or_default().push(row);
            }
        }
        let model = |rows: &Vec<usize>| match rows.len() {
            ..SMALLEST_BATCH => self.scaled_by_training(),
            _ => self.scaled_by(&Scaler::fit(data.view(), rows)),
        };
        let of_batch = batches
            .into_iter()
            .map(|(corpus, rows)| (corpus, model(&rows)));
        of_batch.collect()
    }

    /// The features as deviations from what is usual, in standard deviations (rows x features): under protocol A relative
    /// to the training recordings, under protocol B to the rows of `x`, which must come from one speaker, under C to the batch. Missing
    /// features become 0.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let features = dir.path().join("demo.parquet");
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    /// # extract::update(&demo, &egemaps, &features)?;
    /// # let data = Dataset::read(&[&features], "emotion")?;
    /// let model = Model::train(&data, &"ridge".parse()?, Normalize::Train, 0)?;
    /// let z = model.deviations(data.view());
    /// assert_eq!(z.dim(), (128, 88));
    /// assert!(z.column(0).mean().unwrap().abs() < 1e-3, "in the mean the training rows are usual");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn deviations(&self, x: ArrayView2<f32>) -> Array2<f32> {
        match self.card.normalize {
            Normalize::Train => {
                let own = match &self.trained {
                    Trained::Classes(trained) => trained.pipeline.scaler.as_ref(),
                    Trained::Values(trained) => trained.scaler(),
                };
                let rows: Vec<usize> = (0..x.nrows()).collect();
                own.unwrap_or(self.domain.scaler()).apply(x, &rows)
            }
            Normalize::Speaker | Normalize::Batch => scaler::as_one_group(x),
        }
    }

    /// How far a recording, whose windows are the rows of `x`, lies from the training recordings: 1 is the distance within
    /// which 99 in 100 held-out training recordings lie, and more is out of the domain.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let features = dir.path().join("demo.parquet");
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
    /// # extract::update(&demo, &egemaps, &features)?;
    /// # let data = Dataset::read(&[&features], "emotion")?;
    /// let model = Model::train(&data, &"ridge".parse()?, Normalize::Train, 0)?;
    /// let far = data.x.mapv(|value| 100.0 * value);
    /// assert!(model.distance(data.view()) < 1.0 && model.distance(far.view()) > 1.0);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn distance(&self, x: ArrayView2<f32>) -> f64 {
        self.domain.distance(x)
    }
}
