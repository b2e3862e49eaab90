//! `score` and `export`: folders to tables of predictions, and tables to what charts want.

use std::process::Command;

use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Run, Sandbox, demo_clip, repository, with_demo_features};
use crate::tables::python_with;

const CLIPS: [&str; 4] = ["f1_angry_s1", "f1_sad_s1", "m1_angry_s1", "m1_sad_s1"];

/// The demo's features, a model of them, and some clips in `calls`.
fn with_calls(train: &str) -> Sandbox {
    let sandbox = with_demo_features();
    sandbox
        .sentire(&format!("train features.parquet -o m.sentire {train}"))
        .exits(0);
    for clip in CLIPS {
        let bytes = std::fs::read(demo_clip(&format!("{clip}.flac"))).unwrap();
        sandbox.write(&format!("calls/{clip}.flac"), bytes);
    }
    sandbox
}

fn table(sandbox: &Sandbox, name: &str) -> Table {
    Table::read(sandbox.path(name)).unwrap()
}

fn words(table: &Table, name: &str) -> Vec<String> {
    table.words(name).unwrap()
}

/// When a row was scored, a moment for other programs.
fn scored_at(table: &Table, row: usize) -> String {
    let column = table.column("scored_at").unwrap();
    assert!(matches!(column, Column::Time(_)), "{column:?}");
    column.text_of(row)
}

fn names(table: &Table) -> Vec<&str> {
    table
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect()
}

#[test]
fn a_folder_is_scored_as_its_files_are_predicted() {
    let sandbox = with_calls("");
    let run = sandbox
        .sentire("score calls -m m.sentire -o s.parquet")
        .exits(0);
    assert_eq!(run.stdout, "");
    assert!(
        run.stderr.contains("4 recordings, 4 rows -> s.parquet"),
        "{}",
        run.stderr
    );
    let scores = table(&sandbox, "s.parquet");
    assert_eq!(
        names(&scores),
        [
            "file",
            "start",
            "end",
            "label",
            "probability",
            "p_angry",
            "p_happy",
            "p_neutral",
            "p_sad",
            "unsure",
            "out_of_domain",
            "verdict",
            "speech_s",
            "model",
            "audio_hash",
            "duration_s",
            "sample_rate",
            "channels",
            "clipped_ratio",
            "speech_ratio",
            "snr_db",
            "bandwidth_hz",
            "truncated",
            "model_id",
            "scored_at"
        ]
    );
    for (row, clip) in CLIPS.iter().enumerate() {
        assert_eq!(words(&scores, "file")[row], format!("{clip}.flac"));
        let said = sandbox
            .sentire(&format!("predict calls/{clip}.flac -m m.sentire --json"))
            .exits(0);
        let said: Value = serde_json::from_str(&said.stdout).unwrap();
        assert_eq!(said["label"], *words(&scores, "label")[row]);
        for (class, p) in said["probabilities"].as_object().unwrap() {
            let found = scores.numbers(&format!("p_{class}")).unwrap()[row];
            assert!((found - p.as_f64().unwrap()).abs() < 1e-6, "{clip} {class}");
        }
    }
    let time = scored_at(&scores, 0);
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
}

