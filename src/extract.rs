//! Manifest to table: every recording is decoded, its features computed, in parallel, in the
//! manifest's order.
//!
//! One file's failure is a row of the failures table, never the end of the run. Memory holds one
//! batch of recordings' results and one row group, whatever the size of the corpus.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use rayon::prelude::*;

use crate::audio::{self, Audio, Rate, ReadOptions, Recording};
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, Stage};
use crate::features::{Extractor, FEATURES_VERSION, FeatureSet};
use crate::table::{Column, FEATURES_KEY, Table, Writer};

/// Recordings computed at a time. Enough that threads seldom wait for the slowest, few enough that
/// results stay small.
const BATCH: usize = 128;

/// What is computed for each recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// One row per recording: statistics of the descriptors.
    Functionals,
    /// One row per frame: the descriptors themselves.
    Lld,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Functionals => "functionals",
            Level::Lld => "lld",
        })
    }
}

impl FromStr for Level {
    type Err = Error;

    fn from_str(text: &str) -> Result<Level> {
        match text {
            "functionals" => Ok(Level::Functionals),
            "lld" => Ok(Level::Lld),
            _ => Err(Error::Usage(format!(
                "unknown level {text:?}; there is: functionals, lld"
            ))),
        }
    }
}

/// Everything that determines the values of a table besides the recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Feature sets, in the order of their columns.
    pub sets: Vec<FeatureSet>,
    /// Rows per recording or per frame.
    pub level: Level,
    /// Sample rate at which features are computed.
    pub rate: Rate,
    /// One channel, counted from 0; `None` takes the mean of all.
    pub channel: Option<usize>,
    /// Keep what decodes of files that break off.
    pub accept_truncated: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            sets: vec![FeatureSet::DEFAULT],
            level: Level::Functionals,
            rate: Rate::Hz(16_000),
            channel: None,
            accept_truncated: false,
        }
    }
}

impl Settings {
    /// The settings as a table's metadata.
    pub fn to_metadata(&self) -> BTreeMap<String, String> {
        let sets: Vec<&str> = self.sets.iter().map(|set| set.name()).collect();
        let pairs = [
            ("features_version", FEATURES_VERSION.to_string()),
            ("sets", sets.join(",")),
            ("level", self.level.to_string()),
            ("rate", self.rate.to_string()),
            (
                "channel",
                self.channel
                    .map_or("mean".into(), |channel| channel.to_string()),
            ),
            ("accept_truncated", self.accept_truncated.to_string()),
        ];
        pairs
            .into_iter()
            .map(|(key, value)| (format!("sentire.{key}"), value))
            .collect()
    }

    /// The settings that stand in a table's or a model's metadata. Refuses another features
    /// version, naming both.
    pub fn from_metadata(metadata: &BTreeMap<String, String>) -> Result<Settings> {
        let get = |key: &str| {
            metadata.get(&format!("sentire.{key}")).map(String::as_str).ok_or_else(|| {
                Error::Data(format!("has no metadata `sentire.{key}`; expected a table written by `sentire extract`"))
            })
        };
        let version = get("features_version")?;
        if version != FEATURES_VERSION.to_string() {
            return Err(Error::Data(format!(
                "has features of version {version}, this sentire computes version {FEATURES_VERSION}; extract and train again"
            )));
        }
        Ok(Settings {
            sets: FeatureSet::parse_list(get("sets")?)?,
            level: get("level")?.parse()?,
            rate: get("rate")?.parse()?,
            channel: get("channel")?.parse().ok(),
            accept_truncated: get("accept_truncated")? == "true",
        })
    }

    /// How to read a recording, or a segment of it, under these settings.
    pub fn read_options(&self, start: Option<f64>, end: Option<f64>) -> ReadOptions {
        ReadOptions {
            rate: self.rate,
            channel: self.channel,
            accept_truncated: self.accept_truncated,
            segment: (start.unwrap_or(0.0), end),
        }
    }

