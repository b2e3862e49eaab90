//! More than one machine: shards, a folder read as one table, rows as an Arrow stream; and whether a table holds.

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::ipc::reader::StreamReader;
use sentire::table::Table;
use sentire::verify::{Kind, Verification};

use crate::sandbox::{Sandbox, demo_clip, repository};

/// Copies of some clips of the demo corpus, one of them broken, and a manifest with a column of its own.
fn with_calls() -> Sandbox {
    let sandbox = Sandbox::new();
    let mut manifest = "file,speaker,emotion,room\n".to_string();
    for (number, name) in [
        "f1_sad_s1",
        "f1_happy_s2",
        "m1_angry_s3",
        "m2_neutral_s1",
        "f2_sad_s4",
    ]
    .iter()
    .enumerate()
    {
        std::fs::copy(
            demo_clip(&format!("{name}.flac")),
            sandbox.path(&format!("{name}.flac")),
        )
        .unwrap();
        // The column is empty in all but one line: a shard may well have none of it.
        let room = if number == 0 { "hall" } else { "" };
        manifest += &format!("{name}.flac,s{number},sad,{room}\n");
    }
    sandbox.write("broken.wav", "RIFF");
    manifest += "broken.wav,s9,sad,\n";
    sandbox.write("m.csv", manifest);
    sandbox
}

#[test]
fn shards_make_one_table_with_the_rows_of_one_run() {
    let sandbox = with_calls();
    sandbox.sentire("extract m.csv -o one.parquet").exits(1);
    // More shards than recordings: some are empty; the last but one has the broken recording alone.
    for (shard, code) in (1..=7).zip([0, 0, 0, 0, 0, 0, 1]) {
        sandbox
            .sentire(&format!(
                "extract m.csv --shard {shard}/7 -o shards.parquet"
            ))
            .exits(code);
        if shard < 7 {
            let told = sandbox.sentire("describe shards.parquet").exits(2).stderr;
            assert!(told.contains("missing"), "{told}");
        }
    }
    let one = Table::read(sandbox.path("one.parquet")).unwrap();
    let shards = Table::read(sandbox.path("shards.parquet")).unwrap();
    assert_eq!(format!("{one:?}"), format!("{shards:?}"));
    let failures = Table::read(sandbox.path("shards.failures/part-0007-of-0007.parquet")).unwrap();
    assert_eq!(failures.words("file").unwrap(), ["broken.wav"]);

    // Every command reads the folder.
    sandbox.sentire("export shards.parquet -o a.csv").exits(0);
    sandbox.sentire("export one.parquet -o b.csv").exits(0);
    assert!(sandbox.read("a.csv") == sandbox.read("b.csv"));
    let described = sandbox.sentire("describe shards.parquet").exits(0).stdout;
    assert!(described.contains("5 rows"), "{described}");
    sandbox
        .sentire("split shards.parquet -o split.parquet")
        .exits(0);
    assert_eq!(
        Table::read(sandbox.path("split.parquet")).unwrap().rows(),
        5
    );
    // The same shard again has nothing to do.
    let again = sandbox
        .sentire("extract m.csv --shard 1/7 -o shards.parquet")
        .exits(0);
    assert!(again.stderr.contains("0 recordings"), "{}", again.stderr);
}

#[test]
fn an_array_job_takes_its_share_and_says_so() {
    let sandbox = with_calls();
    let mut command = sandbox.command("extract m.csv -o shards --features egemaps");
    let output = command
        .env("SLURM_ARRAY_TASK_ID", "3")
        .env("SLURM_ARRAY_TASK_MIN", "2")
        .env("SLURM_ARRAY_TASK_COUNT", "3")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.starts_with("note: shard 2/3, as SLURM_ARRAY_TASK_ID says (all: --shard 1/1)\n"),
        "{said}"
    );
    let part = Table::read(sandbox.path("shards/part-0002-of-0003.parquet")).unwrap();
    assert_eq!(
        part.words("file").unwrap(),
        ["m1_angry_s3.flac", "m2_neutral_s1.flac"]
    );
    sandbox.write("file", "");
    let refused = sandbox
        .sentire("extract m.csv --shard 1/2 -o file")
        .exits(2)
        .stderr;
    assert!(
        refused.contains("expected the name of a folder"),
        "{refused}"
    );
    let refused = sandbox.sentire("extract m.csv --shard 3/2").exits(2).stderr;
    assert!(refused.contains("expected 1/2 to 2/2"), "{refused}");
}

