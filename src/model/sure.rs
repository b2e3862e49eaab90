//! Which answers are sure: by how probable the predicted class is, and how far the recording lies from those of the training, as held-out
//! recordings have it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::Groups;

/// An answer is sure if those at least as confident are wrong at most this often, compared to all.
const SURE: f64 = 0.5;
/// Where corpora are held out, an answer is sure if those at least as confident, and as near, are right at least this often, and at
/// least that often in each corpus.
const SURE_OF_STRANGERS: f64 = 2.0 / 3.0;
const SURE_OF_EACH: f64 = 0.5;
/// Of fewer answers than this nothing follows for a corpus.
const FEWEST_OF_CORPUS: usize = 30;
/// Fewest answers that are called sure, as a share of all, where speakers are held out.
const FEWEST_SURE: f64 = 0.1;
/// How near a recording has to be, as a share of the distance from which on it is out of the domain: what is tried, the widest first.
const WITHIN: [f64; 6] = [1.0, 0.9, 0.8, 0.7, 0.6, 0.5];

/// What makes an answer sure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Sureness {
    /// Answers whose probability is below this are unsure.
    pub unsure_below: f64,
    /// So are those about recordings farther away than this, as a multiple of the distance from which on they are out of the domain;
    /// infinite where nothing is known of it.
    pub within: f64,
}

impl Sureness {
    /// Every answer.
    pub const ALL: Sureness = Sureness {
        unsure_below: 0.0,
        within: f64::INFINITY,
    };

    /// What these held-out answers want.
    pub fn of(answers: Vec<Answer>, held_out: Groups) -> Sureness {
        let rule = |within: f64| {
            let near = answers.iter().filter(|answer| answer.distance <= within);
            let mut near: Vec<&Answer> = near.collect();
            near.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
            let sure = match held_out {
                Groups::Speakers => sure_of_known(&near),
                Groups::Corpora => sure_of_strangers(&near),
            };
            let unsure_below = match (sure, near.get(sure)) {
                (0, _) => 1.0,
                // Halfway to the first that is not.
                (_, Some(next)) => (near[sure - 1].confidence + next.confidence) / 2.0,
                (_, None) => 0.0,
            };
            (
                sure,
                Sureness {
                    unsure_below,
                    within,
                },
            )
        };
        let tried = match held_out {
            Groups::Speakers => &[f64::INFINITY][..],
            Groups::Corpora => &WITHIN,
        };
        let rules = tried.iter().map(|&within| rule(within));
        // The one that is sure of most; the widest of equals.
        let most = rules.reduce(|a, b| if b.0 > a.0 { b } else { a });
        most.map_or(Sureness::ALL, |(_, rule)| rule)
    }

    /// Whether an answer of this probability about a recording that far away is sure.
    pub fn is_sure(&self, probability: f64, distance: f64) -> bool {
        probability >= self.unsure_below && distance <= self.within
    }
}

/// A held-out answer.
pub struct Answer<'a> {
    /// The probability of the predicted class.
    pub confidence: f64,
    /// Whether it is that.
    pub is_right: bool,
    /// Of the recording from those that were learned from, as a multiple of the limit of the domain.
    pub distance: f64,
    /// The corpus.
    pub corpus: Option<&'a str>,
}

/// How many of the answers, the most confident first, are sure: those that are wrong at most [`SURE`] times as often as all are;
/// where no such confidence is, the surest tenth.
fn sure_of_known(answers: &[&Answer]) -> usize {
    let wrong = answers.iter().filter(|answer| !answer.is_right).count();
    let bearable = SURE * wrong as f64 / answers.len() as f64;
    let mut sure = ((FEWEST_SURE * answers.len() as f64).ceil() as usize).max(1);
    let mut wrong_so_far = 0;
    for (at, answer) in answers.iter().enumerate() {
        wrong_so_far += usize::from(!answer.is_right);
        if wrong_so_far as f64 <= bearable * (at + 1) as f64 {
            sure = sure.max(at + 1);
        }
    }
    sure
}

