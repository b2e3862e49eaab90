//! `sentire split`, and what follows from it.

use std::collections::{BTreeMap, BTreeSet};

use sentire::corpus::Manifest;
use sentire::report::Report;
use sentire::table::{Column, Table};

use crate::sandbox::{Sandbox, demo_clip, repository, with_demo_features};

/// The parts that each speaker is in.
fn parts_of_speakers(table: &Table) -> BTreeMap<String, BTreeSet<String>> {
    let mut parts: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let rows = table
        .text("speaker")
        .unwrap()
        .iter()
        .zip(table.text("split").unwrap());
    for (speaker, part) in rows {
        let of_speaker = parts.entry(speaker.clone().unwrap()).or_default();
        of_speaker.insert(part.clone().unwrap());
    }
    parts
}

#[test]
fn a_table_is_split_by_speakers_and_evaluated_so() {
    let sandbox = with_demo_features();
    let command = "split features.parquet --train 0.5 --validation 0.25 --test 0.25";
    let run = sandbox.sentire(&format!("{command} -o s.parquet")).exits(0);
    assert_eq!(run.stdout, "");
    let said = "train 64 rows of 4 speakers (50.0 %), validation 32 rows of 2 speakers (25.0 %), test 32 rows of 2 speakers (25.0 %)";
    assert!(run.stderr.starts_with(said), "{}", run.stderr);
    assert!(
        run.stderr
            .contains("next: sentire evaluate s.parquet --folds split"),
        "{}",
        run.stderr
    );
    let (before, after) = (
        Table::read(sandbox.path("features.parquet")).unwrap(),
        Table::read(sandbox.path("s.parquet")).unwrap(),
    );
    let parts = parts_of_speakers(&after);
    assert!(parts.values().all(|parts| parts.len() == 1), "{parts:?}");
    // One voice of each sex, as they are in the corpus.
    let test: Vec<char> = parts
        .iter()
        .filter(|(_, parts)| parts.contains("test"))
        .map(|(speaker, _)| speaker.chars().next().unwrap())
        .collect();
    assert_eq!(test, ['f', 'm']);
    let names: Vec<&str> = after
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let place = names.iter().position(|name| *name == "split").unwrap();
    assert_eq!(names[place + 1], "audio_hash");
    let mut without = after.clone();
    without.columns.remove(place);
    assert!(
        format!("{without:?}") == format!("{before:?}"),
        "all else is as it was"
    );

    // Same seed, same bytes, for any number of threads; another seed, another division.
    sandbox
        .sentire(&format!("{command} -o again.parquet -j 1"))
        .exits(0);
    assert!(sandbox.read("again.parquet") == sandbox.read("s.parquet"));
    let divisions: BTreeSet<String> = (0..6)
        .map(|seed| {
            sandbox
                .sentire(&format!("{command} -o {seed}.parquet --seed {seed}"))
                .exits(0);
            let table = Table::read(sandbox.path(&format!("{seed}.parquet"))).unwrap();
            format!("{:?}", parts_of_speakers(&table))
        })
        .collect();
    assert!(divisions.len() >= 4, "{divisions:?}");
    // Split again, the column is replaced.
    let run = sandbox
        .sentire("split s.parquet --seed 5 -o t.parquet")
        .exits(0);
    assert!(
        run.stderr
            .contains("note: the column `split` that is there is replaced"),
        "{}",
        run.stderr
    );
    let again = Table::read(sandbox.path("t.parquet")).unwrap();
    assert_eq!(again.columns.len(), after.columns.len());

    let json = sandbox
        .sentire("evaluate s.parquet --folds split --json -o r")
        .exits(0)
        .stdout;
    let report: Report = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (report.n, report.speakers, report.held_back, report.left_out),
        (32, 2, 32, 0)
    );
    let [fold] = &report.folds[..] else {
        panic!("one fold")
    };
    assert_eq!(
        (fold.name.as_str(), fold.train, fold.test),
        ("test", 64, 32)
    );
    assert_eq!(fold.uar, report.uar);
    let held_out: Vec<&String> = parts
        .iter()
        .filter(|(_, p)| p.contains("test"))
        .map(|(speaker, _)| speaker)
        .collect();
    assert_eq!(fold.speakers.iter().collect::<Vec<_>>(), held_out);
    assert_eq!(
        Table::read(sandbox.path("r/predictions.parquet"))
            .unwrap()
            .rows(),
        32
    );
    let text = String::from_utf8(sandbox.read("r/report.txt")).unwrap();
    let said = "trained on the 64 recordings marked `train`, tested on the 32 marked `test`, 32 others held back";
    assert!(text.contains(said), "{text}");
    sandbox
        .sentire("evaluate s.parquet --folds split --normalize speaker")
        .exits(0);
}

