//! Matroska and WebM (RFC 9559): the packets of sound in the blocks.
//!
//! A file that ends within an element is noticed. Only the blocks tell how much sound there is: browsers record to a
//! stream and state neither sizes nor a duration, and a stated duration may be that of the picture. So a file cut
//! between two clusters goes unnoticed, and so does a changed byte: blocks have no checksum.

use std::collections::VecDeque;
use std::ops::Range;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ALAC, CODEC_ID_FLAC, CODEC_ID_MP1, CODEC_ID_MP2, CODEC_ID_MP3,
    CODEC_ID_OPUS, CODEC_ID_PCM_F32LE, CODEC_ID_PCM_F64LE, CODEC_ID_PCM_S16BE, CODEC_ID_PCM_S16LE,
    CODEC_ID_PCM_S24BE, CODEC_ID_PCM_S24LE, CODEC_ID_PCM_S32BE, CODEC_ID_PCM_S32LE,
    CODEC_ID_PCM_U8, CODEC_ID_VORBIS,
};
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::{Held, big};
use crate::audio::container::{Container, REMEDY, Reader, Sign};
use crate::audio::stream::{Stated, Stream};
use crate::audio::{aac, codec, opus, wave_format};

/// The identifier of the element that every file begins with (RFC 8794).
const SIGN: &[u8] = b"\x1a\x45\xdf\xa3";

pub static CONTAINER: Container = Container {
    name: "Matroska or WebM",
    listed: Some("WebM"),
    extensions: &["webm", "weba", "mka", "mkv"],
    sign: Sign::Start(|bytes| bytes.starts_with(SIGN)),
    states_its_length: false,
    reader: Reader::Packets(open),
};

/// The elements that matter here.
mod id {
    pub const SEGMENT: u64 = 0x1853_8067;
    pub const TRACKS: u64 = 0x1654_ae6b;
    pub const TRACK: u64 = 0xae;
    pub const TRACK_NUMBER: u64 = 0xd7;
    pub const TRACK_TYPE: u64 = 0x83;
    pub const IS_DEFAULT: u64 = 0x88;
    pub const CODEC_ID: u64 = 0x86;
    pub const CODEC_PRIVATE: u64 = 0x63a2;
    pub const CODEC_DELAY: u64 = 0x56aa;
    pub const AUDIO: u64 = 0xe1;
    pub const SAMPLING_FREQUENCY: u64 = 0xb5;
    pub const CHANNELS: u64 = 0x9f;
    pub const BIT_DEPTH: u64 = 0x6264;
    pub const ENCODINGS: u64 = 0x6d80;
    pub const ENCODING: u64 = 0x6240;
    pub const COMPRESSION: u64 = 0x5034;
    pub const COMPRESSION_KIND: u64 = 0x4254;
    pub const COMPRESSION_SETTINGS: u64 = 0x4255;
    pub const ENCRYPTION: u64 = 0x5035;
    pub const CLUSTER: u64 = 0x1f43_b675;
    pub const BLOCK_GROUP: u64 = 0xa0;
    pub const BLOCK: u64 = 0xa1;
    pub const SIMPLE_BLOCK: u64 = 0xa3;
    pub const DISCARD_PADDING: u64 = 0x75a2;
}

/// The packets of the sound, and how much of its start the container says is none.
fn open(bytes: &Held) -> Result<(Stream, Stated), String> {
    let mut tracks = Vec::new();
    let mut fault = None;
    for found in Walk::new(bytes.clone()) {
        match found {
            Found::Tracks(content) => tracks.extend(sound_track(&bytes[content])),
            Found::Block { .. } => {}
            Found::Fault(reason) => fault = Some(reason),
        }
    }
    let Some(track) = tracks.first() else {
        let name = CONTAINER.name;
        return Err(match fault {
            Some(fault) => format!(
                "{name} that breaks off or is damaged before its first sample: {fault}; get the file again"
            ),
            None => format!("holds {name} without a sound track; {REMEDY}"),
        });
    };
    // An Opus header says itself how much comes before the recording.
    let skip_s = match track.pre_skip() {
        Some(_) => 0.0,
        None => track.delay_ns as f64 * 1e-9,
    };
    let mut codecs = Vec::new();
    for track in &tracks {
        codecs.push(track.parameters()?);
    }
    let parameters = codecs.remove(0);
    let packets = Packets {
        walk: Walk::new(bytes.clone()),
        tracks,
        which: None,
        skip: 0,
        ready: VecDeque::new(),
    };
    let stream = Stream {
        parameters,
        further: codecs,
        promised: None,
        packets: Box::new(packets),
    };
    let stated = Stated {
        skip_s,
        ..Stated::default()
    };
    Ok((stream, stated))
}

