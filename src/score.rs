//! Scoring: a manifest of recordings and a model to a table of predictions, a row for each recording, or for
//! each window of it.
//!
//! One recording's failure is a row of the failures table, never the end of the run. Memory holds the
//! predictions, some hundred bytes for each recording; under protocol B the features of one speaker too.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{SecondsFormat, Utc};

use crate::audio::Recording;
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, Stage};
use crate::extract::{self, Event, Failures, Sounds, Summary};
use crate::features::Extractor;
use crate::model::Normalize;
use crate::predict::{self, Features, Prediction, Predictor, Segment};
use crate::table::{Column, Table};

/// How a manifest is to be scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A row for each window that the predictor cuts, rather than one for each recording.
    pub rows_of_windows: bool,
    /// The column of the manifest that says who speaks: under protocol B those of one name are scaled
    /// together.
    pub speaker_column: Option<String>,
    /// What the column `scored_at` says.
    pub scored_at: String,
}

/// What became of a manifest.
#[derive(Debug)]
pub struct Scores {
    /// The predictions, in the manifest's order: `file`, `start`, `end`, what the manifest knows, `label`,
    /// `p_CLASS`, `unsure`, `out_of_domain`, the quality columns of [`extract`], `model`, `model_id`,
    /// `scored_at`.
    pub table: Table,
    /// What failed.
    pub failures: Failures,
    /// How many.
    pub summary: Summary,
}

/// What the metadata of a table of predictions say of how it was made: what must be the same for its rows
/// to be used again.
pub fn made_with(predictor: &Predictor, options: &Options) -> BTreeMap<String, String> {
    let window = predictor.settings().window;
    let seconds = |value: Option<f64>| value.map_or("none".into(), |s| s.to_string());
    let pairs = [
        ("model_id", predictor.id()),
        ("rows_of_windows", options.rows_of_windows.to_string()),
        ("window", seconds(window.map(|w| w.width_s))),
        ("hop", seconds(window.map(|w| w.hop_s))),
        (
            "speaker_column",
            options.speaker_column.clone().unwrap_or("none".into()),
        ),
    ];
    let key = |(key, value)| (format!("sentire.{key}"), value);
    pairs.into_iter().map(key).collect()
}

/// Scores every recording of `manifest`.
///
/// `previous` is the table that an earlier run with the same model and options left: under protocol A what it
/// says of recordings whose sound has not changed is taken from it, with the time at which it was said.
/// Under protocol B a prediction depends on all recordings of its speaker, and is made anew.
pub fn run(
    manifest: &Manifest,
    predictor: &Predictor,
    options: &Options,
    previous: Option<&Table>,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Scores> {
    let extra = own_columns(manifest, predictor)?;
    let speakers = match (predictor.model().card.normalize, &options.speaker_column) {
        (Normalize::Corpus, _) => None,
        (Normalize::Speaker, Some(column)) => Some(by_speaker(manifest, column)?),
        (Normalize::Speaker, None) => {
            return Err(Error::Usage(
                "the model scales each speaker by their own recordings (--normalize speaker); name the column of the manifest that \
                 says who speaks with --speaker-column, or train with --normalize corpus"
                    .into(),
            ));
        }
    };
    let scored = match speakers {
        None => alone(manifest, predictor, options, previous, on_event),
        Some(speakers) => together(manifest, predictor, options, &speakers, on_event),
    };

    let mut failures = Failures::default();
    let mut rows: Vec<Row> = Vec::new();
    let mut files = HashSet::new();
    let mut reused = 0;
    for (utterance, scored) in manifest.utterances.iter().zip(&scored) {
        match scored {
            Ok(scored) => {
                files.insert(utterance.file.as_str());
                reused += usize::from(scored.reused);
                rows.extend(scored.rows.iter().map(|said| Row {
                    utterance,
                    recording: &scored.recording,
                    said,
                }));
            }
            Err(error) => {
                on_event(Event::Failed(error));
                failures.push(utterance, error);
            }
        }
    }
    let summary = Summary {
        recordings: files.len(),
        done: scored.len() - failures.len(),
        reused,
        failed: failures.len(),
        rows: rows.len(),
        features: predictor.model().card.classes.len(),
    };
    let table = table(&rows, manifest, predictor, options, &extra);
    Ok(Scores {
        table,
        failures,
        summary,
    })
}

/// One recording, scored.
struct Scored {
    recording: Recording,
    rows: Vec<Said>,
    reused: bool,
}

/// What a row says, and since when.
struct Said {
    /// Its place counts from where the recording, or the part of it that the manifest lists, begins.
    segment: Segment,
    scored_at: String,
}

/// A row in the making.
struct Row<'a> {
    utterance: &'a Utterance,
    recording: &'a Recording,
    said: &'a Said,
}

