//! Packets out of a container by Symphonia's readers.

use std::io::ErrorKind;

use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::audio::bytes::Bytes;
use crate::audio::container::{Container, REMEDY};
use crate::audio::packets::Stream;
use crate::audio::{chunks, mp4, webm};

/// The packets of the first sound track.
pub fn open(bytes: &Bytes, kind: Container) -> Result<Stream, String> {
    let name = kind.name();
    let stream = MediaSourceStream::new(Box::new(bytes.clone()), Default::default());
    let (format_options, metadata_options) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, format_options, metadata_options)
        .map_err(|cause| unreadable(bytes, kind, &cause))?;
    let track =
        format
            .default_track(TrackType::Audio)
            .ok_or_else(|| match foreign_codec(bytes, kind) {
                Some(codec) => format!("{name} with {codec}, which is not decoded; {REMEDY}"),
                None => format!("holds {name} without a sound track; {REMEDY}"),
            })?;
    let track_id = track.id;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|p| p.audio())
        .ok_or_else(|| format!("{name} that names no codec; {REMEDY}"))?
        .clone();
    let promised = match kind {
        // What is promised counts the pre-skip.
        Container::Ogg if parameters.codec == CODEC_ID_OPUS => None,
        // Ticks of the container's clock, and before the edit list.
        Container::Mpeg4 | Container::Matroska => None,
        // Before the delay is taken off.
        Container::Caf => None,
        _ => track.num_frames,
    };
    let tick_s = track.time_base.map_or(0.0, |base| {
        f64::from(base.numer.get()) / f64::from(base.denom.get())
    });
    let packets = std::iter::from_fn(move || {
        loop {
            return match format.next_packet() {
                Ok(Some(packet)) if packet.track_id == track_id => Some(Ok(packet)),
                Ok(Some(_)) => continue,
                Ok(None) => None,
                Err(SymphoniaError::IoError(cause)) if cause.kind() == ErrorKind::UnexpectedEof => {
                    None
                }
                Err(cause) => Some(Err(cause.to_string())),
            };
        }
    });
    Ok(Stream {
        parameters,
        promised,
        tick_s,
        packets: Box::new(packets),
    })
}

/// What is said where Symphonia cannot read a container or has no decoder for what is in it.
pub fn unreadable(bytes: &Bytes, kind: Container, cause: &SymphoniaError) -> String {
    let name = kind.name();
    match foreign_codec(bytes, kind) {
        Some(codec) => format!("{name} with {codec}, which is not decoded ({cause}); {REMEDY}"),
        None => format!("{name} that cannot be decoded ({cause}); {REMEDY}"),
    }
}

/// The codec of a container that holds one that is not decoded.
fn foreign_codec(bytes: &Bytes, kind: Container) -> Option<String> {
    let whole = || bytes.get(0, bytes.len() as usize);
    match kind {
        Container::Wav => chunks::foreign_wav_codec(bytes),
        Container::Aiff => chunks::aiff_codec(bytes),
        Container::Mpeg4 => mp4::foreign_codec(&whole()),
        Container::Caf => chunks::foreign_caf_codec(bytes),
        Container::Matroska => webm::foreign_codec(&whole()),
        _ => None,
    }
}
