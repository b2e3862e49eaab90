//! Tables as charts want them: joined with predictions, and stacked.

use polars::prelude::*;

use super::polars;
use crate::error::{Error, Result};
use crate::table::schema::{FILE, LARGEST, PART, PROBABILITY};
use crate::table::{self, FEATURES_KEY, Table};

/// Columns for the time of the work: the number of a row, and that of its match.
const ROW: &str = ".row";
const MATCH: &str = ".match";

/// A feature of the other table, while it is held against ours.
fn of_other(name: &str) -> String {
    format!(".other.{name}")
}

impl Table {
    /// The table with the columns of `other` beside it, in the rows of the same file, start and end; nothing
    /// there where `other` has no such row. Columns that both have are this table's; a feature that both have must have the same
    /// values in both, as one of two sets that share a name would be lost otherwise.
    pub fn joined(&self, other: &Table) -> Result<Table> {
        // Rows speak of the same where these columns are equal, as far as both tables have them.
        let has_keys = |table: &Table, key: &&str| table.column(key).is_some();
        let keys = PART.into_iter();
        let keys: Vec<&str> = keys
            .filter(|key| has_keys(self, key) && has_keys(other, key))
            .collect();
        if keys.first() != Some(&FILE) {
            return Err(Error::Data(
                "tables are joined by their column `file`, and one of these has none".into(),
            ));
        }
        let is_new = |name: &String| keys.contains(&name.as_str()) || self.column(name).is_none();
        let names: Vec<&str> = other
            .flat()
            .filter(|(name, _)| is_new(name))
            .map(|(name, _)| name.as_str())
            .collect();
        let (ours, theirs) = (self.feature_names(), other.feature_names());
        let theirs = theirs.unwrap_or_default();
        let mut shared = ours.unwrap_or_default();
        shared.retain(|name| theirs.contains(name) && other.flat().any(|(n, _)| n == name));
        let mut right = other.select_columns(&names)?;
        for name in &shared {
            let column = other.column(name).cloned();
            right
                .columns
                .extend(column.map(|column| (of_other(name), column)));
        }
        let marked = |table: &Table, mark: &str| -> Result<LazyFrame> {
            let frame = table.to_frame()?.with_row_index(mark.into(), None);
            Ok(frame.map_err(polars)?.lazy())
        };
        let right = marked(&right, MATCH)?;
        let on: Vec<Expr> = keys.iter().map(|key| col(*key)).collect();
        // Lines that name no channel have none in both.
        let how = JoinArgs {
            nulls_equal: true,
            ..JoinArgs::new(JoinType::Left)
        };
        let joined = marked(self, ROW)?
            .join(right, &on, &on, how)
            .sort([ROW], SortMultipleOptions::default())
            .collect()
            .map_err(polars)?;
        let matches = joined.column(MATCH).map_err(polars)?;
        if matches.null_count() == self.rows() && self.rows() > 0 {
            return Err(Error::Data(format!(
                "no row of one table has the {} of a row of the other; expected tables of the same recordings, cut alike",
                keys.join(", ")
            )));
        }
        if joined.height() != self.rows() {
            return Err(Error::Data(format!(
                "the table that is joined has several rows with the same {}",
                keys.join(", ")
            )));
        }
        let mut joined = Table::from_frame(&joined.drop_many([ROW, MATCH]))?;
        for name in &shared {
            self.check_same(&joined, name)?;
        }
        let doubled: Vec<String> = shared.iter().map(|name| of_other(name)).collect();
        joined.columns.retain(|(name, _)| !doubled.contains(name));
        Ok(Table {
            metadata: self.flat_metadata(),
            ..joined
        })
    }

