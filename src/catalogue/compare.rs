//! The set `compare`: 65 descriptors of ComParE_2016, their deltas and 6373 features, under openSMILE's names.
//!
//! Numbers in brackets are sections of `src/lld/opensmile/specifications/compare-2016.md`; those behind an E are sections of
//! `egemaps-v02.md`, beside it.

use super::opensmile::{Statistic, deviations, side};
use super::{
    Column, Dictionary, Entry, Family, FeatureSet, Lld, Plain, Region, SetInfo, Storage, Unit,
    with_unit,
};

/// Features.
pub const FEATURES: usize = 6373;

pub(super) static INFO: SetInfo = SetInfo {
    name: "compare",
    version: 1,
    help: "openSMILE's ComParE_2016: 65 descriptors and their deltas, 6373 features",
    storage: Storage::Flat,
    edition: None,
    llds: || contours().map(|contour| contour.lld(false)).collect(),
    deltas: Some(|| contours().map(|contour| contour.lld(true)).collect()),
    columns,
    statistics: Vec::new,
    dictionary: Some(dictionary),
};

const SOURCE: &str =
    "src/lld/opensmile/specifications/compare-2016.md, in the repository of sentire";

/// The groups whose contours are smoothed, and made into features, alike.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    /// Pitch and voice: values of 0 are none.
    Voice,
    Level,
    Spectrum,
}

/// A descriptor, or a row of numbered ones.
struct Descriptor {
    group: Group,
    /// Its name without what is behind `_sma`.
    name: &'static str,
    /// The numbers that stand in brackets behind its name.
    numbers: Option<(usize, usize)>,
    unit: &'static str,
    /// A noun for it; `#` is its number, counted from 1.
    noun: &'static str,
    family: Family,
    meaning: &'static str,
    definition: &'static str,
    range: &'static str,
    deviation: Option<&'static str>,
}

