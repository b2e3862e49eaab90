//! What WAV, AIFF and CAF have in common: chunks, and sound that lies in one of them.
//!
//! The sound chunk states its length, so a file that breaks off is noticed; a changed byte is not, since none of these
//! formats has a checksum. If the length was left open because the file was written to a pipe, a cut goes unnoticed
//! too. The length of the file as a whole (`RIFF`, `FORM`) is never used.

use std::ops::Range;

use crate::audio::bytes::{Bytes, big_at, little_at};
use crate::audio::pcm;
use crate::audio::stream::{Stated, Stream};

/// Why a container without the chunk `id` is not read.
pub fn missing(container: &str, id: &str) -> String {
    format!(
        "{container} that breaks off before its first sample: it has no chunk `{id}`; get the file again"
    )
}

/// How a container writes its chunks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Layout {
    /// Lengths of 32 bits, little-endian; chunks begin at even bytes.
    Riff,
    /// The same, big-endian.
    Aiff,
    /// Lengths of 64 bits, big-endian, no padding (Apple Core Audio Format specification 1.0).
    Caf,
    /// Names of 16 bytes, lengths of 64 bits, little-endian, that count name and length; chunks begin at every eighth
    /// byte (Sony Pictures Digital, Wave64, 2006).
    Wave64,
}

/// One chunk: its name, where its content begins, and the length it states.
#[derive(Debug, Clone, Copy)]
pub struct Chunk {
    pub id: [u8; 4],
    pub at: u64,
    pub len: u64,
}

/// As much of a chunk is looked at; what is looked for stands at its start.
const MOST_OF_A_CHUNK: u64 = 256;

impl Chunk {
    /// The start of its content.
    pub fn content(&self, bytes: &Bytes) -> Vec<u8> {
        bytes.get(self.at, self.len.min(MOST_OF_A_CHUNK) as usize)
    }

    /// Where it ends by its own length.
    pub fn end(&self) -> u64 {
        self.at.saturating_add(self.len)
    }

    /// Whether it states more than the file has behind its header.
    pub fn overruns(&self, bytes: &Bytes) -> bool {
        self.end() > bytes.len()
    }
}

impl Layout {
    /// The chunks in order, up to one without a name or the end of the file. That of the sound may go beyond it.
    pub fn chunks(self, bytes: &Bytes) -> impl Iterator<Item = Chunk> {
        let mut at = match self {
            Layout::Riff | Layout::Aiff => 12,
            Layout::Caf => 8,
            Layout::Wave64 => 40,
        };
        std::iter::from_fn(move || {
            let chunk = self.chunk_at(bytes, at)?;
            at = self.next(&chunk, bytes);
            Some(chunk)
        })
    }

    pub fn find(self, bytes: &Bytes, id: &[u8; 4]) -> Option<Chunk> {
        self.chunks(bytes).find(|chunk| &chunk.id == id)
    }

    /// The chunk that begins at a byte, if what stands there has the name of one.
    pub fn chunk_at(self, bytes: &Bytes, at: u64) -> Option<Chunk> {
        let header = bytes.get(at, 24);
        let id: [u8; 4] = header.get(..4)?.try_into().expect("4 bytes");
        let is_name = id.iter().all(|&b| b == b' ' || b.is_ascii_graphic());
        let (len, header_len) = match self {
            Layout::Caf => (big_at(&header, 4, 8)?, 12),
            Layout::Aiff => (big_at(&header, 4, 4)?, 8),
            Layout::Riff => (little_at(&header, 4, 4)?, 8),
            Layout::Wave64 => (little_at(&header, 16, 8)?.saturating_sub(24), 24),
        };
        is_name.then_some(Chunk {
            id,
            at: at + header_len,
            len,
        })
    }

    /// Where the chunk behind `chunk` begins.
    pub fn next(self, chunk: &Chunk, bytes: &Bytes) -> u64 {
        let end = chunk.end();
        match self {
            Layout::Caf => end,
            Layout::Wave64 => end.checked_next_multiple_of(8).unwrap_or(u64::MAX),
            Layout::Riff | Layout::Aiff if chunk.len.is_multiple_of(2) => end,
            // Some programs leave the byte out that makes the next chunk begin at an even one.
            Layout::Riff | Layout::Aiff => match OFTEN.contains(&&bytes.get(end, 4)[..]) {
                true => end,
                false => end.saturating_add(1),
            },
        }
    }
}

/// Names that a chunk behind another has as a rule.
const OFTEN: [&[u8]; 10] = [
    b"fmt ", b"data", b"fact", b"LIST", b"bext", b"id3 ", b"COMM", b"SSND", b"cue ", b"junk",
];

/// What a header says of a sound, and how to get at it.
pub enum Sound {
    /// Samples, in these bytes.
    Pcm(pcm::Format, Range<u64>),
    /// Packets of a codec.
    Packets(Box<Stream>),
    /// Frames of MPEG audio, in these bytes.
    Mp3(Range<u64>),
}

/// A sound, and what is stated of it beside its packets.
pub struct Found {
    pub sound: Sound,
    pub stated: Stated,
}

/// A length that was written before the end was known (ffmpeg: 2^32 - 1, sox: 2^31 - 4096 and the
/// like).
pub const OPEN: u64 = 0x7f00_0000;

/// Which bytes the chunk of the sound has, and what is wrong with it, if anything: all of the rest where its length
/// was left open (`is_open`), and where it goes beyond the end.
pub fn extent(sound: &Chunk, is_open: bool, bytes: &Bytes) -> (Range<u64>, Option<String>) {
    let rest = sound.at..bytes.len();
    if is_open {
        (rest, None)
    } else if sound.overruns(bytes) {
        let fault = format!(
            "its header promises {} bytes of sound, the file has {}",
            sound.len,
            bytes.len() - sound.at
        );
        (rest, Some(fault))
    } else {
        (sound.at..sound.end(), None)
    }
}

/// Whether behind the sound stands another whole file, as where two were joined.
pub fn another(layout: Layout, magic: &[u8; 4], bytes: &Bytes) -> Option<String> {
    let second = layout.find(bytes, magic)?;
    Some(format!(
        "another recording begins at byte {}, and only the first is read",
        second.at - 8
    ))
}
