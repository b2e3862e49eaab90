//! What is known of a recording's sound before anything is made of it.

use serde::{Deserialize, Serialize};

use crate::audio::Recording;

/// The quality of a recording as its file has it: the columns of tables, and the keys of JSON, of these names.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Quality {
    /// BLAKE3 of the decoded samples, in hex: [`Recording::audio_hash`].
    pub audio_hash: String,
    /// Sample rate of the file in Hz.
    pub sample_rate: u32,
    /// Number of channels of the file.
    pub channels: usize,
    /// Share of samples at full scale, 0 to 1, over all channels.
    pub clipped_ratio: f64,
    /// Share of the recording that is speech rather than pause or noise, 0 to 1.
    pub speech_ratio: f64,
    /// Level of the loud parts above the quiet ones, in dB; `None` if the quiet ones are digital silence.
    pub snr_db: Option<f64>,
    /// Up to which frequency it has sound, in Hz; `None` where nothing is heard that comes and goes, as speech does.
    pub bandwidth_hz: Option<f64>,
}

impl Recording {
    /// What is known of its quality.
    ///
    /// ```
    /// use sentire::prelude::*;
    ///
    /// let quality = audio::read("corpora/demo/f1_angry_s1.flac", &ReadOptions::default())?.quality();
    /// assert_eq!((quality.sample_rate, quality.channels), (16_000, 1));
    /// assert!(quality.speech_ratio > 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn quality(&self) -> Quality {
        let finite = |value: f64| value.is_finite().then_some(value);
        Quality {
            audio_hash: self.audio_hash.clone(),
            sample_rate: self.sample_rate,
            channels: self.channels,
            clipped_ratio: self.clipped_ratio,
            speech_ratio: self.speech_ratio,
            snr_db: finite(self.snr_db),
            bandwidth_hz: finite(self.bandwidth_hz),
        }
    }
}
