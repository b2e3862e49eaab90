//! Matroska and WebM: what the elements state of the sound beside its packets (RFC 9559).
//!
//! Noticed are an element that goes beyond the end of the file, and blocks that end before the
//! stated duration. A browser states neither sizes nor a duration (it records to a stream), so one
//! that was cut between two blocks cannot be told from a whole one, nor can a changed byte: blocks
//! have no checksum.

use crate::audio::bytes::big;
use crate::audio::container::Stated;

/// The elements that matter here.
mod id {
    pub const SEGMENT: u64 = 0x1853_8067;
    pub const INFO: u64 = 0x1549_a966;
    pub const TIMESTAMP_SCALE: u64 = 0x2ad7b1;
    pub const DURATION: u64 = 0x4489;
    pub const TRACKS: u64 = 0x1654_ae6b;
    pub const TRACK: u64 = 0xae;
    pub const TRACK_NUMBER: u64 = 0xd7;
    pub const TRACK_TYPE: u64 = 0x83;
    pub const CODEC_ID: u64 = 0x86;
    pub const CODEC_DELAY: u64 = 0x56aa;
    pub const CLUSTER: u64 = 0x1f43_b675;
    pub const TIMESTAMP: u64 = 0xe7;
    pub const BLOCK_GROUP: u64 = 0xa0;
    pub const BLOCK: u64 = 0xa1;
    pub const SIMPLE_BLOCK: u64 = 0xa3;
    pub const DISCARD_PADDING: u64 = 0x75a2;
}

/// No packet of sound is as long: Opus ends at 120 ms.
const LONGEST_PACKET_S: f64 = 0.2;

#[derive(Default)]
struct Track {
    number: u64,
    /// 2 is sound.
    kind: u64,
    delay_ns: u64,
    codec: String,
}

/// What is gathered on the way through the elements.
#[derive(Default)]
struct Walk {
    scale_ns: Option<u64>,
    duration: Option<f64>,
    /// The track that is being read, and the first that is sound.
    track: Track,
    sound: Option<Track>,
    cluster: u64,
    /// Timestamp of the last block of sound, and what its group says to discard, in ns.
    last_block: u64,
    discard_ns: u64,
    fault: Option<String>,
}

/// What the file states of its first sound track.
pub fn read(bytes: &[u8]) -> Stated {
    let mut walk = Walk::default();
    walk.elements(bytes, 0, 0);
    let scale_s = walk.scale_ns.unwrap_or(1_000_000) as f64 * 1e-9;
    let is_film = walk.sound.is_none();
    let fault = walk.fault.or_else(|| {
        if is_film {
            return None;
        }
        let (end_s, last_s) = (walk.duration? * scale_s, walk.last_block as f64 * scale_s);
        (last_s + LONGEST_PACKET_S < end_s).then(|| {
            format!("the header promises {end_s:.2} s, the last packet begins at {last_s:.2} s")
        })
    });
    let delay_ns = walk.sound.map_or(0, |sound| sound.delay_ns);
    Stated {
        skip_s: delay_ns as f64 * 1e-9,
        length_s: None,
        padding_s: walk.discard_ns as f64 * 1e-9,
        fault,
    }
}

/// The name of the codec of the first sound track, such as `A_AC3`, where it is not decoded.
pub fn foreign_codec(bytes: &[u8]) -> Option<String> {
    let mut walk = Walk::default();
    walk.elements(bytes, 0, 0);
    let codec = walk.sound?.codec;
    let decoded = [
        "A_OPUS",
        "A_VORBIS",
        "A_AAC",
        "A_FLAC",
        "A_ALAC",
        "A_PCM",
        "A_MPEG/L3",
    ];
    let is_decoded = decoded.iter().any(|name| codec.starts_with(name));
    (!is_decoded).then_some(match codec.as_str() {
        "A_MPEG/L2" => "MP2 (A_MPEG/L2)".into(),
        _ => codec,
    })
}

