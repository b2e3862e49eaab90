//! Files that tables are read from, be they damaged: the Parquet library is not made for those. On some it panics, on
//! some it counts to billions (see [`super::thrift`]).

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::FOOTER_SIZE;
use parquet::file::metadata::{FooterTail, ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::thrift;
use crate::error::{Error, Result, panic_text};

/// A file whose headers are looked over before the library reads them.
pub struct Source {
    file: File,
    len: u64,
}

impl Source {
    /// The file at `path`.
    pub fn open(path: &Path) -> Result<Source> {
        let open = || {
            let file = File::open(path)?;
            let len = file.metadata()?.len();
            Ok(Source { file, len })
        };
        open().map_err(Error::io(path))
    }

    fn file_at(&self, start: u64) -> io::Result<File> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(file)
    }

    /// What the file says of itself at its end.
    fn metadata(&self) -> ParquetResult<ParquetMetaData> {
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
    type T = PageHeader;

    /// The library asks for a reader where it expects the header of a page, and for bytes of all else, as long as it has
    /// its metadata from [`Source::metadata`], which reads no index of pages.
    fn get_read(&self, start: u64) -> ParquetResult<PageHeader> {
        Ok(PageHeader {
            bytes: BufReader::new(self.file_at(start)?),
            is_checked: false,
        })
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        // Before there is room for it: damaged files ask for gigabytes.
        if self.len.saturating_sub(start) < length as u64 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let mut bytes = vec![0; length];
        self.file_at(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// The header of a page, checked when it is read: the library asks for some that it does not read, having them.
pub struct PageHeader {
    bytes: BufReader<File>,
    is_checked: bool,
}

impl Read for PageHeader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if !self.is_checked {
            let length = thrift::check_page_header(&mut self.bytes).map_err(io::Error::other)?;
            self.bytes.seek_relative(-(length as i64))?;
            self.is_checked = true;
        }
        self.bytes.read(out)
    }
}

/// The table at `path`, ready to be read.
pub fn open(path: &Path) -> Result<ParquetRecordBatchReaderBuilder<Source>> {
    let source = Source::open(path)?;
    let metadata = metadata_of(&source, path)?;
    Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(
        source, metadata,
    ))
}

/// What the table at `path` says of itself.
pub fn metadata(path: &Path) -> Result<ArrowReaderMetadata> {
    metadata_of(&Source::open(path)?, path)
}

fn metadata_of(source: &Source, path: &Path) -> Result<ArrowReaderMetadata> {
    undamaged(path, || {
        let read = source
            .metadata()
            .and_then(|metadata| ArrowReaderMetadata::try_new(metadata.into(), Default::default()));
        read.map_err(|cause| Error::Table {
            path: path.to_path_buf(),
            reason: format!(
                "is not a Parquet table that can be read ({cause}); expected a table written by `sentire extract`"
            ),
        })
    })
}

/// What `read` makes of the file at `path`; a panic of the library is an error of the file.
pub fn undamaged<T>(path: &Path, read: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|panic| {
        Err(Error::Table {
            path: path.to_path_buf(),
            reason: format!(
                "is damaged ({}); write it again",
                panic_text(panic.as_ref())
            ),
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::table::{Column, Table};

    #[test]
    fn a_page_header_is_looked_over() {
        let file = tempfile::NamedTempFile::new().unwrap();
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
}
