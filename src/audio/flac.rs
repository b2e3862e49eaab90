//! FLAC, frame by frame (RFC 9639).
//!
//! Each frame has a number, a checksum of its header and one of the whole frame. The file's header only states the number
//! of samples and their checksum (MD5). It is disregarded where it does not fit the frames, as when frames were copied
//! into a new file (`ffmpeg -ss 1 -c copy`), whose first frame is not number 0.
//!
//! A file breaks off if it ends within a frame, if a frame number is missing, or if frames from number 0 on hold fewer
//! samples than the header states. The last is accepted in a file written by FFmpeg, which copies the number of samples
//! into what it cuts (`-t 1 -c copy`); a file that it did not finish would end within a frame.

use std::ops::Range;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::CODEC_ID_FLAC;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoderOptions};
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::{Bytes, View, big_at};
use crate::audio::container::{Container, Reader, Sign};
use crate::audio::stream::{Stream, Streams};
use crate::audio::{crc, tags};

pub static CONTAINER: Container = Container {
    name: "FLAC",
    listed: Some("FLAC"),
    extensions: &["flac"],
    sign: Sign::Start(|bytes| bytes.starts_with(b"fLaC")),
    states_its_length: false,
    reader: Reader::Frames(open),
};

/// The same without its header, or behind something else.
pub static FRAMES: Container = Container {
    listed: None,
    extensions: &[],
    sign: Sign::Frames(is_in),
    ..CONTAINER
};

/// What the header of a file says.
#[derive(Debug, Clone, Copy, Default)]
struct Info {
    sample_rate: u64,
    bits: u64,
    /// Of each channel; 0 where it was not known.
    samples: u64,
    /// Of all samples; zeros where it was not known.
    md5: [u8; 16],
    /// FFmpeg wrote the file, and may have copied this from another.
    may_be_of_another: bool,
}

impl Info {
    /// What the header at `at` says, and where the first frame should be.
    fn read(view: &mut View, at: u64) -> Option<(Info, u64)> {
        let start = view.get(at, 42);
        let is_header = start.starts_with(b"fLaC") && big_at(start, 4, 4)? & 0x7fff_ffff == 34;
        if !is_header {
            return None;
        }
        let fields = big_at(start, 18, 8)?;
        let mut info = Info {
            sample_rate: fields >> 44,
            bits: ((fields >> 36) & 31) + 1,
            samples: fields & 0x000f_ffff_ffff,
            md5: start.get(26..42)?.try_into().expect("16 bytes"),
            may_be_of_another: false,
        };
        // The least that a header may say (8.2).
        if info.sample_rate == 0 || info.bits < 4 {
            return None;
        }
        let mut place = at + 4;
        while let Some(block) = big_at(view.get(place, 4), 0, 4) {
            let (kind, len) = ((block >> 24) & 0x7f, block & 0x00ff_ffff);
            // A comment begins with the length and the name of the program.
            let name = view.get(place + 8, 4);
            info.may_be_of_another |= kind == 4 && name == b"Lavf";
            place += 4 + len;
            if block >> 31 == 1 {
                return Some((info, place));
            }
        }
        // The lengths are wrong.
        Some((info, at + 42))
    }
}

/// The header of a frame.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Header {
    /// Bytes of it.
    len: usize,
    /// The second byte: blocks of one size, whose numbers count frames, or of several, whose numbers count samples.
    strategy: u8,
    number: u64,
    /// Samples of each channel.
    block: u64,
    channels: u64,
    sample_rate: u64,
    bits: u64,
}

/// Bytes of the longest header.
const HEADER_LEN: usize = 16;

