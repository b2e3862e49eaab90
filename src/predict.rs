//! Prediction: from model and recording to emotion. Recordings are read, mixed, resampled, trimmed, levelled, cut into
//! windows and turned into features exactly as those that the model was trained on.

mod reasons;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};

pub use reasons::Reason;

use crate::audio::{self, Recording, Reel, Segmentation, Window};
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, panic_text};
use crate::extract::{self, Limits, Settings};
use crate::features::Extractor;
use crate::model::{self, LearnedValue, Model, Normalize, REACH};
use crate::table::schema::{
    self, Cell, DURATION, FILE, LABEL, MODEL, OUT_OF_DOMAIN, TRUNCATED, UNSURE,
};
use crate::table::{Column, Table};
use reasons::Vocabulary;

/// A protocol-B model scales a speaker by their own recordings, or by the windows of these, and needs at least this many.
pub const SMALLEST_CALL: usize = 8;

/// The default number of reasons for a prediction.
pub const REASONS: usize = 5;

/// What a model needs to know about one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct Features {
    /// The recording as the caller names it.
    pub file: String,
    /// Its length in seconds.
    pub duration_s: f64,
    /// Start and end of each of its windows, in seconds.
    pub places: Vec<(f64, f64)>,
    /// The features of each of its windows, as [`features_of`](crate::extract::features_of) gives them; a single entry, for
    /// the whole recording, if it is not cut into windows.
    pub windows: Vec<Vec<f32>>,
    /// Whether there is speech in each of its windows: [`has_speech`](crate::dsp::speech::has_speech).
    pub has_speech: Vec<bool>,
    /// See [`Recording::instead_of_mean`].
    pub instead_of_mean: Option<usize>,
    /// The file broke off, and the part that decoded was kept.
    pub truncated: bool,
}

/// The prediction of a model for one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The recording as the caller named it.
    pub file: String,
    /// The most probable class; `None` for a model of numbers.
    pub label: Option<String>,
    /// Probability of each class; they sum to 1. Empty for a model of numbers.
    pub probabilities: BTreeMap<String, f64>,
    /// The predictions of a model of numbers, by the names of the numbers; empty for a model of classes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Estimate>,
    /// Whether the largest probability is below the model's threshold (above it, the model was wrong at most half as often
    /// as in general), or there is no speech in the recording. The label is given all the same.
    pub unsure: bool,
    /// Whether the features lie farther from the training recordings than those of 99 in 100 recordings of speakers that
    /// the model had not heard: another kind of speech, another microphone, or no speech.
    pub out_of_domain: bool,
    /// The classifier, as a [`ModelSpec`](crate::model::ModelSpec).
    pub model: String,
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// The file broke off, and the prediction is for the part that decoded. Only if truncated files were to be accepted.
    #[serde(default)]
    pub truncated: bool,
    /// Its channels cancel each other when averaged, and the prediction is for one of them
    /// ([`Recording::instead_of_mean`]).
    #[serde(default)]
    pub channels_cancel: bool,
    /// What moved the prediction, the strongest first; empty unless it comes from [`explained`](Predictor::explained).
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// The prediction for each window, in the order of time; empty if the recording was taken whole.
    #[serde(default)]
    pub windows: Vec<Segment>,
}

impl Prediction {
    /// The prediction as that of a single window over the whole recording.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let json = r#"{"file": "a.wav", "label": "sad", "probabilities": {"angry": 0.2, "sad": 0.8},
    ///     "unsure": false, "out_of_domain": false, "model": "ridge", "duration_s": 1.5}"#;
    /// let prediction: Prediction = serde_json::from_str(json).expect("what `predict --json` prints");
    /// let whole = prediction.whole();
    /// assert_eq!((whole.label.as_deref(), whole.start, whole.end), (Some("sad"), 0.0, 1.5));
    /// ```
    pub fn whole(&self) -> Segment {
        Segment {
            start: 0.0,
            end: self.duration_s,
            label: self.label.clone(),
            probabilities: self.probabilities.clone(),
            values: self.values.clone(),
            unsure: self.unsure,
            out_of_domain: self.out_of_domain,
        }
    }
}

