//! Whether there are enough recordings of each emotion and speaker, and whether something other than the voice gives the
//! emotion away.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::check::Severity::{Note, Warning};
use crate::corpus::check::{Amount, Finding, Kind, finding};
use crate::corpus::manifest::Utterance;
use crate::corpus::spelling::first;

/// Below it one recording moves the recall of an emotion by more than 10 points.
const FEW_OF_CLASS: usize = 10;

/// Below it a speaker's mean and deviation are guesses: what `--normalize speaker` asks for.
const FEW_OF_SPEAKER: usize = 8;

/// From this balanced recall on, speaker or sentence tell the emotion.
const CONFOUNDED: f64 = 0.8;

/// Findings on the labels of all corpora together.
pub fn findings(utterances: &[Utterance]) -> Vec<Finding> {
    let mut findings = sizes(utterances);
    findings.extend(spread(utterances));
    let speaker = |u: &Utterance| u.speaker.clone();
    let text = |u: &Utterance| u.text.clone();
    findings.extend(confounded(
        Kind::ConfoundedSpeaker,
        "speaker",
        utterances,
        speaker,
    ));
    findings.extend(confounded(
        Kind::ConfoundedText,
        "sentence",
        utterances,
        text,
    ));
    findings
}

/// Who speaks, told apart over corpora.
fn speaker_of(u: &Utterance) -> Option<(Option<&str>, &str)> {
    Some((u.corpus.as_deref(), u.speaker.as_deref()?))
}

/// Speakers or emotions too few, or with too few recordings.
fn sizes(utterances: &[Utterance]) -> Vec<Finding> {
    let mut emotions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut speakers: BTreeMap<(Option<&str>, &str), usize> = BTreeMap::new();
    for u in utterances {
        if let Some(emotion) = u.emotion.as_deref() {
            *emotions.entry(emotion).or_default() += 1;
        }
        if let Some(speaker) = speaker_of(u) {
            *speakers.entry(speaker).or_default() += 1;
        }
    }
    let mut findings = Vec::new();
    let mut tell = |kind, message, amounts| {
        findings.push(Finding {
            amounts,
            ..finding(kind, Warning, message, Vec::new())
        });
    };
    if emotions.len() == 1 {
        let emotion = emotions.keys().next().expect("there is one");
        tell(
            Kind::SingleClass,
            format!("{emotion} is the only emotion: there is nothing to tell apart"),
            Vec::new(),
        );
    }
    if speakers.len() == 1 {
        let (_, speaker) = speakers.keys().next().expect("there is one");
        tell(
            Kind::SingleSpeaker,
            format!("{speaker} is the only speaker: evaluation on unseen speakers needs two"),
            Vec::new(),
        );
    }
    let few = emotions.iter().filter(|&(_, &n)| n < FEW_OF_CLASS);
    let (few, amounts): (Vec<String>, Vec<Amount>) = few
        .map(|(name, &n)| {
            let amount = Amount {
                emotion: Some(name.to_string()),
                found: n,
                expected: Some(FEW_OF_CLASS),
                ..Amount::default()
            };
            (format!("{name} {n}"), amount)
        })
        .unzip();
    if !few.is_empty() {
        tell(
            Kind::FewClipsOfClass,
            format!(
                "emotions with fewer than {FEW_OF_CLASS} recordings: {}",
                first(&few, 24)
            ),
            amounts,
        );
    }
    let few = speakers.iter().filter(|&(_, &n)| n < FEW_OF_SPEAKER);
    let (few, amounts): (Vec<String>, Vec<Amount>) = few
        .map(|((corpus, name), &n)| {
            let amount = Amount {
                corpus: corpus.map(str::to_string),
                speaker: Some(name.to_string()),
                found: n,
                expected: Some(FEW_OF_SPEAKER),
                ..Amount::default()
            };
            (format!("{name} {n}"), amount)
        })
        .unzip();
    if !few.is_empty() {
        tell(
            Kind::FewClipsOfSpeaker,
            format!(
                "{} of {} speakers have fewer than {FEW_OF_SPEAKER} recordings: {}",
                few.len(),
                speakers.len(),
                first(&few, 24)
            ),
            amounts,
        );
    }
    findings
}

