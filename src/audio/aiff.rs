//! AIFF and AIFF-C (Apple, Audio Interchange File Format, 1989 and 1991).
//!
//! The number of samples in `COMM` is ignored: those in the sound chunk count.

use crate::audio::bytes::{Bytes, big_at};
use crate::audio::chunks::{self, Chunk, Found, Layout, OPEN, Sound};
use crate::audio::container::{Container, REMEDY, Reader, Sign, has};
use crate::audio::gsm::{self, Packing};
use crate::audio::ima4;
use crate::audio::pcm::{self, Coding};
use crate::audio::stream::Stated;

pub static CONTAINER: Container = Container {
    name: "AIFF",
    listed: Some("AIFF"),
    extensions: &["aif", "aiff", "aifc"],
    sign: Sign::Start(|bytes| {
        bytes.starts_with(b"FORM") && (has(bytes, 8, b"AIFF") || has(bytes, 8, b"AIFC"))
    }),
    states_its_length: true,
    reader: Reader::Chunks(read),
};

/// What an AIFF holds. The error says why it is not read.
fn read(bytes: &Bytes) -> Result<Found, String> {
    let missing = |id: &str| chunks::missing("AIFF", id);
    let common = Layout::Aiff
        .find(bytes, b"COMM")
        .ok_or_else(|| missing("COMM"))?;
    let common = common.content(bytes);
    let field = |at, n| big_at(&common, at, n).ok_or_else(|| missing("COMM"));
    let channels = field(0, 2)? as usize;
    let bits = field(6, 2)? as u32;
    let sample_rate = extended(common.get(8..18).ok_or_else(|| missing("COMM"))?);
    let is_compressed = bytes.get(8, 4) == b"AIFC";
    let codec = common
        .get(18..22)
        .filter(|_| is_compressed)
        .unwrap_or(b"NONE");
    let sound = Layout::Aiff
        .find(bytes, b"SSND")
        .ok_or_else(|| missing("SSND"))?;
    // Before the samples stand an offset to the first of them, and the length of blocks that nobody uses.
    let offset = big_at(&sound.content(bytes), 0, 4).unwrap_or(0);
    let left = bytes.len() - sound.at;
    let is_open = sound.len >= OPEN || (sound.len == 0 && left > 8);
    let samples = Chunk {
        at: (sound.at.saturating_add(8 + offset)).min(bytes.len()),
        len: sound.len.saturating_sub(8 + offset),
        ..sound
    };
    let (range, fault) = chunks::extent(&samples, is_open, bytes);
    let stated = Stated {
        fault: fault.or_else(|| chunks::another(Layout::Aiff, b"FORM", bytes)),
        ..Stated::default()
    };
    if codec == b"ima4" {
        let stream = ima4::stream(channels, sample_rate, bytes.clone(), range);
        return Ok(Found {
            sound: Sound::Packets(Box::new(stream)),
            stated,
        });
    }
    if codec == b"GSM " && channels == 1 {
        let stream = gsm::stream(Packing::Single, sample_rate, bytes.clone(), range);
        return Ok(Found {
            sound: Sound::Packets(Box::new(stream)),
            stated,
        });
    }
    let by_bits = bits.div_ceil(8) as usize;
    let (coding, width, is_big_endian) = match codec {
        b"NONE" | b"twos" => (Coding::Signed, by_bits, true),
        b"sowt" => (Coding::Signed, by_bits, false),
        b"raw " => (Coding::Unsigned, by_bits, true),
        b"in24" => (Coding::Signed, 3, true),
        b"in32" => (Coding::Signed, 4, true),
        b"42ni" => (Coding::Signed, 3, false),
        b"23ni" => (Coding::Signed, 4, false),
        b"fl32" | b"FL32" => (Coding::Float, 4, true),
        b"fl64" | b"FL64" => (Coding::Float, 8, true),
        b"alaw" | b"ALAW" => (Coding::ALaw, 1, true),
        b"ulaw" | b"ULAW" => (Coding::MuLaw, 1, true),
        _ => {
            let codec = String::from_utf8_lossy(codec).trim().to_string();
            return Err(format!("AIFF with {codec}, which is not decoded; {REMEDY}"));
        }
    };
    let format = pcm::Format {
        coding,
        width,
        is_big_endian,
        valid_bits: pcm::valid_bits(bits, width),
        channels,
        sample_rate,
    };
    Ok(Found {
        sound: Sound::Pcm(format, range),
        stated,
    })
}

/// A rate as an extended float of 80 bits: sign and exponent, then a mantissa whose first bit is the integer (IEEE 754; Apple
/// Numerics Manual).
fn extended(bytes: &[u8]) -> u32 {
    let (exponent, mantissa) = (big_at(bytes, 0, 2), big_at(bytes, 2, 8));
    let exponent = exponent.unwrap_or(0) as i32 & 0x7fff;
    let value = mantissa.unwrap_or(0) as f64 * 2_f64.powi(exponent - 16_383 - 63);
    // Beyond what 32 bits hold, the largest of these.
    value.round() as u32
}

#[test]
fn extended_floats_are_rates() {
    // 44100 = 0xac44, 15 places behind the first bit; 8000 = 0x1f40.
    let rate = |exponent: u16, mantissa: u64| {
        extended(&[&exponent.to_be_bytes()[..], &mantissa.to_be_bytes()].concat())
    };
    assert_eq!(rate(16_383 + 15, 0xac44 << 48), 44_100);
    assert_eq!(rate(16_383 + 12, 0x1f40 << 51), 8000);
    assert_eq!(rate(0, 0), 0);
    assert_eq!(rate(0x7fff, u64::MAX), u32::MAX);
}
