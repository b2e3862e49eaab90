//! Families of features, in the words that people use about voices.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A family of features.
///
/// ```
/// use sentire::prelude::*;
///
/// assert_eq!(Family::VoiceQuality.to_string(), "voice quality");
/// assert!(FeatureSet::RICH.llds().iter().any(|lld| lld.family == Family::VoiceQuality));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// How high the voice is, and how it moves.
    Pitch,
    /// How loud it is.
    Loudness,
    /// How regularly it vibrates: breathy, rough, pressed.
    VoiceQuality,
    /// The resonances of the vocal tract.
    Formants,
    /// The levels of frequency bands, in detail: MFCC, mel bands.
    SpectralEnvelope,
    /// The balance of low and high frequencies, in few numbers: centroid, slope, flux.
    SpectralShape,
    /// Energy in each of the twelve pitch classes.
    Chroma,
    /// How fast, with how many pauses.
    Rhythm,
    /// How level, pitch and voicing move.
    Intonation,
    /// How the bands of the spectrum move.
    Articulation,
    /// How the descriptors vary together.
    Interplay,
}

impl Family {
    /// What it is, in plain words.
    pub fn meaning(self) -> &'static str {
        match self {
            Family::Pitch => "how high the voice is, and how it moves",
            Family::Loudness => "how loud it is",
            Family::VoiceQuality => "how regular the voice is: breathy, rough, pressed",
            Family::Formants => "the resonances of the vocal tract",
            Family::SpectralEnvelope => "the levels of the bands of the spectrum",
            Family::SpectralShape => "the balance of low and high frequencies",
            Family::Chroma => "energy by the twelve notes",
            Family::Rhythm => "how fast it is, with how many pauses",
            Family::Intonation => "how level, pitch and voicing move",
            Family::Articulation => "how the bands of the spectrum move",
            Family::Interplay => "how descriptors move together",
        }
    }
}

impl Family {
    /// What a person hears of it.
    pub fn heard(self) -> &'static str {
        match self {
            Family::Pitch => "pitch",
            Family::Loudness => "loudness",
            Family::VoiceQuality => "voice quality",
            Family::Formants => "resonance",
            Family::SpectralEnvelope => "colour of the voice",
            Family::SpectralShape => "brightness",
            Family::Chroma => "tone",
            Family::Rhythm => "rhythm",
            Family::Intonation => "melody",
            Family::Articulation => "pronunciation",
            Family::Interplay => "interplay of pitch, loudness and colour",
        }
    }

    /// Whether a single feature of it says something that a person can hear: of others there are hundreds, such as one band of many,
    /// or one pattern of loudness.
    pub fn has_telling_features(self) -> bool {
        match self {
            Family::Pitch
            | Family::Loudness
            | Family::VoiceQuality
            | Family::Formants
            | Family::SpectralShape
            | Family::Rhythm => true,
            Family::SpectralEnvelope
            | Family::Chroma
            | Family::Intonation
            | Family::Articulation
            | Family::Interplay => false,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Pitch => "pitch",
            Family::Loudness => "loudness",
            Family::VoiceQuality => "voice quality",
            Family::Formants => "formants",
            Family::SpectralEnvelope => "spectral envelope",
            Family::SpectralShape => "spectral shape",
            Family::Chroma => "chroma",
            Family::Rhythm => "rhythm",
            Family::Intonation => "intonation",
            Family::Articulation => "articulation",
            Family::Interplay => "interplay",
        })
    }
}
