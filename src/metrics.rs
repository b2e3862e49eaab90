//! Figures of merit: confusion, unweighted average recall, accuracy, macro-F1; the intervals of the
//! UAR and of each recall, calibration, and the comparison of two models; in [`values`] those of
//! predicted numbers.
//!
//! Recordings of one speaker are alike. So everything that tells how far a figure can be trusted takes the speaker as its
//! unit: intervals resample whole speakers, and the test swaps whole speakers.

mod bootstrap;
mod calibration;
mod compare;
#[cfg(test)]
mod simulation;
pub mod values;

pub use bootstrap::{Intervals, intervals};
pub use calibration::{BINS, Bin, Calibration, calibration};
pub use compare::{Comparison, compare, holm};

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
}