/// The 65 descriptors, in openSMILE's order.
#[rustfmt::skip]
const DESCRIPTORS: [Descriptor; 27] = {
    use Family::{Loudness, Pitch, SpectralEnvelope, SpectralShape, VoiceQuality};
    use Group::{Level, Spectrum, Voice};
    [
        Descriptor {
            group: Voice, name: "F0final", numbers: None, unit: "Hz", noun: "pitch", family: Pitch,
            meaning: "how high the voice is",
            definition: "subharmonic summation and the cheapest path of candidates from 52 to 620 Hz (7)",
            range: "52 to 620; 0 where unvoiced",
            deviation: Some("the path remembers one slope for all its branches, and weighs it otherwise than configured"),
        },
        Descriptor {
            group: Voice, name: "voicingFinalUnclipped", numbers: None, unit: "1", noun: "voicing", family: VoiceQuality,
            meaning: "how much of a frame is a tone with its harmonics",
            definition: "1 - mean of the subharmonic sums / sum of the chosen candidate (7.2)",
            range: "0 to 1",
            deviation: Some("not 0 in unvoiced frames, but that of their first candidate; 0 in silence only"),
        },
        Descriptor {
            group: Voice, name: "jitterLocal", numbers: None, unit: "1", noun: "jitter", family: VoiceQuality,
            meaning: "how much one period of the voice differs from the next in length: roughness",
            definition: "mean difference of successive periods' lengths over the mean length, within a frame (8.2)",
            range: "0 to 1; 0 where unvoiced", deviation: None,
        },
        Descriptor {
            group: Voice, name: "jitterDDP", numbers: None, unit: "1", noun: "jitter of second order", family: VoiceQuality,
            meaning: "how much the differences of successive periods differ: roughness without glides",
            definition: "mean difference of successive differences of periods over the mean length (8.3)",
            range: "0 to 1; 0 where unvoiced", deviation: None,
        },
        Descriptor {
            group: Voice, name: "shimmerLocal", numbers: None, unit: "1", noun: "shimmer", family: VoiceQuality,
            meaning: "how much one period of the voice differs from the next in amplitude: roughness",
            definition: "mean difference of successive periods' amplitudes over their mean (8.4)",
            range: "0 to 1; 0 where unvoiced", deviation: None,
        },
        Descriptor {
            group: Voice, name: "logHNR", numbers: None, unit: "dB", noun: "harmonics-to-noise ratio", family: VoiceQuality,
            meaning: "how much of a voiced frame is tone rather than breath and noise",
            definition: "20 lg(root mean square of the mean period / that of what departs from it) (8.5)",
            range: "-100 (unvoiced) to about 60",
            deviation: Some("unvoiced frames are -100 dB and enter the statistics, which thus mostly tell their share"),
        },
        Descriptor {
            group: Level, name: "audspec_lengthL1norm", numbers: None, unit: "sone-like", noun: "loudness", family: Loudness,
            meaning: "how loud it sounds: power in 26 mel bands, weighted as the ear weighs it, and compressed",
            definition: "mean over bands of (max(e, 9.3e-10) Q(F))^0.33, Q the equal-loudness curve (4.2)",
            range: "0.00103 (silence) to about 5; grows with the sample rate",
            deviation: Some("the mean over the bands, not their sum"),
        },
        Descriptor {
            group: Level, name: "audspecRasta_lengthL1norm", numbers: None, unit: "sone-like", noun: "filtered loudness", family: Loudness,
            meaning: "how loud it sounds against the seconds before",
            definition: "mean over bands of the band-pass filtered auditory spectrum (4.4)",
            range: "0 to about 5; 0.988 for silence at 16 kHz", deviation: Some(FIRST_FRAMES),
        },
        Descriptor {
            group: Level, name: "pcm_RMSenergy", numbers: None, unit: "of full scale", noun: "root mean square", family: Loudness,
            meaning: "level of the waveform",
            definition: "sqrt(mean x^2) of 20 ms without a window (9.1)",
            range: "0 to 1", deviation: None,
        },
        Descriptor {
            group: Level, name: "pcm_zcr", numbers: None, unit: "per sample", noun: "zero crossing rate", family: SpectralShape,
            meaning: "how often the waveform changes its sign: high for hiss",
            definition: "sign changes within 60 ms over its number of samples (9.2)",
            range: "0 to 1; 0.998 for silence at 16 kHz",
            deviation: Some("each sample of a run of digital zeros counts as a crossing"),
        },
        Descriptor {
            group: Spectrum, name: "audSpec_Rfilt", numbers: Some((0, 25)), unit: "sone-like", noun: "filtered loudness of band #",
            family: SpectralEnvelope,
            meaning: "how loud this of 26 mel bands from 20 Hz to 8 kHz sounds against the seconds before",
            definition: "exp(0.33 (band-pass filter of ln max(e, 9.3e-10) + ln Q)) (4.3)",
            range: "0 to about 15", deviation: Some(FIRST_FRAMES),
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_fband250-650", numbers: None, unit: "power", noun: "energy of 250 to 650 Hz", family: SpectralShape,
            meaning: "energy around the lowest partials and the first formant",
            definition: "sum of the power of these bins over the number of all bins (6.1)",
            range: "0 or more; grows with the sample rate", deviation: Some("divided by the bins of the whole spectrum"),
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_fband1000-4000", numbers: None, unit: "power", noun: "energy of 1 to 4 kHz", family: SpectralShape,
            meaning: "energy where vowels differ and strain is heard",
            definition: "sum of the power of these bins over the number of all bins (6.1)",
            range: "0 or more; grows with the sample rate", deviation: Some("divided by the bins of the whole spectrum"),
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralRollOff25.0", numbers: None, unit: "Hz", noun: "25 % roll-off point", family: SpectralShape,
            meaning: "frequency below which a quarter of the power lies",
            definition: "first bin up to which 25 % of the power lie (6.2)",
            range: "31.25 (also of silence, at 16 kHz) to half the sample rate", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralRollOff50.0", numbers: None, unit: "Hz", noun: "50 % roll-off point", family: SpectralShape,
            meaning: "frequency below which half of the power lies",
            definition: "first bin up to which 50 % of the power lie (6.2)",
            range: "31.25 (also of silence, at 16 kHz) to half the sample rate", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralRollOff75.0", numbers: None, unit: "Hz", noun: "75 % roll-off point", family: SpectralShape,
            meaning: "frequency below which three quarters of the power lie",
            definition: "first bin up to which 75 % of the power lie (6.2)",
            range: "31.25 (also of silence, at 16 kHz) to half the sample rate", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralRollOff90.0", numbers: None, unit: "Hz", noun: "90 % roll-off point", family: SpectralShape,
            meaning: "frequency below which nine tenths of the power lie",
            definition: "first bin up to which 90 % of the power lie (6.2)",
            range: "31.25 (also of silence, at 16 kHz) to half the sample rate", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralFlux", numbers: None, unit: "magnitude", noun: "spectral flux", family: SpectralShape,
            meaning: "how much the spectrum changes from one frame to the next",
            definition: "root of the mean squared change of magnitude of all bins but that of 0 Hz (6.3)",
            range: "0 to about 10; grows with level and sample rate", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralCentroid", numbers: None, unit: "Hz", noun: "spectral centroid", family: SpectralShape,
            meaning: "where the middle of the power lies: brightness",
            definition: "sum f p / sum p (6.4)",
            range: "0 (silence) to half the sample rate", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralEntropy", numbers: None, unit: "bit", noun: "spectral entropy", family: SpectralShape,
            meaning: "how evenly the power is spread over frequencies: low for a voice, high for noise",
            definition: "- sum q log2 q, q = max(p, 1e-7) / max(sum p, 1e-7) (6.5)",
            range: "0 to 8 at 16 kHz, but to 135 near silence",
            deviation: Some("the floor of each bin is no part of the sum that it is divided by"),
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralVariance", numbers: None, unit: "Hz^2", noun: "spectral variance", family: SpectralShape,
            meaning: "how wide the power is spread about its middle",
            definition: "sum (f - centroid)^2 p / sum p (6.6)",
            range: "0 or more", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralSkewness", numbers: None, unit: "1", noun: "spectral skewness", family: SpectralShape,
            meaning: "how far the spectrum reaches up rather than down from its middle",
            definition: "third standardised moment of the power over frequency (6.6)",
            range: "any number; 0 for silence", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralKurtosis", numbers: None, unit: "1", noun: "spectral kurtosis", family: SpectralShape,
            meaning: "how peaked the spectrum is about its middle",
            definition: "fourth standardised moment of the power over frequency (6.6)",
            range: "1 or more; 0 for silence", deviation: Some("nothing is subtracted: 3 for a normal distribution"),
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralSlope", numbers: None, unit: "power per Hz", noun: "spectral slope", family: SpectralShape,
            meaning: "how the power falls with frequency",
            definition: "least-squares slope of the power over frequency, times the number of bins less one (6.7)",
            range: "mostly negative; grows with level",
            deviation: Some("of the power, not of its level, and multiplied by the number of bins"),
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_psySharpness", numbers: None, unit: "acum-like", noun: "sharpness", family: SpectralShape,
            meaning: "how sharp it sounds: power weighted by its place on the bark scale",
            definition: "0.11 sum z g p / sum p, z in bark, g above 1 from 16 bark on (6.8)",
            range: "0 (silence) to about 7", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "pcm_fftMag_spectralHarmonicity", numbers: None, unit: "power", noun: "harmonicity", family: SpectralShape,
            meaning: "how much the partials stand out of what lies between them",
            definition: "half the sum of the differences of successive extrema of the power, over the number of bins (6.9)",
            range: "0 or more; grows with level", deviation: None,
        },
        Descriptor {
            group: Spectrum, name: "mfcc", numbers: Some((1, 14)), unit: "1", noun: "MFCC #", family: SpectralEnvelope,
            meaning: "shape of the spectrum: the finer, the higher the number",
            definition: "HTK's MFCC of 26 bands, lifter 22, samples of 16 bits, no mean subtracted (5)",
            range: "about -80 to 80", deviation: None,
        },
    ]
};

