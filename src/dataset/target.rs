//! What is learned of each row: a class, or numbers.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::str::FromStr;

use ndarray::{Array2, Axis};

use super::numbers::numbers;
use super::shares::{self, Shares};
use crate::error::{Error, Result};
use crate::metrics::values::{Agreement, Raters, together};
use crate::table::{Column, Table};

/// More classes than this are no classes, but names of files or speakers.
const MOST_CLASSES: usize = 100;
/// A column of numbers with more different values than this holds numbers; of fewer, numbers that stand for classes.
const MOST_CODES: usize = 12;

/// What is learned of each row.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// Which class it is of.
    Classes(Classes),
    /// How much of something it has.
    Values(Values),
}

/// A class of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Classes {
    /// The classes, sorted.
    pub names: Vec<String>,
    /// The place in `names` of each row's class: where raters differ, that of the most.
    pub y: Vec<usize>,
    /// Rows x `names`: the share of the raters who chose each class; `None` where labels are words.
    pub shares: Option<Array2<f64>>,
}

impl Classes {
    /// Rows x `names`: the share of each class; of a word 1.
    pub fn shares(&self) -> Cow<'_, Array2<f64>> {
        match &self.shares {
            Some(shares) => Cow::Borrowed(shares),
            None => {
                let shape = (self.y.len(), self.names.len());
                let share = |(row, class)| f64::from(u8::from(self.y[row] == class));
                Cow::Owned(Array2::from_shape_fn(shape, share))
            }
        }
    }

    /// The same rows with the classes `names`: `place` says which of them a class becomes, if any. The class of every row
    /// must become one.
    pub(super) fn regrouped(
        &self,
        names: Vec<String>,
        place: impl Fn(usize) -> Option<usize>,
    ) -> Classes {
        let Some(shares) = &self.shares else {
            let place = |&class: &usize| place(class).expect("the class of a row is kept");
            let y = self.y.iter().map(place).collect();
            return Classes {
                names,
                y,
                shares: None,
            };
        };
        let regrouped = shares::regrouped(shares, names.len(), place);
        let rows = regrouped.rows().into_iter();
        Classes {
            y: rows.map(|row| shares::largest(&row.to_vec())).collect(),
            shares: Some(regrouped),
            names,
        }
    }
}

/// Numbers of each row.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// What they measure: arousal, valence...
    pub names: Vec<String>,
    /// Rows x `names`, finite.
    pub y: Array2<f64>,
    /// How far the raters of each agree, where several were taken together.
    pub agreement: Vec<Agreement>,
}

impl Target {
    /// The same for the rows `rows`, in that order.
    pub fn select(&self, rows: &[usize]) -> Target {
        match self {
            Target::Classes(classes) => Target::Classes(Classes {
                names: classes.names.clone(),
                y: rows.iter().map(|&row| classes.y[row]).collect(),
                shares: classes.shares.as_ref().map(|all| all.select(Axis(0), rows)),
            }),
            Target::Values(values) => Target::Values(Values {
                names: values.names.clone(),
                y: values.y.select(Axis(0), rows),
                agreement: values.agreement.clone(),
            }),
        }
    }

    /// What each row is labelled, in words.
    pub fn words(&self) -> Vec<String> {
        match self {
            Target::Classes(classes) => {
                let word = |&class: &usize| classes.names[class].clone();
                classes.y.iter().map(word).collect()
            }
            Target::Values(values) => {
                let word = |row: ndarray::ArrayView1<f64>| {
                    let numbers: Vec<String> = row.iter().map(f64::to_string).collect();
                    numbers.join(",")
                };
                values.y.rows().into_iter().map(word).collect()
            }
        }
    }
}

/// What a column of labels is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Task {
    /// Numbers where it has more than 12 different ones, otherwise classes; where it is empty and there are columns
    /// `p_<class>`, the shares in these.
    #[default]
    Auto,
    /// Classes.
    Classes,
    /// Classes, of which the columns `p_<class>` say how many of the raters chose each.
    Shares,
    /// Numbers.
    Values,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Task::Auto => "auto",
            Task::Classes => "classes",
            Task::Shares => "shares",
            Task::Values => "values",
        })
    }
}

impl FromStr for Task {
    type Err = Error;