/// A predicted number.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The number, in the unit of the labels.
    pub value: f64,
    /// Its standard error for a speaker who was not heard in training: 9 in 10 true numbers lie within 1.645 times this.
    pub std: f64,
}

impl Estimate {
    /// The interval that 9 in 10 true numbers lie in.
    pub fn interval(self) -> [f64; 2] {
        [-1.0, 1.0].map(|side| self.value + side * REACH * self.std)
    }
}

/// The prediction of a model for one window of a recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Where it begins, in seconds.
    pub start: f64,
    /// Where it ends, in seconds.
    pub end: f64,
    /// The most probable class; `None` for a model of numbers.
    pub label: Option<String>,
    /// Probability of each class; they sum to 1.
    pub probabilities: BTreeMap<String, f64>,
    /// See [`Prediction::values`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Estimate>,
    /// See [`Prediction::unsure`].
    pub unsure: bool,
    /// See [`Prediction::out_of_domain`].
    pub out_of_domain: bool,
}

/// A model that is ready to predict: it has been checked that this program computes the features it needs. Clones share
/// the model.
///
/// ```
/// # #[cfg(not(feature = "default-model"))]
/// # fn main() {}
/// # #[cfg(feature = "default-model")]
/// # fn main() -> sentire::error::Result<()> {
/// use sentire::model::built_in;
/// use sentire::prelude::*;
///
/// let predictor = Predictor::new(built_in()?)?;
/// let recording = predictor.read("corpora/demo/f1_angry_s1.flac", &mut predictor.extractor())?;
/// let prediction = predictor.predict(&[recording])?.remove(0);
/// let p = &prediction.probabilities;
/// assert!((p.values().sum::<f64>() - 1.0).abs() < 1e-9);
/// assert!(p.values().all(|&other| other <= p[prediction.label.as_ref().unwrap()]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Predictor {
    model: Arc<Model>,
    settings: Settings,
    /// The places of the model's features among those that are computed; `None` where these are the same. Its sets may
    /// have gained others since.
    wanted: Option<Arc<[usize]>>,
    /// Planned when first a reason is asked for.
    vocabulary: Arc<OnceLock<Vocabulary>>,
    /// Hashed when first it is asked for: the model may have tens of megabytes.
    id: Arc<OnceLock<String>>,
}

impl Predictor {
    /// A predictor for `model`. An error if this program does not compute the features that it was trained on.
    pub fn new(model: Model) -> Result<Predictor> {
        let settings = Settings::from_metadata(&model.card.features)?;
        let settings = within(settings, Limits::default());
        let wanted = wanted(&settings.feature_names(), &model.feature_names)?;
        Ok(Predictor {
            model: Arc::new(model),
            settings,
            wanted,
            vocabulary: Arc::default(),
            id: Arc::default(),
        })
    }

