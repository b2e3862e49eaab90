//! Forests of smartcore for numbers: trees by the variance, one forest for each target.

use ndarray::{Array2, ArrayView2};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use smartcore::ensemble::random_forest_regressor::{
    RandomForestRegressor, RandomForestRegressorParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::error::Result;
use crate::model::learners::parameters::Parameters;
use crate::model::learners::smartcore::{MEMORY, at_most};
use crate::model::learners::{Estimator, ValueTraining, guarded};
use crate::model::outputs::Outputs;

/// Trained forests: the trees of each target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ForestOfValues {
    features: usize,
    targets: Vec<Vec<Vec<Node>>>,
}

/// A node of a tree; the root is first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Node {
    /// Rows whose feature is at most the threshold go to the first child, the others to the second.
    Split {
        feature: u32,
        threshold: f32,
        children: [u32; 2],
        /// By how much it lowers the squared error.
        fall: f32,
    },
    Leaf(f32),
}

/// The library's forest as it serialises it, whose fields are private. What follows its nodes is not read.
#[derive(Deserialize)]
struct Theirs {
    forest: Option<TheirForest>,
}

#[derive(Deserialize)]
struct TheirForest {
    trees: Option<Vec<TheirTree>>,
}

#[derive(Deserialize)]
struct TheirTree {
    nodes: Vec<TheirNode>,
}

#[derive(Deserialize)]
struct TheirNode {
    output: f64,
    split_feature: usize,
    split_value: Option<f64>,
    split_score: Option<f64>,
    true_child: Option<usize>,
    false_child: Option<usize>,
}

impl ForestOfValues {
    /// Trains with the parameters of `smartcore-forest`.
    pub fn fit(rows: &ValueTraining, given: &Parameters) -> Result<ForestOfValues> {
        let (trees, depth): (usize, u16) = (given.get("trees"), given.get("max_depth"));
        let features = rows.x.ncols();
        let asked = RandomForestRegressorParameters::default()
            .with_n_trees(1)
            .with_max_depth(depth + 1)
            .with_min_samples_leaf(given.get("min_leaf"))
            .with_m(features.div_ceil(3));
        let tree = |target: usize, t: usize| {
            // Neither the place of a tree nor the number of threads matters.
            let mut random = ChaCha8Rng::seed_from_u64(rows.seed);
            random.set_stream((target * trees + t) as u64);
            let y: Vec<f64> = rows.y.column(target).to_vec();
            guarded("smartcore-forest", || {
                let failed = |cause: &dyn std::fmt::Display| cause.to_string();
                let columns = rows.x.columns().into_iter();
                let values = columns.flat_map(|column| column.to_vec());
                let values: Vec<f64> = values.map(f64::from).collect();
                let x = DenseMatrix::new(rows.x.nrows(), features, values, true);
                let x = x.map_err(|cause| failed(&cause))?;
                let asked = asked.clone().with_seed(random.r#gen());
                let theirs =
                    RandomForestRegressor::fit(&x, &y, asked).map_err(|cause| failed(&cause))?;
                let bytes = postcard::to_stdvec(&theirs).map_err(|cause| failed(&cause))?;
                let theirs: Theirs =
                    postcard::from_bytes(&bytes).map_err(|cause| failed(&cause))?;
                let trees = theirs.forest.and_then(|forest| forest.trees);
                let tree = trees
                    .into_iter()
                    .flatten()
                    .next()
                    .ok_or("no tree".to_string())?;
                tree.nodes.iter().map(copied).collect::<Result<_, String>>()
            })
        };
        let at_once = (MEMORY / (16 * rows.x.len()).max(1)).max(1);
        let mut targets = Vec::with_capacity(rows.y.ncols());
        for target in 0..rows.y.ncols() {
            let mut grown: Vec<Vec<Node>> = Vec::with_capacity(trees);
            for from in (0..trees).step_by(at_once) {
                let some = (from..trees.min(from + at_once)).into_par_iter();
                grown.extend(some.map(|t| tree(target, t)).collect::<Result<Vec<_>>>()?);
            }
            targets.push(grown);
        }
        Ok(ForestOfValues { features, targets })
    }
}

fn copied(node: &TheirNode) -> Result<Node, String> {
    let place = |place: usize| u32::try_from(place).map_err(|cause| cause.to_string());
    match (node.true_child, node.false_child, node.split_value) {
        (Some(below), Some(above), Some(value)) => Ok(Node::Split {
            feature: place(node.split_feature)?,
            threshold: at_most(value),
            children: [place(below)?, place(above)?],
            fall: node.split_score.unwrap_or(0.0) as f32,
        }),
        _ => Ok(Node::Leaf(node.output as f32)),
    }
}

impl Estimator for ForestOfValues {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        let of_row = |row: usize| -> Vec<f64> {
            let said = |tree: &Vec<Node>| {
                let mut at = 0;
                // No path is longer than the tree.
                for _ in 0..tree.len() {
                    match &tree[at] {
                        Node::Leaf(value) => return f64::from(*value),
                        Node::Split {
                            feature,
                            threshold,
                            children,
                            ..
                        } => {
                            let is_above = x[(row, *feature as usize)] > *threshold;
                            at = children[usize::from(is_above)] as usize;
                        }
                    }
                }
                0.0
            };
            let mean =
                |trees: &Vec<Vec<Node>>| trees.iter().map(said).sum::<f64>() / trees.len() as f64;
            self.targets.iter().map(mean).collect()
        };
        let rows: Vec<Vec<f64>> = (0..x.nrows()).into_par_iter().map(of_row).collect();
        let shape = (rows.len(), self.targets.len());
        Outputs::Values(Array2::from_shape_fn(shape, |(row, target)| {
            rows[row][target]
        }))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        let tree_fits = |tree: &Vec<Node>| {
            let node_fits = |node: &Node| match node {
                Node::Split {
                    feature, children, ..
                } => {
                    let is_node = |&child: &u32| (child as usize) < tree.len();
                    (*feature as usize) < features && children.iter().all(is_node)
                }
                Node::Leaf(_) => true,
            };
            tree.iter().all(node_fits)
        };
        self.features == features
            && self.targets.len() == answers
            && self.targets.iter().flatten().all(tree_fits)
    }

    /// By how much splits by each feature lower the squared error.
    fn importance(&self, _features: usize) -> Vec<f64> {
        let mut importance = vec![0.0; self.features];
        for node in self.targets.iter().flatten().flatten() {
            if let Node::Split { feature, fall, .. } = node {
                importance[*feature as usize] += f64::from(*fall);
            }
        }
        importance
    }
}
