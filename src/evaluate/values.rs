//! Evaluation of predicted numbers on speakers that were not trained on.

use std::collections::{BTreeMap, BTreeSet};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::{OnFold, Participants, Protocol, folds, importance, not_tested};
use crate::audit;
use crate::dataset::{Dataset, Row};
use crate::error::{Error, Result};
use crate::metrics::{holm, values as metrics};
use crate::model::{ModelSpec, REACH, ValuePipeline, values_of};
use crate::report::{
    ComparedValues, TargetReport, ValueFold, ValueGroup, ValueImportance, ValueReport,
};
use crate::split::Fold;
use crate::table::schema::{self, CORPUS, Cell, FOLD, NORMALIZE, SPEAKER};
use crate::table::{Part, Table, Told};

/// The numbers predicted for one recording, by a model that was not trained on its speaker.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueOutOfFold {
    /// The recording.
    pub row: Row,
    /// Who speaks, as the folds have it: with the corpus, where there are several.
    pub speaker: Option<String>,
    /// The number of each target.
    pub truth: Vec<f64>,
    /// The predicted number of each target, in the order of [`ValueReport::targets`].
    pub predicted: Vec<f64>,
    /// The standard error of each as the model of the fold has it.
    pub spread: Vec<f64>,
    /// The fold in which it was tested.
    pub fold: String,
}

/// A report and the predictions that it sums up, in the order of the table's rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ValueEvaluation {
    /// The figures.
    pub report: ValueReport,
    /// Recording by recording.
    pub predictions: Vec<ValueOutOfFold>,
}

/// Trains and tests `spec` on speaker-disjoint folds of `data`, whose target is numbers. Figures are taken once over all
/// held-out recordings pooled; a recording of several windows counts once, by the mean of what is said of these.
///
/// What each protocol may see, and when an evaluation is refused, is as for classes
/// ([`evaluate`](super::evaluate)).
pub fn evaluate_values(
    data: &Dataset,
    spec: &ModelSpec,
    protocol: &Protocol,
) -> Result<ValueEvaluation> {
    evaluate_values_with(data, spec, protocol, &|_| {})
}

/// [`evaluate_values`], which says how far it is.
pub fn evaluate_values_with(
    data: &Dataset,
    spec: &ModelSpec,
    protocol: &Protocol,
    on_fold: OnFold,
) -> Result<ValueEvaluation> {
    values_of(data)?;
    spec.check(&data.target)?;
    spec.check_balance(&data.target, protocol.balance)?;
    protocol.check()?;
    let Participants {
        raw,
        scaled,
        unshared,
    } = Participants::of(data, protocol)?;
    let folds = folds::folds(&raw, &protocol.folds)?;
    // Of features as they are: scaled by speaker, one recording of two speakers looks like two.
    let findings = audit::audit(&raw, &folds);
    audit::refuse(&findings, protocol.allow_leakage)?;
    let spec = spec.for_features(&data.feature_names)?;
    let mut evaluation = on_folds(&scaled, &folds, &spec, protocol, on_fold)?;
    let report = &mut evaluation.report;
    report.leakage = findings;
    (report.held_back, report.left_out) = not_tested(data, &raw, unshared, &folds);
    Ok(evaluation)
}

/// The mean CCC over the targets of the same recordings in as many folds, at most ten, that ignore speakers: what a
/// random split, which leaks, would have claimed.
pub fn random_split_ccc(data: &Dataset, spec: &ModelSpec, protocol: &Protocol) -> Result<f64> {
    let participants = Participants::of(data, protocol)?;
    let honest = folds::folds(&participants.raw, &protocol.folds)?;
    let folds = folds::random(&participants.raw, honest.len().clamp(2, 10), protocol.seed);
    let protocol = Protocol {
        importance: false,
        ..protocol.clone()
    };
    let evaluation = on_folds(&participants.scaled, &folds, spec, &protocol, &|_| {})?;
    Ok(evaluation.report.ccc)
}

/// One held-out recording.
struct Tested {
    /// The first of its rows.
    row: usize,
    predicted: Vec<f64>,
    spread: Vec<f64>,
    fold: usize,
}

