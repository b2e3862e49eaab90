//! How well models do that have learned from some of the training speakers only.

use std::collections::BTreeSet;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::{OnFold, Participants, Protocol, folds, on_folds, values};
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::model::{ModelSpec, Normalize};
use crate::report::{CurvePoint, Report, ValueCurvePoint, ValueReport};
use crate::split::Fold;

/// Shares of the training speakers, before all of them.
const SHARES: [f64; 3] = [0.25, 0.5, 0.75];

/// The UAR with 25, 50 and 75 % of the training speakers of each fold, at least one, and with all of them, as `whole`, the report of the
/// same evaluation, has it.
///
/// Speakers are drawn by the protocol's seed, for each fold anew and whatever the model is; those of a smaller share are among those of a
/// larger one. Everything is fitted and chosen on the speakers that were drawn. An error under protocol C, whose scaling is by whole corpora,
/// and where the speakers that were drawn do not suffice to train.
///
/// ```
/// use sentire::evaluate::learning_curve;
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # extract::update(&demo, &egemaps, &features)?;
/// let data = Dataset::read(&[&features], "emotion")?;
/// let (ridge, protocol) = ("ridge".parse()?, Protocol { folds: FoldSpec::K(4), ..Protocol::default() });
/// let report = evaluate(&data, &ridge, &protocol)?.report;
/// let curve = learning_curve(&data, &ridge, &protocol, &report, &|_| {})?;
/// // Four folds of two of the eight speakers: six to train on.
/// let speakers: Vec<f64> = curve.iter().map(|point| point.speakers).collect();
/// assert_eq!(speakers, [2.0, 3.0, 5.0, 6.0]);
/// assert_eq!(curve[3].uar, report.uar);
/// # Ok::<(), Error>(())
/// ```
pub fn learning_curve(
    data: &Dataset,
    spec: &ModelSpec,
    protocol: &Protocol,
    whole: &Report,
    on_fold: OnFold,
) -> Result<Vec<CurvePoint>> {
    let prepared = Prepared::of(data, spec, protocol)?;
    let measure = |share: f64| {
        let some = prepared.some(share, protocol.seed);
        let report = match share < 1.0 {
            true => {
                let data = &prepared.scaled;
                let evaluation = on_folds(data, &some, &prepared.spec, &prepared.protocol, on_fold);
                evaluation.map_err(|error| named(error, share))?.report
            }
            false => whole.clone(),
        };
        let [speakers, recordings] = prepared.means(&some);
        Ok(CurvePoint {
            share,
            speakers,
            recordings,
            uar: report.uar,
            uar_ci95: report.uar_ci95,
        })
    };
    SHARES.into_iter().chain([1.0]).map(measure).collect()
}

/// The same of numbers: a point for each share and target, with the CCC.
pub fn learning_curve_of_values(
    data: &Dataset,
    spec: &ModelSpec,
    protocol: &Protocol,
    whole: &ValueReport,
    on_fold: OnFold,
) -> Result<Vec<ValueCurvePoint>> {
    let prepared = Prepared::of(data, spec, protocol)?;
    let mut points = Vec::new();
    for share in SHARES.into_iter().chain([1.0]) {
        let some = prepared.some(share, protocol.seed);
        let report = match share < 1.0 {
            true => {
                let data = &prepared.scaled;
                let evaluation =
                    values::on_folds(data, &some, &prepared.spec, &prepared.protocol, on_fold);
                evaluation.map_err(|error| named(error, share))?.report
            }
            false => whole.clone(),
        };
        let [speakers, recordings] = prepared.means(&some);
        points.extend(report.targets.into_iter().map(|target| ValueCurvePoint {
            share,
            speakers,
            recordings,
            target: target.name,
            ccc: target.figures.ccc,
            ccc_ci95: target.figures.ccc_ci95,
        }));
    }
    Ok(points)
}

