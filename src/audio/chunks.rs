//! Containers made of chunks: WAV, AIFF and CAF.
//!
//! Their headers say how long the sound is, so a file that broke off is noticed; a byte that
//! changed in it is not, since none of them has a checksum. Where a length was left open because
//! the file went to a pipe, nothing can be noticed either.

use crate::audio::bytes::{Bytes, big_at, little_at};
use crate::audio::container::Stated;

/// How a container writes its chunks.
#[derive(Clone, Copy, PartialEq)]
enum Layout {
    /// Lengths of 32 bits, little-endian; chunks begin at even bytes.
    Wav,
    /// The same, big-endian.
    Aiff,
    /// Lengths of 64 bits, big-endian, no padding (Apple Core Audio Format specification 1.0).
    Caf,
}

/// One chunk: its name, where its content begins, and the length it states.
struct Chunk {
    id: [u8; 4],
    at: u64,
    len: u64,
}

/// As much of a chunk is looked at; what is looked for stands at its start.
const MOST_OF_A_CHUNK: u64 = 256;

impl Chunk {
    /// The start of its content.
    fn content(&self, bytes: &Bytes) -> Vec<u8> {
        bytes.get(self.at, self.len.min(MOST_OF_A_CHUNK) as usize)
    }

    /// Whether it states more than the file has behind its header.
    fn overruns(&self, bytes: &Bytes) -> bool {
        self.len > bytes.len() - self.at
    }
}

impl Layout {
    /// The chunks in order, up to the one that goes beyond the end of the file.
    fn chunks(self, bytes: &Bytes) -> impl Iterator<Item = Chunk> {
        let mut at = if self == Layout::Caf { 8 } else { 12 };
        std::iter::from_fn(move || {
            let header = bytes.get(at, 12);
            let id = header.get(..4)?.try_into().expect("4 bytes");
            let (len, header_len, padding) = match self {
                Layout::Caf => (big_at(&header, 4, 8)?, 12, 0),
                Layout::Aiff => (big_at(&header, 4, 4)?, 8, 1),
                Layout::Wav => (little_at(&header, 4, 4)?, 8, 1),
            };
            let content = at + header_len;
            at = content.saturating_add(len.saturating_add(len & padding));
            Some(Chunk {
                id,
                at: content,
                len,
            })
        })
    }

    fn find(self, bytes: &Bytes, id: &[u8; 4]) -> Option<Chunk> {
        self.chunks(bytes).find(|chunk| &chunk.id == id)
    }
}

/// A length that was written before the end was known (ffmpeg: 2^32 - 1, sox: 2^31 - 4096 and the
/// like).
const OPEN: u64 = 0x7f00_0000;

/// What a WAV states, and its open length closed.
pub fn read_wav(bytes: &mut Bytes) -> Stated {
    close_open_wav(bytes);
    Stated {
        length_s: adpcm_length_s(bytes),
        fault: another(Layout::Wav, b"RIFF", bytes),
        ..Stated::default()
    }
}

/// Channels that Symphonia has names for: no more are decoded.
const MOST_CHANNELS: u64 = 26;

/// Refuses the WAV of an array of more microphones than are decoded.
pub fn check_channels(bytes: &Bytes) -> Result<(), String> {
    let format = Layout::Wav.find(bytes, b"fmt ");
    let channels = format.and_then(|format| little_at(&format.content(bytes), 2, 2));
    match channels.unwrap_or(0) {
        ..=MOST_CHANNELS => Ok(()),
        channels => Err(format!(
            "WAV of {channels} channels; expected at most {MOST_CHANNELS}; take out the one that is wanted, for \
             example the first with `ffmpeg -i FILE -af 'pan=mono|c0=c0' out.flac`"
        )),
    }
}

/// Whether behind the sound stands another whole file, as where two were joined.
fn another(layout: Layout, magic: &[u8; 4], bytes: &Bytes) -> Option<String> {
    let second = layout.find(bytes, magic)?;
    Some(format!(
        "another recording begins at byte {}, and only the first is read",
        second.at - 8
    ))
}

