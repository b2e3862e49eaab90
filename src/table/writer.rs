//! Writes tables: rows are collected until they fill a row group, which is then encoded and written column by column,
//! because an encoder with its compressor takes a hundred kB and there are thousands of columns.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, Field, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{self, Compression, ZstdLevel};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::view::{self, Stored};
use super::{ROWS_AT_A_TIME, ROWS_PER_GROUP, Table};
use crate::error::{Error, Result};
use crate::output::Output;

/// How floating-point numbers are stored in a Parquet file. The values are the same in both encodings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Encoding {
    /// One after the other, which every reader of Parquet knows.
    #[default]
    Plain,
    /// All first bytes, then all second bytes, and so on (`BYTE_STREAM_SPLIT`). With zstd this makes values that all differ
    /// smaller, and values that repeat larger: contours take 5 % less, the default features 8 % more. Spark before 4.3 and
    /// fastparquet cannot read it.
    Split,
}

impl Encoding {
    /// In the words of the format: Apache Parquet, Encodings.md. No dictionary: with one the default features of RAVDESS take 6 % more,
    /// and stacked ones 20 %.
    fn of_parquet(self) -> basic::Encoding {
        match self {
            Encoding::Plain => basic::Encoding::PLAIN,
            Encoding::Split => basic::Encoding::BYTE_STREAM_SPLIT,
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encoding::Plain => "plain",
            Encoding::Split => "split",
        })
    }
}

impl FromStr for Encoding {
    type Err = Error;

    fn from_str(text: &str) -> Result<Encoding> {
        match text {
            "plain" => Ok(Encoding::Plain),
            "split" => Ok(Encoding::Split),
            _ => Err(Error::Usage(format!(
                "unknown encoding {text:?}; available: plain, split"
            ))),
        }
    }
}

/// How a file holds its rows.
pub(super) struct Storage {
    rows_per_group: usize,
    compression: Compression,
    encoding: Encoding,
}

impl Storage {
    /// That of tables that are to last.
    pub(super) fn lasting(encoding: Encoding) -> Storage {
        let level = ZstdLevel::try_new(3).expect("3 is a level of zstd");
        Storage {
            rows_per_group: ROWS_PER_GROUP,
            compression: Compression::ZSTD(level),
            encoding,
        }
    }

    /// That of tables that are soon read again, in pieces, and then go: small row groups, not compressed.
    fn passing() -> Storage {
        Storage {
            rows_per_group: ROWS_AT_A_TIME,
            compression: Compression::UNCOMPRESSED,
            encoding: Encoding::Plain,
        }
    }
}

/// A table in the making: memory holds the rows of one row group.
pub struct Writer {
    file: SerializedFileWriter<Output>,
    schema: Arc<Schema>,
    /// Which columns of the rows make each column of the file.
    layout: Vec<Stored>,
    path: PathBuf,
    rows_per_group: usize,
    /// Rows that do not fill a group yet, and their number.
    waiting: Vec<RecordBatch>,
    waiting_rows: usize,
}

impl Writer {
    /// Starts a table with the columns and the metadata of `like`, whose rows are not written.
    pub fn create(path: &Path, like: &Table, encoding: Encoding) -> Result<Writer> {
        Writer::create_as(
            Output::create(path)?,
            path,
            like,
            Storage::lasting(encoding),
        )
    }

    /// The same; the file lies in `folder` until it gets its name.
    pub fn create_in(
        folder: &Path,
        path: &Path,
        like: &Table,
        encoding: Encoding,
    ) -> Result<Writer> {
        let output = Output::create_in(folder, path)?;
        Writer::create_as(output, path, like, Storage::lasting(encoding))
    }

    /// The same for a table that is soon read again, in pieces, and then goes.
    pub fn create_part(path: &Path, like: &Table) -> Result<Writer> {
        Writer::create_as(Output::create(path)?, path, like, Storage::passing())
    }

    fn create_as(output: Output, path: &Path, like: &Table, storage: Storage) -> Result<Writer> {
        let layout = like.layout();
        let schema = Arc::new(Schema::new(like.fields(&layout)));
        let writer = Writer::start(output, path, schema, &like.metadata, storage)?;
        Ok(Writer { layout, ..writer })
    }

