//! A manifest on its way into rows: some recordings at a time, and a long one by itself, piece by piece.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Mutex;

use crate::audio::Segmentation;
use crate::corpus::{Held, Manifest, Utterance};
use crate::error::Result;
use crate::extract::long::{self, Long};
use crate::extract::rows::{self, Failures, OfManifest, Rows};
use crate::extract::{
    Computed, Event, Extraction, Found, Level, MANIFEST, Settings, Summary, Tally, read_kept,
};
use crate::features::Extractor;
use crate::job::{ContentKey, Job};
use crate::table::Table;

/// Recordings computed at a time, where each gives one row. Enough that threads seldom wait for the
/// slowest, few enough that results stay small.
pub const BATCH: usize = 512;
/// The same where each gives a row per window or per frame.
const BATCH_OF_MANY_ROWS: usize = 64;

/// Numbers that are computed before they are written, at least: 16 MB.
const MOST_NUMBERS: usize = 1 << 22;

/// A shard of a manifest on its way into rows, batch by batch.
pub struct Batches<'a> {
    manifest: &'a Manifest,
    settings: &'a Settings,
    /// Numbers in a row.
    features: usize,
    /// The lines of the manifest that are left, and where the batch ends.
    left: Range<usize>,
    batch_end: usize,
    /// What is computed or opened of the lines before them, in their order.
    ready: VecDeque<(&'a Utterance, Result<Ready>)>,
    /// A recording whose rows come in pieces.
    long: Option<(&'a Utterance, Long)>,
    /// Those of the batch, and whether any had to be computed.
    rows: Rows,
    is_new: bool,
    tally: Tally<'a>,
}

/// The rows of some recordings, or some of those of one.
pub struct Batch {
    /// The rows.
    pub rows: Table,
    /// The content key of each row.
    pub keys: Vec<ContentKey>,
    /// Whether any of them had to be computed and is not kept yet.
    pub is_new: bool,
}

/// A recording that is read.
enum Ready {
    Short(Computed),
    Long(Long),
}

impl<'a> Batches<'a> {
    /// Before the first.
    pub fn new(extraction: &Extraction<'a>) -> Result<Batches<'a>> {
        let of_manifest = rows::of_manifest(extraction.manifest, extraction.settings)?;
        Batches::with(extraction, of_manifest)
    }

    /// The same of a share of a manifest that nobody here knows whole: what its columns hold in all is not known, and they are words.
    pub fn of_share(extraction: &Extraction<'a>) -> Result<Batches<'a>> {
        let mut of_manifest = rows::of_manifest(extraction.manifest, extraction.settings)?;
        for (_, held) in &mut of_manifest.extra {
            *held = Held::Words;
        }
        Batches::with(extraction, of_manifest)
    }

    fn with(extraction: &Extraction<'a>, of_manifest: OfManifest) -> Result<Batches<'a>> {
        let Extraction {
            manifest, settings, ..
        } = *extraction;
        settings.check()?;
        let mut rows = Rows::new(settings, of_manifest);
        rows.describe(MANIFEST, manifest.hash());
        let features = settings.feature_names().len();
        let left = match extraction.shard {
            Some(shard) => shard.range(manifest.utterances.len()),
            None => 0..manifest.utterances.len(),
        };
        Ok(Batches {
            manifest,
            settings,
            features,
            batch_end: left.start,
            left,
            ready: VecDeque::new(),
            long: None,
            rows,
            is_new: false,
            tally: Tally::new(features),
        })
    }

    /// A table without rows, like those to come.
    pub fn like(&mut self) -> Table {
        self.rows.take().0
    }

    /// The next rows, those that `job` keeps and those that are computed now. Where batches begin and end
    /// depends on the recordings alone.
    pub fn next(
        &mut self,
        mut job: Option<&mut Job>,
        on_event: &(dyn Fn(Event) + Sync),
    ) -> Result<Option<Batch>> {
        loop {
            if let Some((utterance, long)) = &mut self.long {
                if let Some(piece) = long.next(job.as_deref_mut(), utterance, self.settings)? {
                    self.rows.push(utterance, &piece);
                    return Ok(Some(self.batch()));
                }
                self.long = None;
            }
            if self.rows.len() * self.features >= MOST_NUMBERS {
                return Ok(Some(self.batch()));
            }
            match self.ready.pop_front() {
                // Its rows make batches of their own.
                Some((utterance, ready @ Ok(Ready::Long(_)))) if !self.rows.is_empty() => {
                    self.ready.push_front((utterance, ready));
                    return Ok(Some(self.batch()));
                }
                Some((utterance, ready)) => {
                    self.take(utterance, ready, job.as_deref_mut(), on_event)?;
                }
                None if self.left.start < self.batch_end => {
                    self.make_ready(job.as_deref_mut(), on_event)?;
                }
                None if !self.rows.is_empty() => return Ok(Some(self.batch())),
                None if self.left.is_empty() => return Ok(None),
                None => {
                    let one_row = self.settings.level == Level::Functionals
                        && self.settings.segmentation == Segmentation::Whole;
                    let size = if one_row { BATCH } else { BATCH_OF_MANY_ROWS };
                    self.batch_end = self.left.end.min(self.left.start + size);
                }
            }
        }
    }

    /// What was done, and what failed.
    pub fn finish(self) -> (Summary, Failures) {
        self.tally.finish()
    }

    /// The rows so far.
    fn batch(&mut self) -> Batch {
        let (rows, keys) = self.rows.take();
        Batch {
            rows,
            keys,
            is_new: std::mem::take(&mut self.is_new),
        }
    }

    /// Takes a recording into the batch, or a long one up.
    fn take(
        &mut self,
        utterance: &'a Utterance,
        ready: Result<Ready>,
        job: Option<&mut Job>,
        on_event: &(dyn Fn(Event) + Sync),
    ) -> Result<()> {
        match ready {
            Ok(Ready::Short(computed)) => {
                let is_kept = computed.kept.is_some();
                self.is_new |= !is_kept;
                let Computed {
                    recording, rows, ..
                } = &computed;
                self.tally
                    .done(utterance, recording, rows.len(), is_kept, on_event);
                self.rows.push(utterance, &computed);
            }
            Ok(Ready::Long(mut long)) => {
                let computed = long.compute(utterance, self.settings);
                on_event(Event::Done);
                match computed {
                    Ok(()) => {
                        let (rows, is_kept) = (long.rows(), long.is_kept());
                        self.tally
                            .done(utterance, long.recording(), rows, is_kept, on_event);
                        self.keep(&mut long, utterance, job)?;
                        self.long = Some((utterance, long));
                    }
                    Err(error) => self.tally.failed(utterance, &error, on_event),
                }
            }
            Err(error) => self.tally.failed(utterance, &error, on_event),
        }
        Ok(())
    }

    /// Has the rows of a long recording kept, before any of them is written: two tables in the making take twice
    /// the memory.
    fn keep(
        &mut self,
        long: &mut Long,
        utterance: &Utterance,
        job: Option<&mut Job>,
    ) -> Result<()> {
        let Some(job) = job.filter(|_| !long.is_kept()) else {
            return Ok(());
        };
        while let Some(piece) = long.next(None, utterance, self.settings)? {
            self.rows.push(utterance, &piece);
            let (rows, keys) = self.rows.take();
            job.add(rows, &keys)?;
        }
        long.begin_again();
        job.keep_added()
    }

    /// Reads recordings and computes the rows of the short ones, in parallel, until the batch or the room for
    /// rows is at its end, or a long one is met.
    fn make_ready(
        &mut self,
        job: Option<&mut Job>,
        on_event: &(dyn Fn(Event) + Sync),
    ) -> Result<()> {
        let (manifest, settings) = (self.manifest, self.settings);
        let utterances = &manifest.utterances[self.left.start..self.batch_end];
        let keeps = job.as_deref();
        let features = self.features;
        let make = |extractor: &mut Extractor, utterance: &Utterance| {
            let ready = ready(extractor, manifest, utterance, settings, keeps);
            if !matches!(ready, Ok(Ready::Long(_))) {
                on_event(Event::Done);
            }
            ready
        };
        let room = |ready: &Result<Ready>| match ready {
            Ok(Ready::Short(computed)) => features * computed.row_count(),
            Ok(Ready::Long(_)) => MOST_NUMBERS,
            Err(_) => 0,
        };
        let mut made = first_few(utterances, settings, make, room);
        self.left.start += made.len();
        if let Some(job) = job {
            let short = made.iter_mut().filter_map(|ready| match ready {
                Ok(Ready::Short(computed)) => Some(computed),
                _ => None,
            });
            read_kept(job, short.filter(|c| c.kept.is_some()).collect(), settings)?;
        }
        self.ready = utterances.iter().zip(made).collect();
        Ok(())
    }
}

fn ready(
    extractor: &mut Extractor,
    manifest: &Manifest,
    utterance: &Utterance,
    settings: &Settings,
    job: Option<&Job>,
) -> Result<Ready> {
    let found = Found::open(manifest, utterance, settings, job)?;
    if long::is_long(&found) {
        return Ok(Ready::Long(Long::new(found)));
    }
    let computed = found.compute(utterance, settings, extractor)?;
    Ok(Ready::Short(computed))
}

/// Makes something of some lines of a manifest, in parallel: of the first, and as many as follow until what is
/// made takes more than [`MOST_NUMBERS`].
fn first_few<T: Send>(
    utterances: &[Utterance],
    settings: &Settings,
    make: impl Fn(&mut Extractor, &Utterance) -> T + Sync,
    room: impl Fn(&T) -> usize + Sync,
) -> Vec<T> {
    struct Line<T> {
        next: usize,
        taken: usize,
        made: Vec<(usize, T)>,
    }
    let line = Mutex::new(Line {
        next: 0,
        taken: 0,
        made: Vec::new(),
    });
    let lock = || line.lock().expect("what panics is caught");
    rayon::broadcast(|_| {
        let mut extractor = Extractor::new(&settings.sets);
        loop {
            let at = {
                let mut line = lock();
                if line.next == utterances.len() || line.taken >= MOST_NUMBERS {
                    return;
                }
                line.next += 1;
                line.next - 1
            };
            let made = make(&mut extractor, &utterances[at]);
            let mut line = lock();
            line.taken += room(&made);
            line.made.push((at, made));
        }
    });
    let mut made = line.into_inner().expect("what panics is caught").made;
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}
