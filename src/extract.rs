//! Manifest to table: every recording is decoded, its features computed, in parallel, in the
//! manifest's order.
//!
//! One file's failure is a row of the failures table, never the end of the run. Memory holds one
//! batch of recordings' results and one row group, whatever the size of the corpus; and, where a
//! run is repeated, the table that it left before.

mod rows;
mod settings;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use rows::{Failures, OF_WINDOWS, QUALITY};
pub use settings::{Level, Settings};

use crate::audio::{self, Audio, Recording};
use crate::corpus::{Manifest, Utterance};
use crate::error::{Error, Result, Stage, guarded};
use crate::extract::rows::Rows;
use crate::features::{Extractor, FeatureSet};
use crate::lld::LldTable;
use crate::output;
use crate::table::{Column, Table, Writer, plain_key};

/// Recordings computed at a time, where each gives one row. Enough that threads seldom wait for the
/// slowest, few enough that results stay small.
const BATCH: usize = 512;
/// The same where each gives a row per window or per frame.
const BATCH_OF_MANY_ROWS: usize = 64;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Recordings that have rows: different files.
    pub recordings: usize,
    /// Lines of the manifest that have rows: recordings, or segments of them.
    pub done: usize,
    /// Those whose values were taken from the table that was there before.
    pub reused: usize,
    /// Lines of the manifest that failed.
    pub failed: usize,
    /// Rows of the table.
    pub rows: usize,
    /// Columns that were computed.
    pub features: usize,
}

impl Summary {
    /// The same, unless no recording could be used: that is an error, which says what became of `out`.
    pub fn unless_empty(self, out: &Path) -> Result<Summary> {
        if self.recordings > 0 {
            return Ok(self);
        }
        let reasons = match out.exists() {
            true => format!("{} is left as it was", out.display()),
            false => format!("the reasons are in {}", failures_path(out).display()),
        };
        let s = if self.failed == 1 { "" } else { "s" };
        Err(Error::Data(format!(
            "no recording could be used, {} recording{s} failed; {reasons}",
            self.failed
        )))
    }
}

/// What a run reports as it goes.
pub enum Event<'a> {
    /// A recording is done, well or not; comes from the threads as they go.
    Done,
    /// A recording failed; comes in the manifest's order.
    Failed(&'a Error),
}

/// The name of the failures table that belongs to a table: `x.parquet` has `x.failures.parquet`.
pub fn failures_path(table: &Path) -> PathBuf {
    table.with_extension("failures.parquet")
}

/// The table that an earlier run left at `out`, if there is one. Refuses what is no such table, or was made
/// with other settings than `made_with`, which stand in its metadata.
pub fn previous(out: &Path, made_with: &BTreeMap<String, String>) -> Result<Option<Table>> {
    if !out.is_file() {
        output::check(out, false)?;
        return Ok(None);
    }
    let metadata = Table::read_metadata(out).unwrap_or_default();
    for (key, now) in made_with {
        let name = plain_key(key);
        match metadata.get(key) {
            None => {
                return Err(Error::Exists {
                    path: out.to_path_buf(),
                });
            }
            Some(then) if then != now => {
                return Err(Error::Usage(format!(
                    "{} exists and was made with {name} {then}, now {name} is {now}; choose another -o, or replace it with --force",
                    out.display()
                )));
            }
            Some(_) => {}
        }
    }
    Table::read(out).map(Some)
}

/// What `sentire extract` does: [`run`] on what [`previous`] finds. That no recording could be used is an
/// error, and so is an `out` that holds something else.
pub fn update(manifest: &Manifest, settings: &Settings, out: impl AsRef<Path>) -> Result<Summary> {
    let out = out.as_ref();
    let previous = previous(out, &settings.to_metadata())?;
    run(manifest, settings, out, previous.as_ref(), &|_| {})?.unless_empty(out)
}

