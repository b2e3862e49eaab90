//! A recording whose samples may lie on the disk. It is cut, mixed down, measured, trimmed, resampled and levelled block
//! by block, and read in windows. The size of the blocks does not change the result by a bit.

use std::ops::Range;

use crate::audio::augment::{Augmentation, LONGEST_S};
use crate::audio::decoded::Decoded;
use crate::audio::pauses::{self, Shortened};
use crate::audio::preprocess::scale;
use crate::audio::spool::{Spool, Spooling};
use crate::audio::{
    Audio, Gain, Pauses, Rate, ReadOptions, Recording, Segmentation, Turns, Window,
};
use crate::dsp::activity::{self, Activity};
use crate::dsp::bandwidth::Bandwidth;
use crate::dsp::channels::{Cancellation, Compared, Copies, Crosstalk, Others};
use crate::dsp::frame;
use crate::dsp::level::{self, FlatTops, LevelMeter, Levels, Loudness};
use crate::dsp::resample::Resampling;

/// A decoded recording of any length, whose samples are read when they are needed.
pub struct Reel {
    /// What is known of it. Its `audio` has no samples.
    pub recording: Recording,
    samples: Spool,
    /// What they are multiplied by, if by anything.
    factor: Option<f64>,
}

impl Reel {
    /// The samples `range` of those that features are computed from. The error says why they cannot be read.
    pub fn part(&self, range: Range<usize>) -> Result<Audio, String> {
        let mut samples = Vec::new();
        self.samples.read(range, &mut samples)?;
        scale(&mut samples, self.factor);
        Ok(Audio {
            samples,
            sample_rate: self.recording.audio.sample_rate,
        })
    }

    /// [`Recording::speech_s`].
    pub fn speech_s(&self) -> Result<Vec<f64>, String> {
        let mut samples = Vec::new();
        let windows = self.recording.windows.iter();
        let speech_s = windows.map(|window| {
            self.samples.read(window.clone(), &mut samples)?;
            Ok(self.recording.speech_in(window, &samples))
        });
        speech_s.collect()
    }

    /// Frees the samples once everything is computed.
    pub fn forget_samples(&mut self) {
        self.samples = Spool::in_memory(Vec::new());
    }

    /// The recording with all its samples in memory.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let path = "corpora/demo/f1_angry_s1.flac";
    /// let whole = audio::open(path, &ReadOptions::default())?.into_recording();
    /// let read = audio::read(path, &ReadOptions::default())?;
    /// assert_eq!(whole.expect("it fits into memory").audio, read.audio);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn into_recording(self) -> Result<Recording, String> {
        let mut recording = self.recording;
        recording.audio.samples = self.samples.into_vec()?;
        scale(&mut recording.audio.samples, self.factor);
        Ok(recording)
    }
}

