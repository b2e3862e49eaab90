//! Exports tables to other programs: selected columns, CSV, Arrow, and folders by the values of a column.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use arrow::ipc::writer::FileWriter;
use arrow::record_batch::{RecordBatch, RecordBatchOptions};

use super::schema::PART;
use super::{Column, Encoding, Table};
use crate::error::{Error, Result};
use crate::output::Output;

/// What Hive, and all who read its folders, call a missing value.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

impl Table {
    /// Writes the table as CSV with commas, in UTF-8, with a header line. Missing values are empty, and columns that
    /// Parquet stores as lists are left out.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("table.csv");
    /// let pitch = Column::Float(vec![210.5, f32::NAN]);
    /// Table { columns: vec![("f0_hz_mean".into(), pitch)], ..Table::default() }.write_csv(&path)?;
    /// assert_eq!(std::fs::read_to_string(&path).unwrap(), "f0_hz_mean\n210.5\n\"\"\n");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        let failed = |cause: csv::Error| Error::Table {
            path: path.to_path_buf(),
            reason: cause.to_string(),
        };
        let mut output = Output::create(path)?;
        {
            let mut writer = csv::Writer::from_writer(&mut output);
            let columns: Vec<_> = self.flat().collect();
            let names = columns.iter().map(|(name, _)| name);
            writer.write_record(names).map_err(failed)?;
            for row in 0..self.rows() {
                let values = columns.iter().map(|(_, column)| column.text_of(row));
                writer.write_record(values).map_err(failed)?;
            }
            writer.flush().map_err(Error::io(path))?;
        }
        output.finish()
    }

    /// The index columns `file`, `start`, `end` and the columns that match `patterns`, in the order of the table: `f0_*`
    /// matches all that begin with `f0_`. A pattern without a match is an error.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let column = |name: &str| (name.to_string(), Column::Float(vec![0.5]));
    /// let names = ["f0_hz_mean", "f0_hz_std", "hnr_db_mean"];
    /// let table = Table { columns: names.map(column).into(), ..Table::default() };
    /// let pitch = table.matching(&["f0_*".into()])?;
    /// assert_eq!(pitch.columns, [column("f0_hz_mean"), column("f0_hz_std")]);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn matching(&self, patterns: &[String]) -> Result<Table> {
        let fits = |pattern: &String, name: &str| match pattern.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => name == pattern,
        };
        for pattern in patterns {
            if !self.columns.iter().any(|(name, _)| fits(pattern, name)) {
                return Err(self.no_column(pattern));
            }
        }
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        let is_wanted = |name: &&str| PART.contains(name) || patterns.iter().any(|p| fits(p, name));
        let names: Vec<&str> = names.into_iter().filter(is_wanted).collect();
        self.select_columns(&names)
    }

    /// An error if the extension of `path` is not one of those that [`write_as`](Table::write_as) knows.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// assert!(Table::check_extension("features.arrow".as_ref()).is_ok());
    /// assert!(Table::check_extension("features.xlsx".as_ref()).is_err());
    /// ```
    pub fn check_extension(path: &Path) -> Result<()> {
        Format::of(path).map(drop)
    }

    /// Writes the table in the format of the extension of `path`: `parquet`, `csv`, `arff`, or `arrow` (an Arrow IPC file without
    /// views; `feather` and `ipc` mean the same). `encoding` applies to Parquet. Another extension is an error.
    ///
    /// ```
    /// use sentire::prelude::*;
    /// use sentire::table::Encoding;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let path = dir.path().join("table.csv");
    /// let loud = Column::Bool(vec![Some(true), None]);
    /// let table = Table { columns: vec![("loud".into(), loud)], ..Table::default() };
    /// table.write_as(&path, Encoding::Plain)?;
    /// assert!(std::fs::read_to_string(&path).unwrap().starts_with("loud\ntrue\n"));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_as(&self, path: impl AsRef<Path>, encoding: Encoding) -> Result<()> {
        let path = path.as_ref();
        match Format::of(path)? {
            Format::Parquet => self.write_encoded(path, encoding),
            Format::Csv => self.write_csv(path),
            Format::Arff => self.write_arff(path),
            Format::Arrow => self.write_arrow(path),
        }
    }

    fn write_arrow(&self, path: &Path) -> Result<()> {
        let columns: Vec<_> = self.flat().collect();
        let field = |(name, column): &&(String, Column)| Field::new(name, column.data_type(), true);
        let schema = Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()));
        let arrays = columns
            .iter()
            .map(|(_, column)| column.to_arrow())
            .collect();
        let rows = RecordBatchOptions::new().with_row_count(Some(self.rows()));
        let batch = RecordBatch::try_new_with_options(schema.clone(), arrays, &rows)
            .map_err(Error::table(path))?;
        let mut writer =
            FileWriter::try_new(Output::create(path)?, &schema).map_err(Error::table(path))?;
        writer.write(&batch).map_err(Error::table(path))?;
        writer.into_inner().map_err(Error::table(path))?.finish()
    }

    /// Writes a Parquet file for each value of column `by`, in folders named as by Hive: `DIR/by=value/part-0.parquet`.
    /// Parts are numbered throughout, because different values may have the same folder name. The files keep the column.
    /// Files of an earlier call are removed; an empty table writes nothing. An error if there is no column `by`.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// # let dir = tempfile::tempdir().unwrap();
    /// # let dir = dir.path().join("by_label");
    /// let labels = Column::Text(["sad", "angry", "sad"].map(|label| Some(label.into())).into());
    /// let table = Table { columns: vec![("label".into(), labels)], ..Table::default() };
    /// table.write_partitioned(&dir, "label")?;
    /// let sad = Table::read(dir.join("label=sad/part-1.parquet"))?;
    /// assert_eq!(sad.rows(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn write_partitioned(&self, dir: impl AsRef<Path>, by: &str) -> Result<()> {
        self.write_partitioned_encoded(dir, by, Encoding::Plain)
    }

    /// The same, with floats in the encoding `encoding`.
    pub fn write_partitioned_encoded(
        &self,
        dir: impl AsRef<Path>,
        by: &str,
        encoding: Encoding,
    ) -> Result<()> {
        let column = self.column(by).ok_or_else(|| self.no_column(by))?;
        let mut rows_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in 0..self.rows() {
            let folder = format!("{}={}", hive(by), value(column, row));
            rows_of.entry(folder).or_default().push(row);
        }
        remove_parts(dir.as_ref(), by)?;
        let flat = self.without_views();
        rows_of
            .iter()
            .enumerate()
            .try_for_each(|(number, (folder, rows))| {
                let part = format!("part-{number}.parquet");
                let path = dir.as_ref().join(folder).join(part);
                flat.select(rows).write_encoded(path, encoding)
            })
    }
}

