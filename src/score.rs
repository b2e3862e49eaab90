//! Scoring: a manifest of recordings and a model to a table of predictions, a row for each recording, or for
//! each window of it.
//!
//! One recording's failure is a row of the failures table, never the end of the run. A [`Job`] keeps what is
//! finished: under protocol A predictions, under protocols B and C features, as a prediction depends on all recordings of
//! its speaker or of the manifest. Memory holds the manifest and some recordings at a time, and some hundred bytes for each row that is
//! kept; under protocol B all predictions, as much for each recording, and the features of one speaker.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono::{DateTime, Utc};

mod adapt;

pub use adapt::adapt;

use crate::audio::{Pauses, Recording, Segmentation};
use crate::corpus::{Held, Manifest, Utterance};
use crate::error::{Error, Result, Stage};
use crate::extract::{
    self, BATCH, Computed, Described, Event, Failures, Found, OfManifest, Rows, Settings, Summary,
    Tally, Timed, rows,
};
use crate::features::Extractor;
use crate::job::{self, ContentKey, Earlier, Job, Kept};
use crate::model::{Normalize, SMALLEST_BATCH};
use crate::predict::{Answers, Features, Prediction, Predictor, SMALLEST_CALL, Segment};
use crate::scaler::Moments;
use crate::table::schema::{
    self, Cell, END, MODEL, MODEL_ID, OF_WINDOWS, PREDICTION, QUALITY, SCORED_AT, START, TRUNCATED,
};
use crate::table::{Column, Encoding, Part, Table, Told, Writer};

/// How a manifest is to be scored.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// A row for each window that the predictor cuts, rather than one for each recording.
    pub rows_of_windows: bool,
    /// The column of the manifest that says who speaks: under protocol B those of one name are scaled
    /// together.
    pub speaker_column: Option<String>,
    /// Whether all recordings of the manifest are scaled together, by their own mean and deviation (protocol C), as far as the model
    /// [is for batches](Predictor::is_for_batches).
    pub batch: bool,
    /// What the column `scored_at` says: milliseconds since 1970 began in UTC.
    pub scored_at: i64,
}

impl Options {
    /// A row for each recording, or for each window or turn where the predictor cuts them; each recording by itself, now.
    pub fn of(predictor: &Predictor) -> Options {
        Options {
            rows_of_windows: predictor.settings().segmentation != Segmentation::Whole,
            speaker_column: None,
            batch: false,
            scored_at: now(),
        }
    }
}

/// What the metadata of a table of predictions say of how it was made: what must be the same for its rows
/// to be used again.
pub fn made_with(predictor: &Predictor, options: &Options) -> BTreeMap<String, String> {
    let window = predictor.settings().segmentation.window();
    let seconds = |value: Option<f64>| value.map_or("none".into(), |s| s.to_string());
    let turns = match predictor.settings().segmentation {
        Segmentation::Speech(turns) => turns.to_string(),
        _ => "none".into(),
    };
    let pauses = match predictor.settings().segmentation {
        Segmentation::Whole => predictor.settings().pauses,
        _ => Pauses::Keep,
    };
    let pairs = [
        ("channel", predictor.settings().channel.to_string()),
        ("pauses", pauses.to_string()),
        ("segment", turns),
        // Raised where columns change.
        ("columns", "3".into()),
        ("model_id", predictor.id().to_string()),
        ("rows_of_windows", options.rows_of_windows.to_string()),
        ("batch", options.batch.to_string()),
        ("window", seconds(window.map(|w| w.width_s))),
        ("hop", seconds(window.map(|w| w.hop_s))),
        (
            "speaker_column",
            options.speaker_column.clone().unwrap_or("none".into()),
        ),
    ];
    let key = |(key, value)| (format!("sentire.{key}"), value);
    pairs.into_iter().map(key).collect()
}