/// The evaluation of `spec` on these folds of prepared rows.
pub(super) fn on_folds(
    data: &Dataset,
    folds: &[Fold],
    spec: &ModelSpec,
    protocol: &Protocol,
    on_fold: OnFold,
) -> Result<ValueEvaluation> {
    let train = |(number, fold): (usize, &Fold)| {
        let named = |error| match error {
            Error::Data(reason) => Error::Data(format!("fold {}: {reason}", fold.name)),
            other => other,
        };
        let options = protocol.train_options();
        let trained = ValuePipeline::fit(data, &fold.train, spec, &options);
        let (trained, _) = trained.map_err(named)?;
        let tested = test(data, &fold.test, number, &trained);
        on_fold(folds.len());
        // A trained regression may be large, and only importance asks it again.
        let kept = protocol.importance.then(|| trained.clone());
        Ok((trained.spec, kept, tested))
    };
    let of_folds: Vec<(ModelSpec, Option<ValuePipeline>, Vec<Tested>)> = folds
        .par_iter()
        .enumerate()
        .map(train)
        .collect::<Result<_>>()?;
    let asked_again = folds.iter().zip(&of_folds);
    let asked_again: Vec<(&Fold, &ValuePipeline, &[Tested])> = asked_again
        .filter_map(|(fold, (_, trained, tested))| Some((fold, trained.as_ref()?, &tested[..])))
        .collect();
    let importance = most_important(data, &asked_again, protocol.seed)?;
    let fold_report = |(fold, (spec, _, tested)): (&Fold, &(ModelSpec, _, Vec<Tested>))| {
        let speakers = tested.iter().map(|t| &data.speakers[t.row]);
        let speakers = speakers.map(|name| name.clone().unwrap_or("unknown".into()));
        Ok(ValueFold {
            name: fold.name.clone(),
            speakers: speakers.collect::<BTreeSet<_>>().into_iter().collect(),
            train: data.recording_count(fold.train.iter().copied()),
            test: tested.len(),
            rmse: of_targets(data, tested)?
                .map(|(name, truth, said)| (name, metrics::rmse(&truth, &said)))
                .collect(),
            model: spec.clone(),
        })
    };
    let fold_reports = folds.iter().zip(&of_folds).map(fold_report);
    let fold_reports: Vec<ValueFold> = fold_reports.collect::<Result<_>>()?;
    let tested = of_folds.into_iter().flat_map(|(_, _, tested)| tested);
    let mut tested: Vec<Tested> = tested.collect();
    tested.sort_by_key(|t| t.row);
    let targets = target_reports(data, &tested, protocol.seed)?;
    let windows: usize = folds.iter().map(|fold| fold.test.len()).sum();
    let of_tested = |of: &dyn Fn(usize) -> bool| tested.iter().filter(|t| of(t.row)).count();
    let speakers = tested.iter().map(|t| &data.speakers[t.row]);
    let report = ValueReport {
        ccc: targets.iter().map(|target| target.figures.ccc).sum::<f64>() / targets.len() as f64,
        targets,
        speakers: speakers.collect::<BTreeSet<_>>().len(),
        speakerless: of_tested(&|row| data.speakers[row].is_none()),
        folds: fold_reports,
        held_out: protocol.folds.to_string(),
        normalize: protocol.normalize,
        features: data.feature_sets(),
        feature_names: data.feature_names.clone(),
        model: spec.clone(),
        tuned: spec.candidates(&data.target).len() > 1,
        importance,
        comparison: Vec::new(),
        learning_curve: Vec::new(),
        random_split_ccc: None,
        leakage: Vec::new(),
        label: data.label.clone(),
        corpora: data.corpora.clone(),
        n: tested.len(),
        windows: data.has_windows().then_some(windows),
        held_back: 0,
        left_out: 0,
        seed: protocol.seed,
    };
    let values = values_of(data)?;
    let predictions = tested.into_iter().map(|t| ValueOutOfFold {
        row: data.rows[t.row].clone(),
        speaker: data.speakers[t.row].clone(),
        truth: values.y.row(t.row).to_vec(),
        predicted: t.predicted,
        spread: t.spread,
        fold: folds[t.fold].name.clone(),
    });
    Ok(ValueEvaluation {
        predictions: predictions.collect(),
        report,
    })
}

