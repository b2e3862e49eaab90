//! Tables of features that went through another program. pandas, polars, DuckDB and Spark keep columns and drop the
//! metadata that name the features among them; but features are named as no other column is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::path::Path;

use crate::audio::Segmentation;
use crate::catalogue::{self, FeatureSet, SETS};
use crate::error::Result;
use crate::extract::Settings;
use crate::table::schema::{END, FILE, OF_WINDOWS, START};
use crate::table::{Column, FEATURES_KEY, Table};

/// What was told of a table by the names of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognised {
    /// How many features it has.
    pub features: usize,
    /// Of these sets, in the order of their columns.
    pub sets: Vec<FeatureSet>,
    /// How many of the features of these sets it has not.
    pub missing: usize,
    /// The metadata that it is taken to have: this program's defaults, but for windows, which its rows tell.
    pub assumed: BTreeMap<String, String>,
}

/// Reads a whole table, as [`Table::read`] does. Where its metadata name no features, columns of numbers are taken
/// for the features that they are named as, and lists of as many numbers for views.
pub fn read_table(path: impl AsRef<Path>) -> Result<(Table, Option<Recognised>)> {
    let all = Settings {
        sets: SETS.to_vec(),
        ..Settings::default()
    };
    let mut table = Table::read_with_views(path, &all.views())?;
    let recognised = recognise(&mut table);
    Ok((table, recognised))
}

/// Adds to the metadata of `table` what its columns tell, if they are named as features and no metadata name any.
fn recognise(table: &mut Table) -> Option<Recognised> {
    if table.metadata.contains_key(FEATURES_KEY) {
        return None;
    }
    let is_number = |column: &Column| !matches!(column, Column::Text(_) | Column::Bool(_));
    let numbers = table.columns.iter().enumerate();
    let numbers = numbers.filter(|(_, (_, column))| is_number(column));
    let places: HashMap<&str, usize> = numbers
        .map(|(place, (name, _))| (name.as_str(), place))
        .collect();
    // By the place of the first column of each.
    let mut found: BTreeMap<usize, (FeatureSet, Vec<String>)> = BTreeMap::new();
    let mut missing = 0;
    let mut taken: BTreeSet<String> = BTreeSet::new();
    for (set, names) in candidates(&places) {
        // What several sets name alike is of the first of them.
        let lacks = set.columns().len() - names.len();
        let names: Vec<String> = names
            .into_iter()
            .filter(|name| !taken.contains(name))
            .collect();
        let first = names.iter().map(|name| places[name.as_str()]).min();
        let Some(first) = first else { continue };
        missing += lacks;
        taken.extend(names.iter().cloned());
        found.insert(first, (set, names));
    }
    if found.is_empty() {
        return None;
    }
    let (sets, names): (Vec<FeatureSet>, Vec<Vec<String>>) = found.into_values().unzip();
    let features = names.concat();
    let settings = Settings {
        sets: sets.clone(),
        segmentation: segmentation_of(table),
        ..Settings::default()
    };
    let mut assumed = settings.to_metadata();
    assumed.retain(|key, _| !table.metadata.contains_key(key));
    let is_feature: BTreeSet<&str> = features.iter().map(String::as_str).collect();
    for (_, column) in table
        .columns
        .iter_mut()
        .filter(|(name, _)| is_feature.contains(name.as_str()))
    {
        if let Some(values) = column.as_floats() {
            *column = Column::Float(values.into_owned());
        }
    }
    let listed = serde_json::to_string(&features).expect("names are plain strings");
    table.metadata.insert(FEATURES_KEY.into(), listed);
    table.metadata.extend(assumed.clone());
    Some(Recognised {
        features: features.len(),
        sets,
        missing,
        assumed,
    })
}

/// The sets that have columns of these names, with the names: first those that are whole, then those that have most of them.
fn candidates(places: &HashMap<&str, usize>) -> Vec<(FeatureSet, Vec<String>)> {
    let named = |column: &catalogue::Column| {
        let names = [column.name_beside_others(), column.name.clone()];
        names
            .into_iter()
            .find(|name| places.contains_key(name.as_str()))
    };
    let of_set = |&set: &FeatureSet| (set, set.columns().iter().filter_map(named).collect());
    let mut candidates: Vec<(FeatureSet, Vec<String>)> = SETS.iter().map(of_set).collect();
    candidates.sort_by_key(|(set, names)| {
        let lacks = set.columns().len() - names.len();
        (lacks > 0, std::cmp::Reverse(names.len()))
    });
    candidates
}

/// The windows that rows are of, if they are of windows: as long as the longest, as far apart as the nearest of one
/// recording, to a tenth of a millisecond, as they begin and end with samples.
fn segmentation_of(table: &Table) -> Segmentation {
    windows_of(table).unwrap_or_default()
}

fn windows_of(table: &Table) -> Option<Segmentation> {
    let numbers = |name: &str| table.numbers(name).ok();
    let of = numbers(OF_WINDOWS[0])?;
    let (starts, ends) = (numbers(START)?, numbers(END)?);
    let files = table.as_words(FILE)?;
    let rounded = |seconds: f64| (seconds * 1e4).round() / 1e4;
    let lengths = starts.iter().zip(&ends).map(|(start, end)| end - start);
    let width_s = rounded(lengths.fold(0.0, f64::max));
    let mut rows: Vec<usize> = (0..table.rows()).collect();
    rows.sort_by(|&a, &b| {
        let by_part = files[a].cmp(&files[b]).then(of[a].total_cmp(&of[b]));
        by_part.then(starts[a].total_cmp(&starts[b]))
    });
    let apart = rows.windows(2).filter(|pair| {
        let [a, b] = [pair[0], pair[1]];
        files[a] == files[b] && of[a] == of[b]
    });
    let steps = apart.map(|pair| starts[pair[1]] - starts[pair[0]]);
    let hop_s = steps
        .filter(|&step| step > 0.0)
        .fold(f64::INFINITY, f64::min);
    let hop_s = Some(rounded(hop_s)).filter(|hop_s| hop_s.is_finite());
    Segmentation::from_flags(Some(width_s), hop_s).ok()
}

/// What is to be said of such a table, behind its name.
impl fmt::Display for Recognised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.sets.iter().map(|set| set.name()).collect();
        write!(
            f,
            "names no features in its metadata, as other programs leave it; {} are known by their names ({}) and taken as extracted",
            self.features,
            names.join(", ")
        )?;
        let of_windows = self.assumed.get("sentire.window").filter(|w| *w != "none");
        match of_windows.zip(self.assumed.get("sentire.hop")) {
            Some((window, hop)) => write!(
                f,
                " with --window {window} --hop {hop} and the defaults otherwise"
            )?,
            None => f.write_str(" with the defaults")?,
        }
        for &set in &self.sets {
            for other in catalogue::look_alikes(set) {
                write!(
                    f,
                    "; {set} has the names of {other}: if it is that, extract anew"
                )?;
            }
        }
        match self.missing {
            0 => Ok(()),
            missing => write!(f, "; {missing} others of these sets are missing"),
        }
    }
}
