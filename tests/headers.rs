//! Headers that are wrong, odd or rare: the sound is where the samples are.
//!
//! Each file is made here of the samples of one clip, and holds the same sound as that.

use sentire::audio::{self, Rate, ReadOptions, Recording};

use crate::sandbox::repository;

/// The first 0.6 s of a demo clip, at 16 kHz.
fn sound() -> Vec<i16> {
    let options = ReadOptions::default();
    let path = repository("tests/audio/reference.flac");
    let samples = audio::read(path, &options).unwrap().audio.samples;
    samples.iter().map(|x| (x * 32768.0) as i16).collect()
}

fn read(bytes: &[u8]) -> Recording {
    let read = audio::read_bytes(bytes.to_vec(), "x", &ReadOptions::default());
    read.unwrap_or_else(|error| panic!("{error}"))
}

fn refused(bytes: &[u8]) -> String {
    let read = audio::read_bytes(bytes.to_vec(), "x", &ReadOptions::default());
    read.map(|_| ()).unwrap_err().to_string()
}

fn kept(bytes: &[u8]) -> Recording {
    let options = ReadOptions {
        accept_truncated: true,
        ..ReadOptions::default()
    };
    audio::read_bytes(bytes.to_vec(), "x", &options).unwrap_or_else(|error| panic!("{error}"))
}

/// Asserts that these bytes hold the clip, bit for bit.
#[track_caller]
fn holds_the_clip(bytes: &[u8], what: &str) {
    let found = read(bytes);
    let expected: Vec<f32> = sound().iter().map(|&x| f32::from(x) / 32768.0).collect();
    assert!(found.audio.samples == expected, "{what}");
    assert!(!found.truncated, "{what}");
}

/// Bytes of the samples of a sound, each made by `of`.
fn coded<const N: usize>(of: impl Fn(i16) -> [u8; N]) -> Vec<u8> {
    sound().into_iter().flat_map(of).collect()
}

fn little16() -> Vec<u8> {
    coded(i16::to_le_bytes)
}

fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let len = content.len() as u32;
    let mut bytes = [&name[..], &len.to_le_bytes(), content].concat();
    if content.len() % 2 == 1 {
        bytes.push(0);
    }
    bytes
}

/// The fields of `fmt ` for one channel at 16 kHz.
fn fmt(tag: u16, block_len: u16, bits: u16, more: &[u8]) -> Vec<u8> {
    let rate: u32 = 16_000;
    let mut content = tag.to_le_bytes().to_vec();
    content.extend(1_u16.to_le_bytes());
    content.extend(rate.to_le_bytes());
    content.extend((rate * u32::from(block_len)).to_le_bytes());
    content.extend(block_len.to_le_bytes());
    content.extend(bits.to_le_bytes());
    content.extend(more);
    chunk(b"fmt ", &content)
}

/// What `WAVE_FORMAT_EXTENSIBLE` has behind the bits: its length, valid bits, speakers, sub-format.
fn extension(valid_bits: u16, tag: u16) -> Vec<u8> {
    let mut more = 22_u16.to_le_bytes().to_vec();
    more.extend(valid_bits.to_le_bytes());
    more.extend(4_u32.to_le_bytes());
    more.extend(tag.to_le_bytes());
    more.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    more
}

fn riff(chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = chunks.concat();
    let len = body.len() as u32 + 4;
    [b"RIFF", &len.to_le_bytes()[..], b"WAVE", &body].concat()
}

fn wav() -> Vec<u8> {
    riff(&[fmt(1, 2, 16, &[]), chunk(b"data", &little16())])
}

#[test]
fn the_length_of_the_whole_never_decides() {
    let list = chunk(b"LIST", b"INFOISFT\x03\0\0\0abc\0");
    let behind = [wav(), list].concat();
    let form = aiff(b"NONE", 16, &coded(i16::to_be_bytes));
    for file in [wav(), behind] {
        let len = file.len() as u32;
        for stated in [0, 4, 36, len / 2, len - 16, len + 8, len + 1000, u32::MAX] {
            let mut file = file.clone();
            file[4..8].copy_from_slice(&stated.to_le_bytes());
            holds_the_clip(&file, &format!("RIFF of {stated} bytes"));
            let mut form = form.clone();
            form[4..8].copy_from_slice(&stated.to_be_bytes());
            holds_the_clip(&form, &format!("FORM of {stated} bytes"));
        }
    }
}

