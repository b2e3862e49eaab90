//! Divides a corpus into training, validation and test parts: whole speakers, the requested shares of rows, and every
//! class in each part as far as the speakers allow.
//!
//! Which speakers go where is a problem of number partitioning, which is hard for many unequal speakers but need not be
//! solved exactly: for up to ten speakers every division is examined, for more some hundred that a greedy rule makes of
//! them in random orders.

use std::collections::{BTreeMap, BTreeSet};

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::error::{Error, Result};

/// Names of the parts.
pub const PARTS: [&str; 3] = ["train", "validation", "test"];

/// Shares may miss what was asked for by this much, where that brings the classes in order.
const TOLERANCE: f64 = 0.05;
/// Speakers up to which every division is looked at: 3^10 = 59049.
const EXHAUSTIVE: usize = 10;
/// Divisions made for more speakers, and their number times that of the speakers at most.
const GREEDY: usize = 2000;
const GREEDY_SPEAKERS: usize = 4_000_000;
/// Good divisions that a seed draws, to take the best of: a quarter of all, and this many at most.
/// Few enough that another seed gives another division, many enough that it is as good.
const DRAWN: usize = 100;

/// The shares of rows that the [`PARTS`] are to have; 0 leaves a part out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares([f64; 3]);

impl Shares {
    /// Shares from 0 to 1 that sum to 1 (within 0.001), at least two of them above 0.
    pub fn new(train: f64, validation: f64, test: f64) -> Result<Shares> {
        let shares = [train, validation, test];
        let sum: f64 = shares.iter().sum();
        let fine = shares.iter().all(|share| (0.0..=1.0).contains(share));
        if !fine || (sum - 1.0).abs() > 0.001 {
            return Err(Error::Usage(format!(
                "shares {train} for training, {validation} for validation, {test} for test: expected 0 to 1, and 1 together"
            )));
        }
        if shares.iter().filter(|&&share| share > 0.0).count() < 2 {
            return Err(Error::Usage(
                "all rows in one part: expected a share above 0 for at least two parts".into(),
            ));
        }
        Ok(Shares(shares))
    }

    /// The share of each of the [`PARTS`].
    pub fn of_parts(&self) -> [f64; 3] {
        self.0
    }
}

/// The part of each row, an index into [`PARTS`]: each speaker is in one part, and all rows without a speaker are in one
/// part together.
///
/// `strata` are columns of words (label, corpus, sex), each of whose words should be spread over the parts in the same
/// shares as the rows. The first counts most: among divisions whose shares are within 5 points of `shares`, or as near as
/// the speakers allow, those are preferred in which the fewest of its words are missing from a part. The same speakers,
/// words and seed give the same parts, whatever the order of rows.
pub fn parts(
    speakers: &[Option<String>],
    strata: &[Vec<Option<String>>],
    shares: &Shares,
    seed: u64,
) -> Result<Vec<usize>> {
    let names: BTreeSet<&Option<String>> = speakers.iter().collect();
    let groups: BTreeMap<&Option<String>, usize> = names.into_iter().zip(0..).collect();
    let wanted: Vec<usize> = (0..PARTS.len())
        .filter(|&part| shares.0[part] > 0.0)
        .collect();
    if groups.len() < wanted.len() {
        return Err(Error::Data(format!(
            "{} speaker{} for {} parts; each part needs a speaker of its own (column `speaker`), or a share of 0",
            groups.len(),
            if groups.len() == 1 { "" } else { "s" },
            wanted.len()
        )));
    }
    let of_rows: Vec<usize> = speakers.iter().map(|speaker| groups[speaker]).collect();
    let targets: Vec<f64> = wanted.iter().map(|&part| shares.0[part]).collect();
    let corpus = Corpus::of(&of_rows, groups.len(), strata, targets);

    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let divisions = if groups.len() <= EXHAUSTIVE {
        corpus.all_divisions()
    } else {
        let count = (GREEDY_SPEAKERS / groups.len()).clamp(DRAWN, GREEDY);
        (0..count)
            .map(|number| corpus.greedy_division(number % 2 == 0, &mut random))
            .collect()
    };
    let mut judged: Vec<(Judgement, Vec<usize>)> = divisions
        .into_iter()
        .map(|division| (corpus.judge(&division), division))
        .collect();
    let smallest = |of: &dyn Fn(&Judgement) -> f64, judged: &[(Judgement, Vec<usize>)]| {
        judged
            .iter()
            .map(|(j, _)| of(j))
            .fold(f64::INFINITY, f64::min)
    };
    let deviation = smallest(&|j| j.deviation, &judged).max(TOLERANCE) + 1e-9;
    judged.retain(|(j, _)| j.deviation <= deviation);
    let missing = smallest(&|j| j.missing as f64, &judged) as usize;
    judged.retain(|(j, _)| j.missing == missing);
    judged.shuffle(&mut random);
    let best = judged
        .iter()
        .take(judged.len().div_ceil(4).min(DRAWN))
        .min_by(|(a, _), (b, _)| a.cost().total_cmp(&b.cost()))
        .map(|(_, division)| division)
        .expect("at least one division gives every part a speaker");
    Ok(of_rows.iter().map(|&group| wanted[best[group]]).collect())
}

