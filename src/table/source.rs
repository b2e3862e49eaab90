//! Files that tables are read from, be they damaged: the Parquet library is not made for those. On some it panics, at
//! the end of some it reads on for minutes.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use bytes::Bytes;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ParquetRecordBatchReaderBuilder};
use parquet::errors::Result as ParquetResult;
use parquet::file::reader::{ChunkReader, Length};

use crate::error::{Error, Result, panic_text};

/// A file of which nobody reads beyond its end: that is an error.
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
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Source {
    type T = BufReader<UpToEnd>;

    fn get_read(&self, start: u64) -> ParquetResult<BufReader<UpToEnd>> {
        let mut file = self.file.try_clone()?;
        file.seek(SeekFrom::Start(start))?;
        Ok(BufReader::new(UpToEnd(file)))
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        // Before there is room for it: damaged files ask for gigabytes.
        if self.len.saturating_sub(start) < length as u64 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        let mut bytes = vec![0; length];
        self.get_read(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// The bytes up to the end of a file.
pub struct UpToEnd(File);

impl Read for UpToEnd {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 if !out.is_empty() => Err(ErrorKind::UnexpectedEof.into()),
            n => Ok(n),
        }
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
        ArrowReaderMetadata::load(source, Default::default()).map_err(|cause| Error::Table {
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
