//! Trim, gain and windows, from recording to evaluation.

use sentire::audio::{self, ReadOptions};
use sentire::report::Report;
use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, demo_clip, repository, wav};

/// The samples of a clip of the demo corpus, as 16 bits at 16 kHz, all even: halving loses nothing.
fn clip(name: &str) -> Vec<i16> {
    let recording = audio::read(demo_clip(name), &ReadOptions::default()).unwrap();
    assert_eq!(recording.sample_rate, 16000);
    let samples = recording.audio.samples.iter();
    samples.map(|x| (x * 8192.0).round() as i16 * 2).collect()
}

fn padded(samples: &[i16], before: usize, after: usize) -> Vec<i16> {
    [&vec![0; before][..], samples, &vec![0; after]].concat()
}

/// The features of each row, as bits: NaN equals NaN.
fn features(table: &Table) -> Vec<Vec<u32>> {
    let floats: Vec<&Vec<f32>> = table
        .columns
        .iter()
        .filter_map(|(_, column)| match column {
            Column::Float(values) => Some(values),
            _ => None,
        })
        .collect();
    let row = |row: usize| floats.iter().map(|column| column[row].to_bits()).collect();
    (0..table.rows()).map(row).collect()
}

fn doubles<'a>(table: &'a Table, name: &str) -> &'a [f64] {
    match table.column(name) {
        Some(Column::Double(values)) => values,
        _ => panic!("no numbers {name}"),
    }
}

fn table(sandbox: &Sandbox, name: &str) -> Table {
    Table::read(sandbox.path(name)).unwrap()
}

#[test]
fn trimmed_features_do_not_depend_on_the_silence_around() {
    let sandbox = Sandbox::new();
    let speech = clip("f1_angry_s1.flac");
    let versions = [(0, 0), (12_345, 0), (0, 777), (1, 48_000)];
    for (number, (before, after)) in versions.into_iter().enumerate() {
        let samples = padded(&speech, before, after);
        sandbox.write(&format!("{number}.wav"), wav(&samples, 1, 16000));
        // The same samples at another rate, so that they are resampled.
        sandbox.write(&format!("fast{number}.wav"), wav(&samples, 1, 44_100));
    }
    let list = |prefix: &str| {
        (0..4)
            .map(|n| format!("{prefix}{n}.wav\n"))
            .collect::<String>()
    };
    sandbox.write("m.csv", format!("file\n{}", list("")));
    sandbox.write("fast.csv", format!("file\n{}", list("fast")));
    for manifest in ["m", "fast"] {
        let extract = |flags: &str, to: &str| {
            let command = format!("extract {manifest}.csv {flags} -o {manifest}-{to}.parquet");
            sandbox.sentire(&command).exits(0);
            table(&sandbox, &format!("{manifest}-{to}.parquet"))
        };
        let whole = features(&extract("", "whole"));
        assert!(whole[1] != whole[0] && whole[3] != whole[0]);
        let trimmed = extract("--trim", "trimmed");
        let rows = features(&trimmed);
        assert!(rows.iter().all(|row| *row == rows[0]), "{manifest}");
        // Where and how long a row is remain those of the file.
        assert_eq!(doubles(&trimmed, "start"), [0.0; 4]);
        assert_eq!(doubles(&trimmed, "end"), doubles(&trimmed, "duration_s"));
        let rate = if manifest == "m" { 16000.0 } else { 44_100.0 };
        let longer = doubles(&trimmed, "end")[1] - doubles(&trimmed, "end")[0];
        assert!((longer - 12_345.0 / rate).abs() < 1e-9);
    }
    // Contours are the same too, and lie where they are in the file.
    sandbox
        .sentire("extract m.csv --trim --level lld -o l.parquet")
        .exits(0);
    let contours = table(&sandbox, "l.parquet");
    let rows = features(&contours);
    let frames = rows.len() / 4;
    assert!(rows[..frames] == rows[frames..2 * frames] && frames > 50);
    let starts = doubles(&contours, "start");
    assert!((starts[frames] - starts[0] - 12_345.0 / 16000.0).abs() < 1e-9);
    // A recording of silence stays whole.
    sandbox.write("0.wav", wav(&[0; 8000], 1, 16000));
    let silent = "extract m.csv --trim -o silent.parquet";
    sandbox.sentire(silent).exits(0);
    assert_eq!(
        doubles(&table(&sandbox, "silent.parquet"), "duration_s")[0],
        0.5
    );
}

