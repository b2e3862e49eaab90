//! Samples that are numbers by themselves: integers of 8 to 32 bits, floats, mu-law and A-law.
//!
//! An integer may have fewer valid bits than its bytes hold. RIFF and AIFF put them at the top, ALSA
//! (`arecord -f S24_LE`) at the bottom, under the same header. The samples tell which: [`Justified::of`].

use std::ops::Range;

use crate::audio::ReadOptions;
use crate::audio::bytes::Bytes;
use crate::audio::decoded::Decoded;
use crate::audio::limits::{Extent, check_rate};
use crate::audio::spool::Spooling;

/// What the bytes of a sample mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Two's complement, 1 to 4 bytes.
    Signed,
    /// Offset binary: half the range is zero.
    Unsigned,
    /// IEEE 754, 4 or 8 bytes; full scale is 1.
    Float,
    /// ITU-T G.711.
    MuLaw,
    /// ITU-T G.711.
    ALaw,
}

/// How samples lie in a file, channels interleaved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    pub coding: Coding,
    /// Bytes of a sample of one channel.
    pub width: usize,
    pub is_big_endian: bool,
    /// Bits of an integer that count; the others are padding or copies of the sign.
    pub valid_bits: u32,
    pub channels: usize,
    /// In Hz.
    pub sample_rate: u32,
}

/// The bits that count in samples of `width` bytes: those that a header states, or all where it states none or more.
pub fn valid_bits(stated: u32, width: usize) -> u32 {
    let all = 8 * width as u32;
    if (1..=all).contains(&stated) {
        stated
    } else {
        all
    }
}

/// Samples that are decoded at a time.
const SAMPLES_AT_A_TIME: usize = 1 << 16;

impl Format {
    /// Bytes of a sample of all channels.
    pub fn frame_len(&self) -> usize {
        self.width * self.channels
    }

    /// Why such samples are not read, if they are not.
    pub fn refuse(&self) -> Option<String> {
        let is_known = match self.coding {
            Coding::Signed | Coding::Unsigned => (1..=4).contains(&self.width),
            Coding::Float => matches!(self.width, 4 | 8),
            Coding::MuLaw | Coding::ALaw => self.width == 1,
        };
        if self.channels == 0 {
            return Some("of 0 channels; expected 1 or more".into());
        }
        (!is_known).then(|| {
            let kind = match self.coding {
                Coding::Signed | Coding::Unsigned => "integers",
                Coding::Float => "floats",
                Coding::MuLaw | Coding::ALaw => "codes of G.711",
            };
            format!(
                "with {kind} of {} bits; expected 8 to 32, for floats 32 or 64",
                8 * self.width
            )
        })
    }

    /// Bits of the bytes that a sample lies in.
    fn container_bits(&self) -> u32 {
        8 * self.width as u32
    }

    /// The integer of these bytes at the top of 32 bits, as it is stored.
    fn integer(&self, bytes: &[u8]) -> i32 {
        let mut word = [0; 4];
        for (i, &byte) in bytes.iter().enumerate() {
            let at = if self.is_big_endian {
                i
            } else {
                bytes.len() - 1 - i
            };
            word[at] = byte;
        }
        let stored = i32::from_be_bytes(word);
        match self.coding {
            Coding::Unsigned => stored ^ i32::MIN,
            _ => stored,
        }
    }

    /// Appends the samples that `bytes` hold.
    fn read(&self, bytes: &[u8], justified: Justified, out: &mut Vec<f32>) {
        let samples = bytes.chunks_exact(self.width);
        let unused = self.container_bits().saturating_sub(self.valid_bits);
        match (self.coding, self.width, self.is_big_endian) {
            (Coding::MuLaw, ..) => out.extend(bytes.iter().map(|&b| mu_law(b))),
            (Coding::ALaw, ..) => out.extend(bytes.iter().map(|&b| a_law(b))),
            (Coding::Float, 4, true) => out.extend(samples.map(|b| f32::from_be_bytes(word(b)))),
            (Coding::Float, 4, false) => out.extend(samples.map(|b| f32::from_le_bytes(word(b)))),
            (Coding::Float, _, true) => {
                out.extend(samples.map(|b| f64::from_be_bytes(word(b)) as f32));
            }
            (Coding::Float, _, false) => {
                out.extend(samples.map(|b| f64::from_le_bytes(word(b)) as f32));
            }
            // What nearly all files have.
            (Coding::Signed, 2, false) if justified == Justified::Left => {
                out.extend(samples.map(|b| f32::from(i16::from_le_bytes(word(b))) / 32768.0));
            }
            _ if justified == Justified::Left => {
                out.extend(samples.map(|b| full_scale(self.integer(b))));
            }
            _ => out.extend(samples.map(|b| full_scale(self.integer(b) << unused))),
        }
    }
}

fn word<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().expect("as wide as a sample")
}

/// An integer of 32 bits, or fewer at the top of them, as a share of full scale.
fn full_scale(sample: i32) -> f32 {
    (f64::from(sample) / 2_147_483_648.0) as f32
}