/// The recordings of these rows, as a model says that was not trained on them.
fn test(data: &Dataset, rows: &[usize], fold: usize, trained: &ValuePipeline) -> Vec<Tested> {
    let recordings = data.by_recording(rows);
    let values = trained.values(data.view(), &recordings);
    let spread: Vec<f64> = trained.targets.iter().map(|target| target.spread).collect();
    let tested = |(rows, predicted): (&Vec<usize>, ndarray::ArrayView1<f64>)| Tested {
        row: rows[0],
        predicted: predicted.to_vec(),
        spread: spread.clone(),
        fold,
    };
    recordings.iter().zip(values.rows()).map(tested).collect()
}

/// Of each target its name, the truth and what was predicted of recordings.
fn of_targets<'a>(
    data: &'a Dataset,
    tested: &'a [Tested],
) -> Result<impl Iterator<Item = (String, Vec<f64>, Vec<f64>)> + 'a> {
    let values = values_of(data)?;
    Ok(values.names.iter().enumerate().map(move |(at, name)| {
        let truth = tested.iter().map(|t| values.y[(t.row, at)]);
        let said = tested.iter().map(|t| t.predicted[at]);
        (name.clone(), truth.collect(), said.collect())
    }))
}

fn target_reports(data: &Dataset, tested: &[Tested], seed: u64) -> Result<Vec<TargetReport>> {
    let values = values_of(data)?;
    let speakers = tested.iter().map(|t| data.speakers[t.row].clone());
    let speakers: Vec<Option<String>> = speakers.collect();
    let report = |(at, (name, truth, said)): (usize, (String, Vec<f64>, Vec<f64>))| {
        let groups = |of: &dyn Fn(usize) -> Option<String>| {
            let mut members: BTreeMap<String, Vec<usize>> = BTreeMap::new();
            for (place, t) in tested.iter().enumerate() {
                if let Some(name) = of(t.row) {
                    members.entry(name).or_default().push(place);
                }
            }
            let group = |(name, places): (String, Vec<usize>)| {
                let of = |values: &[f64]| -> Vec<f64> {
                    places.iter().map(|&place| values[place]).collect()
                };
                let (truth, said) = (of(&truth), of(&said));
                let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
                ValueGroup {
                    name,
                    n: places.len(),
                    ccc: metrics::ccc(&truth, &said),
                    rmse: metrics::rmse(&truth, &said),
                    bias: mean(&said) - mean(&truth),
                }
            };
            members.into_iter().map(group).collect::<Vec<ValueGroup>>()
        };
        let by_corpus = groups(&|row| data.rows[row].corpus.clone());
        let is_held = |(place, t): (usize, &Tested)| {
            (truth[place] - said[place]).abs() <= REACH * t.spread[at]
        };
        let held = tested.iter().enumerate().filter(|&of| is_held(of)).count();
        TargetReport {
            figures: metrics::figures(&truth, &said, &speakers, seed),
            speaker_means_ccc: metrics::speaker_means_ccc(&truth, &speakers),
            held: held as f64 / tested.len() as f64,
            agreement: values.agreement.get(at).cloned(),
            by_speaker: groups(&|row| data.speakers[row].clone()),
            by_sex: groups(&|row| data.rows[row].sex.clone()),
            by_corpus: if by_corpus.len() > 1 {
                by_corpus
            } else {
                Vec::new()
            },
            points: truth
                .iter()
                .zip(&said)
                .map(|(&truth, &said)| [truth, said])
                .collect(),
            speakers: speakers
                .iter()
                .map(|s| s.clone().unwrap_or("unknown".into()))
                .collect(),
            name,
        }
    };
    Ok(of_targets(data, tested)?.enumerate().map(report).collect())
}

