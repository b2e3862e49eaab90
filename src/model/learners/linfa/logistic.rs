//! Multinomial logistic regression by the crate linfa-logistic, of two classes too: its binary form takes for positive
//! whichever class has more rows.
//!
//! The library ignores weights of rows. Classes are made equally probable afterwards, by taking the logarithm of each
//! one's share of the rows from its intercept (the prior correction of King and Zeng 2001, "Logistic regression in rare
//! events data"); `logistic` weighs them in training. Before that it is scikit-learn's `LogisticRegression(C=c)`.
//!
//! It says `Ok` wherever its search ends, and takes the logarithm of the sum of exponentials of a row against the largest
//! value of all rows, so that where these lie far apart what it follows is no gradient. What is no minimum is refused here.

use linfa::DatasetBase;
use linfa::traits::Fit;
use linfa_logistic::MultiLogisticRegression;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::model::learners::logistic::Logistic;
use crate::model::learners::parameters::Key;
use crate::model::learners::{self, Learner, OfClasses, guarded};
use crate::model::outputs::softmax;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "linfa-logistic",
    help: "multinomial logistic regression by linfa-logistic, all classes equally probable beforehand",
    keys: &[Key::positive("c", "0.1", C).tuned()],
    in_auto: &[],
    grid: |given| {
        [1e-3, 3e-3, 1e-2, 3e-2, 1e-1]
            .map(|c| given.with("c", c))
            .into()
    },
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| {
            let fit = |c| fit(rows.x, rows.y, rows.classes, c);
            learners::fit(each, |given| fit(given.get("c")))
        },
        read: learners::read::<Logistic>,
    }),
    values: None,
};

const C: &str = "weight of the data against the penalty; from about 1 on the library finds no minimum on many tables";

/// The search ends where the gradient of the mean loss is shorter (scikit-learn's default is 1e-4 of its largest part).
const TOLERANCE: f64 = 1e-6;
/// Or after this many steps.
const MOST_STEPS: u64 = 1000;
/// A gradient of the mean loss that is longer is that of no minimum.
const NO_MINIMUM: f64 = 1e-2;

fn fit(x: ArrayView2<f32>, y: &[usize], classes: usize, c: f64) -> Result<Logistic> {
    let x = x.mapv(f64::from);
    let mut counts = vec![0_usize; classes];
    y.iter().for_each(|&class| counts[class] += 1);
    let present: Vec<usize> = (0..classes).filter(|&class| counts[class] > 0).collect();
    let n = y.len() as f64;
    // Of two classes scikit-learn fits the one log-odds, whose squared norm is twice that of the two halves with opposite
    // signs that are fitted here.
    let penalty = if present.len() == 2 { 2.0 } else { 1.0 } / c;
    let rows = DatasetBase::new(x.view(), Array1::from(y.to_vec()));
    let theirs = guarded("linfa-logistic", || {
        MultiLogisticRegression::default()
            .alpha(penalty)
            .gradient_tolerance(TOLERANCE * n)
            .max_iterations(MOST_STEPS)
            .fit(&rows)
    })?;
    let (weights, intercepts) = (theirs.params(), theirs.intercept());
    let mut residual = softmax((x.dot(weights) + intercepts).view(), 1.0);
    for (mut row, class) in residual.rows_mut().into_iter().zip(y) {
        row[present.binary_search(class).expect("it is present")] -= 1.0;
    }
    let gradient: Array2<f64> = x.t().dot(&residual) + weights * penalty;
    let of_intercepts: Array1<f64> = residual.sum_axis(Axis(0));
    let length = (gradient
        .iter()
        .chain(&of_intercepts)
        .map(|g| g * g)
        .sum::<f64>())
    .sqrt()
        / n;
    // Not a number is no minimum either.
    if length.is_nan() || length > NO_MINIMUM {
        return Err(Error::Usage(format!(
            "linfa-logistic has found no minimum with c={c} (the mean loss still falls by {length:.1e}); take a lower c, or logistic"
        )));
    }
    let mut of_classes = vec![Vec::new(); classes];
    for (k, &class) in present.iter().enumerate() {
        let of_features: ArrayView1<f64> = weights.column(k);
        let intercept = intercepts[k] - (counts[class] as f64 / n).ln();
        let all = of_features.iter().chain([&intercept]);
        of_classes[class] = all.map(|&w| w as f32).collect();
    }
    Ok(Logistic::of_weights(x.ncols(), of_classes))
}

#[test]
fn what_is_no_minimum_is_refused() {
    // One row lies far from the others: on these the library's gradient is none as soon as that one is sure.
    let x = ndarray::array![[1.0_f32], [-1.0], [2.0], [-2.0], [1000.0]];
    let y = [0, 1, 0, 1, 0];
    let said = fit(x.view(), &y, 2, 1.0).unwrap_err().to_string();
    assert!(said.contains("no minimum with c=1 "), "{said}");
    let near = x.mapv(|value| value.min(3.0));
    assert!(fit(near.view(), &y, 2, 1.0).is_ok());
}
