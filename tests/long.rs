//! Long recordings: in windows they give the rows that they would give in memory; otherwise, and where they are
//! longer than allowed, a line and a row of failures.

use sentire::audio::{self, Gain, ReadOptions, Segmentation};
use sentire::catalogue::FeatureSet;
use sentire::corpus::Manifest;
use sentire::extract::{self, Level, Limits, Settings};
use sentire::features::Extractor;
use sentire::table::{Column, Table};

use crate::sandbox::{Sandbox, demo_clip, silent_flac, wav};

/// A minute of speech at 16 kHz: one clip over and over.
fn minute() -> Vec<i16> {
    let clip = audio::read(demo_clip("f1_angry_s1.flac"), &ReadOptions::default()).unwrap();
    let samples = clip.audio.samples.iter();
    let samples: Vec<i16> = samples.map(|x| (x * 16384.0) as i16).collect();
    samples.into_iter().cycle().take(60 * 16_000).collect()
}

/// Two short recordings and between them a long one, of 592 windows, in stereo.
fn with_a_long_one() -> Sandbox {
    let sandbox = Sandbox::new();
    let long = minute();
    let stereo: Vec<i16> = long.iter().flat_map(|x| [*x, x / 2]).collect();
    sandbox.write("a.wav", wav(&long[..20_000], 1, 16_000));
    sandbox.write("b.wav", wav(&stereo, 2, 16_000));
    sandbox.write("c.wav", wav(&long[20_000..40_000], 1, 16_000));
    sandbox.write("m.csv", "file\na.wav\nb.wav\nc.wav\n");
    sandbox
}

#[test]
fn a_long_recording_has_the_rows_that_it_would_have_in_memory() {
    let sandbox = with_a_long_one();
    let manifest = Manifest::read(&sandbox.path("m.csv")).unwrap();
    let settings = Settings {
        sets: vec![FeatureSet::EGEMAPS],
        trim: true,
        gain: Gain::Peak,
        segmentation: Segmentation::from_flags(Some(0.5), Some(0.1)).unwrap(),
        limits: Limits {
            most_in_memory: 10_000,
            ..Limits::default()
        },
        ..Settings::default()
    };
    extract::update(&manifest, &settings, sandbox.path("f.parquet")).unwrap();
    let table = Table::read(sandbox.path("f.parquet")).unwrap();
    let in_memory = ReadOptions {
        most_in_memory: usize::MAX,
        ..settings.read_options(None, None)
    };
    let mut extractor = Extractor::new(&settings.sets);
    let (mut rows, mut starts) = (Vec::new(), Vec::new());
    for file in ["a.wav", "b.wav", "c.wav"] {
        let recording = audio::read(sandbox.path(file), &in_memory).unwrap();
        rows.extend(extract::features_of(&recording, &mut extractor, file).unwrap());
        let places = extract::places(&recording, &settings);
        starts.extend(places.into_iter().map(|(start, _)| start));
    }
    assert!(rows.len() > 512 + 20, "{}", rows.len());
    assert_eq!(table.numbers("start").unwrap(), starts);
    for (number, name) in table.feature_names().unwrap().iter().enumerate() {
        let Some(Column::Float(values)) = table.column(name) else {
            panic!("no numbers {name}");
        };
        let same = values.iter().zip(&rows).all(|(value, row)| {
            value.to_bits() == row[number].to_bits() || (value.is_nan() && !row[number].is_finite())
        });
        assert!(same && values.len() == rows.len(), "{name}");
    }
}

#[test]
fn a_long_recording_gives_the_same_bytes_kept_or_computed() {
    let sandbox = with_a_long_one();
    let flags = "--features egemaps --window 0.5 --hop 0.1";
    let command = format!("extract m.csv {flags} -o f.parquet");
    sandbox.sentire(&format!("{command} -j 1")).exits(0);
    let once = sandbox.read("f.parquet");
    sandbox.sentire(&format!("{command} -j 3 --fresh")).exits(0);
    assert!(sandbox.read("f.parquet") == once);
    let again = sandbox.sentire(&command).exits(0).stderr;
    assert!(again.contains("3 recordings unchanged"), "{again}");
    assert!(sandbox.read("f.parquet") == once);
    // In other company.
    sandbox.write("m.csv", "file\nc.wav\nb.wav\nd.wav\na.wav\n");
    sandbox.write("d.wav", wav(&minute()[777..30_000], 1, 16_000));
    let more = sandbox.sentire(&command).exits(0).stderr;
    assert!(more.contains("(3 kept from before)"), "{more}");
    let kept = sandbox.read("f.parquet");
    sandbox.sentire(&format!("{command} --fresh")).exits(0);
    assert!(sandbox.read("f.parquet") == kept);
    // As a stream, and scored.
    let stream = sandbox.command(&format!("extract m.csv {flags} --arrow-stdout"));
    let rows = { stream }.output().unwrap();
    assert!(rows.status.success() && rows.stdout.len() > 600 * 88 * 4);
    sandbox
        .sentire("score m.csv --window 0.5 --hop 0.1 -o p.parquet")
        .exits(0);
    let scored = Table::read_columns(&sandbox.path("p.parquet"), &["start"]).unwrap();
    assert!(scored.rows() > 590, "{}", scored.rows());
}

