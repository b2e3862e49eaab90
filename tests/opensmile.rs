//! openSMILE's sets against openSMILE's values (`tests/reference/README.md` says of which version): on clips of the demo
//! corpus, on made signals, on real recordings. (`tests/egemaps.rs` has the closer look at eGeMAPSv02.)

use std::collections::BTreeMap;
use std::process::Command;

use sentire::audio::{self, Audio, ReadOptions};
use sentire::catalogue::FeatureSet;
use sentire::features::Extractor;
use sentire::lld::LldTable;
use sentire::table::{Column, Table};

use crate::egemaps::{Agreement, agreement, column, extracted, signal};
use crate::sandbox::{Sandbox, demo_clip, repository};

/// A set, what its reference tables are called among the real ones, and how many of its features may disagree there.
struct Case {
    set: &'static str,
    real: &'static str,
    may_disagree: usize,
}

const CASES: &[Case] = &[
    // Peaks relative to the mean of two deltas of MFCC: a mean near 0, whose sign hangs on rounding.
    Case {
        set: "compare",
        real: "compare2016",
        may_disagree: 2,
    },
    Case {
        set: "gemaps",
        real: "gemapsv01b",
        may_disagree: 0,
    },
    Case {
        set: "gemaps-v01a",
        real: "gemapsv01a",
        may_disagree: 0,
    },
    Case {
        set: "egemaps-v01a",
        real: "egemapsv01a",
        may_disagree: 0,
    },
    Case {
        set: "egemaps-v01b",
        real: "egemapsv01b",
        may_disagree: 0,
    },
    Case {
        set: "emobase",
        real: "emobase",
        may_disagree: 0,
    },
    Case {
        set: "is09",
        real: "is09",
        may_disagree: 0,
    },
];

impl Case {
    fn set(&self) -> FeatureSet {
        self.set.parse().unwrap()
    }

    /// A table of openSMILE's values that is committed.
    fn reference(&self, level: &str) -> Table {
        let path = format!("tests/reference/opensmile/{}_{level}.parquet", self.set);
        Table::read(repository(&path)).unwrap()
    }
}

/// The columns of a table of contours but for the first three: names and values.
fn contours(table: &Table) -> Vec<(&str, Vec<f64>)> {
    let columns = table.columns.iter().skip(3);
    columns
        .map(|(name, _)| (name.as_str(), column(table, name)))
        .collect()
}

/// What openSMILE names, from the committed tables: features, descriptors, deltas.
fn names(case: &Case) -> [Vec<String>; 3] {
    let functionals = case.reference("functionals");
    let features = functionals.text("feature").unwrap().iter().flatten();
    let of_frames = |level: &str, has: bool| match has {
        true => contours(&case.reference(level))
            .into_iter()
            .map(|(name, _)| name.to_string())
            .collect(),
        false => Vec::new(),
    };
    [
        features.cloned().collect(),
        of_frames("lld", true),
        of_frames("deltas", case.set().has_deltas()),
    ]
}

#[test]
fn names_and_their_order_are_opensmiles() {
    for case in CASES {
        let set = case.set();
        let [features, llds, deltas] = names(case);
        assert_eq!(set.names().collect::<Vec<_>>(), features, "{set}");
        let of = |llds: Vec<sentire::catalogue::Lld>| -> Vec<String> {
            llds.into_iter().map(|lld| lld.name).collect()
        };
        assert_eq!(of(set.llds()), llds, "{set}");
        assert_eq!(of(set.deltas()), deltas, "{set}");
    }
}

/// A clip of the demo corpus, or a made signal: `test at 8000 Hz`, `60 ms`.
fn sound(name: &str) -> Audio {
    if name.ends_with(".flac") {
        return audio::read(demo_clip(name), &ReadOptions::default())
            .unwrap()
            .audio;
    }
    let words: Vec<&str> = name.split(' ').collect();
    let sample_rate = match words[..] {
        ["test", "at", rate, "Hz"] => rate.parse().unwrap(),
        _ => 16_000,
    };
    let samples = signal(name, sample_rate);
    Audio {
        samples: samples.iter().map(|&x| f32::from(x) / 32768.0).collect(),
        sample_rate,
    }
}

