//! CAF (Apple Core Audio Format specification 1.0): samples, or packets whose lengths stand in a table.

use std::ops::Range;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_OPUS};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::{Bytes, big_at};
use crate::audio::chunks::{self, Chunk, Found, Layout, Sound};
use crate::audio::container::{Container, REMEDY, Reader, Sign};
use crate::audio::gsm::{self, Packing};
use crate::audio::pcm::{self, Coding};
use crate::audio::stream::{Stated, Stream};
use crate::audio::{ima4, opus};

pub static CONTAINER: Container = Container {
    name: "CAF",
    listed: Some("CAF"),
    extensions: &["caf"],
    sign: Sign::Start(|bytes| bytes.starts_with(b"caff")),
    states_its_length: true,
    reader: Reader::Chunks(read),
};

/// The audio description, `desc`.
struct Description {
    sample_rate: f64,
    codec: [u8; 4],
    flags: u64,
    /// Bytes and samples of a packet; 0 where they differ from packet to packet.
    packet_len: u64,
    packet_frames: u64,
    channels: usize,
    bits: u32,
}

impl Description {
    fn read(content: &[u8]) -> Option<Description> {
        let field = |number: usize| big_at(content, 12 + 4 * number, 4);
        Some(Description {
            sample_rate: f64::from_bits(big_at(content, 0, 8)?),
            codec: content.get(8..12)?.try_into().expect("4 bytes"),
            flags: field(0)?,
            packet_len: field(1)?,
            packet_frames: field(2)?,
            channels: field(3)? as usize,
            bits: field(4)? as u32,
        })
    }
}

/// What a CAF holds. The error says why it is not read.
fn read(bytes: &Bytes) -> Result<Found, String> {
    let missing = |id: &str| chunks::missing("CAF", id);
    let description = Layout::Caf.find(bytes, b"desc");
    let description = description.and_then(|chunk| Description::read(&chunk.content(bytes)));
    let description = description.ok_or_else(|| missing("desc"))?;
    let data = Layout::Caf
        .find(bytes, b"data")
        .ok_or_else(|| missing("data"))?;
    // Before the sound stands a number of edits, of 4 bytes. A length of -1 was not known.
    let is_open = data.len == u64::MAX;
    let samples = Chunk {
        at: (data.at + 4).min(bytes.len()),
        len: data.len.saturating_sub(4),
        ..data
    };
    let (range, fault) = chunks::extent(&samples, is_open, bytes);
    let fault = fault.or_else(|| ends_within_a_chunk(&data, is_open, bytes));
    let table = PacketTable::read(bytes);
    let rate = description.sample_rate.max(1.0);
    // Of samples that are no packets what is stated here is not asked for, but for the fault.
    let stated = Stated {
        skip_s: table.priming as f64 / rate,
        length_s: table.valid.map(|valid| valid as f64 / rate),
        fault,
        ..Stated::default()
    };
    let sound = sound(&description, table, bytes, range)?;
    Ok(Found { sound, stated })
}

/// The sound in `range`, by its codec.
fn sound(
    description: &Description,
    table: PacketTable,
    bytes: &Bytes,
    range: Range<u64>,
) -> Result<Sound, String> {
    // A rate that no recording has is refused where it is decoded.
    let sample_rate = description.sample_rate.round() as u32;
    let channels = description.channels;
    let all = range.clone();
    let pcm = |coding, width: usize, is_big_endian| {
        let format = pcm::Format {
            coding,
            width,
            is_big_endian,
            valid_bits: pcm::valid_bits(description.bits, width),
            channels,
            sample_rate,
        };
        Sound::Pcm(format, all)
    };
    let of_codec = |codec, configuration, range| {
        packets(codec, configuration, description, table, bytes, range)
    };
    let boxed = |stream| Sound::Packets(Box::new(stream));
    Ok(match &description.codec {
        b"lpcm" => {
            let (is_float, is_little) = (description.flags & 1 != 0, description.flags & 2 != 0);
            let width = match description.packet_len as usize / channels.max(1) {
                0 => description.bits.div_ceil(8) as usize,
                width => width,
            };
            let coding = if is_float {
                Coding::Float
            } else {
                Coding::Signed
            };
            pcm(coding, width, !is_little)
        }
        b"ulaw" => pcm(Coding::MuLaw, 1, true),
        b"alaw" => pcm(Coding::ALaw, 1, true),
        b"ima4" => boxed(ima4::stream(channels, sample_rate, bytes.clone(), range)),
        b"agsm" if channels == 1 => {
            let packing = Packing::Single;
            boxed(gsm::stream(packing, sample_rate, bytes.clone(), range))
        }
        b".mp3" => Sound::Mp3(range),
        b"alac" => of_codec(CODEC_ID_ALAC, cookie(bytes), range),
        b"aac " => of_codec(CODEC_ID_AAC, aac_configuration(cookie(bytes)), range),
        b"opus" => of_codec(CODEC_ID_OPUS, Some(opus::head(channels)), range),
        codec => {
            let codec = String::from_utf8_lossy(codec).trim().to_string();
            return Err(format!("CAF with {codec}, which is not decoded; {REMEDY}"));
        }
    })
}