#[test]
fn chunks_before_the_sound_are_passed_over_whatever_they_hold() {
    let data = chunk(b"data", &little16());
    // The chunk within has an odd length and no padding, or one that goes beyond its parent.
    let odd = chunk(b"LIST", b"INFOINAM\x03\0\0\0abc");
    let wild = chunk(b"LIST", b"INFOINAM\xff\xff\0\0abc\0");
    let empty = chunk(b"LIST", b"");
    // Without the byte that makes the next chunk begin at an even one.
    let mut unpadded = chunk(b"LIST", b"abc");
    unpadded.pop();
    let bext = chunk(b"bext", &[0; 602]);
    let junk = chunk(b"JUNK", &[0xff; 28]);
    for (what, before) in [
        ("odd", odd),
        ("wild", wild),
        ("empty", empty),
        ("unpadded", unpadded),
        ("bext", bext),
        ("junk", junk),
    ] {
        let format = fmt(1, 2, 16, &[]);
        let file = riff(&[format.clone(), before.clone(), data.clone()]);
        holds_the_clip(&file, what);
        let file = riff(&[before, format, data.clone()]);
        holds_the_clip(&file, what);
    }
}

#[test]
fn a_sound_shorter_than_stated_breaks_off_and_can_be_kept() {
    let n = sound().len();
    for more in [2, 8, 44, 1 << 20] {
        let mut file = wav();
        let stated = 2 * n as u32 + more;
        file[40..44].copy_from_slice(&stated.to_le_bytes());
        let said = refused(&file);
        assert!(
            said.contains("breaks off or is damaged after 0.60 s: its header promises"),
            "{said}"
        );
        assert_eq!(said.lines().count(), 1);
        let found = kept(&file);
        assert!(found.truncated && found.audio.samples.len() == n);
    }
    for open in [0, u32::MAX, 0x7fff_f000] {
        let mut file = wav();
        file[40..44].copy_from_slice(&u32::to_le_bytes(open));
        holds_the_clip(&file, &format!("{open} bytes"));
    }
    // A length that was not brought up to date while more was recorded.
    let mut file = wav();
    file[40..44].copy_from_slice(&(n as u32).to_le_bytes());
    let said = refused(&file);
    assert!(said.contains("that are no chunk"), "{said}");
    assert_eq!(kept(&file).audio.samples.len(), n);
    // Padding behind the sound is none of it.
    let padded = [wav(), vec![0; 4096]].concat();
    holds_the_clip(&padded, "zeros behind");
}

#[test]
fn integers_count_by_the_bytes_that_they_lie_in() {
    let wide = |x: i16, by: u32| i32::from(x) << by;
    let top24 = coded(|x| [0, x.to_le_bytes()[0], x.to_le_bytes()[1]]);
    for (what, block_len, bits, samples) in [
        ("12 in 16", 2, 12, little16()),
        ("20 in 24", 3, 20, top24.clone()),
        (
            "24 in 32, at the top",
            4,
            24,
            coded(|x| wide(x, 16).to_le_bytes()),
        ),
        (
            "24 in 32, at the bottom",
            4,
            24,
            coded(|x| wide(x, 8).to_le_bytes()),
        ),
        (
            "20 in 32, at the bottom",
            4,
            20,
            coded(|x| wide(x, 4).to_le_bytes()),
        ),
        (
            "16 in 32, at the bottom",
            4,
            16,
            coded(|x| wide(x, 0).to_le_bytes()),
        ),
        ("32", 4, 32, coded(|x| wide(x, 16).to_le_bytes())),
        ("24", 3, 24, top24),
        ("16, bits left out", 2, 0, little16()),
        // What most programs take it for: the byte rate and the bits agree.
        ("16, a block length that is wrong", 1, 16, little16()),
    ] {
        let data = chunk(b"data", &samples);
        let plain = riff(&[fmt(1, block_len, bits, &[]), data.clone()]);
        holds_the_clip(&plain, what);
        let sized = riff(&[fmt(1, block_len, bits, &[0, 0]), data.clone()]);
        holds_the_clip(&sized, what);
        // The bits that count stand in their own field, beside those of the container or instead.
        for outer in [bits, 8 * block_len]
            .into_iter()
            .filter(|&outer| outer >= bits)
        {
            let format = fmt(0xfffe, block_len, outer, &extension(bits, 1));
            holds_the_clip(
                &riff(&[format, data.clone()]),
                &format!("extensible {what}"),
            );
        }
    }
    // The oldest form of the header ends before the bits.
    let mut oldest = fmt(1, 2, 16, &[]);
    oldest.truncate(22);
    oldest[4] = 14;
    holds_the_clip(&riff(&[oldest, chunk(b"data", &little16())]), "14 bytes");
}

