//! Decision tree: CART (Breiman et al. 1984) by the Gini impurity, weighted classes, the class
//! shares of a leaf as probabilities; as scikit-learn's `DecisionTreeClassifier` with
//! `class_weight="balanced"`.
//!
//! It is our own because linfa-trees 0.8.1 adds up impurities in the order of a hash map that is seeded anew each time: of
//! 20 trees on the same 422 recordings and 200 features no two had the same bytes, and of 100 on a small table with ties
//! some chose another feature. It does not give the shares of a leaf either. Here rows are counted per class in integers,
//! so that two splits that divide the rows alike have the same impurity to the last bit; on ties the first feature, then
//! the lowest threshold is taken. No seed is needed.

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::balance;
use crate::model::learners::parameters::Key;
use crate::model::learners::{self, Estimator, Learner, OfClasses};
use crate::model::outputs::Outputs;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "tree",
    help: "decision tree (CART)",
    keys: &[Key::whole("max_depth", "8", 100, "most splits from root to leaf").tuned()],
    in_auto: &[],
    grid: |given| {
        [2, 4, 6, 8, 12]
            .map(|depth| given.with("max_depth", depth))
            .into()
    },
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| {
            let fit = |depth| Tree::fit(rows.x, rows.y, rows.classes, depth);
            learners::fit(each, |given| Ok(fit(given.get("max_depth"))))
        },
        read: learners::read::<Tree>,
    }),
    values: None,
};

impl Estimator for Tree {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        Outputs::Shares(self.scores(x))
    }

    /// Each node leads to one behind it.
    fn fits(&self, features: usize, answers: usize) -> bool {
        let fits = |(at, node): (usize, &Node)| match node {
            Node::Split { feature, above, .. } => {
                let nexts = at + 1..self.nodes.len();
                (*feature as usize) < features && nexts.contains(&(*above as usize))
            }
            Node::Leaf { shares } => shares.len() == answers,
        };
        self.classes == answers && !self.nodes.is_empty() && self.nodes.iter().enumerate().all(fits)
    }

    /// What splits by each feature added to purity in all.
    fn importance(&self, features: usize) -> Vec<f64> {
        let mut gains = vec![0.0; features];
        for node in &self.nodes {
            if let Node::Split { feature, gain, .. } = node {
                gains[*feature as usize] += f64::from(*gain);
            }
        }
        gains
    }
}

/// A trained tree.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    classes: usize,
    /// The root is first.
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Node {
    /// Rows whose `feature` is at most `threshold` go to the next node, the others to node `above`.
    Split {
        feature: u32,
        threshold: f32,
        above: u32,
        /// What the split adds to purity.
        gain: f32,
    },
    /// Weighted share of each class among the training rows that came here.
    Leaf { shares: Vec<f32> },
}

/// The best way to part some rows.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Split {
    feature: usize,
    threshold: f32,
    /// Sum over both sides of the squared class weights over the weight of the side: the higher,
    /// the purer.
    purity: f64,
}

impl Tree {
    /// The tree with these nodes, the root first.
    #[cfg(feature = "baselines")]
    pub(super) fn of_nodes(classes: usize, nodes: Vec<Node>) -> Tree {
        Tree { classes, nodes }
    }

    /// Trains a tree of at most `max_depth` splits from the root to any leaf. Rows are parted until
    /// they are of one class or of equal features.
    pub fn fit(x: ArrayView2<f32>, y: &[usize], classes: usize, max_depth: usize) -> Tree {
        let growing = Growing {
            // Feature by feature: a split looks at one after the other.
            columns: x.t().as_standard_layout().into_owned(),
            y,
            weights: balance::of_classes(y, classes),
        };
        let mut nodes = Vec::new();
        growing.grow((0..y.len()).collect(), max_depth, &mut nodes);
        Tree { classes, nodes }
    }

