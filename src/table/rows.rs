//! Reads selected rows of a table on the disk.

use std::collections::HashSet;
use std::path::Path;

use super::file::TableFile;
use super::{Table, folder};
use crate::error::{Error, Result};

/// Reads rows by their numbers. It keeps one row group in memory, the last one that was read.
pub struct RowReader {
    files: Vec<TableFile>,
    /// Of which file each row group is, and which of it.
    groups: Vec<(usize, usize)>,
    /// The first row of each row group, and the number of all rows.
    bounds: Vec<usize>,
    /// The columns that are read.
    names: Vec<String>,
    held: Option<(usize, Table)>,
}

impl std::fmt::Debug for RowReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let files: Vec<&Path> = self.files.iter().map(TableFile::path).collect();
        f.debug_tuple("RowReader").field(&files).finish()
    }
}

impl RowReader {
    /// Opens the table at `path` (a file, or a folder with the parts of one) to read its columns `names`, in that order.
    pub fn open(path: &Path, names: &[String]) -> Result<RowReader> {
        let mut reader = RowReader {
            files: Vec::new(),
            groups: Vec::new(),
            bounds: vec![0],
            names: names.to_vec(),
            held: None,
        };
        let mut rows: usize = 0;
        for path in folder::files(path)? {
            let file = TableFile::open(&path)?;
            for (number, rows_of_group) in file.groups().iter().enumerate() {
                rows = rows.saturating_add(*rows_of_group);
                reader.groups.push((reader.files.len(), number));
                reader.bounds.push(rows);
            }
            reader.files.push(file);
        }
        Ok(reader)
    }

    /// The rows with these numbers, in that order. Rows of the same row group are read together.
    pub fn read(&mut self, rows: &[usize]) -> Result<Table> {
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|&place| rows[place]);
        let groups: Vec<usize> = rows.iter().map(|&row| self.group_of(row)).collect();
        let mut read = Table::default();
        for places in order.chunk_by(|&a, &b| groups[a] == groups[b]) {
            let group = groups[places[0]];
            let first = self.bounds[group];
            let of_group: Vec<usize> = places.iter().map(|&place| rows[place] - first).collect();
            read.append(&self.group(group)?.select(&of_group))?;
        }
        let mut back = vec![0; rows.len()];
        for (now, place) in order.into_iter().enumerate() {
            back[place] = now;
        }
        Ok(read.select(&back))
    }

    fn group_of(&self, row: usize) -> usize {
        self.bounds.partition_point(|&first| first <= row) - 1
    }

    fn group(&mut self, group: usize) -> Result<&Table> {
        if self.held.as_ref().is_none_or(|(held, _)| *held != group) {
            // First, so that two are never in memory.
            self.held = None;
            let (file, number) = self.groups[group];
            let file = &self.files[file];
            let wanted: HashSet<&str> = self.names.iter().map(String::as_str).collect();
            let table =
                Table::read_groups(file, number..number + 1, |name| wanted.contains(name), &[])?;
            let table = table.arranged(&self.names).map_err(|reason| Error::Table {
                path: file.path().to_path_buf(),
                reason,
            })?;
            self.held = Some((group, table));
        }
        let (_, table) = self.held.as_ref().expect("read just now");
        Ok(table)
    }
}

#[test]
fn rows_come_in_the_order_that_is_asked_for() {
    use super::{Column, ROWS_PER_GROUP};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.parquet");
    let n = 2 * ROWS_PER_GROUP + 7;
    let numbers = (0..n).map(|row| row as f64).collect();
    let table = Table {
        columns: vec![("row".into(), Column::Double(numbers))],
        ..Table::default()
    };
    table.write(&path).unwrap();
    let mut reader = RowReader::open(&path, &["row".into()]).unwrap();
    let wanted = [n - 1, 3, ROWS_PER_GROUP, ROWS_PER_GROUP - 1, 3];
    assert_eq!(reader.read(&wanted).unwrap(), table.select(&wanted));
    assert_eq!(reader.read(&[]).unwrap().rows(), 0);
}
