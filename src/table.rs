//! Tables: written to Parquet by streaming row groups, read from Parquet as plain columns.
//!
//! Columns have plain types that every tool reads. Some feature sets are stored as one column of lists each, here called a
//! view (see [`Table::without_views`]). Files are compressed by zstd; see [`Encoding`] for floating point. A missing value
//! is null in the file; in memory a missing number is NaN.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int64Array, StringArray,
    TimestampMillisecondArray,
};
use arrow::datatypes::{
    DataType, Field, Float32Type, Float64Type, Int64Type, Schema, TimeUnit,
    TimestampMillisecondType,
};
use chrono::{DateTime, SecondsFormat};

use crate::error::{Error, Result};
use crate::output::Output;
use crate::table::file::TableFile;
use crate::table::view::Stored;
use crate::table::writer::Storage;

mod arff;
mod export;
mod file;
mod folder;
pub mod part;
mod rows;
pub mod schema;
mod source;
mod stream;
mod view;
pub mod words;
mod writer;

pub use arff::{is_arff, parse_arff};
pub use folder::{part, part_name};
pub use part::{Part, Told};
pub use rows::RowReader;
pub use stream::Stream;
pub use view::{is_names_of_features, key as view_key, without_names};
pub use writer::{Encoding, Writer};

/// Rows of a row group. With the 6676 default features a group takes 109 MB in memory, and a million rows make 250 groups.
const ROWS_PER_GROUP: usize = 4096;

/// Rows that are read at a time: they are in memory twice.
const ROWS_AT_A_TIME: usize = 512;

/// Metadata key that lists the feature columns, as a JSON array of names.
pub const FEATURES_KEY: &str = "sentire.features";

/// A metadata key without the prefix `sentire.`, for display.
pub fn plain_key(key: &str) -> &str {
    key.trim_start_matches("sentire.")
}

/// The values of one column.
///
/// ```
/// use sentire::prelude::*;
///
/// let column = Column::Float(vec![0.25, f32::NAN]);
/// assert_eq!((column.text_of(0).as_str(), column.text_of(1).as_str()), ("0.25", ""));
/// assert_eq!(column.select(&[1, 0, 0]).len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// Words.
    Text(Vec<Option<String>>),
    /// Seconds, and other numbers that need double precision; NaN where missing.
    Double(Vec<f64>),
    /// Features; NaN where missing.
    Float(Vec<f32>),
    /// Counts.
    Int(Vec<Option<i64>>),
    /// Flags.
    Bool(Vec<Option<bool>>),
    /// Moments: milliseconds since 1970 began in UTC.
    Time(Vec<Option<i64>>),
}

const UTC: &str = "UTC";

/// A moment as in RFC 3339: `2026-11-28T03:04:05Z`; milliseconds where it has any.
fn moment(ms: i64) -> String {
    let time = DateTime::from_timestamp_millis(ms);
    time.map_or(String::new(), |time| {
        time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
    })
}

impl Column {
    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Text(values) => values.len(),
            Column::Double(values) => values.len(),
            Column::Float(values) => values.len(),
            Column::Int(values) => values.len(),
            Column::Bool(values) => values.len(),
            Column::Time(values) => values.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// An empty column of the same type.
    pub fn emptied(&self) -> Column {
        self.blanks(0)
    }

    /// `rows` missing values of the same type.
    pub fn blanks(&self, rows: usize) -> Column {
        match self {
            Column::Text(_) => Column::Text(vec![None; rows]),
            Column::Double(_) => Column::Double(vec![f64::NAN; rows]),
            Column::Float(_) => Column::Float(vec![f32::NAN; rows]),
            Column::Int(_) => Column::Int(vec![None; rows]),
            Column::Bool(_) => Column::Bool(vec![None; rows]),
            Column::Time(_) => Column::Time(vec![None; rows]),
        }
    }

    /// The values of the rows `rows` (from 0), in that order. Panics if a row does not exist.
    pub fn select(&self, rows: &[usize]) -> Column {
        fn picked<T: Clone>(values: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().map(|&row| values[row].clone()).collect()
        }
        match self {
            Column::Text(values) => Column::Text(picked(values, rows)),
            Column::Double(values) => Column::Double(picked(values, rows)),
            Column::Float(values) => Column::Float(picked(values, rows)),
            Column::Int(values) => Column::Int(picked(values, rows)),
            Column::Bool(values) => Column::Bool(picked(values, rows)),
            Column::Time(values) => Column::Time(picked(values, rows)),
        }
    }

