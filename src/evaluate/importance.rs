//! Permutation importance on held-out speakers: how much the probability of the true class drops when the values of a
//! feature are shuffled (Breiman 2001, "Random forests", section 10).

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::dataset::Dataset;
use crate::evaluate::{Tested, test};
use crate::model::CalibratedPipeline;
use crate::report::Importance;
use crate::split::Fold;

/// Features whose importance is measured: those that the classifiers themselves make most of.
const MEASURED: usize = 40;
/// Of these, the most important are told.
pub const TOLD: usize = 15;

/// A fold, what was trained in it, and what that said of its test recordings.
pub type TestedFold<'a> = (&'a Fold, &'a CalibratedPipeline, &'a [Tested]);

/// The most important features, the most important first; none where there are no folds.
pub fn importance(data: &Dataset, folds: &[TestedFold], seed: u64) -> Vec<Importance> {
    let of_folds = folds.iter().map(|(_, trained, _)| trained.importance());
    let mut told: Vec<Importance> = candidates(data, of_folds)
        .into_par_iter()
        .map(|feature| {
            let of_fold = |(number, (fold, trained, tested)): (usize, &TestedFold)| {
                let stream = (number as u64) << 32 | feature as u64;
                let random = ChaCha8Rng::seed_from_u64(seed ^ stream);
                loss(data, fold, trained, tested, feature, random)
            };
            let lost: f64 = folds.iter().enumerate().map(of_fold).sum();
            let recordings: usize = folds.iter().map(|(_, _, tested)| tested.len()).sum();
            let (class, correlation) = strongest_class(data, feature);
            Importance {
                feature: data.feature_names[feature].clone(),
                loss: lost / recordings as f64,
                class: data.classes()[class].clone(),
                correlation,
            }
        })
        .collect();
    told.sort_by(|a, b| b.loss.total_cmp(&a.loss));
    told.retain(|importance| importance.loss > 0.0);
    told.truncate(TOLD);
    told
}

/// The features that weigh most, in the mean over what is trained in each fold.
pub fn candidates(data: &Dataset, of_folds: impl Iterator<Item = Vec<f64>>) -> Vec<usize> {
    let mut sums = vec![0.0; data.feature_names.len()];
    for importance in of_folds {
        let total: f64 = importance.iter().sum();
        if total > 0.0 {
            sums.iter_mut()
                .zip(importance)
                .for_each(|(sum, r)| *sum += r / total);
        }
    }
    let mut features: Vec<usize> = (0..sums.len()).filter(|&f| sums[f] > 0.0).collect();
    features.sort_by(|&a, &b| sums[b].total_cmp(&sums[a]).then(a.cmp(&b)));
    features.truncate(MEASURED);
    features
}

/// What the probabilities of the true classes lose in all, in one fold.
fn loss(
    data: &Dataset,
    fold: &Fold,
    trained: &CalibratedPipeline,
    tested: &[Tested],
    feature: usize,
    mut random: ChaCha8Rng,
) -> f64 {
    let mut shuffled = fold.test.clone();
    shuffled.shuffle(&mut random);
    let mut without = data.select(&fold.test);
    for (at, &row) in shuffled.iter().enumerate() {
        without.x[(at, feature)] = data.x[(row, feature)];
    }
    let of_all = Fold {
        name: String::new(),
        train: Vec::new(),
        test: (0..fold.test.len()).collect(),
    };
    let blind = test(&without, &of_all, 0, trained, None);
    let told = tested.iter().zip(blind);
    told.map(|(t, blind)| {
        let truth = data.y()[t.row];
        t.probabilities[truth] - blind.probabilities[truth]
    })
    .sum()
}

/// The class with which the feature correlates most, up or down, and that correlation.
fn strongest_class(data: &Dataset, feature: usize) -> (usize, f64) {
    let known: Vec<(f64, usize)> = data
        .x
        .column(feature)
        .iter()
        .zip(data.y())
        .filter(|(value, _)| !value.is_nan())
        .map(|(&value, &class)| (f64::from(value), class))
        .collect();
    let n = known.len() as f64;
    let mean = known.iter().map(|(value, _)| value).sum::<f64>() / n;
    let variance = known
        .iter()
        .map(|(value, _)| (value - mean).powi(2))
        .sum::<f64>()
        / n;
    let correlation = |class: usize| {
        let share = known.iter().filter(|(_, c)| *c == class).count() as f64 / n;
        let above: f64 = known
            .iter()
            .filter(|(_, c)| *c == class)
            .map(|(value, _)| value - mean)
            .sum();
        let scale = (variance * share * (1.0 - share)).sqrt();
        if scale > 0.0 { above / n / scale } else { 0.0 }
    };
    (0..data.classes().len())
        .map(|class| (class, correlation(class)))
        .reduce(|best, this| {
            if this.1.abs() > best.1.abs() {
                this
            } else {
                best
            }
        })
        .unwrap_or((0, 0.0))
}
