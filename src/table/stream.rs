//! Writes a table as an Arrow IPC stream, for programs that read it while it is computed.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::ipc::writer::StreamWriter;
use arrow::record_batch::RecordBatch;

use super::{Table, view};
use crate::error::{Error, Result};

/// An Arrow IPC stream that is being written: with the same columns, types and metadata as the Parquet file, and a batch
/// for each [`write`](Stream::write).
pub struct Stream<W: Write> {
    writer: StreamWriter<W>,
    schema: Arc<Schema>,
    layout: Vec<view::Stored>,
}

/// What errors call the stream.
const NAME: &str = "standard output";

impl<W: Write> Stream<W> {
    /// Starts a stream with the columns and the metadata of `like`; its rows are not written.
    pub fn start(to: W, like: &Table) -> Result<Stream<W>> {
        let layout = like.layout();
        let metadata: HashMap<_, _> = view::folded(&like.metadata).into_iter().collect();
        let fields: Vec<Field> = like.fields(&layout).into_iter().map(as_list).collect();
        let schema = Arc::new(Schema::new(fields).with_metadata(metadata));
        let writer = StreamWriter::try_new(to, &schema).map_err(Error::table(Path::new(NAME)))?;
        Ok(Stream {
            writer,
            schema,
            layout,
        })
    }

    /// Writes the rows as a batch, if there are any, and flushes it to the reader.
    pub fn write(&mut self, rows: &Table) -> Result<()> {
        if rows.rows() == 0 {
            return Ok(());
        }
        let failed = || Error::table(Path::new(NAME));
        let columns = rows.arrays(&self.layout).into_iter();
        let columns = columns.zip(self.schema.fields());
        let columns = columns.map(|(column, field)| cast(&column, field.data_type()));
        let columns = columns.collect::<Result<_, _>>().map_err(failed())?;
        let batch = RecordBatch::try_new(self.schema.clone(), columns).map_err(failed())?;
        self.writer.write(&batch).map_err(failed())?;
        self.writer.flush().map_err(failed())
    }

    /// Ends the stream.
    pub fn finish(mut self) -> Result<()> {
        self.writer
            .finish()
            .map_err(Error::table(Path::new(NAME)))?;
        self.writer.flush().map_err(Error::table(Path::new(NAME)))
    }
}

/// A view as Parquet has it: there the length of a list is not part of its type.
fn as_list(field: Field) -> Field {
    match field.data_type() {
        DataType::FixedSizeList(element, _) => {
            let list = DataType::List(element.clone());
            Field::new(field.name(), list, field.is_nullable())
        }
        _ => field,
    }
}