/// Scores every recording of `manifest`; `write` takes the rows as they come, in the manifest's order.
///
/// What `job` keeps of recordings whose sound has not changed is taken from there, under protocol A with the time
/// at which it was said.
pub fn run(
    manifest: &Manifest,
    predictor: &Predictor,
    options: &Options,
    job: &mut Job,
    write: &mut dyn FnMut(&Table) -> Result<()>,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<(Summary, Failures)> {
    let sheet = Sheet::new(manifest, predictor, options)?;
    let mut tally = Tally::new(sheet.answers.names().len());
    if options.batch && predictor.is_for_batches() {
        batch(&sheet, job, write, &mut tally, on_event)?;
        return Ok(tally.finish());
    }
    match (predictor.model().card.normalize, &options.speaker_column) {
        (Normalize::Train | Normalize::Batch, _) => {
            job.take_from_output()?;
            for utterances in manifest.utterances.chunks(BATCH) {
                let scored = alone(&sheet, utterances, job, on_event)?;
                let batch = sheet.table(utterances, &scored);
                write(&batch)?;
                let is_new = |scored: &Scored| scored.kept.is_none();
                if scored.iter().flatten().any(is_new) {
                    job.keep(batch, &keys(&scored))?;
                }
                count(&mut tally, utterances, &scored, on_event);
            }
        }
        (Normalize::Speaker, Some(column)) => {
            let speakers = by_speaker(manifest, column)?;
            let scored = together(&sheet, &speakers, job, on_event)?;
            write(&sheet.table(&manifest.utterances, &scored))?;
            count(&mut tally, &manifest.utterances, &scored, on_event);
        }
        (Normalize::Speaker, None) => {
            return Err(Error::Usage(
                "the model scales each speaker by their own recordings (--normalize speaker); name the column of the manifest that \
                 says who speaks with --speaker-column, or train with --normalize train"
                    .into(),
            ));
        }
    }
    Ok(tally.finish())
}

fn count<'a>(
    tally: &mut Tally<'a>,
    utterances: &'a [Utterance],
    scored: &[Result<Scored>],
    on_event: &(dyn Fn(Event) + Sync),
) {
    for (utterance, scored) in utterances.iter().zip(scored) {
        match scored {
            Ok(scored) => {
                let Scored {
                    recording,
                    rows,
                    kept,
                    ..
                } = scored;
                tally.done(utterance, recording, rows.len(), kept.is_some(), on_event);
            }
            Err(error) => tally.failed(utterance, error, on_event),
        }
    }
}

/// What `sentire score --normalize train` does: [`run`], from where an earlier run on the Parquet file `out` stopped; a row for each recording, or for each
/// window or turn where the predictor cuts them. That no recording could be used is an error, and so is an `out` that
/// holds something else.
///
/// ```
/// # #[cfg(not(feature = "default-model"))]
/// # fn main() {}
/// # #[cfg(feature = "default-model")]
/// # fn main() -> sentire::error::Result<()> {
/// use sentire::model::built_in;
/// use sentire::prelude::*;
///
/// let demo = corpus::open("corpora/demo")?.manifest;
/// let two = Manifest { utterances: demo.utterances[..2].to_vec(), ..demo };
/// let dir = tempfile::tempdir().unwrap();
/// let out = dir.path().join("scores.parquet");
/// let summary = score::update(&two, &Predictor::new(built_in()?)?, &out)?;
/// assert_eq!((summary.rows, Table::read(&out)?.rows()), (2, 2));
/// # Ok(())
/// # }
/// ```
pub fn update(
    manifest: &Manifest,
    predictor: &Predictor,
    out: impl AsRef<Path>,
) -> Result<Summary> {
    let out = out.as_ref();
    let options = Options::of(predictor);
    let mut job = Job::begin(out, &made_with(predictor, &options), Earlier::Use)?;
    let manifest = predictor.settings().lines_of(manifest.clone());
    let like = empty(&manifest, predictor, &options)?;
    let mut writer = Writer::create_in(job.folder(), out, &like, Encoding::Plain)?;
    let mut write = |rows: &Table| writer.write(rows);
    let (summary, failures) = run(
        &manifest,
        predictor,
        &options,
        &mut job,
        &mut write,
        &|_| {},
    )?;
    if summary.rows > 0 || !out.exists() {
        let path = extract::failures_path(out);
        failures.write(job.folder(), &path, false, Encoding::Plain)?;
    }
    match summary.rows {
        0 => drop(writer),
        _ => writer.finish()?,
    }
    job.finish()?;
    summary.unless_empty(out)
}

