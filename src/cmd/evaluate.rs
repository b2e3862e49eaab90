//! `sentire evaluate`: from features to a report on unseen speakers.

use std::path::Path;

use sentire::audit::{self, Finding};
use sentire::dataset::{Dataset, Target, Task};
use sentire::error::{Error, Result};
use sentire::evaluate::{self, Evaluation, FoldSpec, NormalizeSpec, Protocol, ValueEvaluation};
use sentire::model::{Balance, ModelSpec, Normalize};
use sentire::output;
use sentire::plot;
use sentire::report::{
    About, Report, Results, ValueReport, cross_to_html, described, to_html, values_to_html,
};
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
    let output = args.output.as_deref().map(Output::of);
    if let Some(output) = output {
        output.check(console)?;
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
            importance: matches!(output, Some(Output::Folder(_))),
            ..train::protocol(&args.learn, normalize)
        })
        .collect();
    args.learn.spec().check(&data.target)?;
    if args.cross_corpus {
        return cross_corpus(args, &data, &protocols, console);
    }
    let others = args
        .compare
        .iter()
        .map(|other| Other::of(args, &data, other, console));
    let others: Vec<Other> = others.collect::<Result<_>>()?;
    // All that can be refused is, before the work.
    if args.learning_curve {
        protocols
            .iter()
            .try_for_each(evaluate::check_learning_curve)?;
    }
    for other in &others {
        other.spec.check(&other.data.target)?;
    }
    let mut findings: Vec<Finding> = Vec::new();
    for data in std::iter::once(&data).chain(others.iter().map(|other| &other.data)) {
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
        others: &others,
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
    others: &'a [Other],
    protocols: &'a [Protocol],
}

impl Asked<'_> {
    fn classes(&self, console: &Console) -> Result<Outcome> {
        let args = self.args;
        let protocols = self.protocols.iter();
        let evaluated =
            protocols.map(|protocol| one(args, self.data, self.others, protocol, console));
        let evaluations: Vec<Evaluation> = evaluated.collect::<Result<_>>()?;
        let reports: Vec<Report> = evaluations.iter().map(|e| e.report.clone()).collect();
        if let Some(path) = &args.output {
            write_report(path, &evaluations, &command(args), args.storage.encoding)?;
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
        let evaluated = protocols
            .map(|protocol| one_of_values(args, self.data, self.others, protocol, console));
        let evaluations: Vec<ValueEvaluation> = evaluated.collect::<Result<_>>()?;
        let reports: Vec<ValueReport> = evaluations.iter().map(|e| e.report.clone()).collect();
        let texts: Vec<String> = reports.iter().map(ValueReport::to_text).collect();
        if let Some(path) = &args.output {
            let report = &reports[0];
            let about = About {
                title: title(&report.label, &report.corpora),
                ..about(command(args))
            };
            Written {
                page: values_to_html(&reports, &about),
                text: texts.join("\n"),
                json: json_of(&reports),
                results: Results::of_values(&reports),
                figures: figures_of(reports.iter().map(|r| (r.normalize, r.plots()))),
                predictions: Some(evaluate::value_predictions_table(&evaluations)),
            }
            .to(Output::of(path), args.storage.encoding)?;
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
                let written = match args.output.as_deref().map(Output::of) {
                    Some(Output::Folder(dir)) => {
                        format!("report -> {}", dir.join(FILES[0]).display())
                    }
                    Some(Output::Csv(path) | Output::Tex(path)) => {
                        format!("results -> {}", path.display())
                    }
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
    /// The name of its table, where it has one of its own.
    table: Option<String>,
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
                table: path.file_name().map(|name| name.display().to_string()),
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
            table: None,
        })
    }

    /// It in a few words.
    fn name(&self, model: &ModelSpec, features: &str) -> String {
        let name = described(model, features, self.data.feature_names.len());
        match &self.table {
            Some(table) => format!("{name} of {table}"),
            None => name,
        }
    }
}

/// The evaluation under one protocol, with all that was asked for beside it.
fn one(
    args: &Evaluate,
    data: &Dataset,
    others: &[Other],
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
    if args.learning_curve {
        let whole = &evaluation.report;
        let curve = console
            .in_folds(|on_fold| evaluate::learning_curve(data, &spec, protocol, whole, on_fold))?;
        evaluation.report.learning_curve = curve;
    }
    let protocol = Protocol {
        importance: false,
        ..protocol.clone()
    };
    let mut evaluated = Vec::new();
    for other in others {
        let second = console.in_folds(|on_fold| {
            evaluate::evaluate_with(&other.data, &other.spec, &protocol, on_fold)
        })?;
        add_findings(&mut evaluation.report.leakage, &second.report.leakage);
        let name = other.name(&second.report.model, &second.report.features);
        evaluated.push((name, second));
    }
    let compared = evaluate::compare_all(&evaluation, &evaluated)?;
    evaluation.report.comparison = compared.first().cloned();
    evaluation.report.comparisons = compared;
    Ok(evaluation)
}

/// Adds those of another table that are not told yet.
fn add_findings(told: &mut Vec<Finding>, others: &[Finding]) {
    for finding in others {
        if !told.contains(finding) {
            told.push(finding.clone());
        }
    }
}