#[test]
fn features_at_one_level_do_not_depend_on_the_recorded_one() {
    let sandbox = Sandbox::new();
    let loud = clip("m1_sad_s2.flac");
    let soft: Vec<i16> = loud.iter().map(|x| x / 2).collect();
    sandbox.write("loud.wav", wav(&loud, 1, 16000));
    sandbox.write("soft.wav", wav(&soft, 1, 16000));
    sandbox.write("m.csv", "file\nloud.wav\nsoft.wav\n");
    for gain in ["none", "peak", "rms"] {
        sandbox
            .sentire(&format!("extract m.csv --gain {gain} -o {gain}.parquet"))
            .exits(0);
        let of_gain = table(&sandbox, &format!("{gain}.parquet"));
        let rows = features(&of_gain);
        assert_eq!(rows[0] == rows[1], gain != "none", "{gain}");
        assert_eq!(of_gain.metadata["sentire.gain"], gain);
        // What is said of the recording is said of it as it is.
        let hashes = of_gain.text("audio_hash").unwrap();
        assert_ne!(hashes[0], hashes[1]);
    }
    let one = features(&table(&sandbox, "peak.parquet"));
    assert_ne!(one, features(&table(&sandbox, "rms.parquet")));
}

#[test]
fn a_window_is_the_segment_at_its_place() {
    let sandbox = Sandbox::new();
    // 3.3 s and 0.7 s of speech at 16 kHz, which is not resampled.
    let long: Vec<i16> = clip("f1_angry_s1.flac")
        .into_iter()
        .cycle()
        .take(52_800)
        .collect();
    sandbox.write("long.wav", wav(&long, 1, 16000));
    sandbox.write("short.wav", wav(&long[..11_200], 1, 16000));
    sandbox.write("m.csv", "file,emotion\nlong.wav,sad\nshort.wav,happy\n");
    let said = sandbox
        .sentire("extract m.csv --window 1 --hop 0.5 -o w.parquet")
        .exits(0)
        .stderr;
    assert!(said.contains("2 recordings, 7 rows"), "{said}");
    let windows = table(&sandbox, "w.parquet");
    let bounds: Vec<(f64, f64)> = doubles(&windows, "start")
        .iter()
        .copied()
        .zip(doubles(&windows, "end").iter().copied())
        .collect();
    // The sixth begins at 2.5 s and reaches the end at 3.3 s.
    let expected = [
        (0.0, 1.0),
        (0.5, 1.5),
        (1.0, 2.0),
        (1.5, 2.5),
        (2.0, 3.0),
        (2.5, 3.3),
        (0.0, 0.7),
    ];
    assert_eq!(bounds, expected);
    let utterances = [3.3, 3.3, 3.3, 3.3, 3.3, 3.3, 0.7];
    assert_eq!(doubles(&windows, "utterance_start"), [0.0; 7]);
    assert_eq!(doubles(&windows, "utterance_end"), utterances);
    assert_eq!(doubles(&windows, "duration_s"), utterances);
    let names: Vec<&str> = windows
        .columns
        .iter()
        .map(|(n, _)| n.as_str())
        .take(6)
        .collect();
    assert_eq!(
        names,
        [
            "file",
            "start",
            "end",
            "utterance_start",
            "utterance_end",
            "corpus"
        ]
    );
    assert_eq!(windows.metadata["sentire.window"], "1");
    assert_eq!(windows.metadata["sentire.hop"], "0.5");
    let files = windows.text("file").unwrap();
    let segments: String = bounds
        .iter()
        .zip(files)
        .map(|((start, end), file)| format!("{},{start},{end}\n", file.as_ref().unwrap()))
        .collect();
    sandbox.write("s.csv", format!("file,start,end\n{segments}"));
    sandbox.sentire("extract s.csv -o s.parquet").exits(0);
    assert!(features(&table(&sandbox, "s.parquet")) == features(&windows));
    // Trimmed, they begin with the sound; their times are those of the file.
    sandbox.write(
        "long.wav",
        wav(&padded(&long[8000..24_000], 4000, 9000), 1, 16000),
    );
    sandbox
        .sentire("extract m.csv --trim --window 0.5 -o t.parquet")
        .exits(0);
    let trimmed = table(&sandbox, "t.parquet");
    let sound = doubles(&trimmed, "start")[0];
    assert!((0.25..0.4).contains(&sound), "{sound}");
    assert_eq!(doubles(&trimmed, "utterance_start")[0], 0.0);
    // `describe` counts the length of a recording once.
    let described = sandbox.sentire("describe w.parquet").exits(0).stdout;
    if cfg!(feature = "frame") {
        assert!(
            described.contains("Recordings of 0.70 to 3.30 s, median 2.00 s"),
            "{described}"
        );
    }
}

