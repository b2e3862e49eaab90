//! The headers of frames of MPEG audio (ISO/IEC 11172-3, 2.4.1.3 and 2.4.2.3; 13818-3; MPEG 2.5 as Fraunhofer wrote it), and
//! what encoders write into a first frame that holds no sound.

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3};

use crate::audio::bytes::big_at;
use crate::audio::crc;
use crate::audio::frames;

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Header {
    word: u32,
    /// 1, 2 or 3.
    pub layer: u32,
    pub sample_rate: u32,
    pub channels: usize,
    /// Bytes of the frame.
    pub len: u64,
    /// Samples of each channel.
    pub samples: u64,
}

/// Of a header: the sync word, version, layer and sample rate, which stay as they are; not the protection, the bit rate, the
/// padding and the mode.
const KIND: u32 = 0xfffe_0c00;

/// kb/s by the index of 4 bits less one: of MPEG 1 the three layers, of MPEG 2 the first and the others.
const BIT_RATES: [[u64; 14]; 5] = [
    [
        32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ],
    [
        32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ],
    [
        32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [
        32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ],
    [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

impl frames::Header for Header {
    const LEN: usize = 4;

    /// None of a free format (bit rate index 0), whose frames do not state their length.
    fn read(bytes: &[u8]) -> Option<Header> {
        let word = big_at(bytes, 0, 4)? as u32;
        let field = |at: u32, bits: u32| (word >> at) & ((1 << bits) - 1);
        if field(21, 11) != 0x7ff {
            return None;
        }
        let (is_mpeg_1, halvings) = match field(19, 2) {
            3 => (true, 0),
            2 => (false, 1),
            0 => (false, 2),
            _ => return None,
        };
        let layer = match field(17, 2) {
            0 => return None,
            code => 4 - code,
        };
        let rates = match (is_mpeg_1, layer) {
            (true, _) => BIT_RATES[layer as usize - 1],
            (false, 1) => BIT_RATES[3],
            (false, _) => BIT_RATES[4],
        };
        let bit_rate = match field(12, 4) {
            index @ 1..=14 => 1000 * rates[index as usize - 1],
            _ => return None,
        };
        let sample_rate = match field(10, 2) {
            0 => 44_100,
            1 => 48_000,
            2 => 32_000,
            _ => return None,
        } >> halvings;
        let samples = match (layer, is_mpeg_1) {
            (1, _) => 384,
            (3, false) => 576,
            _ => 1152,
        };
        // Slots of 4 bytes in layer I.
        let slot = if layer == 1 { 4 } else { 1 };
        let slots = samples / 8 / slot * bit_rate / u64::from(sample_rate) + u64::from(field(9, 1));
        Some(Header {
            word,
            layer,
            sample_rate,
            channels: if field(6, 2) == 3 { 1 } else { 2 },
            len: slots * slot,
            samples,
        })
    }

    fn frame_len(&self) -> u64 {
        self.len
    }

    fn is_like(&self, other: &Header) -> bool {
        (self.word ^ other.word) & KIND == 0 && self.channels == other.channels
    }

    fn can_begin_with(&self, bytes: &[u8]) -> bool {
        match bytes {
            [first, second, ..] => {
                let start = u32::from(*first) << 24 | u32::from(*second) << 16;
                (start ^ self.word) & KIND & 0xffff_0000 == 0
            }
            _ => false,
        }
    }

    fn begins_another(&self, frame: &[u8]) -> bool {
        Note::read(self, frame).is_some()
    }
}

impl Header {
    pub fn codec(&self) -> AudioCodecId {
        [CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3][self.layer as usize - 1]
    }

    /// Whether the checksum of a frame of layer III fits: of the second half of the header and the side information. `None`
    /// where it has none, and for the other layers, whose checksums span what only decoding tells.
    pub fn checksum_fits(&self, frame: &[u8]) -> Option<bool> {
        let is_protected = (self.word >> 16) & 1 == 0;
        if !is_protected || self.layer != 3 {
            return None;
        }
        let side = frame.get(6..6 + self.side_len())?;
        let crc = crc::crc16(crc::crc16(0xffff, &frame[2..4]), side);
        Some(big_at(frame, 4, 2) == Some(u64::from(crc)))
    }

    /// Whether a frame of layer III has nothing of its sound in frames before it.
    pub fn is_self_contained(&self, frame: &[u8]) -> bool {
        let is_protected = (self.word >> 16) & 1 == 0;
        let side = big_at(frame, if is_protected { 6 } else { 4 }, 2).unwrap_or(0);
        // 9 bits of MPEG 1, 8 of MPEG 2.
        side >> if self.is_mpeg_1() { 7 } else { 8 } == 0
    }

    fn is_mpeg_1(&self) -> bool {
        (self.word >> 19) & 3 == 3
    }

    /// Bytes of the side information of a frame of layer III.
    fn side_len(&self) -> usize {
        match (self.is_mpeg_1(), self.channels) {
            (true, 2) => 32,
            (false, 1) => 9,
            _ => 17,
        }
    }
}

/// Whether frames of a free format stand here: two headers of a kind, both without a bit rate.
pub fn is_of_free_format(bytes: &[u8]) -> bool {
    const BIT_RATE: u32 = 0xf000;
    let word = |at: usize| big_at(bytes, at, 4).map(|word| word as u32);
    let Some(first) = word(0) else { return false };
    // As if it were of the lowest bit rate.
    let stated = (first | 0x1000).to_be_bytes();
    let is_header = first & BIT_RATE == 0 && <Header as frames::Header>::read(&stated).is_some();
    let is_like = |at| word(at).is_some_and(|word| (word ^ first) & (KIND | BIT_RATE) == 0);
    is_header && (24..bytes.len()).any(is_like)
}

/// What an encoder says of the sound in a first frame that has none: by the names `Xing` or `Info`, with what LAME added, or
/// `VBRI`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Note {
    /// Frames that follow.
    pub frames: Option<u64>,
    /// Bytes of all frames, this one included.
    pub bytes: Option<u64>,
    /// Samples that an encoder and decoder put before the recording.
    pub delay: u64,
    /// Samples of the last frames that are none of the recording.
    pub padding: u64,
    /// Whether the checksum of it fits, where it has one.
    pub checksum_fits: Option<bool>,
}

/// Samples by which a decoder delays the sound.
const DECODER_DELAY: u64 = 528 + 1;

impl Note {
    /// What stands in `frame`.
    pub fn read(header: &Header, frame: &[u8]) -> Option<Note> {
        if header.layer != 3 {
            return None;
        }
        // At the same place with a checksum before the side information and without, or, by some encoders, behind both.
        let places = [4 + header.side_len(), 6 + header.side_len()];
        let silent = |at: usize| frame[6..at].iter().all(|&b| b == 0);
        let at = places
            .into_iter()
            .find(|&at| matches!(frame.get(at..at + 4), Some(b"Xing" | b"Info")) && silent(at));
        if let Some(at) = at {
            return Some(Note::xing(frame, at));
        }
        // Fraunhofer's stands behind 32 bytes whatever the side information.
        let is_vbri = frame.get(36..40) == Some(b"VBRI") && silent(36);
        is_vbri.then(|| Note {
            frames: big_at(frame, 50, 4),
            bytes: big_at(frame, 46, 4),
            delay: 0,
            padding: 0,
            checksum_fits: None,
        })
    }

    fn xing(frame: &[u8], at: usize) -> Note {
        let flags = big_at(frame, at + 4, 4).unwrap_or(0);
        let mut place = at + 8;
        let mut field = |flag: u64, len: usize| {
            let start = place;
            place += if flags & flag == 0 { 0 } else { len };
            (place > start).then_some(start)
        };
        let [frames, bytes, _, _] =
            [(1, 4), (2, 4), (4, 100), (8, 4)].map(|(flag, len)| field(flag, len));
        let read = |at: Option<usize>| big_at(frame, at?, 4);
        // LAME's part: 9 bytes of its name, delay and padding of 12 bits each at 21, a checksum of all before it at 34.
        let name = frame.get(place..place + 4);
        let is_lame = matches!(name, Some(b"LAME" | b"Lavf" | b"Lavc"));
        let trim = big_at(frame, place + 21, 3).filter(|_| is_lame);
        let checksum = big_at(frame, place + 34, 2).filter(|&crc| is_lame && crc != 0);
        Note {
            frames: read(frames),
            bytes: read(bytes),
            delay: trim.map_or(0, |trim| (trim >> 12) + DECODER_DELAY),
            padding: trim.map_or(0, |trim| (trim & 0xfff).saturating_sub(DECODER_DELAY)),
            checksum_fits: checksum.map(|crc| is_checksum(frame, place + 34, crc)),
        }
    }
}

/// Whether `crc` is the checksum of LAME's part, which stands at `at`: of all before it or, as FFmpeg has it, of 190 bytes in
/// which it is zero.
fn is_checksum(frame: &[u8], at: usize, crc: u64) -> bool {
    let by_lame = crc::crc16_reflected(&frame[..at]);
    let mut first = frame[..frame.len().min(190)].to_vec();
    if let Some(own) = first.get_mut(at..at + 2) {
        own.fill(0);
    }
    [by_lame, crc::crc16_reflected(&first)].contains(&(crc as u16))
}