/// Where the valid bits of an integer lie in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Justified {
    Left,
    Right,
}

/// From so many unused bits on, samples at the bottom are believed though the lowest of their bits are zero: at the top
/// they would be a recording whose loudest sample lies 48 dB below full scale.
const ENOUGH_UNUSED_BITS: u32 = 8;

impl Justified {
    /// Where the valid bits of the samples in `range` lie. At the bottom, the bits above them are copies of the sign in
    /// every sample, and those that would be padding at the top are used in some. Sound of 16 bits written as 24 uses
    /// none of these; then the number of unused bits decides.
    fn of(format: &Format, bytes: &Bytes, range: &Range<u64>) -> Justified {
        let unused = format.container_bits().saturating_sub(format.valid_bits);
        if unused == 0 || !matches!(format.coding, Coding::Signed | Coding::Unsigned) {
            return Justified::Left;
        }
        let spare = 32 - format.container_bits();
        let padding = ((1_u32 << unused) - 1) << spare;
        let (mut uses_padding, mut sounds) = (false, false);
        for block in blocks(range, format.frame_len()) {
            let block = bytes.get(block.start, (block.end - block.start) as usize);
            for sample in block.chunks_exact(format.width) {
                let sample = format.integer(sample);
                // Shifted up and down again, a sample at the bottom is what it was.
                if sample << unused >> unused != sample {
                    return Justified::Left;
                }
                uses_padding |= sample as u32 & padding != 0;
                sounds |= sample != 0;
            }
        }
        match uses_padding || (sounds && unused >= ENOUGH_UNUSED_BITS) {
            true => Justified::Right,
            false => Justified::Left,
        }
    }
}

/// The pieces of `range` that are looked at one by one, each of whole samples of `frame_len` bytes.
fn blocks(range: &Range<u64>, frame_len: usize) -> impl Iterator<Item = Range<u64>> {
    let step = SAMPLES_AT_A_TIME.next_multiple_of(frame_len);
    let end = range.end;
    range
        .clone()
        .step_by(step)
        .map(move |start| start..end.min(start + step as u64))
}

/// The samples that lie in `range`; a part of one at its end is left out. `name` is the container's. The error says why
/// they are not read.
pub fn decode(
    bytes: &Bytes,
    range: Range<u64>,
    format: &Format,
    name: &str,
    options: &ReadOptions,
) -> Result<Decoded, String> {
    if let Some(reason) = format.refuse() {
        return Err(format!("{name} {reason}"));
    }
    check_rate(name, format.sample_rate)?;
    let frame_len = format.frame_len() as u64;
    let frames = (range.end - range.start) / frame_len;
    let range = range.start..range.start + frames * frame_len;
    let extent = Extent {
        frames,
        channels: format.channels as u64,
        sample_rate: format.sample_rate,
        is_known: true,
    };
    if let Some(reason) = options.refuse(extent) {
        return Err(format!("{name} {reason}"));
    }
    let justified = Justified::of(format, bytes, &range);
    let mut interleaved = Spooling::new(options.most_in_memory);
    let mut samples: Vec<f32> = Vec::new();
    for block in blocks(&range, format.frame_len()) {
        samples.clear();
        let block = bytes.get(block.start, (block.end - block.start) as usize);
        format.read(&block, justified, &mut samples);
        let pushed = interleaved.push(&samples);
        pushed.map_err(|reason| format!("{name} of which {reason}"))?;
    }
    Ok(Decoded {
        interleaved: interleaved.finish()?,
        channels: format.channels,
        sample_rate: format.sample_rate,
        truncated: false,
    })
}

/// ITU-T G.711, mu-law: the inverted byte holds sign, exponent and 4 bits of mantissa.
fn mu_law(byte: u8) -> f32 {
    let code = !byte;
    let magnitude = (((i32::from(code & 0x0f) << 3) + 132) << ((code >> 4) & 7)) - 132;
    signed(magnitude, code & 0x80 != 0)
}

/// ITU-T G.711, A-law: every other bit inverted, and a set sign bit means positive.
fn a_law(byte: u8) -> f32 {
    let code = byte ^ 0x55;
    let mantissa = (i32::from(code & 0x0f) << 4) + 8;
    let magnitude = match (code >> 4) & 7 {
        0 => mantissa,
        exponent => (mantissa + 256) << (exponent - 1),
    };
    signed(magnitude, code & 0x80 == 0)
}