/// Computes the features of every recording of `manifest` and writes them to `out`, and what failed
/// beside it.
///
/// `previous` is the table that an earlier run with the same settings left: rows of recordings
/// whose sound has not changed are taken from it. Neither it nor the number of threads changes a
/// byte of the result. Runs on the current Rayon pool. Where every recording fails, only the
/// failures table is written, and not even that beside a table that was there before.
pub fn run(
    manifest: &Manifest,
    settings: &Settings,
    out: &Path,
    previous: Option<&Table>,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Summary> {
    let mut metadata = settings.table_metadata();
    metadata.insert("sentire.manifest".into(), manifest.hash());
    let (features, views) = (settings.feature_names(), settings.views());

    let known = Known::of(previous, &features);
    let extra = rows::own_columns(manifest, &features, &views)?;
    let mut rows = Rows::new(settings, &extra, &features);
    let mut failures = Failures::default();
    let mut done_files = HashSet::new();
    let mut summary = Summary {
        done: 0,
        recordings: 0,
        reused: 0,
        failed: 0,
        rows: 0,
        features: features.len(),
    };
    let mut writer = Writer::create(
        out,
        &Table {
            metadata,
            ..rows.take()
        },
    )?;
    let one_row = settings.level == Level::Functionals && settings.window.is_none();
    let batch_size = if one_row { BATCH } else { BATCH_OF_MANY_ROWS };
    for batch in manifest.utterances.chunks(batch_size) {
        let done = in_parallel(batch, &settings.sets, |extractor, utterance| {
            let computed = compute(extractor, manifest, utterance, settings, &known);
            on_event(Event::Done);
            computed
        });
        for (utterance, computed) in batch.iter().zip(done) {
            match computed {
                Ok(computed) => {
                    done_files.insert(utterance.file.as_str());
                    summary.done += 1;
                    summary.reused += usize::from(computed.reused);
                    rows.push(utterance, &extra, &computed);
                }
                Err(error) => {
                    failures.push(utterance, &error);
                    on_event(Event::Failed(&error));
                }
            }
        }
        let batch = rows.take();
        summary.rows += batch.rows();
        writer.write(&batch)?;
    }
    summary.recordings = done_files.len();
    summary.failed = failures.len();
    let keeps_previous = summary.rows == 0 && out.exists();
    if summary.rows > 0 {
        writer.finish()?;
    }
    if !keeps_previous {
        failures.write(&failures_path(out))?;
    }
    Ok(summary)
}

/// Makes something of each of some lines of a manifest, in parallel, with an extractor for each thread; in
/// their order.
pub fn in_parallel<T: Send>(
    utterances: &[Utterance],
    sets: &[FeatureSet],
    make: impl Fn(&mut Extractor, &Utterance) -> Result<T> + Sync + Send,
) -> Vec<Result<T>> {
    let utterances = utterances.par_iter();
    utterances.map_init(|| Extractor::new(sets), make).collect()
}

/// The features of one recording in memory, a vector for each of its windows; `name` stands in
/// error messages.
pub fn features_of(
    recording: &Recording,
    extractor: &mut Extractor,
    name: &str,
) -> Result<Vec<Vec<f32>>> {
    let windows = recording.windows.iter();
    windows
        .map(|window| {
            let part = recording.audio.part(window.clone());
            guarded(name, Stage::Features, || extractor.functionals(&part))
        })
        .collect()
}

/// The result for one recording.
struct Computed {
    recording: Recording,
    values: Values,
    reused: bool,
}

enum Values {
    /// The features of each window; see [`places`].
    Functionals(Vec<Vec<f32>>),
    /// The contours of the descriptors.
    Lld(LldTable),
}

/// Start and end of each row of a recording, in seconds from where the recording, or the part of it
/// that the manifest lists, begins. A row of the whole bears the times of the whole, trimmed or
/// not, so that it can be joined to its line of the manifest; a window's are its own.
pub fn places(recording: &Recording, settings: &Settings) -> Vec<(f64, f64)> {
    if settings.window.is_none() {
        return vec![(0.0, recording.duration_s)];
    }
    let rate = f64::from(recording.audio.sample_rate);
    // Resampling may round the length up by a sample.
    let at = |sample: usize| (recording.offset_s + sample as f64 / rate).min(recording.duration_s);
    let windows = recording.windows.iter();
    windows.map(|w| (at(w.start), at(w.end))).collect()
}

/// What a row says of a recording. Its samples have done their work, and would fill the memory.
pub fn without_samples(recording: Recording) -> Recording {
    let audio = Audio {
        samples: Vec::new(),
        ..recording.audio
    };
    Recording { audio, ..recording }
}

/// Reads a recording, or the segment of it, that a manifest lists. Errors name the file as the manifest
/// does, so that failures can be joined to it.
pub fn read(manifest: &Manifest, utterance: &Utterance, settings: &Settings) -> Result<Recording> {
    let options = settings.read_options(utterance.start, utterance.end);
    let rename = |error| match error {
        Error::Audio {
            stage,
            reason,
            is_empty,
            ..
        } => Error::Audio {
            file: utterance.file.clone(),
            stage,
            reason,
            is_empty,
        },
        other => other,
    };
    guarded(&utterance.file, Stage::Decode, || {
        audio::read(manifest.path(utterance), &options)
    })
    .flatten()
    .map_err(rename)
}

fn compute(
    extractor: &mut Extractor,
    manifest: &Manifest,
    utterance: &Utterance,
    settings: &Settings,
    known: &Known,
) -> Result<Computed> {
    let recording = read(manifest, utterance, settings)?;
    if let Some(values) = known.values(&recording, &places(&recording, settings)) {
        return Ok(Computed {
            recording: without_samples(recording),
            values: Values::Functionals(values),
            reused: true,
        });
    }
    let values = match settings.level {
        Level::Functionals => {
            Values::Functionals(features_of(&recording, extractor, &utterance.file)?)
        }
        Level::Lld => {
            let llds = || extractor.llds(&recording.audio);
            Values::Lld(guarded(&utterance.file, Stage::Features, llds)?)
        }
    };
    Ok(Computed {
        recording: without_samples(recording),
        values,
        reused: false,
    })
}

/// The rows of an earlier table, by the sound they speak of: hash, rate and channels of
/// the recording or its part, and where in it the row begins. The hash is that of the whole part,
/// so that the gain, which depends on all of it, is the same too.
#[derive(Debug, Default)]
pub struct Sounds<'a>(HashMap<(&'a str, i64, i64, i64), usize>);

