//! `sentire corpus`: from a folder, or somebody's manifest, to a manifest in our form or a list of what is wrong with it.

use std::path::Path;

use sentire::corpus;
use sentire::corpus::check::{Severity, check};
use sentire::corpus::scan::{Scan, counts, relative_to, scan};
use sentire::error::Result;
use sentire::output;

use crate::cli::{Corpus, LayoutChoice};
use crate::cmd::extract::note_findings;
use crate::cmd::{Console, Outcome, count, to_json};

pub fn run(args: &Corpus, console: &Console) -> Result<Outcome> {
    if let Some(path) = &args.output {
        output::check(path, console.force)?;
    }
    let layout = match args.layout {
        LayoutChoice::Auto => None,
        LayoutChoice::Named(layout) => Some(layout),
    };
    let found = match args.dir.is_file() {
        true => corpus::open(&args.dir)?,
        false => scan(&args.dir, layout)?,
    };
    note_findings(&found.findings, console);
    let summary = match args.check {
        true => Some(print_check(&found, args.json, console)?),
        false => None,
    };
    let folder = args
        .output
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new(""));
    let manifest = relative_to(found.manifest, folder)?;
    match &args.output {
        Some(path) => output::write(path, &manifest.to_csv())?,
        None if args.check => {}
        None => console.print(&String::from_utf8_lossy(&manifest.to_csv()))?,
    }
    let (speakers, emotions) = counts(&manifest);
    let summary = summary.unwrap_or_else(|| {
        format!(
            "{}, {}, {}",
            count(manifest.utterances.len(), "recording"),
            count(speakers, "speaker"),
            count(emotions, "emotion")
        )
    });
    match &args.output {
        Some(path) => console.note(&format!(
            "{summary} -> {0}; next: sentire extract {0}",
            path.display()
        )),
        None if args.check => console.note(&format!(
            "{summary}; next: sentire corpus {} -o manifest.csv",
            args.dir.display()
        )),
        None => console.note(&summary),
    }
    Ok(Outcome::Done)
}

/// Examines the corpus and prints what is found; returns the closing line.
fn print_check(found: &Scan, json: bool, console: &Console) -> Result<String> {
    let bar = console.progress(found.manifest.utterances.len());
    let check = check(found, &|| bar.inc(1));
    bar.finish_and_clear();
    console.print(&if json {
        to_json(&check)
    } else {
        check.to_text()
    })?;
    Ok(format!(
        "{} checked: {}, {}, {}",
        count(check.recordings, "recording"),
        count(check.count(Severity::Error), "error"),
        count(check.count(Severity::Warning), "warning"),
        count(check.count(Severity::Note), "note")
    ))
}
