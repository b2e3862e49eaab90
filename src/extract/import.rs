//! Features that another program computed, as a table like ours: opensmile-python's CSV and Parquet, any CSV with a column that names
//! recordings, ARFF of Weka and openSMILE. What is known of the recordings comes from a manifest, joined by file, start and end.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::audio::has_audio_extension;
use crate::catalogue::{FeatureSet, SETS_KEY};
use crate::corpus::manifest::{Sheet, decode, seconds};
use crate::corpus::spelling::{composed, first, folded, is_missing};
use crate::corpus::{Held, Manifest, Utterance};
use crate::error::{Error, Result};
use crate::extract::Settings;
use crate::table::schema::{
    self, AUGMENT, CHANNEL, END, FILE, OF_RECORDINGS, OF_WINDOWS, PREDICTION, QUALITY, SPLIT, START,
};
use crate::table::{Column, FEATURES_KEY, Table, is_arff, parse_arff};

/// Columns that name recordings, in the order in which they are tried: audformat's, and those of openSMILE and others.
const KEYS: [&str; 8] = [
    FILE,
    "filename",
    "file_name",
    "path",
    "name",
    "wav",
    "audio",
    "recording",
];

/// Numbers that are no features: openSMILE's times of frames, labels of tables for Weka, the numbers of rows that pandas writes.
const NO_FEATURES: [&str; 9] = [
    "frametime",
    "frameindex",
    "class",
    "label",
    "target",
    "id",
    "index",
    "unnamed: 0",
    "",
];

/// Two programs may write one time in seconds and in milliseconds.
const SAME_TIME_S: f64 = 1e-3;

/// How files are named in messages, at most.
const NAMED: usize = 3;

/// What the columns are taken for.
#[derive(Debug, Clone)]
pub enum Declared {
    /// Features of this name, which are computed elsewhere.
    Foreign(String),
    /// Those of these sets, as extracted with the defaults.
    Sets(Vec<FeatureSet>),
}

impl Default for Declared {
    fn default() -> Declared {
        Declared::Foreign("imported".into())
    }
}

/// A table that was imported.
#[derive(Debug)]
pub struct Imported {
    /// As [`run`](crate::extract::run) would write it.
    pub table: Table,
    /// How many features it has.
    pub features: usize,
    /// What a person should know: lines and rows that found no partner, columns that are no features.
    pub notes: Vec<String>,
}

/// Reads the features in the file at `path`: CSV, Parquet or ARFF. Rows are those of `manifest`, in its order, that have features; where
/// there is no manifest, those of the file, and what its columns of words say.
///
/// A file of the one belongs to a file of the other where they are called alike, or one is the end of the other, from a `/` on; times of
/// rows that are not given, or are 0 and missing, stand for the whole. Several rows within one line of the manifest become its windows.
///
/// # Errors
/// Where the file cannot be read, names no recordings or has no features; where it is unclear which line a row belongs to, or two
/// rows are of one part; where no row belongs to any line; or where columns of declared sets are missing.
///
/// ```
/// use sentire::extract::{Declared, import};
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let path = dir.path().join("features.csv");
/// let csv = "file,start,end,F0mean\n/data/wav/a.wav,0 days,0 days 00:00:01.5,210\n/data/wav/c.wav,0 days,NaT,180\n";
/// std::fs::write(&path, csv)?;
/// let manifest = Manifest::from_reader("file,speaker\nwav/a.wav,anna\nwav/b.wav,ben\n".as_bytes())?;
/// let imported = import(&path, Some(&manifest), &Declared::default())?;
/// assert_eq!(imported.table.words("speaker")?, ["anna"]);
/// assert_eq!(imported.table.feature_names(), Some(vec!["F0mean".to_string()]));
/// assert!(imported.notes[0].starts_with("1 of 2 lines of the manifest has no features: wav/b.wav"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn import(path: &Path, manifest: Option<&Manifest>, declared: &Declared) -> Result<Imported> {
    let fault = |reason: String| Error::Table {
        path: path.to_path_buf(),
        reason,
    };
    let foreign = Foreign::read(path)?;
    let own;
    let manifest = match manifest {
        Some(manifest) => manifest,
        None => {
            own = foreign.as_manifest();
            &own
        }
    };
    let mut notes = foreign.notes.clone();
    let features = foreign
        .features(manifest, declared, &mut notes)
        .map_err(fault)?;
    let rows = foreign.joined(manifest, &mut notes).map_err(fault)?;
    let table = foreign.table(manifest, &rows, &features, declared);
    Ok(Imported {
        table,
        features: features.len(),
        notes,
    })
}

