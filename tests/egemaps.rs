//! The set `egemaps` against openSMILE's values (`tests/reference/README.md` says of which version),
//! on real recordings, on the demo corpus and on made signals; its documentation.

use std::f64::consts::PI;
use std::path::Path;

use sentire::audio::{self, Audio, ReadOptions};
use sentire::catalogue::{FeatureSet, egemaps};
use sentire::features::Extractor;
use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, corpus, demo_clip, repository, skipped_without, wav};

fn reference() -> Value {
    let path = repository("tests/reference/opensmile.json");
    let reference: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let made_by = reference["made_by"].as_str().unwrap();
    assert!(made_by.starts_with("openSMILE 3"), "{made_by}");
    reference
}

/// Numbers; null is NaN.
fn numbers(row: &Value) -> Vec<f64> {
    let number = |x: &Value| x.as_f64().unwrap_or(f64::NAN);
    row.as_array().unwrap().iter().map(number).collect()
}

fn words(row: &Value) -> Vec<&str> {
    row.as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect()
}

/// How two lists of numbers agree: their correlation, and of the relative deviations the median and the largest.
pub struct Agreement {
    pub r: f64,
    pub median: f64,
    pub largest: f64,
}

pub fn agreement(ours: &[f64], theirs: &[f64]) -> Agreement {
    assert_eq!(ours.len(), theirs.len());
    let n = ours.len() as f64;
    let mean = |x: &[f64]| x.iter().sum::<f64>() / n;
    let (a, b) = (mean(ours), mean(theirs));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    let mut deviations = Vec::new();
    for (x, y) in ours.iter().zip(theirs) {
        ab += (x - a) * (y - b);
        aa += (x - a) * (x - a);
        bb += (y - b) * (y - b);
        deviations.push(if x == y {
            0.0
        } else {
            (x - y).abs() / y.abs().max(1e-12)
        });
    }
    deviations.sort_by(f64::total_cmp);
    Agreement {
        r: ab / (aa * bb).sqrt(),
        median: deviations[deviations.len() / 2],
        largest: deviations[deviations.len() - 1],
    }
}

/// What `src/features/README.md` says of the group of a feature, to the last digit that it gives: the lowest correlation, and of
/// deviations on 2450 recordings the largest median and the largest.
fn published(feature: &str) -> Agreement {
    let begins = |names: &[&str]| names.iter().any(|name| feature.starts_with(name));
    // Of a median of 0 the last bit of single precision, which another processor may round otherwise.
    const NONE: f64 = 6e-8;
    const ONE: f64 = 0.999_999_5;
    let (r, median, largest) = match feature {
        _ if begins(&["F0"]) => (ONE, 3.5e-7, 9.5e-4),
        _ if begins(&["loudness", "equivalentSoundLevel"]) => (ONE, 9.5e-8, 3.5e-3),
        _ if begins(&["jitter", "shimmer", "HNR", "logRelF0"]) => (ONE, NONE, 4.5e-6),
        _ if begins(&["F1", "F2", "F3"]) => (ONE, NONE, 1.5e-7),
        _ if feature.contains("oicedSegment") => (ONE, NONE, 3.5e-7),
        // Flux, balance, MFCC.
        _ => (0.999_996_5, 1.5e-6, 2.5e-2),
    };
    Agreement { r, median, largest }
}

#[test]
fn names_and_their_order_are_opensmiles() {
    let reference = reference();
    let dictionary = FeatureSet::EGEMAPS.dictionary().unwrap();
    let names = |entries: &[sentire::catalogue::Entry]| -> Vec<String> {
        entries.iter().map(|entry| entry.name.clone()).collect()
    };
    assert_eq!(names(&dictionary.features), words(&reference["features"]));
    assert_eq!(
        names(&dictionary.descriptors),
        words(&reference["descriptors"])
    );
    assert!(FeatureSet::EGEMAPS.names().eq(names(&dictionary.features)));
    let llds = FeatureSet::EGEMAPS.llds();
    assert!(
        llds.iter()
            .map(|lld| &lld.name)
            .eq(&names(&dictionary.descriptors))
    );
}

