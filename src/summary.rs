//! Predictions summed up for people: how much is spoken, by whom, and in which mood (cargo feature `frame`).
//!
//! Polars groups the rows. A row counts as long as somebody speaks in it, and labels count where they are sure.

use std::collections::BTreeSet;

use polars::prelude::{DataType, Expr, IntoLazy, SortMultipleOptions, col, len, lit};

use crate::error::{Error, Result};
use crate::predict::Verdict;
use crate::table::schema::{self, END, FILE, LABEL, LARGEST, SPEECH_S, START, VERDICT};
use crate::table::{Column, Table};

/// What is summed up, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SummarySpec {
    /// The columns whose words make a group.
    pub by: Vec<String>,
    /// The conditions that a row must meet.
    pub conditions: Vec<Condition>,
    /// The label by whose share groups are sorted, the largest first; otherwise they are in the order of their words.
    pub label: Option<String>,
}

/// A condition on a row: `customer=anna`, `speech_s>1`.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    column: String,
    comparison: Comparison,
    value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Is,
    IsNot,
    Above,
    Below,
}

impl std::str::FromStr for Condition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Condition> {
        let kinds = [
            ("!=", Comparison::IsNot),
            (">", Comparison::Above),
            ("<", Comparison::Below),
            ("=", Comparison::Is),
        ];
        let parted = kinds.into_iter().filter_map(|(sign, comparison)| {
            let (column, value) = text.split_once(sign)?;
            Some((column.trim(), comparison, value.trim()))
        });
        let wrong = || {
            Error::Usage(format!(
                "where {text:?}: expected COLUMN=WORD, COLUMN!=WORD, COLUMN>NUMBER or COLUMN<NUMBER"
            ))
        };
        let (column, comparison, value) = parted
            .min_by_key(|(column, ..)| column.len())
            .filter(|(column, ..)| !column.is_empty())
            .ok_or_else(wrong)?;
        let is_of_numbers = matches!(comparison, Comparison::Above | Comparison::Below);
        if is_of_numbers && value.parse::<f64>().is_err() {
            return Err(wrong());
        }
        Ok(Condition {
            column: column.into(),
            comparison,
            value: value.into(),
        })
    }
}

impl Condition {
    /// Whether each row meets it.
    fn met(&self, table: &Table) -> Result<Vec<bool>> {
        let unknown = || no_column(table, &self.column, "--where");
        if matches!(self.comparison, Comparison::Is | Comparison::IsNot) {
            let words = table.column(&self.column).ok_or_else(unknown)?.texts();
            let is = words
                .iter()
                .map(|word| word.as_deref() == Some(&*self.value));
            return Ok(is
                .map(|is| is == (self.comparison == Comparison::Is))
                .collect());
        }
        let bound: f64 = self.value.parse().unwrap_or(f64::NAN);
        let column = table.column(&self.column).ok_or_else(unknown)?;
        let numbers = column.numbers();
        let met = |x: f64| match self.comparison {
            Comparison::Above => x > bound,
            _ => x < bound,
        };
        let no_numbers = || {
            Error::Usage(format!(
                "the column `{}` holds no numbers (--where); expected COLUMN=WORD or COLUMN!=WORD",
                self.column
            ))
        };
        Ok(numbers
            .ok_or_else(no_numbers)?
            .into_iter()
            .map(met)
            .collect())
    }
}

fn no_column(table: &Table, name: &str, flag: &str) -> Error {
    let names: Vec<&str> = table.flat().map(|(name, _)| name.as_str()).collect();
    Error::Usage(format!(
        "the table has no column `{name}` ({flag}); it has: {}",
        names.join(", ")
    ))
}

/// The columns of a label.
pub struct OfLabel {
    /// Seconds of speech with it.
    pub seconds: String,
    /// Their share of all speech with a sure label.
    pub share: String,
    /// The mean of its probability where it is the label, weighed by speech.
    pub probability: String,
    /// The longest time of turns in a row with it, in seconds of speech.
    pub longest: String,
    /// When it is first heard, in seconds.
    pub first: String,
    /// Its share in the last third of each recording less that in the first.
    pub trend: String,
}