    /// An error where a feature of two tables that were joined has different values in them.
    fn check_same(&self, joined: &Table, name: &str) -> Result<()> {
        let (ours, theirs) = (joined.numbers(name)?, joined.numbers(&of_other(name))?);
        let differ =
            |(a, b): (&f64, &f64)| a.is_finite() && b.is_finite() && *a as f32 != *b as f32;
        match ours.iter().zip(&theirs).position(differ) {
            None => Ok(()),
            Some(row) => Err(Error::Data(format!(
                "both tables have the feature `{name}`, with different values ({} and {} for {}); a table holds one of a name: export the \
                 columns of one that the other has not (--columns), and join these",
                ours[row],
                theirs[row],
                joined.words(FILE)?[row]
            ))),
        }
    }

    /// The table stacked, as charts want it: a row for each row and feature, with the feature's name in a
    /// column `feature` and its value in a column `value`; in a table of predictions for each row and
    /// class, in columns `class` and `probability`.
    pub fn stacked(&self) -> Result<Table> {
        let features = self.feature_names().unwrap_or_default();
        let floats = || {
            self.flat().filter_map(|(name, column)| match column {
                // Other programs make doubles of floats.
                table::Column::Float(_) | table::Column::Double(_) => Some(name.clone()),
                _ => None,
            })
        };
        let features: Vec<String> = floats().filter(|name| features.contains(name)).collect();
        let classes: Vec<String> = floats()
            .filter(|name| name.starts_with(PROBABILITY))
            .collect();
        let (stacked, name, value) = match (features.is_empty(), classes.is_empty()) {
            (false, _) => (features, "feature", "value"),
            (true, false) => (classes, "class", "probability"),
            (true, true) => {
                return Err(Error::Data(
                    "there is nothing to stack: no feature and no probability of a class (`p_...`) among the columns".into(),
                ));
            }
        };
        // One of the manifest's own. (The largest probability, of predictions, is left out below.)
        let made = [name, value].into_iter().filter(|made| *made != LARGEST);
        let mut taken = made.filter(|made| self.flat().any(|(column, _)| column == made));
        if let Some(taken) = taken.next() {
            return Err(Error::Usage(format!(
                "the table has a column `{taken}`, which stacked rows have, too; rename it in the manifest, or by `export --rename`"
            )));
        }
        // The largest probability of a row is among those that are stacked, under the same name.
        let mut own = self.clone();
        own.columns.retain(|(name, _)| name != value);
        let index: Vec<&str> = own
            .flat()
            .filter(|(name, _)| !stacked.contains(name))
            .map(|(name, _)| name.as_str())
            .collect();
        let long = own
            .to_frame()?
            .with_row_index(ROW.into(), None)
            .map_err(polars)?
            .lazy()
            .unpivot(UnpivotArgsDSL {
                on: Some(cols(stacked)),
                index: cols(index.into_iter().chain([ROW])),
                variable_name: Some(name.into()),
                value_name: Some(value.into()),
            })
            // The values of a row together, in the order of the columns.
            .sort(
                [ROW],
                SortMultipleOptions::default().with_maintain_order(true),
            )
            .collect()
            .map_err(polars)?
            .drop_many([ROW]);
        let mut long = Table::from_frame(&long)?;
        if name == "class" {
            for (column, values) in &mut long.columns {
                if let (true, table::Column::Text(classes)) = (column == name, values) {
                    for class in classes.iter_mut().flatten() {
                        *class = class.trim_start_matches(PROBABILITY).to_string();
                    }
                }
            }
        }
        long.metadata = self.flat_metadata();
        long.metadata.remove(FEATURES_KEY);
        Ok(long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    fn words(words: &[&str]) -> Column {
        Column::Text(words.iter().map(|w| Some(w.to_string())).collect())
    }

    fn features() -> Table {
        Table {
            columns: vec![
                ("file".into(), words(&["a", "b", "c"])),
                ("start".into(), Column::Double(vec![0.0; 3])),
                ("emotion".into(), words(&["sad", "angry", "sad"])),
                ("f0".into(), Column::Float(vec![1.0, f32::NAN, 3.0])),
                ("rms".into(), Column::Float(vec![4.0, 5.0, 6.0])),
            ],
            metadata: [(FEATURES_KEY.to_string(), r#"["f0","rms"]"#.to_string())].into(),
        }
    }

    #[test]
    fn columns_that_stacked_rows_make_are_not_there_before() {
        for (mut table, name) in [
            (features(), "feature"),
            (features(), "value"),
            (predictions(), "class"),
        ] {
            let own = table.columns[0].1.clone();
            table.columns.push((name.into(), own));
            let refused = table.stacked().unwrap_err().to_string();
            assert!(refused.contains(&format!("a column `{name}`")), "{refused}");
        }
    }

    fn predictions() -> Table {
        Table {
            columns: vec![
                ("file".into(), words(&["c", "a"])),
                ("emotion".into(), words(&["x", "y"])),
                ("label".into(), words(&["sad", "angry"])),
                ("p_angry".into(), Column::Float(vec![0.2, 0.9])),
                ("p_sad".into(), Column::Float(vec![0.8, 0.1])),
            ],
            ..Table::default()
        }
    }

    #[test]
    fn a_join_keeps_every_row_and_its_own_columns() {
        let joined = features().joined(&predictions()).unwrap();
        let names: Vec<&str> = joined
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "file", "start", "emotion", "f0", "rms", "label", "p_angry", "p_sad"
            ]
        );
        let some = |word: &str| Some(word.to_string());
        assert_eq!(
            joined.text("label").unwrap(),
            [some("angry"), None, some("sad")]
        );
        assert_eq!(joined.text("emotion").unwrap()[0], some("sad"));
        assert_eq!(joined.feature_names().unwrap(), ["f0", "rms"]);
        let mut others = predictions();
        others.columns[0].1 = words(&["x", "y"]);
        let error = features().joined(&others).unwrap_err().to_string();
        assert!(
            error.contains("no row of one table has the file"),
            "{error}"
        );
        others.columns[0].1 = words(&["a", "a"]);
        let error = features().joined(&others).unwrap_err().to_string();
        assert!(error.contains("several rows with the same file"), "{error}");
    }

    #[test]
    fn a_feature_that_both_tables_have_is_the_same_in_both_or_refused() {
        let mut other = features().select_columns(&["file", "rms"]).unwrap();
        other
            .columns
            .push(("hnr".into(), Column::Float(vec![7.0; 3])));
        let key = FEATURES_KEY.to_string();
        other.metadata.insert(key, r#"["rms","hnr"]"#.into());
        let joined = features().joined(&other).unwrap();
        let names: Vec<&str> = joined
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["file", "start", "emotion", "f0", "rms", "hnr"]);
        other.columns[1].1 = Column::Float(vec![4.0, 5.5, 6.0]);
        let refused = features().joined(&other).unwrap_err().to_string();
        assert!(
            refused.contains("feature `rms`, with different values (5 and 5.5 for b)"),
            "{refused}"
        );
    }

    #[test]
    fn stacked_features_are_a_row_each() {
        let long = features().stacked().unwrap();
        let word = |column: &str, row: usize| long.text(column).unwrap()[row].clone().unwrap();
        assert_eq!(long.rows(), 6);
        let values = long.numbers("value").unwrap();
        let shown: Vec<(String, String, f64)> = (0..6)
            .map(|row| (word("file", row), word("feature", row), values[row]))
            .collect();
        assert_eq!(shown[0], ("a".into(), "f0".into(), 1.0));
        assert_eq!(shown[3], ("b".into(), "rms".into(), 5.0));
        assert!(values[2].is_nan());
        assert!(long.feature_names().is_none());
    }

    #[test]
    fn stacked_predictions_are_a_row_for_each_class() {
        let long = predictions().stacked().unwrap();
        let classes: Vec<&str> = long
            .text("class")
            .unwrap()
            .iter()
            .flatten()
            .map(String::as_str)
            .collect();
        assert_eq!(classes, ["angry", "sad", "angry", "sad"]);
        let p = long.numbers("probability").unwrap();
        assert!((p[3] - 0.1).abs() < 1e-6);
        let error = predictions().select_columns(&["file"]).unwrap().stacked();
        assert!(error.unwrap_err().to_string().contains("nothing to stack"));
    }
}
