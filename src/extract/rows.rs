//! Rows in the making: of the table, and of the failures beside it.

use std::collections::HashSet;
use std::path::Path;

use crate::audio::Recording;
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, Stage};
use crate::extract::{Computed, Level, Settings, Timed};
use crate::job::{self, Sound};
use crate::table::schema::{
    self, AUDIO_HASH, CHANNEL, CHANNELS, CLIPPED, Cell, DURATION, END, FILE, OF_WINDOWS, QUALITY,
    SAMPLE_RATE, SNR, SPEECH, START, TRUNCATED,
};
use crate::table::{Column, Encoding, Table, Writer};

/// The channel that a line of a manifest asks for, as a table has it.
pub fn channel_of(utterance: &Utterance) -> Option<i64> {
    utterance
        .channel
        .and_then(|channel| channel.try_into().ok())
}

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
        let mut columns = schema::columns(cells(settings, &of_manifest, None));
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
            let row = (utterance, &computed.recording, timed);
            let cells = cells(&self.settings, &self.of_manifest, Some(row));
            let cells = cells.into_iter().map(|(_, cell)| cell);
            let features = timed.values.iter().map(|&value| Cell::Float(value));
            self.table.push(cells.chain(features));
            self.sounds.push(computed.sound);
        }
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

/// What stands in a row before its features, by the names of the columns; without a row, blanks of the same types.
fn cells<'a>(
    settings: &Settings,
    of_manifest: &'a OfManifest,
    row: Option<(&'a Utterance, &'a Recording, &'a Timed)>,
) -> Vec<(&'a str, Cell<'a>)> {
    let utterance = row.map(|(utterance, ..)| utterance);
    let recording = row.map(|(_, recording, _)| recording);
    let timed = row.map(|(.., timed)| timed);
    let seconds = |seconds: Option<f64>| Cell::Double(seconds.unwrap_or(f64::NAN));
    let measure = |of: fn(&Recording) -> f64| seconds(recording.map(of));
    let count = |of: fn(&Recording) -> i64| Cell::Int(recording.map(of));
    let mut cells = vec![(FILE, Cell::Text(utterance.map(|u| u.file.as_str())))];
    if of_manifest.has_channels {
        cells.push((CHANNEL, Cell::Int(utterance.and_then(channel_of))));
    }
    cells.push((START, seconds(timed.map(|timed| timed.start))));
    cells.push((END, seconds(timed.map(|timed| timed.end))));
    if settings.level == Level::Lld {
        return cells;
    }
    if settings.window.is_some() {
        let start = utterance.map(|u| u.start.unwrap_or(0.0));
        let length = recording.map(|recording| recording.duration_s);
        let end = start.zip(length).map(|(start, length)| start + length);
        cells.extend(OF_WINDOWS.into_iter().zip([seconds(start), seconds(end)]));
    }
    for (field, name) in Utterance::FIELDS.into_iter().enumerate() {
        cells.push((name, Cell::Text(utterance.and_then(|u| u.fields()[field]))));
    }
    for name in &of_manifest.extra {
        let word = utterance.and_then(|u| u.extra.get(name));
        cells.push((name, Cell::Text(word.map(String::as_str))));
    }
    cells.extend([
        (
            AUDIO_HASH,
            Cell::Text(recording.map(|r| r.audio_hash.as_str())),
        ),
        (DURATION, measure(|r| r.duration_s)),
        (SAMPLE_RATE, count(|r| i64::from(r.sample_rate))),
        (CHANNELS, count(|r| r.channels as i64)),
        (CLIPPED, measure(|r| r.clipped_ratio)),
        (SPEECH, measure(|r| r.speech_ratio)),
        (SNR, measure(|r| r.snr_db)),
    ]);
    if settings.accept_truncated {
        let truncated = recording.is_some_and(|recording| recording.truncated);
        cells.push((TRUNCATED, Cell::Bool(truncated)));
    }
    cells
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
            (FILE, Column::Text(self.file)),
            (CHANNEL, Column::Int(self.channel)),
            (START, Column::Double(self.start)),
            (END, Column::Double(self.end)),
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
