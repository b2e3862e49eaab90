//! Rows in the making: of the table, and of the failures beside it.

use std::collections::HashSet;
use std::path::Path;

use crate::audio::{Recording, Segmentation};
use crate::corpus::{Held, Manifest, Utterance};
use crate::error::{Error, Result, Stage};
use crate::extract::{Computed, Level, Settings};
use crate::job::{self, ContentKey};
use crate::table::schema::{
    self, AUDIO_HASH, BANDWIDTH, CHANNELS, CLIPPED, Cell, DURATION, ERROR, OF_WINDOWS, QUALITY,
    SAMPLE_RATE, SNR, SPEECH, STAGE, TRUNCATED,
};
use crate::table::{Column, Encoding, Part, Table, Told, Writer};

/// The part that a line of a manifest lists; of one that ends where its recording does, up to there.
pub fn listed(utterance: &Utterance, recording: &Recording) -> Part {
    let start = utterance.start.unwrap_or(0.0);
    Part {
        file: utterance.file.clone(),
        channel: utterance.channel,
        augment: word_of(utterance),
        start,
        end: start + recording.duration_s,
    }
}

/// Which copy a line lists, in words.
pub fn word_of(utterance: &Utterance) -> Option<String> {
    utterance.augment.map(|augment| augment.to_string())
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
        .chain([TRUNCATED, job::CONTENT_KEY])
        .chain(OF_WINDOWS)
        .chain(views.iter().map(|(view, _)| *view))
        .collect();
    match extra.iter().find(|name| taken.contains(name.as_str())) {
        Some(name) => Err(Error::Usage(format!(
            "the manifest's column {name:?} has the name of a computed column; rename it"
        ))),
        None => Ok(OfManifest {
            told: manifest.told(),
            extra: own_columns(manifest, extra),
        }),
    }
}

/// Rows in the making, column by column, and the content key of each.
pub struct Rows {
    table: Table,
    keys: Vec<ContentKey>,
    settings: Settings,
    of_manifest: OfManifest,
}

/// What of a manifest stands in rows, besides [`Utterance::FIELDS`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OfManifest {
    /// Which channel, and which copy, a row is of: where any line says so.
    pub told: Told,
    /// Its own columns.
    pub extra: Vec<(String, Held)>,
}

/// Columns of a manifest's own, and what each holds.
pub fn own_columns(manifest: &Manifest, names: Vec<String>) -> Vec<(String, Held)> {
    let held = |name: String| {
        let held = manifest.held(&name);
        (name, held)
    };
    names.into_iter().map(held).collect()
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
            keys: Vec::new(),
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
        self.keys.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Appends those of a recording.
    pub fn push(&mut self, utterance: &Utterance, computed: &Computed) {
        for timed in &computed.rows {
            let row = Described {
                utterance,
                recording: &computed.recording,
                part: Part {
                    file: utterance.file.clone(),
                    channel: utterance.channel,
                    augment: word_of(utterance),
                    start: timed.start,
                    end: timed.end,
                },
            };
            let cells = cells(&self.settings, &self.of_manifest, Some(&row));
            let cells = cells.into_iter().map(|(_, cell)| cell);
            let features = timed.values.iter().map(|&value| Cell::Float(value));
            self.table.push(cells.chain(features));
            self.keys.push(computed.key);
        }
    }

    /// The rows so far, and the content key of each; starts anew with the same columns.
    pub fn take(&mut self) -> (Table, Vec<ContentKey>) {
        let columns = self.table.columns.iter();
        let emptied = Table {
            columns: columns
                .map(|(name, column)| (name.clone(), column.emptied()))
                .collect(),
            metadata: self.table.metadata.clone(),
        };
        let rows = std::mem::replace(&mut self.table, emptied);
        (rows, std::mem::take(&mut self.keys))
    }
}

/// What a row describes.
pub struct Described<'a> {
    /// The line of the manifest.
    pub utterance: &'a Utterance,
    /// The recording that it lists.
    pub recording: &'a Recording,
    /// Which part of that.
    pub part: Part,
}

/// What stands in a row before its features, by the names of the columns; without a row, blanks of the same types.
fn cells<'a>(
    settings: &Settings,
    of_manifest: &'a OfManifest,
    row: Option<&'a Described>,
) -> Vec<(&'a str, Cell<'a>)> {
    let of_windows =
        settings.segmentation != Segmentation::Whole && settings.level == Level::Functionals;
    let mut cells = index_cells(row, of_manifest.told, of_windows);
    if settings.level.is_of_frames() {
        return cells;
    }
    let fields = (0..Utterance::FIELDS.len()).collect::<Vec<_>>();
    cells.extend(manifest_cells(row, &fields, &of_manifest.extra));
    cells.extend(quality_cells(row));
    if settings.accept_truncated {
        cells.push(truncated_cell(row));
    }
    cells
}

