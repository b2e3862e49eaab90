//! What a set of rows teaches about numbers, whole: parameters chosen, a regression fitted, its numbers brought to
//! the spread of the truth, and how far off they are.
//!
//! All that is decided comes from inner folds of the training speakers, as it does for classes.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Target, Values};
use crate::error::{Error, Result};
use crate::metrics::values::{self, ValueFigures};
use crate::model::calibrated::{Rehearsal, picked, rehearse};
use crate::model::outputs::Outputs;
use crate::model::pipeline::Pipeline;
use crate::model::{ModelSpec, TrainOptions};
use crate::scaler::Scaler;

/// Share of recordings whose true number lies within 1.645 [`spread`](LearnedValue::spread)s of the predicted one.
pub const HELD: f64 = 0.9;
/// Standard deviations on either side of the mean that hold that share of a normal distribution.
pub const REACH: f64 = 1.645;

/// A regression for each target, with what its numbers are worth.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ValuePipeline {
    /// What was fitted, its parameters chosen.
    pub spec: ModelSpec,
    pipeline: Pipeline,
    /// What it says numbers of.
    pub targets: Vec<LearnedValue>,
}

/// What is known of a target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LearnedValue {
    /// What it measures.
    pub name: String,
    /// Mean over the training recordings.
    pub mean: f64,
    /// Standard deviation over the training recordings.
    pub deviation: f64,
    /// The smallest of the training.
    pub smallest: f64,
    /// The largest of the training.
    pub largest: f64,
    /// From what the regression says to what is predicted.
    line: Line,
    /// Standard error of a prediction for a speaker who was not heard: 9 in 10 recordings of training speakers who were
    /// held out lay within 1.645 of it; the deviation where nobody could be.
    pub spread: f64,
    /// How it does on training speakers who were held out.
    pub held_out: Option<ValueFigures>,
}

/// `slope * said + shift`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
struct Line {
    slope: f64,
    shift: f64,
}

impl Line {
    const SAME: Line = Line {
        slope: 1.0,
        shift: 0.0,
    };

    fn at(self, said: f64) -> f64 {
        self.slope * said + self.shift
    }

    /// The line that gives what is said the mean and deviation of the truth, if that raises the CCC: a penalty draws
    /// predictions towards their mean, which the CCC counts against them (scaling as in Trigeorgis et al. 2016, "Adieu
    /// features?", section 4). Predictions that do not correlate with the truth stay as they are. A prediction may leave
    /// the range of the training.
    fn fit(said: &[f64], truth: &[f64]) -> Line {
        let (said_moments, moments) = (moments(said), moments(truth));
        if said_moments.1 <= 0.0 || values::pearson(truth, said) <= 0.0 {
            return Line::SAME;
        }
        let slope = moments.1 / said_moments.1;
        let line = Line {
            slope,
            shift: moments.0 - slope * said_moments.0,
        };
        let scaled: Vec<f64> = said.iter().map(|&said| line.at(said)).collect();
        match values::ccc(truth, &scaled) > values::ccc(truth, said) {
            true => line,
            false => Line::SAME,
        }
    }
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / n;
    (mean, square.sqrt())
}

/// What the inner folds said of the training recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOutValues {
    /// The first row of each recording.
    pub rows: Vec<usize>,
    /// Recordings x targets.
    pub values: Array2<f64>,
    /// Number of folds.
    pub folds: usize,
}

impl ValuePipeline {
    /// Scales rows so, unless it scales them already.
    pub(super) fn scale_by(&mut self, scaler: &Scaler) {
        self.pipeline.scale_by(scaler);
    }

    /// How it scales rows, if it does.
    pub(super) fn scaler(&self) -> Option<&Scaler> {
        self.pipeline.scaler.as_ref()
    }

    /// Whether its parts fit together, and it is of so many features.
    pub(super) fn fits(&self, features: usize) -> bool {
        self.pipeline.fits(features, self.targets.len())
    }

