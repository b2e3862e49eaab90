//! `sentire evaluate`: from features to a report on unseen speakers.

use std::path::Path;

use sentire::audit::{self, Finding};
use sentire::dataset::{Dataset, Target, Task};
use sentire::error::{Error, Result};
use sentire::evaluate::{self, Evaluation, FoldSpec, NormalizeSpec, Protocol, ValueEvaluation};
use sentire::model::{Balance, ModelSpec, Normalize};
use sentire::output;
use sentire::report::{About, Report, ValueReport, cross_to_html, to_html, values_to_html};
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
    args.learn.spec().check(&data.target)?;
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
    let asked = Asked {
        args,
        data: &data,
        other: other.as_ref(),
        protocols: &protocols,
    };
    match &data.target {
        Target::Classes(_) => asked.classes(console),
        Target::Values(_) => asked.values(console),
    }
}

/// What is to be evaluated, and how.
struct Asked<'a> {
    args: &'a Evaluate,
    data: &'a Dataset,
    other: Option<&'a Other>,
    protocols: &'a [Protocol],
}

impl Asked<'_> {
    fn classes(&self, console: &Console) -> Result<Outcome> {
        let args = self.args;
        let protocols = self.protocols.iter();
        let evaluated =
            protocols.map(|protocol| one(args, self.data, self.other, protocol, console));
        let evaluations: Vec<Evaluation> = evaluated.collect::<Result<_>>()?;
        let reports: Vec<Report> = evaluations.iter().map(|e| e.report.clone()).collect();
        if let Some(dir) = &args.output {
            write_report(dir, &evaluations, &command(args), args.storage.encoding)?;
        }
        let texts = reports.iter().map(Report::to_text);
        self.print(texts.collect(), || json_of(&reports), console)?;
        let report = &reports[0];
        let figure = Figure {
            name: "UAR",
            value: report.uar,
            recordings: report.n,
            folds: report.folds.len(),
        };
        Ok(self.end(&figure, console))
    }

    fn values(&self, console: &Console) -> Result<Outcome> {
        let args = self.args;
        let protocols = self.protocols.iter();
        let evaluated =
            protocols.map(|protocol| one_of_values(args, self.data, self.other, protocol, console));
        let evaluations: Vec<ValueEvaluation> = evaluated.collect::<Result<_>>()?;
        let reports: Vec<ValueReport> = evaluations.iter().map(|e| e.report.clone()).collect();
        let texts: Vec<String> = reports.iter().map(ValueReport::to_text).collect();
        if let Some(dir) = &args.output {
            let report = &reports[0];
            let about = About {
                title: title(&report.label, &report.corpora),
                ..about(command(args))
            };
            let page = values_to_html(&reports, &about);
            output::write(&dir.join(FILES[0]), page.as_bytes())?;
            output::write(&dir.join(FILES[1]), texts.join("\n").as_bytes())?;
            output::write(&dir.join(FILES[2]), json_of(&reports).as_bytes())?;
            let table = evaluate::value_predictions_table(&evaluations);
            table.write_encoded(dir.join(FILES[3]), args.storage.encoding)?;
        }
        self.print(texts, || json_of(&reports), console)?;
        let report = &reports[0];
        let figure = Figure {
            name: "CCC",
            value: report.lowest_ccc(),
            recordings: report.n,
            folds: report.folds.len(),
        };
        Ok(self.end(&figure, console))
    }

    fn print(
        &self,
        texts: Vec<String>,
        json: impl FnOnce() -> String,
        console: &Console,
    ) -> Result<()> {
        match self.args.json {
            true => console.print(&json()),
            false => console.print(&texts.join("\n")),
        }
    }

    /// Whether the bar is reached; otherwise what comes next.
    fn end(&self, figure: &Figure, console: &Console) -> Outcome {
        let args = self.args;
        let Figure {
            name,
            value,
            recordings,
            folds,
        } = *figure;
        match args.fail_under {
            Some(bar) if value.is_nan() || value < bar => {
                console.note(&format!("{name} {value:.4} is under {bar}"));
                Outcome::Partly
            }
            _ => {
                let written = match &args.output {
                    Some(dir) => format!("report -> {}", dir.join(FILES[0]).display()),
                    None => "a report to keep: -o DIR".into(),
                };
                let label = match args.learn.label.as_str() {
                    "emotion" => String::new(),
                    label => format!(" --label {}", quoted(label)),
                };
                console.note(&format!(
                    "{} in {}; {written}; next: sentire train {}{label}",
                    count(recordings, "recording"),
                    count(folds, "fold"),
                    args.features[0].display()
                ));
                Outcome::Done
            }
        }
    }
}

