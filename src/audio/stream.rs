//! What a container yields: packets of sound, and what it states about them.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::packet::Packet;

/// Packets of one sound, and what decodes them.
pub struct Stream {
    pub parameters: AudioCodecParameters,
    /// Those of packets that are coded otherwise: the `track_id` of a packet is 0 where it is coded by `parameters`, and
    /// else counts these from 1.
    pub further: Vec<AudioCodecParameters>,
    /// Samples of each channel that the container promises.
    pub promised: Option<u64>,
    /// In the order of time. What a packet says to trim counts samples of each channel. An error is the last: why there
    /// are no more.
    pub packets: Box<dyn Iterator<Item = Result<Packet, String>>>,
}

/// What a file holds: one stream or, where files were joined, several, to be heard one after the other.
pub type Streams = Box<dyn Iterator<Item = Stream>>;

/// What a container states of its sound beside the packets, in seconds.
#[derive(Debug, Default, PartialEq)]
pub struct Stated {
    /// How much of what decodes comes before the recording (encoder delay).
    pub skip_s: f64,
    /// How long the recording is; what decodes beyond it is padding.
    pub length_s: Option<f64>,
    /// Further parts that belong to it, where it is put together: where each begins in what decodes, and how long it is.
    pub further: Vec<(f64, Option<f64>)>,
    /// Why the file is not whole.
    pub fault: Option<String>,
}
