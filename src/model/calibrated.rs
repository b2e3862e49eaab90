//! The whole of training: parameters are chosen, a classifier is fitted, its probabilities are calibrated, and the
//! threshold below which an answer is unsure is set.
//!
//! The choice, the calibration and the threshold come from inner folds: groups of the training speakers, each held out
//! in turn from a classifier fitted on the others. So everything is decided by the given rows alone.

use std::collections::{BTreeSet, HashMap};

use ndarray::{Array2, ArrayView2};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::metrics;
use crate::model::calibration::Calibration;
use crate::model::outputs::Outputs;
use crate::model::pipeline::Pipeline;
use crate::model::spec::ModelSpec;
use crate::model::{Normalize, best};
use crate::split;

/// Groups of the training speakers.
const INNER_FOLDS: usize = 5;
/// Up to so many speakers are held out one at a time instead: of few speakers a fifth is much to do
/// without, and what the others teach would look less sure than all together are.
const FEW_SPEAKERS: usize = 10;
/// An answer is sure if those at least as confident are wrong at most this often, compared to all.
const SURE: f64 = 0.5;
/// Fewest answers that are called sure, as a share of all.
const FEWEST_SURE: f64 = 0.1;

/// Scaling, selection and classifier, whose outputs are calibrated probabilities.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CalibratedPipeline {
    /// What was fitted, with the parameters that were chosen.
    pub spec: ModelSpec,
    pub(super) pipeline: Pipeline,
    pub(super) calibration: Calibration,
    /// Answers whose probability is below this are unsure: above it, held-out training speakers
    /// were recognised wrongly at most half as often as in general.
    pub unsure_below: f64,
}

/// The predictions of the inner folds for the training recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The first row of each recording.
    pub rows: Vec<usize>,
    /// Recordings x classes.
    pub probabilities: Array2<f64>,
    /// Number of folds.
    pub folds: usize,
}

impl HeldOut {
    /// The predicted class of each recording.
    pub fn predicted(&self) -> Vec<usize> {
        self.probabilities.rows().into_iter().map(best).collect()
    }
}

impl CalibratedPipeline {
    /// Trains on the rows `rows` of a dataset that was [`scaled`](crate::model::scaled) under `normalize`; its other rows
    /// are not used. With one speaker nobody can be held out: then the first candidate is taken, probabilities are
    /// uncalibrated, and nothing is unsure.
    pub fn fit(
        data: &Dataset,
        rows: &[usize],
        spec: &ModelSpec,
        normalize: Normalize,
        seed: u64,
    ) -> Result<(CalibratedPipeline, Option<HeldOut>)> {
        let candidates = spec.candidates(&data.target).into_iter();
        let candidates: Vec<ModelSpec> = candidates
            .map(|spec| spec.for_features(&data.feature_names))
            .collect::<Result<_>>()?;
        let rehearsed = rehearse(data, rows, &candidates, normalize, seed)?;
        let mut seen = vec![false; data.classes().len()];
        rows.iter().for_each(|&row| seen[data.y()[row]] = true);
        let (chosen, calibration, held_out) = match rehearsed {
            None => (0, Calibration::unfitted(&seen), None),
            Some(rehearsal) => {
                let tried: Vec<(Calibration, f64)> = rehearsal
                    .outputs
                    .par_iter()
                    .map(|outputs| rehearsal.calibrated(data, outputs, &seen))
                    .collect();
                let uar = |at: usize| tried[at].1;
                let chosen = (0..tried.len())
                    .reduce(|best, at| if uar(at) > uar(best) { at } else { best })
                    .expect("there is a candidate");
                let held_out = rehearsal.held_out(data, &rehearsal.outputs[chosen], &seen);
                let calibration = tried[chosen].0.clone();
                (chosen, calibration, Some(held_out))
            }
        };
        let spec = candidates[chosen].clone();
        let unsure_below = held_out
            .as_ref()
            .map_or(0.0, |held_out| threshold(held_out, data));
        let pipeline = CalibratedPipeline {
            pipeline: Pipeline::fit(data, rows, &spec, normalize, seed)?,
            spec,
            calibration,
            unsure_below,
        };
        Ok((pipeline, held_out))
    }

    /// Whether its parts fit together, and it is of so many features and classes.
    pub(super) fn fits(&self, features: usize, classes: usize) -> bool {
        self.pipeline.fits(features, classes) && self.calibration.fits(classes)
    }