/// The figure that --fail-under is held against, and what it is of.
struct Figure {
    name: &'static str,
    value: f64,
    recordings: usize,
    folds: usize,
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
            let table = Dataset::from_tables(&[(path, &table)], args.learn.label_spec())?;
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
    console: &Console,
) -> Result<Evaluation> {
    let spec = args.learn.spec();
    let mut evaluation =
        console.in_folds(|on_fold| evaluate::evaluate_with(data, &spec, protocol, on_fold))?;
    if args.show_leak {
        let uar = evaluate::random_split_uar(data, &spec, protocol)?;
        evaluation.report.random_split_uar = Some(uar);
    }
    if let Some(other) = other {
        let protocol = Protocol {
            importance: false,
            ..protocol.clone()
        };
        let second = console.in_folds(|on_fold| {
            evaluate::evaluate_with(&other.data, &other.spec, &protocol, on_fold)
        })?;
        let report = &second.report;
        let name = described(&report.model, &report.feature_names, &report.features);
        let compared = evaluate::compare(&evaluation, &second, name)?;
        evaluation.report.comparison = Some(compared);
        for finding in second.report.leakage {
            if !evaluation.report.leakage.contains(&finding) {
                evaluation.report.leakage.push(finding);
            }
        }
    }
    Ok(evaluation)
}

/// The same of numbers.
fn one_of_values(
    args: &Evaluate,
    data: &Dataset,
    other: Option<&Other>,
    protocol: &Protocol,
    console: &Console,
) -> Result<ValueEvaluation> {
    let spec = args.learn.spec();
    let mut evaluation = console
        .in_folds(|on_fold| evaluate::evaluate_values_with(data, &spec, protocol, on_fold))?;
    if args.show_leak {
        let ccc = evaluate::random_split_ccc(data, &spec, protocol)?;
        evaluation.report.random_split_ccc = Some(ccc);
    }
    if let Some(other) = other {
        let protocol = Protocol {
            importance: false,
            ..protocol.clone()
        };
        let second = console.in_folds(|on_fold| {
            evaluate::evaluate_values_with(&other.data, &other.spec, &protocol, on_fold)
        })?;
        let report = &second.report;
        let name = described(&report.model, &report.feature_names, &report.features);
        evaluation.report.comparison = evaluate::compare_values(&evaluation, &second, name)?;
        for finding in second.report.leakage {
            if !evaluation.report.leakage.contains(&finding) {
                evaluation.report.leakage.push(finding);
            }
        }
    }
    Ok(evaluation)
}

/// A model with its features, in a few words.
fn described(model: &ModelSpec, feature_names: &[String], sets: &str) -> String {
    format!("{model} on {} features ({sets})", feature_names.len())
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
    if learn.balance != Balance::Class {
        say("--balance", learn.balance.to_string());
    }
    if learn.label != "emotion" {
        say("--label", learn.label.clone());
    }
    if learn.task != Task::Auto {
        say("--task", learn.task.to_string());
    }
    if let Some(raters) = learn.raters {
        say("--raters", raters.to_string());
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
        title: title(&reports[0].label, &reports[0].corpora),
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

fn title(label: &str, corpora: &[String]) -> String {
    let label = label.replace(',', ", ");
    match corpora {
        [] => format!("Recognising {label}"),
        corpora => format!("Recognising {label} in {}", corpora.join(", ")),
    }
}