/// A table of features of another program.
struct Foreign {
    table: Table,
    /// Of each row.
    parts: Vec<Place>,
    /// Columns that say which part a row is of.
    index: HashSet<String>,
    notes: Vec<String>,
}

/// What a row is of.
#[derive(Debug, Clone)]
struct Place {
    file: String,
    channel: Option<i64>,
    start: Option<f64>,
    end: Option<f64>,
}

/// A time of each row, in seconds.
type Times = Vec<Option<f64>>;

/// A row of features, and the line of the manifest that it belongs to.
struct Joined {
    line: usize,
    row: usize,
}

impl Foreign {
    fn read(path: &Path) -> Result<Foreign> {
        let fault = |reason: String| Error::Table {
            path: path.to_path_buf(),
            reason,
        };
        let (table, notes) = match path.is_dir() {
            true => (Table::read(path)?, Vec::new()),
            false => {
                let bytes = std::fs::read(path).map_err(Error::io(path))?;
                match bytes.starts_with(b"PAR1") {
                    true => (Table::read(path)?, Vec::new()),
                    false => {
                        let (text, note) = decode(&bytes).map_err(fault)?;
                        let table = match is_arff(&text) {
                            true => parse_arff(&text),
                            false => of_csv(&text),
                        };
                        (table.map_err(fault)?, note.into_iter().collect())
                    }
                }
            }
        };
        Foreign::of(table, notes).map_err(fault)
    }

    fn of(mut table: Table, notes: Vec<String>) -> Result<Foreign, String> {
        // Headers in any case.
        for at in 0..table.columns.len() {
            let ours = folded(&table.columns[at].0);
            if is_ours(&ours) && table.column(&ours).is_none() {
                table.columns[at].0 = ours;
            }
        }
        let named = |wanted: &str| {
            let mut columns = table.columns.iter();
            columns.find(|(name, _)| folded(name) == wanted)
        };
        let of_words = |(_, column): &&(String, Column)| matches!(column, Column::Text(_));
        let key = KEYS.iter().find_map(|key| named(key).filter(of_words));
        let (key, files) = key.ok_or_else(|| {
            let names: Vec<String> = table.columns.iter().map(|(name, _)| name.clone()).collect();
            format!(
                "names no recordings; expected a column `file` (or {}) with their names among {}",
                KEYS[1..].join(", "),
                first(&names, 2 * NAMED)
            )
        })?;
        let files = files.texts();
        let times = |name: &str| -> Result<Option<(String, Times)>, String> {
            let Some((name, column)) = named(name) else {
                return Ok(None);
            };
            let times = match column {
                Column::Text(words) => {
                    let time = |(row, word): (usize, &Option<String>)| {
                        match word {
                        None => Ok(None),
                        Some(word) => seconds(word).ok_or_else(|| {
                            format!(
                                "row {}, column {name}: {word:?} is no time; expected seconds or 0 days 00:00:01.5",
                                row + 1
                            )
                        }),
                    }
                    };
                    words
                        .iter()
                        .enumerate()
                        .map(time)
                        .collect::<Result<_, _>>()?
                }
                column => {
                    let numbers = column.numbers().unwrap_or_default().into_iter();
                    numbers.map(|s| Some(s).filter(|s| s.is_finite())).collect()
                }
            };
            Ok(Some((name.clone(), times)))
        };
        if let Some((name, column)) = named(CHANNEL) {
            let is_channel = |word: &String| word.trim().parse::<usize>().is_ok();
            let mut words = column.texts().into_iter().flatten();
            if let Some(word) = words.find(|word| !is_channel(word)) {
                return Err(format!(
                    "column {name}: {word:?} is no channel; expected numbers counted from 0"
                ));
            }
        }
        let mut index = HashSet::from([key.clone()]);
        let mut of_row: Vec<Times> = Vec::new();
        for name in [START, END, CHANNEL] {
            let column = times(name)?;
            index.extend(column.iter().map(|(name, _)| name.clone()));
            of_row.push(column.map_or(vec![None; table.rows()], |(_, times)| times));
        }
        let mut parts = Vec::with_capacity(table.rows());
        for (row, file) in files.into_iter().enumerate() {
            let (start, end) = (of_row[0][row].unwrap_or(0.0), of_row[1][row]);
            if let Some(end) = end.filter(|&end| end <= start) {
                return Err(format!(
                    "row {}: ends at {end} s, starts at {start} s; expected an end behind the start",
                    row + 1
                ));
            }
            parts.push(Place {
                file: file.ok_or_else(|| {
                    format!("row {} names no recording in its column `{key}`", row + 1)
                })?,
                start: of_row[0][row],
                end: of_row[1][row],
                channel: of_row[2][row].map(|channel| channel as i64),
            });
        }
        Ok(Foreign {
            parts,
            index,
            table,
            notes,
        })
    }

