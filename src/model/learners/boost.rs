//! Gradient-boosted trees (Friedman 2001, "Greedy function approximation: a gradient boosting
//! machine") by the crate hessboost, with the softmax loss of XGBoost.

use hessboost::objective::Multiclass;
use hessboost::prelude::*;
use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::balanced_weights;
use crate::model::learners::parameters::Key;
use crate::model::learners::{self, Classifier, Learner};
use crate::model::outputs::Outputs;

/// Share of the features that a tree may split by: with hundreds of correlated features a tree
/// loses nothing by seeing a third of them, and takes a third of the time.
const COLUMNS: f64 = 0.3;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "boost",
    help: "gradient-boosted trees",
    keys: &[
        Key::whole("rounds", "100", 10_000, "each adds a tree for each class").tuned(),
        Key::positive("rate", "0.1", "share of each tree that is added").tuned(),
        Key::whole("max_depth", "4", 16, "most splits from root to leaf").tuned(),
    ],
    in_auto: &[(6, "boost")],
    grid: |given| {
        let given = given.with("rate", 0.1);
        [(100, 2), (100, 4), (300, 2), (300, 4)]
            .map(|(rounds, depth)| given.with("rounds", rounds).with("max_depth", depth))
            .into()
    },
    for_features: learners::whatever_features,
    fit: |each, rows| {
        learners::fit(each, |given| {
            let settings = (
                given.get("rounds"),
                given.get("rate"),
                given.get("max_depth"),
            );
            Boost::fit(rows.x, rows.y, rows.classes, settings, rows.seed)
        })
    },
    read: learners::read::<Boost>,
};

impl Classifier for Boost {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Shares(self.shares(x))
    }

    /// What splits by each feature gained in all.
    fn importance(&self, _features: usize) -> Vec<f64> {
        let gains = self.trees.feature_importance(ImportanceType::TotalGain);
        let gain = |feature| gains.get(&feature).copied().unwrap_or(0.0);
        (0..self.features).map(gain).collect()
    }
}

/// Trained trees.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "Packed", try_from = "Packed")]
pub struct Boost {
    classes: usize,
    /// The classes that occurred in training.
    present: Vec<usize>,
    features: usize,
    trees: BoostedModel,
}

/// As it stands in a file.
#[derive(Serialize, Deserialize)]
struct Packed {
    classes: usize,
    present: Vec<usize>,
    features: usize,
    trees: Vec<u8>,
}

impl From<Boost> for Packed {
    fn from(boost: Boost) -> Packed {
        let trees = boost.trees.encode(ModelFormat::Binary);
        Packed {
            classes: boost.classes,
            present: boost.present,
            features: boost.features,
            trees: trees.expect("trees can be written to memory"),
        }
    }
}

impl TryFrom<Packed> for Boost {
    type Error = String;

    fn try_from(packed: Packed) -> Result<Boost, String> {
        let trees = BoostedModel::decode(&packed.trees, ModelFormat::Binary);
        Ok(Boost {
            classes: packed.classes,
            present: packed.present,
            features: packed.features,
            trees: trees.map_err(|cause| cause.to_string())?,
        })
    }
}

impl Boost {
    /// Trains `rounds` rounds of one tree per class on the scaled rows `x`. Classes are weighted as
    /// by scikit-learn's `class_weight="balanced"`.
    pub fn fit(
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        (rounds, rate, max_depth): (usize, f64, usize),
        seed: u64,
    ) -> Result<Boost> {
        let weights = balanced_weights(y, classes);
        let present: Vec<usize> = (0..classes).filter(|&class| weights[class] > 0.0).collect();
        let place = |class: &usize| present.binary_search(class).expect("it occurs");
        let labels: Vec<f32> = y.iter().map(|class| place(class) as f32).collect();
        let row_weights: Vec<f32> = y.iter().map(|&class| weights[class] as f32).collect();
        let train = || {
            let rows = x.as_standard_layout();
            let rows = rows.as_slice().expect("brought to standard layout");
            let data = DMatrix::from_dense(rows, x.nrows(), x.ncols())?
                .with_labels(&labels)?
                .with_weights(&row_weights)?;
            let parameters = TrainingParams::builder()
                .objective(Objective::Softprob(Multiclass::new(present.len())?))
                .tree_method(TreeMethod::Hist)
                .eta(rate)
                .max_depth(max_depth)
                .colsample_bytree(COLUMNS)
                .seed(seed)
                .build()?;
            hessboost::training::train(&parameters, &data, rounds)
        };
        let trees: hessboost::error::Result<BoostedModel> = train();
        let trees = trees.map_err(|cause| {
            Error::Data(format!("the boosted trees cannot be trained: {cause}"))
        })?;
        Ok(Boost {
            classes,
            present,
            features: x.ncols(),
            trees,
        })
    }

    /// The probability of each class for each row; 0 for a class that training did not see.
    pub fn shares(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let mut shares = Array2::zeros((x.nrows(), self.classes));
        let rows = x.as_standard_layout();
        let rows = rows.as_slice().expect("brought to standard layout");
        if rows.is_empty() {
            return shares;
        }
        let predicted = self.trees.predict_rows(rows, Iterations::Best);
        let predicted = predicted.expect("rows are as wide as those of the training, and finite");
        for (row, of_row) in predicted.rows().enumerate() {
            for (&class, &p) in self.present.iter().zip(of_row) {
                shares[(row, class)] = f64::from(p);
            }
        }
        shares
    }
}

#[test]
fn boosted_trees_separate_what_is_separable() {
    let x = Array2::from_shape_fn((60, 4), |(i, j)| match j {
        2 => (i % 3) as f32 * 2.0 + (i % 7) as f32 * 0.1,
        _ => ((i * (j + 3)) % 7) as f32,
    });
    // Class 1 of four does not occur.
    let y: Vec<usize> = (0..60).map(|i| [0, 2, 3][i % 3]).collect();
    let fit = || Boost::fit(x.view(), &y, 4, (20, 0.3, 3), 5).unwrap();
    let shares = fit().shares(x.view());
    for (row, &label) in y.iter().enumerate() {
        assert!(shares[(row, label)] > 0.6, "row {row}: {}", shares.row(row));
        assert_eq!(shares[(row, 1)], 0.0);
    }
    let importance = fit().importance(4);
    assert!(importance[2] > importance[0] + importance[1] + importance[3]);
}
