//! Ogg (RFC 3533): the packets of Opus (RFC 7845), Vorbis (Vorbis I, annex A) and FLAC in its pages.
//!
//! Every page has a checksum and a number, so a changed or missing page is noticed, and so is a file that ends within a
//! page or with an unfinished packet. A file cut between two pages is not. The end-of-stream mark on the last page would
//! tell, but many programs that write complete files leave it out (call recorders, messengers, anything that stops a
//! stream), and the sound is no less complete without it.
//!
//! A file may hold several recordings one after another (a chained stream); each is decoded by its own headers. Of
//! several parallel streams (a film) the first audio stream is taken.

use std::ops::Range;

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_FLAC, CODEC_ID_OPUS, CODEC_ID_VORBIS};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::{Held, little_at};
use crate::audio::container::{Container, REMEDY, Reader, Sign};
use crate::audio::stream::{Stated, Stream};
use crate::audio::{codec, opus};

pub static CONTAINER: Container = Container {
    name: "Ogg",
    listed: Some("Ogg"),
    extensions: &["ogg", "oga", "opus", "ogv"],
    sign: Sign::Start(|bytes| bytes.starts_with(b"OggS")),
    states_its_length: false,
    reader: Reader::Packets(open),
};

/// The packets of every recording in the file, and why not all of it is there.
fn open(bytes: &Held) -> Result<(Stream, Stated), String> {
    let (parts, mut fault) = parts(bytes);
    let mut links = Vec::new();
    for part in parts {
        match Link::read(bytes, part.clone()) {
            Ok(link) => links.push(link),
            Err(reason) if links.is_empty() => return Err(reason),
            Err(reason) => {
                let what = reason.split(';').next().unwrap_or(&reason);
                fault = Some(format!(
                    "the recording that begins at byte {} {what}",
                    part.start
                ));
                break;
            }
        }
    }
    let mut codecs = links.iter().map(|link| link.parameters.clone());
    let Some(parameters) = codecs.next() else {
        let fault = fault.unwrap_or("it ends before the first page".into());
        return Err(format!(
            "Ogg that breaks off or is damaged before its first sample: {fault}; get the file again"
        ));
    };
    let further = codecs.collect();
    let fault = links.iter().find_map(|link| link.fault.clone()).or(fault);
    let bytes = bytes.clone();
    let packets = links
        .into_iter()
        .enumerate()
        .flat_map(move |(which, link)| link.packets(bytes.clone(), which as u32));
    let stream = Stream {
        parameters,
        further,
        promised: None,
        packets: Box::new(packets.map(Ok)),
    };
    let stated = Stated {
        fault,
        ..Stated::default()
    };
    Ok((stream, stated))
}

/// Bytes among which a first page is looked for.
pub const MOST_BEFORE: usize = 1 << 17;

/// Where the first page begins, if there is one in `bytes`: some files have something else before it.
pub fn first_page(bytes: &[u8]) -> Option<usize> {
    let starts = bytes
        .windows(4)
        .enumerate()
        .filter(|(_, four)| *four == b"OggS");
    let mut starts = starts.map(|(at, _)| at);
    starts.find(|&at| {
        bytes.get(at + 5).is_some_and(|flags| flags & BEGINS != 0) && page_at(bytes, at).is_some()
    })
}

/// The pages of each recording, and what is wrong with them, if anything. A new one begins where a stream begins behind
/// others that are under way.
fn parts(bytes: &[u8]) -> (Vec<Range<usize>>, Option<String>) {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let (mut at, mut under_way, mut fault) = (0, true, None);
    while at < bytes.len() {
        let Some(page) = page_at(bytes, at) else {
            if bytes[at..].iter().any(|&b| b != 0) {
                fault = fault.or(Some(format!("byte {at} begins no whole page")));
            }
            break;
        };
        if crc(page.bytes) != page.word(22) {
            fault = fault.or(Some(format!(
                "the checksum of the page at byte {at} does not match"
            )));
        }
        let begins = page.flags() & BEGINS != 0;
        if parts.is_empty() || begins && under_way {
            parts.push(at..at);
        }
        under_way = !begins;
        at += page.bytes.len();
        if let Some(part) = parts.last_mut() {
            part.end = at;
        }
    }
    (parts, fault)
}

