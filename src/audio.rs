//! Reads recordings: decodes them by content (with Symphonia, and decoders of its own for Opus, GSM and NIST
//! SPHERE), mixes down, resamples (rubato), and on request trims, levels and cuts into windows.

mod aac;
mod adts;
mod aiff;
mod atoms;
mod au;
mod augment;
mod bytes;
mod caf;
mod chunks;
mod codec;
mod container;
mod crc;
mod decode;
mod decoded;
mod flac;
mod frames;
mod gsm;
mod ima4;
mod join;
mod limits;
mod live;
mod mp3;
mod mp4;
mod mpeg;
mod ogg;
mod opus;
mod packets;
mod pauses;
mod pcm;
mod preprocess;
mod quality;
mod reel;
mod riff;
mod sample_entry;
mod sample_tables;
mod sphere;
mod spool;
mod stream;
mod tags;
mod wave_format;
mod webm;

use std::fmt;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use augment::Augmentation;
pub use limits::MemoryLimit;
pub use live::{Excerpt, Live, MOST_HELD};
pub use pauses::{LONGEST_PAUSE_S, Pauses};
pub use preprocess::{Gain, Segmentation, Turns, Window};
pub use quality::Quality;
pub use reel::Reel;
pub use spool::{Spool, Spooling};

use crate::audio::bytes::Bytes;
use crate::audio::container::Container;
use crate::audio::decoded::Decoded;
use crate::dsp::speech;
use crate::error::{Error, Result, Stage, guarded};

/// Every container that is read, in the order in which a file is tried: those that are known by their first bytes before
/// those that are known by frames.
static CONTAINERS: [&Container; 15] = [
    &riff::CONTAINER,
    &flac::CONTAINER,
    &mp3::LAYER_3,
    &mp3::LAYER_2,
    &mp3::LAYER_1,
    &ogg::CONTAINER,
    &webm::CONTAINER,
    &mp4::CONTAINER,
    &adts::CONTAINER,
    &flac::FRAMES,
    &aiff::CONTAINER,
    &au::CONTAINER,
    &caf::CONTAINER,
    &gsm::CONTAINER,
    &sphere::CONTAINER,
];

/// One channel of sound.
///
/// ```
/// use sentire::prelude::*;
///
/// let tone = Audio { samples: vec![0.5; 8000], sample_rate: 16_000 };
/// assert_eq!(tone.duration_s(), 0.5);
/// assert_eq!(tone.part(0..1600).duration_s(), 0.1);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Audio {
    /// Samples, full scale is -1 to 1.
    pub samples: Vec<f32>,
    /// In Hz.
    pub sample_rate: u32,
}

impl Audio {
    /// Length in seconds.
    pub fn duration_s(&self) -> f64 {
        self.samples.len() as f64 / f64::from(self.sample_rate)
    }

    /// The samples `range` of it.
    pub fn part(&self, range: Range<usize>) -> Audio {
        Audio {
            samples: self.samples[range].to_vec(),
            sample_rate: self.sample_rate,
        }
    }
}

/// What a telephone's recordings are made at; features of no higher rate miss nothing in them.
const TELEPHONE_HZ: u32 = 8000;
/// Share of the band that features are computed of: at 16 kHz, the 4 kHz of a telephone are half.
const NARROW: f64 = 0.55;

