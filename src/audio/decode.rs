//! Symphonia at work: bytes to samples, all of them or an error.

use std::io::{Cursor, ErrorKind};
use std::sync::Arc;

use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::audio::container;

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
    fn frames(&self) -> usize {
        self.interleaved.len() / self.channels
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

/// Decodes a recording whole. One that breaks off or is damaged is an error, or with
/// `accept_truncated` what decodes of it.
pub fn decode(mut bytes: Vec<u8>, accept_truncated: bool) -> Result<Decoded, String> {
    if bytes.is_empty() {
        return Err(format!("{}; expected a recording", EMPTY[0]));
    }
    let kind = container::content(&bytes);
    if kind == "WAV" {
        container::close_open_wav(&mut bytes);
    }
    let unreadable = |cause: SymphoniaError| {
        let remedy = "expected WAV, FLAC, MP3 or Ogg Vorbis; convert it, for example with \
                      `ffmpeg -i FILE out.flac`";
        match kind {
            "WAV" | "FLAC" | "MP3" | "Ogg" => {
                format!("{kind} that cannot be decoded ({cause}); {remedy}")
            }
            _ => format!("holds {kind}; {remedy}"),
        }
    };
    let bytes: Arc<[u8]> = bytes.into();
    let stream = MediaSourceStream::new(Box::new(Cursor::new(bytes.clone())), Default::default());
    let (format_options, metadata_options) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, format_options, metadata_options)
        .map_err(unreadable)?;
    let track = format
        .default_track(TrackType::Audio)
        .ok_or_else(|| format!("holds {kind} without a sound track"))?;
    let track_id = track.id;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|p| p.audio())
        .ok_or("names no codec")?;
    if let Some(rate) = parameters.sample_rate.filter(|rate| !RATES.contains(rate)) {
        return Err(format!(
            "{kind} whose header says {rate} Hz; expected {} to {} Hz",
            RATES.start(),
            RATES.end()
        ));
    }
    // An MP3 without an encoder's header has an estimated length only.
    let estimated = kind == "MP3" && track.delay.is_none();
    let promised = track.num_frames.filter(|_| !estimated);
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default().verify(true))
        .map_err(unreadable)?;

    let mut decoded = Decoded {
        interleaved: Vec::new(),
        channels: 0,
        sample_rate: 0,
        truncated: false,
    };
    let mut packet_samples = Vec::new();
    let mut last_packet = Vec::new();
    let fault = loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) if packet.track_id == track_id => packet,
            Ok(Some(_)) => continue,
            Ok(None) => break None,
            Err(SymphoniaError::IoError(cause)) if cause.kind() == ErrorKind::UnexpectedEof => {
                break None;
            }
            Err(cause) => break Some(cause.to_string()),
        };
        // The reader leaves damaged FLAC frames out; the next one's time tells.
        let time = packet.pts.get();
        if kind == "FLAC" && decoded.channels > 0 && time != decoded.frames() as i64 {
            break Some(format!("the next sample that decodes is number {time}"));
        }
        let buffer = match decoder.decode(&packet) {
            Ok(buffer) => buffer,
            Err(cause) => break Some(cause.to_string()),
        };
        let (channels, sample_rate) = (buffer.spec().channels().count(), buffer.spec().rate());
        if decoded.channels == 0 {
            (decoded.channels, decoded.sample_rate) = (channels, sample_rate);
        } else if (channels, sample_rate) != (decoded.channels, decoded.sample_rate) {
            break Some("sample rate or channels change within the file".into());
        }
        buffer.copy_to_vec_interleaved(&mut packet_samples);
        decoded.interleaved.extend_from_slice(&packet_samples);
        last_packet = packet.data.into_vec();
    };
    if decoded.interleaved.is_empty() {
        let cause = fault.unwrap_or(EMPTY[1].into());
        return Err(format!(
            "{kind} without a single whole sample ({cause}); get the file again"
        ));
    }
    let frames = decoded.frames() as u64;
    let fault = fault
        .or_else(|| {
            let promised = promised.filter(|&promised| frames < promised)?;
            Some(format!(
                "the header promises {promised} samples, the file has {frames}"
            ))
        })
        .or_else(|| container::ogg_fault(&bytes).filter(|_| kind == "Ogg"))
        .or_else(|| {
            let framed = kind == "FLAC" || kind == "MP3";
            let cut = framed && container::ends_within_a_frame(&bytes, &last_packet);
            cut.then(|| "it ends in the middle of a frame".into())
        })
        .or_else(|| {
            let wrong = decoder.finalize().verify_ok == Some(false);
            wrong.then(|| "the checksum of the decoded samples does not match".into())
        });
    if let Some(fault) = fault {
        if !accept_truncated {
            return Err(format!(
                "{kind} that breaks off or is damaged after {:.2} s: {fault}; get the file again",
                frames as f64 / f64::from(decoded.sample_rate)
            ));
        }
        decoded.truncated = true;
    }
    if let Some(at) = decoded
        .interleaved
        .iter()
        .position(|x| x.is_nan() || x.abs() > LOUDEST)
    {
        return Err(format!(
            "sample {} is {}; expected samples between -1 and 1",
            at / decoded.channels,
            decoded.interleaved[at]
        ));
    }
    Ok(decoded)
}
