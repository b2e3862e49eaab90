//! Packets out of a container by Symphonia's readers.

use std::io::ErrorKind;

use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;

use crate::audio::bytes::Bytes;
use crate::audio::container::{Container, REMEDY};
use crate::audio::packets::Stream;

/// The packets of the first sound track.
pub fn open(bytes: &Bytes, kind: Container) -> Result<Stream, String> {
    let name = kind.name();
    let stream = MediaSourceStream::new(Box::new(bytes.clone()), Default::default());
    let (format_options, metadata_options) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, format_options, metadata_options)
        .map_err(|cause| unreadable(kind, &cause))?;
    let track = format
        .default_track(TrackType::Audio)
        .ok_or_else(|| format!("holds {name} without a sound track; {REMEDY}"))?;
    let track_id = track.id;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|p| p.audio())
        .ok_or_else(|| format!("{name} that names no codec; {REMEDY}"))?
        .clone();
    let promised = match kind {
        // An MP3 without an encoder's header and an ADTS file have an estimated length only.
        Container::Mp3 if track.delay.is_none() => None,
        Container::Adts => None,
        _ => track.num_frames,
    };
    let packets = std::iter::from_fn(move || {
        loop {
            return match format.next_packet() {
                Ok(Some(mut packet)) if packet.track_id == track_id => {
                    packet.track_id = 0;
                    Some(Ok(packet))
                }
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
        further: Vec::new(),
        promised,
        packets: Box::new(packets),
    })
}

/// What is said where Symphonia cannot read a container or has no decoder for what is in it.
pub fn unreadable(kind: Container, cause: &SymphoniaError) -> String {
    let name = kind.name();
    format!("{name} that cannot be decoded ({cause}); {REMEDY}")
}
