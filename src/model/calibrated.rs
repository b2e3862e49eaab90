//! The whole of training: parameters are chosen, a classifier is fitted, its probabilities are calibrated, and the
//! threshold below which an answer is unsure is set.
//!
//! The choice, the calibration and the threshold come from inner folds: groups of the training speakers, each held out
//! in turn from a classifier fitted on the others. So everything is decided by the given rows alone.

use std::collections::{BTreeSet, HashMap, HashSet};

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::dataset::{Dataset, Target};
use crate::error::{Error, Result};
use crate::metrics;
use crate::model::calibration::Calibration;
use crate::model::outputs::Outputs;
use crate::model::pipeline::Pipeline;
use crate::model::spec::ModelSpec;
use crate::model::sure::{Answer, Sureness};
use crate::model::{Domain, Groups, Normalize, TrainOptions, best};
use crate::scaler::Scaler;
use crate::split::{self, Fold};

/// Groups of the training speakers.
const INNER_FOLDS: usize = 5;
/// Up to so many speakers are held out one at a time instead: of few speakers a fifth is much to do
/// without, and what the others teach would look less sure than all together are.
const FEW_SPEAKERS: usize = 10;

/// Scaling, selection and classifier, whose outputs are calibrated probabilities.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CalibratedPipeline {
    /// What was fitted, with the parameters that were chosen.
    pub spec: ModelSpec,
    pub(super) pipeline: Pipeline,
    pub(super) calibration: Calibration,
    /// What makes an answer sure: held-out training speakers were then recognised wrongly at most half as often as in general,
    /// held-out training corpora rightly at least two times in three.
    pub sureness: Sureness,
    /// Of a model whose batches are scaled by their own recordings: how it answers for one recording alone.
    pub(super) alone: Option<Alone>,
}

/// How a model for batches answers for one recording alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Alone {
    /// That of all training rows together.
    pub scaler: Scaler,
    calibration: Calibration,
    pub sureness: Sureness,
}

/// The predictions of the inner folds for the training recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldOut {
    /// The first row of each recording.
    pub rows: Vec<usize>,
    /// Recordings x classes.
    pub probabilities: Array2<f64>,
    /// How far each lies from the recordings that its fold was trained on, as a multiple of the limit of their domain; 0 where corpora were
    /// not held out.
    pub distances: Vec<f64>,
    /// What the folds held out: speakers, where there is one corpus alone.
    pub groups: Groups,
    /// Number of folds.
    pub folds: usize,
}

impl HeldOut {
    /// The predicted class of each recording.
    pub fn predicted(&self) -> Vec<usize> {
        self.probabilities.rows().into_iter().map(best).collect()
    }

    /// What makes an answer sure, as these have it.
    fn sureness(&self, data: &Dataset) -> Sureness {
        let predicted = self.predicted();
        let answers = predicted.iter().zip(&self.rows).enumerate();
        let answer = |(at, (&said, &row)): (usize, (&usize, &usize))| Answer {
            confidence: self.probabilities[(at, said)],
            is_right: said == data.y()[row],
            distance: self.distances[at],
            corpus: data.rows[row].corpus.as_deref(),
        };
        Sureness::of(answers.map(answer).collect(), self.groups)
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
        let sureness = |held_out: Option<&HeldOut>| {
            held_out.map_or(Sureness::ALL, |held_out| held_out.sureness(data))
        };
        let (alone_calibration, alone_held_out) = match alone {
            Some((calibration, held_out)) => (calibration, Some(held_out)),
            None => (calibration.clone(), None),
        };
        let alone = unscaled.map(|unscaled| Alone {
            scaler: Scaler::fit(unscaled.view(), rows),
            calibration: alone_calibration,
            sureness: sureness(alone_held_out.as_ref()),
        });
        let pipeline = CalibratedPipeline {
            pipeline: Pipeline::fit(data, rows, &spec, options)?,
            spec,
            calibration,
            sureness: sureness(held_out.as_ref()),
            alone,
        };
        Ok((pipeline, held_out, alone_held_out))
    }

    /// What is for batches answers for recordings alone from now on; what is not stays as it is, and scales rows by `scaler` if it
    /// does not scale them yet.
    pub(super) fn answer_alone(&mut self, scaler: &Scaler) {
        match self.alone.take() {
            Some(alone) => {
                self.pipeline.scale_by(&alone.scaler);
                self.calibration = alone.calibration;
                self.sureness = alone.sureness;
            }
            None => self.pipeline.scale_by(scaler),
        }
    }

