//! Statistics: what turns a contour, segments or periods into features.

/// A statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistic {
    /// The end of a feature's name.
    pub name: &'static str,
    /// How it is computed.
    pub definition: &'static str,
    /// The unit of its values.
    pub unit: Unit,
    /// Whether it is easy to picture, and as what.
    pub plain: Option<Plain>,
}

/// The unit of a statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The unit of what it is taken over.
    Same,
    /// The unit of what it is taken over, per second.
    PerSecond,
    /// The same, per frame.
    PerFrame,
    /// The same, squared.
    Square,
    /// This.
    Own(&'static str),
}

/// What is easy to picture about a statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plain {
    /// How much of something there is: a mean, a median.
    Amount,
    /// How much something varies: a deviation.
    Spread,
}

impl Statistic {
    const fn new(name: &'static str, definition: &'static str, unit: Unit) -> Statistic {
        Statistic {
            name,
            definition,
            unit,
            plain: None,
        }
    }

    /// One that people can picture.
    const fn plain(self, plain: Plain) -> Statistic {
        Statistic {
            plain: Some(plain),
            ..self
        }
    }

    /// Its unit where that of the descriptor is `unit`.
    pub fn unit_of(&self, unit: &str) -> String {
        self.unit.of(unit)
    }
}

impl Unit {
    /// Of a statistic of what has the unit `unit`.
    pub fn of(self, unit: &str) -> String {
        match (self, unit) {
            (Unit::Own(own), _) => own.to_string(),
            (Unit::Same, unit) => unit.to_string(),
            (Unit::PerSecond, "1") => "1/s".to_string(),
            (Unit::PerSecond, unit) => format!("{unit} per s"),
            (Unit::PerFrame, unit) => format!("{unit} per frame"),
            (Unit::Square, "1") => "1".to_string(),
            (Unit::Square, unit) => format!("({unit})^2"),
        }
    }
}

const MEAN: Statistic = Statistic::new("mean", "arithmetic mean", Unit::Same).plain(Plain::Amount);
const STD: Statistic =
    Statistic::new("std", "population standard deviation", Unit::Same).plain(Plain::Spread);
const SKEWNESS: Statistic = Statistic::new(
    "skewness",
    "third standardised moment; null for a constant contour",
    Unit::Own("1"),
);
const KURTOSIS: Statistic = Statistic::new(
    "kurtosis",
    "fourth standardised moment less 3; null for a constant contour",
    Unit::Own("1"),
);
const P10: Statistic = Statistic::new("p10", "10th percentile", Unit::Same);
const P50: Statistic = Statistic::new("p50", "median", Unit::Same).plain(Plain::Amount);
const P90: Statistic = Statistic::new("p90", "90th percentile", Unit::Same);

/// The statistics of a contour.
pub const CONTOUR: [Statistic; 15] = [
    MEAN,
    STD,
    SKEWNESS,
    KURTOSIS,
    Statistic::new("p1", "1st percentile", Unit::Same),
    P10,
    Statistic::new("p25", "25th percentile", Unit::Same),
    P50,
    Statistic::new("p75", "75th percentile", Unit::Same),
    P90,
    Statistic::new("p99", "99th percentile", Unit::Same),
    Statistic::new("range_1_99", "99th less 1st percentile", Unit::Same),
    Statistic::new("range_10_90", "90th less 10th percentile", Unit::Same),
    Statistic::new("range_25_75", "75th less 25th percentile", Unit::Same),
    Statistic::new(
        "slope_per_s",
        "slope of the least-squares line over time, per second; null for fewer than 2 values",
        Unit::PerSecond,
    ),
];

/// The statistics of the delta of a contour.
pub const DELTA: [Statistic; 7] = [MEAN, STD, SKEWNESS, KURTOSIS, P10, P50, P90];

/// The statistics of the delta of a contour on voiced frames.
pub const VOICED_DELTA: [Statistic; 2] = [
    Statistic::new("mean_abs", "mean of the absolute values", Unit::Same),
    STD,
];

/// The statistics of coarse descriptors.
pub const BRIEF: [Statistic; 2] = [MEAN, STD];

/// Measures of the periods' lengths over a whole recording.
pub const JITTER: [Statistic; 3] = [
    Statistic::new(
        "local",
        "mean difference between successive periods' lengths, over the mean length (Praat: jitter (local))",
        Unit::Own("1"),
    ),
    Statistic::new(
        "rap",
        "mean difference of a period's length from the mean of 3 around it, over the mean length (Praat: jitter (rap))",
        Unit::Own("1"),
    ),
    Statistic::new(
        "ppq5",
        "the same with 5 periods (Praat: jitter (ppq5))",
        Unit::Own("1"),
    ),
];

