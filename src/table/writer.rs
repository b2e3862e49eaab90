//! Tables out: rows are collected until they fill a row group, which is then encoded and written column by column. An
//! encoder with a compressor takes a hundred kB, and there are thousands of columns.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::ArrayRef;
use arrow::datatypes::{DataType, FieldRef, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowSchemaConverter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowColumnWriter, ArrowRowGroupWriterFactory, compute_leaves,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::Result as ParquetResult;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::view::{self, Stored};
use super::{ROWS_AT_A_TIME, ROWS_PER_GROUP, Table};
use crate::error::{Error, Result};
use crate::output::Output;

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

/// Rows of a row group, and compression, of tables that are to last.
pub(super) fn lasting() -> (usize, Compression) {
    let level = ZstdLevel::try_new(3).expect("3 is a level of zstd");
    (ROWS_PER_GROUP, Compression::ZSTD(level))
}

impl Writer {
    /// Starts a table with the columns and the metadata of `like`; its rows are not written.
    pub fn create(path: &Path, like: &Table) -> Result<Writer> {
        Writer::create_as(Output::create(path)?, path, like, lasting())
    }

    /// The same; the file lies in `folder` until it gets its name.
    pub fn create_in(folder: &Path, path: &Path, like: &Table) -> Result<Writer> {
        Writer::create_as(Output::create_in(folder, path)?, path, like, lasting())
    }

    /// The same for a table that is soon read again, in pieces, and then goes: its row groups are small, and it is not
    /// compressed.
    pub fn create_part(path: &Path, like: &Table) -> Result<Writer> {
        let small = (ROWS_AT_A_TIME, Compression::UNCOMPRESSED);
        Writer::create_as(Output::create(path)?, path, like, small)
    }

    fn create_as(
        output: Output,
        path: &Path,
        like: &Table,
        groups: (usize, Compression),
    ) -> Result<Writer> {
        let layout = like.layout();
        let schema = Arc::new(Schema::new(like.fields(&layout)));
        let writer = Writer::start(output, path, schema, &like.metadata, groups)?;
        Ok(Writer { layout, ..writer })
    }

    /// Starts a table of columns of any type.
    pub(super) fn start(
        output: Output,
        path: &Path,
        schema: Arc<Schema>,
        metadata: &BTreeMap<String, String>,
        (rows_per_group, compression): (usize, Compression),
    ) -> Result<Writer> {
        let metadata = view::folded(metadata);
        let mut properties = WriterProperties::builder()
            .set_compression(compression)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .set_key_value_metadata(Some(
                metadata
                    .iter()
                    .map(|(key, value)| KeyValue::new(key.clone(), value.clone()))
                    .collect(),
            ));
        for field in schema.fields() {
            let path = match field.data_type() {
                DataType::Float32 | DataType::Float64 => ColumnPath::from(field.name().as_str()),
                _ if metadata.contains_key(&view::key(field.name())) => view::path(field.name()),
                _ => continue,
            };
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, Encoding::BYTE_STREAM_SPLIT);
        }
        // Without Arrow's copy of the schema our types lose nothing, and other readers see our
        // metadata.
        let file = serialized(output, &schema, Arc::new(properties.build()));
        Ok(Writer {
            file: file.map_err(Error::table(path))?,
            schema,
            layout: Vec::new(),
            path: path.to_path_buf(),
            rows_per_group,
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

    /// The same of columns as the file has them.
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