/// Features that hang on rounding where a contour is constant or nearly so, as those of made signals are: positions of an
/// extreme that several frames share, moments, what is relative to a mean or a range near 0, linear prediction.
fn hangs_on_rounding(feature: &str) -> bool {
    let ends = [
        "Pos",
        "skewness",
        "kurtosis",
        "peakMeanRel",
        "flatness",
        "lpgain",
        "leftctime",
        "risetime",
    ];
    ends.iter().any(|end| feature.ends_with(end))
        || [
            "_lpc",
            "_linreg",
            "_qreg",
            "SegLen",
            "segLen",
            "Slope",
            "eak",
            "upleveltime",
            "stddevNorm",
        ]
        .iter()
        .any(|part| feature.contains(part))
}

#[test]
fn features_of_clips_and_signals_are_opensmiles() {
    for case in CASES {
        let table = case.reference("functionals");
        let features = names(case)[0].clone();
        let mut extractor = Extractor::new(&[case.set()]);
        let mut of_clips: Vec<[Vec<f64>; 2]> = vec![Default::default(); features.len()];
        for (name, _) in &table.columns[1..] {
            let found = extractor.functionals(&sound(name));
            let expected = column(&table, name);
            assert_eq!(found.len(), expected.len());
            let mut odd = BTreeMap::new();
            for (k, (&found, expected)) in found.iter().zip(expected).enumerate() {
                let found = f64::from(found);
                if name.ends_with(".flac") {
                    of_clips[k][0].push(found);
                    of_clips[k][1].push(expected);
                }
                let near = (found - expected).abs() <= 1e-3 * expected.abs().max(1e-2);
                let is_none = found.is_nan() && expected.is_nan();
                if !(near || is_none) {
                    odd.insert(&features[k], (found, expected));
                }
            }
            let plain: Vec<_> = odd
                .iter()
                .filter(|(feature, _)| !hangs_on_rounding(feature))
                .collect();
            assert!(plain.is_empty(), "{} of {name}: {plain:?}", case.set);
            let share = odd.len() as f64 / features.len() as f64;
            assert!(share < 0.02, "{} of {name}: {odd:?}", case.set);
        }
        for (feature, [ours, theirs]) in features.iter().zip(&of_clips) {
            let Agreement { r, median, .. } = agreement(ours, theirs);
            let is_near = r >= 0.999 || ours == theirs;
            assert!(
                (is_near && median <= 1e-3) || hangs_on_rounding(feature),
                "{feature}: r {r}, median deviation {median}"
            );
        }
    }
}

#[test]
fn contours_of_clips_are_opensmiles() {
    for case in CASES {
        let set = case.set();
        let mut extractor = Extractor::new(&[set]);
        let mut compare = |level: &str, contours_of: fn(&mut Extractor, &Audio) -> LldTable| {
            let reference = case.reference(level);
            let files = reference.text("file").unwrap();
            let (starts, ends) = (column(&reference, "start"), column(&reference, "end"));
            let mut ours: Vec<Vec<f64>> = Vec::new();
            let mut names: Vec<&String> = files.iter().flatten().collect();
            names.dedup();
            let mut row = 0;
            for name in names {
                let table = contours_of(&mut extractor, &sound(name));
                for frame in 0..table.frames() {
                    assert_eq!(files[row].as_ref(), Some(name), "{set}: rows of {level}");
                    let (start, end) = table.span_s(frame);
                    assert!(
                        (start - starts[row]).abs() < 1e-6 && (end - ends[row]).abs() < 1e-6,
                        "{set} {level}, {name}, frame {frame}: {start} to {end}, not {} to {}",
                        starts[row],
                        ends[row]
                    );
                    ours.push(table.contours.iter().map(|c| f64::from(c[frame])).collect());
                    row += 1;
                }
            }
            assert_eq!(row, files.len(), "{set}: rows of {level}");
            for (k, (name, theirs)) in contours(&reference).into_iter().enumerate() {
                let ours: Vec<f64> = ours.iter().map(|frame| frame[k]).collect();
                let Agreement { r, .. } = agreement(&ours, &theirs);
                assert!(r >= 0.99999 || ours == theirs, "{set} {name}: r {r}");
                let largest = theirs.iter().fold(0.0, |most: f64, x| most.max(x.abs()));
                for (x, y) in ours.iter().zip(&theirs) {
                    assert!(
                        (x - y).abs() <= 1e-4 * largest,
                        "{set} {name}: {x}, not {y}"
                    );
                }
            }
        };
        compare("lld", Extractor::llds);
        if set.has_deltas() {
            compare("deltas", Extractor::deltas);
        }
    }
}