impl Scored {
    fn new(recording: Recording, prediction: Prediction, options: &Options) -> Scored {
        let segments = match options.rows_of_windows {
            true => prediction.windows,
            false => vec![prediction.whole()],
        };
        let said = |segment| Said {
            segment,
            scored_at: options.scored_at.clone(),
        };
        Scored {
            recording: extract::without_samples(recording),
            rows: segments.into_iter().map(said).collect(),
            reused: false,
        }
    }
}

/// Each recording by itself.
fn alone(
    manifest: &Manifest,
    predictor: &Predictor,
    options: &Options,
    previous: Option<&Table>,
    on_event: &(dyn Fn(Event) + Sync),
) -> Vec<Result<Scored>> {
    let known = Known::of(previous, &predictor.model().card.classes);
    let score = |extractor: &mut Extractor, utterance: &Utterance| {
        let recording = extract::read(manifest, utterance, predictor.settings())?;
        let places = match options.rows_of_windows {
            true => extract::places(&recording, predictor.settings()),
            false => vec![(0.0, recording.duration_s)],
        };
        if let Some(rows) = known.rows(&recording, &places) {
            return Ok(Scored {
                recording: extract::without_samples(recording),
                rows,
                reused: true,
            });
        }
        let features = predictor.features(&recording, &utterance.file, extractor)?;
        let mut predictions = predictor.predict(std::slice::from_ref(&features))?;
        let prediction = predictions.pop().expect("one for each recording");
        Ok(Scored::new(recording, prediction, options))
    };
    let sets = &predictor.settings().sets;
    extract::in_parallel(&manifest.utterances, sets, |extractor, utterance| {
        let scored = score(extractor, utterance);
        on_event(Event::Done);
        scored
    })
}

/// The recordings of each speaker together, one speaker after the other.
fn together(
    manifest: &Manifest,
    predictor: &Predictor,
    options: &Options,
    speakers: &[(String, Vec<usize>)],
    on_event: &(dyn Fn(Event) + Sync),
) -> Vec<Result<Scored>> {
    let unknown = |utterance: &Utterance| {
        Err(Error::Audio {
            file: utterance.file.clone(),
            stage: Stage::Features,
            reason: "has no speaker in the manifest; a model that scales each speaker by their own recordings wants one".into(),
            is_empty: false,
        })
    };
    let mut scored: Vec<Result<Scored>> = manifest.utterances.iter().map(unknown).collect();
    let sets = &predictor.settings().sets;
    for (speaker, places) in speakers {
        let utterances: Vec<Utterance> = places
            .iter()
            .map(|&at| manifest.utterances[at].clone())
            .collect();
        let read = extract::in_parallel(&utterances, sets, |extractor, utterance| {
            let recording = extract::read(manifest, utterance, predictor.settings())?;
            let features = predictor.features(&recording, &utterance.file, extractor);
            on_event(Event::Done);
            Ok((extract::without_samples(recording), features?))
        });
        let mut call: Vec<Features> = Vec::new();
        let mut recordings: Vec<(usize, Recording)> = Vec::new();
        for (&at, read) in places.iter().zip(read) {
            match read {
                Ok((recording, features)) => {
                    call.push(features);
                    recordings.push((at, recording));
                }
                Err(error) => scored[at] = Err(error),
            }
        }
        match predictor.predict(&call) {
            Ok(predictions) => {
                for ((at, recording), prediction) in recordings.into_iter().zip(predictions) {
                    scored[at] = Ok(Scored::new(recording, prediction, options));
                }
            }
            Err(error) => {
                for (at, _) in recordings {
                    scored[at] = Err(Error::Audio {
                        file: manifest.utterances[at].file.clone(),
                        stage: Stage::Features,
                        reason: format!("speaker {speaker}: {error}"),
                        is_empty: false,
                    });
                }
            }
        }
    }
    scored
}

