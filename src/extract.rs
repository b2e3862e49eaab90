//! Manifest to table: every recording is decoded, its features computed, in parallel, in the
//! manifest's order.
//!
//! One file's failure is a row of the failures table, never the end of the run. Memory holds one
//! batch of recordings' results, one row group, and the manifest, whatever the size of the corpus and, in windows,
//! the length of a recording; where a run goes on or is repeated, one row group more, and some hundred bytes for each
//! row. A [`Job`] keeps what is finished.

mod batches;
mod import;
mod long;
mod recognised;
pub mod rows;
mod settings;

use std::collections::HashSet;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

pub use batches::BATCH;
pub use import::{Declared, Imported, import};
pub use recognised::{Recognised, read_table};
pub use rows::{Described, Failures, OfManifest, Rows, computed_anew, listed};
pub use settings::{Level, Limits, Settings};

use crate::audio::{self, Audio, Recording, Reel, Segmentation};
use crate::catalogue::FeatureSet;
use crate::corpus::{Manifest, Shard, Utterance};
use crate::error::{Error, Result, Stage, guarded};
use crate::extract::batches::Batches;
use crate::features::Extractor;
use crate::job::{ContentKey, Earlier, Job, Kept};
use crate::output;
use crate::table::schema::{END, START};
use crate::table::{Column, Encoding, Stream, Writer};

/// The metadata key with the manifest's hash.
const MANIFEST: &str = "sentire.manifest";

/// What a run did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Recordings that have rows: different files.
    pub recordings: usize,
    /// Lines of the manifest that have rows: recordings, or segments of them.
    pub done: usize,
    /// Those that have none, as nobody speaks in them, or as they repeat another channel.
    pub silent: usize,
    /// Those whose recording [is narrow](Recording::is_narrow).
    pub narrow: usize,
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
        if self.failed == 0 && self.silent > 0 {
            return Err(Error::Data(
                "no recording has a row: nobody speaks in them".into(),
            ));
        }
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
    /// What is odd about a recording that was used, in a line that names it; comes in the manifest's order, once for
    /// each file.
    Warning(&'a str),
}

/// The name of the failures table that belongs to a table: `x.parquet` has `x.failures.parquet`.
pub fn failures_path(table: &Path) -> PathBuf {
    table.with_extension("failures.parquet")
}

/// The folder with the failures of each part of a folder of shards, which is read whole: `x`, and `x.parquet` too,
/// has `x.failures`.
pub fn failures_folder(shards: &Path) -> PathBuf {
    match shards.extension() {
        Some(extension) if extension == "parquet" => shards.with_extension("failures"),
        _ => output::beside(shards, ".failures"),
    }
}

/// What is computed, of which recordings.
pub struct Extraction<'a> {
    /// The recordings.
    pub manifest: &'a Manifest,
    /// How, and which features.
    pub settings: &'a Settings,
    /// Which of them; all, where it is `None`.
    pub shard: Option<Shard>,
    /// How the tables store floats, which changes no value.
    pub encoding: Encoding,
}

/// What `sentire extract` does: [`run`], from where an earlier run on `out` stopped. That no recording could be
/// used is an error, and so is an `out` that holds something else.
pub fn update(manifest: &Manifest, settings: &Settings, out: impl AsRef<Path>) -> Result<Summary> {
    let out = out.as_ref();
    let job = Job::begin(out, &settings.made_with(), Earlier::Use)?;
    let extraction = Extraction {
        manifest,
        settings,
        shard: None,
        encoding: Encoding::Plain,
    };
    run(&extraction, job, &failures_path(out), &|_| {})?.unless_empty(out)
}

