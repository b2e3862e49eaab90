//! The set `rich`: energy, pitch, voice quality, formants, MFCC, mel bands, spectral shape, contrast and chroma, with their
//! deltas, times statistics, some of them over voiced frames alone; jitter and shimmer of the whole recording; and how voice,
//! pauses and syllables are spread over it.

use std::sync::LazyLock;

use super::statistics::{
    BRIEF, CONTOUR, DELTA, JITTER, SEGMENTS, SHIMMER, SYLLABLES, Statistic, StatisticGroup,
    VOICED_DELTA,
};
use super::{Column, Family, FeatureSet, Lld, Region, SetInfo, Side, Storage, with_unit};

pub(super) static INFO: SetInfo = SetInfo {
    name: "rich",
    version: 2,
    help: "95 descriptors of voice and spectrum and their deltas, times statistics",
    storage: Storage::Flat,
    edition: None,
    llds,
    deltas: None,
    columns,
    statistics,
    dictionary: None,
};

/// How a descriptor is summarised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// All statistics of the contour and of its delta.
    Full,
    /// As [`Full`](Treatment::Full), and the delta on voiced frames.
    VoicedDelta,
    /// As [`VoicedDelta`](Treatment::VoicedDelta), and the contour on voiced frames: a spectrum's
    /// shape, or noise, means one thing in a vowel and another in a fricative or a pause.
    VoicedShape,
    /// Mean and deviation of the contour: what voice quality and formants tell of an emotion is
    /// small, and their other statistics drown it (measured on three corpora).
    Brief,
    /// Mean and deviation of contour and delta: with 31 Hz between bins these descriptors are
    /// coarse.
    BriefDelta,
}

/// What statistics are taken of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// The frames.
    pub region: Region,
    /// Whether of the delta.
    pub is_delta: bool,
    /// Which statistics.
    pub summary: Summary,
}

/// Statistics that are taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Summary {
    /// [`CONTOUR`].
    Contour,
    /// [`DELTA`].
    Delta,
    /// [`VOICED_DELTA`].
    VoicedDelta,
    /// [`BRIEF`].
    Brief,
}

impl Summary {
    /// The statistics.
    pub fn statistics(self) -> &'static [Statistic] {
        match self {
            Summary::Contour => &CONTOUR,
            Summary::Delta => &DELTA,
            Summary::VoicedDelta => &VOICED_DELTA,
            Summary::Brief => &BRIEF,
        }
    }
}

const fn part(region: Region, is_delta: bool, summary: Summary) -> Part {
    Part {
        region,
        is_delta,
        summary,
    }
}

impl Treatment {
    /// What statistics are taken of, in the order of their columns.
    pub fn parts(self) -> &'static [Part] {
        const CONTOURS: Part = part(Region::All, false, Summary::Contour);
        const DELTAS: Part = part(Region::All, true, Summary::Delta);
        const VOICED: Part = part(Region::Voiced, false, Summary::Contour);
        const VOICED_DELTAS: Part = part(Region::Voiced, true, Summary::VoicedDelta);
        const BRIEFLY: Part = part(Region::All, false, Summary::Brief);
        const DELTAS_BRIEFLY: Part = part(Region::All, true, Summary::Brief);
        match self {
            Treatment::Full => &[CONTOURS, DELTAS],
            Treatment::VoicedDelta => &[CONTOURS, DELTAS, VOICED_DELTAS],
            Treatment::VoicedShape => &[CONTOURS, DELTAS, VOICED, VOICED_DELTAS],
            Treatment::Brief => &[BRIEFLY],
            Treatment::BriefDelta => &[BRIEFLY, DELTAS_BRIEFLY],
        }
    }
}

/// A descriptor, and how it is summarised.
#[derive(Debug, Clone, PartialEq)]
pub struct Descriptor {
    /// What it is.
    pub lld: Lld,
    /// How it is summarised.
    pub treatment: Treatment,
}

