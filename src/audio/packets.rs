//! Decodes packets, in order, to samples.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::audio::codec::Decoder;
use crate::audio::container::{Container, REMEDY};
use crate::audio::decoded::Decoded;
use crate::audio::join::Joining;
use crate::audio::limits::{Extent, check_rate};
use crate::audio::stream::{Stream, Streams};
use crate::audio::{ReadOptions, aac};

/// Samples of all channels that a packet may claim to hold, and that room is made for; real ones
/// have thousands.
const LARGEST_PACKET: u64 = 1 << 22;

/// What decodes of a file.
pub struct Sound {
    pub decoded: Decoded,
    /// Why not everything decoded.
    pub fault: Option<String>,
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

/// How many channels the first packet of a stream has that decodes.
pub fn channels(stream: Stream, kind: &Container) -> Result<usize, String> {
    let mut decoder = Decoder::new(&stream.parameters, kind)?;
    let mut samples = Vec::new();
    for packet in stream.packets {
        if let Ok((channels @ 1.., _)) = decoder.decode(&packet?, &mut samples) {
            return Ok(channels);
        }
    }
    Err(format!("{} without a packet that decodes", kind.name))
}

/// Decodes every packet of `streams`. Where several recordings follow each other, all get the rate and the channels of
/// the first.
pub fn decode(
    streams: Streams,
    kind: &Container,
    options: &ReadOptions,
) -> Result<Sound, Unusable> {
    let name = kind.name;
    let mut joining = Joining::new(options.most_in_memory);
    let mut count = Count::default();
    let mut fault = None;
    for stream in streams {
        fault = decode_stream(stream, &mut joining, &mut count, kind, options)?;
        if fault.is_some() {
            break;
        }
    }
    if count.packets > 4 && 2 * count.with_sbr > count.packets {
        return Err(format!("{name} with HE-AAC, which is not decoded; {REMEDY}").into());
    }
    let (channels, sample_rate) = joining.spec();
    Ok(Sound {
        decoded: Decoded {
            interleaved: joining.finish().map_err(|reason| no_place(name, reason))?,
            channels,
            sample_rate,
            truncated: false,
        },
        fault,
    })
}

/// Packets that were decoded.
#[derive(Default)]
struct Count {
    packets: usize,
    /// Those of AAC that end with what HE-AAC adds.
    with_sbr: usize,
}

fn no_place(name: &str, reason: String) -> Unusable {
    Unusable::Refused(format!("{name} of which {reason}"))
}

/// Appends what the packets of a stream decode to. What is given back is why that is not all.
fn decode_stream(
    stream: Stream,
    joining: &mut Joining,
    count: &mut Count,
    kind: &Container,
    options: &ReadOptions,
) -> Result<Option<String>, Unusable> {
    let name = kind.name;
    check_header(&stream, joining.frames() as u64, kind, options)?;
    let is_aac = stream.parameters.codec == CODEC_ID_AAC;
    let mut decoding = Decoding::start(&stream.parameters, kind)?;
    let mut there = 0;
    for packet in stream.packets {
        let decoded = packet.and_then(|packet| decoding.decode(packet, &stream.further, kind));
        let packet = match decoded {
            Ok(packet) => packet,
            Err(cause) => return Ok(Some(cause)),
        };
        let (channels, sample_rate) = decoding.spec;
        check_rate(name, sample_rate)?;
        joining
            .push(&decoding.samples, decoding.spec)
            .map_err(|reason| no_place(name, reason))?;
        let extent = Extent {
            frames: joining.frames() as u64,
            channels: joining.spec().0.max(channels) as u64,
            sample_rate: joining.spec().1,
            is_known: false,
        };
        if let Some(reason) = options.refuse(extent) {
            return Err(Unusable::Refused(format!("{name} {reason}")));
        }
        there += (decoding.samples.len() / channels.max(1)) as u64;
        count.packets += 1;
        count.with_sbr += usize::from(is_aac && aac::ends_with_sbr(&packet.data));
    }
    let missing = stream.promised.filter(|&promised| promised > there);
    let missing = missing
        .map(|promised| format!("the header promises {promised} samples, the file has {there}"));
    Ok(missing.or_else(|| {
        let wrong = decoding.decoder.is_wrong();
        wrong.then(|| "the checksum of the decoded samples does not match".into())
    }))
}

/// A stream of which some packets are decoded.
pub struct Decoding {
    parameters: AudioCodecParameters,
    decoder: Decoder,
    /// By which parameters, as the packets count them.
    coded_by: u32,
    /// Samples of the last packet, channels interleaved.
    samples: Vec<f32>,
    /// Channels and rate of the last packet; 0 channels before the first of its kind.
    spec: (usize, u32),
}

impl Decoding {
    /// Before the first packet of a stream with these parameters.
    pub fn start(parameters: &AudioCodecParameters, kind: &Container) -> Result<Decoding, String> {
        Ok(Decoding {
            parameters: parameters.clone(),
            decoder: Decoder::new(parameters, kind)?,
            coded_by: 0,
            samples: Vec::new(),
            spec: (0, 0),
        })
    }

    /// Samples of the last packet, channels interleaved.
    pub fn samples(&self) -> &[f32] {
        &self.samples
    }

    /// Channels and rate of the last packet.
    pub fn spec(&self) -> (usize, u32) {
        self.spec
    }

    /// Decodes a packet, which is given back.
    pub fn decode(
        &mut self,
        mut packet: Packet,
        further: &[AudioCodecParameters],
        kind: &Container,
    ) -> Result<Packet, String> {
        if packet.track_id != self.coded_by {
            self.coded_by = packet.track_id;
            let other = (self.coded_by as usize)
                .checked_sub(1)
                .map(|at| &further[at]);
            self.decoder = Decoder::new(other.unwrap_or(&self.parameters), kind)?;
            self.spec = (0, 0);
        }
        // Few decoders trim; so none does.
        let trim = [&mut packet.trim_start, &mut packet.trim_end]
            .map(|trim| std::mem::replace(trim, Duration::ZERO).get() as usize);
        let spec = self.decoder.decode(&packet, &mut self.samples)?;
        if self.spec.0 != 0 && spec != self.spec {
            return Err("sample rate or channels change within the file".into());
        }
        self.spec = spec;
        let [start, end] = trim.map(|frames| frames.saturating_mul(spec.0));
        self.samples
            .truncate(self.samples.len().saturating_sub(end));
        self.samples.drain(..start.min(self.samples.len()));
        Ok(packet)
    }
}

/// Refuses what goes beyond the limits by its header, behind `before` samples of each channel.
fn check_header(
    stream: &Stream,
    before: u64,
    kind: &Container,
    options: &ReadOptions,
) -> Result<(), Unusable> {
    let name = kind.name;
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
    check_rate(name, sample_rate)?;
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
