//! WAV and its relatives: RIFX (big-endian), RF64 and BW64 (EBU Tech 3306, ITU-R BS.2088), Wave64.
//!
//! Source of the fields: Microsoft and IBM, Multimedia Programming Interface and Data Specifications 1.0 (1991);
//! `WAVEFORMATEXTENSIBLE` as Microsoft documents it; RFC 2361.

use std::ops::Range;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::{Bytes, big_at, little_at};
use crate::audio::chunks::{self, Chunk, Found, Layout, OPEN, Sound};
use crate::audio::container::{Container, REMEDY, Reader, Sign, has};
use crate::audio::gsm::{self, Packing};
use crate::audio::pcm::{self, Coding};
use crate::audio::stream::{Stated, Stream};

pub static CONTAINER: Container = Container {
    name: "WAV",
    listed: Some("WAV"),
    extensions: &["wav", "wave", "bwf", "w64", "rf64"],
    sign: Sign::Start(|bytes| {
        let names = [b"RIFF", b"RIFX", b"RF64", b"BW64"];
        let is_riff = names.iter().any(|name| bytes.starts_with(*name));
        (is_riff && has(bytes, 8, b"WAVE")) || bytes.starts_with(WAVE64)
    }),
    states_its_length: true,
    reader: Reader::Chunks(read),
};

/// The first half of the name of a Wave64 file.
const WAVE64: &[u8] = b"riff\x2e\x91\xcf\x11";

/// What `fmt ` says.
struct Format {
    /// How the samples are coded; of an extensible one that of its sub-format.
    tag: u16,
    channels: usize,
    sample_rate: u32,
    byte_rate: u64,
    /// Bytes of a sample of all channels, or of a block.
    block_len: usize,
    bits: u32,
    /// Bits that count, where that is stated beside those of the container.
    valid_bits: Option<u32>,
}

impl Format {
    fn read(content: &[u8], is_big_endian: bool) -> Option<Format> {
        let number = |at: usize, n: usize| match is_big_endian {
            true => big_at(content, at, n),
            false => little_at(content, at, n),
        };
        let is_extensible = number(0, 2)? == 0xfffe;
        let of_sub_format = |at: usize| is_extensible.then(|| number(at, 2)).flatten();
        Some(Format {
            tag: of_sub_format(24).or(number(0, 2))? as u16,
            channels: number(2, 2)? as usize,
            sample_rate: number(4, 4)? as u32,
            byte_rate: number(8, 4)?,
            block_len: number(12, 2)? as usize,
            // The oldest form ends before it.
            bits: number(14, 2).unwrap_or(0) as u32,
            valid_bits: of_sub_format(18).map(|bits| bits as u32),
        })
    }

    /// How the samples lie: by two of three numbers, as one of block length, bits and byte rate may be wrong.
    fn pcm(&self, coding: Coding, is_big_endian: bool) -> pcm::Format {
        let by_bits = self.bits.div_ceil(8) as usize;
        let by_block = match self.channels {
            0 => 0,
            channels if self.block_len.is_multiple_of(channels) => self.block_len / channels,
            _ => 0,
        };
        let fits_rate = |width: usize| {
            let frame_len = (width * self.channels) as u64;
            self.byte_rate == u64::from(self.sample_rate) * frame_len
        };
        let width = match (by_block, by_bits) {
            (0, by_bits) => by_bits,
            (by_block, 0) => by_block,
            (by_block, by_bits) if by_block < by_bits => by_bits,
            (by_block, by_bits) if fits_rate(by_bits) && !fits_rate(by_block) => by_bits,
            (by_block, _) => by_block,
        };
        let width = match coding {
            Coding::MuLaw | Coding::ALaw => 1,
            _ => width,
        };
        pcm::Format {
            coding: match coding {
                // Bytes are counted from 0, anything wider from the middle.
                Coding::Signed if width == 1 => Coding::Unsigned,
                _ => coding,
            },
            width,
            is_big_endian,
            valid_bits: pcm::valid_bits(self.valid_bits.unwrap_or(self.bits), width),
            channels: self.channels,
            sample_rate: self.sample_rate,
        }
    }
}