    /// What the table itself says of recordings, in its columns of words and those that are named as ours.
    fn as_manifest(&self) -> Manifest {
        let told = self.table.columns.iter().filter(|(name, column)| {
            let is_words = matches!(column, Column::Text(_) | Column::Bool(_));
            !self.index.contains(name) && (is_words || is_ours(name) || is_label(name))
        });
        let told: Vec<(&String, Vec<Option<String>>)> =
            told.map(|(name, column)| (name, column.texts())).collect();
        let utterance = |(row, part): (usize, &Place)| {
            let mut utterance = Utterance {
                file: part.file.clone(),
                channel: part.channel.and_then(|channel| channel.try_into().ok()),
                start: part.start,
                end: part.end,
                ..Utterance::default()
            };
            for (name, words) in &told {
                match (utterance.field_mut(name), &words[row]) {
                    (Some(field), word) => field.clone_from(word),
                    (None, Some(word)) => {
                        utterance.extra.insert((*name).clone(), word.clone());
                    }
                    (None, None) => {}
                }
            }
            utterance
        };
        let is_extra = |name: &&&String| !OF_RECORDINGS.contains(&name.as_str());
        Manifest {
            utterances: self.parts.iter().enumerate().map(utterance).collect(),
            columns: told
                .iter()
                .map(|(name, _)| *name)
                .filter(|name| is_extra(&name))
                .cloned()
                .collect(),
            ..Manifest::default()
        }
    }

