//! A recording of many windows: computed piece by piece over all threads, its rows on the disk until they are
//! written.

use std::ops::Range;

use rayon::prelude::*;

use crate::audio::{Recording, Reel, Spool, Spooling};
use crate::corpus::Utterance;
use crate::error::Result;
use crate::extract::{
    Computed, Found, Settings, Timed, features_of_window, read_kept, timed, unreadable,
};
use crate::features::Extractor;
use crate::job::{ContentKey, Job, Kept};

/// Windows that are computed, and rows that are written, at a time.
const PIECE: usize = 256;

/// Whether a recording is to be computed piece by piece.
pub fn is_long(found: &Found) -> bool {
    found.reel.recording.windows.len() > PIECE
}

/// Such a recording, on its way into rows.
pub struct Long {
    reel: Reel,
    windows: Vec<Range<usize>>,
    key: ContentKey,
    kept: Option<Kept>,
    /// The numbers of all its rows, one after the other.
    numbers: Spool,
    /// Rows that were given.
    given: usize,
}

impl Long {
    /// One whose rows are to be computed, unless an earlier run did.
    pub fn new(found: Found) -> Long {
        let Found {
            mut reel,
            key,
            kept,
        } = found;
        if kept.is_some() {
            reel.forget_samples();
        }
        Long {
            windows: std::mem::take(&mut reel.recording.windows),
            reel,
            key,
            kept,
            numbers: Spool::in_memory(Vec::new()),
            given: 0,
        }
    }

    /// What is known of it.
    pub fn recording(&self) -> &Recording {
        &self.reel.recording
    }

    /// Whether an earlier run computed it.
    pub fn is_kept(&self) -> bool {
        self.kept.is_some()
    }

    /// Gives the rows from the first on once more.
    pub fn begin_again(&mut self) {
        self.given = 0;
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        let windows = self.windows.len();
        self.kept.as_ref().map_or(windows, Kept::rows)
    }

    /// Computes all rows, if that has to be done: before the first is given, so that a recording that fails has
    /// none.
    pub fn compute(&mut self, utterance: &Utterance, settings: &Settings) -> Result<()> {
        if self.is_kept() {
            return Ok(());
        }
        let reel = &self.reel;
        let file = &utterance.file;
        let of_window = |extractor: &mut Extractor, window: &Range<usize>| {
            features_of_window(reel, window.clone(), extractor, file)
        };
        let mut numbers = Spooling::new(settings.limits.most_in_memory);
        for windows in self.windows.chunks(PIECE) {
            let windows = windows.par_iter();
            let computed = windows.map_init(|| Extractor::new(&settings.sets), of_window);
            for row in computed.collect::<Vec<_>>() {
                let found_place = numbers.push(&row?);
                found_place.map_err(|reason| unreadable(file, reason))?;
            }
        }
        let numbers = numbers.finish();
        self.numbers = numbers.map_err(|reason| unreadable(file, reason))?;
        self.reel.forget_samples();
        Ok(())
    }

    /// The next of its rows; none behind the last.
    pub fn next(
        &mut self,
        job: Option<&mut Job>,
        utterance: &Utterance,
        settings: &Settings,
    ) -> Result<Option<Computed>> {
        let rows = self.given..self.rows().min(self.given + PIECE);
        if rows.is_empty() {
            return Ok(None);
        }
        self.given = rows.end;
        let mut piece = Computed {
            recording: self.reel.recording.clone(),
            key: self.key,
            rows: Vec::new(),
            speech_s: Vec::new(),
            kept: self.kept.as_ref().map(|kept| kept.part(rows.clone())),
        };
        match job {
            Some(job) if piece.kept.is_some() => read_kept(job, vec![&mut piece], settings)?,
            _ => piece.rows = self.computed(rows, utterance, settings)?,
        }
        Ok(Some(piece))
    }

    fn computed(
        &self,
        rows: Range<usize>,
        utterance: &Utterance,
        settings: &Settings,
    ) -> Result<Vec<Timed>> {
        let file = &utterance.file;
        let width = self.numbers.len() / self.rows();
        let of_row = |row: usize| {
            let mut values = Vec::new();
            let numbers = row * width..(row + 1) * width;
            let read = self.numbers.read(numbers, &mut values);
            read.map_err(|reason| unreadable(file, reason))?;
            let window = &self.windows[row];
            Ok(timed(
                &self.reel.recording,
                utterance,
                settings,
                window,
                values,
            ))
        };
        rows.map(of_row).collect()
    }
}
