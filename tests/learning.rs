//! The learning half as a user meets it: reports, comparisons, corpora against each other, planted
//! leakage, model cards and verdicts.

use std::collections::BTreeSet;

use sentire::catalogue::{FeatureSet, SETS};
use sentire::model::feature_groups::FeatureGroup;
use sentire::report::{CrossCorpus, Report};
use sentire::table::{Column, Table};

use crate::sandbox::{Run, Sandbox, demo_clip, wav, with_demo_features};

fn table(sandbox: &Sandbox, name: &str) -> Table {
    Table::read(sandbox.path(name)).unwrap()
}

/// The words of a column, to be changed.
fn words<'a>(table: &'a mut Table, name: &str) -> &'a mut Vec<Option<String>> {
    let column = table.columns.iter_mut().find(|(column, _)| column == name);
    match column {
        Some((_, Column::Text(words))) => words,
        _ => panic!("no text column {name}"),
    }
}

/// Appends a copy of a row.
fn repeat_row(table: &mut Table, row: usize) {
    for (_, column) in &mut table.columns {
        let rows: Vec<usize> = (0..column.len()).chain([row]).collect();
        *column = column.select(&rows);
    }
}

fn report(run: &Run) -> Report {
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn the_report_is_one_page_beside_its_figures_and_probabilities() {
    let sandbox = with_demo_features();
    let command = "evaluate features.parquet --folds 4 --normalize both --show-leak -o report";
    let run = sandbox.sentire(command).exits(0);
    assert!(run.stdout.contains("random split"), "{}", run.stdout);
    let page = String::from_utf8(sandbox.read("report/report.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") || page.starts_with("<!DOCTYPE html>"));
    let links = page.replace("http://www.w3.org/2000/svg", "");
    assert!(!links.contains("http") && !page.contains("<script"));
    assert!(page.contains("transductive") && page.matches("<svg").count() >= 10);
    assert!(page.contains("sentire evaluate features.parquet --folds 4 --normalize both"));
    // What a feature is stands there in words.
    assert!(page.contains(" of the "), "no feature in plain words");

    let json = String::from_utf8(sandbox.read("report/report.json")).unwrap();
    let both: std::collections::BTreeMap<String, Report> = serde_json::from_str(&json).unwrap();
    let a = &both["corpus"];
    assert!(!a.importance.is_empty() && a.random_split_uar.is_some());
    assert_eq!(
        a.calibration.bins.iter().map(|bin| bin.n).sum::<usize>(),
        a.n
    );
    assert_eq!(a.by_speaker.len(), a.speakers);
    assert_eq!(a.by_sex.len(), 2);

    let predictions = table(&sandbox, "report/predictions.parquet");
    let classes = ["angry", "happy", "neutral", "sad"];
    let columns: Vec<&Vec<f32>> = classes
        .iter()
        .map(|class| match predictions.column(&format!("p_{class}")) {
            Some(Column::Float(values)) => values,
            _ => panic!("no probability of {class}"),
        })
        .collect();
    let said = predictions.text("predicted").unwrap();
    for (row, said) in said.iter().enumerate() {
        let p: Vec<f32> = columns.iter().map(|column| column[row]).collect();
        assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-5);
        let most = (0..4)
            .reduce(|a, b| if p[b] > p[a] { b } else { a })
            .unwrap();
        assert_eq!(said.as_deref(), Some(classes[most]));
    }
}

#[test]
fn models_and_feature_sets_are_compared_on_the_same_folds() {
    let sandbox = with_demo_features();
    let with = |other: &str| {
        let command = format!("evaluate features.parquet --folds 4 --json --compare {other}");
        report(&sandbox.sentire(&command).exits(0))
            .comparison
            .unwrap()
    };
    let same = with("default");
    assert_eq!((same.test.difference, same.test.p_value), (0.0, 1.0));
    let tree = with("tree:max_depth=2");
    assert!(
        tree.other.starts_with("tree:max_depth=2 on "),
        "{}",
        tree.other
    );
    let [low, high] = tree.test.difference_ci95;
    assert!(low <= tree.test.difference && tree.test.difference <= high);
    // A table with one feature fewer, its rows in another order.
    let mut other = table(&sandbox, "features.parquet");
    let names: Vec<String> = other.feature_names().unwrap();
    other.metadata.insert(
        "sentire.features".into(),
        serde_json::to_string(&names[..30]).unwrap(),
    );
    for (_, column) in &mut other.columns {
        let rows: Vec<usize> = (0..column.len()).rev().collect();
        *column = column.select(&rows);
    }
    other.write(sandbox.path("few.parquet")).unwrap();
    let few = with("few.parquet");
    let mut straight = table(&sandbox, "features.parquet");
    straight.metadata = other.metadata;
    straight.write(sandbox.path("straight.parquet")).unwrap();
    let command = "evaluate straight.parquet --folds 4 --json";
    let alone = sandbox.sentire(command).exits(0);
    assert_eq!(few.uar, report(&alone).uar);
    assert!(few.other.contains("30 features"), "{}", few.other);
    let unknown = sandbox
        .sentire("evaluate features.parquet --compare knn")
        .exits(2);
    assert!(
        unknown
            .stderr
            .contains("--compare knn: no such file, and model \"knn\"")
    );
}