    /// Cuts recordings into these windows, whatever windows the model was trained on.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?.with_window(Window::new(0.5, None)?);
    /// let recording = predictor.read("corpora/demo/f1_angry_s1.flac", &mut predictor.extractor())?;
    /// let prediction = predictor.predict(&[recording])?.remove(0);
    /// let first = &prediction.windows[0];
    /// assert!((first.end - first.start - 0.5).abs() < 1e-9);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_window(mut self, window: Window) -> Predictor {
        self.settings.segmentation = Segmentation::Windows(window);
        self
    }

    /// Keeps the part that decodes of files that break off, instead of refusing them, even if the model was trained on
    /// complete ones only.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?.accepting_truncated();
    /// assert!(predictor.settings().accept_truncated);
    /// # Ok(())
    /// # }
    /// ```
    pub fn accepting_truncated(mut self) -> Predictor {
        self.settings.accept_truncated = true;
        self
    }

    /// Refuses recordings that exceed these limits of length and memory.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::extract::Limits;
    /// use sentire::prelude::*;
    ///
    /// let half_a_second = Limits::from_flags(Some(0.5), None)?;
    /// let predictor = Predictor::new(built_in()?)?.with_limits(half_a_second);
    /// let path = "corpora/demo/f1_angry_s1.flac";
    /// assert!(predictor.read(path, &mut predictor.extractor()).is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_limits(mut self, limits: Limits) -> Predictor {
        self.settings = within(self.settings, limits);
        self
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// A name that no other model has: the beginning of the hash of its bytes.
    pub fn id(&self) -> &str {
        self.id.get_or_init(|| self.model.id())
    }

    /// The settings with which recordings must be read for this model.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// An extractor of the model's features, for [`features`](Predictor::features). Make one per thread.
    pub fn extractor(&self) -> Extractor {
        Extractor::new(&self.settings.sets)
    }

    /// Reads the recording at `path` and computes what the model needs. Errors name the file and the stage.
    pub fn read(&self, path: impl AsRef<Path>, extractor: &mut Extractor) -> Result<Features> {
        let path = path.as_ref();
        let reel = audio::open(path, &self.settings.read_options(None, None))?;
        self.features_of_reel(&reel, &path.display().to_string(), extractor)
    }

    /// Computes what the model needs of a recording that was read with its [`settings`](Predictor::settings); `name`
    /// appears in the prediction and in errors.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?;
    /// let options = predictor.settings().read_options(None, None);
    /// let recording = audio::read("corpora/demo/f1_angry_s1.flac", &options)?;
    /// let features = predictor.features(&recording, "call 7", &mut predictor.extractor())?;
    /// assert_eq!(predictor.predict(&[features])?[0].file, "call 7");
    /// # Ok(())
    /// # }
    /// ```
    pub fn features(
        &self,
        recording: &Recording,
        name: &str,
        extractor: &mut Extractor,
    ) -> Result<Features> {
        let windows = extract::features_of(recording, extractor, name)?;
        Ok(self.told(recording, name, windows, recording.has_speech()))
    }

    /// The same for a recording of any length.
    pub fn features_of_reel(
        &self,
        reel: &Reel,
        name: &str,
        extractor: &mut Extractor,
    ) -> Result<Features> {
        let windows = extract::features_of_reel(reel, extractor, name)?;
        let has_speech = extract::speech_of_reel(reel, name)?;
        Ok(self.told(&reel.recording, name, windows, has_speech))
    }

    fn told(
        &self,
        recording: &Recording,
        name: &str,
        windows: Vec<Vec<f32>>,
        has_speech: Vec<bool>,
    ) -> Features {
        Features {
            file: name.to_string(),
            duration_s: recording.duration_s,
            places: extract::places(recording, &self.settings),
            windows,
            has_speech,
            instead_of_mean: recording.instead_of_mean,
            truncated: recording.truncated,
        }
    }

    /// [`read`](Predictor::read) for all recordings, or segments, of a manifest, in parallel: one result for each line, in
    /// the manifest's order and under its names.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let lines = "file\ncorpora/demo/f1_angry_s1.flac\nnobody.flac\n";
    /// let manifest = Manifest::from_reader(lines.as_bytes())?;
    /// let read = Predictor::new(built_in()?)?.read_all(&manifest);
    /// assert!(read[0].is_ok() && read[1].is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn read_all(&self, manifest: &Manifest) -> Vec<Result<Features>> {
        let read = |extractor: &mut Extractor, utterance: &Utterance| {
            let reel = extract::open(manifest, utterance, &self.settings)?;
            self.features_of_reel(&reel, &utterance.file, extractor)
        };
        extract::in_parallel(&manifest.utterances, &self.settings.sets, read)
    }

    /// A prediction for each recording, by the mean of its windows' probabilities. A protocol-B model takes all recordings
    /// as those of one speaker; fewer than [`SMALLEST_CALL`] windows are an error, where a recording that is not cut counts
    /// as one.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?;
    /// let demo = corpus::open("corpora/demo")?.manifest;
    /// let two = Manifest { utterances: demo.utterances[..2].to_vec(), ..demo };
    /// let features = predictor.read_all(&two).into_iter().collect::<Result<Vec<_>>>()?;
    /// let predictions = predictor.predict(&features)?;
    /// assert_eq!(predictions[1].file, two.utterances[1].file);
    /// # Ok(())
    /// # }
    /// ```
    pub fn predict(&self, recordings: &[Features]) -> Result<Vec<Prediction>> {
        let x = self.matrix(recordings)?;
        let mut next = 0..x.nrows();
        let own = |recording: &Features| next.by_ref().take(recording.windows.len()).collect();
        let rows: Vec<Vec<usize>> = recordings.iter().map(own).collect();
        let has_speech: Vec<bool> = recordings
            .iter()
            .flat_map(|recording| recording.has_speech.iter().copied())
            .collect();
        let places = recordings.iter().map(|r| (0.0, r.duration_s));
        let whole = self.segments(&x, &has_speech, &rows, places)?;
        let of_windows = match self.settings.segmentation {
            Segmentation::Windows(_) => {
                let single: Vec<Vec<usize>> = (0..x.nrows()).map(|row| vec![row]).collect();
                let places = recordings.iter().flat_map(|r| r.places.iter().copied());
                self.segments(&x, &has_speech, &single, places)?
            }
            Segmentation::Whole => Vec::new(),
        };
        let mut of_windows = of_windows.into_iter();
        let prediction = |(recording, whole): (&Features, Segment)| Prediction {
            file: recording.file.clone(),
            label: whole.label,
            probabilities: whole.probabilities,
            values: whole.values,
            unsure: whole.unsure,
            out_of_domain: whole.out_of_domain,
            model: self.model.card.trained.to_string(),
            duration_s: recording.duration_s,
            truncated: recording.truncated,
            channels_cancel: recording.instead_of_mean.is_some(),
            reasons: Vec::new(),
            windows: of_windows.by_ref().take(recording.windows.len()).collect(),
        };
        Ok(recordings.iter().zip(whole).map(prediction).collect())
    }

    /// [`predict`](Predictor::predict), with the `most` strongest [`reasons`](Predictor::reasons) of each.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?;
    /// let recording = predictor.read("corpora/demo/f1_angry_s1.flac", &mut predictor.extractor())?;
    /// let prediction = predictor.explained(&[recording], 3)?.remove(0);
    /// assert_eq!(prediction.reasons.len(), 3);
    /// assert!(prediction.reasons[0].effect.abs() >= prediction.reasons[1].effect.abs());
    /// # Ok(())
    /// # }
    /// ```
    pub fn explained(&self, recordings: &[Features], most: usize) -> Result<Vec<Prediction>> {
        let mut predictions = self.predict(recordings)?;
        for (which, prediction) in predictions.iter_mut().enumerate() {
            prediction.reasons = self.reasons(recordings, which, most)?;
        }
        Ok(predictions)
    }

    /// What the model says of each group of the rows `x`, of which some have speech, and which lie in these places.
    fn segments(
        &self,
        x: &Array2<f32>,
        has_speech: &[bool],
        groups: &[Vec<usize>],
        places: impl Iterator<Item = (f64, f64)>,
    ) -> Result<Vec<Segment>> {
        let answers = self.asked(|| self.answers(x, has_speech, groups, places))?;
        let is_answer = |answer: &Segment| {
            let values = answer.values.values().map(|estimate| &estimate.value);
            answer
                .probabilities
                .values()
                .chain(values)
                .all(|p| p.is_finite())
        };
        match answers.iter().all(is_answer) {
            true => Ok(answers),
            false => Err(Error::Data(
                "the model answers with what is no number; train it again, with other parameters"
                    .into(),
            )),
        }
    }

    /// Runs `ask`, which calls the model. If the model's parts do not fit together, which no checksum shows, that is an
    /// error.
    fn asked<T>(&self, ask: impl FnOnce() -> T) -> Result<T> {
        catch_unwind(AssertUnwindSafe(ask)).map_err(|panic| {
            Error::Data(format!(
                "the model does not answer, its parts do not fit together ({}); train it again",
                panic_text(panic.as_ref())
            ))
        })
    }

    fn answers(
        &self,
        x: &Array2<f32>,
        has_speech: &[bool],
        groups: &[Vec<usize>],
        places: impl Iterator<Item = (f64, f64)>,
    ) -> Vec<Segment> {
        let probabilities = self.model.probabilities(x.view(), groups);
        let values = self.model.values(x.view(), groups);
        let card = &self.model.card;
        let targets = self.model.targets();
        let answers = groups
            .iter()
            .zip(probabilities.rows())
            .zip(values.rows())
            .zip(places);
        let segment = answers.map(|(((rows, p), values), (start, end))| {
            let best = model::best(p);
            let classes = card.classes.iter().cloned();
            let is_doubtful = p.get(best).is_some_and(|&p| p < card.unsure_below);
            let estimate = |(target, &value): (&LearnedValue, &f64)| {
                let std = target.spread;
                (target.name.clone(), Estimate { value, std })
            };
            Segment {
                start,
                end,
                label: card.classes.get(best).cloned(),
                probabilities: classes.zip(p.iter().copied()).collect(),
                values: targets.iter().zip(&values).map(estimate).collect(),
                unsure: is_doubtful || !rows.iter().any(|&row| has_speech[row]),
                out_of_domain: self.model.distance(x.select(Axis(0), rows).view()) > 1.0,
            }
        });
        segment.collect()
    }

    /// Windows of all recordings x features. Refused where a protocol-B model has too few of them.
    fn matrix(&self, recordings: &[Features]) -> Result<Array2<f32>> {
        let rows = || recordings.iter().flat_map(|recording| &recording.windows);
        let windows = rows().count();
        if self.model.card.normalize == Normalize::Speaker && windows < SMALLEST_CALL {
            return Err(Error::Usage(format!(
                "the model scales each speaker by their own recordings (--normalize speaker) and needs at least {SMALLEST_CALL} of one \
                 speaker, or as many windows of them, not {windows}; give more, use `sentire score --speaker-column`, or train with \
                 --normalize train"
            )));
        }
        let of_model = |window: &Vec<f32>| match &self.wanted {
            Some(wanted) => wanted
                .iter()
                .filter_map(|&place| window.get(place).copied())
                .collect::<Vec<f32>>(),
            None => window.clone(),
        };
        let values = rows().flat_map(of_model).collect();
        Array2::from_shape_vec((windows, self.model.feature_names.len()), values)
            .map_err(|cause| Error::Data(format!("features do not fit the model: {cause}")))
    }
}

