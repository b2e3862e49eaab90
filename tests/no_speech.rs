//! Sounds in which nobody speaks are never answered for sure; recordings in which somebody does are answered as
//! before.

use std::f64::consts::TAU;

use sentire::audio::{self, ReadOptions, Segmentation};
use sentire::dsp::speech::has_speech;
use sentire::predict::Predictor;
use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, demo_clip, repository, wav, with_demo_features};

/// A sound of so many seconds, of which `at` says the sample at a time in seconds.
fn sound(seconds: f64, rate: u32, mut at: impl FnMut(f64) -> f64) -> Vec<i16> {
    (0..(seconds * f64::from(rate)) as usize)
        .map(|i| (32_767.0 * at(i as f64 / f64::from(rate)).clamp(-1.0, 1.0)).round() as i16)
        .collect()
}

/// The sum of sines of these frequencies in Hz, of an amplitude of 0.2 each.
fn tones(t: f64, frequencies: &[f64]) -> f64 {
    let sines = frequencies.iter().map(|hz| (TAU * hz * t).sin());
    0.2 * sines.sum::<f64>()
}

/// On for `on` seconds, off for `off`, again and again.
fn is_on(t: f64, on: f64, off: f64) -> bool {
    t % (on + off) < on
}

/// Noise of unit variance: uniform numbers of Numerical Recipes' quick generator.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (f64::from(self.0) / f64::from(u32::MAX) - 0.5) * 12_f64.sqrt()
    }
}

/// Noise that falls by 3 dB an octave (pink, after P. Kellet's three filters).
struct Pink([f64; 3], Noise);

impl Pink {
    fn next(&mut self) -> f64 {
        let white = self.1.next();
        let [a, b, c] = &mut self.0;
        *a = 0.99765 * *a + white * 0.0990460;
        *b = 0.96300 * *b + white * 0.2965164;
        *c = 0.57000 * *c + white * 1.0526913;
        (*a + *b + *c + white * 0.1848) / 3.0
    }
}

type Sounds = Vec<(String, Vec<i16>)>;

/// Sounds without speech, by name.
fn without_speech(rate: u32) -> Sounds {
    [nearly_silent(rate), signals(rate), noises(rate)].concat()
}

/// How long the sounds are, unless they are called otherwise.
const SECONDS: f64 = 2.5;

/// Next to nothing.
fn nearly_silent(rate: u32) -> Sounds {
    let mut sounds = Sounds::new();
    let mut add = |name: &str, samples: Vec<i16>| sounds.push((name.to_string(), samples));
    let silence = vec![0; (SECONDS * f64::from(rate)) as usize];
    let with = |samples: &[i16], at: &dyn Fn(usize) -> Option<i16>| -> Vec<i16> {
        let samples = samples.iter().enumerate();
        samples.map(|(i, &x)| at(i).unwrap_or(x)).collect()
    };
    add("digital silence", silence.clone());
    let bit = |i: usize| (i == 20_000).then_some(1);
    add("a single bit", with(&silence, &bit));
    let bits = |i: usize| i.is_multiple_of(3001).then_some(-1);
    add("some bits", with(&silence, &bits));
    let clicks = |i: usize| i.is_multiple_of(rate as usize / 2).then_some(25_000);
    add("clicks", with(&silence, &clicks));
    add("an offset", vec![3000; silence.len()]);
    add("one sample", vec![1000]);
    add("10 ms", sound(0.01, rate, |t| tones(t, &[200.0, 400.0])));
    sounds
}