#[test]
fn the_stream_has_columns_rows_and_metadata_of_the_table() {
    let sandbox = with_calls();
    sandbox.sentire("extract m.csv -o one.parquet").exits(1);
    let streamed = |manifest: &[u8], code: i32| {
        let mut command = sandbox.command("extract --stdin-manifest --arrow-stdout");
        let path = sandbox.write("in.csv", manifest);
        let output = command
            .stdin(std::fs::File::open(path).unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        let reader = StreamReader::try_new(Cursor::new(output.stdout), None).unwrap();
        let schema = reader.schema();
        let batches: Vec<_> = reader.map(|batch| batch.unwrap()).collect();
        (schema, batches, said)
    };
    let (schema, batches, said) = streamed(&sandbox.read("m.csv"), 1);
    assert!(said.contains("failed: broken.wav: "), "{said}");
    let mut metadata: BTreeMap<String, String> =
        Table::read_metadata(&sandbox.path("one.parquet")).unwrap();
    // The manifest is another one for each share; names of features are compared with the columns.
    metadata.remove("sentire.manifest");
    metadata.retain(|key, _| !key.starts_with("sentire.features"));
    for (key, value) in metadata {
        assert_eq!(schema.metadata().get(&key), Some(&value), "{key}");
    }
    // The same types and values as the file: it is read by the same library.
    let file = std::fs::File::open(sandbox.path("one.parquet")).unwrap();
    let reader =
        parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    let expected: Vec<_> = reader
        .build()
        .unwrap()
        .map(|batch| batch.unwrap())
        .collect();
    assert_eq!((batches.len(), expected.len()), (1, 1));
    for (name, column) in expected[0]
        .schema()
        .fields()
        .iter()
        .zip(expected[0].columns())
    {
        assert_eq!(
            batches[0].column_by_name(name.name()),
            Some(column),
            "{name}"
        );
    }
    // A share of the lines has the same columns, whatever is empty in them.
    let lines = "file,speaker,emotion,room\nm1_angry_s3.flac,s2,sad,\n";
    let (of_share, batches, _) = streamed(lines.as_bytes(), 0);
    let names = |schema: &arrow::datatypes::Schema| -> Vec<String> {
        schema
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect()
    };
    assert_eq!(names(&of_share), names(&schema));
    assert_eq!(batches[0].num_rows(), 1);
    // What stands at the default output has nothing to do with a stream.
    sandbox.write("outputs/features.parquet", "a file");
    let shard = "extract m.csv --features egemaps --arrow-stdout --shard 1/6 -q";
    let output = sandbox.command(shard).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // No line, no row, and the same columns.
    let (of_none, batches, _) = streamed(b"file,speaker,emotion,room\n", 0);
    assert_eq!((names(&of_none), batches.len()), (names(&schema), 0));
    let refused = sandbox
        .sentire_with("extract --stdin-manifest --arrow-stdout", b"")
        .exits(2);
    assert!(
        refused
            .stderr
            .contains("standard input: has no column `file`"),
        "{}",
        refused.stderr
    );
}

#[test]
fn a_table_holds_until_its_recordings_change() {
    let sandbox = with_calls();
    for (name, flags) in [
        ("plain", "--features egemaps"),
        ("windows", "--features egemaps --window 1 --hop 0.5 --trim"),
        ("contours", "--features egemaps --level lld"),
    ] {
        sandbox
            .sentire(&format!("extract m.csv {flags} -o {name}.parquet"))
            .exits(1);
        let holds = sandbox
            .sentire(&format!("verify {name}.parquet --rows 1000"))
            .exits(0)
            .stdout;
        assert!(
            holds.ends_with(" identical; the table holds\n"),
            "{name}: {holds}"
        );
    }
    let segments = "file,start,end\nf1_sad_s1.flac,0.2,1\nf1_sad_s1.flac,0.5,1.4\n";
    sandbox.write("segments.csv", segments);
    sandbox
        .sentire("extract segments.csv -o segments.parquet")
        .exits(0);
    let holds = sandbox.sentire("verify segments.parquet").exits(0).stdout;
    assert_eq!(
        holds,
        "2 of 2 rows computed again: 2 identical; the table holds\n"
    );

    std::fs::remove_file(sandbox.path("f1_sad_s1.flac")).unwrap();
    std::fs::copy(
        demo_clip("m1_sad_s1.flac"),
        sandbox.path("f1_happy_s2.flac"),
    )
    .unwrap();
    let json = sandbox
        .sentire("verify plain.parquet --json")
        .exits(1)
        .stdout;
    let found: Verification = serde_json::from_str(&json).unwrap();
    let kinds: Vec<(&str, Kind)> = found
        .findings
        .iter()
        .map(|f| (f.file.as_str(), f.kind))
        .collect();
    assert_eq!(
        kinds,
        [
            ("f1_sad_s1.flac", Kind::Missing),
            ("f1_happy_s2.flac", Kind::Changed)
        ]
    );
    assert_eq!((found.rows, found.checked, found.identical), (5, 5, 3));

    // A number that somebody has written over.
    let mut table = Table::read(sandbox.path("plain.parquet")).unwrap();
    let name = table.feature_names().unwrap()[0].clone();
    for (column, values) in &mut table.columns {
        if let (true, sentire::table::Column::Float(values)) = (*column == name, values) {
            values[4] += 1.0;
        }
    }
    table.write(sandbox.path("altered.parquet")).unwrap();
    let told = sandbox.sentire("verify altered.parquet").exits(1).stdout;
    assert!(
        told.contains("f2_sad_s4.flac (0.000 to ") && told.contains(&format!("{name} is ")),
        "{told}"
    );
    let refused = sandbox
        .sentire(&format!(
            "verify {}",
            repository("corpora/demo/manifest.csv").display()
        ))
        .exits(2);
    assert!(
        refused.stderr.contains("is not a Parquet table"),
        "{}",
        refused.stderr
    );
}