/// Cuts the segment, mixes down, measures the quality; trims, resamples, brings to a level, cuts
/// into windows.
pub(super) fn prepare(decoded: Decoded, options: &ReadOptions) -> Result<Reel, String> {
    let Decoded {
        mut interleaved,
        channels,
        sample_rate,
        truncated,
    } = decoded;
    let rate = f64::from(sample_rate);
    let part = segment(interleaved.len() / channels, rate, options)?;
    interleaved.cut(part.start * channels..part.end * channels);
    let measured = Measured::of(interleaved, channels, sample_rate, options)?;
    let mut mono = measured.mono;
    let duration_s = mono.len() as f64 / rate;
    let (quality_rate, mut sample_rate, mut rate) = (sample_rate, sample_rate, rate);
    if let Some(augment) = options.augment {
        if duration_s > LONGEST_S {
            return Err(format!(
                "is {duration_s:.0} s long; copies (--augment) are made of recordings up to {LONGEST_S:.0} s"
            ));
        }
        if augment == Augmentation::Speed && options.segmentation != Segmentation::Whole {
            return Err(
                "cannot be cut, as times in a copy of another speed (augment) are not its own; expected recordings taken whole".into(),
            );
        }
        let (copy, copy_rate) =
            augment.apply(mono.into_vec()?, sample_rate, &measured.audio_hash)?;
        (mono, sample_rate) = (Spool::in_memory(copy), copy_rate);
        rate = f64::from(copy_rate);
    }
    let mut offset_s = 0.0;
    let others = |seconds: f64| measured.others.are_heard_at(seconds);
    let mut speech = None;
    if options.trim {
        // Silence around the sound tells what the noise is.
        speech = Some(speech_of(&mono, sample_rate, others)?);
        // At the file's own rate, before the resampler smears the bounds.
        let sounding = sounding(&mono, sample_rate)?;
        offset_s = sounding.start as f64 / rate;
        mono.cut(sounding);
    }
    let (samples, sample_rate_out) = match options.rate {
        Rate::Hz(hz) if hz != sample_rate => {
            let resampled = resampled(mono, sample_rate, hz, options.most_in_memory)?;
            (resampled, hz)
        }
        _ => (mono, sample_rate),
    };
    let speech = match speech {
        Some(speech) => {
            let scale = f64::from(sample_rate_out) / rate;
            let place = |sample: usize| {
                let place = (sample as f64 - offset_s * rate) * scale;
                (place.round().max(0.0) as usize).min(samples.len())
            };
            let places = speech.iter().map(|s| place(s.start)..place(s.end));
            places.filter(|stretch| !stretch.is_empty()).collect()
        }
        None => speech_of(&samples, sample_rate_out, others)?,
    };
    let is_long = options.turns_beyond_s.is_some_and(|most| duration_s > most);
    let segmentation = match options.segmentation {
        Segmentation::Whole if is_long => Segmentation::Speech(Turns::default()),
        other => other,
    };
    let shortened = match (segmentation, options.pauses) {
        (Segmentation::Whole, Pauses::Cut) => {
            pauses::shortened(&samples, &speech, sample_rate_out, options.most_in_memory)?
        }
        _ => None,
    };
    let (samples, speech) = match shortened {
        Some(Shortened { samples, speech }) => (samples, speech),
        None => (samples, speech),
    };
    let windows = match measured.copy_of {
        Some(_) => Vec::new(),
        None => {
            let cut = windows(segmentation, samples.len(), sample_rate_out, &speech);
            match options.segmentation {
                // One in which nobody speaks is a whole still.
                Segmentation::Whole if cut.is_empty() => {
                    std::iter::once(0..samples.len()).collect()
                }
                _ => cut,
            }
        }
    };
    let spoken: usize = speech.iter().map(|stretch| stretch.len()).sum();
    Ok(Reel {
        factor: factor(options.gain, &samples)?,
        samples,
        recording: Recording {
            audio: Audio {
                samples: Vec::new(),
                sample_rate: sample_rate_out,
            },
            offset_s,
            windows,
            speech_ratio: (spoken as f64 / f64::from(sample_rate_out) / duration_s).min(1.0),
            speech,
            instead_of_mean: measured.compared.instead_of_mean,
            channels_differ: measured.compared.differ,
            copy_of: measured.copy_of.map(|(channel, _)| channel),
            is_inverted: measured.copy_of.is_some_and(|(_, is_inverted)| is_inverted),
            audio_hash: measured.audio_hash,
            duration_s,
            sample_rate: quality_rate,
            channels,
            clipped_ratio: measured.clipped_ratio,
            flat_top_ratio: measured.flat_top_ratio,
            loud_db: measured.levels.loud_db,
            snr_db: measured.levels.snr_db,
            bandwidth_hz: measured.bandwidth_hz,
            truncated,
        },
    })
}

/// The stretches of samples in which somebody speaks. `is_other` says of a time in seconds whether what is heard then is
/// said on another channel.
fn speech_of(
    samples: &Spool,
    sample_rate: u32,
    is_other: impl Fn(f64) -> bool,
) -> Result<Vec<Range<usize>>, String> {
    let mut activity = Activity::new(sample_rate);
    samples.blocks(1, |block| {
        activity.push(block);
        Ok(())
    })?;
    Ok(activity.finish(is_other))
}

/// The samples of each row, of `len`.
fn windows(
    segmentation: Segmentation,
    len: usize,
    sample_rate: u32,
    speech: &[Range<usize>],
) -> Vec<Range<usize>> {
    let cut = |Window { width_s, hop_s }: Window, len: usize| {
        frame::windows(len, sample_rate, width_s, hop_s)
    };
    match segmentation {
        Segmentation::Whole => std::iter::once(0..len).collect(),
        Segmentation::Windows(window) => cut(window, len),
        Segmentation::Speech(turns) => {
            let bounds = [turns.min_s, turns.max_s, turns.gap_s];
            let turns_of = activity::turns(speech, sample_rate, bounds).into_iter();
            let Some(window) = turns.window else {
                return turns_of.collect();
            };
            let within = |turn: Range<usize>| {
                let start = turn.start;
                let windows = cut(window, turn.len()).into_iter();
                windows.map(move |window| start + window.start..start + window.end)
            };
            turns_of.flat_map(within).collect()
        }
    }
}

