//! The set `egemaps`: for each descriptor and feature its unit, its meaning in plain words, its formula, its range, and
//! where openSMILE departs from the paper. Numbers in brackets are sections of the specification,
//! `src/lld/opensmile/specifications/egemaps-v02.md`. The older sets of the family ([`gemaps`](super::gemaps)) are made of
//! the same entries.

use std::fmt::Write;

use super::gemaps::{EGEMAPS_V02, Member, Processing, changed_by_a};
use super::opensmile::{Statistic, deviations, side};
use super::statistics::{Plain, Unit};
use super::{
    Column, Dictionary, Entry, Family, FeatureSet, Lld, Region, SetInfo, Storage, with_unit,
};

pub(super) static INFO: SetInfo = SetInfo {
    name: "egemaps",
    version: 2,
    help: "openSMILE's eGeMAPSv02: 25 descriptors, 88 features",
    storage: Storage::Flat,
    edition: EGEMAPS_V02.processing.edition(),
    llds: || llds(&EGEMAPS_V02),
    deltas: None,
    columns: |set| columns(&EGEMAPS_V02, set),
    statistics: Vec::new,
    dictionary: Some(|| dictionary(&EGEMAPS_V02)),
};

/// A contour, and what is to be said of it.
pub(super) struct Contour {
    /// Column name at the level of frames.
    pub(super) name: &'static str,
    unit: &'static str,
    /// A noun for it.
    noun: &'static str,
    /// What it tells, in the large, and in plain words.
    family: Family,
    meaning: &'static str,
    definition: &'static str,
    pub(super) range: &'static str,
    deviation: Option<&'static str>,
}

impl Contour {
    /// Where it departs from the paper, and the values that it takes, in a set of the family.
    fn deviation_and_range(&self, member: &Member) -> (Option<&'static str>, &'static str) {
        match changed_by_a(self.name, self.range) {
            Some((deviation, range)) if member.processing == Processing::A => {
                (Some(deviation), range)
            }
            _ => (self.deviation, self.range),
        }
    }
}

