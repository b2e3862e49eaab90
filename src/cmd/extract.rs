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
    let output = args.output.display();
    let unchanged = summary.reused == summary.done;
    let mut closing = if unchanged {
        format!(
            "{} unchanged, nothing to compute: {output}",
            count(summary.recordings, "recording")
        )
    } else {
        let reused = if summary.reused > 0 {
            format!(" ({} kept from before)", summary.reused)
        } else {
            String::new()
        };
        format!(
            "{}{reused}, {} of {} -> {output}",
            count(summary.recordings, "recording"),
            count(summary.rows, "row"),
            count(summary.features, "feature")
        )
    };
    if summary.failed > 0 {
        closing += &format!(
            "; {} failed -> {}",
            summary.failed,
            extract::failures_path(&args.output).display()
        );
    }
    let next = match settings.level {
        Level::Functionals => "evaluate",
        Level::Lld => "describe",
    };
    console.note(&format!("{closing}; next: sentire {next} {output}"));
    Ok(if summary.failed > 0 {
        Outcome::Partly
    } else {
        Outcome::Done
    })
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
    let bar = console.progress(manifest.utterances.len());
    let on_event = |event: Event| match event {
        Event::Done => bar.inc(1),
        Event::Failed(error) => bar.suspend(|| console.failed(error)),
    };
    let summary = extract::run(manifest, settings, output, previous, &on_event)?;
    bar.finish_and_clear();
    summary.unless_empty(output)
}
