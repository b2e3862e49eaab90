//! Databases of audformat (Wagner et al. 2023, arXiv:2303.00645): a folder with a header `db.yaml` and a table in each of its files
//! `db.TABLE.csv` or `db.TABLE.parquet`. Read to a manifest, and written from one.
//!
//! What the package does beyond its documentation was tried with audformat 1.4.3: Parquet is read before CSV, whatever their dates;
//! numbers without a unit are nanoseconds in a table.

mod header;
mod table;
mod write;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::corpus::audformat::header::{Column, Header, Kind, Outline};
use crate::corpus::audformat::table::{Key, Rows};
use crate::corpus::layouts::put;
use crate::corpus::manifest::{Manifest, Utterance, settle_sexes};
use crate::corpus::spelling::first;
use crate::error::{Error, Result};
use crate::table::schema::{AUGMENT, CHANNEL, END, FILE, SPLIT, START};

pub use write::{check_folder, write};

/// The file that makes a folder a database.
pub const HEADER: &str = "db.yaml";

/// The databases in `dir`: itself, or those up to three folders below it, as audb's cache has them (`NAME/VERSION/FLAVOR`).
pub fn find(dir: &Path) -> Vec<PathBuf> {
    if dir.join(HEADER).is_file() {
        return vec![dir.to_path_buf()];
    }
    let entries = walkdir::WalkDir::new(dir)
        .min_depth(2)
        .max_depth(4)
        .sort_by_file_name();
    let entries = entries.into_iter().filter_map(|entry| entry.ok());
    let headers =
        entries.filter(|entry| entry.file_name() == HEADER && entry.file_type().is_file());
    headers
        .filter_map(|entry| Some(entry.path().parent()?.to_path_buf()))
        .collect()
}

/// Names of columns that say in a manifest what a row is.
const NO_COLUMNS: [&str; 3] = [FILE, START, END];

/// Reads a database. Its rows are those of the tables with emotions, a gold standard before others; what other tables say of the
/// same segments, or of the same files, is joined. Columns have audformat's names but for `gender` (`sex`) and `transcription` (`text`).
///
/// # Errors
/// Where the header or a table that it names cannot be read, or where there is no row.
pub fn read(dir: &Path) -> Result<Manifest> {
    let path = dir.join(HEADER);
    let fault = |reason: String| Error::Manifest {
        path: path.clone(),
        reason,
    };
    let text = std::fs::read_to_string(&path).map_err(Error::io(&path))?;
    let header = Header::parse(&text).map_err(fault)?;
    let mut findings = Vec::new();
    let mut tables: Vec<(&Outline, Rows)> = Vec::new();
    for outline in header
        .tables
        .iter()
        .filter(|table| table.kind != Kind::Misc)
    {
        match table::read(dir, outline)? {
            table::Read::Rows(rows) => tables.push((outline, rows)),
            table::Read::Pickle(name) => findings.push(format!(
                "{name} is left out: a pickle runs code when it is read; write the table anew in Python with \
                 audformat.Database.load({:?}).save({:?}, storage_format='parquet')",
                dir.display(),
                dir.display()
            )),
        }
    }
    let mut rows = Joined::new(&tables);
    let mut without_place = BTreeMap::new();
    for (outline, table) in by_weight(&tables) {
        let distinct: HashSet<&Key> = table.index.iter().collect();
        if distinct.len() < table.index.len() {
            findings.push(format!(
                "{} rows of the table {} are about what a row before them is about, and are left out",
                table.index.len() - distinct.len(),
                outline.id
            ));
        }
        let placed = rows.places(table, outline.kind);
        let left_out = placed.iter().filter(|keys| keys.is_empty()).count();
        if left_out > 0 {
            without_place.insert(outline.id.clone(), left_out);
        }
        for (column, values) in outline.columns.iter().zip(&table.columns) {
            let told = rows.add(&placed, values, name_of(column), &outline.id);
            findings.extend(told);
        }
        if let Some(split) = &outline.split {
            let values: Vec<Option<String>> = vec![Some(split.clone()); table.index.len()];
            rows.add(&placed, &values, SPLIT, &outline.id);
        }
    }
    if !tables
        .iter()
        .any(|(outline, _)| outline.columns.iter().any(is_emotion))
    {
        let names = tables
            .iter()
            .flat_map(|(outline, _)| outline.columns.iter().map(|column| column.id.clone()));
        let names: BTreeSet<String> = names.collect();
        let names: Vec<String> = names.into_iter().collect();
        findings.push(format!(
            "no column is called emotion, or has a scheme of that name with one rater; the columns are: {}",
            first(&names, 12)
        ));
    }
    for (table, rows) in without_place {
        findings.push(format!(
            "{rows} rows of the table {table} are about recordings, or parts of them, that no table gives an emotion, and are left out"
        ));
    }
    let mut utterances = rows.utterances(&header);
    if utterances.is_empty() {
        let left_out = findings
            .first()
            .map_or(String::new(), |note| format!("; {note}"));
        return Err(fault(format!("has no table with a row{left_out}")));
    }
    know_speakers(dir, &header, &mut utterances)?;
    findings.extend(settle_sexes(&mut utterances));
    other_format(dir, &header, &mut utterances);
    let missing: BTreeSet<String> = utterances
        .iter()
        .filter(|u| !dir.join(&u.file).is_file())
        .map(|u| u.file.clone())
        .collect();
    if !missing.is_empty() {
        let missing: Vec<String> = missing.into_iter().collect();
        findings.push(format!(
            "{} recordings of the database are not there: {}",
            missing.len(),
            first(&missing, 3)
        ));
    }
    Ok(Manifest {
        root: dir.to_path_buf(),
        utterances,
        columns: Vec::new(),
        findings,
    })
}

