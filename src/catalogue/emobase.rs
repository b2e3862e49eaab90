//! The set `emobase`: for each descriptor and feature its unit, its meaning in plain words, its formula, its range, and what
//! one would not expect of it. Numbers in brackets are sections of the specification,
//! `src/lld/opensmile/specifications/emobase.md`.
//!
//! `is09` has descriptors of the same kind and some of the same statistics (`Contour`, `STATISTICS`).

use super::opensmile::{Statistic, deviations};
use super::statistics::{Plain, Unit};
use super::{
    Column, Dictionary, Entry, Family, FeatureSet, Lld, Region, SetInfo, Side, Storage, with_unit,
};

pub(super) static INFO: SetInfo = SetInfo {
    name: "emobase",
    version: 1,
    help: "openSMILE's emobase: 26 descriptors and their changes, 988 features",
    storage: Storage::Flat,
    edition: None,
    llds: || llds(&contours(), false),
    deltas: Some(|| llds(&contours(), true)),
    columns: |set| columns(set, &contours(), &statistics()),
    statistics: Vec::new,
    dictionary: Some(|| dictionary(SOURCE, &contours(), &statistics())),
};

/// Where all of it is written.
const SOURCE: &str = "src/lld/opensmile/specifications/emobase.md, in the repository of sentire";

/// A contour, and what is to be said of it.
pub(super) struct Contour {
    /// Column name at the level of frames, without `_sma` and what follows it.
    pub name: &'static str,
    /// The number that follows `_sma` in brackets, where there is one.
    pub index: Option<usize>,
    pub unit: ContourUnit,
    /// A noun for it.
    pub noun: String,
    /// What it tells, in the large, and in plain words.
    pub family: Family,
    pub side: Side,
    pub meaning: &'static str,
    pub definition: String,
    pub range: &'static str,
    pub deviation: Option<&'static str>,
}

/// The unit of a contour.
#[derive(Clone, Copy)]
pub(super) enum ContourUnit {
    One,
    Hz,
    Radians,
    /// Crossings per sample.
    PerSample,
    /// Of the sample, full scale being 1.
    Amplitude,
    /// The square of it.
    Power,
}

impl ContourUnit {
    /// Itself, and that of the change.
    fn names(self) -> [&'static str; 2] {
        match self {
            ContourUnit::One => ["1", "1 per frame"],
            ContourUnit::Hz => ["Hz", "Hz per frame"],
            ContourUnit::Radians => ["rad", "rad per frame"],
            ContourUnit::PerSample => ["1 per sample", "1 per sample and frame"],
            ContourUnit::Amplitude => ["full scale", "full scale per frame"],
            ContourUnit::Power => ["full scale squared", "full scale squared per frame"],
        }
    }
}

impl Contour {
    /// Its name in a table of contours, or that of its change.
    fn column(&self, is_delta: bool) -> String {
        let suffix = if is_delta { "sma_de" } else { "sma" };
        match self.index {
            Some(index) => format!("{}_{suffix}[{index}]", self.name),
            None => format!("{}_{suffix}", self.name),
        }
    }

    fn unit(&self, is_delta: bool) -> &'static str {
        self.unit.names()[usize::from(is_delta)]
    }

    /// What it is, or what its change is, in full.
    fn entry(&self, is_delta: bool) -> Entry {
        let (meaning, definition, range) = match is_delta {
            false => (
                self.meaning.to_string(),
                format!("{}; mean of three frames (8.1)", self.definition),
                self.range.to_string(),
            ),
            true => (
                format!("change of {} from frame to frame", self.noun),
                format!("slope over five frames of {} (8.2)", self.column(false)),
                "around 0".to_string(),
            ),
        };
        Entry {
            name: self.column(is_delta),
            unit: self.unit(is_delta).to_string(),
            meaning,
            definition,
            range,
            deviation: self.deviation.map(str::to_string),
        }
    }
}

