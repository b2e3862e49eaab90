//! MPEG audio, that is MP3 and the two older layers, frame by frame.
//!
//! An encoder's header in a frame of its own (`Xing`, `Info`, `VBRI`) begins a recording. A file with several of them,
//! such as joined files, is decoded recording by recording; so is one that continues after the last frame that its header
//! counts with a frame that needs none before it. The encoder delay and padding that the header states are removed. The
//! number of frames that it counts never decides how many are decoded. If it counts more than there are, the file breaks
//! off, provided that the header belongs to these frames: by its checksum or, without one, because bytes are missing too.
//!
//! The first frames of a cut file refer to frames before them and decode to silence. A file without such a header that was
//! cut between two frames looks like one that ends there; and damage within a frame without a checksum goes unnoticed
//! unless the frame no longer decodes.

use std::ops::Range;

use symphonia::core::audio::layouts::{CHANNEL_LAYOUT_MONO, CHANNEL_LAYOUT_STEREO};
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::PacketBuilder;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::{Bytes, View};
use crate::audio::container::{Container, Reader, Sign};
use crate::audio::frames::{self, Header as _, Walk};
use crate::audio::mpeg::{Header, Note};
use crate::audio::stream::{Stream, Streams};

pub static LAYER_3: Container = Container {
    name: "MP3",
    listed: Some("MP3"),
    extensions: &["mp3", "mpga"],
    sign: Sign::Frames(|bytes| layer(bytes) == Some(3)),
    states_its_length: false,
    reader: Reader::Frames(open),
};

pub static LAYER_2: Container = Container {
    name: "MP2 (MPEG layer 2)",
    listed: None,
    extensions: &["mp2"],
    sign: Sign::Frames(|bytes| layer(bytes) == Some(2)),
    ..LAYER_3
};

pub static LAYER_1: Container = Container {
    name: "MP1 (MPEG layer 1)",
    listed: None,
    extensions: &["mp1"],
    sign: Sign::Frames(|bytes| layer(bytes) == Some(1)),
    ..LAYER_3
};

/// The layer of the first frames, if there are any.
fn layer(bytes: &Bytes) -> Option<u32> {
    let mut view = View::of(bytes);
    let at = frames::first::<Header>(&mut view)?;
    Header::read(view.get(at, Header::LEN)).map(|header| header.layer)
}

/// The recordings in `bytes`, which hold nothing else but tags and what is none of them.
pub fn open(bytes: &Bytes) -> Result<Streams, String> {
    let recordings = recordings(bytes);
    if recordings.is_empty() {
        return Err("MPEG audio without a whole frame; get the file again".into());
    }
    let bytes = bytes.clone();
    Ok(Box::new(
        recordings.into_iter().map(move |one| one.stream(&bytes)),
    ))
}

/// All that are in `bytes`.
fn recordings(bytes: &Bytes) -> Vec<Recording> {
    let mut all: Vec<Recording> = Vec::new();
    let Some(mut walk) = Walk::<Header>::new(View::of(bytes)) else {
        return all;
    };
    while let Some((at, header)) = walk.next() {
        let frame = walk.view.get(at, header.len as usize);
        let note = Note::read(&header, frame);
        let goes_on = all.last().is_some_and(|one| one.goes_on(&header, frame));
        if note.is_some() || !goes_on {
            if all.last_mut().is_some_and(|one| one.ends(None)) {
                return all;
            }
            all.push(Recording::new(header, note, at));
        }
        let one = all.last_mut().expect("pushed before the first frame");
        match note {
            Some(_) => one.bytes = at + header.len..at + header.len,
            None => one.add(at, &header, frame),
        }
    }
    if let Some(one) = all.last_mut() {
        one.ends(walk.fault);
    }
    all
}

/// Frames of one encoder.
struct Recording {
    header: Header,
    note: Option<Note>,
    /// Where its frames are; tags may lie between them.
    bytes: Range<u64>,
    frames: u64,
    /// How many checksums fit, and how many do not.
    fitting: u64,
    unfitting: u64,
    /// Where the first is that does not, and how many frames are before it.
    damaged: Option<(u64, u64)>,
    /// Why it ends too soon, if it does. Nothing follows.
    fault: Option<String>,
}

impl Recording {
    fn new(header: Header, note: Option<Note>, at: u64) -> Recording {
        Recording {
            header,
            note,
            bytes: at..at,
            frames: 0,
            fitting: 0,
            unfitting: 0,
            damaged: None,
            fault: None,
        }
    }