/// Measures of the periods' amplitudes over a whole recording.
pub const SHIMMER: [Statistic; 4] = [
    Statistic::new(
        "local",
        "mean difference between successive periods' amplitudes, over the mean amplitude (Praat: shimmer (local))",
        Unit::Own("1"),
    ),
    Statistic::new(
        "apq3",
        "mean difference of a period's amplitude from the mean of 3 around it, over the mean amplitude (Praat: shimmer (apq3))",
        Unit::Own("1"),
    ),
    Statistic::new(
        "apq5",
        "the same with 5 periods (Praat: shimmer (apq5))",
        Unit::Own("1"),
    ),
    Statistic::new(
        "apq11",
        "the same with 11 periods (Praat: shimmer (apq11))",
        Unit::Own("1"),
    ),
];

/// The statistics of voiced and pause segments.
pub const SEGMENTS: [Statistic; 5] = [
    Statistic::new(
        "ratio",
        "share of the frames that lie in such segments, 0 to 1",
        Unit::Own("1"),
    ),
    Statistic::new(
        "segments_per_s",
        "number of such segments per second",
        Unit::Own("1/s"),
    ),
    Statistic::new(
        "length_mean_s",
        "mean length of such a segment in seconds; null where there is none",
        Unit::Own("s"),
    ),
    Statistic::new(
        "length_std_s",
        "population standard deviation of the lengths in seconds; null where there is none",
        Unit::Own("s"),
    ),
    Statistic::new(
        "length_max_s",
        "length of the longest in seconds; null where there is none",
        Unit::Own("s"),
    ),
];

/// The statistics of syllables.
pub const SYLLABLES: [Statistic; 5] = [
    Statistic::new(
        "per_s",
        "number per second of recording: the speech rate",
        Unit::Own("1/s"),
    ),
    Statistic::new(
        "per_phonation_s",
        "number per second outside pauses: the articulation rate",
        Unit::Own("1/s"),
    ),
    Statistic::new(
        "interval_mean_s",
        "mean time from one to the next in seconds; null for fewer than 2",
        Unit::Own("s"),
    ),
    Statistic::new(
        "interval_std_s",
        "population standard deviation of these times in seconds; null for fewer than 2",
        Unit::Own("s"),
    ),
    Statistic::new(
        "interval_npvi",
        "normalised pairwise variability index of these times: mean of |a - b| / ((a + b) / 2) over successive ones \
         (Grabe & Low 2002, without the factor 100); null for fewer than 3",
        Unit::Own("1"),
    ),
];

/// The statistics of onsets.
pub const ONSETS: [Statistic; 3] = [
    Statistic::new("per_s", "onsets per second of recording", Unit::Own("1/s")),
    Statistic::new(
        "interval_mean_s",
        "mean time from one to the next in seconds; null for fewer than 2",
        Unit::Own("s"),
    ),
    Statistic::new(
        "interval_std_s",
        "population standard deviation of these times in seconds; null for fewer than 2",
        Unit::Own("s"),
    ),
];

/// The share of frames in which the output of a kernel exceeds one of its thresholds.
pub const SHARES: [Statistic; 3] = [
    Statistic::new(
        "low",
        "share of frames in which the kernel's output exceeds the lower quartile that is expected of speech",
        Unit::Own("1"),
    ),
    Statistic::new("mid", "the same of the median, 0", Unit::Own("1")),
    Statistic::new("high", "the same of the upper quartile", Unit::Own("1")),
];

/// What two contours have in common.
pub const LOG_CORRELATION: [Statistic; 1] = [Statistic::new(
    "log_correlation",
    "entry of the matrix logarithm of the correlations of all descriptors and deltas, times the root of 2 beside the \
     diagonal: 0 where two have nothing in common; the diagonal falls the more the others say of one",
    Unit::Own("1"),
)];

/// Statistics that are taken over the same things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatisticGroup {
    /// One word for it, as in `contour`.
    pub name: &'static str,
    /// What the statistics are taken over, and how the columns are named.
    pub title: &'static str,
    /// The statistics.
    pub statistics: &'static [Statistic],
}

impl StatisticGroup {
    pub(super) fn new(
        name: &'static str,
        title: &'static str,
        statistics: &'static [Statistic],
    ) -> StatisticGroup {
        StatisticGroup {
            name,
            title,
            statistics,
        }
    }
}