/// The 25 contours in openSMILE's order: ten of 20 ms frames, then fifteen of 60 ms frames.
#[rustfmt::skip]
const CONTOURS: [Contour; 25] = [
    Contour {
        name: "Loudness_sma3", unit: "sone-like", noun: "loudness",
        family: Family::Loudness,
        meaning: "how loud it sounds: power in 26 mel bands, weighted as the ear weighs it, and compressed",
        definition: "mean over bands of (max(e, 9.3e-10) Q(F))^0.33, Q the equal-loudness curve (5.2)",
        range: "0.00103 (silence) to about 5; grows with the sample rate",
        deviation: Some("the mean over the bands, not their sum"),
    },
    Contour {
        name: "alphaRatio_sma3", unit: "dB", noun: "alpha ratio",
        family: Family::SpectralShape,
        meaning: "sound of 1 to 5 kHz against sound below 1 kHz: higher for a bright, strained voice",
        definition: "10 lg(power of 1 to 5 kHz / power below 1 kHz) (6.2)",
        range: "about -60 to 30; 0 for silence",
        deviation: Some("high over low and from 0 Hz on; the paper has low over high, from 50 Hz"),
    },
    Contour {
        name: "hammarbergIndex_sma3", unit: "dB", noun: "Hammarberg index",
        family: Family::SpectralShape,
        meaning: "strongest partial below 2 kHz against strongest of 2 to 5 kHz: higher for a soft, dark voice",
        definition: "10 lg(largest power below 2 kHz / largest power of 2 to 5 kHz) (6.3)",
        range: "about -30 to 80; 0 for silence", deviation: None,
    },
    Contour {
        name: "slope0-500_sma3", unit: "dB/Hz", noun: "spectral slope of 0 to 500 Hz",
        family: Family::SpectralShape,
        meaning: "how the level rises with frequency around the lowest partials",
        definition: "slope of the level of bins up to 500 Hz (6.4)",
        range: "about -0.1 to 0.2; 0.112 for silence at 16 kHz",
        deviation: Some("bins are counted one short: not the least-squares slope, and not 0 for a flat spectrum"),
    },
    Contour {
        name: "slope500-1500_sma3", unit: "dB/Hz", noun: "spectral slope of 500 to 1500 Hz",
        family: Family::SpectralShape,
        meaning: "how the level rises, or rather falls, with frequency around the first formant",
        definition: "slope of the level of bins of 500 to 1500 Hz (6.4)",
        range: "about -0.1 to 0.1; 0.0764 for silence at 16 kHz",
        deviation: Some("bins are counted one short: not the least-squares slope, and not 0 for a flat spectrum"),
    },
    Contour {
        name: "spectralFlux_sma3", unit: "magnitude", noun: "spectral flux",
        family: Family::SpectralShape,
        meaning: "how much the spectrum changes from one frame to the next",
        definition: "root of the mean squared change of magnitude of the bins below 5 kHz (6.5)",
        range: "0 to about 10; grows with level and sample rate", deviation: None,
    },
    Contour {
        name: "mfcc1_sma3", unit: "1", noun: "MFCC 1",
        family: Family::SpectralEnvelope,
        meaning: "coarsest shape of the spectrum: low bands against high ones",
        definition: "HTK's MFCC 1 of 26 bands, lifter 22, samples of 16 bits, no mean subtracted (5.3)",
        range: "about -50 to 60", deviation: None,
    },
    Contour {
        name: "mfcc2_sma3", unit: "1", noun: "MFCC 2",
        family: Family::SpectralEnvelope,
        meaning: "shape of the spectrum: middle bands against both ends",
        definition: "HTK's MFCC 2 (5.3)", range: "about -60 to 60", deviation: None,
    },
    Contour {
        name: "mfcc3_sma3", unit: "1", noun: "MFCC 3",
        family: Family::SpectralEnvelope,
        meaning: "shape of the spectrum, finer than MFCC 2",
        definition: "HTK's MFCC 3 (5.3)", range: "about -70 to 70", deviation: None,
    },
    Contour {
        name: "mfcc4_sma3", unit: "1", noun: "MFCC 4",
        family: Family::SpectralEnvelope,
        meaning: "shape of the spectrum, finer than MFCC 3",
        definition: "HTK's MFCC 4 (5.3)", range: "about -80 to 80", deviation: None,
    },
    Contour {
        name: "F0semitoneFrom27.5Hz_sma3nz", unit: "semitones re 27.5 Hz", noun: "pitch",
        family: Family::Pitch,
        meaning: "how high the voice is",
        definition: "12 log2(F0 / 27.5 Hz), F0 by subharmonic summation and the cheapest path (7)",
        range: "12.0 (55 Hz) to 62.2 (1000 Hz); 0 where unvoiced",
        deviation: Some("the path remembers one slope for all its branches, and weighs it otherwise than configured"),
    },
    Contour {
        name: "jitterLocal_sma3nz", unit: "1", noun: "jitter",
        family: Family::VoiceQuality,
        meaning: "how much one period of the voice differs from the next in length: roughness",
        definition: "mean difference of successive periods' lengths over the mean length, within a frame (10)",
        range: "0 to 1; 0 where unvoiced", deviation: None,
    },
    Contour {
        name: "shimmerLocaldB_sma3nz", unit: "dB", noun: "shimmer",
        family: Family::VoiceQuality,
        meaning: "how much one period of the voice differs from the next in amplitude: roughness",
        definition: "20 lg(1 + mean difference of successive periods' amplitudes over their mean) (10)",
        range: "0 to 6.02; 0 where unvoiced", deviation: None,
    },
    Contour {
        name: "HNRdBACF_sma3nz", unit: "dB", noun: "harmonics-to-noise ratio",
        family: Family::VoiceQuality,
        meaning: "how much of a voiced frame is tone rather than breath and noise",
        definition: "10 lg(acf(T0) / (acf(0) - acf(T0))), acf of the 60 ms frame (9.2)",
        range: "-90 to 110; 0 where unvoiced", deviation: None,
    },
    Contour {
        name: "logRelF0-H1-H2_sma3nz", unit: "dB", noun: "H1-H2",
        family: Family::VoiceQuality,
        meaning: "a lower harmonic against the next one: higher for a breathy voice",
        definition: "level of the harmonic at 2 F0 over that at 3 F0 (9.5)",
        range: "-201 to 201; 0 where unvoiced",
        deviation: Some("\"H1\" is the harmonic at 2 F0 and \"H2\" that at 3 F0; the paper has F0 and 2 F0"),
    },
    Contour {
        name: "logRelF0-H1-A3_sma3nz", unit: "dB", noun: "H1-A3",
        family: Family::VoiceQuality,
        meaning: "a lower harmonic against the third formant: higher for a breathy, soft voice",
        definition: "level of the harmonic at 2 F0 over that of the strongest one near formant 3 (9.5)",
        range: "-201 to 201; 0 where unvoiced",
        deviation: Some("\"H1\" is the harmonic at 2 F0; what counts as formant 3, see F3frequency"),
    },
    Contour {
        name: "F1frequency_sma3nz", unit: "Hz", noun: "frequency of formant 1",
        family: Family::Formants,
        meaning: "first resonance of the vocal tract: openness of the mouth",
        definition: "angle of the lowest root of an 11th-order linear prediction at 11 kHz (8)",
        range: "50 to 5450; 0 where there is none", deviation: Some(FORMANT),
    },
    Contour {
        name: "F1bandwidth_sma3nz", unit: "Hz", noun: "bandwidth of formant 1",
        family: Family::Formants,
        meaning: "how blunt the first resonance is",
        definition: "-ln |root| 11000 / pi (8.6)",
        range: "0 to some thousands, mostly 1000 to 1500", deviation: Some(FORMANT),
    },
    Contour {
        name: "F1amplitudeLogRelF0_sma3nz", unit: "dB", noun: "amplitude of formant 1",
        family: Family::Formants,
        meaning: "how strong the voice is at the first resonance, against its fundamental",
        definition: "level of the strongest harmonic within 20 % of formant 1 over that at F0 (9.4)",
        range: "-201 (unvoiced) to about 60; 0 where no harmonic is near", deviation: Some(AMPLITUDE),
    },
    Contour {
        name: "F2frequency_sma3nz", unit: "Hz", noun: "frequency of formant 2",
        family: Family::Formants,
        meaning: "second resonance of the vocal tract: place of the tongue",
        definition: "angle of the second root (8)",
        range: "50 to 5450; 0 where there is none", deviation: Some(FORMANT),
    },
    Contour {
        name: "F2bandwidth_sma3nz", unit: "Hz", noun: "bandwidth of formant 2",
        family: Family::Formants,
        meaning: "how blunt the second resonance is",
        definition: "-ln |root| 11000 / pi (8.6)",
        range: "0 to some thousands, mostly 1000 to 1500", deviation: Some(FORMANT),
    },
    Contour {
        name: "F2amplitudeLogRelF0_sma3nz", unit: "dB", noun: "amplitude of formant 2",
        family: Family::Formants,
        meaning: "how strong the voice is at the second resonance, against its fundamental",
        definition: "level of the strongest harmonic within 20 % of formant 2 over that at F0 (9.4)",
        range: "-201 (unvoiced) to about 60; 0 where no harmonic is near", deviation: Some(AMPLITUDE),
    },
    Contour {
        name: "F3frequency_sma3nz", unit: "Hz", noun: "frequency of formant 3",
        family: Family::Formants,
        meaning: "third resonance of the vocal tract: voice colour",
        definition: "angle of the third root (8)",
        range: "50 to 5450; 0 where there is none", deviation: Some(FORMANT),
    },
    Contour {
        name: "F3bandwidth_sma3nz", unit: "Hz", noun: "bandwidth of formant 3",
        family: Family::Formants,
        meaning: "how blunt the third resonance is",
        definition: "-ln |root| 11000 / pi (8.6)",
        range: "0 to some thousands, mostly 1000 to 1500", deviation: Some(FORMANT),
    },
    Contour {
        name: "F3amplitudeLogRelF0_sma3nz", unit: "dB", noun: "amplitude of formant 3",
        family: Family::Formants,
        meaning: "how strong the voice is at the third resonance, against its fundamental",
        definition: "level of the strongest harmonic within 20 % of formant 3 over that at F0 (9.4)",
        range: "-201 (unvoiced) to about 60; 0 where no harmonic is near", deviation: Some(AMPLITUDE),
    },
];