/// Where the features `of_model` stand among those that are computed; `None` where they are the same.
fn wanted(computed: &[String], of_model: &[String]) -> Result<Option<Arc<[usize]>>> {
    if computed == of_model {
        return Ok(None);
    }
    let places: HashMap<&String, usize> = computed.iter().zip(0..).collect();
    let place = |name: &String| {
        places.get(name).copied().ok_or_else(|| {
            Error::Data(format!(
                "was trained on the feature {name}, which this sentire does not compute; train it again"
            ))
        })
    };
    let places = of_model.iter().map(place).collect::<Result<_>>()?;
    Ok(Some(places))
}

/// The settings with these limits; a model is told all windows of a recording at once.
fn within(settings: Settings, limits: Limits) -> Settings {
    Settings {
        limits: Limits {
            keeps_features: true,
            ..limits
        },
        ..settings
    }
}

/// Predictions as a table, a row for each recording: `file`, `duration_s`, `label`, `p_CLASS` (for a model of numbers, `NAME`
/// and `NAME_std` instead of these), `unsure`, `out_of_domain`, `model`, `truncated`.
///
/// ```
/// # #[cfg(not(feature = "default-model"))]
/// # fn main() {}
/// # #[cfg(feature = "default-model")]
/// # fn main() -> sentire::error::Result<()> {
/// use sentire::model::built_in;
/// use sentire::prelude::*;
///
/// let predictor = Predictor::new(built_in()?)?;
/// let recording = predictor.read("corpora/demo/f1_angry_s1.flac", &mut predictor.extractor())?;
/// let predictions = predictor.predict(&[recording])?;
/// let table = predict::to_table(&predictions);
/// assert_eq!(table.words("label")?, [predictions[0].label.clone().unwrap()]);
/// assert!(table.numbers("p_angry")?[0] <= 1.0);
/// # Ok(())
/// # }
/// ```
pub fn to_table(predictions: &[Prediction]) -> Table {
    let classes = predictions.iter().flat_map(|p| p.probabilities.keys());
    let classes: BTreeSet<&String> = classes.collect();
    let values = predictions.iter().flat_map(|p| p.values.keys());
    let values: BTreeSet<&String> = values.collect();
    let answers = Answers::of(classes, values);
    fn cells<'a>(
        row: Option<(&'a Prediction, &'a Segment)>,
        answers: &'a Answers,
    ) -> Vec<(&'a str, Cell<'a>)> {
        let prediction = row.map(|(prediction, _)| prediction);
        let word = |of: fn(&Prediction) -> &String| Cell::Text(prediction.map(|p| of(p).as_str()));
        let duration_s = prediction.map_or(f64::NAN, |p| p.duration_s);
        let mut cells = vec![
            (FILE, word(|p| &p.file)),
            (DURATION, Cell::Double(duration_s)),
        ];
        cells.extend(answers.cells(row.map(|(_, whole)| whole)));
        cells.push((MODEL, word(|p| &p.model)));
        let is_truncated = prediction.is_some_and(|p| p.truncated);
        cells.push((TRUNCATED, Cell::Bool(is_truncated)));
        cells
    }
    let mut table = Table {
        columns: schema::columns(cells(None, &answers)),
        ..Table::default()
    };
    for prediction in predictions {
        let whole = prediction.whole();
        let cells = cells(Some((prediction, &whole)), &answers);
        table.push(cells.into_iter().map(|(_, cell)| cell));
    }
    table
}

