//! ADTS (`.aac`, ISO/IEC 14496-3, 1.A.2), frame by frame.
//!
//! It states neither the encoder's delay nor the length, so delay and padding stay in: the sound begins 1024 samples late
//! if FFmpeg encoded it, 2112 if Apple did, and ends with up to a frame of padding.
//!
//! Every frame states its length, so a cut within a frame and most changes to a frame's header are noticed; a changed byte
//! within a frame is not, because almost nobody writes the optional checksum.

use std::ops::Range;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::aac;
use crate::audio::bytes::{Bytes, View, big_at};
use crate::audio::container::{Container, Reader, Sign};
use crate::audio::frames::{self, Header as _, Walk};
use crate::audio::stream::{Stream, Streams};

pub static CONTAINER: Container = Container {
    name: "AAC (ADTS)",
    listed: Some("AAC"),
    extensions: &["aac"],
    sign: Sign::Frames(is_in),
    states_its_length: false,
    reader: Reader::Frames(open),
};

/// Samples of each channel in a block.
const BLOCK: u64 = 1024;

/// The header of a frame.
#[derive(Debug, Clone, Copy)]
struct Header {
    /// All of it but the checksum.
    bits: u64,
}

impl frames::Header for Header {
    const LEN: usize = 7;

    fn read(bytes: &[u8]) -> Option<Header> {
        let header = Header {
            bits: big_at(bytes, 0, 7)?,
        };
        // The sync word and, as it is a layer of MPEG audio by name, two zeros.
        let is_header = header.field(40, 16) & 0xfff6 == 0xfff0;
        let is_long_enough = header.frame_len() >= header.len();
        (is_header && is_long_enough && header.sample_rate().is_some()).then_some(header)
    }

    fn frame_len(&self) -> u64 {
        self.field(13, 13)
    }

    fn is_like(&self, other: &Header) -> bool {
        // Up to the number of channels, without the private bit and that of the checksum.
        (self.bits ^ other.bits) & 0x00ff_fefd_c000_0000 == 0
    }

    fn can_begin_with(&self, bytes: &[u8]) -> bool {
        matches!(bytes, [0xff, second, ..] if second & 0xf6 == 0xf0)
    }
}

impl Header {
    /// The `n` bits above the `at` lowest.
    fn field(&self, at: u32, n: u32) -> u64 {
        (self.bits >> at) & ((1 << n) - 1)
    }

    /// Bytes of the header, with the checksum if there is one.
    fn len(&self) -> u64 {
        if self.field(40, 1) == 1 { 7 } else { 9 }
    }

    fn sample_rate(&self) -> Option<u32> {
        aac::SAMPLE_RATES.get(self.field(34, 4) as usize).copied()
    }

    /// What a decoder is configured with (table 1.15): the kind of AAC in 5 bits, the rate and the channels in 4 each.
    fn configuration(&self) -> [u8; 2] {
        let (kind, rate, channels) = (self.field(38, 2) + 1, self.field(34, 4), self.field(30, 3));
        ((kind << 11 | rate << 7 | channels << 3) as u16).to_be_bytes()
    }
}

/// Whether there are frames.
fn is_in(bytes: &Bytes) -> bool {
    frames::first::<Header>(&mut View::of(bytes)).is_some()
}

/// The frames in `bytes`, a stream for each configuration.
fn open(bytes: &Bytes) -> Result<Streams, String> {
    let parts = parts(bytes);
    if parts.is_empty() {
        return Err("AAC (ADTS) without a whole frame; get the file again".into());
    }
    let bytes = bytes.clone();
    Ok(Box::new(
        parts.into_iter().map(move |part| part.stream(&bytes)),
    ))
}

/// Frames of one configuration.
struct Part {
    header: Header,
    /// Where they are; tags may lie between them.
    bytes: Range<u64>,
    frames: u64,
    /// Why the file ends too soon, if it does. Nothing follows.
    fault: Option<String>,
}

fn parts(bytes: &Bytes) -> Vec<Part> {
    let mut all: Vec<Part> = Vec::new();
    let Some(mut walk) = Walk::<Header>::new(View::of(bytes)) else {
        return all;
    };
    for (at, header) in walk.by_ref() {
        let end = at + header.frame_len();
        match all.last_mut() {
            Some(part) if part.header.is_like(&header) => {
                part.bytes.end = end;
                part.frames += 1;
            }
            _ => all.push(Part {
                header,
                bytes: at..end,
                frames: 1,
                fault: None,
            }),
        }
    }
    if let Some(last) = all.last_mut() {
        last.fault = walk.fault;
    }
    all
}

impl Part {
    fn stream(self, bytes: &Bytes) -> Stream {
        let mut parameters = AudioCodecParameters::new();
        let sample_rate = self.header.sample_rate().unwrap_or(0);
        parameters
            .for_codec(CODEC_ID_AAC)
            .with_sample_rate(sample_rate)
            .with_extra_data(self.header.configuration().into());
        let channels = self.header.field(30, 3) as u16;
        if channels > 0 {
            parameters.with_channels(Channels::Discrete(channels));
        }
        let mut own = bytes.clone();
        own.cut(self.bytes.clone());
        let mut walk = Walk::<Header>::new(View::of(&own));
        let mut time = 0;
        let packets = std::iter::from_fn(move || {
            let walk = walk.as_mut()?;
            let (at, header) = walk.next()?;
            if header.field(0, 2) > 0 {
                let several = "a frame of several blocks, which are not decoded";
                return Some(Err(format!("{several}, at byte {at}")));
            }
            let frame = walk.view.get(at, header.frame_len() as usize);
            let data = &frame[(header.len() as usize).min(frame.len())..];
            let packet = Packet::new(0, Timestamp::from(time), Duration::from(BLOCK), data);
            time += BLOCK as i64;
            Some(Ok(packet))
        });
        Stream {
            parameters,
            promised: Some(self.frames * BLOCK),
            further: Vec::new(),
            packets: Box::new(packets.chain(self.fault.map(Err))),
        }
    }
}