/// A code of G.711 for each sample, whatever it sounds like.
fn codes() -> Vec<u8> {
    coded(|x| [x.to_le_bytes()[1]])
}

#[test]
fn laws_are_read_whatever_the_length_of_their_header() {
    for (tag, law) in [(7, "mu-law"), (6, "A-law")] {
        let data = chunk(b"data", &codes());
        let whole = read(&riff(&[fmt(tag, 1, 8, &[0, 0]), data.clone()]));
        assert_eq!(whole.audio.samples.len(), 9600, "{law}");
        let fact = chunk(b"fact", &9600_u32.to_le_bytes());
        for format in [
            fmt(tag, 1, 8, &[]),
            fmt(tag, 1, 8, &[2, 0, 8, 0]),
            fmt(tag, 1, 8, &[22; 24]),
            // Bits and block length as of what it decodes to.
            fmt(tag, 2, 16, &[0, 0]),
            fmt(tag, 0, 0, &[0, 0]),
            fmt(0xfffe, 1, 8, &extension(8, tag)),
        ] {
            let file = riff(&[format, fact.clone(), data.clone()]);
            assert_eq!(read(&file).audio_hash, whole.audio_hash, "{law}");
        }
        let caf = caf(if tag == 7 { b"ulaw" } else { b"alaw" }, 0, 1, 8, &codes());
        let au = au(if tag == 7 { 1 } else { 27 }, &codes());
        let aiff = aiff(if tag == 7 { b"ulaw" } else { b"alaw" }, 16, &codes());
        for (name, file) in [("CAF", caf), ("AU", au), ("AIFF", aiff)] {
            assert_eq!(read(&file).audio_hash, whole.audio_hash, "{law} in {name}");
        }
    }
}

#[test]
fn wav_of_the_other_kinds_is_read() {
    let sound = little16();
    let len = sound.len() as u64;
    // Big-endian.
    let big = coded(i16::to_be_bytes);
    let mut rifx =
        b"RIFX\0\0\0\0WAVEfmt \0\0\0\x10\0\x01\0\x01\0\0\x3e\x80\0\0\x7d\0\0\x02\0\x10data"
            .to_vec();
    rifx.extend((len as u32).to_be_bytes());
    rifx.extend(&big);
    holds_the_clip(&rifx, "RIFX");
    // RF64 and BW64: the length stands in `ds64`; 0 where it was not known.
    for (magic, stated) in [
        (b"RF64", len),
        (b"BW64", len),
        (b"RF64", 0),
        (b"RF64", u64::MAX),
    ] {
        let sizes = [len + 80, stated, len / 2].map(u64::to_le_bytes).concat();
        let ds64 = chunk(b"ds64", &[&sizes[..], &[0; 4]].concat());
        let mut data = chunk(b"data", &sound);
        data[4..8].fill(0xff);
        let mut file = riff(&[ds64, fmt(1, 2, 16, &[]), data]);
        file[..4].copy_from_slice(magic);
        file[4..8].fill(0xff);
        holds_the_clip(&file, "RF64");
    }
    let promised = {
        let sizes = [len + 80, len + 10, len / 2].map(u64::to_le_bytes).concat();
        let mut data = chunk(b"data", &sound);
        data[4..8].fill(0xff);
        let mut file = riff(&[chunk(b"ds64", &sizes), fmt(1, 2, 16, &[]), data]);
        file[..4].copy_from_slice(b"RF64");
        file
    };
    assert!(refused(&promised).contains("its header promises"));
    // Wave64: a length counts the 24 bytes of name and length, and chunks begin at every eighth byte.
    let guid = |name: &[u8; 4]| {
        let rest: [u8; 12] = match name {
            b"riff" => [
                0x2e, 0x91, 0xcf, 0x11, 0xa5, 0xd6, 0x28, 0xdb, 0x04, 0xc1, 0, 0,
            ],
            _ => [
                0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a,
            ],
        };
        [&name[..], &rest].concat()
    };
    let part = |name: &[u8; 4], content: &[u8]| {
        let mut bytes = guid(name);
        bytes.extend((content.len() as u64 + 24).to_le_bytes());
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    };
    let format = &fmt(1, 2, 16, &[0, 0])[8..];
    let mut file = [guid(b"riff"), 0_u64.to_le_bytes().to_vec(), guid(b"wave")].concat();
    file.extend(part(b"fact", &9600_u64.to_le_bytes()));
    file.extend(part(b"fmt ", format));
    file.extend(part(b"data", &sound));
    holds_the_clip(&file, "Wave64");
    let cut = &file[..file.len() - 1000];
    assert!(refused(cut).contains("its header promises"));
    assert_eq!(kept(cut).audio.samples.len(), 9100);
}

