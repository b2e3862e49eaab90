//! Packets out of the container (Symphonia), samples out of the packets (Symphonia, or
//! [`opus`](crate::audio::opus) and [`ima4`](crate::audio::ima4)).

use std::io::ErrorKind;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ADPCM_IMA_QT, CODEC_ID_OPUS, CODEC_ID_PCM_ALAW, CODEC_ID_PCM_MULAW,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error as SymphoniaError;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use symphonia::core::packet::Packet;

use crate::audio::bytes::Bytes;
use crate::audio::container::{self, Container, REMEDY};
use crate::audio::decode::{Decoded, check_rate};
use crate::audio::limits::Extent;
use crate::audio::spool::Spooling;
use crate::audio::{ReadOptions, aac, chunks, ima4, mp4, opus, webm};

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

enum Decoder {
    Symphonia(Box<dyn AudioDecoder>),
    Opus(Box<opus::Decoder>),
    Ima4(ima4::Decoder),
}

impl Decoder {
    /// The samples of a packet, the number of channels and the sample rate.
    fn decode(&mut self, packet: &Packet, out: &mut Vec<f32>) -> Result<(usize, u32), String> {
        match self {
            Decoder::Symphonia(decoder) => {
                let buffer = decoder.decode(packet).map_err(|cause| cause.to_string())?;
                buffer.copy_to_vec_interleaved(out);
                let spec = buffer.spec();
                Ok((spec.channels().count(), spec.rate()))
            }
            Decoder::Opus(decoder) => {
                out.clear();
                out.extend_from_slice(decoder.decode(&packet.data)?);
                Ok((decoder.channels, opus::SAMPLE_RATE))
            }
            Decoder::Ima4(decoder) => {
                out.clear();
                decoder.decode(&packet.data, out)?;
                Ok((decoder.channels(), decoder.sample_rate))
            }
        }
    }
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

/// Decodes every packet of the first sound track.
pub fn decode(bytes: &Bytes, kind: Container, options: &ReadOptions) -> Result<Sound, Unusable> {
    let name = kind.name();
    let unreadable = |cause: SymphoniaError| match foreign_codec(bytes, kind) {
        Some(codec) => format!("{name} with {codec}, which is not decoded ({cause}); {REMEDY}"),
        None => format!("{name} that cannot be decoded ({cause}); {REMEDY}"),
    };
    let stream = MediaSourceStream::new(Box::new(bytes.clone()), Default::default());
    let (format_options, metadata_options) = (FormatOptions::default(), MetadataOptions::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, format_options, metadata_options)
        .map_err(unreadable)?;
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
        .ok_or_else(|| format!("{name} that names no codec; {REMEDY}"))?;
    let channels = parameters.channels.as_ref().map_or(1, |c| c.count()) as u64;
    let longest = parameters.max_frames_per_packet.unwrap_or(0);
    if longest.saturating_mul(channels) > LARGEST_PACKET {
        return Err(format!(
            "{name} whose header claims packets of {longest} samples in {channels} channels; get \
             the file again"
        )
        .into());
    }
    let tick_s = track.time_base.map_or(0.0, |base| {
        f64::from(base.numer.get()) / f64::from(base.denom.get())
    });
    let is_aac = parameters.codec == CODEC_ID_AAC;
    let promised = match kind {
        // An MP3 without an encoder's header and an ADTS file have an estimated length only.
        Container::Mp3 if track.delay.is_none() => None,
        Container::Adts => None,
        // What is promised counts the pre-skip.
        Container::Ogg if parameters.codec == CODEC_ID_OPUS => None,
        // Ticks of the container's clock, and before the edit list.
        Container::Mpeg4 | Container::Matroska => None,
        // Before the delay is taken off.
        Container::Caf => None,
        _ => track.num_frames,
    };
    // What decodes of a file that breaks off may be within the limits that its header exceeds.
    if !options.accept_truncated
        && let (Some(frames), Some(sample_rate)) = (promised, parameters.sample_rate)
    {
        check_rate(kind, sample_rate)?;
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
    let mut decoder = decoder(parameters, kind, unreadable)?;
    let (mut channels, mut sample_rate) = (0, 0);
    let (mut first, mut lasts_s) = (0, 0.0);
    let no_place = |reason: String| Unusable::Refused(format!("{name} of which {reason}"));
    let mut interleaved = Spooling::new(options.most_in_memory);
    let mut packet_samples = Vec::new();
    let mut last_packet = Vec::new();
    let (mut packets, mut with_sbr) = (0, 0);
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
        let frames = interleaved.len() / channels.max(1);
        if kind == Container::Flac && channels > 0 && time != frames as i64 {
            break Some(format!("the next sample that decodes is number {time}"));
        }
        let spec = match decoder.decode(&packet, &mut packet_samples) {
            Ok(spec) => spec,
            Err(cause) => break Some(cause),
        };
        if channels == 0 {
            (channels, sample_rate) = spec;
            first = time;
            check_rate(kind, sample_rate)?;
        } else if spec != (channels, sample_rate) {
            break Some("sample rate or channels change within the file".into());
        }
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
        packets += 1;
        lasts_s += packet.dur.get() as f64 * tick_s;
        with_sbr += usize::from(is_aac && aac::ends_with_sbr(&packet.data));
        last_packet = packet.data.into_vec();
    };
    if packets > 4 && 2 * with_sbr > packets {
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
            let Decoder::Symphonia(decoder) = &mut decoder else {
                return None;
            };
            let wrong = decoder.finalize().verify_ok == Some(false);
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
        first,
        lasts_s,
        pre_skip: match &decoder {
            Decoder::Opus(decoder) => Some(decoder.pre_skip),
            Decoder::Symphonia(_) | Decoder::Ima4(_) => None,
        },
    })
}

