//! Several models, or feature sets, on the same recordings and folds.

use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, OutOfFold};
use crate::metrics;
use crate::report::Compared;

/// Compares the predictions of two evaluations on the same recordings; `other` names the second. The difference of their
/// UARs is that of the first less that of the second. An error if the recordings differ.
///
/// ```
/// use sentire::evaluate::compare;
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # extract::update(&demo, &egemaps, &features)?;
/// # let data = Dataset::read(&[&features], "emotion")?;
/// let ridge = evaluate(&data, &"ridge".parse()?, &Protocol::default())?;
/// let svm = evaluate(&data, &"svm".parse()?, &Protocol::default())?;
/// let compared = compare(&ridge, &svm, "svm".into())?;
/// assert!((compared.test.difference - (ridge.report.uar - svm.report.uar)).abs() < 1e-9);
/// assert_eq!(compare(&svm, &svm, "itself".into())?.test.difference, 0.0);
/// # Ok::<(), Error>(())
/// ```
pub fn compare(first: &Evaluation, second: &Evaluation, other: String) -> Result<Compared> {
    let key = |p: &OutOfFold| (p.row.corpus.clone(), p.row.recording.clone(), p.truth);
    let (a, b) = (&first.predictions, &second.predictions);
    if a.len() != b.len() || !a.iter().zip(b).all(|(a, b)| key(a) == key(b)) {
        return Err(Error::Data(format!(
            "{} recordings were tested here, others there ({}); a comparison needs the same recordings in both",
            a.len(),
            b.len()
        )));
    }
    let truth: Vec<usize> = a.iter().map(|p| p.truth).collect();
    let said =
        |predictions: &[OutOfFold]| predictions.iter().map(|p| p.predicted).collect::<Vec<_>>();
    let speakers: Vec<Option<String>> = a.iter().map(|p| p.speaker.clone()).collect();
    let report = &first.report;
    let test = metrics::compare(
        &truth,
        &said(a),
        &said(b),
        &speakers,
        report.classes.len(),
        report.seed,
    );
    let of_second = &second.report;
    Ok(Compared {
        other,
        model: of_second.model.clone(),
        features: of_second.features.clone(),
        feature_count: of_second.feature_names.len(),
        uar: of_second.uar,
        uar_ci95: of_second.uar_ci95,
        accuracy: of_second.accuracy,
        macro_f1: of_second.macro_f1,
        recall: of_second.recall.clone(),
        p_holm: test.p_value,
        test,
    })
}

/// [`compare`] with each of several others, which are named; the p-values are corrected for their number by Holm's method.
pub fn compare_all(first: &Evaluation, others: &[(String, Evaluation)]) -> Result<Vec<Compared>> {
    let compared = others
        .iter()
        .map(|(name, other)| compare(first, other, name.clone()));
    let mut compared: Vec<Compared> = compared.collect::<Result<_>>()?;
    let p_values: Vec<f64> = compared.iter().map(|c| c.test.p_value).collect();
    for (compared, p_holm) in compared.iter_mut().zip(metrics::holm(&p_values)) {
        compared.p_holm = p_holm;
    }
    Ok(compared)
}
