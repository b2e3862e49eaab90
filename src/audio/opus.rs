//! Opus (RFC 6716, RFC 7845): packets to samples at 48 kHz.
//!
//! The decoder (the crate `ropus`, fixed-point) was compared with libopus 1.3.1 on speech of 6 to
//! 160 kb/s, mono and stereo, packets of 2.5 to 120 ms, with and without in-band FEC: equal to the
//! bit in SILK, and within 2.2e-4 of full scale, 65 dB below the sound, in hybrid and CELT packets.
//! In the gaps of discontinuous transmission each makes its own comfort noise. The copies of packets
//! that in-band FEC carries are not used: files lose none.

use ropus::{Application, Bitrate, Channels, DecodeMode, Encoder, OpusMSDecoder};

use crate::audio::bytes::little_at;

/// The rate of all that is decoded. What the header calls input sample rate is informative.
pub const SAMPLE_RATE: u32 = 48_000;

/// Samples of 20 ms, in which sound is coded.
const FRAME: usize = 960;
/// Bytes of the largest packet of one frame (RFC 6716, 3.2.1).
const LARGEST_PACKET: usize = 1275;
/// The longest packet, 120 ms, in samples of one channel.
const LONGEST: usize = 5760;

/// The samples at 48 kHz that a packet holds of each channel, by its first bytes (RFC 6716, 3.1 and 3.2).
pub fn duration(packet: &[u8]) -> u64 {
    let Some(&first) = packet.first() else {
        return 0;
    };
    let ms_10 = u64::from(SAMPLE_RATE) / 100;
    let frame = match first >> 3 {
        // SILK: 10, 20, 40, 60 ms.
        n @ 0..12 => [ms_10, 2 * ms_10, 4 * ms_10, 6 * ms_10][usize::from(n % 4)],
        // Hybrid: 10, 20 ms.
        n @ 12..16 => [ms_10, 2 * ms_10][usize::from(n % 2)],
        // CELT: 2.5, 5, 10, 20 ms.
        n => [ms_10 / 4, ms_10 / 2, ms_10, 2 * ms_10][usize::from(n % 4)],
    };
    let frames = match (first & 3, packet.get(1)) {
        (0, _) => 1,
        (1 | 2, _) => 2,
        (_, Some(count)) => u64::from(count & 0x3f),
        (_, None) => 0,
    };
    frame * frames
}

/// Samples to drop at the start, by the identification header.
pub fn pre_skip(head: &[u8]) -> u64 {
    little_at(head, 10, 2).unwrap_or(0)
}

/// An identification header (RFC 7845, 5.1) of one or two channels, for containers that have none and state elsewhere what to
/// drop at the start.
pub fn head(channels: usize) -> Vec<u8> {
    let mut head = b"OpusHead".to_vec();
    head.extend([1, channels.min(255) as u8, 0, 0]);
    head.extend(SAMPLE_RATE.to_le_bytes());
    // No gain, mapping family 0.
    head.extend([0, 0, 0]);
    head
}

/// What is left of one channel at 48 kHz after it was coded at so many bits per second: as long, and where it was.
pub fn coded(samples: &[f32], bits_per_second: u32) -> Result<Vec<f32>, String> {
    let refused = |cause: &dyn std::fmt::Display| format!("cannot be coded as Opus ({cause})");
    let mut encoder = Encoder::builder(SAMPLE_RATE, Channels::Mono, Application::Voip)
        .bitrate(Bitrate::Bits(bits_per_second))
        .build()
        .map_err(|cause| refused(&cause))?;
    let mut decoder = ropus::Decoder::new(SAMPLE_RATE, Channels::Mono);
    let decoder = decoder.as_mut().map_err(|cause| refused(cause))?;
    let late = encoder.lookahead() as usize;
    let mut padded = samples.to_vec();
    padded.resize((samples.len() + late).next_multiple_of(FRAME), 0.0);
    let (mut packet, mut frame) = (vec![0; LARGEST_PACKET], vec![0.0; FRAME]);
    let mut decoded = Vec::with_capacity(padded.len());
    for samples in padded.chunks_exact(FRAME) {
        let len = encoder.encode_float(samples, &mut packet);
        let len = len.map_err(|cause| refused(&cause))?;
        let n = decoder
            .decode_float(&packet[..len], &mut frame, DecodeMode::Normal)
            .map_err(|cause| refused(&cause))?;
        decoded.extend_from_slice(&frame[..n]);
    }
    Ok(decoded[late..late + samples.len()].to_vec())
}

