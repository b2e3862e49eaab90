//! A corpus against what its makers published of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::corpus::check::Severity::Warning;
use crate::corpus::check::{Amount, Counts, Finding, Kind, finding, first, recordings};
use crate::corpus::layouts::Published;
use crate::corpus::manifest::Utterance;

/// What is missing from a corpus, or is there beyond what its makers published. Copies of a
/// recording count once.
pub fn against_published(
    own: &[&Utterance],
    counts: &Counts,
    published: &Published,
) -> Vec<Finding> {
    let corpus = match (&counts.corpus, &counts.style) {
        (Some(corpus), Some(style)) => format!("{corpus} {style}"),
        (corpus, _) => corpus.clone().unwrap_or_default(),
    };
    let distinct: BTreeSet<_> = own.iter().map(|u| u.fields()).collect();
    let mut emotions: BTreeMap<&str, usize> = BTreeMap::new();
    let mut speakers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut cells: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for fields in &distinct {
        let (speaker, emotion) = (fields[1].unwrap_or(""), fields[2].unwrap_or(""));
        *emotions.entry(emotion).or_default() += 1;
        *speakers.entry(speaker).or_default() += 1;
        *cells.entry((speaker, emotion)).or_default() += 1;
    }
    let emotion_count = |name: &str| emotions.get(name).copied().unwrap_or(0);
    let speaker_count = |name: &str| speakers.get(name).copied().unwrap_or(0);
    let mut findings = Vec::new();
    let mut tell = |kind: Kind, message: String, amounts: Vec<Amount>| {
        let message = format!("{corpus}: {message}");
        findings.push(Finding {
            amounts,
            ..finding(kind, Warning, message, Vec::new())
        });
    };
    let amount =
        |speaker: Option<&str>, emotion: Option<&str>, found: usize, expected: usize| Amount {
            corpus: counts.corpus.clone(),
            speaker: speaker.map(str::to_string),
            emotion: emotion.map(str::to_string),
            found,
            expected: Some(expected),
        };

    let absent: Vec<String> = published
        .speakers
        .keys()
        .filter(|name| speaker_count(name) == 0)
        .cloned()
        .collect();
    if !absent.is_empty() {
        let of = published.speakers.len();
        let message = format!(
            "nothing of {} of the {of} published speakers: {}",
            absent.len(),
            first(&absent, 24)
        );
        let amounts = absent
            .iter()
            .map(|s| amount(Some(s), None, 0, published.speakers[s]));
        tell(Kind::MissingSpeaker, message, amounts.collect());
    }
    for (emotion, n) in &published.emotions {
        if emotion_count(emotion) == 0 {
            let message = format!("no recording of {emotion}, of {n} that were published");
            let amounts = vec![amount(None, Some(emotion), 0, *n)];
            tell(Kind::MissingClass, message, amounts);
        }
    }

    let mut short: Vec<String> = Vec::new();
    let mut amounts: Vec<Amount> = Vec::new();
    if published.balanced {
        // Nothing more is said of speakers and emotions of which nothing is there.
        for speaker in published.speakers.keys().filter(|s| speaker_count(s) > 0) {
            let here = published
                .emotions
                .iter()
                .filter(|(e, _)| emotion_count(e) > 0);
            for (emotion, all) in here {
                let n = cells.get(&(speaker, emotion)).copied().unwrap_or(0);
                let each = all / published.speakers.len();
                if n < each {
                    short.push(format!("speaker {speaker} {emotion} {n} of {each}"));
                    amounts.push(amount(Some(speaker), Some(emotion), n, each));
                }
            }
        }
    } else {
        let all_speakers: usize = published.speakers.values().sum();
        let gaps = all_speakers - published.recordings;
        let words = |(name, n, of): &(&str, usize, usize)| format!("{name} {n} of {of}");
        let of_emotions = shortfall(&published.emotions, emotion_count, 0);
        short.extend(of_emotions.iter().map(words));
        amounts.extend(
            of_emotions
                .iter()
                .map(|&(e, n, of)| amount(None, Some(e), n, of)),
        );
        let of_speakers = shortfall(&published.speakers, speaker_count, gaps);
        amounts.extend(
            of_speakers
                .iter()
                .map(|&(s, n, of)| amount(Some(s), None, n, of)),
        );
        if !of_speakers.is_empty() {
            let of_speakers: Vec<String> = of_speakers.iter().map(words).collect();
            short.push(format!("by speaker {}", first(&of_speakers, 24)));
        }
    }
    if !short.is_empty() {
        let message = format!(
            "{} of {} that were published: {}",
            recordings(distinct.len()),
            published.recordings,
            first(&short, 24)
        );
        tell(Kind::MissingRecordings, message, amounts);
    }

    let beyond = |found: &BTreeMap<&str, usize>, published: &BTreeMap<String, usize>| {
        let more = found.iter().map(|(name, n)| {
            let known = published.get(*name).copied().unwrap_or(0);
            (n > &known).then(|| (name.to_string(), *n, known))
        });
        more.flatten().collect::<Vec<_>>()
    };
    let emotions = beyond(&emotions, &published.emotions);
    let speakers = beyond(&speakers, &published.speakers);
    let more: Vec<String> = emotions
        .iter()
        .chain(&speakers)
        .map(|(name, n, known)| format!("{name} {n} of {known}"))
        .collect();
    if !more.is_empty() {
        let emotions = emotions
            .iter()
            .map(|(e, n, of)| amount(None, Some(e), *n, *of));
        let speakers = speakers
            .iter()
            .map(|(s, n, of)| amount(Some(s), None, *n, *of));
        let amounts = emotions.chain(speakers).collect();
        let message = format!("more recordings than were published: {}", first(&more, 24));
        tell(Kind::Surplus, message, amounts);
    }
    findings
}

/// What is there, but less than was published: name, recordings, and those published; nothing where
/// no more than `gaps` are missing in all.
fn shortfall(
    published: &BTreeMap<String, usize>,
    found: impl Fn(&str) -> usize,
    gaps: usize,
) -> Vec<(&str, usize, usize)> {
    let missing = |(name, n): (&String, &usize)| n.saturating_sub(found(name));
    if published.iter().map(missing).sum::<usize>() <= gaps {
        return Vec::new();
    }
    let short = published
        .iter()
        .filter(|&(name, &n)| (1..n).contains(&found(name)));
    short
        .map(|(name, &n)| (name.as_str(), found(name), n))
        .collect()
}
