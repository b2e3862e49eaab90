//! The bytes of a file, in memory or on the disk, and the numbers that containers write.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::{Deref, Range};
use std::sync::{Arc, Mutex};

/// The bytes of a recording's file, or of a part of it. Clones share them.
#[derive(Clone)]
pub struct Bytes {
    source: Source,
    /// The part of the source that counts.
    range: Range<u64>,
    /// Where a reader is.
    at: u64,
}

#[derive(Clone)]
enum Source {
    Memory(Arc<Vec<u8>>),
    File(Arc<Mutex<OnDisk>>),
}

/// The bytes of a file, all of them in memory. Clones share them.
#[derive(Clone, Default)]
pub struct Held {
    bytes: Arc<Vec<u8>>,
    len: usize,
}

impl Held {
    /// These bytes.
    pub fn of(bytes: Vec<u8>) -> Held {
        Held {
            len: bytes.len(),
            bytes: Arc::new(bytes),
        }
    }
}

impl Deref for Held {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

struct OnDisk {
    file: File,
    /// Why it could not be read at some time. Decoders take that for an end of the file.
    failure: Option<String>,
}

impl OnDisk {
    fn read(&mut self, from: u64, out: &mut [u8]) -> io::Result<usize> {
        let read = self.file.seek(SeekFrom::Start(from));
        let read = read.and_then(|_| self.file.read(out));
        if let Err(cause) = &read
            && cause.kind() != io::ErrorKind::Interrupted
        {
            self.failure = Some(cause.to_string());
        }
        read
    }
}

/// Bytes that are looked through at a time.
const BLOCK: usize = 1 << 20;

impl Bytes {
    /// Of these.
    pub fn in_memory(bytes: Vec<u8>) -> Bytes {
        Bytes {
            range: 0..bytes.len() as u64,
            source: Source::Memory(Arc::new(bytes)),
            at: 0,
        }
    }

    /// Of a regular file, which stay where they are.
    pub fn on_disk(file: File, len: u64) -> Bytes {
        Bytes {
            range: 0..len,
            source: Source::File(Arc::new(Mutex::new(OnDisk {
                file,
                failure: None,
            }))),
            at: 0,
        }
    }

    /// How many.
    pub fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }

    /// Why some of them could not be read, if that has happened.
    pub fn failure(&self) -> Option<String> {
        match &self.source {
            Source::Memory(_) => None,
            Source::File(file) => file.lock().expect("no reader panics").failure.clone(),
        }
    }

    /// Leaves out what lies beyond `range`.
    pub fn cut(&mut self, range: Range<u64>) {
        let start = self.range.start;
        self.range = start + range.start..start + range.end;
    }

    /// The `n` bytes at `at`, or as many as there are.
    pub fn get(&self, at: u64, n: usize) -> Vec<u8> {
        let mut reader = self.clone();
        reader.at = at;
        let there = self.len().saturating_sub(at).min(n as u64) as usize;
        let mut bytes = vec![0; there];
        let read = reader.read_exact(&mut bytes);
        // What the disk does not give is not there; `failure` says why.
        read.map_or(Vec::new(), |()| bytes)
    }

    /// All of them, brought into memory.
    pub fn whole(&mut self) -> io::Result<&[u8]> {
        let all = 0..self.len() as usize;
        let is_as_it_was = self.range.start == 0;
        if !is_as_it_was || matches!(self.source, Source::File(_)) {
            let mut bytes = Vec::with_capacity(all.len());
            self.at = 0;
            self.read_to_end(&mut bytes)?;
            *self = Bytes::in_memory(bytes);
        }
        match &self.source {
            Source::Memory(bytes) => Ok(&bytes[all]),
            Source::File(_) => unreachable!("brought into memory"),
        }
    }

    /// All of them, brought into memory, to be shared.
    pub fn held(&mut self) -> io::Result<Held> {
        let len = self.whole()?.len();
        match &self.source {
            Source::Memory(bytes) => Ok(Held {
                bytes: Arc::clone(bytes),
                len,
            }),
            Source::File(_) => unreachable!("brought into memory"),
        }
    }
}