    /// The columns that are features, in their order; those of declared sets in the order of these.
    fn features(
        &self,
        manifest: &Manifest,
        declared: &Declared,
        notes: &mut Vec<String>,
    ) -> Result<Vec<String>, String> {
        let said = manifest.extra_columns().into_iter();
        let said: HashSet<String> = said.map(|name| folded(&name)).collect();
        let is_number = |column: &Column| column.as_floats().is_some();
        let (mut features, mut others) = (Vec::new(), Vec::new());
        let mut words = Vec::new();
        for (name, column) in &self.table.columns {
            let is_no_feature = is_ours(name)
                || said.contains(&folded(name))
                || is_label(name)
                || NO_FEATURES.contains(&name.to_lowercase().as_str());
            match is_number(column) {
                _ if self.index.contains(name) => {}
                true if !is_no_feature => features.push(name.clone()),
                true => others.push(name.clone()),
                false if !is_no_feature => words.push(name.clone()),
                false => {}
            }
        }
        if let Some(named) = self.table.feature_names() {
            features.retain(|name| named.contains(name));
        }
        if let Declared::Sets(sets) = declared {
            let settings = Settings {
                sets: sets.clone(),
                ..Settings::default()
            };
            let wanted = settings.feature_names();
            let there: HashSet<&String> = features.iter().collect();
            let lacking: Vec<String> = wanted
                .iter()
                .filter(|name| !there.contains(name))
                .cloned()
                .collect();
            if !lacking.is_empty() {
                return Err(format!(
                    "has not all features of the declared sets: {} of {} are missing ({}); leave --features out to import them under a name of their own",
                    lacking.len(),
                    wanted.len(),
                    first(&lacking, NAMED)
                ));
            }
            others.extend(
                features
                    .iter()
                    .filter(|name| !wanted.contains(name))
                    .cloned(),
            );
            features = wanted;
        }
        if features.is_empty() {
            return Err(format!(
                "has no columns of numbers that could be features; no features are {}",
                first(&others, 2 * NAMED)
            ));
        }
        for (names, what) in [(others, "of numbers"), (words, "of words")] {
            if !names.is_empty() {
                let columns = if names.len() == 1 {
                    "column"
                } else {
                    "columns"
                };
                notes.push(format!(
                    "{} {columns} {what} taken for no features: {}",
                    names.len(),
                    first(&names, 2 * NAMED)
                ));
            }
        }
        Ok(features)
    }

    /// The rows of the table that is to be, line by line of the manifest.
    fn joined(&self, manifest: &Manifest, notes: &mut Vec<String>) -> Result<Vec<Joined>, String> {
        let files = files_of(&self.parts, manifest)?;
        let mut lines_of: HashMap<&str, Vec<usize>> = HashMap::new();
        for (line, utterance) in manifest.utterances.iter().enumerate() {
            lines_of.entry(&utterance.file).or_default().push(line);
        }
        let mut rows = Vec::new();
        let mut strangers = Vec::new();
        for (row, part) in self.parts.iter().enumerate() {
            let lines = files.get(part.file.as_str()).map(|file| &lines_of[file]);
            match lines.map_or(Ok(None), |lines| line_of(part, lines, manifest))? {
                Some(line) => rows.push(Joined { line, row }),
                None => strangers.push(shown(part)),
            }
        }
        if rows.is_empty() {
            return Err(format!(
                "none of its {} rows is of a recording in the manifest; its first is of {:?}, the manifest's first of {:?}",
                self.parts.len(),
                self.parts.first().map_or("", |part| &part.file),
                manifest.utterances.first().map_or("", |u| &u.file)
            ));
        }
        let start = |joined: &Joined| self.parts[joined.row].start.unwrap_or(0.0);
        let end = |joined: &Joined| self.parts[joined.row].end.unwrap_or(f64::INFINITY);
        rows.sort_by(|a, b| {
            let by_line = a.line.cmp(&b.line);
            by_line
                .then(start(a).total_cmp(&start(b)))
                .then(end(a).total_cmp(&end(b)))
        });
        let twice = rows.windows(2).find(|pair| {
            let [a, b] = [&self.parts[pair[0].row], &self.parts[pair[1].row]];
            let starts = [a, b].map(|part| Some(part.start.unwrap_or(0.0)));
            pair[0].line == pair[1].line && is_near(starts[0], starts[1]) && is_near(a.end, b.end)
        });
        if let Some(pair) = twice {
            return Err(format!(
                "has two rows of {}; expected one for each part of a recording",
                shown(&self.parts[pair[0].row])
            ));
        }
        let found: HashSet<usize> = rows.iter().map(|joined| joined.line).collect();
        let alone = manifest.utterances.iter().enumerate();
        let alone: Vec<String> = alone
            .filter(|(line, _)| !found.contains(line))
            .map(|(_, utterance)| utterance.file.clone())
            .collect();
        for (lonely, all, what) in [
            (
                alone,
                manifest.utterances.len(),
                "lines of the manifest {have} no features",
            ),
            (
                strangers,
                self.parts.len(),
                "rows of features {have} no line in the manifest",
            ),
        ] {
            if !lonely.is_empty() {
                let have = if lonely.len() == 1 { "has" } else { "have" };
                notes.push(format!(
                    "{} of {all} {}: {}",
                    lonely.len(),
                    what.replace("{have}", have),
                    first(&lonely, NAMED)
                ));
            }
        }
        Ok(rows)
    }

