//! Features of other programs: joined to a manifest, learned from, compared, and honest about what a model of them can do.

use sentire::report::Report;
use sentire::table::Table;

use crate::sandbox::{Sandbox, demo_clip, repository, with_demo_features};

/// Two features of each of the demo's recordings, no two of them the same, as opensmile-python writes them, with paths of another machine.
fn opensmile_csv(ends: impl Fn(usize) -> String) -> String {
    let manifest = std::fs::read_to_string(repository("corpora/demo/manifest.csv")).unwrap();
    let mut csv = String::from("file,start,end,F0,loudness\n");
    for (row, line) in manifest.lines().skip(1).enumerate() {
        let file = line.split(',').next().unwrap();
        let is_loud = f64::from(u8::from(line.contains("angry")));
        csv += &format!(
            "/data/db/{file},0 days 00:00:00,{},{},{}\n",
            ends(row),
            row * 37 % 128,
            is_loud + 0.01 * (row % 5) as f64
        );
    }
    csv
}

fn demo_manifest() -> String {
    repository("corpora/demo/manifest.csv")
        .display()
        .to_string()
}

#[test]
fn features_of_another_program_are_evaluated_and_compared_like_ours() {
    let sandbox = with_demo_features();
    sandbox.write(
        "x.csv",
        opensmile_csv(|row| format!("0 days 00:00:01.{:03}", 100 + row)),
    );
    let import = format!("import x.csv --manifest {} --name ours", demo_manifest());
    let run = sandbox.sentire(&format!("{import} -o x.parquet")).exits(0);
    assert!(
        run.stderr.contains("128 rows of 2 features"),
        "{}",
        run.stderr
    );
    let table = Table::read(sandbox.path("x.parquet")).unwrap();
    assert_eq!(table.feature_names().unwrap(), ["F0", "loudness"]);
    assert_eq!(table.words("speaker").unwrap()[0], "f1");
    assert_eq!(table.numbers("end").unwrap()[2], 1.102);
    let command = "evaluate x.parquet --folds 4 --model ridge --json";
    let alone: Report = serde_json::from_str(&sandbox.sentire(command).exits(0).stdout).unwrap();
    assert_eq!(
        (alone.n, alone.speakers, alone.features.as_str()),
        (128, 8, "ours")
    );
    assert_eq!(alone.recall["angry"], 1.0);
    // Where the recordings end, our table says a little otherwise.
    let command = format!("{command} --compare features.parquet");
    let both: Report = serde_json::from_str(&sandbox.sentire(&command).exits(0).stdout).unwrap();
    assert!(both.comparisons[0].other.ends_with(" of features.parquet"));

    // What a model has learned from it, nobody here can compute.
    sandbox
        .sentire("train x.parquet --model ridge -o x.sentire")
        .exits(0);
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    for command in [
        format!("predict {clip} -m x.sentire"),
        format!(
            "score {} -m x.sentire -o y.parquet",
            repository("corpora/demo").display()
        ),
        "serve -m x.sentire --port 0".into(),
        "verify x.parquet".into(),
    ] {
        let refused = sandbox.sentire(&command).exits(2).stderr;
        let last = refused.lines().last().unwrap();
        assert!(
            last.contains("features `ours` of another program"),
            "{command}: {refused}"
        );
    }
}