/// The part that a row describes; where rows are those `of_windows`, also the part that the manifest lists.
pub fn index_cells<'a>(
    row: Option<&'a Described>,
    told: Told,
    of_windows: bool,
) -> Vec<(&'a str, Cell<'a>)> {
    let mut cells = row.map_or(Part::blank(), |row| &row.part).cells(told);
    if of_windows {
        let [start, end] = match row {
            Some(row) => {
                let listed = listed(row.utterance, row.recording);
                [listed.start, listed.end]
            }
            None => [f64::NAN; 2],
        };
        let times = [Cell::Double(start), Cell::Double(end)];
        cells.extend(OF_WINDOWS.into_iter().zip(times));
    }
    cells
}

/// What the manifest says: these of [`Utterance::FIELDS`], and its own columns.
pub fn manifest_cells<'a>(
    row: Option<&'a Described>,
    fields: &[usize],
    extra: &'a [(String, Held)],
) -> Vec<(&'a str, Cell<'a>)> {
    let utterance = row.map(|row| row.utterance);
    let of_field = |&field: &usize| {
        let word = utterance.and_then(|u| u.fields()[field]);
        (Utterance::FIELDS[field], Cell::Text(word))
    };
    let of_extra = |(name, held): &'a (String, Held)| {
        let word = utterance.and_then(|u| u.extra.get(name));
        let word = word.map(String::as_str);
        let cell = match held {
            Held::Words => Cell::Text(word),
            Held::Counts => Cell::Int(word.and_then(|word| word.parse().ok())),
            Held::Numbers => {
                let number = word.and_then(|word| word.parse().ok());
                Cell::Double(number.unwrap_or(f64::NAN))
            }
        };
        (name.as_str(), cell)
    };
    let fields = fields.iter().map(of_field);
    fields.chain(extra.iter().map(of_extra)).collect()
}

/// What is known of the recording, and how much of the row's part is speech: [`QUALITY`].
pub fn quality_cells<'a>(row: Option<&'a Described>) -> [(&'a str, Cell<'a>); 8] {
    let recording = row.map(|row| row.recording);
    let speech_ratio = row.map_or(f64::NAN, |row| {
        let origin = row.utterance.start.unwrap_or(0.0);
        let Part { start, end, .. } = row.part;
        row.recording
            .speech_ratio_between(start - origin, end - origin)
    });
    let measure = |of: fn(&Recording) -> f64| Cell::Double(recording.map_or(f64::NAN, of));
    let count = |of: fn(&Recording) -> i64| Cell::Int(recording.map(of));
    let hash = recording.map(|recording| recording.audio_hash.as_str());
    [
        (AUDIO_HASH, Cell::Text(hash)),
        (DURATION, measure(|r| r.duration_s)),
        (SAMPLE_RATE, count(|r| i64::from(r.sample_rate))),
        (CHANNELS, count(|r| r.channels as i64)),
        (CLIPPED, measure(|r| r.clipped_ratio)),
        (SPEECH, Cell::Double(speech_ratio)),
        (SNR, measure(|r| r.snr_db)),
        (BANDWIDTH, measure(|r| r.bandwidth_hz)),
    ]
}

/// Whether its file broke off.
pub fn truncated_cell<'a>(row: Option<&'a Described>) -> (&'a str, Cell<'a>) {
    let truncated = row.is_some_and(|row| row.recording.truncated);
    (TRUNCATED, Cell::Bool(truncated))
}

/// The table of failures in the making: which recordings, at which step, and why.
#[derive(Debug, Default)]
pub struct Failures {
    rows: Vec<Failure>,
}

#[derive(Debug, Default)]
struct Failure {
    part: Part,
    stage: &'static str,
    error: String,
}

impl Failure {
    fn cells(&self, told: Told) -> Vec<(&'static str, Cell<'_>)> {
        let mut cells = self.part.cells(told);
        cells.push((STAGE, Cell::Text(Some(self.stage))));
        cells.push((ERROR, Cell::Text(Some(&self.error))));
        cells
    }
}

impl Failures {
    /// Appends a row.
    pub fn push(&mut self, utterance: &Utterance, error: &Error) {
        let (stage, error) = match error {
            Error::Audio { stage, reason, .. } => (*stage, reason.clone()),
            other => (Stage::Open, other.to_string()),
        };
        self.rows.push(Failure {
            part: Part {
                file: utterance.file.clone(),
                channel: utterance.channel,
                augment: word_of(utterance),
                start: utterance.start.unwrap_or(f64::NAN),
                end: utterance.end.unwrap_or(f64::NAN),
            },
            stage: stage.name(),
            error,
        });
    }

    /// Number of failures.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether nothing failed.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
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
        let told = Told::of(self.rows.iter().map(|row| &row.part));
        let mut table = Table {
            columns: schema::columns(Failure::default().cells(told)),
            metadata: [(OURS.to_string(), env!("CARGO_PKG_VERSION").to_string())].into(),
        };
        for row in &self.rows {
            table.push(row.cells(told).into_iter().map(|(_, cell)| cell));
        }
        let mut writer = Writer::create_in(folder, path, &table, encoding)?;
        writer.write(&table)?;
        writer.finish()
    }
}
