//! `sentire extract`: recordings to features.

use std::path::Path;

use sentire::audio::Window;
use sentire::corpus::{self, Manifest};
use sentire::error::{Error, Result};
use sentire::extract::{self, Event, Level, Settings, Summary};
use sentire::features::FeatureSet;
use sentire::output;
use sentire::table::Table;

use crate::cli::Extract;
use crate::cmd::{Console, Outcome, count};

pub fn run(args: &Extract, console: &Console) -> Result<Outcome> {
    let sets = match (args.level, FeatureSet::parse_list(&args.features)?) {
        // The other sets of the default are made of its contours.
        (Level::Lld, sets) if sets == FeatureSet::DEFAULT => vec![FeatureSet::Rich],
        (_, sets) => sets,
    };
    let settings = Settings {
        sets,
        level: args.level,
        rate: args.rate,
        channel: args.channel,
        accept_truncated: args.accept_truncated,
        trim: args.trim,
        gain: args.gain,
        window: Window::from_flags(args.window, args.hop)?,
    };
    if settings.level == Level::Lld && settings.sets.len() > 1 {
        return Err(Error::Usage(
            "--level lld writes one feature set to a file; name one with --features".into(),
        ));
    }
    if settings.level == Level::Lld && settings.window.is_some() {
        return Err(Error::Usage(
            "--level lld writes a row per frame, --window a row per window; choose one".into(),
        ));
    }
    let previous = match console.force {
        true => output::check(&args.output, true).map(|()| None)?,
        false => extract::previous(&args.output, &settings.to_metadata())?,
    };
    let manifest = load_manifest(&args.input, &args.output, console)?;
    let previous = previous.filter(|_| !args.fresh);
    let summary = extract_with_progress(
        &manifest,
        &settings,
        &args.output,
        previous.as_ref(),
        console,
    )?;
    let made = format!(
        "{} of {}",
        count(summary.rows, "row"),
        count(summary.features, "feature")
    );
    let closing = closing(&summary, &args.output, "compute", &made);
    let next = match settings.level {
        Level::Functionals => "evaluate",
        Level::Lld => "describe",
    };
    console.note(&format!(
        "{closing}; next: sentire {next} {}",
        args.output.display()
    ));
    Ok(Outcome::after(summary.failed))
}

/// What a run over a manifest made, kept and could not use; `made` stands for the new, `to_do` is the verb of
/// a run that found nothing new.
pub fn closing(summary: &Summary, output: &Path, to_do: &str, made: &str) -> String {
    let recordings = count(summary.recordings, "recording");
    let shown = output.display();
    let kept = match summary.reused {
        0 => String::new(),
        reused => format!(" ({reused} kept from before)"),
    };
    let done = match summary.reused == summary.done {
        true => format!("{recordings} unchanged, nothing to {to_do}: {shown}"),
        false => format!("{recordings}{kept}, {made} -> {shown}"),
    };
    match summary.failed {
        0 => done,
        failed => format!(
            "{done}; {failed} failed -> {}",
            extract::failures_path(output).display()
        ),
    }
}

/// Reads a manifest, or looks through a folder. Refuses an `output` that is the manifest or one of its
/// recordings.
pub fn load_manifest(input: &Path, output: &Path, console: &Console) -> Result<Manifest> {
    output::check_apart(output, &[input])?;
    let found = corpus::open(input)?;
    for finding in &found.findings {
        console.note(&format!("note: {finding}"));
    }
    let manifest = found.manifest;
    match manifest
        .utterances
        .iter()
        .find(|u| manifest.path(u) == output)
    {
        Some(same) => Err(Error::Usage(format!(
            "{}: is one of the recordings; choose another -o",
            same.file
        ))),
        None => Ok(manifest),
    }
}

/// Runs the extraction with a progress bar and a line for each failure. That nothing could be
/// extracted is an error.
pub fn extract_with_progress(
    manifest: &Manifest,
    settings: &Settings,
    output: &Path,
    previous: Option<&Table>,
    console: &Console,
) -> Result<Summary> {
    let run = |on_event: &OnEvent| extract::run(manifest, settings, output, previous, on_event);
    watched(manifest, console, run)?.unless_empty(output)
}

type OnEvent<'a> = dyn Fn(Event) + Sync + 'a;

/// Runs over a manifest with a progress bar and a line for each failure.
pub fn watched<T>(
    manifest: &Manifest,
    console: &Console,
    run: impl FnOnce(&OnEvent) -> Result<T>,
) -> Result<T> {
    let bar = console.progress(manifest.utterances.len());
    let done = run(&|event: Event| match event {
        Event::Done => bar.inc(1),
        Event::Failed(error) => bar.suspend(|| console.failed(error)),
    })?;
    bar.finish_and_clear();
    Ok(done)
}
