//! Reads tables from the disk in batches of rows, even damaged ones.
//!
//! The tables are the user's own, a colleague's, or have been through pandas, DuckDB or Spark. They are trusted as much as
//! anything else on the user's disk; `serve` accepts none, so none comes over the network. Damage is accidental: an
//! incomplete copy, flipped bits, a block of zeros. At worst a batch job ends, whose finished parts are kept, or an
//! unprivileged process runs out of memory.
//!
//! Guarded against: a panic of the library, which becomes an error of the file ([`undamaged`]); a file that ends before the
//! data that it states ([`Source`]); a number of rows other than the stated one ([`Batches`]); a transposed table with a
//! column for each recording ([`MOST_COLUMNS`]). Not guarded against: a file crafted to take time or memory, and flipped
//! bits that turn one value into another, as tables seldom have checksums.

use std::collections::BTreeMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, FieldRef, Fields, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader,
    ParquetRecordBatchReaderBuilder,
};
use parquet::file::metadata::ParquetMetaDataReader;

use super::source::Source;
use super::view;
use crate::catalogue;
use crate::error::{Error, Result, panic_text};

/// A Parquet file of which it is known what it has. It is open only while rows are read.
pub struct TableFile {
    path: PathBuf,
    parquet: ArrowReaderMetadata,
    groups: Vec<usize>,
}

/// No table of features has more columns: all sets together have some ten thousand.
const MOST_COLUMNS: usize = 100_000;

impl TableFile {
    /// The file at `path`.
    pub fn open(path: &Path) -> Result<TableFile> {
        TableFile::open_up_to(path, MOST_COLUMNS)
    }

    /// The file at `path`, unless it has more than `most` columns.
    fn open_up_to(path: &Path, most: usize) -> Result<TableFile> {
        let source = Source::open(path).map_err(Error::io(path))?;
        undamaged(path, || {
            let metadata = ParquetMetaDataReader::new().parse_and_finish(&source);
            let parquet = metadata.and_then(|metadata| {
                let metadata = Arc::new(metadata);
                // Of what it does not know among the types that other tools note, the library makes an error.
                let noted = ArrowReaderMetadata::try_new(metadata.clone(), Default::default());
                let stored = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
                noted.or_else(|_| ArrowReaderMetadata::try_new(metadata, stored))
            });
            let parquet = parquet.map_err(|cause| Error::Table {
                path: path.to_path_buf(),
                reason: format!(
                    "is not a Parquet table that can be read ({}); expected a table written by `sentire extract`",
                    plain(&cause.to_string())
                ),
            })?;
            let columns = parquet.schema().fields().len();
            if columns > most {
                return Err(Error::Table {
                    path: path.to_path_buf(),
                    reason: format!(
                        "has {columns} columns, more than {most}; expected a row for each recording and a column for each feature"
                    ),
                });
            }
            let groups = parquet.metadata().row_groups().iter();
            let groups = groups.map(|group| usize::try_from(group.num_rows()).ok());
            let groups: Option<Vec<usize>> = groups.collect();
            let groups = groups.filter(|groups| sum(groups).is_some());
            Ok(TableFile {
                path: path.to_path_buf(),
                parquet: plain_words(parquet),
                groups: groups
                    .ok_or_else(|| damaged(path, "a row group states a negative number of rows"))?,
            })
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its columns.
    pub fn fields(&self) -> &Fields {
        self.parquet.schema().fields()
    }

    /// How many rows each row group has.
    pub fn groups(&self) -> &[usize] {
        &self.groups
    }

    /// How many values a column has in each row, rounded up: those of its lists.
    pub fn values_per_row(&self, column: usize) -> usize {
        let schema = self.parquet.parquet_schema();
        let leaves = (0..schema.num_columns()).filter(|&i| schema.get_column_root_idx(i) == column);
        let groups = self.parquet.metadata().row_groups();
        let counts =
            leaves.flat_map(|leaf| groups.iter().map(move |g| g.column(leaf).num_values()));
        let values = counts.fold(0, |sum: usize, count| {
            sum.saturating_add(count.try_into().unwrap_or(0))
        });
        let rows: usize = self.groups.iter().sum();
        values.div_ceil(rows.max(1))
    }

    /// Our metadata as they are in memory; what other tools add (`ARROW:schema`, `pandas`) describes their types, not our
    /// values.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let pairs = self.parquet.metadata().file_metadata().key_value_metadata();
        let ours = pairs
            .into_iter()
            .flatten()
            .filter(|pair| pair.key.starts_with("sentire."));
        let pairs = ours.filter_map(|pair| Some((pair.key.clone(), pair.value.clone()?)));
        let mut metadata = view::unfolded(pairs.collect());
        catalogue::brought_up_to_date(&mut metadata);
        metadata
    }

    /// Reads the columns and the row groups of these numbers, `rows` at a time.
    pub fn batches(
        &self,
        columns: &[usize],
        groups: Range<usize>,
        rows: usize,
    ) -> Result<Batches<'_>> {
        let source = Source::open(&self.path).map_err(Error::io(&self.path))?;
        // Rows of no columns would be counted, not read, and the count may be wrong.
        let groups = if columns.is_empty() { 0..0 } else { groups };
        let left = self.groups[groups.clone()].iter().sum();
        let reader = undamaged(&self.path, || {
            let schema = self.parquet.parquet_schema();
            let columns = ProjectionMask::roots(schema, columns.iter().copied());
            ParquetRecordBatchReaderBuilder::new_with_metadata(source, self.parquet.clone())
                .with_projection(columns)
                .with_row_groups(groups.collect())
                .with_batch_size(rows)
                .build()
                .map_err(|cause| unread(&self.path, &cause))
        })?;
        Ok(Batches {
            path: &self.path,
            reader,
            left,
        })
    }
}

/// Rows of a table, some at a time.
pub struct Batches<'a> {
    path: &'a Path,
    reader: ParquetRecordBatchReader,
    /// How many rows are still to come.
    left: usize,
}

