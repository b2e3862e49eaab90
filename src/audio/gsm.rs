//! GSM full rate (GSM 06.10, ETSI EN 300 961): frames of 160 samples in 260 bits.
//!
//! They are stored in two ways: one frame in 33 bytes that begin with the bits 1101 (`.gsm`, AIFF-C, CAF, QuickTime), or
//! two in 65 bytes (WAV, format tag 0x0031). A damaged bit goes unnoticed; a frame of 33 bytes that begins with other
//! bits, or a frame cut at the end of a file, does not.
//!
//! The standard defines decoding to the bit. The decoder (the crate `oxideav-gsm`) was compared with libgsm 1.0.22
//! on 23 recordings, three of them overloaded, stored in both ways: no sample differs. FFmpeg 5.1's own decoder
//! differs from both where the sound is overloaded.

use std::ops::Range;

use oxideav_gsm::{DecoderState, FRAME_SAMPLES, UnpackedFrame};
use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::common::FourCc;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::Bytes;
use crate::audio::chunks::{Found, Sound};
use crate::audio::container::{Container, Reader, Sign};
use crate::audio::stream::{Stated, Stream};

pub static CONTAINER: Container = Container {
    name: "GSM 06.10",
    listed: Some("GSM"),
    extensions: &["gsm"],
    sign: Sign::Frames(is_in),
    states_its_length: false,
    reader: Reader::Chunks(|bytes| Ok(read(bytes))),
};

/// Frames of 33 bytes.
pub const CODEC_ID_GSM: AudioCodecId = AudioCodecId::new(FourCc::new(*b"agsm"));

/// Two frames in 65 bytes, as in WAV.
pub const CODEC_ID_GSM_WAV: AudioCodecId = AudioCodecId::new(FourCc::new(*b"ms49"));

/// The rate of what states none.
pub const SAMPLE_RATE: u32 = 8000;

/// How frames are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// One in 33 bytes.
    Single,
    /// Two in 65 bytes.
    Pair,
}

impl Packing {
    /// That of a codec, if it is one of these.
    pub fn of(codec: AudioCodecId) -> Option<Packing> {
        match codec {
            CODEC_ID_GSM => Some(Packing::Single),
            CODEC_ID_GSM_WAV => Some(Packing::Pair),
            _ => None,
        }
    }

    /// Bytes of one or two frames.
    pub fn len(self) -> usize {
        match self {
            Packing::Single => 33,
            Packing::Pair => 65,
        }
    }

    /// Samples in them.
    pub fn samples(self) -> u64 {
        match self {
            Packing::Single => FRAME_SAMPLES as u64,
            Packing::Pair => 2 * FRAME_SAMPLES as u64,
        }
    }
}

/// Frames, or pairs of them, in a packet: a second or two.
const IN_A_PACKET: u64 = 64;

/// Whether these are frames that each begin with the same four bits, enough of them not to be chance, and not one byte
/// alone, as in silence of other codecs. One that is cut may follow.
fn is_in(bytes: &Bytes) -> bool {
    let frame_len = Packing::Single.len();
    let first = bytes.get(0, 100 * frame_len);
    let is_long = bytes.len() >= 5 * frame_len as u64;
    let mut frames = first.chunks(frame_len);
    is_long && first.iter().any(|&b| b != first[0]) && frames.all(|frame| frame[0] & 0xf0 == 0xd0)
}

/// What a file without a header holds.
fn read(bytes: &Bytes) -> Found {
    let rest = bytes.len() % Packing::Single.len() as u64;
    let stream = stream(Packing::Single, SAMPLE_RATE, bytes.clone(), 0..bytes.len());
    Found {
        sound: Sound::Packets(Box::new(stream)),
        stated: Stated {
            fault: (rest > 0).then(|| {
                format!(
                    "its last frame has {rest} of {} bytes",
                    Packing::Single.len()
                )
            }),
            ..Stated::default()
        },
    }
}

/// The frames in `range`, without a part of one at its end.
pub fn stream(packing: Packing, sample_rate: u32, bytes: Bytes, range: Range<u64>) -> Stream {
    let codec = match packing {
        Packing::Single => CODEC_ID_GSM,
        Packing::Pair => CODEC_ID_GSM_WAV,
    };
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(sample_rate)
        .with_channels(Channels::Discrete(1));
    let (len, samples) = (packing.len() as u64, packing.samples());
    let whole = (range.end - range.start) / len;
    let packets = (0..whole).step_by(IN_A_PACKET as usize).map(move |number| {
        let n = IN_A_PACKET.min(whole - number);
        let packet = bytes.get(range.start + number * len, (n * len) as usize);
        let time = Timestamp::new((number * samples) as i64);
        Ok(Packet::new(0, time, Duration::new(n * samples), packet))
    });
    Stream {
        parameters,
        promised: Some(whole * samples),
        further: Vec::new(),
        packets: Box::new(packets),
    }
}

pub struct Decoder {
    pub sample_rate: u32,
    packing: Packing,
    state: DecoderState,
    /// Frames that were decoded.
    frames: u64,
}

impl Decoder {
    pub fn new(packing: Packing, sample_rate: u32) -> Decoder {
        Decoder {
            sample_rate,
            packing,
            state: DecoderState::new(),
            frames: 0,
        }
    }

    /// Appends the samples of all the frames of a packet.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<f32>) -> Result<(), String> {
        let stored = packet.chunks_exact(self.packing.len());
        if !stored.remainder().is_empty() {
            return Err(format!("a packet has {} bytes", packet.len()));
        }
        for bytes in stored {
            let unpacked = match self.packing {
                Packing::Single => {
                    UnpackedFrame::from_gsm_byte_frame(bytes).map(|frame| [Some(frame), None])
                }
                Packing::Pair => UnpackedFrame::pair_from_msgsm_block(bytes)
                    .map(|(first, second)| [Some(first), Some(second)]),
            };
            let unpacked = unpacked.map_err(|_| {
                format!(
                    "frame {} begins with {:#04x}; expected 0xd0 to 0xdf",
                    self.frames, bytes[0]
                )
            })?;
            for frame in unpacked.iter().flatten() {
                let samples = self.state.decode_frame(frame);
                out.extend(samples.map(|x| f32::from(x) / 32768.0));
                self.frames += 1;
            }
        }
        Ok(())
    }
}