impl Descriptor {
    fn new(
        name: impl Into<String>,
        unit: &'static str,
        (family, side, treatment): (Family, Side, Treatment),
        definition: impl Into<String>,
    ) -> Descriptor {
        let lld = Lld {
            name: name.into(),
            unit,
            definition: definition.into(),
            voiced_only: false,
            family,
            side,
        };
        Descriptor { lld, treatment }
    }

    /// Marks it as one that has a value on voiced frames only.
    fn voiced(self) -> Descriptor {
        Descriptor {
            lld: self.lld.voiced(),
            ..self
        }
    }
}

/// The descriptors, in the order of their columns in a table of contours.
pub static DESCRIPTORS: LazyLock<Vec<Descriptor>> = LazyLock::new(|| {
    let groups = [
        energy(),
        pitch(),
        voice_quality(),
        formants(),
        mfcc(),
        mel_bands(),
        spectral_shape(),
        spectral_contrast(),
        chroma(),
    ];
    groups.concat()
});

fn energy() -> Vec<Descriptor> {
    use Treatment::VoicedDelta;
    vec![
        Descriptor::new(
            "rms",
            "full scale",
            (Family::Loudness, Side::Source, VoicedDelta),
            "root mean square of the frame's samples, 0 to 1 (librosa feature.rms)",
        ),
        Descriptor::new(
            "log_energy_db",
            "dB re full scale",
            (Family::Loudness, Side::Source, VoicedDelta),
            "20 log10(max(rms, 1e-6)): -120 to 0",
        ),
        Descriptor::new(
            "zcr",
            "crossings per sample",
            (Family::SpectralShape, Side::Source, VoicedDelta),
            "zero-crossing rate: share of the frame's samples whose sign differs from the one before, 0 to 1 \
             (librosa feature.zero_crossing_rate)",
        ),
    ]
}

fn pitch() -> Vec<Descriptor> {
    use Treatment::{Full, VoicedShape};
    vec![
        Descriptor::new(
            "f0_hz",
            "Hz",
            (Family::Pitch, Side::Source, Full),
            "fundamental frequency, 60 to 500 Hz, by autocorrelation and cheapest path (Boersma 1993)",
        )
        .voiced(),
        Descriptor::new(
            "f0_semitone",
            "semitones re 27.5 Hz",
            (Family::Pitch, Side::Source, Full),
            "12 log2(f0 / 27.5 Hz)",
        )
        .voiced(),
        Descriptor::new(
            "voicing",
            "1",
            (Family::VoiceQuality, Side::Source, Full),
            "largest maximum of the normalised autocorrelation at lags of 60 to 500 Hz, 0 to 1: near 1 for a periodic frame, 0 \
             where there is none (Boersma 1993)",
        ),
        Descriptor::new(
            "hnr_db",
            "dB",
            (Family::VoiceQuality, Side::Source, VoicedShape),
            "harmonics-to-noise ratio 10 log10(r / (1 - r)), -30 to 60, of the largest maximum r of that autocorrelation at all lags to that of \
             60 Hz (Boersma 1993, equation 4); null where the frame's peak is below a tenth of the recording's, or nothing repeats itself",
        ),
    ]
}

fn voice_quality() -> Vec<Descriptor> {
    let kind = (Family::VoiceQuality, Side::Source, Treatment::Brief);
    let all = vec![
        Descriptor::new(
            "jitter",
            "1",
            kind,
            "mean difference between lengths of successive periods within 25 ms, over their mean length",
        ),
        Descriptor::new(
            "shimmer",
            "1",
            kind,
            "mean difference between amplitudes of successive periods within 25 ms, over their mean amplitude",
        ),
        Descriptor::new(
            "cpp_db",
            "dB",
            kind,
            "cepstral peak prominence: the peak at 60 to 500 Hz of the cepstrum (of 0 to 5 kHz, smoothed over 0.5 ms) over its trend, a line from 1 ms on (Hillenbrand & Houde 1996)",
        ),
    ];
    all.into_iter().map(Descriptor::voiced).collect()
}

