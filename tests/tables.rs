//! Tables as other programs read them.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use parquet::basic::{Encoding, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use sentire::table::{self, Column, Table};

use crate::sandbox::{Sandbox, demo_clip, with_demo_features};

/// How the columns of floats of a file, those of lists too, and all others are encoded.
fn encodings(path: &Path) -> BTreeMap<bool, Vec<Encoding>> {
    let file = SerializedFileReader::new(File::open(path).unwrap()).unwrap();
    let mut found: BTreeMap<bool, Vec<Encoding>> = BTreeMap::new();
    for group in file.metadata().row_groups() {
        for column in group.columns() {
            let is_float = matches!(column.column_type(), Type::FLOAT | Type::DOUBLE);
            let of_kind = found.entry(is_float).or_default();
            of_kind.extend(column.encodings());
            of_kind.sort_unstable();
            of_kind.dedup();
        }
    }
    found
}

/// Some clips of the demo corpus in a folder `calls`, with a file that is none.
fn with_calls() -> Sandbox {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet --model svm -o m.sentire -q")
        .exits(0);
    for clip in ["f1_angry_s1", "f1_sad_s1", "m1_angry_s1", "m1_sad_s1"] {
        let name = format!("{clip}.flac");
        sandbox.write(
            &format!("calls/{name}"),
            std::fs::read(demo_clip(&name)).unwrap(),
        );
    }
    sandbox.write("calls/broken.wav", "RIFF");
    sandbox
}

/// Every kind of table that commands write from the recordings in `calls`: names, commands, and exit codes.
const KINDS: [(&str, &str, i32); 9] = [
    ("features", "extract calls --features default,egemaps -o", 1),
    (
        "windows",
        "extract calls --features rich --window 0.5 --hop 0.25 -o",
        1,
    ),
    ("contours", "extract calls --level lld -o", 1),
    (
        "kept",
        "extract calls --features covariance --accept-truncated -o",
        1,
    ),
    ("predictions", "score calls -m m.sentire -o", 1),
    (
        "timeline",
        "score calls -m m.sentire --window 0.5 --hop 0.25 -o",
        1,
    ),
    ("stacked", "score calls -m m.sentire --long -o", 1),
    (
        "long",
        "export features.parquet --long --columns speaker,f0_* -o",
        0,
    ),
    ("split", "split features.parquet -o", 0),
];

/// Writes every kind of table, as NAME.plain.parquet and NAME.split.parquet, into `tables`.
fn write_every_kind(sandbox: &Sandbox) {
    std::fs::create_dir(sandbox.path("tables")).unwrap();
    for encoding in ["plain", "split"] {
        for (name, command, code) in KINDS {
            let out = format!("tables/{name}.{encoding}.parquet");
            // The time is that of `scored_at`.
            sandbox
                .sentire_at(
                    &format!("{command} {out} --encoding {encoding}"),
                    "1800000000",
                )
                .exits(code);
            let failures = sandbox.path(&format!("tables/{name}.{encoding}.failures.parquet"));
            match (code, name) {
                (1, "features") => {
                    let to = format!("tables/failures.{encoding}.parquet");
                    std::fs::rename(failures, sandbox.path(&to)).unwrap();
                }
                (1, _) => std::fs::remove_file(failures).unwrap(),
                _ => {}
            }
        }
        let out = sandbox.path(&format!("tables/odd.{encoding}.parquet"));
        odd_values()
            .write_encoded(out, encoding.parse().unwrap())
            .unwrap();
    }
}

/// Values that a reader may get wrong: nothing, zeros of both signs, the smallest and the largest numbers, odd words.
fn odd_values() -> Table {
    let floats = [
        0.0,
        -0.0,
        f32::NAN,
        f32::from_bits(1),
        f32::MIN,
        f32::MAX,
        0.1,
    ];
    let doubles = vec![
        f64::NAN,
        -0.0,
        f64::from_bits(1),
        f64::MIN,
        f64::MAX,
        0.1,
        1e22,
    ];
    let words = [
        Some(""),
        Some(" a "),
        None,
        Some("é"),
        Some("e\u{301}"),
        Some("\u{1F600}"),
        Some("a\0b,\"\n"),
    ];
    // pandas makes doubles of integers where any is missing.
    let ints = vec![
        Some(0),
        None,
        Some(-1),
        Some(1 << 53),
        None,
        Some(-(1 << 53)),
        Some(1),
    ];
    let whole = [0, 1, -1, i64::MIN, i64::MAX, 1 << 53 | 1, 7].map(Some);
    let flags = vec![
        Some(true),
        Some(false),
        None,
        None,
        Some(true),
        Some(false),
        Some(true),
    ];
    let shifted = |by: usize| floats.iter().cycle().skip(by).take(7).copied().collect();
    Table {
        columns: vec![
            (
                "file".into(),
                Column::Text(words.map(|w| w.map(str::to_string)).to_vec()),
            ),
            ("seconds".into(), Column::Double(doubles)),
            ("number".into(), Column::Int(ints)),
            ("whole".into(), Column::Int(whole.to_vec())),
            ("flag".into(), Column::Bool(flags)),
            ("nothing".into(), Column::Float(vec![f32::NAN; 7])),
            ("a".into(), Column::Float(shifted(0))),
            ("shape_1".into(), Column::Float(shifted(1))),
            ("shape_2".into(), Column::Float(shifted(2))),
        ],
        metadata: [
            (
                table::FEATURES_KEY.to_string(),
                r#"["a","shape_1","shape_2"]"#.to_string(),
            ),
            (
                table::view_key("shapes"),
                r#"["shape_1","shape_2"]"#.to_string(),
            ),
        ]
        .into(),
    }
}

