//! How long a recording may be, how much memory it may take, and which rates it can have.

use crate::audio::{Rate, ReadOptions, Segmentation, Turns};

/// How to cut a recording that is too long.
pub const SPLIT: &str = "ffmpeg -i FILE -f segment -segment_time 600 part%03d.flac";

/// Samples over all channels that count as a second where the length is limited: two channels at 48
/// kHz.
const SAMPLES_PER_SECOND: u64 = 96_000;

/// Samples of all channels that a recording may hold where no limit of its length is given: 3 hours of mono at 48
/// kHz. Compressed silence decodes to a thousand times its size.
const MOST_SAMPLES: u64 = 1 << 29;

/// Sample rates that a recording can have; beyond them a header is damaged, and resampling would
/// take all the memory there is.
const RATES: std::ops::RangeInclusive<u32> = 1000..=768_000;

/// The memory that one recording may take, and how to estimate what it would take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryLimit {
    /// What it may take, in MB.
    pub most_mb: f64,
    /// What each sample takes that is computed on at once, in bytes: all of the recording or the
    /// segment, or those of a window.
    pub per_sample: f64,
    /// What each second of the recording takes in any case, in bytes.
    pub per_second: f64,
}

/// How long a recording is, as far as that is known.
#[derive(Debug, Clone, Copy)]
pub struct Extent {
    /// Samples of each channel.
    pub frames: u64,
    pub channels: u64,
    pub sample_rate: u32,
    /// That is what its header says; otherwise it has as many at least.
    pub is_known: bool,
}

impl ReadOptions {
    /// Why a recording of such an extent is not read, if it is not: what follows its container's name.
    pub(super) fn refuse(&self, extent: Extent) -> Option<String> {
        self.too_long(extent).or_else(|| self.too_large(extent))
    }

    /// Why a file of so many bytes is not read, if it is not, where all of them have to be in memory.
    pub(super) fn refuse_whole(&self, bytes: u64) -> Option<String> {
        let most_mb = self.max_memory?.most_mb;
        let mb = bytes as f64 / 1e6;
        (mb > most_mb).then(|| {
            format!(
                "of {mb:.0} MB, all of which are held in memory; expected at most {most_mb} MB; convert it to FLAC or \
                 WAV, which are not, or allow more with --max-memory"
            )
        })
    }

    fn too_long(&self, extent: Extent) -> Option<String> {
        let samples = extent.frames.saturating_mul(extent.channels);
        let Some(max_s) = self.max_duration_s else {
            return (samples > MOST_SAMPLES).then(|| {
                let found = match extent.is_known {
                    true => format!("of {} samples", extent.frames),
                    false => format!("of {} samples and more", extent.frames),
                };
                format!(
                    "{found} in {} channels; expected at most {MOST_SAMPLES} in all; cut it into parts, for \
                     example with `{SPLIT}`",
                    extent.channels
                )
            });
        };
        let per_second = (u64::from(extent.sample_rate) * extent.channels).min(SAMPLES_PER_SECOND);
        (samples as f64 > max_s * per_second as f64).then(|| {
            let most = max_s * SAMPLES_PER_SECOND as f64;
            format!(
                "{}, too long: expected at most {max_s} s (--max-duration), and {most} samples in all \
                 channels; cut it into parts, for example with `{SPLIT}`",
                extent.shown()
            )
        })
    }

    fn too_large(&self, extent: Extent) -> Option<String> {
        let limit = self.max_memory?;
        let (from_s, to_s) = self.segment;
        let seconds = extent.seconds();
        let seconds = to_s.map_or(seconds, |to_s| seconds.min(to_s)) - from_s;
        let longest_s = match self.segmentation {
            Segmentation::Whole if self.turns_beyond_s.is_some_and(|most| seconds > most) => {
                Some(Turns::default().max_s)
            }
            other => other.longest_s(),
        };
        let at_once_s = longest_s.map_or(seconds, |longest_s| seconds.min(longest_s));
        let rate = match self.rate {
            Rate::Hz(hz) => hz,
            Rate::Native => extent.sample_rate,
        };
        let samples = at_once_s * f64::from(rate);
        let takes_mb = (samples * limit.per_sample + seconds * limit.per_second) / 1e6;
        (takes_mb > limit.most_mb).then(|| {
            let more = if extent.is_known { "" } else { "more than " };
            let of_it = match self.segment {
                (0.0, None) => "which".to_string(),
                _ => format!("{seconds:.0} s of which"),
            };
            let cut = match longest_s {
                // The contours of all of it are held.
                None if limit.per_second > 0.0 => format!("cut it into parts, for example with `{SPLIT}`"),
                None => "cut it into stretches of speech or windows with --segment or --window".into(),
                Some(_) if self.segmentation.window().is_none() => {
                    format!("cut it into parts, for example with `{SPLIT}`")
                }
                Some(_) if seconds * limit.per_second > samples * limit.per_sample => {
                    "use windows further apart (--hop)".into()
                }
                Some(_) => "use shorter windows (--window)".into(),
            };
            format!(
                "{}, {of_it} would take {more}{takes_mb:.0} MB of memory; expected at most {} MB; {cut}, or allow \
                 more with --max-memory",
                extent.shown(),
                limit.most_mb
            )
        })
    }
}

