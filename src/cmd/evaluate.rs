//! `sentire evaluate`: features to a report on unseen speakers.

use std::path::Path;

use sentire::dataset::Dataset;
use sentire::error::{Error, Result};
use sentire::evaluate::{self, Evaluation, NormalizeSpec};
use sentire::model::Normalize;
use sentire::output;
use sentire::report::Report;
use sentire::table::{Column, Table};
use serde::Serialize;

use crate::cli::Evaluate;
use crate::cmd::{Console, Outcome, count, to_json, train};

/// Both protocols in one report.
#[derive(Serialize)]
struct Both<'a> {
    corpus: &'a Report,
    speaker: &'a Report,
}

pub fn run(args: &Evaluate, console: &Console) -> Result<Outcome> {
    if let Some(bar) = args.fail_under
        && !(0.0..=1.0).contains(&bar)
    {
        return Err(Error::Usage(format!("--fail-under {bar}: expected 0 to 1")));
    }
    if let Some(dir) = &args.output {
        check_folder(dir, console)?;
    }
    let data = Dataset::read(&args.features, &args.learn.label)?;
    let protocols = match args.normalize {
        NormalizeSpec::One(normalize) => vec![normalize],
        NormalizeSpec::Both => vec![Normalize::Corpus, Normalize::Speaker],
    };
    train::warn(&data, &protocols, console);
    let evaluations: Vec<Evaluation> = protocols
        .iter()
        .map(|&normalize| {
            evaluate::evaluate(
                &data,
                &args.learn.model,
                args.folds,
                normalize,
                args.learn.seed,
            )
        })
        .collect::<Result<_>>()?;

    let text = evaluations
        .iter()
        .map(|e| e.report.to_text())
        .collect::<Vec<_>>()
        .join("\n");
    let json = match &evaluations[..] {
        [corpus, speaker] => to_json(&Both {
            corpus: &corpus.report,
            speaker: &speaker.report,
        }),
        evaluations => to_json(&evaluations[0].report),
    };
    if let Some(dir) = &args.output {
        write_report(dir, &text, &json, &evaluations)?;
    }
    console.print(if args.json { &json } else { &text })?;
    let uar = evaluations[0].report.uar;
    match args.fail_under {
        Some(bar) if uar < bar => {
            console.note(&format!("UAR {uar:.4} is under {bar}"));
            Ok(Outcome::Partly)
        }
        _ => {
            let report = &evaluations[0].report;
            let written = match &args.output {
                Some(dir) => format!("report -> {}", dir.display()),
                None => "a report to keep: -o DIR".into(),
            };
            console.note(&format!(
                "{} in {}; {written}; next: sentire train {}",
                count(report.n, "recording"),
                count(report.folds.len(), "fold"),
                args.features[0].display()
            ));
            Ok(Outcome::Done)
        }
    }
}

const FILES: [&str; 3] = ["report.txt", "report.json", "predictions.parquet"];

fn check_folder(dir: &Path, console: &Console) -> Result<()> {
    if dir.exists() && !dir.is_dir() {
        return Err(Error::Usage(format!(
            "{}: is a file; expected a folder for the report",
            dir.display()
        )));
    }
    FILES
        .iter()
        .try_for_each(|name| output::check(&dir.join(name), console.force))
}

/// Writes the report as text and JSON, and the predictions as a table.
pub fn write_report(dir: &Path, text: &str, json: &str, evaluations: &[Evaluation]) -> Result<()> {
    output::write(&dir.join(FILES[0]), text.as_bytes())?;
    output::write(&dir.join(FILES[1]), json.as_bytes())?;
    predictions(evaluations).write(&dir.join(FILES[2]))
}

/// One row per recording and protocol.
fn predictions(evaluations: &[Evaluation]) -> Table {
    let rows = || {
        evaluations
            .iter()
            .flat_map(|e| e.predictions.iter().map(move |v| (e.report.normalize, v)))
    };
    let words = |f: &dyn Fn(Normalize, &evaluate::OutOfFold) -> Option<String>| {
        Column::Text(
            rows()
                .map(|(normalize, prediction)| f(normalize, prediction))
                .collect(),
        )
    };
    let columns = [
        ("file", words(&|_, v| Some(v.row.file.clone()))),
        (
            "start",
            Column::Double(rows().map(|(_, v)| v.row.start).collect()),
        ),
        (
            "end",
            Column::Double(rows().map(|(_, v)| v.row.end).collect()),
        ),
        ("corpus", words(&|_, v| v.row.corpus.clone())),
        ("speaker", words(&|_, v| v.row.speaker.clone())),
        ("truth", words(&|_, v| Some(v.truth.clone()))),
        ("predicted", words(&|_, v| Some(v.predicted.clone()))),
        ("fold", words(&|_, v| Some(v.fold.clone()))),
        (
            "normalize",
            words(&|normalize, _| Some(normalize.to_string())),
        ),
    ];
    Table {
        columns: columns
            .map(|(name, column)| (name.to_string(), column))
            .into(),
        ..Table::default()
    }
}
