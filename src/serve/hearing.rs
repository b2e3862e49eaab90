//! How a recording is heard: the query's channel, turns and windows, and the limits of the server.

use std::ops::Range;

use axum::http::StatusCode;

use crate::audio::{self, Channel, Excerpt, ReadOptions, Segmentation, Turns};
use crate::error::Error;
use crate::predict::{Features, Prediction, Predictor, REASONS};
use crate::serve::App;
use crate::serve::answer::Refusal;
use crate::serve::query::Asked;
use crate::serve::recording::Upload;
use crate::serve::workers::Worker;

/// What a query may say of how a recording is read and cut.
pub const HEARD: [&str; 5] = ["channel", "segment", "window", "hop", "accept_truncated"];

/// Channels of a recording of which each is asked for: those of a surround mix.
const MOST_CHANNELS: usize = 8;
/// Windows that a recording may be cut into.
pub const MOST_WINDOWS: usize = 1024;

/// The seconds of all windows together, as a multiple of the longest recording's: how often each second may be
/// computed, so that nobody asks for hours of work in one request.
pub const MOST_OVERLAP: f64 = 4.0;

/// How a recording is heard: read and cut as a client asks, and no more of it than the server can bear.
#[derive(Clone)]
pub struct Hearing {
    pub predictor: Predictor,
    pub max_duration_s: f64,
}

impl Hearing {
    /// As `asked`, where it names one of [`HEARD`].
    pub fn of_query(app: &App, asked: &Asked) -> Result<Hearing, Refusal> {
        let bad = |error: Error| Refusal::bad(format!("query: {error}"));
        let (window, hop) = (asked.seconds("window")?, asked.seconds("hop")?);
        if window.is_none() && hop.is_some() {
            return Err(Refusal::bad(
                "query: hop without window; give window too, in seconds",
            ));
        }
        let windows = Segmentation::from_flags(window, hop).map_err(bad)?;
        let turns = asked.text("segment").map(str::parse::<Turns>);
        let mut predictor = app.predictor.clone();
        match turns.transpose().map_err(bad)? {
            Some(turns) => predictor = predictor.with_segmentation(windows.within(turns)),
            None if windows != Segmentation::Whole => {
                predictor = predictor.with_segmentation(windows);
            }
            None => {}
        }
        let channel = asked.text("channel").map(str::parse::<Channel>);
        if let Some(channel) = channel.transpose().map_err(bad)? {
            predictor = predictor.with_channel(channel);
        }
        if asked.flag("accept_truncated", false)? {
            predictor = predictor.accepting_truncated();
        }
        Ok(Hearing {
            predictor,
            max_duration_s: app.max_duration_s,
        })
    }

    /// What is said of a recording that came in, as JSON: a prediction, or one for each channel where that is asked for.
    pub fn answer(
        &self,
        upload: Upload,
        reasons: bool,
        worker: &mut Worker,
    ) -> Result<Vec<Prediction>, Refusal> {
        let heard = match self.is_of_each_channel() {
            true => self.of_each(upload, worker)?,
            false => vec![self.of(upload, worker)?],
        };
        self.predictions(&heard, reasons)
    }

    /// Whether every channel is asked for.
    pub fn is_of_each_channel(&self) -> bool {
        self.predictor.settings().channel == Channel::Each
    }

    /// The features of a recording that came in; its bytes are let go.
    pub fn of(&self, upload: Upload, worker: &mut Worker) -> Result<Features, Refusal> {
        let Upload { name, bytes, held } = upload;
        let options = self.options();
        let (heard, _) = self.read(bytes, &name, &options, worker)?;
        drop(held);
        Ok(heard)
    }

    /// The same of each channel.
    fn of_each(&self, upload: Upload, worker: &mut Worker) -> Result<Vec<Features>, Refusal> {
        let Upload { name, bytes, held } = upload;
        let mut all = Vec::new();
        let mut channels = 1;
        while all.len() < channels {
            let channel = Some(all.len());
            let options = ReadOptions {
                channel,
                ..self.options()
            };
            let (heard, of_file) = self.read(bytes.clone(), &name, &options, worker)?;
            check_channels(of_file).map_err(|reason| {
                Refusal::new(
                    StatusCode::UNPROCESSABLE_ENTITY,
                    format!("{name}: {reason}"),
                )
            })?;
            channels = of_file;
            all.push(Features { channel, ..heard });
        }
        drop(held);
        Ok(all)
    }

    /// What is said of a part of a sound that is still coming.
    pub fn answer_excerpt(
        &self,
        excerpt: Excerpt,
        name: &str,
        reasons: bool,
        worker: &mut Worker,
    ) -> Result<Prediction, Refusal> {
        let recording = excerpt.read(name, &self.options())?;
        let heard = self
            .predictor
            .features(&recording, name, &mut worker.features)?;
        Ok(self.predictions(&[heard], reasons)?.remove(0))
    }

    fn options(&self) -> ReadOptions {
        ReadOptions {
            max_duration_s: Some(self.max_duration_s),
            // `check_windows` sees to that.
            max_memory: None,
            ..self.predictor.settings().read_options(None, None)
        }
    }

    /// The features, and how many channels the file has.
    fn read(
        &self,
        bytes: Vec<u8>,
        name: &str,
        options: &ReadOptions,
        worker: &mut Worker,
    ) -> Result<(Features, usize), Refusal> {
        let recording = audio::read_bytes(bytes, name, options)?;
        let sample_rate = recording.audio.sample_rate;
        check_windows(&recording.windows, sample_rate, name, self.max_duration_s)?;
        let heard = self
            .predictor
            .features(&recording, name, &mut worker.features)?;
        Ok((heard, recording.channels))
    }

    /// What is said of what was heard.
    fn predictions(&self, heard: &[Features], reasons: bool) -> Result<Vec<Prediction>, Refusal> {
        let each = heard.iter().map(|one| {
            let one = std::slice::from_ref(one);
            let mut said = match reasons {
                true => self.predictor.explained(one, REASONS)?,
                false => self.predictor.predict(one)?,
            };
            Ok(said.pop().expect("one recording, one prediction"))
        });
        each.collect()
    }
}

/// Refuses a recording of which more channels would be taken than anybody wants.
pub fn check_channels(channels: usize) -> Result<(), String> {
    if channels <= MOST_CHANNELS {
        return Ok(());
    }
    Err(format!(
        "has {channels} channels; expected at most {MOST_CHANNELS}, ask for one by its number, as in channel=0"
    ))
}

/// Refuses a recording in windows that would take too long, or too much memory.
fn check_windows(
    windows: &[Range<usize>],
    sample_rate: u32,
    name: &str,
    max_duration_s: f64,
) -> Result<(), Refusal> {
    let n = windows.len();
    let samples: usize = windows.iter().map(ExactSizeIterator::len).sum();
    let seconds = samples as f64 / f64::from(sample_rate);
    let most_s = MOST_OVERLAP * max_duration_s;
    if n <= MOST_WINDOWS && seconds <= most_s {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::UNPROCESSABLE_ENTITY,
        format!(
            "{name}: would be cut into {n} windows of {seconds:.0} s together; expected at most {MOST_WINDOWS}, and {most_s} s; \
             choose a longer hop"
        ),
    ))
}

#[test]
fn windows_are_bounded_in_number_and_in_seconds() {
    let fine = |n, len| check_windows(&vec![0..len; n], 16_000, "x.wav", 600.0).is_ok();
    assert!(fine(1, 600 * 16_000) && fine(1024, 1600) && fine(4, 600 * 16_000));
    assert!(!fine(1025, 160) && !fine(5, 600 * 16_000));
}