/// A decoded recording and what is known of its quality.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// What features are computed from: one channel at the requested rate, trimmed and levelled as requested.
    /// The other fields describe the sound as it was decoded.
    pub audio: Audio,
    /// Where `audio` begins in the recording, or in the requested part of it, in seconds: the length of the
    /// silence that was trimmed.
    pub offset_s: f64,
    /// The samples of `audio` that each row of features is computed from: one range over all of them, or one for
    /// each window, or for each turn.
    pub windows: Vec<Range<usize>>,
    /// The samples of `audio` in which somebody speaks ([`activity`](crate::dsp::activity)), in the order of time and apart
    /// from each other.
    pub speech: Vec<Range<usize>>,
    /// The channel that was taken because the channels cancel each other in their mean
    /// ([`Cancellation`](crate::dsp::channels::Cancellation)); `None` if they do not, or if a channel was requested.
    pub instead_of_mean: Option<usize>,
    /// Whether the mean was taken of channels that carry different voices or sounds.
    pub channels_differ: bool,
    /// The earlier channel that this one repeats, at whatever level, where [each](ReadOptions::each_channel) is read; it then
    /// has no [`windows`](Recording::windows).
    pub copy_of: Option<usize>,
    /// Whether it repeats it upside down, as where wires were swapped.
    pub is_inverted: bool,
    /// BLAKE3 of the decoded samples (f32, little-endian, channels interleaved, at the original
    /// rate), in hex. Recordings with the same rate, channels and hash hold the same sound,
    /// whatever their containers.
    pub audio_hash: String,
    /// Length of the recording, or of the requested part of it, in seconds.
    pub duration_s: f64,
    /// Sample rate of the file in Hz.
    pub sample_rate: u32,
    /// Number of channels of the file.
    pub channels: usize,
    /// Share of samples at full scale, 0 to 1, over all channels.
    pub clipped_ratio: f64,
    /// Share of samples on flat tops, 0 to 1, in the channel that has most of them.
    pub flat_top_ratio: f64,
    /// Level of the loud parts in dB re full scale; minus infinity for digital silence.
    pub loud_db: f64,
    /// Share of the recording that is speech rather than pause or noise, 0 to 1.
    pub speech_ratio: f64,
    /// Level of the loud parts above the quiet ones, in dB; NaN if the quiet ones are digital silence.
    pub snr_db: f64,
    /// Up to which frequency it has sound, in Hz ([`bandwidth`](crate::dsp::bandwidth)); NaN where nothing is heard that comes
    /// and goes, as speech does.
    pub bandwidth_hz: f64,
    /// The file broke off, and what decoded was kept.
    pub truncated: bool,
}

impl Recording {
    /// How many seconds of speech there are in each window, in the order of [`windows`](Recording::windows): of
    /// [`speech`](Recording::speech), where a voice is heard in the window ([`has_speech`](crate::dsp::speech::has_speech)).
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let options = ReadOptions { segmentation: Segmentation::Windows(Window::new(0.5, None)?), ..ReadOptions::default() };
    /// let recording = audio::read("corpora/demo/f1_angry_s1.flac", &options)?;
    /// let speech_s = recording.speech_s();
    /// assert_eq!(speech_s.len(), recording.windows.len());
    /// assert!(speech_s.iter().any(|&seconds| seconds > 0.3), "somebody speaks in it");
    /// # Ok::<(), Error>(())
    /// ```
    pub fn speech_s(&self) -> Vec<f64> {
        let windows = self.windows.iter();
        windows
            .map(|window| self.speech_in(window, &self.audio.samples[window.clone()]))
            .collect()
    }

    /// The same of one window with these samples.
    fn speech_in(&self, window: &Range<usize>, samples: &[f32]) -> f64 {
        let rate = self.audio.sample_rate;
        match speech::has_speech(samples, rate) {
            true => self.spoken(window) as f64 / f64::from(rate),
            false => 0.0,
        }
    }

    /// Whether it lacks what lies above a telephone's band, and features are computed of that, too: its sample rate is below
    /// theirs, or its sound ends below 55 % of what theirs can hold.
    pub fn is_narrow(&self) -> bool {
        let rate = self.audio.sample_rate;
        let ends_low = self.bandwidth_hz < NARROW * f64::from(rate) / 2.0;
        rate > TELEPHONE_HZ && (self.sample_rate < rate || ends_low)
    }

    /// How many of these samples are speech.
    fn spoken(&self, window: &Range<usize>) -> usize {
        let common = |stretch: &Range<usize>| {
            let (start, end) = (stretch.start.max(window.start), stretch.end.min(window.end));
            end.saturating_sub(start)
        };
        self.speech.iter().map(common).sum()
    }

    /// Share of the part from `start_s` to `end_s`, in seconds from where the recording, or the requested part of it, begins,
    /// that is speech, 0 to 1.
    pub fn speech_ratio_between(&self, start_s: f64, end_s: f64) -> f64 {
        let rate = f64::from(self.audio.sample_rate);
        let sample = |seconds: f64| ((seconds - self.offset_s) * rate).round().max(0.0) as usize;
        let spoken = self.spoken(&(sample(start_s)..sample(end_s)));
        (spoken as f64 / rate / (end_s - start_s)).clamp(0.0, 1.0)
    }
}