impl Iterator for Batches<'_> {
    type Item = Result<RecordBatch>;

    fn next(&mut self) -> Option<Result<RecordBatch>> {
        let batch = undamaged(self.path, || {
            let batch = self.reader.next().transpose();
            batch.map_err(|cause| unread(self.path, &cause))
        });
        match batch {
            Ok(Some(batch)) if batch.num_rows() <= self.left => {
                self.left -= batch.num_rows();
                Some(Ok(batch))
            }
            Ok(None) if self.left == 0 => None,
            Ok(_) => {
                self.left = 0;
                Some(Err(damaged(
                    self.path,
                    "it has another number of rows than it states",
                )))
            }
            Err(error) => Some(Err(error)),
        }
    }
}

/// Columns of categories as what they are called: how many a column of them may have goes by the type of their numbers,
/// and pandas counts differently.
fn plain_words(parquet: ArrowReaderMetadata) -> ArrowReaderMetadata {
    let plain = |field: &FieldRef| match field.data_type() {
        DataType::Dictionary(_, words) => {
            let field = field.as_ref().clone();
            Arc::new(field.with_data_type(words.as_ref().clone()))
        }
        _ => field.clone(),
    };
    let fields: Fields = parquet.schema().fields().iter().map(plain).collect();
    if &fields == parquet.schema().fields() {
        return parquet;
    }
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
    ArrowReaderMetadata::try_new(parquet.metadata().clone(), options).unwrap_or(parquet)
}

fn sum(counts: &[usize]) -> Option<usize> {
    counts
        .iter()
        .try_fold(0_usize, |sum, &n| sum.checked_add(n))
}

/// What `cause` says, without the layers of libraries that it came through.
fn plain(cause: &str) -> &str {
    let layers = ["Parquet argument error: ", "External: ", "Parquet error: "];
    layers.iter().fold(cause, |cause, layer| {
        cause.strip_prefix(layer).unwrap_or(cause)
    })
}

fn unread(path: &Path, cause: &dyn std::error::Error) -> Error {
    Error::Table {
        path: path.to_path_buf(),
        reason: format!(
            "is damaged, or stored in a way that is not read here ({}); write it again, compressed with zstd or snappy",
            plain(&cause.to_string())
        ),
    }
}

fn damaged(path: &Path, what: &str) -> Error {
    Error::Table {
        path: path.to_path_buf(),
        reason: format!("is damaged ({what}); write it again"),
    }
}

/// What `read` makes of the file at `path`; a panic of the library is an error of the file.
fn undamaged<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|panic| Err(damaged(path, panic_text(panic.as_ref()))))
}

#[cfg(test)]
mod tests {
    use tempfile::NamedTempFile;

    use super::*;
    use crate::table::{Column, Table};

    fn example() -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        let table = Table {
            columns: vec![("x".into(), Column::Double(vec![1.0, 2.0, 3.0]))],
            ..Table::default()
        };
        table.write(file.path()).unwrap();
        file
    }

    #[test]
    fn there_are_as_many_rows_as_are_stated_or_the_file_is_damaged() {
        let file = example();
        let mut table = TableFile::open(file.path()).unwrap();
        let read = |table: &TableFile| {
            let batches = table.batches(&[0], 0..1, 2).unwrap();
            let rows = batches.map(|batch| Ok(batch?.num_rows()));
            rows.collect::<Result<Vec<usize>>>()
        };
        assert_eq!(read(&table).unwrap(), [2, 1]);
        for stated in [0, 2, 4] {
            table.groups = vec![stated];
            let refused = read(&table).unwrap_err().to_string();
            assert!(refused.contains("another number of rows"), "{refused}");
        }
    }

    #[test]
    fn a_table_has_as_many_columns_as_are_allowed_or_is_refused() {
        let of = |columns: usize| {
            let file = NamedTempFile::new().unwrap();
            let column = |i| (format!("x{i}"), Column::Double(vec![1.0]));
            let table = Table {
                columns: (0..columns).map(column).collect(),
                ..Table::default()
            };
            table.write(file.path()).unwrap();
            file
        };
        assert!(TableFile::open_up_to(of(10).path(), 10).is_ok());
        let refused = TableFile::open_up_to(of(11).path(), 10);
        let said = refused.err().map(|error| error.to_string());
        let said = said.expect("eleven columns are refused");
        assert!(said.contains("has 11 columns, more than 10"), "{said}");
    }

    #[test]
    fn no_columns_have_no_rows() {
        let file = example();
        let table = TableFile::open(file.path()).unwrap();
        assert_eq!(table.batches(&[], 0..1, 2).unwrap().count(), 0);
    }
}