fn formants() -> Vec<Descriptor> {
    let kind = (Family::Formants, Side::Source, Treatment::Brief);
    let frequency = |n: usize| {
        let definition = format!(
            "frequency of formant {n}, by Burg's method (5 formants below 5500 Hz, as Praat's default; fewer at sample rates below 11 kHz)"
        );
        Descriptor::new(format!("f{n}_hz"), "Hz", kind, definition)
    };
    let bandwidth = |n: usize| {
        let definition = format!("width of formant {n}, 3 dB below its peak");
        Descriptor::new(format!("f{n}_bandwidth_hz"), "Hz", kind, definition)
    };
    let all = (1..=4).map(frequency).chain((1..=4).map(bandwidth));
    all.map(Descriptor::voiced).collect()
}

fn mfcc() -> Vec<Descriptor> {
    let coefficient = |i: usize| {
        let (family, meaning) = match i {
            0 => (Family::Loudness, "overall level"),
            1 => (
                Family::SpectralEnvelope,
                "balance of low against high frequencies",
            ),
            _ => (
                Family::SpectralEnvelope,
                "finer shape of the spectral envelope",
            ),
        };
        let definition = format!(
            "mel-frequency cepstral coefficient {i} of 26 log-mel bands, {meaning} (librosa feature.mfcc)"
        );
        let kind = (family, Side::Filter, Treatment::VoicedDelta);
        Descriptor::new(format!("mfcc_{i}"), "dB", kind, definition)
    };
    (0..20).map(coefficient).collect()
}

fn mel_bands() -> Vec<Descriptor> {
    let kind = (Family::SpectralEnvelope, Side::Filter, Treatment::Full);
    let band = |i: usize| {
        let definition = format!(
            "level of mel band {i} of 26 between 0 and 8 kHz, 80 dB range (librosa feature.melspectrogram, power_to_db)"
        );
        Descriptor::new(format!("log_mel_{i}_db"), "dB", kind, definition)
    };
    (0..26).map(band).collect()
}

fn spectral_shape() -> Vec<Descriptor> {
    let kind = (Family::SpectralShape, Side::Filter, Treatment::VoicedShape);
    let rolloff = |percent: u32| {
        let definition = format!(
            "frequency below which {percent} % of the summed magnitude lies (librosa feature.spectral_rolloff)"
        );
        Descriptor::new(
            format!("spectral_rolloff_{percent}_hz"),
            "Hz",
            kind,
            definition,
        )
    };
    let mut all = vec![
        Descriptor::new(
            "spectral_centroid_hz",
            "Hz",
            kind,
            "mean frequency, weighted by magnitude (librosa feature.spectral_centroid)",
        ),
        Descriptor::new(
            "spectral_bandwidth_hz",
            "Hz",
            kind,
            "standard deviation of frequency about the centroid, weighted by magnitude (librosa feature.spectral_bandwidth)",
        ),
    ];
    all.extend([25, 50, 75, 90].map(rolloff));
    all.extend([
        Descriptor::new(
            "spectral_flatness",
            "1",
            kind,
            "geometric over arithmetic mean of the power: 0 for a tone, 1 for white noise (librosa feature.spectral_flatness)",
        ),
        Descriptor::new(
            "spectral_flux",
            "1",
            kind,
            "Euclidean distance from the magnitude spectrum of the frame before, each of unit length: 0 to 1.41; \
             undefined on the first frame (Scheirer & Slaney 1997, normalised)",
        ),
        Descriptor::new(
            "spectral_entropy",
            "1",
            kind,
            "entropy of the power as a distribution over bins, over its maximum: 0 for a tone, 1 for white noise \
             (Misra et al. 2004)",
        ),
        Descriptor::new(
            "spectral_slope_db_per_khz",
            "dB/kHz",
            kind,
            "least-squares slope of the level of the bins (floor -100 dB) over frequency",
        ),
        Descriptor::new(
            "spectral_skewness",
            "1",
            kind,
            "third standardised moment of frequency, weighted by magnitude (Peeters 2004, 6.1.3)",
        ),
        Descriptor::new(
            "spectral_kurtosis",
            "1",
            kind,
            "fourth standardised moment of frequency, weighted by magnitude; 3 for a normal shape (Peeters 2004, 6.1.4)",
        ),
    ]);
    all
}

