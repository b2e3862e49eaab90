//! The leakage audit: what would make figures on unseen speakers too good to be true.
//!
//! It looks at the table and the folds alone, before anything is trained. An error means that a
//! figure measures something else than emotion in unseen voices: the same speaker or sound on both
//! sides of a fold, contradicting labels, a speaker who tells the label. A warning means that it
//! may. Recordings are counted, not their windows.

mod labels;
mod sounds;
mod voices;

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::split::Fold;

/// One thing that the audit found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Whether figures cannot be trusted with it.
    pub is_error: bool,
    /// Its kind, one word: `speaker_on_two_sides`, ...
    pub kind: String,
    /// Where, what was found, what to do: one line.
    pub message: String,
}

/// So many cases of a finding are named.
const EXAMPLES: usize = 3;

/// Looks for leakage in a table and between the sides of its folds; errors come first.
///
/// `folds` are those of an evaluation, of the rows of `data` itself; for training, those of
/// leave-one-speaker-out, since any fold that training makes within itself keeps speakers apart;
/// none where there is one speaker. `data` is the table as it was read: features scaled by speaker
/// no longer tell which rows are the same.
pub fn audit(data: &Dataset, folds: &[Fold]) -> Vec<Finding> {
    let all: Vec<usize> = (0..data.len()).collect();
    let table = Audited {
        data,
        folds,
        recordings: data.by_recording(&all),
    };
    let mut findings = voices::findings(&table);
    findings.extend(sounds::findings(&table));
    findings.extend(labels::findings(&table));
    // Of one kind, in the order in which they were found.
    findings.sort_by_key(|finding| KINDS.iter().position(|(kind, _)| *kind == finding.kind));
    findings
}

/// The findings of several audits: each once, errors first.
pub fn merged(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut told = HashSet::new();
    findings.retain(|finding| told.insert((finding.kind.clone(), finding.message.clone())));
    findings.sort_by_key(|finding| !finding.is_error);
    findings
}

/// The kinds in the order in which they are told, and whether they are errors.
const KINDS: [(&str, bool); 13] = [
    ("speaker_on_two_sides", true),
    ("audio_on_two_sides", true),
    ("features_on_two_sides", true),
    ("audio_with_two_labels", true),
    ("listed_twice", true),
    ("emotion_by_speaker", true),
    ("overlap_on_two_sides", false),
    ("channels_on_two_sides", false),
    ("duplicate_audio", false),
    ("null_speakers", false),
    ("emotion_by_text", false),
    ("speakers_alike", false),
    ("feature_names_the_label", false),
];

/// Refuses a table with errors among its findings, unless `allow`ed; each finding is to be shown
/// before.
pub fn refuse(findings: &[Finding], allow: bool) -> Result<()> {
    let mut kinds: Vec<&str> = findings
        .iter()
        .filter(|finding| finding.is_error)
        .map(|finding| finding.kind.as_str())
        .collect();
    kinds.dedup();
    if kinds.is_empty() || allow {
        return Ok(());
    }
    Err(Error::Data(format!(
        "refused: {} of leakage ({}); mend the table, or --allow-leakage to see the figures all the same",
        count(kinds.len(), "kind"),
        kinds.join(", ")
    )))
}

/// A table, its recordings and its folds.
struct Audited<'a> {
    data: &'a Dataset,
    folds: &'a [Fold],
    /// The rows of each recording.
    recordings: Vec<Vec<usize>>,
}

/// A group of rows on both sides of a fold: one row to train on, one to test on.
struct Apart<'a> {
    fold: &'a str,
    train: usize,
    test: usize,
}

impl Audited<'_> {
    /// The recording of a row in words: its file, its channel and times where it is a part, its corpus where
    /// there are several.
    fn name(&self, row: usize) -> String {
        let row = &self.data.rows[row];
        let part = &row.recording;
        match &row.corpus {
            Some(corpus) if self.data.corpora.len() > 1 => format!("{part} of {corpus}"),
            _ => part.to_string(),
        }
    }

    /// The first fold that has each group of rows on both sides. A row may be in several groups.
    ///
    /// One pass over the folds, however many groups and pairs there are.
    fn apart(&self, groups: &[Vec<usize>]) -> Vec<Option<Apart<'_>>> {
        let mut found: Vec<Option<Apart>> = groups.iter().map(|_| None).collect();
        if groups.is_empty() {
            return found;
        }
        let mut groups_of: Vec<Vec<usize>> = vec![Vec::new(); self.data.len()];
        for (group, rows) in groups.iter().enumerate() {
            rows.iter().for_each(|&row| groups_of[row].push(group));
        }
        // The last fold that trains on a group, and the first row that it trains on.
        let mut trained: Vec<Option<(usize, usize)>> = vec![None; groups.len()];
        for (number, fold) in self.folds.iter().enumerate() {
            for &row in &fold.train {
                for &group in &groups_of[row] {
                    if trained[group].is_none_or(|(last, _)| last != number) {
                        trained[group] = Some((number, row));
                    }
                }
            }
            for &test in &fold.test {
                for &group in &groups_of[test] {
                    if let (None, Some((last, train))) = (&found[group], trained[group])
                        && last == number
                    {
                        let fold = &fold.name;
                        found[group] = Some(Apart { fold, train, test });
                    }
                }
            }
        }
        found
    }

    /// Two recordings on two sides, in words.
    fn pair(&self, apart: &Apart) -> String {
        format!(
            "{} (train) and {} (test) in fold {}",
            self.name(apart.train),
            self.name(apart.test),
            apart.fold
        )
    }
}

