//! Whether a table of features still says what the recordings say: some of its rows, computed again.

use std::collections::BTreeMap;
use std::path::Path;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::audio::{Recording, Segmentation};
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, Stage};
use crate::extract::{self, Level, Limits, Settings, Timed};
use crate::features::Extractor;
use crate::table::part::Parts;
use crate::table::schema::{
    AUDIO_HASH, CLIPPED, DURATION, END, FILE, INDEX, OF_WINDOWS, SNR, SPEECH, START,
};
use crate::table::{Column, Part, RowReader, Table};

/// Values that differ by no more than this share of the larger one hold: processors round differently.
pub const TOLERANCE: f64 = 1e-4;

/// Columns that say how well it was recorded, and are compared as features are.
const QUALITY: [&str; 4] = [DURATION, CLIPPED, SPEECH, SNR];

/// What became of the rows that were computed again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// Rows of the table.
    pub rows: usize,
    /// Those that were computed again.
    pub checked: usize,
    /// Those of them whose every number came out to the last bit.
    pub identical: usize,
    /// Those that differ by rounding at most.
    pub close: usize,
    /// The others.
    pub findings: Vec<Finding>,
}

/// A row that does not hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The recording, as the table names it.
    pub file: String,
    /// Which of its channels, where the table tells them apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<usize>,
    /// Where the row begins, in seconds.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// What is wrong.
    pub kind: Kind,
    /// The same in words.
    pub reason: String,
}

/// What is wrong with a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The recording cannot be read.
    Missing,
    /// The recording holds another sound.
    Changed,
    /// The sound is the same, the numbers are not.
    Differs,
}

/// Computes `rows` rows of the table at `path` again, chosen by `seed`, and compares. Relative names of recordings
/// start at `root`.
///
/// # Errors
/// Where `path` is no table of features, or one of another features version.
pub fn verify(path: &Path, root: &Path, rows: usize, seed: u64) -> Result<Verification> {
    let index = Table::read_columns(path, &INDEX)?;
    let no_features = |error| match error {
        Error::Data(reason) => Error::Table {
            path: path.to_path_buf(),
            reason,
        },
        other => other,
    };
    let settings = Settings {
        // What was computed once can be computed again.
        limits: Limits::NONE,
        ..Settings::from_metadata(&index.metadata).map_err(no_features)?
    };
    let parts = Rows::of(&index, &settings).map_err(no_features)?;
    let n = index.rows();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut all: Vec<usize> = (0..n).collect();
    let (chosen, _) = all.partial_shuffle(&mut random, rows);
    chosen.sort_unstable();

    // Rows of one part of a recording are computed together.
    let mut of_parts: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &row in chosen.iter() {
        of_parts.entry(parts.first_row(row)).or_default().push(row);
    }
    let utterances = of_parts.keys().map(|&row| parts.utterance(row));
    let manifest = Manifest {
        root: root.to_path_buf(),
        utterances: utterances.collect::<Result<_>>()?,
        ..Manifest::default()
    };
    let mut verification = Verification {
        rows: n,
        checked: chosen.len(),
        identical: 0,
        close: 0,
        findings: Vec::new(),
    };
    let mut names: Vec<String> = match settings.level {
        Level::Functionals => [&[AUDIO_HASH], &QUALITY[..]].concat(),
        Level::Lld | Level::Deltas => vec![START],
    }
    .into_iter()
    .map(str::to_string)
    .collect();
    names.extend(settings.feature_names());
    let mut table = RowReader::open(path, &names)?;
    let of_parts: Vec<(usize, Vec<usize>)> = of_parts.into_iter().collect();
    for (utterances, of_parts) in manifest
        .utterances
        .chunks(BATCH)
        .zip(of_parts.chunks(BATCH))
    {
        let lines: Vec<Line> = utterances.iter().zip(of_parts).collect();
        let again = |extractor: &mut Extractor, line: &Line| {
            let (utterance, (first, rows)) = line;
            let which: Vec<usize> = rows.iter().map(|row| row - first).collect();
            extract::compute_some(extractor, &manifest, utterance, &settings, &which)
        };
        let computed = extract::in_parallel(&lines, &settings.sets, again);
        for (((first, rows), utterance), computed) in of_parts.iter().zip(utterances).zip(computed)
        {
            let origin = utterance.start.unwrap_or(0.0);
            let then = table.read(rows)?;
            for (place, &row) in rows.iter().enumerate() {
                let verdict = match &computed {
                    Err(error) => Err((kind_of(error), reason_of(error))),
                    Ok((computed, n)) => match computed.rows.get(place) {
                        Some(now) => compare(&then, place, &computed.recording, origin, now),
                        None => Err((
                            Kind::Differs,
                            format!(
                                "is row {} of its recording, which gives {n} now",
                                row - first + 1
                            ),
                        )),
                    },
                };
                match verdict {
                    Ok(true) => verification.identical += 1,
                    Ok(false) => verification.close += 1,
                    Err((kind, reason)) => {
                        let Part {
                            file,
                            channel,
                            start,
                            end,
                            augment: _,
                        } = parts.own.at(row);
                        verification.findings.push(Finding {
                            file,
                            channel,
                            start,
                            end,
                            kind,
                            reason,
                        });
                    }
                }
            }
        }
    }
    Ok(verification)
}

/// A part of a recording, its first row, and those that are computed again.
type Line<'a> = (&'a Utterance, &'a (usize, Vec<usize>));

/// Parts of recordings that are computed at a time.
const BATCH: usize = 64;

