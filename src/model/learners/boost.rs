//! Gradient-boosted trees (Friedman 2001, "Greedy function approximation: a gradient boosting
//! machine") by the crate hessboost, with the softmax loss of XGBoost.

use hessboost::error::HessboostError;
use hessboost::objective::Multiclass;
use hessboost::prelude::*;
use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::balance;
use crate::model::learners::parameters::Key;
use crate::model::learners::{self, Estimator, Learner, OfClasses, OfValues};
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
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: true,
        fit: |each, rows| {
            learners::fit(each, |given| {
                let settings = Settings {
                    rounds: given.get("rounds"),
                    rate: given.get("rate"),
                    max_depth: given.get("max_depth"),
                };
                Boost::fit(
                    rows.x,
                    rows.y,
                    rows.classes,
                    rows.corpora,
                    settings,
                    rows.seed,
                )
            })
        },
        read: learners::read::<Boost>,
    }),
    values: Some(OfValues {
        fit: |each, rows| {
            learners::fit(each, |given| {
                let settings = Settings {
                    rounds: given.get("rounds"),
                    rate: given.get("rate"),
                    max_depth: given.get("max_depth"),
                };
                BoostedValues::fit(rows.x, rows.y, settings, rows.seed)
            })
        },
        read: learners::read::<BoostedValues>,
    }),
};

/// How much is trained.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Rounds, each of a tree for each class, or for each number.
    pub rounds: usize,
    /// Share of each tree that is added.
    pub rate: f64,
    /// Most splits from root to leaf.
    pub max_depth: usize,
}