pub struct Decoder {
    inner: Inner,
    /// Channels of the file.
    pub channels: usize,
    /// The header's output gain, as a factor.
    gain: f32,
    samples: Vec<f32>,
}

enum Inner {
    Single(Box<ropus::Decoder>),
    /// Mapping family 1: several streams that make up to 8 channels.
    Multi(Box<OpusMSDecoder>, Vec<i16>),
}

impl Decoder {
    /// From the identification header (`OpusHead`; RFC 7845, 5.1).
    pub fn new(head: &[u8]) -> Result<Decoder, String> {
        let damaged =
            || "Opus whose identification header is damaged; get the file again".to_string();
        let fields: &[u8; 11] = head
            .get(8..19)
            .and_then(|f| f.try_into().ok())
            .ok_or_else(damaged)?;
        let (channels, family) = (usize::from(fields[1]), fields[10]);
        let inner = match (family, channels) {
            (0, 1 | 2) => {
                let channels = if channels == 1 {
                    Channels::Mono
                } else {
                    Channels::Stereo
                };
                let decoder = ropus::Decoder::new(SAMPLE_RATE, channels);
                Inner::Single(Box::new(decoder.map_err(|cause| cause.to_string())?))
            }
            (1, 1..=8) => {
                let mapping = head.get(21..21 + channels).ok_or_else(damaged)?;
                let (streams, coupled) = (i32::from(head[19]), i32::from(head[20]));
                let (rate, n) = (SAMPLE_RATE as i32, channels as i32);
                let decoder = OpusMSDecoder::new(rate, n, streams, coupled, mapping);
                let decoder = decoder.map_err(|_| damaged())?;
                Inner::Multi(Box::new(decoder), vec![0; LONGEST * channels])
            }
            _ => {
                return Err(format!(
                    "Opus of {channels} channels in mapping family {family}; expected 1 or 2 in \
                     family 0, or up to 8 in family 1; convert it with `ffmpeg -i FILE -ac 1 \
                     out.flac`"
                ));
            }
        };
        Ok(Decoder {
            inner,
            channels,
            // In steps of 1/256 dB.
            gain: 10_f32
                .powf(f32::from(i16::from_le_bytes([fields[8], fields[9]])) / (20.0 * 256.0)),
            samples: vec![0.0; LONGEST * channels],
        })
    }

    /// The samples of one packet, channels interleaved.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[f32], String> {
        let n = match &mut self.inner {
            Inner::Single(decoder) => decoder
                .decode_float(packet, &mut self.samples, DecodeMode::Normal)
                .map_err(|cause| cause.to_string())?,
            Inner::Multi(decoder, integers) => {
                let len = packet.len() as i32;
                let n = decoder
                    .decode(Some(packet), len, integers, LONGEST as i32, false)
                    .map_err(|code| format!("Opus packet refused with code {code}"))?;
                for (sample, &integer) in self.samples.iter_mut().zip(&*integers) {
                    *sample = f32::from(integer) / 32768.0;
                }
                n as usize
            }
        };
        let samples = &mut self.samples[..n * self.channels];
        if self.gain != 1.0 {
            samples.iter_mut().for_each(|x| *x *= self.gain);
        }
        Ok(samples)
    }
}

#[test]
fn the_first_bytes_of_a_packet_tell_its_length() {
    // RFC 6716, table 2: configurations 1 (SILK, 20 ms), 3 (SILK, 60 ms), 12 (hybrid, 10 ms), 16 (CELT, 2.5 ms), 31 (CELT,
    // 20 ms), and the number of frames.
    let packets: [&[u8]; 8] = [
        &[1 << 3],
        &[3 << 3 | 1],
        &[12 << 3 | 2],
        &[16 << 3],
        &[31 << 3 | 4],
        &[31 << 3 | 3, 0x83],
        &[3],
        &[],
    ];
    assert_eq!(
        packets.map(duration),
        [960, 5760, 960, 120, 960, 2880, 0, 0]
    );
}