/// A finding; whether it is an error is said in [`KINDS`].
fn finding(kind: &str, message: String) -> Finding {
    let (_, is_error) = KINDS
        .iter()
        .find(|(name, _)| *name == kind)
        .expect("every kind is listed");
    Finding {
        is_error: *is_error,
        kind: kind.to_string(),
        message,
    }
}

/// The places that share a key, in the order of their first places; those alone with theirs, or
/// without a key, are left out.
fn groups<K: Ord>(keys: impl IntoIterator<Item = Option<K>>) -> Vec<Vec<usize>> {
    let mut places: BTreeMap<K, Vec<usize>> = BTreeMap::new();
    for (place, key) in keys.into_iter().enumerate() {
        if let Some(key) = key {
            places.entry(key).or_default().push(place);
        }
    }
    let mut groups: Vec<Vec<usize>> = places.into_values().filter(|g| g.len() > 1).collect();
    groups.sort_unstable();
    groups
}

/// The first few cases, and how many more there are.
fn examples(cases: &[String], between: &str) -> String {
    let shown = cases[..cases.len().min(EXAMPLES)].join(between);
    match cases.len().saturating_sub(EXAMPLES) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `1 speaker`, `2 speakers`.
fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{Classes, Row, Target};
    use crate::split;
    use crate::table::Part;
    use ndarray::Array2;

    /// Three speakers who say two texts in two emotions: nothing leaks.
    pub fn clean() -> Dataset {
        let row = |i: usize| Row {
            recording: Part {
                file: format!("{i}.wav"),
                end: 1.0,
                ..Part::default()
            },
            span: [0.0, 1.0],
            corpus: Some("one".into()),
            speaker: Some(["anna", "ben", "carl"][i / 4].into()),
            text: Some(["x", "y"][i / 2 % 2].into()),
            audio_hash: Some(format!("hash {i}")),
            ..Row::default()
        };
        let rows: Vec<Row> = (0..12).map(row).collect();
        Dataset {
            x: Array2::from_shape_fn((12, 2), |(i, f)| (i * 7 % 12 + f) as f32),
            target: Target::Classes(Classes {
                names: vec!["angry".into(), "sad".into()],
                y: (0..12).map(|i| i % 2).collect(),
                shares: None,
            }),
            speakers: rows.iter().map(|row| row.speaker.clone()).collect(),
            rows,
            recordings: (0..12).collect(),
            corpora: vec!["one".into()],
            feature_names: vec!["a".into(), "b".into()],
            label: "emotion".into(),
            unlabelled: 0,
            metadata: BTreeMap::new(),
        }
    }

    pub fn speak(data: &mut Dataset, row: usize, speaker: Option<&str>) {
        data.speakers[row] = speaker.map(str::to_string);
        data.rows[row].speaker = speaker.map(str::to_string);
    }

    /// Kinds and messages, leaving one speaker out at a time.
    pub fn found(data: &Dataset) -> Vec<(String, String)> {
        told(audit(data, &split::loso(&data.speakers).unwrap()))
    }

    pub fn told(findings: Vec<Finding>) -> Vec<(String, String)> {
        findings.into_iter().map(|f| (f.kind, f.message)).collect()
    }

    /// Asserts that these kinds alone were found, and that the first says `says`.
    pub fn assert_found(found: &[(String, String)], kinds: &[&str], says: &str) {
        let got: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(got, kinds, "{found:?}");
        assert!(found[0].1.starts_with(says), "{found:?}");
        assert!(found.iter().all(|(_, message)| !message.contains('\n')));
    }

    pub fn fold(train: &[usize], test: &[usize]) -> Fold {
        Fold {
            name: "test".into(),
            train: train.into(),
            test: test.into(),
        }
    }

    #[test]
    fn a_clean_table_has_no_findings() {
        assert_eq!(found(&clean()), []);
        assert_eq!(audit(&clean(), &[]), []);
        let mut several = clean();
        several.corpora.push("two".into());
        several.rows[5].corpus = Some("two".into());
        // Files of two corpora may have the same name.
        several.rows[5].recording.file = "0.wav".into();
        assert_eq!(found(&several), []);
    }

    #[test]
    fn errors_are_refused_in_one_line_and_warnings_are_not() {
        let warning = finding("null_speakers", String::new());
        assert!(refuse(std::slice::from_ref(&warning), false).is_ok());
        let error = || finding("listed_twice", String::new());
        let findings = [
            finding("audio_on_two_sides", String::new()),
            error(),
            error(),
            warning,
        ];
        assert!(refuse(&findings, true).is_ok());
        assert_eq!(
            refuse(&findings, false).unwrap_err().to_string(),
            "refused: 2 kinds of leakage (audio_on_two_sides, listed_twice); mend the table, or \
             --allow-leakage to see the figures all the same"
        );
        let cases: Vec<String> = (0..5).map(|i| i.to_string()).collect();
        assert_eq!(examples(&cases, ", "), "0, 1, 2 and 2 more");
    }
}
