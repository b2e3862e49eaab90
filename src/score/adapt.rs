//! Adapting a model to one place: what is usual there scales its features for good, and labels, where there are some, calibrate its
//! probabilities.

use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result};
use crate::extract::{self, BATCH, Event, Summary, Tally};
use crate::model::{FEWEST_LABELLED, Labelled, Model, SMALLEST_BATCH};
use crate::predict::Predictor;
use crate::scaler::Moments;
use crate::score::features_of;

/// The model of `predictor`, adapted to the recordings of `manifest`: they scale the features from now on, at least 30 rows with
/// speech; and those with a label calibrate probabilities anew, if there are at least 24 of several classes. Says which recordings
/// could be used.
///
/// # Errors
/// Where the model was not trained to scale batches by their own recordings, or there are too few.
///
/// ```
/// use sentire::prelude::*;
///
/// # let dir = tempfile::tempdir().unwrap();
/// # let features = dir.path().join("demo.parquet");
/// # let egemaps = Settings { sets: vec![FeatureSet::EGEMAPS], ..Settings::default() };
/// # let demo = corpus::open("corpora/demo/manifest.csv")?.manifest;
/// # extract::update(&demo, &egemaps, &features)?;
/// let data = Dataset::read(&[&features], "emotion")?;
/// let model = Model::train(&data, &"ridge".parse()?, Normalize::Batch, 0)?;
/// let women = demo.utterances.iter().filter(|u| u.sex.as_deref() == Some("female"));
/// let place = Manifest { utterances: women.cloned().collect(), ..demo.clone() };
/// let (model, _) = sentire::score::adapt(&place, &Predictor::new(model)?, &|_| {})?;
/// let adapted = model.card.adapted.expect("it was");
/// assert_eq!((adapted.rows, adapted.labelled), (64, 64));
/// # Ok::<(), Error>(())
/// ```
pub fn adapt(
    manifest: &Manifest,
    predictor: &Predictor,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<(Model, Summary)> {
    if predictor.model().card.adapted.is_some() {
        return Err(Error::Usage(
            "the model is adapted already; adapt the one that it was made of".into(),
        ));
    }
    let Some(model) = predictor.of_batches() else {
        return Err(Error::Usage(
            "the model cannot be adapted: it was not trained with --normalize batch; expected one that was"
                .into(),
        ));
    };
    let settings = predictor.settings();
    let mut moments = Moments::new(model.feature_names.len());
    let mut tally = Tally::new(0);
    let mut labelled = Labelled::new(model.feature_names.len());
    for utterances in manifest.utterances.chunks(BATCH) {
        let computed = extract::compute(manifest, utterances, settings, None, on_event)?;
        for (utterance, computed) in utterances.iter().zip(computed) {
            let computed = match computed {
                Ok(computed) => computed,
                Err(error) => {
                    tally.failed(utterance, &error, on_event);
                    continue;
                }
            };
            let rows = computed.rows.len();
            tally.done(utterance, &computed.recording, rows, false, on_event);
            // Copies were not recorded there.
            if utterance.augment.is_some() {
                continue;
            }
            let features = features_of(utterance, &computed, settings);
            let rows = predictor.spoken_rows(&features);
            rows.iter().for_each(|row| moments.add(row.iter()));
            if let (Some(class), false) = (class_of(utterance, model), rows.is_empty()) {
                labelled.push(&rows, class, utterance.speaker.clone());
            }
        }
    }
    if moments.rows() < SMALLEST_BATCH {
        return Err(Error::Data(format!(
            "{} rows with speech to adapt the model by; expected at least {SMALLEST_BATCH}",
            moments.rows()
        )));
    }
    let adapted = model.adapted(&moments.scaler(), moments.rows(), &labelled)?;
    if adapted.is_recalibrated() || labelled.is_empty() {
        return Ok((adapted, tally.finish().0));
    }
    on_event(Event::Warning(&format!(
        "{} recordings with a label of the model; probabilities are calibrated anew from {FEWEST_LABELLED} of two classes on, so they stay as \
         they were",
        labelled.len()
    )));
    Ok((adapted, tally.finish().0))
}

/// The class that a recording is labelled with, if the model knows it.
fn class_of(utterance: &Utterance, model: &Model) -> Option<usize> {
    let fields = Utterance::FIELDS.iter().zip(utterance.fields());
    let of_field = |(name, word): (&&str, Option<&str>)| {
        (**name == model.card.label).then(|| word.map(str::to_string))
    };
    let word = match fields.into_iter().find_map(of_field) {
        Some(word) => word,
        None => utterance.extra.get(&model.card.label).cloned(),
    };
    let word = word?;
    model.card.classes.iter().position(|class| *class == word)
}
