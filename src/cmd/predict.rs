//! `sentire predict`: from recordings to emotions.

use std::io::Read;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sentire::audio::{self, Channel, Rate};
use sentire::error::{Error, Result, Stage};
use sentire::features::Extractor;
use sentire::predict::{
    Estimate, Failed, Features, LONG_S, Prediction, Predictor, REASONS, Segment, Verdict,
};
use serde::Serialize;

use crate::cli::Predict;
use crate::cmd::{Console, Outcome, count, load_predictor, note_alone, of_file};

/// Reasons that stand on a line of text, of those that are looked for.
const REASONS_ON_A_LINE: usize = 3;

pub fn run(args: &Predict, console: &Console) -> Result<Outcome> {
    let segmentation = args.cut.segmentation()?;
    let is_cut = segmentation.is_some();
    let limits = args.limits.limits()?;
    let mut predictor = load_predictor(args.model.as_deref(), console)?
        .with_limits(limits)
        .with_pauses(args.pauses);
    note_alone(&predictor, args.model.as_deref(), console);
    if let Some(segmentation) = segmentation {
        predictor = predictor.with_segmentation(segmentation);
    }
    if let Some(channel) = args.channel {
        predictor = predictor.with_channel(channel);
    }
    if args.accept_truncated {
        predictor = predictor.accepting_truncated();
    }
    let asked = asked(&predictor, &args.audio)?;
    // One file needs no thread pool, and starting one costs as much as the prediction.
    let read: Vec<Result<Features>> = match &asked[..] {
        [only] => vec![features(&predictor, &mut predictor.extractor(), only)],
        several => {
            let with_extractor =
                |extractor: &mut Extractor, asked: &Asked| features(&predictor, extractor, asked);
            several
                .par_iter()
                .map_init(|| predictor.extractor(), with_extractor)
                .collect()
        }
    };
    let mut recordings = Vec::new();
    // In the order in which they were given; `None` for those that can be used.
    let mut failures = Vec::new();
    for ((path, channel), recording) in asked.iter().zip(read) {
        match recording {
            Ok(recording) => {
                recordings.push(recording);
                failures.push(None);
            }
            Err(error) => {
                console.failed(&error);
                failures.push(Some(Failed {
                    file: path.display().to_string(),
                    channel: *channel,
                    error: error.to_string(),
                }));
            }
        }
    }
    let failed = failures.iter().flatten().count();
    for recording in &recordings {
        if let Some(taken) = recording.instead_of_mean {
            console.warn(&audio::channels_cancel(&recording.file, taken));
        }
        if recording.channels_differ {
            console.warn(&audio::channels_are_two(&recording.file));
        }
    }
    let narrow = recordings
        .iter()
        .filter(|recording| recording.is_narrow)
        .count();
    if let (1.., Rate::Hz(rate)) = (narrow, predictor.settings().rate) {
        console.warn(&audio::are_narrow(&count(narrow, "recording"), rate));
    }
    let predictions = match recordings.is_empty() {
        true => Vec::new(),
        false => predictor.explained(&recordings, REASONS)?,
    };
    let mut said = predictions.iter();
    for failure in &failures {
        match failure {
            Some(failure) if args.json => console.print(&json_line(failure))?,
            Some(_) => {}
            None => {
                let prediction = said.next().expect("one for each recording");
                console.print(&line(prediction, args.json))?;
                if is_cut && !args.json {
                    console.print(&timeline(prediction))?;
                }
            }
        }
    }
    if recordings.is_empty() {
        return Err(Error::Data("no recording could be used".into()));
    }
    let failures = match failed {
        0 => String::new(),
        _ => format!(", {failed} failed"),
    };
    if !is_cut
        && recordings
            .iter()
            .any(|recording| recording.windows.len() > 1)
    {
        console.note(&format!(
            "note: recordings over {LONG_S} s were recognised turn by turn; --segment speech shows the turns"
        ));
    }
    let done = count(recordings.len(), "recording");
    console.note(&format!(
        "{done}{failures}, by {}{}",
        predictor.model().card.trained,
        of_file(args.model.as_deref())
    ));
    Ok(Outcome::after(failed))
}