#[test]
fn windows_are_kept_from_before_only_where_sound_and_place_are_the_same() {
    let sandbox = Sandbox::new();
    let write = |name: &str, of: &str| {
        sandbox.write(name, wav(&clip(of), 1, 16000));
    };
    write("a.wav", "f1_angry_s1.flac");
    write("b.wav", "m1_sad_s2.flac");
    // A segment's windows are not those of the whole; the gain is measured on each.
    sandbox.write(
        "m.csv",
        "file,start,end\na.wav,,\na.wav,0.1,0.9\nb.wav,,\na.wav,0.3,0.9\n",
    );
    let command = "extract m.csv --window 0.4 --hop 0.2 --gain peak -o f.parquet";
    sandbox.sentire(command).exits(0);
    let first = sandbox.read("f.parquet");
    let again = sandbox.sentire(command).exits(0).stderr;
    assert!(again.contains("2 recordings unchanged"), "{again}");
    assert!(sandbox.read("f.parquet") == first);
    // Other lines, another sound under an old name, an old sound under a new one.
    write("c.wav", "f1_angry_s1.flac");
    write("b.wav", "f2_happy_s3.flac");
    sandbox.write(
        "m.csv",
        "file,start,end\nb.wav,,\nc.wav,,\na.wav,0.1,0.9\na.wav,0.1,0.7\n",
    );
    let changed = sandbox.sentire(command).exits(0).stderr;
    assert!(changed.contains("(2 kept from before)"), "{changed}");
    let resumed = sandbox.read("f.parquet");
    sandbox.sentire(&format!("{command} --fresh -j 1")).exits(0);
    assert!(sandbox.read("f.parquet") == resumed);
    let other = sandbox
        .sentire("extract m.csv --window 0.4 --hop 0.3 --gain peak -o f.parquet")
        .exits(2)
        .stderr;
    assert!(
        other.contains("made with hop 0.2, now hop is 0.3"),
        "{other}"
    );
    let other = sandbox
        .sentire("extract m.csv --window 0.4 --hop 0.2 -o f.parquet")
        .exits(2);
    assert!(
        other
            .stderr
            .contains("made with gain peak, now gain is none"),
        "{}",
        other.stderr
    );
}

#[test]
fn windows_that_make_no_sense_are_refused_in_one_line() {
    let sandbox = Sandbox::new();
    sandbox.write("a.wav", wav(&[1; 1000], 1, 16000));
    sandbox.write("m.csv", "file\na.wav\n");
    sandbox.write("taken.csv", "file,utterance_start\na.wav,3\n");
    let say = |flags: &str| {
        let run = sandbox
            .sentire(&format!("extract {flags} -o f.parquet"))
            .exits(2);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        run.stderr
    };
    assert!(say("m.csv --hop 1").contains("--hop says how far windows lie apart; give --window"));
    assert!(say("m.csv --window 0.05").contains("window 0.05: expected at least 0.1"));
    assert!(say("m.csv --window 1 --hop 2").contains("hop 2: expected 0.01 to 1"));
    assert!(say("m.csv --window 1 --hop 0").contains("hop 0: expected 0.01 to 1"));
    assert!(say("m.csv --window 1 --level lld").contains("--level lld writes a row per frame"));
    assert!(say("taken.csv --window 1").contains("\"utterance_start\""));
    let gain = sandbox.sentire("extract m.csv --gain loud").exits(2).stderr;
    assert!(gain.contains("expected none, peak or rms"), "{gain}");
    let predict = sandbox
        .sentire("predict a.wav -m m.sentire --hop 1")
        .exits(2)
        .stderr;
    assert!(predict.contains("give --window"), "{predict}");
}