    fn table(
        &self,
        manifest: &Manifest,
        rows: &[Joined],
        features: &[String],
        declared: &Declared,
    ) -> Table {
        let line = |joined: &Joined| &manifest.utterances[joined.line];
        let mut spans: HashMap<usize, ([f64; 2], usize)> = HashMap::new();
        for joined in rows {
            let (utterance, part) = (line(joined), &self.parts[joined.row]);
            let end = utterance.end.or(part.end).unwrap_or(f64::NAN);
            let (span, rows) = spans
                .entry(joined.line)
                .or_insert(([utterance.start.unwrap_or(0.0), end], 0));
            span[1] = span[1].max(end);
            *rows += 1;
        }
        let has_windows = spans.values().any(|(_, rows)| *rows > 1);
        let told = manifest.told();
        let double = |of: &dyn Fn(&Joined) -> f64| Column::Double(rows.iter().map(of).collect());
        let text = |of: &dyn Fn(&Utterance) -> Option<String>| {
            Column::Text(rows.iter().map(|joined| of(line(joined))).collect())
        };
        let mut columns: Vec<(String, Column)> =
            vec![(FILE.into(), text(&|u| Some(u.file.clone())))];
        if told.channels {
            let channel = |joined: &Joined| line(joined).channel.map(|channel| channel as i64);
            columns.push((
                CHANNEL.into(),
                Column::Int(rows.iter().map(channel).collect()),
            ));
        }
        if told.augment {
            columns.push((AUGMENT.into(), text(&|u| u.augment.map(|a| a.to_string()))));
        }
        let start = |joined: &Joined| {
            let part = &self.parts[joined.row];
            part.start.or(line(joined).start).unwrap_or(0.0)
        };
        let end = |joined: &Joined| {
            let part = &self.parts[joined.row];
            part.end.or(line(joined).end).unwrap_or(f64::NAN)
        };
        columns.push((START.into(), double(&start)));
        columns.push((END.into(), double(&end)));
        if has_windows {
            for (at, name) in OF_WINDOWS.iter().enumerate() {
                columns.push((
                    name.to_string(),
                    double(&|joined| spans[&joined.line].0[at]),
                ));
            }
        }
        for (at, name) in Utterance::FIELDS.iter().enumerate() {
            columns.push((
                name.to_string(),
                text(&|u| u.fields()[at].map(str::to_string)),
            ));
        }
        let taken: HashSet<&str> = features.iter().map(String::as_str).collect();
        for name in manifest.extra_columns() {
            let is_taken = taken.contains(name.as_str()) || columns.iter().any(|(n, _)| *n == name);
            if is_taken {
                continue;
            }
            let words = || rows.iter().map(|joined| line(joined).extra.get(&name));
            let column = match manifest.held(&name) {
                Held::Words => Column::Text(words().map(|word| word.cloned()).collect()),
                Held::Counts => Column::Int(
                    words()
                        .map(|word| word.and_then(|w| w.parse().ok()))
                        .collect(),
                ),
                Held::Numbers => {
                    let number = |word: Option<&String>| word.and_then(|w| w.parse().ok());
                    Column::Double(
                        words()
                            .map(|word| number(word).unwrap_or(f64::NAN))
                            .collect(),
                    )
                }
            };
            columns.push((name, column));
        }
        let by_name: BTreeMap<&str, &Column> = self
            .table
            .columns
            .iter()
            .map(|(name, column)| (name.as_str(), column))
            .collect();
        for name in features {
            let values = by_name[name.as_str()]
                .as_floats()
                .expect("a column of numbers");
            let values = rows.iter().map(|joined| values[joined.row]).collect();
            columns.push((name.clone(), Column::Float(values)));
        }
        Table {
            columns,
            metadata: self.metadata(features, declared),
        }
    }

