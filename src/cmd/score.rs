//! `sentire score`: from many recordings to a table of predictions.

use sentire::audio::{self, Rate};
use sentire::error::{Error, Result};
use sentire::extract;
use sentire::job::Job;
use sentire::model::Normalize;
use sentire::predict::Predictor;
use sentire::score::{self, Options};
use sentire::table::{Table, Writer};

use crate::cli::Score;
use crate::cmd::export::Target;
use crate::cmd::extract::{closing, load_manifest, watched};
use crate::cmd::{Console, Outcome, count, load_predictor};

pub fn run(args: &Score, console: &Console) -> Result<Outcome> {
    let segmentation = args.cut.segmentation()?;
    let limits = args.limits.limits()?;
    let mut predictor = load_predictor(args.model.as_deref(), console)?
        .with_limits(limits)
        .with_pauses(args.pauses);
    let rows_of_windows = segmentation.is_some();
    if let Some(segmentation) = segmentation {
        predictor = predictor.with_segmentation(segmentation);
    }
    if let Some(channel) = args.channel {
        predictor = predictor.with_channel(channel);
    }
    if args.accept_truncated {
        predictor = predictor.accepting_truncated();
    }
    let options = Options {
        rows_of_windows,
        speaker_column: args.speaker_column.clone(),
        batch: is_batch(args, &predictor)?,
        scored_at: score::now(),
    };
    // Such a table is written as it comes, and holds all that another run needs of it.
    let is_whole = !args.long
        && args.partition_by.is_none()
        && args.output.extension().is_some_and(|e| e == "parquet");
    let by = args.partition_by.as_deref();
    let made_with = score::made_with(&predictor, &options);
    let earlier = console.earlier(args.fresh);
    let mut job = match is_whole {
        true => Job::begin(&args.output, &made_with, earlier)?,
        false => Job::take_up(&args.output, &made_with, earlier)?,
    };
    // What stands there beside unfinished work is not finished either.
    let force = console.force || job.goes_on();
    let target = (!is_whole).then(|| Target::new(&args.output, by, args.storage.encoding, force));
    let target = target.transpose()?;
    let was_there = job.uses_output();
    let manifest = load_manifest(&args.input, &args.output, console)?;
    let manifest = predictor.settings().lines_of(manifest);

    let mut written = match &target {
        None => {
            let like = score::empty(&manifest, &predictor, &options)?;
            let writer =
                Writer::create_in(job.folder(), &args.output, &like, args.storage.encoding)?;
            Written::AsItComes(Box::new(writer))
        }
        Some(target) => Written::AtTheEnd(target, Table::default()),
    };
    let (summary, failures) = watched(&manifest, console, |on_event| {
        let mut write = |rows: &Table| written.write(rows);
        score::run(
            &manifest, &predictor, &options, &mut job, &mut write, on_event,
        )
    })?;
    let failures_path = extract::failures_path(&args.output);
    if by.is_some() && summary.rows == 0 {
        // Made for this run, if it is empty.
        let _ = std::fs::remove_dir(&args.output);
    }
    if summary.rows > 0 || !args.output.exists() {
        failures.write(job.folder(), &failures_path, false, args.storage.encoding)?;
    }
    match summary.rows {
        0 => drop(written),
        _ => written.finish(args.long)?,
    }
    job.finish()?;
    let summary = summary.unless_empty(&args.output)?;
    if let (1.., Rate::Hz(rate)) = (summary.narrow, predictor.settings().rate) {
        let recordings = format!("{} of {}", summary.narrow, count(summary.done, "recording"));
        console.warn(&audio::are_narrow(&recordings, rate));
    }
    let rows = count(summary.rows, "row");
    let to_do = was_there.then_some("score");
    console.note(&closing(
        &summary,
        &args.output,
        &failures_path,
        to_do,
        &rows,
    ));
    Ok(Outcome::after(summary.failed))
}

/// Whether the recordings are scaled together. The built-in model answers one by one unless it is asked otherwise: what it says of a
/// recording does not hang on what lies beside it.
fn is_batch(args: &Score, predictor: &Predictor) -> Result<bool> {
    match args.normalize {
        None => Ok(args.model.is_some() && predictor.is_for_batches()),
        Some(Normalize::Train) => Ok(false),
        Some(Normalize::Batch) if predictor.is_for_batches() => Ok(true),
        Some(Normalize::Batch) => Err(Error::Usage(
            "--normalize batch: the model was not trained for it; train one with `sentire train --normalize batch`".into(),
        )),
        Some(Normalize::Speaker) => Err(Error::Usage(
            "--normalize speaker: expected train or batch; a model that was trained with it takes --speaker-column".into(),
        )),
    }
}

/// The predictions on their way to the output.
enum Written<'a> {
    AsItComes(Box<Writer>),
    AtTheEnd(&'a Target<'a>, Table),
}

impl Written<'_> {
    fn write(&mut self, rows: &Table) -> Result<()> {
        match self {
            Written::AsItComes(writer) => writer.write(rows),
            Written::AtTheEnd(_, table) => table.append(rows),
        }
    }

    fn finish(self, long: bool) -> Result<()> {
        match self {
            Written::AsItComes(writer) => writer.finish(),
            Written::AtTheEnd(target, table) if long => target.write(&super::stacked(&table)?),
            Written::AtTheEnd(target, table) => target.write(&table),
        }
    }
}
