//! Packets in their order, to samples.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::audio::bytes::Bytes;
use crate::audio::codec::Decoder;
use crate::audio::container::{self, Container, REMEDY};
use crate::audio::decode::{Decoded, check_rate};
use crate::audio::limits::Extent;
use crate::audio::spool::Spooling;
use crate::audio::{ReadOptions, aac, demux};

/// Packets of one sound, and what decodes them.
pub struct Stream {
    pub parameters: AudioCodecParameters,
    /// Those of packets that are coded otherwise: the `track_id` of a packet is 0 where it is coded by `parameters`, and
    /// else counts these from 1.
    pub further: Vec<AudioCodecParameters>,
    /// Samples of each channel that the container promises.
    pub promised: Option<u64>,
    /// In the order of time. What a packet says to trim counts samples of each channel. An error is the last: why there
    /// are no more.
    pub packets: Box<dyn Iterator<Item = Result<Packet, String>>>,
}

/// Samples of all channels that a packet may claim to hold, and that room is made for; real ones
/// have thousands.
const LARGEST_PACKET: u64 = 1 << 22;

/// What decodes of a file, and what the packets tell of it.
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

/// Decodes every packet of `stream`, which comes from `bytes`.
pub fn decode(
    stream: Stream,
    bytes: &Bytes,
    kind: Container,
    options: &ReadOptions,
) -> Result<Sound, Unusable> {
    let name = kind.name();
    let Stream {
        parameters,
        further,
        promised,
        packets,
    } = stream;
    let channels = parameters.channels.as_ref().map_or(1, |c| c.count()) as u64;
    let longest = parameters.max_frames_per_packet.unwrap_or(0);
    if longest.saturating_mul(channels) > LARGEST_PACKET {
        return Err(format!(
            "{name} whose header claims packets of {longest} samples in {channels} channels; get \
             the file again"
        )
        .into());
    }
    let is_aac = parameters.codec == CODEC_ID_AAC;
    // What decodes of a file that breaks off may be within the limits that its header exceeds.
    if !options.accept_truncated
        && let (Some(frames), Some(sample_rate)) = (promised, parameters.sample_rate)
    {
        check_rate(name, sample_rate)?;
        let extent = Extent {
            frames,
            channels,
            sample_rate,
            is_known: true,
        };
        if let Some(reason) = options.refuse(extent) {
            return Err(Unusable::Refused(format!("{name} {reason}")));
        }
    }
    let decoder_of = |parameters: &AudioCodecParameters| {
        Decoder::new(parameters, kind, |cause| demux::unreadable(kind, &cause))
    };
    let mut decoder = decoder_of(&parameters)?;
    let mut coded_by = 0;
    let (mut channels, mut sample_rate) = (0, 0);
    let no_place = |reason: String| Unusable::Refused(format!("{name} of which {reason}"));
    let mut interleaved = Spooling::new(options.most_in_memory);
    let mut packet_samples = Vec::new();
    let mut last_packet = Vec::new();
    let (mut decoded_packets, mut with_sbr) = (0, 0);
    let mut fault = None;
    for packet in packets {
        let mut packet = match packet {
            Ok(packet) => packet,
            Err(cause) => {
                fault = Some(cause);
                break;
            }
        };
        let begins_another = packet.track_id != coded_by;
        if begins_another {
            coded_by = packet.track_id;
            let other = (coded_by as usize).checked_sub(1).map(|at| &further[at]);
            decoder = decoder_of(other.unwrap_or(&parameters))?;
        }
        // Few decoders trim; so none does.
        let trim = [&mut packet.trim_start, &mut packet.trim_end]
            .map(|trim| std::mem::replace(trim, Duration::ZERO).get() as usize);
        // The reader leaves damaged FLAC frames out; the next one's time tells.
        let time = packet.pts.get();
        let frames = interleaved.len() / channels.max(1);
        if kind == Container::Flac && channels > 0 && time != frames as i64 {
            fault = Some(format!("the next sample that decodes is number {time}"));
            break;
        }
        let spec = match decoder.decode(&packet, &mut packet_samples) {
            Ok(spec) => spec,
            Err(cause) => {
                fault = Some(cause);
                break;
            }
        };
        if channels == 0 {
            (channels, sample_rate) = spec;
            check_rate(name, sample_rate)?;
        } else if spec != (channels, sample_rate) && begins_another && !options.accept_truncated {
            return Err(Unusable::Refused(format!(
                "{name} of several recordings, the first of {channels} channels at {sample_rate} Hz and another of {} at \
                 {} Hz; expected the same of all; convert it, for example with `ffmpeg -i FILE out.flac`",
                spec.0, spec.1
            )));
        } else if spec != (channels, sample_rate) {
            fault = Some("sample rate or channels change within the file".into());
            break;
        }
        let [start, end] = trim.map(|frames| frames.saturating_mul(channels));
        packet_samples.truncate(packet_samples.len().saturating_sub(end));
        packet_samples.drain(..start.min(packet_samples.len()));
        let n = interleaved.len() + packet_samples.len();
        let extent = Extent {
            frames: n as u64 / channels.max(1) as u64,
            channels: channels as u64,
            sample_rate,
            is_known: false,
        };
        if let Some(reason) = options.refuse(extent) {
            return Err(Unusable::Refused(format!("{name} {reason}")));
        }
        interleaved.push(&packet_samples).map_err(no_place)?;
        decoded_packets += 1;
        with_sbr += usize::from(is_aac && aac::ends_with_sbr(&packet.data));
        last_packet = packet.data.into_vec();
    }
    if decoded_packets > 4 && 2 * with_sbr > decoded_packets {
        return Err(format!("{name} with HE-AAC, which is not decoded; {REMEDY}").into());
    }
    let frames = (interleaved.len() / channels.max(1)) as u64;
    let fault = fault
        .or_else(|| {
            let promised = promised.filter(|&promised| frames < promised)?;
            Some(format!(
                "the header promises {promised} samples, the file has {frames}"
            ))
        })
        .or_else(|| {
            let framed = matches!(kind, Container::Flac | Container::Mp3);
            let cut = framed && container::ends_within_a_frame(bytes, &last_packet);
            cut.then(|| "it ends in the middle of a frame".into())
        })
        .or_else(|| {
            let wrong = decoder.is_wrong();
            wrong.then(|| "the checksum of the decoded samples does not match".into())
        });
    let interleaved = interleaved.finish().map_err(no_place)?;
    Ok(Sound {
        decoded: Decoded {
            interleaved,
            channels,
            sample_rate,
            truncated: false,
        },
        fault,
    })
}