/// A recording, and which of its channels, if they are told apart.
type Asked = (PathBuf, Option<usize>);

/// What is to be recognised: each recording, or each of its channels.
fn asked(predictor: &Predictor, paths: &[PathBuf]) -> Result<Vec<Asked>> {
    if predictor.settings().channel != Channel::Each {
        return Ok(paths.iter().map(|path| (path.clone(), None)).collect());
    }
    let mut asked = Vec::new();
    for path in paths {
        if path == Path::new("-") {
            return Err(Error::Usage(
                "--channel each reads a recording several times, and standard input can be read once; give a file, or \
                 --channel N"
                    .into(),
            ));
        }
        // What cannot be read fails when it is.
        match audio::channels(path) {
            Ok(n) => asked.extend((0..n).map(|channel| (path.clone(), Some(channel)))),
            Err(_) => asked.push((path.clone(), None)),
        }
    }
    Ok(asked)
}

/// Name, length and features of one recording; `-` is standard input.
fn features(
    predictor: &Predictor,
    extractor: &mut Extractor,
    (path, channel): &Asked,
) -> Result<Features> {
    match channel {
        Some(channel) => return predictor.read_channel(path, *channel, extractor),
        None if path != Path::new("-") => return predictor.read(path, extractor),
        None => {}
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

/// A value as a line of JSON.
fn json_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("it is plain data") + "\n"
}

/// The prediction for a recording as one line: JSON, or name, label, the probabilities from the largest down, verdicts,
/// and what spoke most for the label.
pub fn line(prediction: &Prediction, json: bool) -> String {
    if json {
        return json_line(prediction);
    }
    let channel = match prediction.channel {
        Some(channel) => format!(" channel {channel}"),
        None => String::new(),
    };
    let name = format!("{}{channel}", prediction.file);
    if let Some(original) = prediction.copy_of {
        return format!("{name}  a copy of channel {original}\n");
    }
    let mut said = answer(&prediction.whole());
    if prediction.truncated {
        said.push_str("  breaks off");
    }
    let reasons: Vec<String> = prediction
        .reasons
        .iter()
        .filter(|reason| reason.effect > 0.0 || reason.target.is_some())
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
    format!("{name}  {said}{because}\n")
}

/// A line for each window: from where to where, in seconds, and what it is recognised as.
fn timeline(prediction: &Prediction) -> String {
    let line = |segment: &Segment| {
        let said = answer(segment);
        format!("  {:8.2} to {:8.2} s  {said}\n", segment.start, segment.end)
    };
    prediction.windows.iter().map(line).collect()
}

/// What is said, as a fact only where it is sure.
fn answer(said: &Segment) -> String {
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
    let text = match &said.label {
        Some(label) => format!("{label}  ({})", probabilities.join(", ")),
        None => said
            .values
            .iter()
            .map(number)
            .collect::<Vec<_>>()
            .join(", "),
    };
    match said.verdict {
        Verdict::NoSpeech => "no speech".into(),
        Verdict::OutOfDomain => {
            format!("I have not heard recordings like this; I would guess {text}")
        }
        Verdict::Unsure => format!("unsure; I would guess {text}"),
        Verdict::Sure => text,
    }
}

#[test]
fn what_is_not_sure_is_said_as_a_guess() {
    let said = |verdict| {
        answer(&Segment {
            start: 0.0,
            end: 1.0,
            label: (verdict != Verdict::NoSpeech).then(|| "sad".to_string()),
            probabilities: [("happy".to_string(), 0.3), ("sad".to_string(), 0.7)].into(),
            values: Default::default(),
            unsure: verdict != Verdict::Sure,
            out_of_domain: verdict == Verdict::OutOfDomain,
            verdict,
            speech_s: 1.0,
        })
    };
    assert_eq!(said(Verdict::Sure), "sad  (sad 0.70, happy 0.30)");
    assert_eq!(
        said(Verdict::Unsure),
        "unsure; I would guess sad  (sad 0.70, happy 0.30)"
    );
    assert_eq!(
        said(Verdict::OutOfDomain),
        "I have not heard recordings like this; I would guess sad  (sad 0.70, happy 0.30)"
    );
    assert_eq!(said(Verdict::NoSpeech), "no speech");
}
