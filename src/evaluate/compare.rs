//! Two models, or two feature sets, on the same recordings and folds.

use crate::error::{Error, Result};
use crate::evaluate::{Evaluation, OutOfFold};
use crate::metrics;
use crate::report::Compared;

/// Compares the predictions of two evaluations on the same recordings; `other` names the second.
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
    Ok(Compared {
        other,
        uar: second.report.uar,
        test,
    })
}