    fn add(&mut self, at: u64, header: &Header, frame: &[u8]) {
        match header.checksum_fits(frame) {
            None => {}
            Some(true) => self.fitting += 1,
            Some(false) => {
                self.unfitting += 1;
                self.damaged.get_or_insert((at, self.frames));
            }
        }
        self.bytes.end = at + header.len;
        self.frames += 1;
    }

    /// Whether a frame belongs to it.
    fn goes_on(&self, header: &Header, frame: &[u8]) -> bool {
        let is_complete = self.counted() == Some(self.frames);
        self.header.is_like(header) && !(is_complete && header.is_self_contained(frame))
    }

    /// How many frames it has by a header that is known to be its own.
    fn counted(&self) -> Option<u64> {
        let note = self.note.filter(|note| note.checksum_fits == Some(true))?;
        note.frames.filter(|&frames| frames > 0)
    }

    /// Finds, behind its last frame, why it ends too soon: by what stopped the walk, or by what it says itself. Says
    /// whether it does.
    fn ends(&mut self, stopped: Option<String>) -> bool {
        // What hardly ever fits is no checksum.
        let damaged = self.damaged.filter(|_| self.fitting > self.unfitting);
        if let Some((at, frames)) = damaged {
            (self.bytes.end, self.frames) = (at, frames);
        }
        let damaged =
            damaged.map(|(at, _)| format!("the checksum of the frame at byte {at} does not match"));
        self.fault = damaged.or(stopped).or_else(|| self.lacks_frames());
        self.fault.is_some()
    }

    /// How many frames are missing by its header.
    fn lacks_frames(&self) -> Option<String> {
        let note = self.note?;
        let there = self.bytes.end - self.bytes.start;
        let bytes_are_missing = note
            .bytes
            .is_some_and(|bytes| there + self.header.len < bytes);
        let is_its_own = note.checksum_fits.unwrap_or(bytes_are_missing);
        // Some encoders count the frame of the header.
        let counted = note.frames.filter(|&counted| counted > self.frames + 1)?;
        is_its_own.then(|| {
            format!(
                "its header counts {counted} frames, the file has {}",
                self.frames
            )
        })
    }

    /// Samples of each channel to leave out at the start and at the end.
    fn trim(&self) -> (u64, u64) {
        let Some(note) = self.note else { return (0, 0) };
        // The padding is where its own header counts the last frame.
        let has_its_end = self.counted().is_none_or(|counted| self.frames <= counted);
        let padding = match self.fault {
            None if has_its_end => note.padding,
            _ => 0,
        };
        let samples = self.frames * self.header.samples;
        // A header that leaves nothing over is wrong.
        if note.delay + padding < samples || self.fault.is_some() {
            (note.delay.min(samples), padding)
        } else {
            (0, 0)
        }
    }

    fn stream(self, bytes: &Bytes) -> Stream {
        let mut parameters = AudioCodecParameters::new();
        let channels = match self.header.channels {
            1 => CHANNEL_LAYOUT_MONO,
            _ => CHANNEL_LAYOUT_STEREO,
        };
        parameters
            .for_codec(self.header.codec())
            .with_sample_rate(self.header.sample_rate)
            .with_channels(channels);
        let (delay, padding) = self.trim();
        let samples = self.frames * self.header.samples;
        let end = samples - padding;
        let mut own = bytes.clone();
        own.cut(self.bytes.clone());
        let mut walk = Walk::<Header>::new(View::of(&own));
        let mut from = 0;
        let packets = std::iter::from_fn(move || {
            let walk = walk.as_mut()?;
            let (at, header) = walk.next()?;
            let to = from + header.samples;
            let trim_start = delay.saturating_sub(from).min(header.samples);
            let trim_end = to.saturating_sub(end).min(header.samples);
            let packet = PacketBuilder::new()
                .track_id(0)
                .pts(Timestamp::from(from as i64))
                .dur(Duration::from(header.samples))
                .trim_start(Duration::from(trim_start))
                .trim_end(Duration::from(trim_end))
                .data(walk.view.get(at, header.len as usize).to_vec())
                .build();
            from = to;
            Some(Ok(packet))
        });
        Stream {
            parameters,
            promised: Some(end.saturating_sub(delay)),
            further: Vec::new(),
            packets: Box::new(packets.chain(self.fault.map(Err))),
        }
    }
}