#[test]
fn features_of_real_speech_are_opensmiles() {
    for case in CASES {
        let reference = format!("{}_functionals.parquet", case.real);
        let Some((ours, reference)) = extracted(&reference, &format!("--features {}", case.set))
        else {
            continue;
        };
        assert_eq!((ours.rows(), reference.rows()), (300, 300));
        let disagrees = |name: &String| {
            let (ours, theirs) = (column(&ours, name), column(&reference, name));
            let Agreement { r, median, .. } = agreement(&ours, &theirs);
            !((r >= 0.999 || ours == theirs) && median <= 1e-3)
        };
        let odd: Vec<String> = case.set().names().filter(disagrees).collect();
        assert!(odd.len() <= case.may_disagree, "{}: {odd:?}", case.set);
    }
}

#[test]
fn descriptors_of_real_speech_are_opensmiles() {
    for case in CASES {
        let reference = format!("{}_lld.parquet", case.real);
        let has_deltas_beside = ["emobase", "is09"].contains(&case.real);
        let levels: &[&str] = if has_deltas_beside {
            &["lld", "deltas"]
        } else {
            &["lld"]
        };
        for level in levels {
            let options = format!("--features {} --level {level}", case.set);
            let Some((ours, reference)) = extracted(&reference, &options) else {
                continue;
            };
            let llds = match *level {
                "lld" => case.set().llds(),
                _ => case.set().deltas(),
            };
            for lld in llds {
                let theirs = column(&reference, &lld.name);
                // Where deltas stand beside descriptors, these have two rows less.
                let theirs: Vec<f64> = match has_deltas_beside {
                    true => theirs.into_iter().filter(|x| !x.is_nan()).collect(),
                    false => theirs,
                };
                let ours = column(&ours, &lld.name);
                let Agreement { r, .. } = agreement(&ours, &theirs);
                assert!(r >= 0.9999, "{} {}: r {r}", case.set, lld.name);
            }
        }
    }
}

/// Of one clip of the demo corpus.
fn manifest() -> String {
    format!("file\n{}\n", demo_clip("f1_angry_s1.flac").display())
}