/// How much features matter: the rise of the squared error, in variances of the target and in the mean over the targets,
/// when a feature's values are shuffled among the held-out recordings of a fold (Breiman 2001).
fn most_important(
    data: &Dataset,
    folds: &[(&Fold, &ValuePipeline, &[Tested])],
    seed: u64,
) -> Result<Vec<ValueImportance>> {
    let values = values_of(data)?;
    let variances: Vec<f64> = values.y.columns().into_iter().map(|y| y.var(0.0)).collect();
    let error = |tested: &[Tested]| -> f64 {
        let of_recording = |t: &Tested| {
            let of_target = |(at, variance): (usize, &f64)| {
                (values.y[(t.row, at)] - t.predicted[at]).powi(2) / variance
            };
            variances.iter().enumerate().map(of_target).sum::<f64>() / variances.len() as f64
        };
        tested.iter().map(of_recording).sum()
    };
    let of_folds = folds.iter().map(|(_, trained, _)| trained.importance());
    let told = |feature: usize| {
        let of_fold =
            |(number, (fold, trained, tested)): (usize, &(&Fold, &ValuePipeline, &[Tested]))| {
                let stream = (number as u64) << 32 | feature as u64;
                let mut shuffled = fold.test.clone();
                shuffled.shuffle(&mut ChaCha8Rng::seed_from_u64(seed ^ stream));
                let mut without = data.select(&fold.test);
                for (at, &row) in shuffled.iter().enumerate() {
                    without.x[(at, feature)] = data.x[(row, feature)];
                }
                let all: Vec<usize> = (0..without.len()).collect();
                let mut blind = test(&without, &all, 0, trained);
                // Of the same recordings, in the same order.
                blind
                    .iter_mut()
                    .zip(*tested)
                    .for_each(|(blind, t)| blind.row = t.row);
                error(&blind) - error(tested)
            };
        let lost: f64 = folds.iter().enumerate().map(of_fold).sum();
        let recordings: usize = folds.iter().map(|(.., tested)| tested.len()).sum();
        let (target, correlation) = strongest(data, &values.y, feature);
        ValueImportance {
            feature: data.feature_names[feature].clone(),
            loss: lost / recordings as f64,
            target: values.names[target].clone(),
            correlation,
        }
    };
    let candidates = importance::candidates(data, of_folds);
    let mut told: Vec<ValueImportance> = candidates.into_par_iter().map(told).collect();
    told.sort_by(|a, b| b.loss.total_cmp(&a.loss));
    told.retain(|importance| importance.loss > 0.0);
    told.truncate(importance::TOLD);
    Ok(told)
}

/// The target with which the feature correlates most, up or down, and that correlation.
fn strongest(data: &Dataset, y: &ndarray::Array2<f64>, feature: usize) -> (usize, f64) {
    let known: Vec<usize> = (0..data.len())
        .filter(|&row| !data.x[(row, feature)].is_nan())
        .collect();
    let x: Vec<f64> = known
        .iter()
        .map(|&row| f64::from(data.x[(row, feature)]))
        .collect();
    let correlation = |at: usize| {
        let y: Vec<f64> = known.iter().map(|&row| y[(row, at)]).collect();
        (at, metrics::pearson(&x, &y))
    };
    let stronger = |a: (usize, f64), b: (usize, f64)| if b.1.abs() > a.1.abs() { b } else { a };
    (0..y.ncols())
        .map(correlation)
        .reduce(stronger)
        .unwrap_or((0, 0.0))
}

/// Compares the predictions of two evaluations on the same recordings, target by target; `other` names the second.
pub fn compare_values(
    first: &ValueEvaluation,
    second: &ValueEvaluation,
    other: String,
) -> Result<Vec<ComparedValues>> {
    let key = |p: &ValueOutOfFold| (p.row.corpus.clone(), p.row.recording.clone());
    let (a, b) = (&first.predictions, &second.predictions);
    if a.len() != b.len()
        || !a
            .iter()
            .zip(b)
            .all(|(a, b)| key(a) == key(b) && a.truth == b.truth)
    {
        return Err(Error::Data(format!(
            "{} recordings were tested here, others there ({}); a comparison needs the same recordings in both",
            a.len(),
            b.len()
        )));
    }
    let speakers: Vec<Option<String>> = a.iter().map(|p| p.speaker.clone()).collect();
    let targets = first
        .report
        .targets
        .iter()
        .zip(&second.report.targets)
        .enumerate();
    let compared = |(at, (target, of_second)): (usize, (&TargetReport, &TargetReport))| {
        let truth: Vec<f64> = a.iter().map(|p| p.truth[at]).collect();
        let said = |of: &[ValueOutOfFold]| of.iter().map(|p| p.predicted[at]).collect::<Vec<f64>>();
        let seed = first.report.seed;
        let test = metrics::compare_values(&truth, &said(a), &said(b), &speakers, seed);
        ComparedValues {
            other: other.clone(),
            model: second.report.model.clone(),
            features: second.report.features.clone(),
            feature_count: second.report.feature_names.len(),
            target: target.name.clone(),
            figures: of_second.figures.clone(),
            p_holm: test.p_value,
            test,
        }
    };
    Ok(targets.map(compared).collect())
}

