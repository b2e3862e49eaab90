//! Tables as other programs read them, and as they leave them behind.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Encoding, Type};
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use sentire::table::{self, Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, demo_clip, repository, with_demo_features};

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

/// The table at `from` as another program may write it again: without our metadata, features and views as doubles in
/// lists that may be long, words in dictionaries, the speaker and the label as numbers, and a column that pandas adds.
fn rewritten(from: &Path, to: &Path) {
    let file = ParquetRecordBatchReaderBuilder::try_new(File::open(from).unwrap()).unwrap();
    let batches: Vec<RecordBatch> = file.build().unwrap().map(Result::unwrap).collect();
    let batch = arrow::compute::concat_batches(&batches[0].schema(), &batches).unwrap();
    let double = || Arc::new(Field::new("item", DataType::Float64, true));
    let words = DataType::Dictionary(Box::new(DataType::Int8), Box::new(DataType::Utf8));
    let mut columns: Vec<(String, ArrayRef)> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        let to = match (field.name().as_str(), field.data_type()) {
            ("file", _) => DataType::LargeUtf8,
            (_, DataType::Utf8) => words.clone(),
            (_, DataType::Float32) => DataType::Float64,
            (_, DataType::List(_)) => DataType::LargeList(double()),
            (_, same) => same.clone(),
        };
        columns.push((field.name().clone(), cast(column, &to).unwrap()));
    }
    let index = Int64Array::from_iter_values(0..batch.num_rows() as i64);
    columns.push(("__index_level_0__".into(), Arc::new(index)));
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, column)| Field::new(name, column.data_type().clone(), true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays = columns.into_iter().map(|(_, column)| column).collect();
    let batch = RecordBatch::try_new(schema.clone(), arrays).unwrap();
    let properties = WriterProperties::builder().build();
    let mut writer =
        ArrowWriter::try_new(File::create(to).unwrap(), schema, Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// The report of an evaluation, and what is said beside it.
fn report_on(sandbox: &Sandbox, table: &str) -> (Value, String) {
    let command = format!("evaluate {table} --folds 4 --model svm --json");
    let run = sandbox.sentire(&command).exits(0);
    (serde_json::from_str(&run.stdout).unwrap(), run.stderr)
}

#[test]
fn a_table_that_lost_its_metadata_is_known_by_the_names_of_its_columns() {
    let sandbox = with_demo_features();
    rewritten(
        &sandbox.path("features.parquet"),
        &sandbox.path("again.parquet"),
    );
    assert!(
        Table::read_metadata(&sandbox.path("again.parquet"))
            .unwrap()
            .is_empty()
    );
    let (ours, said) = report_on(&sandbox, "features.parquet");
    assert!(!said.contains("note:"), "{said}");
    let (theirs, said) = report_on(&sandbox, "again.parquet");
    assert_eq!(ours, theirs);
    // As Spark names parts.
    let part = std::fs::read(sandbox.path("again.parquet")).unwrap();
    sandbox.write("spark/part-00000-f740ab0a-c000.snappy.parquet", part);
    sandbox.write("spark/_SUCCESS", "");
    assert_eq!(report_on(&sandbox, "spark").0, ours);
    let notes: Vec<&str> = said
        .lines()
        .filter(|line| line.starts_with("note:"))
        .collect();
    let [note] = notes[..] else { panic!("{said}") };
    let features = ours["features"].as_str().unwrap();
    assert!(
        note.starts_with("note: again.parquet: names no features in its metadata")
            && note.contains(&features.replace(',', ", "))
            && note.ends_with("with the defaults"),
        "{note}"
    );

    // A model of it is that of ours.
    for (table, model) in [("features.parquet", "ours"), ("again.parquet", "theirs")] {
        let command = format!("train {table} -o {model}.sentire");
        let run = sandbox.sentire(&command).exits(0);
        assert_eq!(run.stderr.contains("names no features"), model == "theirs");
    }
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    let [ours, theirs] = ["ours", "theirs"].map(|model| {
        let run = sandbox.sentire(&format!("predict {clip} -m {model}.sentire --json"));
        let mut said: Value = serde_json::from_str(&run.exits(0).stdout).unwrap();
        said.as_object_mut()
            .unwrap()
            .retain(|key, _| !key.starts_with("model"));
        said
    });
    assert_eq!(ours, theirs);

    // And it is described, split, and exported as ours is.
    let described = sandbox.sentire("describe again.parquet").exits(0);
    assert!(described.stdout.contains(" of them features") && !described.stdout.contains("rate"));
    let first = |text: &str| {
        text.split(", ")
            .last()
            .unwrap()
            .lines()
            .next()
            .unwrap()
            .to_string()
    };
    let of_ours = sandbox.sentire("describe features.parquet").exits(0);
    assert_eq!(
        first(described.stdout.lines().next().unwrap()),
        first(of_ours.stdout.lines().next().unwrap())
    );
    sandbox.sentire("split again.parquet -o s.parquet").exits(0);
    sandbox
        .sentire("evaluate s.parquet --folds split --model svm")
        .exits(0);
    for table in ["features", "again"] {
        let command =
            format!("export {table}.parquet --columns speaker,f0_* --long -o {table}.csv");
        sandbox.sentire(&command).exits(0);
    }
    assert!(sandbox.read("features.csv") == sandbox.read("again.csv"));
}

/// A table with the columns of `from` for which `is_kept`, changed by `change`, without metadata.
fn altered(
    from: &Path,
    is_kept: impl Fn(&str) -> bool,
    change: impl Fn(&str, Column) -> Column,
) -> Table {
    let table = Table::read(from).unwrap();
    let kept = table.columns.into_iter().filter(|(name, _)| is_kept(name));
    Table {
        columns: kept
            .map(|(name, column)| (name.clone(), change(&name, column)))
            .collect(),
        ..Table::default()
    }
}

#[test]
fn a_model_of_some_features_without_metadata_computes_those() {
    let sandbox = with_demo_features();
    let path = sandbox.path("features.parquet");
    let is_kept = |name: &str| {
        ["speaker", "emotion"].contains(&name) || name.starts_with("mfcc_1_") || name == "age"
    };
    altered(&path, is_kept, |_, column| column)
        .write(sandbox.path("some.parquet"))
        .unwrap();
    let run = sandbox
        .sentire("train some.parquet --model svm -o some.sentire")
        .exits(0);
    assert!(
        run.stderr.contains("others of these sets are missing"),
        "{}",
        run.stderr
    );
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    let said = sandbox
        .sentire(&format!("predict {clip} -m some.sentire --json"))
        .exits(0)
        .stdout;
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["reasons"][0]["family"], "spectral_envelope");

    // What is named as nothing of ours is no feature.
    let words = altered(
        &path,
        |name| ["speaker", "emotion", "duration_s"].contains(&name),
        |_, c| c,
    );
    words.write(sandbox.path("words.parquet")).unwrap();
    let refused = sandbox.sentire("train words.parquet -o w.sentire").exits(2);
    assert!(
        refused.stderr.contains("names no features in its metadata"),
        "{}",
        refused.stderr
    );
}

#[test]
fn windows_are_known_by_their_rows() {
    let sandbox = Sandbox::new();
    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    sandbox
        .sentire(&format!(
            "extract {manifest} --features rich --window 0.75 --hop 0.3 -o w.parquet"
        ))
        .exits(0);
    altered(&sandbox.path("w.parquet"), |_| true, |_, column| column)
        .write(sandbox.path("again.parquet"))
        .unwrap();
    let run = sandbox
        .sentire("train again.parquet --model svm -o w.sentire")
        .exits(0);
    assert!(
        run.stderr
            .contains("with --window 0.75 --hop 0.3 and the defaults otherwise"),
        "{}",
        run.stderr
    );
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    sandbox
        .sentire(&format!("predict {clip} -m w.sentire"))
        .exits(0);
}

#[test]
fn numbers_and_flags_that_stand_for_words_are_words() {
    let sandbox = with_demo_features();
    let path = sandbox.path("features.parquet");
    let speakers: Vec<String> = {
        let table = Table::read(&path).unwrap();
        let mut names = table.words("speaker").unwrap();
        names.sort();
        names.dedup();
        names
    };
    let number = |word: &Option<String>| {
        let word = word.as_ref()?;
        speakers
            .iter()
            .position(|name| name == word)
            .map(|place| place as i64 + 1)
    };
    let is_sad = |word: &Option<String>| word.as_ref().map(|word| word == "sad");
    // As pandas makes integers with a gap.
    let double = |number: Option<i64>| number.map_or(f64::NAN, |number| number as f64);
    let ints = |name: &str, column: Column| match (name, column) {
        ("speaker", Column::Text(words)) => Column::Int(words.iter().map(number).collect()),
        ("emotion", Column::Text(words)) => Column::Bool(words.iter().map(is_sad).collect()),
        (_, column) => column,
    };
    let doubles = |name: &str, column: Column| match (name, column) {
        ("speaker", Column::Text(words)) => {
            let mut numbers: Vec<f64> = words.iter().map(|word| double(number(word))).collect();
            numbers[0] = f64::NAN;
            Column::Double(numbers)
        }
        ("emotion", Column::Text(words)) => {
            let label = |word: &Option<String>| f64::from(u8::from(is_sad(word) == Some(true)));
            Column::Float(words.iter().map(|word| label(word) as f32).collect())
        }
        (_, column) => column,
    };
    altered(&path, |_| true, ints)
        .write(sandbox.path("ints.parquet"))
        .unwrap();
    altered(&path, |_| true, doubles)
        .write(sandbox.path("doubles.parquet"))
        .unwrap();
    for (table, classes, speaker) in [
        ("ints", ["false", "true"], "1"),
        ("doubles", ["0", "1"], "2"),
    ] {
        let run = sandbox
            .sentire(&format!(
                "evaluate {table}.parquet --folds 4 --model svm --json"
            ))
            .exits(0);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!(
            report["classes"],
            serde_json::json!(classes),
            "{}",
            run.stdout
        );
        let described = sandbox
            .sentire(&format!("describe {table}.parquet"))
            .exits(0)
            .stdout;
        let of_speakers = described.split("\nspeaker").nth(1).unwrap();
        assert!(
            of_speakers.contains(&format!("\n  {speaker}  ")),
            "{described}"
        );
        sandbox
            .sentire(&format!("split {table}.parquet -o {table}-split.parquet"))
            .exits(0);
    }
    let refused = sandbox
        .sentire("evaluate ints.parquet --label duration_s --task classes")
        .exits(2);
    assert!(
        refused.stderr.contains("holds numbers that are not whole"),
        "{}",
        refused.stderr
    );
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

/// The Pythons that `SENTIRE_PYTHON` names, as `PATH` names folders; `python3` where it is not set.
pub fn pythons() -> Vec<PathBuf> {
    let named = std::env::var_os("SENTIRE_PYTHON").unwrap_or("python3".into());
    std::env::split_paths(&named).collect()
}

/// One of [`pythons`] that has these modules; where none has, that a test is skipped is written where the harness does not hold it back.
pub fn python_with(modules: &[&str]) -> Option<PathBuf> {
    let has_them = |python: &PathBuf| {
        let import = format!("import {}", modules.join(", "));
        let ran = Command::new(python).args(["-c", &import]).output();
        ran.is_ok_and(|ran| ran.status.success())
    };
    let found = pythons().into_iter().find(has_them);
    if found.is_none() {
        let named = match modules {
            [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            modules => modules.concat(),
        };
        let skipped =
            format!("skipped: no Python with {named} (SENTIRE_PYTHON names one that has)\n");
        std::io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    found
}

#[test]
fn other_programs_read_every_table_or_say_that_they_cannot() {
    const READERS: [&str; 9] = [
        "pyarrow",
        "pandas",
        "polars",
        "duckdb",
        "datafusion",
        "chdb",
        "tableauhyperapi",
        "fastparquet",
        "pyspark",
    ];
    const WRITERS: [&str; 6] = [
        "pandas",
        "polars",
        "duckdb",
        "datafusion",
        "chdb",
        "pyspark",
    ];
    let script = repository("tests/reference/readers.py");
    let ask = |python: &Path, arguments: &[&str]| {
        let mut command = Command::new(python);
        command.arg(&script).args(arguments).output()
    };
    let mut readers: Vec<(PathBuf, String)> = Vec::new();
    for python in pythons() {
        let listed = ask(&python, &[])
            .ok()
            .filter(|listed| listed.status.success());
        let listed = listed.map(|listed| String::from_utf8(listed.stdout).unwrap());
        for line in listed.unwrap_or_default().lines() {
            let name = line.split(' ').next().unwrap();
            let is_new = name == "pyspark" || readers.iter().all(|(_, other)| other != name);
            if is_new {
                readers.push((python.clone(), name.to_string()));
            }
        }
    }
    let is_missing = |name: &&str| readers.iter().all(|(_, found)| found != name);
    let missing: Vec<&str> = READERS.into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        let line = format!(
            "skipped: no {} (SENTIRE_PYTHON names Pythons that have them and pyarrow, separated as in PATH)\n",
            missing.join(", ")
        );
        // Past the test harness, which would keep it to itself.
        let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    }
    if readers.is_empty() {
        return;
    }
    let sandbox = with_calls();
    write_every_kind(&sandbox);
    let folder = sandbox.path("tables").display().to_string();
    let (ours, _) = report_on(&sandbox, "features.parquet");
    for (number, (python, name)) in readers.into_iter().enumerate() {
        let run = ask(&python, &["check", &name, &folder]).unwrap();
        let said = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{name}: {said}");
        let said = String::from_utf8_lossy(&run.stdout);
        assert!(
            said.contains(&format!("{} tables", KINDS.len() + 2)),
            "{said}"
        );
        // What it writes is learned from as if it were ours.
        if WRITERS.contains(&name.as_str()) {
            let features = sandbox.path("features.parquet").display().to_string();
            let again = format!("again-{number}.parquet");
            let out = sandbox.path(&again).display().to_string();
            let run = ask(&python, &["again", &name, &features, &out]).unwrap();
            let said = String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success(), "{name}: {said}");
            let (report, said) = report_on(&sandbox, &again);
            assert!(said.contains("names no features in its metadata"), "{said}");
            assert_eq!(report, ours, "{name}");
        }
    }
}
