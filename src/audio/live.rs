//! Sound that comes piece by piece: 16-bit samples, or WebM as a browser records it, decoded as far as it has come.
//!
//! What is decoded does not depend on where the pieces end, and is what [`read_bytes`](crate::audio::read_bytes) decodes of the
//! same bytes in one file.

use std::ops::Range;

use crate::audio::limits::check_rate;
use crate::audio::packets::Decoding;
use crate::audio::webm::{self, Growing};
use crate::audio::{ReadOptions, Recording, from_samples};
use crate::error::{Error, Result};

/// Samples, of all channels together, that are held at a time: 16 MB.
pub const MOST_HELD: usize = 1 << 22;

/// A sound that is still coming.
pub struct Live {
    source: Source,
    channels: usize,
    sample_rate: u32,
    /// Channels interleaved, from `first` on.
    samples: Vec<f32>,
    /// Samples of each channel that came before and were let go.
    first: u64,
}

enum Source {
    /// 16-bit, little-endian; the first half of a sample, where a piece ended within one.
    Pcm(Option<u8>),
    /// WebM, and what decodes it once its header has come.
    Webm(Box<Growing>, Option<Box<Decoding>>),
}

impl Live {
    /// Of samples of 16 bits, little-endian, one channel. An error if the rate is none that recordings have.
    pub fn pcm(sample_rate: u32) -> Result<Live> {
        check_rate("PCM", sample_rate).map_err(Error::Usage)?;
        Ok(Live::of(Source::Pcm(None), 1, sample_rate))
    }

    /// Of the bytes of a WebM file.
    pub fn webm() -> Live {
        Live::of(Source::Webm(Box::new(Growing::new()), None), 0, 0)
    }

    fn of(source: Source, channels: usize, sample_rate: u32) -> Live {
        Live {
            source,
            channels,
            sample_rate,
            samples: Vec::new(),
            first: 0,
        }
    }

    /// Takes a piece. An error if it is no such sound, is damaged, or holds more than can be held until some of it is [let
    /// go](Live::forget_before).
    pub fn push(&mut self, piece: &[u8]) -> Result<()> {
        match &mut self.source {
            Source::Pcm(half) => {
                let bytes = half.take().into_iter().chain(piece.iter().copied());
                let mut first = None;
                for byte in bytes {
                    match first.take() {
                        None => first = Some(byte),
                        Some(first) => {
                            let sample = i16::from_le_bytes([first, byte]);
                            self.samples.push(f32::from(sample) / 32768.0);
                        }
                    }
                }
                *half = first;
            }
            Source::Webm(growing, decoding) => {
                let broken = |reason: String| Error::Data(format!("the stream {reason}"));
                let kind = &webm::CONTAINER;
                growing.push(piece).map_err(broken)?;
                while let Some(packet) = growing.next().map_err(broken)? {
                    let [first, further @ ..] = growing.parameters() else {
                        continue;
                    };
                    let decoding = match decoding {
                        Some(decoding) => decoding,
                        None => {
                            decoding.insert(Box::new(Decoding::start(first, kind).map_err(broken)?))
                        }
                    };
                    decoding.decode(packet, further, kind).map_err(broken)?;
                    let (channels, sample_rate) = decoding.spec();
                    check_rate(kind.name, sample_rate).map_err(broken)?;
                    if self.sample_rate > 0
                        && (self.channels, self.sample_rate) != (channels, sample_rate)
                    {
                        return Err(broken("changes its rate or its channels".into()));
                    }
                    (self.channels, self.sample_rate) = (channels, sample_rate);
                    self.samples.extend_from_slice(decoding.samples());
                    if self.samples.len() > MOST_HELD {
                        break;
                    }
                }
            }
        }
        match self.samples.len() {
            ..=MOST_HELD => Ok(()),
            _ => Err(Error::Data(format!(
                "the stream has more than {MOST_HELD} samples at a time; send smaller pieces"
            ))),
        }
    }

    /// Its sample rate in Hz; `None` before its header has come.
    pub fn sample_rate(&self) -> Option<u32> {
        (self.sample_rate > 0).then_some(self.sample_rate)
    }

