//! Selects the features that distinguish the classes best: one-way analysis of variance, as scikit-learn's
//! `SelectKBest(f_classif)`; or those that correlate best with the numbers, as its `f_regression`.

use ndarray::{ArrayView1, ArrayView2};

use crate::dataset::Target;

/// The F statistic of each column: the variance between the classes over that within them. Infinite if it does not vary
/// within classes, 0 if it does not vary at all.
pub fn f_statistics(x: ArrayView2<f32>, y: &[usize], classes: usize) -> Vec<f64> {
    let mut counts = vec![0.0_f64; classes];
    y.iter().for_each(|&class| counts[class] += 1.0);
    let present = counts.iter().filter(|&&n| n > 0.0).count() as f64;
    let n = y.len() as f64;
    let mut sums = vec![0.0_f64; classes];
    let statistic = |column: ndarray::ArrayView1<f32>| {
        sums.fill(0.0);
        let (mut all, mut squares) = (0.0, 0.0);
        for (&value, &class) in column.iter().zip(y) {
            let value = f64::from(value);
            sums[class] += value;
            all += value;
            squares += value * value;
        }
        let of_classes = sums.iter().zip(&counts).filter(|(_, n)| **n > 0.0);
        let between = of_classes.map(|(sum, n)| sum * sum / n).sum::<f64>() - all * all / n;
        let within = squares - all * all / n - between;
        if between <= 1e-12 * squares {
            0.0
        } else {
            (between / (present - 1.0)) / (within.max(0.0) / (n - present))
        }
    };
    x.columns().into_iter().map(statistic).collect()
}

/// The squared correlation of each column with the numbers `y`; 0 where nothing varies.
pub fn squared_correlations(x: ArrayView2<f32>, y: ArrayView1<f64>) -> Vec<f64> {
    let n = y.len() as f64;
    let y_mean = y.sum() / n;
    let y_squares: f64 = y.iter().map(|y| (y - y_mean).powi(2)).sum();
    let squared = |column: ArrayView1<f32>| {
        let mean = column.iter().map(|&value| f64::from(value)).sum::<f64>() / n;
        let (mut squares, mut products) = (0.0, 0.0);
        for (&value, y) in column.iter().zip(y) {
            let value = f64::from(value) - mean;
            squares += value * value;
            products += value * (y - y_mean);
        }
        match squares * y_squares > 0.0 {
            true => products * products / (squares * y_squares),
            false => 0.0,
        }
    };
    x.columns().into_iter().map(squared).collect()
}

/// The `k` columns with the largest F statistic, or for numbers the largest squared correlation with any of them (the first
/// ones on ties), in ascending order.
pub fn best(x: ArrayView2<f32>, target: &Target, k: usize) -> Vec<usize> {
    let statistics = match target {
        Target::Classes(classes) => f_statistics(x, &classes.y, classes.names.len()),
        Target::Values(values) => {
            let of_each = values.y.columns().into_iter();
            of_each
                .map(|y| squared_correlations(x, y))
                .reduce(|a, b| a.iter().zip(&b).map(|(a, b)| a.max(*b)).collect())
                .unwrap_or_default()
        }
    };
    let mut columns: Vec<usize> = (0..statistics.len()).collect();
    columns.sort_by(|&a, &b| statistics[b].total_cmp(&statistics[a]).then(a.cmp(&b)));
    columns.truncate(k);
    columns.sort_unstable();
    columns
}

#[test]
fn f_statistics_are_scikit_learns() {
    // scikit-learn 1.9.1: f_classif of these columns, and nan for the constant.
    let x = ndarray::array![
        [1.0_f32, 0.0, 5.0],
        [2.0, 1.0, 5.0],
        [3.0, 4.0, 5.0],
        [2.0, 5.0, 5.0],
        [3.0, 2.0, 5.0],
        [5.0, 1.0, 5.0]
    ];
    let y = [0, 0, 1, 1, 2, 2];
    let f = f_statistics(x.view(), &y, 3);
    assert!((f[0] - 3.166666666666668).abs() < 1e-9, "{f:?}");
    assert!((f[1] - 17.333333333333332).abs() < 1e-9, "{f:?}");
    assert_eq!(f[2], 0.0);
    let target = |y: &[usize]| crate::dataset::tests::of_labels(y, 3).target;
    assert_eq!(best(x.view(), &target(&y), 1), [1]);
}