/// Computes the features of every recording and writes them to the output of `job`, and what failed to `failures`.
///
/// Rows that the job keeps, of recordings whose sound has not changed, are taken from there. Neither
/// they nor the number of threads change a byte of the result. Runs on the current Rayon pool. Where every
/// recording fails, only the failures table is written, and not even that beside a table that was there before; of
/// a shard there are always both.
pub fn run(
    extraction: &Extraction,
    mut job: Job,
    failures: &Path,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Summary> {
    let Extraction {
        settings,
        shard,
        encoding,
        ..
    } = *extraction;
    if settings.level == Level::Functionals {
        job.take_from_output()?;
    }
    let mut batches = Batches::new(extraction)?;
    let out = job.out().to_path_buf();
    let mut writer = Writer::create_in(job.folder(), &out, &batches.like(), encoding)?;
    while let Some(batch) = batches.next(Some(&mut job), on_event)? {
        writer.write(&batch.rows)?;
        if batch.is_new {
            job.keep(batch.rows, &batch.keys)?;
        }
    }
    let (summary, failed) = batches.finish();
    let has_output = summary.rows > 0 || shard.is_some();
    if has_output || !out.exists() {
        failed.write(job.folder(), failures, shard.is_some(), encoding)?;
    }
    match has_output {
        true => writer.finish()?,
        false => drop(writer),
    }
    job.finish()?;
    Ok(summary)
}

/// The same rows as an Arrow IPC stream, a batch as soon as it is finished; what fails is told to `on_event` alone.
pub fn stream(
    extraction: &Extraction,
    to: impl Write,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Summary> {
    let mut batches = Batches::of_share(extraction)?;
    let mut like = batches.like();
    // Of the share that came in, and other for each.
    like.metadata.remove(MANIFEST);
    let mut stream = Stream::start(to, &like)?;
    while let Some(batch) = batches.next(None, on_event)? {
        stream.write(&batch.rows)?;
    }
    stream.finish()?;
    Ok(batches.finish().0)
}

/// Why a recording has no rows.
fn without_rows(utterance: &Utterance, recording: &Recording) -> String {
    let file = &utterance.file;
    match (recording.copy_of, utterance.channel) {
        (Some(original), Some(channel)) => {
            format!(
                "{file}: channel {channel} is a copy of channel {original} and has no rows of its own"
            )
        }
        (_, Some(channel)) => format!("{file}: nobody speaks on channel {channel}; it has no row"),
        (_, None) => format!("{file}: nobody speaks in it; it has no row"),
    }
}

/// What was done so far.
pub struct Tally<'a> {
    files: HashSet<&'a str>,
    warned_of: HashSet<&'a str>,
    failures: Failures,
    summary: Summary,
}

impl<'a> Tally<'a> {
    /// Nothing yet, in a table with so many computed columns.
    pub fn new(features: usize) -> Tally<'a> {
        Tally {
            files: HashSet::new(),
            warned_of: HashSet::new(),
            failures: Failures::default(),
            summary: Summary {
                features,
                ..Summary::default()
            },
        }
    }

    /// A line of the manifest has so many rows; `is_kept` if an earlier run computed them.
    pub fn done(
        &mut self,
        utterance: &'a Utterance,
        recording: &Recording,
        rows: usize,
        is_kept: bool,
        on_event: &(dyn Fn(Event) + Sync),
    ) {
        if let Some(taken) = recording.instead_of_mean
            && self.warned_of.insert(&utterance.file)
        {
            on_event(Event::Warning(&audio::channels_cancel(
                &utterance.file,
                taken,
            )));
        }
        if recording.channels_differ && self.warned_of.insert(&utterance.file) {
            on_event(Event::Warning(&audio::channels_are_two(&utterance.file)));
        }
        if rows == 0 {
            on_event(Event::Warning(&without_rows(utterance, recording)));
            self.summary.silent += 1;
            return;
        }
        self.files.insert(&utterance.file);
        self.summary.done += 1;
        self.summary.narrow += usize::from(recording.is_narrow());
        self.summary.reused += usize::from(is_kept);
        self.summary.rows += rows;
    }

    /// A line of the manifest failed.
    pub fn failed(
        &mut self,
        utterance: &Utterance,
        error: &Error,
        on_event: &(dyn Fn(Event) + Sync),
    ) {
        self.failures.push(utterance, error);
        on_event(Event::Failed(error));
    }

    /// What was done, and what failed.
    pub fn finish(self) -> (Summary, Failures) {
        let summary = Summary {
            recordings: self.files.len(),
            failed: self.failures.len(),
            ..self.summary
        };
        (summary, self.failures)
    }
}

