//! Nearest neighbours, found by the linear search of the crate linfa-nn; the shares of their classes, as scikit-learn's
//! `KNeighborsClassifier`. Classes are not balanced: a frequent one has more rows that may be near.
//!
//! smartcore 0.7 has them too, whole. Of 6676 features and 1200 rows it takes 34 ms to find 5 neighbours, linfa-nn 16 (its
//! trees help in few dimensions alone), and it fails where there are fewer rows than neighbours asked for. Of rows equally
//! far away both take now this, now that, where it must be decided which are the last; so does scikit-learn. The model
//! holds the training rows, and which are near is a question with one answer: a newer library changes no other prediction.

use std::collections::BTreeSet;

use linfa_nn::distance::L2Dist;
use linfa_nn::{LinearSearch, NearestNeighbour};
use ndarray::{Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::model::learners::parameters::{Key, Kind, Parameters};
use crate::model::learners::{self, Estimator, Learner, OfClasses, Training};
use crate::model::outputs::Outputs;

/// All there is to know of it.
pub const LEARNER: Learner = Learner {
    name: "linfa-knn",
    help: "nearest neighbours by linfa-nn; rare classes do not weigh more",
    keys: &[
        Key::whole("k", "5", 10_000, "number of neighbours").tuned(),
        Key::new(
            "weights",
            "uniform",
            Kind::Word(&["uniform", "distance"]),
            WEIGHTS,
        ),
        Key::new(
            "metric",
            "euclidean",
            Kind::Word(&["euclidean", "cosine"]),
            "distance",
        )
        .quiet(),
    ],
    in_auto: &[],
    grid: |given| [50, 30, 20, 10, 5].map(|k| given.with("k", k)).into(),
    for_features: learners::whatever_features,
    classes: Some(OfClasses {
        learns_shares: false,
        weighs_corpora: false,
        fit: |each, rows| learners::fit(each, |given| Ok(Neighbours::new(rows, given))),
        read: learners::read::<Neighbours>,
    }),
    values: None,
};

const WEIGHTS: &str = "what a neighbour weighs: 1, or one over its distance";

/// The training rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Neighbours {
    classes: usize,
    features: usize,
    k: usize,
    by_distance: bool,
    /// Rows are of length 1, and half the square of a distance is the cosine distance.
    is_cosine: bool,
    /// Row by row.
    rows: Vec<f32>,
    /// The class of each row.
    y: Vec<u32>,
}

impl Neighbours {
    fn new(rows: &Training, given: &Parameters) -> Neighbours {
        Neighbours {
            classes: rows.classes,
            features: rows.x.ncols(),
            k: given.get("k"),
            by_distance: given.word("weights") == "distance",
            is_cosine: given.word("metric") == "cosine",
            rows: rows.x.iter().copied().collect(),
            y: rows.y.iter().map(|&class| class as u32).collect(),
        }
    }

    /// Rows as they are compared.
    fn prepared(&self, x: ArrayView2<f32>) -> Array2<f64> {
        let mut x = x.mapv(f64::from);
        if self.is_cosine {
            for mut row in x.rows_mut() {
                let length = row.dot(&row).sqrt();
                // A row of zeros has no direction, and is as far from all.
                if length > 0.0 {
                    row /= length;
                }
            }
        }
        x
    }

    /// What each of these neighbours of a row weighs.
    fn weights(&self, row: ArrayView1<f64>, neighbours: &[ArrayView1<f64>]) -> Vec<f64> {
        if !self.by_distance {
            return vec![1.0; neighbours.len()];
        }
        let distance = |other: &ArrayView1<f64>| {
            let square: f64 = row.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum();
            if self.is_cosine {
                square / 2.0
            } else {
                square.sqrt()
            }
        };
        let distances: Vec<f64> = neighbours.iter().map(distance).collect();
        match distances.contains(&0.0) {
            // Equal rows alone count, as in scikit-learn.
            true => distances
                .iter()
                .map(|&d| f64::from(u8::from(d == 0.0)))
                .collect(),
            false => distances.iter().map(|d| 1.0 / d).collect(),
        }
    }
}

impl Estimator for Neighbours {
    fn outputs(&self, x: ArrayView2<f32>) -> Outputs {
        let rows = ArrayView2::from_shape((self.y.len(), self.features), &self.rows);
        let rows = self.prepared(rows.expect("whole rows"));
        let x = self.prepared(x);
        let index = LinearSearch::new()
            .from_batch(&rows, L2Dist)
            .expect("rows have features");
        let shares = |row: usize| {
            let found = index
                .k_nearest(x.row(row), self.k)
                .expect("as many features");
            let (points, places): (Vec<ArrayView1<f64>>, Vec<usize>) = found.into_iter().unzip();
            let weights = self.weights(x.row(row), &points);
            let total: f64 = weights.iter().sum();
            let mut shares = vec![0.0; self.classes];
            for (place, weight) in places.into_iter().zip(weights) {
                shares[self.y[place] as usize] += weight / total;
            }
            shares
        };
        let all: Vec<Vec<f64>> = (0..x.nrows()).into_par_iter().map(shares).collect();
        let shape = (x.nrows(), self.classes);
        Outputs::Shares(Array2::from_shape_fn(shape, |(row, class)| all[row][class]))
    }

    fn fits(&self, features: usize, answers: usize) -> bool {
        self.features == features
            && self.classes == answers
            && self.rows.len() == self.y.len() * features
            && (1..=self.y.len()).contains(&self.k)
            && self.y.iter().all(|&class| (class as usize) < answers)
    }

    /// How far apart the means of the classes lie by each feature: what neighbours of other classes differ by.
    fn importance(&self, features: usize) -> Vec<f64> {
        let present: BTreeSet<u32> = self.y.iter().copied().collect();
        let deviation = |f: usize| {
            let mean_of = |class: u32| {
                let rows = self.y.iter().enumerate().filter(|(_, y)| **y == class);
                let values = rows.map(|(row, _)| f64::from(self.rows[row * features + f]));
                let (sum, n) = values.fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
                sum / n
            };
            let means: Vec<f64> = present.iter().map(|&class| mean_of(class)).collect();
            let mean = means.iter().sum::<f64>() / means.len() as f64;
            let squares = means.iter().map(|m| (m - mean).powi(2));
            (squares.sum::<f64>() / means.len() as f64).sqrt()
        };
        (0..features).map(deviation).collect()
    }
}