/// What matters on the way through the elements.
enum Found {
    /// The description of the tracks, where a recording begins. Another may follow, as where two were joined.
    Tracks(Range<usize>),
    /// A block, and what its group says to discard of its sound, in ns: at the end, or where it is negative at the
    /// start.
    Block {
        content: Range<usize>,
        discard_ns: i64,
    },
    /// Why there is no more; the last.
    Fault(String),
}

/// Bytes of an element's identifier and size (RFC 8794).
const LONGEST_HEADER: usize = 4 + 8;

/// The way through the elements. Segments and clusters are entered in place, so that it is no matter whether and what
/// size they state.
struct Walk {
    bytes: Held,
    at: usize,
    /// Where a cluster goes beyond the end of the file.
    overrun: Option<usize>,
    /// More is coming: what does not end yet is waited for.
    grows: bool,
}

impl Walk {
    fn new(bytes: Held) -> Walk {
        Walk {
            bytes,
            at: 0,
            overrun: None,
            grows: false,
        }
    }
}

impl Iterator for Walk {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let at = self.at;
            let rest = self.bytes.get(at..).unwrap_or(&[]);
            let fault = |reason: String| Some(Found::Fault(reason));
            if rest.is_empty() {
                let overrun = self.overrun.take()?;
                return fault(format!("it ends within the cluster at byte {overrun}"));
            }
            let Some((id, size, header_len)) = header(rest) else {
                if self.grows && rest.len() < LONGEST_HEADER {
                    return None;
                }
                self.at = self.bytes.len();
                if rest.iter().all(|&b| b == 0) {
                    continue;
                }
                self.overrun = None;
                return fault(format!("byte {at} begins no whole element"));
            };
            let left = rest.len() - header_len;
            let content = at + header_len;
            if matches!(id, id::SEGMENT | id::CLUSTER) {
                let is_cut = id == id::CLUSTER && size.is_some_and(|size| size > left as u64);
                self.overrun = (is_cut && !self.grows).then_some(at);
                self.at = content;
                continue;
            }
            if self.grows && size.is_some_and(|size| size > left as u64) {
                return None;
            }
            let Some(size) = size.filter(|&size| size <= left as u64) else {
                self.at = self.bytes.len();
                self.overrun = None;
                return fault(format!("it ends within the element at byte {at}"));
            };
            let content = content..content + size as usize;
            self.at = content.end;
            match id {
                id::TRACKS => return Some(Found::Tracks(content)),
                id::SIMPLE_BLOCK => {
                    let discard_ns = 0;
                    return Some(Found::Block {
                        content,
                        discard_ns,
                    });
                }
                id::BLOCK_GROUP => {
                    let start = content.start;
                    let (mut block, mut discard_ns) = (None, 0);
                    for (id, place) in elements(&self.bytes[content]) {
                        match id {
                            id::BLOCK => block = Some(start + place.start..start + place.end),
                            id::DISCARD_PADDING => {
                                discard_ns =
                                    signed(&self.bytes[start + place.start..start + place.end]);
                            }
                            _ => {}
                        }
                    }
                    if let Some(content) = block {
                        return Some(Found::Block {
                            content,
                            discard_ns,
                        });
                    }
                }
                _ => {}
            }
        }
    }
}

/// The elements within another that is whole: identifiers, and where their content lies.
fn elements(bytes: &[u8]) -> impl Iterator<Item = (u64, Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (id, size, header_len) = header(bytes.get(at..)?)?;
        let start = at + header_len;
        let len = size.unwrap_or(u64::MAX).min((bytes.len() - start) as u64);
        at = start + len as usize;
        Some((id, start..at))
    })
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

