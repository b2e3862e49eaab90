//! The whole of training: parameters are chosen, a classifier is fitted, its probabilities are calibrated, and the
//! threshold below which an answer is unsure is set.
//!
//! The choice, the calibration and the threshold come from inner folds: groups of the training speakers, each held out
//! in turn from a classifier fitted on the others. So everything is decided by the given rows alone.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::metrics;
use crate::model::calibration::Calibration;
use crate::model::outputs::Outputs;
use crate::model::pipeline::Pipeline;
use crate::model::spec::ModelSpec;
use crate::model::{Domain, Groups, Normalize, TrainOptions, best};
use crate::scaler::Scaler;
use crate::split::{self, Fold};

/// Groups of the training speakers.
const INNER_FOLDS: usize = 5;
/// Up to so many speakers are held out one at a time instead: of few speakers a fifth is much to do
/// without, and what the others teach would look less sure than all together are.
const FEW_SPEAKERS: usize = 10;
/// An answer is sure if those at least as confident are wrong at most this often, compared to all.
const SURE: f64 = 0.5;
/// Where corpora are held out, an answer is sure if those at least as confident are right at least this often in the mean of the
/// corpora, and at least that often in each.
const SURE_OF_STRANGERS: f64 = 2.0 / 3.0;
const SURE_OF_EACH: f64 = 0.5;
/// Of fewer answers than this nothing follows for a corpus.
const FEWEST_OF_CORPUS: usize = 10;
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
    /// were recognised wrongly at most half as often as in general; held-out training corpora rightly at least
    /// two times in three.
    pub unsure_below: f64,
    /// Of a model whose batches are scaled by their own recordings: how it answers for one recording alone.
    pub(super) alone: Option<Alone>,
}

/// How a model for batches answers for one recording alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Alone {
    /// That of all training rows together.
    pub scaler: Scaler,
    calibration: Calibration,
    pub unsure_below: f64,
}

