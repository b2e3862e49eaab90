//! From a file's bytes to its samples: all of them and nothing else, or an error.
//!
//! Whether a file is complete can be judged only as far as its container allows: the module of each container
//! says what is noticed and what is not. Encoder delay and padding are removed where the container states them.

use std::ops::Range;

use crate::audio::bytes::{Bytes, Held};
use crate::audio::chunks::{Found, Sound};
use crate::audio::container::{self, Container, Kind, Partial, Reader};
use crate::audio::decoded::Decoded;
use crate::audio::limits::{Extent, check_rate};
use crate::audio::packets::{self, Unusable};
use crate::audio::spool::Spooling;
use crate::audio::stream::{Stated, Stream, Streams};
use crate::audio::{ReadOptions, mp3, ogg, pcm};

/// Largest magnitude of a sample, full scale being 1: floats may exceed full scale, but not by 36
/// dB.
const LOUDEST: f32 = 64.0;

/// Why a file is no recording.
pub struct Refusal {
    pub reason: String,
    /// There is nothing in it: no byte, or a whole header without samples.
    pub is_empty: bool,
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal {
            reason,
            is_empty: false,
        }
    }
}

/// Decodes a recording whole. One that breaks off or is damaged is an error, or with
/// `accept_truncated` what decodes of it. One that goes beyond the limits is an error, and one that the disk does not
/// give.
pub fn decode(bytes: Bytes, options: &ReadOptions) -> Result<Decoded, Refusal> {
    let source = bytes.clone();
    let decoded = whole(bytes, options);
    match source.failure() {
        Some(cause) => Err(format!("cannot be read from the disk ({cause})").into()),
        None => decoded,
    }
}

/// How many channels a recording has, by its header and its first packet.
pub fn channels(mut bytes: Bytes, options: &ReadOptions) -> Result<usize, Refusal> {
    let kind = recognised(&mut bytes)?;
    let of_first = |streams: Result<Streams, String>| {
        let stream = streams?.next().ok_or("holds no sound")?;
        packets::channels(stream, kind)
    };
    Ok(match kind.reader {
        Reader::Samples(decode) => decode(&bytes, options)?.0.channels,
        Reader::Frames(open) => of_first(open(&bytes))?,
        Reader::Packets(open) => of_first(one(open(&held(&mut bytes, kind, options)?)?.0))?,
        Reader::Chunks(read) => match read(&bytes)?.sound {
            Sound::Pcm(format, _) => format.channels,
            Sound::Packets(stream) => of_first(one(*stream))?,
            Sound::Mp3(range) => {
                bytes.cut(range);
                of_first(mp3::open(&bytes))?
            }
        },
    })
}

/// The container of a file, of which only what belongs to the recording is left.
fn recognised(bytes: &mut Bytes) -> Result<&'static Container, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal {
            reason: "is empty (0 bytes); expected a recording".into(),
            is_empty: true,
        });
    }
    let mut recording = container::without_tags(bytes);
    if recording.is_empty() {
        // By its length the tag takes all of the file.
        recording = container::behind_the_tag(bytes).ok_or_else(|| {
            "holds a tag (ID3) and no recording behind it; get the file again".to_string()
        })?;
    }
    bytes.cut(recording.clone());
    let mut kind = container::identify(bytes);
    if let Kind::Foreign(container::UNKNOWN | container::TEXT) = kind
        && let Some(start) = ogg::first_page(&bytes.get(0, ogg::MOST_BEFORE))
    {
        bytes.cut(start as u64..bytes.len());
        kind = Kind::Known(&ogg::CONTAINER);
    }
    match kind {
        Kind::Known(container) => Ok(container),
        // Behind a tag of ID3v2 stands MP3, as a rule, be it after some padding.
        Kind::Foreign(container::UNKNOWN) if recording.start > 0 => Ok(&mp3::LAYER_3),
        Kind::Foreign(name) => Err(format!("holds {name}; {}", container::remedy(name)).into()),
    }
}

fn whole(mut bytes: Bytes, options: &ReadOptions) -> Result<Decoded, Refusal> {
    let kind = recognised(&mut bytes)?;
    let name = kind.name;
    let (mut decoded, fault) = match kind.reader {
        Reader::Samples(decode) => decode(&bytes, options)?,
        Reader::Chunks(read) => found(read(&bytes)?, bytes, kind, options)?,
        Reader::Frames(open) => sound(open(&bytes), Stated::default(), kind, options)?,
        Reader::Packets(open) => {
            let (stream, stated) = open(&held(&mut bytes, kind, options)?)?;
            sound(one(stream), stated, kind, options)?
        }
    };
    if decoded.interleaved.is_empty() {
        let is_empty = fault.is_none();
        let cause = fault.unwrap_or("it ends before the first".into());
        return Err(Refusal {
            reason: format!("{name} without a single whole sample ({cause}); get the file again"),
            is_empty,
        });
    }
    check_rate(name, decoded.sample_rate)?;
    if let Some(fault) = fault {
        if !options.accept_truncated {
            return Err(format!(
                "{name} that breaks off or is damaged after {:.2} s: {fault}; get the file again",
                decoded.frames() as f64 / f64::from(decoded.sample_rate)
            )
            .into());
        }
        decoded.truncated = true;
    }
    check_samples(&decoded)?;
    Ok(decoded)
}

