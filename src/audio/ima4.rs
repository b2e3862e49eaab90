//! IMA ADPCM as Apple packs it (`ima4`): 64 samples of a channel in 34 bytes.
//!
//! A packet begins with the upper 9 bits of the predictor and the index of the step (7 bits); the differences follow, 4
//! bits each, the lower half of a byte first. The lower 7 bits of the predictor are lost, so each packet would begin up
//! to 127 steps off, which is a buzz at -48 dB. But the encoder continued from the whole predictor: where the header
//! agrees with the predictor that the previous packet left, that one is kept (Symphonia 0.6 does not, hence this
//! module). Sources: IMA Digital Audio Focus and Technical Working Groups 1992, Recommended Practices 3.0; Apple
//! Technical Note 1081.

use std::ops::Range;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_ADPCM_IMA_QT;
use symphonia::core::packet::Packet;
use symphonia::core::units::{Duration, Timestamp};

use crate::audio::bytes::Bytes;
use crate::audio::stream::Stream;

/// Bytes of one channel in a packet.
const PACKET_LEN: usize = 34;

/// Samples of one channel in a packet.
const PACKET_SAMPLES: u64 = 64;

/// The packets in `range`, without a part of one at its end.
pub fn stream(channels: usize, sample_rate: u32, bytes: Bytes, range: Range<u64>) -> Stream {
    let mut parameters = AudioCodecParameters::new();
    parameters
        .for_codec(CODEC_ID_ADPCM_IMA_QT)
        .with_sample_rate(sample_rate)
        .with_channels(Channels::Discrete(
            channels.min(usize::from(u16::MAX)) as u16
        ));
    let len = PACKET_LEN * channels.max(1);
    let packets = (range.end - range.start) / len as u64;
    let packets = (0..packets).map(move |number| {
        let packet = bytes.get(range.start + number * len as u64, len);
        let time = Timestamp::new((number * PACKET_SAMPLES) as i64);
        Ok(Packet::new(0, time, Duration::new(PACKET_SAMPLES), packet))
    });
    Stream {
        parameters,
        promised: None,
        further: Vec::new(),
        packets: Box::new(packets),
    }
}

/// What the differences are multiples of.
#[rustfmt::skip]
const STEPS: [i32; 89] = [
    7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66,
    73, 80, 88, 97, 107, 118, 130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408,
    449, 494, 544, 598, 658, 724, 796, 876, 963, 1060, 1166, 1282, 1411, 1552, 1707, 1878, 2066,
    2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484, 7132, 7845, 8630,
    9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794,
    32767,
];

/// How far the index of the step moves after a difference of this size.
const MOVES: [i32; 8] = [-1, -1, -1, -1, 2, 4, 6, 8];

pub struct Decoder {
    pub sample_rate: u32,
    channels: Vec<Channel>,
}

#[derive(Clone, Copy, Default)]
struct Channel {
    predictor: i32,
    index: i32,
}

impl Decoder {
    pub fn new(channels: usize, sample_rate: u32) -> Decoder {
        Decoder {
            sample_rate,
            channels: vec![Channel::default(); channels],
        }
    }

    pub fn channels(&self) -> usize {
        self.channels.len()
    }

    /// Appends the samples of one packet, channels interleaved.
    pub fn decode(&mut self, packet: &[u8], out: &mut Vec<f32>) -> Result<(), String> {
        let n = self.channels.len();
        if packet.len() != PACKET_LEN * n {
            return Err(format!("a packet has {} bytes", packet.len()));
        }
        let from = out.len();
        out.resize(from + 2 * (PACKET_LEN - 2) * n, 0.0);
        let blocks = packet.chunks_exact(PACKET_LEN).zip(&mut self.channels);
        for (c, (block, channel)) in blocks.enumerate() {
            channel.start(i32::from(i16::from_be_bytes([block[0], block[1]])));
            let halves = block[2..].iter().flat_map(|b| [b & 0x0f, b >> 4]);
            let places = out[from + c..].iter_mut().step_by(n);
            for (place, half) in places.zip(halves) {
                *place = channel.next(half) as f32 / 32768.0;
            }
        }
        Ok(())
    }
}

impl Channel {
    fn start(&mut self, header: i32) {
        let (predictor, index) = (header & !0x7f, (header & 0x7f).min(88));
        if index != self.index || (predictor - self.predictor).abs() > 0x7f {
            *self = Channel { predictor, index };
        }
    }

    fn next(&mut self, half: u8) -> i32 {
        let step = STEPS[self.index as usize];
        let bit = |n: u32| i32::from((half >> n) & 1);
        let size = (step >> 3) + bit(0) * (step >> 2) + bit(1) * (step >> 1) + bit(2) * step;
        let moved = self.predictor + if half & 8 == 0 { size } else { -size };
        self.predictor = moved.clamp(-32768, 32767);
        self.index = (self.index + MOVES[usize::from(half & 7)]).clamp(0, 88);
        self.predictor
    }
}

#[test]
fn a_packet_by_hand() {
    let mut decoder = Decoder::new(1, 8000);
    let mut packet = [0; PACKET_LEN];
    // Predictor 256, index 16: step 34. The first byte holds 7, then 9.
    packet[..3].copy_from_slice(&[0x01, 0x10, 0x97]);
    let mut out = Vec::new();
    decoder.decode(&packet, &mut out).unwrap();
    // 7: 34/8 + 34/4 + 34/2 + 34 = 4 + 8 + 17 + 34, and 8 steps up to 73. 9: -(73/8 + 73/4) =
    // -(9 + 18), and 1 down to 66. 0: 66/8 = 8.
    let expected = [256 + 63, 256 + 63 - 27, 256 + 63 - 27 + 8];
    assert_eq!(out[..3], expected.map(|x| x as f32 / 32768.0));
    assert_eq!(out.len(), 64);
    assert!(decoder.decode(&packet[1..], &mut out).is_err());
}