const FIRST_FRAMES: &str = "not the filter of the paper; the first five frames of every recording have the value of silence";

/// A contour: a descriptor, or one of a row of them.
#[derive(Clone, Copy)]
struct Contour {
    descriptor: &'static Descriptor,
    number: Option<usize>,
}

impl Contour {
    /// Its name; that of its delta has `_de` before the number.
    fn name(&self, is_delta: bool) -> String {
        let delta = if is_delta { "_de" } else { "" };
        let number = self
            .number
            .map_or(String::new(), |number| format!("[{number}]"));
        format!("{}_sma{delta}{number}", self.descriptor.name)
    }

    /// Counted from 1, as the noun has it.
    fn noun(&self) -> String {
        let first = self.descriptor.numbers.map_or(0, |(first, _)| first);
        let place = self.number.map_or(String::new(), |number| match first {
            0 => (number + 1).to_string(),
            _ => number.to_string(),
        });
        self.descriptor.noun.replace('#', &place)
    }

    fn unit(&self, is_delta: bool) -> String {
        match is_delta {
            true => format!("{} per frame", self.descriptor.unit),
            false => self.descriptor.unit.to_string(),
        }
    }

    /// Frames that have a value.
    fn region(&self) -> Region {
        let Descriptor { group, name, .. } = self.descriptor;
        // Voicing and the ratio to noise have values in all frames.
        match (group, *name) {
            (Group::Voice, "voicingFinalUnclipped" | "logHNR") => Region::All,
            (Group::Voice, _) => Region::Voiced,
            _ => Region::All,
        }
    }