/// What a page is marked with: it goes on with a packet, it begins a stream, it ends one.
const GOES_ON: u8 = 0x01;
const BEGINS: u8 = 0x02;
const ENDS: u8 = 0x04;

struct Page<'a> {
    bytes: &'a [u8],
}

impl Page<'_> {
    fn word(&self, from: usize) -> u32 {
        little_at(self.bytes, from, 4).expect("a page has a header") as u32
    }

    fn flags(&self) -> u8 {
        self.bytes[5]
    }

    /// Where the last packet that ends on the page ends, in samples (of Opus, at 48 kHz); -1 where none does.
    fn position(&self) -> i64 {
        little_at(self.bytes, 6, 8).expect("a page has a header") as i64
    }

    fn stream(&self) -> u32 {
        self.word(14)
    }

    fn number(&self) -> u32 {
        self.word(18)
    }

    /// The pieces of packets on it, and whether the packet ends with the piece.
    fn pieces(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let segments = usize::from(self.bytes[26]);
        let (mut table, mut content) = self.bytes[27..].split_at(segments);
        std::iter::from_fn(move || {
            let n = match table.iter().position(|&len| len < 255) {
                Some(last) => last + 1,
                None => table.len(),
            };
            let (piece, rest) = table.split_at(n);
            let ends = *piece.last()? < 255;
            let len = piece.iter().map(|&n| usize::from(n)).sum();
            let (packet, behind) = content.split_at(len);
            (table, content) = (rest, behind);
            Some((packet, ends))
        })
    }
}

fn page_at(bytes: &[u8], at: usize) -> Option<Page<'_>> {
    let page = bytes.get(at..)?;
    let segments = usize::from(*page.get(26)?);
    let table = page.get(27..27 + segments)?;
    let len = 27 + segments + table.iter().map(|&n| usize::from(n)).sum::<usize>();
    let bytes = page.get(..len).filter(|page| page.starts_with(b"OggS"))?;
    Some(Page { bytes })
}

/// The packets of one stream that end on one page.
struct Packets {
    /// Where they end.
    position: i64,
    /// The page is marked as the end.
    is_last: bool,
    packets: Vec<Vec<u8>>,
}

/// The way through the pages of one stream.
struct Walk {
    bytes: Held,
    pages: Range<usize>,
    stream: u32,
    number: Option<u32>,
    /// The packet that the next page goes on with.
    begun: Option<Vec<u8>>,
    fault: Option<String>,
}

impl Walk {
    fn new(bytes: Held, pages: Range<usize>, stream: u32) -> Walk {
        Walk {
            bytes,
            pages,
            stream,
            number: None,
            begun: None,
            fault: None,
        }
    }

    fn fault(&mut self, reason: String) {
        self.fault.get_or_insert(reason);
    }
}

impl Iterator for Walk {
    type Item = Packets;

    fn next(&mut self) -> Option<Packets> {
        let bytes = self.bytes.clone();
        while !self.pages.is_empty() {
            let at = self.pages.start;
            let page = page_at(&bytes, at)?;
            self.pages.start += page.bytes.len();
            if page.stream() != self.stream || crc(page.bytes) != page.word(22) {
                continue;
            }
            let expected = self.number.replace(page.number().wrapping_add(1));
            if expected.is_some_and(|expected| expected != page.number()) {
                self.fault(format!("pages are missing before byte {at}"));
                self.begun = None;
            }
            let goes_on = page.flags() & GOES_ON != 0;
            if !goes_on && self.begun.take().is_some() {
                self.fault(format!("the packet before byte {at} is not finished"));
            }
            let mut packets = Vec::new();
            for (i, (piece, ends)) in page.pieces().enumerate() {
                let mut packet = match self.begun.take() {
                    // The rest of one whose start is not there.
                    None if i == 0 && goes_on => continue,
                    begun => begun.unwrap_or_default(),
                };
                packet.extend_from_slice(piece);
                match ends {
                    // Nothing is in an empty one.
                    true if packet.is_empty() => {}
                    true => packets.push(packet),
                    false => self.begun = Some(packet),
                }
            }
            return Some(Packets {
                position: page.position(),
                is_last: page.flags() & ENDS != 0,
                packets,
            });
        }
        if self.begun.take().is_some() {
            self.fault("its last packet is not finished".into());
        }
        None
    }
}

