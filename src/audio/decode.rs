//! A file's bytes to its samples: all of them, and nothing but them, or an error.
//!
//! Whether a file is whole is judged by what its container lets one know: each container's module
//! says what that is and what goes unnoticed. Encoder delay and padding are taken off where the
//! container states them.

use std::sync::Arc;

use crate::audio::container::{self, Container, REMEDY, Stated};
use crate::audio::packets::{self, SPLIT, Sound};
use crate::audio::{aac, chunks, mp3, mp4, ogg, sphere, webm};

/// Samples as they stand in the file.
pub struct Decoded {
    /// Channels interleaved.
    pub interleaved: Vec<f32>,
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

/// Samples over all channels that count as a second where the length is limited: two channels at 48
/// kHz. So a limit of 600 s is one of 230 MB too.
const SAMPLES_PER_SECOND: u64 = 96_000;

/// Why a recording of so many samples over all channels is too long, if it is.
pub fn too_long(
    samples: u64,
    channels: u64,
    sample_rate: u32,
    max_duration_s: Option<f64>,
) -> Option<String> {
    let max_s = max_duration_s?;
    let per_second = (u64::from(sample_rate) * channels).min(SAMPLES_PER_SECOND);
    (samples as f64 > max_s * per_second as f64).then(|| {
        let most = max_s * SAMPLES_PER_SECOND as f64;
        format!(
            "that is too long: expected at most {max_s} s, and {most} samples in all channels; cut \
             it into parts, for example with `{SPLIT}`"
        )
    })
}

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
/// `accept_truncated` what decodes of it. One that is longer than `max_duration_s` is an error.
pub fn decode(
    mut bytes: Vec<u8>,
    accept_truncated: bool,
    max_duration_s: Option<f64>,
) -> Result<Decoded, Refusal> {
    if bytes.is_empty() {
        return Err(Refusal {
            reason: "is empty (0 bytes); expected a recording".into(),
            is_empty: true,
        });
    }
    let recording = container::without_tags(&bytes);
    if recording.is_empty() {
        let reason = "holds a tag (ID3) and no recording behind it; get the file again";
        return Err(reason.to_string().into());
    }
    bytes.truncate(recording.end);
    bytes.drain(..recording.start);
    let kind = match container::identify(&bytes) {
        // Behind a tag of ID3v2 stands MP3, as a rule, be it after some padding.
        Container::Foreign(container::UNKNOWN) if recording.start > 0 => Container::Mp3,
        kind => kind,
    };
    let name = kind.name();
    let (mut decoded, fault) = match kind {
        Container::Foreign(name) => return Err(format!("holds {name}; {REMEDY}").into()),
        Container::Sphere => sphere::decode(&bytes, max_duration_s)?,
        Container::Wav => {
            let stated = chunks::read_wav(&mut bytes);
            sound(bytes, kind, stated, max_duration_s)?
        }
        Container::Aiff => {
            let stated = chunks::read_aiff(&mut bytes);
            sound(bytes, kind, stated, max_duration_s)?
        }
        Container::Caf => {
            let stated = chunks::read_caf(&mut bytes);
            sound(bytes, kind, stated, max_duration_s)?
        }
        Container::Ogg
        | Container::Mpeg4
        | Container::Matroska
        | Container::Adts
        | Container::Mp3 => {
            let stated = match kind {
                Container::Ogg => ogg::read(&bytes),
                Container::Mpeg4 => mp4::read(&bytes),
                Container::Matroska => webm::read(&bytes),
                Container::Mp3 => mp3::read(&bytes),
                _ => aac::read_adts(&bytes),
            };
            sound(bytes, kind, stated, max_duration_s)?
        }
        Container::Flac => sound(bytes, kind, Stated::default(), max_duration_s)?,
    };
    if decoded.interleaved.is_empty() {
        let is_empty = fault.is_none();
        let cause = fault.unwrap_or("it ends before the first".into());
        return Err(Refusal {
            reason: format!("{name} without a single whole sample ({cause}); get the file again"),
            is_empty,
        });
    }
    if !RATES.contains(&decoded.sample_rate) {
        return Err(format!(
            "{name} whose header says {} Hz; expected {} to {} Hz",
            decoded.sample_rate,
            RATES.start(),
            RATES.end()
        )
        .into());
    }
    if let Some(fault) = fault {
        if !accept_truncated {
            return Err(format!(
                "{name} that breaks off or is damaged after {:.2} s: {fault}; get the file again",
                decoded.frames() as f64 / f64::from(decoded.sample_rate)
            )
            .into());
        }
        decoded.truncated = true;
    }
    let wrong = |x: &f32| x.is_nan() || x.abs() > LOUDEST;
    if let Some(at) = decoded.interleaved.iter().position(wrong) {
        return Err(format!(
            "sample {} is {}; expected samples between -1 and 1; get the file again, or \
             write it anew with samples in that range",
            at / decoded.channels,
            decoded.interleaved[at]
        )
        .into());
    }
    Ok(decoded)
}

/// Decodes the packets, and takes off what the container says is not the recording.
fn sound(
    bytes: Vec<u8>,
    kind: Container,
    stated: Stated,
    max_duration_s: Option<f64>,
) -> Result<(Decoded, Option<String>), String> {
    let bytes: Arc<[u8]> = bytes.into();
    let sound = packets::decode(&bytes, kind, max_duration_s).map_err(|reason| match &stated.fault {
        Some(fault) => format!(
            "{} that breaks off or is damaged before its first sample: {fault}; get the file again",
            kind.name()
        ),
        None => reason,
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
        (Container::Ogg, Some(pre_skip)) => ogg::opus_length_s(&bytes, first, pre_skip),
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
    decoded.interleaved.truncate(end * channels);
    decoded.interleaved.drain(..skip * channels);
    Ok((decoded, fault))
}