#[test]
fn a_model_does_to_a_recording_what_was_done_to_those_it_learned_from() {
    let sandbox = Sandbox::new();
    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    for command in [
        format!("extract {manifest} --trim --gain rms -o f.parquet"),
        "train f.parquet -o m.sentire".to_string(),
    ] {
        sandbox.sentire(&command).exits(0);
    }
    let card = sandbox.sentire("describe m.sentire").exits(0).stdout;
    assert!(
        card.contains("gain               rms") && card.contains("trim               true"),
        "{card}"
    );
    let speech = clip("f1_sad_s1.flac");
    let soft: Vec<i16> = speech.iter().map(|x| x / 2).collect();
    sandbox.write("plain.wav", wav(&speech, 1, 16000));
    sandbox.write("other.wav", wav(&padded(&soft, 9000, 5000), 1, 16000));
    let say = |name: &str, model: &str| -> Value {
        let run = sandbox
            .sentire(&format!("predict {name} -m {model} --json"))
            .exits(0);
        serde_json::from_str(&run.stdout).unwrap()
    };
    let plain = say("plain.wav", "m.sentire");
    assert_eq!(
        plain["probabilities"],
        say("other.wav", "m.sentire")["probabilities"]
    );
    // A model of features of whole recordings as they are says something else of each.
    sandbox
        .sentire(&format!("extract {manifest} -o whole.parquet"))
        .exits(0);
    sandbox
        .sentire("train whole.parquet -o whole.sentire")
        .exits(0);
    let whole = say("plain.wav", "whole.sentire");
    assert_ne!(
        whole["probabilities"],
        say("other.wav", "whole.sentire")["probabilities"]
    );

    // Windows: near the mean of what is said of each as a recording of its own; how sure such a mean
    // is, the model has learned from recordings.
    let windows = [(0, 8000), (4000, 12_000), (8000, 16_000)];
    sandbox.write("one.wav", wav(&speech[..16_000], 1, 16000));
    let mut mean = std::collections::BTreeMap::new();
    for (number, (from, to)) in windows.into_iter().enumerate() {
        sandbox.write(&format!("{number}.wav"), wav(&speech[from..to], 1, 16000));
        let said = say(&format!("{number}.wav"), "whole.sentire");
        for (class, p) in said["probabilities"].as_object().unwrap() {
            *mean.entry(class.clone()).or_insert(0.0) += p.as_f64().unwrap() / 3.0;
        }
    }
    let run = sandbox.sentire("predict one.wav -m whole.sentire --window 0.5 --hop 0.25 --json");
    let run = run.exits(0);
    assert_eq!(run.stdout.lines().count(), 1);
    let said: Value = serde_json::from_str(&run.stdout).unwrap();
    for (class, p) in &mean {
        let found = said["probabilities"][class].as_f64().unwrap();
        assert!((found - p).abs() < 0.2, "{class}: {found} but mean {p}");
    }
    let most = mean
        .iter()
        .reduce(|a, b| if b.1 > a.1 { b } else { a })
        .unwrap();
    assert_eq!(said["label"], *most.0.as_str());
    assert_eq!(said["duration_s"], 1.0);
    // What is said of each window is what is said of it as a recording of its own.
    let of_windows = said["windows"].as_array().unwrap();
    let places: Vec<(f64, f64)> = of_windows
        .iter()
        .map(|w| (w["start"].as_f64().unwrap(), w["end"].as_f64().unwrap()))
        .collect();
    assert_eq!(places, [(0.0, 0.5), (0.25, 0.75), (0.5, 1.0)]);
    let alone = say("2.wav", "whole.sentire");
    assert_eq!(alone["windows"].as_array().unwrap().len(), 0);
    for (class, p) in alone["probabilities"].as_object().unwrap() {
        let found = of_windows[2]["probabilities"][class].as_f64().unwrap();
        assert!((found - p.as_f64().unwrap()).abs() < 1e-6, "{class}");
    }
    // In plain words a line for each under that of the recording.
    let text = sandbox
        .sentire("predict one.wav -m whole.sentire --window 0.5 --hop 0.25")
        .exits(0)
        .stdout;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].starts_with("one.wav  "), "{text}");
    assert!(
        lines[2].trim_start().starts_with("0.25 to     0.75 s  "),
        "{text}"
    );
}