impl Header {
    /// What stands in the first bytes of a frame, if they are a header; `info` says what it leaves out.
    fn read(bytes: &[u8], info: &Info) -> Option<Header> {
        let &[0xff, strategy @ (0xf8 | 0xf9), sizes, kinds, ..] = bytes else {
            return None;
        };
        let mut at = 4;
        let mut next = |n: usize| {
            at += n;
            big_at(bytes, at - n, n)
        };
        // As in UTF-8, with up to 36 bits in 7 bytes.
        let first = next(1)?;
        let more = match (first as u8).leading_ones() {
            0 => 0,
            ones @ 2..=7 => ones - 1,
            _ => return None,
        };
        let mut number = if more == 0 {
            first
        } else {
            first & (0x3f >> more)
        };
        for _ in 0..more {
            number = (number << 6) | (next(1)? & 0x3f);
        }
        let block = match sizes >> 4 {
            0 => return None,
            1 => 192,
            code @ 2..=5 => 576 << (code - 2),
            6 => next(1)? + 1,
            7 => next(2)? + 1,
            code => 256 << (code - 8),
        };
        let sample_rate = match sizes & 15 {
            0 => info.sample_rate,
            code @ 1..=11 => [
                88_200, 176_400, 192_000, 8000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
                96_000,
            ][usize::from(code) - 1],
            12 => 1000 * next(1)?,
            13 => next(2)?,
            14 => 10 * next(2)?,
            _ => return None,
        };
        let channels = match kinds >> 4 {
            code @ 0..=7 => u64::from(code) + 1,
            8..=10 => 2,
            _ => return None,
        };
        let bits = [info.bits, 8, 12, 0, 16, 20, 24, 32][usize::from(kinds >> 1) & 7];
        let check = next(1)?;
        let is_known = sample_rate > 0 && bits > 0 && kinds & 1 == 0;
        let fits = check == u64::from(crc::crc8(&bytes[..at - 1]));
        (is_known && fits).then_some(Header {
            len: at,
            strategy,
            number,
            block,
            channels,
            sample_rate,
            bits,
        })
    }

    /// Whether both can be of one stream.
    fn is_like(&self, other: &Header) -> bool {
        let kind = |h: &Header| (h.strategy, h.channels, h.sample_rate, h.bits);
        kind(self) == kind(other)
    }

    /// The number of the next frame; or of two, as before the format's version 1.2 frames of several sizes did not say that
    /// they counted samples.
    fn next_numbers(&self) -> [u64; 2] {
        let by_samples = self.number + self.block;
        match self.strategy {
            0xf8 => [self.number + 1, by_samples],
            _ => [by_samples; 2],
        }
    }

    /// As many bytes as the frame may have: twice those of the samples as they are, one bit wider, as where the difference of
    /// two channels is stored.
    fn most_bytes(&self) -> usize {
        (64 + self.channels * self.block * (self.bits + 1) / 4) as usize
    }
}

/// What follows a frame.
enum Next {
    Frame(u64, Header),
    /// The header of another file.
    File(u64),
    Nothing,
    Fault(String),
}

/// Bytes that are looked through in vain before a file is given up: more than any header and any two frames have.
const MOST_IN_VAIN: usize = 1 << 27;

/// What it costs to try one frame, in such bytes.
const A_TRY: usize = 1 << 16;

/// How far from the start of a file its header or first frame is looked for.
const SEARCHED: u64 = 1 << 20;

/// Ends that a last frame with something behind it may have: one byte in 65536 is taken for its last by chance.
const MOST_ENDS: usize = 64;

/// A file that is read frame by frame.
struct Walk {
    view: View,
    info: Info,
    in_vain: usize,
}

impl Walk {
    fn new(bytes: &Bytes) -> Walk {
        Walk {
            view: View::of(bytes),
            info: Info::default(),
            in_vain: 0,
        }
    }

    fn header(&mut self, at: u64) -> Option<Header> {
        Header::read(self.view.get(at, HEADER_LEN), &self.info)
    }

    /// The first header of a file or whole frame in `range`; frames that are like `last`, if there is one.
    fn find(&mut self, range: Range<u64>, last: Option<&Header>) -> Next {
        let mut at = range.start;
        while at < range.end && self.in_vain < MOST_IN_VAIN {
            let n = (range.end - at).min(1 << 12) as usize;
            let found = self
                .view
                .get(at, n)
                .iter()
                .position(|&b| b == 0xff || b == b'f');
            let Some(skipped) = found else {
                at += n as u64;
                continue;
            };
            at += skipped as u64;
            if Info::read(&mut self.view, at).is_some() {
                return Next::File(at);
            }
            let header = self.header(at);
            if let Some(header) =
                header.filter(|header| last.is_none_or(|last| last.is_like(header)))
            {
                if self.frame_end(at, &header).is_some() {
                    return Next::Frame(at, header);
                }
                self.in_vain += header.most_bytes() + A_TRY;
            }
            at += 1;
        }
        Next::Nothing
    }