impl OfLabel {
    /// Those of this label.
    pub fn of(label: &str) -> OfLabel {
        let name = |what: &str| format!("{label}_{what}");
        OfLabel {
            seconds: name("s"),
            share: name("share"),
            probability: name("probability"),
            longest: name("longest_s"),
            first: name("first_s"),
            trend: name("trend"),
        }
    }
}

/// The column of the number of rows.
pub const TURNS: &str = "turns";
/// The columns of the share of speech whose label is sure, unsure, or of another domain.
pub const SHARES: [(&str, Verdict); 3] = [
    ("sure_share", Verdict::Sure),
    ("unsure_share", Verdict::Unsure),
    ("out_of_domain_share", Verdict::OutOfDomain),
];

/// The labels that predictions have, sorted.
pub fn labels(table: &Table) -> Result<Vec<String>> {
    let words = table.text(LABEL).ok_or_else(|| {
        Error::Data(format!(
            "the table has no column `{LABEL}` of words; expected one written by `sentire score` with a model of classes"
        ))
    })?;
    let labels: BTreeSet<&String> = words.iter().flatten().collect();
    Ok(labels.into_iter().cloned().collect())
}

/// Sums up predictions: a row for each group, with `turns`, `speech_s`, the [`SHARES`] and the columns of each
/// [label](OfLabel).
pub fn summary(table: &Table, spec: &SummarySpec) -> Result<Table> {
    let mut labels = labels(table)?;
    if let Some(label) = spec.label.as_ref().filter(|label| !labels.contains(label)) {
        // The model may know a class that it has found nowhere.
        if table.column(&schema::probability(label)).is_none() {
            return Err(Error::Usage(format!(
                "no row has the label {label:?} (--label); there are: {}",
                labels.join(", ")
            )));
        }
        labels.push(label.clone());
        labels.sort();
    }
    let mut rows: Vec<usize> = (0..table.rows()).collect();
    for condition in &spec.conditions {
        let met = condition.met(table)?;
        rows.retain(|&row| met[row]);
    }
    let table = table.select(&rows);
    let prepared = prepared(&table, &spec.by)?;
    let grouped = prepared
        .to_frame()?
        .lazy()
        .group_by(
            spec.by
                .iter()
                .map(|name| col(name.as_str()))
                .collect::<Vec<_>>(),
        )
        .agg(aggregates(&labels))
        .collect()
        .map_err(|cause| Error::Data(cause.to_string()))?;
    let grouped = grouped.lazy().with_columns(shares(&labels));
    let order = match &spec.label {
        Some(label) => grouped.sort(
            [OfLabel::of(label).share],
            SortMultipleOptions::default()
                .with_order_descending(true)
                .with_nulls_last(true),
        ),
        None => grouped.sort(spec.by.clone(), SortMultipleOptions::default()),
    };
    let mut names: Vec<String> = spec.by.clone();
    names.extend([TURNS, SPEECH_S].map(String::from));
    names.extend(SHARES.map(|(name, _)| name.to_string()));
    for label in &labels {
        let OfLabel {
            seconds,
            share,
            probability,
            longest,
            first,
            trend,
        } = OfLabel::of(label);
        names.extend([seconds, share, probability, longest, first, trend]);
    }
    let selected = names.iter().map(|name| col(name.as_str()));
    let frame = order
        .select(selected.collect::<Vec<_>>())
        .collect()
        .map_err(|cause| Error::Data(cause.to_string()))?;
    Table::from_frame(&frame)
}

/// What names columns that are summed up and not shown.
const RUN: &str = "run_s of a turn";
const FIRST_THIRD: &str = "speech in the first third";
const LAST_THIRD: &str = "speech in the last third";
const IS_SURE: &str = "is sure";