/// Tones and signals of machines.
fn signals(rate: u32) -> Sounds {
    let mut sounds = Sounds::new();
    let mut add = |name: &str, samples: Vec<i16>| sounds.push((name.to_string(), samples));
    for hz in [50.0, 100.0, 150.0, 200.0, 300.0, 440.0, 1000.0, 2100.0] {
        let name = format!("a tone of {hz} Hz");
        add(&name, sound(SECONDS, rate, |t| tones(t, &[hz])));
        let mut noise = Noise(1);
        let noisy = |t: f64| tones(t, &[hz]) + 0.01 * noise.next();
        add(&format!("{name} in noise"), sound(SECONDS, rate, noisy));
    }
    // ITU-T E.180 and its supplement 2: dial tones, ringing, busy, congestion.
    let calls: [(&str, &[f64], f64, f64); 7] = [
        ("dial tone, North America", &[350.0, 440.0], 9.0, 0.0),
        ("dial tone, Europe", &[425.0], 9.0, 0.0),
        ("ringing, North America", &[440.0, 480.0], 1.0, 0.5),
        ("ringing, Britain", &[400.0, 450.0], 0.4, 0.2),
        ("busy", &[480.0, 620.0], 0.5, 0.5),
        ("congestion", &[480.0, 620.0], 0.25, 0.25),
        ("fax", &[1100.0], 0.5, 1.0),
    ];
    for (name, frequencies, on, off) in calls {
        for level in [0.0, 0.002] {
            let mut noise = Noise(2);
            let at = |t: f64| {
                let tone = if is_on(t, on, off) {
                    tones(t, frequencies)
                } else {
                    0.0
                };
                tone + level * noise.next()
            };
            add(&format!("{name}, noise {level}"), sound(SECONDS, rate, at));
        }
    }
    // 400 Hz whose level swings at 25 Hz: ringing in India.
    let swinging = |t: f64| tones(t, &[400.0]) * (1.0 + (TAU * 25.0 * t).sin()) / 2.0;
    add("ringing, India", sound(SECONDS, rate, swinging));
    // ITU-T Q.23: a digit is a tone of each group.
    let (low, high) = (
        [697.0, 770.0, 852.0, 941.0],
        [1209.0, 1336.0, 1477.0, 1633.0],
    );
    for (name, on, off) in [("dialling", 0.1, 0.1), ("fast dialling", 0.06, 0.05)] {
        let at = |t: f64| {
            let digit = (t / (on + off)) as usize * 7 % 16;
            match is_on(t, on, off) {
                true => tones(t, &[low[digit / 4], high[digit % 4]]),
                false => 0.0,
            }
        };
        add(name, sound(SECONDS, rate, at));
    }
    let information = |t: f64| tones(t, &[[950.0, 1400.0, 1800.0][(t / 0.33) as usize % 3]]);
    add("information tone", sound(SECONDS, rate, information));
    let siren = |t: f64| tones(1.0, &[800.0 * t - 300.0 / TAU * (TAU * 0.5 * t).cos()]);
    add("siren", sound(SECONDS, rate, siren));
    sounds
}

/// Noises of rooms, devices and the air.
fn noises(rate: u32) -> Sounds {
    let mut sounds = Sounds::new();
    let mut add = |name: &str, samples: Vec<i16>| sounds.push((name.to_string(), samples));
    for level in [0.001, 0.01, 0.1, 0.25] {
        let mut white = Noise(3);
        let at = |_| level * white.next();
        add(&format!("white noise {level}"), sound(SECONDS, rate, at));
        let mut pink = Pink([0.0; 3], Noise(4));
        let at = |_| level * pink.next();
        add(&format!("pink noise {level}"), sound(SECONDS, rate, at));
        let mut white = Noise(5);
        let mut brown = 0.0;
        let at = |_| {
            brown = 0.99 * brown + 0.14 * white.next();
            level * brown
        };
        add(&format!("brown noise {level}"), sound(SECONDS, rate, at));
        // Mains hum with its harmonics, alone and with hiss; a fan.
        for mains in [50.0, 60.0, 100.0] {
            let hum = |t: f64| {
                let harmonics =
                    (1..12).map(|h| (TAU * mains * f64::from(h) * t).sin() / f64::from(h));
                level * harmonics.sum::<f64>()
            };
            let mut hiss = Noise(6);
            add(
                &format!("hum of {mains} Hz {level}"),
                sound(SECONDS, rate, hum),
            );
            add(
                &format!("hum of {mains} Hz and hiss {level}"),
                sound(SECONDS, rate, |t| hum(t) + 0.1 * level * hiss.next()),
            );
        }
        let mut air = Pink([0.0; 3], Noise(7));
        let fan = |t: f64| {
            let blades = (1..5).map(|h| (TAU * 120.0 * f64::from(h) * t).sin() / f64::from(h));
            level * (air.next() + 0.5 * blades.sum::<f64>())
        };
        add(&format!("fan {level}"), sound(SECONDS, rate, fan));
        let mut gusts = Pink([0.0; 3], Noise(8));
        let at = |t: f64| level * gusts.next() * (1.0 + 0.9 * (TAU * 4.0 * t).sin());
        add(&format!("gusts {level}"), sound(SECONDS, rate, at));
    }
    let mut typing = Noise(9);
    let keys = |t: f64| 0.5 * typing.next() * (-120.0 * (t % 0.23)).exp();
    add("typing", sound(SECONDS, rate, keys));
    sounds
}