fn spectral_contrast() -> Vec<Descriptor> {
    let kind = (Family::SpectralShape, Side::Filter, Treatment::BriefDelta);
    // Octaves, from 200 Hz on.
    let edges = ["0", "200", "400", "800", "1600", "3200", "6400"];
    let band = |k: usize| {
        let low = edges[k];
        let high = edges.get(k + 1);
        let high = high.map_or("the end".to_string(), |edge| format!("{edge} Hz"));
        let definition = format!(
            "10 log10 of the magnitude of the strongest 2 % over that of the weakest 2 % of the bins from {low} Hz to \
             {high}, each floored 80 dB under its largest in the recording; undefined where the band lies above half \
             the sample rate (Jiang et al. 2002, librosa feature.spectral_contrast)"
        );
        Descriptor::new(format!("spectral_contrast_{k}_db"), "dB", kind, definition)
    };
    (0..edges.len()).map(band).collect()
}

fn chroma() -> Vec<Descriptor> {
    let kind = (Family::Chroma, Side::Filter, Treatment::BriefDelta);
    let class = |name: &str| {
        let definition = format!(
            "share of pitch class {name} (s: sharp), 0 to 1, the strongest class 1 (librosa feature.chroma_stft)"
        );
        Descriptor::new(format!("chroma_{name}"), "1", kind, definition)
    };
    let classes = [
        "c", "cs", "d", "ds", "e", "f", "fs", "g", "gs", "a", "as", "b",
    ];
    classes.map(class).into()
}

/// What is measured over the whole recording: what it is taken of, its family, its statistics.
const WHOLE: [(&str, Family, &[Statistic]); 6] = [
    ("jitter", Family::VoiceQuality, &JITTER),
    ("shimmer", Family::VoiceQuality, &SHIMMER),
    ("voiced", Family::Rhythm, &SEGMENTS),
    ("pause", Family::Rhythm, &SEGMENTS),
    ("inner_pause", Family::Rhythm, &SEGMENTS),
    ("syllable", Family::Rhythm, &SYLLABLES),
];

fn llds() -> Vec<Lld> {
    DESCRIPTORS
        .iter()
        .map(|descriptor| descriptor.lld.clone())
        .collect()
}

/// Those of the descriptors that are named, in that order.
pub(super) fn named(names: &[String]) -> Vec<Lld> {
    let llds = llds();
    let find = |name: &String| llds.iter().find(|lld| lld.name == *name);
    let named = names
        .iter()
        .map(|name| find(name).expect("a descriptor of rich"));
    named.cloned().collect()
}

fn columns(set: FeatureSet) -> Vec<Column> {
    let mut columns = Vec::new();
    for Descriptor { lld, treatment } in DESCRIPTORS.iter() {
        for part in treatment.parts() {
            let statistics = part.summary.statistics();
            columns.extend(
                statistics
                    .iter()
                    .map(|statistic| of_contour(set, lld, part.region, part.is_delta, statistic)),
            );
        }
    }
    for (of, family, statistics) in WHOLE {
        let lld = DESCRIPTORS
            .iter()
            .find(|descriptor| descriptor.lld.name == of);
        let lld = lld.map(|descriptor| &descriptor.lld);
        let statistics = statistics.iter();
        columns.extend(statistics.map(|statistic| of_recording(set, of, lld, family, statistic)));
    }
    columns
}

