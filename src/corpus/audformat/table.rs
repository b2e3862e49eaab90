//! The tables of a database, CSV or Parquet.

use std::collections::BTreeMap;
use std::path::Path;

use crate::corpus::audformat::header::{Kind, Outline};
use crate::corpus::manifest::seconds;
use crate::error::{Error, Result};
use crate::table::words;

/// Which part of which file a row is about; times in nanoseconds, as audformat has them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Key {
    pub file: String,
    start: i64,
    /// None: the end of the file.
    end: Option<i64>,
}

impl Key {
    /// Where the segment begins in seconds; none where it is the whole file.
    pub fn start_s(&self) -> Option<f64> {
        (self.start > 0 || self.end.is_some()).then_some(self.start as f64 / 1e9)
    }

    /// Where it ends in seconds.
    pub fn end_s(&self) -> Option<f64> {
        self.end.map(|end| end as f64 / 1e9)
    }
}

/// A table: its index, and the values of each column of the header.
#[derive(Debug)]
pub struct Rows {
    pub index: Vec<Key>,
    pub columns: Vec<Vec<Option<String>>>,
}

/// What there is of a table.
pub enum Read {
    Rows(Rows),
    /// A file that runs code when it is read, and is not read.
    Pickle(String),
}

/// Cells by the names of their columns.
struct Cells {
    names: Vec<String>,
    columns: Vec<Vec<Option<String>>>,
}

impl Cells {
    fn column(&self, name: &str) -> Option<&Vec<Option<String>>> {
        let at = self.names.iter().position(|known| known == name)?;
        Some(&self.columns[at])
    }
}

/// Reads a table of recordings.
pub fn read(dir: &Path, outline: &Outline) -> Result<Read> {
    let Some((path, cells)) = cells(dir, &outline.id)? else {
        let pickle = format!("db.{}.pkl", outline.id);
        return match dir.join(&pickle).is_file() {
            true => Ok(Read::Pickle(pickle)),
            false => Err(Error::Manifest {
                path: dir.join(format!("db.{}.csv", outline.id)),
                reason: "is not there, nor is it as Parquet; the header names it".into(),
            }),
        };
    };
    let fault = |reason: String| Error::Manifest {
        path: path.clone(),
        reason,
    };
    let column = |name: &str| {
        let missing = || {
            fault(format!(
                "has no column `{name}`; its columns are: {}",
                cells.names.join(", ")
            ))
        };
        cells.column(name).ok_or_else(missing)
    };
    let files = column("file")?;
    let times = |name: &str| -> Result<Vec<Option<i64>>> {
        if outline.kind == Kind::Filewise {
            return Ok(vec![None; files.len()]);
        }
        let time = |(row, cell): (usize, &Option<String>)| match cell {
            None => Ok(None),
            Some(text) => nanoseconds(text).ok_or_else(|| {
                fault(format!(
                    "row {}: column `{name}`: {text:?} is no time such as 0 days 00:00:01.5",
                    row + 1
                ))
            }),
        };
        column(name)?.iter().enumerate().map(time).collect()
    };
    let (starts, ends) = (times("start")?, times("end")?);
    let mut index = Vec::new();
    for (row, ((file, start), end)) in files.iter().zip(starts).zip(ends).enumerate() {
        let file = file
            .clone()
            .ok_or_else(|| fault(format!("row {}: names no file", row + 1)))?;
        let start = start.unwrap_or(0);
        index.push(Key { file, start, end });
    }
    let values = outline.columns.iter().map(|c| column(&c.id).cloned());
    Ok(Read::Rows(Rows {
        index,
        columns: values.collect::<Result<_>>()?,
    }))
}

/// A table of labels and what is known of each.
pub fn read_misc(
    dir: &Path,
    outline: &Outline,
) -> Result<BTreeMap<String, BTreeMap<String, String>>> {
    let mut facts: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let Some((_, cells)) = cells(dir, &outline.id)? else {
        return Ok(facts);
    };
    let level = outline.levels.first().and_then(|level| cells.column(level));
    for (row, label) in level.into_iter().flatten().enumerate() {
        let Some(label) = label else { continue };
        let known = facts.entry(label.clone()).or_default();
        for column in &outline.columns {
            let value = cells
                .column(&column.id)
                .and_then(|values| values[row].clone());
            known.extend(value.map(|value| (column.id.clone(), value)));
        }
    }
    Ok(facts)
}

/// The cells of a table, of the file that audformat reads, too; none where there is neither CSV nor Parquet.
fn cells(dir: &Path, id: &str) -> Result<Option<(std::path::PathBuf, Cells)>> {
    let of = |format: &str| dir.join(format!("db.{id}.{format}"));
    let (parquet, csv) = (of("parquet"), of("csv"));
    let (path, cells) = match (parquet.is_file(), csv.is_file()) {
        (true, _) => (parquet.clone(), from_parquet(&parquet)),
        (false, true) => (csv.clone(), from_csv(&csv)),
        (false, false) => return Ok(None),
    };
    let cells = cells.map_err(|reason| Error::Manifest {
        path: path.clone(),
        reason,
    })?;
    Ok(Some((path, cells)))
}

/// Words that audformat takes for missing in a CSV, whatever the column.
const MISSING: [&str; 11] = [
    "", "-nan", "NA", "NaN", "nan", "NULL", "null", "n/a", "N/A", "#N/A", "NaT",
];

fn from_csv(path: &Path) -> Result<Cells, String> {
    let text = std::fs::read_to_string(path).map_err(|cause| cause.to_string())?;
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let wrong = |cause: csv::Error| cause.to_string();
    let names: Vec<String> = reader
        .headers()
        .map_err(wrong)?
        .iter()
        .map(str::to_string)
        .collect();
    let mut columns = vec![Vec::new(); names.len()];
    for record in reader.records() {
        let record = record.map_err(wrong)?;
        for (at, column) in columns.iter_mut().enumerate() {
            let cell = record.get(at).filter(|cell| !MISSING.contains(cell));
            column.push(cell.map(str::to_string));
        }
    }
    Ok(Cells { names, columns })
}

fn from_parquet(path: &Path) -> Result<Cells, String> {
    let (names, columns) = words::read(path)?;
    Ok(Cells { names, columns })
}

/// A time of a table: a whole number without a unit is in nanoseconds.
fn nanoseconds(text: &str) -> Option<Option<i64>> {
    if let Ok(whole) = text.parse::<i64>() {
        return (whole >= 0).then_some(Some(whole));
    }
    if text.parse::<f64>().is_ok() {
        return None;
    }
    let time = seconds(text)?;
    Some(time.map(|s| (s * 1e9).round() as i64))
}