/// The warning for the recording `file`, of which the channel `taken` was used [instead of the
/// mean](Recording::instead_of_mean).
///
/// ```
/// use sentire::prelude::*;
///
/// let note = audio::channels_cancel("call.wav", 0);
/// assert!(note.starts_with("call.wav: its channels cancel each other"));
/// ```
pub fn channels_cancel(file: &str, taken: usize) -> String {
    format!(
        "{file}: its channels cancel each other when they are averaged; channel {taken} is taken instead"
    )
}

/// The warning for the recording `file`, whose [channels differ](Recording::channels_differ).
///
/// ```
/// use sentire::prelude::*;
///
/// assert!(audio::channels_are_two("call.wav").contains("--channel each"));
/// ```
pub fn channels_are_two(file: &str) -> String {
    format!(
        "{file}: its channels carry different voices, and their mean is taken; --channel each takes them apart"
    )
}

/// The warning for so many recordings whose own sample rate is below the one that a model's features are computed at.
///
/// ```
/// use sentire::prelude::*;
///
/// assert!(audio::are_narrow("1 recording", 16_000).contains("--rate 8000"));
/// ```
pub fn are_narrow(recordings: &str, rate: u32) -> String {
    format!(
        "{recordings} without the upper half of what the model hears (up to {} Hz), as from a telephone: it may be sure and wrong; train \
         one for them on a table by `extract --rate 8000`",
        rate / 2
    )
}

/// Which channel of recordings is taken.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("1".parse::<Channel>()?, Channel::One(1));
/// assert_eq!("each".parse::<Channel>()?, Channel::Each);
/// assert!("left".parse::<Channel>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Channel {
    /// The mean of all.
    #[default]
    Mean,
    /// This one, counted from 0.
    One(usize),
    /// Each as a recording of its own, but for such as repeat an earlier one.
    Each,
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Channel::Mean => f.write_str("mean"),
            Channel::One(channel) => channel.fmt(f),
            Channel::Each => f.write_str("each"),
        }
    }
}

impl FromStr for Channel {
    type Err = Error;

    fn from_str(text: &str) -> Result<Channel> {
        match text {
            "mean" => Ok(Channel::Mean),
            "each" => Ok(Channel::Each),
            _ => text.parse().map(Channel::One).map_err(|_| {
                Error::Usage(format!(
                    "channel {text:?}: expected a number, counted from 0, mean or each"
                ))
            }),
        }
    }
}

/// The sample rate at which features are computed: `native`, or 4000 to 768000 Hz when parsed.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!("8000".parse::<Rate>()?, Rate::Hz(8000));
/// assert_eq!("native".parse::<Rate>()?, Rate::Native);
/// assert!("100".parse::<Rate>().is_err());
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Rate {
    /// Resample to this many Hz.
    Hz(u32),
    /// Keep each file's own rate.
    Native,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rate::Hz(hz) => hz.fmt(f),
            Rate::Native => f.write_str("native"),
        }
    }
}

impl FromStr for Rate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Rate> {
        match text.parse() {
            Ok(hz @ 4000..=768_000) => Ok(Rate::Hz(hz)),
            _ if text == "native" => Ok(Rate::Native),
            _ => Err(Error::Usage(format!(
                "rate {text:?}: expected 4000 to 768000 (Hz) or `native`"
            ))),
        }
    }
}