#[test]
fn several_others_are_compared_at_once_with_p_corrected_and_stand_in_tables_of_results() {
    let sandbox = with_demo_features();
    let compare = "--compare tree:max_depth=2 --compare forest:trees=20 --compare default";
    let command = format!("evaluate features.parquet --folds 4 {compare}");
    let run = sandbox.sentire(&format!("{command} -o r")).exits(0);
    assert!(
        run.stdout.contains("corrected for 3 comparisons"),
        "{}",
        run.stdout
    );
    let json = String::from_utf8(sandbox.read("r/report.json")).unwrap();
    let report: Report = serde_json::from_str(&json).unwrap();
    let compared = &report.comparisons;
    assert_eq!(report.comparison.as_ref(), compared.first());
    let p: Vec<f64> = compared.iter().map(|c| c.test.p_value).collect();
    let corrected: Vec<f64> = compared.iter().map(|c| c.p_holm).collect();
    assert_eq!(corrected, sentire::metrics::holm(&p));
    // The same model is no better than itself.
    assert_eq!(
        (compared[2].uar, compared[2].uar_ci95),
        (report.uar, report.uar_ci95)
    );
    assert_eq!((p[2], corrected[2]), (1.0, 1.0));

    let csv = String::from_utf8(sandbox.read("r/results.csv")).unwrap();
    let mut rows = csv::Reader::from_reader(csv.as_bytes());
    let header = rows.headers().unwrap().clone();
    let rows: Vec<csv::StringRecord> = rows.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 4);
    let cell = |row: usize, name: &str| {
        let at = header.iter().position(|column| column == name);
        rows[row][at.unwrap_or_else(|| panic!("no {name} in {csv}"))].to_string()
    };
    let number = |row: usize, name: &str| cell(row, name).parse::<f64>().unwrap();
    assert_eq!(
        (cell(0, "protocol"), cell(0, "folds")),
        ("A".into(), "4".into())
    );
    assert_eq!(
        (cell(1, "n"), cell(1, "speakers")),
        ("128".into(), "8".into())
    );
    assert_eq!(number(0, "uar"), report.uar);
    assert_eq!(number(0, "recall_sad"), report.recall["sad"]);
    assert_eq!(
        [number(2, "uar_low"), number(2, "uar_high")],
        compared[1].uar_ci95
    );
    assert_eq!(number(1, "p_holm"), corrected[0]);
    assert_eq!(cell(0, "p_holm"), "");

    let tex = String::from_utf8(sandbox.read("r/results.tex")).unwrap();
    assert!(
        tex.contains("tree:max\\_depth=2 & ") && tex.matches(" \\\\\n").count() == 5,
        "{tex}"
    );
    for name in [
        "uar",
        "confusion",
        "recall",
        "compared",
        "speakers",
        "reliability",
        "importance",
    ] {
        let svg = String::from_utf8(sandbox.read(&format!("r/figures/{name}.svg"))).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("xmlns="), "{name}");
    }
    // The name of a table is that of the results alone, as they stand in the folder.
    for name in ["alone.csv", "alone.TEX"] {
        let alone = format!("{command} -o {name} -q");
        sandbox.sentire(&alone).exits(0);
        let again = sandbox.sentire(&alone).exits(2).stderr;
        assert!(again.contains(&format!("{name} exists already")), "{again}");
    }
    assert_eq!(sandbox.read("alone.csv"), csv.as_bytes());
    assert_eq!(sandbox.read("alone.TEX"), tex.as_bytes());
    let refused = sandbox.sentire(&format!("{command} -o r")).exits(2).stderr;
    assert!(refused.contains("report.html exists already"), "{refused}");
}