/// A Sun AU with a remark of four bytes.
fn au(encoding: u32, samples: &[u8]) -> Vec<u8> {
    let fields = [28, samples.len() as u32, encoding, 16_000, 1];
    let fields = fields.map(u32::to_be_bytes).concat();
    [b".snd", &fields[..], b"demo", samples].concat()
}

#[test]
fn au_is_read() {
    let wide = |x: i16| i32::from(x) << 16;
    let full = |x: i16| f64::from(x) / 32768.0;
    for (encoding, samples) in [
        (3, coded(i16::to_be_bytes)),
        (4, coded(|x| [x.to_be_bytes()[0], x.to_be_bytes()[1], 0])),
        (5, coded(|x| wide(x).to_be_bytes())),
        (6, coded(|x| (full(x) as f32).to_be_bytes())),
        (7, coded(|x| full(x).to_be_bytes())),
    ] {
        let file = au(encoding, &samples);
        holds_the_clip(&file, &format!("encoding {encoding}"));
        for open in [0, u32::MAX] {
            let mut file = file.clone();
            file[8..12].copy_from_slice(&u32::to_be_bytes(open));
            holds_the_clip(&file, "a length that was not known");
        }
    }
    let mut little = b"dns.".to_vec();
    little.extend([24, 19_200, 3, 16_000, 1].map(u32::to_le_bytes).concat());
    little.extend(little16());
    holds_the_clip(&little, "dns.");
    let file = au(3, &coded(i16::to_be_bytes));
    assert!(refused(&file[..5000]).contains("its header promises 19200 bytes of sound"));
    assert!(refused(&au(23, &[0; 100])).contains("AU with G.721, which is not decoded"));
    assert!(refused(&file[..20]).contains("within its header"));
}

/// An AIFF, or AIFF-C with a codec.
fn aiff(codec: &[u8; 4], bits: u16, samples: &[u8]) -> Vec<u8> {
    let mut common = vec![0, 1];
    // A number of samples that is wrong: nobody needs it.
    common.extend(77_u32.to_be_bytes());
    common.extend(bits.to_be_bytes());
    common.extend([0x40, 0x0c, 0xfa, 0, 0, 0, 0, 0, 0, 0]);
    common.extend(codec);
    common.extend([0, 0]);
    let part = |name: &[u8; 4], content: &[u8]| {
        let len = content.len() as u32;
        let padding = vec![0; content.len() % 2];
        [&name[..], &len.to_be_bytes(), content, &padding].concat()
    };
    let sound = [&[0; 8], samples].concat();
    let body = [part(b"COMM", &common), part(b"SSND", &sound)].concat();
    let len = body.len() as u32 + 4;
    [b"FORM", &len.to_be_bytes()[..], b"AIFC", &body].concat()
}

#[test]
fn aiff_is_read_in_every_coding() {
    let wide = |x: i16| i32::from(x) << 16;
    let full = |x: i16| f64::from(x) / 32768.0;
    for (codec, bits, samples) in [
        (b"NONE", 16, coded(i16::to_be_bytes)),
        (b"twos", 16, coded(i16::to_be_bytes)),
        (b"sowt", 16, little16()),
        // Stated 12, 16 used.
        (b"NONE", 12, coded(i16::to_be_bytes)),
        (
            b"NONE",
            20,
            coded(|x| [x.to_be_bytes()[0], x.to_be_bytes()[1], 0]),
        ),
        (
            b"in24",
            16,
            coded(|x| [x.to_be_bytes()[0], x.to_be_bytes()[1], 0]),
        ),
        (
            b"42ni",
            24,
            coded(|x| [0, x.to_le_bytes()[0], x.to_le_bytes()[1]]),
        ),
        (b"in32", 32, coded(|x| wide(x).to_be_bytes())),
        (b"23ni", 32, coded(|x| wide(x).to_le_bytes())),
        (b"fl32", 32, coded(|x| (full(x) as f32).to_be_bytes())),
        (b"FL64", 64, coded(|x| full(x).to_be_bytes())),
    ] {
        let what = String::from_utf8_lossy(codec).into_owned();
        let bits = if codec == b"in24" { 24 } else { bits };
        holds_the_clip(&aiff(codec, bits, &samples), &what);
    }
    let file = aiff(b"NONE", 16, &coded(i16::to_be_bytes));
    assert!(refused(&file[..5000]).contains("its header promises"));
    assert!(refused(&aiff(b"MAC3", 8, &[0; 64])).contains("AIFF with MAC3, which is not decoded"));
}