/// How to read a recording.
///
/// ```
/// use sentire::prelude::*;
///
/// let options = ReadOptions {
///     rate: Rate::Native,
///     segment: (0.25, Some(0.75)),
///     ..ReadOptions::default()
/// };
/// let half_a_second = audio::read("corpora/demo/f1_angry_s1.flac", &options)?;
/// assert_eq!(half_a_second.duration_s, 0.5);
/// assert_eq!(half_a_second.audio.samples.len(), 8000);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadOptions {
    /// The rate to resample to.
    pub rate: Rate,
    /// One channel, counted from 0; `None` takes the mean of all or, if they cancel each other in it, one of them
    /// ([`Recording::instead_of_mean`]).
    pub channel: Option<usize>,
    /// Whether all channels are read one after the other, so that one that repeats an earlier one needs no rows
    /// ([`Recording::copy_of`]).
    pub each_channel: bool,
    /// Keep the part that decodes of a file that breaks off, instead of refusing it.
    pub accept_truncated: bool,
    /// The part to read, in seconds: from, to (`None`: the end).
    pub segment: (f64, Option<f64>),
    /// Read the copy that is made so. What is known of quality and length stays that of the recording.
    pub augment: Option<Augmentation>,
    /// Leave out the silence before and after the sound.
    pub trim: bool,
    /// The level to bring the sound to, after trimming.
    pub gain: Gain,
    /// How to cut it.
    pub segmentation: Segmentation,
    /// What becomes of its pauses where it is taken whole.
    pub pauses: Pauses,
    /// Cut a recording that is longer than this, in seconds, into its turns where it is to be taken whole.
    pub turns_beyond_s: Option<f64>,
    /// Refuse a recording that is longer than this, in seconds, before all of it is decoded: a
    /// small file can hold hours of silence. One of more samples over all channels than two have at
    /// 48 kHz in that time is refused too, so that this bounds the room that it takes as well. `None` allows 2^29
    /// samples over all channels.
    pub max_duration_s: Option<f64>,
    /// Refuse a recording whose features would take more memory than this to compute.
    pub max_memory: Option<MemoryLimit>,
    /// The most samples held in memory while a recording is decoded and prepared; beyond that they go to temporary
    /// files. WAV, AIFF, CAF and FLAC files with more bytes than this are read from the disk as needed, other files
    /// are held in memory whole. The result is the same to the bit.
    pub most_in_memory: usize,
}

/// How long a recording may be by default, in seconds: a day.
pub const MAX_DURATION_S: f64 = 86_400.0;

/// The default of [`ReadOptions::most_in_memory`]: 32 MB of samples, 9 minutes at 16 kHz.
pub const MOST_IN_MEMORY: usize = 1 << 23;

impl Default for ReadOptions {
    fn default() -> ReadOptions {
        ReadOptions {
            rate: Rate::Hz(16_000),
            channel: None,
            each_channel: false,
            accept_truncated: false,
            segment: (0.0, None),
            augment: None,
            trim: false,
            gain: Gain::None,
            segmentation: Segmentation::Whole,
            pauses: Pauses::Keep,
            turns_beyond_s: None,
            max_duration_s: None,
            max_memory: None,
            most_in_memory: MOST_IN_MEMORY,
        }
    }
}

/// Extensions of the files that count as recordings when a folder is searched. How a file is decoded depends on its
/// content.
///
/// ```
/// use sentire::prelude::*;
///
/// let known: Vec<&str> = audio::extensions().collect();
/// assert!(known.contains(&"flac") && known.contains(&"m4a"));
/// ```
pub fn extensions() -> impl Iterator<Item = &'static str> {
    CONTAINERS
        .iter()
        .flat_map(|container| container.extensions.iter().copied())
}

/// Whether the extension of `path` is one of [`extensions`], in upper or lower case.
///
/// ```
/// use sentire::prelude::*;
/// use std::path::Path;
///
/// assert!(audio::has_audio_extension(Path::new("calls/MONDAY.WAV")));
/// assert!(!audio::has_audio_extension(Path::new("calls/notes.txt")));
/// ```
pub fn has_audio_extension(path: &Path) -> bool {
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    extensions().any(|known| known.eq_ignore_ascii_case(extension))
}

/// Reads the recording at `path` into memory. Errors name the file and the stage: open, decode or preprocess.
///
/// ```
/// use sentire::prelude::*;
///
/// let recording = audio::read("corpora/demo/f1_angry_s1.flac", &ReadOptions::default())?;
/// assert_eq!((recording.sample_rate, recording.channels), (16_000, 1));
/// assert_eq!(recording.duration_s, recording.audio.duration_s());
/// assert!(recording.audio.samples.iter().all(|x| x.abs() <= 1.0));
///
/// let missing = audio::read("corpora/demo/nobody.flac", &ReadOptions::default());
/// assert!(missing.unwrap_err().to_string().starts_with("corpora/demo/nobody.flac: "));
/// # Ok::<(), Error>(())
/// ```
pub fn read(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Recording> {
    let path = path.as_ref();
    in_memory(open(path, options)?, &path.display().to_string())
}

/// How many channels the recording at `path` has, by its header and its first packet.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!(audio::channels("corpora/demo/f1_angry_s1.flac")?, 1);
/// # Ok::<(), Error>(())
/// ```
pub fn channels(path: impl AsRef<Path>) -> Result<usize> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let options = ReadOptions::default();
    let bytes = bytes_of(path, options.most_in_memory as u64)
        .map_err(|cause| failure(&name, Stage::Open, cause.to_string()))?;
    guarded(&name, Stage::Decode, || decode::channels(bytes, &options))?
        .map_err(|refusal| failure(&name, Stage::Decode, refusal.reason))
}