    fn definition(&self, is_delta: bool) -> String {
        let smoothing = match self.descriptor.group {
            Group::Voice => "mean of three frames, zeros left out (10.1)",
            _ => "mean of three frames (10.1)",
        };
        let delta = match (is_delta, self.descriptor.group) {
            (false, _) => "",
            (true, Group::Voice) => {
                "; differences over two frames either way, zeros left out (10.3)"
            }
            (true, _) => "; differences over two frames either way (10.2)",
        };
        format!("{}; {smoothing}{delta}", self.descriptor.definition)
    }

    fn deviation(&self, is_delta: bool) -> Option<String> {
        let of_delta = (is_delta && self.descriptor.group == Group::Voice).then_some(FADING);
        deviations(self.descriptor.deviation, of_delta)
    }

    fn lld(&self, is_delta: bool) -> Lld {
        let family = self.descriptor.family;
        Lld {
            name: self.name(is_delta),
            unit: self.descriptor.unit,
            definition: self.definition(is_delta),
            voiced_only: self.region() == Region::Voiced,
            family,
            side: side(family),
        }
    }

    fn entry(&self) -> Entry {
        let Descriptor { meaning, range, .. } = self.descriptor;
        Entry {
            name: self.name(false),
            unit: self.unit(false),
            meaning: match self.number {
                Some(_) => format!("{}: {meaning}", self.noun()),
                None => meaning.to_string(),
            },
            definition: self.definition(false),
            range: range.to_string(),
            deviation: self.deviation(false),
        }
    }
}

const FADING: &str = "the divisor of the deltas of pitch and voice grows from frame to frame, so that they fade with the \
     speech that came before";

fn contours() -> impl Iterator<Item = Contour> {
    DESCRIPTORS.iter().flat_map(|descriptor| {
        let contour = move |number| Contour { descriptor, number };
        let numbers = descriptor.numbers.map(|(first, last)| first..=last);
        let numbered = numbers.into_iter().flatten().map(Some);
        let alone = descriptor.numbers.is_none().then_some(None);
        numbered.chain(alone).map(contour)
    })
}

const ONE: Unit = Unit::Own("1");
const SECONDS: Unit = Unit::Own("s");

const SHARE: &str = "0 to 1";
const POSITIVE: &str = "0 or more";

const AMEAN: Statistic =
    Statistic::new("amean", "mean", "arithmetic mean (11.1)", Unit::Same).plain(Plain::Amount);
const FLATNESS: Statistic = Statistic::new(
    "flatness",
    "flatness",
    "geometric over arithmetic mean of the magnitudes, zeros left out of the former (11.1)",
    ONE,
)
.range("0 to 1; 1 where all are 0");
const POSAMEAN: Statistic = Statistic::new(
    "posamean",
    "mean of the positive values",
    "arithmetic mean of the positive values, 0 of none (11.1)",
    Unit::Same,
);
const RQMEAN: Statistic = Statistic::new(
    "rqmean",
    "quadratic mean",
    "root of the mean square (11.1)",
    Unit::Same,
)
.range(POSITIVE);

const EXTREMES: [Statistic; 3] = [
    Statistic::new("range", "range", "maximum less minimum (11.2)", Unit::Same).range(POSITIVE),
    Statistic::new(
        "maxPos",
        "place of the maximum",
        "first frame of the maximum over the number of frames (11.2)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "minPos",
        "place of the minimum",
        "first frame of the minimum over the number of frames (11.2)",
        ONE,
    )
    .range(SHARE),
];