/// A table of predictions without rows.
pub fn empty(manifest: &Manifest, predictor: &Predictor, options: &Options) -> Result<Table> {
    Ok(Sheet::new(manifest, predictor, options)?.table(&[], &[]))
}

/// One recording, scored.
struct Scored {
    recording: Recording,
    key: ContentKey,
    rows: Vec<Said>,
    /// Where its rows, or its features, were, if an earlier run computed them.
    kept: Option<Kept>,
}

/// What a row says, and since when.
struct Said {
    /// Its place counts from the beginning of the file.
    segment: Segment,
    scored_at: i64,
}

/// The rows of a prediction.
fn said(prediction: Prediction, utterance: &Utterance, options: &Options) -> Vec<Said> {
    if prediction.copy_of.is_some() {
        return Vec::new();
    }
    let origin = utterance.start.unwrap_or(0.0);
    let segments = match options.rows_of_windows && !prediction.windows.is_empty() {
        true => prediction.windows,
        false => vec![prediction.whole()],
    };
    let said = |segment: Segment| Said {
        segment: Segment {
            start: origin + segment.start,
            end: origin + segment.end,
            ..segment
        },
        scored_at: options.scored_at,
    };
    segments.into_iter().map(said).collect()
}

/// The content key of each row.
fn keys(scored: &[Result<Scored>]) -> Vec<ContentKey> {
    let of_rows = |scored: &Scored| vec![scored.key; scored.rows.len()];
    scored.iter().flatten().flat_map(of_rows).collect()
}

