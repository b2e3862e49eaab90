//! Turns a [`FoldSpec`] into folds of rows.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::dataset::{Dataset, Target};
use crate::error::{Error, Result};
use crate::evaluate::FoldSpec;
use crate::split::{self, Fold};

/// The folds of prepared rows.
pub fn folds(data: &Dataset, spec: &FoldSpec) -> Result<Vec<Fold>> {
    let folds = match spec {
        FoldSpec::Loso => split::loso(&data.speakers)?,
        FoldSpec::K(k) => k_folds(data, *k)?,
        FoldSpec::Split => {
            let marks: Vec<_> = data.rows.iter().map(|row| row.split.as_deref()).collect();
            vec![split::marked(&marks)?]
        }
        FoldSpec::Corpus => data
            .corpora
            .iter()
            .map(|name| held_out(data, name))
            .collect(),
        FoldSpec::TestCorpus(name) => vec![held_out(data, name)],
    };
    let folds = without_copies_to_test(data, folds);
    if folds.is_empty() {
        return Err(Error::Data(
            "all rows to test on are of copies (column `augment`); expected some of the recordings themselves".into(),
        ));
    }
    match folds
        .iter()
        .find(|fold| fold.train.is_empty() || fold.test.is_empty())
    {
        None => Ok(folds),
        Some(fold) => Err(Error::Data(format!(
            "fold {}: {} recordings to train on, {} to test on; expected some of both",
            fold.name,
            data.recording_count(fold.train.iter().copied()),
            data.recording_count(fold.test.iter().copied())
        ))),
    }
}

/// A copy of a recording is on its side, and counts in training alone; a fold that would test nothing but copies is none.
fn without_copies_to_test(data: &Dataset, mut folds: Vec<Fold>) -> Vec<Fold> {
    folds.retain_mut(|fold| {
        let was_empty = fold.test.is_empty();
        fold.test.retain(|&row| !data.is_copy(row));
        was_empty || !fold.test.is_empty()
    });
    folds
}

/// Trains on every row that is not of this corpus.
fn held_out(data: &Dataset, corpus: &str) -> Fold {
    let is_of = |row: &usize| data.rows[*row].corpus.as_deref() == Some(corpus);
    let (test, train) = (0..data.len()).partition(is_of);
    Fold {
        name: corpus.into(),
        train,
        test,
    }
}

/// The rows of classes that all corpora have; where one corpus is the test, that it shares with the
/// others together. `None`, all rows, where no corpus is held out.
pub fn shared_classes(data: &Dataset, spec: &FoldSpec) -> Result<Option<Vec<usize>>> {
    let (needs_all, test) = match spec {
        FoldSpec::Corpus => (true, None),
        FoldSpec::TestCorpus(name) => (false, Some(name)),
        FoldSpec::Loso | FoldSpec::K(_) | FoldSpec::Split => return Ok(None),
    };
    if data.corpora.len() < 2 || test.is_some_and(|name| !data.corpora.contains(name)) {
        return Err(Error::Data(format!(
            "the tables hold {}; expected at least two corpora{}",
            match &data.corpora[..] {
                [] => "no corpus that is named (column `corpus`)".to_string(),
                corpora => format!("the corpora {}", corpora.join(", ")),
            },
            test.map_or(String::new(), |name| format!(", one of them {name:?}")),
        )));
    }
    let y = match &data.target {
        Target::Classes(classes) => &classes.y,
        // Every corpus has numbers.
        Target::Values(_) => {
            let is_of_corpus = |&row: &usize| data.rows[row].corpus.is_some();
            return Ok(Some((0..data.len()).filter(is_of_corpus).collect()));
        }
    };
    let classes_of = |is_of: &dyn Fn(&str) -> bool| -> BTreeSet<usize> {
        let rows = data.rows.iter().zip(y);
        let of = rows.filter(|(row, _)| row.corpus.as_deref().is_some_and(is_of));
        of.map(|(_, &class)| class).collect()
    };
    let shared: BTreeSet<usize> = if needs_all {
        let each = data
            .corpora
            .iter()
            .map(|name| classes_of(&|corpus| corpus == name));
        each.reduce(|a, b| &a & &b).unwrap_or_default()
    } else {
        let name = test.expect("one is the test");
        &classes_of(&|corpus| corpus == name) & &classes_of(&|corpus| corpus != name)
    };
    if shared.len() < 2 {
        return Err(Error::Data(format!(
            "the corpora {} share {} of their classes; expected at least 2 (--map FROM=TO joins classes)",
            data.corpora.join(", "),
            shared.len()
        )));
    }
    let rows: Vec<usize> = (0..data.len())
        .filter(|&row| shared.contains(&y[row]) && data.rows[row].corpus.is_some())
        .collect();
    Ok(Some(rows))
}

/// `k` folds of recordings at random, each class spread evenly, or low and high numbers: what ignores speakers.
pub fn random(data: &Dataset, k: usize, seed: u64) -> Vec<Fold> {
    let mut recordings = data.by_recording(&(0..data.len()).collect::<Vec<_>>());
    recordings.retain(|rows| !data.is_copy(rows[0]));
    recordings.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    // Stable: within a class the order stays random.
    match &data.target {
        Target::Classes(classes) => recordings.sort_by_key(|rows| classes.y[rows[0]]),
        Target::Values(values) => {
            let first = |rows: &[usize]| values.y[(rows[0], 0)];
            recordings.sort_by(|a, b| first(a).total_cmp(&first(b)));
        }
    }
    let fold = |number: usize| {
        let is_test = |at: &usize| at % k == number;
        let rows = |test: bool| {
            let places = (0..recordings.len()).filter(|at| is_test(at) == test);
            let mut rows: Vec<usize> = places.flat_map(|at| recordings[at].clone()).collect();
            rows.sort_unstable();
            rows
        };
        Fold {
            name: (number + 1).to_string(),
            train: rows(false),
            test: rows(true),
        }
    };
    (0..k).map(fold).collect()
}

/// Folds with about as many recordings each, however many windows these have.
fn k_folds(data: &Dataset, k: usize) -> Result<Vec<Fold>> {
    let recordings = data.by_recording(&(0..data.len()).collect::<Vec<_>>());
    let speaker = |rows: &Vec<usize>| data.speakers[rows[0]].clone();
    let speakers: Vec<Option<String>> = recordings.iter().map(speaker).collect();
    let rows = |of: &[usize]| {
        let mut rows: Vec<usize> = of
            .iter()
            .flat_map(|&place| &recordings[place])
            .copied()
            .collect();
        rows.sort_unstable();
        rows
    };
    let folds = split::grouped_k_fold(&speakers, k)?.into_iter();
    Ok(folds
        .map(|fold| Fold {
            train: rows(&fold.train),
            test: rows(&fold.test),
            name: fold.name,
        })
        .collect())
}