const FORMANT: &str = "the polynomial has its signs reversed, and only a part of frame and band reaches it (at 16 \
     kHz the first 70 % and 3.4 kHz): not the resonances, and not comparable between sample rates";
const AMPLITUDE: &str =
    "unvoiced frames are -201 dB and enter the statistics, whose mean is thus mostly their share";

#[rustfmt::skip]
const STATISTICS: [Statistic; 10] = [
    Statistic {
        suffix: "amean", words: "mean", definition: "arithmetic mean (12.1)",
        unit: Unit::Same, range: None, deviation: None,
        plain: Some(Plain::Amount),
    },
    Statistic {
        suffix: "stddevNorm", words: "variation", definition: "population standard deviation over the mean (12.2)",
        unit: Unit::Own("1"), range: Some("any number: has the sign of the mean, and is huge where that is near 0"),
        deviation: Some("divided by the mean with its sign, with no protection near 0"),
        plain: Some(Plain::Spread),
    },
    Statistic {
        suffix: "percentile20.0", words: "20th percentile", definition: "20th percentile, in a straight line between neighbours (12.3)",
        unit: Unit::Same, range: None, deviation: None,
        plain: None,
    },
    Statistic {
        suffix: "percentile50.0", words: "median", definition: "50th percentile (12.3)",
        unit: Unit::Same, range: None, deviation: None,
        plain: Some(Plain::Amount),
    },
    Statistic {
        suffix: "percentile80.0", words: "80th percentile", definition: "80th percentile (12.3)",
        unit: Unit::Same, range: None, deviation: None,
        plain: None,
    },
    Statistic {
        suffix: "pctlrange0-2", words: "spread", definition: "80th less 20th percentile (12.3)",
        unit: Unit::Same, range: Some("0 or more"), deviation: None,
        plain: None,
    },
    Statistic {
        suffix: "meanRisingSlope", words: "mean rise", definition: "mean slope from a minimum to the next maximum (12.5)",
        unit: Unit::PerSecond, range: Some("mostly positive"), deviation: Some(CLOSING),
        plain: None,
    },
    Statistic {
        suffix: "stddevRisingSlope", words: "variation of the rise", definition: "standard deviation of these slopes (12.5)",
        unit: Unit::PerSecond, range: Some("0 or more"), deviation: Some(CLOSING_DEVIATION),
        plain: None,
    },
    Statistic {
        suffix: "meanFallingSlope", words: "mean fall", definition: "mean slope from a maximum to the next minimum, positive (12.5)",
        unit: Unit::PerSecond, range: Some("mostly positive"), deviation: Some(CLOSING),
        plain: None,
    },
    Statistic {
        suffix: "stddevFallingSlope", words: "variation of the fall", definition: "standard deviation of these slopes (12.5)",
        unit: Unit::PerSecond, range: Some("0 or more"), deviation: Some(CLOSING_DEVIATION),
        plain: None,
    },
];