const PERCENTILES: [Statistic; 9] = [
    Statistic::new(
        "quartile1",
        "first quartile",
        "25th percentile (11.3)",
        Unit::Same,
    ),
    Statistic::new("quartile2", "median", "50th percentile (11.3)", Unit::Same)
        .plain(Plain::Amount),
    Statistic::new(
        "quartile3",
        "third quartile",
        "75th percentile (11.3)",
        Unit::Same,
    ),
    Statistic::new(
        "iqr1-2",
        "lower half of the middle spread",
        "quartile 2 less quartile 1 (11.3)",
        Unit::Same,
    )
    .range(POSITIVE),
    Statistic::new(
        "iqr2-3",
        "upper half of the middle spread",
        "quartile 3 less quartile 2 (11.3)",
        Unit::Same,
    )
    .range(POSITIVE),
    Statistic::new(
        "iqr1-3",
        "middle spread",
        "quartile 3 less quartile 1 (11.3)",
        Unit::Same,
    )
    .range(POSITIVE)
    .plain(Plain::Spread),
    Statistic::new(
        "percentile1.0",
        "lowest values",
        "1st percentile (11.3)",
        Unit::Same,
    ),
    Statistic::new(
        "percentile99.0",
        "highest values",
        "99th percentile (11.3)",
        Unit::Same,
    ),
    Statistic::new(
        "pctlrange0-1",
        "whole spread",
        "99th less 1st percentile (11.3)",
        Unit::Same,
    )
    .range(POSITIVE),
];

const MOMENTS: [Statistic; 3] = [
    Statistic::new(
        "stddev",
        "standard deviation",
        "population standard deviation (11.4)",
        Unit::Same,
    )
    .range(POSITIVE)
    .plain(Plain::Spread),
    Statistic::new(
        "skewness",
        "skewness",
        "third standardised moment, 0 of a constant (11.4)",
        ONE,
    )
    .range("any number"),
    Statistic::new(
        "kurtosis",
        "kurtosis",
        "fourth standardised moment, 0 of a constant (11.4)",
        ONE,
    )
    .range("1 or more")
    .odd("nothing is subtracted: 3 for a normal distribution"),
];

