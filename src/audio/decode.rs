//! A file's bytes to its samples: all of them, and nothing but them, or an error.
//!
//! Whether a file is whole is judged by what its container lets one know: each container's module
//! says what that is and what goes unnoticed. Encoder delay and padding are taken off where the
//! container states them.

use crate::audio::bytes::Bytes;
use crate::audio::container::{self, Container, REMEDY, Stated};
use crate::audio::packets::{self, Sound, Streams, Unusable};
use crate::audio::spool::Spool;
use crate::audio::{ReadOptions, adts, chunks, demux, flac, mp3, mp4, ogg, sphere, webm};

/// Samples as they stand in the file.
pub struct Decoded {
    /// Channels interleaved.
    pub interleaved: Spool,
    pub channels: usize,
    pub sample_rate: u32,
    /// The file broke off or is damaged; this is what decoded of it.
    pub truncated: bool,
}

impl Decoded {
    /// Number of samples of one channel.
    pub fn frames(&self) -> usize {
        self.interleaved.len() / self.channels.max(1)
    }

    /// Seconds to samples of one channel.
    fn samples(&self, seconds: f64) -> usize {
        (seconds * f64::from(self.sample_rate)).round() as usize
    }
}

/// Sample rates that a recording can have; beyond them a header is damaged, and resampling would
/// take all the memory there is.
const RATES: std::ops::RangeInclusive<u32> = 1000..=768_000;

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

/// How much a stated length may exceed what there is: some muxers round it up to a packet.
const PROMISE_SLACK_S: f64 = 0.1;

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

fn whole(mut bytes: Bytes, options: &ReadOptions) -> Result<Decoded, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal {
            reason: "is empty (0 bytes); expected a recording".into(),
            is_empty: true,
        });
    }
    let mut recording = container::without_tags(&bytes);
    if recording.is_empty() {
        // By its length the tag takes all of the file.
        recording = container::behind_the_tag(&bytes).ok_or_else(|| {
            "holds a tag (ID3) and no recording behind it; get the file again".to_string()
        })?;
    }
    bytes.cut(recording.clone());
    let kind = match container::identify(&bytes) {
        // Behind a tag of ID3v2 stands MP3, as a rule, be it after some padding.
        Container::Foreign(container::UNKNOWN) if recording.start > 0 => Container::Mp3,
        kind => kind,
    };
    let name = kind.name();
    let stated = match kind {
        Container::Foreign(name) => return Err(format!("holds {name}; {REMEDY}").into()),
        Container::Wav => {
            chunks::check_channels(&bytes)?;
            chunks::read_wav(&mut bytes)
        }
        Container::Aiff => chunks::read_aiff(&mut bytes),
        Container::Caf => chunks::read_caf(&mut bytes),
        Container::Ogg => ogg::read(held(&mut bytes, kind, options)?),
        Container::Mpeg4 => mp4::read(held(&mut bytes, kind, options)?),
        Container::Matroska => webm::read(held(&mut bytes, kind, options)?),
        Container::Flac
        | Container::Mp3
        | Container::Mp2
        | Container::Mp1
        | Container::Adts
        | Container::Sphere => Stated::default(),
    };
    let (mut decoded, fault) = match kind {
        Container::Sphere => sphere::decode(held(&mut bytes, kind, options)?, options)?,
        _ => sound(bytes, kind, stated, options)?,
    };
    if decoded.interleaved.is_empty() {
        let is_empty = fault.is_none();
        let cause = fault.unwrap_or("it ends before the first".into());
        return Err(Refusal {
            reason: format!("{name} without a single whole sample ({cause}); get the file again"),
            is_empty,
        });
    }
    check_rate(kind, decoded.sample_rate)?;
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
    let wrong = |x: &f32| x.is_nan() || x.abs() > LOUDEST;
    let mut before = 0;
    decoded.interleaved.blocks(1, |block| {
        if let Some(at) = block.iter().position(wrong) {
            return Err(format!(
                "sample {} is {}; expected samples between -1 and 1; get the file again, or \
                 write it anew with samples in that range",
                (before + at) / decoded.channels,
                block[at]
            ));
        }
        before += block.len();
        Ok(())
    })?;
    Ok(decoded)
}

/// The bytes of a recording of a kind that is held in memory as it stands in its file.
fn held<'a>(
    bytes: &'a mut Bytes,
    kind: Container,
    options: &ReadOptions,
) -> Result<&'a [u8], String> {
    let name = kind.name();
    match options.refuse_whole(bytes.len()) {
        Some(reason) => Err(format!("{name} {reason}")),
        None => bytes
            .whole()
            .map_err(|cause| format!("{name} that cannot be read ({cause})")),
    }
}

/// Refuses a rate that no recording has.
pub fn check_rate(kind: Container, sample_rate: u32) -> Result<(), String> {
    if RATES.contains(&sample_rate) {
        return Ok(());
    }
    Err(format!(
        "{} whose header says {sample_rate} Hz; expected {} to {} Hz",
        kind.name(),
        RATES.start(),
        RATES.end()
    ))
}

/// Decodes the packets, and takes off what the container says is not the recording.
fn sound(
    mut bytes: Bytes,
    kind: Container,
    stated: Stated,
    options: &ReadOptions,
) -> Result<(Decoded, Option<String>), String> {
    let streams: Result<Streams, String> = match kind {
        Container::Mp3 | Container::Mp2 | Container::Mp1 => mp3::open(&bytes),
        Container::Adts => adts::open(&bytes),
        Container::Flac => flac::open(&bytes),
        _ => demux::open(&bytes, kind).map(|one| Box::new(std::iter::once(one)) as Streams),
    };
    let streams = streams.map_err(Unusable::Undecodable);
    let sound = streams.and_then(|streams| packets::decode(streams, &bytes, kind, options));
    let sound = sound.map_err(|unusable| match (unusable, &stated.fault) {
        (Unusable::Undecodable(_), Some(fault)) => format!(
            "{} that breaks off or is damaged before its first sample: {fault}; get the file again",
            kind.name()
        ),
        (Unusable::Undecodable(reason) | Unusable::Refused(reason), _) => reason,
    })?;
    let Sound {
        mut decoded,
        fault,
        first,
        lasts_s,
        pre_skip,
    } = sound;
    let (channels, n) = (decoded.channels, decoded.frames());
    let skip = pre_skip
        .map_or(decoded.samples(stated.skip_s), |n| n as usize)
        .min(n);
    let length_s = match (kind, pre_skip) {
        (Container::Ogg, Some(pre_skip)) => bytes
            .whole()
            .ok()
            .and_then(|bytes| ogg::opus_length_s(bytes, first, pre_skip)),
        // Fragments state their durations one by one.
        (Container::Mpeg4, _) => stated.length_s.or(Some(lasts_s - stated.skip_s)),
        _ => stated.length_s,
    };
    let there = n.saturating_sub(skip.saturating_add(decoded.samples(stated.padding_s)));
    let promised = length_s.map_or(there, |s| decoded.samples(s));
    let fault = stated.fault.or(fault).or_else(|| {
        // An edit list may be rounded up, and pages may count pauses that were not sent.
        let slack = decoded.samples(PROMISE_SLACK_S);
        let short = kind == Container::Mpeg4 && there.saturating_add(slack) < promised;
        short.then(|| format!("the header promises {promised} samples, the file has {there}"))
    });
    let end = skip + promised.min(there);
    decoded.interleaved.cut(skip * channels..end * channels);
    Ok((decoded, fault))
}