    /// Appends the values of a column of the same type; returns `false` if the types differ.
    fn append(&mut self, other: &Column) -> bool {
        match (self, other) {
            (Column::Text(values), Column::Text(other)) => values.extend_from_slice(other),
            (Column::Double(values), Column::Double(other)) => values.extend_from_slice(other),
            (Column::Float(values), Column::Float(other)) => values.extend_from_slice(other),
            (Column::Int(values), Column::Int(other)) => values.extend_from_slice(other),
            (Column::Bool(values), Column::Bool(other)) => values.extend_from_slice(other),
            (Column::Time(values), Column::Time(other)) => values.extend_from_slice(other),
            _ => return false,
        }
        true
    }

    /// The value of a row as written to CSV: the shortest digits that parse to the same number, empty if missing.
    pub fn text_of(&self, row: usize) -> String {
        fn shown<T: ToString>(value: Option<T>) -> String {
            value.map_or(String::new(), |value| value.to_string())
        }
        match self {
            Column::Text(values) => values[row].clone().unwrap_or_default(),
            Column::Double(values) => shown(Some(values[row]).filter(|v| v.is_finite())),
            Column::Float(values) => shown(Some(values[row]).filter(|v| v.is_finite())),
            Column::Int(values) => shown(values[row]),
            Column::Bool(values) => shown(values[row]),
            Column::Time(values) => shown(values[row].map(moment)),
        }
    }

    /// The values as numbers, NaN where missing; `None` for words and moments.
    pub fn numbers(&self) -> Option<Vec<f64>> {
        let of = |value: Option<f64>| value.unwrap_or(f64::NAN);
        Some(match self {
            Column::Text(_) | Column::Time(_) => return None,
            Column::Double(values) => values.clone(),
            Column::Float(values) => values.iter().map(|&v| f64::from(v)).collect(),
            Column::Int(values) => values.iter().map(|v| of(v.map(|v| v as f64))).collect(),
            Column::Bool(values) => values.iter().map(|v| of(v.map(f64::from))).collect(),
        })
    }

