//! From the lines of a manifest to utterances.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::corpus::emotion::class_of;
use crate::corpus::manifest::cells::{Record, Sheet};
use crate::corpus::manifest::columns::{self, Columns, Meaning};
use crate::corpus::manifest::{Manifest, Utterance, encoding, time};
use crate::corpus::spelling::{composed, folded, is_missing};

/// How many lines have fewer cells than the header, and which is the first. Excel leaves out the last cells where they
/// are empty in sixteen lines together.
struct Short {
    lines: usize,
    first: usize,
}

/// The manifest that `bytes` are, from no folder yet.
pub fn parse(bytes: &[u8]) -> Result<Manifest, String> {
    let (text, note) = encoding::decode(bytes)?;
    let is_file = |name: &str| folded(name) == "file";
    let unwrapped;
    let mut sheet = Sheet::of(&text, is_file)?;
    if let Some(text) = sheet.unwrapped()? {
        unwrapped = text;
        sheet = Sheet::of(&unwrapped, is_file)?;
    }
    let columns = Columns::of(&sheet.header)?;
    let mut findings: Vec<String> = note.into_iter().collect();
    findings.extend(columns.look_alikes());

    let mut utterances = Vec::new();
    let mut short = Short {
        lines: 0,
        first: usize::MAX,
    };
    let mut has_row_names = None;
    // Numbers of columns that have no name, but words.
    let mut nameless = BTreeSet::new();
    let mut rows = sheet.rows();
    while let Some(mut row) = rows.next()? {
        let line = row.line;
        if row.cells.len() > sheet.header.len() {
            let has_row_names = match has_row_names {
                Some(known) => known,
                None => *has_row_names.insert(sheet.has_row_names()?),
            };
            if has_row_names {
                row.cells.remove(0);
            } else if row.len() > sheet.header.len() {
                return Err(too_many(&row, &sheet));
            }
        }
        if row.cells.len() < columns.named() {
            short.lines += 1;
            short.first = short.first.min(line);
        }
        let cells = row.cells.iter().zip(&columns.meanings).enumerate();
        // The first may be the numbers of rows, which pandas and R write without a name.
        let is_told = |(i, (cell, meaning)): &(usize, (&String, &Meaning))| {
            *i > 0 && **meaning == Meaning::Nothing && !is_missing(cell)
        };
        nameless.extend(cells.filter(is_told).map(|(i, _)| i + 1));
        let utterance = utterance(&columns, &row);
        utterances.push(utterance.map_err(|reason| format!("line {line}: {reason}"))?);
    }
    if short.lines > 0 {
        let (lines, have) = match short.lines {
            1 => ("1 line".to_string(), "has"),
            n => (format!("{n} lines"), "have"),
        };
        findings.push(format!(
            "{lines} {have} fewer cells than the header, first: line {}; what is not there is taken as missing",
            short.first
        ));
    }
    if let Some(number) = nameless.first() {
        findings.push(format!(
            "column {number} has no name and is left out; give it one in the header to keep it"
        ));
    }
    let mut columns = columns.extra();
    columns::settle_labels(&mut utterances, &columns);
    findings.extend(columns::settle_sex(&mut utterances, &mut columns));
    Ok(Manifest {
        root: PathBuf::new(),
        utterances,
        columns,
        findings,
    })
}

fn too_many(row: &Record, sheet: &Sheet) -> String {
    let delimiter = match sheet.delimiter {
        Some('\t') => "a tab".to_string(),
        Some(other) => format!("{other:?}"),
        None => "the delimiter".to_string(),
    };
    format!(
        "line {}: has {} cells, the header {}; a cell that holds {delimiter} must stand in quotation marks",
        row.line,
        row.len(),
        sheet.header.len()
    )
}

/// What other programs say of recordings themselves.
fn is_no_copy(value: &str) -> bool {
    ["0", "false", "no", "original"]
        .iter()
        .any(|word| word.eq_ignore_ascii_case(value))
}

fn utterance(columns: &Columns, row: &Record) -> Result<Utterance, String> {
    let mut utterance = Utterance::default();
    let mut file = "";
    for (meaning, cell) in columns.meanings.iter().zip(&row.cells) {
        let value = cell.trim();
        let wrong = |name: &str, is_no: &str, expected: &str| {
            let shown: String = value.chars().take(60).collect();
            format!("column `{name}`: {shown:?} is no {is_no}; expected {expected}")
        };
        let seconds = |name: &str| {
            let expected = "seconds such as 1.25, a clock such as 0:00:01.25, or nothing";
            time::seconds(value).ok_or_else(|| wrong(name, "time", expected))
        };
        match meaning {
            Meaning::File => file = columns.file_name(cell),
            Meaning::Start => utterance.start = seconds("start")?,
            Meaning::End => utterance.end = seconds("end")?,
            Meaning::Channel => {
                let expected = "0, 1, ..., left, right, or nothing; rename the column if it says something else";
                utterance.channel =
                    columns::channel(value).ok_or_else(|| wrong("channel", "channel", expected))?;
            }
            Meaning::Augment if is_missing(value) || is_no_copy(value) => {}
            Meaning::Augment => {
                let expected = "telephone, opus, noise, noise:DB, reverb, gain, speed, or nothing; rename the column if it says something else";
                let augment = value
                    .parse()
                    .map_err(|_| wrong("augment", "copy", expected))?;
                utterance.augment = Some(augment);
            }
            Meaning::Nothing => {}
            Meaning::Field(_) | Meaning::Extra(_) if is_missing(value) => {}
            Meaning::Field(name) => {
                let field = utterance.field_mut(name).expect("it is one of the fields");
                *field = Some(composed(value).into_owned());
            }
            Meaning::Extra(name) => {
                utterance
                    .extra
                    .insert(name.clone(), composed(value).into_owned());
            }
        }
    }
    if is_missing(file) {
        return Err(match file.trim() {
            "" => "column `file` is empty; expected the name of a recording".into(),
            word => format!("column `file` says {word:?}; expected the name of a recording"),
        });
    }
    utterance.file = file.to_string();
    if let (start, Some(end)) = (utterance.start.unwrap_or(0.0), utterance.end)
        && end <= start
    {
        return Err(format!("ends at {end} s, but starts at {start} s"));
    }
    // With both, somebody has chosen the classes.
    match (utterance.emotion.take(), &utterance.label_original) {
        (Some(label), None) => {
            utterance.emotion = Some(class_of(&label));
            utterance.label_original = Some(label);
        }
        (Some(class), Some(_)) => utterance.emotion = Some(folded(&class)),
        (None, _) => {}
    }
    Ok(utterance)
}
