//! Whether something other than the voice tells the label: the speaker, the words, one column.

use std::collections::{BTreeMap, BTreeSet};

use ndarray::ArrayView1;
use rayon::prelude::*;

use crate::audit::{Audited, Finding, examples, finding};
use crate::dataset::{Row, Target};
use crate::metrics;

/// From this balanced recall on, speaker or text tell the label; the same as in the corpus doctor.
const CONFOUNDED: f64 = 0.8;

/// From this balanced recall on, a feature is the label in disguise. The best of `rich`
/// and `egemaps` reaches 0.57 (on EmoDB), on the generated demo corpus 0.83.
const DISGUISED: f64 = 0.98;

/// Fewer recordings than this, of all classes or of one, a feature may tell apart by chance.
const FEWEST: usize = 30;
const FEWEST_OF_CLASS: usize = 10;

/// About so many recordings are looked at for features that are the label in disguise.
const LOOKED_AT: usize = 500;

/// Labels that a speaker has once and for all: naturally speakers tell them.
const OF_THE_SPEAKER: [&str; 7] = [
    "speaker", "sex", "gender", "age", "language", "corpus", "dialect",
];

pub fn findings(table: &Audited) -> Vec<Finding> {
    if let Target::Values(values) = &table.data.target {
        let of_target = |(name, y): (&String, ArrayView1<f64>)| {
            let by_speaker = told_by_speaker(table, name, y);
            by_speaker
                .into_iter()
                .chain(told_by_feature(table, name, y))
        };
        let targets = values.names.iter().zip(values.y.columns());
        return targets.flat_map(of_target).collect();
    }
    let label = &table.data.label;
    let mut findings = Vec::new();
    if !OF_THE_SPEAKER.contains(&label.as_str()) {
        findings.extend(told_by(table, "emotion_by_speaker", "speaker", |row| {
            row.speaker.as_deref()
        }));
    }
    if label != "text" {
        findings.extend(told_by(table, "emotion_by_text", "text", |row| {
            row.text.as_deref()
        }));
    }
    findings.extend(disguised(table));
    findings
}

/// Whether the numbers of a speaker's other recordings tell those of each: their mean, by its CCC.
fn told_by_speaker(table: &Audited, name: &str, y: ArrayView1<f64>) -> Option<Finding> {
    let mut rows_of: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for rows in &table.recordings {
        let row = &table.data.rows[rows[0]];
        if let Some(speaker) = row.speaker.as_deref() {
            let key = (row.corpus.as_deref(), speaker);
            rows_of.entry(key).or_default().push(rows[0]);
        }
    }
    rows_of.retain(|_, rows| rows.len() > 1);
    let (mut truth, mut said) = (Vec::new(), Vec::new());
    for rows in rows_of.values() {
        let sum: f64 = rows.iter().map(|&row| y[row]).sum();
        for &row in rows {
            truth.push(y[row]);
            said.push((sum - y[row]) / (rows.len() - 1) as f64);
        }
    }
    if truth.len() < FEWEST || 2 * truth.len() < table.recordings.len() || rows_of.len() < 2 {
        return None;
    }
    let ccc = metrics::values::ccc(&truth, &said);
    (ccc >= CONFOUNDED).then(|| {
        let mean = |rows: &Vec<usize>| {
            rows.iter().map(|&row| y[row]).sum::<f64>() / rows.len() as f64
        };
        let cases = rows_of.iter().map(|((_, name), rows)| format!("{name} ({:.2})", mean(rows)));
        let cases: Vec<String> = cases.collect();
        let message = format!(
            "the speaker tells `{name}` by its mean: {}; guessed from other recordings of the same speaker it has a CCC of {ccc:.2}, so a model may learn speakers instead; add recordings in which speakers vary",
            examples(&cases, ", ")
        );
        finding("emotion_by_speaker", message)
    })
}

