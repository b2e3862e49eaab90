//! `sentire summary`: predictions summed up for people.

use sentire::error::Result;
use sentire::output;
use sentire::summary::{self, OfLabel, SHARES, SummarySpec, TURNS};
use sentire::table::Table;
use sentire::table::schema::SPEECH_S;

use crate::cli::Summary;
use crate::cmd::export::Target;
use crate::cmd::{Console, Outcome, count, read_table};

pub fn run(args: &Summary, console: &Console) -> Result<Outcome> {
    let target = args.output.as_deref().map(|path| {
        output::check_apart(path, &[args.table.as_path()])?;
        Target::new(path, None, args.storage.encoding, console.force)
    });
    let target = target.transpose()?;
    let predictions = read_table(&args.table, console)?;
    let spec = SummarySpec {
        by: args.by.clone(),
        conditions: args.conditions.clone(),
        label: args.label.clone(),
    };
    let summed_up = summary::summary(&predictions, &spec)?;
    match target {
        Some(target) => target.write(&summed_up)?,
        None => console.print(&text(&summed_up, &spec, &summary::labels(&predictions)?))?,
    }
    let groups = count(summed_up.rows(), "row");
    console.note(&match &args.output {
        Some(path) => format!("{groups} -> {}", path.display()),
        None => format!("{groups}; -o writes all columns to a table"),
    });
    Ok(Outcome::Done)
}

/// Characters of a bar of all.
const BAR: f64 = 20.0;

/// The summary as text: who, turns, seconds, how much of them is sure, and of each label, or of that which was asked for,
/// the share with a bar.
fn text(table: &Table, spec: &SummarySpec, labels: &[String]) -> String {
    let shown: Vec<&String> = match &spec.label {
        Some(label) => vec![label],
        None => labels.iter().collect(),
    };
    let mut columns: Vec<(String, Vec<String>)> = Vec::new();
    for name in &spec.by {
        let words = table.as_words(name).unwrap_or_default();
        let words = words.iter().map(|word| word.clone().unwrap_or_default());
        columns.push((name.clone(), words.collect()));
    }
    let numbers = |name: &str| table.numbers(name).unwrap_or_default();
    let whole = |name: &str| numbers(name).iter().map(|n| format!("{n:.0}")).collect();
    columns.push((TURNS.into(), whole(TURNS)));
    columns.push(("speech s".into(), whole(SPEECH_S)));
    columns.push((
        "sure".into(),
        numbers(SHARES[0].0).into_iter().map(percent).collect(),
    ));
    for label in shown {
        let bar = |share: f64| {
            let full = if share.is_nan() {
                0.0
            } else {
                (BAR * share).round()
            };
            let bar = "█".repeat(full as usize);
            match &spec.label {
                Some(_) => format!("{} {bar:20}", percent(share)),
                None => percent(share),
            }
        };
        let shares = numbers(&OfLabel::of(label).share);
        columns.push((label.clone(), shares.into_iter().map(bar).collect()));
    }
    let width = |(name, cells): &(String, Vec<String>)| {
        let cells = cells.iter().map(|cell| cell.chars().count());
        cells.chain([name.chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = columns.iter().map(width).collect();
    let line = |cells: Vec<&str>| {
        let cells = cells.iter().zip(&widths).enumerate();
        let padded = cells.map(|(at, (cell, width))| match at < spec.by.len() {
            true => format!("{cell:width$}"),
            false => format!("{cell:>width$}"),
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_string() + "\n"
    };
    let mut text = line(columns.iter().map(|(name, _)| name.as_str()).collect());
    for row in 0..table.rows() {
        text += &line(
            columns
                .iter()
                .map(|(_, cells)| cells[row].as_str())
                .collect(),
        );
    }
    text
}

fn percent(share: f64) -> String {
    match share.is_nan() {
        true => "-".into(),
        false => format!("{:.0} %", 100.0 * share),
    }
}