fn signed(magnitude: i32, negative: bool) -> f32 {
    let sample = if negative { -magnitude } else { magnitude };
    sample as f32 / 32768.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn integers(width: usize, valid_bits: u32) -> Format {
        Format {
            coding: Coding::Signed,
            width,
            is_big_endian: false,
            valid_bits,
            channels: 1,
            sample_rate: 16_000,
        }
    }

    fn samples(bytes: Vec<u8>, format: Format) -> Vec<f32> {
        let range = 0..bytes.len() as u64;
        let bytes = Bytes::in_memory(bytes);
        let decoded = decode(&bytes, range, &format, "WAV", &ReadOptions::default());
        decoded.unwrap().interleaved.into_vec().unwrap()
    }

    #[test]
    fn the_laws_are_those_of_g_711() {
        // Tables 1 and 2 of G.711: the largest values are 8031 of 14 bits and 4032 of 13 bits, the
        // smallest A-law value is 1 of 13 bits.
        assert_eq!(
            [0x80, 0x00, 0xff].map(mu_law),
            [32124.0, -32124.0, 0.0].map(|x| x / 32768.0)
        );
        assert_eq!(
            [0xaa, 0x2a, 0xd5].map(a_law),
            [32256.0, -32256.0, 8.0].map(|x| x / 32768.0)
        );
    }

    #[test]
    fn integers_of_any_width_and_order_mean_the_same() {
        for (coding, width, is_big_endian, bytes) in [
            (Coding::Signed, 1, false, vec![0x40]),
            (Coding::Unsigned, 1, false, vec![0xc0]),
            (Coding::Unsigned, 2, false, vec![0x00, 0xc0]),
            (Coding::Signed, 2, false, vec![0x00, 0x40]),
            (Coding::Signed, 2, true, vec![0x40, 0x00]),
            (Coding::Signed, 3, false, vec![0, 0, 0x40]),
            (Coding::Signed, 3, true, vec![0x40, 0, 0]),
            (Coding::Signed, 4, false, vec![0, 0, 0, 0x40]),
            (Coding::Signed, 4, true, vec![0x40, 0, 0, 0]),
            (Coding::Float, 4, true, 0.5_f32.to_be_bytes().to_vec()),
            (Coding::Float, 4, false, 0.5_f32.to_le_bytes().to_vec()),
            (Coding::Float, 8, true, 0.5_f64.to_be_bytes().to_vec()),
            (Coding::Float, 8, false, 0.5_f64.to_le_bytes().to_vec()),
        ] {
            let format = Format {
                coding,
                is_big_endian,
                ..integers(width, 8 * width as u32)
            };
            assert_eq!(samples(bytes, format), [0.5], "{format:?}");
        }
    }

    #[test]
    fn valid_bits_are_found_at_the_top_and_at_the_bottom() {
        // The same sound of 16, 20 and 24 bits; its loudest sample is half of full scale.
        let sound: Vec<f32> = (0..500)
            .map(|i| (16_384.0 * (i as f32 / 9.0).sin()).round() / 32_768.0)
            .collect();
        let stored = |scale: f64, width: usize, low: i32| -> Vec<u8> {
            let integer = |x: &f32| (f64::from(*x) * scale) as i32 | low;
            let bytes = |x: &f32| integer(x).to_le_bytes()[..width].to_vec();
            sound.iter().flat_map(bytes).collect()
        };
        let full = |bits: u32| f64::from(1_u32 << (bits - 1));
        for (width, bits) in [(4, 24), (4, 20), (4, 16), (3, 16)] {
            let container = 8 * width as u32;
            let format = integers(width, bits);
            let top = samples(stored(full(container), width, 0), format);
            assert_eq!(top, sound, "{bits} bits at the top of {width} bytes");
            let bottom = samples(stored(full(bits), width, 0), format);
            assert_eq!(bottom, sound, "{bits} bits at the bottom of {width} bytes");
        }
        // Few unused bits: those at the bottom show by the lowest of them.
        for (width, bits) in [(2, 12), (3, 20)] {
            let format = integers(width, bits);
            let top = samples(stored(full(8 * width as u32), width, 0), format);
            assert_eq!(top, sound);
            let bottom = samples(stored(full(bits), width, 1), format);
            let off = bottom.iter().zip(&sound).map(|(a, b)| (a - b).abs());
            let step = 2.0 / full(bits) as f32;
            assert!(off.fold(0.0, f32::max) <= step, "{bits} in {width} bytes");
        }
        // A header that states too few bits.
        let all = samples(stored(full(16), 2, 1), integers(2, 12));
        let off = all.iter().zip(&sound).map(|(a, b)| (a - b).abs());
        assert!(off.fold(0.0, f32::max) <= 1.0 / 32_768.0);
        assert_eq!(samples(vec![0; 8], integers(4, 24)), [0.0, 0.0]);
    }

    #[test]
    fn what_no_file_has_is_refused() {
        let say = |format: Format| {
            let bytes = Bytes::in_memory(vec![0; 100]);
            decode(&bytes, 0..100, &format, "WAV", &ReadOptions::default())
                .map(|_| ())
                .unwrap_err()
        };
        let wide = say(integers(5, 40));
        assert_eq!(
            wide,
            "WAV with integers of 40 bits; expected 8 to 32, for floats 32 or 64"
        );
        let none = Format {
            channels: 0,
            ..integers(2, 16)
        };
        assert_eq!(say(none), "WAV of 0 channels; expected 1 or more");
    }
}