fn decoder(
    parameters: &AudioCodecParameters,
    kind: Container,
    unreadable: impl Fn(SymphoniaError) -> String,
) -> Result<Decoder, String> {
    let name = kind.name();
    let configuration = parameters.extra_data.as_deref().unwrap_or(&[]);
    if parameters.codec == CODEC_ID_OPUS {
        // CAF has no place for the identification header.
        if kind == Container::Caf {
            return Err(format!(
                "{name} with Opus, which is not decoded in CAF; {REMEDY}"
            ));
        }
        let decoder = opus::Decoder::new(configuration);
        let decoder = decoder.map_err(|reason| format!("{name} with {reason}"))?;
        return Ok(Decoder::Opus(Box::new(decoder)));
    }
    if let (CODEC_ID_ADPCM_IMA_QT, Some(channels), Some(rate)) = (
        parameters.codec,
        &parameters.channels,
        parameters.sample_rate,
    ) {
        return Ok(Decoder::Ima4(ima4::Decoder::new(channels.count(), rate)));
    }
    let mut parameters = parameters.clone();
    if parameters.codec == CODEC_ID_AAC {
        let channels = aac::channels(configuration)
            .or(parameters.channels.as_ref().map(Channels::count))
            .unwrap_or(0);
        let foreign = aac::foreign_kind(configuration).map(str::to_string);
        let surround = (channels > 2).then(|| format!("AAC of {channels} channels"));
        if let Some(aac) = foreign.or(surround) {
            return Err(format!("{name} with {aac}, which is not decoded; {REMEDY}"));
        }
    }
    // CAF and QuickTime state the 8 bits of the code, the decoder asks for the 16 they stand for.
    if matches!(parameters.codec, CODEC_ID_PCM_ALAW | CODEC_ID_PCM_MULAW) {
        (parameters.bits_per_sample, parameters.bits_per_coded_sample) = (None, None);
    }
    symphonia::default::get_codecs()
        .make_audio_decoder(&parameters, &AudioDecoderOptions::default().verify(true))
        .map(Decoder::Symphonia)
        .map_err(unreadable)
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
