//! Sun AU, also called SND: a header of six numbers and a remark, and the samples (Sun Microsystems, `audio_filehdr`).

use crate::audio::bytes::{Bytes, big_at, little_at};
use crate::audio::chunks::{self, Chunk, Found, Sound};
use crate::audio::container::{Container, REMEDY, Reader, Sign};
use crate::audio::pcm::{self, Coding};
use crate::audio::stream::Stated;

pub static CONTAINER: Container = Container {
    name: "AU",
    listed: Some("AU"),
    extensions: &["au", "snd"],
    sign: Sign::Start(|bytes| bytes.starts_with(b".snd") || bytes.starts_with(b"dns.")),
    states_its_length: true,
    reader: Reader::Chunks(read),
};

/// What an AU holds. The error says why it is not read.
fn read(bytes: &Bytes) -> Result<Found, String> {
    let header = bytes.get(0, 24);
    // DEC wrote the same the other way round, beginning with `dns.`.
    let is_big_endian = header.starts_with(b".snd");
    let field = |number: usize| {
        let value = match is_big_endian {
            true => big_at(&header, 4 * number, 4),
            false => little_at(&header, 4 * number, 4),
        };
        value.ok_or("AU that breaks off within its header; get the file again".to_string())
    };
    let [at, len, encoding, sample_rate, channels] =
        [field(1)?, field(2)?, field(3)?, field(4)?, field(5)?];
    let (coding, width) = match encoding {
        1 => (Coding::MuLaw, 1),
        2 => (Coding::Signed, 1),
        3 => (Coding::Signed, 2),
        4 => (Coding::Signed, 3),
        5 => (Coding::Signed, 4),
        6 => (Coding::Float, 4),
        7 => (Coding::Float, 8),
        27 => (Coding::ALaw, 1),
        23..=26 => {
            let codec =
                ["G.721", "G.722", "G.723 of 3 bits", "G.723 of 5 bits"][encoding as usize - 23];
            return Err(format!("AU with {codec}, which is not decoded; {REMEDY}"));
        }
        _ => {
            return Err(format!(
                "AU with encoding {encoding}, which is not decoded; {REMEDY}"
            ));
        }
    };
    let sound = Chunk {
        id: *b".snd",
        at: at.clamp(24, bytes.len().max(24)).min(bytes.len()),
        len,
    };
    // All bits are set where the length was not known; some write 0.
    let is_open = len == u64::from(u32::MAX) || (len == 0 && sound.at < bytes.len());
    let (range, fault) = chunks::extent(&sound, is_open, bytes);
    let format = pcm::Format {
        coding,
        width,
        is_big_endian,
        valid_bits: 8 * width as u32,
        channels: channels as usize,
        sample_rate: sample_rate as u32,
    };
    Ok(Found {
        sound: Sound::Pcm(format, range),
        stated: Stated {
            fault,
            ..Stated::default()
        },
    })
}