impl Estimator for Boost {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Shares(self.shares(x))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        self.features == features
            && self.classes == answers
            && self.present.iter().all(|&class| class < answers)
            && takes(&self.trees, features, self.present.len())
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
    /// by scikit-learn's `class_weight="balanced"`, within them corpora, where these are told.
    pub fn fit(
        x: ArrayView2<f32>,
        y: &[usize],
        classes: usize,
        corpora: Option<&[usize]>,
        settings: Settings,
        seed: u64,
    ) -> Result<Boost> {
        let present: Vec<usize> = (0..classes).filter(|class| y.contains(class)).collect();
        let place = |class: &usize| present.binary_search(class).expect("it occurs");
        let labels: Vec<f32> = y.iter().map(|class| place(class) as f32).collect();
        let row_weights = balance::of_rows(y, classes, corpora).into_iter();
        let row_weights: Vec<f32> = row_weights.map(|weight| weight as f32).collect();
        let objective = Multiclass::new(present.len()).map_err(untrainable)?;
        let objective = Objective::Softprob(objective);
        let trees = trained(x, &labels, Some(&row_weights), objective, settings, seed)?;
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

/// Trained trees for numbers: an ensemble for each target.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "PackedValues", try_from = "PackedValues")]
pub struct BoostedValues {
    features: usize,
    targets: Vec<BoostedModel>,
}

/// As they stand in a file.
#[derive(Serialize, Deserialize)]
struct PackedValues {
    features: usize,
    targets: Vec<Vec<u8>>,
}

impl From<BoostedValues> for PackedValues {
    fn from(boost: BoostedValues) -> PackedValues {
        let bytes = |trees: &BoostedModel| {
            let trees = trees.encode(ModelFormat::Binary);
            trees.expect("trees can be written to memory")
        };
        PackedValues {
            features: boost.features,
            targets: boost.targets.iter().map(bytes).collect(),
        }
    }
}

impl TryFrom<PackedValues> for BoostedValues {
    type Error = String;

    fn try_from(packed: PackedValues) -> Result<BoostedValues, String> {
        let trees = |bytes: &Vec<u8>| BoostedModel::decode(bytes, ModelFormat::Binary);
        let targets: Result<Vec<_>, _> = packed.targets.iter().map(trees).collect();
        Ok(BoostedValues {
            features: packed.features,
            targets: targets.map_err(|cause| cause.to_string())?,
        })
    }
}

impl BoostedValues {
    /// Trains on the scaled rows `x` and the targets `y`, rows x targets, by squared errors.
    pub fn fit(
        x: ArrayView2<f32>,
        y: ArrayView2<f64>,
        settings: Settings,
        seed: u64,
    ) -> Result<BoostedValues> {
        let of_target = |y: ArrayView1<f64>| {
            let labels: Vec<f32> = y.iter().map(|&y| y as f32).collect();
            let objective = Objective::SquaredError(Default::default());
            trained(x, &labels, None, objective, settings, seed)
        };
        Ok(BoostedValues {
            features: x.ncols(),
            targets: y
                .columns()
                .into_iter()
                .map(of_target)
                .collect::<Result<_>>()?,
        })
    }
}

impl Estimator for BoostedValues {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        let mut values = Array2::zeros((x.nrows(), self.targets.len()));
        let rows = x.as_standard_layout();
        let rows = rows.as_slice().expect("brought to standard layout");
        if !rows.is_empty() {
            for (mut column, trees) in values.columns_mut().into_iter().zip(&self.targets) {
                let predicted = trees.predict_rows(rows, Iterations::Best);
                let predicted =
                    predicted.expect("rows are as wide as those of the training, and finite");
                for (value, of_row) in column.iter_mut().zip(predicted.rows()) {
                    *value = of_row.iter().map(|&value| f64::from(value)).sum();
                }
            }
        }
        Outputs::Values(values)
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        self.features == features
            && self.targets.len() == answers
            && self.targets.iter().all(|trees| takes(trees, features, 1))
    }

    /// What splits by each feature gained in all.
    fn importance(&self, _features: usize) -> Vec<f64> {
        let mut importance = vec![0.0; self.features];
        for trees in &self.targets {
            for (feature, gain) in trees.feature_importance(ImportanceType::TotalGain) {
                importance[feature] += gain;
            }
        }
        importance
    }
}

/// Whether trees take rows of so many features, and answer each with so many numbers.
fn takes(trees: &BoostedModel, features: usize, answers: usize) -> bool {
    let predicted = trees.predict_rows(&vec![0.0; features], Iterations::Best);
    predicted.is_ok_and(|predicted| {
        let mut rows = predicted.rows();
        rows.next().is_some_and(|row| row.len() == answers) && rows.next().is_none()
    })
}

fn trained(
    x: ArrayView2<f32>,
    labels: &[f32],
    weights: Option<&[f32]>,
    objective: Objective,
    settings: Settings,
    seed: u64,
) -> Result<BoostedModel> {
    let train = || {
        let rows = x.as_standard_layout();
        let rows = rows.as_slice().expect("brought to standard layout");
        let mut data = DMatrix::from_dense(rows, x.nrows(), x.ncols())?.with_labels(labels)?;
        if let Some(weights) = weights {
            data = data.with_weights(weights)?;
        }
        let parameters = TrainingParams::builder()
            .objective(objective)
            .tree_method(TreeMethod::Hist)
            .eta(settings.rate)
            .max_depth(settings.max_depth)
            .colsample_bytree(COLUMNS)
            .seed(seed)
            .build()?;
        hessboost::training::train(&parameters, &data, settings.rounds)
    };
    let trees: hessboost::error::Result<BoostedModel> = train();
    trees.map_err(untrainable)
}

fn untrainable(cause: HessboostError) -> Error {
    Error::Data(format!("the boosted trees cannot be trained: {cause}"))
}

#[test]
fn boosted_trees_separate_what_is_separable() {
    let x = Array2::from_shape_fn((60, 4), |(i, j)| match j {
        2 => (i % 3) as f32 * 2.0 + (i % 7) as f32 * 0.1,
        _ => ((i * (j + 3)) % 7) as f32,
    });
    // Class 1 of four does not occur.
    let y: Vec<usize> = (0..60).map(|i| [0, 2, 3][i % 3]).collect();
    let settings = Settings {
        rounds: 20,
        rate: 0.3,
        max_depth: 3,
    };
    let fit = || Boost::fit(x.view(), &y, 4, None, settings, 5).unwrap();
    let shares = fit().shares(x.view());
    for (row, &label) in y.iter().enumerate() {
        assert!(shares[(row, label)] > 0.6, "row {row}: {}", shares.row(row));
        assert_eq!(shares[(row, 1)], 0.0);
    }
    let importance = fit().importance(4);
    assert!(importance[2] > importance[0] + importance[1] + importance[3]);
}