    /// Names of the columns that are computed.
    pub fn feature_names(&self) -> Vec<String> {
        match self.level {
            Level::Functionals => self
                .sets
                .iter()
                .flat_map(|set| set.features())
                .map(|f| f.name)
                .collect(),
            Level::Lld => self
                .sets
                .iter()
                .flat_map(|set| set.llds())
                .map(|lld| lld.name)
                .collect(),
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Recordings in the table.
    pub recordings: usize,
    /// Those whose values were taken from the table that was there before.
    pub reused: usize,
    /// Recordings in the failures table.
    pub failed: usize,
    /// Rows of the table.
    pub rows: usize,
    /// Columns that were computed.
    pub features: usize,
}

/// What a run reports as it goes.
pub enum Event<'a> {
    /// A recording is done, well or not; comes from the threads as they go.
    Done,
    /// A recording failed; comes in the manifest's order.
    Failed(&'a Error),
}

/// The name of the failures table that belongs to a table: `x.parquet` has `x.failures.parquet`.
pub fn failures_path(table: &Path) -> PathBuf {
    table.with_extension("failures.parquet")
}

/// Computes the features of every recording of `manifest` and writes them to `out`, and what failed
/// beside it.
///
/// `previous` is the table that an earlier run with the same settings left: rows of recordings
/// whose sound has not changed are taken from it. Neither it nor the number of threads changes a
/// byte of the result. Runs on the current Rayon pool. Where every recording fails, only the
/// failures table is written.
pub fn run(
    manifest: &Manifest,
    settings: &Settings,
    out: &Path,
    previous: Option<&Table>,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Summary> {
    let mut metadata = settings.to_metadata();
    metadata.insert("sentire.version".into(), env!("CARGO_PKG_VERSION").into());
    metadata.insert("sentire.manifest".into(), manifest.hash());
    let features = settings.feature_names();
    let names = serde_json::to_string(&features).expect("names are plain strings");
    metadata.insert(FEATURES_KEY.into(), names);

    let known = Known::of(previous, &features);
    let extra = own_columns(manifest, &features)?;
    let mut rows = Rows::new(settings, &extra, &features);
    let mut failures = Failures::default();
    let mut summary = Summary {
        recordings: 0,
        reused: 0,
        failed: 0,
        rows: 0,
        features: features.len(),
    };
    let mut writer = Writer::create(
        out,
        &Table {
            metadata,
            ..rows.take()
        },
    )?;
    for batch in manifest.utterances.chunks(BATCH) {
        let done: Vec<Result<Computed>> = batch
            .par_iter()
            .map_init(
                || Extractor::new(&settings.sets),
                |extractor, utterance| {
                    let computed = compute(extractor, manifest, utterance, settings, &known);
                    on_event(Event::Done);
                    computed
                },
            )
            .collect();
        for (utterance, computed) in batch.iter().zip(done) {
            match computed {
                Ok(computed) => {
                    summary.recordings += 1;
                    summary.reused += usize::from(computed.reused);
                    rows.push(utterance, &extra, &computed);
                }
                Err(error) => {
                    failures.push(utterance, &error);
                    on_event(Event::Failed(&error));
                }
            }
        }
        let batch = rows.take();
        summary.rows += batch.rows();
        writer.write(&batch)?;
    }
    summary.failed = failures.len();
    let failures_path = failures_path(out);
    if summary.failed > 0 {
        failures.into_table().write(&failures_path)?;
    } else if failures_path.exists() {
        std::fs::remove_file(&failures_path).map_err(Error::io(&failures_path))?;
    }
    if summary.recordings > 0 {
        writer.finish()?;
    }
    Ok(summary)
}

/// The features of one recording in memory, under `settings`.
pub fn features_of(
    recording: &Recording,
    extractor: &mut Extractor,
    name: &str,
) -> Result<Vec<f32>> {
    guarded(name, || extractor.functionals(&recording.audio))
}

/// Runs a computation on one recording; a panic in it becomes the recording's failure.
fn guarded<T>(name: &str, compute: impl FnOnce() -> T) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(compute)).map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or(panic.downcast_ref::<&str>().copied());
        Error::Audio {
            file: name.to_string(),
            stage: Stage::Features,
            reason: format!(
                "internal error ({}); please report it with the file",
                text.unwrap_or("panic")
            ),
        }
    })
}

/// The result for one recording.
struct Computed {
    recording: Quality,
    /// One vector per row: of features, or of one frame's descriptors.
    values: Values,
    reused: bool,
}

enum Values {
    Functionals(Vec<f32>),
    Lld { hop_s: f64, contours: Vec<Vec<f32>> },
}

/// A recording without its samples.
struct Quality(Recording);

impl Quality {
    fn of(recording: Recording) -> Quality {
        let audio = Audio {
            samples: Vec::new(),
            sample_rate: recording.audio.sample_rate,
        };
        Quality(Recording { audio, ..recording })
    }
}