    /// Probabilities, recordings x classes: `recordings` holds the rows of `x` that are the windows of each recording. The
    /// rows must have been prepared as the training rows were.
    pub fn probabilities(&self, x: ArrayView2<f32>, recordings: &[Vec<usize>]) -> Array2<f64> {
        let all: Vec<usize> = (0..recordings.len()).collect();
        let (rows, places) = picked(recordings, &all);
        let outputs = self.pipeline.outputs(x, &rows);
        self.calibration.probabilities(&outputs, &places)
    }

    /// The importance of each feature to the classifier, on a scale of its own.
    pub fn importance(&self) -> Vec<f64> {
        self.pipeline.importance()
    }
}

/// The number of groups that this many training speakers are divided into.
pub fn inner_folds(speakers: usize) -> usize {
    if speakers <= FEW_SPEAKERS {
        speakers
    } else {
        INNER_FOLDS
    }
}

/// Outputs for every training row that could be held out.
pub(super) struct Rehearsal {
    /// The rows, in the order of the outputs.
    pub rows: Vec<usize>,
    /// The fold that each was held out in.
    pub fold_of: Vec<usize>,
    /// Of each candidate.
    pub outputs: Vec<Outputs>,
    /// Number of folds.
    pub folds: usize,
}

/// Fits every candidate on all inner folds but one, and asks it of that one. `None` where nobody
/// can be held out.
pub(super) fn rehearse(
    data: &Dataset,
    rows: &[usize],
    candidates: &[ModelSpec],
    normalize: Normalize,
    seed: u64,
) -> Result<Option<Rehearsal>> {
    let speakers: Vec<Option<String>> =
        rows.iter().map(|&row| data.speakers[row].clone()).collect();
    let distinct: BTreeSet<_> = speakers.iter().collect();
    if distinct.len() < 2 {
        return Ok(None);
    }
    let folds = split::grouped_k_fold(&speakers, inner_folds(distinct.len()))?;
    let specs: Vec<&ModelSpec> = candidates.iter().collect();
    let of_folds: Vec<Option<(Vec<usize>, Vec<Outputs>)>> = folds
        .par_iter()
        .map(|fold| {
            let of = |places: &[usize]| places.iter().map(|&at| rows[at]).collect::<Vec<_>>();
            let (train, test) = (of(&fold.train), of(&fold.test));
            match Pipeline::fit_each(data, &train, &specs, normalize, seed) {
                Ok(pipelines) => {
                    let ask = |pipeline: &Pipeline| pipeline.outputs(data.view(), &test);
                    let outputs = pipelines.par_iter().map(ask).collect();
                    Ok(Some((test, outputs)))
                }
                // A fold whose training speakers have one class says nothing.
                Err(Error::Data(_)) => Ok(None),
                Err(other) => Err(other),
            }
        })
        .collect::<Result<_>>()?;
    let of_folds: Vec<(Vec<usize>, Vec<Outputs>)> = of_folds.into_iter().flatten().collect();
    if of_folds.is_empty() {
        return Ok(None);
    }
    let outputs = (0..candidates.len()).map(|candidate| {
        let parts: Vec<Outputs> = of_folds
            .iter()
            .map(|(_, outputs)| outputs[candidate].clone())
            .collect();
        Outputs::stacked(&parts).expect("one candidate's outputs are of one kind")
    });
    let numbered = of_folds.iter().enumerate();
    Ok(Some(Rehearsal {
        outputs: outputs.collect(),
        fold_of: numbered
            .flat_map(|(number, (test, _))| vec![number; test.len()])
            .collect(),
        folds: of_folds.len(),
        rows: of_folds.iter().flat_map(|(test, _)| test.clone()).collect(),
    }))
}

impl Rehearsal {
    /// The recordings, each as the places of its windows among the outputs.
    fn recordings(&self, data: &Dataset) -> Vec<Vec<usize>> {
        let place: HashMap<usize, usize> = self.rows.iter().copied().zip(0..).collect();
        let places = |rows: Vec<usize>| rows.iter().map(|row| place[row]).collect();
        data.by_recording(&self.rows)
            .into_iter()
            .map(places)
            .collect()
    }

    fn labels(&self, data: &Dataset) -> Vec<usize> {
        self.rows.iter().map(|&row| data.y()[row]).collect()
    }