#[test]
fn the_same_command_again_scores_what_has_changed() {
    let sandbox = with_calls("");
    let score = |code: i32| -> Run {
        sandbox
            .sentire("score calls -m m.sentire -o s.parquet")
            .exits(code)
    };
    score(0);
    let first = sandbox.read("s.parquet");
    // A second passes, and with it what `scored_at` would say.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let again = score(0);
    assert!(
        again
            .stderr
            .contains("4 recordings unchanged, nothing to score"),
        "{}",
        again.stderr
    );
    assert!(
        sandbox.read("s.parquet") == first,
        "the bytes are other ones"
    );

    let before = table(&sandbox, "s.parquet");
    std::fs::copy(
        sandbox.path("calls/m1_sad_s1.flac"),
        sandbox.path("calls/f1_sad_s1.flac"),
    )
    .unwrap();
    sandbox.write("calls/broken.wav", "RIFF");
    std::fs::copy(demo_clip("f2_sad_s1.flac"), sandbox.path("calls/new.flac")).unwrap();
    let changed = score(1);
    assert!(
        changed.stderr.contains(
            "5 recordings (4 kept from before), 5 rows -> s.parquet; 1 failed -> s.failures.parquet"
        ),
        "{}",
        changed.stderr
    );
    let after = table(&sandbox, "s.parquet");
    assert_eq!(scored_at(&after, 0), scored_at(&before, 0));
    assert_ne!(scored_at(&after, 4), scored_at(&before, 0));
    // Now the same sound as another file, which was scored before.
    assert_eq!(
        words(&after, "audio_hash")[1],
        words(&before, "audio_hash")[3]
    );
    let failures = table(&sandbox, "s.failures.parquet");
    assert_eq!(words(&failures, "file"), ["broken.wav"]);
    assert_eq!(words(&failures, "stage"), ["decode"]);

    // Another model is another table.
    sandbox
        .sentire("train features.parquet --model ridge:alpha=10 -o other.sentire")
        .exits(0);
    let other = sandbox
        .sentire("score calls -m other.sentire -o s.parquet")
        .exits(2)
        .stderr;
    assert!(
        other.contains("was made with model_id") && other.contains("--force"),
        "{other}"
    );
    sandbox
        .sentire("score calls -m other.sentire -o s.parquet --force")
        .exits(1);
    let foreign = sandbox
        .sentire("score calls -m other.sentire -o features.parquet")
        .exits(2);
    assert!(
        foreign.stderr.contains("exists already"),
        "{}",
        foreign.stderr
    );
}

#[test]
fn a_manifest_gives_its_columns_and_windows_their_rows() {
    let sandbox = with_calls("");
    sandbox.write(
        "m.csv",
        "file,speaker,emotion,agent,start,end\ncalls/f1_sad_s1.flac,f1,sad,Ann,0.2,1.2\ncalls/m1_sad_s1.flac,m1,sad,,0,1\n",
    );
    let run = sandbox
        .sentire("score m.csv -m m.sentire --window 0.5 --hop 0.25 -o w.parquet")
        .exits(0);
    assert!(
        run.stderr.contains("2 recordings, 6 rows"),
        "{}",
        run.stderr
    );
    let scores = table(&sandbox, "w.parquet");
    assert_eq!(
        names(&scores)[..10],
        [
            "file",
            "start",
            "end",
            "utterance_start",
            "utterance_end",
            "speaker",
            "emotion",
            "label_original",
            "agent",
            "label"
        ]
    );
    let starts = scores.numbers("start").unwrap();
    let expected = [0.2, 0.45, 0.7, 0.0, 0.25, 0.5];
    assert!(
        starts
            .iter()
            .zip(expected)
            .all(|(a, b)| (a - b).abs() < 1e-9),
        "{starts:?}"
    );
    assert_eq!(words(&scores, "agent")[2..4], ["Ann", "unknown"]);
    let again = sandbox
        .sentire("score m.csv -m m.sentire --window 0.5 --hop 0.25 -o w.parquet")
        .exits(0);
    assert!(
        again.stderr.contains("2 recordings unchanged"),
        "{}",
        again.stderr
    );
    sandbox.write("bad.csv", "file,label\ncalls/f1_sad_s1.flac,x\n");
    let bad = sandbox
        .sentire("score bad.csv -m m.sentire -o b.parquet")
        .exits(2)
        .stderr;
    assert!(
        bad.contains("\"label\" has the name of a column of the predictions"),
        "{bad}"
    );
}

