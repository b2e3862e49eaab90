//! MP3, ADTS and FLAC: sound is where the frames are, whatever stands around them and whatever headers say of them.

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sentire::audio::{self, Rate, ReadOptions};
use sentire::dsp::resample::resample;

use crate::sandbox::repository;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(repository("tests/audio").join(name)).unwrap()
}

/// The samples, at the file's own rate.
fn heard(bytes: &[u8]) -> Vec<f32> {
    read(bytes, false).unwrap_or_else(|error| panic!("{error}"))
}

/// What is said of a file that is refused.
fn say(bytes: &[u8]) -> String {
    match read(bytes, false) {
        Ok(samples) => panic!("{} samples were read", samples.len()),
        Err(said) => said,
    }
}

fn read(bytes: &[u8], accept_truncated: bool) -> Result<Vec<f32>, String> {
    let options = ReadOptions {
        rate: Rate::Native,
        accept_truncated,
        ..ReadOptions::default()
    };
    let read = audio::read_bytes(bytes.to_vec(), "x", &options);
    read.map(|recording| recording.audio.samples)
        .map_err(|error| error.to_string())
}

fn noise(n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    ChaCha8Rng::seed_from_u64(5).fill_bytes(&mut bytes);
    bytes
}

/// Root mean square of the difference over that of what is expected, in dB.
fn error_db(found: &[f32], expected: &[f32]) -> f64 {
    let pairs = found.iter().zip(expected);
    let off: f64 = pairs.map(|(a, b)| f64::from((a - b) * (a - b))).sum();
    10.0 * (off / expected.iter().map(|x| f64::from(x * x)).sum::<f64>()).log10()
}

/// A tag of ID3v2 of `n` bytes behind its header.
fn id3v2(n: u8) -> Vec<u8> {
    let mut tag = vec![b'I', b'D', b'3', 4, 0, 0, 0, 0, 0, n];
    tag.resize(10 + usize::from(n), 0);
    tag
}

/// Bytes of each frame of mp3.mp3: 64 kb/s at 16 kHz.
const MP3_FRAME: usize = 288;
/// Samples of each.
const MP3_SAMPLES: usize = 576;

/// The frames of mp3.mp3: the header of the encoder, and those that sound.
fn mp3_frames() -> (Vec<u8>, Vec<u8>) {
    let whole = file("mp3.mp3");
    let at = whole
        .windows(3)
        .position(|w| w == [0xff, 0xf3, 0x88])
        .unwrap();
    let (header, sound) = whole[at..].split_at(MP3_FRAME);
    assert!(header.windows(4).any(|w| w == b"Info"));
    assert_eq!(sound.len(), 19 * MP3_FRAME);
    (header.to_vec(), sound.to_vec())
}

/// The header of the encoder with a number of 4 bytes written `at` bytes behind its name.
fn changed(header: &[u8], at: usize, number: u32) -> Vec<u8> {
    let mut header = header.to_vec();
    let name = header.windows(4).position(|w| w == b"Info").unwrap();
    header[name + at..name + at + 4].copy_from_slice(&number.to_be_bytes());
    header
}

#[test]
fn every_frame_of_an_mp3_without_a_header_is_decoded() {
    let (_, sound) = mp3_frames();
    let whole = heard(&file("mp3.mp3"));
    let bare = heard(&sound);
    assert_eq!(bare.len(), 19 * MP3_SAMPLES);
    // Without the header the delay of encoder and decoder stays in: it is 1105.
    assert!(bare[1105..1105 + whole.len()] == whole);
    // Denser frames first, as of a variable bit rate: no length is estimated.
    let vbr = heard(&file("vbr.mp3"));
    assert_eq!(vbr.len(), 19 * MP3_SAMPLES);
}

#[test]
fn what_stands_around_frames_is_no_sound() {
    let text = b"ICY 200 OK\r\nicy-name: a station\r\n\r\n".as_slice();
    let mut id3v1 = b"TAG".to_vec();
    id3v1.resize(128, b' ');
    let lyrics = b"LYRICSBEGINla la laLYRICSEND".as_slice();
    for name in ["mp3.mp3", "adts.aac", "reference.flac", "mp2.mp2"] {
        let bare = file(name);
        let expected = heard(&bare);
        for (what, before) in [
            ("zeros", vec![0; 5000]),
            ("noise", noise(3000)),
            ("text", text.to_vec()),
            ("tags", [id3v2(20), id3v2(9), vec![0; 300]].concat()),
            ("zeros and a tag", [vec![0; 300], id3v2(20)].concat()),
            (
                "a tag that claims too much",
                vec![b'I', b'D', b'3', 4, 0, 0, 9, 9, 9, 9, 0, 0],
            ),
        ] {
            let found = heard(&[&before, &bare[..]].concat());
            assert!(found == expected, "{name} behind {what}");
        }
        for (what, behind) in [
            ("zeros", vec![0; 5000]),
            ("noise", noise(3000)),
            ("tags", [lyrics, &id3v1].concat()),
            ("a tag", id3v2(50)),
        ] {
            let found = heard(&[&bare[..], &behind].concat());
            assert!(found == expected, "{name} before {what}");
        }
    }
}

