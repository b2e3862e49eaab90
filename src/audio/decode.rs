//! A file's bytes to its samples: all of them, and nothing but them, or an error.
//!
//! Whether a file is whole is judged by what its container lets one know: each container's module
//! says what that is and what goes unnoticed. Encoder delay and padding are taken off where the
//! container states them.

use std::sync::Arc;

use crate::audio::container::{self, Container, REMEDY, Stated};
use crate::audio::packets::{self, Sound};
use crate::audio::{aac, chunks, mp4, ogg, sphere, webm};

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

/// What is said of a file without a byte, and of one whose header is followed by no sample.
pub const EMPTY: [&str; 2] = ["is empty (0 bytes)", "it ends before the first"];

/// How much a stated length may exceed what there is: some muxers round it up to a packet.
const PROMISE_SLACK_S: f64 = 0.1;

/// Decodes a recording whole. One that breaks off or is damaged is an error, or with
/// `accept_truncated` what decodes of it.
pub fn decode(mut bytes: Vec<u8>, accept_truncated: bool) -> Result<Decoded, String> {
    if bytes.is_empty() {
        return Err(format!("{}; expected a recording", EMPTY[0]));
    }
    let kind = container::identify(&bytes);
    let name = kind.name();
    let (mut decoded, fault) = match kind {
        Container::Foreign(name) => return Err(format!("holds {name}; {REMEDY}")),
        Container::Sphere => sphere::decode(&bytes)?,
        Container::Wav => {
            let stated = chunks::read_wav(&mut bytes);
            sound(bytes, kind, stated)?
        }
        Container::Aiff => {
            let stated = chunks::read_aiff(&mut bytes);
            sound(bytes, kind, stated)?
        }
        Container::Caf => {
            let stated = chunks::read_caf(&mut bytes);
            sound(bytes, kind, stated)?
        }
        Container::Ogg | Container::Mpeg4 | Container::Matroska | Container::Adts => {
            let stated = match kind {
                Container::Ogg => ogg::read(&bytes),
                Container::Mpeg4 => mp4::read(&bytes),
                Container::Matroska => webm::read(&bytes),
                _ => aac::read_adts(&bytes),
            };
            sound(bytes, kind, stated)?
        }
        Container::Flac | Container::Mp3 => sound(bytes, kind, Stated::default())?,
    };
    if decoded.interleaved.is_empty() {
        let cause = fault.unwrap_or(EMPTY[1].into());
        return Err(format!(
            "{name} without a single whole sample ({cause}); get the file again"
        ));
    }
    if !RATES.contains(&decoded.sample_rate) {
        return Err(format!(
            "{name} whose header says {} Hz; expected {} to {} Hz",
            decoded.sample_rate,
            RATES.start(),
            RATES.end()
        ));
    }
    if let Some(fault) = fault {
        if !accept_truncated {
            return Err(format!(
                "{name} that breaks off or is damaged after {:.2} s: {fault}; get the file again",
                decoded.frames() as f64 / f64::from(decoded.sample_rate)
            ));
        }
        decoded.truncated = true;
    }
    let wrong = |x: &f32| x.is_nan() || x.abs() > LOUDEST;
    if let Some(at) = decoded.interleaved.iter().position(wrong) {
        return Err(format!(
            "sample {} is {}; expected samples between -1 and 1",
            at / decoded.channels,
            decoded.interleaved[at]
        ));
    }
    Ok(decoded)
}

/// Decodes the packets, and takes off what the container says is not the recording.
fn sound(
    bytes: Vec<u8>,
    kind: Container,
    stated: Stated,
) -> Result<(Decoded, Option<String>), String> {
    let bytes: Arc<[u8]> = bytes.into();
    let sound = packets::decode(&bytes, kind).map_err(|reason| match &stated.fault {
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
    let skip = pre_skip.map_or(decoded.samples(stated.skip_s), |n| n as usize);
    let length_s = match (kind, pre_skip) {
        (Container::Ogg, Some(pre_skip)) => ogg::opus_length_s(&bytes, first, pre_skip),
        // Fragments state their durations one by one.
        (Container::Mpeg4, _) => stated.length_s.or(Some(lasts_s - stated.skip_s)),
        _ => stated.length_s,
    };
    let there = n.saturating_sub(skip + decoded.samples(stated.padding_s));
    let promised = length_s.map_or(there, |s| decoded.samples(s));
    let fault = fault.or(stated.fault).or_else(|| {
        // An edit list may be rounded up, and pages may count pauses that were not sent.
        let slack = decoded.samples(PROMISE_SLACK_S);
        let short = kind == Container::Mpeg4 && there + slack < promised;
        short.then(|| format!("the header promises {promised} samples, the file has {there}"))
    });
    let end = skip + promised.min(there);
    decoded.interleaved.truncate(end * channels);
    decoded
        .interleaved
        .drain(..(skip * channels).min(decoded.interleaved.len()));
    Ok((decoded, fault))
}
