//! What features tell, in the large: the words in which people speak of voices.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A family of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// How high the voice is, and how it moves.
    Pitch,
    /// How loud it is.
    Loudness,
    /// How regular it is: breathy, rough, pressed.
    VoiceQuality,
    /// The resonances of the vocal tract.
    Formants,
    /// The levels of its bands, in detail: MFCC, mel bands.
    SpectralEnvelope,
    /// The balance of low and high frequencies, in few numbers: centroid, slope, flux.
    SpectralShape,
    /// Energy by the twelve notes.
    Chroma,
    /// How fast, with how many pauses.
    Rhythm,
    /// How level, pitch and voicing move.
    Intonation,
    /// How the bands of the spectrum move.
    Articulation,
    /// How all of them move together.
    Interplay,
}

/// The beginnings of features' names, in lower case and without `aubio_`; the first that fits counts.
const FAMILIES: [(&str, Family); 50] = [
    ("covariance", Family::Interplay),
    ("spectral_kernel", Family::Articulation),
    ("prosodic_kernel", Family::Intonation),
    ("f0semitone", Family::Pitch),
    ("f0_confidence", Family::VoiceQuality),
    ("f0_", Family::Pitch),
    ("logrelf0", Family::VoiceQuality),
    ("rms", Family::Loudness),
    ("log_energy", Family::Loudness),
    ("loudnesspeaks", Family::Rhythm),
    ("loudness", Family::Loudness),
    ("equivalentsoundlevel", Family::Loudness),
    ("energy", Family::Loudness),
    ("voicing", Family::VoiceQuality),
    ("hnr", Family::VoiceQuality),
    ("jitter", Family::VoiceQuality),
    ("shimmer", Family::VoiceQuality),
    ("cpp", Family::VoiceQuality),
    ("f1", Family::Formants),
    ("f2", Family::Formants),
    ("f3", Family::Formants),
    ("f4", Family::Formants),
    ("mfcc_0_", Family::Loudness),
    ("mfcc", Family::SpectralEnvelope),
    ("log_mel", Family::SpectralEnvelope),
    ("spectral", Family::SpectralShape),
    ("zcr", Family::SpectralShape),
    ("alpharatio", Family::SpectralShape),
    ("hammarberg", Family::SpectralShape),
    ("slope", Family::SpectralShape),
    ("centroid", Family::SpectralShape),
    ("spread", Family::SpectralShape),
    ("skewness", Family::SpectralShape),
    ("kurtosis", Family::SpectralShape),
    ("decrease", Family::SpectralShape),
    ("rolloff", Family::SpectralShape),
    ("hfc", Family::SpectralShape),
    ("flux", Family::SpectralShape),
    ("complex", Family::SpectralShape),
    ("phase", Family::SpectralShape),
    ("kl", Family::SpectralShape),
    ("mkl", Family::SpectralShape),
    ("spec", Family::SpectralShape),
    ("chroma", Family::Chroma),
    ("voiced", Family::Rhythm),
    ("unvoiced", Family::Rhythm),
    ("pause", Family::Rhythm),
    ("inner_pause", Family::Rhythm),
    ("syllable", Family::Rhythm),
    ("onset", Family::Rhythm),
];

impl Family {
    /// The family of the feature named `feature`; `None` where the name is no feature's.
    pub fn of(feature: &str) -> Option<Family> {
        let name = feature.to_lowercase();
        let name = name.strip_prefix("aubio_").unwrap_or(&name);
        // eGeMAPS puts the statistic of segments first.
        let name = name.strip_prefix("mean").unwrap_or(name);
        let name = name.strip_prefix("stddev").unwrap_or(name);
        let fits = |(beginning, _): &&(&str, Family)| name.starts_with(beginning);
        FAMILIES.iter().find(fits).map(|&(_, family)| family)
    }
}

impl Family {
    /// What it is, for people who do not know the word.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::FeatureSet;

    #[test]
    fn every_feature_has_a_family() {
        for set in FeatureSet::ALL {
            for feature in set.features() {
                assert!(Family::of(&feature.name).is_some(), "{}", feature.name);
            }
        }
    }

    #[test]
    fn families_are_those_of_the_words() {
        for (feature, family) in [
            ("f0_semitone_delta_std", Family::Pitch),
            ("F0semitoneFrom27.5Hz_sma3nz_amean", Family::Pitch),
            ("logRelF0-H1-H2_sma3nz_amean", Family::VoiceQuality),
            ("F1amplitudeLogRelF0_sma3nz_amean", Family::Formants),
            ("loudnessPeaksPerSec", Family::Rhythm),
            ("mfcc_0_mean", Family::Loudness),
            ("mfcc_10_mean", Family::SpectralEnvelope),
            ("StddevUnvoicedSegmentLength", Family::Rhythm),
            ("slopeV0-500_sma3nz_amean", Family::SpectralShape),
            ("inner_pause_ratio", Family::Rhythm),
            ("aubio_f0_hz_mean", Family::Pitch),
        ] {
            assert_eq!(Family::of(feature), Some(family), "{feature}");
        }
    }
}