#[test]
fn a_file_that_begins_within_a_frame_has_those_behind() {
    let (_, sound) = mp3_frames();
    let whole = heard(&sound);
    for cut in [1, 5, 287, 288, 1000, 2000] {
        let found = heard(&sound[cut..]);
        let lost = cut.div_ceil(MP3_FRAME);
        assert_eq!(found.len(), (19 - lost) * MP3_SAMPLES, "{cut} bytes");
        // Silence where the first frames refer to one that is lost, then the same sound.
        let settled = 4 * MP3_SAMPLES;
        let expected = &whole[lost * MP3_SAMPLES + settled..];
        assert!(found[settled..] == *expected, "{cut} bytes");
    }
    let adts = file("adts.aac");
    for cut in [1, 100, 300] {
        let found = heard(&adts[cut..]).len();
        assert!((8 * 1024..11 * 1024).contains(&found), "{cut}: {found}");
    }
}

#[test]
fn joined_files_are_heard_one_after_the_other() {
    let twice = |name: &str, between: &[u8]| {
        let one = file(name);
        let expected = heard(&one).repeat(2);
        let found = heard(&[&one[..], between, &one].concat());
        assert!(found == expected, "{name}: {} samples", found.len());
    };
    for name in ["mp3.mp3", "reference.flac"] {
        twice(name, &[]);
        twice(name, &id3v2(30));
        twice(name, &[0; 77]);
    }
    // ADTS overlaps: what is heard of the first frame of the second depends on the last of the first.
    let one = file("adts.aac");
    let found = heard(&[&one[..], &id3v2(63), &one].concat());
    let expected = heard(&one).repeat(2);
    assert_eq!(found.len(), expected.len());
    assert!(found[..11 * 1024] == expected[..11 * 1024]);
    // It has noise in it, which is another each time.
    assert!(error_db(&found, &expected) < -25.0);
    // Two channels behind one, and one behind two: their mean, and both the same.
    let (mono, stereo) = (file("mp3.mp3"), file("stereo.mp3"));
    for pair in [[&mono, &stereo], [&stereo, &mono]] {
        let expected = pair.map(|one| heard(one)).concat();
        let found = heard(&pair.map(|one| &one[..]).concat());
        let off = found.iter().zip(&expected).map(|(a, b)| (a - b).abs());
        assert_eq!(found.len(), expected.len());
        assert!(off.fold(0.0, f32::max) < 1e-6);
    }
    // The second without a header of its own: the padding of the first is where that counts the last frame.
    let (header, sound) = mp3_frames();
    let found = heard(&[&header[..], &sound, &sound].concat());
    assert!(
        found
            == [mono.clone(), sound.clone()]
                .map(|one| heard(&one))
                .concat()
    );
    // One of another rate gets that of the first.
    let other = file("crc.mp3");
    let found = heard(&[&mono[..], &other].concat());
    let expected = [heard(&mono), resample(&heard(&other), 22_050, 16_000)].concat();
    assert!(found == expected);
}

#[test]
fn what_an_mp3_says_of_its_frames_does_not_decide() {
    let (header, sound) = mp3_frames();
    let expected = heard(&file("mp3.mp3"));
    // The number of frames stands 8 bytes behind the name, that of bytes 12.
    for (at, number) in [(8, 0), (8, 5), (8, 5000), (12, 0), (12, 50), (12, 1 << 30)] {
        let found = heard(&[changed(&header, at, number), sound.clone()].concat());
        assert!(found == expected, "{number} at {at}: {}", found.len());
    }
    // A flag less: no number of frames, and what follows it stands 4 bytes before.
    let name = header.windows(4).position(|w| w == b"Info").unwrap();
    let mut without = header.clone();
    without[name + 7] &= !1;
    without.drain(name + 8..name + 12);
    without.extend([0; 4]);
    assert!(heard(&[&without[..], &sound].concat()) == expected);
    // Delay and padding are known whether or not the checksum fits, and not where there are none.
    let mut unnamed = header.clone();
    let lame = unnamed.windows(4).position(|w| w == b"Lavf").unwrap();
    unnamed[lame] = b'x';
    assert_eq!(
        heard(&[&unnamed[..], &sound].concat()).len(),
        19 * MP3_SAMPLES
    );
    // Fraunhofer's header: version, delay, quality, bytes, frames.
    let mut vbri = header.clone();
    vbri[4..].fill(0);
    vbri[36..40].copy_from_slice(b"VBRI");
    vbri[41] = 1;
    vbri[46..54].copy_from_slice(&[0, 0, 0, 9, 0, 0, 0, 3]);
    assert_eq!(heard(&[&vbri[..], &sound].concat()).len(), 19 * MP3_SAMPLES);
}