/// What counts of a corpus: how many rows each speaker has, and of which words.
struct Corpus {
    rows: Vec<usize>,
    /// For each stratum, rows of each speaker and word.
    strata: Vec<Vec<Vec<usize>>>,
    targets: Vec<f64>,
}

/// How good a division is; less is better.
struct Judgement {
    /// The largest difference between a part's share of rows and its target.
    deviation: f64,
    /// Words of the first stratum that are missing from a part, over all parts.
    missing: usize,
    /// Mean over strata, and over the words of each, of the largest difference between a part's
    /// share of the word's rows and its target.
    imbalance: f64,
}

impl Judgement {
    fn cost(&self) -> f64 {
        self.deviation + self.imbalance
    }
}

impl Corpus {
    fn of(
        of_rows: &[usize],
        speakers: usize,
        strata: &[Vec<Option<String>>],
        targets: Vec<f64>,
    ) -> Corpus {
        let mut rows = vec![0; speakers];
        of_rows.iter().for_each(|&speaker| rows[speaker] += 1);
        let counts = |words: &Vec<Option<String>>| {
            let known: BTreeSet<&String> = words.iter().flatten().collect();
            let place: BTreeMap<&String, usize> = known.into_iter().zip(0..).collect();
            let mut counts = vec![vec![0; place.len()]; speakers];
            for (&speaker, word) in of_rows.iter().zip(words) {
                if let Some(word) = word {
                    counts[speaker][place[word]] += 1;
                }
            }
            counts
        };
        Corpus {
            rows,
            strata: strata.iter().map(counts).collect(),
            targets,
        }
    }

    /// Every division in which no part is empty.
    fn all_divisions(&self) -> Vec<Vec<usize>> {
        let (speakers, parts) = (self.rows.len(), self.targets.len());
        let division = |number: usize| -> Vec<usize> {
            let digits = (0..speakers as u32).map(|place| number / parts.pow(place) % parts);
            digits.collect()
        };
        (0..parts.pow(speakers as u32))
            .map(division)
            .filter(|division| (0..parts).all(|part| division.contains(&part)))
            .collect()
    }

    /// Each speaker in turn to the part that lacks most; in any order, or the large ones rather
    /// first, since the small ones that come last even out what these leave.
    fn greedy_division(&self, large_first: bool, random: &mut ChaCha8Rng) -> Vec<usize> {
        let speakers = self.rows.len();
        let mut order: Vec<usize> = (0..speakers).collect();
        order.shuffle(random);
        if large_first {
            let weight: Vec<f64> = self
                .rows
                .iter()
                .map(|&rows| rows as f64 * random.gen_range(0.5..1.0))
                .collect();
            order.sort_by(|&a, &b| weight[b].total_cmp(&weight[a]));
        }
        let all: usize = self.rows.iter().sum();
        let mut lacking: Vec<f64> = self.targets.iter().map(|t| t * all as f64).collect();
        let mut members = vec![0; lacking.len()];
        let mut division = vec![0; speakers];
        for (done, &speaker) in order.iter().enumerate() {
            let empty = members.iter().filter(|&&n| n == 0).count();
            let only_empty = empty == speakers - done;
            let part = (0..lacking.len())
                .filter(|&part| !only_empty || members[part] == 0)
                .max_by(|&a, &b| lacking[a].total_cmp(&lacking[b]).then(b.cmp(&a)))
                .expect("there are parts");
            division[speaker] = part;
            members[part] += 1;
            lacking[part] -= self.rows[speaker] as f64;
        }
        division
    }