    /// Calibrates anew on recordings of one place, by their classes `y`; and says of each recording what the calibration does that the
    /// other folds want.
    pub(super) fn recalibrate(
        &mut self,
        x: ArrayView2<f32>,
        recordings: &[Vec<usize>],
        y: &[usize],
        folds: &[Fold],
    ) -> Array2<f64> {
        let all: Vec<usize> = (0..recordings.len()).collect();
        let seen = vec![true; self.calibration.classes()];
        let (rows, recordings) = picked(recordings, &all);
        let outputs = self.pipeline.outputs(x, &rows);
        let of_recordings = y.iter().zip(&recordings);
        let of_rows: Vec<usize> = of_recordings
            .flat_map(|(&class, rows)| vec![class; rows.len()])
            .collect();
        let calibration =
            |which: &[usize]| calibration_of(&outputs, &of_rows, &seen, &recordings, which);
        let folds = folds.iter().map(|fold| (&fold.train[..], &fold.test[..]));
        let held_out = by_others(&outputs, &recordings, seen.len(), folds, calibration);
        self.calibration = calibration(&all);
        let answers = held_out
            .rows()
            .into_iter()
            .zip(y)
            .map(|(p, &truth)| Answer {
                confidence: p[best(p)],
                is_right: best(p) == truth,
                distance: 0.0,
                corpus: None,
            });
        self.sureness = Sureness::of(answers.collect(), Groups::Corpora);
        held_out
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
/// speakers; and which it was. `None` where nobody can be held out.
pub(super) fn inner_folds(
    data: &Dataset,
    rows: &[usize],
    held_out: Groups,
) -> Result<Option<(Vec<Fold>, Groups)>> {
    let distinct = |names: &[Option<String>]| names.iter().collect::<BTreeSet<_>>().len();
    let corpora: Vec<Option<String>> = rows
        .iter()
        .map(|&row| data.rows[row].corpus.clone())
        .collect();
    if held_out == Groups::Corpora && distinct(&corpora) > 1 {
        return Ok(Some((split::loso(&corpora)?, Groups::Corpora)));
    }
    let speakers: Vec<Option<String>> =
        rows.iter().map(|&row| data.speakers[row].clone()).collect();
    match distinct(&speakers) {
        0 | 1 => Ok(None),
        some => {
            let folds = if some <= FEW_SPEAKERS {
                some
            } else {
                INNER_FOLDS
            };
            let folds = split::grouped_k_fold(&speakers, folds)?;
            Ok(Some((folds, Groups::Speakers)))
        }
    }
}

/// Outputs for every training row that could be held out.
pub(super) struct Rehearsal {
    /// The rows, in the order of the outputs.
    pub rows: Vec<usize>,
    /// The fold that each was held out in.
    pub fold_of: Vec<usize>,
    /// How far each lies from the training rows of its fold, as a multiple of the limit of their domain.
    distances: Vec<f64>,
    /// Of each candidate.
    pub outputs: Vec<Outputs>,
    /// The same for rows that are scaled by the training rows of their fold, where they were asked for.
    alone: Option<Vec<Outputs>>,
    /// Number of folds.
    pub folds: usize,
    /// What they held out.
    groups: Groups,
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
    let Some((folds, groups)) = inner_folds(data, rows, options.inner)? else {
        return Ok(None);
    };
    let specs: Vec<&ModelSpec> = candidates.iter().collect();
    let of_folds: Vec<Option<OfFold>> = folds
        .par_iter()
        .map(|fold| {
            let of = |places: &[usize]| places.iter().map(|&at| rows[at]).collect::<Vec<_>>();
            let (train, mut test) = (of(&fold.train), of(&fold.test));
            // Copies are learned from alone; and a class that other corpora lack can be in no answer.
            test.retain(|&row| !data.is_copy(row));
            if let (Target::Classes(classes), Groups::Corpora) = (&data.target, groups) {
                let known: HashSet<usize> = train.iter().map(|&row| classes.y[row]).collect();
                test.retain(|&row| known.contains(&classes.y[row]));
            }
            if test.is_empty() {
                return Ok(None);
            }
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
                        distances: distances(
                            data,
                            unscaled,
                            &train,
                            &test,
                            (groups, options.normalize),
                        )?,
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
        distances: of_folds
            .iter()
            .flat_map(|fold| fold.distances.clone())
            .collect(),
        fold_of: numbered
            .flat_map(|(number, fold)| vec![number; fold.test.len()])
            .collect(),
        folds: of_folds.len(),
        groups,
        rows: of_folds.iter().flat_map(|fold| fold.test.clone()).collect(),
    }))
}

/// How far the recording of each test row lies from the training rows, as a multiple of the limit of their domain, where corpora are held
/// out; 0 of speakers of corpora that are learned from, and of rows that are scaled by their own mean, unless they are at hand
/// `unscaled`: of these nothing is known.
fn distances(
    data: &Dataset,
    unscaled: Option<&Dataset>,
    train: &[usize],
    test: &[usize],
    (groups, normalize): (Groups, Normalize),
) -> Result<Vec<f64>> {
    let data = match (unscaled, normalize) {
        _ if groups == Groups::Speakers => return Ok(vec![0.0; test.len()]),
        (Some(unscaled), _) => unscaled,
        (None, Normalize::Train) => data,
        (None, Normalize::Speaker | Normalize::Batch) => return Ok(vec![0.0; test.len()]),
    };
    let domain = Domain::of_rows(data, train)?;
    let mut of_rows: HashMap<usize, f64> = HashMap::new();
    for recording in data.by_recording(test) {
        let distance = domain.distance(data.x.select(Axis(0), &recording).view());
        of_rows.extend(recording.into_iter().map(|row| (row, distance)));
    }
    Ok(test.iter().map(|row| of_rows[row]).collect())
}

/// What one fold says of the rows that it holds out, by each candidate.
struct OfFold {
    test: Vec<usize>,
    outputs: Vec<Outputs>,
    distances: Vec<f64>,
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
        let calibration = self.calibration(outputs, &y, seen, &recordings, &all);
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
        which: &[usize],
    ) -> Calibration {
        let is_near = |at: &usize| self.distances[recordings[*at][0]] <= 1.0;
        let near: Vec<usize> = which.iter().copied().filter(is_near).collect();
        let which = if near.is_empty() { which } else { &near };
        calibration_of(outputs, y, seen, recordings, which)
    }