/// What stands behind the sound is a chunk, or nothing, or the byte with which SoX pads a sound of odd length as in WAV, which
/// the format does not know. Of the chunks the packet table alone is needed whole.
fn ends_within_a_chunk(data: &Chunk, is_open: bool, bytes: &Bytes) -> Option<String> {
    let table = Layout::Caf.find(bytes, b"pakt");
    if table.is_some_and(|table| table.overruns(bytes)) {
        return Some("it ends within its packet table".into());
    }
    let tail = bytes.get(data.end(), 12);
    let name = &tail[..tail.len().min(4)];
    let is_name = name.iter().all(|&b| b == b' ' || b.is_ascii_graphic());
    let is_cut = !is_open && is_name && (1..12).contains(&tail.len());
    is_cut.then(|| "it ends within the chunk behind the sound".into())
}

/// The packet table, `pakt`.
#[derive(Default)]
struct PacketTable {
    /// Samples of each channel that are meant, and how many decode before them.
    valid: Option<u64>,
    priming: u64,
    /// Lengths, and numbers of samples where these differ, each of up to 7 bits a byte.
    numbers: Vec<u8>,
}

impl PacketTable {
    fn read(bytes: &Bytes) -> PacketTable {
        let Some(chunk) = Layout::Caf.find(bytes, b"pakt") else {
            return PacketTable::default();
        };
        let content = bytes.get(chunk.at, chunk.len.min(bytes.len()) as usize);
        PacketTable {
            valid: big_at(&content, 8, 8).filter(|&valid| valid > 0),
            priming: big_at(&content, 16, 4).unwrap_or(0),
            numbers: content.get(24..).unwrap_or(&[]).to_vec(),
        }
    }

    /// The next number from byte `at` of the table on.
    fn number(&self, at: &mut usize) -> Option<u64> {
        let mut value: u64 = 0;
        loop {
            let byte = *self.numbers.get(*at)?;
            *at += 1;
            value = (value.checked_mul(128)?) | u64::from(byte & 0x7f);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
    }
}

/// The packets in `range`, one behind the other.
fn packets(
    codec: AudioCodecId,
    configuration: Option<Vec<u8>>,
    description: &Description,
    table: PacketTable,
    bytes: &Bytes,
    range: Range<u64>,
) -> Sound {
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(description.sample_rate.round() as u32)
        .with_channels(Channels::Discrete(description.channels.min(255) as u16))
        .with_max_frames_per_packet(description.packet_frames.max(1));
    if let Some(configuration) = configuration {
        parameters.with_extra_data(configuration.into());
    }
    let (fixed_len, fixed_frames) = (description.packet_len, description.packet_frames);
    let (mut at, mut in_table, mut time) = (range.start, 0, 0_u64);
    let bytes = bytes.clone();
    let packets = std::iter::from_fn(move || {
        let mut next = |fixed: u64| match fixed {
            0 => table.number(&mut in_table),
            fixed => Some(fixed),
        };
        let (len, frames) = (next(fixed_len)?, next(fixed_frames)?);
        if at >= range.end || len == 0 {
            return None;
        }
        if len > range.end - at {
            at = range.end;
            return Some(Err("it ends within a packet".into()));
        }
        let packet = bytes.get(at, len as usize);
        let start = Timestamp::new(time as i64);
        (at, time) = (at + len, time.saturating_add(frames));
        Some(Ok(Packet::new(0, start, Duration::new(frames), packet)))
    });
    Sound::Packets(Box::new(Stream {
        parameters,
        promised: None,
        further: Vec::new(),
        packets: Box::new(packets),
    }))
}

/// The magic cookie, `kuki`: what the decoder has to know.
fn cookie(bytes: &Bytes) -> Option<Vec<u8>> {
    let chunk = Layout::Caf.find(bytes, b"kuki")?;
    Some(chunk.content(bytes))
}

/// The configuration of AAC out of the descriptors that Apple puts around it: it has tag 5 (ISO/IEC 14496-1, 7.2.6.5 to 7.2.6.7).
fn aac_configuration(cookie: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let cookie = cookie?;
    let mut rest = &cookie[..];
    loop {
        let Some((&tag, behind)) = rest.split_first() else {
            return Some(cookie);
        };
        let digits = behind.iter().position(|b| b & 0x80 == 0).unwrap_or(0) + 1;
        let len = behind
            .iter()
            .take(digits)
            .fold(0, |n, b| (n << 7) | usize::from(b & 0x7f));
        let content = behind.get(digits..).unwrap_or(&[]);
        rest = match tag {
            // Its number and flags; type, stream, buffer and rates; then what lies within.
            0x03 => content.get(3..).unwrap_or(&[]),
            0x04 => content.get(13..).unwrap_or(&[]),
            0x05 => return content.get(..len).map(<[u8]>::to_vec),
            _ => return Some(cookie),
        };
    }
}