/// What a stream is coded in.
#[derive(Clone, Copy)]
enum Codec {
    Opus,
    Vorbis,
    Flac,
}

impl Codec {
    /// By the first packet of a stream.
    fn of(head: &[u8]) -> Option<Codec> {
        match head {
            _ if head.starts_with(b"OpusHead") => Some(Codec::Opus),
            _ if head.starts_with(b"\x01vorbis") => Some(Codec::Vorbis),
            _ if head.starts_with(b"\x7fFLAC") => Some(Codec::Flac),
            _ => None,
        }
    }

    /// Whether a packet is none of sound.
    fn is_header(self, packet: &[u8]) -> bool {
        match self {
            Codec::Opus => packet.starts_with(b"OpusHead") || packet.starts_with(b"OpusTags"),
            Codec::Vorbis => packet.first().is_some_and(|b| b & 1 == 1),
            // Frames begin with 14 bits that no other packet does.
            Codec::Flac => packet.first() != Some(&0xff),
        }
    }

    fn parameters(self, headers: &[Vec<u8>]) -> Option<AudioCodecParameters> {
        let head = headers.first()?;
        let mut parameters = AudioCodecParameters::new();
        match self {
            Codec::Opus => parameters
                .for_codec(CODEC_ID_OPUS)
                .with_extra_data(head.as_slice().into()),
            Codec::Vorbis => {
                let setup = headers
                    .iter()
                    .find(|packet| packet.starts_with(b"\x05vorbis"))?;
                let both = [head.as_slice(), setup].concat();
                parameters
                    .for_codec(CODEC_ID_VORBIS)
                    .with_extra_data(both.into())
            }
            // The mark, two bytes of version, two that count the headers, `fLaC`, and the first block with its header.
            Codec::Flac => parameters
                .for_codec(CODEC_ID_FLAC)
                .with_extra_data(codec::flac_stream_info(head.get(13..)?)?),
        };
        Some(parameters)
    }
}

/// How long packets are, in samples.
#[derive(Clone)]
enum Durations {
    Opus,
    Vorbis(VorbisBlocks),
    Unknown,
}

impl Durations {
    fn new(codec: Codec, headers: &[Vec<u8>]) -> Durations {
        match codec {
            Codec::Opus => Durations::Opus,
            Codec::Vorbis => {
                VorbisBlocks::new(headers).map_or(Durations::Unknown, Durations::Vorbis)
            }
            Codec::Flac => Durations::Unknown,
        }
    }

    fn next(&mut self, packet: &[u8]) -> u64 {
        match self {
            Durations::Opus => opus::duration(packet),
            Durations::Vorbis(blocks) => blocks.next(packet),
            Durations::Unknown => 0,
        }
    }
}

/// What a Vorbis packet is long by: of two sizes of block, that of its mode; and it ends in the middle of the block,
/// where the next one takes over (Vorbis I, 1.3.2 and 4.3.8).
#[derive(Clone)]
struct VorbisBlocks {
    short: u64,
    long: u64,
    /// Which modes have long blocks.
    modes: Vec<bool>,
    before: Option<u64>,
}

impl VorbisBlocks {
    fn new(headers: &[Vec<u8>]) -> Option<VorbisBlocks> {
        let exponents = *headers.first()?.get(28)?;
        let setup = headers
            .iter()
            .find(|packet| packet.starts_with(b"\x05vorbis"))?;
        Some(VorbisBlocks {
            short: 1 << (exponents & 0x0f),
            long: 1 << (exponents >> 4),
            modes: vorbis_modes(setup)?,
            before: None,
        })
    }