#[test]
fn what_finds_no_partner_is_counted_and_what_is_unclear_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("m.csv", "file,speaker,emotion,start,end\na/x.wav,s1,sad,,\nb/x.wav,s2,angry,,\nc.wav,s1,sad,0,1\nc.wav,s1,angry,1,2\n");
    let import = |csv: &str| {
        sandbox.write("f.csv", csv);
        sandbox.sentire("import f.csv --manifest m.csv -o f.parquet --force")
    };
    let run = import("file;start;end;F0;note\nC:\\db\\a\\x.wav;0;NaT;1,5;x\nc.wav;1;0 days 00:00:02;2;\nd.wav;0;;3;\n").exits(0);
    for note in [
        "2 of 4 lines of the manifest have no features: b/x.wav, c.wav",
        "1 of 3 rows of features has no line in the manifest: d.wav",
        "1 column of words taken for no features: note",
    ] {
        assert!(run.stderr.contains(note), "{note} in {}", run.stderr);
    }
    let table = Table::read(sandbox.path("f.parquet")).unwrap();
    assert_eq!(table.words("emotion").unwrap(), ["sad", "angry"]);
    assert_eq!(table.numbers("F0").unwrap(), [1.5, 2.0]);
    for (csv, said) in [
        (
            "file,F0\nx.wav,1\n",
            "x.wav may be a/x.wav or b/x.wav of the manifest",
        ),
        (
            "file,F0\n1/a/x.wav,1\n2/a/x.wav,1\n",
            "1/a/x.wav and 2/a/x.wav may both be a/x.wav",
        ),
        (
            "file,F0\nc.wav,1\n",
            "c.wav has a row for the whole of it, and 2 lines in the manifest",
        ),
        ("file,F0\na/x.wav,1\na/x.wav,2\n", "has two rows of a/x.wav"),
        (
            "file,F0\nz.wav,1\n",
            "none of its 1 rows is of a recording in the manifest",
        ),
        (
            "number,F0\n1,1\n",
            "names no recordings; expected a column `file`",
        ),
        (
            "file,speaker\na/x.wav,1\n",
            "has no columns of numbers that could be features",
        ),
        (
            "file,start,F0\na/x.wav,soon,1\n",
            "row 1, column start: \"soon\" is no time",
        ),
    ] {
        let refused = import(csv).exits(2).stderr;
        assert!(refused.contains(said), "{said} in {refused}");
    }
}

#[test]
fn several_rows_within_a_line_are_its_windows() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "m.csv",
        "file,speaker,emotion\na.wav,s1,sad\nb.wav,s2,angry\n",
    );
    sandbox.write(
        "f.csv",
        "file,start,end,F0\na.wav,0.5,1,2\na.wav,0,0.5,1\nb.wav,0,0.5,3\n",
    );
    sandbox
        .sentire("import f.csv --manifest m.csv -o f.parquet")
        .exits(0);
    let table = Table::read(sandbox.path("f.parquet")).unwrap();
    assert_eq!(table.numbers("F0").unwrap(), [1.0, 2.0, 3.0]);
    assert_eq!(table.numbers("utterance_end").unwrap(), [1.0, 1.0, 0.5]);
    let data = sentire::dataset::Dataset::new(&table, "emotion").unwrap();
    assert_eq!(data.recordings, [0, 0, 1]);
}

#[test]
fn arff_goes_out_and_comes_back() {
    let sandbox = with_demo_features();
    let export = "export features.parquet --columns emotion,speaker,f0_hz_* -o x.arff";
    sandbox.sentire(export).exits(0);
    let text = String::from_utf8(sandbox.read("x.arff")).unwrap();
    assert!(text.contains("@attribute file string\n"), "{text}");
    assert!(text.contains("@attribute emotion {angry,happy,neutral,sad}\n\n@data\n"));
    sandbox.sentire("import x.arff -o back.parquet").exits(0);
    let (ours, back) = (
        table(&sandbox, "features.parquet"),
        table(&sandbox, "back.parquet"),
    );
    let names = back.feature_names().unwrap();
    assert!(names.len() > 5 && names.iter().all(|name| name.starts_with("f0_hz_")));
    for name in names
        .iter()
        .chain(&["emotion".into(), "speaker".into(), "end".into()])
    {
        let (ours, back) = (ours.words(name).unwrap(), back.words(name).unwrap());
        assert_eq!(ours, back, "{name}");
    }
}

fn table(sandbox: &Sandbox, name: &str) -> Table {
    Table::read(sandbox.path(name)).unwrap()
}

#[test]
fn what_is_declared_as_one_of_our_sets_predicts() {
    let sandbox = Sandbox::new();
    let extract = format!(
        "extract {} --features egemaps -o e.parquet -q",
        demo_manifest()
    );
    sandbox.sentire(&extract).exits(0);
    sandbox.sentire("export e.parquet -o e.csv").exits(0);
    let import = format!(
        "import e.csv --manifest {} --features egemaps",
        demo_manifest()
    );
    sandbox
        .sentire(&format!("{import} -o back.parquet"))
        .exits(0);
    sandbox
        .sentire("train back.parquet --model ridge -o m.sentire")
        .exits(0);
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    sandbox
        .sentire(&format!("predict {clip} -m m.sentire"))
        .exits(0);
    let lacking = format!(
        "import e.csv --manifest {} --features emobase -o y.parquet",
        demo_manifest()
    );
    let refused = sandbox.sentire(&lacking).exits(2).stderr;
    assert!(
        refused.contains("has not all features of the declared sets"),
        "{refused}"
    );
}
