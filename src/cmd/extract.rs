//! `sentire extract`: from recordings to features.

use std::io::{BufWriter, ErrorKind};
use std::path::{Path, PathBuf};

use sentire::catalogue::FeatureSet;
use sentire::corpus::{self, Manifest, Shard, Utterance, shard};
use sentire::error::{Error, Result};
use sentire::extract::{self, Event, Extraction, Level, Settings, Summary};
use sentire::job::Job;
use sentire::output;
use sentire::table;

use crate::cli::Extract;
use crate::cmd::{Console, Outcome, count};

pub fn run(args: &Extract, console: &Console) -> Result<Outcome> {
    let sets = match (args.level, FeatureSet::parse_list(&args.features)?) {
        // The other sets of the default are made of its contours.
        (Level::Lld, sets) if sets == FeatureSet::DEFAULT => vec![FeatureSet::RICH],
        (_, sets) => sets,
    };
    for (spelled, ours) in [("GeMAPS", "GeMAPSv01b"), ("eGeMAPS", "eGeMAPSv02")] {
        if args.features.split(',').any(|name| name.trim() == spelled) {
            console.note(&format!(
                "{spelled} without a version is {spelled}v01a in opensmile-python, and {ours} here; for the other ask for {spelled}v01a"
            ));
        }
    }
    let settings = Settings {
        sets,
        level: args.level,
        rate: args.rate,
        channel: args.channel,
        accept_truncated: args.accept_truncated,
        trim: args.trim,
        gain: args.gain,
        segmentation: args.cut.segmentation()?.unwrap_or_default(),
        pauses: args.pauses,
        copies: args.augment.clone(),
        turns_beyond_s: None,
        limits: args.limits.limits()?,
    };
    settings.check()?;
    let shard = shard(args, console)?;
    if args.arrow_stdout {
        let manifest = settings.lines_of(load(args, Path::new("-"), console)?);
        note_computed_anew(&manifest, &settings, console);
        let extraction = Extraction {
            manifest: &manifest,
            settings: &settings,
            shard,
            encoding: args.storage.encoding,
        };
        return stream(&extraction, console);
    }
    let (output, failures) = places(&args.output, shard)?;
    let earlier = console.earlier(args.fresh);
    let job = Job::begin(&output, &settings.made_with(), earlier)?;
    let was_there = job.uses_output();
    let manifest = settings.lines_of(load(args, &output, console)?);
    note_computed_anew(&manifest, &settings, console);
    let extraction = Extraction {
        manifest: &manifest,
        settings: &settings,
        shard,
        encoding: args.storage.encoding,
    };
    let summary = watched(&manifest, console, |on_event| {
        extract::run(&extraction, job, &failures, on_event)
    })?;
    let summary = match shard {
        None => summary.unless_empty(&output)?,
        Some(_) => summary,
    };
    let made = format!(
        "{} of {}",
        count(summary.rows, "row"),
        count(summary.features, "feature")
    );
    let to_do = was_there.then_some("compute");
    let closing = closing(&summary, &output, &failures, to_do, &made);
    let next = match settings.level {
        Level::Functionals => "evaluate",
        Level::Lld | Level::Deltas => "describe",
    };
    console.note(&format!(
        "{closing}; next: sentire {next} {}",
        args.output.display()
    ));
    Ok(Outcome::after(summary.failed))
}

/// The share of the manifest that is asked for, or that the job this process belongs to has for it. A manifest from
/// standard input has been divided already.
fn shard(args: &Extract, console: &Console) -> Result<Option<Shard>> {
    if args.stdin_manifest && args.shard.is_none() {
        return Ok(None);
    }
    let variable = |name: &str| std::env::var(name).ok();
    let Some((shard, source)) = shard::resolve(args.shard, variable)? else {
        return Ok(None);
    };
    if let Some(source) = source {
        console.note(&format!(
            "note: shard {shard}, as {source} says (all: --shard 1/1)"
        ));
    }
    Ok(Some(shard))
}

/// Where rows and failures go. Refuses a file where the folder of shards is to be, and one with the shards of
/// another division.
fn places(output: &Path, shard: Option<Shard>) -> Result<(PathBuf, PathBuf)> {
    let Some(shard) = shard else {
        return Ok((output.to_path_buf(), extract::failures_path(output)));
    };
    // `.` and `..` have no name to put something behind.
    let folder = match output.file_name() {
        Some(_) => output.to_path_buf(),
        None => output.canonicalize().map_err(Error::io(output))?,
    };
    let shown = folder.display();
    if folder.is_file() {
        return Err(Error::Usage(format!(
            "{shown}: is a file; with --shard expected the name of a folder (-o)"
        )));
    }
    for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if table::part(&path).is_some_and(|(_, count)| count != shard.count()) {
            let name = entry.file_name();
            return Err(Error::Usage(format!(
                "{shown}: holds {}, of another division than {shard}; choose another -o, or give --shard i/n as before",
                name.display()
            )));
        }
    }
    let name = table::part_name(shard.number(), shard.count());
    let failures = extract::failures_folder(&folder).join(&name);
    Ok((folder.join(name), failures))
}