/// Bytes that are looked at one place after the other: of those on the disk, a block at a time is read.
pub struct View {
    bytes: Bytes,
    block: Vec<u8>,
    /// Where the block begins.
    from: u64,
}

impl View {
    /// Of all of `bytes`.
    pub fn of(bytes: &Bytes) -> View {
        View {
            bytes: bytes.clone(),
            block: Vec::new(),
            from: 0,
        }
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.bytes.len()
    }

    /// The `n` bytes at `at`, or as many as there are.
    pub fn get(&mut self, at: u64, n: usize) -> &[u8] {
        let there = self.len().saturating_sub(at).min(n as u64) as usize;
        if let Source::Memory(bytes) = &self.bytes.source {
            let from = (self.bytes.range.start + at).min(bytes.len() as u64) as usize;
            return &bytes[from..(from + there).min(bytes.len())];
        }
        let end = self.from + self.block.len() as u64;
        if at < self.from || at + there as u64 > end {
            self.block = self.bytes.get(at, BLOCK.max(4 * n));
            self.from = at;
        }
        // What the disk does not give is not there.
        let from = ((at - self.from) as usize).min(self.block.len());
        &self.block[from..(from + there).min(self.block.len())]
    }
}

impl Read for Bytes {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.len().saturating_sub(self.at).min(out.len() as u64) as usize;
        let from = self.range.start + self.at;
        let n = match &self.source {
            Source::Memory(bytes) => {
                let from = from.min(bytes.len() as u64) as usize;
                out[..n].copy_from_slice(&bytes[from..from + n]);
                n
            }
            Source::File(file) => {
                let mut file = file.lock().expect("no reader panics");
                file.read(from, &mut out[..n])?
            }
        };
        self.at += n as u64;
        Ok(n)
    }
}

/// A big-endian number of up to 8 bytes.
pub fn big(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, &b| (sum << 8) | u64::from(b))
}

/// The big-endian number of `n` bytes at `at`.
pub fn big_at(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    bytes.get(at..at.checked_add(n)?).map(big)
}

/// The little-endian number of `n` bytes at `at`.
pub fn little_at(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    let digits = bytes.get(at..at.checked_add(n)?)?;
    let value = digits.iter().rev();
    Some(value.fold(0, |sum, &b| (sum << 8) | u64::from(b)))
}

#[test]
fn a_disk_that_fails_is_remembered() {
    let named = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(named.path(), [7; 10]).unwrap();
    let read = Bytes::on_disk(File::open(named.path()).unwrap(), 10);
    assert_eq!((read.get(2, 3), read.failure()), (vec![7; 3], None));
    // One that may only be written to.
    let closed = std::fs::OpenOptions::new().write(true).open(named.path());
    let closed = Bytes::on_disk(closed.unwrap(), 10);
    let mut clone = closed.clone();
    assert!(clone.get(2, 3).is_empty() && clone.whole().is_err());
    assert!(closed.failure().is_some());
}

#[test]
fn bytes_on_the_disk_are_those_in_memory() {
    use std::io::Write;
    let plain: Vec<u8> = (0..3 * BLOCK + 77).map(|i| (i * i % 251) as u8).collect();
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&plain).unwrap();
    let len = plain.len() as u64;
    for mut bytes in [Bytes::in_memory(plain.clone()), Bytes::on_disk(file, len)] {
        bytes.cut(10..len - 5);
        // Across the border of two blocks.
        let at = bytes.len() - BLOCK as u64 - 3;
        assert_eq!(bytes.get(0, 3), plain[10..13]);
        assert_eq!(bytes.get(at, 6), plain[at as usize + 10..][..6]);
        assert_eq!(bytes.get(len - 20, 100).len(), 5);
        let mut view = View::of(&bytes);
        for (place, n) in [(0, 5), (at - 1, 8), (7, 3), (at - 9, 2 * BLOCK), (len, 4)] {
            assert_eq!(view.get(place, n), bytes.get(place, n));
        }
        let whole = bytes.whole().unwrap().to_vec();
        assert_eq!(whole, plain[10..plain.len() - 5]);
        assert_eq!(bytes.held().unwrap()[..], whole[..]);
    }
}
