//! Calls: two people on two channels, whose turns are known.

use sentire::audio::{self, ReadOptions};
use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, demo_clip, wav, with_demo_features};

const RATE: usize = 16_000;

/// A turn: channel, start and end in seconds.
type Turn = (usize, f64, f64);

/// Uniform noise of unit variance.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 as f32 / u32::MAX as f32 - 0.5) * 12_f32.sqrt()
    }
}

/// A clip of the demo corpus at -23 dB, without the silence around it.
fn clip(name: &str) -> Vec<f32> {
    let options = ReadOptions {
        trim: true,
        ..ReadOptions::default()
    };
    let samples = audio::read(demo_clip(name), &options)
        .unwrap()
        .audio
        .samples;
    let power = samples.iter().map(|x| x * x).sum::<f32>() / samples.len() as f32;
    let gain = 10_f32.powf(-23.0 / 20.0) / power.sqrt();
    samples.iter().map(|x| x * gain).collect()
}

/// Turns of two speakers in turn, with pauses of one to three seconds and noise so many dB below the speech; each side hears
/// the other so many dB softer.
fn call(snr_db: f32, crosstalk_db: f32) -> ([Vec<f32>; 2], Vec<Turn>) {
    let mut sides = [vec![0.0; 40 * RATE], vec![0.0; 40 * RATE]];
    let mut turns = Vec::new();
    let mut at = RATE;
    for (number, emotion) in [
        "neutral", "angry", "neutral", "sad", "happy", "angry", "neutral", "happy",
    ]
    .iter()
    .enumerate()
    {
        let side = number % 2;
        let name = format!("{}_{emotion}_s{}.flac", ["f1", "m1"][side], number % 4 + 1);
        let speech = clip(&name);
        for (x, y) in sides[side][at..].iter_mut().zip(&speech) {
            *x += y;
        }
        let end = at + speech.len();
        turns.push((side, at as f64 / RATE as f64, end as f64 / RATE as f64));
        at = end + RATE + number * RATE / 4;
    }
    let [left, right] = sides;
    let heard = 10_f32.powf(-crosstalk_db / 20.0);
    let mix = |own: &[f32], other: &[f32], seed: u32| {
        let mut noise = Noise(seed);
        let level = 10_f32.powf((-23.0 - snr_db) / 20.0);
        let samples = own.iter().zip(other);
        samples
            .map(|(x, y)| x + heard * y + level * noise.next())
            .take(at)
            .collect()
    };
    ([mix(&left, &right, 1), mix(&right, &left, 2)], turns)
}

fn stereo(sides: &[Vec<f32>; 2]) -> Vec<u8> {
    let frames = sides[0].iter().zip(&sides[1]);
    let sample = |x: &f32| (x.clamp(-1.0, 1.0) * 32_767.0) as i16;
    let samples: Vec<i16> = frames.flat_map(|(x, y)| [sample(x), sample(y)]).collect();
    wav(&samples, 2, RATE as u32)
}

fn turns_of(table: &Table) -> Vec<Turn> {
    let Some(Column::Int(channels)) = table.column("channel") else {
        panic!("no column channel")
    };
    let (starts, ends) = (
        table.numbers("start").unwrap(),
        table.numbers("end").unwrap(),
    );
    (0..table.rows())
        .map(|row| (channels[row].unwrap() as usize, starts[row], ends[row]))
        .collect()
}

/// Shares of the speech of `truth` that are missed, and that are invented.
fn errors(truth: &[Turn], found: &[Turn]) -> (f64, f64) {
    let of = |turns: &[Turn], side: usize| {
        let mut frames = vec![false; 5000];
        for &(_, start, end) in turns.iter().filter(|turn| turn.0 == side) {
            frames[(100.0 * start) as usize..(100.0 * end) as usize].fill(true);
        }
        frames
    };
    let (mut speech, mut missed, mut invented) = (0.0, 0.0, 0.0);
    for side in 0..2 {
        for (is, said) in of(truth, side).into_iter().zip(of(found, side)) {
            speech += f64::from(u8::from(is));
            missed += f64::from(u8::from(is && !said));
            invented += f64::from(u8::from(said && !is));
        }
    }
    (missed / speech, invented / speech)
}