/// Writes the rows to standard output as they come.
fn stream(extraction: &Extraction, console: &Console) -> Result<Outcome> {
    let stdout = BufWriter::new(std::io::stdout().lock());
    let streamed = watched(extraction.manifest, console, |on_event| {
        extract::stream(extraction, stdout, on_event)
    });
    let summary = match streamed {
        // Whoever read it has enough.
        Err(Error::Io { source, .. }) if source.kind() == ErrorKind::BrokenPipe => {
            return Ok(Outcome::Done);
        }
        streamed => streamed?,
    };
    Ok(Outcome::after(summary.failed))
}

/// The manifest, from where the arguments say.
fn load(args: &Extract, output: &Path, console: &Console) -> Result<Manifest> {
    match &args.input {
        Some(input) => load_manifest(input, output, console),
        None => {
            let manifest = Manifest::from_reader(std::io::stdin().lock())?;
            note_findings(&manifest.findings, console);
            Ok(manifest)
        }
    }
}

/// Says which columns of the manifest are left out.
fn note_computed_anew(manifest: &Manifest, settings: &Settings, console: &Console) {
    let anew = extract::computed_anew(manifest, settings);
    let Some(first) = anew.first() else {
        return;
    };
    let (have, are) = match anew.len() {
        1 => ("has the name of a feature and is", "that is computed: "),
        _ => (
            "have the names of features and are",
            "these are computed, first: ",
        ),
    };
    let columns = count(anew.len(), "column");
    console.note(&format!(
        "note: {columns} of the manifest {have} left out, as {are}{first}"
    ));
}

/// What a person should know of a manifest or a folder.
pub fn note_findings(findings: &[String], console: &Console) {
    for finding in findings {
        console.note(&format!("note: {finding}"));
    }
}

/// What a run over a manifest made, kept and could not use; `made` stands for the new. `to_do` is the verb of a run
/// that found nothing new, if its output was there before.
pub fn closing(
    summary: &Summary,
    output: &Path,
    failures: &Path,
    to_do: Option<&str>,
    made: &str,
) -> String {
    let recordings = count(summary.recordings, "recording");
    let shown = output.display();
    let kept = match summary.reused {
        0 => String::new(),
        reused => format!(" ({reused} kept from before)"),
    };
    let done = match to_do {
        Some(to_do) if summary.reused == summary.done => {
            format!("{recordings} unchanged, nothing to {to_do}: {shown}")
        }
        _ => format!("{recordings}{kept}, {made} -> {shown}"),
    };
    match summary.failed {
        0 => done,
        failed => format!("{done}; {failed} failed -> {}", failures.display()),
    }
}

/// Reads a manifest, or looks through a folder. Refuses an `output` that is the manifest or one of its
/// recordings.
pub fn load_manifest(input: &Path, output: &Path, console: &Console) -> Result<Manifest> {
    output::check_apart(output, &[input])?;
    let found = corpus::open(input)?;
    note_findings(&found.findings, console);
    let manifest = found.manifest;
    // A file that is not there yet is none of them.
    let is_output = |u: &&Utterance| output.exists() && manifest.path(u) == output;
    match manifest.utterances.iter().find(is_output) {
        Some(same) => Err(Error::Usage(format!(
            "{}: is one of the recordings; choose another -o",
            same.file
        ))),
        None => Ok(manifest),
    }
}

type OnEvent<'a> = dyn Fn(Event) + Sync + 'a;

/// Runs over a manifest with a progress bar and a line for each failure and warning.
pub fn watched<T>(
    manifest: &Manifest,
    console: &Console,
    run: impl FnOnce(&OnEvent) -> Result<T>,
) -> Result<T> {
    let bar = console.progress(manifest.utterances.len());
    let done = run(&|event: Event| match event {
        Event::Done => bar.inc(1),
        Event::Failed(error) => bar.suspend(|| console.failed(error)),
        Event::Warning(warning) => bar.suspend(|| console.warn(warning)),
    })?;
    bar.finish_and_clear();
    Ok(done)
}