/// Makes something of each of some lines of a manifest, in parallel, with an extractor for each thread; in
/// their order.
pub fn in_parallel<L: Sync, T: Send>(
    lines: &[L],
    sets: &[FeatureSet],
    make: impl Fn(&mut Extractor, &L) -> Result<T> + Sync + Send,
) -> Vec<Result<T>> {
    let lines = lines.par_iter();
    lines.map_init(|| Extractor::new(sets), make).collect()
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

/// The same of one however long.
pub fn features_of_reel(
    reel: &Reel,
    extractor: &mut Extractor,
    name: &str,
) -> Result<Vec<Vec<f32>>> {
    let windows = reel.recording.windows.iter();
    windows
        .map(|window| features_of_window(reel, window.clone(), extractor, name))
        .collect()
}

/// [`Recording::speech_s`] of a recording however long.
pub fn speech_of_reel(reel: &Reel, name: &str) -> Result<Vec<f64>> {
    let speech_s = reel.speech_s();
    speech_s.map_err(|reason| unreadable(name, reason))
}

fn features_of_window(
    reel: &Reel,
    window: Range<usize>,
    extractor: &mut Extractor,
    name: &str,
) -> Result<Vec<f32>> {
    let part = part_of(reel, window, name)?;
    guarded(name, Stage::Features, || extractor.functionals(&part))
}

fn part_of(reel: &Reel, samples: Range<usize>, name: &str) -> Result<Audio> {
    reel.part(samples)
        .map_err(|reason| unreadable(name, reason))
}

/// That the samples of a recording, or what is computed of them, found no place or cannot be read any more.
fn unreadable(name: &str, reason: String) -> Error {
    Error::Audio {
        file: name.to_string(),
        stage: Stage::Preprocess,
        reason,
        is_empty: false,
    }
}

/// Start and end of each row of a recording, in seconds from where the recording, or the part of it
/// that the manifest lists, begins. A row of the whole bears the times of the whole, trimmed or
/// not, so that it can be joined to its line of the manifest; a window's are its own.
pub fn places(recording: &Recording, settings: &Settings) -> Vec<(f64, f64)> {
    let windows = recording.windows.iter();
    windows
        .map(|window| place(recording, settings, window))
        .collect()
}

fn place(recording: &Recording, settings: &Settings, window: &Range<usize>) -> (f64, f64) {
    if settings.segmentation == Segmentation::Whole && recording.windows.len() == 1 {
        return (0.0, recording.duration_s);
    }
    let rate = f64::from(recording.audio.sample_rate);
    // Resampling may round the length up by a sample.
    let at = |sample: usize| (recording.offset_s + sample as f64 / rate).min(recording.duration_s);
    (at(window.start), at(window.end))
}

/// Reads a recording, or the segment of it, that a manifest lists. Errors name the file as the manifest
/// does, so that failures can be joined to it.
pub fn read(manifest: &Manifest, utterance: &Utterance, settings: &Settings) -> Result<Recording> {
    let reel = open(manifest, utterance, settings)?;
    let recording = reel.into_recording();
    recording.map_err(|reason| unreadable(&utterance.file, reason))
}

/// The same, however long it is.
pub fn open(manifest: &Manifest, utterance: &Utterance, settings: &Settings) -> Result<Reel> {
    manifest.open(utterance, &settings.read_options(None, None))
}

/// What was computed of one recording.
pub struct Computed {
    /// Without its samples.
    pub recording: Recording,
    /// By what its rows are found again.
    pub key: ContentKey,
    /// Its rows, in the order of time.
    pub rows: Vec<Timed>,
    /// Seconds of speech in each of its windows; empty where that was not asked.
    pub speech_s: Vec<f64>,
    /// Where they were, if an earlier run computed them.
    pub kept: Option<Kept>,
}

impl Computed {
    /// How many rows it has, or will have when those that are kept are read.
    fn row_count(&self) -> usize {
        self.kept.as_ref().map_or(self.rows.len(), Kept::rows)
    }
}

/// What was computed of a part of a recording, and from where to where in its file that lies, in seconds.
pub struct Timed {
    /// Where it begins.
    pub start: f64,
    /// Where it ends.
    pub end: f64,
    /// The features, or the descriptors.
    pub values: Vec<f32>,
}

/// Computes the rows of some lines of a manifest, in parallel, or reads them where `job` keeps them; and looks for
/// speech. An error of the whole is one of `job`.
pub fn compute(
    manifest: &Manifest,
    utterances: &[Utterance],
    settings: &Settings,
    job: Option<&mut Job>,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Vec<Result<Computed>>> {
    let keeps = job.as_deref();
    let mut computed = in_parallel(utterances, &settings.sets, |extractor, utterance| {
        let computed = compute_one(extractor, manifest, utterance, settings, keeps);
        on_event(Event::Done);
        computed
    });
    if let Some(job) = job {
        let kept = computed.iter_mut().flatten();
        read_kept(job, kept.filter(|c| c.kept.is_some()).collect(), settings)?;
    }
    Ok(computed)
}

fn compute_one(
    extractor: &mut Extractor,
    manifest: &Manifest,
    utterance: &Utterance,
    settings: &Settings,
    job: Option<&Job>,
) -> Result<Computed> {
    let found = Found::open(manifest, utterance, settings, job)?;
    // No kept row says so.
    let speech_s = speech_of_reel(&found.reel, &utterance.file)?;
    let computed = found.compute(utterance, settings, extractor)?;
    Ok(Computed {
        speech_s,
        ..computed
    })
}

/// A recording that is read.
pub struct Found {
    /// It.
    pub reel: Reel,
    /// By what its rows are found again.
    pub key: ContentKey,
    /// Where they are, if an earlier run computed them.
    pub kept: Option<Kept>,
}

impl Found {
    /// Reads a line of a manifest, and asks `job` for its rows.
    pub fn open(
        manifest: &Manifest,
        utterance: &Utterance,
        settings: &Settings,
        job: Option<&Job>,
    ) -> Result<Found> {
        let reel = open(manifest, utterance, settings)?;
        let recording = &reel.recording;
        let key = ContentKey::new(
            &recording.audio_hash,
            recording.sample_rate,
            recording.channels,
            &listed(utterance, recording),
        );
        Ok(Found {
            kept: job.and_then(|job| job.kept(key)),
            reel,
            key,
        })
    }

    /// Computes its rows, unless they are kept.
    fn compute(
        self,
        utterance: &Utterance,
        settings: &Settings,
        extractor: &mut Extractor,
    ) -> Result<Computed> {
        let reel = self.reel;
        let rows = match (&self.kept, settings.level) {
            (Some(_), _) => Vec::new(),
            (None, Level::Functionals) => {
                let features = features_of_reel(&reel, extractor, &utterance.file)?;
                let rows = reel.recording.windows.iter().zip(features);
                rows.map(|(window, f)| timed(&reel.recording, utterance, settings, window, f))
                    .collect()
            }
            (None, level) => contours_of(&reel, utterance, level, extractor)?,
        };
        Ok(Computed {
            recording: reel.recording,
            key: self.key,
            rows,
            speech_s: Vec::new(),
            kept: self.kept,
        })
    }
}

/// The row of a window.
fn timed(
    recording: &Recording,
    utterance: &Utterance,
    settings: &Settings,
    window: &Range<usize>,
    values: Vec<f32>,
) -> Timed {
    let origin = utterance.start.unwrap_or(0.0);
    let (start, end) = place(recording, settings, window);
    Timed {
        start: origin + start,
        end: origin + end,
        values,
    }
}

/// The descriptors or their deltas, a row for each frame.
fn contours_of(
    reel: &Reel,
    utterance: &Utterance,
    level: Level,
    extractor: &mut Extractor,
) -> Result<Vec<Timed>> {
    let whole = reel.recording.windows[0].clone();
    let audio = part_of(reel, whole, &utterance.file)?;
    let contours = || match level {
        Level::Deltas => extractor.deltas(&audio),
        _ => extractor.llds(&audio),
    };
    let table = guarded(&utterance.file, Stage::Features, contours)?;
    let origin = utterance.start.unwrap_or(0.0) + reel.recording.offset_s;
    let of_frame = |frame: usize| {
        let (start, end) = table.span_s(frame);
        let values = table.contours.iter().map(|contour| contour[frame]);
        Timed {
            start: origin + start,
            end: origin + end,
            values: values.collect(),
        }
    };
    Ok((0..table.frames()).map(of_frame).collect())
}

/// Computes the rows `which` of a line of a manifest, counted from 0 and ascending, as far as it has them; and says
/// how many it has.
pub fn compute_some(
    extractor: &mut Extractor,
    manifest: &Manifest,
    utterance: &Utterance,
    settings: &Settings,
    which: &[usize],
) -> Result<(Computed, usize)> {
    let mut found = Found::open(manifest, utterance, settings, None)?;
    if settings.level.is_of_frames() {
        let mut computed = found.compute(utterance, settings, extractor)?;
        let all = std::mem::take(&mut computed.rows);
        let n = all.len();
        let wanted = all.into_iter().enumerate();
        let wanted = wanted.filter(|(row, _)| which.binary_search(row).is_ok());
        computed.rows = wanted.map(|(_, timed)| timed).collect();
        return Ok((computed, n));
    }
    let windows = &mut found.reel.recording.windows;
    let n = windows.len();
    *windows = which
        .iter()
        .filter_map(|&row| windows.get(row).cloned())
        .collect();
    Ok((found.compute(utterance, settings, extractor)?, n))
}

/// Gives recordings the rows that an earlier run computed.
fn read_kept(job: &mut Job, recordings: Vec<&mut Computed>, settings: &Settings) -> Result<()> {
    let kept: Vec<Kept> = recordings.iter().filter_map(|c| c.kept.clone()).collect();
    if kept.is_empty() {
        return Ok(());
    }
    let mut names = vec![START.to_string(), END.to_string()];
    names.extend(settings.feature_names());
    let table = job.read(&kept, &names)?;
    let other = |name: &str| {
        Error::Data(format!(
            "{}: column `{name}` holds no numbers any more; compute all anew with --fresh",
            job.out().display()
        ))
    };
    let seconds = |at: usize| match &table.columns[at] {
        (_, Column::Double(values)) => Ok(values),
        (name, _) => Err(other(name)),
    };
    let (starts, ends) = (seconds(0)?, seconds(1)?);
    let features = table.columns[2..].iter();
    let features: Vec<&Vec<f32>> = features
        .map(|column| match column {
            (_, Column::Float(values)) => Ok(values),
            (name, _) => Err(other(name)),
        })
        .collect::<Result<_>>()?;
    let mut rows = (0..table.rows()).map(|row| Timed {
        start: starts[row],
        end: ends[row],
        values: features.iter().map(|column| column[row]).collect(),
    });
    for (recording, kept) in recordings.into_iter().zip(&kept) {
        recording.rows = rows.by_ref().take(kept.rows()).collect();
    }
    Ok(())
}