#[test]
fn a_learning_curve_ends_where_all_training_speakers_are_learned_from() {
    let sandbox = with_demo_features();
    let command = "evaluate features.parquet --model ridge --folds 4 --learning-curve";
    let run = sandbox.sentire(&format!("{command} --json -o r")).exits(0);
    let first = report(&run);
    let curve = &first.learning_curve;
    let shares: Vec<f64> = curve.iter().map(|point| point.share).collect();
    assert_eq!(shares, [0.25, 0.5, 0.75, 1.0]);
    // Four folds of two speakers of eight, with 16 recordings each: six to train on, shares rounded up.
    let speakers: Vec<f64> = curve.iter().map(|point| point.speakers).collect();
    let recordings: Vec<f64> = curve.iter().map(|point| point.recordings).collect();
    assert_eq!(
        (speakers, recordings),
        (vec![2.0, 3.0, 5.0, 6.0], vec![32.0, 48.0, 80.0, 96.0])
    );
    assert_eq!(
        (curve[3].uar, curve[3].uar_ci95),
        (first.uar, first.uar_ci95)
    );
    let page = String::from_utf8(sandbox.read("r/report.html")).unwrap();
    assert!(page.contains("With fewer speakers to learn from"));
    assert!(sandbox.path("r/figures/learning-curve.svg").is_file());
    let again = report(&sandbox.sentire(&format!("{command} --json -j 1")).exits(0));
    assert_eq!(again.learning_curve, *curve);
    let refused = sandbox
        .sentire(&format!("{command} --normalize batch"))
        .exits(2)
        .stderr;
    assert!(
        refused.contains("--learning-curve takes some of the training speakers"),
        "{refused}"
    );
}

#[test]
fn parameters_are_chosen_within_folds_and_told() {
    let sandbox = with_demo_features();
    let command = "evaluate features.parquet --folds 4 --json --tune --model ";
    for (model, chosen) in [
        ("svm:select=100", "svm:kernel=linear,c="),
        ("tree", "tree:max_depth="),
    ] {
        let tuned = report(&sandbox.sentire(&format!("{command}{model}")).exits(0));
        assert!(tuned.tuned && tuned.model.to_string().ends_with("tune=true"));
        assert_eq!(tuned.folds.len(), 4);
        for fold in &tuned.folds {
            assert!(fold.model.to_string().starts_with(chosen), "{}", fold.model);
            assert!(!fold.model.tune);
        }
    }
}