fn signed(digits: &[u8]) -> i64 {
    let missing = 8 * 8_usize.saturating_sub(digits.len()) as u32;
    match missing {
        64 => 0,
        _ => ((big(digits) << missing) as i64) >> missing,
    }
}

fn float(digits: &[u8]) -> f64 {
    match digits.len() {
        4 => f64::from(f32::from_bits(big(digits) as u32)),
        8 => f64::from_bits(big(digits)),
        _ => 0.0,
    }
}

/// A coding of WAV, whose header is the private data of the track.
const ACM: &str = "A_MS/ACM";

struct Track {
    number: u64,
    /// 2 is sound.
    kind: u64,
    is_default: bool,
    codec: String,
    private: Vec<u8>,
    delay_ns: u64,
    sample_rate: f64,
    channels: u64,
    bits: u64,
    /// What was taken off the start of each packet.
    stripped: Vec<u8>,
    /// How the packets are packed further, where that is not undone.
    repacked: Option<&'static str>,
    /// Of a coding of WAV, samples and bytes of what is decoded at a time.
    packing: Option<(u64, u64)>,
}

/// Of tracks of sound, the first that is marked to be played, or else the first.
fn sound_track(tracks: &[u8]) -> Option<Track> {
    let tracks = elements(tracks)
        .filter(|(id, _)| *id == id::TRACK)
        .map(|(_, place)| Track::read(&tracks[place]));
    let mut sound: Vec<Track> = tracks.filter(|track| track.kind == 2).collect();
    let which = sound.iter().position(|track| track.is_default).unwrap_or(0);
    (which < sound.len()).then(|| sound.swap_remove(which))
}

impl Track {
    fn read(bytes: &[u8]) -> Track {
        let mut track = Track {
            number: 0,
            kind: 0,
            is_default: true,
            codec: String::new(),
            private: Vec::new(),
            delay_ns: 0,
            sample_rate: 8000.0,
            channels: 1,
            bits: 0,
            stripped: Vec::new(),
            repacked: None,
            packing: None,
        };
        for (id, place) in elements(bytes) {
            let content = &bytes[place];
            match id {
                id::TRACK_NUMBER => track.number = big(content),
                id::TRACK_TYPE => track.kind = big(content),
                id::IS_DEFAULT => track.is_default = big(content) != 0,
                id::CODEC_ID => {
                    let name = String::from_utf8_lossy(content);
                    track.codec = name.trim_end_matches('\0').to_string();
                }
                id::CODEC_PRIVATE => track.private = content.to_vec(),
                id::CODEC_DELAY => track.delay_ns = big(content),
                id::AUDIO => track.read_audio(content),
                id::ENCODINGS => track.read_encodings(content),
                _ => {}
            }
        }
        if track.codec == ACM {
            let format = wave_format::read(&track.private).ok();
            track.packing = format.and_then(|format| format.packing);
        }
        track
    }

    fn read_audio(&mut self, bytes: &[u8]) {
        for (id, place) in elements(bytes) {
            let content = &bytes[place];
            match id {
                id::SAMPLING_FREQUENCY => self.sample_rate = float(content),
                id::CHANNELS => self.channels = big(content),
                id::BIT_DEPTH => self.bits = big(content),
                _ => {}
            }
        }
    }

    fn read_encodings(&mut self, bytes: &[u8]) {
        let within = |bytes: &[u8], wanted: u64| {
            let found = elements(bytes).find(|(id, _)| *id == wanted);
            found.map(|(_, place)| bytes[place].to_vec())
        };
        for (_, place) in elements(bytes).filter(|(id, _)| *id == id::ENCODING) {
            let encoding = &bytes[place];
            if within(encoding, id::ENCRYPTION).is_some() {
                self.repacked = Some("copy protection");
            }
            let Some(compression) = within(encoding, id::COMPRESSION) else {
                continue;
            };
            let kind = within(&compression, id::COMPRESSION_KIND);
            match kind.map_or(0, |kind| big(&kind)) {
                3 => {
                    self.stripped =
                        within(&compression, id::COMPRESSION_SETTINGS).unwrap_or_default()
                }
                _ => self.repacked = Some("blocks that are compressed once more"),
            }
        }
    }