/// Which part of which recording each row describes.
struct Rows<'a> {
    own: Parts<'a>,
    /// The parts that the manifest listed, if rows are shorter than these.
    listed: Option<Parts<'a>>,
    starts: &'a [f64],
    /// Rows of contours do not say of which part of a file they are: of all of it, then.
    is_whole: bool,
}

impl<'a> Rows<'a> {
    fn of(index: &'a Table, settings: &Settings) -> Result<Rows<'a>> {
        let lacks = |name: &str| {
            Error::Data(format!(
                "has no column `{name}`; expected a table written by `sentire extract`"
            ))
        };
        let seconds = |name: &str| match index.column(name) {
            Some(Column::Double(values)) => Ok(values.as_slice()),
            _ => Err(lacks(name)),
        };
        index.text(FILE).ok_or_else(|| lacks(FILE))?;
        seconds(END)?;
        let listed = match settings.segmentation {
            Segmentation::Windows(_) | Segmentation::Speech(_) => {
                let mut times = OF_WINDOWS.into_iter();
                times.try_for_each(|name| seconds(name).map(drop))?;
                Some(index.listed_parts())
            }
            Segmentation::Whole => None,
        };
        Ok(Rows {
            own: index.parts(),
            listed,
            starts: seconds(START)?,
            is_whole: settings.level.is_of_frames(),
        })
    }

    /// The first row of the part that `row` is of.
    fn first_row(&self, row: usize) -> usize {
        let is_of_same = |earlier: usize| match (&self.listed, self.is_whole) {
            (Some(listed), _) => listed.is_same(earlier, row),
            (None, true) => self.own.is_of_same_file(earlier, row),
            (None, false) => false,
        };
        let goes_on = |&earlier: &usize| {
            is_of_same(earlier) && self.starts[earlier] < self.starts[earlier + 1]
        };
        let earlier = (0..row).rev().take_while(goes_on);
        earlier.last().unwrap_or(row)
    }

    fn utterance(&self, row: usize) -> Result<Utterance> {
        let part = match &self.listed {
            Some(listed) => listed.at(row),
            None => self.own.at(row),
        };
        if part.file.is_empty() {
            return Err(Error::Data(format!("row {row} names no recording")));
        }
        let times = (!self.is_whole).then_some((part.start, part.end));
        Ok(Utterance {
            file: part.file,
            channel: part.channel,
            augment: part.augment.map(|how| how.parse()).transpose()?,
            start: times.map(|(start, _)| start),
            end: times.map(|(_, end)| end),
            ..Utterance::default()
        })
    }
}

/// A recording without the part that it had is another recording.
fn kind_of(error: &Error) -> Kind {
    match error {
        Error::Audio {
            stage: Stage::Preprocess,
            ..
        } => Kind::Changed,
        _ => Kind::Missing,
    }
}

/// What went wrong, without the name of the file.
fn reason_of(error: &Error) -> String {
    match error {
        Error::Audio { reason, .. } => reason.clone(),
        other => other.to_string(),
    }
}

/// Whether the row `place` of `then` is identical to what was computed now, or close to it; what is wrong otherwise. The
/// part of the file that is listed begins at `origin` seconds.
fn compare(
    then: &Table,
    place: usize,
    recording: &Recording,
    origin: f64,
    now: &Timed,
) -> Result<bool, (Kind, String)> {
    let differs = |reason: String| Err((Kind::Differs, reason));
    let quality = [
        recording.duration_s,
        recording.clipped_ratio,
        recording.speech_ratio_between(now.start - origin, now.end - origin),
        recording.snr_db,
    ];
    let mut quality = quality.into_iter();
    let mut values = now.values.iter().map(|&value| f64::from(value));
    let mut is_identical = true;
    let mut worst: Option<(f64, String)> = None;
    for (name, column) in &then.columns {
        let (then, now) = match column {
            Column::Text(hashes) if hashes[place].as_ref() != Some(&recording.audio_hash) => {
                return Err((
                    Kind::Changed,
                    "the recording holds another sound now".into(),
                ));
            }
            Column::Text(_) => continue,
            // Only rows of contours are found by where they begin.
            Column::Double(starts) if name == START => {
                if (starts[place] - now.start).abs() > 1e-6 {
                    return differs(
                        "is a contour of a part of the recording; which part, the table does not say".into(),
                    );
                }
                continue;
            }
            Column::Double(values) => (values[place], quality.next().unwrap_or(f64::NAN)),
            Column::Float(then) => (f64::from(then[place]), values.next().unwrap_or(f64::NAN)),
            Column::Int(_) | Column::Bool(_) | Column::Time(_) => continue,
        };
        // A table has no infinite numbers.
        let now = if now.is_finite() { now } else { f64::NAN };
        if then == now || (then.is_nan() && now.is_nan()) {
            continue;
        }
        is_identical = false;
        let share = match then.is_nan() || now.is_nan() {
            true => f64::INFINITY,
            false => (then - now).abs() / then.abs().max(now.abs()),
        };
        if share > TOLERANCE && worst.as_ref().is_none_or(|(most, _)| share > *most) {
            worst = Some((
                share,
                format!("{name} is {}, was {}", shown(now), shown(then)),
            ));
        }
    }
    match worst {
        Some((_, reason)) => differs(reason),
        None => Ok(is_identical),
    }
}

fn shown(value: f64) -> String {
    match value.is_nan() {
        true => "missing".into(),
        false => format!("{value:.6}"),
    }
}
