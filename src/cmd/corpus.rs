//! `sentire corpus`: a folder to a manifest.

use std::path::Path;

use sentire::corpus::scan::{counts, relative_to, scan};
use sentire::error::Result;
use sentire::output;

use crate::cli::{Corpus, LayoutChoice};
use crate::cmd::{Console, Outcome, count};

pub fn run(args: &Corpus, console: &Console) -> Result<Outcome> {
    if let Some(path) = &args.output {
        output::check(path, console.force)?;
    }
    let layout = match args.layout {
        LayoutChoice::Auto => None,
        LayoutChoice::Named(layout) => Some(layout),
    };
    let found = scan(&args.dir, layout)?;
    for finding in &found.findings {
        console.note(&format!("note: {finding}"));
    }
    let folder = args
        .output
        .as_deref()
        .and_then(Path::parent)
        .unwrap_or(Path::new(""));
    let manifest = relative_to(found.manifest, folder)?;
    let csv = manifest.to_csv();
    match &args.output {
        Some(path) => output::write(path, &csv)?,
        None => console.print(&String::from_utf8_lossy(&csv))?,
    }
    let (speakers, emotions) = counts(&manifest);
    let summary = format!(
        "{}, {}, {}",
        count(manifest.utterances.len(), "recording"),
        count(speakers, "speaker"),
        count(emotions, "emotion")
    );
    match &args.output {
        Some(path) => console.note(&format!(
            "{summary} -> {0}; next: sentire extract {0}",
            path.display()
        )),
        None => console.note(&summary),
    }
    Ok(Outcome::Done)
}