    /// The values in single precision, in which features are computed but other programs may not store them; `None` for
    /// words and flags.
    pub fn as_floats(&self) -> Option<Cow<'_, [f32]>> {
        let single = |value: f64| {
            Some(value as f32)
                .filter(|v| v.is_finite())
                .unwrap_or(f32::NAN)
        };
        Some(match self {
            Column::Float(values) => Cow::Borrowed(values),
            Column::Double(_) | Column::Int(_) => self.numbers()?.into_iter().map(single).collect(),
            Column::Text(_) | Column::Bool(_) | Column::Time(_) => return None,
        })
    }

    /// The values as words, because other programs turn speakers and labels made of digits into numbers: whole numbers in
    /// digits, flags as `true` and `false`. `None` if any number is not whole.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let speakers = Column::Double(vec![3.0, f64::NAN]);
    /// assert_eq!(speakers.as_words().unwrap()[..], [Some("3".to_string()), None]);
    /// assert!(Column::Double(vec![0.5]).as_words().is_none());
    /// ```
    pub fn as_words(&self) -> Option<Cow<'_, [Option<String>]>> {
        // The first whole number whose neighbour a 64-bit float does not have.
        const LARGEST: f64 = (1_u64 << 53) as f64;
        let is_word =
            |value: f64| value.is_nan() || (value.fract() == 0.0 && value.abs() < LARGEST);
        match self {
            Column::Text(values) => return Some(Cow::Borrowed(values)),
            Column::Double(values) if !values.iter().all(|&v| is_word(v)) => return None,
            Column::Float(values) if !values.iter().all(|&v| is_word(v.into())) => return None,
            _ => {}
        }
        Some(Cow::Owned(self.texts()))
    }

    /// The [text](Column::text_of) of every row, `None` where missing.
    pub(crate) fn texts(&self) -> Vec<Option<String>> {
        let text = |row| Some(self.text_of(row)).filter(|text| !text.is_empty());
        (0..self.len()).map(text).collect()
    }

    fn data_type(&self) -> DataType {
        match self {
            Column::Text(_) => DataType::Utf8,
            Column::Double(_) => DataType::Float64,
            Column::Float(_) => DataType::Float32,
            Column::Int(_) => DataType::Int64,
            Column::Bool(_) => DataType::Boolean,
            Column::Time(_) => DataType::Timestamp(TimeUnit::Millisecond, Some(UTC.into())),
        }
    }

    fn to_arrow(&self) -> ArrayRef {
        match self {
            Column::Text(values) => Arc::new(StringArray::from_iter(values)),
            Column::Double(values) => Arc::new(Float64Array::from_iter(
                values.iter().map(|&v| v.is_finite().then_some(v)),
            )),
            Column::Float(values) => Arc::new(Float32Array::from_iter(
                values.iter().map(|&v| v.is_finite().then_some(v)),
            )),
            Column::Int(values) => Arc::new(Int64Array::from_iter(values)),
            Column::Bool(values) => Arc::new(BooleanArray::from_iter(values)),
            Column::Time(values) => Arc::new(
                TimestampMillisecondArray::from_iter(values.iter().copied()).with_timezone(UTC),
            ),
        }
    }

    /// An empty column for an Arrow type; `None` for types that our tables do not have.
    fn empty_of(data_type: &DataType) -> Option<Column> {
        Some(match data_type {
            // ClickHouse may write words without saying that they are; a column without any value has no type in pandas.
            DataType::Utf8
            | DataType::LargeUtf8
            | DataType::Utf8View
            | DataType::Binary
            | DataType::LargeBinary
            | DataType::BinaryView
            | DataType::Null => Column::Text(Vec::new()),
            DataType::Dictionary(_, values) => return Column::empty_of(values),
            DataType::Float64
            // pandas' timedelta64, as seconds.
            | DataType::Duration(_)
            | DataType::Decimal32(..)
            | DataType::Decimal64(..)
            | DataType::Decimal128(..)
            | DataType::Decimal256(..)
            // Not all of them are whole numbers of ours.
            | DataType::UInt64 => Column::Double(Vec::new()),
            DataType::Float16 | DataType::Float32 => Column::Float(Vec::new()),
            DataType::Int8
            | DataType::Int16
            | DataType::Int32
            | DataType::Int64
            | DataType::UInt8
            | DataType::UInt16
            | DataType::UInt32 => Column::Int(Vec::new()),
            DataType::Boolean => Column::Bool(Vec::new()),
            DataType::Timestamp(..) => Column::Time(Vec::new()),
            _ => return None,
        })
    }

    /// Appends durations as seconds.
    fn append_durations(
        &mut self,
        array: &ArrayRef,
        unit: TimeUnit,
    ) -> Result<(), arrow::error::ArrowError> {
        let per_second = match unit {
            TimeUnit::Second => 1.0,
            TimeUnit::Millisecond => 1e3,
            TimeUnit::Microsecond => 1e6,
            TimeUnit::Nanosecond => 1e9,
        };
        let array = arrow::compute::cast(array, &DataType::Int64)?;
        let seconds =
            |count: Option<i64>| count.map_or(f64::NAN, |count| count as f64 / per_second);
        let seconds: Vec<f64> = array
            .as_primitive::<Int64Type>()
            .iter()
            .map(seconds)
            .collect();
        self.append(&Column::Double(seconds));
        Ok(())
    }

    fn append_arrow(&mut self, array: &ArrayRef) -> Result<(), arrow::error::ArrowError> {
        if let DataType::Duration(unit) = array.data_type() {
            return self.append_durations(array, *unit);
        }
        // Other tools write the same things as larger or smaller types.
        let array = arrow::compute::cast(array, &self.data_type())?;
        match self {
            Column::Text(values) => values.extend(
                array
                    .as_string::<i32>()
                    .iter()
                    .map(|v| v.map(str::to_string)),
            ),
            Column::Double(values) => {
                values.extend(
                    array
                        .as_primitive::<Float64Type>()
                        .iter()
                        .map(|v| v.filter(|v| v.is_finite()).unwrap_or(f64::NAN)),
                );
            }
            Column::Float(values) => {
                values.extend(
                    array
                        .as_primitive::<Float32Type>()
                        .iter()
                        .map(|v| v.filter(|v| v.is_finite()).unwrap_or(f32::NAN)),
                );
            }
            Column::Int(values) => values.extend(array.as_primitive::<Int64Type>().iter()),
            Column::Bool(values) => values.extend(array.as_boolean().iter()),
            Column::Time(values) => {
                values.extend(array.as_primitive::<TimestampMillisecondType>().iter());
            }
        }
        Ok(())
    }
}

/// A table: named columns of equal length, and metadata on how they were made.
///
/// ```
/// use sentire::prelude::*;
///
/// let table = Table {
///     columns: vec![
///         ("speaker".into(), Column::Text(vec![Some("anna".into()), None])),
///         ("f0_hz_mean".into(), Column::Float(vec![210.0, f32::NAN])),
///     ],
///     ..Table::default()
/// };
/// assert_eq!(table.rows(), 2);
/// assert_eq!(table.words("speaker")?, ["anna", "unknown"]);
/// assert_eq!(table.numbers("f0_hz_mean")?[0], 210.0);
/// assert!(table.numbers("loudness").is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    /// Columns in their order.
    pub columns: Vec<(String, Column)>,
    /// Key-value metadata of the file.
    pub metadata: BTreeMap<String, String>,
}