#[test]
fn turns_are_found_on_each_channel_and_crosstalk_is_not() {
    let sandbox = Sandbox::new();
    for (snr_db, most) in [(30.0, 0.08), (20.0, 0.08), (10.0, 0.12)] {
        let (sides, truth) = call(snr_db, 30.0);
        sandbox.write("calls/call.wav", stereo(&sides));
        let out = format!("{snr_db}.parquet");
        let command =
            format!("extract calls --features egemaps --channel each --segment speech -o {out}");
        sandbox.sentire(&command).exits(0);
        let table = Table::read(sandbox.path(&out)).unwrap();
        let (missed, invented) = errors(&truth, &turns_of(&table));
        // Turns are a second or two, so what their edges gain or lose is much of them.
        assert!(
            missed < most && invented < 0.2,
            "{snr_db} dB: {missed} {invented}"
        );
        // Rows say what part of them is speech, and which recording they are of.
        let ratios = table.numbers("speech_ratio").unwrap();
        assert!(ratios.iter().all(|&ratio| ratio > 0.6), "{ratios:?}");
        let listed = table.numbers("utterance_end").unwrap();
        assert!(
            listed
                .iter()
                .all(|&end| (end - sides[0].len() as f64 / RATE as f64).abs() < 1e-3)
        );
    }
    // Windows inside turns.
    sandbox
        .sentire("extract calls --features egemaps --channel each --segment speech --window 0.5 -o windows.parquet")
        .exits(0);
    let table = Table::read(sandbox.path("windows.parquet")).unwrap();
    let turns = Table::read(sandbox.path("10.parquet")).unwrap();
    let turns = turns_of(&turns);
    for (side, start, end) in turns_of(&table) {
        assert!(end - start < 0.501);
        let is_within =
            |turn: &Turn| turn.0 == side && turn.1 <= start + 1e-6 && end <= turn.2 + 1e-6;
        assert!(turns.iter().any(is_within), "{side} {start} {end}");
    }
    // The same rows hold when they are computed again.
    sandbox
        .sentire("verify windows.parquet --root calls")
        .exits(0);
}

