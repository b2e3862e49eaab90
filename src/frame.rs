//! Polars views of tables: group-by and statistics for `describe`, reports and notebooks (cargo
//! feature `frame`).
//!
//! Windows of one recording count its length once.
//!
//! Our own reader loads the Parquet; here its columns become a `DataFrame`, missing values nulls.

mod export;

use std::collections::HashSet;

use polars::prelude::*;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::table::schema::{CORPUS, DURATION, EMOTION, OF_WINDOWS, SPEAKER};
use crate::table::{self, Table};

/// Features listed as the emptiest and the most constant.
const LISTED: usize = 5;
/// Columns whose words rows are grouped by.
const GROUPED: [&str; 3] = [CORPUS, EMOTION, SPEAKER];

impl Table {
    /// The table as a Polars frame, without the columns that the Parquet file has as lists.
    pub fn to_frame(&self) -> Result<DataFrame> {
        let columns = self.flat().map(|(name, column)| {
            let name = PlSmallStr::from_str(name);
            match column {
                table::Column::Text(values) => Column::new(
                    name,
                    values.iter().map(Option::as_deref).collect::<Vec<_>>(),
                ),
                table::Column::Double(values) => Column::new(
                    name,
                    values
                        .iter()
                        .map(|v| (!v.is_nan()).then_some(*v))
                        .collect::<Vec<_>>(),
                ),
                table::Column::Float(values) => Column::new(
                    name,
                    values
                        .iter()
                        .map(|v| (!v.is_nan()).then_some(*v))
                        .collect::<Vec<_>>(),
                ),
                table::Column::Int(values) => Column::new(name, values.as_slice()),
                table::Column::Bool(values) => Column::new(name, values.as_slice()),
                table::Column::Time(_) => Column::new(name, column.texts()),
            }
        });
        DataFrame::new(self.rows(), columns.collect()).map_err(polars)
    }

    /// A Polars frame as a table. Times, categories and the like become words; what cannot
    /// (lists, structs) is an error.
    pub fn from_frame(frame: &DataFrame) -> Result<Table> {
        let column = |column: &Column| {
            let cast = |to: &DataType| column.strict_cast(to).map_err(polars);
            let values = match column.dtype() {
                DataType::Float64 => {
                    let values = column.f64().map_err(polars)?;
                    table::Column::Double(values.iter().map(|v| v.unwrap_or(f64::NAN)).collect())
                }
                DataType::Float32 => {
                    let values = column.f32().map_err(polars)?;
                    table::Column::Float(values.iter().map(|v| v.unwrap_or(f32::NAN)).collect())
                }
                DataType::Boolean => {
                    table::Column::Bool(column.bool().map_err(polars)?.iter().collect())
                }
                integer if integer.is_integer() => {
                    let column = cast(&DataType::Int64)?;
                    table::Column::Int(column.i64().map_err(polars)?.iter().collect())
                }
                _ => {
                    let column = cast(&DataType::String)?;
                    let words = column.str().map_err(polars)?;
                    table::Column::Text(words.iter().map(|w| w.map(str::to_string)).collect())
                }
            };
            Ok((column.name().to_string(), values))
        };
        Ok(Table {
            columns: frame.columns().iter().map(column).collect::<Result<_>>()?,
            ..Table::default()
        })
    }
}

fn polars(cause: PolarsError) -> Error {
    Error::Data(cause.to_string())
}

/// How many rows share a word, and how long their recordings are.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    /// The word; `None` for rows without one.
    pub name: Option<String>,
    /// Number of rows.
    pub rows: u32,
    /// Length of all together, in seconds.
    pub total_s: f64,
    /// Mean length in seconds.
    pub mean_s: f64,
}

/// A feature and how empty or how constant it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Oddity {
    /// Its name.
    pub feature: String,
    /// Rows without a value, or standard deviation over largest magnitude.
    pub value: f64,
}

/// Statistics of a feature table.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// Rows per corpus.
    pub corpus: Vec<Group>,
    /// Rows per emotion.
    pub emotion: Vec<Group>,
    /// Rows per speaker.
    pub speaker: Vec<Group>,
    /// Shortest, median and longest recording, in seconds.
    pub duration_s: [f64; 3],
    /// The features with the most rows without a value; only those that have any.
    pub most_nulls: Vec<Oddity>,
    /// The features with the least standard deviation, relative to their largest magnitude.
    pub least_variance: Vec<Oddity>,
}

