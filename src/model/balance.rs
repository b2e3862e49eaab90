//! What rows weigh in training. Classes weigh alike in sum, as by scikit-learn's `class_weight="balanced"`; where corpora are
//! balanced too, those that have a class weigh alike within it. Rows weigh 1 in the mean.

use ndarray::{Array2, ArrayView2, ArrayViewMut1};

/// What a row of each class weighs; 0 for a class that does not occur.
pub fn of_classes(y: &[usize], classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0; classes];
    y.iter().for_each(|&class| counts[class] += 1.0);
    balanced(&counts, y.len())
}

/// What each row weighs: of this class, and of the corpus with this number where corpora are balanced too.
pub fn of_rows(y: &[usize], classes: usize, corpora: Option<&[usize]>) -> Vec<f64> {
    let corpora = Corpora(corpora);
    let mut sums = Array2::zeros((corpora.number(), classes));
    for (row, &class) in y.iter().enumerate() {
        sums[(corpora.of(row), class)] += 1.0;
    }
    let weights = of_cells(&sums, y.len());
    let rows = y.iter().enumerate();
    rows.map(|(row, &class)| weights[(corpora.of(row), class)])
        .collect()
}

/// What each row weighs, and its shares, where the shares of the classes are these (rows x classes, which sum to 1 in a row): as if
/// the word of each rater were a row.
pub fn of_shares(shares: ArrayView2<f64>, corpora: Option<&[usize]>) -> (Vec<f64>, Array2<f64>) {
    let corpora = Corpora(corpora);
    let mut sums = Array2::zeros((corpora.number(), shares.ncols()));
    for (row, shares) in shares.rows().into_iter().enumerate() {
        let mut sums = sums.row_mut(corpora.of(row));
        sums += &shares;
    }
    let of_cells = of_cells(&sums, shares.nrows());
    let mut weighted = shares.to_owned();
    let weight = |(at, mut row): (usize, ArrayViewMut1<f64>)| {
        row.iter_mut()
            .zip(of_cells.row(corpora.of(at)))
            .for_each(|(share, weight)| *share *= weight);
        let sum = row.sum();
        row.mapv_inplace(|share| share / sum);
        sum
    };
    let weights = weighted.rows_mut().into_iter().enumerate();
    let weights = weights.map(weight).collect();
    (weights, weighted)
}

/// The number of each row's corpus; all are of one where corpora are not balanced.
struct Corpora<'a>(Option<&'a [usize]>);

impl Corpora<'_> {
    fn of(&self, row: usize) -> usize {
        self.0.map_or(0, |corpora| corpora[row])
    }

    fn number(&self) -> usize {
        let last = self.0.and_then(|corpora| corpora.iter().max());
        last.map_or(1, |last| last + 1)
    }
}

/// What a row weighs by its corpus and its class, of so many rows; `sums` says how much there is of each class in each corpus.
fn of_cells(sums: &Array2<f64>, rows: usize) -> Array2<f64> {
    let of_classes: Vec<f64> = sums.columns().into_iter().map(|of| of.sum()).collect();
    let of_classes = balanced(&of_classes, rows);
    let mut weights = Array2::zeros(sums.raw_dim());
    for (class, sums) in sums.columns().into_iter().enumerate() {
        // As much as the class weighs in all, in equal parts.
        let total = sums.sum();
        let present = sums.iter().filter(|&&sum| sum > 0.0).count() as f64;
        for (corpus, &sum) in sums.iter().enumerate().filter(|(_, sum)| **sum > 0.0) {
            weights[(corpus, class)] = of_classes[class] * (total / (present * sum));
        }
    }
    weights
}

/// What a row of each group weighs, of so many rows, of which each group has so much.
fn balanced(of_groups: &[f64], rows: usize) -> Vec<f64> {
    let present = of_groups.iter().filter(|&&sum| sum > 0.0).count() as f64;
    let weight = |&sum: &f64| match sum > 0.0 {
        true => rows as f64 / (present * sum),
        false => 0.0,
    };
    of_groups.iter().map(weight).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_weigh_alike_and_within_each_the_corpora_that_have_it() {
        // Class 0 has three rows of corpus 0 and one of corpus 1; class 1 has two of corpus 0; class 2 none.
        let y = [0, 0, 0, 1, 1, 0];
        let corpora = [0, 0, 0, 0, 0, 1];
        let weights = of_rows(&y, 3, Some(&corpora));
        assert_eq!(weights, [0.5, 0.5, 0.5, 1.5, 1.5, 1.5]);
        assert_eq!(weights.iter().sum::<f64>(), 6.0);
        let alone = of_rows(&y, 3, None);
        assert_eq!(alone, [0.75, 0.75, 0.75, 1.5, 1.5, 0.75]);
        assert_eq!(of_classes(&y, 3), [0.75, 1.5, 0.0]);
    }

    #[test]
    fn shares_of_one_class_weigh_as_words() {
        let y = [0, 0, 0, 1, 1, 0];
        let corpora = [0, 0, 0, 0, 0, 1];
        let shares = Array2::from_shape_fn(
            (6, 2),
            |(row, class)| {
                if y[row] == class { 1.0 } else { 0.0 }
            },
        );
        let (weights, kept) = of_shares(shares.view(), Some(&corpora));
        assert_eq!(weights, of_rows(&y, 2, Some(&corpora)));
        assert_eq!(kept, shares);
    }
}
