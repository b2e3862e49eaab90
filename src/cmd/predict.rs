//! `sentire predict`: from recordings to emotions.

use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sentire::audio::{self, Segmentation};
use sentire::error::{Error, Result, Stage};
use sentire::features::Extractor;
use sentire::predict::{Estimate, Features, Prediction, Predictor, REASONS, Segment};

use crate::cli::Predict;
use crate::cmd::{Console, Outcome, count, load_predictor, of_file};

/// Reasons that stand on a line of text, of those that are looked for.
const REASONS_ON_A_LINE: usize = 3;

pub fn run(args: &Predict, console: &Console) -> Result<Outcome> {
    let window = Segmentation::from_flags(args.window, args.hop)?.window();
    let limits = args.limits.limits()?;
    let mut predictor = load_predictor(args.model.as_deref(), console)?.with_limits(limits);
    if let Some(window) = window {
        predictor = predictor.with_window(window);
    }
    if args.accept_truncated {
        predictor = predictor.accepting_truncated();
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
    for recording in &recordings {
        if let Some(taken) = recording.instead_of_mean {
            console.warn(&audio::channels_cancel(&recording.file, taken));
        }
    }
    let predictions = predictor.explained(&recordings, REASONS)?;
    for (prediction, recording) in predictions.iter().zip(&recordings) {
        console.print(&line(prediction, recording, args.json))?;
        if args.window.is_some() && !args.json {
            console.print(&timeline(prediction, recording))?;
        }
    }
    let failures = if failed > 0 {
        format!(", {failed} failed")
    } else {
        String::new()
    };
    let done = count(recordings.len(), "recording");
    console.note(&format!(
        "{done}{failures}, by {}{}",
        predictor.model().card.trained,
        of_file(args.model.as_deref())
    ));
    Ok(Outcome::after(failed))
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

/// The prediction for a recording as one line: JSON, or name, label, the probabilities from the largest down, verdicts,
/// and what spoke most for the label.
pub fn line(prediction: &Prediction, recording: &Features, json: bool) -> String {
    if json {
        return serde_json::to_string(prediction).expect("a prediction is plain data") + "\n";
    }
    let has_speech = recording.has_speech.contains(&true);
    let mut said = answer(&prediction.whole(), has_speech);
    if prediction.truncated {
        said.push_str("  breaks off");
    }
    let reasons: Vec<String> = prediction
        .reasons
        .iter()
        .filter(|reason| (reason.effect > 0.0 || reason.target.is_some()) && has_speech)
        .take(REASONS_ON_A_LINE)
        .map(|reason| match &reason.target {
            None => reason.text.clone(),
            Some(target) => format!("{target} {} by {}", reason.side(), reason.text),
        })
        .collect();
    let because = match reasons.is_empty() {
        true => String::new(),
        false => format!("  because: {}", reasons.join("; ")),
    };
    format!("{}  {said}{because}\n", prediction.file)
}

/// A line for each window: from where to where, in seconds, and what it is recognised as.
fn timeline(prediction: &Prediction, recording: &Features) -> String {
    let line = |(segment, &has_speech): (&Segment, &bool)| {
        let said = answer(segment, has_speech);
        format!("  {:8.2} to {:8.2} s  {said}\n", segment.start, segment.end)
    };
    let windows = prediction.windows.iter().zip(&recording.has_speech);
    windows.map(line).collect()
}

fn answer(said: &Segment, has_speech: bool) -> String {
    let mut probabilities: Vec<(&String, &f64)> = said.probabilities.iter().collect();
    probabilities.sort_by(|a, b| b.1.total_cmp(a.1));
    let probabilities: Vec<String> = probabilities
        .iter()
        .map(|(class, p)| format!("{class} {p:.2}"))
        .collect();
    let number = |(name, estimate): (&String, &Estimate)| {
        let [low, high] = estimate.interval();
        format!("{name} {:.2} ({low:.2} to {high:.2})", estimate.value)
    };
    let mut text = match &said.label {
        Some(label) => format!("{label}  ({})", probabilities.join(", ")),
        None => said
            .values
            .iter()
            .map(number)
            .collect::<Vec<_>>()
            .join(", "),
    };
    match (said.unsure, has_speech) {
        (_, false) => text.push_str("  unsure: no speech was found in it"),
        (true, true) => text.push_str("  unsure"),
        (false, true) => {}
    }
    if said.out_of_domain {
        text.push_str("  unlike the training recordings");
    }
    text
}