/// The lines of each speaker, in the order in which speakers first appear.
fn by_speaker(manifest: &Manifest, column: &str) -> Result<Vec<(String, Vec<usize>)>> {
    let field = Utterance::FIELDS.iter().position(|name| *name == column);
    let name = |utterance: &Utterance| match field {
        Some(field) => utterance.fields()[field].map(str::to_string),
        None => utterance.extra.get(column).cloned(),
    };
    let mut speakers: Vec<(String, Vec<usize>)> = Vec::new();
    let mut place: HashMap<String, usize> = HashMap::new();
    for (at, utterance) in manifest.utterances.iter().enumerate() {
        if let Some(name) = name(utterance) {
            let place = *place.entry(name.clone()).or_insert_with(|| {
                speakers.push((name, Vec::new()));
                speakers.len() - 1
            });
            speakers[place].1.push(at);
        }
    }
    if speakers.is_empty() {
        return Err(Error::Usage(format!(
            "no line of the manifest has a word in the column {column:?} (--speaker-column)"
        )));
    }
    Ok(speakers)
}

/// The manifest's further columns; refused where one bears the name of one of ours.
fn own_columns(manifest: &Manifest, predictor: &Predictor) -> Result<Vec<String>> {
    let extra = manifest.extra_columns();
    let ours = [
        "label",
        "unsure",
        "out_of_domain",
        "model",
        "model_id",
        "scored_at",
    ];
    let is_ours = |name: &&String| {
        let classes = &predictor.model().card.classes;
        ours.contains(&name.as_str())
            || extract::QUALITY.contains(&name.as_str())
            || extract::OF_WINDOWS.contains(&name.as_str())
            || classes.iter().any(|class| **name == format!("p_{class}"))
    };
    match extra.iter().find(is_ours) {
        Some(name) => Err(Error::Usage(format!(
            "the manifest's column {name:?} has the name of a column of the predictions; rename it"
        ))),
        None => Ok(extra),
    }
}