/// [`compare_values`] with each of several others, which are named; the p-values are corrected for the number of all these tests,
/// of every other model and every target, by Holm's method.
pub fn compare_all_values(
    first: &ValueEvaluation,
    others: &[(String, ValueEvaluation)],
) -> Result<Vec<ComparedValues>> {
    let mut all = Vec::new();
    for (name, other) in others {
        all.extend(compare_values(first, other, name.clone())?);
    }
    let p_values: Vec<f64> = all.iter().map(|c| c.test.p_value).collect();
    for (compared, p_holm) in all.iter_mut().zip(holm(&p_values)) {
        compared.p_holm = p_holm;
    }
    Ok(all)
}

/// The predictions of evaluations as a table: one row per recording and protocol; of each target `NAME`, `NAME_true`
/// and `NAME_std`.
pub fn value_predictions_table(evaluations: &[ValueEvaluation]) -> Table {
    let predictions = evaluations.iter().flat_map(|e| &e.predictions);
    let told = Told::of(predictions.map(|p| &p.row.recording));
    let targets = evaluations.first().map_or(&[][..], |e| &e.report.targets);
    let columns = |target: &TargetReport| schema::columns_of_value(&target.name);
    let columns: Vec<[String; 3]> = targets.iter().map(columns).collect();
    let mut table = Table {
        columns: schema::columns(cells(None, told, &columns)),
        ..Table::default()
    };
    for evaluation in evaluations {
        for prediction in &evaluation.predictions {
            let row = Some((&evaluation.report, prediction));
            let cells = cells(row, told, &columns);
            table.push(cells.into_iter().map(|(_, cell)| cell));
        }
    }
    table
}

/// What stands in a row, by the names of the columns; without a row, blanks of the same types.
fn cells<'a>(
    row: Option<(&'a ValueReport, &'a ValueOutOfFold)>,
    told: Told,
    columns: &'a [[String; 3]],
) -> Vec<(&'a str, Cell<'a>)> {
    let prediction = row.map(|(_, prediction)| prediction);
    let of_row = |of: fn(&Row) -> Option<&str>| Cell::Text(prediction.and_then(|p| of(&p.row)));
    let part = prediction.map_or(Part::blank(), |p| &p.row.recording);
    let mut cells = part.cells(told);
    cells.push((CORPUS, of_row(|row| row.corpus.as_deref())));
    cells.push((SPEAKER, of_row(|row| row.speaker.as_deref())));
    for (at, names) in columns.iter().enumerate() {
        let number = |of: fn(&ValueOutOfFold) -> &Vec<f64>| {
            Cell::Double(prediction.map_or(f64::NAN, |p| of(p)[at]))
        };
        let numbers = [
            number(|p| &p.predicted),
            number(|p| &p.truth),
            number(|p| &p.spread),
        ];
        cells.extend(names.iter().map(String::as_str).zip(numbers));
    }
    cells.push((FOLD, Cell::Text(prediction.map(|p| p.fold.as_str()))));
    let normalize = row.map(|(report, _)| report.normalize.name());
    cells.push((NORMALIZE, Cell::Text(normalize)));
    cells
}

impl ValueEvaluation {
    /// The predictions as a table.
    pub fn to_table(&self) -> Table {
        value_predictions_table(std::slice::from_ref(self))
    }
}