/// Statistics of a table of recordings; missing index columns give empty lists.
pub fn statistics(table: &Table) -> Result<Statistics> {
    let mut frame = table.to_frame()?;
    for name in GROUPED {
        if let Some(words) = table.as_words(name) {
            let words: Vec<_> = words.iter().map(Option::as_deref).collect();
            let words = Column::new(name.into(), words);
            frame.with_column(words).map_err(polars)?;
        }
    }
    if let Some(durations) = durations_once(table) {
        frame
            .with_column(Column::new(DURATION.into(), durations))
            .map_err(polars)?;
    }
    let flat: HashSet<&str> = table.flat().map(|(name, _)| name.as_str()).collect();
    let mut features = table.feature_names().unwrap_or_default();
    features.retain(|name| flat.contains(name.as_str()));
    let duration = match frame.column(DURATION) {
        Ok(column) => column.as_materialized_series().clone(),
        Err(_) => Series::new_empty(DURATION.into(), &DataType::Float64),
    };
    let seconds = |value: Option<f64>| value.unwrap_or(f64::NAN);
    let mut nulls: Vec<Oddity> = Vec::new();
    let mut spread: Vec<Oddity> = Vec::new();
    for feature in features {
        let series = frame
            .column(&feature)
            .map_err(polars)?
            .as_materialized_series();
        let missing = series.null_count();
        if missing > 0 {
            nulls.push(Oddity {
                feature: feature.clone(),
                value: missing as f64,
            });
        }
        let bound = |value: Option<f32>| f64::from(value.unwrap_or(f32::NAN).abs());
        let largest =
            bound(series.min().map_err(polars)?).max(bound(series.max().map_err(polars)?));
        let relative = if largest > 0.0 {
            series.std(0).unwrap_or(0.0) / largest
        } else {
            0.0
        };
        spread.push(Oddity {
            feature,
            value: relative,
        });
    }
    nulls.sort_by(|a, b| b.value.total_cmp(&a.value));
    spread.sort_by(|a, b| a.value.total_cmp(&b.value));
    nulls.truncate(LISTED);
    spread.truncate(LISTED);
    let [corpus, emotion, speaker] = GROUPED.map(|by| groups(&frame, by));
    Ok(Statistics {
        corpus: corpus?,
        emotion: emotion?,
        speaker: speaker?,
        duration_s: [
            seconds(duration.min::<f64>().map_err(polars)?),
            seconds(duration.median()),
            seconds(duration.max::<f64>().map_err(polars)?),
        ],
        most_nulls: nulls,
        least_variance: spread,
    })
}

/// The lengths of recordings, each in the first row of its windows alone; `None` for a table
/// without windows.
fn durations_once(table: &Table) -> Option<Vec<Option<f64>>> {
    let doubles = |name: &str| match table.column(name)? {
        table::Column::Double(values) => Some(values),
        _ => None,
    };
    if OF_WINDOWS.iter().any(|name| table.column(name).is_none()) {
        return None;
    }
    let (listed, durations) = (table.listed_parts(), doubles(DURATION)?);
    let mut seen = HashSet::new();
    let of_row = |row: usize| {
        let is_first = seen.insert(listed.at(row));
        (is_first && !durations[row].is_nan()).then_some(durations[row])
    };
    Some((0..table.rows()).map(of_row).collect())
}

/// Rows and durations by the words of a column, sorted by word.
fn groups(frame: &DataFrame, by: &str) -> Result<Vec<Group>> {
    let is_of_words = |column: &Column| *column.dtype() == DataType::String;
    if !frame.column(by).is_ok_and(is_of_words) || frame.column(DURATION).is_err() {
        return Ok(Vec::new());
    }
    let grouped = frame
        .clone()
        .lazy()
        .group_by([col(by)])
        .agg([
            len().cast(DataType::UInt32).alias("rows"),
            col(DURATION).sum().alias("total_s"),
            col(DURATION).mean().alias("mean_s"),
        ])
        .sort([by], SortMultipleOptions::default().with_nulls_last(true))
        .collect()
        .map_err(polars)?;
    let column = |name: &str| grouped.column(name).map_err(polars);
    let (names, rows) = (
        column(by)?.str().map_err(polars)?,
        column("rows")?.u32().map_err(polars)?,
    );
    let (totals, means) = (
        column("total_s")?.f64().map_err(polars)?,
        column("mean_s")?.f64().map_err(polars)?,
    );
    let group = |i: usize| Group {
        name: names.get(i).map(str::to_string),
        rows: rows.get(i).unwrap_or(0),
        total_s: totals.get(i).unwrap_or(f64::NAN),
        mean_s: means.get(i).unwrap_or(f64::NAN),
    };
    Ok((0..grouped.height()).map(group).collect())
}