fn floats(samples: &[i16]) -> Vec<f32> {
    samples.iter().map(|&x| f32::from(x) / 32_768.0).collect()
}

#[test]
fn sounds_of_no_voice_are_no_speech() {
    for rate in [8000, 16_000, 44_100] {
        for (name, samples) in without_speech(rate) {
            assert!(!has_speech(&floats(&samples), rate), "{name} at {rate} Hz");
        }
    }
}

#[test]
fn minutes_of_noise_are_no_speech() {
    let mut pink = Pink([0.0; 3], Noise(10));
    let mut white = Noise(11);
    let mut brown = 0.0;
    let samples = |mut next: Box<dyn FnMut() -> f64>| -> Vec<f32> {
        (0..16_000 * 300).map(|_| 0.1 * next() as f32).collect()
    };
    let brown = move || {
        brown = 0.99 * brown + 0.14 * white.next();
        brown
    };
    let mut white = Noise(12);
    let noises: [(&str, Vec<f32>); 3] = [
        ("pink", samples(Box::new(move || pink.next()))),
        ("brown", samples(Box::new(brown))),
        ("white", samples(Box::new(move || white.next()))),
    ];
    for (name, samples) in noises {
        assert!(!has_speech(&samples, 16_000), "{name}");
    }
}

/// All clips of the demo corpus, at 16 kHz.
fn demo_clips() -> Vec<(String, Vec<f32>)> {
    let manifest = std::fs::read_to_string(repository("corpora/demo/manifest.csv")).unwrap();
    let names = manifest.lines().skip(1).map(|line| line.split(',').next());
    let read = |name: &str| {
        let recording = audio::read(demo_clip(name), &ReadOptions::default()).unwrap();
        (name.to_string(), recording.audio.samples)
    };
    names.flatten().map(read).collect()
}

#[test]
fn speech_is_speech_clean_noisy_quiet_and_by_telephone() {
    let clips = demo_clips();
    assert_eq!(clips.len(), 128);
    for (name, samples) in &clips {
        assert!(has_speech(samples, 16_000), "{name}");
        let quiet: Vec<f32> = samples.iter().map(|x| 0.003 * x).collect();
        assert!(has_speech(&quiet, 16_000), "{name}, quiet");
    }
    // White noise so many dB below it: of 128, so many may be lost.
    for (snr_db, most) in [(20.0, 0), (10.0, 2)] {
        let mut noise = Noise(13);
        let mut lost = Vec::new();
        for (name, samples) in &clips {
            let power = samples.iter().map(|&x| f64::from(x).powi(2)).sum::<f64>();
            let level = (power / samples.len() as f64).sqrt() * 10_f64.powf(-snr_db / 20.0);
            let noisy: Vec<f32> = samples
                .iter()
                .map(|x| x + (level * noise.next()) as f32)
                .collect();
            if !has_speech(&noisy, 16_000) {
                lost.push(name);
            }
        }
        assert!(lost.len() <= most, "{snr_db} dB: {lost:?}");
    }
    let telephone = ReadOptions {
        rate: audio::Rate::Hz(8000),
        ..ReadOptions::default()
    };
    for (name, _) in &clips {
        let recording = audio::read(demo_clip(name), &telephone).unwrap();
        assert!(recording.speech_s()[0] > 0.3, "{name} at 8 kHz");
    }
}