const CLOSING: &str = "the way from the last extremum to the end counts as one slope more, with the sign of a rise; a contour \
     without extrema has its change per frame";
const CLOSING_DEVIATION: &str =
    "the closing slope is left out of the sum of squares, but not of mean and number";

/// The features that are statistics of contours, in openSMILE's order: contour (counted from 0),
/// column name without the statistic, frames, how many of [`STATISTICS`].
#[rustfmt::skip]
const GROUPS: [(usize, &str, Region, usize); 35] = {
    use Region::{All, Unvoiced, Voiced};
    [
        (10, F0, Voiced, 10),
        (0, "loudness_sma3", All, 10),
        (5, "spectralFlux_sma3", All, 2),
        (6, "mfcc1_sma3", All, 2),
        (7, "mfcc2_sma3", All, 2),
        (8, "mfcc3_sma3", All, 2),
        (9, "mfcc4_sma3", All, 2),
        (11, "jitterLocal_sma3nz", Voiced, 2),
        (12, "shimmerLocaldB_sma3nz", Voiced, 2),
        (13, "HNRdBACF_sma3nz", Voiced, 2),
        (14, "logRelF0-H1-H2_sma3nz", Voiced, 2),
        (15, "logRelF0-H1-A3_sma3nz", Voiced, 2),
        (16, "F1frequency_sma3nz", Voiced, 2),
        (17, "F1bandwidth_sma3nz", Voiced, 2),
        (18, "F1amplitudeLogRelF0_sma3nz", All, 2),
        (19, "F2frequency_sma3nz", Voiced, 2),
        (20, "F2bandwidth_sma3nz", Voiced, 2),
        (21, "F2amplitudeLogRelF0_sma3nz", All, 2),
        (22, "F3frequency_sma3nz", Voiced, 2),
        (23, "F3bandwidth_sma3nz", Voiced, 2),
        (24, "F3amplitudeLogRelF0_sma3nz", All, 2),
        (1, "alphaRatioV_sma3nz", Voiced, 2),
        (2, "hammarbergIndexV_sma3nz", Voiced, 2),
        (3, "slopeV0-500_sma3nz", Voiced, 2),
        (4, "slopeV500-1500_sma3nz", Voiced, 2),
        (5, "spectralFluxV_sma3nz", Voiced, 2),
        (6, "mfcc1V_sma3nz", Voiced, 2),
        (7, "mfcc2V_sma3nz", Voiced, 2),
        (8, "mfcc3V_sma3nz", Voiced, 2),
        (9, "mfcc4V_sma3nz", Voiced, 2),
        (1, "alphaRatioUV_sma3nz", Unvoiced, 1),
        (2, "hammarbergIndexUV_sma3nz", Unvoiced, 1),
        (3, "slopeUV0-500_sma3nz", Unvoiced, 1),
        (4, "slopeUV500-1500_sma3nz", Unvoiced, 1),
        (5, "spectralFluxUV_sma3nz", Unvoiced, 1),
    ]
};

