//! The bytes of a Parquet file as the library requests them, but never more than there are ([`super::file`] says why).

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::Path;

use bytes::Bytes;
use parquet::errors::Result;
use parquet::file::reader::{ChunkReader, Length};

/// A file that ends in an error, not in silence.
pub struct Source {
    file: File,
    len: u64,
}

impl Source {
    /// The file at `path`.
    pub fn open(path: &Path) -> io::Result<Source> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Source { file, len })
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.len
    }
}

impl ChunkReader for Source {
    type T = Rest;

    fn get_read(&self, start: u64) -> Result<Rest> {
        Ok(Rest(self.file.get_read(start)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        // Before there is room for them.
        if self.len.saturating_sub(start) < length as u64 {
            return Err(io::Error::from(ErrorKind::UnexpectedEof).into());
        }
        self.file.get_bytes(start, length)
    }
}

/// What a file has from some place on. The library asks for as much as it has been told that there is.
pub struct Rest(BufReader<File>);

impl Read for Rest {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.0.read(out)? {
            0 if !out.is_empty() => Err(ErrorKind::UnexpectedEof.into()),
            n => Ok(n),
        }
    }
}

#[test]
fn no_more_is_read_than_there_is() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), [7; 10]).unwrap();
    let source = Source::open(file.path()).unwrap();
    assert_eq!(source.get_bytes(6, 4).unwrap()[..], [7; 4]);
    assert!(source.get_bytes(6, 5).is_err() && source.get_bytes(11, 0).is_ok());
    let mut rest = source.get_read(6).unwrap();
    assert_eq!(rest.read(&mut [0; 8]).unwrap(), 4);
    assert_eq!(rest.read(&mut []).unwrap(), 0);
    let ends = rest.read(&mut [0; 8]).unwrap_err();
    assert_eq!(ends.kind(), ErrorKind::UnexpectedEof);
}