#[test]
fn what_would_take_too_much_is_a_failure_that_says_what_to_do() {
    let sandbox = Sandbox::new();
    sandbox.write("a.wav", wav(&minute()[..16_000], 1, 16_000));
    // Three hours of silence, in one of them without saying so in the header.
    sandbox.write("b.flac", silent_flac(3 * 3600, true));
    sandbox.write("c.flac", silent_flac(3 * 3600, false));
    sandbox.write("m.csv", "file\na.wav\nb.flac\nc.flac\n");
    let told = sandbox
        .sentire("extract m.csv --features egemaps -o f.parquet")
        .exits(1)
        .stderr;
    let b = "b.flac: FLAC of 10801 s by its header, which would take 2419 MB of memory; expected at most 1000 MB; cut it into \
             stretches of speech or windows with --segment or --window, or allow more with --max-memory";
    assert!(told.contains(b), "{told}");
    let c = b.replace("b.flac", "c.flac");
    assert!(told.contains(&c), "{told}");
    let failures = Table::read(sandbox.path("f.failures.parquet")).unwrap();
    let column = |name: &str| failures.text(name).unwrap().to_vec();
    assert_eq!(column("file"), ["b.flac", "c.flac"].map(|f| Some(f.into())));
    assert_eq!(
        column("stage"),
        ["decode", "decode"].map(|f| Some(f.into()))
    );
    assert_eq!(column("error")[0].as_deref(), b.strip_prefix("b.flac: "));
    // Limits determine no values: what was computed under others is used.
    let again = sandbox
        .sentire("extract m.csv --features egemaps --max-duration 600 -o f.parquet")
        .exits(1)
        .stderr;
    assert!(
        again.contains(
            "b.flac: FLAC of 10801 s by its header, too long: expected at most 600 s (--max-duration)"
        ),
        "{again}"
    );
    assert!(again.contains("1 recording unchanged"), "{again}");
    let windows = sandbox
        .sentire("extract m.csv --features egemaps --window 3600 --max-memory 800 -o w.parquet")
        .exits(1)
        .stderr;
    assert!(
        windows.contains("b.flac: FLAC of 10801 s by its header, which would take 806 MB of memory; expected at most 800 MB; use shorter windows"),
        "{windows}"
    );
    // The other commands.
    let predicted = sandbox
        .sentire("predict a.wav b.flac --max-duration 5000")
        .exits(1)
        .stderr;
    assert!(predicted.contains("expected at most 5000 s"), "{predicted}");
    let scored = sandbox
        .sentire("score m.csv --max-memory 400 -o p.parquet")
        .exits(1)
        .stderr;
    assert!(scored.contains("expected at most 400 MB"), "{scored}");
    // A segment takes what it is long; the file around it does not count.
    sandbox.write("s.csv", "file,start,end\nb.flac,7000,7001\n");
    sandbox
        .sentire("extract s.csv --features egemaps -o s.parquet")
        .exits(0);
    let wrong = sandbox
        .sentire("extract m.csv --max-memory 0 -o x.parquet")
        .exits(2)
        .stderr;
    assert!(
        wrong.contains("max-memory 0: expected more than 0 (MB)"),
        "{wrong}"
    );
}

#[test]
fn a_promise_that_is_not_kept_refuses_nothing_that_is_there() {
    let sandbox = Sandbox::new();
    // A header of two hours at 16 bits, and ten seconds behind it.
    const TWO_HOURS: u32 = 2 * 7200 * 16_000;
    let mut bytes = wav(&minute()[..160_000], 1, 16_000);
    let at = bytes.windows(4).position(|four| four == b"data").unwrap() + 4;
    bytes[at..at + 4].copy_from_slice(&TWO_HOURS.to_le_bytes());
    bytes[4..8].copy_from_slice(&(36 + TWO_HOURS).to_le_bytes());
    sandbox.write("cut.wav", bytes);
    sandbox.write("m.csv", "file\ncut.wav\n");
    let promised = sandbox
        .sentire("extract m.csv --features egemaps -o f.parquet")
        .exits(2)
        .stderr;
    assert!(
        promised.contains("its header promises 230400000 bytes of sound, the file has 320000"),
        "{promised}"
    );
    sandbox
        .sentire("extract m.csv --features egemaps --accept-truncated -o f.parquet")
        .exits(0);
    let table = Table::read(sandbox.path("f.parquet")).unwrap();
    assert!((table.numbers("duration_s").unwrap()[0] - 10.0).abs() < 0.1);
}

#[test]
fn contours_in_windows_are_refused() {
    let sandbox = with_a_long_one();
    let manifest = Manifest::read(&sandbox.path("m.csv")).unwrap();
    let settings = Settings {
        sets: vec![FeatureSet::EGEMAPS],
        level: Level::Lld,
        segmentation: Segmentation::from_flags(Some(0.5), Some(0.1)).unwrap(),
        ..Settings::default()
    };
    let refused = extract::update(&manifest, &settings, sandbox.path("f.parquet")).unwrap_err();
    assert!(refused.to_string().contains("choose one"), "{refused}");
}
