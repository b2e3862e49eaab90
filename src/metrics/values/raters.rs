//! What several raters said of the same recordings, taken together.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ccc, is_constant, mean, moment, pearson};
use crate::error::{Error, Result};

/// How the numbers of several raters become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Raters {
    /// Their mean.
    Mean,
    /// The evaluator weighted estimator (Grimm & Kroschel 2005, "Evaluation of natural emotions using
    /// self assessment manikins"): a mean in which raters weigh by how far they agree with all.
    Ewe,
}

impl fmt::Display for Raters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Raters::Mean => "mean",
            Raters::Ewe => "ewe",
        })
    }
}

impl FromStr for Raters {
    type Err = Error;

    fn from_str(text: &str) -> Result<Raters> {
        match text {
            "mean" => Ok(Raters::Mean),
            "ewe" => Ok(Raters::Ewe),
            _ => Err(Error::Usage(format!(
                "raters {text:?}: expected mean or ewe"
            ))),
        }
    }
}

/// Several raters' numbers as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Rated {
    /// One per recording, in the raters' unit; NaN where nobody rated.
    pub values: Vec<f64>,
    /// What each rater weighs, 0 to 1; 1 for all in the mean.
    pub weights: Vec<f64>,
    /// How far the raters agree.
    pub agreement: Agreement,
}

/// How far raters agree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Raters who rated anything.
    pub raters: usize,
    /// Recordings that all of these rated.
    pub rated_by_all: usize,
    /// Mean over all pairs of raters of the CCC of the two, -1 to 1, on what both rated. Pairs with
    /// fewer than 2 such recordings do not count; `None` where there is no other.
    pub pairwise_ccc: Option<f64>,
    /// CCC of each rater with the mean of the others, -1 to 1, in the order given; `None` for one
    /// who shares fewer than 2 recordings with others.
    pub with_others_ccc: Vec<Option<f64>>,
    /// Cronbach's alpha (1951, "Coefficient alpha and the internal structure of tests"), 1 at most,
    /// on the recordings that all rated: how reliable the mean of the raters is. `None` for fewer
    /// than 2 raters or recordings, or where the raters' sums do not vary.
    pub alpha: Option<f64>,
}

/// Takes together what raters said: `ratings` has a list per rater, all of one length, with a number
/// per recording, NaN where they did not rate it.
///
/// A value is the weighted mean over those who rated the recording. In [`Raters::Ewe`] a rater weighs
/// Pearson's r of their ratings with the mean of all raters, their own among them, as in the paper;
/// a negative r is 0. (Others correlate with the mean of the rest: audpsychometric's
/// `rater_agreement`.) Recordings that one rater alone rated do not enter r, as there they agree
/// with themselves. Where none of those who rated a recording weighs anything, its value is their
/// mean.
pub fn together(ratings: &[Vec<f64>], how: Raters) -> Rated {
    let alike = vec![1.0; ratings.len()];
    let means = weighted(ratings, &alike);
    let counts = counts(ratings);
    let shared = |&row: &usize| counts[row] > 1;
    let weight = |said: &Vec<f64>| {
        let rows: Vec<usize> = rated(said).filter(shared).collect();
        pearson(&at(&means, &rows), &at(said, &rows)).max(0.0)
    };
    let weights = match how {
        Raters::Mean => alike,
        Raters::Ewe => ratings.iter().map(weight).collect(),
    };
    let or_mean = |(value, &mean): (f64, &f64)| if value.is_nan() { mean } else { value };
    let values = weighted(ratings, &weights).into_iter().zip(&means);
    Rated {
        values: values.map(or_mean).collect(),
        weights,
        agreement: agreement(ratings, &means, &counts),
    }
}

/// Weighted mean of each recording; NaN where nobody with a weight rated.
fn weighted(ratings: &[Vec<f64>], weights: &[f64]) -> Vec<f64> {
    let value = |row: usize| {
        let (mut sum, mut mass) = (0.0, 0.0);
        for (said, weight) in ratings.iter().zip(weights) {
            if !said[row].is_nan() {
                sum += weight * said[row];
                mass += weight;
            }
        }
        sum / mass
    };
    let recordings = ratings.first().map_or(0, Vec::len);
    (0..recordings).map(value).collect()
}