/// Each recording by itself.
fn alone(
    sheet: &Sheet,
    utterances: &[Utterance],
    job: &mut Job,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Vec<Result<Scored>>> {
    let (predictor, options) = (sheet.predictor, sheet.options);
    let settings = predictor.settings();
    let keeps = &*job;
    let score = |extractor: &mut Extractor, utterance: &Utterance| {
        let Found { reel, key, kept } =
            Found::open(sheet.manifest, utterance, settings, Some(keeps))?;
        let rows = match kept {
            Some(_) => Vec::new(),
            None => {
                let features = predictor.features_of_reel(&reel, &utterance.file, extractor)?;
                let mut predictions = predictor.predict(std::slice::from_ref(&features))?;
                let prediction = predictions.pop().expect("one for each recording");
                said(prediction, utterance, options)
            }
        };
        Ok(Scored {
            recording: reel.recording,
            key,
            rows,
            kept,
        })
    };
    let mut scored = extract::in_parallel(utterances, &settings.sets, |extractor, utterance| {
        let scored = score(extractor, utterance);
        on_event(Event::Done);
        scored
    });
    let known = scored.iter_mut().flatten();
    sheet.read_kept(job, known.filter(|s| s.kept.is_some()).collect())?;
    Ok(scored)
}

/// The recordings of each speaker together, one speaker after the other. Those of whom there are few are scaled as the training
/// recordings are.
fn together(
    sheet: &Sheet,
    speakers: &[(String, Vec<usize>)],
    job: &mut Job,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<Vec<Result<Scored>>> {
    let (manifest, predictor) = (sheet.manifest, sheet.predictor);
    let by_training = predictor.scaled_by_training();
    let mut few: Vec<&str> = Vec::new();
    let failed = |utterance: &Utterance, reason: String| Error::Audio {
        file: utterance.file.clone(),
        stage: Stage::Features,
        reason,
        is_empty: false,
    };
    let unknown = |utterance: &Utterance| {
        let reason = "has no speaker in the manifest; a model that scales each speaker by their own recordings wants one";
        Err(failed(utterance, reason.into()))
    };
    let mut scored: Vec<Result<Scored>> = manifest.utterances.iter().map(unknown).collect();
    // Features that were computed and are not kept yet.
    let mut unkept = Rows::new(predictor.settings(), OfManifest::default());
    for (speaker, places) in speakers {
        let utterances: Vec<Utterance> = places
            .iter()
            .map(|&at| manifest.utterances[at].clone())
            .collect();
        let settings = predictor.settings();
        let mut call: Vec<Result<Computed>> = Vec::new();
        let mut features: Vec<Features> = Vec::new();
        for utterances in utterances.chunks(BATCH) {
            let computed = extract::compute(manifest, utterances, settings, Some(job), on_event)?;
            for (utterance, computed) in utterances.iter().zip(&computed) {
                if let Ok(computed) = computed {
                    if computed.kept.is_none() {
                        unkept.push(utterance, computed);
                    }
                    features.push(features_of(utterance, computed, settings));
                }
            }
            if unkept.len() >= BATCH {
                let (rows, keys) = unkept.take();
                job.keep(rows, &keys)?;
            }
            call.extend(computed);
        }
        let windows: usize = features.iter().map(|features| features.windows.len()).sum();
        let of_speaker = match windows {
            1..SMALLEST_CALL => {
                few.push(speaker);
                &by_training
            }
            _ => predictor,
        };
        let mut said_of_call = of_speaker.predict(&features).map(Vec::into_iter);
        for (&at, computed) in places.iter().zip(call) {
            scored[at] = computed.and_then(|computed| match &mut said_of_call {
                Ok(predictions) => {
                    let prediction = predictions.next().expect("one for each recording");
                    Ok(Scored {
                        recording: computed.recording,
                        key: computed.key,
                        rows: said(prediction, &manifest.utterances[at], sheet.options),
                        kept: computed.kept,
                    })
                }
                Err(error) => {
                    let reason = format!("speaker {speaker}: {error}");
                    Err(failed(&manifest.utterances[at], reason))
                }
            });
        }
    }
    if let [first, ..] = few[..] {
        on_event(Event::Warning(&format!(
            "fewer than {SMALLEST_CALL} rows of {} of {} speakers ({first}{}): they are scaled as the training recordings are, not by their \
             own",
            few.len(),
            speakers.len(),
            if few.len() > 1 { ", ..." } else { "" }
        )));
    }
    Ok(scored)
}

/// All recordings as one batch. They are read twice: first their features are computed and kept, and mean and deviation of these
/// learned; then what is kept is scaled by them. A batch of few rows is scaled as the training recordings are.
fn batch<'a>(
    sheet: &Sheet<'a>,
    job: &mut Job,
    write: &mut dyn FnMut(&Table) -> Result<()>,
    tally: &mut Tally<'a>,
    on_event: &(dyn Fn(Event) + Sync),
) -> Result<()> {
    let (manifest, predictor) = (sheet.manifest, sheet.predictor);
    let settings = predictor.settings();
    let mut moments = Moments::new(predictor.model().feature_names.len());
    let mut was_kept = Vec::with_capacity(manifest.utterances.len());
    let mut unkept = Rows::new(settings, OfManifest::default());
    for utterances in manifest.utterances.chunks(BATCH) {
        let computed = extract::compute(manifest, utterances, settings, Some(job), on_event)?;
        for (utterance, computed) in utterances.iter().zip(&computed) {
            let Ok(computed) = computed else {
                was_kept.push(false);
                continue;
            };
            was_kept.push(computed.kept.is_some());
            if computed.kept.is_none() {
                unkept.push(utterance, computed);
            }
            if utterance.augment.is_none() {
                predictor.add_to_batch(&features_of(utterance, computed, settings), &mut moments);
            }
        }
        let (rows, keys) = unkept.take();
        job.keep_to_read(rows, &keys)?;
    }
    let of_batch = match moments.rows() {
        rows @ ..SMALLEST_BATCH => {
            on_event(Event::Warning(&format!(
                "{rows} rows with speech; a batch is scaled by its own recordings from {SMALLEST_BATCH} on, so these are scaled as the \
                 training recordings are"
            )));
            predictor.clone()
        }
        _ => predictor.scaled_by(&moments.scaler()),
    };
    let mut was_kept = was_kept.into_iter();
    for utterances in manifest.utterances.chunks(BATCH) {
        let computed = extract::compute(manifest, utterances, settings, Some(job), &|_| {})?;
        let scored = utterances
            .iter()
            .zip(computed)
            .map(|(utterance, computed)| {
                let was_kept = was_kept.next().unwrap_or(false);
                let computed = computed?;
                let features = features_of(utterance, &computed, settings);
                let prediction = of_batch.predict(std::slice::from_ref(&features))?.remove(0);
                Ok(Scored {
                    recording: computed.recording,
                    key: computed.key,
                    rows: said(prediction, utterance, sheet.options),
                    kept: computed.kept.filter(|_| was_kept),
                })
            });
        let scored: Vec<Result<Scored>> = scored.collect();
        write(&sheet.table(utterances, &scored))?;
        count(tally, utterances, &scored, on_event);
    }
    Ok(())
}

/// What a model is told of a recording whose rows are computed.
fn features_of(utterance: &Utterance, computed: &Computed, settings: &Settings) -> Features {
    let origin = utterance.start.unwrap_or(0.0);
    let duration_s = computed.recording.duration_s;
    let places = match (settings.segmentation, &computed.rows[..]) {
        (Segmentation::Whole, [_]) => vec![(0.0, duration_s)],
        (_, rows) => {
            let place = |row: &Timed| (row.start - origin, row.end - origin);
            rows.iter().map(place).collect()
        }
    };
    Features {
        file: utterance.file.clone(),
        duration_s,
        places,
        windows: computed.rows.iter().map(|row| row.values.clone()).collect(),
        speech_s: computed.speech_s.clone(),
        instead_of_mean: computed.recording.instead_of_mean,
        channel: utterance.channel,
        copy_of: computed.recording.copy_of,
        channels_differ: computed.recording.channels_differ,
        is_narrow: computed.recording.is_narrow(),
        quality: computed.recording.quality(),
        truncated: computed.recording.truncated,
    }
}

/// The lines of each speaker, in the order in which speakers first appear.
fn by_speaker(manifest: &Manifest, column: &str) -> Result<Vec<(String, Vec<usize>)>> {
    let field = Utterance::FIELDS
        .iter()
        .position(|name| name.eq_ignore_ascii_case(column.trim()));
    let name = |utterance: &Utterance| match field {
        Some(field) => utterance.fields()[field].map(str::to_string),
        None => utterance.extra.get(column).cloned(),
    };
    let mut speakers: Vec<(String, Vec<usize>)> = Vec::new();
    let mut place: HashMap<String, usize> = HashMap::new();
    for (at, utterance) in manifest.utterances.iter().enumerate() {
        if let Some(name) = name(utterance) {
            let place = *place.entry(name.clone()).or_insert_with(|| {
                speakers.push((name, Vec::new()));
                speakers.len() - 1
            });
            speakers[place].1.push(at);
        }
    }
    if speakers.is_empty() {
        return Err(Error::Usage(format!(
            "no line of the manifest has a word in the column {column:?} (--speaker-column)"
        )));
    }
    Ok(speakers)
}

/// The manifest's further columns; refused where one bears the name of one of ours.
fn own_columns(manifest: &Manifest, predictor: &Predictor) -> Result<Vec<(String, Held)>> {
    let extra = manifest.extra_columns();
    let answers = Answers::of_model(predictor.model());
    let ours = answers.names();
    let is_ours = |name: &&String| {
        ours.contains(&name.as_str())
            || PREDICTION.contains(&name.as_str())
            || QUALITY.contains(&name.as_str())
            || OF_WINDOWS.contains(&name.as_str())
            || [TRUNCATED, job::CONTENT_KEY].contains(&name.as_str())
    };
    match extra.iter().find(is_ours) {
        Some(name) => Err(Error::Usage(format!(
            "the manifest's column {name:?} has the name of a column of the predictions; rename it"
        ))),
        None => Ok(rows::own_columns(manifest, extra)),
    }
}

/// The columns of a table of predictions.
struct Sheet<'a> {
    manifest: &'a Manifest,
    predictor: &'a Predictor,
    options: &'a Options,
    told: Told,
    /// Those of [`Utterance::FIELDS`] in which the manifest knows anything.
    fields: Vec<usize>,
    /// The manifest's own columns.
    extra: Vec<(String, Held)>,
    answers: Answers,
    model: String,
    model_id: String,
    metadata: BTreeMap<String, String>,
}