    fn from_str(text: &str) -> Result<Task> {
        match text {
            "auto" => Ok(Task::Auto),
            "classes" => Ok(Task::Classes),
            "shares" => Ok(Task::Shares),
            "values" => Ok(Task::Values),
            _ => Err(Error::Usage(format!(
                "task {text:?}: expected auto, classes, shares or values"
            ))),
        }
    }
}

/// Which columns are learned, and as what. A column's name alone, or several joined by commas, stands for it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct LabelSpec {
    /// The columns: one of classes, or one or several of numbers.
    pub columns: Vec<String>,
    /// What they are taken for.
    pub task: Task,
    /// How the ratings in the columns `NAME_1`, `NAME_2`, ... are taken together for each `NAME` of `columns`.
    pub raters: Option<Raters>,
}

impl From<&str> for LabelSpec {
    fn from(columns: &str) -> LabelSpec {
        let columns = columns.split(',').map(|name| name.trim().to_string());
        LabelSpec {
            columns: columns.collect(),
            ..LabelSpec::default()
        }
    }
}

impl fmt::Display for LabelSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.columns.join(","))
    }
}

/// The labels of the rows of one table.
pub(super) enum Labels<'a> {
    Words(Cow<'a, [Option<String>]>),
    Shares(Shares),
    /// For each column its numbers, NaN where missing.
    Numbers(Vec<Vec<f64>>),
}

impl Labels<'_> {
    /// What a row is labelled, in words; `None` where any of it is missing.
    pub(super) fn word(&self, row: usize) -> Option<Cow<'_, str>> {
        match self {
            Labels::Words(words) => words[row].as_deref().map(Cow::Borrowed),
            Labels::Shares(shares) => shares.majority(row).map(Cow::Borrowed),
            Labels::Numbers(columns) => {
                let numbers = self.numbers(row)?;
                debug_assert_eq!(numbers.len(), columns.len());
                let texts: Vec<String> = numbers.iter().map(f64::to_string).collect();
                Some(Cow::Owned(texts.join(",")))
            }
        }
    }

    /// The numbers of a row; `None` where any is missing, or where labels are words.
    pub(super) fn numbers(&self, row: usize) -> Option<Vec<f64>> {
        match self {
            Labels::Words(_) | Labels::Shares(_) => None,
            Labels::Numbers(columns) => {
                let numbers = columns.iter().map(|column| column[row]);
                let numbers: Vec<f64> = numbers.collect();
                numbers
                    .iter()
                    .all(|value| value.is_finite())
                    .then_some(numbers)
            }
        }
    }
}