/// Equality under which NaN equals NaN.
fn same(a: &Table, b: &Table) -> bool {
    format!("{a:?}") == format!("{b:?}")
}

#[test]
fn every_table_is_stored_as_it_is_asked_for_and_holds_the_same() {
    let sandbox = with_calls();
    write_every_kind(&sandbox);
    let kinds = KINDS.iter().map(|(name, ..)| *name);
    for name in kinds.chain(["failures", "odd"]) {
        let [plain, split] =
            ["plain", "split"].map(|of| sandbox.path(&format!("tables/{name}.{of}.parquet")));
        let [of_plain, of_split] = [&plain, &split].map(|path| encodings(path));
        // RLE is that of nulls.
        assert_eq!(of_plain[&true], [Encoding::PLAIN, Encoding::RLE], "{name}");
        assert_eq!(
            of_split[&true],
            [Encoding::RLE, Encoding::BYTE_STREAM_SPLIT],
            "{name}"
        );
        assert!(
            of_plain[&false].contains(&Encoding::RLE_DICTIONARY),
            "{name}"
        );
        assert_eq!(of_plain[&false], of_split[&false], "{name}");
        let [plain, split] = [plain, split].map(|path| Table::read(path).unwrap());
        assert!(plain.rows() > 0 && same(&plain, &split), "{name}");
    }
    let refused = sandbox
        .sentire("extract calls --encoding xor -o x.parquet")
        .exits(2);
    assert!(
        refused.stderr.contains("available: plain, split"),
        "{}",
        refused.stderr
    );
}

#[test]
fn the_encoding_is_none_of_the_settings_that_kept_rows_must_have() {
    let sandbox = with_calls();
    std::fs::remove_file(sandbox.path("calls/broken.wav")).unwrap();
    let extract = |encoding: &str| {
        let command = format!("extract calls --features rich --encoding {encoding} -o f.parquet");
        sandbox.sentire(&command).exits(0)
    };
    extract("plain");
    let plain = sandbox.read("f.parquet");
    let again = extract("split");
    assert!(
        again.stderr.contains("4 recordings unchanged"),
        "{}",
        again.stderr
    );
    let path = sandbox.path("f.parquet");
    assert!(encodings(&path)[&true].contains(&Encoding::BYTE_STREAM_SPLIT));
    extract("plain");
    assert!(
        sandbox.read("f.parquet") == plain,
        "the bytes are other ones"
    );

    // Shards of two encodings are one table.
    for (shard, encoding) in [(1, "plain"), (2, "split")] {
        let command = format!(
            "extract calls --features rich --shard {shard}/2 --encoding {encoding} -o shards"
        );
        sandbox.sentire(&command).exits(0);
    }
    let [one, shards] =
        ["f.parquet", "shards"].map(|name| Table::read(sandbox.path(name)).unwrap());
    assert!(same(&one, &shards));
}

#[test]
fn a_name_that_stands_twice_is_told_with_its_file() {
    let sandbox = Sandbox::new();
    let column = |values: [f64; 2]| Column::Double(values.to_vec());
    let table = Table {
        columns: vec![
            ("a".into(), column([1.0, 2.0])),
            ("a".into(), column([3.0, 4.0])),
        ],
        ..Table::default()
    };
    table.write(sandbox.path("t.parquet")).unwrap();
    for command in [
        "describe t.parquet",
        "train t.parquet -o m.sentire",
        "export t.parquet -o x.csv",
    ] {
        let refused = sandbox.sentire(command).exits(2).stderr;
        assert!(
            refused.contains("t.parquet: column `a`: there are two of this name"),
            "{refused}"
        );
    }
}