#[test]
fn features_of_the_demo_corpus_are_opensmiles() {
    let reference = reference();
    let names = words(&reference["features"]);
    let mut extractor = Extractor::new(&[FeatureSet::EGEMAPS]);
    let (mut ours, mut theirs) = (vec![Vec::new(); names.len()], vec![Vec::new(); names.len()]);
    for (clip, values) in reference["clips"].as_object().unwrap() {
        let recording = audio::read(demo_clip(clip), &ReadOptions::default()).unwrap();
        let found = extractor.functionals(&recording.audio);
        for (k, (found, expected)) in found.iter().zip(numbers(values)).enumerate() {
            let bound = 1e-3 * expected.abs().max(1e-3);
            let difference = (f64::from(*found) - expected).abs();
            assert!(
                difference <= bound,
                "{clip}: {} is {found}, not {expected}",
                names[k]
            );
            ours[k].push(f64::from(*found));
            theirs[k].push(expected);
        }
    }
    assert_eq!(ours[0].len(), 32);
    for ((name, ours), theirs) in names.iter().zip(&ours).zip(&theirs) {
        let Agreement { r, median, .. } = agreement(ours, theirs);
        assert!(
            r >= 0.99999 && median <= 1e-6,
            "{name}: r {r}, deviation {median}"
        );
    }
}

#[test]
fn descriptors_of_the_demo_corpus_are_opensmiles() {
    let reference = reference();
    let names = words(&reference["descriptors"]);
    for (clip, contours) in reference["contours"].as_object().unwrap() {
        let recording = audio::read(demo_clip(clip), &ReadOptions::default()).unwrap();
        let table = Extractor::new(&[FeatureSet::EGEMAPS]).llds(&recording.audio);
        let frames = contours["frames"].as_array().unwrap();
        assert_eq!(table.frames(), frames.len(), "{clip}");
        let spans = numbers(&contours["start"])
            .into_iter()
            .zip(numbers(&contours["end"]));
        for (frame, ((start_s, end_s), row)) in spans.zip(frames).enumerate() {
            let span = table.span_s(frame);
            assert!(
                (span.0 - start_s).abs() < 1e-6 && (span.1 - end_s).abs() < 1e-6,
                "{span:?}"
            );
            for (k, expected) in numbers(row).into_iter().enumerate() {
                let found = f64::from(table.contours[k][frame]);
                // MFCC pass through 0; they are sums of 26 logarithms.
                let bound = 1e-4 * expected.abs().max(1.0);
                assert!(
                    (found - expected).abs() <= bound,
                    "{clip}, frame {frame}: {} is {found}, not {expected}",
                    names[k]
                );
            }
        }
    }
}

/// Numbers between -1 and 1, by a linear congruential generator.
fn noise() -> impl Iterator<Item = f64> {
    let mut state = 1_u64;
    std::iter::repeat_with(move || {
        state = (1_103_515_245 * state + 12345) % (1 << 31);
        (state / 65536) as f64 / 16384.0 - 1.0
    })
}

/// Two gliding tones with harmonics and tremolo in faint noise: the example of section 16.1 of the
/// specification.
pub fn test_signal(rate: u32) -> Vec<i16> {
    let sample = |(i, w): (u32, f64)| {
        let t = f64::from(i) / f64::from(rate);
        let k = match t {
            _ if (0.1..0.7).contains(&t) => 1.0,
            _ if (0.95..1.4).contains(&t) => 4.0 / 3.0,
            _ => 0.0,
        };
        let phi = k * (2.0 * PI * 150.0 * t + 10.0 / 3.0 * (1.0 - (6.0 * PI * t).cos()));
        let tone = phi.sin() + (2.0 * phi).sin() / 2.0 + (3.0 * phi).sin() / 3.0;
        let v = 0.002 * w + 0.25 * (1.0 + 0.3 * (8.0 * PI * t).sin()) * tone;
        (32767.0 * v + 0.5).floor() as i16
    };
    (0..rate * 3 / 2).zip(noise()).map(sample).collect()
}

/// The signals of `opensmile_values.py`.
pub fn signal(name: &str, rate: u32) -> Vec<i16> {
    let second = || 0..16_000_i32;
    match name {
        "silence" => vec![0; 16_000],
        "constant" => vec![1000; 16_000],
        "noise" => noise()
            .take(16_000)
            .map(|w| (10_000.0 * w + 0.5).floor() as i16)
            .collect(),
        "clipped square" => second()
            .map(|i| if i / 40 % 2 == 0 { i16::MAX } else { i16::MIN })
            .collect(),
        "one impulse" => second().map(|i| i16::from(i == 8000)).collect(),
        _ => match name.strip_suffix(" ms") {
            Some(ms) => {
                test_signal(16_000)[3200..3200 + 16 * ms.parse::<usize>().unwrap()].to_vec()
            }
            None => test_signal(rate),
        },
    }
}