/// Features that are the number in disguise.
fn told_by_feature(table: &Audited, name: &str, y: ArrayView1<f64>) -> Option<Finding> {
    let firsts: Vec<usize> = table.recordings.iter().map(|rows| rows[0]).collect();
    if firsts.len() < FEWEST {
        return None;
    }
    let data = table.data;
    let names = data.feature_names.par_iter().enumerate();
    let cases: Vec<String> = names
        .filter_map(|(feature, column)| {
            let known = firsts
                .iter()
                .filter(|&&row| !data.x[(row, feature)].is_nan());
            let pairs = known.map(|&row| (f64::from(data.x[(row, feature)]), y[row]));
            let (x, y): (Vec<f64>, Vec<f64>) = pairs.unzip();
            let r = metrics::values::pearson(&x, &y);
            (y.len() >= FEWEST && r.abs() > DISGUISED).then(|| format!("`{column}` (r {r:.3})"))
        })
        .collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "a feature alone tells `{name}`: {}; unless it is measured on the sound, take it out of the features",
            examples(&cases, ", ")
        );
        finding("feature_names_the_label", message)
    })
}

/// Whether the speaker or the text alone tells the label of at least half of the recordings.
fn told_by(
    table: &Audited,
    kind: &str,
    name: &str,
    tells: impl Fn(&Row) -> Option<&str>,
) -> Option<Finding> {
    let data = table.data;
    let mut counts: BTreeMap<_, BTreeMap<usize, usize>> = BTreeMap::new();
    for rows in &table.recordings {
        let row = &data.rows[rows[0]];
        if let Some(key) = tells(row) {
            let classes = counts.entry((row.corpus.as_deref(), key)).or_default();
            *classes.entry(data.y()[rows[0]]).or_default() += 1;
        }
    }
    let (keys, counts): (Vec<_>, Vec<BTreeMap<usize, usize>>) = counts
        .into_iter()
        .filter(|(_, classes)| classes.values().sum::<usize>() > 1)
        .unzip();
    let counted: usize = counts.iter().flat_map(BTreeMap::values).sum();
    if 2 * counted < table.recordings.len() {
        return None;
    }
    let recall = majority_recall(&counts)?.max(plain_majority_recall(&counts));
    if recall < CONFOUNDED {
        return None;
    }
    let case = |((_, key), classes): (&(_, &str), &BTreeMap<usize, usize>)| {
        let (class, most) = classes.iter().max_by_key(|(_, n)| **n)?;
        let all: usize = classes.values().sum();
        Some(format!(
            "{key} ({} {most} of {all})",
            data.classes()[*class]
        ))
    };
    let cases: Vec<String> = keys.iter().zip(&counts).filter_map(case).collect();
    let label = &data.label;
    let message = format!(
        "the {name} tells the {label}: {}; guessed from recordings of the same {name}, the \
         {label} is right for {:.0} % (mean over classes), so a model may learn {name}s instead; add \
         recordings in which a {name} has several",
        examples(&cases, ", "),
        100.0 * recall,
    );
    Some(finding(kind, message))
}