/// Emotions that not every speaker speaks.
fn spread(utterances: &[Utterance]) -> Vec<Finding> {
    let all: BTreeSet<_> = utterances.iter().filter_map(speaker_of).collect();
    if all.len() < 2 {
        return Vec::new();
    }
    let mut speakers_of: BTreeMap<&str, BTreeSet<_>> = BTreeMap::new();
    for u in utterances {
        if let (Some(emotion), Some(speaker)) = (u.emotion.as_deref(), speaker_of(u)) {
            speakers_of.entry(emotion).or_default().insert(speaker);
        }
    }
    let tell = |(emotion, some): (&str, BTreeSet<(Option<&str>, &str)>)| {
        let lack: Vec<String> = all
            .difference(&some)
            .map(|(_, speaker)| speaker.to_string())
            .collect();
        let (kind, severity, message) = match some.len() {
            n if n == all.len() => return None,
            1 => {
                let (_, only) = some.first().expect("there is one");
                let message = format!(
                    "{emotion} is spoken by {only} alone: it cannot be evaluated on unseen speakers"
                );
                (Kind::SingleSpeakerClass, Warning, message)
            }
            n => {
                let message = format!(
                    "{emotion} is spoken by {n} of {} speakers, not by {}",
                    all.len(),
                    first(&lack, 8)
                );
                match n * 2 < all.len() {
                    true => (Kind::ClassOfFewSpeakers, Warning, message),
                    false => (Kind::ClassMissingFromSpeakers, Note, message),
                }
            }
        };
        let of_emotion = utterances.iter().filter(|u| {
            kind != Kind::ClassMissingFromSpeakers && u.emotion.as_deref() == Some(emotion)
        });
        let files = of_emotion.map(|u| u.file.clone()).collect();
        Some(finding(kind, severity, message, files))
    };
    speakers_of.into_iter().filter_map(tell).collect()
}

/// Whether `tell` (speaker or sentence) tells the emotion.
fn confounded(
    kind: Kind,
    name: &str,
    utterances: &[Utterance],
    tell: impl Fn(&Utterance) -> Option<String>,
) -> Option<Finding> {
    let pairs: Vec<_> = utterances
        .iter()
        .filter_map(|u| Some(((u.corpus.clone(), tell(u)?), u.emotion.as_deref()?)))
        .collect();
    let recall = majority_recall(&pairs)?;
    (recall >= CONFOUNDED).then(|| {
        let message = format!(
            "the {name} tells the emotion: the one most frequent among the other recordings of the \
             same {name} is right for {:.0} % (mean over emotions); a model may learn {name}s instead",
            100.0 * recall
        );
        finding(kind, Warning, message, Vec::new())
    })
}

/// Mean over the classes of the share that a majority rule gets right: each item's class is guessed
/// to be the most frequent one among the *other* items with its key. A key of its own tells
/// nothing, and a tie is a miss. `None` with fewer than two classes or keys.
fn majority_recall<K: Ord>(items: &[(K, &str)]) -> Option<f64> {
    let mut counts: BTreeMap<&K, BTreeMap<&str, usize>> = BTreeMap::new();
    let mut hits: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (key, class) in items {
        *counts.entry(key).or_default().entry(class).or_default() += 1;
    }
    for (key, class) in items {
        let own = counts[key][class] - 1;
        let others = counts[key].iter().filter(|(other, _)| *other != class);
        let hit = others.map(|(_, &n)| n).max().unwrap_or(0) < own;
        let (right, all) = hits.entry(class).or_default();
        (*right, *all) = (*right + usize::from(hit), *all + 1);
    }
    let recalls = hits.values().map(|&(right, all)| right as f64 / all as f64);
    (counts.len() > 1 && hits.len() > 1).then(|| recalls.sum::<f64>() / hits.len() as f64)
}

#[test]
fn the_majority_rule_is_judged_on_the_others() {
    let recall = |items: &[(&str, &'static str)]| majority_recall(items);
    // Each key has one class, three times: always right.
    let tied = ["x", "x", "x", "y", "y", "y"];
    let classes = ["a", "a", "a", "b", "b", "b"];
    let items: Vec<_> = tied.into_iter().zip(classes).collect();
    assert_eq!(recall(&items), Some(1.0));
    // Every key has every class: among the others the own class is rarer.
    let items: Vec<_> = ["x", "y", "x", "y"]
        .into_iter()
        .zip(["a", "a", "b", "b"])
        .collect();
    assert_eq!(recall(&items), Some(0.0));
    // Keys that occur once tell nothing, though each has one class.
    assert_eq!(recall(&[("u", "a"), ("v", "a"), ("w", "b")]), Some(0.0));
    // Class a: 2 of 3 hit; class b: 2 of 2.
    let items = [("x", "a"), ("x", "a"), ("y", "a"), ("y", "b"), ("y", "b")];
    let expected = (2.0 / 3.0 + 0.0) / 2.0;
    assert_eq!(
        recall(&items),
        Some(expected),
        "b: one other b against one a is a tie"
    );
    assert_eq!(recall(&[("x", "a"), ("y", "a")]), None);
}