#[test]
fn evaluation_counts_recordings_and_not_their_windows() {
    let sandbox = Sandbox::new();
    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    for jobs in [1, 3] {
        sandbox
            .sentire(&format!(
                "extract {manifest} --window 0.8 --hop 0.4 -o w{jobs}.parquet -j {jobs}"
            ))
            .exits(0);
        sandbox
            .sentire(&format!(
                "evaluate w{jobs}.parquet --folds 4 --normalize both --json -o r{jobs} -j {jobs}"
            ))
            .exits(0);
    }
    assert!(sandbox.read("w1.parquet") == sandbox.read("w3.parquet"));
    assert!(sandbox.read("r1/report.json") == sandbox.read("r3/report.json"));
    let both: Value = serde_json::from_slice(&sandbox.read("r1/report.json")).unwrap();
    let rows = table(&sandbox, "w1.parquet").rows();
    assert!(rows > 256, "{rows}");
    for protocol in ["corpus", "speaker"] {
        let report: Report = serde_json::from_value(both[protocol].clone()).unwrap();
        assert_eq!((report.n, report.windows), (128, Some(rows)));
        assert_eq!(report.confusion.iter().flatten().sum::<usize>(), 128);
        for fold in &report.folds {
            assert_eq!((fold.train, fold.test), (96, 32));
        }
        assert!(report.uar > 0.6, "{}", report.uar);
    }
    let text = String::from_utf8(sandbox.read("r1/report.txt")).unwrap();
    assert!(
        text.contains(&format!("128 recordings ({rows} windows")),
        "{text}"
    );
    let predictions = table(&sandbox, "r1/predictions.parquet");
    assert_eq!(predictions.rows(), 256);
    assert!(
        doubles(&predictions, "start")
            .iter()
            .all(|&start| start == 0.0)
    );

    // A model of windows: one line for a recording; under protocol B windows make the call.
    sandbox
        .sentire("train w1.parquet --normalize speaker -o b.sentire")
        .exits(0);
    let card = sandbox.sentire("describe b.sentire").exits(0).stdout;
    assert!(card.contains("128 recordings of 8 speakers"), "{card}");
    let long: Vec<i16> = clip("f1_sad_s1.flac")
        .into_iter()
        .cycle()
        .take(16_000 * 4)
        .collect();
    sandbox.write("long.wav", wav(&long, 1, 16000));
    sandbox.write("short.wav", wav(&long[..16_000 * 2], 1, 16000));
    let call = sandbox.sentire("predict long.wav -m b.sentire").exits(0);
    assert_eq!(call.stdout.lines().count(), 1);
    let few = sandbox
        .sentire("predict short.wav -m b.sentire")
        .exits(2)
        .stderr;
    assert!(
        few.contains("needs at least 8") && few.contains("not 4"),
        "{few}"
    );
}