/// A feature that is no statistic of values of a contour.
struct Whole {
    /// What it is taken of.
    of: &'static str,
    family: Family,
    name: &'static str,
    unit: &'static str,
    meaning: &'static str,
    definition: &'static str,
    range: &'static str,
    deviation: Option<&'static str>,
}

/// These features, in openSMILE's order.
#[rustfmt::skip]
const WHOLES: [Whole; 7] = [
    Whole {
        of: "Loudness_sma3", family: Family::Rhythm, name: "loudnessPeaksPerSec", unit: "1/s",
        meaning: "peaks of loudness per second: near the rate of syllables",
        definition: "maxima of loudness that stand out by a tenth of its range, per second (12.7)",
        range: "0 to about 15", deviation: None,
    },
    Whole {
        of: F0, family: Family::Rhythm, name: "VoicedSegmentsPerSec", unit: "1/s",
        meaning: "voiced stretches per second: tempo of speech",
        definition: "stretches of at least 3 voiced frames, gaps of one bridged, per second (12.6)",
        range: "0 to about 8", deviation: Some(THOUSAND),
    },
    Whole {
        of: F0, family: Family::Rhythm, name: "MeanVoicedSegmentLengthSec", unit: "s",
        meaning: "how long voiced stretches last",
        definition: "mean length of these stretches (12.6)",
        range: "0 or more", deviation: Some(ONE_SHORT),
    },
    Whole {
        of: F0, family: Family::Rhythm, name: "StddevVoicedSegmentLengthSec", unit: "s",
        meaning: "how evenly voiced stretches last",
        definition: "population standard deviation of their length (12.6)",
        range: "0 or more", deviation: Some(THOUSAND),
    },
    Whole {
        of: F0, family: Family::Rhythm, name: "MeanUnvoicedSegmentLength", unit: "s",
        meaning: "how long pauses and voiceless sounds last",
        definition: "mean length of stretches of at least 3 unvoiced frames, gaps of one bridged (12.6)",
        range: "0 or more", deviation: Some(ONE_SHORT),
    },
    Whole {
        of: F0, family: Family::Rhythm, name: "StddevUnvoicedSegmentLength", unit: "s",
        meaning: "how evenly pauses and voiceless sounds last",
        definition: "population standard deviation of their length (12.6)",
        range: "0 or more", deviation: Some(THOUSAND),
    },
    Whole {
        of: "mean square", family: Family::Loudness, name: "equivalentSoundLevel_dBp", unit: "dB re full scale",
        meaning: "level of the whole recording",
        definition: "10 lg of the mean square over all 20 ms frames (12.8)",
        range: "-120 (silence) to 0", deviation: None,
    },
];