/// The columns that are summed up, beside those of `by`.
fn prepared(table: &Table, by: &[String]) -> Result<Table> {
    let lacks = |name: &str| {
        Error::Data(format!(
            "the table has no column `{name}`; expected one written by `sentire score`"
        ))
    };
    let numbers = |name: &str| {
        let numbers = table.column(name).and_then(Column::numbers);
        numbers.ok_or_else(|| lacks(name))
    };
    let (starts, ends, speech) = (numbers(START)?, numbers(END)?, numbers(SPEECH_S)?);
    let text = |name: &str| table.text(name).ok_or_else(|| lacks(name));
    let (verdicts, labels) = (text(VERDICT)?, text(LABEL)?);
    text(FILE)?;
    let is_sure = |row: usize| verdicts[row].as_deref() == Some(Verdict::Sure.name());
    let sure_label = |row: usize| labels[row].as_deref().filter(|_| is_sure(row));

    // The rows of each recording, or channel, in the order of time.
    let parts = table.parts();
    let mut order: Vec<usize> = (0..table.rows()).collect();
    let key = |row: usize| {
        let part = parts.at(row);
        (part.file, part.channel)
    };
    order.sort_by(|&a, &b| key(a).cmp(&key(b)).then(starts[a].total_cmp(&starts[b])));
    let n = table.rows();
    let (mut run_s, mut first_third, mut last_third) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    for of_recording in order.chunk_by(|&a, &b| key(a) == key(b)) {
        for run in of_recording.chunk_by(|&a, &b| sure_label(a) == sure_label(b)) {
            let seconds: f64 = run.iter().map(|&row| speech[row]).sum();
            run.iter().for_each(|&row| run_s[row] = seconds);
        }
        let begin = starts[of_recording[0]];
        let end = of_recording
            .iter()
            .map(|&row| ends[row])
            .fold(begin, f64::max);
        for &row in of_recording {
            let place = ((starts[row] + ends[row]) / 2.0 - begin) / (end - begin);
            if place < 1.0 / 3.0 {
                first_third[row] = speech[row];
            } else if place >= 2.0 / 3.0 {
                last_third[row] = speech[row];
            }
        }
    }
    let mut columns = Vec::new();
    for name in by {
        let column = table.column(name);
        let column = match column.ok_or_else(|| no_column(table, name, "--by"))? {
            // In the order of numbers, and a number again.
            whole @ Column::Int(_) => whole.clone(),
            other => Column::Text(other.texts()),
        };
        columns.push((name.clone(), column));
    }
    // Of the columns that are grouped by, none is needed twice.
    let mut add = |name: &str, column: Column| {
        if !by.iter().any(|other| other == name) {
            columns.push((name.to_string(), column));
        }
    };
    let largest = numbers(LARGEST)?;
    add(START, Column::Double(starts));
    add(SPEECH_S, Column::Double(speech));
    add(LARGEST, Column::Double(largest));
    add(RUN, Column::Double(run_s));
    add(FIRST_THIRD, Column::Double(first_third));
    add(LAST_THIRD, Column::Double(last_third));
    add(
        IS_SURE,
        Column::Bool((0..n).map(|row| Some(is_sure(row))).collect()),
    );
    add(VERDICT, Column::Text(verdicts.to_vec()));
    add(LABEL, Column::Text(labels.to_vec()));
    Ok(Table {
        columns,
        ..Table::default()
    })
}