/// Whether a column says which emotion.
fn is_emotion(column: &Column) -> bool {
    let is_agreed = column.rater.as_deref().is_none_or(|rater| rater == "gold");
    column.id == "emotion" || column.scheme.as_deref() == Some("emotion") && is_agreed
}

/// Whether a column says who speaks.
fn is_speaker(column: &Column) -> bool {
    column.id == "speaker" || column.scheme.as_deref() == Some("speaker")
}

/// Tables with what was agreed on first.
fn by_weight<'a>(tables: &'a [(&'a Outline, Rows)]) -> Vec<(&'a Outline, &'a Rows)> {
    let mut sorted: Vec<(&Outline, &Rows)> = tables
        .iter()
        .map(|(outline, rows)| (*outline, rows))
        .collect();
    sorted.sort_by_key(|(outline, _)| !outline.id.contains("gold_standard"));
    sorted
}

/// What a column is called in a manifest.
fn name_of(column: &Column) -> &str {
    match column.id.as_str() {
        "transcription" | "transcript" => "text",
        _ if is_emotion(column) => "emotion",
        _ if is_speaker(column) => "speaker",
        own => own,
    }
}

/// Rows that are being put together.
struct Joined {
    order: Vec<Key>,
    rows: HashMap<Key, BTreeMap<String, String>>,
    of_file: HashMap<String, Vec<Key>>,
}

impl Joined {
    /// The rows of all tables with emotions; where there is none, all segments, or else all files.
    fn new(tables: &[(&Outline, Rows)]) -> Joined {
        let has_emotions = |outline: &Outline| outline.columns.iter().any(is_emotion);
        let any_emotions = tables.iter().any(|(outline, _)| has_emotions(outline));
        let any_segments = tables
            .iter()
            .any(|(outline, _)| outline.kind == Kind::Segmented);
        let is_main = |outline: &Outline| match any_emotions {
            true => has_emotions(outline),
            false => !any_segments || outline.kind == Kind::Segmented,
        };
        let mut joined = Joined {
            order: Vec::new(),
            rows: HashMap::new(),
            of_file: HashMap::new(),
        };
        for (_, rows) in tables.iter().filter(|(outline, _)| is_main(outline)) {
            for key in &rows.index {
                if joined.rows.insert(key.clone(), BTreeMap::new()).is_none() {
                    let of_file = joined.of_file.entry(key.file.clone()).or_default();
                    of_file.push(key.clone());
                    joined.order.push(key.clone());
                }
            }
        }
        joined
    }

    /// Of each row of a table the rows that it is about: itself, or those of its file.
    fn places(&self, table: &Rows, kind: Kind) -> Vec<Vec<Key>> {
        let of = |key: &Key| match self.rows.contains_key(key) {
            true => vec![key.clone()],
            false if kind == Kind::Filewise => {
                self.of_file.get(&key.file).cloned().unwrap_or_default()
            }
            false => Vec::new(),
        };
        table.index.iter().map(of).collect()
    }

    /// Puts the values of a column into the rows that they are about. Where another table has said something else under the same name,
    /// all of this column is named with its table; says so.
    fn add(
        &mut self,
        places: &[Vec<Key>],
        values: &[Option<String>],
        name: &str,
        table: &str,
    ) -> Option<String> {
        let cells = || {
            let cells = places
                .iter()
                .zip(values)
                .filter_map(|(keys, value)| Some((keys, value.as_ref()?)));
            cells.flat_map(|(keys, value)| keys.iter().map(move |key| (key, value)))
        };
        let differs = |(key, value): &(&Key, &String)| {
            self.rows[*key]
                .get(name)
                .is_some_and(|before| before != *value)
        };
        let conflicts = cells().filter(differs).count();
        let is_apart = conflicts > 0 || NO_COLUMNS.contains(&name);
        let own_name = format!("{table}.{name}");
        for (key, value) in cells() {
            let row = self.rows.get_mut(key).expect("it is among them");
            let name = if is_apart { &own_name } else { name };
            row.entry(name.to_string()).or_insert_with(|| value.clone());
        }
        (conflicts > 0).then(|| {
            format!("of {conflicts} rows the table {table} says another `{name}` than the tables before it; it stands in `{own_name}`")
        })
    }

    fn utterances(mut self, header: &Header) -> Vec<Utterance> {
        // Where a column says it of each, the header says it of none.
        let by_row = header
            .tables
            .iter()
            .any(|table| table.columns.iter().any(|column| column.id == "language"));
        let language = header.language().filter(|_| !by_row);
        let utterance = |key: &Key| {
            let mut utterance = Utterance {
                file: key.file.clone(),
                start: key.start_s(),
                end: key.end_s(),
                corpus: Some(header.name.clone()),
                language: language.clone(),
                ..Utterance::default()
            };
            for (name, value) in self.rows.remove(key).unwrap_or_default() {
                match name.as_str() {
                    CHANNEL if value.parse::<usize>().is_ok() => {
                        utterance.channel = value.parse().ok()
                    }
                    CHANNEL | AUGMENT => put(&mut utterance, &format!("audformat_{name}"), value),
                    name => put(&mut utterance, name, value),
                }
            }
            utterance
        };
        self.order.iter().map(utterance).collect()
    }
}

/// Adds what the header, or a table that it names, says of speakers.
fn know_speakers(dir: &Path, header: &Header, utterances: &mut [Utterance]) -> Result<()> {
    let scheme = header.tables.iter().flat_map(|table| &table.columns);
    let scheme = scheme
        .filter(|column| is_speaker(column))
        .find_map(|column| column.scheme.clone());
    let Some(known) = header.labels_of(scheme.as_deref().unwrap_or("speaker")) else {
        return Ok(());
    };
    let facts = match known {
        header::Labels::Facts(facts) => facts.clone(),
        header::Labels::Table(id) => {
            let outline = header
                .tables
                .iter()
                .find(|table| table.id == *id && table.kind == Kind::Misc);
            match outline
                .map(|outline| table::read_misc(dir, outline))
                .transpose()?
            {
                Some(facts) => facts,
                None => return Ok(()),
            }
        }
    };
    for utterance in utterances {
        let facts = utterance
            .speaker
            .as_ref()
            .and_then(|speaker| facts.get(speaker));
        for (name, value) in facts.into_iter().flatten() {
            match name.as_str() {
                "language" => utterance.language = Some(header::short_language(value)),
                name if !utterance.extra.contains_key(name) => put(utterance, name, value.clone()),
                _ => {}
            }
        }
    }
    Ok(())
}

/// A copy that audb converted keeps the names of the original in its tables.
fn other_format(dir: &Path, header: &Header, utterances: &mut [Utterance]) {
    let Some(format) = &header.converted_to else {
        return;
    };
    for utterance in utterances {
        let other = Path::new(&utterance.file).with_extension(format);
        if !dir.join(&utterance.file).is_file() && dir.join(&other).is_file() {
            utterance.file = other.to_string_lossy().into_owned();
        }
    }
}

#[cfg(test)]
mod tests;