    /// Where the frame at `at` ends, if it is whole: before the header of another, or at the end of the file, with a checksum
    /// that fits.
    fn frame_end(&mut self, at: u64, header: &Header) -> Option<u64> {
        let file_len = self.view.len();
        let bytes = self.view.get(at, header.most_bytes() + HEADER_LEN);
        let (mut crc, mut checked, mut from) = (0, 0, header.len);
        let mut next_header = None;
        while let Some(skipped) = bytes[from.min(bytes.len())..]
            .iter()
            .position(|&b| b == 0xff)
        {
            let place = from + skipped;
            let is_header = bytes.get(place + 1) == Some(&header.strategy)
                && Header::read(&bytes[place..], &self.info)
                    .is_some_and(|next| next.is_like(header));
            if is_header {
                crc = crc::crc16(crc, &bytes[checked..place]);
                checked = place;
                if crc == 0 {
                    return Some(at + place as u64);
                }
                next_header.get_or_insert(place);
            }
            from = place + 1;
        }
        let is_last = at + bytes.len() as u64 == file_len;
        if is_last && crc::crc16(crc, &bytes[checked..]) == 0 {
            return Some(file_len);
        }
        // Something else stands behind it, and before another frame. Only decoding tells where.
        let bytes = &bytes[..next_header.unwrap_or(bytes.len())];
        let mut decoder = symphonia::default::get_codecs()
            .make_audio_decoder(
                &parameters(header, header.block, [0; 16]),
                &AudioDecoderOptions::default(),
            )
            .ok()?;
        let mut crc = 0;
        let mut ends = (0..bytes.len()).filter(|&end| {
            let before = crc;
            crc = crc::crc16(crc, &bytes[end..=end]);
            // Zeros behind an end change nothing.
            end > header.len && crc == 0 && (before, bytes[end]) != (0, 0)
        });
        let decodes = |end: &usize| {
            let packet = Packet::new(0, Timestamp::ZERO, Duration::ZERO, &bytes[..=*end]);
            decoder.decode(&packet).is_ok()
        };
        let end = ends.by_ref().take(MOST_ENDS).find(decodes)?;
        Some(at + end as u64 + 1)
    }

    /// What stands at `at`, behind the frame `last`.
    fn next(&mut self, mut at: u64, last: &Header) -> Next {
        let expected = last.next_numbers();
        let is_missing = |next: &Header| next.number > expected[0] && next.number != expected[1];
        loop {
            let first = self.view.get(at, HEADER_LEN);
            if first.is_empty() {
                return Next::Nothing;
            }
            let is_short = first.len() < HEADER_LEN && first.starts_with(&[0xff, last.strategy]);
            if let Some(header) = self.header(at).filter(|next| next.is_like(last)) {
                if is_missing(&header) {
                    return Next::Fault(format!("frames are missing before the one at byte {at}"));
                }
                return Next::Frame(at, header);
            }
            if is_short {
                return Next::Fault(format!("it ends within the frame at byte {at}"));
            }
            if Info::read(&mut self.view, at).is_some() {
                return Next::File(at);
            }
            match tags::len_at(&mut self.view, at) {
                0 => break,
                tag => at = at.saturating_add(tag),
            }
        }
        match self.find(at..self.view.len(), Some(last)) {
            Next::Frame(to, header) if header.number > 0 => Next::Fault(format!(
                "frames are missing: between bytes {at} and {to} there are none"
            )),
            next => next,
        }
    }
}

/// The recordings in `bytes`, which hold nothing else but tags and what is none of them.
fn open(bytes: &Bytes) -> Result<Streams, String> {
    let recordings = recordings(bytes);
    if recordings.is_empty() {
        return Err("FLAC without a header and a whole frame; get the file again".into());
    }
    let bytes = bytes.clone();
    Ok(Box::new(
        recordings.into_iter().map(move |one| one.stream(&bytes)),
    ))
}

/// Whether there is a header or a frame within reach of the start.
fn is_in(bytes: &Bytes) -> bool {
    let searched = bytes.len().min(SEARCHED);
    !matches!(Walk::new(bytes).find(0..searched, None), Next::Nothing)
}

fn recordings(bytes: &Bytes) -> Vec<Recording> {
    let mut walk = Walk::new(bytes);
    let searched = bytes.len().min(SEARCHED);
    let mut next = walk.find(0..searched, None);
    let mut all: Vec<Recording> = Vec::new();
    loop {
        let (one, behind) = match next {
            Next::File(at) => {
                let (info, frames) = Info::read(&mut walk.view, at).expect("found there");
                walk.info = info;
                Recording::read(&mut walk, frames)
            }
            Next::Frame(at, _) => Recording::read(&mut walk, at),
            Next::Nothing | Next::Fault(_) => return all,
        };
        all.push(one);
        next = behind;
    }
}

