//! Folds that never split a speaker.

use std::collections::BTreeMap;

use crate::error::{Error, Result};

/// Rows to train on and rows to test on; no speaker has rows on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fold {
    /// The speaker left out, or the number of the fold.
    pub name: String,
    /// Rows to train on, ascending.
    pub train: Vec<usize>,
    /// Rows to test on, ascending.
    pub test: Vec<usize>,
}

/// Leave one speaker out: a fold per speaker, in the order of their names. Unknown speakers are one
/// group.
pub fn loso(speakers: &[Option<String>]) -> Result<Vec<Fold>> {
    let groups = groups(speakers);
    if groups.len() < 2 {
        return Err(too_few(groups.len(), 2));
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
        return Err(too_few(groups.len(), k));
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

/// Rows of each speaker, by name.
fn groups(speakers: &[Option<String>]) -> BTreeMap<Option<String>, Vec<usize>> {
    let mut groups: BTreeMap<Option<String>, Vec<usize>> = BTreeMap::new();
    for (row, speaker) in speakers.iter().enumerate() {
        groups.entry(speaker.clone()).or_default().push(row);
    }
    groups
}

fn too_few(found: usize, wanted: usize) -> Error {
    Error::Data(format!(
        "{found} speaker{} for {wanted} folds; a speaker-independent figure needs at least as many speakers as folds (column \
         `speaker`)",
        if found == 1 { "" } else { "s" }
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
