//! The command line as a user meets it.

use serde_json::Value;

use sentire::catalogue::FeatureSet;
use sentire::report::Report;
use sentire::table::{Column, Table};

/// The JSON that scripts rely on, written down once more: a key that comes or goes is a decision.
#[allow(dead_code)]
mod contract {
    use std::collections::BTreeMap;

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Report {
        uar: f64,
        uar_ci95: [f64; 2],
        accuracy: f64,
        macro_f1: f64,
        chance: f64,
        classes: Vec<String>,
        recall: BTreeMap<String, f64>,
        recall_ci95: BTreeMap<String, [f64; 2]>,
        confusion: Vec<Vec<usize>>,
        calibration: Calibration,
        unsure: Unsure,
        by_speaker: Vec<Group>,
        by_sex: Vec<Group>,
        by_corpus: Vec<Group>,
        folds: Vec<Fold>,
        held_out: String,
        normalize: String,
        features: String,
        feature_names: Vec<String>,
        model: String,
        tuned: bool,
        importance: Vec<Importance>,
        comparison: Option<Compared>,
        #[serde(default)]
        comparisons: Vec<Compared>,
        #[serde(default)]
        learning_curve: Vec<CurvePoint>,
        random_split_uar: Option<f64>,
        leakage: Vec<Finding>,
        label: String,
        corpora: Vec<String>,
        n: usize,
        windows: Option<usize>,
        speakers: usize,
        held_back: usize,
        left_out: usize,
        speakerless: usize,
        seed: u64,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Fold {
        name: String,
        speakers: Vec<String>,
        train: usize,
        test: usize,
        uar: f64,
        model: String,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Calibration {
        ece: f64,
        ece_ci95: [f64; 2],
        brier: f64,
        bins: Vec<Bin>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Bin {
        confidence: f64,
        accuracy: f64,
        n: usize,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Unsure {
        share: f64,
        accuracy_of_sure: Option<f64>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Group {
        name: String,
        n: usize,
        uar: f64,
        accuracy: f64,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Importance {
        feature: String,
        loss: f64,
        class: String,
        correlation: f64,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Compared {
        other: String,
        model: String,
        features: String,
        feature_count: usize,
        uar: f64,
        uar_ci95: [f64; 2],
        accuracy: f64,
        macro_f1: f64,
        recall: BTreeMap<String, f64>,
        test: Comparison,
        p_holm: f64,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct CurvePoint {
        share: f64,
        speakers: f64,
        recordings: f64,
        uar: f64,
        uar_ci95: [f64; 2],
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Comparison {
        difference: f64,
        difference_ci95: [f64; 2],
        p_value: f64,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Finding {
        is_error: bool,
        kind: String,
        message: String,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Both {
        corpus: Report,
        speaker: Report,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Prediction {
        file: String,
        label: String,
        probabilities: BTreeMap<String, f64>,
        unsure: bool,
        out_of_domain: bool,
        verdict: String,
        speech_s: f64,
        model: String,
        model_id: String,
        sets: String,
        version: String,
        duration_s: f64,
        audio_hash: String,
        sample_rate: u32,
        channels: usize,
        clipped_ratio: f64,
        speech_ratio: f64,
        snr_db: Option<f64>,
        bandwidth_hz: Option<f64>,
        truncated: bool,
        channels_cancel: bool,
        channels_differ: bool,
        reasons: Vec<Reason>,
        windows: Vec<Segment>,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Reason {
        family: String,
        effect: f64,
        feature: String,
        meaning: String,
        deviation: f64,
        text: String,
    }

    #[derive(serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    pub struct Segment {
        start: f64,
        end: f64,
        label: String,
        probabilities: BTreeMap<String, f64>,
        unsure: bool,
        out_of_domain: bool,
        verdict: String,
        speech_s: f64,
    }
}

use crate::sandbox::{Sandbox, demo_clip, repository, wav, with_demo_features};

fn texts(table: &Table, column: &str) -> Vec<String> {
    table
        .text(column)
        .unwrap()
        .iter()
        .map(|word| word.clone().unwrap_or_default())
        .collect()
}

#[test]
fn the_demo_does_everything_and_can_be_repeated() {
    let sandbox = Sandbox::new();
    let first = sandbox.sentire("demo").exits(0);
    assert!(first.stdout.contains("UAR"), "{}", first.stdout);
    let files = [
        "features.parquet",
        "model.sentire",
        "report/report.json",
        "prediction.json",
    ];
    let read = || files.map(|name| sandbox.read(&format!("outputs/demo/{name}")));
    let before = read();
    let report: Report = serde_json::from_slice(&before[2]).unwrap();
    assert_eq!(
        (report.n, report.speakers, report.classes.len()),
        (128, 8, 4)
    );
    // As `corpora/demo/README.md` shows it, give or take one clip of 128, as another processor may round otherwise.
    let off = (report.uar - 0.945).abs();
    assert!(off < 0.009, "UAR {}", report.uar);
    assert_eq!(sandbox.sentire("demo").exits(0).stdout, first.stdout);
    assert!(
        read() == before,
        "the demo replaces its folder by the same bytes"
    );
    // A folder that is not the demo's own stays untouched, whatever it holds.
    sandbox.write("mine/letter.txt", "dear");
    sandbox.write("mine/recordings/README.md", "my own");
    assert!(
        sandbox
            .sentire("demo -o mine")
            .exits(2)
            .stderr
            .contains("holds something other")
    );
    sandbox.sentire("demo -o mine --force").exits(2);
    assert_eq!(sandbox.read("mine/letter.txt"), b"dear");
    assert_eq!(sandbox.read("mine/recordings/README.md"), b"my own");
}

#[test]
fn the_main_job_runs_from_folder_to_prediction() {
    let sandbox = Sandbox::new();
    for clip in ["f1_angry_s1", "f1_sad_s1", "m1_angry_s1", "m1_sad_s1"] {
        let bytes = std::fs::read(demo_clip(&format!("{clip}.flac"))).unwrap();
        let mut parts = clip.split('_');
        let (speaker, emotion) = (parts.next().unwrap(), parts.next().unwrap());
        sandbox.write(&format!("clips/{speaker}/{emotion}/1.flac"), bytes);
    }
    let corpus = sandbox.sentire("corpus clips").exits(0);
    assert_eq!(corpus.stdout.lines().count(), 5);
    assert!(
        corpus
            .stdout
            .contains("clips/f1/angry/1.flac,clips,f1,angry,angry"),
        "{}",
        corpus.stdout
    );
    sandbox.sentire("corpus clips -o m.csv").exits(0);
    assert_eq!(sandbox.read("m.csv"), corpus.stdout.as_bytes());
    let said = sandbox
        .sentire("extract m.csv -o f.parquet")
        .exits(0)
        .stderr;
    assert!(said.contains("4 recordings, 4 rows of"), "{said}");
    sandbox.sentire("train f.parquet -o model.sentire").exits(0);
    let predicted = sandbox
        .sentire("predict clips/f1/sad/1.flac -m model.sentire --json")
        .exits(0);
    serde_json::from_str::<contract::Prediction>(&predicted.stdout).unwrap();
    let json: Value = serde_json::from_str(&predicted.stdout).unwrap();
    assert_eq!(json["label"], "sad");
    assert_eq!(json["file"], "clips/f1/sad/1.flac");
    let sum: f64 = json["probabilities"]
        .as_object()
        .unwrap()
        .values()
        .map(|p| p.as_f64().unwrap())
        .sum();
    assert!((sum - 1.0).abs() < 1e-9);
    // From standard input the same, under the name `-`.
    let input = sandbox.read("clips/f1/sad/1.flac");
    let piped = sandbox
        .sentire_with("predict - -m model.sentire --json", &input)
        .exits(0);
    assert_eq!(
        piped.stdout,
        predicted.stdout.replace("clips/f1/sad/1.flac", "-")
    );
    // Many files in the order given.
    let many = sandbox
        .sentire("predict clips/m1/sad/1.flac clips/f1/sad/1.flac -m model.sentire")
        .exits(0);
    let names: Vec<&str> = many
        .stdout
        .lines()
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(names, ["clips/m1/sad/1.flac", "clips/f1/sad/1.flac"]);
}

#[test]
fn broken_recordings_get_their_row_their_line_and_exit_code_1() {
    let sandbox = Sandbox::new();
    let whole = std::fs::read(demo_clip("f1_angry_s1.flac")).unwrap();
    sandbox.write("good.flac", &whole);
    sandbox.write("cut.flac", &whole[..whole.len() / 2]);
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0xff;
    sandbox.write("damaged.flac", damaged);
    sandbox.write("empty.wav", b"");
    sandbox.write("text.mp3", "I am no sound.\n");
    std::fs::create_dir(sandbox.path("folder.wav")).unwrap();
    let names = [
        "good.flac",
        "cut.flac",
        "damaged.flac",
        "empty.wav",
        "text.mp3",
        "folder.wav",
        "missing.wav",
    ];
    sandbox.write(
        "m.csv",
        format!(
            "file,emotion\n{}",
            names.map(|n| format!("{n},sad\n")).concat()
        ),
    );
    let run = sandbox.sentire("extract m.csv -o f.parquet").exits(1);
    assert_eq!(run.stdout, "");
    let table = Table::read(sandbox.path("f.parquet")).unwrap();
    assert_eq!(texts(&table, "file"), ["good.flac"]);
    let failures = Table::read(sandbox.path("f.failures.parquet")).unwrap();
    assert_eq!(texts(&failures, "file"), names[1..]);
    assert_eq!(
        texts(&failures, "stage"),
        ["decode", "decode", "decode", "decode", "open", "open"]
    );
    for (name, error) in names[1..].iter().zip(texts(&failures, "error")) {
        assert!(
            run.stderr.contains(&format!("failed: {name}: {error}")),
            "{name}: {}",
            run.stderr
        );
    }
    assert_eq!(
        run.stderr.lines().count(),
        7,
        "a line each and the closing one:\n{}",
        run.stderr
    );
    // What decodes of a file that breaks off can be kept, marked as such.
    let kept = sandbox
        .sentire("extract m.csv -o kept.parquet --accept-truncated")
        .exits(1);
    assert!(kept.stderr.contains("3 recordings"), "{}", kept.stderr);
    let table = Table::read(sandbox.path("kept.parquet")).unwrap();
    let Some(Column::Bool(truncated)) = table.column("truncated") else {
        panic!("no column truncated")
    };
    assert_eq!(*truncated, [Some(false), Some(true), Some(true)]);
    // Mended, the failures are gone with their table.
    for name in &names[1..] {
        let _ = std::fs::remove_dir(sandbox.path(name));
        sandbox.write(name, &whole);
    }
    let again = sandbox.sentire("extract m.csv -o f.parquet").exits(0);
    assert!(!sandbox.path("f.failures.parquet").exists());
    assert!(again.stderr.contains("7 recordings"), "{}", again.stderr);
}

#[test]
fn nothing_usable_exits_with_2() {
    let sandbox = Sandbox::new();
    let say = |arguments: &str| {
        let run = sandbox.sentire(arguments).exits(2);
        assert_eq!(run.stdout, "", "{arguments}");
        run.stderr
    };
    sandbox.write("bad.csv", "name\nx.wav\n");
    sandbox.write("empty.csv", "file\n");
    sandbox.write("gone.csv", "file\nx.wav\n");
    sandbox.write("noise.sentire", "no model");
    std::fs::create_dir(sandbox.path("void")).unwrap();
    assert!(say("extract bad.csv").contains("bad.csv: has no column `file`"));
    assert!(say("extract empty.csv").contains("lists no recording"));
    assert!(say("extract nowhere.csv").contains("nowhere.csv: No such file"));
    assert!(say("extract void").contains("holds no recording"));
    assert!(say("extract gone.csv").contains("no recording could be used, 1 recording failed"));
    assert!(!sandbox.path("outputs/features.parquet").exists());
    assert!(say("extract gone.csv --features gold").contains("unknown feature set \"gold\""));
    assert!(say("extract gone.csv --rate fast").contains("expected 4000 to 768000"));
    assert!(say("corpus void --layout ravdess").contains("holds no recording"));
    assert!(say("corpus nowhere").contains("No such file"));
    assert!(say("train bad.csv").contains("is not a Parquet table"));
    assert!(say("train nowhere.parquet").contains("No such file"));
    assert!(
        say("predict x.wav -m noise.sentire").contains("noise.sentire: is not a sentire model")
    );
    assert!(say("describe nothing").contains("nothing: no such file"));
    assert!(say("evaluate").contains("required"));
    assert!(say("dance").contains("unrecognized subcommand"));
}

#[test]
fn the_same_extract_again_has_nothing_to_do_and_other_settings_are_refused() {
    let sandbox = Sandbox::new();
    for name in ["a.flac", "b.flac"] {
        sandbox.write(name, std::fs::read(demo_clip("f1_angry_s1.flac")).unwrap());
    }
    sandbox.write(
        "m.csv",
        "file,emotion,speaker\na.flac,sad,x\nb.flac,happy,y\n",
    );
    sandbox.sentire("extract m.csv -o f.parquet").exits(0);
    let first = sandbox.read("f.parquet");
    let again = sandbox.sentire("extract m.csv -o f.parquet").exits(0);
    assert!(
        again
            .stderr
            .contains("2 recordings unchanged, nothing to compute"),
        "{}",
        again.stderr
    );
    assert!(sandbox.read("f.parquet") == first);
    // A replaced recording is computed anew, the other kept; a fresh run gives the same bytes.
    sandbox.write(
        "b.flac",
        std::fs::read(demo_clip("m1_sad_s2.flac")).unwrap(),
    );
    let changed = sandbox.sentire("extract m.csv -o f.parquet").exits(0);
    assert!(
        changed.stderr.contains("2 recordings (1 kept from before)"),
        "{}",
        changed.stderr
    );
    let resumed = sandbox.read("f.parquet");
    assert!(resumed != first);
    sandbox
        .sentire("extract m.csv -o f.parquet --fresh -j 1")
        .exits(0);
    assert!(sandbox.read("f.parquet") == resumed);
    let refused = sandbox
        .sentire("extract m.csv -o f.parquet --rate native")
        .exits(2)
        .stderr;
    assert!(
        refused.contains("made with rate 16000, now rate is native"),
        "{refused}"
    );
    sandbox
        .sentire("extract m.csv -o f.parquet --rate native --force")
        .exits(0);
    sandbox.write("other.parquet", "precious");
    let foreign = sandbox
        .sentire("extract m.csv -o other.parquet")
        .exits(2)
        .stderr;
    assert!(
        foreign.contains("other.parquet exists already"),
        "{foreign}"
    );
}

#[test]
fn bytes_do_not_depend_on_the_number_of_threads() {
    let sandbox = Sandbox::new();
    let manifest = repository("corpora/demo/manifest.csv")
        .display()
        .to_string();
    let all: Vec<[Vec<u8>; 4]> = [1, 3]
        .iter()
        .map(|jobs| {
            for command in [
                format!("extract {manifest} -o f{jobs}.parquet -j {jobs}"),
                format!("extract {manifest} -o l{jobs}.parquet --level lld -j {jobs}"),
                format!("train f{jobs}.parquet -o m{jobs}.sentire -j {jobs}"),
                format!("evaluate f{jobs}.parquet -o r{jobs} -j {jobs} --model forest:trees=20"),
            ] {
                sandbox.sentire(&command).exits(0);
            }
            [
                format!("f{jobs}.parquet"),
                format!("l{jobs}.parquet"),
                format!("m{jobs}.sentire"),
                format!("r{jobs}/report.json"),
            ]
            .map(|name| sandbox.read(&name))
        })
        .collect();
    assert!(all[0] == all[1]);
}

#[test]
fn a_table_of_contours_has_a_row_per_frame() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "a.flac",
        std::fs::read(demo_clip("f1_angry_s1.flac")).unwrap(),
    );
    sandbox.write("m.csv", "file\na.flac\n");
    sandbox
        .sentire("extract m.csv --level lld -o l.parquet")
        .exits(0);
    let table = Table::read(sandbox.path("l.parquet")).unwrap();
    let Some(Column::Double(start)) = table.column("start") else {
        panic!("no start")
    };
    assert!(
        start
            .windows(2)
            .all(|pair| (pair[1] - pair[0] - 0.01).abs() < 1e-9)
    );
    let names: Vec<&str> = table
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .take(4)
        .collect();
    assert_eq!(names, ["file", "start", "end", "rms"]);
    let refused = sandbox.sentire("train l.parquet").exits(2).stderr;
    assert!(refused.contains("a row per frame"), "{refused}");
}

#[test]
fn evaluation_reports_both_protocols_and_can_fail_under_a_bar() {
    let sandbox = with_demo_features();
    let json = sandbox
        .sentire("evaluate features.parquet --folds 4 --json")
        .exits(0)
        .stdout;
    let report: Report = serde_json::from_str(&json).unwrap();
    serde_json::from_str::<contract::Report>(&json).unwrap();
    let value: Value = serde_json::from_str(&json).unwrap();
    for key in [
        "uar",
        "uar_ci95",
        "accuracy",
        "macro_f1",
        "classes",
        "recall",
        "confusion",
        "folds",
        "normalize",
        "features",
        "feature_names",
        "model",
        "n",
        "speakers",
        "seed",
    ] {
        assert!(!value[key].is_null(), "{key}");
    }
    assert_eq!(report.folds.len(), 4);
    assert!(report.uar_ci95[0] <= report.uar && report.uar <= report.uar_ci95[1]);
    assert_eq!(report.model, "default".parse().unwrap());
    let both = sandbox
        .sentire("evaluate features.parquet --normalize both --json -o out")
        .exits(0)
        .stdout;
    serde_json::from_str::<contract::Both>(&both).unwrap();
    let both: Value = serde_json::from_str(&both).unwrap();
    assert_eq!(
        (&both["corpus"]["normalize"], &both["speaker"]["normalize"]),
        (&"corpus".into(), &"speaker".into())
    );
    let predictions = Table::read(sandbox.path("out/predictions.parquet")).unwrap();
    assert_eq!(predictions.rows(), 256);
    let names: Vec<&str> = predictions
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    let expected = [
        "file",
        "start",
        "end",
        "corpus",
        "speaker",
        "truth",
        "predicted",
        "unsure",
        "fold",
        "normalize",
        "p_angry",
        "p_happy",
        "p_neutral",
        "p_sad",
    ];
    assert_eq!(names, expected);
    assert!(
        sandbox
            .sentire("evaluate features.parquet -o out")
            .exits(2)
            .stderr
            .contains("exists already")
    );
    sandbox
        .sentire("evaluate features.parquet --folds 4 --fail-under 0.5")
        .exits(0);
    let failed = sandbox
        .sentire("evaluate features.parquet --folds 4 --fail-under 1")
        .exits(1);
    assert!(
        failed.stdout.contains("UAR"),
        "the report is printed all the same"
    );
    let few = sandbox
        .sentire("evaluate features.parquet --folds 9")
        .exits(2)
        .stderr;
    assert!(few.contains("8 speakers for 9 folds"), "{few}");
}

#[test]
fn rows_without_label_or_speaker_are_treated_as_said() {
    let sandbox = Sandbox::new();
    let mut manifest = String::from("file,emotion,speaker,mood\n");
    for speaker in ["f1", "m1", "f2"] {
        for emotion in ["angry", "sad"] {
            for sentence in 1..=4 {
                let label = if sentence == 4 && emotion == "sad" {
                    "unknown"
                } else {
                    emotion
                };
                let name = if speaker == "f2" { "" } else { speaker };
                let path = demo_clip(&format!("{speaker}_{emotion}_s{sentence}.flac"));
                manifest += &format!(
                    "{},{label},{name},{}\n",
                    path.display(),
                    if sentence < 3 { "up" } else { "down" }
                );
            }
        }
    }
    sandbox.write("m.csv", manifest);
    sandbox.sentire("extract m.csv -o f.parquet").exits(0);
    let a = sandbox.sentire("evaluate f.parquet --json").exits(0);
    let report: Report = serde_json::from_str(&a.stdout).unwrap();
    assert_eq!(
        (
            report.n,
            report.speakers,
            report.left_out,
            report.speakerless
        ),
        (21, 3, 3, 7)
    );
    assert!(
        a.stderr.contains("3 recordings without a label left out"),
        "{}",
        a.stderr
    );
    assert!(
        a.stderr.contains("7 of 21 recordings without a speaker"),
        "{}",
        a.stderr
    );
    let b = sandbox
        .sentire("evaluate f.parquet --normalize speaker --json")
        .exits(0);
    let report: Report = serde_json::from_str(&b.stdout).unwrap();
    assert_eq!(
        (
            report.n,
            report.speakers,
            report.left_out,
            report.speakerless
        ),
        (14, 2, 10, 0)
    );
    // Any column of words can be learned.
    let mood = sandbox
        .sentire("evaluate f.parquet --label mood --json")
        .exits(0);
    let report: Report = serde_json::from_str(&mood.stdout).unwrap();
    assert_eq!(
        (report.classes, report.n),
        (vec!["down".to_string(), "up".to_string()], 24)
    );
}

#[test]
fn a_protocol_b_model_wants_a_whole_call() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet --normalize speaker -o b.sentire")
        .exits(0);
    let clip = |emotion: &str, s: usize| {
        demo_clip(&format!("f1_{emotion}_s{s}.flac"))
            .display()
            .to_string()
    };
    let one = sandbox
        .sentire(&format!("predict {} -m b.sentire", clip("sad", 1)))
        .exits(2)
        .stderr;
    assert!(
        one.contains("at least 8") && one.contains("--speaker-column"),
        "{one}"
    );
    let call: Vec<String> = ["sad", "angry"]
        .iter()
        .flat_map(|emotion| (1..=4).map(move |s| clip(emotion, s)))
        .collect();
    let run = sandbox
        .sentire(&format!("predict {} -m b.sentire", call.join(" ")))
        .exits(0);
    assert_eq!(run.stdout.lines().count(), 8);
}

#[test]
fn a_prediction_says_what_moved_it() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet -o m.sentire")
        .exits(0);
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    let said = sandbox
        .sentire(&format!("predict {clip} -m m.sentire --json"))
        .exits(0);
    let said: Value = serde_json::from_str(&said.stdout).unwrap();
    let reasons = said["reasons"].as_array().unwrap();
    assert_eq!(reasons.len(), 5);
    let effect = |reason: &Value| reason["effect"].as_f64().unwrap();
    let effects: Vec<f64> = reasons.iter().map(effect).collect();
    assert!(
        effects.is_sorted_by(|a, b| a.abs() >= b.abs()),
        "{effects:?}"
    );
    // In plain words those that spoke for the label.
    let text = sandbox
        .sentire(&format!("predict {clip} -m m.sentire"))
        .exits(0)
        .stdout;
    let for_it = reasons.iter().filter(|reason| effect(reason) > 0.0).take(3);
    let for_it: Vec<&str> = for_it.map(|r| r["text"].as_str().unwrap()).collect();
    assert!(!for_it.is_empty(), "{effects:?}");
    let because = format!("  because: {}\n", for_it.join("; "));
    assert!(text.ends_with(&because), "{text} lacks {because}");
}

#[test]
fn without_a_model_the_one_that_is_built_in_answers() {
    let sandbox = Sandbox::new();
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    let run = sandbox.sentire(&format!("predict {clip} --json"));
    if !cfg!(feature = "default-model") {
        assert!(run.exits(2).stderr.contains("sentire train"));
        return;
    }
    let run = run.exits(0);
    let said: Value = serde_json::from_str(&run.stdout).unwrap();
    let classes: Vec<&String> = said["probabilities"].as_object().unwrap().keys().collect();
    assert_eq!(
        classes,
        ["angry", "disgust", "fearful", "happy", "neutral", "sad"]
    );
    for part in [
        "built in",
        "five languages",
        "sentire adapt",
        "not for judging people",
        "sentire train",
    ] {
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    let version = sandbox.sentire("--version --verbose").exits(0).stdout;
    for part in ["CC BY-NC-SA 4.0", "default-model", "rich@2"] {
        assert!(version.contains(part), "{version}");
    }
    assert_eq!(
        sandbox.sentire("--version").exits(0).stdout.lines().count(),
        1
    );
}

#[test]
fn predict_names_what_it_cannot_use_and_goes_on() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet -o m.sentire")
        .exits(0);
    sandbox.write("broken.wav", "RIFF");
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    let run = sandbox
        .sentire(&format!(
            "predict broken.wav {clip} gone.wav -m m.sentire --json"
        ))
        .exits(1);
    // A record for each, and a line for each that failed.
    assert_eq!(run.stdout.lines().count(), 3);
    assert_eq!(run.stderr.lines().count(), 3, "{}", run.stderr);
    sandbox.sentire("predict broken.wav -m m.sentire").exits(2);
    // A model of other features is refused, naming both versions.
    let table = Table::read(sandbox.path("features.parquet")).unwrap();
    let mut old = table.clone();
    old.metadata
        .insert("sentire.sets".into(), "covariance@2,rich@0".into());
    old.write(sandbox.path("old.parquet")).unwrap();
    sandbox.sentire("train old.parquet -o old.sentire").exits(0);
    let refused = sandbox
        .sentire(&format!("predict {clip} -m old.sentire"))
        .exits(2)
        .stderr;
    let ours = format!(
        "this sentire computes version {}",
        FeatureSet::RICH.version()
    );
    assert!(
        refused.contains("features of the set rich of version 0") && refused.contains(&ours),
        "{refused}"
    );
    let mixed = sandbox
        .sentire("evaluate features.parquet old.parquet")
        .exits(2)
        .stderr;
    assert!(mixed.contains("covariance@2,rich@0"), "{mixed}");
}

#[test]
fn every_classifier_trains_evaluates_and_predicts() {
    let sandbox = with_demo_features();
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    for (model, printed) in [
        ("logistic", "logistic:c=1"),
        ("tree:max_depth=3", "tree:max_depth=3"),
        ("forest:trees=10", "forest:trees=10"),
        ("svm:kernel=rbf", "svm:kernel=rbf,c=1,gamma=scale"),
    ] {
        let run = |command: &str| sandbox.sentire(command).exits(0).stdout;
        run(&format!(
            "train features.parquet --model {model} -o m.sentire"
        ));
        run(&format!(
            "train features.parquet --model {model} -o again.sentire"
        ));
        assert!(
            sandbox.read("m.sentire") == sandbox.read("again.sentire"),
            "{model}"
        );
        std::fs::remove_file(sandbox.path("again.sentire")).unwrap();
        assert!(run("describe m.sentire").contains(printed));
        let said: Value =
            serde_json::from_str(&run(&format!("predict {clip} -m m.sentire --json"))).unwrap();
        assert_eq!(said["model"], printed);
        let probabilities = said["probabilities"].as_object().unwrap().values();
        let sum: f64 = probabilities.map(|p| p.as_f64().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{model}: {sum}");
        let report = run(&format!(
            "evaluate features.parquet --model {model} --folds 4 --json"
        ));
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["model"], printed);
        // Four emotions: chance is 0.25.
        assert!(
            report["uar"].as_f64().unwrap() > 0.5,
            "{model}: {}",
            report["uar"]
        );
        std::fs::remove_file(sandbox.path("m.sentire")).unwrap();
    }
}

#[cfg(feature = "aubio")]
#[test]
fn aubio_is_a_set_of_its_own_and_goes_with_rich() {
    let sandbox = Sandbox::new();
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    sandbox.write("list.csv", format!("file\n{clip}\n"));
    for (options, output) in [
        ("--features aubio", "aubio.parquet"),
        ("--features rich,aubio", "both.parquet"),
        ("--features aubio --level lld", "lld.parquet"),
    ] {
        sandbox
            .sentire(&format!("extract list.csv {options} -o {output}"))
            .exits(0);
    }
    let names = |file: &str| {
        let table = Table::read(sandbox.path(file)).unwrap();
        table.feature_names().unwrap()
    };
    let alone = names("aubio.parquet");
    assert!(alone.len() > 300 && alone.iter().all(|name| name.starts_with("aubio_")));
    assert!(names("both.parquet").ends_with(&alone));
    assert!(names("lld.parquet").contains(&"aubio_f0_hz".to_string()));
    let said = sandbox.sentire("describe aubio").exits(0).stdout;
    assert!(
        said.contains("aubio_f0_hz") && !said.contains("mfcc"),
        "{said}"
    );
}

#[test]
fn describe_tells_by_content() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet -o m.sentire")
        .exits(0);
    let say = |what: &str| sandbox.sentire(&format!("describe {what}")).exits(0).stdout;
    assert!(say("rich").contains("mfcc_0"));
    let sets: Value = serde_json::from_str(&say("default --json")).unwrap();
    let sets = sets.as_array().unwrap();
    let features = |set: &Value| set["features"].as_array().unwrap().len();
    let table = Table::read(sandbox.path("features.parquet")).unwrap();
    let all: usize = sets.iter().map(features).sum();
    assert_eq!(table.feature_names().unwrap().len(), all);
    let set: Value = serde_json::from_str(&say("rich --json")).unwrap();
    assert_eq!(set, sets[0]);
    for lld in sets
        .iter()
        .flat_map(|set| set["descriptors"].as_array().unwrap())
    {
        for key in ["name", "unit", "definition"] {
            assert!(!lld[key].as_str().unwrap().is_empty());
        }
    }
    let described = say("features.parquet");
    assert!(described.starts_with("128 rows"), "{described}");
    if cfg!(feature = "frame") {
        for word in ["emotion", "speaker", "Recordings of", "least variance"] {
            assert!(described.contains(word), "no {word}:\n{described}");
        }
    }
    assert!(!described.contains("prosodic_kernel_"), "{described}");
    assert!(say("m.sentire").contains("fusion:alpha=0.001"));
    let clip = demo_clip("f1_sad_s1.flac").display().to_string();
    assert!(say(&clip).contains("16000 Hz"));
}

#[test]
fn tables_have_nulls_and_no_nan_and_say_nothing_of_the_machine() {
    let sandbox = with_demo_features();
    let metadata = Table::read_metadata(&sandbox.path("features.parquet")).unwrap();
    let keys: Vec<&str> = metadata.keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "sentire.accept_truncated",
            "sentire.channel",
            "sentire.features",
            "sentire.features.covariance",
            "sentire.features.prosodic_kernels",
            "sentire.features.spectral_kernels",
            "sentire.gain",
            "sentire.hop",
            "sentire.level",
            "sentire.manifest",
            "sentire.rate",
            "sentire.sets",
            "sentire.trim",
            "sentire.version",
            "sentire.window"
        ]
    );
    let place = env!("CARGO_MANIFEST_DIR");
    assert!(metadata.values().all(|value| !value.contains(place)));
    let table = Table::read(sandbox.path("features.parquet")).unwrap();
    let names: Vec<&str> = table
        .columns
        .iter()
        .map(|(name, _)| name.as_str())
        .take(8)
        .collect();
    assert_eq!(
        names,
        [
            "file",
            "start",
            "end",
            "corpus",
            "speaker",
            "emotion",
            "label_original",
            "intensity"
        ]
    );
    assert!(
        texts(&table, "audio_hash")
            .iter()
            .all(|hash| hash.len() == 64)
    );
}

#[test]
fn what_is_undefined_is_null_in_the_file() {
    use arrow::array::{Array, AsArray};
    use arrow::datatypes::Float32Type;
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let sandbox = Sandbox::new();
    // White noise (Numerical Recipes' quick generator) has no pitch, and 8 kHz no band above 4 kHz.
    let mut seed = 1_u32;
    let noise: Vec<i16> = (0..8000)
        .map(|_| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 20) as i16 - 2048
        })
        .collect();
    sandbox.write("noise.wav", wav(&noise, 1, 8000));
    sandbox.write("m.csv", "file\nnoise.wav\n");
    sandbox
        .sentire("extract m.csv --rate native -o f.parquet")
        .exits(0);
    let file = std::fs::File::open(sandbox.path("f.parquet")).unwrap();
    let batch = ParquetRecordBatchReaderBuilder::try_new(file)
        .unwrap()
        .build()
        .unwrap()
        .next();
    let batch = batch.unwrap().unwrap();
    let nulls = |name: &str| batch.column_by_name(name).unwrap().null_count();
    assert_eq!(
        (nulls("f0_hz_mean"), nulls("spectral_contrast_6_db_mean")),
        (1, 1)
    );
    assert_eq!(
        (
            nulls("emotion"),
            nulls("rms_mean"),
            nulls("spectral_contrast_5_db_mean")
        ),
        (1, 0, 0)
    );
    for column in batch
        .columns()
        .iter()
        .filter_map(|column| column.as_primitive_opt::<Float32Type>())
    {
        assert!(column.iter().flatten().all(f32::is_finite));
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    use std::process::{Command, Stdio};
    let mut child = Command::new(env!("CARGO_BIN_EXE_sentire"))
        .args(["describe", "rich", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn alone_it_names_the_commands_that_matter() {
    let sandbox = Sandbox::new();
    let said = sandbox.sentire("").exits(2).stderr;
    let commands: Vec<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("  sentire ")?.split(' ').next())
        .collect();
    assert_eq!(
        commands,
        ["demo", "predict", "score", "extract", "evaluate"]
    );
    assert!(said.contains("sentire --help"), "{said}");
}

#[test]
fn a_folder_in_place_of_a_file_is_told_what_takes_folders() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "calls/a.flac",
        std::fs::read(demo_clip("f1_sad_s1.flac")).unwrap(),
    );
    for (command, said) in [
        (
            "describe calls",
            "`sentire extract FOLDER -o TABLE.parquet`",
        ),
        (
            "evaluate calls",
            "`sentire extract FOLDER -o TABLE.parquet`",
        ),
    ] {
        let error = sandbox.sentire(command).exits(2).stderr;
        assert!(error.contains(said), "{command}: {error}");
    }
    if cfg!(feature = "default-model") {
        let error = sandbox.sentire("predict calls").exits(2).stderr;
        assert!(
            error.contains(
                "failed: calls: is a folder; expected a recording (`sentire score FOLDER`"
            ),
            "{error}"
        );
    }
}

#[test]
fn failures_are_records_in_their_places_where_predictions_are_json() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet -q -o m.sentire")
        .exits(0);
    sandbox.write(
        "a.flac",
        std::fs::read(demo_clip("f1_sad_s1.flac")).unwrap(),
    );
    sandbox.write("b.wav", "text");
    let said = sandbox
        .sentire("predict b.wav a.flac c.wav -m m.sentire --json")
        .exits(1);
    let lines: Vec<Value> = said
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let files: Vec<&Value> = lines.iter().map(|line| &line["file"]).collect();
    assert_eq!(files, ["b.wav", "a.flac", "c.wav"]);
    assert!(
        lines[0]["error"]
            .as_str()
            .unwrap()
            .starts_with("b.wav: holds text")
    );
    assert!(lines[2]["error"].as_str().unwrap().starts_with("c.wav: "));
    assert_eq!(
        (&lines[1]["error"], &lines[1]["channels"]),
        (&Value::Null, &1.into())
    );
    assert_eq!(said.stderr.matches("failed: ").count(), 2);
    let none = sandbox
        .sentire("predict b.wav -m m.sentire --json")
        .exits(2);
    assert_eq!(none.stdout.lines().count(), 1);
    let text = sandbox
        .sentire("predict b.wav a.flac -m m.sentire")
        .exits(1);
    assert!(!text.stdout.contains("b.wav"), "{}", text.stdout);
}

#[test]
fn help_begins_with_usage_and_ends_with_examples_where_it_is_long() {
    let sandbox = Sandbox::new();
    for command in [
        "demo", "corpus", "extract", "split", "train", "evaluate", "predict", "score", "export",
        "serve", "describe", "verify",
    ] {
        let help = |flag: &str| {
            let asked = sandbox.sentire(&format!("{command} {flag}"));
            asked.exits(0).stdout
        };
        let (long, short) = (help("--help"), help("-h"));
        for text in [&long, &short] {
            let usage = text.find("Usage: sentire").expect("a line of usage");
            assert!(usage < text.find("Options:").unwrap(), "{text}");
        }
        let examples = long.find("\nExamples:\n  sentire");
        assert!(examples > long.find("--jobs"), "{command}: {long}");
        assert!(!short.contains("Examples:"), "{command}: {short}");
    }
    let all = sandbox.sentire("--help").exits(0).stdout;
    assert!(all.contains("Examples:\n  sentire demo"), "{all}");
    // Names in help are those that there are.
    let extract = sandbox.sentire("extract --help").exits(0).stdout;
    assert!(
        sentire::catalogue::computed().all(|set| extract.contains(set.name())),
        "{extract}"
    );
}
