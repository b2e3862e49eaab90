//! Manifests, tables, and what an extraction did.

use std::collections::BTreeMap;

use super::{Grid, Show, Shown, number};
use crate::catalogue;
use crate::corpus::scan::counts;
use crate::corpus::{Manifest, Scan, Utterance};
use crate::error::Result;
use crate::extract::Summary;
use crate::plot::canvas::escaped;
use crate::plot::{self, Figure};
use crate::table::schema::{CHANNEL, FILE};
use crate::table::{Column, Table};

/// Rows and columns of a table that are shown.
const ROWS: usize = 8;
const COLUMNS: usize = 14;

/// The first rows, and its size.
impl Show for Table {
    fn shown(&self) -> Shown {
        self.grid().shown()
    }
}

impl Table {
    fn grid(&self) -> Grid {
        // Columns in which nothing is known would only push the others aside.
        let is_known =
            |column: &Column| (0..column.len()).any(|row| !column.text_of(row).is_empty());
        let known = self.columns.iter().filter(|(_, column)| is_known(column));
        let shown: Vec<&(String, Column)> = known.take(COLUMNS).collect();
        let value = |column: &Column, row: usize| match column {
            Column::Double(values) => number(values[row]),
            Column::Float(values) => number(f64::from(values[row])),
            Column::Text(_) => shortened(&column.text_of(row)),
            Column::Int(_) | Column::Bool(_) | Column::Time(_) => column.text_of(row),
        };
        let row = |row: usize| shown.iter().map(|(_, column)| value(column, row)).collect();
        let size = format!("{} rows, {} columns", self.rows(), self.columns.len());
        Grid {
            names: shown.iter().map(|(name, _)| name.clone()).collect(),
            rows: (0..self.rows().min(ROWS)).map(row).collect(),
            note: match shown.len() == self.columns.len() && self.rows() <= ROWS {
                true => size,
                false => format!("{size}, of which the first that hold something"),
            },
        }
    }

    /// How column `column` spreads for each word of column `by`.
    pub fn plot_distribution(&self, column: &str, by: &str) -> Result<Figure> {
        let values = self.numbers(column)?;
        let mut of_group: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (group, value) in self.words(by)?.into_iter().zip(values) {
            of_group.entry(group).or_default().push(value);
        }
        let (groups, values): (Vec<String>, Vec<Vec<f64>>) = of_group.into_iter().unzip();
        Ok(plot::distribution(&groups, &values, &self.axis(column)))
    }

    /// How many rows each word of column `by` has.
    pub fn plot_counts(&self, by: &str) -> Result<Figure> {
        let mut counts: BTreeMap<String, f64> = BTreeMap::new();
        for word in self.words(by)? {
            *counts.entry(word).or_default() += 1.0;
        }
        let (words, counts): (Vec<String>, Vec<f64>) = counts.into_iter().unzip();
        let title = format!("Rows of each {by}");
        Ok(plot::bars(&title, &words, &counts, "rows", 0))
    }

    /// A point for each row by columns `x` and `y`, coloured by the words of column `by`.
    pub fn plot_scatter(&self, x: &str, y: &str, by: &str) -> Result<Figure> {
        let (across, up) = (self.numbers(x)?, self.numbers(y)?);
        let names = [&*self.axis(x), &*self.axis(y)];
        Ok(scatter(&across, &up, &self.words(by)?, names))
    }

    /// A column as an axis names it: what the feature is, with its unit, where that is known.
    fn axis(&self, column: &str) -> String {
        let meaning = catalogue::column(column).map(|column| column.meaning.clone());
        match (meaning, column.strip_suffix("_s")) {
            (Some(meaning), _) => meaning,
            (None, Some(name)) => format!("{} (s)", name.replace('_', " ")),
            (None, None) => column.to_string(),
        }
    }
}

/// Points coloured by a word of each.
pub(super) fn scatter(x: &[f64], y: &[f64], words: &[String], names: [&str; 2]) -> Figure {
    let mut groups: Vec<String> = words.to_vec();
    groups.sort();
    groups.dedup();
    let group = |word: &String| {
        groups
            .binary_search(word)
            .expect("collected from the words")
    };
    let group: Vec<usize> = words.iter().map(group).collect();
    plot::scatter((x, y), &group, &groups, names)
}

