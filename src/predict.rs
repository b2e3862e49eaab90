//! Prediction: from model and recording to emotion. Recordings are read, mixed, resampled, trimmed, levelled, cut into
//! windows and turned into features exactly as those that the model was trained on.

mod reasons;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use ndarray::{Array1, Array2, Axis};
use serde::{Deserialize, Serialize};

pub use reasons::Reason;

use crate::audio::{self, Channel, Pauses, Quality, ReadOptions, Recording, Reel, Segmentation};
use crate::catalogue::versioned;
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, panic_text};
use crate::extract::{self, Limits, Settings};
use crate::features::Extractor;
use crate::model::{self, LearnedValue, Model, Normalize, REACH};
use crate::scaler::{Moments, Scaler};
use crate::table::schema::{
    self, Cell, DURATION, FILE, LABEL, LARGEST, MODEL, OUT_OF_DOMAIN, SPEECH_S, TRUNCATED, UNSURE,
    VERDICT,
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
    /// Seconds of speech in each of its windows: [`Recording::speech_s`].
    pub speech_s: Vec<f64>,
    /// See [`Recording::instead_of_mean`].
    pub instead_of_mean: Option<usize>,
    /// The channel that it is of, where channels are told apart.
    pub channel: Option<usize>,
    /// See [`Recording::copy_of`].
    pub copy_of: Option<usize>,
    /// See [`Recording::channels_differ`].
    pub channels_differ: bool,
    /// See [`Recording::is_narrow`].
    pub is_narrow: bool,
    /// How it sounds as its file has it.
    pub quality: Quality,
    /// The file broke off, and the part that decoded was kept.
    pub truncated: bool,
}

/// What can be said of an answer. Of several that apply, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// There is less than [`LEAST_SPEECH_S`] of speech, and no answer.
    NoSpeech,
    /// [`Prediction::out_of_domain`].
    OutOfDomain,
    /// [`Prediction::unsure`].
    Unsure,
    /// None of these.
    Sure,
}

impl Verdict {
    /// As in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::NoSpeech => "no_speech",
            Verdict::OutOfDomain => "out_of_domain",
            Verdict::Unsure => "unsure",
            Verdict::Sure => "sure",
        }
    }

    /// That of this name.
    pub fn of(name: &str) -> Option<Verdict> {
        let all = [
            Verdict::NoSpeech,
            Verdict::OutOfDomain,
            Verdict::Unsure,
            Verdict::Sure,
        ];
        all.into_iter().find(|verdict| verdict.name() == name)
    }
}

/// Where less is spoken than this, in seconds, nothing is recognised...
pub const LEAST_SPEECH_S: f64 = 0.3;
/// ...or than this share of what is shorter.
const ALL_OF_IT: f64 = 0.9;

/// The prediction of a model for one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    /// The recording as the caller named it.
    pub file: String,
    /// The most probable class; `None` for a model of numbers, and where nobody speaks.
    pub label: Option<String>,
    /// Probability of each class; they sum to 1. Empty for a model of numbers, and where nobody speaks.
    pub probabilities: BTreeMap<String, f64>,
    /// The predictions of a model of numbers, by the names of the numbers; empty for a model of classes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Estimate>,
    /// Whether the largest probability is below the model's threshold (above it, the model was wrong at most half as often
    /// as in general), or nobody speaks in the recording. The label is given all the same, unless nobody speaks.
    pub unsure: bool,
    /// Whether the features lie farther from the training recordings than those of 99 in 100 recordings of speakers that
    /// the model had not heard: another kind of speech, another microphone, or no speech.
    pub out_of_domain: bool,
    /// What can be said of the answer, in a word.
    pub verdict: Verdict,
    /// Seconds of speech in the recording, or in its windows together.
    pub speech_s: f64,
    /// The classifier, as a [`ModelSpec`](crate::model::ModelSpec).
    pub model: String,
    /// The beginning of the hash of the model's bytes, as in tables: no other model has it.
    #[serde(default)]
    pub model_id: String,
    /// The feature sets that were computed, with their versions.
    #[serde(default)]
    pub sets: String,
    /// The version of this program.
    #[serde(default)]
    pub version: String,
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// How it sounds as its file has it.
    #[serde(flatten)]
    pub quality: Quality,
    /// The file broke off, and the prediction is for the part that decoded. Only if truncated files were to be accepted.
    #[serde(default)]
    pub truncated: bool,
    /// Its channels cancel each other when averaged, and the prediction is for one of them
    /// ([`Recording::instead_of_mean`]).
    #[serde(default)]
    pub channels_cancel: bool,
    /// The channel that it is for, counted from 0, where channels are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<usize>,
    /// The channel of which this one is a copy, which is recognised once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub copy_of: Option<usize>,
    /// Its channels carry different voices, and the prediction is for their mean ([`Recording::channels_differ`]).
    #[serde(default)]
    pub channels_differ: bool,
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
    ///     "unsure": false, "out_of_domain": false, "verdict": "sure", "speech_s": 1.1, "model": "ridge", "duration_s": 1.5}"#;
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
            verdict: self.verdict,
            speech_s: self.speech_s,
        }
    }
}

