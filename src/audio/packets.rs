//! Packets in their order, to samples.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::packet::Packet;

use crate::audio::bytes::Bytes;
use crate::audio::codec::Decoder;
use crate::audio::container::{Container, REMEDY};
use crate::audio::decode::{Decoded, check_rate};
use crate::audio::limits::Extent;
use crate::audio::spool::Spooling;
use crate::audio::{ReadOptions, aac, demux};

/// Packets of one sound, and what decodes them.
pub struct Stream {
    pub parameters: AudioCodecParameters,
    /// Samples of each channel that the container promises.
    pub promised: Option<u64>,
    /// What the packets' times count in, in seconds.
    pub tick_s: f64,
    /// In the order of time. An error is the last: why there are no more.
    pub packets: Box<dyn Iterator<Item = Result<Packet, String>>>,
}

/// What a file holds: one stream or, where files were joined, several, to be heard one after the other.
pub type Streams = Box<dyn Iterator<Item = Stream>>;

/// Samples of all channels that a packet may claim to hold, and that room is made for; real ones
/// have thousands.
const LARGEST_PACKET: u64 = 1 << 22;

/// What decodes of a file, and what the packets tell of it.
pub struct Sound {
    pub decoded: Decoded,
    /// Why not everything decoded.
    pub fault: Option<String>,
    /// Position of the first sample by the container's clock.
    pub first: i64,
    /// Sum of the packets' durations by the container's clock, in seconds.
    pub lasts_s: f64,
    /// Samples to drop at the start, where the codec's own header says so.
    pub pre_skip: Option<u64>,
}

/// Why there is no sound.
pub enum Unusable {
    /// Nothing decodes.
    Undecodable(String),
    /// It goes beyond the limits, or finds no place on the disk.
    Refused(String),
}

impl From<String> for Unusable {
    fn from(reason: String) -> Unusable {
        Unusable::Undecodable(reason)
    }
}

/// Decodes every packet of `streams`, which come from `bytes`.
pub fn decode(
    streams: Streams,
    bytes: &Bytes,
    kind: Container,
    options: &ReadOptions,
) -> Result<Sound, Unusable> {
    let name = kind.name();
    let no_place = |reason: String| Unusable::Refused(format!("{name} of which {reason}"));
    let refuse = |extent: Extent| match options.refuse(extent) {
        Some(reason) => Err(Unusable::Refused(format!("{name} {reason}"))),
        None => Ok(()),
    };
    // Of the first packet.
    let (mut channels, mut sample_rate) = (0, 0);
    let (mut first, mut lasts_s) = (0, 0.0);
    let mut pre_skip = None;
    let mut interleaved = Spooling::new(options.most_in_memory);
    let mut packet_samples = Vec::new();
    let (mut decoded_packets, mut with_sbr) = (0, 0);
    let mut fault = None;
    for stream in streams {
        let before = (interleaved.len() / channels.max(1)) as u64;
        check_header(&stream, before, kind, options)?;
        let parameters = &stream.parameters;
        let is_aac = parameters.codec == CODEC_ID_AAC;
        let mut decoder = Decoder::new(parameters, kind, |cause| {
            demux::unreadable(bytes, kind, &cause)
        })?;
        pre_skip = pre_skip.or(decoder.pre_skip());
        for packet in stream.packets {
            let decoded = packet.and_then(|packet| {
                let spec = decoder.decode(&packet, &mut packet_samples)?;
                Ok((packet, spec))
            });
            let (packet, spec) = match decoded {
                Ok(decoded) => decoded,
                Err(cause) => {
                    fault = Some(cause);
                    break;
                }
            };
            if channels == 0 {
                (channels, sample_rate) = spec;
                first = packet.pts.get();
                check_rate(kind, sample_rate)?;
            }
            if let Err(cause) = fit(&mut packet_samples, spec, (channels, sample_rate)) {
                fault = Some(cause);
                break;
            }
            refuse(Extent {
                frames: ((interleaved.len() + packet_samples.len()) / channels.max(1)) as u64,
                channels: channels as u64,
                sample_rate,
                is_known: false,
            })?;
            interleaved.push(&packet_samples).map_err(no_place)?;
            decoded_packets += 1;
            lasts_s += packet.dur.get() as f64 * stream.tick_s;
            with_sbr += usize::from(is_aac && aac::ends_with_sbr(&packet.data));
        }
        let there = (interleaved.len() / channels.max(1)) as u64 - before;
        fault = fault
            .or_else(|| {
                let promised = stream.promised.filter(|&promised| there < promised)?;
                Some(format!(
                    "the header promises {promised} samples, the file has {there}"
                ))
            })
            .or_else(|| {
                let wrong = decoder.is_wrong();
                wrong.then(|| "the checksum of the decoded samples does not match".into())
            });
        if fault.is_some() {
            break;
        }
    }
    if decoded_packets > 4 && 2 * with_sbr > decoded_packets {
        return Err(format!("{name} with HE-AAC, which is not decoded; {REMEDY}").into());
    }
    let interleaved = interleaved.finish().map_err(no_place)?;
    Ok(Sound {
        decoded: Decoded {
            interleaved,
            channels,
            sample_rate,
            truncated: false,
        },
        fault,
        first,
        lasts_s,
        pre_skip,
    })
}

/// Refuses what goes beyond the limits by its header, behind `before` samples of each channel.
fn check_header(
    stream: &Stream,
    before: u64,
    kind: Container,
    options: &ReadOptions,
) -> Result<(), Unusable> {
    let name = kind.name();
    let parameters = &stream.parameters;
    let channels = parameters.channels.as_ref().map_or(1, |c| c.count()) as u64;
    let longest = parameters.max_frames_per_packet.unwrap_or(0);
    if longest.saturating_mul(channels) > LARGEST_PACKET {
        return Err(format!(
            "{name} whose header claims packets of {longest} samples in {channels} channels; get \
             the file again"
        )
        .into());
    }
    // What decodes of a file that breaks off may be within the limits that its header exceeds.
    let (Some(frames), Some(sample_rate), false) = (
        stream.promised,
        parameters.sample_rate,
        options.accept_truncated,
    ) else {
        return Ok(());
    };
    check_rate(kind, sample_rate)?;
    let extent = Extent {
        frames: before.saturating_add(frames),
        channels,
        sample_rate,
        is_known: true,
    };
    match options.refuse(extent) {
        Some(reason) => Err(Unusable::Refused(format!("{name} {reason}"))),
        None => Ok(()),
    }
}

/// Brings the samples of a packet to the channels of the file: one channel stands for each of several, and the mean of several
/// for one.
fn fit(samples: &mut Vec<f32>, found: (usize, u32), expected: (usize, u32)) -> Result<(), String> {
    match (found.0, expected.0) {
        _ if found.1 != expected.1 => {
            return Err(format!(
                "another recording begins, at {} Hz behind one at {} Hz; expected one rate in a file",
                found.1, expected.1
            ));
        }
        (n, m) if n == m => {}
        (1, m) => {
            *samples = samples
                .iter()
                .flat_map(|&x| std::iter::repeat_n(x, m))
                .collect()
        }
        (n, 1) => {
            let mean = |frame: &[f32]| frame.iter().sum::<f32>() / n as f32;
            *samples = samples.chunks_exact(n).map(mean).collect();
        }
        (n, m) => {
            return Err(format!(
                "another recording begins, of {n} channels behind one of {m}; expected as many in all of a file"
            ));
        }
    }
    Ok(())
}