fn compute(
    extractor: &mut Extractor,
    manifest: &Manifest,
    utterance: &Utterance,
    settings: &Settings,
    known: &Known,
) -> Result<Computed> {
    let path = manifest.path(utterance);
    let options = settings.read_options(utterance.start, utterance.end);
    // Errors name the file as the manifest does, so that failures can be joined to it.
    let rename = |error| match error {
        Error::Audio { stage, reason, .. } => Error::Audio {
            file: utterance.file.clone(),
            stage,
            reason,
        },
        other => other,
    };
    let recording = guarded(&utterance.file, || audio::read(&path, &options))
        .flatten()
        .map_err(rename)?;
    if let Some(values) = known.values(&recording) {
        return Ok(Computed {
            recording: Quality::of(recording),
            values: Values::Functionals(values),
            reused: true,
        });
    }
    let values = match settings.level {
        Level::Functionals => {
            Values::Functionals(features_of(&recording, extractor, &utterance.file)?)
        }
        Level::Lld => {
            let table = guarded(&utterance.file, || extractor.llds(&recording.audio))?;
            Values::Lld {
                hop_s: table.hop_s,
                contours: table.contours,
            }
        }
    };
    Ok(Computed {
        recording: Quality::of(recording),
        values,
        reused: false,
    })
}

/// The rows of an earlier table, by the sound they were computed from.
#[derive(Default)]
struct Known<'a> {
    by_sound: HashMap<(&'a str, i64), usize>,
    features: Vec<&'a [f32]>,
}

impl<'a> Known<'a> {
    fn of(previous: Option<&'a Table>, names: &[String]) -> Known<'a> {
        let read = |table: &'a Table| {
            let hashes = table.text("audio_hash")?;
            let Some(Column::Int(rates)) = table.column("sample_rate") else {
                return None;
            };
            let columns: HashMap<&str, &Column> =
                table.columns.iter().map(|(n, c)| (n.as_str(), c)).collect();
            let features = names.iter().map(|name| match columns.get(name.as_str()) {
                Some(Column::Float(values)) => Some(values.as_slice()),
                _ => None,
            });
            let rows = hashes.iter().zip(rates).enumerate();
            let by_sound = rows
                .filter_map(|(row, (hash, rate))| Some(((hash.as_deref()?, (*rate)?), row)))
                .collect();
            Some(Known {
                by_sound,
                features: features.collect::<Option<_>>()?,
            })
        };
        previous.and_then(read).unwrap_or_default()
    }

    fn values(&self, recording: &Recording) -> Option<Vec<f32>> {
        let row = *self.by_sound.get(&(
            recording.audio_hash.as_str(),
            i64::from(recording.sample_rate),
        ))?;
        Some(self.features.iter().map(|column| column[row]).collect())
    }
}

/// Names of the quality columns.
const QUALITY: [&str; 7] = [
    "audio_hash",
    "duration_s",
    "sample_rate",
    "channels",
    "clipped_ratio",
    "speech_ratio",
    "snr_db",
];

/// The manifest's further columns. Those that bear the name of one of ours are refused: two columns
/// cannot share it.
fn own_columns(manifest: &Manifest, features: &[String]) -> Result<Vec<String>> {
    let extra = manifest.extra_columns();
    let taken: std::collections::HashSet<&str> = QUALITY
        .into_iter()
        .chain(["truncated", "split"])
        .chain(features.iter().map(String::as_str))
        .collect();
    match extra
        .iter()
        .find(|name| taken.contains(name.as_str()) && *name != "split")
    {
        Some(name) => Err(Error::Manifest {
            path: manifest.root.clone(),
            reason: format!(
                "the manifest's column {name:?} bears the name of a column that is computed; rename it"
            ),
        }),
        None => Ok(extra),
    }
}

/// Rows in the making, column by column.
struct Rows {
    table: Table,
    is_lld: bool,
    has_truncated: bool,
}

impl Rows {
    fn new(settings: &Settings, extra: &[String], features: &[String]) -> Rows {
        let is_lld = settings.level == Level::Lld;
        let mut columns: Vec<(String, Column)> = vec![
            ("file".into(), Column::Text(Vec::new())),
            ("start".into(), Column::Double(Vec::new())),
            ("end".into(), Column::Double(Vec::new())),
        ];
        let has_truncated = settings.accept_truncated && !is_lld;
        if !is_lld {
            let text = Utterance::FIELDS
                .into_iter()
                .chain(extra.iter().map(String::as_str));
            columns.extend(text.map(|name| (name.to_string(), Column::Text(Vec::new()))));
            let empty = [
                Column::Text(Vec::new()),
                Column::Double(Vec::new()),
                Column::Int(Vec::new()),
                Column::Int(Vec::new()),
                Column::Double(Vec::new()),
                Column::Double(Vec::new()),
                Column::Double(Vec::new()),
            ];
            columns.extend(QUALITY.map(str::to_string).into_iter().zip(empty));
            if has_truncated {
                columns.push(("truncated".into(), Column::Bool(Vec::new())));
            }
        }
        columns.extend(
            features
                .iter()
                .map(|name| (name.clone(), Column::Float(Vec::new()))),
        );
        Rows {
            table: Table {
                columns,
                metadata: BTreeMap::new(),
            },
            is_lld,
            has_truncated,
        }
    }

