//! The columns of our tables: their names, which whoever writes or reads them takes from here, and rows as lists of named
//! cells, of which columns are made.

use super::{Column, Table};

/// The recording, as the manifest names it.
pub const FILE: &str = "file";
/// Which of its channels, counted from 0; only where the manifest says so.
pub const CHANNEL: &str = "channel";
/// How the copy was made that the row describes; only where there are copies.
pub const AUGMENT: &str = "augment";
/// Where the row begins, in seconds from the beginning of the file.
pub const START: &str = "start";
/// Where it ends.
pub const END: &str = "end";
/// What tells rows apart: audformat's index, the channel, and the copy.
pub const PART: [&str; 5] = [FILE, CHANNEL, AUGMENT, START, END];
/// Which recording, or which part of it that the manifest lists, a window belongs to: where that starts and ends, in seconds.
pub const OF_WINDOWS: [&str; 2] = ["utterance_start", "utterance_end"];
/// Both together.
pub const INDEX: [&str; 7] = [
    FILE,
    CHANNEL,
    AUGMENT,
    START,
    END,
    OF_WINDOWS[0],
    OF_WINDOWS[1],
];

/// The corpus.
pub const CORPUS: &str = "corpus";
/// Who speaks.
pub const SPEAKER: &str = "speaker";
/// The emotion.
pub const EMOTION: &str = "emotion";
/// The label in the corpus's own words.
pub const LABEL_ORIGINAL: &str = "label_original";
/// `female` or `male`.
pub const SEX: &str = "sex";
/// What is said.
pub const TEXT: &str = "text";
/// The part of the corpus that its makers, or `sentire split`, put the recording in.
pub const SPLIT: &str = "split";
/// What a manifest may say of a recording.
pub const OF_RECORDINGS: [&str; 10] = [
    CORPUS,
    SPEAKER,
    EMOTION,
    LABEL_ORIGINAL,
    "intensity",
    SEX,
    TEXT,
    "take",
    "style",
    "language",
];

/// BLAKE3 of the decoded samples of all channels, in hexadecimal digits.
pub const AUDIO_HASH: &str = "audio_hash";
/// Length of the recording in seconds.
pub const DURATION: &str = "duration_s";
/// Its sample rate in Hz.
pub const SAMPLE_RATE: &str = "sample_rate";
/// Its number of channels.
pub const CHANNELS: &str = "channels";
/// Share of samples at full scale.
pub const CLIPPED: &str = "clipped_ratio";
/// Share of the recording that is speech.
pub const SPEECH: &str = "speech_ratio";
/// Its signal-to-noise ratio in dB.
pub const SNR: &str = "snr_db";
/// Up to which frequency it has sound, in Hz.
pub const BANDWIDTH: &str = "bandwidth_hz";
/// What is said of a recording's sound.
pub const QUALITY: [&str; 8] = [
    AUDIO_HASH,
    DURATION,
    SAMPLE_RATE,
    CHANNELS,
    CLIPPED,
    SPEECH,
    SNR,
    BANDWIDTH,
];
/// Marks recordings whose file broke off: of a table of features where such are accepted, of predictions always.
pub const TRUNCATED: &str = "truncated";

/// What a model recognises in the part: the class of the largest probability.
pub const LABEL: &str = "label";
/// Marks predictions whose largest probability is too small to rely on.
pub const UNSURE: &str = "unsure";
/// Marks predictions of recordings unlike those of the training.
pub const OUT_OF_DOMAIN: &str = "out_of_domain";
/// The largest probability of a class.
pub const LARGEST: &str = "probability";
/// What can be said of an answer: `no_speech`, `out_of_domain`, `unsure`, or else `sure`.
pub const VERDICT: &str = "verdict";
/// Seconds of speech.
pub const SPEECH_S: &str = "speech_s";
/// The model, in words.
pub const MODEL: &str = "model";
/// The hash of its file.
pub const MODEL_ID: &str = "model_id";
/// When the prediction was made.
pub const SCORED_AT: &str = "scored_at";
/// What is said of a part by a model, besides the probabilities.
pub const PREDICTION: [&str; 9] = [
    LABEL,
    LARGEST,
    UNSURE,
    OUT_OF_DOMAIN,
    VERDICT,
    SPEECH_S,
    MODEL,
    MODEL_ID,
    SCORED_AT,
];
/// The true class of a prediction out of fold.
pub const TRUTH: &str = "truth";
/// The predicted one.
pub const PREDICTED: &str = "predicted";
/// The fold in which it was predicted.
pub const FOLD: &str = "fold";
/// Whose recordings scaled the features.
pub const NORMALIZE: &str = "normalize";
/// At which step a recording failed.
pub const STAGE: &str = "stage";
/// Why it failed.
pub const ERROR: &str = "error";