/// The formats of files, by extension.
enum Format {
    Parquet,
    Csv,
    Arff,
    Arrow,
}

impl Format {
    fn of(path: &Path) -> Result<Format> {
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        match &*extension.to_lowercase() {
            "parquet" => Ok(Format::Parquet),
            "csv" => Ok(Format::Csv),
            "arff" => Ok(Format::Arff),
            "arrow" | "feather" | "ipc" => Ok(Format::Arrow),
            _ => Err(Error::Usage(format!(
                "{}: expected a name that ends in .parquet, .csv, .arff or .arrow",
                path.display()
            ))),
        }
    }
}

/// Removes what [`Table::write_partitioned`] wrote to `dir` before: `by=.../part-*.parquet`.
fn remove_parts(dir: &Path, by: &str) -> Result<()> {
    let names = |dir: &Path| -> Vec<(String, std::path::PathBuf)> {
        let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
        let named =
            |entry: std::fs::DirEntry| Some((entry.file_name().into_string().ok()?, entry.path()));
        entries.filter_map(named).collect()
    };
    let beginning = format!("{}=", hive(by));
    for (name, folder) in names(dir) {
        if !name.starts_with(&beginning) {
            continue;
        }
        for (name, file) in names(&folder) {
            if name.starts_with("part-") && name.ends_with(".parquet") {
                std::fs::remove_file(&file).map_err(Error::io(&file))?;
            }
        }
        // Stays where something else is in it.
        let _ = std::fs::remove_dir(folder);
    }
    Ok(())
}

fn value(column: &Column, row: usize) -> String {
    match column.text_of(row) {
        missing if missing.is_empty() => HIVE_NULL.to_string(),
        word => hive(&word),
    }
}

/// `text` as the name of a folder: what would separate or end it is written %XX, as Hive does.
fn hive(text: &str) -> String {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-_. ".contains(&byte) || byte >= 128;
    let written = |byte: u8| match is_plain(byte) {
        true => vec![byte],
        false => format!("%{byte:02X}").into_bytes(),
    };
    let bytes = text.bytes().flat_map(written).collect();
    match String::from_utf8(bytes).expect("bytes beyond ASCII are kept") {
        // `.` and `..` are no names of their own.
        dots if dots.chars().all(|c| c == '.') => dots.replace('.', "%2E"),
        name => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let words = ["a,b", "", "x/..=%", "a,b"];
        let words = words.map(|w| Some(w.to_string()).filter(|w| !w.is_empty()));
        Table {
            columns: vec![
                ("word".into(), Column::Text(words.to_vec())),
                ("x".into(), Column::Float(vec![0.1, f32::NAN, -2.0, 1e-20])),
                (
                    "n".into(),
                    Column::Int(vec![Some(1), None, Some(-3), Some(4)]),
                ),
            ],
            ..Table::default()
        }
    }

    #[test]
    fn csv_has_numbers_that_read_back_and_nothing_where_nothing_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.csv");
        table().write_csv(&path).unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..4],
            ["word,x,n", "\"a,b\",0.1,1", ",,", "x/..=%,-2,-3"]
        );
        let small: f32 = lines[4].split(',').nth(2).unwrap().parse().unwrap();
        assert_eq!(small, 1e-20);
    }

    #[test]
    fn a_folder_for_each_value_and_every_row_in_one() {
        let dir = tempfile::tempdir().unwrap();
        table().write_partitioned(dir.path(), "word").unwrap();
        let mut folders: Vec<String> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        folders.sort();
        let expected = [
            "word=__HIVE_DEFAULT_PARTITION__",
            "word=a%2Cb",
            "word=x%2F..%3D%25",
        ];
        assert_eq!(folders, expected);
        let part = Table::read(dir.path().join(expected[1]).join("part-1.parquet")).unwrap();
        assert_eq!(part, table().select(&[0, 3]));
        let missing = table()
            .write_partitioned(dir.path(), "emotion")
            .unwrap_err();
        assert_eq!(
            missing.to_string(),
            "there is no column `emotion`; there are word, x, n"
        );
        assert_eq!((hive(".."), hive("a.b")), ("%2E%2E".into(), "a.b".into()));
    }
}
