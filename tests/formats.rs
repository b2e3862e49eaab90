//! The same 0.6 s of speech in every container and sample format; `tests/audio/make.sh` made them.

use std::path::PathBuf;

use sentire::audio::{self, Rate, ReadOptions, Recording};
use sentire::catalogue::FeatureSet;
use sentire::features::Extractor;

use crate::sandbox::{repository, silent_flac, wav};

fn path(name: &str) -> PathBuf {
    repository("tests/audio").join(name)
}

fn read(name: &str) -> Recording {
    audio::read(path(name), &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// Root mean square of the difference over that of the reference, in dB.
fn error_db(found: &[f32], expected: &[f32]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let power = |x: &mut dyn Iterator<Item = f64>| x.map(|x| x * x).sum::<f64>();
    let error = power(&mut found.iter().zip(expected).map(|(a, b)| f64::from(a - b)));
    10.0 * (error / power(&mut expected.iter().map(|&x| f64::from(x)))).log10()
}

#[test]
fn lossless_formats_hold_the_same_sound() {
    let reference = read("reference.flac");
    assert_eq!(reference.audio.samples.len(), 9600);
    for name in [
        "s16.wav",
        "s24.wav",
        "s32.wav",
        "f32.wav",
        "aiff.aiff",
        "sowt.aiff",
        "pcm.caf",
        "alac.caf",
        "alac.m4a",
        "timit.wav",
        "big_endian.sph",
    ] {
        let found = read(name);
        assert_eq!(found.audio.samples, reference.audio.samples, "{name}");
        assert_eq!(found.audio_hash, reference.audio_hash, "{name}");
    }
    // The first 0.4 s of it.
    assert_eq!(
        read("fl32.aiff").audio.samples,
        reference.audio.samples[..6400]
    );
    // The same mu-law bytes, by ffmpeg.
    assert_eq!(read("ulaw.aiff").audio_hash, read("mulaw.wav").audio_hash);
}

#[test]
fn lossy_formats_hold_it_within_their_loss() {
    let reference = read("reference.flac");
    // 8 linear bits: no sample is off by more than a step.
    let samples = read("u8.wav").audio.samples;
    let largest = samples
        .iter()
        .zip(&reference.audio.samples)
        .map(|(a, b)| (a - b).abs());
    assert!(largest.fold(0.0, f32::max) <= 1.0 / 128.0);
    // G.711 keeps 38 dB between speech and the error; 4 bits of ADPCM keep about 20. All of them to
    // the sample: the padding of the last block is cut.
    for (name, bound_db) in [
        ("mulaw.wav", -30.0),
        ("alaw.wav", -30.0),
        ("ulaw.aiff", -30.0),
        ("mulaw.sph", -30.0),
        ("adpcm_ms.wav", -15.0),
        ("adpcm_ima.wav", -15.0),
        ("ima4.caf", -17.0),
    ] {
        let error = error_db(&read(name).audio.samples, &reference.audio.samples);
        assert!(error < bound_db, "{name}: error at {error:.1} dB");
    }
    // Encoder delay and padding are taken off: same length, and the waveform still in place.
    // At -10 dB the waveform cannot be shifted by more than two samples or so. Opus in SILK and at
    // 32 kb/s keeps the sound rather than the waveform: -4 dB there.
    for (name, bound_db) in [
        ("mp3.mp3", -10.0),
        ("vorbis.ogg", -10.0),
        ("vorbis.webm", -10.0),
        ("aac.m4a", -20.0),
        ("fragmented.mp4", -20.0),
        ("music.opus", -10.0),
        ("opus.webm", -10.0),
        ("opus.mp4", -10.0),
        ("browser.webm", -4.0),
        ("messenger.ogg", -4.0),
    ] {
        let found = read(name).audio.samples;
        assert!(
            found.len().abs_diff(9600) <= 160,
            "{name}: {} samples",
            found.len()
        );
        let n = found.len().min(9600);
        let error = error_db(&found[..n], &reference.audio.samples[..n]);
        assert!(error < bound_db, "{name}: error at {error:.1} dB");
    }
}

#[test]
fn codecs_of_telephones_are_decoded_to_the_bit() {
    let native = ReadOptions {
        rate: Rate::Native,
        ..ReadOptions::default()
    };
    let read = |bytes: Vec<u8>| audio::read_bytes(bytes, "x", &native);
    let stored = |name: &str| std::fs::read(path(name)).unwrap();
    let say = |bytes: Vec<u8>| read(bytes).unwrap_err().to_string();
    // What the reference decoders make of them: libgsm 1.0.22.
    for (name, reference, sample_rate, seconds) in [
        ("gsm.gsm", "gsm.flac", 8000, 0.6),
        ("gsm.wav", "gsm.flac", 8000, 0.6),
    ] {
        let [found, expected] = [name, reference].map(|name| read(stored(name)).unwrap());
        assert_eq!(
            (found.sample_rate, found.duration_s),
            (sample_rate, seconds),
            "{name}"
        );
        assert_eq!(found.audio_hash, expected.audio_hash, "{name}");
    }
    // The number of samples that `fact` states, from byte 48 on: 100 fewer than those of all blocks.
    let mut shorter = stored("gsm.wav");
    assert_eq!(shorter[40..44], *b"fact");
    shorter[48..52].copy_from_slice(&4700_u32.to_le_bytes());
    let shorter = read(shorter).unwrap().audio.samples;
    let whole = read(stored("gsm.flac")).unwrap().audio.samples;
    assert_eq!(shorter, whole[..4700]);
    // The same frames in other containers.
    let frames = stored("gsm.gsm");
    let number = |n: usize| (n as u32).to_be_bytes();
    let aiff = [
        &b"FORM\0\0\0\0AIFCCOMM\0\0\0\x18\0\x01\0\0\x12\xc0\0\x10"[..],
        // 8000 as a float of 80 bits.
        b"\x40\x0b\xfa\0\0\0\0\0\0\0GSM \0\0SSND",
        &number(8 + frames.len()),
        &[0; 8],
        &frames,
    ];
    let caf = [
        &b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20"[..],
        &8000_f64.to_be_bytes(),
        b"agsm",
        &[0, 33, 160, 1, 0].map(number).concat(),
        b"data\0\0\0\0",
        &number(4 + frames.len()),
        &[0; 4],
        &frames,
    ];
    for bytes in [aiff.concat(), caf.concat()] {
        assert_eq!(read(bytes).unwrap().audio.samples, whole);
    }
    // Cut, and damaged.
    let cut = |name: &str| stored(name)[..stored(name).len() - 1].to_vec();
    assert!(say(cut("gsm.gsm")).contains("after 0.58 s: its last frame has 32 of 33 bytes"));
    assert!(say(cut("gsm.wav")).contains("its header promises"));
    let mut other = stored("gsm.gsm");
    other.extend([0; 33 * 200]);
    other[33 * 150..][..33].fill(0x55);
    assert!(say(other).contains("holds nothing"), "no GSM");
    let mut late = stored("gsm.gsm").repeat(5);
    late[33 * 140] = 0x0d;
    let said = say(late);
    assert!(
        said.contains("frame 140 begins with 0x0d; expected 0xd0 to 0xdf"),
        "{said}"
    );
    let mut two = stored("gsm.wav");
    two[22] = 2;
    let said = say(two);
    assert!(
        said.contains("GSM 6.10 in 2 channels and blocks of 65 bytes"),
        "{said}"
    );
}

#[test]
fn opus_is_decoded_to_48_khz_in_all_its_channels() {
    let reference = read("reference.flac").audio.samples;
    let pick = |name: &str, channel| {
        let options = ReadOptions {
            channel: Some(channel),
            ..ReadOptions::default()
        };
        audio::read(path(name), &options).unwrap()
    };
    // The clip on the left, half of it on the right, SILK in stereo with in-band FEC.
    let (left, right) = (pick("stereo_fec.opus", 0), pick("stereo_fec.opus", 1));
    assert_eq!((left.sample_rate, left.channels), (48_000, 2));
    let half: Vec<f32> = reference.iter().map(|x| x / 2.0).collect();
    for (name, found, expected) in [("left", &left, &reference), ("right", &right, &half)] {
        let error = error_db(&found.audio.samples, expected);
        assert!(error < -4.0, "{name}: error at {error:.1} dB");
    }
    // 5.1: the clip in the front left, which is the first channel, and silence elsewhere.
    let front_left = pick("surround.opus", 0);
    assert_eq!(front_left.channels, 6);
    let error = error_db(&front_left.audio.samples, &reference);
    assert!(error < -4.0, "front left: error at {error:.1} dB");
    let loudest = pick("surround.opus", 5).audio.samples;
    assert!(loudest.iter().all(|x| x.abs() < 1e-3));
    // An output gain of -6.02 dB, which is -1541 in steps of 1/256 dB, halves every sample. It
    // stands in bytes 16 and 17 of the identification header.
    let mut quiet = std::fs::read(path("opus.webm")).unwrap();
    let head = quiet.windows(8).position(|w| w == b"OpusHead").unwrap();
    quiet[head + 16..head + 18].copy_from_slice(&(-1541_i16).to_le_bytes());
    let quiet = audio::read_bytes(quiet, "x", &ReadOptions::default()).unwrap();
    let half: Vec<f32> = read("opus.webm").audio.samples;
    let half: Vec<f32> = half.iter().map(|x| x / 2.0).collect();
    assert!(error_db(&quiet.audio.samples, &half) < -60.0);
}

#[test]
fn adts_states_no_delay_so_it_stays_in() {
    // FFmpeg's encoder puts 1024 samples before the recording and pads the last frame of 1024.
    let found = read("adts.aac").audio.samples;
    assert_eq!(found.len(), 11 * 1024);
    let expected = read("aac.m4a").audio.samples;
    assert_eq!(found[1024..1024 + 9600], expected);
}

#[test]
fn formats_that_are_not_decoded_are_named_with_the_remedy() {
    let say = |bytes: &[u8]| {
        audio::read_bytes(bytes.to_vec(), "x", &ReadOptions::default())
            .unwrap_err()
            .to_string()
    };
    for (name, words) in [
        ("named_wma.wma", "Windows Media (WMA)"),
        ("named_speex.ogg", "Speex in Ogg"),
        ("named_wavpack.wv", "WavPack"),
        ("named_tta.tta", "True Audio (TTA)"),
    ] {
        let said = say(&std::fs::read(path(name)).unwrap());
        assert!(said.contains(words), "{name}: {said}");
        assert!(said.contains("`ffmpeg -i FILE out.flac`"), "{name}: {said}");
    }
    for (bytes, words) in [
        (b"#!AMR\n\x3c".as_slice(), "holds AMR;"),
        (b"#!AMR-WB\n", "holds AMR-WB;"),
        (b"\x02#!SILK_V3", "SILK"),
        (b"MAC \x96\x0f", "Monkey's Audio"),
        (b"MPCKSH", "Musepack"),
        (b".RMF\0\0", "RealMedia"),
        (b"DSD \x1c", "DSD"),
    ] {
        let said = say(bytes);
        assert!(said.contains(words), "{said}");
        // Its pauses are lost by the usual way.
        assert_eq!(
            said.contains("`sox x.amr out.flac`"),
            words.contains("AMR"),
            "{said}"
        );
    }
    // HE-AAC, by its decoder configuration: object type 5 in the upper 5 bits, where 2 is plain AAC
    // (the byte 0x14 behind the descriptor's tag 5 and length).
    let mut bytes = std::fs::read(path("aac.m4a")).unwrap();
    let tag = b"\x05\x80\x80\x80";
    let at = bytes.windows(4).position(|w| w == tag).unwrap() + 5;
    assert_eq!(bytes[at] >> 3, 2);
    bytes[at] = 5 << 3 | bytes[at] & 7;
    let said = say(&bytes);
    assert!(said.contains("MPEG-4 with HE-AAC"), "{said}");
}

#[test]
fn the_content_picks_the_decoder() {
    let sandbox = crate::sandbox::Sandbox::new();
    let wrong = sandbox.write("sound.mp3", std::fs::read(path("reference.flac")).unwrap());
    assert_eq!(
        audio::read(&wrong, &ReadOptions::default()).unwrap(),
        read("reference.flac")
    );
}

#[test]
fn channels_of_an_extensible_wav_are_averaged_or_picked() {
    let reference = read("reference.flac").audio.samples;
    let mean = read("extensible.wav");
    assert_eq!(mean.channels, 2);
    let half: Vec<f32> = reference.iter().map(|x| x / 2.0).collect();
    assert!(error_db(&mean.audio.samples, &half) < -80.0);
    let left = ReadOptions {
        channel: Some(0),
        ..ReadOptions::default()
    };
    let left = audio::read(path("extensible.wav"), &left)
        .unwrap()
        .audio
        .samples;
    assert!(error_db(&left, &reference) < -80.0);
}

#[test]
fn other_sample_rates_come_back_to_16_khz() {
    let reference = read("reference.flac").audio.samples;
    for rate in [44100, 48000, 192000] {
        let found = read(&format!("rate{rate}.flac"));
        assert_eq!((found.sample_rate, found.audio.sample_rate), (rate, 16000));
        assert_eq!(found.audio.samples.len(), 9600, "{rate}");
        // What the filters of both resamplers leave between 7.5 and 8 kHz is all that differs.
        let error = error_db(&found.audio.samples, &reference);
        assert!(error < -20.0, "{rate} Hz: error at {error:.1} dB");
    }
    let telephone = read("rate8000.flac");
    assert_eq!(
        (telephone.sample_rate, telephone.audio.samples.len()),
        (8000, 9600)
    );
    let native = ReadOptions {
        rate: Rate::Native,
        ..ReadOptions::default()
    };
    let native = audio::read(path("rate48000.flac"), &native).unwrap().audio;
    assert_eq!((native.sample_rate, native.samples.len()), (48000, 28800));
}

#[test]
fn features_hardly_depend_on_the_container() {
    let mut extractor = Extractor::new(&[FeatureSet::RICH]);
    let names: Vec<String> = FeatureSet::RICH.names().collect();
    let mut features = |name: &str| extractor.functionals(&read(name).audio);
    let reference = features("reference.flac");
    let get = |values: &[f32], name: &str| values[names.iter().position(|n| n == name).unwrap()];
    for name in [
        "s16.wav",
        "s24.wav",
        "s32.wav",
        "f32.wav",
        "alac.m4a",
        "alac.caf",
        "pcm.caf",
        "aiff.aiff",
        "sowt.aiff",
        "timit.wav",
        "big_endian.sph",
    ] {
        let same = features(name)
            .iter()
            .zip(&reference)
            .all(|(a, b)| a.to_bits() == b.to_bits());
        assert!(same, "{name}");
    }
    for name in [
        "mulaw.wav",
        "mp3.mp3",
        "vorbis.ogg",
        "rate44100.flac",
        "rate192000.flac",
        "aac.m4a",
        "music.opus",
        "opus.webm",
        "adpcm_ms.wav",
        "ima4.caf",
    ] {
        let found = features(name);
        for (feature, bound) in [
            ("f0_hz_p50", 1.0),
            ("log_energy_db_p90", 0.5),
            ("mfcc_1_p50", 8.0),
            ("f0_hz_p90", 1.0),
            ("f0_semitone_p50", 0.1),
            ("voicing_p50", 0.05),
            ("hnr_db_p50", 0.5),
            ("rms_p90", 0.02),
            ("log_mel_4_db_p90", 1.0),
            ("log_mel_8_db_p90", 1.0),
            ("log_mel_12_db_p90", 1.0),
            ("mfcc_2_p50", 4.0),
            ("mfcc_3_p50", 4.0),
        ] {
            let difference = (get(&found, feature) - get(&reference, feature)).abs();
            assert!(
                difference < bound,
                "{name}: {feature} differs by {difference}"
            );
        }
    }
}

#[test]
fn a_flipped_bit_or_a_cut_is_never_half_used() {
    // Ogg has checksums in its pages, FLAC in its frames and its header: no single flip may pass,
    // nor a cut within a page or a frame. An MP3 without an encoder's header has none; a cut within a frame shows all the
    // same.
    let refused = |bytes: Vec<u8>| audio::read_bytes(bytes, "x", &ReadOptions::default()).is_err();
    for name in ["vorbis.ogg", "reference.flac"] {
        let whole = std::fs::read(path(name)).unwrap();
        for at in (0..whole.len()).step_by(whole.len() / 40) {
            // Flips in a FLAC's metadata blocks other than the first harm no sample.
            if name.ends_with("flac") && at < 8192 + 86 {
                continue;
            }
            let mut flipped = whole.clone();
            flipped[at] ^= 0x04;
            assert!(refused(flipped), "{name}: byte {at} flipped");
            assert!(refused(whole[..at].to_vec()), "{name}: cut at {at}");
        }
    }
    for name in ["mp3.mp3", "adts.aac"] {
        let whole = std::fs::read(path(name)).unwrap();
        for share in [3, 5, 7, 9] {
            assert!(
                refused(whole[..whole.len() * share / 10].to_vec()),
                "{name} cut at {share} tenths"
            );
        }
    }
    // Ogg has checksums whatever it holds. The other containers have none, but each says how long
    // it is, or at least each of its parts does.
    let opus = std::fs::read(path("messenger.ogg")).unwrap();
    for at in (0..opus.len()).step_by(31) {
        let mut flipped = opus.clone();
        flipped[at] ^= 0x10;
        assert!(refused(flipped), "messenger.ogg: byte {at} flipped");
    }
    for name in [
        "messenger.ogg",
        "aiff.aiff",
        "pcm.caf",
        "alac.caf",
        "ima4.caf",
        "adpcm_ms.wav",
        "alac.m4a",
        "aac.m4a",
        "fragmented.mp4",
        "opus.webm",
        "opus.mp4",
        "browser.webm",
        "timit.wav",
        "mulaw.sph",
    ] {
        let whole = std::fs::read(path(name)).unwrap();
        for share in 1..20 {
            let cut = whole[..whole.len() * share / 20].to_vec();
            assert!(refused(cut), "{name} cut at {share} twentieths");
        }
        assert!(refused(whole[..whole.len() - 1].to_vec()), "{name}");
    }
}

#[test]
fn what_decoded_of_a_cut_file_can_be_kept() {
    let accept = ReadOptions {
        accept_truncated: true,
        ..ReadOptions::default()
    };
    let reference = read("reference.flac").audio.samples;
    for (name, lossless) in [
        ("aiff.aiff", true),
        ("pcm.caf", true),
        ("timit.wav", true),
        ("browser.webm", false),
        ("fragmented.mp4", false),
        ("adts.aac", false),
    ] {
        let whole = std::fs::read(path(name)).unwrap();
        let cut = whole[..whole.len() * 3 / 4].to_vec();
        let kept = audio::read_bytes(cut, name, &accept).unwrap_or_else(|e| panic!("{e}"));
        assert!(kept.truncated, "{name}");
        let n = kept.audio.samples.len();
        assert!((2400..9600).contains(&n), "{name}: {n} samples");
        if lossless {
            assert_eq!(kept.audio.samples, reference[..n], "{name}");
        }
    }
}

#[test]
fn no_damage_brings_the_program_down() {
    // Bytes overwritten one at a time and in runs: an error or a recording, never a panic, and no
    // memory taken for lengths that a header merely claims.
    for entry in std::fs::read_dir(repository("tests/audio")).unwrap() {
        let path = entry.unwrap().path();
        let whole = std::fs::read(&path).unwrap();
        for at in (0..whole.len().min(700)).step_by(7) {
            for run in [1, 4] {
                let mut damaged = whole.clone();
                let end = (at + run).min(damaged.len());
                damaged[at..end].fill(0xff);
                let accept = ReadOptions {
                    rate: Rate::Native,
                    accept_truncated: true,
                    ..ReadOptions::default()
                };
                match audio::read_bytes(damaged, "x", &accept) {
                    // A panic is caught and becomes an internal error.
                    Err(error) => {
                        let said = error.to_string();
                        assert!(
                            !said.contains("internal error"),
                            "{}, byte {at}: {said}",
                            path.display()
                        );
                    }
                    // Every file here holds less than 2 s at 192 kHz; ADPCM has two samples a byte,
                    // packed silence more.
                    Ok(recording) => {
                        let n = recording.audio.samples.len();
                        assert!(
                            (1..400_000).contains(&n),
                            "{}, byte {at}: {n} samples",
                            path.display()
                        );
                    }
                }
            }
        }
    }
}

#[test]
fn absurd_headers_and_samples_are_refused() {
    let wav = std::fs::read(path("f32.wav")).unwrap();
    let say = |bytes: Vec<u8>| {
        audio::read_bytes(bytes, "x", &ReadOptions::default())
            .unwrap_err()
            .to_string()
    };
    let mut rate = wav.clone();
    rate[24..28].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(say(rate).contains("expected 1000 to 768000 Hz"));
    let len = wav.len();
    for (value, word) in [(1e30_f32, "is 100000"), (f32::NAN, "NaN")] {
        let mut loud = wav.clone();
        loud[len - 400..len - 396].copy_from_slice(&value.to_le_bytes());
        let said = say(loud);
        assert!(
            said.contains(word) && said.contains("between -1 and 1"),
            "{said}"
        );
    }
}

#[test]
fn an_empty_wav_with_a_chunk_behind_is_empty() {
    let mut bytes =
        b"RIFF\x50\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0\x02\0\x10\0".to_vec();
    bytes.extend(b"data\0\0\0\0LIST\x20\0\0\0");
    bytes.extend([65; 32]);
    let refused = audio::read_bytes(bytes, "x", &ReadOptions::default())
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("without a single whole sample"),
        "{refused}"
    );
}

fn say(bytes: &[u8]) -> String {
    audio::read_bytes(bytes.to_vec(), "x", &ReadOptions::default())
        .unwrap_err()
        .to_string()
}

fn samples(bytes: &[u8]) -> Vec<f32> {
    audio::read_bytes(bytes.to_vec(), "x", &ReadOptions::default())
        .unwrap_or_else(|error| panic!("{error}"))
        .audio
        .samples
}

/// A tag of ID3v2 with 20 bytes of padding.
const ID3V2: [u8; 30] = {
    let mut tag = [0; 30];
    (tag[0], tag[1], tag[2], tag[3], tag[9]) = (b'I', b'D', b'3', 4, 20);
    tag
};

#[test]
fn tags_around_a_recording_change_nothing() {
    let mut id3v1 = b"TAG".to_vec();
    id3v1.resize(128, b' ');
    // No items: the footer alone.
    let mut ape = b"APETAGEX".to_vec();
    ape.extend([0xd0, 7, 0, 0, 32, 0, 0, 0]);
    ape.resize(32, 0);
    for name in [
        "s16.wav",
        "reference.flac",
        "aiff.aiff",
        "mp3.mp3",
        "adts.aac",
        "aac.m4a",
        "opus.webm",
        "music.opus",
        "vorbis.ogg",
        "timit.wav",
    ] {
        let bare = std::fs::read(path(name)).unwrap();
        let expected = samples(&bare);
        let before = [&ID3V2[..], &bare].concat();
        assert_eq!(samples(&before), expected, "{name} behind ID3v2");
        // The first half, as a file that broke off.
        let cut = &before[..ID3V2.len() + bare.len() / 2];
        assert!(
            audio::read_bytes(cut.to_vec(), "x", &ReadOptions::default()).is_err(),
            "{name} cut behind ID3v2"
        );
        let behind = [&bare[..], &ape, &id3v1].concat();
        if !matches!(name, "s16.wav" | "aiff.aiff" | "timit.wav") {
            assert_eq!(samples(&behind), expected, "{name} before ID3v1 and APE");
        }
    }
    let said = say(&ID3V2);
    assert!(said.contains("no recording behind it"), "{said}");
}

#[test]
fn a_fragment_without_its_samples_is_missed() {
    let whole = std::fs::read(path("fragmented.mp4")).unwrap();
    let mdat = whole.windows(4).rposition(|w| w == b"mdat").unwrap() - 4;
    let said = say(&whole[..mdat]);
    assert!(said.contains("fragment (`moof`) are missing"), "{said}");
    let said = say(&whole[..mdat + 5]);
    assert!(said.contains("within the header of a box"), "{said}");
}

/// A CAF of 16 kHz mono: its format, bytes a sample, bits, sound and what follows it.
fn caf(codec: &[u8; 4], width: u32, bits: u32, sound: &[u8], behind: &[u8]) -> Vec<u8> {
    let mut bytes = b"caff\0\x01\0\0desc\0\0\0\0\0\0\0\x20".to_vec();
    bytes.extend(16_000_f64.to_be_bytes());
    bytes.extend(codec);
    for field in [0, width, 1, 1, bits] {
        bytes.extend(u32::to_be_bytes(field));
    }
    bytes.extend(b"data");
    bytes.extend((sound.len() as u64 + 4).to_be_bytes());
    bytes.extend([0; 4]);
    bytes.extend(sound);
    bytes.extend(behind);
    bytes
}

#[test]
fn caf_of_odd_length_with_a_pad_byte_is_whole() {
    // Three samples of 24 bits; SoX puts a zero behind them.
    let sound = [0x40, 0, 0, 0xc0, 0, 0, 0x20, 0, 0];
    let padded = caf(b"lpcm", 3, 24, &sound, &[0]);
    assert_eq!(samples(&padded), [0.5, -0.5, 0.25]);
    let chunk = caf(b"lpcm", 3, 24, &sound, b"free\0\0\0\0\0\0\0\x02ab");
    assert_eq!(samples(&chunk), [0.5, -0.5, 0.25]);
    let cut = say(&caf(b"lpcm", 3, 24, &sound, b"free\0\0"));
    assert!(cut.contains("within the chunk behind"), "{cut}");
}

#[test]
fn caf_of_mu_law_and_a_law_is_decoded() {
    // Tables of G.711: the loudest codes and the quietest.
    let mu_law = caf(b"ulaw", 1, 8, &[0x80, 0x00, 0xff], &[0]);
    assert_eq!(
        samples(&mu_law),
        [32124.0, -32124.0, 0.0].map(|x| x / 32768.0)
    );
    let a_law = caf(b"alaw", 1, 8, &[0xaa, 0x2a, 0xd5, 0xd5], &[]);
    assert_eq!(
        samples(&a_law),
        [32256.0, -32256.0, 8.0, 8.0].map(|x| x / 32768.0)
    );
}

#[test]
fn codecs_are_named_where_they_are_the_cause() {
    let said = say(&caf(b"QDM2", 1, 8, &[0; 8], &[]));
    assert!(said.contains("CAF with QDM2, which is not"), "{said}");
    // 5.1: channel configuration 6 in the decoder configuration.
    let mut m4a = std::fs::read(path("aac.m4a")).unwrap();
    let at = m4a
        .windows(4)
        .position(|w| w == b"\x05\x80\x80\x80")
        .unwrap()
        + 6;
    assert_eq!(m4a[at] >> 3 & 15, 1);
    m4a[at] = m4a[at] & 0x87 | 6 << 3;
    let said = say(&m4a);
    assert!(said.contains("MPEG-4 with AAC of 6 channels"), "{said}");
}

#[test]
fn a_second_recording_in_a_file_is_not_dropped_silently() {
    // Those of MP3, Ogg and WebM are all read: tests/frames.rs, tests/containers.rs.
    for name in ["s16.wav", "aiff.aiff"] {
        let one = std::fs::read(path(name)).unwrap();
        let said = say(&[&one[..], &one].concat());
        let expected = format!("another recording begins at byte {}", one.len());
        assert!(said.contains(&expected), "{name}: {said}");
    }
}

#[test]
fn a_header_that_promises_more_than_is_read_is_refused_at_once() {
    // The number of samples in a FLAC: the low 4 bits of byte 21 and the four bytes behind it.
    let mut flac = std::fs::read(path("reference.flac")).unwrap();
    flac[21] |= 0x0f;
    let said = say(&flac);
    assert!(
        said.contains("expected at most 536870912 in all; cut it into parts"),
        "{said}"
    );
}

#[test]
fn a_limit_of_length_holds_before_all_is_decoded() {
    let limit = |max_duration_s| ReadOptions {
        max_duration_s: Some(max_duration_s),
        ..ReadOptions::default()
    };
    let minute = silent_flac(60, true);
    let read = audio::read_bytes(minute.clone(), "minute.flac", &limit(62.0)).unwrap();
    assert!((60.0..62.0).contains(&read.duration_s));
    assert!(audio::read_bytes(minute, "minute.flac", &limit(59.0)).is_err());
    // 60 hours in 200 kB, of which nothing would remain if they were decoded first.
    for states_length in [false, true] {
        let bomb = silent_flac(60 * 3600, states_length);
        assert!(bomb.len() < 1 << 20);
        let refused = audio::read_bytes(bomb, "bomb.flac", &limit(600.0)).unwrap_err();
        let said = refused.to_string();
        assert!(said.starts_with("bomb.flac: FLAC "), "{said}");
        assert!(
            states_length || said.contains("too long: expected at most 600 s"),
            "{said}"
        );
    }
    // Many channels at a high rate are bounded by their samples: 4 s of them count as more than 5.
    let wide = wav(&vec![0; 4 * 8 * 48_000], 8, 48_000);
    assert!(audio::read_bytes(wide.clone(), "wide.wav", &limit(5.0)).is_err());
    assert!(audio::read_bytes(wide, "wide.wav", &limit(17.0)).is_ok());
    // The other decoder.
    let sphere = [
        &b"NIST_1A\n   1024\nsample_rate -i 8000\nsample_coding -s4 ulaw\nend_head\n"[..],
        &[b' '; 1024],
    ]
    .concat();
    let sphere = [&sphere[..1024], &[0xff; 16_000]].concat();
    assert!(audio::read_bytes(sphere.clone(), "x.sph", &limit(2.0)).is_ok());
    assert!(audio::read_bytes(sphere, "x.sph", &limit(1.9)).is_err());
}

#[test]
fn a_file_is_read_alike_in_memory_and_on_the_disk() {
    let little = ReadOptions {
        most_in_memory: 1000,
        ..ReadOptions::default()
    };
    let folder = std::fs::read_dir(path("")).unwrap();
    let files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() > 10);
    for file in files {
        let [whole, apart] = [ReadOptions::default(), little]
            .map(|options| audio::read(&file, &options).map_err(|error| error.to_string()));
        // NaN equals NaN in words.
        assert!(
            format!("{whole:?}") == format!("{apart:?}"),
            "{}",
            file.display()
        );
    }
}