fn features(samples: &[i16], sample_rate: u32) -> Vec<f32> {
    let samples = samples.iter().map(|&x| f32::from(x) / 32768.0).collect();
    Extractor::new(&[FeatureSet::EGEMAPS]).functionals(&Audio {
        samples,
        sample_rate,
    })
}

#[test]
fn odd_signals_and_other_sample_rates_have_opensmiles_values() {
    let reference = reference();
    let names = words(&reference["features"]);
    for made in reference["signals"].as_array().unwrap() {
        let name = made["name"].as_str().unwrap();
        let rate = made["rate"].as_u64().unwrap() as u32;
        let samples = signal(name, rate);
        let squares: i64 = samples.iter().map(|&x| i64::from(x) * i64::from(x)).sum();
        assert_eq!(
            squares,
            made["sum_of_squares"].as_i64().unwrap(),
            "{name}: another signal"
        );
        let found = features(&samples, rate);
        for (k, expected) in numbers(&made["values"]).into_iter().enumerate() {
            let found = f64::from(found[k]);
            let bound = 1e-3 * expected.abs().max(1e-2);
            assert!(
                (found - expected).abs() <= bound || (found.is_nan() && expected.is_nan()),
                "{name}: {} is {found}, not {expected}",
                names[k]
            );
        }
    }
}

#[test]
fn recordings_of_any_length_have_finite_values_or_none() {
    let test = test_signal(16_000);
    let lengths = (0..60).chain((60..=3000).step_by(7));
    for length in lengths {
        let found = features(&test[3200..3200 + length], 16_000);
        let is_long_enough = length >= 960;
        for value in found {
            assert!(
                value.is_finite() == is_long_enough && !value.is_infinite(),
                "{length}"
            );
        }
    }
}

#[test]
fn a_recording_of_less_than_60_ms_is_a_row_of_nulls_and_one_at_its_own_rate_is_computed_so() {
    let sandbox = Sandbox::new();
    let whole = test_signal(48_000);
    sandbox.write("calls/long.wav", wav(&whole, 1, 48_000));
    sandbox.write("calls/short.wav", wav(&whole[9600..9600 + 2400], 1, 48_000));
    let run = "extract calls --features egemaps,rich --rate native -o both.parquet";
    sandbox.sentire(run).exits(0);
    let table = Table::read(sandbox.path("both.parquet")).unwrap();
    let Some(Column::Float(f0)) = table.column("F0semitoneFrom27.5Hz_sma3nz_amean") else {
        panic!("no column of the pitch");
    };
    let expected = features(&whole, 48_000);
    assert_eq!(f0[0], expected[0]);
    assert!(f0[1].is_nan());
    let Some(Column::Float(rms)) = table.column("rms_mean") else {
        panic!("no column of the set rich");
    };
    assert!(rms.iter().all(|rms| rms.is_finite()));

    sandbox
        .sentire("extract calls --features egemaps --level lld -o lld.parquet")
        .exits(0);
    let table = Table::read(sandbox.path("lld.parquet")).unwrap();
    let files = table.text("file").unwrap();
    let rows = |name: &str| {
        files
            .iter()
            .filter(|file| file.as_deref() == Some(name))
            .count()
    };
    // 1.5 s at 16 kHz: 145 frames of 60 ms, and openSMILE's one row more; nothing is lost.
    assert_eq!((rows("long.wav"), rows("short.wav")), (146, 1));
    let (Some(Column::Double(ends)), Some(Column::Float(loudness))) =
        (table.column("end"), table.column("Loudness_sma3"))
    else {
        panic!("no columns of times and loudness");
    };
    assert_eq!(ends[145], 1.5);
    assert!(loudness[145].is_finite() && loudness[146].is_nan());
}

#[test]
fn a_model_of_the_set_predicts_as_it_was_trained() {
    let sandbox = Sandbox::new();
    let manifest = repository("corpora/demo/manifest.csv");
    sandbox
        .sentire(&format!(
            "extract {} --features egemaps -o f.parquet",
            manifest.display()
        ))
        .exits(0);
    sandbox.sentire("train f.parquet -o m.sentire").exits(0);
    let clip = demo_clip("f1_angry_s1.flac");
    let run = sandbox.sentire(&format!("predict {} -m m.sentire --json", clip.display()));
    let prediction: Value = serde_json::from_str(&run.exits(0).stdout).unwrap();
    assert_eq!(prediction["label"], "angry");
}

