//! `sentire score`: many recordings to a table of predictions.

use sentire::audio::Window;
use sentire::error::Result;
use sentire::extract;
use sentire::score::{self, Options};

use crate::cli::Score;
use crate::cmd::export::Target;
use crate::cmd::extract::{closing, load_manifest, watched};
use crate::cmd::{Console, Outcome, count, load_predictor};

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
        scored_at: score::now(),
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
    let scores = watched(&manifest, console, |on_event| {
        score::run(&manifest, &predictor, &options, previous.as_ref(), on_event)
    })?;
    let keeps_previous = scores.summary.rows == 0 && args.output.exists();
    if scores.summary.rows > 0 {
        let table = match args.long {
            true => super::stacked(&scores.table)?,
            false => scores.table,
        };
        target.write(&table)?;
    }
    if !keeps_previous {
        scores
            .failures
            .write(&extract::failures_path(&args.output))?;
    }
    let summary = scores.summary.unless_empty(&args.output)?;
    let rows = count(summary.rows, "row");
    console.note(&closing(&summary, &args.output, "score", &rows));
    Ok(Outcome::after(summary.failed))
}