#[test]
fn frames_that_are_missing_are_missed() {
    let (header, sound) = mp3_frames();
    let whole = [&header[..], &sound].concat();
    let adts = file("adts.aac");
    let at = 10 * MP3_FRAME;
    // Frames of ADTS differ in length.
    let len = |at: usize| (usize::from(adts[at + 4]) << 3) | usize::from(adts[at + 5] >> 5);
    let adts_at = (0..5).fold(0, |at, _| at + len(at));
    for (name, whole, at) in [("MP3", &whole, at), ("AAC", &adts, adts_at)] {
        let (before, behind) = whole.split_at(at);
        for (what, damaged) in [
            ("a hole", [before, &[0; 300], &behind[300..]].concat()),
            ("bytes that are lost", [before, &behind[100..]].concat()),
            ("noise between", [before, &noise(50), behind].concat()),
            ("a cut frame", [&before[..at - 50], behind].concat()),
            ("a cut", [before, &behind[..100]].concat()),
            ("a short cut", [before, &behind[..3]].concat()),
            (
                "a cut file before another",
                [&before[..at - 50], whole].concat(),
            ),
        ] {
            let said = say(&damaged);
            let told = ["frames are missing", "within the frame at byte"];
            assert!(
                told.iter().any(|words| said.contains(words)),
                "{name}, {what}: {said}"
            );
            let kept = read(&damaged, true).unwrap();
            assert!(!kept.is_empty(), "{name}, {what}");
        }
    }
    // Between two frames a cut shows only by the encoder's own header.
    let said = say(&whole[..at]);
    assert!(said.contains("counts 19 frames, the file has 9"), "{said}");
    assert_eq!(heard(&sound[..at]).len(), 10 * MP3_SAMPLES);
    let foreign = [changed(&header, 8, 900), sound[..at].to_vec()].concat();
    assert_eq!(heard(&foreign).len(), 10 * MP3_SAMPLES - 1105 - 239);
}

#[test]
fn a_checksum_of_an_mp3_frame_tells_damage() {
    let whole = file("crc.mp3");
    let expected = heard(&whole);
    let frame = |n: usize| {
        let starts = whole
            .windows(3)
            .enumerate()
            .filter(|(_, w)| w[..2] == [0xff, 0xf2] && w[2] & 0xfd == 0x70);
        starts.map(|(at, _)| at).nth(n).unwrap()
    };
    let mut damaged = whole.clone();
    // A gain, in the side information behind the checksum.
    damaged[frame(7) + 9] ^= 0x20;
    let said = say(&damaged);
    assert!(said.contains("the checksum of the frame at byte"), "{said}");
    let kept = read(&damaged, true).unwrap();
    assert!(kept == expected[..kept.len()]);
    // An encoder that leaves zeros in the place of all of them writes none.
    let mut without = whole.clone();
    for n in 1..20 {
        let at = frame(n);
        without[at + 4..at + 6].fill(0);
    }
    assert!(heard(&without) == expected);
}

#[test]
fn noise_and_text_are_no_frames() {
    let said = say(&noise(1 << 21));
    assert!(
        said.contains("nothing that looks like a recording"),
        "{said}"
    );
    let said = say(&[&[0xff, 0xfb, 0x90, 0x64], &noise(1 << 16)[..]].concat());
    assert!(
        said.contains("nothing that looks like a recording"),
        "{said}"
    );
    assert!(say("sound ".repeat(1000).as_bytes()).contains("holds text"));
    // Samples without a header, quiet and loud.
    let quiet: Vec<u8> = (0..100_000_i32)
        .flat_map(|n| (((n * n) % 11 - 5) as i16).to_le_bytes())
        .collect();
    assert!(say(&quiet).contains("nothing that looks like a recording"));
    // Layer III, 44.1 kHz, without a bit rate; every frame has 500 bytes.
    let mut free = [0xff, 0xfb, 0x00, 0xc4].to_vec();
    free.resize(500, 0);
    let said = say(&free.repeat(5));
    assert!(said.contains("MP3 of free format"), "{said}");
}