/// Refuses samples that are none.
pub fn check_samples(decoded: &Decoded) -> Result<(), String> {
    let wrong = |x: &f32| x.is_nan() || x.abs() > LOUDEST;
    let channels = decoded.channels;
    let mut before = 0;
    decoded.interleaved.blocks(1, |block| {
        if let Some(at) = block.iter().position(wrong) {
            return Err(format!(
                "sample {} is {}; expected samples between -1 and 1; get the file again, or \
                 write it anew with samples in that range",
                (before + at) / channels,
                block[at]
            ));
        }
        before += block.len();
        Ok(())
    })
}

/// The bytes of a recording of a kind that is held in memory as it stands in its file.
fn held(bytes: &mut Bytes, kind: &Container, options: &ReadOptions) -> Result<Held, String> {
    let name = kind.name;
    match options.refuse_whole(bytes.len()) {
        Some(reason) => Err(format!("{name} {reason}")),
        None => bytes
            .held()
            .map_err(|cause| format!("{name} that cannot be read ({cause})")),
    }
}

/// Decodes what the header of a container of chunks says.
fn found(
    found: Found,
    mut bytes: Bytes,
    kind: &Container,
    options: &ReadOptions,
) -> Result<Partial, String> {
    let stated = found.stated;
    match found.sound {
        Sound::Pcm(format, range) => {
            let decoded = pcm::decode(&bytes, range, &format, kind.name, options)?;
            Ok((decoded, stated.fault))
        }
        Sound::Packets(stream) => sound(one(*stream), stated, kind, options),
        Sound::Mp3(range) => {
            bytes.cut(range);
            sound(mp3::open(&bytes), stated, kind, options)
        }
    }
}

/// One stream alone.
fn one(stream: Stream) -> Result<Streams, String> {
    Ok(Box::new(std::iter::once(stream)))
}

/// Decodes the packets, and takes off what the container says is not the recording.
fn sound(
    streams: Result<Streams, String>,
    stated: Stated,
    kind: &Container,
    options: &ReadOptions,
) -> Result<Partial, String> {
    let streams = streams.map_err(Unusable::Undecodable);
    let sound = streams.and_then(|streams| packets::decode(streams, kind, options));
    let sound = sound.map_err(|unusable| match (unusable, &stated.fault) {
        (Unusable::Undecodable(_), Some(fault)) => format!(
            "{} that breaks off or is damaged before its first sample: {fault}; get the file again",
            kind.name
        ),
        (Unusable::Undecodable(reason) | Unusable::Refused(reason), _) => reason,
    })?;
    let packets::Sound { mut decoded, fault } = sound;
    let part = |start_s: f64, length_s: Option<f64>| {
        let n = decoded.frames();
        let start = decoded.samples(start_s).min(n);
        let len = length_s.map_or(n, |s| decoded.samples(s));
        start..start.saturating_add(len).min(n)
    };
    let mut parts = vec![part(stated.skip_s, stated.length_s)];
    parts.extend(
        stated
            .further
            .iter()
            .map(|&(start_s, length_s)| part(start_s, length_s)),
    );
    put_together(&mut decoded, &parts, kind, options)?;
    Ok((decoded, stated.fault.or(fault)))
}

/// Makes a recording of `parts` of what decoded.
fn put_together(
    decoded: &mut Decoded,
    parts: &[Range<usize>],
    kind: &Container,
    options: &ReadOptions,
) -> Result<(), String> {
    let channels = decoded.channels;
    if let [part] = parts {
        decoded
            .interleaved
            .cut(part.start * channels..part.end * channels);
        return Ok(());
    }
    let name = kind.name;
    let extent = Extent {
        frames: parts.iter().map(|part| part.len() as u64).sum(),
        channels: channels as u64,
        sample_rate: decoded.sample_rate,
        is_known: true,
    };
    if let Some(reason) = options.refuse(extent) {
        return Err(format!("{name} {reason}"));
    }
    let no_place = |reason: String| format!("{name} of which {reason}");
    let mut together = Spooling::new(options.most_in_memory);
    let mut samples = Vec::new();
    for part in parts {
        for start in part.clone().step_by(AT_A_TIME) {
            let end = part.end.min(start + AT_A_TIME);
            decoded
                .interleaved
                .read(start * channels..end * channels, &mut samples)?;
            together.push(&samples).map_err(no_place)?;
        }
    }
    decoded.interleaved = together.finish().map_err(no_place)?;
    Ok(())
}

/// Samples of each channel that are copied at a time.
const AT_A_TIME: usize = 1 << 16;