const SEGMENTS: [Statistic; 4] = [
    Statistic::new(
        "meanSegLen",
        "mean length of segments",
        "mean time from one crossing of a level to the next (11.9)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(CROSSINGS),
    Statistic::new(
        "maxSegLen",
        "longest segment",
        "longest of these times (11.9)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(CROSSINGS),
    Statistic::new(
        "minSegLen",
        "shortest segment",
        "shortest of these times (11.9)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(CROSSINGS),
    Statistic::new(
        "segLenStddev",
        "variation of the length of segments",
        "population standard deviation of these times (11.9)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(CROSSINGS),
];

const CROSSINGS: &str = "a segment lies between any two crossings of a quarter and of three quarters of the range, not above \
     a level; the shortest that counts grows with the recording, and the last one does not count";

const STRETCHES: [Statistic; 4] = [
    Statistic::new(
        "meanSegLen",
        "mean length of voiced stretches",
        "mean length of stretches of at least 3 voiced frames, gaps of one bridged (11.10)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(ONE_SHORT),
    Statistic::new(
        "maxSegLen",
        "longest voiced stretch",
        "longest of these stretches (11.10)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(ONE_SHORT),
    Statistic::new(
        "minSegLen",
        "shortest voiced stretch",
        "shortest of these stretches (11.10)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(ONE_SHORT),
    Statistic::new(
        "segLenStddev",
        "variation of voiced stretches",
        "population standard deviation of their length (11.10)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd(ONE_SHORT),
];

const ONE_SHORT: &str = "a stretch counts one frame short, from its first frame to its last; no more than 100 are counted";

const NON_ZERO: Statistic = Statistic::new(
    "nnz",
    "share of voiced frames",
    "frames with a pitch over all frames (11.1)",
    ONE,
)
.range(SHARE);

const TIMES: [Statistic; 6] = [
    Statistic::new(
        "upleveltime25",
        "time above a quarter of the range",
        "share of values above min + 0.25 range (11.5)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "upleveltime50",
        "time above half of the range",
        "share of values above min + 0.5 range (11.5)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "upleveltime75",
        "time above three quarters of the range",
        "share of values above min + 0.75 range (11.5)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "upleveltime90",
        "time above nine tenths of the range",
        "share of values above min + 0.9 range (11.5)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "risetime",
        "time in which it rises",
        "share of steps upwards (11.5)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "leftctime",
        "time in which it bends upwards",
        "share of steps that are higher than the one before (11.5)",
        ONE,
    )
    .range(SHARE),
];

const PREDICTION: [Statistic; 6] = [
    Statistic::new(
        "lpgain",
        "power that linear prediction leaves",
        "error of a linear prediction of order 5 over the number of frames (11.6)",
        Unit::Square,
    )
    .range(POSITIVE)
    .odd(NO_MEAN),
    Statistic::new(
        "lpc0",
        "first prediction coefficient",
        "weight of the frame before in the prediction error (11.6)",
        ONE,
    )
    .range("any number")
    .odd(NO_MEAN),
    Statistic::new(
        "lpc1",
        "second prediction coefficient",
        "weight of the frame two before (11.6)",
        ONE,
    )
    .range("any number")
    .odd(NO_MEAN),
    Statistic::new(
        "lpc2",
        "third prediction coefficient",
        "weight of the frame three before (11.6)",
        ONE,
    )
    .range("any number")
    .odd(NO_MEAN),
    Statistic::new(
        "lpc3",
        "fourth prediction coefficient",
        "weight of the frame four before (11.6)",
        ONE,
    )
    .range("any number")
    .odd(NO_MEAN),
    Statistic::new(
        "lpc4",
        "fifth prediction coefficient",
        "weight of the frame five before (11.6)",
        ONE,
    )
    .range("any number")
    .odd(NO_MEAN),
];

const NO_MEAN: &str = "of the raw contour, without window or removal of its mean: nearly singular, and decided by rounding \
     in single precision";

/// The regression over frames, or over seconds: the units of its coefficients are those of shares of the range.
const fn regression(per_time: Unit, per_time_squared: Unit) -> [Statistic; 8] {
    [
        Statistic::new(
            "linregc1",
            "slope",
            "slope of the regression line (11.8)",
            per_time,
        )
        .range("any number")
        .odd(LIMITED),
        Statistic::new(
            "linregc2",
            "beginning of the line",
            "offset of the line above the minimum, over the range (11.8)",
            ONE,
        )
        .range("mostly 0 to 1"),
        Statistic::new(
            "linregerrQ",
            "departure from the line",
            "mean squared error of the line, over the squared range (11.8)",
            ONE,
        )
        .range(POSITIVE),
        Statistic::new(
            "qregc1",
            "curvature",
            "quadratic coefficient of the regression parabola (11.8)",
            per_time_squared,
        )
        .range("any number")
        .odd(LIMITED),
        Statistic::new(
            "qregc2",
            "slope of the parabola",
            "linear coefficient of the parabola (11.8)",
            per_time,
        )
        .range("any number")
        .odd(LIMITED),
        Statistic::new(
            "qregc3",
            "beginning of the parabola",
            "offset of the parabola above the minimum, over the range (11.8)",
            ONE,
        )
        .range("mostly 0 to 1"),
        Statistic::new(
            "qregerrQ",
            "departure from the parabola",
            "mean squared error of the parabola, over the squared range (11.8)",
            ONE,
        )
        .range(POSITIVE),
        Statistic::new(
            "centroid",
            "middle of the contour in time",
            "sum i |v| / sum |v| over the number of frames (11.8)",
            ONE,
        )
        .range(SHARE),
    ]
}

const PER_FRAME: [Statistic; 8] = regression(Unit::Own("1/frame"), Unit::Own("1/frame^2"));
const PER_SECOND: [Statistic; 8] = regression(Unit::Own("1/s"), Unit::Own("1/s^2"));

const LIMITED: &str =
    "softly limited to a tenth of the range per frame before it is divided by the range";

const PEAKS: [Statistic; 12] = [
    Statistic::new(
        "meanPeakDist",
        "mean distance of peaks",
        "mean time from one peak to the next, 0 of fewer than 2 (11.11)",
        SECONDS,
    )
    .range(POSITIVE),
    Statistic::new(
        "peakDistStddev",
        "variation of the distance of peaks",
        "root of the mean squared difference from that distance (11.11)",
        SECONDS,
    )
    .range(POSITIVE)
    .odd("the distances are those of peaks to the minimum before them"),
    Statistic::new(
        "peakRangeAbs",
        "range of peaks",
        "highest less lowest peak (11.11)",
        Unit::Same,
    )
    .range(POSITIVE),
    Statistic::new(
        "peakRangeRel",
        "relative range of peaks",
        "the same over the range of the contour (11.11)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "peakMeanAbs",
        "mean of peaks",
        "mean of the peaks, 0 of none (11.11)",
        Unit::Same,
    ),
    Statistic::new(
        "peakMeanMeanDist",
        "peaks above the mean",
        "mean of the peaks less the mean of the contour (11.11)",
        Unit::Same,
    )
    .range("mostly positive"),
    Statistic::new(
        "peakMeanRel",
        "relative mean of peaks",
        "mean of the peaks over the mean of the contour, softly limited (11.11)",
        ONE,
    )
    .range("-20 to 20; 20 where the mean is 0")
    .odd("of deltas, whose mean is nearly 0, its sign hangs on rounding"),
    Statistic::new(
        "minRangeRel",
        "relative range of minima",
        "highest less lowest minimum over the range of the contour (11.11)",
        ONE,
    )
    .range(SHARE),
    Statistic::new(
        "meanRisingSlope",
        "mean rise",
        "mean slope from a minimum to the next maximum (E12.5)",
        Unit::PerSecond,
    )
    .range("mostly positive")
    .odd(CLOSING),
    Statistic::new(
        "stddevRisingSlope",
        "variation of the rise",
        "standard deviation of these slopes (E12.5)",
        Unit::PerSecond,
    )
    .range(POSITIVE)
    .odd(CLOSING),
    Statistic::new(
        "meanFallingSlope",
        "mean fall",
        "mean slope from a maximum to the next minimum, positive (E12.5)",
        Unit::PerSecond,
    )
    .range("mostly positive")
    .odd(CLOSING),
    Statistic::new(
        "stddevFallingSlope",
        "variation of the fall",
        "standard deviation of these slopes (E12.5)",
        Unit::PerSecond,
    )
    .range(POSITIVE)
    .odd(CLOSING),
];

const CLOSING: &str = "the way from the last extremum to the end counts as one slope more, with the sign of a rise; the \
     deviation leaves it out of its sum, not of its number";

/// A block of features: some contours, and the statistics that each of them has (1.2).
struct Block {
    of: &'static [(Group, bool)],
    statistics: &'static [&'static [Statistic]],
}

/// The blocks of the features, in openSMILE's order.
const BLOCKS: [Block; 6] = {
    use Group::{Level, Spectrum, Voice};
    const LEVELS: &[&[Statistic]] = &[
        &EXTREMES,
        &PERCENTILES,
        &MOMENTS,
        &SEGMENTS,
        &TIMES,
        &PREDICTION,
    ];
    [
        Block {
            of: &[(Level, false), (Level, true)],
            statistics: LEVELS,
        },
        Block {
            of: &[(Spectrum, false), (Spectrum, true)],
            statistics: LEVELS,
        },
        Block {
            of: &[(Voice, false), (Voice, true)],
            statistics: &[
                &[AMEAN, FLATNESS, POSAMEAN, RQMEAN],
                &EXTREMES,
                &PER_FRAME,
                &PERCENTILES,
                &MOMENTS,
                &TIMES,
                &PREDICTION,
            ],
        },
        // Of the pitch alone: see `columns`.
        Block {
            of: &[],
            statistics: &[&[NON_ZERO], &STRETCHES],
        },
        Block {
            of: &[(Level, false), (Spectrum, false)],
            statistics: &[&[AMEAN, FLATNESS, RQMEAN], &PEAKS, &PER_SECOND],
        },
        Block {
            of: &[(Level, true), (Spectrum, true)],
            statistics: &[&[FLATNESS, POSAMEAN, RQMEAN], &PEAKS],
        },
    ]
};

/// How the pitch is called where its voiced stretches are counted.
const PITCH_WITH_ZEROS: &str = "F0final_sma_ff0";

/// A feature.
struct Feature {
    contour: Contour,
    is_delta: bool,
    /// The name of what it is taken of, as it begins its own.
    of: String,
    statistic: &'static Statistic,
    region: Region,
    family: Family,
}

fn features() -> impl Iterator<Item = Feature> {
    BLOCKS.iter().flat_map(|block| {
        let groups = block.of.iter().flat_map(|&(group, is_delta)| {
            let of_group = contours().filter(move |contour| contour.descriptor.group == group);
            of_group.map(move |contour| (contour.name(is_delta), contour, is_delta))
        });
        let pitch = block.of.is_empty().then(|| {
            let pitch = contours().next().expect("pitch comes first");
            (PITCH_WITH_ZEROS.to_string(), pitch, false)
        });
        groups
            .chain(pitch)
            .flat_map(move |(of, contour, is_delta)| {
                let statistics = block.statistics.iter().copied().flatten();
                statistics.map(move |statistic| {
                    let is_whole = block.of.is_empty();
                    Feature {
                        region: match is_whole {
                            true => Region::All,
                            false => contour.region(),
                        },
                        family: match is_whole {
                            true => Family::Rhythm,
                            false => contour.descriptor.family,
                        },
                        of: of.clone(),
                        contour,
                        is_delta,
                        statistic,
                    }
                })
            })
    })
}

impl Feature {
    fn entry(self) -> Entry {
        let Feature {
            contour,
            is_delta,
            of,
            statistic,
            ..
        } = &self;
        let noun = match is_delta {
            true => format!("the change from frame to frame of {}", contour.noun()),
            false => contour.noun(),
        };
        let values = match (contour.descriptor.group, self.family) {
            (Group::Voice, Family::Rhythm) => "",
            (Group::Voice, _) => ", zeros left out and gaps closed",
            _ => "",
        };
        Entry {
            name: format!("{of}_{}", statistic.suffix),
            unit: statistic.unit.of(&contour.unit(*is_delta)),
            meaning: match self.family {
                Family::Rhythm => statistic.words.to_string(),
                _ => format!(
                    "{} of {noun}: {}",
                    statistic.words, contour.descriptor.meaning
                ),
            },
            definition: format!(
                "{} of {}{values}",
                statistic.definition,
                contour.name(*is_delta)
            ),
            range: match (statistic.range, is_delta) {
                (Some(range), _) => range.to_string(),
                (None, true) => "either sign".to_string(),
                (None, false) => format!("as {}", contour.name(false)),
            },
            deviation: deviations(contour.deviation(*is_delta).as_deref(), statistic.deviation),
        }
    }
}

/// The 6373 features, in the order of their columns.
fn columns(set: FeatureSet) -> Vec<Column> {
    let column = |feature: Feature| {
        let (is_delta, region, family) = (feature.is_delta, feature.region, feature.family);
        let (functional, plain) = (feature.statistic.suffix, feature.statistic.plain);
        let of = feature.contour.name(is_delta);
        let entry = feature.entry();
        Column {
            meaning: with_unit(&entry.meaning, &entry.unit),
            name: entry.name,
            set,
            of,
            functional,
            region,
            is_delta,
            unit: entry.unit,
            family,
            side: Some(side(family)),
            // Changes from frame to frame are not easy to picture.
            plain: plain.filter(|_| !is_delta),
        }
    };
    features().map(column).collect()
}

/// What stands in the dictionary of the set.
fn dictionary() -> Dictionary {
    Dictionary {
        source: SOURCE,
        descriptors: contours().map(|contour| contour.entry()).collect(),
        features: features().map(Feature::entry).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_in_the_specification() {
        // Sections 1.1 and 1.2.
        let llds = FeatureSet::COMPARE.llds();
        let names: Vec<&str> = llds.iter().map(|lld| lld.name.as_str()).collect();
        assert_eq!(names.len(), 65);
        assert_eq!(
            [0, 9, 10, 35, 36, 50, 51, 64].map(|k| names[k]),
            [
                "F0final_sma",
                "pcm_zcr_sma",
                "audSpec_Rfilt_sma[0]",
                "audSpec_Rfilt_sma[25]",
                "pcm_fftMag_fband250-650_sma",
                "pcm_fftMag_spectralHarmonicity_sma",
                "mfcc_sma[1]",
                "mfcc_sma[14]"
            ]
        );
        let deltas = FeatureSet::COMPARE.deltas();
        assert_eq!(
            [&deltas[0].name, &deltas[10].name],
            ["F0final_sma_de", "audSpec_Rfilt_sma_de[0]"]
        );
        let columns = FeatureSet::COMPARE.columns();
        assert_eq!(columns.len(), FEATURES);
        let ends = [248, 248 + 3410, 4126, 4131, 5488, 6373];
        let names = ends.map(|end| columns[end - 1].name.as_str());
        assert_eq!(
            names,
            [
                "pcm_zcr_sma_de_lpc4",
                "mfcc_sma_de[14]_lpc4",
                "logHNR_sma_de_lpc4",
                "F0final_sma_ff0_segLenStddev",
                "mfcc_sma[14]_centroid",
                "mfcc_sma_de[14]_stddevFallingSlope"
            ]
        );
    }

    #[test]
    fn units_and_meanings_are_those_of_contour_and_statistic() {
        let dictionary = dictionary();
        let entry = |name: &str| dictionary.features.iter().find(|entry| entry.name == name);
        let found = entry("mfcc_sma_de[3]_qregc1");
        assert!(found.is_none(), "deltas of the spectrum have no regression");
        let found = entry("mfcc_sma[3]_qregc1").expect("a feature");
        assert_eq!(found.unit, "1/s^2");
        let found = entry("F0final_sma_linregc1").expect("a feature");
        assert_eq!(found.unit, "1/frame");
        let found = entry("audSpec_Rfilt_sma[0]_amean").expect("a feature");
        assert!(
            found
                .meaning
                .starts_with("mean of filtered loudness of band 1:"),
            "{found:?}"
        );
    }
}