    /// Samples of each channel that have come.
    pub fn frames(&self) -> u64 {
        self.first + (self.samples.len() / self.channels.max(1)) as u64
    }

    /// Lets go of what came before the sample `frame`.
    pub fn forget_before(&mut self, frame: u64) {
        let frame = frame.min(self.frames());
        let old = frame.saturating_sub(self.first);
        self.samples.drain(..old as usize * self.channels);
        self.first += old;
    }

    /// The samples from `range.start` to before `range.end` of each channel, channels interleaved, as a recording of their own;
    /// panics if they have not come, or were let go.
    pub fn excerpt(&self, range: Range<u64>) -> Excerpt {
        let place = |frame: u64| (frame - self.first) as usize * self.channels;
        Excerpt {
            interleaved: self.samples[place(range.start)..place(range.end)].to_vec(),
            channels: self.channels,
            sample_rate: self.sample_rate,
        }
    }
}

/// A part of a sound that is still coming.
#[derive(Debug, Clone, PartialEq)]
pub struct Excerpt {
    interleaved: Vec<f32>,
    channels: usize,
    sample_rate: u32,
}

impl Excerpt {
    /// The recording that a file with these samples would be; errors call it `name`.
    pub fn read(self, name: &str, options: &ReadOptions) -> Result<Recording> {
        from_samples(
            self.interleaved,
            self.channels,
            self.sample_rate,
            name,
            options,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::{Rate, read_bytes};

    fn in_pieces(mut live: Live, bytes: &[u8], len: usize) -> Live {
        bytes
            .chunks(len)
            .for_each(|piece| live.push(piece).unwrap());
        live
    }

    #[test]
    fn webm_in_pieces_of_any_length_is_the_file() {
        let bytes = include_bytes!("../../tests/audio/browser.webm");
        let options = ReadOptions {
            rate: Rate::Native,
            ..ReadOptions::default()
        };
        let whole = read_bytes(bytes.to_vec(), "browser.webm", &options).unwrap();
        for len in [1, 7, 997, 100_000] {
            let live = in_pieces(Live::webm(), bytes, len);
            let recording = live
                .excerpt(0..live.frames())
                .read("live", &options)
                .unwrap();
            assert_eq!(recording.audio_hash, whole.audio_hash, "{len}");
            assert_eq!(recording.audio, whole.audio);
        }
    }

    #[test]
    fn samples_may_be_cut_within_a_byte_pair_and_old_ones_are_let_go() {
        let samples: Vec<i16> = (0..1000).map(|at| at * 30).collect();
        let bytes: Vec<u8> = samples.iter().flat_map(|x| x.to_le_bytes()).collect();
        let whole = in_pieces(Live::pcm(16_000).unwrap(), &bytes, bytes.len());
        let mut live = in_pieces(Live::pcm(16_000).unwrap(), &bytes, 3);
        assert_eq!(
            (live.frames(), live.excerpt(500..600)),
            (1000, whole.excerpt(500..600))
        );
        live.forget_before(400);
        assert_eq!((live.frames(), live.samples.len()), (1000, 600));
        assert_eq!(live.excerpt(500..600), whole.excerpt(500..600));
        assert_eq!(live.excerpt(500..501).interleaved, [15_000.0 / 32768.0]);
    }

    #[test]
    fn what_is_no_stream_is_said() {
        let mut live = Live::webm();
        live.push(b"\x1a\x45").unwrap();
        let error = live.push(&[7; 1000]).unwrap_err().to_string();
        assert!(error.contains("the stream is no Matroska"), "{error}");
        assert!(Live::pcm(3).is_err());
    }

    #[test]
    fn what_is_held_is_bounded() {
        let mut live = Live::pcm(16_000).unwrap();
        let piece = vec![0; 1 << 20];
        for _ in 0..8 {
            live.push(&piece).unwrap();
        }
        assert!(
            live.push(&piece)
                .unwrap_err()
                .to_string()
                .contains("smaller pieces")
        );
        live.forget_before(1 << 21);
        live.push(&piece[..100]).unwrap();
    }
}
