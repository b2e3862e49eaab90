//! What a container is, and how that of a file is recognised: by its first bytes or its frames.

use std::fmt;
use std::ops::Range;

use crate::audio::bytes::{Bytes, Held};
use crate::audio::chunks::Found;
use crate::audio::decoded::Decoded;
use crate::audio::stream::{Stated, Stream, Streams};
use crate::audio::{CONTAINERS, ReadOptions, mpeg, tags};

/// A container that is read.
#[derive(Clone, Copy)]
pub struct Container {
    /// The name for messages.
    pub name: &'static str,
    /// What it is called in the list of what is expected; `None` for a rare relative of one that stands there.
    pub listed: Option<&'static str>,
    /// Extensions of its files, in lower case.
    pub extensions: &'static [&'static str],
    /// How a file of it is recognised.
    pub sign: Sign,
    /// Whether it states how long the recording is, so that a tag behind it would be chance.
    pub states_its_length: bool,
    /// What reads it.
    pub reader: Reader,
}

/// How a container is recognised.
#[derive(Clone, Copy)]
pub enum Sign {
    /// By the first bytes of the file.
    Start(fn(&[u8]) -> bool),
    /// By frames near its start, be it behind something else.
    Frames(fn(&Bytes) -> bool),
}

/// What reads a container. An error says why it is not read.
#[derive(Clone, Copy)]
pub enum Reader {
    /// A header and chunks that say where the sound lies.
    Chunks(fn(&Bytes) -> Result<Found, String>),
    /// Frames that are a file of their own, several where files were joined.
    Frames(fn(&Bytes) -> Result<Streams, String>),
    /// Packets among others, of a file that is held in memory.
    Packets(fn(&Held) -> Result<(Stream, Stated), String>),
    /// Samples, and why there are no more of them.
    Samples(fn(&Bytes, &ReadOptions) -> Result<Partial, String>),
}

/// What decoded, and why it is not all.
pub type Partial = (Decoded, Option<String>);

/// What a file holds.
#[derive(Clone, Copy)]
pub enum Kind {
    Known(&'static Container),
    /// No container that is read, but this.
    Foreign(&'static str),
}

/// What is read, and what to do with the rest.
pub struct Remedy;

pub const REMEDY: Remedy = Remedy;

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listed: Vec<&str> = CONTAINERS.iter().filter_map(|c| c.listed).collect();
        let (last, others) = listed.split_last().expect("some are read");
        write!(
            f,
            "expected {} or {last}; convert it, for example with `ffmpeg -i FILE out.flac`",
            others.join(", ")
        )
    }
}

/// What to do with a recording of a codec that is not decoded.
pub fn remedy(codec: &str) -> String {
    // findings/ffmpeg-amr-pauses.sh.
    let of_amr = match codec.starts_with("AMR") {
        true => {
            " (of AMR it leaves out the pauses; `ffmpeg -i FILE -c copy x.amr`, then `sox x.amr out.flac`, keeps them)"
        }
        false => "",
    };
    format!("{REMEDY}{of_amr}")
}

/// First bytes of files that are no recordings we decode: where they stand, what they are, whose
/// they are.
const FOREIGN: [(usize, &[u8], &str); 23] = [
    (0, b"#!AMR-WB", "AMR-WB"),
    (0, b"#!AMR", "AMR"),
    (0, b"#!SILK", "SILK (a voice message)"),
    (1, b"#!SILK", "SILK (a voice message)"),
    (
        0,
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11",
        "Windows Media (WMA)",
    ),
    (0, b"wvpk", "WavPack"),
    (0, b"MAC ", "Monkey's Audio"),
    (0, b"MPCK", "Musepack"),
    (0, b"MP+", "Musepack"),
    (0, b"TTA1", "True Audio (TTA)"),
    (0, b"TTA2", "True Audio (TTA)"),
    (0, b"OFR ", "OptimFROG"),
    (0, b".RMF", "RealMedia"),
    (0, b".ra\xfd", "RealAudio"),
    (0, b"DSD ", "DSD (DSF)"),
    (0, b"FRM8", "DSD (DSDIFF)"),
    (0, b"ADIF", "AAC in ADIF"),
    (0, b"ajkg", "Shorten"),
    (0, b"\x0b\x77", "Dolby AC-3"),
    (8, b"AVI LIST", "a film in AVI"),
    (0, b"FLV\x01", "Flash Video"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"PAR1", "a Parquet table"),
];

/// What is said of bytes that are characters.
pub const TEXT: &str = "text";

/// What is said of bytes that say nothing.
pub const UNKNOWN: &str = "nothing that looks like a recording";

/// What a file holds: by its first bytes, or by frames near its start.
pub fn identify(bytes: &Bytes) -> Kind {
    let first = &bytes.get(0, FIRST)[..];
    by_start(first)
        .or_else(|| by_frames(bytes).map(Kind::Known))
        .unwrap_or_else(|| nameless(first))
}

/// Bytes by which a file is known.
const FIRST: usize = 4096;

/// What has a name in its first bytes.
fn by_start(bytes: &[u8]) -> Option<Kind> {
    let is_foreign = |&&(offset, magic, _): &&(usize, &[u8], &str)| has(bytes, offset, magic);
    let starts = |container: &&&Container| match container.sign {
        Sign::Start(starts) => starts(bytes),
        Sign::Frames(_) => false,
    };
    let foreign = FOREIGN.iter().find(is_foreign);
    foreign.map(|&(.., name)| Kind::Foreign(name)).or_else(|| {
        CONTAINERS
            .iter()
            .find(starts)
            .map(|found| Kind::Known(found))
    })
}

/// Whether these bytes stand at this place.
pub fn has(bytes: &[u8], offset: usize, magic: &[u8]) -> bool {
    bytes.get(offset..offset + magic.len()) == Some(magic)
}

/// What is known by its frames, be it behind something else, or from the middle of one on.
fn by_frames(bytes: &Bytes) -> Option<&'static Container> {
    let are_in = |container: &&&Container| match container.sign {
        Sign::Start(_) => false,
        Sign::Frames(are_in) => are_in(bytes),
    };
    CONTAINERS.iter().find(are_in).copied()
}

/// What a file without a name and frames holds.
fn nameless(first: &[u8]) -> Kind {
    if mpeg::is_of_free_format(first) {
        Kind::Foreign("MP3 of free format (without a bit rate)")
    } else if std::str::from_utf8(&first[..first.len().min(256)]).is_ok_and(|t| !t.contains('\0')) {
        Kind::Foreign(TEXT)
    } else {
        Kind::Foreign(UNKNOWN)
    }
}

/// Where in the bytes the recording lies, without the tags that players put around files of any kind.
pub fn without_tags(bytes: &Bytes) -> Range<u64> {
    let states_its_length = |start| {
        let kind = by_start(&bytes.get(start, FIRST));
        matches!(kind, Some(Kind::Known(container)) if container.states_its_length)
    };
    tags::without(bytes, states_its_length)
}

/// Where frames lie behind a tag of a wrong length.
pub fn behind_the_tag(bytes: &Bytes) -> Option<Range<u64>> {
    let behind = tags::ID3_HEADER_LEN.min(bytes.len())..bytes.len();
    let mut rest = bytes.clone();
    rest.cut(behind.clone());
    by_frames(&rest).map(|_| behind)
}