/// The samples of the segment that is asked for, of `n` in each channel.
fn segment(n: usize, rate: f64, options: &ReadOptions) -> Result<Range<usize>, String> {
    let (start_s, end_s) = options.segment;
    let start = (start_s * rate).round() as usize;
    let end = end_s.map_or(n, |end_s| (end_s * rate).round() as usize);
    let segment = format!(
        "segment {start_s} to {} s",
        end_s.unwrap_or(n as f64 / rate)
    );
    // 10 ms of grace: manifests round their times.
    if start >= n || end as f64 > n as f64 + 0.01 * rate {
        return Err(format!(
            "{segment} does not lie in the {:.3} s of the file",
            n as f64 / rate
        ));
    }
    let end = end.min(n);
    if start >= end {
        return Err(format!("{segment} holds no sample"));
    }
    Ok(start..end)
}

/// One channel, and what was found on the way to it.
struct Measured {
    mono: Spool,
    compared: Compared,
    /// The channel that is repeated, and whether it is inverted.
    copy_of: Option<(usize, bool)>,
    audio_hash: String,
    clipped_ratio: f64,
    flat_top_ratio: f64,
    levels: Levels,
    bandwidth_hz: f64,
    others: Others,
}

impl Measured {
    fn of(
        interleaved: Spool,
        channels: usize,
        sample_rate: u32,
        options: &ReadOptions,
    ) -> Result<Measured, String> {
        if let Some(channel) = options.channel.filter(|&channel| channel >= channels) {
            let last = channels - 1;
            return Err(format!(
                "has no channel {channel}; its {channels} are counted 0 to {last} (--channel)"
            ));
        }
        let n = interleaved.len();
        let mut hasher = blake3::Hasher::new();
        let mut bytes = Vec::new();
        let mut clipped = 0;
        let mut tops = FlatTops::new(channels);
        let mixed = |channel| Mixed::new(channel, channels, sample_rate, options.most_in_memory);
        let mut mix = mixed(options.channel);
        let is_mean = channels > 1 && options.channel.is_none();
        let mut cancellation = is_mean.then(|| Cancellation::new(channels, sample_rate));
        let own = options.channel.filter(|_| channels > 1);
        let mut crosstalk = own.map(|own| Crosstalk::new(own, channels, sample_rate));
        let mut copies = own
            .filter(|_| options.each_channel)
            .map(|own| Copies::new(own, channels));
        interleaved.blocks(channels, |block| {
            if let Some(copies) = &mut copies {
                copies.push(block);
            }
            if let Some(crosstalk) = &mut crosstalk {
                crosstalk.push(block);
            }
            for samples in block.chunks(4096) {
                bytes.clear();
                bytes.extend(samples.iter().flat_map(|x| x.to_le_bytes()));
                hasher.update(&bytes);
            }
            clipped += level::clipped(block);
            tops.push(block);
            if let Some(cancellation) = &mut cancellation {
                cancellation.push(block);
            }
            mix.push(block)
        })?;
        let compared = cancellation.map_or(Compared::default(), Cancellation::finish);
        if compared.instead_of_mean.is_some() {
            // Known only now, and seldom so: once more from the beginning.
            mix = mixed(compared.instead_of_mean);
            interleaved.blocks(channels, |block| mix.push(block))?;
        }
        let Mixed {
            meter,
            bandwidth,
            samples,
            ..
        } = mix;
        Ok(Measured {
            mono: match channels {
                1 => interleaved,
                _ => samples.finish()?,
            },
            compared,
            copy_of: copies.and_then(Copies::finish),
            audio_hash: hasher.finalize().to_hex().to_string(),
            clipped_ratio: clipped as f64 / n.max(1) as f64,
            flat_top_ratio: tops.ratio(n),
            levels: meter.finish(),
            bandwidth_hz: bandwidth.finish(),
            others: crosstalk.map_or(Others::default(), Crosstalk::finish),
        })
    }
}

/// One channel in the making.
struct Mixed {
    channels: usize,
    /// One of them; the mean of all, if it is `None`.
    channel: Option<usize>,
    meter: LevelMeter,
    bandwidth: Bandwidth,
    /// None where there is but one channel, which is there already.
    samples: Spooling,
    block: Vec<f32>,
}

impl Mixed {
    fn new(
        channel: Option<usize>,
        channels: usize,
        sample_rate: u32,
        most_in_memory: usize,
    ) -> Mixed {
        Mixed {
            channels,
            channel,
            meter: LevelMeter::new(sample_rate),
            bandwidth: Bandwidth::new(sample_rate),
            samples: Spooling::new(most_in_memory),
            block: Vec::new(),
        }
    }

