//! Tables for other programs: CSV, and folders by the values of a column.

use std::collections::BTreeMap;
use std::path::Path;

use super::{Column, Table};
use crate::error::{Error, Result};
use crate::output::Output;

/// What Hive, and all who read its folders, call a missing value.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

impl Table {
    /// Writes the table as CSV: comma, UTF-8, one line of names; missing values are
    /// empty, and columns that the Parquet file has as lists are left out.
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

    /// Writes the table as a Parquet file for each value of column `by`, in folders as Hive names
    /// them: `DIR/by=value/part-0.parquet`, the parts numbered through, as values may differ where
    /// names of folders do not. The files keep the column. Folders of an earlier call with other values
    /// are left as they are; an empty table writes nothing.
    pub fn write_partitioned(&self, dir: impl AsRef<Path>, by: &str) -> Result<()> {
        let column = self.column(by).ok_or_else(|| self.no_column(by))?;
        let mut rows_of: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for row in 0..self.rows() {
            let folder = format!("{}={}", hive(by), value(column, row));
            rows_of.entry(folder).or_default().push(row);
        }
        let flat = self.without_views();
        rows_of
            .iter()
            .enumerate()
            .try_for_each(|(number, (folder, rows))| {
                let part = format!("part-{number}.parquet");
                let path = dir.as_ref().join(folder).join(part);
                flat.select(rows).write(path)
            })
    }
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