    fn next(&mut self, packet: &[u8]) -> u64 {
        // Behind a bit that is 0 stands the number of the mode.
        let width = usize::BITS - (self.modes.len() - 1).leading_zeros();
        let mode = little_bits(packet, 1, width as usize).unwrap_or(0);
        let block = match self.modes.get(mode as usize) {
            Some(true) => self.long,
            _ => self.short,
        };
        self.before
            .replace(block)
            .map_or(0, |before| (before + block) / 4)
    }
}

/// Which modes of a setup header have long blocks. The list of modes is the last of the header: their number less 1 in
/// 6 bits; for each a bit (long), 32 bits that are 0, and a mapping in 8; then a bit that is 1 and zeros to the byte
/// (Vorbis I, 4.2.4). It is read from the end backwards, as what comes before is coded.
fn vorbis_modes(setup: &[u8]) -> Option<Vec<bool>> {
    let bit = |at: usize| setup[at / 8] >> (at % 8) & 1 == 1;
    let end = (0..8 * setup.len()).rev().find(|&at| bit(at))?;
    let mut modes = Vec::new();
    let mut found = None;
    for count in 1..=64 {
        let Some(start) = end.checked_sub(41 * count) else {
            break;
        };
        if little_bits(setup, start + 1, 32)? != 0 || little_bits(setup, start + 33, 8)? >= 64 {
            break;
        }
        modes.insert(0, bit(start));
        let counted = start
            .checked_sub(6)
            .and_then(|at| little_bits(setup, at, 6));
        if counted == Some(count as u64 - 1) {
            found = Some(modes.clone());
        }
    }
    found
}

/// A number of `n` bits, of which the lowest is bit `at`.
fn little_bits(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    let bits = at..at + n;
    bits.rev().try_fold(0, |sum, at| {
        Some(sum << 1 | u64::from(bytes.get(at / 8)? >> (at % 8) & 1))
    })
}

/// How the positions of pages relate to the samples that decode.
#[derive(Default)]
struct Timeline {
    /// Samples so far, and those since the last position.
    total: u64,
    since: u64,
    /// The last position with samples before it, the one before that, and the samples between.
    position: i64,
    before: i64,
    between: u64,
    /// How much of the end is padding.
    padding: u64,
}

impl Timeline {
    fn page(&mut self, samples: u64, page: &Packets) {
        self.total += samples;
        self.since += samples;
        if page.position < 0 {
            return;
        }
        // A page of the end alone is about the packets before it.
        if self.since > 0 {
            (self.before, self.between) = (self.position, self.since);
            (self.position, self.since) = (page.position, 0);
        }
        // Less is meant than decodes only where the end is marked (RFC 7845, 4.4; Vorbis I, A.2). Positions that go on
        // from something else, as in a part of a longer stream, are no less.
        let decoded = self.before.saturating_add(self.between as i64);
        let excess = decoded.saturating_sub(page.position);
        if page.is_last {
            self.padding = excess.clamp(0, self.between as i64) as u64;
        }
    }
}

/// One recording: the stream of sound in a part of the file.
struct Link {
    pages: Range<usize>,
    stream: u32,
    codec: Codec,
    parameters: AudioCodecParameters,
    durations: Durations,
    /// Samples that decode before the recording, and where it ends among those that decode.
    skip: u64,
    end: u64,
    fault: Option<String>,
}

impl Link {
    fn read(bytes: &Held, pages: Range<usize>) -> Result<Link, String> {
        let (stream, codec) = sound_of(bytes, pages.clone())?;
        let mut walk = Walk::new(bytes.clone(), pages.clone(), stream);
        let mut headers = Vec::new();
        let mut durations = None;
        let mut timeline = Timeline::default();
        for page in &mut walk {
            let mut samples = 0;
            for packet in &page.packets {
                if codec.is_header(packet) {
                    headers.push(packet.clone());
                    continue;
                }
                let durations = durations.get_or_insert_with(|| Durations::new(codec, &headers));
                samples += durations.next(packet);
            }
            if durations.is_some() {
                timeline.page(samples, &page);
            }
        }
        let damaged = "holds Ogg whose headers are damaged or missing; get the file again";
        let parameters = codec.parameters(&headers).ok_or(damaged)?;
        let durations = Durations::new(codec, &headers);
        let skip = match codec {
            Codec::Opus => opus::pre_skip(&headers[0]),
            Codec::Vorbis | Codec::Flac => 0,
        };
        let end = match durations {
            Durations::Unknown => u64::MAX,
            _ => timeline.total - timeline.padding,
        };
        Ok(Link {
            pages,
            stream,
            codec,
            parameters,
            durations,
            skip,
            end,
            fault: walk.fault,
        })
    }