/// What a model says of a recording or a window, as columns: `label`, a `p_CLASS` for each class, or of a model of
/// numbers `NAME` and `NAME_std` for each number; `unsure`, `out_of_domain`.
pub struct Answers {
    /// The classes, and the columns of their probabilities.
    classes: Vec<(String, String)>,
    /// The numbers, and the columns of their standard errors.
    values: Vec<(String, String)>,
}

impl Answers {
    /// Those of these classes and numbers, in that order.
    pub fn of<'a>(
        classes: impl IntoIterator<Item = &'a String>,
        values: impl IntoIterator<Item = &'a String>,
    ) -> Answers {
        let class = |name: &String| (name.clone(), schema::probability(name));
        let value = |name: &String| (name.clone(), schema::standard_error(name));
        Answers {
            classes: classes.into_iter().map(class).collect(),
            values: values.into_iter().map(value).collect(),
        }
    }

    /// Those of a model.
    pub fn of_model(model: &Model) -> Answers {
        let values = model.targets().iter().map(|target| &target.name);
        Answers::of(&model.card.classes, values)
    }

    /// The names of the columns.
    pub fn names(&self) -> Vec<&str> {
        self.cells(None).into_iter().map(|(name, _)| name).collect()
    }

    /// What is said, by the names of the columns; of nothing blanks of the same types.
    pub fn cells<'a>(&'a self, segment: Option<&'a Segment>) -> Vec<(&'a str, Cell<'a>)> {
        let mut cells = Vec::new();
        if self.values.is_empty() {
            let label = segment.and_then(|segment| segment.label.as_deref());
            cells.push((LABEL, Cell::Text(label)));
        }
        for (class, column) in &self.classes {
            let p = segment.and_then(|segment| segment.probabilities.get(class));
            cells.push((column, Cell::Float(p.map_or(f32::NAN, |&p| p as f32))));
        }
        for (name, column) in &self.values {
            let estimate = segment.and_then(|segment| segment.values.get(name));
            let number = |of: fn(&Estimate) -> f64| Cell::Double(estimate.map_or(f64::NAN, of));
            cells.push((name, number(|estimate| estimate.value)));
            cells.push((column, number(|estimate| estimate.std)));
        }
        cells.push((UNSURE, Cell::Bool(segment.is_some_and(|s| s.unsure))));
        let is_strange = segment.is_some_and(|s| s.out_of_domain);
        cells.push((OUT_OF_DOMAIN, Cell::Bool(is_strange)));
        cells
    }

    /// What a row of a table with these columns says of the part from `start` to `end`; `None` where columns are of
    /// other types.
    pub fn read(&self, table: &Table, row: usize, [start, end]: [f64; 2]) -> Option<Segment> {
        let flag = |name: &str| match table.column(name)? {
            Column::Bool(values) => values[row],
            _ => None,
        };
        let probability = |(class, column): &(String, String)| match table.column(column)? {
            Column::Float(values) => Some((class.clone(), f64::from(values[row]))),
            _ => None,
        };
        let double = |name: &str| match table.column(name)? {
            Column::Double(values) => Some(values[row]),
            _ => None,
        };
        let estimate = |(name, column): &(String, String)| {
            let (value, std) = (double(name)?, double(column)?);
            Some((name.clone(), Estimate { value, std }))
        };
        let label = match self.values.is_empty() {
            true => Some(table.text(LABEL)?[row].clone()?),
            false => None,
        };
        Some(Segment {
            start,
            end,
            label,
            probabilities: self
                .classes
                .iter()
                .map(probability)
                .collect::<Option<_>>()?,
            values: self.values.iter().map(estimate).collect::<Option<_>>()?,
            unsure: flag(UNSURE)?,
            out_of_domain: flag(OUT_OF_DOMAIN)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::FeatureSet;

    #[test]
    fn a_model_of_fewer_features_than_its_sets_have_takes_its_own() {
        let settings = Settings {
            sets: vec![FeatureSet::EGEMAPS],
            ..Settings::default()
        };
        let all = settings.feature_names();
        // As if the set had gained its first column since, and moved the second.
        let mut names = all[1..].to_vec();
        names.swap(0, 1);
        let mut data = crate::dataset::tests::of_labels(&[0, 1, 0, 1, 0, 1], 2);
        data.metadata = settings.to_metadata();
        let value = |(row, column)| (row % 2 * (1 + column) + row) as f32;
        data.x = Array2::from_shape_fn((6, names.len()), value);
        data.feature_names = names;
        let spec = "svm:c=1".parse().unwrap();
        let model = Model::train(&data, &spec, Normalize::Train, 0).unwrap();
        let predictor = Predictor::new(model.clone()).unwrap();
        let mut window: Vec<f32> = data.x.row(3).to_vec();
        window.swap(0, 1);
        window.insert(0, f32::NAN);
        let features = Features {
            file: "x".into(),
            duration_s: 1.0,
            places: vec![(0.0, 1.0)],
            windows: vec![window],
            has_speech: vec![true],
            instead_of_mean: None,
            truncated: false,
        };
        let said = predictor.predict(&[features]).unwrap().remove(0);
        let asked = model.probabilities(data.x.view(), &[vec![3]]);
        assert!(said.probabilities.values().eq(asked.row(0)));

        let mut unknown = model;
        unknown.feature_names[4] = "charm_mean".into();
        let refused = Predictor::new(unknown).unwrap_err().to_string();
        assert!(
            refused.contains("the feature charm_mean, which"),
            "{refused}"
        );
    }
}