#[test]
fn a_model_that_scales_by_speaker_is_told_who_speaks() {
    let sandbox = with_calls("--normalize speaker");
    let none = sandbox.sentire("score calls -m m.sentire").exits(2).stderr;
    assert!(none.contains("--speaker-column"), "{none}");
    // A caller with eight recordings, and one with two.
    let mut manifest = "file,caller\n".to_string();
    for (speaker, sentences) in [("f1", 1..=4), ("m1", 1..=1)] {
        for emotion in ["angry", "sad"] {
            for s in sentences.clone() {
                let clip = demo_clip(&format!("{speaker}_{emotion}_s{s}.flac"));
                manifest += &format!("{},{speaker}\n", clip.display());
            }
        }
    }
    sandbox.write("m.csv", &manifest);
    let wrong = sandbox
        .sentire("score m.csv -m m.sentire --speaker-column who")
        .exits(2)
        .stderr;
    assert!(
        wrong.contains("no line of the manifest has a word in the column \"who\""),
        "{wrong}"
    );
    let run = sandbox
        .sentire("score m.csv -m m.sentire --speaker-column caller -o s.parquet")
        .exits(0);
    let says =
        "fewer than 8 rows of 1 of 2 speakers (m1): they are scaled as the training recordings are";
    assert_eq!(run.stderr.matches(says).count(), 1, "{}", run.stderr);
    let scores = table(&sandbox, "s.parquet");
    assert_eq!(
        words(&scores, "caller"),
        [["f1"; 8].as_slice(), &["m1"; 2]].concat()
    );
    // The two are told by what is usual in the training, whoever else is scored.
    let p = scores.numbers("p_sad").unwrap();
    assert!(p[8] < p[9], "angry, then sad: {p:?}");
    let two: Vec<&str> = manifest
        .lines()
        .filter(|line| !line.ends_with(",f1"))
        .collect();
    sandbox.write("two.csv", two.join("\n"));
    sandbox
        .sentire("score two.csv -m m.sentire --speaker-column caller -o two.parquet")
        .exits(0);
    assert_eq!(
        table(&sandbox, "two.parquet").numbers("p_sad").unwrap()[..],
        p[8..]
    );
    // As `predict` has it of the eight.
    let files = words(&scores, "file")[..8].join(" ");
    let said = sandbox
        .sentire(&format!("predict {files} -m m.sentire --json"))
        .exits(0);
    for (row, line) in said.stdout.lines().enumerate() {
        let said: Value = serde_json::from_str(line).unwrap();
        let p = scores.numbers("p_sad").unwrap()[row];
        assert!((said["probabilities"]["sad"].as_f64().unwrap() - p).abs() < 1e-6);
    }
}

#[test]
fn what_breaks_off_is_scored_where_that_is_accepted_and_marked() {
    let sandbox = with_calls("");
    let whole = std::fs::read(demo_clip("f1_sad_s1.flac")).unwrap();
    sandbox.write("calls/cut.flac", &whole[..whole.len() * 2 / 3]);
    let refused = sandbox
        .sentire("score calls -m m.sentire -o s.parquet")
        .exits(1);
    assert!(
        refused.stderr.contains("failed: cut.flac: "),
        "{}",
        refused.stderr
    );
    let truncated = |name: &str| match table(&sandbox, name).column("truncated") {
        Some(Column::Bool(flags)) => flags.clone(),
        other => panic!("truncated: {other:?}"),
    };
    assert_eq!(truncated("s.parquet"), [Some(false); 4]);
    // What was scored is not scored again.
    let accepted = sandbox
        .sentire("score calls -m m.sentire -o s.parquet --accept-truncated")
        .exits(0);
    assert!(
        accepted
            .stderr
            .contains("5 recordings (4 kept from before), 5 rows"),
        "{}",
        accepted.stderr
    );
    let first = Some(true);
    let rest = [Some(false); 4];
    assert_eq!(words(&table(&sandbox, "s.parquet"), "file")[0], "cut.flac");
    assert_eq!(truncated("s.parquet")[..1], [first]);
    assert_eq!(truncated("s.parquet")[1..], rest);
    assert!(!sandbox.path("s.failures.parquet").exists());
    // Rows of windows, and rows that are kept.
    for _ in 0..2 {
        sandbox
            .sentire("score calls -m m.sentire -o w.parquet --accept-truncated --window 0.5")
            .exits(0);
        let windows = table(&sandbox, "w.parquet");
        let flags = truncated("w.parquet");
        for (file, flag) in words(&windows, "file").iter().zip(flags) {
            assert_eq!(flag, Some(file == "cut.flac"));
        }
    }
    // A manifest cannot have such a column of its own.
    sandbox.write("bad.csv", "file,truncated\ncalls/cut.flac,x\n");
    let bad = sandbox
        .sentire("score bad.csv -m m.sentire -o b.parquet")
        .exits(2);
    assert!(
        bad.stderr
            .contains("\"truncated\" has the name of a column of the predictions"),
        "{}",
        bad.stderr
    );

    let refused = sandbox
        .sentire("predict calls/cut.flac -m m.sentire")
        .exits(2);
    assert!(refused.stdout.is_empty());
    let said = sandbox
        .sentire(
            "predict calls/cut.flac calls/m1_sad_s1.flac -m m.sentire --json --accept-truncated",
        )
        .exits(0);
    let flags: Vec<Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["truncated"].clone())
        .collect();
    assert_eq!(flags, [true, false]);
    let human = sandbox
        .sentire("predict calls/cut.flac -m m.sentire --accept-truncated")
        .exits(0);
    assert!(human.stdout.contains("  breaks off"), "{}", human.stdout);
    // A model that learned from what breaks off takes it by itself.
    sandbox.write("all.csv", {
        let manifest = std::fs::read_to_string(repository("corpora/demo/manifest.csv")).unwrap();
        let folder = repository("corpora/demo");
        let mut lines = manifest.lines();
        let header = lines.next().unwrap().to_string();
        let rows = lines.step_by(4);
        rows.fold(header, |all, line| {
            format!("{all}\n{}/{line}", folder.display())
        })
    });
    sandbox
        .sentire("extract all.csv --features egemaps --accept-truncated -o f.parquet")
        .exits(0);
    sandbox.sentire("train f.parquet -o t.sentire").exits(0);
    let said = sandbox
        .sentire("predict calls/cut.flac -m t.sentire --json")
        .exits(0);
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(said["truncated"], true);
}