    /// Trains on the rows `rows` of a dataset whose target is numbers and that was [`scaled`](crate::model::scaled)
    /// as `options` say; nothing else of it is looked at. With one speaker nobody can be held out: then the first candidate
    /// is taken, and nothing is known of its errors.
    pub fn fit(
        data: &Dataset,
        rows: &[usize],
        spec: &ModelSpec,
        options: &TrainOptions,
    ) -> Result<(ValuePipeline, Option<HeldOutValues>)> {
        let target = values_of(data)?;
        let candidates = spec.candidates(&data.target).into_iter();
        let candidates: Vec<ModelSpec> = candidates
            .map(|spec| spec.for_features(&data.feature_names))
            .collect::<Result<_>>()?;
        let rehearsed = rehearse(data, None, rows, &candidates, options)?;
        let rehearsed = rehearsed.map(|rehearsal| Rehearsed::of(data, target, rehearsal));
        let chosen = rehearsed.as_ref().map_or(0, Rehearsed::best);
        let spec = candidates[chosen].clone();
        let truth = recordings_of(data, target, rows);
        let held_out = rehearsed.as_ref().map(|all| all.held_out(chosen));
        let learned = |(at, name): (usize, &String)| {
            let of_training: Vec<f64> = truth.column(at).to_vec();
            let (mean, deviation) = moments(&of_training);
            let column = |of: &Array2<f64>| of.column(at).to_vec();
            let line = rehearsed
                .as_ref()
                .map(|all| Line::fit(&column(&all.said[chosen]), &column(&all.truth)));
            let figures = rehearsed.as_ref().zip(held_out.as_ref());
            let figures = figures.map(|(all, held_out)| {
                let (said, truth) = (column(&held_out.values), column(&all.truth));
                let figures = values::figures(&truth, &said, &all.speakers, options.seed);
                (spread(&truth, &said), figures)
            });
            LearnedValue {
                name: name.clone(),
                mean,
                deviation,
                smallest: of_training.iter().copied().fold(f64::INFINITY, f64::min),
                largest: of_training
                    .iter()
                    .copied()
                    .fold(f64::NEG_INFINITY, f64::max),
                line: line.unwrap_or(Line::SAME),
                spread: figures.as_ref().map_or(deviation, |(spread, _)| *spread),
                held_out: figures.map(|(_, figures)| figures),
            }
        };
        let targets = target.names.iter().enumerate().map(learned).collect();
        let pipeline = ValuePipeline {
            pipeline: Pipeline::fit(data, rows, &spec, options)?,
            spec,
            targets,
        };
        Ok((pipeline, held_out))
    }

    /// Recordings x targets: the numbers of recordings whose windows are these rows of `x`, prepared as the training rows
    /// were; of each the mean over its windows.
    pub fn values(&self, x: ArrayView2<f32>, recordings: &[Vec<usize>]) -> Array2<f64> {
        let all: Vec<usize> = (0..recordings.len()).collect();
        let (rows, places) = picked(recordings, &all);
        let said = means(&self.pipeline.outputs(x, &rows), &places);
        Array2::from_shape_fn(said.raw_dim(), |(at, target)| {
            self.targets[target].line.at(said[(at, target)])
        })
    }

    /// How much the regression makes of each feature, in a scale of its own.
    pub fn importance(&self) -> Vec<f64> {
        self.pipeline.importance()
    }
}

/// The numbers that a dataset is to teach.
pub fn values_of(data: &Dataset) -> Result<&Values> {
    match &data.target {
        Target::Values(values) => Ok(values),
        Target::Classes(_) => Err(Error::Usage(format!(
            "`{}` holds classes; expected numbers",
            data.label
        ))),
    }
}

/// Recordings x targets: the true numbers of the recordings that these rows are of.
pub fn recordings_of(data: &Dataset, target: &Values, rows: &[usize]) -> Array2<f64> {
    let recordings = data.by_recording(rows);
    let shape = (recordings.len(), target.names.len());
    Array2::from_shape_fn(shape, |(at, k)| target.y[(recordings[at][0], k)])
}

/// Recordings x targets: the means of what is said of the rows of each.
fn means(outputs: &Outputs, recordings: &[Vec<usize>]) -> Array2<f64> {
    let values = outputs.values();
    Array2::from_shape_fn((recordings.len(), values.ncols()), |(at, target)| {
        let rows = &recordings[at];
        let sum: f64 = rows.iter().map(|&row| values[(row, target)]).sum();
        sum / rows.len() as f64
    })
}

/// The error that [`HELD`] of the recordings stay within, in standard deviations of a normal distribution: of n
/// recordings the (n + 1) `HELD`th smallest (Vovk et al. 2005, "Algorithmic learning in a random world").
fn spread(truth: &[f64], said: &[f64]) -> f64 {
    let errors = truth
        .iter()
        .zip(said)
        .map(|(truth, said)| (truth - said).abs());
    let mut errors: Vec<f64> = errors.collect();
    errors.sort_unstable_by(f64::total_cmp);
    let place = ((errors.len() + 1) as f64 * HELD).ceil() as usize;
    errors[place.clamp(1, errors.len()) - 1] / REACH
}

