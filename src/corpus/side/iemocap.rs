//! `EmoEvaluation/*.txt` of IEMOCAP (Busso et al. 2008): of each turn its times, the label of the majority, means of valence, activation
//! and dominance; below it a line for each rater.

use std::collections::BTreeMap;

use crate::corpus::side::Line;

/// What is said of turns; nothing of those whose lines break off.
///
/// # Errors
/// Where no line is of a turn.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    let mut votes: Vec<Vec<String>> = Vec::new();
    for (at, line) in text.lines().enumerate() {
        if let Some(turn) = turn(line) {
            finish(&mut lines, &mut votes);
            lines.push(Line {
                place: format!("line {}", at + 1),
                ..turn
            });
        } else if let Some(vote) = vote(line) {
            votes.push(vote);
        }
    }
    finish(&mut lines, &mut votes);
    match lines.is_empty() {
        true => Err("says nothing of any turn; expected lines such as `[6.29 - 8.23]`, name, label, `[valence, activation, dominance]`".into()),
        false => Ok(lines),
    }
}

/// Times, name, label and means, with tabs between them: `[6.2901 - 8.2357]`, `Ses01F_impro01_F000`, `neu`, `[2.5000, 2.5000, 2.5000]`.
fn turn(line: &str) -> Option<Line> {
    let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
    let &[times, name, label, ratings] = &fields[..] else {
        return None;
    };
    let inner = |text: &str| -> Option<Vec<String>> {
        let text = text.strip_prefix('[')?.strip_suffix(']')?;
        Some(
            text.split([','])
                .map(|part| part.trim().to_string())
                .collect(),
        )
    };
    inner(times)?;
    let ratings = inner(ratings)?;
    let mut says = BTreeMap::from([("emotion".to_string(), label.to_string())]);
    for (name, value) in ["valence", "arousal", "dominance"].into_iter().zip(ratings) {
        if value.parse::<f64>().is_ok_and(f64::is_finite) {
            says.insert(name.into(), value);
        }
    }
    Some(Line {
        place: String::new(),
        key: name.to_string(),
        says,
    })
}

/// The words of one rater; none of lines of the actors themselves, which the majority does not count.
fn vote(line: &str) -> Option<Vec<String>> {
    let (rater, words) = line.split_once(':')?;
    if !rater.starts_with("C-E") {
        return None;
    }
    let words = words.split('(').next()?;
    let words = words.split(';').map(|word| word.trim().to_lowercase());
    Some(words.filter(|word| !word.is_empty()).collect())
}

/// The share of raters who chose the label of the last turn.
fn finish(lines: &mut [Line], votes: &mut Vec<Vec<String>>) {
    let raters = votes.len();
    let (Some(line), true) = (lines.last_mut(), raters > 0) else {
        votes.clear();
        return;
    };
    let label = line.says["emotion"].clone();
    // Labels are the first three letters of the words.
    let agree = votes
        .iter()
        .filter(|words| words.iter().any(|word| word.starts_with(&label)));
    let share = agree.count() as f64 / raters as f64;
    if share > 0.0 {
        line.says.insert("agreement".into(), format!("{share:.2}"));
    }
    votes.clear();
}

#[test]
fn turns_labels_ratings_and_agreement_are_read() {
    let text = "% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n\
        [1.0000 - 2.5000]\tSes09F_impro01_F000\tneu\t[2.5000, 3.0000, 3.5000]\n\
        C-E1:\tNeutral;\t()\nC-E2:\tNeutral;\t(a remark)\nC-E3:\tSadness; Neutral;\t()\nC-E4:\tAnger;\t()\n\
        C-F1:\tSadness;\t()\nA-E1:\tval 3; act 3; dom  4;\t()\nA-F1:\tval 3; act 2; dom  ;\t()\n\n\
        [3.2500 - 4.7500]\tSes09F_impro01_M000\txxx\t[2.0000, 3.5000, 3.0000]\n\
        C-E1:\tAnger;\t()\nC-E2:\tFrustration;\t()\n";
    let lines = read(text).unwrap();
    let said: Vec<String> = lines
        .iter()
        .map(|line| {
            let says = line
                .says
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            format!(
                "{} {} {}",
                line.place,
                line.key,
                says.collect::<Vec<_>>().join(" ")
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "line 3 Ses09F_impro01_F000 agreement=0.75 arousal=3.0000 dominance=3.5000 emotion=neu valence=2.5000",
            "line 12 Ses09F_impro01_M000 arousal=3.5000 dominance=3.0000 emotion=xxx valence=2.0000",
        ]
    );
    assert!(read("nothing\n").is_err());
}
