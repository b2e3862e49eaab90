//! `sentire verify`: whether a table still says what the recordings say.

use std::path::{Path, PathBuf};

use sentire::error::Result;
use sentire::verify::{self, Finding, Kind, Verification};

use crate::cli::Verify;
use crate::cmd::{Console, Outcome, count, to_json};

pub fn run(args: &Verify, console: &Console) -> Result<Outcome> {
    let root = args.root.clone().unwrap_or_else(|| folder_of(&args.table));
    let verification = verify::verify(&args.table, &root, args.rows as usize, args.seed)?;
    let text = match args.json {
        true => to_json(&verification),
        false => text(&verification),
    };
    console.print(&text)?;
    let are_missing = |finding: &Finding| finding.kind == Kind::Missing;
    if verification.findings.len() == verification.checked
        && verification.findings.iter().all(are_missing)
    {
        console.note(&format!(
            "note: no recording was found from {} on; name the manifest's folder with --root",
            root.display()
        ));
    }
    Ok(Outcome::after(verification.findings.len()))
}

/// Manifest, recordings and table stand together, as a rule.
fn folder_of(table: &Path) -> PathBuf {
    let folder = table
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new(".")).to_path_buf()
}

fn text(verification: &Verification) -> String {
    let Verification {
        rows,
        checked,
        identical,
        close,
        findings,
    } = verification;
    let mut text = String::new();
    for finding in findings {
        let place = format!("{:.3} to {:.3} s", finding.start, finding.end);
        text += &format!("{} ({place}): {}\n", finding.file, finding.reason);
    }
    let rounded = match close {
        0 => String::new(),
        close => format!(", {close} but for rounding"),
    };
    let verdict = match findings.len() {
        0 => "the table holds".to_string(),
        n => format!(
            "{} not hold",
            if n == 1 {
                "1 does".into()
            } else {
                format!("{n} do")
            }
        ),
    };
    text += &format!(
        "{checked} of {} computed again: {identical} identical{rounded}; {verdict}\n",
        count(*rows, "row")
    );
    text
}