/// What a WAV holds. The error says why it is not read.
fn read(bytes: &Bytes) -> Result<Found, String> {
    let magic = bytes.get(0, 4);
    let (layout, is_big_endian) = match &magic[..] {
        b"RIFX" => (Layout::Aiff, true),
        b"riff" => (Layout::Wave64, false),
        _ => (Layout::Riff, false),
    };
    let missing = |id: &str| chunks::missing("WAV", id);
    let format = layout
        .find(bytes, b"fmt ")
        .map(|chunk| chunk.content(bytes));
    let format = format.and_then(|content| Format::read(&content, is_big_endian));
    let format = format.ok_or_else(|| missing("fmt "))?;
    let data = layout.find(bytes, b"data").ok_or_else(|| missing("data"))?;
    let data = Chunk {
        len: length_of_64_bits(layout, &magic, &data, bytes).unwrap_or(data.len),
        ..data
    };
    let is_open = match layout {
        Layout::Wave64 => data.len == 0 || data.len >= u64::MAX - 24,
        _ if magic == b"RF64" || magic == b"BW64" => data.len == u64::MAX,
        _ => data.len >= OPEN,
    };
    let has_more = data.at < bytes.len();
    let is_open = is_open || (data.len == 0 && has_more && !ends_in_chunks(layout, &data, bytes));
    let (mut range, mut fault) = chunks::extent(&data, is_open, bytes);
    if let Some(more) = sound_behind(layout, &data, bytes).filter(|_| !is_open && fault.is_none()) {
        range.end = bytes.len();
        fault = Some(format!(
            "its header states {} bytes of sound, and behind them stand {more} that are no chunk",
            data.len
        ));
    }
    let stated = Stated {
        fault: fault.or_else(|| chunks::another(layout, b"RIFF", bytes)),
        ..Stated::default()
    };
    let sound = match format.tag {
        0x0001 => Sound::Pcm(format.pcm(Coding::Signed, is_big_endian), range),
        0x0003 => Sound::Pcm(format.pcm(Coding::Float, is_big_endian), range),
        0x0006 => Sound::Pcm(format.pcm(Coding::ALaw, is_big_endian), range),
        0x0007 => Sound::Pcm(format.pcm(Coding::MuLaw, is_big_endian), range),
        0x0002 | 0x0011 => {
            let blocks = Blocks::of(&format)?;
            let frames = blocks.frames(&range, stated_frames(layout, bytes));
            let length_s = frames as f64 / f64::from(format.sample_rate);
            return Ok(Found {
                sound: Sound::Packets(Box::new(blocks.stream(&format, bytes.clone(), range))),
                stated: Stated {
                    length_s: Some(length_s),
                    ..stated
                },
            });
        }
        0x0031 => {
            let packing = Packing::Pair;
            if format.channels != 1 || format.block_len != packing.len() {
                return Err(format!(
                    "WAV with GSM 6.10 in {} channels and blocks of {} bytes; expected 1 channel and blocks of {}; {REMEDY}",
                    format.channels,
                    format.block_len,
                    packing.len()
                ));
            }
            let there = (range.end - range.start) / packing.len() as u64 * packing.samples();
            let frames = meant(stated_frames(layout, bytes), there, packing.samples());
            let stream = gsm::stream(packing, format.sample_rate, bytes.clone(), range);
            return Ok(Found {
                sound: Sound::Packets(Box::new(stream)),
                stated: Stated {
                    length_s: Some(frames as f64 / f64::from(format.sample_rate)),
                    ..stated
                },
            });
        }
        0x0055 => Sound::Mp3(range),
        tag => {
            let codec = codec_name(tag);
            return Err(format!(
                "WAV with {codec} (format tag {tag:#06x}), which is not decoded; {REMEDY}"
            ));
        }
    };
    Ok(Found { sound, stated })
}

/// The length of the sound where it does not stand in its chunk: that of RF64 stands in `ds64` if it is large, 0 where it was
/// not known.
fn length_of_64_bits(layout: Layout, magic: &[u8], data: &Chunk, bytes: &Bytes) -> Option<u64> {
    if !(magic == b"RF64" || magic == b"BW64") || data.len != u64::from(u32::MAX) {
        return None;
    }
    let sizes = layout
        .find(bytes, b"ds64")
        .map(|chunk| chunk.content(bytes));
    let len = sizes.and_then(|sizes| little_at(&sizes, 8, 8)).unwrap_or(0);
    Some(if len == 0 { u64::MAX } else { len })
}

/// Whether chunks follow that of the sound to the very end.
fn ends_in_chunks(layout: Layout, data: &Chunk, bytes: &Bytes) -> bool {
    let behind = layout.chunks(bytes).skip_while(|chunk| chunk.at <= data.at);
    let last = behind.last();
    last.is_some_and(|chunk| bytes.len().abs_diff(chunk.end()) <= 1)
}

/// How many bytes follow the chunk of the sound that are neither chunk nor padding: the rest of a sound whose length was not
/// brought up to date, as a rule.
fn sound_behind(layout: Layout, data: &Chunk, bytes: &Bytes) -> Option<u64> {
    let from = layout.next(data, bytes);
    let more = bytes
        .len()
        .checked_sub(from)
        .filter(|&more| more >= LEAST_BEHIND)?;
    let is_chunk = layout.chunk_at(bytes, from).is_some();
    let start = bytes.get(from, LEAST_BEHIND as usize);
    (!is_chunk && start.iter().any(|&b| b != start[0])).then_some(more)
}

