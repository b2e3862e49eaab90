//! Prints what linfa's learners answer beside what follows without them: `tree` or `pca`.

use linfa::DatasetBase;
use linfa::traits::{Fit, Predict};
use linfa_reduction::Pca;
use linfa_trees::DecisionTree;
use ndarray::{Array1, Array2, Axis};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("tree") => tree(),
        Some("pca") => pca(),
        other => panic!("tree or pca, not {other:?}"),
    }
}

/// Numbers between -1 and 1 that look like chance and are the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as f64 / f64::from(1u32 << 30) - 1.0
    }

    fn table(&mut self, rows: usize, columns: usize) -> Array2<f64> {
        Array2::from_shape_simple_fn((rows, columns), || self.next())
    }
}

/// Two classes that one split keeps apart, at small and at large values.
fn tree() {
    for first in [16.0_f32, 16_777_216.0] {
        let x = Array2::from_shape_fn((10, 1), |(i, _)| if i < 5 { first } else { first + 2.0 });
        let y = Array1::from_shape_fn(10, |i| usize::from(i >= 5));
        let rows = DatasetBase::new(x.clone(), y.clone());
        let tree = DecisionTree::params().fit(&rows).unwrap();
        let (_, split, decrease) = tree.root_node().split();
        let right = tree
            .predict(&x)
            .iter()
            .zip(&y)
            .filter(|(a, b)| a == b)
            .count();
        println!(
            "{first} and {}: split at {split}, impurity falls by {decrease}, {right} of 10 right",
            first + 2.0
        );
    }
}

/// Principal components of rows of 88 features that hang together.
fn pca() {
    let mut numbers = Numbers(1);
    let mixed = numbers.table(300, 88).dot(&numbers.table(88, 88));
    let x = &mixed - &mixed.mean_axis(Axis(0)).unwrap();
    // The largest singular value is at least the length of x v for any v of length 1.
    let mut v = Array1::from_elem(88, 1.0);
    for _ in 0..2000 {
        v = x.t().dot(&x.dot(&v));
        v /= v.dot(&v).sqrt();
    }
    let length = x.dot(&v).mapv(|a| a * a).sum().sqrt();
    println!("length of x v {length:.2}");
    for components in [5, 30, 60] {
        let pca = Pca::params(components)
            .fit(&DatasetBase::from(x.clone()))
            .unwrap();
        let values = pca.singular_values();
        println!(
            "{components} asked, {} given: first singular value {:.2}",
            values.len(),
            values[0]
        );
    }
}