impl<'a> Sheet<'a> {
    fn new(
        manifest: &'a Manifest,
        predictor: &'a Predictor,
        options: &'a Options,
    ) -> Result<Sheet<'a>> {
        let is_known = |&field: &usize| {
            let known = |utterance: &Utterance| utterance.fields()[field].is_some();
            manifest.utterances.iter().any(known)
        };
        let mut metadata = made_with(predictor, options);
        metadata.insert("sentire.version".into(), env!("CARGO_PKG_VERSION").into());
        Ok(Sheet {
            manifest,
            predictor,
            options,
            told: manifest.told(),
            fields: (0..Utterance::FIELDS.len()).filter(is_known).collect(),
            extra: own_columns(manifest, predictor)?,
            answers: Answers::of_model(predictor.model()),
            model: predictor.model().card.trained.to_string(),
            model_id: predictor.id().to_string(),
            metadata,
        })
    }

    /// The rows of some lines of the manifest.
    fn table(&self, utterances: &[Utterance], scored: &[Result<Scored>]) -> Table {
        let mut table = Table {
            columns: schema::columns(self.cells(None, None)),
            metadata: self.metadata.clone(),
        };
        for (utterance, scored) in utterances.iter().zip(scored) {
            let Ok(scored) = scored else {
                continue;
            };
            for said in &scored.rows {
                let row = Described {
                    utterance,
                    recording: &scored.recording,
                    part: Part {
                        file: utterance.file.clone(),
                        channel: utterance.channel,
                        augment: rows::word_of(utterance),
                        start: said.segment.start,
                        end: said.segment.end,
                    },
                };
                let cells = self.cells(Some(&row), Some(said));
                table.push(cells.into_iter().map(|(_, cell)| cell));
            }
        }
        table
    }

    /// What stands in a row, by the names of the columns; without a row, blanks of the same types.
    fn cells<'b>(
        &'b self,
        row: Option<&'b Described>,
        said: Option<&'b Said>,
    ) -> Vec<(&'b str, Cell<'b>)> {
        let mut cells = rows::index_cells(row, self.told, self.options.rows_of_windows);
        cells.extend(rows::manifest_cells(row, &self.fields, &self.extra));
        let segment = said.map(|said| &said.segment);
        cells.extend(self.answers.cells(segment));
        cells.push((MODEL, Cell::Text(Some(&self.model))));
        cells.extend(rows::quality_cells(row));
        cells.push(rows::truncated_cell(row));
        cells.push((MODEL_ID, Cell::Text(Some(&self.model_id))));
        let scored_at = said.map(|said| said.scored_at);
        cells.push((SCORED_AT, Cell::Time(scored_at)));
        cells
    }

    /// What a row of an earlier table says; `None` where its columns are of other types.
    fn said(&self, table: &Table, row: usize) -> Option<Said> {
        let second = |name: &str| match table.column(name)? {
            Column::Double(values) => Some(values[row]),
            _ => None,
        };
        let place = [second(START)?, second(END)?];
        Some(Said {
            segment: self.answers.read(table, row, place)?,
            scored_at: match table.column(SCORED_AT)? {
                Column::Time(moments) => moments[row]?,
                _ => return None,
            },
        })
    }

    /// Gives recordings the rows that an earlier run computed.
    fn read_kept(&self, job: &mut Job, scored: Vec<&mut Scored>) -> Result<()> {
        let kept: Vec<Kept> = scored.iter().filter_map(|s| s.kept.clone()).collect();
        if kept.is_empty() {
            return Ok(());
        }
        let mut columns = vec![START, END, SCORED_AT];
        columns.extend(self.answers.names());
        let columns: Vec<String> = columns.into_iter().map(str::to_string).collect();
        let table = job.read(&kept, &columns)?;
        let damaged = || {
            let shown = job.out().display();
            Error::Data(format!(
                "{shown}: its columns are no longer those that were written; score all anew with --fresh"
            ))
        };
        let mut first = 0;
        for (scored, kept) in scored.into_iter().zip(&kept) {
            let rows = first..first + kept.rows();
            first = rows.end;
            let said: Option<_> = rows.map(|row| self.said(&table, row)).collect();
            scored.rows = said.ok_or_else(damaged)?;
        }
        Ok(())
    }
}

/// The time now, to the second, as in `scored_at`. With `SOURCE_DATE_EPOCH` that, so that tables can be compared.
pub fn now() -> i64 {
    let given = std::env::var("SOURCE_DATE_EPOCH").ok();
    let given = given.and_then(|seconds| DateTime::from_timestamp(seconds.parse().ok()?, 0));
    given.unwrap_or_else(Utc::now).timestamp() * 1000
}