    /// Samples that decode before the recording, where an Opus header says so.
    fn pre_skip(&self) -> Option<u64> {
        (self.codec == "A_OPUS").then(|| opus::pre_skip(&self.private))
    }

    /// The rate at which it decodes.
    fn rate(&self) -> f64 {
        match self.codec.as_str() {
            "A_OPUS" => f64::from(opus::SAMPLE_RATE),
            _ => self.sample_rate,
        }
    }

    fn parameters(&self) -> Result<AudioCodecParameters, String> {
        let name = CONTAINER.name;
        let foreign = |what: &str| format!("{name} with {what}, which is not decoded; {REMEDY}");
        if let Some(repacked) = self.repacked {
            return Err(foreign(repacked));
        }
        let damaged =
            || format!("{name} whose description of the sound is damaged; get the file again");
        let private = &self.private[..];
        let pcm = |kinds: &[(u64, AudioCodecId)]| {
            let kind = kinds.iter().find(|(bits, _)| *bits == self.bits);
            kind.map(|(_, codec)| (*codec, None))
                .ok_or_else(|| foreign(&format!("PCM of {} bits", self.bits)))
        };
        let (codec, configuration): (AudioCodecId, Option<Box<[u8]>>) = match self.codec.as_str() {
            "A_OPUS" => (CODEC_ID_OPUS, Some(private.into())),
            "A_VORBIS" => (
                CODEC_ID_VORBIS,
                Some(vorbis_headers(private).ok_or_else(damaged)?),
            ),
            "A_FLAC" => {
                let block = private.strip_prefix(b"fLaC").ok_or_else(damaged)?;
                (
                    CODEC_ID_FLAC,
                    Some(codec::flac_stream_info(block).ok_or_else(damaged)?),
                )
            }
            // Some write the whole box of MPEG-4: its header and version come before.
            "A_ALAC" => {
                let cookie = match private.get(4..8) {
                    Some(b"alac") => &private[12..],
                    _ => private,
                };
                (CODEC_ID_ALAC, Some(cookie.into()))
            }
            "A_MPEG/L1" => (CODEC_ID_MP1, None),
            "A_MPEG/L2" => (CODEC_ID_MP2, None),
            "A_MPEG/L3" => (CODEC_ID_MP3, None),
            "A_PCM/INT/LIT" => pcm(&[
                (8, CODEC_ID_PCM_U8),
                (16, CODEC_ID_PCM_S16LE),
                (24, CODEC_ID_PCM_S24LE),
                (32, CODEC_ID_PCM_S32LE),
            ])?,
            "A_PCM/INT/BIG" => pcm(&[
                (8, CODEC_ID_PCM_U8),
                (16, CODEC_ID_PCM_S16BE),
                (24, CODEC_ID_PCM_S24BE),
                (32, CODEC_ID_PCM_S32BE),
            ])?,
            "A_PCM/FLOAT/IEEE" => pcm(&[(32, CODEC_ID_PCM_F32LE), (64, CODEC_ID_PCM_F64LE)])?,
            ACM => {
                let format = wave_format::read(private).map_err(|codec| foreign(&codec))?;
                return Ok(format.parameters);
            }
            aac if aac.starts_with("A_AAC") => {
                let configuration = match private {
                    [] => aac::configuration(self.sample_rate as u32, self.channels as usize)
                        .ok_or_else(damaged)?,
                    _ => private.to_vec(),
                };
                (CODEC_ID_AAC, Some(configuration.into()))
            }
            other => return Err(foreign(&codec_name(other))),
        };
        let mut parameters = AudioCodecParameters::new();
        let channels = u16::try_from(self.channels).map_err(|_| damaged())?;
        parameters
            .for_codec(codec)
            .with_sample_rate(self.sample_rate.round() as u32)
            .with_channels(Channels::Discrete(channels));
        parameters.extra_data = configuration;
        Ok(parameters)
    }
}