#[test]
fn what_says_nothing_is_never_answered_for_sure() {
    let sandbox = Sandbox::new();
    let mut names = Vec::new();
    for (number, (name, samples)) in without_speech(16_000).into_iter().enumerate() {
        if number % 4 == 0 || samples.len() < 1000 {
            let file = format!("{number}.wav");
            sandbox.write(&format!("calls/{file}"), wav(&samples, 1, 16_000));
            names.push((file, name));
        }
    }
    let files: Vec<String> = names.iter().map(|(f, _)| format!("calls/{f}")).collect();
    let command = format!("predict {} --json", files.join(" "));
    let said = sandbox.sentire(&command).exits(0).stdout;
    let said: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(said.len(), names.len());
    for ((_, name), said) in names.iter().zip(&said) {
        assert_eq!(said["verdict"], "no_speech", "{name}: {said}");
        assert_eq!(said["label"], Value::Null, "{name}: {said}");
        assert_eq!(said["probabilities"], serde_json::json!({}));
    }
    sandbox.sentire("score calls -o s.parquet").exits(0);
    let scores = Table::read(sandbox.path("s.parquet")).unwrap();
    let Some(Column::Bool(unsure)) = scores.column("unsure") else {
        panic!("no column unsure")
    };
    assert!(unsure.len() == names.len() && unsure.iter().all(|x| *x == Some(true)));
    assert!(
        scores
            .words("verdict")
            .unwrap()
            .iter()
            .all(|word| word == "no_speech")
    );
    assert!(scores.text("label").unwrap().iter().all(Option::is_none));
    // In words.
    let human = sandbox.sentire(&format!("predict {}", files[0])).exits(0);
    assert!(human.stdout.contains("no speech"), "{}", human.stdout);
    assert!(!human.stdout.contains("because"), "{}", human.stdout);
}

#[test]
fn each_window_is_heard_for_itself() {
    let sandbox = Sandbox::new();
    let clip = audio::read(demo_clip("f2_happy_s1.flac"), &ReadOptions::default()).unwrap();
    let speech = clip.audio.samples.iter().map(|x| (x * 32_767.0) as i16);
    let speech: Vec<i16> = speech.take(16_000).collect();
    assert_eq!(speech.len(), 16_000);
    // A second of speech between two of a dial tone each.
    let tone = sound(2.0, 16_000, |t| tones(t, &[350.0, 440.0]));
    let samples = [&tone[..], &speech, &tone].concat();
    sandbox.write("call.wav", wav(&samples, 1, 16_000));
    let recording = audio::read(
        sandbox.path("call.wav"),
        &ReadOptions {
            segmentation: Segmentation::from_flags(Some(1.0), None).unwrap(),
            ..ReadOptions::default()
        },
    )
    .unwrap();
    let expected = [false, false, true, false, false];
    let has_speech = recording
        .speech_s()
        .iter()
        .map(|&seconds| seconds > 0.3)
        .collect::<Vec<_>>();
    assert_eq!(has_speech, expected);
    let said = sandbox
        .sentire("predict call.wav --window 1 --json")
        .exits(0)
        .stdout;
    let said: Value = serde_json::from_str(&said).unwrap();
    let sure_below = sentire::model::built_in().unwrap().card.unsure_below;
    let largest = |said: &Value| {
        let p = said["probabilities"].as_object().unwrap().values();
        p.filter_map(Value::as_f64).fold(0.0, f64::max)
    };
    let windows = said["windows"].as_array().unwrap();
    for (window, has_speech) in windows.iter().zip(expected) {
        let unsure = !has_speech || largest(window) < sure_below;
        assert_eq!(window["unsure"], unsure, "{window}");
        assert_eq!(window["verdict"] == "no_speech", !has_speech, "{window}");
        assert_eq!(window["label"].is_null(), !has_speech, "{window}");
    }
    // Recognised from where somebody speaks.
    assert_eq!(said["probabilities"], windows[2]["probabilities"]);
    // There is speech in it.
    assert_eq!(said["unsure"], largest(&said) < sure_below);
    sandbox.write("m.csv", "file\ncall.wav\n");
    let score = "score m.csv --window 1 -o s.parquet";
    sandbox.sentire(score).exits(0);
    let scores = Table::read(sandbox.path("s.parquet")).unwrap();
    let flags: Vec<Value> = windows.iter().map(|w| w["unsure"].clone()).collect();
    let Some(Column::Bool(unsure)) = scores.column("unsure") else {
        panic!("no column unsure")
    };
    let unsure: Vec<Value> = unsure.iter().map(|&x| x.into()).collect();
    assert_eq!(unsure, flags);
}