#[test]
fn calls_are_scored_by_turn_and_summed_up() {
    let sandbox = Sandbox::new();
    let (sides, truth) = call(30.0, 60.0);
    sandbox.write("calls/a.wav", stereo(&sides));
    // A mono recording on two channels, one of them softer; and one that nobody speaks in.
    let soft: Vec<f32> = sides[0].iter().map(|x| 0.3 * x).collect();
    sandbox.write("calls/b.wav", stereo(&[sides[0].clone(), soft]));
    sandbox.write("calls/c.wav", wav(&vec![0; 3 * RATE], 1, RATE as u32));
    let run = sandbox.sentire("score calls --channel each --segment speech -o turns.parquet");
    let run = run.exits(0);
    assert!(
        run.stderr
            .contains("b.wav: channel 1 is a copy of channel 0"),
        "{}",
        run.stderr
    );
    let table = Table::read(sandbox.path("turns.parquet")).unwrap();
    let files = table.words("file").unwrap();
    let rows = |name: &str| files.iter().filter(|file| *file == name).count();
    assert!(
        (truth.len() - 1..=truth.len() + 2).contains(&rows("a.wav")),
        "{files:?}"
    );
    assert!(rows("b.wav") >= 3);
    assert_eq!(rows("c.wav"), 1);
    let silent = files.iter().position(|file| file == "c.wav").unwrap();
    assert_eq!(table.words("verdict").unwrap()[silent], "no_speech");
    assert!(table.text("label").unwrap()[silent].is_none());
    // The same again, from what was kept.
    sandbox
        .sentire_at(
            "score calls --channel each --segment speech -o turns.parquet",
            "1700000000",
        )
        .exits(0);
    let again = Table::read(sandbox.path("turns.parquet")).unwrap();
    assert_eq!(
        again.words("verdict").unwrap(),
        table.words("verdict").unwrap()
    );

    sandbox
        .sentire("summary turns.parquet --by file,channel -o calls.parquet")
        .exits(0);
    let calls = Table::read(sandbox.path("calls.parquet")).unwrap();
    assert_eq!(
        calls.words("file").unwrap(),
        ["a.wav", "a.wav", "b.wav", "c.wav"]
    );
    let spoken: f64 = truth
        .iter()
        .filter(|turn| turn.0 == 0)
        .map(|turn| turn.2 - turn.1)
        .sum();
    let found = calls.numbers("speech_s").unwrap();
    assert!(
        (found[0] - spoken).abs() < 0.2 * spoken,
        "{found:?} {spoken}"
    );
    assert_eq!(found[3], 0.0);
    let text = sandbox
        .sentire("summary turns.parquet --by file,channel")
        .exits(0)
        .stdout;
    assert!(
        text.starts_with("file   channel  turns  speech s  sure"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 5);
    let unknown = sandbox
        .sentire("summary turns.parquet --by customer")
        .exits(2)
        .stderr;
    assert!(unknown.contains("no column `customer` (--by)"), "{unknown}");
}

#[test]
fn two_voices_are_told_and_taken_apart() {
    let sandbox = Sandbox::new();
    let (sides, _) = call(30.0, 60.0);
    sandbox.write("call.wav", stereo(&sides));
    let mean = sandbox.sentire("predict call.wav").exits(0);
    assert!(
        mean.stderr.contains("--channel each takes them apart"),
        "{}",
        mean.stderr
    );
    assert!(mean.stderr.contains("turn by turn"), "{}", mean.stderr);
    let each = sandbox
        .sentire("predict call.wav --channel each --segment speech --json")
        .exits(0);
    let said: Vec<Value> = each
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(said.len(), 2);
    for (channel, said) in said.iter().enumerate() {
        assert_eq!(said["channel"], channel);
        assert_eq!(said["channels_differ"], false);
        let windows = said["windows"].as_array().unwrap();
        assert!((3..=6).contains(&windows.len()), "{said}");
        // The whole is the mean of the turns, weighed by speech.
        let weight = |window: &Value| window["speech_s"].as_f64().unwrap();
        let spoken: Vec<&Value> = windows
            .iter()
            .filter(|w| w["verdict"] != "no_speech")
            .collect();
        let total: f64 = spoken.iter().map(|window| weight(window)).sum();
        let angry = |value: &Value| value["probabilities"]["angry"].as_f64().unwrap();
        let mean: f64 = spoken
            .iter()
            .map(|window| weight(window) * angry(window))
            .sum();
        assert!((angry(said) - mean / total).abs() < 1e-9);
    }
    let one = sandbox
        .sentire("predict call.wav --channel 1 --json")
        .exits(0)
        .stdout;
    let one: Value = serde_json::from_str(one.trim()).unwrap();
    assert_eq!(one["probabilities"], said[1]["probabilities"]);
    let beyond = sandbox
        .sentire("predict call.wav --channel 2")
        .exits(2)
        .stderr;
    assert!(beyond.contains("has no channel 2"), "{beyond}");
    for wrong in [
        "--channel left",
        "--segment turns",
        "--segment speech:max=0.1",
        "--segment speech:min=x",
    ] {
        let run = sandbox
            .sentire(&format!("predict call.wav {wrong}"))
            .exits(2);
        assert!(run.stderr.contains("expected"), "{wrong}: {}", run.stderr);
    }
}

/// Sound without what lies above 3.5 kHz: a window of the sinc function.
fn low_passed(samples: &[f32]) -> Vec<f32> {
    const HALF: isize = 200;
    let tap = |at: isize| {
        let x = 2.0 * 3500.0 / RATE as f64;
        let angle = std::f64::consts::PI * at as f64;
        let sinc = if at == 0 {
            x
        } else {
            (angle * x).sin() / angle
        };
        sinc * (0.5 + 0.5 * (angle / HALF as f64).cos())
    };
    let taps: Vec<f64> = (-HALF..=HALF).map(tap).collect();
    let filtered = |at: isize| {
        let of = |(tap, &weight): (isize, &f64)| {
            let x = usize::try_from(at + tap)
                .ok()
                .and_then(|at| samples.get(at));
            weight * f64::from(*x.unwrap_or(&0.0))
        };
        (-HALF..=HALF).zip(&taps).map(of).sum::<f64>() as f32
    };
    (0..samples.len() as isize).map(filtered).collect()
}

#[test]
fn what_came_through_a_telephone_is_told_whatever_its_sample_rate() {
    let sandbox = Sandbox::new();
    let speech = clip("f1_angry_s1.flac");
    let write = |name: &str, samples: &[f32], rate: usize| {
        let samples: Vec<i16> = samples.iter().map(|x| (x * 32767.0) as i16).collect();
        sandbox.write(name, wav(&samples, 1, rate as u32));
    };
    let narrow = low_passed(&speech);
    let slow: Vec<f32> = narrow.iter().copied().step_by(2).collect();
    write("wide.wav", &speech, RATE);
    write("narrow.wav", &narrow, RATE);
    write("slow.wav", &slow, RATE / 2);
    let demo = crate::sandbox::repository("corpora/demo/manifest.csv");
    let train = format!(
        "extract {} --features egemaps --rate 16000 -o t.parquet",
        demo.display()
    );
    sandbox.sentire(&train).exits(0);
    sandbox
        .sentire("train t.parquet --model ridge -o m.sentire")
        .exits(0);
    for (file, is_told) in [
        ("wide.wav", false),
        ("narrow.wav", true),
        ("slow.wav", true),
    ] {
        let told = sandbox
            .sentire(&format!("predict {file} -m m.sentire"))
            .exits(0)
            .stderr;
        let says = "1 recording without the upper half of what the model hears (up to 8000 Hz)";
        assert_eq!(told.contains(says), is_told, "{file}: {told}");
    }
    let told = sandbox
        .sentire("score . -m m.sentire -o s.parquet")
        .exits(0)
        .stderr;
    assert!(
        told.contains("2 of 3 recordings without the upper half"),
        "{told}"
    );
    let table = Table::read(sandbox.path("s.parquet")).unwrap();
    let found = table.numbers("bandwidth_hz").unwrap();
    for (found, expected) in found.iter().zip([3500.0, 3500.0, 8000.0]) {
        assert!((found - expected).abs() < 400.0, "{found} {expected}");
    }
    let described = sandbox.sentire("describe narrow.wav").exits(0).stdout;
    assert!(described.contains("up to 3."), "{described}");
}

#[test]
fn channels_are_described_one_by_one() {
    let sandbox = Sandbox::new();
    let speech = clip("f1_angry_s1.flac");
    let samples: Vec<i16> = speech
        .iter()
        .map(|x| (x * 32767.0) as i16)
        .flat_map(|x| [x, -x, x / 2, 0])
        .collect();
    sandbox.write("four.wav", wav(&samples, 4, RATE as u32));
    let text = sandbox.sentire("describe four.wav").exits(0).stdout;
    for says in [
        "channel 1          -16.9 dB",
        "a copy of channel 0 upside down (inverted)",
        "channel 3          digital silence",
    ] {
        assert!(text.contains(says), "{says}: {text}");
    }
    let json = sandbox.sentire("describe four.wav --json").exits(0).stdout;
    let json: Value = serde_json::from_str(&json).unwrap();
    let each = json["each_channel"].as_array().unwrap();
    let copies: Vec<(&Value, &Value)> = each
        .iter()
        .map(|of| (&of["copy_of"], &of["is_inverted"]))
        .collect();
    let (none, first, no, yes) = (
        Value::Null,
        Value::from(0),
        Value::from(false),
        Value::from(true),
    );
    assert_eq!(
        copies,
        [(&none, &no), (&first, &yes), (&first, &no), (&none, &no)]
    );
    assert!(each[0]["speech_ratio"].as_f64().unwrap() > 0.5);
    let one = sandbox.sentire(&format!(
        "describe {} --json",
        demo_clip("f1_angry_s1.flac").display()
    ));
    assert!(!one.exits(0).stdout.contains("each_channel"));
}

#[test]
fn how_long_people_wait_is_not_taken_for_how_they_speak() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet --model ridge -o m.sentire")
        .exits(0);
    let joined = |speaker: &str, emotion: &str, pause_s: f64| -> Vec<i16> {
        let parts = [1, 2].map(|take| clip(&format!("{speaker}_{emotion}_s{take}.flac")));
        let pause = vec![0.0; (pause_s * RATE as f64) as usize];
        let samples = [&parts[0][..], &pause, &parts[1]].concat();
        samples.iter().map(|x| (x * 32767.0) as i16).collect()
    };
    let people = ["f1", "f2", "m1", "m2"];
    for speaker in people {
        for emotion in ["angry", "happy", "neutral", "sad"] {
            for (folder, pause_s) in [("short", 0.1), ("long", 0.9)] {
                let name = format!("{folder}/{speaker}_{emotion}.wav");
                std::fs::create_dir_all(sandbox.path(folder)).unwrap();
                sandbox.write(
                    &name,
                    wav(&joined(speaker, emotion, pause_s), 1, RATE as u32),
                );
            }
        }
    }
    let angry = |folder: &str, pauses: &str| {
        let command =
            format!("score {folder} -m m.sentire --pauses {pauses} -o {folder}-{pauses}.parquet");
        sandbox.sentire(&command).exits(0);
        let table = Table::read(sandbox.path(&format!("{folder}-{pauses}.parquet"))).unwrap();
        // The length of a recording is its own.
        let duration_s = table.numbers("duration_s").unwrap();
        let classes = ["angry", "happy", "neutral", "sad"]
            .map(|class| table.numbers(&format!("p_{class}")).unwrap());
        (duration_s, classes.concat())
    };
    let moved = |pauses: &str| -> f64 {
        let ((short_s, short), (long_s, long)) = (angry("short", pauses), angry("long", pauses));
        assert!((long_s[0] - short_s[0] - 0.8).abs() < 0.01);
        short.iter().zip(&long).map(|(a, b)| (a - b).abs()).sum()
    };
    let (kept, cut) = (moved("keep"), moved("cut"));
    assert!(cut < 0.6 * kept, "{cut} {kept}");
    // A model may be trained so, and its table says it.
    sandbox
        .sentire("extract long --features egemaps --pauses cut -o cut.parquet")
        .exits(0);
    let table = Table::read(sandbox.path("cut.parquet")).unwrap();
    assert_eq!(table.metadata["sentire.pauses"], "cut");
    sandbox.sentire("verify cut.parquet --root long").exits(0);
    // What was cut is not taken for what is kept, nor the other way round.
    for (first, then) in [("cut", "keep"), ("keep", "cut")] {
        let command = |pauses: &str| {
            format!("extract long --features egemaps --pauses {pauses} -o {first}-first.parquet")
        };
        sandbox.sentire(&command(first)).exits(0);
        let refused = sandbox.sentire(&command(then)).exits(2);
        let says = format!("was made with pauses {first}, now pauses is {then}");
        assert!(refused.stderr.contains(&says), "{}", refused.stderr);
    }
    for (flag, first, then) in [("pauses", "cut", "keep"), ("channel", "mean", "0")] {
        let command =
            |value: &str| format!("score long -m m.sentire --{flag} {value} -o {flag}.parquet");
        sandbox.sentire(&command(first)).exits(0);
        let refused = sandbox.sentire(&command(then)).exits(2);
        let says = format!("was made with {flag} {first}, now {flag} is {then}");
        assert!(refused.stderr.contains(&says), "{}", refused.stderr);
    }
    let refused = sandbox
        .sentire("extract long --window 1 --pauses cut -o w.parquet")
        .exits(2);
    assert!(
        refused
            .stderr
            .contains("--pauses cut is for recordings taken whole"),
        "{}",
        refused.stderr
    );
}
