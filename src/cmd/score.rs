//! `sentire score`: many recordings to a table of predictions.

use sentire::audio::Window;
use sentire::error::Result;
use sentire::extract::{self, Event};
use sentire::model;
use sentire::score::{self, Options};

use crate::cli::Score;
use crate::cmd::export::Target;
use crate::cmd::{Console, Outcome, count, extract::load_manifest, load_predictor};

pub fn run(args: &Score, console: &Console) -> Result<Outcome> {
    let window = Window::from_flags(args.window, args.hop)?;
    let mut predictor = load_predictor(args.model.as_deref(), console)?;
    let rows_of_windows = window.is_some();
    if let Some(window) = window {
        predictor = predictor.with_window(window);
    }
    let options = Options {
        rows_of_windows,
        speaker_column: args.speaker_column.clone(),
        scored_at: model::now(),
    };
    let made_with = score::made_with(&predictor, &options);
    // Only such a table holds all that another run needs of it.
    let is_whole = !args.long
        && args.partition_by.is_none()
        && args.output.extension().is_some_and(|e| e == "parquet");
    let previous = match is_whole && !console.force {
        true => extract::previous(&args.output, &made_with)?,
        false => None,
    };
    let force = console.force || previous.is_some();
    let target = Target::new(&args.output, args.partition_by.as_deref(), force)?;
    let manifest = load_manifest(&args.input, &args.output, console)?;

    let previous = previous.filter(|_| !args.fresh);
    let bar = console.progress(manifest.utterances.len());
    let on_event = |event: Event| match event {
        Event::Done => bar.inc(1),
        Event::Failed(error) => bar.suspend(|| console.failed(error)),
    };
    let scores = score::run(
        &manifest,
        &predictor,
        &options,
        previous.as_ref(),
        &on_event,
    )?;
    bar.finish_and_clear();
    let failures_path = extract::failures_path(&args.output);
    let keeps_previous = scores.summary.rows == 0 && args.output.exists();
    if scores.summary.rows > 0 {
        let table = match args.long {
            true => super::stacked(&scores.table)?,
            false => scores.table,
        };
        target.write(&table)?;
    }
    if !keeps_previous {
        scores.failures.write(&failures_path)?;
    }
    let summary = scores.summary.unless_empty(&args.output)?;
    let output = args.output.display();
    let mut closing = match summary.reused == summary.done {
        true => format!(
            "{} unchanged, nothing to score: {output}",
            count(summary.recordings, "recording")
        ),
        false => {
            let kept = match summary.reused {
                0 => String::new(),
                reused => format!(" ({reused} kept from before)"),
            };
            format!(
                "{}{kept}, {} -> {output}",
                count(summary.recordings, "recording"),
                count(summary.rows, "row")
            )
        }
    };
    if summary.failed > 0 {
        closing += &format!("; {} failed -> {}", summary.failed, failures_path.display());
    }
    console.note(&closing);
    Ok(match summary.failed {
        0 => Outcome::Done,
        _ => Outcome::Partly,
    })
}
