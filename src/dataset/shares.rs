//! Labels that are shares: in the columns `p_<class>` how large a part of the raters chose each class.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ndarray::Array2;

use super::numbers::numbers;
use crate::error::{Error, Result};
use crate::table::Table;

/// What the names of the columns begin with.
const PREFIX: &str = "p_";

/// The shares of one table.
#[derive(Debug, PartialEq)]
pub(super) struct Shares {
    /// The classes of all tables, sorted.
    pub names: Vec<String>,
    /// Of each row its shares, in the order of `names`, which sum to 1; `None` where any is missing, where all are 0, or
    /// where no class has the largest alone.
    pub rows: Vec<Option<Vec<f64>>>,
}

impl Shares {
    /// The class with the largest share of a row.
    pub fn majority(&self, row: usize) -> Option<&str> {
        let shares = self.rows[row].as_ref()?;
        Some(&self.names[largest(shares)])
    }
}

/// The place of the largest; the first one on ties.
pub(super) fn largest(shares: &[f64]) -> usize {
    let larger = |best, at| if shares[at] > shares[best] { at } else { best };
    (0..shares.len()).reduce(larger).unwrap_or(0)
}

/// The shares of each table, whose classes are those of all of them. An error if a table has less than two columns of
/// shares, or a cell that is none.
pub(super) fn shares(tables: &[(&Path, &Table)]) -> Result<Vec<Shares>> {
    let of_tables: Vec<BTreeMap<String, Vec<f64>>> =
        tables.iter().map(columns).collect::<Result<_>>()?;
    let names: BTreeSet<&String> = of_tables.iter().flat_map(BTreeMap::keys).collect();
    let of_table = |((_, table), columns): (&(&Path, &Table), &BTreeMap<String, Vec<f64>>)| {
        let share = |name: &&String, row: usize| columns.get(*name).map_or(0.0, |c| c[row]);
        let row = |row: usize| of_row(names.iter().map(|name| share(name, row)).collect());
        Shares {
            names: names.iter().map(|&name| name.clone()).collect(),
            rows: (0..table.rows()).map(row).collect(),
        }
    };
    Ok(tables.iter().zip(&of_tables).map(of_table).collect())
}

/// The shares of `classes` classes, given those of others: `place` says which of them each becomes, if any. They sum to 1
/// in a row.
pub(super) fn regrouped(
    shares: &Array2<f64>,
    classes: usize,
    place: impl Fn(usize) -> Option<usize>,
) -> Array2<f64> {
    let mut regrouped = Array2::zeros((shares.nrows(), classes));
    for (class, column) in shares.columns().into_iter().enumerate() {
        if let Some(place) = place(class) {
            regrouped.column_mut(place).scaled_add(1.0, &column);
        }
    }
    for mut row in regrouped.rows_mut() {
        let sum = row.sum();
        row.mapv_inplace(|share| share / sum);
    }
    regrouped
}

/// Whether every table has columns of shares.
pub(super) fn are_in(tables: &[(&Path, &Table)]) -> bool {
    tables.iter().all(|(_, table)| classes(table).count() >= 2)
}

/// The classes that a table has shares of.
fn classes(table: &Table) -> impl Iterator<Item = &str> {
    let features = table.feature_names().unwrap_or_default();
    let features: BTreeSet<String> = features.into_iter().collect();
    let names = table.columns.iter().map(|(name, _)| name.as_str());
    names
        .filter(move |name| !features.contains(*name))
        .filter_map(|name| name.strip_prefix(PREFIX))
        .filter(|class| !class.is_empty())
}

/// The numbers of each class.
fn columns((path, table): &(&Path, &Table)) -> Result<BTreeMap<String, Vec<f64>>> {
    let wrong = |reason: String| Error::Table {
        path: path.to_path_buf(),
        reason,
    };
    let of_class = |class: &str| {
        let name = format!("{PREFIX}{class}");
        let column = table.column(&name).expect("it is a column of this table");
        let unlike = |what: &str| {
            wrong(format!(
                "column `{name}` holds {what}; expected the share of raters who chose {class}: a number from 0"
            ))
        };
        let numbers = numbers(column).map_err(|word| unlike(&format!("{word:?}")))?;
        match numbers.iter().find(|&&share| share < 0.0) {
            Some(share) => Err(unlike(&share.to_string())),
            None => Ok((class.to_string(), numbers)),
        }
    };
    let columns: BTreeMap<_, _> = classes(table).map(of_class).collect::<Result<_>>()?;
    match columns.len() {
        n @ (0 | 1) => Err(wrong(format!(
            "has {n} columns `{PREFIX}<class>` that are not features; --task shares wants at least 2"
        ))),
        _ => Ok(columns),
    }
}

/// Shares that sum to 1, of which one is the largest.
fn of_row(mut shares: Vec<f64>) -> Option<Vec<f64>> {
    let sum: f64 = shares.iter().sum();
    let most = shares.iter().copied().fold(0.0, f64::max);
    let alone = shares.iter().filter(|&&share| share == most).count() == 1;
    let are_shares = sum.is_finite() && sum > 0.0 && alone;
    shares.iter_mut().for_each(|share| *share /= sum);
    are_shares.then_some(shares)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    fn table(columns: &[(&str, &[f64])]) -> Table {
        let column =
            |&(name, cells): &(&str, &[f64])| (name.into(), Column::Double(cells.to_vec()));
        Table {
            columns: columns.iter().map(column).collect(),
            ..Table::default()
        }
    }

    #[test]
    fn counts_become_shares_and_rows_without_a_majority_have_none() {
        let one = table(&[
            ("p_sad", &[3.0, 2.0, f64::NAN, 0.0]),
            ("p_angry", &[1.0, 2.0, 1.0, 0.0]),
        ]);
        let two = table(&[("p_sad", &[0.2]), ("p_happy", &[0.8])]);
        let tables: [(&Path, &Table); 2] = [("a".as_ref(), &one), ("b".as_ref(), &two)];
        let found = shares(&tables).unwrap();
        assert_eq!(found[0].names, ["angry", "happy", "sad"]);
        assert_eq!(
            found[0].rows,
            [Some(vec![0.25, 0.0, 0.75]), None, None, None]
        );
        assert_eq!(found[1].rows, [Some(vec![0.0, 0.8, 0.2])]);
        assert_eq!(found[0].majority(0), Some("sad"));
        assert_eq!(found[1].majority(0), Some("happy"));
    }

    #[test]
    fn what_is_no_share_is_refused() {
        let say = |table: Table| {
            let tables: [(&Path, &Table); 1] = [("t.parquet".as_ref(), &table)];
            shares(&tables).unwrap_err().to_string()
        };
        assert!(say(table(&[("p_sad", &[1.0])])).contains("1 columns `p_<class>`"));
        let negative = say(table(&[("p_sad", &[1.0]), ("p_angry", &[-0.5])]));
        assert!(negative.contains("`p_angry` holds -0.5"), "{negative}");
    }
}
