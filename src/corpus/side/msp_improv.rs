//! `Evalution.txt` of MSP-IMPROV (Busso et al. 2017), so spelt in most copies: of each turn the label of the majority and means of
//! activation, valence, dominance and naturalness; below it a line for each rater.

use std::collections::BTreeMap;

use crate::corpus::side::Line;

/// What is said of turns.
///
/// # Errors
/// Where no line is of a turn.
pub fn read(text: &str) -> Result<Vec<Line>, String> {
    let mut lines: Vec<Line> = Vec::new();
    let mut raters = (0, 0);
    for (at, line) in text.lines().enumerate() {
        if let Some(turn) = turn(line) {
            agree(lines.last_mut(), &mut raters);
            lines.push(Line {
                place: format!("line {}", at + 1),
                ..turn
            });
        } else if let (Some(label), Some(word)) = (
            lines.last().map(|line| line.says["emotion"].clone()),
            line.split(';').nth(1).map(str::trim),
        ) && !word.is_empty()
        {
            raters.1 += 1;
            raters.0 += usize::from(word.starts_with(&label));
        }
    }
    agree(lines.last_mut(), &mut raters);
    match lines.is_empty() {
        true => Err("says nothing of any turn; expected lines such as `UTD-IMPROV-S01A-F01-P-FM01.avi; A; A:1.5; V:2.0; D:3.0; N:4.0;`".into()),
        false => Ok(lines),
    }
}

fn turn(line: &str) -> Option<Line> {
    let mut fields = line.split(';').map(str::trim);
    let name = fields.next()?.strip_prefix("UTD-IMPROV-")?;
    let name = name.strip_suffix(".avi").unwrap_or(name);
    let label = fields.next()?;
    let mut says = BTreeMap::from([("emotion".to_string(), label.to_string())]);
    for field in fields {
        let Some((letter, value)) = field.split_once(':') else {
            continue;
        };
        let called = match letter {
            "A" => "arousal",
            "V" => "valence",
            "D" => "dominance",
            "N" => "naturalness",
            _ => continue,
        };
        if value.parse::<f64>().is_ok_and(f64::is_finite) {
            says.insert(called.into(), value.into());
        }
    }
    Some(Line {
        place: String::new(),
        // As the recordings are called.
        key: format!("MSP-IMPROV-{name}"),
        says,
    })
}

/// The share of raters who chose the label: those whose word begins with its letter.
fn agree(line: Option<&mut Line>, (agree, raters): &mut (usize, usize)) {
    if let (Some(line), true) = (line, *agree > 0) {
        let share = *agree as f64 / *raters as f64;
        line.says.insert("agreement".into(), format!("{share:.2}"));
    }
    (*agree, *raters) = (0, 0);
}

#[test]
fn turns_labels_and_ratings_are_read() {
    let text = "UTD-IMPROV-S01N-F09-S-FM01.avi; N; A:3.000000; V:3.400000; D:2.800000 ; N:3.600000;\n\
        worker-p1_x; Neutral; Neutral; A:3.000000; V:3.000000; D:3.000000; N:4.000000;\n\
        worker-p2_x; Happy; Happy,Excited; A:3.000000; V:4.000000; D:NaN; N:3.000000;\n\n\
        UTD-IMPROV-S01A-M09-T-MF02.avi; X; A:2.200000; V:3.800000; D:NaN ; N:NaN;\n\
        worker-p1_x; Angry; Angry,Frustrated; A:2.000000; V:4.000000; D:NaN; N:NaN;\n";
    let lines = read(text).unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0].key, "MSP-IMPROV-S01N-F09-S-FM01");
    let says: Vec<&str> = lines[0].says.values().map(String::as_str).collect();
    assert_eq!(
        says,
        ["0.50", "3.000000", "2.800000", "N", "3.600000", "3.400000"]
    );
    let says: Vec<&str> = lines[1].says.keys().map(String::as_str).collect();
    assert_eq!(says, ["arousal", "emotion", "valence"]);
    assert!(read("nothing\n").is_err());
}