    /// How the features were made, as far as it is known.
    fn metadata(&self, features: &[String], declared: &Declared) -> BTreeMap<String, String> {
        let name = match declared {
            Declared::Sets(sets) => {
                return Settings {
                    sets: sets.clone(),
                    ..Settings::default()
                }
                .table_metadata();
            }
            // One of ours keeps what it says of itself.
            Declared::Foreign(_) if self.table.metadata.contains_key(FEATURES_KEY) => {
                return self.table.metadata.clone();
            }
            Declared::Foreign(name) => name,
        };
        let names = serde_json::to_string(features).expect("names are plain strings");
        let pairs = [
            (FEATURES_KEY, names),
            (SETS_KEY, crate::catalogue::imported(name)),
            ("sentire.level", "functionals".into()),
            ("sentire.version", env!("CARGO_PKG_VERSION").into()),
        ];
        pairs.map(|(key, value)| (key.to_string(), value)).into()
    }
}

/// Numbers that people give to recordings, which a model would take for what is heard in them.
const LABELS: [&str; 9] = [
    "emotion",
    "label",
    "arousal",
    "activation",
    "valence",
    "pleasure",
    "dominance",
    "age",
    "rater",
];

/// Whether a column has the name of a label, a rating, or a number that stands for one or for a person: `valence`, `arousal_2`,
/// `emotion_id`, `speaker_id`.
fn is_label(name: &str) -> bool {
    let name = folded(name);
    let first = name.split('_').next().unwrap_or("");
    LABELS.contains(&first)
        || ["_id", "_label", "_class"]
            .iter()
            .any(|end| name.ends_with(end))
}

/// Whether a column has the name of one that our tables have beside features.
fn is_ours(name: &str) -> bool {
    let name = name.to_lowercase();
    let ours = [
        SPLIT,
        schema::TRUNCATED,
        schema::TRUTH,
        schema::PREDICTED,
        schema::FOLD,
    ];
    [
        &OF_RECORDINGS[..],
        &QUALITY,
        &PREDICTION,
        &schema::INDEX,
        &ours,
    ]
    .iter()
    .any(|names| names.contains(&name.as_str()))
}