/// What is summed up of each group.
fn aggregates(labels: &[String]) -> Vec<Expr> {
    let speech = || col(SPEECH_S);
    let mut all = vec![len().cast(DataType::Int64).alias(TURNS), speech().sum()];
    for (name, verdict) in SHARES {
        let of_verdict = speech().filter(col(VERDICT).eq(lit(verdict.name()))).sum();
        all.push(of_verdict.alias(name));
    }
    let sure = |of: &str| col(of).filter(col(IS_SURE)).sum();
    all.push(sure(FIRST_THIRD).alias(FIRST_THIRD));
    all.push(sure(LAST_THIRD).alias(LAST_THIRD));
    for label in labels {
        let is_it = || col(IS_SURE).and(col(LABEL).eq(lit(label.as_str())));
        let names = OfLabel::of(label);
        let weighed = (col(LARGEST) * speech()).filter(is_it()).sum();
        all.extend([
            speech().filter(is_it()).sum().alias(&names.seconds),
            weighed.alias(&names.probability),
            col(RUN).filter(is_it()).max().alias(&names.longest),
            col(START).filter(is_it()).min().alias(&names.first),
            col(FIRST_THIRD).filter(is_it()).sum().alias(&names.share),
            col(LAST_THIRD).filter(is_it()).sum().alias(&names.trend),
        ]);
    }
    all
}