impl Extent {
    fn seconds(self) -> f64 {
        self.frames as f64 / f64::from(self.sample_rate.max(1))
    }

    fn shown(self) -> String {
        let seconds = self.seconds();
        match self.is_known {
            true => format!("of {seconds:.0} s by its header"),
            false => format!("of more than {seconds:.0} s"),
        }
    }
}

/// Refuses a rate that no recording has; `name` is the container's.
pub fn check_rate(name: &str, sample_rate: u32) -> Result<(), String> {
    if RATES.contains(&sample_rate) {
        return Ok(());
    }
    Err(format!(
        "{name} whose header says {sample_rate} Hz; expected {} to {} Hz",
        RATES.start(),
        RATES.end()
    ))
}

#[test]
fn a_limit_of_memory_counts_what_is_computed_at_once() {
    use crate::audio::Segmentation;
    let limit = MemoryLimit {
        most_mb: 100.0,
        per_sample: 20.0,
        per_second: 0.0,
    };
    let whole = ReadOptions {
        max_memory: Some(limit),
        ..ReadOptions::default()
    };
    // 2 channels at 48 kHz become one at 16 kHz: 320 kB a second.
    let extent = |seconds: u64, is_known| Extent {
        frames: seconds * 48_000,
        channels: 2,
        sample_rate: 48_000,
        is_known,
    };
    assert_eq!(whole.refuse(extent(312, true)), None);
    assert_eq!(
        whole.refuse(extent(3600, true)).unwrap(),
        "of 3600 s by its header, which would take 1152 MB of memory; expected at most 100 MB; cut it into stretches of \
         speech or windows with --segment or --window, or allow more with --max-memory"
    );
    let turns = ReadOptions {
        segmentation: Segmentation::Speech(Turns::default()),
        ..whole
    };
    let by_turn = ReadOptions {
        turns_beyond_s: Some(20.0),
        ..whole
    };
    for cut in [turns, by_turn] {
        assert_eq!(cut.refuse(extent(5000, true)), None);
    }
    let more = whole.refuse(extent(313, false)).unwrap();
    assert!(
        more.starts_with("of more than 313 s, which would take more than 100 MB"),
        "{more}"
    );
    let windows = ReadOptions {
        segmentation: Segmentation::from_flags(Some(3.0), None).unwrap(),
        ..whole
    };
    assert_eq!(windows.refuse(extent(5000, true)), None);
    let kept = ReadOptions {
        max_memory: Some(MemoryLimit {
            per_second: 1e5,
            ..limit
        }),
        ..windows
    };
    let refused = kept.refuse(extent(5000, true)).unwrap();
    assert!(
        refused.contains("take 501 MB") && refused.contains("--hop"),
        "{refused}"
    );
    let segment = ReadOptions {
        segment: (3000.0, Some(3010.0)),
        ..whole
    };
    assert_eq!(segment.refuse(extent(5000, true)), None);
    let contours = ReadOptions {
        max_memory: kept.max_memory,
        ..whole
    };
    let refused = contours.refuse(extent(5000, true)).unwrap();
    assert!(refused.contains("cut it into parts"), "{refused}");
    assert_eq!(whole.refuse_whole(100_000_000), None);
    assert!(whole.refuse_whole(100_000_001).is_some());
    let long = ReadOptions {
        max_duration_s: Some(4000.0),
        ..segment
    };
    let refused = long.refuse(extent(5000, true)).unwrap();
    assert!(
        refused.starts_with(
            "of 5000 s by its header, too long: expected at most 4000 s (--max-duration)"
        ),
        "{refused}"
    );
}