#[test]
fn features_of_kept_rows_keep_the_verdict() {
    // A model that scales by speaker keeps features, of which nothing says whether there was speech.
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet -o m.sentire --normalize speaker")
        .exits(0);
    let mut manifest = "file,caller\n".to_string();
    let sounds = without_speech(16_000);
    for (number, (_, samples)) in sounds.iter().step_by(9).take(6).enumerate() {
        sandbox.write(&format!("{number}.wav"), wav(samples, 1, 16_000));
        manifest += &format!("{number}.wav,a\n");
    }
    for s in 1..=4 {
        let clip = demo_clip(&format!("f1_sad_s{s}.flac"));
        manifest += &format!("{},a\n", clip.display());
    }
    sandbox.write("m.csv", &manifest);
    let score = |out: &str| {
        // Many short windows: features are kept when there are 512 rows of them.
        let flags = "--speaker-column caller --window 0.2 --hop 0.02";
        let command = format!("score m.csv -m m.sentire {flags} -o {out}");
        sandbox.sentire_at(&command, "1700000000")
    };
    score("once.parquet").exits(0);
    let once = Table::read(sandbox.path("once.parquet")).unwrap();
    let Some(Column::Bool(unsure)) = once.column("unsure") else {
        panic!("no column unsure")
    };
    let files = once.words("file").unwrap();
    let of_speech = |file: &str| file.ends_with(".flac");
    let rows = || files.iter().zip(unsure);
    assert!(rows().all(|(file, unsure)| of_speech(file) || *unsure == Some(true)));
    assert!(rows().any(|(file, unsure)| of_speech(file) && *unsure == Some(false)));

    // The work of a run that was killed before it had the predictions.
    let model = sentire::model::Model::load(sandbox.path("m.sentire")).unwrap();
    let window = audio::Window::new(0.2, Some(0.02)).unwrap();
    let predictor = Predictor::new(model)
        .unwrap()
        .with_segmentation(Segmentation::Windows(window));
    let manifest = sentire::corpus::Manifest::read(&sandbox.path("m.csv")).unwrap();
    let options = sentire::score::Options {
        rows_of_windows: true,
        speaker_column: Some("caller".into()),
        batch: false,
        scored_at: 1_700_000_000_000,
    };
    let out = sandbox.path("again.parquet");
    let made_with = sentire::score::made_with(&predictor, &options);
    let mut job = sentire::job::Job::begin(&out, &made_with, sentire::job::Earlier::Use).unwrap();
    let stop = |_: &Table| Err(sentire::error::Error::Data("killed".into()));
    let run = sentire::score::run(
        &manifest,
        &predictor,
        &options,
        &mut job,
        &mut { stop },
        &|_| {},
    );
    assert!(run.is_err());
    drop(job);
    assert!(sandbox.path("again.parquet.parts/part-0.parquet").exists());
    score("again.parquet").exits(0);
    assert!(sandbox.read("again.parquet") == sandbox.read("once.parquet"));
}