/// A CSV as a table: columns in which everything that is not missing is a number, and the others.
fn of_csv(text: &str) -> Result<Table, String> {
    let is_key = |name: &str| KEYS.contains(&folded(name).as_str());
    let sheet = Sheet::of(text, is_key)?;
    let header: Vec<String> = sheet
        .header
        .iter()
        .map(|name| name.trim().to_string())
        .collect();
    let mut seen = HashSet::new();
    if let Some(twice) = header
        .iter()
        .find(|name| !name.is_empty() && !seen.insert(*name))
    {
        return Err(format!(
            "has two columns `{twice}`; expected different names"
        ));
    }
    let comma = sheet.delimiter != Some(',');
    let number = |cell: &str| -> Option<f64> {
        let cell = cell.trim();
        match comma && cell.contains(',') {
            true => cell.replace(',', ".").parse().ok(),
            false => cell.parse().ok(),
        }
    };
    // Which are numbers is known behind the last line.
    let is_always_words = |name: &String| {
        let folded = folded(name);
        is_ours(name) || [START, END].contains(&folded.as_str()) || is_key(name)
    };
    let mut is_words: Vec<bool> = header.iter().map(is_always_words).collect();
    let mut is_there = vec![false; header.len()];
    let mut rows = sheet.rows();
    let mut count = 0;
    while let Some(row) = rows.next()? {
        count += 1;
        if row.len() > header.len() {
            return Err(format!(
                "line {}: {} cells below a header of {}",
                row.line,
                row.len(),
                header.len()
            ));
        }
        for (at, cell) in row.cells.iter().enumerate().take(header.len()) {
            if !is_missing(cell) {
                is_there[at] = true;
                is_words[at] |= number(cell).is_none();
            }
        }
    }
    let of_kind = |is_words: bool| match is_words {
        true => Column::Text(Vec::with_capacity(count)),
        false => Column::Double(Vec::with_capacity(count)),
    };
    let mut columns: Vec<Column> = is_words
        .iter()
        .zip(&is_there)
        .map(|(&is_words, &is_there)| of_kind(is_words || !is_there))
        .collect();
    let mut rows = sheet.rows();
    while let Some(row) = rows.next()? {
        for (at, column) in columns.iter_mut().enumerate() {
            let cell = row.cells.get(at).map(|cell| cell.trim());
            let cell = cell.filter(|cell| !is_missing(cell));
            match column {
                Column::Double(values) => {
                    let value = cell.and_then(number).filter(|value| value.is_finite());
                    values.push(value.unwrap_or(f64::NAN));
                }
                Column::Text(words) => words.push(cell.map(str::to_string)),
                _ => unreachable!("no other column is made"),
            }
        }
    }
    // The numbers of rows, which pandas writes below no name.
    let named = header.into_iter().zip(columns);
    Ok(Table {
        columns: named.filter(|(name, _)| !name.is_empty()).collect(),
        ..Table::default()
    })
}

/// The parts of a path, whichever system wrote it.
fn parts_of(path: &str) -> Vec<String> {
    let path = path.replace('\\', "/");
    let path = composed(&path).into_owned();
    let parts = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    parts.map(str::to_string).collect()
}

/// The name of a recording without what follows its last point, if that is a kind of sound.
fn stem(name: &str) -> &str {
    match has_audio_extension(Path::new(name)) {
        true => name.rsplit_once('.').map_or(name, |(stem, _)| stem),
        false => name,
    }
}

/// Which file of the manifest each file of the features is.
fn files_of<'a>(
    parts: &'a [Place],
    manifest: &'a Manifest,
) -> Result<HashMap<&'a str, &'a str>, String> {
    let mut by_stem: HashMap<String, Vec<(&str, Vec<String>)>> = HashMap::new();
    let mut seen = HashSet::new();
    for utterance in &manifest.utterances {
        if seen.insert(utterance.file.as_str()) {
            let parts = parts_of(&utterance.file);
            let last = parts.last().map_or("", String::as_str);
            let key = stem(last).to_string();
            by_stem
                .entry(key)
                .or_default()
                .push((&utterance.file, parts));
        }
    }
    let mut found: HashMap<&str, &str> = HashMap::new();
    let mut taken: HashMap<&str, &str> = HashMap::new();
    for part in parts {
        let file = part.file.as_str();
        if found.contains_key(file) {
            continue;
        }
        let own = parts_of(file);
        let last = own.last().map_or("", String::as_str);
        // Instances of openSMILE are often called without what the file ends in.
        let has_no_kind = !has_audio_extension(Path::new(last));
        let is_end = |a: &[String], b: &[String]| {
            let both = a.iter().rev().zip(b.iter().rev()).enumerate();
            both.clone().all(|(at, (a, b))| {
                a == b || (at == 0 && has_no_kind && (stem(a) == b || a == stem(b)))
            })
        };
        let candidates = || by_stem.get(stem(last)).into_iter().flatten();
        let alike: Vec<(&str, (bool, usize))> = candidates()
            .filter(|(_, parts)| is_end(&own, parts))
            .map(|(name, parts)| {
                (
                    *name,
                    (parts.len() == own.len(), parts.len().min(own.len())),
                )
            })
            .collect();
        let Some(best) = alike.iter().map(|(_, alike)| *alike).max() else {
            continue;
        };
        let best: Vec<&str> = alike
            .iter()
            .filter(|(_, alike)| *alike == best)
            .map(|(name, _)| *name)
            .collect();
        // One that is no end of the path, and yet has more of it.
        let shared = |parts: &[String]| {
            let both = own.iter().rev().zip(parts.iter().rev());
            both.take_while(|(a, b)| a == b).count()
        };
        let chosen = parts_of(best[0]).len().min(own.len());
        let rival = candidates().find(|(name, parts)| *name != best[0] && shared(parts) > chosen);
        let rival = rival.map(|(name, _)| *name);
        let (name, other) = (best[0], best.get(1).copied().or(rival));
        if let Some(other) = other {
            return Err(format!(
                "{file} may be {name} or {other} of the manifest; name more of its path"
            ));
        }
        if let Some(other) = taken.insert(name, file) {
            return Err(format!(
                "{other} and {file} may both be {name} of the manifest; name more of its path there"
            ));
        }
        found.insert(file, name);
    }
    Ok(found)
}