    /// For each row and class, its share of the leaf that the row comes to.
    pub fn scores(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let mut scores = Array2::zeros((x.nrows(), self.classes));
        for (row, mut scores) in x.rows().into_iter().zip(scores.rows_mut()) {
            let mut at = 0;
            let shares = loop {
                match &self.nodes[at] {
                    Node::Leaf { shares } => break shares,
                    Node::Split {
                        feature,
                        threshold,
                        above,
                        ..
                    } => {
                        at = if row[*feature as usize] <= *threshold {
                            at + 1
                        } else {
                            *above as usize
                        }
                    }
                }
            };
            // Shares are stored in single precision; their sum is 1 in double.
            let sum: f64 = shares.iter().map(|&share| f64::from(share)).sum();
            for (score, &share) in scores.iter_mut().zip(shares) {
                *score = f64::from(share) / sum;
            }
        }
        scores
    }
}

/// What a tree is grown from.
struct Growing<'a> {
    columns: Array2<f32>,
    y: &'a [usize],
    /// Weight of each class.
    weights: Vec<f64>,
}

impl Growing<'_> {
    /// Appends the node of `rows`, and those below it.
    fn grow(&self, rows: Vec<usize>, depth_left: usize, nodes: &mut Vec<Node>) {
        let counts = self.counts(&rows);
        let is_pure = counts.iter().filter(|&&n| n > 0).count() <= 1;
        let split = (depth_left > 0 && !is_pure)
            .then(|| self.best_split(&rows, &counts))
            .flatten();
        let Some(split) = split else {
            let weight = |(&n, w): (&u32, &f64)| f64::from(n) * w;
            let total: f64 = counts.iter().zip(&self.weights).map(weight).sum();
            let shares = counts.iter().zip(&self.weights).map(weight);
            nodes.push(Node::Leaf {
                shares: shares.map(|w| (w / total) as f32).collect(),
            });
            return;
        };
        let column = self.columns.row(split.feature);
        let (below, above): (Vec<usize>, Vec<usize>) = rows
            .iter()
            .partition(|&&row| column[row] <= split.threshold);
        let at = nodes.len();
        nodes.push(Node::Leaf { shares: Vec::new() });
        self.grow(below, depth_left - 1, nodes);
        let first_above = nodes.len() as u32;
        self.grow(above, depth_left - 1, nodes);
        nodes[at] = Node::Split {
            feature: split.feature as u32,
            threshold: split.threshold,
            above: first_above,
            gain: (split.purity - self.purity(&counts)) as f32,
        };
    }

    fn counts(&self, rows: &[usize]) -> Vec<u32> {
        let mut counts = vec![0; self.weights.len()];
        rows.iter().for_each(|&row| counts[self.y[row]] += 1);
        counts
    }

    /// The purest split, the first of equals; `None` where all rows have equal features.
    fn best_split(&self, rows: &[usize], counts: &[u32]) -> Option<Split> {
        let of_feature = |feature: usize| self.best_threshold(feature, rows, counts);
        // Features are compared in their order, whatever thread they come from.
        let splits: Vec<Option<Split>> = (0..self.columns.nrows())
            .into_par_iter()
            .map(of_feature)
            .collect();
        splits.into_iter().flatten().reduce(|best, split| {
            if split.purity > best.purity {
                split
            } else {
                best
            }
        })
    }

    /// The purest split by one feature, the lowest threshold of equals.
    fn best_threshold(&self, feature: usize, rows: &[usize], counts: &[u32]) -> Option<Split> {
        let column = self.columns.row(feature);
        let mut sorted: Vec<(f32, usize)> =
            rows.iter().map(|&row| (column[row], self.y[row])).collect();
        sorted.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        let mut below = vec![0_u32; counts.len()];
        let mut above = counts.to_vec();
        let mut best: Option<Split> = None;
        for pair in sorted.windows(2) {
            let ((value, class), (next, _)) = (pair[0], pair[1]);
            below[class] += 1;
            above[class] -= 1;
            // Where all features are scaled, values that near are one (scikit-learn's
            // FEATURE_THRESHOLD).
            if next - value <= 1e-7 {
                continue;
            }
            let purity = self.purity(&below) + self.purity(&above);
            if best.is_none_or(|best| purity > best.purity) {
                let middle = value / 2.0 + next / 2.0;
                best = Some(Split {
                    feature,
                    // Rounded up to the value above, it would part nothing.
                    threshold: if middle < next { middle } else { value },
                    purity,
                });
            }
        }
        best
    }

    fn purity(&self, counts: &[u32]) -> f64 {
        let (mut sum, mut squares) = (0.0, 0.0);
        for (&n, weight) in counts.iter().zip(&self.weights) {
            let weight = f64::from(n) * weight;
            sum += weight;
            squares += weight * weight;
        }
        squares / sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn first_split(tree: &Tree) -> (u32, f32, u32) {
        match tree.nodes[0] {
            Node::Split {
                feature,
                threshold,
                above,
                ..
            } => (feature, threshold, above),
            Node::Leaf { .. } => panic!("no split"),
        }
    }

    #[test]
    fn one_threshold_lies_in_the_middle_of_the_gap() {
        let x = array![[5.0_f32, 1.0], [5.0, 2.0], [5.0, 4.0], [5.0, 7.0]];
        let tree = Tree::fit(x.view(), &[0, 0, 1, 1], 2, 8);
        assert_eq!(first_split(&tree), (1, 3.0, 2));
        assert!(tree.importance(2)[0] == 0.0 && tree.importance(2)[1] > 0.0);
        assert_eq!(tree.nodes.len(), 3);
        assert_eq!(
            tree.scores(array![[0.0_f32, 3.0], [0.0, 3.1]].view()),
            array![[1.0, 0.0], [0.0, 1.0]]
        );
    }

    #[test]
    fn of_equal_splits_the_first_feature_and_the_lowest_threshold_is_taken() {
        // Both features part 0 from 1 alike, and at both ends of the 1 in the middle.
        let x = array![[1.0_f32, 10.0], [2.0, 20.0], [3.0, 30.0]];
        let tree = Tree::fit(x.view(), &[0, 1, 0], 2, 1);
        assert_eq!(first_split(&tree), (0, 1.5, 2));
    }

    #[test]
    fn shares_are_of_balanced_classes() {
        // One feature without information: the root is a leaf, and five rows of the one class weigh
        // as much as one of the other.
        let x = array![[1.0_f32], [1.0], [1.0], [1.0], [1.0], [1.0]];
        let tree = Tree::fit(x.view(), &[0, 0, 0, 0, 0, 2], 3, 8);
        assert_eq!(tree.scores(x.view()).row(3).to_vec(), [0.5, 0.0, 0.5]);
    }

    #[test]
    fn what_two_features_say_together_takes_two_levels() {
        // Exclusive or: no single split is purer than none, two are.
        let x = array![[0.0_f32, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
        let y = [0, 1, 1, 0];
        let scores = Tree::fit(x.view(), &y, 2, 2).scores(x.view());
        assert!((0..4).all(|row| scores[(row, y[row])] == 1.0), "{scores}");
        let shallow = Tree::fit(x.view(), &y, 2, 1).scores(x.view());
        assert!(shallow.iter().all(|&share| share == 0.5), "{shallow}");
    }

    #[test]
    fn a_hundred_trees_are_one() {
        let x = Array2::from_shape_fn((60, 9), |(i, j)| ((i * (j + 3)) % 5) as f32);
        let y: Vec<usize> = (0..60).map(|i| i * i % 4).collect();
        let tree = Tree::fit(x.view(), &y, 4, 6);
        assert!((0..100).all(|_| Tree::fit(x.view(), &y, 4, 6) == tree));
    }
}