/// Fewer bytes behind the sound are no sound.
const LEAST_BEHIND: u64 = 1024;

/// Samples of each channel that the chunk `fact` states.
fn stated_frames(layout: Layout, bytes: &Bytes) -> Option<u64> {
    let fact = layout.find(bytes, b"fact")?;
    little_at(&fact.content(bytes), 0, 4)
}

/// How many of the samples in blocks are meant: those stated, as the last block is filled up. A number that would cut more
/// than one block, or is more than there are, is not believed.
fn meant(stated: Option<u64>, there: u64, in_a_block: u64) -> u64 {
    let is_meant = |&n: &u64| n > 0 && n <= there && there - n < in_a_block;
    stated.filter(is_meant).unwrap_or(there)
}

/// ADPCM in blocks, each of which begins with whole samples.
struct Blocks {
    is_ima: bool,
    len: usize,
    /// Bytes of the header of a block.
    header_len: usize,
    channels: usize,
}

impl Blocks {
    fn of(format: &Format) -> Result<Blocks, String> {
        let is_ima = format.tag == 0x0011;
        let channels = format.channels;
        let blocks = Blocks {
            is_ima,
            len: format.block_len,
            header_len: if is_ima { 4 } else { 7 } * channels,
            channels,
        };
        let is_known =
            matches!(channels, 1 | 2) && format.bits == 4 && blocks.len > blocks.header_len;
        is_known.then_some(blocks).ok_or_else(|| {
            format!(
                "WAV with ADPCM of {} bits in {channels} channels and blocks of {} bytes; expected 4 bits in 1 or 2 \
                 channels; {REMEDY}",
                format.bits, format.block_len
            )
        })
    }

    /// Samples of each channel in a block of so many bytes.
    fn samples(&self, len: usize) -> u64 {
        let Some(coded) = len.checked_sub(self.header_len) else {
            return 0;
        };
        let samples = match self.is_ima {
            // Four bytes of a channel, then four of the next.
            true => 1 + 8 * (coded / (4 * self.channels)),
            false => 2 + 2 * coded / self.channels,
        };
        samples as u64
    }

    /// Samples of each channel in `range`, of which `fact` are stated.
    fn frames(&self, range: &Range<u64>, fact: Option<u64>) -> u64 {
        let len = range.end - range.start;
        let (whole, rest) = (len / self.len as u64, len % self.len as u64);
        let in_a_block = self.samples(self.len);
        let there = whole
            .saturating_mul(in_a_block)
            .saturating_add(self.samples(rest as usize));
        meant(fact, there, in_a_block)
    }

    /// Each block as a packet, the last filled up.
    fn stream(&self, format: &Format, bytes: Bytes, range: Range<u64>) -> Stream {
        let mut parameters = AudioCodecParameters::new();
        let samples = self.samples(self.len);
        parameters
            .for_codec(match self.is_ima {
                true => CODEC_ID_ADPCM_IMA_WAV,
                false => CODEC_ID_ADPCM_MS,
            })
            .with_sample_rate(format.sample_rate)
            .with_channels(Channels::Discrete(format.channels as u16))
            .with_max_frames_per_packet(samples)
            .with_frames_per_block(samples);
        let (len, end) = (self.len, range.end);
        let blocks = range.step_by(len).enumerate();
        let packets = blocks.map(move |(number, at)| {
            let mut block = bytes.get(at, len.min((end - at) as usize));
            block.resize(len, 0);
            let time = Timestamp::new(number as i64 * samples as i64);
            Ok(Packet::new(0, time, Duration::new(samples), block))
        });
        Stream {
            parameters,
            promised: None,
            further: Vec::new(),
            packets: Box::new(packets),
        }
    }
}

/// The name of a codec that is not decoded, by its registered number.
pub fn codec_name(tag: u16) -> &'static str {
    match tag {
        0x0010 => "OKI ADPCM",
        0x0014 | 0x0040 => "G.721",
        0x0022 => "TrueSpeech",
        0x0042 => "G.723.1",
        0x0045 | 0x0064 => "G.726",
        0x0050 => "MP2",
        0x0057 => "AMR",
        0x0065 => "G.722",
        0x0092 | 0x2000 => "Dolby AC-3",
        0x2001 => "DTS",
        0x00ff | 0x1610 => "AAC",
        0x0160..=0x0163 => "Windows Media",
        0xa109 => "Speex",
        _ => "an unknown codec",
    }
}