/// The same of numbers.
fn one_of_values(
    args: &Evaluate,
    data: &Dataset,
    others: &[Other],
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
    if args.learning_curve {
        let whole = &evaluation.report;
        let curve = console.in_folds(|on_fold| {
            evaluate::learning_curve_of_values(data, &spec, protocol, whole, on_fold)
        })?;
        evaluation.report.learning_curve = curve;
    }
    let protocol = Protocol {
        importance: false,
        ..protocol.clone()
    };
    let mut evaluated = Vec::new();
    for other in others {
        let second = console.in_folds(|on_fold| {
            evaluate::evaluate_values_with(&other.data, &other.spec, &protocol, on_fold)
        })?;
        add_findings(&mut evaluation.report.leakage, &second.report.leakage);
        let name = other.name(&second.report.model, &second.report.features);
        evaluated.push((name, second));
    }
    evaluation.report.comparison = evaluate::compare_all_values(&evaluation, &evaluated)?;
    Ok(evaluation)
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
    if let Some(path) = &args.output {
        let about = About {
            title: format!(
                "Recognising {} across {}",
                crossed[0].label,
                crossed[0].corpora.join(", ")
            ),
            ..about(command(args))
        };
        Written {
            page: cross_to_html(&crossed, &about),
            text: text.clone(),
            json: json.clone(),
            results: Results::of_corpora(&crossed),
            figures: figures_of(crossed.iter().map(|c| (c.normalize, c.plots()))),
            predictions: None,
        }
        .to(Output::of(path), args.storage.encoding)?;
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
    for other in &args.compare {
        say("--compare", other.clone());
    }
    say("--seed", learn.seed.to_string());
    let flags = [
        ("--cross-corpus", args.cross_corpus),
        ("--tune", learn.tune),
        ("--learning-curve", args.learning_curve),
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

const FILES: [&str; 6] = [
    "report.html",
    "report.txt",
    "report.json",
    "results.csv",
    "results.tex",
    "predictions.parquet",
];
/// The folder of figures among them.
const FIGURES: &str = "figures";

/// Where the results go.
#[derive(Clone, Copy)]
enum Output<'a> {
    /// Everything, into a folder.
    Folder(&'a Path),
    /// The table of results alone, for spreadsheets.
    Csv(&'a Path),
    /// The same for LaTeX.
    Tex(&'a Path),
}

impl<'a> Output<'a> {
    fn of(path: &'a Path) -> Output<'a> {
        let is = |wanted: &str| {
            let extension = path.extension().unwrap_or_default();
            extension.eq_ignore_ascii_case(wanted) && !path.is_dir()
        };
        match () {
            () if is("csv") => Output::Csv(path),
            () if is("tex") => Output::Tex(path),
            () => Output::Folder(path),
        }
    }

    /// Refuses what could not be written, or would be replaced, before the work.
    fn check(self, console: &Console) -> Result<()> {
        let dir = match self {
            Output::Csv(path) | Output::Tex(path) => return output::check(path, console.force),
            Output::Folder(dir) => dir,
        };
        if dir.exists() && !dir.is_dir() {
            return Err(Error::Usage(format!(
                "{}: is a file; expected a folder for the report, or a name that ends in .csv or .tex for its table of results",
                dir.display()
            )));
        }
        FILES
            .iter()
            .try_for_each(|name| output::check(&dir.join(name), console.force))?;
        match dir.join(FIGURES) {
            figures if figures.exists() => output::check_folder(&figures, console.force),
            _ => Ok(()),
        }
    }
}

/// What is written of evaluations.
struct Written {
    page: String,
    text: String,
    json: String,
    results: Results,
    /// Each with the name of its file.
    figures: Vec<(String, plot::Figure)>,
    predictions: Option<Table>,
}

impl Written {
    fn to(&self, output: Output, encoding: Encoding) -> Result<()> {
        let dir = match output {
            Output::Csv(path) => return output::write(path, self.results.to_csv().as_bytes()),
            Output::Tex(path) => return output::write(path, self.results.to_tex().as_bytes()),
            Output::Folder(dir) => dir,
        };
        let texts = [
            &self.page,
            &self.text,
            &self.json,
            &self.results.to_csv(),
            &self.results.to_tex(),
        ];
        for (name, text) in FILES.iter().zip(texts) {
            output::write(&dir.join(name), text.as_bytes())?;
        }
        for (name, figure) in &self.figures {
            figure.save(dir.join(FIGURES).join(format!("{name}.svg")))?;
        }
        match &self.predictions {
            Some(table) => table.write_encoded(dir.join(FILES[5]), encoding),
            None => Ok(()),
        }
    }
}

/// The figures of one protocol, or of two, whose names say which.
fn figures_of(
    reports: impl ExactSizeIterator<Item = (Normalize, Vec<(String, plot::Figure)>)>,
) -> Vec<(String, plot::Figure)> {
    let alone = reports.len() == 1;
    let mut all = Vec::new();
    for (normalize, figures) in reports {
        for (name, figure) in figures {
            let name = match alone {
                true => name,
                false => format!("{name}-{normalize}"),
            };
            all.push((name, figure));
        }
    }
    all
}

/// Writes the report as a page, as text and as JSON, its results and figures, and the predictions as a table; or, where the name
/// of a table is given, the results alone. `command` makes it again.
pub fn write_report(
    path: &Path,
    evaluations: &[Evaluation],
    command: &str,
    encoding: Encoding,
) -> Result<()> {
    let reports: Vec<Report> = evaluations.iter().map(|e| e.report.clone()).collect();
    let about = About {
        title: title(&reports[0].label, &reports[0].corpora),
        ..about(command.to_string())
    };
    let texts = reports.iter().map(Report::to_text);
    Written {
        page: to_html(&reports, &about),
        text: texts.collect::<Vec<_>>().join("\n"),
        json: json_of(&reports),
        results: Results::of_classes(&reports),
        figures: figures_of(reports.iter().map(|r| (r.normalize, r.plots()))),
        predictions: Some(evaluate::predictions_table(evaluations)),
    }
    .to(Output::of(path), encoding)
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
