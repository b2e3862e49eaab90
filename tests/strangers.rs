//! Models for corpora that nobody trained on: batches scaled by their own recordings, corpora held out and weighed alike.

use std::collections::BTreeMap;

use sentire::model::{Model, TrainOptions};
use sentire::prelude::*;
use sentire::scaler::Scaler;
use sentire::table::{Column, Table};
use serde_json::Value;

use crate::sandbox::{Sandbox, repository, with_demo_features};

/// The `egemaps` features of the demo as two corpora, `female` and `male`, in two.parquet; those of the men are `stretch` times as
/// large.
fn two_corpora(stretch: f32) -> Sandbox {
    let sandbox = Sandbox::new();
    let demo = repository("corpora/demo/manifest.csv");
    let demo = demo.display();
    sandbox
        .sentire(&format!(
            "extract {demo} --features egemaps -o features.parquet -q"
        ))
        .exits(0);
    stretched(&sandbox, stretch);
    sandbox
}

fn stretched(sandbox: &Sandbox, stretch: f32) -> Table {
    let mut table = Table::read(sandbox.path("features.parquet")).unwrap();
    let sex = table.words("sex").unwrap();
    let names: Vec<String> = FeatureSet::EGEMAPS.names().collect();
    for (name, column) in &mut table.columns {
        if let (true, Column::Float(values)) = (names.contains(name), column) {
            let of_men = values
                .iter_mut()
                .zip(&sex)
                .filter(|(_, sex)| *sex == "male");
            of_men.for_each(|(value, _)| *value *= stretch);
        }
    }
    let corpus = table.columns.iter_mut().find(|(name, _)| name == "corpus");
    corpus.unwrap().1 = Column::Text(sex.into_iter().map(Some).collect());
    table.write(sandbox.path("two.parquet")).unwrap();
    table
}

fn json(stdout: &str) -> Value {
    serde_json::from_str(stdout).unwrap()
}

#[test]
fn what_sets_corpora_apart_does_not_matter_where_each_is_scaled_by_itself() {
    let sandbox = two_corpora(1.0);
    let evaluate = |normalize: &str| {
        let run = sandbox.sentire(&format!(
            "evaluate two.parquet --model ridge --folds corpus --balance corpus,class --normalize {normalize} --json"
        ));
        json(&run.exits(0).stdout)["uar"].as_f64().unwrap()
    };
    let (batch, train) = (evaluate("batch"), evaluate("train"));
    // A power of two: what is scaled is the same to the last digits.
    stretched(&sandbox, 8.0);
    assert!((evaluate("batch") - batch).abs() < 1e-9);
    assert!(evaluate("train") < train - 0.1);
    assert!(batch > 0.5, "{batch}");

    let run = sandbox
        .sentire("evaluate two.parquet --model ridge --folds corpus --normalize batch")
        .exits(0);
    assert!(
        run.stdout.contains("(protocol C, transductive)"),
        "{}",
        run.stdout
    );
    let page = sandbox
        .sentire("evaluate two.parquet --model ridge --cross-corpus --normalize batch -o report")
        .exits(0);
    assert!(page.stdout.contains("(protocol C, transductive)"));
    let page = String::from_utf8(sandbox.read("report/report.html")).unwrap();
    assert!(page.contains("Protocol C <span>"), "{page}");
}