impl Whole {
    fn entry(&self) -> Entry {
        Entry {
            name: self.name.to_string(),
            unit: self.unit.to_string(),
            meaning: self.meaning.to_string(),
            definition: self.definition.to_string(),
            range: self.range.to_string(),
            deviation: self.deviation.map(str::to_string),
        }
    }
}

/// Where all of it is written.
const SOURCE: &str =
    "src/lld/opensmile/specifications/egemaps-v02.md, in the repository of sentire";
const F0: &str = "F0semitoneFrom27.5Hz_sma3nz";
const THOUSAND: &str = "no more than 1000 stretches are counted (some six minutes of speech)";
const ONE_SHORT: &str = "a stretch counts one frame short, from its first frame to its last; no more than 1000 are counted";

/// The descriptors, in the order of their columns.
pub(super) fn llds(member: &Member) -> Vec<Lld> {
    let lld = |contour: &Contour| {
        Lld {
            name: contour.name.into(),
            unit: contour.unit,
            definition: contour.definition.into(),
            // Formants have values in all frames.
            voiced_only: contour.name.ends_with("nz") && contour.family != Family::Formants,
            family: contour.family,
            side: side(contour.family),
        }
    };
    contours(member).map(lld).collect()
}

/// The contours that the table of contours has.
fn contours(member: &Member) -> impl Iterator<Item = &'static Contour> {
    let contours = CONTOURS.iter();
    contours.filter(|contour| member.has_contour(contour.name))
}

/// The features that are statistics of contours: name, contour, frames, statistic.
fn of_contours(
    member: &Member,
) -> impl Iterator<Item = (String, &'static Contour, Region, &'static Statistic)> {
    let groups = GROUPS.iter();
    let groups = groups.filter(|(contour, ..)| member.has_features_of(CONTOURS[*contour].name));
    groups.flat_map(|&(contour, name, region, n)| {
        STATISTICS[..n].iter().map(move |statistic| {
            let name = format!("{name}_{}", statistic.suffix);
            (name, &CONTOURS[contour], region, statistic)
        })
    })
}

/// The other features.
fn wholes(member: &Member) -> impl Iterator<Item = &'static Whole> {
    let wholes = WHOLES.iter();
    wholes.filter(|whole| member.has_features_of(whole.of))
}

/// The features, in the order of their columns.
pub(super) fn columns(member: &Member, set: FeatureSet) -> Vec<Column> {
    let of_contours = of_contours(member).map(|(name, contour, region, statistic)| {
        let entry = feature(member, name, contour, region, statistic);
        let plain = statistic.plain;
        (
            entry,
            contour.name,
            statistic.suffix,
            region,
            contour.family,
            plain,
        )
    });
    let wholes = wholes(member).map(|whole| {
        let entry = whole.entry();
        (entry, whole.of, whole.name, Region::All, whole.family, None)
    });
    let column =
        |(entry, of, functional, region, family, plain): (Entry, &str, _, _, Family, _)| Column {
            meaning: with_unit(&entry.meaning, &entry.unit),
            name: entry.name,
            set,
            of: of.to_string(),
            functional,
            region,
            is_delta: false,
            unit: entry.unit,
            family,
            side: Some(side(family)),
            plain,
        };
    of_contours.chain(wholes).map(column).collect()
}

/// What stands in the dictionary of the set.
pub(super) fn dictionary(member: &Member) -> Dictionary {
    let of_contours = of_contours(member).map(|(name, contour, region, statistic)| {
        feature(member, name, contour, region, statistic)
    });
    let wholes = wholes(member).map(Whole::entry);
    let descriptors = contours(member).map(|contour| descriptor(member, contour));
    Dictionary {
        source: SOURCE,
        descriptors: descriptors.collect(),
        features: of_contours.chain(wholes).collect(),
    }
}

