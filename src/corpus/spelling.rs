//! Spellings of the same word (Unicode forms, case, spaces), and the words that programs write for missing values.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc, is_nfd};

/// `text` with its letters composed (NFC of Unicode Standard Annex 15): macOS names files with decomposed ones.
pub fn composed(text: &str) -> Cow<'_, str> {
    match text.is_ascii() || is_nfc(text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.nfc().collect()),
    }
}

/// `text` with its letters decomposed (NFD).
pub fn decomposed(text: &str) -> Cow<'_, str> {
    match text.is_ascii() || is_nfd(text) {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.nfd().collect()),
    }
}

/// One spelling for labels and names of columns that differ in case, Unicode form, or spaces around and between
/// their words.
pub fn folded(text: &str) -> String {
    let lower = composed(text).to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    composed(&words.join(" ")).into_owned()
}

/// What spreadsheets, R, pandas, SPSS and Praat write where nothing is known; in lower case.
const MISSING: [&str; 15] = [
    "",
    "unknown",
    "na",
    "n/a",
    "<na>",
    "nan",
    "nat",
    "none",
    "null",
    "#n/a",
    "#na",
    "#nv",
    "#null!",
    "<null>",
    "--undefined--",
];

/// Whether `text` stands for what is not known, in any case.
pub fn is_missing(text: &str) -> bool {
    let text = text.trim();
    MISSING.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// The first `most` of a list, and how many more there are.
pub fn first(items: &[String], most: usize) -> String {
    let shown = items[..items.len().min(most)].join(", ");
    match items.len().saturating_sub(most) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[test]
fn spellings_of_one_word_fold_to_one() {
    for other in ["Ärger", " A\u{308}RGER ", "a\u{308}rger"] {
        assert_eq!(folded(other), "ärger");
    }
    assert_eq!(folded("Pleasant \t Surprise"), "pleasant surprise");
    assert_eq!(decomposed("ä"), "a\u{308}");
    for missing in [
        "NA", " <NA>", "NaN", "NaT", "None", "NULL", "#N/A", "Unknown", " ",
    ] {
        assert!(is_missing(missing), "{missing}");
    }
    for known in ["NA.wav", "nan na", "0", "-"] {
        assert!(!is_missing(known), "{known}");
    }
}