/// What each candidate said of recordings that it was not fitted on.
struct Rehearsed {
    /// The first row of each recording.
    rows: Vec<usize>,
    speakers: Vec<Option<String>>,
    /// The inner fold that each was held out in.
    fold_of: Vec<usize>,
    folds: usize,
    /// Recordings x targets.
    truth: Array2<f64>,
    /// The same of each candidate.
    said: Vec<Array2<f64>>,
}

impl Rehearsed {
    fn of(data: &Dataset, target: &Values, rehearsal: Rehearsal) -> Rehearsed {
        let place: HashMap<usize, usize> = rehearsal.rows.iter().copied().zip(0..).collect();
        let recordings = data.by_recording(&rehearsal.rows);
        let places = |rows: &Vec<usize>| rows.iter().map(|row| place[row]).collect();
        let places: Vec<Vec<usize>> = recordings.iter().map(places).collect();
        Rehearsed {
            rows: recordings.iter().map(|rows| rows[0]).collect(),
            speakers: recordings
                .iter()
                .map(|rows| data.speakers[rows[0]].clone())
                .collect(),
            fold_of: places
                .iter()
                .map(|places| rehearsal.fold_of[places[0]])
                .collect(),
            folds: rehearsal.folds,
            truth: recordings_of(data, target, &rehearsal.rows),
            said: rehearsal
                .outputs
                .iter()
                .map(|outputs| means(outputs, &places))
                .collect(),
        }
    }

    /// The candidate whose numbers, scaled, have the highest CCC in the mean over the targets; the first of equals.
    fn best(&self) -> usize {
        let ccc = |said: &Array2<f64>| {
            let of_target = |(said, truth): (ArrayView1<f64>, ArrayView1<f64>)| {
                let (said, truth) = (said.to_vec(), truth.to_vec());
                let line = Line::fit(&said, &truth);
                let scaled: Vec<f64> = said.iter().map(|&said| line.at(said)).collect();
                values::ccc(&truth, &scaled)
            };
            said.columns()
                .into_iter()
                .zip(self.truth.columns())
                .map(of_target)
                .sum::<f64>()
        };
        let cccs: Vec<f64> = self.said.iter().map(ccc).collect();
        (0..cccs.len())
            .reduce(|best, at| if cccs[at] > cccs[best] { at } else { best })
            .unwrap_or(0)
    }

    /// What one candidate says of each recording, each fold on the line that the others want: figures that have not seen
    /// what they judge.
    fn held_out(&self, candidate: usize) -> HeldOutValues {
        let said = &self.said[candidate];
        let mut held_out = said.clone();
        for target in 0..said.ncols() {
            for fold in 0..self.folds {
                let others = (0..self.rows.len()).filter(|&at| self.fold_of[at] != fold);
                let others: Vec<usize> = others.collect();
                let of = |values: &Array2<f64>| -> Vec<f64> {
                    others.iter().map(|&at| values[(at, target)]).collect()
                };
                let line = match others.is_empty() {
                    true => Line::SAME,
                    false => Line::fit(&of(said), &of(&self.truth)),
                };
                let own = (0..self.rows.len()).filter(|&at| self.fold_of[at] == fold);
                own.for_each(|at| held_out[(at, target)] = line.at(said[(at, target)]));
            }
        }
        HeldOutValues {
            rows: self.rows.clone(),
            values: held_out,
            folds: self.folds,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_drawn_towards_their_mean_are_brought_to_the_spread_of_the_truth() {
        let truth = [1.0, 2.0, 3.0, 6.0];
        let said: Vec<f64> = truth
            .iter()
            .map(|truth| 3.0 + 0.25 * (truth - 3.0))
            .collect();
        let line = Line::fit(&said, &truth);
        assert!((line.slope - 4.0).abs() < 1e-12 && (line.at(said[3]) - 6.0).abs() < 1e-12);
        // What says nothing, or the opposite, is not blown up.
        assert_eq!(Line::fit(&[2.0; 4], &truth), Line::SAME);
        assert_eq!(Line::fit(&[3.0, 2.9, 2.8, 2.7], &truth), Line::SAME);
    }

    #[test]
    fn nine_in_ten_errors_lie_within_the_spread() {
        let truth = vec![0.0; 99];
        let said: Vec<f64> = (1..100).map(f64::from).collect();
        // The 90th of 99, since of 100 the 100th may be the next.
        assert!((spread(&truth, &said) * REACH - 90.0).abs() < 1e-9);
        assert!((spread(&[0.0], &[2.0]) * REACH - 2.0).abs() < 1e-12);
    }
}