/// A recording of which nothing can be said: what stands in place of its [`Prediction`] in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    /// The recording as the caller named it.
    pub file: String,
    /// The channel, where channels are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<usize>,
    /// Where, what was found, what was expected, what to do.
    pub error: String,
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
    /// The most probable class; `None` for a model of numbers, and where nobody speaks.
    pub label: Option<String>,
    /// Probability of each class; they sum to 1. Empty for a model of numbers, and where nobody speaks.
    pub probabilities: BTreeMap<String, f64>,
    /// See [`Prediction::values`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, Estimate>,
    /// See [`Prediction::unsure`].
    pub unsure: bool,
    /// See [`Prediction::out_of_domain`].
    pub out_of_domain: bool,
    /// What can be said of the answer, in a word.
    pub verdict: Verdict,
    /// Seconds of speech.
    pub speech_s: f64,
}

impl Segment {
    /// The largest probability of a class, if there is one.
    pub fn probability(&self) -> Option<f64> {
        self.probabilities.values().copied().reduce(f64::max)
    }
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
    /// That of which `model` is the form for recordings alone, where it scales batches by their own recordings.
    of_batches: Option<Arc<Model>>,
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
    /// A predictor for `model`; one for batches answers for recordings alone until it [is told](Predictor::scaled_by) of a batch.
    /// An error if this program does not compute the features that it was trained on.
    pub fn new(model: Model) -> Result<Predictor> {
        let settings = Settings::from_metadata(&model.card.features)?;
        let settings = within(settings, Limits::default());
        let wanted = wanted(&settings.feature_names(), &model.feature_names)?;
        let (model, of_batches) = match model.card.normalize {
            Normalize::Batch => (model.scaled_by_training(), Some(Arc::new(model))),
            Normalize::Train | Normalize::Speaker => (model, None),
        };
        Ok(Predictor {
            model: Arc::new(model),
            of_batches,
            settings,
            wanted,
            vocabulary: Arc::default(),
            id: Arc::default(),
        })
    }