/// A CAF of 16 kHz mono.
fn caf(codec: &[u8; 4], flags: u32, width: u32, bits: u32, sound: &[u8]) -> Vec<u8> {
    let mut bytes = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    bytes.extend(16_000_f64.to_be_bytes());
    bytes.extend(codec);
    bytes.extend([flags, width, 1, 1, bits].map(u32::to_be_bytes).concat());
    bytes.extend(b"data");
    bytes.extend((sound.len() as u64 + 4).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(sound);
    bytes
}

#[test]
fn caf_is_read_in_every_coding_of_samples() {
    let wide = |x: i16| i32::from(x) << 16;
    let full = |x: i16| f64::from(x) / 32768.0;
    for (flags, width, bits, samples) in [
        (0, 2, 16, coded(i16::to_be_bytes)),
        (2, 2, 16, little16()),
        (
            0,
            3,
            24,
            coded(|x| [x.to_be_bytes()[0], x.to_be_bytes()[1], 0]),
        ),
        (2, 4, 24, coded(|x| (wide(x) >> 8).to_le_bytes())),
        (2, 4, 24, coded(|x| wide(x).to_le_bytes())),
        (1, 4, 32, coded(|x| (full(x) as f32).to_be_bytes())),
        (3, 4, 32, coded(|x| (full(x) as f32).to_le_bytes())),
        (1, 8, 64, coded(|x| full(x).to_be_bytes())),
    ] {
        let file = caf(b"lpcm", flags, width, bits, &samples);
        holds_the_clip(&file, &format!("{bits} bits in {width}, flags {flags}"));
        let mut open = file.clone();
        let at = open.windows(4).position(|w| w == b"data").unwrap() + 4;
        open[at..at + 8].fill(0xff);
        holds_the_clip(&open, "a length that was not known");
    }
}

#[test]
fn packets_are_read_in_containers_of_chunks() {
    // The same packets of 64 samples in CAF and AIFF-C.
    let caf = std::fs::read(repository("tests/audio/ima4.caf")).unwrap();
    let data = caf.windows(4).position(|w| w == b"data").unwrap();
    let len = u64::from_be_bytes(caf[data + 4..data + 12].try_into().unwrap()) as usize;
    let packets = &caf[data + 16..data + 12 + len];
    let found = read(&aiff(b"ima4", 16, packets)).audio.samples;
    let expected = read(&caf).audio.samples;
    assert_eq!(found[..expected.len()], expected);
    assert!(found.len() - expected.len() < 64);
    // MP3, by the header that the format registry gives it.
    let mp3 = std::fs::read(repository("tests/audio/mp3.mp3")).unwrap();
    let more = [12, 0, 1, 0, 2, 0, 0, 0, 0x20, 1, 1, 0, 0x71, 5];
    let file = riff(&[fmt(0x55, 1, 0, &more), chunk(b"data", &mp3)]);
    assert_eq!(read(&file).audio_hash, read(&mp3).audio_hash);
    // Opus: 48 kHz by its own clock.
    let opus = std::fs::read(repository("tests/audio/opus.caf")).unwrap();
    let native = ReadOptions {
        rate: Rate::Native,
        ..ReadOptions::default()
    };
    let found = audio::read_bytes(opus.clone(), "x", &native).unwrap();
    assert_eq!(found.sample_rate, 48_000);
    assert!(
        (0.6..0.63).contains(&found.duration_s),
        "{} s",
        found.duration_s
    );
    let cut = &opus[..opus.len() * 2 / 3];
    assert!(refused(cut).contains("its header promises"));
}

#[test]
fn any_number_of_channels_is_averaged() {
    let frames = sound();
    let of_all: Vec<u8> = frames
        .iter()
        .flat_map(|x| std::iter::repeat_n(x.to_le_bytes(), 64).flatten())
        .collect();
    let mut format = fmt(1, 2, 16, &[]);
    format[10] = 64;
    format[20] = 128;
    let file = riff(&[format, chunk(b"data", &of_all)]);
    let found = read(&file);
    assert_eq!(
        (found.channels, found.audio.samples.len()),
        (64, frames.len())
    );
    let expected: Vec<f32> = frames.iter().map(|&x| f32::from(x) / 32768.0).collect();
    assert_eq!(found.audio.samples, expected);
}