/// The labels of all tables: words, shares or numbers in all; and how far the raters of each number agree, where several
/// are taken together.
pub(super) fn labels<'a>(
    tables: &[(&Path, &'a Table)],
    spec: &LabelSpec,
) -> Result<(Vec<Labels<'a>>, Vec<Agreement>)> {
    if are_shares(tables, spec) {
        let of_tables = shares::shares(tables)?.into_iter();
        return Ok((of_tables.map(Labels::Shares).collect(), Vec::new()));
    }
    if !is_of_numbers(tables, spec)? {
        let name = &spec.columns[0];
        let of_table =
            |(path, table): &(&Path, &'a Table)| words_of(path, table, name).map(Labels::Words);
        let words = tables.iter().map(of_table).collect::<Result<_>>()?;
        return Ok((words, Vec::new()));
    }
    let mut numbers = vec![Vec::new(); tables.len()];
    let mut agreement = Vec::new();
    for name in &spec.columns {
        let of_tables = match spec.raters {
            None => {
                let of_table = |(path, table): &(&Path, &Table)| numbers_of(path, table, name);
                tables.iter().map(of_table).collect::<Result<_>>()?
            }
            Some(raters) => {
                let (of_tables, agree) = rated(tables, name, raters)?;
                agreement.push(agree);
                of_tables
            }
        };
        for (all, column) in numbers.iter_mut().zip(of_tables) {
            all.push(column);
        }
    }
    let labels = numbers.into_iter().map(Labels::Numbers).collect();
    Ok((labels, agreement))
}

/// Whether the labels are learned as shares.
fn are_shares(tables: &[(&Path, &Table)], spec: &LabelSpec) -> bool {
    let is_empty = |name: &String| {
        let mut columns = tables.iter().filter_map(|(_, table)| table.column(name));
        columns.all(
            |column| matches!(column, Column::Text(words) if words.iter().all(Option::is_none)),
        )
    };
    match (spec.task, &spec.columns[..]) {
        (Task::Shares, _) => true,
        (Task::Auto, [name]) if spec.raters.is_none() => is_empty(name) && shares::are_in(tables),
        _ => false,
    }
}

/// Whether the labels are learned as numbers.
fn is_of_numbers(tables: &[(&Path, &Table)], spec: &LabelSpec) -> Result<bool> {
    match (spec.task, &spec.columns[..]) {
        (_, []) => Err(Error::Usage("--label names no column".into())),
        (Task::Values, _) => Ok(true),
        (Task::Shares, _) => Ok(false),
        (Task::Classes, [_]) if spec.raters.is_none() => Ok(false),
        (Task::Classes, [_]) => Err(Error::Usage(
            "--raters takes numbers together, --task classes asks for classes; choose one".into(),
        )),
        (Task::Classes, _) => Err(Error::Usage(format!(
            "--label {spec} names several columns, --task classes learns one"
        ))),
        (Task::Auto, [name]) if spec.raters.is_none() => Ok(are_many_numbers(tables, name)),
        (Task::Auto, _) => Ok(true),
    }
}

/// Whether a column holds numbers in all tables, more different ones than stand for classes.
fn are_many_numbers(tables: &[(&Path, &Table)], name: &str) -> bool {
    let mut different = BTreeSet::new();
    for (_, table) in tables {
        let Some(column) = table.column(name).filter(|column| !are_codes(column)) else {
            return false;
        };
        let Ok(numbers) = numbers(column) else {
            return false;
        };
        different.extend(
            numbers
                .iter()
                .filter(|n| n.is_finite())
                .map(|n| n.to_bits()),
        );
    }
    different.len() > MOST_CODES
}

/// Whether words are digits with zeros before them: `01` is the name of something.
fn are_codes(column: &Column) -> bool {
    let is_code = |word: &Option<String>| {
        let digits = word
            .as_deref()
            .and_then(|word| word.trim().strip_prefix('0'));
        digits.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    matches!(column, Column::Text(words) if words.iter().any(is_code))
}

fn numbers_of(path: &Path, table: &Table, name: &str) -> Result<Vec<f64>> {
    let wrong = |reason: String| Error::Table {
        path: path.to_path_buf(),
        reason,
    };
    let column = table
        .column(name)
        .ok_or_else(|| wrong(no_column(table, name)))?;
    numbers(column).map_err(|word| {
        wrong(format!(
            "column `{name}` holds {word:?}; expected numbers (--task classes learns words)"
        ))
    })
}

/// What the raters in the columns `NAME_1`, `NAME_2`, ... of all tables said, taken together, and how far they agree.
fn rated(
    tables: &[(&Path, &Table)],
    name: &str,
    how: Raters,
) -> Result<(Vec<Vec<f64>>, Agreement)> {
    let rater = |column: &str| {
        let number = column.strip_prefix(name)?.strip_prefix('_')?;
        number.parse::<u32>().ok()
    };
    let columns = tables.iter().flat_map(|(_, table)| &table.columns);
    let raters: BTreeSet<u32> = columns.filter_map(|(column, _)| rater(column)).collect();
    if raters.len() < 2 {
        return Err(Error::Data(format!(
            "{} has {} columns `{name}_1`, `{name}_2`, ...; --raters wants those of at least 2 raters",
            tables[0].0.display(),
            raters.len()
        )));
    }
    let mut ratings: Vec<Vec<f64>> = Vec::new();
    for rater in raters {
        let column = format!("{name}_{rater}");
        let mut of_rater = Vec::new();
        for (path, table) in tables {
            match table.column(&column) {
                Some(_) => of_rater.extend(numbers_of(path, table, &column)?),
                None => of_rater.extend(vec![f64::NAN; table.rows()]),
            }
        }
        ratings.push(of_rater);
    }
    let rated = together(&ratings, how);
    let mut values = rated.values.into_iter();
    let of_table = |(_, table): &(&Path, &Table)| values.by_ref().take(table.rows()).collect();
    Ok((tables.iter().map(of_table).collect(), rated.agreement))
}

fn words_of<'a>(path: &Path, table: &'a Table, name: &str) -> Result<Cow<'a, [Option<String>]>> {
    let wrong = |reason: String| Error::Table {
        path: path.to_path_buf(),
        reason,
    };
    let column = table
        .column(name)
        .ok_or_else(|| wrong(no_column(table, name)))?;
    column.as_words().ok_or_else(|| {
        wrong(format!(
            "column `{name}` holds numbers that are not whole; expected words, or whole numbers that stand for them (--label), or \
             --task values to learn the numbers"
        ))
    })
}

fn no_column(table: &Table, name: &str) -> String {
    let is_class = |column: &Column| !matches!(column, Column::Double(_) | Column::Float(_));
    let columns = table.columns.iter().filter(|(_, c)| is_class(c));
    let names: Vec<&str> = columns.map(|(name, _)| name.as_str()).collect();
    format!(
        "has no text column `{name}`; it has: {} (--label)",
        names.join(", ")
    )
}

/// The target of labelled rows: the classes that their words name, sorted, or their numbers.
pub(super) fn target(
    labels: &[Labels],
    rows: &[(usize, usize)],
    agreement: Vec<Agreement>,
    spec: &LabelSpec,
    first_path: &Path,
) -> Result<Target> {
    if let Some(Labels::Numbers(_)) = labels.first() {
        let numbers = rows
            .iter()
            .filter_map(|&(table, row)| labels[table].numbers(row));
        let y: Vec<f64> = numbers.flatten().collect();
        let shape = (rows.len(), spec.columns.len());
        let y = Array2::from_shape_vec(shape, y).expect("a number of each row and column");
        check_values(&y, spec, first_path)?;
        return Ok(Target::Values(Values {
            names: spec.columns.clone(),
            y,
            agreement,
        }));
    }
    let words = rows
        .iter()
        .filter_map(|&(table, row)| labels[table].word(row));
    let words: Vec<Cow<str>> = words.collect();
    let names = classes_of(&words, &spec.columns[0], first_path)?;
    let class = |word: &Cow<str>| {
        names
            .binary_search_by(|name| name.as_str().cmp(word))
            .expect("it is of the labels")
    };
    Ok(Target::Classes(Classes {
        y: words.iter().map(class).collect(),
        shares: shares_of(labels, rows, &names),
        names,
    }))
}

/// The shares of labelled rows, of the classes `names` alone, which are all that are the choice of the most in some row;
/// `None` where labels are words.
fn shares_of(labels: &[Labels], rows: &[(usize, usize)], names: &[String]) -> Option<Array2<f64>> {
    let Some(Labels::Shares(first)) = labels.first() else {
        return None;
    };
    let of_row = |&(table, row): &(usize, usize)| match &labels[table] {
        Labels::Shares(shares) => shares.rows[row].clone().expect("the row is labelled"),
        _ => unreachable!("all tables have shares, or none"),
    };
    let all: Vec<f64> = rows.iter().flat_map(of_row).collect();
    let shape = (rows.len(), first.names.len());
    let all = Array2::from_shape_vec(shape, all).expect("a share of each row and class");
    let place = |class: usize| names.binary_search(&first.names[class]).ok();
    Some(shares::regrouped(&all, names.len(), place))
}

/// Refuses numbers from which nothing can be learned.
fn check_values(y: &Array2<f64>, spec: &LabelSpec, first_path: &Path) -> Result<()> {
    for (name, column) in spec.columns.iter().zip(y.columns()) {
        let different: BTreeSet<u64> = column.iter().map(|value| value.to_bits()).collect();
        if different.len() < 2 {
            return Err(Error::Data(format!(
                "{}: column `{name}` holds {} in {} labelled rows; expected different numbers",
                first_path.display(),
                match column.first() {
                    Some(value) => format!("one number ({value})"),
                    None => "no number".into(),
                },
                y.nrows()
            )));
        }
    }
    Ok(())
}

fn classes_of(labels: &[Cow<str>], label: &str, first_path: &Path) -> Result<Vec<String>> {
    let classes: BTreeSet<&str> = labels.iter().map(Cow::as_ref).collect();
    let classes: Vec<String> = classes.into_iter().map(str::to_string).collect();
    if classes.len() < 2 {
        return Err(Error::Data(format!(
            "{}: column `{label}` holds {} in {} labelled rows; expected at least 2 classes",
            first_path.display(),
            if classes.is_empty() {
                "no label".into()
            } else {
                format!("one class ({})", classes[0])
            },
            labels.len()
        )));
    }
    if classes.len() > MOST_CLASSES {
        return Err(Error::Data(format!(
            "column `{label}` holds {} different words; expected at most {MOST_CLASSES} classes",
            classes.len()
        )));
    }
    Ok(classes)
}
