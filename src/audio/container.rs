//! What a file holds, by its first bytes, and what a container may state beside its packets.

use std::ops::Range;

use crate::audio::bytes::{Bytes, little_at};
use crate::audio::gsm::Packing;

/// The containers that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Wav,
    Aiff,
    Caf,
    Flac,
    Mp3,
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

/// What a container states of its sound beside the packets, in seconds.
#[derive(Debug, Default, PartialEq)]
pub struct Stated {
    /// How much of what decodes comes before the recording (encoder delay).
    pub skip_s: f64,
    /// How long the recording is; what decodes beyond it is padding.
    pub length_s: Option<f64>,
    /// Further parts that belong to it, where it is put together: where each begins in what decodes, and how long it is.
    pub further: Vec<(f64, Option<f64>)>,
    /// Why the file is not whole.
    pub fault: Option<String>,
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

/// What the first bytes say a file holds.
pub fn identify(bytes: &Bytes) -> Container {
    let first = &bytes.get(0, FIRST)[..];
    kind_of(first, bytes.len())
}

/// Bytes by which a file is known: a hundred frames of raw GSM.
const FIRST: usize = 33 * 100;

fn kind_of(bytes: &[u8], file_len: u64) -> Container {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let at = |offset: usize, magic: &[u8]| bytes.get(offset..offset + magic.len()) == Some(magic);
    if let Some((.., name)) = FOREIGN.iter().find(|(offset, magic, _)| at(*offset, magic)) {
        return Container::Foreign(name);
    }
    // The second byte of a frame: the rest of the sync word, version, layer and a bit.
    let frame = bytes
        .get(1)
        .filter(|&&b| bytes[0] == 0xff && b & 0xe0 == 0xe0);
    let layer = frame.map(|b| b & 0x06);
    let is_riff = [b"RIFF", b"RIFX", b"RF64", b"BW64"]
        .iter()
        .any(|magic| starts(*magic));
    if (is_riff && at(8, b"WAVE")) || starts(WAVE64) {
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
    } else if frame.is_some_and(|b| b & 0xf6 == 0xf0) {
        Container::Adts
    } else if layer == Some(0x02) {
        Container::Mp3
    } else if layer == Some(0x04) {
        Container::Foreign("MP2 (MPEG layer 2)")
    } else if layer == Some(0x06) {
        Container::Foreign("MP1 (MPEG layer 1)")
    } else if is_raw_gsm(bytes, file_len) {
        Container::Gsm
    } else if std::str::from_utf8(&bytes[..bytes.len().min(256)]).is_ok_and(|t| !t.contains('\0')) {
        Container::Foreign(TEXT)
    } else {
        Container::Foreign(UNKNOWN)
    }
}

/// Where in the bytes the recording lies: behind tags of ID3v2, before those of ID3v1 and APE,
/// which players put around files of any kind.
pub fn without_tags(bytes: &Bytes) -> Range<u64> {
    let mut start = 0;
    while let len @ 1.. = id3_len(&bytes.get(start, 10)) {
        start = start.saturating_add(len).min(bytes.len());
    }
    let mut end = bytes.len();
    // These say themselves how long they are, and a tag would be chance.
    let states_its_length = matches!(
        kind_of(&bytes.get(start, FIRST), end - start),
        Container::Wav | Container::Aiff | Container::Caf | Container::Sphere | Container::Au
    );
    if states_its_length {
        return start..end;
    }
    if (end - start) > ID3V1_LEN && bytes.get(end - ID3V1_LEN, 3) == b"TAG" {
        end -= ID3V1_LEN;
    }
    // The length counts all but the header, which is as long as the footer.
    if end - start > APE_LEN && bytes.get(end - APE_LEN, 8) == b"APETAGEX" {
        let footer = bytes.get(end - APE_LEN, APE_LEN as usize);
        let len = little_at(&footer, 12, 4).unwrap_or(0);
        let has_header = footer.get(23).is_some_and(|b| b & 0x80 != 0);
        let len = len.saturating_add(if has_header { APE_LEN } else { 0 });
        if (APE_LEN..end - start).contains(&len) {
            end -= len;
        }
    }
    start..end
}

const ID3V1_LEN: u64 = 128;

/// Header and footer of an APEv2 tag.
const APE_LEN: u64 = 32;

/// Length of the ID3v2 tag at the start; 0 where there is none. Sizes are written 7 bits a byte,
/// and count neither the header nor the footer that a flag announces, of 10 bytes each.
fn id3_len(bytes: &[u8]) -> u64 {
    match bytes {
        [b'I', b'D', b'3', _, _, flags, a, b, c, d, ..] => {
            let size = [a, b, c, d]
                .iter()
                .fold(0, |n, &&b| (n << 7) | u64::from(b & 0x7f));
            size + if flags & 0x10 == 0 { 10 } else { 20 }
        }
        _ => 0,
    }
}

/// Frames of GSM that each begin with the same four bits, enough of them not to be chance, and not one byte alone, as in
/// silence of other codecs. One that is cut may follow.
fn is_raw_gsm(first: &[u8], file_len: u64) -> bool {
    let frame_len = Packing::Single.len();
    let mut frames = first.chunks(frame_len);
    let is_long = file_len >= 5 * frame_len as u64;
    is_long && first.iter().any(|&b| b != first[0]) && frames.all(|frame| frame[0] & 0xf0 == 0xd0)
}

/// Whether a FLAC or MP3 goes on, behind its last whole frame, with the beginning of another.
pub fn ends_within_a_frame(bytes: &Bytes, last_frame: &[u8]) -> bool {
    let tail = bytes.behind_last(last_frame, 2).unwrap_or_default();
    tail.len() > 1 && tail[0] == 0xff && tail[1] & 0xe0 == 0xe0
}
