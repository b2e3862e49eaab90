//! Sound that comes piece by piece: 16-bit samples, or WebM as a browser records it, decoded as far as it has come.
//!
//! What is decoded does not depend on where the pieces end, and is what [`read_bytes`](crate::audio::read_bytes) decodes of the
//! same bytes in one file.

use std::ops::Range;

use crate::audio::bytes::Held;
use crate::audio::limits::check_rate;
use crate::audio::packets::Decoding;
use crate::audio::{ReadOptions, Recording, from_samples, webm};
use crate::error::{Error, Result};

/// Bytes in which the header of a stream must have come.
const LONGEST_HEAD: usize = 1 << 16;

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
    /// WebM, of which this came, of so many bytes at most.
    Webm {
        held: Held,
        most_bytes: usize,
        /// Packets that are decoded.
        done: usize,
        decoding: Option<Box<Decoding>>,
    },
}

impl Live {
    /// Of samples of 16 bits, little-endian, one channel. An error if the rate is none that recordings have.
    pub fn pcm(sample_rate: u32) -> Result<Live> {
        check_rate("PCM", sample_rate).map_err(Error::Usage)?;
        Ok(Live::of(Source::Pcm(None), 1, sample_rate))
    }

    /// Of the bytes of a WebM file, of which `most_bytes` are taken.
    pub fn webm(most_bytes: usize) -> Live {
        let source = Source::Webm {
            held: Held::default(),
            most_bytes,
            done: 0,
            decoding: None,
        };
        Live::of(source, 0, 0)
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

    /// Takes a piece. An error if it is no such sound, or more than is taken.
    pub fn push(&mut self, piece: &[u8]) -> Result<()> {
        match &mut self.source {
            Source::Pcm(half) => {
                let bytes = half.take().into_iter().chain(piece.iter().copied());
                let mut sample = [0; 2];
                let mut n = 0;
                for byte in bytes {
                    sample[n] = byte;
                    n += 1;
                    if n == 2 {
                        self.samples
                            .push(f32::from(i16::from_le_bytes(sample)) / 32768.0);
                        n = 0;
                    }
                }
                *half = (n == 1).then_some(sample[0]);
                Ok(())
            }
            Source::Webm {
                held,
                most_bytes,
                done,
                decoding,
            } => {
                if held.len() + piece.len() > *most_bytes {
                    return Err(Error::Data(format!(
                        "the stream is longer than {most_bytes} bytes, the most that is taken; begin a new one"
                    )));
                }
                held.push(piece);
                let stream = match webm::open(held) {
                    Ok((stream, _)) => stream,
                    Err(_) if held.len() < LONGEST_HEAD => return Ok(()),
                    Err(reason) => return Err(Error::Data(format!("the stream {reason}"))),
                };
                let broken =
                    |reason: String| Error::Data(format!("the stream is damaged: {reason}"));
                let kind = &webm::CONTAINER;
                let decoding = match decoding {
                    Some(decoding) => decoding,
                    None => {
                        decoding.insert(Box::new(Decoding::start(&stream, kind).map_err(broken)?))
                    }
                };
                // An error ends them: the last has not come whole.
                for packet in stream
                    .packets
                    .skip(*done)
                    .map_while(std::result::Result::ok)
                {
                    decoding
                        .decode(packet, &stream.further, kind)
                        .map_err(broken)?;
                    *done += 1;
                    let (channels, sample_rate) = decoding.spec();
                    check_rate(kind.name, sample_rate).map_err(broken)?;
                    (self.channels, self.sample_rate) = (channels, sample_rate);
                    self.samples.extend_from_slice(decoding.samples());
                }
                Ok(())
            }
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
            let live = in_pieces(Live::webm(1 << 20), bytes, len);
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
    fn what_is_no_stream_is_said_once_its_header_should_have_come() {
        let mut live = Live::webm(1 << 20);
        live.push(&[7; 1000]).unwrap();
        let error = live.push(&[7; LONGEST_HEAD]).unwrap_err().to_string();
        assert!(error.starts_with("the stream "), "{error}");
        let mut small = Live::webm(100);
        let error = small.push(&[0; 101]).unwrap_err().to_string();
        assert!(error.contains("longer than 100 bytes"), "{error}");
        assert!(Live::pcm(3).is_err());
    }
}
