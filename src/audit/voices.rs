//! Speakers on two sides, unknown, or under two names.

use std::collections::{BTreeMap, BTreeSet};

use crate::audit::{Audited, Finding, count, examples, finding};

pub fn findings(table: &Audited) -> Vec<Finding> {
    let mut findings = on_two_sides(table);
    findings.extend(unknown(table));
    findings.extend(alike(table));
    findings
}

/// Speakers with rows to train on and rows to test on in one fold.
fn on_two_sides(table: &Audited) -> Vec<Finding> {
    // Nobody without a name is of two corpora.
    let mut rows_of: BTreeMap<(Option<&str>, Option<&str>), Vec<usize>> = BTreeMap::new();
    for (row, speaker) in table.data.speakers.iter().enumerate() {
        let corpus = table.data.rows[row].corpus.as_deref();
        let of_unknown = speaker.is_none().then_some(corpus).flatten();
        rows_of
            .entry((speaker.as_deref(), of_unknown))
            .or_default()
            .push(row);
    }
    let (speakers, rows): (Vec<_>, Vec<_>) = rows_of.into_iter().unzip();
    let mut named = Vec::new();
    let mut findings = Vec::new();
    for ((speaker, _), apart) in speakers.into_iter().zip(table.apart(&rows)) {
        match (speaker, apart) {
            (Some(speaker), Some(apart)) => named.push(format!("{speaker} (fold {})", apart.fold)),
            (None, Some(apart)) => findings.push(finding(
                "speaker_on_two_sides",
                format!(
                    "rows without a speaker, who may be anyone, are in both `train` and `test`: {}; \
                     name their speakers, or keep all such rows on one side",
                    table.pair(&apart)
                ),
            )),
            (_, None) => {}
        }
    }
    if !named.is_empty() {
        let message = format!(
            "{} in both `train` and `test`: {}; a figure on unseen speakers needs each on one side \
             (`sentire split` and --folds loso keep them whole)",
            match named.len() {
                1 => "1 speaker is".to_string(),
                n => format!("{n} speakers are"),
            },
            examples(&named, ", ")
        );
        findings.insert(0, finding("speaker_on_two_sides", message));
    }
    findings
}

/// Recordings without a speaker.
fn unknown(table: &Audited) -> Option<Finding> {
    let names: Vec<String> = table
        .recordings
        .iter()
        .filter(|rows| table.data.speakers[rows[0]].is_none())
        .map(|rows| table.name(rows[0]))
        .collect();
    (!names.is_empty()).then(|| {
        let message = format!(
            "{} of {} without a speaker: {}; they count as one speaker, or are left out under \
             --normalize speaker; fill in the column `speaker`",
            names.len(),
            count(table.recordings.len(), "recording"),
            examples(&names, ", ")
        );
        finding("null_speakers", message)
    })
}

/// Names within a corpus that differ in writing only.
fn alike(table: &Audited) -> Option<Finding> {
    let mut names: BTreeMap<(Option<&str>, String), BTreeSet<&str>> = BTreeMap::new();
    for row in &table.data.rows {
        if let Some(speaker) = row.speaker.as_deref() {
            let key = (row.corpus.as_deref(), plain(speaker));
            names.entry(key).or_default().insert(speaker);
        }
    }
    let cases: Vec<String> = names
        .into_iter()
        .filter(|((_, plain), names)| !plain.is_empty() && names.len() > 1)
        .map(|((corpus, _), names)| {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            match corpus {
                Some(corpus) if table.data.corpora.len() > 1 => {
                    format!("{} of {corpus}", names.join(" and "))
                }
                _ => names.join(" and "),
            }
        })
        .collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "speakers whose names differ only in case, spaces, punctuation or leading zeros may be \
             one person on two sides: {}; write each name in one way",
            examples(&cases, ", ")
        );
        finding("speakers_alike", message)
    })
}

/// A name in small letters, without spaces, punctuation and leading zeros. Between digits a mark of
/// separation stays: `1-12` is not `11-2`.
fn plain(name: &str) -> String {
    let mut plain = String::new();
    let mut is_separated = false;
    let mut characters = name.chars().flat_map(char::to_lowercase).peekable();
    while let Some(c) = characters.next() {
        if !c.is_alphanumeric() {
            is_separated = true;
            continue;
        }
        let follows_digit = plain.ends_with(|last: char| last.is_ascii_digit());
        if is_separated && follows_digit && c.is_ascii_digit() {
            plain.push(' ');
        }
        let starts_number = is_separated || !follows_digit;
        let leads = characters.peek().is_some_and(char::is_ascii_digit);
        if c == '0' && starts_number && leads {
            // `is_separated` stays: the next zero leads as well.
            continue;
        }
        is_separated = false;
        plain.push(c);
    }
    plain
}

#[test]
fn names_are_alike_that_differ_in_writing_only() {
    for (a, b) in [
        ("03", "3"),
        ("Anna", "anna "),
        ("spk_007", "SPK 7"),
        ("a-1", "A01"),
        ("1-02", "1 2"),
        ("00", "0"),
        ("Émile", "émile."),
    ] {
        assert_eq!(plain(a), plain(b), "{a} {b}");
    }
    for (a, b) in [
        ("1-12", "11-2"),
        ("10", "1"),
        ("f1", "m1"),
        ("100", "10"),
        ("a0", "a"),
    ] {
        assert_ne!(plain(a), plain(b), "{a} {b}");
    }
    assert_eq!(plain("?"), "");
}

#[cfg(test)]
mod tests {
    use crate::audit::audit;
    use crate::audit::tests::{assert_found, clean, fold, found, speak, told};

    #[test]
    fn speakers_on_two_sides_are_named() {
        let data = clean();
        let apart = [fold(&[0, 1, 2, 3], &[4, 5]), fold(&[4, 5], &[0, 1])];
        assert_eq!(audit(&data, &apart), []);
        let split = [fold(&[0, 1, 2, 3, 4], &[5, 6, 7, 8])];
        let says = "1 speaker is in both `train` and `test`: ben (fold test); ";
        assert_found(&told(audit(&data, &split)), &["speaker_on_two_sides"], says);
        let split = [fold(&[0, 1, 4, 5, 8, 9], &[2, 3, 6, 7, 10, 11])];
        let says = "3 speakers are in both `train` and `test`: anna (fold test), ben (";
        assert_found(&told(audit(&data, &split)), &["speaker_on_two_sides"], says);
    }

    #[test]
    fn rows_without_a_speaker_may_be_anyone() {
        let mut data = clean();
        speak(&mut data, 0, None);
        speak(&mut data, 6, None);
        let says = "2 of 12 recordings without a speaker: 0.wav, 6.wav; ";
        assert_found(&found(&data), &["null_speakers"], says);
        let split = [fold(&[0, 1, 2, 3], &[4, 5, 6, 7])];
        let says = "rows without a speaker, who may be anyone, are in both `train` and `test`: \
                    0.wav (train) and 6.wav (test) in fold test; ";
        let kinds = ["speaker_on_two_sides", "null_speakers"];
        assert_found(&told(audit(&data, &split)), &kinds, says);
    }

    #[test]
    fn speakers_that_are_alike_are_found_within_a_corpus() {
        let mut data = clean();
        for row in 0..2 {
            speak(&mut data, row, Some("Ben "));
        }
        assert_eq!(found(&data)[0].0, "speakers_alike");
        assert!(found(&data)[0].1.contains(": `Ben ` and `ben`; "));
        data.rows[0].corpus = Some("two".into());
        data.rows[1].corpus = Some("two".into());
        assert_eq!(found(&data), []);
    }
}
