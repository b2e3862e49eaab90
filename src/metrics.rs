//! Figures of merit: confusion, unweighted average recall, accuracy, macro-F1, and the interval of
//! the UAR.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Resamples of the bootstrap: enough that the ends of a 95 % interval move by less than half a
/// point between seeds.
const RESAMPLES: usize = 2000;

/// How often class `row` was called class `column`.
pub type Confusion = Vec<Vec<usize>>;

/// Counts `truth` against `predicted` for `classes` classes.
pub fn confusion(truth: &[usize], predicted: &[usize], classes: usize) -> Confusion {
    let mut counts = vec![vec![0; classes]; classes];
    for (&t, &p) in truth.iter().zip(predicted) {
        counts[t][p] += 1;
    }
    counts
}

/// Share of each class that was recognised; NaN for a class that does not occur.
pub fn recall(confusion: &Confusion) -> Vec<f64> {
    let recall =
        |(class, row): (usize, &Vec<usize>)| row[class] as f64 / row.iter().sum::<usize>() as f64;
    confusion.iter().enumerate().map(recall).collect()
}

/// Unweighted average recall: the mean of [`recall`] over the classes that occur (scikit-learn's
/// `balanced_accuracy_score`).
pub fn uar(confusion: &Confusion) -> f64 {
    let recalls: Vec<f64> = recall(confusion)
        .into_iter()
        .filter(|r| !r.is_nan())
        .collect();
    recalls.iter().sum::<f64>() / recalls.len() as f64
}

/// Share of all rows that were recognised.
pub fn accuracy(confusion: &Confusion) -> f64 {
    let hits: usize = (0..confusion.len())
        .map(|class| confusion[class][class])
        .sum();
    hits as f64 / confusion.iter().flatten().sum::<usize>() as f64
}

/// Mean over the classes of the harmonic mean of precision and recall; 0 for a class that is never
/// found (scikit-learn's `f1_score(average="macro", zero_division=0)`).
pub fn macro_f1(confusion: &Confusion) -> f64 {
    let occurring = |&class: &usize| {
        confusion
            .iter()
            .enumerate()
            .any(|(t, row)| row[class] > 0 || (t == class && row.iter().any(|&n| n > 0)))
    };
    let classes: Vec<usize> = (0..confusion.len()).filter(occurring).collect();
    let f1 = |&class: &usize| {
        let true_positives = confusion[class][class] as f64;
        let occurs: usize = confusion[class].iter().sum();
        let called: usize = confusion.iter().map(|row| row[class]).sum();
        2.0 * true_positives / (occurs + called) as f64
    };
    classes.iter().map(f1).sum::<f64>() / classes.len() as f64
}

/// 95 % percentile interval of the UAR under resampling of whole speakers with replacement.
///
/// Clips of one speaker are alike, so resampling clips would promise too much (Efron & Tibshirani
/// 1993, chapter 8; Field & Welsh 2007, "Bootstrapping clustered data"). With one speaker the
/// interval is the UAR itself.
pub fn uar_ci95(
    truth: &[usize],
    predicted: &[usize],
    speakers: &[Option<String>],
    classes: usize,
    seed: u64,
) -> [f64; 2] {
    let mut rows_of: BTreeMap<&Option<String>, Vec<usize>> = BTreeMap::new();
    for (row, speaker) in speakers.iter().enumerate() {
        rows_of.entry(speaker).or_default().push(row);
    }
    let counts: Vec<Confusion> = rows_of
        .values()
        .map(|rows| {
            let pick = |from: &[usize]| rows.iter().map(|&row| from[row]).collect::<Vec<_>>();
            confusion(&pick(truth), &pick(predicted), classes)
        })
        .collect();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut uars: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let mut sum = vec![vec![0; classes]; classes];
            for _ in 0..counts.len() {
                let one = &counts[random.gen_range(0..counts.len())];
                for (sum, one) in sum.iter_mut().flatten().zip(one.iter().flatten()) {
                    *sum += one;
                }
            }
            uar(&sum)
        })
        .collect();
    uars.sort_unstable_by(f64::total_cmp);
    [0.025, 0.975].map(|q| uars[(q * (RESAMPLES - 1) as f64).round() as usize])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_a_small_confusion_are_scikit_learns() {
        // y_true = 0 0 0 0 1 1 2, y_pred = 0 0 0 1 1 2 2. scikit-learn 1.x: balanced_accuracy 0.75,
        // accuracy 5/7, f1 macro (6/7 + 1/2 + 2/3) / 3.
        let counts = confusion(&[0, 0, 0, 0, 1, 1, 2], &[0, 0, 0, 1, 1, 2, 2], 3);
        assert_eq!(counts, [[3, 1, 0], [0, 1, 1], [0, 0, 1]]);
        assert_eq!(uar(&counts), 0.75);
        assert_eq!(accuracy(&counts), 5.0 / 7.0);
        assert!((macro_f1(&counts) - (6.0 / 7.0 + 0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
    }

    #[test]
    fn a_class_that_does_not_occur_does_not_count() {
        let counts = confusion(&[0, 0, 2], &[0, 2, 2], 3);
        assert_eq!(uar(&counts), 0.75);
        assert!((macro_f1(&counts) - 2.0 / 3.0).abs() < 1e-12);
    }

    #[test]
    fn the_interval_resamples_speakers_and_holds_the_estimate() {
        // Five speakers recognised wholly, five not at all: the UAR is 0.5 and its interval wide,
        // far wider than that of 200 independent clips (0.43 to 0.57).
        let n = 200;
        let truth: Vec<usize> = (0..n).map(|i| i % 2).collect();
        let speakers: Vec<Option<String>> = (0..n).map(|i| Some((i / 20).to_string())).collect();
        let predicted: Vec<usize> = (0..n)
            .map(|i| if i / 20 < 5 { i % 2 } else { 1 - i % 2 })
            .collect();
        let [low, high] = uar_ci95(&truth, &predicted, &speakers, 2, 0);
        assert!(low <= 0.25 && high >= 0.75, "{low} to {high}");
        assert_eq!(
            [low, high],
            uar_ci95(&truth, &predicted, &speakers, 2, 0),
            "same seed, same interval"
        );
        assert_eq!(
            uar_ci95(&truth[..20], &truth[..20], &speakers[..20], 2, 0),
            [1.0, 1.0]
        );
    }
}