/// A place in a recording as a key: in units of 0.1 us, less than a sample at any rate, more than
/// the rounding of seconds.
fn place_key(start_s: f64) -> i64 {
    (start_s * 1e7).round() as i64
}

impl<'a> Sounds<'a> {
    /// Those of `table`; `None` where it does not say of which sound its rows speak.
    pub fn of(table: &'a Table) -> Option<Sounds<'a>> {
        let hashes = table.text("audio_hash")?;
        let (Some(Column::Int(rates)), Some(Column::Int(channels))) =
            (table.column("sample_rate"), table.column("channels"))
        else {
            return None;
        };
        let place = |row: usize| match (table.column("start"), table.column("utterance_start")) {
            (Some(Column::Double(starts)), Some(Column::Double(utterances))) => {
                place_key(starts[row] - utterances[row])
            }
            _ => 0,
        };
        let sound = |row: usize| {
            let hash = hashes[row].as_deref()?;
            Some((hash, rates[row]?, channels[row]?, place(row)))
        };
        let rows = 0..table.rows();
        Some(Sounds(
            rows.filter_map(|row| Some((sound(row)?, row))).collect(),
        ))
    }

    /// The rows at `places` of a recording; `None` unless all are known.
    pub fn rows(&self, recording: &Recording, places: &[(f64, f64)]) -> Option<Vec<usize>> {
        let row = |&(start_s, _): &(f64, f64)| {
            let key = (
                recording.audio_hash.as_str(),
                i64::from(recording.sample_rate),
                recording.channels as i64,
                place_key(start_s),
            );
            self.0.get(&key).copied()
        };
        places.iter().map(row).collect()
    }
}

/// The features of an earlier table, by sound.
#[derive(Default)]
struct Known<'a> {
    sounds: Sounds<'a>,
    features: Vec<&'a [f32]>,
}

impl<'a> Known<'a> {
    fn of(previous: Option<&'a Table>, names: &[String]) -> Known<'a> {
        let read = |table: &'a Table| {
            let columns: HashMap<&str, &Column> =
                table.columns.iter().map(|(n, c)| (n.as_str(), c)).collect();
            let features = names.iter().map(|name| match columns.get(name.as_str()) {
                Some(Column::Float(values)) => Some(values.as_slice()),
                _ => None,
            });
            Some(Known {
                sounds: Sounds::of(table)?,
                features: features.collect::<Option<_>>()?,
            })
        };
        previous.and_then(read).unwrap_or_default()
    }

    /// The features of the rows at `places` of a recording; `None` unless all are known.
    fn values(&self, recording: &Recording, places: &[(f64, f64)]) -> Option<Vec<Vec<f32>>> {
        let rows = self.sounds.rows(recording, places)?;
        let values = |row: usize| self.features.iter().map(|column| column[row]).collect();
        Some(rows.into_iter().map(values).collect())
    }
}