/// Frames behind one header.
struct Recording {
    info: Info,
    first: Option<Header>,
    /// Where each frame is.
    frames: Vec<Range<u64>>,
    /// Of each channel, in all frames.
    samples: u64,
    longest_block: u64,
    /// From number 0 on, and no number comes again.
    is_in_order: bool,
    /// Why it ends too soon, if it does. Nothing follows.
    fault: Option<String>,
}

impl Recording {
    /// The frames from `from` on, and what is behind them.
    fn read(walk: &mut Walk, from: u64) -> (Recording, Next) {
        let mut one = Recording {
            info: walk.info,
            first: None,
            frames: Vec::new(),
            samples: 0,
            longest_block: 0,
            is_in_order: true,
            fault: None,
        };
        let mut next = match walk.header(from) {
            Some(header) => Next::Frame(from, header),
            None => match walk.find(from..walk.view.len(), None) {
                Next::Frame(to, header) if header.number > 0 => Next::Fault(format!(
                    "frames are missing: between bytes {from} and {to} there are none"
                )),
                next => next,
            },
        };
        let mut number = 0;
        while let Next::Frame(at, header) = next {
            let Some(end) = walk.frame_end(at, &header) else {
                next = Next::Fault(format!("the frame at byte {at} is cut or damaged"));
                break;
            };
            one.first.get_or_insert(header);
            one.frames.push(at..end);
            one.samples += header.block;
            one.longest_block = one.longest_block.max(header.block);
            one.is_in_order &= header.number >= number && (number > 0 || header.number == 0);
            number = header.number + 1;
            next = walk.next(end, &header);
        }
        if let Next::Fault(fault) = next {
            one.fault = Some(fault);
            next = Next::Nothing;
        }
        let is_short = one.samples < one.promised() && !one.info.may_be_of_another;
        if one.fault.is_none() && is_short {
            one.fault = Some(format!(
                "the header promises {} samples, the file has {}",
                one.promised(),
                one.samples
            ));
            next = Next::Nothing;
        }
        (one, next)
    }

    /// How many samples its header promises; 0 where that is not known, or not of these frames.
    fn promised(&self) -> u64 {
        if self.is_in_order {
            self.info.samples
        } else {
            0
        }
    }

    fn stream(self, bytes: &Bytes) -> Stream {
        let promised = self.promised();
        // The checksum is of these samples only if there are as many as promised.
        let is_whole = self.is_in_order && (promised == 0 || promised == self.samples);
        let md5 = if is_whole { self.info.md5 } else { [0; 16] };
        let header = self.first.unwrap_or(Header {
            len: 0,
            strategy: 0xf8,
            number: 0,
            block: 0,
            channels: 1,
            sample_rate: self.info.sample_rate,
            bits: self.info.bits,
        });
        let parameters = parameters(&header, self.longest_block, md5);
        let is_short = self.fault.is_some() && promised > self.samples;
        let mut view = View::of(bytes);
        let mut time = 0;
        let packets = self.frames.into_iter().map(move |frame| {
            let data = view.get(frame.start, (frame.end - frame.start) as usize);
            let block = Header::read(data, &self.info).map_or(0, |header| header.block);
            let packet = Packet::new(0, Timestamp::from(time as i64), Duration::from(block), data);
            time += block;
            Ok(packet)
        });
        Stream {
            parameters,
            promised: Some(if is_short { promised } else { self.samples }),
            further: Vec::new(),
            packets: Box::new(packets.chain(self.fault.map(Err))),
        }
    }
}

/// What the decoder is told of frames that are like `header`.
fn parameters(header: &Header, longest_block: u64, md5: [u8; 16]) -> AudioCodecParameters {
    // Blocks have 16 samples at least, but the last.
    let block = longest_block.clamp(16, 0xffff) as u16;
    let mut info = Vec::with_capacity(34);
    info.extend([block.to_be_bytes(); 2].concat());
    info.extend([0; 6]);
    let fields =
        (header.sample_rate << 44) | ((header.channels - 1) << 41) | ((header.bits - 1) << 36);
    info.extend(fields.to_be_bytes());
    info.extend(md5);
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(CODEC_ID_FLAC)
        .with_sample_rate(header.sample_rate as u32)
        .with_bits_per_sample(header.bits as u32)
        .with_channels(Channels::Discrete(header.channels as u16))
        .with_extra_data(info.into_boxed_slice());
    parameters
}
