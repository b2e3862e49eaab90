//! Rows in the making: of the table, and of the failures beside it.

use std::collections::HashSet;
use std::path::Path;

use crate::audio::Recording;
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, Stage};
use crate::extract::{Computed, Level, Settings, Timed};
use crate::job::{self, Sound};
use crate::table::{Column, Encoding, Table, Writer};

/// Names of the quality columns.
pub const QUALITY: [&str; 7] = [
    "audio_hash",
    "duration_s",
    "sample_rate",
    "channels",
    "clipped_ratio",
    "speech_ratio",
    "snr_db",
];

/// The column that marks recordings whose file broke off: of a table of features where such are accepted, of
/// predictions always.
pub const TRUNCATED: &str = "truncated";

/// Name of the column that says which channel a row is of.
pub const CHANNEL: &str = "channel";

/// The channel that a line of a manifest asks for, as a table has it.
pub fn channel_of(utterance: &Utterance) -> Option<i64> {
    utterance
        .channel
        .and_then(|channel| channel.try_into().ok())
}

/// Names of the columns that say which recording, or which part of it that the manifest lists, a
/// window belongs to: where that starts and ends, in seconds.
pub const OF_WINDOWS: [&str; 2] = ["utterance_start", "utterance_end"];

/// The manifest's further columns that are left out, as features of the same name are computed: it may be a table of
/// features itself.
pub fn computed_anew(manifest: &Manifest, settings: &Settings) -> Vec<String> {
    let features: HashSet<String> = settings.feature_names().into_iter().collect();
    let mut extra = manifest.extra_columns();
    extra.retain(|name| features.contains(name));
    extra
}

/// What stands in rows of the manifest. Columns that bear the name of one of ours are refused: two cannot share it.
pub fn of_manifest(manifest: &Manifest, settings: &Settings) -> Result<OfManifest> {
    let views = settings.views();
    let features: HashSet<String> = settings.feature_names().into_iter().collect();
    let mut extra = manifest.extra_columns();
    extra.retain(|name| !features.contains(name));
    let taken: HashSet<&str> = QUALITY
        .into_iter()
        .chain([TRUNCATED, job::SOUND])
        .chain(OF_WINDOWS)
        .chain(views.iter().map(|(view, _)| *view))
        .collect();
    match extra.iter().find(|name| taken.contains(name.as_str())) {
        Some(name) => Err(Error::Usage(format!(
            "the manifest's column {name:?} has the name of a computed column; rename it"
        ))),
        None => Ok(OfManifest {
            has_channels: manifest.has_channels(),
            extra,
        }),
    }
}

/// Rows in the making, column by column, and of which sound each is.
pub struct Rows {
    table: Table,
    sounds: Vec<Sound>,
    settings: Settings,
    of_manifest: OfManifest,
}

/// What of a manifest stands in rows, besides [`Utterance::FIELDS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfManifest {
    /// Which channel a row is of: where any line says so.
    pub has_channels: bool,
    /// Its own columns.
    pub extra: Vec<String>,
}

impl Rows {
    /// No rows yet, with the columns of these settings and the manifest's.
    pub fn new(settings: &Settings, of_manifest: OfManifest) -> Rows {
        let mut columns: Vec<(String, Column)> = vec![("file".into(), Column::Text(Vec::new()))];
        if of_manifest.has_channels {
            columns.push((CHANNEL.into(), Column::Int(Vec::new())));
        }
        columns.extend(["start", "end"].map(|name| (name.into(), Column::Double(Vec::new()))));
        if settings.level == Level::Functionals {
            if settings.window.is_some() {
                columns
                    .extend(OF_WINDOWS.map(|name| (name.to_string(), Column::Double(Vec::new()))));
            }
            let text = Utterance::FIELDS
                .into_iter()
                .chain(of_manifest.extra.iter().map(String::as_str));
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
            if settings.accept_truncated {
                columns.push((TRUNCATED.into(), Column::Bool(Vec::new())));
            }
        }
        let features = settings.feature_names().into_iter();
        columns.extend(features.map(|name| (name, Column::Float(Vec::new()))));
        Rows {
            table: Table {
                columns,
                metadata: settings.table_metadata(),
            },
            sounds: Vec::new(),
            settings: settings.clone(),
            of_manifest,
        }
    }

    /// Says something more in the metadata of the tables to come.
    pub fn describe(&mut self, key: &str, value: String) {
        self.table.metadata.insert(key.into(), value);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.sounds.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sounds.is_empty()
    }

    /// Appends those of a recording.
    pub fn push(&mut self, utterance: &Utterance, computed: &Computed) {
        for timed in &computed.rows {
            self.row(utterance, &computed.recording, timed);
            self.sounds.push(computed.sound);
        }
    }