fn shortened(word: &str) -> String {
    const LONGEST: usize = 28;
    match word.chars().count() > LONGEST {
        true => word.chars().take(LONGEST - 1).chain(['…']).collect(),
        false => word.to_string(),
    }
}

/// How much there is of what, and what a person should know of it.
impl Show for Manifest {
    fn shown(&self) -> Shown {
        with_findings(self, &self.findings)
    }
}

fn with_findings(manifest: &Manifest, findings: &[String]) -> Shown {
    let (speakers, emotions) = counts(manifest);
    let Shown {
        mut html,
        mut plain,
    } = Shown::line(format!(
        "{} recordings, {speakers} speakers, {emotions} emotions",
        manifest.utterances.len()
    ));
    if !findings.is_empty() {
        let items: String = findings
            .iter()
            .map(|f| format!("<li>{}</li>", escaped(f)))
            .collect();
        html.push_str(&format!("\n<ul>{items}</ul>"));
    }
    for finding in findings {
        plain.push_str(&format!("\n{finding}"));
    }
    Shown { html, plain }
}

impl Manifest {
    /// The manifest as a table, columns in which nothing is known left out.
    pub fn to_table(&self) -> Table {
        let words = |of: &dyn Fn(&Utterance) -> Option<String>| {
            Column::Text(self.utterances.iter().map(of).collect())
        };
        let mut columns = vec![(FILE.to_string(), words(&|u| Some(u.file.clone())))];
        if self.has_channels() {
            let channel = |u: &Utterance| u.channel.and_then(|channel| channel.try_into().ok());
            let channels = self.utterances.iter().map(channel);
            columns.push((CHANNEL.into(), Column::Int(channels.collect())));
        }
        for (place, name) in Utterance::FIELDS.iter().enumerate() {
            let column = words(&|u| u.fields()[place].map(str::to_string));
            columns.push((name.to_string(), column));
        }
        columns.retain(
            |(_, column)| !matches!(column, Column::Text(w) if w.iter().all(Option::is_none)),
        );
        Table {
            columns,
            ..Table::default()
        }
    }
}

/// The manifest, and what a person should know of it.
impl Show for Scan {
    fn shown(&self) -> Shown {
        with_findings(&self.manifest, &self.findings)
    }
}

impl Show for Summary {
    fn shown(&self) -> Shown {
        Shown::line(format!(
            "{} recordings, {} rows of {} features; {} taken from before, {} failed",
            self.recordings, self.rows, self.features, self.reused, self.failed
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::tests::assert_well_formed;

    fn table() -> Table {
        let words = |words: [&str; 3]| Column::Text(words.map(|w| Some(w.to_string())).to_vec());
        Table {
            columns: vec![
                ("file".into(), words(["<a>", "b", "c"])),
                ("nothing".into(), Column::Text(vec![None; 3])),
                ("emotion".into(), words(["sad", "angry", "sad"])),
                (
                    "f0_hz_mean".into(),
                    Column::Float(vec![110.0, f32::NAN, 220.5]),
                ),
            ],
            metadata: [("sentire.sets".to_string(), "rich".to_string())].into(),
        }
    }

    #[test]
    fn a_table_shows_its_first_rows_and_what_it_knows() {
        let html = table().shown().html;
        assert_well_formed(&html, &[]);
        assert!(html.contains("&lt;a&gt;") && !html.contains("nothing"));
        let text = table().shown().plain;
        assert!(
            text.starts_with("file  emotion  f0_hz_mean\n<a>   sad      110\n"),
            "{text}"
        );
        assert!(
            text.ends_with("3 rows, 4 columns, of which the first that hold something"),
            "{text}"
        );
    }

    #[test]
    fn figures_of_columns_name_what_they_show() {
        let figure = table().plot_distribution("f0_hz_mean", "emotion").unwrap();
        assert!(figure.svg().contains(">\nangry\n") && figure.svg().contains(">\nsad\n"));
        assert!(figure.title().contains("(Hz)"), "{}", figure.title());
        let counts = table().plot_counts("emotion").unwrap();
        assert!(counts.svg().contains(">\n2\n"), "{}", counts.svg());
        let error = table().plot_distribution("emotion", "file").unwrap_err();
        assert_eq!(
            error.to_string(),
            "column `emotion` holds words; expected numbers"
        );
    }
}