/// Decodes the bytes of a recording's file; error messages call it `name`.
///
/// ```
/// use sentire::prelude::*;
///
/// let path = "corpora/demo/f1_angry_s1.flac";
/// let bytes = std::fs::read(path).expect("a recording of the demo corpus");
/// let sent = audio::read_bytes(bytes, "upload", &ReadOptions::default())?;
/// let stored = audio::read(path, &ReadOptions::default())?;
/// assert_eq!(sent.audio_hash, stored.audio_hash);
/// # Ok::<(), Error>(())
/// ```
pub fn read_bytes(bytes: Vec<u8>, name: &str, options: &ReadOptions) -> Result<Recording> {
    in_memory(decoded(Bytes::in_memory(bytes), name, options)?, name)
}

/// The recording that a file with these samples would be: `channels` of them interleaved, full scale being 1; error messages
/// call it `name`. An error if they do not make whole frames, if one is NaN or far beyond full scale, or if the rate is none
/// that recordings have.
///
/// ```
/// use sentire::prelude::*;
///
/// let stored = audio::read("corpora/demo/f1_angry_s1.flac", &ReadOptions::default())?;
/// let samples = stored.audio.samples.clone();
/// let made = audio::from_samples(samples, 1, 16_000, "microphone", &ReadOptions::default())?;
/// assert_eq!(made, stored);
/// assert!(audio::from_samples(vec![f32::NAN], 1, 16_000, "microphone", &ReadOptions::default()).is_err());
/// # Ok::<(), Error>(())
/// ```
pub fn from_samples(
    interleaved: Vec<f32>,
    channels: usize,
    sample_rate: u32,
    name: &str,
    options: &ReadOptions,
) -> Result<Recording> {
    let refused = |reason: String| failure(name, Stage::Decode, reason);
    if interleaved.is_empty() || channels == 0 || !interleaved.len().is_multiple_of(channels) {
        return Err(refused(format!(
            "{} samples in {channels} channels; expected as many of each channel, and at least one",
            interleaved.len()
        )));
    }
    limits::check_rate("a recording", sample_rate).map_err(refused)?;
    let decoded = Decoded {
        interleaved: Spool::in_memory(interleaved),
        channels,
        sample_rate,
        truncated: false,
    };
    decode::check_samples(&decoded).map_err(refused)?;
    let reel = reel::prepare(decoded, options);
    in_memory(
        reel.map_err(|reason| failure(name, Stage::Preprocess, reason))?,
        name,
    )
}

/// Reads the recording at `path` without holding all of it in memory
/// ([`most_in_memory`](ReadOptions::most_in_memory)): for recordings of any length.
///
/// ```
/// use sentire::prelude::*;
///
/// let options = ReadOptions { segmentation: Segmentation::Windows(Window::new(0.5, None)?), ..ReadOptions::default() };
/// let reel = audio::open("corpora/demo/f1_angry_s1.flac", &options)?;
/// let first = reel.part(reel.recording.windows[0].clone()).expect("its samples are at hand");
/// assert_eq!(first.duration_s(), 0.5);
/// # Ok::<(), Error>(())
/// ```
pub fn open(path: impl AsRef<Path>, options: &ReadOptions) -> Result<Reel> {
    let path = path.as_ref();
    let name = path.display().to_string();
    let bytes = bytes_of(path, options.most_in_memory as u64);
    let bytes = bytes.map_err(|cause| {
        // What manifests and messages say of it is not what the folder calls it.
        let reason = match cause.kind() {
            std::io::ErrorKind::NotFound if name.contains(char::REPLACEMENT_CHARACTER) => {
                "is not found under this name, which is not UTF-8 in its folder; rename it".into()
            }
            std::io::ErrorKind::IsADirectory => {
                "is a folder; expected a recording (`sentire score FOLDER` takes all that are in one)".into()
            }
            _ => cause.to_string(),
        };
        failure(&name, Stage::Open, reason)
    })?;
    decoded(bytes, &name, options)
}