impl Table {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, column)| column.len())
    }

    /// The column named `name`.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|(n, _)| n == name)
            .map(|(_, column)| column)
    }

    /// The words of column `name`; `None` if there is no such column or it does not hold words.
    pub fn text(&self, name: &str) -> Option<&[Option<String>]> {
        match self.column(name)? {
            Column::Text(values) => Some(values),
            _ => None,
        }
    }

    /// The values of column `name` as [words](Column::as_words); `None` if there is no such column or they are not words.
    pub fn as_words(&self, name: &str) -> Option<Cow<'_, [Option<String>]>> {
        self.column(name)?.as_words()
    }

    /// Appends the rows of a table with the same columns in the same order, else it is an error. A table without columns
    /// becomes a copy of the other.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let seconds = |column| Table { columns: vec![("s".into(), column)], ..Table::default() };
    /// let mut table = seconds(Column::Double(vec![0.5]));
    /// table.append(&seconds(Column::Double(vec![1.5])))?;
    /// assert_eq!(table.numbers("s")?, [0.5, 1.5]);
    /// assert!(table.append(&seconds(Column::Int(vec![Some(2)]))).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn append(&mut self, rows: &Table) -> Result<()> {
        if self.columns.is_empty() {
            *self = rows.clone();
            return Ok(());
        }
        let same = self.columns.len() == rows.columns.len();
        let pairs = self.columns.iter_mut().zip(&rows.columns);
        for ((name, column), (other_name, other)) in pairs {
            if !same || name != other_name || !column.append(other) {
                return Err(Error::Data(format!(
                    "tables that do not fit together: column `{name}` of one is not column `{other_name}` of the other"
                )));
            }
        }
        Ok(())
    }

    /// The rows `rows` (from 0), in that order, with the same metadata. Panics if a row does not exist.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let seconds = Column::Double(vec![0.5, 1.5, 2.5]);
    /// let table = Table { columns: vec![("s".into(), seconds)], ..Table::default() };
    /// assert_eq!(table.select(&[2, 0]).numbers("s")?, [2.5, 0.5]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn select(&self, rows: &[usize]) -> Table {
        let selected = |(name, column): &(String, Column)| (name.clone(), column.select(rows));
        Table {
            columns: self.columns.iter().map(selected).collect(),
            metadata: self.metadata.clone(),
        }
    }

    /// The columns `names`, in that order; a missing column is an error.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let column = |name: &str| (name.to_string(), Column::Float(vec![0.5]));
    /// let table = Table { columns: ["a", "b", "c"].map(column).into(), ..Table::default() };
    /// let two = table.select_columns(&["c", "a"])?;
    /// assert_eq!(two.columns, [column("c"), column("a")]);
    /// assert!(table.select_columns(&["d"]).is_err());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn select_columns(&self, names: &[&str]) -> Result<Table> {
        let of_name = |name: &&str| {
            let column = self.column(name).ok_or_else(|| self.no_column(name))?;
            Ok((name.to_string(), column.clone()))
        };
        let mut metadata = self.metadata.clone();
        if let Some(mut features) = self.feature_names() {
            features.retain(|feature| names.contains(&feature.as_str()));
            let features = serde_json::to_string(&features).expect("names are plain strings");
            metadata.insert(FEATURES_KEY.into(), features);
        }
        Ok(Table {
            columns: names.iter().map(of_name).collect::<Result<_>>()?,
            metadata,
        })
    }

    /// The columns `names`, in that order; the error names the missing one.
    fn arranged(self, names: &[String]) -> Result<Table, String> {
        let mut columns: HashMap<String, Column> = self.columns.into_iter().collect();
        let of_name = |name: &String| {
            let column = columns.remove(name);
            let column = column.ok_or_else(|| format!("there is no column `{name}` any more"))?;
            Ok((name.clone(), column))
        };
        Ok(Table {
            columns: names.iter().map(of_name).collect::<Result<_, String>>()?,
            metadata: self.metadata,
        })
    }

    /// The values of column `name` as numbers, NaN where missing; an error if there is no such column or it holds words.
    pub fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let column = self.column(name).ok_or_else(|| self.no_column(name))?;
        column
            .numbers()
            .ok_or_else(|| Error::Data(format!("column `{name}` holds words; expected numbers")))
    }

    /// The values of column `name` as words, "unknown" where missing; an error if there is no such column.
    pub fn words(&self, name: &str) -> Result<Vec<String>> {
        let column = self.column(name).ok_or_else(|| self.no_column(name))?;
        let word = |row| match column.text_of(row) {
            missing if missing.is_empty() => "unknown".to_string(),
            word => word,
        };
        Ok((0..self.rows()).map(word).collect())
    }

    fn no_column(&self, name: &str) -> Error {
        const LISTED: usize = 12;
        let names: Vec<&str> = self.columns.iter().map(|(n, _)| n.as_str()).collect();
        let listed = names[..names.len().min(LISTED)].join(", ");
        let more = match names.len().checked_sub(LISTED) {
            Some(more @ 1..) => format!(" and {more} more"),
            _ => String::new(),
        };
        Error::Data(format!(
            "there is no column `{name}`; there are {listed}{more}"
        ))
    }

    /// Names of the feature columns, from the metadata key [`FEATURES_KEY`]; `None` if the table does not have it.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let mut table = Table::default();
    /// assert_eq!(table.feature_names(), None);
    /// table.metadata.insert("sentire.features".into(), "[\"f0_hz_mean\"]".into());
    /// assert_eq!(table.feature_names(), Some(vec!["f0_hz_mean".to_string()]));
    /// ```
    pub fn feature_names(&self) -> Option<Vec<String>> {
        serde_json::from_str(self.metadata.get(FEATURES_KEY)?).ok()
    }

    /// Writes the whole table to a Parquet file, with floats in the plain encoding, which every reader knows.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("speakers.parquet");
    /// let speakers = Column::Text(vec![Some("anna".into()), None]);
    /// let table = Table { columns: vec![("speaker".into(), speakers)], ..Table::default() };
    /// table.write(&path)?;
    /// assert_eq!(Table::read(&path)?, table);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        self.write_encoded(path, Encoding::Plain)
    }

    /// The same, with floats in the encoding `encoding`.
    pub fn write_encoded(&self, path: impl AsRef<Path>, encoding: Encoding) -> Result<()> {
        let mut writer = Writer::create(path.as_ref(), self, encoding)?;
        writer.write(self)?;
        writer.finish()
    }

    /// Whether there is a file at `path`, or a folder that contains tables.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// assert!(!Table::is_at("corpora/demo".as_ref()), "a folder without tables");
    /// ```
    pub fn is_at(path: &Path) -> bool {
        path.is_file() || (path.is_dir() && folder::files(path).is_ok())
    }

    /// Reads a whole table: a file, or a folder with the parts of one. Columns of types that our tables do not have (times,
    /// lists other than views) are left out. An error if a file is not Parquet, is damaged, or has two columns of one
    /// name, or if the parts do not belong together.
    pub fn read(path: impl AsRef<Path>) -> Result<Table> {
        Table::read_with_views(path, &[])
    }

    /// The same, but in a table whose metadata name no features, columns of lists with these names and lengths are read as
    /// views: `views` has the name of each and the names of its numbers.
    pub fn read_with_views(path: impl AsRef<Path>, views: &[(&str, Vec<String>)]) -> Result<Table> {
        let read = |file: &Path| {
            let file = TableFile::open(file)?;
            Table::read_groups(&file, 0..file.groups().len(), |_| true, views)
        };
        folder::joined(path.as_ref(), read)
    }

    /// Reads those of the columns `names` that the table has.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("table.parquet");
    /// let column = |name: &str| (name.to_string(), Column::Float(vec![0.5]));
    /// Table { columns: ["a", "b", "c"].map(column).into(), ..Table::default() }.write(&path)?;
    /// let read = Table::read_columns(&path, &["b", "d"])?;
    /// assert_eq!(read.columns, [column("b")]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn read_columns(path: &Path, names: &[&str]) -> Result<Table> {
        let read = |file: &Path| {
            let file = TableFile::open(file)?;
            let is_wanted = |name: &str| names.contains(&name);
            Table::read_groups(&file, 0..file.groups().len(), is_wanted, &[])
        };
        folder::joined(path, read)
    }

    /// Reads the row groups of these numbers, and these views too where the metadata name no features.
    fn read_groups(
        file: &TableFile,
        groups: Range<usize>,
        is_wanted: impl Fn(&str) -> bool,
        known: &[(&str, Vec<String>)],
    ) -> Result<Table> {
        let wrong = |column: &str, cause: String| Error::Table {
            path: file.path().to_path_buf(),
            reason: format!("column `{column}`: {cause}"),
        };
        let mut metadata = file.metadata();
        if !metadata.contains_key(FEATURES_KEY) {
            let values_per_row = |column| file.values_per_row(column);
            view::describe(&mut metadata, file.fields(), values_per_row, known);
        }
        let mut views: BTreeMap<&str, Vec<String>> = view::views(&metadata).into_iter().collect();
        let mut wanted = Vec::new();
        let mut columns = Vec::new();
        let mut names = HashSet::new();
        for (i, field) in file.fields().iter().enumerate() {
            let name = field.name();
            let column = match views.remove(name.as_str()) {
                Some(numbers) if numbers.iter().any(|number| is_wanted(number)) => {
                    view::check(field.data_type(), file.values_per_row(i), numbers.len())
                        .map_err(|cause| wrong(name, cause))?;
                    let columns = vec![Vec::new(); numbers.len()];
                    Some(Reading::View(numbers, columns))
                }
                None if is_wanted(name) => Column::empty_of(field.data_type())
                    .map(|column| Reading::Flat(name.clone(), column)),
                _ => None,
            };
            if let Some(column) = column {
                if !names.insert(name) {
                    return Err(wrong(
                        name,
                        "there are two of this name; expected one, rename or drop the other".into(),
                    ));
                }
                wanted.push(i);
                columns.push(column);
            }
        }
        for batch in file.batches(&wanted, groups, ROWS_AT_A_TIME)? {
            let batch = batch?;
            for (field, (column, array)) in
                (batch.schema().fields().iter()).zip(columns.iter_mut().zip(batch.columns()))
            {
                let appended = match column {
                    Reading::Flat(_, column) => {
                        column.append_arrow(array).map_err(|e| e.to_string())
                    }
                    Reading::View(_, columns) => view::append(columns, array),
                };
                appended.map_err(|cause| wrong(field.name(), cause))?;
            }
        }
        let read = columns.into_iter().flat_map(|column| match column {
            Reading::Flat(name, column) => vec![(name, column)],
            Reading::View(names, columns) => {
                let named = names.into_iter().zip(columns);
                let named = named.filter(|(name, _)| is_wanted(name));
                named
                    .map(|(name, values)| (name, Column::Float(values)))
                    .collect()
            }
        });
        Ok(Table {
            columns: read.collect(),
            metadata,
        })
    }

    /// Reads only the metadata of a file.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("demo.parquet");
    /// # let manifest = Manifest { root: "corpora/demo".into(), ..Manifest::default() };
    /// # let first = Utterance { file: "f1_angry_s1.flac".into(), ..Utterance::default() };
    /// # let manifest = Manifest { utterances: vec![first], ..manifest };
    /// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
    /// # extract::update(&manifest, &egemaps, &path)?;
    /// let metadata = Table::read_metadata(&path)?;
    /// assert_eq!(metadata["sentire.sets"], catalogue::versioned(&[FeatureSet::EGEMAPS]));
    /// assert_eq!(metadata["sentire.rate"], "16000");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn read_metadata(path: &Path) -> Result<BTreeMap<String, String>> {
        Ok(TableFile::open(path)?.metadata())
    }
}

