//! What a file of any format decodes to.

use crate::audio::spool::Spool;

/// Samples as they stand in the file.
pub struct Decoded {
    /// Channels interleaved.
    pub interleaved: Spool,
    pub channels: usize,
    pub sample_rate: u32,
    /// The file broke off or is damaged; this is what decoded of it.
    pub truncated: bool,
}

impl Decoded {
    /// Number of samples of one channel.
    pub fn frames(&self) -> usize {
        self.interleaved.len() / self.channels.max(1)
    }

    /// Seconds to samples of one channel.
    pub fn samples(&self, seconds: f64) -> usize {
        (seconds * f64::from(self.sample_rate)).round() as usize
    }
}
