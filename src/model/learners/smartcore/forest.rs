//! Random forest by the crate smartcore: trees by the Gini impurity, sqrt(features) random features at each split.
//!
//! The library grows one tree after the other and tells the class of most votes alone; here it is asked for forests of one
//! tree, over Rayon, and the votes of all are shares. It draws as many rows of a class as there are, so each tree is given
//! equally many rows of all classes, all in all as many as there are: those of a rare class several times, of a frequent
//! one some at random. As a depth it counts nodes, where others count splits; a tree of one split is asked for as one of
//! depth 2. Of numbers a third of the features are looked at for each split (Breiman 2001), and rows are drawn by the
//! library. Each tree sorts all features anew, which of wide tables takes most of the time.
//!
//! Between rows of one value and those of the next it looks for a split only if the last of the ones and the first of the
//! others are of different classes: where several classes share a value, splits are missed, others in another order of
//! rows. Means and percentiles of speech hardly ever tie.

use rand::seq::index;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::Deserialize;
use smartcore::ensemble::random_forest_classifier::{
    RandomForestClassifier, RandomForestClassifierParameters,
};
use smartcore::linalg::basic::matrix::DenseMatrix;

use crate::error::Result;
use crate::model::learners::forest::{self, Forest, Tree};
use crate::model::learners::parameters::{Key, Parameters};
use crate::model::learners::smartcore::values::ForestOfValues;
use crate::model::learners::smartcore::{MEMORY, at_most};
use crate::model::learners::{self, Learner, OfClasses, OfValues, Training, guarded};

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "smartcore-forest",
    help: "random forest by smartcore",
    keys: &[
        Key::whole("trees", "100", 10_000, "number of trees"),
        Key::whole("max_depth", "100", 100, "most splits from root to leaf").quiet(),
        Key::whole("min_leaf", "1", 10_000, "fewest draws of a leaf")
            .tuned()
            .quiet(),
    ],
    in_auto: &[],
    grid: forest::LEARNER.grid,
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| learners::fit(each, |given| fit(rows, given)),
        read: learners::read::<Forest>,
    }),
    values: Some(OfValues {
        fit: |each, rows| learners::fit(each, |given| ForestOfValues::fit(rows, given)),
        read: learners::read::<ForestOfValues>,
    }),
};

/// The library's forest as it serialises it, whose fields are private. There is one tree in it, and what follows its nodes is
/// not read.
#[derive(Deserialize)]
struct Theirs {
    trees: Option<Vec<TheirTree>>,
}

#[derive(Deserialize)]
struct TheirTree {
    /// The root is first.
    nodes: Vec<TheirNode>,
}

#[derive(Deserialize)]
struct TheirNode {
    /// Place of the class among those that occur.
    output: usize,
    n_node_samples: usize,
    split_feature: usize,
    split_value: Option<f64>,
    /// How much the split lowers the impurity.
    split_score: Option<f64>,
    /// Where rows go whose feature is at most the value.
    true_child: Option<usize>,
    false_child: Option<usize>,
    _impurity: Option<f64>,
}

fn fit(rows: &Training, given: &Parameters) -> Result<Forest> {
    let (trees, depth): (usize, u16) = (given.get("trees"), given.get("max_depth"));
    let asked = RandomForestClassifierParameters::default()
        .with_n_trees(1)
        .with_max_depth(depth + 1)
        .with_min_samples_leaf(given.get("min_leaf"));
    let mut rows_of = vec![Vec::new(); rows.classes];
    rows.y
        .iter()
        .enumerate()
        .for_each(|(row, &class)| rows_of[class].push(row));
    let present: Vec<usize> = (0..rows.classes)
        .filter(|&k| !rows_of[k].is_empty())
        .collect();
    let of_class = rows.y.len().div_ceil(present.len());
    let tree = |t: usize| {
        // As in `forest`: neither the place of a tree nor the number of threads matters.
        let mut random = ChaCha8Rng::seed_from_u64(rows.seed);
        random.set_stream(t as u64);
        let mut drawn = Vec::new();
        for class in present.iter().map(|&class| &rows_of[class]) {
            (0..of_class / class.len()).for_each(|_| drawn.extend(class));
            let rest = index::sample(&mut random, class.len(), of_class % class.len());
            drawn.extend(rest.iter().map(|at| class[at]));
        }
        let features = 0..rows.x.ncols();
        let values =
            features.flat_map(|f| drawn.iter().map(move |&row| f64::from(rows.x[(row, f)])));
        let y: Vec<u32> = drawn.iter().map(|&row| rows.y[row] as u32).collect();
        let nodes = guarded("smartcore-forest", || {
            let failed = |cause: &dyn std::fmt::Display| cause.to_string();
            let x = DenseMatrix::new(drawn.len(), rows.x.ncols(), values.collect(), true);
            let x = x.map_err(|cause| failed(&cause))?;
            let asked = asked.clone().with_seed(random.r#gen());
            let theirs =
                RandomForestClassifier::fit(&x, &y, asked).map_err(|cause| failed(&cause))?;
            let bytes = postcard::to_stdvec(&theirs).map_err(|cause| failed(&cause))?;
            let theirs: Theirs = postcard::from_bytes(&bytes).map_err(|cause| failed(&cause))?;
            let trees = theirs.trees.into_iter().flatten();
            trees
                .map(|tree| tree.nodes)
                .next()
                .ok_or("no tree".to_string())
        })?;
        Ok(copied(&nodes, &present, rows))
    };
    // A copy of the rows, and their order by each feature.
    let at_once = (MEMORY / (16 * rows.x.len()).max(1)).max(1);
    let mut grown = Vec::with_capacity(trees);
    for from in (0..trees).step_by(at_once) {
        let some = (from..trees.min(from + at_once)).into_par_iter();
        grown.extend(some.map(tree).collect::<Result<Vec<(Tree, Vec<f64>)>>>()?);
    }
    Ok(Forest::of_trees(rows.classes, rows.x.ncols(), grown))
}

/// The tree with these nodes, and how much it lowers the impurity by each feature.
fn copied(nodes: &[TheirNode], present: &[usize], rows: &Training) -> (Tree, Vec<f64>) {
    let mut tree = Tree::default();
    let mut falls = vec![0.0; rows.x.ncols()];
    // Nodes that are still to come, and the split of which each is the upper side.
    let mut left = vec![(0, None)];
    while let Some((at, is_above)) = left.pop() {
        if let Some(split) = is_above {
            tree.begin_above(split);
        }
        let node: &TheirNode = &nodes[at];
        match (node.true_child, node.false_child, node.split_value) {
            (Some(below), Some(above), Some(value)) => {
                let split = tree.push_split(node.split_feature, at_most(value));
                let fall = node.split_score.unwrap_or(0.0) * node.n_node_samples as f64;
                falls[node.split_feature] += fall;
                left.extend([(above, Some(split)), (below, None)]);
            }
            _ => {
                let class = present[node.output];
                let counts: Vec<u32> = (0..rows.classes).map(|k| u32::from(k == class)).collect();
                tree.push_leaf(&counts);
            }
        }
    }
    (tree, falls)
}