    /// Takes the next samples, channels interleaved.
    fn push(&mut self, interleaved: &[f32]) -> Result<(), String> {
        let Mixed {
            channels,
            channel,
            block,
            ..
        } = self;
        if *channels == 1 {
            self.meter.push(interleaved);
            self.bandwidth.push(interleaved);
            return Ok(());
        }
        block.clear();
        match channel {
            Some(channel) => block.extend(interleaved.iter().skip(*channel).step_by(*channels)),
            None => {
                let mean = |frame: &[f32]| frame.iter().sum::<f32>() / frame.len() as f32;
                block.extend(interleaved.chunks_exact(*channels).map(mean));
            }
        }
        self.meter.push(block);
        self.bandwidth.push(block);
        self.samples.push(block)
    }
}

/// Where the sound lies between leading and trailing silence.
fn sounding(mono: &Spool, sample_rate: u32) -> Result<Range<usize>, String> {
    let mut loudness = Loudness::new(sample_rate);
    let mut take = |block: &[f32]| {
        loudness.push(block);
        Ok(())
    };
    mono.blocks(1, &mut take)?;
    let mut sounding = loudness.finish();
    mono.blocks(1, |block| {
        sounding.push(block);
        Ok(())
    })?;
    Ok(sounding.finish())
}

fn resampled(mono: Spool, from: u32, to: u32, most_in_memory: usize) -> Result<Spool, String> {
    let mut resampling = Resampling::new(from, to);
    let mut out = Spooling::new(most_in_memory);
    mono.blocks(1, |block| resampling.push(block, |made| out.push(made)))?;
    resampling.finish(|made| out.push(made))?;
    out.finish()
}

/// The factor of a gain.
fn factor(gain: Gain, samples: &Spool) -> Result<Option<f64>, String> {
    let (mut peak, mut squares) = (0.0, 0.0);
    if gain == Gain::None {
        return Ok(None);
    }
    samples.blocks(1, |block| {
        peak = level::larger_peak(peak, block);
        squares = level::more_squares(squares, block);
        Ok(())
    })?;
    Ok(gain.factor(peak, squares, samples.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio;

    /// 16 bits, stereo at 48 kHz: silence, a glide that clips and fades, silence.
    fn wav() -> Vec<u8> {
        let mut bytes = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x02\0".to_vec();
        bytes.extend(48_000_u32.to_le_bytes());
        bytes.extend(192_000_u32.to_le_bytes());
        bytes.extend(b"\x04\0\x10\0data\xff\xff\xff\xff");
        for i in 0..300_000 {
            let t = f64::from(i) / 48_000.0;
            let loud = if (0.4..5.9).contains(&t) {
                1.2 - 0.19 * t
            } else {
                0.0
            };
            let x = loud * (900.0 * t * (1.0 + 0.3 * t)).sin();
            for x in [x, 0.4 * x * (7.0 * t).cos()] {
                let sample = (x * 32767.0).clamp(-30_000.0, 30_000.0) as i16;
                bytes.extend(sample.to_le_bytes());
            }
        }
        bytes
    }

    /// All but the samples.
    fn known(mut recording: Recording) -> String {
        recording.audio.samples.clear();
        format!("{recording:?}")
    }

    #[test]
    fn what_lies_on_the_disk_is_what_would_be_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.wav");
        std::fs::write(&path, wav()).unwrap();
        let plain = ReadOptions::default();
        let trimmed = ReadOptions {
            trim: true,
            gain: Gain::Rms,
            segmentation: Segmentation::from_flags(Some(1.0), Some(0.3)).unwrap(),
            ..plain
        };
        let cases = [
            plain,
            trimmed,
            ReadOptions {
                channel: Some(1),
                gain: Gain::Peak,
                rate: Rate::Native,
                ..trimmed
            },
            ReadOptions {
                segment: (0.7, Some(4.21)),
                rate: Rate::Hz(11_025),
                ..trimmed
            },
            ReadOptions {
                segment: (0.01, None),
                rate: Rate::Hz(96_000),
                ..plain
            },
        ];
        for options in cases {
            let whole = audio::read(&path, &options).unwrap();
            for most_in_memory in [0, 1000, 250_000] {
                let options = ReadOptions {
                    most_in_memory,
                    ..options
                };
                let reel = audio::open(&path, &options).unwrap();
                for window in &whole.windows {
                    let part = reel.part(window.clone()).unwrap();
                    assert!(part == whole.audio.part(window.clone()));
                }
                let found = reel.into_recording().unwrap();
                assert!(found.audio == whole.audio, "{options:?}");
                // In words, in which a signal-to-noise ratio of NaN equals itself.
                assert_eq!(known(found), known(whole.clone()), "{options:?}");
            }
        }
    }
}