    fn row(&mut self, utterance: &Utterance, recording: &Recording, timed: &Timed) {
        let mut columns = self.table.columns.iter_mut().map(|(_, column)| column);
        let mut push = |cell: Cell| match (columns.next().expect("as many cells as columns"), cell)
        {
            (Column::Text(values), Cell::Text(value)) => values.push(value.map(str::to_string)),
            (Column::Double(values), Cell::Double(value)) => values.push(value),
            (Column::Float(values), Cell::Float(value)) => values.push(value),
            (Column::Int(values), Cell::Int(value)) => values.push(value),
            (Column::Bool(values), Cell::Bool(value)) => values.push(Some(value)),
            _ => unreachable!("cells come in the order of the columns"),
        };
        push(Cell::Text(Some(&utterance.file)));
        if self.of_manifest.has_channels {
            push(Cell::Int(channel_of(utterance)));
        }
        push(Cell::Double(timed.start));
        push(Cell::Double(timed.end));
        if self.settings.level == Level::Functionals {
            if self.settings.window.is_some() {
                let start = utterance.start.unwrap_or(0.0);
                push(Cell::Double(start));
                push(Cell::Double(start + recording.duration_s));
            }
            utterance
                .fields()
                .into_iter()
                .for_each(|field| push(Cell::Text(field)));
            let extra = self.of_manifest.extra.iter();
            extra.for_each(|name| push(Cell::Text(utterance.extra.get(name).map(String::as_str))));
            push(Cell::Text(Some(&recording.audio_hash)));
            push(Cell::Double(recording.duration_s));
            push(Cell::Int(Some(i64::from(recording.sample_rate))));
            push(Cell::Int(Some(recording.channels as i64)));
            push(Cell::Double(recording.clipped_ratio));
            push(Cell::Double(recording.speech_ratio));
            push(Cell::Double(recording.snr_db));
            if self.settings.accept_truncated {
                push(Cell::Bool(recording.truncated));
            }
        }
        let values = timed.values.iter().copied();
        values.for_each(|value| push(Cell::Float(value)));
    }

    /// The rows so far, and of which sound each is; starts anew with the same columns.
    pub fn take(&mut self) -> (Table, Vec<Sound>) {
        let columns = self.table.columns.iter();
        let emptied = Table {
            columns: columns
                .map(|(name, column)| (name.clone(), column.emptied()))
                .collect(),
            metadata: self.table.metadata.clone(),
        };
        let rows = std::mem::replace(&mut self.table, emptied);
        (rows, std::mem::take(&mut self.sounds))
    }
}

enum Cell<'a> {
    Text(Option<&'a str>),
    Double(f64),
    Float(f32),
    Int(Option<i64>),
    Bool(bool),
}

/// The table of failures in the making: which recordings, at which step, and why.
#[derive(Debug, Default)]
pub struct Failures {
    file: Vec<Option<String>>,
    channel: Vec<Option<i64>>,
    start: Vec<f64>,
    end: Vec<f64>,
    stage: Vec<Option<String>>,
    error: Vec<Option<String>>,
}

impl Failures {
    /// Appends a row.
    pub fn push(&mut self, utterance: &Utterance, error: &Error) {
        let (stage, reason) = match error {
            Error::Audio { stage, reason, .. } => (*stage, reason.clone()),
            other => (Stage::Open, other.to_string()),
        };
        self.file.push(Some(utterance.file.clone()));
        self.channel.push(channel_of(utterance));
        self.start.push(utterance.start.unwrap_or(f64::NAN));
        self.end.push(utterance.end.unwrap_or(f64::NAN));
        self.stage.push(Some(stage.name().to_string()));
        self.error.push(Some(reason));
    }

    /// Number of failures.
    pub fn len(&self) -> usize {
        self.file.len()
    }

    /// Whether nothing failed.
    pub fn is_empty(&self) -> bool {
        self.file.is_empty()
    }

    /// Writes the table to `path`; it lies in `folder` until it is whole. If nothing failed, removes the one that
    /// an earlier run left, or writes it without rows where `even_empty`.
    pub fn write(
        self,
        folder: &Path,
        path: &Path,
        even_empty: bool,
        encoding: Encoding,
    ) -> Result<()> {
        const OURS: &str = "sentire.version";
        if self.is_empty() && !even_empty {
            let is_ours = Table::read_metadata(path).is_ok_and(|data| data.contains_key(OURS));
            return match is_ours {
                true => std::fs::remove_file(path).map_err(Error::io(path)),
                false => Ok(()),
            };
        }
        let has_channels = self.channel.iter().any(Option::is_some);
        let columns = [
            ("file", Column::Text(self.file)),
            (CHANNEL, Column::Int(self.channel)),
            ("start", Column::Double(self.start)),
            ("end", Column::Double(self.end)),
            ("stage", Column::Text(self.stage)),
            ("error", Column::Text(self.error)),
        ];
        let table = Table {
            columns: columns
                .into_iter()
                .filter(|(name, _)| has_channels || *name != CHANNEL)
                .map(|(name, column)| (name.to_string(), column))
                .collect(),
            metadata: [(OURS.to_string(), env!("CARGO_PKG_VERSION").to_string())].into(),
        };
        let mut writer = Writer::create_in(folder, path, &table, encoding)?;
        writer.write(&table)?;
        writer.finish()
    }
}
