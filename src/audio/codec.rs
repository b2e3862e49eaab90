//! Decodes packets to samples: by Symphonia, or by the modules [`opus`], [`ima4`] and [`gsm`].

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_AAC, CODEC_ID_ADPCM_IMA_QT, CODEC_ID_FLAC, CODEC_ID_OPUS, CODEC_ID_PCM_ALAW,
    CODEC_ID_PCM_MULAW,
};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::packet::Packet;

use crate::audio::container::{Container, REMEDY};
use crate::audio::crc::crc16;
use crate::audio::{aac, flac, gsm, ima4, opus};

/// A decoder of packets.
pub enum Decoder {
    Symphonia {
        decoder: Box<dyn AudioDecoder>,
        /// Whether the checksum of a FLAC frame is still to be looked at.
        checks_frames: bool,
    },
    Opus(Box<opus::Decoder>),
    Ima4(ima4::Decoder),
    Gsm(Box<gsm::Decoder>),
}

impl Decoder {
    /// A decoder of the packets that `parameters` describe, of a container of this kind.
    pub fn new(parameters: &AudioCodecParameters, kind: &Container) -> Result<Decoder, String> {
        let name = kind.name;
        let configuration = parameters.extra_data.as_deref().unwrap_or(&[]);
        if parameters.codec == CODEC_ID_OPUS {
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
        if let Some(packing) = gsm::Packing::of(parameters.codec) {
            let rate = parameters.sample_rate.unwrap_or(gsm::SAMPLE_RATE);
            return Ok(Decoder::Gsm(Box::new(gsm::Decoder::new(packing, rate))));
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
        // CAF states the 8 bits of the code, the decoder asks for the 16 they stand for.
        if matches!(parameters.codec, CODEC_ID_PCM_ALAW | CODEC_ID_PCM_MULAW) {
            (parameters.bits_per_sample, parameters.bits_per_coded_sample) = (None, None);
        }
        symphonia::default::get_codecs()
            .make_audio_decoder(&parameters, &AudioDecoderOptions::default().verify(true))
            .map(|decoder| Decoder::Symphonia {
                // In its own container a frame is known by its checksum.
                checks_frames: parameters.codec == CODEC_ID_FLAC
                    && kind.name != flac::CONTAINER.name,
                decoder,
            })
            .map_err(|cause| format!("{name} that cannot be decoded ({cause}); {REMEDY}"))
    }

    /// The samples of a packet, the number of channels and the sample rate.
    pub fn decode(&mut self, packet: &Packet, out: &mut Vec<f32>) -> Result<(usize, u32), String> {
        match self {
            Decoder::Symphonia {
                decoder,
                checks_frames,
            } => {
                if *checks_frames && crc16(0, &packet.data) != 0 {
                    return Err("the checksum of a frame does not match".into());
                }
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
            Decoder::Gsm(decoder) => {
                out.clear();
                decoder.decode(&packet.data, out)?;
                Ok((1, decoder.sample_rate))
            }
        }
    }

    /// Whether a checksum of all that was decoded does not match.
    pub fn is_wrong(&mut self) -> bool {
        match self {
            Decoder::Symphonia { decoder, .. } => decoder.finalize().verify_ok == Some(false),
            Decoder::Opus(_) | Decoder::Ima4(_) | Decoder::Gsm(_) => false,
        }
    }
}

/// What a FLAC decoder needs of the header blocks that another container holds, the first of which is the stream
/// information (RFC 9639, 8.2). The smallest block is set to the largest, as some write 0, and the checksum of all
/// samples to none, as it stays where a part is cut out; each frame has its own.
pub fn flac_stream_info(blocks: &[u8]) -> Option<Box<[u8]>> {
    let mut info = blocks.get(4..38)?.to_vec();
    info.copy_within(2..4, 0);
    info[18..].fill(0);
    (blocks[0] & 0x7f == 0).then(|| info.into())
}