/// How many rated each recording.
fn counts(ratings: &[Vec<f64>]) -> Vec<usize> {
    let mut counts = vec![0; ratings.first().map_or(0, Vec::len)];
    for said in ratings {
        rated(said).for_each(|row| counts[row] += 1);
    }
    counts
}

/// The recordings that one rater rated.
fn rated(said: &[f64]) -> impl Iterator<Item = usize> {
    (0..said.len()).filter(|&row| !said[row].is_nan())
}

fn at(values: &[f64], rows: &[usize]) -> Vec<f64> {
    rows.iter().map(|&row| values[row]).collect()
}

/// How far the raters agree, of whose ratings `means` are the means, of so many each.
fn agreement(ratings: &[Vec<f64>], means: &[f64], counts: &[usize]) -> Agreement {
    let rows_of: Vec<Vec<usize>> = ratings.iter().map(|said| rated(said).collect()).collect();
    let of_two = |a: &[f64], b: &[f64]| (a.len() > 1).then(|| ccc(a, b));
    let with_others = |rater: usize| {
        let said = &ratings[rater];
        let mut rows = rows_of[rater].clone();
        rows.retain(|&row| counts[row] > 1);
        let of_others = |&row: &usize| {
            let n = counts[row] as f64;
            (n * means[row] - said[row]) / (n - 1.0)
        };
        of_two(
            &rows.iter().map(of_others).collect::<Vec<_>>(),
            &at(said, &rows),
        )
    };
    let of_pair = |(a, b): (usize, usize)| {
        let mut rows = rows_of[a].clone();
        rows.retain(|&row| !ratings[b][row].is_nan());
        of_two(&at(&ratings[a], &rows), &at(&ratings[b], &rows))
    };
    let pairs = (0..ratings.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    let of_pairs: Vec<f64> = pairs.filter_map(of_pair).collect();
    let raters = rows_of.iter().filter(|rows| !rows.is_empty()).count();
    let by_all: Vec<usize> = (0..counts.len())
        .filter(|&row| counts[row] > 0 && counts[row] == raters)
        .collect();
    let of_raters = ratings.iter().zip(&rows_of);
    let by_all_of: Vec<Vec<f64>> = of_raters
        .filter(|(_, rows)| !rows.is_empty())
        .map(|(said, _)| at(said, &by_all))
        .collect();
    Agreement {
        raters,
        rated_by_all: by_all.len(),
        pairwise_ccc: (!of_pairs.is_empty()).then(|| mean(&of_pairs)),
        with_others_ccc: (0..ratings.len()).map(with_others).collect(),
        alpha: alpha(&by_all_of),
    }
}

/// Cronbach's alpha of raters who all rated the same recordings.
fn alpha(ratings: &[Vec<f64>]) -> Option<f64> {
    let recordings = ratings.first().map_or(0, Vec::len);
    let sums: Vec<f64> = (0..recordings)
        .map(|row| ratings.iter().map(|said| said[row]).sum())
        .collect();
    let of_raters: f64 = ratings.iter().map(|said| moment(said, 2)).sum();
    let of_sums = moment(&sums, 2);
    // Raters who say the opposite of each other leave what is rounded.
    if ratings.len() < 2 || is_constant(&sums) || of_sums < 1e-12 * of_raters {
        return None;
    }
    let k = ratings.len() as f64;
    Some(k / (k - 1.0) * (1.0 - of_raters / of_sums))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: &[f64], expected: &[f64]) {
        assert_eq!(found.len(), expected.len());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found}, not {expected}");
        }
    }

    /// Three raters of six recordings.
    fn three() -> Vec<Vec<f64>> {
        vec![
            vec![1.0, 2.0, 3.0, 4.0, 5.0, 4.0],
            vec![2.0, 2.0, 4.0, 5.0, 5.0, 3.0],
            vec![1.0, 3.0, 2.0, 4.0, 4.0, 5.0],
        ]
    }

    #[test]
    fn the_opposite_weighs_nothing() {
        // The mean of all is 4/3 + x/3, with which x agrees wholly.
        let ratings = vec![
            vec![1.0, 2.0, 3.0],
            vec![1.0, 2.0, 3.0],
            vec![3.0, 2.0, 1.0],
        ];
        let found = together(&ratings, Raters::Ewe);
        close(&found.weights, &[1.0, 1.0, 0.0]);
        close(&found.values, &[1.0, 2.0, 3.0]);
        let mean = together(&ratings, Raters::Mean);
        assert_eq!(mean.weights, [1.0; 3]);
        close(&mean.values, &[5.0 / 3.0, 2.0, 7.0 / 3.0]);
    }

    #[test]
    fn weights_known_beforehand() {
        // Deviations (-1, 0, 1) and (-1, 1, 0); their mean's are (-1, 1/2, 1/2). Both r are
        // 3/2 / sqrt(2 3/2). Who always says 7 moves the mean, not r, and weighs nothing.
        let ratings = vec![vec![1.0, 2.0, 3.0], vec![1.0, 3.0, 2.0], vec![7.0; 3]];
        let found = together(&ratings, Raters::Ewe);
        close(&found.weights, &[0.75f64.sqrt(), 0.75f64.sqrt(), 0.0]);
        close(&found.values, &[1.0, 2.5, 2.5]);
    }

    #[test]
    fn the_estimator_is_numpys() {
        // numpy 2.0.2: corrcoef with the mean over the raters, average(weights=r).
        let found = together(&three(), Raters::Ewe);
        close(
            &found.weights,
            &[0.9892518150980736, 0.8438653801077878, 0.8487663502320749],
        );
        close(
            &found.values,
            &[
                1.31465399813622,
                2.3164814339816817,
                2.9981725641545385,
                4.314653998136221,
                4.683518566018319,
                4.0018274358454615,
            ],
        );
    }

    #[test]
    fn agreement_is_audmetrics_and_audpsychometrics() {
        // audmetric 1.4.2, concordance_cc; audpsychometric 0.1.1, cronbachs_alpha.
        let found = together(&three(), Raters::Mean).agreement;
        assert_eq!((found.raters, found.rated_by_all), (3, 6));
        close(
            &[found.pairwise_ccc.unwrap(), found.alpha.unwrap()],
            &[0.6844932844932844, 0.8752783964365257],
        );
        let with_others: Vec<f64> = found.with_others_ccc.into_iter().flatten().collect();
        close(
            &with_others,
            &[0.9454545454545452, 0.65, 0.6557377049180327],
        );
    }

    #[test]
    fn who_did_not_rate_does_not_count() {
        // As before, with numpy; the first recording was rated by one alone.
        let mut ratings = three();
        (ratings[0][0], ratings[1][0], ratings[2][5]) = (f64::NAN, f64::NAN, f64::NAN);
        let found = together(&ratings, Raters::Ewe);
        close(
            &found.weights,
            &[0.9494740323391175, 0.8838581136092072, 0.7639518861720568],
        );
        close(
            &found.values,
            &[
                1.0,
                2.2941349027385263,
                3.046166004932183,
                4.34030090767071,
                4.705865097261473,
                3.5178952621528294,
            ],
        );
        assert_eq!(found.agreement.rated_by_all, 4);
        close(&[found.agreement.alpha.unwrap()], &[0.8702290076335876]);
    }

    #[test]
    fn what_nobody_rated_and_who_rated_nothing() {
        let nan = f64::NAN;
        let ratings = vec![vec![1.0, nan, 2.0], vec![nan; 3]];
        for how in [Raters::Mean, Raters::Ewe] {
            // No weight is positive where nothing was rated by two: then the mean.
            let found = together(&ratings, how);
            assert_eq!((found.values[0], found.values[2]), (1.0, 2.0));
            assert!(found.values[1].is_nan());
            let agreement = found.agreement;
            assert_eq!((agreement.raters, agreement.rated_by_all), (1, 2));
            assert_eq!((agreement.pairwise_ccc, agreement.alpha), (None, None));
            assert_eq!(agreement.with_others_ccc, [None, None]);
        }
        let opposite = [vec![0.1, 0.2, 0.3], vec![0.9, 0.8, 0.7]];
        assert_eq!(together(&opposite, Raters::Mean).agreement.alpha, None);
        let nobody = together(&[], Raters::Ewe);
        assert!(nobody.values.is_empty() && nobody.weights.is_empty());
        assert_eq!(nobody.agreement.raters, 0);
    }

    #[test]
    fn names_are_read_back() {
        for how in [Raters::Mean, Raters::Ewe] {
            assert_eq!(how.to_string().parse::<Raters>().unwrap(), how);
        }
        assert!("median".parse::<Raters>().is_err());
    }
}