/// The same where the answers are about corpora that were held out: those that are right [`SURE_OF_STRANGERS`] of the times, and
/// [`SURE_OF_EACH`] in each corpus. It may be none.
fn sure_of_strangers(answers: &[&Answer]) -> usize {
    // Of each corpus how many answers there are so far, and how many are right.
    let mut so_far: BTreeMap<Option<&str>, (usize, usize)> = BTreeMap::new();
    let (mut sure, mut right_so_far) = (0, 0);
    for (at, answer) in answers.iter().enumerate() {
        let (all, right) = so_far.entry(answer.corpus).or_default();
        *all += 1;
        *right += usize::from(answer.is_right);
        right_so_far += usize::from(answer.is_right);
        let is_enough = |&(all, right): &(usize, usize)| {
            all < FEWEST_OF_CORPUS || right as f64 >= SURE_OF_EACH * all as f64
        };
        let is_right = right_so_far as f64 >= SURE_OF_STRANGERS * (at + 1) as f64;
        if is_right && so_far.values().all(is_enough) {
            sure = at + 1;
        }
    }
    sure
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers, the first of them the most confident.
    fn answers<'a>(right: impl Iterator<Item = (&'a str, bool, f64)>) -> Vec<Answer<'a>> {
        let answer = |(at, (corpus, is_right, distance)): (usize, (&'a str, bool, f64))| Answer {
            confidence: 0.9 - 0.001 * at as f64,
            is_right,
            distance,
            corpus: Some(corpus),
        };
        right.enumerate().map(answer).collect()
    }

    #[test]
    fn of_known_corpora_the_threshold_halves_the_share_of_errors() {
        // Sixteen answers, the surer the more often right; 4 of 16 are wrong. Of the surest 12 one is: less than an eighth;
        // of the surest 13 two are: more.
        let wrong = [5, 12, 14, 15];
        let of = answers((0..16).map(|at| ("a", !wrong.contains(&at), 0.0)));
        let found = Sureness::of(of, Groups::Speakers);
        assert!((found.unsure_below - 0.8885).abs() < 1e-9, "{found:?}");
        assert_eq!(found.within, f64::INFINITY);
        assert!(found.is_sure(0.889, 0.3) && !found.is_sure(0.888, 0.3));
    }

    #[test]
    fn strangers_are_sure_where_two_in_three_are_right_and_half_of_each_corpus() {
        let of = |right_of_a: usize, right_of_b: usize| -> usize {
            let of_a = (0..60).map(|at| ("a", at < right_of_a, 0.0));
            let of_b = (0..60).map(|at| ("b", at < right_of_b, 0.0));
            let all = answers(of_a.chain(of_b));
            sure_of_strangers(&all.iter().collect::<Vec<_>>())
        };
        // All of a and half of b: three quarters. Of fewer of b, it is under the half from its 51st on.
        assert_eq!(of(60, 30), 120);
        assert_eq!(of(60, 25), 110);
        assert_eq!(of(30, 60), 120);
        assert_eq!(of(40, 24), 96);
        // Fewer than thirty of a corpus say nothing of it, but all together do.
        assert_eq!(of(60, 0), 89);
        assert_eq!(of(0, 0), 0);
        let none = Sureness::of(answers((0..40).map(|_| ("a", false, 0.0))), Groups::Corpora);
        assert!(!none.is_sure(0.99, 0.0), "{none:?}");
    }

    #[test]
    fn of_far_strangers_nothing_is_sure_where_those_are_wrong() {
        // Right where they are near, and confident and wrong where they are far.
        let far = (0..60).map(|_| ("b", false, 0.85));
        let near = (0..100).map(|at| ("a", at % 4 != 0, 0.4));
        let found = Sureness::of(answers(far.chain(near)), Groups::Corpora);
        assert_eq!(found.within, 0.8);
        assert!(
            found.is_sure(0.8, 0.5) && !found.is_sure(0.9, 0.85),
            "{found:?}"
        );
    }
}
