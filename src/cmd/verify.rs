//! `sentire verify`: checks whether a table still agrees with its recordings.

use sentire::error::Result;
use sentire::output;
use sentire::verify::{self, Finding, Kind, Verification};

use crate::cli::Verify;
use crate::cmd::{Console, Outcome, count, to_json};

pub fn run(args: &Verify, console: &Console) -> Result<Outcome> {
    // Manifest, recordings and table stand together, as a rule.
    let beside = output::folder_of(&args.table);
    let root = args.root.as_deref().unwrap_or(beside);
    let verification = verify::verify(&args.table, root, args.rows as usize, args.seed)?;
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
