//! NIST SPHERE, the container of older speech corpora (TIMIT, WSJ, Switchboard), often named .wav.
//!
//! A text header (`NIST_1A`, its own length, then `name -type value` on each line up to `end_head`) and the samples after
//! it, channels interleaved. PCM of 8 to 32 bits in either byte order, mu-law and A-law are read. The header states the
//! number of samples, so a file that breaks off is noticed; a changed byte is not. Source: the NIST Speech Header
//! Resources manual, version 2.6.

use crate::audio::ReadOptions;
use crate::audio::bytes::Bytes;
use crate::audio::container::{Container, Partial, Reader, Sign};
use crate::audio::pcm::{self, Coding};

pub static CONTAINER: Container = Container {
    name: "NIST SPHERE",
    listed: Some("NIST SPHERE"),
    // Many corpora name them .wav.
    extensions: &["sph", "nist"],
    sign: Sign::Start(|bytes| bytes.starts_with(b"NIST_1A")),
    states_its_length: true,
    reader: Reader::Samples(decode),
};

/// The sound and what is wrong with it.
fn decode(bytes: &Bytes, options: &ReadOptions) -> Result<Partial, String> {
    let (header, samples_len) = split(bytes)?;
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
    let (coding, is_big_endian) = match (coding, width, order) {
        ("pcm", 1, _) => (Coding::Signed, false),
        ("pcm", 2..=4, "01") | ("pcm", 3, "012") | ("pcm", 4, "0123") => (Coding::Signed, false),
        ("pcm", 2..=4, "10") | ("pcm", 3, "210") | ("pcm", 4, "3210") => (Coding::Signed, true),
        ("ulaw" | "mulaw" | "mu-law", 1, _) => (Coding::MuLaw, false),
        ("alaw", 1, _) => (Coding::ALaw, false),
        _ => {
            return Err(format!(
                "NIST SPHERE of {width}-byte samples coded as `{coding}`, byte order `{order}`; \
                 expected pcm in 1 to 4 bytes of order 01 or 10, ulaw or alaw; convert it with `sph2pipe -f wav FILE out.wav` or `sox FILE out.wav`"
            ));
        }
    };
    let format = pcm::Format {
        coding,
        width: width as usize,
        is_big_endian,
        valid_bits: 8 * width as u32,
        channels: channels as usize,
        sample_rate,
    };
    let start = bytes.len() - samples_len;
    let there = samples_len / format.frame_len() as u64;
    let promised = integer("sample_count");
    let end = start + promised.unwrap_or(there).min(there) * format.frame_len() as u64;
    let decoded = pcm::decode(bytes, start..end, &format, "NIST SPHERE", options)?;
    let missing = promised.filter(|&promised| promised > there);
    let fault = missing
        .map(|promised| format!("the header promises {promised} samples, the file has {there}"));
    Ok((decoded, fault))
}

/// The header's text, and how many bytes of samples there are behind it.
fn split(bytes: &Bytes) -> Result<(String, u64), String> {
    let damaged = || "NIST SPHERE whose header is damaged; get the file again".to_string();
    let head = bytes.get(0, 65_536);
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
    let samples_len = bytes.len().checked_sub(len as u64).ok_or_else(damaged)?;
    Ok((text, samples_len))
}

#[test]
fn headers_as_the_corpora_have_them() {
    let options = ReadOptions::default();
    let file = |fields: &str, samples: &[u8]| {
        let mut bytes = format!("NIST_1A\n   1024\n{fields}end_head\n").into_bytes();
        bytes.resize(1024, b' ');
        bytes.extend(samples);
        Bytes::in_memory(bytes)
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
    let cut = Bytes::in_memory(b"NIST_1A\n   1024\nsample_rate".to_vec());
    assert!(decode(&cut, &options).is_err());

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
    let short = b"NIST_1A\n      0\nsample_rate -i 16000\nend_head\n".to_vec();
    assert!(decode(&Bytes::in_memory(short), &options).is_err());
}