/// A codec that is not decoded, in words.
fn codec_name(id: &str) -> String {
    let known = [
        ("A_AC3", "AC-3"),
        ("A_EAC3", "E-AC-3"),
        ("A_TRUEHD", "TrueHD"),
        ("A_MLP", "MLP"),
        ("A_DTS", "DTS"),
        ("A_MPC", "Musepack"),
        ("A_TTA1", "True Audio"),
        ("A_WAVPACK4", "WavPack"),
        ("A_REAL", "RealAudio"),
        ("A_ATRAC", "ATRAC"),
    ];
    match known.iter().find(|(start, _)| id.starts_with(start)) {
        Some((_, name)) => format!("{name} ({id})"),
        None => id.to_string(),
    }
}

/// The first and the third of the headers of Vorbis. Their number less 1 comes first, then the lengths of all but the
/// last (RFC 9559; Xiph lacing).
fn vorbis_headers(private: &[u8]) -> Option<Box<[u8]>> {
    let (&count, rest) = private.split_first()?;
    let (lens, start) = xiph_lens(rest, usize::from(count))?;
    let &[head, comment] = &lens[..] else {
        return None;
    };
    let headers = &rest[start..];
    let setup = headers.get(head + comment..)?;
    Some([&headers[..head], setup].concat().into())
}

/// Lengths of all but the last of several packets, and where the first begins: each is a sum of bytes, of which the last
/// is less than 255.
fn xiph_lens(bytes: &[u8], n: usize) -> Option<(Vec<usize>, usize)> {
    let mut lens = Vec::new();
    let mut at = 0;
    for _ in 0..n {
        let mut len = 0;
        loop {
            let byte = *bytes.get(at)?;
            at += 1;
            len += usize::from(byte);
            if byte < 255 {
                break;
            }
        }
        lens.push(len);
    }
    Some((lens, at))
}

/// The packets in a block that were put together, from the end of its header on (RFC 9559, 10.3).
fn laced(bytes: &[u8], lacing: u8) -> Option<Vec<Range<usize>>> {
    let Some(lacing) = Some(lacing).filter(|&lacing| lacing != 0) else {
        return Some(std::iter::once(0..bytes.len()).collect());
    };
    let n = usize::from(*bytes.first()?);
    let (lens, start) = match lacing {
        1 => {
            let (lens, at) = xiph_lens(&bytes[1..], n)?;
            (lens, at + 1)
        }
        2 => {
            let len = (bytes.len() - 1) / (n + 1);
            (vec![len; n], 1)
        }
        // The first as it is, the others by how they differ from the one before.
        _ => {
            let (mut lens, mut at, mut len) = (Vec::new(), 1, 0_i64);
            for i in 0..n {
                let (number, width) = vint(&bytes[at..])?;
                let bias = (1_i64 << (7 * width - 1)) - 1;
                len = match i {
                    0 => number as i64,
                    _ => len.checked_add(number as i64 - bias)?,
                };
                lens.push(usize::try_from(len).ok()?);
                at += width;
            }
            (lens, at)
        }
    };
    let mut at = start;
    let mut ranges = Vec::new();
    for len in lens {
        let end = at.checked_add(len).filter(|&end| end <= bytes.len())?;
        ranges.push(at..end);
        at = end;
    }
    ranges.push(at..bytes.len());
    Some(ranges)
}

/// The packets of sound, in their order.
struct Packets {
    walk: Walk,
    /// The track of sound of each recording.
    tracks: Vec<Track>,
    /// The one under way.
    which: Option<usize>,
    /// Samples still to be dropped at its start.
    skip: u64,
    ready: VecDeque<Packet>,
}

impl Iterator for Packets {
    type Item = Result<Packet, String>;

    fn next(&mut self) -> Option<Result<Packet, String>> {
        loop {
            if let Some(packet) = self.ready.pop_front() {
                return Some(Ok(packet));
            }
            match self.walk.next()? {
                Found::Fault(reason) => return Some(Err(reason)),
                Found::Tracks(content) => {
                    let Some(track) = sound_track(&self.walk.bytes[content]) else {
                        continue;
                    };
                    let which = self.which.map_or(0, |which| which + 1);
                    if which == self.tracks.len() {
                        self.tracks.push(track);
                    }
                    self.skip = self
                        .tracks
                        .get(which)
                        .and_then(Track::pre_skip)
                        .unwrap_or(0);
                    self.which = Some(which);
                }
                Found::Block {
                    content,
                    discard_ns,
                } => {
                    let at = content.start;
                    if self.block(content, discard_ns).is_none() {
                        return Some(Err(format!("the block at byte {at} is damaged")));
                    }
                }
            }
        }
    }
}