impl Table {
    /// The columns of the file that stores ours so.
    fn fields(&self, layout: &[Stored]) -> Vec<Field> {
        let field = |stored: &Stored| match stored {
            Stored::Flat(at) => {
                let (name, column) = &self.columns[*at];
                Field::new(name, column.data_type(), true)
            }
            Stored::View(name, columns) => view::field(name, columns.len()),
        };
        layout.iter().map(field).collect()
    }

    /// The rows, as such a file has them.
    fn arrays(&self, layout: &[Stored]) -> Vec<ArrayRef> {
        let array = |stored: &Stored| match stored {
            Stored::Flat(at) => self.columns[*at].1.to_arrow(),
            Stored::View(_, columns) => view::to_arrow(&self.columns[columns.clone()]),
        };
        layout.iter().map(array).collect()
    }
}

/// A column of the file on its way into memory.
enum Reading {
    Flat(String, Column),
    /// Names of the numbers of a view, and a column for each.
    View(Vec<String>, Vec<Vec<f32>>),
}

/// Copies a table, with columns of any type and our metadata, and adds a column of words: in place of the one of that
/// name, or after the last of the columns `after`. Rows are streamed.
pub fn copy_with_text(
    from: &Path,
    to: &Path,
    (name, words): (&str, &[Option<String>]),
    after: &[&str],
    encoding: Encoding,
) -> Result<()> {
    let files = folder::files(from)?;
    let files: Vec<TableFile> = files
        .iter()
        .map(|f| TableFile::open(f))
        .collect::<Result<_>>()?;
    let mut fields: Vec<Arc<Field>> = files[0].fields().iter().cloned().collect();
    let field = Arc::new(Field::new(name, DataType::Utf8, true));
    let present = fields.iter().position(|field| field.name() == name);
    let place = present.unwrap_or_else(|| {
        let last = fields
            .iter()
            .rposition(|f| after.contains(&f.name().as_str()));
        last.map_or(fields.len(), |last| last + 1)
    });
    match present {
        Some(_) => fields[place] = field,
        None => fields.insert(place, field),
    }
    let mut writer = Writer::start(
        Output::create(to)?,
        to,
        Arc::new(Schema::new(fields)),
        &files[0].metadata(),
        Storage::lasting(encoding),
    )?;
    let mut done = 0;
    for file in &files {
        let columns = Vec::from_iter(0..file.fields().len());
        for batch in file.batches(&columns, 0..file.groups().len(), ROWS_PER_GROUP)? {
            let batch = batch?;
            let of_batch = &words[done..done + batch.num_rows()];
            done += batch.num_rows();
            let column: ArrayRef = Arc::new(StringArray::from_iter(of_batch));
            let mut columns = batch.columns().to_vec();
            match present {
                Some(_) => columns[place] = column,
                None => columns.insert(place, column),
            }
            writer.write_columns(columns)?;
        }
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use arrow::array::Array;
    use arrow::record_batch::RecordBatch;
    use parquet::arrow::ArrowWriter;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    use parquet::basic::Compression;
    use parquet::file::properties::WriterProperties;

    use super::*;

    fn example() -> Table {
        Table {
            columns: vec![
                (
                    "file".into(),
                    Column::Text(vec![Some("a.wav".into()), Some("b.wav".into())]),
                ),
                (
                    "emotion".into(),
                    Column::Text(vec![None, Some("sad".into())]),
                ),
                ("end".into(), Column::Double(vec![1.25, f64::NAN])),
                ("f0_hz_mean".into(), Column::Float(vec![f32::NAN, 123.5])),
                ("sample_rate".into(), Column::Int(vec![Some(16000), None])),
                (
                    "truncated".into(),
                    Column::Bool(vec![Some(false), Some(true)]),
                ),
                (
                    "scored_at".into(),
                    Column::Time(vec![Some(1_795_834_021_000), None]),
                ),
            ],
            metadata: [(FEATURES_KEY.to_string(), r#"["f0_hz_mean"]"#.to_string())].into(),
        }
    }

    /// Equality under which NaN equals NaN.
    fn same(a: &Table, b: &Table) -> bool {
        format!("{a:?}") == format!("{b:?}")
    }

    #[test]
    fn a_table_comes_back_as_it_went() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        let table = example();
        table.write(&path).unwrap();
        assert!(same(&Table::read(&path).unwrap(), &table));
        assert_eq!(table.feature_names().unwrap(), ["f0_hz_mean"]);
        assert_eq!(Table::read_metadata(&path).unwrap(), table.metadata);
    }

    #[test]
    fn missing_is_null_and_never_nan() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        example().write(&path).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap())
            .unwrap()
            .build()
            .unwrap();
        for batch in reader {
            let batch = batch.unwrap();
            let nulls: Vec<usize> = batch
                .columns()
                .iter()
                .map(|column| column.null_count())
                .collect();
            assert_eq!(nulls, [0, 1, 1, 1, 1, 0, 1]);
        }
    }

    #[test]
    fn moments_are_written_as_in_rfc_3339() {
        let moments = Column::Time(vec![Some(1_795_834_021_000), Some(1_500), None]);
        let texts: Vec<String> = (0..3).map(|row| moments.text_of(row)).collect();
        assert_eq!(
            texts,
            ["2026-11-28T02:47:01Z", "1970-01-01T00:00:01.500Z", ""]
        );
        assert_eq!(moments.numbers(), None);
    }

    #[test]
    fn rows_in_pieces_give_the_same_bytes_as_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (once, twice) = (dir.path().join("1.parquet"), dir.path().join("2.parquet"));
        example().write(&once).unwrap();
        let row = |keep: usize| Table {
            columns: example()
                .columns
                .into_iter()
                .map(|(name, column)| (name, column.select(&[keep])))
                .collect(),
            metadata: BTreeMap::new(),
        };
        let mut writer = Writer::create(&twice, &example(), Encoding::Plain).unwrap();
        writer.write(&row(0)).unwrap();
        writer.write(&row(1)).unwrap();
        writer.finish().unwrap();
        assert_eq!(std::fs::read(once).unwrap(), std::fs::read(twice).unwrap());
    }

    #[test]
    fn a_table_that_another_tool_has_saved_again_is_read() {
        // snappy and dictionaries, as pandas, pyarrow and DuckDB write unless told otherwise.
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        let names = StringArray::from(vec![Some("a.wav"), None]);
        let values = Float64Array::from(vec![Some(1.5), None]);
        let columns: Vec<(&str, ArrayRef)> =
            vec![("file", Arc::new(names)), ("end", Arc::new(values))];
        let batch = RecordBatch::try_from_iter(columns).unwrap();
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .build();
        let file = File::create(&path).unwrap();
        let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let table = Table::read(&path).unwrap();
        assert_eq!(
            table.text("file").unwrap(),
            [Some("a.wav".to_string()), None]
        );
        assert!(
            matches!(table.column("end"), Some(Column::Double(v)) if v[0] == 1.5 && v[1].is_nan())
        );
    }

    #[test]
    fn columns_of_other_tools_types_are_read_as_ours() {
        use arrow::array::{BinaryArray, Decimal128Array, NullArray, UInt64Array};
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        // As many categories as numbers of this type, which pandas takes for them.
        let words: Vec<String> = (0..128).map(|i| format!("speaker {i}")).collect();
        let categories = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
        let categories = arrow::compute::cast(&StringArray::from(words.clone()), &categories);
        let prices = Decimal128Array::from(vec![Some(150); 128]).with_precision_and_scale(5, 2);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("speaker", categories.unwrap()),
            (
                "file",
                Arc::new(BinaryArray::from(vec!["a.wav".as_bytes(); 128])),
            ),
            ("text", Arc::new(NullArray::new(128))),
            ("start", Arc::new(prices.unwrap())),
            ("n", Arc::new(UInt64Array::from(vec![u64::MAX; 128]))),
        ];
        let columns = columns
            .into_iter()
            .map(|(name, values)| (name, values, true));
        let batch = RecordBatch::try_from_iter_with_nullable(columns).unwrap();
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let table = Table::read(&path).unwrap();
        let speakers = table.text("speaker").unwrap().iter().flatten();
        assert!(speakers.eq(&words));
        assert_eq!(table.text("file").unwrap()[127].as_deref(), Some("a.wav"));
        assert!(table.text("text").unwrap().iter().all(Option::is_none));
        assert_eq!(table.numbers("start").unwrap()[0], 1.5);
        assert_eq!(table.numbers("n").unwrap()[0], u64::MAX as f64);
    }

    #[test]
    fn whole_numbers_and_flags_are_words_and_measurements_are_not() {
        let words = |column: Column| Some(column.as_words()?.into_owned());
        let some = |word: &str| Some(word.to_string());
        let ints = Column::Int(vec![Some(10), None, Some(-2)]);
        assert_eq!(words(ints), Some(vec![some("10"), None, some("-2")]));
        let doubles = Column::Double(vec![10.0, f64::NAN, -2.0]);
        assert_eq!(words(doubles), Some(vec![some("10"), None, some("-2")]));
        let flags = Column::Bool(vec![Some(true), None, Some(false)]);
        assert_eq!(words(flags), Some(vec![some("true"), None, some("false")]));
        for measured in [vec![1.0, 0.5], vec![f64::INFINITY], vec![1e16]] {
            assert_eq!(words(Column::Double(measured)), None);
        }
    }

    #[test]
    fn features_that_were_made_wider_are_narrowed() {
        let column = Column::Double(vec![0.1_f32.into(), f64::NAN, 1e300]);
        let narrow = column.as_floats().unwrap();
        assert!(narrow[0] == 0.1 && narrow[1].is_nan() && narrow[2].is_nan());
        assert_eq!(Column::Bool(vec![Some(true)]).as_floats(), None);
    }

    #[test]
    fn a_copy_keeps_every_column_and_gains_one() {
        let dir = tempfile::tempdir().unwrap();
        let [from, to, again] = ["1", "2", "3"].map(|name| dir.path().join(name));
        example().write(&from).unwrap();
        let words = [Some("test".to_string()), None];
        let copy = |from: &Path, to: &Path, words: &[Option<String>], after: &[&str]| {
            copy_with_text(from, to, ("split", words), after, Encoding::Plain).unwrap();
        };
        copy(&from, &to, &words, &["file", "emotion"]);
        let mut expected = example();
        expected
            .columns
            .insert(2, ("split".into(), Column::Text(words.to_vec())));
        assert!(same(&Table::read(&to).unwrap(), &expected));
        // The bytes are those of a table written at once; a second copy replaces the column.
        expected.write(&again).unwrap();
        assert_eq!(std::fs::read(&to).unwrap(), std::fs::read(&again).unwrap());
        let other = [None, Some("train".to_string())];
        copy(&to, &again, &other, &["file"]);
        expected.columns[2].1 = Column::Text(other.to_vec());
        assert!(same(&Table::read(&again).unwrap(), &expected));
        let two = Table::read_columns(&to, &["end", "file", "nothing"]).unwrap();
        let names: Vec<&str> = two.columns.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["file", "end"]);
        assert_eq!(two.metadata, expected.metadata);
    }

    #[test]
    fn a_copy_keeps_columns_of_types_that_are_not_ours() {
        use arrow::array::ListArray;
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("1"), dir.path().join("2"));
        let lists: ArrayRef = Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>([
            Some(vec![Some(1.0), Some(2.0)]),
            None,
        ]));
        let batch = RecordBatch::try_from_iter([("contour_f0", lists.clone())]).unwrap();
        let mut writer =
            ArrowWriter::try_new(File::create(&from).unwrap(), batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        copy_with_text(&from, &to, ("split", &[None, None]), &[], Encoding::Split).unwrap();
        let copy = TableFile::open(&to).unwrap();
        let read = copy
            .batches(&[0, 1], 0..1, 2)
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(
            read.column_by_name("contour_f0").unwrap().as_list::<i32>(),
            lists.as_list()
        );
        assert_eq!(read.schema().field(1).name(), "split");
    }

    #[test]
    fn a_foreign_file_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.parquet");
        std::fs::write(&path, "file,emotion\n").unwrap();
        let refused = Table::read(&path).unwrap_err().to_string();
        assert!(
            refused.contains("t.parquet: is not a Parquet table"),
            "{refused}"
        );
    }
}
