//! Outputs of classifiers for rows, before calibration.

use ndarray::{Array2, ArrayView2, Axis};

/// The outputs of a classifier for some rows, before calibration.
#[derive(Debug, Clone, PartialEq)]
pub enum Outputs {
    /// Rows x classes: a score of each class; the largest one decides.
    Scores(Array2<f64>),
    /// Rows x classes: a probability of each class.
    Shares(Array2<f64>),
    /// Rows x pairs of classes: positive for the first class of the pair, negative for the second, NaN if unknown.
    Decisions(Array2<f64>),
    /// Rows x targets: numbers.
    Values(Array2<f64>),
}

impl Outputs {
    /// The outputs for some of the rows.
    pub fn select(&self, rows: &[usize]) -> Outputs {
        let values = self.values().select(Axis(0), rows);
        match self {
            Outputs::Scores(_) => Outputs::Scores(values),
            Outputs::Shares(_) => Outputs::Shares(values),
            Outputs::Decisions(_) => Outputs::Decisions(values),
            Outputs::Values(_) => Outputs::Values(values),
        }
    }

    /// The rows of all, one after the other; all are of one kind.
    pub fn stacked(all: &[Outputs]) -> Option<Outputs> {
        let values = all.iter().map(|outputs| outputs.values().view());
        let values = ndarray::concatenate(Axis(0), &values.collect::<Vec<_>>()).ok()?;
        Some(match all.first()? {
            Outputs::Scores(_) => Outputs::Scores(values),
            Outputs::Shares(_) => Outputs::Shares(values),
            Outputs::Decisions(_) => Outputs::Decisions(values),
            Outputs::Values(_) => Outputs::Values(values),
        })
    }

    /// The numbers, rows x whatever they are of.
    pub fn into_values(self) -> Array2<f64> {
        match self {
            Outputs::Scores(values)
            | Outputs::Shares(values)
            | Outputs::Decisions(values)
            | Outputs::Values(values) => values,
        }
    }

    /// The same, to be looked at.
    pub fn values(&self) -> &Array2<f64> {
        match self {
            Outputs::Scores(values)
            | Outputs::Shares(values)
            | Outputs::Decisions(values)
            | Outputs::Values(values) => values,
        }
    }
}

/// `exp(sharpness * score)`, each row divided by its sum.
pub fn softmax(scores: ArrayView2<f64>, sharpness: f64) -> Array2<f64> {
    let mut out = scores.to_owned();
    for mut row in out.rows_mut() {
        let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.mapv_inplace(|score| (sharpness * (score - largest)).exp());
        let sum = row.sum();
        row.mapv_inplace(|p| p / sum);
    }
    out
}