#[test]
fn a_manifest_is_split_and_its_parts_reach_the_evaluation() {
    let sandbox = Sandbox::new();
    let mut manifest = String::from("file,speaker,emotion,room\n");
    for speaker in ["f1", "m1", "f2", "m2"] {
        for emotion in ["angry", "sad"] {
            let name = format!("{speaker}_{emotion}_s1.flac");
            sandbox.write(&name, std::fs::read(demo_clip(&name)).unwrap());
            manifest += &format!("{name},{speaker},{emotion},{}\n", speaker.len());
        }
    }
    sandbox.write("m.csv", manifest);
    let command = "split m.csv --train 0.5 --validation 0 --test 0.5 --seed 3";
    // Elsewhere, the copy still finds the recordings.
    for name in ["s.csv", "below/s.csv"] {
        let run = sandbox.sentire(&format!("{command} -o {name}")).exits(0);
        assert!(
            run.stderr
                .starts_with("train 4 rows of 2 speakers (50.0 %), test 4"),
            "{}",
            run.stderr
        );
        let (before, after) = (
            Manifest::read(&sandbox.path("m.csv")).unwrap(),
            Manifest::read(&sandbox.path(name)).unwrap(),
        );
        for (before, mut after) in before.utterances.into_iter().zip(after.utterances) {
            assert!(["train", "test"].contains(&after.extra.remove("split").unwrap().as_str()));
            assert!(after.file.ends_with(&before.file));
            after.file = before.file.clone();
            assert_eq!(before, after);
        }
        sandbox
            .sentire(&format!("extract {name} -o f.parquet --force"))
            .exits(0);
        let json = sandbox
            .sentire("evaluate f.parquet --folds split --json")
            .exits(0)
            .stdout;
        let report: Report = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (report.n, report.folds[0].train, report.held_back),
            (4, 4, 0)
        );
    }
    assert!(
        sandbox
            .read("s.csv")
            .starts_with(b"file,speaker,emotion,label_original,room,split\nf1_angry_s1.flac,f1,")
    );
}

#[test]
fn what_cannot_be_split_is_refused_in_one_line() {
    let sandbox = with_demo_features();
    let say = |arguments: &str| {
        let run = sandbox.sentire(arguments).exits(2);
        assert_eq!(
            (run.stdout.as_str(), run.stderr.lines().count()),
            ("", 1),
            "{}",
            run.stderr
        );
        run.stderr
    };
    sandbox.write("two.csv", "file,speaker\na.wav,x\nb.wav,y\n");
    sandbox.write("none.csv", "file\na.wav\nb.wav\nc.wav\n");
    sandbox.write("noise.csv", "no manifest");
    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    assert!(say("split two.csv -o s.csv").contains("2 speakers for 3 parts"));
    assert!(say("split none.csv -o s.csv").contains("1 speaker for 3 parts"));
    assert!(say("split noise.csv -o s.csv").contains("no column `file`"));
    assert!(say("split noise.csv -o s.parquet").contains("no column `file`"));
    assert!(say("split gone.csv -o s.csv").contains("No such file"));
    assert!(say("split features.parquet -o s.csv").contains("ends in .parquet"));
    assert!(say(&format!("split {manifest} -o s.parquet")).contains("ends in .csv"));
    assert!(say("split features.parquet -o features.parquet --force").contains("is the input"));
    assert!(say("split features.parquet -o two.csv").contains("exists already"));
    assert!(
        say("split features.parquet -o s.parquet --train 0.9")
            .contains("expected 0 to 1, and 1 together")
    );
    assert!(
        say("split features.parquet -o s.parquet --train 1 --validation 0 --test 0")
            .contains("at least two parts")
    );
    let missing = sandbox.sentire("split features.parquet").exits(2).stderr;
    assert!(missing.contains("--output"), "{missing}");
    assert!(!sandbox.path("s.csv").exists() && !sandbox.path("s.parquet").exists());

    // A split that is none, or leaks.
    assert!(
        say("evaluate features.parquet --folds split")
            .contains("no row is marked `train` in the column `split`")
    );
    let mut leaky = Table::read(sandbox.path("features.parquet")).unwrap();
    let halves = (0..leaky.rows()).map(|row| Some(["train", "test"][row % 2].to_string()));
    leaky
        .columns
        .push(("split".into(), Column::Text(halves.collect())));
    leaky.write(sandbox.path("leaky.parquet")).unwrap();
    let run = sandbox
        .sentire("evaluate leaky.parquet --folds split")
        .exits(2);
    let said = run.stderr.lines().last().unwrap();
    assert!(
        run.stdout.is_empty()
            && said.starts_with("error: refused: ")
            && said.contains("speaker_on_two_sides"),
        "{}",
        run.stderr
    );
    let unknown = sandbox
        .sentire("evaluate leaky.parquet --folds halves")
        .exits(2)
        .stderr;
    assert!(
        unknown.contains("expected loso, split, corpus, or a number"),
        "{unknown}"
    );
}

#[test]
fn what_a_split_could_not_keep_is_said() {
    let sandbox = Sandbox::new();
    // One speaker has most rows, one class is one speaker's alone, some have no name.
    let mut manifest = String::from("file,speaker,emotion\n");
    for row in 0..100 {
        let (speaker, emotion) = match row {
            0..90 => ("a", if row % 2 == 0 { "sad" } else { "angry" }),
            90..93 => ("b", "sad"),
            93..96 => ("c", "fear"),
            _ => ("", "sad"),
        };
        manifest += &format!("{row}.wav,{speaker},{emotion}\n");
    }
    sandbox.write("m.csv", manifest);
    let said = sandbox.sentire("split m.csv -o s.csv").exits(0).stderr;
    for line in [
        "warning: 4 rows without a speaker may be of anyone; they are all in one part",
        "warning: no emotion \"fearful\" in train",
        "warning: train has 9",
    ] {
        assert!(said.contains(line), "no {line:?} in\n{said}");
    }
    let quiet = sandbox.sentire("split m.csv -o q.csv -q").exits(0);
    assert_eq!(quiet.stderr, "");
    let unlabelled = sandbox
        .sentire("split m.csv -o u.csv --label mood")
        .exits(0)
        .stderr;
    assert!(
        unlabelled.contains("warning: no column `mood`"),
        "{unlabelled}"
    );
}
