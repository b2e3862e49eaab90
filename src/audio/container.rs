//! Recognises the container of a file by its first bytes.

use std::ops::Range;

use crate::audio::bytes::Bytes;
use crate::audio::gsm::Packing;
use crate::audio::{adts, flac, mp3, mpeg, tags};

/// The containers that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Wav,
    Aiff,
    Caf,
    Flac,
    Mp3,
    /// The elder layers of MPEG audio.
    Mp2,
    Mp1,
    Adts,
    Ogg,
    Mpeg4,
    Matroska,
    Sphere,
    Au,
    Gsm,
    /// None of them, but this.
    Foreign(&'static str),
}

impl Container {
    /// The name for messages.
    pub fn name(self) -> &'static str {
        match self {
            Container::Wav => "WAV",
            Container::Aiff => "AIFF",
            Container::Caf => "CAF",
            Container::Flac => "FLAC",
            Container::Mp3 => "MP3",
            Container::Mp2 => "MP2 (MPEG layer 2)",
            Container::Mp1 => "MP1 (MPEG layer 1)",
            Container::Adts => "AAC (ADTS)",
            Container::Ogg => "Ogg",
            Container::Mpeg4 => "MPEG-4",
            Container::Matroska => "Matroska or WebM",
            Container::Sphere => "NIST SPHERE",
            Container::Au => "AU",
            Container::Gsm => "GSM 06.10",
            Container::Foreign(name) => name,
        }
    }
}

/// What is read, and what to do with the rest.
pub const REMEDY: &str = "expected WAV, FLAC, MP3, Ogg, WebM, MPEG-4, AAC, AIFF, AU, CAF, GSM or \
                          NIST SPHERE; convert it, for example with `ffmpeg -i FILE out.flac`";

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

/// What a box of MPEG-4 is called that a file begins with: mostly the first; in old QuickTime, and where a fragment is
/// apart from its file, the others.
const MPEG_4: [&[u8]; 9] = [
    b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot", b"styp", b"moof",
];

/// The first half of the name of a Wave64 file.
const WAVE64: &[u8] = b"riff\x2e\x91\xcf\x11";

/// What is said of bytes that are characters.
pub const TEXT: &str = "text";

/// What is said of bytes that say nothing.
pub const UNKNOWN: &str = "nothing that looks like a recording";

/// What a file holds: by its first bytes, or by frames near its start.
pub fn identify(bytes: &Bytes) -> Container {
    let first = &bytes.get(0, FIRST)[..];
    kind_of(first)
        .or_else(|| by_frames(bytes))
        .unwrap_or_else(|| nameless(first, bytes.len()))
}

/// Bytes by which a file is known: a hundred frames of raw GSM.
const FIRST: usize = 33 * 100;

/// What has a name in its first bytes.
fn kind_of(bytes: &[u8]) -> Option<Container> {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..offset + magic.len()) == Some(magic);
    let foreign = FOREIGN
        .iter()
        .find(|(offset, magic, _)| at(*offset, magic))
        .map(|(.., name)| Container::Foreign(name));
    if foreign.is_some() {
        return foreign;
    }
    let is_riff = [b"RIFF", b"RIFX", b"RF64", b"BW64"]
        .iter()
        .any(|magic| starts(*magic));
    Some(if (is_riff && at(8, b"WAVE")) || starts(WAVE64) {
        Container::Wav
    } else if starts(b".snd") || starts(b"dns.") {
        Container::Au
    } else if starts(b"FORM") && (at(8, b"AIFF") || at(8, b"AIFC")) {
        Container::Aiff
    } else if starts(b"caff") {
        Container::Caf
    } else if starts(b"fLaC") {
        Container::Flac
    } else if starts(b"OggS") {
        Container::Ogg
    } else if MPEG_4.iter().any(|name| at(4, name)) {
        Container::Mpeg4
    } else if starts(b"\x1a\x45\xdf\xa3") {
        Container::Matroska
    } else if starts(b"NIST_1A") {
        Container::Sphere
    } else {
        return None;
    })
}

/// What is known by its frames, be it behind something else, or from the middle of one on.
fn by_frames(bytes: &Bytes) -> Option<Container> {
    let mpeg = mp3::layer(bytes).map(|layer| match layer {
        1 => Container::Mp1,
        2 => Container::Mp2,
        _ => Container::Mp3,
    });
    mpeg.or_else(|| adts::is_in(bytes).then_some(Container::Adts))
        .or_else(|| flac::is_in(bytes).then_some(Container::Flac))
}

/// What a file without a name and frames holds.
fn nameless(first: &[u8], file_len: u64) -> Container {
    if mpeg::is_of_free_format(first) {
        Container::Foreign("MP3 of free format (without a bit rate)")
    } else if is_raw_gsm(first, file_len) {
        Container::Gsm
    } else if std::str::from_utf8(&first[..first.len().min(256)]).is_ok_and(|t| !t.contains('\0')) {
        Container::Foreign(TEXT)
    } else {
        Container::Foreign(UNKNOWN)
    }
}

/// Where in the bytes the recording lies, without the tags that players put around files of any kind.
pub fn without_tags(bytes: &Bytes) -> Range<u64> {
    // These say themselves how long they are, and a tag behind them would be chance.
    let states_its_length = |start| {
        let kind = kind_of(&bytes.get(start, FIRST));
        matches!(
            kind,
            Some(
                Container::Wav
                    | Container::Aiff
                    | Container::Caf
                    | Container::Sphere
                    | Container::Au
            )
        )
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

/// Frames of GSM that each begin with the same four bits, enough of them not to be chance, and not one byte alone, as in
/// silence of other codecs. One that is cut may follow.
fn is_raw_gsm(first: &[u8], file_len: u64) -> bool {
    let frame_len = Packing::Single.len();
    let mut frames = first.chunks(frame_len);
    let is_long = file_len >= 5 * frame_len as u64;
    is_long && first.iter().any(|&b| b != first[0]) && frames.all(|frame| frame[0] & 0xf0 == 0xd0)
}