/// A statistic of a contour: `NAME[_delta][_voiced]_STATISTIC`.
pub(super) fn of_contour(
    set: FeatureSet,
    lld: &Lld,
    region: Region,
    is_delta: bool,
    statistic: &Statistic,
) -> Column {
    let is_voiced = region == Region::Voiced;
    let unit = statistic.unit_of(lld.unit);
    let name = [
        lld.name.as_str(),
        if is_delta { "_delta" } else { "" },
        if is_voiced { "_voiced" } else { "" },
        "_",
        statistic.name,
    ];
    let meaning = format!(
        "{} of the {}{}{}",
        plain(statistic.definition),
        if is_delta {
            "change from frame to frame of the "
        } else {
            ""
        },
        with_unit(plain(&lld.definition), &unit),
        if is_voiced { ", in voiced frames" } else { "" },
    );
    Column {
        name: name.concat(),
        set,
        of: lld.name.clone(),
        functional: statistic.name,
        region,
        is_delta,
        unit,
        meaning,
        family: lld.family,
        side: Some(lld.side),
        plain: statistic.plain.filter(|_| !is_delta),
    }
}

/// A measure of the whole recording, of a descriptor's kind or not: `NAME_STATISTIC`.
pub(super) fn of_recording(
    set: FeatureSet,
    of: &str,
    lld: Option<&Lld>,
    family: Family,
    statistic: &Statistic,
) -> Column {
    let words = plain(statistic.definition);
    Column {
        name: format!("{of}_{}", statistic.name),
        set,
        of: of.to_string(),
        functional: statistic.name,
        region: Region::All,
        is_delta: false,
        unit: statistic.unit_of(lld.map_or("1", |lld| lld.unit)),
        meaning: match lld {
            Some(lld) => format!(
                "{words} of the {}",
                with_unit(plain(&lld.definition), lld.unit)
            ),
            None => format!("{}: {words}", of.replace('_', " ")),
        },
        family,
        side: Some(Side::Source),
        plain: statistic.plain,
    }
}

/// A definition up to its first remark.
fn plain(definition: &str) -> &str {
    let marks = [" (", ";", ":", ", 0 to 1"];
    let end = marks.iter().filter_map(|mark| definition.find(mark)).min();
    &definition[..end.unwrap_or(definition.len())]
}

fn statistics() -> Vec<StatisticGroup> {
    let group = StatisticGroup::new;
    vec![
        group(
            "contour",
            "Statistics of a descriptor: NAME_STATISTIC; of the spectral shape and the harmonics-to-noise ratio also over voiced frames, NAME_voiced_STATISTIC",
            &CONTOUR,
        ),
        group(
            "delta",
            "Statistics of its delta, the change over five frames: NAME_delta_STATISTIC",
            &DELTA,
        ),
        group(
            "voiced_delta",
            "Of energy, harmonics-to-noise ratio, MFCC and spectral shape, the delta over voiced frames: NAME_delta_voiced_STATISTIC",
            &VOICED_DELTA,
        ),
        group(
            "brief",
            "Of voice quality, formants, contrast and chroma these alone: NAME_STATISTIC; of contrast and chroma also NAME_delta_STATISTIC",
            &BRIEF,
        ),
        group(
            "jitter",
            "Jitter of the whole recording, its periods found by waveform matching: jitter_STATISTIC",
            &JITTER,
        ),
        group(
            "shimmer",
            "Shimmer of the whole recording, of the same periods: shimmer_STATISTIC",
            &SHIMMER,
        ),
        group(
            "segment",
            "Statistics of voiced and pause segments: voiced_STATISTIC, pause_STATISTIC, and inner_pause_STATISTIC for what lies between the first sound and the last",
            &SEGMENTS,
        ),
        group(
            "syllable",
            "Statistics of syllables (voiced peaks of the level): syllable_STATISTIC",
            &SYLLABLES,
        ),
    ]
}