/// The bytes of a file; those of a long one stay where they are. What is no regular file can be read but once.
fn bytes_of(path: &Path, most_in_memory: u64) -> std::io::Result<Bytes> {
    let mut file = std::fs::File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.len() > most_in_memory {
        return Ok(Bytes::on_disk(file, metadata.len()));
    }
    let mut bytes = Vec::with_capacity(metadata.len() as usize);
    file.read_to_end(&mut bytes)?;
    Ok(Bytes::in_memory(bytes))
}

fn decoded(bytes: Bytes, name: &str, options: &ReadOptions) -> Result<Reel> {
    // Decoders are written for files that encoders make; on others they may panic.
    let decoded = guarded(name, Stage::Decode, || decode::decode(bytes, options))?;
    let decoded = decoded.map_err(|refusal| Error::Audio {
        file: name.to_string(),
        stage: Stage::Decode,
        reason: refusal.reason,
        is_empty: refusal.is_empty,
    })?;
    reel::prepare(decoded, options).map_err(|reason| failure(name, Stage::Preprocess, reason))
}

fn in_memory(reel: Reel, name: &str) -> Result<Recording> {
    let recording = reel.into_recording();
    recording.map_err(|reason| failure(name, Stage::Preprocess, reason))
}

/// Whether a recording failed because it is empty: no byte, or a header without samples.
///
/// ```
/// use sentire::prelude::*;
///
/// let nothing = audio::read_bytes(Vec::new(), "x.wav", &ReadOptions::default());
/// assert!(audio::is_empty(&nothing.unwrap_err()));
/// let text = audio::read_bytes(b"not a recording".to_vec(), "x.wav", &ReadOptions::default());
/// assert!(!audio::is_empty(&text.unwrap_err()));
/// ```
pub fn is_empty(error: &Error) -> bool {
    matches!(error, Error::Audio { is_empty: true, .. })
}