#[test]
fn corpora_are_tested_on_each_other_in_the_classes_they_share() {
    let sandbox = with_demo_features();
    let mut demo = table(&sandbox, "features.parquet");
    words(&mut demo, "corpus")
        .iter_mut()
        .for_each(|word| *word = Some("demo".into()));
    demo.write(sandbox.path("demo.parquet")).unwrap();
    // The same voices again, called another corpus, where nobody is sad and neutral is calm: another
    // feature value each, since otherwise they would be the same recordings.
    let mut other = table(&sandbox, "features.parquet");
    words(&mut other, "corpus")
        .iter_mut()
        .for_each(|word| *word = Some("other".into()));
    for word in words(&mut other, "emotion") {
        *word = match word.as_deref() {
            Some("sad") => None,
            Some("neutral") => Some("calm".into()),
            word => word.map(str::to_string),
        };
    }
    words(&mut other, "audio_hash")
        .iter_mut()
        .for_each(|hash| *hash = None);
    for (_, column) in &mut other.columns {
        if let Column::Float(values) = column {
            values.iter_mut().for_each(|value| *value *= 1.0 + 1e-4);
        }
    }
    other.write(sandbox.path("other.parquet")).unwrap();
    let tables = "evaluate demo.parquet other.parquet --map calm=neutral";
    let demo = report(
        &sandbox
            .sentire(&format!("{tables} --json --folds corpus"))
            .exits(0),
    );
    assert_eq!(demo.classes, ["angry", "happy", "neutral"]);
    assert_eq!((demo.folds.len(), demo.by_corpus.len()), (2, 2));
    let one = report(
        &sandbox
            .sentire(&format!("{tables} --json --test-corpus other"))
            .exits(0),
    );
    assert_eq!((one.folds.len(), one.folds[0].name.as_str()), (1, "other"));
    assert!(one.uar > 0.8, "the same voices: {}", one.uar);
    assert!(one.held_back > 0 && one.left_out > 0);

    let matrix = sandbox
        .sentire(&format!("{tables} --json --cross-corpus --folds 4"))
        .exits(0);
    let matrix: CrossCorpus = serde_json::from_str(&matrix.stdout).unwrap();
    assert_eq!(matrix.cells.len(), 4);
    assert!(
        matrix
            .cells
            .iter()
            .all(|cell| (0.0..=1.0).contains(&cell.uar))
    );
    let text = sandbox
        .sentire(&format!("{tables} --cross-corpus --folds 4 -o cross"))
        .exits(0)
        .stdout;
    assert!(text.contains("trained on other"), "{text}");
    let page = String::from_utf8(sandbox.read("cross/report.html")).unwrap();
    assert!(page.contains("trained on") && page.matches("<svg").count() == 4);
    let nonsense = format!("{tables} --cross-corpus --folds corpus");
    let refused = sandbox.sentire(&nonsense).exits(2).stderr;
    assert!(refused.contains("loso, split or a number"), "{refused}");
    let unknown = sandbox
        .sentire(&format!("{tables} --test-corpus third"))
        .exits(2)
        .stderr;
    assert!(unknown.contains("one of them \"third\""), "{unknown}");
    let unknown = sandbox
        .sentire("evaluate features.parquet --map joy=happy")
        .exits(2)
        .stderr;
    assert!(unknown.contains("there is no such class"), "{unknown}");
    // Two folders of the same sounds are one corpus twice.
    let mut copy = table(&sandbox, "features.parquet");
    words(&mut copy, "corpus")
        .iter_mut()
        .for_each(|word| *word = Some("copy".into()));
    copy.write(sandbox.path("copy.parquet")).unwrap();
    let command = "evaluate demo.parquet copy.parquet --cross-corpus";
    let refused = sandbox.sentire(command).exits(2).stderr;
    assert!(refused.contains("audio_on_two_sides"), "{refused}");
    assert!(refused.contains("leakage: the same audio"), "{refused}");
}

#[test]
fn planted_leakage_is_found_named_and_refused() {
    type Plant = fn(&mut Table);
    let plants: [(&str, &[&str], Plant); 6] = [
        ("loso", &["audio_on_two_sides"], |table| {
            repeat_row(table, 0);
            let last = table.rows() - 1;
            words(table, "file")[last] = Some("again.flac".into());
            words(table, "speaker")[last] = Some("somebody".into());
        }),
        ("loso", &["features_on_two_sides"], |table| {
            repeat_row(table, 0);
            let last = table.rows() - 1;
            words(table, "file")[last] = Some("again.flac".into());
            words(table, "speaker")[last] = Some("somebody".into());
            words(table, "audio_hash")[last] = Some("of another coding".into());
        }),
        ("loso", &["audio_with_two_labels"], |table| {
            repeat_row(table, 0);
            let last = table.rows() - 1;
            words(table, "file")[last] = Some("again.flac".into());
            words(table, "emotion")[last] = Some("sad".into());
        }),
        ("loso", &["listed_twice"], |table| repeat_row(table, 3)),
        ("loso", &["emotion_by_speaker"], |table| {
            let speakers = words(table, "speaker").clone();
            let all: BTreeSet<_> = speakers.iter().flatten().cloned().collect();
            let all: Vec<String> = all.into_iter().collect();
            for (emotion, speaker) in words(table, "emotion").iter_mut().zip(speakers) {
                let at = all
                    .iter()
                    .position(|name| Some(name) == speaker.as_ref())
                    .unwrap();
                *emotion = Some(["angry", "happy", "sad"][at % 3].into());
            }
        }),
        ("split", &["speaker_on_two_sides"], |table| {
            let rows = table.rows();
            let marks = (0..rows).map(|row| Some(["train", "test"][row % 2].to_string()));
            table
                .columns
                .push(("split".into(), Column::Text(marks.collect())));
        }),
    ];
    let sandbox = with_demo_features();
    for (folds, kinds, plant) in plants {
        let mut planted = table(&sandbox, "features.parquet");
        plant(&mut planted);
        planted.write(sandbox.path("planted.parquet")).unwrap();
        let command = format!("evaluate planted.parquet --folds {folds} --json");
        let refused = sandbox.sentire(&command).exits(2);
        assert!(refused.stdout.is_empty());
        let last = refused.stderr.lines().last().unwrap();
        assert!(last.starts_with("error: refused: "), "{last}");
        for kind in kinds {
            assert!(last.contains(kind), "{kind}: {last}");
        }
        assert!(refused.stderr.contains("leakage: "), "{}", refused.stderr);
        let allowed = report(
            &sandbox
                .sentire(&format!("{command} --allow-leakage"))
                .exits(0),
        );
        assert!(
            allowed
                .leakage
                .iter()
                .any(|found| found.is_error && kinds.contains(&&*found.kind))
        );
        if folds == "loso" {
            sandbox
                .sentire("train planted.parquet -o planted.sentire")
                .exits(2);
            sandbox
                .sentire("train planted.parquet -o planted.sentire --allow-leakage --force")
                .exits(0);
        }
    }
    let clean = report(&sandbox.sentire("evaluate features.parquet --json").exits(0));
    assert_eq!(clean.leakage, []);
}

