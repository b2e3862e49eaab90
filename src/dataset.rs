//! A table as a learner sees it: features, labels, speakers.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use ndarray::{Array2, ArrayView2};

use crate::catalogue::SETS_KEY;
use crate::error::{Error, Result};
use crate::split;
use crate::table::part::Parts;
use crate::table::schema::{
    AUDIO_HASH, CORPUS, LABEL_ORIGINAL, OF_WINDOWS, SEX, SPEAKER, SPLIT, TEXT,
};
use crate::table::{Column, Part, Table, is_names_of_features, plain_key};

mod contrast;
mod numbers;
mod shares;
mod target;

pub use contrast::Contrast;
pub use target::{Classes, LabelSpec, Target, Task, Values};

use target::Labels;

/// Rows that can be learned from.
#[derive(Debug, Clone, PartialEq)]
pub struct Dataset {
    /// Rows x features; NaN where missing.
    pub x: Array2<f32>,
    /// What is learned of each row.
    pub target: Target,
    /// Who speaks, `corpus/speaker` where there are several corpora; `None` where unknown.
    pub speakers: Vec<Option<String>>,
    /// Where each row comes from.
    pub rows: Vec<Row>,
    /// The number of the recording, or segment of one, that each row describes. Windows of one
    /// recording share it; elsewhere each row has its own.
    pub recordings: Vec<usize>,
    /// The corpora, sorted.
    pub corpora: Vec<String>,
    /// Names of the features.
    pub feature_names: Vec<String>,
    /// The column that the target comes from, or several, joined by commas.
    pub label: String,
    /// Recordings that were left out because their label is missing.
    pub unlabelled: usize,
    /// The tables' metadata: how the features were made.
    pub metadata: BTreeMap<String, String>,
}

/// Where a row comes from, in the words of its table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Row {
    /// The recording, or the part of one that the manifest lists, for all of its windows; times are NaN where the
    /// table has none.
    pub recording: Part,
    /// Start and end in seconds of this very row: those of the recording, but for windows.
    pub span: [f64; 2],
    /// The corpus.
    pub corpus: Option<String>,
    /// Who speaks, without the corpus.
    pub speaker: Option<String>,
    /// Their sex.
    pub sex: Option<String>,
    /// What is said.
    pub text: Option<String>,
    /// The label in the corpus's own words.
    pub label_original: Option<String>,
    /// BLAKE3 of the recording's samples, of all its channels.
    pub audio_hash: Option<String>,
    /// The part that the column `split` puts it in.
    pub split: Option<String>,
}

impl Row {
    /// The part that this very row describes.
    pub fn part(&self) -> Part {
        let [start, end] = self.span;
        Part {
            start,
            end,
            ..self.recording.clone()
        }
    }
}

/// Metadata that may differ between tables of one dataset: it names the recordings, not how
/// features were made.
const OF_THE_RECORDINGS: [&str; 2] = ["sentire.manifest", "sentire.version"];

/// The columns of words that a [`Row`] has, besides its part.
const WORDS: [&str; 7] = [
    CORPUS,
    SPEAKER,
    SEX,
    TEXT,
    LABEL_ORIGINAL,
    AUDIO_HASH,
    SPLIT,
];

impl Dataset {
    /// Reads the labelled rows of tables that were made alike; `label` is the column to be learned, or several of
    /// numbers, joined by commas. Tables whose metadata were lost are read by [`extract::read_table`](crate::extract::read_table) and come in by
    /// [`from_tables`](Dataset::from_tables).
    pub fn read(paths: &[impl AsRef<Path>], label: impl Into<LabelSpec>) -> Result<Dataset> {
        let tables: Vec<Table> = paths.iter().map(Table::read).collect::<Result<_>>()?;
        let paths = paths.iter().map(AsRef::as_ref);
        Dataset::from_tables(&paths.zip(&tables).collect::<Vec<_>>(), label)
    }

    /// The labelled rows of a table in memory.
    pub fn new(table: &Table, label: impl Into<LabelSpec>) -> Result<Dataset> {
        Dataset::from_tables(&[("the table".as_ref(), table)], label)
    }