    /// Cuts recordings so, whatever the model was trained on.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?.with_segmentation(Segmentation::Windows(Window::new(0.5, None)?));
    /// let recording = predictor.read("corpora/demo/f1_angry_s1.flac", &mut predictor.extractor())?;
    /// let prediction = predictor.predict(&[recording])?.remove(0);
    /// let first = &prediction.windows[0];
    /// assert!((first.end - first.start - 0.5).abs() < 1e-9);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_segmentation(mut self, segmentation: Segmentation) -> Predictor {
        self.settings.segmentation = segmentation;
        self
    }

    /// Whether the model can scale a batch by its own recordings: one trained so.
    pub fn is_for_batches(&self) -> bool {
        self.of_batches.is_some()
    }

    /// The model for batches, if it is one.
    pub fn of_batches(&self) -> Option<&Model> {
        self.of_batches.as_deref()
    }

    /// The rows of a recording in which somebody speaks, as the model wants them.
    pub fn spoken_rows<'a>(&self, features: &'a Features) -> Vec<Cow<'a, [f32]>> {
        let windows = features.windows.iter().zip(&features.speech_s);
        let spoken = windows
            .zip(&features.places)
            .filter(|((_, speech_s), (start, end))| has_speech(**speech_s, end - start));
        spoken
            .map(|((window, _), _)| self.of_model(window))
            .collect()
    }

    /// Adds the rows of a recording in which somebody speaks to those of a batch.
    pub fn add_to_batch(&self, features: &Features, batch: &mut Moments) {
        for row in self.spoken_rows(features) {
            batch.add(row.iter());
        }
    }

    /// The features of the model among those that are computed.
    fn of_model<'a>(&self, window: &'a [f32]) -> Cow<'a, [f32]> {
        match &self.wanted {
            Some(wanted) => {
                let place = |&place: &usize| window.get(place).copied();
                wanted.iter().filter_map(place).collect()
            }
            None => window.into(),
        }
    }

    /// For the recordings of this batch, where the model scales batches by their own recordings; otherwise as it is.
    pub fn scaled_by(&self, batch: &Scaler) -> Predictor {
        match &self.of_batches {
            None => self.clone(),
            Some(model) => Predictor {
                model: Arc::new(model.scaled_by(batch)),
                of_batches: None,
                ..self.clone()
            },
        }
    }

    /// For speakers of whom there are fewer than [`SMALLEST_CALL`] windows, where a model scales each by their own: it scales them by
    /// the training recordings.
    pub fn scaled_by_training(&self) -> Predictor {
        Predictor {
            model: Arc::new(self.model.scaled_by_training()),
            ..self.clone()
        }
    }

    /// What becomes of pauses in recordings that are not cut: by default those over 0.3 s are cut to that, since how long people
    /// wait would be taken for how they speak.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?.with_pauses(Pauses::Keep);
    /// assert_eq!(predictor.settings().pauses, Pauses::Keep);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_pauses(mut self, pauses: Pauses) -> Predictor {
        self.settings.pauses = pauses;
        self
    }

    /// Takes this channel of recordings, whatever the model was trained on.
    ///
    /// ```
    /// # #[cfg(not(feature = "default-model"))]
    /// # fn main() {}
    /// # #[cfg(feature = "default-model")]
    /// # fn main() -> sentire::error::Result<()> {
    /// use sentire::model::built_in;
    /// use sentire::prelude::*;
    ///
    /// let predictor = Predictor::new(built_in()?)?.with_channel(Channel::One(1));
    /// let mono = predictor.read("corpora/demo/f1_angry_s1.flac", &mut predictor.extractor());
    /// assert!(mono.unwrap_err().to_string().contains("has no channel 1"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_channel(mut self, channel: Channel) -> Predictor {
        self.settings.channel = channel;
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

    /// The same of one channel, counted from 0.
    pub fn read_channel(
        &self,
        path: impl AsRef<Path>,
        channel: usize,
        extractor: &mut Extractor,
    ) -> Result<Features> {
        let path = path.as_ref();
        let options = ReadOptions {
            channel: Some(channel),
            ..self.settings.read_options(None, None)
        };
        let reel = audio::open(path, &options)?;
        let features = self.features_of_reel(&reel, &path.display().to_string(), extractor)?;
        Ok(Features {
            channel: Some(channel),
            ..features
        })
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
        Ok(self.told(recording, name, windows, recording.speech_s()))
    }

    /// The same for a recording of any length.
    pub fn features_of_reel(
        &self,
        reel: &Reel,
        name: &str,
        extractor: &mut Extractor,
    ) -> Result<Features> {
        let windows = extract::features_of_reel(reel, extractor, name)?;
        let speech_s = extract::speech_of_reel(reel, name)?;
        Ok(self.told(&reel.recording, name, windows, speech_s))
    }

    fn told(
        &self,
        recording: &Recording,
        name: &str,
        windows: Vec<Vec<f32>>,
        speech_s: Vec<f64>,
    ) -> Features {
        Features {
            file: name.to_string(),
            duration_s: recording.duration_s,
            places: extract::places(recording, &self.settings),
            windows,
            speech_s,
            instead_of_mean: recording.instead_of_mean,
            channel: None,
            copy_of: recording.copy_of,
            channels_differ: recording.channels_differ,
            is_narrow: recording.is_narrow(),
            quality: recording.quality(),
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
            let features = self.features_of_reel(&reel, &utterance.file, extractor)?;
            Ok(Features {
                channel: utterance.channel,
                ..features
            })
        };
        extract::in_parallel(&manifest.utterances, &self.settings.sets, read)
    }

    /// A prediction for each recording: where it is cut, by the mean over the windows, or turns, in which somebody speaks,
    /// each of which weighs as much as is spoken in it. A protocol-B model takes all recordings
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
        let speech_s: Vec<f64> = recordings
            .iter()
            .flat_map(|recording| recording.speech_s.iter().copied())
            .collect();
        let places = recordings.iter().flat_map(|r| r.places.iter().copied());
        let of_windows = self.segments(&x, &speech_s, places)?;
        let whole = recordings.iter().zip(&rows).map(|(recording, rows)| {
            let windows = &of_windows[rows.first().map_or(0, |&row| row)..][..rows.len()];
            self.together(&x, rows, windows, recording.duration_s)
        });
        let whole: Vec<Segment> = whole.collect::<Result<_>>()?;
        let of_windows = match self.settings.segmentation {
            Segmentation::Whole => Vec::new(),
            _ => of_windows,
        };
        let mut of_windows = of_windows.into_iter();
        let sets = versioned(&self.settings.sets);
        let prediction = |(recording, whole): (&Features, Segment)| Prediction {
            file: recording.file.clone(),
            label: whole.label,
            probabilities: whole.probabilities,
            values: whole.values,
            unsure: whole.unsure,
            out_of_domain: whole.out_of_domain,
            verdict: whole.verdict,
            speech_s: whole.speech_s,
            model: self.model.card.trained.to_string(),
            model_id: self.id().to_string(),
            sets: sets.clone(),
            version: env!("CARGO_PKG_VERSION").to_string(),
            duration_s: recording.duration_s,
            quality: recording.quality.clone(),
            truncated: recording.truncated,
            channels_cancel: recording.instead_of_mean.is_some(),
            channel: recording.channel,
            copy_of: recording.copy_of,
            channels_differ: recording.channels_differ,
            reasons: Vec::new(),
            windows: match self.settings.segmentation {
                Segmentation::Whole => Vec::new(),
                _ => of_windows.by_ref().take(recording.windows.len()).collect(),
            },
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
            if prediction.verdict != Verdict::NoSpeech {
                prediction.reasons = self.reasons(recordings, which, most)?;
            }
        }
        Ok(predictions)
    }

    /// What the model says of a recording of these rows, given what it says of each alone: the mean of what it says of those
    /// in which somebody speaks, weighed by how long.
    fn together(
        &self,
        x: &Array2<f32>,
        rows: &[usize],
        windows: &[Segment],
        duration_s: f64,
    ) -> Result<Segment> {
        let spoken = rows.iter().zip(windows);
        let spoken = spoken.filter(|(_, window)| window.verdict != Verdict::NoSpeech);
        let spoken: Vec<(usize, &Segment)> = spoken.map(|(&row, window)| (row, window)).collect();
        let place = (0.0, duration_s);
        // The sum of nothing is -0.
        let speech_s = 0.0 + windows.iter().map(|window| window.speech_s).sum::<f64>();
        let first = match spoken[..] {
            [] => {
                let is_strange = windows.iter().any(|window| window.out_of_domain);
                return Ok(nobody_speaks(place, speech_s, is_strange));
            }
            // As a recording that is not cut.
            [(_, only)] => {
                return Ok(Segment {
                    start: place.0,
                    end: place.1,
                    speech_s,
                    ..only.clone()
                });
            }
            [(_, first), ..] => first,
        };
        let total: f64 = spoken.iter().map(|(_, window)| window.speech_s).sum();
        let mean = |of: &dyn Fn(&Segment) -> f64| {
            let weighed = spoken
                .iter()
                .map(|(_, window)| window.speech_s * of(window));
            weighed.sum::<f64>() / total
        };
        let probability =
            |class: &String| (class.clone(), mean(&|window| window.probabilities[class]));
        let estimate = |(name, estimate): (&String, &Estimate)| {
            let value = mean(&|window| window.values[name].value);
            (name.clone(), Estimate { value, ..*estimate })
        };
        let spoken_rows: Vec<usize> = spoken.iter().map(|(row, _)| *row).collect();
        let distance =
            self.asked(|| self.model.distance(x.select(Axis(0), &spoken_rows).view()))?;
        Ok(self.segment(
            first.probabilities.keys().map(probability).collect(),
            first.values.iter().map(estimate).collect(),
            distance,
            place,
            speech_s,
        ))
    }

    /// An answer of these parts.
    fn segment(
        &self,
        probabilities: BTreeMap<String, f64>,
        values: BTreeMap<String, Estimate>,
        distance: f64,
        (start, end): (f64, f64),
        speech_s: f64,
    ) -> Segment {
        let p: Array1<f64> = probabilities.values().copied().collect();
        let best = model::best(p.view());
        let unsure = p
            .get(best)
            .is_some_and(|&p| !self.model.sureness().is_sure(p, distance));
        let out_of_domain = distance > 1.0;
        Segment {
            start,
            end,
            label: probabilities.keys().nth(best).cloned(),
            probabilities,
            values,
            unsure,
            out_of_domain,
            verdict: match (out_of_domain, unsure) {
                (true, _) => Verdict::OutOfDomain,
                (_, true) => Verdict::Unsure,
                _ => Verdict::Sure,
            },
            speech_s,
        }
    }

    /// What the model says of each of the rows `x`, given how much speech each has and where it lies.
    fn segments(
        &self,
        x: &Array2<f32>,
        speech_s: &[f64],
        places: impl Iterator<Item = (f64, f64)>,
    ) -> Result<Vec<Segment>> {
        let answers = self.asked(|| self.answers(x, speech_s, places))?;
        let is_answer = |answer: &Segment| {
            let values = answer.values.values().map(|estimate| &estimate.value);
            let mut numbers = answer.probabilities.values().chain(values);
            numbers.all(|p| p.is_finite())
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
        speech_s: &[f64],
        places: impl Iterator<Item = (f64, f64)>,
    ) -> Vec<Segment> {
        let rows: Vec<Vec<usize>> = (0..x.nrows()).map(|row| vec![row]).collect();
        let probabilities = self.model.probabilities(x.view(), &rows);
        let values = self.model.values(x.view(), &rows);
        let targets = self.model.targets();
        let answers = rows
            .iter()
            .zip(speech_s)
            .zip(probabilities.rows())
            .zip(values.rows())
            .zip(places);
        let segment = answers.map(|((((rows, &speech_s), p), values), place)| {
            let distance = self.model.distance(x.select(Axis(0), rows).view());
            let (start, end) = place;
            if !has_speech(speech_s, end - start) {
                return nobody_speaks(place, speech_s, distance > 1.0);
            }
            let classes = self.model.card.classes.iter().cloned();
            let estimate = |(target, &value): (&LearnedValue, &f64)| {
                let std = target.spread;
                (target.name.clone(), Estimate { value, std })
            };
            self.segment(
                classes.zip(p.iter().copied()).collect(),
                targets.iter().zip(&values).map(estimate).collect(),
                distance,
                place,
                speech_s,
            )
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
        let of_model = |window: &Vec<f32>| self.of_model(window).into_owned();
        let values = rows().flat_map(of_model).collect();
        Array2::from_shape_vec((windows, self.model.feature_names.len()), values)
            .map_err(|cause| Error::Data(format!("features do not fit the model: {cause}")))
    }
}

/// Whether somebody speaks in a row of so many seconds.
fn has_speech(speech_s: f64, duration_s: f64) -> bool {
    speech_s >= LEAST_SPEECH_S.min(ALL_OF_IT * duration_s)
}

/// What is said where nobody speaks.
fn nobody_speaks((start, end): (f64, f64), speech_s: f64, out_of_domain: bool) -> Segment {
    Segment {
        start,
        end,
        label: None,
        probabilities: BTreeMap::new(),
        values: BTreeMap::new(),
        unsure: true,
        out_of_domain,
        verdict: Verdict::NoSpeech,
        speech_s,
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

/// Longer than this, in seconds, a recording is no single utterance: it is recognised turn by turn.
pub const LONG_S: f64 = 20.0;

/// The settings with these limits; a model is told all windows of a recording at once.
fn within(settings: Settings, limits: Limits) -> Settings {
    Settings {
        pauses: Pauses::Cut,
        turns_beyond_s: Some(LONG_S),
        limits: Limits {
            keeps_features: true,
            ..limits
        },
        ..settings
    }
}

/// Predictions as a table, a row for each recording: `file`, `duration_s`, the columns of [`Answers`], `model`, `truncated`.
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

/// What a model says of a recording or a window, as columns: `label`, `probability`, a `p_CLASS` for each class, or of a model of
/// numbers `NAME` and `NAME_std` for each number; `unsure`, `out_of_domain`, `verdict`, `speech_s`.
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
            let largest = segment.and_then(Segment::probability);
            cells.push((LARGEST, Cell::Float(largest.map_or(f32::NAN, |p| p as f32))));
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
        let verdict = segment.map(|segment| segment.verdict.name());
        cells.push((VERDICT, Cell::Text(verdict)));
        let speech_s = segment.map_or(f64::NAN, |segment| segment.speech_s);
        cells.push((SPEECH_S, Cell::Double(speech_s)));
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
        let verdict = Verdict::of(table.text(VERDICT)?[row].as_deref()?)?;
        let speech_s = double(SPEECH_S)?;
        if verdict == Verdict::NoSpeech {
            return Some(nobody_speaks((start, end), speech_s, flag(OUT_OF_DOMAIN)?));
        }
        let label = match self.values.is_empty() {
            true => Some(table.text(LABEL)?[row].clone()?),
            false => None,
        };
        Some(Segment {
            verdict,
            speech_s,
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
            speech_s: vec![1.0],
            instead_of_mean: None,
            channel: None,
            copy_of: None,
            channels_differ: false,
            is_narrow: false,
            quality: Quality::default(),
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