#[test]
fn a_card_says_what_a_model_is_and_predictions_say_when_not_to_believe_them() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet --model ridge -o m.sentire")
        .exits(0);
    let card = sandbox.sentire("describe m.sentire").exits(0).stdout;
    for word in [
        "held out",
        "intended use",
        "unsure",
        "ridge:alpha=loo",
        "ECE",
    ] {
        assert!(card.contains(word), "no {word:?} in\n{card}");
    }
    let json = sandbox.sentire("describe m.sentire --json").exits(0).stdout;
    let card: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(card["held_out"]["uar"].as_f64().unwrap() > 0.5);

    let mut state = 1_u32;
    let noise: Vec<i16> = (0..32_000)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 18) as i16
        })
        .collect();
    sandbox.write("noise.wav", wav(&noise, 1, 16_000));
    let verdicts = |file: &str| {
        let run = sandbox
            .sentire(&format!("predict {file} -m m.sentire --json"))
            .exits(0);
        let said: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        (
            said["out_of_domain"].as_bool().unwrap(),
            said["unsure"].as_bool().unwrap(),
        )
    };
    assert!(verdicts("noise.wav").0);
    let known = demo_clip("f1_angry_s1.flac").display().to_string();
    assert!(!verdicts(&known).0);
    let line = sandbox
        .sentire("predict noise.wav -m m.sentire")
        .exits(0)
        .stdout;
    assert!(line.contains("no speech"), "{line}");
}

#[test]
fn a_feature_group_has_the_features_of_the_set_of_its_name() {
    let sets = SETS.iter().filter(|set| set.is_list());
    let names = |set: &FeatureSet| set.names();
    let all: Vec<String> = SETS.iter().flat_map(names).collect();
    let mut seen = 0;
    for set in sets {
        let group: FeatureGroup = set.name().parse().unwrap();
        let of_group: Vec<&String> = group.places(&all).into_iter().map(|f| &all[f]).collect();
        assert!(names(set).eq(of_group.into_iter().cloned()), "{set}");
        seen += 1;
    }
    assert_eq!(seen, 3);
    // The other features are statistics, and each of these is of the source or of the filter.
    let [statistics, source, filter] = [
        FeatureGroup::Statistics,
        FeatureGroup::Source,
        FeatureGroup::Filter,
    ]
    .map(|group| group.places(&all).len());
    assert_eq!(statistics, source + filter);
    assert!(source > 200 && filter > 1500);
}

#[test]
fn a_model_takes_the_views_that_a_table_has_and_says_so() {
    let sandbox = Sandbox::new();
    let manifest = demo_clip("manifest.csv").display().to_string();
    sandbox
        .sentire(&format!(
            "extract {manifest} --features egemaps -o e.parquet"
        ))
        .exits(0);
    let run = sandbox.sentire("train e.parquet -o m.sentire").exits(0);
    assert!(
        run.stderr.contains("lacks some feature groups"),
        "{}",
        run.stderr
    );
    assert!(
        run.stderr.contains("views=statistics+source+filter"),
        "{}",
        run.stderr
    );
    let run = sandbox
        .sentire("evaluate e.parquet --model fusion:views=covariance")
        .exits(2);
    assert!(
        run.stderr.contains("no features of the group covariance"),
        "{}",
        run.stderr
    );
    let run = sandbox
        .sentire("evaluate e.parquet --model fusion,select=3")
        .exits(2);
    assert!(
        run.stderr
            .contains("\"fusion,select=3\": unknown classifier"),
        "{}",
        run.stderr
    );
}
