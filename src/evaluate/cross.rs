//! Evaluation across corpora: train on one corpus, or on all but one, and test on another.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::audit::{self, Finding};
use crate::dataset::{Dataset, Target};
use crate::error::{Error, Result};
use crate::evaluate::{FoldSpec, Participants, Protocol, folds, on_folds};
use crate::model::{ModelSpec, Normalize};
use crate::report::{CrossCell, CrossCorpus};
use crate::split::Fold;

/// What the leakage audit finds between corpora and within each.
///
/// ```
/// use sentire::evaluate::cross_leakage;
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let mut demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # demo.utterances.iter_mut().for_each(|u| u.corpus = u.sex.clone());
/// # extract::update(&demo, &egemaps, &features)?;
/// // Of the demo corpus, the women as one corpus, the men as another.
/// let data = Dataset::read(&[&features], "emotion")?;
/// assert_eq!(data.corpora, ["female", "male"]);
/// let findings = cross_leakage(&data, &Protocol::default())?;
/// assert!(findings.iter().all(|finding| !finding.is_error));
/// # Ok::<(), Error>(())
/// ```
pub fn cross_leakage(data: &Dataset, protocol: &Protocol) -> Result<Vec<Finding>> {
    let raw = Participants::of(data, &across(data, protocol)?)?.raw;
    let mut findings = audit::audit(&raw, &folds::folds(&raw, &FoldSpec::Corpus)?);
    // What is no error within a corpus is told of all of them already.
    for name in &raw.corpora {
        let within = raw.select(&rows_of(&raw, name));
        let found = audit::audit(&within, &folds::folds(&within, &protocol.folds)?);
        findings.extend(found.into_iter().filter(|finding| finding.is_error));
    }
    Ok(audit::merged(findings))
}

/// The protocol between corpora.
fn across(data: &Dataset, protocol: &Protocol) -> Result<Protocol> {
    if let Target::Values(_) = data.target {
        return Err(Error::Usage(format!(
            "--cross-corpus compares classes, and `{}` holds numbers; --folds corpus leaves out one corpus at a time",
            data.label
        )));
    }
    if let FoldSpec::Corpus | FoldSpec::TestCorpus(_) = protocol.folds {
        return Err(Error::Usage(
            "--cross-corpus tests every corpus on every other; --folds says how speakers are held out within one: loso, split or a \
             number"
                .into(),
        ));
    }
    Ok(Protocol {
        folds: FoldSpec::Corpus,
        importance: false,
        ..protocol.clone()
    })
}

fn rows_of(data: &Dataset, corpus: &str) -> Vec<usize> {
    let is_of = |row: &usize| data.rows[*row].corpus.as_deref() == Some(corpus);
    (0..data.len()).filter(is_of).collect()
}

/// The whole matrix, on the classes that all corpora share: models trained on each corpus alone and on all but the tested
/// one, tested on each corpus. Within a corpus, speakers are held out by `protocol.folds`, which may not be folds of
/// corpora. An error if the leakage audit finds errors that `protocol` does not allow.
///
/// ```
/// use sentire::evaluate::cross_corpus;
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let mut demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # demo.utterances.iter_mut().for_each(|u| u.corpus = u.sex.clone());
/// # extract::update(&demo, &egemaps, &features)?;
/// // Of the demo corpus, the women as one corpus, the men as another.
/// let data = Dataset::read(&[&features], "emotion")?;
/// assert_eq!(data.corpora, ["female", "male"]);
/// let crossed = cross_corpus(&data, &"ridge".parse()?, &Protocol::default())?;
/// assert_eq!(crossed.cells.len(), 4, "each on itself, and on the other");
/// assert!(crossed.cells.iter().all(|cell| cell.n == 64));
/// # Ok::<(), Error>(())
/// ```
pub fn cross_corpus(data: &Dataset, spec: &ModelSpec, protocol: &Protocol) -> Result<CrossCorpus> {
    let leakage = cross_leakage(data, protocol)?;
    audit::refuse(&leakage, protocol.allow_leakage)?;
    let across = across(data, protocol)?;
    spec.check_balance(&data.target, protocol.balance)?;
    let prepared = Participants::of(data, &across)?.scaled;
    let corpora = &prepared.corpora;
    let mut asked: Vec<(Vec<String>, String)> = Vec::new();
    for test in corpora {
        // A corpus that is scaled whole cannot be tested on itself.
        let is_asked = |train: &&String| across.normalize != Normalize::Batch || *train != test;
        let alone = corpora.iter().filter(is_asked);
        asked.extend(alone.map(|train| (vec![train.clone()], test.clone())));
        if corpora.len() > 2 {
            let others = corpora.iter().filter(|name| *name != test).cloned();
            asked.push((others.collect(), test.clone()));
        }
    }
    let cell = |(train, test): &(Vec<String>, String)| {
        let report = if train[..] == [test.clone()] {
            let within = prepared.select(&rows_of(&prepared, test));
            let folds = folds::folds(&within, &protocol.folds)?;
            on_folds(&within, &folds, spec, protocol, &|_| {})?.report
        } else {
            let mut of_train: Vec<usize> = train
                .iter()
                .flat_map(|name| rows_of(&prepared, name))
                .collect();
            of_train.sort_unstable();
            let fold = Fold {
                name: test.clone(),
                train: of_train,
                test: rows_of(&prepared, test)
                    .into_iter()
                    .filter(|&row| !prepared.is_copy(row))
                    .collect(),
            };
            on_folds(&prepared, &[fold], spec, &across, &|_| {})?.report
        };
        Ok(CrossCell {
            train: train.clone(),
            test: test.clone(),
            uar: report.uar,
            uar_ci95: report.uar_ci95,
            accuracy: report.accuracy,
            macro_f1: report.macro_f1,
            recall: report.recall,
            confusion: report.confusion,
            ece: report.calibration.ece,
            unsure: report.unsure,
            n: report.n,
        })
    };
    let cells = asked.par_iter().map(cell).collect::<Result<_>>()?;
    let recordings = |data: &Dataset| data.recording_count(0..data.len());
    let counts = corpora.iter().map(|name| {
        let rows = rows_of(&prepared, name);
        (name.clone(), prepared.recording_count(rows))
    });
    Ok(CrossCorpus {
        corpora: corpora.clone(),
        classes: prepared.classes().to_vec(),
        recordings: counts.collect::<BTreeMap<_, _>>(),
        left_out: recordings(data) - recordings(&prepared),
        cells,
        within: protocol.folds.to_string(),
        normalize: protocol.normalize,
        features: prepared.feature_sets(),
        model: spec.clone(),
        label: prepared.label.clone(),
        leakage,
        seed: protocol.seed,
    })
}