    fn push(&mut self, utterance: &Utterance, extra: &[String], computed: &Computed) {
        let recording = &computed.recording.0;
        let start = utterance.start.unwrap_or(0.0);
        match &computed.values {
            Values::Functionals(values) => {
                self.row(
                    utterance,
                    extra,
                    recording,
                    start,
                    start + recording.duration_s,
                    values.iter().copied(),
                );
            }
            Values::Lld { hop_s, contours } => {
                for frame in 0..contours.first().map_or(0, Vec::len) {
                    let at = start + frame as f64 * hop_s;
                    self.row(
                        utterance,
                        extra,
                        recording,
                        at,
                        at + hop_s,
                        contours.iter().map(|contour| contour[frame]),
                    );
                }
            }
        }
    }

    fn row(
        &mut self,
        utterance: &Utterance,
        extra: &[String],
        recording: &Recording,
        start: f64,
        end: f64,
        values: impl Iterator<Item = f32>,
    ) {
        let mut columns = self.table.columns.iter_mut().map(|(_, column)| column);
        let mut push = |cell: Cell| match (columns.next().expect("as many cells as columns"), cell)
        {
            (Column::Text(values), Cell::Text(value)) => values.push(value.map(str::to_string)),
            (Column::Double(values), Cell::Double(value)) => values.push(value),
            (Column::Float(values), Cell::Float(value)) => values.push(value),
            (Column::Int(values), Cell::Int(value)) => values.push(Some(value)),
            (Column::Bool(values), Cell::Bool(value)) => values.push(Some(value)),
            _ => unreachable!("cells come in the order of the columns"),
        };
        push(Cell::Text(Some(&utterance.file)));
        push(Cell::Double(start));
        push(Cell::Double(end));
        if !self.is_lld {
            utterance
                .fields()
                .into_iter()
                .for_each(|field| push(Cell::Text(field)));
            extra
                .iter()
                .for_each(|name| push(Cell::Text(utterance.extra.get(name).map(String::as_str))));
            push(Cell::Text(Some(&recording.audio_hash)));
            push(Cell::Double(recording.duration_s));
            push(Cell::Int(i64::from(recording.sample_rate)));
            push(Cell::Int(recording.channels as i64));
            push(Cell::Double(recording.clipped_ratio));
            push(Cell::Double(recording.speech_ratio));
            push(Cell::Double(recording.snr_db));
            if self.has_truncated {
                push(Cell::Bool(recording.truncated));
            }
        }
        values.for_each(|value| push(Cell::Float(value)));
    }

    /// The rows so far; starts anew with the same columns.
    fn take(&mut self) -> Table {
        let empty = |column: &Column| match column {
            Column::Text(_) => Column::Text(Vec::new()),
            Column::Double(_) => Column::Double(Vec::new()),
            Column::Float(_) => Column::Float(Vec::new()),
            Column::Int(_) => Column::Int(Vec::new()),
            Column::Bool(_) => Column::Bool(Vec::new()),
        };
        let columns = self
            .table
            .columns
            .iter()
            .map(|(name, column)| (name.clone(), empty(column)))
            .collect();
        std::mem::replace(
            &mut self.table,
            Table {
                columns,
                metadata: BTreeMap::new(),
            },
        )
    }
}

enum Cell<'a> {
    Text(Option<&'a str>),
    Double(f64),
    Float(f32),
    Int(i64),
    Bool(bool),
}

/// Failures in the making.
#[derive(Default)]
struct Failures {
    file: Vec<Option<String>>,
    start: Vec<f64>,
    end: Vec<f64>,
    stage: Vec<Option<String>>,
    error: Vec<Option<String>>,
}

impl Failures {
    fn push(&mut self, utterance: &Utterance, error: &Error) {
        let (stage, reason) = match error {
            Error::Audio { stage, reason, .. } => (*stage, reason.clone()),
            other => (Stage::Open, other.to_string()),
        };
        self.file.push(Some(utterance.file.clone()));
        self.start.push(utterance.start.unwrap_or(f64::NAN));
        self.end.push(utterance.end.unwrap_or(f64::NAN));
        self.stage.push(Some(stage.name().to_string()));
        self.error.push(Some(reason));
    }

    fn len(&self) -> usize {
        self.file.len()
    }

    fn into_table(self) -> Table {
        let columns = [
            ("file", Column::Text(self.file)),
            ("start", Column::Double(self.start)),
            ("end", Column::Double(self.end)),
            ("stage", Column::Text(self.stage)),
            ("error", Column::Text(self.error)),
        ];
        Table {
            columns: columns
                .map(|(name, column)| (name.to_string(), column))
                .into(),
            metadata: BTreeMap::new(),
        }
    }
}
