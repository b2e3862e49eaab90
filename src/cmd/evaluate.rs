//! `sentire evaluate`: from features to a report on unseen speakers.

use std::path::Path;

use sentire::audit::{self, Finding};
use sentire::dataset::Dataset;
use sentire::error::{Error, Result};
use sentire::evaluate::{self, Evaluation, FoldSpec, NormalizeSpec, Protocol};
use sentire::model::{ModelSpec, Normalize};
use sentire::output;
use sentire::report::{About, Report, cross_to_html, to_html};
use sentire::table::{Encoding, Table};
use serde::Serialize;

use crate::cli::Evaluate;
use crate::cmd::{Console, Outcome, count, read_table, to_json, train};

/// Both protocols in one report.
#[derive(Serialize)]
struct Both<T> {
    corpus: T,
    speaker: T,
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
    let data = train::read(&args.features, &args.learn, console)?;
    let normalized = match args.normalize {
        NormalizeSpec::One(normalize) => vec![normalize],
        NormalizeSpec::Both => vec![Normalize::Train, Normalize::Speaker],
    };
    train::warn(&data, &args.learn.spec(), &normalized, console);
    let protocols: Vec<Protocol> = normalized
        .iter()
        .map(|&normalize| Protocol {
            folds: match &args.test_corpus {
                Some(name) => FoldSpec::TestCorpus(name.clone()),
                None => args.folds.clone(),
            },
            importance: args.output.is_some(),
            ..train::protocol(&args.learn, normalize)
        })
        .collect();
    if args.cross_corpus {
        return cross_corpus(args, &data, &protocols, console);
    }
    let other = args
        .compare
        .as_deref()
        .map(|other| Other::of(args, &data, other, console))
        .transpose()?;
    // All that can be refused is, before the work.
    let mut findings: Vec<Finding> = Vec::new();
    for data in [Some(&data), other.as_ref().map(|other| &other.data)]
        .into_iter()
        .flatten()
    {
        for protocol in &protocols {
            findings.extend(evaluate::leakage(data, protocol)?);
        }
    }
    let findings = audit::merged(findings);
    train::tell(&findings, console);
    audit::refuse(&findings, args.learn.allow_leakage)?;
    let evaluated = protocols
        .iter()
        .map(|protocol| one(args, &data, other.as_ref(), protocol));
    let evaluations: Vec<Evaluation> = evaluated.collect::<Result<_>>()?;