/// The predictions of the inner folds for the training recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The first row of each recording.
    pub rows: Vec<usize>,
    /// Recordings x classes.
    pub probabilities: Array2<f64>,
    /// Whether each belongs to the domain of the recordings that its fold was trained on; looked at where corpora are held out.
    pub is_near: Vec<bool>,
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
    /// Trains on the rows `rows` of a dataset that was [`scaled`](crate::model::scaled) as `options` say; its other rows
    /// are not used. With one speaker nobody can be held out: then the first candidate is taken, probabilities are
    /// uncalibrated, and nothing is unsure.
    pub fn fit(
        data: &Dataset,
        rows: &[usize],
        spec: &ModelSpec,
        options: &TrainOptions,
    ) -> Result<(CalibratedPipeline, Option<HeldOut>)> {
        let (pipeline, held_out, _) = CalibratedPipeline::fit_for(data, None, rows, spec, options)?;
        Ok((pipeline, held_out))
    }

    /// The same; if `unscaled` has the same rows as they were, what comes of it answers for recordings alone too, and what inner folds
    /// say of these is the third.
    pub(super) fn fit_for(
        data: &Dataset,
        unscaled: Option<&Dataset>,
        rows: &[usize],
        spec: &ModelSpec,
        options: &TrainOptions,
    ) -> Result<(CalibratedPipeline, Option<HeldOut>, Option<HeldOut>)> {
        let candidates = spec.candidates(&data.target).into_iter();
        let candidates: Vec<ModelSpec> = candidates
            .map(|spec| spec.for_features(&data.feature_names))
            .collect::<Result<_>>()?;
        let rehearsed = rehearse(data, unscaled, rows, &candidates, options)?;
        let mut seen = vec![false; data.classes().len()];
        rows.iter().for_each(|&row| seen[data.y()[row]] = true);
        let (chosen, calibration, held_out, alone) = match rehearsed {
            None => (0, Calibration::unfitted(&seen), None, None),
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
                let alone = rehearsal.alone.as_ref().map(|outputs| {
                    let (calibration, _) = rehearsal.calibrated(data, &outputs[chosen], &seen);
                    let held_out = rehearsal.held_out(data, &outputs[chosen], &seen);
                    (calibration, held_out)
                });
                (chosen, calibration, Some(held_out), alone)
            }
        };
        let spec = candidates[chosen].clone();
        let unsure_below = |held_out: Option<&HeldOut>| {
            held_out.map_or(0.0, |held_out| threshold(held_out, data, options.inner))
        };
        let (alone_calibration, alone_held_out) = match alone {
            Some((calibration, held_out)) => (calibration, Some(held_out)),
            None => (calibration.clone(), None),
        };
        let alone = unscaled.map(|unscaled| Alone {
            scaler: Scaler::fit(unscaled.view(), rows),
            calibration: alone_calibration,
            unsure_below: unsure_below(alone_held_out.as_ref()),
        });
        let pipeline = CalibratedPipeline {
            pipeline: Pipeline::fit(data, rows, &spec, options)?,
            spec,
            calibration,
            unsure_below: unsure_below(held_out.as_ref()),
            alone,
        };
        Ok((pipeline, held_out, alone_held_out))
    }

    /// Of a model for batches, the one that answers for recordings alone; others stay as they are, and scale rows by `scaler` if
    /// they do not scale them yet.
    pub(super) fn alone(mut self, scaler: &Scaler) -> CalibratedPipeline {
        match self.alone.take() {
            Some(alone) => {
                self.pipeline.scale_by(&alone.scaler);
                self.calibration = alone.calibration;
                self.unsure_below = alone.unsure_below;
            }
            None => self.pipeline.scale_by(scaler),
        }
        self
    }

    /// Calibrated anew on recordings of one place, as these rows scale the features from now on; and what is said of each recording by the
    /// calibration that the other folds of these want. `y` are their classes.
    pub(super) fn recalibrated(
        mut self,
        x: ArrayView2<f32>,
        recordings: &[Vec<usize>],
        y: &[usize],
        folds: &[Fold],
    ) -> (CalibratedPipeline, Array2<f64>) {
        let all: Vec<usize> = (0..recordings.len()).collect();
        let seen = vec![true; self.calibration.classes()];
        let fit = |which: &[usize]| {
            let (rows, places) = picked(recordings, which);
            let of_rows = which.iter().zip(&places);
            let y: Vec<usize> = of_rows
                .flat_map(|(&at, rows)| vec![y[at]; rows.len()])
                .collect();
            Calibration::fit(&self.pipeline.outputs(x, &rows), &y, &seen, &places)
        };
        let mut held_out = Array2::zeros((recordings.len(), seen.len()));
        for fold in folds {
            let (rows, places) = picked(recordings, &fold.test);
            let p = fit(&fold.train).probabilities(&self.pipeline.outputs(x, &rows), &places);
            for (&at, p) in fold.test.iter().zip(p.rows()) {
                held_out.row_mut(at).assign(&p);
            }
        }
        let calibration = fit(&all);
        self.calibration = calibration;
        let answers = held_out
            .rows()
            .into_iter()
            .zip(y)
            .map(|(p, &truth)| Answer {
                confidence: p[best(p)],
                is_right: best(p) == truth,
                corpus: None,
            });
        self.unsure_below = lowest_sure(answers.collect(), Groups::Corpora);
        (self, held_out)
    }

    /// Whether its parts fit together, and it is of so many features and classes.
    pub(super) fn fits(&self, features: usize, classes: usize) -> bool {
        let alone_fits =
            |alone: &Alone| alone.scaler.fits(features) && alone.calibration.fits(classes);
        self.pipeline.fits(features, classes)
            && self.calibration.fits(classes)
            && self.alone.as_ref().is_none_or(alone_fits)
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

/// The inner folds of these rows, as places among them: of corpora where these are held out and there are several, otherwise of
/// speakers. `None` where nobody can be held out.
pub(super) fn inner_folds(
    data: &Dataset,
    rows: &[usize],
    held_out: Groups,
) -> Result<Option<Vec<Fold>>> {
    let distinct = |names: &[Option<String>]| names.iter().collect::<BTreeSet<_>>().len();
    let corpora: Vec<Option<String>> = rows
        .iter()
        .map(|&row| data.rows[row].corpus.clone())
        .collect();
    if held_out == Groups::Corpora && distinct(&corpora) > 1 {
        return split::loso(&corpora).map(Some);
    }
    let speakers: Vec<Option<String>> =
        rows.iter().map(|&row| data.speakers[row].clone()).collect();
    match distinct(&speakers) {
        0 | 1 => Ok(None),
        few @ ..=FEW_SPEAKERS => split::grouped_k_fold(&speakers, few).map(Some),
        _ => split::grouped_k_fold(&speakers, INNER_FOLDS).map(Some),
    }
}

/// Outputs for every training row that could be held out.
pub(super) struct Rehearsal {
    /// The rows, in the order of the outputs.
    pub rows: Vec<usize>,
    /// The fold that each was held out in.
    pub fold_of: Vec<usize>,
    /// Whether each belongs to the domain of the training rows of its fold.
    is_near: Vec<bool>,
    /// Of each candidate.
    pub outputs: Vec<Outputs>,
    /// The same for rows that are scaled by the training rows of their fold, where they were asked for.
    alone: Option<Vec<Outputs>>,
    /// Number of folds.
    pub folds: usize,
}

/// Fits every candidate on all inner folds but one, and asks it of that one. `None` where nobody
/// can be held out.
pub(super) fn rehearse(
    data: &Dataset,
    unscaled: Option<&Dataset>,
    rows: &[usize],
    candidates: &[ModelSpec],
    options: &TrainOptions,
) -> Result<Option<Rehearsal>> {
    let Some(folds) = inner_folds(data, rows, options.inner)? else {
        return Ok(None);
    };
    let specs: Vec<&ModelSpec> = candidates.iter().collect();
    let of_folds: Vec<Option<OfFold>> = folds
        .par_iter()
        .map(|fold| {
            let of = |places: &[usize]| places.iter().map(|&at| rows[at]).collect::<Vec<_>>();
            let (train, test) = (of(&fold.train), of(&fold.test));
            match Pipeline::fit_each(data, &train, &specs, options) {
                Ok(pipelines) => {
                    let ask = |pipeline: &Pipeline| pipeline.outputs(data.view(), &test);
                    let outputs = pipelines.par_iter().map(ask).collect();
                    let alone = unscaled.map(|unscaled| {
                        let scaler = Scaler::fit(unscaled.view(), &train);
                        let x = scaler.apply(unscaled.view(), &test);
                        let all: Vec<usize> = (0..test.len()).collect();
                        let ask = |pipeline: &Pipeline| pipeline.outputs(x.view(), &all);
                        pipelines.par_iter().map(ask).collect()
                    });
                    Ok(Some(OfFold {
                        is_near: are_near(unscaled.unwrap_or(data), &train, &test, options)?,
                        test,
                        outputs,
                        alone,
                    }))
                }
                // A fold whose training speakers have one class says nothing.
                Err(Error::Data(_)) => Ok(None),
                Err(other) => Err(other),
            }
        })
        .collect::<Result<_>>()?;
    let of_folds: Vec<OfFold> = of_folds.into_iter().flatten().collect();
    if of_folds.is_empty() {
        return Ok(None);
    }
    let stacked = |of: &dyn Fn(&OfFold) -> Vec<Outputs>| -> Vec<Outputs> {
        let of_folds: Vec<Vec<Outputs>> = of_folds.iter().map(of).collect();
        let candidates = (0..candidates.len()).map(|candidate| {
            let parts: Vec<Outputs> = of_folds.iter().map(|of| of[candidate].clone()).collect();
            Outputs::stacked(&parts).expect("one candidate's outputs are of one kind")
        });
        candidates.collect()
    };
    let alone = |fold: &OfFold| fold.alone.clone().expect("asked of every fold");
    let numbered = of_folds.iter().enumerate();
    Ok(Some(Rehearsal {
        outputs: stacked(&|fold| fold.outputs.clone()),
        alone: unscaled.map(|_| stacked(&alone)),
        is_near: of_folds
            .iter()
            .flat_map(|fold| fold.is_near.clone())
            .collect(),
        fold_of: numbered
            .flat_map(|(number, fold)| vec![number; fold.test.len()])
            .collect(),
        folds: of_folds.len(),
        rows: of_folds.iter().flat_map(|fold| fold.test.clone()).collect(),
    }))
}

/// Whether the recordings of each test row belong to the domain of the training rows: where corpora are held out. Speakers of corpora
/// that are learned from do, and where each is scaled by their own rows nothing is known of it.
fn are_near(
    data: &Dataset,
    train: &[usize],
    test: &[usize],
    options: &TrainOptions,
) -> Result<Vec<bool>> {
    if options.inner == Groups::Speakers || options.normalize == Normalize::Speaker {
        return Ok(vec![true; test.len()]);
    }
    let domain = Domain::of_rows(data, train)?;
    let mut far: HashSet<usize> = HashSet::new();
    for recording in data.by_recording(test) {
        if domain.distance(data.x.select(Axis(0), &recording).view()) > 1.0 {
            far.extend(recording);
        }
    }
    Ok(test.iter().map(|row| !far.contains(row)).collect())
}

/// What one fold says of the rows that it holds out, by each candidate.
struct OfFold {
    test: Vec<usize>,
    outputs: Vec<Outputs>,
    is_near: Vec<bool>,
    /// As each row would be answered alone.
    alone: Option<Vec<Outputs>>,
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
        let all: Vec<usize> = (0..recordings.len()).collect();
        let calibration = self.calibration(outputs, &y, seen, &recordings, all);
        let p = calibration.probabilities(outputs, &recordings);
        let said: Vec<usize> = p.rows().into_iter().map(best).collect();
        let truth: Vec<usize> = recordings.iter().map(|rows| y[rows[0]]).collect();
        let uar = metrics::uar(&metrics::confusion(&truth, &said, seen.len()));
        (calibration, uar)
    }

    /// The calibration that these recordings want; those out of the domain are called so, and have no say.
    fn calibration(
        &self,
        outputs: &Outputs,
        y: &[usize],
        seen: &[bool],
        recordings: &[Vec<usize>],
        which: Vec<usize>,
    ) -> Calibration {
        let is_near = |at: &usize| self.is_near[recordings[*at][0]];
        let near: Vec<usize> = which.iter().copied().filter(is_near).collect();
        let which = if near.is_empty() { which } else { near };
        let (rows, recordings) = picked(recordings, &which);
        let y: Vec<usize> = rows.iter().map(|&row| y[row]).collect();
        Calibration::fit(&outputs.select(&rows), &y, seen, &recordings)
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
                false => self.calibration(outputs, &y, seen, &recordings, others),
            };
            let (rows, of_fold) = picked(&recordings, &own);
            let p = calibration.probabilities(&outputs.select(&rows), &of_fold);
            for (&at, p) in own.iter().zip(p.rows()) {
                probabilities.row_mut(at).assign(&p);
            }
        }
        HeldOut {
            rows: recordings.iter().map(|rows| self.rows[rows[0]]).collect(),
            is_near: recordings
                .iter()
                .map(|rows| self.is_near[rows[0]])
                .collect(),
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

/// The lowest confidence from which on answers are right often enough.
fn threshold(held_out: &HeldOut, data: &Dataset, groups: Groups) -> f64 {
    let predicted = held_out.predicted();
    let answers = predicted
        .iter()
        .zip(&held_out.rows)
        .enumerate()
        .filter(|(at, _)| held_out.is_near[*at])
        .map(|(at, (&said, &row))| Answer {
            confidence: held_out.probabilities[(at, said)],
            is_right: said == data.y()[row],
            corpus: data.rows[row].corpus.as_deref(),
        });
    lowest_sure(answers.collect(), groups)
}

/// The lowest confidence from which on these answers are right often enough.
fn lowest_sure(mut answers: Vec<Answer>, groups: Groups) -> f64 {
    answers.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
    let sure = match groups {
        Groups::Speakers => sure_of_known(&answers),
        Groups::Corpora => sure_of_strangers(&answers),
    };
    match (sure, answers.get(sure)) {
        (0, _) => 1.0,
        // Halfway to the first that is not.
        (_, Some(next)) => (answers[sure - 1].confidence + next.confidence) / 2.0,
        (_, None) => 0.0,
    }
}

/// A held-out answer.
struct Answer<'a> {
    confidence: f64,
    is_right: bool,
    corpus: Option<&'a str>,
}