    fn judge(&self, division: &[usize]) -> Judgement {
        let mut missing = 0;
        let mut imbalance = 0.0;
        for (stratum, counts) in self.strata.iter().enumerate() {
            let words = counts.first().map_or(0, Vec::len);
            let mut of_words = 0.0;
            for word in 0..words {
                let rows: Vec<usize> = counts.iter().map(|counts| counts[word]).collect();
                let (largest, empty) = self.off_target(&rows, division);
                of_words += largest;
                if stratum == 0 {
                    missing += empty;
                }
            }
            imbalance += of_words / words.max(1) as f64;
        }
        Judgement {
            deviation: self.off_target(&self.rows, division).0,
            missing,
            imbalance: imbalance / self.strata.len().max(1) as f64,
        }
    }

    /// The largest difference between the share that a part has of these rows of each speaker and
    /// its target; and the number of parts that have none.
    fn off_target(&self, rows: &[usize], division: &[usize]) -> (f64, usize) {
        let mut of_parts = [0_usize; PARTS.len()];
        for (&part, rows) in division.iter().zip(rows) {
            of_parts[part] += rows;
        }
        let all: usize = rows.iter().sum();
        let off = |(target, &rows): (&f64, &usize)| (rows as f64 / all as f64 - target).abs();
        let of_parts = &of_parts[..self.targets.len()];
        let largest = self
            .targets
            .iter()
            .zip(of_parts)
            .map(off)
            .fold(0.0, f64::max);
        (largest, of_parts.iter().filter(|&&n| n == 0).count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Speakers with so many rows each.
    fn speakers(sizes: &[usize]) -> Vec<Option<String>> {
        let rows = sizes.iter().enumerate();
        rows.flat_map(|(speaker, &n)| vec![Some(format!("s{speaker:03}")); n])
            .collect()
    }

    /// Rows of each part.
    fn sizes(parts: &[usize]) -> [usize; 3] {
        [0, 1, 2].map(|part| parts.iter().filter(|&&p| p == part).count())
    }

    fn shares() -> Shares {
        Shares::new(0.7, 0.15, 0.15).unwrap()
    }

    #[test]
    fn the_only_good_division_is_found() {
        for seed in 0..5 {
            let found = parts(&speakers(&[15, 70, 15]), &[], &shares(), seed).unwrap();
            assert_eq!(sizes(&found), [70, 15, 15]);
        }
        // 40 + 30, 9 + 6 and 8 + 5 + 1 + 1 would be exact.
        let found = parts(&speakers(&[40, 30, 8, 9, 6, 5, 1, 1]), &[], &shares(), 1).unwrap();
        let [train, validation, test] = sizes(&found);
        assert!(
            (65..=75).contains(&train)
                && (10..=20).contains(&validation)
                && (10..=20).contains(&test)
        );
        // One speaker has nearly everything.
        let found = parts(&speakers(&[97, 1, 1, 1]), &[], &shares(), 1).unwrap();
        assert_eq!(sizes(&found)[0], 97);
        assert!(sizes(&found).iter().all(|&n| n > 0));
    }

    #[test]
    fn many_unequal_speakers_are_divided_as_asked() {
        let unequal: Vec<usize> = (1..40).map(|n| n * n).collect();
        let all: usize = unequal.iter().sum();
        for seed in 0..10 {
            let found = sizes(&parts(&speakers(&unequal), &[], &shares(), seed).unwrap());
            for (rows, share) in found.iter().zip([0.7, 0.15, 0.15]) {
                assert!(
                    (*rows as f64 / all as f64 - share).abs() < 0.01,
                    "{found:?}"
                );
            }
        }
    }

    #[test]
    fn classes_that_few_speakers_have_are_in_every_part() {
        // 24 speakers with 10 rows; every eighth one is the only kind that is ever sad.
        let speakers = speakers(&[10; 24]);
        let labels: Vec<Option<String>> = (0..240)
            .map(|row| {
                let sad = row / 10 % 8 == 0 && row % 10 < 5;
                Some(if sad { "sad" } else { "happy" }.to_string())
            })
            .collect();
        for seed in 0..10 {
            let found = parts(&speakers, std::slice::from_ref(&labels), &shares(), seed).unwrap();
            for (part, name) in PARTS.iter().enumerate() {
                let sad =
                    (0..240).any(|row| found[row] == part && labels[row].as_deref() == Some("sad"));
                assert!(sad, "{name} of seed {seed}");
            }
        }
    }

    #[test]
    fn seeds_differ_and_their_divisions_are_as_good() {
        let speakers = speakers(&[60; 24]);
        let found: BTreeSet<Vec<usize>> = (0..10)
            .map(|seed| parts(&speakers, &[], &shares(), seed).unwrap())
            .collect();
        assert!(found.len() >= 9, "{} different of 10", found.len());
        for parts in found {
            // 17, 4 and 3 speakers are as near to 70, 15 and 15 % as 24 come.
            let mut found = sizes(&parts);
            found.sort_unstable();
            assert_eq!(found, [180, 240, 1020]);
        }
    }

    #[test]
    fn bad_shares_and_too_few_speakers_are_refused() {
        for (train, validation, test) in [
            (0.7, 0.2, 0.2),
            (1.2, -0.1, -0.1),
            (1.0, 0.0, 0.0),
            (f64::NAN, 0.5, 0.5),
        ] {
            assert!(
                Shares::new(train, validation, test).is_err(),
                "{train} {validation} {test}"
            );
        }
        let two = speakers(&[3, 3]);
        let said = parts(&two, &[], &shares(), 0).unwrap_err().to_string();
        assert!(said.starts_with("2 speakers for 3 parts"), "{said}");
        let halves = Shares::new(0.5, 0.0, 0.5).unwrap();
        assert_eq!(sizes(&parts(&two, &[], &halves, 0).unwrap()), [3, 0, 3]);
        assert!(parts(&[], &[], &halves, 0).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn no_speaker_is_in_two_parts_and_no_part_is_empty(
            names in prop::collection::vec(prop::option::weighted(0.9, 0_u8..30), 20..300),
            seed in 0_u64..1000,
        ) {
            let speakers: Vec<Option<String>> = names.iter().map(|s| s.map(|s| s.to_string())).collect();
            let labels: Vec<Option<String>> = names.iter().enumerate().map(|(row, _)| Some((row % 3).to_string())).collect();
            let found = parts(&speakers, std::slice::from_ref(&labels), &shares(), seed).unwrap();
            prop_assert_eq!(found.len(), speakers.len());
            for row in 0..found.len() {
                let first = speakers.iter().position(|s| *s == speakers[row]).unwrap();
                prop_assert_eq!(found[row], found[first]);
            }
            prop_assert!(sizes(&found).iter().all(|&n| n > 0));
            // Same seed, same parts; and in another order of rows too.
            let reversed = |words: &[Option<String>]| words.iter().rev().cloned().collect::<Vec<_>>();
            let mut again = parts(&reversed(&speakers), &[reversed(&labels)], &shares(), seed).unwrap();
            again.reverse();
            prop_assert_eq!(again, found);
        }

        #[test]
        fn shares_of_many_equal_speakers_are_within_five_points(
            count in 20_usize..80, rows in 1_usize..6, train in 0.4_f64..0.8, seed in 0_u64..1000,
        ) {
            let test = (1.0 - train) / 2.0;
            let shares = Shares::new(train, test, test).unwrap();
            let found = sizes(&parts(&speakers(&vec![rows; count]), &[], &shares, seed).unwrap());
            for (n, share) in found.iter().zip(shares.of_parts()) {
                prop_assert!((*n as f64 / (count * rows) as f64 - share).abs() <= 0.05, "{:?}", found);
            }
        }
    }
}