/// Bytes of an element that is waited for.
const LONGEST_WAITED_FOR: usize = 1 << 22;

/// The packets of a sound that is still coming. What they were read from is let go.
pub struct Growing {
    packets: Packets,
    /// Of each of its tracks.
    parameters: Vec<AudioCodecParameters>,
    /// Its first bytes have been seen.
    has_begun: bool,
}

impl Growing {
    /// Nothing has come.
    pub fn new() -> Growing {
        Growing {
            packets: Packets {
                walk: Walk {
                    grows: true,
                    ..Walk::new(Held::default())
                },
                tracks: Vec::new(),
                which: None,
                skip: 0,
                ready: VecDeque::new(),
            },
            parameters: Vec::new(),
            has_begun: false,
        }
    }

    /// Adds what came. An error if it is no such file, or has an element that is too long to wait for.
    pub fn push(&mut self, piece: &[u8]) -> Result<(), String> {
        let walk = &mut self.packets.walk;
        let mut left = walk.bytes[walk.at..].to_vec();
        left.extend_from_slice(piece);
        if left.len() > LONGEST_WAITED_FOR + piece.len() {
            return Err(format!(
                "has an element of more than {LONGEST_WAITED_FOR} bytes"
            ));
        }
        if !self.has_begun && !left.starts_with(&SIGN[..left.len().min(SIGN.len())]) {
            return Err(format!("is no {}", CONTAINER.name));
        }
        self.has_begun |= left.len() >= SIGN.len();
        (walk.bytes, walk.at) = (Held::of(left), 0);
        Ok(())
    }

    /// The next packet that has come whole. An error if that is damaged, or of a track that is not decoded.
    pub fn next(&mut self) -> Result<Option<Packet>, String> {
        let packet = self.packets.next().transpose()?;
        for track in &self.packets.tracks[self.parameters.len()..] {
            self.parameters.push(track.parameters()?);
        }
        Ok(packet)
    }

    /// By which parameters the packets so far are decoded: those of the first track, and then of further ones.
    pub fn parameters(&self) -> &[AudioCodecParameters] {
        &self.parameters
    }
}

impl Packets {
    /// Number of the track, time relative to the cluster in 16 bits, flags, and the packets.
    fn block(&mut self, content: Range<usize>, discard_ns: i64) -> Option<()> {
        let block = &self.walk.bytes[content];
        let (number, n) = vint(block)?;
        let track = self.which.and_then(|which| self.tracks.get(which));
        let (Some(which), Some(track)) = (self.which, track.filter(|track| track.number == number))
        else {
            return Some(());
        };
        let flags = *block.get(n + 2)?;
        let packed = &block[n + 3..];
        let packets = laced(packed, flags >> 1 & 3)?;
        let packets = packets
            .into_iter()
            .map(|range| [&track.stripped[..], &packed[range]].concat());
        let mut packets: Vec<Vec<u8>> = packets.filter(|packet| !packet.is_empty()).collect();
        let mut samples = 0;
        // Of these, the decoder takes one at a time.
        if let Some((adpcm @ 2.., len)) = track.packing {
            samples = adpcm;
            let blocks = packets
                .iter()
                .flat_map(|packet| packet.chunks_exact(len as usize));
            packets = blocks.map(<[u8]>::to_vec).collect();
        }
        let discard = (discard_ns.unsigned_abs() as f64 * 1e-9 * track.rate()).round() as u64;
        let last = packets.len().saturating_sub(1);
        for (i, data) in packets.into_iter().enumerate() {
            let skipped = self.skip.min(opus::duration(&data));
            self.skip -= skipped;
            let mut packet =
                Packet::new(which as u32, Timestamp::ZERO, Duration::new(samples), data);
            packet.trim_start = Duration::new(match discard_ns < 0 && i == 0 {
                true => skipped.max(discard),
                false => skipped,
            });
            packet.trim_end = Duration::new(match discard_ns > 0 && i == last {
                true => discard,
                false => 0,
            });
            self.ready.push_back(packet);
        }
        Some(())
    }
}
