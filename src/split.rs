//! Folds, and parts of a corpus, that never split a speaker.

mod parts;

use std::collections::{BTreeMap, BTreeSet};

pub use parts::{PARTS, Shares, parts};

use crate::error::{Error, Result};

/// Rows to train on and rows to test on. In the folds made here no speaker is on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The speaker left out, or the number of the fold.
    pub name: String,
    /// Rows to train on, ascending.
    pub train: Vec<usize>,
    /// Rows to test on, ascending.
    pub test: Vec<usize>,
}

/// The speaker of each row, from its corpus and the speaker's name there: `corpus/speaker` if there are several corpora,
/// because the same name in two corpora means two people.
pub fn speakers<'a>(
    rows: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)> + Clone,
) -> Vec<Option<String>> {
    let corpora: BTreeSet<&str> = rows.clone().filter_map(|(corpus, _)| corpus).collect();
    rows.map(|(corpus, speaker)| match (corpus, speaker?) {
        (Some(corpus), speaker) if corpora.len() > 1 => Some(format!("{corpus}/{speaker}")),
        (_, speaker) => Some(speaker.to_string()),
    })
    .collect()
}

/// Leave one speaker out: a fold per speaker, in the order of their names. Rows without a speaker form one group. An error
/// if there are fewer than two groups.
pub fn loso(speakers: &[Option<String>]) -> Result<Vec<Fold>> {
    let groups = groups(speakers);
    if groups.len() < 2 {
        return Err(too_few(&groups, 2));
    }
    let fold = |(speaker, test): (&Option<String>, &Vec<usize>)| {
        let train = (0..speakers.len())
            .filter(|&row| speakers[row] != *speaker)
            .collect();
        Fold {
            name: speaker.clone().unwrap_or("unknown".into()),
            train,
            test: test.clone(),
        }
    };
    Ok(groups.iter().map(fold).collect())
}

/// `k` folds of whole speakers with about as many rows each.
///
/// Speakers by number of rows descending, ties by name descending, each to the fold with the fewest
/// rows, the first of equals: what scikit-learn's `GroupKFold` does.
pub fn grouped_k_fold(speakers: &[Option<String>], k: usize) -> Result<Vec<Fold>> {
    let groups = groups(speakers);
    if k < 2 {
        return Err(Error::Usage(format!("{k} folds; expected at least 2")));
    }
    if groups.len() < k {
        return Err(too_few(&groups, k));
    }
    let mut order: Vec<(&Option<String>, &Vec<usize>)> = groups.iter().collect();
    order.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then(b.0.cmp(a.0)));
    let mut tests = vec![Vec::new(); k];
    for (_, rows) in order {
        let lightest = (0..k)
            .min_by_key(|&fold| tests[fold].len())
            .expect("k is at least 2");
        tests[lightest].extend(rows);
    }
    let fold = |(index, mut test): (usize, Vec<usize>)| {
        test.sort_unstable();
        let train = (0..speakers.len())
            .filter(|row| test.binary_search(row).is_err())
            .collect();
        Fold {
            name: (index + 1).to_string(),
            train,
            test,
        }
    };
    Ok(tests.into_iter().enumerate().map(fold).collect())
}

/// The single fold of a predefined split: `marks` says which rows are `train` and which are `test`; other rows take no
/// part. The split may come from elsewhere, so the leakage audit has to check that it keeps speakers apart.
pub fn marked(marks: &[Option<&str>]) -> Result<Fold> {
    let rows = |part: &str| -> Vec<usize> {
        (0..marks.len())
            .filter(|&row| marks[row] == Some(part))
            .collect()
    };
    let (train, test) = (rows("train"), rows("test"));
    for (part, rows) in [("train", &train), ("test", &test)] {
        if rows.is_empty() {
            let found: BTreeSet<&str> = marks.iter().copied().flatten().collect();
            let found: Vec<&str> = found.into_iter().take(5).collect();
            let found = if found.is_empty() {
                "nothing".into()
            } else {
                found.join(", ")
            };
            return Err(Error::Data(format!(
                "no row is marked `{part}` in the column `split` (found: {found}); `sentire split` writes that column"
            )));
        }
    }
    Ok(Fold {
        name: "test".into(),
        train,
        test,
    })
}

/// Rows of each speaker, by name.
fn groups(speakers: &[Option<String>]) -> BTreeMap<Option<String>, Vec<usize>> {
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (row, speaker) in speakers.iter().enumerate() {
        groups.entry(speaker.clone()).or_default().push(row);
    }
    groups
}