    /// The calibration that one candidate's outputs want, and their UAR over recordings.
    fn calibrated(&self, data: &Dataset, outputs: &Outputs, seen: &[bool]) -> (Calibration, f64) {
        let (y, recordings) = (self.labels(data), self.recordings(data));
        let calibration = Calibration::fit(outputs, &y, seen, &recordings);
        let p = calibration.probabilities(outputs, &recordings);
        let said: Vec<usize> = p.rows().into_iter().map(best).collect();
        let truth: Vec<usize> = recordings.iter().map(|rows| y[rows[0]]).collect();
        let uar = metrics::uar(&metrics::confusion(&truth, &said, seen.len()));
        (calibration, uar)
    }

    /// What the inner folds say of each recording, each fold by the calibration that the others
    /// want: figures that have not seen what they judge.
    fn held_out(&self, data: &Dataset, outputs: &Outputs, seen: &[bool]) -> HeldOut {
        let (y, recordings) = (self.labels(data), self.recordings(data));
        let fold = |rows: &Vec<usize>| self.fold_of[rows[0]];
        let mut probabilities = Array2::zeros((recordings.len(), seen.len()));
        for number in 0..self.folds {
            let (own, others): (Vec<usize>, Vec<usize>) =
                (0..recordings.len()).partition(|&at| fold(&recordings[at]) == number);
            let calibration = match others.is_empty() {
                true => Calibration::unfitted(seen),
                false => {
                    let (rows, recordings) = picked(&recordings, &others);
                    let y: Vec<usize> = rows.iter().map(|&row| y[row]).collect();
                    Calibration::fit(&outputs.select(&rows), &y, seen, &recordings)
                }
            };
            let (rows, of_fold) = picked(&recordings, &own);
            let p = calibration.probabilities(&outputs.select(&rows), &of_fold);
            for (&at, p) in own.iter().zip(p.rows()) {
                probabilities.row_mut(at).assign(&p);
            }
        }
        HeldOut {
            rows: recordings.iter().map(|rows| self.rows[rows[0]]).collect(),
            probabilities,
            folds: self.folds,
        }
    }
}

/// The rows of some recordings, and these recordings as places among them.
pub(super) fn picked(recordings: &[Vec<usize>], places: &[usize]) -> (Vec<usize>, Vec<Vec<usize>>) {
    let mut rows = Vec::new();
    let of = |&place: &usize| {
        let first = rows.len();
        rows.extend(&recordings[place]);
        (first..rows.len()).collect()
    };
    let picked = places.iter().map(of).collect();
    (rows, picked)
}

/// The lowest confidence from which on answers are wrong at most [`SURE`] times as often as all
/// are; where no such confidence is, that of the surest tenth.
fn threshold(held_out: &HeldOut, data: &Dataset) -> f64 {
    let mut answers: Vec<(f64, bool)> = held_out
        .predicted()
        .iter()
        .zip(&held_out.rows)
        .enumerate()
        .map(|(at, (&said, &row))| (held_out.probabilities[(at, said)], said == data.y()[row]))
        .collect();
    answers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let wrong = answers.iter().filter(|(_, right)| !right).count();
    let bearable = SURE * wrong as f64 / answers.len() as f64;
    let fewest = ((FEWEST_SURE * answers.len() as f64).ceil() as usize).max(1);
    let mut wrong_so_far = 0;
    let mut sure = fewest;
    for (at, (_, right)) in answers.iter().enumerate() {
        wrong_so_far += usize::from(!right);
        if wrong_so_far as f64 <= bearable * (at + 1) as f64 {
            sure = sure.max(at + 1);
        }
    }
    match answers.get(sure) {
        // Halfway to the first that is not.
        Some((next, _)) => (answers[sure - 1].0 + next) / 2.0,
        None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_threshold_halves_the_share_of_errors() {
        // Sixteen answers, the surer the more often right; 4 of 16 are wrong. Of the surest 12 one
        // is: less than an eighth; of the surest 13 two are: more.
        let wrong = [5, 12, 14, 15];
        let confidence = |at: usize| 0.9 - 0.025 * at as f64;
        let held_out = HeldOut {
            rows: (0..16).collect(),
            probabilities: Array2::from_shape_fn((16, 2), |(at, class)| match class {
                0 => confidence(at),
                _ => 1.0 - confidence(at),
            }),
            folds: 2,
        };
        let y: Vec<usize> = (0..16).map(|at| usize::from(wrong.contains(&at))).collect();
        let data = crate::dataset::tests::of_labels(&y, 2);
        let found = threshold(&held_out, &data);
        assert!(
            (found - (confidence(11) + confidence(12)) / 2.0).abs() < 1e-12,
            "{found}"
        );
    }
}
