//! `sentire predict`: recordings to emotions.

use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sentire::audio::{self, Window};
use sentire::error::{Error, Result, Stage};
use sentire::features::Extractor;
use sentire::model::Model;
use sentire::predict::{Features, Prediction, Predictor};

use crate::cli::Predict;
use crate::cmd::{Console, Outcome, count};

pub fn run(args: &Predict, console: &Console) -> Result<Outcome> {
    let Some(path) = &args.model else {
        return Err(Error::Usage(
            "no model: none is built in yet; train one with `sentire train FEATURES.parquet -o model.sentire` and name it with \
             -m model.sentire"
                .into(),
        ));
    };
    let window = Window::from_flags(args.window, args.hop)?;
    let model = Model::load(path)?;
    let mut predictor = Predictor::new(model).map_err(|error| match error {
        Error::Data(reason) => Error::Model {
            path: path.clone(),
            reason,
        },
        other => other,
    })?;
    if let Some(window) = window {
        predictor = predictor.with_window(window);
    }
    // One file needs no thread pool, and starting one costs as much as the prediction.
    let read: Vec<Result<Features>> = match &args.audio[..] {
        [only] => vec![features(&predictor, &mut predictor.extractor(), only)],
        several => {
            let with_extractor =
                |extractor: &mut Extractor, path: &PathBuf| features(&predictor, extractor, path);
            several
                .par_iter()
                .map_init(|| predictor.extractor(), with_extractor)
                .collect()
        }
    };
    let mut recordings = Vec::new();
    let mut failed = 0;
    for recording in read {
        match recording {
            Ok(recording) => recordings.push(recording),
            Err(error) => {
                console.failed(&error);
                failed += 1;
            }
        }
    }
    if recordings.is_empty() {
        return Err(Error::Data("no recording could be used".into()));
    }
    for prediction in predictor.predict(&recordings)? {
        console.print(&line(&prediction, args.json))?;
    }
    let failures = if failed > 0 {
        format!(", {failed} failed")
    } else {
        String::new()
    };
    let done = count(recordings.len(), "recording");
    console.note(&format!(
        "{done}{failures}, by {} of {}",
        predictor.model().card.trained,
        path.display()
    ));
    Ok(if failed > 0 {
        Outcome::Partly
    } else {
        Outcome::Done
    })
}

/// Name, length and features of one recording; `-` is standard input.
fn features(predictor: &Predictor, extractor: &mut Extractor, path: &Path) -> Result<Features> {
    if path != Path::new("-") {
        return predictor.read(path, extractor);
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .read_to_end(&mut bytes)
        .map_err(|cause| Error::Audio {
            file: "-".into(),
            stage: Stage::Open,
            reason: cause.to_string(),
            is_empty: false,
        })?;
    let options = predictor.settings().read_options(None, None);
    let recording = audio::read_bytes(bytes, "-", &options)?;
    predictor.features(&recording, "-", extractor)
}

/// A prediction as one line: JSON, or name, label and the probabilities from the largest down.
pub fn line(prediction: &Prediction, json: bool) -> String {
    if json {
        return serde_json::to_string(prediction).expect("a prediction is plain data") + "\n";
    }
    let mut probabilities: Vec<(&String, &f64)> = prediction.probabilities.iter().collect();
    probabilities.sort_by(|a, b| b.1.total_cmp(a.1));
    let probabilities: Vec<String> = probabilities
        .iter()
        .map(|(class, p)| format!("{class} {p:.2}"))
        .collect();
    let mut verdicts = String::new();
    if prediction.unsure {
        verdicts.push_str("  unsure");
    }
    if prediction.out_of_domain {
        verdicts.push_str("  unlike the training recordings");
    }
    format!(
        "{}  {}  ({}){verdicts}\n",
        prediction.file,
        prediction.label,
        probabilities.join(", ")
    )
}