/// The documentation of the set in Markdown: `egemaps.md`, beside this file, is this text.
pub fn documentation() -> String {
    let dictionary = dictionary(&EGEMAPS_V02);
    let mut text = String::from(INTRODUCTION);
    for (title, entries) in [
        ("The 25 descriptors", &dictionary.descriptors),
        ("The 88 features", &dictionary.features),
    ] {
        let _ = write!(
            text,
            "\n# {title}\n\n| column | unit | what it tells | definition | range | not as published |\n|---|---|---|---|---|---|\n"
        );
        for entry in entries {
            let deviation = entry.deviation.as_deref().unwrap_or("");
            let cells = [
                &entry.unit,
                &entry.meaning,
                &entry.definition,
                &entry.range,
                deviation,
            ]
            // A bar would end the cell.
            .map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(text, "| `{}` | {} |", entry.name, cells.join(" | "));
        }
    }
    text
}

const INTRODUCTION: &str = "\
The set `egemaps`: the 25 descriptors and 88 features of eGeMAPSv02, under openSMILE's names and with its
numbers.

Made from `egemaps.rs`, as `sentire describe egemaps` is. Numbers in brackets are
sections of `src/lld/opensmile/specifications/egemaps-v02.md`. The last column says where
openSMILE, and so this set, departs from the paper that defines it (F. Eyben et al. 2016, IEEE Transactions
on Affective Computing 7, 190-202), or from what a name promises.

Sound is brought to 16 bits and computed at 16 kHz, unless `--rate` says otherwise: formants, level, flux and
others depend on the rate. Of a recording shorter than 60 ms, which has no frame of the longer kind, all
features are null, and so is its one row of descriptors. Others have no nulls: 0 marks what is not there. In
a recording without voice the features of voiced frames are 0, and the means of the formants' amplitudes -201.

What holds for the whole set: samples beyond full scale are clipped; frames are not centred, and those of 60 ms have their
middle 20 ms behind those of 20 ms with the same number (2); the pitch of the last few frames is
undecided when the input ends, and statistics of pitch, of voiced and of unvoiced frames stop before them, while the table
of descriptors has a row more than there are frames of 60 ms, and one row twice (11.3).
";

fn descriptor(member: &Member, contour: &Contour) -> Entry {
    let (deviation, range) = contour.deviation_and_range(member);
    let smoothing = match contour.name.ends_with("nz") {
        true => "mean of three frames, zeros left out (11)",
        false => "mean of three frames (11)",
    };
    Entry {
        name: contour.name.to_string(),
        unit: contour.unit.to_string(),
        meaning: contour.meaning.to_string(),
        definition: format!("{}; {smoothing}", contour.definition),
        range: range.to_string(),
        deviation: deviation.map(str::to_string),
    }
}

fn feature(
    member: &Member,
    name: String,
    contour: &Contour,
    region: Region,
    statistic: &Statistic,
) -> Entry {
    let over = match region {
        Region::All => "all frames",
        Region::Voiced => "voiced frames",
        Region::Unvoiced => "unvoiced frames",
    };
    // What is done to the contour before the statistic is taken.
    let values = match region {
        Region::All if contour.noun.starts_with("amplitude") => ", zeros left out",
        Region::All => "",
        Region::Voiced => {
            ", set to 0 in unvoiced frames before it is smoothed, zeros left out (11.2)"
        }
        Region::Unvoiced => {
            ", set to 0 in voiced frames before it is smoothed, zeros left out (11.2)"
        }
    };
    let (deviation, _) = contour.deviation_and_range(member);
    Entry {
        name,
        unit: statistic.unit.of(contour.unit),
        meaning: format!(
            "{} of {} over {over}: {}",
            statistic.words, contour.noun, contour.meaning
        ),
        definition: format!("{} of {}{values}", statistic.definition, contour.name),
        range: match statistic.range {
            Some(range) => range.to_string(),
            None => format!("as {}", contour.name),
        },
        deviation: deviations(deviation, statistic.deviation),
    }
}

#[test]
fn there_are_25_descriptors_and_88_features() {
    let dictionary = dictionary(&EGEMAPS_V02);
    assert_eq!(
        (dictionary.descriptors.len(), dictionary.features.len()),
        (25, 88)
    );
    let names = dictionary.features.iter().map(|entry| &entry.name);
    assert!(
        names.eq(FeatureSet::EGEMAPS
            .columns()
            .iter()
            .map(|column| &column.name))
    );
}