fn too_few(groups: &BTreeMap<Option<String>, Vec<usize>>, wanted: usize) -> Error {
    let found = groups.len();
    if found == 1 && groups.contains_key(&None) {
        return Error::Data(format!(
            "no row names its speaker, so nobody can be left out; a speaker-independent figure needs at least {wanted} speakers in the \
             column `speaker`"
        ));
    }
    Error::Data(format!(
        "{found} speaker{}{} for {wanted} folds; a speaker-independent figure needs at least as many speakers as folds (column \
         `speaker`)",
        if found == 1 { "" } else { "s" },
        if groups.contains_key(&None) {
            " (all rows that name none counted as one)"
        } else {
            ""
        }
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names(speakers: &[&str]) -> Vec<Option<String>> {
        speakers.iter().map(|s| Some(s.to_string())).collect()
    }

    #[test]
    fn ravdess_in_six_folds_is_as_scikit_learn_makes_it() {
        let speakers: Vec<Option<String>> = (0..1440)
            .map(|row| Some(format!("{:02}", row / 60 + 1)))
            .collect();
        let folds = grouped_k_fold(&speakers, 6).unwrap();
        let actors = |fold: &Fold| -> Vec<usize> {
            let mut actors: Vec<usize> = fold.test.iter().map(|row| row / 60 + 1).collect();
            actors.dedup();
            actors
        };
        assert_eq!(actors(&folds[0]), [6, 12, 18, 24]);
        assert_eq!(actors(&folds[1]), [5, 11, 17, 23]);
        assert_eq!(actors(&folds[5]), [1, 7, 13, 19]);
    }

    #[test]
    fn that_no_speaker_was_given_is_said() {
        let nobody = vec![None; 4];
        for refused in [loso(&nobody), grouped_k_fold(&nobody, 3)] {
            let said = refused.unwrap_err().to_string();
            assert!(said.starts_with("no row names its speaker"), "{said}");
        }
        let some = [Some("a".to_string()), None, None];
        let said = grouped_k_fold(&some, 3).unwrap_err().to_string();
        let begins = "2 speakers (all rows that name none counted as one) for 3 folds";
        assert!(said.starts_with(begins), "{said}");
    }

    #[test]
    fn loso_leaves_each_speaker_out_once() {
        let folds = loso(&[Some("b".into()), None, Some("a".into()), Some("b".into())]).unwrap();
        let read: Vec<_> = folds
            .iter()
            .map(|f| (f.name.as_str(), f.train.clone(), f.test.clone()))
            .collect();
        assert_eq!(
            read,
            [
                ("unknown", vec![0, 2, 3], vec![1]),
                ("a", vec![0, 1, 3], vec![2]),
                ("b", vec![1, 2], vec![0, 3])
            ]
        );
    }

    #[test]
    fn a_marked_fold_takes_train_and_test() {
        let marks =
            ["test", "train", "validation", "", "train"].map(|m| (!m.is_empty()).then_some(m));
        let fold = marked(&marks).unwrap();
        assert_eq!(
            (fold.name.as_str(), fold.train, fold.test),
            ("test", vec![1, 4], vec![0])
        );
        let say = |marks: [Option<&str>; 5]| marked(&marks).unwrap_err().to_string();
        let said = say([Some("dev"), Some("train"), None, None, Some("train")]);
        assert!(
            said.starts_with("no row is marked `test` in the column `split` (found: dev, train)"),
            "{said}"
        );
        assert!(say([None; 5]).contains("(found: nothing)"));
    }

    #[test]
    fn speakers_of_several_corpora_bear_their_names() {
        let rows = [
            (Some("x"), Some("1")),
            (Some("y"), Some("1")),
            (None, Some("1")),
            (Some("x"), None),
        ];
        let one = [rows[0], rows[2]];
        assert_eq!(
            speakers(rows.into_iter()),
            [
                Some("x/1".to_string()),
                Some("y/1".into()),
                Some("1".into()),
                None
            ]
        );
        assert_eq!(speakers(one.into_iter()), names(&["1", "1"]));
    }

    #[test]
    fn too_few_speakers_are_refused() {
        assert!(
            loso(&names(&["a", "a"]))
                .unwrap_err()
                .to_string()
                .starts_with("1 speaker for 2 folds")
        );
        assert!(
            grouped_k_fold(&names(&["a", "b"]), 3)
                .unwrap_err()
                .to_string()
                .starts_with("2 speakers for 3 folds")
        );
        assert!(grouped_k_fold(&names(&["a", "b"]), 1).is_err());
    }

    proptest! {
        #[test]
        fn no_speaker_is_on_both_sides_and_every_row_is_tested_once(
            speakers in prop::collection::vec(prop::option::weighted(0.9, 0_u8..12), 2..80),
            k in 2_usize..7,
        ) {
            let speakers: Vec<Option<String>> = speakers.into_iter().map(|s| s.map(|s| s.to_string())).collect();
            for folds in [loso(&speakers), grouped_k_fold(&speakers, k)].into_iter().flatten() {
                let mut tested: Vec<usize> = Vec::new();
                for fold in &folds {
                    prop_assert!(!fold.train.is_empty() && !fold.test.is_empty());
                    prop_assert_eq!(fold.train.len() + fold.test.len(), speakers.len());
                    for &row in &fold.test {
                        prop_assert!(fold.train.iter().all(|&other| speakers[other] != speakers[row]));
                    }
                    tested.extend(&fold.test);
                }
                tested.sort_unstable();
                prop_assert_eq!(tested, (0..speakers.len()).collect::<Vec<_>>());
            }
        }
    }
}