#[test]
fn sets_in_one_table_share_equal_columns_and_tell_others_apart() {
    let sandbox = Sandbox::new();
    sandbox.write("m.csv", manifest());
    let extract = |features: &str, to: &str| {
        sandbox.sentire(&format!("extract m.csv --features {features} -o {to}"))
    };
    extract("compare,egemaps,gemaps,emobase", "both.parquet").exits(0);
    extract("compare", "alone.parquet").exits(0);
    let [both, alone] =
        ["both.parquet", "alone.parquet"].map(|name| Table::read(sandbox.path(name)).unwrap());
    for name in FeatureSet::COMPARE.names() {
        assert!(both.column(&name) == alone.column(&name), "{name}");
    }
    for name in FeatureSet::EGEMAPS.names() {
        let is_there = matches!(both.column(&name), Some(Column::Float(_)));
        assert!(is_there, "{name}");
    }
    // What both have, under a name of its own.
    extract("emobase", "emobase.parquet").exits(0);
    let emobase = Table::read(sandbox.path("emobase.parquet")).unwrap();
    for name in FeatureSet::EMOBASE.names() {
        let beside = format!("emobase_{name}");
        let found = both.column(&beside).or_else(|| both.column(&name));
        assert!(found == emobase.column(&name), "{name}");
    }
    assert!(both.column("emobase_pcm_zcr_sma_range").is_some());
    assert!(both.column("emobase_F0env_sma_range").is_none());
    // A model of such a table finds its features again.
    let demo = repository("corpora/demo/manifest.csv");
    let command = format!(
        "extract {} --features compare,is09 -o f.parquet",
        demo.display()
    );
    sandbox.sentire(&command).exits(0);
    sandbox
        .sentire("train f.parquet --model ridge -o m.sentire")
        .exits(0);
    let clip = demo_clip("m1_sad_s1.flac");
    let run = sandbox.sentire(&format!("predict {} -m m.sentire --json", clip.display()));
    let prediction: serde_json::Value = serde_json::from_str(&run.exits(0).stdout).unwrap();
    assert_eq!(prediction["label"], "sad");
    // The order in which they are asked for decides no name.
    extract("emobase,compare", "turned.parquet").exits(0);
    let turned = Table::read(sandbox.path("turned.parquet")).unwrap();
    let name = "pcm_zcr_sma_range";
    assert!(turned.column(name) == alone.column(name));
    // A table that lost its metadata may be of another edition.
    extract("egemaps-v01a", "a.parquet").exits(0);
    let bare = Table {
        metadata: BTreeMap::new(),
        ..Table::read(sandbox.path("a.parquet")).unwrap()
    };
    bare.write(sandbox.path("bare.parquet")).unwrap();
    let ran = sandbox.sentire("describe bare.parquet").exits(0);
    let expected = "egemaps has the names of egemaps-v01a: if it is that, extract anew";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
    // Editions whose values differ are described side by side, and have no table in common.
    let command = "describe egemaps,gemaps-v01a";
    sandbox.sentire(command).exits(0);
    let ran = extract("egemaps,gemaps-v01a", "x.parquet").exits(2);
    let expected = "egemaps and gemaps-v01a have features of one name with different values; ask for one of them at a time";
    assert!(ran.stderr.contains(expected), "{}", ran.stderr);
}

#[test]
fn deltas_are_a_table_of_their_own() {
    let sandbox = Sandbox::new();
    sandbox.write("m.csv", manifest());
    let extract = |flags: &str| sandbox.sentire(&format!("extract m.csv -o d.parquet {flags}"));
    extract("--features ComParE_2016 --level deltas").exits(0);
    let table = Table::read(sandbox.path("d.parquet")).unwrap();
    let expected = Extractor::new(&[FeatureSet::COMPARE]).deltas(&sound("f1_angry_s1.flac"));
    assert_eq!(table.rows(), expected.frames());
    assert_eq!(table.metadata["sentire.level"], "deltas");
    let level = column(&table, "pcm_RMSenergy_sma_de");
    let expected = expected.contour("pcm_RMSenergy_sma_de").unwrap();
    assert!(level.iter().zip(expected).all(|(&a, &b)| a == f64::from(b)));
    let ran = extract("--features egemaps --level deltas --force").exits(2);
    assert!(
        ran.stderr
            .contains("name one of compare, emobase, is09 with --features"),
        "{}",
        ran.stderr
    );
}

#[test]
fn an_exported_table_reads_back_as_opensmiles_own() {
    let sandbox = Sandbox::new();
    sandbox.write("m.csv", manifest());
    let export = |flags: &str| {
        sandbox
            .sentire("extract m.csv --features gemaps -o f.parquet")
            .exits(0);
        sandbox
            .sentire(&format!("export f.parquet {flags} -o f.csv --force"))
            .exits(0);
        std::fs::read_to_string(sandbox.path("f.csv")).unwrap()
    };
    let clip = demo_clip("f1_angry_s1.flac");
    let text = export("--timedelta --columns F0*");
    let begins = format!(
        "{},0 days 00:00:00.000000000,0 days 00:00:01.017562500,35.8",
        clip.display()
    );
    let row = text.lines().nth(1).unwrap();
    assert!(row.starts_with(&begins), "{row}");
    export("--timedelta");
    let script = repository("tests/reference/opensmile_csv.py");
    let Some(python) = crate::tables::python_with(&["opensmile"]) else {
        return;
    };
    let ran = Command::new(&python)
        .arg(script)
        .arg(sandbox.path("f.csv"))
        .arg("GeMAPSv01b")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout).trim().to_string();
    assert_eq!(said, "equal", "{}", String::from_utf8_lossy(&ran.stderr));
}