fn table(
    rows: &[Row],
    manifest: &Manifest,
    predictor: &Predictor,
    options: &Options,
    extra: &[String],
) -> Table {
    fn double(rows: &[Row], of: impl Fn(&Row) -> f64) -> Column {
        Column::Double(rows.iter().map(of).collect())
    }
    fn text(rows: &[Row], of: impl Fn(&Row) -> Option<String>) -> Column {
        Column::Text(rows.iter().map(of).collect())
    }
    let origin = |row: &Row| row.utterance.start.unwrap_or(0.0);
    let mut columns = vec![
        (
            "file".to_string(),
            text(rows, |row| Some(row.utterance.file.clone())),
        ),
        (
            "start".into(),
            double(rows, |row| origin(row) + row.said.segment.start),
        ),
        (
            "end".into(),
            double(rows, |row| origin(row) + row.said.segment.end),
        ),
    ];
    if options.rows_of_windows {
        let [start, end] = extract::OF_WINDOWS;
        columns.push((start.into(), double(rows, origin)));
        let end_of = |row: &Row| origin(row) + row.recording.duration_s;
        columns.push((end.into(), double(rows, end_of)));
    }
    for (place, name) in Utterance::FIELDS.into_iter().enumerate() {
        let is_known = |utterance: &Utterance| utterance.fields()[place].is_some();
        if manifest.utterances.iter().any(is_known) {
            let of = |row: &Row| row.utterance.fields()[place].map(str::to_string);
            columns.push((name.into(), text(rows, of)));
        }
    }
    for name in extra {
        let of = |row: &Row| row.utterance.extra.get(name).cloned();
        columns.push((name.clone(), text(rows, of)));
    }
    let segments: Vec<&Segment> = rows.iter().map(|row| &row.said.segment).collect();
    columns.extend(predict::said_of(&segments));
    let model = predictor.model().card.trained.to_string();
    columns.push(("model".into(), text(rows, |_| Some(model.clone()))));
    let of_recording: [(&str, Column); 7] = {
        let int = |of: fn(&Recording) -> i64| {
            Column::Int(rows.iter().map(|row| Some(of(row.recording))).collect())
        };
        let double = |of: fn(&Recording) -> f64| double(rows, |row| of(row.recording));
        let [hash, duration, rate, channels, clipped, speech, snr] = extract::QUALITY;
        [
            (
                hash,
                text(rows, |row| Some(row.recording.audio_hash.clone())),
            ),
            (duration, double(|r| r.duration_s)),
            (rate, int(|r| i64::from(r.sample_rate))),
            (channels, int(|r| r.channels as i64)),
            (clipped, double(|r| r.clipped_ratio)),
            (speech, double(|r| r.speech_ratio)),
            (snr, double(|r| r.snr_db)),
        ]
    };
    columns.extend(of_recording.map(|(name, column)| (name.to_string(), column)));
    let id = predictor.id();
    columns.push(("model_id".into(), text(rows, |_| Some(id.clone()))));
    columns.push((
        "scored_at".into(),
        text(rows, |row| Some(row.said.scored_at.clone())),
    ));
    let mut metadata = made_with(predictor, options);
    metadata.insert("sentire.version".into(), env!("CARGO_PKG_VERSION").into());
    Table { columns, metadata }
}

/// What an earlier table says, by sound.
#[derive(Default)]
struct Known<'a> {
    sounds: Sounds<'a>,
    labels: &'a [Option<String>],
    probabilities: Vec<(&'a String, &'a [f32])>,
    unsure: &'a [Option<bool>],
    out_of_domain: &'a [Option<bool>],
    scored_at: &'a [Option<String>],
}

impl<'a> Known<'a> {
    fn of(previous: Option<&'a Table>, classes: &'a [String]) -> Known<'a> {
        let read = |table: &'a Table| {
            let flags = |name: &str| match table.column(name) {
                Some(Column::Bool(values)) => Some(values.as_slice()),
                _ => None,
            };
            let of_classes =
                classes
                    .iter()
                    .map(|class| match table.column(&format!("p_{class}")) {
                        Some(Column::Float(values)) => Some((class, values.as_slice())),
                        _ => None,
                    });
            Some(Known {
                sounds: Sounds::of(table)?,
                labels: table.text("label")?,
                probabilities: of_classes.collect::<Option<_>>()?,
                unsure: flags("unsure")?,
                out_of_domain: flags("out_of_domain")?,
                scored_at: table.text("scored_at")?,
            })
        };
        previous.and_then(read).unwrap_or_default()
    }

    /// What is said at `places` of a recording; `None` unless all is known.
    fn rows(&self, recording: &Recording, places: &[(f64, f64)]) -> Option<Vec<Said>> {
        let rows = self.sounds.rows(recording, places)?;
        let said = |(row, &(start, end)): (usize, &(f64, f64))| {
            let p = self.probabilities.iter();
            Some(Said {
                segment: Segment {
                    start,
                    end,
                    label: self.labels[row].clone()?,
                    probabilities: p
                        .map(|(class, p)| ((*class).clone(), f64::from(p[row])))
                        .collect(),
                    unsure: self.unsure[row]?,
                    out_of_domain: self.out_of_domain[row]?,
                },
                scored_at: self.scored_at[row].clone()?,
            })
        };
        rows.into_iter().zip(places).map(said).collect()
    }
}

/// The time now, as in `scored_at`: `2026-11-28T03:04:05Z`.
pub fn now() -> String {
    Utc::now().to_rfc3339_opts(SecondsFormat::Secs, true)
}
