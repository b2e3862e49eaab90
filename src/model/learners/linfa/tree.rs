//! Decision tree by the crate linfa-trees, the classes weighted as by scikit-learn's `class_weight="balanced"`.
//!
//! What the library leaves open or does otherwise than it says:
//!
//! - It adds up impurities in the order of hash maps that are seeded anew each time, so that of equally good splits now this
//!   and now that is taken. Here classes have hashes that put them into one order in any map (see `Class`).
//! - Its `predict` sends a value that equals a split to the other side than its `fit` does; here nodes are our own, and
//!   both sides are those of `fit`.
//! - It tells the class of a leaf alone; here the shares of the training rows that come to it.
//! - Values closer than 1e-5 are one to it, and splits that lower the impurity by less are not made: two features that
//!   say something only together are not found.
//! - It looks at all rows for each node: wide tables take long.

use std::hash::{Hash, Hasher};

use linfa::traits::Fit;
use linfa::{DatasetBase, Label};
use linfa_trees::{DecisionTree, TreeNode};
use ndarray::{Array1, ArrayView2};

use crate::error::Result;
use crate::model::balance;
use crate::model::learners::parameters::Key;
use crate::model::learners::tree::{self, Node, Tree};
use crate::model::learners::{self, Learner, OfClasses, guarded};

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "linfa-tree",
    help: "decision tree by linfa-trees",
    keys: &[
        Key::whole("max_depth", "8", 100, "most splits from root to leaf").tuned(),
        Key::whole("min_leaf", "1", 10_000, MIN_LEAF).quiet(),
    ],
    in_auto: &[],
    grid: tree::LEARNER.grid,
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| {
            let fit = |depth, leaf| fit(rows.x, rows.y, rows.classes, depth, leaf);
            learners::fit(each, |given| {
                fit(given.get("max_depth"), given.get("min_leaf"))
            })
        },
        read: learners::read::<Tree>,
    }),
    values: None,
};

const MIN_LEAF: &str =
    "least weight of a leaf; rows weigh 1 in the mean, those of rare classes more";

fn fit<'a>(
    x: ArrayView2<'a, f32>,
    y: &'a [usize],
    classes: usize,
    max_depth: usize,
    min_leaf: usize,
) -> Result<Tree> {
    // Sums of multiples of this up to the number of rows are exact in the library's single precision.
    let exact = y.len().next_power_of_two() as f64 / f64::from(1 << 23);
    let weights: Vec<f64> = balance::of_classes(y, classes)
        .iter()
        .map(|weight| (weight / exact).ceil() * exact)
        .collect();
    // Fewer classes than places: a map is never filled further.
    let places = (2 * classes).next_power_of_two().max(4) as u64;
    let class = |&number: &usize| Class { number, places };
    let rows = DatasetBase::new(x, y.iter().map(class).collect::<Array1<Class>>())
        .with_weights(y.iter().map(|&class| weights[class] as f32).collect());
    let theirs = guarded("linfa-trees", || {
        DecisionTree::params()
            .max_depth(Some(max_depth))
            .min_weight_leaf(min_leaf as f32)
            .fit(&rows)
    })?;
    let mut nodes = Vec::new();
    let copying = Copying { x, y, weights };
    copying.copy(theirs.root_node(), (0..y.len()).collect(), &mut nodes);
    Ok(Tree::of_nodes(classes, nodes))
}

/// A class whose hash ends, in any map of the standard library, with its number: what these place keys by. So in maps of
/// up to `places` places classes lie in the order of their numbers. A test of all learners would show if that changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
struct Class {
    number: usize,
    /// A power of 2.
    places: u64,
}

impl Label for Class {}

impl Hash for Class {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // One hash of `places` ends so. The bound is for hashers that do not stir what they are given.
        for _ in 0..1000 * self.places {
            if state.finish() % self.places == self.number as u64 {
                break;
            }
            state.write_u8(0);
        }
    }
}

/// What the library's nodes are copied with.
struct Copying<'a> {
    x: ArrayView2<'a, f32>,
    y: &'a [usize],
    /// Weight of each class.
    weights: Vec<f64>,
}

impl Copying<'_> {
    /// Appends a node to which these training rows come, and those below it.
    fn copy(&self, theirs: &TreeNode<f32, Class>, rows: Vec<usize>, nodes: &mut Vec<Node>) {
        let total: f64 = rows.iter().map(|&row| self.weights[self.y[row]]).sum();
        let children = theirs.children();
        let ([Some(below), Some(above)], false) = (&children[..], theirs.is_leaf()) else {
            let mut shares = vec![0.0; self.weights.len()];
            for class in rows.iter().map(|&row| self.y[row]) {
                shares[class] += self.weights[class] / total;
            }
            let shares = shares.into_iter().map(|share| share as f32).collect();
            return nodes.push(Node::Leaf { shares });
        };
        let (feature, threshold, fall) = theirs.split();
        let is_below = |&row: &usize| self.x[(row, feature)] <= threshold;
        let (rows_below, rows_above): (Vec<usize>, Vec<usize>) =
            rows.into_iter().partition(is_below);
        let at = nodes.len();
        nodes.push(Node::Leaf { shares: Vec::new() });
        self.copy(below, rows_below, nodes);
        nodes[at] = Node::Split {
            feature: feature as u32,
            threshold,
            above: nodes.len() as u32,
            gain: fall * total as f32,
        };
        self.copy(above, rows_above, nodes);
    }
}
