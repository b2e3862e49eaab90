//! The bytes of a Parquet file as the library asks for them, its headers looked over before (see [`super::thrift`]).

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use parquet::errors::{ParquetError, Result};
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::thrift;

/// A file of which no more is read than there is.
pub struct Source {
    file: File,
    len: u64,
    unread: Unread,
}

/// How many bytes are still to be read. Thousands of columns of a damaged file may lie over each other, and with each of
/// them the same bytes would be read again.
#[derive(Clone)]
struct Unread(Arc<AtomicU64>);

impl Unread {
    fn take(&self, length: u64) -> io::Result<()> {
        let less = |unread: u64| unread.checked_sub(length);
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
        let cause = "there is less than its columns state";
        taken
            .map(drop)
            .map_err(|_| io::Error::new(ErrorKind::InvalidData, cause))
    }
}

impl Source {
    /// The file at `path`.
    pub fn open(path: &Path) -> io::Result<Source> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        let unread = Unread(Arc::new(len.into()));
        Ok(Source { file, len, unread })
    }

    fn file_at(&self, start: u64) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(file)
    }

    /// What the file says of itself at its end.
    pub fn metadata(&self) -> Result<ParquetMetaData> {
        let before = |end: u64, length: usize| {
            let start = end.checked_sub(length as u64);
            start.ok_or_else(|| ParquetError::EOF("shorter than its footer".into()))
        };
        let end = before(self.len, FOOTER_SIZE)?;
        let tail = FooterTail::try_from(&self.get_bytes(end, FOOTER_SIZE)?[..])?;
        if tail.is_encrypted_footer() {
            return Err(ParquetError::NYI("its footer is encrypted".into()));
        }
        let length = tail.metadata_length();
        let footer = self.get_bytes(before(end, length)?, length)?;
        thrift::check_footer(&footer)?;
        ParquetMetaDataReader::decode_metadata(&footer)
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Source {
    type T = HeaderReader;

    /// The library asks for a reader where it expects the header of a page, and for bytes of all else, as long as it has
    /// its metadata from [`Source::metadata`], which reads no index of pages.
    fn get_read(&self, start: u64) -> Result<HeaderReader> {
        Ok(HeaderReader {
            bytes: BufReader::new(self.file_at(start)?),
            is_checked: false,
            unread: self.unread.clone(),
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // Before there is room for it: damaged files ask for gigabytes.
        if self.len.saturating_sub(start) < length as u64 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        self.unread.take(length as u64)?;
        let mut bytes = vec![0; length];
        self.file_at(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// The header of a page, checked when it is read: the library asks for some that it does not read, having them.
pub struct HeaderReader {
    bytes: BufReader<File>,
    is_checked: bool,
    unread: Unread,
}

impl Read for HeaderReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.is_checked {
            let length = thrift::check_page_header(&mut self.bytes).map_err(io::Error::other)?;
            self.unread.take(length)?;
            self.bytes.seek_relative(-(length as i64))?;
            self.is_checked = true;
        }
        self.bytes.read(out)
    }
}

#[cfg(test)]
pub mod tests {
    use arrow::array::{ArrayRef, StringArray};
    use arrow::record_batch::RecordBatch;
    use parquet::arrow::ArrowWriter;
    use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
    use tempfile::NamedTempFile;

    use super::*;
    use crate::table::{Column, Table};

    /// A file with one column, that is called x, as another tool writes it.
    pub fn file_of(column: ArrayRef, properties: WriterPropertiesBuilder) -> NamedTempFile {
        let file = NamedTempFile::new().unwrap();
        let batch = RecordBatch::try_from_iter_with_nullable([("x", column, true)]).unwrap();
        let mut writer = ArrowWriter::try_new(
            file.reopen().unwrap(),
            batch.schema(),
            Some(properties.build()),
        )
        .unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        file
    }

    #[test]
    fn a_page_header_is_looked_over() {
        let file = NamedTempFile::new().unwrap();
        let table = Table {
            columns: vec![("x".into(), Column::Double(vec![1.0, 2.0]))],
            ..Table::default()
        };
        table.write(file.path()).unwrap();
        Table::read(file.path()).unwrap();
        // Behind the magic number, the type of the first page is stated as a number; now as a text.
        let mut bytes = std::fs::read(file.path()).unwrap();
        assert_eq!(bytes[4], 0x15);
        bytes[4] = 0x18;
        std::fs::write(file.path(), bytes).unwrap();
        let refused = Table::read(file.path()).unwrap_err().to_string();
        assert!(refused.contains("page header: "), "{refused}");
    }

    #[test]
    fn a_page_header_may_be_longer_than_what_is_read_at_once() {
        let text = "x".repeat(20_000);
        let with_statistics = WriterProperties::builder()
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::Page)
            .set_statistics_truncate_length(None)
            .set_write_page_header_statistics(true);
        let file = file_of(
            Arc::new(StringArray::from(vec![text.as_str()])),
            with_statistics,
        );
        let mut header = Source::open(file.path()).unwrap().get_read(4).unwrap();
        let length = thrift::check_page_header(&mut header.bytes).unwrap();
        assert!(length > 2 * 20_000, "{length} bytes");
        let read = Table::read(file.path()).unwrap();
        assert_eq!(read.text("x").unwrap(), [Some(text)]);
    }

    #[test]
    fn a_page_header_that_the_file_ends_in_is_refused() {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [0x15, 0]).unwrap();
        for start in [0, 2, 100] {
            let mut header = Source::open(file.path()).unwrap().get_read(start).unwrap();
            let refused = header.read(&mut [0; 8]).unwrap_err().to_string();
            assert!(refused.contains("failed to fill"), "{refused}");
        }
    }

    #[test]
    fn no_more_is_read_than_there_is() {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [0; 10]).unwrap();
        let source = Source::open(file.path()).unwrap();
        source.get_bytes(0, 6).unwrap();
        source.get_bytes(6, 4).unwrap();
        let refused = source.get_bytes(0, 1).unwrap_err().to_string();
        assert!(refused.contains("less than its columns state"), "{refused}");
    }
}
