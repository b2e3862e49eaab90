//! Copies of recordings as other places would have recorded them: trained on beside the recordings, never tested on.

use std::collections::BTreeSet;

use sentire::prelude::*;
use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, demo_clip, repository};

const CLIPS: [&str; 4] = ["f1_angry_s1", "f1_sad_s1", "m1_angry_s1", "m1_sad_s1"];

fn with_clips() -> Sandbox {
    let sandbox = Sandbox::new();
    for clip in CLIPS {
        let bytes = std::fs::read(demo_clip(&format!("{clip}.flac"))).unwrap();
        sandbox.write(&format!("clips/{clip}.flac"), bytes);
    }
    sandbox
}

fn words(table: &Table, name: &str) -> Vec<Option<String>> {
    match table.column(name) {
        Some(Column::Text(words)) => words.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

fn floats<'a>(table: &'a Table, name: &str) -> &'a [f32] {
    match table.column(name) {
        Some(Column::Float(values)) => values,
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn copies_have_rows_beside_their_recordings() {
    let sandbox = with_clips();
    let extract = |to: &str, flags: &str| {
        sandbox
            .sentire(&format!("extract clips --features egemaps -o {to} {flags}"))
            .exits(0)
    };
    extract("plain.parquet", "");
    let run = extract(
        "copies.parquet",
        "--augment telephone,opus,noise:20,reverb,gain,speed",
    );
    assert!(
        run.stderr.contains("28 rows of 88 features"),
        "{}",
        run.stderr
    );
    let plain = Table::read(sandbox.path("plain.parquet")).unwrap();
    let copies = Table::read(sandbox.path("copies.parquet")).unwrap();
    assert!(plain.column("augment").is_none());
    let how = words(&copies, "augment");
    let expected = [
        None,
        Some("telephone"),
        Some("opus"),
        Some("noise:20"),
        Some("reverb"),
        Some("gain"),
        Some("speed"),
    ];
    for recording in how.chunks(7) {
        assert_eq!(
            recording.iter().map(Option::as_deref).collect::<Vec<_>>(),
            expected
        );
    }
    // The recordings themselves are as they were, and no copy is as its recording is.
    let pitch = "F0semitoneFrom27.5Hz_sma3nz_amean";
    let slope = "slopeV500-1500_sma3nz_amean";
    for (row, &of_plain) in floats(&plain, pitch).iter().enumerate() {
        let of_copies = &floats(&copies, pitch)[7 * row..7 * row + 7];
        assert_eq!(of_copies[0], of_plain);
        // From 0.9 and 1.1 times the speed about two semitones; what leaves pitch alone leaves it. A telephone takes the
        // fundamental away.
        for of_copy in &of_copies[2..6] {
            assert!((of_copy - of_plain).abs() < 1.0, "{of_copies:?}");
        }
        let by_speed = (of_copies[6] - of_plain).abs();
        assert!((1.0..2.6).contains(&by_speed), "{of_copies:?}");
    }
    let slopes: BTreeSet<u32> = floats(&copies, slope)
        .iter()
        .map(|value| value.to_bits())
        .collect();
    assert_eq!(slopes.len(), 28);
    // All describe the recording that they are of.
    let hashes: BTreeSet<Option<String>> = words(&copies, "audio_hash").into_iter().collect();
    assert_eq!(hashes.len(), 4);

    // The same again computes nothing; one more kind computes that alone; the same copies have the same bytes.
    let run = extract(
        "copies.parquet",
        "--augment telephone,opus,noise:20,reverb,gain,speed",
    );
    assert!(
        run.stderr
            .contains("4 recordings unchanged, nothing to compute"),
        "{}",
        run.stderr
    );
    let bytes = sandbox.read("copies.parquet");
    extract(
        "again.parquet",
        "--augment telephone,opus,noise:20,reverb,gain,speed -j 1",
    );
    assert_eq!(sandbox.read("again.parquet"), bytes);
    let by_telephone = floats(&copies, slope)[1];
    extract("copies.parquet", "--augment telephone,noise:10");
    let other = Table::read(sandbox.path("copies.parquet")).unwrap();
    assert_eq!((other.rows(), floats(&other, slope)[1]), (12, by_telephone));
    let run = sandbox
        .sentire("verify again.parquet --root clips --rows 28")
        .exits(0);
    assert!(run.stdout.contains("28"), "{}", run.stdout);
}

#[test]
fn a_manifest_asks_for_copies_line_by_line() {
    let sandbox = with_clips();
    sandbox.write(
        "m.csv",
        "file,augment\nclips/f1_sad_s1.flac,\nclips/f1_sad_s1.flac,telephone\nclips/m1_sad_s1.flac,noise:15\n",
    );
    sandbox
        .sentire("extract m.csv --features egemaps -o m.parquet")
        .exits(0);
    let table = Table::read(sandbox.path("m.parquet")).unwrap();
    let how = words(&table, "augment");
    assert_eq!(
        how,
        [None, Some("telephone".into()), Some("noise:15".into())]
    );
    // One that is a copy already is not copied again.
    sandbox
        .sentire("extract m.csv --features egemaps -o more.parquet --augment gain")
        .exits(0);
    let table = Table::read(sandbox.path("more.parquet")).unwrap();
    let more = words(&table, "augment");
    let more: Vec<Option<&str>> = more.iter().map(Option::as_deref).collect();
    assert_eq!(
        more,
        [None, Some("gain"), Some("telephone"), Some("noise:15")]
    );

    sandbox.write("wrong.csv", "file,augment\nclips/f1_sad_s1.flac,yes\n");
    let run = sandbox.sentire("extract wrong.csv -o w.parquet").exits(2);
    assert!(
        run.stderr
            .contains("line 2: column `augment`: \"yes\" is no copy; expected telephone,"),
        "{}",
        run.stderr
    );
    let run = sandbox
        .sentire("extract clips --augment echo -o w.parquet")
        .exits(2);
    assert!(
        run.stderr.contains("expected telephone, opus, noise"),
        "{}",
        run.stderr
    );
}

#[test]
fn copies_are_learned_from_and_never_tested_on() {
    let sandbox = Sandbox::new();
    let demo = repository("corpora/demo/manifest.csv");
    let demo = demo.display();
    for (to, flags) in [("plain", ""), ("copies", "--augment telephone,noise:20")] {
        sandbox
            .sentire(&format!(
                "extract {demo} --features egemaps -o {to}.parquet -q {flags}"
            ))
            .exits(0);
    }
    let evaluate = |table: &str| -> Value {
        let run = sandbox
            .sentire(&format!(
                "evaluate {table}.parquet --model ridge --folds 4 --json -o {table}"
            ))
            .exits(0);
        assert!(!run.stderr.contains("several times"), "{}", run.stderr);
        serde_json::from_str(&run.stdout).unwrap()
    };
    let (plain, copies) = (evaluate("plain"), evaluate("copies"));
    assert_eq!((&plain["n"], &copies["n"]), (&128.into(), &128.into()));
    assert_eq!(plain["folds"][0]["train"], copies["folds"][0]["train"]);
    assert_ne!(
        plain["confusion"], copies["confusion"],
        "they are learned from"
    );
    let tested = Table::read(sandbox.path("copies/predictions.parquet")).unwrap();
    assert_eq!(tested.rows(), 128);
    assert!(tested.column("augment").is_none());

    let model = sandbox
        .sentire("train copies.parquet --model ridge -o m.sentire")
        .exits(0);
    assert!(
        model.stderr.contains("128 recordings of 8 speakers"),
        "{}",
        model.stderr
    );
    let card = Model::load(sandbox.path("m.sentire")).unwrap().card;
    assert_eq!(card.class_counts, [32; 4]);
    // A copy on the other side of its recording is a leak.
    let mut table = Table::read(sandbox.path("copies.parquet")).unwrap();
    let how = words(&table, "augment");
    let mut columns = table.columns.iter_mut();
    let Some((_, Column::Text(speakers))) = columns.find(|(name, _)| name == "speaker") else {
        panic!("no words in `speaker`");
    };
    let copied = how.iter().position(|how| how.is_some()).unwrap();
    speakers[copied] = Some("somebody else".into());
    table.write(sandbox.path("leak.parquet")).unwrap();
    let run = sandbox
        .sentire("evaluate leak.parquet --model ridge")
        .exits(2);
    assert!(run.stderr.contains("audio_on_two_sides"), "{}", run.stderr);
}

#[test]
fn what_is_too_long_to_be_copied_fails_alone() {
    let sandbox = with_clips();
    let quarter = vec![0_i16; 4000 * 660];
    sandbox.write("clips/long.wav", crate::sandbox::wav(&quarter, 1, 4000));
    let run = sandbox
        .sentire("extract clips --features egemaps --augment telephone -o f.parquet")
        .exits(1);
    assert!(
        run.stderr
            .contains("is 660 s long; copies (--augment) are made of recordings up to 600 s"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("9 rows of 88 features"),
        "{}",
        run.stderr
    );
}