/// The 19 statistics in openSMILE's order.
#[rustfmt::skip]
pub(super) const STATISTICS: [Statistic; 19] = [
    Statistic {
        suffix: "max", words: "maximum", definition: "largest value (9)",
        unit: Unit::Same, range: None, deviation: None, plain: None,
    },
    Statistic {
        suffix: "min", words: "minimum", definition: "smallest value (9)",
        unit: Unit::Same, range: None, deviation: None, plain: None,
    },
    Statistic {
        suffix: "range", words: "range", definition: "largest less smallest value (9)",
        unit: Unit::Same, range: Some("0 or more"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "maxPos", words: "place of the maximum", definition: "number of the first frame that has the largest value, from 0 (9)",
        unit: Unit::Own("frames"), range: Some(PLACES), deviation: Some(PLACE), plain: None,
    },
    Statistic {
        suffix: "minPos", words: "place of the minimum", definition: "number of the first frame that has the smallest value, from 0 (9)",
        unit: Unit::Own("frames"), range: Some(PLACES), deviation: Some(PLACE), plain: None,
    },
    Statistic {
        suffix: "amean", words: "mean", definition: "arithmetic mean (9)",
        unit: Unit::Same, range: None, deviation: None, plain: Some(Plain::Amount),
    },
    Statistic {
        suffix: "linregc1", words: "slope", definition: "slope of the line of least squares (9)",
        unit: Unit::PerFrame, range: Some("any number"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "linregc2", words: "starting point of the line", definition: "value of the line of least squares at frame 0 (9)",
        unit: Unit::Same, range: Some("any number"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "linregerrA", words: "distance from the line", definition: "mean absolute difference from the line of least squares (9)",
        unit: Unit::Same, range: Some("0 or more"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "linregerrQ", words: "squared distance from the line", definition: "mean squared difference from the line of least squares (9)",
        unit: Unit::Square, range: Some("0 or more"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "stddev", words: "variation", definition: "population standard deviation (9)",
        unit: Unit::Same, range: Some("0 or more"), deviation: None, plain: Some(Plain::Spread),
    },
    Statistic {
        suffix: "skewness", words: "skewness", definition: "third standardised moment, 0 if constant (9)",
        unit: Unit::Own("1"), range: Some("any number"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "kurtosis", words: "kurtosis", definition: "fourth standardised moment, 0 if constant (9)",
        unit: Unit::Own("1"), range: Some("1 or more; 0 if constant"),
        deviation: Some("no 3 is subtracted: a normal distribution has 3"), plain: None,
    },
    Statistic {
        suffix: "quartile1", words: "first quartile", definition: "25th percentile, in a straight line between neighbours (9)",
        unit: Unit::Same, range: None, deviation: None, plain: None,
    },
    Statistic {
        suffix: "quartile2", words: "median", definition: "50th percentile (9)",
        unit: Unit::Same, range: None, deviation: None, plain: Some(Plain::Amount),
    },
    Statistic {
        suffix: "quartile3", words: "third quartile", definition: "75th percentile (9)",
        unit: Unit::Same, range: None, deviation: None, plain: None,
    },
    Statistic {
        suffix: "iqr1-2", words: "spread of the lower half", definition: "median less first quartile (9)",
        unit: Unit::Same, range: Some("0 or more"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "iqr2-3", words: "spread of the upper half", definition: "third quartile less median (9)",
        unit: Unit::Same, range: Some("0 or more"), deviation: None, plain: None,
    },
    Statistic {
        suffix: "iqr1-3", words: "spread", definition: "third less first quartile (9)",
        unit: Unit::Same, range: Some("0 or more"), deviation: None, plain: None,
    },
];

const PLACES: &str = "0 to the number of frames less 3";
const PLACE: &str = "not divided by the length: it grows with that of the recording";

/// The statistics of this set: all.
fn statistics() -> Vec<&'static Statistic> {
    STATISTICS.iter().collect()
}

/// The 26 contours in openSMILE's order.
fn contours() -> Vec<Contour> {
    let level = |name, unit, noun: &str, definition: &str, range| Contour {
        name,
        index: None,
        unit,
        noun: noun.to_string(),
        family: Family::Loudness,
        side: Side::Source,
        meaning: "how strong the sound is, seen in two samples every 10 ms",
        definition: definition.to_string(),
        range,
        deviation: Some(
            "only the first two samples of a frame are seen, so it hardly measures what its name says; falls as the \
             sample rate rises",
        ),
    };
    let frequency = |index: usize| Contour {
        name: "lspFreq",
        index: Some(index),
        unit: ContourUnit::Radians,
        noun: format!("line spectral frequency {}", index + 1),
        family: Family::SpectralEnvelope,
        side: Side::Filter,
        meaning: "shape of the spectrum: where two of the eight lie close together, there is a resonance",
        definition: format!(
            "frequency {} of 8 of an 8th-order linear prediction of the pre-emphasised 25 ms frame, no window (6)",
            index + 1
        ),
        range: "0 to pi, ascending; for silence near (its number) pi / 9",
        deviation: Some(
            "found by a coarse search: up to 3e-4 off; pi is half the sample rate, so rates do not compare",
        ),
    };
    let mut contours = vec![
        level(
            "pcm_intensity",
            ContourUnit::Power,
            "intensity",
            "squares of the first two samples of the 25 ms frame under a Hamming window, over the sum of that (4.1)",
            "0 to about 0.0001",
        ),
        level(
            "pcm_loudness",
            ContourUnit::One,
            "loudness",
            "(intensity / 1e-6)^0.3 (4.2)",
            "0 to about 5",
        ),
    ];
    contours.extend((1..=12).map(|index| {
        mel_coefficient(
            "mfcc",
            index,
            "pre-emphasised 25 ms frames, power in 26 bands from 0 Hz, lifter 22 (5)",
            "about -100 to 100",
            None,
        )
    }));
    contours.extend((0..8).map(frequency));
    contours.extend([
        zero_crossing_rate("4.3"),
        voicing_probability(
            "highest autocorrelation on a rising slope, from a lag of 2 ms on, over that at 0; 40 ms frames, Hamming (7.4)",
        ),
        pitch(
            "first peak of the cepstrum above 0.6 (maximum + mean), where the voicing probability is 0.55 or more, outliers \
             replaced (7.5, 7.6); 40 ms frames",
            "31 to 485 at 16 kHz; 0 where unvoiced",
            PITCH,
        ),
        Contour {
            name: "F0env",
            meaning: "how high the voice is, slowly following, and held where there is no voice",
            noun: "envelope of the pitch".to_string(),
            definition: "B = 0.75 B + 0.25 F0 in voiced frames, else held (7.6)".to_string(),
            range: "0 to 485 at 16 kHz",
            deviation: Some("starts from 0, so the first ten voiced frames are too low"),
            ..pitch("", "", "")
        },
    ]);
    contours
}

/// MFCC `index`, from 1 on.
pub(super) fn mel_coefficient(
    name: &'static str,
    index: usize,
    definition: &str,
    range: &'static str,
    deviation: Option<&'static str>,
) -> Contour {
    Contour {
        name,
        index: Some(index),
        unit: ContourUnit::One,
        noun: format!("MFCC {index}"),
        family: Family::SpectralEnvelope,
        side: Side::Filter,
        meaning: match index {
            1 => "coarsest shape of the spectrum: low bands against high ones",
            2 => "shape of the spectrum: middle bands against both ends",
            3..=6 => "shape of the spectrum, finer than MFCC 2",
            _ => "fine shape of the spectrum",
        },
        definition: format!("HTK's MFCC {index}: {definition}"),
        range,
        deviation,
    }
}

/// The rate of zero crossings of frames of 25 ms, defined in `section`.
pub(super) fn zero_crossing_rate(section: &str) -> Contour {
    Contour {
        name: "pcm_zcr",
        index: None,
        unit: ContourUnit::PerSample,
        noun: "zero crossing rate".to_string(),
        family: Family::SpectralShape,
        side: Side::Source,
        meaning: "how often the sound changes its sign: high for hissing sounds, low for vowels",
        definition: format!("changes of sign in the 25 ms frame over its samples ({section})"),
        range: "0 to 1",
        deviation: Some("digital zeros count as crossings: silence has 0.995 at 16 kHz"),
    }
}

/// The voicing probability.
pub(super) fn voicing_probability(definition: &str) -> Contour {
    Contour {
        name: "voiceProb",
        index: None,
        unit: ContourUnit::One,
        noun: "voicing probability".to_string(),
        family: Family::VoiceQuality,
        side: Side::Source,
        meaning: "how periodic the sound is: high for a clear voice, low for breath and noise",
        definition: definition.to_string(),
        range: "0 to 1",
        deviation: Some(
            "not a probability; any point of a rising slope counts, and long lags are not compensated",
        ),
    }
}

/// F0.
pub(super) fn pitch(definition: &str, range: &'static str, deviation: &'static str) -> Contour {
    Contour {
        name: "F0",
        index: None,
        unit: ContourUnit::Hz,
        noun: "pitch".to_string(),
        family: Family::Pitch,
        side: Side::Source,
        meaning: "how high the voice is",
        definition: definition.to_string(),
        range,
        deviation: Some(deviation),
    }
}

/// What is to be known of the pitch of both sets.
pub(super) const PITCH: &str = "one frame late, and the mean of two frames; a sample rate over a whole number; zeros of \
     unvoiced frames enter the smoothing and all statistics";

/// The descriptors in the order of their columns, or their changes.
pub(super) fn llds(contours: &[Contour], is_delta: bool) -> Vec<Lld> {
    let lld = |contour: &Contour| Lld {
        name: contour.column(is_delta),
        unit: contour.unit(is_delta),
        definition: contour.entry(is_delta).definition,
        // Unvoiced frames are 0, and are counted in.
        voiced_only: false,
        family: contour.family,
        side: contour.side,
    };
    contours.iter().map(lld).collect()
}

/// Every contour and every change of one, with each of `statistics`: in the order of the columns of the features.
fn combined<'a>(
    contours: &'a [Contour],
    statistics: &'a [&'static Statistic],
) -> impl Iterator<Item = (&'a Contour, bool, &'static Statistic)> {
    [false, true].into_iter().flat_map(move |is_delta| {
        contours.iter().flat_map(move |contour| {
            let statistics = statistics.iter();
            statistics.map(move |&statistic| (contour, is_delta, statistic))
        })
    })
}

/// The features.
pub(super) fn columns(
    set: FeatureSet,
    contours: &[Contour],
    statistics: &[&'static Statistic],
) -> Vec<Column> {
    let column = |(contour, is_delta, statistic): (&Contour, bool, &Statistic)| {
        let entry = feature(contour, is_delta, statistic);
        Column {
            meaning: with_unit(&entry.meaning, &entry.unit),
            name: entry.name,
            set,
            of: contour.column(false),
            functional: statistic.suffix,
            region: Region::All,
            is_delta,
            unit: entry.unit,
            family: contour.family,
            side: Some(contour.side),
            plain: statistic.plain.filter(|_| !is_delta),
        }
    };
    combined(contours, statistics).map(column).collect()
}

/// What stands in the dictionary of a set.
pub(super) fn dictionary(
    source: &'static str,
    contours: &[Contour],
    statistics: &[&'static Statistic],
) -> Dictionary {
    let features = combined(contours, statistics);
    Dictionary {
        source,
        descriptors: contours
            .iter()
            .map(|contour| contour.entry(false))
            .collect(),
        features: features
            .map(|(contour, is_delta, statistic)| feature(contour, is_delta, statistic))
            .collect(),
    }
}

fn feature(contour: &Contour, is_delta: bool, statistic: &Statistic) -> Entry {
    let of = contour.entry(is_delta);
    let noun = match is_delta {
        true => format!("the change of {}", contour.noun),
        false => contour.noun.clone(),
    };
    Entry {
        name: format!("{}_{}", of.name, statistic.suffix),
        unit: statistic.unit.of(&of.unit),
        meaning: format!("{} of {noun}: {}", statistic.words, contour.meaning),
        definition: format!("{} of {}", statistic.definition, of.name),
        range: match statistic.range {
            Some(range) => range.to_string(),
            None => format!("as {}", of.name),
        },
        deviation: deviations(contour.deviation, statistic.deviation),
    }
}

#[test]
fn there_are_26_descriptors_and_988_features_in_the_order_of_the_specification() {
    let set = FeatureSet::EMOBASE;
    let (llds, deltas, columns) = (set.llds(), set.deltas(), set.columns());
    assert_eq!((llds.len(), deltas.len(), columns.len()), (26, 26, 988));
    assert_eq!(llds[2].name, "mfcc_sma[1]");
    assert_eq!(
        (&*llds[14].name, &*llds[21].name),
        ("lspFreq_sma[0]", "lspFreq_sma[7]")
    );
    assert_eq!(deltas[13].name, "mfcc_sma_de[12]");
    // Section 1.3.
    for (place, name) in [
        (1, "pcm_intensity_sma_max"),
        (495, "pcm_intensity_sma_de_max"),
        (988, "F0env_sma_de_iqr1-3"),
    ] {
        assert_eq!(columns[place - 1].name, name);
    }
    let dictionary = set.dictionary().expect("it has one");
    assert!(
        dictionary
            .features
            .iter()
            .map(|entry| &entry.name)
            .eq(columns.iter().map(|c| &c.name))
    );
}