/// A WAV that was written to a pipe states no length. Gives its last chunk the length that the file
/// has, so that it decodes to its end and a short file is not called broken. The price: a cut WAV
/// of more than 2 GB counts as whole.
fn close_open_wav(bytes: &mut Bytes) {
    let Some(data) = Layout::Wav.find(bytes, b"data") else {
        return;
    };
    let left = bytes.len() - data.at;
    // A length of 0 is meant where the file ends there or goes on with chunks to its end.
    let is_open = data.len >= OPEN || (data.len == 0 && left > 0 && !ends_in_chunks(bytes));
    if is_open {
        let real = u32::try_from(left).unwrap_or(u32::MAX - 1);
        bytes.replace(data.at - 4, &real.to_le_bytes());
        // Of unknown length as a whole, so that no chunk is longer than its parent.
        bytes.replace(4, &u32::MAX.to_le_bytes());
    }
}

/// Whether chunks with sensible names follow that of the sound to the very end.
fn ends_in_chunks(bytes: &Bytes) -> bool {
    let last = Layout::Wav
        .chunks(bytes)
        .skip_while(|chunk| &chunk.id != b"data")
        .skip(1)
        .take_while(|chunk| chunk.id.iter().all(u8::is_ascii_graphic))
        .last();
    last.is_some_and(|chunk| bytes.len() == chunk.at.saturating_add(chunk.len))
}

/// ADPCM comes in whole blocks; the chunk `fact` says how many samples of the last are meant. A
/// count that would cut more than one block, or more samples than there are, is not believed.
fn adpcm_length_s(bytes: &Bytes) -> Option<f64> {
    let format = Layout::Wav.find(bytes, b"fmt ")?;
    let format = format.content(bytes);
    if !matches!(wav_tag(bytes)?, 0x0002 | 0x0011) {
        return None;
    }
    let rate = little_at(&format, 4, 4)?;
    let block_len = little_at(&format, 12, 2)?;
    let block_samples = little_at(&format, 18, 2)?;
    let fact = Layout::Wav.find(bytes, b"fact")?;
    let samples = little_at(&fact.content(bytes), 0, 4)?;
    let data = Layout::Wav.find(bytes, b"data")?;
    let whole = (data.len / block_len.max(1)).saturating_mul(block_samples);
    let fits = samples > 0 && samples <= whole && whole - samples < block_samples;
    fits.then(|| samples as f64 / rate as f64)
}

/// The number that says how the samples of a WAV are coded.
fn wav_tag(bytes: &Bytes) -> Option<u16> {
    let format = Layout::Wav.find(bytes, b"fmt ")?;
    let format = format.content(bytes);
    let tag = |at| Some(little_at(&format, at, 2)? as u16);
    // WAVE_FORMAT_EXTENSIBLE: the tag proper begins the sub-format.
    match tag(0)? {
        0xfffe => tag(24),
        tag => Some(tag),
    }
}

/// How the samples of a WAV are coded, in words, where they are not decoded. Numbers as registered
/// in RFC 2361 and `mmreg.h`.
pub fn foreign_wav_codec(bytes: &Bytes) -> Option<String> {
    let tag = wav_tag(bytes)?;
    let codec = match tag {
        0x0001..=0x0003 | 0x0006 | 0x0007 | 0x0011 => return None,
        0x0010 => "OKI ADPCM",
        0x0014 | 0x0040 => "G.721",
        0x0022 => "TrueSpeech",
        0x0031 => "GSM 6.10",
        0x0042 => "G.723.1",
        0x0045 | 0x0064 => "G.726",
        0x0050 => "MPEG layer 2",
        0x0055 => "MP3",
        0x0057 => "AMR",
        0x0065 => "G.722",
        0x00ff | 0x1610 => "AAC",
        0x0160..=0x0163 => "Windows Media",
        0xa109 => "Speex",
        _ => "an unknown codec",
    };
    Some(format!("{codec} (format tag {tag:#06x})"))
}

/// The name of the codec of an AIFF-C.
pub fn aiff_codec(bytes: &Bytes) -> Option<String> {
    let common = Layout::Aiff.find(bytes, b"COMM")?;
    let common = common.content(bytes);
    let codec = common.get(18..22)?;
    let is_decoded = matches!(
        codec,
        b"NONE"
            | b"sowt"
            | b"twos"
            | b"in24"
            | b"in32"
            | b"raw "
            | b"fl32"
            | b"FL32"
            | b"fl64"
            | b"FL64"
            | b"alaw"
            | b"ALAW"
            | b"ulaw"
            | b"ULAW"
    );
    (!is_decoded).then(|| String::from_utf8_lossy(codec).into_owned())
}