#[test]
fn segments_of_one_file_are_recordings_of_their_own() {
    let sandbox = Sandbox::new();
    let mut manifest = String::from("file,start,end,speaker,emotion\n");
    for speaker in ["f1", "m1", "f2"] {
        let joined: Vec<i16> = ["angry", "sad"]
            .iter()
            .flat_map(|emotion| {
                let mut second = clip(&format!("{speaker}_{emotion}_s1.flac"));
                second.resize(16_000, 0);
                second
            })
            .collect();
        sandbox.write(&format!("{speaker}.wav"), wav(&joined, 1, 16000));
        manifest +=
            &format!("{speaker}.wav,0,1,{speaker},angry\n{speaker}.wav,1,2,{speaker},sad\n");
        // A second opinion on the first second, and no opinion on the middle.
        manifest += &format!("{speaker}.wav,0,1,{speaker},sad\n{speaker}.wav,0.5,1.5,{speaker},\n");
    }
    sandbox.write("m.csv", manifest);
    sandbox
        .sentire("extract m.csv --window 0.5 -o w.parquet")
        .exits(0);
    assert_eq!(table(&sandbox, "w.parquet").rows(), 24);
    let json = {
        let refused = sandbox.sentire("evaluate w.parquet --json").exits(2).stderr;
        assert!(
            refused.contains("audio_with_two_labels, listed_twice"),
            "{refused}"
        );
        let allowed = sandbox.sentire("evaluate w.parquet --json --allow-leakage");
        allowed.exits(0).stdout
    };
    let report: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (report.n, report.windows, report.left_out),
        (9, Some(18), 3)
    );
    let truths: Vec<usize> = report
        .confusion
        .iter()
        .map(|row| row.iter().sum())
        .collect();
    assert_eq!(truths, [3, 6]);
}

/// Channels of the same length, interleaved.
fn interleaved(channels: &[&[i16]]) -> Vec<i16> {
    (0..channels[0].len())
        .flat_map(|i| channels.iter().map(move |channel| channel[i]))
        .collect()
}