fn failure(file: &str, stage: Stage, reason: String) -> Error {
    Error::Audio {
        file: file.to_string(),
        stage,
        reason,
        is_empty: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A WAV of 16-bit samples; `data_len` is what its header says.
    fn wav(samples: &[i16], channels: u16, sample_rate: u32, data_len: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(b"RIFF");
        bytes.extend(data_len.saturating_add(36).to_le_bytes());
        bytes.extend(b"WAVEfmt ");
        bytes.extend(16_u32.to_le_bytes());
        bytes.extend(1_u16.to_le_bytes());
        bytes.extend(channels.to_le_bytes());
        bytes.extend(sample_rate.to_le_bytes());
        bytes.extend((sample_rate * u32::from(channels) * 2).to_le_bytes());
        bytes.extend((channels * 2).to_le_bytes());
        bytes.extend(16_u16.to_le_bytes());
        bytes.extend(b"data");
        bytes.extend(data_len.to_le_bytes());
        bytes.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
        bytes
    }

    #[test]
    fn channels_are_averaged_or_picked() {
        let bytes = wav(&[16384, 0, 16384, 8192], 2, 16000, 8);
        let options = ReadOptions::default();
        let mean = read_bytes(bytes.clone(), "x.wav", &options).unwrap();
        assert_eq!(mean.audio.samples, [0.25, 0.375]);
        assert_eq!((mean.channels, mean.sample_rate), (2, 16000));
        let right = read_bytes(
            bytes.clone(),
            "x.wav",
            &ReadOptions {
                channel: Some(1),
                ..options
            },
        )
        .unwrap();
        assert_eq!(right.audio.samples, [0.0, 0.25]);
        assert_eq!(
            right.audio_hash, mean.audio_hash,
            "the hash is that of the file's samples"
        );
        let none = read_bytes(
            bytes,
            "x.wav",
            &ReadOptions {
                channel: Some(2),
                ..options
            },
        )
        .unwrap_err();
        assert_eq!(
            none.to_string(),
            "x.wav: has no channel 2; its 2 are counted 0 to 1 (--channel)"
        );
    }

    #[test]
    fn a_piped_wav_is_whole_and_a_cut_one_is_not() {
        let samples: Vec<i16> = (0..5000).map(|i| (i % 100) as i16).collect();
        for open in [u32::MAX, 0x7fff_f000, 0] {
            let piped =
                read_bytes(wav(&samples, 1, 16000, open), "-", &ReadOptions::default()).unwrap();
            assert_eq!(piped.audio.samples.len(), 5000);
        }
        let cut = wav(&samples, 1, 16000, 20_000);
        let refused = read_bytes(cut.clone(), "cut.wav", &ReadOptions::default()).unwrap_err();
        assert!(
            matches!(
                refused,
                Error::Audio {
                    stage: Stage::Decode,
                    ..
                }
            ),
            "{refused}"
        );
        let kept = read_bytes(
            cut,
            "cut.wav",
            &ReadOptions {
                accept_truncated: true,
                ..Default::default()
            },
        )
        .unwrap();
        assert!(kept.truncated && kept.audio.samples.len() > 3000);
    }

    #[test]
    fn a_segment_is_cut_and_must_lie_in_the_file() {
        let samples: Vec<i16> = (0..16000).map(|i| i as i16).collect();
        let bytes = wav(&samples, 1, 16000, 32_000);
        let options = ReadOptions {
            segment: (0.25, Some(0.5)),
            ..Default::default()
        };
        let part = read_bytes(bytes.clone(), "x.wav", &options).unwrap();
        assert_eq!((part.audio.samples.len(), part.duration_s), (4000, 0.25));
        assert_eq!(part.audio.samples[0], 4000.0 / 32768.0);
        let options = ReadOptions {
            segment: (0.5, Some(2.0)),
            ..Default::default()
        };
        let outside = read_bytes(bytes, "x.wav", &options).unwrap_err();
        assert_eq!(
            outside.to_string(),
            "x.wav: segment 0.5 to 2 s does not lie in the 1.000 s of the file"
        );
    }

    #[test]
    fn preprocessing_changes_what_features_are_computed_from_and_nothing_else() {
        // 0.1 s of silence, 0.5 s of a square wave, 0.2 s of silence at 8 kHz.
        let samples: Vec<i16> = (0..6400)
            .map(|i| match i {
                800..4800 if i / 20 % 2 == 0 => 8192,
                800..4800 => -8192,
                _ => 0,
            })
            .collect();
        let bytes = wav(&samples, 1, 8000, 12_800);
        let plain = ReadOptions {
            rate: Rate::Native,
            ..ReadOptions::default()
        };
        let whole = read_bytes(bytes.clone(), "x.wav", &plain).unwrap();
        assert_eq!((whole.offset_s, whole.windows.len()), (0.0, 1));
        assert_eq!(whole.windows[0], 0..6400);
        let options = ReadOptions {
            trim: true,
            gain: Gain::Peak,
            segmentation: Segmentation::from_flags(Some(0.2), Some(0.1)).unwrap(),
            ..plain
        };
        let read = read_bytes(bytes, "x.wav", &options).unwrap();
        assert_eq!((read.audio.samples.len(), read.offset_s), (4000, 0.1));
        assert!(read.audio.samples.iter().all(|x| x.abs() == 1.0));
        assert_eq!(read.windows, [0..1600, 800..2400, 1600..3200, 2400..4000]);
        assert_eq!(
            (&read.audio_hash, read.duration_s),
            (&whole.audio_hash, 0.8)
        );
        // 0.5 of 0.8 s are no silence; soft edges may belong to them.
        for of in [&read, &whole] {
            assert!(
                (0.6..0.95).contains(&of.speech_ratio),
                "{}",
                of.speech_ratio
            );
        }
    }

    #[test]
    fn what_is_no_recording_is_named() {
        let say = |bytes: &[u8]| {
            read_bytes(bytes.to_vec(), "f", &ReadOptions::default())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(say(b""), "f: is empty (0 bytes); expected a recording");
        assert!(say(b"hello, this is no sound\n").starts_with("f: holds text; expected WAV, FLAC"));
        assert!(say(b"PK\x03\x04 and so on").starts_with("f: holds a ZIP archive; expected"));
        assert!(say(&wav(&[], 1, 16000, 0)).contains("without a single whole sample"));
        let empty = |bytes: &[u8]| {
            is_empty(&read_bytes(bytes.to_vec(), "f", &ReadOptions::default()).unwrap_err())
        };
        assert!(empty(b"") && empty(&wav(&[], 1, 16000, 0)));
        assert!(!empty(b"hello, this is no sound\n"));
        // Its header promises samples: damaged.
        assert!(!empty(&wav(&[], 1, 16000, 200)));
    }
}
