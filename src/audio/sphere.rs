//! NIST SPHERE, the container of older speech corpora (TIMIT, WSJ, Switchboard), often named .wav.
//!
//! A header in text, `NIST_1A`, its own length, then `name -type value` a line to `end_head`, and
//! the samples behind it, channels interleaved. Read are PCM of 8 to 32 bits in either byte order,
//! mu-law and A-law. The header says how many samples there are, so a file that broke off is
//! noticed; a byte that changed is not. Source: the NIST Speech Header Resources manual, version
//! 2.6.

use crate::audio::ReadOptions;
use crate::audio::decode::Decoded;
use crate::audio::limits::Extent;
use crate::audio::spool::Spooling;

/// Samples that are decoded at a time.
const SAMPLES_AT_A_TIME: usize = 1 << 16;

/// The sound and what is wrong with it.
pub fn decode(bytes: &[u8], options: &ReadOptions) -> Result<(Decoded, Option<String>), String> {
    let (header, samples) = split(bytes)?;
    let field = |name: &str| {
        let mut lines = header.lines().map(str::split_whitespace);
        lines.find_map(|mut words| (words.next()? == name).then(|| words.nth(1).unwrap_or("")))
    };
    let integer = |name: &str| field(name).and_then(|value| value.parse::<u64>().ok());
    let required = |name: &str| {
        integer(name).ok_or_else(|| format!("NIST SPHERE whose header gives no number `{name}`"))
    };
    let sample_rate = u32::try_from(required("sample_rate")?).unwrap_or(u32::MAX);
    let channels = integer("channel_count").unwrap_or(1);
    if !(1..=64).contains(&channels) {
        return Err(format!(
            "NIST SPHERE of {channels} channels; expected 1 to 64"
        ));
    }
    let is_split = field("channels_interleaved").is_some_and(|f| f.eq_ignore_ascii_case("false"));
    if channels > 1 && is_split {
        return Err(
            "NIST SPHERE with one channel behind the other (channels_interleaved FALSE); expected \
             them interleaved; convert it with `sph2pipe -f wav FILE out.wav`"
                .into(),
        );
    }
    let coding = field("sample_coding").unwrap_or("pcm").to_ascii_lowercase();
    let coding = coding.as_str();
    let width = integer("sample_n_bytes").unwrap_or(if coding == "pcm" { 2 } else { 1 });
    // `01`, `012` and `0123` put the low byte first, `10` and the like the high one; SoX writes
    // `01` and `10` at any width. One byte needs no order.
    let order = field("sample_byte_format").unwrap_or("");
    let read: fn(&[u8]) -> f32 = match (coding, width, order) {
        ("pcm", 1, _) => |b| f32::from(b[0] as i8) / 128.0,
        ("pcm", 2, "01") => |b| f32::from(i16::from_le_bytes([b[0], b[1]])) / 32768.0,
        ("pcm", 2, "10") => |b| f32::from(i16::from_be_bytes([b[0], b[1]])) / 32768.0,
        ("pcm", 3, "01" | "012") => |b| integer_to_f32(i32::from_le_bytes([0, b[0], b[1], b[2]])),
        ("pcm", 3, "10" | "210") => |b| integer_to_f32(i32::from_be_bytes([b[0], b[1], b[2], 0])),
        ("pcm", 4, "01" | "0123") => {
            |b| integer_to_f32(i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        }
        ("pcm", 4, "10" | "3210") => {
            |b| integer_to_f32(i32::from_be_bytes([b[0], b[1], b[2], b[3]]))
        }
        ("ulaw" | "mulaw" | "mu-law", 1, _) => |b| mu_law(b[0]),
        ("alaw", 1, _) => |b| a_law(b[0]),
        _ => {
            return Err(format!(
                "NIST SPHERE of {width}-byte samples coded as `{coding}`, byte order `{order}`; \
                 expected pcm in 1 to 4 bytes of order 01 or 10, ulaw or alaw; convert it with `sph2pipe -f wav FILE out.wav` or `sox FILE out.wav`"
            ));
        }
    };
    let frame = width as usize * channels as usize;
    let there = samples.len() / frame;
    let promised = integer("sample_count");
    let n = promised.map_or(there, |promised| {
        usize::try_from(promised).map_or(there, |promised| promised.min(there))
    });
    let used = &samples[..n * frame];
    let extent = Extent {
        frames: n as u64,
        channels,
        sample_rate,
        is_known: true,
    };
    if let Some(reason) = options.refuse(extent) {
        return Err(format!("NIST SPHERE {reason}"));
    }
    let mut interleaved = Spooling::new(options.most_in_memory);
    let mut block: Vec<f32> = Vec::new();
    for bytes in used.chunks(width as usize * SAMPLES_AT_A_TIME) {
        block.clear();
        block.extend(bytes.chunks_exact(width as usize).map(read));
        interleaved.push(&block)?;
    }
    let decoded = Decoded {
        interleaved: interleaved.finish()?,
        channels: channels as usize,
        sample_rate,
        truncated: false,
    };
    let missing = promised.filter(|&promised| promised > there as u64);
    let fault = missing
        .map(|promised| format!("the header promises {promised} samples, the file has {there}"));
    Ok((decoded, fault))
}

/// The header's text and the samples' bytes.
fn split(bytes: &[u8]) -> Result<(String, &[u8]), String> {
    let damaged = || "NIST SPHERE whose header is damaged; get the file again".to_string();
    let head = &bytes[..bytes.len().min(65_536)];
    let mark = b"\nend_head";
    let end = head.windows(mark.len()).position(|w| w == mark);
    let end = end.ok_or_else(damaged)?;
    let text = String::from_utf8_lossy(&head[..end]).into_owned();
    let len: usize = text
        .lines()
        .nth(1)
        .and_then(|line| line.trim().parse().ok())
        .filter(|&len| len >= end + mark.len())
        .ok_or_else(damaged)?;
    let samples = bytes.get(len..).ok_or_else(damaged)?;
    Ok((text, samples))
}

/// 32 bits, or 24 on top of them.
fn integer_to_f32(sample: i32) -> f32 {
    (f64::from(sample) / 2_147_483_648.0) as f32
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
fn headers_as_the_corpora_have_them() {
    let options = ReadOptions::default();
    let file = |fields: &str, samples: &[u8]| {
        let mut bytes = format!("NIST_1A\n   1024\n{fields}end_head\n").into_bytes();
        bytes.resize(1024, b' ');
        bytes.extend(samples);
        bytes
    };
    // TIMIT: little-endian 16 bits.
    let timit = "database_id -s5 TIMIT\nsample_count -i 2\nsample_n_bytes -i 2\n\
                 channel_count -i 1\nsample_byte_format -s2 01\nsample_rate -i 16000\n";
    let (sound, fault) = decode(&file(timit, &[0x00, 0x40, 0x00, 0xc0]), &options).unwrap();
    assert_eq!(
        (sound.interleaved.into_vec().unwrap(), sound.sample_rate),
        (vec![0.5, -0.5], 16_000)
    );
    assert_eq!(fault, None);
    // WSJ: high byte first.
    let wsj = "sample_count -i 2\nsample_n_bytes -i 2\nchannel_count -i 1\n\
               sample_byte_format -s2 10\nsample_sig_bits -i 16\nsample_rate -i 16000\n";
    let (sound, fault) = decode(&file(wsj, &[0x40, 0x00, 0x20, 0x00]), &options).unwrap();
    assert_eq!(
        (sound.interleaved.into_vec().unwrap(), fault),
        (vec![0.5, 0.25], None)
    );
    let (sound, fault) = decode(&file(wsj, &[0x40, 0x00]), &options).unwrap();
    assert_eq!(sound.interleaved.into_vec().unwrap(), [0.5]);
    assert!(
        fault
            .unwrap()
            .contains("promises 2 samples, the file has 1")
    );
    // Switchboard: two channels of mu-law.
    let swb = "sample_count -i 1\nchannel_count -i 2\nsample_rate -i 8000\n\
               sample_coding -s4 ulaw\nsample_n_bytes -i 1\n";
    let (sound, _) = decode(&file(swb, &[0x80, 0xff]), &options).unwrap();
    assert_eq!(
        (sound.interleaved.into_vec().unwrap(), sound.channels),
        (vec![32124.0 / 32768.0, 0.0], 2)
    );
    // Compressed: named.
    let shorten = "sample_rate -i 16000\nsample_coding -s26 pcm,embedded-shorten-v2.00\n\
                   sample_n_bytes -i 2\n";
    let refused = decode(&file(shorten, b"ajkg"), &options)
        .map(|_| ())
        .unwrap_err();
    assert!(refused.contains("pcm,embedded-shorten-v2.00") && refused.contains("sph2pipe"));
    assert!(decode(b"NIST_1A\n   1024\nsample_rate", &options).is_err());

    // SoX: 24 and 32 bits in the order `01`, or `10` with -B; names in capitals, wide gaps.
    let sox = |width: u8, order: &str| {
        format!(
            "sample_count  -i  1\nsample_n_bytes -i {width}\nsample_byte_format -s2 {order}\n\
             sample_rate -i 16000\nsample_coding -s3 PCM\n"
        )
    };
    for (width, order, sample) in [
        (3, "01", vec![0, 0, 0x40]),
        (3, "10", vec![0x40, 0, 0]),
        (4, "01", vec![0, 0, 0, 0x40]),
        (4, "10", vec![0x40, 0, 0, 0]),
    ] {
        let (sound, fault) = decode(&file(&sox(width, order), &sample), &options).unwrap();
        assert_eq!(
            (sound.interleaved.into_vec().unwrap(), fault),
            (vec![0.5], None)
        );
    }
    let split = swb.replace("sample_rate", "channels_interleaved -s5 FALSE\nsample_rate");
    let refused = decode(&file(&split, &[0x80, 0xff]), &options)
        .map(|_| ())
        .unwrap_err();
    assert!(refused.contains("channels_interleaved FALSE"), "{refused}");
    // A header that would end before its own last line.
    let mut short = file(timit, &[0x00, 0x40, 0x00, 0xc0]);
    short[8..15].copy_from_slice(b"      0");
    assert!(decode(&short, &options).is_err());
}
