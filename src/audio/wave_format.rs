//! The header of a WAV's sound (`WAVEFORMATEX`) where it stands in another container: in Matroska (`A_MS/ACM`) and
//! QuickTime (`ms` and a tag). Numbers as registered in RFC 2361.

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::{
    CODEC_ID_ADPCM_IMA_WAV, CODEC_ID_ADPCM_MS, CODEC_ID_MP3, CODEC_ID_PCM_ALAW, CODEC_ID_PCM_F32LE,
    CODEC_ID_PCM_F64LE, CODEC_ID_PCM_MULAW, CODEC_ID_PCM_S16LE, CODEC_ID_PCM_S24LE,
    CODEC_ID_PCM_S32LE, CODEC_ID_PCM_U8,
};

use crate::audio::bytes::little_at;
use crate::audio::{gsm, riff};

/// How the sound is coded.
pub struct Format {
    pub parameters: AudioCodecParameters,
    /// Samples of each channel and bytes of a packet, where these have a constant length.
    pub packing: Option<(u64, u64)>,
}

/// Reads the header, or names the codec where it is not decoded.
pub fn read(bytes: &[u8]) -> Result<Format, String> {
    let field =
        |at, n| little_at(bytes, at, n).ok_or_else(|| "a codec that is not named".to_string());
    let (mut tag, channels, rate) = (field(0, 2)?, field(2, 2)?, field(4, 4)?);
    let (align, bits) = (field(12, 2)?, field(14, 2)?);
    // WAVE_FORMAT_EXTENSIBLE: the tag proper begins the sub-format.
    if tag == 0xfffe {
        tag = field(24, 2)?;
    }
    let mut packing = Some((1, align));
    let codec = match (tag, bits) {
        (1, 8) => CODEC_ID_PCM_U8,
        (1, 16) => CODEC_ID_PCM_S16LE,
        (1, 24) => CODEC_ID_PCM_S24LE,
        (1, 32) => CODEC_ID_PCM_S32LE,
        (3, 32) => CODEC_ID_PCM_F32LE,
        (3, 64) => CODEC_ID_PCM_F64LE,
        (6, _) => CODEC_ID_PCM_ALAW,
        (7, _) => CODEC_ID_PCM_MULAW,
        // Blocks begin with whole samples, two or one, in headers of 7 or 4 bytes a channel; the others have 4 bits.
        (0x02, _) => {
            packing = Some((adpcm_samples(align, channels, 7, 2)?, align));
            CODEC_ID_ADPCM_MS
        }
        (0x11, _) => {
            packing = Some((adpcm_samples(align, channels, 4, 1)?, align));
            CODEC_ID_ADPCM_IMA_WAV
        }
        (0x31, _) => {
            let blocks = gsm::Packing::Pair;
            packing = Some((blocks.samples(), blocks.len() as u64));
            gsm::CODEC_ID_GSM_WAV
        }
        (0x55, _) => {
            packing = None;
            CODEC_ID_MP3
        }
        (tag, _) => return Err(codec_name(tag as u16)),
    };
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(codec)
        .with_sample_rate(rate as u32)
        .with_channels(Channels::Discrete(channels as u16));
    if let Some((samples @ 2.., _)) = packing {
        parameters
            .with_max_frames_per_packet(samples)
            .with_frames_per_block(samples);
    }
    Ok(Format {
        parameters,
        packing,
    })
}

fn adpcm_samples(len: u64, channels: u64, header_len: u64, whole: u64) -> Result<u64, String> {
    let coded = len
        .checked_sub(header_len * channels)
        .filter(|_| matches!(channels, 1 | 2));
    let coded = coded.ok_or("ADPCM in blocks of an unusual length")?;
    Ok(2 * coded / channels + whole)
}

/// A codec by its format tag, in words.
pub fn codec_name(tag: u16) -> String {
    let name = match tag {
        0x0001 | 0x0003 => "PCM of an unusual width",
        tag => riff::codec_name(tag),
    };
    format!("{name} (format tag {tag:#06x})")
}