/// The column of the probability of a class.
pub fn probability(class: &str) -> String {
    format!("{PROBABILITY}{class}")
}

/// What begins its name.
pub const PROBABILITY: &str = "p_";

/// The columns of a predicted number: it, the true one, and its standard error.
pub fn columns_of_value(name: &str) -> [String; 3] {
    [
        name.to_string(),
        format!("{name}_true"),
        standard_error(name),
    ]
}

/// The column of the standard error of a predicted number.
pub fn standard_error(name: &str) -> String {
    format!("{name}_std")
}

/// A value of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// A word.
    Text(Option<&'a str>),
    /// A time, or a measure of the recording.
    Double(f64),
    /// A feature.
    Float(f32),
    /// A count.
    Int(Option<i64>),
    /// A mark.
    Bool(bool),
    /// A moment: milliseconds since 1970 began in UTC.
    Time(Option<i64>),
}

impl Cell<'_> {
    /// A column for such cells, without any.
    fn column(&self) -> Column {
        match self {
            Cell::Text(_) => Column::Text(Vec::new()),
            Cell::Double(_) => Column::Double(Vec::new()),
            Cell::Float(_) => Column::Float(Vec::new()),
            Cell::Int(_) => Column::Int(Vec::new()),
            Cell::Bool(_) => Column::Bool(Vec::new()),
            Cell::Time(_) => Column::Time(Vec::new()),
        }
    }
}

/// Columns for rows like this one, without any.
pub fn columns<'a>(row: impl IntoIterator<Item = (&'a str, Cell<'a>)>) -> Vec<(String, Column)> {
    let named = row.into_iter();
    let column = |(name, cell): (&str, Cell)| (name.to_string(), cell.column());
    named.map(column).collect()
}

impl Table {
    /// Appends a row, given in the order of the columns.
    pub fn push<'a>(&mut self, row: impl IntoIterator<Item = Cell<'a>>) {
        let mut columns = self.columns.iter_mut();
        for cell in row {
            let (name, column) = columns.next().expect("as many columns as cells");
            match (column, cell) {
                (Column::Text(values), Cell::Text(value)) => values.push(value.map(str::to_string)),
                (Column::Double(values), Cell::Double(value)) => values.push(value),
                (Column::Float(values), Cell::Float(value)) => values.push(value),
                (Column::Int(values), Cell::Int(value)) => values.push(value),
                (Column::Bool(values), Cell::Bool(value)) => values.push(Some(value)),
                (Column::Time(values), Cell::Time(value)) => values.push(value),
                (column, cell) => unreachable!("{cell:?} is none of {name}: {column:?}"),
            }
        }
        assert!(columns.next().is_none(), "as many cells as columns");
    }
}

#[test]
fn a_table_is_made_row_by_row() {
    let row = |file, end, truncated| {
        [
            (FILE, Cell::Text(file)),
            (CHANNEL, Cell::Int(Some(1))),
            (END, Cell::Double(end)),
            ("rms", Cell::Float(0.5)),
            (TRUNCATED, Cell::Bool(truncated)),
        ]
    };
    let mut table = Table {
        columns: columns(row(None, 0.0, false)),
        ..Table::default()
    };
    table.push(row(Some("a.wav"), 1.5, true).map(|(_, cell)| cell));
    table.push(row(None, 2.5, false).map(|(_, cell)| cell));
    assert_eq!(table.rows(), 2);
    assert_eq!(table.text(FILE).unwrap(), [Some("a.wav".to_string()), None]);
    assert_eq!(table.numbers(END).unwrap(), [1.5, 2.5]);
    let Some(Column::Bool(truncated)) = table.column(TRUNCATED) else {
        panic!("{table:?}");
    };
    assert_eq!(truncated, &[Some(true), Some(false)]);
}