    /// Starts a table of columns of any type.
    pub(super) fn start(
        output: Output,
        path: &Path,
        schema: Arc<Schema>,
        metadata: &BTreeMap<String, String>,
        storage: Storage,
    ) -> Result<Writer> {
        let metadata = view::folded(metadata);
        let mut properties = WriterProperties::builder()
            .set_compression(storage.compression)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_key_value_metadata(Some(
                metadata
                    .iter()
                    .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
                    .collect(),
            ));
        for field in schema.fields() {
            if let Some(path) = path_of_floats(field) {
                properties = properties
                    .set_column_dictionary_enabled(path.clone(), false)
                    .set_column_encoding(path, storage.encoding.of_parquet());
            }
        }
        // Without Arrow's copy of the schema our types lose nothing, and other readers see our
        // metadata.
        let file = serialized(output, &schema, Arc::new(properties.build()));
        Ok(Writer {
            file: file.map_err(Error::table(path))?,
            schema,
            layout: Vec::new(),
            path: path.to_path_buf(),
            rows_per_group: storage.rows_per_group,
            waiting: Vec::new(),
            waiting_rows: 0,
        })
    }

    /// Appends the rows of `rows`, whose columns must be those of the table.
    pub fn write(&mut self, rows: &Table) -> Result<()> {
        if rows.rows() == 0 {
            return Ok(());
        }
        self.write_columns(rows.arrays(&self.layout))
    }

    /// The same for columns as the file stores them.
    pub(super) fn write_columns(&mut self, arrays: Vec<ArrayRef>) -> Result<()> {
        let batch =
            RecordBatch::try_new(self.schema.clone(), arrays).map_err(Error::table(&self.path))?;
        let mut done = 0;
        while done < batch.num_rows() {
            let n = (batch.num_rows() - done).min(self.rows_per_group - self.waiting_rows);
            self.waiting.push(batch.slice(done, n));
            self.waiting_rows += n;
            done += n;
            if self.waiting_rows == self.rows_per_group {
                self.write_group()?;
            }
        }
        Ok(())
    }

    /// Ends the table and gives the file its name.
    pub fn finish(mut self) -> Result<()> {
        if self.waiting_rows > 0 {
            self.write_group()?;
        }
        self.file
            .into_inner()
            .map_err(Error::table(&self.path))?
            .finish()
    }

    fn write_group(&mut self) -> Result<()> {
        self.waiting_rows = 0;
        let rows = std::mem::take(&mut self.waiting);
        encode(&rows, &self.schema, &mut self.file).map_err(Error::table(&self.path))
    }
}

/// Where the floating-point numbers of a column stand in the file's schema: its own, or those of its lists.
fn path_of_floats(field: &Field) -> Option<ColumnPath> {
    let is_float =
        |data_type: &DataType| matches!(data_type, DataType::Float32 | DataType::Float64);
    match field.data_type() {
        of_column if is_float(of_column) => Some(ColumnPath::from(field.name().as_str())),
        DataType::List(element)
        | DataType::LargeList(element)
        | DataType::FixedSizeList(element, _)
            if is_float(element.data_type()) =>
        {
            let path = [field.name().as_str(), "list", element.name()];
            Some(ColumnPath::new(path.map(str::to_string).to_vec()))
        }
        _ => None,
    }
}

/// Writes a row group, column by column.
fn encode(
    rows: &[RecordBatch],
    schema: &Schema,
    file: &mut SerializedFileWriter<Output>,
) -> ParquetResult<()> {
    let properties = Arc::clone(file.properties());
    let mut group = file.next_row_group()?;
    for (at, field) in schema.fields().iter().enumerate() {
        let arrays = rows.iter().map(|batch| batch.column(at));
        for chunk in encoded(arrays, field, &properties)? {
            chunk.append_to_row_group(&mut group)?;
        }
    }
    group.close()?;
    Ok(())
}

/// A column, encoded. The library makes encoders for all columns of a file: here it has one.
fn encoded<'a>(
    arrays: impl Iterator<Item = &'a ArrayRef>,
    field: &FieldRef,
    properties: &Arc<WriterProperties>,
) -> ParquetResult<Vec<ArrowColumnChunk>> {
    let alone = Arc::new(Schema::new(vec![Arc::clone(field)]));
    let file = serialized(io::sink(), &alone, Arc::clone(properties))?;
    let mut encoders = ArrowRowGroupWriterFactory::new(&file, alone).create_column_writers(0)?;
    for array in arrays {
        // One for a plain type, as many as it has for one of several parts.
        let leaves = compute_leaves(field, array)?;
        for (encoder, leaf) in encoders.iter_mut().zip(&leaves) {
            encoder.write(leaf)?;
        }
    }
    encoders.into_iter().map(ArrowColumnWriter::close).collect()
}

fn serialized<W: io::Write + Send>(
    to: W,
    schema: &Schema,
    properties: Arc<WriterProperties>,
) -> ParquetResult<SerializedFileWriter<W>> {
    let schema = ArrowSchemaConverter::new().convert(schema)?;
    SerializedFileWriter::new(to, schema.root_schema_ptr(), properties)
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Writer").field(&self.path).finish()
    }
}