fn is_near(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < SAME_TIME_S,
        (None, None) => true,
        _ => false,
    }
}

/// The line of the manifest, among those of its file, that a row of features belongs to.
fn line_of(part: &Place, lines: &[usize], manifest: &Manifest) -> Result<Option<usize>, String> {
    let of_channel = |line: &usize| {
        let channel = manifest.utterances[*line]
            .channel
            .map(|channel| channel as i64);
        part.channel.is_none() || channel.is_none() || channel == part.channel
    };
    let lines: Vec<usize> = lines.iter().copied().filter(of_channel).collect();
    let start = part.start.unwrap_or(0.0);
    let is_whole = start < SAME_TIME_S && part.end.is_none();
    let is_same = |line: &usize| {
        let utterance = &manifest.utterances[*line];
        let begins = (utterance.start.unwrap_or(0.0) - start).abs() < SAME_TIME_S;
        let no_times = part.start.is_none() && part.end.is_none();
        begins && is_near(utterance.end, part.end) || (lines.len() == 1 && no_times)
    };
    let is_within = |line: &usize| {
        let utterance = &manifest.utterances[*line];
        let from = utterance.start.unwrap_or(0.0) - SAME_TIME_S;
        let begins = start >= from;
        let ends = match (utterance.end, part.end) {
            (None, _) => true,
            (Some(to), Some(end)) => end <= to + SAME_TIME_S,
            // The whole of it, and the line ends where the recording does.
            (Some(_), None) => is_whole && lines.len() == 1 && from < SAME_TIME_S,
        };
        begins && ends
    };
    let same: Vec<usize> = lines.iter().copied().filter(is_same).collect();
    let fitting = match same.is_empty() {
        true => lines.iter().copied().filter(is_within).collect(),
        false => same,
    };
    match fitting[..] {
        [] if lines.len() > 1 && is_whole => Err(format!(
            "{} has a row for the whole of it, and {} lines in the manifest; expected columns start and end that say which part a row is of",
            part.file,
            lines.len()
        )),
        [] => Ok(None),
        [line] => Ok(Some(line)),
        _ => Err(format!(
            "{} has a row that fits {} lines of the manifest; expected columns start and end{} that tell them apart",
            shown(part),
            fitting.len(),
            if manifest.has_channels() {
                ", and channel,"
            } else {
                ""
            }
        )),
    }
}

/// A part in a message.
fn shown(part: &Place) -> String {
    match (part.start, part.end) {
        (None, None) => part.file.clone(),
        (start, Some(end)) => format!("{} ({} to {end} s)", part.file, start.unwrap_or(0.0)),
        (start, None) => format!("{} (from {} s)", part.file, start.unwrap_or(0.0)),
    }
}