/// Sums as shares. What would be a share of nothing is missing.
fn shares(labels: &[String]) -> Vec<Expr> {
    let over = |a: Expr, b: Expr| {
        let is_some = b.clone().gt(lit(0.0));
        polars::prelude::when(is_some)
            .then(a / b)
            .otherwise(lit(polars::prelude::NULL))
    };
    let sure_s = || col(SHARES[0].0);
    let mut all = Vec::new();
    for (name, _) in SHARES {
        all.push(over(col(name), col(SPEECH_S)).alias(name));
    }
    for label in labels {
        let names = OfLabel::of(label);
        let seconds = || col(names.seconds.as_str());
        let last = over(col(names.trend.as_str()), col(LAST_THIRD));
        let first = over(col(names.share.as_str()), col(FIRST_THIRD));
        all.extend([
            over(seconds(), sure_s()).alias(&names.share),
            over(col(names.probability.as_str()), seconds()).alias(&names.probability),
            (last - first).alias(&names.trend),
        ]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Turns of two calls: call, channel, start, speech, label, verdict.
    fn turns() -> Table {
        let rows = [
            ("a.wav", 0, 0.0, 2.0, Some("neutral"), "sure"),
            ("a.wav", 1, 2.0, 3.0, Some("angry"), "sure"),
            ("a.wav", 1, 6.0, 1.0, Some("angry"), "sure"),
            ("a.wav", 1, 8.0, 4.0, Some("neutral"), "unsure"),
            ("a.wav", 1, 12.0, 2.0, Some("neutral"), "sure"),
            ("b.wav", 1, 0.0, 5.0, Some("neutral"), "sure"),
            ("b.wav", 1, 9.0, 0.0, None, "no_speech"),
        ];
        let words = |of: &dyn Fn(usize) -> Option<&'static str>| {
            Column::Text(
                (0..rows.len())
                    .map(|row| of(row).map(str::to_string))
                    .collect(),
            )
        };
        let doubles = |of: &dyn Fn(usize) -> f64| Column::Double((0..rows.len()).map(of).collect());
        let label = |row: usize| rows[row].4;
        Table {
            columns: vec![
                ("file".into(), words(&|row| Some(rows[row].0))),
                (
                    "channel".into(),
                    Column::Int(rows.iter().map(|row| Some(row.1)).collect()),
                ),
                ("start".into(), doubles(&|row| rows[row].2)),
                ("end".into(), doubles(&|row| rows[row].2 + rows[row].3)),
                ("speech_s".into(), doubles(&|row| rows[row].3)),
                ("label".into(), words(&label)),
                (
                    "probability".into(),
                    doubles(&|row| if row == 1 { 0.9 } else { 0.7 }),
                ),
                ("verdict".into(), words(&|row| Some(rows[row].5))),
            ],
            ..Table::default()
        }
    }

    fn spec(by: &[&str]) -> SummarySpec {
        SummarySpec {
            by: by.iter().map(|name| name.to_string()).collect(),
            ..SummarySpec::default()
        }
    }

    #[test]
    fn a_class_of_the_model_that_was_found_nowhere_has_no_share() {
        let mut table = turns();
        let mut spec = spec(&["file"]);
        spec.label = Some("sad".into());
        let error = summary(&table, &spec).unwrap_err().to_string();
        assert!(error.contains("there are: angry, neutral"), "{error}");
        let p_sad = Column::Float(vec![0.1; table.rows()]);
        table.columns.push(("p_sad".into(), p_sad));
        let found = summary(&table, &spec).unwrap();
        assert_eq!(found.numbers("sad_s").unwrap(), [0.0, 0.0]);
        assert_eq!(found.numbers("sad_share").unwrap(), [0.0, 0.0]);
    }

    #[test]
    fn speech_is_summed_up_by_group() {
        let found = summary(&turns(), &spec(&["file", "channel"])).unwrap();
        assert_eq!(found.words("file").unwrap(), ["a.wav", "a.wav", "b.wav"]);
        assert_eq!(found.words("channel").unwrap(), ["0", "1", "1"]);
        let column = |name: &str| found.numbers(name).unwrap();
        assert_eq!(column("turns"), [1.0, 4.0, 2.0]);
        assert_eq!(column("speech_s"), [2.0, 10.0, 5.0]);
        assert_eq!(column("sure_share"), [1.0, 0.6, 1.0]);
        assert_eq!(column("unsure_share"), [0.0, 0.4, 0.0]);
        assert_eq!(column("angry_s"), [0.0, 4.0, 0.0]);
        assert!((column("angry_share")[1] - 4.0 / 6.0).abs() < 1e-12);
        // Nine tenths for 3 s, 7 for 1.
        assert!((column("angry_probability")[1] - 3.4 / 4.0).abs() < 1e-12);
        assert_eq!(column("angry_longest_s")[1], 4.0);
        assert_eq!(column("angry_first_s")[1], 2.0);
        // From 2 to 14 s: angry in the first third, neutral in the last.
        assert_eq!(column("angry_trend")[1], -1.0);
        assert_eq!(column("neutral_trend")[1], 1.0);
        assert!(column("angry_first_s")[2].is_nan());
    }

    #[test]
    fn groups_are_ranked_and_rows_left_out() {
        let ranked = SummarySpec {
            label: Some("angry".into()),
            conditions: vec!["channel=1".parse().unwrap()],
            ..spec(&["file"])
        };
        let found = summary(&turns(), &ranked).unwrap();
        assert_eq!(found.words("file").unwrap(), ["a.wav", "b.wav"]);
        assert_eq!(found.numbers("turns").unwrap(), [4.0, 2.0]);
        for (condition, rows) in [
            ("speech_s>2.5", 3.0),
            ("speech_s<1", 1.0),
            ("verdict!=sure", 2.0),
            ("file = b.wav", 2.0),
        ] {
            let of = SummarySpec {
                conditions: vec![condition.parse().unwrap()],
                ..spec(&["file"])
            };
            let found = summary(&turns(), &of).unwrap().numbers("turns").unwrap();
            assert_eq!(found.iter().sum::<f64>(), rows, "{condition}");
        }
        for wrong in ["", "=x", "speech_s>much", "customer"] {
            assert!(wrong.parse::<Condition>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_not_there_is_named() {
        let say = |spec: SummarySpec| summary(&turns(), &spec).unwrap_err().to_string();
        assert!(say(spec(&["customer"])).contains("no column `customer` (--by)"));
        let label = SummarySpec {
            label: Some("bored".into()),
            ..spec(&["file"])
        };
        assert!(say(label).contains("there are: angry, neutral"));
        let mut table = turns();
        table.columns.retain(|(name, _)| name != "label");
        let found = summary(&table, &spec(&["file"])).unwrap_err().to_string();
        assert!(found.contains("written by `sentire score`"), "{found}");
    }
}