    /// What the inner folds say of each recording, each fold by the calibration that the others
    /// want: figures that have not seen what they judge.
    fn held_out(&self, data: &Dataset, outputs: &Outputs, seen: &[bool]) -> HeldOut {
        let (y, recordings) = (self.labels(data), self.recordings(data));
        let fold = |rows: &Vec<usize>| self.fold_of[rows[0]];
        let sides = (0..self.folds).map(|number| {
            let is_own = |&at: &usize| fold(&recordings[at]) == number;
            let (own, others): (Vec<usize>, Vec<usize>) = (0..recordings.len()).partition(is_own);
            (others, own)
        });
        let probabilities = by_others(
            outputs,
            &recordings,
            seen.len(),
            sides,
            |others| match others.is_empty() {
                true => Calibration::unfitted(seen),
                false => self.calibration(outputs, &y, seen, &recordings, others),
            },
        );
        HeldOut {
            rows: recordings.iter().map(|rows| self.rows[rows[0]]).collect(),
            distances: recordings
                .iter()
                .map(|rows| self.distances[rows[0]])
                .collect(),
            probabilities,
            groups: self.groups,
            folds: self.folds,
        }
    }
}

/// The calibration that the recordings `which` want; `y` are the classes of the rows.
fn calibration_of(
    outputs: &Outputs,
    y: &[usize],
    seen: &[bool],
    recordings: &[Vec<usize>],
    which: &[usize],
) -> Calibration {
    let (rows, recordings) = picked(recordings, which);
    let y: Vec<usize> = rows.iter().map(|&row| y[row]).collect();
    Calibration::fit(&outputs.select(&rows), &y, seen, &recordings)
}

/// The probabilities of each recording (recordings x classes), for each fold by the `calibration` of the others; a fold is the others and
/// its own.
fn by_others<Places: AsRef<[usize]>>(
    outputs: &Outputs,
    recordings: &[Vec<usize>],
    classes: usize,
    folds: impl Iterator<Item = (Places, Places)>,
    calibration: impl Fn(&[usize]) -> Calibration,
) -> Array2<f64> {
    let mut probabilities = Array2::zeros((recordings.len(), classes));
    for (others, own) in folds {
        let own = own.as_ref();
        let (rows, of_fold) = picked(recordings, own);
        let p = calibration(others.as_ref()).probabilities(&outputs.select(&rows), &of_fold);
        for (&at, p) in own.iter().zip(p.rows()) {
            probabilities.row_mut(at).assign(&p);
        }
    }
    probabilities
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