/// The name of the codec of a CAF, where it is not decoded (Apple Core Audio Format specification
/// 1.0, table 2-4).
pub fn foreign_caf_codec(bytes: &Bytes) -> Option<String> {
    let description = Layout::Caf.find(bytes, b"desc")?;
    let description = description.content(bytes);
    let codec = description.get(8..12)?;
    let is_decoded = matches!(
        codec,
        b"lpcm" | b"ima4" | b"alac" | b"aac " | b"alaw" | b"ulaw"
    );
    (!is_decoded).then(|| match codec {
        b"opus" => "Opus".into(),
        _ => String::from_utf8_lossy(codec).trim().to_string(),
    })
}

/// What an AIFF states, and the length of its sound made that of the file where it breaks off or is
/// open.
pub fn read_aiff(bytes: &mut Bytes) -> Stated {
    let mut stated = Stated {
        fault: another(Layout::Aiff, b"FORM", bytes),
        ..Stated::default()
    };
    let Some(sound) = Layout::Aiff.find(bytes, b"SSND") else {
        return stated;
    };
    let left = bytes.len() - sound.at;
    let is_open = sound.len >= OPEN || (sound.len == 0 && left > 8);
    if sound.overruns(bytes) && !is_open {
        stated.fault = Some(broken_off(&sound, bytes));
    }
    if is_open || sound.overruns(bytes) {
        let real = u32::try_from(left).unwrap_or(u32::MAX - 1);
        bytes.replace(sound.at - 4, &real.to_be_bytes());
        let whole = u32::try_from(bytes.len() - 8).unwrap_or(u32::MAX);
        bytes.replace(4, &whole.to_be_bytes());
    }
    stated
}

/// What a CAF states, and the length of its sound made that of the file where it breaks off or is
/// open. What stands behind the sound and is no chunk is cut off: SoX pads a sound of odd length as
/// in WAV, which the format does not know.
pub fn read_caf(bytes: &mut Bytes) -> Stated {
    let mut stated = Stated::default();
    let data = Layout::Caf.find(bytes, b"data");
    if let Some(data) = data.as_ref().filter(|data| !data.overruns(bytes)) {
        let end = data.at + data.len;
        let tail = bytes.get(end, 12);
        let name = &tail[..tail.len().min(4)];
        let is_name = name.iter().all(|&b| b == b' ' || b.is_ascii_graphic());
        if !tail.is_empty() && !is_name {
            bytes.cut(0..end);
        } else if !tail.is_empty() && tail.len() < 12 {
            stated.fault = Some("it ends within the chunk behind the sound".into());
            bytes.cut(0..end);
        }
    }
    if let Some(data) = data.filter(|data| data.overruns(bytes)) {
        // -1 where it was not known.
        if data.len != u64::MAX {
            stated.fault = Some(broken_off(&data, bytes));
        }
        let left = bytes.len() - data.at;
        bytes.replace(data.at - 8, &left.to_be_bytes());
    }
    let rate = Layout::Caf
        .find(bytes, b"desc")
        .and_then(|chunk| big_at(&chunk.content(bytes), 0, 8))
        .map(f64::from_bits);
    let packets = Layout::Caf.find(bytes, b"pakt");
    if let (Some(rate), Some(packets)) = (rate.filter(|&rate| rate >= 1.0), packets) {
        let packets = packets.content(bytes);
        // Number of packets, of valid frames, of priming frames, of remainder frames.
        let (valid, priming) = (big_at(&packets, 8, 8), big_at(&packets, 16, 4));
        stated.skip_s = priming.unwrap_or(0) as f64 / rate;
        stated.length_s = valid.map(|valid| valid as f64 / rate);
    }
    stated
}

fn broken_off(chunk: &Chunk, bytes: &Bytes) -> String {
    format!(
        "its header promises {} bytes of sound, the file has {}",
        chunk.len,
        bytes.len() - chunk.at
    )
}