#[test]
fn scores_come_stacked_and_in_folders() {
    let sandbox = with_calls("");
    sandbox
        .sentire("score calls -m m.sentire --long -o long.csv")
        .exits(0);
    let text = String::from_utf8(sandbox.read("long.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 4 * 4);
    assert!(lines[0].ends_with(",class,probability"), "{}", lines[0]);
    assert!(lines[1].starts_with("f1_angry_s1.flac,0,"), "{}", lines[1]);

    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    let score = format!("score {manifest} -m m.sentire --partition-by emotion -o scores");
    sandbox.sentire(&score).exits(0);
    let part = table(&sandbox, "scores/emotion=happy/part-1.parquet");
    assert_eq!(words(&part, "emotion"), ["happy"; 32]);
    let again = sandbox.sentire(&score).exits(2).stderr;
    assert!(again.contains("exists already"), "{again}");
    sandbox.sentire(&format!("{score} --force")).exits(0);
    let odd = sandbox
        .sentire("score calls -m m.sentire -o scores.xlsx")
        .exits(2)
        .stderr;
    assert!(odd.contains(".parquet, .csv, .arff or .arrow"), "{odd}");
}

#[test]
fn tables_are_exported_for_charts() {
    let sandbox = with_calls("");
    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    sandbox
        .sentire(&format!("score {manifest} -m m.sentire -o s.parquet"))
        .exits(0);
    let run = sandbox
        .sentire("export features.parquet --columns speaker,f0_hz_mean,f0_hz_p* --join s.parquet -o f.csv")
        .exits(0);
    let text = String::from_utf8(sandbox.read("f.csv")).unwrap();
    let head: Vec<&str> = text.lines().next().unwrap().split(',').collect();
    assert_eq!(head[..4], ["file", "start", "end", "speaker"], "{head:?}");
    assert!(head.contains(&"f0_hz_mean") && head.iter().all(|name| !name.starts_with("mfcc")));
    assert!(run.stderr.contains("128 rows of"), "{}", run.stderr);

    sandbox
        .sentire("export features.parquet --join s.parquet -o both.arrow")
        .exits(0);
    assert!(sandbox.read("both.arrow").starts_with(b"ARROW1"));
    sandbox
        .sentire("export features.parquet --join s.parquet -o both.parquet")
        .exits(0);
    let both = table(&sandbox, "both.parquet");
    assert!(both.column("label").is_some() && both.column("f0_hz_mean").is_some());
    assert!(
        !names(&both)
            .iter()
            .any(|name| name.starts_with("spectral_kernel"))
    );
    // Still a table to learn from, by the features that it has.
    sandbox
        .sentire("train both.parquet --model svm -o both.sentire")
        .exits(0);

    sandbox
        .sentire("export features.parquet --columns emotion,rms_mean,zcr_mean --long --partition-by emotion -o long")
        .exits(0);
    let part = table(&sandbox, "long/emotion=angry/part-0.parquet");
    assert_eq!(
        names(&part),
        ["file", "start", "end", "emotion", "feature", "value"]
    );
    assert_eq!(part.rows(), 64);
    assert!(matches!(part.column("value"), Some(Column::Float(_))));

    for (arguments, what) in [
        ("--columns mood -o x.csv", "there is no column `mood`"),
        ("--columns speaker --long -o x.csv", "nothing to stack"),
        ("-o features.parquet", "exists already"),
        ("--partition-by mood -o y", "there is no column `mood`"),
        ("-o x.txt", "expected a name that ends in"),
    ] {
        let said = sandbox
            .sentire(&format!("export features.parquet {arguments}"))
            .exits(2)
            .stderr;
        assert!(said.contains(what), "{arguments}: {said}");
    }
}

#[test]
fn other_programs_read_the_tables() {
    let script = repository("tests/reference/read_tables.py");
    let Some(python) = python_with(&["duckdb", "pandas", "pyarrow", "polars"]) else {
        return;
    };
    let sandbox = with_calls("");
    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    for command in [
        format!("score {manifest} -m m.sentire -o s.parquet"),
        format!("score {manifest} -m m.sentire --long -o long.parquet"),
        format!("score {manifest} -m m.sentire --partition-by speaker -o hive"),
        "export features.parquet --join s.parquet -o both.parquet".into(),
        "export features.parquet --join s.parquet -o both.arrow".into(),
        "export s.parquet -o s.csv".into(),
    ] {
        sandbox.sentire(&command).exits(0);
    }
    let run = Command::new(&python)
        .arg(script)
        .arg(sandbox.path(""))
        .output()
        .unwrap();
    assert!(
        run.status.success(),
        "{}",
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn numbers_of_a_manifest_stay_numbers_and_columns_can_be_renamed() {
    let sandbox = with_calls("");
    let mut manifest = "file,customer,phone,rating,note\n".to_string();
    for (row, clip) in CLIPS.iter().enumerate() {
        let rating = if row == 0 {
            "".to_string()
        } else {
            format!("{}.5", row)
        };
        manifest += &format!("calls/{clip}.flac,{},00{row},{rating},n{row}\n", 10 + row);
    }
    sandbox.write("m.csv", &manifest);
    sandbox
        .sentire("extract m.csv --features egemaps -o f.parquet")
        .exits(0);
    sandbox
        .sentire("score m.csv -m m.sentire -o s.parquet")
        .exits(0);
    for name in ["f.parquet", "s.parquet"] {
        let found = table(&sandbox, name);
        let customers: Vec<Option<i64>> =
            (0..CLIPS.len()).map(|row| Some(10 + row as i64)).collect();
        assert_eq!(
            found.column("customer"),
            Some(&Column::Int(customers)),
            "{name}"
        );
        assert_eq!(words(&found, "phone")[1], "001");
        assert_eq!(words(&found, "note")[1], "n1");
        let rating = found.numbers("rating").unwrap();
        assert!(rating[0].is_nan() && rating[1] == 1.5, "{rating:?}");
    }
    let summed = sandbox
        .sentire("summary s.parquet --by customer")
        .exits(0)
        .stdout;
    assert!(summed.contains("10") && summed.contains("11"), "{summed}");
    sandbox
        .sentire("export s.parquet --columns label --rename start=begin_s,end=end_s -o r.csv")
        .exits(0);
    let feature = sandbox
        .sentire("export f.parquet --rename jitterLocal_sma3nz_amean=jitter -o x.csv")
        .exits(2);
    assert!(
        feature.stderr.contains("a feature keeps its name"),
        "{}",
        feature.stderr
    );
    let renamed = String::from_utf8(sandbox.read("r.csv")).unwrap();
    assert!(
        renamed.starts_with("file,begin_s,end_s,label\n"),
        "{renamed}"
    );
    sandbox
        .sentire("export s.parquet --columns label --rename start=end,end=start -o swapped.csv")
        .exits(0);
    let swapped = String::from_utf8(sandbox.read("swapped.csv")).unwrap();
    assert!(swapped.starts_with("file,end,start,label\n"), "{swapped}");
    for (asked, reason) in [
        ("start=end", "two columns would have that name"),
        ("label=File", "two columns would have that name"),
        ("begin=b", "has no such column"),
        ("start=", "expected a name"),
    ] {
        let refused = sandbox
            .sentire(&format!("export s.parquet --rename {asked} -o x.csv"))
            .exits(2);
        assert!(refused.stderr.contains(reason), "{}", refused.stderr);
    }
}