/// Mean over the classes of the share that a majority rule gets right, from the number of
/// recordings of each class with one key: each recording's class is guessed to be the most frequent
/// one among the *others* with its key, and a tie is a miss. `None` with fewer than two classes or
/// keys.
fn majority_recall(counts: &[BTreeMap<usize, usize>]) -> Option<f64> {
    let recalls = recalls(counts, |classes, class| {
        let others = classes.iter().filter(|(other, _)| **other != class);
        others.map(|(_, &n)| n).max().unwrap_or(0) < classes[&class] - 1
    });
    (counts.len() > 1 && recalls.len() > 1)
        .then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// The same where each key's most frequent class is guessed for all of its recordings. Of few
/// recordings the most frequent class is much of them by chance: of two classes and fewer than five
/// recordings, or more classes and fewer than three, it counts as missed.
fn plain_majority_recall(counts: &[BTreeMap<usize, usize>]) -> f64 {
    let all: BTreeSet<usize> = counts.iter().flat_map(BTreeMap::keys).copied().collect();
    let fewest = if all.len() > 2 { 3 } else { 5 };
    let recalls = recalls(counts, |classes, class| {
        let most = |(class, n): &(&usize, &usize)| (**n, std::cmp::Reverse(**class));
        let guessed = classes.iter().max_by_key(most);
        classes.values().sum::<usize>() >= fewest
            && guessed.is_some_and(|(guessed, _)| *guessed == class)
    });
    recalls.iter().sum::<f64>() / recalls.len() as f64
}

/// The share of each class that a rule gets right; `is_hit` says whether it does so for the
/// recordings of one key and class.
fn recalls(
    counts: &[BTreeMap<usize, usize>],
    is_hit: impl Fn(&BTreeMap<usize, usize>, usize) -> bool,
) -> Vec<f64> {
    let mut hits: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    for classes in counts {
        for (&class, &n) in classes {
            let (right, all) = hits.entry(class).or_default();
            *right += if is_hit(classes, class) { n } else { 0 };
            *all += n;
        }
    }
    hits.values()
        .map(|&(right, all)| right as f64 / all as f64)
        .collect()
}

/// Features that are the label in disguise: by one alone, cut into as many stretches as there are
/// classes, nearly every recording is told.
///
/// Of large tables some recordings of each class are looked at, evenly spaced: such a feature tells
/// them all.
fn disguised(table: &Audited) -> Option<Finding> {
    let data = table.data;
    let mut of_class: Vec<Vec<usize>> = vec![Vec::new(); data.classes().len()];
    for rows in &table.recordings {
        of_class[data.y()[rows[0]]].push(rows[0]);
    }
    of_class.retain(|rows| rows.len() >= FEWEST_OF_CLASS);
    if of_class.len() < 2 || of_class.iter().map(Vec::len).sum::<usize>() < FEWEST {
        return None;
    }
    let most = (LOOKED_AT / of_class.len()).max(FEWEST_OF_CLASS);
    for rows in &mut of_class {
        let n = rows.len();
        if n > most {
            *rows = (0..most).map(|i| rows[i * n / most]).collect();
        }
    }
    let classes = of_class.iter().enumerate();
    let classes: Vec<u32> = classes
        .flat_map(|(class, rows)| rows.iter().map(move |_| class as u32))
        .collect();
    // Copied out, so that a column lies close together.
    let few = data.select(&of_class.concat());
    let sizes: Vec<usize> = of_class.iter().map(Vec::len).collect();
    let names = data.feature_names.par_iter().enumerate();
    let cases: Vec<String> = names
        .filter_map(|(feature, name)| {
            let values = few.view().column(feature).to_vec();
            let recall = stretch_recall(&values, &classes, &sizes);
            // A sum of shares: the last bit may be rounded off.
            (recall > DISGUISED - 1e-9).then(|| format!("`{name}` ({:.1} % right)", 100.0 * recall))
        })
        .collect();
    (!cases.is_empty()).then(|| {
        let message = format!(
            "a feature alone tells the {}: {}; unless it is measured on the sound, take it out of \
             the features",
            data.label,
            examples(&cases, ", ")
        );
        finding("feature_names_the_label", message)
    })
}

/// The best mean recall of the classes that one feature reaches when its range is cut into a
/// stretch per class, in the order of the classes' medians. Missing values count as the largest;
/// between equal values there is no cut.
fn stretch_recall(values: &[f32], classes: &[u32], sizes: &[usize]) -> f64 {
    // Value and class in one number, in the order of the values.
    let mut sorted: Vec<u64> = values
        .iter()
        .zip(classes)
        .map(|(&value, &class)| u64::from(ordered(value)) << 32 | u64::from(class))
        .collect();
    sorted.sort_unstable();
    let class = |item: u64| (item & 0xffff_ffff) as usize;

    let mut seen = vec![0; sizes.len()];
    let mut by_median = Vec::new();
    for &item in &sorted {
        let class = class(item);
        seen[class] += 1;
        if seen[class] == sizes[class].div_ceil(2) {
            by_median.push(class);
        }
    }
    let mut rank = vec![0; sizes.len()];
    for (place, &class) in by_median.iter().enumerate() {
        rank[class] = place;
    }
    // The best recall so far with the last stretch that of a class up to this rank.
    let mut best = vec![0.0_f64; sizes.len()];
    for equal in sorted.chunk_by(|a, b| a >> 32 == b >> 32) {
        for &item in equal {
            let class = class(item);
            best[rank[class]] += 1.0 / (sizes[class] * sizes.len()) as f64;
        }
        for place in 1..best.len() {
            best[place] = best[place].max(best[place - 1]);
        }
    }
    best[best.len() - 1]
}

/// Bits that sort as the values do; one pattern for all that are missing, and one for zero.
fn ordered(value: f32) -> u32 {
    let bits = if value.is_nan() {
        f32::NAN.abs().to_bits()
    } else {
        (value + 0.0).to_bits()
    };
    if bits >> 31 == 1 {
        !bits
    } else {
        bits | 1 << 31
    }
}

#[test]
fn the_majority_rule_is_judged_on_the_others() {
    let counts = |keys: &[&[(usize, usize)]]| {
        let keys: Vec<BTreeMap<usize, usize>> = keys
            .iter()
            .map(|key| key.iter().copied().collect())
            .collect();
        majority_recall(&keys)
    };
    assert_eq!(counts(&[&[(0, 3)], &[(1, 3)]]), Some(1.0));
    assert_eq!(counts(&[&[(0, 1), (1, 1)], &[(0, 1), (1, 1)]]), Some(0.0));
    // Class 0: 2 of 3; class 1: two against one, of which each has one other: a tie.
    assert_eq!(counts(&[&[(0, 2)], &[(0, 1), (1, 2)]]), Some(1.0 / 3.0));
    assert_eq!(counts(&[&[(0, 4), (1, 2)]]), None);
    assert_eq!(counts(&[&[(0, 4)], &[(0, 2)]]), None);
}

#[test]
fn stretches_of_a_feature_tell_classes() {
    let recall = |values: &[f32], expected: f64| {
        let recall = stretch_recall(values, &[0, 0, 1, 1, 2, 2], &[2, 2, 2]);
        assert!((recall - expected).abs() < 1e-12, "{recall} of {values:?}");
    };
    recall(&[5.0, 6.0, -1.0, -2.0, 0.0, 1.0], 1.0);
    let missing = f32::NAN;
    recall(&[missing, -missing, -0.0, 0.0, 3.0, 3.0], 1.0);
    // No cut between equal values: one class of three.
    recall(&[7.0; 6], 1.0 / 3.0);
    // One of class 0 lies among class 1.
    recall(&[1.0, 3.0, 2.5, 3.5, 5.0, 6.0], 5.0 / 6.0);
}

#[cfg(test)]
mod tests {
    use crate::audit::tests::{assert_found, clean, found};

    #[test]
    fn a_speaker_or_text_that_tells_the_label_is_found() {
        let mut data = clean();
        data.classes_mut().y = (0..12).map(|i| usize::from(i >= 4)).collect();
        let says = "the speaker tells the emotion: ";
        assert_found(&found(&data), &["emotion_by_speaker"], says);
        data.label = "sex".into();
        assert_eq!(found(&data), [], "speakers have one sex");
        let mut data = clean();
        data.classes_mut().y = (0..12).map(|i| i / 2 % 2).collect();
        assert_found(
            &found(&data),
            &["emotion_by_text"],
            "the text tells the emotion: ",
        );
        for row in 0..7 {
            data.rows[row].text = None;
        }
        assert_eq!(found(&data), [], "few have a text");
    }

    #[test]
    fn a_feature_that_is_the_label_in_disguise_is_found() {
        let one = clean();
        let mut data = one.select(&(0..36).map(|i| i % 12).collect::<Vec<_>>());
        for (i, row) in data.rows.iter_mut().enumerate() {
            row.recording.file = format!("{i}.wav");
            row.audio_hash = Some(i.to_string());
            data.recordings[i] = i;
            data.x[(i, 0)] = (i * 7 % 36) as f32;
        }
        assert_eq!(found(&data), []);
        for i in 0..36 {
            data.x[(i, 1)] = 3.0 - data.y()[i] as f32;
            data.x[(i, 0)] = i as f32 * 0.1;
        }
        let says = "a feature alone tells the emotion: `b` (100.0 % right); ";
        assert_found(&found(&data), &["feature_names_the_label"], says);
        let few = data.select(&(0..28).collect::<Vec<_>>());
        assert_eq!(found(&few), [], "by chance, perhaps");
    }
}