    /// The labelled rows of tables that were made alike; the paths stand in error messages.
    pub fn from_tables(tables: &[(&Path, &Table)], label: impl Into<LabelSpec>) -> Result<Dataset> {
        let Some((first_path, first)) = tables.first() else {
            return Err(Error::Data("no table to learn from".into()));
        };
        let feature_names = feature_names(first_path, first)?;
        for (path, table) in &tables[1..] {
            alike(first_path, first, path, table)?;
        }
        let spec: LabelSpec = label.into();
        let (labels, agreement) = target::labels(tables, &spec)?;
        let Labelled {
            rows,
            recordings,
            unlabelled,
        } = labelled(tables, &labels);
        let target = target::target(&labels, &rows, agreement, &spec, first_path)?;
        let index = index(tables, &rows);
        let corpora: BTreeSet<String> = index.iter().filter_map(|row| row.corpus.clone()).collect();
        let named = index
            .iter()
            .map(|row| (row.corpus.as_deref(), row.speaker.as_deref()));
        Ok(Dataset {
            x: matrix(tables, &rows, &feature_names)?,
            target,
            speakers: split::speakers(named),
            rows: index,
            recordings,
            corpora: corpora.into_iter().collect(),
            feature_names,
            label: spec.to_string(),
            unlabelled,
            metadata: first.metadata.clone(),
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The classes, sorted.
    ///
    /// # Panics
    /// Where numbers are learned, as [`target`](Dataset::target) says.
    pub fn classes(&self) -> &[String] {
        &self.of_classes().names
    }

    /// The place in [`classes`](Dataset::classes) of each row's class.
    ///
    /// # Panics
    /// Where numbers are learned.
    pub fn y(&self) -> &[usize] {
        &self.of_classes().y
    }

    fn of_classes(&self) -> &Classes {
        match &self.target {
            Target::Classes(classes) => classes,
            Target::Values(values) => {
                panic!("{} are numbers, not classes", values.names.join(", "))
            }
        }
    }

    /// The same, to be changed.
    ///
    /// # Panics
    /// Where numbers are learned.
    pub fn classes_mut(&mut self) -> &mut Classes {
        match &mut self.target {
            Target::Classes(classes) => classes,
            Target::Values(values) => {
                panic!("{} are numbers, not classes", values.names.join(", "))
            }
        }
    }

    /// Whether labels are shares of raters.
    pub fn has_shares(&self) -> bool {
        matches!(&self.target, Target::Classes(classes) if classes.shares.is_some())
    }

    /// The label of each row, in words.
    pub fn labels(&self) -> Vec<String> {
        self.target.words()
    }

    /// Who speaks in each row, "unknown" where nobody knows.
    pub fn speaker_names(&self) -> Vec<String> {
        let name = |speaker: &Option<String>| speaker.clone().unwrap_or("unknown".into());
        self.speakers.iter().map(name).collect()
    }

    /// The features as a view.
    pub fn view(&self) -> ArrayView2<'_, f32> {
        self.x.view()
    }

    /// The rows `rows`, in that order; classes stay those of the whole.
    pub fn select(&self, rows: &[usize]) -> Dataset {
        Dataset {
            x: self.x.select(ndarray::Axis(0), rows),
            target: self.target.select(rows),
            speakers: rows.iter().map(|&row| self.speakers[row].clone()).collect(),
            rows: rows.iter().map(|&row| self.rows[row].clone()).collect(),
            recordings: rows.iter().map(|&row| self.recordings[row]).collect(),
            corpora: {
                let of_rows = rows
                    .iter()
                    .filter_map(|&row| self.rows[row].corpus.as_ref());
                of_rows
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .cloned()
                    .collect()
            },
            feature_names: self.feature_names.clone(),
            label: self.label.clone(),
            metadata: self.metadata.clone(),
            unlabelled: self.unlabelled,
        }
    }

    /// The same rows, without the classes that none of them has.
    pub fn without_empty_classes(self) -> Dataset {
        let Target::Classes(classes) = &self.target else {
            return self;
        };
        let (names, y) = (&classes.names, &classes.y);
        let occurring: Vec<usize> = (0..names.len()).filter(|class| y.contains(class)).collect();
        let kept = occurring.iter().map(|&class| names[class].clone());
        let regrouped =
            classes.regrouped(kept.collect(), |class| occurring.binary_search(&class).ok());
        Dataset {
            target: Target::Classes(regrouped),
            ..self
        }
    }

    /// The same rows with some classes renamed: each pair is a class and what it is called from now
    /// on; rows of a class that is to be called nothing are left out. An unknown class is an error.
    pub fn with_classes_mapped(self, mapping: &[(String, String)]) -> Result<Dataset> {
        if mapping.is_empty() {
            return Ok(self);
        }
        if let Target::Values(_) = self.target {
            return Err(Error::Usage(format!(
                "--map renames classes, and `{}` holds numbers (--task classes learns them as classes)",
                self.label
            )));
        }
        if let Some((unknown, _)) = mapping
            .iter()
            .find(|(from, _)| !self.classes().contains(from))
        {
            return Err(Error::Usage(format!(
                "--map {unknown}=...: there is no such class; the column `{}` has {}",
                self.label,
                self.classes().join(", ")
            )));
        }
        let called = |class: &String| {
            let mapped = mapping.iter().find(|(from, _)| from == class);
            mapped.map_or(class, |(_, to)| to).clone()
        };
        let called: Vec<String> = self.classes().iter().map(called).collect();
        let kept: Vec<usize> = (0..self.len())
            .filter(|&row| !called[self.y()[row]].is_empty())
            .collect();
        let distinct: BTreeSet<&String> = called.iter().filter(|name| !name.is_empty()).collect();
        let names: Vec<String> = distinct.into_iter().cloned().collect();
        let mut data = self.select(&kept);
        let place = |class: usize| names.binary_search(&called[class]).ok();
        let regrouped = data.of_classes().regrouped(names.clone(), place);
        data.target = Target::Classes(regrouped);
        match data.classes().len() {
            n @ (0 | 1) => Err(Error::Usage(format!(
                "--map leaves {n} class; expected at least 2"
            ))),
            _ => Ok(data),
        }
    }

    /// The rows of `other`, a table of the same recordings, in the order of this one's; what is known
    /// of the recordings, labels too, is as here. A recording that has one row in each table is the same, wherever another program
    /// has it end.
    pub fn aligned(&self, other: &Dataset) -> Result<Dataset> {
        let key = |row: &Row| (row.corpus.clone(), row.part());
        let others = other.rows.iter().map(key).zip(0..);
        let places: HashMap<_, usize> = others.collect();
        let whole = |row: &Row| {
            let of_all = Part {
                start: f64::NAN,
                end: f64::NAN,
                ..row.part()
            };
            (row.corpus.clone(), of_all)
        };
        // How often each recording has a row here and there, and which was the last there.
        let mut rows_of: HashMap<_, ([usize; 2], usize)> = HashMap::new();
        for (side, data) in [self, other].into_iter().enumerate() {
            for (at, row) in data.rows.iter().enumerate() {
                let (counts, place) = rows_of.entry(whole(row)).or_default();
                counts[side] += 1;
                *place = at;
            }
        }
        let alone = |row: &Row| {
            let (counts, place) = rows_of.get(&whole(row))?;
            (*counts == [1, 1]).then_some(*place)
        };
        let place = |row: &Row| {
            let same = places.get(&key(row)).copied();
            same.or_else(|| alone(row)).ok_or_else(|| {
                Error::Data(format!(
                    "{} ({} to {} s) has no row in the other table; a comparison needs the same recordings, and windows, in both",
                    row.recording.file, row.span[0], row.span[1]
                ))
            })
        };
        let rows: Vec<usize> = self.rows.iter().map(place).collect::<Result<_>>()?;
        Ok(Dataset {
            x: other.x.select(ndarray::Axis(0), &rows),
            feature_names: other.feature_names.clone(),
            metadata: other.metadata.clone(),
            ..self.clone()
        })
    }

    /// Number of different speakers; all the unknown ones count as one.
    pub fn speaker_count(&self) -> usize {
        self.speakers.iter().collect::<BTreeSet<_>>().len()
    }

    /// The rows of each recording among `rows`, in the order of their first rows.
    pub fn by_recording(&self, rows: &[usize]) -> Vec<Vec<usize>> {
        let mut place_of = HashMap::new();
        let mut by_recording: Vec<Vec<usize>> = Vec::new();
        for &row in rows {
            let place = *place_of
                .entry(self.recordings[row])
                .or_insert(by_recording.len());
            match by_recording.get_mut(place) {
                Some(others) => others.push(row),
                None => by_recording.push(vec![row]),
            }
        }
        by_recording
    }

    /// Number of different recordings among `rows`, without copies that were made of them.
    pub fn recording_count(&self, rows: impl IntoIterator<Item = usize>) -> usize {
        let recordings = rows.into_iter().filter(|&row| !self.is_copy(row));
        let recordings = recordings.map(|row| self.recordings[row]);
        recordings.collect::<HashSet<_>>().len()
    }

    /// Whether a row is of a copy that was made of a recording ([`Augmentation`](crate::audio::Augmentation)): these are trained on,
    /// and never tested on.
    pub fn is_copy(&self, row: usize) -> bool {
        self.rows[row].recording.augment.is_some()
    }

    /// Whether recordings have several rows, each a window.
    pub fn has_windows(&self) -> bool {
        self.recordings.iter().collect::<HashSet<_>>().len() < self.len()
    }

    /// Number of recordings whose speaker is unknown.
    pub fn speakerless(&self) -> usize {
        self.recording_count((0..self.len()).filter(|&row| self.speakers[row].is_none()))
    }

    /// The names of the feature sets, separated by commas.
    pub fn feature_sets(&self) -> String {
        let sets = self.metadata.get(SETS_KEY).map_or("", String::as_str);
        let name = |versioned: &str| versioned.split('@').next().unwrap_or("").to_string();
        sets.split(',').map(name).collect::<Vec<_>>().join(",")
    }
}

/// The rows of several tables that have a label.
struct Labelled {
    /// The number of its table, and of the row in it.
    rows: Vec<(usize, usize)>,
    /// The recording that each row is of, counted through all tables.
    recordings: Vec<usize>,
    /// How many recordings have none.
    unlabelled: usize,
}

fn labelled(tables: &[(&Path, &Table)], labels: &[Labels]) -> Labelled {
    let (mut rows, mut recordings) = (Vec::new(), Vec::new());
    let mut unlabelled = BTreeSet::new();
    let mut all = 0;
    for (index, ((_, table), labels)) in tables.iter().zip(labels).enumerate() {
        let words: Vec<Option<Cow<str>>> = (0..table.rows()).map(|row| labels.word(row)).collect();
        let of_table = recordings_of(table, &words);
        for (row, recording) in of_table.iter().map(|number| all + number).enumerate() {
            if words[row].is_some() {
                rows.push((index, row));
                recordings.push(recording);
            } else {
                unlabelled.insert(recording);
            }
        }
        all += of_table.iter().max().map_or(0, |last| last + 1);
    }
    Labelled {
        rows,
        recordings,
        unlabelled: unlabelled.len(),
    }
}

/// What the tables tell of these rows beside features and label.
fn index(tables: &[(&Path, &Table)], rows: &[(usize, usize)]) -> Vec<Row> {
    let words = tables.iter().map(|(_, table)| words_of(table));
    let words: Vec<HashMap<&str, Words>> = words.collect();
    let word = |t: usize, row: usize, column: &str| {
        words[t].get(column).and_then(|words| words[row].clone())
    };
    let parts = tables
        .iter()
        .map(|(_, table)| (table.listed_parts(), table.parts()));
    let parts: Vec<(Parts, Parts)> = parts.collect();
    let index_row = |&(t, row): &(usize, usize)| {
        let (listed, own) = &parts[t];
        let own = own.at(row);
        Row {
            recording: listed.at(row),
            span: [own.start, own.end],
            corpus: word(t, row, CORPUS),
            speaker: word(t, row, SPEAKER),
            sex: word(t, row, SEX),
            text: word(t, row, TEXT),
            label_original: word(t, row, LABEL_ORIGINAL),
            audio_hash: word(t, row, AUDIO_HASH),
            split: word(t, row, SPLIT),
        }
    };
    rows.iter().map(index_row).collect()
}

/// The features of these rows.
fn matrix(
    tables: &[(&Path, &Table)],
    rows: &[(usize, usize)],
    feature_names: &[String],
) -> Result<Array2<f32>> {
    let mut x = Array2::zeros((rows.len(), feature_names.len()));
    for (index, (path, table)) in tables.iter().enumerate() {
        let of_table = rows.iter().enumerate().filter(|(_, (t, _))| *t == index);
        let places: Vec<(usize, usize)> = of_table.map(|(place, &(_, row))| (place, row)).collect();
        let by_name: BTreeMap<&str, &Column> =
            table.columns.iter().map(|(n, c)| (n.as_str(), c)).collect();
        for (f, name) in feature_names.iter().enumerate() {
            let column = by_name.get(name.as_str()).copied();
            let values = column.and_then(Column::as_floats);
            let values = values.ok_or_else(|| Error::Table {
                path: path.to_path_buf(),
                reason: format!(
                    "has no feature column {name:?} of numbers, which its metadata list"
                ),
            })?;
            for &(place, row) in &places {
                x[(place, f)] = values[row];
            }
        }
    }
    Ok(x)
}

fn feature_names(path: &Path, table: &Table) -> Result<Vec<String>> {
    let foreign = |reason: &str| Error::Table {
        path: path.to_path_buf(),
        reason: reason.into(),
    };
    let names = table.feature_names().filter(|names| !names.is_empty());
    let names = names.ok_or_else(|| {
        foreign(
            "names no features in its metadata, and none is known by the name of its column; expected a table written by `sentire extract`",
        )
    })?;
    if table
        .metadata
        .get("sentire.level")
        .is_some_and(|level| level != "functionals")
    {
        return Err(foreign(
            "holds a row per frame; expected a row per recording (extract with --level functionals)",
        ));
    }
    Ok(names)
}

/// Which recording each row of a table describes, counted from 0 in the order of first rows.
///
/// Windows belong together by what the manifest said: file, channel, segment, speaker and label. So two
/// labels of one segment are two recordings, and a line that stands twice is one. Without windows
/// each row is its own.
fn recordings_of(table: &Table, labels: &[Option<Cow<str>>]) -> Vec<usize> {
    if OF_WINDOWS.iter().any(|name| table.column(name).is_none()) {
        return (0..table.rows()).collect();
    }
    let words = words_of(table);
    let word = |column: &str, row: usize| words.get(column).and_then(|c| c[row].as_deref());
    let listed = table.listed_parts();
    let mut numbers = HashMap::new();
    (0..table.rows())
        .map(|row| {
            let words = [CORPUS, SPEAKER].map(|column| word(column, row));
            let next = numbers.len();
            *numbers
                .entry((listed.at(row), words, labels[row].as_deref()))
                .or_insert(next)
        })
        .collect()
}

fn alike(first_path: &Path, first: &Table, path: &Path, table: &Table) -> Result<()> {
    let mut keys: Vec<&String> = first.metadata.keys().chain(table.metadata.keys()).collect();
    // Names of features are long, and differ where the sets do: these are told first.
    keys.sort_by_key(|key| (is_names_of_features(key), *key));
    keys.dedup();
    for key in keys
        .into_iter()
        .filter(|key| !OF_THE_RECORDINGS.contains(&key.as_str()))
    {
        let (a, b) = (first.metadata.get(key), table.metadata.get(key));
        if a != b {
            // Names of features would fill the screen.
            let most = if is_names_of_features(key) {
                60
            } else {
                usize::MAX
            };
            let say = |value: Option<&String>| {
                value.map_or("none".to_string(), |v| v.chars().take(most).collect())
            };
            return Err(Error::Table {
                path: path.to_path_buf(),
                reason: format!(
                    "was made with {} {}, but {} with {}; extract both with the same settings",
                    plain_key(key),
                    say(b),
                    first_path.display(),
                    say(a)
                ),
            });
        }
    }
    Ok(())
}

/// A column of words, one for each row.
type Words<'a> = Cow<'a, [Option<String>]>;

/// The columns of words that rows have, as far as the table has them.
fn words_of(table: &Table) -> HashMap<&'static str, Words<'_>> {
    let of_name = |name| Some((name, table.as_words(name)?));
    WORDS.into_iter().filter_map(of_name).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A dataset of nothing but labels.
    pub(crate) fn of_labels(y: &[usize], classes: usize) -> Dataset {
        Dataset {
            x: Array2::zeros((y.len(), 1)),
            target: Target::Classes(Classes {
                names: (0..classes).map(|class| format!("class {class}")).collect(),
                y: y.to_vec(),
                shares: None,
            }),
            speakers: vec![None; y.len()],
            rows: vec![Row::default(); y.len()],
            recordings: (0..y.len()).collect(),
            corpora: Vec::new(),
            feature_names: vec!["f".into()],
            label: "emotion".into(),
            unlabelled: 0,
            metadata: BTreeMap::new(),
        }
    }
    use crate::table::FEATURES_KEY;

    /// File, speaker, emotion and the two features of a row.
    type Cells = (
        &'static str,
        Option<&'static str>,
        Option<&'static str>,
        [f32; 2],
    );

    /// A table of two features with these words.
    fn table(rows: &[Cells], corpus: &str) -> Table {
        let text =
            |f: &dyn Fn(usize) -> Option<String>| Column::Text((0..rows.len()).map(f).collect());
        Table {
            columns: vec![
                ("file".into(), text(&|i| Some(rows[i].0.to_string()))),
                ("corpus".into(), text(&|_| Some(corpus.to_string()))),
                ("speaker".into(), text(&|i| rows[i].1.map(str::to_string))),
                ("emotion".into(), text(&|i| rows[i].2.map(str::to_string))),
                (
                    "a".into(),
                    Column::Float(rows.iter().map(|row| row.3[0]).collect()),
                ),
                (
                    "b".into(),
                    Column::Float(rows.iter().map(|row| row.3[1]).collect()),
                ),
            ],
            metadata: [(FEATURES_KEY.to_string(), r#"["b","a"]"#.to_string())].into(),
        }
    }

    #[test]
    fn labelled_rows_and_listed_features_make_a_dataset() {
        let rows = [
            ("1.wav", Some("x"), Some("sad"), [1.0, 2.0]),
            ("2.wav", None, Some("angry"), [3.0, f32::NAN]),
            ("3.wav", Some("x"), None, [5.0, 6.0]),
        ];
        let data = Dataset::new(&table(&rows, "one"), "emotion").unwrap();
        assert_eq!(data.classes(), ["angry", "sad"]);
        assert_eq!(data.y(), [1, 0]);
        let files = data.rows.iter().map(|row| row.recording.file.as_str());
        let files: Vec<&str> = files.collect();
        assert_eq!(files, ["1.wav", "2.wav"]);
        assert_eq!(data.speakers, [Some("x".to_string()), None]);
        assert_eq!(
            (data.unlabelled, data.speakerless(), data.speaker_count()),
            (1, 1, 2)
        );
        assert_eq!(data.feature_names, ["b", "a"]);
        assert_eq!(data.x[(0, 0)], 2.0);
        assert!(data.x[(1, 0)].is_nan());
    }

    #[test]
    fn speakers_of_two_corpora_are_told_apart() {
        let rows = [
            ("1.wav", Some("01"), Some("sad"), [1.0, 2.0]),
            ("2.wav", Some("01"), Some("angry"), [3.0, 4.0]),
        ];
        let (one, two) = (table(&rows, "one"), table(&rows, "two"));
        let tables: [(&Path, &Table); 2] = [("a".as_ref(), &one), ("b".as_ref(), &two)];
        let data = Dataset::from_tables(&tables, "emotion").unwrap();
        assert_eq!(data.speaker_count(), 2);
        assert_eq!(data.speakers[3].as_deref(), Some("two/01"));
        assert_eq!(data.x[(3, 1)], 3.0);
    }

    #[test]
    fn what_cannot_be_learned_from_is_refused() {
        let rows = [("1.wav", Some("x"), Some("sad"), [1.0, 2.0])];
        let say = |table: Table, label: &str| {
            Dataset::from_tables(&[("t.parquet".as_ref(), &table)], label)
                .unwrap_err()
                .to_string()
        };
        assert!(say(table(&rows, "one"), "emotion").contains("one class (sad) in 1 labelled rows"));
        assert!(
            say(table(&rows, "one"), "mood")
                .contains("no text column `mood`; it has: file, corpus")
        );
        assert!(
            say(
                Table {
                    metadata: BTreeMap::new(),
                    ..table(&rows, "one")
                },
                "emotion"
            )
            .contains("names no features")
        );
    }
}