    let reports: Vec<Report> = evaluations.iter().map(|e| e.report.clone()).collect();
    let text = reports
        .iter()
        .map(Report::to_text)
        .collect::<Vec<_>>()
        .join("\n");
    let json = json_of(&reports);
    if let Some(dir) = &args.output {
        write_report(dir, &evaluations, &command(args), args.storage.encoding)?;
    }
    console.print(if args.json { &json } else { &text })?;
    let report = &reports[0];
    match args.fail_under {
        Some(bar) if report.uar.is_nan() || report.uar < bar => {
            console.note(&format!("UAR {:.4} is under {bar}", report.uar));
            Ok(Outcome::Partly)
        }
        _ => {
            let written = match &args.output {
                Some(dir) => format!("report -> {}", dir.join(FILES[0]).display()),
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

/// What is compared with: another model, or another table of the same recordings.
struct Other {
    data: Dataset,
    spec: ModelSpec,
}

impl Other {
    fn of(args: &Evaluate, data: &Dataset, other: &str, console: &Console) -> Result<Other> {
        if Table::is_at(Path::new(other)) {
            let path = Path::new(other);
            let table = read_table(path, console)?;
            let table = Dataset::from_tables(&[(path, &table)], &args.learn.label)?;
            return Ok(Other {
                data: data.aligned(&table)?,
                spec: args.learn.spec(),
            });
        }
        let mut spec: ModelSpec = other.parse().map_err(|error| match error {
            Error::Usage(reason) => {
                Error::Usage(format!("--compare {other}: no such file, and {reason}"))
            }
            other => other,
        })?;
        spec.tune |= args.learn.tune;
        Ok(Other {
            data: data.clone(),
            spec,
        })
    }
}

/// The evaluation under one protocol, with all that was asked for beside it.
fn one(
    args: &Evaluate,
    data: &Dataset,
    other: Option<&Other>,
    protocol: &Protocol,
) -> Result<Evaluation> {
    let spec = args.learn.spec();
    let mut evaluation = evaluate::evaluate(data, &spec, protocol)?;
    if args.show_leak {
        let uar = evaluate::random_split_uar(data, &spec, protocol)?;
        evaluation.report.random_split_uar = Some(uar);
    }
    if let Some(other) = other {
        let protocol = Protocol {
            importance: false,
            ..protocol.clone()
        };
        let second = evaluate::evaluate(&other.data, &other.spec, &protocol)?;
        let compared = evaluate::compare(&evaluation, &second, described(&second.report))?;
        evaluation.report.comparison = Some(compared);
        for finding in second.report.leakage {
            if !evaluation.report.leakage.contains(&finding) {
                evaluation.report.leakage.push(finding);
            }
        }
    }
    Ok(evaluation)
}

/// A model with its features, in a few words.
fn described(report: &Report) -> String {
    format!(
        "{} on {} features ({})",
        report.model,
        report.feature_names.len(),
        report.features
    )
}

fn cross_corpus(
    args: &Evaluate,
    data: &Dataset,
    protocols: &[Protocol],
    console: &Console,
) -> Result<Outcome> {
    let findings = evaluate::cross_leakage(data, &protocols[0])?;
    train::tell(&findings, console);
    audit::refuse(&findings, args.learn.allow_leakage)?;
    let spec = args.learn.spec();
    let crossed = protocols
        .iter()
        .map(|p| evaluate::cross_corpus(data, &spec, p));
    let crossed: Vec<_> = crossed.collect::<Result<_>>()?;
    let text = crossed
        .iter()
        .map(|c| c.to_text())
        .collect::<Vec<_>>()
        .join("\n");
    let json = json_of(&crossed);
    if let Some(dir) = &args.output {
        let about = About {
            title: format!(
                "Recognising {} across {}",
                crossed[0].label,
                crossed[0].corpora.join(", ")
            ),
            ..about(command(args))
        };
        output::write(
            &dir.join(FILES[0]),
            cross_to_html(&crossed, &about).as_bytes(),
        )?;
        output::write(&dir.join(FILES[1]), text.as_bytes())?;
        output::write(&dir.join(FILES[2]), json.as_bytes())?;
    }
    console.print(if args.json { &json } else { &text })?;
    console.note(&format!(
        "{} of {}",
        count(crossed[0].cells.len(), "pairing"),
        count(crossed[0].corpora.len(), "corpus")
    ));
    Ok(Outcome::Done)
}

/// The one protocol's result, or both by name.
fn json_of<T: Serialize>(results: &[T]) -> String {
    match results {
        [corpus, speaker] => to_json(&Both { corpus, speaker }),
        results => to_json(&results[0]),
    }
}

/// The command that makes this report again, as far as figures depend on it.
fn command(args: &Evaluate) -> String {
    let learn = &args.learn;
    let mut words = vec!["sentire evaluate".to_string()];
    words.extend(
        args.features
            .iter()
            .map(|path| quoted(&path.display().to_string())),
    );
    let mut say = |flag: &str, value: String| words.push(format!("{flag} {}", quoted(&value)));
    match &args.test_corpus {
        Some(name) => say("--test-corpus", name.clone()),
        None => say("--folds", args.folds.to_string()),
    }
    let normalize = match args.normalize {
        NormalizeSpec::One(normalize) => normalize.to_string(),
        NormalizeSpec::Both => "both".into(),
    };
    say("--normalize", normalize);
    say("--model", learn.model.to_string());
    if learn.label != "emotion" {
        say("--label", learn.label.clone());
    }
    for (from, to) in &learn.map {
        say("--map", format!("{from}={to}"));
    }
    if let Some(other) = &args.compare {
        say("--compare", other.clone());
    }
    say("--seed", learn.seed.to_string());
    let flags = [
        ("--cross-corpus", args.cross_corpus),
        ("--tune", learn.tune),
        ("--show-leak", args.show_leak),
        ("--allow-leakage", learn.allow_leakage),
    ];
    words.extend(
        flags
            .iter()
            .filter(|(_, set)| *set)
            .map(|(flag, _)| flag.to_string()),
    );
    words.join(" ")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,+".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

const FILES: [&str; 4] = [
    "report.html",
    "report.txt",
    "report.json",
    "predictions.parquet",
];

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

/// Writes the report as a page, as text and as JSON, and the predictions as a table. `command` makes
/// it again.
pub fn write_report(
    dir: &Path,
    evaluations: &[Evaluation],
    command: &str,
    encoding: Encoding,
) -> Result<()> {
    let reports: Vec<Report> = evaluations.iter().map(|e| e.report.clone()).collect();
    let about = About {
        title: title(&reports[0]),
        ..about(command.to_string())
    };
    let text = reports
        .iter()
        .map(Report::to_text)
        .collect::<Vec<_>>()
        .join("\n");
    output::write(&dir.join(FILES[0]), to_html(&reports, &about).as_bytes())?;
    output::write(&dir.join(FILES[1]), text.as_bytes())?;
    output::write(&dir.join(FILES[2]), json_of(&reports).as_bytes())?;
    evaluate::predictions_table(evaluations).write_encoded(dir.join(FILES[3]), encoding)
}

fn about(command: String) -> About {
    About {
        command,
        version: concat!("sentire ", env!("CARGO_PKG_VERSION")).into(),
        date: sentire::model::source_date(),
        ..About::default()
    }
}

fn title(report: &Report) -> String {
    match &report.corpora[..] {
        [] => format!("Recognising {}", report.label),
        corpora => format!("Recognising {} in {}", report.label, corpora.join(", ")),
    }
}
