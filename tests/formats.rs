//! The same 0.6 s of speech in every container and sample format; `tests/audio/make.sh` made them.

use std::path::PathBuf;

use sentire::audio::{self, Rate, ReadOptions, Recording};
use sentire::features::{Extractor, FeatureSet};

use crate::sandbox::repository;

fn path(name: &str) -> PathBuf {
    repository("tests/audio").join(name)
}

fn read(name: &str) -> Recording {
    audio::read(&path(name), &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}"))
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
    for name in ["s16.wav", "s24.wav", "s32.wav", "f32.wav"] {
        let found = read(name);
        assert_eq!(found.audio.samples, reference.audio.samples, "{name}");
        assert_eq!(found.audio_hash, reference.audio_hash, "{name}");
    }
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
    // G.711 keeps 38 dB between speech and the error.
    for (name, bound_db) in [("mulaw.wav", -30.0), ("alaw.wav", -30.0)] {
        let error = error_db(&read(name).audio.samples, &reference.audio.samples);
        assert!(error < bound_db, "{name}: error at {error:.1} dB");
    }
    // Encoder delay and padding are taken off: same length, and the waveform still in place.
    for (name, bound_db) in [("mp3.mp3", -10.0), ("vorbis.ogg", -10.0)] {
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
    let left = audio::read(&path("extensible.wav"), &left)
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
    let native = audio::read(&path("rate48000.flac"), &native).unwrap().audio;
    assert_eq!((native.sample_rate, native.samples.len()), (48000, 28800));
}

#[test]
fn features_hardly_depend_on_the_container() {
    let mut extractor = Extractor::new(&[FeatureSet::Rich]);
    let names: Vec<String> = FeatureSet::Rich
        .features()
        .into_iter()
        .map(|f| f.name)
        .collect();
    let mut features = |name: &str| extractor.functionals(&read(name).audio);
    let reference = features("reference.flac");
    let get = |values: &[f32], name: &str| values[names.iter().position(|n| n == name).unwrap()];
    for name in ["s24.wav", "f32.wav"] {
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
    ] {
        let found = features(name);
        for (feature, bound) in [
            ("f0_hz_p50", 1.0),
            ("log_energy_db_p90", 0.5),
            ("mfcc_1_p50", 5.0),
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
    // nor a cut. An MP3 without an encoder's header has none; a cut within a frame shows all the
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
    let whole = std::fs::read(path("mp3.mp3")).unwrap();
    for share in [3, 5, 7, 9] {
        assert!(
            refused(whole[..whole.len() * share / 10].to_vec()),
            "mp3 cut at {share} tenths"
        );
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