/// The tables of openSMILE's values on the real corpora, where `SENTIRE_REFERENCE` names their folder.
fn real_reference(name: &str) -> Option<Table> {
    let folder = skipped_without("SENTIRE_REFERENCE", name)?;
    Some(Table::read(Path::new(&folder).join(name)).unwrap())
}

pub fn column(table: &Table, name: &str) -> Vec<f64> {
    match table.column(name) {
        Some(Column::Double(values)) => values.clone(),
        Some(Column::Float(values)) => values.iter().map(|&x| f64::from(x)).collect(),
        _ => panic!("no column {name}"),
    }
}

/// What `sentire extract` makes, with these options, of the recordings of a table of openSMILE's
/// values; and that table.
pub fn extracted(reference: &str, options: &str) -> Option<(Table, Table)> {
    let reference = real_reference(reference)?;
    let root = corpus("ravdess")?.parent().unwrap().to_path_buf();
    let mut files: Vec<&str> = reference
        .text("file")
        .unwrap()
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    files.dedup();
    let lines = files
        .iter()
        .map(|file| format!("{}\n", root.join(file).display()));
    let sandbox = Sandbox::new();
    sandbox.write("m.csv", format!("file\n{}", lines.collect::<String>()));
    sandbox
        .sentire(&format!("extract m.csv {options} -o ours.parquet"))
        .exits(0);
    let ours = Table::read(sandbox.path("ours.parquet")).unwrap();
    Some((ours, reference))
}

#[test]
fn features_of_real_speech_are_opensmiles() {
    let reference = "egemapsv02_functionals.parquet";
    let Some((ours, reference)) = extracted(reference, "--features egemaps") else {
        return;
    };
    assert_eq!((ours.rows(), reference.rows()), (2450, 2450));
    for name in FeatureSet::EGEMAPS.names() {
        let found = agreement(&column(&ours, &name), &column(&reference, &name));
        let bounds = published(&name);
        let Agreement { r, median, largest } = found;
        assert!(r >= bounds.r, "{name}: r {r}");
        assert!(median <= bounds.median, "{name}: median {median}");
        assert!(largest <= bounds.largest, "{name}: largest {largest}");
    }
}

#[test]
fn descriptors_of_real_speech_are_opensmiles() {
    let (reference, options) = ("egemapsv02_lld.parquet", "--features egemaps --level lld");
    let Some((ours, reference)) = extracted(reference, options) else {
        return;
    };
    assert_eq!(ours.rows(), reference.rows());
    for lld in FeatureSet::EGEMAPS.llds() {
        let name = lld.name;
        let Agreement { r, .. } = agreement(&column(&ours, &name), &column(&reference, &name));
        assert!(r >= 0.999_999, "{name}: r {r}");
    }
}

#[test]
fn the_documentation_is_made_from_the_dictionary() {
    let path = repository("src/catalogue/egemaps.md");
    let text = egemaps::documentation();
    if std::env::var_os("SENTIRE_WRITE_DOCUMENTATION").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(
        std::fs::read_to_string(&path).unwrap() == text,
        "{} is out of date: run the tests once with SENTIRE_WRITE_DOCUMENTATION=1",
        path.display()
    );
}

#[test]
fn describe_says_all_of_the_dictionary() {
    let sandbox = Sandbox::new();
    let json = sandbox.sentire("describe egemaps --json").exits(0).stdout;
    let description: Value = serde_json::from_str(&json).unwrap();
    let dictionary = &description["dictionary"];
    assert_eq!(dictionary["descriptors"].as_array().unwrap().len(), 25);
    assert_eq!(dictionary["features"].as_array().unwrap().len(), 88);
    let text = sandbox.sentire("describe egemaps").exits(0).stdout;
    for entries in ["descriptors", "features"] {
        for entry in dictionary[entries].as_array().unwrap() {
            let word = |key: &str| entry[key].as_str().unwrap();
            for line in [
                format!("  {} [{}]\n", word("name"), word("unit")),
                format!("    {}\n", word("meaning")),
                format!("    = {}\n", word("definition")),
                format!("    range: {}\n", word("range")),
            ] {
                assert!(text.contains(&line), "{line} of {entry}");
            }
            if let Some(deviation) = entry["deviation"].as_str() {
                assert!(text.contains(deviation), "{entry}");
            }
        }
    }
}