#[test]
fn of_channels_that_cancel_each_other_the_first_is_taken() {
    let sandbox = Sandbox::new();
    let speech = clip("f3_sad_s1.flac");
    let inverse: Vec<i16> = speech.iter().map(|x| -x).collect();
    let weaker: Vec<i16> = speech.iter().map(|x| -x / 10 * 7).collect();
    let other = clip("m2_angry_s1.flac");
    let n = other.len().min(speech.len());
    // As a lossy encoder leaves it: what it adds is other on each channel.
    let mut seed = 1_u32;
    let mut coded = |x: i16| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        x.saturating_add((seed >> 24) as i16 - 128)
    };
    let coded: Vec<[i16; 2]> = speech.iter().map(|&x| [coded(x), coded(-x)]).collect();
    let mut for_a_while = speech.clone();
    for_a_while[4000..12_000].iter_mut().for_each(|x| *x = -*x);
    let files: [(&str, Vec<i16>, u16); 8] = [
        ("mono", speech.clone(), 1),
        ("inverted", interleaved(&[&speech, &inverse]), 2),
        ("weaker", interleaved(&[&speech, &weaker]), 2),
        ("coded", coded.concat(), 2),
        ("for_a_while", interleaved(&[&speech, &for_a_while]), 2),
        (
            "four",
            interleaved(&[&speech, &inverse, &speech, &inverse]),
            4,
        ),
        ("two_voices", interleaved(&[&speech[..n], &other[..n]]), 2),
        (
            "one_dead",
            interleaved(&[&speech, &vec![0; speech.len()]]),
            2,
        ),
    ];
    for (name, samples, channels) in &files {
        sandbox.write(&format!("c/{name}.wav"), wav(samples, *channels, 16_000));
    }
    let cancelling = ["coded", "for_a_while", "four", "inverted", "weaker"];
    let read = |name: &str, options: &ReadOptions| {
        audio::read(sandbox.path(&format!("c/{name}.wav")), options).unwrap()
    };
    let plain = ReadOptions::default();
    for (name, samples, channels) in &files {
        let taken = cancelling.contains(name).then_some(0);
        for most_in_memory in [0, plain.most_in_memory] {
            let mixed = read(
                name,
                &ReadOptions {
                    most_in_memory,
                    ..plain
                },
            );
            assert_eq!(mixed.instead_of_mean, taken, "{name}");
            let first = read(
                name,
                &ReadOptions {
                    channel: Some(0),
                    ..plain
                },
            );
            assert_eq!(first.instead_of_mean, None, "a channel was asked for");
            if taken.is_some() {
                assert!(mixed.audio == first.audio, "{name}");
                assert_eq!(mixed.loud_db, first.loud_db, "{name}");
            } else {
                let mean = samples.chunks_exact(usize::from(*channels));
                let mean: Vec<f32> = mean
                    .map(|x| {
                        let sum: f32 = x.iter().map(|&x| f32::from(x) / 32_768.0).sum();
                        sum / f32::from(*channels)
                    })
                    .collect();
                assert!(mixed.audio.samples == mean, "{name}");
            }
        }
    }
    // The part that is read decides.
    let part = |segment| read("for_a_while", &ReadOptions { segment, ..plain });
    assert_eq!(part((0.0, Some(0.25))).instead_of_mean, None);
    assert_eq!(part((0.3, Some(0.7))).instead_of_mean, Some(0));

    // Each command says so once, in the order of the manifest.
    let warnings = |stderr: &str| -> Vec<String> {
        let lines = stderr
            .lines()
            .filter_map(|line| line.strip_prefix("warning: "));
        lines.map(str::to_string).collect()
    };
    let expected = |folder: &str| {
        let line = |name: &&str| {
            format!(
                "{folder}{name}.wav: its channels cancel each other when they are averaged; channel 0 is taken instead"
            )
        };
        let mut lines: Vec<String> = cancelling.iter().map(line).collect();
        // "weaker" comes after it.
        lines.insert(
            4,
            audio::channels_are_two(&format!("{folder}two_voices.wav")),
        );
        lines
    };
    let extract = "extract c --features egemaps -o f.parquet";
    for threads in [1, 4] {
        let command = format!("{extract} -j {threads} --fresh --force");
        let stderr = sandbox.sentire(&command).exits(0).stderr;
        assert_eq!(warnings(&stderr), expected(""));
    }
    // Also where the rows are kept from before; and nothing where it is to be quiet.
    let again = sandbox.sentire(extract).exits(0).stderr;
    assert_eq!(warnings(&again), expected(""));
    assert_eq!(
        sandbox.sentire(&format!("{extract} -q")).exits(0).stderr,
        ""
    );
    let extracted = table(&sandbox, "f.parquet");
    let rows = features(&extracted);
    let names = extracted.words("file").unwrap();
    let row = |name: &str| {
        let at = names.iter().position(|n| *n == format!("{name}.wav"));
        &rows[at.unwrap()]
    };
    assert!(row("inverted") == row("mono") && row("four") == row("mono"));
    assert!(row("two_voices") != row("mono"));
    // Of two segments of one file once.
    sandbox.write(
        "m.csv",
        "file,start,end\nc/inverted.wav,0,0.5\nc/inverted.wav,0.5,1\nc/mono.wav,0,0.5\n",
    );
    let stderr = sandbox
        .sentire("extract m.csv --features egemaps -o m.parquet --window 0.25")
        .exits(0)
        .stderr;
    assert_eq!(warnings(&stderr), expected("c/")[3..4]);
    let score = sandbox.sentire("score c -o s.parquet").exits(0).stderr;
    assert_eq!(warnings(&score), expected(""));
    let files: Vec<String> = cancelling.iter().map(|n| format!("c/{n}.wav")).collect();
    let predict = format!("predict c/mono.wav c/two_voices.wav {}", files.join(" "));
    let run = sandbox.sentire(&predict).exits(0);
    let mut told = warnings(&run.stderr);
    told.sort();
    assert_eq!(told, expected("c/"));
    let json = sandbox.sentire(&format!("{predict} --json -q")).exits(0);
    let said: Vec<Value> = json
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let flags: Vec<bool> = said
        .iter()
        .map(|said| said["channels_cancel"].as_bool().unwrap())
        .collect();
    assert_eq!(flags, [false, false, true, true, true, true, true]);
    let of = |name: &str| {
        let file = format!("c/{name}.wav");
        let said = said.iter().find(|said| said["file"] == file);
        said.unwrap()["probabilities"].clone()
    };
    assert_eq!(of("inverted"), of("mono"));
    let described = sandbox.sentire("describe c/inverted.wav").exits(0).stdout;
    assert!(
        described.contains("2, which cancel each other"),
        "{described}"
    );
}