#[test]
fn scaling_by_a_corpus_that_is_trained_on_is_refused() {
    let sandbox = two_corpora(1.0);
    for folds in ["", "--folds 4", "--folds loso"] {
        let run = sandbox
            .sentire(&format!(
                "evaluate two.parquet --model ridge --normalize batch {folds}"
            ))
            .exits(2);
        assert!(
            run.stderr
                .contains("expected --folds corpus, --test-corpus NAME or --cross-corpus"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn learners_that_cannot_weigh_corpora_say_who_can() {
    let sandbox = two_corpora(1.0);
    for command in ["train", "evaluate"] {
        let run = sandbox
            .sentire(&format!(
                "{command} two.parquet --model forest --balance corpus,class"
            ))
            .exits(2);
        assert!(
            run.stderr
                .contains("does not weigh corpora alike (--balance corpus,class); fusion,"),
            "{}",
            run.stderr
        );
    }
    for learner in ["fusion", "ridge", "logistic", "boost:rounds=5"] {
        sandbox
            .sentire(&format!(
                "train two.parquet --model {learner} --balance corpus,class -o {}.sentire",
                &learner[..5]
            ))
            .exits(0);
    }
}

#[test]
fn corpora_that_weigh_alike_count_alike() {
    // Twice the rows of one corpus: where corpora weigh alike, as if there were as many of the other.
    let sandbox = two_corpora(1.0);
    let table = Table::read(sandbox.path("two.parquet")).unwrap();
    let sex = table.words("sex").unwrap();
    let rows =
        |of: &str| -> Vec<usize> { (0..table.rows()).filter(|&row| sex[row] == of).collect() };
    let train = |times: usize, balance: Balance| {
        let mut all = rows("male");
        (0..times).for_each(|_| all.extend(rows("female")));
        let data = Dataset::new(&table.select(&all), "emotion").unwrap();
        let spec = "fusion:views=all".parse().unwrap();
        let options = TrainOptions {
            balance,
            ..TrainOptions::default()
        };
        let model = Model::train_with(&data, &spec, &options).unwrap();
        // The scaling is by rows, whatever they weigh: bring both to one.
        let scores = model.deviations(data.view());
        assert_eq!(scores.nrows(), all.len());
        let each: Vec<Vec<usize>> = (0..64).map(|row| vec![row]).collect();
        let p = model.probabilities(data.view(), &each);
        p.rows()
            .into_iter()
            .map(sentire::model::best)
            .collect::<Vec<usize>>()
    };
    let differ = |a: &[usize], b: &[usize]| a.iter().zip(b).filter(|(a, b)| a != b).count();
    let alike = differ(
        &train(1, Balance::CorpusAndClass),
        &train(6, Balance::CorpusAndClass),
    );
    let by_rows = differ(&train(1, Balance::Class), &train(6, Balance::Class));
    assert!(alike < by_rows, "{alike} {by_rows}");
}

#[test]
fn a_folder_is_scaled_by_its_own_recordings_and_few_by_those_of_the_training() {
    let sandbox = two_corpora(1.0);
    let table = Table::read(sandbox.path("two.parquet")).unwrap();
    let run = sandbox
        .sentire(
            "train two.parquet --model ridge --normalize batch --folds corpus --balance corpus,class -o m.sentire",
        )
        .exits(0);
    assert!(
        run.stderr.contains("corpora, 2 of them, held out in turn"),
        "{}",
        run.stderr
    );
    let model = Model::load(sandbox.path("m.sentire")).unwrap();
    assert_eq!(model.card.by_corpus.len(), 2);
    assert_eq!(model.card.alone_by_corpus.len(), 2);

    let demo = repository("corpora/demo");
    let demo = demo.display();
    let score = |to: &str, flags: &str| {
        let run = sandbox
            .sentire(&format!(
                "score {demo} -m m.sentire --pauses keep -o {to} {flags}"
            ))
            .exits(0);
        let scored = Table::read(sandbox.path(to)).unwrap();
        let Some(Column::Float(p)) = scored.column("probability") else {
            panic!("{:?}", scored.column("probability"));
        };
        let names = scored.words("file").unwrap().into_iter();
        let name = |file: String| file.rsplit('/').next().unwrap().to_string();
        let of_files: BTreeMap<String, f32> = names.map(name).zip(p.iter().copied()).collect();
        (run, of_files)
    };
    let (_, batch) = score("batch.parquet", "");
    assert_eq!(score("asked.parquet", "--normalize batch").1, batch);
    let (_, alone) = score("alone.parquet", "--normalize train");
    assert_ne!(alone, batch);

    // What the library says of the same rows, scaled by all of them.
    let data = Dataset::new(&table, "emotion").unwrap();
    let all: Vec<usize> = (0..data.len()).collect();
    let each: Vec<Vec<usize>> = all.iter().map(|&row| vec![row]).collect();
    let of_batch = model.scaled_by(&Scaler::fit(data.view(), &all));
    for (model, said) in [(&of_batch, &batch), (&model.scaled_by_training(), &alone)] {
        let p = model.probabilities(data.view(), &each);
        for (row, p) in data.rows.iter().zip(p.rows()) {
            let name = row.recording.file.rsplit('/').next().unwrap();
            let highest = p.iter().copied().fold(0.0, f64::max);
            assert!((f64::from(said[name]) - highest).abs() < 1e-4, "{name}");
        }
    }

    // The same again keeps all; other scaling does not go on with it.
    let (run, again) = score("batch.parquet", "");
    assert_eq!(again, batch);
    assert!(run.stderr.contains("128 recordings"), "{}", run.stderr);
    let run = sandbox
        .sentire(&format!(
            "score {demo} -m m.sentire --pauses keep -o batch.parquet --normalize train"
        ))
        .exits(2);
    assert!(
        run.stderr
            .contains("was made with batch true, now batch is false"),
        "{}",
        run.stderr
    );

    for clip in ["f1_angry_s1", "m1_sad_s2"] {
        let bytes = std::fs::read(repository(&format!("corpora/demo/{clip}.flac"))).unwrap();
        sandbox.write(&format!("few/{clip}.flac"), bytes);
    }
    let run = sandbox
        .sentire("score few -m m.sentire --pauses keep -o few.parquet")
        .exits(0);
    assert!(
        run.stderr.contains(
            "warning: 2 rows with speech; a batch is scaled by its own recordings from 30 on"
        ),
        "{}",
        run.stderr
    );
    let few = Table::read(sandbox.path("few.parquet")).unwrap();
    let Some(Column::Float(p)) = few.column("probability") else {
        panic!("{:?}", few.column("probability"));
    };
    assert_eq!(p[0], alone["f1_angry_s1.flac"]);
    let run = sandbox
        .sentire("predict few/f1_angry_s1.flac -m m.sentire --pauses keep --json")
        .exits(0);
    assert!(
        run.stderr
            .contains("recordings alone are scaled as its training"),
        "{}",
        run.stderr
    );
    let label = json(&run.stdout)["label"].as_str().unwrap().to_string();
    let of_label = json(&run.stdout)["probabilities"][&label].as_f64().unwrap();
    assert!((of_label - f64::from(p[0])).abs() < 1e-6);
}

#[test]
fn a_model_for_one_scaling_does_not_take_another() {
    let sandbox = with_demo_features();
    sandbox
        .sentire("train features.parquet --model ridge -o m.sentire")
        .exits(0);
    sandbox.write(
        "few/a.flac",
        std::fs::read(repository("corpora/demo/f1_sad_s1.flac")).unwrap(),
    );
    let run = sandbox
        .sentire("score few -m m.sentire --normalize batch")
        .exits(2);
    assert!(
        run.stderr.contains("was not trained for it"),
        "{}",
        run.stderr
    );
    let run = sandbox
        .sentire("score few -m m.sentire --normalize speaker")
        .exits(2);
    assert!(run.stderr.contains("--speaker-column"), "{}", run.stderr);
}

#[test]
fn a_model_is_adapted_to_a_place_and_by_its_labels() {
    let sandbox = two_corpora(1.0);
    sandbox
        .sentire("train two.parquet --model ridge --normalize batch --folds corpus -o m.sentire")
        .exits(0);
    let demo = repository("corpora/demo");
    let demo = demo.display();
    // Without labels: scaled by all recordings for good, as `score` scales them as one batch.
    let run = sandbox
        .sentire(&format!("adapt m.sentire {demo} -o place.sentire"))
        .exits(0);
    assert!(
        run.stderr
            .contains("adapted by 128 rows of 128 recordings -> place.sentire"),
        "{}",
        run.stderr
    );
    let score = |model: &str, to: &str, flags: &str| {
        sandbox
            .sentire(&format!(
                "score {demo} -m {model} -o {to} --pauses cut {flags}"
            ))
            .exits(0);
        let scored = Table::read(sandbox.path(to)).unwrap();
        match scored.column("probability") {
            Some(Column::Float(p)) => p.clone(),
            other => panic!("{other:?}"),
        }
    };
    let adapted = score("place.sentire", "adapted.parquet", "");
    let batch = score("m.sentire", "batch.parquet", "--normalize batch");
    assert!(
        adapted
            .iter()
            .zip(&batch)
            .all(|(a, b)| (a - b).abs() < 1e-4)
    );
    assert_ne!(
        adapted,
        score("m.sentire", "alone.parquet", "--normalize train")
    );
    let described = sandbox.sentire("describe place.sentire").exits(0).stdout;
    assert!(
        described.contains("scaled by 128 rows of one place"),
        "{described}"
    );

    // With labels: calibrated by them. What it says is the same, how surely is not.
    let run = sandbox
        .sentire(&format!(
            "adapt m.sentire {demo}/manifest.csv -o labelled.sentire"
        ))
        .exits(0);
    assert!(
        run.stderr.contains(", calibrated by 128 labels: UAR 0."),
        "{}",
        run.stderr
    );
    let labelled = score("labelled.sentire", "labelled.parquet", "");
    assert_ne!(labelled, adapted);
    let labels = |table: &str| {
        Table::read(sandbox.path(table))
            .unwrap()
            .words("label")
            .unwrap()
    };
    assert_eq!(labels("labelled.parquet"), labels("adapted.parquet"));

    // What cannot be is said in one line.
    let run = sandbox
        .sentire(&format!("adapt place.sentire {demo} -o again.sentire"))
        .exits(2);
    assert!(run.stderr.contains("is adapted already"), "{}", run.stderr);
    sandbox.write(
        "few/a.flac",
        std::fs::read(repository("corpora/demo/f1_sad_s1.flac")).unwrap(),
    );
    let run = sandbox
        .sentire("adapt m.sentire few -o few.sentire")
        .exits(2);
    assert!(
        run.stderr
            .contains("1 rows with speech to adapt the model by; expected at least 30"),
        "{}",
        run.stderr
    );
    let run = sandbox
        .sentire(&format!("adapt m.sentire {demo} -o place.sentire"))
        .exits(2);
    assert!(run.stderr.contains("place.sentire"), "{}", run.stderr);
}