    /// The packets of sound, marked with `which` of the recordings they belong to.
    fn packets(self, bytes: Held, which: u32) -> impl Iterator<Item = Packet> {
        let Link {
            codec,
            mut durations,
            skip,
            end,
            ..
        } = self;
        let walk = Walk::new(bytes, self.pages, self.stream);
        let packets = walk.flat_map(|page| page.packets);
        let packets = packets.filter(move |packet| !codec.is_header(packet));
        let mut at = 0;
        packets.map(move |data| {
            let n = durations.next(&data);
            let before = skip.saturating_sub(at).min(n);
            let behind = (at + n).saturating_sub(end).min(n - before);
            let time = Timestamp::new(at as i64);
            at += n;
            let mut packet = Packet::new(which, time, Duration::new(n - before - behind), data);
            packet.trim_start = Duration::new(before);
            packet.trim_end = Duration::new(behind);
            packet
        })
    }
}

/// The first stream of sound that begins in a part of the file.
fn sound_of(bytes: &[u8], mut pages: Range<usize>) -> Result<(u32, Codec), String> {
    let mut foreign = None;
    while let Some(page) = page_at(&bytes[..pages.end], pages.start) {
        if page.flags() & BEGINS == 0 {
            break;
        }
        let head = page.pieces().next().map_or(&[][..], |(piece, _)| piece);
        if let Some(codec) = Codec::of(head) {
            return Ok((page.stream(), codec));
        }
        // Beside a sound that is not decoded may stand a film.
        foreign = match foreign {
            None | Some(FILM) => foreign_codec(head).or(foreign),
            named => named,
        };
        pages.start += page.bytes.len();
    }
    Err(match foreign {
        Some(codec) => format!("holds {codec} in Ogg; {REMEDY}"),
        None => "holds Ogg from the middle of a stream, without the headers that say how to decode it; get the file \
                 from its beginning"
            .into(),
    })
}

const FILM: &str = "a film without sound";

/// What a stream holds that is not decoded, by its first packet.
fn foreign_codec(head: &[u8]) -> Option<&'static str> {
    let names: [(&[u8], &str); 9] = [
        (b"Speex   ", "Speex"),
        (b"CELT    ", "CELT"),
        (b"PCM     ", "PCM"),
        (b"fLaC", "FLAC of an old kind"),
        (b"OggMIDI\0", "MIDI"),
        (b"\x80theora", FILM),
        (b"BBCD\0", FILM),
        (b"\x80daala", FILM),
        (b"OVP80", FILM),
    ];
    let known = names.iter().find(|(magic, _)| head.starts_with(magic));
    known.map(|(_, name)| *name)
}

/// CRC-32 with polynomial 0x04c11db7, no reflection, starting at 0, its own field read as 0.
fn crc(page: &[u8]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = (byte as u32) << 24;
            let mut bit = 0;
            while bit < 8 {
                crc = (crc << 1)
                    ^ if crc & 0x8000_0000 != 0 {
                        0x04c1_1db7
                    } else {
                        0
                    };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    page.iter().enumerate().fold(0, |crc: u32, (at, &byte)| {
        let byte = if (22..26).contains(&at) { 0 } else { byte };
        (crc << 8) ^ TABLE[((crc >> 24) as u8 ^ byte) as usize]
    })
}

#[test]
fn the_checksum_of_ogg_is_the_published_one() {
    // CRC-32/MPEG-2 without its initial ones: 0x89a1897f for "123456789" (reveng catalogue,
    // CRC-32/CKSUM before the length and the final inversion). Bytes 22 to 25 are read as 0, so the
    // text stays below.
    assert_eq!(crc(b"123456789"), 0x89a1_897f);
}