#[test]
fn layer_2_is_decoded() {
    // 481 samples of delay stay in, as nothing states them.
    let found = heard(&file("mp2.mp2"));
    assert_eq!(found.len() % 1152, 0);
    let reference = heard(&file("reference.flac"));
    let error = error_db(&found[481..481 + 9600], &reference);
    assert!(error < -15.0, "error at {error:.1} dB");
    let said = say(&file("mp2.mp2")[..1000]);
    assert!(
        said.contains("MP2 (MPEG layer 2) that breaks off"),
        "{said}"
    );
}

/// Where the frames of reference.flac begin, and where they end: 8 of 1152 samples, one of 384.
fn flac_frames() -> (Vec<u8>, Vec<usize>) {
    let whole = file("reference.flac");
    let starts = whole
        .windows(2)
        .enumerate()
        .filter(|(_, w)| *w == [0xff, 0xf8]);
    let mut borders: Vec<usize> = starts.map(|(at, _)| at).collect();
    assert_eq!(borders.len(), 9);
    borders.push(whole.len());
    (whole, borders)
}

/// A FLAC with the numbers of its header changed: of samples (0 where unknown), and of the smallest and largest block.
fn with_header(whole: &[u8], samples: u32, blocks: [u8; 4]) -> Vec<u8> {
    let mut changed = whole.to_vec();
    changed[8..12].copy_from_slice(&blocks);
    changed[22..26].copy_from_slice(&samples.to_be_bytes());
    changed
}

#[test]
fn frames_of_a_flac_decide_not_its_header() {
    let (whole, borders) = flac_frames();
    let expected = heard(&whole);
    assert_eq!(expected.len(), 9600);
    let block = [4, 0x80, 4, 0x80];
    for (what, changed) in [
        (
            "smallest block 0",
            with_header(&whole, 9600, [0, 0, 4, 0x80]),
        ),
        ("blocks 17", with_header(&whole, 9600, [0, 17, 0, 17])),
        ("blocks 0", with_header(&whole, 9600, [0; 4])),
        ("no number of samples", with_header(&whole, 0, block)),
        ("too few samples", with_header(&whole, 400, block)),
        ("no header", whole[borders[0]..].to_vec()),
    ] {
        assert!(heard(&changed) == expected, "{what}");
    }
    // Frames copied from the middle of a file, under its header.
    let middle = [&whole[..borders[0]], &whole[borders[3]..borders[7]]].concat();
    assert!(heard(&middle) == expected[3 * 1152..7 * 1152]);
    // From the start, fewer than promised: a fault, but where FFmpeg copied the promise.
    let start = &whole[..borders[5]];
    let said = say(start);
    assert!(
        said.contains("promises 9600 samples, the file has 5760"),
        "{said}"
    );
    let name = start.windows(6).position(|w| w == b"ffmpeg").unwrap();
    let mut copied = start.to_vec();
    copied[name..name + 6].copy_from_slice(b"Lavf60");
    assert!(heard(&copied) == expected[..5760]);
    // The checksum of all samples, and those of frames.
    let mut damaged = whole.clone();
    damaged[30] ^= 1;
    assert!(say(&damaged).contains("checksum of the decoded samples"));
    let mut damaged = whole.clone();
    damaged[borders[3] + 700] ^= 1;
    let said = say(&damaged);
    assert!(
        said.contains("frame at byte 12157 is cut or damaged"),
        "{said}"
    );
    assert!(read(&damaged, true).unwrap() == expected[..3 * 1152]);
    let lost = [&whole[..borders[3]], &whole[borders[4]..]].concat();
    assert!(say(&lost).contains("frames are missing before the one at byte"));
    let hole = [&whole[..borders[3]], &[0; 1775], &whole[borders[4]..]].concat();
    assert!(say(&hole).contains("frames are missing before the one at byte"));
    // A first frame that is damaged is no cut on purpose.
    let mut damaged = whole.clone();
    damaged[borders[0] + 4] ^= 1;
    assert!(say(&damaged).contains("frames are missing: between"));
    for cut in [1, 2, 3, 50] {
        let said = say(&whole[..borders[4] + cut]);
        assert!(
            said.contains("frame at byte") || said.contains("promises"),
            "{said}"
        );
    }
}