#[test]
fn a_table_goes_through_a_frame_unchanged() {
    let table = Table {
        columns: vec![
            (
                "word".into(),
                table::Column::Text(vec![Some("a".into()), None]),
            ),
            ("x".into(), table::Column::Float(vec![1.5, 2.5])),
            ("t".into(), table::Column::Double(vec![0.1, 0.2])),
            ("n".into(), table::Column::Int(vec![None, Some(3)])),
            ("is".into(), table::Column::Bool(vec![Some(true), None])),
        ],
        ..Table::default()
    };
    let frame = table.to_frame().unwrap();
    assert_eq!(Table::from_frame(&frame).unwrap(), table);
    let counted = frame.lazy().select([len()]).collect().unwrap();
    let counted = Table::from_frame(&counted).unwrap();
    assert_eq!(counted.columns[0].1, table::Column::Int(vec![Some(2)]));
}

#[test]
fn windows_count_the_length_of_their_recording_once() {
    let files = ["a", "a", "a", "b"].map(|f| Some(f.to_string())).to_vec();
    let doubles = |values: [f64; 4]| table::Column::Double(values.to_vec());
    let table = Table {
        columns: vec![
            ("file".into(), table::Column::Text(files.clone())),
            ("utterance_start".into(), doubles([0.0, 0.0, 5.0, 0.0])),
            ("utterance_end".into(), doubles([2.0, 2.0, 8.0, 4.0])),
            ("emotion".into(), table::Column::Text(files)),
            ("duration_s".into(), doubles([2.0, 2.0, 3.0, 4.0])),
        ],
        ..Table::default()
    };
    let statistics = statistics(&table).unwrap();
    let a = &statistics.emotion[0];
    assert_eq!((a.rows, a.total_s, a.mean_s), (3, 5.0, 2.5));
    assert_eq!(statistics.duration_s, [2.0, 3.0, 4.0]);
}

#[test]
fn a_table_is_counted_and_its_odd_features_named() {
    let text = |words: &[Option<&str>]| {
        table::Column::Text(words.iter().map(|w| w.map(str::to_string)).collect())
    };
    let table = Table {
        columns: vec![
            (
                "emotion".into(),
                text(&[Some("sad"), Some("angry"), Some("sad"), None]),
            ),
            (
                "duration_s".into(),
                table::Column::Double(vec![1.0, 2.0, 3.0, 10.0]),
            ),
            (
                "x".into(),
                table::Column::Float(vec![f32::NAN, 1.0, -1.0, f32::NAN]),
            ),
            ("y".into(), table::Column::Float(vec![5.0; 4])),
        ],
        metadata: [(table::FEATURES_KEY.to_string(), r#"["x","y"]"#.to_string())].into(),
    };
    let statistics = statistics(&table).unwrap();
    let read: Vec<_> = statistics
        .emotion
        .iter()
        .map(|g| (g.name.as_deref(), g.rows, g.total_s))
        .collect();
    assert_eq!(
        read,
        [
            (Some("angry"), 1, 2.0),
            (Some("sad"), 2, 4.0),
            (None, 1, 10.0)
        ]
    );
    assert_eq!(statistics.duration_s, [1.0, 2.5, 10.0]);
    assert_eq!(
        statistics.most_nulls,
        [Oddity {
            feature: "x".into(),
            value: 2.0
        }]
    );
    assert_eq!(
        statistics.least_variance[0],
        Oddity {
            feature: "y".into(),
            value: 0.0
        }
    );
    assert!(statistics.corpus.is_empty());
}