impl Walk {
    /// Reads the elements of `bytes`, which begin at byte `at` of the file. Segments and clusters
    /// are entered in place, so that it is no matter whether they state their size.
    fn elements(&mut self, mut bytes: &[u8], mut at: usize, depth: usize) {
        while !bytes.is_empty() {
            let Some((id, size, header_len)) = header(bytes) else {
                self.fault = Some(format!("byte {at} begins no whole element"));
                return;
            };
            let left = (bytes.len() - header_len) as u64;
            let enters = matches!(id, id::SEGMENT | id::CLUSTER);
            if size.is_some_and(|size| size > left) || (size.is_none() && !enters) {
                self.fault = Some(format!("it ends within the element at byte {at}"));
                return;
            }
            let size = size.unwrap_or(0) as usize;
            let len = header_len + if enters { 0 } else { size };
            self.element(id, &bytes[header_len..len], at + header_len, depth);
            bytes = &bytes[len..];
            at += len;
        }
    }

    fn element(&mut self, id: u64, content: &[u8], at: usize, depth: usize) {
        let unsigned = || big(content);
        match id {
            // Tracks hold a track, and nothing that matters lies deeper.
            id::INFO | id::TRACKS | id::BLOCK_GROUP | id::TRACK if depth > 1 => {}
            id::INFO | id::TRACKS | id::BLOCK_GROUP => self.elements(content, at, depth + 1),
            id::TIMESTAMP_SCALE => self.scale_ns = Some(unsigned()),
            id::DURATION if content.len() == 4 => {
                self.duration = Some(f64::from(f32::from_bits(unsigned() as u32)));
            }
            id::DURATION => self.duration = Some(f64::from_bits(unsigned())),
            id::TRACK => {
                self.track = Track::default();
                self.elements(content, at, depth + 1);
                let track = std::mem::take(&mut self.track);
                if track.kind == 2 && self.sound.is_none() {
                    self.sound = Some(track);
                }
            }
            id::TRACK_NUMBER => self.track.number = unsigned(),
            id::TRACK_TYPE => self.track.kind = unsigned(),
            id::CODEC_DELAY => self.track.delay_ns = unsigned(),
            id::CODEC_ID => self.track.codec = String::from_utf8_lossy(content).into_owned(),
            id::TIMESTAMP => self.cluster = unsigned(),
            id::BLOCK | id::SIMPLE_BLOCK => self.block(content),
            // Signed; negative would be at the start of a block, which nobody writes.
            id::DISCARD_PADDING => {
                self.discard_ns = unsigned();
                if content.first().is_some_and(|b| b & 0x80 != 0) {
                    self.discard_ns = 0;
                }
            }
            _ => {}
        }
    }

    /// Track number, then the timestamp relative to the cluster in 16 bits.
    fn block(&mut self, content: &[u8]) {
        let Some((track, n)) = vint(content) else {
            return;
        };
        let is_sound = self
            .sound
            .as_ref()
            .is_some_and(|sound| sound.number == track);
        if let (true, Some(time)) = (is_sound, content.get(n..n + 2)) {
            let relative = i16::from_be_bytes([time[0], time[1]]);
            self.last_block = self.cluster.saturating_add_signed(i64::from(relative));
            self.discard_ns = 0;
        }
    }
}

/// Identifier, size of the content (`None`: unknown) and length of both.
fn header(bytes: &[u8]) -> Option<(u64, Option<u64>, usize)> {
    let n = bytes.first()?.leading_zeros() as usize + 1;
    let id = big(bytes.get(..n.min(4))?);
    let (size, m) = vint(bytes.get(n..)?)?;
    let unknown = size == (1 << (7 * m)) - 1;
    (n <= 4).then_some((id, (!unknown).then_some(size), n + m))
}

/// A number whose first byte tells by its leading zeros how many bytes it has.
fn vint(bytes: &[u8]) -> Option<(u64, usize)> {
    let first = *bytes.first()?;
    let n = first.leading_zeros() as usize + 1;
    let digits = bytes.get(..n).filter(|_| n <= 8)?;
    Some((big(digits) & ((1 << (7 * n)) - 1), n))
}