/// Refuses a protocol under which there is no learning curve.
pub fn check_learning_curve(protocol: &Protocol) -> Result<()> {
    match protocol.normalize {
        Normalize::Batch => Err(Error::Usage(
            "--learning-curve takes some of the training speakers, --normalize batch scales whole corpora; expected --normalize train \
             or speaker"
                .into(),
        )),
        Normalize::Train | Normalize::Speaker => Ok(()),
    }
}

/// What all points have in common.
struct Prepared {
    scaled: Dataset,
    folds: Vec<Fold>,
    spec: ModelSpec,
    protocol: Protocol,
}

impl Prepared {
    fn of(data: &Dataset, spec: &ModelSpec, protocol: &Protocol) -> Result<Prepared> {
        check_learning_curve(protocol)?;
        let Participants { raw, scaled, .. } = Participants::of(data, protocol)?;
        Ok(Prepared {
            folds: folds::folds(&raw, &protocol.folds)?,
            scaled,
            spec: spec.for_features(&data.feature_names)?,
            protocol: Protocol {
                importance: false,
                ..protocol.clone()
            },
        })
    }

    fn some(&self, share: f64, seed: u64) -> Vec<Fold> {
        let folds = self.folds.iter().enumerate();
        let of_fold = |(number, fold): (usize, &Fold)| {
            let chosen = chosen(&self.scaled.speakers, &fold.train, share, seed, number);
            let is_chosen = |row: &&usize| chosen.contains(&self.scaled.speakers[**row]);
            Fold {
                name: fold.name.clone(),
                train: fold.train.iter().filter(is_chosen).copied().collect(),
                test: fold.test.clone(),
            }
        };
        folds.map(of_fold).collect()
    }

    /// Training speakers and recordings of a fold, in the mean.
    fn means(&self, folds: &[Fold]) -> [f64; 2] {
        let speakers = |fold: &Fold| {
            let speakers = fold.train.iter().map(|&row| &self.scaled.speakers[row]);
            speakers.collect::<BTreeSet<_>>().len()
        };
        let recordings = |fold: &Fold| self.scaled.recording_count(fold.train.iter().copied());
        let mean = |of: &dyn Fn(&Fold) -> usize| {
            folds.iter().map(of).sum::<usize>() as f64 / folds.len() as f64
        };
        [mean(&speakers), mean(&recordings)]
    }
}

/// This share of the speakers of `rows`, rounded up: the first of an order that seed and fold decide.
fn chosen(
    speakers: &[Option<String>],
    rows: &[usize],
    share: f64,
    seed: u64,
    fold: usize,
) -> BTreeSet<Option<String>> {
    let all: BTreeSet<&Option<String>> = rows.iter().map(|&row| &speakers[row]).collect();
    let mut order: Vec<&Option<String>> = all.into_iter().collect();
    let stream = (fold as u64) << 32;
    order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed ^ stream));
    let wanted = (share * order.len() as f64).ceil() as usize;
    order.into_iter().take(wanted).cloned().collect()
}

/// An error of training, with the share at which it came about.
fn named(error: Error, share: f64) -> Error {
    match error {
        Error::Data(reason) => Error::Data(format!(
            "--learning-curve, with {:.0} % of the training speakers: {reason}",
            share * 100.0
        )),
        other => other,
    }
}

#[test]
fn fewer_speakers_are_among_more_and_all_are_all() {
    let speakers: Vec<Option<String>> = (0..40).map(|row| Some((row % 10).to_string())).collect();
    let rows: Vec<usize> = (0..32).filter(|row| row % 10 != 3).collect();
    let of = |share, fold| chosen(&speakers, &rows, share, 7, fold);
    for fold in 0..5 {
        let [some, half, more, all] = [0.25, 0.5, 0.75, 1.0].map(|share| of(share, fold));
        assert_eq!(
            [some.len(), half.len(), more.len(), all.len()],
            [3, 5, 7, 9]
        );
        assert!(some.is_subset(&half) && half.is_subset(&more) && more.is_subset(&all));
        assert!(!all.contains(&Some("3".into())));
    }
    assert!(
        (1..5).any(|fold| of(0.5, fold) != of(0.5, 0)),
        "each fold draws anew"
    );
}