/// How many of the answers, the most confident first, are sure: those that are wrong at most [`SURE`] times as often as all are;
/// where no such confidence is, the surest tenth.
fn sure_of_known(answers: &[Answer]) -> usize {
    let wrong = answers.iter().filter(|answer| !answer.is_right).count();
    let bearable = SURE * wrong as f64 / answers.len() as f64;
    let mut sure = ((FEWEST_SURE * answers.len() as f64).ceil() as usize).max(1);
    let mut wrong_so_far = 0;
    for (at, answer) in answers.iter().enumerate() {
        wrong_so_far += usize::from(!answer.is_right);
        if wrong_so_far as f64 <= bearable * (at + 1) as f64 {
            sure = sure.max(at + 1);
        }
    }
    sure
}

/// The same where the answers are about corpora that were held out: those that are right [`SURE_OF_STRANGERS`] of the times in the
/// mean of the corpora, and [`SURE_OF_EACH`] in each. It may be none.
fn sure_of_strangers(answers: &[Answer]) -> usize {
    // Of each corpus how many answers there are so far, and how many are right.
    let mut so_far: BTreeMap<Option<&str>, (usize, usize)> = BTreeMap::new();
    let mut sure = 0;
    for (at, answer) in answers.iter().enumerate() {
        let (all, right) = so_far.entry(answer.corpus).or_default();
        *all += 1;
        *right += usize::from(answer.is_right);
        let told = so_far.values().filter(|(all, _)| *all >= FEWEST_OF_CORPUS);
        let rates: Vec<f64> = told
            .map(|&(all, right)| right as f64 / all as f64)
            .collect();
        let mean = rates.iter().sum::<f64>() / rates.len() as f64;
        if mean >= SURE_OF_STRANGERS && rates.iter().all(|&rate| rate >= SURE_OF_EACH) {
            sure = at + 1;
        }
    }
    sure
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
            is_near: vec![true; 16],
            folds: 2,
        };
        let y: Vec<usize> = (0..16).map(|at| usize::from(wrong.contains(&at))).collect();
        let data = crate::dataset::tests::of_labels(&y, 2);
        let found = threshold(&held_out, &data, Groups::Speakers);
        assert!(
            (found - (confidence(11) + confidence(12)) / 2.0).abs() < 1e-12,
            "{found}"
        );
    }

    #[test]
    fn strangers_are_sure_where_corpora_are_right_in_the_mean_and_each_is_half_of_the_times() {
        let answer = |corpus, is_right| Answer {
            confidence: 0.5,
            is_right,
            corpus: Some(corpus),
        };
        let of = |right_of_a: usize, right_of_b: usize| -> Vec<Answer> {
            let of_a = (0..20).map(|at| answer("a", at < right_of_a));
            let of_b = (0..20).map(|at| answer("b", at < right_of_b));
            of_a.chain(of_b).collect()
        };
        // Half of b and all of a: three quarters in the mean. Of one less right, b is under the half from its 19th on.
        assert_eq!(sure_of_strangers(&of(20, 10)), 40);
        assert_eq!(sure_of_strangers(&of(20, 9)), 38);
        // Half of b, and of a three quarters: too few in the mean from the 16th of b on.
        assert_eq!(sure_of_strangers(&of(15, 10)), 37);
        // Fewer than ten say nothing yet.
        assert_eq!(sure_of_strangers(&of(20, 0)), 29);
        let wrong: Vec<Answer> = (0..20).map(|_| answer("a", false)).collect();
        assert_eq!(sure_of_strangers(&wrong), 0);
    }
}
